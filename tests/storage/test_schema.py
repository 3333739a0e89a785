"""Models, migrations and the fixed statements agree, on both databases."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from storage import generated, statements
from storage.address import PostgresAddress, address_of
from storage.database import REVISION, engine_of, open_database
from storage.errors import DatabaseExists, DatabaseLost, OutOfOrder
from storage.lock import DaemonLock
from storage.mark import place_of, write
from storage.schema import config, create, current, migrate, need_ready
from storage.tables import METADATA, Table
from tests.storage.builders import a_report, an_event, no_parameters, stored

STATEMENTS = [
    text
    for module in (generated, statements)
    for name, value in vars(module).items()
    if name.isupper()
    for text in ([value] if isinstance(value, str) else value)
    if text.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))
]


@pytest.fixture
def empty_url(url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where no table is yet, on the same kind of database as `url`."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/new.db"
    return str(request.getfixturevalue("empty_postgres_url"))


def orm_engine(url: str) -> Engine:
    address = address_of(url)
    return create_engine(
        address.url if isinstance(address, PostgresAddress) else f"sqlite:///{address.path}", poolclass=NullPool
    )


def test_the_models_and_the_migrations_agree(url: str) -> None:
    engine = orm_engine(url)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_constraints_and_indexes_are_the_same_word_for_word(url: str, empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).touch()
    METADATA.create_all(orm_engine(empty_url))

    assert list(definitions(url)) == list(definitions(empty_url))


def definitions(url: str) -> Iterator[str]:
    """What the database says of its constraints and indexes, each on one line, sorted."""
    if url.startswith("sqlite"):
        query = "SELECT sql FROM sqlite_master WHERE type IN ('table', 'index') AND tbl_name <> 'alembic_version'"
    else:
        query = (
            "SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conname NOT LIKE 'alembic%'"
            " AND connamespace = 'public'::regnamespace"
            " UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
    found = [re.sub(r"\s+", " ", row[0]) for row in no_parameters(engine_of(url), query) if row[0]]
    for line in sorted(found):
        if not line.startswith("CREATE TABLE"):
            yield line
            continue
        head, _, rest = line.partition(" ( ")
        body, _, end = rest.rpartition(" )")
        yield f"{head} ( {', '.join(sorted(re.split(r', (?=CONSTRAINT|[a-z_]+ (?:TEXT|INTEGER))', body)))} ){end}"


def test_a_new_database_is_made_and_an_upgrade_of_it_can_be_repeated(empty_url: str) -> None:
    assert current(empty_url) is None

    assert create(empty_url) == REVISION
    assert migrate(empty_url) == REVISION
    assert current(empty_url) == REVISION
    need_ready(empty_url)
    with open_database(empty_url) as database:
        stored(database, a_report())
        assert database.revision() == REVISION


def test_no_database_is_made_by_a_migration(empty_url: str, tmp_path: Path) -> None:
    with pytest.raises(OutOfOrder) as refused:
        migrate(empty_url)

    assert current(empty_url) is None
    assert list(tmp_path.glob("new.db*")) == []
    assert "kaoji init" in refused.value.remedy


def test_a_database_is_never_made_over_another(url: str) -> None:
    with open_database(url) as database:
        stored(database, a_report())

    with pytest.raises(DatabaseExists):
        create(url)

    with open_database(url) as database:
        assert database.reports() == [a_report()]


@pytest.mark.parametrize("trace", ["office.db.mark", "office.db.lock", "office.db-wal"])
def test_no_database_is_made_where_one_was_lost(tmp_path: Path, trace: str) -> None:
    (tmp_path / trace).touch()

    with pytest.raises(DatabaseExists) as refused:
        create(f"sqlite:///{tmp_path}/office.db")

    assert trace in refused.value.message
    assert "kaoji restore" in refused.value.remedy
    assert not (tmp_path / "office.db").exists()


@pytest.mark.parametrize("trace", ["office.db.mark", "office.db.lock"])
def test_a_lost_database_is_called_lost(tmp_path: Path, trace: str) -> None:
    (tmp_path / trace).touch()

    for use in (open_database, migrate, need_ready):
        with pytest.raises(DatabaseLost, match="不见了") as refused:
            use(f"sqlite:///{tmp_path}/office.db")
        assert "kaoji restore" in refused.value.remedy
    assert [file.name for file in tmp_path.iterdir()] == [trace]


def test_what_failed_half_way_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys; from storage.schema import create; from storage.errors import DiskFull\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "try: create(sys.argv[1])\n"
        "except DiskFull as full: print('full')"
    )

    said = subprocess.run(
        [sys.executable, "-c", script, f"sqlite:///{tmp_path}/office.db"], capture_output=True, text=True, check=True
    )

    assert said.stdout == "full\n"
    assert not (tmp_path / "office.db").exists()
    assert create(f"sqlite:///{tmp_path}/office.db") == REVISION


def test_only_its_owner_may_read_a_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/office.db"
    before = os.umask(0o022)
    try:
        create(url)
        with open_database(url) as database, DaemonLock(url):
            stored(database, a_report(), events=[an_event()])
            write(place_of(url, tmp_path), database.mark())
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    finally:
        os.umask(before)

    ends = ("", "-shm", "-wal", ".lock", ".mark")
    assert modes == {f"office.db{end}": 0o600 for end in ends}


def test_the_program_knows_the_last_migration() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [REVISION]


def test_what_must_be_kept_is_guarded_by_triggers(url: str) -> None:
    wanted = {f"{table.__table__.name}_no_{act.lower()}" for table in Table.__subclasses__() for act in table.forbids}
    wanted |= {f"{table.__table__.name}_{what}" for table in Table.__subclasses__() for what in table.refuses}
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if url.startswith("postgresql"):
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname NOT LIKE '%_no_truncate'"

    assert {row[0] for row in no_parameters(engine_of(url), query)} == wanted


def test_every_statement_is_understood(url: str) -> None:
    engine = engine_of(url)

    for text in STATEMENTS:
        plain = text.replace("LIMIT ?", "LIMIT 1").replace("?", "NULL")
        no_parameters(engine, f"EXPLAIN {plain}")
    assert len(STATEMENTS) > 90


@pytest.mark.parametrize(
    ("text", "index"),
    [
        (statements.WAKES, "ix_report_wake_at"),
        (statements.WAKES, "ix_duty_wake_at"),
        (statements.WAKES, "ix_supervision_case_wake_at"),
        (statements.DUE_MESSAGES, "ix_message_due"),
        (statements.REPORTS_OF, "ix_report_unit_period"),
        (statements.REPORTS_IN, "period"),
        (statements.COMMAND_SEQ, "uq_event_command_id"),
        (statements.OPEN_OVERDUE_CASE, "INDEX"),
        (statements.SIGNOFFS_OF, "sqlite_autoindex_event"),
        (statements.VOID_SIGNOFFS, "uq_signoff_live"),
    ],
)
def test_the_sweeps_use_their_indexes(tmp_path: Path, text: str, index: str) -> None:
    url = f"sqlite:///{tmp_path}/plan.db"
    create(url)

    plan = no_parameters(engine_of(url), f"EXPLAIN QUERY PLAN {text.replace('?', '7')}")

    details = [str(row[3]) for row in plan]
    assert any(index in detail for detail in details)
    assert not any(detail.startswith("SCAN") and "CONSTANT" not in detail for detail in details)
