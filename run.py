"""One door to the project: set up `.venv` from the locked requirements, then run what was asked.

Needs nothing but Python 3.11 or newer; everything imported here is in the standard library. The syntax is that of
Python 3.6, so that an older interpreter gets far enough to say what is wrong.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

# Asked before anything else is defined: an older interpreter stumbles over the annotations below.
if sys.version_info < (3, 11):  # noqa: UP036  this line exists for the owner of an older Python
    found = sys.version.split()[0]
    sys.exit(
        f"错误：需要 Python 3.11 或更高版本，当前为 {found}。\nerror: Python 3.11 or newer is needed, not {found}."
    )

if os.name == "nt":
    sys.exit(
        "错误：不支持 Windows（守护进程要用的文件锁和信号它没有）；请用 Linux，或 Windows 的 Linux 子系统（WSL）。\n"
        "error: Windows is not supported (it lacks the file locks and signals the daemon needs); use Linux, or WSL."
    )

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / "bin"
PYTHON = SCRIPTS / "python"
STAMP = VENV / "kaoji-installed.json"
RUNTIME_LOCK = ROOT / "requirements.lock"
PACKAGES = ("app", "documents", "notifications", "states", "storage", "workflow")
DEV_LOCK = ROOT / "requirements-dev.lock"
BENCH_LOCK = ROOT / "requirements-bench.lock"
LOCKS = (RUNTIME_LOCK, DEV_LOCK, BENCH_LOCK)  # each holds the pins of those before it

USAGE = """\
用法 usage: python3 run.py 命令 [参数…]

  demo     演示：跑通一个月的签报        play one month of sign-off
  init     新建单位：样例配置、数据库    found an office: sample configuration, then its database
  serve    启动守护进程                  start the daemon
  test     运行测试                      run the tests (pytest)
  check    规范、格式、类型、分层检查    {checks}; name some to run only those
  bench    性能测量                      measure, beside floors and a peer; name parts to run only those
  setup    只安装（含开发工具）          install only, development tools included

其余参数原样传给该命令；相对路径以项目目录为准。
Further arguments are passed on; relative paths start at the project folder.
"""

CHECKS = {
    "lint": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy",),
    "layers": ("lint-imports", "--no-logo"),
}

SIGNS_OF_NO_INDEX = (
    "No matching distribution found",
    "Failed to establish a new connection",
    "Max retries exceeded",
    "Connection refused",
    "timed out",
    "name resolution",
)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    command, *rest = arguments or ["help"]
    if command in ("help", "-h", "--help"):
        print(USAGE.format(checks=", ".join(CHECKS)))
        return 0
    if command not in COMMANDS:
        fail(f"没有命令 {command}，见 python3 run.py help", f"no command {command}, see python3 run.py help", status=2)
    os.chdir(ROOT)
    return COMMANDS[command](rest)


def demo(arguments: Sequence[str]) -> NoReturn:
    """Play the demonstration."""
    install(RUNTIME_LOCK)
    become("kaoji", "demo", *arguments)


def init(arguments: Sequence[str]) -> NoReturn:
    """Found an office in a folder."""
    install(RUNTIME_LOCK)
    become("kaoji", "init", *arguments)


def serve(arguments: Sequence[str]) -> NoReturn:
    """Start the daemon."""
    install(RUNTIME_LOCK)
    become("kaoji", "serve", *arguments)


def test(arguments: Sequence[str]) -> NoReturn:
    """Run the tests, on all processors unless `-n 0` says otherwise."""
    install(DEV_LOCK)
    become("python", "-m", "pytest", "-n", "auto", "--dist", "worksteal", *arguments)


def check(names: Sequence[str]) -> int:
    """Run the static checks to the end, or only those named, and say which failed."""
    unknown = set(names) - set(CHECKS)
    if unknown:
        fail(f"没有检查 {unknown}，可用：{list(CHECKS)}", f"no check {unknown}, there are: {list(CHECKS)}", status=2)
    install(DEV_LOCK)
    failed = [name for name in names or CHECKS if not passes(name)]
    say(f"未通过 failed: {', '.join(failed)}" if failed else "检查全部通过 all checks passed")
    return 1 if failed else 0


def bench(arguments: Sequence[str]) -> NoReturn:
    """Measure the performance, beside a peer that nothing else needs."""
    install(BENCH_LOCK)
    become("python", "-m", "benchmarks", *arguments)


def setup(_: Sequence[str]) -> int:
    """Install everything and run nothing."""
    install(DEV_LOCK)
    say(f"已就绪 ready: {SCRIPTS}")
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    command.__name__: command for command in (demo, init, serve, test, check, bench, setup)
}


def passes(name: str) -> bool:
    """Run one static check."""
    script, *arguments = CHECKS[name]
    say(f"── {name}: {script} {' '.join(arguments)}")
    return subprocess.call([str(SCRIPTS / script), *arguments]) == 0


def become(script: str, *arguments: str) -> NoReturn:
    """Replace this process by the script, so that signals and the exit status need no relay."""
    command = [str(SCRIPTS / script), *arguments]
    os.execv(command[0], command)


def install(lock: Path) -> None:
    """Bring `.venv` in line with the lock.

    1. Make the environment, anew where the interpreter or the folder is another one.
    2. Install the locked packages, unless this very lock is installed already.
    3. Install the project itself, editable and without network, and compile it: a question answers in half the time.
    4. Note what was installed; after an interruption the next call starts again.
    """
    installed = read_stamp()
    wanted = wanted_stamp(lock)
    stale = {key for key in wanted if installed.get(key) != wanted[key]}
    if not stale:
        return
    if "home" in stale:
        make_environment()
    STAMP.unlink(missing_ok=True)
    say(f"正在安装 installing {lock.name} …")
    if stale != {"project"}:
        pip("--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock))
    plain_path = ("--config-settings", "editable_mode=compat")  # the other mode runs a finder at every start
    pip("--no-deps", "--no-build-isolation", "--no-index", *plain_path, "-e", str(ROOT))
    subprocess.call([str(PYTHON), "-m", "compileall", "-q", *PACKAGES], cwd=ROOT)
    STAMP.write_text(json.dumps(wanted, indent=2), encoding="utf-8")


def read_stamp() -> dict[str, str]:
    """Return what `.venv` says of itself; nothing when it is missing or unfinished."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp


