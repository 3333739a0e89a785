"""What an act answers, and what a refusal says, in the words of the level it happened at."""

from pathlib import Path

import pytest

from app.cli import main
from tests.app.builders import a_working_office, last_month


@pytest.fixture
def office(tmp_path: Path) -> Path:
    return a_working_office(tmp_path)


def test_at_the_district_level_acts_are_answered_and_refused_in_its_words(
    office: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ref = f"{last_month()}/bureau"

    def act(*arguments: str) -> str:
        capsys.readouterr()
        main(["--config", str(office), "report", *arguments])
        printed = capsys.readouterr()
        return printed.out + printed.err

    act("consolidate", ref, "--as", "office")
    act("send", ref, "--as", "office")
    signed = act("sign", ref, "--as", "head")
    edited = act("edit", ref, "stalls", "--rank", "第5", "--as", "office")
    stale = act("urge", ref, "--as", "assessor", "--version", "3")
    too_early = act("submit", ref, "--as", "office")

    assert f"{ref}，现在是“单位主要负责人已签字盖章”" in signed
    assert f"{ref} 现在是“单位主要负责人已签字盖章”，不能填报" in edited
    assert "签字（单位主要负责人已签字盖章）" in stale
    assert "只有在“区分管领导已审签”时可以报送" in too_early
    assert "科室" not in signed + edited + stale + too_early
