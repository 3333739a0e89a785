"""The shape of `config.yaml`: every key there is, with its type, its limits, its default and what it is for.

The text under a key is what editors show for it: `app.config_schema` puts it into the JSON Schema.
"""

import re
from datetime import date, time
from typing import Annotated, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from states.office import BUREAU_DUTIES, DISTRICT_DUTIES, Duties, Level, Role
from states.policies import Policies, Roll
from states.route import Need, Opinion, Route, Step

DEFAULT = Policies()

_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"没有“{name}”这个时区，应如 Asia/Shanghai") from None
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


# What a text has to look like is said twice: to pydantic by the functions above, to editors by a pattern.
ClockTime = Annotated[
    time,
    BeforeValidator(_clock_time),
    WithJsonSchema({"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$", "examples": ["17:00"]}),
]
Day = Annotated[
    date,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"}),
]
Name = Annotated[str, AfterValidator(_plain_text)]
Address = Annotated[str, AfterValidator(_address), WithJsonSchema({"type": "string", "format": "email"})]
Code = Annotated[str, Field(pattern=r"^[^\s/]+$")]
Days = Annotated[int, Field(ge=0, le=366)]
Positive = Annotated[int, Field(ge=1, le=366)]
DayOfMonth = Annotated[int, Field(ge=1, le=31)]
Year = Annotated[int, Field(ge=2000, le=2099)]
Language = Literal["zh", "en"]


class DistrictsShape(_Shape):
    """三区比较的三个区。"""

    own: Name
    """本区"""
    sisters: tuple[Name, ...]
    """两个姊妹区"""


def _one_or_several(written: object) -> object:
    return (written,) if isinstance(written, str) else written


