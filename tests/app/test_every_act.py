"""Every act of a person is asked for by the command line and, where a story may tell it, by a story."""

import argparse
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from app.bootstrap import read_settings, rules_of
from app.cli import parser
from app.clock import VirtualClock
from app.parts import tree
from app.place import DEMO_CASE
from app.simulate import Play
from app.story import StoryLine, read_story
from states import commands as c
from states.acts import ACTS, Act
from states.errors import WrongState
from tests.memory import MemoryStore
from workflow.recording import Answer
from workflow.service import Workflow

ROWS = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
START = datetime.fromisoformat("2015-10-08T09:00:00+08:00")


@ROWS
def test_an_act_is_reached_from_the_command_line(act: Act) -> None:
    path = (*filter(None, (act.on.group,)), act.name)
    (part,) = [part for part in tree().all() if part.path == path]

    assert {one.name for one in act.arguments} <= {action.dest for action in (*part.arguments, *part.options)}
    options = {option for action in part.options for option in action.option_strings}
    assert {"--as", f"--{act.words.field}" if act.words else "--as"} <= options
    assert ("--version" in options) == act.on.versioned
    assert part.about


@ROWS
def test_what_must_be_said_is_called_so_in_the_help(act: Act) -> None:
    (part,) = [part for part in tree().all() if part.path[-1:] == (act.name,)]
    told = [action.help or "" for action in part.options if action.dest == "text"]

    assert [text.endswith("（必填）") for text in told] == ([bool(act.words.must)] if act.words else [])


def test_the_command_line_knows_no_act_the_table_does_not() -> None:
    def below(of: argparse.ArgumentParser) -> list[str]:
        subs = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
        own = [str(of.get_default("act"))] if of.get_default("act") else []
        return own + [act for action in subs for sub in action.choices.values() for act in below(sub)]

    assert Counter(below(parser())) == Counter(list(ACTS))


class Listening(Workflow):
    """Hears what it is asked, and does nothing of it."""

    def execute(self, command: c.Command) -> Answer:
        self.heard = command
        raise WrongState("nothing_began")


def told(line: StoryLine) -> tuple[c.Command | None, list[str]]:
    """What one line of a story asks for, and why the lines were refused."""
    settings, clock = read_settings(DEMO_CASE / "config.yaml"), VirtualClock(START)
    workflow = Listening(MemoryStore(), rules_of(settings.definitions), clock, mail_domain="office.example")
    play = Play(workflow, clock, settings.office, DEMO_CASE, lambda: None)
    play.run([line])
    return getattr(workflow, "heard", None), [one.reason for one in play.refused]


def a_line(act: str, **told: str) -> StoryLine:
    given = {"subject": "2015-10/shirong", "file": "forms/2015-10/shirong.docx", "text": "情况属实", **told}
    return StoryLine(line=2, at=START, actor="shirong.clerk", action=act, **given)


@pytest.mark.parametrize("act", [act for act in ACTS.values() if act.in_story], ids=lambda act: act.name)
def test_a_line_of_a_story_asks_for_its_act(act: Act) -> None:
    command, _ = told(a_line(act.name, arg="szcg=第3" if act.name == "edit" else ""))

    assert type(command) is act.command
    assert command is not None
    if act.words is not None:
        assert getattr(command, act.words.field) == "情况属实"


def test_an_edit_of_a_story_names_row_and_rank_in_its_seventh_column(tmp_path: Path) -> None:
    story = tmp_path / "story.csv"
    story.write_text(
        "at,actor,action,subject,file,text,arg\n"
        "2015-10-08T09:00:00+08:00,system,start,,,,\n"
        "2015-10-08T10:00:00+08:00,shirong.clerk,edit,2015-10/shirong,,,szcg=第3（预估）\n"
        "2015-10-08T11:00:00+08:00,system,end,,,,\n",
        encoding="utf-8",
    )
    (line,) = read_story(story)[1:-1]

    command, _ = told(line)

    assert isinstance(command, c.SaveTable)
    assert command.rows == (c.RowDraft(indicator="szcg", rank_text="第3（预估）"),)


@pytest.mark.parametrize(("act", "arg"), [("edit", "szcg"), ("send", "2015-11-01")])
def test_an_arg_that_does_not_fit_is_refused_and_asks_for_nothing(act: str, arg: str) -> None:
    command, refused = told(a_line(act, arg=arg))

    assert command is None
    assert len(refused) == 1
    assert arg in refused[0]
