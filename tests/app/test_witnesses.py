"""The mails that were delivered bear witness against a history cut short or written anew, however well it is forged."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from app.bootstrap import read_settings, rules_of
from app.place import DEMO_CASE
from app.replay import Replayed, replay
from states.canonical import sha256
from storage.database import open_database
from workflow.audit import misplanned, verify
from workflow.chain import GENESIS, hash_of

Kaoji = Callable[..., tuple[int, str, str]]


def test_every_mail_agrees_with_an_honest_history(kaoji: Kaoji, played: tuple[Replayed, Path]) -> None:
    outcome, folder = played

    status, printed, said = kaoji("audit", "verify", "--mailbox", str(folder / "mail"))
    told = json.loads(kaoji("audit", "verify", "--json", "--mailbox", str(folder / "mail"))[1])

    assert (status, said) == (0, "")
    assert f"{outcome.sent} 封邮件所载的链头与记录相符" in printed
    assert (told["valid"], told["mailbox"]) == (True, {"agreed": outcome.sent, "others": 0, "given_up": []})


def test_a_history_cut_short_whole_tables_and_all_is_betrayed(
    kaoji: Kaoji, played: tuple[Replayed, Path], tmp_path: Path
) -> None:
    """An older database put back is sound in itself: only what left the house tells."""
    url = f"sqlite:///{tmp_path / 'office.db'}"
    until = datetime.fromisoformat("2015-10-20T12:00:00+08:00")
    cut = replay(DEMO_CASE, database_url=url, maildir=tmp_path / "mail", until=until)
    assert kaoji("audit", "verify", database=url)[0] == 0

    status, _, said = kaoji("audit", "verify", "--mailbox", str(played[1] / "mail"), database=url)

    assert status == 1
    assert f"现存只有 {cut.verdict.events} 条" in said or "数据库中却没有它" in said


def test_a_history_written_anew_with_its_mails_is_betrayed_by_those_delivered(
    kaoji: Kaoji, played: tuple[Replayed, Path], tmp_path: Path
) -> None:
    path = Path(shutil.copy(played[1] / "office.db", tmp_path / "office.db"))
    seq = forge_an_opinion(path)
    url = f"sqlite:///{path}"
    assert kaoji("audit", "verify", database=url)[0] == 0, "the forger was not thorough"

    status, printed, said = kaoji("audit", "verify", "--json", "--mailbox", str(played[1] / "mail"), database=url)

    told = json.loads(printed)
    assert status == 1
    assert told["bad_event"] >= seq
    assert 0 < told["mailbox"]["agreed"] < told["events"]
    assert "散列值不符" in said.splitlines()[0]


def forge_an_opinion(path: Path) -> int:
    """Change what a signer wrote, and everything that follows from it, mails included; the event's number."""
    with open_database(f"sqlite:///{path}", read_only=True) as database:
        rows, mails = list(database.events()), database.messages()
    seq = next(row.seq for row in rows[len(rows) // 2 :] if row.kind == "report_signed")
    head, heads = GENESIS, dict[int, str]()
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for row in rows:
            payload = json.loads(row.payload)
            if row.seq == seq:
                payload["opinion"] = "不同意"
            text = json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            forged = replace(row, payload=text, prev_hash=head)
            head = heads[row.seq] = hash_of(forged)
            values = (forged.payload, forged.prev_hash, head, row.seq)
            connection.execute("UPDATE event SET payload = ?, prev_hash = ?, hash = ? WHERE seq = ?", values)
        connection.execute("UPDATE signoff SET opinion = '不同意' WHERE event_seq = ?", (seq,))
        for mail in mails:
            name = sha256(f"{heads[mail.event_seq]} {mail.recipient} {mail.purpose.value}")[:32]
            message_id = f"<{name}@{mail.message_id.rpartition('@')[2]}"
            connection.execute(
                "UPDATE message SET audit_head = ?, message_id = ? WHERE id = ?",
                (heads[mail.audit_seq], message_id, mail.id),
            )
    return seq


def test_a_mailbox_without_such_mails_is_no_witness(kaoji: Kaoji, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1").write_bytes(b"Subject: lunch?\n\nnoon")

    status, _, said = kaoji("audit", "verify", "--mailbox", str(tmp_path))

    assert status == 1
    assert "X-Kaoji-Audit" in said


def test_mails_of_another_office_say_nothing_of_this_one(
    kaoji: Kaoji, played: tuple[Replayed, Path], tmp_path: Path
) -> None:
    shutil.copytree(played[1] / "mail", tmp_path / "mail")
    (tmp_path / "mail" / "new" / "other").write_bytes(
        f"Message-ID: <x@kaoji.elsewhere.example>\nX-Kaoji-Audit: 3 {'0' * 64}\n\n".encode()
    )

    status, printed, _ = kaoji("audit", "verify", "--mailbox", str(tmp_path / "mail"))

    assert status == 0
    assert "另有 1 封是其他系统的" in printed


def test_a_mail_the_office_never_wrote_is_told_though_it_names_a_head_that_was(
    kaoji: Kaoji, played: tuple[Replayed, Path], tmp_path: Path
) -> None:
    with open_database(f"sqlite:///{played[1] / 'office.db'}", read_only=True) as database:
        domain = next(iter(database.anchors()))[0].rpartition("@")[2]
        head = database.hash_at(40)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "forged").write_bytes(f"Message-ID: <x@{domain}\nX-Kaoji-Audit: 40 {head}\n\n".encode())

    status, _, said = kaoji("audit", "verify", "--mailbox", str(tmp_path))

    assert status == 1
    assert "已经送达，数据库中却没有它" in said


# --- the clockwork -------------------------------------------------------------------------------------------------


def test_an_honest_office_is_planned_as_its_rules_say(played: tuple[Replayed, Path]) -> None:
    outcome, folder = played
    settings = read_settings(DEMO_CASE / "config.yaml")
    with open_database(f"sqlite:///{folder / 'office.db'}", read_only=True) as database:
        assert verify(database).valid
        assert (
            list(misplanned(database, rules_of(settings.definitions), datetime.fromisoformat(outcome.now), set())) == []
        )
