"""What every test shares: how property tests run, logs that end with the test, and a real PostgreSQL."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from tests import postgres as own_postgres
from workflow.log import log

settings.register_profile("kaoji", deadline=None, print_blob=True)  # a slow machine is no broken rule
settings.load_profile("kaoji")


@pytest.fixture(autouse=True)
def logs_end_with_the_test() -> Iterator[None]:
    """A command sets up its logs on the standard error of the moment, which is gone when its test is over."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    log.is_set_up(logging.WARNING)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of our own, but for the database's name; it holds a migrated `template`."""
    yield from own_postgres.server()


@pytest.fixture
def empty_postgres_url(postgres: str) -> Iterator[str]:
    """A database without tables."""
    yield from own_postgres.database_on(postgres)
