"""Whole processes: the shipped case played, a question and an act from the shell, the daemon at rest."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from app.place import DEMO_CASE
from app.replay import replay
from benchmarks.measuring import Aim, heading, show
from storage.schema import create

KAOJI = Path(sys.executable).with_name("kaoji")
TIMES = 10


def simulation(scratch: Path) -> None:
    """The shipped case, with every form read and every mail sent over SMTP."""
    heading("the shipped case, every form read, every mail sent over SMTP")
    played = replay(DEMO_CASE, database_url=f"sqlite:///{scratch / 'sim.db'}", maildir=scratch / "mail")
    show("events a second", [played.verdict.events / played.seconds], ",.0f")
    print(f"  ({played.verdict.events} events, {played.sent} mails, {played.seconds:.2f} s)")


def start(scratch: Path) -> None:
    """A question and an act as processes, beside a bare Python that opens the same file; then the daemon at rest."""
    heading("processes, beside a bare python that asks the same file by sqlite3")
    if not (scratch / "sim.db").exists():
        replay(DEMO_CASE, database_url=f"sqlite:///{scratch / 'sim.db'}", maildir=scratch / "mail")
    _status(scratch / "sim.db")
    office = scratch / "office"
    shutil.copytree(DEMO_CASE, office, ignore=shutil.ignore_patterns("forms"))
    create(f"sqlite:///{office / 'kaoji.db'}")
    _daemon(office)
    _act(office)


def _status(path: Path) -> None:
    ask = [str(KAOJI), "--config", str(DEMO_CASE / "config.yaml"), "--database", f"sqlite:///{path}"]
    _beside_bare("kaoji status REF --json", [*ask, "status", "2015-10/shirong", "--json"], path, Aim(most=3))


def _act(office: Path) -> None:
    """An act that is refused in the end: it takes the whole way there, and can be repeated."""
    act = [str(KAOJI), "--config", str(office / "config.yaml"), "report", "urge", "2015-10/none", "--as"]
    _beside_bare("an act from the console", [*act, "shirong.clerk"], office / "kaoji.db", Aim(most=8), refused=True)


def _beside_bare(what: str, command: Sequence[str], path: Path, aim: Aim, *, refused: bool = False) -> None:
    bare_code = f"import sqlite3;print(sqlite3.connect({str(path)!r}).execute('select * from report').fetchone())"
    mine, bare = [], []
    _seconds(command, refused=refused)
    for _ in range(TIMES):
        mine.append(_seconds(command, refused=refused))
        bare.append(_seconds([sys.executable, "-c", bare_code]))
    show(f"{what}, ms", [1000 * one for one in mine], ",.0f")
    show("  a bare python, ms", [1000 * one for one in bare], ",.0f")
    show("  ratio", [one / other for one, other in zip(mine, bare, strict=True)], aim=aim)


def _seconds(arguments: Sequence[str], *, refused: bool = False) -> float:
    """How long a process takes, one that is `refused` in the end included."""
    # Where Python may not keep what it compiled, it would be the compiler that is measured.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(arguments, check=not refused, capture_output=True, env=environment)
    return time.perf_counter() - began


def _daemon(office: Path) -> None:
    """Time to `daemon_ready`, and resident memory of the idle daemon."""
    began = time.perf_counter()
    daemon = subprocess.Popen(
        [str(KAOJI), "--config", str(office / "config.yaml"), "serve"], stderr=subprocess.PIPE, text=True
    )
    try:
        while daemon.stderr is not None and "daemon_ready" not in (line := daemon.stderr.readline()):
            if not line:
                raise RuntimeError("the daemon did not become ready")
        ready_seconds = time.perf_counter() - began
        time.sleep(2)
        status = Path(f"/proc/{daemon.pid}/status")
        resident = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    finally:
        daemon.terminate()
        daemon.communicate(timeout=40)
    show("daemon ready, s", [ready_seconds], aim=Aim(most=1))
    show("idle daemon, MiB", [int(resident) / 1024], ",.0f", Aim(most=100))
