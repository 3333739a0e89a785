"""The tables, each declared once: its columns with what they hold and whether they change, its keys, rules and indexes.

Everything else that knows a column is made of these classes: `storage.generated` (the fixed text of the act path, by
`python -m storage.generate`), the migrations (`python -m storage.revise`), and what boards read through a session.
Imported for those only, never on the way of an act.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Index, Integer, MetaData, UniqueConstraint, text
from sqlalchemy import Table as Stored
from sqlmodel import SQLModel

from states.models import Case, CaseState, Duty, DutyKind, Entry, Flag, PointsStatus, Report, Task, Trigger
from states.office import Level
from states.purposes import Purpose
from states.ranks import RankKind
from states.route import Route
from storage.columns import (
    INSTANT,
    JSON,
    NAMES,
    NUMBER,
    ROUTE,
    SIGNED,
    TASKS,
    WORDS,
    YES_NO,
    Digit,
    Kind,
    column,
    several,
    word,
)
from workflow.ports import (
    Attempt,
    ContactRow,
    DefinitionRow,
    Delivery,
    EventRow,
    Heartbeat,
    Message,
    Outcome,
    SignOffRow,
    TaskRow,
    WakeFailure,
)

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


class Table(SQLModel):
    """What all tables share: one collection, one way of naming constraints.

    `holds` is the model a row is; its fields `elsewhere` are kept in other tables. Triggers refuse the acts on rows
    that it `forbids`, and a NEW row of which a condition in `refuses` is true.
    """

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)
    __table__: ClassVar[Stored]
    holds: ClassVar[type[Any]]
    elsewhere: ClassVar[tuple[str, ...]] = ()
    forbids: ClassVar[tuple[str, ...]] = ()
    refuses: ClassVar[Mapping[str, str]] = {}


def _rule(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


def _partial(name: str, condition: str, *columns: str, unique: bool = False) -> Index:
    where = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class EventTable(Table, table=True):
    """The audit chain; only ever added to.

    Every number is given once, and a row is taken only after the one whose hash it bears: no fork, no gap. An index on
    a hash would guard less, and cost a page of the log for every event, a page nobody else needs.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("subject", "item_seq"),
        _rule("seq", "seq >= 1"),
        _rule("item_seq", "item_seq >= 1"),
        _partial("uq_event_command_id", "command_id IS NOT NULL", "command_id", unique=True),
    )
    holds = EventRow
    forbids = ("DELETE", "UPDATE")
    refuses: ClassVar[Mapping[str, str]] = {
        "unlinked": "NEW.seq > 1 AND NOT EXISTS"
        " (SELECT 1 FROM event e WHERE e.seq = NEW.seq - 1 AND e.hash = NEW.prev_hash)"
    }

    seq: int = column(NUMBER, key=True)
    at: datetime = column(INSTANT)
    actor: str = column(WORDS)
    command_id: str | None = column(WORDS)
    kind: str = column(WORDS)
    subject: str = column(WORDS)
    item_seq: int = column(Integer)
    from_state: str | None = column(WORDS)
    to_state: str | None = column(WORDS)
    version: int = column(Integer)
    payload: str = column(WORDS)
    door: str | None = column(WORDS)
    proof: str | None = column(WORDS)
    command_sha256: str | None = column(WORDS)
    mails_sha256: str | None = column(WORDS)
    prev_hash: str = column(WORDS)
    hash: str = column(WORDS)


