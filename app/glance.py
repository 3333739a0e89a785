"""The few things `kaoji status` needs of the configuration, read without checking it whole: it must answer at once."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from zoneinfo import ZoneInfo

import yaml

from app.config_file import beyond_limits, text_of

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


if TYPE_CHECKING:
    from app.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A person holds a role in a unit on the days from `since` to `until`, both included; None is without end."""

    person: str
    unit: str
    role: str
    since: date | None
    until: date | None

    def covers(self, day: date) -> bool:
        """Whether it is in force on that local day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """Where the database is, and the names to show, each by its code.

    `levels` and `parents` are the units'; `posts` are all appointments, in the order of the configuration. `needed` are
    the roles that reports of a level need: those in the unit itself, and those in the unit above it.
    """

    database_url: str
    timezone: str
    unit_names: Mapping[str, str]
    people: Mapping[str, str]
    indicators: Mapping[str, str]
    levels: Mapping[str, str]
    parents: Mapping[str, str | None]
    posts: tuple[Post, ...]
    needed: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]


def glance_of(settings: "Settings") -> Glance:
    """The same of a configuration already read whole."""
    office = settings.office
    return Glance(
        database_url=settings.database_url,
        timezone=office.timezone,
        unit_names={unit.code: unit.name for unit in office.units},
        people={person.id: person.name for person in office.people},
        indicators={indicator.code: indicator.name for indicator in office.indicators},
        levels={unit.code: unit.level.value for unit in office.units},
        parents={unit.code: unit.parent for unit in office.units},
        posts=tuple(
            Post(person=one.person, unit=one.unit, role=one.role.value, since=one.since, until=one.until)
            for one in office.appointments
        ),
        needed={
            level.value: (
                (duties.drafter.value, duties.first_signer.value, duties.second_signer.value),
                (duties.receiver.value, duties.assessor.value),
            )
            for level, duties in office.duties.items()
        },
    )


def glance(path: Path, database: str | None = None) -> Glance:
    """Read the configuration for a question. Raises Unusable on a broken one, naming the file."""
    read = _yaml(path)
    organisation, stands_in = read.get("organisation"), path
    if isinstance(organisation, str):
        stands_in = path.parent / organisation
        organisation = _yaml(stands_in)
    if not isinstance(organisation, dict):
        _refuse(stands_in, "没有 organisation")
    timezone = read.get("timezone", "Asia/Shanghai")
    return Glance(
        database_url=database or _database_url(read, path),
        timezone=timezone if _is_timezone(timezone) else _refuse(path, f"没有“{timezone}”这个时区（timezone）"),
        unit_names=dict(_pairs(organisation, "units", ("code", "name"), stands_in)),
        people=dict(_pairs(organisation, "people", ("id", "name"), stands_in)),
        indicators=_indicator_names(path, read.get("indicators", "indicators.csv")),
        levels=_told(organisation, "level"),
        parents=_told(organisation, "parent"),
        posts=tuple(_posts(organisation)),
        needed=_needed(read.get("levels")),
    )


def located(url: str, config: Path) -> str:
    """A relative SQLite path is relative to the configuration file."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url.startswith("sqlite:////"):
        return url
    return f"{prefix}{(config.parent / url.removeprefix(prefix)).resolve()}"


def _yaml(path: Path) -> dict[str, Any]:
    try:
        text = text_of(path)
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


def _database_url(read: Mapping[str, Any], path: Path) -> str:
    database = read.get("database", {})
    url = database.get("url", "sqlite:///kaoji.db") if isinstance(database, dict) else None
    return located(url, path) if isinstance(url, str) else _refuse(path, "database.url 不是数据库地址")


def _is_timezone(name: object) -> bool:
    try:
        return isinstance(name, str) and bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        return False


def _pairs(organisation: Mapping[str, Any], kind: str, keys: tuple[str, str], path: Path) -> list[tuple[str, str]]:
    try:
        return [(str(row[keys[0]]), str(row[keys[1]])) for row in organisation[kind]]
    except (KeyError, TypeError):
        _refuse(path, f"{kind} 中缺少 {' 或 '.join(keys)}")


def _told(organisation: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What each unit says of itself under that key; `kaoji check` finds what it should have said."""
    return {str(unit["code"]): unit.get(key) for unit in organisation["units"]}


_USUAL = {
    "bureau": (("clerk", "section_head", "leader"), ("office", "assessor")),
    "district": (("office", "unit_head", "district_leader"), ("assessor", "assessor")),
}
_IN_IT, _ABOVE_IT = ("drafter", "first_signer", "second_signer"), ("receiver", "assessor")


def _needed(levels: object) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    written = levels if isinstance(levels, dict) else {}

    def roles(level: str, duties: tuple[str, ...], usual: tuple[str, ...]) -> tuple[str, ...]:
        told = written.get(level)
        said = told if isinstance(told, dict) else {}
        return tuple(str(said.get(duty, role)) for duty, role in zip(duties, usual, strict=True))

    return {
        level: (roles(level, _IN_IT, own), roles(level, _ABOVE_IT, above)) for level, (own, above) in _USUAL.items()
    }


def _posts(organisation: Mapping[str, Any]) -> Iterator[Post]:
    rows = organisation.get("appointments")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and {"person", "unit", "role"} <= row.keys():
            person, unit, role = (str(row[key]) for key in ("person", "unit", "role"))
            yield Post(person=person, unit=unit, role=role, since=_day(row.get("from")), until=_day(row.get("to")))


def _day(value: object) -> date | None:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        return None


def _indicator_names(config: Path, name: object) -> dict[str, str]:
    path = config.parent / (name if isinstance(name, str) else _refuse(config, "indicators 不是一个文件名"))
    try:
        rows = csv.DictReader(_text(path.read_bytes()).splitlines())
        rows.fieldnames = [column(heading) for heading in rows.fieldnames or ()]
        names = {row["code"].strip(): row["name"].strip() for row in rows if row["code"]}
        return names or _refuse(path, "没有一项指标")
    except OSError as fault:
        _refuse(path, f"读不出（{fault.strerror}）")
    except UnicodeDecodeError:
        _refuse(path, "编码不能识别")
    except csv.Error:
        _refuse(path, "有一格太长")
    except (KeyError, AttributeError):
        _refuse(path, "缺少 code 或 name 一列")


# What Excel users write at the head of the table of indicators.
_HEADINGS = {
    "代码": "code",
    "名称": "name",
    "主要内容": "main_content",
    "牵头单位": "lead_unit",
    "参加排名个数": "field",
    "目标名次": "target_rank",
    "年终承诺目标": "year_end_target",
}
HEADING_OF = {name: heading for heading, name in _HEADINGS.items()}


def column(heading: str) -> str:
    """The column a heading of the table of indicators names, in either language."""
    named = heading.strip()
    return _HEADINGS.get(named, named)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _refuse(path: Path, wrong: str) -> NoReturn:
    from app.faults import Unusable

    raise Unusable(f"{path} 不能用：{wrong}", "请运行 kaoji check，它会逐处指出错在哪一行、应怎样写")
