"""The queue of outgoing mail. An attempt is written down before it is made, and only its own worker may finish it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from states.canonical import instant_text
from storage import generated as made
from storage import statements as sql
from storage.connection import Connection, Writer
from workflow.ports import AT_ONCE, Claim, Delivery, Message, Outcome

BROKEN_OFF = "发送中断，不知对方收到没有"
"""The answer of an attempt whose worker died: whether the mail had been begun to be sent, nobody knows."""
_GIVEN_UP = "发送中断了 {} 次，不再发送"


def claim(writer: Writer, asked: Claim) -> list[Message]:
    """Take up to `limit` mails whose time has come; a lease run out makes its attempt an uncertain one."""
    engine, at, lease = writer.engine, instant_text(asked.now), instant_text(asked.lease_until)
    rests, most = instant_text(asked.rests_until), asked.limit + len(asked.in_hand)
    with writer.lent(engine.begin_outbox) as connection:
        read = connection.execute(f"{sql.DUE_MESSAGES} {engine.skip_locked}", (at, most)).fetchall()
        if len(read) < most:
            ahead = (min(lease, rests), lease, rests, most - len(read))
            read += connection.execute(f"{sql.MISDATED_MESSAGES} {engine.skip_locked}", ahead).fetchall()
        # What is in hand stays there, however far the clock was set: sending it twice is what leases are to prevent.
        found = [message for message in map(made.message, read) if message.id not in asked.in_hand][: asked.limit]
        given_up = _lose(connection, found, at, asked.broken_off)
        found = [message for message in found if message.id not in given_up]
        if found:
            connection.executemany(sql.LEASE_MESSAGE, [(lease, lease, one.id) for one in found])
            connection.executemany(sql.ADD_ATTEMPT, [(one.id, one.attempts + 1, at) for one in found])
    return [
        replace(
            message,
            state=Delivery.SENDING,
            attempts=message.attempts + 1,
            next_attempt_at=asked.lease_until,
            lease_until=asked.lease_until,
        )
        for message in found
    ]


def release(writer: Writer, now: datetime) -> None:
    """End every lease: whoever held one is known to be gone. The attempts count as uncertain when claimed again."""
    at = instant_text(now)
    with writer.lent(writer.engine.begin_outbox) as connection:
        connection.execute(sql.RELEASE_LEASES, (at, at))


def _lose(connection: Connection, found: Sequence[Message], at: str, most: int) -> set[int]:
    """Note the attempts whose worker is gone. Returns the mails that had `most` of them, and are now given up."""
    given_up = set()
    for mail in found:
        if mail.state is not Delivery.SENDING:
            continue
        connection.execute(sql.LOSE_ATTEMPT, (BROKEN_OFF, at, mail.id, mail.attempts))
        if connection.execute(sql.ATTEMPTS_ENDED_SO, (mail.id, BROKEN_OFF)).fetchone()[0] >= most:
            connection.execute(sql.GIVE_UP, (_GIVEN_UP.format(most), mail.id))
            given_up.add(mail.id)
    return given_up


def finish(
    writer: Writer, message: Message, outcome: Outcome, now: datetime, *, answer: str, next_attempt_at: datetime | None
) -> bool:
    """Record what an attempt came to; False, and nothing recorded, when another worker holds the mail by now."""
    at, state = instant_text(now), _state_after(outcome, next_attempt_at)
    sent = state is Delivery.SENT
    change = (
        state.value,
        None if next_attempt_at is None else instant_text(next_attempt_at),
        at if sent else None,
        None if sent else answer,
    )
    with writer.lent(writer.engine.begin_outbox) as connection:
        done = connection.execute(sql.FINISH_MESSAGE, (*change, message.id, message.attempts))
        if done.rowcount != 1:
            return False
        connection.execute(sql.FINISH_ATTEMPT, (outcome.value, answer, at, message.id, message.attempts))
        return True


def put_back(writer: Writer, message: Message, *, answer: str) -> bool:
    """Undo the claim of a mail that was not begun; False, and nothing done, when another worker holds it by now."""
    with writer.lent(writer.engine.begin_outbox) as connection:
        values = (instant_text(AT_ONCE), answer, message.id, message.attempts)
        if connection.execute(sql.PUT_BACK, values).rowcount != 1:
            return False
        connection.execute(sql.DROP_ATTEMPT, (message.id, message.attempts))
        return True


def reconsider(writer: Writer, messages: Sequence[int], next_attempt_at: datetime, *, answer: str) -> int:
    """Let dead mails wait again. Returns how many were dead."""
    at = instant_text(next_attempt_at)
    with writer.lent(writer.engine.begin_outbox) as connection:
        return sum(connection.execute(sql.RECONSIDER, (at, answer, one)).rowcount for one in messages)


def _state_after(outcome: Outcome, next_attempt_at: datetime | None) -> Delivery:
    if outcome is Outcome.ACCEPTED:
        return Delivery.SENT
    if next_attempt_at is None:
        return Delivery.DEAD
    return Delivery.UNCERTAIN if outcome is Outcome.UNCERTAIN else Delivery.PENDING
