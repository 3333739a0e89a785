"""The work on the outbox: nothing lost, nobody waits for another's fault, no server is pestered, nothing dies of it."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from app.clock import VirtualClock
from notifications.dispatcher import retry_at
from notifications.mailer import ServerUnusable
from tests.notifications.outbox import MemoryOutbox, PostOffice, a_clock, a_dispatcher, a_letter, nothing
from workflow.ports import Delivery, MailFailure, Message, Outcome

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
START = a_clock().now()


def letters(count: int) -> list[Message]:
    return [a_letter(number) for number in range(1, count + 1)]


def drained(
    outbox: MemoryOutbox, office: PostOffice, *, clock: VirtualClock | None = None, **settings: Any
) -> Counter[Outcome]:
    """What one drain came to."""
    return asyncio.run(a_dispatcher(outbox, clock or a_clock(), office, **settings).drain())


def told(*answers: tuple[str, MailFailure | Exception | None]) -> Callable[[str], None]:
    """Fail the mails to those receivers, each time they come."""
    failing = dict(answers)

    def on_send(recipient: str) -> None:
        fault = failing.get(recipient.partition("@")[0])
        if fault is not None:
            raise fault

    return on_send


def temporary(answer: str = "451 later") -> MailFailure:
    return MailFailure(Outcome.TEMPORARY, answer)


# --- sending -------------------------------------------------------------------------------------------------------


def test_everything_whose_time_has_come_is_sent_once() -> None:
    outbox, office = MemoryOutbox(letters(250)), PostOffice()
    outbox.mails[7] = replace(outbox.mails[7], next_attempt_at=START + MINUTE)

    assert drained(outbox, office) == {Outcome.ACCEPTED: 249}
    assert sorted(office.taken) == sorted(mail.address for mail in letters(250) if mail.id != 7)
    assert outbox.states() == {Delivery.SENT: 249, Delivery.PENDING: 1}


def test_one_connection_sends_in_the_order_of_the_queue() -> None:
    outbox, office = MemoryOutbox(reversed(letters(120))), PostOffice()

    drained(outbox, office, connections=1)

    assert office.taken == [mail.address for mail in letters(120)]


def test_as_many_mails_are_under_way_as_there_are_connections() -> None:
    outbox, office, together = MemoryOutbox(letters(8)), PostOffice(), list[int]()

    async def all_at_once() -> None:
        meeting = asyncio.Barrier(4)

        def meet() -> asyncio.Future[None]:
            together.append(office.busy)
            return asyncio.ensure_future(_met(meeting))

        office.while_sending = meet
        await asyncio.wait_for(a_dispatcher(outbox, a_clock(), office, connections=4).drain(), timeout=10)

    asyncio.run(all_at_once())
    assert outbox.states() == {Delivery.SENT: 8}
    assert max(together) == 4


async def _met(meeting: asyncio.Barrier) -> None:
    await meeting.wait()


def test_a_slow_mail_holds_up_nobody_but_itself() -> None:
    outbox, office = MemoryOutbox(letters(20)), PostOffice()

    async def send() -> None:
        the_others_are_through = asyncio.Event()
        turns = [_until(the_others_are_through)]

        def slow_for_the_first() -> asyncio.Future[None]:
            return asyncio.ensure_future(turns.pop() if turns else asyncio.sleep(0))

        def count(recipient: str) -> None:
            if len(office.taken) == 18:
                the_others_are_through.set()

        office.while_sending, office.on_send = slow_for_the_first, count
        await asyncio.wait_for(a_dispatcher(outbox, a_clock(), office, connections=2).drain(), timeout=10)

    asyncio.run(send())
    assert office.taken[-1] == a_letter(1).address
    assert len(office.taken) == 20


async def _until(event: asyncio.Event) -> None:
    await event.wait()


# --- failing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (8, 60), (12, 60), (99, 60)]
)
def test_the_wait_doubles_from_a_minute_to_an_hour(attempt: int, minutes: int) -> None:
    assert retry_at(attempt, Outcome.TEMPORARY, START, 0.0) == START + minutes * MINUTE


@pytest.mark.parametrize("attempt", range(1, 13))
@pytest.mark.parametrize("outcome", [Outcome.TEMPORARY, Outcome.UNCERTAIN])
def test_jitter_spreads_the_waits_but_never_shortens_them_nor_beyond_an_hour(attempt: int, outcome: Outcome) -> None:
    least, some, most = (retry_at(attempt, outcome, START, jitter) - START for jitter in (0.0, 0.5, 0.999))

    assert MINUTE <= least <= some <= most <= HOUR
    assert attempt > 6 or least < some < most


@pytest.mark.parametrize(("attempt", "minutes"), [(1, 10), (4, 10), (5, 16), (7, 60)])
def test_a_mail_the_server_may_have_is_sent_again_later(attempt: int, minutes: int) -> None:
    assert retry_at(attempt, Outcome.UNCERTAIN, START, 0.0) == START + minutes * MINUTE


@pytest.mark.parametrize(
    ("outcome", "state", "again"),
    [
        (Outcome.TEMPORARY, Delivery.PENDING, START + MINUTE),
        (Outcome.UNCERTAIN, Delivery.UNCERTAIN, START + 10 * MINUTE),
    ],
)
def test_a_failed_mail_waits_and_is_then_sent_as_the_same_mail(
    outcome: Outcome, state: Delivery, again: datetime
) -> None:
    outbox, office, clock = MemoryOutbox(letters(1)), PostOffice(), a_clock()
    office.on_send = told(("person1", MailFailure(outcome, "what the server said")))

    assert drained(outbox, office, clock=clock) == {outcome: 1}
    assert (outbox.mails[1].state, outbox.mails[1].next_attempt_at) == (state, again)
    assert outbox.mails[1].last_error == "what the server said"

    office.on_send = told()
    clock.set(again - MINUTE / 60)
    assert drained(outbox, office, clock=clock) == {}
    clock.set(again)
    assert drained(outbox, office, clock=clock) == {Outcome.ACCEPTED: 1}


def test_a_mail_refused_for_good_is_dead_and_never_sent_again() -> None:
    outbox, office, clock = MemoryOutbox(letters(3)), PostOffice(), a_clock()
    office.on_send = told(("person2", MailFailure(Outcome.PERMANENT, "550 no such mailbox")))

    assert drained(outbox, office, clock=clock) == {Outcome.ACCEPTED: 2, Outcome.PERMANENT: 1}
    clock.set(START + 48 * HOUR)
    assert drained(outbox, office, clock=clock) == {}
    assert (outbox.mails[2].state, outbox.mails[2].last_error) == (Delivery.DEAD, "550 no such mailbox")
    assert len(office.taken) == 2


@pytest.mark.parametrize("outcome", [Outcome.TEMPORARY, Outcome.UNCERTAIN])
def test_a_mail_is_given_up_after_so_many_attempts(outcome: Outcome) -> None:
    outbox, office, clock = MemoryOutbox(letters(1)), PostOffice(), a_clock()
    office.on_send = told(("person1", MailFailure(outcome, "451 later")))

    states = []
    for _ in range(4):
        drained(outbox, office, clock=clock, attempts=3)
        states.append(outbox.mails[1].state)
        clock.set(clock.now() + 2 * HOUR)

    assert states[0] is states[1] is not Delivery.DEAD
    assert states[2] is states[3] is Delivery.DEAD
    assert outbox.mails[1].attempts == 3


def test_a_mail_that_cannot_be_made_is_dead_with_its_reason_and_stops_no_other() -> None:
    outbox, office = MemoryOutbox(letters(5)), PostOffice()
    outbox.mails[2] = replace(outbox.mails[2], facts={})

    assert drained(outbox, office) == {Outcome.ACCEPTED: 4, Outcome.PERMANENT: 1}
    assert outbox.mails[2].state is Delivery.DEAD
    assert "无法生成" in (outbox.mails[2].last_error or "")


def test_a_fault_nobody_foresaw_defers_that_mail_and_stops_no_other() -> None:
    outbox, office = MemoryOutbox(letters(9)), PostOffice()
    office.on_send = told(*((f"person{number}", RuntimeError("a bug")) for number in (1, 2, 3, 4)))

    assert drained(outbox, office, connections=4) == {Outcome.ACCEPTED: 5, Outcome.UNCERTAIN: 4}
    assert "程序出错" in (outbox.mails[1].last_error or "")


# --- a server that cannot be used ----------------------------------------------------------------------------------


class Server:
    """A server that works until it goes down."""

    def __init__(self, office: PostOffice, *, is_down: bool = True) -> None:
        self.is_down = is_down
        office.on_connect = self.answer

    def answer(self, *_: object) -> None:
        if self.is_down:
            raise ServerUnusable(Outcome.TEMPORARY, "连接不上")

    def goes_down(self, *_: object) -> None:
        self.is_down = True
        self.answer()


def beats(clock: VirtualClock, dispatcher_drain: Callable[[], Counter[Outcome]], until: datetime) -> None:
    """The daemon's heartbeat, every five minutes."""
    while clock.now() < until:
        dispatcher_drain()
        clock.set(clock.now() + 5 * MINUTE)


