"""The outbox: every attempt is written down before it is made, and only its own worker may finish it."""

from datetime import datetime, timedelta

import pytest

from storage.database import Database, engine_of
from tests.storage.builders import HOUR, NOW, a_claim, a_message, an_event, attempt, no_parameters, stored
from workflow.ports import Delivery, Message, Outcome

LEASE = timedelta(minutes=5)


def with_mails(database: Database, *mails: Message) -> None:
    stored(database, events=[an_event(item_seq=n) for n in range(1, 5)])
    attempt(database, lambda tx: tx.enqueue(mails))


def claimed(database: Database, now: datetime = NOW, limit: int = 10) -> list[Message]:
    return list(database.claim(a_claim(now, LEASE, limit)))


def the_mail(database: Database) -> Message:
    (mail,) = database.messages()
    return mail


def attempts(url: str) -> list[tuple[object, ...]]:
    statement = "SELECT message, number, result, answer FROM message_attempt ORDER BY message, number"
    return [tuple(row) for row in no_parameters(engine_of(url), statement)]


def test_what_is_due_is_claimed_once_and_oldest_first(database: Database) -> None:
    with_mails(
        database,
        a_message(1, next_attempt_at=NOW + HOUR),
        a_message(2, next_attempt_at=NOW),
        a_message(3, next_attempt_at=NOW - HOUR),
        a_message(4, next_attempt_at=NOW - HOUR),
    )

    assert [mail.event_seq for mail in claimed(database, limit=2)] == [3, 4]
    assert [mail.event_seq for mail in claimed(database)] == [2]
    assert claimed(database) == []
    assert database.waiting() == 4


def test_a_claimed_mail_bears_its_lease_and_its_attempt(database: Database, url: str) -> None:
    with_mails(database, a_message())

    (mail,) = claimed(database)

    assert (mail.state, mail.attempts, mail.lease_until) == (Delivery.SENDING, 1, NOW + LEASE)
    assert the_mail(database) == mail
    assert attempts(url) == [(1, 1, None, None)]


@pytest.mark.parametrize(
    ("outcome", "again", "state"),
    [
        (Outcome.ACCEPTED, None, Delivery.SENT),
        (Outcome.TEMPORARY, NOW + HOUR, Delivery.PENDING),
        (Outcome.UNCERTAIN, NOW + HOUR, Delivery.UNCERTAIN),
        (Outcome.PERMANENT, None, Delivery.DEAD),
        (Outcome.TEMPORARY, None, Delivery.DEAD),
        (Outcome.UNCERTAIN, None, Delivery.DEAD),
    ],
)
def test_an_outcome_is_recorded(
    database: Database, url: str, outcome: Outcome, again: datetime | None, state: Delivery
) -> None:
    with_mails(database, a_message())
    (mail,) = claimed(database)

    assert database.finish(mail, outcome, NOW + LEASE, answer="250 好的", next_attempt_at=again)

    after = the_mail(database)
    sent = outcome is Outcome.ACCEPTED
    assert (after.state, after.lease_until, after.attempts) == (state, None, 1)
    assert after.sent_at == (NOW + LEASE if sent else None)
    assert after.last_error == (None if sent else "250 好的")
    assert again is None or after.next_attempt_at == again
    assert attempts(url) == [(1, 1, outcome.value, "250 好的")]
    assert database.waiting() == (1 if again else 0)


def test_a_mail_put_off_is_claimed_when_its_time_has_come(database: Database) -> None:
    with_mails(database, a_message())
    (mail,) = claimed(database)
    database.finish(mail, Outcome.UNCERTAIN, NOW, answer="", next_attempt_at=NOW + HOUR)

    assert claimed(database, NOW + HOUR - LEASE) == []
    (again,) = claimed(database, NOW + HOUR)
    assert (again.attempts, again.message_id) == (2, mail.message_id)


