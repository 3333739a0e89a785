"""Timers: one of the product fired, beside a job of APScheduler's own SQL store; finding the next one due."""

from datetime import timedelta
from pathlib import Path

from benchmarks.contender import SECTIONS
from benchmarks.measuring import ROUNDS, Aim, heading, in_process, milliseconds, show
from benchmarks.office import a_clock, an_office, workflow_on
from storage.database import open_database
from storage.schema import create


def timers(scratch: Path) -> None:
    """Reminders of a whole office, round by round beside as many jobs of the store."""
    heading(f"timers, {SECTIONS} at one instant, each leaving an event; a person's mails are folded")
    mine, theirs, peeks = [], [], []
    for number in range(ROUNDS):
        fired, looked = _reminders(f"sqlite:///{scratch / f'timers{number}.db'}")
        mine.append(fired)
        peeks += looked
        theirs.append(float(in_process("benchmarks.job_store", str(scratch / f"jobs{number}.db"), str(SECTIONS))))
    show("a reminder with event and mail, µs", mine, ",.0f")
    show("a job of APScheduler's SQL store in WAL, µs", theirs, ",.0f")
    show("  ratio, reminder to job", [one / other for one, other in zip(mine, theirs, strict=True)])
    show("looking for the next timer, µs", peeks, ",.0f", Aim(most=20))


def _reminders(url: str) -> tuple[float, list[float]]:
    """Microseconds of a reminder, and of looking for the next timer, in a month that has just been opened."""
    office, clock = an_office(SECTIONS), a_clock()
    create(url)
    with open_database(url) as database:
        workflow = workflow_on(database, office, clock)
        workflow.begin_duties(clock.now())
        fired, took = 0, 0.0
        while fired < SECTIONS:  # the opening, digests: one duty each; then the reminders of all
            clock.set(workflow.next_due(clock.now() + timedelta(days=60)) or clock.now())
            counted: list[int] = []
            took = milliseconds(lambda: counted.append(workflow.run_due()))[0]  # noqa: B023  called at once
            fired = counted[0]
        looked = [1000 * one for one in milliseconds(lambda: workflow.next_due(clock.now()), 200)]
    return 1000 * took / fired, looked
