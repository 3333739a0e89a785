"""The database, opened: where the office's records are written and read.

Imports no ORM, so that questions start fast.
"""

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from storage import outbox
from storage.address import SqliteAddress, address_of
from storage.connection import PATIENCE_SECONDS, Engine, Writer
from storage.errors import SchemaNotCurrent, StorageError
from storage.reads import Reader
from storage.revision import REVISION, need_current
from storage.sqlite import sqlite_engine
from storage.transaction import SqlTransaction
from workflow.ports import Claim, Message, Outcome, Question


class Database(Reader):
    """Fulfils the ports Store and Outbox, and answers questions. Safe to share between threads."""

    def __init__(self, engine: Engine, *, read_only: bool = False) -> None:
        super().__init__(engine)
        self._writer: Writer | None = None
        try:
            need_current(self._present_revision(), engine.shown)
            if not read_only:
                self._writer = Writer(engine)
        except BaseException:
            super().close()
            raise

    def begin(self, now: datetime, foreseen: Sequence[Question] = ()) -> SqlTransaction:
        """A write transaction, begun on entering its block; leaving without `commit` undoes everything."""
        return SqlTransaction(self._writing, now, foreseen)

    def claim(self, claim: Claim) -> Sequence[Message]:
        """Take mails whose time has come; records the attempt before sending."""
        return outbox.claim(self._writing, claim)

    def release_leases(self, now: datetime) -> None:
        """End every lease at once. Only for the holder of the daemon's lock: nobody else is sending."""
        outbox.release(self._writing, now)

    def finish(
        self, message: Message, outcome: Outcome, now: datetime, *, answer: str, next_attempt_at: datetime | None
    ) -> bool:
        """Record what an attempt came to; False, and nothing recorded, when another worker holds the mail by now."""
        return outbox.finish(self._writing, message, outcome, now, answer=answer, next_attempt_at=next_attempt_at)

    def put_back(self, message: Message, *, answer: str) -> bool:
        """Undo the claim of a mail that was not begun; False when another worker holds it by now."""
        return outbox.put_back(self._writing, message, answer=answer)

    def reconsider(self, messages: Sequence[int], next_attempt_at: datetime, *, answer: str) -> int:
        """Let dead mails wait again. Returns how many were dead."""
        return outbox.reconsider(self._writing, messages, next_attempt_at, answer=answer)

    def close(self) -> None:
        """Let go of the connections."""
        super().close()
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _writing(self) -> Writer:
        if self._writer is None:
            raise RuntimeError("the database was opened for reading only")
        return self._writer

    def _present_revision(self) -> str | None:
        try:
            return self.revision()
        except SchemaNotCurrent:
            return None


def open_database(url: str, *, read_only: bool = False, patience: float = PATIENCE_SECONDS) -> Database:
    """Open a database whose tables are this program's. Raises StorageError; creates nothing.

    `patience` is how many seconds a writer waits for another.
    """
    return Database(engine_of(url, patience), read_only=read_only)


def engine_of(url: str, patience: float = PATIENCE_SECONDS) -> Engine:
    """The engine a URL names; psycopg is imported only where it is needed."""
    address = address_of(url)
    if isinstance(address, SqliteAddress):
        return sqlite_engine(address, patience)
    from storage.postgres import postgres_engine

    return postgres_engine(address, patience)


__all__ = ["REVISION", "Database", "StorageError", "engine_of", "open_database"]
