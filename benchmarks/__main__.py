"""`python3 run.py bench`: prints what is reached beside its floor in the same run, medians with min and max."""

import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from app.place import DEMO_CASE, PROJECT
from app.replay import replay
from benchmarks.office import a_clock, a_workflow, an_office, sent_tables, signatures
from storage.database import Database
from storage.schema import create

SECTIONS = 400
ROUNDS = 5
KAOJI = Path(sys.executable).with_name("kaoji")


def main() -> None:
    """Every measurement in turn."""
    with tempfile.TemporaryDirectory(prefix="kaoji-bench-") as scratch:
        _quiet()
        for measure in (sign_offs, timers, simulation, status_start, idle_daemon):
            measure(Path(scratch))
            sys.stdout.flush()


def _quiet() -> None:
    from app.log import configure

    configure(quiet=True)


def _spread(values: Sequence[float], form: str = ",.2f") -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}}–{high:{form}})"


# --- sign-offs -----------------------------------------------------------------------------------------------------


def sign_offs(scratch: Path) -> None:
    """Signatures through execute(), beside the same rows written by raw sqlite3: same schema, same durability."""
    office, clock = an_office(SECTIONS), a_clock()
    base = scratch / "base.db"
    workflow, database = a_workflow(base, office, clock)
    sent_tables(workflow, clock, office)
    database.close()
    taken: dict[str, list[_Taken]] = {"product": [], "raw": []}
    written = _written_rows(base, scratch)
    for number in range(ROUNDS):
        order = ["product", "raw"]
        random.Random(number).shuffle(order)
        for name in order:
            copied = scratch / f"{name}{number}.db"
            _backup(base, copied)
            taken[name].append(_product_round(copied) if name == "product" else _raw_round(copied, written))
            copied.unlink()
    ratios = [floor.wall / mine.wall for mine, floor in zip(taken["product"], taken["raw"], strict=True)]
    print(f"sign-offs/s through execute()      {_spread([_SIGN_OFFS / one.wall for one in taken['product']], ',.0f')}")
    print(f"same rows by raw sqlite3           {_spread([_SIGN_OFFS / one.wall for one in taken['raw']], ',.0f')}")
    print(f"ratio (aim ≥ 0.60)                 {_spread(ratios)}")
    for name, one in taken.items():
        aim = "aim ≤ 0.15" if name == "product" else "the floor"
        print(f"CPU ms each, {name + f' ({aim})':<21} {_spread([1000 * each.cpu / _SIGN_OFFS for each in one])}")


_SIGN_OFFS = 2 * SECTIONS


class _Taken(NamedTuple):
    """Seconds on the wall and of the processor."""

    wall: float
    cpu: float


def _timed(act: Callable[[], object]) -> _Taken:
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return _Taken(time.perf_counter() - wall, time.process_time() - cpu)


def _backup(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
        other.execute("PRAGMA journal_mode=WAL")


def _product_round(path: Path) -> _Taken:
    office, clock = an_office(SECTIONS), a_clock()
    workflow, database = a_workflow(path, office, clock)
    clock.set(_after_sending(database))
    acts = signatures(office)
    taken = _timed(lambda: [workflow.execute(act) for act in acts])
    database.close()
    return taken


def _after_sending(database: Database) -> datetime:
    return max(row.at for row in database.events_of("report:2015-10/s0000"))


def _written_rows(base: Path, scratch: Path) -> list[list[tuple[str, tuple[object, ...]]]]:
    """The statements that write what the product writes, one list per sign-off, taken from a run of the product."""
    path = scratch / "written.db"
    _backup(base, path)
    with closing(sqlite3.connect(base)) as connection:
        last = connection.execute("SELECT max(seq) FROM event").fetchone()[0]
    _product_round(path)
    with closing(sqlite3.connect(path)) as connection:
        return [_statements(connection, seq) for seq in range(last + 1, last + 2 * SECTIONS + 1)]


def _statements(connection: sqlite3.Connection, seq: int) -> list[tuple[str, tuple[object, ...]]]:
    subject = connection.execute("SELECT subject FROM event WHERE seq = ?", (seq,)).fetchone()[0]
    ref = subject.removeprefix("report:")
    statements: list[tuple[str, tuple[object, ...]]] = [("SELECT * FROM report WHERE ref = ?", (ref,))]
    for table, column in (("event", "seq"), ("signoff", "event_seq"), ("message", "event_seq")):
        statements += _inserts(connection, table, column, seq)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(report)") if row[1] not in ("ref", "opened_no")]
    values = connection.execute(f"SELECT {', '.join(columns)} FROM report WHERE ref = ?", (ref,)).fetchone()
    changed = ", ".join(f"{column} = ?" for column in columns)
    statements.append((f"UPDATE report SET {changed} WHERE ref = ?", (*values, ref)))
    return statements


def _inserts(connection: sqlite3.Connection, table: str, column: str, seq: int) -> list[tuple[str, tuple[object, ...]]]:
    rows = connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (seq,)).fetchall()
    return [(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row)) for row in rows]


def _raw_round(path: Path, written: list[list[tuple[str, tuple[object, ...]]]]) -> _Taken:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")

    def write_all() -> None:
        for statements in written:
            connection.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                connection.execute(statement, values).fetchone()
            connection.execute("COMMIT")

    taken = _timed(write_all)
    connection.close()
    return taken


