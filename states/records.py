"""Frozen records that are cheap to declare: a command-line act declares all commands and events and uses a handful.

A dataclass writes and compiles six methods for every class; of these, three are the same for all records and are
shared here. What a record is made of, `replace` and `fields` work on it as on any dataclass.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar, dataclass_transform

_Kind = TypeVar("_Kind")


@dataclass_transform(frozen_default=True, kw_only_default=True, eq_default=True)
def record(kind: type[_Kind]) -> type[_Kind]:
    """A frozen dataclass with slots, whose values are named when it is made."""
    made: Any = dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)(kind)
    made.__repr__, made.__eq__, made.__hash__ = _shown, _equal, _hashed
    result: type[_Kind] = made
    return result


def _values(one: Any) -> tuple[Any, ...]:
    return tuple(getattr(one, field.name) for field in fields(one))


def _shown(one: Any) -> str:
    values = ", ".join(f"{field.name}={getattr(one, field.name)!r}" for field in fields(one))
    return f"{type(one).__qualname__}({values})"


def _equal(one: Any, other: object) -> Any:
    return _values(one) == _values(other) if type(other) is type(one) else NotImplemented


def _hashed(one: Any) -> int:
    return hash(_values(one))