class ReportTable(Table, table=True):
    """One unit's table for one period. `opened_no` counts the reports as they come to be."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("ref"),
        _rule("ref", "ref = period || '/' || unit"),
        _rule("round", "round >= 1"),
        _rule("version", "version >= 0 AND seq >= 1"),
        _rule("step", "step >= 0 AND (step = 0) = (state IN ('draft', 'sent'))"),
        _rule("submitted_at", "(state IN ('submitted', 'supervised')) = (submitted_at IS NOT NULL)"),
        Index("ix_report_unit_period", "unit", "period"),
        Index("ix_report_period", "period", "opened_no"),
        _partial("ix_report_wake_at", "wake_at IS NOT NULL", "wake_at", "opened_no"),
        _partial("ix_report_open", "state <> 'supervised'", "unit", "period"),
    )
    holds = Report
    elsewhere = ("entries",)

    opened_no: int | None = column(NUMBER, counted=True)
    ref: str = column(WORDS)
    period: str = column(WORDS)
    unit: str = column(WORDS)
    level: Level = column(word(Level))
    opened_at: datetime = column(INSTANT)
    route: Route = column(ROUTE)
    state: str = column(WORDS, changes=True)
    step: int = column(Integer, changes=True)
    signed: tuple[tuple[str, str], ...] = column(SIGNED, changes=True)
    round: int = column(Integer, changes=True)
    version: int = column(Integer, changes=True)
    seq: int = column(Integer, changes=True)
    due_at: datetime = column(INSTANT, changes=True)
    overdue: bool = column(YES_NO, changes=True)
    submitted_at: datetime | None = column(INSTANT, changes=True)
    content_sha256: str = column(WORDS, changes=True)
    drafters: tuple[str, ...] = column(NAMES, changes=True)
    last_actor: str | None = column(WORDS, changes=True)
    tasks: tuple[Task, ...] = column(TASKS, changes=True)
    holders: tuple[str, ...] = column(NAMES, changes=True)
    timers_until: datetime = column(INSTANT, changes=True)
    wake_at: datetime | None = column(INSTANT, changes=True)


class EntryTable(Table, table=True):
    """One row of a report's table; the `read_` columns are what was read in `rank_text`."""

    __tablename__ = "report_entry"
    __table_args__ = (
        _rule("field", "field >= 1"),
        _rule("ranked", "(read_kind = 'ranked') = (read_best IS NOT NULL AND read_worst IS NOT NULL)"),
        _rule("rank", "read_best IS NULL OR (read_best >= 1 AND read_best <= read_worst AND read_worst <= field)"),
        _rule("three_district_rank", "three_district_rank IS NULL OR three_district_rank >= 1"),
        {"sqlite_with_rowid": False},
    )
    holds = Entry

    report: str = column(WORDS, key=True, refers="report.ref", beside=True)
    position: int = column(Integer, beside=True)
    indicator: str = column(WORDS, key=True)
    field: int = column(Integer)
    rank_text: str = column(WORDS)
    comparison: str = column(WORDS)
    target: str = column(WORDS)
    place: str | None = column(WORDS)
    read_kind: RankKind = column(word(RankKind), of="reading.kind")
    read_best: int | None = column(Integer, of="reading.best")
    read_worst: int | None = column(Integer, of="reading.worst")
    read_field: int | None = column(Integer, of="reading.stated_field")
    read_tied: bool | None = column(YES_NO, of="reading.tied")
    read_estimated: bool | None = column(YES_NO, of="reading.estimated")
    read_three_district_rank: int | None = column(Integer, of="reading.three_district_rank")
    three_district_rank: int | None = column(Integer)
    flags: tuple[Flag, ...] = column(several(Flag))


class CaseTable(Table, table=True):
    """The follow-up of one overdue report or one lagging indicator."""

    __tablename__ = "supervision_case"
    __table_args__ = (
        _rule("version", "version >= 0 AND seq >= 1"),
        _rule("indicator", "(trigger = 'overdue') = (indicator IS NULL)"),
        _rule("closed_at", "(state = 'closed') = (closed_at IS NOT NULL)"),
        _rule("proposed_points", "(points_status IS NULL) = (points IS NULL)"),
        _rule("proposed_at", "(points_status IS NULL) = (proposed_at IS NULL)"),
        _rule("points", "points >= 0"),
        Index("ix_supervision_case_report", "report"),
        Index("ix_supervision_case_unit", "unit"),
        _partial("ix_supervision_case_open", "state <> 'closed'", "unit", "id"),
        _partial("ix_supervision_case_wake_at", "wake_at IS NOT NULL", "wake_at", "id"),
        _partial(
            "uq_supervision_case_open_indicator",
            "state <> 'closed' AND indicator IS NOT NULL",
            "unit",
            "indicator",
            unique=True,
        ),
        _partial("uq_supervision_case_open_overdue", "state <> 'closed' AND indicator IS NULL", "report", unique=True),
    )
    holds = Case

    id: int = column(NUMBER, key=True)
    report: str = column(WORDS, refers="report.ref")
    unit: str = column(WORDS)
    level: Level = column(word(Level))
    indicator: str | None = column(WORDS)
    trigger: Trigger = column(word(Trigger))
    opened_at: datetime = column(INSTANT)
    opened_rank: int | None = column(Integer)
    state: CaseState = column(word(CaseState), changes=True)
    version: int = column(Integer, changes=True)
    seq: int = column(Integer, changes=True)
    entered_at: datetime = column(INSTANT, changes=True)
    feedback_at: datetime | None = column(INSTANT, changes=True)
    interview_at: datetime | None = column(INSTANT, changes=True)
    appealed_at: datetime | None = column(INSTANT, changes=True)
    proposed_at: datetime | None = column(INSTANT, changes=True)
    points: int | None = column(Integer, changes=True)
    points_status: PointsStatus | None = column(word(PointsStatus), changes=True)
    closed_at: datetime | None = column(INSTANT, changes=True)
    timers_until: datetime = column(INSTANT, changes=True)
    wake_at: datetime | None = column(INSTANT, changes=True)


