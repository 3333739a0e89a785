"""Works on the outbox: claim with a lease, render, send, record what came of it. At least once, one id for life.

A mail's attempts are for what the server says of that mail. A server that cannot be used at all is no mail's fault:
nothing is claimed until it can, and what was claimed goes back to where it stood.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from notifications.mailer import ServerUnusable
from notifications.message import build
from notifications.render import Renderer
from workflow.ports import Clock, Mailer, MailFailure, Message, Outbox, Outcome

log = structlog.get_logger()

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
LONGEST_REST = timedelta(minutes=15)
"""How long a server that cannot be used is left alone at most: its return is soon noticed, no account is locked."""
UNCERTAIN_WAIT = timedelta(minutes=10)
"""A mail the server may have kept is sent again later than one it surely has not."""


class ClosingMailer(Mailer, Protocol):
    """A mailer that holds a connection. Both ways to use it raise ServerUnusable when there is none to be had."""

    async def connect(self) -> None:
        """Have a connection ready."""

    async def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """Whose mails they are and how patiently they are sent."""

    sender: str
    sender_name: str
    connections: int = 4
    attempts: int = 120
    lease_seconds: int = 120


def retry_at(attempt: int, outcome: Outcome, now: datetime, jitter: float) -> datetime:
    """When to try again after that attempt: doubling from a minute to an hour, spread by `jitter` in [0, 1)."""
    least = UNCERTAIN_WAIT if outcome is Outcome.UNCERTAIN else FIRST_WAIT
    return now + _wait(attempt, jitter, least, LONGEST_WAIT)


def _wait(failures: int, jitter: float, least: timedelta, longest: timedelta) -> timedelta:
    doublings: int = 2 ** min(failures - 1, 10)
    return min(max(FIRST_WAIT * doublings, least) * (1 + jitter / 2), longest)


class Dispatcher:
    """Sends what waits, over several connections at once."""

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
        self._stopping = False
        self._server_works = False
        self._server_failures = 0
        self._server_left_alone_until: datetime | None = None

    async def drain(self, limit: int = 100) -> Counter[Outcome]:
        """Send everything whose time has come, `limit` at a time. Returns how many were dealt with, by outcome.

        Raises what the outbox raised, once the mails in hand are done with.
        """
        total: Counter[Outcome] = Counter()
        while not self._stopping and await self._may_claim():
            now = self._clock.now()
            claimed = self._outbox.claim(now, now + timedelta(seconds=self._settings.lease_seconds), limit)
            if not claimed:
                break
            total += await self._send_all(claimed)
        return total

    async def _may_claim(self) -> bool:
        """Whether the server is known to work. If not, it is tried over one connection, and not again for a while."""
        if self._server_works:
            return True
        now = self._clock.now()
        if not self._outbox.waiting() or (self._server_left_alone_until or now) > now:
            return False
        try:
            await self._mailers[0].connect()
        except ServerUnusable as fault:
            self._leave_alone(fault)
            return False
        self._server_works = True
        return True

    def _leave_alone(self, fault: ServerUnusable) -> None:
        self._server_failures += 1
        rest = _wait(self._server_failures, self._jitter(), FIRST_WAIT, LONGEST_REST)
        self._server_left_alone_until = self._clock.now() + rest
        log.warning("mail_server_unusable", answer=fault.answer, again_at=self._server_left_alone_until.isoformat())

    def stop(self) -> None:
        """Finish the mails in hand and claim no more; what was claimed and not begun goes back to the queue."""
        self._stopping = True

    async def close(self) -> None:
        """Let go of the connections."""
        for mailer in self._mailers:
            await mailer.close()

    async def _send_all(self, claimed: Sequence[Message]) -> Counter[Outcome]:
        waiting = list(reversed(claimed))
        total: Counter[Outcome] = Counter()
        unusable: list[ServerUnusable] = []

        async def work(mailer: ClosingMailer) -> None:
            while waiting and not self._stopping:
                message = waiting.pop()
                try:
                    total[await self._send(message, mailer)] += 1
                except ServerUnusable as fault:
                    waiting.append(message)  # for those who have a connection
                    unusable.append(fault)
                    return

        # Nobody is cut short by another's fault: two rounds at once would mix their mails on one connection.
        ended = await asyncio.gather(*(work(mailer) for mailer in self._mailers), return_exceptions=True)
        for fault in ended:
            if fault is not None:
                raise fault
        if waiting and unusable:
            self._server_works = False
        if total:
            self._server_failures = 0
        elif unusable:
            self._leave_alone(unusable[0])
        for message in waiting:
            self._put_back(message)
        return total

    async def _send(self, message: Message, mailer: ClosingMailer) -> Outcome:
        """One mail, from its facts to its outcome."""
        if message.lease_until is not None and self._clock.now() >= message.lease_until:
            return self._put_back(message)
        try:
            content = self._content(message)
            answer = await mailer.send(self._settings.sender, message.address, content)
        except ServerUnusable:
            raise
        except MailFailure as fault:
            return self._failed(message, fault)
        except Exception as fault:
            log.exception("mail_broke", **_named(message))
            return self._failed(message, MailFailure(Outcome.UNCERTAIN, f"{type(fault).__name__}: {fault}"))
        self._outbox.finish(message, Outcome.ACCEPTED, self._clock.now(), answer=answer, next_attempt_at=None)
        log.info("mail_sent", **_named(message))
        return Outcome.ACCEPTED

    def _content(self, message: Message) -> bytes:
        settings = self._settings
        try:
            rendered = self._renderer.render(message)
            return build(message, rendered, sender=settings.sender, sender_name=settings.sender_name)
        except Exception as fault:
            log.exception("mail_unrenderable", **_named(message))
            raise MailFailure(Outcome.PERMANENT, f"邮件无法生成：{type(fault).__name__}: {fault}") from fault

    def _failed(self, message: Message, fault: MailFailure) -> Outcome:
        now = self._clock.now()
        given_up = fault.outcome is Outcome.PERMANENT or message.attempts >= self._settings.attempts
        again = None if given_up else retry_at(message.attempts, fault.outcome, now, self._jitter())
        self._outbox.finish(message, fault.outcome, now, answer=fault.answer, next_attempt_at=again)
        event = "mail_dead" if given_up else "mail_deferred"
        log.warning(event, **_named(message), outcome=fault.outcome.value, answer=fault.answer)
        return fault.outcome

    def _put_back(self, message: Message) -> Outcome:
        """Not begun: back to where it stood in the queue, which is in the order of writing."""
        now, place = self._clock.now(), message.created_at
        self._outbox.finish(message, Outcome.TEMPORARY, now, answer="尚未发送，放回队列", next_attempt_at=place)
        return Outcome.TEMPORARY


def _named(message: Message) -> dict[str, object]:
    """What a log line says of a mail: never its content."""
    return {
        "message_id": message.message_id,
        "purpose": message.purpose.value,
        "recipient": message.recipient,
        "attempt": message.attempts,
    }
