"""Writes `storage/generated.py`: the fixed text of the act path, made of the classes in `storage.tables`.

`python -m storage.generate`, after a change of a table. For each table `NAME`, in the order of its class:

- `NAME`, the columns of the model, `SELECT_NAME`, to which a WHERE is added, and `INSERT_NAME`; `NAME_CHANGES`, the
  columns that may change;
- `name(row, …)`, the model of a selected row; `name_values(…)` and `name_changes(model)`, the values to insert
  and those of what may change.

An act imports that and no SQLAlchemy, and nothing of a column is ever looked up while it runs.
"""

import builtins
import dataclasses
import keyword
import subprocess
import sys
import textwrap
import typing
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Column

from storage.columns import Kind, Use
from storage.tables import Table

TARGET = Path(__file__).with_name("generated.py")


class _Fixed:
    """The fixed text of one table."""

    def __init__(self, table: type[Table]) -> None:
        self._table = table
        self.model = table.holds
        self.name = table.__name__.removesuffix("Table").lower()
        self.stored = table.__table__
        self.elsewhere = table.elsewhere
        self.uses: dict[str, Use] = {one.name: one.info["use"] for one in self.stored.columns}
        self.imports: dict[str, set[str]] = defaultdict(set)
        self._fields = {one.name: typing.get_type_hints(self.model)[one.name] for one in dataclasses.fields(self.model)}
        self.held = [one for one in self.stored.columns if self._is_held(one)]
        self.changed = [one for one in self.stored.columns if self.uses[one.name].changes]
        self._need_all_fields()

    def _is_held(self, one: "Column[Any]") -> bool:
        use = self.uses[one.name]
        if self._path(one)[0] in self._fields and not use.beside:
            return True
        if not use.beside and not use.counted:
            raise ValueError(f"{self.stored.name}.{one.name} is no field of {self.model.__name__}, and not beside it")
        return False

    def _need_all_fields(self) -> None:
        kept = {self._path(one)[0] for one in self.held} | set(self.elsewhere)
        if missing := self._fields.keys() - kept:
            raise ValueError(f"{self.stored.name} has no column for {sorted(missing)} of {self.model.__name__}")

    def _path(self, one: "Column[Any]") -> list[str]:
        return (self.uses[one.name].of or one.name).split(".")

    # --- statements ------------------------------------------------------------------------------------------------

    def statements(self) -> Iterator[str]:
        """Columns and statements."""
        upper, table = self.name.upper(), self.stored.name
        yield _text(upper, ", ".join(one.name for one in self.held))
        yield f'SELECT_{upper} = f"SELECT {{{upper}}} FROM {table}"'
        given = [one.name for one in self._given()]
        places = ", ".join("?" * len(given))
        yield _text(f"INSERT_{upper}", f"INSERT INTO {table} ({', '.join(given)}) VALUES ({places})")
        if self.changed:
            yield f"{upper}_CHANGES = ({''.join(f'{one.name!r}, ' for one in self.changed)})"

    def _given(self) -> list["Column[Any]"]:
        return [one for one in self.stored.columns if not self.uses[one.name].counted]

    # --- functions -------------------------------------------------------------------------------------------------

    def functions(self) -> Iterator[str]:
        """Both ways of a row."""
        model = self._named(self.model)
        more = "".join(f", {name}: {self._named(self._fields[name])}" for name in self.elsewhere)
        yield (
            f"def {self.name}(row: Row{more}) -> {model}:\n    ({', '.join(map(_local, self.held))},) = row\n"
            f"    return {self._made(self.model, [(self._path(one), self._taken(one)) for one in self.held])}"
        )
        beside = [one for one in self._given() if self.uses[one.name].beside]
        hints = typing.get_type_hints(self._table)
        before = "".join(f"{_local(one)}: {self._named(hints[one.name])}, " for one in beside)
        yield f"def {self.name}_values({before}model: {model}) -> Values:\n    return {self._tuple(self._given())}"
        if self.changed:
            yield f"def {self.name}_changes(model: {model}) -> Values:\n    return {self._tuple(self.changed)}"

    def _tuple(self, columns: list["Column[Any]"]) -> str:
        return f"({''.join(f'{self._written(one)}, ' for one in columns)})"

    def _written(self, one: "Column[Any]") -> str:
        value = _local(one) if self.uses[one.name].beside else f"model.{'.'.join(self._path(one))}"
        return _unless_none(one, value, one.type.written.format(value)) if isinstance(one.type, Kind) else value

    def _taken(self, one: "Column[Any]") -> str:
        if not isinstance(one.type, Kind):
            return _local(one)
        if one.type.among is not None:
            self._named(one.type.among)
        return _unless_none(one, _local(one), one.type.taken.format(_local(one)))

    def _made(self, model: type[Any], values: list[tuple[list[str], str]]) -> str:
        """The call that makes the model; what lies deeper is made inside of it."""
        deeper: dict[str, list[tuple[list[str], str]]] = {}
        arguments: dict[str, str] = {}
        for (head, *rest), value in values:
            arguments.setdefault(head, value)
            if rest:
                deeper.setdefault(head, []).append((rest, value))
        for head, its_values in deeper.items():
            arguments[head] = self._made(typing.get_type_hints(model)[head], its_values)
        if model is self.model:
            arguments |= {name: name for name in self.elsewhere}
        return f"{self._named(model)}({''.join(f'{head}={value}, ' for head, value in arguments.items())})"

    def _named(self, kind: Any) -> str:
        """The source text of a type, its imports noted."""
        if typing.get_origin(kind) is not None:
            inner = ", ".join("..." if one is Ellipsis else self._named(one) for one in typing.get_args(kind))
            return f"{typing.get_origin(kind).__name__}[{inner}]"
        if kind.__module__ != "builtins":
            self.imports[kind.__module__].add(kind.__name__)
        return str(kind.__name__)


