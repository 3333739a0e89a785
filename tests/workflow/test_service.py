"""The one path: a command has one effect and one answer, or none at all; timers come before it, in its transaction."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest

from states import commands as c
from states import events as e
from states.errors import (
    AlreadyDone,
    Incomplete,
    ReasonMissing,
    Refused,
    Stale,
    UnknownSubject,
    WrongActor,
    WrongContent,
    WrongState,
    WrongTime,
)
from states.models import Report
from states.purposes import Purpose
from storage.database import Database
from storage.errors import RuleBroken, StorageError, Unreachable
from tests.memory import MemoryStore, MemoryTransaction
from tests.states.builders import (
    ASSESSOR,
    CLERK,
    COLLEAGUE,
    HEAD,
    LEADER,
    OFFICE,
    REF,
    STRANGER,
    Desk,
    at,
    filled_rows,
)
from workflow.ports import Question
from workflow.queries import Board
from workflow.service import Answer

MONDAY = "2015-10-12 10:00"


def a_sent_report(store: MemoryStore | None = None) -> Desk:
    """On Monday morning the section's table waits for its first signature."""
    desk = Desk(store=store).live_until(MONDAY)
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    return desk


def a_draft_with_a_gap() -> Desk:
    """On Monday morning a rank of the section's table cannot be read."""
    desk = Desk().live_until(MONDAY)
    desk.act(c.SaveTable, CLERK, rows=filled_rows("看情况"))
    return desk


def a_proposal() -> Desk:
    """Nobody handed in anything: points stand proposed for every unit, the section's by case 1."""
    return Desk().live_until("2015-10-23 10:00")


def numbered(desk: Desk, number: str, kind: type[c.ReportCommand], actor: str, **more: Any) -> Answer:
    """Carry out a command on the section's report under a number of the test's own."""
    return desk.workflow.execute(kind(command_id=number, actor=actor, report=REF, **more))


# --- the same command twice ----------------------------------------------------------------------------------------


def test_the_same_command_twice_has_one_effect_and_one_answer() -> None:
    desk = a_sent_report()
    first = numbered(desk, "one click", c.Sign, HEAD)
    standing = desk.store.state

    again = numbered(desk, "one click", c.Sign, HEAD)

    assert (first.repeated, again.repeated) == (False, True)
    assert (again.events, again.version) == (first.events, first.version)
    assert desk.store.state == standing
    assert len(desk.store.state.signoffs) == 1


def test_a_repeated_command_is_answered_as_then_whatever_happened_since() -> None:
    desk = a_sent_report()
    first = numbered(desk, "one click", c.Sign, HEAD, version=3)
    desk.act(c.Sign, LEADER)
    desk.act(c.Submit, CLERK)

    again = numbered(desk, "one click", c.Sign, HEAD, version=3)

    assert (again.events, again.version, again.repeated) == (first.events, 4, True)


def test_a_command_of_many_facts_is_answered_with_all_of_them() -> None:
    desk = Desk().live_until(MONDAY).submit("第10")
    first = numbered(desk, "review", c.Review, ASSESSOR)
    desk.act(c.Urge, OFFICE, report="2015-10/huanwei")

    again = numbered(desk, "review", c.Review, ASSESSOR)

    assert [row.kind for row in again.events] == ["report_reviewed", "case_opened", "case_opened"]
    assert again.events == first.events


def test_the_number_of_a_command_is_not_free_for_another_persons() -> None:
    desk = a_sent_report()
    numbered(desk, "one click", c.Sign, HEAD)
    standing = desk.store.state

    with pytest.raises(AlreadyDone, match=HEAD) as refused:
        numbered(desk, "one click", c.Sign, LEADER)

    assert refused.value.remedy
    assert desk.store.state == standing


def test_a_second_separate_command_is_judged_on_its_own() -> None:
    desk = a_sent_report()
    desk.act(c.Sign, HEAD)

    with pytest.raises(WrongActor):
        desk.act(c.Sign, HEAD)


def test_a_refused_commands_number_can_be_used_again() -> None:
    desk = Desk().live_until(MONDAY)
    with pytest.raises(Incomplete):
        numbered(desk, "send", c.Send, CLERK)
    desk.act(c.SaveTable, CLERK)

    answer = numbered(desk, "send", c.Send, CLERK)

    assert (answer.repeated, desk.report().sent) == (False, True)


# --- what it was decided on ----------------------------------------------------------------------------------------


def test_a_stale_version_is_refused_naming_what_changed_since() -> None:
    desk = a_sent_report()
    seen = desk.report().version
    desk.act(c.Sign, HEAD)
    desk.act(c.Return, LEADER)

    with pytest.raises(Stale) as refused:
        desk.act(c.Sign, HEAD, version=seen)

    assert f"第 {seen} 版" in refused.value.message
    assert f"第 {seen + 2} 版" in refused.value.message
    assert f"{HEAD}（{HEAD}）签字（科室已签）" in refused.value.message
    assert f"{LEADER}（{LEADER}）退回（起草）" in refused.value.message