def test_a_server_down_for_two_days_costs_no_mail_an_attempt_and_loses_none() -> None:
    outbox, office, clock = MemoryOutbox(letters(30)), PostOffice(), a_clock()
    server = Server(office)

    with asyncio.Runner() as runner:
        dispatcher = a_dispatcher(outbox, clock, office, connections=1, attempts=3)
        beats(clock, lambda: runner.run(dispatcher.drain()), START + 48 * HOUR)

        assert outbox.states() == {Delivery.PENDING: 30}
        assert {mail.attempts for mail in outbox.mails.values()} == {0}
        server.is_down = False
        clock.set(clock.now() + HOUR)
        runner.run(dispatcher.drain())

    assert office.taken == [mail.address for mail in letters(30)]


def test_a_server_that_cannot_be_used_is_left_alone_longer_and_longer() -> None:
    outbox, office, clock, tries = MemoryOutbox(letters(30)), PostOffice(), a_clock(), list[float]()
    server = Server(office)

    with asyncio.Runner() as runner:
        dispatcher = a_dispatcher(outbox, clock, office, connections=4)
        while clock.now() < START + 6 * HOUR:
            before = office.connects
            runner.run(dispatcher.drain())
            tries += [(clock.now() - START) / MINUTE] * (office.connects - before)
            clock.set(clock.now() + MINUTE / 2)

    assert server.is_down
    assert tries[:6] == [0, 1, 3, 7, 15, 30]
    assert max(later - earlier for earlier, later in pairwise(tries)) <= 15


