"""Opens PostgreSQL through psycopg, imported only when it is used; the SQL is the same as SQLite's."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from storage.address import PostgresAddress
from storage.connection import PATIENCE_SECONDS, Asked, Connection, Cursor, Engine, Known, Write
from storage.errors import Conflict, UnsafeSettings, translated

OFFICE_LOCK = 0x6B616F6A69
"""The advisory lock of the office's writers: "kaoji" as a number."""

DAEMON_LOCK = OFFICE_LOCK + 1
"""The advisory lock of the one daemon."""

WATCHED: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A connection cut without a word, as a firewall does with an idle one, is found out within about a minute."""


def postgres_engine(address: PostgresAddress, patience: float = PATIENCE_SECONDS) -> Engine:
    """The engine on a database of a server. One lock serialises the office's writers, so that the chain cannot fork."""
    return Engine(
        shown=address.shown,
        connect=lambda: connect(address, patience),
        connect_reading=lambda: connect(address, patience, reading=True),
        faults=psycopg.Error,
        begin=("BEGIN", f"SELECT pg_advisory_xact_lock({OFFICE_LOCK})"),
        begin_outbox=("BEGIN",),
        begin_reading="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        skip_locked="FOR UPDATE SKIP LOCKED",
        clock="clock_timestamp()",
        patience=patience,
        begun=PostgresConnection.begun,
        send=PostgresConnection.send,
    )


@lru_cache(maxsize=256)
def _percent(sql: str) -> bytes:
    """The statement with psycopg's places instead of `?`."""
    return sql.replace("?", "%s").encode()


@lru_cache(maxsize=256)
def _guarded(sql: str) -> bytes:
    """The statement with psycopg's places; it fails unless it changes just one row, before anything is committed."""
    return b"WITH changed AS (" + _percent(sql) + b" RETURNING 1) SELECT 1 / (count(*) = 1)::int FROM changed"


class PostgresConnection:
    """A psycopg connection that takes `?` places."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, or open and failed."""
        status = self._connection.info.transaction_status
        return status in (TransactionStatus.INTRANS, TransactionStatus.INERROR)

    @property
    def closed(self) -> bool:
        """Whether the connection was closed or lost."""
        return self._connection.closed

    def execute(self, sql: str, parameters: Sequence[Any] | None = None, /) -> Cursor:
        """Run one statement; without parameters it may be several."""
        return self._connection.execute(_percent(sql), parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each of several rows, in one round trip."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_percent(sql), parameters)
        return None

    def begun(self, statements: Sequence[str], foreseen: Sequence[Asked]) -> Known:
        """Begin, and ask what will be asked: one round trip, each answer as of the moment the lock was got."""
        with self._one_trip():
            for statement in statements:
                self._connection.execute(_percent(statement))
            asked = [(one, self._connection.execute(_percent(one.sql), one.parameters)) for one in foreseen]
        return {one: cursor.fetchall() for one, cursor in asked}

    def send(self, writes: Sequence[Write]) -> None:
        """Run the statements in one round trip. Raises Conflict where a row that must be there is another by now."""
        try:
            with self._one_trip():
                for sql, parameters, subject in writes:
                    self._connection.execute((_percent if subject is None else _guarded)(sql), parameters)
        except psycopg.errors.DivisionByZero as fault:
            subjects = dict.fromkeys(one.subject for one in writes if one.subject is not None)
            raise Conflict("、".join(subjects)) from fault

    @contextmanager
    def _one_trip(self) -> Iterator[None]:
        """What is asked in the block is sent together. Where any of it fails the connection is given up.

        The driver takes for prepared what comes after a failure in one trip, and the server never saw it.
        """
        try:
            with self._connection.pipeline():
                yield
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


def connect(
    address: PostgresAddress, patience: float = PATIENCE_SECONDS, *, reading: bool = False
) -> PostgresConnection:
    """A connection in autocommit mode, its settings insisted on. Raises StorageError."""
    try:
        connection = psycopg.connect(address.conninfo, autocommit=True, client_encoding="UTF8", **WATCHED)
    except psycopg.Error as fault:
        raise translated(fault, address.shown) from fault
    try:
        _set(connection, patience, reading=reading)
        _insist(connection, address)
    except BaseException:
        connection.close()
        raise
    return PostgresConnection(connection)


def _set(connection: psycopg.Connection[Any], patience: float, *, reading: bool) -> None:
    settings = {
        "lock_timeout": str(int(patience * 1000)),
        "synchronous_commit": "on",
        "default_transaction_read_only": "on" if reading else "off",
        "application_name": "kaoji",
    }
    for name, value in settings.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def _insist(connection: psycopg.Connection[Any], address: PostgresAddress) -> None:
    row = connection.execute("SELECT current_setting('server_encoding')").fetchone()
    if row is None or row[0] != "UTF8":
        raise UnsafeSettings(f"数据库 {address.shown} 的编码不是 UTF8（encoding is {row}）", "请用 UTF8 编码新建数据库")


__all__ = ["DAEMON_LOCK", "OFFICE_LOCK", "Connection", "PostgresConnection", "connect", "postgres_engine"]
