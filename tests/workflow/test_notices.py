"""Who is told what (spec, part 11): over the whole life of a report and of its cases, in the order people are told."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from notifications.render import Renderer
from states import commands as c
from states import events as e
from states import facts
from states.grounds import from_facts, ground_words
from states.models import DutyKind, Flag, Report
from states.notices import notices_for, vacancy
from states.office import SYSTEM, Office, Post, Role
from states.purposes import Purpose
from states.situation import Applied
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
    OTHER_LEADER,
    REF,
    STRANGER,
    UNIT_HEAD,
    Desk,
    a_report,
    an_appointment,
    an_entry,
    an_indicator,
    an_office,
    at,
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


# --- nobody signs blind ----------------------------------------------------------------------------------------------
def test_who_signs_submits_or_receives_a_table_has_it_before_their_eyes() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00").submit(rows=LAGGING)
    desk.act(c.Return, OFFICE)
    shown = [Purpose.SIGNATURE_NEEDED, Purpose.SUBMISSION_NEEDED, Purpose.SUBMITTED, Purpose.RETURNED]

    for purpose in shown:
        for mail in desk.mails(purpose):
            assert [(row["rank_text"], row["worst"]) for row in rows_of(mail)] == [("第10", 10), ("第5", 5)]


def listed(told: Mapping[str, object], name: str) -> list[dict[str, Any]]:
    """A list among the facts of a mail."""
    value = told[name]
    assert isinstance(value, list)
    return value


def rows_of(mail: Message) -> list[dict[str, Any]]:
    return listed(mail.facts, "table")


def test_a_row_says_what_changed_since_last_month_and_since_the_draft_before() -> None:
    last = a_report("supervised", period="2015-09", entries=(an_entry("szcg", 7), an_entry("srzz", 5)))
    report = a_report(entries=(an_entry("szcg", 10, target="全市前8"), an_entry("srzz", None)))
    earlier = (an_entry("szcg", 9, target="全市前8"), an_entry("srzz", None, rank_text=""))

    told = facts.of_table(report, last, earlier, rules())

    first, second = listed(told, "table")
    assert told["compared"] is True
    assert (first["last"]["rank"], first["last"]["target"]) == (7, "全市前6")
    assert (first["was"], second["was"]) == ({"rank_text": "第9"}, {})
    assert (second["kind"], second["worst"]) == ("none", None)


def test_a_first_table_has_nothing_to_be_compared_with() -> None:
    told = facts.of_table(a_report(), None, (), rules())

    assert told["compared"] is False
    assert [(row["last"], row["was"]) for row in listed(told, "table")] == 2 * [(None, {})]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_however_long_the_table_every_row_is_in_the_mail(language: str) -> None:
    codes = [f"k{number:02}" for number in range(45)]
    indicators = [an_indicator(code) for code in codes]
    desk = Desk(rules_=rules(an_office(indicators=indicators))).live_until("2015-10-09 10:00")
    desk.act(c.SaveTable, CLERK, rows=filled_rows("第5", codes))
    desk.act(c.Send, CLERK)
    (mail,) = desk.mails(Purpose.SIGNATURE_NEEDED)

    letter = Renderer("https://k.example").render(replace(mail, language=language))

    assert [code for code in codes if f"指标{code}" not in letter.text or f"指标{code}" not in letter.html] == []


def test_an_edit_of_a_sent_draft_tells_the_signer_not_to_sign_yet() -> None:
    desk = Desk().live_until("2015-10-09 10:00")
    desk.act(c.SaveTable, CLERK)
    assert desk.told(Purpose.WITHDRAWN) == []
    desk.act(c.Send, CLERK)

    desk.act(c.SaveTable, CLERK, rows=filled_rows("第6", ["szcg"]))

    (mail,) = desk.mails(Purpose.WITHDRAWN)
    assert (mail.recipient, mail.facts["edited"]) == (HEAD, True)
    assert [row["was"] for row in rows_of(mail)] == [{"rank_text": "第5"}, {}]
    assert "正在修改" in Renderer("https://k.example").render(mail).text


def test_a_signature_taken_back_tells_the_drafter_that_the_table_is_theirs_and_the_next_signer_to_wait() -> None:
    desk = Desk().live_until("2015-10-09 10:00")
    desk.act(c.SaveTable, CLERK)
    for kind, actor in ((c.Send, CLERK), (c.Sign, HEAD), (c.Withdraw, HEAD)):
        desk.act(kind, actor)
    said = {mail.recipient: Renderer("https://k.example").render(mail).text for mail in desk.mails(Purpose.WITHDRAWN)}

    assert "现由您办理" in said[CLERK]
    assert "暂不办理" not in said[CLERK]
    assert "请暂不办理" in said[LEADER]


# --- the rule that fired ---------------------------------------------------------------------------------------------
def why(mail: Message) -> list[str]:
    cases = mail.facts.get("cases", [mail.facts])
    assert isinstance(cases, list)
    return [ground_words(from_facts(one)) for case in cases for one in case["grounds"]]


def test_each_step_of_a_case_names_the_rule_that_fired_with_its_numbers() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00").submit(rows=LAGGING)
    desk.live_until("2015-11-10 10:00").on_case(c.HoldInterview, ASSESSOR, f"{REF}/szcg", text="李科长承诺进位")
    desk.submit(report="2015-11/shirong", rows=LAGGING).live_until("2015-11-20 10:00")
    (opened, *_) = [mail for mail in desk.mails(Purpose.CASE_OPENED) if of_the_section(mail)]
    (interview, *_) = [mail for mail in desk.mails(Purpose.INTERVIEW_SET) if of_the_section(mail)]
    (deduction, *_) = [mail for mail in desk.mails(Purpose.DEDUCTION_PROPOSED) if of_the_section(mail)]

    assert why(opened) == ["全市第10，共11，属末3名"]
    assert why(interview) == ["立项后10个工作日内没有反馈整改情况"]
    assert why(deduction) == ["现为全市第10，立项时第10，未见进位", "每件扣1分，本年此前已计0分，全年至多10分"]


def test_a_rank_that_fell_and_one_that_improved_are_named_with_both_ranks() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-09 10:00").submit("第4")
    desk.live_until("2015-11-09 10:00").submit("第7", "2015-11/shirong")
    desk.live_until("2015-12-09 10:00").submit("第6", "2015-12/shirong").live_until("2015-12-20 10:00")

    assert why(desk.mails(Purpose.CASE_OPENED, HEAD)[-1]) == 2 * ["全市第7，比上期第4退了3名"]
    assert why(desk.mails(Purpose.CASE_CLOSED, HEAD)[-1]) == 2 * ["现为全市第6，立项时第7，已有进位"]


def test_each_rung_of_the_ladder_names_the_deadline_and_the_days() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-22 10:00")
    purposes = (Purpose.CASE_OPENED, Purpose.INTERVIEW_SET, Purpose.DEDUCTION_PROPOSED)

    assert [why(mail) for purpose in purposes for mail in desk.mails(purpose, HEAD)] == [
        *([f"应于2015年10月13日 17:00前报送，逾期{days}个工作日"] for days in (2, 4)),
        ["应于2015年10月13日 17:00前报送，逾期7个工作日", "每件扣1分，本年此前已计0分，全年至多10分"],
    ]


# --- one mail, not many ----------------------------------------------------------------------------------------------
def test_a_review_that_opens_several_cases_is_one_mail_to_each_reader_that_lists_them_all() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00").submit("第10").live_until("2015-10-15 18:00")

    told = [mail for mail in desk.mails(Purpose.CASE_OPENED) if mail.recipient in LEADING]
    assert [mail.recipient for mail in told if "cases" in mail.facts] == list(LEADING)
    assert [case["indicator_name"] for case in listed(told[0].facts, "cases")] == ["指标szcg", "指标srzz"]
    letter = Renderer("https://k.example").render(told[0])
    assert re.findall(r"https?://\S+", letter.text) == [f"https://k.example/cases/{number}" for number in (1, 2)]


def test_who_drafts_for_several_units_is_asked_once_for_all_of_them() -> None:
    office = an_office(an_appointment(CLERK, "huanwei", Role.CLERK), without=(STRANGER,))
    desk = Desk(rules_=rules(office)).live_until("2015-10-08 10:00")

    (mail,) = desk.mails(Purpose.OPENED, CLERK)
    assert [report["report"] for report in listed(mail.facts, "reports")] == [REF, "2015-10/huanwei"]
    assert "等2个单位" in Renderer("https://k.example").render(mail).subject


def one_leader_and_head() -> Office:
    """The section's head and leader have both sections; nobody else signs."""
    more = [an_appointment(HEAD, "huanwei", Role.SECTION_HEAD), an_appointment(LEADER, "huanwei", Role.LEADER)]
    return an_office(*more, without=(OTHER_HEAD, OTHER_LEADER))


