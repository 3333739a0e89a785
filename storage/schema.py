"""Brings the tables to this program's version.

Everything heavy (SQLAlchemy, Alembic) is imported only when there is something to migrate.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from storage.address import Address, SqliteAddress, address_of
from storage.database import REVISION, engine_of, need_current
from storage.errors import NoDatabase, SchemaNotCurrent, StorageError, translated, unusable_file
from storage.reads import Reader
from storage.sqlite import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alembic.config import Config
    from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(url: str) -> str:
    """Bring the tables to this program's version, creating the database file if there is none; the version.

    All or nothing. Raises StorageError, also when the tables are of a newer version than this program's.
    """
    present = current(url)
    if present is not None and present > REVISION:
        need_current(present, address_of(url).shown)
    from alembic import command

    with _connected(address_of(url)) as connection:
        command.upgrade(_config(connection), "head")
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


def ready(url: str) -> str:
    """Make a new database ready for use; an existing one must be current, for it is migrated only by word of command.

    Raises SchemaNotCurrent telling to run `kaoji migrate`, also for an SQLite file without tables: it may be a mishap.
    """
    address, present = address_of(url), current(url)
    if present is None and not (isinstance(address, SqliteAddress) and address.path.exists()):
        return migrate(url)
    need_current(present, address.shown)
    return REVISION


@contextmanager
def _connected(address: Address) -> Iterator[Connection]:
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    if isinstance(address, SqliteAddress):
        file = address.path
        engine = create_engine("sqlite://", creator=lambda: connect(file, create=True), poolclass=NullPool)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    else:
        from storage.postgres import OFFICE_LOCK

        engine = create_engine(address.url, poolclass=NullPool)
        lock = f"SELECT pg_advisory_xact_lock({OFFICE_LOCK})"
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(lock))
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as fault:
        driver = fault.orig if isinstance(fault.orig, Exception) else fault
        raise translated(driver, address.shown) from fault
    except OSError as fault:
        raise unusable_file(fault, address.shown) from fault


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


__all__ = ["StorageError", "current", "migrate", "ready"]
