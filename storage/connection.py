"""What both drivers have in common: a connection that takes SQL with `?` places, and the one connection that writes."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from storage.errors import (
    Conflict,
    StorageError,
    TransactionEnded,
    Unanswered,
    Unreachable,
    locked_too_long,
    translated,
)
from workflow.ports import StoreFault

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


class Asked(NamedTuple):
    """A question and its values."""

    sql: str
    parameters: Row


class Write(NamedTuple):
    """A statement that asks nothing; where it has a `subject` it must change that one row."""

    sql: str
    parameters: Row | None = None
    subject: str | None = None


Known = dict[Asked, list[Any]]
"""What was answered already."""


def begun_at_once(connection: Connection, statements: Sequence[str], _: Sequence[Asked]) -> Known:
    """Begin, and ask nothing beforehand: in the same process a question costs no trip."""
    for statement in statements:
        connection.execute(statement)
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One database and how its dialect differs.

    `begin` starts a transaction that holds the office's write lock, `begin_outbox` one on the queue of mails alone,
    `begin_reading` one that sees one state of the database; `skip_locked` ends the query that claims mails;
    `clock` is a server's reading of its clock, NULL where the database has none of its own.

    Where every statement is a trip to a server, `begun` begins and asks what will be asked in one trip, and `send`
    carries out in one trip what nobody waits for; None where it may as well be done at once.
    """

    shown: str
    connect: Callable[[], Connection]
    connect_reading: Callable[[], Connection]
    faults: type[Exception]
    begin: Sequence[str]
    begin_outbox: Sequence[str]
    begin_reading: str
    skip_locked: str
    clock: str = "NULL"
    patience: float = PATIENCE_SECONDS
    begun: Callable[[Any, Sequence[str], Sequence[Asked]], Known] = begun_at_once
    send: Callable[[Any, Sequence[Write]], None] | None = None


class Ended:
    """Stands where a transaction's connection was, so that nothing is ever written outside of one."""

    in_transaction = False

    def _refuse(self, *_: object, **__: object) -> Any:
        raise TransactionEnded

    execute = executemany = write = write_each = forget = apart = commit = _refuse

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


class _KnownAnswer:
    """What was answered before it was asked."""

    __slots__ = ("_rows",)
    rowcount = -1

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._rows.pop(0) if self._rows else None

    def fetchall(self) -> list[Any]:
        """All rows left."""
        return self._rows


class Speaking:
    """The writer's connection in one transaction; every fault is told in our words, wherever it is met.

    On a server, what nobody waits for is kept and sent with the next question or with the commit, in their order; and
    a question that was foreseen is answered from what came when the transaction began.
    """

    __slots__ = ("_broken", "_connection", "_engine", "_kept", "_known", "_trips")

    def __init__(self, connection: Connection, engine: Engine, known: Known) -> None:
        self._connection = connection
        self._engine = engine
        self._known = known
        self._kept: list[Write] = []
        self._trips = 0
        self._broken: StorageError | None = None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def execute(self, sql: str, parameters: Sequence[Any] | None = None, /) -> Cursor:
        """Run one statement and wait for what it comes to. Raises StorageError."""
        if self._known and parameters is not None:
            known = self._known.pop(Asked(sql, parameters), None)
            if known is not None:
                return _KnownAnswer(known)
        self._send()
        try:
            done = self._connection.execute(sql) if parameters is None else self._connection.execute(sql, parameters)
        except self._engine.faults as fault:
            raise translated(fault, self._engine.shown) from fault
        return Answer(done, self._engine)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each of several rows, and wait for it. Raises StorageError."""
        self._send()
        try:
            return self._connection.executemany(sql, parameters)
        except self._engine.faults as fault:
            raise translated(fault, self._engine.shown) from fault

    def write(self, sql: str, parameters: Row | None = None, *, subject: str | None = None) -> None:
        """Run one statement sooner or later in this transaction. With a `subject` it must change that one row.

        Raises Conflict where it does not, and StorageError, now or when it is sent.
        """
        if self._engine.send is not None:
            self._kept.append(Write(sql, parameters, subject))
        elif self.execute(sql, parameters).rowcount != 1 and subject is not None:
            raise Conflict(subject)

    def write_each(self, sql: str, rows: Sequence[Row]) -> None:
        """As `write`, one statement for each of several rows."""
        if self._engine.send is not None:
            self._kept += [Write(sql, row) for row in rows]
        elif len(rows) == 1:
            self.execute(sql, rows[0])
        elif rows:
            self.executemany(sql, rows)

    def forget(self, *names: str) -> None:
        """What was answered beforehand of what bears one of these names is asked anew: it is being changed."""
        for asked in [asked for asked in self._known if not set(names).isdisjoint(asked.parameters)]:
            del self._known[asked]

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is written in the block is undone, alone, when it fails with anything but a StoreFault."""
        kept, trips = len(self._kept), self._trips
        self.write("SAVEPOINT apart")
        try:
            yield
        except StoreFault:
            raise  # the whole transaction is done for, and SQLite may have ended it already
        except BaseException:
            if self._broken is not None:
                raise  # of this transaction nothing can be kept; what it came to is told at the commit
            if self._engine.send is not None and self._trips == trips:
                del self._kept[kept:]  # the server has heard nothing of it
            else:
                self.execute("ROLLBACK TO SAVEPOINT apart")
                self.execute("RELEASE SAVEPOINT apart")
            raise
        self.write("RELEASE SAVEPOINT apart")

    def commit(self) -> None:
        """Make it durable. Raises Unanswered when the connection breaks meanwhile: it may have been done, or not."""
        try:
            self.write("COMMIT")
            self._send()
        except Unreachable as fault:
            raise Unanswered(self._engine.shown) from fault

    def _send(self) -> None:
        """Send what was kept. Where it fails the transaction is over, and so it is said of all that comes after."""
        if self._broken is not None:
            raise self._broken
        if not self._kept or self._engine.send is None:
            return
        kept, self._kept = self._kept, []
        self._trips += 1
        try:
            self._engine.send(self._connection, kept)
        except self._engine.faults as fault:
            self._broken = translated(fault, self._engine.shown)
            raise self._broken from fault
        except StorageError as fault:
            self._broken = fault
            raise

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

    def take(self, begin: Sequence[str], foreseen: Sequence[Asked] = ()) -> Speaking:
        """Wait for the connection and begin a transaction on it. Raises StorageError; then nothing is held.

        `foreseen` is what will be asked in it: a server answers it in the same trip.
        """
        if not self._lock.acquire(timeout=self.engine.patience):
            raise locked_too_long(self.engine.patience)
        try:
            known = self._begun(begin, foreseen)
            return Speaking(self._connection, self.engine, known)
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
    def lent(self, begin: Sequence[str]) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and is undone when the block fails."""
        connection = self.take(begin)
        try:
            yield connection
            connection.commit()
        finally:
            self.give_back()

    def _begun(self, begin: Sequence[str], foreseen: Sequence[Asked]) -> Known:
        """A connection lost while nobody used it is renewed, once: nothing of the transaction had been done."""
        try:
            return self.engine.begun(self._connection, begin, foreseen)
        except self.engine.faults as fault:
            if not self._is_lost():
                raise self._refused(fault) from fault
        self._connection = self.engine.connect()
        self._discarded = False
        try:
            return self.engine.begun(self._connection, begin, foreseen)
        except self.engine.faults as fault:
            raise self._refused(fault) from fault

    def _is_lost(self) -> bool:
        return self._discarded or bool(getattr(self._connection, "closed", False))

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
