"""What must hold across the configuration: names that are known, a tree without cycles, no step nobody can sign."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from app.config_file import Location, Problem, ReadFile
from app.config_mending import STAND_IN_ADDRESS, Doubt, is_stand_in
from app.config_shape import AppointmentShape, ConfigShape, OrganisationShape, UnitShape
from states.calendar import WorkingCalendar
from states.office import SYSTEM, Duties, Indicator, Level, Post, Role
from states.policies import Roll
from states.route import RESERVED, Need
from states.rules import posts_of
from states.words import WORDS, ordinal_zh

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
        _routes,
        _posts,
        _districts,
        _ladder,
        _reminders,
        _due_days,
        _days_stated,
        _addresses,
        _names_of_indicators,
    )
    return [problem for check in checks for problem in check(whole)]


def warnings_of(whole: Whole) -> tuple[Problem, ...]:
    """What is allowed, but seldom meant."""
    return tuple(sorted({*_liaisons(whole), *_signs_twice(whole), *_due_before_sections(whole)}))


def _due_before_sections(whole: Whole) -> Iterator[Problem]:
    """Allowed: a late section never blocks the bureau, whose table says 未报送 in its place."""
    levels = whole.shape.levels
    if levels.district.due_day < levels.bureau.due_day:
        wrong = f"单位 {levels.district.due_day} 日报区，早于科室 {levels.bureau.due_day} 日报单位"
        yield whole.file.problem(
            ("levels", "district", "due_day"), wrong, "district.due_day 一般应不早于 bureau.due_day"
        )


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
        return f"{unit.code} 没有写上级", f"parent 应是：{_listed(units)}"
    if unit.parent not in units and any(map(is_stand_in, units)):
        return None  # the one meant may be the one that is wrong itself
    if unit.parent not in units:
        return f"{unit.code} 的上级 {unit.parent} 不存在", f"上级应是：{_listed(units)}"
    if _in_cycle(unit, units):
        return f"{unit.code} 的上下级成了循环", "请改正 parent，使每个单位最终归到 root"
    wanted = _PARENT[unit.level]
    if unit.parent not in doubtful and units[unit.parent].level is not wanted:
        return (
            f"{unit.code} 的上级 {unit.parent} 层级不对",
            f"level 为 {unit.level.value} 的单位，上级应是 {wanted.value}",
        )
    return None


def _listed(codes: Iterable[str]) -> str:
    return "、".join(code for code in codes if not is_stand_in(code))


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
        if one.person not in people and not is_stand_in(one.person):
            wrong = f"任职所写人员 {one.person} 不存在"
            yield whole.problem(whole.at("appointments", number, "person"), wrong, "请写 people 中的 id")
        if one.unit not in units and not is_stand_in(one.unit):
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
        if led is None and any(map(is_stand_in, units)):
            continue  # the one meant may be the one that is wrong itself
        if led is None or led.level is Level.ROOT:
            wrong = f"指标 {indicator.code} 的牵头单位 {indicator.lead_unit} 不能牵头"
            names = _listed(code for code, unit in units.items() if unit.level is not Level.ROOT)
            code = next((unit.code for unit in units.values() if unit.name == indicator.lead_unit), None)
            right = f"请写单位的代码 {code}" if code else f"应是：{names}"
            yield Problem(whole.indicators_file, line, wrong, right)


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
    needed = [(unit.code, duties.drafter, "填报")]
    for count, step in enumerate(duties.route.steps, start=1):
        posts = [post for post in _posts_of(step.signers, unit.code) if post.unit == unit.code]
        # Where any one of several may sign, one that is held is enough; posts elsewhere are looked at once, not here.
        if step.need is Need.ANY and (len(posts) < len(step.signers) or any((p.unit, p.role) in held for p in posts)):
            continue
        needed += [(post.unit, post.role, f"第{ordinal_zh(count)}签字") for post in posts]
    if unit.parent not in whole.doubt.people and _parent_problem(unit, whole) is None:
        needed += [(str(unit.parent), duties.receiver, "接收"), (str(unit.parent), duties.assessor, "督查")]
    for where, role, said in needed:
        if (where, role) not in held:
            wrong = f"{unit.code} 的“{said}”一步无人能办"
            right = f"请在 appointments 中任命 {where} 的 {role.value}"
            yield whole.problem(whole.at("units", number), wrong, right)


def _own_signer(whole: Whole, number: int, unit: UnitShape, duties: Duties) -> Iterator[Problem]:
    def people(*posts: Post) -> set[str]:
        return {one.person for one in whole.organisation.appointments if Post(one.role, one.unit) in posts}

    drafters = people(Post(duties.drafter, unit.code))
    for step in duties.route.steps:
        posts = _posts_of(step.signers, unit.code)
        groups = [posts] if step.need is Need.ANY else [[post] for post in posts]
        for group in groups:
            if len(drafters) == 1 and people(*group) == drafters and not whole.shape.rules.drafter_may_sign:
                roles = "、".join(post.role.value for post in group)
                wrong = f"{unit.code} 的填报人和 {roles} 是同一个人，没有人能签字"
                right = "请任命另一人，或写 rules: {drafter_may_sign: true}"
                yield whole.problem(whole.at("units", number), wrong, right)


def _posts_of(named: Iterable[str], unit: str) -> list[Post]:
    """The posts named, but for those of a role there is not: that is told of by itself."""
    return [*posts_of([one for one in named if one.partition("@")[0] in tuple(Role)], unit)]


def _routes(whole: Whole) -> Iterator[Problem]:
    """Routes that nobody could follow: states that are no states, posts that are no posts."""
    for level, shape in ((Level.BUREAU, whole.shape.levels.bureau), (Level.DISTRICT, whole.shape.levels.district)):
        written = whole.file.data.get("levels", {}).get(level.value) or {}
        if "route" in written and not shape.route:
            wrong = f"levels.{level.value}.route 一步也没有，报表没有人签字"
            yield whole.file.problem(("levels", level.value, "route"), wrong, "请至少写一步；不写 route 则用通常的两步")
        for place, step in enumerate(shape.route):
            at = ("levels", level.value, "route", place)
            if step.state in RESERVED:
                right = f"请另取一个；{'、'.join(sorted(RESERVED))} 是程序自用的"
                yield whole.file.problem((*at, "state"), f"状态 {step.state} 不能用作一步的状态", right)
            if step.state in [earlier.state for earlier in shape.route[:place]]:
                yield whole.file.problem((*at, "state"), f"状态 {step.state} 写了两次", "每一步的状态各不相同")
            if step.state not in WORDS and not (step.title.strip() and step.title_en.strip()):
                wrong = f"状态 {step.state} 没有名称"
                yield whole.file.problem((*at, "state"), wrong, "请写 title（如 法制科已会签）和 title_en")
            if not step.signers:
                yield whole.file.problem(
                    (*at, "signers"), f"{step.state} 一步没有签字的岗位", "请写至少一个，如 section_head"
                )
            for key, named in (("signers", step.signers), ("cc", step.cc)):
                for one in named:
                    yield from _named_post(whole, level, (*at, key), one)


def _named_post(whole: Whole, level: Level, at: Location, named: str) -> Iterator[Problem]:
    role, there, where = named.partition("@")
    units = {unit.code: unit.level for unit in whole.organisation.units}
    if role not in tuple(Role) or role == Role.ADMIN:
        roles = "、".join(one.value for one in Role if one is not Role.ADMIN)
        yield whole.file.problem(at, f"“{named}”不是岗位：没有角色 {role}", f"应是：{roles}，或 角色@单位")
        return
    if there and where not in units:
        if not any(map(is_stand_in, units)):
            yield whole.file.problem(at, f"“{named}”不是岗位：没有单位 {where}", f"应是：{_listed(units)}")
        return
    wanted = {where} if there else {code for code, its in units.items() if its is level}
    held = any(one.role == role and one.unit in wanted for one in whole.organisation.appointments)
    if not held and not whole.doubt.people:
        right = f"请在 appointments 中任命 {where or '各单位'} 的 {role}，或改写这一步"
        yield whole.file.problem(at, f"岗位 {named} 在{where or '这一级的单位'}没有任何人任过", right)


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


# Months of 2021 begin on every day of the week; what holds in all of them holds wherever no holiday interferes.
_SOME_MONTHS = tuple(f"2021-{month:02d}" for month in range(1, 13))


def _due_days(whole: Whole) -> Iterator[Problem]:
    """Deadlines that no work can meet: before the reports open."""
    levels, shape = whole.shape.levels, whole.shape.calendar
    weekdays = WorkingCalendar(lambda day: day.weekday() < 5, whole.shape.timezone)
    for name, day in (("bureau", levels.bureau.due_day), ("district", levels.district.due_day)):
        early = [
            month
            for month in _SOME_MONTHS
            if weekdays.deadline(month, day, shape.deadline_time, shape.roll)
            <= weekdays.opening(month, shape.open_time)
        ]
        if early:
            wrong = f"每月 {day} 日的时限有时早于当期开启（首个工作日 {shape.open_time:%H:%M}）"
            yield whole.file.problem(("levels", name, "due_day"), wrong, "请推迟 due_day，给填报和签字留出时间")


_FEWEST_DAYS_OFF = 11
"""Weekdays off in a year's notice: sixteen or more in every year since 2004."""


