"""Which office a command is about: the configuration named, the one here, or, only when asked for, the demonstration's.

Nothing ever answers from the demonstration unasked: an office whose database is gone must not take it for its own.
"""

import argparse
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.machine import Machine, machine

PROJECT = Path(__file__).resolve().parents[1]
DEMO_CASE = PROJECT / "cases" / "longwan-2015"
DEMO = PROJECT / "var" / "demo"
DEMO_NOTE = DEMO / "office.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A configuration and its database. `now` is set for a demonstration: its office stands at that instant."""

    config: Path
    database: str | None
    now: datetime | None = None

    def machine(self) -> Machine:
        """What the configuration says of this machine. Raises Unusable on a broken one."""
        return machine(self.config, self.database)


def place(parsed: argparse.Namespace) -> Place:
    """The office meant by the command line. Raises Unusable when there is none."""
    return demonstration() if getattr(parsed, "demo", False) else office_place(parsed)


def office_place(parsed: argparse.Namespace) -> Place:
    """The real office, never the demonstration: what the daemon serves."""
    config = Path(parsed.config or os.environ.get("KAOJI_CONFIG") or "config.yaml")
    if not config.exists():
        from app.refusals import Unusable

        raise Unusable(
            f"找不到配置文件 {config}", "请到单位所在的目录运行，或用 --config 指明配置文件；新建单位请运行 kaoji init"
        )
    return Place(config=config, database=named_database(parsed))


def named_database(parsed: argparse.Namespace) -> str | None:
    """The database named beside the configuration: on the command line, else in the environment."""
    named: str | None = parsed.database
    return named or os.environ.get("KAOJI_DATABASE_URL") or None


def demonstration() -> Place:
    """The office the demonstration left behind. Raises Unusable where it did not run."""
    try:
        note = json.loads(DEMO_NOTE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        from app.refusals import Unusable

        raise Unusable("还没有演示数据", "请先运行 kaoji demo") from None
    return Place(config=DEMO_CASE / "config.yaml", database=note["database"], now=datetime.fromisoformat(note["now"]))
