"""The one table of what people do: an act is a row here, and its command, event, rule, notice and template elsewhere.

The command line, the actions of a story, the words of refusals, of pictures and of the history, and the names of the
moves in the lifecycle tables are read off it. Imports no command until one is made: every question of the command
line would pay for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from states.commands import Command

Words = tuple[str, str]
"""A word in Chinese and in English."""


class Subject(NamedTuple):
    """A kind of thing acts are on, and how people name one: `field` is that of the command which holds the name.

    `group` is the command of the command line its acts stand under; those on the office as a whole stand by themselves
    and name nothing. `versioned`: the actor may say which version of it he had before his eyes. `upkeep`: these acts
    are the work of whoever keeps the machine, and done on its console whatever else may be done there.
    """

    group: str
    field: str
    written: str
    about: str
    versioned: bool = False
    several: bool = False
    upkeep: bool = False


REPORT: Final = Subject("report", "report", "REF", "期次/单位，如 2015-10/shirong", versioned=True)
CASE: Final = Subject("case", "case", "CASE", "编号，或 期次/单位/指标、期次/单位/overdue", versioned=True)
LIAISON: Final = Subject("liaison", "unit", "UNIT", "单位代码或名称")
MAIL: Final = Subject("mail", "mails", "ID", "邮件编号", several=True, upkeep=True)
OFFICE: Final = Subject("", "", "", "", upkeep=True)
DEFINITIONS: Final = Subject("office", "", "", "", upkeep=True)


class Spoken(NamedTuple):
    """The words an act takes: the field of its command, what it is called, and what they must say.

    `must` is None where the act may go without words.
    """

    field: str
    what: str
    must: Words | None = None


REASON: Final = Spoken("reason", "理由", must=("理由", "the reason"))


class Takes(StrEnum):
    """What is written for an argument, by its name in help."""

    TEXT = "TEXT"
    FILE = "FILE"
    INDICATOR = "INDICATOR"
    DAY = "DAY"
    TIME = "TIME"
    NOTHING = ""
    """It is said or not said."""


class Argument(NamedTuple):
    """One more thing an act is told; `needed` ones are named in their order, the others by their name."""

    name: str
    takes: Takes
    about: str
    needed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act of a person.

    `word` is what it is called; `done` what the history says in English once it happened (in Chinese it is the same
    word), where its `event` is told by no word of its own. `about` is its line of help where that says more than its
    word. `move` is the arrow of the lifecycle it stands for: several ways of filling in a table are one `save`; None
    where the subject stays where it is.
    """

    name: str
    on: Subject
    command_name: str
    word: Words
    event: str
    done: str = ""
    about: str = ""
    move: str | None = None
    words: Spoken | None = None
    arguments: tuple[Argument, ...] = ()
    whole: bool = True
    """False where the subject may be left out, and an argument say which are meant."""
    in_story: bool = True

    @property
    def command(self) -> "type[Command]":
        """Its command's class."""
        named: type[Command] = getattr(import_module("states.commands"), self.command_name)
        return named

    def subject(self, command: "Command") -> str:
        """What a command of this act is on, as its actor named it: `report:2015-10/shirong`, `mail:3,4`, `office`."""
        named = getattr(command, self.on.field) if self.on.field else ""
        told = ",".join(map(str, named)) if self.on.several else named
        return f"{self.on.group or 'office'}:{told}".removesuffix(":")

    def asked(self, *, subject: object, words: str = "", **more: Any) -> "Command":
        """Its command; `more` holds who asks, and the fields of the command that are this act's alone."""
        if self.on.field:
            more[self.on.field] = subject
        if self.words is not None:
            more[self.words.field] = words
        return self.command(**more)


