"""The statements the product sends, noted as they pass, and sent again by the driver alone."""

import pickle
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.narrow import places, plain_connection
from storage.connection import Connection, Cursor, begun_at_once
from storage.database import Database, engine_of


class Sent(NamedTuple):
    """One statement; `rows` are its values, for each of several rows where it was sent so."""

    sql: str
    rows: Sequence[Any] | None
    many: bool = False


class Recorder:
    """A connection that notes what it is asked, and asks it of the one it stands for."""

    def __init__(self, connection: Connection, noted: list[Sent]) -> None:
        self._connection = connection
        self._noted = noted

    @property
    def in_transaction(self) -> bool:
        """As the connection says."""
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] | None = None, /) -> Cursor:
        """Note it and do it."""
        self._noted.append(Sent(sql, parameters))
        return self._connection.execute(sql) if parameters is None else self._connection.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Note it and do it."""
        rows = list(parameters)
        self._noted.append(Sent(sql, rows, many=True))
        return self._connection.executemany(sql, rows)

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


def recorded(url: str, noted: list[Sent]) -> Database:
    """The database, opened so that every statement of its writer is sent, and noted, one by one."""
    engine = engine_of(url)
    noting = replace(engine, connect=lambda: Recorder(engine.connect(), noted), begun=begun_at_once, send=None)
    return Database(noting)


def keep(noted: Sequence[Sent], path: Path) -> None:
    """Write the statements down, one list for each transaction."""
    transactions: list[list[Sent]] = []
    for one in noted:
        if one.sql.startswith("BEGIN"):
            transactions.append([])
        transactions[-1].append(one)
    path.write_bytes(pickle.dumps(transactions))


def replays(path: Path, url: str) -> list[Callable[[], None]]:
    """The transactions that were noted, each to be sent again by the driver alone, every answer fetched."""
    connection = plain_connection(url)
    cursor = connection.cursor()

    def replay(transaction: Sequence[Sent]) -> None:
        for sql, rows, many in transaction:
            if many:
                cursor.executemany(sql, rows)
            elif rows is None:
                connection.execute(sql)
            else:
                found = connection.execute(sql, rows)
                if found.description is not None:
                    found.fetchall()

    transactions = pickle.loads(path.read_bytes())  # noqa: S301  written by the run before
    asked = [[Sent(places(one.sql, url), one.rows, one.many) for one in each] for each in transactions]
    return [partial(replay, each) for each in asked]
