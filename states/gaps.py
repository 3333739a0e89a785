"""What keeps a row of the table from being sent: which cell, what stands there and what should (spec, part 4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from states.models import Entry
from states.office import Named
from states.ranks import RankKind, read_rank
from states.words import quoted


class GapKind(StrEnum):
    """What is wrong with a cell."""

    NO_RANK = "no_rank"
    NO_COMPARISON = "no_comparison"
    NO_TARGET = "no_target"
    UNREADABLE_RANK = "unreadable_rank"
    BECAME_DATE = "became_date"
    BECAME_TIME = "became_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One cell that is blank or cannot be read.

    `place` is where the row stood in the form it came from (`place_of`), `text` what stands in the cell, `typed` what
    was typed before a program made something else of it, `field` the number of places a rank may take.
    """

    indicator: Named
    kind: GapKind
    place: str | None
    text: str
    typed: str
    field: int


_DATE = re.compile(r"\d{4}-(?P<first>\d\d)-(?P<second>\d\d)(?: 00:00:00)?")
_TIME = re.compile(r"(?P<first>\d\d):(?P<second>\d\d):00")


def row_gaps(entry: Entry, indicator: Named) -> Iterator[Gap]:
    """The gaps of one row; none for a row that is complete."""

    def gap(kind: GapKind, text: str = "", typed: str = "") -> Gap:
        return Gap(indicator=indicator, kind=kind, place=entry.place, text=text, typed=typed, field=entry.field)

    rank = entry.rank_text.strip()
    if not rank:
        yield gap(GapKind.NO_RANK)
    elif read_rank(rank, entry.field).kind is RankKind.UNREADABLE:
        # Excel makes 5/12 the twelfth of May and 5:12 a time of day.
        if changed := _DATE.fullmatch(rank):
            typed = f"{int(changed['first'])}/{int(changed['second'])}"
            yield gap(GapKind.BECAME_DATE, rank.removesuffix(" 00:00:00"), typed)
        elif changed := _TIME.fullmatch(rank):
            yield gap(GapKind.BECAME_TIME, rank, f"{int(changed['first'])}:{int(changed['second'])}")
        else:
            yield gap(GapKind.UNREADABLE_RANK, rank)
    if not entry.comparison.strip():
        yield gap(GapKind.NO_COMPARISON)
    if not entry.target.strip():
        yield gap(GapKind.NO_TARGET)


_WORDS: Final = {
    GapKind.NO_RANK: (
        "没有填最新排名（应为名次、预估名次或“暂无排名”）",
        "no latest rank (give the place, an estimate, or that there is none)",
    ),
    GapKind.NO_COMPARISON: ("没有填目前三区比较情况", "no comparison of the three districts"),
    GapKind.NO_TARGET: ("没有填年终承诺目标", "no year-end target"),
    GapKind.UNREADABLE_RANK: (
        "最新排名“{text}”无法识别（应为 1–{field} 的名次，如“第5”“预估第5”，或“暂无排名”）",
        "the latest rank “{text}” cannot be read (give a place from 1 to {field}, an estimate, or that there is none)",
    ),
    GapKind.BECAME_DATE: (
        "最新排名{typed} 被 Excel 变成了日期（{text}），请把单元格设为文本后重填 {meant}",
        "the latest rank {typed} was made a date by Excel ({text}); set the cell to text and write {meant} again",
    ),
    GapKind.BECAME_TIME: (
        "最新排名{typed} 被 Excel 变成了时间（{text}），请把单元格设为文本后重填 {meant}",
        "the latest rank {typed} was made a time by Excel ({text}); set the cell to text and write {meant} again",
    ),
}


def gap_words(gap: Gap, language: str = "zh") -> str:
    """A gap in one line that begins with where it stands."""
    chinese = language == "zh"
    said = _WORDS[gap.kind][not chinese].format(
        text=gap.text, typed=gap.typed, meant=gap.typed.replace(":", "/"), field=gap.field
    )
    place = f"{place_words(gap.place, language)} " if gap.place else ""
    name = quoted(gap.indicator.name or gap.indicator.code)
    return f"{place}{name}{said}" if chinese else f"{place}{name}: {said}"


# --- where a row stood ---------------------------------------------------------------------------------------------

_PLACE = re.compile(r"\[(?P<file>.*)\](?P<sheet>.*)!(?P<row>\d+)", re.DOTALL)


def place_of(file: str, sheet: str, row: int) -> str:
    """Where a row stands in a form, as spreadsheets write it: `[shirong.xlsx]10月!4`. `row` counts from 1."""
    return f"[{file}]{sheet}!{row}"


def place_words(place: str, language: str = "zh") -> str:
    """Where a row stood, in words; what is no place in a form, such as a section's report, is named as it is."""
    found = _PLACE.fullmatch(place)
    if found is None:
        return place
    row = f"第{found['row']}行" if language == "zh" else f"row {found['row']}"
    return f"{found['file']} {found['sheet']} {row}"
