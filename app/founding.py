"""What a daemon does before its first heartbeat: begin the office's duties, and take in a changed configuration."""

from datetime import datetime

import structlog

from app.bootstrap import Running
from app.faults import Unusable
from app.prospect import vacancy_said
from app.still_needed import refuse_what_is_needed
from states.duties import first_period
from states.rules import Rules
from states.vacancies import vacancies

log = structlog.get_logger()


def found(running: Running) -> None:
    """Take over what a killed daemon was sending, begin duties not yet watched, take in a changed configuration.

    A new office begins with the first period that leaves its people time enough, or with `daemon.first_period`.
    Raises WrongTime where that one's deadline has passed, ClockDoubted where the clock cannot be believed, Unusable
    where a new office has a step nobody may do, or the configuration lacks what open work needs.
    """
    now, settings = running.clock.now(), running.settings
    opening = None
    refuse_what_is_needed(running.database, settings.office)
    if not running.database.duties():
        _need_every_post(running.rules, now)
        period = first_period(running.rules, now, settings.first_period)
        opening = running.rules.calendar.opening(period, settings.policies.open_time)
    running.workflow.begin_duties(now, opening_since=opening)
    running.database.release_leases(now)
    if running.workflow.take_in(settings.fingerprint):
        log.info("configuration_taken_in", fingerprint=settings.fingerprint)
    if resent := running.workflow.resend_corrected():
        log.info("mails_resent", count=resent, reason="the addresses of their receivers were corrected")


def _need_every_post(rules: Rules, now: datetime) -> None:
    """An office at work goes on with a post that falls vacant; a new one does not begin with it."""
    today = rules.calendar.day_of(now)
    said = [vacancy_said(one, rules, today) for one in vacancies(rules, today) if one.since <= today]
    if said:
        raise Unusable("；".join(wrong for wrong, _ in said), "；".join(right for _, right in said))
