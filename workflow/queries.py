"""The questions people ask, answered as the JSON documents of the specification (part 13).

Reads only. Imports nothing heavy: `kaoji status` must answer at once.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from states.grounds import as_facts, from_facts
from states.models import Case, CaseState, Entry, Report, Task
from states.periods import earlier
from states.route import Phase
from workflow.ports import EventRow, SignOffRow

Document = dict[str, object]
_Rows = dict[str, Mapping[str, Any]]
"""The rows of a table by indicator, as an event holds them."""


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

    def cases_beside(self, period: str) -> Sequence[Case]:
        """Every open case, and whatever cases the reports of that period opened, by number."""

    def signoffs(self, ref: str) -> Sequence[SignOffRow]:
        """The report's signatures, void ones included, oldest first."""

    def events_of(self, subject: str) -> Sequence[EventRow]:
        """A subject's events in order."""


class Board:
    """Answers in the office's zone and with the office's names."""

    def __init__(
        self,
        reader: Reader,
        *,
        timezone: str,
        unit_names: Mapping[str, str],
        indicators: Sequence[str] | Mapping[str, str] = (),
    ) -> None:
        self._reader = reader
        self._zone = ZoneInfo(timezone)
        self._unit_names = unit_names
        self._indicator_names = indicators if isinstance(indicators, Mapping) else {}
        self._places = {code: place for place, code in enumerate(indicators)}

    def status(self, ref: str) -> Document | None:
        """One report, whole; None if there is none of that name."""
        report = self._reader.report(ref)
        if report is None:
            return None
        cases = self._reader.cases(unit=report.unit)
        return {
            **self._line(report, cases),
            "route": [step.state for step in report.route.steps],
            "waits": [_waits(task) for task in report.tasks],
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
        for_people: bool = False,
    ) -> list[Document]:
        """Every report that fits, without entries and sign-offs; for people with what only they are told."""
        reports = self._reader.reports(period=period, unit=unit, state=state, overdue=overdue)
        beside = period is not None and unit is None
        found = self._reader.cases_beside(str(period)) if beside else self._reader.cases(unit=unit)
        lines, cases = self._lines(reports, found), {case.id: case for case in found}
        return (
            [_seen(line, report, cases) for line, report in zip(lines, reports, strict=True)] if for_people else lines
        )

    def table(self, ref: str) -> list[Document]:
        """The rows of a report as written and as read, beside the unit's last table and what was changed.

        Changed means: since the report was last sent, apart from the sending that stands; where it was sent but once or
        never, since what stood before the last save. Empty where there is no such report.
        """
        report = self._reader.report(ref)
        if report is None:
            return []
        last, before = self._last_report(report), self._earlier(report)
        last_rows = {entry.indicator: entry for entry in last.entries} if last else {}
        return [
            {
                "indicator": entry.indicator,
                "name": self._indicator_names.get(entry.indicator, entry.indicator),
                "rank_text": entry.rank_text,
                "comparison": entry.comparison,
                "target": entry.target,
                "read": _read(entry),
                "flags": [flag.value for flag in entry.flags],
                "last_month": _last_month(last, last_rows.get(entry.indicator)),
                "changed": before.changes(entry) if before else [],
            }
            for entry in report.entries
        ]

    def standing(self, ref: str) -> Document:
        """What people are told of one report besides its status.

        `sent`; `state_title`, what its route calls its state, None where the glossary has the word; the `cases` there
        were in its month already; `since` when it lies with its present holders; `next`, what happens by itself.
        `next` is None, or `{"at", "what"}`, the latter `remind`, `overdue`, `case`, `interview`, `deduction`, `review`
        or `roster` (a post changes hands).
        """
        report = self._reader.report(ref)
        if report is None:
            raise LookupError(ref)
        cases = self._reader.cases(unit=report.unit)
        seen = _seen(self._line(report, cases), report, {case.id: case for case in cases})
        following = {"since": self.local(self.held_since(report)), "next": self.next_of(report)}
        return {"sent": seen["sent"], "state_title": seen["state_title"], "cases": seen["cases"], **following}

    def held_since(self, report: Report) -> datetime:
        """When the report came to its present holders."""
        since = report.opened_at
        for row in self._reader.events_of(f"report:{report.ref}"):
            if row.to_state is not None or row.kind == "holder_changed":
                since = row.at
        return since

    def next_of(self, report: Report) -> Document | None:
        """What the report's next timer will do, and when."""
        if report.wake_at is None:
            return None
        return {"at": self.local(report.wake_at), "what": self._what_next(report, report.wake_at)}

    def _what_next(self, report: Report, at: datetime) -> str:
        if report.phase is Phase.SUBMITTED:
            return "roster" if self._is_midnight(at) else "review"
        if self._is_midnight(at):
            return "roster"
        if at <= report.due_at:
            return "overdue" if at == report.due_at else "remind"
        overdue = [case for case in self._reader.cases(report=report.ref) if case.indicator is None and case.is_open]
        if not overdue:
            return "case"
        return "interview" if overdue[-1].state is CaseState.TRACKING else "deduction"

    def _is_midnight(self, instant: datetime) -> bool:
        """Appointments begin and end at midnight; nothing else does."""
        return instant.astimezone(self._zone).time() == time()

    def _last_report(self, report: Report) -> Report | None:
        """The unit's table before this one: nearly always last month's, else the latest of them all."""
        found = self._reader.reports(period=earlier(report.period, 1), unit=report.unit)
        if not found:
            found = [other for other in self._reader.reports(unit=report.unit) if other.period < report.period]
        return found[-1] if found else None

    def _earlier(self, report: Report) -> "_Earlier | None":
        sent, saved, version = [], [], 0
        for row, before, after in self._contents(report.ref):
            if row.kind == "report_sent":
                sent.append(_Earlier(row.version, after))
            elif row.kind == "table_saved":
                saved.append(_Earlier(version, before))
            version = row.version
        # The sending that stands is no earlier version: its signer asks what is new since he last saw it.
        shown = sent if report.phase is Phase.DRAFTING else sent[:-1]
        if shown:
            return shown[-1]
        return saved[-1] if saved and saved[-1].is_filled else None

    def _contents(self, ref: str) -> Iterator[tuple[EventRow, "_Rows", "_Rows"]]:
        """Every event of the report, with its rows before and after it.

        Rows stay plain JSON: to decode them costs more than the rest of the answer.
        """
        rows: _Rows = {}
        for row in self._reader.events_of(f"report:{ref}"):
            before = rows
            if row.kind in ("report_opened", "table_saved"):
                rows = {**rows, **{entry["indicator"]: entry for entry in json.loads(row.payload)["entries"]}}
            yield row, before, rows

    def whole(self) -> list[Document]:
        """Every report with everything, as `simulate` prints them."""
        documents = (self.status(report.ref) for report in self._reader.reports())
        return [document for document in documents if document is not None]

    def inbox(self, person: str) -> list[Document]:
        """What waits for one person."""
        reports = self._reader.reports_held_by(person)
        beside = {}
        for report in reports:
            for case in (
                *self._reader.cases(open_only=True, unit=report.unit),
                *self._reader.cases(report=report.ref),
            ):
                beside[case.id] = case
        return self._lines(reports, [beside[number] for number in sorted(beside)])

    def history(self, subject: str) -> list[Document]:
        """What happened to a report or a case, oldest first.

        `text` is what the person wrote (reason, opinion, note, feedback …), `rule` what it was done for, each None
        where there is none; `grounds` the tests that fired, as `as_facts` writes them. `round` is the report's when the
        event was done; None for other subjects. `door` and `proof` say how a person's act came, and how it is known
        whose it was; None for what the office does by itself.
        """
        return [
            {
                "seq": row.seq,
                "at": self.local(row.at),
                "actor": row.actor,
                "door": row.door,
                "proof": row.proof,
                "kind": row.kind,
                "from_state": row.from_state,
                "to_state": row.to_state,
                "version": row.version,
                "hash": row.hash,
                "round": number,
                **self.why(json.loads(row.payload)),
            }
            for number, row in _with_rounds(subject, self._reader.events_of(subject))
        ]

    def why(self, payload: Mapping[str, Any]) -> Document:
        """What an event says in people's words as `text`, and its reason as data: `rule` and `grounds`."""
        grounds = as_facts([from_facts(one) for one in payload.get("grounds", ())], self._zone)
        return {
            "text": next((payload[name] for name in _WORDED if payload.get(name)), None),
            "rule": payload.get("trigger") or (grounds[0]["rule"] if grounds else None),
            "grounds": grounds,
        }

    def grounds(self, case: Case) -> list[Document]:
        """The tests that led to the case's opening, with their numbers, as `as_facts` writes them."""
        opening = self._reader.events_of(f"case:{case.id}")[:1]
        return as_facts([from_facts(one) for row in opening for one in json.loads(row.payload)["grounds"]], self._zone)

    def moved_by(self, case: Case) -> Document:
        """What brought a case to where it stands: `rule` and `grounds` of the last event that gives any."""
        reasons = [self.why(json.loads(row.payload)) for row in self._reader.events_of(f"case:{case.id}")]
        last = next(reason for reason in reversed(reasons) if reason["grounds"])
        return {"rule": last["rule"], "grounds": last["grounds"]}

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
            "state": report.called,
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
            "round": row.round,
            "posts": list(row.posts),
        }


