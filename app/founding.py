"""What a daemon does before its first heartbeat: begin the office's duties, and take in a changed configuration."""

import structlog

from app.bootstrap import Running
from states.duties import first_period

log = structlog.get_logger()


def found(running: Running) -> None:
    """Take over what a killed daemon was sending, begin duties not yet watched, take in a changed configuration.

    A new office begins with the first period that leaves its people time enough, or with `daemon.first_period`.
    Raises WrongTime where that one's deadline has passed, ClockDoubted where the clock cannot be believed.
    """
    now, settings = running.clock.now(), running.settings
    opening = None
    if not running.database.duties():
        period = first_period(running.rules, now, settings.first_period)
        opening = running.rules.calendar.opening(period, settings.policies.open_time)
    running.workflow.begin_duties(now, opening_since=opening)
    running.database.release_leases(now)
    if running.workflow.take_in(settings.fingerprint):
        log.info("configuration_taken_in", fingerprint=settings.fingerprint)
