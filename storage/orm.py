"""SQLAlchemy's engines on the office's database, with the settings everything else insists on."""

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from storage.address import Address, SqliteAddress
from storage.sqlite import connect, connect_reading


def writing_engine(address: Address) -> Engine:
    """Its transactions hold the office's write lock: for migrations."""
    if isinstance(address, SqliteAddress):
        engine = create_engine("sqlite://", creator=lambda: connect(address.path), poolclass=NullPool)
        return _beginning_with(engine, "BEGIN IMMEDIATE")
    from storage.postgres import OFFICE_LOCK

    engine = create_engine(address.url, poolclass=NullPool)
    return _beginning_with(engine, f"SELECT pg_advisory_xact_lock({OFFICE_LOCK})")


def reading_engine(address: Address) -> Engine:
    """Its transactions see one state of the database and cannot write."""
    if isinstance(address, SqliteAddress):
        engine = create_engine("sqlite://", creator=lambda: connect_reading(address.path), poolclass=NullPool)
        return _beginning_with(engine, "BEGIN")
    engine = create_engine(address.url, poolclass=NullPool)
    return _beginning_with(engine, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _beginning_with(engine: Engine, statement: str) -> Engine:
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(statement))
    return engine
