"""What is open to a person is what he would not be refused, and a refusal says who may."""

import pytest

from states import case as cases
from states import commands as c
from states import report as reports
from states.errors import Refused, WrongActor, WrongContent, WrongState
from states.models import CaseState, Report
from states.office import Post, Role
from states.permits import CASE_ACTS, REPORT_ACTS, Capacity, Standing, capacity, open_acts
from states.route import BUREAU_ROUTE
from states.situation import Situation
from tests.states.builders import (
    ASSESSOR,
    BUREAU_REF,
    CLERK,
    EVERYBODY,
    HEAD,
    LEADER,
    OFFICE,
    STRANGER,
    a_case,
    a_case_command,
    a_report,
    a_report_command,
    at,
    rules,
)

NOW = at("2015-10-20 10:00")
REPORT_COMMANDS: dict[str, type[c.ReportCommand]] = {
    "edit": c.SaveTable,
    "consolidate": c.Consolidate,
    "send": c.Send,
    "sign": c.Sign,
    "submit": c.Submit,
    "return": c.Return,
    "withdraw": c.Withdraw,
    "review": c.Review,
    "reopen": c.Reopen,
    "urge": c.Urge,
}
CASE_COMMANDS: dict[str, type[c.CaseCommand]] = {
    "feedback": c.GiveFeedback,
    "interview": c.HoldInterview,
    "appeal": c.Appeal,
    "confirm": c.ConfirmPoints,
    "waive": c.WaivePoints,
    "close": c.CloseCase,
}


def asked(report: Report) -> Standing:
    """The report as it stands, under the usual rules."""
    return Standing(report, rules(), NOW)


@pytest.mark.parametrize("unit", ["shirong", "bureau"])
@pytest.mark.parametrize("state", BUREAU_ROUTE.states)
def test_what_is_open_on_a_report_is_what_is_not_refused(state: str, unit: str) -> None:
    report = a_report(state, unit=unit)
    assert set(REPORT_COMMANDS) | {"import"} == set(REPORT_ACTS)

    for person in EVERYBODY:
        done = set()
        for act, kind in REPORT_COMMANDS.items():
            command = a_report_command(kind, person, report.ref)
            try:
                reports.decide(report, command, Situation(reports=(report,)), rules(), NOW)
            except Refused:
                continue
            done.add(act)
        assert set(open_acts(person, asked(report))) - {"import"} == done


@pytest.mark.parametrize("state", list(CaseState))
def test_what_is_open_on_a_case_is_what_is_not_refused(state: CaseState) -> None:
    case = a_case(state)
    assert set(CASE_COMMANDS) == set(CASE_ACTS)

    for person in EVERYBODY:
        done = set()
        for act, kind in CASE_COMMANDS.items():
            try:
                cases.decide(case, a_case_command(kind, person), rules(), NOW)
            except Refused:
                continue
            done.add(act)
        assert set(open_acts(person, Standing(case, rules(), NOW))) == done


def test_a_capacity_says_by_which_post() -> None:
    assert capacity("sign", HEAD, asked(a_report("draft", sent=True))) == Capacity(
        HEAD, Post(Role.SECTION_HEAD, "shirong")
    )
    assert capacity("return", OFFICE, asked(a_report("submitted"))) == Capacity(OFFICE, Post(Role.OFFICE, "bureau"))
    assert capacity("review", ASSESSOR, asked(a_report("submitted"))) == Capacity(
        ASSESSOR, Post(Role.ASSESSOR, "bureau")
    )
    assert str(Post(Role.LEADER, "shirong")) == "leader@shirong"


def test_taking_back_hangs_on_the_person_alone() -> None:
    assert capacity("withdraw", LEADER, asked(a_report("leader_signed"))) == Capacity(LEADER, None)


def test_a_refusal_to_sign_names_who_may() -> None:
    refused = capacity("sign", STRANGER, asked(a_report("draft", sent=True)))

    assert isinstance(refused, WrongActor)
    assert "第一签字人" in refused.message
    assert HEAD in refused.remedy


def test_who_drafted_has_nothing_to_sign_whatever_post_he_holds() -> None:
    drafted_by_the_head = asked(a_report("draft", sent=True, drafters=(CLERK, HEAD)))

    assert isinstance(capacity("sign", HEAD, drafted_by_the_head), WrongActor)
    assert "return" in open_acts(HEAD, drafted_by_the_head)


def test_a_draft_in_its_drafters_hands_is_not_there_to_be_signed() -> None:
    assert isinstance(capacity("sign", HEAD, asked(a_report("draft"))), WrongState)
    assert isinstance(capacity("send", CLERK, asked(a_report("draft", sent=True))), WrongState)


def test_a_section_has_nothing_to_consolidate() -> None:
    assert isinstance(capacity("consolidate", CLERK, asked(a_report("draft"))), WrongContent)
    assert "consolidate" in open_acts(OFFICE, asked(a_report("draft", unit="bureau")))
    assert a_report("draft", unit="bureau").ref == BUREAU_REF
