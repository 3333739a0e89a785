"""The recurring duties no single report carries: opening a period, liaison, digest, bulletin (spec, parts 5 and 8)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import assert_never

from states import commands as c
from states import events as e
from states.errors import UnknownSubject, WrongActor, WrongState, WrongTime
from states.models import Duty, DutyKind
from states.needs import need_words
from states.office import Level, Role
from states.periods import following, written, year_month
from states.policies import Roll
from states.report import open_report
from states.rules import Rules
from states.situation import Decided, Woken, report_subject


def duty_subject(kind: DutyKind, unit: str) -> str:
    """`duty:KIND/UNIT`."""
    return f"duty:{kind.value}/{unit}"


def all_duties(rules: Rules) -> list[tuple[DutyKind, str]]:
    """Every duty of the office: the opening, a liaison per unit that has one, a desk per receiving unit.

    A desk with an office has its digest and its bulletin; one with an assessor alone, as at the root, its digest.
    """
    office = rules.office
    roots = [unit.code for unit in office.units if unit.level is Level.ROOT]
    liaisons = [unit.code for unit in office.units if office.appointments_to(unit.code, Role.LIAISON)]
    receiving = {unit.parent for unit in office.reporting_units}
    desks = [unit.code for unit in office.units if unit.code in receiving]
    offices = [unit for unit in desks if office.appointments_to(unit, Role.OFFICE)]
    assessors = [unit for unit in desks if unit not in offices and office.appointments_to(unit, Role.ASSESSOR)]
    return [
        (DutyKind.OPENING, roots[0]),
        *((DutyKind.LIAISON, unit) for unit in liaisons),
        *((kind, unit) for unit in offices for kind in (DutyKind.DIGEST, DutyKind.BULLETIN)),
        *((DutyKind.DIGEST, unit) for unit in assessors),
    ]


LONGEST_AHEAD_MONTHS = 24
"""A stated first period further ahead than this is taken for a slip of the pen: nothing would open for years."""


def first_period(rules: Rules, now: datetime, stated: str | None = None) -> str:
    """The period a new office begins with (spec, part 3).

    That is `stated`, else the first one whose earliest deadline is still ahead by at least `returned_days` working
    days. Raises WrongTime where the deadline of a stated one has passed, for its opening would put the whole office
    overdue at once, or where it lies more than LONGEST_AHEAD_MONTHS ahead.
    """
    policies, local = rules.policies, rules.calendar.local(now)
    present = written(local.year, local.month)
    if stated is None:
        enough = rules.calendar.later(now, policies.returned_days, policies.deadline_time)
        period = present
        while earliest_deadline(rules, period) < enough:
            period = following(period)
        return period
    if earliest_deadline(rules, stated) <= now:
        raise WrongTime("first_period_past", period=stated, earliest=first_period(rules, now))
    (year, month), (this_year, this_month) = year_month(stated), year_month(present)
    if (year - this_year) * 12 + month - this_month > LONGEST_AHEAD_MONTHS:
        raise WrongTime("first_period_far", period=stated, months=LONGEST_AHEAD_MONTHS)
    return stated


def earliest_deadline(rules: Rules, period: str) -> datetime:
    """When the first of that period's reports is due; of an office without indicators, when one would be."""
    office = rules.office
    units = office.reporting_units or [unit for unit in office.units if unit.level is not Level.ROOT]
    return min(rules.deadline(period, unit.code) for unit in units)


def begin(kind: DutyKind, unit: str, since: datetime) -> e.DutyBegan:
    """A duty is watched from `since` on; a timer at that very instant still counts."""
    return e.DutyBegan(kind=kind, unit=unit, since=since, timers_until=since - timedelta(microseconds=1))


def log_contact(duty: Duty | None, command: c.LogContact, rules: Rules, now: datetime) -> list[Decided]:
    """A visit or call logged by the unit's liaison officer. Raises UnknownSubject or WrongActor."""
    if command.unit not in rules.office.unit_by_code:
        raise UnknownSubject("no_such_unit", unit=command.unit, units=tuple(rules.office.unit_by_code))
    liaisons = rules.liaisons(command.unit, now)
    if duty is None and command.actor in liaisons:
        raise WrongState("nothing_began")
    if duty is None or command.actor not in liaisons:
        actor, unit = rules.office.person(command.actor), command.unit
        if not liaisons:
            raise WrongActor("no_liaison", actor=actor, unit=unit)
        raise WrongActor("not_liaison", actor=actor, unit=unit, liaisons=rules.office.people_named(liaisons))
    need_words(command)
    if command.took_place is not None and command.took_place > now:
        raise WrongTime("contact_ahead")
    fact = e.ContactLogged(
        visit=isinstance(command, c.LogVisit), text=command.text.strip(), took_place=command.took_place
    )
    return [Decided(duty_subject(DutyKind.LIAISON, command.unit), fact)]


# --- timers --------------------------------------------------------------------------------------------------------


