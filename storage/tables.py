"""The tables and the rules the database itself keeps. Imported for migrations only, never on the way of an act.

Instants are fixed-width UTC text, booleans 0 or 1, lists JSON text: the same bytes on both databases, readable with
any tool, and sorted as they should be. Text compares byte by byte (`COLLATE "C"` on PostgreSQL, as SQLite does).
"""

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, MetaData, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from states.models import CaseState, DutyKind, PointsStatus, ReportState, Trigger
from states.office import Level
from states.ranks import RankKind
from workflow.ports import Delivery, Outcome

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

WORDS = Text().with_variant(Text(collation="C"), "postgresql")
NUMBER = BigInteger().with_variant(Integer(), "sqlite")


class Table(SQLModel):
    """What all tables share: one collection, one way of naming constraints."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMES)


def _words(**more: Any) -> Any:
    return Field(sa_type=WORDS, **more)


def _key() -> Any:
    return Field(primary_key=True, sa_type=NUMBER, sa_column_kwargs={"autoincrement": False})


def _counted() -> Any:
    return Field(default=None, primary_key=True, sa_type=NUMBER)


def _number(reference: str | None = None, **more: Any) -> Any:
    references = () if reference is None else (ForeignKey(reference),)
    return Field(sa_type=NUMBER, sa_column_args=references, **more)


def _to(reference: str, **more: Any) -> Any:
    return Field(sa_type=WORDS, sa_column_args=(ForeignKey(reference),), **more)


def _among(column: str, words: type[StrEnum]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _flag(column: str) -> CheckConstraint:
    return CheckConstraint(f"{column} IN (0, 1)", name=column)


def _rule(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


def _partial(name: str, condition: str, *columns: str, unique: bool = False) -> Index:
    where = text(condition)
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


class EventTable(Table, table=True):
    """The audit chain; only ever added to."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("hash"),
        UniqueConstraint("prev_hash"),
        UniqueConstraint("subject", "item_seq"),
        _rule("seq", "seq >= 1"),
        _rule("item_seq", "item_seq >= 1"),
        _partial("uq_event_command_id", "command_id IS NOT NULL", "command_id", unique=True),
    )

    seq: int = _key()
    at: str = _words()
    actor: str = _words()
    command_id: str | None = _words()
    kind: str = _words()
    subject: str = _words()
    item_seq: int
    from_state: str | None = _words()
    to_state: str | None = _words()
    version: int
    payload: str = _words()
    door: str | None = _words()
    proof: str | None = _words()
    command_sha256: str | None = _words()
    mails_sha256: str | None = _words()
    prev_hash: str = _words()
    hash: str = _words()


class ReportTable(Table, table=True):
    """One unit's table for one period. `opened_no` counts the reports as they come to be."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("ref"),
        UniqueConstraint("period", "unit"),
        _rule("ref", "ref = period || '/' || unit"),
        _among("level", Level),
        _among("state", ReportState),
        _flag("sent"),
        _flag("overdue"),
        _rule("round", "round >= 1"),
        _rule("version", "version >= 0 AND seq >= 1"),
        _rule("submitted_at", "(state IN ('submitted', 'supervised')) = (submitted_at IS NOT NULL)"),
        Index("ix_report_unit_period", "unit", "period"),
        Index("ix_report_period_state", "period", "state"),
        _partial("ix_report_wake_at", "wake_at IS NOT NULL", "wake_at", "opened_no"),
        _partial("ix_report_due_at", "submitted_at IS NULL", "due_at"),
        _partial("ix_report_open", "state <> 'supervised'", "unit", "period"),
    )

    opened_no: int | None = _counted()
    ref: str = _words()
    period: str = _words()
    unit: str = _words()
    level: str = _words()
    opened_at: str = _words()
    state: str = _words()
    sent: int
    round: int
    version: int
    seq: int
    due_at: str = _words()
    overdue: int
    submitted_at: str | None = _words()
    content_sha256: str = _words()
    drafters: str = _words()
    last_actor: str | None = _words()
    holders: str = _words()
    timers_until: str = _words()
    wake_at: str | None = _words()


class EntryTable(Table, table=True):
    """One row of a report's table; the `read_` columns are what was read in `rank_text`."""

    __tablename__ = "report_entry"
    __table_args__ = (
        _among("read_kind", RankKind),
        _rule("field", "field >= 1"),
        _rule("ranked", "(read_kind = 'ranked') = (read_best IS NOT NULL AND read_worst IS NOT NULL)"),
        _rule("rank", "read_best IS NULL OR (read_best >= 1 AND read_best <= read_worst AND read_worst <= field)"),
        _rule("three_district_rank", "three_district_rank IS NULL OR three_district_rank >= 1"),
        _flag("read_tied"),
        _flag("read_estimated"),
    )

    report: str = _to("report.ref", primary_key=True)
    indicator: str = _words(primary_key=True)
    position: int
    field: int
    rank_text: str = _words()
    comparison: str = _words()
    target: str = _words()
    place: str | None = _words()
    read_kind: str = _words()
    read_best: int | None
    read_worst: int | None
    read_field: int | None
    read_tied: int | None
    read_estimated: int | None
    read_three_district_rank: int | None
    three_district_rank: int | None
    flags: str = _words()