def _days_stated(whole: Whole) -> Iterator[Problem]:
    shape = whole.shape.calendar
    for day in sorted({*shape.workdays} & {*shape.holidays}):
        wrong = f"{day} 既写成上班日又写成休息日"
        yield whole.file.problem(("calendar", "holidays", shape.holidays.index(day)), wrong, "请删去其中一处")
    for number, year in enumerate(shape.complete_years):
        off = sum(day.year == year and day.weekday() < 5 for day in {*shape.holidays})
        if off < _FEWEST_DAYS_OFF:
            wrong = f"{year} 年只写了 {off} 个工作日放假，不是全年的安排"
            right = "请把通知里的放假日都写进 holidays、调休上班日都写进 workdays，或从 complete_years 删去这一年"
            yield whole.file.problem(("calendar", "complete_years", number), wrong, right)


def _addresses(whole: Whole) -> Iterator[Problem]:
    """One mailbox for two people: what is meant for one is read by the other."""
    seen: dict[str, tuple[str, bool]] = {}
    for number, one in enumerate(whole.organisation.people):
        if one.email == STAND_IN_ADDRESS:
            continue
        owner, is_shared = seen.setdefault(one.email.casefold(), (one.id, one.shared))
        if owner != one.id and not (is_shared or one.shared):
            wrong = f"{one.id} 和 {owner} 的邮件地址相同（{one.email}）"
            right = "请写各人自己的地址；确是共用的邮箱，请在其中一人处写 shared: true"
            yield whole.problem(whole.at("people", number, "email"), wrong, right)


