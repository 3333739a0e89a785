"""Every fixed statement of the office, written once for both databases with `?` places.

What names all columns of a table stands on `storage.generated`. Nothing here depends on a driver.
"""

from functools import lru_cache

from storage import generated as made


@lru_cache(maxsize=1024)
def update(table: str, columns: tuple[str, ...], where: tuple[str, ...]) -> str:
    """An UPDATE of those columns alone, in the row where the others are as given."""
    guard = " AND ".join(f"{column} = ?" for column in where)
    return f"UPDATE {table} SET {', '.join(f'{column} = ?' for column in columns)} WHERE {guard}"


# --- transactions --------------------------------------------------------------------------------------------------

REVISION = "SELECT version_num FROM alembic_version"

COMMAND_SEQ = "SELECT seq FROM event WHERE command_id = ?"
NEXT_COMMAND_SEQ = "SELECT min(seq) FROM event WHERE seq > ? AND command_id IS NOT NULL"
EVENTS_BETWEEN = f"{made.SELECT_EVENT} WHERE seq >= ? AND seq < ? ORDER BY seq"
EVENTS_OF = f"{made.SELECT_EVENT} WHERE subject = ? AND item_seq > ? ORDER BY item_seq"
HEAD = "SELECT seq, hash, at FROM event ORDER BY seq DESC LIMIT 1"
OPENING = (
    "SELECT v.version_num, e.seq, e.hash, e.at, (SELECT at FROM heartbeat), (SELECT max(since_seq) FROM definition),"
    " (SELECT min(wake_at) FROM duty WHERE wake_at IS NOT NULL),"
    " (SELECT min(wake_at) FROM report WHERE wake_at IS NOT NULL),"
    " (SELECT min(wake_at) FROM supervision_case WHERE wake_at IS NOT NULL)"
    " FROM alembic_version v LEFT JOIN event e ON e.seq = (SELECT max(seq) FROM event)"
)
"""Where a transaction stands: the tables' version, the chain's end, the last beat, the next timers."""
LAST_OF_KIND = f"{made.SELECT_EVENT} WHERE subject = ? AND kind = ? ORDER BY item_seq DESC LIMIT 1"

COUNT_OF_KIND = "SELECT count(*) FROM event WHERE subject = ? AND kind = ?"

# Versions are never taken away, so the greatest is the one in force.
DEFINITIONS = (
    f"{made.SELECT_DEFINITION} WHERE version = (SELECT max(version) FROM definition d WHERE d.kind = definition.kind)"
    " ORDER BY kind"
)
ALL_DEFINITIONS = f"{made.SELECT_DEFINITION} ORDER BY kind, version"
LAST_ITEM = "SELECT coalesce(max(item_seq), 0) FROM event WHERE subject = ?"

BEAT = (
    "INSERT INTO heartbeat (id, at, pid, host, started_at) VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
    " at = excluded.at, pid = excluded.pid, host = excluded.host, started_at = excluded.started_at"
)
SET_HEARTBEAT = "UPDATE heartbeat SET at = ?"
HOLD = "UPDATE heartbeat SET held_since = ?, held_reason = ?"

# Entries of several reports: each row begins with its report.
ENTRIES = f"SELECT report, {made.ENTRY} FROM report_entry"
BY_REPORT = "ORDER BY report, position"
REPORT_BY_REF = f"{made.SELECT_REPORT} WHERE ref = ?"
REPORTS_OF = f"{made.SELECT_REPORT} WHERE unit = ? AND period >= ? ORDER BY period"
REPORTS_IN = f"{made.SELECT_REPORT} WHERE period = ? ORDER BY opened_no"
OPEN_REPORTS = f"{made.SELECT_REPORT} WHERE state <> 'supervised' ORDER BY period, opened_no"
REPORTS_BETWEEN = f"{made.SELECT_REPORT} WHERE period >= ? AND period <= ? ORDER BY period, opened_no"
_LAST = "WHERE unit = ? AND period < ? ORDER BY period DESC LIMIT 1"
LAST_REPORT = f"{made.SELECT_REPORT} {_LAST}"
ENTRIES_BY_REF = f"{made.SELECT_ENTRY} WHERE report = ? ORDER BY position"
ENTRIES_OF_LAST = f"{made.SELECT_ENTRY} WHERE report = (SELECT ref FROM report {_LAST}) ORDER BY position"
ENTRIES_OF = f"{ENTRIES} WHERE report IN (SELECT ref FROM report WHERE unit = ? AND period >= ?) {BY_REPORT}"
LAST_RANKED = (
    "SELECT r.ref FROM report r JOIN report_entry e ON e.report = r.ref WHERE r.unit = ? AND r.period < ?"
    " AND r.state = 'supervised' AND e.indicator = ? AND e.read_kind = 'ranked' ORDER BY r.period DESC LIMIT 1"
)
ENTRIES_OF_OPEN = f"{ENTRIES} WHERE report IN (SELECT ref FROM report WHERE state <> 'supervised') {BY_REPORT}"
ENTRIES_BETWEEN = f"{ENTRIES} WHERE report IN (SELECT ref FROM report WHERE period >= ? AND period <= ?) {BY_REPORT}"
ENTRIES_IN = f"{ENTRIES} WHERE report IN (SELECT ref FROM report WHERE period = ?) {BY_REPORT}"

