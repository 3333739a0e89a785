"""What the application needs of the world, named by need. Adapters outside fulfil it; nothing here is implemented.

Everything is synchronous but the mailer: a transaction is short and holds no mail, file or network wait.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from states.models import Case, Duty, DutyKind, Report
from states.purposes import Purpose


class StoreFault(Exception):  # noqa: N818  it says what failed
    """The store itself failed or cannot be used at present: nothing is said about the act or timer that met it.

    A timer that meets one is tried again at the next beat, never set aside.
    """


class Clock(Protocol):
    """The only source of the present; always aware, in UTC."""

    def now(self) -> datetime:
        """The present instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One link of the audit chain as stored. `payload` is canonical JSON text; `hash` covers all the rest.

    `subject` is `report:REF`, `case:ID`, `duty:KIND/UNIT` or `office`; `item_seq` counts the subject's events from 1.
    `from_state`/`to_state` are empty where the event moves no state. Only the first event of a command bears its id
    and the hash of what was asked (`command_sha256`); every event of a person's says by which door it came and on
    whose proof (spec, part 16).
    `mails_sha256` covers the mails the event caused; None where it caused none.
    """

    seq: int
    at: datetime
    actor: str
    command_id: str | None
    kind: str
    subject: str
    item_seq: int
    from_state: str | None
    to_state: str | None
    version: int
    payload: str
    door: str | None = None
    proof: str | None = None
    command_sha256: str | None = None
    mails_sha256: str | None = None
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOffRow:
    """One signature. `state` is the one its step leads to, `step` the place of that on the route, from 1.

    `posts` are those it counts for, `ROLE@UNIT`; `void_seq` the event that voided it, None while it stands.
    """

    report: str
    state: str
    step: int
    posts: tuple[str, ...]
    round: int
    version: int
    person: str
    on_behalf_of: str | None
    at: datetime
    content_sha256: str
    opinion: str
    event_seq: int
    void_seq: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A report waits for that person, who holds that post, `ROLE@UNIT`."""

    report: str
    post: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """One logged visit or call of a unit's liaison officer."""

    unit: str
    person: str
    at: datetime
    visit: bool
    text: str
    event_seq: int


