"""An outbox in memory that keeps the port's promises, and a post office whose mailers do as they are told."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.clock import VirtualClock
from notifications.dispatcher import Dispatcher, DispatchSettings
from notifications.mailer import ServerUnusable
from notifications.render import Renderer
from states.purposes import Purpose
from tests.notifications.stories import letters
from workflow.ports import AT_ONCE, Claim, Clock, Delivery, Message, Outbox, Outcome

RENDERER = Renderer("https://kaoji.office.example")
UNDONE = (Delivery.PENDING, Delivery.SENDING, Delivery.UNCERTAIN)


def a_letter(number: int = 1) -> Message:
    """A returned report's mail to the receiver of that number, due at once."""
    (mail, *_) = letters("zh", Purpose.RETURNED)
    written = mail.created_at + timedelta(seconds=number)
    return replace(
        mail,
        id=number,
        event_seq=number,
        audit_seq=number,
        message_id=f"<{number}@kaoji.example>",
        recipient=f"person{number}",
        address=f"person{number}@office.example",
        created_at=written,
        next_attempt_at=AT_ONCE,
    )


def nothing(*_: object) -> None:
    """Nothing is wrong."""


class MemoryOutbox:
    """Fulfils `workflow.ports.Outbox`. `broken` is called before each write, and may raise."""

    def __init__(self, mails: Iterable[Message]) -> None:
        self.mails = {mail.id: mail for mail in mails}
        self.answers: list[str] = []
        self.lost = Counter[int]()
        self.broken: Callable[[str, Message | None], None] = nothing

    def claim(self, claim: Claim) -> Sequence[Message]:
        self.broken("claim", None)
        due = [mail for mail in self.mails.values() if self._is_due(mail, claim)]
        for mail in due:
            if mail.state is Delivery.SENDING:
                self.lost[mail.id] += 1
        claimed = [
            replace(
                mail,
                state=Delivery.SENDING,
                attempts=mail.attempts + 1,
                next_attempt_at=claim.lease_until,
                lease_until=claim.lease_until,
            )
            for mail in sorted(due, key=lambda mail: (mail.next_attempt_at, mail.id))[: claim.limit]
        ]
        self.mails.update({mail.id: mail for mail in claimed})
        return claimed

    def _is_due(self, mail: Message, claim: Claim) -> bool:
        if mail.id in claim.in_hand or mail.state not in UNDONE:
            return False
        ahead = claim.lease_until if mail.state is Delivery.SENDING else claim.rests_until
        return mail.next_attempt_at <= claim.now or mail.next_attempt_at > ahead

    def finish(
        self, message: Message, outcome: Outcome, now: datetime, *, answer: str, next_attempt_at: datetime | None
    ) -> bool:
        self.broken("finish", message)
        if self.mails[message.id] != message:
            return False
        self.answers.append(answer)
        self.lost[message.id] += outcome is Outcome.UNCERTAIN
        sent = outcome is Outcome.ACCEPTED
        self.mails[message.id] = replace(
            message,
            state=_state(outcome, next_attempt_at),
            next_attempt_at=next_attempt_at or message.next_attempt_at,
            lease_until=None,
            sent_at=now if sent else None,
            last_error=None if sent else answer,
        )
        return True

    def put_back(self, message: Message, *, answer: str) -> bool:
        self.broken("put back", message)
        if self.mails[message.id] != message:
            return False
        self.mails[message.id] = replace(
            message,
            state=Delivery.UNCERTAIN if self.lost[message.id] else Delivery.PENDING,
            attempts=message.attempts - 1,
            next_attempt_at=AT_ONCE,
            lease_until=None,
            last_error=answer,
        )
        return True

    def reconsider(self, messages: Sequence[int], next_attempt_at: datetime, *, answer: str) -> int:
        dead = [self.mails[number] for number in messages if self.mails[number].state is Delivery.DEAD]
        for mail in dead:
            self.mails[mail.id] = replace(
                mail, state=Delivery.PENDING, next_attempt_at=next_attempt_at, last_error=answer
            )
        return len(dead)

    def unanswered(self, message: Message) -> int:
        return self.lost[message.id]

    def waiting(self) -> int:
        return sum(mail.state in UNDONE for mail in self.mails.values())

    def states(self) -> Counter[Delivery]:
        """How many mails are in which state."""
        return Counter(mail.state for mail in self.mails.values())


def _state(outcome: Outcome, next_attempt_at: datetime | None) -> Delivery:
    if outcome is Outcome.ACCEPTED:
        return Delivery.SENT
    if next_attempt_at is None:
        return Delivery.DEAD
    return Delivery.UNCERTAIN if outcome is Outcome.UNCERTAIN else Delivery.PENDING


class PostOffice:
    """What all mailers of a test share: what they were told to answer, and what they were given.

    `on_send` and `on_connect` may raise. No mailer may be given two mails at once: on one connection they would mix.
    """

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.connects = 0
        self.busy = 0
        self.open = 0
        self.parting = self.most_parting = 0
        self.on_send: Callable[[str], None] = nothing
        self.on_connect: Callable[[int], None] = nothing
        self.while_sending: Callable[[], asyncio.Future[None]] | None = None
        self._mailers = 0

    def mailer(self) -> "ToldMailer":
        """One more mailer of this office."""
        self._mailers += 1
        return ToldMailer(self, self._mailers)


class ToldMailer:
    """Fulfils `notifications.dispatcher.ClosingMailer`."""

    def __init__(self, office: PostOffice, number: int) -> None:
        self._office = office
        self._number = number
        self._busy = False
        self._connected = False

    async def connect(self) -> None:
        if not self._connected:
            self._office.connects += 1
            self._office.on_connect(self._number)
            self._connected = True
            self._office.open += 1

    async def send(self, sender: str, recipient: str, content: bytes) -> str:
        assert not self._busy, "two mails on one connection"
        self._busy = True
        self._office.busy += 1
        try:
            await self.connect()
            await asyncio.sleep(0)
            if self._office.while_sending is not None:
                await self._office.while_sending()
            self._office.on_send(recipient)
            self._office.taken.append(recipient)
        except ServerUnusable:
            await self.close()
            raise
        finally:
            self._busy = False
            self._office.busy -= 1
        return "250 kept"

    async def close(self) -> None:
        self._office.open -= self._connected
        if self._connected:
            self._office.parting += 1
            self._office.most_parting = max(self._office.most_parting, self._office.parting)
            await asyncio.sleep(0)  # a server takes its time to say farewell
            self._office.parting -= 1
        self._connected = False


def a_dispatcher(
    outbox: Outbox, clock: Clock, office: PostOffice | None = None, *, jitter: float = 0.0, **settings: Any
) -> Dispatcher:
    """On that outbox, with mailers of that office."""
    return Dispatcher(
        outbox,
        RENDERER,
        (office or PostOffice()).mailer,
        DispatchSettings(sender="kaoji@office.example", sender_name="考绩", **{"write_seconds": 0, **settings}),
        clock=clock,
        jitter=lambda: jitter,
    )


def a_clock() -> VirtualClock:
    """At an hour when every letter of `a_letter` is due."""
    return VirtualClock(a_letter().created_at + timedelta(hours=1))
