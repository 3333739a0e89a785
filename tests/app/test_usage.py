"""The command line as it is read: in Chinese to the last word, of bounded length, in any encoding, in any shell."""

import argparse
import ast
import inspect
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from app.cli import main, parser
from app.completion import script
from app.manual import PAGE, manual
from app.parts import tree
from app.place import DEMO_CASE
from app.streams import own_command
from app.usage import CATALOGUE, LONGEST_NAME, LONGEST_WORDS

KAOJI = Path(sys.executable).with_name("kaoji")
PARTS = list(tree().all())


def helps() -> Iterator[tuple[str, str]]:
    """Every help page."""

    def below(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
        yield of
        for action in of._actions:
            if isinstance(action, argparse._SubParsersAction):
                for sub in action.choices.values():
                    yield from below(sub)

    return ((one.prog, one.format_help()) for one in below(parser()))


HELPS = dict(helps())

# What is code, a file's ending or a proper name; everything else in a help page is to be Chinese.
NOT_WORDS = re.compile(
    r"--?[\w-]+|\S*[/.]\S*|\d{4}-\d\d\S*|KAOJI_CONFIG|PostgreSQL|JSON|Maildir|YAML|UTF-8|SMTP|CSV|shirong|draft|overdue"
    r"|bash|zsh|fish|mail|mbox"
)


@pytest.mark.parametrize("page", HELPS)
def test_help_is_chinese_to_the_last_word(page: str) -> None:
    commands = {word for part in PARTS for word in part.path} | {"kaoji"}
    left = NOT_WORDS.sub(" ", HELPS[page])

    assert set(re.findall(r"[A-Za-z_]{2,}", left)) <= commands


@pytest.mark.parametrize("page", HELPS)
def test_every_argument_and_every_command_says_what_it_is(page: str) -> None:
    told = [part for part in PARTS if " ".join(("kaoji", *part.path)) == page]

    assert [action.dest for part in told for action in (*part.arguments, *part.options) if not action.help] == []
    assert [part.path for part in told if part.path and not part.about] == []


def test_help_fits_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert [line for page in dict(helps()).values() for line in page.splitlines() if cell_len(line) > 80] == []


# What the author of a parser may do wrong, not who uses it.
OF_AUTHORS = re.compile(
    "conflicting|invalid option string|invalid conflict|__call__|positionals|mutually exclusive|callable|merge actions"
    "|dest=|multiple subparser|with mode|description|kwargs"
)


def test_every_text_of_argparse_that_a_user_may_see_is_translated() -> None:
    calls = (node for node in ast.walk(ast.parse(inspect.getsource(argparse))) if isinstance(node, ast.Call))
    said = {
        argument.value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in ("_", "ngettext")
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }

    assert {text for text in said if not OF_AUTHORS.search(text)} <= CATALOGUE.keys()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stauts"], "命令：没有 'stauts'，可用的有"),
        (["report", "sgin", "x"], "事项：没有 'sgin'"),
        (["report", "sign", "2015-10/shirong"], "缺少 --as"),
        (["report", "sign", "--as", "leader.a"], "缺少 报表"),
        (["report", "sign", "x", "--as"], "--as：后面要写一个值"),
        (["report", "sign", "x", "--as", "y", "--version", "two"], "--version：'two' 应为整数"),
        (["status", "--nonsense"], "不认识 --nonsense"),
        (["--demo", "serve"], "serve 不能用于演示"),
        (["--demo", "--config", "x", "status"], "不能再写 --config"),
    ],
)
def test_wrong_usage_is_told_in_chinese(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    first, second = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2
    assert said in first
    assert re.fullmatch(r"请看 kaoji( \w+)* --help", second)


def test_an_option_nobody_knows_leads_to_the_help_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["report", "review", "2015-10/shirong", "--as", "x", "--text", "已阅"])

    assert capsys.readouterr().err == "用法不对：不认识 --text 已阅\n请看 kaoji report review --help\n"


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])

    assert stopped.value.code == 0
    assert capsys.readouterr().out == "kaoji 0.1.0\n"


