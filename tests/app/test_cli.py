"""What the office sees on the command line: the documents of the specification, and errors that say what to do."""

import csv
import fcntl
import json
import os
import pty
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import termios
from contextlib import closing, suppress
from pathlib import Path

import pytest
from rich.cells import cell_len

from app.cli import main
from app.place import DEMO_CASE, PROJECT
from app.replay import Replayed
from tests.app.conftest import Kaoji

STATUS = {
    "report", "period", "unit", "unit_name", "level", "state", "round", "version", "due_at", "overdue",
    "submitted_at", "holders", "route", "waits", "signoffs", "entries", "cases",
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
    assert set(document) == STATUS | {"table"}
    assert (document["unit_name"], document["due_at"]) == ("市容管理科", "2015-10-13T17:00:00+08:00")
    assert document["entries"][1] == {
        "indicator": "hwgg", "rank": 6, "field": 11, "estimated": False, "three_district_rank": 1, "flags": ["weak"],
    }  # fmt: skip
    assert [row["person"] for row in document["signoffs"]] == ["shirong.head", "leader.a"]


def test_the_overdue_board_lists_only_the_overdue(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("status", "--period", "2015-10", "--overdue", "--json")
    lines = json.loads(printed)

    assert [line["report"] for line in lines] == ["2015-10/shirong", "2015-10/chaiwei"]
    assert set(lines[0]) == STATUS - {"entries", "signoffs", "route", "waits"}


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
    ["who"],
    ["status", "--missing"],
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
    assert max(cell_len(line.rstrip()) for line in printed.splitlines()) <= 80
    title = next(line for line in printed.splitlines() if "期次" in line)
    assert title.split() == ["期次", "单位", "状态", "灯", "时限", "办理人"]


@pytest.mark.parametrize(
    "question",
    [
        ["status", "2015-11/shirong"],
        ["history", "2015-10/zhidui"],
        ["case", "show", "3"],
        ["inbox", "bureau.assessor"],
        ["liaison", "list"],
        ["who"],
    ],
)
def test_every_page_fits_a_narrow_terminal(played: tuple[Replayed, Path], question: list[str]) -> None:
    printed = _on_a_terminal(80, played[1] / "office.db", *question)

    lines = [line.rstrip() for line in printed.splitlines()]
    assert [line for line in lines if cell_len(line) > 80 and not line.startswith(("接下来", "立项", "办理人"))] == []


def test_the_narrow_table_is_a_block_for_each_indicator(played: tuple[Replayed, Path]) -> None:
    printed = _on_a_terminal(80, played[1] / "office.db", "status", "2015-11/shirong")

    assert re.search(
        r"1\. 市容环境综合整治（srzz）\s+最新排名\s+预计第3位（三区第2）\s+读作\s+第3/11，预估，三区第2", printed
    )
    assert re.search(r"三区比较\s+鹿城第2、瓯海第7、龙湾第3；.*\s+年终承诺目标\s+全市前3\s+上期\s+第2，退1位", printed)


# --- the table and what changed ------------------------------------------------------------------------------------


def test_a_signer_reads_the_table_itself(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("report", "show", "2015-11/shirong")

    for words in ("预计第3位", "第3/11，预估", "鹿城第2、瓯海第7", "全市前3", "第2，退1位"):
        assert words in printed


def test_the_table_is_a_document_too(kaoji: Kaoji) -> None:
    document = json.loads(kaoji("status", "2015-11/shirong", "--json")[1])
    (row, _) = document["table"]

    assert (row["indicator"], row["name"]) == ("srzz", "市容环境综合整治")
    assert row["read"] == {
        "kind": "ranked", "rank": 3, "field": 11, "best": 3, "worst": 3, "tied": False, "estimated": True,
        "three_district_rank": 2,
    }  # fmt: skip
    assert (row["last_month"]["period"], row["last_month"]["rank_text"], row["last_month"]["rank"]) == (
        "2015-10",
        "第2",
        2,
    )


# --- names ---------------------------------------------------------------------------------------------------------


def test_people_units_and_indicators_are_named(kaoji: Kaoji) -> None:
    pages = [
        kaoji(*question)[1]
        for question in (["history", "2015-10/shirong"], ["status", "2015-10/shirong"], ["liaison", "list"], ["who"])
    ]

    assert "市容管理科负责人（shirong.head）" in pages[0]
    assert "市容环境综合整治（srzz）" in pages[1]
    assert "市容管理科填报人（shirong.clerk）" in pages[2]
    assert "分管领导甲（leader.a）" in pages[3]


def test_a_name_does_where_a_code_does(kaoji: Kaoji) -> None:
    for by_name, by_code in (
        (["inbox", "局考绩办"], ["inbox", "bureau.assessor"]),
        (["status", "2015-10/市容管理科"], ["status", "2015-10/shirong"]),
        (["status", "--unit", "市容管理科"], ["status", "--unit", "shirong"]),
        (["history", "2015-10/直属执法中队"], ["history", "2015-10/zhidui"]),
    ):
        assert json.loads(kaoji(*by_name, "--json")[1]) == json.loads(kaoji(*by_code, "--json")[1]) != []


def test_a_word_of_the_board_is_a_state(kaoji: Kaoji) -> None:
    by_word = json.loads(kaoji("status", "--state", "已督查", "--json")[1])

    assert by_word == json.loads(kaoji("status", "--state", "supervised", "--json")[1]) != []
    assert json.loads(kaoji("status", "--state", "分管领导已签", "--json")[1]) == []


ENGLISH = re.compile(
    r"\b(?:report|table|case|points|holder|interview|feedback|system|None|draft|submitted|kind)_?\w*\b"
)


@pytest.mark.parametrize("question", [*QUESTIONS, ["rank", "parse", "并列第2", "--field", "11"]])
def test_no_code_stands_where_a_word_belongs(kaoji: Kaoji, question: list[str]) -> None:
    _, printed, _ = kaoji(*question)

    assert ENGLISH.findall(re.sub(r"kaoji [a-z]+ [a-z]+|forms/\S+", "", printed)) == []


# --- reasons and evidence ------------------------------------------------------------------------------------------


def test_history_says_why_and_in_which_round(kaoji: Kaoji) -> None:
    lines = json.loads(kaoji("history", "2015-10/zhidui", "--json")[1])
    _, printed, _ = kaoji("history", "2015-10/zhidui")
    returned = next(line for line in lines if line["kind"] == "report_returned")

    assert (returned["round"], returned["text"]) == (1, "排名请与市局核对")
    assert lines[-1]["round"] == 2
    for words in (
        "排名请与市局核对",
        "情况属实，请领导审签",
        "科室已签 → 起草",
        "落后指标：三区末位（第3）",
        "薄弱环节：未达年终承诺目标第",
    ):
        assert words in printed


def test_a_case_says_its_rule_with_numbers_its_people_and_what_follows(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("case", "show", "3")
    document = json.loads(kaoji("case", "show", "3", "--json")[1])

    assert "立项时排名：第7；依据：落后指标：三区末位（第3）" in printed
    assert "立项后10个工作日内没有反馈整改情况" in printed
    assert "接下来：2015-11-03 17:00 前约谈" in printed
    assert document["grounds"][0] == {"rule": "last_district", "rank": 3, "limit": 3}
    assert document["next"] == [{"what": "interview_due", "at": "2015-11-03T17:00:00+08:00"}]
    assert printed.count("提醒约谈") == 1


def test_why_says_the_rule_the_numbers_and_the_person(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("why", "2015-10/zhidui")
    reasons = json.loads(kaoji("why", "2015-10/zhidui", "--json")[1])["reasons"]

    assert "每月13日报送，时限是2015年10月13日 17:00" in printed
    assert "落后指标：三区末位（第3）" in printed
    assert "立项后10个工作日内没有反馈整改情况" in printed
    assert {one["about"] for one in reasons} == {"deadline", "flag", "case"}
    assert all(one["person"] and one["event"] and one["grounds"] for one in reasons)


def test_an_inbox_says_why_a_case_waits(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("inbox", "bureau.assessor")

    assert "立项后10个工作日" in printed


def test_why_of_points_says_how_they_were_counted(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("why", "2015-10/bureau/lutian")

    assert "每件扣1分" in printed
    assert "全年至多10分" in printed


def test_why_of_a_row_that_was_not_flagged_says_so(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("why", "2015-10/shirong/srzz")
    status, _, told = kaoji("why", "2015-10/shirong/nothing")

    assert "没有判定它落后、退步或薄弱" in printed
    assert (status, "没有 2015-10/shirong/nothing" in told) == (1, True)


def test_history_says_of_the_last_reminder_that_it_is_due_that_day(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("history", "2015-10/shirong")

    assert "距时限 1 个工作日" in printed
    assert "今天截止" in printed
    assert "距时限 0" not in printed


def test_a_deduction_that_may_be_confirmed_says_so_as_a_sentence(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("case", "show", "2015-10/bureau/lutian")

    assert "接下来：考绩办现在可以确认扣分；不予扣分随时可以" in printed


# --- what people wrote is words, never markup, never a control -----------------------------------------------------

HOSTILE = "[/x][link=http://evil.example]点我[/link][red]红[/red]\x1b]0;标题\x07\x1b[2J\u202e倒"


@pytest.mark.parametrize(
    ("spoilt", "question"),
    [
        ("UPDATE liaison_contact SET text = ?", ["liaison", "list"]),
        ("UPDATE signoff SET opinion = ?", ["status", "2015-10/shirong"]),
        ("UPDATE report_entry SET rank_text = ?", ["status", "2015-10/shirong"]),
        ("UPDATE report_entry SET target = ?", ["report", "show", "2015-10/shirong"]),
    ],
)
def test_words_of_people_are_shown_as_they_are_and_cannot_steer_the_terminal(
    kaoji: Kaoji, a_copy: Path, spoilt: str, question: list[str]
) -> None:
    with closing(sqlite3.connect(a_copy)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(spoilt, (HOSTILE,))

    status, printed, errors = kaoji(*question, database=f"sqlite:///{a_copy}")

    assert (status, errors) == (0, "")
    assert "[/x]" in printed
    assert "[link" in printed
    assert set(printed) & set("\x1b\x07\u202e") == set()


# --- the board of an old month -------------------------------------------------------------------------------------


def test_an_old_month_does_not_show_the_cases_of_later_ones(kaoji: Kaoji) -> None:
    cases = json.loads(kaoji("case", "list", "--unit", "jianguan", "--json")[1])
    assert {case["report"] for case in cases if case["closed_at"] is None} == {"2015-11/jianguan"}

    october, november = (kaoji("status", "--unit", "jianguan", "--period", of)[1] for of in ("2015-10", "2015-11"))

    assert "考绩扣分" not in october
    assert "考绩扣分1" in november


def test_what_was_submitted_late_is_no_longer_called_overdue(kaoji: Kaoji) -> None:
    _, printed, _ = kaoji("status", "2015-10/shirong")

    assert "● 红·迟报" in printed


# --- nothing to show -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (["status", "--period", "2014-01"], "没有符合条件的报表\n下一期 2016-02 将于 2月1日 09:00 开启"),
        (["status", "--missing"], "没有未报的报表\n下一期 2016-02 将于 2月1日 09:00 开启"),
        (["inbox", "district.leader"], "区分管领导（district.leader）没有待办\n下一期 2016-02"),
        (["case", "list", "--open", "--unit", "chaiwei"], "没有未销号的督查件"),
    ],
)
def test_an_empty_answer_says_so_and_what_comes_next(kaoji: Kaoji, question: list[str], said: str) -> None:
    status, printed, _ = kaoji(*question)

    assert status == 0
    assert printed.startswith(said)
    assert json.loads(kaoji(*question, "--json")[1]) == []


def _on_a_terminal(columns: int, database: Path, *arguments: str) -> str:
    """What a command shows on a terminal of that width, without its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    office = ["--config", str(DEMO_CASE / "config.yaml"), "--database", f"sqlite:///{database}"]
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    kaoji = Path(sys.executable).with_name("kaoji")
    with subprocess.Popen([str(kaoji), *office, *arguments], stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        with os.fdopen(ours, "rb", buffering=0) as terminal, suppress(OSError):  # the end of a terminal is an error
            while some := terminal.read(65536):
                shown += some
        assert process.wait(30) == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()).replace("\r", "")
