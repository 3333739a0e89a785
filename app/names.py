"""The names of an office, to show and to be found by: read from its records without building the whole of its rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.place import Place
from storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A person holds a role in a unit on the days from `since` to `until`, both included; None is without end."""

    person: str
    unit: str
    role: str
    since: date | None
    until: date | None

    def covers(self, day: date) -> bool:
        """Whether it is in force on that local day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people, units and indicators are called, each by its code.

    `levels` and `parents` are the units'; `posts` are all appointments, in the order of the roster. `needed` are the
    posts that reports of a level need: `ROLE` in the unit itself or `ROLE@UNIT`, and roles in the unit above it.
    """

    timezone: str
    unit_names: Mapping[str, str]
    people: Mapping[str, str]
    indicators: Mapping[str, str]
    levels: Mapping[str, str]
    parents: Mapping[str, str | None]
    posts: tuple[Post, ...]
    needed: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


_ABOVE_IT = ("receiver", "assessor")


def names_of(bodies: Mapping[str, str]) -> Names:
    """The names in an office's definitions (`states.definitions`)."""
    organisation, indicators, levels = (json.loads(bodies[kind]) for kind in ("organisation", "indicators", "levels"))
    day = date.fromisoformat
    return Names(
        timezone=organisation["timezone"],
        unit_names={unit["code"]: unit["name"] for unit in organisation["units"]},
        people={person["id"]: person["name"] for person in organisation["people"]},
        indicators={indicator["code"]: indicator["name"] for indicator in indicators},
        levels={unit["code"]: unit["level"] for unit in organisation["units"]},
        parents={unit["code"]: unit["parent"] for unit in organisation["units"]},
        posts=tuple(
            Post(
                person=one["person"],
                unit=one["unit"],
                role=one["role"],
                since=day(one["since"]),
                until=day(one["until"]) if one["until"] else None,
            )
            for one in organisation["appointments"]
        ),
        needed={
            level: (
                (told["drafter"], *(post for step in told["route"]["steps"] for post in step["signers"])),
                tuple(told[duty] for duty in _ABOVE_IT),
            )
            for level, told in levels.items()
        },
    )


def bodies_in(database: Database) -> dict[str, str]:
    """What the office on that database has defined, by kind; empty before its first start."""
    return {row.kind: row.body for row in database.definitions()}


def names_here(where: Place, database: Database) -> Names:
    """The names to show; those of the files for an office that has not started yet."""
    bodies = bodies_in(database)
    if not bodies:
        # Read whole only here: it takes longer than all the rest of an answer.
        from app.bootstrap import read_settings
        from states.definitions import bodies_of

        bodies = bodies_of(read_settings(where.config).definitions)
    return names_of(bodies)
