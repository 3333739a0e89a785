"""The configuration: read, checked as a whole, and turned into values. Nothing starts on a mistake (spec, part 2)."""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from pydantic import ValidationError

from app.config_checks import Whole, problems_of, warnings_of
from app.config_file import Location, Problem, ReadFile, read_yaml
from app.config_mending import Doubt, doubt_left_by, mended
from app.config_shape import ConfigShape, MailShape
from app.config_words import all_keys, in_words
from app.indicators import read_indicators
from app.machine import located
from app.settings import BackupSettings, MailSettings, Settings
from states.definitions import Definitions
from states.errors import Failure
from states.office import Appointment, Indicator, Level, Office, Person, Unit
from states.policies import Policies


class ConfigError(Failure):
    """The configuration is wrong; carries every mistake, each with file, line, what is wrong, what would be right."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(
            "\n".join(str(problem) for problem in self.problems),
            "请按上面各行修改配置后重试；改好之前什么也不会启动",
        )


def load(path: Path, *, environment: Mapping[str, str]) -> Settings:
    """Read and check the configuration. Raises ConfigError with every mistake at once."""
    file = read_yaml(path, all_keys())
    if not isinstance(file.data, dict):
        nothing = Problem(file.name, 1, "不是一份配置", "应如自带的 config.yaml，由“键: 值”组成")
        raise ConfigError(file.problems or [nothing])
    organisation_file, prefix = _organisation(path, file)
    written = file.data.get("indicators")
    indicators_path = path.parent / (written if isinstance(written, str) else "indicators.csv")
    indicators, lines, problems = read_indicators(indicators_path)
    problems += file.problems
    if organisation_file is not file:
        problems += organisation_file.problems
    if organisation_file.data is None and organisation_file.problems:
        raise ConfigError(problems)
    shape, doubt = _shaped(file, organisation_file, prefix, problems)
    if shape is None:
        raise ConfigError(problems)
    whole = Whole(
        shape=shape,
        file=file,
        organisation_file=organisation_file,
        prefix=prefix,
        indicators=indicators,
        indicator_lines=lines,
        indicators_file=indicators_path.name,
        doubt=doubt,
    )
    problems += problems_of(whole)
    mail = _mail(shape.mail, file, path, environment, problems)
    if problems:
        raise ConfigError(problems)
    files = (
        (path, indicators_path)
        if organisation_file is file
        else (path, indicators_path, path.parent / file.data["organisation"])
    )
    return _settings(shape, indicators, mail, warnings_of(whole), files)


def _organisation(path: Path, file: ReadFile) -> tuple[ReadFile, Location]:
    """The file the organisation stands in, and where in it: here, or in a file of its own named here."""
    named = file.data.get("organisation")
    if isinstance(named, str):
        return read_yaml(path.parent / named, all_keys()), ()
    return file, ("organisation",)


def _shaped(
    file: ReadFile, organisation_file: ReadFile, prefix: Location, problems: list[Problem]
) -> tuple[ConfigShape | None, Doubt]:
    """The configuration in its shape, and what its mistakes leave in doubt; adds to the problems."""
    data = file.data if prefix else {**file.data, "organisation": organisation_file.data}
    try:
        return ConfigShape.model_validate(data), Doubt()
    except ValidationError as invalid:
        errors = invalid.errors()
    problems += [in_words(error, file, organisation_file, prefix) for error in errors]
    shape = mended(data, errors)
    return shape, Doubt() if shape is None else doubt_left_by(errors, shape)


# --- as values -----------------------------------------------------------------------------------------------------


def _settings(
    shape: ConfigShape,
    indicators: tuple[Indicator, ...],
    mail: MailSettings,
    warnings: tuple[Problem, ...],
    files: tuple[Path, ...],
) -> Settings:
    path = files[0]
    calendar = shape.calendar
    return Settings(
        path=path,
        definitions=Definitions(
            office=_office(shape, indicators),
            policies=_policies(shape),
            workdays=frozenset(calendar.workdays),
            holidays=frozenset(calendar.holidays),
            complete_years=frozenset(calendar.complete_years),
        ),
        database_url=located(shape.database.url, path),
        mail=mail,
        first_period=shape.daemon.first_period,
        log_level=shape.log.level,
        heartbeat_seconds=shape.daemon.heartbeat_seconds,
        longest_downtime_days=shape.daemon.longest_downtime,
        self_check_time=shape.daemon.self_check_time,
        backup=BackupSettings(
            folder=None if shape.backup.folder is None else (path.parent / shape.backup.folder).resolve(),
            time=shape.backup.time,
            keep=shape.backup.keep,
        ),
        files=files,
        warnings=warnings,
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
        grounds=shape.rules.grounds,
        duties={Level.BUREAU: shape.levels.bureau.duties(), Level.DISTRICT: shape.levels.district.duties()},
    )


def _policies(shape: ConfigShape) -> Policies:
    calendar = shape.calendar.model_dump(exclude={"workdays", "holidays", "complete_years"})
    parts = (shape.rules, shape.timers, shape.ranks, shape.points)
    stated = {name: value for part in parts for name, value in part.model_dump(exclude={"grounds"}).items()}
    return Policies(**calendar, **stated)


def _mail(
    shape: MailShape, file: ReadFile, path: Path, environment: Mapping[str, str], problems: list[Problem]
) -> MailSettings:
    stated = shape.model_dump(exclude={"password_file", "password_env"})
    ca_file = path.parent / shape.ca_file if shape.ca_file else None
    if ca_file is not None and not ca_file.is_file():
        wrong = f"找不到证书机构文件 {shape.ca_file}"
        problems.append(file.problem(("mail", "ca_file"), wrong, "请核对 mail.ca_file，相对路径从本文件算起"))
    if shape.tls == "none" and shape.username is not None and not _is_this_machine(shape.host):
        wrong = f"邮件密码会以明文送到 {shape.host}（写了 mail.username，而 mail.tls 是 none）"
        problems.append(
            file.problem(("mail", "tls"), wrong, "请改为 tls: starttls 或 tls；不需要密码的请去掉 username")
        )
    return MailSettings(
        **{**stated, "ca_file": str(ca_file) if ca_file else None},
        password=_password(shape, file, path, environment, problems),
        domain=shape.sender.partition("@")[2],
    )


_NARROW = 0o640
"""Who may at most read or write a file with a password: its owner, and its group may read."""


def _is_this_machine(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _password(
    shape: MailShape, file: ReadFile, path: Path, environment: Mapping[str, str], problems: list[Problem]
) -> str | None:
    """From the file or the environment variable named: never from the configuration itself."""

    def wrong_at(key: str, wrong: str, right: str) -> None:
        problems.append(file.problem(("mail", key), wrong, right))

    if shape.password_file is not None and shape.password_env is not None:
        wrong_at("password_env", "邮件密码写了两处", "password_file 和 password_env 只写一处")
    elif shape.password_file is not None:
        kept = path.parent / shape.password_file
        try:
            password = kept.read_text(encoding="utf-8").strip()
            mode = kept.stat().st_mode & 0o777
            if mode & ~_NARROW:
                wrong_at(
                    "password_file",
                    f"邮件密码文件 {shape.password_file} 的权限是 {mode:04o}，别的用户也能读写",
                    f"请执行 chmod 600 {shape.password_file}（服务另有用户组时 640）",
                )
            return password
        except (OSError, UnicodeDecodeError) as fault:
            said = getattr(fault, "strerror", None) or "不是 UTF-8 编码"
            wrong_at("password_file", f"读不出邮件密码（{said}）", "请核对 mail.password_file，相对路径从本文件算起")
    elif shape.password_env is not None:
        if shape.password_env in environment:
            return environment[shape.password_env]
        wrong_at("password_env", f"环境变量 {shape.password_env} 没有设置", "请设置它，或改写 mail.password_env")
    elif shape.username is not None:
        wrong_at("username", f"写了用户名 {shape.username}，却没有密码", "请写 password_env 或 password_file")
    return None
