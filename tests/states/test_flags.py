"""Judging ranks at review, and what it opens, advances and closes (spec, parts 6 and 7)."""

from collections.abc import Sequence
from typing import Any

import pytest

from states import events as e
from states import flags
from states.grounds import FLAG_OF, Ground, Rule
from states.models import Case, CaseState, Entry, Flag, Report, Trigger
from states.report import review
from states.situation import Decided, Situation
from tests.states import builders
from tests.states.builders import REF, a_report, an_entry, an_indicator, an_office, at, reviewed, rules

RULES = rules()
LAGGING, REGRESSING, WEAK, IMPROVED = Flag


def a_case(state: str = "tracking", indicator: str = "szcg", **more: Any) -> Case:
    """Opened by the tenth place in the period before."""
    return builders.a_case(state, indicator, **{"report": "2015-09/shirong", **more})


def judged(rank: int | None, *, previous: int | None = None, case: Case | None = None, **more: Any) -> set[Flag]:
    """The flags of one entry; target and field are six and eleven."""
    return set(flags.judge(an_entry("szcg", rank, **more), previous, case, RULES).flags)


def moved(rank: int | None, case: Case | None = None, *earlier: Report, used: int = 0, **more: Any) -> list[e.Event]:
    """What the review of October's report does to cases."""
    report = a_report("submitted", entries=(an_entry("szcg", rank, **more),))
    return [one.event for one in decided(report, [case] if case else [], earlier, used=used)[1:]]


def decided(report: Report, cases: Sequence[Case], earlier: Sequence[Report] = (), *, used: int = 0) -> list[Decided]:
    """Everything the review decides."""
    known = {case.indicator: case for case in cases if case.indicator is not None}
    situation = Situation(cases=known, reports=(*earlier, report), points_used=used, next_case=7)
    return review(report, "", situation, RULES)


def moved_by(fact: e.Event) -> Rule:
    """The rule that moved a case."""
    assert isinstance(fact, e.CaseAdvanced | e.PointsProposed | e.CaseClosed)
    return fact.grounds[0].rule


# --- flags ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rank", "is_lagging"), [(1, False), (8, False), (9, True), (10, True), (11, True)])
def test_the_last_three_of_the_field_lag(rank: int, is_lagging: bool) -> None:
    assert (LAGGING in judged(rank)) is is_lagging


@pytest.mark.parametrize(("field", "rank", "is_lagging"), [(4, 1, False), (4, 2, True), (12, 9, False), (12, 10, True)])
def test_the_field_is_the_indicators_own(field: int, rank: int, is_lagging: bool) -> None:
    assert (LAGGING in judged(rank, field=field)) is is_lagging


@pytest.mark.parametrize(("place", "is_lagging"), [(None, False), (1, False), (2, False), (3, True)])
def test_the_last_of_the_three_districts_lags(place: int | None, is_lagging: bool) -> None:
    assert (LAGGING in judged(2, three_district_rank=place)) is is_lagging


@pytest.mark.parametrize(("previous", "rank", "regresses"), [(3, 4, False), (3, 5, True), (3, 6, True), (5, 3, False)])
def test_two_places_down_is_a_regression(previous: int, rank: int, regresses: bool) -> None:
    assert (REGRESSING in judged(rank, previous=previous)) is regresses


def test_without_a_previous_rank_nothing_regresses() -> None:
    assert REGRESSING not in judged(11)


@pytest.mark.parametrize(("rank", "is_weak"), [(5, False), (6, False), (7, True)])
def test_a_rank_behind_the_target_is_weak(rank: int, is_weak: bool) -> None:
    assert (WEAK in judged(rank)) is is_weak


def test_without_a_target_nothing_is_weak() -> None:
    office = an_office(indicators=[an_indicator("szcg", target_rank=None)])

    assert flags.judge(an_entry("szcg", 8), None, None, rules(office)).flags == ()


def test_an_indicator_no_longer_in_the_list_has_no_target() -> None:
    assert flags.judge(an_entry("gone", 8), None, None, RULES).flags == ()


@pytest.mark.parametrize(
    ("opened_rank", "rank", "place", "is_improved"),
    [
        (10, 8, None, True),
        (10, 10, None, False),
        (11, 10, None, False),
        (5, 4, 3, False),
        (5, 4, 2, True),
        (5, 6, 2, False),
    ],
)
def test_improved_is_better_than_at_opening_and_not_lagging(
    opened_rank: int, rank: int, place: int | None, is_improved: bool
) -> None:
    found = judged(rank, case=a_case(opened_rank=opened_rank), three_district_rank=place)

    assert (IMPROVED in found) is is_improved


def test_without_a_case_nothing_is_improved() -> None:
    assert judged(1, previous=11) == set()