_ROWS: Final = (
    Act(
        name="import",
        on=REPORT,
        command_name="ImportForm",
        word=("导入", "import"),
        about="导入附1（.xlsx .xls .docx）",
        event="table_saved",
        done="imported",
        move="save",
        arguments=(
            Argument("file", Takes.FILE, "填好的附1", needed=True),
            Argument("with_gaps", Takes.NOTHING, "有空白或读不出的排名也先存为草稿"),
        ),
    ),
    Act(
        name="edit",
        on=REPORT,
        command_name="SaveTable",
        word=("填报", "fill in"),
        about="修改一行",
        event="table_saved",
        done="filled in",
        move="save",
        arguments=(
            Argument("indicator", Takes.INDICATOR, "指标代码或名称", needed=True),
            Argument("rank", Takes.TEXT, "最新排名"),
            Argument("comparison", Takes.TEXT, "目前三区比较情况"),
            Argument("target", Takes.TEXT, "年终承诺目标"),
            Argument("take_over", Takes.NOTHING, "沿用上期这一行（另写的各栏除外）"),
        ),
    ),
    Act(
        name="consolidate",
        on=REPORT,
        command_name="Consolidate",
        word=("汇总", "consolidate"),
        about="由各科室已报送的表汇总",
        event="table_saved",
        done="consolidated",
        move="save",
    ),
    Act(
        name="send",
        on=REPORT,
        command_name="Send",
        word=("送签", "send for signature"),
        event="report_sent",
        done="sent for signature",
        move="send",
    ),
    Act(
        name="sign",
        on=REPORT,
        command_name="Sign",
        word=("签字", "sign"),
        event="report_signed",
        done="signed",
        move="sign",
        words=Spoken("opinion", "办理意见"),
    ),
    Act(
        name="submit",
        on=REPORT,
        command_name="Submit",
        word=("报送", "submit"),
        event="report_submitted",
        done="submitted",
        move="submit",
    ),
    Act(
        name="return",
        on=REPORT,
        command_name="Return",
        word=("退回", "return"),
        event="report_returned",
        done="returned",
        move="return",
        words=REASON,
    ),
    Act(
        name="withdraw",
        on=REPORT,
        command_name="Withdraw",
        word=("撤回", "withdraw"),
        event="report_withdrawn",
        done="withdrawn",
        move="withdraw",
        words=Spoken("reason", "理由"),
    ),
    Act(
        name="review",
        on=REPORT,
        command_name="Review",
        word=("督查", "review"),
        event="report_reviewed",
        done="reviewed",
        move="review",
        words=Spoken("opinion", "意见"),
    ),
    Act(
        name="reopen",
        on=REPORT,
        command_name="Reopen",
        word=("重新打开", "reopen"),
        event="report_reopened",
        done="reopened",
        move="reopen",
        words=REASON,
    ),
    Act(
        name="urge",
        on=REPORT,
        command_name="Urge",
        word=("催办", "urge"),
        event="holder_urged",
        done="urged",
        words=Spoken("note", "附言"),
    ),
    Act(
        name="feedback",
        on=CASE,
        command_name="GiveFeedback",
        word=("反馈整改情况", "give feedback"),
        event="feedback_recorded",
        move="feedback",
        words=Spoken(
            "text",
            "整改情况",
            must=("采取了什么措施、谁负责、何时见效", "what was done, who answers for it, when it will show"),
        ),
    ),
    Act(
        name="interview",
        on=CASE,
        command_name="HoldInterview",
        word=("登记约谈", "record the interview"),
        about="登记约谈：何人、约谈何人、何时、承诺",
        event="interview_recorded",
        done="interview recorded",
        move="interview",
        words=Spoken(
            "text",
            "约谈记录",
            must=("何人约谈何人、何时、作了什么承诺", "who spoke with whom, when, and what was promised"),
        ),
    ),
    Act(
        name="appeal",
        on=CASE,
        command_name="Appeal",
        word=("申诉", "appeal"),
        event="appeal_recorded",
        done="appeal",
        move="appeal",
        words=Spoken("text", "申诉理由", must=("申诉理由", "the reason for the appeal")),
    ),
    Act(
        name="confirm",
        on=CASE,
        command_name="ConfirmPoints",
        word=("确认扣分", "confirm points"),
        event="points_confirmed",
        done="points confirmed",
        move="confirm",
        words=Spoken("text", "说明"),
    ),
    Act(
        name="waive",
        on=CASE,
        command_name="WaivePoints",
        word=("不予扣分", "waive points"),
        about="不予扣分；用 --from --to 可一次撤去一段时间内提出的全部扣分",
        event="points_waived",
        done="points waived",
        move="waive",
        words=REASON,
        whole=False,
        arguments=(
            Argument("from", Takes.TIME, "从何时起提出的，如 2026-11-24T09:00"),
            Argument("to", Takes.TIME, "到何时为止提出的"),
        ),
    ),
    Act(
        name="close",
        on=CASE,
        command_name="CloseCase",
        word=("销号", "close"),
        event="case_closed",
        done="closed",
        move="close",
        words=REASON,
    ),
    *(
        Act(
            name=name,
            on=LIAISON,
            command_name=command,
            word=word,
            event="contact_logged",
            words=Spoken(
                "text",
                "对接部门、对象、内容、结果",
                must=("对接的部门、对象、内容和结果", "the department, the person, the matter and the outcome"),
            ),
            arguments=(Argument("date", Takes.DAY, "补登时写实际日期，如 2026-12-03（默认现在）"),),
        )
        for name, command, word in (
            ("visit", "LogVisit", ("登记赴市对接", "log a visit")),
            ("call", "LogCall", ("登记电话对接", "log a call")),
        )
    ),
    Act(
        name="retry",
        on=MAIL,
        command_name="RetryMails",
        word=("重发邮件", "send mails again"),
        about="按收件人现在的地址重发未送达的邮件",
        event="mails_retried",
        done="mails sent again",
        whole=False,
        arguments=(Argument("dead", Takes.NOTHING, "全部未送达的邮件（已登记的除外）"),),
        in_story=False,
    ),
    Act(
        name="acknowledge",
        on=MAIL,
        command_name="AcknowledgeMails",
        word=("登记未达邮件", "acknowledge undelivered mails"),
        about="登记：已用别的办法告知收件人",
        event="mails_acknowledged",
        done="undelivered mails acknowledged",
        words=Spoken("reason", "如何告知的", must=("如何告知收件人", "how the receivers were told")),
        in_story=False,
    ),
    Act(
        name="apply",
        on=DEFINITIONS,
        command_name="DefineOffice",
        word=("变更办公规则", "change the office's definitions"),
        about="列出配置文件与现行规则的不同；加 --yes 即采用文件中的",
        event="office_defined",
        done="definitions changed",
        words=REASON,
        arguments=(Argument("yes", Takes.NOTHING, "采用；不写则只列出，不必写办理人和理由"),),
        in_story=False,
    ),
    Act(
        name="resume",
        on=OFFICE,
        command_name="Resume",
        word=("确认恢复", "resume"),
        event="resumed",
        done="resumed",
        words=REASON,
        in_story=False,
    ),
    Act(
        name="restore",
        on=OFFICE,
        command_name="Restore",
        word=("从备份恢复", "restore from a backup"),
        event="restored",
        done="restored from a backup",
        words=REASON,
        arguments=(Argument("file", Takes.FILE, "备份文件", needed=True),),
        in_story=False,
    ),
)

