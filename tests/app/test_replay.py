"""The shipped case, played with every form, timer and mail, comes out as it must."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from app.bootstrap import read_settings
from app.cli import main
from app.place import DEMO_CASE
from app.refusals import Unusable
from app.replay import Replayed, replay
from notifications.sink import read_maildir
from storage.check import run_invariants
from storage.database import open_database
from tests.app.builders import an_office

EXPECTED = json.loads((DEMO_CASE / "expected.json").read_text(encoding="utf-8"))


def _of(document: dict[str, object], fields: dict[str, object]) -> dict[str, object]:
    kept = {name: document[name] for name in fields if name != "flags"}
    if "flags" in fields:
        entries = document["entries"]
        assert isinstance(entries, list)
        kept["flags"] = {entry["indicator"]: entry["flags"] for entry in entries if entry["flags"]}
    return kept


def test_every_report_is_as_expected(played: tuple[Replayed, Path]) -> None:
    reports = {str(document["report"]): document for document in played[0].reports}

    assert set(reports) == {expected["report"] for expected in EXPECTED["reports"]}
    for expected in EXPECTED["reports"]:
        assert _of(reports[expected["report"]], expected) == expected


def test_every_case_is_as_expected_and_in_order(played: tuple[Replayed, Path]) -> None:
    cases = [_of(document, expected) for document, expected in zip(played[0].cases, EXPECTED["cases"], strict=True)]

    assert cases == EXPECTED["cases"]


def test_the_refused_lines_are_the_expected_ones(played: tuple[Replayed, Path]) -> None:
    assert [line.line for line in played[0].refused] == EXPECTED["refused"]
    assert all(line.reason for line in played[0].refused)


def test_the_end_is_the_storys_end(played: tuple[Replayed, Path]) -> None:
    assert played[0].now == EXPECTED["now"]


def test_every_mail_went_through_smtp_and_has_its_event(played: tuple[Replayed, Path]) -> None:
    outcome, folder = played
    with open_database(f"sqlite:///{folder / 'office.db'}", read_only=True) as database:
        stored, events = list(database.messages()), {row.seq for row in database.events()}
    arrived = Counter(mail.message_id for mail in read_maildir(folder / "mail"))

    assert arrived == Counter(message.message_id for message in stored)
    assert set(arrived.values()) == {1}
    assert {message.event_seq for message in stored} <= events
    assert outcome.sent == len(stored) == sum(outcome.by_kind.values())


def test_the_invariants_hold_afterwards(played: tuple[Replayed, Path]) -> None:
    assert run_invariants(f"sqlite:///{played[1] / 'office.db'}") == []


def test_playing_again_gives_the_same_head(played: tuple[Replayed, Path], tmp_path: Path) -> None:
    again = replay(DEMO_CASE, database_url=f"sqlite:///{tmp_path / 'again.db'}", maildir=tmp_path / "mail")

    assert (again.verdict, again.reports, again.cases) == (
        played[0].verdict,
        played[0].reports,
        played[0].cases,
    )


def test_postgresql_gives_the_same_answer(
    played: tuple[Replayed, Path], empty_postgres_url: str, tmp_path: Path
) -> None:
    again = replay(DEMO_CASE, database_url=empty_postgres_url, maildir=tmp_path / "mail")

    assert {**again.document(), "seconds": 0} == {**played[0].document(), "seconds": 0}
    with pytest.raises(Unusable, match="已有记录") as caught:
        replay(DEMO_CASE, database_url=empty_postgres_url.replace(":@", ":secret@"), maildir=tmp_path / "mail")
    assert "secret" not in str(caught.value)


def test_a_database_with_records_is_never_played_upon(played: tuple[Replayed, Path], tmp_path: Path) -> None:
    with pytest.raises(Exception, match="不能在上面重演"):
        replay(DEMO_CASE, database_url=f"sqlite:///{played[1] / 'office.db'}", maildir=tmp_path / "mail")


def test_a_rehearsal_says_in_chinese_which_mails_went_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    an_office(tmp_path)
    lines = ["at,actor,action,subject,file,text"]
    lines += [f"2026-11-{day}T00:00:00+08:00,system,{act},,," for day, act in (("01", "start"), ("16", "end"))]
    (tmp_path / "story.csv").write_text("\n".join(lines), encoding="utf-8")

    assert main(["simulate", str(tmp_path)]) == 0

    (said,) = re.findall(r"邮件 \d+ 封（[^）]*）", capsys.readouterr().out)
    assert "请填报 4" in said
    assert not re.search("[a-z]", said)


def test_the_demonstration_s_mails_are_counted_by_their_receivers_alone(
    played: tuple[Replayed, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand mails are listed at once, for they are not read; what is in one that cannot be read is no matter."""
    outcome, folder = played
    shutil.copytree(folder / "mail", tmp_path / "mail")
    person = read_settings(DEMO_CASE / "config.yaml").office.person_by_id["shirong.clerk"]
    unreadable = f"To: {person.email}\r\nDate: never\r\n\r\n".encode()
    (tmp_path / "mail" / "new" / "unreadable").write_bytes(unreadable)
    monkeypatch.setattr("app.replay.DEMO", tmp_path)

    status = main(["demo", "mail"])

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    counts = {line[0]: int(line[1]) for line in lines}
    assert status == 0
    assert sum(counts.values()) == outcome.sent + 1
    assert counts[person.id] == 1 + len(read_maildir(folder / "mail", recipient=person.email))
