"""The questions asked of the database, each answered from one state of it, on a connection that cannot write."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from states.models import Case, Duty, DutyKind, Report
from states.route import Route, route_of
from storage import generated as made
from storage import statements as sql
from storage import stored
from storage.connection import Connection, Cursor, Engine, Row
from storage.errors import translated
from storage.mark import Mark
from storage.outbox import BROKEN_OFF
from storage.transaction import load_case, load_head, load_report, load_reports
from workflow.chain import GENESIS
from workflow.ports import Attempt, ContactRow, DefinitionRow, EventRow, Heartbeat, Message, SignOffRow, WakeFailure

_EVENTS_AT_ONCE = 1000

_UNFOUNDED = (
    (sql.UNOPENED_REPORTS, "report:{} 在库中与记录中不能对应"),
    (sql.UNOPENED_CASES, "case:{} 在库中与记录中不能对应"),
    (sql.UNBEGUN_DUTIES, "duty:{}/{} 在库中与记录中不能对应"),
    (sql.UNMADE_SIGNOFFS, "{} 上 {} 的签批与第 {} 条流转记录不符：数据被改动过"),
    (sql.UNLOGGED_CONTACTS, "{} 的对接登记与第 {} 条流转记录不符：数据被改动过"),
)


class Reader:
    """Reads on a connection of its own, one question at a time. Raises StorageError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection = engine.connect_reading()
        self._lock = threading.RLock()
        self._is_steady = False

    @property
    def shown(self) -> str:
        """How the database is named to people: without any password."""
        return self._engine.shown

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Questions asked in the block by this thread are answered from one state of the database."""
        with self._one_state():
            yield

    def report(self, ref: str) -> Report | None:
        """One report with its entries."""
        with self._one_state() as connection:
            return load_report(connection, ref)

    def reports(
        self,
        period: str | None = None,
        unit: str | None = None,
        state: str | None = None,
        overdue: bool | None = None,
    ) -> Sequence[Report]:
        """Reports with entries, by period, each period in the order they were opened. A sent draft is a draft."""
        wanted = {
            "period": period,
            "unit": unit,
            # A state is asked for as documents name it.
            "CASE state WHEN 'sent' THEN 'draft' ELSE state END" if state == "draft" else "state": state,
            "overdue": None if overdue is None else int(overdue),
        }
        reports, entries, values = _query(wanted, _reports)
        with self._one_state() as connection:
            return load_reports(connection, reports, entries, values)

    def all_reports(self) -> Sequence[Report]:
        """Every report with its entries."""
        return self.reports()

    def reports_held_by(self, person: str) -> Sequence[Report]:
        """What waits for one person."""
        with self._one_state() as connection:
            held = connection.execute(sql.REPORTS_HELD, (person,)).fetchall()
            found = [load_report(connection, row[0]) for row in held]
        return [report for report in found if report is not None]

    def open_reports(self) -> Sequence[Report]:
        """Every report that is not supervised, with entries, by period."""
        with self._one_state() as connection:
            return load_reports(connection, sql.OPEN_REPORTS, sql.ENTRIES_OF_OPEN, ())

    def routes(self) -> Sequence[Route]:
        """Every route some report is on."""
        return [route_of(row[0]) for row in self._rows(sql.ROUTES)]

    def case(self, key: str) -> Case | None:
        """By number, or by `PERIOD/UNIT/INDICATOR|overdue`: the open one, else the latest so named."""
        with self._one_state() as connection:
            return load_case(connection, key)

    def cases(self, open_only: bool = False, unit: str | None = None, report: str | None = None) -> Sequence[Case]:
        """Cases by number."""
        statement, _, values = _query({"unit": unit, "report": report}, _open_cases if open_only else _cases)
        return [made.case(row) for row in self._rows(statement, values)]

    def cases_beside(self, period: str) -> Sequence[Case]:
        """Every open case, and whatever cases the reports of that period opened, by number."""
        return [made.case(row) for row in self._rows(sql.CASES_BESIDE, (period,))]

    def all_cases(self) -> Sequence[Case]:
        """Every case."""
        return self.cases()

    def duties(self) -> Sequence[Duty]:
        """The recurring duties in the order they began."""
        return [made.duty(row) for row in self._rows(sql.ALL_DUTIES)]

    def definitions(self) -> Sequence[DefinitionRow]:
        """The version in force of each kind of definition; empty before the office was founded."""
        return [made.definition(row) for row in self._rows(sql.DEFINITIONS)]

    def all_definitions(self) -> Sequence[DefinitionRow]:
        """Every version of every kind."""
        return [made.definition(row) for row in self._rows(sql.ALL_DEFINITIONS)]

    def all_duties(self) -> Sequence[Duty]:
        """Every duty."""
        return self.duties()

    def signoffs(self, ref: str) -> Sequence[SignOffRow]:
        """The report's signatures, void ones included, oldest first."""
        return [made.signoff(row) for row in self._rows(sql.SIGNOFFS_OF, (ref,))]

    def duty(self, kind: DutyKind, unit: str) -> Duty | None:
        """One duty."""
        return next((made.duty(row) for row in self._rows(sql.DUTY_BY_KEY, (kind.value, unit))), None)

    def contacts(self, unit: str | None = None) -> Sequence[ContactRow]:
        """Liaison contacts, newest first."""
        statement, _, values = _query({"unit": unit}, _contacts)
        return [made.contact(row) for row in self._rows(statement, values)]

    def contact(self, event_seq: int) -> ContactRow | None:
        """The liaison contact of that event."""
        return next((made.contact(row) for row in self._rows(sql.CONTACT_OF, (event_seq,))), None)

    def unfounded(self) -> Iterator[str]:
        """What stands in the rows and was never begun by an event, as people are told of it."""
        for statement, said in _UNFOUNDED:
            for row in self._rows(statement):
                yield said.format(*row)

    def events_of(self, subject: str) -> Sequence[EventRow]:
        """A subject's events in order."""
        return [made.event(row) for row in self._rows(sql.EVENTS_OF, (subject, 0))]

    def last_item(self, subject: str) -> int:
        """The `item_seq` of a subject's last event; 0 where it has none."""
        return int(self._rows(sql.LAST_ITEM, (subject,))[0][0])

    def latest_at(self) -> datetime | None:
        """The latest instant of any event; None where there is none."""
        text = self._rows(sql.LATEST_AT)[0][0]
        return None if text is None else stored.instant(text)

    def events(self, after: int = 0) -> Iterator[EventRow]:
        """The events with `seq > after` in order, some at a time: the chain may be long."""
        last = after
        while found := self._rows(sql.EVENTS_AFTER, (last, _EVENTS_AT_ONCE)):
            yield from map(made.event, found)
            last = found[-1][0]

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last event; `(0, genesis hash)` when there is none."""
        with self._one_state() as connection:
            return load_head(connection)

    def heartbeat(self) -> Heartbeat | None:
        """When a daemon last worked; None before the first start."""
        row = next(iter(self._rows(made.SELECT_HEARTBEAT)), None)
        return None if row is None else made.heartbeat(row)

    def mark(self) -> Mark:
        """The last event, to be kept outside the database."""
        row = next(iter(self._rows(sql.HEAD)), None)
        return Mark(seq=0, hash=GENESIS, at="") if row is None else Mark(seq=row[0], hash=row[1], at=row[2])

    def hash_at(self, seq: int) -> str | None:
        """The hash of that event; None where there is none."""
        row = next(iter(self._rows(sql.HASH_AT, (seq,))), None)
        return None if row is None else str(row[0])

    def gave_up(self, seq: int, head: str) -> bool:
        """Whether a restore recorded in the history replaced one that had come to that event."""
        # Imported here: only the proof of a restore asks, and every question would pay for it.
        from states.codec import decode
        from states.events import Restored

        for row in self._rows(sql.RESTORES):
            fact = decode("restored", row[0])
            if isinstance(fact, Restored) and (fact.replaced_seq, fact.replaced_head) == (seq, head):
                return True
        return False

    def messages(
        self, recipient: str | None = None, thread: str | None = None, state: str | None = None
    ) -> Sequence[Message]:
        """Mails, oldest first."""
        statement, _, values = _query({"recipient": recipient, "thread": thread, "state": state}, _messages)
        return [made.message(row) for row in self._rows(statement, values)]

    def mail(self, number: int) -> Message | None:
        """One mail."""
        return next((made.message(row) for row in self._rows(sql.MAIL, (number,))), None)

    def mail_counts(self) -> dict[str, tuple[int, int, int]]:
        """How many mails of each purpose are sent, waiting, dead."""
        return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in self._rows(sql.MAIL_COUNTS)}

    def waiting(self) -> int:
        """How many mails are neither sent nor dead."""
        return int(self._rows(sql.WAITING)[0][0])

    def attempts(self, number: int) -> Sequence[Attempt]:
        """What was tried to deliver a mail, in order."""
        found = self._rows(sql.ATTEMPTS_OF, (number,))
        return [made.attempt(row) for row in found]

    def unanswered(self, message: Message) -> int:
        """How many earlier attempts the server got whole and did not answer."""
        return int(self._rows(sql.ATTEMPTS_UNANSWERED, (message.id, BROKEN_OFF))[0][0])

    def anchors(self) -> Iterator[tuple[str, int, str]]:
        """Message-ID, `audit_seq` and `audit_head` of every mail."""
        return ((row[0], row[1], row[2]) for row in self._rows(sql.ANCHORS))

    def mails_by_event(self, after: int = 0) -> Iterator[tuple[int, Sequence[Message]]]:
        """The mails of each event with `seq > after` that caused any, in the order of events, each event's in the
        order written.
        """
        last = int(self._rows(sql.LAST_TOLD)[0][0])
        for begin in range(after, last, _EVENTS_AT_ONCE):
            found = map(made.message, self._rows(sql.MESSAGES_BETWEEN, (begin, begin + _EVENTS_AT_ONCE)))
            for seq, mails in groupby(found, key=lambda mail: mail.event_seq):
                yield seq, list(mails)

    def latest(self, kind: str) -> EventRow | None:
        """The last event of that kind."""
        return next((made.event(row) for row in self._rows(sql.LATEST, (kind,))), None)

    def wake_failures(self) -> Sequence[WakeFailure]:
        """The timers that failed and are still set aside, oldest first."""
        return [made.failure(row) for row in self._rows(sql.FAILURES)]

    def revision(self) -> str | None:
        """The version of the tables; None where there are none."""
        row = next(iter(self._rows(sql.REVISION)), None)
        return None if row is None else str(row[0])

    def _rows(self, statement: str, values: Row = ()) -> list[Row]:
        with self._lock, self._translating():
            return self._first(statement, values).fetchall()

    @contextmanager
    def _one_state(self) -> Iterator[Connection]:
        """Several statements on one state of the database; inside `steady`, on that of the outer block."""
        with self._lock, self._translating():
            if self._is_steady:
                yield self._connection
                return
            self._first(self._engine.begin_reading)
            self._is_steady = True
            try:
                yield self._connection
            finally:
                self._is_steady = False
                self._end()

    def _first(self, statement: str, values: Row = ()) -> Cursor:
        """Run the statement a question begins with; a connection lost while nobody used it is renewed, once."""
        try:
            return self._connection.execute(statement, values)
        except self._engine.faults:
            if self._is_steady or not getattr(self._connection, "closed", False):
                raise
        self._connection = self._engine.connect_reading()
        return self._connection.execute(statement, values)

    def _end(self) -> None:
        with suppress(self._engine.faults):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except self._engine.faults as fault:
            raise translated(fault, self._engine.shown) from fault


# --- statements with filters, each text made once -------------------------------------------------------------------

_Shape = tuple[str, str]
_reports: _Shape = (made.SELECT_REPORT, "ORDER BY period, opened_no")
_cases: _Shape = (made.SELECT_CASE, "ORDER BY id")
_open_cases: _Shape = (made.SELECT_CASE, "AND state <> 'closed' ORDER BY id")
_contacts: _Shape = (made.SELECT_CONTACT, "ORDER BY at DESC, event_seq DESC")
_messages: _Shape = (made.SELECT_MESSAGE, "ORDER BY id")


def _query(wanted: Mapping[str, object], shape: _Shape) -> tuple[str, str, Row]:
    """The statement, that for the entries of what it finds (of reports alone), and the values for both."""
    given = {column: value for column, value in wanted.items() if value is not None}
    statement, entries = _statements(tuple(given), shape)
    return statement, entries, tuple(given.values())


@lru_cache(maxsize=128)
def _statements(given: tuple[str, ...], shape: _Shape) -> tuple[str, str]:
    head, tail = shape
    where = " AND ".join(("WHERE 1 = 1", *(f"{column} = ?" for column in given)))
    return f"{head} {where} {tail}", f"{sql.ENTRIES} WHERE report IN (SELECT ref FROM report {where}) {sql.BY_REPORT}"
