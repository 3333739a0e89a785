"""The rule that fired is named with the numbers it looked at, in both languages."""

from typing import Any

import pytest

from states.flags import judge
from states.grounds import Ground, Rule, as_facts, from_facts, ground_words, why_words
from tests.states.builders import ZONE, an_entry, an_indicator, an_office, at, rules
from tests.states.test_words import is_worded

EVERY = [
    Ground(rule=Rule.LAST_PLACES, rank=9, field=12, limit=3),
    Ground(rule=Rule.LAST_DISTRICT, rank=3, limit=3),
    Ground(rule=Rule.REGRESSING, rank=7, field=12, limit=4),
    Ground(rule=Rule.WEAK, rank=7, field=12, limit=5),
    Ground(rule=Rule.IMPROVED, rank=5, limit=10),
    Ground(rule=Rule.NOT_IMPROVED, rank=10, limit=10),
    Ground(rule=Rule.REPEATED_LAGGING, count=3),
    Ground(rule=Rule.NO_FEEDBACK, count=10),
    Ground(rule=Rule.OVERDUE, count=4, due_at=at("2015-10-13 17:00")),
    Ground(rule=Rule.POINTS, count=1, used=9, limit=10),
    Ground(rule=Rule.SUBMITTED),
    Ground(rule=Rule.CLOSED_BY_ASSESSOR),
    Ground(rule=Rule.DUE_DAY, count=15, due_at=at("2015-10-15 17:00")),
    Ground(rule=Rule.CORRECTION, count=3, due_at=at("2015-10-19 17:00")),
    Ground(rule=Rule.NOT_SUBMITTED, due_at=at("2015-10-13 17:00")),
]


def fired(rank: int, previous: int | None = None, target: int | None = None, **entry: Any) -> list[str]:
    office = an_office(indicators=[an_indicator("szcg", target_rank=target)])
    judged = judge(an_entry("szcg", rank, **entry), previous, None, rules(office))
    return [ground_words(ground) for ground in judged.grounds]


def test_each_test_of_a_rank_that_fires_is_a_clause_of_its_own() -> None:
    assert fired(10, previous=7, target=5, field=12, three_district_rank=3) == [
        "全市第10，共12，属末3名",
        "三区末位（第3）",
        "全市第10，比上期第7退了3名",
        "未达年终承诺目标第5",
    ]


@pytest.mark.parametrize(
    ("rank", "previous", "target", "expected"),
    [
        (9, None, None, []),  # the ninth of twelve is not among the last three
        (9, 8, 9, []),
        (9, 7, None, ["全市第9，比上期第7退了2名"]),
        (9, None, 8, ["未达年终承诺目标第8"]),
    ],
)
def test_a_test_that_does_not_fire_is_not_named(
    rank: int, previous: int | None, target: int | None, expected: list[str]
) -> None:
    assert fired(rank, previous, target, field=12) == expected


def test_the_last_of_the_three_districts_lags_wherever_it_stands() -> None:
    assert fired(6, field=12, three_district_rank=3) == ["三区末位（第3）"]


def test_every_rule_is_worded_in_both_languages() -> None:
    assert [ground.rule for ground in EVERY] == list(Rule)
    for ground in EVERY:
        assert is_worded(ground_words(ground), ground_words(ground, "en"))


def test_a_ground_is_plain_facts_and_back() -> None:
    for ground in EVERY:
        (facts,) = as_facts([ground], ZONE)

        assert from_facts(facts) == ground


def test_an_overdue_report_is_worded_on_the_offices_clock() -> None:
    (facts,) = as_facts([EVERY[8]], ZONE)

    assert ground_words(from_facts(facts)) == "应于2015年10月13日 17:00前报送，逾期4个工作日"
    assert ground_words(from_facts(facts), "en") == "due on 13 Oct 2015 17:00, 4 working days overdue"


def test_a_reason_is_the_rules_name_with_what_it_rests_on() -> None:
    counted = Ground(rule=Rule.POINTS, count=1, used=9, limit=10)

    assert why_words("not_improved", [EVERY[5], counted]) == (
        "督查后仍未见成效：现为全市第10，立项时第10，未见进位；每件扣1分，本年此前已计9分，全年至多10分"
    )
    assert why_words("not_improved", [EVERY[5], counted], "en") == (
        "not better after supervision: now 10th, no better than 10th when the case was opened; "
        "1 point a case, 9 counted earlier this year, 10 a year at most"
    )


def test_a_rule_whose_ground_says_it_all_is_not_named_twice() -> None:
    assert why_words("no_feedback", [EVERY[7]]) == "立项后10个工作日内没有反馈整改情况"
    assert why_words("no_feedback", [EVERY[7]], "en") == "no feedback within 10 working days of the opening"
    assert why_words("points_waived", []) == "不予扣分"


@pytest.mark.parametrize(
    ("due_at", "said"),
    [
        ("2015-10-15 17:00", "每月15日报送，时限是2015年10月15日 17:00"),
        ("2015-11-13 17:00", "每月15日报送，逢休息日或月末另作调整，时限是2015年11月13日 17:00"),
    ],
)
def test_a_deadline_that_a_day_of_rest_moved_says_so(due_at: str, said: str) -> None:
    (facts,) = as_facts([Ground(rule=Rule.DUE_DAY, count=15, due_at=at(due_at))], ZONE)

    assert ground_words(from_facts(facts)) == said
