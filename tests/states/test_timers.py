"""Every timer of the spec's part 5 at its instant, exactly once; after downtime; and when one fails."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from states import commands as c
from states import events as e
from states.errors import WrongActor, WrongState
from states.grounds import Ground, Rule
from states.models import Case, CaseState, Flag, PointsStatus, Report
from states.office import BUREAU_DUTIES, DISTRICT_DUTIES, SYSTEM, Level, Role
from states.purposes import Purpose
from tests.memory import MemoryStore, MemoryTransaction
from tests.states.builders import (
    ASSESSOR,
    BUREAU_REF,
    CLERK,
    COLLEAGUE,
    HEAD,
    LEADER,
    OFFICE,
    REF,
    STRANGER,
    Desk,
    an_appointment,
    an_indicator,
    an_office,
    at,
    filled_rows,
    rules,
    without_times,
)
from workflow.ports import Question
from workflow.service import Workflow

REPORT = f"report:{REF}"
TICK = timedelta(microseconds=1)


ONE_SECTION = an_office(indicators=[an_indicator("szcg"), an_indicator("srzz")])


def a_desk_with_a_lagging_case() -> Desk:
    """The report was reviewed by itself on 15 October 17:00; szcg lags, and its case is the office's first."""
    desk = Desk(rules_=rules(ONE_SECTION)).live_until("2015-10-12 10:00")
    return desk.submit(rows=(*filled_rows("第10", ["szcg"]), *filled_rows("第5", ["srzz"]))).live_until(
        "2015-10-16 08:00"
    )


# --- opening, reminders, the overdue ladder ------------------------------------------------------------------------


def test_every_timer_of_an_unsubmitted_report_fires_at_its_instant_and_once() -> None:
    desk = Desk().live_until("2015-12-01 08:00")

    assert desk.instants(e.PeriodOpened) == ["2015-10-08 09:00", "2015-11-02 09:00"]
    assert desk.instants(e.ReportOpened, REPORT) == ["2015-10-08 09:00"]
    assert desk.instants(e.HolderReminded, REPORT) == ["2015-10-09 09:00", "2015-10-12 09:00", "2015-10-13 09:00"]
    assert desk.instants(e.ReportOverdue, REPORT) == ["2015-10-13 17:00"]
    assert desk.instants(e.OverdueEscalated, REPORT) == ["2015-10-15 09:00", "2015-10-19 09:00", "2015-10-22 09:00"]


def test_every_unit_with_an_indicator_gets_one_report() -> None:
    desk = Desk().live_until("2015-10-08 09:00")

    assert list(desk.store.state.reports) == [BUREAU_REF, REF, "2015-10/huanwei"]


@pytest.mark.parametrize(
    ("kind", "instant"),
    [
        (e.PeriodOpened, "2015-10-08 09:00"),
        (e.HolderReminded, "2015-10-09 09:00"),
        (e.ReportOverdue, "2015-10-13 17:00"),
        (e.OverdueEscalated, "2015-10-15 09:00"),
        (e.DigestDue, "2015-10-09 08:30"),
        (e.BulletinDue, "2015-10-20 09:00"),
        (e.LiaisonReminded, "2015-10-22 09:00"),
    ],
)
def test_a_timer_fires_at_its_instant_and_not_before(kind: type[e.Event], instant: str) -> None:
    due = at(instant)
    desk = Desk().live_until(due - TICK)
    counts = [len(desk.facts(kind))]

    counts += [len(desk.sleep_until(moment).facts(kind)) for moment in (due, due, due + TICK)]

    before, *after = counts
    assert after == [after[0]] * 3
    assert after[0] > before


@pytest.mark.parametrize(("moment", "is_overdue"), [(-TICK, False), (timedelta(0), True), (TICK, True)])
def test_a_table_submitted_before_the_deadline_is_in_time(moment: timedelta, is_overdue: bool) -> None:
    desk = Desk().live_until(at("2015-10-13 17:00") + moment).submit()

    assert desk.live_until("2015-10-14 08:00").report().overdue is is_overdue


