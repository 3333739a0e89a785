"""Questions are answered with what they ask for, in the promised order, on both databases."""

from datetime import timedelta
from typing import Any

from states.models import CaseState, DutyKind
from states.purposes import Purpose
from storage.database import Database
from tests.storage.builders import (
    HOUR,
    NOW,
    a_case,
    a_contact,
    a_duty,
    a_message,
    a_report,
    a_signoff,
    an_event,
    attempt,
    stored,
)

LATER = a_report(period="2015-11", overdue=True, holders=("leader", "shirong.clerk"))
SIGNED = a_report(unit="zhidui", state="section_signed", holders=("zhidui_clerk",))
DRAFT = a_report()


def test_the_board_can_be_asked_by_period_unit_state_and_light(database: Database) -> None:
    stored(database, LATER, SIGNED, DRAFT)

    assert database.reports() == database.all_reports() == [SIGNED, DRAFT, LATER]
    assert database.reports(period="2015-10") == [SIGNED, DRAFT]
    assert database.reports(unit="shirong") == [DRAFT, LATER]
    assert database.reports(state="section_signed") == [SIGNED]
    assert database.reports(overdue=True) == [LATER]
    assert database.reports(overdue=False, unit="shirong") == [DRAFT]
    assert database.reports(period="2015-10", unit="zhidui", state="draft", overdue=True) == []


def test_the_inbox_holds_what_waits_for_exactly_that_person(database: Database) -> None:
    stored(database, LATER, SIGNED, DRAFT)

    assert database.reports_held_by("shirong.clerk") == [DRAFT, LATER]
    assert database.reports_held_by("leader") == [LATER]
    assert [database.reports_held_by(name) for name in ("zhidui.clerk", "lead", "%", "")] == [[], [], [], []]


def test_cases_can_be_asked_by_unit_report_and_openness(database: Database) -> None:
    closed = a_case(1, state=CaseState.CLOSED, closed_at=NOW)
    own, other = a_case(3, indicator=None), a_case(2, report="2015-10/zhidui")
    stored(database, DRAFT, SIGNED, own, other, closed)

    assert database.cases() == database.all_cases() == [closed, other, own]
    assert database.cases(open_only=True) == [other, own]
    assert database.cases(unit="shirong", report="2015-10/shirong") == [closed, own]
    assert database.cases(open_only=True, unit="zhidui") == [other]
    assert database.case("2015-10/shirong/overdue") == own


def test_contacts_are_newest_first(database: Database) -> None:
    stored(database, events=[an_event(item_seq=n) for n in (1, 2, 3)])
    first, second, other = a_contact(1), a_contact(2, at=NOW + HOUR), a_contact(3, unit="zhidui")
    attempt(database, *(lambda tx, row=row: tx.add_contact(row) for row in (first, second, other)))

    assert database.contacts() == [second, other, first]
    assert database.contacts(unit="shirong") == [second, first]


def test_mails_can_be_asked_by_recipient_thread_and_state_and_are_counted(database: Database) -> None:
    stored(database, events=[an_event(item_seq=n) for n in (1, 2)])
    mails = [a_message(1), a_message(2, "leader", purpose=Purpose.URGE, thread="<other>"), a_message(2)]
    attempt(database, lambda tx: tx.enqueue(mails))

    assert [mail.id for mail in database.messages(recipient="shirong.head")] == [1, 3]
    assert [mail.id for mail in database.messages(thread="<other>", state="pending")] == [2]
    assert database.messages(state="sent") == []
    assert database.mail_counts() == {"signature_needed": (0, 2, 0), "urge": (0, 1, 0)}
    assert [(seq, head) for _, seq, head in database.anchors()] == [(m.audit_seq, m.audit_head) for m in mails]


def test_duties_and_signatures_are_oldest_first(database: Database) -> None:
    stored(database, DRAFT, a_duty(), a_duty(DutyKind.DIGEST), events=[an_event(item_seq=n) for n in (1, 2)])
    attempt(
        database,
        lambda tx: tx.add_signoff(a_signoff(2, state="leader_signed")),
        lambda tx: tx.add_signoff(a_signoff(1)),
    )

    assert database.duties() == database.all_duties() == [a_duty(), a_duty(DutyKind.DIGEST)]
    assert [row.event_seq for row in database.signoffs(DRAFT.ref)] == [1, 2]
    assert database.signoffs("2015-10/nobody") == []


def test_a_long_chain_is_read_whole(database: Database) -> None:
    step = timedelta(microseconds=1)
    stored(database, events=[an_event(item_seq=n, at=NOW + n * step) for n in range(1, 2502)])

    events = list(database.events())

    assert [event.seq for event in events] == list(range(1, 2502))
    assert database.head() == (2501, events[-1].hash)
    assert database.events_of("report:2015-10/shirong") == events


def test_the_cases_beside_a_month_are_the_open_ones_and_its_own(database: Database) -> None:
    closed: dict[str, Any] = {"state": CaseState.CLOSED, "closed_at": NOW}
    stored(
        database,
        a_report(),
        a_report(period="2015-09"),
        a_case(1, "2015-09/shirong", "szcg"),
        a_case(2, "2015-09/shirong", "srzz", **closed),
        a_case(3, "2015-10/shirong", "hwgg", **closed),
    )

    assert [case.id for case in database.cases_beside("2015-10")] == [1, 3]
    assert database.duty(DutyKind.LIAISON, "shirong") is None
