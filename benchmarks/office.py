"""An office made for measuring: one bureau with many sections, its tables sent and waiting for signatures."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from app.clock import VirtualClock
from app.holidays import workdays
from states import commands as c
from states.calendar import WorkingCalendar
from states.definitions import Definitions, bodies_of
from states.office import Appointment, Indicator, Level, Office, Person, Role, Unit
from states.policies import Policies
from states.rules import Rules
from storage.database import Database, open_database
from storage.schema import create
from workflow.service import Workflow

START = datetime(2015, 10, 1, tzinfo=UTC)
PERIOD = "2015-10"
DOMAIN = "office.example"


def an_office(sections: int) -> Office:
    """A district, a bureau, and that many sections with two indicators each."""
    codes = [f"s{number:04d}" for number in range(sections)]
    units = [
        Unit(code="district", name="区", level=Level.ROOT, parent=None),
        Unit(code="bureau", name="局", level=Level.DISTRICT, parent="district"),
        *(Unit(code=code, name=f"科室{code}", level=Level.BUREAU, parent="bureau") for code in codes),
    ]
    posts = [
        *((code, role) for code in codes for role in (Role.CLERK, Role.SECTION_HEAD, Role.LEADER)),
        *(("bureau", role) for role in (Role.OFFICE, Role.ASSESSOR, Role.UNIT_HEAD, Role.DISTRICT_LEADER)),
        ("district", Role.ASSESSOR),
    ]
    people = [
        Person(id=f"{unit}.{role}", name=f"{unit}{role}", email=f"{unit}.{role}@office.example") for unit, role in posts
    ]
    return Office(
        name="测量局",
        own_district="龙湾区",
        sisters=("鹿城区", "瓯海区"),
        units=tuple(units),
        people=tuple(people),
        appointments=tuple(
            Appointment(person=f"{unit}.{role}", unit=unit, role=role, since=date(2007, 1, 1)) for unit, role in posts
        ),
        indicators=tuple(
            Indicator(
                code=f"{code}{letter}",
                name=f"指标{code}{letter}",
                main_content="",
                lead_unit=code,
                field=11,
                target_rank=5,
                year_end_target="全市前5",
            )
            for code in codes
            for letter in "ab"
        ),
    )


def workflow_on(database: Database, office: Office, clock: VirtualClock) -> Workflow:
    """The product's own workflow on that database."""
    return Workflow(database, rules_of(office), clock, mail_domain=DOMAIN, make_rules=_rules)


def rules_of(office: Office) -> Rules:
    """The rules the office works under."""
    return _rules(Definitions(office=office, policies=Policies()))


def _rules(defined: Definitions) -> Rules:
    calendar = WorkingCalendar(workdays(frozenset(), frozenset()), defined.office.timezone)
    return Rules(defined.office, defined.policies, calendar)


def define(workflow: Workflow, office: Office) -> None:
    """Found the office, or put another roster in force."""
    bodies = bodies_of(Definitions(office=office, policies=Policies()))
    actor, name = f"bureau.{Role.ASSESSOR}", f"define {len(office.appointments)}"
    workflow.execute(c.DefineOffice(command_id=name, actor=actor, bodies=tuple(bodies.items()), reason="人员变动"))


def made_ready(url: str, sections: int) -> None:
    """A database of that office: every section's table is sent and waits for its signatures."""
    if url.startswith("sqlite"):
        create(url)
    office, clock = an_office(sections), a_clock()
    with open_database(url) as database:
        sent_tables(workflow_on(database, office, clock), clock, office)


def a_clock() -> VirtualClock:
    """Standing before the period opens."""
    return VirtualClock(START)


def sent_tables(workflow: Workflow, clock: VirtualClock, office: Office) -> None:
    """Found the office, open the period and send every section's table."""
    define(workflow, office)
    workflow.begin_duties(clock.now())
    clock.set(START + timedelta(days=7, hours=2))
    workflow.run_due()
    for command in drafts(office):
        workflow.execute(command)


def drafts(office: Office) -> Iterator[c.Command]:
    """Every section's table filled and sent."""
    for unit in office.units:
        if unit.level is Level.BUREAU:
            yield from _drafting(unit.code, office)


def _drafting(unit: str, office: Office) -> Iterator[c.Command]:
    clerk, ref = f"{unit}.{Role.CLERK}", f"{PERIOD}/{unit}"
    yield c.SaveTable(command_id=f"save {unit}", actor=clerk, report=ref, rows=rows_of(office, unit))
    yield c.Send(command_id=f"send {unit}", actor=clerk, report=ref)


def rows_of(office: Office, unit: str) -> tuple[c.RowDraft, ...]:
    """The rows of a section's table, as its clerk fills them."""
    return tuple(
        c.RowDraft(
            indicator=one.code, rank_text="第5", comparison="鹿城第3、瓯海第8、龙湾第5", target=one.year_end_target
        )
        for one in office.indicators_of(unit)
    )


def signatures(office: Office, of_sections: int | None = None) -> list[c.Command]:
    """Both signatures on the tables of the first so many sections, or of all: one act each."""
    sections = [unit.code for unit in office.units if unit.level is Level.BUREAU][:of_sections]
    return [
        c.Sign(command_id=f"sign {role} {unit}", actor=f"{unit}.{role}", report=f"{PERIOD}/{unit}", opinion="同意报送")
        for role in (Role.SECTION_HEAD, Role.LEADER)
        for unit in sections
    ]


def with_successors(office: Office, since: date) -> Office:
    """The office in which another person holds one section's posts from that day on."""
    code = next(unit.code for unit in office.units if unit.level is Level.BUREAU)
    going = [one for one in office.appointments if one.unit == code]
    coming = [replace(one, person=f"bureau.{Role.OFFICE}", since=since) for one in going]
    staying = [replace(one, until=since - timedelta(days=1)) if one in going else one for one in office.appointments]
    return replace(office, appointments=(*staying, *coming))