# --- timers --------------------------------------------------------------------------------------------------------


def timers(scratch: Path) -> None:
    """Firing one timer of the product beside one job of APScheduler's own SQL job store, each made durable."""
    office, clock = an_office(SECTIONS), a_clock()
    workflow, database = a_workflow(scratch / "timers.db", office, clock)
    workflow.begin_duties(clock.now())
    clock.set(workflow.next_due(clock.now().replace(month=11)) or clock.now())
    workflow.run_due()
    rates, peeks = [], []
    for _ in range(3):
        due = workflow.next_due(clock.now().replace(year=2016))
        peeks.append(_microseconds(lambda: workflow.next_due(clock.now())))
        clock.set(due or clock.now())
        began = time.perf_counter()
        fired = workflow.run_due()
        if fired > 10:
            rates.append((time.perf_counter() - began) / fired * 1e6)
    database.close()
    job_store = _job_store_fire(scratch)
    print(f"a reminder with event and mail, µs {_spread(rates, ',.0f')}")
    print(f"a bare APScheduler SQL job, µs     {job_store:,.0f}")
    print(f"peeking for the next timer, µs     {_spread(peeks, ',.0f')}")


def _microseconds(act: Callable[[], object], times: int = 200) -> float:
    began = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - began) / times * 1e6


def _job_store_fire(scratch: Path, jobs: int = 400) -> float:
    """What APScheduler's store does for each fired one-shot job: find it due, and remove it."""
    program = [sys.executable, "-m", "benchmarks.job_store", str(scratch / "jobs.db"), str(jobs)]
    printed = subprocess.run(program, check=True, capture_output=True, text=True, cwd=PROJECT)
    return float(printed.stdout)


# --- the whole office ----------------------------------------------------------------------------------------------


def simulation(scratch: Path) -> None:
    """The shipped case, with every form read and every mail sent over SMTP."""
    played = replay(DEMO_CASE, database_url=f"sqlite:///{scratch / 'sim.db'}", maildir=scratch / "mail")
    print(f"simulated events/s, forms and mail {played.verdict.events / played.seconds:,.0f}")
    print(f"  ({played.verdict.events} events, {played.sent} mails, {played.seconds:.2f} s)")


def status_start(scratch: Path) -> None:
    """`kaoji status REF --json` as a process, beside a bare Python that opens the same file with sqlite3."""
    path = scratch / "sim.db"
    ask = [str(KAOJI), "--config", str(DEMO_CASE / "config.yaml"), "--database", f"sqlite:///{path}"]
    ask += ["status", "2015-10/shirong", "--json"]
    bare_code = f"import sqlite3;print(sqlite3.connect({str(path)!r}).execute('select * from report').fetchone())"
    mine, bare = [], []
    for _ in range(2 * ROUNDS):
        mine.append(_process(ask))
        bare.append(_process([sys.executable, "-c", bare_code]))
    ratios = [one / other for one, other in zip(mine, bare, strict=True)]
    print(f"kaoji status, ms                   {_spread([1000 * one for one in mine], ',.0f')}")
    print(f"bare python + sqlite3, ms          {_spread([1000 * one for one in bare], ',.0f')}")
    print(f"ratio (aim ≤ 3)                    {_spread(ratios)}")


def _process(arguments: Sequence[str], *, refused: bool = False) -> float:
    """How long a process takes, one that is `refused` in the end included."""
    began = time.perf_counter()
    subprocess.run(arguments, check=not refused, capture_output=True)
    return time.perf_counter() - began


def idle_daemon(scratch: Path) -> None:
    """Time to `daemon_ready`, and resident memory of the idle daemon."""
    config = scratch / "office"
    shutil.copytree(DEMO_CASE, config, ignore=shutil.ignore_patterns("forms"))
    create(f"sqlite:///{config / 'kaoji.db'}")
    began = time.perf_counter()
    daemon = subprocess.Popen(
        [str(KAOJI), "--config", str(config / "config.yaml"), "serve"], stderr=subprocess.PIPE, text=True
    )
    try:
        while daemon.stderr is not None and "daemon_ready" not in (line := daemon.stderr.readline()):
            if not line:
                raise RuntimeError("the daemon did not become ready")
        ready_seconds = time.perf_counter() - began
        time.sleep(2)
        status = Path(f"/proc/{daemon.pid}/status")
        resident = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    finally:
        daemon.terminate()
        daemon.communicate(timeout=40)
    act = [
        str(KAOJI),
        "--config",
        str(config / "config.yaml"),
        "report",
        "urge",
        "2015-10/none",
        "--as",
        "shirong.clerk",
    ]
    bare = [sys.executable, "-c", f"import sqlite3;sqlite3.connect({str(config / 'kaoji.db')!r}).execute('select 1')"]
    ratios, acts = [], []
    for _ in range(2 * ROUNDS):
        acts.append(_process(act, refused=True))
        ratios.append(acts[-1] / _process(bare))
    print(f"an act from the console, ms        {_spread([1000 * one for one in acts], ',.0f')}")
    print(f"ratio to bare python + sqlite3     {_spread(ratios)}")
    print(f"daemon ready, s (aim ≤ 1)          {ready_seconds:.2f}")
    print(f"idle daemon, MiB (aim ≤ 100)       {int(resident) / 1024:.0f}")


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    main()
