"""Reads the story of a case directory: who did what when (spec, part 14)."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from states.acts import ACTS
from states.errors import Failure

COLUMNS = ("at", "actor", "action", "subject", "file", "text")
MORE = "arg"
"""A seventh column, which a story may have: the one thing more that an act is told."""
FRAME = ("start", "end")
"""What begins and ends a story; not acts."""


_TOLD = [act.name for act in ACTS.values() if act.in_story]


class StoryError(Failure):
    """The story cannot be played; the message names file, line and what would be right."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "请修改故事文件后重试")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One line; `line` counts from 1, the header being line 1. `at` is aware."""

    line: int
    at: datetime
    actor: str
    action: str
    subject: str
    file: str
    text: str
    arg: str = ""


def read_story(path: Path) -> list[StoryLine]:
    """All lines in order of time. Raises StoryError on the first that cannot be read or names no act."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise StoryError(f"{path}：读不出（{fault}）；应为 UTF-8 的 CSV 文件") from fault
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise StoryError(f"{path}:1：缺少列 {'、'.join(missing)}；应有 {'、'.join(COLUMNS)}")
    lines = [_line(path, reader.line_num, row) for row in reader if any(row.values())]
    for earlier, later in pairwise(lines):
        if later.at < earlier.at:
            raise StoryError(f"{path}:{later.line}：时间早于上一行；故事须按时间先后排列")
    if tuple(line.action for line in lines[:1] + lines[-1:]) != FRAME:
        raise StoryError(f"{path}：故事须以 start 开头、以 end 结尾")
    for line in lines[1:-1]:
        if line.action not in _TOLD:
            raise StoryError(f"{path}:{line.line}：没有“{line.action}”这种动作；动作有 {'、'.join(_TOLD)}")
    return lines


def _line(path: Path, number: int, row: dict[str, str | None]) -> StoryLine:
    written = (row["at"] or "").strip()
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise StoryError(f"{path}:{number}：时间“{written}”读不出；应如 2015-10-08T10:33:29+08:00") from None
    if at.tzinfo is None:
        raise StoryError(f"{path}:{number}：时间“{written}”没有时区；应如 2015-10-08T10:33:29+08:00")
    rest = {column: (row.get(column) or "").strip() for column in (*COLUMNS[1:], MORE)}
    return StoryLine(line=number, at=at, **rest)
