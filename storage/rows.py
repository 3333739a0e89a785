"""Rows as models and models as rows, column by column in the order of `statements`.

Equal rows give one and the same entry: an entry is a frozen value, and most rows are read many times.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from states.canonical import instant_text
from states.models import (
    Case,
    CaseState,
    Duty,
    DutyKind,
    Entry,
    Flag,
    PointsStatus,
    Report,
    ReportState,
    Trigger,
)
from states.office import Level
from states.purposes import Purpose
from states.ranks import RankKind, RankReading
from storage.connection import Row
from workflow.ports import Attempt, ContactRow, Delivery, EventRow, Heartbeat, Message, Outcome, SignOffRow

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_instant = datetime.fromisoformat


def _instant_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def text_or_none(instant: datetime | None) -> str | None:
    """An instant as stored, where there is one."""
    return None if instant is None else instant_text(instant)


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=4096)
def _names_text(names: tuple[str, ...]) -> str:
    return _to_json(names)


# --- reports -------------------------------------------------------------------------------------------------------


def report(row: Row, entries: tuple[Entry, ...]) -> Report:
    """A report from its row and its entries."""
    (
        ref, period, unit, level, opened_at, state, sent, round_, version, seq, due_at, overdue, submitted_at, sha,
        drafters, last_actor, holders, timers_until, wake_at,
    ) = row  # fmt: skip
    return Report(
        ref=ref,
        period=period,
        unit=unit,
        level=Level(level),
        state=ReportState(state),
        sent=bool(sent),
        round=round_,
        version=version,
        seq=seq,
        opened_at=_instant(opened_at),
        due_at=_instant(due_at),
        overdue=bool(overdue),
        submitted_at=_instant_or_none(submitted_at),
        content_sha256=sha,
        drafters=_names(drafters),
        last_actor=last_actor,
        holders=_names(holders),
        timers_until=_instant(timers_until),
        wake_at=_instant_or_none(wake_at),
        entries=entries,
    )


def report_kept(model: Report) -> tuple[Any, ...]:
    """What of a report never changes."""
    return model.ref, model.period, model.unit, model.level.value, instant_text(model.opened_at)


def report_changed(model: Report) -> tuple[Any, ...]:
    """What of a report may change, but for its entries."""
    return (
        model.state.value,
        int(model.sent),
        model.round,
        model.version,
        model.seq,
        instant_text(model.due_at),
        int(model.overdue),
        text_or_none(model.submitted_at),
        model.content_sha256,
        _names_text(model.drafters),
        model.last_actor,
        _names_text(model.holders),
        instant_text(model.timers_until),
        text_or_none(model.wake_at),
    )


@lru_cache(maxsize=16384)
def entry(row: tuple[Any, ...]) -> Entry:
    """An entry from its row."""
    (
        indicator, field, rank_text, comparison, target, place, kind, best, worst, stated_field, tied, estimated,
        read_three_district_rank, three_district_rank, flags,
    ) = row  # fmt: skip
    reading = RankReading(
        kind=RankKind(kind),
        best=best,
        worst=worst,
        stated_field=stated_field,
        tied=None if tied is None else bool(tied),
        estimated=None if estimated is None else bool(estimated),
        three_district_rank=read_three_district_rank,
    )
    return Entry(
        indicator=indicator,
        field=field,
        rank_text=rank_text,
        comparison=comparison,
        target=target,
        place=place,
        reading=reading,
        three_district_rank=three_district_rank,
        flags=tuple(Flag(flag) for flag in json.loads(flags)),
    )


def entries_by_report(rows: Iterable[Row]) -> dict[str, tuple[Entry, ...]]:
    """The entries of several reports; each row begins with its report."""
    found: dict[str, list[Entry]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(entry(tuple(row[1:])))
    return {ref: tuple(entries) for ref, entries in found.items()}


def entry_values(model: Entry) -> tuple[Any, ...]:
    """An entry as a row."""
    reading = model.reading
    return (
        model.indicator,
        model.field,
        model.rank_text,
        model.comparison,
        model.target,
        model.place,
        reading.kind.value,
        reading.best,
        reading.worst,
        reading.stated_field,
        None if reading.tied is None else int(reading.tied),
        None if reading.estimated is None else int(reading.estimated),
        reading.three_district_rank,
        model.three_district_rank,
        _to_json(model.flags),
    )


# --- cases and duties ----------------------------------------------------------------------------------------------


def case(row: Row) -> Case:
    """A case from its row."""
    (
        id_, report_, unit, level, indicator, trigger, opened_at, opened_rank, state, version, seq, entered_at,
        feedback_at, interview_at, appealed_at, proposed_at, points, points_status, closed_at, timers_until, wake_at,
    ) = row  # fmt: skip
    return Case(
        id=id_,
        report=report_,
        unit=unit,
        level=Level(level),
        indicator=indicator,
        trigger=Trigger(trigger),
        state=CaseState(state),
        version=version,
        seq=seq,
        opened_at=_instant(opened_at),
        opened_rank=opened_rank,
        entered_at=_instant(entered_at),
        feedback_at=_instant_or_none(feedback_at),
        interview_at=_instant_or_none(interview_at),
        appealed_at=_instant_or_none(appealed_at),
        proposed_at=_instant_or_none(proposed_at),
        points=points,
        points_status=None if points_status is None else PointsStatus(points_status),
        closed_at=_instant_or_none(closed_at),
        timers_until=_instant(timers_until),
        wake_at=_instant_or_none(wake_at),
    )


def case_kept(model: Case) -> tuple[Any, ...]:
    """What of a case never changes."""
    return (
        model.id,
        model.report,
        model.unit,
        model.level.value,
        model.indicator,
        model.trigger.value,
        instant_text(model.opened_at),
        model.opened_rank,
    )


def case_changed(model: Case) -> tuple[Any, ...]:
    """What of a case may change."""
    return (
        model.state.value,
        model.version,
        model.seq,
        instant_text(model.entered_at),
        text_or_none(model.feedback_at),
        text_or_none(model.interview_at),
        text_or_none(model.appealed_at),
        text_or_none(model.proposed_at),
        model.points,
        None if model.points_status is None else model.points_status.value,
        text_or_none(model.closed_at),
        instant_text(model.timers_until),
        text_or_none(model.wake_at),
    )


def duty(row: Row) -> Duty:
    """A duty from its row."""
    kind, unit, seq, since, timers_until, wake_at = row
    return Duty(
        kind=DutyKind(kind),
        unit=unit,
        seq=seq,
        since=_instant(since),
        timers_until=_instant(timers_until),
        wake_at=_instant_or_none(wake_at),
    )


def duty_changed(model: Duty) -> tuple[Any, ...]:
    """What of a duty may change."""
    return (
        model.seq,
        instant_text(model.since),
        instant_text(model.timers_until),
        text_or_none(model.wake_at),
    )


# --- what only grows -----------------------------------------------------------------------------------------------


def event(row: Row) -> EventRow:
    """An event from its row."""
    (
        seq, at, actor, command_id, kind, subject, item_seq, from_state, to_state, version, payload, door, proof,
        command_sha256, mails_sha256, prev_hash, hash_,
    ) = row  # fmt: skip
    return EventRow(
        seq=seq,
        at=_instant(at),
        actor=actor,
        command_id=command_id,
        kind=kind,
        subject=subject,
        item_seq=item_seq,
        from_state=from_state,
        to_state=to_state,
        version=version,
        payload=payload,
        door=door,
        proof=proof,
        command_sha256=command_sha256,
        mails_sha256=mails_sha256,
        prev_hash=prev_hash,
        hash=hash_,
    )


def event_values(row: EventRow) -> tuple[Any, ...]:
    """An event as a row."""
    return (
        row.seq,
        instant_text(row.at),
        row.actor,
        row.command_id,
        row.kind,
        row.subject,
        row.item_seq,
        row.from_state,
        row.to_state,
        row.version,
        row.payload,
        row.door,
        row.proof,
        row.command_sha256,
        row.mails_sha256,
        row.prev_hash,
        row.hash,
    )


def signoff(row: Row) -> SignOffRow:
    """A signature from its row."""
    report_, state, round_, version, person, on_behalf_of, at, sha, opinion, event_seq, void_seq = row
    return SignOffRow(
        report=report_,
        state=state,
        round=round_,
        version=version,
        person=person,
        on_behalf_of=on_behalf_of,
        at=_instant(at),
        content_sha256=sha,
        opinion=opinion,
        event_seq=event_seq,
        void_seq=void_seq,
    )


def signoff_values(row: SignOffRow) -> tuple[Any, ...]:
    """A signature as a row."""
    return (
        row.report,
        row.state,
        row.round,
        row.version,
        row.person,
        row.on_behalf_of,
        instant_text(row.at),
        row.content_sha256,
        row.opinion,
        row.event_seq,
        row.void_seq,
    )


def contact(row: Row) -> ContactRow:
    """A liaison contact from its row."""
    unit, person, at, visit, text, event_seq = row
    return ContactRow(unit=unit, person=person, at=_instant(at), visit=bool(visit), text=text, event_seq=event_seq)


def contact_values(row: ContactRow) -> tuple[Any, ...]:
    """A liaison contact as a row."""
    return row.unit, row.person, instant_text(row.at), int(row.visit), row.text, row.event_seq


def message(row: Row) -> Message:
    """A mail from its row."""
    (
        id_, message_id, event_seq, recipient, address, name, language, purpose, thread, cc, facts, audit_seq,
        audit_head, created_at, state, attempts, next_attempt_at, lease_until, sent_at, last_error, original_address,
        acknowledged_at, acknowledged_by, acknowledged_note,
    ) = row  # fmt: skip
    return Message(
        id=id_,
        message_id=message_id,
        event_seq=event_seq,
        recipient=recipient,
        address=address,
        name=name,
        language=language,
        purpose=Purpose(purpose),
        thread=thread,
        cc=bool(cc),
        facts=json.loads(facts),
        audit_seq=audit_seq,
        audit_head=audit_head,
        created_at=_instant(created_at),
        state=Delivery(state),
        attempts=attempts,
        next_attempt_at=_instant(next_attempt_at),
        lease_until=_instant_or_none(lease_until),
        sent_at=_instant_or_none(sent_at),
        last_error=last_error,
        original_address=original_address,
        acknowledged_at=_instant_or_none(acknowledged_at),
        acknowledged_by=acknowledged_by,
        acknowledged_note=acknowledged_note,
    )


def message_values(model: Message) -> tuple[Any, ...]:
    """A mail as a row, but for its number."""
    return (
        model.message_id,
        model.event_seq,
        model.recipient,
        model.address,
        model.name,
        model.language,
        model.purpose.value,
        model.thread,
        int(model.cc),
        _to_json(model.facts),
        model.audit_seq,
        model.audit_head,
        instant_text(model.created_at),
        model.state.value,
        model.attempts,
        instant_text(model.next_attempt_at),
        text_or_none(model.lease_until),
        text_or_none(model.sent_at),
        model.last_error,
        model.original_address,
        text_or_none(model.acknowledged_at),
        model.acknowledged_by,
        model.acknowledged_note,
    )


def attempt(row: Row) -> Attempt:
    """An attempt to deliver a mail from its row."""
    number, begun_at, result, answer, ended_at = row
    return Attempt(
        number=number,
        begun_at=_instant(begun_at),
        outcome=None if result is None else Outcome(result),
        answer=answer,
        ended_at=_instant_or_none(ended_at),
    )


def heartbeat(row: Row) -> Heartbeat:
    """The daemon's heartbeat from its row."""
    at, pid, host, started_at, held_since, held_reason = row
    return Heartbeat(
        at=_instant(at),
        pid=pid,
        host=host,
        started_at=_instant(started_at),
        held_since=_instant_or_none(held_since),
        held_reason=held_reason,
    )
