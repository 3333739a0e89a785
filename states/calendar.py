"""Working days with 调休, deadlines and their rolling (spec, part 3).

Which days are worked comes in as a function; local time is turned to UTC here and nowhere else in the core.
"""

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from states.periods import year_month
from states.policies import Roll

ONE_DAY = timedelta(days=1)


class WorkingCalendar:
    """Counts in the office's working days and zone. `is_workday` is asked once per day and remembered."""

    def __init__(self, is_workday: Callable[[date], bool], timezone: str) -> None:
        self.zone = ZoneInfo(timezone)
        self._is_workday = is_workday
        self._known: dict[date, bool] = {}

    def is_workday(self, day: date) -> bool:
        """Whether the office works on that local day."""
        known = self._known.get(day)
        if known is None:
            known = self._known[day] = self._is_workday(day)
        return known

    def at(self, day: date, hour: time) -> datetime:
        """The instant, in UTC, of a local day and time."""
        return datetime.combine(day, hour, self.zone).astimezone(UTC)

    def local(self, instant: datetime) -> datetime:
        """The same instant on the office's clock."""
        return instant.astimezone(self.zone)

    def day_of(self, instant: datetime) -> date:
        """The local day of an instant."""
        return instant.astimezone(self.zone).date()

    def shift(self, day: date, workdays: int) -> date:
        """The n-th working day after (or, negative, before) `day`; `day` itself is never counted."""
        step = ONE_DAY if workdays > 0 else -ONE_DAY
        for _ in range(abs(workdays)):
            day += step
            while not self.is_workday(day):
                day += step
        return day

    def rolled(self, day: date, roll: Roll) -> date:
        """`day`, or the nearest working day before or after it when it is a day off."""
        if roll is Roll.NONE or self.is_workday(day):
            return day
        return self.shift(day, -1 if roll is Roll.PREVIOUS else 1)

    def deadline(self, period: str, due_day: int, hour: time, roll: Roll) -> datetime:
        """When the reports of a period are due; a day the month does not have is its last one."""
        year, month = year_month(period)
        last = calendar.monthrange(year, month)[1]
        return self.at(self.rolled(date(year, month, min(due_day, last)), roll), hour)

    def opening(self, period: str, hour: time) -> datetime:
        """When the reports of a period open: on its first working day."""
        year, month = year_month(period)
        return self.at(self.rolled(date(year, month, 1), Roll.NEXT), hour)

    def later(self, instant: datetime, workdays: int, hour: time) -> datetime:
        """That hour of the n-th working day after (or before) the local day of `instant`."""
        return self.at(self.shift(self.day_of(instant), workdays), hour)

    def next_workday_at(self, after: datetime, hour: time) -> datetime:
        """The first instant later than `after` that is `hour` of a working day."""
        day = self.day_of(after)
        if self.is_workday(day) and self.at(day, hour) > after:
            return self.at(day, hour)
        return self.at(self.shift(day, 1), hour)

    def year_span(self, instant: datetime) -> tuple[datetime, datetime]:
        """Start and end (excluded) of the local calendar year an instant lies in."""
        year = self.local(instant).year
        return self.at(date(year, 1, 1), time()), self.at(date(year + 1, 1, 1), time())
