"""Who is told what (spec, part 11). A notice becomes one mail, in the transaction of the event it tells of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from states import events as e
from states import facts
from states.models import Case, Duty, Report, ReportState
from states.purposes import Purpose
from states.rules import Rules
from states.situation import Applied, Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One person to be told one thing. `event` is the place of the event it tells of among those decided.

    `facts` are plain JSON values: all a template needs, so that the mail is rendered from what was true at commit.
    """

    event: int
    recipient: str
    purpose: Purpose
    thread: str
    cc: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Telling:
    """What all notices of one command share."""

    rules: Rules
    situation: Situation
    actor: str
    now: datetime


def notices_for(
    applied: Sequence[Applied], situation: Situation, rules: Rules, *, actor: str, now: datetime
) -> list[Notice]:
    """The notices of everything one command decided, each person once per event and purpose."""
    telling = _Telling(rules, situation, actor, now)
    notices: list[Notice] = []
    common: Mapping[str, object] | None = None
    for place, one in enumerate(applied):
        superseded = any(isinstance(later.event, e.ReportSubmitted) for later in applied[place + 1 :])
        for purpose, people, cc, own in _tell(one, telling, superseded=superseded):
            common = common or facts.common(actor, now, rules)
            told = {**common, **own}
            thread = _thread(one)
            notices += [
                Notice(event=place, recipient=person, purpose=purpose, thread=thread, cc=cc, facts=told)
                for person in people
            ]
    return _once_each(notices)


def _once_each(notices: Iterable[Notice]) -> list[Notice]:
    """The first notice of each event, person and purpose: who must act comes before who is copied."""
    kept: dict[tuple[int, str, Purpose], Notice] = {}
    for notice in notices:
        kept.setdefault((notice.event, notice.recipient, notice.purpose), notice)
    return list(kept.values())


def _thread(one: Applied) -> str:
    """All mails of one report, and of the cases it opened, share a thread."""
    match one.after:
        case Report():
            return f"report:{one.after.ref}"
        case Case():
            return f"report:{one.after.report}"
    return one.subject


_Told = tuple[Purpose, Sequence[str], bool, facts.Facts]


def _tell(one: Applied, telling: _Telling, *, superseded: bool) -> list[_Told]:
    match one.after:
        case Report():
            return _tell_report(one.event, one.before, one.after, telling, superseded=superseded)
        case Case():
            return _tell_case(one.event, one.after, telling)
        case Duty():
            return _tell_duty(one.event, one.after, telling)


def _tell_report(event: e.Event, before: object, after: Report, telling: _Telling, *, superseded: bool) -> list[_Told]:
    rules, now, unit = telling.rules, telling.now, after.unit
    said = facts.of_report(after, rules)
    match event:
        case e.ReportOpened():
            return [(Purpose.OPENED, after.holders, False, {**said, "indicators": _last_ranks(after, telling)})]
        case e.ReportSent():
            return [(Purpose.SIGNATURE_NEEDED, after.holders, False, {**said, "step": "first"})]
        case e.ReportSigned(step=ReportState.SECTION_SIGNED):
            asked = {**said, "text": event.opinion, "step": "second"}
            return [(Purpose.SIGNATURE_NEEDED, after.holders, False, asked)]
        case e.ReportSigned():
            told = () if superseded else rules.drafters(unit, now)
            return [(Purpose.SUBMISSION_NEEDED, told, False, {**said, "text": event.opinion})]
        case e.ReportSubmitted():
            told = rules.receivers(unit, now) + rules.assessors(unit, now)
            return [(Purpose.SUBMITTED, told, False, said)]
        case e.ReportReviewed():
            told = rules.drafters(unit, now) + rules.first_signers(unit, now)
            judged = {**said, "text": event.opinion, "judgements": _judgements(event, after, rules)}
            return [(Purpose.REVIEWED, told, False, judged)]
        case e.ReportReturned() | e.ReportWithdrawn() | e.ReportReopened():
            return [(_BACK[type(event)], _concerned(before, telling), False, {**said, "text": event.reason})]
    return _tell_holder(event, after, telling, said)


_BACK = {
    e.ReportReturned: Purpose.RETURNED,
    e.ReportWithdrawn: Purpose.WITHDRAWN,
    e.ReportReopened: Purpose.REOPENED,
}


def _tell_holder(event: e.Event, after: Report, telling: _Telling, said: facts.Facts) -> list[_Told]:
    """What timers and urging tell whoever holds the report."""
    match event:
        case e.HolderReminded():
            more = {"days_left": event.days_left, "folded": len(event.due_instants) - 1}
            return [(Purpose.REMINDER, after.holders, False, {**said, **more})]
        case e.ReportOverdue():
            copied = telling.rules.first_signers(after.unit, telling.now)
            return [(Purpose.OVERDUE, after.holders, False, said), (Purpose.OVERDUE, copied, True, said)]
        case e.HolderUrged():
            return [(Purpose.URGE, after.holders, False, {**said, "text": event.note})]
        case e.HolderChanged():
            new = tuple(person for person in event.after if person not in event.before)
            return [(Purpose.HANDED_OVER, new, False, said)]
    return []


