"""Which days the office works: the official calendar with its moved working days, plus what the configuration says."""

from collections.abc import Callable
from datetime import date

import chinese_calendar

from workflow.log import log

FIRST_KNOWN_YEAR = min(chinese_calendar.constants.holidays).year
LAST_KNOWN_YEAR = max(chinese_calendar.constants.holidays).year


def known_years(complete: frozenset[int]) -> frozenset[int]:
    """The years whose days off are known whole: the library's, and those the configuration calls complete.

    Some days of a year do not make it known: while its Spring Festival is missing, every deadline in it is a guess.
    """
    return complete | frozenset(range(FIRST_KNOWN_YEAR, LAST_KNOWN_YEAR + 1))


def workdays(
    added: frozenset[date], removed: frozenset[date], complete: frozenset[int] = frozenset()
) -> Callable[[date], bool]:
    """A function that says whether a day is worked.

    Days `added` are worked and days `removed` are not, whatever the official calendar says. For a year that is neither
    in it nor `complete`, weekends alone are off besides, and a warning says so once per year (spec, part 3).
    """
    known = known_years(complete)
    warned: set[int] = set()

    def is_workday(day: date) -> bool:
        if day.year not in known and day.year not in warned:
            warned.add(day.year)
            log.warning("calendar_unknown", year=day.year, remedy=unknown_year(day.year))
        if day in added:
            return True
        if day in removed:
            return False
        if FIRST_KNOWN_YEAR <= day.year <= LAST_KNOWN_YEAR:
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5

    return is_workday


def unknown_years(today: date, complete: frozenset[int]) -> list[int]:
    """Of this year, and from November on the next, those whose days off are not known whole."""
    known = known_years(complete)
    return [year for year in sorted({today.year, today.year + (today.month >= 11)}) if year not in known]


def unknown_year(year: int) -> str:
    """What to do about a year the official calendar does not cover."""
    return (
        f"{year} 年的放假调休安排未收录，只按周末休息计算；请照国务院办公厅的通知把全年放假日写进 calendar.holidays、"
        f"调休上班日写进 calendar.workdays，并写 calendar.complete_years: [{year}]，或升级 chinesecalendar"
    )
