"""Works on the outbox: claim with a lease, render, send, record what came of it. At least once, one id for life."""

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
UNCERTAIN_WAIT = timedelta(minutes=10)
"""A mail the server may have kept is sent again later than one it surely has not."""


class ClosingMailer(Mailer, Protocol):
    """A mailer that holds a connection."""

    async def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """Whose mails they are and how patiently they are sent."""

    sender: str
    sender_name: str
    connections: int = 4
    attempts: int = 12
    lease_seconds: int = 120


def retry_at(attempt: int, outcome: Outcome, now: datetime, jitter: float) -> datetime:
    """When to try again after that attempt: doubling from a minute to an hour, spread by `jitter` in [0, 1)."""
    doublings: int = 2 ** min(attempt - 1, 10)
    wait = min(FIRST_WAIT * doublings, LONGEST_WAIT)
    if outcome is Outcome.UNCERTAIN:
        wait = max(wait, UNCERTAIN_WAIT)
    return now + wait * (1 + jitter / 2)


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

    async def drain(self, limit: int = 100) -> Counter[Outcome]:
        """Send everything whose time has come, `limit` at a time. Returns how many came to what."""
        total: Counter[Outcome] = Counter()
        while not self._stopping:
            now = self._clock.now()
            lease = now + timedelta(seconds=self._settings.lease_seconds)
            claimed = self._outbox.claim(now, lease, limit)
            if not claimed:
                break
            total += await self._send_all(claimed)
        return total

    def stop(self) -> None:
        """Finish the mails in hand and claim no more; what was claimed and not begun goes back to the queue."""
        self._stopping = True

    async def close(self) -> None:
        """Let go of the connections."""
        for mailer in self._mailers:
            await mailer.close()

    async def _send_all(self, claimed: Sequence[Message]) -> Counter[Outcome]:
        waiting = list(reversed(claimed))
        unusable: list[ServerUnusable] = []
        total: Counter[Outcome] = Counter()

        async def work(mailer: ClosingMailer) -> None:
            while waiting:
                message = waiting.pop()
                total[await self._send(message, mailer, unusable)] += 1

        await asyncio.gather(*(work(mailer) for mailer in self._mailers))
        return total

    async def _send(self, message: Message, mailer: ClosingMailer, unusable: list[ServerUnusable]) -> Outcome:
        """One mail, from its facts to its outcome."""
        if self._stopping:
            return self._put_back(message)
        try:
            if unusable:
                raise unusable[0]
            content = self._content(message)
            answer = await mailer.send(self._settings.sender, message.address, content)
        except ServerUnusable as fault:
            unusable.append(fault)
            return self._failed(message, fault)
        except MailFailure as fault:
            return self._failed(message, fault)
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
        now = self._clock.now()
        self._outbox.finish(message, Outcome.TEMPORARY, now, answer="停机，放回队列", next_attempt_at=now)
        return Outcome.TEMPORARY


def _named(message: Message) -> dict[str, object]:
    """What a log line says of a mail: never its content."""
    return {
        "message_id": message.message_id,
        "purpose": message.purpose.value,
        "recipient": message.recipient,
        "attempt": message.attempts,
    }