def _concerned(before: object, telling: _Telling) -> tuple[str, ...]:
    """The drafter, and whoever had signed or was asked to, except who did it."""
    if not isinstance(before, Report):
        return ()
    rules, now, unit = telling.rules, telling.now, before.unit
    people = rules.drafters(unit, now) + rules.first_signers(unit, now)
    if before.state is not ReportState.DRAFT:
        people += rules.second_signers(unit, now)
    if before.state is ReportState.SUPERVISED:
        people += rules.receivers(unit, now)
    return tuple(person for person in dict.fromkeys(people) if person != telling.actor)


def _last_ranks(report: Report, telling: _Telling) -> list[facts.Facts]:
    """Each indicator with what stood in its row last month, for the drafter to take over or not."""
    earlier = [
        other for other in telling.situation.reports if other.unit == report.unit and other.period < report.period
    ]
    last = max(earlier, key=lambda other: other.period, default=None)
    ranks = {entry.indicator: entry.rank_text for entry in last.entries} if last else {}
    return [
        {"name": facts.indicator_name(entry.indicator, telling.rules), "last_rank": ranks.get(entry.indicator, "")}
        for entry in report.entries
    ]


def _judgements(event: e.ReportReviewed, report: Report, rules: Rules) -> list[facts.Facts]:
    entries = {entry.indicator: entry for entry in report.entries}
    return [
        {
            "name": facts.indicator_name(judgement.indicator, rules),
            "rank": judgement.rank,
            "field": entries[judgement.indicator].field,
            "three_district_rank": entries[judgement.indicator].three_district_rank,
            "flags": [flag.value for flag in judgement.flags],
        }
        for judgement in event.judgements
    ]


def _tell_case(event: e.Event, case: Case, telling: _Telling) -> list[_Told]:
    rules, now = telling.rules, telling.now
    assessors = rules.assessors(case.unit, now)
    leading = rules.first_signers(case.unit, now) + rules.second_signers(case.unit, now)
    everyone = leading + assessors

    def said(rule: str, text: str = "", **more: object) -> facts.Facts:
        return {**facts.of_case(case, rules, rule=rule, text=text), **more}

    match event:
        case e.CaseOpened():
            return [(Purpose.CASE_OPENED, everyone, False, said(event.rule, rank=event.rank))]
        case e.CaseAdvanced():
            return [(Purpose.INTERVIEW_SET, everyone, False, said(event.rule, event.evidence))]
        case e.PointsProposed():
            return [(Purpose.DEDUCTION_PROPOSED, everyone, False, said(event.rule, event.evidence))]
        case e.FeedbackRecorded():
            return [(Purpose.FEEDBACK_RECORDED, assessors, False, said(case.trigger.value, event.text))]
        case e.InterviewRecorded():
            return [(Purpose.INTERVIEW_RECORDED, leading, False, said(case.trigger.value, event.text))]
        case e.InterviewReminded():
            folded = len(event.due_instants) - 1
            return [(Purpose.INTERVIEW_DUE, assessors, False, said(case.trigger.value, folded=folded))]
        case e.AppealRecorded():
            return [(Purpose.APPEAL_RECORDED, assessors, False, said(case.trigger.value, event.text))]
        case e.PointsConfirmed():
            return [(Purpose.DEDUCTION_CONFIRMED, everyone, False, said("points_confirmed", event.text))]
        case e.PointsWaived():
            return [(Purpose.CASE_CLOSED, everyone, False, said("points_waived", event.reason))]
        case e.CaseClosed():
            return [(Purpose.CASE_CLOSED, everyone, False, said(event.rule, event.evidence))]
    return []


def _tell_duty(event: e.Event, duty: Duty, telling: _Telling) -> list[_Told]:
    rules, now, situation = telling.rules, telling.now, telling.situation
    match event:
        case e.LiaisonReminded():
            told = rules.first_signers(duty.unit, now) if event.head else rules.liaisons(duty.unit, now)
            purpose = Purpose.LIAISON_BEHIND if event.head else Purpose.LIAISON_DUE
            return [(purpose, told, False, _liaison_facts(duty, telling))]
        case e.DigestDue():
            cases = tuple(situation.cases.values())
            own = facts.of_digest(now, situation.reports, cases, rules)
            return [(Purpose.DIGEST, rules.offices_of(duty.unit, now), False, own)]
        case e.BulletinDue():
            cases = tuple(situation.cases.values())
            own = facts.of_bulletin(event.period, situation.reports, cases, rules)
            return [(Purpose.BULLETIN, rules.offices_of(duty.unit, now), False, own)]
    return []


def _liaison_facts(duty: Duty, telling: _Telling) -> facts.Facts:
    rules = telling.rules
    days = (rules.calendar.day_of(telling.now) - rules.calendar.day_of(duty.since)).days
    return {
        "unit_name": facts.unit_name(duty.unit, rules),
        "last_visit": facts.local(duty.since, rules),
        "days": days,
    }
