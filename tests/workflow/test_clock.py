"""A clock that cannot be believed: nothing is opened, escalated, mailed or done until it is right, or confirmed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from states import commands as c
from states import events as e
from states.codec import decode
from states.errors import ClockDoubted, ReasonMissing, WrongActor, WrongState
from states.office import SYSTEM
from states.purposes import Purpose
from tests.memory import MemoryStore
from tests.states.builders import ASSESSOR, CLERK, REF, Desk, at, rules
from workflow.chain import BadLink, verified
from workflow.ports import Beat
from workflow.service import Workflow

BEAT = Beat(pid=7, host="server", started_at=at("2015-10-08 08:00"))


class AnyClock:
    """A wall clock: somebody may set it forward or back."""

    def __init__(self, moment: str) -> None:
        self.instant = at(moment)

    def now(self) -> datetime:
        return self.instant

    def set(self, moment: str) -> None:
        self.instant = at(moment)


class Office:
    """An office whose daemon worked until the morning of the eighth of October 2015."""

    def __init__(self) -> None:
        self.clock = AnyClock("2015-10-07 08:00")
        self.store = MemoryStore()
        self.workflow = Workflow(
            self.store, rules(), self.clock, mail_domain="test.example", longest_downtime=timedelta(days=15)
        )
        self.workflow.begin_duties(self.clock.now())
        self.beat("2015-10-08 09:30")

    def beat(self, moment: str) -> None:
        self.clock.set(moment)
        while self.workflow.run_some(BEAT):
            pass

    def resume(self, **more: str) -> None:
        told = {"actor": ASSESSOR, "reason": "服务器停机检修", **more}
        self.workflow.execute(c.Resume(command_id=f"resume {len(self.store.state.events)}", **told))


def urge(office: Office) -> None:
    office.workflow.execute(c.Urge(command_id="urge", actor=CLERK, report=REF))


DOINGS: dict[str, Callable[[Office], object]] = {
    "timers": lambda office: office.workflow.run_some(BEAT),
    "an act": urge,
    "a start": lambda office: office.workflow.begin_duties(office.clock.now()),
    "changed definitions": lambda office: office.workflow.execute(
        c.DefineOffice(command_id="define", actor=SYSTEM, bodies=())
    ),
}


@pytest.mark.parametrize("doing", DOINGS)
@pytest.mark.parametrize("moment", ["2016-11-11 09:00", "2015-10-23 09:31", "2015-10-08 09:20", "2010-01-01 00:00"])
def test_a_clock_that_jumped_does_nothing(moment: str, doing: str) -> None:
    office = Office()
    before = office.store.state
    office.clock.set(moment)

    with pytest.raises(ClockDoubted) as doubted:
        DOINGS[doing](office)

    assert office.store.state is before
    assert "2015-10-08 09:30" in doubted.value.message
    assert "kaoji resume" in doubted.value.remedy


@pytest.mark.parametrize("moment", ["2015-10-23 09:00", "2015-10-08 09:26"])
def test_a_long_rest_and_a_correction_of_minutes_are_believed(moment: str) -> None:
    office = Office()
    office.clock.set(moment)

    assert office.workflow.clock_doubt() is None


def test_when_the_clock_is_right_again_work_goes_on_by_itself() -> None:
    office = Office()
    office.clock.set("2016-11-11 09:00")
    with pytest.raises(ClockDoubted):
        office.workflow.run_some(BEAT)

    office.beat("2015-10-08 10:00")
    urge(office)

    assert office.store.state.events[-1].at == at("2015-10-08 10:00")
    assert office.store.state.messages[-1].purpose is Purpose.URGE


def test_a_long_downtime_that_is_confirmed_is_caught_up_with() -> None:
    office = Office()
    office.clock.set("2015-11-02 10:00")

    office.resume()
    office.beat("2015-11-02 10:00")

    assert office.store.state.reports[REF].overdue
    assert "2015-11/shirong" in office.store.state.reports
    resumed = next(row for row in office.store.state.events if row.kind == "resumed")
    assert (resumed.actor, "服务器停机检修" in resumed.payload) == (ASSESSOR, True)


def test_a_clock_that_was_ahead_and_is_confirmed_as_right_now_stamps_no_act_in_the_future() -> None:
    office = Office()
    office.beat("2015-10-20 09:00")  # twelve days ahead: not far enough to be doubted
    office.clock.set("2015-10-08 10:00")
    with pytest.raises(ClockDoubted):
        urge(office)

    office.resume()
    urge(office)

    urged = office.store.state.events[-1]
    assert (urged.kind, urged.at) == ("holder_urged", at("2015-10-08 10:00"))
    assert not [link for link in verified(office.store.state.events) if isinstance(link, BadLink)]


def test_only_a_confirmed_clock_turns_the_office_s_time_back() -> None:
    office = Office()
    office.beat("2015-10-20 09:00")
    office.clock.set("2015-10-08 10:00")
    office.resume()

    rows = [replace(row, kind="digest_due") if row.kind == "resumed" else row for row in office.store.state.events]

    assert any(isinstance(link, BadLink) for link in verified(rows))


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"actor": "nobody"}, WrongActor), ({"reason": " "}, ReasonMissing)],
)
def test_a_confirmation_names_who_and_why(more: dict[str, str], reason: type[Exception]) -> None:
    office = Office()
    office.clock.set("2016-11-11 09:00")

    with pytest.raises(reason):
        office.resume(**more)

    assert office.workflow.clock_doubt() is not None


def test_there_is_nothing_to_confirm_where_nothing_is_in_doubt() -> None:
    with pytest.raises(WrongState):
        Office().resume()


def test_held_mails_are_let_go_by_the_same_word() -> None:
    office = Office()
    with office.store.begin(office.clock.now()) as tx:
        tx.hold_mail("从备份恢复")
        tx.commit()

    office.resume(reason="已核对")

    assert office.store.state.heartbeat is not None
    assert office.store.state.heartbeat.held_reason is None
    resumed = decode(office.store.state.events[-1].kind, office.store.state.events[-1].payload)
    assert isinstance(resumed, e.Resumed)
    assert resumed.held_since == at("2015-10-08 09:30")


def test_a_fresh_mail_is_due_whatever_the_clock_says() -> None:
    desk = Desk().live_until("2015-10-08 10:00")

    assert {mail.next_attempt_at for mail in desk.store.state.messages} == {
        datetime.fromtimestamp(0, at("2015-10-08").tzinfo)
    }


def test_the_virtual_clock_of_a_replay_is_never_doubted() -> None:
    desk = Desk().sleep_until("2017-01-01 09:00")

    assert desk.facts(e.ReportOverdue)
