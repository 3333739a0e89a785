"""What the office sees on the command line: the documents of the specification, and errors that say what to do."""

import csv
import fcntl
import json
import os
import pty
import shutil
import sqlite3
import struct
import subprocess
import sys
import termios
from contextlib import closing
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.text import Text

from app.cli import main
from app.place import DEMO_CASE, PROJECT
from app.replay import Replayed
from tests.app.conftest import Kaoji

STATUS = {
    "report", "period", "unit", "unit_name", "level", "state", "round", "version", "due_at", "overdue",
    "submitted_at", "holders", "signoffs", "entries", "cases",
}  # fmt: skip
CASE = {
    "case", "unit", "indicator", "report", "trigger", "state", "opened_at", "closed_at", "points", "points_status",
}  # fmt: skip


@pytest.fixture
def a_copy(played: tuple[Replayed, Path], tmp_path: Path) -> Path:
    """A copy of the replayed database that a test may harm."""
    path = tmp_path / "copy.db"
    with closing(sqlite3.connect(played[1] / "office.db")) as one, closing(sqlite3.connect(path)) as other:
        one.backup(other)
    return path


def test_status_of_one_report_is_the_specified_document(kaoji: Kaoji) -> None:
    status, printed, errors = kaoji("status", "2015-10/shirong", "--json")
    document = json.loads(printed)

    assert (status, errors) == (0, "")
    assert set(document) == STATUS
    assert (document["unit_name"], document["due_at"]) == ("市容管理科", "2015-10-13T17:00:00+08:00")
    assert document["entries"][1] == {
        "indicator": "hwgg", "rank": 6, "field": 11, "estimated": False, "three_district_rank": 1, "flags": ["weak"],
    }  # fmt: skip
    assert [row["person"] for row in document["signoffs"]] == ["shirong.head", "leader.a"]


def test_the_overdue_board_lists_only_the_overdue(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("status", "--period", "2015-10", "--overdue", "--json")
    lines = json.loads(printed)

    assert [line["report"] for line in lines] == ["2015-10/shirong", "2015-10/chaiwei"]
    assert set(lines[0]) == STATUS - {"entries", "signoffs"}


def test_the_case_list_is_the_specified_document(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("case", "list", "--json")
    lines = json.loads(printed)

    assert set(lines[0]) == CASE
    assert len(lines) == 27


QUESTIONS = [
    ["status"],
    ["status", "2015-10/shirong"],
    ["case", "list"],
    ["case", "show", "3"],
    ["history", "2015-10/shirong"],
    ["liaison", "list"],
    ["inbox", "leader.a"],
]


@pytest.mark.parametrize("command", QUESTIONS)
def test_every_question_has_a_table_too(kaoji: Kaoji, command: list[str]) -> None:
    status, printed, _ = kaoji(*command)

    assert status == 0
    assert printed.strip()


def test_rank_parse_reads_every_example(capsys: pytest.CaptureFixture[str]) -> None:
    with (PROJECT / "cases" / "ranks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert main(["rank", "parse", row["text"], "--field", row["field"], "--json"]) == 0
        printed = json.loads(capsys.readouterr().out)
        told = {name: _as_written(value) for name, value in printed.items()}
        assert told == {name: row[name] for name in told}, row["text"]


def _as_written(value: object) -> str:
    if value is None:
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def test_the_audit_is_proven(kaoji: Kaoji) -> None:
    status, printed, _ = kaoji("audit", "verify")

    assert status == 0
    assert "有效" in printed


@pytest.mark.parametrize("column", ["payload", "actor", "hash", "at", "kind"])
def test_one_changed_byte_of_an_event_is_found_and_named(kaoji: Kaoji, a_copy: Path, column: str) -> None:
    with closing(sqlite3.connect(a_copy)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        old = connection.execute(f"SELECT {column} FROM event WHERE seq = 40").fetchone()[0]
        new = old[:-2] + ("1" if old[-2] != "1" else "2") + old[-1]
        connection.execute(f"UPDATE event SET {column} = ? WHERE seq = 40", (new,))

    status, _, errors = kaoji("audit", "verify", database=f"sqlite:///{a_copy}")

    assert status == 1
    assert "第 40 条" in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status", "2015-10/nobody"], "没有报表"),
        (["case", "show", "999"], "没有督查件"),
        (["history", "2015-10/nobody"], "没有"),
    ],
)
def test_an_unknown_subject_is_two_lines_and_status_one(
    kaoji: Kaoji, a_copy: Path, arguments: list[str], said: str
) -> None:
    before = _records(a_copy)
    status, printed, errors = kaoji(*arguments, database=f"sqlite:///{a_copy}")

    assert _records(a_copy) == before
    assert (status, printed) == (1, "")
    assert said in errors
    assert len(errors.splitlines()) == 2


def _records(path: Path) -> dict[str, list[tuple[object, ...]]]:
    tables = ("event", "report", "report_entry", "supervision_case", "signoff", "message", "duty")
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


def test_wrong_usage_is_status_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["report", "sign", "2015-10/shirong"])

    assert caught.value.code == 2
    assert "--as" in capsys.readouterr().err


def test_a_wrong_configuration_stops_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    office = tmp_path / "office"
    shutil.copytree(DEMO_CASE, office, ignore=shutil.ignore_patterns("forms"))
    config = office / "config.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("due_day: 13", "due_day: 32"), encoding="utf-8")

    status = main(["--config", str(config), "check"])
    errors = capsys.readouterr().err

    assert status == 1
    assert "config.yaml:" in errors
    assert "32" in errors


def test_a_narrow_terminal_gets_fewer_columns_and_whole_dates(played: tuple[Replayed, Path]) -> None:
    printed = _on_a_terminal(80, played[1] / "office.db", "status", "--period", "2015-12")

    assert printed.count("2015-12-11 17:00") == 6
    assert printed.count("2015-12-15 17:00") == 1
    assert max(cell_len(Text.from_ansi(line).plain.rstrip()) for line in printed.splitlines()) <= 80


def _on_a_terminal(columns: int, database: Path, *arguments: str) -> str:
    """What a command shows on a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    office = ["--config", str(DEMO_CASE / "config.yaml"), "--database", f"sqlite:///{database}"]
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    kaoji = Path(sys.executable).with_name("kaoji")
    subprocess.run([str(kaoji), *office, *arguments], stdout=theirs, env=environment, check=True, timeout=30)
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        return terminal.read1(100_000).decode()
