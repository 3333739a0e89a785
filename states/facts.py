"""The facts a mail needs, as plain JSON values, taken from what was true when its event happened."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from states.models import Case, CaseState, Entry, Report, ReportState
from states.office import SYSTEM
from states.rules import UNSUBMITTED, Rules

Facts = dict[str, object]


def local(instant: datetime | None, rules: Rules) -> str | None:
    """The instant on the office's clock, in ISO 8601 with its offset."""
    return None if instant is None else rules.calendar.local(instant).isoformat()


def person_name(person: str, rules: Rules) -> str:
    """A person's name; the system's is its own."""
    known = rules.office.person_by_id.get(person)
    return known.name if known else ("系统" if person == SYSTEM else person)


def common(actor: str, now: datetime, rules: Rules) -> Facts:
    """What every mail says."""
    return {
        "office": rules.office.name,
        "timezone": rules.office.timezone,
        "actor_name": person_name(actor, rules),
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
        "state": report.state.value,
        "sent": report.sent,
        "round": report.round,
        "version": report.version,
        "due_at": local(report.due_at, rules),
        "overdue": report.overdue,
        "holder_names": [person_name(person, rules) for person in report.holders],
        "text": text,
    }


def of_case(case: Case, rules: Rules, *, rule: str, rank: int | None = None, text: str = "") -> Facts:
    """What a mail about a case says: its rule, its ground, its person."""
    awaits_feedback = case.state is CaseState.TRACKING and case.indicator is not None
    feedback_until = rules.feedback_until(case.opened_at) if awaits_feedback else None
    interview_until = rules.interview_until(case.entered_at) if case.state is CaseState.INTERVIEW else None
    appeal_until = rules.appeal_until(case.proposed_at) if case.proposed_at else None
    return {
        "case": case.id,
        "case_ref": case.ref,
        "report": case.report,
        "period": case.report.split("/", 1)[0],
        "unit_name": unit_name(case.unit, rules),
        "indicator_name": indicator_name(case.indicator, rules),
        "trigger": case.trigger.value,
        "state": case.state.value,
        "rule": rule,
        "opened_at": local(case.opened_at, rules),
        "opened_rank": case.opened_rank,
        "rank": rank,
        "points": case.points,
        "feedback_until": local(feedback_until, rules),
        "interview_until": local(interview_until, rules),
        "appeal_until": local(appeal_until, rules),
        "text": text,
    }


def of_digest(now: datetime, reports: Sequence[Report], cases: Sequence[Case], rules: Rules) -> Facts:
    """The morning's digest: what is due, overdue and escalated."""
    waiting = [report for report in reports if report.state in UNSUBMITTED]
    escalated = [case for case in cases if case.state in (CaseState.INTERVIEW, CaseState.SCORE_DEDUCTION)]
    return {
        "date": rules.calendar.day_of(now).isoformat(),
        "due": _report_lines((report for report in waiting if not report.overdue), rules),
        "overdue": _report_lines((report for report in waiting if report.overdue), rules),
        "escalated": [_case_line(case, rules) for case in escalated],
    }


def _report_lines(reports: Iterable[Report], rules: Rules) -> list[Facts]:
    kept = ("report", "unit_name", "due_at", "state", "holder_names")
    return [{key: of_report(report, rules)[key] for key in kept} for report in reports]


def _case_line(case: Case, rules: Rules) -> Facts:
    return {
        "case": case.id,
        "case_ref": case.ref,
        "unit_name": unit_name(case.unit, rules),
        "indicator_name": indicator_name(case.indicator, rules),
        "state": case.state.value,
        "points": case.points,
    }


def of_bulletin(period: str, reports: Sequence[Report], cases: Sequence[Case], rules: Rules) -> Facts:
    """The month's bulletin: who submitted when, how ranks moved, which cases are open (spec, part 10)."""
    present = [report for report in reports if report.period == period]
    return {
        "period": period,
        "reports": [
            {
                "report": report.ref,
                "unit_name": unit_name(report.unit, rules),
                "state": report.state.value,
                "submitted_at": local(report.submitted_at, rules),
                "overdue": report.overdue,
            }
            for report in present
        ],
        "ranks": [_rank_line(report, entry, reports, rules) for report in present for entry in report.entries],
        "cases": [_case_line(case, rules) for case in cases],
    }


def _rank_line(report: Report, entry: Entry, reports: Sequence[Report], rules: Rules) -> Facts:
    earlier = [other for other in reports if other.unit == report.unit and other.period < report.period]
    before = [
        row.rank
        for other in sorted(earlier, key=lambda other: other.period)
        if other.state is ReportState.SUPERVISED
        for row in other.entries
        if row.indicator == entry.indicator and row.rank is not None
    ]
    return {
        "unit_name": unit_name(report.unit, rules),
        "name": indicator_name(entry.indicator, rules),
        "rank": entry.rank,
        "previous": before[-1] if before else None,
        "three_district_rank": entry.three_district_rank,
        "flags": [flag.value for flag in entry.flags],
    }
