"""The real daemon as a process: what was due in its absence is done once, whatever kills it; and it stops when told."""

import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.clock import SystemClock
from app.place import DEMO_CASE
from notifications.sink import MailSink
from states.purposes import Purpose
from storage.database import engine_of, open_database
from storage.errors import DaemonRunning
from storage.lock import DaemonLock
from storage.schema import create
from tests.app.builders import founded, lived_since_last_month
from tests.storage.builders import no_parameters
from workflow.audit import verify

KAOJI = Path(sys.executable).with_name("kaoji")
SECTIONS = 6


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Path]:
    """A configuration whose first period was last month's, with a mail server of its own."""
    last_month = (SystemClock().now().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    with MailSink(tmp_path / "mail") as sink:
        own = (
            "\ndatabase: {url: 'sqlite:///office.db'}\n"
            f"mail: {{host: 127.0.0.1, port: {sink.port}, tls: none, sender: kaoji@longwan.example}}\n"
            f"daemon: {{heartbeat_seconds: 1, first_period: '{last_month}'}}\n"
        )
        config = tmp_path / "config.yaml"
        config.write_text((DEMO_CASE / "config.yaml").read_text(encoding="utf-8") + own, encoding="utf-8")
        (tmp_path / "indicators.csv").write_bytes((DEMO_CASE / "indicators.csv").read_bytes())
        create(_url(config))
        lived_since_last_month(config)
        yield config


@contextmanager
def _daemon(config: Path) -> Iterator[subprocess.Popen[str]]:
    with (config.parent / f"log-{time.monotonic_ns()}").open("w") as log:
        daemon = subprocess.Popen([str(KAOJI), "--config", str(config), "serve"], stderr=log, text=True)
    try:
        yield daemon
    finally:
        if daemon.poll() is None:
            daemon.kill()
        daemon.wait(timeout=30)


def _url(config: Path) -> str:
    return f"sqlite:///{config.parent / 'office.db'}"


def _until(holds: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.1)


def _overdue_sent(config: Path) -> Counter[tuple[object, str]]:
    with open_database(_url(config), read_only=True) as database:
        messages = database.messages(state="sent")
    overdue = (message for message in messages if message.purpose is Purpose.OVERDUE)
    return Counter((message.facts["report"], message.recipient) for message in overdue)


def test_an_overdue_prompt_arrives_once_though_the_daemon_is_killed(office: Path) -> None:
    with _daemon(office) as first:
        _until(lambda: len(_overdue_sent(office)) > 2 * SECTIONS)
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=10)
    with _daemon(office) as second:
        _until(lambda: _settled(office))
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=30) == 0

    assert set(_overdue_sent(office).values()) == {1}
    with open_database(_url(office), read_only=True) as database:
        assert verify(database).valid
        assert database.waiting() == 0


def _settled(config: Path) -> bool:
    with open_database(_url(config), read_only=True) as database:
        return database.waiting() == 0


def test_questions_are_answered_while_it_runs_and_a_second_one_is_refused(office: Path) -> None:
    with _daemon(office):
        _until(lambda: bool(_overdue_sent(office)))
        asked = _kaoji(office, "status", "--overdue", "--json")
        second = _kaoji(office, "serve")

    assert asked.returncode == 0
    assert "shirong" in asked.stdout
    assert second.returncode == 1
    assert len(second.stderr.splitlines()) == 2


def test_it_makes_no_database_and_says_which_is_lost(office: Path) -> None:
    for beside in office.parent.glob("office.db*"):
        beside.rename(beside.with_name(f"aside-{beside.name}"))

    new = _kaoji(office, "serve")
    (office.parent / "office.db.mark").touch()
    lost = _kaoji(office, "serve")

    assert (new.returncode, lost.returncode) == (1, 1)
    assert "kaoji init" in new.stderr
    assert "kaoji restore" in lost.stderr
    assert list(office.parent.glob("office.db")) == []


def test_it_stops_when_another_file_takes_the_place_of_its_database(office: Path) -> None:
    database = office.parent / "office.db"
    with _daemon(office) as daemon:
        _until(lambda: bool(_overdue_sent(office)))
        shutil.copy(database, office.parent / "copy.db")
        (office.parent / "copy.db").replace(database)
        assert daemon.wait(timeout=30) == 1

    assert "换成另一个文件" in _logs(office)


def test_it_stops_when_another_took_the_lock_its_server_forgot(office: Path, empty_postgres_url: str) -> None:
    text = office.read_text(encoding="utf-8").replace("sqlite:///office.db", empty_postgres_url)
    office.write_text(text, encoding="utf-8")
    create(empty_postgres_url)
    lived_since_last_month(office)

    with _daemon(office) as daemon:
        _until(lambda: "daemon_ready" in _logs(office))
        with contextlib.ExitStack() as held:
            _until(lambda: _taken_over(empty_postgres_url, held))
            assert daemon.wait(timeout=30) == 1

    assert "守护进程" in _logs(office)