def test_what_happened_before_that_version_is_not_named() -> None:
    desk = a_sent_report()
    seen = desk.report().version
    desk.act(c.Sign, HEAD)

    with pytest.raises(Stale) as refused:
        desk.act(c.Sign, LEADER, version=seen)

    assert "送签" not in refused.value.message


def test_a_version_that_never_was_is_refused() -> None:
    desk = a_sent_report()

    with pytest.raises(Stale, match="没有这一版本"):
        desk.act(c.Sign, HEAD, version=99)


def test_a_stale_version_of_a_case_is_refused() -> None:
    desk = a_proposal()

    with pytest.raises(Stale, match="系统转约谈（督查约谈）；系统拟扣分"):
        desk.on_case(c.Appeal, HEAD, version=1)


@pytest.mark.parametrize("reminded", [False, True])
def test_the_present_version_is_accepted_though_a_reminder_went_out_since(reminded: bool) -> None:
    desk = a_sent_report()
    seen = desk.report().version
    if reminded:
        desk.live_until("2015-10-13 10:00")

    assert desk.act(c.Sign, HEAD, version=seen).version == seen + 1


# --- refusals ------------------------------------------------------------------------------------------------------

Act = Callable[[Desk], object]

REFUSED: list[tuple[type[Refused], Callable[[], Desk], Act]] = [
    (UnknownSubject, a_sent_report, lambda desk: desk.act(c.Sign, HEAD, report="2015-10/nobody")),
    (UnknownSubject, a_sent_report, lambda desk: desk.act(c.Sign, HEAD, report="2015-09/shirong")),
    (UnknownSubject, a_sent_report, lambda desk: desk.act(c.Sign, HEAD, report="")),
    (UnknownSubject, a_proposal, lambda desk: desk.on_case(c.Appeal, HEAD, case="99")),
    (UnknownSubject, a_proposal, lambda desk: desk.on_case(c.Appeal, HEAD, case=f"{REF}/szcg")),
    (UnknownSubject, a_sent_report, lambda desk: desk.workflow.execute(a_visit(unit="nobody"))),
    (WrongActor, a_sent_report, lambda desk: desk.act(c.Sign, STRANGER)),
    (WrongActor, a_sent_report, lambda desk: desk.act(c.Sign, "nobody")),
    (WrongActor, a_sent_report, lambda desk: desk.act(c.Sign, "system")),
    (WrongActor, a_sent_report, lambda desk: desk.visit(actor=STRANGER)),
    (WrongState, a_sent_report, lambda desk: desk.act(c.Submit, CLERK)),
    (WrongState, a_proposal, lambda desk: desk.on_case(c.HoldInterview, ASSESSOR)),
    (WrongTime, a_proposal, lambda desk: desk.on_case(c.ConfirmPoints, ASSESSOR)),
    (Stale, a_sent_report, lambda desk: desk.act(c.Sign, HEAD, version=1)),
    (Stale, a_sent_report, lambda desk: desk.act(c.Sign, HEAD, content_sha256="0" * 64)),
    (ReasonMissing, a_sent_report, lambda desk: desk.act(c.Return, HEAD, reason=" \u3000")),
    (Incomplete, a_draft_with_a_gap, lambda desk: desk.act(c.Send, CLERK)),
    (WrongContent, a_sent_report, lambda desk: desk.act(c.SaveTable, CLERK, rows=filled_rows(indicators=["hwgg"]))),
]


def a_visit(unit: str) -> c.LogVisit:
    return c.LogVisit(command_id="visit", actor=COLLEAGUE, unit=unit, text="赴市城管委对接")


@pytest.mark.parametrize(("reason", "a_desk", "act"), REFUSED)
def test_a_refusal_changes_nothing_and_says_what_to_do(
    reason: type[Refused], a_desk: Callable[[], Desk], act: Act
) -> None:
    desk = a_desk()
    standing = desk.store.state

    with pytest.raises(reason) as refused:
        act(desk)

    assert type(refused.value) is reason
    assert refused.value.message
    assert refused.value.remedy
    assert desk.store.state == standing


def test_a_refusal_changes_not_a_byte_of_the_real_database(database: Database, tmp_path: Path) -> None:
    desk = on(database).live_until(MONDAY)
    before = everything(tmp_path)

    for kind, actor in ((c.Sign, HEAD), (c.Send, CLERK), (c.SaveTable, STRANGER), (c.Withdraw, CLERK)):
        with pytest.raises(Refused):
            desk.act(kind, actor)
    with pytest.raises(WrongActor):
        desk.visit(actor=HEAD)

    assert everything(tmp_path) == before


