"""The daemon's beats go on, no more and no fewer, whatever happens to the clock of the machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.place import PROJECT

DAY = 86_400


@pytest.mark.parametrize(
    ("step", "daily"), [(3_650 * DAY + 9_000, 0), (-90, 0), (-400 * DAY, 0), (-4, 1), (3_650 * DAY - 4, 1)]
)
def test_a_step_of_the_clock_neither_stops_the_beats_nor_has_them_caught_up(step: int, daily: int) -> None:
    program = Path(__file__).with_name("stepped.py")

    done = subprocess.run(
        [sys.executable, str(program), str(step)],
        cwd=PROJECT,
        env={"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    saw = json.loads(done.stdout.splitlines()[-1])
    assert (saw["daily_before"], saw["daily"]) == (1, daily), "days leapt over are left out, a time met again is met"
    assert 1 <= saw["timers_before"] <= 4
    assert 2 <= saw["timers"] <= 7
    assert saw["mail"] > saw["timers"], "a beat may ask for the next one sooner"
    assert saw["slept"] < 6
    assert saw["cpu"] < 2
    assert saw["megabytes"] < 150