class Delivery(StrEnum):
    """Where an outgoing mail stands. `uncertain`: the body was sent and no final answer was read."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    DEAD = "dead"


class Outcome(StrEnum):
    """What one attempt to deliver came to."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One outgoing mail as stored: all it takes to render and send it, now or years later.

    `message_id` is with its angle brackets and never changes; `thread` is the id all mails of one report share.
    `audit_seq`/`audit_head` are the chain's head when it was written. `attempts` counts those begun, this one included.
    `original_address` is the one it was written for, where it was corrected since; a dead mail somebody took note of
    is acknowledged.
    """

    id: int
    message_id: str
    event_seq: int
    recipient: str
    address: str
    name: str
    language: str
    purpose: Purpose
    thread: str
    cc: bool
    facts: Mapping[str, object]
    audit_seq: int
    audit_head: str
    created_at: datetime
    state: Delivery
    attempts: int
    next_attempt_at: datetime
    lease_until: datetime | None
    sent_at: datetime | None
    last_error: str | None
    original_address: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to deliver a mail; `outcome`, `answer` and `ended_at` are None while it lasts."""

    number: int
    begun_at: datetime
    outcome: Outcome | None
    answer: str | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Which daemon it is that works: its process, its machine, and since when."""

    pid: int
    host: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """When a daemon last worked, and which. `held_since`/`held_reason`: no mail leaves until somebody says so."""

    at: datetime
    pid: int
    host: str
    started_at: datetime
    held_since: datetime | None = None
    held_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeFailure:
    """A timer that failed at `at` and is set aside until `until`."""

    subject: str
    error: str
    at: datetime
    until: datetime

    def __str__(self) -> str:
        return f"{self.subject} 的定时器在 {self.at:%Y-%m-%d %H:%M}Z 失败：{self.error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionRow:
    """One version of one kind of rule: `body` is its canonical text, in force since the event `since_seq`."""

    kind: str
    version: int
    body: str
    sha256: str
    since_seq: int


class Question(NamedTuple):
    """A load that a transaction is going to ask for: the name of a method of Transaction, and its arguments."""

    load: str
    arguments: tuple[str, ...]


class Transaction(Protocol):
    """One unit of work. Leaving the `with` block without `commit()` undoes everything.

    `now` was read once when it began, and is never before the last event: a clock set back cannot turn the chain's
    time back. `clock` is what the clock said; `last_worked` the later of the last event and the daemon's last beat,
    None in a new office. `defined_seq` is the event since which the definitions stand as they do, 0 before the office
    was founded. Loads lock nothing further: the transaction holds the office's write lock.
    """

    now: datetime
    clock: datetime
    last_worked: datetime | None
    defined_seq: int
    defines: bool
    """Whether definitions were put in force in this very transaction."""

    def definitions(self) -> Sequence[DefinitionRow]:
        """The version in force of each kind of definition; empty before the office was founded."""

    def add_definition(self, row: DefinitionRow) -> None:
        """Put a version in force; from now on `defined_seq` is its event."""

    def last_item(self, subject: str) -> int:
        """The `item_seq` of the subject's last event; 0 where it has none."""

    def answered(self, command_id: str) -> Sequence[EventRow]:
        """The events of the command with that id, in order; empty if it was never carried out."""

    def report(self, ref: str) -> Report | None:
        """The report with its entries."""

    def case(self, key: str) -> Case | None:
        """By number, or by `PERIOD/UNIT/INDICATOR|overdue`: the open one, else the latest so named."""

    def duty(self, kind: DutyKind, unit: str) -> Duty | None:
        """One recurring duty."""

    def reports_of(self, unit: str, since: str = "") -> Sequence[Report]:
        """All reports of the unit, those of periods before `since` left out, by period, with entries."""

    def last_ranked(self, unit: str, indicator: str, before: str) -> Report | None:
        """The unit's last supervised report of a period before that one in which the indicator had a rank."""

    def reports_in(self, period: str) -> Sequence[Report]:
        """All reports of the period in the order they were opened, with entries."""

    def open_reports(self, *, with_entries: bool = True) -> Sequence[Report]:
        """Every report that is not supervised, by period, each in the order they were opened."""

    def reports_between(self, first: str, last: str) -> Sequence[Report]:
        """All reports of the periods from `first` to `last`, both included, with entries, by period."""

    def last_report(self, unit: str, before: str) -> Report | None:
        """The unit's last report of a period before that one, with entries."""

    def open_cases(self, unit: str) -> Sequence[Case]:
        """The unit's cases that are not closed, by number."""

    def overdue_case(self, report: str) -> Case | None:
        """The open overdue case of that report."""

    def all_open_cases(self) -> Sequence[Case]:
        """Every case that is not closed, by number."""

    def points_of(self, unit: str, since: datetime, until: datetime) -> int:
        """Points proposed or confirmed for the unit with `since <= proposed_at < until`, withdrawn ones left out."""

    def next_case_id(self) -> int:
        """The number the next case will bear."""

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last event; `(0, genesis hash)` when there is none."""

    def events_of(self, subject: str, after: int) -> Sequence[EventRow]:
        """The subject's events with `item_seq > after`, in order."""

    def last_of_kind(self, subject: str, kind: str) -> EventRow | None:
        """The subject's last event of that kind."""

    def count_of_kind(self, subject: str, kind: str) -> int:
        """How many events of that kind the subject has."""

    def heartbeat(self) -> Heartbeat | None:
        """When a daemon last worked."""

    def beat(self, beat: Beat) -> None:
        """A daemon works: note its heartbeat at what the clock says now."""

    def server_clock(self) -> datetime | None:
        """What time it was by the database's server when this began; None where it has no clock of its own."""

    def turn_back(self) -> None:
        """Believe the clock, even where it is before the last event or the heartbeat: `now` becomes what it says."""

    def hold_mail(self, reason: str | None) -> None:
        """Let no mail leave until somebody says so, for that reason; None lets it go again."""

    def mail(self, number: int) -> Message | None:
        """One outgoing mail."""

    def unsent_mails(self) -> Sequence[Message]:
        """The mails that wait or are dead, by number."""

    def resend_mail(self, number: int, address: str) -> None:
        """Let a dead mail wait again, due at once, and a waiting one go to that address; the first one is kept."""

    def acknowledge_mail(self, number: int, *, by: str, note: str) -> None:
        """Note that somebody knows of a dead mail."""

    def earliest_wake(self, until: datetime) -> tuple[str, datetime] | None:
        """The subject (`duty:…`, `report:…`, `case:…`) with the smallest `wake_at <= until`.

        At one instant duties come before reports before cases, each in the order they came to be.
        """

    def waking_reports(self, at: datetime) -> Sequence[str]:
        """The reports whose `wake_at` is that very instant, in the order they were opened."""

    def waking_cases(self, at: datetime) -> Sequence[int]:
        """The cases whose `wake_at` is that very instant, by number."""

    def save_report(self, before: Report | None, after: Report) -> None:
        """Insert or update the row; an update is guarded by the `seq` it was loaded with."""

    def save_case(self, before: Case | None, after: Case) -> None:
        """As `save_report`."""

    def save_duty(self, before: Duty | None, after: Duty) -> None:
        """As `save_report`."""

    def append_events(self, rows: Sequence[EventRow]) -> None:
        """Append links to the chain."""

    def add_signoff(self, row: SignOffRow) -> None:
        """Record a signature."""

    def void_signoffs(
        self, report: str, event_seq: int, *, state: str | None = None, person: str | None = None
    ) -> None:
        """Void every standing signature of the report by that event, or those of one person on one step's state."""

    def add_contact(self, row: ContactRow) -> None:
        """Record a liaison contact."""

    def enqueue(self, messages: Sequence[Message]) -> None:
        """Put mails into the outbox; their `id` is given by the database."""

    def defer_wake(self, subject: str, until: datetime, error: str) -> None:
        """Set a subject aside whose timer failed, so that it cannot stop the others; recorded for `kaoji check`."""

    def apart(self) -> AbstractContextManager[None]:
        """What is written in the block is undone, alone, when the block fails; a StoreFault undoes everything.

        A store across a network may refuse what was written only at the commit; then everything is undone.
        """

    def commit(self) -> None:
        """Make it durable. Once it returns, the acts in it are acknowledged."""