Posts = Annotated[
    tuple[str, ...],
    BeforeValidator(_one_or_several),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class StepShape(_Shape):
    """签字的一步。"""

    state: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """这一步签完后报表的状态，用小写字母、数字和 _"""
    title: Annotated[str, AfterValidator(_printable)] = ""
    """状态的名称；section_signed、leader_signed 可以不写"""
    title_en: Annotated[str, AfterValidator(_printable)] = ""
    """状态的英文名称"""
    signers: Posts
    """签字的岗位，一个或几个：ROLE 在填报单位任职，ROLE@UNIT 在别的单位，如 section_head@fagui"""
    need: Need = Need.ALL
    """有几个岗位时：all 会签，any 或签"""
    opinion: Opinion = Opinion.OPTIONAL
    """required 签字必须写办理意见"""
    cc: Posts = ()
    """签完后抄送的岗位"""

    def step(self) -> Step:
        """As the rules take it."""
        return Step(**self.model_dump())


class BureauShape(_Shape):
    """科室报单位：时限，以及各步由什么角色办理。"""

    usual: ClassVar[Duties] = BUREAU_DUTIES

    due_day: DayOfMonth = BUREAU_DUTIES.due_day
    """每月几日前报送"""
    drafter: Role = BUREAU_DUTIES.drafter
    """谁填报（在本单位任职）"""
    receiver: Role = BUREAU_DUTIES.receiver
    """谁接收（在上级单位任职）"""
    assessor: Role = BUREAU_DUTIES.assessor
    """谁督查（在上级单位任职）"""
    route: tuple[StepShape, ...] = ()
    """依次由谁签字；不写则是科室负责人、分管领导两步"""

    def duties(self) -> Duties:
        """As the rules take it."""
        route = Route(tuple(step.step() for step in self.route)) if self.route else self.usual.route
        return Duties(
            drafter=self.drafter,
            head=self.usual.head,
            leader=self.usual.leader,
            receiver=self.receiver,
            assessor=self.assessor,
            due_day=self.due_day,
            route=route,
        )


class DistrictShape(BureauShape):
    """单位报区：时限，以及各步由什么角色办理。"""

    usual: ClassVar[Duties] = DISTRICT_DUTIES

    due_day: DayOfMonth = DISTRICT_DUTIES.due_day
    """每月几日前报送"""
    drafter: Role = DISTRICT_DUTIES.drafter
    """谁填报（在本单位任职）"""
    receiver: Role = DISTRICT_DUTIES.receiver
    """谁接收（在上级单位任职）"""
    assessor: Role = DISTRICT_DUTIES.assessor
    """谁督查（在上级单位任职）"""
    route: tuple[StepShape, ...] = ()
    """依次由谁签字；不写则是单位主要负责人、区分管领导两步"""


class LevelsShape(_Shape):
    """两级报送。"""

    bureau: BureauShape = BureauShape()
    """科室报单位"""
    district: DistrictShape = DistrictShape()
    """单位报区"""


class CalendarShape(_Shape):
    """时限怎样算，以及与官方放假调休安排不同的日子。"""

    roll: Roll = DEFAULT.roll
    """时限逢休息日：previous 提前到前一个工作日，next 顺延，none 不动"""
    open_time: ClockTime = DEFAULT.open_time
    """每期首个工作日几时开启"""
    deadline_time: ClockTime = DEFAULT.deadline_time
    """时限那天几时截止"""
    workdays: tuple[Day, ...] = ()
    """另加的上班日"""
    holidays: tuple[Day, ...] = ()
    """另加的休息日"""
    complete_years: tuple[Year, ...] = ()
    """程序没有收录、而以上两项已照国务院办公厅通知写全的年份"""


class RulesShape(_Shape):
    """签报的规则。"""

    auto_submit: bool = DEFAULT.auto_submit
    """第二签字后自动报送"""
    drafter_may_sign: bool = DEFAULT.drafter_may_sign
    """填报人可以签自己填的表"""
    returned_days: Positive = DEFAULT.returned_days
    """报送后被退回，几个工作日内重报"""
    console_acts: bool = DEFAULT.console_acts
    """可以在服务器的控制台用 --as 代人办理；有网页后宜写 false"""
    grounds: tuple[Name, ...] = ()
    """督查、扣分所依据的文件，写进有关邮件；不写则不引依据"""


class TimersShape(_Shape):
    """定时器；天数除注明外都是工作日。"""

    remind_days: tuple[Days, ...] = DEFAULT.remind_days
    """时限前几天提醒；0 是当天"""
    remind_time: ClockTime = DEFAULT.remind_time
    """几时提醒"""
    case_after_days: Positive = DEFAULT.case_after_days
    """逾期几天后转督查"""
    interview_after_days: Positive = DEFAULT.interview_after_days
    """逾期几天后转约谈"""
    deduction_after_days: Positive = DEFAULT.deduction_after_days
    """逾期几天后转扣分"""
    escalate_time: ClockTime = DEFAULT.escalate_time
    """几时升级"""
    review_days: Positive = DEFAULT.review_days
    """报送几天后自动督查"""
    review_time: ClockTime = DEFAULT.review_time
    """几时自动督查"""
    feedback_days: Positive = DEFAULT.feedback_days
    """立项后几天内须反馈整改情况"""
    feedback_time: ClockTime = DEFAULT.feedback_time
    """那天几时为止"""
    interview_days: Positive = DEFAULT.interview_days
    """转约谈后几天内须约谈；逾期每个工作日提醒"""
    interview_time: ClockTime = DEFAULT.interview_time
    """那天几时为止"""
    liaison_calendar_days: Positive = DEFAULT.liaison_calendar_days
    """至多隔几个自然日赴市对接一次"""
    liaison_time: ClockTime = DEFAULT.liaison_time
    """几时提醒对接"""
    liaison_head_days: Positive = DEFAULT.liaison_head_days
    """对接提醒几天后告知科室负责人"""
    bulletin_day: DayOfMonth = DEFAULT.bulletin_day
    """每月几日起草通报；逢休息日顺延"""
    bulletin_time: ClockTime = DEFAULT.bulletin_time
    """那天几时起草"""
    digest_time: ClockTime = DEFAULT.digest_time
    """每个工作日几时发汇总邮件"""


class RanksShape(_Shape):
    """怎样评判排名。"""

    lagging_places: Positive = DEFAULT.lagging_places
    """末几名算落后"""
    regressing_places: Positive = DEFAULT.regressing_places
    """比上期退几名算退步"""
    repeated_lagging: Positive = DEFAULT.repeated_lagging
    """一年内第几次落后转约谈"""


class PointsShape(_Shape):
    """考绩扣分。"""

    points_per_case: Positive = DEFAULT.points_per_case
    """每件扣几分"""
    points_per_year: Days = DEFAULT.points_per_year
    """每单位每年至多扣几分"""
    appeal_days: Positive = DEFAULT.appeal_days
    """提出扣分后几个工作日内可申诉"""
    appeal_time: ClockTime = DEFAULT.appeal_time
    """那天几时为止"""


class DatabaseShape(_Shape):
    """数据库。"""

    url: Annotated[str, Field(pattern=r"^(sqlite:///|postgresql(\+psycopg)?://).+")] = "sqlite:///kaoji.db"
    """地址；SQLite 的相对路径从本文件算起；环境变量 KAOJI_DATABASE_URL 优先"""


class MailShape(_Shape):
    """邮件服务器，以及邮件怎样写。"""

    host: Name = "127.0.0.1"
    """邮件服务器"""
    port: Annotated[int, Field(ge=1, le=65535)] = 25
    """端口"""
    tls: Literal["none", "starttls", "tls"] = "none"
    """加密：none、starttls、tls；绝不退回明文"""
    username: str | None = None
    """登录名；不写则不登录"""
    password_file: str | None = None
    """存密码的文件，权限 0600 或 0640；相对路径从本文件算起"""
    password_env: str | None = None
    """存密码的环境变量的名字；与 password_file 只写一个"""
    ca_file: str | None = None
    """内部证书机构的证书文件；相对路径从本文件算起"""
    sender: Address = "kaoji@office.example"
    """发件地址"""
    sender_name: Name = "考绩办公系统"
    """发件人的名称"""
    salutation: Annotated[str, AfterValidator(_printable)] = "同志"
    """姓名后的称谓；写 "" 则只称姓名"""
    link_base: Annotated[str, Field(pattern=r"^(https?://.*[^/])?$")] = ""
    """网页的地址，末尾不带“/”；没有网页就留空，邮件里便没有链接"""
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    """服务器几秒不应算不通"""
    connections: Annotated[int, Field(ge=1, le=16)] = 4
    """同时几个连接"""
    attempts: Annotated[int, Field(ge=1, le=1000)] = 120
    """一封邮件被暂时拒收时至多发几次；服务器不通时不计次数"""
    lease_seconds: Annotated[int, Field(ge=30, le=3600)] = 120
    """一封邮件发出后几秒没有结果就重发"""


class LogShape(_Shape):
    """日志。"""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """记到哪一级为止"""


class DaemonShape(_Shape):
    """守护进程。"""

    heartbeat_seconds: Annotated[int, Field(ge=1, le=300)] = 15
    """几秒看一次有没有到期的事"""
    longest_downtime: Annotated[int, Field(ge=1, le=366)] = 15
    """停机或时钟跳动超过几天，须 kaoji resume 确认后才继续"""
    first_period: Annotated[str | None, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")] = None
    """从哪一期开始；不写则从首次启动时时限还来得及的一期开始"""
    self_check_time: ClockTime = time(3, 0)
    """每日几时自查数据库和流转记录、预看日历；有问题写进日志"""


class BackupShape(_Shape):
    """守护进程每日的自动备份。"""

    folder: Name | None = None
    """备份到哪个文件夹，须已存在，最好在另一块磁盘上；相对路径从本文件算起；不写则不自动备份"""
    time: ClockTime = time(2, 0)
    """每日几时备份"""
    keep: Annotated[int, Field(ge=1, le=1000)] = 14
    """留最近几份"""


class UnitShape(_Shape):
    """单位。"""

    code: Code
    """代码，不含空格和“/”"""
    name: Name
    """名称"""
    level: Level
    """层级：root 只接收；district 单位报区；bureau 科室报单位"""
    parent: str | None = None
    """上级单位的代码；root 写 null"""


class PersonShape(_Shape):
    """人员；没有邮件地址就什么也通知不到。"""

    id: Code
    """编号，不含空格和“/”"""
    name: Name
    """姓名"""
    email: Address
    """邮件地址"""
    language: Language | None = None
    """邮件用的语言；不写则用全单位的"""
    shared: bool = False
    """几个人共用的邮箱；不标明则同一地址不能写给两个人"""


class AppointmentShape(_Shape):
    """任职：什么人在什么单位担任什么角色。"""

    person: str
    """人员编号"""
    role: Role
    """角色"""
    unit: str
    """单位代码"""
    since: Day = Field(alias="from")
    """从哪天起（含当天）"""
    until: Annotated[Day | None, Field(alias="to")] = None
    """到哪天止（含当天）；不写则没有期限"""


class OrganisationShape(_Shape):
    """组织：单位、人员、任职。"""

    units: tuple[UnitShape, ...]
    """单位"""
    people: tuple[PersonShape, ...]
    """人员"""
    appointments: tuple[AppointmentShape, ...]
    """任职；换人时给前任写 to、后任写 from"""


class ConfigShape(_Shape):
    """kaoji 的配置。"""

    office: Name
    """单位全称，用在邮件和通报里"""
    timezone: Annotated[str, AfterValidator(_timezone)] = "Asia/Shanghai"
    """时限按这个时区计算"""
    language: Language = "zh"
    """邮件的默认语言"""
    districts: DistrictsShape
    """三区比较"""
    levels: LevelsShape = LevelsShape()
    """两级报送：时限，以及各步由什么角色办理"""
    calendar: CalendarShape = CalendarShape()
    """时限与休息日"""
    rules: RulesShape = RulesShape()
    """签报的规则"""
    timers: TimersShape = TimersShape()
    """提醒、升级等定时器"""
    ranks: RanksShape = RanksShape()
    """怎样评判排名"""
    points: PointsShape = PointsShape()
    """考绩扣分"""
    database: DatabaseShape = DatabaseShape()
    """数据库"""
    mail: MailShape = MailShape()
    """邮件"""
    log: LogShape = LogShape()
    """日志"""
    daemon: DaemonShape = DaemonShape()
    """守护进程"""
    backup: BackupShape = BackupShape()
    """每日的自动备份"""
    indicators: str = "indicators.csv"
    """指标表的文件名；相对路径从本文件算起"""
    organisation: OrganisationShape
    """单位、人员、任职；也可以写一个文件名，把它们放到那个文件里"""
