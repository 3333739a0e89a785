"""Every term that people may meet has a word in both languages, and each level has its own."""

import re
from pathlib import Path
from typing import get_args

import pytest

from states import events
from states.acts import ACTS, BY_RULE, move_word
from states.codec import kind_of
from states.lifecycle import CASE_MOVES, report_moves
from states.models import CaseState, Flag, PointsStatus, Trigger
from states.office import Level, Role
from states.purposes import Purpose
from states.route import BUREAU_ROUTE
from states.words import event_word, post_word, purpose_word, state_word, word

PROJECT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
KINDS = [kind_of(kind) for kind in get_args(events.Event)]


def is_worded(chinese: str, english: str) -> bool:
    """Chinese without a code, English without Chinese or an underscore."""
    return not re.search("[A-Za-z_]", chinese) and not CHINESE.search(english) and "_" not in english


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_has_a_word(kind: str) -> None:
    assert is_worded(event_word(kind), event_word(kind, "en"))


@pytest.mark.parametrize("purpose", Purpose)
def test_every_kind_of_mail_has_a_word(purpose: Purpose) -> None:
    assert is_worded(purpose_word(purpose), purpose_word(purpose, "en"))
    assert purpose_word(purpose, "en") != purpose or purpose.isalpha()


@pytest.mark.parametrize("role", Role)
def test_every_post_has_a_word(role: Role) -> None:
    assert is_worded(post_word(role), post_word(role, "en"))


@pytest.mark.parametrize("level", [Level.BUREAU, Level.DISTRICT])
@pytest.mark.parametrize("state", BUREAU_ROUTE.states)
def test_every_state_has_a_word_at_each_level(state: str, level: Level) -> None:
    assert is_worded(state_word(state, level), state_word(state, level, "en"))


@pytest.mark.parametrize("term", [*CaseState, *Trigger, *PointsStatus, *Flag])
def test_every_state_of_a_case_and_flag_has_a_word(term: str) -> None:
    assert is_worded(word(term), word(term, "en"))


def test_a_district_level_report_is_signed_by_the_unit_head_and_the_district_leader() -> None:
    assert state_word("section_signed", Level.DISTRICT) == "单位主要负责人已签字盖章"
    assert state_word("leader_signed", "district") == "区分管领导已审签"
    assert state_word("section_signed", "district", "en") == "signed and sealed by the unit head"
    assert state_word("leader_signed", Level.DISTRICT, "en") == "signed by the district leader"


def test_a_sections_report_is_signed_by_its_head_and_the_leader_in_charge() -> None:
    assert state_word("section_signed", Level.BUREAU) == "科室已签"
    assert state_word("leader_signed", "bureau") == "分管领导已签"


def test_only_a_draft_is_shown_as_sent() -> None:
    assert state_word("draft", "bureau", sent=True) == "已送签"
    assert state_word("draft", "bureau") == "起草"
    assert state_word("submitted", "bureau", sent=True) == "已报送"


def test_a_saved_table_says_how_it_was_saved() -> None:
    said = [event_word("table_saved", how=how) for how in ("edit", "import", "consolidate")]

    assert said == ["填报", "导入", "汇总"]


def test_every_act_has_both_words_and_no_two_acts_share_one() -> None:
    for language in (0, 1):
        said = [*(act.word[language] for act in ACTS.values()), *(one[language] for one in BY_RULE.values())]
        assert len(set(said)) == len(said)
    assert [name for name, act in ACTS.items() if not is_worded(*act.word)] == []
    assert [name for name, one in BY_RULE.items() if not is_worded(*one)] == []


def test_every_arrow_of_a_lifecycle_has_a_word() -> None:
    moves = {move.act for move in (*report_moves(BUREAU_ROUTE), *CASE_MOVES)}

    assert [move for move in moves if not is_worded(move_word(move), move_word(move, "en"))] == []
    assert (move_word("waive"), move_word("reopen"), move_word("save")) == ("不予扣分", "重新打开", "填报")


@pytest.mark.parametrize("given_up", ["立件", "撤销扣分", "重新打开更正"])
def test_what_has_another_word_is_called_by_no_second_one(given_up: str) -> None:
    """立项, 不予扣分 and 重新打开 are the words, in every message, mail and manual."""
    assert (event_word("case_opened"), word("withdrawn"), event_word("report_reopened")) == (
        "立项",
        "不予扣分",
        "重新打开",
    )
    spoken = [
        path
        for folder in ("app", "documents", "notifications", "states", "storage", "workflow", "docs")
        for ending in ("py", "jinja", "md", "1", "yaml", "json")
        for path in (PROJECT / folder).rglob(f"*.{ending}")
    ]
    assert len(spoken) > 100
    assert [path.name for path in spoken if given_up in path.read_text(encoding="utf-8")] == []
