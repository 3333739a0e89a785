"""Judging the ranks of a submitted table, and what follows for cases (spec, parts 6 and 7; notice 12, article 4)."""

from collections.abc import Mapping, Sequence

from states.events import CaseAdvanced, CaseClosed, CaseOpened, Judgement, PointsProposed
from states.grounds import FLAG_OF, lagging_clauses
from states.models import Case, CaseState, Entry, Flag, Report, ReportState, Trigger
from states.rules import Rules
from states.situation import Decided, Situation, case_subject


def previous_rank(report: Report, indicator: str, reports: Sequence[Report]) -> int | None:
    """The rank in the unit's latest earlier supervised period in which the indicator had one."""
    earlier = (other for other in reports if other.period < report.period and other.state is ReportState.SUPERVISED)
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
        and other.state is ReportState.SUPERVISED
        and any(entry.indicator == indicator and Flag.LAGGING in entry.flags for entry in other.entries)
        for other in reports
    )


def judge(entry: Entry, previous: int | None, case: Case | None, rules: Rules) -> Judgement:
    """The flags of one entry; an entry without rank has none."""
    rank = entry.rank
    if rank is None:
        return Judgement(indicator=entry.indicator, rank=None, flags=(), previous=previous)
    indicator = rules.office.indicator_by_code.get(entry.indicator)
    target = indicator.target_rank if indicator else None
    holds = {FLAG_OF[ground.rule] for ground in lagging_clauses(entry, rank, previous, target, rules)}
    if case is not None and is_better(case, rank) and Flag.LAGGING not in holds:
        holds.add(Flag.IMPROVED)
    flags = tuple(flag for flag in Flag if flag in holds)
    return Judgement(indicator=entry.indicator, rank=rank, flags=flags, previous=previous)


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
        rule=trigger.value,
    )


def _move(
    case: Case, judgement: Judgement, report: Report, *, reports: Sequence[Report], used: int, rules: Rules
) -> CaseAdvanced | PointsProposed | CaseClosed | None:
    rank = judgement.rank
    if rank is None or case.state not in (CaseState.TRACKING, CaseState.INTERVIEW):
        return None
    evidence = f"{report.ref}：排名第{rank}，立项时第{case.opened_rank}"
    if Flag.IMPROVED in judgement.flags:
        return CaseClosed(rule="improved", evidence=evidence)
    if case.report == report.ref:
        return None  # the table that opened the case was corrected and judged again: no later review
    better = is_better(case, rank)
    if case.state is CaseState.INTERVIEW:
        if better or case.interview_at is None:
            return None
        return propose(used, "not_improved", evidence, rules)
    if not better:
        return CaseAdvanced(rule="not_improved", evidence=evidence, due_instant=None)
    times = 1 + times_lagging(report, judgement.indicator, reports)
    if Flag.LAGGING in judgement.flags and times >= rules.policies.repeated_lagging:
        evidence = f"{evidence}；本年第{times}次落后"
        return CaseAdvanced(rule="repeated_lagging", evidence=evidence, due_instant=None)
    return None


def propose(used: int, rule: str, evidence: str, rules: Rules) -> PointsProposed:
    """The points proposed on entering `score_deduction`: what the year's cap still leaves, down to none."""
    left = max(0, rules.policies.points_per_year - used)
    points = min(rules.policies.points_per_case, left)
    return PointsProposed(points=points, rule=rule, evidence=evidence, due_instant=None)
