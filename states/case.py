"""The supervision case: which acts are allowed, what its timers do, and what a fact makes of it (spec, part 7).

What a review or the overdue ladder does to a case is decided in `flags.py` and `report.py`, where the ground for it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from states import commands as c
from states import events as e
from states.acts import row_of
from states.errors import UnknownSubject
from states.grounds import Ground, Rule
from states.lifecycle import CASE, act_of
from states.models import Case, CaseState, PointsStatus, Trigger
from states.needs import need_words
from states.permits import Capacity, Standing, capacity, need_capacity
from states.rules import Rules
from states.situation import Decided, Woken, case_subject


def decide(case: Case, command: c.CaseCommand, rules: Rules, now: datetime) -> list[Decided]:
    """What the command comes to. Raises a subclass of `Refused` when the rules do not allow it."""
    need_capacity(row_of(command).name, command.actor, Standing(case, rules, now))
    match command:
        case c.GiveFeedback():
            need_words(command)
            fact: e.CaseEvent = e.FeedbackRecorded(text=command.text.strip())
        case c.HoldInterview():
            need_words(command)
            fact = e.InterviewRecorded(text=command.text.strip())
        case c.Appeal():
            need_words(command)
            fact = e.AppealRecorded(text=command.text.strip())
        case c.ConfirmPoints():
            fact = e.PointsConfirmed(text=command.text.strip())
        case c.WaivePoints():
            need_words(command)
            fact = e.PointsWaived(reason=command.reason.strip())
        case c.CloseCase():
            need_words(command)
            fact = e.CaseClosed(grounds=(Ground(rule=Rule.CLOSED_BY_ASSESSOR),), reason=command.reason.strip())
        case _:
            raise TypeError(f"not a command on a case: {command!r}")
    return [Decided(case_subject(case.id), fact)]


def waive_span(
    open_cases: Sequence[Case], command: c.WaivePoints, rules: Rules, now: datetime
) -> list[tuple[Case, Decided]]:
    """Every proposal of the command's span that is the actor's to waive. Raises `Refused` where there is none."""
    proposed = [case for case in open_cases if is_proposed_in(case, command)]
    if not proposed:
        since, until = (rules.calendar.local(at) for at in (command.since or now, command.until or now))
        raise UnknownSubject("nothing_proposed_between", since=since, until=until)
    act = row_of(command).name
    own = [case for case in proposed if isinstance(capacity(act, command.actor, Standing(case, rules, now)), Capacity)]
    # Where none is the actor's, the first says whose it is.
    return [(case, one) for case in own or proposed[:1] for one in decide(case, command, rules, now)]


def is_proposed_in(case: Case, span: c.WaivePoints) -> bool:
    """Whether points were proposed for the case in the span, its ends included, and are not decided on yet."""
    if case.points_status is not PointsStatus.PROPOSED or case.proposed_at is None:
        return False
    return span.since is not None and span.until is not None and span.since <= case.proposed_at <= span.until


# --- timers --------------------------------------------------------------------------------------------------------


def next_wakeup(case: Case, rules: Rules) -> datetime | None:
    """The earliest instant at which anything must happen to the case by itself (spec, part 5)."""
    if case.state is CaseState.TRACKING and case.trigger is not Trigger.OVERDUE and case.feedback_at is None:
        return _if_pending(rules.feedback_until(case.opened_at), case)
    if case.state is CaseState.INTERVIEW and case.interview_at is None:
        first = rules.interview_until(case.entered_at)
        if first > case.timers_until:
            return first
        return rules.calendar.next_workday_at(case.timers_until, rules.policies.interview_time)
    return None


def _if_pending(instant: datetime, case: Case) -> datetime | None:
    return instant if instant > case.timers_until else None


def wake(case: Case, rules: Rules, now: datetime) -> Woken:
    """Apply the case's timer; interview reminders missed in downtime are one."""
    due = next_wakeup(case, rules)
    if due is None or due > now:
        return Woken(now, [])
    if case.state is CaseState.TRACKING:
        grounds = (Ground(rule=Rule.NO_FEEDBACK, count=rules.policies.feedback_days),)
        advanced = e.CaseAdvanced(grounds=grounds, due_instant=due)
        return Woken(due, [Decided(case_subject(case.id), advanced)])
    missed = _daily(due, now, rules)
    return Woken(missed[-1], [Decided(case_subject(case.id), e.InterviewReminded(due_instants=missed))])


def _daily(first: datetime, now: datetime, rules: Rules) -> tuple[datetime, ...]:
    instants = [first]
    while True:
        following = rules.calendar.next_workday_at(instants[-1], rules.policies.interview_time)
        if following > now:
            return tuple(instants)
        instants.append(following)


# --- what a fact makes of it ---------------------------------------------------------------------------------------


def opened(event: e.CaseOpened, at: datetime) -> Case:
    """The case a CaseOpened makes."""
    return Case(
        id=event.case,
        report=event.report,
        unit=event.unit,
        level=event.level,
        indicator=event.indicator,
        trigger=event.trigger,
        state=CaseState(CASE.initial),
        version=1,
        seq=1,
        opened_at=at,
        opened_rank=event.rank,
        entered_at=at,
        feedback_at=None,
        interview_at=None,
        appealed_at=None,
        proposed_at=None,
        points=None,
        points_status=None,
        closed_at=None,
        timers_until=at - timedelta(microseconds=1),
        wake_at=None,
    )


def evolve(case: Case, event: e.CaseEvent, *, at: datetime, to: str | None = None) -> Case:
    """The case after one fact. `wake_at` is planned afterwards, from the rules.

    Its new state is the machine's answer; a replay gives the state the fact led `to` then, for tables may have changed.
    """
    seq, version = case.seq + 1, case.version + 1
    act = act_of(event)
    state = case.state if act is None else CaseState(to or CASE.after(act, case.state))
    match event:
        case e.CaseAdvanced():
            return replace(case, seq=seq, version=version, state=state, entered_at=at)
        case e.PointsProposed():
            return replace(
                case,
                seq=seq,
                version=version,
                state=state,
                entered_at=at,
                proposed_at=at,
                points=event.points,
                points_status=PointsStatus.PROPOSED,
            )
        case e.FeedbackRecorded():
            return replace(case, seq=seq, version=version, state=state, feedback_at=at)
        case e.InterviewRecorded():
            return replace(case, seq=seq, version=version, state=state, interview_at=at)
        case e.InterviewReminded():
            return replace(case, seq=seq)
        case e.AppealRecorded():
            return replace(case, seq=seq, version=version, state=state, appealed_at=at)
        case e.PointsConfirmed():
            return _closed(case, state, at, points_status=PointsStatus.CONFIRMED)
        case e.PointsWaived():
            return _closed(case, state, at, points_status=PointsStatus.WITHDRAWN)
        case e.CaseClosed():
            return _closed(case, state, at, points_status=case.points_status)
        case e.CaseOpened():
            raise ValueError(f"case {case.id} is open already")
    assert_never(event)


def _closed(case: Case, state: CaseState, at: datetime, *, points_status: PointsStatus | None) -> Case:
    return replace(
        case,
        seq=case.seq + 1,
        version=case.version + 1,
        state=state,
        closed_at=at,
        entered_at=at,
        points_status=points_status,
    )
