"""附1 as a workbook, laid out as offices print and sign it. Written by openpyxl, which is used nowhere else."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import cast

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from documents.table import Column
from states.periods import year_month

LONGEST_CELL = 32_767
"""Characters a cell of a workbook can hold."""

_TITLES = ("序号", Column.INDICATOR, "考核主要内容", Column.RANK, Column.COMPARISON, Column.TARGET)
_WIDTHS = (6, 24, 32, 20, 44, 18)
_LAST = len(_TITLES)
_NOTE = (
    "注：1.本表填写要突出重点，简明扼要。2.无法进行排名的考绩指标，要结合考核细则进行预估，尽量提供较为准确的三区排名。"
    "3.“目前三区比较情况”要体现与另两区相比的优势和不足。"
)
_LINE_ENDS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_FONT = "宋体"
_LINE = Side(style="thin")
_BORDER = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLine:
    """One indicator as the form shows it; texts as written, empty where nothing is."""

    name: str
    main_content: str
    rank: str
    comparison: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A unit's table of one period (`2015-10`).

    `signatures` are the labels of the places to sign, each with what stands there, empty while nobody signed. `below`
    are the lines under the table, such as 填报人. `footer` is printed at the foot of each page.
    """

    period: str
    unit: str
    lines: Sequence[FormLine]
    signatures: Sequence[tuple[str, str]]
    below: Sequence[str]
    footer: str


def form_bytes(form: Form) -> bytes:
    """Return the form as an .xlsx file, which `read_form` reads again. ValueError for a cell too long for one."""
    year, month = year_month(form.period)
    book = Workbook()
    book.properties.creator = "kaoji"
    page = book.worksheets[0]
    page.title = f"{month}月"
    _across(page, 1, "附1", Font(name=_FONT, size=12), "left", height=18)
    title = f"{year}年市对区考绩指标进展情况表（{month}月）"
    _across(page, 2, title, Font(name=_FONT, size=20, bold=True), "center", height=36)
    _write_signatures(page, 3, form)
    for column, text in enumerate(_TITLES, start=1):
        _write(page, 4, column, text, is_title=True)
    for number, line in enumerate(form.lines, start=1):
        texts = (str(number), line.name, line.main_content, line.rank, line.comparison, line.target)
        for column, text in enumerate(texts, start=1):
            _write(page, 4 + number, column, text)
    row = 5 + len(form.lines)
    for text in (_NOTE, *form.below):
        # A merged cell does not grow with its text: two lines of the note need their height beforehand.
        _across(page, row, text, Font(name=_FONT, size=11), "left", height=32 if text is _NOTE else 20)
        row += 1
    _set_up(page, form.footer)
    book.save(stream := BytesIO())
    return stream.getvalue()


def _write_signatures(page: Worksheet, row: int, form: Form) -> None:
    """单位（盖章） over the first two columns, then the places to sign, the last one over what is left."""
    texts = [f"单位（盖章）：{form.unit}", *(f"{label}：{signed}" for label, signed in form.signatures)]
    starts = [1, 3, 5, 6][: len(texts)]
    # More places than fit beside one another share the last cell.
    if len(texts) > len(starts):
        texts[len(starts) - 1 :] = ["  ".join(texts[len(starts) - 1 :])]
    for text, start, after in zip(texts, starts, [*starts[1:], _LAST + 1], strict=True):
        cell = _text(page, row, start, text)
        cell.font = Font(name=_FONT, size=12)
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        if after - start > 1:
            page.merge_cells(start_row=row, end_row=row, start_column=start, end_column=after - 1)
    page.row_dimensions[row].height = 36


def _across(page: Worksheet, row: int, text: str, font: Font, side: str, *, height: int) -> None:
    """Write a line that takes the whole width."""
    cell = _text(page, row, 1, text)
    cell.font = font
    cell.alignment = Alignment(horizontal="center" if side == "center" else "left", vertical="center", wrap_text=True)
    page.merge_cells(start_row=row, end_row=row, start_column=1, end_column=_LAST)
    page.row_dimensions[row].height = height


def _write(page: Worksheet, row: int, column: int, text: str, *, is_title: bool = False) -> None:
    cell = _text(page, row, column, text)
    cell.font = Font(name=_FONT, size=12, bold=is_title)
    cell.border = _BORDER
    is_short = is_title or column in {1, 4, 6}
    cell.alignment = Alignment(horizontal="center" if is_short else "left", vertical="center", wrap_text=True)


def _text(page: Worksheet, row: int, column: int, text: str) -> Cell:
    """Write text that stays text: neither a formula, nor an error, nor what Excel decodes."""
    cell = cast(Cell, page.cell(row, column))  # the other kind stands only inside merged cells
    if kept := _printable(text):
        if len(kept) > LONGEST_CELL:
            raise ValueError(f"{len(kept)} characters in one cell")
        cell.value = kept
        cell.data_type = "s"
        cell.quotePrefix = kept[0] in "=+-@"  # as if it had been typed with ' in front, so that editing it is safe too
    return cell


def _printable(text: str) -> str:
    lines = _LINE_ENDS.sub("\n", text)
    kept = (char for char in lines if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs", "Cn"})
    return _ESCAPED.sub("_x005F_", "".join(kept))


def _set_up(page: Worksheet, footer: str) -> None:
    """For A4 across, as wide as the page, the titles on each page."""
    for column, width in zip("ABCDEF", _WIDTHS, strict=True):
        page.column_dimensions[column].width = width
    page.freeze_panes = "A5"
    page.print_title_rows = "4:4"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = 9  # A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    page.print_options.horizontalCentered = True
    page.page_margins.left = page.page_margins.right = 0.5
    foot = cast(HeaderFooterItem, page.oddFooter)
    foot.left.text = footer.replace("&", "&&")
    foot.right.text = "第 &P 页，共 &N 页"
