"""Word and WPS documents (.docx) opened by python-docx, which is used nowhere else.

The text is gathered here and not by python-docx, whose `cell.text` leaves out what was typed with change tracking on
or inside a content control: a reading with holes is worse than none.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from documents.document import Document
from documents.problem import refusal
from documents.table import MAX_COLUMNS, MAX_ROWS, Table

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TABLE, _ROW, _CELL, _PARAGRAPH, _TEXT = (f"{_W}{name}" for name in ("tbl", "tr", "tc", "p", "t"))
_UNSEEN = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}rt", _FALLBACK})
_SIGNS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}

_Element = Any  # an lxml element; lxml ships no types


def read_word(file: str, content: bytes) -> Document:
    """Return all tables of the body in their order, named 表1, 表2, …, and the paragraphs outside them.

    Tracked insertions count as text, tracked deletions do not. Raises FormError.
    """
    import docx

    try:
        body: _Element = docx.Document(BytesIO(content)).element.body
        tables = tuple(_table(f"表{number}", element) for number, element in enumerate(_tables(body), start=1))
        paragraphs = tuple(_text(paragraph) for paragraph in _nearest(body, _PARAGRAPH, beyond={_TABLE}))
    except _TooLargeError as failure:
        raise refusal(
            file, f"表格过大（超过 {MAX_ROWS:,} 行或 {MAX_COLUMNS} 列）", "请只留本表，删去多余的行和列"
        ) from failure
    except Exception as failure:  # the library raises whatever its parsers do
        raise refusal(file, "文件已损坏，或不是 Word 文档", "请用 WPS 或 Word 打开，另存为 .docx 后再报") from failure
    return Document(file=file, tables=tables, paragraphs=paragraphs)


class _TooLargeError(Exception):
    """More rows or columns than any form has."""


def _tables(element: _Element) -> Iterator[_Element]:
    """Yield every table, each before the tables inside it."""
    for table in _nearest(element, _TABLE):
        yield table
        yield from _tables(table)


def _nearest(element: _Element, tag: str, beyond: frozenset[str] | set[str] = frozenset()) -> Iterator[_Element]:
    """Yield the topmost elements of a kind, through any wrapping but what is unseen or `beyond`."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in _UNSEEN and child.tag not in beyond:
            yield from _nearest(child, tag, beyond)


def _table(name: str, element: _Element) -> Table:
    rows: list[tuple[str, ...]] = []
    continued: set[tuple[int, int]] = set()
    spans: dict[tuple[int, int], int] = {}
    for number, row in enumerate(_nearest(element, _ROW, beyond={_TABLE})):
        if number >= MAX_ROWS:
            raise _TooLargeError
        above = rows[-1] if rows else ()
        cells = [""] * _property(row, "trPr", "gridBefore", default=0)
        for cell in _nearest(row, _CELL, beyond={_TABLE}):
            position, width = len(cells), _property(cell, "tcPr", "gridSpan", default=1)
            if continues := _continues(cell):
                continued.add((number, position))
            text = "".join(above[position : position + 1]) if continues else _text(cell)
            cells += [text, *[""] * (width - 1)]
            spans[number, position] = position + width - 1
            if len(cells) > MAX_COLUMNS:
                raise _TooLargeError
        rows.append(tuple(cells))
    return Table(name=name, rows=tuple(rows), continued=frozenset(continued), spans=spans)


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
        elif child.tag not in _UNSEEN and child.tag != _TABLE:
            yield from _pieces(child)
            if child.tag == _PARAGRAPH:
                yield "\n"