class Store(Protocol):
    """The database, opened."""

    def begin(self, now: datetime, foreseen: Sequence[Question] = ()) -> AbstractContextManager[Transaction]:
        """Begin a write transaction holding the office's single write lock (`BEGIN IMMEDIATE`; advisory lock).

        `foreseen` changes nothing but the time it takes: a store across a network answers it all in one trip.
        """


AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""When a mail is due that need not wait: before every reading of every clock, also of one set back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a worker asks of the queue: up to `limit` mails, leased until `lease_until`.

    A lease that ends later than that, or a rest that ends after `rests_until`, was given by a clock since set back: it
    has run out. `in_hand` are the mails this worker is sending, whatever their leases say. A mail whose worker died
    `broken_off` times is not sent again: it may be what kills them.
    """

    now: datetime
    lease_until: datetime
    rests_until: datetime
    limit: int
    in_hand: frozenset[int] = frozenset()
    broken_off: int = 20


class Outbox(Protocol):
    """The queue of outgoing mail, as the dispatcher sees it. Each method is one transaction of its own."""

    def claim(self, claim: Claim) -> Sequence[Message]:
        """Take mails whose time has come: pending or uncertain, or sending with a lease run out, which counts as one
        uncertain attempt more. Those due at once come first, by number, then by the instant they were put off to.
        Records the attempt before sending.
        """

    def finish(
        self, message: Message, outcome: Outcome, now: datetime, *, answer: str, next_attempt_at: datetime | None
    ) -> bool:
        """Record what an attempt came to. `next_attempt_at` None with a failure means it is dead (given up).

        False, and nothing recorded on the mail, when the attempt number no longer matches: another worker holds it.
        """

    def put_back(self, message: Message, *, answer: str) -> bool:
        """A mail claimed but not begun: it is due at once as before, and the attempt is as if never made.

        `answer` says why it waits. False as for `finish`.
        """

    def reconsider(self, messages: Sequence[int], next_attempt_at: datetime, *, answer: str) -> int:
        """Let dead mails wait again that were given up too soon. Returns how many were."""

    def unanswered(self, message: Message) -> int:
        """How many earlier attempts the server got whole and did not answer."""

    def waiting(self) -> int:
        """How many mails are neither sent nor dead."""


class MailFailure(Exception):  # noqa: N818  an outcome of sending, named as such
    """A mail was not accepted. `outcome` says whether trying again makes sense, `answer` what the server said."""

    def __init__(self, outcome: Outcome, answer: str) -> None:
        super().__init__(answer)
        self.outcome = outcome
        self.answer = answer


class Mailer(Protocol):
    """Hands one ready mail to the mail server."""

    async def send(self, sender: str, recipient: str, content: bytes) -> str:
        """The server's final answer when it accepted; raises MailFailure otherwise."""
