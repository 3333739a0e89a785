"""附1 as it is written: read again it says the same, and a spreadsheet program takes every cell for text."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from documents.form import FormError, FormRow
from documents.text import clean
from documents.writing import Form, FormLine, form_bytes

Read = Callable[..., tuple[FormRow, ...]]
Refuse = Callable[..., FormError]

SIGNATURES = (("科室负责人（签字）", "赵一 2026年12月9日"), ("分管领导（签字）", ""))
STREETS = FormLine(
    name="市容环境综合整治", main_content="主次干道", rank="第5（三区第2）", comparison="鹿城第3", target="全市前3"
)
DEMOLITION = FormLine(name="“三改一拆”违法建筑拆除", main_content="", rank="", comparison="", target="全市前4")


def a_form(*lines: FormLine, **changes: object) -> Form:
    plain = {
        "period": "2026-12",
        "unit": "市容管理科",
        "lines": lines or (STREETS, DEMOLITION),
        "signatures": SIGNATURES,
        "below": ("填报人：钱二",),
        "footer": "2026-12/shirong 第 3 版",
    }
    return Form(**{**plain, **changes})  # type: ignore[arg-type]  # the tests say what they change


def page_of(form: Form) -> Worksheet:
    return openpyxl.load_workbook(BytesIO(form_bytes(form))).worksheets[0]


def texts(page: Worksheet, row: int) -> list[str]:
    """What stands in a row, from left to right."""
    return [str(cell.value) for cell in page[row] if cell.value is not None]


@pytest.fixture
def again(tmp_path: Path, read: Read) -> Callable[[Form], tuple[FormRow, ...]]:
    """Write a form, and read it."""

    def read_again(form: Form) -> tuple[FormRow, ...]:
        (tmp_path / "表.xlsx").write_bytes(form_bytes(form))
        return read(tmp_path / "表.xlsx", period=form.period)

    return read_again


Again = Callable[[Form], tuple[FormRow, ...]]


def test_what_was_written_is_read_again(again: Again) -> None:
    rows = again(a_form())

    assert [(row.indicator, row.rank_text, row.comparison, row.target) for row in rows] == [
        ("srzz", STREETS.rank, STREETS.comparison, STREETS.target),
        ("sgyc", "", "", "全市前4"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+5", "-5", "@甲", "'=1", '=HYPERLINK("http://example.org")'),
        *("5/11", "5", "5.0", "2026-05-12", "TRUE", "1e5", "0005"),
        *("_x0041_", "_x005F_x0041_", "x_x000D_", "&lt;b&gt;", "<b>", "“第5”", "𠮷林第5", "ﬁ ①²"),
        *("第5\n（三区第2）", "a\tb", "甲\r\n乙\x0b丙\u2028丁", "坏\x07字", "长" * 2_000),
    ],
)
def test_every_text_stays_what_it_is(again: Again, text: str) -> None:
    line = FormLine(name="市容环境综合整治", main_content=text, rank=text, comparison=text, target=text)

    (row,) = again(a_form(line))
    assert (row.rank_text, row.comparison, row.target) == (clean(text),) * 3


def test_what_begins_like_a_formula_is_text_also_when_edited() -> None:
    cell = page_of(a_form(FormLine(name="甲", main_content="", rank="=1+1", comparison="", target="")))["D5"]

    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=1+1", "s", True)


def test_the_month_and_the_unit_stand_where_the_form_has_them() -> None:
    page = page_of(a_form())

    assert page.title == "12月"
    assert page["A2"].value == "2026年市对区考绩指标进展情况表（12月）"
    assert texts(page, 3) == [
        "单位（盖章）：市容管理科",
        "科室负责人（签字）：赵一 2026年12月9日",
        "分管领导（签字）：",
    ]
    assert texts(page, 4) == [
        "序号", "考绩指标", "考核主要内容", "最新排名（或预估排名）", "目前三区比较情况", "年终承诺目标",
    ]  # fmt: skip
    assert page["A8"].value == "填报人：钱二"


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_as_many_signatures_as_the_route_has_find_a_place(again: Again, count: int) -> None:
    form = a_form(signatures=[(f"会签{number}", f"赵{number}") for number in range(count)])

    shown = "".join(texts(page_of(form), 3))
    assert all(f"会签{number}：赵{number}" in shown for number in range(count))
    assert len(again(form)) == 2


def test_it_prints_on_a4_across_with_its_titles_on_each_page() -> None:
    page = page_of(a_form())

    assert (page.page_setup.orientation, page.page_setup.paperSize, page.page_setup.fitToWidth) == ("landscape", 9, 1)
    assert page.print_title_rows == "$4:$4"
    assert {"A1:F1", "A2:F2", "A7:F7", "A8:F8"} <= {str(area) for area in page.merged_cells.ranges}
    assert all(page.cell(5, column).border.left.style == "thin" for column in range(1, 7))


def test_a_form_of_another_month_is_known_by_what_was_written(tmp_path: Path, refuse: Refuse) -> None:
    (tmp_path / "表.xlsx").write_bytes(form_bytes(a_form(period="2026-11")))

    assert len(refuse(tmp_path / "表.xlsx", period="2026-12").problems) == 2


def test_a_text_longer_than_a_cell_is_not_cut_off() -> None:
    line = FormLine(name="甲", main_content="", rank="", comparison="长" * 32_768, target="")

    with pytest.raises(ValueError, match="32768"):
        form_bytes(a_form(line))
