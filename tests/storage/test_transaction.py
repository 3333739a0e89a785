"""What a transaction writes is what it reads, on both databases."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from states.canonical import sha256
from states.models import Case, CaseState, DutyKind, PointsStatus, Report
from states.purposes import Purpose
from states.ranks import RankKind, RankReading
from storage.database import Database, open_database
from storage.errors import Conflict, RuleBroken, TransactionEnded
from tests.storage.builders import (
    DAY,
    HOUR,
    NOW,
    RARE,
    a_case,
    a_contact,
    a_duty,
    a_message,
    a_report,
    a_signoff,
    an_entry,
    an_event,
    append,
    attempt,
    stored,
)
from workflow.chain import GENESIS, BadLink, verified
from workflow.ports import Question, Transaction

FULL_REPORT = a_report(
    state="supervised",
    round=3,
    overdue=True,
    submitted_at=NOW + HOUR,
    drafters=("shirong.clerk", RARE),
    last_actor="shirong.head",
    holders=(),
    wake_at=None,
    entries=(
        an_entry("szcg", rank_text=RARE, target='引号" 反斜线\\ 换行\n'),
        an_entry("hwgg", reading=RankReading(kind=RankKind.NONE, tied=False, estimated=False), flags=(), place=None),
        an_entry("srzz", reading=RankReading(kind=RankKind.UNREADABLE), three_district_rank=None),
    ),
)
FULL_CASE = a_case(
    state=CaseState.CLOSED,
    feedback_at=NOW,
    interview_at=NOW + HOUR,
    appealed_at=NOW + DAY,
    proposed_at=NOW,
    points=0,
    points_status=PointsStatus.WITHDRAWN,
    closed_at=NOW + 2 * DAY,
    wake_at=None,
)


@pytest.mark.parametrize("report", [a_report(), a_report(entries=()), FULL_REPORT], ids=["draft", "bare", "full"])
def test_a_report_comes_back_as_it_was_saved(database: Database, report: Report) -> None:
    stored(database, report)

    with database.begin(NOW) as tx:
        assert tx.report("2015-10/shirong") == report


@pytest.mark.parametrize("case", [a_case(), FULL_CASE, a_case(indicator=None)], ids=["open", "full", "overdue"])
def test_a_case_comes_back_as_it_was_saved(database: Database, case: Case) -> None:
    stored(database, a_report(), case)

    with database.begin(NOW) as tx:
        assert tx.case("1") == case


def test_a_duty_comes_back_as_it_was_saved(database: Database) -> None:
    stored(database, a_duty(), a_duty(DutyKind.OPENING, wake_at=None))

    with database.begin(NOW) as tx:
        assert tx.duty(DutyKind.LIAISON, "shirong") == a_duty()
        assert tx.duty(DutyKind.OPENING, "shirong") == a_duty(DutyKind.OPENING, wake_at=None)


def test_what_does_not_exist_is_none(database: Database) -> None:
    with database.begin(NOW) as tx:
        assert tx.report("2015-10/nobody") is None
        assert [tx.case(key) for key in ("1", "9" * 30, "２", "a", "a/b", "2015-10/x/overdue", "")] == [None] * 7
        assert tx.duty(DutyKind.DIGEST, "shirong") is None
        assert tx.overdue_case("2015-10/nobody") is None
        assert tx.answered("never") == ()
        assert tx.head() == (0, GENESIS)
        assert tx.next_case_id() == 1
        assert tx.earliest_wake(NOW) is None


def test_events_come_back_as_they_were_appended(database: Database) -> None:
    with database.begin(NOW) as tx:
        events = append(
            tx,
            an_event(payload=f'{{"opinion":"{RARE}"}}', command_id="c1", from_state="draft", to_state="submitted"),
            an_event(item_seq=2, at=NOW.replace(microsecond=7)),
        )
        tx.commit()

    with database.begin(NOW) as tx:
        assert tx.events_of("report:2015-10/shirong", 0) == events
        assert tx.events_of("report:2015-10/shirong", 1) == events[1:]
        assert tx.head() == (2, events[1].hash)


def test_a_command_is_answered_with_its_own_events(database: Database) -> None:
    names = ["one", None, None, "two", None]
    with database.begin(NOW) as tx:
        events = append(tx, *(an_event(item_seq=n, command_id=name) for n, name in enumerate(names, 1)))
        tx.commit()

    with database.begin(NOW) as tx:
        assert tx.answered("one") == events[:3]
        assert tx.answered("two") == events[3:]
        assert tx.answered("three") == ()


def test_signatures_contacts_and_mails_come_back(database: Database) -> None:
    stored(database, a_report(), events=[an_event(), an_event(item_seq=2)])
    mail = a_message(2, facts={"opinion": RARE, "rows": [1, None]}, purpose=Purpose.OVERDUE, cc=True)

    with database.begin(NOW) as tx:
        tx.add_signoff(a_signoff(opinion=RARE, on_behalf_of="shirong.head2"))
        tx.add_contact(a_contact(text=RARE, visit=False))
        tx.enqueue([mail, a_message(1)])
        tx.commit()

    assert database.signoffs("2015-10/shirong") == [a_signoff(opinion=RARE, on_behalf_of="shirong.head2")]
    assert database.contacts() == [a_contact(text=RARE, visit=False)]
    assert database.messages() == [replace(mail, id=1), replace(a_message(1), id=2)]


def test_voided_signatures_make_room_for_new_ones(database: Database) -> None:
    stored(database, a_report(), events=[an_event(item_seq=n) for n in (1, 2, 3)])

    with database.begin(NOW) as tx:
        tx.add_signoff(a_signoff(1))
        tx.void_signoffs("2015-10/shirong", 2)
        tx.add_signoff(a_signoff(3, round=2))
        tx.commit()

    assert [row.void_seq for row in database.signoffs("2015-10/shirong")] == [2, None]


def test_an_update_changes_the_row_and_the_entries_that_differ(database: Database) -> None:
    before = a_report(entries=tuple(an_entry(code) for code in "abc"))
    entries = (before.entries[0], an_entry("d", rank_text="第1"), replace(before.entries[1], target="第一"))
    after = replace(before, seq=2, version=2, state="section_signed", step=1, holders=("甲", "乙"), entries=entries)
    stored(database, before)

    with database.begin(NOW) as tx:
        tx.save_report(before, after)
        tx.commit()

    assert database.report(before.ref) == after


@pytest.mark.parametrize("kind", ["report", "case", "duty"])
def test_an_update_decided_on_an_older_row_is_refused(database: Database, kind: str) -> None:
    report, case, duty = a_report(seq=5), a_case(seq=5), a_duty(seq=5)
    stored(database, report, case, duty)

    acts: dict[str, Callable[[Transaction], object]] = {
        "report": lambda tx: tx.save_report(replace(report, seq=4), replace(report, seq=6)),
        "case": lambda tx: tx.save_case(replace(case, seq=4), replace(case, seq=6)),
        "duty": lambda tx: tx.save_duty(replace(duty, seq=4), replace(duty, seq=6)),
    }
    with pytest.raises(Conflict, match=kind):
        attempt(database, acts[kind])
    assert (database.report(report.ref), database.case("1"), database.duties()) == (report, case, [duty])


def test_time_never_runs_backwards_in_the_chain(database: Database) -> None:
    stored(database, events=[an_event(at=NOW + HOUR)])

    with database.begin(NOW) as tx:
        assert tx.now == NOW + HOUR
    with database.begin(NOW + DAY) as tx:
        assert tx.now == NOW + DAY


def test_a_beginning_that_fails_leaves_the_store_usable(database: Database) -> None:
    stored(database, events=[an_event()])

    with pytest.raises(TypeError):
        database.begin(NOW.replace(tzinfo=None)).__enter__()
    stored(database, a_report())


def test_leaving_without_commit_undoes_everything(database: Database) -> None:
    with database.begin(NOW) as tx:
        append(tx, an_event())
        tx.save_report(None, a_report())

    assert database.reports() == []
    assert database.head() == (0, GENESIS)


def test_an_error_undoes_everything_and_leaves_the_store_usable(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        attempt(database, lambda tx: tx.save_report(None, a_report()), lambda _: 1 // 0)

    stored(database, a_report())
    assert len(database.reports()) == 1


def test_nothing_can_be_written_before_the_block_or_after_the_commit(database: Database) -> None:
    outside = database.begin(NOW)
    with pytest.raises(TransactionEnded):
        outside.save_report(None, a_report())

    with pytest.raises(TransactionEnded):
        attempt(database, lambda tx: tx.commit(), lambda tx: tx.save_report(None, a_report()))
    assert database.reports() == []


def test_lists_of_reports_are_in_their_promised_order(database: Database) -> None:
    later, first, second = a_report(period="2015-11"), a_report(unit="zhidui"), a_report()
    stored(database, later, first, second)

    with database.begin(NOW) as tx:
        assert tx.reports_of("shirong") == [second, later]
        assert tx.reports_in("2015-10") == [first, second]
        assert tx.reports_in("2015-12") == []


def test_lists_of_cases_hold_the_open_ones_by_number(database: Database) -> None:
    cases = [
        a_case(3),
        a_case(1, indicator="hwgg", state=CaseState.CLOSED, closed_at=NOW),
        a_case(2, indicator=None),
        a_case(4, report="2015-10/zhidui"),
    ]
    stored(database, a_report(), a_report(unit="zhidui"), *cases)

    with database.begin(NOW) as tx:
        assert [case.id for case in tx.open_cases("shirong")] == [2, 3]
        assert [case.id for case in tx.all_open_cases()] == [2, 3, 4]
        assert tx.overdue_case("2015-10/shirong") == cases[2]
        assert tx.next_case_id() == 5


def test_a_case_is_found_by_number_and_by_name(database: Database) -> None:
    closed: dict[str, Any] = {"state": CaseState.CLOSED, "closed_at": NOW}
    cases = [a_case(1, **closed), a_case(2), a_case(3, **closed), a_case(4, indicator=None, **closed)]
    stored(database, a_report(), *cases, a_case(5, indicator=None, **closed))

    with database.begin(NOW) as tx:
        found = [tx.case(key) for key in ("3", "2015-10/shirong/szcg", "2015-10/shirong/overdue")]
    assert [case and case.id for case in found] == [3, 2, 5]


def test_points_are_counted_in_their_span_unless_withdrawn(database: Database) -> None:
    def proposed(number: int, at: datetime, points: int, status: PointsStatus) -> Case:
        more: dict[str, Any] = {
            "state": CaseState.SCORE_DEDUCTION,
            "proposed_at": at,
            "points": points,
            "points_status": status,
        }
        return a_case(number, "2015-10/shirong", f"i{number}", **more)

    stored(
        database,
        a_report(),
        *(
            proposed(1, NOW, 1, PointsStatus.PROPOSED),
            proposed(2, NOW + DAY, 2, PointsStatus.CONFIRMED),
            proposed(3, NOW, 4, PointsStatus.WITHDRAWN),
            proposed(4, NOW + 2 * DAY, 8, PointsStatus.PROPOSED),
            proposed(5, NOW - HOUR, 16, PointsStatus.PROPOSED),
        ),
    )

    with database.begin(NOW) as tx:
        assert tx.points_of("shirong", NOW, NOW + 2 * DAY) == 3
        assert tx.points_of("zhidui", NOW, NOW + 2 * DAY) == 0


def test_the_earliest_subject_wakes_first_and_duties_go_before_reports_before_cases(database: Database) -> None:
    stored(
        database,
        a_report(wake_at=NOW + DAY),
        a_case(7, wake_at=NOW + DAY),
        a_report(unit="zhidui", wake_at=NOW + 2 * DAY),
        a_report(unit="fagui", wake_at=NOW + DAY),
        a_duty(unit="zhidui", wake_at=NOW + DAY),
        a_duty(unit="fagui", wake_at=NOW + DAY),
        a_case(8, indicator="hwgg", wake_at=NOW + HOUR),
        a_duty(unit="never", wake_at=None),
    )
    order = []

    with database.begin(NOW) as tx:
        assert tx.earliest_wake(NOW) is None
        while (due := tx.earliest_wake(NOW + 9 * DAY)) is not None:
            order.append(due)
            tx.defer_wake(due[0], NOW + 10 * DAY, "set aside")

    names = ["case:8", "duty:liaison/zhidui", "duty:liaison/fagui", "report:2015-10/shirong", "report:2015-10/fagui"]
    assert [name for name, _ in order] == [*names, "case:7", "report:2015-10/zhidui"]
    assert [at - NOW for _, at in order] == [HOUR, *[DAY] * 5, 2 * DAY]


def test_a_failed_timer_is_recorded_until_it_is_over(database: Database) -> None:
    stored(database, a_report(), a_case(), a_duty())
    with database.begin(NOW) as tx:
        for subject in ("report:2015-10/shirong", "case:1", "duty:liaison/shirong"):
            tx.defer_wake(subject, NOW + HOUR, f"{RARE}: {subject}")
        tx.commit()
    assert [failure.subject.partition(":")[0] for failure in database.wake_failures()] == ["report", "case", "duty"]

    with database.begin(NOW) as tx:
        report = tx.report("2015-10/shirong")
        assert report is not None
        tx.save_report(report, replace(report, seq=2, wake_at=NOW + 2 * DAY))
        tx.commit()
    assert [failure.error for failure in database.wake_failures()] == [
        f"{RARE}: case:1",
        f"{RARE}: duty:liaison/shirong",
    ]


def test_deferring_what_does_not_exist_is_refused(database: Database) -> None:
    with pytest.raises(Conflict), database.begin(NOW) as tx:
        tx.defer_wake("report:2015-10/nobody", NOW, "boom")


def test_a_second_report_of_a_unit_and_period_is_refused(database: Database) -> None:
    stored(database, a_report())

    with pytest.raises(RuleBroken):
        stored(database, a_report())


def test_a_store_opened_again_holds_what_was_committed(url: str) -> None:
    with open_database(url) as first:
        stored(first, FULL_REPORT, FULL_CASE, events=[an_event(prev_hash=sha256("x"))])

    with open_database(url, read_only=True) as second:
        assert (second.report(FULL_REPORT.ref), second.case("1")) == (FULL_REPORT, FULL_CASE)
        with pytest.raises(RuntimeError, match="reading only"):
            second.begin(NOW)


def test_what_failed_apart_is_undone_alone_and_the_chain_goes_on_from_before_it(database: Database) -> None:
    with database.begin(NOW) as tx:
        with tx.apart():
            append(tx, an_event("report:first"))
        before = tx.head()
        with pytest.raises(ZeroDivisionError):
            _write_and_break(tx)
        assert tx.head() == before
        with tx.apart():
            append(tx, an_event("report:last"))
        tx.commit()

    assert [row.subject for row in database.events()] == ["report:first", "report:last"]
    assert not any(isinstance(link, BadLink) for link in verified(database.events()))
    assert database.reports() == []


def test_what_the_database_refuses_apart_leaves_nothing_half_done(database: Database) -> None:
    """A file refuses at once, and the rest stands; a server may refuse at the commit, and nothing does."""
    left = []
    with suppress(RuleBroken), database.begin(NOW) as tx:
        tx.save_report(None, a_report())
        with suppress(RuleBroken), tx.apart():
            tx.save_report(None, a_report("fagui"))
            tx.save_report(None, a_report())
        tx.commit()
        left = ["shirong"]

    assert [report.unit for report in database.reports()] == left


def _write_and_break(tx: Transaction) -> None:
    with tx.apart():
        append(tx, an_event("report:broken"))
        tx.save_report(None, a_report())
        raise ZeroDivisionError


def test_what_was_foreseen_is_never_older_than_what_was_written(database: Database) -> None:
    stored(database, a_report(), a_report(period="2015-09"), events=[an_event()])
    subject, kind = "report:2015-10/shirong", "report_sent"
    foreseen = [
        Question("report", ("2015-10/shirong",)),
        Question("last_report", ("shirong", "2015-10")),
        Question("count_of_kind", (subject, kind)),
        Question("answered", ("act 1",)),
    ]

    with database.begin(NOW, foreseen) as tx:
        last, present = tx.last_report("shirong", "2015-10"), tx.report("2015-10/shirong")
        assert last is not None
        assert present is not None
        assert (last.period, present.seq) == ("2015-09", 1)
    with database.begin(NOW, foreseen) as tx:
        append(tx, an_event(subject, 2, kind=kind, command_id="act 1"))
        tx.save_report(present, replace(present, seq=2))
        tx.save_report(last, replace(last, seq=5))

        again, before = tx.report("2015-10/shirong"), tx.last_report("shirong", "2015-10")
        assert again is not None
        assert before is not None
        assert (again.seq, before.seq) == (2, 5)
        assert tx.count_of_kind(subject, kind) == 2
        assert [row.command_id for row in tx.answered("act 1")] == ["act 1"]


def test_the_last_report_in_which_an_indicator_had_a_rank_is_found_however_long_ago(database: Database) -> None:
    supervised: dict[str, Any] = {"state": "supervised", "submitted_at": NOW}
    unread = an_entry("szcg", reading=RankReading(kind=RankKind.UNREADABLE), flags=())
    stored(
        database,
        a_report(period="2013-05", entries=(an_entry("szcg"),), **supervised),
        a_report(period="2014-06", entries=(an_entry("szcg"),)),
        a_report(period="2015-09", entries=(unread,), **supervised),
        a_report("fagui", period="2015-08", entries=(an_entry("szcg"),), **supervised),
    )

    with database.begin(NOW) as tx:
        found = tx.last_ranked("shirong", "szcg", "2015-10")
        assert found is not None
        assert found.period == "2013-05"
        assert tx.last_ranked("shirong", "szcg", "2013-05") is None
        assert tx.last_ranked("shirong", "hwgg", "2015-10") is None
        assert [report.period for report in tx.reports_of("shirong", "2014-06")] == ["2014-06", "2015-09"]
        assert [report.entries for report in tx.open_reports(with_entries=False)] == [()]
