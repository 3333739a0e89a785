"""The database itself refuses what must never be stored, whoever writes it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from states.models import CaseState, PointsStatus
from states.ranks import RankKind, RankReading
from storage.database import Database, engine_of
from storage.errors import RuleBroken
from tests.storage.builders import (
    NOW,
    a_case,
    a_contact,
    a_duty,
    a_message,
    a_report,
    a_signoff,
    an_entry,
    an_event,
    append,
    attempt,
    no_parameters,
    stored,
)
from workflow.chain import linked
from workflow.ports import Delivery, Transaction

CLOSED: dict[str, Any] = {"state": CaseState.CLOSED, "closed_at": NOW}
UNRANKED = RankReading(kind=RankKind.RANKED, best=None, worst=None)
TOO_LOW = RankReading(kind=RankKind.RANKED, best=5, worst=12)

SUBJECT = "report:2015-10/shirong"


def two_overdue_cases(tx: Transaction) -> None:
    tx.save_case(None, a_case(2, indicator=None))
    tx.save_case(None, a_case(3, indicator=None))


def two_signatures(tx: Transaction) -> None:
    tx.add_signoff(a_signoff(1))
    tx.add_signoff(a_signoff(2))


REFUSED: dict[str, Callable[[Transaction], object]] = {
    "submitted without an instant": lambda tx: tx.save_report(None, a_report(unit="fagui", state="submitted")),
    "an instant without being submitted": lambda tx: tx.save_report(None, a_report(unit="fagui", submitted_at=NOW)),
    "round zero": lambda tx: tx.save_report(None, a_report(unit="fagui", round=0)),
    "a rank outside the field": lambda tx: tx.save_report(
        None, a_report(unit="fagui", entries=(an_entry(reading=TOO_LOW),))
    ),
    "ranked without a rank": lambda tx: tx.save_report(
        None, a_report(unit="fagui", entries=(an_entry(reading=UNRANKED),))
    ),
    "a name that is not period and unit": lambda tx: tx.save_report(None, replace(a_report(), ref="x")),
    "closed without an instant": lambda tx: tx.save_case(None, a_case(2, indicator="x", state=CaseState.CLOSED)),
    "an instant without being closed": lambda tx: tx.save_case(None, a_case(2, indicator="x", closed_at=NOW)),
    "points without a status": lambda tx: tx.save_case(None, a_case(2, indicator="x", points=1, proposed_at=NOW)),
    "points without an instant": lambda tx: tx.save_case(
        None, a_case(2, indicator="x", points=1, points_status=PointsStatus.PROPOSED)
    ),
    "a second open case of an indicator": lambda tx: tx.save_case(None, a_case(2)),
    "a second open overdue case": two_overdue_cases,
    "an overdue case of an indicator": lambda tx: tx.save_case(None, replace(a_case(2, indicator=None), indicator="x")),
    "a case of no report": lambda tx: tx.save_case(None, a_case(2, report="2015-10/nobody")),
    "a second duty of a kind": lambda tx: tx.save_duty(None, a_duty()),
    "a command carried out twice": lambda tx: append(tx, an_event(item_seq=2, command_id="once")),
    "an event's number given twice": lambda tx: append(tx, an_event(item_seq=1)),
    "a fork of the chain": lambda tx: tx.append_events(
        [replace(linked([an_event(item_seq=2)], 0, "")[0], seq=9, prev_hash=tx.events_of(SUBJECT, 0)[0].prev_hash)]
    ),
    "an event after a gap": lambda tx: tx.append_events([*linked([an_event(item_seq=2)], 8, tx.head()[1])]),
    "another event in an event's place": lambda tx: tx.append_events(
        [*linked([an_event(item_seq=2)], 2, tx.events_of(SUBJECT, 0)[0].hash)]
    ),
    "an event of another history": lambda tx: tx.append_events([*linked([an_event(item_seq=2)], 3, "x")]),
    "a second signature of a step": two_signatures,
    "a signature of no report": lambda tx: tx.add_signoff(a_signoff(1, report="2015-10/nobody")),
    "a signature of no event": lambda tx: tx.add_signoff(a_signoff(9)),
    "a contact of no event": lambda tx: tx.add_contact(a_contact(9)),
    "a mail of no event": lambda tx: tx.enqueue([a_message(9)]),
    "an event told twice": lambda tx: tx.enqueue([a_message(1), a_message(1, message_id="<other@kaoji.test>")]),
    "sent without an instant": lambda tx: tx.enqueue([a_message(1, state=Delivery.SENT)]),
    "an instant without being sent": lambda tx: tx.enqueue([a_message(1, sent_at=NOW)]),
    "sending without a lease": lambda tx: tx.enqueue([a_message(1, state=Delivery.SENDING)]),
}


def an_office(database: Database) -> None:
    events = [an_event(command_id="once"), an_event("case:1"), an_event("duty:liaison/shirong")]
    stored(database, a_report(), a_case(), a_duty(), events=events)


@pytest.mark.parametrize("what", REFUSED)
def test_refused_by_the_database(database: Database, what: str) -> None:
    an_office(database)

    with pytest.raises(RuleBroken):
        attempt(database, REFUSED[what])


def test_what_is_closed_makes_room(database: Database) -> None:
    an_office(database)

    attempt(
        database,
        lambda tx: tx.save_case(a_case(), a_case(seq=2, **CLOSED)),
        lambda tx: tx.save_case(None, a_case(2)),
        lambda tx: tx.save_case(None, a_case(3, indicator=None, **CLOSED)),
        lambda tx: tx.save_case(None, a_case(4, indicator=None)),
    )
    assert [case.id for case in database.cases(open_only=True)] == [2, 4]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE event SET actor = 'somebody'", "event: UPDATE is forbidden"),
        ("DELETE FROM event", "event: DELETE is forbidden"),
        ("DELETE FROM message", "message: DELETE is forbidden"),
        ("DELETE FROM signoff", "signoff: DELETE is forbidden"),
        ("DELETE FROM liaison_contact", "liaison_contact: DELETE is forbidden"),
        ("UPDATE liaison_contact SET text = ''", "liaison_contact: UPDATE is forbidden"),
    ],
)
def test_what_is_recorded_stays(database: Database, url: str, statement: str, said: str) -> None:
    an_office(database)
    attempt(
        database,
        lambda tx: tx.add_signoff(a_signoff(1)),
        lambda tx: tx.add_contact(a_contact(1)),
        lambda tx: tx.enqueue([a_message(1)]),
    )
    engine = engine_of(url)

    with pytest.raises(engine.faults, match=said):
        no_parameters(engine, statement)
