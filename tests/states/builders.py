"""Builds an office of one bureau with two sections, its reports and cases; and a desk that lives through its days.

The same people everywhere: CLERK, HEAD, LEADER of the section; OFFICE and ASSESSOR of the bureau; COLLEAGUE works in
the section without a part in its reports; STRANGER drafts in another section.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from app.clock import VirtualClock
from app.holidays import workdays
from states import commands as c
from states import events as e
from states.acts import ACTS
from states.calendar import WorkingCalendar
from states.canonical import content_sha256
from states.codec import decode
from states.definitions import Definitions, bodies_of
from states.models import Case, CaseState, Entry, Flag, PointsStatus, Report, Trigger
from states.office import SYSTEM, Appointment, Indicator, Level, Office, Person, Role, Unit
from states.policies import Policies
from states.purposes import Purpose
from states.ranks import RankKind, RankReading
from states.route import Phase
from states.rules import Rules
from tests.memory import MemoryStore
from workflow.ports import Message
from workflow.service import Answer, Workflow

CLERK, HEAD, LEADER = "shirong.clerk", "shirong.head", "shirong.leader"
OFFICE, ASSESSOR = "bureau.office", "bureau.assessor"
COLLEAGUE, STRANGER = "shirong.liaison", "huanwei.clerk"
OTHER_HEAD, OTHER_LEADER = "huanwei.head", "huanwei.leader"
UNIT_HEAD, DISTRICT_LEADER, DISTRICT_ASSESSOR = "bureau.head", "district.leader", "district.assessor"
EVERYBODY = (
    *(CLERK, HEAD, LEADER, OFFICE, ASSESSOR, COLLEAGUE, STRANGER, OTHER_HEAD, OTHER_LEADER),
    *(UNIT_HEAD, DISTRICT_LEADER, DISTRICT_ASSESSOR, SYSTEM),
)

POSTS = (
    (CLERK, "shirong", Role.CLERK),
    (HEAD, "shirong", Role.SECTION_HEAD),
    (LEADER, "shirong", Role.LEADER),
    (COLLEAGUE, "shirong", Role.LIAISON),
    (STRANGER, "huanwei", Role.CLERK),
    (OTHER_HEAD, "huanwei", Role.SECTION_HEAD),
    (OTHER_LEADER, "huanwei", Role.LEADER),
    (OFFICE, "bureau", Role.OFFICE),
    (ASSESSOR, "bureau", Role.ASSESSOR),
    (UNIT_HEAD, "bureau", Role.UNIT_HEAD),
    (DISTRICT_LEADER, "bureau", Role.DISTRICT_LEADER),
    (DISTRICT_ASSESSOR, "district", Role.ASSESSOR),
)
REF, BUREAU_REF = "2015-10/shirong", "2015-10/bureau"
ZONE = ZoneInfo("Asia/Shanghai")
IS_WORKDAY = workdays(frozenset(), frozenset())
_ids = count(1)


def at(moment: str) -> datetime:
    """`2015-10-13 17:00` on the office's clock."""
    return datetime.fromisoformat(moment).replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC"))


def a_calendar(timezone: str = "Asia/Shanghai") -> WorkingCalendar:
    """The official calendar, with its moved working days."""
    return WorkingCalendar(IS_WORKDAY, timezone)


def an_appointment(
    person: str, unit: str, role: Role, since: str = "2015-01-01", until: str | None = None
) -> Appointment:
    """From the first of January 2015, without end."""
    last = date.fromisoformat(until) if until else None
    return Appointment(person=person, unit=unit, role=role, since=date.fromisoformat(since), until=last)


def an_indicator(code: str, unit: str = "shirong", field: int = 11, target_rank: int | None = 6) -> Indicator:
    """Eleven places, of which the sixth is promised."""
    return Indicator(
        code=code,
        name=f"指标{code}",
        main_content="",
        lead_unit=unit,
        field=field,
        target_rank=target_rank,
        year_end_target="全市前6",
    )


