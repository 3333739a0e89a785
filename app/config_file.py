"""Reads YAML together with the line of every value, so that each mistake can be shown where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_Plain: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"
Location = tuple[str | int, ...]


class _Loader(_Plain):  # type: ignore[misc]  # which of the two it is depends on the machine
    """Leaves times and dates as they are written: YAML takes 17:00 for 1020, and falls over 2026-02-30."""


for _digit in "0123456789":
    _Loader.add_implicit_resolver(_TEXT, re.compile(r"\d+(:\d+)+$|\d{4}-\d\d?-\d\d?"), [_digit])
    # YAML takes the first resolver that fits: ours is to come before those of numbers and dates.
    _Loader.yaml_implicit_resolvers[_digit].insert(0, _Loader.yaml_implicit_resolvers[_digit].pop())


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where it stands, what is wrong, and what would be right."""

    file: str
    line: int
    wrong: str
    right: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.wrong}；{self.right}"


@dataclass(slots=True)
class ReadFile:
    """A YAML file as plain values, the line of each, and the mistakes of its form."""

    name: str
    data: Any = None
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, location: Location) -> int:
        """The line of a value, or of the nearest thing around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)

    def problem(self, location: Location, wrong: str, right: str) -> Problem:
        """A mistake at that value."""
        return Problem(self.name, self.line_of(location), wrong, right)


def read_yaml(path: Path) -> ReadFile:
    """The file, with `problems` where it cannot be read or holds a key twice."""
    read = ReadFile(path.name)
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=_Loader)
        for location, node in _nodes((), root):
            read.lines[location] = node.start_mark.line + 1
        read.problems += _repeated_keys(read, root)
        read.data = None if root is None else _Loader("").construct_document(root)
    except OSError as fault:
        read.problems.append(Problem(str(path), 1, f"读不出（{fault.strerror}）", "请核对路径和权限"))
    except UnicodeDecodeError:
        read.problems.append(Problem(read.name, 1, "不是 UTF-8 编码", "请另存为 UTF-8"))
    except (yaml.YAMLError, ValueError) as fault:
        read.problems.append(_unreadable(read.name, fault))
    except RecursionError:
        read.problems.append(Problem(read.name, 1, "不是正确的 YAML（一处引用了它自己）", "请去掉 & 和 * 的循环引用"))
    return read


def _unreadable(name: str, fault: Exception) -> Problem:
    mark = getattr(fault, "problem_mark", None)
    said = getattr(fault, "problem", None) or str(fault)
    return Problem(
        name, mark.line + 1 if mark else 1, f"不是正确的 YAML（{said}）", "请检查缩进（只用空格）、冒号和引号"
    )


def _nodes(location: Location, node: Any) -> Iterator[tuple[Location, Any]]:
    """Every value with its location; a mapping's value stands on the line of its key, and every key is text."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and not key.tag.endswith(":merge"):
                key.tag = _TEXT
            place = (*location, str(key.value))
            yield place, key
            yield from ((deeper, one) for deeper, one in _nodes(place, value) if deeper != place)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*location, number), value
            yield from _nodes((*location, number), value)


def _repeated_keys(read: ReadFile, node: Any, location: Location = ()) -> list[Problem]:
    found = []
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                found.append(
                    Problem(
                        read.name, line, f"键 {key.value} 重复（第 {seen[key.value]} 行已有）", "同一处每个键只写一次"
                    )
                )
            seen.setdefault(key.value, line)
            found += _repeated_keys(read, value, (*location, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            found += _repeated_keys(read, value, (*location, number))
    return found
