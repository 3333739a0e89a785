"""${message}."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    raise CommandError("结构只能向前升级；要退回请从备份恢复 (restore a backup instead)")
