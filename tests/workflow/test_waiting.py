"""An inbox holds everything that waits for a person: reports, cases, visits, each with its last day."""

from datetime import datetime

import pytest

from states import commands as c
from tests.states.builders import (
    ASSESSOR,
    CLERK,
    COLLEAGUE,
    HEAD,
    LEADER,
    OFFICE,
    REF,
    STRANGER,
    Desk,
    at,
)
from workflow.queries import Board, Document
from workflow.waiting import Waiting

UNITS = {"district": "龙湾区", "bureau": "执法局", "shirong": "市容管理科", "huanwei": "环卫科"}


def waiting(desk: Desk, now: datetime | None = None) -> Waiting:
    board = Board(desk.store, timezone="Asia/Shanghai", unit_names=UNITS)
    return Waiting(desk.store, board, desk.rules, now or desk.clock.now())


def inbox(desk: Desk, person: str) -> list[tuple[object, object, object]]:
    """Kind, subject and last day of each item."""
    return [(item["kind"], item["subject"], item["until"]) for item in waiting(desk).inbox(person)]


DUE = "2015-10-13T17:00:00+08:00"


def test_a_report_asks_each_of_its_holders_for_what_he_has_to_do() -> None:
    desk = Desk().live_until("2015-10-09 10:00")
    assert inbox(desk, CLERK) == [("fill", REF, DUE)]

    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    assert inbox(desk, CLERK) == []
    assert inbox(desk, HEAD) == [("sign", REF, DUE)]

    desk.act(c.Sign, HEAD)
    assert inbox(desk, LEADER) == [("sign", REF, DUE)]

    desk.act(c.Sign, LEADER)
    assert inbox(desk, CLERK) == [("submit", REF, DUE)]

    desk.act(c.Submit, CLERK)
    assert inbox(desk, ASSESSOR) == [("review", REF, "2015-10-13T17:00:00+08:00")]


def test_an_item_says_since_when_and_bears_the_reports_line() -> None:
    desk = Desk().live_until("2015-10-14 10:00")
    (item, *_) = waiting(desk).inbox(CLERK)

    assert (item["since"], item["late"]) == ("2015-10-08T09:00:00+08:00", True)
    assert item["report"] == Board(desk.store, timezone="Asia/Shanghai", unit_names=UNITS).inbox(CLERK)[0]


def a_lagging_desk() -> Desk:
    """Both rows of the section lag and were reviewed on 12 October."""
    desk = Desk().live_until("2015-10-12 10:00").submit("第10")
    desk.act(c.Review, ASSESSOR)
    return desk


FEEDBACK_DUE = "2015-10-26T17:00:00+08:00"


@pytest.mark.parametrize("person", [CLERK, HEAD])
def test_feedback_waits_for_drafter_and_first_signer_until_it_is_given(person: str) -> None:
    desk = a_lagging_desk()
    assert inbox(desk, person) == [("feedback", "1", FEEDBACK_DUE), ("feedback", "2", FEEDBACK_DUE)]

    desk.on_case(c.GiveFeedback, CLERK, text="已增派人手")
    assert inbox(desk, person) == [("feedback", "2", FEEDBACK_DUE)]


def test_an_interview_waits_for_the_assessor_until_it_is_held() -> None:
    desk = a_lagging_desk().live_until("2015-10-26 18:00")
    interviews = [item for item in inbox(desk, ASSESSOR) if item[0] == "interview"]
    assert interviews == [
        ("interview", "1", "2015-11-02T17:00:00+08:00"),
        ("interview", "2", "2015-11-02T17:00:00+08:00"),
    ]

    desk.on_case(c.HoldInterview, ASSESSOR, text="约谈科长，承诺月底前整改")
    assert [item for item in inbox(desk, ASSESSOR) if item[0] == "interview"] == interviews[1:]
    assert [item for item in inbox(desk, CLERK) if item[0] == "interview"] == []


