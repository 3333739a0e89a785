"""Cells that are not what they seem: hidden, computed, in error, or made a date; each is told for what it is."""

import zipfile
from collections.abc import Callable, Sequence
from datetime import date, time
from pathlib import Path

import docx
import openpyxl
import pytest
import xlwt
from docx.oxml.ns import qn
from openpyxl.worksheet.worksheet import Worksheet

from documents.form import FormError, FormRow
from states.gaps import gap_words, row_gaps
from states.models import Entry
from states.office import Named

Build = Callable[..., Path]
Read = Callable[..., tuple[FormRow, ...]]
Refuse = Callable[..., FormError]

TITLES = ["序号", "考绩指标", "考核主要内容", "最新排名", "目前三区比较情况", "年终承诺目标"]
STREETS = [1, "市容环境综合整治", "主次干道", "第5", "鹿城第3", "全市前3"]
DEMOLITION = [2, "“三改一拆”违法建筑拆除", "拆除面积", "第9", "鹿城第3", "全市前4"]
SHEET = "xl/worksheets/sheet1.xml"


def with_row(rank: object, comparison: object = "鹿城第3", target: object = "全市前3") -> list[list[object]]:
    return [list(TITLES), [1, "市容环境综合整治", "", rank, comparison, target]]


def edited(path: Path, change: Callable[[Worksheet], None]) -> Path:
    book = openpyxl.load_workbook(path)
    change(book.worksheets[0])
    book.save(path)
    return path


def rewritten(path: Path, old: bytes, new: bytes) -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[SHEET]
    parts[SHEET] = parts[SHEET].replace(old, new)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def an_old_workbook(path: Path, rows: Sequence[Sequence[object]], change: Callable[[xlwt.Worksheet], None]) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("10月")
    for number, row in enumerate(rows):
        for position, value in enumerate(row):
            sheet.write(number, position, value)
    change(sheet)
    book.save(str(path))
    return path


