"""One unit of work on the database: fixed statements on a held connection, undone unless committed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Self

from states.canonical import instant_text
from states.models import Case, Duty, DutyKind, Entry, Report, Trigger
from storage import generated as made
from storage import statements as sql
from storage.connection import ENDED, Asked, Connection, Ended, Row, Speaking, Writer
from storage.errors import Conflict, TransactionEnded
from storage.revision import need_current
from workflow.chain import GENESIS
from workflow.ports import (
    AT_ONCE,
    Beat,
    ContactRow,
    DefinitionRow,
    EventRow,
    Heartbeat,
    Message,
    Question,
    SignOffRow,
)

Values = Mapping[str, object]

_ENDLESS = 2**62
_WAKING = ("duty", "report", "case")


class SqlTransaction:
    """Fulfils `workflow.ports.Transaction`; is its own context manager. Every update is guarded by the row's `seq`.

    The chain's end is read when it begins: `now` is never before the last event, whatever the clock says.
    """

    __slots__ = (
        "_connection", "_foreseen", "_head", "_server_clock", "_wakes", "_writer", "clock", "defined_seq", "defines",
        "last_worked", "now",
    )  # fmt: skip

    def __init__(self, writer: Writer, now: datetime, foreseen: Sequence[Question] = ()) -> None:
        self.now = self.clock = now
        self.last_worked: datetime | None = None
        self.defined_seq = 0
        self.defines = False
        self._writer = writer
        self._foreseen = foreseen
        self._connection: Speaking | Ended = ENDED
        self._head = (0, GENESIS)
        self._server_clock: datetime | None = None
        self._wakes: Row | None = None

    def __enter__(self) -> Self:
        if self._connection is not ENDED:
            raise TransactionEnded
        engine = self._writer.engine
        opening = _opening(engine.clock)
        asked = [opening] if engine.send is None else [opening, *_statements_of(self._foreseen)]
        self._connection = self._writer.take(engine.begin, asked)
        try:
            self._look_at_the_chain(opening)
        except BaseException as fault:
            self.__exit__(type(fault), fault, fault.__traceback__)
            raise
        return self

    def _look_at_the_chain(self, opening: Asked) -> None:
        """The version of the tables with it: a program that they were changed under must not write on."""
        found = self._connection.execute(*opening).fetchone()
        need_current(found[0] if found else None, self._writer.engine.shown)
        *_, self._server_clock = found
        self._wakes = found[6:9]
        if found[1] is not None:
            self._head = (found[1], found[2])
            self.defined_seq = found[5] or 0
            last_event = datetime.fromisoformat(found[3])
            self.now = max(self.now, last_event)
            self.last_worked = last_event if found[4] is None else max(last_event, datetime.fromisoformat(found[4]))

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection = ENDED
        self._writer.give_back()

    def commit(self) -> None:
        """Make it durable; nothing more can be done with this transaction."""
        self._connection.commit()
        self._connection = ENDED

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What is written in the block is undone, alone, when the block fails."""
        before = self._head, self.defined_seq, self.defines
        try:
            with self._connection.apart():
                yield
        except BaseException:
            self._head, self.defined_seq, self.defines = before
            self._wakes = None
            raise

    # --- loads -----------------------------------------------------------------------------------------------------

    def definitions(self) -> Sequence[DefinitionRow]:
        """The version in force of each kind of definition."""
        return [made.definition(row) for row in self._connection.execute(sql.DEFINITIONS).fetchall()]

    def last_item(self, subject: str) -> int:
        """The `item_seq` of the subject's last event; 0 where it has none."""
        return int(self._connection.execute(sql.LAST_ITEM, (subject,)).fetchone()[0])

    def answered(self, command_id: str) -> Sequence[EventRow]:
        """The events of the command with that id, in order; empty if it was never carried out."""
        first = self._connection.execute(sql.COMMAND_SEQ, (command_id,)).fetchone()
        if first is None:
            return ()
        end = self._connection.execute(sql.NEXT_COMMAND_SEQ, (first[0],)).fetchone()[0]
        found = self._connection.execute(sql.EVENTS_BETWEEN, (first[0], _ENDLESS if end is None else end))
        return [made.event(row) for row in found.fetchall()]

    def report(self, ref: str) -> Report | None:
        """The report with its entries."""
        return load_report(self._connection, ref)

    def case(self, key: str) -> Case | None:
        """By number, or by `PERIOD/UNIT/INDICATOR|overdue`: the open one, else the latest so named."""
        return load_case(self._connection, key)

    def duty(self, kind: DutyKind, unit: str) -> Duty | None:
        """One recurring duty."""
        row = self._connection.execute(sql.DUTY_BY_KEY, (kind.value, unit)).fetchone()
        return None if row is None else made.duty(row)

    def reports_of(self, unit: str, since: str = "") -> Sequence[Report]:
        """All reports of the unit since that period, by period, with entries."""
        return load_reports(self._connection, sql.REPORTS_OF, sql.ENTRIES_OF, (unit, since))

    def last_ranked(self, unit: str, indicator: str, before: str) -> Report | None:
        """The unit's last supervised report before that period in which the indicator had a rank."""
        row = self._connection.execute(sql.LAST_RANKED, (unit, before, indicator)).fetchone()
        return None if row is None else load_report(self._connection, row[0])

    def reports_in(self, period: str) -> Sequence[Report]:
        """All reports of the period in the order they were opened, with entries."""
        return load_reports(self._connection, sql.REPORTS_IN, sql.ENTRIES_IN, (period,))

    def open_reports(self, *, with_entries: bool = True) -> Sequence[Report]:
        """Every report that is not supervised, by period."""
        if not with_entries:
            return [made.report(row, ()) for row in self._connection.execute(sql.OPEN_REPORTS).fetchall()]
        return load_reports(self._connection, sql.OPEN_REPORTS, sql.ENTRIES_OF_OPEN, ())

    def reports_between(self, first: str, last: str) -> Sequence[Report]:
        """All reports of the periods from `first` to `last`, both included, with entries, by period."""
        return load_reports(self._connection, sql.REPORTS_BETWEEN, sql.ENTRIES_BETWEEN, (first, last))

    def last_report(self, unit: str, before: str) -> Report | None:
        """The unit's last report of a period before that one, with entries."""
        return _load_report(self._connection, sql.LAST_REPORT, sql.ENTRIES_OF_LAST, (unit, before))

    def open_cases(self, unit: str) -> Sequence[Case]:
        """The unit's cases that are not closed, by number."""
        return [made.case(row) for row in self._connection.execute(sql.OPEN_CASES_OF, (unit,)).fetchall()]

    def overdue_case(self, report: str) -> Case | None:
        """The open overdue case of that report."""
        row = self._connection.execute(sql.OPEN_OVERDUE_CASE, (report,)).fetchone()
        return None if row is None else made.case(row)

    def all_open_cases(self) -> Sequence[Case]:
        """Every case that is not closed, by number."""
        return [made.case(row) for row in self._connection.execute(sql.OPEN_CASES).fetchall()]

    def points_of(self, unit: str, since: datetime, until: datetime) -> int:
        """Points proposed or confirmed for the unit with `since <= proposed_at < until`."""
        span = (unit, instant_text(since), instant_text(until))
        return int(self._connection.execute(sql.POINTS_OF, span).fetchone()[0])

    def next_case_id(self) -> int:
        """The number the next case will bear."""
        return int(self._connection.execute(sql.NEXT_CASE).fetchone()[0])

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last event; `(0, genesis hash)` when there is none."""
        return self._head

    def events_of(self, subject: str, after: int) -> Sequence[EventRow]:
        """The subject's events with `item_seq > after`, in order."""
        found = self._connection.execute(sql.EVENTS_OF, (subject, after)).fetchall()
        return [made.event(row) for row in found]

    def last_of_kind(self, subject: str, kind: str) -> EventRow | None:
        """The subject's last event of that kind."""
        row = self._connection.execute(sql.LAST_OF_KIND, (subject, kind)).fetchone()
        return None if row is None else made.event(row)

    def count_of_kind(self, subject: str, kind: str) -> int:
        """How many events of that kind the subject has."""
        return int(self._connection.execute(sql.COUNT_OF_KIND, (subject, kind)).fetchone()[0])

    def heartbeat(self) -> Heartbeat | None:
        """When a daemon last worked."""
        row = self._connection.execute(made.SELECT_HEARTBEAT).fetchone()
        return None if row is None else made.heartbeat(row)

    def earliest_wake(self, until: datetime) -> tuple[str, datetime] | None:
        """The subject with the smallest `wake_at <= until`: duties before reports before cases, the oldest first."""
        if self._wakes is None:
            self._wakes = self._connection.execute(sql.WAKES, ()).fetchone()
        limit = instant_text(until)
        due = [(at, kind) for kind, at in enumerate(self._wakes) if at is not None and at <= limit]
        if not due:
            return None
        at, kind = min(due)
        subject = self._connection.execute(sql.FIRST_WAKING[kind], (at,)).fetchone()[0]
        return subject, datetime.fromisoformat(at)

    def waking_reports(self, at: datetime) -> Sequence[str]:
        """The reports whose `wake_at` is that very instant, in the order they were opened."""
        return [row[0] for row in self._connection.execute(sql.WAKING_REPORTS, (instant_text(at),)).fetchall()]

    def waking_cases(self, at: datetime) -> Sequence[int]:
        """The cases whose `wake_at` is that very instant, by number."""
        return [row[0] for row in self._connection.execute(sql.WAKING_CASES, (instant_text(at),)).fetchall()]

    # --- writes ----------------------------------------------------------------------------------------------------

    def beat(self, beat: Beat) -> None:
        """A daemon works: note its heartbeat at what the clock says now."""
        started = instant_text(beat.started_at)
        self._connection.execute(sql.BEAT, (instant_text(self.clock), beat.pid, beat.host, started))

    def server_clock(self) -> datetime | None:
        """What time it was by the database's server when this began; None where it has no clock of its own."""
        return self._server_clock

    def turn_back(self) -> None:
        """Believe the clock: `now` becomes what it says, and the heartbeat with it."""
        self.now = self.last_worked = self.clock
        self._connection.execute(sql.SET_HEARTBEAT, (instant_text(self.clock),))

    def hold_mail(self, reason: str | None) -> None:
        """Let no mail leave until somebody says so; None lets it go again."""
        since = None if reason is None else instant_text(self.now)
        self._connection.execute(sql.HOLD, (since, reason))

    def mail(self, number: int) -> Message | None:
        """One outgoing mail."""
        row = self._connection.execute(sql.MAIL, (number,)).fetchone()
        return None if row is None else made.message(row)

    def unsent_mails(self) -> Sequence[Message]:
        """The mails that wait or are dead, by number."""
        return [made.message(row) for row in self._connection.execute(sql.UNSENT).fetchall()]

    def resend_mail(self, number: int, address: str) -> None:
        """Let it go to that address, at once."""
        done = self._connection.execute(sql.RESEND, (address, address, instant_text(AT_ONCE), number))
        self._need_one(done.rowcount, f"mail:{number}")

    def acknowledge_mail(self, number: int, *, by: str, note: str) -> None:
        """Note that somebody knows of a dead mail."""
        done = self._connection.execute(sql.ACKNOWLEDGE, (instant_text(self.now), by, note, number))
        self._need_one(done.rowcount, f"mail:{number}")

    def save_report(self, before: Report | None, after: Report) -> None:
        """Insert or update the row and whichever entries differ. Raises Conflict when the row has moved on."""
        self._wakes = None
        self._connection.forget(after.ref, after.unit)
        if before is None:
            self._connection.write(made.INSERT_REPORT, made.report_values(after))
            self._save_entries(after.ref, (), after.entries)
            self._save_tasks(after)
            return
        changed = _differing(made.REPORT_CHANGES, made.report_changes(before), made.report_changes(after))
        self._change("report", changed, {"ref": after.ref, "seq": before.seq}, f"report:{after.ref}")
        if after.entries is not before.entries:
            self._save_entries(after.ref, before.entries, after.entries)
        if after.tasks != before.tasks:
            self._connection.write(sql.DROP_TASKS, (after.ref,))
            self._save_tasks(after)

    def save_case(self, before: Case | None, after: Case) -> None:
        """As `save_report`."""
        self._wakes = None
        self._connection.forget(after.report, after.unit)
        if before is None:
            self._connection.write(made.INSERT_CASE, made.case_values(after))
            return
        changed = _differing(made.CASE_CHANGES, made.case_changes(before), made.case_changes(after))
        self._change("supervision_case", changed, {"id": after.id, "seq": before.seq}, f"case:{after.id}")

    def save_duty(self, before: Duty | None, after: Duty) -> None:
        """As `save_report`."""
        self._wakes = None
        if before is None:
            self._connection.write(made.INSERT_DUTY, made.duty_values(after))
            return
        changed = _differing(made.DUTY_CHANGES, made.duty_changes(before), made.duty_changes(after))
        key = {"kind": after.kind.value, "unit": after.unit, "seq": before.seq}
        self._change("duty", changed, key, f"duty:{after.ref}")

    def _change(self, table: str, changed: Values, where: Values, subject: str) -> None:
        """Set columns of a row that is still as it was loaded."""
        if changed:
            statement = sql.update(table, tuple(changed), tuple(where))
            self._connection.write(statement, (*changed.values(), *where.values()), subject=subject)

    def append_events(self, rows_: Sequence[EventRow]) -> None:
        """Append links to the chain. The database refuses a fork."""
        self._connection.write_each(made.INSERT_EVENT, [made.event_values(row) for row in rows_])
        for row in rows_:
            self._connection.forget(row.subject, row.command_id or row.subject)
        if rows_:
            self._head = (rows_[-1].seq, rows_[-1].hash)

    def add_definition(self, row: DefinitionRow) -> None:
        """Put a version in force."""
        self._connection.write(made.INSERT_DEFINITION, made.definition_values(row))
        self.defined_seq, self.defines = row.since_seq, True

    def add_signoff(self, row: SignOffRow) -> None:
        """Record a signature."""
        self._connection.write(made.INSERT_SIGNOFF, made.signoff_values(row))

    def void_signoffs(
        self, report: str, event_seq: int, *, state: str | None = None, person: str | None = None
    ) -> None:
        """Void every standing signature of the report by that event, or those of one person on one step's state."""
        if state is None:
            self._connection.write(sql.VOID_SIGNOFFS, (event_seq, report))
        else:
            self._connection.write(sql.VOID_SIGNOFFS_OF, (event_seq, report, state, person))

    def add_contact(self, row: ContactRow) -> None:
        """Record a liaison contact."""
        self._connection.write(made.INSERT_CONTACT, made.contact_values(row))

    def enqueue(self, messages: Sequence[Message]) -> None:
        """Put mails into the outbox; their `id` is given by the database."""
        self._connection.write_each(made.INSERT_MESSAGE, [made.message_values(message) for message in messages])

    def defer_wake(self, subject: str, until: datetime, error: str) -> None:
        """Set a subject aside whose timer failed, and record why."""
        self._wakes = None
        kind, _, key = subject.partition(":")
        at = instant_text(until)
        match _WAKING.index(kind):
            case 0:
                done = self._connection.execute(sql.DEFER_DUTY, (at, *key.split("/", 1)))
            case 1:
                done = self._connection.execute(sql.DEFER_REPORT, (at, key))
            case _:
                done = self._connection.execute(sql.DEFER_CASE, (at, int(key)))
        self._need_one(done.rowcount, subject)
        self._connection.execute(made.INSERT_FAILURE, (subject, error, instant_text(self.now), at))

    def _save_entries(self, ref: str, before: Sequence[Entry], after: Sequence[Entry]) -> None:
        known = dict(enumerate(before))
        gone = {entry.indicator for entry in before} - {entry.indicator for entry in after}
        self._connection.write_each(sql.DROP_ENTRY, [(ref, indicator) for indicator in sorted(gone)])
        written = [
            made.entry_values(ref, position, entry)
            for position, entry in enumerate(after)
            if known.get(position) != entry
        ]
        self._connection.write_each(sql.PUT_ENTRY, written)

    def _save_tasks(self, report: Report) -> None:
        rows = [(report.ref, task.post, person) for task in report.tasks for person in task.persons]
        self._connection.write_each(made.INSERT_TASK, rows)

    @staticmethod
    def _need_one(count: int, subject: str) -> None:
        if count != 1:
            raise Conflict(subject)


