"""Plays a case directory on a virtual clock, every timer in its place, every mail over real SMTP (spec, part 14)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.clock import VirtualClock
from app.forms import rows_of_form
from app.story import FRAME, StoryLine
from documents.form import FormError
from states import commands as c
from states.acts import ACTS
from states.errors import Refused, WrongContent
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
            if line.action not in FRAME:
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
        act = ACTS[line.action]
        by = {"command_id": f"story line {line.line}", "actor": line.actor}
        match act.name:
            case "import":
                form = self._directory / line.file
                rows = rows_of_form(form, report=line.subject, office=self._office)
                return act.asked(subject=line.subject, rows=rows, source=line.file, **by)
            case "edit":
                indicator, told, rank = line.arg.partition("=")
                if not told:
                    raise WrongContent("no_row_named", written=line.arg)
                row = c.RowDraft(indicator=indicator.strip(), rank_text=rank.strip())
                return act.asked(subject=line.subject, rows=(row,), **by)
        if line.arg:
            raise WrongContent("of_no_use", act=act.name, written=line.arg)
        return act.asked(subject=line.subject, words=line.text, **by)
