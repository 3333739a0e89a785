"""Who may do what to a report, when, and what comes of it (spec, part 4)."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from states import commands as c
from states import events as e
from states import report as reports
from states.errors import Incomplete, ReasonMissing, Refused, Stale, WrongActor, WrongContent, WrongState
from states.models import CaseState, Flag, Report
from states.office import SYSTEM, Role
from states.rules import Rules
from states.situation import Decided, Situation
from tests.states.builders import (
    ASSESSOR,
    BUREAU_REF,
    CLERK,
    DISTRICT_ASSESSOR,
    DISTRICT_LEADER,
    EVERYBODY,
    HEAD,
    LEADER,
    OFFICE,
    REF,
    STRANGER,
    UNIT_HEAD,
    a_case,
    a_report,
    a_report_command,
    an_appointment,
    an_entry,
    an_indicator,
    an_office,
    at,
    filled_rows,
    reviewed,
    rules,
)

NOW = at("2015-10-12 11:00")
RULES = rules()

Standing = tuple[str, bool]
DRAFT: Standing = ("draft", False)
SENT: Standing = ("draft", True)
FIRST: Standing = ("section_signed", True)
SECOND: Standing = ("leader_signed", True)
SUBMITTED: Standing = ("submitted", True)
SUPERVISED: Standing = ("supervised", True)
STANDINGS = (DRAFT, SENT, FIRST, SECOND, SUBMITTED, SUPERVISED)

DRAFTER, FIRST_SIGNER, SECOND_SIGNER, RECEIVER, REVIEWER = "drafter", "first", "second", "receiver", "reviewer"
PEOPLE = {
    "shirong": {
        DRAFTER: CLERK,
        FIRST_SIGNER: HEAD,
        SECOND_SIGNER: LEADER,
        RECEIVER: OFFICE,
        REVIEWER: ASSESSOR,
    },
    "bureau": {
        DRAFTER: OFFICE,
        FIRST_SIGNER: UNIT_HEAD,
        SECOND_SIGNER: DISTRICT_LEADER,
        RECEIVER: DISTRICT_ASSESSOR,
        REVIEWER: DISTRICT_ASSESSOR,
    },
}
ALL_POSTS = {DRAFTER, FIRST_SIGNER, SECOND_SIGNER, RECEIVER, REVIEWER}
MAY: dict[type[c.ReportCommand], dict[Standing, set[str]]] = {
    c.SaveTable: {DRAFT: {DRAFTER}, SENT: {DRAFTER}},
    c.Send: {DRAFT: {DRAFTER}},
    c.Sign: {SENT: {FIRST_SIGNER}, FIRST: {SECOND_SIGNER}},
    c.Submit: {SECOND: {DRAFTER}},
    c.Return: {SENT: {FIRST_SIGNER}, FIRST: {SECOND_SIGNER}, SUBMITTED: {RECEIVER, REVIEWER}},
    c.Withdraw: {SENT: {DRAFTER}, FIRST: {FIRST_SIGNER}, SECOND: {SECOND_SIGNER}},
    c.Review: {SUBMITTED: {REVIEWER}},
    c.Reopen: {SUPERVISED: {REVIEWER}},
    c.Urge: dict.fromkeys((DRAFT, SENT, FIRST, SECOND, SUBMITTED), ALL_POSTS),
}
TOO_LATE_FOR = {(c.Send, SENT): {DRAFTER}, (c.Urge, SUPERVISED): ALL_POSTS}
"""Where the post is right and the state wrong; others are told that the post is wrong."""
LEADS_TO = {
    (c.Sign, SENT): "section_signed",
    (c.Sign, FIRST): "leader_signed",
    (c.Submit, SECOND): "submitted",
    (c.Review, SUBMITTED): "supervised",
}


def decide(
    report: Report, kind: type[c.ReportCommand], actor: str, *, with_: Rules = RULES, **more: Any
) -> list[Decided]:
    """What the command comes to at NOW; `situation` may be among `more`."""
    situation = more.pop("situation", Situation(reports=(report,)))
    command = a_report_command(kind, actor, report.ref, **more)
    return reports.decide(report, command, situation, with_, more.pop("now", NOW))


def after(report: Report, kind: type[c.ReportCommand], actor: str, *, with_: Rules = RULES, **more: Any) -> Report:
    """The report after the command."""
    for one in decide(report, kind, actor, with_=with_, **more):
        if one.subject == f"report:{report.ref}":
            report = reports.evolve(report, one.event, at=NOW, actor=actor)  # type: ignore[arg-type]  # a report's own
    return report


def refusal(report: Report, kind: type[c.ReportCommand], actor: str, **more: Any) -> Refused:
    """Why the command is refused."""
    with pytest.raises(Refused) as refused:
        decide(report, kind, actor, **more)
    return refused.value


@pytest.mark.parametrize("unit", ["shirong", "bureau"])
@pytest.mark.parametrize("standing", STANDINGS, ids=lambda one: f"{one[0]}{'-sent' if one == SENT else ''}")
@pytest.mark.parametrize("kind", MAY, ids=lambda kind: kind.__name__)
def test_only_the_right_person_in_the_right_state_may(
    kind: type[c.ReportCommand], standing: Standing, unit: str
) -> None:
    report = a_report(standing[0], sent=standing[1], unit=unit)
    allowed = {PEOPLE[unit][post] for post in MAY[kind].get(standing, set())}
    refused = {}

    for person in EVERYBODY:
        try:
            decide(report, kind, person)
        except Refused as why:
            refused[person] = type(why)

    concerned = {PEOPLE[unit][post] for post in TOO_LATE_FOR.get((kind, standing), set())}
    reason = WrongActor if allowed or concerned else WrongState
    expected: dict[str, type[Refused]] = dict.fromkeys(set(EVERYBODY) - allowed, reason)
    assert refused == expected | dict.fromkeys(concerned, WrongState)


@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize("kind", MAY, ids=lambda kind: kind.__name__)
def test_an_allowed_act_leads_where_the_table_says(kind: type[c.ReportCommand], standing: Standing) -> None:
    report = a_report(standing[0], sent=standing[1])
    stays = standing[0] if kind is c.Urge else "draft"

    for post in MAY[kind].get(standing, set()):
        assert after(report, kind, PEOPLE["shirong"][post]).called == LEADS_TO.get((kind, standing), stays)


@pytest.mark.parametrize("standing", STANDINGS)
def test_every_act_but_urging_makes_a_new_version(standing: Standing) -> None:
    report = a_report(standing[0], sent=standing[1])

    for kind, may in MAY.items():
        for post in may.get(standing, set()):
            grown = after(report, kind, PEOPLE["shirong"][post])
            assert (grown.version - report.version, grown.seq - report.seq) == (int(kind is not c.Urge), 1)


def test_a_report_opens_with_one_empty_entry_per_indicator() -> None:
    fact = reports.open_report("2015-10", "shirong", RULES, at("2015-10-08 09:00"))

    report = reports.opened(fact, at("2015-10-08 09:00"))
    assert (report.ref, report.state, report.round, report.version) == (REF, "draft", 1, 1)
    assert [(entry.indicator, entry.rank_text, entry.field) for entry in report.entries] == [
        ("szcg", "", 11),
        ("srzz", "", 11),
    ]
    assert report.due_at == at("2015-10-13 17:00")


def test_a_bureaus_report_holds_its_sections_indicators_and_is_due_on_the_15th() -> None:
    fact = reports.open_report("2015-10", "bureau", RULES, at("2015-10-08 09:00"))

    assert [entry.indicator for entry in fact.entries] == ["szcg", "srzz", "hwgg"]
    assert fact.due_at == at("2015-10-15 17:00")


def test_a_report_opens_only_once() -> None:
    fact = reports.open_report("2015-10", "shirong", RULES, NOW)

    with pytest.raises(ValueError, match="open already"):
        reports.evolve(a_report(), fact, at=NOW, actor=SYSTEM)


def test_what_is_no_command_on_a_report_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="not a command"):
        decide(a_report(), c.ReportCommand, CLERK)


# --- edit and import -----------------------------------------------------------------------------------------------


def test_an_edit_takes_a_sent_draft_back() -> None:
    report = after(a_report(sent=True), c.SaveTable, CLERK)

    assert (report.sent, report.last_actor, report.round) == (False, None, 1)


def test_a_save_replaces_only_the_rows_it_brings() -> None:
    report = after(a_report(), c.SaveTable, CLERK, rows=filled_rows("第9", ["srzz"]))

    assert [(entry.indicator, entry.rank) for entry in report.entries] == [("szcg", 5), ("srzz", 9)]


def test_every_save_changes_the_hash_of_the_content() -> None:
    first = after(a_report(), c.SaveTable, CLERK, rows=filled_rows("第9"))
    second = after(first, c.SaveTable, CLERK, rows=filled_rows("第8"))
    again = after(second, c.SaveTable, CLERK, rows=filled_rows("第9"))

    assert first.content_sha256 == again.content_sha256 != second.content_sha256


@pytest.mark.parametrize("column", ["rank_text", "comparison", "target"])
def test_every_column_counts_for_the_hash(column: str) -> None:
    report = after(a_report(), c.SaveTable, CLERK, rows=filled_rows())

    assert (
        after(report, c.SaveTable, CLERK, rows=filled_rows(**{column: "第4"})).content_sha256 != report.content_sha256
    )


@pytest.mark.parametrize(("source", "how"), [(None, "edit"), ("十月.xlsx", "import")])
def test_a_save_says_where_its_rows_come_from(source: str | None, how: str) -> None:
    (one,) = (
        decide(a_report(), c.SaveTable, CLERK)
        if source is None
        else decide(a_report(), c.ImportForm, CLERK, rows=filled_rows(), source=source)
    )

    assert isinstance(one.event, e.TableSaved)
    assert (one.event.how, one.event.source) == (how, source)


def test_an_unreadable_rank_is_kept_as_written_and_never_guessed() -> None:
    report = after(a_report(), c.SaveTable, CLERK, rows=filled_rows("第12"))

    assert (report.entries[0].rank_text, report.entries[0].rank) == ("第12", None)


def test_the_comparison_column_gives_the_place_where_the_rank_cell_is_silent() -> None:
    stated = "鹿城第3、瓯海第5、龙湾第8"

    silent = after(a_report(), c.SaveTable, CLERK, rows=filled_rows("第8", comparison=stated))
    speaking = after(a_report(), c.SaveTable, CLERK, rows=filled_rows("全市第8（三区第2）", comparison=stated))

    assert (silent.entries[0].three_district_rank, speaking.entries[0].three_district_rank) == (3, 2)


@pytest.mark.parametrize("rows", [(), filled_rows(indicators=["hwgg"]), filled_rows(indicators=["szcg", "hwgg"])])
def test_a_table_of_other_indicators_is_refused(rows: tuple[c.RowDraft, ...]) -> None:
    why = refusal(a_report(), c.SaveTable, CLERK, rows=rows)

    assert isinstance(why, WrongContent)
    assert "szcg" in why.remedy


@pytest.mark.parametrize(("kind", "more"), [(c.SaveTable, {}), (c.ImportForm, {"source": "表.xlsx"})])
def test_a_save_that_changes_nothing_does_not_take_a_sent_draft_back(
    kind: type[c.SaveTable], more: dict[str, str]
) -> None:
    why = refusal(a_report(sent=True), kind, CLERK, rows=filled_rows("第5"), **more)

    assert isinstance(why, WrongContent)
    assert why.message.endswith("没有改动")
    assert "没有收回" in why.remedy


def test_a_table_that_came_back_may_be_confirmed_as_it_is() -> None:
    assert after(a_report(round=2), c.SaveTable, CLERK, rows=filled_rows("第5")).version == a_report().version + 1


def test_a_save_that_changes_one_of_its_rows_is_taken() -> None:
    rows = (*filled_rows("第5", ["szcg"]), *filled_rows("第4", ["srzz"]))

    assert after(a_report(), c.SaveTable, CLERK, rows=rows).entries[1].rank == 4


def test_a_consolidation_that_changes_nothing_does_not_take_a_sent_draft_back() -> None:
    report = a_report(unit="bureau", entries=(an_entry("szcg"), an_entry("srzz"), an_entry("hwgg")))
    sent = after(after(report, c.Consolidate, OFFICE), c.Send, OFFICE)

    why = refusal(sent, c.Consolidate, OFFICE)

    assert why.message == "汇总的内容与现在的表完全相同，没有改动"


def test_a_gap_is_named_without_quotation_marks_in_one_another() -> None:
    named = replace(an_indicator("szcg"), name="“三改一拆”违法建筑拆除")
    report = a_report(entries=(an_entry("szcg", comparison=""),))

    why = refusal(report, c.Send, CLERK, with_=rules(an_office(indicators=[named])))

    assert "“‘三改一拆’违法建筑拆除”没有填目前三区比较情况" in why.message


def test_a_row_given_twice_is_refused() -> None:
    why = refusal(a_report(), c.SaveTable, CLERK, rows=filled_rows(indicators=["szcg", "szcg"]))

    assert (type(why), why.message) == (WrongContent, "指标 szcg 在表中不止一行")


def test_whoever_writes_the_whole_table_anew_is_its_only_drafter() -> None:
    report = a_report(drafters=(HEAD,))

    assert after(report, c.SaveTable, CLERK).drafters == (CLERK,)
    assert after(report, c.SaveTable, CLERK, rows=filled_rows(indicators=["szcg"])).drafters == (HEAD, CLERK)


# --- consolidate ---------------------------------------------------------------------------------------------------


def consolidated(*sections: Report) -> Report:
    """The bureau's table filled from those of its sections."""
    entries = tuple(an_entry(code, 1, rank_text="旧") for code in ("szcg", "srzz", "hwgg"))
    bureau = a_report(unit="bureau", entries=entries)
    situation = Situation(sections={section.unit: section for section in sections})
    return after(bureau, c.Consolidate, OFFICE, situation=situation)


