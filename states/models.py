"""What a report, a case and a duty are at one moment: frozen values, no behaviour beyond questions about themselves.

All instants are aware and in UTC. The words of every enum are the glossary's.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from states.office import Level
from states.ranks import UNREADABLE, RankKind, RankReading
from states.route import Phase, Position, ReportState, Route, Step


class CaseState(StrEnum):
    """Where a supervision case stands (spec, part 7)."""

    TRACKING = "tracking"
    INTERVIEW = "interview"
    SCORE_DEDUCTION = "score_deduction"
    CLOSED = "closed"


class Trigger(StrEnum):
    """Why a case was opened."""

    OVERDUE = "overdue"
    LAGGING = "lagging"
    REGRESSING = "regressing"


class PointsStatus(StrEnum):
    """What became of proposed points; waived points are `withdrawn`."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


class Flag(StrEnum):
    """Why an indicator is flagged at review, in the order they are listed (spec, part 6)."""

    LAGGING = "lagging"
    REGRESSING = "regressing"
    WEAK = "weak"
    IMPROVED = "improved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the table: what was written, what was read in it, and how the last review judged it.

    `field` is the indicator's number of places; `place` says where in a form the row stood, for messages.
    """

    indicator: str
    field: int
    rank_text: str = ""
    comparison: str = ""
    target: str = ""
    place: str | None = None
    reading: RankReading = UNREADABLE
    three_district_rank: int | None = None
    flags: tuple[Flag, ...] = ()

    @property
    def rank(self) -> int | None:
        """The rank it is judged by: a range counts as its worse end."""
        return self.reading.worst if self.reading.kind is RankKind.RANKED else None


@dataclass(frozen=True, slots=True)
class Task:
    """Something a report waits for: the post it is owed by, `ROLE@UNIT`, and who may do it now; nobody where vacant."""

    post: str
    persons: tuple[str, ...]


def called(state: str) -> str:
    """A report's state as documents name it: a sent draft is a draft."""
    return str(ReportState.DRAFT) if state == ReportState.SENT else state


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One unit's table for one period. `ref` is `PERIOD/UNIT`.

    `state` is a word of its `route`, the one it was opened with; `step` counts the steps whose signatures stand.
    `signed`: post and person of every signature the waiting step has so far; `tasks` what it waits for, planned.
    `version` counts the acts on it (each command names the one it was decided on), `seq` its events.
    `last_actor` is who may take the last act back; `drafters` wrote the present content.
    `timers_until`: every timer due at or before this instant has been applied; `wake_at` is the next one.
    """

    ref: str
    period: str
    unit: str
    level: Level
    route: Route
    state: str
    step: int
    signed: tuple[tuple[str, str], ...] = ()
    round: int
    version: int
    seq: int
    opened_at: datetime
    due_at: datetime
    overdue: bool
    submitted_at: datetime | None
    content_sha256: str
    drafters: tuple[str, ...]
    last_actor: str | None
    tasks: tuple[Task, ...] = ()
    holders: tuple[str, ...]
    timers_until: datetime
    wake_at: datetime | None
    entries: tuple[Entry, ...] = ()

    @property
    def position(self) -> Position:
        """What its state means on its route."""
        return self.route.position(self.state)

    @property
    def phase(self) -> Phase:
        """What it waits for."""
        return self.position.phase

    @property
    def waiting(self) -> Step | None:
        """The step whose signatures it waits for."""
        return self.route.waiting(self.state)

    @property
    def sent(self) -> bool:
        """Whether it is a draft that waits for its first signature."""
        return self.state == ReportState.SENT

    @property
    def called(self) -> str:
        """Its state as documents name it: a sent draft is a draft."""
        return called(self.state)

    @property
    def is_submitted(self) -> bool:
        """Whether it is signed and handed in: before, its ranks are nobody's word yet."""
        return self.phase in (Phase.SUBMITTED, Phase.SUPERVISED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The follow-up of one overdue report (`indicator` is None) or one lagging indicator.

    `report` is the one that opened it; `opened_rank` the rank it must beat; `entered_at` when it took its state.
    """

    id: int
    report: str
    unit: str
    level: Level
    indicator: str | None
    trigger: Trigger
    state: CaseState
    version: int
    seq: int
    opened_at: datetime
    opened_rank: int | None
    entered_at: datetime
    feedback_at: datetime | None
    interview_at: datetime | None
    appealed_at: datetime | None
    proposed_at: datetime | None
    points: int | None
    points_status: PointsStatus | None
    closed_at: datetime | None
    timers_until: datetime
    wake_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether anything may still happen to it."""
        return self.state is not CaseState.CLOSED

    @property
    def ref(self) -> str:
        """`PERIOD/UNIT/INDICATOR` or `PERIOD/UNIT/overdue`."""
        return f"{self.report}/{self.indicator or Trigger.OVERDUE.value}"


class DutyKind(StrEnum):
    """The recurring duties of the office that no single report carries (spec, part 5)."""

    OPENING = "opening"
    LIAISON = "liaison"
    DIGEST = "digest"
    BULLETIN = "bulletin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A recurring duty of one unit (`opening` is the root's). `since` is what its next instant counts from.

    For `liaison`, `since` is the last visit or the start of the duty.
    """

    kind: DutyKind
    unit: str
    seq: int
    since: datetime
    timers_until: datetime
    wake_at: datetime | None

    @property
    def ref(self) -> str:
        """`KIND/UNIT`."""
        return f"{self.kind}/{self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """The office as a whole: what it has defined, and what concerned all of it. `seq` counts its events."""

    seq: int
