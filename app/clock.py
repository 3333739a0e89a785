"""The only place that reads the clock; and a clock that is set by hand, for replays."""

import datetime as dt


class SystemClock:
    """The machine's wall clock, in UTC."""

    def now(self) -> dt.datetime:
        """The present instant."""
        return dt.datetime.now(dt.UTC)


class VirtualClock:
    """A clock that stands still until it is set; it never goes back."""

    def __init__(self, start: dt.datetime) -> None:
        self._now = start.astimezone(dt.UTC)

    def now(self) -> dt.datetime:
        """The instant it was last set to."""
        return self._now

    def set(self, instant: dt.datetime) -> None:
        """Move on to `instant`. ValueError if that is in its past."""
        if instant < self._now:
            raise ValueError(f"the clock stands at {self._now.isoformat()} and cannot go back to {instant.isoformat()}")
        self._now = instant.astimezone(dt.UTC)
