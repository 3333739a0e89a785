"""The house rules no linter knows. Each rule is also shown a breach, so that it cannot fall silent."""

import ast
import io
import re
import runpy
import shutil
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("app", "documents", "notifications", "states", "storage", "workflow")
CLOCK = Path("app/clock.py")
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")

# Written so that this file does not breach its own rule.
MACHINE_PATH = re.compile(
    r"(?:^|[^\w.])/(?:w[o]rk|r[o]ot|f[a]rm|h[o]me/\w+|U[s]ers|opt/w[h]eels|opt/p[y]pi[\w-]*)/|bash_[j]obs", re.MULTILINE
)
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+).*?\\$", re.MULTILINE)
CLOCK_READINGS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "sqlalchemy.func.current_timestamp",
        "sqlalchemy.func.now",
        "time.ctime",
        "time.gmtime",
        "time.localtime",
        "time.time",
        "time.time_ns",
    }
)
DIRECTIVE = re.compile(r"(?:ruff: )?noqa: ?[A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*|type: ignore\[[\w, -]+\]")
SUPPRESSION = re.compile(r"\bnoqa\b|type: *ignore")


def test_lock_files_hold_no_address() -> None:
    locks = [path for path in project_files() if path.suffix == ".lock"]

    assert len(locks) >= 2
    assert [str(path) for path in locks if ADDRESS.search(read(path))] == []


def test_every_locked_package_bears_a_hash() -> None:
    for name in LOCKS:
        blocks = re.split(r"\n(?=\S)", read(Path(name)).strip())
        assert [block for block in blocks if not (PIN.match(block) and "--hash=sha256:" in block)] == []


def test_each_lock_contains_the_one_before() -> None:
    runtime, development, bench = (pins(name) for name in LOCKS)

    assert runtime.items() <= development.items() <= bench.items()


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads(read(Path("pyproject.toml")))
    runtime = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]

    assert names(runtime) <= pins("requirements.lock").keys()
    assert names(project["dependency-groups"]["dev"]) <= pins("requirements-dev.lock").keys()
    assert names(project["dependency-groups"]["bench"]) <= pins("requirements-bench.lock").keys()


def test_no_file_names_a_path_of_a_developers_machine() -> None:
    assert {str(path): found for path in project_files() if (found := MACHINE_PATH.findall(read(path)))} == {}


@pytest.mark.parametrize(
    "folder", ["wo" + "rk/main", "ro" + "ot/.cache", "ho" + "me/zhang", "Us" + "ers/li", "fa" + "rm/a"]
)
def test_a_path_of_a_developers_machine_is_recognised(folder: str) -> None:
    assert MACHINE_PATH.search(f'log = "/{folder}/report.log"')
    assert not MACHINE_PATH.search(f'log = "docs/{folder}/report.log"')


def test_only_the_clock_reads_the_clock() -> None:
    sources = [path for path in package_files() if path != CLOCK]

    assert {str(path): found for path in sources if (found := clock_readings(read(path)))} == {}


@pytest.mark.parametrize(
    ("source", "reading"),
    [
        ("import datetime\nx = datetime.datetime.now()", "datetime.datetime.now"),
        ("import datetime as dt\nx = dt.date.today()", "datetime.date.today"),
        ("from datetime import datetime as d\nx = field(default_factory=d.utcnow)", "datetime.datetime.utcnow"),
        ("from time import time\nx = time()", "time.time"),
        ("from sqlalchemy import func\nx = func.now()", "sqlalchemy.func.now"),
    ],
)
def test_a_reading_of_the_clock_is_recognised(source: str, reading: str) -> None:
    assert clock_readings(source) == [reading]


def test_asking_the_port_is_no_reading_of_the_clock() -> None:
    assert clock_readings("from workflow.ports import Clock\ndef at(clock: Clock): return clock.now()") == []


def test_nothing_imports_smtplib() -> None:
    assert [str(path) for path in python_files() if "smtplib" in imported(read(path))] == []


def test_run_py_needs_the_standard_library_alone() -> None:
    assert imported(read(Path("run.py"))) <= sys.stdlib_module_names


def test_every_suppression_bears_a_code_and_a_reason() -> None:
    assert {str(path): bare for path in python_files() if (bare := bare_suppressions(read(path)))} == {}


