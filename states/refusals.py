"""The sentences of every refusal, in both languages: what is wrong, and what to do.

A place that refuses gives a code and its particulars as data (`raise WrongActor("not_liaison", actor=…, unit=…)`); here
they become words, for whoever reads them. In a sentence `{until}` is a particular as it stands, `{act:act}` the code of
an act in words. Every code has its sentences in both languages, made of just the particulars it is raised with; the
tests hold that of every place.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Final, NamedTuple, TypeAlias

from states.acts import ACTS, Words, move_word
from states.gaps import Gap, gap_words
from states.office import SYSTEM, Named
from states.words import event_word, ordinal, ordinal_zh, state_word, word


@dataclass(frozen=True, slots=True)
class Change:
    """An act done meanwhile: by whom, the kind of its event, and the state of that level it led to, None for none.

    `title` is what the report's own route calls that state, where the glossary has no word for it.
    """

    actor: Named
    kind: str
    how: str
    to_state: str | None
    level: str
    title: Words | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """A code with what it is called here: an office may have words of its own for the states of its routes."""

    code: str
    chinese: str
    english: str


Particular: TypeAlias = (
    "str | int | datetime | Named | Change | Gap | Term | Sequence[str | Named | Change | Gap | Term]"
)


class Sentences(NamedTuple):
    """Message and remedy of one refusal, Chinese and English."""

    message: str
    remedy: str
    message_en: str
    remedy_en: str


_LOOK_AGAIN: Final = "请重新打开，看过现在的内容再办理", "Open it again and read it as it stands now before acting."
_LIST_OF_MAILS: Final = "kaoji mail list 列出全部邮件及其编号", "kaoji mail list shows all mails with their numbers."

_NOT_NOW: Final = "{of} 现在是“{state}”，不能{act:doing}", "{of} now stands at “{state}”: this is no time to {act:act}."

REFUSALS: Final[Mapping[str, Sentences]] = {
    # --- who may do it
    "not_holder": Sentences(
        "{actor} 不是 {of} 的{duties:duty}，不能{act:doing}",
        "应由{duties:duty}办理：{holders}",
        "{actor} is not the {duties:duty} of {of} and cannot {act:act}.",
        "It is for the {duties:duty}: {holders}.",
    ),
    "nobody_holds": Sentences(
        "{actor} 不是 {of} 的{duties:duty}，不能{act:doing}",
        "应由{duties:duty}办理：目前无人任此职，请联系管理员",
        "{actor} is not the {duties:duty} of {of} and cannot {act:act}.",
        "It is for the {duties:duty}; nobody holds that post at present: ask the administrator.",
    ),
    "drafted_it": Sentences(
        "{actor} 填报了 {of}，不能签自己填的表",
        "请由其他有签字权的人签",
        "{actor} filled in {of} and cannot sign it as well.",
        "Let somebody else sign who may.",
    ),
    "not_last_actor": Sentences(
        "最后办理 {of} 的是 {last}，只有本人在下一环节办理前可以撤回",
        "请联系该同志撤回，或由下一环节退回",
        "The last to act on {of} was {last}, who alone may take that back, and only until the next one acts.",
        "Ask for it to be taken back, or let the next one return it.",
    ),
    "not_concerned": Sentences(
        "{actor} 与 {of} 无关，不能催办",
        "请由本单位人员、接收人或考绩办催办",
        "{actor} has no part in {of} and cannot urge anybody.",
        "The unit's own people, the receiver or the assessor may urge.",
    ),
    # --- where it stands
    "not_now": Sentences(
        _NOT_NOW[0],
        "只有在{states:quoted}时可以{act:doing}",
        _NOT_NOW[1],
        "Only at {states:quoted} one can {act:act}.",
    ),
    "all_signed": Sentences(
        _NOT_NOW[0],
        "已签完，只能由最后签字的人撤回，或报送后由接收人、考绩办退回",
        _NOT_NOW[1],
        "All have signed: the last signer may withdraw, or the receiver or the assessor return it once submitted.",
    ),
    "signed_already": Sentences(
        _NOT_NOW[0],
        "已有签字的表要修改，请签字人撤回或退回",
        _NOT_NOW[1],
        "To change a signed table, have a signer withdraw or return it.",
    ),
    "signed_in_part": Sentences(
        "{of} 已有人签字，不能填报",
        "已有签字的表要修改，请签字人撤回或退回",
        "Somebody has signed {of} already; it cannot be filled in.",
        "To change a signed table, have a signer withdraw or return it.",
    ),
    "submitted_already": Sentences(
        _NOT_NOW[0],
        "已经报送的表要修改，请接收人或考绩办退回",
        _NOT_NOW[1],
        "To change a submitted table, have the receiver or the assessor return it.",
    ),
    "reviewed_already": Sentences(
        _NOT_NOW[0],
        "已经督查的表要更正，请考绩办重新打开",
        _NOT_NOW[1],
        "To correct a reviewed table, have the assessor reopen it.",
    ),
    "nothing_below": Sentences(
        "{of} 没有下属科室，不能汇总",
        "科室的表请直接填报或导入",
        "{of} has no sections below it to consolidate.",
        "Fill in the table of a section itself, or import it.",
    ),
    "sent_already": Sentences(
        "{of} 已经送签，正在等待签字",
        "如需修改，请先撤回或直接重新填报",
        "{of} has been sent and waits for a signature.",
        "To change it, withdraw it first, or simply fill it in anew.",
    ),
    "not_sent": Sentences(
        "{of} 还没有送签，不能签字",
        "请填报人先送签",
        "{of} has not been sent for signature yet.",
        "The drafter must send it first.",
    ),
    "signed_own": Sentences(
        "{actor} 已经签过 {of}，还要等其他人会签",
        "要收回自己的签字请撤回",
        "{actor} has signed {of}; it waits for the others' signatures.",
        "To take your own signature back, withdraw it.",
    ),
    "with_drafter": Sentences(
        "{of} 还在填报人手里，没有什么可退回",
        "请等填报人送签",
        "{of} is still in the drafter's hands; there is nothing to return.",
        "Wait until the drafter sends it.",
    ),
    "nothing_to_withdraw": Sentences(
        "{of} 没有可以撤回的送签或签字",
        "未送签的表可以直接修改",
        "{of} has no sending and no signature to withdraw.",
        "A table that was not sent can simply be changed.",
    ),
    "nobody_to_urge": Sentences(
        "{of} 已经办结，没有待办人", "无需催办", "{of} is done with; it waits for nobody.", "There is nobody to urge."
    ),
    "vacant_to_urge": Sentences(
        "{of} 的下一步目前无人任职，没有人可催",
        "请告知管理员任命，任命当天即转到新任职的人手里",
        "Nobody holds the post that {of} waits for; there is nobody to urge.",
        "Ask the administrator to appoint somebody: it is theirs from the day of the appointment.",
    ),
    # --- cases
    "case_not_now": Sentences(
        "督查件 {of} 现在是“{state}”，不能{act:doing}",
        "只有在{states:quoted}时可以{act:doing}",
        "Case {of} now stands at “{state}”: this is no time to {act:act}.",
        "Only at {states:quoted} one can {act:act}.",
    ),
    "interview_held": Sentences(
        "督查件 {of} 的约谈已经登记过",
        "每件只登记一次约谈；补充情况请另行存档",
        "The interview of case {of} has been recorded already.",
        "One interview is recorded of each case; file whatever is to be added elsewhere.",
    ),
    "appealed_already": Sentences(
        "督查件 {of} 已经申诉过",
        "每件只能申诉一次，请等考绩办答复",
        "An appeal has been made in case {of} already.",
        "There is one appeal in each case; wait for the assessor's answer.",
    ),
    "appeal_over": Sentences(
        "督查件 {of} 的申诉期已于 {until} 截止",
        "逾期不再受理，可直接与考绩办联系",
        "The time for an appeal in case {of} ended at {until}.",
        "No appeal is taken after that; speak with the assessor.",
    ),
    "appeal_open": Sentences(
        "督查件 {of} 还在申诉期内，不能确认扣分",
        "请在 {until} 之后或收到申诉后再确认",
        "An appeal in case {of} is still possible; the points cannot be confirmed.",
        "Confirm them after {until}, or once an appeal was made.",
    ),
    "nothing_proposed": Sentences(
        "督查件 {of} 没有拟扣分",
        "请先查看督查件（kaoji case show）",
        "No points are proposed in case {of}.",
        "Look at the case first (kaoji case show).",
    ),
    # --- what there is not
    "no_such_report": Sentences(
        "没有报表 {report}",
        "报表写作 期次/单位，如 2015-10/shirong；kaoji status 列出全部报表",
        "There is no report {report}.",
        "A report is written PERIOD/UNIT, as 2015-10/shirong; kaoji status lists them all.",
    ),
    "no_such_case": Sentences(
        "没有督查件 {case}",
        "督查件写作编号，或 期次/单位/指标、期次/单位/overdue；kaoji case list 列出全部督查件",
        "There is no case {case}.",
        "A case is written by its number, PERIOD/UNIT/INDICATOR or PERIOD/UNIT/overdue; kaoji case list has them all.",
    ),
    "no_such_unit": Sentences(
        "没有单位 {unit}", "单位有：{units}", "There is no unit {unit}.", "The units are: {units}."
    ),
    "no_such_mail": Sentences("没有第 {mail} 号邮件", _LIST_OF_MAILS[0], "There is no mail {mail}.", _LIST_OF_MAILS[1]),
    "no_such_person": Sentences(
        "没有人员 {person}",
        "请用 --as 写明是谁办理、确认或决定的",
        "There is no person {person}.",
        "Say with --as who does, confirms or decides it.",
    ),
    # --- what is handed in
    "no_such_indicators": Sentences(
        "{of} 没有指标 {indicators}",
        "本表的指标是：{own}",
        "{of} has no indicator {indicators}.",
        "The indicators of this table are: {own}.",
    ),
    "no_rows": Sentences(
        "{of} 没有收到任何一行",
        "本表的指标是：{own}",
        "No row was handed in for {of}.",
        "The indicators of this table are: {own}.",
    ),
    "indicators_twice": Sentences(
        "指标 {indicators} 在表中不止一行",
        "每项指标只留一行后重新提交",
        "There is more than one row of {indicators}.",
        "Leave one row of each indicator and hand it in again.",
    ),
    "nothing_to_take_over": Sentences(
        "{of} 的指标 {indicators} 没有上期可沿用",
        "请直接填写这一行",
        "{of} has no earlier row of {indicators} to take over.",
        "Fill in the row itself.",
    ),
    "gaps_left": Sentences(
        "{of} 还有 {count} 处没有填好：\n{gaps:lines}",
        "请补齐后再送签",
        "{count} cells of {of} are not filled in:\n{gaps:lines}",
        "Fill them in, then send it for signature.",
    ),
    "words_missing": Sentences(
        "{act:doing}必须写明{act:must}",
        "请写明{act:must}后重新提交",
        "To {act:act}, say in words {act:must}.",
        "Say so, and hand it in again.",
    ),
    "opinion_missing": Sentences(
        "这一步签字必须写明办理意见",
        "请写明办理意见后重新提交",
        "This step is signed with an opinion in words.",
        "Give your opinion, and sign again.",
    ),
    "nothing_changed": Sentences(
        "{act:act}的内容与现在的表完全相同，没有改动",
        "不必再存；表已填齐的可以直接送签",
        "The table says just that already; there is nothing to {act:act}.",
        "It need not be saved again; once it is complete it can be sent for signature.",
    ),
    "nothing_changed_sent": Sentences(
        "{act:act}的内容与现在的表完全相同，没有改动",
        "已送签的表没有收回，无需重新送签",
        "The table says just that already; there is nothing to {act:act}.",
        "It was not taken back and need not be sent again.",
    ),
    "nothing_proposed_between": Sentences(
        "{since} 至 {until} 没有提出过扣分",
        "kaoji case list --open 列出全部督查件",
        "No points were proposed from {since} to {until}.",
        "kaoji case list --open has all cases.",
    ),
    "unusable_command_id": Sentences(
        "命令编号不能用",
        "编号应为 1 到 200 个英文字母、数字或符号",
        "The command's id cannot be used.",
        "An id is 1 to 200 ASCII letters, digits or signs.",
    ),
    "no_row_named": Sentences(
        "“{written}”没有写明改哪一行",
        "arg 写作 指标=排名，如 szcg=第3",
        "“{written}” does not say which row to change.",
        "Write arg as INDICATOR=RANK.",
    ),
    "of_no_use": Sentences(
        "{act:act}用不上“{written}”",
        "请把这一行的 arg 留空",
        "“{written}” is of no use to {act:act}.",
        "Leave arg empty in this line.",
    ),
    "no_mail_named": Sentences("没有写明哪一封邮件", _LIST_OF_MAILS[0], "No mail was named.", _LIST_OF_MAILS[1]),
    # --- what has changed, or was done already
    "other_content": Sentences(
        "{of} 的内容与您看到的不同",
        "请重新打开报表，看过现在的内容再签",
        "{of} no longer says what you saw.",
        "Open it again and read it as it stands now before signing.",
    ),
    "changed_since": Sentences(
        "您依据的是第 {seen} 版，现在是第 {present} 版，期间：{changes}",
        _LOOK_AGAIN[0],
        "You decided on version {seen}; it now stands at version {present}. Since then: {changes}.",
        _LOOK_AGAIN[1],
    ),
    "changed_much_since": Sentences(
        "您依据的是第 {seen} 版，现在是第 {present} 版，期间：共 {count} 项，最近的是：{changes}",
        _LOOK_AGAIN[0],
        "You decided on version {seen}; it now stands at version {present}. Since then {count} acts, last: {changes}.",
        _LOOK_AGAIN[1],
    ),
    "no_such_version": Sentences(
        "您依据的是第 {seen} 版，现在是第 {present} 版，没有这一版本",
        _LOOK_AGAIN[0],
        "You decided on version {seen}, which does not exist; it stands at version {present}.",
        _LOOK_AGAIN[1],
    ),
    "command_id_of_another": Sentences(
        "命令编号 {command_id} 已被 {person} 用过",
        "请用新的编号重新提交",
        "The command id {command_id} has been used by {person}.",
        "Hand it in again under a new id.",
    ),
    "command_id_used": Sentences(
        "命令编号 {command_id} 已用于另一件事（流转记录第 {seq} 条），这一次没有办理",
        "请用新的编号重新提交",
        "The command id {command_id} stands for something else (event {seq}); nothing was done this time.",
        "Hand it in again under a new id.",
    ),
    # --- by which door
    "console_closed": Sentences(
        "本单位不在控制台代人办理：{act:act}（rules.console_acts 为 false）",
        "请由本人在网页上办理；确需在控制台办理的，请先把 rules.console_acts 改为 true，用 kaoji office apply 采用",
        "This office does not act for people on the console: {act:act} (rules.console_acts is false).",
        "Let the person do it on the pages; to use the console, apply rules.console_acts: true (kaoji office apply).",
    ),
    # --- liaison
    "not_liaison": Sentences(
        "{actor} 不是 {unit} 的对接人，不能登记对接",
        "应由对接人登记：{liaisons}",
        "{actor} is not the liaison officer of {unit} and cannot log contacts.",
        "The liaison officer logs them: {liaisons}.",
    ),
    "no_liaison": Sentences(
        "{actor} 不是 {unit} 的对接人，不能登记对接",
        "该单位还没有确定对接人，请联系管理员",
        "{actor} is not the liaison officer of {unit} and cannot log contacts.",
        "The unit has no liaison officer yet; ask the administrator.",
    ),
    "nothing_began": Sentences(
        "系统还没有开始工作，不能办理",
        "请先启动守护进程（kaoji serve）",
        "The office has not begun to work; nothing can be done.",
        "Start the daemon first (kaoji serve).",
    ),
    "contact_ahead": Sentences(
        "对接的日期还没有到",
        "请写实际发生的日期，--date 不晚于今天",
        "The day of the contact is still to come.",
        "Give the day on which it took place; --date is no later than today.",
    ),
    # --- the first start, the clock, the rules in force
    "first_period_past": Sentences(
        "daemon.first_period 写的 {period} 时限已过，首次启动会使全单位逾期",
        "请写 {earliest} 或更晚的一期，或删去这一项",
        "The deadline of {period}, given as daemon.first_period, has passed; the first start would put all overdue.",
        "Write {earliest} or a later period, or leave it out.",
    ),
    "first_period_far": Sentences(
        "daemon.first_period 写的 {period} 在 {months} 个月以后，在那之前什么也不会开启",
        "请核对年份，或删去这一项",
        "{period}, given as daemon.first_period, is more than {months} months ahead; nothing would open before.",
        "Check the year, or leave it out.",
    ),
    "clock_against_server": Sentences(
        "本机时钟与数据库服务器不一致：本机是 {here}，数据库服务器是 {there}",
        "请校准走得不对的一方，一致后自动恢复；没有办理任何事项",
        "This machine's clock disagrees with the database server's: here it is {here}, there {there}.",
        "Set right the one that is wrong; work then goes on by itself. Nothing was done.",
    ),
    "clock_ahead": Sentences(
        "时钟不可信：现在是 {now}，而系统最近一次工作是 {last}，已超过 {days} 天；定时器和邮件都已暂停",
        "请核对服务器时间，改正后自动恢复；时间确实无误时，请运行 kaoji resume 确认",
        "The clock cannot be believed: it says {now}, and the office last worked on {last}, more than {days} days ago; "
        "timers and mails are held.",
        "Check the server's time; set right, work goes on by itself. If it is right, confirm it with kaoji resume.",
    ),
    "clock_back": Sentences(
        "时钟不可信：现在是 {now}，而系统最近一次工作是 {last}，比那时还早；定时器和邮件都已暂停",
        "请核对服务器时间，改正后自动恢复；时间确实无误时，请运行 kaoji resume 确认",
        "The clock cannot be believed: it says {now}, and the office last worked on {last}, which is later; "
        "timers and mails are held.",
        "Check the server's time; set right, work goes on by itself. If it is right, confirm it with kaoji resume.",
    ),
    "nothing_redefined": Sentences(
        "与现行规则完全相同，没有变动",
        "请先改好文件，再重新提交",
        "It is just what is in force already; nothing changed.",
        "Change the file first, then hand it in again.",
    ),
    "nothing_to_confirm": Sentences(
        "时钟可信，邮件也没有暂停，没有什么需要确认",
        "如有疑问，请运行 kaoji check",
        "The clock is believed and no mails are held; there is nothing to confirm.",
        "If in doubt, run kaoji check.",
    ),
    # --- a restore
    "backup_changed": Sentences(
        "备份在恢复途中被改动", "请重新恢复", "The backup was changed while it was restored.", "Restore it again."
    ),
    "backup_empty": Sentences(
        "备份里还没有任何流转记录",
        "不必恢复；新的数据库请用 kaoji init",
        "The backup holds no event yet.",
        "There is nothing to restore; kaoji init makes a new database.",
    ),
    # --- mails that did not arrive
    "mail_receiver_gone": Sentences(
        "第 {mail} 号邮件的收件人 {name} 已不在配置的人员里",
        "请电话告知接手的人，再用 kaoji mail acknowledge 登记",
        "The receiver of mail {mail}, {name}, is no longer among the people configured.",
        "Tell whoever took over by telephone, then record that with kaoji mail acknowledge.",
    ),
    "mail_sent": Sentences(
        "第 {mail} 号邮件已经发出，对方的服务器已收下",
        "对方若没有看到，请其查垃圾邮件箱",
        "Mail {mail} has been sent, and the receiver's server took it.",
        "If the receiver has not seen it, ask for a look into the junk folder.",
    ),
    "mail_waits": Sentences(
        "第 {mail} 号邮件还在等候发送，不必处理",
        "守护进程会自动发送；kaoji check 说明为何在等",
        "Mail {mail} still waits to be sent; nothing has to be done.",
        "The daemon sends it by itself; kaoji check says why it waits.",
    ),
}


def in_words(code: str, particulars: Mapping[str, Particular], language: str) -> tuple[str, str]:
    """Message and remedy in `zh` or `en`. KeyError for a code without sentences, or a particular that was not given."""
    told = REFUSALS[code]
    pair = (told.message, told.remedy) if language == "zh" else (told.message_en, told.remedy_en)
    message, remedy = (filled(sentence, particulars, language) for sentence in pair)
    return message, remedy


def filled(sentence: str, particulars: Mapping[str, Particular], language: str) -> str:
    """A sentence of that language with its particulars in words. KeyError for one that was not given."""
    return _Writer(language).vformat(sentence, (), particulars)


def _must(act: str) -> Words:
    """What an act must say in words."""
    words = ACTS[act].words
    return (words.must if words else None) or ("", "")


def _act(act: str) -> Words:
    """An act, or a move of a lifecycle."""
    return ACTS[act].word if act in ACTS else (move_word(act), move_word(act, "en"))


_DUTIES: Final[Mapping[str, Words]] = {
    "drafter": ("填报人", "drafter"),
    "head": ("第一签字人", "head of the unit"),
    "receiver": ("接收人", "receiver"),
    "assessor": ("考绩办", "assessor"),
    "admin": ("管理员", "administrator"),
}


def _duty(duty: str) -> Words:
    """A duty, or `signer N` of a route's N-th step."""
    name, _, step = duty.partition(" ")
    if name != "signer":
        return _DUTIES[duty]
    return f"第{ordinal_zh(int(step))}签字人", f"{ordinal(int(step))} signer"


