"""What every test shares: how property tests run, and a real PostgreSQL."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import postgres as own_postgres

settings.register_profile("kaoji", deadline=None, print_blob=True)  # a slow machine is no broken rule
settings.load_profile("kaoji")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of our own, but for the database's name; it holds a migrated `template`."""
    yield from own_postgres.server()


@pytest.fixture
def empty_postgres_url(postgres: str) -> Iterator[str]:
    """A database without tables."""
    yield from own_postgres.database_on(postgres)
