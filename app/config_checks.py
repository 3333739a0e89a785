"""What must hold across the configuration: names that are known, a tree without cycles, no step nobody can sign."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.config_file import Location, Problem, ReadFile
from app.config_mending import Doubt
from app.config_shape import ConfigShape, OrganisationShape, UnitShape
from states.office import SYSTEM, Duties, Indicator, Level, Role
from states.policies import Roll

_PARENT = {Level.BUREAU: Level.DISTRICT, Level.DISTRICT: Level.ROOT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Everything read, and where it was read from. `prefix` leads to the organisation in its file."""

    shape: ConfigShape
    file: ReadFile
    organisation_file: ReadFile
    prefix: Location
    indicators: Sequence[Indicator]
    indicator_lines: dict[str, int]
    indicators_file: str
    doubt: Doubt

    @property
    def organisation(self) -> OrganisationShape:
        """Units, people, appointments."""
        return self.shape.organisation

    def at(self, *location: str | int) -> Location:
        """A place within the organisation."""
        return (*self.prefix, *location)

    def problem(self, location: Location, wrong: str, right: str) -> Problem:
        """A mistake in the organisation."""
        return self.organisation_file.problem(location, wrong, right)


def problems_of(whole: Whole) -> list[Problem]:
    """Every mistake that spans more than one value."""
    checks: tuple[Callable[[Whole], Iterator[Problem]], ...] = (
        _codes,
        _tree,
        _appointments,
        _lead_units,
        _posts,
        _districts,
        _ladder,
        _reminders,
    )
    return [problem for check in checks for problem in check(whole)]


def _codes(whole: Whole) -> Iterator[Problem]:
    for kind, ids in (
        ("units", [unit.code for unit in whole.organisation.units]),
        ("people", [person.id for person in whole.organisation.people]),
    ):
        seen: set[str] = set()
        for number, one in enumerate(ids):
            if one in seen:
                said = "单位代码" if kind == "units" else "人员编号"
                yield whole.problem(whole.at(kind, number), f"{said} {one} 重复", "每个只能写一次")
            seen.add(one)
            if one == SYSTEM:
                yield whole.problem(whole.at(kind, number), f"{one} 是程序自用的名字", "请另取一个")


def _tree(whole: Whole) -> Iterator[Problem]:
    units = whole.organisation.units
    if not whole.doubt.places and not any(unit.level is Level.ROOT for unit in units):
        yield whole.problem(whole.at("units"), "没有 level 为 root 的单位", "最上级（区）写 level: root、parent: null")
    for number, unit in enumerate(units):
        problem = _parent_problem(unit, whole)
        if problem is not None:
            yield whole.problem(whole.at("units", number, "parent"), *problem)


def _parent_problem(unit: UnitShape, whole: Whole) -> tuple[str, str] | None:
    units, doubtful = {one.code: one for one in whole.organisation.units}, whole.doubt.places
    if unit.code in doubtful:
        return None
    if unit.level is Level.ROOT:
        return (f"{unit.code} 是 root，不应有上级", "请写 parent: null") if unit.parent else None
    if unit.parent is None:
        return f"{unit.code} 没有写上级", f"parent 应是：{'、'.join(units)}"
    if unit.parent not in units:
        return f"{unit.code} 的上级 {unit.parent} 不存在", f"上级应是：{'、'.join(units)}"
    if _in_cycle(unit, units):
        return f"{unit.code} 的上下级成了循环", "请改正 parent，使每个单位最终归到 root"
    wanted = _PARENT[unit.level]
    if unit.parent not in doubtful and units[unit.parent].level is not wanted:
        return (
            f"{unit.code} 的上级 {unit.parent} 层级不对",
            f"level 为 {unit.level.value} 的单位，上级应是 {wanted.value}",
        )
    return None


def _in_cycle(unit: UnitShape, units: dict[str, UnitShape]) -> bool:
    seen: set[str] = set()
    here: str | None = unit.code
    while here in units and here not in seen and units[here].level is not Level.ROOT:
        seen.add(here)
        here = units[here].parent
    return here == unit.code


def _appointments(whole: Whole) -> Iterator[Problem]:
    organisation = whole.organisation
    people, units = {person.id for person in organisation.people}, {unit.code for unit in organisation.units}
    for number, one in enumerate(organisation.appointments):
        if one.person not in people:
            wrong = f"任职所写人员 {one.person} 不存在"
            yield whole.problem(whole.at("appointments", number, "person"), wrong, "请写 people 中的 id")
        if one.unit not in units:
            wrong = f"任职所写单位 {one.unit} 不存在"
            yield whole.problem(whole.at("appointments", number, "unit"), wrong, "请写 units 中的 code")
        if one.until is not None and one.until < one.since:
            wrong = f"任职从 {one.since} 到 {one.until}，先后颠倒"
            yield whole.problem(whole.at("appointments", number, "to"), wrong, "to 应不早于 from")
        for earlier in organisation.appointments[:number]:
            if (earlier.person, earlier.role, earlier.unit, earlier.since) == (
                one.person,
                one.role,
                one.unit,
                one.since,
            ):
                wrong = f"{one.person} 在 {one.unit} 的 {one.role.value} 任职重复"
                yield whole.problem(whole.at("appointments", number), wrong, "请删去一条")


