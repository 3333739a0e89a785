"""Proves the audit: the chain holds, replay gives the rows that stand, every mail names a head that was (part 12)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from states.canonical import content_sha256
from states.codec import decode
from states.models import Case, Duty, Report
from workflow.chain import GENESIS, BadLink, verified
from workflow.ports import EventRow, SignOffRow
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
    replayed: dict[str, Model] = {}
    signed: dict[int, tuple[str, str, str]] = {}
    count, head = 0, GENESIS
    for link in verified(reader.events()):
        problem = _broken(link, anchors, replayed) if isinstance(link, EventRow) else link.why
        if problem is not None:
            return Verdict(events=count, head=head, problem=f"第 {link.seq} 条流转记录：{problem}", bad_seq=link.seq)
        if isinstance(link, BadLink):
            break
        if link.kind == "report_signed":
            signed[link.seq] = _signature(link, replayed)
        count, head = link.seq, link.hash
    problem = _beyond(anchors, count) or _differing(replayed, reader) or _unsigned(signed, reader)
    return Verdict(events=count, head=head, problem=problem)


def _anchors_by_seq(reader: AuditReader) -> dict[int, list[tuple[str, str]]]:
    anchors: dict[int, list[tuple[str, str]]] = {}
    for message_id, seq, head in reader.anchors():
        anchors.setdefault(seq, []).append((message_id, head))
    return anchors


def _broken(row: EventRow, anchors: Mapping[int, list[tuple[str, str]]], replayed: dict[str, Model]) -> str | None:
    for message_id, head in anchors.get(row.seq, ()):
        if head != row.hash:
            return f"与邮件 {message_id} 所载的散列值不符"
    known = replayed.get(row.subject)
    if row.item_seq != (known.seq if known else 0) + 1:
        return f"{row.subject} 的序号不连续"
    try:
        after = evolved(known, decode(row.kind, row.payload), at=row.at, actor=row.actor)
    except (ValueError, KeyError, TypeError) as fault:
        return f"无法重放（{fault}）"
    replayed[row.subject] = after
    return None


def _signature(row: EventRow, replayed: Mapping[str, Model]) -> tuple[str, str, str]:
    report = replayed[row.subject]
    content = report.content_sha256 if isinstance(report, Report) else ""
    return row.subject, row.actor, content


def _beyond(anchors: Mapping[int, list[tuple[str, str]]], count: int) -> str | None:
    """A mail that names a head later than the last event: the chain's end has been cut off."""
    last = max(anchors, default=0)
    return (
        None if last <= count else f"邮件 {anchors[last][0][0]} 记载了第 {last} 条，现存只有 {count} 条：末尾记录被删除"
    )


def _differing(replayed: Mapping[str, Model], reader: AuditReader) -> str | None:
    """The first row that replay does not give; how it is planned ahead is not part of what happened."""
    stored: dict[str, Model] = {f"report:{report.ref}": report for report in reader.all_reports()}
    stored |= {f"case:{case.id}": case for case in reader.all_cases()}
    stored |= {f"duty:{duty.ref}": duty for duty in reader.all_duties()}
    for subject in sorted(stored.keys() | replayed.keys()):
        row, made = stored.get(subject), replayed.get(subject)
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


def _unsigned(signed: Mapping[int, tuple[str, str, str]], reader: AuditReader) -> str | None:
    """The first signature that is not the one its event tells of."""
    rows: Sequence[SignOffRow] = tuple(reader.all_signoffs())
    for row in rows:
        if signed.get(row.event_seq) != (f"report:{row.report}", row.person, row.content_sha256):
            return f"{row.report} 上 {row.person} 的签批与第 {row.event_seq} 条流转记录不符"
    if len(rows) != len(signed):
        return f"签批 {len(rows)} 份，流转记录中有 {len(signed)} 份"
    return None
