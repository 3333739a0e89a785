"""The transition tables of report and case: which act leads from which state to which.

The only importer of `transitions`. One shared machine per table, built once; no model is registered and nothing is
decided in it: `report.py` and `case.py` decide, these tables say where a decided act leads. The diagrams in
`docs/lifecycle/` are generated from them.
"""

from dataclasses import dataclass
from typing import Final

from transitions import Machine, MachineError

from states.models import CaseState, ReportState


@dataclass(frozen=True, slots=True)
class Move:
    """One arrow: the act, the states it may start from, and the state it leads to."""

    act: str
    sources: tuple[str, ...]
    target: str


R = ReportState
C = CaseState

REPORT_MOVES: Final = (
    Move("save", (R.DRAFT,), R.DRAFT),
    Move("send", (R.DRAFT,), R.DRAFT),
    Move("sign", (R.DRAFT,), R.SECTION_SIGNED),
    Move("sign", (R.SECTION_SIGNED,), R.LEADER_SIGNED),
    Move("submit", (R.LEADER_SIGNED,), R.SUBMITTED),
    Move("return", (R.DRAFT, R.SECTION_SIGNED, R.SUBMITTED), R.DRAFT),
    Move("withdraw", (R.DRAFT, R.SECTION_SIGNED, R.LEADER_SIGNED), R.DRAFT),
    Move("review", (R.SUBMITTED,), R.SUPERVISED),
    Move("reopen", (R.SUPERVISED,), R.DRAFT),
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
    """One table as a `transitions` machine."""

    def __init__(self, states: tuple[str, ...], initial: str, moves: tuple[Move, ...]) -> None:
        self.states = states
        self.initial = initial
        self.moves = moves
        self._machine = Machine(
            model=None, states=list(states), initial=initial, auto_transitions=False, send_event=False
        )
        for move in moves:
            self._machine.add_transition(move.act, list(move.sources), move.target)
        self._targets = {(move.act, state): self._moved(move.act, state) for move in moves for state in states}

    def target(self, act: str, state: str) -> str | None:
        """The state `act` leads to from `state`; None where the table has no such arrow. KeyError for another act."""
        return self._targets[act, state]

    def _moved(self, act: str, state: str) -> str | None:
        token = _Token(state)
        try:
            self._machine.events[act].trigger(token)
        except MachineError:
            return None
        return token.state

    def sources(self, act: str) -> tuple[str, ...]:
        """Every state `act` may start from."""
        return tuple(source for move in self.moves if move.act == act for source in move.sources)


REPORT: Final = Lifecycle(tuple(R), R.DRAFT, REPORT_MOVES)
CASE: Final = Lifecycle(tuple(C), C.TRACKING, CASE_MOVES)
