"""Parses office files from strangers in a process of its own, which has little memory and little time.

A damaged .xls makes the library behind us ask for hundreds of gigabytes and abort the whole process; other files keep
it busy for minutes. What happens there must not happen to the daemon, or to a command that has other files to read.

One process reads one form at a time and is kept for the next one, because starting it takes longer than reading. It
is ended, and another one started for the next form, when it dies or overruns.
"""

import atexit
import json
import os
import selectors
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Any, cast

from documents.document import Document, from_plain
from documents.problem import FormError, Problem, refusal

SECONDS = 20.0
"""How long one form may take by the clock on the wall."""
LONGEST = 64 * 1024 * 1024
"""Bytes of the longest answer that is taken."""

_SECONDS_TO_START = 60.0
_PROGRAM = (sys.executable, "-P", "-s", "-m", "documents.child")
_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME")
_RESAVE = "请用 WPS 或 Excel、Word 打开，另存为 .xlsx 或 .docx 后再报"


class ChildFailure(Exception):  # noqa: N818  it says what became of the process, and is the cause of a FormError
    """The process ended before it answered, or was ended; the last lines it wrote are part of the message."""


class _Overrun(ChildFailure):
    """It took too long, or answered too much."""


class Sandbox:
    """Hands forms to processes of the program, at most one of them kept idle. Threads may share it."""

    def __init__(self, program: Sequence[str] = _PROGRAM, *, seconds: float = SECONDS) -> None:
        self._program = program
        self._seconds = seconds
        self._lock = threading.Lock()
        self._idle: _Child | None = None

    def parse(self, file: str, content: bytes, kind: str) -> Document:
        """Return the tables of an office file of a known kind. FormError, also if it broke the process that read it.

        RuntimeError if the program does not start.
        """
        child = self._take()
        try:
            plain = child.ask({"file": file, "kind": kind}, content, self._seconds)
        except _Overrun as failure:
            raise refusal(
                file, "文件读不完（内容过多，或已损坏）", f"请只留本表，{_RESAVE.removeprefix('请')}"
            ) from failure
        except ChildFailure as failure:
            raise refusal(file, "文件已损坏，读取时出错", _RESAVE) from failure
        finally:
            self._give_back(child)
        if "problems" in plain:
            raise FormError(Problem(**problem) for problem in plain["problems"])
        return from_plain(file, plain)

    def close(self) -> None:
        """End the idle process."""
        with self._lock:
            child, self._idle = self._idle, None
        if child is not None and child.owner == os.getpid():
            child.end()

    def _take(self) -> "_Child":
        with self._lock:
            # After a fork the process belongs to the parent: two readers of one pipe would get each other's answers.
            if self._idle is not None and self._idle.owner == os.getpid():
                child, self._idle = self._idle, None
                return child
        return _Child(self._program)

    def _give_back(self, child: "_Child") -> None:
        with self._lock:
            if child.is_fit and self._idle is None:
                self._idle = child
                return
        child.end()


class _Child:
    """One process and its folder. `is_fit` while it has answered every question."""

    def __init__(self, program: Sequence[str]) -> None:
        self.owner = os.getpid()
        self.is_fit = False
        self._folder = Path(mkdtemp(prefix="kaoji-form-"))
        try:
            with (self._folder / "errors").open("wb") as errors:
                self._process = subprocess.Popen(
                    [*program, str(self._folder)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=self._environment(),
                    start_new_session=True,  # Ctrl+C is meant for us
                )
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

        self._requests = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)

    def _environment(self) -> dict[str, str]:
        """Nothing of ours that a parser gone wrong could tell: the address of the database may hold a password."""
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        here = str(Path(__file__).resolve().parents[1])
        return {**passed_on, "PYTHONPATH": here, "PYTHONUTF8": "1", "TMPDIR": str(self._folder)}

    def ask(self, request: dict[str, str], content: bytes, seconds: float) -> dict[str, Any]:
        """Return the answer. Raises ChildFailure, or RuntimeError if the program does not start."""
        if not self.is_fit:
            self._await_start(time.monotonic() + _SECONDS_TO_START)
        self.is_fit = False
        (self._folder / "form").write_bytes(content)
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except BrokenPipeError:
            raise ChildFailure(self._last_words()) from None
        line = self._line(time.monotonic() + seconds)
        if not line.endswith(b"\n"):
            raise ChildFailure(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        self.is_fit = True
        return answer

    def _await_start(self, until: float) -> None:
        """Tell a broken installation from a broken file."""
        try:
            has_started = self._line(until) == b"ready\n"
        except _Overrun:
            has_started = False
        if not has_started:
            raise RuntimeError(f"the process that reads forms does not start: {self._last_words()}")

    def _line(self, until: float) -> bytes:
        """Return what comes up to the end of a line; without one where the process ended first. Raises _Overrun."""
        line = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                left = until - time.monotonic()
                if left <= 0 or not selector.select(left) or len(line) > LONGEST:
                    raise _Overrun(f"no answer in time, {len(line)} bytes of it so far")
                piece = os.read(self._answers.fileno(), 1024 * 1024)
                if not piece:
                    break
                line += piece
        return bytes(line)

    def _last_words(self) -> str:
        self._process.kill()
        status = self._process.wait()
        words = (self._folder / "errors").read_bytes()[-2_000:].decode(errors="replace")
        return f"exit status {status}: {words.strip()}"

    def end(self) -> None:
        """End the process and remove its folder."""
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):  # what it was still to be told does not matter any more
            self._requests.close()
        self._answers.close()
        shutil.rmtree(self._folder, ignore_errors=True)


_shared = Sandbox()
atexit.register(_shared.close)


def parse(file: str, content: bytes, kind: str) -> Document:
    """Return the tables of an office file, as `Sandbox.parse` does, in the process all forms of this program share."""
    return _shared.parse(file, content, kind)
