"""What goes wrong with databases is said in words a clerk can act on, and changes nothing."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage import errors
from storage.address import SqliteAddress, address_of
from storage.connection import Writer
from storage.database import Database, engine_of, open_database
from storage.schema import current, migrate, ready
from storage.sqlite import connect, connect_reading
from tests.storage.builders import RARE, a_report, an_entry, attempt, no_parameters, stored

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    """A migrated SQLite file."""
    return Path(shutil.copy(sqlite_template, tmp_path / "office.db"))


def pragmas(connection: Any) -> dict[str, object]:
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}


def test_every_connection_has_the_safe_settings(path: Path) -> None:
    safe = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000}
    connections = [open_one(path) for open_one in (connect, connect_reading) for _ in range(10)]

    assert [pragmas(connection) for connection in connections] == [safe] * 20
    for connection in connections:
        connection.close()


def test_the_connections_in_use_have_the_safe_settings(path: Path) -> None:
    with open_database(f"sqlite:///{path}", patience=7) as database:
        assert isinstance(database._writer, Writer)
        used = (database._connection, database._writer._connection)
        assert [pragmas(connection)["busy_timeout"] for connection in used] == [7000, 7000]


def test_the_reading_connection_cannot_write(url: str) -> None:
    engine = engine_of(url)
    with closing(engine.connect_reading()) as connection, pytest.raises(engine.faults, match="read"):
        connection.execute("DELETE FROM report")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///office.db", Path.cwd() / "office.db"),
        ("sqlite:////srv/kaoji/office.db", Path("/srv/kaoji/office.db")),
        ("sqlite:///srv/%E8%80%83.db", Path.cwd() / "srv/考.db"),
    ],
)
def test_a_file_is_named_as_sqlalchemy_names_it(url: str, path: Path) -> None:
    assert address_of(url) == SqliteAddress(path=path)


@pytest.mark.parametrize("url", ["", "office.db", "sqlite://", "sqlite:///:memory:", "mysql://a/b", "postgresql:x"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(errors.UnknownAddress) as refused:
        address_of(url)
    assert "sqlite:///" in refused.value.remedy


def test_a_password_is_never_shown() -> None:
    assert "secret" not in address_of("postgresql+psycopg://kaoji:secret@host/office").shown


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(errors.NoDatabase, match="no such database") as refused:
        open_database(f"sqlite:///{tmp_path}/none.db")
    assert "kaoji migrate" in refused.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("use", [open_database, migrate, ready])
def test_a_missing_directory_is_named(tmp_path: Path, use: Any) -> None:
    with pytest.raises(errors.NoDatabase, match="no such"):
        use(f"sqlite:///{tmp_path}/none/office.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("use", [open_database, migrate, ready, current])
def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path, use: Any) -> None:
    letter = tmp_path / "letter.docx"
    letter.write_bytes(b"PK\x03\x04 a letter, surely longer than one header " * 40)
    before = letter.read_bytes()

    with pytest.raises(errors.NotADatabase, match="not a database"):
        use(f"sqlite:///{letter}")
    assert letter.read_bytes() == before


@pytest.mark.parametrize("use", [open_database, ready])
def test_a_file_replaced_by_an_empty_one_is_refused(tmp_path: Path, use: Any) -> None:
    (tmp_path / "office.db").touch()

    with pytest.raises(errors.SchemaNotCurrent) as refused:
        use(f"sqlite:///{tmp_path}/office.db")
    assert "kaoji migrate" in refused.value.remedy


def test_a_newer_schema_is_refused(url: str) -> None:
    no_parameters(engine_of(url), "UPDATE alembic_version SET version_num = '9999'")

    for use in (open_database, migrate, ready):
        with pytest.raises(errors.SchemaNotCurrent, match="newer"):
            use(url)


def test_an_older_schema_asks_for_a_migration(url: str) -> None:
    no_parameters(engine_of(url), "UPDATE alembic_version SET version_num = '0000'")

    with pytest.raises(errors.SchemaNotCurrent, match="not current") as refused:
        open_database(url)
    assert "kaoji migrate" in refused.value.remedy


@pytest.fixture
def as_nobody(sqlite_template: Path) -> Iterator[Path]:
    """A database of somebody else's, seen by a user who may only read it."""
    home = Path(tempfile.mkdtemp(prefix="kaoji-test-"))
    shutil.copy(sqlite_template, home / "office.db")
    (home / "office.db").chmod(0o444)
    home.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
    yield home
    os.seteuid(os.getuid())
    home.chmod(0o755)
    shutil.rmtree(home)


def test_a_file_that_may_not_be_written_is_named(as_nobody: Path) -> None:
    with pytest.raises(errors.NotWritable, match=r"not writable.*office\.db"):
        open_database(f"sqlite:///{as_nobody}/office.db")


def test_a_directory_that_may_not_be_written_is_named(as_nobody: Path) -> None:
    with pytest.raises(errors.NotWritable, match="not writable"):
        migrate(f"sqlite:///{as_nobody}/new.db")
    assert [file.name for file in as_nobody.iterdir()] == ["office.db"]


def test_a_full_disk_undoes_the_act_and_the_next_one_succeeds(path: Path) -> None:
    with open_database(f"sqlite:///{path}") as database:
        connection = database._writing._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        big = a_report(entries=tuple(an_entry(f"i{n}", target=RARE * 400) for n in range(20)))

        with pytest.raises(errors.DiskFull, match="disk is full"):
            stored(database, big)
        assert database.reports() == []

        connection.execute("PRAGMA max_page_count = 100000")
        stored(database, big)
        assert database.reports() == [big]


def test_a_rollback_of_an_ended_transaction_does_not_raise(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        attempt(
            database,
            lambda _: database._writing._connection.execute("ROLLBACK"),
            lambda _: 1 // 0,
        )

    stored(database, a_report())


def test_a_file_locked_by_another_process_can_be_read_meanwhile(path: Path) -> None:
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        open_database(f"sqlite:///{path}", patience=0.1) as database,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.LockedTooLong) as refused:
            stored(database, a_report())
        assert database.reports() == []
        other.execute("ROLLBACK")
        stored(database, a_report())
    assert "重试" in refused.value.remedy


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(errors.Unreachable, match="127"):
        open_database("postgresql+psycopg://kaoji:secret@127.0.0.1:1/office")


def test_opening_a_database_imports_no_orm() -> None:
    heavy = "sqlalchemy sqlmodel pydantic alembic psycopg transitions asyncio"
    script = f"import sys, storage.database; print([name for name in '{heavy}'.split() if name in sys.modules])"

    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert said.stdout == "[]\n"


def test_every_error_says_what_to_do(path: Path) -> None:
    for kind, (words, remedy) in errors._WORDS.items():
        assert issubclass(kind, errors.StorageError)
        assert words
        assert remedy
    assert errors.translated(sqlite3.OperationalError("x"), str(path)).message
