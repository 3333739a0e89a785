"""What an act remembers of a checked configuration is what was read, or nothing."""

import time
from pathlib import Path

import pytest

from app.bootstrap import read_settings
from app.clock import SystemClock
from app.config import load
from app.config_memo import recalled, remember
from tests.app.builders import an_office


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = an_office(tmp_path / "office")
    time.sleep(0.05)
    return config


def test_a_configuration_checked_is_recalled_until_it_changes(config: Path) -> None:
    read = read_settings(config)
    known = recalled(config)
    assert known is not None
    assert known.fingerprint == read.fingerprint

    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    assert recalled(config) is None


def test_a_configuration_changed_while_it_was_read_is_not_remembered(config: Path) -> None:
    began = SystemClock().now()
    read = load(config, environment={})
    config.write_text(config.read_text(encoding="utf-8").replace("[3, 1, 0]", "[2, 0]"), encoding="utf-8")

    remember(read, began)

    assert recalled(config) is None