CASE_BY_ID = f"{made.SELECT_CASE} WHERE id = ?"
_PREFERRED = "ORDER BY CASE WHEN state <> 'closed' THEN 0 ELSE 1 END, id DESC LIMIT 1"
CASE_BY_INDICATOR = f"{made.SELECT_CASE} WHERE report = ? AND indicator = ? {_PREFERRED}"
CASE_OVERDUE = f"{made.SELECT_CASE} WHERE report = ? AND indicator IS NULL {_PREFERRED}"
OPEN_OVERDUE_CASE = f"{made.SELECT_CASE} WHERE report = ? AND indicator IS NULL AND state <> 'closed'"
OPEN_CASES_OF = f"{made.SELECT_CASE} WHERE unit = ? AND state <> 'closed' ORDER BY id"
OPEN_CASES = f"{made.SELECT_CASE} WHERE state <> 'closed' ORDER BY id"
NEXT_CASE = "SELECT coalesce(max(id), 0) + 1 FROM supervision_case"
POINTS_OF = (
    "SELECT coalesce(sum(points), 0) FROM supervision_case"
    " WHERE unit = ? AND proposed_at >= ? AND proposed_at < ? AND points_status <> 'withdrawn'"
)

DUTY_BY_KEY = f"{made.SELECT_DUTY} WHERE kind = ? AND unit = ?"

WAKES = (
    "SELECT (SELECT min(wake_at) FROM duty WHERE wake_at IS NOT NULL),"
    " (SELECT min(wake_at) FROM report WHERE wake_at IS NOT NULL),"
    " (SELECT min(wake_at) FROM supervision_case WHERE wake_at IS NOT NULL)"
)
"""When the next duty, report and case wake, in this order."""
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

PUT_ENTRY = (
    f"{made.INSERT_ENTRY} ON CONFLICT (report, indicator) DO UPDATE SET position = excluded.position, "
    + ", ".join(f"{column} = excluded.{column}" for column in made.ENTRY.split(", ") if column != "indicator")
)
DROP_ENTRY = "DELETE FROM report_entry WHERE report = ? AND indicator = ?"
VOID_SIGNOFFS = "UPDATE signoff SET void_seq = ? WHERE report = ? AND void_seq IS NULL"
VOID_SIGNOFFS_OF = f"{VOID_SIGNOFFS} AND state = ? AND person = ?"
DROP_TASKS = "DELETE FROM task WHERE report = ?"

# --- the outbox ----------------------------------------------------------------------------------------------------

# A mail being sent is looked at again when its lease ends: `next_attempt_at` says so, and one index serves them all.
_UNDONE = "state IN ('pending', 'sending', 'uncertain')"
DUE_MESSAGES = f"{made.SELECT_MESSAGE} WHERE {_UNDONE} AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?"
# Put off further than anything is put off, or leased for longer: by a clock that was since set back.
MISDATED_MESSAGES = (
    f"{made.SELECT_MESSAGE} WHERE {_UNDONE} AND next_attempt_at > ?"
    " AND next_attempt_at > CASE state WHEN 'sending' THEN ? ELSE ? END"
    " ORDER BY next_attempt_at, id LIMIT ?"
)
WAITING = f"SELECT count(*) FROM message WHERE {_UNDONE}"
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
ADD_ATTEMPT = "INSERT INTO message_attempt (message, number, begun_at) VALUES (?, ?, ?)"
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
MAIL = f"{made.SELECT_MESSAGE} WHERE id = ?"
UNSENT = f"{made.SELECT_MESSAGE} WHERE state IN ('pending', 'uncertain', 'dead') ORDER BY id"
RESEND = (
    "UPDATE message SET original_address = CASE WHEN address = ? THEN original_address"
    " ELSE coalesce(original_address, address) END, address = ?, next_attempt_at = ?, acknowledged_at = NULL,"
    " acknowledged_by = NULL, acknowledged_note = NULL,"
    " state = CASE state WHEN 'dead' THEN 'pending' ELSE state END WHERE id = ?"
)
ACKNOWLEDGE = (
    "UPDATE message SET acknowledged_at = ?, acknowledged_by = ?, acknowledged_note = ? WHERE id = ? AND state = 'dead'"
)
ATTEMPTS_OF = f"{made.SELECT_ATTEMPT} WHERE message = ? ORDER BY number"
RECONSIDER = "UPDATE message SET state = 'pending', next_attempt_at = ?, last_error = ? WHERE id = ? AND state = 'dead'"

