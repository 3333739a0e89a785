"""Lists of the office read through SQLModel, for whoever has the time to import it: they choose, group and count.

A list is a `select` on the class of its table, and its rows are of that class. What must start at once (an act, a
question at the command line) asks `storage.reads` with fixed statements instead.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from storage.address import SqliteAddress, address_of
from storage.errors import translated
from storage.orm import reading_engine
from storage.revision import need_current
from storage.statements import REVISION
from storage.tables import MessageTable
from workflow.ports import Delivery


@dataclass(frozen=True, slots=True)
class Waiting:
    """The mails that are neither sent nor dead: how many, since when, and why most of them wait, with their numbers."""

    count: int
    since: datetime | None
    why: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Undelivered:
    """The dead mails of one person at one address that nobody took note of, oldest first."""

    recipient: str
    address: str
    mails: Sequence[MessageTable]


_MOST_REASONS = 3


class Boards:
    """The lists, all read from one state of the database."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def mails(
        self, *, recipient: str | None = None, state: Delivery | None = None, last: int | None = None
    ) -> tuple[Sequence[MessageTable], int]:
        """Mails, oldest first, and how many there are; the `last` of them where so many are enough."""
        wanted = [col(MessageTable.recipient) == recipient] if recipient is not None else []
        wanted += [col(MessageTable.state) == state] if state is not None else []
        newest = select(MessageTable).where(*wanted).order_by(col(MessageTable.id).desc()).limit(last)
        found = self._session.exec(newest).all()[::-1]
        counted = select(func.count()).select_from(MessageTable).where(*wanted)
        return found, len(found) if last is None else self._session.exec(counted).one()

    def waiting(self) -> Waiting:
        """What is still to be sent."""
        undone = col(MessageTable.state).not_in((Delivery.SENT, Delivery.DEAD))
        count, since = self._session.exec(
            select(func.count(), func.min(MessageTable.created_at)).select_from(MessageTable).where(undone)
        ).one()
        number = func.count().label("number")
        reasons = (
            select(MessageTable.last_error, number)
            .where(undone, col(MessageTable.last_error).is_not(None))
            .group_by(col(MessageTable.last_error))
            .order_by(number.desc(), func.min(MessageTable.id))
            .limit(_MOST_REASONS)
        )
        why = [(error, many) for error, many in self._session.exec(reasons) if error is not None]
        return Waiting(count, since, why)

    def undelivered(self) -> list[Undelivered]:
        """By receiver: one address has to be corrected for all of his."""
        dead = select(MessageTable).where(
            MessageTable.state == Delivery.DEAD, col(MessageTable.acknowledged_at).is_(None)
        )
        by_person: dict[tuple[str, str], list[MessageTable]] = {}
        for mail in self._session.exec(dead.order_by(col(MessageTable.id))):
            by_person.setdefault((mail.recipient, mail.address), []).append(mail)
        return [Undelivered(recipient, address, mails) for (recipient, address), mails in by_person.items()]


@contextmanager
def boards(url: str) -> Iterator[Boards]:
    """The lists of an office's database, which must be of this program's version. Raises StorageError."""
    address = address_of(url)
    try:
        with Session(reading_engine(address), expire_on_commit=False) as session:
            need_current(session.connection().execute(text(REVISION)).scalar(), address.shown)
            yield Boards(session)
    except DBAPIError as fault:
        driver = fault.orig if isinstance(fault.orig, Exception) else fault
        raise translated(driver, str(address.path) if isinstance(address, SqliteAddress) else address.shown) from fault
