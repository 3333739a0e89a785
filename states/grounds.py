"""Why a row was flagged, a case moved or points were proposed: the rule that fired with its numbers, as data.

A ground is worded only at the edge, in the language of its reader (`ground_words`, `why_words`); events and the facts
of mails keep the data. Events are kept for ever, and with them their grounds: a rule that is no longer tested keeps its
name and its words here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from enum import StrEnum

from states.models import Flag
from states.words import counted, instant_words, ordinal, word


class Rule(StrEnum):
    """The single tests of the rules (spec, parts 3 to 7)."""

    LAST_PLACES = "last_places"
    LAST_DISTRICT = "last_district"
    REGRESSING = "regressing"
    WEAK = "weak"
    IMPROVED = "improved"
    NOT_IMPROVED = "not_improved"
    REPEATED_LAGGING = "repeated_lagging"
    NO_FEEDBACK = "no_feedback"
    OVERDUE = "overdue"
    POINTS = "points"
    SUBMITTED = "submitted"
    CLOSED_BY_ASSESSOR = "closed_by_assessor"
    DUE_DAY = "due_day"
    CORRECTION = "correction"
    NOT_SUBMITTED = "not_submitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One rule that fired, with the numbers it looked at; what a rule does not look at is None.

    `rank` is the present one, `limit` what it is held against: the number of last places, the number of districts, last
    period's rank, the promised one, or the rank at the case's opening. `count`: working days, or times in the year.
    Of POINTS: `count` a case, `used` before in the year, `limit` in all. Of DUE_DAY: `count` is the day of the month.
    """

    rule: Rule
    rank: int | None = None
    field: int | None = None
    limit: int | None = None
    count: int | None = None
    used: int | None = None
    due_at: datetime | None = None


FLAG_OF = {
    Rule.LAST_PLACES: Flag.LAGGING,
    Rule.LAST_DISTRICT: Flag.LAGGING,
    Rule.REGRESSING: Flag.REGRESSING,
    Rule.WEAK: Flag.WEAK,
    Rule.IMPROVED: Flag.IMPROVED,
}
"""The flag each test of a rank leads to."""


def as_facts(grounds: Sequence[Ground], zone: tzinfo) -> list[dict[str, object]]:
    """Grounds as plain JSON values, instants on that zone's clock; what is None is left out."""
    kept = []
    for ground in grounds:
        values = {one.name: getattr(ground, one.name) for one in fields(ground)}
        if ground.due_at is not None:
            values["due_at"] = ground.due_at.astimezone(zone).isoformat()
        kept.append(
            {name: str(value) if name == "rule" else value for name, value in values.items() if value is not None}
        )
    return kept


def from_facts(facts: Mapping[str, object]) -> Ground:
    """The ground that `as_facts` wrote, or that a stored event bears."""
    due_at = facts.get("due_at")
    more: dict[str, object] = {"due_at": datetime.fromisoformat(str(due_at))} if due_at else {}
    return Ground(**{**facts, "rule": Rule(str(facts["rule"])), **more})  # type: ignore[arg-type]  # JSON is untyped


_WORDS: Mapping[Rule, tuple[str, str]] = {
    Rule.LAST_PLACES: ("全市第{rank}，共{field}，属末{limit}名", "{rank_th} of {field}, among the last {limit}"),
    Rule.LAST_DISTRICT: ("三区末位（第{rank}）", "last of the {limit} districts compared ({rank_th})"),
    Rule.REGRESSING: (
        "全市第{rank}，比上期第{limit}退了{fell}名",
        "{rank_th}, down {fell_places} from {limit_th} last period",
    ),
    Rule.WEAK: ("未达年终承诺目标第{limit}", "short of the year-end target of {limit_th}"),
    Rule.IMPROVED: (
        "现为全市第{rank}，立项时第{limit}，已有进位",
        "now {rank_th}, up from {limit_th} when the case was opened",
    ),
    Rule.NOT_IMPROVED: (
        "现为全市第{rank}，立项时第{limit}，未见进位",
        "now {rank_th}, no better than {limit_th} when the case was opened",
    ),
    Rule.REPEATED_LAGGING: ("本年第{count}次落后", "lagging for the {count_th} time this year"),
    Rule.NO_FEEDBACK: ("立项后{count}个工作日内没有反馈整改情况", "no feedback within {days} of the opening"),
    Rule.OVERDUE: ("应于{due}前报送，逾期{count}个工作日", "due on {due}, {days} overdue"),
    Rule.POINTS: (
        "每件扣{count}分，本年此前已计{used}分，全年至多{limit}分",
        "{points} a case, {used} counted earlier this year, {limit} a year at most",
    ),
    Rule.SUBMITTED: ("报表已报送", "the report was submitted"),
    Rule.CLOSED_BY_ASSESSOR: ("考绩办销号", "closed by the assessor"),
    Rule.DUE_DAY: (
        "每月{count}日报送{rolled}，时限是{due}",
        "reports are due on day {count} of the month{rolled}: {due}",
    ),
    Rule.CORRECTION: ("退回更正至少给{count}个工作日，时限是{due}", "at least {days} to correct it: due on {due}"),
    Rule.NOT_SUBMITTED: ("到{due}还没有报送", "not submitted by {due}"),
}


def ground_words(ground: Ground, language: str = "zh") -> str:
    """The ground in a clause of its own: 全市第9，共12，属末3名. A `due_at` is worded on the clock it bears."""
    rank, limit, count = ground.rank or 0, ground.limit or 0, ground.count or 0
    return _WORDS[ground.rule][language != "zh"].format(
        rank=rank,
        rank_th=ordinal(rank),
        field=ground.field,
        limit=limit,
        limit_th=ordinal(limit),
        fell=rank - limit,
        fell_places=counted(rank - limit, "place", "places"),
        count=count,
        count_th=ordinal(count),
        days=counted(count, "working day", "working days"),
        points=counted(count, "point", "points"),
        used=ground.used,
        due="" if ground.due_at is None else instant_words(ground.due_at, language),
        rolled=_ROLLED[language != "zh"] if ground.due_at is not None and ground.due_at.day != count else "",
    )


_ROLLED = "，逢休息日或月末另作调整", ", moved off a day of rest or a month's end"
"""Said where the day a deadline falls on is not the one the rule names."""


_SAID_BY_THEIR_GROUND = frozenset(
    {
        *("no_feedback", "overdue", "submitted", "closed_by_assessor", "improved"),
        *("due_day", "correction", "not_submitted"),
    }
)
"""Of these the ground's words say all that the name of the rule does."""


def why_words(rule: str, grounds: Sequence[Ground], language: str = "zh") -> str:
    """A reason whole: the name of the rule (`lagging`, `not_improved` …), and what it rests on.

    落后指标：全市第9，共12，属末3名；三区末位（第3）
    """
    chinese = language == "zh"
    clauses = ("；" if chinese else "; ").join(ground_words(ground, language) for ground in grounds)
    if not clauses:
        return word(rule, language)
    if rule in _SAID_BY_THEIR_GROUND:
        return clauses
    return f"{word(rule, language)}{'：' if chinese else ': '}{clauses}"


def flags_words(flags: Sequence[str], grounds: Sequence[Ground], language: str = "zh") -> list[str]:
    """Each flag of a judged row with the tests that led to it: 薄弱环节：未达年终承诺目标第5."""
    led = {flag: [ground for ground in grounds if FLAG_OF[ground.rule].value == flag] for flag in flags}
    return [why_words(flag, tests, language) for flag, tests in led.items()]
