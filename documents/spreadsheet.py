"""Excel and WPS workbooks (.xlsx, .xls) through python-calamine, which is used nowhere else."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias
from xml.parsers.expat import ExpatError
from zipfile import ZipFile

from documents.document import Document
from documents.extent import measure
from documents.problem import FormError, refusal
from documents.table import MAX_COLUMNS, MAX_ROWS, Table

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_Value: TypeAlias = int | float | str | bool | time | date | datetime | timedelta

MAX_TEXT = 200_000_000
"""Characters a sheet may hold if each of its cells held its longest text."""
MAX_MERGED = 5_000
"""Merged ranges a sheet may hold."""

_BROKEN = "文件已损坏或加了密码，打不开"
_RESAVE = "请用 WPS 或 Excel 打开，取消密码，另存为 .xlsx 后再报"
_TOO_LARGE = f"表格过大（超过 {MAX_ROWS:,} 行或 {MAX_COLUMNS} 列）"
_TRIM = "请只留本表，删去多余的行、列和工作表"


def check_extent(file: str, content: bytes) -> None:
    """Refuse an .xlsx that would take too much memory to parse. `content` is a checked copy. Raises FormError."""
    with ZipFile(BytesIO(content)) as archive:
        parts = (archive.read(name) for name in archive.namelist())
        try:
            extents = [measure(part) for part in parts if _is_xml(part)]
        except (ExpatError, ValueError, LookupError) as failure:
            raise refusal(file, _BROKEN, _RESAVE) from failure
    if any(extent.rows > MAX_ROWS or extent.columns > MAX_COLUMNS for extent in extents):
        raise refusal(file, _TOO_LARGE, _TRIM)
    longest = max((extent.longest for extent in extents), default=0)
    if longest * sum(extent.cells for extent in extents) > MAX_TEXT:
        raise refusal(file, f"文字过多（最长的单元格有 {longest} 字）", _TRIM)


def read_spreadsheet(file: str, content: bytes, kind: str) -> Document:
    """Return the visible worksheets as tables, each cell as text, row and column 0 being A1. Raises FormError.

    `kind` is `.xlsx` or `.xls`. The library judges a file by its name and bytes in memory by trying every format it
    knows, so it gets a file: what was checked as one kind must not be read as another.
    """
    from python_calamine import CalamineWorkbook

    with TemporaryDirectory() as folder:
        (copy := Path(folder, f"form{kind}")).write_bytes(content)
        try:
            with CalamineWorkbook.from_path(copy) as workbook:
                return _document(file, workbook)
        except FormError:
            raise
        except BaseException as failure:  # a panic of the Rust library is no Exception
            if isinstance(failure, KeyboardInterrupt | SystemExit | GeneratorExit):
                raise
            raise refusal(file, _BROKEN, _RESAVE) from failure


def _is_xml(part: bytes) -> bool:
    return part.lstrip()[:1] == b"<" or part.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))


def _document(file: str, workbook: CalamineWorkbook) -> Document:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    worksheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    visible = [sheet.name for sheet in worksheets if sheet.visible == SheetVisibleEnum.Visible]
    tables = tuple(_table(file, workbook.get_sheet_by_name(name)) for name in visible)
    return Document(file=file, tables=tables, has_hidden=len(visible) < len(worksheets))


def _table(file: str, sheet: CalamineSheet) -> Table:
    merged = sheet.merged_cell_ranges or []
    if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS or len(merged) > MAX_MERGED:
        raise refusal(file, _TOO_LARGE, _TRIM, sheet=sheet.name)
    rows = [[_text(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    spans: dict[tuple[int, int], int] = {}
    continued: set[tuple[int, int]] = set()
    for (top, left), (bottom, right) in merged:
        lines = range(top, min(bottom + 1, len(rows)))
        spans |= {(line, left): right for line in lines if right > left}
        continued |= {(line, left) for line in lines[1:]}
        for line in lines[1:]:
            if left < len(rows[line]):
                rows[line][left] = rows[top][left]
    return Table(name=sheet.name, rows=tuple(map(tuple, rows)), continued=frozenset(continued), spans=spans)


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