def _differing(columns: Sequence[str], before: Row, after: Row) -> Values:
    """What is written anew: an index is left alone as long as nothing in it is."""
    return {column: new for column, old, new in zip(columns, before, after, strict=True) if new != old}


# --- what is foreseen ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _opening(clock: str) -> Asked:
    return Asked(sql.OPENING.replace(" FROM alembic_version", f", {clock} FROM alembic_version"), ())


_ASKED_BY: Mapping[str, tuple[str, ...]] = {
    "answered": (sql.COMMAND_SEQ,),
    "report": (sql.REPORT_BY_REF, sql.ENTRIES_BY_REF),
    "last_report": (sql.LAST_REPORT, sql.ENTRIES_OF_LAST),
    "overdue_case": (sql.OPEN_OVERDUE_CASE,),
    "open_cases": (sql.OPEN_CASES_OF,),
    "last_of_kind": (sql.LAST_OF_KIND,),
    "count_of_kind": (sql.COUNT_OF_KIND,),
}
"""The statements of each load, all with the load's own arguments."""


def _statements_of(foreseen: Sequence[Question]) -> list[Asked]:
    asked = dict.fromkeys(foreseen)
    return [Asked(statement, one.arguments) for one in asked for statement in _ASKED_BY[one.load]]


# --- loads shared with the questions -------------------------------------------------------------------------------

