"""What a daemon does before its first heartbeat: begin the office's duties, and take in a changed configuration."""

import structlog

from app.bootstrap import Running
from states.periods import written

log = structlog.get_logger()


def found(running: Running) -> None:
    """Take over what a killed daemon was sending, begin duties not yet watched, take in a changed configuration.

    The first period opened is `daemon.first_period`, else the present month, even when its opening day has passed.
    """
    calendar, now = running.rules.calendar, running.clock.now()
    local = calendar.local(now)
    period = running.settings.first_period or written(local.year, local.month)
    opening = calendar.opening(period, running.settings.policies.open_time)
    running.database.release_leases(now)
    running.workflow.begin_duties(now, opening_since=opening)
    if running.workflow.take_in(running.settings.fingerprint):
        log.info("configuration_taken_in", fingerprint=running.settings.fingerprint)