def test_a_deadline_that_a_holiday_moved_before_the_opening_still_counts() -> None:
    early = an_office(duties={Level.BUREAU: replace(BUREAU_DUTIES, due_day=3), Level.DISTRICT: DISTRICT_DUTIES})

    desk = Desk("2015-09-30 08:00", rules_=rules(early)).live_until("2015-10-09 10:00")

    assert desk.report().due_at == at("2015-09-30 17:00")
    assert desk.instants(e.ReportOverdue, REPORT) == ["2015-10-08 09:00"]
    assert desk.instants(e.OverdueEscalated, REPORT) == ["2015-10-09 09:00"]


def test_the_overdue_ladder_ends_in_a_proposal_that_names_its_ground() -> None:
    desk = Desk().live_until("2015-10-22 09:00")

    case = desk.case(next(number for number, case in desk.store.state.cases.items() if case.report == REF))
    assert (case.state, case.points, case.points_status) == (CaseState.SCORE_DEDUCTION, 1, PointsStatus.PROPOSED)
    proposed = next(fact for _, fact in desk.facts(e.PointsProposed, f"case:{case.id}"))
    assert proposed.grounds[0] == Ground(rule=Rule.OVERDUE, count=7, due_at=at("2015-10-13 17:00"))
    assert [fact.grounds[0].count for _, fact in desk.facts(e.OverdueEscalated, REPORT)] == [2, 4, 7]


@pytest.mark.parametrize(
    ("submitted", "state"),
    [
        ("2015-10-15 08:59", None),
        ("2015-10-15 09:00", "closed"),  # the case was opened at that instant, and is only tracked
        ("2015-10-19 08:59", "closed"),
        ("2015-10-19 09:00", "interview"),
        ("2015-10-22 08:59", "interview"),
        ("2015-10-22 09:00", "score_deduction"),
    ],
)
def test_submitting_stops_the_ladder_where_it_stands(submitted: str, state: str | None) -> None:
    desk = Desk().live_until(submitted).submit().live_until("2015-10-23 08:00")

    states = [case.state.value for case in desk.store.state.cases.values() if case.report == REF]
    assert states == ([state] if state else [])


def test_a_case_closed_by_the_assessor_is_not_opened_again_by_the_ladder() -> None:
    desk = Desk().live_until("2015-10-16 10:00")
    desk.on_case(c.CloseCase, ASSESSOR, f"{REF}/overdue")

    desk.live_until("2015-10-30 10:00")

    assert [case.state for case in desk.store.state.cases.values() if case.report == REF] == [CaseState.CLOSED]


def test_a_signed_report_is_reminded_and_overdue_like_a_draft() -> None:
    desk = Desk().live_until("2015-10-09 10:00")
    for kind, actor in ((c.SaveTable, CLERK), (c.Send, CLERK), (c.Sign, HEAD)):
        desk.act(kind, actor)

    desk.live_until("2015-10-14 10:00")

    assert {mail.recipient for mail in desk.mails(Purpose.REMINDER) if mail.facts["report"] == REF} == {CLERK, LEADER}
    assert desk.report().overdue


def test_the_year_holds_ten_points_of_overdue_reports() -> None:
    desk = Desk("2015-01-01 08:00").live_until("2015-12-31 12:00")

    points = [
        case.points for case in desk.store.state.cases.values() if case.unit == "shirong" and case.points is not None
    ]
    assert points == [1] * 10 + [0, 0]


def test_a_withdrawn_proposal_frees_its_place_in_the_year() -> None:
    desk = Desk("2015-01-01 08:00").live_until("2015-11-05 12:00")
    proposed = [case for case in desk.store.state.cases.values() if case.unit == "shirong" and case.points]
    desk.on_case(c.WaivePoints, ASSESSOR, str(proposed[0].id))

    desk.live_until("2015-12-31 12:00")

    points = [
        case.points for case in desk.store.state.cases.values() if case.unit == "shirong" and case.points is not None
    ]
    assert (sum(points), points[-2:]) == (11, [1, 0])


