"""The configuration: read, checked as a whole, and turned into values. Nothing starts on a mistake (spec, part 2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.config_checks import Whole, problems_of
from app.config_file import Location, Problem, ReadFile, read_yaml
from app.config_shape import ConfigShape, MailShape
from app.glance import located
from app.indicators import read_indicators
from states.canonical import canonical, sha256
from states.office import Appointment, Indicator, Level, Office, Person, Unit
from states.policies import Policies


class ConfigError(Exception):
    """The configuration is wrong; carries every mistake, each with file, line, what is wrong, what would be right."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """How mail leaves. `domain` is the right-hand side of every Message-ID; `link_base` begins every link."""

    host: str
    port: int
    tls: str
    username: str | None
    password: str | None
    ca_file: str | None
    sender: str
    sender_name: str
    link_base: str
    timeout_seconds: int
    connections: int
    attempts: int
    lease_seconds: int
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration. `fingerprint` changes with anything that matters to running reports."""

    path: Path
    office: Office
    policies: Policies
    database_url: str
    mail: MailSettings
    calendar_add: frozenset[date]
    calendar_remove: frozenset[date]
    first_period: str | None
    log_level: str
    heartbeat_seconds: int
    fingerprint: str


def load(path: Path, *, environment: Mapping[str, str]) -> Settings:
    """Read and check the configuration. Raises ConfigError with every mistake at once."""
    file = read_yaml(path)
    if file.problems and file.data is None:
        raise ConfigError(file.problems)
    organisation_file, prefix = _organisation(path, file)
    shape, problems = _shaped(file, organisation_file, prefix)
    written = file.data.get("indicators") if isinstance(file.data, dict) else None
    indicators_path = path.parent / (written if isinstance(written, str) else "indicators.csv")
    indicators, lines, csv_problems = read_indicators(indicators_path)
    problems += file.problems + csv_problems
    if organisation_file is not file:
        problems += organisation_file.problems
    if shape is not None:
        whole = Whole(
            shape=shape,
            file=file,
            organisation_file=organisation_file,
            prefix=prefix,
            indicators=indicators,
            indicator_lines=lines,
            indicators_file=indicators_path.name,
        )
        problems += problems_of(whole)
    if problems or shape is None:
        raise ConfigError(problems)
    return _settings(path, shape, indicators, environment)


def _organisation(path: Path, file: ReadFile) -> tuple[ReadFile, Location]:
    """The file the organisation stands in, and where in it: here, or in a file of its own named here."""
    named = file.data.get("organisation") if isinstance(file.data, dict) else None
    if isinstance(named, str):
        return read_yaml(path.parent / named), ()
    return file, ("organisation",)


def _shaped(file: ReadFile, organisation_file: ReadFile, prefix: Location) -> tuple[ConfigShape | None, list[Problem]]:
    data = file.data
    if not isinstance(data, dict):
        return None, [Problem(file.name, 1, "不是一份配置", "应如自带的 config.yaml，由“键: 值”组成")]
    if not prefix:
        data = {**data, "organisation": organisation_file.data}
    try:
        return ConfigShape.model_validate(data), []
    except ValidationError as invalid:
        return None, [_problem(error, file, organisation_file, prefix) for error in invalid.errors()]


def _problem(error: ErrorDetails, file: ReadFile, organisation_file: ReadFile, prefix: Location) -> Problem:
    location = error["loc"]
    if location[:1] == ("organisation",) and not prefix:
        file, location = organisation_file, location[1:]
    named = ".".join(str(part) for part in location)
    wrong, right = _in_words(error, named)
    return file.problem(location, wrong, right)


def _in_words(error: ErrorDetails, named: str) -> tuple[str, str]:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"没有 {named} 这个键", _nearest(error)
    if kind == "missing":
        return f"缺少 {named}", "请补上这一项"
    wrong = f"{named} 的值“{given}”不对"
    if kind in _LIMITS:
        return wrong, _LIMITS[kind].format(**context)
    if kind == "value_error":
        return wrong, str(context["error"])
    if kind in ("enum", "literal_error"):
        return wrong, f"应是：{context['expected']}".replace(" or ", "、")
    return wrong, _KINDS.get(kind, f"应为：{error['msg']}")


