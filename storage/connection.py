"""What both drivers have in common: a connection that takes SQL with `?` places, and the one connection that writes."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from storage.errors import StorageError, TransactionEnded, Unanswered, Unreachable, locked_too_long, translated

PATIENCE_SECONDS = 30.0
"""How long a writer waits for another."""

Row = Sequence[Any]


class Cursor(Protocol):
    """What a statement came to."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All rows left."""


class Connection(Protocol):
    """A driver's connection in autocommit mode: transactions are begun and ended by statements."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Cursor:
        """Run one statement."""

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each of several rows."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One database and how its dialect differs.

    `begin` starts a transaction that holds the office's write lock, `begin_outbox` one on the queue of mails alone,
    `begin_reading` one that sees one state of the database; `skip_locked` ends the query that claims mails;
    `clock` asks a server what time it is, empty where the database has no clock of its own.
    """

    shown: str
    connect: Callable[[], Connection]
    connect_reading: Callable[[], Connection]
    faults: type[Exception]
    begin: str
    begin_outbox: str
    begin_reading: str
    skip_locked: str
    clock: str = ""
    patience: float = PATIENCE_SECONDS


class Ended:
    """Stands where a transaction's connection was, so that nothing is ever written outside of one."""

    in_transaction = False

    def execute(self, *_: object) -> Cursor:
        """Refuse."""
        raise TransactionEnded

    def executemany(self, *_: object) -> object:
        """Refuse."""
        raise TransactionEnded

    def commit(self) -> None:
        """Refuse."""
        raise TransactionEnded

    def close(self) -> None:
        """Nothing to let go of."""


ENDED = Ended()


class Answer:
    """What a statement came to, every fault of reading on told in our words."""

    __slots__ = ("_cursor", "_engine")

    def __init__(self, cursor: Cursor, engine: Engine) -> None:
        self._cursor = cursor
        self._engine = engine

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        return self._cursor.rowcount

    def fetchone(self) -> Any:
        """The next row, or None. Raises StorageError."""
        try:
            return self._cursor.fetchone()
        except self._engine.faults as fault:
            raise translated(fault, self._engine.shown) from fault

    def fetchall(self) -> list[Any]:
        """All rows left. Raises StorageError."""
        try:
            return self._cursor.fetchall()
        except self._engine.faults as fault:
            raise translated(fault, self._engine.shown) from fault


class Speaking:
    """A connection of the writer whose every fault is told in our words, wherever it is met."""

    __slots__ = ("_connection", "_engine")

    def __init__(self, connection: Connection, engine: Engine) -> None:
        self._connection = connection
        self._engine = engine

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] | None = None, /) -> Cursor:
        """Run one statement. Raises StorageError."""
        try:
            done = self._connection.execute(sql) if parameters is None else self._connection.execute(sql, parameters)
        except self._engine.faults as fault:
            raise translated(fault, self._engine.shown) from fault
        return Answer(done, self._engine)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each of several rows. Raises StorageError."""
        try:
            return self._connection.executemany(sql, parameters)
        except self._engine.faults as fault:
            raise translated(fault, self._engine.shown) from fault

    def commit(self) -> None:
        """Make it durable. Raises Unanswered when the connection breaks meanwhile: it may have been done, or not."""
        try:
            self.execute("COMMIT")
        except Unreachable as fault:
            raise Unanswered(self._engine.shown) from fault

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()


class Line:
    """A lock that is handed on in the order in which it was asked for: nobody is passed over, however many come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_held = False
        self._waiting: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for it."""
        return len(self._waiting)

    def acquire(self, timeout: float = -1) -> bool:
        """Wait for it, so many seconds at most, without end where that is negative. Whether it was got."""
        with self._lock:
            if not self._is_held:
                self._is_held = True
                return True
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        try:
            if gate.acquire(timeout=timeout):
                return True
        except BaseException:  # the waiting was broken off, as by Ctrl-C
            if not self._left(gate):
                self.release()
            raise
        return not self._left(gate)

    def release(self) -> None:
        """Hand it on."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_held = False

    def _left(self, gate: threading.Lock) -> bool:
        """Leave the line; False where it was one's turn in that very moment."""
        with self._lock:
            if gate not in self._waiting:
                return False
            self._waiting.remove(gate)
            return True


class Writer:
    """The one connection of this process that writes, lent to one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._connection = engine.connect()
        self._lock = Line()
        self._discarded = False

    def take(self, begin: str) -> Speaking:
        """Wait for the connection and begin a transaction on it. Raises StorageError; then nothing is held."""
        if not self._lock.acquire(timeout=self.engine.patience):
            raise locked_too_long(self.engine.patience)
        try:
            return Speaking(self._begun(begin), self.engine)
        except BaseException:
            self._lock.release()
            raise

    def give_back(self) -> None:
        """Undo whatever was not committed and lend the connection to the next. Never raises: what was, is undone."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except self.engine.faults:
            self._discard()
        finally:
            self._lock.release()

    def close(self) -> None:
        """Wait for the transaction under way, then let go of the connection."""
        self._lock.acquire()
        try:
            self._connection.close()
        finally:
            self._lock.release()

    @contextmanager
    def lent(self, begin: str) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and is undone when the block fails."""
        connection = self.take(begin)
        try:
            yield connection
            connection.commit()
        finally:
            self.give_back()

    def _begun(self, begin: str) -> Connection:
        """A connection lost while nobody used it is renewed, once: nothing of the transaction had been done."""
        try:
            self._connection.execute(begin)
        except self.engine.faults as fault:
            if not self._is_lost():
                raise self._refused(fault) from fault
            self._renew(begin)
        return self._connection

    def _is_lost(self) -> bool:
        return self._discarded or bool(getattr(self._connection, "closed", False))

    def _renew(self, begin: str) -> None:
        self._connection = self.engine.connect()
        self._discarded = False
        try:
            self._connection.execute(begin)
        except self.engine.faults as fault:
            raise self._refused(fault) from fault

    def _refused(self, fault: Exception) -> StorageError:
        """The fault of a beginning, after making sure that nothing was begun."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except self.engine.faults:
            self._discard()
        return translated(fault, self.engine.shown)

    def _discard(self) -> None:
        self._discarded = True
        with suppress(self.engine.faults):
            self._connection.close()
