"""Writes who may do what in which state: `python -m app.permit_table` makes `docs/lifecycle/permits.md`.

The table is asked of the rules themselves, in an office where every post is held by a person of its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from states.acts import ACTS
from states.calendar import WorkingCalendar
from states.models import Case, CaseState, Entry, PointsStatus, Report, Trigger
from states.office import Appointment, Level, Office, Person, Post, Role, Unit
from states.permits import CASE_ACTS, REPORT_ACTS, Standing, open_acts
from states.policies import Policies
from states.route import Phase
from states.rules import Rules
from states.words import post_word, state_word, word

TARGET = Path(__file__).resolve().parents[1] / "docs" / "lifecycle" / "permits.md"

_NOW = datetime(2015, 10, 12, 2, tzinfo=UTC)
_UNITS = {Level.ROOT: "district", Level.DISTRICT: "bureau", Level.BUREAU: "section"}
_LAST = "last"
"""Who acted last, by no post."""


def files() -> dict[str, str]:
    """The generated file by name."""
    return {TARGET.name: "\n".join(_lines()) + "\n"}


def _lines() -> Iterator[str]:
    rules = _rules()
    yield "# 谁在何时可以办什么 · Who may do what, when"
    yield ""
    yield "由规则生成（`python -m app.permit_table`）。Generated from the rules. “最后办理人”指上一步的办理人本人。"
    for level, title in ((Level.BUREAU, "科室报单位"), (Level.DISTRICT, "单位报区")):
        states = rules.office.duties[level].route.states
        columns = [(state_word(state, level), _report(level, state, rules)) for state in states]
        yield from ("", f"## 报表：{title}", "")
        yield from _table(columns, REPORT_ACTS, rules)
    yield from ("", "## 督查件", "")
    yield from _table(_cases(), CASE_ACTS, rules)


def _table(columns: Sequence[tuple[str, Report | Case]], acts: Sequence[str], rules: Rules) -> Iterator[str]:
    yield f"| 事项 | {' | '.join(title for title, _ in columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    people = [*(person.id for person in rules.office.people), _LAST]
    may = [{person: open_acts(person, Standing(subject, rules, _NOW)) for person in people} for _, subject in columns]
    for act in acts:
        cells = ["、".join(_called(person) for person in people if act in asked[person]) or "—" for asked in may]
        yield f"| {ACTS[act].word[0]} | {' | '.join(cells)} |"


def _called(person: str) -> str:
    """A post by its word, with the unit it is held in where there is one of that name at two levels."""
    if person == _LAST:
        return "最后办理人"
    role, unit = person.split("@")
    where = {"district": "区", "bureau": "单位", "section": "科室"}[unit]
    return f"{where}{post_word(role)}" if role in ("office", "assessor") else post_word(role)


def _rules() -> Rules:
    posts = [Post(role, unit) for unit in _UNITS.values() for role in Role]
    office = Office(
        name="office",
        own_district="own",
        sisters=("one", "other"),
        units=(
            Unit(code="district", name="district", level=Level.ROOT, parent=None),
            Unit(code="bureau", name="bureau", level=Level.DISTRICT, parent="district"),
            Unit(code="section", name="section", level=Level.BUREAU, parent="bureau"),
        ),
        people=tuple(Person(id=str(post), name=str(post), email="post@office.example") for post in posts),
        appointments=tuple(
            Appointment(person=str(post), unit=post.unit, role=post.role, since=date(2015, 1, 1)) for post in posts
        ),
        indicators=(),
    )
    return Rules(office, Policies(), WorkingCalendar(lambda day: day.weekday() < 5, office.timezone))


def _report(level: Level, state: str, rules: Rules) -> Report:
    unit, route = _UNITS[level], rules.office.duties[level].route
    phase, step = route.position(state)
    return Report(
        ref=f"2015-10/{unit}",
        period="2015-10",
        unit=unit,
        level=level,
        route=route,
        state=state,
        step=step,
        round=1,
        version=1,
        seq=1,
        opened_at=_NOW,
        due_at=_NOW,
        overdue=False,
        submitted_at=_NOW if phase in (Phase.SUBMITTED, Phase.SUPERVISED) else None,
        content_sha256="",
        drafters=(),
        last_actor=_LAST if phase in (Phase.SIGNING, Phase.SIGNED) else None,
        holders=("somebody",),
        timers_until=_NOW,
        wake_at=None,
        entries=(Entry(indicator="one", field=11),),
    )


def _cases() -> list[tuple[str, Report | Case]]:
    tracked = Case(
        id=1,
        report="2015-10/section",
        unit="section",
        level=Level.BUREAU,
        indicator="one",
        trigger=Trigger.LAGGING,
        state=CaseState.TRACKING,
        version=1,
        seq=1,
        opened_at=_NOW,
        opened_rank=10,
        entered_at=_NOW,
        feedback_at=None,
        interview_at=None,
        appealed_at=None,
        proposed_at=None,
        points=None,
        points_status=None,
        closed_at=None,
        timers_until=_NOW,
        wake_at=None,
    )
    summoned = replace(tracked, state=CaseState.INTERVIEW)
    proposed = replace(
        tracked, state=CaseState.SCORE_DEDUCTION, points=1, points_status=PointsStatus.PROPOSED, proposed_at=_NOW
    )
    deduction = word(CaseState.SCORE_DEDUCTION)
    return [
        (word(CaseState.TRACKING), tracked),
        (word(CaseState.INTERVIEW), summoned),
        (f"{word(CaseState.INTERVIEW)}（已登记）", replace(summoned, interview_at=_NOW)),
        (f"{deduction}（申诉期内）", proposed),
        (f"{deduction}（已申诉）", replace(proposed, appealed_at=_NOW)),
        (f"{deduction}（申诉期满）", replace(proposed, proposed_at=_NOW - timedelta(days=30))),
        (word(CaseState.CLOSED), replace(tracked, state=CaseState.CLOSED, closed_at=_NOW)),
    ]


def main() -> None:
    """Write the file."""
    TARGET.write_text(files()[TARGET.name], encoding="utf-8")


if __name__ == "__main__":
    main()
