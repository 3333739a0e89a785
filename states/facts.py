"""The facts a mail needs, as plain JSON values, taken from what was true when its event happened.

No words but those of people and names: what a fact is called in which language is decided where the mail is rendered.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from states.flags import previous_rank
from states.grounds import Ground, as_facts
from states.models import Case, CaseState, Entry, PointsStatus, Report
from states.office import SYSTEM
from states.route import Phase
from states.rules import Rules

Facts = dict[str, object]


def local(instant: datetime | None, rules: Rules) -> str | None:
    """The instant on the office's clock, in ISO 8601 with its offset."""
    return None if instant is None else rules.calendar.local(instant).isoformat()


def person_name(person: str, rules: Rules) -> str:
    """A person's name; the id of whoever left."""
    known = rules.office.person_by_id.get(person)
    return known.name if known else person


def common(actor: str, now: datetime, rules: Rules) -> Facts:
    """What every mail says; the system acts without a name."""
    return {
        "office": rules.office.name,
        "timezone": rules.office.timezone,
        "actor_name": None if actor == SYSTEM else person_name(actor, rules),
        "at": local(now, rules),
    }


def unit_name(unit: str, rules: Rules) -> str:
    """The unit's name; its code where it no longer exists."""
    known = rules.office.unit_by_code.get(unit)
    return known.name if known else unit


def indicator_name(code: str | None, rules: Rules) -> str | None:
    """The indicator's name; None for an overdue case."""
    if code is None:
        return None
    known = rules.office.indicator_by_code.get(code)
    return known.name if known else code


def of_report(report: Report, rules: Rules, text: str = "") -> Facts:
    """What a mail about a report says."""
    return {
        "report": report.ref,
        "period": report.period,
        "unit_name": unit_name(report.unit, rules),
        "level": report.level.value,
        "state": report.called,
        "sent": report.sent,
        "phase": report.phase.value,
        "state_title": report.route.title(report.state),
        "round": report.round,
        "version": report.version,
        "due_at": local(report.due_at, rules),
        "overdue": report.overdue,
        "holder_names": [person_name(person, rules) for person in report.holders],
        "text": text,
    }


def of_table(report: Report, previous: Report | None, earlier: Sequence[Entry], rules: Rules) -> Facts:
    """The table itself: as written, as read, and what changed since last month and since the draft before.

    `was` of a row holds the texts of `earlier` that differ; a text that was empty then was filled in, not changed.
    """
    last = {entry.indicator: entry for entry in previous.entries} if previous else {}
    before = {entry.indicator: entry for entry in earlier}
    return {
        "table": [
            _row(entry, last.get(entry.indicator), before.get(entry.indicator), rules) for entry in report.entries
        ],
        "compared": any(entry.rank_text for entry in earlier),
    }


_WRITTEN = ("rank_text", "comparison", "target")


def _row(entry: Entry, last: Entry | None, before: Entry | None, rules: Rules) -> Facts:
    reading = entry.reading
    changed = [name for name in _WRITTEN if before and getattr(before, name) not in ("", getattr(entry, name))]
    return {
        "name": indicator_name(entry.indicator, rules),
        **{name: getattr(entry, name) for name in _WRITTEN},
        "kind": reading.kind.value,
        "best": reading.best,
        "worst": reading.worst,
        "field": entry.field,
        "tied": bool(reading.tied),
        "estimated": bool(reading.estimated),
        "three_district_rank": entry.three_district_rank,
        "last": {**{name: getattr(last, name) for name in _WRITTEN}, "rank": last.rank} if last else None,
        "was": {name: getattr(before, name) for name in changed},
    }


def of_case(
    case: Case,
    rules: Rules,
    *,
    rule: str,
    grounds: Sequence[Ground] = (),
    text: str = "",
) -> Facts:
    """What a mail about a case says: its rule with the numbers, its person, the documents it rests on."""
    awaits_feedback = case.state is CaseState.TRACKING and case.indicator is not None
    feedback_until = rules.feedback_until(case.opened_at) if awaits_feedback else None
    return {
        "case": case.id,
        "case_ref": case.ref,
        "report": case.report,
        "period": case.report.split("/", 1)[0],
        "unit_name": unit_name(case.unit, rules),
        "level": case.level.value,
        "indicator_name": indicator_name(case.indicator, rules),
        "trigger": case.trigger.value,
        "state": case.state.value,
        "rule": rule,
        "grounds": as_facts(grounds, rules.calendar.zone),
        "legal": list(rules.office.grounds),
        "opened_at": local(case.opened_at, rules),
        "opened_rank": case.opened_rank,
        "points": case.points,
        "feedback_until": local(feedback_until, rules),
        "interview_until": local(_interview_until(case, rules), rules),
        "appeal_until": local(rules.appeal_until(case.proposed_at) if case.proposed_at else None, rules),
        "text": text,
    }


def _interview_until(case: Case, rules: Rules) -> datetime | None:
    return rules.interview_until(case.entered_at) if case.state is CaseState.INTERVIEW else None


