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
    here, there = (rules.calendar.local(at).strftime("%Y-%m-%d %H:%M") for at in (tx.clock, server))
    return ClockDoubted(
        f"本机时钟与数据库服务器不一致：本机是 {here}，数据库服务器是 {there}",
        "请校准走得不对的一方，一致后自动恢复；没有办理任何事项",
    )


def doubt_of(clock: datetime, last_worked: datetime, longest_downtime: timedelta, rules: Rules) -> ClockDoubted | None:
    """Why that reading cannot follow on when the office last worked; None where it can."""
    if clock - last_worked > longest_downtime:
        said = f"已超过 {longest_downtime.days} 天"
    elif last_worked - clock > TURNED_BACK:
        said = "比那时还早"
    else:
        return None
    now, last = (rules.calendar.local(at).strftime("%Y-%m-%d %H:%M") for at in (clock, last_worked))
    return ClockDoubted(
        f"时钟不可信：现在是 {now}，而系统最近一次工作是 {last}，{said}；定时器和邮件都已暂停",
        "请核对服务器时间，改正后自动恢复；时间确实无误时，请运行 kaoji resume 确认",
    )
