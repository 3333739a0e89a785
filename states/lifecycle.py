"""The transition tables of report and case: which act leads from which state to which.

The only importer of `transitions`. `decide` in `report.py` and `case.py` asks the machine whether an act may be done
where the subject stands, `evolve` takes the new state from its answer, and nothing else knows where an act leads.
Diagrams, documents and the proof of the database are made from the same machines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from transitions import Machine

from states import events as e
from states.grounds import Rule
from states.models import CaseState
from states.route import ReportState, Route


@dataclass(frozen=True, slots=True)
class Move:
    """One arrow: the act, the states it may start from, and the state it leads to."""

    act: str
    sources: tuple[str, ...]
    target: str


C = CaseState


def report_moves(route: Route) -> tuple[Move, ...]:
    """The table of a report on that route. From its last signature on only taking it back leads to the draft."""
    signed = [step.state for step in route.steps]
    waiting = ["sent", *signed[:-1]]
    return (
        Move("save", ("draft", "sent"), "draft"),
        Move("send", ("draft",), "sent"),
        *(Move("sign", (before,), after) for before, after in zip(waiting, signed, strict=True)),
        Move("submit", (signed[-1],), "submitted"),
        Move("return", (*waiting, "submitted"), "draft"),
        Move("withdraw", ("sent", *signed), "draft"),
        Move("review", ("submitted",), "supervised"),
        Move("reopen", ("supervised",), "draft"),
    )


CASE_MOVES: Final = (
    Move("feedback", (C.TRACKING,), C.TRACKING),
    Move("escalate", (C.TRACKING,), C.INTERVIEW),
    Move("interview", (C.INTERVIEW,), C.INTERVIEW),
    Move("deduct", (C.INTERVIEW,), C.SCORE_DEDUCTION),
    Move("appeal", (C.SCORE_DEDUCTION,), C.SCORE_DEDUCTION),
    Move("improve", (C.TRACKING, C.INTERVIEW), C.CLOSED),
    Move("settle", (C.TRACKING,), C.CLOSED),
    Move("close", (C.TRACKING, C.INTERVIEW), C.CLOSED),
    Move("confirm", (C.SCORE_DEDUCTION,), C.CLOSED),
    Move("waive", (C.SCORE_DEDUCTION,), C.CLOSED),
)


class _Token:
    """The light model a shared machine moves: one state, nothing else."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


class Lifecycle:
    """One table as a `transitions` machine, built once and shared: no model is registered with it."""

    def __init__(self, states: tuple[str, ...], initial: str, moves: tuple[Move, ...]) -> None:
        # The library knows an Enum by the name of its member, so that it is given plain strings.
        self.states = tuple(str(state) for state in states)
        self.initial = str(initial)
        self.moves = moves
        self._machine = Machine(
            model=None, states=list(self.states), initial=self.initial, auto_transitions=False, send_event=False
        )
        for move in moves:
            self._machine.add_transition(move.act, [str(source) for source in move.sources], str(move.target))
        self._answers: dict[tuple[str, str], str] = {}
        self._open = {state: frozenset(self._machine.get_triggers(state)) for state in self.states}

    def after(self, act: str, state: str) -> str:
        """The state `act` leads to from `state`, as the machine moves. MachineError where no arrow leads on.

        A machine's table never changes once it is made, so each of its answers is asked for once.
        """
        known = self._answers.get((act, state))
        if known is None:
            token = _Token(str(state))
            self._machine.events[act].trigger(token)
            known = self._answers[act, state] = token.state
        return known

    def allows(self, act: str, state: str) -> bool:
        """Whether `act` may be done in `state`."""
        return act in self._open[state]

    def sources(self, act: str) -> tuple[str, ...]:
        """Every state `act` may start from, in their order."""
        return tuple(state for state in self.states if act in self._open[state])


@lru_cache(maxsize=256)
def lifecycle_of(route: Route) -> Lifecycle:
    """The machine of a route: one for all reports on it."""
    return Lifecycle(route.states, ReportState.DRAFT, report_moves(route))


CASE: Final = Lifecycle(tuple(C), C.TRACKING, CASE_MOVES)

REPORT_ACTS: Final[Mapping[type[e.Event], str]] = {
    e.TableSaved: "save",
    e.ReportSent: "send",
    e.ReportSigned: "sign",
    e.ReportSubmitted: "submit",
    e.ReportReturned: "return",
    e.ReportWithdrawn: "withdraw",
    e.ReportReviewed: "review",
    e.ReportReopened: "reopen",
}
CASE_ACTS: Final[Mapping[type[e.Event], str]] = {
    e.FeedbackRecorded: "feedback",
    e.CaseAdvanced: "escalate",
    e.InterviewRecorded: "interview",
    e.PointsProposed: "deduct",
    e.AppealRecorded: "appeal",
    e.PointsConfirmed: "confirm",
    e.PointsWaived: "waive",
}
CLOSING_ACTS: Final[Mapping[Rule, str]] = {
    Rule.IMPROVED: "improve",
    Rule.SUBMITTED: "settle",
    Rule.CLOSED_BY_ASSESSOR: "close",
}
"""The acts of a `CaseClosed`, by the rule that is its ground."""


def act_of(event: e.Event) -> str | None:
    """The act of the tables that an event is the outcome of; None where it moves nothing.

    ValueError for a case closed by a rule there is not.
    """
    if isinstance(event, e.CaseClosed):
        act = next((CLOSING_ACTS.get(ground.rule) for ground in event.grounds), None)
        if act is None:
            raise ValueError(f"no case is closed for such grounds: {event.grounds}")
        return act
    if isinstance(event, e.ReportSigned) and not event.completes:
        return None  # its step waits for further signatures
    if isinstance(event, e.ReportWithdrawn) and event.alone:
        return None
    kind = type(event)
    return REPORT_ACTS.get(kind) or CASE_ACTS.get(kind)


def lawful_moves(lifecycle: Lifecycle) -> frozenset[tuple[type[e.Event], str | None, str]]:
    """Every change of state a table knows: the kind of event that tells of it, and the states it joins."""
    kinds: list[tuple[type[e.Event], str]] = [*REPORT_ACTS.items()]
    opened: type[e.Event] = e.ReportOpened
    if lifecycle is CASE:
        opened = e.CaseOpened
        kinds = [*CASE_ACTS.items(), *((e.CaseClosed, act) for act in CLOSING_ACTS.values())]
    made: set[tuple[type[e.Event], str | None, str]] = {(opened, None, lifecycle.initial)}
    for kind, act in kinds:
        for state in lifecycle.sources(act):
            after = lifecycle.after(act, state)
            if after != state:
                made.add((kind, state, after))
    return frozenset(made)
