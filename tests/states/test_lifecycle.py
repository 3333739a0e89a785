"""The transition tables, and that `decide` allows no act they have no arrow for."""

from itertools import pairwise
from typing import Any

import pytest
from transitions import MachineError

from states import acts
from states import case as cases
from states import commands as c
from states import report as reports
from states.acts import ACTS, BY_RULE
from states.errors import Refused
from states.lifecycle import CASE, Lifecycle, lifecycle_of
from states.models import CaseState
from states.route import BUREAU_ROUTE
from states.situation import Situation
from tests.states.builders import EVERYBODY, a_case, a_case_command, a_report, a_report_command, at, rules

RULES = rules()
REPORT = lifecycle_of(BUREAU_ROUTE)
NOW = at("2015-11-02 10:00")
REPORT_ACTS: dict[str, Any] = {act.move: act.command for act in ACTS.values() if act.on is acts.REPORT and act.move}
REPORT_ACTS["save"] = c.SaveTable  # of the several ways to save, the one by hand
CASE_ACTS: dict[str, Any] = {act.move: act.command for act in ACTS.values() if act.on is acts.CASE and act.move}


def arrows(table: Lifecycle) -> set[tuple[str, str]]:
    """Every pair of a state and one it leads to, as the machine moves."""
    acts = {move.act for move in table.moves}
    return {(source, table.after(act, source)) for act in acts for source in table.sources(act)}


def reachable(table: Lifecycle) -> set[str]:
    """Every state some sequence of acts leads to."""
    found = {table.initial}
    while more := {target for source, target in arrows(table) if source in found} - found:
        found |= more
    return found


@pytest.mark.parametrize("table", [REPORT, CASE], ids=["report", "case"])
def test_every_state_is_reachable(table: Lifecycle) -> None:
    assert reachable(table) == set(table.states)


def test_no_state_of_a_report_is_a_dead_end() -> None:
    assert {source for source, target in arrows(REPORT) if source != target} == set(REPORT.states)


def test_only_a_closed_case_is_at_its_end() -> None:
    assert {source for source, target in arrows(CASE) if source != target} == set(CaseState) - {CaseState.CLOSED}


def test_a_report_skips_no_state() -> None:
    order = list(REPORT.states)
    onward = {(a, b) for a, b in arrows(REPORT) if b not in (a, "draft")}

    assert onward == set(pairwise(order))


@pytest.mark.parametrize("table", [REPORT, CASE], ids=["report", "case"])
def test_no_act_jumps_to_a_state_by_name(table: Lifecycle) -> None:
    acts = set(table._machine.events)

    assert acts == {move.act for move in table.moves}
    assert not {act for act in acts if act.startswith("to_")}


@pytest.mark.parametrize("table", [REPORT, CASE], ids=["report", "case"])
def test_the_machine_says_what_the_table_says(table: Lifecycle) -> None:
    for act in {move.act for move in table.moves}:
        named = {source: move.target for move in table.moves if move.act == act for source in move.sources}
        assert {state: table.after(act, state) for state in table.sources(act)} == named
        for state in set(table.states) - set(named):
            assert not table.allows(act, state)
            with pytest.raises(MachineError):
                table.after(act, state)


def test_every_act_of_the_tables_is_somebodys() -> None:
    assert {move.act for move in REPORT.moves} == set(REPORT_ACTS)
    assert {move.act for move in CASE.moves} == set(CASE_ACTS) | set(BY_RULE)


@pytest.mark.parametrize("act", REPORT_ACTS)
@pytest.mark.parametrize("state", REPORT.states)
def test_an_act_on_a_report_is_allowed_only_where_there_is_an_arrow(act: str, state: str) -> None:
    allowed: set[str] = set()

    report = a_report(state)
    for person in EVERYBODY:
        try:
            decided = reports.decide(
                report, a_report_command(REPORT_ACTS[act], person), Situation(reports=(report,)), RULES, NOW
            )
        except Refused:
            continue
        after = report
        for one in decided:
            if one.subject == f"report:{report.ref}":
                after = reports.evolve(after, one.event, at=NOW, actor=person)  # type: ignore[arg-type]  # a report's
        allowed.add(after.state)

    assert allowed == ({REPORT.after(act, state)} if REPORT.allows(act, state) else set())


@pytest.mark.parametrize("act", CASE_ACTS)
@pytest.mark.parametrize("state", list(CaseState))
def test_an_act_on_a_case_is_allowed_only_where_there_is_an_arrow(act: str, state: CaseState) -> None:
    now = at("2015-10-20 10:00") if act == "appeal" else NOW
    allowed: set[str] = set()

    for person in EVERYBODY:
        case = a_case(state.value)
        try:
            decided = cases.decide(case, a_case_command(CASE_ACTS[act], person), RULES, now)
        except Refused:
            continue
        allowed.add(cases.evolve(case, decided[0].event, at=now).state)  # type: ignore[arg-type]  # a case's

    assert allowed == ({CASE.after(act, state)} if CASE.allows(act, state) else set())
