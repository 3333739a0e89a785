"""Posts that a reporting unit's work needs and that nobody holds, today or from a known day on (spec, part 4.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from states.office import Role, Unit
from states.rules import Rules

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """A step of the reports of `units` that nobody may do on the days from `since` to the one before `until`.

    `post` is `drafter`, `first_signer`, `second_signer`, `receiver` or `assessor`; its `role` is held in the unit
    `where`. `last` held it before. With `drafter` set there is a signer, but he alone drafts, and may not sign that.
    """

    units: tuple[str, ...]
    post: str
    where: str
    role: Role
    since: date
    until: date | None
    last: str | None
    drafter: str | None = None


def vacancies(rules: Rules, today: date) -> tuple[Vacancy, ...]:
    """Every post vacant today, or else from the first day ahead on; those of today first.

    A post on the parent is told once for all units whose reports need it.
    """
    needed: dict[_Step, list[str]] = {}
    for unit in rules.office.reporting_units:
        for step in _steps(rules, unit):
            needed.setdefault(step, []).append(unit.code)
    found = [
        vacancy for step, units in needed.items() if (vacancy := _vacancy(rules, today, step, tuple(units))) is not None
    ]
    if not rules.policies.drafter_may_sign:
        found += _signed_by_the_drafter_alone(rules, today)
    return tuple(sorted(found, key=lambda one: one.since))


class _Step(NamedTuple):
    where: str
    role: Role
    post: str


def _steps(rules: Rules, unit: Unit) -> Iterator[_Step]:
    duties = rules.office.duties[unit.level]
    yield _Step(unit.code, duties.drafter, "drafter")
    yield _Step(unit.code, duties.first_signer, "first_signer")
    yield _Step(unit.code, duties.second_signer, "second_signer")
    if unit.parent is not None:
        yield _Step(unit.parent, duties.receiver, "receiver")
        yield _Step(unit.parent, duties.assessor, "assessor")


def _vacancy(rules: Rules, today: date, step: _Step, units: tuple[str, ...]) -> Vacancy | None:
    """The first gap from today on: the days on which it can begin are today and the days after a last one."""
    office, (where, role, post) = rules.office, step
    held = office.appointments_to(where, role)
    ends = {one.until + _ONE_DAY for one in held if one.until is not None and one.until >= today}
    for day in sorted({today, *ends}):
        if not office.people_in(where, role, day):
            before = [one for one in held if one.until is not None and one.until < day]
            return Vacancy(
                units=units,
                post=post,
                where=where,
                role=role,
                since=day,
                until=min((one.since for one in held if one.since > day), default=None),
                last=max(before, key=lambda one: one.until or day).person if before else None,
            )
    return None


def _signed_by_the_drafter_alone(rules: Rules, today: date) -> Iterator[Vacancy]:
    for unit in rules.office.reporting_units:
        duties = rules.office.duties[unit.level]
        drafters = set(rules.office.people_in(unit.code, duties.drafter, today))
        for post, role in (("first_signer", duties.first_signer), ("second_signer", duties.second_signer)):
            signers = set(rules.office.people_in(unit.code, role, today))
            if signers and signers == drafters and len(drafters) == 1:
                yield Vacancy(
                    units=(unit.code,),
                    post=post,
                    where=unit.code,
                    role=role,
                    since=today,
                    until=None,
                    last=None,
                    drafter=min(drafters),
                )
