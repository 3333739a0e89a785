"""Proves the audit: the chain holds, replay gives the rows that stand, every mail names a head that was (part 12)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from states.canonical import content_sha256
from states.codec import decode
from states.models import Case, Duty, Report
from workflow.chain import GENESIS, BadLink, verified
from workflow.ports import ContactRow, EventRow, SignOffRow
from workflow.projection import Voiding, projected
from workflow.recording import Model, evolved


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

    def all_signoffs(self) -> Iterable[SignOffRow]:
        """Every signature."""

    def contacts(self) -> Iterable[ContactRow]:
        """Every liaison contact."""

    def anchors(self) -> Iterable[tuple[str, int, str]]:
        """Message-ID, `audit_seq` and `audit_head` of every mail."""


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
    problem = _beyond(anchors, count) or _differing(replay, reader) or _unsigned(replay, reader)
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


@dataclass(slots=True)
class _Replay:
    """Everything the events make, from the first on. `standing`: each report's signatures that are not void."""

    models: dict[str, Model] = field(default_factory=dict)
    signoffs: dict[int, SignOffRow] = field(default_factory=dict)
    contacts: dict[int, ContactRow] = field(default_factory=dict)
    standing: dict[str, list[int]] = field(default_factory=dict)

    def broken_by(self, row: EventRow) -> str | None:
        """Apply one event; why that cannot be, where it cannot."""
        known = self.models.get(row.subject)
        if row.item_seq != (known.seq if known else 0) + 1:
            return f"{row.subject} 的序号不连续"
        try:
            event = decode(row.kind, row.payload)
            after = evolved(known, event, at=row.at, actor=row.actor)
        except (ValueError, KeyError, TypeError) as fault:
            return f"无法重放（{fault}）"
        self.models[row.subject] = after
        self._keep(projected(event, after, row))
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
    for subject in sorted(stored.keys() | replay.models.keys()):
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
    return replace(model, wake_at=None, timers_until=model.since)


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
