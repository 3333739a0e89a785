"""The organisation a workflow runs in: units, people, appointments, indicators.

Everything here is a value read once from the configuration (spec, part 2). Nothing here knows files or databases.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from states.route import BUREAU_ROUTE, DISTRICT_ROUTE, Route

SYSTEM = "system"
"""The reserved actor of timers. It never signs."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whoever or whatever people know by a name and commands by a code; `name` is empty where it is not known."""

    code: str
    name: str


class Level(StrEnum):
    """Where in the tree a unit reports; a `root` unit only receives."""

    ROOT = "root"
    DISTRICT = "district"
    BUREAU = "bureau"


class Role(StrEnum):
    """What an appointment entitles to (glossary)."""

    CLERK = "clerk"
    SECTION_HEAD = "section_head"
    LEADER = "leader"
    OFFICE = "office"
    UNIT_HEAD = "unit_head"
    DISTRICT_LEADER = "district_leader"
    ASSESSOR = "assessor"
    LIAISON = "liaison"
    ADMIN = "admin"


class Post(NamedTuple):
    """A role in a unit, whoever holds it: `ROLE@UNIT`."""

    role: Role
    unit: str

    def __str__(self) -> str:
        return f"{self.role.value}@{self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A node of the organisation tree. `parent` is the unit that receives its reports."""

    code: str
    name: str
    level: Level
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a mail address; `language` is `zh` or `en`."""

    id: str
    name: str
    email: str
    language: str = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A person holds a role in a unit on every day from `since` to `until`, both included."""

    person: str
    unit: str
    role: Role
    since: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Whether the appointment is in force on that local day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """What the city scores the district on. `field` is the number of places ranked."""

    code: str
    name: str
    main_content: str
    lead_unit: str
    field: int
    target_rank: int | None
    year_end_target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """Which role does what for the reports of one level (spec, part 2).

    `drafter`, `head` and `leader` are looked up on the reporting unit, `receiver` and `assessor` on its parent. Who
    signs, `route` says; the head answers for the unit's cases, the leader is told of them, whatever the route.
    `due_day` is the day of the month the report is due.
    """

    drafter: Role
    head: Role
    leader: Role
    receiver: Role
    assessor: Role
    due_day: int
    route: Route


BUREAU_DUTIES = Duties(
    drafter=Role.CLERK,
    head=Role.SECTION_HEAD,
    leader=Role.LEADER,
    receiver=Role.OFFICE,
    assessor=Role.ASSESSOR,
    due_day=13,
    route=BUREAU_ROUTE,
)
DISTRICT_DUTIES = Duties(
    drafter=Role.OFFICE,
    head=Role.UNIT_HEAD,
    leader=Role.DISTRICT_LEADER,
    receiver=Role.ASSESSOR,
    assessor=Role.ASSESSOR,
    due_day=15,
    route=DISTRICT_ROUTE,
)


