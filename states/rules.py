"""The office, its numbers and its calendar together, and the questions the rules ask of them."""

from datetime import datetime, time, timedelta
from typing import NamedTuple

from states.calendar import WorkingCalendar
from states.grounds import Ground, Rule
from states.models import CaseState, Report, ReportState
from states.office import Duties, Level, Office, Post, Role
from states.policies import Policies


class DeadlineTimer(NamedTuple):
    """A timer a deadline carries: a reminder so many days before, the overdue mark, or a rung of the ladder."""

    at: datetime
    kind: str
    days: int = 0
    to: CaseState | None = None


REMIND = "remind"
OVERDUE = "overdue"
ESCALATE = "escalate"

UNSUBMITTED = (ReportState.DRAFT, ReportState.SECTION_SIGNED, ReportState.LEADER_SIGNED)


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
        """The post that bears a duty for the unit: `drafter`, `first_signer`, `second_signer`, or one level up
        `receiver` or `assessor`.
        """
        above = self.office.unit_by_code[unit].parent if duty in ("receiver", "assessor") else None
        return Post(getattr(self.duties(unit), duty), above or unit)

    def holding(self, post: Post, now: datetime) -> tuple[str, ...]:
        """Who holds a post on that day."""
        return self._in(post.unit, post.role, now)

    def drafters(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who drafts for the unit."""
        return self._in(unit, self.duties(unit).drafter, now)

    def first_signers(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who signs first."""
        return self._in(unit, self.duties(unit).first_signer, now)

    def second_signers(self, unit: str, now: datetime) -> tuple[str, ...]:
        """Who signs second."""
        return self._in(unit, self.duties(unit).second_signer, now)

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

    def holding_post(self, state: ReportState, sent: bool) -> str | None:
        """Whose turn it is: `drafter`, `first_signer`, `second_signer`, `assessor`, or nobody's."""
        if state is ReportState.DRAFT:
            return "first_signer" if sent else "drafter"
        return {
            ReportState.SECTION_SIGNED: "second_signer",
            ReportState.LEADER_SIGNED: "drafter",
            ReportState.SUBMITTED: "assessor",
        }.get(state)

    def holders(self, unit: str, state: ReportState, sent: bool, now: datetime) -> tuple[str, ...]:
        """The people whose turn it is now."""
        match self.holding_post(state, sent):
            case "drafter":
                return self.drafters(unit, now)
            case "first_signer":
                return self.first_signers(unit, now)
            case "second_signer":
                return self.second_signers(unit, now)
            case "assessor":
                return self.assessors(unit, now)
        return ()

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
        """When next somebody begins or ends to hold the post whose turn it is."""
        post = self.holding_post(report.state, report.sent)
        if post is None:
            return None
        duties = self.duties(report.unit)
        unit = self.office.unit_by_code[report.unit].parent if post == "assessor" else report.unit
        held = self.office.appointments_to(unit, getattr(duties, post))
        midnights = [self.calendar.at(one.since, time()) for one in held]
        midnights += [self.calendar.at(one.until + timedelta(days=1), time()) for one in held if one.until]
        return min((instant for instant in midnights if instant > after), default=None)