def _taken_over(url: str, held: contextlib.ExitStack) -> bool:
    """End the sessions of the server, as its restart does, and be quicker than the daemon to take the lock."""
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    no_parameters(engine_of(url), f"{ended} pg_backend_pid()")
    try:
        held.enter_context(DaemonLock(url))
    except DaemonRunning:
        return False
    return True


def _logs(config: Path) -> str:
    return "".join(log.read_text(encoding="utf-8") for log in config.parent.glob("log-*"))


def test_a_history_cut_short_is_refused(office: Path) -> None:
    """The last events are in the log beside the database until the last process closes it."""
    with _daemon(office) as daemon:
        _until(lambda: bool(_overdue_sent(office)))
        assert _kaoji(office, *_URGE).returncode == 0
        daemon.kill()
        daemon.wait(timeout=10)
    for beside in ("office.db-wal", "office.db-shm"):
        (office.parent / beside).unlink()

    for asked in (["serve"], _URGE, ["check"], ["audit", "verify"]):
        answered = _kaoji(office, *asked)

        assert answered.returncode == 1
        assert re.search(r"缺第 \d+–\d+ 条流转记录", answered.stderr), asked


def test_a_daemon_keeps_outside_its_database_how_far_that_came(office: Path) -> None:
    """Also where nobody has acted: an older copy put in its place is found out."""
    with open_database(_url(office), read_only=True) as database:
        events, _ = database.head()
    with _daemon(office) as daemon:
        _until((office.parent / "office.db.mark").exists)
        daemon.kill()
        daemon.wait(timeout=10)
    for beside in ("office.db", "office.db-wal", "office.db-shm"):
        (office.parent / beside).unlink(missing_ok=True)
    create(f"sqlite:///{office.parent / 'older.db'}")
    (office.parent / "older.db").rename(office.parent / "office.db")

    answered = _kaoji(office, "serve")

    assert answered.returncode == 1
    assert re.search(rf"缺第 1–{events} 条流转记录", answered.stderr)


_LAST_MONTH = (SystemClock().now().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
_URGE = ("report", "urge", f"{_LAST_MONTH}/shirong", "--as", "office")


def _kaoji(config: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(KAOJI), "--config", str(config), *arguments], capture_output=True, text=True, timeout=30, check=False
    )


def test_it_stops_when_told_amid_years_of_timers(office: Path) -> None:
    for beside in office.parent.glob("office.db*"):
        beside.unlink()
    began = SystemClock().now() - timedelta(days=350)
    text = office.read_text(encoding="utf-8")
    stated = f"first_period: '{began:%Y-%m}', longest_downtime: 366"
    office.write_text(re.sub(r"first_period: '[^']*'", stated, text), encoding="utf-8")
    create(_url(office))
    founded(office, began.replace(day=1))

    with _daemon(office) as daemon:
        _until(lambda: _opened(office) > SECTIONS)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=30) == 0

    with open_database(_url(office), read_only=True) as database:
        assert verify(database).valid
        assert max(report.period for report in database.reports()) < f"{SystemClock().now():%Y-%m}"


def _opened(config: Path) -> int:
    with open_database(_url(config), read_only=True) as database:
        return len(database.reports())


def test_the_daily_acts_are_done_at_their_time(office: Path) -> None:
    copies = office.parent / "copies"
    copies.mkdir()
    soon = (SystemClock().now() + timedelta(seconds=8)).astimezone(ZoneInfo("Asia/Shanghai"))
    text = office.read_text(encoding="utf-8").replace(
        "daemon: {",
        f"backup: {{folder: copies, time: '{soon:%H:%M:%S}'}}\ndaemon: {{self_check_time: '{soon:%H:%M:%S}', ",
    )
    office.write_text(text, encoding="utf-8")

    with _daemon(office) as daemon:
        _until(lambda: [line for line in _logged(office) if line["event"] == "self_check_done"] != [])
        _until(lambda: [line for line in _logged(office) if line["event"] == "backup_done"] != [])
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=30) == 0

    done = {line["event"]: line for line in _logged(office)}
    assert done["self_check_done"]["wrong"] == 0
    (copy,) = copies.iterdir()
    assert str(copy) == done["backup_done"]["file"]
    with open_database(f"sqlite:///{copy}", read_only=True) as database:
        assert verify(database).valid


def _logged(config: Path) -> list[dict[str, Any]]:
    """What the daemons of that office have logged."""
    lines = [line for file in sorted(config.parent.glob("log-*")) for line in file.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.endswith("}")]
