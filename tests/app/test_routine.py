"""What the daemon does once a day: copies that are kept in number, records that are proven, a calendar looked into."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Serving, put_together, read_settings
from app.cli import main
from app.clock import SystemClock, VirtualClock
from app.holidays import LAST_KNOWN_YEAR
from app.log import configure
from app.routine import Routine
from storage.backup import looked_through
from storage.database import open_database
from storage.schema import create
from tests.app.builders import a_working_office, an_office, founded, url_of
from workflow.ports import Beat

Said = Callable[[], list[dict[str, Any]]]
FOLDER = ("# folder: /mnt/backup ", "folder: copies ")
KEEP = ("  keep: 14 ", "  keep: 2 ")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """The lines of the log since it was last asked."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """An office at work, with a folder for its copies."""
    (tmp_path / "copies").mkdir()
    return a_working_office(tmp_path, FOLDER, KEEP)


def at_work(config: Path, clock: VirtualClock) -> Serving:
    """The parts of a daemon, its log set up on the standard error of the moment."""
    configure("info")
    return put_together(read_settings(config), clock)


def a_clock(after: timedelta = timedelta(0)) -> VirtualClock:
    return VirtualClock(SystemClock().now() + after)


# --- copies ----------------------------------------------------------------------------------------------------------


def test_of_the_daily_copies_the_latest_stay_and_each_is_whole(office: Path, said: Said) -> None:
    folder = office.parent / "copies"
    (folder / "kaoji-before-the-move.db").write_bytes(b"somebody's own")
    clock = a_clock()
    with at_work(office, clock) as running:
        for _ in range(3):
            asyncio.run(Routine(running).backup())
            clock.set(clock.now() + timedelta(days=1))
        last = running.database.mark()

    left = sorted(file.name for file in folder.iterdir())
    assert len(left) == 3
    assert left[0] == "kaoji-before-the-move.db"
    assert all(name.startswith("kaoji-daily-") for name in left[1:])
    assert looked_through(folder / left[-1]) == last
    events = [line["event"] for line in said()]
    assert events == ["backup_done", "backup_done", "backup_done", "backup_let_go"]


def test_what_a_stopped_daemon_left_half_done_goes_with_the_next_copy(office: Path) -> None:
    folder = office.parent / "copies"
    for name in ("kaoji-daily-20260101T020000.db", "kaoji-daily-20260101T020000.db.part"):
        (folder / name).touch()
    with at_work(office, a_clock()) as running:
        asyncio.run(Routine(running).backup())

    assert len(list(folder.iterdir())) == 1


def test_a_folder_that_is_not_there_is_told_of_and_not_made(office: Path, said: Said) -> None:
    (office.parent / "copies").rmdir()
    with at_work(office, a_clock()) as running:
        asyncio.run(Routine(running).backup())

    (line,) = said()
    assert (line["event"], line["level"]) == ("backup_failed", "error")
    assert str(office.parent / "copies") in line["reason"]
    assert not (office.parent / "copies").exists()


def checked(config: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    main(["--config", str(config), "check", "--json"])
    (found,) = [one for one in json.loads(capsys.readouterr().out) if one["what"] == "备份"]
    return dict(found)


def test_check_says_whether_the_copy_that_was_due_is_there(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beat = Beat(pid=1, host="here", started_at=SystemClock().now() - timedelta(days=3))
    with open_database(url_of(office)) as database, database.begin(SystemClock().now()) as tx:
        tx.beat(beat)
        tx.commit()
    missing = checked(office, capsys)
    with at_work(office, a_clock()) as running:
        asyncio.run(Routine(running).backup())
    there = checked(office, capsys)

    assert (missing["ok"], "而没有" in missing["detail"]) == (False, True)
    assert "backup_failed" in missing["remedy"]
    assert (there["ok"], there["remedy"]) == (True, "")
    assert "最近一份是" in there["detail"]


def test_without_a_folder_check_says_that_nothing_is_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = checked(an_office(tmp_path), capsys)

    assert (found["ok"], "没有设每日自动备份" in found["detail"]) == (True, True)


# --- the records -----------------------------------------------------------------------------------------------------


def harm(config: Path, statement: str) -> None:
    with closing(sqlite3.connect(config.parent / "kaoji.db")) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount > 0


def test_records_that_hold_are_proven_in_one_line(office: Path, said: Said) -> None:
    with at_work(office, a_clock()) as running:
        asyncio.run(Routine(running).self_check())

    (line,) = said()
    assert (line["event"], line["wrong"]) == ("self_check_done", 0)


def test_records_that_were_changed_behind_the_program_are_told_of(office: Path, said: Said) -> None:
    harm(office, "UPDATE event SET actor = 'somebody' WHERE seq = 7")
    with at_work(office, a_clock()) as running:
        asyncio.run(Routine(running).self_check())

    *found, done = said()
    assert (done["event"], done["wrong"]) == ("self_check_done", len(found))
    assert ("self_check_found", "error") in {(line["event"], line["level"]) for line in found}
    assert any("第 7 条" in line["detail"] for line in found)
    assert all(line["remedy"] for line in found)


def test_on_a_sunday_the_whole_history_is_proven_else_what_came_since(office: Path, said: Said) -> None:
    sunday = datetime(2026, 1, 4, 4, tzinfo=UTC)
    while sunday < SystemClock().now():
        sunday += timedelta(days=7)
    clock = VirtualClock(sunday)
    with at_work(office, clock) as running:
        asyncio.run(Routine(running).self_check())
        clock.set(sunday + timedelta(days=1))
        asyncio.run(Routine(running).self_check())

    done = [line["whole"] for line in said() if line["event"] == "self_check_done"]
    assert done == [True, False]


# --- the calendar ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("month", "warned"), [(10, []), (11, [LAST_KNOWN_YEAR + 1])])
def test_a_year_not_known_is_told_of_from_november_on(
    tmp_path: Path, said: Said, capsys: pytest.CaptureFixture[str], month: int, warned: list[int]
) -> None:
    config = an_office(tmp_path)
    create(url_of(config))
    founded(config, datetime(LAST_KNOWN_YEAR, month, 2, tzinfo=UTC))
    capsys.readouterr()
    with at_work(config, VirtualClock(datetime(LAST_KNOWN_YEAR, month, 3, tzinfo=UTC))) as running:
        asyncio.run(Routine(running).calendar())

    told = [line for line in said() if line["event"] == "calendar_unknown"]
    assert [line["year"] for line in told] == warned
    assert all("complete_years" in line["remedy"] for line in told)
