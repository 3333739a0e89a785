"""Lists read through a session say what the fixed statements say, on both databases, and count what they choose."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete

from states.purposes import Purpose
from storage.boards import Undelivered, Waiting, boards
from storage.database import open_database
from storage.errors import NoDatabase, NotWritable
from storage.generated import MESSAGE
from storage.tables import AttemptTable, MessageTable
from tests.storage.builders import HOUR, NOW, a_claim, a_message, an_event, attempt, stored
from workflow.ports import Delivery, Message, Outcome

WAITING, MANY = "对方服务器不通", "信箱已满"


@pytest.fixture
def office(url: str) -> str:
    """Mails sent, dead, taken note of and waiting, to three people."""
    with open_database(url) as database:
        stored(database, events=[an_event(item_seq=number) for number in range(1, 10)])
        told = [
            a_message(number, recipient, created_at=NOW + number * HOUR, purpose=Purpose.URGE)
            for number, recipient in enumerate(("one", "two", "one", "three", "two", "one", "one", "two"), start=1)
        ]
        attempt(database, lambda tx: tx.enqueue(told))
        first, *dead = database.claim(a_claim(NOW, HOUR, 4))
        database.finish(first, Outcome.ACCEPTED, NOW, answer="250", next_attempt_at=None)
        for mail in dead:
            database.finish(mail, Outcome.PERMANENT, NOW, answer="550", next_attempt_at=None)
        attempt(database, lambda tx: tx.acknowledge_mail(dead[0].id, by="head", note="已电话告知"))
        for mail, answer in zip(database.claim(a_claim(NOW, HOUR, 3)), (MANY, WAITING, MANY), strict=True):
            database.finish(mail, Outcome.TEMPORARY, NOW, answer=answer, next_attempt_at=NOW + HOUR)
    return url


def same(rows: Sequence[MessageTable], mails: Sequence[Message]) -> bool:
    def told(one: Any) -> list[object]:
        return [getattr(one, name) for name in MESSAGE.split(", ")]

    return [told(row) for row in rows] == [told(mail) for mail in mails]


@pytest.mark.parametrize("wanted", [{}, {"recipient": "one"}, {"state": Delivery.DEAD}, {"recipient": "nobody"}])
def test_a_session_lists_the_mails_the_fixed_statements_list(office: str, wanted: dict[str, Any]) -> None:
    with open_database(office, read_only=True) as database, boards(office) as lists:
        known = database.messages(**wanted)
        found, count = lists.mails(**wanted)

        assert same(found, known)
        assert count == len(known)


def test_the_last_of_many_are_enough(office: str) -> None:
    with open_database(office, read_only=True) as database, boards(office) as lists:
        found, count = lists.mails(recipient="one", last=2)

        assert same(found, database.messages(recipient="one")[-2:])
        assert count == 4


def test_what_waits_is_counted_with_its_reasons_the_commonest_first(office: str) -> None:
    with open_database(office, read_only=True) as database, boards(office) as lists:
        undone = [mail for mail in database.messages() if mail.state not in (Delivery.SENT, Delivery.DEAD)]

        waiting = lists.waiting()

    assert (waiting.count, waiting.since) == (len(undone), min(mail.created_at for mail in undone))
    assert waiting.why == [(MANY, 2), (WAITING, 1)]


def test_nothing_waits_in_a_new_office(url: str) -> None:
    with boards(url) as lists:
        assert lists.waiting() == Waiting(0, None, [])
        assert lists.mails() == ([], 0)


def test_what_did_not_arrive_is_told_by_receiver_until_somebody_takes_note(office: str) -> None:
    with boards(office) as lists:
        dead = lists.undelivered()

    assert [(one.recipient, [mail.event_seq for mail in one.mails]) for one in dead] == [("one", [3]), ("three", [4])]
    assert all(isinstance(one, Undelivered) for one in dead)


def test_a_list_cannot_write(office: str) -> None:
    with pytest.raises(NotWritable), boards(office) as lists:
        lists._session.execute(delete(AttemptTable))


def test_no_database_is_told_in_our_words(tmp_path: Any) -> None:
    with pytest.raises(NoDatabase), boards(f"sqlite:///{tmp_path}/none.db"):
        pass