@pytest.mark.parametrize("state", ["submitted", "supervised"])
def test_consolidating_takes_the_rows_of_submitted_sections(state: str) -> None:
    table = consolidated(a_report(state))

    assert [entry.rank_text for entry in table.entries] == ["第5", "第5", "暂无排名"]
    assert [entry.place for entry in table.entries] == [REF, REF, None]


@pytest.mark.parametrize(("state", "sent"), [("draft", False), ("draft", True), ("section_signed", True)])
def test_a_section_that_did_not_submit_does_not_block_the_bureau(state: str, sent: bool) -> None:
    table = consolidated(a_report(state, sent=sent))

    assert {(entry.rank_text, entry.comparison) for entry in table.entries} == {("暂无排名", "未报送")}
    assert reports.gaps(table, RULES) == []


def test_a_consolidation_has_no_gap_even_without_a_promised_target() -> None:
    office = an_office(indicators=[replace(an_indicator("szcg"), year_end_target="")])
    bureau = a_report(unit="bureau", entries=(an_entry("szcg"),))

    table = after(bureau, c.Consolidate, OFFICE, with_=rules(office), situation=Situation())

    assert reports.gaps(table, rules(office)) == []


def test_an_indicator_the_sections_table_lacks_counts_as_not_reported() -> None:
    table = consolidated(a_report("submitted", entries=(an_entry("szcg"),)))

    assert [entry.comparison for entry in table.entries] == ["三区居中", "未报送", "未报送"]


