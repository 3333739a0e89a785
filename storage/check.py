"""Looks for what must never be: `kaoji check`'s part of the database. Reads only, safe on a live system.

Recomputing hashes and replaying the events is `workflow.audit`'s part; here are the relations between the tables, and
two things no query can say: that every move is one of the lifecycle (I02), and that no timer came early (I24).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from states.codec import kind_of
from states.lifecycle import CASE, lawful_moves, lifecycle_of
from states.route import route_of
from storage.address import SqliteAddress, address_of
from storage.connection import Connection
from storage.database import engine_of
from storage.errors import translated
from storage.invariants import INVARIANTS
from storage.revision import need_current
from storage.statements import REVISION

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One invariant that does not hold, and the first rows that break it."""

    code: str
    title: str
    rows: Sequence[tuple[Any, ...]]


def run_invariants(url: str) -> list[Finding]:
    """Every invariant that does not hold, all judged on one state of the database. Raises StorageError."""
    engine = engine_of(url)
    connection = engine.connect_reading()
    try:
        connection.execute(engine.begin_reading)
        need_current(_revision(connection), engine.shown)
        findings = [*_looked_at(connection)]
        if isinstance(address_of(url), SqliteAddress):
            findings += _integrity(connection)
        connection.execute("ROLLBACK")
    except engine.faults as fault:
        raise translated(fault, engine.shown) from fault
    finally:
        connection.close()
    return findings


def wide_open(url: str, mark: Path) -> list[tuple[Path, int]]:
    """The files of the database that others than their owner may open, each with its mode."""
    address = address_of(url)
    files = [mark]
    if isinstance(address, SqliteAddress):
        files = [address.path, *address.logs, address.beside("lock"), address.beside("verified"), mark]
    found = ((path, path.stat().st_mode & 0o777) for path in files if path.exists())
    return [(path, mode) for path, mode in found if mode & 0o077]


def _looked_at(connection: Connection) -> Iterator[Finding]:
    for one in INVARIANTS:
        yield from _found(one.code, one.title, connection.execute(one.query).fetchall())
    yield from _found("I02", "状态的改变不在流转表中", _unlawful_moves(connection))
    yield from _found("I24", "定时器早于其时刻生效", _early_timers(connection))


def _found(code: str, title: str, rows: Sequence[Any]) -> list[Finding]:
    return [Finding(code=code, title=title, rows=[tuple(row) for row in rows[:_SHOWN]])] if rows else []


def _revision(connection: Connection) -> str | None:
    row = connection.execute(REVISION).fetchone()
    return None if row is None else str(row[0])


# --- I02 -----------------------------------------------------------------------------------------------------------


def _unlawful_moves(connection: Connection) -> list[Any]:
    """Each report moves on the route it was opened with."""
    made = connection.execute(
        "SELECT min(e.seq), e.kind, e.from_state, e.to_state, r.route FROM event e"
        " LEFT JOIN report r ON e.subject LIKE 'report:%' AND r.ref = substr(e.subject, 8)"
        " WHERE e.from_state IS NOT NULL OR e.to_state IS NOT NULL"
        " GROUP BY e.kind, e.from_state, e.to_state, r.route"
    ).fetchall()
    lawful = {
        route: {
            (kind_of(kind), before, after)
            for kind, before, after in lawful_moves(CASE if route is None else lifecycle_of(route_of(route)))
        }
        for route in {row[4] for row in made}
    }
    return [row[:4] for row in made if tuple(row[1:4]) not in lawful[row[4]]]


# --- I24 -----------------------------------------------------------------------------------------------------------


def _early_timers(connection: Connection) -> list[Any]:
    """A timer's command is named `wake SUBJECT SEQ INSTANT`."""
    woken = connection.execute(
        "SELECT seq, at, command_id FROM event WHERE command_id >= 'wake ' AND command_id < 'wake!'"
    ).fetchall()
    return [row for row in woken if datetime.fromisoformat(row[1]) < datetime.fromisoformat(row[2].rpartition(" ")[2])]


# --- SQLite's own ---------------------------------------------------------------------------------------------------


def _integrity(connection: Connection) -> Iterator[Finding]:
    said = connection.execute("PRAGMA integrity_check").fetchall()
    yield from _found("SQLITE", "数据库文件已损坏", [row for row in said if row[0] != "ok"])
    yield from _found("SQLITE", "有行引用不存在的行", connection.execute("PRAGMA foreign_key_check").fetchall())
