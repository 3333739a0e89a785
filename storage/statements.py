"""Every fixed statement of the office, written once for both databases with `?` places.

The column tuples are in the order in which `rows` builds and takes apart the models; a test holds them against the
tables. Nothing here depends on a driver.
"""

from collections.abc import Sequence


def select(columns: Sequence[str], table: str, tail: str = "") -> str:
    """`SELECT columns FROM table tail`."""
    return " ".join(("SELECT", ", ".join(columns), "FROM", table, tail)).rstrip()


def _insert(table: str, columns: Sequence[str], tail: str = "") -> str:
    places = ", ".join("?" * len(columns))
    return " ".join(("INSERT INTO", table, "(", ", ".join(columns), ") VALUES (", places, ")", tail)).rstrip()


def _update(table: str, columns: Sequence[str], where: str) -> str:
    return " ".join(("UPDATE", table, "SET", ", ".join(f"{column} = ?" for column in columns), "WHERE", where))


# --- columns -------------------------------------------------------------------------------------------------------

EVENT = (
    "seq", "at", "actor", "command_id", "kind", "subject", "item_seq", "from_state", "to_state", "version", "payload",
    "door", "proof", "command_sha256", "mails_sha256", "prev_hash", "hash",
)  # fmt: skip

REPORT_KEPT = ("ref", "period", "unit", "level", "opened_at")
REPORT_CHANGED = (
    "state", "sent", "round", "version", "seq", "due_at", "overdue", "submitted_at", "content_sha256", "drafters",
    "last_actor", "holders", "timers_until", "wake_at",
)  # fmt: skip
REPORT = REPORT_KEPT + REPORT_CHANGED

ENTRY = (
    "indicator", "field", "rank_text", "comparison", "target", "place", "read_kind", "read_best", "read_worst",
    "read_field", "read_tied", "read_estimated", "read_three_district_rank", "three_district_rank", "flags",
)  # fmt: skip

CASE_KEPT = ("id", "report", "unit", "level", "indicator", "trigger", "opened_at", "opened_rank")
CASE_CHANGED = (
    "state", "version", "seq", "entered_at", "feedback_at", "interview_at", "appealed_at", "proposed_at", "points",
    "points_status", "closed_at", "timers_until", "wake_at",
)  # fmt: skip
CASE = CASE_KEPT + CASE_CHANGED

DUTY_KEPT = ("kind", "unit")
DUTY_CHANGED = ("seq", "since", "timers_until", "wake_at")
DUTY = DUTY_KEPT + DUTY_CHANGED

SIGNOFF = (
    "report", "state", "round", "version", "person", "on_behalf_of", "at", "content_sha256", "opinion", "event_seq",
    "void_seq",
)  # fmt: skip

CONTACT = ("unit", "person", "at", "visit", "text", "event_seq")

MESSAGE_KEPT = (
    "message_id", "event_seq", "recipient", "address", "name", "language", "purpose", "thread", "cc", "facts",
    "audit_seq", "audit_head", "created_at",
)  # fmt: skip
MESSAGE_CHANGED = (
    "state", "attempts", "next_attempt_at", "lease_until", "sent_at", "last_error", "original_address",
    "acknowledged_at", "acknowledged_by", "acknowledged_note",
)  # fmt: skip
MESSAGE = ("id", *MESSAGE_KEPT, *MESSAGE_CHANGED)

FAILURE = ("subject", "error", "at", "until")

HEARTBEAT = ("at", "pid", "host", "started_at", "held_since", "held_reason")

# --- transactions --------------------------------------------------------------------------------------------------

REVISION = "SELECT version_num FROM alembic_version"

COMMAND_SEQ = "SELECT seq FROM event WHERE command_id = ?"
NEXT_COMMAND_SEQ = "SELECT min(seq) FROM event WHERE seq > ? AND command_id IS NOT NULL"
EVENTS_BETWEEN = select(EVENT, "event", "WHERE seq >= ? AND seq < ? ORDER BY seq")
EVENTS_OF = select(EVENT, "event", "WHERE subject = ? AND item_seq > ? ORDER BY item_seq")
HEAD = "SELECT seq, hash, at FROM event ORDER BY seq DESC LIMIT 1"
HEAD_OF_REVISION = (
    "SELECT v.version_num, e.seq, e.hash, e.at, (SELECT at FROM heartbeat) FROM alembic_version v"
    " LEFT JOIN event e ON e.seq = (SELECT max(seq) FROM event)"
)
LAST_OF_KIND = select(EVENT, "event", "WHERE subject = ? AND kind = ? ORDER BY item_seq DESC LIMIT 1")