def test_what_people_do_not_give_is_no_command() -> None:
    desk = a_sent_report()

    with pytest.raises(TypeError, match="Wake"):
        desk.workflow.execute(c.Wake(command_id="x", actor=HEAD, subject=f"report:{REF}"))


# --- timers first --------------------------------------------------------------------------------------------------


def test_timers_whose_time_has_come_are_applied_before_the_act() -> None:
    desk = Desk().live_until(MONDAY)
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    desk.act(c.Sign, HEAD)
    desk.clock.set(desk.report().due_at)

    desk.act(c.Sign, LEADER)

    kinds = [row.kind for row in desk.store.state.events if row.subject == f"report:{REF}"]
    assert kinds.index("report_overdue") < kinds.index("report_signed", kinds.index("report_signed") + 1)
    assert desk.report().overdue


def test_the_act_is_judged_by_what_the_timers_made_of_it() -> None:
    desk = Desk().live_until(MONDAY).submit()
    desk.clock.set(desk.rules.review_at(desk.clock.now()))

    with pytest.raises(WrongState, match="已督查"):
        desk.act(c.Return, ASSESSOR)


def test_a_refusal_undoes_the_timers_that_came_before_it() -> None:
    desk = a_sent_report()
    desk.clock.set(desk.report().due_at)
    standing = desk.store.state

    with pytest.raises(WrongActor):
        desk.act(c.Sign, STRANGER)

    assert desk.store.state == standing
    desk.workflow.run_due()
    assert desk.report().overdue


def test_a_timer_that_fails_does_not_stop_an_act_on_something_else() -> None:
    store = OneBadReport()
    desk = Desk(store=store).live_until(MONDAY)
    store.bad = "2015-10/huanwei"
    desk.clock.set(desk.report().due_at)

    desk.act(c.SaveTable, CLERK)

    assert [subject for subject, _, _ in store.state.failures] == ["report:2015-10/huanwei"]
    assert desk.report().overdue
    assert desk.report().entries[0].rank == 5


class OneBadReport(MemoryStore):
    """Saving the report named `bad` fails; with `then`, otherwise the second time."""

    bad: str | None = None
    fault: Exception = OSError("disk error")
    then: Exception | None = None

    @contextmanager
    def begin(self, now: datetime, foreseen: Sequence[Question] = ()) -> Iterator[MemoryTransaction]:
        yield _OneBadReport(self, now)


class _OneBadReport(MemoryTransaction):
    def save_report(self, before: Any, after: Any) -> None:
        if isinstance(self._store, OneBadReport) and after.ref == self._store.bad:
            fault = self._store.fault
            self._store.fault = self._store.then or fault
            raise fault
        super().save_report(before, after)


@pytest.mark.parametrize("beat", ["run_due", "run_some"])
def test_a_fault_of_the_database_is_no_fault_of_the_timer_that_met_it(beat: str) -> None:
    store = OneBadReport()
    desk = Desk(store=store).live_until(MONDAY)
    store.bad, store.fault = REF, Unreachable("数据库连不上", "请稍后重试")
    desk.clock.set(desk.report().due_at)

    with pytest.raises(Unreachable):
        getattr(desk.workflow, beat)()

    assert store.state.failures == []
    store.bad = None
    desk.workflow.run_due()
    assert desk.report().overdue


@pytest.mark.parametrize("beat", ["run_due", "run_some"])
def test_a_fault_of_the_database_is_no_timer_s_fault_either_when_each_is_tried_by_itself(beat: str) -> None:
    store = OneBadReport()
    desk = Desk(store=store).live_until(MONDAY)
    store.bad, store.then = REF, Unreachable("数据库连不上", "请稍后重试")
    desk.clock.set(desk.report().due_at)

    with pytest.raises(Unreachable):
        getattr(desk.workflow, beat)()

    assert store.state.failures == []


class CountingStore(MemoryStore):
    """A store that notes which reports it hands out by the list."""

    def __init__(self) -> None:
        super().__init__()
        self.handed_out: set[str] = set()

    @contextmanager
    def begin(self, now: datetime, foreseen: Sequence[Question] = ()) -> Iterator[MemoryTransaction]:
        yield _Counting(self, now)


class _Counting(MemoryTransaction):
    def _noted(self, found: Sequence[Report]) -> Sequence[Report]:
        if isinstance(self._store, CountingStore):
            self._store.handed_out |= {report.ref for report in found}
        return found

    def open_reports(self, *, with_entries: bool = True) -> Sequence[Report]:
        return self._noted(super().open_reports(with_entries=with_entries))

    def reports_between(self, first: str, last: str) -> Sequence[Report]:
        return self._noted(super().reports_between(first, last))

    def reports_of(self, unit: str, since: str = "") -> Sequence[Report]:
        return self._noted(super().reports_of(unit, since))


