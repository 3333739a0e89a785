"""What can be wrong with a database, one class per reason; each says what is wrong and what to do.

`translated` turns an error of either driver into one of these. It imports no driver but the standard library's.

None of them advises to restore a backup: that a file is damaged is for `kaoji check` to say, after it has looked.
"""
# ruff: noqa: N818  they are named for what is wrong, as the classes of states.errors are

import errno
import os
import sqlite3
from pathlib import Path

from states.errors import Failure
from workflow.ports import StoreFault


class StorageError(Failure):
    """Root of all."""


class OutOfOrder(StorageError, StoreFault):
    """The database cannot be used, at present or as it stands: no fault of the act or the timer that met it."""


class UnknownAddress(OutOfOrder):
    """`database.url` is none that is understood."""


class NoDatabase(OutOfOrder):
    """There is no such database, or no such directory."""


class DatabaseLost(NoDatabase):
    """There was a database here, and it is gone, or another file has taken its place."""


class DatabaseExists(OutOfOrder):
    """A new database was asked for where there is one, or traces of one."""


class HistoryCut(OutOfOrder):
    """The database does not hold the history that its mark, kept outside of it, tells of."""


class NotWritable(OutOfOrder):
    """The file or its directory may not be written by this user."""


class NotADatabase(OutOfOrder):
    """The file is something else."""


class Damaged(OutOfOrder):
    """SQLite or the server finds the stored pages malformed."""


class DiskFault(OutOfOrder):
    """The disk, or the server's, failed to read or write; the stored pages need not be harmed."""


class LockedTooLong(OutOfOrder):
    """Another process or thread held the database too long."""


class DiskFull(OutOfOrder):
    """There is no room, or a quota or a limit of size is reached; nothing was changed."""


class TooManyFiles(OutOfOrder):
    """This process, or the system, has too many files open."""


class OutOfMemory(OutOfOrder):
    """There was no memory for it."""


class Unreachable(OutOfOrder):
    """The database server does not answer, or the connection was lost; nothing was changed."""


class Unanswered(OutOfOrder):
    """The connection was lost while the server was told to commit: whether it did is not known."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"数据库连接在提交时中断，不知道是否已经办成：{address}（no answer to the commit）",
            "请检查数据库服务和网络；不要直接重办，连上后先查看是否已经办成",
        )


class UnsafeSettings(OutOfOrder):
    """The database does not take the settings that keep acknowledged acts safe."""


class SchemaNotCurrent(OutOfOrder):
    """The tables are missing, or of another version than this program's."""


class RuleBroken(StorageError):
    """A rule of the database itself refused the write; nothing was changed."""


class Unforeseen(StorageError):
    """The database refused a statement for a reason this program does not know; nothing was changed."""


class Conflict(StorageError):
    """The row is no longer the one the change was decided on; nothing was changed."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"{subject} 已被他人改动（changed since it was read）", "请重新打开，看过现在的内容再办理")


class TransactionEnded(StorageError):
    """A transaction was used before it began or after it ended: a fault of the program."""

    def __init__(self) -> None:
        super().__init__("事务尚未开始或已经结束（transaction not open）", "这是程序的错误，请把日志交给管理员")


class DaemonRunning(OutOfOrder):
    """Another daemon already serves this database."""


MIGRATE = "请运行 kaoji migrate（升级前先备份，见 docs/operations.md）"
FOUND = "请核对 database.url；新建数据库请运行 kaoji init"
LOST = "请核对磁盘是否挂载、路径是否正确，找回原来的文件；找不回的，用 kaoji restore 恢复备份"


def locked_too_long(seconds: float) -> LockedTooLong:
    """The database was not to be had within that time."""
    return LockedTooLong(
        f"数据库被占用超过 {seconds:g} 秒（database is locked）",
        "本次没有改动任何数据，请稍后重试；若一直如此，请查看别的程序是否占着它",
    )


def translated(fault: Exception, address: str) -> StorageError:
    """The error of a driver as one of ours. `address` names the database, without any password."""
    if isinstance(fault, StorageError):
        return fault
    kind = _sqlite_kind(fault, address) if isinstance(fault, sqlite3.Error) else _postgres_kind(fault)
    words, remedy = _WORDS[kind]
    return kind(f"{words}：{address}（{_first_line(fault)}）", remedy)


def unusable_file(fault: OSError, path: str) -> StorageError:
    """An operating system's refusal of a database file or its directory."""
    kind = _BY_ERRNO.get(fault.errno or 0, NotWritable)
    words, remedy = _WORDS[kind]
    return kind(f"{words}：{path}（{fault.strerror}）", remedy)


def _first_line(fault: Exception) -> str:
    return str(fault).strip().partition("\n")[0] or type(fault).__name__


