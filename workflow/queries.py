"""The questions people ask, answered as the JSON documents of the specification (part 13).

Reads only. Imports nothing heavy: `kaoji status` must answer at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from states.models import Case, Entry, Report
from workflow.ports import EventRow, SignOffRow

Document = dict[str, object]


class Reader(Protocol):
    """What the answers are read from."""

    def report(self, ref: str) -> Report | None:
        """One report with its entries."""

    def reports(
        self,
        period: str | None = None,
        unit: str | None = None,
        state: str | None = None,
        overdue: bool | None = None,
    ) -> Sequence[Report]:
        """Reports by period, each period in the order they were opened."""

    def reports_held_by(self, person: str) -> Sequence[Report]:
        """What waits for one person, by period."""

    def cases(self, open_only: bool = False, unit: str | None = None, report: str | None = None) -> Sequence[Case]:
        """Cases by number."""

    def signoffs(self, ref: str) -> Sequence[SignOffRow]:
        """The report's signatures, void ones included, oldest first."""

    def events_of(self, subject: str) -> Sequence[EventRow]:
        """A subject's events in order."""


class Board:
    """Answers in the office's zone and with the office's names."""

    def __init__(
        self, reader: Reader, *, timezone: str, unit_names: Mapping[str, str], indicators: Sequence[str] = ()
    ) -> None:
        self._reader = reader
        self._zone = ZoneInfo(timezone)
        self._unit_names = unit_names
        self._places = {code: place for place, code in enumerate(indicators)}

    def status(self, ref: str) -> Document | None:
        """One report, whole; None if there is none of that name."""
        report = self._reader.report(ref)
        if report is None:
            return None
        cases = self._reader.cases(unit=report.unit)
        return {
            **self._line(report, cases),
            "signoffs": [self._signoff(row) for row in self._reader.signoffs(ref)],
            "entries": [_entry(entry) for entry in report.entries],
        }

    def board(
        self,
        *,
        period: str | None = None,
        unit: str | None = None,
        state: str | None = None,
        overdue: bool | None = None,
    ) -> list[Document]:
        """Every report that fits, without entries and sign-offs."""
        reports = self._reader.reports(period=period, unit=unit, state=state, overdue=overdue)
        return self._lines(reports, self._reader.cases(unit=unit))

    def whole(self) -> list[Document]:
        """Every report with everything, as `simulate` prints them."""
        documents = (self.status(report.ref) for report in self._reader.reports())
        return [document for document in documents if document is not None]

    def inbox(self, person: str) -> list[Document]:
        """What waits for one person."""
        return self._lines(self._reader.reports_held_by(person), self._reader.cases())

    def history(self, subject: str) -> list[Document]:
        """What happened to a report or a case, oldest first."""
        return [
            {
                "seq": row.seq,
                "at": self.local(row.at),
                "actor": row.actor,
                "kind": row.kind,
                "from_state": row.from_state,
                "to_state": row.to_state,
                "version": row.version,
                "hash": row.hash,
            }
            for row in self._reader.events_of(subject)
        ]

    def cases(self, *, open_only: bool = False, unit: str | None = None, report: str | None = None) -> list[Document]:
        """The case list: by opening instant, then report, then the order of the indicators."""
        found = self._reader.cases(open_only=open_only, unit=unit, report=report)
        return [self.case(case) for case in sorted(found, key=self._case_order)]

    def case(self, case: Case) -> Document:
        """One line of the case list."""
        return {
            "case": case.id,
            "unit": case.unit,
            "indicator": case.indicator,
            "report": case.report,
            "trigger": case.trigger.value,
            "state": case.state.value,
            "opened_at": self.local(case.opened_at),
            "closed_at": self.local(case.closed_at),
            "points": case.points,
            "points_status": case.points_status.value if case.points_status else None,
        }

    def local(self, instant: datetime | None) -> str | None:
        """An instant in the office's zone, to the second where it is whole."""
        return None if instant is None else instant.astimezone(self._zone).isoformat()

    def _case_order(self, case: Case) -> tuple[datetime, str, int, int]:
        period, _, unit = case.report.partition("/")
        units = list(self._unit_names)
        place = units.index(unit) if unit in units else len(units)
        return case.opened_at, f"{period}/{place:06d}", self._places.get(case.indicator or "", -1), case.id

    def _lines(self, reports: Iterable[Report], cases: Iterable[Case]) -> list[Document]:
        by_unit: dict[str, list[Case]] = {}
        for case in cases:
            by_unit.setdefault(case.unit, []).append(case)
        return [self._line(report, by_unit.get(report.unit, ())) for report in reports]

    def _line(self, report: Report, cases: Iterable[Case]) -> Document:
        own = {entry.indicator for entry in report.entries}
        return {
            "report": report.ref,
            "period": report.period,
            "unit": report.unit,
            "unit_name": self._unit_names.get(report.unit, report.unit),
            "level": report.level.value,
            "state": report.state.value,
            "round": report.round,
            "version": report.version,
            "due_at": self.local(report.due_at),
            "overdue": report.overdue,
            "submitted_at": self.local(report.submitted_at),
            "holders": list(report.holders),
            "cases": [
                _case_line(case)
                for case in cases
                if case.report == report.ref or (case.is_open and case.indicator in own)
            ],
        }

    def _signoff(self, row: SignOffRow) -> Document:
        return {
            "state": row.state,
            "person": row.person,
            "on_behalf_of": row.on_behalf_of,
            "at": self.local(row.at),
            "content_sha256": row.content_sha256,
            "opinion": row.opinion,
            "void": row.void_seq is not None,
        }


def _entry(entry: Entry) -> Document:
    return {
        "indicator": entry.indicator,
        "rank": entry.rank,
        "field": entry.field,
        "estimated": bool(entry.reading.estimated),
        "three_district_rank": entry.three_district_rank,
        "flags": [flag.value for flag in entry.flags],
    }


def _case_line(case: Case) -> Document:
    return {
        "case": case.id,
        "indicator": case.indicator,
        "state": case.state.value,
        "trigger": case.trigger.value,
    }