@pytest.mark.parametrize(
    ("since", "until", "kind"),
    [
        ("2015-11-10 09:00", "2015-11-11 08:30", "digest_due"),
        ("2015-11-01 09:00", "2015-11-02 09:00", "period_opened"),
        ("2015-11-10 09:00", "2015-11-20 18:00", "bulletin_due"),
    ],
)
def test_a_list_loads_no_more_reports_than_it_tells_of(since: str, until: str, kind: str) -> None:
    """An office that has worked for years waits no longer in the morning than in its first month."""
    store = CountingStore()
    desk = Desk(store=store).live_until(since)
    old = {f"{year}-{month:02d}/shirong" for year in range(2005, 2014) for month in range(1, 13)}
    for ref in old:
        done = replace(desk.report(), ref=ref, period=ref[:7], state="supervised", holders=(), wake_at=None)
        store.state.reports[ref] = done
    store.handed_out.clear()

    desk.live_until(until)

    assert kind in {row.kind for row in store.state.events if row.at > at(since)}
    assert store.handed_out
    assert store.handed_out & old == set()


# --- all or nothing ------------------------------------------------------------------------------------------------


class FailingStore(MemoryStore):
    """A store of which one operation fails: the one that `failing` names."""

    failing: str | None = None

    @contextmanager
    def begin(self, now: datetime, foreseen: Sequence[Question] = ()) -> Iterator[MemoryTransaction]:
        transaction = MemoryTransaction(self, now)
        if self.failing is not None:
            setattr(transaction, self.failing, _fail)
        yield transaction


def _fail(*_: object) -> NoReturn:
    raise OSError("disk full")


@pytest.mark.parametrize("operation", ["append_events", "save_report", "add_signoff", "enqueue", "commit"])
def test_events_rows_signatures_and_mails_are_written_together_or_not_at_all(operation: str) -> None:
    store = FailingStore()
    desk = a_sent_report(store)
    standing = store.state

    store.failing = operation
    with pytest.raises(OSError, match="disk full"):
        numbered(desk, "sign", c.Sign, HEAD)
    assert store.state == standing

    store.failing = None
    answer = numbered(desk, "sign", c.Sign, HEAD)
    assert not answer.repeated
    assert (len(store.state.signoffs), desk.told(Purpose.SIGNATURE_NEEDED)) == (1, [HEAD, LEADER])


@pytest.mark.parametrize("table", ["event", "signoff", "message"])
def test_the_real_database_undoes_a_signature_one_of_whose_rows_it_refuses(
    database: Database, tmp_path: Path, table: str
) -> None:
    desk = on(database).live_until(MONDAY)
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    harm(tmp_path, f"CREATE TRIGGER no_more BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no more'); END")
    before = everything(tmp_path)

    with pytest.raises(StorageError) as refused:
        desk.act(c.Sign, HEAD)

    assert isinstance(refused.value, RuleBroken)
    assert everything(tmp_path) == before
    harm(tmp_path, "DROP TRIGGER no_more")
    assert desk.act(c.Sign, HEAD).events[0].to_state == "section_signed"


def test_an_answer_holds_what_was_written(database: Database) -> None:
    desk = on(database).live_until(MONDAY)
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)

    answer = desk.act(c.Sign, HEAD, opinion=" 同意 ")

    assert list(answer.events) == list(database.events_of(f"report:{REF}"))[-1:]
    status = Board(database, timezone="Asia/Shanghai", unit_names={}).status(REF)
    assert status is not None
    assert status["version"] == answer.version
    assert [row.opinion for row in database.signoffs(REF)] == ["同意"]
    assert [mail.recipient for mail in database.messages(recipient=LEADER)] == [LEADER]


def test_only_the_first_fact_of_a_command_bears_its_number() -> None:
    desk = Desk().live_until(MONDAY).submit("第10")

    answer = numbered(desk, "review", c.Review, ASSESSOR)

    assert [row.command_id for row in answer.events] == ["act review", None, None]
    assert desk.facts(e.CaseOpened)


def on(database: Database) -> Desk:
    """A desk at a real database: it asks its store for nothing but transactions."""
    return Desk(store=cast(MemoryStore, database))


def everything(folder: Path) -> dict[str, list[Any]]:
    """Every row of every table."""
    with closing(sqlite3.connect(folder / "office.db")) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables}


def harm(folder: Path, statement: str) -> None:
    """What a stranger with a database tool does."""
    with closing(sqlite3.connect(folder / "office.db")) as connection, connection:
        connection.execute(statement)


def test_of_many_changes_only_the_last_are_told() -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    for _ in range(7):
        desk.act(c.SaveTable, CLERK)

    with pytest.raises(Stale) as refused:
        desk.act(c.Send, CLERK, version=1)

    assert "期间：共 7 项，最近的是：" in refused.value.message
    assert refused.value.message.count("填报") == 5
