"""What one signature writes to SQLite's log, and which tables and indexes weigh in it."""

import sqlite3
import struct
from collections import Counter
from contextlib import closing
from pathlib import Path

from benchmarks import office
from benchmarks.contender import SECTIONS
from benchmarks.measuring import Aim, heading, show
from storage.database import open_database

_HEADER, _FRAME = 32, 24


def written(scratch: Path) -> None:
    """KiB of the log per signature, the header of each page included, and the pages by what they belong to."""
    heading(f"the log of {2 * SECTIONS} signatures on SQLite")
    path = scratch / "wal.db"
    url = f"sqlite:///{path}"
    office.made_ready(url, SECTIONS)
    size, pages = _signed(path, url)
    acts = 2 * SECTIONS
    show("KiB of the log per signature", [len(pages) * (size + _FRAME) / acts / 1024], aim=Aim(most=43))
    owners = Counter(_owners(path).get(page, "pages of several, or free") for page in pages)
    for name, count in owners.most_common():
        print(f"  {name:<34} {count / acts:.2f} pages")


def _signed(path: Path, url: str) -> tuple[int, list[int]]:
    """Sign everything; the page size and the pages written meanwhile, each as often as it was."""
    of, clock = office.an_office(SECTIONS), office.a_clock()
    with open_database(url) as database, closing(sqlite3.connect(path)) as watcher:
        clock.set(max(row.at for row in database.events_of(f"report:{office.PERIOD}/s0000")))
        workflow = office.workflow_on(database, of, clock)
        watcher.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for act in office.signatures(of):
            workflow.execute(act)
        log = path.with_name(f"{path.name}-wal").read_bytes()
        size = struct.unpack(">I", log[8:12])[0]
    return size, [struct.unpack(">I", log[at : at + 4])[0] for at in range(_HEADER, len(log), size + _FRAME)]


def _owners(path: Path) -> dict[int, str]:
    """What each page of the file belongs to; empty where this SQLite was built without that table."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            return dict(connection.execute("SELECT pageno, name FROM dbstat").fetchall())
        except sqlite3.OperationalError:
            return {}
