"""Opens an SQLite file with the settings that keep an acknowledged act safe, each read back and insisted on."""

import os
import sqlite3
from pathlib import Path

from storage.address import SqliteAddress
from storage.connection import PATIENCE_SECONDS, Connection, Engine
from storage.errors import NoDatabase, NotWritable, UnsafeSettings, translated, unusable_file

_STATEMENTS_KEPT = 256


def sqlite_engine(address: SqliteAddress, patience: float = PATIENCE_SECONDS) -> Engine:
    """The engine on a database file."""
    return Engine(
        shown=address.shown,
        connect=lambda: connect(address.path, patience),
        connect_reading=lambda: connect_reading(address.path, patience),
        faults=sqlite3.Error,
        begin="BEGIN IMMEDIATE",
        begin_outbox="BEGIN IMMEDIATE",
        begin_reading="BEGIN",
        skip_locked="",
        patience=patience,
    )


def connect(path: Path, patience: float = PATIENCE_SECONDS, *, create: bool = False) -> sqlite3.Connection:
    """A connection that writes. Nothing is created unless asked for. Raises StorageError."""
    _need_place(path, create=create)
    _need_writable(path)
    connection = _opened(path, "rwc" if create else "rw", patience, "journal_mode=WAL")
    _insist(connection, path, {**_always(patience), "journal_mode": "wal"})
    return connection


def connect_reading(path: Path, patience: float = PATIENCE_SECONDS) -> Connection:
    """A connection that can only read. Raises StorageError."""
    _need_place(path, create=False)
    connection = _opened(path, "rw", patience, "query_only=ON")
    _insist(connection, path, {**_always(patience), "query_only": 1})
    return connection


def _always(patience: float) -> dict[str, object]:
    return {"synchronous": 2, "foreign_keys": 1, "busy_timeout": int(patience * 1000)}


def _opened(path: Path, mode: str, patience: float, own: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode={mode}",
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
        )
    except sqlite3.Error as fault:
        raise translated(fault, str(path)) from fault
    try:
        for setting in ("synchronous=FULL", "foreign_keys=ON", own):
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


def _need_place(path: Path, *, create: bool) -> None:
    try:
        has_directory, has_file = path.parent.is_dir(), path.exists()
    except OSError as fault:
        raise unusable_file(fault, str(path)) from fault
    if not has_directory:
        raise NoDatabase(f"目录 {path.parent} 不存在（no such directory）", "请建立该目录，或改正 database.url")
    if not create and not has_file:
        raise NoDatabase(f"没有数据库文件 {path}（no such database）", "请核对 database.url；新建请运行 kaoji migrate")


def _need_writable(path: Path) -> None:
    """WAL needs files beside the database, so the directory must be writable too."""
    for place in (path, path.parent):
        if place.exists() and not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise NotWritable(f"{place} 不可写（not writable）", "请核对 database.url 所指文件及其目录的所有者和权限")
