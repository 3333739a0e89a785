"""Reading rank cells and comparison columns: the spec's examples, what people write, and what must be refused."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.ranks import UNREADABLE, RankKind, RankReading, read_rank, three_district_place

CASES = Path(__file__).resolve().parents[2] / "cases" / "ranks.csv"
FIELD = 11
CHINESE = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一")
SCRAPS = (
    *"0123456789一二三五十第名位前后末首共个区月分无未年-/~、，。；：（）().%↑ \u3000\n²①",
    *("全市", "三区", "并列", "预估", "左右", "倒数第", "暂无", "上月", "较上月", "上升", "排名", "列", "公布", "龙湾"),
)


def given_cases() -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def words(text: str) -> list[str]:
    return text.split()


def number(cell: str) -> int | None:
    return int(cell) if cell else None


def truth(cell: str) -> bool | None:
    return {"yes": True, "no": False, "": None}[cell]


@pytest.mark.parametrize("case", given_cases(), ids=lambda case: case["text"] or "blank")
def test_every_given_case_is_read_exactly(case: dict[str, str]) -> None:
    expected = RankReading(
        kind=RankKind(case["kind"]),
        best=number(case["best"]),
        worst=number(case["worst"]),
        stated_field=number(case["stated_field"]),
        tied=truth(case["tied"]),
        estimated=truth(case["estimated"]),
        three_district_rank=number(case["three_district_rank"]),
    )

    assert read_rank(case["text"], int(case["field"])) == expected


FIFTH = words("""
第5位 第5名 列第5 位列第5 位列全市第5 排名第5 排全市第5 居第5 位居全市第五 全市排名：5 5名 5 ５ 5.0 NO.5 No5
ＮＯ．５ №5 第05 第伍 暂列第5 暂居全市第5位 龙湾第5 我区列全市第5位 目前第5 截至目前第5 最新排名：第5 第5名。 1-9月第5
截至9月底全市第5 9月份排名第5 月度考核第5 第三季度第5 第5（9月） 第5（上月第7） 第5，较上月上升2位 第5↑2
第5（进2位） 第5较上月下降1位 第5名上升2位 第5（与上月持平） 上月第7，本月第5 第5；优势在覆盖面。
第5，与先进区差距在处置速度 第5名，处于中游 市考核第5
""")


@pytest.mark.parametrize("text", [*FIFTH, " 第\u00a05\u3000位\n", "第\r\n五 名", "第\u200b5", "全市 排名 第 5", "5 名"])
def test_a_single_place_is_read(text: str) -> None:
    assert read_rank(text, FIELD) == ranked(5)


@pytest.mark.parametrize(
    "text",
    [
        "5/11",
        "5／11",
        "5 / 11",
        "全市5/11",
        "5/11名",
        "第5（共11）",
        "第5/共11个",
        "第5名/11个",
        "第5名，共11个县市区",
        "共11个，第5",
        "在11个县市区中排第5",
        "全市11个县（市、区）中列第5",
        "11名中第5",
        "五名，共十一个",
        "第5（5/11）",
        "5\\11",
    ],
)
def test_the_size_of_the_field_is_read(text: str) -> None:
    assert read_rank(text, FIELD) == ranked(5, stated_field=FIELD)


@pytest.mark.parametrize(
    ("text", "best", "worst"),
    [
        *[(text, 5, 6) for text in words("5-6 5~6 ５～６名 5—6 5——6 5至6 第5到6名 第5、6名 五、六名 第五六位 第5-第6")],
        *[
            ("第10-11位", 10, 11),
            ("前3", 1, 3),
            ("全市前三", 1, 3),
            ("前三名", 1, 3),
            ("前十", 1, 10),
            ("后三名", 9, 11),
        ],
        *[
            ("首位", 1, 1),
            ("全市榜首", 1, 1),
            ("居首", 1, 1),
            ("末位", 11, 11),
            ("最后一名", 11, 11),
            ("全市垫底", 11, 11),
        ],
        *[
            ("倒数第一", 11, 11),
            ("倒数第2", 10, 10),
            ("排名倒数第二位", 10, 10),
            ("第 十 一", 11, 11),
            ("第十", 10, 10),
        ],
    ],
)
def test_ranges_and_words_are_read(text: str, best: int, worst: int) -> None:
    assert read_rank(text, FIELD) == ranked(best, worst)


@pytest.mark.parametrize(
    "text",
    [
        "预计第5",
        "预估排名：第5",
        "暂估第5",
        "预测5位",
        "大约第5",
        "约5名",
        "第5左右",
        "预计在第5左右",
        "第5（预估）",
        "5（预）",
        "第5预估",
        "暂无排名，预估第5",
        "预估第5（市里未公布）",
        "（预估）第5",
    ],
)
def test_an_estimate_is_read(text: str) -> None:
    assert read_rank(text, FIELD) == ranked(5, estimated=True)


@pytest.mark.parametrize(
    "text", ["并列第5", "同列第5", "第5并列", "第5（并列）", "与鹿城并列第5", "第5（与鹿城区并列）"]
)
def test_a_tie_is_read(text: str) -> None:
    assert read_rank(text, FIELD) == ranked(5, tied=True)


@pytest.mark.parametrize(
    ("text", "best", "place"),
    [
        *[("三区第2、全市第7", 7, 2), ("全市第7、三区第2", 7, 2), ("第7三区第2", 7, 2), ("全市第7（三区 第一）", 7, 1)],
        *[
            ("第7（三区排名第2）", 7, 2),
            ("第7（三区中列第2）", 7, 2),
            ("第7（在三区中排第2位）", 7, 2),
            ("第7（3区第2）", 7, 2),
        ],
        *[
            ("第7（三个区第2）", 7, 2),
            ("全市第7，三区末位", 7, 3),
            ("第7（三区2/3）", 7, 2),
            ("第7（三区并列第2）", 7, 2),
        ],
        *[("第十\n三区第2", 10, 2), ("第5 3区第2", 5, 2)],
    ],
)
def test_the_place_among_the_three_districts_is_read(text: str, best: int, place: int) -> None:
    assert read_rank(text, FIELD) == ranked(best, three_district_rank=place)


NO_RANK = words("""
暂无 无 没有 暂无排名 未公布 尚未公布 市里尚未公布 排名未公布 未排名 暂未排名 不排名 本月不排名 该项指标不排名
无排名 没有排名 无法排名 未出 待公布 待市里公布 年终考核 年底考核 年终考核指标 年终统一考核 暂无排名，年终考核
暂无排名（上月第5） 暂无数据 还没公布 尚未开展考核 无需排名 目前暂无 9月暂无排名
""")


@pytest.mark.parametrize("text", NO_RANK)
def test_a_statement_of_no_rank_is_read(text: str) -> None:
    assert read_rank(text, FIELD) == RankReading(kind=RankKind.NONE, tied=False, estimated=False)


def test_no_rank_keeps_the_place_among_the_three_districts() -> None:
    reading = read_rank("暂无排名（三区第2）", FIELD)

    assert (reading.kind, reading.best, reading.three_district_rank) == (RankKind.NONE, None, 2)


REFUSED = words("""
- — / 一 五 ? 良好 中游 全市 全市 预估 并列 11个 TOP3 有望第5 力争第5 目标第5 全省第3 全区第3 第5（全省） 三区第2
鹿城第3 全市第二方阵 第一梯队 0 第0 -5 第-5 12 第12 前12 倒数第12 倒数第0 5/12 5/6 12/11 第5（共12个）
共11个第5（共12个） 5.5 5,5 5/11/12 15/11 6-5 第6-5名 5-5 5-11 10-11 5-12 2015-05-11 2015/5/11 5月11日 05/11 42135
9月5 5-6月 95.3分 5分 98% 5% 得分：5 考核5 5、6 5、11 第5、7名 第5第7 第5或6 第5，第7 第5；第5 第5（三区第4）
第5（三区第0） 第5（三区前2） 第5（三区第2-3） 三区第2，三区第3 第十三区第2 第7（三区第2，并列） 第7（三区预计第2）
三区全市第7 三区第三（末位） 三区第2，第3 上月第5 上月第7，第5 第5（上月第7，三区第3） 8月第7，9月第5
目前第5，预计第3 第5→第3 第5（未公布）
第5（年终考核） 暂无排名第5 暂无排名（预估） 第1² 第1① ① 第5* 第5? 第5（待核实） 第5，数据有误
第5，优势在第三产业 无变化 与上月持平 第５％
""")


@pytest.mark.parametrize(
    "text", [*REFUSED, "", " \n\u3000", "1 1", "第1 1名", "5 11", "第5 11月", "第5" + "，" * 9 + "好" * 500]
)
def test_what_is_not_certain_is_unreadable(text: str) -> None:
    assert read_rank(text, FIELD) == UNREADABLE


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("第1，较上月上升10名", 1),
        ("第11，较上月下降10名", 11),
        ("预计5-6名，较上月上升6名", 6),
        ("第5，较上月上升2名，较去年同期下降3名", 5),
        ("上月第7，本月第5，上升2名", 5),
        ("上月第7，本月第5，较上月上升2名", 5),
        ("上月并列第7，本月第5", 5),
        ("第10↑1", 10),
        ("第1，与上月持平", 1),
    ],
)
def test_a_movement_that_can_be_is_passed_over(text: str, rank: int) -> None:
    reading = read_rank(text, FIELD)

    assert (reading.worst, reading.tied) == (rank, False)


@pytest.mark.parametrize(
    "text",
    [
        *("第1，较上月下降5名", "第1，退步1名", "第一，排名下降1位", "第5，较上月下降5名", "第2（↓3）", "第1↓"),
        *("第11，较上月上升3名", "第11↑", "第3，较上月上升9名", "第5（三区第2，较上月上升9名）"),
        *("预计5-6名，较上月上升8名", "第5，下降2名，上升1名", "第5，较上月持平，较上月上升1名"),
        *("上月第7，本月第5，上升3名", "上月第7，本月第5，较上月下降2名", "上月第7，本月第5，与上月持平"),
        "暂无排名，较上月上升3名",
    ],
)
def test_a_movement_that_cannot_be_makes_the_cell_unreadable(text: str) -> None:
    assert read_rank(text, FIELD) == UNREADABLE


@pytest.mark.parametrize(
    "text",
    [
        *("（共111预计", "共111预计", "共11五六名", "共十一一位"),
        *(
            "第5（三区第2",
            "第5（预",
            "（第5",
            "第5）",
            "第5（",
            "（（第5）",
            "第5））",
            "第5【预估",
            "暂无排名（年终考核",
        ),
    ],
)
def test_what_was_cut_off_is_unreadable(text: str) -> None:
    assert read_rank(text, FIELD) == UNREADABLE


@pytest.mark.parametrize(
    "text", ["共11个第5", "共11第5", "共11，第5", "（共11）第5", "共十一个县市区第五", "共11预计第5"]
)
def test_a_field_before_the_rank_is_read(text: str) -> None:
    reading = read_rank(text, FIELD)

    assert (reading.best, reading.worst, reading.stated_field) == (5, 5, 11)


@given(st.one_of(st.text(), st.lists(st.sampled_from(SCRAPS), max_size=14).map("".join)), st.integers(1, 40))
def test_no_text_raises_or_leaves_the_field(text: str, field: int) -> None:
    reading = read_rank(text, field)

    assert reading == read_rank(text, field)
    assert reading.three_district_rank in {None, 1, 2, 3}
    assert reading.stated_field in {None, field}
    if reading.kind is RankKind.RANKED:
        assert reading.best is not None
        assert reading.worst is not None
        assert 1 <= reading.best <= reading.worst <= field
    else:
        assert (reading.best, reading.worst, reading.stated_field) == (None, None, None)
        assert (reading.tied, reading.estimated) == ((False, False) if reading.kind is RankKind.NONE else (None, None))


@given(
    place=st.integers(1, FIELD),
    numeral=st.sampled_from(["digit", "wide", "chinese"]),
    where=st.sampled_from(["", "全市", "全市排名", "位列全市"]),
    estimate=st.sampled_from(["", "预估", "预计"]),
    tie=st.sampled_from(["", "并列"]),
    unit=st.sampled_from(["", "位", "名"]),
    size=st.sampled_from(["", "/11", "（共11个）"]),
    district=st.sampled_from(["", "（三区第2）", "，三区第二", "\n三区第2位"]),
    blank=st.sampled_from(["", " ", "\u3000", "\u00a0"]),
)
def test_what_was_written_is_read(
    *, place: int, numeral: str, where: str, estimate: str, tie: str, unit: str, size: str, district: str, blank: str
) -> None:
    written = {
        "digit": str(place),
        "wide": chr(0xFF10 + place) if place < 10 else "１１",
        "chinese": CHINESE[place - 1],
    }
    shown = "１０" if numeral == "wide" and place == 10 else written[numeral]

    reading = read_rank(blank.join([estimate, where, tie, "第", shown, unit, size]) + district, FIELD)

    assert reading == ranked(
        place,
        tied=bool(tie),
        estimated=bool(estimate),
        stated_field=FIELD if size else None,
        three_district_rank=2 if district else None,
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *[
            ("鹿城第3、瓯海第5、龙湾第8", 3),
            ("鹿城第6、瓯海第10、龙湾第9；与先进区差距在处置速度。", 2),
            ("鹿城区第三名、瓯海区第五名", 3),
        ],
        *[("鹿城：3、瓯海：5、龙湾：4", 2), ("鹿城3/瓯海5/龙湾1", 1), ("鹿城3瓯海5我区4", 2), ("鹿城3 瓯海5 龙湾4", 2)],
        *[
            ("鹿城排第3，瓯海列第９位，本区第４", 2),
            ("鹿城3/11、瓯海5/11、龙湾8/11", 3),
            ("瓯海第十一、鹿城第十、龙湾区第九", 1),
        ],
        *[
            ("鹿城第3、瓯海并列第3、龙湾第3", 1),
            ("三区比较：鹿城第3、瓯海第5、龙湾第8", 3),
            ("9月鹿城第3、瓯海第5、龙湾第8", 3),
        ],
        *[("鹿城第3、瓯海第5、龙湾第8；比鹿城低5位", 3), ("鹿城第3、瓯海第5、龙湾第8，较上月上升2位", 3)],
    ],
)
def test_the_comparison_column_yields_the_place(text: str, place: int) -> None:
    assert compare(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "良好",
        "鹿城第3",
        "鹿城第3、龙湾第8",
        "鹿城85.3%、瓯海第5",
        "鹿城85、瓯海90、龙湾88",
        "鹿城3、瓯海5、龙湾8分",
        "领先鹿城2位、瓯海第5",
        "比鹿城低3位，瓯海第5",
        "与鹿城差3分，瓯海第5",
        "鹿城第3、鹿城第4、瓯海第5",
        "龙湾第8、我区第7、鹿城第3、瓯海第5",
        "鹿城第12、瓯海第5、龙湾第3",
        "上月（鹿城第3、瓯海第5、龙湾第8）",
        "目标：鹿城第3、瓯海第5、龙湾第8",
        "鹿城第3、瓯海第5-6、龙湾第8",
        "三区中鹿城第1、瓯海第3",
        "鹿城3/12、瓯海5、龙湾8",
        "鹿城未公布、瓯海第5",
        "鹿城第0、瓯海第5",
        "鹿城、瓯海第5",
    ],
)
def test_a_comparison_that_is_not_certain_yields_nothing(text: str) -> None:
    assert compare(text) is None


@pytest.mark.parametrize("own_rank", [None, 0, 12])
def test_without_an_own_rank_there_is_nothing_to_compare(own_rank: int | None) -> None:
    assert compare("鹿城第3、瓯海第5", own_rank=own_rank) is None


@given(st.lists(st.sampled_from([*SCRAPS, "鹿城", "瓯海", "我区", "第3、"]), max_size=14).map("".join))
def test_no_comparison_raises_or_leaves_the_three(text: str) -> None:
    assert compare(text) in {None, 1, 2, 3}


def compare(text: str, own_rank: int | None = 8) -> int | None:
    return three_district_place(text, own="龙湾区", sisters=("鹿城区", "瓯海区"), field=FIELD, own_rank=own_rank)


def ranked(
    best: int,
    worst: int | None = None,
    *,
    stated_field: int | None = None,
    tied: bool = False,
    estimated: bool = False,
    three_district_rank: int | None = None,
) -> RankReading:
    return RankReading(
        kind=RankKind.RANKED,
        best=best,
        worst=worst or best,
        stated_field=stated_field,
        tied=tied,
        estimated=estimated,
        three_district_rank=three_district_rank,
    )