class DutyTable(Table, table=True):
    """A recurring duty of the office. `began_no` counts the duties as they come to be."""

    __tablename__ = "duty"
    __table_args__ = (
        UniqueConstraint("kind", "unit"),
        _rule("seq", "seq >= 1"),
        _partial("ix_duty_wake_at", "wake_at IS NOT NULL", "wake_at", "began_no"),
    )
    holds = Duty

    began_no: int | None = column(NUMBER, counted=True)
    kind: DutyKind = column(word(DutyKind))
    unit: str = column(WORDS)
    seq: int = column(Integer, changes=True)
    since: datetime = column(INSTANT, changes=True)
    timers_until: datetime = column(INSTANT, changes=True)
    wake_at: datetime | None = column(INSTANT, changes=True)


class TaskTable(Table, table=True):
    """Who is waited for by which report, by which post: the index by which a person finds what is his to do."""

    __tablename__ = "task"
    __table_args__ = (Index("ix_task_person", "person", "report"),)
    holds = TaskRow

    report: str = column(WORDS, key=True, refers="report.ref")
    post: str = column(WORDS, key=True)
    person: str = column(WORDS, key=True)


class SignOffTable(Table, table=True):
    """A signature; voided, never deleted. All of a report are found by its events."""

    __tablename__ = "signoff"
    __table_args__ = (
        _rule("step", "step >= 1"),
        _rule("round", "round >= 1"),
        _rule("void_seq", "void_seq > event_seq"),
        _partial("uq_signoff_live", "void_seq IS NULL", "report", "step", "person", "posts", unique=True),
    )
    holds = SignOffRow
    forbids = ("DELETE",)

    event_seq: int = column(NUMBER, key=True, refers="event.seq")
    report: str = column(WORDS, refers="report.ref")
    state: str = column(WORDS)
    step: int = column(Integer)
    posts: tuple[str, ...] = column(NAMES)
    round: int = column(Integer)
    version: int = column(Integer)
    person: str = column(WORDS)
    on_behalf_of: str | None = column(WORDS)
    at: datetime = column(INSTANT)
    content_sha256: str = column(WORDS)
    opinion: str = column(WORDS)
    void_seq: int | None = column(NUMBER, refers="event.seq", changes=True)


class ContactTable(Table, table=True):
    """A logged visit or call of a liaison officer."""

    __tablename__ = "liaison_contact"
    __table_args__ = (Index("ix_liaison_contact_unit", "unit"),)
    holds = ContactRow
    forbids = ("DELETE", "UPDATE")

    event_seq: int = column(NUMBER, key=True, refers="event.seq")
    unit: str = column(WORDS)
    person: str = column(WORDS)
    at: datetime = column(INSTANT)
    visit: bool = column(YES_NO)
    text: str = column(WORDS)


