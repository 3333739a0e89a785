"""The process that parses: `python -m documents.child FOLDER`.

It reads one request a line from standard input, `{"file": …, "kind": …}`, takes the bytes from `form` in its folder,
and answers with one line: the document as plain data, or the problems. It ends when the input does.
"""

import json
import os
import resource
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from documents.document import to_plain
from documents.parsing import parse
from documents.problem import FormError

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space; a form takes a tenth of it."""
WRITTEN = 64 * 1024 * 1024
"""Bytes of the largest file it may write: room for an unpacked copy."""
SECONDS = 10
"""Of processor time for one form; a form of a usual size takes a hundredth of one."""


def restrict(memory: int = MEMORY) -> None:
    """Take from this process what a parser has no use for. Systems that lack a limit go without it."""
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def allow(seconds: int) -> None:
    """Let this process use so much more processor time; the system ends it when it wants more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


def answer(request: Mapping[str, str], content: bytes) -> dict[str, Any]:
    """Parse one form."""
    try:
        return to_plain(parse(request["file"], content, request["kind"]))
    except FormError as refused:
        return {"problems": [asdict(problem) for problem in refused.problems]}


def main() -> None:
    """Answer until there are no more requests."""
    folder = Path(sys.argv[1])
    os.chdir(folder)
    restrict()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        allow(SECONDS)
        json.dump(answer(json.loads(line), Path("form").read_bytes()), sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()
    # Whoever asked is gone, perhaps killed: nobody else would take the folder away.
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
