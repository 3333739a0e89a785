"""Which days the office works: the official calendar with its moved working days, plus what the configuration says."""

from collections.abc import Callable
from datetime import date

import chinese_calendar

from workflow.log import log

FIRST_KNOWN_YEAR = min(chinese_calendar.constants.holidays).year
LAST_KNOWN_YEAR = max(chinese_calendar.constants.holidays).year


def workdays(added: frozenset[date], removed: frozenset[date]) -> Callable[[date], bool]:
    """A function that says whether a day is worked.

    Days `added` are worked and days `removed` are not, whatever the official calendar says. For a year it does not
    know, weekends alone are off, and a warning says so once per year (spec, part 3).
    """
    warned: set[int] = set()

    def is_workday(day: date) -> bool:
        if day in added:
            return True
        if day in removed:
            return False
        if FIRST_KNOWN_YEAR <= day.year <= LAST_KNOWN_YEAR:
            return bool(chinese_calendar.is_workday(day))
        if day.year not in warned:
            warned.add(day.year)
            log.warning("calendar_unknown", year=day.year, remedy=unknown_year(day.year))
        return day.weekday() < 5

    return is_workday


def unknown_year(year: int) -> str:
    """What to do about a year the official calendar does not cover."""
    return (
        f"{year} 年的放假调休安排未收录，只按周末休息计算；"
        "请在 config.yaml 的 calendar.workdays/holidays 补上，或升级 chinesecalendar"
    )