# --- questions -----------------------------------------------------------------------------------------------------

EVENTS_AFTER = f"{made.SELECT_EVENT} WHERE seq > ? ORDER BY seq LIMIT ?"
SIGNOFFS_OF = (
    f"{made.SELECT_SIGNOFF} WHERE event_seq IN (SELECT seq FROM event WHERE subject = 'report:' || ?)"
    " ORDER BY event_seq"
)
CONTACT_OF = f"{made.SELECT_CONTACT} WHERE event_seq = ?"
LATEST_AT = "SELECT max(at) FROM event"
# Rows that no event began.
_NO_EVENT = "WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.item_seq = 1 AND e.subject ="
UNOPENED_REPORTS = f"SELECT ref FROM report r {_NO_EVENT} 'report:' || r.ref)"
UNOPENED_CASES = f"SELECT id FROM supervision_case c {_NO_EVENT} 'case:' || c.id)"
UNBEGUN_DUTIES = f"SELECT kind, unit FROM duty d {_NO_EVENT} 'duty:' || d.kind || '/' || d.unit)"
UNMADE_SIGNOFFS = (
    "SELECT report, person, event_seq FROM signoff s WHERE NOT EXISTS (SELECT 1 FROM event e"
    " WHERE e.seq = s.event_seq AND e.kind = 'report_signed' AND e.subject = 'report:' || s.report)"
)
UNLOGGED_CONTACTS = (
    "SELECT unit, event_seq FROM liaison_contact c WHERE NOT EXISTS (SELECT 1 FROM event e"
    " WHERE e.seq = c.event_seq AND e.kind = 'contact_logged' AND e.subject = 'duty:liaison/' || c.unit)"
)
CASES_BESIDE = (
    f"{made.SELECT_CASE} WHERE state <> 'closed' UNION"
    f" {made.SELECT_CASE} WHERE report IN (SELECT ref FROM report WHERE period = ?) ORDER BY id"
)
ALL_DUTIES = f"{made.SELECT_DUTY} ORDER BY began_no"
REPORTS_HELD = (
    "SELECT ref FROM report WHERE ref IN (SELECT report FROM task WHERE person = ?) ORDER BY period, opened_no"
)
ROUTES = "SELECT DISTINCT route FROM report"
LAST_TOLD = "SELECT coalesce(max(event_seq), 0) FROM message"
MESSAGES_BETWEEN = f"{made.SELECT_MESSAGE} WHERE event_seq > ? AND event_seq <= ? ORDER BY event_seq, id"
LATEST = f"{made.SELECT_EVENT} WHERE kind = ? ORDER BY seq DESC LIMIT 1"
HASH_AT = "SELECT hash FROM event WHERE seq = ?"
RESTORES = "SELECT payload FROM event WHERE kind = 'restored' ORDER BY seq"
ANCHORS = "SELECT message_id, audit_seq, audit_head FROM message ORDER BY id"
MAIL_COUNTS = (
    "SELECT purpose, sum(CASE WHEN state = 'sent' THEN 1 ELSE 0 END),"
    " sum(CASE WHEN state NOT IN ('sent', 'dead') THEN 1 ELSE 0 END), sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END)"
    " FROM message GROUP BY purpose ORDER BY purpose"
)
# A failure stands as long as its subject still waits for the instant it was set aside to.
FAILURES = (
    f"{made.SELECT_FAILURE} f"
    " WHERE EXISTS (SELECT 1 FROM report r WHERE r.wake_at = f.until AND 'report:' || r.ref = f.subject)"
    " OR EXISTS (SELECT 1 FROM supervision_case c WHERE c.wake_at = f.until AND 'case:' || c.id = f.subject)"
    " OR EXISTS (SELECT 1 FROM duty d WHERE d.wake_at = f.until AND 'duty:' || d.kind || '/' || d.unit = f.subject)"
    " ORDER BY id"
)
