"""How far the worksheets of an .xls file reach, and what the parser does not tell of them, read from its records.

The stream is opened by olefile, which is used nowhere else. A record is its kind and its length, two bytes each, and
its content; a sheet's records stand between BOF and EOF, from where the workbook's part says.
"""

from collections.abc import Iterator
from io import BytesIO
from struct import unpack_from
from typing import Any

import olefile

from documents.extent import Extent
from documents.table import MAX_COLUMNS, MAX_ROWS

_STREAMS = ("Workbook", "Book")
_BOF, _EOF, _LOCKED, _SHEET = 0x0809, 0x000A, 0x002F, 0x0085
_ROW, _COLUMNS, _MERGED, _MANY_NUMBERS = 0x0208, 0x007D, 0x00E5, 0x00BD
_FORMULA, _TEXT_OF_FORMULA, _TRUTH_OR_ERROR = 0x0006, 0x0207, 0x0205
_VALUES = frozenset({_FORMULA, _TRUTH_OR_ERROR, 0x00FD, 0x0203, 0x0204, 0x027E, 0x00D6})
"""Records of one cell that holds something: row and column come first."""
_ERRORS = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip

_Record = tuple[int, bytes]


class LockedError(Exception):
    """The workbook is encrypted."""


def measure_sheets(content: bytes) -> list[Extent]:
    """Measure every sheet, in the order of the workbook.

    LockedError if the workbook is encrypted; OSError, ValueError or struct.error if it is broken.
    """
    workbook = _workbook(content)
    starts: list[int] = []
    for kind, record in _records(workbook, 0):
        if kind == _LOCKED:
            raise LockedError
        if kind == _SHEET:
            starts.append(unpack_from("<I", record)[0])
    return [_measure(_records(workbook, start)) for start in starts]


def _workbook(content: bytes) -> bytes:
    with olefile.OleFileIO(BytesIO(content)) as compound:
        stream = next((name for name in _STREAMS if compound.exists(name)), None)
        if stream is None:
            raise ValueError("no workbook inside")
        opened: Any = compound.openstream(stream)  # olefile ships no types
        workbook: bytes = opened.read()
        return workbook


def _records(workbook: bytes, start: int) -> Iterator[_Record]:
    """Yield the records of one part; those of a chart that stands in it are passed over."""
    depth = 0
    while start + 4 <= len(workbook):
        kind, length = unpack_from("<HH", workbook, start)
        record = workbook[start + 4 : start + 4 + length]
        start += 4 + length
        depth += (kind == _BOF) - (kind == _EOF)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, record


def _measure(records: Iterator[_Record]) -> Extent:
    extent = Extent()
    awaited: tuple[int, int] | None = None  # a formula whose text comes in a record of its own
    for kind, record in records:
        if kind == _ROW:
            (row,), (flags,) = unpack_from("<H", record), unpack_from("<H", record, 12)
            if flags & 0x20 and row < MAX_ROWS:
                extent.hidden_rows.add(row)
        elif kind == _COLUMNS:
            first, last, width, _, flags = unpack_from("<5H", record)
            if flags & 1 or width == 0:
                extent.hidden_columns.update(range(first, min(last + 1, MAX_COLUMNS)))
        elif kind == _MERGED:
            extent.merged += unpack_from("<H", record)[0]
        elif kind == _MANY_NUMBERS:
            row, first = unpack_from("<HH", record)
            (last,) = unpack_from("<H", record, len(record) - 2)
            _count(extent, row, last, last + 1 - first)
        elif kind == _TEXT_OF_FORMULA:
            awaited = None
        elif kind in _VALUES:
            if awaited:
                extent.unvalued.add(awaited)
            row, column = unpack_from("<HH", record)
            _count(extent, row, column, 1)
            awaited = _judge(extent, kind, record, (row, column))
    if awaited:
        extent.unvalued.add(awaited)
    return extent


def _count(extent: Extent, row: int, column: int, cells: int) -> None:
    extent.rows = max(extent.rows, row + 1)
    extent.columns = max(extent.columns, column + 1)
    extent.cells += max(cells, 0)


def _judge(extent: Extent, kind: int, record: bytes, place: tuple[int, int]) -> tuple[int, int] | None:
    """Note an error; return the place of a formula that says its text comes in a record of its own."""
    if place[0] >= MAX_ROWS or place[1] >= MAX_COLUMNS:
        return None
    if kind == _TRUTH_OR_ERROR and record[7]:
        extent.errors[place] = _ERRORS.get(record[6], "#?")
    if kind == _FORMULA and record[12:14] == b"\xff\xff":  # no number: what it is stands in the first byte
        if record[6] == 2:
            extent.errors[place] = _ERRORS.get(record[8], "#?")
        return place if record[6] == 0 else None
    return None