def test_consolidating_leaves_the_bureaus_own_indicators_alone() -> None:
    office = an_office(indicators=[an_indicator("own", "bureau"), an_indicator("szcg")])
    bureau = a_report(unit="bureau", entries=(an_entry("own", 3), an_entry("szcg", 4)))

    table = after(bureau, c.Consolidate, OFFICE, with_=rules(office), situation=Situation())

    assert [entry.rank_text for entry in table.entries] == ["第3", "暂无排名"]


def test_a_section_has_nothing_to_consolidate() -> None:
    assert isinstance(refusal(a_report(), c.Consolidate, CLERK), WrongContent)


@pytest.mark.parametrize("person", [UNIT_HEAD, CLERK, SYSTEM])
def test_only_the_drafter_consolidates(person: str) -> None:
    assert isinstance(refusal(a_report(unit="bureau"), c.Consolidate, person), WrongActor)


@pytest.mark.parametrize("standing", [FIRST, SECOND, SUBMITTED, SUPERVISED])
def test_a_signed_table_is_not_consolidated(standing: Standing) -> None:
    assert isinstance(refusal(a_report(standing[0], unit="bureau"), c.Consolidate, OFFICE), WrongState)


# --- send ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "named"),
    [
        ({"rank_text": " "}, "没有填最新排名"),
        ({"rank_text": "第12"}, "“第12”无法识别"),
        ({"rank_text": "很好"}, "“很好”无法识别"),
        ({"comparison": ""}, "没有填目前三区比较情况"),
        ({"target": "\n"}, "没有填年终承诺目标"),
    ],
)
def test_a_gap_is_named_with_its_cell(gap: dict[str, str], named: str) -> None:
    rows = (*filled_rows(indicators=["srzz"]), *filled_rows(indicators=["szcg"], place="附表1 第4行", **gap))
    report = after(a_report(), c.SaveTable, CLERK, rows=rows)

    why = refusal(report, c.Send, CLERK)

    assert isinstance(why, Incomplete)
    assert f"附表1 第4行 “指标szcg”{'最新排名' if '无法' in named else ''}{named}" in why.message
    assert "srzz" not in why.message


