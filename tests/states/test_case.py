"""Who may do what to a case, when, and what comes of it (spec, part 7)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from states import case as cases
from states import commands as c
from states import events as e
from states.errors import AlreadyDone, ReasonMissing, Refused, WrongActor, WrongState, WrongTime
from states.grounds import Ground, Rule
from states.models import Case, CaseState, PointsStatus
from states.office import SYSTEM
from tests.states.builders import (
    ASSESSOR,
    CLERK,
    DISTRICT_ASSESSOR,
    EVERYBODY,
    HEAD,
    LEADER,
    OFFICE,
    UNIT_HEAD,
    a_case,
    a_case_command,
    at,
    rules,
)

RULES = rules()
OPENED = at("2015-10-15 17:00")
NOW = at("2015-10-16 10:00")
APPEAL_ENDS = at("2015-10-22 17:00")  # the fifth working day after the 15th
LATE = APPEAL_ENDS + timedelta(microseconds=1)

MAY: dict[type[c.CaseCommand], tuple[set[CaseState], set[str], set[str]]] = {
    c.GiveFeedback: ({CaseState.TRACKING}, {CLERK, HEAD}, {OFFICE, UNIT_HEAD}),
    c.HoldInterview: ({CaseState.INTERVIEW}, {ASSESSOR}, {DISTRICT_ASSESSOR}),
    c.Appeal: ({CaseState.SCORE_DEDUCTION}, {HEAD}, {UNIT_HEAD}),
    c.ConfirmPoints: ({CaseState.SCORE_DEDUCTION}, {ASSESSOR}, {DISTRICT_ASSESSOR}),
    c.WaivePoints: ({CaseState.SCORE_DEDUCTION}, {ASSESSOR}, {DISTRICT_ASSESSOR}),
    c.CloseCase: ({CaseState.TRACKING, CaseState.INTERVIEW}, {ASSESSOR}, {DISTRICT_ASSESSOR}),
}


def decide(case: Case, kind: type[c.CaseCommand], actor: str, *, now: Any = NOW, **more: Any) -> e.CaseEvent:
    """The one fact the command comes to."""
    (one,) = cases.decide(case, a_case_command(kind, actor, **more), RULES, now)
    assert one.subject == f"case:{case.id}"
    return one.event  # type: ignore[return-value]  # a case decides facts of cases


def after(case: Case, kind: type[c.CaseCommand], actor: str, *, now: Any = NOW, **more: Any) -> Case:
    """The case after the command."""
    return cases.evolve(case, decide(case, kind, actor, now=now, **more), at=now)


def refusal(case: Case, kind: type[c.CaseCommand], actor: str, *, now: Any = NOW, **more: Any) -> Refused:
    """Why the command is refused."""
    with pytest.raises(Refused) as refused:
        decide(case, kind, actor, now=now, **more)
    return refused.value


def instant_for(kind: type[c.CaseCommand]) -> Any:
    """Points are confirmed after the time for appeal; everything else is done the next morning."""
    return LATE if kind is c.ConfirmPoints else NOW


@pytest.mark.parametrize("level", ["section", "bureau"])
@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("kind", MAY, ids=lambda kind: kind.__name__)
def test_only_the_right_person_in_the_right_state_may(kind: type[c.CaseCommand], state: CaseState, level: str) -> None:
    states, section, bureau = MAY[kind]
    allowed = (section if level == "section" else bureau) if state in states else set()
    case = a_case(state.value, unit="shirong" if level == "section" else "bureau")
    refused = {}

    for person in EVERYBODY:
        try:
            decide(case, kind, person, now=instant_for(kind))
        except Refused as why:
            refused[person] = type(why)

    assert refused == dict.fromkeys(set(EVERYBODY) - allowed, WrongActor if allowed else WrongState)


@pytest.mark.parametrize(
    ("kind", "state", "actor", "to", "noted"),
    [
        (c.GiveFeedback, "tracking", CLERK, CaseState.TRACKING, "feedback_at"),
        (c.HoldInterview, "interview", ASSESSOR, CaseState.INTERVIEW, "interview_at"),
        (c.Appeal, "score_deduction", HEAD, CaseState.SCORE_DEDUCTION, "appealed_at"),
        (c.ConfirmPoints, "score_deduction", ASSESSOR, CaseState.CLOSED, "closed_at"),
        (c.WaivePoints, "score_deduction", ASSESSOR, CaseState.CLOSED, "closed_at"),
        (c.CloseCase, "tracking", ASSESSOR, CaseState.CLOSED, "closed_at"),
        (c.CloseCase, "interview", ASSESSOR, CaseState.CLOSED, "closed_at"),
    ],
)
def test_an_act_is_noted_with_its_instant(
    kind: type[c.CaseCommand], state: str, actor: str, to: CaseState, noted: str
) -> None:
    now, case = instant_for(kind), a_case(state)

    done = after(case, kind, actor, now=now)

    assert (done.state, getattr(done, noted), done.version, done.seq) == (to, now, 2, 2)
    assert done.is_open is (to is not CaseState.CLOSED)


def test_feedback_may_be_given_again() -> None:
    assert after(a_case(feedback_at=OPENED), c.GiveFeedback, HEAD).feedback_at == NOW


@pytest.mark.parametrize(
    ("kind", "actor", "case"),
    [
        (c.HoldInterview, ASSESSOR, a_case("interview", interview_at=OPENED)),
        (c.Appeal, HEAD, a_case("score_deduction", appealed_at=OPENED)),
    ],
)
def test_what_happens_once_happens_once(kind: type[c.CaseCommand], actor: str, case: Case) -> None:
    assert isinstance(refusal(case, kind, actor), AlreadyDone)


@pytest.mark.parametrize(
    ("kind", "actor", "state"),
    [
        (c.GiveFeedback, CLERK, "tracking"),
        (c.HoldInterview, ASSESSOR, "interview"),
        (c.Appeal, HEAD, "score_deduction"),
    ],
)
def test_where_content_is_the_point_empty_words_are_refused(kind: type[c.CaseCommand], actor: str, state: str) -> None:
    assert isinstance(refusal(a_case(state), kind, actor, text=" \u3000\n"), ReasonMissing)


@pytest.mark.parametrize(("kind", "state"), [(c.WaivePoints, "score_deduction"), (c.CloseCase, "tracking")])
def test_a_reason_is_needed(kind: type[c.CaseCommand], state: str) -> None:
    assert isinstance(refusal(a_case(state), kind, ASSESSOR, reason=" \n"), ReasonMissing)


@pytest.mark.parametrize("kind", [c.Appeal, c.ConfirmPoints, c.WaivePoints])
def test_points_must_stand_proposed(kind: type[c.CaseCommand]) -> None:
    case = a_case("score_deduction", points=None, points_status=None, proposed_at=None)

    assert isinstance(refusal(case, kind, HEAD if kind is c.Appeal else ASSESSOR), WrongState)


@pytest.mark.parametrize("now", [OPENED, APPEAL_ENDS - timedelta(microseconds=1), APPEAL_ENDS])
def test_until_the_last_instant_one_may_appeal_and_not_confirm(now: Any) -> None:
    case = a_case("score_deduction")

    assert after(case, c.Appeal, HEAD, now=now).appealed_at == now
    assert isinstance(refusal(case, c.ConfirmPoints, ASSESSOR, now=now), WrongTime)


def test_after_the_last_instant_one_may_confirm_and_not_appeal() -> None:
    case = a_case("score_deduction")

    assert isinstance(refusal(case, c.Appeal, HEAD, now=LATE), WrongTime)
    assert after(case, c.ConfirmPoints, ASSESSOR, now=LATE).points_status is PointsStatus.CONFIRMED


def test_the_time_for_appeal_counts_working_days_from_the_day_of_proposal() -> None:
    case = a_case("score_deduction", proposed_at=at("2015-09-30 00:00"))  # then a week of holidays

    ends = at("2015-10-13 17:00")  # 8, 9, 10, 12, 13
    assert after(case, c.Appeal, HEAD, now=ends).appealed_at == ends
    assert isinstance(refusal(case, c.Appeal, HEAD, now=ends + timedelta(microseconds=1)), WrongTime)


def test_an_appeal_lets_the_assessor_confirm_at_once() -> None:
    appealed = a_case("score_deduction", appealed_at=OPENED)

    confirmed = after(appealed, c.ConfirmPoints, ASSESSOR)

    assert (confirmed.points, confirmed.points_status) == (1, PointsStatus.CONFIRMED)


@pytest.mark.parametrize("now", [OPENED, APPEAL_ENDS, LATE])
def test_proposed_points_are_waived_whenever_they_stand(now: Any) -> None:
    waived = after(a_case("score_deduction"), c.WaivePoints, ASSESSOR, now=now)

    assert (waived.points, waived.points_status, waived.state) == (1, PointsStatus.WITHDRAWN, CaseState.CLOSED)


def test_closing_by_the_assessor_keeps_the_reason() -> None:
    fact = decide(a_case(), c.CloseCase, ASSESSOR, reason=" 已整改 ")

    assert fact == e.CaseClosed(grounds=(Ground(rule=Rule.CLOSED_BY_ASSESSOR),), reason="已整改")


def test_a_proposal_moves_the_case_and_bears_its_points() -> None:
    fact = e.PointsProposed(points=0, grounds=(), due_instant=None)

    case = cases.evolve(a_case("interview"), fact, at=NOW)

    assert (case.state, case.points, case.points_status) == (CaseState.SCORE_DEDUCTION, 0, PointsStatus.PROPOSED)
    assert case.proposed_at == NOW


def test_a_case_opens_only_once() -> None:
    kept = {name: getattr(a_case(), name) for name in ("report", "unit", "level", "indicator", "trigger")}
    fact = e.CaseOpened(case=1, rank=10, grounds=(), **kept)

    assert cases.opened(fact, OPENED) == a_case()
    with pytest.raises(ValueError, match="is open already"):
        cases.evolve(a_case(), fact, at=NOW)


def test_what_is_no_command_on_a_case_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="not a command"):
        decide(a_case(), c.CaseCommand, ASSESSOR)


@pytest.mark.parametrize(("indicator", "ref"), [("szcg", "2015-10/shirong/szcg"), (None, "2015-10/shirong/overdue")])
def test_a_case_is_named_after_its_report(indicator: str | None, ref: str) -> None:
    assert a_case(indicator=indicator).ref == ref


@pytest.mark.parametrize(
    "case",
    [
        a_case(feedback_at=NOW),
        a_case(indicator=None),
        a_case("interview", interview_at=NOW),
        a_case("score_deduction"),
        a_case("closed"),
    ],
)
def test_a_case_without_a_duty_has_no_timer(case: Case) -> None:
    assert cases.next_wakeup(case, RULES) is None
    assert list(cases.wake(case, RULES, LATE).decided) == []


def test_a_timer_looked_at_too_early_does_nothing() -> None:
    woken = cases.wake(a_case(), RULES, NOW)

    assert (woken.until, list(woken.decided)) == (NOW, [])


@pytest.mark.parametrize("person", [LEADER, SYSTEM])
def test_nobody_but_the_assessor_waives(person: str) -> None:
    assert isinstance(refusal(a_case("score_deduction"), c.WaivePoints, person), WrongActor)


def test_a_proposal_without_its_instant_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="without an instant"):
        decide(replace(a_case("score_deduction"), proposed_at=None), c.Appeal, HEAD)
