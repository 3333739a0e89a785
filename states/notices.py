"""Who is told what (spec, part 11). A notice becomes one mail, in the transaction of the event it tells of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from states import events as e
from states import facts
from states.grounds import Ground, as_facts
from states.models import Case, Charter, Duty, Report
from states.office import Level, Post
from states.purposes import Purpose
from states.route import BUREAU_ROUTE, DISTRICT_ROUTE, Need, Phase, Step
from states.rules import Rules, posts_of
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
    applied: Sequence[Applied]
    actor: str
    now: datetime


REPORTS, CASES = "reports", "cases"
FOLDED = {
    Purpose.OPENED: REPORTS,
    Purpose.REMINDER: REPORTS,
    Purpose.OVERDUE: REPORTS,
    Purpose.HANDED_OVER: REPORTS,
    Purpose.VACANT: REPORTS,
    Purpose.DEADLINE_MOVED: REPORTS,
    Purpose.CASE_OPENED: CASES,
    Purpose.INTERVIEW_SET: CASES,
    Purpose.INTERVIEW_DUE: CASES,
    Purpose.DEDUCTION_PROPOSED: CASES,
    Purpose.CASE_CLOSED: CASES,
}
"""What one command may tell one person several times over; it comes as one mail, with a list of this name."""


def notices_for(applied: Sequence[Applied], rules: Rules, *, actor: str, now: datetime) -> list[Notice]:
    """The notices of everything one command decided, each person once per event and purpose.

    What is told to one person of several reports or cases at once is folded into one mail.
    """
    telling = _Telling(rules, applied, actor, now)
    notices: list[Notice] = []
    submissions = [place for place, one in enumerate(applied) if isinstance(one.event, e.ReportSubmitted)]
    for place, one in enumerate(applied):
        superseded = place < max(submissions, default=-1)
        for purpose, people, cc, own in _tell(one, telling, superseded=superseded):
            thread = _thread(one)
            notices += [
                Notice(event=place, recipient=person, purpose=purpose, thread=thread, cc=cc, facts=own)
                for person in people
                if person in rules.office.person_by_id
            ]
    if not notices:
        return []
    common = facts.common(actor, now, rules)
    return [replace(notice, facts={**common, **notice.facts}) for notice in _folded(_once_each(notices))]


def _once_each(notices: Iterable[Notice]) -> list[Notice]:
    """The first notice of each event, person and purpose: who must act comes before who is copied."""
    kept: dict[tuple[int, str, Purpose], Notice] = {}
    for notice in notices:
        kept.setdefault((notice.event, notice.recipient, notice.purpose), notice)
    return list(kept.values())


def _folded(notices: Iterable[Notice]) -> list[Notice]:
    """One notice in place of several that tell a person the same of several reports or cases; it bears their list."""
    groups: dict[tuple[object, ...], list[Notice]] = {}
    for notice in notices:
        alone = () if notice.purpose in FOLDED else (notice.event,)
        told = (notice.recipient, notice.purpose, notice.cc, notice.facts.get("gone"))
        groups.setdefault((*told, *alone), []).append(notice)
    return [group[0] if len(group) == 1 else _one_of(group) for group in groups.values()]


def _one_of(group: Sequence[Notice]) -> Notice:
    first = group[0]
    # A thread belongs to one report; what speaks of several has one of its own for the month.
    thread = first.thread if {one.thread for one in group} == {first.thread} else f"period:{first.facts['period']}"
    listed = {FOLDED[first.purpose]: [dict(one.facts) for one in group]}
    return replace(first, thread=thread, facts=listed)


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
            before = one.before if isinstance(one.before, Report) else None
            told = _tell_report(one, before, one.after, telling, superseded=superseded)
            return [*told, *_vacancies(one.event, before, one.after, telling)]
        case Case():
            return _tell_case(one, one.after, telling)
        case Duty():
            return _tell_duty(one, one.after, telling)
        case Charter():
            return []  # who gains or loses something by it is told of the report or the case


def _tell_report(
    one: Applied, before: Report | None, after: Report, telling: _Telling, *, superseded: bool
) -> list[_Told]:
    rules, now, unit, event, situation = telling.rules, telling.now, after.unit, one.event, one.situation
    said = facts.of_report(after, rules)

    def with_table(text: str = "", **more: object) -> facts.Facts:
        """Whoever signs, submits, receives or corrects has the table before their eyes."""
        # Whoever was asked to sign what is now edited is shown what became of that, not of an older draft.
        earlier = before.entries if before is not None and isinstance(event, e.TableSaved) else situation.earlier
        return {**said, **facts.of_table(after, situation.previous, earlier, rules), "text": text, **more}

    match event:
        case e.ReportOpened():
            return [
                (
                    Purpose.OPENED,
                    after.holders,
                    False,
                    {**said, **_way(after), "indicators": _last_ranks(after, situation, rules)},
                )
            ]
        case e.TableSaved() if before is not None and before.sent:
            asked = tuple(person for person in before.holders if person != telling.actor)
            return [(Purpose.WITHDRAWN, asked, False, with_table(edited=True, drafter=False))]
        case e.ReportSent():
            return [(Purpose.SIGNATURE_NEEDED, after.holders, False, with_table(**_to_come(after)))]
        case e.ReportSigned(completes=False):
            return []  # the others have been asked when the step began
        case e.ReportSigned():
            following: _Told = (Purpose.SUBMISSION_NEEDED, rules.drafters(unit, now), False, with_table(event.opinion))
            if after.phase is Phase.SIGNING:
                needed = with_table(event.opinion, **_to_come(after))
                following = (Purpose.SIGNATURE_NEEDED, after.holders, False, needed)
            elif superseded:
                following = (Purpose.SUBMISSION_NEEDED, (), False, {})
            spared, copied = _beside(before, telling)
            return [
                following,
                (Purpose.SIGNED, spared, False, with_table(event.opinion, spared=True)),
                (Purpose.SIGNED, copied, True, with_table(event.opinion, spared=False)),
            ]
        case e.ReportSubmitted():
            told = rules.receivers(unit, now) + rules.assessors(unit, now)
            review_at = rules.review_at(now)
            return [(Purpose.SUBMITTED, told, False, with_table(review_at=facts.local(review_at, rules)))]
        case e.ReportReviewed():
            told = rules.drafters(unit, now) + rules.heads(unit, now)
            judged = {**said, "text": event.opinion, "judgements": _judgements(event, after, rules)}
            return [(Purpose.REVIEWED, told, False, judged)]
        case e.ReportReturned() | e.ReportWithdrawn() | e.ReportReopened():
            drafters, others = _concerned(before, telling)
            purpose = _BACK[type(event)]
            return [
                (purpose, drafters, False, with_table(event.reason, drafter=True)),
                (purpose, others, False, with_table(event.reason, drafter=False)),
            ]
    return _tell_holder(one, before, after, telling, said)


_BACK = {
    e.ReportReturned: Purpose.RETURNED,
    e.ReportWithdrawn: Purpose.WITHDRAWN,
    e.ReportReopened: Purpose.REOPENED,
}


def _tell_holder(
    one: Applied, before: Report | None, after: Report, telling: _Telling, said: facts.Facts
) -> list[_Told]:
    """What timers, urging and changes of hands tell whoever holds the report."""
    event = one.event
    match event:
        case e.HolderReminded():
            more = {"days_left": event.days_left, "folded": len(event.due_instants) - 1}
            return [(Purpose.REMINDER, after.holders, False, {**said, **more})]
        case e.ReportOverdue():
            copied = telling.rules.heads(after.unit, telling.now)
            marked = {**said, "legal": list(telling.rules.office.grounds)}
            return [(Purpose.OVERDUE, after.holders, False, marked), (Purpose.OVERDUE, copied, True, marked)]
        case e.HolderUrged():
            return [(Purpose.URGE, after.holders, False, {**said, "text": event.note})]
        case e.HolderChanged():
            new = tuple(person for person in event.after if person not in event.before)
            gone = tuple(person for person in event.before if person not in event.after)
            waits_to_be_read = after.phase is not Phase.DRAFTING
            table = facts.of_table(after, one.situation.previous, (), telling.rules) if waits_to_be_read else {}
            return [
                (Purpose.HANDED_OVER, new, False, {**said, **table, "gone": False}),
                (Purpose.HANDED_OVER, gone, False, {**said, "gone": True}),
            ]
        case e.DeadlineMoved():
            moved = {
                "moved_from": facts.local(event.before, telling.rules),
                "moved_to": facts.local(event.after, telling.rules),
            }
            # Whoever takes the report over at the same moment hears of the new deadline alone.
            told = tuple(person for person in after.holders if before is None or person in before.holders)
            return [(Purpose.DEADLINE_MOVED, told, False, {**said, **moved})]
    return []


def _beside(before: Report | None, telling: _Telling) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who was asked to sign a step that another has decided for all, and who is copied when it is done."""
    step = None if before is None else before.waiting
    if before is None or step is None:
        return (), ()
    spared = tuple(one for one in before.holders if one != telling.actor) if step.need is Need.ANY else ()
    copied = [one for post in posts_of(step.cc, before.unit) for one in telling.rules.holding(post, telling.now)]
    return spared, tuple(one for one in dict.fromkeys(copied) if one != telling.actor and one not in spared)


