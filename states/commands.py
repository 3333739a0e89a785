"""What people and timers ask for: one frozen class per act, named in the imperative.

`command_id` makes an act unique: the same id has one effect and one answer. `version` is the one the actor had
before their eyes; None means "whatever it is now" (a story line, a timer).
"""

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from states.acts import row_of
from states.plainwords import cleaned
from states.records import record


@record
class RowDraft:
    """One row of a table as handed in; texts as written. A text that is None stays as it stands in the table."""

    indicator: str
    rank_text: str | None = None
    comparison: str | None = None
    target: str | None = None
    place: str | None = None


@record
class Command:
    """Who asks, and under which id; by which door it came and how it is known who it was (spec, part 16).

    `door` is `console` (later `page`, `api`, `mail`, `paper`), None for the office's own timers and for replays;
    `proof` is for the console the user of the operating system, as `NAME (uid N)`, or `uid N` of one without a name.
    """

    command_id: str
    actor: str
    door: str | None = None
    proof: str | None = None


@record
class ReportCommand(Command):
    """On the report `PERIOD/UNIT`."""

    report: str
    version: int | None = None


@record
class SaveTable(ReportCommand):
    """The rows given replace those of the same indicators.

    With `take_over` what a row does not give is taken from the unit's last table before this one, not as it stands.
    """

    rows: tuple[RowDraft, ...]
    take_over: bool = False


@record
class ImportForm(SaveTable):
    """The same with the rows of a form that was filled; `source` names it."""

    source: str


@record
class Consolidate(ReportCommand):
    """Fill a bureau's table from its sections' submitted tables (spec, part 10)."""


@record
class Send(ReportCommand):
    """送签: hand the draft to the first signer."""


@record
class Sign(ReportCommand):
    """Sign the step that is due; `content_sha256`, where given, is the content the signer was shown."""

    opinion: str = ""
    content_sha256: str | None = None


@record
class Submit(ReportCommand):
    """报送: hand the signed table to the receiver."""


@record
class Return(ReportCommand):
    """退回: back to the drafter, with a reason."""

    reason: str = ""


@record
class Withdraw(ReportCommand):
    """撤回: take one's own last act back."""

    reason: str = ""


@record
class Review(ReportCommand):
    """Judge the ranks of a submitted table."""

    opinion: str = ""


@record
class Reopen(ReportCommand):
    """Back to draft for a correction after review, with a reason."""

    reason: str = ""


@record
class Urge(ReportCommand):
    """催办: remind whoever holds the report now."""

    note: str = ""


@record
class CaseCommand(Command):
    """On a case: its number, or `PERIOD/UNIT/INDICATOR`, or `PERIOD/UNIT/overdue`."""

    case: str
    version: int | None = None


@record
class GiveFeedback(CaseCommand):
    """整改反馈 of the unit while tracked."""

    text: str = ""


@record
class HoldInterview(CaseCommand):
    """Record the interview: who, whom, when, commitments."""

    text: str = ""


@record
class Appeal(CaseCommand):
    """申诉 of the unit's first signer against proposed points."""

    text: str = ""


@record
class ConfirmPoints(CaseCommand):
    """Confirm proposed points; only confirmed points count."""

    text: str = ""


@record
class WaivePoints(CaseCommand):
    """Waive proposed points, with a reason: those of a case, or all that were proposed from `since` to `until`.

    A span names no case (`case` is empty): what a wrong clock proposed goes at once.
    """

    since: datetime | None = None
    until: datetime | None = None
    reason: str = ""


@record
class CloseCase(CaseCommand):
    """销号 by the assessor, with a reason."""

    reason: str = ""


@record
class LogContact(Command):
    """A contact of a unit's liaison officer with the city."""

    unit: str
    text: str = ""
    took_place: datetime | None = None
    """When it was, where it is logged later."""


@record
class LogVisit(LogContact):
    """Log a visit: 赴市对接."""


@record
class LogCall(LogContact):
    """Log a call: 电话对接."""


@record
class Wake(Command):
    """Apply the earliest timers of one report, case or duty whose time has come.

    `subject` is `report:REF`, `case:ID` or `duty:KIND/UNIT`.
    """

    subject: str


@record
class DefineOffice(Command):
    """Found the office, or change what it has defined, with a reason.

    `bodies` holds every kind of definition and its record (`definitions.bodies_of`); what is as before stays as it is.
    """

    bodies: tuple[tuple[str, str], ...]
    reason: str = ""


@record
class Restore(Command):
    """Go on from a backup that ended with event `seq`, hash `head`; the rest as in `events.Restored`."""

    seq: int
    head: str
    replaced_seq: int | None
    replaced_head: str | None
    lost_mails: int | None
    reason: str = ""


@record
class MailCommand(Command):
    """About mails that did not arrive, by their numbers."""

    mails: tuple[int, ...] = ()


@record
class RetryMails(MailCommand):
    """Send them again, to the receiver's present address."""


@record
class AcknowledgeMails(MailCommand):
    """Take note of them: their receivers were told otherwise, and how."""

    reason: str = ""


@record
class Resume(Command):
    """Go on after the clock was in doubt, or let the mails go that were held, with a reason."""

    reason: str = ""


_Asked = TypeVar("_Asked", bound=Command)


def in_plain_words(command: _Asked) -> _Asked:
    """The command with nothing unseen in its words: they are shown on terminals, in mails and in documents for ever."""
    if isinstance(command, SaveTable):
        return replace(command, rows=tuple(_plain_row(row) for row in command.rows))
    words = row_of(command).words
    if words is None:
        return command
    text = getattr(command, words.field)
    plain = cleaned(text)
    return command if plain == text else replace(command, **{words.field: plain})


def _plain_row(row: RowDraft) -> RowDraft:
    def plain(text: str | None) -> str | None:
        return None if text is None else cleaned(text)

    return replace(row, rank_text=plain(row.rank_text), comparison=plain(row.comparison), target=plain(row.target))