def test_a_lease_run_out_counts_as_uncertain_and_its_worker_can_no_longer_finish(database: Database, url: str) -> None:
    with_mails(database, a_message())
    (slow,) = claimed(database)
    assert claimed(database, NOW + LEASE - timedelta(seconds=1)) == []
    (quick,) = claimed(database, NOW + LEASE)

    assert not database.finish(slow, Outcome.ACCEPTED, NOW + LEASE, answer="late", next_attempt_at=None)
    assert the_mail(database) == quick
    assert database.finish(quick, Outcome.ACCEPTED, NOW + LEASE, answer="250", next_attempt_at=None)
    assert [row[2] for row in attempts(url)] == ["uncertain", "accepted"]


def test_leases_of_a_dead_daemon_are_released(database: Database, url: str) -> None:
    with_mails(database, a_message(1), a_message(2, next_attempt_at=NOW + HOUR))
    (dead,) = claimed(database)

    database.release_leases(NOW + timedelta(seconds=1))

    (again,) = claimed(database, NOW + timedelta(seconds=1))
    assert (again.id, again.attempts) == (dead.id, 2)
    assert [row[2] for row in attempts(url)] == ["uncertain", None]


def test_a_finished_mail_cannot_be_finished_again(database: Database) -> None:
    with_mails(database, a_message())
    (mail,) = claimed(database)

    assert database.finish(mail, Outcome.ACCEPTED, NOW, answer="250", next_attempt_at=None)
    assert not database.finish(mail, Outcome.PERMANENT, NOW, answer="550", next_attempt_at=None)
    assert the_mail(database).state is Delivery.SENT


def test_a_mail_put_back_is_as_if_never_claimed(database: Database, url: str) -> None:
    with_mails(database, a_message())
    (mail,) = claimed(database)

    assert database.put_back(mail, answer="421 later")

    waits = the_mail(database)
    assert (waits.state, waits.attempts, waits.lease_until, waits.last_error) == (
        Delivery.PENDING,
        0,
        None,
        "421 later",
    )
    assert attempts(url) == []
    assert not database.put_back(mail, answer="too late")
    assert claimed(database, NOW - timedelta(days=9000)) != [], "due at once, whatever the clock says"


def test_a_mail_that_may_have_arrived_is_still_uncertain_when_put_back(database: Database) -> None:
    with_mails(database, a_message())
    (mail,) = claimed(database)
    database.finish(mail, Outcome.UNCERTAIN, NOW, answer="", next_attempt_at=NOW)
    (again,) = claimed(database)

    database.put_back(again, answer="421 later")

    assert (the_mail(database).state, the_mail(database).attempts) == (Delivery.UNCERTAIN, 1)


def test_a_mail_whose_worker_always_dies_is_given_up_in_the_end(database: Database, url: str) -> None:
    with_mails(database, a_message())

    for _ in range(20):
        assert len(claimed(database)) == 1
        database.release_leases(NOW)

    assert claimed(database) == []
    assert the_mail(database).state is Delivery.DEAD
    assert [row[2] for row in attempts(url)] == ["uncertain"] * 20


def test_what_a_worker_has_in_hand_it_does_not_claim_again_whatever_the_clock_says(database: Database) -> None:
    with_mails(database, a_message())
    (mail,) = claimed(database)

    for now in (NOW + timedelta(days=400), NOW - timedelta(days=400)):
        assert database.claim(a_claim(now, LEASE, 10, mail.id)) == []
    assert len(database.claim(a_claim(NOW - timedelta(days=400), LEASE, 10))) == 1


def test_dead_mails_can_be_reconsidered_and_no_others(database: Database) -> None:
    with_mails(database, a_message(1), a_message(2), a_message(3))
    dead, sent, _ = claimed(database)
    database.finish(dead, Outcome.PERMANENT, NOW, answer="550", next_attempt_at=None)
    database.finish(sent, Outcome.ACCEPTED, NOW, answer="250", next_attempt_at=None)

    assert database.reconsider([1, 2, 3], NOW + HOUR, answer="later") == 1

    assert [mail.state for mail in database.messages()] == [Delivery.PENDING, Delivery.SENT, Delivery.SENDING]
