"""What an office has defined: its organisation, indicators, levels, policies and calendar, as values and as records.

Each kind is kept as canonical JSON, so that equal definitions have equal hashes. What changed between two sets of
records is told item by item (spec, part 2.1).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, cast

from states.canonical import canonical
from states.codec import built, plain
from states.events import DefinitionChange
from states.office import Appointment, Duties, Indicator, Level, Office, Person, Unit
from states.policies import Policies

KINDS: Final = ("organisation", "indicators", "levels", "policies", "calendar")
"""The kinds of definition, in the order they are told of."""

Bodies = Mapping[str, str]
"""The canonical JSON of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Everything an office defines. `workdays` and `holidays` differ from the official calendar.

    `complete_years` are years the official calendar does not know and these days state whole.
    """

    office: Office
    policies: Policies
    workdays: frozenset[date] = frozenset()
    holidays: frozenset[date] = frozenset()
    complete_years: frozenset[int] = frozenset()


_OF_THE_OFFICE: Final = ("name", "timezone", "language", "own_district", "sisters", "grounds")


def bodies_of(definitions: Definitions) -> dict[str, str]:
    """The definitions as records."""
    office = definitions.office
    organisation = {name: plain(getattr(office, name)) for name in _OF_THE_OFFICE}
    values: dict[str, Any] = {
        "organisation": {
            **organisation,
            "units": plain(office.units),
            "people": plain(office.people),
            "appointments": plain(office.appointments),
        },
        "indicators": plain(office.indicators),
        "levels": {level.value: plain(duties) for level, duties in office.duties.items()},
        "policies": plain(definitions.policies),
        "calendar": {
            "workdays": sorted(day.isoformat() for day in definitions.workdays),
            "holidays": sorted(day.isoformat() for day in definitions.holidays),
            "complete_years": sorted(definitions.complete_years),
        },
    }
    return {kind: canonical(values[kind]) for kind in KINDS}


def definitions_of(bodies: Bodies) -> Definitions:
    """The definitions that such records hold. KeyError where a kind is missing."""
    organisation, indicators, levels, policies, calendar = (json.loads(bodies[kind]) for kind in KINDS)
    office = Office(
        name=organisation["name"],
        timezone=organisation["timezone"],
        language=organisation["language"],
        own_district=organisation["own_district"],
        sisters=tuple(organisation["sisters"]),
        grounds=tuple(organisation["grounds"]),
        units=built(tuple[Unit, ...], organisation["units"]),
        people=built(tuple[Person, ...], organisation["people"]),
        appointments=built(tuple[Appointment, ...], organisation["appointments"]),
        indicators=built(tuple[Indicator, ...], indicators),
        duties={Level(level): built(Duties, duties) for level, duties in levels.items()},
    )
    return Definitions(
        office=office,
        policies=built(Policies, policies),
        workdays=frozenset(map(date.fromisoformat, calendar["workdays"])),
        holidays=frozenset(map(date.fromisoformat, calendar["holidays"])),
        complete_years=frozenset(cast(list[int], calendar["complete_years"])),
    )


def changes(before: Bodies, after: Bodies) -> tuple[DefinitionChange, ...]:
    """What differs, item by item, in the order of the kinds; `before` is empty for an office being founded."""
    found = []
    for kind in KINDS:
        if before.get(kind) == after[kind]:
            continue
        was = dict(_items(kind, json.loads(before[kind]))) if kind in before else {}
        now = dict(_items(kind, json.loads(after[kind])))
        found += [
            DefinitionChange(kind=kind, item=item, before=_told(was, item), after=_told(now, item))
            for item in dict.fromkeys((*was, *now))
            if was.get(item) != now.get(item) or (item in was) != (item in now)
        ]
    return tuple(found)


def _told(items: Mapping[str, Any], item: str) -> str | None:
    return canonical(items[item]) if item in items else None


def _items(kind: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The items of one kind, each by a name that stays the same while it changes."""
    match kind:
        case "organisation":
            for name in _OF_THE_OFFICE:
                yield name, value[name]
            for listed, key in (("units", "code"), ("people", "id")):
                for one in value[listed]:
                    yield f"{listed} {one[key]}", one
            for one in value["appointments"]:
                # An appointment may only end: with another person, post or first day it is another appointment.
                yield f"appointments {one['person']} {one['role']} {one['unit']} {one['since']}", one
        case "indicators":
            for one in value:
                yield f"indicators {one['code']}", one
        case "levels":
            for level, duties in value.items():
                for name, told in duties.items():
                    yield f"levels {level} {name}", told
        case _:
            for name, told in value.items():
                yield f"{kind} {name}", told
