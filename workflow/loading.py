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
    """The situation of a duty's timer: last month's tables for an opening, the desk's reports for digest and bulletin."""
    match duty.kind:
        case DutyKind.LIAISON:
            return NOTHING
        case DutyKind.OPENING:
            units = {unit.code for unit in rules.office.reporting_units}
            cases = {}
        case DutyKind.DIGEST | DutyKind.BULLETIN:
            units = {duty.unit, *rules.office.sections_of(duty.unit)}
            cases = {str(case.id): case for case in tx.all_open_cases() if case.unit in units}
    reports = [report for unit in sorted(units, key=rules.office.unit_order.__getitem__) for report in _recent(unit, tx)]
    return Situation(cases=cases, reports=reports)


def _recent(unit: str, tx: Transaction) -> list[Report]:
    """The unit's last year of reports: as far back as a bulletin or a taken-over row looks."""
    return list(tx.reports_of(unit))[-13:]


def _points_used(unit: str, rules: Rules, tx: Transaction) -> int:
    return tx.points_of(unit, *rules.calendar.year_span(tx.now))
