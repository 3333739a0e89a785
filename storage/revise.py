"""Writes the next migration: what the classes in `storage.tables` have that the migrations before it do not make.

`python -m storage.revise short_name "Why the tables change"`, then read what it wrote: it knows new tables, columns,
keys and indexes, and the triggers of new tables; a changed CHECK, a rename, or what becomes of rows that are there is
yours to write. `storage.revision.REVISION` is set to its number by hand: from then on the program needs it.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp, MigrationScript
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, Text, create_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.schema import config, create
from storage.tables import METADATA, Table

VERSIONS = Path(__file__).with_name("migrations") / "versions"

_HEAD = '''"""{why}."""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = {revision!r}
down_revision = {before!r}

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    raise CommandError("结构只能向前升级；要退回请从备份恢复 (restore a backup instead)")
'''
_FORBID = '''

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
'''
_REFUSE = '''

def _refuse(what: str, table: str, condition: str) -> None:
    """No new row of which the condition is true."""
    name, message = f"{table}_{what}", f"{table}: {what}"
    if op.get_bind().dialect.name == "sqlite":
        stop = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {condition} {stop}")
        return
    stop = f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {stop}; RETURN NEW; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
'''


def migration(why: str) -> tuple[str, str]:
    """The number of the next migration, and its text."""
    before = ScriptDirectory.from_config(config()).get_current_head()
    revision = f"{int(before or 0) + 1:04d}"
    changes = _changes(is_first=before is None)
    ops = changes.upgrade_ops
    if ops is None or ops.is_empty():
        raise SystemExit("表与迁移一致，没有可写的 (the migrations already make these tables)")
    triggers = [*_triggers({one.table_name for one in ops.ops if isinstance(one, CreateTableOp)})]
    made = render_python_code(ops, render_item=_rendered).splitlines()
    upgrade = "\n".join(line for line in made if not line.lstrip().startswith("# ###"))
    text = _HEAD.format(why=why, revision=revision, before=before, upgrade="\n    ".join([upgrade.strip(), *triggers]))
    helpers = [helper for call, helper in (("_forbid", _FORBID), ("_refuse", _REFUSE)) if call in "".join(triggers)]
    return revision, _formatted("".join([text, *helpers]))


def _changes(*, is_first: bool) -> MigrationScript:
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "present.db"
        if not is_first:
            create(f"sqlite:///{file}")
        with create_engine(f"sqlite:///{file}", poolclass=NullPool).connect() as connection:
            return produce_migrations(MigrationContext.configure(connection), METADATA)


def _triggers(tables: set[str]) -> Iterator[str]:
    for table in Table.__subclasses__():
        if table.__table__.name in tables:
            yield from (f'_forbid("{act}", "{table.__table__.name}")' for act in table.forbids)
            for what, condition in table.refuses.items():
                yield f'_refuse("{what}", "{table.__table__.name}", "{condition}")'


def _rendered(kind: str, one: Any, context: AutogenContext) -> str | Literal[False]:  # noqa: ARG001  Alembic's own call
    """A type as it is stored: a migration must not change when our classes do."""
    if kind != "type" or not isinstance(one, TypeEngine):
        return False
    plain = one.impl_instance if isinstance(one, TypeDecorator) else one
    if isinstance(plain, BigInteger):
        return "NUMBER"
    return "WORDS" if isinstance(plain, Text) else "sa.Integer()"


def _formatted(source: str) -> str:
    ruff = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(VERSIONS / "new.py"), "-"]
    return subprocess.run(ruff, input=source, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    name, reason = sys.argv[1:]
    number, text = migration(reason.rstrip("."))
    (VERSIONS / f"{number}_{name}.py").write_text(text, encoding="utf-8")
