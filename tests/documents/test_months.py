"""A form says which month it is of: last month's is not taken for this month's."""

from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest

from documents.form import FormError, FormRow
from documents.month import of_line, of_sheet

Build = Callable[..., Path]
Read = Callable[..., tuple[FormRow, ...]]
Refuse = Callable[..., FormError]

TITLES = ["序号", "考绩指标", "考核主要内容", "最新排名", "目前三区比较情况", "年终承诺目标"]
STREETS = [1, "市容环境综合整治", "主次干道", "第5", "鹿城第3", "全市前3"]


def a_book(path: Path, **sheets: str) -> Path:
    """A workbook with a form on each sheet: the sheet's name, and the rank that tells the forms apart."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rank in sheets.items():
        page = book.create_sheet(name.removeprefix("_"))
        page.append(TITLES)
        page.append([*STREETS[:3], rank, *STREETS[4:]])
    book.save(path)
    return path


def test_the_title_of_last_months_table_is_told_with_both_months(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx([["2026年市对区考绩指标进展情况表（11月）"], TITLES, STREETS], sheet="Sheet1")

    assert str(refuse(path, period="2026-12")) == (
        "表.xlsx Sheet1：表题“2026年市对区考绩指标进展情况表（11月）”写的是11月，要报的却是2026年12月的表；"
        "请选12月的文件；如果填的确是12月，请把“11月”改成12月。"
    )


def test_the_sheet_of_last_month_is_told(xlsx: Build, refuse: Refuse) -> None:
    message = str(refuse(xlsx([TITLES, STREETS], sheet="11月"), period="2026-12"))

    assert "工作表名写的是11月，要报的却是2026年12月的表" in message


def test_the_same_month_of_another_year_is_another_month(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx([["2025年12月市对区考绩指标进展情况表"], TITLES, STREETS], sheet="12月")

    assert "写的是2025年12月" in str(refuse(path, period="2026-12"))


def test_a_text_document_is_asked_too(word: Build, read: Read, refuse: Refuse) -> None:
    last = word([TITLES, STREETS], paragraphs=["2026年11月市对区考绩指标进展情况表"])
    assert "写的是2026年11月" in str(refuse(last, period="2026-12"))

    assert len(read(word([TITLES, STREETS], paragraphs=["2026年12月市对区考绩指标进展情况表"]), period="2026-12")) == 1


def test_of_a_sheet_a_month_this_months_is_read(tmp_path: Path, read: Read, refuse: Refuse) -> None:
    path = a_book(tmp_path / "全年.xlsx", _10月="第3", _11月="第4", _12月="第5")

    assert [row.rank_text for row in read(path, period="2026-12")] == ["第5"]
    assert [row.rank_text for row in read(path, period="2026-11")] == ["第4"]
    assert "重复" in str(refuse(path, period="2027-01"))


def test_other_sheets_beside_this_months_are_still_read(tmp_path: Path, refuse: Refuse) -> None:
    path = a_book(tmp_path / "两页.xlsx", _12月="第5", 补充="第6")

    assert "重复" in str(refuse(path, period="2026-12"))


def test_a_date_below_the_table_is_no_month_of_it(xlsx: Build, word: Build, read: Read) -> None:
    rows = [TITLES, STREETS, ["填表日期：2027年1月8日"], [None, None, None, None, "2027年1月"]]
    assert len(read(xlsx(rows, sheet="Sheet1"), period="2026-12")) == 1

    path = word([TITLES, STREETS])
    document = docx.Document(str(path))
    document.add_paragraph("2027年1月")
    document.save(str(path))
    assert len(read(path, period="2026-12")) == 1


def test_a_month_in_a_cell_of_the_table_is_no_month_of_it(xlsx: Build, read: Read) -> None:
    told = [1, "市容环境综合整治", "", "截至11月底第5", "11月考绩指标进展情况表：鹿城第3", "11月前全市前3"]

    assert len(read(xlsx([TITLES, told, TITLES], sheet="Sheet1"), period="2026-12")) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026年11月市对区考绩指标进展情况表", "2026年11月"),
        ("2026年市对区考绩指标进展情况表（11月份）", "11月"),
        ("二〇二六年十一月考绩指标进展情况表", "2026年11月"),
        ("2026-11考绩指标进展情况表", "2026年11月"),
        ("指标进展情况表 2026年11月", "2026年11月"),
        ("２０２６年１１月考绩指标进展情况表", "2026年11月"),
        ("2026年度考绩指标11月进展情况", "11月"),
        ("附件1：区城管局11月考绩指标月报", "11月"),
        ("（2026年11月）", "2026年11月"),
        ("月份：11月", "11月"),
        ("填报月份：2026年11月", "2026年11月"),
        ("月份：11", "11月"),
        ("2015年市对区考绩指标进展情况表", ""),
        ("2026年1-11月市对区考绩指标进展情况表", ""),
        ("2026年1月至11月考绩指标进展情况表", ""),
        ("市对区考绩指标进展情况表（截至11月底）", ""),
        ("市对区考绩指标进展情况表（数据截止11月）", ""),
        ("市对区考绩指标进展情况表（11月数据）", ""),
        ("市对区考绩指标进展情况表（12月13日前报送）", ""),
        ("市对区考绩指标进展情况表（2026年1月修订）", ""),
        ("请于12月报送考绩指标进展情况表", ""),
        ("根据11月考绩指标通报填报本表", ""),
        ("填表日期：2026年11月8日", ""),
        ("2026年11月8日", ""),
        ("报送时间：11月", ""),
        ("单位（盖章）：市容管理科", ""),
    ],
)
def test_lines_that_name_the_month_of_a_form(line: str, said: str) -> None:
    assert "".join(map(str, of_line(line))) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("11月", "11月"),
        ("十一月", "11月"),
        ("2026年11月", "2026年11月"),
        ("2026.11", "2026年11月"),
        ("202611", "2026年11月"),
        ("11月进展表", "11月"),
        ("11月 (2)", "11月"),
        ("Sheet1", ""),
        ("表11", ""),
        ("1-11月", ""),
        ("2015年", ""),
    ],
)
def test_names_of_sheets_that_name_a_month(name: str, said: str) -> None:
    assert "".join(map(str, of_sheet(name))) == said


def test_a_title_made_to_keep_us_busy_is_judged_at_once() -> None:
    assert of_line("考绩指标进展情况表" + "(11月)" * 5_000 + "x") == []