def _way(report: Report) -> facts.Facts:
    """Whose signatures the report will need, in order; `usual` are the two the mails have words of their own for."""
    return {"signers": _roles(report.route.steps), "usual": report.route in (BUREAU_ROUTE, DISTRICT_ROUTE)}


def _to_come(report: Report) -> dict[str, Any]:
    """What a signer is told of the way: whether he is the first, and whose signatures come after his step's."""
    step = report.position.step
    done, later = report.route.steps[max(step - 1, 0) : step], report.route.steps[step + 1 :]
    return {"first": step == 0, "signed_by": _roles(done), "later": _roles(later)}


def _roles(steps: Sequence[Step]) -> list[str]:
    return [post.partition("@")[0] for step in steps for post in step.signers]


def _vacancies(event: e.Event, before: Report | None, after: Report, telling: _Telling) -> list[_Told]:
    """A report that waits on a post nobody holds is told of when it comes to wait there, and at every prompt."""
    known = () if before is None else tuple(task.post for task in before.tasks if not task.persons)
    prompts = isinstance(event, (e.HolderReminded, e.ReportOverdue, e.OverdueEscalated))
    vacant = telling.rules.vacant(after, telling.now)
    return [vacancy(post, after, telling.rules, telling.now) for post in vacant if prompts or str(post) not in known]


