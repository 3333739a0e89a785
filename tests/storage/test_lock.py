"""One daemon per database; the lock is free the moment its holder dies, however it dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.errors import DaemonRunning, NoDatabase
from storage.lock import DaemonLock

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
    with another_daemon(url) as process, pytest.raises(DaemonRunning, match=f"pid {process.pid}"):
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
        with DaemonLock(url), pytest.raises(DaemonRunning, match=f"pid {os.getpid()}"):
            DaemonLock(url).__enter__()


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match="none"):
        DaemonLock(f"sqlite:///{tmp_path}/none/office.db").__enter__()
