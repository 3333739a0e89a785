"""One conformance suite on two databases: SQLite, and a real PostgreSQL from a wheel, stopped at the end."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database, open_database
from storage.schema import create
from tests.postgres import database_on


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    create(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of the test's own."""
    if request.param == "sqlite":
        path = tmp_path / "kaoji.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        yield from database_on(request.getfixturevalue("postgres"), "TEMPLATE template")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The database, opened."""
    with open_database(url) as opened:
        yield opened
