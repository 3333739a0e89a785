"""Why a deadline, a flag, the step of a case or its points are what they are: rule and numbers, event and person.

Read off the events alone: what the rules looked at when they decided, whatever they say today.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from states.grounds import Rule
from states.models import Case, Report
from workflow.ports import DefinitionRow, EventRow
from workflow.queries import Board, Document
from workflow.queries import Reader as BoardReader

_DEADLINES = frozenset({"report_opened", "report_returned", "report_reopened", "deadline_moved"})
_POINTS = frozenset({"points_proposed", "points_confirmed", "points_waived"})


class Reader(BoardReader, Protocol):
    """What the answers are read from."""

    def all_definitions(self) -> Sequence[DefinitionRow]:
        """Every version of what the office defined."""


class Why:
    """The reasons for something, oldest first.

    Each is `{"about", "indicator", "case", "event", "at", "person", "rules_since", "kind", "flags", "rule",
    "grounds", "text"}`.
    `about` is `deadline`, `overdue`, `flag`, `case` or `points`; `event` the number of the event, `rules_since` of that
    since which the rules it was decided by are in force; `grounds` what fired, with its numbers; `text` what the person
    wrote. What does not apply is None, or empty.
    """

    def __init__(self, reader: Reader, board: Board) -> None:
        self._reader = reader
        self._board = board
        self._defined = sorted({row.since_seq for row in reader.all_definitions()})

    def report(self, report: Report) -> list[Document]:
        """Its deadlines, its being overdue, its flags, and the steps of the cases it opened."""
        cases = [reason for case in self._reader.cases(report=report.ref) for reason in self.case(case)]
        return _in_order([*self._of_report(report), *cases])

    def indicator(self, report: Report, indicator: str) -> list[Document]:
        """The flags of one row of a report, and the steps of the case opened for it."""
        flags = [one for one in self._of_report(report) if one["indicator"] == indicator]
        cases = [one for one in self._reader.cases(report=report.ref) if one.indicator == indicator]
        return _in_order([*flags, *(reason for case in cases for reason in self.case(case))])

    def case(self, case: Case) -> list[Document]:
        """Each step that moved it, and its points."""
        reasons = []
        for row in self._reader.events_of(f"case:{case.id}"):
            if row.to_state is not None:
                about = "points" if row.kind in _POINTS else "case"
                reasons.append(self._reason(about, row, json.loads(row.payload), case=case))
        return reasons

    def _of_report(self, report: Report) -> Iterator[Document]:
        for row in self._reader.events_of(f"report:{report.ref}"):
            payload = json.loads(row.payload)
            if row.kind in _DEADLINES and payload["grounds"]:
                yield self._reason("deadline", row, payload)
            elif row.kind == "report_overdue":
                passed = {"rule": Rule.NOT_SUBMITTED, "due_at": payload["due_instant"]}
                yield self._reason("overdue", row, {"grounds": [passed]})
            elif row.kind == "overdue_escalated":
                yield self._reason("overdue", row, payload)
            elif row.kind == "report_reviewed":
                for judged in payload["judgements"]:
                    if judged["flags"]:
                        reason = self._reason("flag", row, {**payload, "grounds": judged["grounds"]})
                        yield {**reason, "indicator": judged["indicator"], "flags": judged["flags"]}

    def _reason(self, about: str, row: EventRow, payload: Mapping[str, Any], *, case: Case | None = None) -> Document:
        since = [seq for seq in self._defined if seq <= row.seq]
        return {
            "about": about,
            "indicator": case.indicator if case is not None else None,
            "case": case.id if case is not None else None,
            "event": row.seq,
            "at": self._board.local(row.at),
            "person": row.actor,
            "rules_since": since[-1] if since else None,
            "kind": row.kind,
            "flags": [],
            **self._board.why(payload),
        }


def _in_order(reasons: Iterable[Document]) -> list[Document]:
    return sorted(reasons, key=lambda reason: int(str(reason["event"])))
