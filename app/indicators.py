"""Reads `indicators.csv` as spreadsheet programs save it, naming the line of every mistake."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.config_file import LARGEST_BYTES, Problem
from states.office import Indicator

COLUMNS = ("code", "name", "main_content", "lead_unit", "field", "target_rank", "year_end_target")

LONGEST_CELL = 4000
"""How many characters a cell may hold; the longest real ones have a few hundred."""

_CODE = re.compile(r"[^\s/]+")
_RESERVED = ("overdue",)
"""`PERIOD/UNIT/overdue` names the case of an overdue report."""


# What Excel users write at the head of the table of indicators.
_HEADINGS = {
    "代码": "code",
    "名称": "name",
    "主要内容": "main_content",
    "牵头单位": "lead_unit",
    "参加排名个数": "field",
    "目标名次": "target_rank",
    "年终承诺目标": "year_end_target",
}
HEADING_OF = {name: heading for heading, name in _HEADINGS.items()}


def column(heading: str) -> str:
    """The column a heading of the table of indicators names, in either language."""
    named = heading.strip()
    return _HEADINGS.get(named, named)


def read_indicators(path: Path) -> tuple[tuple[Indicator, ...], dict[str, int], list[Problem]]:
    """The indicators in order, the line of each by code, and every mistake."""
    text, problem = _text(path)
    if problem is not None:
        return (), {}, [problem]
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        reader.fieldnames = [column(heading) for heading in reader.fieldnames or ()]
    except csv.Error:
        return (), {}, [Problem(path.name, 1, "表头有一格太长", "请核对这个文件是不是指标表")]
    missing = [f"{one}（{HEADING_OF[one]}）" for one in COLUMNS if one not in reader.fieldnames]
    if missing:
        return (), {}, [Problem(path.name, 1, f"缺少列 {'、'.join(missing)}", f"应有 {'、'.join(COLUMNS)}")]
    twice = sorted({one for one in COLUMNS if list(reader.fieldnames).count(one) > 1})
    if twice:
        return (), {}, [Problem(path.name, 1, f"列 {'、'.join(twice)} 写了两次", "每列只写一次，中英文表头也算同一列")]
    found: dict[str, Indicator] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for row in _rows(reader, path, problems):
        if not any(row.values()):
            continue  # spreadsheet programs save empty rows as commas
        if any(cell.strip() for cell in row.get(None) or ()):
            problems.append(Problem(path.name, reader.line_num, "这一行的格数比表头多", "含逗号的文字请加引号"))
            continue
        monsters = [name for name in COLUMNS if len(row[name] or "") > LONGEST_CELL]
        if monsters:
            wrong = f"{'、'.join(monsters)} 一格超过 {LONGEST_CELL} 个字"
            problems.append(Problem(path.name, reader.line_num, wrong, "请缩短；引号没有合上也会如此"))
            continue
        indicator = _indicator({name: (row[name] or "").strip() for name in COLUMNS}, path, reader.line_num, problems)
        if indicator is None:
            continue
        if indicator.code in found:
            wrong = f"指标代码 {indicator.code} 重复（第 {lines[indicator.code]} 行已有）"
            problems.append(Problem(path.name, reader.line_num, wrong, "每个指标的代码应不同"))
            continue
        found[indicator.code], lines[indicator.code] = indicator, reader.line_num
    return tuple(found.values()), lines, problems


def _rows(reader: "csv.DictReader[str]", path: Path, problems: list[Problem]) -> Iterator[dict[str | Any, str | Any]]:
    """The rows up to one the csv module refuses: what follows it cannot be told apart."""
    try:
        yield from reader
    except csv.Error:
        wrong = "有一格太长，读不下去"
        problems.append(Problem(path.name, reader.line_num + 1, wrong, "请缩短；引号没有合上也会如此"))


def _text(path: Path) -> tuple[str, Problem | None]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as fault:
        return "", Problem(
            path.name, 1, f"读不出（{fault.strerror}）", "请把指标表放在配置文件旁边，或用 indicators 指明"
        )
    if len(content) > LARGEST_BYTES:
        return "", Problem(path.name, 1, f"文件大于 {LARGEST_BYTES // 1_000_000} MB", "请核对这个文件是不是指标表")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding), None
        except UnicodeDecodeError:
            continue
    return "", Problem(path.name, 1, "编码不能识别", "请另存为 CSV UTF-8")


def _indicator(row: dict[str, str], path: Path, line: int, problems: list[Problem]) -> Indicator | None:
    before = len(problems)
    needed = ("code", "name", "lead_unit")
    problems += [Problem(path.name, line, f"{column} 是空的", "请填写") for column in needed if not row[column]]
    if row["code"] and (_CODE.fullmatch(row["code"]) is None or row["code"] in _RESERVED):
        problems.append(
            Problem(
                path.name, line, f"code“{_shown(row['code'])}”不能用", "不能含空格和“/”；overdue 另有用处，请另取一个"
            )
        )
    field = _whole(row["field"], 10_000)
    if field is None:
        problems.append(Problem(path.name, line, f"field“{_shown(row['field'])}”不对", "应为参加排名的个数，如 11"))
    target = _whole(row["target_rank"], field or 10_000) if row["target_rank"] else None
    if row["target_rank"] and target is None:
        wrong = f"target_rank“{_shown(row['target_rank'])}”不对"
        problems.append(Problem(path.name, line, wrong, f"应为 1 到 {field or 'field'} 的名次，或留空"))
    if len(problems) > before or field is None:
        return None
    return Indicator(
        code=row["code"],
        name=row["name"],
        main_content=row["main_content"],
        lead_unit=row["lead_unit"],
        field=field,
        target_rank=target,
        year_end_target=row["year_end_target"],
    )


def _whole(text: str, most: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):  # int() refuses thousands of digits
        return None
    return int(text) if 1 <= int(text) <= most else None


def _shown(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"