def test_every_gap_is_named_at_once() -> None:
    fact = reports.open_report("2015-10", "shirong", RULES, NOW)
    why = refusal(reports.opened(fact, NOW), c.Send, CLERK)

    assert "6 处" in why.message
    assert why.message.count("\n") == 6


@pytest.mark.parametrize("rank", ["第5", "预估第5", "5-6", "暂无排名（年终考核）"])
def test_a_rank_an_estimate_or_no_rank_completes_a_row(rank: str) -> None:
    report = after(a_report(), c.SaveTable, CLERK, rows=filled_rows(rank))

    assert after(report, c.Send, CLERK).sent


def test_whoever_sends_counts_among_the_drafters() -> None:
    assert after(a_report(drafters=()), c.Send, CLERK).drafters == (CLERK,)


# --- sign and submit -----------------------------------------------------------------------------------------------


def test_a_signature_is_bound_to_the_content() -> None:
    report = a_report(sent=True)

    (one,) = decide(report, c.Sign, HEAD, opinion=" 同意 ", content_sha256=report.content_sha256)

    assert isinstance(one.event, e.ReportSigned)
    assert (one.event.content_sha256, one.event.opinion) == (report.content_sha256, "同意")


def test_content_other_than_the_one_shown_is_not_signed() -> None:
    assert isinstance(refusal(a_report(sent=True), c.Sign, HEAD, content_sha256="0" * 64), Stale)


