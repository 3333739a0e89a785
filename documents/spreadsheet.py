"""Excel and WPS workbooks (.xlsx, .xls) through python-calamine, which is used nowhere else."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias
from xml.parsers.expat import ExpatError
from zipfile import ZipFile

from documents.document import Document
from documents.extent import Extent, measure, sheet_parts
from documents.problem import FormError, refusal
from documents.table import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, Table

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_Value: TypeAlias = int | float | str | bool | time | date | datetime | timedelta

MAX_TEXT = 200_000_000
"""Characters a workbook may hold if each of its cells held its longest text."""
MAX_MERGED = 5_000
"""Merged ranges a sheet may hold."""

_BROKEN = "文件已损坏或加了密码，打不开"
_RESAVE = "请用 WPS 或 Excel 打开，取消密码，另存为 .xlsx 后再报"
_TOO_LARGE = f"表格过大（超过 {MAX_ROWS:,} 行、{MAX_COLUMNS} 列、{MAX_CELLS:,} 格或 {MAX_MERGED:,} 处合并）"
_TRIM = "请只留本表，删去多余的行、列和工作表"


def measure_workbook(file: str, content: bytes, kind: str) -> list[Extent]:
    """Return the extent of each sheet in the order of the workbook, read before the workbook is parsed.

    `content` of an .xlsx is a checked copy. FormError if it is broken, or would take too much memory to parse.
    """
    if kind == ".xls":
        from documents.legacy import LockedError, measure_sheets

        try:
            extents = measure_sheets(content)
        except (LockedError, OSError, ValueError, IndexError, struct.error) as failure:
            raise refusal(file, _BROKEN, _RESAVE) from failure
        _check(file, extents)
        return extents
    with ZipFile(BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    try:
        # Whatever part the parser takes for a sheet has been measured.
        by_part = {name: measure(part) for name, part in parts.items() if _is_xml(part)}
        _check(file, list(by_part.values()))
        return [by_part[name] if name else Extent() for name in sheet_parts(parts)]
    except (ExpatError, ValueError, LookupError) as failure:
        raise refusal(file, _BROKEN, _RESAVE) from failure


def _check(file: str, extents: Sequence[Extent]) -> None:
    cells = sum(extent.cells for extent in extents)
    if cells > MAX_CELLS or any(
        extent.rows > MAX_ROWS or extent.columns > MAX_COLUMNS or extent.merged > MAX_MERGED for extent in extents
    ):
        raise refusal(file, _TOO_LARGE, _TRIM)
    longest = max((extent.longest for extent in extents), default=0)
    if longest * cells > MAX_TEXT:
        raise refusal(file, f"文字过多（最长的单元格有 {longest} 字）", _TRIM)


def read_spreadsheet(file: str, content: bytes, kind: str) -> Document:
    """Return the visible worksheets as tables, each cell as text, row and column 0 being A1. Raises FormError.

    `kind` is `.xlsx` or `.xls`. The library judges a file by its name and bytes in memory by trying every format it
    knows, so it gets a file: what was checked as one kind must not be read as another.
    """
    extents = measure_workbook(file, content, kind)
    from python_calamine import CalamineWorkbook

    with TemporaryDirectory() as folder:
        (copy := Path(folder, f"form{kind}")).write_bytes(content)
        try:
            with CalamineWorkbook.from_path(copy) as workbook:
                return _document(file, workbook, extents)
        except (FormError, MemoryError):
            raise
        except BaseException as failure:  # a panic of the Rust library is no Exception
            if isinstance(failure, KeyboardInterrupt | SystemExit | GeneratorExit):
                raise
            raise refusal(file, _BROKEN, _RESAVE) from failure


def _is_xml(part: bytes) -> bool:
    return part.lstrip()[:1] == b"<" or part.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))


def _document(file: str, workbook: CalamineWorkbook, extents: Sequence[Extent]) -> Document:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    # Names need not be unique in a forged file; the order is what both readers share.
    sheets = list(zip(workbook.sheets_metadata, extents, strict=True))
    worksheets = [
        (place, sheet.visible == SheetVisibleEnum.Visible, extent)
        for place, (sheet, extent) in enumerate(sheets)
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]
    tables = tuple(
        _table(file, workbook.get_sheet_by_index(place), extent) for place, is_seen, extent in worksheets if is_seen
    )
    return Document(file=file, tables=tables, has_hidden=len(tables) < len(worksheets))


def _table(file: str, sheet: CalamineSheet, extent: Extent) -> Table:
    if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS:
        raise refusal(file, _TOO_LARGE, _TRIM, sheet=sheet.name)
    rows = [[_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    for (row, column), error in extent.errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = error
    spans: dict[tuple[int, int], int] = {}
    continued: set[tuple[int, int]] = set()
    unvalued = set(extent.unvalued)
    covered = 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        lines = range(top, min(bottom + 1, len(rows)))
        covered += len(lines) * (min(right, MAX_COLUMNS) + 1 - left)
        if covered > MAX_ROWS * MAX_COLUMNS:  # merged cells never overlap, so no sheet has room for these
            raise refusal(file, _BROKEN, _RESAVE, sheet=sheet.name)
        spans |= {(line, left): right for line in lines if right > left}
        continued |= {(line, left) for line in lines[1:]}
        unvalued |= {(line, left) for line in lines[1:] if (top, left) in unvalued}
        for line in lines[1:]:
            if left < len(rows[line]):
                rows[line][left] = rows[top][left]
    return Table(
        name=sheet.name,
        rows=tuple(map(tuple, map(_trimmed, rows))),
        continued=frozenset(continued),
        spans=spans,
        unvalued=frozenset(unvalued),
        hidden_rows=frozenset(extent.hidden_rows),
        hidden_columns=frozenset(extent.hidden_columns),
    )


def _trimmed(row: list[str]) -> Iterator[str]:
    """The row without the blank cells at its end: the parser pads each to the width of the sheet."""
    width = next((place for place in range(len(row), 0, -1) if row[place - 1]), 0)
    return iter(row[:width])


def _text(value: _Value) -> str:
    """A cell as a person would copy it: 5.0 is 5; what Excel made a date stays visibly one, never a rank."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return f"{value:.15g}"
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case _:
            return str(value)