COUNT_OF_KIND = "SELECT count(*) FROM event WHERE subject = ? AND kind = ?"

READ_HEARTBEAT = select(HEARTBEAT, "heartbeat")
BEAT = (
    "INSERT INTO heartbeat (id, at, pid, host, started_at) VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
    " at = excluded.at, pid = excluded.pid, host = excluded.host, started_at = excluded.started_at"
)
SET_HEARTBEAT = "UPDATE heartbeat SET at = ?"
HOLD = "UPDATE heartbeat SET held_since = ?, held_reason = ?"

REPORT_BY_REF = select(REPORT, "report", "WHERE ref = ?")
REPORTS_OF = select(REPORT, "report", "WHERE unit = ? ORDER BY period")
REPORTS_IN = select(REPORT, "report", "WHERE period = ? ORDER BY opened_no")
OPEN_REPORTS = select(REPORT, "report", "WHERE state <> 'supervised' ORDER BY period, opened_no")
REPORTS_BETWEEN = select(REPORT, "report", "WHERE period >= ? AND period <= ? ORDER BY period, opened_no")
LAST_REPORT = "SELECT ref FROM report WHERE unit = ? AND period < ? ORDER BY period DESC LIMIT 1"
ENTRIES_BY_REF = select(ENTRY, "report_entry", "WHERE report = ? ORDER BY position")
ENTRIES_OF = select(
    ("report", *ENTRY),
    "report_entry",
    "WHERE report IN (SELECT ref FROM report WHERE unit = ?) ORDER BY report, position",
)
ENTRIES_OF_OPEN = select(
    ("report", *ENTRY),
    "report_entry",
    "WHERE report IN (SELECT ref FROM report WHERE state <> 'supervised') ORDER BY report, position",
)
ENTRIES_BETWEEN = select(
    ("report", *ENTRY),
    "report_entry",
    "WHERE report IN (SELECT ref FROM report WHERE period >= ? AND period <= ?) ORDER BY report, position",
)
ENTRIES_IN = select(
    ("report", *ENTRY),
    "report_entry",
    "WHERE report IN (SELECT ref FROM report WHERE period = ?) ORDER BY report, position",
)

CASE_BY_ID = select(CASE, "supervision_case", "WHERE id = ?")
_PREFERRED = "ORDER BY CASE WHEN state <> 'closed' THEN 0 ELSE 1 END, id DESC LIMIT 1"
CASE_BY_INDICATOR = select(CASE, "supervision_case", f"WHERE report = ? AND indicator = ? {_PREFERRED}")
CASE_OVERDUE = select(CASE, "supervision_case", f"WHERE report = ? AND indicator IS NULL {_PREFERRED}")
OPEN_OVERDUE_CASE = select(CASE, "supervision_case", "WHERE report = ? AND indicator IS NULL AND state <> 'closed'")
OPEN_CASES_OF = select(CASE, "supervision_case", "WHERE unit = ? AND state <> 'closed' ORDER BY id")
OPEN_CASES = select(CASE, "supervision_case", "WHERE state <> 'closed' ORDER BY id")
NEXT_CASE = "SELECT coalesce(max(id), 0) + 1 FROM supervision_case"
POINTS_OF = (
    "SELECT coalesce(sum(points), 0) FROM supervision_case"
    " WHERE unit = ? AND proposed_at >= ? AND proposed_at < ? AND points_status <> 'withdrawn'"
)

DUTY_BY_KEY = select(DUTY, "duty", "WHERE kind = ? AND unit = ?")

