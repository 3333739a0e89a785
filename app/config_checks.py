"""What must hold across the configuration: names that are known, a tree without cycles, no step nobody can sign."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.config_file import Location, Problem, ReadFile
from app.config_shape import ConfigShape, OrganisationShape, UnitShape
from states.office import Duties, Indicator, Level, Role

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
        _ladder,
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


def _tree(whole: Whole) -> Iterator[Problem]:
    units = {unit.code: unit for unit in whole.organisation.units}
    if not any(unit.level is Level.ROOT for unit in units.values()):
        yield whole.problem(whole.at("units"), "没有 level 为 root 的单位", "最上级（区）写 level: root、parent: null")
    for number, unit in enumerate(whole.organisation.units):
        place = whole.at("units", number, "parent")
        problem = _parent_problem(unit, units)
        if problem is not None:
            yield whole.problem(place, *problem)


def _parent_problem(unit: UnitShape, units: dict[str, UnitShape]) -> tuple[str, str] | None:
    if unit.level is Level.ROOT:
        return (f"{unit.code} 是 root，不应有上级", "请写 parent: null") if unit.parent else None
    if unit.parent not in units:
        return f"{unit.code} 的上级 {unit.parent} 不存在", f"上级应是：{'、'.join(units)}"
    if _in_cycle(unit, units):
        return f"{unit.code} 的上下级成了循环", "请改正 parent，使每个单位最终归到 root"
    wanted = _PARENT[unit.level]
    if units[unit.parent].level is not wanted:
        return (
            f"{unit.code} 的上级 {unit.parent} 层级不对",
            f"level 为 {unit.level.value} 的单位，上级应是 {wanted.value}",
        )
    return None


def _in_cycle(unit: UnitShape, units: dict[str, UnitShape]) -> bool:
    seen: set[str] = set()
    here: str | None = unit.code
    while here in units and here not in seen:
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
    organisation = whole.organisation
    held = {(one.unit, one.role) for one in organisation.appointments}
    reporting = _reporting(whole)
    for number, unit in enumerate(organisation.units):
        if unit.code not in reporting or unit.parent is None:
            continue
        duties = _duties(whole, unit)
        needed = (
            (unit.code, duties.drafter, "填报"),
            (unit.code, duties.first_signer, "第一签字"),
            (unit.code, duties.second_signer, "第二签字"),
            (unit.parent, duties.receiver, "接收"),
            (unit.parent, duties.assessor, "督查"),
        )
        for where, role, said in needed:
            if (where, role) not in held:
                wrong = f"{unit.code} 的“{said}”一步无人能办"
                right = f"请在 appointments 中任命 {where} 的 {role.value}"
                yield whole.problem(whole.at("units", number), wrong, right)
        yield from _own_signer(whole, number, unit, duties)


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


def _ladder(whole: Whole) -> Iterator[Problem]:
    timers = whole.shape.timers
    rungs = (timers.case_after_days, timers.interview_after_days, timers.deduction_after_days)
    if not rungs[0] < rungs[1] < rungs[2]:
        wrong = f"逾期升级的天数 {rungs[0]}、{rungs[1]}、{rungs[2]} 不是依次增大，后面的定时器不起作用"
        right = "应有 case_after_days < interview_after_days < deduction_after_days"
        yield whole.file.problem(("timers", "interview_after_days"), wrong, right)