def _local(one: "Column[Any]") -> str:
    """A column as a local name: one that hides nothing."""
    return f"{one.name}_" if hasattr(builtins, one.name) or keyword.iskeyword(one.name) else one.name


def _unless_none(one: "Column[Any]", value: str, otherwise: str) -> str:
    return f"None if {value} is None else {otherwise}" if one.nullable else otherwise


def _text(name: str, statement: str) -> str:
    lines = textwrap.wrap(statement, 100, drop_whitespace=False, break_long_words=False)
    return f"{name} = ({' '.join(map(repr, lines))})"


def written() -> str:
    """The module as the file holds it."""
    fixed = [_Fixed(table) for table in Table.__subclasses__()]
    functions = [text for one in fixed for text in one.functions()]
    imports: dict[str, set[str]] = defaultdict(set)
    for one in fixed:
        for module, names in one.imports.items():
            imports[module] |= names
    imports["storage"] |= {"stored"}
    parts = [
        '"""The fixed text of the act path: made of `storage.tables` by `python -m storage.generate`."""',
        "# ruff: noqa: D103  what each is, storage.generate says once for all",
        "from collections.abc import Sequence\nfrom typing import Any",
        "\n".join(f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(imports.items())),
        "Row = Sequence[Any]\nValues = tuple[Any, ...]",
    ]
    parts += [text for one in fixed for text in one.statements()]
    return _formatted("\n\n".join([*parts, *functions]) + "\n")


def _formatted(source: str) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    told = ["--config", str(TARGET.parents[1] / "pyproject.toml"), "--stdin-filename", str(TARGET), "-"]
    sort = [*ruff, "check", "--quiet", "--select", "I", "--fix", *told]
    for command in (sort, [*ruff, "format", "--quiet", *told]):
        source = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
    return source


if __name__ == "__main__":
    TARGET.write_text(written(), encoding="utf-8")
