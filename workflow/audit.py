"""Proves the audit: the chain holds, replay gives the rows that stand, every mail names a head that was (part 12).

One pass in the order of the events. A subject is replayed from its first event and held against its rows at its last,
then let go of, so that the proof of many years needs no more memory than what is under way at one time.
"""

import itertools
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from states.canonical import content_sha256, sha256
from states.codec import decode, kind_of
from states.events import DutyBegan, OfficeDefined, Restored
from states.models import Case, Charter, Duty, DutyKind, Report
from states.rules import Rules
from workflow.chain import GENESIS, BadLink, mails_sha256, verified
from workflow.kinds import Model, evolved, kind_of_model, planned
from workflow.ports import ContactRow, DefinitionRow, EventRow, Message, SignOffRow
from workflow.projection import Voiding, projected


class AuditReader(Protocol):
    """What the proof reads."""

    def events(self, after: int = 0) -> Iterable[EventRow]:
        """The events with `seq > after`, in order."""

    def events_of(self, subject: str) -> Iterable[EventRow]:
        """A subject's events in order."""

    def last_item(self, subject: str) -> int:
        """The `item_seq` of a subject's last event."""

    def hash_at(self, seq: int) -> str | None:
        """The hash of that event; None where there is none."""

    def report(self, ref: str) -> Report | None:
        """One report with its entries."""

    def case(self, key: str) -> Case | None:
        """One case, by its number."""

    def duty(self, kind: DutyKind, unit: str) -> Duty | None:
        """One duty."""

    def signoffs(self, ref: str) -> Iterable[SignOffRow]:
        """The signatures made by a report's events, oldest first."""

    def contact(self, event_seq: int) -> ContactRow | None:
        """The liaison contact of that event."""

    def all_definitions(self) -> Iterable[DefinitionRow]:
        """Every version of every kind of definition."""

    def unfounded(self) -> Iterable[str]:
        """What stands in the rows and was never begun by an event, as people are told of it."""

    def mails_by_event(self, after: int = 0) -> Iterable[tuple[int, Sequence[Message]]]:
        """The mails of each event with `seq > after` that caused any, in the order of events, each event's in the
        order written.
        """


class PlanReader(Protocol):
    """What is held against the plan."""

    def events_of(self, subject: str) -> Iterable[EventRow]:
        """A subject's events in order."""

    def latest_at(self) -> datetime | None:
        """The latest instant of any event; None where there is none."""

    def all_reports(self) -> Iterable[Report]:
        """Every report with its entries."""

    def all_cases(self) -> Iterable[Case]:
        """Every case."""

    def all_duties(self) -> Iterable[Duty]:
        """Every duty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An event up to which everything has been proven: its number and hash, and its instant as stored."""

    seq: int
    hash: str
    at: str


