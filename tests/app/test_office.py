"""What an office has defined is changed by a command, shown before, and followed at once by every process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import main
from storage.schema import create
from tests.app.builders import an_office, changed, last_month, records, url_of

APPLY = ("office", "apply")
YES = (*APPLY, "--yes", "--as", "office", "--reason", "机构调整")


class Said:
    """Runs the command line on one office."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config = config
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        status = main(["--config", str(self.config), *arguments])
        said = self.capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture
def kaoji(office: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(office, capsys)


def edit(config: Path, old: str, new: str) -> None:
    config.write_text(changed(config.read_text(encoding="utf-8"), [(old, new)]), encoding="utf-8")


def test_what_would_change_is_shown_line_by_line_and_nothing_is_done(kaoji: Said, office: Path) -> None:
    edit(office, "email: market.head@office.example", "email: head.of.market@office.example")
    edit(office, "returned_days: 3", "returned_days: 4")
    before = records(office)

    status, printed, _ = kaoji(*APPLY)

    lines = printed.splitlines()
    assert status == 0
    assert lines[0] == ("人员 market.head：邮件地址 由 market.head@office.example 改为 head.of.market@office.example")
    assert lines[1] == "规则与定时器 returned_days：由 3 改为 4"
    assert "以上 2 处还没有生效" in lines[2]
    assert records(office) == before


def test_a_change_is_one_event_that_says_what_changed_who_did_it_and_why(kaoji: Said, office: Path) -> None:
    edit(office, "returned_days: 3", "returned_days: 4")

    assert kaoji(*YES)[0] == 0

    kinds = [row for row in kaoji("audit", "export")[1].splitlines() if json.loads(row)["kind"] == "office_defined"]
    event = json.loads(kinds[-1])
    told = json.loads(event["payload"])
    assert (len(kinds), event["actor"], event["door"]) == (2, "office", "console")
    assert told["changes"] == [{"kind": "policies", "item": "policies returned_days", "before": "3", "after": "4"}]
    assert told["reason"] == "机构调整"
    assert kaoji("audit", "verify")[0] == 0
    assert kaoji(*APPLY)[1] == "配置文件与现行规则相同，没有变动\n"


def test_an_edited_file_is_a_warning_of_check_and_changes_nothing(kaoji: Said, office: Path) -> None:
    edit(office, "returned_days: 3", "returned_days: 4")
    before = records(office)

    printed = kaoji("check")[1]

    assert "! 规则：配置文件与系统现行的规则有 1 处不同，办理时以系统中的为准" in printed
    assert "kaoji office apply" in printed
    assert records(office) == before


def test_an_act_of_another_process_follows_changed_rules_without_a_restart(kaoji: Said, office: Path) -> None:
    """The clerk of the market section is replaced: from the next act on the old one may not, the new one may."""
    ref = f"{last_month()}/market"
    urge = [sys.executable, "-m", "app.cli", "--config", str(office), "report", "urge", ref, "--as"]
    assert subprocess.run([*urge, "market.clerk"], capture_output=True, check=False).returncode == 0
    edit(
        office,
        "- {person: market.clerk, role: clerk, unit: market, from: 2026-01-01}",
        "- {person: patrol.clerk, role: clerk, unit: market, from: 2026-01-01}",
    )
    edit(
        office,
        "- {person: market.clerk, role: liaison, unit: market, from: 2026-01-01}",
        "- {person: patrol.clerk, role: liaison, unit: market, from: 2026-01-01}",
    )

    status, printed, _ = kaoji(*YES)

    assert status == 0, printed
    refused = subprocess.run([*urge, "market.clerk"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "与" in refused.stderr
    assert subprocess.run([*urge, "patrol.clerk"], capture_output=True, check=False).returncode == 0


def test_what_open_work_needs_cannot_be_taken_away(kaoji: Said, office: Path) -> None:
    table = office.with_name("indicators.csv")
    row = "stalls,流动摊点管理,重点路段流动摊点巡查和取缔,market,11,4,全市前4\n"
    table.write_text(changed(table.read_text(encoding="utf-8-sig"), [(row, "")]), encoding="utf-8")
    before = records(office)

    status, _, said = kaoji(*YES)

    assert status == 1
    assert "请在指标表里保留指标 stalls，直至办结" in said
    assert records(office) == before


def test_a_change_needs_somebody_and_a_reason(kaoji: Said, office: Path) -> None:
    edit(office, "returned_days: 3", "returned_days: 4")
    before = records(office)

    assert "请用 --as" in kaoji(*APPLY, "--yes")[2]
    assert "必须写明理由" in kaoji(*APPLY, "--yes", "--as", "office")[2]
    assert "没有人员 nobody" in kaoji(*APPLY, "--yes", "--as", "nobody", "--reason", "机构调整")[2]
    assert records(office) == before


def test_an_office_that_has_not_begun_has_nothing_to_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = an_office(tmp_path)
    create(url_of(config))

    status, _, said = Said(config, capsys)(*APPLY)

    assert status == 1
    assert "首次启动守护进程" in said


def test_the_versions_in_force_are_shown(kaoji: Said, office: Path) -> None:
    edit(office, "returned_days: 3", "returned_days: 4")
    assert kaoji(*YES)[0] == 0

    printed = kaoji("office", "show")[1]

    assert "规则与定时器：第 2 版" in printed
    assert "组织：第 1 版，自流转记录第 1 条起" in printed
