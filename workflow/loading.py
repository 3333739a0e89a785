"""Loads what a decision is made on: no more than the command at hand looks at."""

from collections.abc import Sequence

from states import commands as c
from states import events as e
from states.codec import decode
from states.models import Duty, DutyKind, Entry, Report
from states.periods import earlier, written
from states.report import merged
from states.route import Phase
from states.rules import Rules
from states.situation import NOTHING, Situation, report_subject
from workflow.ports import Question, Transaction


def for_report(command: c.ReportCommand, report: Report, rules: Rules, tx: Transaction) -> Situation:
    """The situation of a command on a report."""
    match command:
        case c.Consolidate():
            return Situation(sections={other.unit: other for other in tx.reports_in(report.period)})
        case c.Review():
            return for_review(report, rules, tx)
        case c.SaveTable(take_over=True):
            return Situation(previous=tx.last_report(report.unit, report.period))
        case _ if isinstance(command, _SHOWS_TABLE):
            submits = isinstance(command, c.Submit) or (isinstance(command, c.Sign) and rules.policies.auto_submit)
            return Situation(
                previous=tx.last_report(report.unit, report.period),
                earlier=_sent_before(report, tx),
                overdue_case=tx.overdue_case(report.ref) if submits else None,
            )
    return NOTHING


_SHOWS_TABLE = (c.Send, c.Sign, c.Submit, c.Return, c.Withdraw, c.Reopen)
"""Whoever is asked to sign, receives it or has it back is shown the table and what changed in it."""


def foreseen(command: c.ReportCommand) -> list[Question]:
    """What the situation of a command will ask of the store, as far as the command alone says."""
    if not isinstance(command, _SHOWS_TABLE):
        return []
    period, _, unit = command.report.partition("/")
    return [
        Question("last_report", (unit, period)),
        Question("count_of_kind", (report_subject(command.report), "report_sent")),
    ]


def _sent_before(report: Report, tx: Transaction) -> tuple[Entry, ...]:
    """The rows as they were last sent with other content than the present; none where they never were."""
    subject = f"report:{report.ref}"
    if tx.count_of_kind(subject, "report_sent") < 1 + (report.phase is not Phase.DRAFTING):
        return ()
    rows: tuple[Entry, ...] = ()
    sent: tuple[Entry, ...] = ()
    for event in history(subject, tx):
        match event:
            case e.ReportOpened():
                rows = event.entries
            case e.TableSaved():
                rows = merged(rows, event.entries)
            case e.ReportSent() if event.content_sha256 != report.content_sha256:
                sent = rows
    return sent


def history(subject: str, tx: Transaction) -> Sequence[e.Event]:
    """What happened to a subject, oldest first."""
    return [decode(row.kind, row.payload) for row in tx.events_of(subject, 0)]


def for_review(report: Report, rules: Rules, tx: Transaction) -> Situation:
    """The unit's history, open rank cases and points: what a review judges by."""
    cases = {case.indicator: case for case in tx.open_cases(report.unit) if case.indicator is not None}
    return Situation(
        cases=cases,
        reports=_looked_back_on(report, tx),
        points_used=_points_used(report.unit, rules, tx),
        next_case=tx.next_case_id(),
    )


def _looked_back_on(report: Report, tx: Transaction) -> list[Report]:
    """The unit's reports of this calendar year and the year behind, and for what had no rank in them its last one."""
    recent = tx.reports_of(report.unit, earlier(report.period, LOOKS_BACK))
    before = [other for other in recent if other.period < report.period and other.phase is Phase.SUPERVISED]
    ranked = {entry.indicator for other in before for entry in other.entries if entry.rank is not None}
    found = {other.ref: other for other in recent}
    for entry in report.entries:
        if entry.indicator not in ranked:
            last = tx.last_ranked(report.unit, entry.indicator, report.period)
            if last is not None:
                found[last.ref] = last
    return sorted(found.values(), key=lambda other: other.period)


def for_report_timer(report: Report, rules: Rules, tx: Transaction) -> Situation:
    """The situation of a report's timer: a review's when it is submitted, else the overdue ladder's."""
    if report.phase is Phase.SUBMITTED:
        return for_review(report, rules, tx)
    return Situation(
        overdue_case=tx.overdue_case(report.ref),
        points_used=_points_used(report.unit, rules, tx),
        next_case=tx.next_case_id(),
    )


def for_duty_timer(duty: Duty, rules: Rules, tx: Transaction) -> Situation:
    """The situation of a duty's timer: earlier tables for an opening, the desk's reports for digest and bulletin."""
    if duty.kind is DutyKind.LIAISON:
        return NOTHING
    present = written(rules.calendar.local(tx.now).year, rules.calendar.local(tx.now).month)
    if duty.kind is DutyKind.OPENING:
        return Situation(last=_last_of_each(present, rules, tx))
    units = {duty.unit, *rules.office.sections_of(duty.unit)}
    cases = {str(case.id): case for case in tx.all_open_cases() if case.unit in units}
    if duty.kind is DutyKind.DIGEST:
        reports = tx.open_reports(with_entries=False)
    else:
        reports = tx.reports_between(earlier(present, LOOKS_BACK), present)
    return Situation(cases=cases, reports=[report for report in reports if report.unit in units])


def _last_of_each(present: str, rules: Rules, tx: Transaction) -> dict[str, Report]:
    """Each unit's last report before that period: nearly always last month's, never older than a row is taken over."""
    found = {report.unit: report for report in tx.reports_in(earlier(present, 1))}
    for unit in rules.office.reporting_units:
        if unit.code not in found:
            last = tx.last_report(unit.code, present)
            if last is not None and last.period >= earlier(present, LOOKS_BACK):
                found[unit.code] = last
    return found


LOOKS_BACK = 13
"""Months: as far back as a bulletin or a taken-over row looks."""


def _points_used(unit: str, rules: Rules, tx: Transaction) -> int:
    return tx.points_of(unit, *rules.calendar.year_span(tx.now))
