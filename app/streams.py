"""What passes between this program and a terminal: every text can be printed, and every argument is text."""

import codecs
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_STAND_INS: Final = {"✓": "√", "✗": "×", "…": "...", "—": "-", "·": ".", "●": "*"}


def speak_plainly() -> None:
    """Let standard output and error print anything: what their encoding lacks is printed as what comes next to it."""
    codecs.register_error("kaoji", _stand_in)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="kaoji")


def _stand_in(fault: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    lacking = fault.object[fault.start : fault.end]
    told = ""
    for sign in lacking:
        stand_in = _STAND_INS.get(sign, "")
        try:
            stand_in.encode(fault.encoding)
        except UnicodeEncodeError:
            stand_in = ""
        told += stand_in or sign.encode("ascii", "backslashreplace").decode()
    return told, fault.end


def undecodable(arguments: Sequence[str]) -> str | None:
    """The first argument whose bytes are no text in the terminal's encoding, shown by those bytes; None if all are."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            return argument.encode(errors="backslashreplace").decode()
    return None


def own_command() -> str:
    """How this program is called in a fresh shell here: `kaoji` where that is found, else the path of its script."""
    import shutil

    script = Path(sys.argv[0]) if Path(sys.argv[0]).name == "kaoji" else Path(sys.executable).with_name("kaoji")
    found = shutil.which("kaoji")
    if found and Path(found).resolve() == script.resolve():
        return "kaoji"
    here = Path.cwd()
    return str(script.relative_to(here)) if script.is_relative_to(here) else str(script)
