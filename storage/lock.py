"""One daemon per database: a lock the operating system or the server takes back the moment its holder dies."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from storage.address import PostgresAddress, SqliteAddress, address_of
from storage.errors import DaemonRunning, translated, unusable_file

_REMEDY = "一个数据库只能有一个守护进程；请先停止它，或直接使用它"


class DaemonLock:
    """Held while its block runs. Entering raises DaemonRunning, naming the holder, when another process holds it."""

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


class _FileLock:
    """`flock` on a file beside the database; the file stays, the lock goes with its holder."""

    def __init__(self, address: SqliteAddress) -> None:
        self._path = Path(f"{address.path}.lock")
        self._shown = address.shown
        self._file: IO[str] | None = None

    def take(self) -> None:
        try:
            file = self._path.open("a+", encoding="ascii")
        except OSError as fault:
            raise unusable_file(fault, str(self._path)) from fault
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with file:
                file.seek(0)
                raise _running(self._shown, file.read().strip()) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None


class _ServerLock:
    """A session's advisory lock; the session bears the holder's pid in its name."""

    def __init__(self, address: PostgresAddress) -> None:
        self._address = address
        self._session: Any = None

    def take(self) -> None:
        import psycopg

        name = f"kaoji daemon {os.getpid()}"
        try:
            session = psycopg.connect(self._address.conninfo, autocommit=True, application_name=name)
        except psycopg.Error as fault:
            raise translated(fault, self._address.shown) from fault
        from storage.postgres import DAEMON_LOCK

        row = session.execute("SELECT pg_try_advisory_lock(%s)", (DAEMON_LOCK,)).fetchone()
        if row is None or not row[0]:
            with session:
                holder = session.execute(_HOLDER, (DAEMON_LOCK >> 32, DAEMON_LOCK & 0xFFFFFFFF)).fetchone()
            raise _running(self._address.shown, holder[0].rpartition(" ")[2] if holder else "")
        self._session = session

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
    holder = f"进程 {pid}" if pid else "另一个进程"
    return DaemonRunning(
        f"数据库 {shown} 已由{holder}的守护进程使用（daemon already running, pid {pid or '?'}）", _REMEDY
    )
