"""Dispatcher, mailer and a real database against a server that misbehaves: every mail arrives, none goes missing."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from app.clock import VirtualClock
from notifications.dispatcher import Dispatcher, DispatchSettings
from notifications.mailer import SmtpMailer, SmtpSettings
from storage.database import Database, open_database
from storage.schema import create
from tests.notifications.outbox import RENDERER, a_clock, a_letter
from tests.notifications.smtp_server import (
    DROP,
    HOST,
    SILENT,
    Script,
    SmtpServer,
    a_port_nobody_listens_on,
    an_smtp_server,
)
from tests.storage.builders import NOW, a_claim, an_event, attempt, stored
from workflow.ports import Delivery, Outcome

HOUR = timedelta(hours=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A file of the test's own."""
    url = f"sqlite:///{tmp_path / 'kaoji.db'}"
    create(url)
    with open_database(url) as opened:
        yield opened


def with_letters(database: Database, count: int) -> None:
    """That many mails wait, each due since before the clock's hour."""
    due = NOW + HOUR
    mails = [replace(a_letter(number), id=0, created_at=due, next_attempt_at=due) for number in range(1, count + 1)]
    stored(database, events=[an_event(item_seq=number) for number in range(1, count + 1)])
    attempt(database, lambda tx: tx.enqueue(mails))


def a_dispatcher_to(
    database: Database, smtp: SmtpSettings, clock: VirtualClock | None = None, **settings: Any
) -> Dispatcher:
    """One that works on that database and that server."""
    return Dispatcher(
        database,
        RENDERER,
        lambda: SmtpMailer(smtp),
        DispatchSettings(sender="kaoji@office.example", sender_name="考绩", attempts=12, **settings),
        clock=clock or a_clock(),
        jitter=lambda: 0.5,
    )


def drain_until_done(
    database: Database, port: int, *, beats: int = 40, connections: int = 3, timeout: float = 5
) -> None:
    """The daemon's life on a virtual clock: a drain every quarter of an hour, until nothing waits."""
    clock = a_clock()
    smtp = SmtpSettings(host=HOST, port=port, timeout_seconds=timeout, final_seconds=timeout)
    dispatcher = a_dispatcher_to(database, smtp, clock, connections=connections)

    async def live() -> None:
        for _ in range(beats):
            await dispatcher.drain()
            if not database.waiting():
                break
            clock.set(clock.now() + HOUR / 4)
        await dispatcher.close()

    asyncio.run(live())


def ids(server: SmtpServer) -> Counter[str]:
    """How often each Message-ID arrived."""
    return Counter(message_from_bytes(mail.content)["Message-ID"] for mail in server.accepted)


def states(database: Database) -> Counter[Delivery]:
    return Counter(mail.state for mail in database.messages())


def every(step: int, of: int, fault: str, well: str) -> list[str]:
    return [fault if number % step == 0 else well for number in range(1, of + 1)]


def test_a_drop_after_the_body_doubles_at_most_that_mail_under_its_own_id(database: Database) -> None:
    with_letters(database, 60)
    drops = every(4, 60, DROP, "250 kept")

    with an_smtp_server({"body": drops}) as server:
        drain_until_done(database, server.port)

    arrived = ids(server)
    assert set(arrived) == {f"<{number}@kaoji.example>" for number in range(1, 61)}
    assert sum(arrived.values()) - 60 == drops.count(DROP)
    assert states(database) == {Delivery.SENT: 60}
    assert len({(mail.recipient, mail.content) for mail in server.accepted}) == 60


def test_a_drop_in_the_middle_of_the_body_loses_and_doubles_nothing(database: Database) -> None:
    with_letters(database, 60)

    with an_smtp_server({"middle": every(4, 60, DROP, "")}) as server:
        drain_until_done(database, server.port)

    assert ids(server) == {f"<{number}@kaoji.example>": 1 for number in range(1, 61)}
    assert states(database) == {Delivery.SENT: 60}