def test_after_an_outage_the_next_one_is_looked_at_as_soon_as_the_first() -> None:
    outbox, office, clock = MemoryOutbox([]), PostOffice(), a_clock()
    server = Server(office)

    with asyncio.Runner() as runner:
        dispatcher = a_dispatcher(outbox, clock, office, connections=1)
        for number in (1, 2):
            outbox.mails[number] = a_letter(number)
            server.is_down, office.on_send = True, server.goes_down
            beats(clock, lambda: runner.run(dispatcher.drain()), clock.now() + HOUR)
            server.is_down, office.on_send = False, nothing
            beats(clock, lambda: runner.run(dispatcher.drain()), clock.now() + HOUR)
            runner.run(dispatcher.close())
        outbox.mails[3] = a_letter(3)
        office.on_send = server.goes_down
        runner.run(dispatcher.drain())
        server.is_down, office.on_send = False, nothing
        clock.set(clock.now() + MINUTE)
        runner.run(dispatcher.drain())

    assert office.taken == [a_letter(number).address for number in (1, 2, 3)]


def test_an_empty_outbox_calls_no_server() -> None:
    office = PostOffice()

    drained(MemoryOutbox([]), office)

    assert office.connects == 0


def test_when_the_server_goes_away_the_rest_of_the_round_is_not_tried_mail_by_mail() -> None:
    outbox, office = MemoryOutbox(letters(80)), PostOffice()
    server = Server(office, is_down=False)

    def goes_away(recipient: str) -> None:
        if len(office.taken) >= 10:
            server.goes_down()

    office.on_send = goes_away
    came_to = drained(outbox, office, connections=4)

    assert came_to[Outcome.ACCEPTED] == outbox.states()[Delivery.SENT] == 10
    assert outbox.states()[Delivery.PENDING] == 70
    assert office.connects <= 4 + 4 + 1