def an_office(
    *extra: Appointment, without: Sequence[str] = (), indicators: Sequence[Indicator] | None = None, **more: Any
) -> Office:
    """One bureau with two sections; `extra` appointments beside, or instead of, those of the people `without`."""
    appointments = [an_appointment(*post) for post in POSTS if post[0] not in without] + list(extra)
    people = dict.fromkeys([post[0] for post in POSTS] + [one.person for one in extra])
    default = (an_indicator("szcg"), an_indicator("srzz"), an_indicator("hwgg", "huanwei"))
    return Office(
        name="综合行政执法局",
        own_district="龙湾区",
        sisters=("鹿城区", "瓯海区"),
        units=(
            Unit(code="district", name="龙湾区", level=Level.ROOT, parent=None),
            Unit(code="bureau", name="执法局", level=Level.DISTRICT, parent="district"),
            Unit(code="shirong", name="市容管理科", level=Level.BUREAU, parent="bureau"),
            Unit(code="huanwei", name="环卫科", level=Level.BUREAU, parent="bureau"),
        ),
        people=tuple(Person(id=person, name=person, email=f"{person}@test.example") for person in people),
        appointments=tuple(appointments),
        indicators=tuple(default if indicators is None else indicators),
        **more,
    )


def rules(office: Office | None = None, *, timezone: str = "Asia/Shanghai", **policies: Any) -> Rules:
    """The spec's numbers, and `policies` that differ from them."""
    return Rules(office or an_office(), Policies(**policies), a_calendar(timezone))


def an_entry(indicator: str = "szcg", rank: int | None = 5, **more: Any) -> Entry:
    """A complete row that says the rank, or that there is none."""
    reading = RankReading(kind=RankKind.NONE, tied=False, estimated=False)
    if rank is not None:
        reading = RankReading(kind=RankKind.RANKED, best=rank, worst=rank, tied=False, estimated=False)
    text = "暂无排名" if rank is None else f"第{rank}"
    filled: dict[str, Any] = {"field": 11, "rank_text": text, "comparison": "三区居中", "target": "全市前6"}
    return Entry(indicator=indicator, reading=reading, **(filled | more))


def filled_rows(rank: str = "第5", indicators: Sequence[str] = ("szcg", "srzz"), **more: Any) -> tuple[c.RowDraft, ...]:
    """Complete rows that all say the same."""
    filled: dict[str, Any] = {"rank_text": rank, "comparison": "三区居中", "target": "全市前6"} | more
    return tuple(c.RowDraft(indicator=indicator, **filled) for indicator in indicators)


def a_report(
    state: str = "draft", *, sent: bool | None = None, unit: str = "shirong", period: str = "2015-10", **more: Any
) -> Report:
    """A complete table in its first round, as if everybody before had acted in time."""
    section = unit != "bureau"
    drafter, first, second = (CLERK, HEAD, LEADER) if section else (OFFICE, UNIT_HEAD, DISTRICT_LEADER)
    level = Level.BUREAU if section else Level.DISTRICT
    with_ = more.pop("with_", None) or rules()
    route = more.pop("route", with_.office.duties[level].route)
    standing = "sent" if state == "draft" and sent else state
    phase, step = route.position(standing)
    last_actors = {"sent": drafter, "section_signed": first, "leader_signed": second}
    ref = f"{period}/{unit}"
    entries = more.pop("entries", (an_entry("szcg"), an_entry("srzz")))
    fields: dict[str, Any] = {
        "level": level,
        "round": 1,
        "version": 3,
        "seq": 3,
        "opened_at": at("2015-10-08 09:00"),
        "due_at": at("2015-10-13 17:00"),
        "overdue": False,
        "submitted_at": at("2015-10-12 10:00") if phase in (Phase.SUBMITTED, Phase.SUPERVISED) else None,
        "content_sha256": content_sha256(ref, entries),
        "drafters": (drafter,),
        "last_actor": last_actors.get(standing),
        "timers_until": at("2015-10-08 09:00"),
        "wake_at": None,
        "holders": (),
    }
    made = Report(
        ref=ref, period=period, unit=unit, route=route, state=standing, step=step, entries=entries, **(fields | more)
    )
    now = at("2015-10-12 11:00")
    planned: dict[str, Any] = {"tasks": with_.tasks(made, now), "holders": with_.holders(made, now)}
    return replace(made, **{name: value for name, value in planned.items() if name not in more})


