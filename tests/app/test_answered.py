"""What an act answers, and what a refusal says, in the words of the level it happened at."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.clock import SystemClock
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


def test_a_report_whose_next_signer_is_vacant_says_so_on_the_board_and_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leader = "{person: deputy.one, role: leader, unit: market, from: 2026-01-01"
    office = a_working_office(tmp_path, (leader, f"{leader}, to: {SystemClock().now().date() - timedelta(days=2)}"))
    ref = f"{last_month()}/market"
    for row in ("stalls", "signs"):
        words = ("--rank", "第4", "--comparison", "东湖区第3、西山区第5、示例区第4", "--target", "全市前4")
        assert main(["--config", str(office), "report", "edit", ref, row, *words, "--as", "market.clerk"]) == 0
    assert main(["--config", str(office), "report", "send", ref, "--as", "market.clerk"]) == 0
    assert main(["--config", str(office), "report", "sign", ref, "--as", "market.head"]) == 0
    capsys.readouterr()

    main(["--config", str(office), "status", ref])
    alone = capsys.readouterr().out
    main(["--config", str(office), "status", "--unit", "market", "--period", last_month()])
    board = capsys.readouterr().out

    assert "办理人：空缺，无人任此职" in alone
    assert "空缺" in board