def test_a_mail_at_its_last_attempt_does_not_die_of_the_server() -> None:
    outbox, office, clock = MemoryOutbox([replace(a_letter(), attempts=11)]), PostOffice(), a_clock()
    server = Server(office, is_down=False)
    office.on_send = server.goes_down

    with asyncio.Runner() as runner:
        dispatcher = a_dispatcher(outbox, clock, office, attempts=12)
        runner.run(dispatcher.drain())
        assert outbox.states() == {Delivery.PENDING: 1}

        server.is_down, office.on_send = False, told()
        clock.set(clock.now() + HOUR)
        runner.run(dispatcher.drain())

    assert outbox.states() == {Delivery.SENT: 1}


def test_a_server_that_lets_in_and_hangs_up_on_every_mail_is_left_alone_too() -> None:
    outbox, office = MemoryOutbox(letters(20)), PostOffice()
    office.on_send = Server(PostOffice()).answer

    drained(outbox, office, connections=2)

    assert office.connects <= 3
    assert outbox.states() == {Delivery.PENDING: 20}


def test_a_server_that_takes_two_connections_gets_all_mails_over_two() -> None:
    outbox, office = MemoryOutbox(letters(60)), PostOffice()

    def only_two(mailer: int) -> None:
        if office.open >= 2:
            raise ServerUnusable(Outcome.TEMPORARY, "421 too many connections")

    office.on_connect = only_two

    assert drained(outbox, office, connections=4)[Outcome.ACCEPTED] == 60
    assert outbox.states() == {Delivery.SENT: 60}
    assert max(mail.attempts for mail in outbox.mails.values()) == 1


# --- stopping, leases and a broken outbox --------------------------------------------------------------------------


def test_stopping_ends_the_mails_in_hand_and_puts_the_others_back() -> None:
    outbox, office, clock = MemoryOutbox(letters(30)), PostOffice(), a_clock()
    dispatcher = a_dispatcher(outbox, clock, office, connections=3)

    def stop_at_the_fifth(recipient: str) -> None:
        if len(office.taken) == 4:
            dispatcher.stop()

    office.on_send = stop_at_the_fifth
    asyncio.run(dispatcher.drain())

    sent = outbox.states()[Delivery.SENT]
    assert 5 <= sent == len(office.taken) <= 7
    assert outbox.states() == {Delivery.SENT: sent, Delivery.PENDING: 30 - sent}
    assert drained(outbox, office, clock=clock) == {Outcome.ACCEPTED: 30 - sent}
    assert len(office.taken) == len(set(office.taken)) == 30


def test_mails_put_back_keep_their_place_in_the_queue() -> None:
    outbox, office, clock = MemoryOutbox(letters(20)), PostOffice(), a_clock()
    dispatcher = a_dispatcher(outbox, clock, office, connections=1)

    def stop_at_the_second(recipient: str) -> None:
        if len(office.taken) == 1:
            dispatcher.stop()

    office.on_send = stop_at_the_second
    asyncio.run(dispatcher.drain())
    office.on_send = told()
    drained(outbox, office, clock=clock, connections=1)

    assert office.taken == [mail.address for mail in letters(20)]


