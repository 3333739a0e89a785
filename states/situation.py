"""What a decision is made on: the subject and whatever else the rules look at, already loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from states.events import Event
from states.models import Case, Charter, Duty, Entry, Report


@dataclass(frozen=True, slots=True)
class Decided:
    """One fact decided, and the subject it is about: `report:REF`, `case:ID`, `duty:KIND/UNIT` or `office`."""

    subject: str
    event: Event


@dataclass(frozen=True, slots=True)
class Woken:
    """What timers did: the facts, and the instant up to which the subject's timers are now applied."""

    until: datetime
    decided: Sequence[Decided]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The unit around a subject.

    `cases`: the unit's open rank cases by indicator; `overdue_case`: the open one of this report;
    `reports`: those of the unit that a review looks back on; `last`: each unit's last report before an opening;
    `sections`: this period's reports by unit, for a consolidation;
    `points_used`: points proposed or confirmed for the unit in this calendar year; `next_case`: the next number.
    `previous`: the unit's last report before this period, with its entries; `earlier`: the entries as they stood when
    the table was last sent before, or before the last save where it never was; empty where there is nothing earlier.
    """

    cases: Mapping[str, Case] = field(default_factory=dict)
    overdue_case: Case | None = None
    reports: Sequence[Report] = ()
    last: Mapping[str, Report] = field(default_factory=dict)
    sections: Mapping[str, Report] = field(default_factory=dict)
    previous: Report | None = None
    earlier: tuple[Entry, ...] = ()
    points_used: int = 0
    next_case: int = 1


NOTHING = Situation()
"""Where the subject alone is looked at."""


def report_subject(ref: str) -> str:
    """`report:REF`."""
    return f"report:{ref}"


def case_subject(case: int) -> str:
    """`case:ID`."""
    return f"case:{case}"


OFFICE_SUBJECT = "office"
"""The office as a whole."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A fact and what it made of its subject; `before` is None where the fact brought it into being.

    `situation` is what it was decided on.
    """

    subject: str
    event: Event
    before: Report | Case | Duty | Charter | None
    after: Report | Case | Duty | Charter
    situation: Situation = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was decided of one subject: `known` as it was loaded (None for a new one), `situation` what was looked at.

    `timers_until`: its timers are applied up to then. Timers of one instant come as several parts of one command.
    """

    subject: str
    known: Report | Case | Duty | Charter | None
    decided: Sequence[Decided]
    situation: Situation = NOTHING
    timers_until: datetime | None = None
