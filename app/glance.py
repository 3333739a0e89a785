"""The few things `kaoji status` needs of the configuration, read without checking it whole: it must answer at once."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Where the database is, and the names to show."""

    database_url: str
    timezone: str
    unit_names: Mapping[str, str]
    indicators: tuple[str, ...]


def glance(path: Path, database: str | None = None) -> Glance:
    """Read the configuration for a question. Raises OSError, yaml.YAMLError, or KeyError/TypeError on a broken one."""
    with path.open(encoding="utf-8") as file:
        read = yaml.load(file, Loader=_Loader)  # noqa: S506  both loaders are the safe ones
    organisation = read["organisation"]
    if isinstance(organisation, str):
        with (path.parent / organisation).open(encoding="utf-8") as file:
            organisation = yaml.load(file, Loader=_Loader)  # noqa: S506  as above
    return Glance(
        database_url=database or located(read.get("database", {}).get("url", "sqlite:///kaoji.db"), path),
        timezone=read.get("timezone", "Asia/Shanghai"),
        unit_names={unit["code"]: unit["name"] for unit in organisation["units"]},
        indicators=_indicator_codes(path.parent / read.get("indicators", "indicators.csv")),
    )


def located(url: str, config: Path) -> str:
    """A relative SQLite path is relative to the configuration file."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith("sqlite:////"):
        return url
    return f"{prefix}{(config.parent / url.removeprefix(prefix)).resolve()}"


def _indicator_codes(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="gb18030")
    return tuple(row["code"].strip() for row in csv.DictReader(text.splitlines()))
