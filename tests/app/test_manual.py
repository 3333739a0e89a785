"""What the manual shows works as it stands there."""

import re
import textwrap
from pathlib import Path

import pytest

from app.cli import main
from app.init import SAMPLE
from app.place import PROJECT

MANUAL = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
UNIT = (PROJECT / "docs" / "kaoji.service").read_text(encoding="utf-8")


def test_the_unit_shown_is_the_unit_shipped() -> None:
    shown = re.search(r"```ini\n(.*?)```", MANUAL, re.DOTALL)

    assert shown is not None
    lines = [line for line in textwrap.dedent(shown[1]).splitlines() if line]
    assert [line for line in lines if line not in UNIT.splitlines()] == []
    for needed in ("User=", "After=", "[Install]", "NoNewPrivileges=true", "UMask=0077"):
        assert any(line.startswith(needed) for line in lines), needed


def test_the_story_of_two_lines_rehearses_ones_own_office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = re.search(r"<<END\n(.*?)END\n", MANUAL, re.DOTALL)
    assert story is not None
    assert len(story[1].splitlines()) == 3
    (tmp_path / "story.csv").write_text(story[1], encoding="utf-8")
    for sample in SAMPLE.iterdir():
        (tmp_path / sample.name).write_bytes(sample.read_bytes())

    status = main(["simulate", str(tmp_path), "--mail", str(tmp_path / "mails")])

    said = capsys.readouterr()
    assert status == 0
    assert "市场秩序科" in said.out
    assert "拟扣分" in said.out
    assert re.search(r"邮件 \d+ 封", said.out)
    assert any((tmp_path / "mails" / "new").iterdir())
    assert not (tmp_path / "kaoji.db").exists()


@pytest.mark.parametrize(
    "event", ["timer_failed", "timers_failed", "mail_failed", "mail_dead", "mail_server_unusable", "calendar_unknown"]
)
def test_what_the_manual_says_to_watch_for_is_what_the_program_logs(event: str) -> None:
    sources = [path for folder in ("app", "workflow", "notifications") for path in (PROJECT / folder).rglob("*.py")]

    assert f"`{event}`" in MANUAL
    assert any(f'"{event}"' in path.read_text(encoding="utf-8") for path in sources)