# --- after submission ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "state"), [(-TICK, "submitted"), (timedelta(0), "supervised"), (TICK, "supervised")]
)
def test_a_submitted_report_is_reviewed_by_itself(moment: timedelta, state: str) -> None:
    desk = Desk().live_until("2015-10-12 10:00").submit().live_until(at("2015-10-15 17:00") + moment)

    assert desk.report().state == state
    assert len(desk.facts(e.ReportReviewed)) == (state == "supervised")


def test_the_time_for_the_review_counts_anew_in_every_round() -> None:
    desk = Desk().live_until("2015-10-12 10:00").submit().live_until("2015-10-13 10:00")
    desk.act(c.Return, OFFICE)
    desk.live_until("2015-10-14 10:00").submit()

    desk.live_until("2015-10-30 10:00")

    assert desk.instants(e.ReportReviewed) == ["2015-10-19 17:00"]


def test_a_report_returned_after_submission_has_its_timers_anew() -> None:
    desk = Desk().live_until("2015-10-13 18:00").submit().live_until("2015-10-14 10:00")
    desk.act(c.Return, OFFICE)
    desk.live_until("2015-10-31 10:00")

    assert desk.report().due_at == at("2015-10-19 17:00")
    assert desk.instants(e.HolderReminded, REPORT)[-2:] == ["2015-10-16 09:00", "2015-10-19 09:00"]
    assert desk.instants(e.ReportOverdue, REPORT) == ["2015-10-13 17:00", "2015-10-19 17:00"]
    assert desk.instants(e.OverdueEscalated, REPORT) == ["2015-10-21 09:00", "2015-10-23 09:00", "2015-10-28 09:00"]


