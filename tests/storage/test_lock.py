"""One daemon per database; the lock is free the moment its holder dies, however it dies."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from storage.database import engine_of
from storage.errors import DaemonRunning, DatabaseLost, NoDatabase
from storage.lock import DaemonLock
from storage.sqlite import connect
from tests.postgres import database_on
from tests.storage.builders import no_parameters

HOLDER = """
import sys, time
from storage.lock import DaemonLock
with DaemonLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_daemon(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_daemon_is_refused_and_told_who_holds_the_lock(url: str) -> None:
    with another_daemon(url) as process, pytest.raises(DaemonRunning, match=f"进程号 {process.pid}"):
        DaemonLock(url).__enter__()


def test_the_lock_is_free_after_its_holder_is_killed(url: str) -> None:
    with another_daemon(url) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    taken_at = time.monotonic()

    while True:
        try:
            with DaemonLock(url):
                break
        except DaemonRunning:
            assert time.monotonic() - taken_at < 2
            time.sleep(0.01)


def test_the_lock_can_be_taken_again_after_its_block(url: str) -> None:
    for _ in range(3):
        with DaemonLock(url), pytest.raises(DaemonRunning, match=f"进程号 {os.getpid()}"):
            DaemonLock(url).__enter__()


def test_another_name_for_a_database_is_the_same_database(tmp_path: Path, sqlite_template: Path) -> None:
    office = Path(shutil.copy(sqlite_template, tmp_path / "office.db"))
    (tmp_path / "link.db").symlink_to(office)
    (tmp_path / "hard.db").hardlink_to(office)

    with another_daemon(f"sqlite:///{office}"):
        for other in ("link.db", "hard.db"):
            with pytest.raises(DaemonRunning):
                DaemonLock(f"sqlite:///{tmp_path / other}").__enter__()


def test_a_deleted_lock_file_unlocks_nothing(tmp_path: Path, sqlite_template: Path) -> None:
    office = Path(shutil.copy(sqlite_template, tmp_path / "office.db"))

    with another_daemon(f"sqlite:///{office}"):
        Path(f"{office}.lock").unlink()
        with pytest.raises(DaemonRunning):
            DaemonLock(f"sqlite:///{office}").__enter__()


def test_the_lock_leaves_sqlites_own_locks_alone(tmp_path: Path, sqlite_template: Path) -> None:
    """The last process to close a database takes its log away: nobody may be taken for gone who is at work."""
    office = Path(shutil.copy(sqlite_template, tmp_path / "office.db"))
    with closing(connect(office)) as held:
        held.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with DaemonLock(f"sqlite:///{office}"), pytest.raises(DaemonRunning):
                DaemonLock(f"sqlite:///{office}").__enter__()

        script = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
        other = subprocess.run([sys.executable, "-c", script, office], capture_output=True, text=True, check=False)

    assert "locked" in other.stderr


def test_the_words_name_the_holder_without_a_gap(tmp_path: Path, sqlite_template: Path) -> None:
    office = Path(shutil.copy(sqlite_template, tmp_path / "office.db"))

    with another_daemon(f"sqlite:///{office}") as process, pytest.raises(DaemonRunning) as refused:
        DaemonLock(f"sqlite:///{office}").__enter__()

    assert f"已由守护进程（进程号 {process.pid}）使用" in refused.value.message


def test_the_lock_of_a_server_is_taken_again_when_its_session_was_lost(postgres: str) -> None:
    for url in database_on(postgres, "TEMPLATE template"):
        with DaemonLock(url) as lock:
            assert lock.held()
            end_sessions(url)

            assert lock.held()
            with pytest.raises(DaemonRunning):
                DaemonLock(url).__enter__()


def test_a_daemon_that_lost_its_lock_to_another_is_told(postgres: str) -> None:
    for url in database_on(postgres, "TEMPLATE template"):
        with DaemonLock(url) as lock:
            end_sessions(url)
            with another_daemon(url) as process, pytest.raises(DaemonRunning, match=f"进程号 {process.pid}"):
                lock.held()


def end_sessions(url: str) -> None:
    no_parameters(
        engine_of(url),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


@pytest.mark.parametrize("instead", ["nothing", "a copy"])
def test_a_daemon_is_told_that_its_database_was_taken_away(tmp_path: Path, sqlite_template: Path, instead: str) -> None:
    office = Path(shutil.copy(sqlite_template, tmp_path / "office.db"))

    with DaemonLock(f"sqlite:///{office}") as lock:
        assert lock.held()
        office.rename(tmp_path / "aside.db")
        if instead == "a copy":
            shutil.copy(sqlite_template, office)

        with pytest.raises(DatabaseLost):
            lock.held()


def test_no_lock_is_left_where_there_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase):
        DaemonLock(f"sqlite:///{tmp_path}/office.db").__enter__()

    assert list(tmp_path.iterdir()) == []


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match=f"目录 {tmp_path}/none 不存在") as refused:
        DaemonLock(f"sqlite:///{tmp_path}/none/office.db").__enter__()

    assert refused.value.remedy == "请建立该目录，或改正 database.url"