ACTS: Final[Mapping[str, Act]] = {row.name: row for row in _ROWS}
"""Every act of a person, by its name: one word on the command line, in a story and wherever else it is asked for."""

_BY_COMMAND: Final = {row.command_name: row for row in _ROWS}


BY_RULE: Final[Mapping[str, Words]] = {
    "escalate": ("转约谈", "move to interview"),
    "deduct": ("转扣分", "propose points"),
    "improve": ("进位销号", "close as improved"),
    "settle": ("报送销号", "close as submitted"),
}
"""The moves nobody makes by hand: a review or a timer does."""

_MOVES: Final[Mapping[str, Words]] = {
    "save": ACTS["edit"].word,
    **BY_RULE,
    **{row.move: row.word for row in _ROWS if row.move is not None and row.move != "save"},
}


def row_of(command: "Command") -> Act:
    """The row a person's command comes from. Raises TypeError for one that no person gives."""
    act = _BY_COMMAND.get(type(command).__name__)
    if act is None:
        raise TypeError(f"not a command people give: {command!r}")
    return act


def move_word(move: str, language: str = "zh") -> str:
    """What an arrow of a lifecycle table is called."""
    return _MOVES[move][language != "zh"]


def done_words(event: str, how: str) -> Words | None:
    """What the history says of an event that is an act having been done; None where it has a word of its own.

    Of several acts with one event `how` names the one.
    """
    rows = [row for row in _ROWS if row.event == event and row.done]
    row = next((row for row in rows if row.name == how), rows[0] if rows else None)
    return None if row is None else (row.word[0], row.done)