def of_digest(now: datetime, reports: Sequence[Report], cases: Sequence[Case], rules: Rules) -> Facts:
    """The office's morning digest: what is due, overdue, waits on a vacant post, and is escalated."""
    waiting = [report for report in reports if not report.is_submitted]
    escalated = [case for case in cases if case.state in (CaseState.INTERVIEW, CaseState.SCORE_DEDUCTION)]
    vacant = [report for report in reports if rules.vacant(report, now)]
    return {
        "date": rules.calendar.day_of(now).isoformat(),
        "due": _report_lines((report for report in waiting if not report.overdue), rules, now),
        "overdue": _report_lines((report for report in waiting if report.overdue), rules, now),
        "vacant": _report_lines(vacant, rules, now),
        "escalated": [_case_line(case, rules) for case in escalated],
    }


def _report_lines(reports: Iterable[Report], rules: Rules, now: datetime) -> list[Facts]:
    kept = ("report", "period", "unit_name", "level", "due_at", "state", "sent", "state_title", "holder_names")
    told = ((of_report(report, rules), next(iter(rules.vacant(report, now)), None)) for report in reports)
    return [{**{key: facts[key] for key in kept}, "post": post.role.value if post else None} for facts, post in told]


def _case_line(case: Case, rules: Rules) -> Facts:
    return {
        "case": case.id,
        "case_ref": case.ref,
        "unit_name": unit_name(case.unit, rules),
        "period": case.report.split("/", 1)[0],
        "indicator_name": indicator_name(case.indicator, rules),
        "state": case.state.value,
        "points": case.points,
        "points_status": case.points_status.value if case.points_status else None,
    }


def of_assessor_digest(
    now: datetime, reports: Sequence[Report], cases: Sequence[Case], rules: Rules, units: Sequence[str]
) -> Facts:
    """What waits for the assessor of those units: interviews to hold, points to judge, tables to review."""
    below = frozenset(units)
    own = [case for case in cases if case.unit in below]
    interviews = [case for case in own if case.state is CaseState.INTERVIEW and case.interview_at is None]
    submitted = [report for report in reports if report.phase is Phase.SUBMITTED and report.unit in below]
    return {
        "date": rules.calendar.day_of(now).isoformat(),
        "interviews": [
            {
                **_case_line(case, rules),
                "until": local(_interview_until(case, rules), rules),
                "late": now > rules.interview_until(case.entered_at),
            }
            for case in sorted(interviews, key=lambda case: case.entered_at)
        ],
        "proposals": [
            {**_case_line(case, rules), "appealed": case.appealed_at is not None}
            for case in own
            if _is_ripe(case, now, rules)
        ],
        "reviews": [
            {
                "report": report.ref,
                "period": report.period,
                "unit_name": unit_name(report.unit, rules),
                "submitted_at": local(report.submitted_at, rules),
                "review_at": local(rules.review_at(report.submitted_at), rules) if report.submitted_at else None,
            }
            for report in submitted
        ],
    }


def _is_ripe(case: Case, now: datetime, rules: Rules) -> bool:
    """Whether proposed points may be judged: an appeal was made, or the time for it is over."""
    if case.points_status is not PointsStatus.PROPOSED or case.proposed_at is None:
        return False
    return case.appealed_at is not None or now > rules.appeal_until(case.proposed_at)


def of_bulletin(period: str, reports: Sequence[Report], cases: Sequence[Case], rules: Rules) -> Facts:
    """The month's bulletin: who submitted when, how ranks moved, which cases are open (spec, part 10)."""
    present = [report for report in reports if report.period == period]
    return {
        "period": period,
        "reports": [
            {
                "report": report.ref,
                "unit_name": unit_name(report.unit, rules),
                "state": report.called,
                "submitted_at": local(report.submitted_at, rules),
                "overdue": report.overdue,
            }
            for report in present
        ],
        "ranks": list(_rank_lines(present, reports, rules)),
        "cases": [_case_line(case, rules) for case in cases],
    }


def _rank_lines(present: Sequence[Report], reports: Sequence[Report], rules: Rules) -> Iterable[Facts]:
    """Each indicator once, under its lead unit; the bureau's own row only where it states another rank.

    Ranks of what is submitted or reviewed only: a draft is nobody's word yet.
    """
    history: dict[str, list[Report]] = {}
    for report in reports:
        history.setdefault(report.unit, []).append(report)
    rows: dict[str, list[tuple[Report, Entry]]] = {}
    for report in present:
        for entry in report.entries:
            rows.setdefault(entry.indicator, []).append((report, entry))
    for indicator in rules.office.indicators:
        stated: set[int | None] = {None}
        leading_first = sorted(rows.get(indicator.code, ()), key=lambda row: row[0].unit != indicator.lead_unit)
        for place, (report, entry) in enumerate(leading_first):
            rank = entry.rank if report.is_submitted else None
            if place == 0 or rank not in stated:
                yield _rank_line(report, entry, history[report.unit], rules)
            stated.add(rank)


def _rank_line(report: Report, entry: Entry, history: Sequence[Report], rules: Rules) -> Facts:
    submitted = report.is_submitted
    return {
        "unit_name": unit_name(report.unit, rules),
        "name": indicator_name(entry.indicator, rules),
        "submitted": submitted,
        "rank": entry.rank if submitted else None,
        "estimated": submitted and entry.rank is not None and bool(entry.reading.estimated),
        "previous": previous_rank(report, entry.indicator, history),
        "three_district_rank": entry.three_district_rank if submitted else None,
        "flags": [flag.value for flag in entry.flags] if report.phase is Phase.SUPERVISED else [],
    }
