"""What a daemon does before its first heartbeat: found a new office, begin its duties."""

from datetime import datetime

import structlog

from app.bootstrap import Serving
from app.prospect import vacancy_said
from app.refusals import Unusable
from states import commands as c
from states.definitions import bodies_of, changes
from states.duties import first_period
from states.office import SYSTEM
from states.rules import Rules
from states.vacancies import vacancies

log = structlog.get_logger()


def found(running: Serving) -> None:
    """Take over what a killed daemon was sending; found a new office; begin duties not yet watched.

    A new office is defined by its files and begins with the first period that leaves its people time enough, or with
    `daemon.first_period`. One at work is defined by its records: files that differ are told of, and change nothing.
    Raises WrongTime where a stated period's deadline has passed, ClockDoubted where the clock cannot be believed,
    Unusable where a new office has a step nobody may do.
    """
    now, settings = running.clock.now(), running.settings
    opening = None
    if not running.database.duties():
        _need_every_post(running.rules, now)
        period = first_period(running.rules, now, settings.first_period)
        opening = running.rules.calendar.opening(period, running.rules.policies.open_time)
    if not define_first(running):
        records = {row.kind: row.body for row in running.database.definitions()}
        differing = changes(records, bodies_of(settings.definitions))
        if differing:
            log.warning("files_differ_from_records", changes=len(differing), remedy="kaoji office apply")
    running.workflow.begin_duties(now, opening_since=opening)
    running.database.release_leases(now)


def define_first(running: Serving) -> bool:
    """Define by its files an office that has defined nothing yet. Returns whether it had not."""
    if running.database.definitions():
        return False
    bodies = tuple(bodies_of(running.settings.definitions).items())
    running.workflow.execute(c.DefineOffice(command_id="found the office", actor=SYSTEM, bodies=bodies))
    return True


def _need_every_post(rules: Rules, now: datetime) -> None:
    """An office at work goes on with a post that falls vacant; a new one does not begin with it."""
    today = rules.calendar.day_of(now)
    said = [vacancy_said(one, rules, today) for one in vacancies(rules, today) if one.since <= today]
    if said:
        raise Unusable("；".join(wrong for wrong, _ in said), "；".join(right for _, right in said))
