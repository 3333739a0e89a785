"""Copies of the database that can be trusted: made while the office works, looked through, and put back.

A restore is prepared in a file of its own beside the database and goes in by one transaction, so that whatever happens
on the way the old database or the new one stands, and no act is carried out on a database that is being replaced.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.address import PostgresAddress, SqliteAddress, address_of
from storage.database import engine_of, open_database
from storage.errors import (
    Damaged,
    DatabaseExists,
    DiskFault,
    LockedTooLong,
    NoDatabase,
    NotADatabase,
    SchemaNotCurrent,
    StorageError,
    translated,
    unusable_file,
)
from storage.mark import Mark
from storage.reads import Reader
from storage.schema import current, migrate
from storage.sqlite import connect, connect_reading, need_file, new_file

_ANOTHER = "请换一个文件名；备份从不覆盖已有文件"


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMail:
    """A mail that left, of a history that is given up: what it told of will not have happened."""

    message_id: str
    name: str
    event_seq: int


# --- a backup ------------------------------------------------------------------------------------------------------


def back_up(url: str, file: Path) -> Mark | None:
    """Copy the database into a new file, as it stands at one moment, while it is in use; the last event of the copy.

    Only its owner may read the file. It is looked through before it bears its name. A database on a server is left to
    `pg_dump`, whose file is listed but not looked through: None. Raises StorageError; then there is no such file.
    """
    address = address_of(url)
    if file.exists():
        raise DatabaseExists(f"文件 {file} 已经存在，没有备份（the file exists）", _ANOTHER)
    if isinstance(address, PostgresAddress):
        with _fresh(file) as draft:
            _dump(address, draft)
        return None
    need_file(address.path)
    with _fresh(file) as draft:
        _copy(address.path, draft)
        last = looked_through(draft)
        with open_database(url, read_only=True) as database:
            if database.hash_at(last.seq) != last.hash and last.seq:
                raise Damaged(
                    f"备份 {file} 与数据库不符（the copy differs）", "请重新备份；若仍如此，请运行 kaoji check"
                )
        _to_disk(draft)
    return last


@contextmanager
def _fresh(file: Path) -> Iterator[Path]:
    """A draft that takes the file's place when the block ends well; otherwise nothing is left."""
    new_file(file)
    draft = file.with_name(f"{file.name}.part")
    try:
        draft.unlink(missing_ok=True)
        new_file(draft)
        yield draft
        draft.replace(file)
    except BaseException as fault:
        for half_done in (draft, file):
            half_done.unlink(missing_ok=True)
        if isinstance(fault, OSError):
            raise unusable_file(fault, str(file)) from fault
        raise


def _copy(source: Path, target: Path) -> None:
    """By SQLite's own backup: one moment of the source, whoever writes meanwhile."""
    connection = connect_reading(source)
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            if not isinstance(connection, sqlite3.Connection):
                raise TypeError(connection)
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself, wherever it is carried
    except sqlite3.Error as fault:
        raise translated(fault, str(target)) from fault
    finally:
        connection.close()


def looked_through(file: Path) -> Mark:
    """The last event of a database file, after SQLite has looked at every page of it. Raises StorageError."""
    connection = connect_reading(file)
    try:
        said = [row[0] for row in connection.execute("PRAGMA integrity_check").fetchall()]
    except sqlite3.Error as fault:
        raise translated(fault, str(file)) from fault
    finally:
        connection.close()
    if said != ["ok"]:
        raise Damaged(f"{file} 已损坏（integrity_check: {said[0]}）", "不能使用；请另换一份备份")
    with closing(Reader(engine_of(f"sqlite:///{file}"))) as reader:
        try:
            if reader.revision() is not None:
                return reader.mark()
        except SchemaNotCurrent:
            pass
    raise NotADatabase(f"{file} 不是本系统的数据库（not a database of this product）", "请核对文件名")


