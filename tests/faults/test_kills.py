"""The daemon's work killed at random moments under load: what was acknowledged is there, and there once."""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import VirtualClock
from benchmarks.office import START, a_workflow, an_office, sent_tables, signatures
from notifications.sink import MailSink, read_maildir
from states import commands as c
from states.office import Office
from storage.check import run_invariants
from storage.database import Database, open_database
from tests.faults.sending import a_dispatcher, warmed_before_forking
from workflow.audit import verify

KILLS = int(os.environ.get("KAOJI_KILLS", "200"))
SECTIONS = 60
LATEST_KILL = 0.06

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to start and kill many workers quickly")


def _acts(office: Office) -> list[c.Command]:
    """Urgings without end: every one leaves an event and a mail, however often the office is killed."""
    clerks = [act.actor for act in signatures(office)[:SECTIONS]]
    return [
        c.Urge(
            command_id=f"urge {number}",
            actor=clerks[number % SECTIONS],
            report=f"2015-10/s{number % SECTIONS:04d}",
            note=str(number),
        )
        for number in range(100_000)
    ]


def _work(path: Path, office: Office, acts: list[c.Command], acknowledge: int, port: int) -> None:
    """What a worker does until it is killed: timers, acts, mail; each act is acknowledged after its commit."""
    clock = VirtualClock(START + timedelta(days=7, hours=3))
    workflow, database = a_workflow(path, office, clock)
    dispatcher = a_dispatcher(database, clock, port)
    with asyncio.Runner() as runner:
        for number, act in enumerate(acts):
            workflow.execute(act)
            os.write(acknowledge, f"{act.command_id}\n".encode())
            if number % 10 == 9:
                clock.set(clock.now() + timedelta(hours=1))
                runner.run(dispatcher.drain(limit=5))


def _run_and_kill(path: Path, office: Office, acts: list[c.Command], port: int, after: float) -> list[str]:
    """Let a worker work for a while, kill it, and return what it had acknowledged."""
    reading, writing = os.pipe()
    worker = os.fork()
    if worker == 0:
        try:
            os.close(reading)
            _work(path, office, acts, writing, port)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as acknowledgements:
        first = acknowledgements.readline()
        time.sleep(after)
        os.kill(worker, signal.SIGKILL)
        rest = acknowledgements.read()
    os.waitpid(worker, 0)
    return [line for line in (first + rest).splitlines() if line]


def _urged(database: Database) -> Counter[str]:
    return Counter(row.command_id or "" for row in database.events() if row.kind == "holder_urged")


@pytest.mark.timeout(170)
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(tmp_path: Path) -> None:
    """Kill -9 at random moments, again and again, on one database."""
    seed = int(os.environ.get("KAOJI_SEED", "1"))
    print(f"kills {KILLS}, seed {seed}", file=sys.stderr)
    moments = random.Random(seed)
    office, clock, path = an_office(SECTIONS), VirtualClock(START), tmp_path / "office.db"
    workflow, database = a_workflow(path, office, clock)
    sent_tables(workflow, clock, office)
    database.close()
    acts, acknowledged = _acts(office), list[str]()
    warmed_before_forking()
    with MailSink(tmp_path / "mail") as sink:
        for _ in range(KILLS):
            done = len(acknowledged)
            acknowledged += _run_and_kill(path, office, acts[done:], sink.port, moments.uniform(0, LATEST_KILL))
        arrived = Counter(mail.message_id for mail in read_maildir(tmp_path / "mail"))
    database = open_database(f"sqlite:///{path}")

    urged = _urged(database)
    assert len(acknowledged) >= KILLS
    assert set(acknowledged) <= set(urged)
    assert set(urged.values()) == {1}
    assert verify(database).valid
    assert run_invariants(f"sqlite:///{path}") == []
    assert set(arrived) <= {message.message_id for message in database.messages()}
