"""What cannot be seen is taken out of people's words; what can be seen stays as it was."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.plainwords import cleaned


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("第5（预估）", "第5（预估）"),
        ("\x1b]0;标题\x07退回", "]0;标题退回"),
        ("\x1b[2J清屏", "[2J清屏"),
        ("\x9b31m红", "31m红"),
        ("一\r\n二\r三\u2028四", "一\n二\n三\n四"),
        ("甲\t乙", "甲 乙"),
        ("同\u202e意不\u202c", "同意不"),
        ("零\u200b宽\ufeff", "零宽"),
        ("空\u3164白\u115f", "空白"),
        ("坏\udcff字节", "坏字节"),
        ("标\U000e0041签", "标签"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("[red]不是标记[/red]", "[red]不是标记[/red]"),
    ],
)
def test_what_cannot_be_seen_goes(written: str, kept: str) -> None:
    assert cleaned(written) == kept


def test_one_line_is_one_line() -> None:
    assert cleaned("一\n二\r\n三\t四", one_line=True) == "一 二 三 四"


@given(st.text(st.characters(categories=["L", "N", "P", "Z", "S", "C"])))
def test_cleaning_is_done_once_and_leaves_nothing_that_steers_a_terminal(text: str) -> None:
    once = cleaned(text)

    assert cleaned(once) == once
    assert not {sign for sign in once if unicodedata.category(sign) in ("Cc", "Cs")} - {"\n"}
    once.encode()
