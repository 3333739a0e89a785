"""What is taken from a form, however it was laid out."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import docx
import openpyxl
import pytest
import xlwt

from documents.form import FormError, FormRow
from states.office import Office

Build = Callable[..., Path]
Read = Callable[..., tuple[FormRow, ...]]
Refuse = Callable[..., FormError]

COMPARED = "鹿城第3、瓯海第7、龙湾第5"
TITLES = ["序号", "考绩指标", "考核主要内容", "最新排名\n（或预估排名）", "目前三区比较情况", "年终承诺目标"]
STREETS = [1, "市容环境综合整治", "主次干道", "第5", COMPARED, "全市前3"]
DEMOLITION = [2, "“三改一拆”违法建筑拆除", "拆除面积", "5/11", COMPARED, "全市前4"]
NOTE = "注：1.本表填写要突出重点，简明扼要。"
PLAIN: list[Sequence[object]] = [TITLES, STREETS, DEMOLITION]


def ranks(rows: Sequence[FormRow]) -> dict[str, str]:
    return {row.indicator: row.rank_text for row in rows}


def with_rank(rank: object) -> list[list[object]]:
    return [list(TITLES), [1, "市容环境综合整治", "", rank, COMPARED, "全市前3"]]


def test_a_workbook_gives_each_row_with_its_place(xlsx: Build, read: Read) -> None:
    rows = read(xlsx([["2015年表"], ["单位（盖章）：市容管理科      单位主要负责人（签字）："], *PLAIN, [NOTE]]))

    assert ranks(rows) == {"srzz": "第5", "sgyc": "5/11"}
    assert rows[0].comparison == COMPARED
    assert rows[0].target == "全市前3"
    assert rows[0].place == "[表.xlsx]10月!4"


def test_a_document_gives_each_row_with_its_place(word: Build, read: Read) -> None:
    rows = read(word(PLAIN, paragraphs=["单位（盖章）：市容管理科", NOTE]))

    assert ranks(rows) == {"srzz": "第5", "sgyc": "5/11"}
    assert rows[1].place == "[表.docx]表1!3"


def test_an_old_workbook_is_read_too(tmp_path: Path, read: Read) -> None:
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("10月")
    for number, row in enumerate(PLAIN):
        for position, value in enumerate(row):
            sheet.write(number, position, value)
    workbook.save(str(tmp_path / "旧.XLS"))

    assert ranks(read(tmp_path / "旧.XLS")) == {"srzz": "第5", "sgyc": "5/11"}


def test_columns_may_stand_in_any_order_under_other_titles(xlsx: Build, read: Read) -> None:
    rows = read(
        xlsx(
            [
                ["年终目标", "三区 比较", "指标名称", "预估排名"],
                ["全市前3", COMPARED, "市容环境综合整治", "第5"],
            ]
        )
    )

    assert (rows[0].rank_text, rows[0].comparison, rows[0].target) == ("第5", COMPARED, "全市前3")


@pytest.mark.parametrize("title", ["最新排名", "排名", "预估排名", "最新排名(或预估排名)", "最 新\n排 名"])
def test_titles_of_the_rank_column(xlsx: Build, read: Read, title: str) -> None:
    header = [*TITLES[:3], title, *TITLES[4:]]

    assert ranks(read(xlsx([header, STREETS]))) == {"srzz": "第5"}


def test_a_title_split_over_two_rows_is_one_header(xlsx: Build, read: Read) -> None:
    upper = [*TITLES[:3], "最新排名", *TITLES[4:]]

    assert ranks(read(xlsx([upper, [None, None, None, "（或预估排名）"], STREETS]))) == {"srzz": "第5"}


def test_titles_below_a_merged_title_are_one_header(xlsx: Build, word: Build, read: Read) -> None:
    rows = [
        ["序号", "考绩指标", "考核主要内容", "排名情况", "", "年终承诺目标"],
        ["", "", "", "最新排名", "目前三区比较情况", ""],
        STREETS,
    ]
    book = xlsx(rows, merged=["B1:B2", "D1:E1", "F1:F2"])
    document = word(rows, merged=[((0, 1), (1, 1)), ((0, 3), (0, 4)), ((0, 5), (1, 5))])

    assert ranks(read(book)) == ranks(read(document)) == {"srzz": "第5"}


def test_a_header_repeated_on_each_page_is_no_entry(xlsx: Build, read: Read) -> None:
    assert ranks(read(xlsx([TITLES, STREETS, TITLES, DEMOLITION]))) == {"srzz": "第5", "sgyc": "5/11"}


def test_the_form_is_found_on_any_sheet_and_in_any_table(tmp_path: Path, word: Build, read: Read) -> None:
    workbook = openpyxl.Workbook()
    page = workbook.create_sheet("附1")
    for row in PLAIN:
        page.append(row)
    workbook.save(tmp_path / "两页.xlsx")
    document = docx.Document(str(word(PLAIN)))
    document.tables[0]._element.addprevious(document.add_table(1, 1)._element)
    document.save(str(tmp_path / "两表.docx"))

    assert read(tmp_path / "两页.xlsx")[0].place == "[两页.xlsx]附1!2"
    assert read(tmp_path / "两表.docx")[0].place == "[两表.docx]表2!2"


def test_a_hidden_sheet_is_not_read(tmp_path: Path, xlsx: Build, read: Read, refuse: Refuse) -> None:
    path = xlsx(PLAIN)
    workbook = openpyxl.load_workbook(path)
    workbook.copy_worksheet(workbook["10月"]).sheet_state = "hidden"
    workbook.save(path)
    assert len(read(path)) == 2

    workbook["10月"].sheet_state = "hidden"
    workbook.create_sheet("空")
    workbook.active = workbook["空"]
    workbook.save(tmp_path / "全隐藏.xlsx")

    assert "隐藏的工作表不读" in str(refuse(tmp_path / "全隐藏.xlsx"))


@pytest.mark.parametrize(
    "footer",
    [
        [NOTE],
        [None, NOTE],
        ["备注", "数据截至10月10日"],
        ["填表人：张三", None, None, "审核人：李四", "联系电话：86888002"],
        [None, "填表人", None, "李四"],
        [None, None, None, None, "2015年10月12日"],
        [None, None, None, None, "（盖章）"],
        [None, "说明：排名为预估"],
    ],
)
def test_blank_rows_and_what_stands_below_the_table_are_no_entries(
    xlsx: Build, read: Read, footer: list[object]
) -> None:
    rows = read(xlsx([TITLES, STREETS, [None], [None, "  "], DEMOLITION, [None], footer]))

    assert ranks(rows) == {"srzz": "第5", "sgyc": "5/11"}


def test_a_heading_merged_across_the_table_is_no_entry(xlsx: Build, word: Build, read: Read) -> None:
    rows = [TITLES[1:], ["城市管理类", "", "", "", ""], STREETS[1:]]

    assert ranks(read(xlsx(rows, merged=["A2:E2"]))) == {"srzz": "第5"}
    assert ranks(read(word(rows, merged=[((1, 0), (1, 4))]))) == {"srzz": "第5"}


def test_a_target_merged_over_two_rows_counts_for_both(xlsx: Build, word: Build, read: Read) -> None:
    rows = [TITLES, STREETS, [*DEMOLITION[:5], ""]]

    assert [row.target for row in read(xlsx(rows, merged=["F2:F3"]))] == ["全市前3", "全市前3"]
    assert [row.target for row in read(word(rows, merged=[((1, 5), (2, 5))]))] == ["全市前3", "全市前3"]


def test_an_indicator_merged_over_two_rows_of_content_is_one_entry(xlsx: Build, read: Read) -> None:
    rows = [TITLES, STREETS, ["", "", "背街小巷", "", "", ""]]

    assert ranks(read(xlsx(rows, merged=["B2:B3", "D2:D3", "E2:E3", "F2:F3"]))) == {"srzz": "第5"}


@pytest.mark.parametrize(
    "name",
    [
        "市容环境综合整治",
        " 市容 环境\n综合整治　",
        "1.市容环境综合整治",
        "1、市容环境综合整治",
        "（1）市容环境综合整治",
        "一、市容环境综合整治",
        "①市容环境综合整治",
        "市容\u200b环境综合整治",
    ],
)
def test_spellings_of_one_name(xlsx: Build, read: Read, name: str) -> None:
    assert read(xlsx([TITLES, [1, name, "", "第5"]]))[0].indicator == "srzz"


@pytest.mark.parametrize("name", ['"三改一拆"违法建筑拆除', "「三改一拆」违法建筑拆除", "‘三改一拆’违法建筑拆除"])
def test_quotation_marks_of_any_kind_are_one(xlsx: Build, read: Read, name: str) -> None:
    assert read(xlsx([TITLES, [1, name, "", "第5"]]))[0].indicator == "sgyc"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (5, "5"),
        (5.0, "5"),
        (5.5, "5.5"),
        (date(2015, 5, 11), "2015-05-11"),
        (True, "TRUE"),
        ("全市第７位", "全市第７位"),
        ("  第5\n（三区第2） ", "第5 （三区第2）"),
        ("第\u200b5\u202e", "第5"),
        ("𠮷林第5", "𠮷林第5"),
        (None, ""),
    ],
)
def test_what_is_kept_of_a_rank_cell(xlsx: Build, read: Read, typed: object, kept: str) -> None:
    assert read(xlsx(with_rank(typed)))[0].rank_text == kept


def test_a_form_may_lack_an_indicator_of_the_unit(xlsx: Build, read: Read) -> None:
    assert ranks(read(xlsx([TITLES, STREETS]))) == {"srzz": "第5"}


def test_a_bureaus_form_holds_what_its_sections_lead(xlsx: Build, read: Read) -> None:
    parking = [3, "城区道路停车秩序", "", "第8", COMPARED, "全市前3"]

    assert ranks(read(xlsx([*PLAIN, parking]), "bureau")) == {"srzz": "第5", "sgyc": "5/11", "tingche": "第8"}


@pytest.mark.parametrize(
    "line",
    [
        "单位（盖章）：市容管理科          单位主要负责人（签字）：",
        "单位（盖章）：            单位主要负责人（签字）：",
        "单位（盖章）：市容科单位主要负责人（签字）：",
        "单位（盖章）：",
    ],
)
def test_the_own_name_an_unknown_one_or_none_is_accepted(xlsx: Build, word: Build, read: Read, line: str) -> None:
    assert len(read(xlsx([[line], *PLAIN]))) == 2
    assert len(read(word(PLAIN, paragraphs=[line]))) == 2


def test_tracked_changes_are_read_as_the_reader_sees_them(word: Build, read: Read) -> None:
    path = word(PLAIN)
    document = docx.Document(str(path))
    paragraph = document.tables[0].cell(1, 3).paragraphs[0]
    run = paragraph.runs[0]._element
    inserted = run.makeelement(run.tag.replace("}r", "}ins"), {})
    run.addprevious(inserted)
    inserted.append(run)
    deleted = run.makeelement(run.tag.replace("}r", "}del"), {})
    deleted.append(paragraph.add_run("第9")._element)
    inserted.addnext(deleted)
    document.save(str(path))

    assert ranks(read(path))["srzz"] == "第5"


CASE = Path(__file__).parents[2] / "cases" / "longwan-2015"


@pytest.mark.parametrize("path", sorted(CASE.glob("forms/*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_forms_of_the_case_are_read(path: Path, case_office: Office, read_case: Read) -> None:
    rows = read_case(path, path.stem, path.parent.name)

    assert [row.indicator for row in rows] == [led.code for led in case_office.indicators_of(path.stem)]
    assert all(row.rank_text and row.comparison and row.target for row in rows)


def test_the_case_has_a_form_of_each_section_and_month() -> None:
    assert len(list(CASE.glob("forms/*/*"))) == 24
