"""The proof of the audit on a real database: whatever is changed behind the program's back is found and named."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import pytest

from states import commands as c
from states.canonical import instant_text, sha256
from states.codec import encode
from states.events import ReportSent
from storage.database import Database, engine_of, open_database
from tests.memory import MemoryStore
from tests.states.builders import (
    ASSESSOR,
    BUREAU_REF,
    CLERK,
    DISTRICT_ASSESSOR,
    HEAD,
    LEADER,
    REF,
    STRANGER,
    Desk,
    an_indicator,
    an_office,
    at,
    filled_rows,
    rules,
)
from workflow.audit import Proven, Verdict, misplanned, verify
from workflow.chain import GENESIS, hash_of, linked
from workflow.kinds import planned
from workflow.ports import EventRow, Message

ONE_SECTION = an_office(indicators=[an_indicator("szcg"), an_indicator("srzz")])
SIGNED = "SELECT min(seq) FROM event WHERE kind = 'report_signed'"

Harm = Callable[..., Verdict]


@pytest.fixture(scope="module")
def office(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month: a table returned, signed again and reviewed; an interview; a visit; last, a mail to every holder."""
    path = tmp_path_factory.mktemp("office") / "office.db"
    shutil.copy(migrated, path)
    with open_database(f"sqlite:///{path}") as database:
        desk = Desk(rules_=rules(ONE_SECTION), store=cast(MemoryStore, database)).live_until("2015-10-12 10:00")
        for kind, actor in ((c.SaveTable, CLERK), (c.Send, CLERK), (c.Sign, HEAD), (c.Return, LEADER)):
            desk.act(kind, actor)
        desk.submit(rows=(*filled_rows("第10", ["szcg"]), *filled_rows("第5", ["srzz"])))
        desk.visit()
        desk.live_until("2015-10-30 10:00")
        desk.on_case(c.HoldInterview, ASSESSOR)
        desk.act(c.Urge, DISTRICT_ASSESSOR, BUREAU_REF)
    return path


@pytest.fixture
def copy(office: Path, tmp_path: Path) -> Path:
    """A copy without the triggers that guard it."""
    path = Path(shutil.copy(office, tmp_path / "office.db"))
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
    return path


@pytest.fixture
def harmed(copy: Path) -> Harm:
    """Does what a stranger with a database tool would, and proves the audit then."""

    def harm(*statements: str) -> Verdict:
        with closing(sqlite3.connect(copy)) as connection, connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                assert connection.execute(statement).rowcount != 0, "nothing was harmed"
        return verdict_on(copy)

    return harm


def verdict_on(path: Path) -> Verdict:
    with open_database(f"sqlite:///{path}", read_only=True) as database:
        return verify(database)


def proven_up_to(path: Path, seq: int) -> Proven:
    with open_database(f"sqlite:///{path}", read_only=True) as database:
        row = next(row for row in database.events() if row.seq == seq)
        return Proven(seq=seq, hash=row.hash, at=instant_text(row.at))


def verdict_since(path: Path, since: Proven) -> Verdict:
    with open_database(f"sqlite:///{path}", read_only=True) as database:
        return verify(database, since)


def one(path: Path, question: str) -> Any:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchone()[0]


# --- what is sound -------------------------------------------------------------------------------------------------


def test_what_was_only_done_by_the_program_is_proven(office: Path) -> None:
    verdict = verdict_on(office)

    assert (verdict.valid, verdict.problem, verdict.bad_seq) == (True, None, None)
    assert verdict.events == one(office, "SELECT count(*) FROM event")
    assert verdict.head == one(office, "SELECT hash FROM event ORDER BY seq DESC LIMIT 1")


def test_an_empty_database_is_proven(migrated: Path) -> None:
    verdict = verdict_on(migrated)

    assert (verdict.valid, verdict.events, verdict.head) == (True, 0, GENESIS)