def _lead_units(whole: Whole) -> Iterator[Problem]:
    units = {unit.code: unit for unit in whole.organisation.units}
    for indicator in whole.indicators:
        line = whole.indicator_lines[indicator.code]
        led = units.get(indicator.lead_unit)
        if led is None or led.level is Level.ROOT:
            wrong = f"指标 {indicator.code} 的牵头单位 {indicator.lead_unit} 不能牵头"
            names = "、".join(code for code, unit in units.items() if unit.level is not Level.ROOT)
            yield Problem(whole.indicators_file, line, wrong, f"应是：{names}")


def _posts(whole: Whole) -> Iterator[Problem]:
    """A reporting unit for which some step is nobody's."""
    reporting, doubtful = _reporting(whole), whole.doubt.places | whole.doubt.people
    for number, unit in enumerate(whole.organisation.units):
        if unit.code in reporting and unit.level is not Level.ROOT and unit.code not in doubtful:
            yield from _steps_of_nobody(whole, number, unit)
            yield from _own_signer(whole, number, unit, _duties(whole, unit))


def _steps_of_nobody(whole: Whole, number: int, unit: UnitShape) -> Iterator[Problem]:
    held = {(one.unit, one.role) for one in whole.organisation.appointments}
    duties = _duties(whole, unit)
    needed = [
        (unit.code, duties.drafter, "填报"),
        (unit.code, duties.first_signer, "第一签字"),
        (unit.code, duties.second_signer, "第二签字"),
    ]
    if unit.parent not in whole.doubt.people and _parent_problem(unit, whole) is None:
        needed += [(str(unit.parent), duties.receiver, "接收"), (str(unit.parent), duties.assessor, "督查")]
    for where, role, said in needed:
        if (where, role) not in held:
            wrong = f"{unit.code} 的“{said}”一步无人能办"
            right = f"请在 appointments 中任命 {where} 的 {role.value}"
            yield whole.problem(whole.at("units", number), wrong, right)


def _own_signer(whole: Whole, number: int, unit: UnitShape, duties: Duties) -> Iterator[Problem]:
    def people(role: Role) -> set[str]:
        return {one.person for one in whole.organisation.appointments if (one.unit, one.role) == (unit.code, role)}

    drafters = people(duties.drafter)
    for role in (duties.first_signer, duties.second_signer):
        if len(drafters) == 1 and people(role) == drafters and not whole.shape.rules.drafter_may_sign:
            wrong = f"{unit.code} 的填报人和 {role.value} 是同一个人，没有人能签字"
            yield whole.problem(whole.at("units", number), wrong, "请任命另一人，或写 rules: {drafter_may_sign: true}")


def _reporting(whole: Whole) -> set[str]:
    parents = {unit.code: unit.parent for unit in whole.organisation.units}
    leads = {indicator.lead_unit for indicator in whole.indicators}
    return leads | {parent for lead in leads if (parent := parents.get(lead)) is not None}


def _duties(whole: Whole, unit: UnitShape) -> Duties:
    levels = whole.shape.levels
    return (levels.bureau if unit.level is Level.BUREAU else levels.district).duties()


def _districts(whole: Whole) -> Iterator[Problem]:
    own, sisters = whole.shape.districts.own, whole.shape.districts.sisters
    if len({own, *sisters}) != 3 or len(sisters) != 2:
        wrong = f"三区比较要有三个区，这里是 {'、'.join((own, *sisters))}"
        yield whole.file.problem(("districts", "sisters"), wrong, "sisters 应是与本区不同的两个姊妹区")


def _ladder(whole: Whole) -> Iterator[Problem]:
    timers = whole.shape.timers
    rungs = (timers.case_after_days, timers.interview_after_days, timers.deduction_after_days)
    if not rungs[0] < rungs[1] < rungs[2]:
        wrong = f"逾期升级的天数 {rungs[0]}、{rungs[1]}、{rungs[2]} 不是依次增大，后面的定时器不起作用"
        right = "应有 case_after_days < interview_after_days < deduction_after_days"
        yield whole.file.problem(("timers", "interview_after_days"), wrong, right)


def _reminders(whole: Whole) -> Iterator[Problem]:
    """Reminders without effect: told twice, due before any report opens, or after its deadline."""
    timers, calendar, levels = whole.shape.timers, whole.shape.calendar, whole.shape.levels
    place = ("timers", "remind_days")
    for days in sorted({days for days in timers.remind_days if timers.remind_days.count(days) > 1}):
        yield whole.file.problem(place, f"提前 {days} 天的提醒写了两次，后一次不起作用", "每个天数只写一次")
    last = max(levels.bureau.due_day, levels.district.due_day)
    for days in sorted(set(timers.remind_days)):
        if days >= last and calendar.roll is not Roll.NEXT:
            wrong = f"提前 {days} 天的提醒不起作用：那时报表还没有开启"
            yield whole.file.problem(place, wrong, f"应小于 {last}（时限是每月 {last} 日）")
    if 0 in timers.remind_days and timers.remind_time >= calendar.deadline_time:
        wrong = f"当天 {timers.remind_time:%H:%M} 的提醒晚于截止时刻 {calendar.deadline_time:%H:%M}"
        yield whole.file.problem(("timers", "remind_time"), wrong, "remind_time 应早于 deadline_time")
