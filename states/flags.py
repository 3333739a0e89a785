"""Judging the ranks of a submitted table, and what follows for cases (spec, parts 6 and 7; notice 12, article 4)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from states.events import CaseAdvanced, CaseClosed, CaseOpened, Judgement, PointsProposed
from states.grounds import FLAG_OF, Ground, Rule
from states.models import Case, CaseState, Entry, Flag, Report, Trigger
from states.route import ReportState
from states.rules import Rules
from states.situation import Decided, Situation, case_subject


def previous_rank(report: Report, indicator: str, reports: Sequence[Report]) -> int | None:
    """The rank in the unit's latest earlier supervised period in which the indicator had one."""
    earlier = (other for other in reports if other.period < report.period and other.state == ReportState.SUPERVISED)
    for other in sorted(earlier, key=lambda other: other.period, reverse=True):
        ranks = [entry.rank for entry in other.entries if entry.indicator == indicator and entry.rank is not None]
        if ranks:
            return ranks[0]
    return None


def times_lagging(report: Report, indicator: str, reports: Sequence[Report]) -> int:
    """In how many other reviewed periods of that calendar year the indicator was lagging."""
    year = report.period[:4]
    return sum(
        other.period != report.period
        and other.period[:4] == year
        and other.state == ReportState.SUPERVISED
        and any(entry.indicator == indicator and Flag.LAGGING in entry.flags for entry in other.entries)
        for other in reports
    )


def judge(entry: Entry, previous: int | None, case: Case | None, rules: Rules) -> Judgement:
    """The flags of one entry and the tests that led to them; an entry without rank has none.

    `previous` is last period's rank, `case` the indicator's open one.
    """
    rank, grounds = entry.rank, list[Ground]()
    if rank is not None:
        grounds += _tests_fired(entry, rank, previous, rules)
        is_lagging = any(FLAG_OF[ground.rule] is Flag.LAGGING for ground in grounds)
        if case is not None and is_better(case, rank) and not is_lagging:
            grounds.append(Ground(rule=Rule.IMPROVED, rank=rank, field=entry.field, limit=case.opened_rank))
    holds = {FLAG_OF[ground.rule] for ground in grounds}
    return Judgement(
        indicator=entry.indicator,
        rank=rank,
        field=entry.field,
        flags=tuple(flag for flag in Flag if flag in holds),
        previous=previous,
        grounds=tuple(grounds),
    )


def _tests_fired(entry: Entry, rank: int, previous: int | None, rules: Rules) -> Iterator[Ground]:
    """Last places, last district, regressing, weak (spec, part 6). What cannot be compared does not fire."""
    policies, districts = rules.policies, 1 + len(rules.office.sisters)
    indicator = rules.office.indicator_by_code.get(entry.indicator)
    target = indicator.target_rank if indicator else None
    if rank > entry.field - policies.lagging_places:
        yield Ground(rule=Rule.LAST_PLACES, rank=rank, field=entry.field, limit=policies.lagging_places)
    if entry.three_district_rank == districts:
        yield Ground(rule=Rule.LAST_DISTRICT, rank=entry.three_district_rank, limit=districts)
    if previous is not None and rank - previous >= policies.regressing_places:
        yield Ground(rule=Rule.REGRESSING, rank=rank, field=entry.field, limit=previous)
    if target is not None and rank > target:
        yield Ground(rule=Rule.WEAK, rank=rank, field=entry.field, limit=target)


def is_better(case: Case, rank: int) -> bool:
    """A smaller number than when the case was opened."""
    return case.opened_rank is not None and rank < case.opened_rank


def judge_all(report: Report, situation: Situation, rules: Rules) -> tuple[Judgement, ...]:
    """The judgements of a whole table, in its order."""
    return tuple(
        judge(
            entry,
            previous_rank(report, entry.indicator, situation.reports),
            situation.cases.get(entry.indicator),
            rules,
        )
        for entry in report.entries
    )


def move_cases(
    report: Report, judgements: Sequence[Judgement], situation: Situation, rules: Rules
) -> tuple[Decided, ...]:
    """What the judgements open, advance and close: every case at most once."""
    decided: list[Decided] = []
    next_case, used = situation.next_case, situation.points_used
    for judgement in judgements:
        case = situation.cases.get(judgement.indicator)
        if case is None:
            opened = _opening(report, judgement, next_case)
            if opened is not None:
                decided.append(Decided(case_subject(next_case), opened))
                next_case += 1
            continue
        moved = _move(case, judgement, report, reports=situation.reports, used=used, rules=rules)
        if moved is not None:
            used += moved.points if isinstance(moved, PointsProposed) else 0
            decided.append(Decided(case_subject(case.id), moved))
    return tuple(decided)


_OPENING: Mapping[Flag, Trigger] = {Flag.LAGGING: Trigger.LAGGING, Flag.REGRESSING: Trigger.REGRESSING}


def _opening(report: Report, judgement: Judgement, number: int) -> CaseOpened | None:
    trigger = next((_OPENING[flag] for flag in judgement.flags if flag in _OPENING), None)
    if trigger is None:
        return None
    return CaseOpened(
        case=number,
        report=report.ref,
        unit=report.unit,
        level=report.level,
        indicator=judgement.indicator,
        trigger=trigger,
        rank=judgement.rank,
        grounds=tuple(ground for ground in judgement.grounds if FLAG_OF[ground.rule].value == trigger.value),
    )


def _move(
    case: Case, judgement: Judgement, report: Report, *, reports: Sequence[Report], used: int, rules: Rules
) -> CaseAdvanced | PointsProposed | CaseClosed | None:
    rank = judgement.rank
    if rank is None or case.state not in (CaseState.TRACKING, CaseState.INTERVIEW):
        return None
    if Flag.IMPROVED in judgement.flags:
        improved = tuple(ground for ground in judgement.grounds if ground.rule is Rule.IMPROVED)
        return CaseClosed(grounds=improved, reason="")
    if case.report == report.ref:
        return None  # the table that opened the case was corrected and judged again: no later review
    better = is_better(case, rank)
    not_better = Ground(rule=Rule.NOT_IMPROVED, rank=rank, field=judgement.field, limit=case.opened_rank)
    if case.state is CaseState.INTERVIEW:
        if better or case.interview_at is None:
            return None
        return propose(used, not_better, rules)
    if not better:
        return CaseAdvanced(grounds=(not_better,), due_instant=None)
    times = 1 + times_lagging(report, judgement.indicator, reports)
    lagging = [ground for ground in judgement.grounds if FLAG_OF[ground.rule] is Flag.LAGGING]
    if lagging and times >= rules.policies.repeated_lagging:
        again = Ground(rule=Rule.REPEATED_LAGGING, count=times)
        return CaseAdvanced(grounds=(again, *lagging), due_instant=None)
    return None


def propose(used: int, why: Ground, rules: Rules, due_instant: datetime | None = None) -> PointsProposed:
    """The points proposed on entering `score_deduction`: what the year's cap still leaves, down to none.

    `used`: the unit's points of the year, proposed or confirmed; `due_instant` is that of a timer that led here.
    """
    each, at_most = rules.policies.points_per_case, rules.policies.points_per_year
    counted = Ground(rule=Rule.POINTS, count=each, used=used, limit=at_most)
    points = min(each, max(0, at_most - used))
    return PointsProposed(points=points, grounds=(why, counted), due_instant=due_instant)
