"""What acts, timers and questions cost in offices of ten to a thousand sections that have worked for a hundred months.

The cost should follow what is open and shown, not the history.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median

from app.clock import VirtualClock
from benchmarks import history, office
from benchmarks.measuring import Aim, heading, milliseconds
from states import commands as c
from states.office import Office, Role
from storage.database import Database, open_database
from workflow.queries import Board
from workflow.service import Workflow
from workflow.waiting import Waiting

SIZES = (10, 100, 1000)
MONTHS = 100
A_FEW = 10

AIMS = {
    "opening of a month": Aim(most=1500),
    "signature": Aim(),
    "review": Aim(),
    "board of a month": Aim(most=50),
    "inbox of a signer": Aim(most=5),
    "inbox of the assessor of all": Aim(),
    "digest": Aim(most=60),
    "change of roster": Aim(most=200),
}
"""Milliseconds, in the largest office."""


def growth(scratch: Path) -> None:
    """Each measurement for each size of office."""
    heading(f"growth: {MONTHS} months behind, the present one open; ms, the median of a few where it can be repeated")
    columns = {size: _measured(scratch, size) for size in SIZES}
    print(f"{'':<34}" + "".join(f"{f'{size:,} sections':>16}" for size in SIZES))
    for what, aim in AIMS.items():
        values = [columns[size][what] for size in SIZES]
        line = f"{what:<34}" + "".join(f"{value:>16,.1f}" for value in values)
        print(f"{line}   {aim.beside(values[-1], ',.0f')}".rstrip(), flush=True)
    made = ", ".join(f"{columns[size]['made in']:,.0f} s" for size in SIZES)
    print(f"  (made in {made}; {int(columns[SIZES[-1]]['reports']):,} reports in the largest)", flush=True)


def _measured(scratch: Path, sections: int) -> dict[str, float]:
    folder, path = scratch / f"of-{sections}", scratch / f"growth-{sections}.db"
    folder.mkdir()
    began = time.perf_counter()
    history.write(path, folder, sections=sections, months=MONTHS)
    with _office(path, sections) as (workflow, database, clock, made):
        took = {"made in": time.perf_counter() - began, "reports": float(sections * MONTHS)}
        clock.set(office.START + timedelta(days=7, hours=2))
        took["opening of a month"] = milliseconds(workflow.run_due)[0]
        for act in office.drafts(made):
            workflow.execute(act)
        took["signature"] = _each(workflow, office.signatures(made, A_FEW))
        took["review"] = _each(workflow, _reviews(workflow))
        took |= _questions(database, made, clock)
        clock.set(workflow.next_due(clock.now() + timedelta(days=3)) or clock.now())
        took["digest"] = milliseconds(workflow.run_due)[0]
        changed = office.with_successors(made, clock.now().date())
        took["change of roster"] = milliseconds(lambda: office.define(workflow, changed))[0]
    path.unlink()
    return took


@contextmanager
def _office(path: Path, sections: int) -> Iterator[tuple[Workflow, Database, VirtualClock, Office]]:
    made, clock = office.an_office(sections), office.a_clock()
    with open_database(f"sqlite:///{path}") as database:
        workflow = office.workflow_on(database, made, clock)
        office.define(workflow, made)
        workflow.begin_duties(clock.now())
        yield workflow, database, clock, made


def _each(workflow: Workflow, acts: list[c.Command]) -> float:
    """Milliseconds of one of these acts; the first one fills the caches."""
    calls: list[Callable[[], object]] = [lambda act=act: workflow.execute(act) for act in acts]  # type: ignore[misc]  # a default
    return median([milliseconds(call)[0] for call in calls][1:])


def _reviews(workflow: Workflow) -> list[c.Command]:
    """Hand in what was signed; the reviews of it."""
    refs = [f"{office.PERIOD}/s{number:04d}" for number in range(A_FEW)]
    for ref in refs:
        workflow.execute(
            c.Submit(command_id=f"submit {ref}", actor=f"{ref.partition('/')[2]}.{Role.CLERK}", report=ref)
        )
    assessor = f"bureau.{Role.ASSESSOR}"
    return [c.Review(command_id=f"review {ref}", actor=assessor, report=ref, opinion="同意") for ref in refs]


def _questions(database: Database, made: Office, clock: VirtualClock) -> dict[str, float]:
    names = {unit.code: unit.name for unit in made.units}
    board = Board(database, timezone=made.timezone, unit_names=names, indicators=[one.code for one in made.indicators])
    waiting = Waiting(database, board, office.rules_of(made), clock.now())
    signer, assessor = f"s{A_FEW - 1:04d}.{Role.SECTION_HEAD}", f"bureau.{Role.ASSESSOR}"
    return {
        "board of a month": median(milliseconds(lambda: board.board(period=office.PERIOD), 5)),
        "inbox of a signer": median(milliseconds(lambda: waiting.inbox(signer), 5)),
        "inbox of the assessor of all": median(milliseconds(lambda: waiting.inbox(assessor), 5)),
    }