def test_one_head_of_two_late_sections_has_one_mail_at_each_step() -> None:
    desk = Desk(rules_=rules(one_leader_and_head())).live_until("2015-10-15 08:00").live_until("2015-10-22 10:00")

    steps = (Purpose.OVERDUE, Purpose.CASE_OPENED, Purpose.INTERVIEW_SET, Purpose.DEDUCTION_PROPOSED)
    assert [len(desk.mails(purpose, HEAD)) for purpose in steps] == [1, 1, 1, 1]
    assert [len(listed(desk.mails(purpose, HEAD)[0].facts, "cases")) for purpose in steps[1:]] == [2, 2, 2]


def test_receivers_are_told_once_of_all_reports_that_wait_on_a_vacant_post() -> None:
    desk = Desk(rules_=rules(an_office(without=(CLERK, STRANGER)))).live_until("2015-10-08 10:00")

    (mail,) = desk.mails(Purpose.VACANT, OFFICE)
    assert [(one["report"], one["post"]) for one in listed(mail.facts, "reports")] == [
        (REF, "clerk"),
        ("2015-10/huanwei", "clerk"),
    ]
    assert "填报人" in Renderer("https://k.example").render(mail).text


def a_desk_in_november() -> Desk:
    """Two cases of the section wait for an interview; it was due on 5 November."""
    return Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00").submit("第10").live_until("2015-11-06 08:00")