class CaseTable(Table, table=True):
    """The follow-up of one overdue report or one lagging indicator."""

    __tablename__ = "supervision_case"
    __table_args__ = (
        _among("level", Level),
        _among("trigger", Trigger),
        _among("state", CaseState),
        _among("points_status", PointsStatus),
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

    id: int = _key()
    report: str = _to("report.ref")
    unit: str = _words()
    level: str = _words()
    indicator: str | None = _words()
    trigger: str = _words()
    opened_at: str = _words()
    opened_rank: int | None
    state: str = _words()
    version: int
    seq: int
    entered_at: str = _words()
    feedback_at: str | None = _words()
    interview_at: str | None = _words()
    appealed_at: str | None = _words()
    proposed_at: str | None = _words()
    points: int | None
    points_status: str | None = _words()
    closed_at: str | None = _words()
    timers_until: str = _words()
    wake_at: str | None = _words()


class DutyTable(Table, table=True):
    """A recurring duty of the office. `began_no` counts the duties as they come to be."""

    __tablename__ = "duty"
    __table_args__ = (
        UniqueConstraint("kind", "unit"),
        _among("kind", DutyKind),
        _rule("seq", "seq >= 1"),
        _partial("ix_duty_wake_at", "wake_at IS NOT NULL", "wake_at", "began_no"),
    )

    began_no: int | None = _counted()
    kind: str = _words()
    unit: str = _words()
    seq: int
    since: str = _words()
    timers_until: str = _words()
    wake_at: str | None = _words()


class SignOffTable(Table, table=True):
    """A signature; voided, never deleted."""

    __tablename__ = "signoff"
    __table_args__ = (
        _among("state", ReportState),
        _rule("round", "round >= 1"),
        _rule("void_seq", "void_seq > event_seq"),
        Index("ix_signoff_report", "report"),
        _partial("uq_signoff_live", "void_seq IS NULL", "report", "state", unique=True),
    )

    event_seq: int = Field(
        primary_key=True,
        sa_type=NUMBER,
        sa_column_args=(ForeignKey("event.seq"),),
        sa_column_kwargs={"autoincrement": False},
    )
    report: str = _to("report.ref")
    state: str = _words()
    round: int
    version: int
    person: str = _words()
    on_behalf_of: str | None = _words()
    at: str = _words()
    content_sha256: str = _words()
    opinion: str = _words()
    void_seq: int | None = _number("event.seq")


class ContactTable(Table, table=True):
    """A logged visit or call of a liaison officer."""

    __tablename__ = "liaison_contact"
    __table_args__ = (_flag("visit"), Index("ix_liaison_contact_unit", "unit"))

    event_seq: int = Field(
        primary_key=True,
        sa_type=NUMBER,
        sa_column_args=(ForeignKey("event.seq"),),
        sa_column_kwargs={"autoincrement": False},
    )
    unit: str = _words()
    person: str = _words()
    at: str = _words()
    visit: int
    text: str = _words()


class MessageTable(Table, table=True):
    """The outbox. While a mail is being sent, `next_attempt_at` is the end of the lease."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("message_id"),
        UniqueConstraint("event_seq", "recipient", "purpose"),
        _among("state", Delivery),
        _flag("cc"),
        _rule("attempts", "attempts >= 0"),
        _rule("sent_at", "(state = 'sent') = (sent_at IS NOT NULL)"),
        _rule("lease_until", "(state = 'sending') = (lease_until IS NOT NULL)"),
        _partial("ix_message_due", "state IN ('pending', 'sending', 'uncertain')", "next_attempt_at", "id"),
    )

    id: int | None = _counted()
    message_id: str = _words()
    event_seq: int = _number("event.seq")
    recipient: str = _words()
    address: str = _words()
    name: str = _words()
    language: str = _words()
    purpose: str = _words()
    thread: str = _words()
    cc: int
    facts: str = _words()
    audit_seq: int = _number("event.seq")
    audit_head: str = _words()
    created_at: str = _words()
    state: str = _words()
    attempts: int
    next_attempt_at: str = _words()
    lease_until: str | None = _words()
    sent_at: str | None = _words()
    last_error: str | None = _words()
    original_address: str | None = _words()
    acknowledged_at: str | None = _words()
    acknowledged_by: str | None = _words()
    acknowledged_note: str | None = _words()


class AttemptTable(Table, table=True):
    """One attempt to deliver a mail; `result` is empty while it lasts."""

    __tablename__ = "message_attempt"
    __table_args__ = (
        _among("result", Outcome),
        _rule("number", "number >= 1"),
        _rule("ended_at", "(result IS NULL) = (ended_at IS NULL)"),
    )

    message: int = Field(
        primary_key=True,
        sa_type=NUMBER,
        sa_column_args=(ForeignKey("message.id"),),
        sa_column_kwargs={"autoincrement": False},
    )
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    begun_at: str = _words()
    result: str | None = _words()
    answer: str | None = _words()
    ended_at: str | None = _words()


class FailureTable(Table, table=True):
    """A timer that failed and was set aside."""

    __tablename__ = "wake_failure"

    id: int | None = _counted()
    subject: str = _words()
    error: str = _words()
    at: str = _words()
    until: str = _words()


class HeartbeatTable(Table, table=True):
    """When the daemon last worked: the one row against which a clock is judged, and whether the queue is held."""

    __tablename__ = "heartbeat"
    __table_args__ = (_rule("id", "id = 1"), _rule("held", "(held_since IS NULL) = (held_reason IS NULL)"))

    id: int = _key()
    at: str = _words()
    pid: int
    host: str = _words()
    started_at: str = _words()
    held_since: str | None = _words()
    held_reason: str | None = _words()


METADATA = Table.metadata
