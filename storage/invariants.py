"""What must hold of the stored rows, as queries that return rows only when something is wrong.

They are the invariants of a sign-off engine's checker (I01 to I32) that apply to these tables, and a few of their own
(K01 to K06). Portable SQL without parameters. Left out, each with its reason:

- I14 (drafter did not sign), I15 (two signers), I31 (actor's role), I16 (every event has its mails): the configuration
  of the day decides them, and it is not in the database; the proof of the audit and the tests of the rules cover them.
- I23 (one timer per round): a timer is the row's one `wake_at`; there is no second to double it.
- I25 (no double deduction in a period): points stand in the case itself, and I26 and I27 tie each to one proposal.
- I28, I29 (tokens): links carry no token that is stored.
"""

from dataclasses import dataclass

from workflow.chain import GENESIS


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold. `query` gives the rows that break it."""

    code: str
    title: str
    query: str


_SUBJECTS = {
    "report": "'report:' || r.ref",
    "supervision_case": "'case:' || r.id",
    "duty": "'duty:' || r.kind || '/' || r.unit",
}


def _of(table: str, query: str) -> str:
    """The query for one kind of subject."""
    return query.replace("SUBJECT", _SUBJECTS[table]).replace("TABLE", table)


_STATE_DIFFERS = (
    "SELECT SUBJECT, r.state FROM TABLE r LEFT JOIN event e ON e.subject = SUBJECT AND e.item_seq ="
    " (SELECT max(x.item_seq) FROM event x WHERE x.subject = SUBJECT AND x.to_state IS NOT NULL)"
    " WHERE e.to_state IS NULL OR e.to_state <> r.state"
)
_SEQ_DIFFERS = (
    "SELECT SUBJECT, r.seq FROM TABLE r WHERE r.seq <> (SELECT count(*) FROM event e WHERE e.subject = SUBJECT)"
)
INVARIANTS = (
    Invariant("I01", "现状与最后一条改变状态的记录不符", _of("report", _STATE_DIFFERS)),
    Invariant("I01", "督查件现状与最后一条改变状态的记录不符", _of("supervision_case", _STATE_DIFFERS)),
    Invariant(
        "I03",
        "一条记录的起始状态不是前一条的结束状态",
        "SELECT a.seq FROM event a JOIN event b ON b.subject = a.subject AND b.item_seq ="
        " (SELECT max(x.item_seq) FROM event x"
        " WHERE x.subject = a.subject AND x.to_state IS NOT NULL AND x.item_seq < a.item_seq)"
        " WHERE a.to_state IS NOT NULL AND coalesce(a.from_state, '') <> b.to_state",
    ),
    Invariant(
        "I04",
        "同一事项的记录序号不连续",
        "SELECT subject FROM event GROUP BY subject"
        " HAVING count(*) <> max(item_seq) OR min(item_seq) <> 1 OR count(DISTINCT item_seq) <> count(*)",
    ),
    Invariant(
        "I05",
        "记录总序号不连续",
        "SELECT n, last FROM (SELECT count(*) AS n, max(seq) AS last, min(seq) AS first FROM event) AS e"
        " WHERE n > 0 AND (n <> last OR first <> 1)",
    ),
    Invariant(
        "I06",
        "记录没有接在前一条之后",
        "SELECT b.seq FROM event b LEFT JOIN event a ON a.seq = b.seq - 1"
        " WHERE b.prev_hash <> coalesce(a.hash, 'GENESIS')".replace("GENESIS", GENESIS),
    ),
    Invariant("I07", "链条分叉", "SELECT prev_hash FROM event GROUP BY prev_hash HAVING count(*) > 1"),
    Invariant(
        "I08",
        "邮件所载链头与记录不符",
        "SELECT m.id FROM message m LEFT JOIN event e ON e.seq = m.audit_seq"
        " WHERE e.hash IS NULL OR e.hash <> m.audit_head",
    ),
    Invariant(
        "I09",
        "同一命令生效两次",
        "SELECT command_id FROM event WHERE command_id IS NOT NULL GROUP BY command_id HAVING count(*) > 1",
    ),
    Invariant(
        "I10",
        "签批与其记录不符",
        "SELECT s.event_seq FROM signoff s LEFT JOIN event e ON e.seq = s.event_seq WHERE e.seq IS NULL"
        " OR e.kind <> 'report_signed' OR e.actor <> s.person OR e.subject <> 'report:' || s.report"
        " OR e.version <> s.version OR e.at <> s.at OR coalesce(e.to_state, s.state) <> s.state"
        " OR replace(e.payload, s.content_sha256, '') = e.payload",
    ),
    Invariant(
        "I11",
        "同一环节同一人有两份有效签批",
        "SELECT report, step FROM signoff WHERE void_seq IS NULL GROUP BY report, step, person, posts"
        " HAVING count(*) > 1",
    ),
    Invariant(
        "I12",
        "已签的环节没有覆盖现有内容的有效签批",
        "SELECT r.ref, r.step FROM report r WHERE r.step <> (SELECT count(DISTINCT s.step) FROM signoff s"
        " WHERE s.report = r.ref AND s.void_seq IS NULL AND s.round = r.round"
        " AND s.content_sha256 = r.content_sha256 AND s.step <= r.step)",
    ),
    Invariant(
        "I13",
        "有效签批超出了报表所在的环节",
        "SELECT s.event_seq FROM signoff s JOIN report r ON r.ref = s.report"
        " WHERE s.void_seq IS NULL AND s.step > r.step + 1",
    ),
    Invariant(
        "I17",
        "邮件没有对应的记录",
        "SELECT m.id FROM message m LEFT JOIN event e ON e.seq = m.event_seq WHERE e.seq IS NULL",
    ),
    Invariant(
        "I18",
        "同一记录对同一人发了两封同类邮件",
        "SELECT event_seq, recipient, purpose FROM message GROUP BY event_seq, recipient, purpose HAVING count(*) > 1",
    ),
    Invariant("I19", "Message-ID 重复", "SELECT message_id FROM message GROUP BY message_id HAVING count(*) > 1"),
    Invariant(
        "I20",
        "邮件状态自相矛盾",
        "SELECT id FROM message WHERE (state = 'sent') <> (sent_at IS NOT NULL)"
        " OR (state = 'sending') <> (lease_until IS NOT NULL)"
        " OR state NOT IN ('pending', 'sending', 'sent', 'uncertain', 'dead')",
    ),
    Invariant(
        "I21",
        "邮件的发送次数与发送记录不符",
        "SELECT m.id FROM message m"
        " WHERE m.attempts <> (SELECT count(*) FROM message_attempt a WHERE a.message = m.id)",
    ),
    Invariant(
        "I22",
        "已发邮件没有恰好一次被接受的发送记录",
        "SELECT m.id FROM message m WHERE m.state = 'sent' AND"
        " (SELECT count(*) FROM message_attempt a WHERE a.message = m.id AND a.result = 'accepted') <> 1",
    ),
    Invariant(
        "I26",
        "扣分没有相应的提出或了结记录",
        "SELECT c.id FROM supervision_case c WHERE c.points_status IS NOT NULL AND (NOT EXISTS"
        " (SELECT 1 FROM event e WHERE e.subject = 'case:' || c.id AND e.kind = 'points_proposed'"
        " AND e.at = c.proposed_at AND (replace(e.payload, '\"points\":' || c.points || ',', '') <> e.payload"
        " OR replace(e.payload, '\"points\":' || c.points || '}', '') <> e.payload))"
        " OR (c.points_status <> 'proposed' AND NOT EXISTS (SELECT 1 FROM event e"
        " WHERE e.subject = 'case:' || c.id AND e.actor <> 'system' AND e.kind ="
        " CASE c.points_status WHEN 'confirmed' THEN 'points_confirmed' ELSE 'points_waived' END)))",
    ),
    Invariant(
        "I27",
        "同一督查件两次提出扣分",
        "SELECT subject FROM event WHERE kind = 'points_proposed' GROUP BY subject HAVING count(*) > 1",
    ),
    Invariant(
        "I30",
        "记录的时间早于前一条",
        "SELECT b.seq FROM event b JOIN event a ON a.seq = b.seq - 1 WHERE b.at < a.at AND b.kind <> 'resumed'",
    ),
    Invariant(
        "I32",
        "已办结的事项还有定时器",
        "SELECT id, 'case' FROM supervision_case WHERE state = 'closed' AND wake_at IS NOT NULL"
        " UNION ALL SELECT opened_no, ref FROM report WHERE state = 'supervised' AND wake_at IS NOT NULL",
    ),
    Invariant("K01", "报表的序号与其记录数不符", _of("report", _SEQ_DIFFERS)),
    Invariant("K01", "督查件的序号与其记录数不符", _of("supervision_case", _SEQ_DIFFERS)),
    Invariant("K01", "例行事务的序号与其记录数不符", _of("duty", _SEQ_DIFFERS)),
    Invariant(
        "K02",
        "报表各行的次序不连续",
        "SELECT report FROM report_entry GROUP BY report"
        " HAVING count(*) <> max(position) + 1 OR min(position) <> 0 OR count(DISTINCT position) <> count(*)",
    ),
    Invariant(
        "K03",
        "签批的作废记录不属于同一报表",
        "SELECT s.event_seq FROM signoff s LEFT JOIN event e ON e.seq = s.void_seq WHERE s.void_seq IS NOT NULL"
        " AND (e.seq IS NULL OR e.seq <= s.event_seq OR e.subject <> 'report:' || s.report)",
    ),
    Invariant(
        "K04",
        "对接登记与其记录不符",
        "SELECT c.event_seq FROM liaison_contact c LEFT JOIN event e ON e.seq = c.event_seq WHERE e.seq IS NULL"
        " OR e.kind <> 'contact_logged' OR e.actor <> c.person OR e.at < c.at"
        " OR e.subject <> 'duty:liaison/' || c.unit",
    ),
    Invariant(
        "K05",
        "报表的报送时间或督查件的销号时间与状态不符",
        "SELECT opened_no, ref FROM report"
        " WHERE (state IN ('submitted', 'supervised')) <> (submitted_at IS NOT NULL)"
        " UNION ALL SELECT id, report FROM supervision_case WHERE (state = 'closed') <> (closed_at IS NOT NULL)",
    ),
    Invariant(
        "K06",
        "行没有所属的报表或邮件",
        "SELECT e.report, e.indicator FROM report_entry e LEFT JOIN report r ON r.ref = e.report WHERE r.ref IS NULL"
        " UNION ALL SELECT c.report, c.unit FROM supervision_case c LEFT JOIN report r ON r.ref = c.report"
        " WHERE r.ref IS NULL",
    ),
    Invariant(
        "K07",
        "待办与报表的当前办理人不符",
        "SELECT t.report, t.person FROM task t JOIN report r ON r.ref = t.report"
        " WHERE replace(r.holders, '\"' || t.person || '\"', '') = r.holders"
        " OR replace(r.tasks, '\"' || t.post || '\"', '') = r.tasks"
        " UNION ALL SELECT r.ref, r.holders FROM report r WHERE r.holders <> '[]'"
        " AND NOT EXISTS (SELECT 1 FROM task t WHERE t.report = r.ref)",
    ),
)