WAKES = (
    "SELECT (SELECT min(wake_at) FROM duty WHERE wake_at <= ?), (SELECT min(wake_at) FROM report WHERE wake_at <= ?),"
    " (SELECT min(wake_at) FROM supervision_case WHERE wake_at <= ?)"
)
FIRST_WAKING = (
    "SELECT 'duty:' || kind || '/' || unit FROM duty WHERE wake_at = ? ORDER BY began_no LIMIT 1",
    "SELECT 'report:' || ref FROM report WHERE wake_at = ? ORDER BY opened_no LIMIT 1",
    "SELECT 'case:' || id FROM supervision_case WHERE wake_at = ? ORDER BY id LIMIT 1",
)
WAKING_REPORTS = "SELECT ref FROM report WHERE wake_at = ? ORDER BY opened_no LIMIT 200"
WAKING_CASES = "SELECT id FROM supervision_case WHERE wake_at = ? ORDER BY id LIMIT 200"
DEFER_REPORT = "UPDATE report SET wake_at = ? WHERE ref = ?"
DEFER_CASE = "UPDATE supervision_case SET wake_at = ? WHERE id = ?"
DEFER_DUTY = "UPDATE duty SET wake_at = ? WHERE kind = ? AND unit = ?"
ADD_FAILURE = _insert("wake_failure", FAILURE)

ADD_EVENT = _insert("event", EVENT)
ADD_REPORT = _insert("report", REPORT)
CHANGE_REPORT = _update("report", REPORT_CHANGED, "ref = ? AND seq = ?")
PUT_ENTRY = _insert(
    "report_entry",
    ("report", "position", *ENTRY),
    "ON CONFLICT (report, indicator) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in ("position", *ENTRY[1:])),
)
DROP_ENTRY = "DELETE FROM report_entry WHERE report = ? AND indicator = ?"
ADD_CASE = _insert("supervision_case", CASE)
CHANGE_CASE = _update("supervision_case", CASE_CHANGED, "id = ? AND seq = ?")
ADD_DUTY = _insert("duty", DUTY)
CHANGE_DUTY = _update("duty", DUTY_CHANGED, "kind = ? AND unit = ? AND seq = ?")
ADD_SIGNOFF = _insert("signoff", SIGNOFF)
VOID_SIGNOFFS = "UPDATE signoff SET void_seq = ? WHERE report = ? AND void_seq IS NULL"
ADD_CONTACT = _insert("liaison_contact", CONTACT)
ADD_MESSAGE = _insert("message", (*MESSAGE_KEPT, *MESSAGE_CHANGED))

# --- the outbox ----------------------------------------------------------------------------------------------------

