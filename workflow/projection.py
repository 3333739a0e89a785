"""Signatures and liaison contacts: rows made of events, when these happen and when the audit is proven."""

from dataclasses import dataclass

from states import events as e
from states.models import Case, Charter, Duty, Report
from workflow.ports import ContactRow, EventRow, SignOffRow


@dataclass(frozen=True, slots=True)
class Voiding:
    """The event that voids every standing signature of a report; or those of one `person` on one step's `state`."""

    report: str
    event_seq: int
    state: str | None = None
    person: str | None = None

    def concerns(self, signoff: SignOffRow) -> bool:
        """Whether it voids that standing signature of the report."""
        return self.state is None or (self.state, self.person) == (signoff.state, signoff.person)


def projected(
    event: e.Event, after: Report | Case | Duty | Charter, row: EventRow
) -> SignOffRow | ContactRow | Voiding | None:
    """What an event leaves besides the subject it made; nothing for most."""
    match event, after:
        case e.ReportSigned(), Report():
            return _signoff(event, after, row)
        case e.ReportWithdrawn(alone=True), Report():
            step = after.waiting
            return Voiding(after.ref, row.seq, state=None if step is None else step.state, person=row.actor)
        case ((e.ReportReturned() | e.ReportReopened() | e.ReportWithdrawn(new_round=True)), Report()):
            return Voiding(after.ref, row.seq)
        case e.ContactLogged(), Duty():
            return _contact(event, after, row)
    return None


def _signoff(event: e.ReportSigned, report: Report, row: EventRow) -> SignOffRow:
    return SignOffRow(
        report=report.ref,
        state=event.step,
        step=next(place for place, step in enumerate(report.route.steps, start=1) if step.state == event.step),
        posts=event.posts,
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
