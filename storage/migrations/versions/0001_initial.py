"""The tables as they began, with the rules the database itself keeps."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0001"
down_revision = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "duty",
        sa.Column("began_no", NUMBER, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("unit", WORDS, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("since", WORDS, nullable=False),
        sa.Column("timers_until", WORDS, nullable=False),
        sa.Column("wake_at", WORDS, nullable=True),
        sa.CheckConstraint("kind IN ('opening', 'liaison', 'digest', 'bulletin')", name=op.f("ck_duty_kind")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_duty_seq")),
        sa.PrimaryKeyConstraint("began_no", name=op.f("pk_duty")),
        sa.UniqueConstraint("kind", "unit", name=op.f("uq_duty_kind_unit")),
    )
    op.create_index(
        "ix_duty_wake_at",
        "duty",
        ["wake_at", "began_no"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "event",
        sa.Column("seq", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", WORDS, nullable=False),
        sa.Column("actor", WORDS, nullable=False),
        sa.Column("command_id", WORDS, nullable=True),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("subject", WORDS, nullable=False),
        sa.Column("item_seq", sa.Integer(), nullable=False),
        sa.Column("from_state", WORDS, nullable=True),
        sa.Column("to_state", WORDS, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("payload", WORDS, nullable=False),
        sa.Column("door", WORDS, nullable=True),
        sa.Column("proof", WORDS, nullable=True),
        sa.Column("command_sha256", WORDS, nullable=True),
        sa.Column("mails_sha256", WORDS, nullable=True),
        sa.Column("prev_hash", WORDS, nullable=False),
        sa.Column("hash", WORDS, nullable=False),
        sa.CheckConstraint("item_seq >= 1", name=op.f("ck_event_item_seq")),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_event_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_event")),
        sa.UniqueConstraint("subject", "item_seq", name=op.f("uq_event_subject_item_seq")),
    )
    op.create_index(
        "uq_event_command_id",
        "event",
        ["command_id"],
        unique=True,
        sqlite_where=sa.text("command_id IS NOT NULL"),
        postgresql_where=sa.text("command_id IS NOT NULL"),
    )
    op.create_table(
        "heartbeat",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", WORDS, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", WORDS, nullable=False),
        sa.Column("started_at", WORDS, nullable=False),
        sa.Column("held_since", WORDS, nullable=True),
        sa.Column("held_reason", WORDS, nullable=True),
        sa.CheckConstraint("(held_since IS NULL) = (held_reason IS NULL)", name=op.f("ck_heartbeat_held")),
        sa.CheckConstraint("id = 1", name=op.f("ck_heartbeat_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "report",
        sa.Column("opened_no", NUMBER, nullable=False),
        sa.Column("ref", WORDS, nullable=False),
        sa.Column("period", WORDS, nullable=False),
        sa.Column("unit", WORDS, nullable=False),
        sa.Column("level", WORDS, nullable=False),
        sa.Column("opened_at", WORDS, nullable=False),
        sa.Column("route", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("signed", WORDS, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("due_at", WORDS, nullable=False),
        sa.Column("overdue", sa.Integer(), nullable=False),
        sa.Column("submitted_at", WORDS, nullable=True),
        sa.Column("content_sha256", WORDS, nullable=False),
        sa.Column("drafters", WORDS, nullable=False),
        sa.Column("last_actor", WORDS, nullable=True),
        sa.Column("tasks", WORDS, nullable=False),
        sa.Column("holders", WORDS, nullable=False),
        sa.Column("timers_until", WORDS, nullable=False),
        sa.Column("wake_at", WORDS, nullable=True),
        sa.CheckConstraint(
            "(state IN ('submitted', 'supervised')) = (submitted_at IS NOT NULL)", name=op.f("ck_report_submitted_at")
        ),
        sa.CheckConstraint("level IN ('root', 'district', 'bureau')", name=op.f("ck_report_level")),
        sa.CheckConstraint("ref = period || '/' || unit", name=op.f("ck_report_ref")),
        sa.CheckConstraint("step >= 0 AND (step = 0) = (state IN ('draft', 'sent'))", name=op.f("ck_report_step")),
        sa.CheckConstraint("overdue IN (0, 1)", name=op.f("ck_report_overdue")),
        sa.CheckConstraint("round >= 1", name=op.f("ck_report_round")),
        sa.CheckConstraint("version >= 0 AND seq >= 1", name=op.f("ck_report_version")),
        sa.PrimaryKeyConstraint("opened_no", name=op.f("pk_report")),
        sa.UniqueConstraint("ref", name=op.f("uq_report_ref")),
    )
    op.create_index(
        "ix_report_open",
        "report",
        ["unit", "period"],
        unique=False,
        sqlite_where=sa.text("state <> 'supervised'"),
        postgresql_where=sa.text("state <> 'supervised'"),
    )
    op.create_index("ix_report_period", "report", ["period", "opened_no"], unique=False)
    op.create_index("ix_report_unit_period", "report", ["unit", "period"], unique=False)
    op.create_index(
        "ix_report_wake_at",
        "report",
        ["wake_at", "opened_no"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "wake_failure",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("subject", WORDS, nullable=False),
        sa.Column("error", WORDS, nullable=False),
        sa.Column("at", WORDS, nullable=False),
        sa.Column("until", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wake_failure")),
    )
    op.create_table(
        "definition",
        sa.Column("kind", WORDS, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", WORDS, nullable=False),
        sa.Column("sha256", WORDS, nullable=False),
        sa.Column("since_seq", NUMBER, nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_definition_version")),
        sa.ForeignKeyConstraint(["since_seq"], ["event.seq"], name=op.f("fk_definition_since_seq")),
        sa.PrimaryKeyConstraint("kind", "version", name=op.f("pk_definition")),
    )
    op.create_table(
        "liaison_contact",
        sa.Column("event_seq", NUMBER, autoincrement=False, nullable=False),
        sa.Column("unit", WORDS, nullable=False),
        sa.Column("person", WORDS, nullable=False),
        sa.Column("at", WORDS, nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("text", WORDS, nullable=False),
        sa.CheckConstraint("visit IN (0, 1)", name=op.f("ck_liaison_contact_visit")),
        sa.ForeignKeyConstraint(["event_seq"], ["event.seq"], name=op.f("fk_liaison_contact_event_seq")),
        sa.PrimaryKeyConstraint("event_seq", name=op.f("pk_liaison_contact")),
    )
    op.create_index("ix_liaison_contact_unit", "liaison_contact", ["unit"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("message_id", WORDS, nullable=False),
        sa.Column("event_seq", NUMBER, nullable=False),
        sa.Column("recipient", WORDS, nullable=False),
        sa.Column("address", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("language", WORDS, nullable=False),
        sa.Column("purpose", WORDS, nullable=False),
        sa.Column("thread", WORDS, nullable=False),
        sa.Column("cc", sa.Integer(), nullable=False),
        sa.Column("facts", WORDS, nullable=False),
        sa.Column("audit_seq", NUMBER, nullable=False),
        sa.Column("audit_head", WORDS, nullable=False),
        sa.Column("created_at", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", WORDS, nullable=False),
        sa.Column("lease_until", WORDS, nullable=True),
        sa.Column("sent_at", WORDS, nullable=True),
        sa.Column("last_error", WORDS, nullable=True),
        sa.Column("original_address", WORDS, nullable=True),
        sa.Column("acknowledged_at", WORDS, nullable=True),
        sa.Column("acknowledged_by", WORDS, nullable=True),
        sa.Column("acknowledged_note", WORDS, nullable=True),
        sa.CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name=op.f("ck_message_lease_until")),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_message_sent_at")),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'uncertain', 'dead')", name=op.f("ck_message_state")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_message_attempts")),
        sa.CheckConstraint("cc IN (0, 1)", name=op.f("ck_message_cc")),
        sa.ForeignKeyConstraint(["audit_seq"], ["event.seq"], name=op.f("fk_message_audit_seq")),
        sa.ForeignKeyConstraint(["event_seq"], ["event.seq"], name=op.f("fk_message_event_seq")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("event_seq", "recipient", "purpose", name=op.f("uq_message_event_seq_recipient_purpose")),
    )
    op.create_index(
        "ix_message_dead",
        "message",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_message_due",
        "message",
        ["next_attempt_at", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('pending', 'sending', 'uncertain')"),
    )
    op.create_table(
        "report_entry",
        sa.Column("report", WORDS, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("indicator", WORDS, autoincrement=False, nullable=False),
        sa.Column("field", sa.Integer(), nullable=False),
        sa.Column("rank_text", WORDS, nullable=False),
        sa.Column("comparison", WORDS, nullable=False),
        sa.Column("target", WORDS, nullable=False),
        sa.Column("place", WORDS, nullable=True),
        sa.Column("read_kind", WORDS, nullable=False),
        sa.Column("read_best", sa.Integer(), nullable=True),
        sa.Column("read_worst", sa.Integer(), nullable=True),
        sa.Column("read_field", sa.Integer(), nullable=True),
        sa.Column("read_tied", sa.Integer(), nullable=True),
        sa.Column("read_estimated", sa.Integer(), nullable=True),
        sa.Column("read_three_district_rank", sa.Integer(), nullable=True),
        sa.Column("three_district_rank", sa.Integer(), nullable=True),
        sa.Column("flags", WORDS, nullable=False),
        sa.CheckConstraint(
            "(read_kind = 'ranked') = (read_best IS NOT NULL AND read_worst IS NOT NULL)",
            name=op.f("ck_report_entry_ranked"),
        ),
        sa.CheckConstraint("read_kind IN ('ranked', 'none', 'unreadable')", name=op.f("ck_report_entry_read_kind")),
        sa.CheckConstraint("field >= 1", name=op.f("ck_report_entry_field")),
        sa.CheckConstraint(
            "read_best IS NULL OR (read_best >= 1 AND read_best <= read_worst AND read_worst <= field)",
            name=op.f("ck_report_entry_rank"),
        ),
        sa.CheckConstraint("read_estimated IN (0, 1)", name=op.f("ck_report_entry_read_estimated")),
        sa.CheckConstraint("read_tied IN (0, 1)", name=op.f("ck_report_entry_read_tied")),
        sa.CheckConstraint(
            "three_district_rank IS NULL OR three_district_rank >= 1", name=op.f("ck_report_entry_three_district_rank")
        ),
        sa.ForeignKeyConstraint(["report"], ["report.ref"], name=op.f("fk_report_entry_report")),
        sa.PrimaryKeyConstraint("report", "indicator", name=op.f("pk_report_entry")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signoff",
        sa.Column("event_seq", NUMBER, autoincrement=False, nullable=False),
        sa.Column("report", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("posts", WORDS, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person", WORDS, nullable=False),
        sa.Column("on_behalf_of", WORDS, nullable=True),
        sa.Column("at", WORDS, nullable=False),
        sa.Column("content_sha256", WORDS, nullable=False),
        sa.Column("opinion", WORDS, nullable=False),
        sa.Column("void_seq", NUMBER, nullable=True),
        sa.CheckConstraint("round >= 1", name=op.f("ck_signoff_round")),
        sa.CheckConstraint("step >= 1", name=op.f("ck_signoff_step")),
        sa.CheckConstraint("void_seq > event_seq", name=op.f("ck_signoff_void_seq")),
        sa.ForeignKeyConstraint(["event_seq"], ["event.seq"], name=op.f("fk_signoff_event_seq")),
        sa.ForeignKeyConstraint(["report"], ["report.ref"], name=op.f("fk_signoff_report")),
        sa.ForeignKeyConstraint(["void_seq"], ["event.seq"], name=op.f("fk_signoff_void_seq")),
        sa.PrimaryKeyConstraint("event_seq", name=op.f("pk_signoff")),
    )
    op.create_index(
        "uq_signoff_live",
        "signoff",
        ["report", "step", "person", "posts"],
        unique=True,
        sqlite_where=sa.text("void_seq IS NULL"),
        postgresql_where=sa.text("void_seq IS NULL"),
    )
    op.create_table(
        "supervision_case",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("report", WORDS, nullable=False),
        sa.Column("unit", WORDS, nullable=False),
        sa.Column("level", WORDS, nullable=False),
        sa.Column("indicator", WORDS, nullable=True),
        sa.Column("trigger", WORDS, nullable=False),
        sa.Column("opened_at", WORDS, nullable=False),
        sa.Column("opened_rank", sa.Integer(), nullable=True),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("entered_at", WORDS, nullable=False),
        sa.Column("feedback_at", WORDS, nullable=True),
        sa.Column("interview_at", WORDS, nullable=True),
        sa.Column("appealed_at", WORDS, nullable=True),
        sa.Column("proposed_at", WORDS, nullable=True),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("points_status", WORDS, nullable=True),
        sa.Column("closed_at", WORDS, nullable=True),
        sa.Column("timers_until", WORDS, nullable=False),
        sa.Column("wake_at", WORDS, nullable=True),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_supervision_case_closed_at")),
        sa.CheckConstraint("(trigger = 'overdue') = (indicator IS NULL)", name=op.f("ck_supervision_case_indicator")),
        sa.CheckConstraint("level IN ('root', 'district', 'bureau')", name=op.f("ck_supervision_case_level")),
        sa.CheckConstraint(
            "points_status IN ('proposed', 'confirmed', 'withdrawn')", name=op.f("ck_supervision_case_points_status")
        ),
        sa.CheckConstraint(
            "state IN ('tracking', 'interview', 'score_deduction', 'closed')", name=op.f("ck_supervision_case_state")
        ),
        sa.CheckConstraint("trigger IN ('overdue', 'lagging', 'regressing')", name=op.f("ck_supervision_case_trigger")),
        sa.CheckConstraint(
            "(points_status IS NULL) = (points IS NULL)", name=op.f("ck_supervision_case_proposed_points")
        ),
        sa.CheckConstraint(
            "(points_status IS NULL) = (proposed_at IS NULL)", name=op.f("ck_supervision_case_proposed_at")
        ),
        sa.CheckConstraint("points >= 0", name=op.f("ck_supervision_case_points")),
        sa.CheckConstraint("version >= 0 AND seq >= 1", name=op.f("ck_supervision_case_version")),
        sa.ForeignKeyConstraint(["report"], ["report.ref"], name=op.f("fk_supervision_case_report")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision_case")),
    )
    op.create_index(
        "ix_supervision_case_open",
        "supervision_case",
        ["unit", "id"],
        unique=False,
        sqlite_where=sa.text("state <> 'closed'"),
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index("ix_supervision_case_report", "supervision_case", ["report"], unique=False)
    op.create_index("ix_supervision_case_unit", "supervision_case", ["unit"], unique=False)
    op.create_index(
        "ix_supervision_case_wake_at",
        "supervision_case",
        ["wake_at", "id"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_index(
        "uq_supervision_case_open_indicator",
        "supervision_case",
        ["unit", "indicator"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed' AND indicator IS NOT NULL"),
        postgresql_where=sa.text("state <> 'closed' AND indicator IS NOT NULL"),
    )
    op.create_index(
        "uq_supervision_case_open_overdue",
        "supervision_case",
        ["report"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed' AND indicator IS NULL"),
        postgresql_where=sa.text("state <> 'closed' AND indicator IS NULL"),
    )
    op.create_table(
        "task",
        sa.Column("report", WORDS, autoincrement=False, nullable=False),
        sa.Column("post", WORDS, autoincrement=False, nullable=False),
        sa.Column("person", WORDS, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["report"], ["report.ref"], name=op.f("fk_task_report")),
        sa.PrimaryKeyConstraint("report", "post", "person", name=op.f("pk_task")),
    )
    op.create_index("ix_task_person", "task", ["person", "report"], unique=False)
    op.create_table(
        "message_attempt",
        sa.Column("message", NUMBER, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begun_at", WORDS, nullable=False),
        sa.Column("result", WORDS, nullable=True),
        sa.Column("answer", WORDS, nullable=True),
        sa.Column("ended_at", WORDS, nullable=True),
        sa.CheckConstraint(
            "result IN ('accepted', 'temporary', 'permanent', 'uncertain')", name=op.f("ck_message_attempt_result")
        ),
        sa.CheckConstraint("(result IS NULL) = (ended_at IS NULL)", name=op.f("ck_message_attempt_ended_at")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_message_attempt_number")),
        sa.ForeignKeyConstraint(["message"], ["message.id"], name=op.f("fk_message_attempt_message")),
        sa.PrimaryKeyConstraint("message", "number", name=op.f("pk_message_attempt")),
    )
    _forbid("DELETE", "event")
    _forbid("UPDATE", "event")
    _refuse(
        "unlinked",
        "event",
        "NEW.seq > 1 AND NOT EXISTS (SELECT 1 FROM event e WHERE e.seq = NEW.seq - 1 AND e.hash = NEW.prev_hash)",
    )
    _forbid("DELETE", "signoff")
    _forbid("DELETE", "liaison_contact")
    _forbid("UPDATE", "liaison_contact")
    _forbid("DELETE", "message")
    _forbid("DELETE", "definition")
    _forbid("UPDATE", "definition")


def downgrade() -> None:
    raise CommandError("结构只能向前升级；要退回请从备份恢复 (restore a backup instead)")


def _forbid(act: str, table: str) -> None:
    """Rows of that table are kept for ever, whoever comes with a database tool."""
    name, message = f"{table}_no_{act.lower()}", f"{table}: {act} is forbidden, rows are kept for ever"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END")
        return
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    if act == "DELETE":
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {name}()")


def _refuse(what: str, table: str, condition: str) -> None:
    """No new row of which the condition is true."""
    name, message = f"{table}_{what}", f"{table}: {what}"
    if op.get_bind().dialect.name == "sqlite":
        stop = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {condition} {stop}")
        return
    stop = f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF"
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {stop}; RETURN NEW; END $$")
    op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