@pytest.mark.parametrize("act", ["DELETE FROM event", "UPDATE event SET actor = 'x'", "DELETE FROM signoff"])
def test_the_database_itself_guards_what_is_only_added_to(office: Path, tmp_path: Path, act: str) -> None:
    guarded = shutil.copy(office, tmp_path / "guarded.db")

    with closing(sqlite3.connect(guarded)) as connection, pytest.raises(sqlite3.DatabaseError):
        connection.execute(act)


@pytest.mark.parametrize(
    "planned",
    [
        "UPDATE report SET wake_at = '2015-12-01T00:00:00.000000Z'",
        "UPDATE supervision_case SET wake_at = NULL",
        "UPDATE duty SET timers_until = '2015-12-01T00:00:00.000000Z'",
    ],
)
def test_how_it_is_planned_ahead_is_not_part_of_what_happened(harmed: Harm, planned: str) -> None:
    assert harmed(planned).valid


# --- the chain -----------------------------------------------------------------------------------------------------

CHANGED_COLUMNS = {
    "at": "substr(at, 1, 20) || '000001Z'",
    "actor": f"'{STRANGER}'",
    "command_id": "'another'",
    "kind": "'report_sent'",
    "subject": "'report:2015-10/huanwei'",
    "item_seq": "item_seq + 100",
    "from_state": "'section_signed'",
    "to_state": "'leader_signed'",
    "version": "version + 1",
    "payload": 'replace(payload, \'"opinion":""\', \'"opinion":"同意"\')',
    "door": "'page'",
    "proof": "'somebody else'",
    "command_sha256": "'0'",
    "mails_sha256": "'0'",
    "prev_hash": "replace(prev_hash, substr(prev_hash, 1, 1), 'x')",
    "hash": "replace(hash, substr(hash, 1, 1), 'x')",
}


@pytest.mark.parametrize("column", CHANGED_COLUMNS)
def test_every_column_of_an_event_is_covered_and_the_event_named(harmed: Harm, copy: Path, column: str) -> None:
    seq = one(copy, SIGNED)

    verdict = harmed(f"UPDATE event SET {column} = {CHANGED_COLUMNS[column]} WHERE seq = {seq}")

    assert (verdict.bad_seq, verdict.events) == (seq, seq - 1)
    assert f"第 {seq} 条流转记录" in str(verdict.problem)


def test_no_column_of_an_event_is_forgotten_here(office: Path) -> None:
    with closing(sqlite3.connect(office)) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(event)")}

    assert columns == {"seq", *CHANGED_COLUMNS}


@pytest.mark.parametrize("instead", ["NULL", "''"])
def test_a_command_id_made_empty_is_found(harmed: Harm, copy: Path, instead: str) -> None:
    seq = one(copy, SIGNED)

    assert harmed(f"UPDATE event SET command_id = {instead} WHERE seq = {seq}").bad_seq == seq


def test_a_renumbered_event_is_found(harmed: Harm) -> None:
    assert harmed("UPDATE event SET seq = 1000 WHERE seq = 10").bad_seq == 11


@pytest.mark.parametrize(("deleted", "named"), [(1, 2), (10, 11)])
def test_a_deleted_event_is_found_at_the_gap(harmed: Harm, deleted: int, named: int) -> None:
    verdict = harmed(f"DELETE FROM event WHERE seq = {deleted}")

    assert (verdict.bad_seq, verdict.events) == (named, deleted - 1)
    assert f"应为第 {deleted} 条" in str(verdict.problem)


def test_an_event_put_in_without_its_hash_is_found(harmed: Harm, copy: Path) -> None:
    last = one(copy, "SELECT max(seq) FROM event")
    copied = (
        "INSERT INTO event SELECT seq + 1, at, actor, 'put in', kind, subject, item_seq + 1, from_state, to_state,"
        f" version, payload, hash, 'invented', door, proof, command_sha256, mails_sha256 FROM event WHERE seq = {last}"
    )

    assert harmed(copied).bad_seq == last + 1


