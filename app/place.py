"""Which office a command is about: the configuration named, the one here, or the demonstration's.

A question asked before the office has a database of its own is answered from the demonstration, and says so.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.glance import Glance, glance

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

    def glance(self) -> Glance:
        """What a question needs of the configuration."""
        return glance(self.config, self.database)


def place(parsed: argparse.Namespace) -> Place:
    """The office meant by the command line. Raises Unusable when there is none."""
    named = parsed.config or os.environ.get("KAOJI_CONFIG")
    if named:
        return Place(config=_existing(Path(named)), database=parsed.database)
    here = Path("config.yaml") if Path("config.yaml").exists() else PROJECT / "config.yaml"
    if parsed.database or not _lacks_database(here):
        return Place(config=_existing(here), database=parsed.database)
    return demonstration() or Place(config=_existing(here), database=None)


def office_place(parsed: argparse.Namespace) -> Place:
    """The real office, never the demonstration: what the daemon serves."""
    named = parsed.config or os.environ.get("KAOJI_CONFIG")
    here = Path("config.yaml") if Path("config.yaml").exists() else PROJECT / "config.yaml"
    return Place(config=_existing(Path(named) if named else here), database=parsed.database)


def demonstration() -> Place | None:
    """The office the demonstration left behind, if it ran."""
    if not DEMO_NOTE.exists():
        return None
    note = json.loads(DEMO_NOTE.read_text(encoding="utf-8"))
    print("（本单位还没有数据库，以下是演示数据）", file=sys.stderr)
    return Place(config=DEMO_CASE / "config.yaml", database=note["database"], now=datetime.fromisoformat(note["now"]))


def _existing(config: Path) -> Path:
    if config.exists():
        return config
    from app.faults import Unusable

    raise Unusable(f"找不到配置文件 {config}", "请用 --config 指明配置文件，或在当前目录放一份 config.yaml")


def _lacks_database(config: Path) -> bool:
    if not config.exists():
        return True
    try:
        url = glance(config).database_url
    except Exception:  # noqa: BLE001  a broken configuration is reported by whoever reads it whole
        return False
    return url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists()
