"""What has happened: one frozen class per fact, named in the past tense, with everything replay needs.

`evolve` in `report.py`, `case.py` and `duties.py` applies them; `codec.py` turns them into canonical JSON and back.
"""

from datetime import datetime

from states.grounds import Ground
from states.models import CaseState, DutyKind, Entry, Flag, Trigger
from states.office import Level
from states.records import record
from states.route import Route


@record
class ReportOpened:
    """A period's report came to be, empty, in its drafter's hands. `due_instant` is when it should have opened.

    `grounds`: why it is due when it is. `route`: the signatures it needs, whatever route is in force later.
    """

    period: str
    unit: str
    level: Level
    due_at: datetime
    grounds: tuple[Ground, ...]
    due_instant: datetime
    entries: tuple[Entry, ...]
    content_sha256: str
    route: Route


@record
class TableSaved:
    """The drafter saved the table; `how` is `edit`, `import` or `consolidate`. Only the rows saved are in `entries`.

    `took_back`: it had been sent, and must be sent again.
    """

    how: str
    source: str | None
    entries: tuple[Entry, ...]
    content_sha256: str
    took_back: bool = False


@record
class ReportSent:
    """The draft went to the first signer."""

    content_sha256: str


@record
class ReportSigned:
    """A signature on exactly this content, by every one of the `posts`; `step` is the state its step leads to.

    `completes`: it was the last the step needed.
    """

    step: str
    posts: tuple[str, ...]
    completes: bool
    content_sha256: str
    opinion: str
    on_behalf_of: str | None


@record
class ReportSubmitted:
    """The signed table reached the receiver."""

    content_sha256: str


@record
class ReportReturned:
    """Back to the drafter in a new round. `restarted` when it had been submitted: its timers start anew.

    `grounds`: why it is due when it is; empty where the deadline stays.
    """

    from_state: str
    reason: str
    due_at: datetime
    restarted: bool
    grounds: tuple[Ground, ...]


@record
class ReportWithdrawn:
    """The last act was taken back by who did it; taking back a signature begins a new round.

    `alone`: one of several signatures of the step that waits; report and round stay as they are.
    """

    from_state: str
    reason: str
    new_round: bool
    alone: bool = False


@record
class Judgement:
    """What a review found of one indicator: its place among `field`, that of the period before, and its flags.

    `grounds` are the tests that fired: each leads to one of the flags (`FLAG_OF`).
    """

    indicator: str
    rank: int | None
    field: int
    flags: tuple[Flag, ...]
    previous: int | None
    grounds: tuple[Ground, ...]


@record
class ReportReviewed:
    """The ranks were judged."""

    opinion: str
    judgements: tuple[Judgement, ...]


@record
class ReportReopened:
    """The assessor sent a supervised report back for correction. `grounds`: why it is due when it is."""

    reason: str
    due_at: datetime
    grounds: tuple[Ground, ...]


@record
class HolderReminded:
    """The holder was reminded. `due_instants` are the reminders this one stands for, the last being its own."""

    due_instants: tuple[datetime, ...]
    days_left: int


@record
class ReportOverdue:
    """The deadline passed without submission; `reminders` are those it stands for after downtime."""

    due_instant: datetime
    reminders: tuple[datetime, ...]


@record
class OverdueEscalated:
    """A rung of the overdue ladder was reached: `to` is the case state it calls for; `case` the case it moved."""

    due_instant: datetime
    to: CaseState
    case: int | None
    grounds: tuple[Ground, ...]


@record
class HolderUrged:
    """Somebody urged whoever holds the report."""

    note: str


@record
class HolderChanged:
    """An appointment began or ended: the open task moved to the successor."""

    due_instant: datetime
    before: tuple[str, ...]
    after: tuple[str, ...]


@record
class CaseOpened:
    """A supervision case began in `tracking`, for the trigger's sake; `grounds` are the tests that led to it."""

    case: int
    report: str
    unit: str
    level: Level
    indicator: str | None
    trigger: Trigger
    rank: int | None
    grounds: tuple[Ground, ...]


@record
class CaseAdvanced:
    """The case went on to `interview`. The first of `grounds` is the rule that moved it."""

    grounds: tuple[Ground, ...]
    due_instant: datetime | None


@record
class PointsProposed:
    """The case entered `score_deduction` with points proposed.

    The first of `grounds` is the rule that moved it, the last how the points were counted.
    """

    points: int
    grounds: tuple[Ground, ...]
    due_instant: datetime | None


@record
class FeedbackRecorded:
    """The unit reported what it does about it."""

    text: str


