"""How large an office is and what comes next: what `kaoji check` says, before the first start too (spec, part 3)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from states.duties import first_period
from states.office import Level
from states.periods import following
from states.rules import Rules
from states.vacancies import Vacancy
from states.words import ordinal_zh

LEVEL_NAMES = {Level.BUREAU: "科室", Level.DISTRICT: "单位"}
HORIZON_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One period as it will be: when it opens, when each level is due, its reports, and the mails of its opening."""

    period: str
    opens_at: datetime
    due: tuple[tuple[Level, datetime], ...]
    reports: int
    mails: int


def period_of(rules: Rules, period: str) -> Period:
    """The period under the present configuration."""
    units = rules.office.reporting_units
    opens_at = rules.calendar.opening(period, rules.policies.open_time)
    return Period(
        period=period,
        opens_at=opens_at,
        due=tuple(
            (level, rules.deadline(period, next(unit.code for unit in units if unit.level is level)))
            for level in LEVEL_NAMES
            if any(unit.level is level for unit in units)
        ),
        reports=len(units),
        mails=sum(len(rules.drafters(unit.code, opens_at)) for unit in units),
    )


def first_start(rules: Rules, now: datetime, stated: str | None) -> Period:
    """What the daemon's first start will open. Raises WrongTime where a stated period makes no sense now.

    Where its opening day has passed, the period opens at that very start, and whoever drafts then is told.
    """
    return period_of(rules, first_period(rules, now, stated))


def next_opening(rules: Rules, now: datetime) -> Period:
    """The next period to open of an office at work."""
    local = rules.calendar.local(now)
    period = f"{local.year:04d}-{local.month:02d}"
    while rules.calendar.opening(period, rules.policies.open_time) <= now:
        period = following(period)
    return period_of(rules, period)


def overtaken(rules: Rules, now: datetime) -> Iterator[Period]:
    """Periods of the coming year in which holidays put a deadline before the opening."""
    upcoming = next_opening(rules, now)
    for _ in range(HORIZON_MONTHS):
        if any(due <= upcoming.opens_at for _, due in upcoming.due):
            yield upcoming
        upcoming = period_of(rules, following(upcoming.period))


def said(period: Period, rules: Rules, known: Collection[int]) -> str:
    """When it opens and when it is due, in words; provisional where a year's days off are not `known` whole."""

    def when(instant: datetime) -> str:
        return f"{rules.calendar.local(instant):%Y-%m-%d %H:%M}"

    due = " / ".join(f"{LEVEL_NAMES[level]} {when(at)}" for level, at in period.due)
    years = {rules.calendar.day_of(at).year for at in (period.opens_at, *(at for _, at in period.due))}
    unknown = "、".join(f"{year} 年" for year in sorted(years.difference(known)))
    provisional = f"（暂定，{unknown}的放假调休安排还不全）" if unknown else ""
    return (
        f"于 {when(period.opens_at)} 开启，时限 {due}{provisional}，{period.reports} 份报表，首批 {period.mails} 封邮件"
    )


def summary(rules: Rules) -> str:
    """How large the office is, and who does not report: a forgotten section is seen here."""
    office = rules.office
    reporting = office.reporting_units
    silent = [unit.name for unit in office.units if unit.level is not Level.ROOT and unit not in reporting]
    counted = "、".join(
        f"{name} {sum(unit.level is level for unit in reporting)}" for level, name in LEVEL_NAMES.items()
    )
    led = "、".join(
        f"{name}牵头 {sum(office.unit_by_code[one.lead_unit].level is level for one in office.indicators)}"
        for level, name in LEVEL_NAMES.items()
    )
    return (
        f"填报单位 {len(reporting)} 个（{counted}），人员 {len(office.people)} 人，"
        f"指标 {len(office.indicators)} 项（{led}）"
        + (f"；没有指标、不填报的：{'、'.join(silent)}" if silent else "；没有不填报的单位")
    )


_STEPS = {
    "drafter": "填报",
    "receiver": "接收",
    "assessor": "督查",
}


def _step_said(one: Vacancy) -> str:
    return f"第{ordinal_zh(one.number)}签字" if one.post == "signer" else _STEPS[one.post]


def vacancy_said(one: Vacancy, rules: Rules, today: date) -> tuple[str, str]:
    """What a vacancy is, and what to write against it."""
    units = rules.office.unit_by_code
    step = f"{'、'.join(f'{code}（{units[code].name}）' for code in one.units)}的“{_step_said(one)}”一步"
    until = f"到 {one.until} 才有人" if one.until else "没有人"
    if one.drafter is not None:
        detail = f"{step}今天只有填报人 {one.drafter} 自己，不能签自己填的表"
    elif one.since > today:
        detail = f"{step}自 {one.since} 起无人能办：{one.last} 的任职到期，{until}接任"
    else:
        before = f"{one.last} 的任职已到期，" if one.last else "任职还没有开始，"
        detail = f"{step}今天无人能办：{before}{until}接任"
    by = "今天" if one.since <= today else str(one.since)
    return detail, f"请在 appointments 中为 {one.where} 任命 {one.role.value}，from 不晚于{by}"
