"""The route of a report: which signatures it needs, in which order, and where on it a report stands (spec, part 4.1).

The rules speak of phases, people of states. A state is a word of the route; a position says what it means: how many
steps are signed, and what the report waits for. Plain data: what is stored with a report is read back here.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final, NamedTuple


class Phase(StrEnum):
    """What a report waits for: its drafter, a signature, its drafter again to submit it, its review; or nothing."""

    DRAFTING = "drafting"
    SIGNING = "signing"
    SIGNED = "signed"
    SUBMITTED = "submitted"
    SUPERVISED = "supervised"


class ReportState(StrEnum):
    """The states every route has. A sent draft waits for its first signature; people call it a draft still."""

    DRAFT = "draft"
    SENT = "sent"
    SUBMITTED = "submitted"
    SUPERVISED = "supervised"


RESERVED: Final = frozenset({*ReportState, "voided"})
"""What no step may be called."""


class Need(StrEnum):
    """Of several signers of a step: all of them 会签, or any one 或签."""

    ALL = "all"
    ANY = "any"


class Opinion(StrEnum):
    """Whether a signature must say something."""

    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a route. `state` is what the report's state is called once the step is done.

    `signers` are posts, `ROLE` on the reporting unit or `ROLE@UNIT` elsewhere, as are those told, `cc`. Titles are
    empty where the glossary has the word for the state.
    """

    state: str
    signers: tuple[str, ...]
    need: Need = Need.ALL
    opinion: Opinion = Opinion.OPTIONAL
    cc: tuple[str, ...] = ()
    title: str = ""
    title_en: str = ""


class Position(NamedTuple):
    """Where on its route a report stands: the phase, and how many steps are signed.

    While it is signed, `step` is also the place of the step that waits.
    """

    phase: Phase
    step: int


@dataclass(frozen=True)  # without slots: what its states mean is worked out once and kept in it
class Route:
    """The steps of one route, in order; at least one."""

    steps: tuple[Step, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """Every state of a report on this route, in order."""
        signed = tuple(step.state for step in self.steps)
        return (str(ReportState.DRAFT), str(ReportState.SENT), *signed, "submitted", "supervised")

    def position(self, state: str) -> Position:
        """What a state means on this route. KeyError for a state it does not have."""
        return self._positions[state]

    @cached_property
    def _positions(self) -> Mapping[str, Position]:
        count = len(self.steps)
        positions = {
            str(ReportState.DRAFT): Position(Phase.DRAFTING, 0),
            str(ReportState.SENT): Position(Phase.SIGNING, 0),
        }
        for done, step in enumerate(self.steps, start=1):
            positions[step.state] = Position(Phase.SIGNING if done < count else Phase.SIGNED, done)
        positions[str(ReportState.SUBMITTED)] = Position(Phase.SUBMITTED, count)
        positions[str(ReportState.SUPERVISED)] = Position(Phase.SUPERVISED, count)
        return positions

    def waiting(self, state: str) -> Step | None:
        """The step whose signatures a report in that state waits for."""
        phase, step = self.position(state)
        return self.steps[step] if phase is Phase.SIGNING else None

    def title(self, state: str) -> tuple[str, str] | None:
        """What the route calls a state, in Chinese and in English; None where the glossary does."""
        return next(((step.title, step.title_en) for step in self.steps if step.state == state and step.title), None)


@lru_cache(maxsize=256)
def route_text(route: Route) -> str:
    """A route as JSON text."""
    return json.dumps([asdict(step) for step in route.steps], ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=256)
def route_of(text: str) -> Route:
    """A route from its JSON text."""
    return Route(
        tuple(
            Step(
                **{
                    **plain,
                    "signers": tuple(plain["signers"]),
                    "cc": tuple(plain["cc"]),
                    "need": Need(plain["need"]),
                    "opinion": Opinion(plain["opinion"]),
                }
            )
            for plain in json.loads(text)
        )
    )


BUREAU_ROUTE: Final = Route(
    (
        Step(state="section_signed", signers=("section_head",)),
        Step(state="leader_signed", signers=("leader",)),
    )
)
DISTRICT_ROUTE: Final = Route(
    (
        Step(state="section_signed", signers=("unit_head",)),
        Step(state="leader_signed", signers=("district_leader",)),
    )
)
