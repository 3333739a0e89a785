"""The shape of `config.yaml`: every key there is, with its type, its limits and its default."""

import re
from datetime import date, time
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from states.office import BUREAU_DUTIES, DISTRICT_DUTIES, Duties, Level, Role
from states.policies import Policies, Roll

DEFAULT = Policies()

_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"没有“{name}”这个时区，应如 Asia/Shanghai")
    return name


def _clock_time(written: object) -> object:
    # Left to itself, pydantic takes 1700 for seconds since midnight.
    if isinstance(written, str) and (parts := _TIME.fullmatch(written)) is not None:
        return "{:0>2}:{}:{}".format(*parts.groups(default="00"))
    raise ValueError("应为时刻，如 17:00")


def _day(written: object) -> object:
    # Left to itself, pydantic takes 20260101 for seconds since 1970.
    if isinstance(written, str) and _DAY.fullmatch(written):
        return written
    raise ValueError("应为日期，如 2026-10-10")


def _plain_text(text: str) -> str:
    if not text.strip() or any(not (ch.isprintable()) for ch in text):
        raise ValueError("不能为空，也不能含控制字符或不可见字符")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("不能含控制字符或不可见字符")
    return text


def _address(text: str) -> str:
    local, at, domain = text.partition("@")
    allowed = local.isascii() and domain.isascii() and text.isprintable()
    if not at or not local or "." not in domain or not allowed or any(ch in text for ch in ' ,;:<>()[]"\\'):
        raise ValueError(f"“{text}”不是一个邮件地址，应如 name@office.example（只写一个，用英文字母和数字）")
    if "@" in domain or domain.startswith(".") or domain.endswith("."):
        raise ValueError(f"“{text}”不是一个邮件地址，应如 name@office.example")
    return text


ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Day = Annotated[date, BeforeValidator(_day)]
Name = Annotated[str, AfterValidator(_plain_text)]
Address = Annotated[str, AfterValidator(_address)]
Code = Annotated[str, Field(pattern=r"^[^\s/]+$")]
Days = Annotated[int, Field(ge=0, le=366)]
Positive = Annotated[int, Field(ge=1, le=366)]


class DistrictsShape(_Shape):
    """The own district and its sisters."""

    own: Name
    sisters: tuple[Name, ...]


class BureauShape(_Shape):
    """Who does what at the bureau level."""

    due_day: Annotated[int, Field(ge=1, le=31)] = BUREAU_DUTIES.due_day
    drafter: Role = BUREAU_DUTIES.drafter
    first_signer: Role = BUREAU_DUTIES.first_signer
    second_signer: Role = BUREAU_DUTIES.second_signer
    receiver: Role = BUREAU_DUTIES.receiver
    assessor: Role = BUREAU_DUTIES.assessor

    def duties(self) -> Duties:
        """As the rules take it."""
        return Duties(**self.model_dump())


class DistrictShape(BureauShape):
    """Who does what at the district level."""

    due_day: Annotated[int, Field(ge=1, le=31)] = DISTRICT_DUTIES.due_day
    drafter: Role = DISTRICT_DUTIES.drafter
    first_signer: Role = DISTRICT_DUTIES.first_signer
    second_signer: Role = DISTRICT_DUTIES.second_signer
    receiver: Role = DISTRICT_DUTIES.receiver
    assessor: Role = DISTRICT_DUTIES.assessor


class LevelsShape(_Shape):
    """The two levels."""

    bureau: BureauShape = BureauShape()
    district: DistrictShape = DistrictShape()


class CalendarShape(_Shape):
    """Deadlines, and days that differ from the official calendar."""

    roll: Roll = DEFAULT.roll
    open_time: ClockTime = DEFAULT.open_time
    deadline_time: ClockTime = DEFAULT.deadline_time
    workdays: tuple[Day, ...] = ()
    holidays: tuple[Day, ...] = ()


class RulesShape(_Shape):
    """Rules of the sign-off (spec, part 4)."""

    auto_submit: bool = DEFAULT.auto_submit
    drafter_may_sign: bool = DEFAULT.drafter_may_sign
    returned_days: Positive = DEFAULT.returned_days
    grounds: tuple[Name, ...] = ()


