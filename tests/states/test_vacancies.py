"""Posts that nobody holds, today or from a known day on."""

from datetime import date
from typing import Any

from states.office import Appointment, Role
from states.vacancies import Vacancy, vacancies
from tests.states.builders import CLERK, HEAD, LEADER, OFFICE, STRANGER, an_appointment, an_office, rules

TODAY = date(2015, 10, 8)


def found(*extra: Appointment, without: tuple[str, ...] = (), **policies: Any) -> tuple[Vacancy, ...]:
    return vacancies(rules(an_office(*extra, without=without), **policies), TODAY)


def test_an_office_whose_posts_are_held_without_end_has_no_vacancy() -> None:
    assert found() == ()


def test_a_post_whose_holder_has_left_is_vacant_today() -> None:
    left = an_appointment(LEADER, "shirong", Role.LEADER, until="2015-10-07")

    (one,) = found(left, without=(LEADER,))

    assert (one.units, one.post, one.number, one.where, one.role) == (("shirong",), "signer", 2, "shirong", Role.LEADER)
    assert (one.since, one.until, one.last) == (TODAY, None, LEADER)


def test_the_last_day_of_an_appointment_is_worked() -> None:
    last_day = an_appointment(LEADER, "shirong", Role.LEADER, until="2015-10-08")

    (one,) = found(last_day, without=(LEADER,))

    assert (one.since, one.last) == (date(2015, 10, 9), LEADER)


def test_a_post_that_begins_later_is_vacant_until_then() -> None:
    (one,) = found(an_appointment(HEAD, "shirong", Role.SECTION_HEAD, since="2016-06-01"), without=(HEAD,))

    assert (one.since, one.until, one.last) == (TODAY, date(2016, 6, 1), None)


def test_a_successor_leaves_no_gap_and_a_late_one_leaves_his() -> None:
    leaving = an_appointment(LEADER, "shirong", Role.LEADER, until="2015-12-31")

    assert found(leaving, an_appointment("next", "shirong", Role.LEADER, since="2016-01-01"), without=(LEADER,)) == ()

    (gap,) = found(leaving, an_appointment("next", "shirong", Role.LEADER, since="2016-02-01"), without=(LEADER,))
    assert (gap.since, gap.until) == (date(2016, 1, 1), date(2016, 2, 1))


def test_a_vacant_receiver_is_told_once_for_all_units_below() -> None:
    (drafter, receiver) = found(without=(OFFICE,))

    assert (drafter.units, drafter.post) == (("bureau",), "drafter")
    assert (receiver.units, receiver.post, receiver.where) == (("shirong", "huanwei"), "receiver", "bureau")


def test_a_signer_who_alone_drafts_may_not_sign() -> None:
    changed = (an_appointment(CLERK, "shirong", Role.CLERK), an_appointment(CLERK, "shirong", Role.SECTION_HEAD))

    (one,) = found(*changed, without=(HEAD,))

    assert (one.post, one.number, one.drafter) == ("signer", 1, CLERK)
    assert found(*changed, without=(HEAD,), drafter_may_sign=True) == ()
    assert found(*changed, an_appointment(STRANGER, "shirong", Role.CLERK), without=(HEAD,)) == ()


def test_vacancies_of_today_come_first() -> None:
    later = an_appointment(LEADER, "shirong", Role.LEADER, until="2015-12-31")

    assert [one.since for one in found(later, without=(LEADER, OFFICE))] == [TODAY, TODAY, date(2016, 1, 1)]
