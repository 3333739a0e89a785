"""Posts that a reporting unit's work needs and that nobody holds, today or from a known day on (spec, part 4.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from states.office import Post, Role, Unit
from states.route import Need
from states.rules import Rules

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """A step of the reports of `units` that nobody may do on the days from `since` to the one before `until`.

    `post` is what is to be done: `drafter`, `signer`, `receiver` or `assessor`, `number` the place of a signer's step
    on the route, from 1. Its `role` is held in the unit `where`. `last` held it before. With `drafter` set there is a
    signer, but he alone drafts, and may not sign that.
    """

    units: tuple[str, ...]
    post: str
    where: str
    role: Role
    since: date
    until: date | None
    last: str | None
    drafter: str | None = None
    number: int = 0


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
    number: int = 0


def _steps(rules: Rules, unit: Unit) -> Iterator[_Step]:
    duties = rules.office.duties[unit.level]
    yield _Step(unit.code, duties.drafter, "drafter")
    for number, step in enumerate(duties.route.steps, start=1):
        posts = rules.signers(step, unit.code)
        # Of several any one of whom may sign, one who is there is enough: the first stands for all.
        for post in posts if step.need is Need.ALL else _any(rules, posts):
            yield _Step(post.unit, post.role, "signer", number)
    if unit.parent is not None:
        yield _Step(unit.parent, duties.receiver, "receiver")
        yield _Step(unit.parent, duties.assessor, "assessor")


def _any(rules: Rules, posts: tuple[Post, ...]) -> tuple[Post, ...]:
    lasting = any(one.until is None for post in posts for one in rules.office.appointments_to(post.unit, post.role))
    return () if lasting else posts[:1]


def _vacancy(rules: Rules, today: date, step: _Step, units: tuple[str, ...]) -> Vacancy | None:
    """The first gap from today on: the days on which it can begin are today and the days after a last one."""
    office = rules.office
    held = office.appointments_to(step.where, step.role)
    ends = {one.until + _ONE_DAY for one in held if one.until is not None and one.until >= today}
    for day in sorted({today, *ends}):
        if not office.people_in(step.where, step.role, day):
            before = [one for one in held if one.until is not None and one.until < day]
            return Vacancy(
                units=units,
                post=step.post,
                where=step.where,
                role=step.role,
                since=day,
                until=min((one.since for one in held if one.since > day), default=None),
                last=max(before, key=lambda one: one.until or day).person if before else None,
                number=step.number,
            )
    return None


def _signed_by_the_drafter_alone(rules: Rules, today: date) -> Iterator[Vacancy]:
    for unit in rules.office.reporting_units:
        duties = rules.office.duties[unit.level]
        drafters = set(rules.office.people_in(unit.code, duties.drafter, today))
        for number, step in enumerate(duties.route.steps, start=1):
            for post in rules.signers(step, unit.code):
                signers = set(rules.office.people_in(post.unit, post.role, today))
                if signers and signers == drafters and len(drafters) == 1:
                    yield Vacancy(
                        units=(unit.code,),
                        post="signer",
                        where=post.unit,
                        role=post.role,
                        since=today,
                        until=None,
                        last=None,
                        drafter=min(drafters),
                        number=number,
                    )