def reviewed(period: str, rank: int | None, *flags: Flag, indicator: str = "szcg", **more: Any) -> Report:
    """A supervised report of an earlier period in which the indicator had that rank."""
    return a_report("supervised", period=period, entries=(an_entry(indicator, rank, flags=flags),), **more)


def a_case(state: str = "tracking", indicator: str | None = "szcg", **more: Any) -> Case:
    """Opened on 15 October by the tenth place; with points proposed where its state says so."""
    standing = CaseState(state)
    proposed = standing is CaseState.SCORE_DEDUCTION
    opened = at("2015-10-15 17:00")
    fields: dict[str, Any] = {
        "id": 1,
        "report": REF,
        "unit": "shirong",
        "level": Level.BUREAU,
        "trigger": Trigger.OVERDUE if indicator is None else Trigger.LAGGING,
        "version": 1,
        "seq": 1,
        "opened_at": opened,
        "opened_rank": None if indicator is None else 10,
        "entered_at": opened,
        "feedback_at": None,
        "interview_at": None,
        "appealed_at": None,
        "proposed_at": opened if proposed else None,
        "points": 1 if proposed else None,
        "points_status": PointsStatus.PROPOSED if proposed else None,
        "closed_at": opened if standing is CaseState.CLOSED else None,
        "timers_until": opened - timedelta(microseconds=1),
        "wake_at": None,
    }
    return Case(indicator=indicator, state=standing, **(fields | more))


def a_report_command(kind: type[c.ReportCommand], actor: str, report: str = REF, **more: Any) -> c.ReportCommand:
    """With a number of its own, and words where they are needed."""
    if kind is c.SaveTable:
        more = {"rows": filled_rows("第4"), **more}  # another rank than `a_report` has
    more = _needed_words(kind, "数据有误") | more
    return kind(command_id=f"act {next(_ids)}", actor=actor, report=report, **more)


def a_case_command(kind: type[c.CaseCommand], actor: str, case: str = "1", **more: Any) -> c.CaseCommand:
    """With a number of its own, and words where they are needed."""
    more = _needed_words(kind, "已约谈科室负责人，承诺月底前整改到位") | more
    return kind(command_id=f"act {next(_ids)}", actor=actor, case=case, **more)


def _needed_words(kind: type[c.Command], said: str) -> dict[str, str]:
    spoken = next((act.words for act in ACTS.values() if act.command is kind), None)
    return {spoken.field: said} if spoken is not None and spoken.must else {}


_Fact = TypeVar("_Fact", bound=e.Event)


def rules_defined(definitions: Definitions) -> Rules:
    """The rules of an office that has defined that."""
    is_workday = workdays(definitions.workdays, definitions.holidays, definitions.complete_years)
    calendar = WorkingCalendar(is_workday, definitions.office.timezone)
    return Rules(definitions.office, definitions.policies, calendar)