@pytest.mark.parametrize(
    "script",
    [
        {"mail": every(2, 40, "421 too busy", "250 ok")},
        {"mail": every(3, 40, "451 later", "250 ok")},
        {"rcpt": every(2, 40, "451 greylisted", "250 ok")},
        {"rcpt": every(3, 40, "452 no room", "250 ok")},
        {"body": every(3, 40, "451 later", "250 kept")},
        {"greeting": every(2, 10, "421 too many connections", "220 ready")},
        {"rset": ["421 bye"] * 20, "rcpt": every(2, 40, "451 greylisted", "250 ok")},
    ],
    ids=["421 at MAIL", "451 at MAIL", "451 at RCPT", "452 at RCPT", "451 after DATA", "421 at once", "421 at RSET"],
)
def test_what_is_refused_for_now_arrives_later_and_once(database: Database, script: Script) -> None:
    with_letters(database, 20)

    with an_smtp_server(script) as server:
        drain_until_done(database, server.port)

    assert ids(server) == {f"<{number}@kaoji.example>": 1 for number in range(1, 21)}
    assert states(database) == {Delivery.SENT: 20}


@pytest.mark.parametrize("bad", [(2,), (1, 20), (1, 2), (1, 2, 3, 4, 5), (3, 7, 9, 12, 13, 14, 15)])
def test_what_is_refused_for_good_is_dead_and_says_so(database: Database, bad: tuple[int, ...]) -> None:
    with_letters(database, 20)
    no_such = {f"person{number}@office.example": "550 no such mailbox" for number in bad}

    with an_smtp_server(refuses=no_such) as server:
        drain_until_done(database, server.port)

    dead = [mail for mail in database.messages() if mail.state is Delivery.DEAD]
    assert tuple(int(mail.recipient.removeprefix("person")) for mail in dead) == bad
    assert all((mail.last_error or "").startswith("550 no such mailbox") for mail in dead)
    assert states(database) == {Delivery.SENT: 20 - len(bad), Delivery.DEAD: len(bad)}


@pytest.mark.parametrize(
    "script",
    [
        {"mail": ["554 sender refused"] * 60},
        {"rcpt": ["554 relay denied"] * 60},
        {"body": ["550 looks like spam"] * 60},
    ],
)
def test_a_server_that_refuses_everything_for_a_while_kills_no_mail(database: Database, script: Script) -> None:
    with_letters(database, 100)

    with an_smtp_server(script) as server:
        drain_until_done(database, server.port, beats=120)

    assert states(database) == {Delivery.SENT: 100}
    assert len(server.accepted) == 100


def test_a_server_that_says_it_is_closing_for_two_days_costs_no_mail_an_attempt(database: Database) -> None:
    with_letters(database, 10)

    with an_smtp_server({"mail": ["421 try later"] * 10_000}) as server:
        drain_until_done(database, server.port, beats=40 * 4)

    assert states(database) == {Delivery.PENDING: 10}
    assert {mail.attempts for mail in database.messages()} == {0}
    assert "421 try later" in (database.messages()[0].last_error or "")


def test_three_bad_addresses_alone_die_in_the_end(database: Database) -> None:
    with_letters(database, 3)

    with an_smtp_server(refuses={f"person{n}@office.example": "550 no" for n in (1, 2, 3)}) as server:
        drain_until_done(database, server.port, beats=60)

    assert states(database) == {Delivery.DEAD: 3}
    assert {mail.attempts for mail in database.messages()} == {12}


def test_a_mail_whose_answers_never_come_is_sent_three_times_and_no_more(database: Database) -> None:
    with_letters(database, 4)

    with an_smtp_server({"body": [SILENT] * 500}) as server:
        drain_until_done(database, server.port, beats=60, timeout=0.2, connections=4)

    assert set(ids(server).values()) == {3}
    assert states(database) == {Delivery.DEAD: 4}


