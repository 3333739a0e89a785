"""A machine whose clock is not the database server's own: its acts and timers would carry the office to another day."""

from datetime import datetime, timedelta

import pytest

from app.clock import SystemClock
from states import commands as c
from states.errors import ClockDoubted
from storage.database import Database, open_database
from storage.schema import create
from tests.states.builders import ASSESSOR, rules
from workflow.ports import Beat
from workflow.service import Workflow


class Shifted:
    """The machine's clock, so far ahead."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


def an_office(database: Database, ahead: timedelta) -> Workflow:
    return Workflow(database, rules(), Shifted(ahead), mail_domain="test.example", longest_downtime=timedelta(days=15))


@pytest.mark.parametrize("ahead", [timedelta(days=3), timedelta(hours=-3)])
def test_a_machine_astray_from_the_server_does_nothing_there(empty_postgres_url: str, ahead: timedelta) -> None:
    create(empty_postgres_url)
    with open_database(empty_postgres_url) as database:
        right, astray = an_office(database, timedelta(0)), an_office(database, ahead)
        right.begin_duties(SystemClock().now())
        head = database.head()

        with pytest.raises(ClockDoubted, match="数据库服务器"):
            astray.run_some(Beat(pid=1, host="desk", started_at=SystemClock().now()))
        with pytest.raises(ClockDoubted, match="数据库服务器"):
            astray.execute(c.Resume(command_id="x", actor=ASSESSOR, reason="我的钟是对的"))

        assert (database.head(), database.heartbeat()) == (head, None)
        assert right.clock_doubt() is None