def _doing(act: str) -> Words:
    """The act as it follows 不能 and 可以, or begins a sentence."""
    chinese, english = _act(act)
    # 不能不予扣分 would say the opposite at first reading.
    return f"决定{chinese}" if chinese.startswith("不") else chinese, english


_CODES: Final[Mapping[str, Callable[[str], Words]]] = {"act": _act, "doing": _doing, "duty": _duty, "must": _must}
"""What a code is called, by how a sentence asks for it: `{act:act}`."""


class _Writer(Formatter):
    """Fills sentences in one language: what kind of value it is says how it is worded."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._is_chinese = language == "zh"

    def format_field(self, value: Particular, format_spec: str) -> str:
        """A particular in words; `lines` puts each of several on a line of its own."""
        match value:
            case Named():
                return self._named(value)
            case Change():
                return self._change(value)
            case Gap():
                return gap_words(value, self._language)
            case Term():
                return value.chinese if self._is_chinese else value.english
            case datetime():
                return f"{value:%Y-%m-%d %H:%M}"
            case str() if format_spec:
                return _CODES[format_spec](value)[not self._is_chinese]
            case str() | int():
                return str(value)
        spec = "" if format_spec in ("lines", "quoted") else format_spec
        each = [self.format_field(one, spec) for one in value]
        if format_spec == "quoted":
            return ("" if self._is_chinese else ", ").join(f"“{one}”" for one in each)
        return self._between(value, format_spec).join(each)

    def _between(self, several: Sequence[object], format_spec: str) -> str:
        """What stands between: `lines` are lines of their own, duties alternatives, changes sentences."""
        if format_spec == "lines":
            return "\n"
        if format_spec == "duty":
            return "或" if self._is_chinese else " or "
        if any(isinstance(one, Change) for one in several):
            return "；" if self._is_chinese else "; "
        return "、" if self._is_chinese else ", "

    def _named(self, one: Named) -> str:
        if one.code == SYSTEM:
            return word("system", self._language)
        if not one.name:
            return one.code
        return f"{one.name}（{one.code}）" if self._is_chinese else f"{one.name} ({one.code})"

    def _change(self, one: Change) -> str:
        done = event_word(one.kind, self._language, how=one.how)
        state = state_word(one.to_state, one.level, self._language) if one.to_state else ""
        state = one.title[not self._is_chinese] if one.title else state
        if self._is_chinese:
            return f"{self._named(one.actor)}{done}" + (f"（{state}）" if state else "")
        return f"{done} by {self._named(one.actor)}" + (f" ({state})" if state else "")
