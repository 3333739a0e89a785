"""Plays a case directory on a virtual clock, every timer in its place, every mail over real SMTP (spec, part 14)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.clock import VirtualClock
from app.story import StoryLine
from documents.form import FormError, FormRow, read_form
from states import commands as c
from states.errors import Refused, UnknownSubject
from states.office import Office
from workflow.service import Workflow

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A story line the rules refuse: its number and why."""

    line: int
    reason: str


class Play:
    """One playing of a story. `after_each` is called whenever the clock has moved and its acts are done."""

    def __init__(
        self, workflow: Workflow, clock: VirtualClock, office: Office, directory: Path, after_each: Callable[[], None]
    ) -> None:
        self._workflow = workflow
        self._clock = clock
        self._office = office
        self._directory = directory
        self._after_each = after_each
        self.refused: list[RefusedLine] = []

    def run(self, story: list[StoryLine], until: datetime | None = None) -> None:
        """Play the lines up to `until`, then the timers up to the end; at one instant timers come before lines."""
        self._workflow.begin_duties(self._clock.now())
        for line in story:
            if until is not None and line.at > until:
                self._advance(until)
                return
            self._advance(line.at)
            if line.action not in ("start", "end"):
                self._act(line)

    def _advance(self, until: datetime) -> None:
        while (due := self._workflow.next_due(until)) is not None:
            self._clock.set(max(due, self._clock.now()))
            self._workflow.run_due()
            self._after_each()
        self._clock.set(until)

    def _act(self, line: StoryLine) -> None:
        try:
            self._workflow.execute(self._command(line))
        except (Refused, FormError) as refused:
            self.refused.append(RefusedLine(line.line, str(refused)))
        self._after_each()

    def _command(self, line: StoryLine) -> c.Command:
        if line.action == "import":
            return self._import(line)
        if line.action not in _ACTIONS:
            raise UnknownSubject(f"没有“{line.action}”这种动作", f"动作有：import、{'、'.join(_ACTIONS)}")
        return _built(line)

    def _import(self, line: StoryLine) -> c.Command:
        unit = line.subject.partition("/")[2]
        if unit not in self._office.unit_by_code:
            raise UnknownSubject(f"没有报表 {line.subject}", "报表写作 期次/单位，如 2015-10/shirong")
        rows = read_form(self._directory / line.file, office=self._office, unit=unit)
        return c.SaveTable(
            command_id=_command_id(line),
            actor=line.actor,
            report=line.subject,
            rows=tuple(draft(row) for row in rows),
            source=line.file,
        )


def draft(row: FormRow) -> c.RowDraft:
    """A form's row as handed in."""
    return c.RowDraft(
        indicator=row.indicator,
        rank_text=row.rank_text,
        comparison=row.comparison,
        target=row.target,
        place=row.place,
    )


# What builds each action: the command, the name of its subject, and of its words where it has any.
_ACTIONS: dict[str, tuple[type[c.Command], str, str | None]] = {
    "consolidate": (c.Consolidate, "report", None),
    "send": (c.Send, "report", None),
    "sign": (c.Sign, "report", "opinion"),
    "submit": (c.Submit, "report", None),
    "return": (c.Return, "report", "reason"),
    "withdraw": (c.Withdraw, "report", "reason"),
    "review": (c.Review, "report", "opinion"),
    "reopen": (c.Reopen, "report", "reason"),
    "urge": (c.Urge, "report", "note"),
    "feedback": (c.GiveFeedback, "case", "text"),
    "interview": (c.HoldInterview, "case", "text"),
    "appeal": (c.Appeal, "case", "text"),
    "confirm": (c.ConfirmPoints, "case", "text"),
    "waive": (c.WaivePoints, "case", "reason"),
    "close": (c.CloseCase, "case", "reason"),
    "visit": (c.LogContact, "unit", "text"),
    "call": (c.LogContact, "unit", "text"),
}


def _built(line: StoryLine) -> c.Command:
    kind, subject, words = _ACTIONS[line.action]
    fields: dict[str, Any] = {"command_id": _command_id(line), "actor": line.actor, subject: line.subject}
    if words is not None:
        fields[words] = line.text
    if kind is c.LogContact:
        fields["visit"] = line.action == "visit"
    return kind(**fields)


def _command_id(line: StoryLine) -> str:
    return f"story line {line.line}"