def test_a_report_returned_before_submission_keeps_its_timers() -> None:
    desk = Desk().live_until("2015-10-09 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    desk.act(c.Return, HEAD)

    desk.live_until("2015-10-13 18:00")

    assert desk.instants(e.HolderReminded, REPORT) == ["2015-10-09 09:00", "2015-10-12 09:00", "2015-10-13 09:00"]


# --- cases ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("moment", "state"), [(-TICK, "tracking"), (timedelta(0), "interview"), (TICK, "interview")])
def test_without_feedback_a_case_goes_on_to_interview(moment: timedelta, state: str) -> None:
    desk = a_desk_with_a_lagging_case().live_until(at("2015-10-29 17:00") + moment)

    assert desk.case().state.value == state
    advanced = [fact.grounds for _, fact in desk.facts(e.CaseAdvanced, "case:1")]
    assert advanced == [(Ground(rule=Rule.NO_FEEDBACK, count=10),)] * (state == "interview")


def test_feedback_in_time_keeps_a_case_tracked() -> None:
    desk = a_desk_with_a_lagging_case().live_until(at("2015-10-29 17:00") - TICK)
    desk.on_case(c.GiveFeedback, CLERK)

    assert desk.live_until("2015-11-01 08:00").case().state is CaseState.TRACKING


def test_feedback_at_the_very_instant_is_too_late() -> None:
    desk = a_desk_with_a_lagging_case()
    desk.clock.set(at("2015-10-29 17:00"))

    with pytest.raises(WrongState):
        desk.on_case(c.GiveFeedback, CLERK)


def test_an_overdue_case_waits_for_no_feedback() -> None:
    desk = Desk(rules_=rules(interview_after_days=90, deduction_after_days=91)).live_until("2015-11-20 08:00")

    assert desk.case().state is CaseState.TRACKING


def test_an_interview_is_reminded_of_daily_on_working_days_until_it_is_held() -> None:
    desk = a_desk_with_a_lagging_case().live_until("2015-11-10 16:00")
    desk.on_case(c.HoldInterview, ASSESSOR)
    desk.live_until("2015-11-20 08:00")

    assert desk.instants(e.InterviewReminded, "case:1") == ["2015-11-05 17:00", "2015-11-06 17:00", "2015-11-09 17:00"]
    assert set(desk.told(Purpose.INTERVIEW_DUE)) == {ASSESSOR}


def test_a_closed_case_is_not_reminded_of() -> None:
    desk = a_desk_with_a_lagging_case().live_until("2015-11-05 18:00")
    desk.on_case(c.CloseCase, ASSESSOR)

    assert len(desk.live_until("2015-11-20 08:00").facts(e.InterviewReminded, "case:1")) == 1


# --- liaison, digest, bulletin -------------------------------------------------------------------------------------


def test_a_liaison_is_reminded_after_14_days_and_the_head_told_3_working_days_later() -> None:
    desk = Desk().live_until("2015-12-01 08:00")

    assert desk.instants(e.LiaisonReminded) == [
        "2015-10-22 09:00",
        "2015-10-27 09:00",
        "2015-11-05 09:00",
        "2015-11-19 09:00",
    ]
    assert (desk.told(Purpose.LIAISON_DUE), desk.told(Purpose.LIAISON_BEHIND)) == ([COLLEAGUE] * 3, [HEAD])


@pytest.mark.parametrize(("is_visit", "due"), [(True, "2015-11-03 09:00"), (False, "2015-10-22 09:00")])
def test_a_visit_begins_the_fortnight_anew_a_call_does_not(is_visit: bool, due: str) -> None:
    desk = Desk().live_until("2015-10-20 15:00")
    desk.visit(visit=is_visit)

    assert desk.live_until("2015-11-03 10:00").instants(e.LiaisonReminded)[0] == due


def test_a_visit_after_the_reminder_spares_the_head() -> None:
    desk = Desk().live_until("2015-10-26 15:00")
    desk.visit()

    assert desk.live_until("2015-10-30 08:00").mails(Purpose.LIAISON_BEHIND) == []


@pytest.mark.parametrize("person", [CLERK, STRANGER, SYSTEM])
def test_only_the_liaison_logs_a_contact(person: str) -> None:
    with pytest.raises(WrongActor):
        Desk().visit(actor=person)


def test_the_bulletin_comes_on_the_20th_or_the_next_working_day() -> None:
    desk = Desk("2015-10-08 08:00").live_until("2016-01-21 08:00")

    assert desk.instants(e.BulletinDue) == [
        "2015-10-20 09:00",
        "2015-11-20 09:00",
        "2015-12-21 09:00",
        "2016-01-20 09:00",
    ]
    assert [fact.period for _, fact in desk.facts(e.BulletinDue)] == ["2015-10", "2015-11", "2015-12", "2016-01"]
    assert set(desk.told(Purpose.BULLETIN)) == {OFFICE}


def test_the_digest_comes_on_every_working_morning() -> None:
    desk = Desk("2015-09-30 08:00").live_until("2015-10-13 08:00")

    assert desk.instants(e.DigestDue, "duty:digest/bureau") == [
        f"2015-{day} 08:30" for day in ("09-30", "10-08", "10-09", "10-10", "10-12")
    ]


def test_the_digest_tells_what_is_due_overdue_and_escalated() -> None:
    desk = Desk().live_until("2015-10-19 09:30").submit().live_until("2015-10-20 08:30")

    told = desk.mails(Purpose.DIGEST)[-1].facts
    assert [line["report"] for line in told["overdue"]] == [BUREAU_REF, "2015-10/huanwei"]  # type: ignore[attr-defined]  # plain JSON
    assert [line["case_ref"] for line in told["escalated"]] == [f"{REF}/overdue", "2015-10/huanwei/overdue"]  # type: ignore[attr-defined]  # plain JSON


# --- downtime ------------------------------------------------------------------------------------------------------


def ended(live: Callable[[Desk], object]) -> Desk:
    """A desk that lived until the end of October with one report in every standing."""
    desk = Desk()
    live(desk)
    return desk


def outcome(desk: Desk) -> tuple[list[Report], list[Case], set[str]]:
    """What it came to, apart from times."""
    moment = at("2015-10-01 00:00")
    cases = [
        replace(
            case,
            opened_at=moment,
            entered_at=moment,
            timers_until=moment,
            wake_at=None,
            proposed_at=None,
            closed_at=None,
            seq=0,
        )
        for case in desk.store.state.cases.values()
    ]
    kinds = {f"{row.subject} {row.kind} {row.to_state}" for row in desk.store.state.events}
    folded = {kind for kind in kinds if "reminded" not in kind}
    return [without_times(report) for report in desk.store.state.reports.values()], cases, folded


def test_catching_up_comes_to_the_same_as_running() -> None:
    running = ended(lambda desk: desk.live_until("2015-10-28 08:00"))
    caught_up = ended(lambda desk: desk.sleep_until("2015-10-28 08:00"))

    assert outcome(caught_up) == outcome(running)
    assert caught_up.workflow.run_due() == 0


def test_catching_up_applies_missed_timers_in_order_of_due_time() -> None:
    desk = Desk().sleep_until("2015-10-28 08:00")

    rungs = [fact.due_instant for _, fact in desk.facts(e.OverdueEscalated)]
    assert len(rungs) == 9  # three reports, three rungs each
    assert rungs == sorted(rungs)


def test_missed_reminders_of_one_report_are_one_mail() -> None:
    desk = Desk().live_until("2015-10-08 10:00").sleep_until("2015-10-13 10:00")

    (mail,) = (mail for mail in desk.mails(Purpose.REMINDER, CLERK))
    ((_, fact),) = desk.facts(e.HolderReminded, REPORT)
    assert fact.due_instants == (at("2015-10-09 09:00"), at("2015-10-12 09:00"), at("2015-10-13 09:00"))
    assert mail.facts["folded"] == 2


def test_missed_reminders_before_a_missed_deadline_are_part_of_its_mail() -> None:
    desk = Desk().live_until("2015-10-08 10:00").sleep_until("2015-10-14 10:00")

    assert desk.mails(Purpose.REMINDER, CLERK) == []
    assert len(desk.mails(Purpose.OVERDUE, CLERK)) == 1
    assert [len(fact.reminders) for _, fact in desk.facts(e.ReportOverdue, REPORT)] == [3]


def test_missed_reminders_of_an_interview_are_one_mail() -> None:
    desk = a_desk_with_a_lagging_case().live_until("2015-10-30 08:00").sleep_until("2015-11-11 18:00")

    assert [len(fact.due_instants) for _, fact in desk.facts(e.InterviewReminded, "case:1")] == [5]
    assert desk.told(Purpose.INTERVIEW_DUE).count(ASSESSOR) == len(desk.facts(e.InterviewReminded))


def test_missed_digests_are_one_mail_that_tells_what_downtime_came_to() -> None:
    desk = Desk().sleep_until("2015-10-14 10:00")

    (mail,) = desk.mails(Purpose.DIGEST)
    assert (mail.recipient, mail.facts["date"]) == (OFFICE, "2015-10-14")
    assert [line["report"] for line in mail.facts["overdue"]] == [REF, "2015-10/huanwei"]  # type: ignore[attr-defined]  # plain JSON


def test_periods_missed_open_one_after_the_other() -> None:
    desk = Desk("2015-09-01 08:00").sleep_until("2015-11-15 08:00")

    assert [fact.period for _, fact in desk.facts(e.PeriodOpened)] == ["2015-09", "2015-10", "2015-11"]


def test_an_act_after_downtime_meets_what_time_has_done() -> None:
    desk = Desk().live_until("2015-10-12 10:00").submit()
    desk.clock.set(at("2015-10-16 08:00"))  # nobody has run the timers

    with pytest.raises(WrongState, match="已督查"):
        desk.act(c.Return, OFFICE)
    assert desk.report().state == "submitted"  # a refusal changes nothing, not even by timers
    desk.workflow.run_due()
    assert desk.report().state == "supervised"


# --- appointments --------------------------------------------------------------------------------------------------


def a_desk_with_a_successor(since: str) -> Desk:
    """A new clerk takes over at the local midnight that begins `since`."""
    last = (at(f"{since} 00:00") - timedelta(hours=1)).astimezone(UTC) + timedelta(hours=8)
    office = an_office(
        an_appointment(CLERK, "shirong", Role.CLERK, until=last.date().isoformat()),
        an_appointment("new.clerk", "shirong", Role.CLERK, since),
        without=[CLERK],
    )
    return Desk(rules_=rules(office))


@pytest.mark.parametrize(("moment", "holder"), [(-TICK, CLERK), (timedelta(0), "new.clerk")])
def test_an_open_task_moves_to_the_successor_at_midnight(moment: timedelta, holder: str) -> None:
    desk = a_desk_with_a_successor("2015-10-12").live_until(at("2015-10-12 00:00") + moment)

    assert desk.report().holders == (holder,)
    assert desk.told(Purpose.HANDED_OVER) == ([holder, CLERK] if holder == "new.clerk" else [])


def test_the_audit_names_who_handed_over_to_whom() -> None:
    desk = a_desk_with_a_successor("2015-10-12").live_until("2015-10-20 08:00")

    ((instant, fact),) = desk.facts(e.HolderChanged, REPORT)
    assert instant == at("2015-10-12 00:00")
    assert (fact.before, fact.after) == ((CLERK,), ("new.clerk",))


def test_a_change_missed_between_reminders_is_still_in_the_audit_and_told() -> None:
    desk = a_desk_with_a_successor("2015-10-12").live_until("2015-10-08 10:00").sleep_until("2015-10-13 10:00")

    assert [fact.after for _, fact in desk.facts(e.HolderChanged, REPORT)] == [("new.clerk",)]
    assert desk.told(Purpose.HANDED_OVER) == ["new.clerk", CLERK]


def test_a_change_of_a_post_that_holds_nothing_is_no_event() -> None:
    office = an_office(
        an_appointment(LEADER, "shirong", Role.LEADER, until="2015-10-11"),
        an_appointment("new.leader", "shirong", Role.LEADER, "2015-10-12"),
        without=[LEADER],
    )
    desk = Desk(rules_=rules(office)).live_until("2015-10-13 08:00")
    for kind, actor in ((c.SaveTable, CLERK), (c.Send, CLERK), (c.Sign, HEAD)):
        desk.act(kind, actor)

    assert desk.live_until("2015-10-13 12:00").facts(e.HolderChanged) == []
    assert desk.report().holders == ("new.leader",)


def test_changed_appointments_move_open_tasks_and_say_so() -> None:
    desk = Desk().live_until("2015-10-09 10:00")
    successor = an_office(an_appointment("new.clerk", "shirong", Role.CLERK), without=[CLERK])

    desk.define(successor)

    assert [(fact.before, fact.after) for _, fact in desk.facts(e.HolderChanged)] == [((CLERK,), ("new.clerk",))]
    assert desk.told(Purpose.HANDED_OVER) == ["new.clerk", CLERK]


def test_a_new_deadline_rule_is_followed_by_open_cases() -> None:
    desk = a_desk_with_a_lagging_case()

    desk.define(feedback_days=12)

    assert desk.case().wake_at == at("2015-11-02 17:00")


# --- faults --------------------------------------------------------------------------------------------------------


class FailingTransaction(MemoryTransaction):
    """Fails where a timer of REF looks for its overdue case."""

    def __init__(self, store: "FailingStore", now: datetime) -> None:
        super().__init__(store, now)
        self._failing = store

    def overdue_case(self, report: str) -> Case | None:
        if report == REF and self._failing.is_down(self.now):
            raise OSError("disk full")
        return super().overdue_case(report)


class FailingStore(MemoryStore):
    """Down for a while; ten times at the most, so that every test comes to its end."""

    def __init__(self, since: str, until: str) -> None:
        super().__init__()
        self._since, self._until, self._left = at(since), at(until), 10

    def is_down(self, now: datetime) -> bool:
        """Whether this look fails."""
        down = self._since <= now < self._until and self._left > 0
        self._left -= down
        return down

    @contextmanager
    def begin(self, now: datetime, foreseen: Sequence[Question] = ()) -> Iterator[MemoryTransaction]:
        yield FailingTransaction(self, now)


def test_a_timer_that_fails_is_set_aside_and_the_others_go_on() -> None:
    desk = Desk(store=FailingStore("2015-10-15 08:00", "2015-10-15 11:30")).live_until("2015-10-15 09:00")

    assert [fact.report for _, fact in desk.facts(e.CaseOpened)] == ["2015-10/huanwei"]
    assert desk.store.state.failures == [(REPORT, at("2015-10-15 10:00"), "OSError: disk full")]


def test_a_timer_that_failed_is_tried_again_every_hour() -> None:
    desk = Desk(store=FailingStore("2015-10-15 08:00", "2015-10-15 11:30")).live_until("2015-10-15 16:00")

    assert len(desk.store.state.failures) == 3
    assert desk.instants(e.OverdueEscalated, REPORT) == ["2015-10-15 12:00"]


class SteppingClock:
    """A wall clock somebody sets back."""

    def __init__(self, moment: str) -> None:
        self.moment = at(moment)

    def now(self) -> datetime:
        return self.moment


def test_a_clock_set_back_fires_nothing_twice_and_turns_no_time_back() -> None:
    desk = Desk().live_until("2015-10-13 17:00")
    clock = SteppingClock("2015-10-13 15:00")
    set_back = Workflow(desk.store, desk.rules, clock, mail_domain="test.example")
    events = len(desk.store.state.events)

    assert set_back.run_due() == 0
    set_back.execute(c.SaveTable(command_id="late", actor=CLERK, report=REF, rows=filled_rows()))
    clock.moment = at("2015-10-14 08:00")
    set_back.run_due()

    assert desk.store.state.events[events].at == at("2015-10-13 17:00")
    assert len(desk.facts(e.ReportOverdue, REPORT)) == 1


def test_a_timer_that_fails_is_set_aside_even_under_a_clock_set_back() -> None:
    desk = Desk(store=FailingStore("2015-10-13 16:00", "2015-10-14 00:00")).live_until("2015-10-13 17:00")
    desk.store.state.reports[REF] = replace(desk.report(), wake_at=at("2015-10-13 17:00"))
    set_back = Workflow(desk.store, desk.rules, SteppingClock("2015-10-13 15:00"), mail_domain="test.example")

    set_back.run_due()

    assert [until for _, until, _ in desk.store.state.failures] == [at("2015-10-13 18:00")] * 2


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_stepping_clock_misses_and_doubles_nothing(hours: int) -> None:
    desk = Desk("2015-10-08 08:00")
    clock = SteppingClock("2015-10-08 08:00")
    stepping = Workflow(desk.store, desk.rules, clock, mail_domain="test.example")
    while clock.moment < at("2015-10-23 12:00"):
        clock.moment += timedelta(hours=1 if clock.moment.day % 3 else 5)
        stepping.run_due()
        clock.moment += timedelta(hours=hours) if clock.moment.hour == 8 and hours > 0 else timedelta(0)
        if hours < 0 and clock.moment.hour in (9, 10):
            clock.moment += timedelta(hours=hours)
            stepping.run_due()
            clock.moment -= timedelta(hours=hours)

    times = [row.at for row in desk.store.state.events]
    assert times == sorted(times)
    assert len(desk.facts(e.ReportOverdue, REPORT)) == 1
    assert [fact.to.value for _, fact in desk.facts(e.OverdueEscalated, REPORT)] == [
        "tracking",
        "interview",
        "score_deduction",
    ]


def test_flags_of_a_review_by_itself_are_those_of_a_review_by_hand() -> None:
    by_itself = Desk().live_until("2015-10-12 10:00").submit("第10").live_until("2015-10-15 17:00")
    by_hand = Desk().live_until("2015-10-12 10:00").submit("第10").live_until("2015-10-15 16:00")
    by_hand.act(c.Review, ASSESSOR)

    assert [entry.flags for entry in by_itself.report().entries] == [(Flag.LAGGING, Flag.WEAK)] * 2
    assert by_itself.report().entries == by_hand.report().entries
