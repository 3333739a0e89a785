"""The glossary's words, Chinese and English, for whoever speaks to people: states, flags, rules, posts, events.

Code and database know terms; people read words. A term that is worded here is worded nowhere else; acts have their
words in `acts.py`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from states.route import Route

Words = tuple[str, str]
"""A word in Chinese and in English."""

WORDS: Final[Mapping[str, Words]] = {
    "draft": ("起草", "draft"),
    "sent": ("已送签", "sent for signature"),
    "section_signed": ("科室已签", "signed by the section head"),
    "leader_signed": ("分管领导已签", "signed by the leader in charge"),
    "submitted": ("已报送", "submitted"),
    "supervised": ("已督查", "supervised"),
    "tracking": ("跟踪督查", "tracked supervision"),
    "interview": ("督查约谈", "supervisory interview"),
    "score_deduction": ("考绩扣分", "score deduction"),
    "closed": ("销号", "closed"),
    "lagging": ("落后指标", "lagging"),
    "regressing": ("退步指标", "regressing"),
    "weak": ("薄弱环节", "weak"),
    "improved": ("已有进位", "improved"),
    "overdue": ("逾期未报", "overdue"),
    "proposed": ("拟扣分", "proposed"),
    "confirmed": ("已确认扣分", "confirmed"),
    "withdrawn": ("不予扣分", "waived"),
    "not_improved": ("督查后仍未见成效", "not better after supervision"),
    "repeated_lagging": ("多次排名靠后", "lagging repeatedly within the year"),
    "no_feedback": ("逾期未反馈整改情况", "no feedback in time"),
    "closed_by_assessor": ("考绩办销号", "closed by the assessor"),
    "points_confirmed": ("确认扣分", "points confirmed"),
    "points_waived": ("不予扣分", "points waived"),
    "system": ("系统", "the system"),
}

_DISTRICT_STATES: Final[Mapping[str, Words]] = {
    "section_signed": ("单位主要负责人已签字盖章", "signed and sealed by the unit head"),
    "leader_signed": ("区分管领导已审签", "signed by the district leader"),
}

POSTS: Final[Mapping[str, Words]] = {
    "clerk": ("填报人", "drafter"),
    "section_head": ("科室负责人", "section head"),
    "leader": ("分管领导", "leader in charge"),
    "office": ("办公室", "office"),
    "unit_head": ("单位主要负责人", "unit head"),
    "district_leader": ("区分管领导", "district leader"),
    "assessor": ("考绩办", "assessor"),
    "liaison": ("对接人", "liaison officer"),
    "admin": ("管理员", "administrator"),
}

EVENTS: Final[Mapping[str, Words]] = {
    "report_opened": ("开启", "opened"),
    "holder_reminded": ("提醒", "reminder"),
    "report_overdue": ("逾期", "overdue"),
    "overdue_escalated": ("逾期升级", "overdue, next step"),
    "holder_changed": ("变更办理人", "handed over"),
    "deadline_moved": ("调整时限", "deadline moved"),
    "case_opened": ("立项", "case opened"),
    "case_advanced": ("转约谈", "moved to interview"),
    "points_proposed": ("拟扣分", "points proposed"),
    "feedback_recorded": ("整改反馈", "feedback"),
    "interview_reminded": ("提醒约谈", "interview reminder"),
    "duty_began": ("开始值守", "duty began"),
    "period_opened": ("开启期次", "period opened"),
    "contact_logged": ("登记对接", "contact logged"),
    "liaison_reminded": ("提醒对接", "liaison reminder"),
    "digest_due": ("每日汇总", "digest"),
    "bulletin_due": ("起草通报", "bulletin drafted"),
}
"""What happened, by the kind an event is stored under, where it is not just an act done."""

DOORS: Final[Mapping[str, Words]] = {
    "page": ("经网页", "on the pages"),
    "api": ("经接口", "by a program"),
    "mail": ("经邮件回复", "by mail"),
    "paper": ("纸质签字", "on paper"),
}
"""By which door an act came; what comes by the console was done by somebody else's hand, and says whose."""