def test_answers_that_are_out_of_step_lose_no_mail_and_copy_few(database: Database) -> None:
    with_letters(database, 60)
    out_of_step = every(3, 60, "354 go on\r\n250 ok", "250 kept")

    with an_smtp_server({"body": out_of_step}) as server:
        drain_until_done(database, server.port)

    assert states(database) == {Delivery.SENT: 60}
    assert len(ids(server)) == 60
    assert max(ids(server).values()) <= 3


def test_one_late_answer_holds_up_neither_the_round_nor_the_next(database: Database) -> None:
    with_letters(database, 20)

    async def drain_twice(port: int) -> None:
        smtp = SmtpSettings(host=HOST, port=port, final_seconds=30)
        dispatcher = a_dispatcher_to(database, smtp, connections=2, round_seconds=0.3)
        async with asyncio.timeout(10):
            await dispatcher.drain()
            assert states(database) == {Delivery.SENT: 19, Delivery.SENDING: 1}
            attempt(database, lambda tx: tx.enqueue([replace(a_letter(21), id=0)]))
            await dispatcher.drain()
        assert states(database) == {Delivery.SENT: 20, Delivery.SENDING: 1}
        await dispatcher.end(grace=0, writes=5)
        await dispatcher.close()

    stored(database, events=[an_event(item_seq=21)])
    with an_smtp_server({"body": [SILENT]}) as server:
        asyncio.run(drain_twice(server.port))

    assert states(database) == {Delivery.SENT: 20, Delivery.UNCERTAIN: 1}


def test_a_clock_set_back_by_years_holds_up_no_mail(database: Database) -> None:
    """Not fresh ones, not those put off, not those whose worker died."""
    with_letters(database, 3)
    ahead = a_clock().now() + timedelta(days=4000)
    first, second = database.claim(a_claim(ahead, HOUR, 2))
    database.finish(first, Outcome.TEMPORARY, ahead, answer="451", next_attempt_at=ahead + HOUR)

    with an_smtp_server() as server:
        drain_until_done(database, server.port, beats=1)

    assert states(database) == {Delivery.SENT: 3}
    assert second.state is Delivery.SENDING


def test_one_silence_holds_up_one_connection_for_one_time_out(database: Database) -> None:
    with_letters(database, 20)

    with an_smtp_server({"rcpt": [SILENT]}) as server:
        drain_until_done(database, server.port, beats=1, timeout=0.5)

    assert states(database) == {Delivery.SENT: 19, Delivery.PENDING: 1}
    assert len(server.accepted) == 19


def test_a_server_down_for_two_days_gets_every_mail_in_order_when_it_is_back(database: Database) -> None:
    with_letters(database, 20)

    drain_until_done(database, a_port_nobody_listens_on(), beats=48 * 4)
    assert states(database) == {Delivery.PENDING: 20}
    assert {mail.attempts for mail in database.messages()} == {0}

    with an_smtp_server() as server:
        drain_until_done(database, server.port, connections=1)
    assert list(ids(server)) == [f"<{number}@kaoji.example>" for number in range(1, 21)]


def test_every_attempt_is_counted_whatever_came_of_it(database: Database) -> None:
    with_letters(database, 1)

    with an_smtp_server({"body": ["451 later", DROP]}) as server:
        drain_until_done(database, server.port)

    (mail,) = database.messages()
    assert (mail.state, mail.attempts, len(server.accepted)) == (Delivery.SENT, 3, 2)


def test_a_worker_that_lost_its_lease_cannot_mark_the_mail(database: Database) -> None:
    with_letters(database, 1)
    now = a_clock().now()
    (slow,) = database.claim(a_claim(now, HOUR))
    (quick,) = database.claim(a_claim(now + HOUR, HOUR))

    assert not database.finish(slow, Outcome.ACCEPTED, now + HOUR, answer="250", next_attempt_at=None)
    assert database.finish(quick, Outcome.TEMPORARY, now + HOUR, answer="451", next_attempt_at=now + HOUR)
    assert states(database) == {Delivery.PENDING: 1}