ACT = ["report", "return", "2015-10/shirong", "--as", "leader.a"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([*ACT, "--reason", "长" * (LONGEST_WORDS + 1)], "--reason：共 2,001 字，至多 2,000 字"),
        (["report", "edit", "x", "y", "--as", "z", "--target", "长" * 30_000], "--target：共 30,000 字"),
        ([*ACT, "--command-id", "x" * (LONGEST_NAME + 1)], "--command-id：共 201 字，至多 200 字"),
        (["inbox", "x" * 100_000], "人员：共 100,000 字"),
    ],
)
def test_words_without_end_are_refused_with_their_count(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "\udcff/x"],
        ["inbox", "\udcff"],
        ["history", "\udcff"],
        ["status", "--unit", "\udcff"],
        [*ACT, "--reason", "\udcff"],
        [*ACT, "--command-id", "\udcff"],
        ["rank", "parse", "\udcff", "--field", "11"],
        ["simulate", "\udcff"],
    ],
)
def test_bytes_that_are_no_text_are_two_lines_and_status_two(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[0] == "命令行里有认不出的字节：" + (
        "\\udcff/x" if "/x" in arguments[1] else "\\udcff"
    )
    assert len(printed.err.splitlines()) == 2


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "latin-1"])
def test_a_terminal_of_another_encoding_is_answered_too(encoding: str) -> None:
    office = ["--config", str(DEMO_CASE / "config.yaml")]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}

    done = subprocess.run([KAOJI, *office, "check"], capture_output=True, env=environment, check=False, timeout=60)
    asked = subprocess.run([KAOJI, "--help"], capture_output=True, env=environment, check=True, timeout=60)

    assert b"Traceback" not in done.stderr
    assert b"UnicodeEncodeError" not in done.stderr
    assert done.stdout
    assert asked.stdout.decode(encoding)


def test_what_gbk_lacks_is_printed_as_what_comes_next_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="gbk"))

    main(["rank", "parse", "第2✓", "--field", "11"])
    print("✓ 完好 \U0001f600", flush=True)

    assert written.getvalue().decode("gbk").endswith("√ 完好 \\U0001f600\n")


# --- the demonstration ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["demo", "status"], ["--demo", "status"], ["status", "--demo"]])
def test_the_demonstration_is_asked_in_three_ways(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setattr("app.place.DEMO_NOTE", tmp_path / "none.json")

    assert main(arguments) == 1
    assert "请先运行 kaoji demo" in capsys.readouterr().err


def test_what_the_demonstration_says_to_try_works_in_a_fresh_shell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.chdir(KAOJI.parents[2])
    called = own_command()
    assert subprocess.run([called, "--version"], capture_output=True, text=True, check=True).stdout == "kaoji 0.1.0\n"

    monkeypatch.setenv("PATH", str(KAOJI.parent))
    assert own_command() == "kaoji"


# --- completion and the manual -------------------------------------------------------------------------------------


def completed(line: str) -> list[str]:
    """What bash offers after that line."""
    words = line.split(" ")
    asked = "; ".join(
        (
            script("bash", tree()),
            f"COMP_WORDS=({' '.join(repr(word) for word in words)})",
            f"COMP_CWORD={len(words) - 1}",
            "_kaoji",
            'printf "%s\\n" "${COMPREPLY[@]}"',
        )
    ).replace("kaoji\n;", "kaoji\n")
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.split()


def test_bash_completes_commands_acts_options_and_choices() -> None:
    assert completed("kaoji sta") == ["status"]
    assert completed("kaoji report wi") == ["withdraw"]
    assert completed("kaoji report sign 2015-10/shirong --op") == ["--opinion"]
    assert completed("kaoji completion ") == ["bash", "zsh", "fish", "--help"]
    assert completed("kaoji --config x status --mis") == ["--missing"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_stands_in_every_shells_script(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0

    printed = capsys.readouterr().out
    assert [part.path for part in PARTS if f"'{' '.join(part.path)}'" not in printed] == []


def test_the_manual_page_is_that_of_this_command_line() -> None:
    assert PAGE.read_text(encoding="utf-8") == manual(tree()), "stale: run python -m app.manual"
