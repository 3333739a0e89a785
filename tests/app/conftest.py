"""One replay of the shipped case, shared by the tests that only ask questions of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main
from app.place import DEMO_CASE
from app.replay import Replayed, replay

Kaoji = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Replayed, Path]:
    """The outcome of the replay, and the folder with its database and mails."""
    folder = tmp_path_factory.mktemp("replay")
    outcome = replay(DEMO_CASE, database_url=f"sqlite:///{folder / 'office.db'}", maildir=folder / "mail")
    return outcome, folder


@pytest.fixture
def kaoji(played: tuple[Replayed, Path], capsys: pytest.CaptureFixture[str]) -> Kaoji:
    """Runs the command line on the replayed office: status, standard output, standard error."""
    _, folder = played

    def run(*arguments: str, database: str | None = None) -> tuple[int, str, str]:
        office = ["--config", str(DEMO_CASE / "config.yaml")]
        url = database or f"sqlite:///{folder / 'office.db'}"
        status = main([*office, "--database", url, *arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run