class Desk:
    """The office at work from `start` on: a store in memory, a clock set by hand, and the one path."""

    def __init__(
        self, start: str = "2015-10-08 08:00", *, rules_: Rules | None = None, store: MemoryStore | None = None
    ) -> None:
        self.rules = rules_ or rules()
        self.store = store or MemoryStore()
        self.clock = VirtualClock(at(start))
        self.workflow = Workflow(
            self.store, self.rules, self.clock, mail_domain="test.example", make_rules=rules_defined
        )
        self.workflow.begin_duties(self.clock.now())

    def define(
        self, office: Office | None = None, *, actor: str = ASSESSOR, holidays: Sequence[str] = (), **policies: Any
    ) -> Answer:
        """Change what the office has defined; what is not given is as it was at the beginning."""
        if not self.store.state.definitions:
            self._define(SYSTEM, Definitions(office=self.rules.office, policies=self.rules.policies))
        closed = frozenset(map(date.fromisoformat, holidays))
        changed = replace(self.rules.policies, **policies)
        return self._define(actor, Definitions(office=office or self.rules.office, policies=changed, holidays=closed))

    def _define(self, actor: str, definitions: Definitions) -> Answer:
        bodies = tuple(bodies_of(definitions).items())
        return self.workflow.execute(
            c.DefineOffice(command_id=f"define {next(_ids)}", actor=actor, bodies=bodies, reason="机构调整")
        )

    def live_until(self, moment: str | datetime) -> "Desk":
        """Let time pass with the daemon running: every timer at its instant."""
        until = at(moment) if isinstance(moment, str) else moment
        while (due := self.workflow.next_due(until)) is not None:
            self.clock.set(max(due, self.clock.now()))
            self.workflow.run_due()
        self.clock.set(until)
        return self

    def sleep_until(self, moment: str | datetime) -> "Desk":
        """Let time pass with the daemon stopped, then start it once."""
        self.clock.set(at(moment) if isinstance(moment, str) else moment)
        self.workflow.run_due()
        return self

    def act(self, kind: type[c.ReportCommand], actor: str, report: str = REF, **more: Any) -> Answer:
        """Carry out a command on a report now."""
        if kind is c.SaveTable:
            more = {"rows": filled_rows(), **more}
        return self.workflow.execute(a_report_command(kind, actor, report, **more))

    def on_case(self, kind: type[c.CaseCommand], actor: str, case: str = "1", **more: Any) -> Answer:
        """Carry out a command on a case now."""
        return self.workflow.execute(a_case_command(kind, actor, case, **more))

    def submit(self, rank: str = "第5", report: str = REF, *, rows: Sequence[c.RowDraft] | None = None) -> "Desk":
        """Fill, send, sign twice and submit the section's report, all now."""
        self.act(c.SaveTable, CLERK, report, rows=tuple(rows or filled_rows(rank)))
        for kind, actor in ((c.Send, CLERK), (c.Sign, HEAD), (c.Sign, LEADER), (c.Submit, CLERK)):
            self.act(kind, actor, report)
        return self

    def visit(self, *, visit: bool = True, actor: str = COLLEAGUE) -> Answer:
        """Log a contact of the section's liaison now."""
        return self.workflow.execute(
            (c.LogVisit if visit else c.LogCall)(
                command_id=f"act {next(_ids)}", actor=actor, unit="shirong", text="赴市城管委对接"
            )
        )

    def report(self, ref: str = REF) -> Report:
        """The report as it stands."""
        return self.store.state.reports[ref]

    def case(self, number: int = 1) -> Case:
        """The case as it stands."""
        return self.store.state.cases[number]

    def facts(self, kind: type[_Fact], subject: str | None = None) -> list[tuple[datetime, _Fact]]:
        """Every fact of that kind, with its instant."""
        decoded = [
            (row.at, decode(row.kind, row.payload))
            for row in self.store.state.events
            if subject is None or row.subject == subject
        ]
        return [(instant, fact) for instant, fact in decoded if isinstance(fact, kind)]

    def instants(self, kind: type[_Fact], subject: str | None = None) -> list[str]:
        """When those facts happened, on the office's clock."""
        return [instant.astimezone(ZONE).strftime("%Y-%m-%d %H:%M") for instant, _ in self.facts(kind, subject)]

    def mails(self, purpose: Purpose, recipient: str | None = None) -> list[Message]:
        """Every mail of that purpose, to that person."""
        return [
            mail
            for mail in self.store.state.messages
            if mail.purpose is purpose and recipient in (None, mail.recipient)
        ]

    def told(self, purpose: Purpose) -> list[str]:
        """Who was told, in order."""
        return [mail.recipient for mail in self.mails(purpose)]


def without_times(report: Report) -> Report:
    """The report apart from when things happened to it."""
    return replace(report, opened_at=report.due_at, timers_until=report.due_at, wake_at=None, seq=0)