@pytest.mark.parametrize(
    ("comment", "is_bare"),
    [
        ("# no" + "qa", True),
        ("# no" + "qa: S101", True),
        ("# type: ig" + "nore", True),
        ("# type: ig" + "nore[arg-type]", True),
        ("# type: ig" + "nore[arg-type]  # the library's stub is wrong", False),
        ("# no" + "qa: S101, E501  a reason of some length", False),
        ("# no" + "qa: S101  库的类型标注有误", False),
    ],
)
def test_a_bare_suppression_is_recognised(comment: str, is_bare: bool) -> None:
    assert bool(bare_suppressions(f"x = 1  {comment}\n")) == is_bare


def test_an_old_python_is_refused_in_both_languages() -> None:
    pretend = f"import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path({str(ROOT / 'run.py')!r})"

    refused = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert "需要 Python 3.11" in refused.stderr
    assert "Python 3.11 or newer" in refused.stderr


def test_windows_is_refused_in_both_languages() -> None:
    pretend = (
        "import os, runpy, subprocess, sys, pathlib; os.name = 'nt'; "
        f"runpy.run_path({str(ROOT / 'run.py')!r}, run_name='__main__')"
    )

    refused = subprocess.run([sys.executable, "-c", pretend], capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert "不支持 Windows" in refused.stderr
    assert "Windows is not supported" in refused.stderr


def test_the_licence_stands_where_the_package_says() -> None:
    project = tomllib.loads(read(Path("pyproject.toml")))["project"]

    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])
    assert "Apache License" in read(Path("LICENSE"))
    assert "END OF TERMS AND CONDITIONS" in read(Path("LICENSE"))


def test_an_unreachable_index_is_explained_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": "", "PIP_NO_INDEX": "1"}.items():
        monkeypatch.setenv(name, value)
    run = runpy.run_path(str(ROOT / "run.py"))

    with pytest.raises(SystemExit) as stopped:
        run["pip"]("kaoji-no-such-package")

    said = capsys.readouterr().err
    assert stopped.value.code == 1
    assert "无法从软件包索引取得依赖" in said
    assert "the package index gave no packages" in said


def test_an_unknown_command_is_refused() -> None:
    refused = subprocess.run([sys.executable, ROOT / "run.py", "dmeo"], capture_output=True, text=True, check=False)

    assert refused.returncode == 2
    assert "dmeo" in refused.stderr


def project_files() -> Iterator[Path]:
    """Every text file that is tracked or would be: what git ignores is nobody's business."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("不是 git 检出，无法得知项目有哪些文件 (not a git checkout: the project's files are unknown)")
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and b"\0" not in (ROOT / name).read_bytes():
            yield Path(name)


def python_files() -> Iterator[Path]:
    """The packages' files, the tests, and run.py."""
    yield Path("run.py")
    for folder in (*PACKAGES, "tests"):
        yield from (path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.py")))


def package_files() -> Iterator[Path]:
    """The packages' files alone."""
    return (path for path in python_files() if path.parts[0] in PACKAGES)


def read(path: Path) -> str:
    """Return a project file's text; bytes of another encoding cannot hide a breach."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def pins(lock: str) -> dict[str, str]:
    """Return name and version of every locked package."""
    return dict(PIN.findall(read(Path(lock))))


def names(requirements: list[str]) -> set[str]:
    """Return the bare names of requirements, spelled as in a lock."""
    return {re.split(r"[\[<>=;~! ]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


def imported(source: str) -> set[str]:
    """Return the top-level names of all absolute imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def clock_readings(source: str) -> list[str]:
    """Return every mention of a function that reads the clock, under whatever name it was imported."""
    tree = ast.parse(source)
    known = aliases(tree)
    mentions = (dotted(node, known) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name))
    return [mention for mention in mentions if mention in CLOCK_READINGS]


def aliases(tree: ast.Module) -> dict[str, str]:
    """Return what each imported name stands for."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {alias.asname: alias.name for alias in node.names if alias.asname}
            known |= {head: head for alias in node.names if not alias.asname and (head := alias.name.partition(".")[0])}
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known


def dotted(node: ast.expr, known: dict[str, str]) -> str:
    """Return the full name of an attribute chain that starts at an import, else nothing."""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute) and (head := dotted(node.value, known)):
        return f"{head}.{node.attr}"
    return ""


def bare_suppressions(source: str) -> list[str]:
    """Return every suppressing comment that lacks a code or a reason."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return [comment for comment in comments if SUPPRESSION.search(comment) and not has_code_and_reason(comment)]


def has_code_and_reason(comment: str) -> bool:
    """Tell whether something readable is left once the directives are taken away."""
    reason = DIRECTIVE.sub("", comment).strip("# ")
    return len(reason) >= 5 and not SUPPRESSION.search(reason)
