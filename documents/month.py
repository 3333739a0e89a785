"""Which month a form says it is of: in its title, the name of its sheet, or beside a label such as 月份. Pure."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from documents.text import fold

_NUMERALS = {name: number for number, name in enumerate("一二三四五六七八九", start=1)} | {
    "十": 10,
    "十一": 11,
    "十二": 12,
}
_WRITTEN_YEAR = re.compile(r"二[〇○零][〇○零一二三四五六七八九]{2}(?=年)")
_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
# 截至11月底, 1-11月, 11月15日前 and 11月数据 are about what was counted or is due: they do not name the form's month.
_BEFORE = r"(?<![\d年./至到于自从第~-])(?<!截止)"
_AFTER = r"(?!\d|底|末|初|[中上下]旬|[以之]?[前后内中]|起|以来|数据|版|修|更新|制|印|发文|[-~./至到、])"
_MONTH = re.compile(
    rf"{_BEFORE}(?:(?P<year>20\d\d)年)?(?P<month>1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月份?{_AFTER}"
    rf"|{_BEFORE}(?P<year_in_digits>20\d\d)[-./](?P<in_digits>1[0-2]|0?[1-9])(?!月){_AFTER}"
)
# A title ends with what it names, and perhaps the month or the unit; a sentence that speaks of months does not.
_TITLE = re.compile(
    r"(?!请|根据|按|注|说明|填|附件?\d*:?注).{0,50}(?:进展|情况|考绩|指标).{0,10}"
    r"(?<=[表报况展])(?:\([^()]{1,30}\)|[-:]?(?:20\d\d年)?[\d一二三四五六七八九十]{1,2}月份?){0,3}"
)
_LABEL = re.compile(
    r"(?:填报|报告|报送|上报|考核|考绩|所属|所报)?(?:月份|月度|期次|报告期|所属期|所属月)[:是为]?(?P<value>.*)"
)
_BRACKETS = "()-:"


class Month(NamedTuple):
    """A month as it was written; `year` is None where none was."""

    year: int | None
    month: int

    def is_of(self, period: str) -> bool:
        """Whether it may be the month of the period, `2015-10`."""
        return self.month == int(period[5:]) and self.year in {None, int(period[:4])}

    def __str__(self) -> str:
        return f"{self.month}月" if self.year is None else f"{self.year}年{self.month}月"


def of_sheet(name: str) -> list[Month]:
    """Return the months a sheet's name names: `11月`, `2026年11月进展表`, `2026.11`, `202611`."""
    folded = _folded(name)
    joined = re.fullmatch(r"(20\d\d)(1[0-2]|0[1-9])", folded)
    return [Month(int(joined[1]), int(joined[2]))] if joined else list(_named(folded))


def of_line(text: str) -> list[Month]:
    """Return the months that a line above the table names as the form's: a title, `（11月）` alone, `月份：11月`."""
    folded = _folded(text)
    if _TITLE.fullmatch(folded):
        return list(_named(folded))
    label = _LABEL.fullmatch(folded)
    value = (label["value"] if label else folded).strip(_BRACKETS)
    if label and re.fullmatch(r"1[0-2]|0?[1-9]", value):
        return [Month(None, int(value))]
    return [_month(found) for found in [_MONTH.fullmatch(value)] if found]


def _folded(text: str) -> str:
    return _WRITTEN_YEAR.sub(lambda year: year[0].translate(_DIGITS), fold(text))


def _named(folded: str) -> Iterator[Month]:
    for found in _MONTH.finditer(folded):
        yield _month(found)


def _month(found: re.Match[str]) -> Month:
    year, written = found["year"] or found["year_in_digits"], found["month"] or found["in_digits"]
    return Month(int(year) if year else None, _NUMERALS.get(written) or int(written))
