"""What is done again and again, by APScheduler, on a clock that may jump.

A job is for one instant: each time it is done it is put in for the next, computed from the present. A clock set years
ahead thus has no beats to catch up on. One set back would leave the next beat far in the future: the seconds that
really pass are counted beside it, and when the two disagree every beat is put in anew.

What is done once a day has a time of day in the office's zone. A day on which that time was not lived through, because
nothing ran or the clock leapt over it, is left out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from workflow.ports import Clock

log = structlog.get_logger()

STEP = timedelta(seconds=2)
"""A clock that is corrected by less than this has not jumped."""
LOOK_SECONDS = 1.0
LEAST_WAIT = timedelta(milliseconds=100)
LATE_SECONDS = 3600
"""So late a daily act may still begin, where the process was held up."""

Act = Callable[[], Awaitable[datetime | None]]
"""Done at every beat; says when it wants to be done again, if that is before the next beat."""
Daily = Callable[[], Awaitable[None]]


class Beats:
    """Runs acts at their beats while its block lasts. A beat that takes longer than its interval delays the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._every: dict[str, tuple[timedelta, Act]] = {}
        self._daily: dict[str, tuple[CronTrigger, Daily]] = {}
        self._under_way: set[str] = set()
        self._watch: asyncio.Task[None] | None = None

    def every(self, seconds: float, name: str, act: Act) -> None:
        """Do that at once, and then every so many seconds."""
        self._every[name] = (timedelta(seconds=seconds), act)

    def daily(self, at: time, zone: ZoneInfo, name: str, act: Daily) -> None:
        """Do that every day at that time of day."""
        trigger = CronTrigger(hour=at.hour, minute=at.minute, second=at.second, timezone=zone)
        self._daily[name] = (trigger, act)

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._scheduler.start()
        for name in self._every:
            self._put_in(name, self._clock.now())
        self._put_in_daily()
        self._watch = asyncio.create_task(self._watch_the_clock())

    def stop(self) -> None:
        """Begin no beat any more."""
        if self._watch is not None:
            self._watch.cancel()
        self._scheduler.shutdown(wait=False)

    def _put_in(self, name: str, at: datetime) -> None:
        self._scheduler.add_job(
            self._beat, "date", run_date=at, args=[name], id=name, replace_existing=True, misfire_grace_time=None
        )

    def _put_in_daily(self) -> None:
        for name, (trigger, act) in self._daily.items():
            self._scheduler.add_job(
                self._once, trigger, args=[name, act], id=name, replace_existing=True, coalesce=True,
                max_instances=1, misfire_grace_time=LATE_SECONDS,
            )  # fmt: skip

    async def _once(self, name: str, act: Daily) -> None:
        try:
            await act()
        except Exception:
            log.exception("beat_failed", beat=name)

    async def _beat(self, name: str) -> None:
        interval, act = self._every[name]
        self._under_way.add(name)
        wanted: datetime | None = None
        try:
            wanted = await act()
        except Exception:
            log.exception("beat_failed", beat=name)
        finally:
            self._under_way.discard(name)
        if self._scheduler.running:
            now = self._clock.now()
            following = now + interval
            if wanted is not None:
                following = min(following, max(wanted, now + LEAST_WAIT))
            self._put_in(name, following)

    async def _watch_the_clock(self) -> None:
        loop = asyncio.get_running_loop()
        ahead = self._ahead(loop)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            before, ahead = ahead, self._ahead(loop)
            if abs(ahead - before) > STEP:
                log.warning("clock_stepped", seconds=round((ahead - before).total_seconds(), 1))
                for name in self._every.keys() - self._under_way:
                    self._put_in(name, self._clock.now())
                self._put_in_daily()

    def _ahead(self, loop: asyncio.AbstractEventLoop) -> timedelta:
        """How far the wall clock is ahead of the seconds that passed; only its change means anything."""
        return self._clock.now() - datetime.fromtimestamp(0, self._clock.now().tzinfo) - timedelta(seconds=loop.time())
