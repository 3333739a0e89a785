"""One daemon per database: a lock the operating system or the server takes back the moment its holder dies."""

import fcntl
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from storage.address import PostgresAddress, SqliteAddress, address_of
from storage.errors import LOST, DaemonRunning, DatabaseLost, translated, unusable_file
from storage.sqlite import need_file

_REMEDY = "一个数据库只能有一个守护进程；请先停止它，或直接使用它"


class DaemonLock:
    """Held while its block runs. Entering raises DaemonRunning, naming the holder, when another process holds it.

    There must be a database; none is made, and nothing is left beside one that is not there.
    """

    def __init__(self, url: str) -> None:
        address = address_of(url)
        self._lock = _FileLock(address) if isinstance(address, SqliteAddress) else _ServerLock(address)

    def __enter__(self) -> Self:
        self._lock.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def held(self) -> bool:
        """Whether the lock is still held; to be asked at every beat, for a server forgets it with its session.

        Takes it again where it was lost and nobody else has it; False while the server cannot be asked. Raises
        DaemonRunning when another process holds it by now, DatabaseLost when another file has taken the database's
        place: the daemon must stop.
        """
        return self._lock.held()


class _FileLock:
    """`flock` on a file beside the database, which names the holder, and on the database itself.

    The file beside it may be deleted, and the database may have several names: the database's own lock holds all the
    same. The file stays, the locks go with their holder.
    """

    def __init__(self, address: SqliteAddress) -> None:
        self._path = address.path
        self._beside = address.beside("lock")
        self._shown = address.shown
        self._file: IO[str] | None = None
        self._itself: _Itself | None = None

    def take(self) -> None:
        need_file(self._path)
        try:
            file = os.fdopen(os.open(self._beside, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="ascii")
        except OSError as fault:
            raise unusable_file(fault, str(self._beside)) from fault
        try:
            self._lock(file)
        except BaseException:
            self._unlock()
            with suppress(OSError):  # what could not be written out cannot be written out on closing either
                file.close()
            raise
        self._file = file

    def _lock(self, file: IO[str]) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._itself = _Itself.of(self._path)
            self._itself.take()
        except BlockingIOError:
            file.seek(0)
            raise _running(self._shown, file.read().strip()) from None
        except OSError as fault:
            raise unusable_file(fault, str(self._path)) from fault
        try:
            file.write(str(os.getpid()))
            file.truncate()
        except OSError as fault:
            raise unusable_file(fault, str(self._beside)) from fault

    def held(self) -> bool:
        try:
            stands = self._path.stat()
        except OSError as fault:
            raise DatabaseLost(f"数据库文件 {self._path} 在运行中不见了（the database is lost）", LOST) from fault
        if self._itself is not None and self._itself.is_another(stands):
            raise DatabaseLost(
                f"数据库文件 {self._path} 在运行中被换成另一个文件（another file has taken its place）",
                "请停止使用，查明是谁换的；恢复备份要先停止守护进程，再用 kaoji restore",
            )
        return self._file is not None

    def release(self) -> None:
        self._unlock()
        if self._file is not None:
            with suppress(OSError):
                self._file.truncate(0)
            self._file.close()
            self._file = None

    def _unlock(self) -> None:
        if self._itself is not None:
            self._itself.release()
            self._itself = None


@dataclass(slots=True)
class _Itself:
    """A database file, open in this process for its lock alone.

    It stays open: closing any descriptor of a file drops the locks SQLite holds on it in the same process.
    """

    device: int
    inode: int
    descriptor: int
    is_locked: bool = False

    @classmethod
    def of(cls, path: Path) -> "_Itself":
        stands = path.stat()
        key = (os.getpid(), stands.st_dev, stands.st_ino)
        if key not in _OPEN:
            _OPEN[key] = cls(stands.st_dev, stands.st_ino, os.open(path, os.O_RDONLY))
        return _OPEN[key]

    def take(self) -> None:
        """Lock it. BlockingIOError when it is locked, here or elsewhere."""
        if self.is_locked:
            raise BlockingIOError
        # Elsewhere than on Linux such a lock may stand in the way of SQLite's own: the file beside has to do.
        if sys.platform == "linux":
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.is_locked = True

    def release(self) -> None:
        if self.is_locked:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)
            self.is_locked = False

    def is_another(self, stands: os.stat_result) -> bool:
        return (stands.st_dev, stands.st_ino) != (self.device, self.inode)


_OPEN: dict[tuple[int, int, int], _Itself] = {}
"""By process, device and inode: a forked child shares the descriptor, and with it the lock, of its parent."""


class _ServerLock:
    """A session's advisory lock; the session bears the holder's pid in its name."""

    def __init__(self, address: PostgresAddress) -> None:
        self._address = address
        self._session: Any = None

    def take(self) -> None:
        import psycopg

        try:
            self._session = self._taken()
        except psycopg.Error as fault:
            raise translated(fault, self._address.shown) from fault

    def _taken(self) -> Any:
        """A session that holds the lock. Raises DaemonRunning, or the driver's error."""
        import psycopg

        from storage.postgres import DAEMON_LOCK, WATCHED

        name = f"kaoji daemon {os.getpid()}"
        session = psycopg.connect(self._address.conninfo, autocommit=True, application_name=name, **WATCHED)
        try:
            row = session.execute("SELECT pg_try_advisory_lock(%s)", (DAEMON_LOCK,)).fetchone()
            if row is not None and row[0]:
                return session
            holder = session.execute(_HOLDER, (DAEMON_LOCK >> 32, DAEMON_LOCK & 0xFFFFFFFF)).fetchone()
        except BaseException:
            session.close()
            raise
        session.close()
        raise _running(self._address.shown, holder[0].rpartition(" ")[2] if holder else "")

    def held(self) -> bool:
        """A session that answers still has its lock; one that does not has lost it."""
        import psycopg

        if self._session is not None:
            try:
                self._session.execute("SELECT 1")
                return True
            except psycopg.Error:
                self.release()
        try:
            self._session = self._taken()
        except psycopg.Error:
            return False
        return True

    def release(self) -> None:
        if self._session is not None:
            with suppress(Exception):
                self._session.close()
            self._session = None


_HOLDER = (
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def _running(shown: str, pid: str) -> DaemonRunning:
    holder = f"守护进程（进程号 {pid}）" if pid else "另一个守护进程"
    return DaemonRunning(f"数据库 {shown} 已由{holder}使用", _REMEDY)
