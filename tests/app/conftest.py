"""One replay of the shipped case, for tests that only ask questions of it; one office at work, for tests to copy."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import main
from app.place import DEMO_CASE
from app.replay import Replayed, replay
from tests.app.builders import a_working_office

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


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office at work, to copy."""
    return a_working_office(tmp_path_factory.mktemp("founded"))


@pytest.fixture
def office(founded: Path, tmp_path: Path) -> Path:
    """The configuration of an office at work, of the test's own."""
    shutil.copytree(founded.parent, tmp_path / "office")
    return tmp_path / "office" / "config.yaml"
