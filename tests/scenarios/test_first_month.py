"""A new office's first weeks: founded on the 24th of a month, lived in until the 20th of the second next.

Twelve sections and a bureau, forty people, thirty indicators; every mail goes over SMTP to a sink and is counted by
reader and day. Nobody is accused of what was due before the office began, and nobody is buried in mail.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.bootstrap import Running, put_together, read_settings
from app.clock import VirtualClock
from app.founding import found
from app.mailing import dispatcher_for
from notifications.sink import MailSink, ReadMail, read_maildir
from states import commands as c
from states.errors import Refused
from states.models import CaseState
from storage.schema import create

ZONE = ZoneInfo("Asia/Shanghai")
BEGINS, ENDS = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE), datetime(2027, 1, 20, 18, 0, tzinfo=ZONE)
SECTIONS = 12
MOST_A_DAY = 5
LATE, RETURNED = 11, 4
"""The section that hands in long after the deadline; the one whose head sends its table back once."""


def write_office(folder: Path) -> Path:
    """An office of its own: no sample data."""
    people = [f"- {{id: {name}, name: {name.upper()}同志, email: {name}@office.example}}" for name in _people()]
    units = ["- {code: district, name: 湖滨区, level: root, parent: null}"]
    units.append("- {code: bureau, name: 湖滨区城市管理局, level: district, parent: district}")
    units += [f"- {{code: s{n}, name: 第{n}科, level: bureau, parent: bureau}}" for n in range(SECTIONS)]
    posts = [
        ("office", "office", "bureau"),
        ("chief", "unit_head", "bureau"),
        ("auditor", "assessor", "bureau"),
        ("mayor", "district_leader", "bureau"),
        ("inspector", "assessor", "district"),
    ]
    for n in range(SECTIONS):
        posts += [(f"c{n}", "clerk", f"s{n}"), (f"c{n}", "liaison", f"s{n}"), (f"h{n}", "section_head", f"s{n}")]
        posts.append((f"l{n % 4}", "leader", f"s{n}"))
    appointments = [f"- {{person: {who}, role: {role}, unit: {unit}, from: 2026-01-01}}" for who, role, unit in posts]
    folder.mkdir()
    (folder / "config.yaml").write_text(
        "\n".join(
            [
                "office: 湖滨区城市管理局",
                "districts: {own: 湖滨区, sisters: [东湖区, 西山区]}",
                "mail: {host: 127.0.0.1, port: 2525, sender: kaoji@office.example, link_base: ''}",
                "organisation:",
                *("  " + line for line in ["units:", *units, "people:", *people, "appointments:", *appointments]),
            ]
        ),
        encoding="utf-8",
    )
    rows = [f"k{n},第{n}项指标,内容,s{n % SECTIONS},11,6,全市前6" for n in range(30)]
    header = "code,name,main_content,lead_unit,field,target_rank,year_end_target"
    (folder / "indicators.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    return folder / "config.yaml"


def _people() -> list[str]:
    own = [f"{kind}{n}" for kind in "ch" for n in range(SECTIONS)]
    return [*own, *(f"l{n}" for n in range(4)), "office", "chief", "auditor", "mayor", "inspector"]


class Life:
    """The office lived through on a virtual clock, every timer in its place; mails leave as they come."""

    def __init__(self, running: Running, send: Callable[[], object]) -> None:
        self.running = running
        self.clock = running.clock
        self.send = send
        self.number = 0

    def until(self, moment: datetime) -> None:
        assert isinstance(self.clock, VirtualClock)
        while (due := self.running.workflow.next_due(moment)) is not None:
            self.clock.set(max(due, self.clock.now()))
            self.running.workflow.run_due()
            self.send()
        self.clock.set(moment)

    def act(self, kind: type[c.Command], actor: str, **more: object) -> None:
        self.number += 1
        self.running.workflow.execute(kind(command_id=f"act {self.number}", actor=actor, **more))  # type: ignore[arg-type]  # each kind its own
        self.send()


def workdays(running: Running, period: date) -> Iterator[date]:
    """The working days of the month, in order."""
    day = period
    while day.month == period.month:
        if running.rules.calendar.is_workday(day):
            yield day
        day += timedelta(days=1)


def plan(running: Running, period: date) -> Iterator[tuple[datetime, Callable[[Life], None]]]:
    """Who does what when in that month: two sections a day fill, sign and hand in; one is late, one sent back."""
    days, ref = list(workdays(running, period)), f"{period:%Y-%m}"

    def at(day: date, hour: int, minute: int) -> datetime:
        return datetime.combine(day, time(hour, minute), ZONE)

    for n in range(SECTIONS):
        first = 12 if n == LATE else 1 + n // 2
        report, rows = f"{ref}/s{n}", [one for one in range(30) if one % SECTIONS == n]
        filled = tuple(
            c.RowDraft(
                indicator=f"k{one}",
                rank_text=f"第{1 + (one * 5 + period.month) % 11}",
                comparison="东湖区第4、西山区第7",
                target="全市前6",
            )
            for one in rows
        )
        steps: list[tuple[type[c.Command], str, dict[str, object]]] = [(c.SaveTable, f"c{n}", {"rows": filled})]
        if n == RETURNED:
            steps += [(c.Send, f"c{n}", {}), (c.Return, f"h{n}", {"reason": "请核对第一项"})]
        steps += [(c.Send, f"c{n}", {}), (c.Sign, f"h{n}", {}), (c.Sign, f"l{n % 4}", {}), (c.Submit, f"c{n}", {})]
        for hour, (kind, actor, more) in enumerate(steps):
            yield at(days[first], 10 + hour, n), _step(kind, actor, {"report": report, **more})
    bureau = [(c.Consolidate, "office"), (c.Send, "office"), (c.Sign, "chief"), (c.Sign, "mayor"), (c.Submit, "office")]
    for hour, (kind, actor) in enumerate(bureau):
        yield at(days[8], 9 + hour, 30), _step(kind, actor, {"report": f"{ref}/bureau"})
    yield from ((at(day, 16, 40), _cases) for day in days)


def _step(kind: type[c.Command], actor: str, more: dict[str, object]) -> Callable[[Life], None]:
    return lambda life: life.act(kind, actor, **more)


def _cases(life: Life) -> None:
    """At the end of a day: one section answers its case, the assessors hold one interview each."""
    for case in life.running.database.cases(open_only=True):
        section = case.unit != "bureau"
        try:
            if case.state is CaseState.TRACKING and case.indicator and case.feedback_at is None:
                life.act(c.GiveFeedback, f"c{case.unit[1:]}" if section else "office", case=str(case.id), text="已整改")
                return
            if case.state is CaseState.INTERVIEW and case.interview_at is None:
                words = "已约谈负责人，承诺月底前整改"
                life.act(c.HoldInterview, "auditor" if section else "inspector", case=str(case.id), text=words)
                return
        except Refused:
            continue


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[ReadMail], dict[str, str]]:
    """The mails that arrived, and how every report stood at the end."""
    folder = tmp_path_factory.mktemp("first") / "office"
    settings = read_settings(write_office(folder))
    url = f"sqlite:///{folder / 'kaoji.db'}"
    create(url)
    clock = VirtualClock(BEGINS)
    with (
        MailSink(folder / "mail") as sink,
        put_together(settings, clock, url) as running,
        asyncio.Runner() as runner,
    ):
        dispatcher = dispatcher_for(running, sink=(sink.host, sink.port))
        life = Life(running, lambda: runner.run(dispatcher.drain()))
        found(running)
        months = (date(2026, 12, 1), date(2027, 1, 1))
        for moment, step in sorted((one for month in months for one in plan(running, month)), key=lambda one: one[0]):
            if moment <= ENDS:
                life.until(moment)
                step(life)
        life.until(ENDS)
        life.send()
        runner.run(dispatcher.close())
        states = {report.ref: report.state for report in running.database.reports()}
    return read_maildir(folder / "mail"), states


def test_the_office_begins_with_the_month_that_leaves_its_people_time(
    lived: tuple[list[ReadMail], dict[str, str]],
) -> None:
    mails, states = lived

    assert {ref.partition("/")[0] for ref in states} == {"2026-12", "2027-01"}
    assert states["2026-12/s0"] == states["2026-12/bureau"] == "supervised"
    assert min(mail.date for mail in mails).astimezone(ZONE).date() >= date(2026, 11, 24)


def test_no_mail_accuses_anybody_of_what_was_due_before_the_first_start(
    lived: tuple[list[ReadMail], dict[str, str]],
) -> None:
    deadline = datetime(2026, 12, 11, 17, 0, tzinfo=ZONE)
    lists = ("今日汇总", "督查待办")  # they say how many there are, and there are none
    early = [mail for mail in lived[0] if mail.date < deadline and not any(word in mail.subject for word in lists)]

    assert early
    accusing = ("已逾期", "请立即报送", "逾期未报", "拟扣")
    assert not [mail.subject for mail in early if any(word in mail.subject + mail.text for word in accusing)]
    assert not [
        mail.subject for mail in lived[0] if "2026年11月" in mail.subject + mail.text and "对接" not in mail.subject
    ]


def test_nobody_is_buried_in_mail(lived: tuple[list[ReadMail], dict[str, str]]) -> None:
    openings = {date(2026, 12, 1), date(2027, 1, 4)}
    a_day = Counter((mail.date.astimezone(ZONE).date(), mail.address) for mail in lived[0])

    print("\nmails a day   people and days")
    for mails, days in sorted(Counter(a_day.values()).items()):
        print(f"{mails:11}   {days}")
    for (day, address), mails in sorted(a_day.items()):
        if mails > 3:
            print(f"{day}  {address:28} {mails}")
    too_many = {key: mails for key, mails in a_day.items() if mails > MOST_A_DAY and key[0] not in openings}
    assert not too_many