class MessageTable(Table, table=True):
    """The outbox. While a mail is being sent, `next_attempt_at` is the end of the lease.

    A Message-ID is made of the event's hash, the receiver and the purpose: no two are equal while those differ.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("event_seq", "recipient", "purpose"),
        _rule("attempts", "attempts >= 0"),
        _rule("sent_at", "(state = 'sent') = (sent_at IS NOT NULL)"),
        _rule("lease_until", "(state = 'sending') = (lease_until IS NOT NULL)"),
        _partial("ix_message_due", "state IN ('pending', 'sending', 'uncertain')", "next_attempt_at", "id"),
        _partial("ix_message_dead", "state = 'dead'", "id"),
    )
    holds = Message
    forbids = ("DELETE",)

    id: int | None = column(NUMBER, counted=True)
    message_id: str = column(WORDS)
    event_seq: int = column(NUMBER, refers="event.seq")
    recipient: str = column(WORDS)
    address: str = column(WORDS)
    name: str = column(WORDS)
    language: str = column(WORDS)
    purpose: Purpose = column(word(Purpose, closed=False))
    thread: str = column(WORDS)
    cc: bool = column(YES_NO)
    facts: Mapping[str, object] = column(JSON)
    audit_seq: int = column(NUMBER, refers="event.seq")
    audit_head: str = column(WORDS)
    created_at: datetime = column(INSTANT)
    state: Delivery = column(word(Delivery), changes=True)
    attempts: int = column(Integer, changes=True)
    next_attempt_at: datetime = column(INSTANT, changes=True)
    lease_until: datetime | None = column(INSTANT, changes=True)
    sent_at: datetime | None = column(INSTANT, changes=True)
    last_error: str | None = column(WORDS, changes=True)
    original_address: str | None = column(WORDS, changes=True)
    acknowledged_at: datetime | None = column(INSTANT, changes=True)
    acknowledged_by: str | None = column(WORDS, changes=True)
    acknowledged_note: str | None = column(WORDS, changes=True)


class AttemptTable(Table, table=True):
    """One attempt to deliver a mail; `result` is empty while it lasts."""

    __tablename__ = "message_attempt"
    __table_args__ = (_rule("number", "number >= 1"), _rule("ended_at", "(result IS NULL) = (ended_at IS NULL)"))
    holds = Attempt

    message: int = column(NUMBER, key=True, refers="message.id", beside=True)
    number: int = column(Integer, key=True)
    begun_at: datetime = column(INSTANT)
    result: Outcome | None = column(word(Outcome), of="outcome", changes=True)
    answer: str | None = column(WORDS, changes=True)
    ended_at: datetime | None = column(INSTANT, changes=True)


class FailureTable(Table, table=True):
    """A timer that failed and was set aside."""

    __tablename__ = "wake_failure"
    holds = WakeFailure

    id: int | None = column(NUMBER, counted=True)
    subject: str = column(WORDS)
    error: str = column(WORDS)
    at: datetime = column(INSTANT)
    until: datetime = column(INSTANT)


class HeartbeatTable(Table, table=True):
    """When the daemon last worked: the one row against which a clock is judged, and whether the queue is held."""

    __tablename__ = "heartbeat"
    __table_args__ = (_rule("id", "id = 1"), _rule("held", "(held_since IS NULL) = (held_reason IS NULL)"))
    holds = Heartbeat

    id: int = column(NUMBER, key=True, beside=True)
    at: datetime = column(INSTANT, changes=True)
    pid: int = column(Integer, changes=True)
    host: str = column(WORDS, changes=True)
    started_at: datetime = column(INSTANT, changes=True)
    held_since: datetime | None = column(INSTANT, changes=True)
    held_reason: str | None = column(WORDS, changes=True)


class DefinitionTable(Table, table=True):
    """One version of one kind of rule (organisation, routes, policies, calendar), in force since an event."""

    __tablename__ = "definition"
    __table_args__ = (_rule("version", "version >= 1"),)
    holds = DefinitionRow
    forbids = ("DELETE", "UPDATE")

    kind: str = column(WORDS, key=True)
    version: int = column(Integer, key=True)
    body: str = column(WORDS)
    sha256: str = column(WORDS)
    since_seq: int = column(NUMBER, refers="event.seq")


METADATA = Table.metadata


def _rules_of_kinds() -> None:
    """A word is one of its list, a yes-or-no 0 or 1, in every column that holds one; the database refuses others."""
    for table in METADATA.tables.values():
        for one in table.columns:
            if isinstance(one.type, Digit):
                table.append_constraint(_rule(one.name, f"{one.name} IN (0, 1)"))
            elif isinstance(one.type, Kind) and one.type.closed and one.type.among:
                listed = ", ".join(f"'{known}'" for known in one.type.among)
                table.append_constraint(_rule(one.name, f"{one.name} IN ({listed})"))


_rules_of_kinds()
