"""Routes written in config.yaml: what is wrong with one is said with its line, and a right one is checked and drawn."""

import json
import re
from pathlib import Path

import pytest

from app.config import ConfigError, load
from app.place import PROJECT
from states.office import Level
from states.route import BUREAU_ROUTE, DISTRICT_ROUTE, Need, Opinion
from tests.app.conftest import Kaoji

ROUTE = """\
    route:
    - state: checked
      title: 科室会签
      title_en: checked by both
      signers: [section_head, leader@shirong]
      need: any
      cc: office@bureau
    - state: leader_signed
      signers: leader
      opinion: required
"""


def written(folder: Path, route: str) -> Path:
    """The sample's configuration with that route for its sections."""
    text = (PROJECT / "config.yaml").read_text(encoding="utf-8")
    text, count = re.subn(r"(  bureau:[^\n]*\n    due_day: 13[^\n]*\n)", rf"\g<1>{route}", text)
    assert count == 1
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    (folder / "indicators.csv").write_bytes((PROJECT / "indicators.csv").read_bytes())
    return folder / "config.yaml"


def mistakes(folder: Path, route: str) -> list[str]:
    """What is said of it, one line each."""
    with pytest.raises(ConfigError) as caught:
        load(written(folder, route), environment={})
    return [str(problem) for problem in caught.value.problems]


def a_route(**step: str) -> str:
    """One step, which differs in one key from a right one."""
    keys = {"state": "section_signed", "signers": "section_head", **step}
    first, *others = (f"{key}: {value}" for key, value in keys.items())
    return "    route:\n" + f"    - {first}\n" + "".join(f"      {other}\n" for other in others)


def test_a_route_left_out_is_the_usual_one(tmp_path: Path) -> None:
    duties = load(written(tmp_path, ""), environment={}).office.duties

    assert (duties[Level.BUREAU].route, duties[Level.DISTRICT].route) == (BUREAU_ROUTE, DISTRICT_ROUTE)


def test_a_route_is_read_as_it_is_written(tmp_path: Path) -> None:
    first_unit = re.findall(r"unit: (\S+?)[,}\s]", (PROJECT / "config.yaml").read_text(encoding="utf-8"))
    route = ROUTE.replace("@shirong", f"@{_section()}").replace("@bureau", f"@{_bureau()}")
    assert first_unit

    checked, approved = load(written(tmp_path, route), environment={}).office.duties[Level.BUREAU].route.steps

    assert (checked.state, checked.need, checked.signers) == (
        "checked",
        Need.ANY,
        ("section_head", f"leader@{_section()}"),
    )
    assert checked.cc == (f"office@{_bureau()}",)
    assert (checked.title, checked.title_en) == ("科室会签", "checked by both")
    assert (approved.need, approved.opinion) == (Need.ALL, Opinion.REQUIRED)


def _sample() -> list[tuple[str, str]]:
    office = load(PROJECT / "config.yaml", environment={}).office
    return [(unit.code, unit.level.value) for unit in office.units]


def _section() -> str:
    return next(code for code, level in _sample() if level == "bureau")


def _bureau() -> str:
    return next(code for code, level in _sample() if level == "district")


@pytest.mark.parametrize(
    ("route", "wrong", "right"),
    [
        (a_route(state="draft"), "状态 draft 不能用作一步的状态", "程序自用"),
        (a_route(state="sent"), "状态 sent 不能用作一步的状态", "程序自用"),
        (a_route(state="voided"), "状态 voided 不能用作一步的状态", "程序自用"),
        (a_route() + "    - state: section_signed\n      signers: leader\n", "写了两次", "各不相同"),
        (a_route(state="fazhi"), "状态 fazhi 没有名称", "title"),
        ("    route: []\n", "一步也没有", "至少写一步"),
        (a_route(signers="[]"), "没有签字的岗位", "section_head"),
        (a_route(signers="boss"), "没有角色 boss", "section_head"),
        (a_route(signers="admin"), "没有角色 admin", "section_head"),
        (a_route(signers="leader@nowhere"), "没有单位 nowhere", "应是"),
        (a_route(signers="unit_head"), "没有任何人任过", "appointments"),
        (a_route(cc="boss"), "没有角色 boss", "section_head"),
        (a_route(need="some"), "的值“some”不对", "all"),
        (a_route(signers="clerk"), "填报人和 clerk 是同一个人", "请任命另一人"),
    ],
)
def test_a_route_that_cannot_be_followed_is_refused_with_line_and_remedy(
    tmp_path: Path, route: str, wrong: str, right: str
) -> None:
    said = [line for line in mistakes(tmp_path, route) if wrong in line]

    assert said
    assert right in said[0]
    assert re.match(r"config\.yaml:\d+|config\.yaml.*第 ?\d+ ?行", said[0])


def test_check_tells_every_route_and_draw_draws_them(kaoji: Kaoji) -> None:
    status, printed, _ = kaoji("route", "check")
    assert (status, printed.splitlines()[:2]) == (
        0,
        ["科室报表：科室负责人 → 分管领导", "单位报表：单位主要负责人 → 区分管领导"],
    )

    status, printed, _ = kaoji("route", "check", "--json")
    document = json.loads(printed)
    assert [step["state"] for step in document["routes"]["bureau"]] == ["section_signed", "leader_signed"]

    status, printed, _ = kaoji("route", "draw")
    assert (status, printed.count("stateDiagram-v2")) == (0, 2)
    assert "sent --> section_signed : sign" in printed


def test_a_reports_route_is_drawn_with_where_it_stands(kaoji: Kaoji) -> None:
    status, printed, _ = kaoji("route", "draw", "2015-10/shirong")

    assert status == 0
    assert "class supervised present" in printed
    assert kaoji("route", "draw", "2015-10/nowhere")[0] == 1


def test_what_is_open_to_a_person_is_told_in_words_and_as_json(kaoji: Kaoji) -> None:
    status, printed, _ = kaoji("report", "acts", "2015-10/shirong", "--as", "bureau.assessor")
    assert status == 0
    assert "重新打开" in printed

    status, printed, _ = kaoji("report", "acts", "2015-10/shirong", "--as", "bureau.assessor", "--json")
    assert [item["act"] for item in json.loads(printed)] == ["reopen"]

    status, printed, _ = kaoji("report", "acts", "2015-10/shirong", "--as", "shirong.clerk")
    assert "没有可以办理的事项" in printed
