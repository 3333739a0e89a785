"""With which period a new office begins (spec, part 3)."""

import pytest

from states.duties import first_period
from states.errors import WrongTime
from tests.states.builders import an_indicator, an_office, at, rules


@pytest.mark.parametrize(
    ("started", "period"),
    [
        ("2015-09-01 09:00", "2015-09"),
        # The 13th of September is a Sunday: due Friday the 11th, three working days before which is Tuesday the 8th.
        ("2015-09-08 23:59", "2015-09"),
        ("2015-09-09 00:00", "2015-10"),
        ("2015-09-24 10:00", "2015-10"),
        ("2015-12-31 23:59", "2016-01"),
    ],
)
def test_a_new_office_begins_with_the_first_period_that_leaves_time(started: str, period: str) -> None:
    assert first_period(rules(), at(started)) == period


def test_more_days_for_a_returned_report_are_more_days_for_a_beginning() -> None:
    assert first_period(rules(returned_days=7), at("2015-09-01 09:00")) == "2015-09"
    assert first_period(rules(returned_days=8), at("2015-09-01 09:00")) == "2015-10"


def test_only_levels_that_report_count() -> None:
    only_the_bureau = rules(an_office(indicators=[an_indicator("own", "bureau")]))

    assert first_period(only_the_bureau, at("2015-09-09 10:00")) == "2015-09"  # due Tuesday the 15th


@pytest.mark.parametrize("stated", ["2015-09", "2015-12", "2017-09"])
def test_a_stated_period_whose_deadline_is_ahead_is_taken(stated: str) -> None:
    assert first_period(rules(), at("2015-09-11 16:59"), stated) == stated


def test_a_stated_period_whose_deadline_has_passed_is_refused() -> None:
    with pytest.raises(WrongTime) as refused:
        first_period(rules(), at("2015-09-11 17:00"), "2015-09")

    assert refused.value.message == "daemon.first_period 写的 2015-09 时限已过，首次启动会使全单位逾期"
    assert refused.value.remedy == "请写 2015-10 或更晚的一期，或删去这一项"


def test_a_stated_period_years_ahead_is_refused() -> None:
    with pytest.raises(WrongTime) as refused:
        first_period(rules(), at("2015-09-11 16:59"), "2017-10")

    assert "24 个月以后" in refused.value.message