def test_an_interview_is_asked_for_once_and_then_stands_in_the_assessors_daily_list() -> None:
    desk = a_desk_in_november().live_until("2015-11-12 08:00")
    mornings = [
        mail for mail in desk.mails(Purpose.ASSESSOR_DIGEST, ASSESSOR) if str(mail.facts["date"]) > "2015-11-05"
    ]

    (asked,) = (mail for mail in desk.mails(Purpose.INTERVIEW_DUE, ASSESSOR) if "cases" in mail.facts)
    assert [case["case"] for case in listed(asked.facts, "cases")] == [1, 2]
    assert [mail.facts["date"] for mail in mornings] == [f"2015-11-{day:02}" for day in (6, 9, 10, 11)]
    for mail in mornings:
        assert [(line["case"], line["late"]) for line in listed(mail.facts, "interviews")] == [(1, True), (2, True)]


def test_the_assessors_list_has_what_is_to_be_reviewed_and_what_is_ripe_to_be_judged() -> None:
    desk = Desk().live_until("2015-10-12 10:00").submit().live_until("2015-10-30 10:00")
    lists = {str(mail.facts["date"]): mail.facts for mail in desk.mails(Purpose.ASSESSOR_DIGEST, ASSESSOR)}

    assert [line["report"] for line in listed(lists["2015-10-13"], "reviews")] == [REF]
    assert [line["unit_name"] for line in listed(lists["2015-10-30"], "proposals")] == ["环卫科"]
    assert all(listed(lists[day], "proposals") == [] for day in lists if day < "2015-10-30")


def test_an_appeal_is_in_the_assessors_list_at_once() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-23 10:00")
    desk.on_case(c.Appeal, HEAD, f"{REF}/overdue", text="已交纸质表")

    (line,) = listed(
        desk.live_until("2015-10-26 10:00").mails(Purpose.ASSESSOR_DIGEST, ASSESSOR)[-1].facts, "proposals"
    )
    assert line["appealed"] is True


def test_an_assessor_without_an_office_beside_them_has_a_daily_list_too() -> None:
    desk = Desk().live_until("2015-10-22 10:00")

    mails = desk.mails(Purpose.ASSESSOR_DIGEST, DISTRICT_ASSESSOR)
    assert mails
    assert {line["unit_name"] for mail in mails for line in listed(mail.facts, "interviews")} == {"执法局"}
    assert DISTRICT_ASSESSOR not in desk.told(Purpose.DIGEST)


def test_no_list_is_sent_when_there_is_nothing_on_it() -> None:
    desk = Desk("2015-10-01 08:00", rules_=rules(an_office(indicators=[an_indicator("szcg")])))
    desk.live_until("2015-10-09 10:00").submit(rows=filled_rows("第5", ["szcg"]))
    desk.act(c.Consolidate, OFFICE, BUREAU_REF)
    for kind, actor in ((c.Send, OFFICE), (c.Sign, UNIT_HEAD), (c.Sign, DISTRICT_LEADER), (c.Submit, OFFICE)):
        desk.act(kind, actor, BUREAU_REF)
    desk.act(c.Review, ASSESSOR)
    desk.act(c.Review, DISTRICT_ASSESSOR, BUREAU_REF)
    before = len(desk.store.state.messages)

    desk.live_until("2015-10-13 18:00")

    digests = (Purpose.DIGEST, Purpose.ASSESSOR_DIGEST)
    assert [mail.purpose for mail in desk.store.state.messages[before:] if mail.purpose in digests] == []
    assert "2015-10-13 08:30" in desk.instants(e.DigestDue, "duty:digest/bureau")