def test_a_broken_outbox_stops_no_mail_in_hand_and_loses_none() -> None:
    outbox, office, clock = MemoryOutbox(letters(12)), PostOffice(), a_clock()

    def cannot_write_the_third(act: str, mail: Message | None) -> None:
        if act == "finish" and mail is not None and mail.id == 3:
            raise OSError("disk full")

    async def drain() -> None:
        outbox.broken = cannot_write_the_third
        dispatcher = a_dispatcher(outbox, clock, office, connections=3)
        with pytest.raises(OSError, match="disk full"):
            await dispatcher.drain()
        assert office.busy == 0
        outbox.broken = nothing
        clock.set(clock.now() + 17 * MINUTE)
        await dispatcher.drain()

    asyncio.run(drain())
    assert outbox.states() == {Delivery.SENT: 12}
    assert Counter(office.taken) == Counter([mail.address for mail in letters(12)] + [a_letter(3).address])


def test_an_outcome_that_cannot_be_written_at_once_is_written_later_and_doubles_no_mail() -> None:
    outbox, office, times = MemoryOutbox(letters(5)), PostOffice(), list[str]()

    def locked_once(act: str, mail: Message | None) -> None:
        if act == "finish" and not times:
            times.append(act)
            raise OSError("locked")

    outbox.broken = locked_once

    assert drained(outbox, office, write_seconds=10) == {Outcome.ACCEPTED: 5}
    assert len(office.taken) == 5


class ReadSlowly(MemoryOutbox):
    """To ask it whether mails wait takes as long as its other calls."""

    def waiting(self) -> int:
        self.broken("waiting", None)
        return super().waiting()


def test_a_slow_outbox_holds_up_nothing_else_in_the_process() -> None:
    """Each of its calls waits for the others, as for a lock that they hold: whatever else there is to do goes on."""
    outbox, office = ReadSlowly(letters(2)), PostOffice()
    goes_on = threading.Event()
    stood_still: list[str] = []

    def wait_for_the_others(call: str, _: object) -> None:
        goes_on.clear()
        if not goes_on.wait(timeout=5):
            stood_still.append(call)

    outbox.broken = wait_for_the_others

    async def drain_beside_another() -> Counter[Outcome]:
        draining = asyncio.create_task(a_dispatcher(outbox, a_clock(), office, connections=1).drain())
        while not draining.done():
            goes_on.set()
            await asyncio.sleep(0.001)
        return draining.result()

    assert asyncio.run(drain_beside_another()) == {Outcome.ACCEPTED: 2}
    assert stood_still == []


def test_an_outbox_that_cannot_be_read_is_a_fault_of_that_round_only() -> None:
    outbox, office, clock = MemoryOutbox(letters(2)), PostOffice(), a_clock()

    def locked(act: str, mail: Message | None) -> None:
        raise OSError("locked")

    outbox.broken = locked
    with pytest.raises(OSError, match="locked"):
        drained(outbox, office, clock=clock)
    outbox.broken = nothing

    assert drained(outbox, office, clock=clock) == {Outcome.ACCEPTED: 2}


def test_closing_lets_go_of_every_connection_at_once() -> None:
    """Sixteen servers' farewells one after another would outlast the time a stop may take."""
    outbox, office = MemoryOutbox(letters(12)), PostOffice()

    async def drain_and_close() -> int:
        dispatcher = a_dispatcher(outbox, a_clock(), office, connections=3)
        await dispatcher.drain()
        held = office.open
        await dispatcher.close()
        return held

    assert asyncio.run(drain_and_close()) == 3
    assert office.open == 0
    assert office.most_parting == 3
