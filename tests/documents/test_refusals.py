"""What keeps a form from being taken over, and how the person who filled it is told."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from documents.form import FormError, FormRow

Build = Callable[..., Path]
Read = Callable[..., tuple[FormRow, ...]]
Refuse = Callable[..., FormError]

TITLES = ["序号", "考绩指标", "考核主要内容", "最新排名", "目前三区比较情况", "年终承诺目标"]
STREETS = [1, "市容环境综合整治", "主次干道", "第5", "鹿城第3", "全市前3"]


def test_each_missing_column_is_named_beside_those_found(xlsx: Build, refuse: Refuse) -> None:
    error = refuse(xlsx([["表"], ["序号", "考绩指标", "名次", "三区比较", "目标值"], [1, "市容环境综合整治"]]))

    assert [problem.column for problem in error.problems] == ["最新排名（或预估排名）", "年终承诺目标"]
    assert "表.xlsx 10月 第2行 “年终承诺目标”：表头缺少这一列，现有：序号、考绩指标、名次、三区比较、目标值" in str(
        error
    )


def test_a_file_without_the_table_is_told_what_was_looked_for(xlsx: Build, refuse: Refuse) -> None:
    message = str(refuse(xlsx([["值班表"], ["张三", "李四"]])))

    assert "没有找到" in message
    assert "考绩指标、最新排名（或预估排名）、目前三区比较情况、年终承诺目标" in message


def test_two_columns_of_one_kind_are_not_chosen_between(xlsx: Build, refuse: Refuse) -> None:
    message = str(refuse(xlsx([[*TITLES, "预估排名"], [*STREETS, "第6"]])))

    assert "这一列有不止一个（第4列、第7列）" in message


def test_a_rank_without_an_indicator_is_a_problem(xlsx: Build, refuse: Refuse) -> None:
    (problem,) = refuse(xlsx([TITLES, STREETS, [2, None, "拆除面积", "第9"]])).problems

    assert (problem.file, problem.sheet, problem.row, problem.column) == ("表.xlsx", "10月", 3, "考绩指标")
    assert problem.line() == (
        "表.xlsx 10月 第3行 “考绩指标”：此行填了“第9”，却没有指标名称；请补上指标名称，或清空此行。"
    )


def test_an_unknown_indicator_is_told_what_the_units_are(xlsx: Build, refuse: Refuse) -> None:
    message = str(refuse(xlsx([TITLES, STREETS, [2, "联系服务群众", "", "第9"]])))

    assert "第3行" in message
    assert "没有名为“联系服务群众”的考绩指标" in message
    assert "本单位的指标是：市容环境综合整治、“三改一拆”违法建筑拆除" in message


def test_an_indicator_of_another_unit_is_told_whose_it_is(xlsx: Build, refuse: Refuse) -> None:
    message = str(refuse(xlsx([TITLES, STREETS, [2, "城区道路停车秩序", "", "第9"]])))

    assert "“城区道路停车秩序”是直属执法中队的指标，不是本单位的" in message


def test_an_indicator_written_twice_is_told_both_places(xlsx: Build, refuse: Refuse) -> None:
    message = str(refuse(xlsx([TITLES, STREETS, STREETS])))

    assert "第3行" in message
    assert "前面已见于 表.xlsx 10月 第2行" in message


def test_two_ranks_under_one_merged_indicator_are_not_chosen_between(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx([TITLES, STREETS, [2, "", "", "第9", "", ""]], merged=["B2:B3"])

    assert "重复" in str(refuse(path))


def test_two_months_in_one_workbook_are_not_chosen_between(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx([TITLES, STREETS])
    workbook = openpyxl.load_workbook(path)
    workbook.copy_worksheet(workbook["10月"]).title = "9月"
    workbook.save(path)

    assert "其他月份的表请移出此文件" in str(refuse(path))


def test_an_empty_table_holds_no_indicator_of_the_unit(xlsx: Build, refuse: Refuse) -> None:
    assert "表中没有本单位的指标" in str(refuse(xlsx([TITLES, ["注：略"]])))


@pytest.mark.parametrize("name", ["直属执法中队", "直属 执法中队", "直属执法中队____"])
def test_the_form_of_another_unit_is_refused(xlsx: Build, word: Build, refuse: Refuse, name: str) -> None:
    line = f"单位（盖章）：{name}        单位主要负责人（签字）："

    for path in (xlsx([[line], TITLES, STREETS]), word([TITLES, STREETS], paragraphs=[line])):
        message = str(refuse(path))
        assert "“直属执法中队”，这是另一单位的表" in message
        assert "市容管理科" in message


def test_the_units_name_may_stand_in_the_next_cell(xlsx: Build, refuse: Refuse) -> None:
    path = xlsx([["单位（盖章）：", "直属执法中队", None, "单位主要负责人（签字）："], TITLES, STREETS])

    assert "另一单位的表" in str(refuse(path))


def test_a_cell_of_an_essay_is_refused_one_of_2000_characters_is_not(xlsx: Build, read: Read, refuse: Refuse) -> None:
    def told(length: int) -> list[object]:
        return [1, "市容环境综合整治", "", "第5", "长" * length, "全市前3"]

    assert len(read(xlsx([TITLES, told(2_000)]))[0].comparison) == 2_000
    (problem,) = refuse(xlsx([TITLES, told(2_001)])).problems
    assert problem.column == "目前三区比较情况"
    assert "2001 个字" in problem.found


def test_all_problems_are_told_at_once(xlsx: Build, refuse: Refuse) -> None:
    rows = [["单位（盖章）：直属执法中队"], TITLES, STREETS, STREETS, [3, "甲"], [4, None, None, "第1"]]

    assert len(refuse(xlsx(rows)).problems) == 4


def test_a_table_that_is_wrong_all_over_gives_a_short_message(xlsx: Build, refuse: Refuse) -> None:
    error = refuse(xlsx([TITLES, STREETS, *([[1, f"指标{n}"] for n in range(30)])]))

    assert len(error.problems) == 30
    assert str(error).endswith("……另有 10 处问题。")
