"""Run as a program: beats on a clock that is set forward or back while they run, one JSON document of what happened.

The stand-in for `datetime.datetime` is put in place before anything imports it, so that APScheduler is fooled too.
"""

import datetime as dt
import sys
from pathlib import Path

STEP = dt.timedelta(seconds=float(sys.argv[1]))
_REAL = dt.datetime
_ahead = [dt.timedelta(0)]


def _peak_megabytes() -> float:
    """The most memory this process held; what `getrusage` says begins with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


class _AnyMeta(type(_REAL)):  # type: ignore[misc]  # the class of a class
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)


class _Stepped(_REAL, metaclass=_AnyMeta):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]  # a clock that stands in
        return _REAL.now(tz) + _ahead[0]


def main() -> None:
    """Some seconds before the step, four after it."""
    dt.datetime = _Stepped  # type: ignore[misc]  # it stands in for the class
    import asyncio
    import json
    import time
    from zoneinfo import ZoneInfo

    from app.beats import Beats
    from app.clock import SystemClock

    async def beat_around_a_step() -> dict[str, float]:
        beats, counts, before = Beats(SystemClock()), {"timers": 0, "mail": 0, "daily": 0}, {}

        async def timers() -> dt.datetime | None:
            counts["timers"] += 1
            return None

        async def mail() -> dt.datetime | None:
            counts["mail"] += 1
            return SystemClock().now() + dt.timedelta(seconds=0.3)

        async def daily() -> None:
            counts["daily"] += 1

        soon = (SystemClock().now() + dt.timedelta(seconds=2)).astimezone(ZoneInfo("Asia/Shanghai"))
        beats.daily(soon.time().replace(microsecond=0), ZoneInfo("Asia/Shanghai"), "backup", daily)
        beats.every(1, "timers", timers)
        beats.every(1, "mail", mail)
        beats.start()
        await asyncio.sleep(2.5)
        before.update(counts)
        _ahead[0] = STEP
        began, cpu = time.monotonic(), time.process_time()
        await asyncio.sleep(4)
        beats.stop()
        return {
            "slept": time.monotonic() - began,
            "cpu": time.process_time() - cpu,
            "megabytes": _peak_megabytes(),
            "timers_before": before["timers"],
            "timers": counts["timers"] - before["timers"],
            "mail": counts["mail"] - before["mail"],
            "daily_before": before["daily"],
            "daily": counts["daily"] - before["daily"],
        }

    print(json.dumps(asyncio.run(beat_around_a_step())))


main()
