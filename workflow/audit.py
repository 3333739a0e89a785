"""Proves the audit: the chain holds, replay gives the rows that stand, every mail names a head that was (part 12)."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from states.canonical import content_sha256, sha256
from states.codec import decode
from states.events import DutyBegan, OfficeDefined
from states.models import Case, Charter, Duty, Report
from states.rules import Rules
from workflow.chain import GENESIS, BadLink, mails_sha256, verified
from workflow.kinds import Model, evolved, planned
from workflow.ports import ContactRow, DefinitionRow, EventRow, Message, SignOffRow
from workflow.projection import Voiding, projected


class AuditReader(Protocol):
    """What the proof reads."""

    def events(self) -> Iterable[EventRow]:
        """All events in order of `seq`."""

    def all_reports(self) -> Iterable[Report]:
        """Every report with its entries."""

    def all_cases(self) -> Iterable[Case]:
        """Every case."""

    def all_duties(self) -> Iterable[Duty]:
        """Every duty."""

    def all_definitions(self) -> Iterable[DefinitionRow]:
        """Every version of every kind of definition."""

    def all_signoffs(self) -> Iterable[SignOffRow]:
        """Every signature."""

    def contacts(self) -> Iterable[ContactRow]:
        """Every liaison contact."""

    def anchors(self) -> Iterable[tuple[str, int, str]]:
        """Message-ID, `audit_seq` and `audit_head` of every mail."""

    def mails_by_event(self) -> Iterable[tuple[int, Sequence[Message]]]:
        """The mails of each event that caused any, in the order of events, each event's in the order written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the proof came to. `problem` is None when all holds; `bad_seq` is the first bad event where one is bad."""

    events: int
    head: str
    problem: str | None = None
    bad_seq: int | None = None

    @property
    def valid(self) -> bool:
        """Whether everything holds."""
        return self.problem is None


def verify(reader: AuditReader) -> Verdict:
    """The whole proof, stopping at the first thing that does not hold."""
    anchors = _anchors_by_seq(reader)
    replay = _Replay()
    count, head = 0, GENESIS
    for link in verified(reader.events()):
        if isinstance(link, BadLink):
            return _bad(link.seq, link.why, count, head)
        problem = _unanchored(link, anchors) or replay.broken_by(link)
        if problem is not None:
            return _bad(link.seq, problem, count, head)
        count, head = link.seq, link.hash
    problem = (
        _beyond(anchors, count) or _differing(replay, reader) or _unsigned(replay, reader) or _undefined(replay, reader)
    )
    if problem is None:
        return _mails_proven(replay, reader, Verdict(events=count, head=head))
    return Verdict(events=count, head=head, problem=problem)


def _bad(seq: int, why: str, count: int, head: str) -> Verdict:
    return Verdict(events=count, head=head, problem=f"第 {seq} 条流转记录：{why}", bad_seq=seq)


def _anchors_by_seq(reader: AuditReader) -> dict[int, list[tuple[str, str]]]:
    anchors: dict[int, list[tuple[str, str]]] = {}
    for message_id, seq, head in reader.anchors():
        anchors.setdefault(seq, []).append((message_id, head))
    return anchors


