"""Loads what a decision is made on: no more than the command at hand looks at."""

from states import commands as c
from states.models import Duty, DutyKind, Report, ReportState
from states.rules import Rules
from states.situation import Situation
from workflow.ports import Transaction

NOTHING = Situation()


def for_report(command: c.ReportCommand, report: Report, rules: Rules, tx: Transaction) -> Situation:
    """The situation of a command on a report."""
    match command:
        case c.Consolidate():
            return Situation(sections={other.unit: other for other in tx.reports_in(report.period)})
        case c.Review():
            return for_review(report, rules, tx)
        case c.Submit():
            return Situation(overdue_case=tx.overdue_case(report.ref))
        case c.Sign() if rules.policies.auto_submit:
            return Situation(overdue_case=tx.overdue_case(report.ref))
    return NOTHING


def for_review(report: Report, rules: Rules, tx: Transaction) -> Situation:
    """The unit's history, open rank cases and points: what a review judges by."""
    cases = {case.indicator: case for case in tx.open_cases(report.unit) if case.indicator is not None}
    return Situation(
        cases=cases,
        reports=tx.reports_of(report.unit),
        points_used=_points_used(report.unit, rules, tx),
        next_case=tx.next_case_id(),
    )


def for_report_timer(report: Report, rules: Rules, tx: Transaction) -> Situation:
    """The situation of a report's timer: a review's when it is submitted, else the overdue ladder's."""
    if report.state is ReportState.SUBMITTED:
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
    if duty.kind is DutyKind.OPENING:
        return Situation(reports=_recent([unit.code for unit in rules.office.reporting_units], tx))
    units = [duty.unit, *rules.office.sections_of(duty.unit)]
    cases = {str(case.id): case for case in tx.all_open_cases() if case.unit in units}
    return Situation(cases=cases, reports=_recent(units, tx))


def _recent(units: list[str], tx: Transaction) -> list[Report]:
    """The units' last year of reports: as far back as a bulletin or a taken-over row looks."""
    return [report for unit in units for report in list(tx.reports_of(unit))[-13:]]


def _points_used(unit: str, rules: Rules, tx: Transaction) -> int:
    return tx.points_of(unit, *rules.calendar.year_span(tx.now))