@record
class InterviewRecorded:
    """The interview was held."""

    text: str


@record
class InterviewReminded:
    """The assessor was reminded that the interview is still to be held."""

    due_instants: tuple[datetime, ...]


@record
class AppealRecorded:
    """The unit appealed against the proposed points."""

    text: str


@record
class PointsConfirmed:
    """The assessor confirmed the points; from now they count."""

    text: str


@record
class PointsWaived:
    """The assessor withdrew the proposed points."""

    reason: str


@record
class CaseClosed:
    """销号: the ground is `improved`, `submitted` or `closed_by_assessor`; the assessor gives a `reason` in words."""

    grounds: tuple[Ground, ...]
    reason: str


@record
class DutyBegan:
    """A recurring duty of a unit began to be watched."""

    kind: DutyKind
    unit: str
    since: datetime
    timers_until: datetime


@record
class PeriodOpened:
    """The reports of a period were opened."""

    period: str
    due_instant: datetime


@record
class ContactLogged:
    """A liaison visit or call; `took_place` where it was logged later than it was made."""

    visit: bool
    text: str
    took_place: datetime | None = None


@record
class LiaisonReminded:
    """The liaison officer (`head` False) or the section head was told that a visit is due."""

    due_instants: tuple[datetime, ...]
    head: bool


@record
class DigestDue:
    """The office's morning digest; after downtime one stands for all missed."""

    due_instants: tuple[datetime, ...]


@record
class BulletinDue:
    """The month's bulletin is to be drafted."""

    period: str
    due_instant: datetime


@record
class DefinitionChange:
    """One item that is otherwise than before: its kind and name, and what it was and is as canonical JSON.

    `before` is None for what is new, `after` for what is gone.
    """

    kind: str
    item: str
    before: str | None
    after: str | None


@record
class DefinitionVersion:
    """One kind of definition as it is from this event on; `sha256` is of its record."""

    kind: str
    version: int
    sha256: str


@record
class OfficeDefined:
    """The office was founded, or its definitions changed: the versions that are new, what changed, and why.

    At the founding nothing changed, so `changes` is empty (spec, part 2.1).
    """

    versions: tuple[DefinitionVersion, ...]
    changes: tuple[DefinitionChange, ...]
    reason: str


@record
class DeadlineMoved:
    """The calendar or its numbers changed, and with it the deadline of an open report."""

    before: datetime
    after: datetime
    grounds: tuple[Ground, ...]


@record
class Resumed:
    """Somebody confirmed that the clock is right, or let held mails go.

    `last_worked` is when the office had last worked where the clock was in doubt; `held_since` when the mails began to
    be held that now leave.
    From this event on the office's time may be earlier than before.
    """

    reason: str
    last_worked: datetime | None
    held_since: datetime | None


@record
class MailsRetried:
    """Mails that did not arrive are sent again, or on; each by its Message-ID, to the address that stands now."""

    messages: tuple[str, ...]
    addresses: tuple[str, ...]


@record
class MailsAcknowledged:
    """Somebody took note of mails that did not arrive, and says how their receivers were told."""

    messages: tuple[str, ...]
    reason: str


@record
class Restored:
    """The office goes on from a backup that ended with event `seq`, hash `head`.

    `replaced_seq`/`replaced_head` are the last event of the history it replaces, None where that could not be read;
    `lost_mails` counts the mails that left in that history and that the backup does not know.
    """

    seq: int
    head: str
    replaced_seq: int | None
    replaced_head: str | None
    lost_mails: int | None
    reason: str


ReportEvent = (
    ReportOpened
    | TableSaved
    | ReportSent
    | ReportSigned
    | ReportSubmitted
    | ReportReturned
    | ReportWithdrawn
    | ReportReviewed
    | ReportReopened
    | HolderReminded
    | ReportOverdue
    | OverdueEscalated
    | HolderUrged
    | HolderChanged
    | DeadlineMoved
)
CaseEvent = (
    CaseOpened
    | CaseAdvanced
    | PointsProposed
    | FeedbackRecorded
    | InterviewRecorded
    | InterviewReminded
    | AppealRecorded
    | PointsConfirmed
    | PointsWaived
    | CaseClosed
)
DutyEvent = DutyBegan | PeriodOpened | ContactLogged | LiaisonReminded | DigestDue | BulletinDue
OfficeEvent = OfficeDefined | Resumed | MailsRetried | MailsAcknowledged | Restored
Event = ReportEvent | CaseEvent | DutyEvent | OfficeEvent
