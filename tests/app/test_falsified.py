"""The tables decide: with another table the same story comes out otherwise, and what happened before still verifies."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.place import DEMO_CASE
from storage.check import run_invariants
from storage.database import open_database
from workflow.audit import verify

EXPECTED = json.loads((DEMO_CASE / "expected.json").read_text(encoding="utf-8"))

FALSIFIED = """
import sys
from dataclasses import replace
from states import lifecycle
true = lifecycle.report_moves
if "{table}" == "REPORT":
    lifecycle.report_moves = lambda route: tuple({move} for move in true(route))
else:
    moves = tuple({move} for move in lifecycle.CASE_MOVES)
    lifecycle.CASE = lifecycle.Lifecycle(lifecycle.CASE.states, lifecycle.CASE.initial, moves)
from app.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""A program whose table differs in one arrow from the product's."""

Simulated = Callable[..., Any]


@pytest.fixture
def simulated(tmp_path: Path) -> Simulated:
    def run(*, move: str, until: str, table: str = "REPORT") -> Any:
        url = f"sqlite:///{tmp_path / 'false.db'}"
        program = FALSIFIED.format(table=table, move=move)
        played = subprocess.run(
            [sys.executable, "-c", program, "--database", url, "simulate", str(DEMO_CASE), "--json", "--until", until],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return json.loads(played.stdout)

    return run


SKIPPING = "replace(move, target='leader_signed') if move.act == 'sign' else move"
"""The first signature is taken for both."""

STRAIGHT = "replace(move, target='score_deduction') if move.act == 'escalate' else move"
"""No interview comes before a deduction."""


def test_a_falsified_table_of_reports_changes_the_story_and_what_happened_still_verifies(
    simulated: Simulated, tmp_path: Path
) -> None:
    falsified = simulated(move=SKIPPING, until="2015-10-10T18:00:00+08:00")
    url = f"sqlite:///{tmp_path / 'false.db'}"

    assert {line["line"] for line in falsified["refused"]} - set(EXPECTED["refused"])
    assert falsified["audit"]["valid"]
    with open_database(url, read_only=True) as database:  # here, the tables are as they should be
        assert verify(database).problem is None
    assert "I02" in {found.code for found in run_invariants(url)}


def test_a_falsified_table_of_cases_changes_what_the_story_comes_to(simulated: Simulated) -> None:
    falsified = simulated(table="CASE", move=STRAIGHT, until="2015-12-31T18:00:00+08:00")

    reached = {(case["state"], case["points"]) for case in falsified["cases"]}
    assert ("score_deduction", None) in reached
    assert "interview" not in {state for state, _ in reached}
