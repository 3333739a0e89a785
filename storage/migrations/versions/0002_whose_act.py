"""By which door an act came and on whose proof, what it asked and whom it told; the daemon's heartbeat."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0002"
down_revision = "0001"

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

ADDED = {
    "event": ("door", "proof", "command_sha256", "mails_sha256"),
    "message": ("original_address", "acknowledged_at", "acknowledged_by", "acknowledged_note"),
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, sa.Column(column, WORDS, nullable=True))
    op.create_table(
        "heartbeat",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", WORDS, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", WORDS, nullable=False),
        sa.Column("started_at", WORDS, nullable=False),
        sa.Column("held_since", WORDS, nullable=True),
        sa.Column("held_reason", WORDS, nullable=True),
        sa.CheckConstraint("id = 1", name="id"),
        sa.CheckConstraint("(held_since IS NULL) = (held_reason IS NULL)", name="held"),
        sa.PrimaryKeyConstraint("id", name="pk_heartbeat"),
    )
    _partial("ix_report_open", "report", ["unit", "period"], "state <> 'supervised'")
    _partial("ix_supervision_case_open", "supervision_case", ["unit", "id"], "state <> 'closed'")


def downgrade() -> None:
    raise CommandError("结构只能向前升级；要退回请从备份恢复 (restore a backup instead)")


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
