"""Years of an office's past, made quickly: what the product wrote for one section in one month, for each and every one.

A month of one section is lived through the one path, once with a good rank and once with one that opens a case, which
is closed. Those rows are written again for every section and month, with their names and instants moved; the mails
are left out. The chain is linked anew where it is asked for.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from app.clock import VirtualClock
from benchmarks import office
from states import commands as c
from states.office import Role
from states.periods import earlier
from storage import generated as made
from storage.database import open_database
from storage.schema import create
from workflow.chain import GENESIS, linked

LIVED, SECTION = "2014-06", "s0000"
LAGS_EVERY = 10
"""One report in so many opened a case."""


@dataclass(frozen=True)
class _Lived:
    """The rows one section left in one month: columns, and rows by table."""

    columns: dict[str, list[str]]
    rows: dict[str, list[tuple[Any, ...]]]

    @cached_property
    def cells(self) -> list[tuple[str, tuple[Any, ...], list[int]]]:
        """Every row with its table, and the places where something is named."""
        return [(table, row, _named(row)) for table, rows in self.rows.items() for row in rows]

    @cached_property
    def cases(self) -> list[int]:
        """The numbers of its cases."""
        place = self.columns["supervision_case"].index("id")
        return [row[place] for row in self.rows["supervision_case"]]


_CASE = f"SELECT min(id) FROM supervision_case WHERE unit = '{SECTION}'"
"""Where both indicators lag, one case is kept."""

_TABLES = {
    "report": f"ref = '{LIVED}/{SECTION}'",
    "report_entry": f"report = '{LIVED}/{SECTION}'",
    "event": f"subject = 'report:{LIVED}/{SECTION}' OR subject = 'case:' || ({_CASE})",
    "signoff": f"report = '{LIVED}/{SECTION}'",
    "supervision_case": f"id = ({_CASE})",
}


def write(path: Path, scratch: Path, *, sections: int, months: int, chained: bool = False) -> None:
    """Make a database that holds so many months of that many sections, all reviewed, up to the month before START's."""
    create(f"sqlite:///{path}")
    good, lagging = (_lived(scratch / f"lived-{rank}.db", rank) for rank in ("第5", "第11"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        into = {
            table: f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
            for table, columns in good.columns.items()
        }
        seq, head, case = 0, GENESIS, 0
        for back in range(months, 0, -1):
            period = earlier(office.PERIOD, back)
            written: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
            for number in range(sections):
                lived = lagging if number % LAGS_EVERY == back % LAGS_EVERY else good
                names: tuple[tuple[str, str], ...] = ((LIVED, period), (SECTION, f"s{number:04d}"))
                for was in lived.cases:
                    case += 1
                    names += ((f"case:{was}", f"case:{case}"), (f'"case":{was},', f'"case":{case},'))
                for table, row, named in lived.cells:
                    written[table].append(_moved(row, named, names))
            seq, head = _numbered(written, good.columns, seq, head, case, chained=chained)
            for table, rows in written.items():
                connection.executemany(into[table], rows)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _lived(path: Path, rank: str) -> _Lived:
    """One section's month, through the one path."""
    url, one = f"sqlite:///{path}", office.an_office(1)
    create(url)
    clock = VirtualClock(datetime(2014, 6, 1, tzinfo=UTC))
    with open_database(url) as database:
        workflow = office.workflow_on(database, one, clock)
        workflow.begin_duties(clock.now())
        clock.set(datetime(2014, 6, 9, 2, tzinfo=UTC))
        workflow.run_due()
        for act in _acts_of_a_month(rank):
            clock.set(clock.now() + timedelta(minutes=5))
            workflow.execute(act)
        clock.set(datetime(2014, 6, 20, tzinfo=UTC))
        workflow.run_due()
        if rank != "第5":
            for number, case in enumerate(database.cases(open_only=True, unit=SECTION)):
                name = f"{LIVED} close {SECTION} {number}"
                closes = c.CloseCase(
                    command_id=name, actor=f"bureau.{Role.ASSESSOR}", case=str(case.id), reason="已整改"
                )
                workflow.execute(closes)
    with closing(sqlite3.connect(path)) as connection:
        columns, rows = {}, {}
        for table, condition in _TABLES.items():
            found = connection.execute(f"SELECT * FROM {table} WHERE {condition}")
            names = [column[0] for column in found.description]
            kept = [place for place, name in enumerate(names) if name != "opened_no"]
            columns[table] = [names[place] for place in kept]
            rows[table] = [tuple(row[place] for place in kept) for row in found]
    return _Lived(columns, rows)


def _acts_of_a_month(rank: str) -> Iterator[c.Command]:
    ref = f"{LIVED}/{SECTION}"
    clerk, head, leader = (f"{SECTION}.{role}" for role in (Role.CLERK, Role.SECTION_HEAD, Role.LEADER))
    rows = tuple(replace(row, rank_text=rank) for row in office.rows_of(office.an_office(1), SECTION))
    yield c.SaveTable(command_id=f"{LIVED} save {SECTION}", actor=clerk, report=ref, rows=rows)
    yield c.Send(command_id=f"{LIVED} send {SECTION}", actor=clerk, report=ref)
    yield c.Sign(command_id=f"{LIVED} first {SECTION}", actor=head, report=ref, opinion="同意报送")
    yield c.Sign(command_id=f"{LIVED} second {SECTION}", actor=leader, report=ref, opinion="同意报送")
    yield c.Submit(command_id=f"{LIVED} submit {SECTION}", actor=clerk, report=ref)


def _moved(row: tuple[Any, ...], named: Sequence[int], names: Sequence[tuple[str, str]]) -> tuple[Any, ...]:
    """The row with its month, section and case named anew; instants lie in the month and move with it."""
    values = list(row)
    for place in named:
        for old, new in names:
            values[place] = values[place].replace(old, new)
    return tuple(values)


def _named(row: tuple[Any, ...]) -> list[int]:
    """The places of a row where a month, a section or a case is named."""
    return [
        place
        for place, value in enumerate(row)
        if isinstance(value, str) and any(name in value for name in (LIVED, SECTION, "case"))
    ]


def _numbered(
    written: dict[str, list[tuple[Any, ...]]],
    columns: dict[str, list[str]],
    seq: int,
    head: str,
    case: int,
    *,
    chained: bool,
) -> tuple[int, str]:
    """Number a month's events in the order of their instants, and whatever points at them; the chain's end after it."""
    events, signoffs, cases = (_by_name(written[t], columns[t]) for t in ("event", "signoff", "supervision_case"))
    events.sort(key=lambda event: event["at"])
    signed: dict[str, list[int]] = {}
    for number, event in enumerate(events, start=seq + 1):
        event["seq"], event["prev_hash"], event["hash"] = number, f"{number - 1:064x}", f"{number:064x}"
        if event["kind"] == "report_signed":
            signed.setdefault(event["subject"], []).append(number)
    if chained:
        rows = linked([made.event([event[name] for name in made.EVENT.split(", ")]) for event in events], seq, head)
        for event, row in zip(events, rows, strict=True):
            event["prev_hash"], event["hash"] = row.prev_hash, row.hash
    for signoff in signoffs:
        signoff["event_seq"] = signed[f"report:{signoff['report']}"].pop(0)
    for number, one in enumerate(cases, start=case - len(cases) + 1):
        one["id"] = number
    for table, renumbered in (("event", events), ("signoff", signoffs), ("supervision_case", cases)):
        written[table] = [tuple(row[name] for name in columns[table]) for row in renumbered]
    return (events[-1]["seq"], events[-1]["hash"]) if events else (seq, head)


def _by_name(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]