def vacancy(post: Post, report: Report, rules: Rules, now: datetime) -> _Told:
    """The receiver and the assessor are told that nobody holds the post a report waits on."""
    told = rules.receivers(report.unit, now) + rules.assessors(report.unit, now)
    return Purpose.VACANT, told, False, {**facts.of_report(report, rules), "post": post.role.value}


def _concerned(before: Report | None, telling: _Telling) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The drafters; and whoever had signed or was asked to. Who did it needs no telling."""
    if before is None:
        return (), ()
    rules, now, unit = telling.rules, telling.now, before.unit
    drafters = rules.drafters(unit, now)
    asked = [post for step in before.route.steps[: before.position.step + 1] for post in rules.signers(step, unit)]
    others = tuple(person for post in asked for person in rules.holding(post, now))
    if before.phase is Phase.SUPERVISED:
        others += rules.receivers(unit, now)
    others = tuple(person for person in dict.fromkeys(others) if person not in drafters)
    return tuple(one for one in drafters if one != telling.actor), tuple(one for one in others if one != telling.actor)


def _last_ranks(report: Report, situation: Situation, rules: Rules) -> list[facts.Facts]:
    """Each indicator with what stood in its row last month, for the drafter to take over or not."""
    last = situation.last.get(report.unit)
    is_earlier = last is not None and last.period < report.period
    ranks = {entry.indicator: entry.rank_text for entry in last.entries} if last is not None and is_earlier else {}
    return [
        {"name": facts.indicator_name(entry.indicator, rules), "last_rank": ranks.get(entry.indicator, "")}
        for entry in report.entries
    ]


def _judgements(event: e.ReportReviewed, report: Report, rules: Rules) -> list[facts.Facts]:
    entries = {entry.indicator: entry for entry in report.entries}
    return [
        {
            "name": facts.indicator_name(judgement.indicator, rules),
            "rank": judgement.rank,
            "field": judgement.field,
            "three_district_rank": entries[judgement.indicator].three_district_rank,
            "flags": [flag.value for flag in judgement.flags],
            "grounds": as_facts(judgement.grounds, rules.calendar.zone),
        }
        for judgement in event.judgements
    ]


def _tell_case(one: Applied, case: Case, telling: _Telling) -> list[_Told]:
    rules, now, event = telling.rules, telling.now, one.event
    assessors = rules.assessors(case.unit, now)
    leading = rules.heads(case.unit, now) + rules.leaders(case.unit, now)
    everyone = leading + assessors

    def said(rule: str, text: str = "", grounds: Sequence[Ground] = ()) -> facts.Facts:
        return facts.of_case(case, rules, rule=rule, text=text, grounds=grounds)

    match event:
        case e.CaseOpened():
            return [(Purpose.CASE_OPENED, everyone, False, said(event.trigger.value, "", event.grounds))]
        case e.CaseAdvanced():
            return [(Purpose.INTERVIEW_SET, everyone, False, said(event.grounds[0].rule, "", event.grounds))]
        case e.PointsProposed():
            return [(Purpose.DEDUCTION_PROPOSED, everyone, False, said(event.grounds[0].rule, "", event.grounds))]
        case e.FeedbackRecorded():
            return [(Purpose.FEEDBACK_RECORDED, assessors, False, said(case.trigger.value, event.text))]
        case e.InterviewRecorded():
            return [(Purpose.INTERVIEW_RECORDED, leading, False, said(case.trigger.value, event.text))]
        case e.InterviewReminded():
            # The first reminder is a mail; from then on the case stands in the assessor's daily list.
            first = event.due_instants[0] == rules.interview_until(case.entered_at)
            told = assessors if first else ()
            return [(Purpose.INTERVIEW_DUE, told, False, said(case.trigger.value))]
        case e.AppealRecorded():
            return [(Purpose.APPEAL_RECORDED, assessors, False, said(case.trigger.value, event.text))]
        case e.PointsConfirmed():
            return [(Purpose.DEDUCTION_CONFIRMED, everyone, False, said("points_confirmed", event.text))]
        case e.PointsWaived():
            return [(Purpose.CASE_CLOSED, everyone, False, said("points_waived", event.reason))]
        case e.CaseClosed():
            return [(Purpose.CASE_CLOSED, everyone, False, said(event.grounds[0].rule, event.reason, event.grounds))]
    return []


def _tell_duty(one: Applied, duty: Duty, telling: _Telling) -> list[_Told]:
    rules, now, event, situation = telling.rules, telling.now, one.event, one.situation
    match event:
        case e.LiaisonReminded():
            told = rules.heads(duty.unit, now) if event.head else rules.liaisons(duty.unit, now)
            purpose = Purpose.LIAISON_BEHIND if event.head else Purpose.LIAISON_DUE
            return [(purpose, told, False, _liaison_facts(duty, telling))]
        case e.DigestDue():
            return _digests(event, duty, situation, telling)
        case e.BulletinDue():
            cases = tuple(situation.cases.values())
            own = facts.of_bulletin(event.period, situation.reports, cases, rules)
            return [(Purpose.BULLETIN, rules.offices_of(duty.unit, now), False, own)]
    return []


def _digests(event: e.DigestDue, duty: Duty, situation: Situation, telling: _Telling) -> list[_Told]:
    """The morning's lists, for the office and for the assessor; an empty one is not sent."""
    rules, now = telling.rules, telling.now
    calendar = rules.calendar
    following = calendar.next_workday_at(event.due_instants[-1], rules.policies.digest_time)
    if calendar.day_of(following) == calendar.day_of(now):
        return []  # what downtime missed stands in the digest that is still to come today
    cases = tuple(situation.cases.values())
    told: list[_Told] = []
    if rules.office.unit_by_code[duty.unit].level is not Level.ROOT:
        own = facts.of_digest(now, situation.reports, cases, rules)
        if any(own[part] for part in ("due", "overdue", "vacant", "escalated")):
            told.append((Purpose.DIGEST, rules.offices_of(duty.unit, now), False, own))
    below = [unit.code for unit in rules.office.reporting_units if unit.parent == duty.unit]
    own = facts.of_assessor_digest(now, situation.reports, cases, rules, below)
    if any(own[part] for part in ("interviews", "proposals", "reviews")):
        assessors = dict.fromkeys(person for unit in below for person in rules.assessors(unit, now))
        told.append((Purpose.ASSESSOR_DIGEST, tuple(assessors), False, own))
    return told


def _liaison_facts(duty: Duty, telling: _Telling) -> facts.Facts:
    rules = telling.rules
    days = (rules.calendar.day_of(telling.now) - rules.calendar.day_of(duty.since)).days
    return {
        "unit_name": facts.unit_name(duty.unit, rules),
        "last_visit": facts.local(duty.since, rules),
        "days": days,
    }
