"""Opens an SQLite file with the settings that keep an acknowledged act safe, each read back and insisted on."""

import os
import sqlite3
from pathlib import Path

from storage.address import SqliteAddress
from storage.connection import PATIENCE_SECONDS, Connection, Engine
from storage.errors import FOUND, LOST, DatabaseLost, NoDatabase, NotWritable, UnsafeSettings, translated, unusable_file

_STATEMENTS_KEPT = 256
_PAGE_BYTES = 2048
"""Of a new file. An act touches a dozen pages and changes a hundred bytes in each; the log takes each page whole."""
_CHECKPOINT_PAGES = 8000
"""How long the log grows before it is written back: long enough that an act seldom waits for that."""


def sqlite_engine(address: SqliteAddress, patience: float = PATIENCE_SECONDS) -> Engine:
    """The engine on a database file."""
    return Engine(
        shown=address.shown,
        connect=lambda: connect(address.path, patience),
        connect_reading=lambda: connect_reading(address.path, patience),
        faults=sqlite3.Error,
        begin=("BEGIN IMMEDIATE",),
        begin_outbox=("BEGIN IMMEDIATE",),
        begin_reading="BEGIN",
        skip_locked="",
        patience=patience,
    )


def connect(path: Path, patience: float = PATIENCE_SECONDS) -> sqlite3.Connection:
    """A connection that writes. Nothing is created. Raises StorageError."""
    need_file(path)
    _need_writable(path)
    connection = opened(path, "mode=rw", patience, "journal_mode=WAL")
    connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
    _insist(connection, path, {**_always(patience), "journal_mode": "wal"})
    return connection


def connect_reading(path: Path, patience: float = PATIENCE_SECONDS) -> Connection:
    """A connection that can only read. Raises StorageError.

    A copy that lies where nothing can be written is whole by itself when no log is beside it, and then read as it is.
    """
    need_file(path)
    mode = "mode=ro&immutable=1" if _is_whole_where_nothing_is_written(path) else "mode=rw"
    connection = opened(path, mode, patience, "query_only=ON")
    _insist(connection, path, {**_always(patience), "query_only": 1})
    return connection


def new_file(path: Path) -> None:
    """An empty file that only its owner may read; SQLite gives its other files the same mode. Raises StorageError."""
    _need_directory(path)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as fault:
        raise unusable_file(fault, str(path)) from fault


def need_file(path: Path) -> None:
    """Raise NoDatabase unless there is such a file; DatabaseLost where what it left behind shows that there was one."""
    _need_directory(path)
    try:
        if path.exists():
            return
        traces = [trace for ending in ("mark", "lock") if (trace := path.with_name(f"{path.name}.{ending}")).exists()]
    except OSError as fault:
        raise unusable_file(fault, str(path)) from fault
    if traces:
        raise DatabaseLost(f"数据库文件 {path} 不见了，而 {traces[0].name} 还在（the database is lost）", LOST)
    raise NoDatabase(f"没有数据库文件 {path}（no such database）", FOUND)


def _always(patience: float) -> dict[str, object]:
    return {"synchronous": 2, "foreign_keys": 1, "busy_timeout": int(patience * 1000)}


def opened(path: Path, how: str, patience: float, own: str) -> sqlite3.Connection:
    """A connection with the settings all share and one of its own; `how` is the query of SQLite's file URI."""
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?{how}",
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
        )
    except sqlite3.Error as fault:
        raise translated(fault, str(path)) from fault
    try:
        for setting in (f"page_size={_PAGE_BYTES}", "synchronous=FULL", "foreign_keys=ON", own):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("SELECT count(*) FROM sqlite_master")  # the first look at the file itself
    except sqlite3.Error as fault:
        connection.close()
        raise translated(fault, str(path)) from fault
    return connection


def _insist(connection: sqlite3.Connection, path: Path, wanted: dict[str, object]) -> None:
    """Read every setting back: SQLite ignores what it cannot do, and a network share cannot do WAL."""
    present = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    if present != wanted:
        connection.close()
        raise UnsafeSettings(
            f"数据库 {path} 不接受安全设置（wanted {wanted}, is {present}）",
            "请把数据库放在本机磁盘上（网络共享不行）；多台机器共用请改用 PostgreSQL",
        )


def _need_directory(path: Path) -> None:
    try:
        has_directory = path.parent.is_dir()
    except OSError as fault:
        raise unusable_file(fault, str(path)) from fault
    if not has_directory:
        raise NoDatabase(f"目录 {path.parent} 不存在（no such directory）", "请建立该目录，或改正 database.url")


def _need_writable(path: Path) -> None:
    """WAL needs files beside the database, so the directory must be writable too."""
    for place in (path, path.parent):
        if not _may_write(place):
            raise NotWritable(f"{place} 不可写（not writable）", "请核对 database.url 所指文件及其目录的所有者和权限")


def _is_whole_where_nothing_is_written(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return not _may_write(path.parent) and not (log.exists() and log.stat().st_size)


def _may_write(place: Path) -> bool:
    return os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
