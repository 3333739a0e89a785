"""Random offices, with people who are late and break rules, played by the product and by a second reading of the rules.

`KAOJI_OFFICES` says how many (their seeds count from 0); a difference names the seed and the line of the story.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.place import DEMO_CASE
from tests.scenarios.comparison import differences, product_plays
from tests.scenarios.directory import play_directory
from tests.scenarios.generator import write_case

OFFICES = int(os.environ.get("KAOJI_OFFICES", "12"))


@pytest.mark.parametrize("seed", range(OFFICES))
def test_a_random_office_comes_to_what_the_second_reading_says(seed: int, tmp_path: Path) -> None:
    directory = tmp_path / f"office{seed}"
    write_case(seed, directory)

    assert differences(play_directory(directory), product_plays(directory), directory) == []


def test_the_second_reading_comes_to_the_same_on_the_shipped_case() -> None:
    read = play_directory(DEMO_CASE)
    expected = json.loads((DEMO_CASE / "expected.json").read_text(encoding="utf-8"))

    assert by_name(read["reports"]) == by_name(expected["reports"])
    assert (read["cases"], read["refused"]) == (expected["cases"], expected["refused"])


def test_the_random_offices_meet_everything_that_can_happen(tmp_path: Path) -> None:
    """Else their agreement would say little: every way of a case, every state, refusals and returns."""
    seen: set[str] = set()
    for seed in range(4):
        directory = tmp_path / f"office{seed}"
        write_case(seed, directory)
        read = play_directory(directory)
        seen |= {f"{case['trigger']} {case['state']} {case['points_status']}" for case in read["cases"]}
        seen |= {f"{report['state']} {report['overdue']}" for report in read["reports"]}
        seen |= {flag for report in read["reports"] for flags in report["flags"].values() for flag in flags}
        seen |= {f"round {report['round']}" for report in read["reports"]}
        seen |= {"refused"} if read["refused"] else set()

    assert {
        *("lagging tracking None", "lagging interview None", "lagging closed None", "lagging closed confirmed"),
        *(
            "overdue closed None",
            "overdue score_deduction proposed",
            "overdue closed confirmed",
            "regressing closed None",
        ),
        *("draft True", "submitted False", "supervised True", "supervised False", "round 2", "refused"),
        *("lagging", "regressing", "weak", "improved"),
    } <= seen


def by_name(reports: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Reports by their name: the file lists them in another order."""
    return {report["report"]: report for report in reports}