BEGINNING = Proven(seq=0, hash=GENESIS, at="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the proof came to. `problem` is None when all holds; `bad_seq` is the first bad event where one is bad.

    `events` is the number of the last event that holds; `since` the one the proof began after, 0 for a whole one.
    """

    events: int
    head: str
    problem: str | None = None
    bad_seq: int | None = None
    since: int = 0

    @property
    def valid(self) -> bool:
        """Whether everything holds."""
        return self.problem is None


def verify(reader: AuditReader, since: Proven = BEGINNING) -> Verdict:
    """The proof of every event after `since`, stopping at the first that does not hold.

    From the beginning it is the whole proof. Else it takes the events before, the rows they alone made and the mails
    they caused as they were proven then; it costs what was done since.

    What is wrong with the chain is said before what is wrong with a row, and that before what is wrong with a mail:
    rows and mails are held against events, which must be proven first.
    """
    if since.seq and reader.hash_at(since.seq) != since.hash:
        why = "与上次核对时不是同一条，历史被换过"
        return Verdict(events=0, head=GENESIS, problem=_of_event(since.seq, why), bad_seq=since.seq, since=since.seq)
    replay, mails = _Replay(reader, since.seq), _Mails(reader, since.seq)
    proven = Verdict(events=since.seq, head=since.hash, since=since.seq)
    for link in verified(reader.events(since.seq), since.seq, since.hash, since.at):
        if isinstance(link, BadLink):
            return replace(proven, problem=_of_event(link.seq, link.why), bad_seq=link.seq)
        bad = mails.gainsaying(link) or replay.broken_by(link)
        if bad is not None:
            return replace(proven, problem=_of_event(bad.seq, bad.why), bad_seq=bad.seq)
        proven = replace(proven, events=link.seq, head=link.hash)
        mails.compare(link)
        replay.compare(link)
    problem = mails.beyond(proven.events) or replay.differing or replay.undefined()
    if problem is None and since.seq == 0:
        problem = next(iter(reader.unfounded()), None)
    if problem is None and (wrong := mails.wrong) is not None:
        return replace(
            proven, problem=_of_event(wrong.seq, wrong.why) if wrong.seq else wrong.why, bad_seq=wrong.seq or None
        )
    return replace(proven, problem=problem)


def _of_event(seq: int, why: str) -> str:
    return f"第 {seq} 条流转记录：{why}"


@dataclass(slots=True)
class _Subject:
    """What its events have made of a subject so far. `standing`: the signatures on it that are not void."""

    last_item: int
    model: Model | None = None
    signoffs: dict[int, SignOffRow] = field(default_factory=dict)
    standing: list[int] = field(default_factory=list)


class _Replay:
    """Makes every subject anew from its events, as long as there are any to come."""

    def __init__(self, reader: AuditReader, since: int) -> None:
        self._reader = reader
        self._since = since
        self._under_way: dict[str, _Subject] = {}
        self._defined: dict[tuple[str, int], tuple[str, int]] = {}
        self.differing: str | None = None
        """The first row that is not what its events make."""

    def broken_by(self, row: EventRow) -> BadLink | None:
        """Apply one event; why that cannot be."""
        subject = self._under_way.get(row.subject)
        if subject is None:
            subject = self._under_way[row.subject] = _Subject(self._reader.last_item(row.subject))
            # What was proven before is not proven again, but without it there is nothing to apply the event to.
            if self._since and row.item_seq > 1:
                for earlier in self._reader.events_of(row.subject):
                    if earlier.seq > self._since:
                        break
                    bad = self._apply(subject, earlier)
                    if bad is not None:
                        return bad
        return self._apply(subject, row)

    def _apply(self, subject: _Subject, row: EventRow) -> BadLink | None:
        known = subject.model
        if row.item_seq != (known.seq if known else 0) + 1:
            return BadLink(row.seq, f"{row.subject} 的序号不连续")
        try:
            event = decode(row.kind, row.payload)
            # Where it led is what the record says: the tables may be others by now.
            stood = None if known is None or isinstance(known, (Duty, Charter)) else known.state
            after = evolved(known, event, at=row.at, actor=row.actor, to=row.to_state or stood)
        except (ValueError, KeyError, TypeError) as fault:
            return BadLink(row.seq, f"无法重放（{fault}）")
        subject.model = after
        if isinstance(event, OfficeDefined) and row.seq > self._since:
            self._defined |= {(one.kind, one.version): (one.sha256, row.seq) for one in event.versions}
        match projected(event, after, row):
            case SignOffRow() as signoff:
                subject.signoffs[row.seq] = signoff
                subject.standing.append(row.seq)
            case ContactRow() as contact if row.seq > self._since and self._reader.contact(row.seq) != contact:
                self._note(f"{contact.unit} 的对接登记与第 {row.seq} 条流转记录不符：数据被改动过")
            case Voiding() as voiding:
                gone = [seq for seq in subject.standing if voiding.concerns(subject.signoffs[seq])]
                for seq in gone:
                    subject.signoffs[seq] = replace(subject.signoffs[seq], void_seq=row.seq)
                subject.standing = [seq for seq in subject.standing if seq not in gone]
        return None

    def _note(self, differing: str | None) -> None:
        self.differing = self.differing or differing

    def compare(self, row: EventRow) -> None:
        """After a subject's last event, hold its rows against what replay gives."""
        if row.item_seq == self._under_way[row.subject].last_item:
            self._note(self._compared(row.subject, self._under_way.pop(row.subject)))

    def _compared(self, name: str, subject: _Subject) -> str | None:
        made = subject.model
        if isinstance(made, Charter):
            return None  # it has no row but those of what it defined
        stored = self._stored(name)
        if stored is None or made is None:
            return f"{name} 在库中与记录中不能对应"
        if _happened(stored) != _happened(made):
            return f"{name} 的现状不是由流转记录得出的：数据被改动过"
        if not isinstance(stored, Report):
            return None
        if content_sha256(stored.ref, stored.entries) != stored.content_sha256:
            return f"{name} 的内容与其散列值不符"
        signoffs = {one.event_seq: one for one in self._reader.signoffs(stored.ref)}
        for seq in sorted(signoffs.keys() | subject.signoffs.keys()):
            if signoffs.get(seq) != subject.signoffs.get(seq):
                one = signoffs.get(seq) or subject.signoffs[seq]
                return f"{one.report} 上 {one.person} 的签批与第 {seq} 条流转记录不符：数据被改动过"
        return None

    def undefined(self) -> str | None:
        """The first definition that is not the one its event tells of."""
        stored = {(row.kind, row.version): row for row in self._reader.all_definitions() if row.since_seq > self._since}
        for kind, version in sorted(stored.keys() | self._defined.keys()):
            row, told = stored.get((kind, version)), self._defined.get((kind, version))
            if row is None or told is None or (row.sha256, row.since_seq) != told or sha256(row.body) != row.sha256:
                return f"规则“{kind}”第 {version} 版与流转记录不符：数据被改动过"
        return None

    def _stored(self, subject: str) -> Model | None:
        kind, _, key = subject.partition(":")
        if kind == "report":
            return self._reader.report(key)
        if kind == "case":
            return self._reader.case(key)
        duty, _, unit = key.partition("/")
        return self._reader.duty(DutyKind(duty), unit)


def _happened(model: Model) -> Model:
    """How it is planned ahead is not part of what happened."""
    if isinstance(model, Report):
        return replace(model, tasks=(), holders=(), wake_at=None, timers_until=model.opened_at)
    if isinstance(model, Case):
        return replace(model, wake_at=None, timers_until=model.opened_at)
    if isinstance(model, Duty):
        return replace(model, wake_at=None, timers_until=model.since)
    return model


class _Mails:
    """Holds every mail against the event it tells of, and against the one it names as the chain's head."""

    def __init__(self, reader: AuditReader, since: int) -> None:
        self._reader = reader
        self._found = iter(reader.mails_by_event(since))
        self._anchors: dict[int, list[Message]] = {}
        self.wrong: BadLink | None = None
        """The first event whose mails are not those it tells of; its number is 0 where a mail cannot be read at all."""
        self._next: tuple[int, Sequence[Message]] | None = None
        self._advance()

    def _advance(self) -> None:
        try:
            self._next = next(self._found, None)
        except (ValueError, KeyError, TypeError) as fault:
            self._next = None
            self._note(0, f"有邮件的内容读不通，数据被改动过（{fault}）")
        for mail in self._next[1] if self._next else ():
            self._anchors.setdefault(mail.audit_seq, []).append(mail)

    def _note(self, seq: int, why: str) -> None:
        self.wrong = self.wrong or BadLink(seq, why)

    def gainsaying(self, row: EventRow) -> BadLink | None:
        """The first mail that bears another hash of an event up to this one."""
        while self._next is not None and self._next[0] < row.seq:
            self._note(self._next[0], f"邮件 {self._next[1][0].message_id} 没有对应的记录")
            self._advance()
        for seq in sorted(seq for seq in self._anchors if seq <= row.seq):
            found = row.hash if seq == row.seq else self._reader.hash_at(seq)
            for mail in self._anchors.pop(seq):
                if mail.audit_head != found:
                    return BadLink(seq, f"与邮件 {mail.message_id} 所载的散列值不符")
        return None

    def compare(self, row: EventRow) -> None:
        """Every mail is one its event tells of, as it was written: to whom, saying what, under which Message-ID."""
        if self._next is None or self._next[0] != row.seq:
            if row.mails_sha256 is not None:
                self._note(row.seq, "它引起的邮件不见了")
            return
        mails = self._next[1]
        self._advance()
        for mail in mails:
            name = sha256(f"{row.hash} {mail.recipient} {mail.purpose.value}")[:32]
            if not mail.message_id.startswith(f"<{name}@") or mail.created_at != row.at:
                self._note(row.seq, f"邮件 {mail.message_id} 不是由这条记录产生的，数据被改动过")
        if mails_sha256(mails) != row.mails_sha256:
            self._note(row.seq, f"邮件 {mails[0].message_id} 等与记录不符：收件人、地址或内容被改动过")

    def beyond(self, count: int) -> str | None:
        """A mail that names a head later than the last event: the chain's end has been cut off."""
        while self._next is not None:
            self._note(self._next[0], f"邮件 {self._next[1][0].message_id} 没有对应的记录")
            self._advance()
        if not self._anchors:
            return None
        last = max(self._anchors)
        mail = self._anchors[last][0]
        return f"邮件 {mail.message_id} 记载了第 {last} 条，现存只有 {count} 条：末尾记录被删除"


# --- witnesses outside the database ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A mail as some mailbox kept it: its Message-ID, the head of the chain it bears; to whom and what about, and when.

    The last three are for people, and for telling a mail of a history that a restore gave up; a mail may lack them.
    """

    message_id: str
    seq: int
    head: str
    to: str = ""
    subject: str = ""
    sent_at: datetime | None = None


class Chained(Protocol):
    """What witnesses are held against."""

    def hash_at(self, seq: int) -> str | None:
        """The hash of that event; None where there is none."""

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last event."""

    def anchors(self) -> Iterable[tuple[str, int, str]]:
        """Message-ID, `audit_seq` and `audit_head` of every mail."""

    def events(self) -> Iterable[EventRow]:
        """All events in order of `seq`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """How many mails agree with the history; `others` are of another office's system, and say nothing of this one.

    `given_up` tell of what a restore, itself an event of the history, gave up. `problem` is the first contradiction, by
    the event it speaks of.
    """

    agreed: int
    others: int
    given_up: tuple[Witness, ...] = ()
    problem: str | None = None
    bad_seq: int | None = None


def heard(chain: Chained, witnesses: Iterable[Witness]) -> Testimony:
    """Hold mails that were delivered against the history: what they bear cannot have been changed since."""
    known = {message_id for message_id, _, _ in chain.anchors()}
    domains = {_domain(message_id) for message_id in known}
    agreed = others = 0
    given_up: list[Witness] = []
    restores: list[tuple[datetime, Restored]] | None = None
    last = chain.head()[0]
    for one in sorted(set(witnesses), key=lambda witness: (witness.seq, witness.message_id)):
        if domains and _domain(one.message_id) not in domains:
            others += 1
            continue
        problem = _contradiction(one, chain.hash_at(one.seq), last, known)
        if problem is None:
            agreed += 1
            continue
        if restores is None:  # the whole history is read for one only where something contradicts
            restores = list(_restores(chain))
        if any(_gave_up(restored, at, one) for at, restored in restores):
            given_up.append(one)
        else:
            return Testimony(agreed=agreed, others=others, given_up=tuple(given_up), problem=problem, bad_seq=one.seq)
    return Testimony(agreed=agreed, others=others, given_up=tuple(given_up))


def _restores(chain: Chained) -> Iterator[tuple[datetime, Restored]]:
    """Every restore of the history, and when it was."""
    for row in chain.events():
        event = decode(row.kind, row.payload) if row.kind == kind_of(Restored) else None
        if isinstance(event, Restored):
            yield row.at, event


def _gave_up(restored: Restored, at: datetime, one: Witness) -> bool:
    """Whether the mail left before that restore and tells of events after its backup."""
    if one.sent_at is None or one.sent_at > at:
        return False
    return one.seq > restored.seq and (restored.replaced_seq is None or one.seq <= restored.replaced_seq)


def _domain(message_id: str) -> str:
    return message_id.rpartition("@")[2]


def _contradiction(one: Witness, found: str | None, last: int, known: Container[str]) -> str | None:
    if one.seq > last:
        return f"邮件 {one.message_id} 记载了第 {one.seq} 条，现存只有 {last} 条：末尾记录被删除"
    if found != one.head:
        return f"第 {one.seq} 条流转记录：与邮件 {one.message_id} 所载的散列值不符，第 1–{one.seq} 条中有记录被改写"
    if one.message_id not in known:
        return f"邮件 {one.message_id} 已经送达，数据库中却没有它：引起它的记录被删除或改写（记载第 {one.seq} 条）"
    return None


# --- what is planned ahead ------------------------------------------------------------------------------------------


def misplanned(
    reader: PlanReader,
    rules: Rules,
    now: datetime,
    set_aside: Container[tuple[str, datetime]],
) -> Iterator[str]:
    """The rows whose turn or timer is not what the rules make of what happened: somebody put the clockwork out of gear.

    `rules` are those in force; `set_aside` are the subjects whose timer failed, each with the instant it waits for.
    Nothing after `now` or the latest event can have been applied.
    """
    latest = max(now, reader.latest_at() or now)
    for model in itertools.chain[Report | Case | Duty](reader.all_reports(), reader.all_cases(), reader.all_duties()):
        subject = kind_of_model(model).subject(model)
        if model.timers_until > latest and model.timers_until > _begun_until(subject, model, reader):
            yield f"{subject} 的定时器被改动：记作已办到 {model.timers_until:%Y-%m-%d %H:%M}Z，那时还没有到"
            continue  # no calendar says what would follow at the end of time
        expected = planned(model, rules, now)
        if model.wake_at != expected.wake_at and (subject, model.wake_at) not in set_aside:
            yield f"{subject} 的定时器{'缺失' if model.wake_at is None else '被改动'}：应为 {_shown(expected.wake_at)}"
        elif isinstance(model, Report) and isinstance(expected, Report):
            # A change of hands that is due and not yet applied is told of by what is due, not by who holds.
            is_late = expected.wake_at is not None and expected.wake_at <= now
            if model.holders != expected.holders and not is_late:
                yield f"{subject} 的当前办理人被改动：应为 {'、'.join(expected.holders) or '无人'}"
            elif _slept_through(model):
                yield f"{subject} 的定时器被改动：时限已过，定时器也记作已办，却没有标记逾期"


def _begun_until(subject: str, model: Report | Case | Duty, reader: PlanReader) -> datetime:
    """A duty may begin with its timers applied up to an instant to come, as where the first period is months away."""
    if not isinstance(model, Duty):
        return datetime.min.replace(tzinfo=UTC)
    began = next((decode(row.kind, row.payload) for row in reader.events_of(subject)), None)
    return began.timers_until if isinstance(began, DutyBegan) else model.since


def _slept_through(report: Report) -> bool:
    return report.submitted_at is None and not report.overdue and report.timers_until >= report.due_at


def _shown(instant: datetime | None) -> str:
    return "无" if instant is None else f"{instant:%Y-%m-%d %H:%M}Z"
