"""What reports and cases both ask of an act before they allow it, refused in the same words."""

from collections.abc import Sequence

from states.acts import row_of
from states.commands import Command
from states.errors import ReasonMissing, WrongActor
from states.office import Office


def need_actor(actor: str, allowed: Sequence[str], *, of: str, post: str, said: str, office: Office) -> None:
    """Refuse whoever does not hold the post, naming who does. Raises WrongActor."""
    if actor not in allowed:
        raise WrongActor(
            f"{office.named(actor)} 不是 {of} 的{post}，不能{said}",
            f"应由{post}办理：{'、'.join(map(office.named, allowed)) or '目前无人任此职，请联系管理员'}",
        )


def need_words(command: Command) -> None:
    """Refuse an act that says nothing where words are the point of it, or its ground. Raises ReasonMissing."""
    act = row_of(command)
    if act.words is not None and act.words.must and not getattr(command, act.words.field).strip():
        raise ReasonMissing("words_missing", act=act.name)
