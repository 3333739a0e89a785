"""The office, its numbers and its calendar together, and the questions the rules ask of them."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import NamedTuple

from states.calendar import WorkingCalendar
from states.grounds import Ground, Rule
from states.models import CaseState, Report, Task
from states.office import Duties, Level, Office, Post, Role
from states.policies import Policies
from states.route import Need, Phase, Step


class DeadlineTimer(NamedTuple):
    """A timer a deadline carries: a reminder so many days before, the overdue mark, or a rung of the ladder."""

    at: datetime
    kind: str
    days: int = 0
    to: CaseState | None = None


REMIND = "remind"
OVERDUE = "overdue"
ESCALATE = "escalate"


class Rules:
    """Everything `decide` needs besides what has happened and the present instant."""

    def __init__(self, office: Office, policies: Policies, calendar: WorkingCalendar) -> None:
        self.office = office
        self.policies = policies
        self.calendar = calendar
        self._deadline_timers: dict[datetime, tuple[DeadlineTimer, ...]] = {}

    def duties(self, unit: str) -> Duties:
        """Who does what for the reports of that unit."""
        return self.office.duties[self.office.unit_by_code[unit].level]

    def post(self, unit: str, duty: str) -> Post:
        """The post that bears a duty for the unit: `drafter`, `head`, `leader`; one level up `receiver`, `assessor`."""
        above = self.office.unit_by_code[unit].parent if duty in ("receiver", "assessor") else None
        return Post(getattr(self.duties(unit), duty), above or unit)

    def holding(self, post: Post, now: datetime) -> tuple[str, ...]:
        """Who holds a post on that day."""
        return self._in(post.unit, post.role, now)

    def drafters(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who drafts for the unit."""
        return self._in(unit, self.duties(unit).drafter, now)

    def heads(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who heads the unit and answers for its cases, whoever signs its reports."""
        return self._in(unit, self.duties(unit).head, now)

    def leaders(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who leads the unit from above."""
        return self._in(unit, self.duties(unit).leader, now)

    def receivers(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who receives the unit's reports, one level up."""
        return self._above(unit, self.duties(unit).receiver, now)

    def assessors(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who supervises the unit, one level up."""
        return self._above(unit, self.duties(unit).assessor, now)

    def liaisons(self, unit: str, now: datetime) -> tuple[str, ...]:
        """The unit's liaison officer."""
        return self._in(unit, Role.LIAISON, now)

    def offices_of(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who runs the office of a receiving unit: its `office`, at the root its `assessor`."""
        role = Role.ASSESSOR if self.office.unit_by_code[unit].level is Level.ROOT else Role.OFFICE
        return self._in(unit, role, now)

    def _in(self, unit: str, role: Role, now: datetime) -> tuple[str, ...]:
        return self.office.people_in(unit, role, self.calendar.day_of(now))

    def _above(self, unit: str, role: Role, now: datetime) -> tuple[str, ...]:
        return self.office.people_in(self.office.unit_by_code[unit].parent, role, self.calendar.day_of(now))

    def signers(self, step: Step, unit: str) -> tuple[Post, ...]:
        """The posts that sign a step of the unit's reports."""
        return posts_of(step.signers, unit)

    def owed_by(self, report: Report) -> tuple[Post, ...]:
        """The posts a report waits for, held or not: its drafter's, those that have not signed, or its assessor's."""
        match report.phase:
            case Phase.DRAFTING | Phase.SIGNED:
                return (self.post(report.unit, "drafter"),)
            case Phase.SUBMITTED:
                return (self.post(report.unit, "assessor"),)
            case Phase.SUPERVISED:
                return ()
        step = report.route.steps[report.position.step]
        have = {post for post, _ in report.signed}
        return tuple(post for post in self.signers(step, report.unit) if str(post) not in have)

    def tasks(self, report: Report, now: datetime) -> tuple[Task, ...]:
        """What the report waits for, and of whom."""
        return tuple(Task(str(post), self.holding(post, now)) for post in self.owed_by(report))

    def holders(self, report: Report, now: datetime) -> tuple[str, ...]:
        """The people whose turn it is now."""
        return tuple(dict.fromkeys(one for post in self.owed_by(report) for one in self.holding(post, now)))

    def vacant(self, report: Report, now: datetime) -> tuple[Post, ...]:
        """The posts nobody holds without which the report cannot go on; where any one may sign, one held is enough."""
        owed = self.owed_by(report)
        empty = tuple(post for post in owed if not self.holding(post, now))
        step = report.waiting
        return () if step is not None and step.need is Need.ANY and len(empty) < len(owed) else empty

    def deadline(self, period: str, unit: str) -> datetime:
        """When that unit's report of that period is due."""
        policies = self.policies
        return self.calendar.deadline(period, self.duties(unit).due_day, policies.deadline_time, policies.roll)

    def why_due(self, unit: str, due_at: datetime) -> Ground:
        """The ground of a deadline that follows from the day of the month."""
        return Ground(rule=Rule.DUE_DAY, count=self.duties(unit).due_day, due_at=due_at)

    def deadline_timers(self, due_at: datetime) -> tuple[DeadlineTimer, ...]:
        """The timers a deadline carries, in order of time (spec, part 5)."""
        known = self._deadline_timers.get(due_at)
        if known is None:
            known = self._deadline_timers[due_at] = self._new_deadline_timers(due_at)
        return known

    def _new_deadline_timers(self, due_at: datetime) -> tuple[DeadlineTimer, ...]:
        policies, later = self.policies, self.calendar.later
        ladder = (
            (policies.case_after_days, CaseState.TRACKING),
            (policies.interview_after_days, CaseState.INTERVIEW),
            (policies.deduction_after_days, CaseState.SCORE_DEDUCTION),
        )
        timers = [
            DeadlineTimer(later(due_at, -days, policies.remind_time), REMIND, days) for days in policies.remind_days
        ]
        timers.append(DeadlineTimer(due_at, OVERDUE))
        timers += [
            DeadlineTimer(later(due_at, days, policies.escalate_time), ESCALATE, days, to) for days, to in ladder
        ]
        return tuple(sorted(timers, key=lambda timer: timer.at))

    def review_at(self, submitted_at: datetime) -> datetime:
        """When a submitted report is reviewed by itself."""
        return self.calendar.later(submitted_at, self.policies.review_days, self.policies.review_time)

    def returned_due_at(self, now: datetime, due_at: datetime) -> datetime:
        """The deadline of a report returned after submission: some working days on, if that is later."""
        return max(due_at, self.calendar.later(now, self.policies.returned_days, self.policies.deadline_time))

    def appeal_until(self, proposed_at: datetime) -> datetime:
        """The last instant of the time for appeal."""
        return self.calendar.later(proposed_at, self.policies.appeal_days, self.policies.appeal_time)

    def feedback_until(self, opened_at: datetime) -> datetime:
        """When the unit's feedback on a case opened by a rank is due."""
        return self.calendar.later(opened_at, self.policies.feedback_days, self.policies.feedback_time)

    def interview_until(self, entered_at: datetime) -> datetime:
        """When an interview is to have been held; from then on the assessor is reminded."""
        return self.calendar.later(entered_at, self.policies.interview_days, self.policies.interview_time)

    def next_change_of_post(self, report: Report, after: datetime) -> datetime | None:
        """When next somebody begins or ends to hold a post the report waits for."""
        held = [one for post in self.owed_by(report) for one in self.office.appointments_to(post.unit, post.role)]
        midnights = [self.calendar.at(one.since, time()) for one in held]
        midnights += [self.calendar.at(one.until + timedelta(days=1), time()) for one in held if one.until]
        return min((instant for instant in midnights if instant > after), default=None)


def posts_of(named: Sequence[str], unit: str) -> tuple[Post, ...]:
    """The posts a route names for a reporting unit: `ROLE` in it, `ROLE@UNIT` elsewhere."""
    split = (one.partition("@") for one in named)
    return tuple(Post(Role(role), where or unit) for role, _, where in split)