def test_two_events_that_changed_places_are_found(harmed: Harm) -> None:
    swapped = [f"UPDATE event SET seq = {new} WHERE seq = {old}" for old, new in ((10, 1000), (11, 10), (1000, 11))]

    assert harmed(*swapped).bad_seq == 10


@pytest.mark.parametrize("kept", [0, 20])
def test_a_cut_off_tail_is_betrayed_by_the_mails(harmed: Harm, copy: Path, kept: int) -> None:
    last = one(copy, "SELECT max(audit_seq) FROM message")

    verdict = harmed(f"DELETE FROM event WHERE seq > {kept}")

    assert (verdict.valid, verdict.events) == (False, kept)
    assert f"记载了第 {last} 条，现存只有 {kept} 条" in str(verdict.problem)


def test_a_cut_off_tail_is_betrayed_by_the_rows_where_no_mail_is_left(harmed: Harm) -> None:
    verdict = harmed("DELETE FROM message", "DELETE FROM event WHERE seq > 20")

    assert not verdict.valid
    assert "的现状不是由流转记录得出的" in str(verdict.problem)


MAIL_CHANGES = {
    "recipient": f"recipient = '{STRANGER}'",
    "address": "address = 'somebody@elsewhere.test'",
    "name": "name = '另一个人'",
    "language": "language = 'en'",
    "purpose": "purpose = 'urged'",
    "thread": "thread = '<another@kaoji.test>'",
    "cc": "cc = 1 - cc",
    "facts": "facts = replace(facts, '2015', '2016')",
    "broken facts": "facts = substr(facts, 2)",
    "message_id": "message_id = replace(message_id, '<', '<0')",
    "created_at": "created_at = '2015-10-01T00:00:00.000000Z'",
}


@pytest.mark.parametrize("change", MAIL_CHANGES)
def test_a_mail_changed_in_the_queue_is_found(harmed: Harm, copy: Path, change: str) -> None:
    told = "(SELECT event_seq FROM message WHERE purpose = 'signature_needed' ORDER BY id LIMIT 1)"
    verdict = harmed(f"UPDATE message SET {MAIL_CHANGES[change]} WHERE event_seq = {told}")

    assert not verdict.valid
    assert "邮件" in str(verdict.problem)


def test_a_mail_whose_address_was_corrected_is_the_mail_it_was(harmed: Harm) -> None:
    corrected = "UPDATE message SET original_address = address, address = 'right@longwan.test' WHERE id = 3"

    assert harmed(corrected).valid


def test_a_mail_taken_away_is_missed(harmed: Harm, copy: Path) -> None:
    seq = one(copy, "SELECT event_seq FROM message WHERE id = 5")

    verdict = harmed(f"DELETE FROM message WHERE event_seq = {seq}")

    assert verdict.bad_seq == seq
    assert "邮件不见了" in str(verdict.problem)


def test_a_mail_put_in_is_found(harmed: Harm, copy: Path) -> None:
    silent = one(copy, "SELECT max(seq) FROM event WHERE seq NOT IN (SELECT event_seq FROM message)")
    columns = [row for row in columns_of(copy, "message") if row not in ("id", "event_seq", "message_id")]
    names = ", ".join(columns)

    verdict = harmed(
        f"INSERT INTO message (event_seq, message_id, {names})"
        f" SELECT {silent}, '<invented@kaoji.test>', {names} FROM message WHERE id = 1"
    )

    assert verdict.bad_seq == silent


