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
from storage.lock import DaemonLock
from storage.schema import create, current, migrate, need_ready
from storage.sqlite import connect, connect_reading
from tests.postgres import database_on
from tests.storage.builders import NOW, RARE, a_report, an_entry, attempt, no_parameters, stored
from workflow.ports import StoreFault

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
    assert address_of("postgresql+psycopg://kaoji:secret@host/office?password=s").shown == "postgresql://host/office"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://kaoji:S3/CRET@host/office",
        "postgresql+psycopg://kaoji:S3%CRET@host/office",
        "postgresql+psycopg://kaoji:S3@CRET@host/office",
        "postgresql+psycopg://kaoji:S3#CRET@host/office",
        "postgresql+psycopg://kaoji:S3?CRET@host/office",
        "postgresql+psycopg://kaoji:S3CRET/office",
        "postgresql+psycopg://[u:S3CRET@host/office",
        "postgresql+psycopg://kaoji:[S3CRET]@host/office",
        "postgres+psycopg2://kaoji:S3CRET@host/office",
        "mysql:/kaoji:S3CRET@host/office",
    ],
)
def test_no_part_of_a_password_is_shown_by_a_refusal(url: str) -> None:
    with pytest.raises(errors.UnknownAddress) as refused:
        open_database(url)

    said = refused.value.message + refused.value.remedy
    assert "S3" not in said
    assert "CRET" not in said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://localhost/kaoji", "postgresql://localhost/kaoji"),
        ("postgresql+psycopg://u:p%40%2F@10.0.0.3:5433/kaoji?sslmode=verify-full", "postgresql://10.0.0.3:5433/kaoji"),
        ("postgresql://u@[::1]:5433/kaoji", "postgresql://[::1]:5433/kaoji"),
        ("postgresql://u@a.example:5432,b.example/kaoji", "postgresql://a.example:5432,b.example/kaoji"),
        ("postgresql://postgres:@/kaoji?host=/var/run/postgresql", "postgresql:///kaoji"),
        ("postgresql://%2Fvar%2Frun/kaoji", "postgresql://%2Fvar%2Frun/kaoji"),
    ],
)
def test_the_ways_to_name_a_server_are_understood(url: str, shown: str) -> None:
    assert address_of(url).shown == shown


def test_a_missing_file_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(errors.NoDatabase, match="no such database") as refused:
        open_database(f"sqlite:///{tmp_path}/none.db")
    assert "kaoji init" in refused.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("use", [open_database, migrate, create, need_ready])
def test_a_missing_directory_is_named(tmp_path: Path, use: Any) -> None:
    with pytest.raises(errors.NoDatabase, match="no such"):
        use(f"sqlite:///{tmp_path}/none/office.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("use", [open_database, migrate, need_ready, current])
def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path, use: Any) -> None:
    letter = tmp_path / "letter.docx"
    letter.write_bytes(b"PK\x03\x04 a letter, surely longer than one header " * 40)
    before = letter.read_bytes()

    with pytest.raises(errors.NotADatabase, match="not a database"):
        use(f"sqlite:///{letter}")
    assert letter.read_bytes() == before


@pytest.mark.parametrize("use", [open_database, migrate, need_ready])
def test_a_file_replaced_by_an_empty_one_is_refused(tmp_path: Path, use: Any) -> None:
    (tmp_path / "office.db").touch()

    with pytest.raises(errors.SchemaNotCurrent) as refused:
        use(f"sqlite:///{tmp_path}/office.db")
    assert "kaoji restore" in refused.value.remedy


def test_a_newer_schema_is_refused(url: str) -> None:
    no_parameters(engine_of(url), "UPDATE alembic_version SET version_num = '9999'")

    for use in (open_database, migrate, need_ready):
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
    with pytest.raises(errors.NotWritable, match=r"office\.db 不可写"):
        open_database(f"sqlite:///{as_nobody}/office.db")


def test_a_directory_that_may_not_be_written_is_named(as_nobody: Path) -> None:
    with pytest.raises(errors.NotWritable, match="not writable"):
        create(f"sqlite:///{as_nobody}/new.db")
    assert [file.name for file in as_nobody.iterdir()] == ["office.db"]


def test_a_copy_where_nothing_may_be_written_is_read(as_nobody: Path) -> None:
    with open_database(f"sqlite:///{as_nobody}/office.db", read_only=True) as database:
        assert database.reports() == []

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


LIMITED = """
import resource, signal, sys
from storage.database import open_database
from storage.errors import StorageError
from tests.storage.builders import a_report, stored

try:
    if sys.argv[2] == "size":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with open_database(sys.argv[1]) as database:
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
            for number in range(100):
                stored(database, a_report(unit=f"u{number}"))
    else:
        open_files = [open("/dev/null") for _ in range(20)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_files[-1].fileno() + 1,) * 2)
        open_database(sys.argv[1])
except StorageError as fault:
    print(type(fault).__name__, fault.message, fault.remedy)
"""


