"""The daemon stops when told, whatever the mail server does and whoever holds the database; its log may be full."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.clock import SystemClock
from app.place import DEMO_CASE
from notifications.sink import MailSink, read_maildir
from storage.database import open_database
from storage.schema import create
from tests.app.builders import lived_since_last_month
from tests.notifications.smtp_server import SILENT, Script, an_smtp_server
from workflow.audit import verify
from workflow.ports import Beat, Delivery

SERVE = """
import sys
from argparse import Namespace
from pathlib import Path
from app.daemon import StopIn, serve
ends_by = float(*sys.argv[2:] or [5])
sys.exit(serve(Namespace(config=Path(sys.argv[1]), database=None), StopIn(mails=1, writes=1, all=ends_by)))
"""
"""The daemon with less patience at its end: 5 seconds at most, instead of 28."""


def an_office(folder: Path, port: int) -> Path:
    """A configuration with plenty of mail to send from the first beat on, 16 at once."""
    own = (
        "\ndatabase: {url: 'sqlite:///office.db'}\n"
        f"mail: {{host: 127.0.0.1, port: {port}, sender: kaoji@longwan.example, connections: 16}}\n"
        "daemon: {heartbeat_seconds: 1}\n"
    )
    config = folder / "config.yaml"
    config.write_text((DEMO_CASE / "config.yaml").read_text(encoding="utf-8") + own, encoding="utf-8")
    shutil.copy(DEMO_CASE / "indicators.csv", folder)
    create(url_of(config))
    lived_since_last_month(config)
    return config


def url_of(config: Path) -> str:
    return f"sqlite:///{config.parent / 'office.db'}"


@contextmanager
def a_daemon(config: Path, log: Path, *ends_by: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as said:
        daemon = subprocess.Popen([sys.executable, "-c", SERVE, str(config), *ends_by], stderr=said)
    try:
        yield daemon
    finally:
        if daemon.poll() is None:
            daemon.kill()
        daemon.wait(timeout=10)


def stopped_after(daemon: subprocess.Popen[bytes]) -> float:
    """Tell it to stop. How many seconds it took; it ends with status 0."""
    told = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(timeout=40) == 0
    return time.monotonic() - told


def until(holds: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)


def states(config: Path) -> Counter[Delivery]:
    with open_database(url_of(config), read_only=True) as database:
        return Counter(mail.state for mail in database.messages())


@pytest.mark.parametrize(
    ("script", "in_hand"),
    [
        ({"body": [SILENT] * 500}, Delivery.UNCERTAIN),
        ({"rcpt": [SILENT] * 500}, Delivery.PENDING),
        ({"mail": [SILENT] * 500}, Delivery.PENDING),
    ],
)
def test_it_stops_in_time_though_sixteen_answers_are_owed(tmp_path: Path, script: Script, in_hand: Delivery) -> None:
    """What the server may have is known to be uncertain, the rest waits as before; nothing is left in hand."""
    with an_smtp_server(script) as server:
        config = an_office(tmp_path, server.port)
        with a_daemon(config, tmp_path / "log") as daemon:
            until(lambda: states(config)[Delivery.SENDING] == 16)
            took = stopped_after(daemon)

    assert took < 4
    after = states(config)
    assert after[Delivery.SENDING] == 0
    assert after[in_hand] >= 16
    with open_database(url_of(config), read_only=True) as database:
        attempts = sum(mail.attempts for mail in database.messages())
    assert attempts == (16 if in_hand is Delivery.UNCERTAIN else 0)


def test_it_stops_in_time_though_another_program_holds_the_database(tmp_path: Path) -> None:
    with an_smtp_server({"body": [SILENT] * 500}) as server:
        config = an_office(tmp_path, server.port)
        with a_daemon(config, tmp_path / "log") as daemon:
            until(lambda: states(config)[Delivery.SENDING] == 16)
            with closing(sqlite3.connect(config.parent / "office.db", isolation_level=None)) as another:
                another.execute("BEGIN IMMEDIATE")
                took = stopped_after(daemon)

    assert took < 7
    with an_smtp_server() as server:
        text = config.read_text(encoding="utf-8")
        config.write_text(re.sub(r"port: \d+, sender", f"port: {server.port}, sender", text), encoding="utf-8")
        with a_daemon(config, tmp_path / "log2") as daemon:
            until(lambda: set(states(config)) == {Delivery.SENT})
            stopped_after(daemon)


def test_it_ends_by_its_last_moment_whatever_still_waits(tmp_path: Path) -> None:
    """A thread that waits for the database cannot be told to stop; what it has not committed is as if never begun."""
    with an_smtp_server({"body": [SILENT] * 500}) as server:
        config = an_office(tmp_path, server.port)
        with a_daemon(config, tmp_path / "log", "2.5") as daemon:
            until(lambda: states(config)[Delivery.SENDING] == 16)
            with closing(sqlite3.connect(config.parent / "office.db", isolation_level=None)) as another:
                another.execute("BEGIN IMMEDIATE")
                stopped_after(daemon)

    assert "daemon_stopped_by_force" in (tmp_path / "log").read_text()
    with open_database(url_of(config), read_only=True) as database:
        assert verify(database).valid


def test_a_clock_that_cannot_be_believed_holds_all_up_until_it_can(tmp_path: Path) -> None:
    """It is said once when that begins, and once when it ends; nothing is applied or sent meanwhile."""
    with MailSink(tmp_path / "mail") as sink:
        config = an_office(tmp_path, sink.port)
        with open_database(url_of(config)) as database, database.begin(SystemClock().now() + timedelta(days=400)) as tx:
            tx.beat(Beat(pid=1, host="server", started_at=SystemClock().now()))
            tx.commit()
        with a_daemon(config, tmp_path / "log") as daemon:
            until(lambda: "daemon_paused" in (tmp_path / "log").read_text())
            time.sleep(2.5)
            waiting = states(config)
            with closing(sqlite3.connect(config.parent / "office.db")) as connection, connection:
                connection.execute("UPDATE heartbeat SET at = ?", (f"{SystemClock().now():%Y-%m-%dT%H:%M:%S.%fZ}",))
            until(lambda: set(states(config)) == {Delivery.SENT})
            stopped_after(daemon)

    assert set(waiting) == {Delivery.PENDING}
    said = (tmp_path / "log").read_text()
    assert (said.count("daemon_paused"), said.count('"daemon_goes_on"')) == (1, 1)


def test_mails_that_are_held_stay_until_somebody_lets_them_go(tmp_path: Path) -> None:
    """After a restore they may have left before: what was sent twice cannot be taken back."""
    with MailSink(tmp_path / "mail") as sink:
        config = an_office(tmp_path, sink.port)
        with open_database(url_of(config)) as database, database.begin(SystemClock().now()) as tx:
            tx.beat(Beat(pid=1, host="server", started_at=SystemClock().now()))
            tx.hold_mail("office 恢复了备份")
            tx.commit()
        with a_daemon(config, tmp_path / "log") as daemon:
            until(lambda: "daemon_ready" in (tmp_path / "log").read_text())
            time.sleep(2.5)
            waiting = states(config)
            assert main(["--config", str(config), "resume", "--as", "office", "--reason", "已核对"]) == 0
            until(lambda: set(states(config)) == {Delivery.SENT})
            stopped_after(daemon)

    assert set(waiting) == {Delivery.PENDING}
    assert len(read_maildir(tmp_path / "mail")) == sum(waiting.values())


def test_an_ordinary_stop_takes_no_time(tmp_path: Path) -> None:
    with MailSink(tmp_path / "mail") as sink:
        config = an_office(tmp_path, sink.port)
        with a_daemon(config, tmp_path / "log") as daemon:
            until(lambda: set(states(config)) == {Delivery.SENT})
            took = stopped_after(daemon)

    assert took < 3
    assert "daemon_stopped" in (tmp_path / "log").read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_mail_goes_out_though_the_log_is_full(tmp_path: Path) -> None:
    with MailSink(tmp_path / "mail") as sink:
        config = an_office(tmp_path, sink.port)
        with a_daemon(config, Path("/dev/full")) as daemon:
            until(lambda: set(states(config)) == {Delivery.SENT})
            stopped_after(daemon)

    assert len(read_maildir(tmp_path / "mail")) == states(config)[Delivery.SENT]


def test_mail_goes_out_though_the_reader_of_the_log_is_gone(tmp_path: Path) -> None:
    with MailSink(tmp_path / "mail") as sink:
        config = an_office(tmp_path, sink.port)
        reading, writing = os.pipe()
        daemon = subprocess.Popen([sys.executable, "-c", SERVE, str(config)], stderr=writing)
        os.close(writing)
        os.close(reading)
        try:
            until(lambda: set(states(config)) == {Delivery.SENT})
            stopped_after(daemon)
        finally:
            daemon.kill()
            daemon.wait(timeout=10)

    assert len(read_maildir(tmp_path / "mail")) == states(config)[Delivery.SENT]
