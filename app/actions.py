"""What people do, by the names used in stories and on the command line, as the commands these come to."""

from pathlib import Path
from typing import Any, NamedTuple

from states import commands as c
from states.errors import UnknownSubject
from states.office import Office
from states.periods import is_period


class _Action(NamedTuple):
    """The command, the name of its subject, and of its words where it has any."""

    command: type[c.Command]
    subject: str
    words: str | None = None


ACTIONS = {
    "consolidate": _Action(c.Consolidate, "report"),
    "send": _Action(c.Send, "report"),
    "sign": _Action(c.Sign, "report", "opinion"),
    "submit": _Action(c.Submit, "report"),
    "return": _Action(c.Return, "report", "reason"),
    "withdraw": _Action(c.Withdraw, "report", "reason"),
    "review": _Action(c.Review, "report", "opinion"),
    "reopen": _Action(c.Reopen, "report", "reason"),
    "urge": _Action(c.Urge, "report", "note"),
    "feedback": _Action(c.GiveFeedback, "case", "text"),
    "interview": _Action(c.HoldInterview, "case", "text"),
    "appeal": _Action(c.Appeal, "case", "text"),
    "confirm": _Action(c.ConfirmPoints, "case", "text"),
    "waive": _Action(c.WaivePoints, "case", "reason"),
    "close": _Action(c.CloseCase, "case", "reason"),
    "visit": _Action(c.LogContact, "unit", "text"),
    "call": _Action(c.LogContact, "unit", "text"),
}


def command_for(
    action: str,
    *,
    command_id: str,
    actor: str,
    subject: str,
    words: str = "",
    version: int | None = None,
    door: str | None = None,
    proof: str | None = None,
) -> c.Command:
    """The command an action comes to; words it does not take are left out. KeyError for an action there is not."""
    kind, named, worded = ACTIONS[action]
    fields: dict[str, Any] = {"command_id": command_id, "actor": actor, "door": door, "proof": proof, named: subject}
    if worded is not None:
        fields[worded] = words
    if kind is c.LogContact:
        fields["visit"] = action == "visit"
    else:
        fields["version"] = version
    return kind(**fields)


def rows_of_form(path: Path, *, report: str, office: Office) -> tuple[c.RowDraft, ...]:
    """The rows of the form a unit filled for its report. Raises FormError, or UnknownSubject where there is no unit."""
    from documents.form import read_form  # of all acts, only an import reads a form

    period, _, unit = report.partition("/")
    if unit not in office.unit_by_code or not is_period(period):
        raise UnknownSubject(f"没有报表 {report}", "报表写作 期次/单位，如 2015-10/shirong")
    return tuple(
        c.RowDraft(
            indicator=row.indicator,
            rank_text=row.rank_text,
            comparison=row.comparison,
            target=row.target,
            place=row.place,
        )
        for row in read_form(path, office=office, unit=unit, period=period)
    )
