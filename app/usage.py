"""The command line as staff read it: `argparse` in Chinese, wrapped by cells of a terminal, words kept to a length.

Nothing here knows a command; `app/cli.py` names them.
"""

import argparse
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn, TypeVar

LONGEST_WORDS: Final = 2000
"""Characters of a reason, an opinion, a feedback, a cell."""
LONGEST_NAME: Final = 200
"""Characters of anything else: ids, references, periods, addresses."""
_WORDS: Final = frozenset({"text", "rank", "comparison", "target", "database"})

# Keyed by argparse's own texts, of Python 3.11 to 3.14; a test holds them against those of the Python at hand.
CATALOGUE: Final = {
    "usage: ": "用法：",
    "positional arguments": "参数",
    "options": "选项",
    "subcommands": "命令",
    "show this help message and exit": "显示这份说明",
    "show program's version number and exit": "显示版本",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s：%(message)s",
    "unrecognized arguments: %s": "不认识 %s",
    "ambiguous option: %(option)s could match %(matches)s": "%(option)s 不明确，可能是 %(matches)s",
    "invalid choice: %(value)r (choose from %(choices)s)": "没有 %(value)r，可用的有 %(choices)s",
    "invalid choice: %(value)r, maybe you meant %(suggestion)r? (choose from %(choices)s)": (
        "没有 %(value)r，是不是 %(suggestion)r？可用的有 %(choices)s"
    ),
    "unknown parser %(parser_name)r (choices: %(choices)s)": "没有 %(parser_name)r，可用的有 %(choices)s",
    "expected one argument": "后面要写一个值",
    "expected at most one argument": "后面至多写一个值",
    "expected at least one argument": "后面至少写一个值",
    "expected %s argument": "后面要写 %s 个值",
    "expected %s arguments": "后面要写 %s 个值",
    "invalid %(type)s value: %(value)r": "%(value)r 应为整数",
    "the following arguments are required: %s": "缺少 %s",
    "one of the arguments %s is required": "%s 中要写一个",
    "not allowed with argument %s": "不能与 %s 同用",
    "ignored explicit argument %r": "后面不能写 %r",
    "unexpected option string: %s": "不认识 %s",
    "can't open '%(filename)s': %(error)s": "打不开 %(filename)s：%(error)s",
    "%(prog)s: error: %(message)s\n": "%(prog)s：%(message)s\n",
}
# argparse looks these two names up at each use, which is how a program gives it another language without its own files.
vars(argparse).update(
    _=lambda text: CATALOGUE.get(text, text),
    ngettext=lambda one, many, count: CATALOGUE.get(one if count == 1 else many, many),
)

METAVARS: Final = {
    "ACT": "事项", "ADDRESS": "地址", "CASE": "督查件", "COMMAND": "命令", "CONFIG": "文件", "DATABASE": "地址",
    "DAY": "日期", "DIR": "目录", "FILE": "文件", "ID": "编号", "INDICATOR": "指标", "INSTANT": "时刻", "N": "数",
    "PATH": "路径", "PERIOD": "期次", "PERSON": "人员", "PERSON|UNIT": "人员或单位", "REF": "报表",
    "REF|CASE": "报表或督查件", "SHELL": "外壳", "STATE": "状态", "TEXT": "文字", "TIME": "时间", "UNIT": "单位",
    "WHAT": "内容",
}  # fmt: skip
"""What stands for a value in usage and help, by the name it has in the code."""


_Action = TypeVar("_Action", bound=argparse.Action)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the usage, and what to do, in two lines; keeps every word to a length."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": Formatter, **given})

    def parse_known_args(self, *given: Any, **more: Any) -> Any:
        """As argparse's; what a command does not know is told with that command's name, not the program's."""
        parsed, unknown = super().parse_known_args(*given, **more)
        if unknown:
            self.error(f"不认识 {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """Two lines, and status 2."""
        print(f"用法不对：{message}", file=sys.stderr)
        print(f"请看 {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)

    def add_subparsers(self, **given: Any) -> Any:
        """As argparse's, its place named in Chinese."""
        return super().add_subparsers(**{**given, "metavar": METAVARS.get(given["metavar"], given["metavar"])})

    def _add_action(self, action: _Action) -> _Action:
        takes_value = action.nargs != 0 and action.choices is None
        if takes_value or action.metavar is not None:
            named = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
            action.metavar = METAVARS.get(named, named)
        if takes_value and action.type is None:
            action.type = within(LONGEST_WORDS if action.dest in _WORDS else LONGEST_NAME)
        return super()._add_action(action)


def within(longest: int) -> Callable[[str], str]:
    """Takes words of at most so many characters, and refuses longer ones with their count."""

    def take(text: str) -> str:
        if len(text) > longest:
            raise argparse.ArgumentTypeError(f"共 {len(text):,} 字，至多 {longest:,} 字")
        return text

    return take


def _columns() -> int:
    """How wide the terminal is, as `shutil.get_terminal_size` finds it out."""
    told = os.environ.get("COLUMNS", "")
    try:
        return int(told) if told.isdecimal() and int(told) else os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class Formatter(argparse.HelpFormatter):
    """Help whose columns are counted in cells of a terminal: a Chinese character takes two."""

    _HELP_AT: Final = 30
    _WIDE_SIGNS: Final = 16

    def __init__(self, prog: str, **given: Any) -> None:
        # argparse asks shutil, which brings three compressors along: more than the answer to a question takes.
        super().__init__(prog, **{"width": _columns() - 2, **given})

    def _format_usage(self, *given: Any, **more: Any) -> str:
        # argparse counts characters where it breaks the line: room is left for those that take two cells.
        self._width -= self._WIDE_SIGNS
        try:
            return super()._format_usage(*given, **more)
        finally:
            self._width += self._WIDE_SIGNS

    def _format_action(self, action: argparse.Action) -> str:
        indent = " " * self._current_indent
        head = indent + self._format_action_invocation(action)
        told = self._split_lines(self._expand_help(action), self._width - self._HELP_AT) if action.help else []
        lines = [head]
        if told and cells(head) <= self._HELP_AT - 2:
            lines = [head + " " * (self._HELP_AT - cells(head)) + told.pop(0)]
        lines += [" " * self._HELP_AT + line for line in told]
        parts = ["\n".join(lines) + "\n"]
        parts += [self._format_action(sub) for sub in self._iter_indented_subactions(action)]
        return self._join_parts(parts)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return list(wrapped(text, max(width, 20)))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in wrapped(text, width - len(indent)))


def cells(text: str) -> int:
    """How many cells of a terminal the text takes."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


_CLOSING = "，。；：、！？）》”’…"


def wrapped(text: str, width: int) -> Iterator[str]:
    """The text in lines of at most that many cells, words of Latin letters kept whole where they fit."""
    line = ""
    for piece in _pieces(" ".join(text.split())):
        # A line does not begin with a mark that closes what stands before it.
        if line and cells(line + piece) > width and piece not in _CLOSING:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    if line:
        yield line


def _pieces(text: str) -> Iterator[str]:
    """Single wide characters, and runs of narrow ones up to a blank."""
    run = ""
    for sign in text:
        if cells(sign) == 1 and sign not in _CLOSING:
            run += sign
            if sign != " ":
                continue
            sign = ""  # noqa: PLW2901  the blank ends the run it stands in
        if run:
            yield run
            run = ""
        if sign:
            yield sign
    if run:
        yield run
