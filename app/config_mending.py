"""Puts stand-ins in place of wrong values, so that one mistake does not hide the others.

What comes of it is checked and thrown away: a configuration with a stand-in in it never runs.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import count
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.config_shape import ConfigShape

_NAME = "？"
_UNKNOWN = "\ue000"
"""Begins every stand-in for a code: a character for private use, which nobody types and no message shows."""
STAND_IN_ADDRESS = "nobody@office.example"
_STAND_INS: dict[str, object] = {
    "office": _NAME,
    "own": _NAME,
    "sisters": (),
    "districts": {"own": _NAME, "sisters": ()},
    "name": _NAME,
    "email": STAND_IN_ADDRESS,
    "from": "2000-01-01",
    "role": "admin",
    "level": "bureau",
}
_NAMES_OF_THEIR_OWN = ("code", "id", "person", "unit")


def is_stand_in(code: str) -> bool:
    """Whether the code stands in for one that is wrong, of which nothing more can be said."""
    return code.startswith(_UNKNOWN)


def mended(data: object, errors: Sequence[ErrorDetails]) -> ConfigShape | None:
    """The configuration with stand-ins for what is wrong in it; None where too much is missing to go on."""
    copy = deepcopy(data)
    try:
        for error, number in zip(errors, count(1), strict=False):
            _mend(copy, error, number)
        return ConfigShape.model_validate(copy)
    except (ValidationError, LookupError, TypeError):
        return None


def _mend(data: Any, error: ErrorDetails, number: int) -> None:
    location = error["loc"]
    while isinstance(location[-1], int):  # an item that is wrong itself takes its list with it
        location = location[:-1]
    *above, key = location
    for part in above:
        data = data[part]
    if error["type"] == "extra_forbidden":
        data.pop(key, None)
    elif location[0] == "organisation" and key in _NAMES_OF_THEIR_OWN:
        data[key] = f"{_UNKNOWN}{number}"
    elif location[0] in ("organisation", "districts", "office") and key in _STAND_INS:
        data[key] = _STAND_INS[str(key)]
    else:
        data.pop(key, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """The units whose place in the tree, or whose people, are not what was meant: stand-ins are among them."""

    places: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()


def doubt_left_by(errors: Sequence[ErrorDetails], shape: ConfigShape) -> Doubt:
    """What cannot be judged of the mended configuration."""
    places: set[str] = set()
    people: set[str] = set()
    for error in errors:
        match error["loc"]:
            case ("organisation", "units", int(number), "code" | "level" | "parent"):
                places.add(shape.organisation.units[number].code)
            case ("organisation", "appointments", int(number), "person" | "unit" | "role"):
                people.add(shape.organisation.appointments[number].unit)
            case ("levels", *_, key) if key != "due_day":
                people |= {unit.code for unit in shape.organisation.units}
    return Doubt(places=frozenset(places), people=frozenset(people))
