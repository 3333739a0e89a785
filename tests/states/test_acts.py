"""One table of acts: what a person may ask for stands in it once, and every door reads it there."""

import inspect
from collections import Counter
from dataclasses import fields
from typing import Any, get_args

import pytest

from states import commands as c
from states import events as e
from states.acts import ACTS, BY_RULE, OFFICE, Act, row_of
from states.codec import kind_of
from states.errors import ReasonMissing
from states.lifecycle import CASE_ACTS, CLOSING_ACTS, REPORT_ACTS
from states.needs import need_words

ROWS = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
NOT_OF_PEOPLE = {c.Wake}
"""What only timers ask for."""
BASES = {base for kind in vars(c).values() if inspect.isclass(kind) for base in kind.__mro__[1:]} - {c.SaveTable}


def commands_of_people() -> list[type[c.Command]]:
    """Every class of command that is asked for as it is, and not by a timer."""
    classes = [kind for kind in vars(c).values() if inspect.isclass(kind) and issubclass(kind, c.Command)]
    return [kind for kind in classes if kind not in BASES | NOT_OF_PEOPLE]


def test_every_command_of_a_person_has_exactly_one_row() -> None:
    assert Counter(act.command for act in ACTS.values()) == Counter(commands_of_people())


@ROWS
def test_an_act_names_fields_its_command_has(act: Act) -> None:
    known = {field.name for field in fields(act.command)}

    assert {act.on.field, act.words.field if act.words else ""} - {""} <= known
    assert ("version" in known) == act.on.versioned


@ROWS
def test_an_act_is_told_by_an_event_there_is(act: Act) -> None:
    assert act.event in {kind_of(kind) for kind in get_args(e.Event)}


@pytest.mark.parametrize(
    "act", [act for act in ACTS.values() if act.words and act.words.must], ids=lambda act: act.name
)
def test_an_act_without_the_words_it_must_have_is_refused(act: Act) -> None:
    command = act.asked(subject="x", words=" ", **_more(act))

    with pytest.raises(ReasonMissing, match=act.word[0]):
        need_words(command)
    need_words(act.asked(subject="x", words="情况属实", **_more(act)))


@ROWS
def test_a_command_leads_back_to_its_act(act: Act) -> None:
    assert row_of(act.asked(subject="x", **_more(act))) is act


def _more(act: Act) -> dict[str, Any]:
    """The fields no row can give: what is read from a form, from a backup."""
    own = {
        "rows": (),
        "source": "x.xlsx",
        "seq": 1,
        "head": "",
        "bodies": (),
        "replaced_seq": None,
        "replaced_head": None,
    }
    given = {**own, "lost_mails": None, "command_id": "x", "actor": "somebody"}
    return {field.name: given[field.name] for field in fields(act.command) if field.name in given}


def test_what_an_act_moves_is_an_arrow_and_its_event_tells_of_it() -> None:
    told = {(kind_of(kind), move) for kind, move in (*REPORT_ACTS.items(), *CASE_ACTS.items())}
    told |= {("case_closed", move) for move in CLOSING_ACTS.values()}
    by_hand = {(act.event, act.move) for act in ACTS.values() if act.move}

    assert by_hand <= told
    assert {move for _, move in told - by_hand} == set(BY_RULE)


def test_what_concerns_the_whole_office_is_no_line_of_a_story() -> None:
    assert [name for name, act in ACTS.items() if act.on is OFFICE and act.in_story] == []