class TimersShape(_Shape):
    """Timers (spec, part 5)."""

    remind_days: tuple[Days, ...] = DEFAULT.remind_days
    remind_time: ClockTime = DEFAULT.remind_time
    case_after_days: Positive = DEFAULT.case_after_days
    interview_after_days: Positive = DEFAULT.interview_after_days
    deduction_after_days: Positive = DEFAULT.deduction_after_days
    escalate_time: ClockTime = DEFAULT.escalate_time
    review_days: Positive = DEFAULT.review_days
    review_time: ClockTime = DEFAULT.review_time
    feedback_days: Positive = DEFAULT.feedback_days
    feedback_time: ClockTime = DEFAULT.feedback_time
    interview_days: Positive = DEFAULT.interview_days
    interview_time: ClockTime = DEFAULT.interview_time
    liaison_calendar_days: Positive = DEFAULT.liaison_calendar_days
    liaison_time: ClockTime = DEFAULT.liaison_time
    liaison_head_days: Positive = DEFAULT.liaison_head_days
    bulletin_day: Annotated[int, Field(ge=1, le=31)] = DEFAULT.bulletin_day
    bulletin_time: ClockTime = DEFAULT.bulletin_time
    digest_time: ClockTime = DEFAULT.digest_time


class RanksShape(_Shape):
    """Judging ranks (spec, part 6)."""

    lagging_places: Positive = DEFAULT.lagging_places
    regressing_places: Positive = DEFAULT.regressing_places
    repeated_lagging: Positive = DEFAULT.repeated_lagging


class PointsShape(_Shape):
    """Points (spec, part 7)."""

    points_per_case: Positive = DEFAULT.points_per_case
    points_per_year: Days = DEFAULT.points_per_year
    appeal_days: Positive = DEFAULT.appeal_days
    appeal_time: ClockTime = DEFAULT.appeal_time


class DatabaseShape(_Shape):
    """Where the records are kept."""

    url: Annotated[str, Field(pattern=r"^(sqlite:///|postgresql(\+psycopg)?://).+")] = "sqlite:///kaoji.db"


class MailShape(_Shape):
    """The mail server."""

    host: Name = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 25
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    ca_file: str | None = None
    sender: Address = "kaoji@office.example"
    sender_name: Name = "考绩办公系统"
    salutation: Annotated[str, AfterValidator(_printable)] = "同志"
    link_base: Annotated[str, Field(pattern=r"^https?://.+[^/]$")] = "http://kaoji.office.example"
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    connections: Annotated[int, Field(ge=1, le=16)] = 4
    attempts: Annotated[int, Field(ge=1, le=1000)] = 120
    lease_seconds: Annotated[int, Field(ge=30, le=3600)] = 120


class LogShape(_Shape):
    """Logging."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class DaemonShape(_Shape):
    """The daemon."""

    heartbeat_seconds: Annotated[int, Field(ge=1, le=300)] = 15
    longest_downtime: Annotated[int, Field(ge=1, le=366)] = 15
    first_period: Annotated[str | None, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] = None


class UnitShape(_Shape):
    """A unit."""

    code: Code
    name: Name
    level: Level
    parent: str | None = None


class PersonShape(_Shape):
    """A person; without an address nobody can be told anything."""

    id: Code
    name: Name
    email: Address
    language: Literal["zh", "en"] | None = None


class AppointmentShape(_Shape):
    """A person holds a role in a unit."""

    person: str
    role: Role
    unit: str
    since: Day = Field(alias="from")
    until: Annotated[Day | None, Field(alias="to")] = None


class OrganisationShape(_Shape):
    """Units, people, appointments."""

    units: tuple[UnitShape, ...]
    people: tuple[PersonShape, ...]
    appointments: tuple[AppointmentShape, ...]


class ConfigShape(_Shape):
    """The whole file, the organisation being read by itself."""

    office: Name
    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Shanghai"
    language: Literal["zh", "en"] = "zh"
    districts: DistrictsShape
    levels: LevelsShape = LevelsShape()
    calendar: CalendarShape = CalendarShape()
    rules: RulesShape = RulesShape()
    timers: TimersShape = TimersShape()
    ranks: RanksShape = RanksShape()
    points: PointsShape = PointsShape()
    database: DatabaseShape = DatabaseShape()
    mail: MailShape = MailShape()
    log: LogShape = LogShape()
    daemon: DaemonShape = DaemonShape()
    indicators: str = "indicators.csv"
    organisation: OrganisationShape