@pytest.mark.parametrize(
    ("limit", "kind", "words"),
    [("size", "DiskFull", "超出配额、文件大小的限制"), ("files", "TooManyFiles", "打开的文件太多")],
)
def test_a_limit_of_the_system_is_named_and_no_damage_spoken_of(path: Path, limit: str, kind: str, words: str) -> None:
    limited = subprocess.run(
        [sys.executable, "-c", LIMITED, f"sqlite:///{path}", limit], capture_output=True, text=True, check=True
    )

    assert limited.stdout.startswith(f"{kind} ")
    assert words in limited.stdout
    assert "损坏" not in limited.stdout
    assert "备份" not in limited.stdout
    with open_database(f"sqlite:///{path}") as database:
        stored(database, a_report(unit="after"))


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_FSYNC])
def test_a_disk_that_fails_is_no_damaged_database(path: Path, code: int) -> None:
    """Whoever puts a backup in its place loses what was done since: that is to be looked at first."""
    met = sqlite3.OperationalError("disk I/O error")
    met.sqlite_errorcode = code

    fault = errors.translated(met, str(path))

    assert isinstance(fault, errors.DiskFault)
    assert "磁盘读写出错" in fault.message
    assert "损坏" not in fault.message
    assert "恢复" not in fault.remedy
    assert "kaoji check" in fault.remedy


def test_a_full_disk_is_named_when_the_daemon_takes_its_lock(path: Path) -> None:
    Path(f"{path}.lock").symlink_to("/dev/full")

    with pytest.raises(errors.DiskFull, match="磁盘已满"):
        DaemonLock(f"sqlite:///{path}").__enter__()


@pytest.mark.parametrize("size", ["size=1m", "size=4m,nr_inodes=3"], ids=["blocks", "files"])
def test_a_full_disk_is_named_where_questions_are_asked(tmp_path: Path, sqlite_template: Path, size: str) -> None:
    """The index of the log cannot be made: a small file system of the test's own, filled to its last block or file."""
    script = (
        f"set -e; mount -t tmpfs -o {size} none $1; cp $2 $1/office.db; "
        "dd if=/dev/zero of=$1/filler bs=4k count=1000 2>/dev/null || true; "
        '$3 -c "import sys; from storage.database import open_database; from storage.errors import StorageError\n'
        "try: open_database(sys.argv[1], read_only=True)\n"
        'except StorageError as fault: print(fault.message, fault.remedy)" sqlite:///$1/office.db'
    )
    asked = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", tmp_path, sqlite_template, sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mount" in asked.stderr or "unshare" in asked.stderr:
        pytest.skip(f"这里不能挂载小文件系统 (no file system of our own can be mounted): {asked.stderr.strip()}")

    assert "磁盘已满" in asked.stdout, asked
    assert "损坏" not in asked.stdout


def test_what_is_no_fault_of_an_act_is_told_apart_from_what_is(path: Path) -> None:
    with open_database(f"sqlite:///{path}", patience=0) as database:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreFault):
                stored(database, a_report())
        stored(database, a_report())
        with pytest.raises(errors.RuleBroken) as broken:
            stored(database, a_report())
    assert not isinstance(broken.value, StoreFault)


def test_a_fault_is_told_in_words_where_it_is_met(postgres: str) -> None:
    """Not only when the transaction is left: who catches it within must know it for the store's."""
    for url in database_on(postgres, "TEMPLATE template"):
        with open_database(url) as database, database.begin(NOW) as tx:
            cut_off(url)
            with pytest.raises(errors.Unreachable) as met:
                tx.report("2015-10/shirong")
            assert isinstance(met.value, StoreFault)


def test_a_lost_answer_to_a_commit_says_to_ask_first(postgres: str) -> None:
    for url in database_on(postgres, "TEMPLATE template"):
        with open_database(url) as database, database.begin(NOW) as tx:
            tx.save_report(None, a_report())
            cut_off(url)
            with pytest.raises(errors.Unanswered) as lost:
                tx.commit()
            assert "不要直接重办" in lost.value.remedy  # whoever asked knows what to look at, and by which id to repeat


def cut_off(url: str) -> None:
    """End every other session of the database."""
    no_parameters(
        engine_of(url),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


def test_only_an_answer_lost_speaks_of_the_command_id() -> None:
    for words, remedy in errors._WORDS.values():
        assert "同一命令" not in words + remedy


def test_tables_changed_under_a_program_stop_its_writing(url: str) -> None:
    with open_database(url) as database:
        stored(database, a_report())
        no_parameters(engine_of(url), "UPDATE alembic_version SET version_num = '9999'")

        with pytest.raises(errors.SchemaNotCurrent, match="newer"):
            stored(database, a_report(unit="huanwei"))

        assert [report.unit for report in database.reports()] == ["shirong"]


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
