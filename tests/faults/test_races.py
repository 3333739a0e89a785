"""Sign, withdraw and return at the same instant, from several stores: exactly one wins, nothing is half done."""

import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.clock import VirtualClock
from states import commands as c
from states.errors import Refused, Stale
from states.models import Report
from states.purposes import Purpose
from storage.check import run_invariants
from storage.database import Database, open_database
from storage.schema import create
from tests import postgres as own_postgres
from tests.states.builders import CLERK, HEAD, REF, at, filled_rows, rules
from workflow.audit import verify
from workflow.service import Workflow

RACES = int(os.environ.get("KAOJI_RACES", "100"))
KILLS = int(os.environ.get("KAOJI_KILLS", "20"))
STORES = 2
CALLERS = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of the test's own."""
    if request.param == "sqlite":
        create(f"sqlite:///{tmp_path / 'office.db'}")
        yield f"sqlite:///{tmp_path / 'office.db'}"
    else:
        yield from own_postgres.database_on(request.getfixturevalue("postgres"), "TEMPLATE template")


def _office_on(database: Database) -> Workflow:
    return Workflow(database, rules(), VirtualClock(at("2015-10-12 10:00")), mail_domain="test.example")


def _ready(workflow: Workflow, database: Database, number: int) -> int:
    """The table sent and waiting for its first signature; its version."""
    report = _report(database)
    if report.state != "draft":
        workflow.execute(c.Withdraw(command_id=f"back {number}", actor=HEAD, report=REF, reason="重来"))
    if not _report(database).sent:
        workflow.execute(c.Send(command_id=f"send {number}", actor=CLERK, report=REF))
    return _report(database).version


def _report(database: Database) -> Report:
    report = database.report(REF)
    assert report is not None
    return report


@pytest.mark.timeout(600)
def test_of_acts_decided_on_one_version_exactly_one_wins(url: str) -> None:
    """Every race has several callers on several stores; each asks twice, as whoever clicks twice."""
    dice = random.Random(int(os.environ.get("KAOJI_SEED", "1")))
    with ExitStack() as stack:
        databases = [stack.enter_context(open_database(url)) for _ in range(STORES)]
        offices = [_office_on(database) for database in databases]
        pool = stack.enter_context(ThreadPoolExecutor(CALLERS))
        first = offices[0]
        first.begin_duties(at("2015-10-01 08:00"), opening_since=at("2015-10-01 08:00"))
        first.run_due()
        first.execute(c.SaveTable(command_id="save", actor=CLERK, report=REF, rows=filled_rows("第5")))
        winners: Counter[str] = Counter()

        for number in range(RACES):
            version = _ready(first, databases[0], number)
            gate = threading.Barrier(CALLERS)

            def race(command: c.Command, office: Workflow, gate: threading.Barrier = gate) -> str | None:
                gate.wait()
                try:
                    office.execute(command)
                except Stale:
                    return None
                return command.command_id.split()[0]

            acts: list[c.Command] = [
                c.Sign(command_id=f"sign {number}", actor=HEAD, report=REF, version=version),
                c.Withdraw(command_id=f"withdraw {number}", actor=CLERK, report=REF, version=version, reason="撤"),
                c.Return(command_id=f"return {number}", actor=HEAD, report=REF, version=version, reason="退"),
            ]
            asked = [(act, office) for act in acts for office in offices]
            dice.shuffle(asked)
            won = {name for name in pool.map(lambda one: race(*one), asked) if name}
            assert len(won) == 1
            winners[won.pop()] += 1

        done = Counter(row.command_id for row in databases[0].events() if row.command_id is not None)
        raced = [name for name in done if name.startswith(("act sign", "act withdraw", "act return"))]
        assert set(done.values()) == {1}
        assert len(raced) == RACES
        assert winners.total() == RACES
        assert verify(databases[0]).valid
    assert run_invariants(url) == []


@pytest.mark.timeout(600)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to start and kill many processes quickly")
def test_what_was_answered_in_a_group_survives_every_kill(url: str) -> None:
    """A process whose callers share transactions is killed at random moments: lost none, doubled none, none half."""
    dice = random.Random(int(os.environ.get("KAOJI_SEED", "1")))
    with open_database(url) as database:
        office = _office_on(database)
        office.begin_duties(at("2015-10-01 08:00"), opening_since=at("2015-10-01 08:00"))
        office.run_due()
    answered: list[str] = []

    for life in range(KILLS):
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                _urge_without_end(url, life, writing)
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as told:
            head = told.readline()
            time.sleep(dice.uniform(0, 0.08))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            answered += (head + told.read()).splitlines()

    with open_database(url, read_only=True) as database:
        urged = Counter(row.command_id for row in database.events() if row.kind == "holder_urged")
        mails = Counter(mail.event_seq for mail in database.messages() if mail.purpose is Purpose.URGE)
        assert verify(database).valid
    assert run_invariants(url) == []
    assert len(answered) >= KILLS
    assert {f"act {name}" for name in answered} <= set(urged)
    assert set(urged.values()) == {1}
    assert len(mails) == len(urged)


def _urge_without_end(url: str, life: int, answers: int) -> None:
    """Several callers of one workflow; each says what it was answered, a line at a time."""
    office = _office_on(open_database(url))

    def caller(own: int) -> None:
        for number in itertools.count():
            name = f"urge {life} {own} {number}"
            office.execute(c.Urge(command_id=name, actor=CLERK, report=REF, note=name))
            os.write(answers, f"{name}\n".encode())

    callers = [threading.Thread(target=caller, args=(own,), daemon=True) for own in range(CALLERS)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()


def test_callers_of_one_store_are_each_served_once(url: str) -> None:
    """Many urge and many are refused, all at once: every urge is there once, no refusal left a trace."""
    with open_database(url) as database, ThreadPoolExecutor(32) as pool:
        office = _office_on(database)
        office.begin_duties(at("2015-10-01 08:00"), opening_since=at("2015-10-01 08:00"))
        office.run_due()

        def call(number: int) -> bool:
            actor = "stranger" if number % 3 == 0 else CLERK
            try:
                office.execute(c.Urge(command_id=f"urge {number}", actor=actor, report=REF, note=str(number)))
            except Refused:
                return False
            return True

        came = list(pool.map(call, range(RACES)))
        urged = [row.command_id or "" for row in database.events() if row.kind == "holder_urged"]

        assert sorted(urged) == sorted(f"act urge {number}" for number in range(RACES) if number % 3)
        assert came == [number % 3 != 0 for number in range(RACES)]
        assert verify(database).valid
    assert run_invariants(url) == []
