"""One contender in a process of its own: does the sign-offs it is told to and prints what they took.

python -m benchmarks.contender NAME DATABASE-URL [CALLERS | FILE]
"""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from app.clock import VirtualClock
from app.log import configure
from benchmarks import narrow, office, recording
from benchmarks.measuring import Run, reported, run_of, timed
from states import commands as c
from storage.database import Database, open_database
from workflow.service import Workflow

SECTIONS = 150
WARM = 40
"""So many acts come first and are not counted: a process that stays pays for its caches once."""


def _prepared(
    url: str, open_it: Callable[[str], Database] = open_database
) -> tuple[Workflow, list[c.Command], Database]:
    """The product on a database whose tables wait for their signatures, at the instant the last of them was sent."""
    made = office.an_office(SECTIONS)
    database = open_it(url)
    clock = VirtualClock(_after_sending(database))
    return office.workflow_on(database, made, clock), office.signatures(made), database


def _after_sending(database: Database) -> datetime:
    return max(row.at for row in database.events_of(f"report:{office.PERIOD}/s0000"))


def product(url: str, callers: str = "1") -> Run:
    """Signatures through `execute`, by that many callers at once."""
    workflow, acts, database = _prepared(url)
    try:
        if callers == "1":
            return timed([partial(workflow.execute, act) for act in acts], warm=WARM)
        for act in acts[:WARM]:
            workflow.execute(act)
        return _at_once(workflow, acts[WARM:], int(callers))
    finally:
        database.close()


def _at_once(workflow: Workflow, acts: Sequence[c.Command], callers: int) -> Run:
    """All first signatures, then all second ones: a table's second must not overtake its first."""
    half = len(acts) - SECTIONS
    batches = (iter(acts[:half]), iter(acts[half:]))
    took: list[float] = []
    gate = threading.Barrier(callers + 1)

    def call() -> None:
        for waiting in batches:
            gate.wait()
            for act in waiting:
                began = time.perf_counter()
                workflow.execute(act)
                took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    cpu, began = time.process_time(), time.perf_counter()
    for _ in batches:
        gate.wait()
    for thread in threads:
        thread.join()
    run = run_of(took, wall=time.perf_counter() - began, cpu=time.process_time() - cpu)
    if run.acts != len(acts):
        raise RuntimeError(f"{len(acts) - run.acts} acts were not carried out")
    return run


def record(url: str, path: str) -> Run:
    """The product by one caller, its statements written down."""
    noted: list[recording.Sent] = []
    workflow, acts, database = _prepared(url, lambda url: recording.recorded(url, noted))
    try:
        return timed([partial(workflow.execute, act) for act in acts])
    finally:
        database.close()
        recording.keep(noted, Path(path))


def bare(url: str, path: str) -> Run:
    """The product's own statements, sent again by the driver alone."""
    return timed(recording.replays(Path(path), url), warm=WARM)


def plain(url: str, signing: Callable[[str], Callable[[tuple[str, int, str]], None]] = narrow.signing) -> Run:
    """The least a sign-off can be, by the driver alone."""
    units = [f"s{number:04d}" for number in range(SECTIONS)]
    narrow.make(url, units)
    sign = signing(url)
    return timed([partial(sign, act) for act in narrow.acts(units)], warm=WARM)


def peer(url: str) -> Run:
    """The least a sign-off can be, by the peer."""
    from benchmarks.peer import signing

    return plain(url, signing)


CONTENDERS: dict[str, Callable[..., Run]] = {act.__name__: act for act in (product, record, bare, plain, peer)}

if __name__ == "__main__":
    configure(quiet=True)
    print(reported(CONTENDERS[sys.argv[1]](*sys.argv[2:])))