def _to_disk(file: Path) -> None:
    for place in (file, file.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _dump(address: PostgresAddress, draft: Path) -> None:
    _run_client(address, ["pg_dump", "--format=custom", f"--file={draft}"])
    _run_client(None, ["pg_restore", "--list", str(draft)])


def load_dump(url: str, file: Path) -> Mark:
    """Put a dump into an empty database of a server; its last event. Raises StorageError; then it is as it was."""
    address = address_of(url)
    if not isinstance(address, PostgresAddress):
        raise NoDatabase(f"{address.shown} 不是 PostgreSQL 数据库（not a server's）", "请指明一份 .db 备份")
    need_file(file)
    if current(url) is not None:
        raise DatabaseExists(
            f"数据库 {address.shown} 里已有数据，没有改动（not empty）",
            "请新建一个空库（createdb），把 database.url 指向它，再运行 kaoji restore；原来的库留着，不会被改动",
        )
    _run_client(address, ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(file)])
    migrate(url)
    with open_database(url, read_only=True) as database:
        return database.mark()


def _run_client(address: PostgresAddress | None, command: list[str]) -> None:
    """Run a program of PostgreSQL's on a database; the password goes by the environment, not by the arguments."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    if shutil.which(command[0]) is None:
        raise NoDatabase(
            f"这台机器上没有 {command[0]}，不能备份或恢复 PostgreSQL 数据库（{command[0]} is not on the PATH）",
            "请安装与数据库服务同版本的 PostgreSQL 客户端",
        )
    environment, shown = dict(os.environ), ""
    if address is not None:
        parts = conninfo_to_dict(address.conninfo)
        password = parts.pop("password", None)
        environment |= {"PGPASSWORD": str(password)} if password else {}
        where = make_conninfo(**{name: str(value) for name, value in parts.items() if value is not None})
        command, shown = [command[0], f"--dbname={where}", "--no-password", *command[1:]], f"：{address.shown}"
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        said = done.stderr.strip().partition("\n")[0]
        raise DiskFault(f"{command[0]} 没有成功{shown}（{said}）", "请按它所说排除故障后重试；没有留下任何改动")


# --- a restore -----------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Restore:
    """A restore under way on an SQLite database: `staged` is the backup's copy, to be made ready before it goes in.

    `last` is the backup's last event; `replaced` the last event of the database it replaces, None where that cannot be
    read.
    """

    live: SqliteAddress
    aside: Path
    staged: Path
    last: Mark
    replaced: Mark | None

    @property
    def staged_url(self) -> str:
        """The copy as a database."""
        return f"sqlite:///{self.staged}"

    def take_over_deliveries(self) -> list[LostMail]:
        """What became of each mail is taken over from the replaced database; the mails left that the copy lacks."""
        if self.replaced is None:
            return []
        with (
            closing(connect_reading(self.live.path)) as old,
            closing(connect(self.staged)) as new,
        ):
            known = dict(new.execute("SELECT message_id, id FROM message").fetchall())
            new.execute("BEGIN IMMEDIATE")
            lost = []
            for number, message_id, name, event_seq, *became in old.execute(_DELIVERIES).fetchall():
                if message_id in known:
                    new.execute(_DELIVERED, (*became, known[message_id]))
                    attempts = old.execute(_ATTEMPTS, (number,)).fetchall()
                    new.executemany(_ATTEMPTED, [(known[message_id], *attempt) for attempt in attempts])
                elif became[0] != "pending" or became[1]:
                    lost.append(LostMail(message_id=message_id, name=name, event_seq=event_seq))
            new.execute("COMMIT")
        return lost

    def put_in(self) -> None:
        """Make the copy the database. What it replaces is kept aside. Raises StorageError; then the old one stands."""
        if self.replaced is None:
            self._move_in()
            return
        try:
            with closing(connect(self.live.path)) as live:
                live.execute("PRAGMA foreign_keys=OFF")
                live.execute("ATTACH ? AS staged", (str(self.staged),))
                live.execute("BEGIN IMMEDIATE")
                last = live.execute("SELECT seq, hash FROM main.event ORDER BY seq DESC LIMIT 1").fetchone()
                if last is not None and tuple(last) != (self.replaced.seq, self.replaced.hash):
                    raise LockedTooLong(
                        "恢复途中又有人办理了事项（somebody acted meanwhile）", "没有恢复；请再恢复一次"
                    )
                new_file(self.aside)
                _copy(self.live.path, self.aside)
                _replace_all(live)
                live.execute("COMMIT")
        except sqlite3.Error as fault:
            raise translated(fault, self.live.shown) from fault

    def _move_in(self) -> None:
        """The database is gone or cannot be read: its files are moved aside, byte for byte."""
        try:
            for file in (self.live.path, *self.live.logs):
                if file.exists():
                    file.rename(file.with_name(file.name.replace(self.live.name, self.aside.name, 1)))
            self.staged.replace(self.live.path)
            _to_disk(self.live.path)
        except OSError as fault:
            raise unusable_file(fault, self.live.shown) from fault

    def clear(self) -> None:
        """Leave nothing of the preparation."""
        for file in (self.staged, *SqliteAddress(path=self.staged).logs):
            file.unlink(missing_ok=True)


def prepare(url: str, file: Path, stamp: str) -> Restore:
    """Copy a backup beside the database, look it through and bring it to this program's version.

    `stamp` names the moment, in the name of what is kept aside. Raises StorageError; then nothing has changed.
    """
    live = address_of(url)
    if isinstance(live, PostgresAddress):
        raise NoDatabase(f"{live.shown} 在数据库服务器上（on a server）", "请用 load_dump 恢复")
    need_file(file)
    if live.path.exists() and file.resolve() == live.path:
        raise DatabaseExists(f"{file} 就是正在使用的数据库（the database in use）", "请指明一份备份")
    staged = live.beside("restoring")
    aside = live.path.with_name(f"{live.name}.before-restore-{stamp}")
    restore = Restore(live=live, aside=aside, staged=staged, last=Mark(seq=0, hash="", at=""), replaced=_last_of(live))
    try:
        restore.clear()
        new_file(staged)
        for source, target in (
            (file, staged),
            (file.with_name(f"{file.name}-wal"), SqliteAddress(path=staged).logs[0]),
        ):
            if source.exists():
                shutil.copyfile(source, target)
        restore.last = looked_through(staged)
        migrate(restore.staged_url)
    except OSError as fault:
        restore.clear()
        raise unusable_file(fault, str(staged)) from fault
    except BaseException:
        restore.clear()
        raise
    return restore


def _last_of(live: SqliteAddress) -> Mark | None:
    """The last event of the database in use, whatever its version; None where there is none that can be read."""
    try:
        return looked_through(live.path)
    except StorageError:
        return None


_DELIVERIES = (
    "SELECT id, message_id, name, event_seq, state, attempts, next_attempt_at, lease_until, sent_at,"
    " last_error FROM message ORDER BY id"
)
_DELIVERED = (
    "UPDATE message SET state = ?, attempts = ?, next_attempt_at = ?, lease_until = ?, sent_at = ?, last_error = ?"
    " WHERE id = ?"
)
_ATTEMPTS = "SELECT number, begun_at, result, answer, ended_at FROM message_attempt WHERE message = ? ORDER BY number"
_ATTEMPTED = (
    "INSERT INTO message_attempt (message, number, begun_at, result, answer, ended_at) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (message, number) DO UPDATE SET result = excluded.result, answer = excluded.answer,"
    " ended_at = excluded.ended_at"
)


def _replace_all(live: sqlite3.Connection) -> None:
    """Every table of the database by that of the copy attached, within the transaction that is open."""
    listed = "SELECT name, sql FROM {}.sqlite_master WHERE type = ? AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    for name, _ in live.execute(listed.format("main"), ("table",)).fetchall():
        live.execute(f'DROP TABLE "{name}"')
    for name, made in live.execute(listed.format("staged"), ("table",)).fetchall():
        live.execute(made)
        live.execute(f'INSERT INTO main."{name}" SELECT * FROM staged."{name}"')  # noqa: S608  names of our own tables
    for kind in ("index", "trigger"):
        for _, made in live.execute(listed.format("staged"), (kind,)).fetchall():
            live.execute(made)
