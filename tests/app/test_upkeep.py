"""What keeps the office sound: migrate, check, the proof of the audit, and its export for whoever trusts nobody."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.bootstrap import read_settings
from app.check import Finding, _calendar, _tell
from app.cli import main
from app.clock import SystemClock
from app.holidays import LAST_KNOWN_YEAR, workdays
from app.log import configure
from app.place import Place
from app.upkeep import proven
from notifications.sink import MailSink
from storage.database import Database, engine_of, open_database
from storage.lock import DaemonLock
from storage.schema import create
from tests.app.builders import (
    a_working_office,
    all_sent,
    an_office,
    complete_years,
    last_month,
    records,
    url_of,
)
from tests.storage.builders import a_claim
from workflow.ports import EventRow, Outcome

Run = Callable[..., tuple[int, str, str]]

REF = f"{last_month()}/market"


@pytest.fixture(scope="module")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a mail server that takes everything."""
    with MailSink(tmp_path_factory.mktemp("mail")) as sink:
        yield sink.port


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory, mail_server: int) -> Path:
    """An office at work, to copy."""
    config = a_working_office(tmp_path_factory.mktemp("founded"), ("port: 2525", f"port: {mail_server}"))
    all_sent(config)
    return config


@pytest.fixture
def kaoji(office: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line on that office: status, standard output, standard error."""

    def run(*arguments: str, config: Path = office) -> tuple[int, str, str]:
        status = main(["--config", str(config), *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def harm(config: Path, *statements: str) -> None:
    """What a stranger with a database tool does."""
    with closing(sqlite3.connect(config.parent / "kaoji.db")) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, "nothing was harmed"


# --- migrate -------------------------------------------------------------------------------------------------------


def test_migrate_makes_no_database(kaoji: Run, tmp_path: Path) -> None:
    config = an_office(tmp_path / "new")

    status, printed, said = kaoji("migrate", config=config)

    assert (status, printed) == (1, "")
    assert "kaoji init" in said
    assert not (tmp_path / "new" / "kaoji.db").exists()


def test_migrate_is_refused_while_a_daemon_runs(kaoji: Run, office: Path) -> None:
    with DaemonLock(url_of(office)):
        status, printed, said = kaoji("migrate")

    assert (status, printed) == (1, "")
    assert f"进程号 {os.getpid()}" in said
    assert "停止" in said


def test_migrating_again_changes_nothing(kaoji: Run, office: Path) -> None:
    before = records(office)

    assert kaoji("migrate")[0] == 0

    assert records(office) == before


def test_migrate_takes_another_database_by_name(kaoji: Run, tmp_path: Path) -> None:
    create(f"sqlite:///{tmp_path / 'other.db'}")

    assert kaoji("--database", f"sqlite:///{tmp_path / 'other.db'}", "migrate")[0] == 0


# --- check ---------------------------------------------------------------------------------------------------------


def findings(printed: str) -> dict[str, bool]:
    """How each thing looked at stands; not well if any of its findings is not."""
    found: dict[str, bool] = {}
    for one in json.loads(printed):
        assert set(one) == {"what", "ok", "detail", "remedy"}
        assert one["ok"] or one["remedy"]
        found[one["what"]] = found.get(one["what"], True) and one["ok"]
    return found


def test_all_is_well_in_an_office_at_work(kaoji: Run, office: Path, mail_server: int) -> None:
    before = records(office)

    status, printed, said = kaoji("check")

    assert (status, said) == (0, "")
    assert [line[:1] for line in printed.splitlines()] == [*"✓✓✓✓✓✓-✓✓"]
    assert f"127.0.0.1:{mail_server} 可以连接" in printed
    assert records(office) == before


@pytest.mark.parametrize(
    ("console", "pages", "told"),
    [
        ("true", "", (True, "")),
        ("true", "https://kaoji.office.example", (True, "console_acts: false")),
        ("false", "https://kaoji.office.example", (True, "")),
        ("false", "", (False, "网页的地址")),
    ],
)
def test_check_says_whether_the_console_is_open_to_acts_for_others(
    kaoji: Run, tmp_path: Path, console: str, pages: str, told: tuple[bool, str]
) -> None:
    config = an_office(
        tmp_path / "new",
        ("# console_acts: true ", f"console_acts: {console} "),
        ('link_base: ""', f'link_base: "{pages}"'),
    )

    (found,) = [one for one in json.loads(kaoji("check", "--json", config=config)[1]) if one["what"] == "控制台代办"]

    well, advised = told
    assert found["ok"] is well
    assert (advised in found["remedy"]) if advised else found["remedy"] == ""


def test_check_as_json_is_one_document(kaoji: Run) -> None:
    status, printed, said = kaoji("check", "--json")

    assert (status, said) == (0, "")
    assert findings(printed) == dict.fromkeys(
        ["配置", "概况", "下一期", "控制台代办", "日历", "流转记录", "备份", "邮件", "邮件服务器"], True
    )


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        ("I01", f"UPDATE report SET state = 'section_signed', step = 1 WHERE ref = '{REF}'"),
        ("I05", "DELETE FROM event WHERE seq = 3"),
        ("I08", "UPDATE message SET audit_head = 'x' WHERE id = 1"),
        ("K01", f"UPDATE report SET seq = seq + 1 WHERE ref = '{REF}'"),
    ],
)
def test_a_broken_invariant_is_named_with_its_row_and_what_to_do(
    kaoji: Run, office: Path, code: str, statement: str
) -> None:
    harm(office, statement)

    status, printed, said = kaoji("check")

    assert status == 1
    assert f"✗ 数据库 {code}：" in said
    assert "✗ 流转记录：" in said
    assert "kaoji audit verify" in said
    assert "✓ 邮件服务器" in printed


def test_a_broken_database_does_not_hide_the_rest(kaoji: Run, office: Path) -> None:
    (office.parent / "kaoji.db").write_bytes(b"no database at all " * 100)
    for beside in office.parent.glob("kaoji.db-*"):
        beside.unlink()

    status, printed, said = kaoji("check", "--json")

    assert status == 1
    assert [what for what, well in findings(printed).items() if not well] == ["数据库"]
    assert {"配置", "概况", "日历", "邮件服务器"} < set(findings(printed))
    assert len(said.splitlines()) == 2


def test_a_database_not_yet_made_is_told_to_be_made(kaoji: Run, office: Path) -> None:
    for file in office.parent.glob("kaoji.db*"):
        file.unlink()

    status, printed, said = kaoji("check")

    assert (status, said) == (0, "")
    assert "- 数据库：还没有数据库，运行 kaoji init 建立" in printed.splitlines()


def test_a_mail_given_up_is_named_with_its_reader_and_the_servers_words(kaoji: Run, office: Path) -> None:
    due = "next_attempt_at = '1970-01-01T00:00:00.000000Z'"
    harm(office, f"UPDATE message SET state = 'pending', sent_at = NULL, {due} WHERE id = 1")
    with open_database(url_of(office)) as database:
        now = SystemClock().now()
        mail, *_ = database.claim(a_claim(now, timedelta(minutes=2)))
        database.finish(mail, Outcome.PERMANENT, now, answer="550 no such\nuser here", next_attempt_at=None)

    status, _, said = kaoji("check")

    assert status == 1
    wrong, remedy = said.splitlines()
    assert f"{mail.name}（{mail.recipient}）<{mail.address}>" in wrong
    assert "550 no such user here" in wrong
    assert f"编号：{mail.id}" in remedy


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (f"UPDATE report SET wake_at = '2099-01-01T00:00:00.000000Z' WHERE ref = '{REF}'", "定时器被改动"),
        (
            f"UPDATE report SET wake_at = NULL, timers_until = '9999-01-01T00:00:00.000000Z' WHERE ref = '{REF}'",
            "那时还没有到",
        ),
        (f"UPDATE report SET holders = '[]' WHERE ref = '{REF}'", "当前办理人被改动"),
        ("UPDATE duty SET wake_at = NULL", "定时器缺失"),
        ("UPDATE duty SET timers_until = '9999-01-01T00:00:00.000000Z' WHERE kind = 'opening'", "那时还没有到"),
        ("UPDATE duty SET wake_at = NULL, timers_until = '9999-12-31T00:00:00.000000Z'", "那时还没有到"),
        ("UPDATE supervision_case SET timers_until = '9999-12-31T23:59:59.999999Z'", "那时还没有到"),
        ("UPDATE supervision_case SET wake_at = '2099-01-01T00:00:00.000000Z'", "定时器被改动"),
    ],
)
def test_clockwork_put_out_of_gear_is_named(kaoji: Run, office: Path, statement: str, named: str) -> None:
    harm(office, statement)

    status, _, said = kaoji("check")

    assert status == 1
    assert named in said
    assert "kaoji restore" in said


@pytest.mark.parametrize(
    ("command", "question"),
    [
        (["liaison", "visit", "market", "--as", "market.clerk", "--text", "赴市"], "kaoji liaison list --unit market"),
        (["report", "urge", REF, "--as", "office"], f"kaoji history {REF}"),
    ],
)
def test_who_cannot_know_whether_it_was_done_is_told_how_to_see(
    kaoji: Run, office: Path, command: list[str], question: str
) -> None:
    with closing(sqlite3.connect(office.parent / "kaoji.db")) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'full'); END")

    status, _, said = kaoji(*command)

    assert status == 1
    assert f"请先用 {question} 查看是否已经办理" in said


def test_files_that_others_may_open_are_named(kaoji: Run, office: Path) -> None:
    (office.parent / "kaoji.db").chmod(0o644)

    status, _, said = kaoji("check")

    assert status == 1
    assert "✗ 文件权限：" in said
    assert f"chmod 600 {office.parent / 'kaoji.db'}" in said


def test_a_timer_that_failed_is_named(kaoji: Run, office: Path) -> None:
    with open_database(url_of(office)) as database:
        now = SystemClock().now()
        with database.begin(now) as tx:
            tx.defer_wake(f"report:{REF}", now + timedelta(hours=1), "ValueError: a rule fell over")
            tx.commit()

    status, _, said = kaoji("check")

    wrong, remedy = said.splitlines()
    assert status == 1
    assert f"report:{REF}" in wrong
    assert "a rule fell over" in wrong
    assert "重试" in remedy


# --- the calendar --------------------------------------------------------------------------------------------------


def calendar_on(config: Path, year: int, month: int) -> list[Finding]:
    now = datetime(year, month, 15, tzinfo=UTC)
    return list(_calendar(Place(config=config, database=None, now=now), read_settings(config)))


def test_a_calendar_that_covers_the_present_is_well(tmp_path: Path) -> None:
    (finding,) = calendar_on(an_office(tmp_path), LAST_KNOWN_YEAR, 10)

    assert (finding.well, finding.remedy) == (True, "")


@pytest.mark.parametrize("month", [11, 12])
def test_a_calendar_that_ends_with_this_year_warns_in_time(tmp_path: Path, month: int) -> None:
    (finding,) = calendar_on(an_office(tmp_path), LAST_KNOWN_YEAR, month)

    assert finding.well
    assert f"缺 {LAST_KNOWN_YEAR + 1} 年" in finding.detail
    assert f"calendar.complete_years: [{LAST_KNOWN_YEAR + 1}]" in finding.remedy


def test_a_year_the_calendar_does_not_know_is_not_well(tmp_path: Path) -> None:
    this, following = calendar_on(an_office(tmp_path), LAST_KNOWN_YEAR + 1, 11)

    assert (this.well, following.well) == (False, True)
    assert f"缺 {LAST_KNOWN_YEAR + 1} 年" in this.detail
    assert f"缺 {LAST_KNOWN_YEAR + 2} 年" in following.detail


def test_a_year_the_calendar_does_not_know_is_named_once(tmp_path: Path) -> None:
    (finding,) = calendar_on(an_office(tmp_path), LAST_KNOWN_YEAR + 1, 10)

    assert f"缺 {LAST_KNOWN_YEAR + 1} 年" in finding.detail


def test_one_stated_day_does_not_make_a_year_known(tmp_path: Path) -> None:
    stated = an_office(tmp_path, ("holidays: []", f"holidays: [{LAST_KNOWN_YEAR + 1}-01-01]"))

    (finding,) = calendar_on(stated, LAST_KNOWN_YEAR, 12)

    assert f"缺 {LAST_KNOWN_YEAR + 1} 年，配置里只写了 1 天" in finding.detail


def test_a_year_called_complete_is_known(tmp_path: Path) -> None:
    stated = an_office(tmp_path, ("holidays: []", complete_years(LAST_KNOWN_YEAR + 1)))

    (finding,) = calendar_on(stated, LAST_KNOWN_YEAR, 12)

    assert (finding.detail, finding.remedy) == (f"放假调休安排收录到 {LAST_KNOWN_YEAR + 1} 年", "")


def test_a_year_not_known_whole_is_warned_of_while_it_is_worked_with(capsys: pytest.CaptureFixture[str]) -> None:
    year = LAST_KNOWN_YEAR + 1
    configure("warning")

    for complete in (frozenset[int](), frozenset({year})):
        is_workday = workdays(frozenset(), frozenset({date(year, 1, 1)}), complete)
        assert (is_workday(date(year, 1, 1)), is_workday(date(year, 1, 4))) == (False, date(year, 1, 4).weekday() < 5)

    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["year"]) for line in said] == [("calendar_unknown", year)]


def test_a_warning_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    _tell(Finding(what="日历", well=True, detail="缺一年", remedy="请补上"), Namespace(json=False))

    assert capsys.readouterr() == ("! 日历：缺一年\n  → 请补上\n", "")


# --- the audit -----------------------------------------------------------------------------------------------------


HASH = -1
"""Where the hash stands among the columns of an event."""


def test_the_proof_as_json_says_how_far_it_came(kaoji: Run, office: Path) -> None:
    status, printed, said = kaoji("audit", "verify", "--json")

    rows = records(office)["event"]
    assert (status, said) == (0, "")
    assert json.loads(printed) == {
        "events": len(rows),
        "head": rows[-1][HASH],
        "valid": True,
        "bad_event": None,
        "problem": None,
    }


def test_a_broken_proof_as_json_names_the_first_bad_event(kaoji: Run, office: Path) -> None:
    good = records(office)["event"]
    harm(office, "UPDATE event SET actor = 'somebody' WHERE seq = 7")

    status, printed, said = kaoji("audit", "verify", "--json")

    document = json.loads(printed)
    assert status == 1
    assert (document["valid"], document["bad_event"], document["events"]) == (False, 7, 6)
    assert document["head"] == good[5][HASH]
    assert said.splitlines() == [document["problem"], "请立即保全数据库和邮件，用最近的备份对照；不要在其上继续办理"]


def test_the_proof_changes_nothing_and_needs_no_right_to_write(kaoji: Run, office: Path) -> None:
    before = records(office)

    assert kaoji("audit", "verify")[0] == 0

    assert records(office) == before


def recomputed(exported: str) -> tuple[int, str]:
    """Prove an exported chain with nothing but json and hashlib; how many events, and the last hash."""
    seq, head = 0, hashlib.sha256(b"kaoji genesis 1").hexdigest()
    fields = ("seq", "at", "actor", "command_id", "kind", "subject", "item_seq", "from_state", "to_state", "version")
    for line in exported.splitlines():
        event = json.loads(line)
        assert event["seq"] == seq + 1
        assert event["prev_hash"] == head
        since = [event[name] for name in ("door", "proof", "command_sha256", "mails_sha256")]
        domain, more = ("kaoji event 1", []) if since == [None] * 4 else ("kaoji event 2", since)
        link = [domain, *(event[name] for name in fields), event["payload"], *more, event["prev_hash"]]
        text = json.dumps(link, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert event["hash"] == hashlib.sha256(text.encode()).hexdigest()
        seq, head = event["seq"], event["hash"]
    return seq, head


def test_the_exported_chain_is_proven_without_the_product(kaoji: Run, office: Path) -> None:
    status, printed, said = kaoji("audit", "export")

    assert (status, said) == (0, "")
    assert recomputed(printed) == (records(office)["event"][-1][0], records(office)["event"][-1][HASH])


def test_a_change_in_the_exported_chain_is_found_without_the_product(kaoji: Run) -> None:
    printed = kaoji("audit", "export")[1]
    lines = printed.splitlines()
    lines[3] = lines[3].replace('"actor": "system"', '"actor": "somebody"')

    with pytest.raises(AssertionError):
        recomputed("\n".join(lines))


def test_the_export_of_an_empty_office_is_empty(kaoji: Run, tmp_path: Path) -> None:
    config = an_office(tmp_path / "new")
    create(url_of(config))

    assert kaoji("audit", "export", config=config) == (0, "", "")


def test_an_export_whose_reader_has_seen_enough_ends_quietly(office: Path) -> None:
    export = subprocess.Popen(
        [Path(sys.executable).with_name("kaoji"), "--config", office, "audit", "export"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert export.stdout is not None
    assert export.stderr is not None
    export.stdout.close()

    said = export.stderr.read()
    export.stderr.close()
    assert export.wait(timeout=30) == 1
    assert said == b""


def test_the_daily_proof_goes_on_where_the_last_one_ended(kaoji: Run, office: Path) -> None:
    before = len(records(office)["event"])
    assert kaoji("audit", "verify")[0] == 0
    assert kaoji("report", "urge", REF, "--as", "office")[0] == 0

    status, printed, said = kaoji("audit", "verify", "--since-verified")

    assert (status, said) == (0, "")
    assert f"第 {before} 条以后的 1 条" in printed
    assert json.loads(kaoji("audit", "verify", "--since-verified", "--json")[1])["since"] == before + 1


def test_what_was_proven_before_is_proven_again_by_the_whole_proof_alone(kaoji: Run, office: Path) -> None:
    assert kaoji("audit", "verify", "--since-verified")[0] == 0  # the first is a whole one
    harm(office, "UPDATE event SET actor = 'somebody' WHERE seq = 7")

    assert kaoji("audit", "verify", "--since-verified")[0] == 0
    status, _, said = kaoji("audit", "verify")

    assert (status, said.partition("：")[0]) == (1, "第 7 条流转记录")


def test_a_proof_that_failed_leaves_no_trust_behind(kaoji: Run, office: Path) -> None:
    harm(office, "UPDATE event SET actor = 'somebody' WHERE seq = 7")

    assert [kaoji("audit", "verify", "--since-verified")[0] for _ in range(2)] == [1, 1]


class BusyOffice(Database):
    """While its events are read, somebody acts."""

    def __init__(self, config: Path) -> None:
        super().__init__(engine_of(url_of(config)), read_only=True)
        self._config = config

    def events(self, after: int = 0) -> Iterator[EventRow]:
        yield from super().events(after)
        assert main(["--config", str(self._config), "report", "urge", REF, "--as", "office"]) == 0


def test_an_office_at_work_is_proven_as_it_stood_when_the_proof_began(office: Path) -> None:
    before = len(records(office)["event"])

    with BusyOffice(office) as busy:
        verdict = proven(busy)

    assert (verdict.valid, verdict.events) == (True, before)
    assert len(records(office)["event"]) == before + 1
