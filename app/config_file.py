"""Reads YAML together with the line of every value, so that each mistake can be shown where it stands.

The file is its owner's, but a slip in it must not take the machine down: its size, depth and repetition have limits.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_Plain: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"
_INTEGER = "tag:yaml.org,2002:int"
LARGEST_BYTES = 2_000_000
DEEPEST = 30
MOST_VALUES = 200_000
"""How many values a file may come to once every `*alias` stands for what it repeats."""
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


def read_yaml(path: Path, keys: frozenset[str] = frozenset()) -> ReadFile:
    """The file, with `problems` where it cannot be read, holds a key twice, or was written with full-width signs.

    `keys` are those that may be told to lack the space after their colon.
    """
    read = ReadFile(path.name)
    try:
        from app.config_slips import put_right  # an answer that reads three sections of the file mends none

        text, slips = put_right(text_of(path), keys)
        read.problems += [Problem(read.name, *slip) for slip in slips]
        excess = beyond_limits(text)
        if excess is not None:
            read.problems.append(Problem(read.name, *excess))
            return read
        root = yaml.compose(text, Loader=_Loader)
        for location, node in _nodes((), root):
            read.lines[location] = node.start_mark.line + 1
        read.problems += _odd_values(read, root)
        read.problems += _repeated_keys(read, root)
        read.data = None if root is None else _Loader("").construct_document(root)
    except OSError as fault:
        read.problems.append(Problem(str(path), 1, f"读不出（{fault.strerror}）", "请核对路径和权限"))
    except UnicodeDecodeError:
        read.problems.append(Problem(read.name, 1, "不是 UTF-8 编码", "请另存为 UTF-8"))
    except (yaml.YAMLError, ValueError) as fault:
        problem = _unreadable(read.name, fault)
        if problem.line not in {slip.line for slip in read.problems}:  # it comes of the slip told there
            read.problems.append(problem)
    return read


def text_of(path: Path) -> str:
    """The text of a file of sensible size. Raises OSError, UnicodeDecodeError, ValueError."""
    with path.open("rb") as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise ValueError(f"文件大于 {LARGEST_BYTES // 1_000_000} MB")
    return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def beyond_limits(text: str) -> tuple[int, str, str] | None:
    """Line, mistake and remedy where a text nests too deeply or repeats too much to be read at all.

    Looks at the parser's events alone, which come one after another; what is built of them may be larger than memory,
    and is built by recursion. Raises yaml.YAMLError.
    """
    sizes: dict[str, int | None] = {}
    open_: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(text, Loader=_Loader):
        mark = event.start_mark
        line = mark.line + 1 if mark is not None else 1
        if isinstance(event, yaml.CollectionStartEvent):
            if len(open_) > DEEPEST:
                return line, f"不是正确的 YAML（括号或缩进套了 {DEEPEST} 层以上）", "请去掉多余的层次"
            open_.append((event.anchor, 1))
            if event.anchor is not None:
                sizes[event.anchor] = None  # still open: a reference to it would hold itself
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_.pop()
            if anchor is not None:
                sizes[anchor] = size
        elif isinstance(event, yaml.AliasEvent):
            known = sizes.get(event.anchor or "", 1)
            if known is None:
                return line, "不是正确的 YAML（一处引用了它自己）", "请去掉 & 和 * 的循环引用"
            size = known
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        else:
            continue
        around, sum_ = open_[-1]
        open_[-1] = (around, sum_ + size)
        if sum_ + size > MOST_VALUES:
            return line, f"不是正确的 YAML（展开后超过 {MOST_VALUES} 个值）", "请去掉层层 * 引用"
    return None


def _odd_values(read: ReadFile, node: Any) -> Iterator[Problem]:
    """Values that YAML takes, but nobody means."""
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _odd_values(read, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _odd_values(read, value)
    if not isinstance(node, yaml.ScalarNode) or node.style in ("'", '"', "|", ">"):
        return
    line = node.start_mark.line + 1
    from app.config_slips import chinese_quotes

    if chinese_quotes(node.value):
        wrong = f"{node.value} 用的是中文引号，会成为内容的一部分"
        node.value = node.value[1:-1]  # as it was meant, so that nothing further is told of it
        yield Problem(read.name, line, wrong, f'应为英文引号 "{node.value}"，或不加引号')
    elif node.value[-1:] in ("，", "；", "："):
        wrong = f"“{node.value}”末尾多了全角“{node.value[-1]}”"
        node.value = node.value[:-1]
        yield Problem(read.name, line, wrong, "请删去它，或改为半角标点")
    elif node.tag == _INTEGER and len(node.value) > _LONGEST_NUMBER:
        node.tag = _TEXT  # Python refuses to read a number of thousands of digits; as a text it is told in its place


_LONGEST_NUMBER = 18
_SAID = (
    ("expected ',' or '}'", "花括号里缺逗号，或没有合上"),
    ("expected ',' or ']'", "方括号里缺逗号，或没有合上"),
    ("mapping values are not allowed", "这里多了一个冒号；文字里有“: ”时请给整段加引号"),
    ("could not find expected ':'", "缺冒号，或冒号后缺空格"),
    ("expected key", "缩进不对，或上一项没有写完"),
    ("expected <block end>", "缩进不对，或上一项没有写完"),
    ("expected '-' indicator", "缩进不对，或缺“- ”"),
    ("cannot start any token", "有不能这样开头的字符，如 @ ` %，或用了制表符（Tab）"),
    ("unexpected end of stream", "引号没有合上"),
    ("unexpected end of document", "引号没有合上"),
    ("undefined alias", "* 后面的名字没有定义过；若是文字请加引号"),
    ("could not determine a constructor", "不支持 ! 标签；若是文字请加引号"),
    ("control characters", "有控制字符"),
    ("not allowed", "有控制字符"),
    ("expected a mapping or list of mappings for merging", "<<: 后面应是一组“键: 值”"),
)


def _unreadable(name: str, fault: Exception) -> Problem:
    mark = getattr(fault, "problem_mark", None)
    said = str(getattr(fault, "problem", None) or fault)
    if said.isascii():
        said = next((chinese for english, chinese in _SAID if english in said), "这一行读不懂")
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
