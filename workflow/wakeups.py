"""What timers do: whatever is due is applied in order of due time, before an act or by the daemon's beat."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from states import commands as c
from states import events as e
from states.office import SYSTEM
from states.situation import Part
from workflow.here import Here
from workflow.kinds import RULED
from workflow.log import log
from workflow.ports import StoreFault
from workflow.recording import Recorder, pass_over

RETRY_A_FAILED_TIMER = timedelta(hours=1)


def apply_due(here: Here, recorder: Recorder, at_most: int | None = None) -> int | None:
    """Apply timers due in a transaction of the caller's, an act's or their own. Returns how many.

    None when one of them fails: then all are to be undone, and taken singly.
    """
    count = 0
    while (at_most is None or count < at_most) and (due := here.tx.earliest_wake(here.now)) is not None:
        try:
            count += wake(*due, here, recorder)
        except StoreFault:
            raise  # the database's fault is no timer's: all of them are tried again at the next beat
        except Exception:  # noqa: BLE001  it fails again when tried by itself, and is told of there
            log.warning("timers_undone", subject=due[0], reason="one failed; each is now tried by itself")
            return None
    return count


def wake(subject: str, at: datetime, here: Here, recorder: Recorder, *, alone: bool = False) -> int:
    """Apply what is due of a subject and, unless it is to be `alone`, of all its like at the same instant.

    Returns how many. Who is told of several of them is told once.
    """
    name, _, key = subject.partition(":")
    kind = RULED[name]
    parts: list[Part] = []
    rounds: set[str] = set()
    opened = 0
    for one in [key] if alone else kind.waking_with(key, at, here.tx):
        known = kind.find(one, here.tx)
        if known is None:
            raise LookupError(f"{name}:{one} is due but does not exist")
        turn = kind.round_of(known)
        if turn in rounds:
            continue  # it comes in the next round, when what this one does to its neighbour can be seen
        if turn is not None:
            rounds.add(turn)
        around = kind.around_timers(known, here)
        if opened:
            around = replace(around, next_case=around.next_case + opened)  # those before it in the round open cases too
        woken = kind.wake(known, around, here)
        opened += sum(isinstance(one.event, e.CaseOpened) for one in woken.decided)
        parts.append(
            Part(
                subject=kind.subject(known),
                known=known,
                decided=woken.decided,
                situation=around,
                timers_until=woken.until,
            )
        )
    for part in parts:
        if not part.decided:
            pass_over(part, here)
    happened = [part for part in parts if part.decided]
    if happened:
        recorder.record(_command(happened, at), happened, here)
    return len(parts)


def _command(parts: Sequence[Part], at: datetime) -> c.Wake:
    """A timer's command: named so that the database itself lets it happen once."""
    first = parts[0]
    seq = 0 if first.known is None else first.known.seq
    return c.Wake(command_id=f"wake {first.subject} {seq} {at.isoformat()}", actor=SYSTEM, subject=first.subject)