def wanted_stamp(lock: Path) -> dict[str, str]:
    """Return what `.venv` must say of itself; each lock brings those before it with it."""
    locks = LOCKS[: LOCKS.index(lock) + 1]
    return {
        "home": f"Python {sys.version_info[0]}.{sys.version_info[1]} {ROOT}",
        "project": fingerprint(ROOT / "pyproject.toml"),
        **{path.name: fingerprint(path) for path in locks},
    }


def fingerprint(path: Path) -> str:
    """Return the hash of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_environment() -> None:
    """Create an empty `.venv`."""
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        fail(
            "此 Python 缺少 venv 或 ensurepip；Debian/Ubuntu 请先执行：apt-get install python3-venv",
            "this Python lacks venv or ensurepip; on Debian/Ubuntu first: apt-get install python3-venv",
        )
    say("正在创建虚拟环境 creating .venv …")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode:
        say(made.stdout)
        fail("无法创建 .venv，原因见上。", "could not create .venv, see above.")


def pip(*arguments: str) -> None:
    """Install quietly; on failure show what pip said, and what to do when the index was the reason."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode == 0:
        return
    say(result.stdout)
    if any(sign in result.stdout for sign in SIGNS_OF_NO_INDEX):
        fail(
            "无法从软件包索引取得依赖：请检查网络，或用 pip config 设置本单位镜像，"
            "或设 PIP_NO_INDEX=1 与 PIP_FIND_LINKS=离线包目录。",
            "the package index gave no packages: check the network, set a mirror with pip config, "
            "or set PIP_NO_INDEX=1 and PIP_FIND_LINKS=folder of wheels.",
        )
    fail("安装失败，原因见上。", "installation failed, see above.")


def fail(chinese: str, english: str, status: int = 1) -> NoReturn:
    """Say what is wrong in both languages and stop."""
    say(f"错误：{chinese}\nerror: {english}")
    sys.exit(status)


def say(text: str) -> None:
    """Tell the person at the terminal; standard output belongs to the command that runs."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
