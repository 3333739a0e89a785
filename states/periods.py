"""A period is a calendar month, written `2015-10`: the month in which its report is due."""

import re

_WRITTEN = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def year_month(period: str) -> tuple[int, int]:
    """The year and month of a written period. ValueError if it is not `YYYY-MM`."""
    match = _WRITTEN.fullmatch(period)
    if match is None:
        raise ValueError(f"期次“{period}”不是 YYYY-MM 的形式，例如 2015-10")
    return int(match[1]), int(match[2])


def is_period(text: str) -> bool:
    """Whether the text is a written period."""
    return _WRITTEN.fullmatch(text) is not None


def written(year: int, month: int) -> str:
    """`2015-10` for 2015 and 10."""
    return f"{year:04d}-{month:02d}"


def following(period: str) -> str:
    """The next month."""
    year, month = year_month(period)
    return written(year + month // 12, month % 12 + 1)


def earlier(period: str, months: int) -> str:
    """So many months before."""
    year, month = year_month(period)
    count = year * 12 + month - 1 - months
    return written(count // 12, count % 12 + 1)
