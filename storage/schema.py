"""Makes the tables of a new database, and brings those of an older one to this program's version.

Everything heavy (SQLAlchemy, Alembic) is imported only when there is something to make or to migrate.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from storage.address import Address, SqliteAddress, address_of
from storage.database import engine_of
from storage.errors import DatabaseExists, NoDatabase, SchemaNotCurrent, StorageError, translated, unusable_file
from storage.reads import Reader
from storage.revision import REVISION, need_current
from storage.sqlite import need_file, new_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).with_name("migrations")


def create(url: str) -> str:
    """Make a new database, of this program's version; the version. Nothing but the founding of an office asks for it.

    All or nothing. Raises DatabaseExists where there is a database, or what one left behind; other StorageErrors.
    """
    address = address_of(url)
    if isinstance(address, SqliteAddress):
        _need_no_trace_of(address)
        new_file(address.path)
        try:
            return _upgraded(address)
        except BaseException:
            for half_done in (address.path, *address.logs):
                half_done.unlink(missing_ok=True)
            raise
    if current(url) is not None:
        raise DatabaseExists(f"数据库 {address.shown} 里已有表，没有新建（there is one already）", _EXISTS)
    return _upgraded(address)


_EXISTS = "原有数据没有改动；要用它就直接启动，要另建请改 database.url"


def _need_no_trace_of(address: SqliteAddress) -> None:
    if address.path.exists():
        raise DatabaseExists(f"已有数据库文件 {address.path}，没有新建（there is one already）", _EXISTS)
    for trace in (address.beside("mark"), address.beside("lock"), *address.logs):
        if trace.exists():
            raise DatabaseExists(
                f"{trace} 说明这里有过数据库，没有新建（there was a database here）",
                f"请先找回 {address.path.name}，或用 kaoji restore 恢复备份；确要从头开始，请先移走 {trace.name}",
            )


def migrate(url: str) -> str:
    """Bring the tables of an existing database to this program's version; the version.

    All or nothing. Raises StorageError, also when there is no database, when it is empty, and when the tables are of a
    newer version than this program's.
    """
    address = address_of(url)
    if isinstance(address, SqliteAddress):
        need_file(address.path)
    present = current(url)
    if present is None or present > REVISION:
        need_current(present, address.shown)
    return _upgraded(address)


def _upgraded(address: Address) -> str:
    from alembic import command

    with _connected(address) as connection:
        settings = config()
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    return REVISION


def current(url: str) -> str | None:
    """The version of the tables; None where there are none, or no database at all. Imports nothing heavy."""
    try:
        reader = Reader(engine_of(url))
    except NoDatabase:
        return None
    try:
        return reader.revision()
    except SchemaNotCurrent:
        return None
    finally:
        reader.close()


def need_ready(url: str) -> None:
    """Raise StorageError unless there is a database of this program's version; nothing is made or changed."""
    address = address_of(url)
    if isinstance(address, SqliteAddress):
        need_file(address.path)
    need_current(current(url), address.shown)


@contextmanager
def _connected(address: Address) -> Iterator[Connection]:
    from sqlalchemy.exc import DBAPIError

    from storage.orm import writing_engine

    engine = writing_engine(address)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as fault:
        driver = fault.orig if isinstance(fault.orig, Exception) else fault
        raise translated(driver, address.shown) from fault
    except OSError as fault:
        raise unusable_file(fault, address.shown) from fault


def config() -> Config:
    """Where Alembic finds the migrations."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


__all__ = ["StorageError", "config", "create", "current", "migrate", "need_ready"]