# Equal rows give one and the same entry: an entry is a frozen value, and most rows are read many times.
_entry = lru_cache(maxsize=16384)(made.entry)


def _by_report(rows: Iterable[Row]) -> dict[str, tuple[Entry, ...]]:
    """The entries of several reports; each row begins with its report."""
    found: dict[str, list[Entry]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(_entry(tuple(row[1:])))
    return {ref: tuple(entries) for ref, entries in found.items()}


def load_report(connection: Connection, ref: str) -> Report | None:
    """One report with its entries."""
    return _load_report(connection, sql.REPORT_BY_REF, sql.ENTRIES_BY_REF, (ref,))


def _load_report(connection: Connection, report: str, entries: str, parameters: Row) -> Report | None:
    row = connection.execute(report, parameters).fetchone()
    if row is None:
        return None
    return made.report(row, tuple(map(_entry, connection.execute(entries, parameters).fetchall())))


def load_reports(connection: Connection, reports: str, entries: str, parameters: Row) -> list[Report]:
    """The reports of one query with the entries another one gives."""
    found = connection.execute(reports, parameters).fetchall()
    by_report = _by_report(connection.execute(entries, parameters).fetchall()) if found else {}
    return [made.report(row, by_report.get(row[0], ())) for row in found]


def load_case(connection: Connection, key: str) -> Case | None:
    """A case by number or by name."""
    if key.isdecimal():
        row = connection.execute(sql.CASE_BY_ID, (int(key),)).fetchone() if len(key) < 19 else None
    else:
        report, _, indicator = key.rpartition("/")
        if indicator == Trigger.OVERDUE.value:
            row = connection.execute(sql.CASE_OVERDUE, (report,)).fetchone()
        else:
            row = connection.execute(sql.CASE_BY_INDICATOR, (report, indicator)).fetchone()
    return None if row is None else made.case(row)


def load_head(connection: Connection) -> tuple[int, str]:
    """Sequence number and hash of the last event."""
    row = connection.execute(sql.HEAD).fetchone()
    return (0, GENESIS) if row is None else (row[0], row[1])
