"""The machine half of the configuration as an act or a question needs it: where the records are, how mail is named.

The office half is in the database. Only the few top-level keys that matter are read, without the libraries that check
a configuration: an answer must come at once. `kaoji check` and the daemon read the files whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import yaml

from app.config_file import beyond_limits, text_of

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WANTED: Final = ("database", "mail", "daemon")
_TOP_LEVEL: Final = re.compile(r"^(?=[^\s#])", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Which file it is, and what it says of this machine. `longest_downtime_days` as in spec, part 5."""

    path: Path
    database_url: str
    mail_domain: str
    longest_downtime_days: int


def machine(path: Path, database: str | None = None) -> Machine:
    """Read it; `database` is used in place of the one it names. Raises Unusable on a broken one, naming the file."""
    told = _told(path)
    sender = _part(told, "mail").get("sender", "kaoji@office.example")
    longest = _part(told, "daemon").get("longest_downtime", 15)
    url = _part(told, "database").get("url", "sqlite:///kaoji.db")
    if not isinstance(url, str):
        _refuse(path, "database.url 不是数据库地址")
    if not isinstance(sender, str) or not sender.partition("@")[2]:
        _refuse(path, "mail.sender 不是邮件地址")
    if not isinstance(longest, int) or longest < 1:
        _refuse(path, "daemon.longest_downtime 不是天数")
    return Machine(
        path=path,
        database_url=database or located(url, path),
        mail_domain=sender.partition("@")[2],
        longest_downtime_days=longest,
    )


def located(url: str, config: Path) -> str:
    """A relative SQLite path is relative to the configuration file."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith("sqlite:////"):
        return url
    return f"{prefix}{(config.parent / url.removeprefix(prefix)).resolve()}"


def _told(path: Path) -> dict[str, Any]:
    try:
        text = _only_wanted(text_of(path))
        excess = beyond_limits(text)
        if excess is not None:
            _refuse(path, f"第 {excess[0]} 行{excess[1]}")
        read = yaml.load(text, Loader=_Loader)  # noqa: S506  both loaders are the safe ones
    except OSError as fault:
        _refuse(path, f"读不出（{fault.strerror}）")
    except UnicodeDecodeError:
        _refuse(path, "不是 UTF-8 编码")
    except (yaml.YAMLError, ValueError) as fault:
        mark = getattr(fault, "problem_mark", None)
        said = "不是正确的 YAML" if isinstance(fault, yaml.YAMLError) else str(fault)
        _refuse(path, f"{f'第 {mark.line + 1} 行' if mark else ''}{said}")
    return read if isinstance(read, dict) else _refuse(path, "不是一份配置")


def _only_wanted(text: str) -> str:
    """The text with every other top-level key emptied, its lines kept: thousands of people need not be read.

    A text that does not begin its keys at the margin is left whole.
    """
    parts = _TOP_LEVEL.split(text)
    kept = [part if part.partition(":")[0].strip("\"'") in _WANTED else "\n" * part.count("\n") for part in parts[1:]]
    return "".join((parts[0], *kept)) if any(part.strip() for part in kept) else text


def _part(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = told.get(key)
    return part if isinstance(part, dict) else {}


def _refuse(path: Path, wrong: str) -> NoReturn:
    from app.refusals import Unusable

    raise Unusable(f"{path} 不能用：{wrong}", "请运行 kaoji check，它会逐处指出错在哪一行、应怎样写")