_LIMITS = {
    "greater_than_equal": "应不小于 {ge}",
    "less_than_equal": "应不大于 {le}",
    "string_pattern_mismatch": "应符合 {pattern}",
}
_KINDS = {
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文字",
    "time_type": "应为时刻，如 17:00",
    "time_parsing": "应为时刻，如 17:00",
    "date_type": "应为日期，如 2026-10-10",
    "date_parsing": "应为日期，如 2026-10-10",
    "date_from_datetime_parsing": "应为日期，如 2026-10-10",
    "tuple_type": "应为列表，每项前写“- ”",
    "model_type": "应为一组“键: 值”",
}


def _nearest(error: ErrorDetails) -> str:
    key, here = str(error["loc"][-1]), _known_keys(error["loc"][:-1])
    near = get_close_matches(key, here, n=2, cutoff=0.5)
    return f"是不是 {' 或 '.join(near)}？" if near else f"这里可以写：{'、'.join(here)}"


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    shape: Any = ConfigShape
    for part in location:
        if isinstance(part, int):
            continue
        inner = shape.model_fields[part].annotation
        shape = inner if hasattr(inner, "model_fields") else inner.__args__[0]
    return [field.alias or name for name, field in shape.model_fields.items()]


# --- as values -----------------------------------------------------------------------------------------------------


def _settings(
    path: Path, shape: ConfigShape, indicators: tuple[Indicator, ...], environment: Mapping[str, str]
) -> Settings:
    office = _office(shape, indicators)
    calendar = shape.calendar
    matters = shape.model_dump(mode="json", exclude={"database", "mail", "log", "daemon"})
    rows = [[one.code, one.name, one.lead_unit, one.field, one.target_rank] for one in indicators]
    return Settings(
        path=path,
        office=office,
        policies=_policies(shape),
        database_url=located(shape.database.url, path),
        mail=_mail(shape.mail, path, environment),
        calendar_add=frozenset(calendar.workdays),
        calendar_remove=frozenset(calendar.holidays),
        first_period=shape.daemon.first_period,
        log_level=shape.log.level,
        heartbeat_seconds=shape.daemon.heartbeat_seconds,
        fingerprint=sha256(canonical([matters, rows])),
    )


def _office(shape: ConfigShape, indicators: tuple[Indicator, ...]) -> Office:
    organisation = shape.organisation
    return Office(
        name=shape.office,
        timezone=shape.timezone,
        language=shape.language,
        own_district=shape.districts.own,
        sisters=shape.districts.sisters,
        units=tuple(
            Unit(code=one.code, name=one.name, level=one.level, parent=one.parent) for one in organisation.units
        ),
        people=tuple(
            Person(id=one.id, name=one.name, email=one.email, language=one.language or shape.language)
            for one in organisation.people
        ),
        appointments=tuple(
            Appointment(person=one.person, unit=one.unit, role=one.role, since=one.since, until=one.until)
            for one in organisation.appointments
        ),
        indicators=indicators,
        duties={Level.BUREAU: shape.levels.bureau.duties(), Level.DISTRICT: shape.levels.district.duties()},
    )


def _policies(shape: ConfigShape) -> Policies:
    calendar = shape.calendar.model_dump(exclude={"workdays", "holidays"})
    parts = (shape.rules, shape.timers, shape.ranks, shape.points)
    stated = {name: value for part in parts for name, value in part.model_dump().items()}
    return Policies(**calendar, **stated)


def _mail(shape: MailShape, path: Path, environment: Mapping[str, str]) -> MailSettings:
    stated = shape.model_dump(exclude={"password_file", "password_env"})
    ca_file = str(path.parent / shape.ca_file) if shape.ca_file else None
    password = _password(shape, path, environment)
    return MailSettings(**{**stated, "ca_file": ca_file}, password=password, domain=shape.sender.partition("@")[2])


def _password(shape: MailShape, path: Path, environment: Mapping[str, str]) -> str | None:
    """From the file or the environment variable named: never from the configuration itself."""
    if shape.password_file is not None:
        secret = path.parent / shape.password_file
        try:
            return secret.read_text(encoding="utf-8").strip()
        except OSError as fault:
            raise ConfigError(
                [Problem(str(secret), 1, f"读不出邮件密码（{fault.strerror}）", "请核对 mail.password_file")]
            ) from fault
    if shape.password_env is None:
        return None
    if shape.password_env not in environment:
        wrong = f"环境变量 {shape.password_env} 没有设置"
        raise ConfigError([Problem(path.name, 1, wrong, "请设置它，或改写 mail.password_env")])
    return environment[shape.password_env]