@pytest.mark.parametrize("place", [None, 3])
def test_no_rank_gives_no_flag(place: int | None) -> None:
    assert judged(None, previous=1, case=a_case(), three_district_rank=place) == set()


def test_flags_are_listed_in_the_specs_order() -> None:
    found = flags.judge(an_entry("szcg", 10), 1, None, RULES)

    assert found.flags == (LAGGING, REGRESSING, WEAK)


def test_a_range_counts_as_its_worse_end() -> None:
    entry = an_entry("szcg", 9)
    ranged = Entry(indicator="szcg", field=11, reading=type(entry.reading)(kind=entry.reading.kind, best=8, worst=9))

    assert LAGGING in flags.judge(ranged, None, None, RULES).flags


# --- the previous period -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("earlier", "previous"),
    [
        ([], None),
        ([reviewed("2015-09", 4)], 4),
        ([reviewed("2015-09", 4), reviewed("2015-08", 2)], 4),
        ([reviewed("2015-08", 2), reviewed("2015-09", None)], 2),  # a month without rank is passed over
        ([reviewed("2014-12", 2)], 2),
        ([reviewed("2015-11", 2)], None),  # later
        ([reviewed("2015-09", 4, indicator="srzz")], None),
        ([a_report("submitted", period="2015-09"), reviewed("2015-08", 2)], 2),  # not supervised
    ],
)
def test_the_previous_rank_is_the_latest_supervised_one(earlier: list[Report], previous: int | None) -> None:
    assert flags.previous_rank(a_report("submitted"), "szcg", earlier) == previous


# --- opening -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rank", "earlier", "trigger"),
    [
        (9, [], Trigger.LAGGING),
        (5, [reviewed("2015-09", 3)], Trigger.REGRESSING),
        (9, [reviewed("2015-09", 3)], Trigger.LAGGING),  # lagging, else regressing
        (8, [reviewed("2015-09", 7)], None),  # weak alone opens nothing
        (None, [reviewed("2015-09", 3)], None),
    ],
)
def test_a_case_opens_for_lagging_else_regressing(
    rank: int | None, earlier: list[Report], trigger: Trigger | None
) -> None:
    opened = [fact for fact in moved(rank, None, *earlier) if isinstance(fact, e.CaseOpened)]

    assert [(one.trigger, one.rank, one.report) for one in opened] == ([(trigger, rank, REF)] if trigger else [])
    assert {FLAG_OF[ground.rule].value for one in opened for ground in one.grounds} == ({trigger} if trigger else set())


@pytest.mark.parametrize("state", ["tracking", "interview", "score_deduction"])
def test_no_second_case_opens_for_an_indicator(state: str) -> None:
    assert not any(isinstance(fact, e.CaseOpened) for fact in moved(11, a_case(state)))


def test_every_new_case_gets_the_next_number() -> None:
    report = a_report("submitted", entries=(an_entry("szcg", 9), an_entry("srzz", 10)))

    assert [one.subject for one in decided(report, [])[1:]] == ["case:7", "case:8"]


def test_a_review_that_closes_a_case_opens_none_for_the_indicator() -> None:
    facts = moved(5, a_case(opened_rank=10), reviewed("2015-09", 1))  # improved, and yet two places down

    assert [type(fact) for fact in facts] == [e.CaseClosed]


# --- advancing and closing -----------------------------------------------------------------------------------------

TWICE = (reviewed("2015-08", 11, LAGGING), reviewed("2015-09", 11, LAGGING))


@pytest.mark.parametrize(
    ("rank", "earlier", "rule"),
    [
        (10, (), "not_improved"),
        (11, (), "not_improved"),
        (9, (), None),  # better, still lagging, not for the third time
        (9, TWICE[:1], None),
        (9, TWICE, "repeated_lagging"),
        (9, (reviewed("2014-11", 11, LAGGING), reviewed("2014-12", 11, LAGGING)), None),  # another year
        (9, (reviewed("2015-08", 11, WEAK), TWICE[1]), None),  # was not lagging then
        (9, (a_report("submitted", period="2015-08"), TWICE[1]), None),
        (None, TWICE, None),
    ],
)
def test_tracking_goes_on_to_interview(rank: int | None, earlier: tuple[Report, ...], rule: str | None) -> None:
    facts = moved(rank, a_case(), *earlier)

    assert [(type(fact), moved_by(fact)) for fact in facts] == ([(e.CaseAdvanced, rule)] if rule else [])


def test_a_better_rank_last_of_the_districts_for_the_third_time_is_interviewed() -> None:
    (fact,) = moved(4, a_case(), *TWICE, three_district_rank=3)

    assert isinstance(fact, e.CaseAdvanced)
    assert fact.grounds == (
        Ground(rule=Rule.REPEATED_LAGGING, count=3),
        Ground(rule=Rule.LAST_DISTRICT, rank=3, limit=3),
    )


