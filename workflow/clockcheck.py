"""Whether the clock can be believed: one that jumped would open, escalate and mail whole months, past recall."""

from datetime import datetime, timedelta

from states.errors import ClockDoubted
from states.rules import Rules
from workflow.ports import Transaction

TURNED_BACK = timedelta(minutes=5)
"""So far a clock may go back without a word: servers of time set it right by seconds. Nothing is stamped earlier."""


def doubt(tx: Transaction, rules: Rules, longest_downtime: timedelta | None) -> ClockDoubted | None:
    """Why nothing can be done at what the clock says; None where it can be believed, or is a virtual one."""
    if longest_downtime is None or tx.last_worked is None:
        return None
    return astray(tx, rules) or doubt_of(tx.clock, tx.last_worked, longest_downtime, rules)


def astray(tx: Transaction, rules: Rules) -> ClockDoubted | None:
    """A server's database is acted on from many machines: none of them carries the office to an hour of its own."""
    server = tx.server_clock()
    if server is None or abs(tx.clock - server) <= TURNED_BACK:
        return None
    local = rules.calendar.local
    return ClockDoubted("clock_against_server", here=local(tx.clock), there=local(server))


def doubt_of(clock: datetime, last_worked: datetime, longest_downtime: timedelta, rules: Rules) -> ClockDoubted | None:
    """Why that reading cannot follow on when the office last worked; None where it can."""
    now, last = rules.calendar.local(clock), rules.calendar.local(last_worked)
    if clock - last_worked > longest_downtime:
        return ClockDoubted("clock_ahead", now=now, last=last, days=longest_downtime.days)
    if last_worked - clock > TURNED_BACK:
        return ClockDoubted("clock_back", now=now, last=last)
    return None