def test_a_mail_put_in_under_the_name_it_would_bear_is_found(harmed: Harm, copy: Path) -> None:
    """An event that told nobody says so: nobody can be told in its name afterwards."""
    silent = one(copy, "SELECT max(seq) FROM event WHERE seq NOT IN (SELECT event_seq FROM message)")
    head, at_ = (one(copy, f"SELECT {column} FROM event WHERE seq = {silent}") for column in ("hash", "at"))
    recipient, purpose = (
        one(copy, f"SELECT {column} FROM message WHERE id = 1") for column in ("recipient", "purpose")
    )
    name = sha256(f"{head} {recipient} {purpose}")[:32]
    columns = [row for row in columns_of(copy, "message") if row not in ("id", "event_seq", "message_id", "created_at")]
    names = ", ".join(columns)

    verdict = harmed(
        f"INSERT INTO message (event_seq, message_id, created_at, {names})"
        f" SELECT {silent}, '<{name}@test.example>', '{at_}', {names} FROM message WHERE id = 1"
    )

    assert verdict.bad_seq == silent


def columns_of(path: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


# --- a forger who knows how hashes are made ------------------------------------------------------------------------


def events_of(path: Path) -> list[EventRow]:
    with open_database(f"sqlite:///{path}", read_only=True) as database:
        return list(database.events())


def rewritten(path: Path, rows: Sequence[EventRow]) -> None:
    """Put the rows in place of the chain, as a forger who computes every hash anew."""
    columns = EventRow.__dataclass_fields__
    places = ", ".join(f":{name}" for name in columns)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM event")
        for row in linked(rows, 0, GENESIS):
            values = {name: getattr(row, name) for name in columns} | {"at": row.at.isoformat().replace("+00:00", "Z")}
            values["at"] = values["at"] if "." in values["at"] else values["at"].replace("Z", ".000000Z")
            connection.execute(f"INSERT INTO event ({', '.join(columns)}) VALUES ({places})", values)


def forged(rows: Sequence[EventRow], seq: int, **changed: Any) -> list[EventRow]:
    return [replace(row, **changed) if row.seq == seq else row for row in rows]


def test_a_chain_written_anew_without_a_change_is_the_same_chain(copy: Path, office: Path) -> None:
    rewritten(copy, events_of(copy))

    assert verdict_on(copy) == verdict_on(office)


def test_a_chain_forged_whole_is_betrayed_by_the_first_mail_after_it(copy: Path) -> None:
    seq = one(copy, SIGNED)
    witness = one(copy, f"SELECT min(audit_seq) FROM message WHERE audit_seq >= {seq}")

    rewritten(copy, forged(events_of(copy), seq, actor=STRANGER))

    verdict = verdict_on(copy)
    assert verdict.bad_seq == witness
    assert "邮件" in str(verdict.problem)


def test_a_forger_who_rewrites_the_mails_too_is_betrayed_by_the_rows(copy: Path) -> None:
    seq = one(copy, SIGNED)
    rewritten(copy, forged(events_of(copy), seq, actor=STRANGER))

    anchor_anew(copy)

    verdict = verdict_on(copy)
    assert not verdict.valid
    assert HEAD in str(verdict.problem)


def test_an_event_tied_to_another_predecessor_is_found_though_its_own_hash_is_right(copy: Path) -> None:
    last = events_of(copy)[-1]
    elsewhere = replace(last, prev_hash="0" * 64)
    with closing(sqlite3.connect(copy)) as connection, connection:
        values = (elsewhere.prev_hash, hash_of(elsewhere), last.seq)
        connection.execute("UPDATE event SET prev_hash = ?, hash = ? WHERE seq = ?", values)

    verdict = verdict_on(copy)
    assert verdict.bad_seq == last.seq
    assert "不相接" in str(verdict.problem)


def test_an_event_forged_at_the_end_is_betrayed_by_the_rows(copy: Path) -> None:
    rows = events_of(copy)
    last = [row for row in rows if row.subject == "report:2015-10/bureau"][-1]
    sent = encode(ReportSent(content_sha256="0" * 64))
    invented = replace(last, kind="report_sent", item_seq=last.item_seq + 1, payload=sent, command_id="invented")

    rewritten(copy, [*rows, invented])

    verdict = verdict_on(copy)
    assert verdict.events == len(rows) + 1
    assert "report:2015-10/bureau 的现状不是由流转记录得出的" in str(verdict.problem)


@pytest.mark.parametrize(
    "changed",
    [{"kind": "no_such_kind"}, {"payload": "{}"}, {"payload": "not json"}, {"item_seq": 77}],
)
def test_what_cannot_be_replayed_is_named(copy: Path, changed: dict[str, Any]) -> None:
    seq = one(copy, SIGNED)

    rewritten(copy, forged(events_of(copy), seq, **changed))

    assert verdict_on(copy).bad_seq == seq


def test_time_running_backwards_is_found(copy: Path) -> None:
    rows = events_of(copy)
    seq = one(copy, "SELECT min(seq) FROM event WHERE at > (SELECT min(at) FROM event)")

    rewritten(copy, forged(rows, seq + 1, at=rows[0].at.replace(year=2014)))

    verdict = verdict_on(copy)
    assert verdict.bad_seq == seq + 1
    assert "时间早于前一条" in str(verdict.problem)


def anchor_anew(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE message SET audit_head = (SELECT hash FROM event WHERE seq = audit_seq)")


# --- after what was proven before ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", range(1, 75, 7))
def test_the_rest_is_proven_from_wherever_a_proof_ended(office: Path, seq: int) -> None:
    verdict = verdict_since(office, proven_up_to(office, seq))

    assert verdict == replace(verdict_on(office), since=seq)


def test_what_was_done_since_is_proven_as_before(copy: Path) -> None:
    """A signature, a contact, a report's row and a mail of the days since, each changed: found from the prefix too."""
    seq = one(copy, SIGNED) - 1
    since = proven_up_to(copy, seq)
    later = f"(SELECT max(event_seq) FROM message WHERE event_seq > {seq})"
    for change in (
        f"UPDATE event SET actor = 'x' WHERE seq = {seq + 1}",
        f"UPDATE signoff SET person = '{STRANGER}' WHERE event_seq = {seq + 1}",
        "UPDATE liaison_contact SET text = '没去'",
        f"UPDATE report SET round = round + 1 WHERE ref = '{REF}'",
        f"UPDATE message SET facts = '{{}}' WHERE event_seq = {later}",
        f"DELETE FROM message WHERE event_seq = {later}",
        "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
    ):
        harmed = Path(shutil.copy(copy, copy.with_name("harmed.db")))
        with closing(sqlite3.connect(harmed)) as connection, connection:
            assert connection.execute(change).rowcount == 1

        assert not verdict_since(harmed, since).valid, change


def test_another_history_than_the_one_proven_is_found(copy: Path) -> None:
    since = proven_up_to(copy, 30)
    rewritten(copy, forged(events_of(copy), 20, actor=STRANGER))

    verdict = verdict_since(copy, since)

    assert verdict.bad_seq == 30
    assert "历史被换过" in str(verdict.problem)


def test_a_proof_of_the_rest_reads_the_rest(office: Path) -> None:
    """It reads the new events and the past of the subjects they are about, and no mail of before."""
    last = one(office, "SELECT max(seq) FROM event")
    with ReadingWatched(office) as database:
        assert verify(database, proven_up_to(office, last - 1)).valid
        assert database.read == {
            "events": 1,
            "mails": one(office, f"SELECT count(*) FROM message WHERE event_seq = {last}"),
        }


class ReadingWatched(Database):
    """Counts what is read in order."""

    def __init__(self, path: Path) -> None:
        super().__init__(engine_of(f"sqlite:///{path}"), read_only=True)
        self.read = {"events": 0, "mails": 0}

    def events(self, after: int = 0) -> Iterator[EventRow]:
        for row in super().events(after):
            self.read["events"] += 1
            yield row

    def mails_by_event(self, after: int = 0) -> Iterator[tuple[int, Sequence[Message]]]:
        for seq, mails in super().mails_by_event(after):
            self.read["mails"] += len(mails)
            yield seq, mails


# --- what stands beside the chain ----------------------------------------------------------------------------------


def changed_columns(table: str, columns: dict[str, str], key: str) -> Iterator[Any]:
    for column, value in columns.items():
        yield pytest.param(f"UPDATE {table} SET {column} = {value} WHERE {key}", id=f"{table}.{column}")


REPORT = changed_columns(
    "report",
    {
        "level": "'district'",
        "opened_at": "'2015-10-08T01:00:00.000001Z'",
        "state": "'submitted'",
        "route": "replace(route, 'section_head', 'leader')",
        "step": "step + 1",
        "signed": '\'[["leader@shirong","x"]]\'',
        "round": "round + 1",
        "version": "version + 1",
        "seq": "seq + 1",
        "due_at": "'2015-12-31T09:00:00.000000Z'",
        "overdue": "1 - overdue",
        "submitted_at": "'2015-10-01T09:00:00.000000Z'",
        "content_sha256": "'x'",
        "drafters": "'[\"somebody\"]'",
        "last_actor": "'somebody'",
    },
    f"ref = '{REF}'",
)
ENTRY = changed_columns(
    "report_entry",
    {
        "field": "12",
        "rank_text": "'第1'",
        "comparison": "'三区第一'",
        "target": "'全市第1'",
        "place": "'附表'",
        "read_kind": "'none'",
        "read_best": "1",
        "read_worst": "1",
        "read_field": "11",
        "read_tied": "1 - read_tied",
        "read_estimated": "1 - read_estimated",
        "read_three_district_rank": "1",
        "three_district_rank": "1",
        "flags": "'[]'",
    },
    f"report = '{REF}' AND indicator = 'szcg'",
)
CASE = changed_columns(
    "supervision_case",
    {
        "report": "'2015-10/bureau'",
        "unit": "'huanwei'",
        "level": "'district'",
        "indicator": "'srzz'",
        "trigger": "'regressing'",
        "opened_at": "'2015-10-01T09:00:00.000000Z'",
        "opened_rank": "11",
        "state": "'closed'",
        "version": "version + 1",
        "seq": "seq + 1",
        "entered_at": "'2015-10-01T09:00:00.000000Z'",
        "feedback_at": "'2015-10-16T09:00:00.000000Z'",
        "interview_at": "NULL",
        "appealed_at": "'2015-10-16T09:00:00.000000Z'",
        "proposed_at": "'2015-10-16T09:00:00.000000Z'",
        "points": "0",
        "points_status": "'withdrawn'",
        "closed_at": "'2015-10-16T09:00:00.000000Z'",
    },
    "unit = 'shirong'",
)
DUTY = changed_columns(
    "duty", {"seq": "seq + 1", "since": "'2015-10-30T09:00:00.000000Z'"}, "kind = 'liaison' AND unit = 'shirong'"
)
SIGNOFF = changed_columns(
    "signoff",
    {"report": "'2015-10/bureau'", "person": f"'{STRANGER}'", "content_sha256": "'x'"},
    f"event_seq = ({SIGNED})",
)


@pytest.mark.parametrize("change", [*REPORT, *ENTRY, *CASE, *DUTY, *SIGNOFF])
def test_every_row_that_says_what_happened_is_proven_by_the_chain(harmed: Harm, change: str) -> None:
    verdict = harmed(change)

    assert not verdict.valid
    assert verdict.problem


# The rest of a signature and of a logged visit, which verify() does not compare with their events yet.
UNPROVEN = [
    *changed_columns(
        "signoff",
        {
            "state": "'leader_signed'",
            "step": "2",
            "posts": "'[]'",
            "round": "9",
            "version": "99",
            "on_behalf_of": "'somebody'",
            "at": "'2015-10-01T09:00:00.000000Z'",
            "opinion": "'不同意'",
            "void_seq": "void_seq + 1",
        },
        f"event_seq = ({SIGNED})",
    ),
    *changed_columns(
        "liaison_contact",
        {
            "unit": "'huanwei'",
            "person": f"'{STRANGER}'",
            "at": "'2015-10-01T09:00:00.000000Z'",
            "visit": "0",
            "text": "'没去'",
        },
        "unit = 'shirong'",
    ),
    pytest.param("DELETE FROM liaison_contact", id="liaison_contact"),
]


@pytest.mark.parametrize("change", UNPROVEN)
def test_every_column_of_a_signature_and_of_a_contact_is_proven_too(harmed: Harm, change: str) -> None:
    assert not harmed(change).valid


@pytest.mark.parametrize(
    "deletion",
    [
        f"DELETE FROM report WHERE ref = '{REF}'",
        f"DELETE FROM report_entry WHERE report = '{REF}' AND indicator = 'srzz'",
        "DELETE FROM supervision_case",
        "DELETE FROM duty WHERE kind = 'liaison'",
        f"DELETE FROM signoff WHERE event_seq = ({SIGNED})",
    ],
)
def test_a_deleted_row_is_found(harmed: Harm, deletion: str) -> None:
    assert not harmed(deletion).valid


def test_a_signature_without_an_event_is_found(harmed: Harm) -> None:
    verdict = harmed(
        "INSERT INTO signoff SELECT 3, report, state, step, posts, round, version, person, on_behalf_of, at,"
        f" content_sha256, opinion, 4 FROM signoff WHERE event_seq = ({SIGNED})"
    )

    assert "第 3 条流转记录不符" in str(verdict.problem)


def test_a_report_without_an_event_is_found(harmed: Harm) -> None:
    columns = "level, opened_at, route, state, step, signed, round, version, seq, due_at, overdue, submitted_at, tasks"
    columns += ", content_sha256, drafters, last_actor, holders, timers_until, wake_at"
    verdict = harmed(
        f"INSERT INTO report (ref, period, unit, {columns})"
        f" SELECT '2014-10/shirong', '2014-10', 'shirong', {columns} FROM report WHERE ref = '{REF}'"
    )

    assert "report:2014-10/shirong" in str(verdict.problem)


@pytest.mark.parametrize("column", ["audit_head = 'x'", "audit_seq = audit_seq - 1"])
def test_a_changed_anchor_of_a_mail_is_named_with_its_event(harmed: Harm, copy: Path, column: str) -> None:
    seq, number = one(copy, "SELECT max(audit_seq) FROM message"), one(copy, "SELECT max(id) FROM message")

    verdict = harmed(f"UPDATE message SET {column} WHERE id = {number}")

    assert verdict.bad_seq == seq - ("audit_seq" in column)
    assert one(copy, f"SELECT message_id FROM message WHERE id = {number}") in str(verdict.problem)


# --- the clockwork ---------------------------------------------------------------------------------------------------


def test_a_deadline_slept_through_is_named(migrated: Path, tmp_path: Path) -> None:
    """Whoever notes the deadline's timer as applied, and the next one as the rules have it, hides that it is late."""
    path = Path(shutil.copy(migrated, tmp_path / "office.db"))
    with open_database(f"sqlite:///{path}") as database:
        desk = Desk(store=cast(MemoryStore, database)).live_until("2015-10-13 16:00")
        report, now = database.report(REF), at("2015-10-13 18:00")
        assert report is not None
        slept = planned(replace(report, timers_until=report.due_at), desk.rules, now)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                "UPDATE report SET timers_until = ?, wake_at = ? WHERE ref = ?",
                (instant_text(slept.timers_until), instant_text(cast(datetime, slept.wake_at)), REF),
            )

        assert verify(database).valid
        assert [problem for problem in misplanned(database, desk.rules, now, set()) if REF in problem] == [
            f"report:{REF} 的定时器被改动：时限已过，定时器也记作已办，却没有标记逾期"
        ]