def _seen(line: Document, report: Report, cases: Mapping[int, Case]) -> Document:
    """A line of the board for people: whether a draft is `sent`, and of `cases` only those there were that month."""
    told: Any = line["cases"]
    by_then = [one for one in told if cases[one["case"]].report[:7] <= report.period]
    return {**line, "sent": report.sent, "state_title": report.route.title(report.state), "cases": by_then}


def _waits(task: Task) -> Document:
    """One that a report waits for: the post and who may act by it; nobody where it is vacant."""
    return {
        "post": task.post,
        "persons": list(task.persons),
        "vacant": not task.persons,
        "transferred_from": None,
        "added_by": None,
    }


_FIELDS = ("rank_text", "comparison", "target")


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A table as it stood at an earlier version."""

    version: int
    rows: _Rows

    @property
    def is_filled(self) -> bool:
        """Whether anything was written in it."""
        return any(entry[field] for entry in self.rows.values() for field in _FIELDS)

    def changes(self, entry: Entry) -> list[Document]:
        """Which fields of the row are no longer what they were, with what stood there."""
        was = self.rows.get(entry.indicator)
        return [
            {"field": field, "before": was[field], "version": self.version}
            for field in _FIELDS
            if was is not None and was[field] != getattr(entry, field)
        ]


def _read(entry: Entry) -> Document:
    """What was read in the row; `rank` is the one it is judged by, `three_district_rank` also from the comparison."""
    reading = entry.reading
    return {
        "kind": reading.kind.value,
        "rank": entry.rank,
        "field": entry.field,
        "best": reading.best,
        "worst": reading.worst,
        "tied": reading.tied,
        "estimated": reading.estimated,
        "three_district_rank": entry.three_district_rank,
    }


def _last_month(report: Report | None, entry: Entry | None) -> Document | None:
    if report is None or entry is None or not any(getattr(entry, field) for field in _FIELDS):
        return None
    return {"period": report.period, **{field: getattr(entry, field) for field in _FIELDS}, "rank": entry.rank}


_WORDED = ("reason", "opinion", "note", "text")


def _with_rounds(subject: str, rows: Iterable[EventRow]) -> Iterable[tuple[int | None, EventRow]]:
    """Each event with the round in which it was done; a return is the last act of the round it ends."""
    number = 1
    for row in rows:
        yield (number if subject.startswith("report:") else None), row
        ends = row.kind in ("report_returned", "report_reopened")
        number += ends or (row.kind == "report_withdrawn" and '"new_round":true' in row.payload)


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
