"""Signatures and liaison contacts: rows made of events, when these happen and when the audit is proven."""

from dataclasses import dataclass

from states import events as e
from states.models import Case, Charter, Duty, Report
from workflow.ports import ContactRow, EventRow, SignOffRow


@dataclass(frozen=True, slots=True)
class Voiding:
    """The event that voids every standing signature of a report."""

    report: str
    event_seq: int


def projected(
    event: e.Event, after: Report | Case | Duty | Charter, row: EventRow
) -> SignOffRow | ContactRow | Voiding | None:
    """What an event leaves besides the subject it made; nothing for most."""
    match event, after:
        case e.ReportSigned(), Report():
            return _signoff(event, after, row)
        case ((e.ReportReturned() | e.ReportReopened() | e.ReportWithdrawn(new_round=True)), Report()):
            return Voiding(after.ref, row.seq)
        case e.ContactLogged(), Duty():
            return _contact(event, after, row)
    return None


def _signoff(event: e.ReportSigned, report: Report, row: EventRow) -> SignOffRow:
    return SignOffRow(
        report=report.ref,
        state=event.step.value,
        round=report.round,
        version=report.version,
        person=row.actor,
        on_behalf_of=event.on_behalf_of,
        at=row.at,
        content_sha256=event.content_sha256,
        opinion=event.opinion,
        event_seq=row.seq,
        void_seq=None,
    )


def _contact(event: e.ContactLogged, duty: Duty, row: EventRow) -> ContactRow:
    """On the day it was made; its event says when it was logged."""
    at = event.took_place or row.at
    return ContactRow(unit=duty.unit, person=row.actor, at=at, visit=event.visit, text=event.text, event_seq=row.seq)
