"""The queue of outgoing mail. An attempt is written down before it is made, and only its own worker may finish it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from states.canonical import instant_text
from storage import rows
from storage import statements as sql
from storage.connection import Connection, Writer
from workflow.ports import Delivery, Message, Outcome

_LEASE_RAN_OUT = "租约到期，没有结果（lease ran out）"


def claim(writer: Writer, now: datetime, lease_until: datetime, limit: int) -> list[Message]:
    """Take up to `limit` mails whose time has come; a lease run out makes its attempt an uncertain one."""
    engine, at, lease = writer.engine, instant_text(now), instant_text(lease_until)
    due = f"{sql.DUE_MESSAGES} {engine.skip_locked}"
    with writer.lent(engine.begin_outbox) as connection:
        found = [rows.message(row) for row in connection.execute(due, (at, limit)).fetchall()]
        if found:
            _lease(connection, found, at, lease)
    return [
        replace(
            message,
            state=Delivery.SENDING,
            attempts=message.attempts + 1,
            next_attempt_at=lease_until,
            lease_until=lease_until,
        )
        for message in found
    ]


def release(writer: Writer, now: datetime) -> None:
    """End every lease: whoever held one is known to be gone. The attempts count as uncertain when claimed again."""
    at = instant_text(now)
    with writer.lent(writer.engine.begin_outbox) as connection:
        connection.execute(sql.RELEASE_LEASES, (at, at))


def _lease(connection: Connection, found: Sequence[Message], at: str, lease: str) -> None:
    lost = [message for message in found if message.state is Delivery.SENDING]
    if lost:
        connection.executemany(sql.LOSE_ATTEMPT, [(_LEASE_RAN_OUT, at, one.id, one.attempts) for one in lost])
    connection.executemany(sql.LEASE_MESSAGE, [(lease, lease, one.id) for one in found])
    connection.executemany(sql.ADD_ATTEMPT, [(one.id, one.attempts + 1, at) for one in found])


def finish(
    writer: Writer, message: Message, outcome: Outcome, now: datetime, *, answer: str, next_attempt_at: datetime | None
) -> bool:
    """Record what an attempt came to; False, and nothing recorded, when another worker holds the mail by now."""
    at, state = instant_text(now), _state_after(outcome, next_attempt_at)
    sent = state is Delivery.SENT
    change = (state.value, rows.text_or_none(next_attempt_at), at if sent else None, None if sent else answer)
    with writer.lent(writer.engine.begin_outbox) as connection:
        done = connection.execute(sql.FINISH_MESSAGE, (*change, message.id, message.attempts))
        if done.rowcount != 1:
            return False
        connection.execute(sql.FINISH_ATTEMPT, (outcome.value, answer, at, message.id, message.attempts))
        return True


def _state_after(outcome: Outcome, next_attempt_at: datetime | None) -> Delivery:
    if outcome is Outcome.ACCEPTED:
        return Delivery.SENT
    if next_attempt_at is None:
        return Delivery.DEAD
    return Delivery.UNCERTAIN if outcome is Outcome.UNCERTAIN else Delivery.PENDING