@pytest.mark.parametrize("state", ["tracking", "interview"])
def test_an_improved_indicator_closes_its_case(state: str) -> None:
    (fact,) = moved(8, a_case(state))

    assert fact == e.CaseClosed(grounds=(Ground(rule=Rule.IMPROVED, rank=8, field=11, limit=10),), reason="")


@pytest.mark.parametrize(("rank", "closes"), [(10, False), (11, False), (9, False), (8, True)])
def test_judging_a_corrected_table_again_is_no_later_review(rank: int, closes: bool) -> None:
    for state in ("tracking", "interview"):
        facts = moved(rank, a_case(state, report=REF, interview_at=at("2015-10-16 10:00")), *TWICE)

        assert [type(fact) for fact in facts] == ([e.CaseClosed] if closes else [])


@pytest.mark.parametrize("rank", [5, 10, 11, None])
def test_a_case_with_points_proposed_is_no_longer_moved_by_reviews(rank: int | None) -> None:
    assert moved(rank, a_case("score_deduction")) == []


@pytest.mark.parametrize(
    ("rank", "held", "is_deducted"),
    [(10, True, True), (11, True, True), (10, False, False), (9, True, False), (None, True, False)],
)
def test_points_are_proposed_after_the_interview_was_recorded(rank: int | None, held: bool, is_deducted: bool) -> None:
    case = a_case("interview", interview_at=at("2015-10-16 10:00") if held else None)

    facts = moved(rank, case, *TWICE)

    assert [type(fact) for fact in facts] == ([e.PointsProposed] if is_deducted else [])


def test_a_regressing_case_is_judged_by_its_rank_at_opening() -> None:
    (fact,) = moved(5, a_case(opened_rank=5, trigger=Trigger.REGRESSING))

    assert isinstance(fact, e.CaseAdvanced)


# --- points --------------------------------------------------------------------------------------------------------


LATE = Ground(rule=Rule.OVERDUE, count=7, due_at=at("2015-10-13 17:00"))


@pytest.mark.parametrize(("used", "points"), [(0, 1), (8, 1), (9, 1), (10, 0), (11, 0)])
def test_a_year_holds_ten_points(used: int, points: int) -> None:
    assert flags.propose(used, LATE, RULES).points == points


@pytest.mark.parametrize(("used", "points"), [(5, 4), (7, 3), (9, 1), (10, 0)])
def test_the_last_proposal_may_be_smaller(used: int, points: int) -> None:
    assert flags.propose(used, LATE, rules(points_per_case=4)).points == points


def test_proposals_of_one_review_share_the_cap() -> None:
    report = a_report("submitted", entries=(an_entry("szcg", 10), an_entry("srzz", 10)))
    held = at("2015-10-16 10:00")
    cases = [a_case("interview", code, id=number, interview_at=held) for number, code in enumerate(("szcg", "srzz"), 1)]

    facts = [one.event for one in decided(report, cases, used=9)[1:]]

    assert [fact.points for fact in facts if isinstance(fact, e.PointsProposed)] == [1, 0]


def test_a_proposal_says_what_moved_the_case_and_how_its_points_were_counted() -> None:
    (fact,) = moved(10, a_case("interview", interview_at=at("2015-10-16 10:00")), used=9)

    assert isinstance(fact, e.PointsProposed)
    assert fact.grounds == (
        Ground(rule=Rule.NOT_IMPROVED, rank=10, field=11, limit=10),
        Ground(rule=Rule.POINTS, count=1, used=9, limit=10),
    )


def test_every_flag_rests_on_a_test_that_fired() -> None:
    for rank, previous, case in ((10, 1, None), (8, None, a_case(opened_rank=10)), (1, 11, None), (None, 1, None)):
        judged_ = flags.judge(an_entry("szcg", rank), previous, case, RULES)

        assert {FLAG_OF[ground.rule] for ground in judged_.grounds} == set(judged_.flags)


def test_a_review_judges_in_the_order_of_the_table() -> None:
    report = a_report("submitted", entries=(an_entry("srzz", 3), an_entry("szcg", None)))
    (first, *_) = decided(report, [], [reviewed("2015-09", 4)])

    assert isinstance(first.event, e.ReportReviewed)
    assert [(one.indicator, one.rank, one.previous) for one in first.event.judgements] == [
        ("srzz", 3, None),
        ("szcg", None, 4),
    ]


def test_only_open_states_may_move() -> None:
    assert {state for state in CaseState if moved(8, a_case(state.value))} == {CaseState.TRACKING, CaseState.INTERVIEW}
