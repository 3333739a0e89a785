"""The kinds of column: what a field of a model is in the database, and how it gets there and back.

How is said once, as source text: `storage.generate` writes it into the fixed functions of the act path, and a session
runs the very same.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Dialect, ForeignKey, Integer, Text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

from storage import stored

WORDS = Text().with_variant(Text(collation="C"), "postgresql")
"""Text compares byte by byte on both databases, as SQLite does of itself."""
NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""A number that may grow for ever."""


class Kind(TypeDecorator[Any]):
    """A value that is not stored as it is. `written` and `taken` are source text with `{}` for the value.

    `among` is the list of words it is one of, or several of; a `closed` list the database holds to.
    """

    impl: Any = WORDS
    cache_ok = True

    def __init__(self, written: str, taken: str, among: type[StrEnum] | None = None, *, closed: bool = False) -> None:
        super().__init__()
        self.written, self.taken, self.among, self.closed = written, taken, among, closed
        known = {"stored": stored, **({} if among is None else {among.__name__: among})}
        self._write, self._read = (eval(f"lambda x: {text.format('x')}", known) for text in (written, taken))  # noqa: S307  our own text, and what the generated module runs

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  one form for both databases
        """The stored value."""
        return None if value is None else self._write(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002  one form for both databases
        """The model's value."""
        return None if value is None else self._read(value)


class Digit(Kind):
    """Stored as a number."""

    impl = Integer
    cache_ok = True


INSTANT = Kind("stored.instant_text({})", "stored.instant({})")
YES_NO = Digit("int({})", "bool({})")
NAMES = Kind("stored.names_text({})", "stored.names({})")
ROUTE = Kind("stored.route_text({})", "stored.route_of({})")
SIGNED = Kind("stored.json_text({})", "stored.signed({})")
TASKS = Kind("stored.tasks_text({})", "stored.tasks({})")
JSON = Kind("stored.json_text({})", "stored.json_value({})")


def word(among: type[StrEnum], *, closed: bool = True) -> Kind:
    """One word of a list. One that grows with the product is not closed: each new word would need a migration."""
    return Kind("{}.value", f"{among.__name__}({{}})", among, closed=closed)


def several(among: type[StrEnum]) -> Kind:
    """Several words of a list, as a JSON list."""
    return Kind("stored.json_text({})", f"tuple({among.__name__}(one) for one in stored.json_value({{}}))", among)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What the fixed text must know of a column besides its type.

    `changes`: it may change while the row stands. `of`: the field of the model it holds where that has another name,
    dotted where it lies deeper. `beside`: no field of the model, whoever writes the row gives it. `counted`: the
    database gives it.
    """

    changes: bool = False
    of: str | None = None
    beside: bool = False
    counted: bool = False


def column(kind: Any, *, key: bool = False, counted: bool = False, refers: str | None = None, **use: Any) -> Any:
    """A column of that kind; it may be empty where its annotation says so.

    `key`: of the primary key. `refers`: the column of another table it names. The rest is `Use`.
    """
    kept: dict[str, Any] = {"info": {"use": Use(counted=counted, **use)}}
    return Field(
        default=None if counted else ...,
        primary_key=key or counted,
        sa_type=kind,
        sa_column_args=() if refers is None else (ForeignKey(refers),),
        sa_column_kwargs={**kept, "autoincrement": False} if key else kept,
    )
