"""Behind every deadline, flag, step and point stand a rule with its numbers, an event and a person."""

from states import commands as c
from tests.states.builders import ASSESSOR, CLERK, HEAD, Desk, an_indicator, an_office, filled_rows, rules
from tests.workflow.test_queries import board_of
from workflow.queries import Document
from workflow.why import Why

ONE_SECTION = an_office(indicators=[an_indicator("szcg"), an_indicator("srzz")])


def why(desk: Desk) -> Why:
    return Why(desk.store, board_of(desk.store))


def told(reasons: list[Document]) -> list[tuple[object, object, object]]:
    return [(one["about"], one["rule"], one["person"]) for one in reasons]


def test_a_report_is_due_by_the_day_of_the_month_until_it_is_sent_back() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00").submit()
    desk.act(c.Return, ASSESSOR, reason="数据有误")
    opened, returned = why(desk).report(desk.report())

    assert opened["grounds"] == [{"rule": "due_day", "count": 13, "due_at": "2015-10-13T17:00:00+08:00"}]
    assert (opened["about"], opened["person"], opened["rules_since"]) == ("deadline", "system", None)
    assert returned["grounds"] == [{"rule": "correction", "count": 3, "due_at": "2015-10-15T17:00:00+08:00"}]
    assert (returned["about"], returned["person"], returned["text"]) == ("deadline", ASSESSOR, "数据有误")


def test_an_overdue_report_names_every_rung_and_the_steps_of_its_case() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-23 10:00")
    desk.on_case(c.WaivePoints, ASSESSOR, reason="酌情不扣")
    reasons = why(desk).report(desk.report())

    assert told(reasons) == [
        ("deadline", "due_day", "system"),
        ("overdue", "not_submitted", "system"),
        ("overdue", "overdue", "system"),
        ("case", "overdue", "system"),
        ("overdue", "overdue", "system"),
        ("case", "overdue", "system"),
        ("overdue", "overdue", "system"),
        ("points", "overdue", "system"),
        ("points", None, ASSESSOR),
    ]
    assert reasons[-1]["text"] == "酌情不扣"
    assert reasons[-2]["grounds"] == [
        {"rule": "overdue", "count": 7, "due_at": "2015-10-13T17:00:00+08:00"},
        {"rule": "points", "count": 1, "used": 0, "limit": 10},
    ]


def test_a_flag_names_the_tests_that_fired_and_a_row_without_one_has_no_reason() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00")
    desk.submit(rows=(*filled_rows("第10", ["szcg"]), *filled_rows("第5", ["srzz"])))
    desk.act(c.Review, ASSESSOR)
    flag, opened = why(desk).indicator(desk.report(), "szcg")

    assert (flag["about"], flag["flags"], flag["person"]) == ("flag", ["lagging", "weak"], ASSESSOR)
    assert [one["rule"] for one in flag["grounds"]] == ["last_places", "weak"]  # type: ignore[attr-defined]  # a document
    assert (opened["about"], opened["rule"], opened["case"]) == ("case", "lagging", 1)
    assert why(desk).indicator(desk.report(), "srzz") == []


def test_what_a_rule_says_since_changes_no_reason_of_before() -> None:
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00").submit("第10")
    desk.act(c.Review, ASSESSOR)
    desk.on_case(c.GiveFeedback, CLERK)
    before = why(desk).case(desk.case())
    later = Desk("2015-10-12 10:00", rules_=rules(ONE_SECTION, lagging_places=1), store=desk.store)

    assert why(later).case(later.case()) == before
    assert told(before) == [("case", "lagging", ASSESSOR)]
    assert HEAD not in str(before)
