"""Remembers a configuration that was checked whole, so that an act or a question need not check it again word for word.

The memo is good only while every file it was read from is the same to the byte, and the program too. It holds no
password and serves acts and questions alone: `check` and the daemon always read the files themselves.
"""

import os
import pickle
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.settings import Settings

_TICK = 0.02
"""Seconds by which a file system's clock may lag behind the system's."""

_PROGRAM = (Path(__file__).parent, Path(__file__).parents[1] / "states")


@dataclass(frozen=True, slots=True)
class _Memo:
    program: str
    files: tuple[tuple[str, str], ...]
    settings: "Settings"


def recalled(config: Path) -> "Settings | None":
    """The settings as last checked, if nothing they came from has changed; None where that cannot be said."""
    place = _place(config)
    try:
        if place is None or place.stat().st_uid != os.getuid() or place.stat().st_mode & 0o022:
            return None
        memo = pickle.loads(place.read_bytes())  # noqa: S301  nobody but this user can write the file
        is_good = isinstance(memo, _Memo) and memo.program == _program() and memo.files == _digests(memo.files)
    except Exception:  # noqa: BLE001  a memo that cannot be used is no memo
        return None
    return memo.settings if is_good else None


def remember(settings: "Settings", began: datetime) -> None:
    """Keep settings that were checked, without the password. Where nothing can be kept, nothing is.

    `began` is when their reading began: of a file changed since, nobody knows what was read.
    """
    from dataclasses import replace

    place = _place(settings.path)
    if place is None:
        return
    kept = replace(settings, mail=replace(settings.mail, password=None), warnings=())
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError):
        if any(file.stat().st_ctime > began.timestamp() - _TICK for file in settings.files):
            return
        digests = _digests(tuple((str(file.absolute()), "") for file in settings.files))
        memo = _Memo(_program(), digests, kept)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            pickle.dump(memo, file)
        draft.replace(place)


def _place(config: Path) -> Path | None:
    """Where the memo of that configuration is kept: in the user's own cache."""
    base = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("HOME") and f"{os.environ['HOME']}/.cache")
    name = sha256(str(config.absolute()).encode()).hexdigest()[:24]
    return Path(base, "kaoji", f"{name}.checked") if base else None


def _digests(files: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, sha256(Path(name).read_bytes()).hexdigest()) for name, _ in files)


def _program() -> str:
    """What changes whenever the program that checked it does."""
    stamps = [f"{path} {path.stat().st_mtime_ns}" for folder in _PROGRAM for path in sorted(folder.glob("*.py"))]
    return sha256("\n".join(stamps).encode()).hexdigest()