def next_wakeup(duty: Duty, rules: Rules) -> datetime | None:
    """The next instant of the duty after those already applied."""
    match duty.kind:
        case DutyKind.OPENING:
            return _next_opening(duty, rules)[1]
        case DutyKind.LIAISON:
            return _next_liaison(duty, rules)
        case DutyKind.DIGEST:
            return rules.calendar.next_workday_at(duty.timers_until, rules.policies.digest_time)
        case DutyKind.BULLETIN:
            return _next_bulletin(duty, rules)[1]
    assert_never(duty.kind)


def _next_monthly(duty: Duty, rules: Rules, instant: Callable[[str], datetime]) -> tuple[str, datetime]:
    """The first period whose instant lies after what was applied; a roll may move it a month."""
    local = rules.calendar.local(duty.timers_until)
    period = written(local.year - (local.month == 1), (local.month - 2) % 12 + 1)
    while instant(period) <= duty.timers_until:
        period = following(period)
    return period, instant(period)


def _next_opening(duty: Duty, rules: Rules) -> tuple[str, datetime]:
    return _next_monthly(duty, rules, lambda period: rules.calendar.opening(period, rules.policies.open_time))


def _next_bulletin(duty: Duty, rules: Rules) -> tuple[str, datetime]:
    policies = rules.policies
    return _next_monthly(
        duty,
        rules,
        lambda period: rules.calendar.deadline(period, policies.bulletin_day, policies.bulletin_time, Roll.NEXT),
    )


def liaison_instants(duty: Duty, rules: Rules) -> tuple[datetime, datetime]:
    """When the liaison officer, and when the section head, is told after the last visit."""
    policies, calendar = rules.policies, rules.calendar
    due: date = calendar.day_of(duty.since) + timedelta(days=policies.liaison_calendar_days)
    reminded = calendar.at(due, policies.liaison_time)
    return reminded, calendar.later(reminded, policies.liaison_head_days, policies.liaison_time)


def _next_liaison(duty: Duty, rules: Rules) -> datetime:
    """The officer is told when the visit is due, the head some days later, then the officer again every fortnight."""
    due, head = liaison_instants(duty, rules)
    following = due
    while following <= duty.timers_until:
        if duty.timers_until < head and following == due:
            return head
        policies = rules.policies
        day: date = rules.calendar.day_of(following) + timedelta(days=policies.liaison_calendar_days)
        following = rules.calendar.at(day, policies.liaison_time)
    return following


def wake(duty: Duty, rules: Rules, now: datetime) -> Woken:
    """Apply the duty's next instant; digests missed in downtime are one."""
    due = next_wakeup(duty, rules)
    if due is None or due > now:
        return Woken(now, [])
    subject = duty_subject(duty.kind, duty.unit)
    match duty.kind:
        case DutyKind.OPENING:
            return _open_period(duty, rules, subject)
        case DutyKind.LIAISON:
            head = due == liaison_instants(duty, rules)[1]
            return Woken(due, [Decided(subject, e.LiaisonReminded(due_instants=(due,), head=head))])
        case DutyKind.DIGEST:
            last = _last_digest(due, now, rules)
            if last != due:
                # After downtime one stands for all missed: the last, so that it tells what the other timers came to.
                return Woken(last - timedelta(microseconds=1), [])
            return Woken(due, [Decided(subject, e.DigestDue(due_instants=(due,)))])
        case DutyKind.BULLETIN:
            period, due = _next_bulletin(duty, rules)
            return Woken(due, [Decided(subject, e.BulletinDue(period=period, due_instant=due))])
    assert_never(duty.kind)


def _last_digest(first: datetime, now: datetime, rules: Rules) -> datetime:
    following_ = rules.calendar.next_workday_at(first, rules.policies.digest_time)
    while following_ <= now:
        first, following_ = following_, rules.calendar.next_workday_at(following_, rules.policies.digest_time)
    return first


def _open_period(duty: Duty, rules: Rules, subject: str) -> Woken:
    period, due = _next_opening(duty, rules)
    reports = [
        Decided(report_subject(f"{period}/{unit.code}"), open_report(period, unit.code, rules, due))
        for unit in rules.office.reporting_units
    ]
    return Woken(due, [Decided(subject, e.PeriodOpened(period=period, due_instant=due)), *reports])


# --- what a fact makes of it ---------------------------------------------------------------------------------------


def began(event: e.DutyBegan) -> Duty:
    """The duty a DutyBegan makes."""
    return Duty(
        kind=event.kind, unit=event.unit, seq=1, since=event.since, timers_until=event.timers_until, wake_at=None
    )


def evolve(duty: Duty, event: e.DutyEvent, *, at: datetime) -> Duty:
    """The duty after one fact. A visit restarts the fortnight, a call does not."""
    if isinstance(event, e.ContactLogged) and event.visit:
        return replace(duty, seq=duty.seq + 1, since=max(duty.since, event.took_place or at))
    return replace(duty, seq=duty.seq + 1)
