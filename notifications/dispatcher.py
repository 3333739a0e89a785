"""Works on the outbox: claim with a lease, render, send, record what came of it. At least once, one id for life.

A mail's attempts are for what the server says of that mail. A server that cannot be used at all is no mail's fault:
nothing is claimed until it can, and what was claimed goes back to where it stood, its attempt as if never made.

A server may also take connections and refuse every mail for good: it relays for nobody, or a filter dislikes the
sender. One refusal looks like another, so they are judged by their company. Refusals of so many receivers in a row,
with nothing accepted in between, put the server in doubt: what died of them lives again, refusals are taken as if they
were for now, and the server is left alone. The next mail it accepts ends the doubt. Three bad addresses alone in a
queue thus die after `attempts` refusals each, about five days; beside one good mail they die at once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog

from notifications.mailer import RefusedByServer, ServerUnusable
from notifications.message import build
from notifications.render import Renderer
from workflow.ports import AT_ONCE, Claim, Clock, Mailer, MailFailure, Message, Outbox, Outcome

log = structlog.get_logger()

_Done = TypeVar("_Done")

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_REST = timedelta(minutes=15)
"""How long a server that cannot be used is left alone at most: its return is soon noticed, no account is locked."""
UNCERTAIN_WAIT = timedelta(minutes=10)
"""A mail the server may have kept is sent again later than one it surely has not."""
UNCERTAIN_ATTEMPTS = 3
"""How often a mail is sent whose arrival nobody knows of: who got it twice should not get it a hundred times."""
REFUSED_IN_A_ROW = 3
"""So many receivers refused for good one after the other, and it is the server that is looked at."""
ONE_MORE_TRY = 1.0
"""Seconds between two tries to write down what came of a mail."""


class ClosingMailer(Mailer, Protocol):
    """A mailer that holds a connection. Both ways to use it raise ServerUnusable when there is none to be had.

    `send` may be cancelled: CancelledError if the mail is surely not sent, an uncertain MailFailure otherwise.
    """

    async def connect(self) -> None:
        """Have a connection ready."""

    async def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """Whose mails they are and how patiently they are sent.

    A mail is leased for `lease_seconds` and the `longest_seconds` that sending it can take. A round waits
    `round_seconds` for its last mails: a slow answer holds up its own connection, not the next round. What came of a
    mail is tried to be written down for `write_seconds`.
    """

    sender: str
    sender_name: str
    connections: int = 4
    attempts: int = 120
    lease_seconds: float = 120
    longest_seconds: float = 840
    round_seconds: float = 5
    write_seconds: float = 300


def retry_at(attempt: int, outcome: Outcome, now: datetime, jitter: float) -> datetime:
    """When to try again after that attempt: doubling from a minute to an hour, spread by `jitter` in [0, 1)."""
    least = UNCERTAIN_WAIT if outcome is Outcome.UNCERTAIN else FIRST_WAIT
    return now + _wait(attempt, jitter, least, LONGEST_WAIT)


def _wait(failures: int, jitter: float, least: timedelta, longest: timedelta) -> timedelta:
    doublings: int = 2 ** min(failures - 1, 10)
    return min(max(FIRST_WAIT * doublings, least) * (1 + jitter / 2), longest)


class Dispatcher:
    """Sends what waits, over several connections at once. Calls of the outbox run off the event loop."""

    def __init__(
        self,
        outbox: Outbox,
        renderer: Renderer,
        mailer: Callable[[], ClosingMailer],
        settings: DispatchSettings,
        *,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._outbox = outbox
        self._renderer = renderer
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._mailers = [mailer() for _ in range(settings.connections)]
        self._idle = list(reversed(self._mailers))
        self._out_of_use: list[ClosingMailer] = []
        self._in_hand: dict[asyncio.Task[Outcome | None], tuple[Message, ClosingMailer]] = {}
        self._sending: set[asyncio.Task[str]] = set()
        self._server = _Server(clock, jitter)
        self._stopping = False

    async def drain(self) -> Counter[Outcome]:
        """Send everything whose time has come. Returns how many were dealt with, by outcome.

        Mails still without an answer after `round_seconds` are left to end by themselves; a later call counts them.
        Raises what the outbox raised, once the mails in hand are done with.
        """
        total: Counter[Outcome] = Counter()
        faults: list[BaseException] = []
        is_empty = False
        while True:
            room = self._room()
            if room and not is_empty and not faults and not self._stopping:
                try:
                    is_empty = not await self._may_claim() or await self._begin(room) < room
                except Exception as fault:  # noqa: BLE001  raised below: what is in hand is not dropped for it
                    faults.append(fault)
            if not self._in_hand:
                break
            waits_for_room = not is_empty and not faults and not self._stopping
            patience = None if waits_for_room else self._settings.round_seconds
            done, _ = await asyncio.wait(self._in_hand, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                break
            for task in done:
                # A mail that went back may be sent over one of the other connections.
                is_empty = self._collect(task, total, faults) and is_empty
        if self._out_of_use and not self._idle and not self._stopping:
            self._server.leave_alone()
        self._idle += self._out_of_use
        self._out_of_use.clear()
        if faults:
            raise faults[0]
        return total

    def stop(self) -> None:
        """Finish the mails in hand and claim no more."""
        self._stopping = True

    async def end(self, *, grace: float, writes: float) -> None:
        """Stop for good, whatever the server and the database do.

        After `grace` seconds the server is waited for no longer: mails it has not got whole go back, the others are
        uncertain. Returns when that is written down, or after `writes` more seconds; what is not written by then is
        a lease that runs out.
        """
        self._stopping = True
        await self._under_way(grace)
        for sending in self._sending:
            sending.cancel()
        for task in await self._under_way(writes):
            task.cancel()

    async def _under_way(self, seconds: float) -> list[asyncio.Task[Outcome | None]]:
        """The mails still in hand after so many seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while tasks := [task for task in self._in_hand if not task.done()]:
            if loop.time() >= until:
                break
            await asyncio.wait(tasks, timeout=until - loop.time())
        return tasks

    async def close(self) -> None:
        """Let go of the connections, all at once."""
        await asyncio.gather(*(mailer.close() for mailer in self._mailers))

    # --- one round -------------------------------------------------------------------------------------------------

    def _room(self) -> int:
        """How many mails may be begun now: a server in doubt is given one at a time."""
        if self._server.in_doubt:
            return 0 if self._in_hand else min(1, len(self._idle))
        return len(self._idle)

    async def _may_claim(self) -> bool:
        """Whether the server is to be used now. If it is not known to work, it is tried over one connection."""
        if self._server.is_left_alone():
            return False
        if self._server.works:
            return True
        if not await asyncio.to_thread(self._outbox.waiting):
            return False
        try:
            await self._idle[-1].connect()
        except ServerUnusable as fault:
            self._server.cannot_be_used(fault)
            self._server.leave_alone()
            return False
        self._server.works = True
        return True

    async def _begin(self, room: int) -> int:
        """Claim up to `room` mails, no more than are sent at once. Returns how many there were."""
        settings, now = self._settings, self._clock.now()
        asked = Claim(
            now=now,
            lease_until=now + timedelta(seconds=settings.lease_seconds + settings.longest_seconds),
            rests_until=now + LONGEST_WAIT,
            limit=room,
            in_hand=frozenset(message.id for message, _ in self._in_hand.values()),
        )
        claimed = await asyncio.to_thread(self._outbox.claim, asked)
        for message in claimed:
            mailer = self._idle.pop()
            self._in_hand[asyncio.create_task(self._deliver(message, mailer))] = (message, mailer)
        return len(claimed)

    def _collect(
        self, task: asyncio.Task[Outcome | None], total: Counter[Outcome], faults: list[BaseException]
    ) -> bool:
        """Take a mail out of hand and count it. Returns whether it needs no other connection."""
        _, mailer = self._in_hand.pop(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            faults.append(fault)
        if fault is not None or task.cancelled():
            self._idle.append(mailer)
            return True
        outcome = task.result()
        if outcome is None:
            self._out_of_use.append(mailer)
            return False
        self._idle.append(mailer)
        total[outcome] += 1
        return True

    # --- one mail --------------------------------------------------------------------------------------------------

    async def _deliver(self, message: Message, mailer: ClosingMailer) -> Outcome | None:
        """One mail, from its facts to its outcome; None when it went back because its connection is of no use."""
        try:
            answer = await self._answer(message, mailer)
        except ServerUnusable as fault:
            self._server.cannot_be_used(fault)
            await self._put_back(message, fault.answer)
            return None
        except RefusedByServer as fault:
            return await self._refused(message, fault)
        except MailFailure as fault:
            return await self._failed(message, fault)
        except Exception:
            log.exception("mail_broke", **_named(message))
            return await self._failed(message, MailFailure(Outcome.UNCERTAIN, "程序出错，不知发出没有，详见日志"))
        if answer is None:
            await self._put_back(message, "停机时尚未发送")
            return None
        now = self._clock.now()
        await self._written(
            lambda: self._outbox.finish(message, Outcome.ACCEPTED, now, answer=answer, next_attempt_at=None)
        )
        self._server.accepted()
        log.info("mail_sent", **_named(message))
        return Outcome.ACCEPTED

    async def _answer(self, message: Message, mailer: ClosingMailer) -> str | None:
        """What the server said when it took the mail; None when the sending was cut short before it began."""
        content = self._content(message)
        sending = asyncio.create_task(mailer.send(self._settings.sender, message.address, content))
        self._sending.add(sending)
        try:
            await asyncio.wait({sending})
        finally:
            self._sending.discard(sending)
            sending.cancel()  # not this mail's but the whole dispatcher's end
        return None if sending.cancelled() else sending.result()

    def _content(self, message: Message) -> bytes:
        settings = self._settings
        try:
            rendered = self._renderer.render(message)
            return build(message, rendered, sender=settings.sender, sender_name=settings.sender_name)
        except Exception as fault:
            log.exception("mail_unrenderable", **_named(message))
            raise MailFailure(Outcome.PERMANENT, "邮件无法生成，这是程序的错误，详见日志") from fault

    async def _refused(self, message: Message, fault: RefusedByServer) -> Outcome:
        """Refused for good: dead, unless so many were in a row that it is the server's doing."""
        is_believed = not self._server.in_doubt
        await self._failed(message, fault, is_believed=is_believed)
        others = self._server.refused(message, fault)
        if others and is_believed:
            again, doubtful = self._clock.now() + FIRST_WAIT, f"{fault.answer}（接连几个收件人都被拒收，稍后再发）"
            count = await self._written(lambda: self._outbox.reconsider(others, again, answer=doubtful))
            log.warning("mails_reconsidered", count=count)
        return Outcome.PERMANENT

    async def _failed(self, message: Message, fault: MailFailure, *, is_believed: bool = True) -> Outcome:
        now, outcome = self._clock.now(), fault.outcome
        # Modulo: who has a mail sent once more gives it all its attempts again.
        given_up = (outcome is Outcome.PERMANENT and is_believed) or message.attempts % self._settings.attempts == 0
        if outcome is Outcome.UNCERTAIN:
            earlier = await asyncio.to_thread(self._outbox.unanswered, message)
            given_up = given_up or earlier + 1 >= UNCERTAIN_ATTEMPTS
        again = None if given_up else retry_at(message.attempts, outcome, now, self._jitter())
        await self._written(
            lambda: self._outbox.finish(message, outcome, now, answer=fault.answer, next_attempt_at=again)
        )
        event = "mail_dead" if given_up else "mail_deferred"
        log.warning(event, **_named(message), outcome=outcome.value, answer=fault.answer, cause=_cause(fault))
        return outcome

    async def _put_back(self, message: Message, why: str) -> None:
        await self._written(lambda: self._outbox.put_back(message, answer=why))

    async def _written(self, write: Callable[[], _Done]) -> _Done:
        """Write down what came of a mail, again and again: an outcome that is lost sends the mail a second time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.write_seconds
        while True:
            try:
                return await asyncio.to_thread(write)
            except Exception as fault:
                if loop.time() >= until:
                    raise
                log.warning("mail_outcome_not_written", fault=f"{type(fault).__name__}: {fault}")
                await asyncio.sleep(ONE_MORE_TRY)


class _Server:
    """What is known of the mail server: whether it works, is left alone, or is in doubt."""

    def __init__(self, clock: Clock, jitter: Callable[[], float]) -> None:
        self.works = False
        self.in_doubt = False
        self._clock = clock
        self._jitter = jitter
        self._failures = 0
        self._rests_until = AT_ONCE
        self._fault: ServerUnusable | None = None
        self._refused: dict[str, list[int]] = {}

    def is_left_alone(self) -> bool:
        """Whether its rest lasts. One longer than any rest was given by a clock since set back, and is over."""
        return timedelta(0) < self._rests_until - self._clock.now() <= LONGEST_REST

    def accepted(self) -> None:
        """It took a mail: whatever it refused before, it meant."""
        if self.in_doubt:
            log.info("mail_server_trusted_again")
            self._rests_until = AT_ONCE
        self.in_doubt = False
        self._failures = 0
        self._refused.clear()

    def refused(self, message: Message, fault: RefusedByServer) -> list[int]:
        """It refused a mail for good. Returns the mails of which that is not to be believed, this one included."""
        self._refused.setdefault(message.address, []).append(message.id)
        others = [number for numbers in self._refused.values() for number in numbers]
        if len(self._refused) >= REFUSED_IN_A_ROW:
            self.in_doubt = True
            self._fault = ServerUnusable(
                Outcome.TEMPORARY,
                f"邮件服务器接连拒收了 {len(self._refused)} 个不同收件人的邮件（{fault.answer}）",
                "请核对 mail.sender 和服务器的转发权限、反垃圾设置；若真是地址写错，请逐一改正",
            )
            self.leave_alone()
        return others if self.in_doubt else []

    def cannot_be_used(self, fault: ServerUnusable) -> None:
        """Why it will be left alone, if no other connection works either."""
        self.works = False
        self._fault = fault

    def leave_alone(self) -> None:
        """Try it again only after a rest, each longer than the last."""
        self._failures += 1
        self._refused.clear()
        self._rests_until = self._clock.now() + _wait(self._failures, self._jitter(), FIRST_WAIT, LONGEST_REST)
        if self._fault is not None:
            log.warning(
                "mail_server_unusable",
                answer=self._fault.answer,
                remedy=self._fault.remedy,
                cause=_cause(self._fault),
                again_at=self._rests_until.isoformat(),
            )


def _cause(fault: MailFailure) -> str | None:
    """What the programs say of it, for the log alone."""
    return None if fault.__cause__ is None else f"{type(fault.__cause__).__name__}: {fault.__cause__}"


def _named(message: Message) -> dict[str, object]:
    """What a log line says of a mail: never its content."""
    return {
        "message_id": message.message_id,
        "purpose": message.purpose.value,
        "recipient": message.recipient,
        "attempt": message.attempts,
    }
