"""A table of any office program, and where 附1 stands in it: its header, its columns, its rows. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from documents.text import fold

MAX_ROWS = 5_000
MAX_COLUMNS = 256
"""A table has no more rows and columns than these; a file with more is not this form."""
MAX_CELLS = 100_000
"""So many cells of all tables together may hold something."""


class Column(StrEnum):
    """The columns every form must have, under the titles of 附1."""

    INDICATOR = "考绩指标"
    RANK = "最新排名（或预估排名）"
    COMPARISON = "目前三区比较情况"
    TARGET = "年终承诺目标"


_SYNONYMS = {
    Column.INDICATOR: ("考绩指标", "指标", "指标名称", "考绩指标名称", "考核指标"),
    Column.RANK: ("最新排名（或预估排名）", "最新排名或预估排名", "最新排名", "排名", "预估排名"),
    Column.COMPARISON: ("目前三区比较情况", "三区比较情况", "目前三区比较", "三区比较"),
    Column.TARGET: ("年终承诺目标", "年终目标", "承诺目标"),
}
_TITLES = {fold(title): column for column, titles in _SYNONYMS.items() for title in titles}
_LONGEST_TITLE = 60  # white space and all
_OPTIONAL = frozenset({fold("序号"), fold("考核主要内容")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A sheet or a Word table: `rows` of raw text, row 0 being the first the program shows.

    A vertically merged cell repeats its text in each of its rows; `continued` holds the (row, column) where it does.
    A horizontally merged cell stands in its first column only; `spans` gives its last one by (row, column).
    `above` are the paragraphs of a text document between the table before and this one. `unvalued` are cells with a
    formula whose value the file does not hold: they are empty in `rows`. Rows and columns nobody sees are in `rows`
    like all others, and told by `hidden_rows` and `hidden_columns`.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    above: tuple[str, ...] = ()
    continued: frozenset[tuple[int, int]] = frozenset()
    spans: Mapping[tuple[int, int], int] = field(default_factory=dict)
    unvalued: frozenset[tuple[int, int]] = frozenset()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()

    def cell(self, row: int, position: int) -> str:
        """Text of a cell; empty where the row is shorter."""
        return self.rows[row][position] if position < len(self.rows[row]) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The row or two rows that hold the titles; `positions` are the places of each column that was recognised."""

    first: int
    height: int
    positions: Mapping[Column, tuple[int, ...]]
    titles: tuple[str, ...]

    @property
    def missing(self) -> tuple[Column, ...]:
        """Required columns that were not recognised."""
        return tuple(column for column in Column if column not in self.positions)

    @property
    def repeated(self) -> tuple[Column, ...]:
        """Columns that two or more titles claim."""
        return tuple(column for column, positions in self.positions.items() if len(positions) > 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The rows below one header, up to the next header or the end of the table.

    `above` are the rows above the first header of the table: the title and what stands beside it.
    """

    table: Table
    header: Header
    rows: range
    above: range

    @property
    def lines_above(self) -> Iterator[str]:
        """What stands above the form: paragraphs of a text document, and the cells of the rows there."""
        yield from self.table.above
        for row in self.above:
            yield from filter(None, self.table.rows[row])

    def position(self, column: Column) -> int:
        """Where the column stands, from 0."""
        return self.header.positions[column][0]

    def text(self, row: int, column: Column) -> str:
        """Raw text of one cell of the form."""
        return self.table.cell(row, self.position(column))

    def is_continued(self, row: int, column: Column) -> bool:
        """Whether the cell belongs to a merged cell that begins in a row above."""
        return (row, self.position(column)) in self.table.continued

    def is_wide(self, row: int) -> bool:
        """Whether the indicator's cell is merged across another required column: a heading or footer, no entry."""
        start = self.header.positions[Column.INDICATOR][0]
        end = self.table.spans.get((row, start), start)
        return any(start < positions[0] <= end for positions in self.header.positions.values())


def sections(table: Table) -> tuple[Section, ...]:
    """Return every form in the table: none if no header is complete, several if headers are repeated on each page."""
    headers = _complete(table, 1) or _complete(table, 2)
    starts = [*(header.first for header in headers), len(table.rows)]
    above = range(starts[0])
    return tuple(_section(table, header, above, end) for header, end in zip(headers, starts[1:], strict=True))


def nearest_header(table: Table) -> Header | None:
    """Return the row that comes closest to a header, to say what it lacks; None if nothing resembles one."""
    rows = range(len(table.rows))
    candidates = [_header(table, first, height) for height in (1, 2) for first in rows]
    likely = [header for header in candidates if header.positions and len(header.titles) >= 3]
    return max(likely, key=lambda header: len(header.positions), default=None)


def _complete(table: Table, height: int) -> list[Header]:
    headers: list[Header] = []
    for first in range(len(table.rows)):
        overlaps = headers and first < headers[-1].first + height
        if not overlaps and not (header := _header(table, first, height)).missing:
            headers.append(header)
    return headers


def _header(table: Table, first: int, height: int) -> Header:
    lines = table.rows[first : first + height]
    stacks = list(_stacks(lines))
    positions: dict[Column, tuple[int, ...]] = {}
    for position, stack in stacks:
        for column in _columns(stack):
            positions[column] = (*positions.get(column, ()), position)
    titles = tuple(title for _, stack in stacks if (title := "".join(dict.fromkeys(stack))))
    return Header(first=first, height=height, positions=positions, titles=titles)


def _stacks(lines: Sequence[Sequence[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield what stands in each column that is not blank: one cell, or two, the upper one first."""
    positions = sorted({place for line in lines for place, cell in enumerate(line) if cell})
    for position in positions:
        cells = (line[position] for line in lines if position < len(line))
        yield position, [" ".join(cell.split()) for cell in cells if cell.strip()]


def _columns(stack: list[str]) -> set[Column]:
    """Return what a stack of title cells says, together or each alone: 排名情况 over 最新排名 is a rank."""
    spellings = {"".join(stack), *stack}
    return {
        column for spelling in spellings if len(spelling) <= _LONGEST_TITLE and (column := _TITLES.get(fold(spelling)))
    }


def _section(table: Table, header: Header, above: range, end: int) -> Section:
    first = header.first + header.height
    if first < end and _is_more_header(table.rows[first - 1], table.rows[first]):
        first += 1
    return Section(table=table, header=header, rows=range(first, end), above=above)


def _is_more_header(above: Sequence[str], row: Sequence[str]) -> bool:
    """Whether the row only ends titles begun above, as （或预估排名） under 最新排名."""
    pairs = [(above[place] if place < len(above) else "", cell) for place, cell in enumerate(row) if cell.strip()]
    return bool(pairs) and all(_is_title(top + cell) or _is_title(cell) for top, cell in pairs)


def _is_title(text: str) -> bool:
    folded = fold(text)
    return folded in _TITLES or folded in _OPTIONAL
