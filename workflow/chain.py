"""The audit chain: how an event's hash is made, and what must hold of a whole chain (spec, part 12).

`hash = SHA-256(domain ‖ canonical JSON of every stored field, the predecessor's hash included)`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from states.canonical import canonical, instant_text, sha256
from workflow.ports import EventRow, Message

_DOMAIN = "kaoji event 1"
_DOMAIN_2 = "kaoji event 2"
"""Since events name their door, their proof and their mails; a link that names none of these is hashed as before."""
RESUMED = "resumed"
GENESIS = sha256("kaoji genesis 1")


def hash_of(row: EventRow) -> str:
    """The hash of one link, over every field but the hash itself."""
    return _hash(row, row.seq, row.prev_hash)


def _hash(row: EventRow, seq: int, prev_hash: str) -> str:
    since = [row.door, row.proof, row.command_sha256, row.mails_sha256]
    more = since if any(one is not None for one in since) else []
    return sha256(
        canonical(
            [
                _DOMAIN_2 if more else _DOMAIN,
                seq,
                instant_text(row.at),
                row.actor,
                row.command_id,
                row.kind,
                row.subject,
                row.item_seq,
                row.from_state,
                row.to_state,
                row.version,
                row.payload,
                *more,
                prev_hash,
            ]
        )
    )


def mails_sha256(messages: Sequence[Message]) -> str | None:
    """The hash of the mails one event caused, in their order; None for none. Covers all a reader is shown."""
    if not messages:
        return None
    told = [
        [
            one.recipient,
            one.original_address or one.address,
            one.name,
            one.language,
            one.purpose.value,
            one.thread,
            one.cc,
            one.facts,
        ]
        for one in messages
    ]
    return sha256(canonical(["kaoji mails 1", told]))


def linked(rows: Iterable[EventRow], seq: int, head: str) -> list[EventRow]:
    """The rows appended after link `seq` with hash `head`: numbered, chained and hashed."""
    chained = []
    for row in rows:
        seq, before = seq + 1, head
        head = _hash(row, seq, before)
        chained.append(_linked(row, seq, before, head))
    return chained


def _linked(row: EventRow, seq: int, prev_hash: str, own_hash: str) -> EventRow:
    """As `replace` would, in a third of its time: every event of every act passes here."""
    return EventRow(
        seq=seq,
        at=row.at,
        actor=row.actor,
        command_id=row.command_id,
        kind=row.kind,
        subject=row.subject,
        item_seq=row.item_seq,
        from_state=row.from_state,
        to_state=row.to_state,
        version=row.version,
        payload=row.payload,
        door=row.door,
        proof=row.proof,
        command_sha256=row.command_sha256,
        mails_sha256=row.mails_sha256,
        prev_hash=prev_hash,
        hash=own_hash,
    )


@dataclass(frozen=True, slots=True)
class BadLink:
    """The first event that does not hold, and why."""

    seq: int
    why: str


def verified(
    rows: Iterable[EventRow], seq: int = 0, head: str = GENESIS, last: str = ""
) -> Iterator[EventRow | BadLink]:
    """Each row as it proves right; a BadLink, and nothing after it, at the first that does not.

    `seq`, `head` and `last` are the number, hash and instant of the event before the first.
    """
    for row in rows:
        why = _fault(row, seq, head, last)
        if why is not None:
            yield BadLink(row.seq, why)
            return
        seq, head, last = row.seq, row.hash, instant_text(row.at)
        yield row


def _fault(row: EventRow, seq: int, head: str, last: str) -> str | None:
    if row.seq != seq + 1:
        return f"序号不连续：第 {seq} 条之后应为第 {seq + 1} 条"
    if row.prev_hash != head:
        return "与前一条的散列值不相接"
    if hash_of(row) != row.hash:
        return "内容与其散列值不符，记录被改动过"
    # Only where somebody confirmed that the clock had been ahead may the office's time go back.
    return "时间早于前一条" if instant_text(row.at) < last and row.kind != RESUMED else None
