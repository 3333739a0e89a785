"""Why a row was flagged, a case moved or points were proposed: the rule that fired with its numbers, as data.

A ground is worded only at the edge, in the language of its reader (`ground_words`); events and facts keep the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from states.models import Entry, Flag
from states.rules import Rules
from states.words import instant_words, ordinal


class Rule(StrEnum):
    """The single tests of the rules (spec, parts 5 to 7)."""

    LAST_PLACES = "last_places"
    LAST_DISTRICT = "last_district"
    REGRESSING = "regressing"
    WEAK = "weak"
    IMPROVED = "improved"
    NOT_IMPROVED = "not_improved"
    REPEATED_LAGGING = "repeated_lagging"
    NO_FEEDBACK = "no_feedback"
    OVERDUE = "overdue"
    SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One rule that fired, with the numbers it looked at; what a rule does not look at is None.

    `rank` is the present one, `limit` what it is held against: the number of last places, the number of districts, last
    period's rank, the promised one, or the rank at the case's opening. `count`: working days, or times in the year.
    """

    rule: Rule
    rank: int | None = None
    field: int | None = None
    limit: int | None = None
    count: int | None = None
    due_at: datetime | None = None


FLAG_OF = {
    Rule.LAST_PLACES: Flag.LAGGING,
    Rule.LAST_DISTRICT: Flag.LAGGING,
    Rule.REGRESSING: Flag.REGRESSING,
    Rule.WEAK: Flag.WEAK,
}
"""The flag each test of a rank leads to."""


def lagging_clauses(
    entry: Entry, rank: int, previous: int | None, target: int | None, rules: Rules
) -> tuple[Ground, ...]:
    """Every test of a rank that fires: last places, last district, regressing, weak (spec, part 6).

    `previous` is last period's rank, `target` the promised one; None leaves that test out.
    """
    policies, districts = rules.policies, 1 + len(rules.office.sisters)
    found = []
    if rank > entry.field - policies.lagging_places:
        found.append(Ground(rule=Rule.LAST_PLACES, rank=rank, field=entry.field, limit=policies.lagging_places))
    if entry.three_district_rank == districts:
        found.append(Ground(rule=Rule.LAST_DISTRICT, rank=entry.three_district_rank, limit=districts))
    if previous is not None and rank - previous >= policies.regressing_places:
        found.append(Ground(rule=Rule.REGRESSING, rank=rank, field=entry.field, limit=previous))
    if target is not None and rank > target:
        found.append(Ground(rule=Rule.WEAK, rank=rank, field=entry.field, limit=target))
    return tuple(found)


def as_facts(grounds: Sequence[Ground], rules: Rules) -> list[dict[str, object]]:
    """Grounds as plain JSON values, instants on the office's clock; what is None is left out."""
    kept = []
    for ground in grounds:
        values = {one.name: getattr(ground, one.name) for one in fields(ground)}
        if ground.due_at is not None:
            values["due_at"] = rules.calendar.local(ground.due_at).isoformat()
        kept.append(
            {name: str(value) if name == "rule" else value for name, value in values.items() if value is not None}
        )
    return kept


def from_facts(facts: dict[str, object]) -> Ground:
    """The ground that `as_facts` wrote."""
    due_at = facts.get("due_at")
    more: dict[str, object] = {"due_at": datetime.fromisoformat(str(due_at))} if due_at else {}
    return Ground(**{**facts, "rule": Rule(str(facts["rule"])), **more})  # type: ignore[arg-type]  # JSON is untyped


def ground_words(ground: Ground, language: str = "zh") -> str:
    """The ground in a clause of its own: 全市第9，共12，属末3名. A `due_at` is worded on the clock it bears."""
    chinese, english = _words(ground)
    return chinese if language == "zh" else english


def _words(ground: Ground) -> tuple[str, str]:
    rank, field, limit, count = ground.rank or 0, ground.field or 0, ground.limit or 0, ground.count or 0
    opened = f"{ordinal(limit)} when the case was opened"
    match ground.rule:
        case Rule.LAST_PLACES:
            return f"全市第{rank}，共{field}，属末{limit}名", f"{ordinal(rank)} of {field}, among the last {limit}"
        case Rule.LAST_DISTRICT:
            return f"三区末位（第{rank}）", f"last of the {limit} districts compared ({ordinal(rank)})"
        case Rule.REGRESSING:
            fell = rank - limit
            places = "place" if fell == 1 else "places"
            return (
                f"全市第{rank}，比上期第{limit}退了{fell}名",
                f"{ordinal(rank)}, down {fell} {places} from {ordinal(limit)} last period",
            )
        case Rule.WEAK:
            return f"未达年终承诺目标第{limit}", f"short of the year-end target of {ordinal(limit)}"
        case Rule.IMPROVED:
            return f"现为全市第{rank}，立项时第{limit}，已有进位", f"now {ordinal(rank)}, up from {opened}"
        case Rule.NOT_IMPROVED:
            return f"现为全市第{rank}，立项时第{limit}，未见进位", f"now {ordinal(rank)}, no better than {opened}"
        case Rule.REPEATED_LAGGING:
            return f"本年第{count}次落后", f"lagging for the {ordinal(count)} time this year"
        case Rule.NO_FEEDBACK:
            return f"立项后{count}个工作日内没有反馈整改情况", f"no feedback within {count} working days of the opening"
        case Rule.OVERDUE:
            days = f"{count} working {'day' if count == 1 else 'days'}"
            if ground.due_at is None:
                return f"逾期{count}个工作日未报送", f"{days} overdue"
            return (
                f"应于{instant_words(ground.due_at, 'zh')}前报送，逾期{count}个工作日",
                f"due on {instant_words(ground.due_at, 'en')}, {days} overdue",
            )
        case Rule.SUBMITTED:
            return "报表已报送", "the report was submitted"
