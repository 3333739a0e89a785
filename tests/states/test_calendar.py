"""Working days with 调休, deadlines and their rolling (spec, part 3)."""

from datetime import UTC, date, datetime, time, timedelta

import holidays
import pytest

from states.calendar import WorkingCalendar
from states.policies import CLOSE, MORNING, Roll
from tests.states.builders import IS_WORKDAY, a_calendar, at


@pytest.mark.parametrize(
    ("day", "is_worked"),
    [
        ("2015-10-01", False),  # National Day
        ("2015-10-07", False),  # its last day off
        ("2015-10-08", True),
        ("2015-10-10", True),  # a Saturday worked in exchange
        ("2015-10-11", False),
        ("2015-09-03", False),  # the day off of that year alone
        ("2015-09-06", True),  # the Sunday worked for it
        ("2024-02-29", True),
        ("2025-01-26", True),  # a Sunday before the Spring Festival
    ],
)
def test_moved_working_days_are_known(day: str, is_worked: bool) -> None:
    assert a_calendar().is_workday(date.fromisoformat(day)) is is_worked


@pytest.mark.parametrize("year", range(2015, 2026))
def test_two_calendars_of_other_hands_agree(year: int) -> None:
    other = holidays.country_holidays("CN", years=year)
    days = [date(year, 1, 1) + timedelta(days=place) for place in range(366 if year % 4 == 0 else 365)]

    differing = [day for day in days if IS_WORKDAY(day) != other.is_working_day(day)]

    assert differing == []


@pytest.mark.parametrize(
    ("period", "due_day", "roll", "due"),
    [
        ("2015-09", 13, Roll.PREVIOUS, "2015-09-11 17:00"),  # a Sunday
        ("2015-09", 13, Roll.NEXT, "2015-09-14 17:00"),
        ("2015-09", 13, Roll.NONE, "2015-09-13 17:00"),
        ("2015-10", 13, Roll.PREVIOUS, "2015-10-13 17:00"),
        ("2015-10", 10, Roll.PREVIOUS, "2015-10-10 17:00"),  # a worked Saturday is no reason to roll
        ("2015-10", 7, Roll.PREVIOUS, "2015-09-30 17:00"),  # past the whole holiday
        ("2015-10", 1, Roll.NEXT, "2015-10-08 17:00"),
        ("2015-02", 31, Roll.NONE, "2015-02-28 17:00"),  # the month's last day
        ("2016-02", 31, Roll.NONE, "2016-02-29 17:00"),
        ("2015-12", 20, Roll.NEXT, "2015-12-21 17:00"),
    ],
)
def test_a_deadline_rolls_to_a_working_day(period: str, due_day: int, roll: Roll, due: str) -> None:
    assert a_calendar().deadline(period, due_day, CLOSE, roll) == at(due)


def test_day_31_exists_in_every_month() -> None:
    days = [a_calendar().deadline(f"2016-{month:02}", 31, CLOSE, Roll.NONE).day for month in range(1, 13)]

    assert days == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


@pytest.mark.parametrize(
    ("period", "opening"),
    [("2015-10", "2015-10-08 09:00"), ("2015-09", "2015-09-01 09:00"), ("2016-01", "2016-01-04 09:00")],
)
def test_reports_open_on_the_first_working_day(period: str, opening: str) -> None:
    assert a_calendar().opening(period, MORNING) == at(opening)


@pytest.mark.parametrize("period", ["2015-13", "2015-1", "201510", "", "2015-10-01"])
def test_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        a_calendar().opening(period, MORNING)


@pytest.mark.parametrize(
    ("day", "workdays", "result"),
    [
        ("2015-10-08", 0, "2015-10-08"),
        ("2015-10-08", 2, "2015-10-10"),  # the worked Saturday counts
        ("2015-10-08", 3, "2015-10-12"),
        ("2015-10-12", -3, "2015-10-08"),
        ("2015-10-04", 1, "2015-10-08"),  # from a day off
        ("2015-10-04", -1, "2015-09-30"),
        ("2015-10-08", -1, "2015-09-30"),
        ("2015-12-31", 1, "2016-01-04"),
    ],
)
def test_working_days_are_counted_without_the_day_itself(day: str, workdays: int, result: str) -> None:
    assert a_calendar().shift(date.fromisoformat(day), workdays) == date.fromisoformat(result)


def test_the_nth_working_day_counts_from_the_local_day() -> None:
    shortly_after_midnight = datetime(2015, 10, 11, 16, 30, tzinfo=UTC)  # already Monday 12 October in the office

    assert a_calendar().later(shortly_after_midnight, 1, CLOSE) == at("2015-10-13 17:00")


@pytest.mark.parametrize(
    ("after", "following"),
    [
        ("2015-10-08 08:29", "2015-10-08 08:30"),
        ("2015-10-08 08:30", "2015-10-09 08:30"),
        ("2015-10-10 08:30", "2015-10-12 08:30"),
        ("2015-10-11 08:00", "2015-10-12 08:30"),  # a Sunday
    ],
)
def test_the_next_working_morning_is_later_than_now(after: str, following: str) -> None:
    assert a_calendar().next_workday_at(at(after), time(8, 30)) == at(following)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "US/Pacific"])
@pytest.mark.parametrize("hour", [time(0, 0), time(2, 30), time(8, 30)])
def test_a_daily_rule_comes_once_on_every_working_day(zone: str, hour: time) -> None:
    calendar = WorkingCalendar(
        lambda day: day.weekday() < 5 or day.month in (3, 10, 11), zone
    )  # works when clocks move
    instant, seen = datetime(2024, 1, 1, tzinfo=UTC), []
    while instant < datetime(2026, 1, 1, tzinfo=UTC):
        instant = calendar.next_workday_at(instant, hour)
        seen.append(calendar.day_of(instant))

    first, last = seen[0], seen[-1]
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    assert seen == [day for day in days if calendar.is_workday(day)]


def test_an_hour_keeps_its_local_time_through_the_summer() -> None:
    calendar = a_calendar("Europe/Berlin")

    assert calendar.at(date(2015, 1, 13), CLOSE) == datetime(2015, 1, 13, 16, tzinfo=UTC)
    assert calendar.at(date(2015, 7, 13), CLOSE) == datetime(2015, 7, 13, 15, tzinfo=UTC)


def test_the_calendar_year_is_the_offices() -> None:
    new_year = at("2016-01-01 00:00")

    assert a_calendar().year_span(new_year) == (new_year, at("2017-01-01 00:00"))
    assert a_calendar().year_span(new_year - timedelta(microseconds=1)) == (at("2015-01-01 00:00"), new_year)


def test_every_day_is_asked_for_once() -> None:
    asked: list[date] = []

    def is_workday(day: date) -> bool:
        asked.append(day)
        return True

    calendar = WorkingCalendar(is_workday, "Asia/Shanghai")

    for _ in range(3):
        calendar.shift(date(2015, 10, 8), 2)

    assert asked == [date(2015, 10, 9), date(2015, 10, 10)]
