"""Signing, withdrawing and returning one report at the same moment, each from a process of its own: exactly one wins.

`KAOJI_RACES` says how many races there are on each database.
"""

import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from app.clock import VirtualClock
from states import commands as c
from states.errors import Refused
from states.models import Report
from storage.check import run_invariants
from storage.database import Database, open_database
from storage.schema import create
from tests.states.builders import CLERK, HEAD, LEADER, REF, at, rules
from workflow.audit import verify
from workflow.service import Workflow

RACES = int(os.environ.get("KAOJI_RACES", "25"))
NOW = at("2015-10-08 10:00")
PATIENCE = 60.0
"""Seconds the racers wait for each other."""


@dataclass(frozen=True, slots=True)
class Came:
    """What an act came to: done, repeated, or refused in two lines."""

    command_id: str
    done: bool
    repeated: bool = False
    why: str = ""
    message: str = ""
    remedy: str = ""


def workflow_on(database: Database) -> Workflow:
    return Workflow(database, rules(), VirtualClock(NOW), mail_domain="test.example")


def came_of(workflow: Workflow, command: c.Command) -> Came:
    try:
        answer = workflow.execute(command)
    except Refused as refused:
        why = type(refused).__name__
        return Came(command.command_id, done=False, why=why, message=refused.message, remedy=refused.remedy)
    return Came(command.command_id, done=True, repeated=answer.repeated)


def race(url: str, gate: Barrier, line: Connection) -> None:
    """A racer's life: wait for the others, act, tell what it came to."""
    with open_database(url) as database:
        workflow = workflow_on(database)
        while (command := line.recv()) is not None:
            gate.wait(PATIENCE)
            try:
                line.send(came_of(workflow, command))
            except Exception as fault:  # noqa: BLE001  whatever it is, the test is to see it
                line.send(fault)


@contextmanager
def racers(url: str, count: int) -> Iterator[list[Connection]]:
    """So many processes on that database, each with a line to it."""
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(count)
    pipes = [spawn.Pipe() for _ in range(count)]
    processes = [spawn.Process(target=race, args=(url, gate, far), daemon=True) for _, far in pipes]
    for process in processes:
        process.start()
    try:
        yield [near for near, _ in pipes]
    finally:
        for near, _ in pipes:
            near.send(None)
        for process in processes:
            process.join(PATIENCE)
            process.kill()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the test's own."""
    if request.param == "postgresql":
        made: str = request.getfixturevalue("empty_postgres_url")
    else:
        made = f"sqlite:///{tmp_path / 'office.db'}"
    create(made)
    return made


class Desk:
    """One report, brought before its second signer again and again."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.workflow = workflow_on(database)
        self.workflow.begin_duties(at("2015-10-07 10:00"))
        self.done: list[str] = []
        indicators = rules().office.indicators_of("shirong")
        rows = [
            c.RowDraft(indicator=one.code, rank_text="第3", comparison="鹿城第4", target="全市前6")
            for one in indicators
        ]
        self.act(c.SaveTable, CLERK, rows=tuple(rows))

    def act(self, kind: type[c.ReportCommand], actor: str, **more: object) -> None:
        command_id = f"between {len(self.done)}"
        self.workflow.execute(kind(command_id=command_id, actor=actor, report=REF, **more))  # type: ignore[arg-type]  # each kind its own
        self.done.append(command_id)

    def before_second_signer(self) -> int:
        """Bring it there from wherever the last race left it. Returns its version."""
        if self.report().state == "leader_signed":
            self.act(c.Withdraw, LEADER)
        if self.report().state in ("draft", "sent"):
            if not self.report().sent:
                self.act(c.Send, CLERK)
            self.act(c.Sign, HEAD)
        assert self.report().state == "section_signed"
        return self.report().version

    def report(self) -> Report:
        report = self.database.report(REF)
        assert report is not None
        return report


@pytest.mark.timeout(1800)
def test_of_acts_at_the_same_moment_exactly_one_wins(url: str) -> None:
    """The second signer signs and returns, the first withdraws his signature, and the signing is asked for twice."""
    won, refused, came = Counter[str](), Counter[str](), list[Came]()
    dice, began = random.Random(1), time.monotonic()
    with open_database(url) as database, racers(url, 4) as lines:
        desk = Desk(database)
        for number in range(RACES):
            # Half of them say which version they were decided on, half rest on the rules alone.
            present = desk.before_second_signer()
            version = present if number % 2 else None
            asked: list[c.Command] = [
                c.Sign(command_id=f"sign {number}", actor=LEADER, report=REF, version=version),
                c.Sign(command_id=f"sign {number}", actor=LEADER, report=REF, version=version),
                c.Withdraw(command_id=f"withdraw {number}", actor=HEAD, report=REF, version=version),
                c.Return(command_id=f"return {number}", actor=LEADER, report=REF, version=version, reason="请核对"),
            ]
            dice.shuffle(asked)
            for line, command in zip(lines, asked, strict=True):
                line.send(command)
            told = [line.recv() for line in lines]

            assert [one for one in told if not isinstance(one, Came)] == []
            winners = {one.command_id for one in told if one.done}
            assert len(winners) == 1, told
            assert all(one.message and one.remedy for one in told if not one.done)
            assert sum(one.done and not one.repeated for one in told) == 1, told
            won.update(one.partition(" ")[0] for one in winners)
            refused.update(one.why for one in told if not one.done)
            came += told
    seconds = time.monotonic() - began

    acknowledged = {f"act {one}" for one in (*desk.done, *(one.command_id for one in came if one.done))}
    with open_database(url, read_only=True) as database:
        acts = Counter(row.command_id for row in database.events() if (row.command_id or "").startswith("act "))
        assert verify(database).valid
    assert run_invariants(url) == []
    lost, unasked = acknowledged - set(acts), set(acts) - acknowledged
    doubled = {name for name, count in acts.items() if count > 1}
    print(
        f"races {RACES} on {url.partition(':')[0]} in {seconds:.0f} s; won {dict(won)}; refused {dict(refused)};"
        f" acknowledged {len(acknowledged)}, lost {len(lost)}, doubled {len(doubled)},"
        f" done though refused {len(unasked)}",
        file=sys.stderr,
    )
    assert (lost, doubled, unasked) == (set(), set(), set())
    assert len(won) > 1 or RACES < 25, "no race at all: the same act is always first"
