"""Plays a case directory on a virtual clock, every timer in its place, every mail over real SMTP (spec, part 14)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.clock import VirtualClock
from app.story import StoryLine
from documents.form import FormError, read_form
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
        build = _ACTIONS.get(line.action)
        if line.action == "import":
            return self._import(line)
        if build is None:
            raise UnknownSubject(f"没有“{line.action}”这种动作", f"动作有：import、{'、'.join(_ACTIONS)}")
        return build(line)

    def _import(self, line: StoryLine) -> c.Command:
        unit = line.subject.partition("/")[2]
        if unit not in self._office.unit_by_code:
            raise UnknownSubject(f"没有报表 {line.subject}", "报表写作 期次/单位，如 2015-10/shirong")
        rows = read_form(self._directory / line.file, office=self._office, unit=unit)
        return c.SaveTable(**_by(line), report=line.subject, rows=tuple(_draft(row) for row in rows), source=line.file)


def _draft(row: object) -> c.RowDraft:
    return c.RowDraft(
        **{name: getattr(row, name) for name in ("indicator", "rank_text", "comparison", "target", "place")}
    )


def _by(line: StoryLine) -> dict[str, str]:
    return {"command_id": f"story line {line.line}", "actor": line.actor}


_ACTIONS: dict[str, Callable[[StoryLine], c.Command]] = {
    "consolidate": lambda line: c.Consolidate(**_by(line), report=line.subject),
    "send": lambda line: c.Send(**_by(line), report=line.subject),
    "sign": lambda line: c.Sign(**_by(line), report=line.subject, opinion=line.text),
    "submit": lambda line: c.Submit(**_by(line), report=line.subject),
    "return": lambda line: c.Return(**_by(line), report=line.subject, reason=line.text),
    "withdraw": lambda line: c.Withdraw(**_by(line), report=line.subject, reason=line.text),
    "review": lambda line: c.Review(**_by(line), report=line.subject, opinion=line.text),
    "reopen": lambda line: c.Reopen(**_by(line), report=line.subject, reason=line.text),
    "urge": lambda line: c.Urge(**_by(line), report=line.subject, note=line.text),
    "feedback": lambda line: c.GiveFeedback(**_by(line), case=line.subject, text=line.text),
    "interview": lambda line: c.HoldInterview(**_by(line), case=line.subject, text=line.text),
    "appeal": lambda line: c.Appeal(**_by(line), case=line.subject, text=line.text),
    "confirm": lambda line: c.ConfirmPoints(**_by(line), case=line.subject, text=line.text),
    "waive": lambda line: c.WaivePoints(**_by(line), case=line.subject, reason=line.text),
    "close": lambda line: c.CloseCase(**_by(line), case=line.subject, reason=line.text),
    "visit": lambda line: c.LogContact(**_by(line), unit=line.subject, visit=True, text=line.text),
    "call": lambda line: c.LogContact(**_by(line), unit=line.subject, visit=False, text=line.text),
}
