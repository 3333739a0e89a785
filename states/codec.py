"""Events as canonical JSON and back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from states import events
from states.canonical import canonical, instant_text
from states.models import Entry


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def plain(value: Any) -> Any:
    """A value of the core as plain JSON values; dataclasses become objects, instants fixed-width text, days ISO."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return {name: plain(getattr(value, name)) for name in _field_names(cast(Any, type(value)))}


def kind_of(event: type) -> str:
    """How the kind of an event class is stored: `report_signed` for ReportSigned."""
    return _kind_named(event.__name__)


@cache
def _kind_named(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


_BY_KIND: dict[str, Any] = {kind_of(kind): kind for kind in get_args(events.Event)}


def encode(event: events.Event) -> str:
    """The event's payload as canonical JSON."""
    return canonical(plain(event))


def decode(kind: str, payload: str) -> events.Event:
    """The event back from its stored kind and payload. KeyError for a kind that does not exist."""
    return cast(events.Event, _builder(_BY_KIND[kind])(json.loads(payload)))


def entry_of(plain_entry: Mapping[str, Any]) -> Entry:
    """A row of a table back from its plain JSON values."""
    return cast(Entry, _builder(Entry)(plain_entry))


_Built = TypeVar("_Built")


def built(kind: type[_Built], value: Any) -> _Built:
    """A value of that type back from its plain JSON values."""
    return cast(_Built, _builder(cast(Any, kind))(value))


@cache
def _builder(kind: Any) -> Callable[[Any], Any]:
    """What turns plain JSON back into a value of that type."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = _builder(next(arg for arg in get_args(kind) if arg is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        item = _builder(get_args(kind)[0])
        return lambda value: tuple(item(one) for one in value)
    if is_dataclass(kind):
        return _dataclass_builder(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return kind.fromisoformat if kind in (datetime, date, time) else lambda value: value


def _dataclass_builder(kind: Any) -> Callable[[Mapping[str, Any]], Any]:
    """What an older program did not write yet has its default."""
    builders = {name: _builder(hint) for name, hint in get_type_hints(kind).items()}
    later = frozenset(field.name for field in fields(kind) if field.default is not MISSING)
    return lambda value: kind(
        **{name: build(value[name]) for name, build in builders.items() if name in value or name not in later}
    )