@dataclass(frozen=True, kw_only=True)
class Office:
    """The whole organisation, already checked; units and indicators keep the order of their files.

    `grounds` are the documents its rules rest on, as it quotes them under mails about penalties.
    """

    name: str
    timezone: str = "Asia/Shanghai"
    language: str = "zh"
    own_district: str
    sisters: tuple[str, ...]
    units: tuple[Unit, ...]
    people: tuple[Person, ...]
    appointments: tuple[Appointment, ...]
    indicators: tuple[Indicator, ...]
    grounds: tuple[str, ...] = ()
    """The documents that penalties rest on, as the office cites them."""
    duties: Mapping[Level, Duties] = field(
        default_factory=lambda: {Level.BUREAU: BUREAU_DUTIES, Level.DISTRICT: DISTRICT_DUTIES}
    )

    @cached_property
    def unit_by_code(self) -> dict[str, Unit]:
        """Units by code."""
        return {unit.code: unit for unit in self.units}

    @cached_property
    def person_by_id(self) -> dict[str, Person]:
        """People by id."""
        return {person.id: person for person in self.people}

    def named(self, person: str) -> str:
        """`姓名（id）`, as people are named wherever they are read of; the id alone of one the office does not know."""
        if person == SYSTEM:
            return "系统"
        known = self.person_by_id.get(person)
        return f"{known.name}（{person}）" if known else person

    def person(self, person: str) -> Named:
        """A person by id and name; the system, and whoever the office does not know, by the id alone."""
        known = self.person_by_id.get(person)
        return Named(person, known.name if known else "")

    def people_named(self, people: Iterable[str]) -> tuple[Named, ...]:
        """Several people by id and name."""
        return tuple(self.person(person) for person in people)

    def indicator(self, code: str) -> Named:
        """An indicator by code and name; one the office no longer has by its code alone."""
        known = self.indicator_by_code.get(code)
        return Named(code, known.name if known else "")

    @cached_property
    def indicator_by_code(self) -> dict[str, Indicator]:
        """Indicators by code."""
        return {indicator.code: indicator for indicator in self.indicators}

    @cached_property
    def _appointments_by_post(self) -> dict[tuple[str, Role], tuple[Appointment, ...]]:
        posts: dict[tuple[str, Role], list[Appointment]] = {}
        for appointment in self.appointments:
            posts.setdefault((appointment.unit, appointment.role), []).append(appointment)
        return {post: tuple(held) for post, held in posts.items()}

    @cached_property
    def _units_by_person(self) -> dict[str, frozenset[str]]:
        units: dict[str, set[str]] = {}
        for appointment in self.appointments:
            units.setdefault(appointment.person, set()).add(appointment.unit)
        return {person: frozenset(held) for person, held in units.items()}

    def units_where_appointed(self, person: str) -> frozenset[str]:
        """The units in which that person ever holds any post: those and the ones below are all they can act on."""
        return self._units_by_person.get(person, frozenset())

    @cached_property
    def reporting_units(self) -> tuple[Unit, ...]:
        """Units that write reports: not `root`, and with at least one indicator."""
        return tuple(unit for unit in self.units if unit.level is not Level.ROOT and self.indicators_of(unit.code))

    def people_in(self, unit: str | None, role: Role, day: date) -> tuple[str, ...]:
        """Ids of the people who hold `role` in `unit` on that local day, in the order of the configuration."""
        if unit is None:
            return ()
        held = self._appointments_by_post.get((unit, role), ())
        return tuple(dict.fromkeys(appointment.person for appointment in held if appointment.covers(day)))

    def appointments_to(self, unit: str | None, role: Role) -> tuple[Appointment, ...]:
        """Every appointment, past, present or future, to one post."""
        return () if unit is None else self._appointments_by_post.get((unit, role), ())

    def sections_of(self, unit: str) -> tuple[str, ...]:
        """Codes of all units below `unit`, in the order of the configuration."""
        below = {unit}
        grown = True
        while grown:
            more = {child.code for child in self.units if child.parent in below} - below
            below |= more
            grown = bool(more)
        return tuple(child.code for child in self.units if child.code in below and child.code != unit)

    @cached_property
    def _indicators_by_unit(self) -> dict[str, tuple[Indicator, ...]]:
        by_lead: dict[str, list[Indicator]] = {}
        for indicator in self.indicators:
            by_lead.setdefault(indicator.lead_unit, []).append(indicator)
        places = {indicator.code: place for place, indicator in enumerate(self.indicators)}
        led: dict[str, tuple[Indicator, ...]] = {}
        for unit in self.units:
            # A bureau's table holds every indicator its sections lead (spec, part 10).
            leads = (unit.code, *self.sections_of(unit.code)) if unit.level is Level.DISTRICT else (unit.code,)
            own = [indicator for lead in leads for indicator in by_lead.get(lead, ())]
            led[unit.code] = tuple(sorted(own, key=lambda indicator: places[indicator.code]))
        return led

    def indicators_of(self, unit: str) -> tuple[Indicator, ...]:
        """The indicators that unit's table holds, in the order of `indicators.csv`."""
        return self._indicators_by_unit[unit]
