"""The checker finds each damage, and nothing in an office that is sound; on both databases."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from states.canonical import sha256
from states.models import CaseState, DutyKind, PointsStatus
from storage.check import run_invariants
from storage.database import Database, engine_of, open_database
from storage.errors import Damaged, NotADatabase
from storage.invariants import INVARIANTS
from storage.tables import METADATA
from tests.storage.builders import (
    HOUR,
    NOW,
    a_case,
    a_claim,
    a_contact,
    a_duty,
    a_message,
    a_report,
    a_signoff,
    an_event,
    append,
    no_parameters,
)
from workflow.ports import EventRow, Message, Outcome

CONTENT = sha256("empty")
SIGNED = f'{{"content_sha256":"{CONTENT}"}}'

STORY = (
    an_event(kind="report_opened", to_state="draft", command_id="open"),
    an_event(item_seq=2, kind="report_sent", from_state="draft", to_state="sent", command_id="send"),
    an_event(
        item_seq=3, kind="report_signed", from_state="sent", to_state="section_signed", payload=SIGNED, version=2,
        actor="shirong.head", command_id="sign",
    ),
    an_event(item_seq=4, kind="report_returned", from_state="section_signed", to_state="draft", version=3),
    an_event(item_seq=5, kind="report_sent", from_state="draft", to_state="sent", version=3),
    an_event(
        item_seq=6, kind="report_signed", from_state="sent", to_state="section_signed", payload=SIGNED, version=4,
        actor="shirong.head", command_id="again", at=NOW + HOUR,
    ),
    an_event(
        item_seq=7, kind="report_signed", from_state="section_signed", to_state="leader_signed", payload=SIGNED,
        version=5, actor="leader", at=NOW + HOUR,
    ),
    an_event("case:1", 1, kind="case_opened", to_state="tracking", at=NOW + HOUR),
    an_event("case:1", 2, kind="case_advanced", from_state="tracking", to_state="interview", at=NOW + HOUR),
    an_event(
        "case:1", 3, kind="points_proposed", from_state="interview", to_state="score_deduction", at=NOW + HOUR,
        payload='{"due_instant":null,"grounds":[],"points":1}', actor="system",
        command_id=f"wake case:1 2 {NOW.isoformat()}",
    ),
    an_event("case:1", 4, kind="points_confirmed", from_state="score_deduction", to_state="closed", at=NOW + HOUR),
    an_event("duty:liaison/shirong", 1, kind="duty_began", at=NOW + HOUR),
    an_event("duty:liaison/shirong", 2, kind="contact_logged", actor="shirong.liaison", at=NOW + HOUR),
)  # fmt: skip


def a_sound_office(database: Database) -> None:
    """A report signed, returned and signed again; a case whose points are confirmed; a contact; mails sent and not."""
    with database.begin(NOW) as tx:
        events = append(tx, *STORY)
        tx.save_report(None, a_report(state="leader_signed", round=2, seq=7, version=5))
        tx.save_case(None, replace(a_case(seq=4, version=4), **CLOSED))
        tx.save_duty(None, a_duty(DutyKind.LIAISON, seq=2))
        tx.add_signoff(a_signoff(3))
        tx.void_signoffs("2015-10/shirong", 4)
        tx.add_signoff(a_signoff(6, round=2, version=4, at=NOW + HOUR))
        tx.add_signoff(a_signoff(7, round=2, version=5, at=NOW + HOUR, person="leader", state="leader_signed"))
        tx.add_contact(a_contact(13, at=NOW + HOUR))
        tx.enqueue([told(events, number) for number in (2, 3, 6)])
        tx.commit()
    first, second = database.claim(a_claim(NOW, HOUR, 2))
    database.finish(first, Outcome.ACCEPTED, NOW, answer="250", next_attempt_at=None)
    database.finish(second, Outcome.TEMPORARY, NOW, answer="450", next_attempt_at=NOW + HOUR)


CLOSED: dict[str, Any] = {
    "state": CaseState.CLOSED,
    "closed_at": NOW + HOUR,
    "proposed_at": NOW + HOUR,
    "points": 1,
    "points_status": PointsStatus.CONFIRMED,
    "wake_at": None,
}


def told(events: Sequence[EventRow], number: int) -> Message:
    return a_message(number, audit_seq=number, audit_head=events[number - 1].hash)


DAMAGES = {
    "I01 report": "UPDATE report SET state = 'section_signed'",
    "I01 case": "UPDATE supervision_case SET state = 'interview'",
    "I02": "UPDATE event SET to_state = 'supervised' WHERE seq = 3",
    "I03": "UPDATE event SET from_state = 'submitted' WHERE seq = 6",
    "I04": "UPDATE event SET item_seq = 10 WHERE seq = 2",
    "I05": "DELETE FROM event WHERE seq = 12",
    "I06": "UPDATE event SET prev_hash = 'x' WHERE seq = 4",
    "I06 first": "UPDATE event SET prev_hash = 'x' WHERE seq = 1",
    "I07": "UPDATE event SET prev_hash = (SELECT prev_hash FROM event WHERE seq = 4) WHERE seq = 6",
    "I08": "UPDATE message SET audit_head = 'x' WHERE event_seq = 3",
    "I08 cut": "DELETE FROM event WHERE seq >= 6",
    "I09": "UPDATE event SET command_id = 'sign' WHERE seq = 6",
    "I10 person": "UPDATE signoff SET person = 'somebody' WHERE event_seq = 6",
    "I10 content": "UPDATE signoff SET content_sha256 = 'x' WHERE event_seq = 3",
    "I10 version": "UPDATE signoff SET version = 9 WHERE event_seq = 6",
    "I11": "UPDATE signoff SET void_seq = NULL WHERE event_seq = 3",
    "I12": "UPDATE signoff SET void_seq = 7 WHERE event_seq = 6",
    "I12 round": "UPDATE report SET round = 3",
    "I13": "UPDATE report SET step = 0",
    "I17": "UPDATE message SET event_seq = 100 WHERE event_seq = 6",
    "I18": "UPDATE message SET event_seq = 2",
    "I19": "UPDATE message SET message_id = '<one@kaoji.test>'",
    "I20 sent": "UPDATE message SET sent_at = NULL WHERE state = 'sent'",
    "I20 lease": "UPDATE message SET state = 'sending' WHERE event_seq = 6",
    "I20 state": "UPDATE message SET state = 'lost' WHERE event_seq = 6",
    "I21": "DELETE FROM message_attempt WHERE result = 'temporary'",
    "I22": "UPDATE message_attempt SET result = 'temporary'",
    "I24": "UPDATE event SET command_id = 'wake case:1 2 2015-10-09T09:00:00+00:00' WHERE seq = 10",
    "I26 points": "UPDATE supervision_case SET points = 2",
    "I26 status": "UPDATE supervision_case SET points_status = 'withdrawn'",
    "I26 person": "UPDATE event SET actor = 'system' WHERE seq = 11",
    "I27": "UPDATE event SET kind = 'points_proposed' WHERE seq = 9",
    "I30": "UPDATE event SET at = '2015-10-01T00:00:00.000000Z' WHERE seq = 13",
    "I32": "UPDATE supervision_case SET wake_at = closed_at",
    "K01 report": "UPDATE report SET seq = 8",
    "K01 case": "UPDATE supervision_case SET seq = 3",
    "K01 duty": "UPDATE duty SET seq = 1",
    "K02": "UPDATE report_entry SET position = 5 WHERE indicator = 'hwgg'",
    "K03": "UPDATE signoff SET void_seq = 8 WHERE event_seq = 3",
    "K04": "UPDATE liaison_contact SET person = 'somebody'",
    "K05 report": "UPDATE report SET submitted_at = due_at",
    "K05 case": "UPDATE supervision_case SET closed_at = NULL",
    "K06": "UPDATE report_entry SET report = '2015-10/nobody'",
    "K07 person": "UPDATE task SET person = 'somebody'",
    "K07 post": "UPDATE task SET post = 'leader@shirong'",
    "K07 lost": "DELETE FROM task",
}


def without_rules(url: str) -> None:
    """Strip the tables of every constraint and trigger: the damage is done by somebody who can do that."""
    is_sqlite = url.startswith("sqlite")
    copy, drop = "CREATE TABLE bare_NAME AS SELECT * FROM NAME", f"DROP TABLE NAME{'' if is_sqlite else ' CASCADE'}"
    strip = ["PRAGMA foreign_keys = OFF"] if is_sqlite else []
    strip += [copy.replace("NAME", table) for table in METADATA.tables]
    for table in METADATA.tables:
        strip += [drop.replace("NAME", table), f"ALTER TABLE bare_{table} RENAME TO {table}"]
    no_parameters(engine_of(url), *strip)


def test_a_sound_office_raises_no_alarm(database: Database, url: str) -> None:
    assert run_invariants(url) == []
    a_sound_office(database)

    assert run_invariants(url) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_found(url: str, damage: str) -> None:
    with open_database(url) as database:
        a_sound_office(database)
    without_rules(url)
    assert run_invariants(url) == []

    no_parameters(engine_of(url), DAMAGES[damage])

    found = {finding.code: finding for finding in run_invariants(url)}
    assert damage[:3] in found
    assert found[damage[:3]].rows
    assert found[damage[:3]].title


def test_every_invariant_has_its_damage() -> None:
    assert {one.code for one in INVARIANTS} | {"I02", "I24"} == {damage[:3] for damage in DAMAGES}


def test_a_damaged_page_is_found(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "office.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_database(f"sqlite:///{path}") as database:
        a_sound_office(database)
    pages = bytearray(path.read_bytes())
    pages[4096 + 100 : -4096] = b"\xff" * (len(pages) - 8192 - 100)
    path.write_bytes(pages)

    try:
        found = run_invariants(f"sqlite:///{path}")
    except (Damaged, NotADatabase):
        return
    assert found
