"""The log may fail; nothing else fails with it."""

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from app.place import PROJECT
from tests.app.builders import a_working_office, last_month

ACTS = """
from app.log import configure
from states import commands as c
from states.errors import Refused
from tests.states.builders import CLERK, HEAD, REF, STRANGER, Desk
from workflow.log import log
configure("info")
desk = Desk().live_until("2015-10-08 10:00")
desk.workflow.execute(c.Urge(command_id="one", actor=CLERK, report=REF))
try:
    desk.workflow.execute(c.Sign(command_id="three", actor=STRANGER, report=REF))
except Refused:
    pass
with log.about(command="four", person=HEAD, subject="report:x"):
    log.warning("meanwhile", words="\x1b]0;title\x07红")
log.warning("afterwards")
"""
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


# --- what is logged of an act ----------------------------------------------------------------------------------------


def test_an_act_is_one_line_and_whatever_is_logged_meanwhile_says_whose_it_is() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ACTS], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True
    )

    urged, refused, meanwhile, afterwards = (
        {name: value for name, value in line.items() if name != "timestamp"} for line in lines(done.stderr)
    )
    assert urged == {
        "event": "act_done", "level": "info", "act": "urge", "command": "one", "person": "shirong.clerk",
        "subject": "report:2015-10/shirong", "seq": urged["seq"], "version": 1,
    }  # fmt: skip
    assert refused["event"] == "act_refused"
    assert (refused["act"], refused["reason"], refused["command"]) == ("sign", "WrongState", "three")
    assert (meanwhile["command"], meanwhile["subject"]) == ("four", "report:x")
    assert set(afterwards) == {"event", "level"}


def test_a_person_at_a_terminal_reads_it_in_colour_and_nothing_steers_his_terminal() -> None:
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", ACTS], cwd=PROJECT, stderr=theirs, stdout=theirs, timeout=60, check=True)
    os.close(theirs)
    printed = b""
    with suppress(OSError):
        while more := os.read(ours, 65536):
            printed += more
    os.close(ours)
    text = printed.decode()

    assert "act_done" in text
    assert "{" not in text
    assert "\x1b[" in text, "it is in colour"
    assert "\x1b]" not in text
    assert "\x07" not in text
    assert "红" in text


def test_a_command_logs_its_act_where_it_is_asked_to(tmp_path: Path) -> None:
    config = a_working_office(tmp_path)
    kaoji = str(Path(sys.executable).with_name("kaoji"))
    urge = [kaoji, "--config", str(config), "report", "urge", f"{last_month()}/market", "--as", "office"]

    def said(**more: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "KAOJI_LOG_LEVEL"}
        done = subprocess.run(urge, env={**environment, **more}, capture_output=True, text=True, timeout=60, check=True)
        return done.stderr

    assert said() == ""
    assert said(KAOJI_LOG_LEVEL="nonsense") == ""
    (line,) = lines(said(KAOJI_LOG_LEVEL="info"))
    assert (line["event"], line["act"], line["person"]) == ("act_done", "urge", "office")