def test_no_day_has_two_digests_though_downtime_ends_just_before_one() -> None:
    desk = Desk().live_until("2015-10-09 10:00").sleep_until("2015-10-13 08:10").live_until("2015-10-14 10:00")

    dates = [mail.facts["date"] for mail in desk.mails(Purpose.DIGEST)]
    assert dates == ["2015-10-09", "2015-10-13", "2015-10-14"]


# --- vacancies and deadlines -----------------------------------------------------------------------------------------
def test_a_report_that_waits_on_a_vacant_post_stands_in_the_digest() -> None:
    desk = Desk(rules_=rules(an_office(without=(HEAD,)))).live_until("2015-10-09 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)

    (line,) = listed(desk.live_until("2015-10-10 10:00").mails(Purpose.DIGEST)[-1].facts, "vacant")
    assert (line["unit_name"], line["post"]) == ("市容管理科", "section_head")


def test_receiver_and_assessor_are_told_of_a_vacant_post() -> None:
    purpose, people, _, said = vacancy(
        Post(Role.SECTION_HEAD, "shirong"), a_report("draft", sent=True), rules(), at("2015-10-09 10:00")
    )

    assert (purpose, people, said["post"]) == (Purpose.VACANT, (OFFICE, ASSESSOR), "section_head")


def test_a_holder_is_told_from_when_to_when_a_deadline_moved() -> None:
    report, moved = a_report(), e.DeadlineMoved(before=at("2015-10-13 17:00"), after=at("2015-10-12 17:00"), grounds=())
    one = Applied(f"report:{REF}", moved, report, report)

    (notice,) = notices_for([one], rules(), actor=SYSTEM, now=at("2015-10-09 10:00"))

    assert (notice.purpose, notice.recipient) == (Purpose.DEADLINE_MOVED, CLERK)
    assert (notice.facts["moved_from"], notice.facts["moved_to"]) == (
        "2015-10-13T17:00:00+08:00",
        "2015-10-12T17:00:00+08:00",
    )


# --- the bulletin ----------------------------------------------------------------------------------------------------
def bulletin(*reports: Report) -> list[tuple[object, ...]]:
    lines = facts.of_bulletin("2015-10", reports, (), rules())["ranks"]
    assert isinstance(lines, list)
    return [(line["unit_name"], line["name"], line["submitted"], line["rank"], line["flags"]) for line in lines]


def test_the_bulletin_publishes_no_rank_of_a_table_that_is_not_submitted() -> None:
    draft = a_report("section_signed", entries=(an_entry("szcg", 6), an_entry("srzz", None)))
    supervised = a_report("supervised", unit="huanwei", entries=(an_entry("hwgg", 10, flags=(Flag.LAGGING,)),))
    submitted = replace(supervised, state="submitted")

    assert bulletin(draft, supervised) == [
        ("市容管理科", "指标szcg", False, None, []),
        ("市容管理科", "指标srzz", False, None, []),
        ("环卫科", "指标hwgg", True, 10, ["lagging"]),
    ]
    assert bulletin(submitted) == [("环卫科", "指标hwgg", True, 10, [])]


def test_the_bulletin_lists_an_indicator_once_and_the_bureaus_row_only_where_it_says_something_else() -> None:
    section = a_report("submitted", entries=(an_entry("szcg", 6), an_entry("srzz", 5)))
    late = a_report("draft", unit="huanwei", entries=(an_entry("hwgg", 4),))
    rows = (an_entry("szcg", 6), an_entry("srzz", 8), an_entry("hwgg", None))
    bureau = a_report("submitted", unit="bureau", entries=rows)

    assert [(unit, name, rank) for unit, name, _, rank, _ in bulletin(bureau, section, late)] == [
        ("市容管理科", "指标szcg", 6),
        ("市容管理科", "指标srzz", 5),
        ("执法局", "指标srzz", 8),
        ("环卫科", "指标hwgg", None),
    ]


def test_a_draft_of_the_bureau_adds_no_row() -> None:
    section = a_report("submitted", entries=(an_entry("szcg", 6), an_entry("srzz", 5)))
    bureau = a_report("draft", unit="bureau", entries=(an_entry("szcg", 7), an_entry("srzz", 8)))

    assert [(unit, name) for unit, name, *_ in bulletin(bureau, section)] == [
        ("市容管理科", "指标szcg"),
        ("市容管理科", "指标srzz"),
    ]
