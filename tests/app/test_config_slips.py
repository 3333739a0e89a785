"""Slips of Chinese input methods are named where they stand, and a file that would take the machine down is refused."""

import itertools
import time
from pathlib import Path

import pytest

from app.cli import main
from app.config import ConfigError, load
from app.config_file import Problem, read_yaml
from app.config_slips import put_right
from tests.app.builders import SAMPLE, an_office, line_of

MARKET = "  - {code: market, name: 市场秩序科, level: bureau, parent: bureau}"
HEAD = "  - {id: head, name: 局主要负责人, email: head@office.example}"
POST = "  - {person: head, role: unit_head, unit: bureau, from: 2026-01-01}"


def problems_of(config: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as refused:
        load(config, environment={})
    return refused.value.problems


SLIPS = {
    "a wide comma": (MARKET, MARKET.replace("market, ", "market，"), "用了全角逗号“，”"),
    "wide commas throughout": (POST, POST.replace(", ", "，"), "用了全角逗号“，”"),
    "a wide colon in braces": (POST, POST.replace("person: ", "person："), "person 后用了全角冒号“：”"),
    "a wide colon of a code": (MARKET, MARKET.replace("code: ", "code："), "code 后用了全角冒号“：”"),
    "a wide colon at a line's start": ("office: 示例区", "office：示例区", "office 后用了全角冒号“：”"),
    "a wide colon further in": ("  due_day: 13", "  due_day：13", "due_day 后用了全角冒号“：”"),
    "a wide colon over others": ("levels:  ", "levels：  ", "levels 后用了全角冒号“：”"),
    "no space after a colon": ("  due_day: 13", "  due_day:13", "due_day 的冒号后缺一个空格"),
    "no space in braces": (HEAD, HEAD.replace("id: ", "id:"), "id 的冒号后缺一个空格"),
    "a wide space after a colon": ("  due_day: 13", "  due_day:　13", "due_day 的冒号后是全角空格"),
    "wide braces": (HEAD, HEAD.replace("{", "｛").replace("}", "｝"), "用了全角括号“｛”"),
    "wide parentheses": (HEAD, HEAD.replace("{", "（").replace("}", "）"), "用了全角括号“（”"),
    "a wide dash": (HEAD, HEAD.replace("- ", "－ "), "列表项前用了全角“－”"),
    "an indent of a tab": ("    due_day: 13", "\tdue_day: 13", "用制表符（Tab）缩进"),
    "an indent of wide spaces": ("    due_day: 13", "　　due_day: 13", "用全角空格缩进"),
    "a list with wide commas": ("remind_days: [3, 1, 0]", "remind_days: [3，1，0]", "[3，1，0] 里用了全角标点"),
    "a list with enumeration commas": ("holidays: []", "holidays: [2027-02-20、2027-02-21]", "里用了全角标点"),
    "Chinese quotes": ("name: 局主要负责人", "name: “局主要负责人”", "“局主要负责人” 用的是中文引号"),
    "a value with a comma at its end": ("roll: previous ", "roll: previous， ", "“previous，”末尾多了全角“，”"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_named_at_its_line_without_what_follows_from_it(tmp_path: Path, name: str) -> None:
    old, new, wrong = SLIPS[name]
    config = an_office(tmp_path, (old, new))

    told = problems_of(config)

    assert any(wrong in problem.wrong for problem in told)
    assert {problem.line for problem in told} == {line_of(config, new.strip())}
    assert [str(problem) for problem in told if "？" in str(problem) or "\ue000" in str(problem)] == []


def test_slips_are_told_together_with_every_other_mistake(tmp_path: Path) -> None:
    config = an_office(
        tmp_path,
        (POST, POST.replace("person: ", "person：")),
        ("due_day: 15", "due_day：32"),
        ("roll: previous", "roll: back"),
    )

    assert [problem.line for problem in problems_of(config)] == [
        line_of(config, "due_day：32"),
        line_of(config, "due_day：32"),
        line_of(config, "roll: back"),
        line_of(config, "person：head"),
    ]


def test_a_wrong_code_is_not_told_again_by_whoever_names_it(tmp_path: Path) -> None:
    config = an_office(tmp_path, (MARKET, MARKET.replace("code: market", "code: a b")))

    told = problems_of(config)

    assert [problem.line for problem in told if "a b" in problem.wrong] == [line_of(config, "code: a b")]
    assert [str(problem) for problem in told if "\ue000" in str(problem) or "？" in str(problem)] == []


PATROL = "  - {code: patrol, name: 执法一中队, level: bureau, parent: bureau}"


@pytest.mark.parametrize(
    "changes",
    [
        [(POST, POST.replace("person: head", "person: 7"))],
        [(POST, POST.replace("unit: bureau", "unit: [bureau]"))],
        [
            (MARKET, MARKET.replace("code: market", "code: a b")),
            (PATROL, PATROL.replace("parent: bureau", "parent: null")),
        ],
    ],
    ids=["person", "unit", "code"],
)
def test_what_stands_in_for_a_wrong_value_is_never_shown(tmp_path: Path, changes: list[tuple[str, str]]) -> None:
    """The rest is checked with something in its place, which nobody wrote and nobody can correct."""
    config = an_office(tmp_path, *changes)

    told = problems_of(config)

    assert {line_of(config, new) for _, new in changes} <= {problem.line for problem in told}
    assert [str(problem) for problem in told if "\ue000" in str(problem) or "？" in str(problem)] == []


@pytest.mark.parametrize(
    "line",
    [
        "office: 示例区城市管理局，执法局：一队（直属）",
        'office: "a，b：c"  # 注释，里面：什么都行 due_day:13',
        "url: sqlite:///kaoji.db",
        "url: postgresql+psycopg://user:secret@host:5432/kaoji",
        'digest_time: "08:30"',
        "- {id: a, name: 张三（兼）, email: a@office.example}",
        "name: [城南、城北",
        "# 说明：{code：market，name：某科}",
    ],
)
def test_full_width_signs_in_texts_are_left_alone(line: str) -> None:
    assert put_right(line, frozenset({"due_day", "url", "name"})) == (line, [])


def test_the_shipped_files_hold_no_slip() -> None:
    assert read_yaml(SAMPLE, frozenset({"due_day", "url", "name", "code"})).problems == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("office: 局\ntimezone: {a, b\n", "花括号里缺逗号"),
        ("office: 局: 局\n", "这里多了一个冒号"),
        ("office: *nobody\n", "没有定义过"),
        ("office: @局\n", "不能这样开头"),
        ('office: "局\n', "引号没有合上"),
    ],
)
def test_what_the_parser_says_is_said_in_chinese(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "config.yaml").write_text(content, encoding="utf-8")

    (problem,) = problems_of(tmp_path / "config.yaml")

    assert said in problem.wrong
    assert not any(word in problem.wrong for word in ("expected", "found", "mapping"))


def _laughs(line: str, first: str) -> str:
    names = "abcdefghij"
    return first + "".join(
        line.format(name=name, before=",".join([f"*{before}"] * 9)) for before, name in itertools.pairwise(names)
    )


BOMBS = {
    "a billion laughs": _laughs("{name}: &{name} [{before}]\n", "a: &a [x, x, x, x, x, x, x, x, x]\n"),
    "a billion merges": _laughs("{name}: &{name} {{<<: [{before}]}}\n", "a: &a {x: 1, y: 2}\n"),
    "a hundred thousand maps": "{a: " * 100_000,
    "a hundred thousand lists": "[" * 100_000,
    "a stair": "\n".join(" " * depth + "a:" for depth in range(1000)),
    "a snake": "a: &a {b: *a}\n",
    "a giant": "a: " + "x" * 3_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("command", ["check", "status"])
def test_a_bomb_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, command: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(BOMBS[name], encoding="utf-8")
    started = time.perf_counter()

    status = main(["--config", str(config), command])

    said = capsys.readouterr()
    assert time.perf_counter() - started < 2
    assert (status, said.out) == (1, "")
    assert "config.yaml" in said.err
    assert "内部错误" not in said.err
    assert "YAML" in said.err or "MB" in said.err
