"""Word and WPS documents (.docx) opened by python-docx, which is used nowhere else.

The text is gathered here and not by python-docx, whose `cell.text` leaves out what was typed with change tracking on
or inside a content control: a reading with holes is worse than none.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from documents.document import Document
from documents.problem import refusal
from documents.table import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Table

MAX_TABLES = 200
"""Tables a document may hold."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TABLE, _ROW, _CELL, _PARAGRAPH, _TEXT = (f"{_W}{name}" for name in ("tbl", "tr", "tc", "p", "t"))
_UNSEEN = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}rt", _FALLBACK})
_BLOCKS, _TABLES, _ROWS, _CELLS = map(frozenset, ({_PARAGRAPH, _TABLE}, {_TABLE}, {_ROW}, {_CELL}))
_RUN = f"{_W}r"
_SIGNS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}

_Element = Any  # an lxml element; lxml ships no types


def read_word(file: str, content: bytes) -> Document:
    """Return all tables of the body in their order, named 表1, 表2, …, and the paragraphs outside them.

    Tracked insertions count as text; tracked deletions and hidden text do not. Raises FormError.
    """
    import docx

    try:
        body: _Element = docx.Document(BytesIO(content)).element.body
        tables, paragraphs = _read(body)
    except _TooLargeError as failure:
        raise refusal(
            file,
            f"表格过大（超过 {MAX_ROWS:,} 行、{MAX_COLUMNS} 列或 {MAX_CELLS:,} 格，或多于 {MAX_TABLES} 张表）",
            "请只留本表，删去多余的行、列和表格",
        ) from failure
    except MemoryError:
        raise
    except Exception as failure:  # the library raises whatever its parsers do
        raise refusal(file, "文件已损坏，或不是 Word 文档", "请用 WPS 或 Word 打开，另存为 .docx 后再报") from failure
    return Document(file=file, tables=tuple(tables), paragraphs=tuple(paragraphs))


class _TooLargeError(Exception):
    """More rows, columns, cells or tables than any form has."""


def _read(body: _Element) -> tuple[list[Table], list[str]]:
    tables: list[Table] = []
    paragraphs: list[str] = []
    above: list[str] = []
    for block in _nearest(body, _BLOCKS):
        if block.tag == _PARAGRAPH:
            above.append(_text(block))
            paragraphs.append(above[-1])
            continue
        for element in (block, *_inner_tables(block)):
            tables.append(_table(f"表{len(tables) + 1}", element, tuple(above)))
            above = []
            if len(tables) > MAX_TABLES or sum(len(row) for table in tables for row in table.rows) > MAX_CELLS:
                raise _TooLargeError
    return tables, paragraphs


def _inner_tables(element: _Element) -> Iterator[_Element]:
    """Yield the tables inside a table, each before the tables inside it."""
    for table in _nearest(element, _TABLES):
        yield table
        yield from _inner_tables(table)


def _nearest(element: _Element, tags: frozenset[str], beyond: frozenset[str] = frozenset()) -> Iterator[_Element]:
    """Yield the topmost elements of some kinds, through any wrapping but what is unseen or `beyond`."""
    for child in element:
        if child.tag in tags:
            yield child
        elif child.tag not in _UNSEEN and child.tag not in beyond:
            yield from _nearest(child, tags, beyond)


def _table(name: str, element: _Element, above: tuple[str, ...]) -> Table:
    rows: list[tuple[str, ...]] = []
    continued: set[tuple[int, int]] = set()
    spans: dict[tuple[int, int], int] = {}
    hidden: set[int] = set()
    for number, row in enumerate(_nearest(element, _ROWS, beyond=_TABLES)):
        if number >= MAX_ROWS:
            raise _TooLargeError
        if _is_on(row.find(f"{_W}trPr/{_W}hidden")):
            hidden.add(number)
        over = rows[-1] if rows else ()
        cells = [""] * _property(row, "trPr", "gridBefore", default=0)
        for cell in _nearest(row, _CELLS, beyond=_TABLES):
            position, width = len(cells), _property(cell, "tcPr", "gridSpan", default=1)
            if continues := _continues(cell):
                continued.add((number, position))
            text = "".join(over[position : position + 1]) if continues else _text(cell)
            cells += [text, *[""] * (width - 1)]
            spans[number, position] = position + width - 1
            if len(cells) > MAX_COLUMNS:
                raise _TooLargeError
        rows.append(tuple(cells))
    return Table(
        name=name,
        rows=tuple(rows),
        above=above,
        continued=frozenset(continued),
        spans=spans,
        hidden_rows=frozenset(hidden),
    )


def _is_on(mark: _Element | None) -> bool:
    """Whether a property that is either on or off is on: there, and not said to be off."""
    return mark is not None and mark.get(f"{_W}val", "1") not in {"0", "false", "off"}


def _property(element: _Element, group: str, name: str, *, default: int) -> int:
    found = element.find(f"{_W}{group}/{_W}{name}")
    number = default if found is None else int(found.get(f"{_W}val"))
    if number > MAX_COLUMNS:
        raise _TooLargeError
    return number


def _continues(cell: _Element) -> bool:
    """Whether the cell belongs to the vertically merged cell above it."""
    merge = cell.find(f"{_W}tcPr/{_W}vMerge")
    return merge is not None and merge.get(f"{_W}val", "continue") == "continue"


def _text(element: _Element) -> str:
    """The text a reader sees in a paragraph or cell, a line per paragraph; tables inside it are read on their own."""
    return "".join(_pieces(element))


def _pieces(element: _Element) -> Iterator[str]:
    for child in element:
        if child.tag == _TEXT:
            yield child.text or ""
        elif child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag == _RUN and _is_on(child.find(f"{_W}rPr/{_W}vanish")):
            continue  # nobody who reads the page sees it
        elif child.tag not in _UNSEEN and child.tag != _TABLE:
            yield from _pieces(child)
            if child.tag == _PARAGRAPH:
                yield "\n"
