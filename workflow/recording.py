"""Writes what was decided: rows, links of the audit chain, signatures, mails. Decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from states import commands as c
from states.canonical import canonical, sha256
from states.codec import encode, kind_of, plain
from states.models import Charter, Duty
from states.notices import Notice, notices_for
from states.office import SYSTEM
from states.situation import Applied, Part, Situation
from workflow.chain import linked, mails_sha256
from workflow.here import Here
from workflow.kinds import Model, evolved, kind_of_model, planned
from workflow.ports import AT_ONCE, ContactRow, Delivery, EventRow, Message, SignOffRow, Transaction
from workflow.projection import Voiding, projected


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to: its events, and the subject's version after it. `repeated` if it had been done before."""

    events: tuple[EventRow, ...]
    version: int
    repeated: bool = False


def stored_id(command: c.Command) -> str:
    """The id under which a command is kept: people's in a place of their own, so that none can be a timer's."""
    return command.command_id if command.actor == SYSTEM else f"act {command.command_id}"


def asked_sha256(command: c.Command) -> str:
    """The hash of what a person asked for, whatever the id: the same id with another wish is no repetition."""
    asked = {**plain(command), "command_id": "", "door": None, "proof": None}
    return sha256(canonical([type(command).__name__, asked]))


def answer_of(rows: Sequence[EventRow], *, repeated: bool = False) -> Answer:
    """The answer a command's events come to: the version is that of its subject after the last of them."""
    own = [row for row in rows if row.subject == rows[0].subject]
    return Answer(tuple(rows), own[-1].version, repeated=repeated)


class Recorder:
    """Turns facts into rows. `mail_domain` is the right-hand side of every Message-ID."""

    def __init__(self, mail_domain: str) -> None:
        self._mail_domain = mail_domain

    def record(self, command: c.Command, parts: Sequence[Part], here: Here) -> Answer:
        """Apply the facts decided to their subjects and write everything that follows, in the order of the parts."""
        tx, rules = here.tx, here.rules
        before: dict[str, Model] = {}
        for part in parts:
            before |= _known_cases(part.situation)
        before |= {part.subject: part.known for part in parts if part.known is not None}
        applied = _applied(parts, before, command.actor, here)
        drafts: dict[int, list[Message]] = {}
        for notice in notices_for(applied, rules, actor=command.actor, now=tx.now):
            drafts.setdefault(notice.event, []).append(self._draft(notice, here))
        rows = _event_rows(command, applied, drafts, tx)
        tx.append_events(rows)
        for subject, model in {one.subject: one.after for one in applied}.items():
            kind_of_model(model).save(before.get(subject), model, tx)
        _project(applied, rows, tx)
        if drafts:
            tx.enqueue([self._sealed(one, rows[place], rows[-1]) for place in sorted(drafts) for one in drafts[place]])
        return answer_of(rows)

    def _draft(self, notice: Notice, here: Here) -> Message:
        """The mail as far as it is known before its event is hashed: the event's hash covers what it says."""
        office = here.rules.office
        person = office.person_by_id[notice.recipient]
        return Message(
            id=0,
            message_id="",
            event_seq=0,
            recipient=person.id,
            address=person.email,
            name=person.name,
            language=person.language,
            purpose=notice.purpose,
            thread=self._mail_id(f"{office.name} {notice.thread}"),
            cc=notice.cc,
            facts=notice.facts,
            audit_seq=0,
            audit_head="",
            created_at=here.now,
            state=Delivery.PENDING,
            attempts=0,
            next_attempt_at=AT_ONCE,
            lease_until=None,
            sent_at=None,
            last_error=None,
        )

    def _sealed(self, draft: Message, told: EventRow, last: EventRow) -> Message:
        """The mail with its id for life, made of the event it tells of, and the chain's head at that moment."""
        message_id = self._mail_id(f"{told.hash} {draft.recipient} {draft.purpose.value}")
        return replace(draft, message_id=message_id, event_seq=told.seq, audit_seq=last.seq, audit_head=last.hash)

    def _mail_id(self, name: str) -> str:
        return f"<{sha256(name)[:32]}@{self._mail_domain}>"


def pass_over(part: Part, here: Here) -> None:
    """Nothing had to happen: its timers are applied all the same, and it is looked at again later."""
    if part.known is not None and part.timers_until is not None and not isinstance(part.known, Charter):
        advanced = replace(part.known, timers_until=part.timers_until)
        kind_of_model(part.known).save(part.known, planned(advanced, here.rules, here.now), here.tx)


def _applied(parts: Sequence[Part], before: Mapping[str, Model], actor: str, here: Here) -> list[Applied]:
    present = dict(before)
    applied = []
    for part in parts:
        for one in part.decided:
            known = present.get(one.subject)
            after = evolved(known, one.event, at=here.now, actor=actor)
            if part.timers_until is not None and one.subject == part.subject and not isinstance(after, Charter):
                after = replace(after, timers_until=part.timers_until)
            after = present[one.subject] = planned(after, here.rules, here.now)
            applied.append(Applied(one.subject, one.event, known, after, part.situation))
    return applied


def _known_cases(situation: Situation) -> dict[str, Model]:
    known: dict[str, Model] = {f"case:{case.id}": case for case in situation.cases.values()}
    if situation.overdue_case is not None:
        known[f"case:{situation.overdue_case.id}"] = situation.overdue_case
    return known


def _event_rows(
    command: c.Command, applied: Sequence[Applied], drafts: Mapping[int, Sequence[Message]], tx: Transaction
) -> list[EventRow]:
    seq, head = tx.head()
    unlinked = [
        _event_row(command, one, tx.now, mails_sha256(drafts.get(place, ())), first=place == 0)
        for place, one in enumerate(applied)
    ]
    return linked(unlinked, seq, head)


def _event_row(command: c.Command, one: Applied, now: datetime, mails: str | None, *, first: bool) -> EventRow:
    before, after = _state(one.before), _state(one.after)
    moved = before != after
    return EventRow(
        seq=0,
        at=now,
        actor=command.actor,
        command_id=stored_id(command) if first else None,
        kind=kind_of(type(one.event)),
        subject=one.subject,
        item_seq=one.after.seq,
        from_state=before if moved else None,
        to_state=after if moved else None,
        version=0 if isinstance(one.after, (Duty, Charter)) else one.after.version,
        payload=encode(one.event),
        door=command.door,
        proof=command.proof,
        command_sha256=asked_sha256(command) if first and command.actor != SYSTEM else None,
        mails_sha256=mails,
        prev_hash="",
        hash="",
    )


def _state(model: Model | None) -> str | None:
    return None if model is None or isinstance(model, (Duty, Charter)) else str(model.state)


def _project(applied: Sequence[Applied], rows: Sequence[EventRow], tx: Transaction) -> None:
    for one, row in zip(applied, rows, strict=True):
        match projected(one.event, one.after, row):
            case SignOffRow() as signoff:
                tx.add_signoff(signoff)
            case ContactRow() as contact:
                tx.add_contact(contact)
            case Voiding() as voiding:
                tx.void_signoffs(voiding.report, voiding.event_seq, state=voiding.state, person=voiding.person)