def _names_of_indicators(whole: Whole) -> Iterator[Problem]:
    """Rows of a form are known by their indicator's name, so that one unit's names must differ."""
    seen: dict[tuple[str, str], str] = {}
    for one in whole.indicators:
        other = seen.setdefault((one.lead_unit, "".join(one.name.split())), one.code)
        if other != one.code:
            wrong = f"指标 {one.code} 与 {other} 同名（{one.name}），同一单位的表里分不清"
            yield Problem(whole.indicators_file, whole.indicator_lines[one.code], wrong, "请给其中一项换个名称")


# --- seldom meant --------------------------------------------------------------------------------------------------


def _liaisons(whole: Whole) -> Iterator[Problem]:
    """Units that lead indicators and have no liaison officer, or two at a time (spec, part 8)."""
    leads = {indicator.lead_unit for indicator in whole.indicators}
    for number, unit in enumerate(whole.organisation.units):
        held = [one for one in whole.organisation.appointments if (one.unit, one.role) == (unit.code, Role.LIAISON)]
        if unit.code in leads and not held:
            wrong = f"{unit.code} 没有对接人（liaison），赴市对接无人提醒"
            yield whole.problem(whole.at("units", number), wrong, f"请在 appointments 中任命 {unit.code} 的 liaison")
        for one, other in _overlapping(held):
            wrong = f"{unit.code} 同时有两名对接人：{one.person}、{other.person}"
            place = whole.at("appointments", whole.organisation.appointments.index(other))
            yield whole.problem(place, wrong, "每单位一名对接人；换人时给前任写 to")


def _signs_twice(whole: Whole) -> Iterator[Problem]:
    """One person in both signing posts of a unit: two signatures, one pair of eyes."""
    for number, unit in enumerate(whole.organisation.units):
        if unit.level is Level.ROOT:
            continue
        for one_step, other_step in pairwise(_duties(whole, unit).route.steps):
            first, second = (
                [
                    one
                    for one in whole.organisation.appointments
                    if Post(one.role, one.unit) in _posts_of(step.signers, unit.code)
                ]
                for step in (one_step, other_step)
            )
            both = {one.person for one in first for other in second if one.person == other.person and _meet(one, other)}
            for person in sorted(both):
                wrong = f"{unit.code} 的两级签字是同一个人：{person}"
                right = f"若非如此，请改正 {'、'.join(one_step.signers)} 或 {'、'.join(other_step.signers)} 的任职"
                yield whole.problem(whole.at("units", number), wrong, right)


def _overlapping(held: Sequence[AppointmentShape]) -> Iterator[tuple[AppointmentShape, AppointmentShape]]:
    for number, other in enumerate(held):
        for one in held[:number]:
            if one.person != other.person and _meet(one, other):
                yield one, other


def _meet(one: AppointmentShape, other: AppointmentShape) -> bool:
    """Whether both are in force on some day."""
    return one.since <= (other.until or date.max) and other.since <= (one.until or date.max)
