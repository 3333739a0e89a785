"""The fixed text of the act path: made of `storage.tables` by `python -m storage.generate`."""

# ruff: noqa: D103  what each is, storage.generate says once for all

from collections.abc import Sequence
from typing import Any

from states.models import Case, CaseState, Duty, DutyKind, Entry, Flag, PointsStatus, Report, Trigger
from states.office import Level
from states.purposes import Purpose
from states.ranks import RankKind, RankReading
from storage import stored
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

Row = Sequence[Any]
Values = tuple[Any, ...]

EVENT = (
    "seq, at, actor, command_id, kind, subject, item_seq, from_state, to_state, version, payload, door, "
    "proof, command_sha256, mails_sha256, prev_hash, hash"
)

SELECT_EVENT = f"SELECT {EVENT} FROM event"

INSERT_EVENT = (
    "INSERT INTO event (seq, at, actor, command_id, kind, subject, item_seq, from_state, to_state, "
    "version, payload, door, proof, command_sha256, mails_sha256, prev_hash, hash) VALUES (?, ?, ?, ?, ?,"
    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

REPORT = (
    "ref, period, unit, level, opened_at, route, state, step, signed, round, version, seq, due_at, "
    "overdue, submitted_at, content_sha256, drafters, last_actor, tasks, holders, timers_until, wake_at"
)

SELECT_REPORT = f"SELECT {REPORT} FROM report"

INSERT_REPORT = (
    "INSERT INTO report (ref, period, unit, level, opened_at, route, state, step, signed, round, version,"
    " seq, due_at, overdue, submitted_at, content_sha256, drafters, last_actor, tasks, holders, "
    "timers_until, wake_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

REPORT_CHANGES = (
    "state",
    "step",
    "signed",
    "round",
    "version",
    "seq",
    "due_at",
    "overdue",
    "submitted_at",
    "content_sha256",
    "drafters",
    "last_actor",
    "tasks",
    "holders",
    "timers_until",
    "wake_at",
)

ENTRY = (
    "indicator, field, rank_text, comparison, target, place, read_kind, read_best, read_worst, "
    "read_field, read_tied, read_estimated, read_three_district_rank, three_district_rank, flags"
)

SELECT_ENTRY = f"SELECT {ENTRY} FROM report_entry"

INSERT_ENTRY = (
    "INSERT INTO report_entry (report, position, indicator, field, rank_text, comparison, target, place, "
    "read_kind, read_best, read_worst, read_field, read_tied, read_estimated, read_three_district_rank, "
    "three_district_rank, flags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

CASE = (
    "id, report, unit, level, indicator, trigger, opened_at, opened_rank, state, version, seq, "
    "entered_at, feedback_at, interview_at, appealed_at, proposed_at, points, points_status, closed_at, "
    "timers_until, wake_at"
)

SELECT_CASE = f"SELECT {CASE} FROM supervision_case"

INSERT_CASE = (
    "INSERT INTO supervision_case (id, report, unit, level, indicator, trigger, opened_at, opened_rank, "
    "state, version, seq, entered_at, feedback_at, interview_at, appealed_at, proposed_at, points, "
    "points_status, closed_at, timers_until, wake_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, ?, ?, ?, ?, ?)"
)

CASE_CHANGES = (
    "state",
    "version",
    "seq",
    "entered_at",
    "feedback_at",
    "interview_at",
    "appealed_at",
    "proposed_at",
    "points",
    "points_status",
    "closed_at",
    "timers_until",
    "wake_at",
)

DUTY = "kind, unit, seq, since, timers_until, wake_at"

SELECT_DUTY = f"SELECT {DUTY} FROM duty"

INSERT_DUTY = "INSERT INTO duty (kind, unit, seq, since, timers_until, wake_at) VALUES (?, ?, ?, ?, ?, ?)"

DUTY_CHANGES = (
    "seq",
    "since",
    "timers_until",
    "wake_at",
)

TASK = "report, post, person"

SELECT_TASK = f"SELECT {TASK} FROM task"

INSERT_TASK = "INSERT INTO task (report, post, person) VALUES (?, ?, ?)"

SIGNOFF = (
    "event_seq, report, state, step, posts, round, version, person, on_behalf_of, at, content_sha256, opinion, void_seq"
)

SELECT_SIGNOFF = f"SELECT {SIGNOFF} FROM signoff"

INSERT_SIGNOFF = (
    "INSERT INTO signoff (event_seq, report, state, step, posts, round, version, person, on_behalf_of, "
    "at, content_sha256, opinion, void_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

SIGNOFF_CHANGES = ("void_seq",)

CONTACT = "event_seq, unit, person, at, visit, text"

SELECT_CONTACT = f"SELECT {CONTACT} FROM liaison_contact"

INSERT_CONTACT = "INSERT INTO liaison_contact (event_seq, unit, person, at, visit, text) VALUES (?, ?, ?, ?, ?, ?)"

MESSAGE = (
    "id, message_id, event_seq, recipient, address, name, language, purpose, thread, cc, facts, "
    "audit_seq, audit_head, created_at, state, attempts, next_attempt_at, lease_until, sent_at, "
    "last_error, original_address, acknowledged_at, acknowledged_by, acknowledged_note"
)

SELECT_MESSAGE = f"SELECT {MESSAGE} FROM message"

INSERT_MESSAGE = (
    "INSERT INTO message (message_id, event_seq, recipient, address, name, language, purpose, thread, cc,"
    " facts, audit_seq, audit_head, created_at, state, attempts, next_attempt_at, lease_until, sent_at, "
    "last_error, original_address, acknowledged_at, acknowledged_by, acknowledged_note) VALUES (?, ?, ?, "
    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

MESSAGE_CHANGES = (
    "state",
    "attempts",
    "next_attempt_at",
    "lease_until",
    "sent_at",
    "last_error",
    "original_address",
    "acknowledged_at",
    "acknowledged_by",
    "acknowledged_note",
)

ATTEMPT = "number, begun_at, result, answer, ended_at"

SELECT_ATTEMPT = f"SELECT {ATTEMPT} FROM message_attempt"

INSERT_ATTEMPT = (
    "INSERT INTO message_attempt (message, number, begun_at, result, answer, ended_at) VALUES (?, ?, ?, ?, ?, ?)"
)

ATTEMPT_CHANGES = (
    "result",
    "answer",
    "ended_at",
)

FAILURE = "subject, error, at, until"

SELECT_FAILURE = f"SELECT {FAILURE} FROM wake_failure"

INSERT_FAILURE = "INSERT INTO wake_failure (subject, error, at, until) VALUES (?, ?, ?, ?)"

HEARTBEAT = "at, pid, host, started_at, held_since, held_reason"

SELECT_HEARTBEAT = f"SELECT {HEARTBEAT} FROM heartbeat"

INSERT_HEARTBEAT = (
    "INSERT INTO heartbeat (id, at, pid, host, started_at, held_since, held_reason) VALUES (?, ?, ?, ?, ?, ?, ?)"
)

HEARTBEAT_CHANGES = (
    "at",
    "pid",
    "host",
    "started_at",
    "held_since",
    "held_reason",
)

DEFINITION = "kind, version, body, sha256, since_seq"

SELECT_DEFINITION = f"SELECT {DEFINITION} FROM definition"

INSERT_DEFINITION = "INSERT INTO definition (kind, version, body, sha256, since_seq) VALUES (?, ?, ?, ?, ?)"


def event(row: Row) -> EventRow:
    (
        seq,
        at,
        actor,
        command_id,
        kind,
        subject,
        item_seq,
        from_state,
        to_state,
        version,
        payload,
        door,
        proof,
        command_sha256,
        mails_sha256,
        prev_hash,
        hash_,
    ) = row
    return EventRow(
        seq=seq,
        at=stored.instant(at),
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


def event_values(model: EventRow) -> Values:
    return (
        model.seq,
        stored.instant_text(model.at),
        model.actor,
        model.command_id,
        model.kind,
        model.subject,
        model.item_seq,
        model.from_state,
        model.to_state,
        model.version,
        model.payload,
        model.door,
        model.proof,
        model.command_sha256,
        model.mails_sha256,
        model.prev_hash,
        model.hash,
    )


def report(row: Row, entries: tuple[Entry, ...]) -> Report:
    (
        ref,
        period,
        unit,
        level,
        opened_at,
        route,
        state,
        step,
        signed,
        round_,
        version,
        seq,
        due_at,
        overdue,
        submitted_at,
        content_sha256,
        drafters,
        last_actor,
        tasks,
        holders,
        timers_until,
        wake_at,
    ) = row
    return Report(
        ref=ref,
        period=period,
        unit=unit,
        level=Level(level),
        opened_at=stored.instant(opened_at),
        route=stored.route_of(route),
        state=state,
        step=step,
        signed=stored.signed(signed),
        round=round_,
        version=version,
        seq=seq,
        due_at=stored.instant(due_at),
        overdue=bool(overdue),
        submitted_at=None if submitted_at is None else stored.instant(submitted_at),
        content_sha256=content_sha256,
        drafters=stored.names(drafters),
        last_actor=last_actor,
        tasks=stored.tasks(tasks),
        holders=stored.names(holders),
        timers_until=stored.instant(timers_until),
        wake_at=None if wake_at is None else stored.instant(wake_at),
        entries=entries,
    )


def report_values(model: Report) -> Values:
    return (
        model.ref,
        model.period,
        model.unit,
        model.level.value,
        stored.instant_text(model.opened_at),
        stored.route_text(model.route),
        model.state,
        model.step,
        stored.json_text(model.signed),
        model.round,
        model.version,
        model.seq,
        stored.instant_text(model.due_at),
        int(model.overdue),
        None if model.submitted_at is None else stored.instant_text(model.submitted_at),
        model.content_sha256,
        stored.names_text(model.drafters),
        model.last_actor,
        stored.tasks_text(model.tasks),
        stored.names_text(model.holders),
        stored.instant_text(model.timers_until),
        None if model.wake_at is None else stored.instant_text(model.wake_at),
    )


def report_changes(model: Report) -> Values:
    return (
        model.state,
        model.step,
        stored.json_text(model.signed),
        model.round,
        model.version,
        model.seq,
        stored.instant_text(model.due_at),
        int(model.overdue),
        None if model.submitted_at is None else stored.instant_text(model.submitted_at),
        model.content_sha256,
        stored.names_text(model.drafters),
        model.last_actor,
        stored.tasks_text(model.tasks),
        stored.names_text(model.holders),
        stored.instant_text(model.timers_until),
        None if model.wake_at is None else stored.instant_text(model.wake_at),
    )


def entry(row: Row) -> Entry:
    (
        indicator,
        field,
        rank_text,
        comparison,
        target,
        place,
        read_kind,
        read_best,
        read_worst,
        read_field,
        read_tied,
        read_estimated,
        read_three_district_rank,
        three_district_rank,
        flags,
    ) = row
    return Entry(
        indicator=indicator,
        field=field,
        rank_text=rank_text,
        comparison=comparison,
        target=target,
        place=place,
        reading=RankReading(
            kind=RankKind(read_kind),
            best=read_best,
            worst=read_worst,
            stated_field=read_field,
            tied=None if read_tied is None else bool(read_tied),
            estimated=None if read_estimated is None else bool(read_estimated),
            three_district_rank=read_three_district_rank,
        ),
        three_district_rank=three_district_rank,
        flags=tuple(Flag(one) for one in stored.json_value(flags)),
    )


def entry_values(report: str, position: int, model: Entry) -> Values:
    return (
        report,
        position,
        model.indicator,
        model.field,
        model.rank_text,
        model.comparison,
        model.target,
        model.place,
        model.reading.kind.value,
        model.reading.best,
        model.reading.worst,
        model.reading.stated_field,
        None if model.reading.tied is None else int(model.reading.tied),
        None if model.reading.estimated is None else int(model.reading.estimated),
        model.reading.three_district_rank,
        model.three_district_rank,
        stored.json_text(model.flags),
    )


def case(row: Row) -> Case:
    (
        id_,
        report,
        unit,
        level,
        indicator,
        trigger,
        opened_at,
        opened_rank,
        state,
        version,
        seq,
        entered_at,
        feedback_at,
        interview_at,
        appealed_at,
        proposed_at,
        points,
        points_status,
        closed_at,
        timers_until,
        wake_at,
    ) = row
    return Case(
        id=id_,
        report=report,
        unit=unit,
        level=Level(level),
        indicator=indicator,
        trigger=Trigger(trigger),
        opened_at=stored.instant(opened_at),
        opened_rank=opened_rank,
        state=CaseState(state),
        version=version,
        seq=seq,
        entered_at=stored.instant(entered_at),
        feedback_at=None if feedback_at is None else stored.instant(feedback_at),
        interview_at=None if interview_at is None else stored.instant(interview_at),
        appealed_at=None if appealed_at is None else stored.instant(appealed_at),
        proposed_at=None if proposed_at is None else stored.instant(proposed_at),
        points=points,
        points_status=None if points_status is None else PointsStatus(points_status),
        closed_at=None if closed_at is None else stored.instant(closed_at),
        timers_until=stored.instant(timers_until),
        wake_at=None if wake_at is None else stored.instant(wake_at),
    )


def case_values(model: Case) -> Values:
    return (
        model.id,
        model.report,
        model.unit,
        model.level.value,
        model.indicator,
        model.trigger.value,
        stored.instant_text(model.opened_at),
        model.opened_rank,
        model.state.value,
        model.version,
        model.seq,
        stored.instant_text(model.entered_at),
        None if model.feedback_at is None else stored.instant_text(model.feedback_at),
        None if model.interview_at is None else stored.instant_text(model.interview_at),
        None if model.appealed_at is None else stored.instant_text(model.appealed_at),
        None if model.proposed_at is None else stored.instant_text(model.proposed_at),
        model.points,
        None if model.points_status is None else model.points_status.value,
        None if model.closed_at is None else stored.instant_text(model.closed_at),
        stored.instant_text(model.timers_until),
        None if model.wake_at is None else stored.instant_text(model.wake_at),
    )


def case_changes(model: Case) -> Values:
    return (
        model.state.value,
        model.version,
        model.seq,
        stored.instant_text(model.entered_at),
        None if model.feedback_at is None else stored.instant_text(model.feedback_at),
        None if model.interview_at is None else stored.instant_text(model.interview_at),
        None if model.appealed_at is None else stored.instant_text(model.appealed_at),
        None if model.proposed_at is None else stored.instant_text(model.proposed_at),
        model.points,
        None if model.points_status is None else model.points_status.value,
        None if model.closed_at is None else stored.instant_text(model.closed_at),
        stored.instant_text(model.timers_until),
        None if model.wake_at is None else stored.instant_text(model.wake_at),
    )


def duty(row: Row) -> Duty:
    (
        kind,
        unit,
        seq,
        since,
        timers_until,
        wake_at,
    ) = row
    return Duty(
        kind=DutyKind(kind),
        unit=unit,
        seq=seq,
        since=stored.instant(since),
        timers_until=stored.instant(timers_until),
        wake_at=None if wake_at is None else stored.instant(wake_at),
    )


def duty_values(model: Duty) -> Values:
    return (
        model.kind.value,
        model.unit,
        model.seq,
        stored.instant_text(model.since),
        stored.instant_text(model.timers_until),
        None if model.wake_at is None else stored.instant_text(model.wake_at),
    )


def duty_changes(model: Duty) -> Values:
    return (
        model.seq,
        stored.instant_text(model.since),
        stored.instant_text(model.timers_until),
        None if model.wake_at is None else stored.instant_text(model.wake_at),
    )


def task(row: Row) -> TaskRow:
    (
        report,
        post,
        person,
    ) = row
    return TaskRow(
        report=report,
        post=post,
        person=person,
    )


def task_values(model: TaskRow) -> Values:
    return (
        model.report,
        model.post,
        model.person,
    )


def signoff(row: Row) -> SignOffRow:
    (
        event_seq,
        report,
        state,
        step,
        posts,
        round_,
        version,
        person,
        on_behalf_of,
        at,
        content_sha256,
        opinion,
        void_seq,
    ) = row
    return SignOffRow(
        event_seq=event_seq,
        report=report,
        state=state,
        step=step,
        posts=stored.names(posts),
        round=round_,
        version=version,
        person=person,
        on_behalf_of=on_behalf_of,
        at=stored.instant(at),
        content_sha256=content_sha256,
        opinion=opinion,
        void_seq=void_seq,
    )


def signoff_values(model: SignOffRow) -> Values:
    return (
        model.event_seq,
        model.report,
        model.state,
        model.step,
        stored.names_text(model.posts),
        model.round,
        model.version,
        model.person,
        model.on_behalf_of,
        stored.instant_text(model.at),
        model.content_sha256,
        model.opinion,
        model.void_seq,
    )


def signoff_changes(model: SignOffRow) -> Values:
    return (model.void_seq,)


def contact(row: Row) -> ContactRow:
    (
        event_seq,
        unit,
        person,
        at,
        visit,
        text,
    ) = row
    return ContactRow(
        event_seq=event_seq,
        unit=unit,
        person=person,
        at=stored.instant(at),
        visit=bool(visit),
        text=text,
    )


def contact_values(model: ContactRow) -> Values:
    return (
        model.event_seq,
        model.unit,
        model.person,
        stored.instant_text(model.at),
        int(model.visit),
        model.text,
    )


def message(row: Row) -> Message:
    (
        id_,
        message_id,
        event_seq,
        recipient,
        address,
        name,
        language,
        purpose,
        thread,
        cc,
        facts,
        audit_seq,
        audit_head,
        created_at,
        state,
        attempts,
        next_attempt_at,
        lease_until,
        sent_at,
        last_error,
        original_address,
        acknowledged_at,
        acknowledged_by,
        acknowledged_note,
    ) = row
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
        facts=stored.json_value(facts),
        audit_seq=audit_seq,
        audit_head=audit_head,
        created_at=stored.instant(created_at),
        state=Delivery(state),
        attempts=attempts,
        next_attempt_at=stored.instant(next_attempt_at),
        lease_until=None if lease_until is None else stored.instant(lease_until),
        sent_at=None if sent_at is None else stored.instant(sent_at),
        last_error=last_error,
        original_address=original_address,
        acknowledged_at=None if acknowledged_at is None else stored.instant(acknowledged_at),
        acknowledged_by=acknowledged_by,
        acknowledged_note=acknowledged_note,
    )


def message_values(model: Message) -> Values:
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
        stored.json_text(model.facts),
        model.audit_seq,
        model.audit_head,
        stored.instant_text(model.created_at),
        model.state.value,
        model.attempts,
        stored.instant_text(model.next_attempt_at),
        None if model.lease_until is None else stored.instant_text(model.lease_until),
        None if model.sent_at is None else stored.instant_text(model.sent_at),
        model.last_error,
        model.original_address,
        None if model.acknowledged_at is None else stored.instant_text(model.acknowledged_at),
        model.acknowledged_by,
        model.acknowledged_note,
    )


def message_changes(model: Message) -> Values:
    return (
        model.state.value,
        model.attempts,
        stored.instant_text(model.next_attempt_at),
        None if model.lease_until is None else stored.instant_text(model.lease_until),
        None if model.sent_at is None else stored.instant_text(model.sent_at),
        model.last_error,
        model.original_address,
        None if model.acknowledged_at is None else stored.instant_text(model.acknowledged_at),
        model.acknowledged_by,
        model.acknowledged_note,
    )


def attempt(row: Row) -> Attempt:
    (
        number,
        begun_at,
        result,
        answer,
        ended_at,
    ) = row
    return Attempt(
        number=number,
        begun_at=stored.instant(begun_at),
        outcome=None if result is None else Outcome(result),
        answer=answer,
        ended_at=None if ended_at is None else stored.instant(ended_at),
    )


def attempt_values(message: int, model: Attempt) -> Values:
    return (
        message,
        model.number,
        stored.instant_text(model.begun_at),
        None if model.outcome is None else model.outcome.value,
        model.answer,
        None if model.ended_at is None else stored.instant_text(model.ended_at),
    )


def attempt_changes(model: Attempt) -> Values:
    return (
        None if model.outcome is None else model.outcome.value,
        model.answer,
        None if model.ended_at is None else stored.instant_text(model.ended_at),
    )


def failure(row: Row) -> WakeFailure:
    (
        subject,
        error,
        at,
        until,
    ) = row
    return WakeFailure(
        subject=subject,
        error=error,
        at=stored.instant(at),
        until=stored.instant(until),
    )


def failure_values(model: WakeFailure) -> Values:
    return (
        model.subject,
        model.error,
        stored.instant_text(model.at),
        stored.instant_text(model.until),
    )


def heartbeat(row: Row) -> Heartbeat:
    (
        at,
        pid,
        host,
        started_at,
        held_since,
        held_reason,
    ) = row
    return Heartbeat(
        at=stored.instant(at),
        pid=pid,
        host=host,
        started_at=stored.instant(started_at),
        held_since=None if held_since is None else stored.instant(held_since),
        held_reason=held_reason,
    )


def heartbeat_values(id_: int, model: Heartbeat) -> Values:
    return (
        id_,
        stored.instant_text(model.at),
        model.pid,
        model.host,
        stored.instant_text(model.started_at),
        None if model.held_since is None else stored.instant_text(model.held_since),
        model.held_reason,
    )


def heartbeat_changes(model: Heartbeat) -> Values:
    return (
        stored.instant_text(model.at),
        model.pid,
        model.host,
        stored.instant_text(model.started_at),
        None if model.held_since is None else stored.instant_text(model.held_since),
        model.held_reason,
    )


def definition(row: Row) -> DefinitionRow:
    (
        kind,
        version,
        body,
        sha256,
        since_seq,
    ) = row
    return DefinitionRow(
        kind=kind,
        version=version,
        body=body,
        sha256=sha256,
        since_seq=since_seq,
    )


def definition_values(model: DefinitionRow) -> Values:
    return (
        model.kind,
        model.version,
        model.body,
        model.sha256,
        model.since_seq,
    )