# A mail being sent is looked at again when its lease ends: `next_attempt_at` says so, and one index serves them all.
_UNDONE = "state IN ('pending', 'sending', 'uncertain')"
DUE_MESSAGES = select(
    MESSAGE, "message", f"WHERE {_UNDONE} AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?"
)
# Put off further than anything is put off, or leased for longer: by a clock that was since set back.
MISDATED_MESSAGES = select(
    MESSAGE,
    "message",
    f"WHERE {_UNDONE} AND next_attempt_at > ?"
    " AND next_attempt_at > CASE state WHEN 'sending' THEN ? ELSE ? END"
    " ORDER BY next_attempt_at, id LIMIT ?",
)
WAITING = select(("count(*)",), "message", f"WHERE {_UNDONE}")
LEASE_MESSAGE = (
    "UPDATE message SET state = 'sending', attempts = attempts + 1, next_attempt_at = ?, lease_until = ? WHERE id = ?"
)
RELEASE_LEASES = "UPDATE message SET next_attempt_at = ?, lease_until = ? WHERE state = 'sending'"
LOSE_ATTEMPT = (
    "UPDATE message_attempt SET result = 'uncertain', answer = ?, ended_at = ?"
    " WHERE message = ? AND number = ? AND result IS NULL"
)
ATTEMPTS_ENDED_SO = "SELECT count(*) FROM message_attempt WHERE message = ? AND result = 'uncertain' AND answer = ?"
ATTEMPTS_UNANSWERED = "SELECT count(*) FROM message_attempt WHERE message = ? AND result = 'uncertain' AND answer <> ?"
GIVE_UP = "UPDATE message SET state = 'dead', lease_until = NULL, last_error = ? WHERE id = ? AND state = 'sending'"
ADD_ATTEMPT = _insert("message_attempt", ("message", "number", "begun_at"))
FINISH_MESSAGE = (
    "UPDATE message SET state = ?, next_attempt_at = coalesce(?, next_attempt_at), lease_until = NULL, sent_at = ?,"
    " last_error = ? WHERE id = ? AND attempts = ? AND state = 'sending'"
)
FINISH_ATTEMPT = "UPDATE message_attempt SET result = ?, answer = ?, ended_at = ? WHERE message = ? AND number = ?"
# What the mail was before it was claimed, its last attempt still says.
PUT_BACK = (
    "UPDATE message SET state = CASE WHEN EXISTS (SELECT 1 FROM message_attempt a WHERE a.message = message.id"
    " AND a.number = message.attempts - 1 AND a.result = 'uncertain') THEN 'uncertain' ELSE 'pending' END,"
    " attempts = attempts - 1, next_attempt_at = ?, lease_until = NULL, last_error = ?"
    " WHERE id = ? AND attempts = ? AND state = 'sending'"
)
DROP_ATTEMPT = "DELETE FROM message_attempt WHERE message = ? AND number = ? AND result IS NULL"
MAIL = select(MESSAGE, "message", "WHERE id = ?")
UNSENT = select(MESSAGE, "message", "WHERE state IN ('pending', 'uncertain', 'dead') ORDER BY id")
RESEND = (
    "UPDATE message SET original_address = CASE WHEN address = ? THEN original_address"
    " ELSE coalesce(original_address, address) END, address = ?, next_attempt_at = ?, acknowledged_at = NULL,"
    " acknowledged_by = NULL, acknowledged_note = NULL,"
    " state = CASE state WHEN 'dead' THEN 'pending' ELSE state END WHERE id = ?"
)
ACKNOWLEDGE = (
    "UPDATE message SET acknowledged_at = ?, acknowledged_by = ?, acknowledged_note = ? WHERE id = ? AND state = 'dead'"
)
ATTEMPTS_OF = select(
    ("number", "begun_at", "result", "answer", "ended_at"), "message_attempt", "WHERE message = ? ORDER BY number"
)
RECONSIDER = "UPDATE message SET state = 'pending', next_attempt_at = ?, last_error = ? WHERE id = ? AND state = 'dead'"

# --- questions -----------------------------------------------------------------------------------------------------

EVENTS_AFTER = select(EVENT, "event", "WHERE seq > ? ORDER BY seq LIMIT ?")
SIGNOFFS_OF = select(SIGNOFF, "signoff", "WHERE report = ? ORDER BY event_seq")
ALL_SIGNOFFS = select(SIGNOFF, "signoff", "ORDER BY event_seq")
ALL_DUTIES = select(DUTY, "duty", "ORDER BY began_no")
REPORTS_HELD = select(REPORT, "report", "WHERE holders LIKE ? ORDER BY period, opened_no")
LAST_TOLD = "SELECT coalesce(max(event_seq), 0) FROM message"
MESSAGES_BETWEEN = select(MESSAGE, "message", "WHERE event_seq > ? AND event_seq <= ? ORDER BY event_seq, id")
LATEST = select(EVENT, "event", "WHERE kind = ? ORDER BY seq DESC LIMIT 1")
HASH_AT = "SELECT hash FROM event WHERE seq = ?"
RESTORES = "SELECT payload FROM event WHERE kind = 'restored' ORDER BY seq"
ANCHORS = "SELECT message_id, audit_seq, audit_head FROM message ORDER BY id"
MAIL_COUNTS = (
    "SELECT purpose, sum(CASE WHEN state = 'sent' THEN 1 ELSE 0 END),"
    " sum(CASE WHEN state NOT IN ('sent', 'dead') THEN 1 ELSE 0 END), sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END)"
    " FROM message GROUP BY purpose ORDER BY purpose"
)
# A failure stands as long as its subject still waits for the instant it was set aside to.
FAILURES = select(
    FAILURE,
    "wake_failure f",
    "WHERE EXISTS (SELECT 1 FROM report r WHERE r.wake_at = f.until AND 'report:' || r.ref = f.subject)"
    " OR EXISTS (SELECT 1 FROM supervision_case c WHERE c.wake_at = f.until AND 'case:' || c.id = f.subject)"
    " OR EXISTS (SELECT 1 FROM duty d WHERE d.wake_at = f.until AND 'duty:' || d.kind || '/' || d.unit = f.subject)"
    " ORDER BY id",
)
