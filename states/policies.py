"""The numbers of the rules: deadlines, reminders, escalation, judging, points. Every default is the spec's.

Built once from the configuration; the functions that apply them live beside the thing they apply to.
"""

from dataclasses import dataclass
from datetime import time
from enum import StrEnum

MORNING = time(9, 0)
CLOSE = time(17, 0)


class Roll(StrEnum):
    """Where a deadline moves that falls on a day off (spec, part 3)."""

    PREVIOUS = "previous"
    NEXT = "next"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All days are counted in working days unless the name says otherwise; all times are local to the office."""

    # part 3: the calendar
    roll: Roll = Roll.PREVIOUS
    open_time: time = MORNING
    deadline_time: time = CLOSE
    # part 4: the report
    auto_submit: bool = False
    drafter_may_sign: bool = False
    returned_days: int = 3
    # part 16: who acted, and how that is known
    console_acts: bool = True
    # part 5: timers
    remind_days: tuple[int, ...] = (3, 1, 0)
    remind_time: time = MORNING
    case_after_days: int = 2
    interview_after_days: int = 4
    deduction_after_days: int = 7
    escalate_time: time = MORNING
    review_days: int = 3
    review_time: time = CLOSE
    feedback_days: int = 10
    feedback_time: time = CLOSE
    interview_days: int = 5
    interview_time: time = CLOSE
    liaison_calendar_days: int = 14
    liaison_time: time = MORNING
    liaison_head_days: int = 3
    bulletin_day: int = 20
    bulletin_time: time = MORNING
    digest_time: time = time(8, 30)
    # part 6: judging ranks
    lagging_places: int = 3
    regressing_places: int = 2
    repeated_lagging: int = 3
    # part 7: points
    points_per_case: int = 1
    points_per_year: int = 10
    appeal_days: int = 5
    appeal_time: time = CLOSE