@pytest.mark.parametrize("standing", [SENT, FIRST])
def test_a_drafter_may_not_sign(standing: Standing) -> None:
    signer = {SENT: HEAD, FIRST: LEADER}[standing]
    report = a_report(standing[0], sent=True, drafters=(CLERK, signer))

    assert isinstance(refusal(report, c.Sign, signer), WrongActor)


def test_a_drafter_may_sign_where_the_configuration_says_so() -> None:
    report = a_report(sent=True, drafters=(HEAD,))

    assert after(report, c.Sign, HEAD, with_=rules(drafter_may_sign=True)).state == "section_signed"


def test_the_second_signature_submits_where_the_configuration_says_so() -> None:
    report = after(a_report("section_signed"), c.Sign, LEADER, with_=rules(auto_submit=True))

    assert (report.state, report.submitted_at, report.last_actor) == ("submitted", NOW, None)


def test_the_first_signature_never_submits() -> None:
    report = after(a_report(sent=True), c.Sign, HEAD, with_=rules(auto_submit=True))

    assert report.state == "section_signed"


def test_submitting_late_keeps_the_overdue_mark() -> None:
    report = after(a_report("leader_signed", overdue=True), c.Submit, CLERK)

    assert (report.overdue, report.submitted_at) == (True, NOW)


@pytest.mark.parametrize("auto_submit", [False, True])
@pytest.mark.parametrize(("state", "closes"), [("tracking", True), ("interview", False), ("score_deduction", False)])
def test_submitting_closes_a_case_that_is_only_tracked(state: str, closes: bool, auto_submit: bool) -> None:
    kind, actor, report = (
        (c.Sign, LEADER, a_report("section_signed")) if auto_submit else (c.Submit, CLERK, a_report("leader_signed"))
    )
    situation = Situation(overdue_case=a_case(state, None))

    decided = decide(report, kind, actor, with_=rules(auto_submit=auto_submit), situation=situation)

    closed = [one.event.grounds[0].rule for one in decided if isinstance(one.event, e.CaseClosed)]
    assert closed == (["submitted"] if closes else [])


# --- return, withdraw, reopen --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "standing", "actor"),
    [
        (c.Return, SENT, HEAD),
        (c.Return, FIRST, LEADER),
        (c.Return, SUBMITTED, OFFICE),
        (c.Reopen, SUPERVISED, ASSESSOR),
    ],
)
def test_a_reason_is_needed(kind: type[c.ReportCommand], standing: Standing, actor: str) -> None:
    assert isinstance(refusal(a_report(standing[0], sent=True), kind, actor, reason=" \n"), ReasonMissing)


@pytest.mark.parametrize(("standing", "actor"), [(SENT, HEAD), (FIRST, LEADER), (SUBMITTED, OFFICE)])
def test_a_return_begins_the_next_round_unsent(standing: Standing, actor: str) -> None:
    report = after(a_report(standing[0], sent=True), c.Return, actor)

    assert (report.state, report.sent, report.round, report.last_actor) == ("draft", False, 2, None)