def _unanchored(row: EventRow, anchors: Mapping[int, list[tuple[str, str]]]) -> str | None:
    """The first mail that bears another hash of this event."""
    return next(
        (f"与邮件 {message_id} 所载的散列值不符" for message_id, head in anchors.get(row.seq, ()) if head != row.hash),
        None,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What an event says of its mails."""

    hash: str
    at: datetime
    mails: str | None


@dataclass(slots=True)
class _Replay:
    """Everything the events make, from the first on. `standing`: each report's signatures that are not void.

    `defined`: hash and event of each definition by kind and version.
    `mails`: what each event says of the mails it caused. Events before `first_binding` are older than such sayings.
    """

    models: dict[str, Model] = field(default_factory=dict)
    signoffs: dict[int, SignOffRow] = field(default_factory=dict)
    contacts: dict[int, ContactRow] = field(default_factory=dict)
    standing: dict[str, list[int]] = field(default_factory=dict)
    mails: dict[int, _Told] = field(default_factory=dict)
    defined: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    first_binding: int | None = None

    def broken_by(self, row: EventRow) -> str | None:
        """Apply one event; why that cannot be, where it cannot."""
        known = self.models.get(row.subject)
        if row.item_seq != (known.seq if known else 0) + 1:
            return f"{row.subject} 的序号不连续"
        try:
            event = decode(row.kind, row.payload)
            # Where it led is what the record says: the tables may be others by now.
            stood = None if known is None or isinstance(known, (Duty, Charter)) else known.state
            after = evolved(known, event, at=row.at, actor=row.actor, to=row.to_state or stood)
        except (ValueError, KeyError, TypeError) as fault:
            return f"无法重放（{fault}）"
        self.models[row.subject] = after
        self.mails[row.seq] = _Told(hash=row.hash, at=row.at, mails=row.mails_sha256)
        if self.first_binding is None and (row.mails_sha256 or row.command_sha256):
            self.first_binding = row.seq
        self._keep(projected(event, after, row))
        if isinstance(event, OfficeDefined):
            self.defined |= {(one.kind, one.version): (one.sha256, row.seq) for one in event.versions}
        return None

    def _keep(self, row: SignOffRow | ContactRow | Voiding | None) -> None:
        match row:
            case SignOffRow():
                self.signoffs[row.event_seq] = row
                self.standing.setdefault(row.report, []).append(row.event_seq)
            case ContactRow():
                self.contacts[row.event_seq] = row
            case Voiding():
                for seq in self.standing.pop(row.report, ()):
                    self.signoffs[seq] = replace(self.signoffs[seq], void_seq=row.event_seq)


def _mails_proven(replay: _Replay, reader: AuditReader, verdict: Verdict) -> Verdict:
    """Every mail is one its event tells of, as it was written: to whom, saying what, under which Message-ID."""
    seen = set()
    try:
        for seq, mails in reader.mails_by_event():
            told = replay.mails.get(seq)
            problem = (
                f"邮件 {mails[0].message_id} 没有对应的记录"
                if told is None
                else _mail_problem(seq, mails, told, replay)
            )
            if problem is not None:
                return replace(verdict, problem=f"第 {seq} 条流转记录：{problem}", bad_seq=seq)
            seen.add(seq)
    except (ValueError, KeyError, TypeError) as fault:
        return replace(verdict, problem=f"有邮件的内容读不通，数据被改动过（{fault}）")
    lost = next((seq for seq, told in replay.mails.items() if told.mails is not None and seq not in seen), None)
    if lost is not None:
        return replace(verdict, problem=f"第 {lost} 条流转记录：它引起的邮件不见了", bad_seq=lost)
    return verdict


def _mail_problem(seq: int, mails: Sequence[Message], told: _Told, replay: _Replay) -> str | None:
    """What is wrong with the mails of one event. An event of an older program does not say what its mails said."""
    for mail in mails:
        name = sha256(f"{told.hash} {mail.recipient} {mail.purpose.value}")[:32]
        if not mail.message_id.startswith(f"<{name}@") or mail.created_at != told.at:
            return f"邮件 {mail.message_id} 不是由这条记录产生的，数据被改动过"
    is_bound = replay.first_binding is not None and seq >= replay.first_binding
    if (told.mails is not None or is_bound) and mails_sha256(mails) != told.mails:
        return f"邮件 {mails[0].message_id} 等与记录不符：收件人、地址或内容被改动过"
    return None


def _beyond(anchors: Mapping[int, list[tuple[str, str]]], count: int) -> str | None:
    """A mail that names a head later than the last event: the chain's end has been cut off."""
    last = max(anchors, default=0)
    return (
        None if last <= count else f"邮件 {anchors[last][0][0]} 记载了第 {last} 条，现存只有 {count} 条：末尾记录被删除"
    )


def _differing(replay: _Replay, reader: AuditReader) -> str | None:
    """The first row that replay does not give; how it is planned ahead is not part of what happened."""
    stored: dict[str, Model] = {f"report:{report.ref}": report for report in reader.all_reports()}
    stored |= {f"case:{case.id}": case for case in reader.all_cases()}
    stored |= {f"duty:{duty.ref}": duty for duty in reader.all_duties()}
    made_so = {subject for subject, model in replay.models.items() if not isinstance(model, Charter)}
    for subject in sorted(stored.keys() | made_so):
        row, made = stored.get(subject), replay.models.get(subject)
        if row is None or made is None:
            return f"{subject} 在库中与记录中不能对应"
        if _happened(row) != _happened(made):
            return f"{subject} 的现状不是由流转记录得出的：数据被改动过"
        if isinstance(row, Report) and content_sha256(row.ref, row.entries) != row.content_sha256:
            return f"{subject} 的内容与其散列值不符"
    return None


def _happened(model: Model) -> Model:
    if isinstance(model, Report):
        return replace(model, holders=(), wake_at=None, timers_until=model.opened_at)
    if isinstance(model, Case):
        return replace(model, wake_at=None, timers_until=model.opened_at)
    if isinstance(model, Duty):
        return replace(model, wake_at=None, timers_until=model.since)
    return model


def _undefined(replay: _Replay, reader: AuditReader) -> str | None:
    """The first definition that is not the one its event tells of."""
    stored = {(row.kind, row.version): row for row in reader.all_definitions()}
    for kind, version in sorted(stored.keys() | replay.defined.keys()):
        row, told = stored.get((kind, version)), replay.defined.get((kind, version))
        if row is None or told is None or (row.sha256, row.since_seq) != told or sha256(row.body) != row.sha256:
            return f"规则“{kind}”第 {version} 版与流转记录不符：数据被改动过"
    return None


def _unsigned(replay: _Replay, reader: AuditReader) -> str | None:
    """The first signature or contact that is not the one its event tells of."""
    signoffs = {row.event_seq: row for row in reader.all_signoffs()}
    contacts = {row.event_seq: row for row in reader.contacts()}
    for seq in sorted(signoffs.keys() | replay.signoffs.keys()):
        if signoffs.get(seq) != replay.signoffs.get(seq):
            row = signoffs.get(seq) or replay.signoffs[seq]
            return f"{row.report} 上 {row.person} 的签批与第 {seq} 条流转记录不符：数据被改动过"
    for seq in sorted(contacts.keys() | replay.contacts.keys()):
        if contacts.get(seq) != replay.contacts.get(seq):
            unit = (contacts.get(seq) or replay.contacts[seq]).unit
            return f"{unit} 的对接登记与第 {seq} 条流转记录不符：数据被改动过"
    return None


# --- witnesses outside the database ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A mail as some mailbox kept it: its Message-ID, and the head of the chain it bears."""

    message_id: str
    seq: int
    head: str


class Chained(Protocol):
    """What witnesses are held against."""

    def hash_at(self, seq: int) -> str | None:
        """The hash of that event; None where there is none."""

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last event."""

    def anchors(self) -> Iterable[tuple[str, int, str]]:
        """Message-ID, `audit_seq` and `audit_head` of every mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """How many mails agree with the history; `others` are of another office's system, and say nothing of this one.

    `problem` is the first contradiction, by the event it speaks of.
    """

    agreed: int
    others: int
    problem: str | None = None
    bad_seq: int | None = None


def heard(chain: Chained, witnesses: Iterable[Witness]) -> Testimony:
    """Hold mails that were delivered against the history: what they bear cannot have been changed since."""
    known = {message_id for message_id, _, _ in chain.anchors()}
    domains = {_domain(message_id) for message_id in known}
    agreed = others = 0
    last = chain.head()[0]
    for one in sorted(set(witnesses), key=lambda witness: (witness.seq, witness.message_id)):
        if domains and _domain(one.message_id) not in domains:
            others += 1
            continue
        problem = _contradiction(one, chain.hash_at(one.seq), last, known)
        if problem is not None:
            return Testimony(agreed=agreed, others=others, problem=problem, bad_seq=one.seq)
        agreed += 1
    return Testimony(agreed=agreed, others=others)


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
    reader: AuditReader,
    rules: Rules,
    now: datetime,
    set_aside: Container[tuple[str, datetime]],
) -> Iterator[str]:
    """The rows whose turn or timer is not what the rules make of what happened: somebody put the clockwork out of gear.

    `rules` are those in force; `set_aside` are the subjects whose timer failed, each with the instant it waits for.
    Nothing after `now` or the latest event can have been applied.
    """
    latest, begun = now, dict[str, datetime]()
    for row in reader.events():
        latest = max(latest, row.at)
        if row.kind == "duty_began":
            began = decode(row.kind, row.payload)
            begun[row.subject] = began.timers_until if isinstance(began, DutyBegan) else row.at
    stored: list[tuple[str, Report | Case | Duty]] = [
        (f"report:{report.ref}", report) for report in reader.all_reports()
    ]
    stored += [(f"case:{case.id}", case) for case in reader.all_cases()]
    stored += [(f"duty:{duty.ref}", duty) for duty in reader.all_duties()]
    for subject, model in stored:
        expected = planned(model, rules, now)
        if model.timers_until > max(latest, begun.get(subject, latest)):
            yield f"{subject} 的定时器被改动：记作已办到 {model.timers_until:%Y-%m-%d %H:%M}Z，那时还没有到"
        elif model.wake_at != expected.wake_at and (subject, model.wake_at) not in set_aside:
            yield f"{subject} 的定时器{'缺失' if model.wake_at is None else '被改动'}：应为 {_shown(expected.wake_at)}"
        elif isinstance(model, Report) and isinstance(expected, Report):
            # A change of hands that is due and not yet applied is told of by what is due, not by who holds.
            is_late = expected.wake_at is not None and expected.wake_at <= now
            if model.holders != expected.holders and not is_late:
                yield f"{subject} 的当前办理人被改动：应为 {'、'.join(expected.holders) or '无人'}"
            elif _slept_through(model):
                yield f"{subject} 的定时器被改动：时限已过，定时器也记作已办，却没有标记逾期"


def _slept_through(report: Report) -> bool:
    return report.submitted_at is None and not report.overdue and report.timers_until >= report.due_at


def _shown(instant: datetime | None) -> str:
    return "无" if instant is None else f"{instant:%Y-%m-%d %H:%M}Z"
