"""What reports and cases both ask of an act before they allow it, refused in the same words."""

from collections.abc import Sequence

from states.errors import ReasonMissing, WrongActor
from states.office import Office


def need_actor(actor: str, allowed: Sequence[str], *, of: str, post: str, said: str, office: Office) -> None:
    """Refuse whoever does not hold the post, naming who does. Raises WrongActor."""
    if actor not in allowed:
        raise WrongActor(
            f"{office.named(actor)} 不是 {of} 的{post}，不能{said}",
            f"应由{post}办理：{'、'.join(map(office.named, allowed)) or '目前无人任此职，请联系管理员'}",
        )


def need_words(text: str, *, said: str, what: str) -> None:
    """Refuse an act that says nothing where its content is the point of it. Raises ReasonMissing."""
    if not text.strip():
        raise ReasonMissing(f"{said}必须写明{what}", f"请写明{what}后重新提交")


def need_reason(reason: str, *, said: str) -> None:
    """Refuse an act that gives no reason in words. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing(f"{said}必须写明理由", "请填写理由后重新提交")