def test_a_hidden_row_that_holds_something_is_named(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx([TITLES, STREETS, DEMOLITION])
    edited(path, lambda page: setattr(page.row_dimensions[3], "hidden", True))

    (problem,) = refuse(path).problems
    assert problem.line() == (
        "表.xlsx 10月 第3行：这是隐藏行（或被筛选掉的行），却填了““三改一拆”违法建筑拆除、第9、鹿城第3、全市前4”；"
        "请取消隐藏（取消筛选）后核对，或删去此行。"
    )


@pytest.mark.parametrize("mark", [b'hidden="true"', b'ht="0" customHeight="1"'])
def test_every_way_to_hide_a_row_counts(xlsx: Build, refuse: Refuse, mark: bytes) -> None:
    path = rewritten(xlsx([TITLES, STREETS, DEMOLITION]), b'<row r="3"', b'<row r="3" ' + mark)

    assert "第3行：这是隐藏行" in str(refuse(path))


def test_a_hidden_row_of_an_old_workbook_is_named(tmp_path: Path, refuse: Refuse) -> None:
    path = an_old_workbook(
        tmp_path / "旧.xls", [TITLES, STREETS, DEMOLITION], lambda sheet: setattr(sheet.row(2), "hidden", True)
    )

    assert "旧.xls 10月 第3行：这是隐藏行" in str(refuse(path))


def test_a_hidden_row_of_a_text_document_is_named(word: Build, refuse: Refuse) -> None:
    path = word([TITLES, STREETS, DEMOLITION])
    document = docx.Document(str(path))
    properties = document.tables[0].rows[2]._tr.get_or_add_trPr()
    properties.append(properties.makeelement(qn("w:hidden"), {}))
    document.save(str(path))

    assert "表.docx 表1 第3行：这是隐藏行" in str(refuse(path))


def test_hidden_text_of_a_text_document_is_not_read(word: Build, read: Read) -> None:
    path = word([TITLES, STREETS])
    document = docx.Document(str(path))
    document.tables[0].cell(1, 3).paragraphs[0].add_run("、第9").font.hidden = True
    document.save(str(path))

    assert read(path)[0].rank_text == "第5"


def test_a_hidden_row_of_notes_or_of_nothing_does_no_harm(xlsx: Build, read: Read) -> None:
    path = xlsx([TITLES, STREETS, ["注：略"], [None]])

    def hide(page: Worksheet) -> None:
        page.row_dimensions[3].hidden = page.row_dimensions[4].hidden = True

    assert len(read(edited(path, hide))) == 1


def test_a_hidden_column_of_the_form_is_named_another_is_not(
    tmp_path: Path, xlsx: Build, read: Read, refuse: Refuse
) -> None:
    seen = edited(xlsx([TITLES, STREETS]), lambda page: setattr(page.column_dimensions["C"], "hidden", True))
    assert len(read(seen)) == 1

    unseen = edited(xlsx([TITLES, STREETS]), lambda page: setattr(page.column_dimensions["D"], "hidden", True))
    assert "第1行 “最新排名（或预估排名）”：这一列（第4列）是隐藏的；请取消隐藏" in str(refuse(unseen))

    old = an_old_workbook(tmp_path / "旧.xls", [TITLES, STREETS], lambda sheet: setattr(sheet.col(3), "hidden", True))
    assert "这一列（第4列）是隐藏的" in str(refuse(old))


def test_a_formula_without_its_value_is_named(xlsx: Build, refuse: Refuse) -> None:
    (problem,) = refuse(xlsx(with_row("=A1"))).problems

    assert problem.column == "最新排名（或预估排名）"
    assert problem.found == "单元格里是公式，文件中却没有存下它的结果"


def test_a_formula_with_its_value_is_read(xlsx: Build, read: Read) -> None:
    path = rewritten(xlsx(with_row("=A1")), b"<f>A1</f><v></v>", b"<f>A1</f><v>5</v>")
    assert read(path)[0].rank_text == "5"

    empty = rewritten(xlsx(with_row("=A1")), b'<c r="D2"><f>A1</f><v></v>', b'<c r="D2" t="str"><f>A1</f><v></v>')
    assert read(empty)[0].rank_text == ""


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#NAME?", "#DIV/0!", "#VALUE!"])
@pytest.mark.parametrize("place", [3, 4, 5])
def test_an_error_of_excel_is_named_in_whatever_column(xlsx: Build, refuse: Refuse, error: str, place: int) -> None:
    row = list(STREETS)
    row[place] = error

    assert f"“{error}”是 Excel 的出错提示" in str(refuse(xlsx([TITLES, row])))


def test_formulas_and_errors_of_an_old_workbook_are_named(tmp_path: Path, read: Read, refuse: Refuse) -> None:
    def formula(sheet: xlwt.Worksheet) -> None:
        sheet.write(1, 4, xlwt.Formula('"a"&"b"'))

    def error(sheet: xlwt.Worksheet) -> None:
        sheet.row(1).set_cell_error(5, "#REF!")

    rows: list[list[object]] = [[*TITLES], [*STREETS[:4]]]
    path = an_old_workbook(tmp_path / "式.xls", rows, formula)
    assert read(path)[0].comparison == "", "its value is an empty text"

    empty, awaited = b"\x03" + bytes(5) + b"\xff\xff", bytes(6) + b"\xff\xff"
    path.write_bytes(path.read_bytes().replace(empty, awaited))  # says that a text follows, and none does
    assert "没有存下它的结果" in str(refuse(path))
    assert "“#REF!”是 Excel 的出错提示" in str(refuse(an_old_workbook(tmp_path / "错.xls", rows, error)))
    assert len(read(an_old_workbook(tmp_path / "好.xls", rows, lambda _: None))) == 1


def test_all_of_a_forms_hidden_and_broken_cells_are_told_at_once(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx([TITLES, [*STREETS[:3], "#REF!", "=A1", "全市前3"], DEMOLITION])
    edited(path, lambda page: setattr(page.row_dimensions[3], "hidden", True))

    assert len(refuse(path).problems) == 3


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (None, "没有填最新排名"),
        (date(2026, 5, 12), "5/12 被 Excel 变成了日期（2026-05-12），请把单元格设为文本后重填 5/12"),
        (time(5, 11), "5:11 被 Excel 变成了时间（05:11:00），请把单元格设为文本后重填 5/11"),
        ("良好", "“良好”无法识别（应为 1–11 的名次"),
    ],
)
def test_what_is_wrong_with_a_rank_cell_is_said(xlsx: Build, read: Read, typed: object, said: str) -> None:
    (row,) = read(xlsx(with_row(typed)))

    entry = Entry(indicator="sgyc", field=11, rank_text=row.rank_text, comparison=row.comparison, target=row.target)
    (gap,) = row_gaps(entry, Named("sgyc", "施工扬尘"))
    assert gap_words(gap).startswith("“施工扬尘”")
    assert said in gap_words(gap)