def _sqlite_kind(fault: sqlite3.Error, address: str) -> type[StorageError]:
    """By SQLite's extended code, else by its plain one. SQLite keeps the reason of a failed opening to itself."""
    code = getattr(fault, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_ERROR and "no such " in str(fault):
        return SchemaNotCurrent
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN or code in _ON_OPENING:
        return _why_not_opened(address) or _BY_SQLITE_CODE.get(code) or _BY_SQLITE_CODE[code & 0xFF]
    return _BY_SQLITE_CODE.get(code) or _BY_SQLITE_CODE.get(code & 0xFF, Unforeseen)


def _why_not_opened(address: str) -> type[StorageError] | None:
    """What stands in the way of one more file: the number of open ones, or a full disk; None where neither does."""
    place = Path(address).parent
    try:
        os.close(os.open(place if place.is_dir() else os.curdir, os.O_RDONLY))
    except OSError as fault:
        return _BY_ERRNO.get(fault.errno or 0)
    room = os.statvfs(place) if place.is_dir() else None
    full = room is not None and (room.f_bavail == 0 or (room.f_files > 0 and room.f_favail == 0))
    return DiskFull if full else None


def _postgres_kind(fault: Exception) -> type[StorageError]:
    """A fault without a state is the connection's, unless the driver could not even write the values down."""
    state = getattr(fault, "sqlstate", None) or ("22" if type(fault).__name__ == "DataError" else "08")
    return _BY_SQLSTATE.get(state) or _BY_SQLSTATE.get(state[:2], Unforeseen)


_ON_OPENING = (sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMMAP)

# By extended code, else by the plain one.
_BY_SQLITE_CODE: dict[int, type[StorageError]] = {
    sqlite3.SQLITE_NOTADB: NotADatabase,
    sqlite3.SQLITE_CORRUPT: Damaged,
    sqlite3.SQLITE_BUSY: LockedTooLong,
    sqlite3.SQLITE_LOCKED: LockedTooLong,
    sqlite3.SQLITE_PROTOCOL: LockedTooLong,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_NOMEM: OutOfMemory,
    sqlite3.SQLITE_IOERR: DiskFault,
    sqlite3.SQLITE_IOERR_NOMEM: OutOfMemory,
    # What SQLite answers to a write beyond a quota or a limit of size, and where the index of the log cannot grow.
    sqlite3.SQLITE_IOERR_WRITE: DiskFull,
    sqlite3.SQLITE_IOERR_SHMSIZE: DiskFull,
    sqlite3.SQLITE_READONLY: NotWritable,
    sqlite3.SQLITE_READONLY_DBMOVED: DatabaseLost,
    sqlite3.SQLITE_CANTOPEN: NotWritable,
    sqlite3.SQLITE_PERM: NotWritable,
    sqlite3.SQLITE_CONSTRAINT: RuleBroken,
    sqlite3.SQLITE_TOOBIG: RuleBroken,
}

# By five-character state, else by its class of two.
_BY_SQLSTATE: dict[str, type[StorageError]] = {
    "08": Unreachable,
    "22": RuleBroken,
    "23": RuleBroken,
    "28": Unreachable,
    "40": LockedTooLong,
    "53": Unreachable,
    "53100": DiskFull,
    "53200": OutOfMemory,
    "54": RuleBroken,
    "55P03": LockedTooLong,
    "25006": NotWritable,
    "42501": NotWritable,
    "42P01": SchemaNotCurrent,
    "42703": SchemaNotCurrent,
    "3D000": NoDatabase,
    "57": Unreachable,
    "58": DiskFault,
    "XX001": Damaged,
    "XX002": Damaged,
}

_BY_ERRNO: dict[int, type[StorageError]] = {
    errno.ENOENT: NoDatabase,
    errno.ENOTDIR: NoDatabase,
    errno.ENOSPC: DiskFull,
    errno.EDQUOT: DiskFull,
    errno.EFBIG: DiskFull,
    errno.EMFILE: TooManyFiles,
    errno.ENFILE: TooManyFiles,
    errno.ENOMEM: OutOfMemory,
    errno.EIO: DiskFault,
}

_UNCHANGED = "本次没有改动任何数据"

_WORDS: dict[type[StorageError], tuple[str, str]] = {
    NoDatabase: ("找不到数据库或其所在目录（no such database）", FOUND),
    DatabaseLost: ("数据库文件在使用中被移走或换掉（the database file has gone）", LOST),
    NotWritable: (
        "数据库不可写（not writable）",
        "请核对 database.url 所指文件及其目录的所有者和权限，运行本程序的用户须能读写",
    ),
    NotADatabase: ("文件不是数据库（file is not a database）", "请核对 database.url；原文件没有被改动"),
    Damaged: (
        "数据库的内容读不通（malformed）",
        "请停止使用，原样保留该文件及旁边的 -wal、-shm，运行 kaoji check 检查文件是否完好",
    ),
    DiskFault: (
        "磁盘读写出错（disk I/O error）",
        "请查看系统日志和磁盘，排除故障后运行 kaoji check；文件完好就照常使用",
    ),
    LockedTooLong: ("数据库被占用太久（database is locked）", f"{_UNCHANGED}，请稍后重试"),
    DiskFull: (
        "磁盘已满，或超出配额、文件大小的限制（disk full, quota or file size limit）",
        f"{_UNCHANGED}；请腾出空间或放宽限制后重试",
    ),
    TooManyFiles: ("打开的文件太多（too many open files）", f"{_UNCHANGED}；请提高进程的文件数上限（ulimit -n）后重试"),
    OutOfMemory: ("内存不足（out of memory）", f"{_UNCHANGED}；请腾出内存后重试"),
    Unreachable: ("数据库连不上或连接中断（unreachable）", f"{_UNCHANGED}；请检查数据库服务和网络后重试"),
    SchemaNotCurrent: ("数据库结构不是本程序的版本（schema is not current）", MIGRATE),
    Unforeseen: ("数据库拒绝了一条语句（refused by the database）", "没有改动任何数据；请把日志交给管理员"),
    RuleBroken: ("数据库的规则不允许这样写（refused by the database's rules）", "没有改动任何数据；请把日志交给管理员"),
}