PURPOSES: Final[Mapping[str, Words]] = {
    "opened": ("请填报", "to be filled in"),
    "reminder": ("报送提醒", "reminder"),
    "overdue": ("逾期", "overdue"),
    "urge": ("催办", "urged"),
    "handed_over": ("办理人变更", "handed over"),
    "vacant": ("岗位空缺", "vacant post"),
    "deadline_moved": ("时限调整", "deadline moved"),
    "signature_needed": ("请签字", "signature needed"),
    "signed": ("签批告知", "signed"),
    "submission_needed": ("请报送", "to be submitted"),
    "returned": ("退回", "returned"),
    "withdrawn": ("撤回", "withdrawn"),
    "submitted": ("报送", "submitted"),
    "reviewed": ("督查结果", "reviewed"),
    "reopened": ("重新打开", "reopened"),
    "case_opened": ("督查立项", "case opened"),
    "feedback_recorded": ("整改反馈", "feedback"),
    "interview_set": ("转约谈", "interview set"),
    "interview_due": ("约谈提醒", "interview due"),
    "interview_recorded": ("约谈登记", "interview recorded"),
    "deduction_proposed": ("拟扣分", "deduction proposed"),
    "appeal_recorded": ("申诉", "appeal"),
    "deduction_confirmed": ("确认扣分", "deduction confirmed"),
    "case_closed": ("销号", "case closed"),
    "liaison_due": ("请赴市对接", "visit due"),
    "liaison_behind": ("对接超期", "visit overdue"),
    "digest": ("每日汇总", "digest"),
    "assessor_digest": ("督查待办", "supervision list"),
    "bulletin": ("通报底稿", "draft bulletin"),
}
"""What the kinds of mail are called."""


def word(term: str, language: str = "zh") -> str:
    """The glossary's word for a term of the code; the term itself where the glossary has none."""
    return _said(WORDS, term, language)


def state_word(state: str, level: str, language: str = "zh", *, sent: bool = False) -> str:
    """A report's state in the words of its level; `sent` is whether a draft waits for its first signature.

    At the district level the unit head signs with the seal and the district leader after them.
    """
    if state == "draft" and sent:
        return word("sent", language)
    return _said({**WORDS, **_DISTRICT_STATES} if level == "district" else WORDS, state, language)


def report_word(route: Route, state: str, level: str, language: str = "zh") -> str:
    """What a state is called on a route: by the route itself, else in the words of the level."""
    own = route.title(state)
    return state_word(state, level, language) if own is None else own[language != "zh"]


def post_word(role: str, language: str = "zh") -> str:
    """What a post is called: `clerk` is 填报人."""
    return _said(POSTS, role, language)


def event_word(kind: str, language: str = "zh", *, how: str = "edit") -> str:
    """What happened, by the kind of event; `how` is the way a table was saved: `edit`, `import` or `consolidate`."""
    if kind in EVENTS:
        return _said(EVENTS, kind, language)
    from states.acts import done_words  # the board asks for no event, and must not pay for the acts

    done = done_words(kind, how)
    return str(kind) if done is None else done[language != "zh"]


def door_words(door: str, proof: str | None, language: str = "zh") -> str:
    """How an act came: on the console by which user of the system, for whom it counts; or by which other door."""
    if door != "console":
        return _said(DOORS, door, language)
    user = (proof or "").split(" (")[0].removeprefix("uid ")
    return f"系统用户 {user} 在控制台代办" if language == "zh" else f"by system user {user} on the console"


def purpose_word(purpose: str, language: str = "zh") -> str:
    """What a kind of mail is called: `signature_needed` is 请签字."""
    return _said(PURPOSES, purpose, language)


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month_words(period: str, language: str = "zh") -> str:
    """`2015-10` as 2015年10月."""
    year, month = period.split("-")
    return f"{year}年{int(month)}月" if language == "zh" else f"{_MONTHS[int(month) - 1]} {year}"


def day_words(day: date, language: str = "zh") -> str:
    """A day as 2015年10月13日."""
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def instant_words(local: datetime, language: str = "zh") -> str:
    """An instant as 2015年10月13日 17:00, on the clock it bears."""
    return f"{day_words(local.date(), language)} {local:%H:%M}"


def ordinal_zh(number: int) -> str:
    """一, 二, 三; in figures from ten on."""
    return "一二三四五六七八九"[number - 1] if number < 10 else str(number)


def quoted(name: str) -> str:
    """A name in quotation marks; those within become single ones."""
    return f"“{name.replace('“', '‘').replace('”', '’')}”"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def counted(number: int, one: str, many: str) -> str:
    """1 place, 2 places: so many of something, in English."""
    return f"{number} {one if number == 1 else many}"


def _said(words: Mapping[str, Words], term: str, language: str) -> str:
    known = words.get(term)
    return str(term) if known is None else known[language != "zh"]
