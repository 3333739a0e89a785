"""A real database file for tests of the one path: migrated once, copied for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database, open_database
from storage.schema import create


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file without a single row."""
    path = tmp_path_factory.mktemp("migrated") / "office.db"
    create(f"sqlite:///{path}")
    return path


@pytest.fixture
def database(migrated: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the test's own."""
    path = shutil.copy(migrated, tmp_path / "office.db")
    with open_database(f"sqlite:///{path}") as opened:
        yield opened
