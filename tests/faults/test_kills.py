"""The real daemon killed at random moments under load: what was acknowledged is there, and there once.

Half of the kills hit it while it catches up with a year's timers and their mail, half while staff act beside it. Both
are forked from this process, which has imported everything, so that a life takes a fraction of a second.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.bootstrap import put_together, read_settings
from app.clock import SystemClock
from app.daemon import serve
from app.log import configure
from app.place import DEMO_CASE
from notifications.render import Renderer
from notifications.sink import MailSink, read_maildir
from states import commands as c
from storage.check import run_invariants
from storage.database import Database, open_database
from storage.schema import create
from tests.app.builders import founded
from workflow.audit import verify

KILLS = int(os.environ.get("KAOJI_KILLS", "200"))
MONTHS_OF_TIMERS = 12
CONNECTIONS = 4
PAUSE = 0.005  # of the staff between two acts: the machine is to be busy, not choked
SECTIONS = ("shirong", "jianguan", "chaiwei", "huanwei", "fagui", "zhidui")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to start and kill many daemons quickly")


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """An office that nobody has served for a year, and a mail server that keeps what arrives."""
    began = (SystemClock().now() - timedelta(days=29 * MONTHS_OF_TIMERS)).replace(day=1)
    with MailSink(tmp_path / "mail") as sink:
        own = (
            "\ndatabase: {url: 'sqlite:///office.db'}\n"
            f"mail: {{host: 127.0.0.1, port: {sink.port}, tls: none, sender: kaoji@longwan.example}}\n"
            f"daemon: {{heartbeat_seconds: 1, first_period: '{began:%Y-%m}', longest_downtime: 366}}\n"
            "log: {level: error}\n"
        )
        (tmp_path / "indicators.csv").write_bytes((DEMO_CASE / "indicators.csv").read_bytes())
        (tmp_path / "config.yaml").write_text((DEMO_CASE / "config.yaml").read_text(encoding="utf-8") + own, "utf-8")
        create(f"sqlite:///{tmp_path / 'office.db'}")
        founded(tmp_path / "config.yaml", began)
        yield tmp_path / "config.yaml"


def _forked(work: Callable[[], object]) -> int:
    """The id of a new process that does the work and nothing else."""
    process = os.fork()
    if process == 0:
        try:
            work()
        finally:
            os._exit(0)
    return process


@contextmanager
def _killed_at_the_end(work: Callable[[], object]) -> Iterator[None]:
    process = _forked(work)
    try:
        yield
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _daemon(config: Path) -> Callable[[], object]:
    return lambda: serve(argparse.Namespace(config=config, database=None))


def _staff(config: Path, first: int, acknowledge: int) -> None:
    """Urge without end, each act acknowledged after its commit. However often it is done, it leaves event and mail."""
    configure(quiet=True)
    workflow = put_together(read_settings(config), SystemClock()).workflow
    month = (SystemClock().now().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    number = first
    while True:
        unit = SECTIONS[number % len(SECTIONS)]
        urge = c.Urge(command_id=f"urge {number}", actor=f"{unit}.clerk", report=f"{month}/{unit}", note=str(number))
        workflow.execute(urge)
        os.write(acknowledge, f"{urge.command_id}\n".encode())
        number += 1
        time.sleep(PAUSE)


def _life_beside_staff(config: Path, first: int, after: float, *, staff_first: bool) -> list[str]:
    """What staff had acknowledged when they and the daemon were killed."""
    reading, writing = os.pipe()
    lives = [_daemon(config), lambda: _staff(config, first, writing)]
    with os.fdopen(reading) as acknowledged:
        with _killed_at_the_end(lives[staff_first]), _killed_at_the_end(lives[not staff_first]):
            os.close(writing)
            head = acknowledged.readline()
            time.sleep(after)
        return [line for line in (head + acknowledged.read()).splitlines() if line]


def _until_all_is_done(config: Path, database: Database) -> int:
    """Let a last daemon work undisturbed, tell it to stop, and answer how it ended."""
    process = _forked(_daemon(config))
    deadline = time.monotonic() + 120
    while database.waiting() or not database.head()[0]:
        assert time.monotonic() < deadline, "mails wait though nobody disturbs the daemon"
        time.sleep(0.1)
    os.kill(process, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_or_doubled_by_kills(config: Path) -> None:
    """Kill -9 at random moments, again and again, on one database."""
    seed = int(os.environ.get("KAOJI_SEED", "1"))
    print(f"kills {KILLS}, seed {seed}", file=sys.stderr)
    dice = random.Random(seed)
    url = f"sqlite:///{config.parent / 'office.db'}"
    Renderer("http://kaoji.office.example")  # templates are compiled once, before anything is forked
    acknowledged: list[str] = []

    for _ in range(KILLS // 2):
        with _killed_at_the_end(_daemon(config)):
            time.sleep(dice.uniform(0.05, 0.25))
    for _ in range(KILLS - KILLS // 2):
        done, after = len(acknowledged), dice.uniform(0, 0.15)
        acknowledged += _life_beside_staff(config, done, after, staff_first=dice.random() < 0.5)

    with open_database(url, read_only=True) as database:
        assert _until_all_is_done(config, database) == 0
        events, messages = list(database.events()), list(database.messages())
        assert verify(database).valid
    assert run_invariants(url) == []
    urged = Counter(row.command_id for row in events if row.kind == "holder_urged")
    assert len(acknowledged) >= KILLS - KILLS // 2
    assert {f"act {command_id}" for command_id in acknowledged} <= set(urged)
    assert set(urged.values()) == {1}
    arrived = Counter(mail.message_id for mail in read_maildir(config.parent / "mail"))
    print(
        f"acknowledged {len(acknowledged)}, lost {len({f'act {one}' for one in acknowledged} - set(urged))},"
        f" doubled {sum(count > 1 for count in urged.values())}; events {len(events)}; mails {len(messages)},"
        f" never arrived {len(messages) - len(arrived)}, copies {sum(arrived.values()) - len(arrived)}",
        file=sys.stderr,
    )
    assert set(arrived) == {message.message_id for message in messages}
    assert sum(arrived.values()) - len(arrived) <= CONNECTIONS * KILLS  # a mail in flight may come again, an act never
