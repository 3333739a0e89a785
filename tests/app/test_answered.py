"""What an act answers, and what a refusal says, in the words of the level it happened at."""

import json
import os
import pwd
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


def test_the_history_says_whose_hand_it_was_on_the_console(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ref = f"{last_month()}/market"
    assert main(["--config", str(office), "report", "urge", ref, "--as", "office"]) == 0
    capsys.readouterr()

    main(["--config", str(office), "history", ref])
    printed = capsys.readouterr().out
    main(["--config", str(office), "history", ref, "--json"])
    lines = json.loads(capsys.readouterr().out)

    user = pwd.getpwuid(os.getuid()).pw_name
    assert printed.count(f"系统用户 {user} 在控制台代办") == 1
    assert (lines[-1]["door"], lines[-1]["proof"]) == ("console", f"{user} (uid {os.getuid()})")
    assert {(line["door"], line["proof"]) for line in lines[:-1]} == {(None, None)}


def test_a_closed_console_says_which_door_is_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    office = a_working_office(tmp_path, ("# console_acts: true ", "console_acts: false "))

    assert main(["--config", str(office), "report", "urge", f"{last_month()}/market", "--as", "office"]) == 1

    said, remedy = capsys.readouterr().err.splitlines()
    assert said == "本单位不在控制台代人办理：催办（rules.console_acts 为 false）"
    assert "网页" in remedy


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