def test_a_deduction_waits_for_appeal_and_for_confirmation_each_in_its_time() -> None:
    desk = Desk().live_until("2015-10-23 10:00")
    until = "2015-10-29T17:00:00+08:00"
    assert ("appeal", "1", until) in inbox(desk, HEAD)
    (confirm,) = [
        item for item in waiting(desk).inbox(ASSESSOR) if item["kind"] == "confirm" and item["subject"] == "1"
    ]
    assert (confirm["from"], confirm["until"], confirm["unit"]) == (until, None, "shirong")

    desk.on_case(c.Appeal, HEAD, text="数据有误")
    (confirm,) = [
        item for item in waiting(desk).inbox(ASSESSOR) if item["kind"] == "confirm" and item["subject"] == "1"
    ]
    assert confirm["from"] is None
    assert [item for item in inbox(desk, HEAD) if item[0] == "appeal"] == []


def test_the_time_for_appeal_once_past_the_appeal_is_gone() -> None:
    desk = Desk().live_until("2015-10-23 10:00")

    late = waiting(desk, at("2015-10-29 17:01")).inbox(HEAD)
    assert [item for item in late if item["kind"] == "appeal"] == []


def test_a_visit_waits_for_the_liaison_officer_some_days_before_it_is_due() -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    desk.visit()
    desk.live_until("2015-10-20 10:00")
    assert inbox(desk, COLLEAGUE) == []

    desk.live_until("2015-10-22 10:00")
    assert inbox(desk, COLLEAGUE) == [("visit", "shirong", "2015-10-26T09:00:00+08:00")]


def test_the_most_pressing_comes_first_and_what_has_no_last_day_at_the_end() -> None:
    desk = Desk().live_until("2015-10-23 10:00")
    untils = [item["until"] for item in waiting(desk).inbox(ASSESSOR)]

    assert untils == sorted(untils, key=lambda until: (until is None, str(until)))


def test_who_has_no_part_has_nothing_to_do() -> None:
    desk = a_lagging_desk()

    assert inbox(desk, COLLEAGUE) == []
    assert [item for item in inbox(desk, STRANGER) if "shirong" in str(item)] == []
    assert [item for item in inbox(desk, OFFICE) if item[1] == REF] == []


# --- what follows for a case ---------------------------------------------------------------------------------------


def follows(desk: Desk) -> list[tuple[object, object]]:
    return [(step["what"], step["at"]) for step in waiting(desk).follows(desk.case(1))]


def test_what_follows_for_a_rank_case_at_each_of_its_steps() -> None:
    desk = a_lagging_desk()
    assert follows(desk) == [("feedback_due", FEEDBACK_DUE), ("next_review", None)]

    desk.live_until("2015-10-26 18:00")
    assert follows(desk) == [("interview_due", "2015-11-02T17:00:00+08:00")]

    desk.on_case(c.HoldInterview, ASSESSOR, text="约谈科长，承诺月底前整改")
    assert follows(desk) == [("next_review", None)]

    desk.on_case(c.CloseCase, ASSESSOR)
    assert follows(desk) == []


def test_what_follows_for_an_overdue_case_is_the_next_rung() -> None:
    desk = Desk().live_until("2015-10-15 10:00")
    assert follows(desk) == [("interview", "2015-10-19T09:00:00+08:00")]

    desk.live_until("2015-10-23 10:00")
    until = "2015-10-29T17:00:00+08:00"
    assert follows(desk) == [("appeal_until", until), ("may_confirm", until)]

    desk.on_case(c.Appeal, HEAD, text="数据有误")
    assert follows(desk) == [("may_confirm", None)]


def test_a_case_that_waits_says_why_it_stands_where_it_does() -> None:
    desk = a_lagging_desk()
    (first, *_) = [item for item in waiting(desk).inbox(CLERK) if item["kind"] == "feedback"]
    desk.live_until("2015-10-26 18:00")
    (later, *_) = [item for item in waiting(desk).inbox(ASSESSOR) if item["kind"] == "interview"]

    assert (first["rule"], [one["rule"] for one in told(first)]) == ("lagging", ["last_places"])
    assert (later["rule"], told(later)) == ("no_feedback", [{"rule": "no_feedback", "count": 10}])


def told(item: Document) -> list[Document]:
    grounds = item["grounds"]
    assert isinstance(grounds, list)
    return grounds
