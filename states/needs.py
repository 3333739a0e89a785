"""What reports and cases both ask of an act before they allow it, refused in the same words."""

from collections.abc import Sequence

from states.acts import row_of
from states.commands import Command
from states.errors import ReasonMissing, WrongActor
from states.office import Office


def need_actor(
    actor: str, allowed: Sequence[str], *, of: str, duties: tuple[str, ...], act: str, office: Office
) -> None:
    """Refuse whoever is not among those allowed, naming who is. Raises WrongActor.

    `duties` are those that would allow it, as `states.refusals` words them; `act` is an act or a move.
    """
    if actor in allowed:
        return
    who = office.person(actor)
    if not allowed:
        raise WrongActor("nobody_holds", actor=who, of=of, duties=duties, act=act)
    raise WrongActor("not_holder", actor=who, of=of, duties=duties, act=act, holders=office.people_named(allowed))


def need_words(command: Command) -> None:
    """Refuse an act that says nothing where words are the point of it, or its ground. Raises ReasonMissing."""
    act = row_of(command)
    if act.words is not None and act.words.must and not getattr(command, act.words.field).strip():
        raise ReasonMissing("words_missing", act=act.name)
