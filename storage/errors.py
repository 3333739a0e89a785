"""What can be wrong with a database, one class per reason; each says what is wrong and what to do.

`translated` turns an error of either driver into one of these. It imports no driver but the standard library's.
"""
# ruff: noqa: N818  they are named for what is wrong, as the classes of states.errors are

import errno
import sqlite3


class StorageError(Exception):
    """Root of all; `message` says what is wrong, `remedy` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UnknownAddress(StorageError):
    """`database.url` is none that is understood."""


class NoDatabase(StorageError):
    """There is no such database file, or no such directory."""


class NotWritable(StorageError):
    """The file or its directory may not be written by this user."""


class NotADatabase(StorageError):
    """The file is something else."""


class Damaged(StorageError):
    """The database file is damaged."""


class LockedTooLong(StorageError):
    """Another process or thread held the database too long."""


class DiskFull(StorageError):
    """There is no room; nothing was changed."""


class Unreachable(StorageError):
    """The database server does not answer, or the connection was lost."""


class UnsafeSettings(StorageError):
    """The database does not take the settings that keep acknowledged acts safe."""


class SchemaNotCurrent(StorageError):
    """The tables are missing, or of another version than this program's."""


class RuleBroken(StorageError):
    """A rule of the database itself refused the write; nothing was changed."""


class Conflict(StorageError):
    """The row is no longer the one the change was decided on; nothing was changed."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"{subject} 已被他人改动（changed since it was read）", "请重新打开，看过现在的内容再办理")


class TransactionEnded(StorageError):
    """A transaction was used before it began or after it ended: a fault of the program."""

    def __init__(self) -> None:
        super().__init__("事务尚未开始或已经结束（transaction not open）", "这是程序的错误，请把日志交给管理员")


class DaemonRunning(StorageError):
    """Another daemon already serves this database."""


MIGRATE = "请运行 kaoji migrate（升级前先备份，见 docs/operations.md）"


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
    kind = _sqlite_kind(fault) if isinstance(fault, sqlite3.Error) else _postgres_kind(fault)
    words, remedy = _WORDS[kind]
    return kind(f"{words}：{address}（{_first_line(fault)}）", remedy)


def unusable_file(fault: OSError, path: str) -> StorageError:
    """An operating system's refusal of a database file or its directory."""
    kind = _BY_ERRNO.get(fault.errno or 0, NotWritable)
    words, remedy = _WORDS[kind]
    return kind(f"{words}：{path}（{fault.strerror}）", remedy)


def _first_line(fault: Exception) -> str:
    return str(fault).strip().partition("\n")[0] or type(fault).__name__


def _sqlite_kind(fault: sqlite3.Error) -> type[StorageError]:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_ERROR and "no such " in str(fault):
        return SchemaNotCurrent
    return _BY_SQLITE_CODE.get(code, Unreachable)


def _postgres_kind(fault: Exception) -> type[StorageError]:
    state = getattr(fault, "sqlstate", None) or ""
    return _BY_SQLSTATE.get(state) or _BY_SQLSTATE.get(state[:2]) or Unreachable


_BY_SQLITE_CODE: dict[int, type[StorageError]] = {
    sqlite3.SQLITE_NOTADB: NotADatabase,
    sqlite3.SQLITE_CORRUPT: Damaged,
    sqlite3.SQLITE_BUSY: LockedTooLong,
    sqlite3.SQLITE_LOCKED: LockedTooLong,
    sqlite3.SQLITE_FULL: DiskFull,
    sqlite3.SQLITE_IOERR: Damaged,
    sqlite3.SQLITE_READONLY: NotWritable,
    sqlite3.SQLITE_CANTOPEN: NotWritable,
    sqlite3.SQLITE_PERM: NotWritable,
    sqlite3.SQLITE_CONSTRAINT: RuleBroken,
}

# By five-character state, else by its class of two.
_BY_SQLSTATE: dict[str, type[StorageError]] = {
    "23": RuleBroken,
    "53": DiskFull,
    "55P03": LockedTooLong,
    "40P01": LockedTooLong,
    "25006": NotWritable,
    "42501": NotWritable,
    "42P01": SchemaNotCurrent,
    "42703": SchemaNotCurrent,
    "3D000": NoDatabase,
    "XX": Damaged,
}

_BY_ERRNO: dict[int, type[StorageError]] = {
    errno.ENOENT: NoDatabase,
    errno.ENOTDIR: NoDatabase,
    errno.ENOSPC: DiskFull,
}

_WORDS: dict[type[StorageError], tuple[str, str]] = {
    NoDatabase: ("找不到数据库或其所在目录（no such database）", "请核对 database.url；新建数据库请运行 kaoji migrate"),
    NotWritable: (
        "数据库不可写（not writable）",
        "请核对 database.url 所指文件及其目录的所有者和权限，运行本程序的用户须能读写",
    ),
    NotADatabase: ("文件不是数据库（file is not a database）", "请核对 database.url；原文件没有被改动"),
    Damaged: (
        "数据库已损坏或磁盘读写出错（damaged）",
        "请停止使用，保留原文件，用最近的备份恢复（见 docs/operations.md）",
    ),
    LockedTooLong: ("数据库被占用太久（database is locked）", "本次没有改动任何数据，请稍后重试"),
    DiskFull: ("磁盘已满（disk is full）", "本次没有改动任何数据；请腾出空间后重试"),
    Unreachable: ("数据库连不上或连接中断（unreachable）", "请检查数据库服务和网络后重试；同一命令不会重复生效"),
    SchemaNotCurrent: ("数据库结构不是本程序的版本（schema is not current）", MIGRATE),
    RuleBroken: ("数据库的规则不允许这样写（refused by the database's rules）", "没有改动任何数据；请把日志交给管理员"),
}
