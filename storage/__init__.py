"""Keeps the office's records in SQL: SQLite by default, PostgreSQL for several machines. Decides nothing."""

from storage.errors import Conflict, StorageError

__all__ = ["Conflict", "StorageError"]