@pytest.mark.parametrize(("standing", "actor"), [(SENT, HEAD), (FIRST, LEADER)])
def test_a_return_before_submission_leaves_deadline_mark_and_timers(standing: Standing, actor: str) -> None:
    report = a_report(standing[0], sent=True, overdue=True)

    returned = after(report, c.Return, actor)

    assert (returned.due_at, returned.overdue, returned.timers_until) == (report.due_at, True, report.timers_until)


@pytest.mark.parametrize(
    ("kind", "state", "actor"), [(c.Return, "submitted", OFFICE), (c.Reopen, "supervised", ASSESSOR)]
)
def test_a_report_back_after_submission_starts_anew(kind: type[c.ReportCommand], state: str, actor: str) -> None:
    report = after(a_report(state, overdue=True), kind, actor)

    assert report.due_at == at("2015-10-15 17:00")
    assert (report.overdue, report.submitted_at, report.timers_until) == (False, None, NOW)
    assert (report.round, report.sent, report.state) == (2, False, "draft")


def test_a_later_deadline_is_kept_at_a_return_after_submission() -> None:
    report = a_report("submitted", due_at=at("2015-10-15 17:00") + timedelta(microseconds=1))

    assert after(report, c.Return, OFFICE).due_at == report.due_at


def test_a_reopened_report_loses_its_flags() -> None:
    report = a_report("supervised", entries=reviewed("2015-10", 10, *[]).entries)
    flagged = replace(report, entries=tuple(replace(entry, flags=tuple(Flag)) for entry in report.entries))

    assert [entry.flags for entry in after(flagged, c.Reopen, ASSESSOR).entries] == [()]


@pytest.mark.parametrize(("standing", "actor", "round_"), [(SENT, CLERK, 1), (FIRST, HEAD, 2), (SECOND, LEADER, 2)])
def test_taking_back_a_signature_begins_a_round_taking_back_a_sent_draft_does_not(
    standing: Standing, actor: str, round_: int
) -> None:
    report = after(a_report(standing[0], sent=True), c.Withdraw, actor)

    assert (report.state, report.sent, report.round) == ("draft", False, round_)


def test_a_withdrawn_act_cannot_be_withdrawn_again() -> None:
    report = after(a_report("section_signed"), c.Withdraw, HEAD)

    assert isinstance(refusal(report, c.Withdraw, HEAD), WrongState)


def test_what_another_has_acted_on_cannot_be_withdrawn() -> None:
    report = after(a_report(sent=True), c.Sign, HEAD)

    assert isinstance(refusal(report, c.Withdraw, CLERK), WrongActor)


def test_a_refusal_says_what_to_do() -> None:
    refused = 0
    for (state, sent), kind in product(STANDINGS, MAY):
        with pytest.raises(Refused) as caught:
            decide(a_report(state, sent=sent), kind, STRANGER)
        refused += bool(caught.value.message and caught.value.remedy)

    assert refused == len(STANDINGS) * len(MAY)


def test_a_post_nobody_holds_is_named_as_such() -> None:
    why = refusal(a_report(sent=True), c.Sign, HEAD, with_=rules(an_office(without=[HEAD])))

    assert isinstance(why, WrongActor)
    assert "目前无人任此职" in why.remedy


def test_a_successor_signs_from_their_first_day_on() -> None:
    successor = an_appointment("new.head", "shirong", Role.SECTION_HEAD, "2015-10-12")
    former = an_appointment(HEAD, "shirong", Role.SECTION_HEAD, until="2015-10-11")
    office = rules(an_office(successor, former, without=[HEAD]))

    assert after(a_report(sent=True), c.Sign, "new.head", with_=office).state == "section_signed"
    assert isinstance(refusal(a_report(sent=True), c.Sign, HEAD, with_=office), WrongActor)


def test_an_open_overdue_case_in_another_state_is_left_to_the_assessor() -> None:
    case = a_case("interview", None)
    decided = decide(a_report("leader_signed"), c.Submit, CLERK, situation=Situation(overdue_case=case))

    assert case.state is CaseState.INTERVIEW
    assert [one.subject for one in decided] == [f"report:{REF}"]


def test_the_bureau_report_is_its_own_subject() -> None:
    assert [one.subject for one in decide(a_report(unit="bureau"), c.Send, OFFICE)] == [f"report:{BUREAU_REF}"]
