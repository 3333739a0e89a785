"""The supervision case: which acts are allowed, what its timers do, and what a fact makes of it (spec, part 7).

What a review or the overdue ladder does to a case is decided in `flags.py` and `report.py`, where the ground for it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from states import commands as c
from states import events as e
from states.acts import move_word
from states.errors import AlreadyDone, WrongState, WrongTime
from states.lifecycle import CASE, act_of
from states.models import Case, CaseState, PointsStatus, Trigger
from states.needs import need_actor, need_words
from states.office import Office
from states.rules import Rules
from states.situation import Decided, Woken, case_subject
from states.words import word


def decide(case: Case, command: c.CaseCommand, rules: Rules, now: datetime) -> list[Decided]:
    """What the command comes to. Raises a subclass of `Refused` when the rules do not allow it."""
    match command:
        case c.GiveFeedback():
            fact: e.CaseEvent = _feedback(case, command, rules, now)
        case c.HoldInterview():
            fact = _interview(case, command, rules, now)
        case c.Appeal():
            fact = _appeal(case, command, rules, now)
        case c.ConfirmPoints():
            fact = _confirm(case, command, rules, now)
        case c.WaivePoints():
            fact = _waive(case, command, rules, now)
        case c.CloseCase():
            fact = _close(case, command, rules, now)
        case _:
            raise TypeError(f"not a command on a case: {command!r}")
    return [Decided(case_subject(case.id), fact)]


def _need(case: Case, command: c.CaseCommand, act: str, allowed: Sequence[str], post: str, *, office: Office) -> None:
    if not CASE.allows(act, case.state):
        raise WrongState(
            f"督查件 {case.ref} 现在是“{word(case.state)}”，不能{move_word(act)}",
            f"只有在“{'”“'.join(word(state) for state in CASE.sources(act))}”时可以{move_word(act)}",
        )
    need_actor(command.actor, allowed, of=case.ref, post=post, said=move_word(act), office=office)


def _need_proposed(case: Case) -> None:
    if case.points_status is not PointsStatus.PROPOSED:
        raise WrongState(f"督查件 {case.ref} 没有拟扣分", "请先查看督查件（kaoji case show）")


def _feedback(case: Case, command: c.GiveFeedback, rules: Rules, now: datetime) -> e.FeedbackRecorded:
    allowed = rules.drafters(case.unit, now) + rules.first_signers(case.unit, now)
    _need(case, command, "feedback", allowed, "填报人或第一签字人", office=rules.office)
    need_words(command)
    return e.FeedbackRecorded(text=command.text.strip())


def _interview(case: Case, command: c.HoldInterview, rules: Rules, now: datetime) -> e.InterviewRecorded:
    _need(case, command, "interview", rules.assessors(case.unit, now), "考绩办", office=rules.office)
    if case.interview_at is not None:
        raise AlreadyDone(f"督查件 {case.ref} 的约谈已经登记过", "每件只登记一次约谈；补充情况请另行存档")
    need_words(command)
    return e.InterviewRecorded(text=command.text.strip())


def _appeal(case: Case, command: c.Appeal, rules: Rules, now: datetime) -> e.AppealRecorded:
    _need(case, command, "appeal", rules.first_signers(case.unit, now), "第一签字人", office=rules.office)
    _need_proposed(case)
    if case.appealed_at is not None:
        raise AlreadyDone(f"督查件 {case.ref} 已经申诉过", "每件只能申诉一次，请等考绩办答复")
    until = _appeal_until(case, rules)
    if now > until:
        raise WrongTime(
            f"督查件 {case.ref} 的申诉期已于 {rules.calendar.local(until):%Y-%m-%d %H:%M} 截止",
            "逾期不再受理，可直接与考绩办联系",
        )
    need_words(command)
    return e.AppealRecorded(text=command.text.strip())


def _appeal_until(case: Case, rules: Rules) -> datetime:
    if case.proposed_at is None:
        raise ValueError(f"case {case.ref} has points without an instant of proposal")
    return rules.appeal_until(case.proposed_at)


def _confirm(case: Case, command: c.ConfirmPoints, rules: Rules, now: datetime) -> e.PointsConfirmed:
    _need(case, command, "confirm", rules.assessors(case.unit, now), "考绩办", office=rules.office)
    _need_proposed(case)
    until = _appeal_until(case, rules)
    if case.appealed_at is None and now <= until:
        raise WrongTime(
            f"督查件 {case.ref} 还在申诉期内，不能确认扣分",
            f"请在 {rules.calendar.local(until):%Y-%m-%d %H:%M} 之后或收到申诉后再确认",
        )
    return e.PointsConfirmed(text=command.text.strip())


def _waive(case: Case, command: c.WaivePoints, rules: Rules, now: datetime) -> e.PointsWaived:
    _need(case, command, "waive", rules.assessors(case.unit, now), "考绩办", office=rules.office)
    _need_proposed(case)
    need_words(command)
    return e.PointsWaived(reason=command.reason.strip())


def _close(case: Case, command: c.CloseCase, rules: Rules, now: datetime) -> e.CaseClosed:
    _need(case, command, "close", rules.assessors(case.unit, now), "考绩办", office=rules.office)
    need_words(command)
    return e.CaseClosed(rule="closed_by_assessor", evidence=command.reason.strip())


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
        days = rules.policies.feedback_days
        advanced = e.CaseAdvanced(
            rule="no_feedback",
            evidence=f"立项后{days}个工作日内没有反馈整改情况",
            due_instant=due,
        )
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
