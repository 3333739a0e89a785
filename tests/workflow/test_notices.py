"""Who is told what (spec, part 11): over the whole life of a report and of its cases, in the order people are told."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from states import commands as c
from states.models import DutyKind
from states.office import Role
from states.purposes import Purpose
from tests.states.builders import (
    ASSESSOR,
    BUREAU_REF,
    CLERK,
    COLLEAGUE,
    DISTRICT_ASSESSOR,
    DISTRICT_LEADER,
    HEAD,
    LEADER,
    OFFICE,
    OTHER_HEAD,
    REF,
    STRANGER,
    UNIT_HEAD,
    Desk,
    an_appointment,
    an_indicator,
    an_office,
    filled_rows,
    rules,
)
from workflow.ports import Message

Told = list[tuple[Purpose, str]]
Step = Callable[[Desk], object]

ONE_SECTION = an_office(indicators=[an_indicator("szcg"), an_indicator("srzz")])
LAGGING = (*filled_rows("第10", ["szcg"]), *filled_rows("第5", ["srzz"]))
LEADING = (HEAD, LEADER, ASSESSOR)


def of_the_section(mail: Message) -> bool:
    return mail.facts.get("report") == REF


def told(purpose: Purpose, *people: str) -> Told:
    return [(purpose, person) for person in people]


def until(moment: str) -> Step:
    return lambda desk: desk.live_until(moment)


def by(actor: str, kind: type[c.ReportCommand], **more: Any) -> Step:
    return lambda desk: desk.act(kind, actor, **more)


def on_case(actor: str, kind: type[c.CaseCommand]) -> Step:
    return lambda desk: desk.on_case(kind, actor)


LIFE_OF_A_REPORT: list[tuple[Step, Told]] = [
    (until("2015-10-08 10:00"), told(Purpose.OPENED, CLERK)),
    (until("2015-10-09 10:00"), told(Purpose.REMINDER, CLERK)),
    (by(OFFICE, c.Urge), told(Purpose.URGE, CLERK)),
    (by(CLERK, c.SaveTable, rows=LAGGING), []),
    (by(CLERK, c.Send), told(Purpose.SIGNATURE_NEEDED, HEAD)),
    (by(CLERK, c.Withdraw), told(Purpose.WITHDRAWN, HEAD)),
    (by(CLERK, c.Send), told(Purpose.SIGNATURE_NEEDED, HEAD)),
    (by(HEAD, c.Return), told(Purpose.RETURNED, CLERK)),
    (by(CLERK, c.Send), told(Purpose.SIGNATURE_NEEDED, HEAD)),
    (until("2015-10-12 10:00"), told(Purpose.REMINDER, HEAD)),
    (by(CLERK, c.Urge), told(Purpose.URGE, HEAD)),
    (by(HEAD, c.Sign), told(Purpose.SIGNATURE_NEEDED, LEADER)),
    (by(HEAD, c.Withdraw), told(Purpose.WITHDRAWN, CLERK, LEADER)),
    (by(CLERK, c.Send), told(Purpose.SIGNATURE_NEEDED, HEAD)),
    (by(HEAD, c.Sign), told(Purpose.SIGNATURE_NEEDED, LEADER)),
    (by(LEADER, c.Return), told(Purpose.RETURNED, CLERK, HEAD)),
    (by(CLERK, c.Send), told(Purpose.SIGNATURE_NEEDED, HEAD)),
    (by(HEAD, c.Sign), told(Purpose.SIGNATURE_NEEDED, LEADER)),
    (by(LEADER, c.Sign), told(Purpose.SUBMISSION_NEEDED, CLERK)),
    (by(LEADER, c.Withdraw), told(Purpose.WITHDRAWN, CLERK, HEAD)),
    (by(CLERK, c.Send), told(Purpose.SIGNATURE_NEEDED, HEAD)),
    (by(HEAD, c.Sign), told(Purpose.SIGNATURE_NEEDED, LEADER)),
    (by(LEADER, c.Sign), told(Purpose.SUBMISSION_NEEDED, CLERK)),
    (by(CLERK, c.Submit), told(Purpose.SUBMITTED, OFFICE, ASSESSOR)),
    (by(OFFICE, c.Return), told(Purpose.RETURNED, CLERK, HEAD, LEADER)),
    (lambda desk: [desk.act(c.Send, CLERK), desk.act(c.Sign, HEAD)], told(Purpose.SIGNATURE_NEEDED, HEAD, LEADER)),
    (by(LEADER, c.Sign), told(Purpose.SUBMISSION_NEEDED, CLERK)),
    (by(CLERK, c.Submit), told(Purpose.SUBMITTED, OFFICE, ASSESSOR)),
    (by(ASSESSOR, c.Review), told(Purpose.REVIEWED, CLERK, HEAD) + told(Purpose.CASE_OPENED, *LEADING)),
    (by(ASSESSOR, c.Reopen), told(Purpose.REOPENED, CLERK, HEAD, LEADER, OFFICE)),
]

LIFE_OF_AN_OVERDUE_REPORT: list[tuple[Step, Told]] = [
    (until("2015-10-13 16:00"), told(Purpose.OPENED, CLERK) + 3 * told(Purpose.REMINDER, CLERK)),
    (until("2015-10-13 18:00"), told(Purpose.OVERDUE, CLERK, HEAD)),
    (until("2015-10-15 10:00"), told(Purpose.CASE_OPENED, *LEADING)),
    (on_case(HEAD, c.GiveFeedback), told(Purpose.FEEDBACK_RECORDED, ASSESSOR)),
    (until("2015-10-19 10:00"), told(Purpose.INTERVIEW_SET, *LEADING)),
    (on_case(ASSESSOR, c.HoldInterview), told(Purpose.INTERVIEW_RECORDED, HEAD, LEADER)),
    (until("2015-10-22 10:00"), told(Purpose.DEDUCTION_PROPOSED, *LEADING)),
    (on_case(HEAD, c.Appeal), told(Purpose.APPEAL_RECORDED, ASSESSOR)),
    (on_case(ASSESSOR, c.ConfirmPoints), told(Purpose.DEDUCTION_CONFIRMED, *LEADING)),
]

LIFE_OF_A_LAGGING_CASE: list[tuple[Step, Told]] = [
    (until("2015-10-12 10:00"), told(Purpose.OPENED, CLERK) + 2 * told(Purpose.REMINDER, CLERK)),
    (
        lambda desk: desk.submit(rows=LAGGING),
        [
            *told(Purpose.SIGNATURE_NEEDED, HEAD, LEADER),
            *told(Purpose.SUBMISSION_NEEDED, CLERK),
            *told(Purpose.SUBMITTED, OFFICE, ASSESSOR),
        ],
    ),
    (until("2015-10-15 18:00"), told(Purpose.REVIEWED, CLERK, HEAD) + told(Purpose.CASE_OPENED, *LEADING)),
    (until("2015-10-29 18:00"), told(Purpose.INTERVIEW_SET, *LEADING)),
    (until("2015-11-06 08:00"), told(Purpose.INTERVIEW_DUE, ASSESSOR)),
    (on_case(ASSESSOR, c.CloseCase), told(Purpose.CASE_CLOSED, *LEADING)),
]


@pytest.mark.parametrize(
    "life", [LIFE_OF_A_REPORT, LIFE_OF_AN_OVERDUE_REPORT, LIFE_OF_A_LAGGING_CASE], ids=["report", "overdue", "lagging"]
)
def test_everybody_concerned_is_told_of_each_step_and_nobody_else(life: list[tuple[Step, Told]]) -> None:
    desk = Desk(rules_=rules(ONE_SECTION))
    for number, (step, expected) in enumerate(life):
        before = len(desk.store.state.messages)

        step(desk)

        new = filter(of_the_section, desk.store.state.messages[before:])
        assert [(mail.purpose, mail.recipient) for mail in new] == expected, f"step {number}"


def test_the_bureaus_own_report_goes_through_its_own_people() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00")
    before = len(desk.store.state.messages)

    desk.act(c.Consolidate, OFFICE, BUREAU_REF)
    for kind, actor in ((c.Send, OFFICE), (c.Sign, UNIT_HEAD), (c.Sign, DISTRICT_LEADER), (c.Submit, OFFICE)):
        desk.act(kind, actor, BUREAU_REF)

    assert [mail.recipient for mail in desk.store.state.messages[before:]] == [
        *(UNIT_HEAD, DISTRICT_LEADER, OFFICE, DISTRICT_ASSESSOR),
    ]


def test_the_first_signer_is_copied_when_the_drafter_is_overdue() -> None:
    desk = Desk().live_until("2015-10-13 18:00")

    assert [(mail.recipient, mail.cc) for mail in desk.mails(Purpose.OVERDUE) if of_the_section(mail)] == [
        (CLERK, False),
        (HEAD, True),
    ]


def test_the_first_signer_who_holds_the_overdue_report_gets_one_mail_and_not_as_a_copy() -> None:
    desk = Desk().live_until("2015-10-13 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)

    desk.live_until("2015-10-13 18:00")

    assert [(mail.recipient, mail.cc) for mail in desk.mails(Purpose.OVERDUE) if of_the_section(mail)] == [
        (HEAD, False)
    ]


def test_a_person_of_several_posts_is_told_once_of_one_event() -> None:
    office = an_office(an_appointment(HEAD, "bureau", Role.ASSESSOR), an_appointment(HEAD, "bureau", Role.OFFICE))
    desk = Desk(rules_=rules(office)).live_until("2015-10-12 10:00").submit("第10")
    desk.act(c.Review, ASSESSOR)

    counted = Counter((mail.event_seq, mail.recipient, mail.purpose) for mail in desk.store.state.messages)
    assert set(counted.values()) == {1}
    assert desk.told(Purpose.SUBMITTED) == [OFFICE, HEAD, ASSESSOR]


@pytest.mark.parametrize(
    ("kind", "actor", "purpose"),
    [
        (c.Return, LEADER, Purpose.RETURNED),
        (c.Withdraw, HEAD, Purpose.WITHDRAWN),
    ],
)
def test_nobody_is_told_that_they_took_a_report_back_themselves(
    kind: type[c.ReportCommand], actor: str, purpose: Purpose
) -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    desk.act(c.Sign, HEAD)

    desk.act(kind, actor)

    assert desk.told(purpose)
    assert actor not in desk.told(purpose)


def test_the_second_signature_that_submits_asks_nobody_to_submit() -> None:
    desk = Desk(rules_=rules(auto_submit=True)).live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK)
    for kind, actor in ((c.Send, CLERK), (c.Sign, HEAD), (c.Sign, LEADER)):
        desk.act(kind, actor)

    assert desk.told(Purpose.SUBMISSION_NEEDED) == []
    assert desk.told(Purpose.SUBMITTED) == [OFFICE, ASSESSOR]


def test_a_closed_case_is_told_when_the_late_report_comes() -> None:
    desk = Desk().live_until("2015-10-15 10:00").submit()

    assert desk.told(Purpose.CASE_CLOSED) == list(LEADING)


def test_waived_points_are_told_as_the_end_of_the_case() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-22 10:00")

    desk.on_case(c.WaivePoints, ASSESSOR)

    assert desk.told(Purpose.CASE_CLOSED) == list(LEADING)
    assert desk.mails(Purpose.CASE_CLOSED)[0].facts["rule"] == "points_waived"


def test_the_successor_is_told_that_the_work_is_theirs_and_the_predecessor_that_it_is_not() -> None:
    office = an_office(
        an_appointment(CLERK, "shirong", Role.CLERK, until="2015-10-11"),
        an_appointment(COLLEAGUE, "shirong", Role.CLERK, since="2015-10-12"),
        an_appointment(COLLEAGUE, "shirong", Role.LIAISON),
        without=(CLERK, COLLEAGUE),
    )
    desk = Desk(rules_=rules(office)).live_until("2015-10-12 08:00")

    assert [(mail.recipient, mail.facts["gone"]) for mail in desk.mails(Purpose.HANDED_OVER)] == [
        (COLLEAGUE, False),
        (CLERK, True),
    ]


def test_the_duties_of_the_office_are_told_to_those_who_have_them() -> None:
    desk = Desk().live_until("2015-10-29 10:00")

    assert set(desk.told(Purpose.LIAISON_DUE)) == {COLLEAGUE}
    assert set(desk.told(Purpose.LIAISON_BEHIND)) == {HEAD}
    assert set(desk.told(Purpose.DIGEST)) == {OFFICE}
    assert desk.told(Purpose.BULLETIN) == [OFFICE]


def test_all_mails_of_a_report_and_its_cases_share_a_thread_and_no_other_does() -> None:
    desk = Desk().live_until("2015-10-23 10:00")
    threads = {mail.thread for mail in desk.store.state.messages if of_the_section(mail)}
    others = {mail.thread for mail in desk.store.state.messages if not of_the_section(mail)}

    assert len(threads) == 1
    assert not threads & others


def test_every_mail_has_an_identity_of_its_own_and_the_head_of_the_chain_at_its_writing() -> None:
    desk = Desk().live_until("2015-10-23 10:00")
    mails = desk.store.state.messages
    hashes = {row.seq: row.hash for row in desk.store.state.events}

    assert len({mail.message_id for mail in mails}) == len(mails)
    assert all(mail.message_id.endswith("@test.example>") for mail in mails)
    assert all(hashes[mail.audit_seq] == mail.audit_head and mail.event_seq <= mail.audit_seq for mail in mails)


def test_the_first_drafter_of_another_section_hears_nothing_of_it() -> None:
    desk = Desk().live_until("2015-10-23 10:00")

    assert not [mail for mail in desk.store.state.messages if mail.recipient == STRANGER and of_the_section(mail)]
    assert not [mail for mail in desk.store.state.messages if mail.recipient == OTHER_HEAD and of_the_section(mail)]


def test_a_post_without_a_holder_is_no_mail_to_nobody() -> None:
    desk = Desk(rules_=rules(an_office(without=(LEADER,)))).live_until("2015-10-23 10:00")

    assert desk.told(Purpose.CASE_OPENED).count(HEAD) == 1
    assert LEADER not in {mail.recipient for mail in desk.store.state.messages}


def test_a_unit_without_a_liaison_is_reminded_of_no_visit() -> None:
    desk = Desk(rules_=rules(an_office(without=(COLLEAGUE,)))).live_until("2015-11-30 10:00")

    assert desk.told(Purpose.LIAISON_DUE) == []
    assert (DutyKind.LIAISON, "shirong") not in desk.store.state.duties
