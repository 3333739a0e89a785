"""The log may fail; nothing else fails with it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.place import PROJECT

FULL = Path("/dev/full")
LOGS = """
import logging, sys
import structlog
from app.log import configure
configure("info")
for number in range(int(sys.argv[1])):
    structlog.get_logger().info("mail_sent", number=number, words="考绩" * 500)
    logging.getLogger("elsewhere").warning("a library says %s", number)
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("broke")
print("done")
"""


def logged(stderr: int, times: int = 20) -> subprocess.CompletedProcess[str]:
    """A program that logs so many lines to that descriptor."""
    return subprocess.run(
        [sys.executable, "-c", LOGS, str(times)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=60,
        check=False,
    )


def lines(printed: str) -> Sequence[dict[str, object]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_every_line_of_the_log_is_one_json_object() -> None:
    done = logged(subprocess.PIPE)

    said = lines(done.stderr)
    assert (done.returncode, done.stdout, len(said)) == (0, "done\n", 41)
    assert [line["number"] for line in said if line["event"] == "mail_sent"] == list(range(20))
    assert "ZeroDivisionError" in str(said[-1]["exception"])


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_log_that_is_full_ends_nothing() -> None:
    with FULL.open("w") as full:
        done = logged(full.fileno())

    assert (done.returncode, done.stdout) == (0, "done\n")


def test_a_reader_that_is_gone_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = logged(writing)
    os.close(writing)

    assert (done.returncode, done.stdout) == (0, "done\n")


def test_a_reader_that_stands_still_holds_up_nothing() -> None:
    """Its pipe is full after 64 KiB."""
    reading, writing = os.pipe()

    done = logged(writing, times=200)
    os.close(writing)
    os.close(reading)

    assert (done.returncode, done.stdout) == (0, "done\n")


def test_a_reader_that_is_slow_gets_what_it_can_take() -> None:
    reading, writing = os.pipe()
    got: list[bytes] = []

    def read() -> None:
        while more := os.read(reading, 4096):
            got.append(more)

    reader = threading.Thread(target=read)
    reader.start()
    done = logged(writing)
    os.close(writing)
    reader.join(timeout=10)
    os.close(reading)

    assert done.returncode == 0
    assert len(lines(b"".join(got).decode())) == 41
