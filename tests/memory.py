"""A store in memory: the ports' promises in a hundred lines, for tests of the rules and of the one path."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime

from states.models import Case, Duty, DutyKind, PointsStatus, Report
from workflow.chain import GENESIS
from workflow.ports import (
    AT_ONCE,
    Beat,
    ContactRow,
    DefinitionRow,
    Delivery,
    EventRow,
    Heartbeat,
    Message,
    Question,
    SignOffRow,
)


@dataclass
class State:
    """Everything stored."""

    reports: dict[str, Report] = field(default_factory=dict)
    cases: dict[int, Case] = field(default_factory=dict)
    duties: dict[tuple[DutyKind, str], Duty] = field(default_factory=dict)
    events: list[EventRow] = field(default_factory=list)
    signoffs: list[SignOffRow] = field(default_factory=list)
    contacts: list[ContactRow] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    failures: list[tuple[str, datetime, str]] = field(default_factory=list)
    heartbeat: Heartbeat | None = None
    definitions: list[DefinitionRow] = field(default_factory=list)

    def copied(self) -> "State":
        """A copy whose containers may be changed."""
        return State(**{name: copy(getattr(self, name)) for name in self.__dataclass_fields__})


class MemoryTransaction:
    """Works on a copy; `commit` puts it in place."""

    def __init__(self, store: "MemoryStore", now: datetime) -> None:
        self._store = store
        self.state = store.state.copied()
        self.clock = now
        self.now = max(now, self.state.events[-1].at) if self.state.events else now
        worked = [self.state.events[-1].at] if self.state.events else []
        if self.state.heartbeat is not None:
            worked.append(self.state.heartbeat.at)
        self.last_worked = max(worked, default=None)
        self.defined_seq = max((row.since_seq for row in self.state.definitions), default=0)
        self.defines = False

    def definitions(self) -> Sequence[DefinitionRow]:
        return list({row.kind: row for row in self.state.definitions}.values())

    def add_definition(self, row: DefinitionRow) -> None:
        self.state.definitions.append(row)
        self.defined_seq, self.defines = row.since_seq, True

    def last_item(self, subject: str) -> int:
        return max((row.item_seq for row in self.state.events if row.subject == subject), default=0)

    def answered(self, command_id: str) -> Sequence[EventRow]:
        rows = self.state.events
        first = next((place for place, row in enumerate(rows) if row.command_id == command_id), None)
        if first is None:
            return []
        end = next((p for p in range(first + 1, len(rows)) if rows[p].command_id is not None), len(rows))
        return rows[first:end]

    def report(self, ref: str) -> Report | None:
        return self.state.reports.get(ref)

    def case(self, key: str) -> Case | None:
        if key.isdecimal():
            return self.state.cases.get(int(key))
        found = [case for case in self.state.cases.values() if case.ref == key]
        return next((case for case in found if case.is_open), found[-1] if found else None)

    def duty(self, kind: DutyKind, unit: str) -> Duty | None:
        return self.state.duties.get((kind, unit))

    def reports_of(self, unit: str, since: str = "") -> Sequence[Report]:
        own = (r for r in self.state.reports.values() if r.unit == unit and r.period >= since)
        return sorted(own, key=lambda r: r.period)

    def last_ranked(self, unit: str, indicator: str, before: str) -> Report | None:
        ranked = (
            report
            for report in reversed(self.reports_of(unit))
            if report.period < before and report.state == "supervised"
            if any(entry.indicator == indicator and entry.rank is not None for entry in report.entries)
        )
        return next(ranked, None)

    def reports_in(self, period: str) -> Sequence[Report]:
        return [report for report in self.state.reports.values() if report.period == period]

    def open_reports(self, *, with_entries: bool = True) -> Sequence[Report]:
        found = (report for report in self.state.reports.values() if report.state != "supervised")
        return sorted(found, key=lambda report: report.period)

    def reports_between(self, first: str, last: str) -> Sequence[Report]:
        found = (report for report in self.state.reports.values() if first <= report.period <= last)
        return sorted(found, key=lambda report: report.period)

    def last_report(self, unit: str, before: str) -> Report | None:
        return next((report for report in reversed(self.reports_of(unit)) if report.period < before), None)

    def open_cases(self, unit: str) -> Sequence[Case]:
        return [case for case in self.state.cases.values() if case.unit == unit and case.is_open]

    def overdue_case(self, report: str) -> Case | None:
        found = (c for c in self.state.cases.values() if c.report == report and c.indicator is None and c.is_open)
        return next(found, None)

    def all_open_cases(self) -> Sequence[Case]:
        return [case for case in self.state.cases.values() if case.is_open]

    def points_of(self, unit: str, since: datetime, until: datetime) -> int:
        return sum(
            case.points or 0
            for case in self.state.cases.values()
            if case.unit == unit
            and case.proposed_at is not None
            and since <= case.proposed_at < until
            and case.points_status is not PointsStatus.WITHDRAWN
        )

    def next_case_id(self) -> int:
        return max(self.state.cases, default=0) + 1

    def head(self) -> tuple[int, str]:
        return (self.state.events[-1].seq, self.state.events[-1].hash) if self.state.events else (0, GENESIS)

    def events_of(self, subject: str, after: int) -> Sequence[EventRow]:
        return [row for row in self.state.events if row.subject == subject and row.item_seq > after]

    def last_of_kind(self, subject: str, kind: str) -> EventRow | None:
        return next((row for row in reversed(self.events_of(subject, 0)) if row.kind == kind), None)

    def count_of_kind(self, subject: str, kind: str) -> int:
        return sum(row.kind == kind for row in self.events_of(subject, 0))

    def heartbeat(self) -> Heartbeat | None:
        return self.state.heartbeat

    def beat(self, beat: Beat) -> None:
        held = self.state.heartbeat
        self.state.heartbeat = Heartbeat(
            at=self.clock,
            pid=beat.pid,
            host=beat.host,
            started_at=beat.started_at,
            held_since=held.held_since if held else None,
            held_reason=held.held_reason if held else None,
        )

    def server_clock(self) -> datetime | None:
        return None

    def turn_back(self) -> None:
        self.now = self.last_worked = self.clock
        if self.state.heartbeat is not None:
            self.state.heartbeat = replace(self.state.heartbeat, at=self.clock)

    def hold_mail(self, reason: str | None) -> None:
        assert self.state.heartbeat is not None
        since = None if reason is None else self.now
        self.state.heartbeat = replace(self.state.heartbeat, held_since=since, held_reason=reason)

    def mail(self, number: int) -> Message | None:
        return self.state.messages[number - 1] if 0 < number <= len(self.state.messages) else None

    def unsent_mails(self) -> Sequence[Message]:
        return [mail for mail in self.state.messages if mail.state is not Delivery.SENT]

    def resend_mail(self, number: int, address: str) -> None:
        mail = self.state.messages[number - 1]
        first = mail.original_address or (mail.address if mail.address != address else None)
        self.state.messages[number - 1] = replace(
            mail, address=address, original_address=first, state=Delivery.PENDING, next_attempt_at=AT_ONCE
        )

    def acknowledge_mail(self, number: int, *, by: str, note: str) -> None:
        mail = self.state.messages[number - 1]
        self.state.messages[number - 1] = replace(
            mail, acknowledged_at=self.now, acknowledged_by=by, acknowledged_note=note
        )

    def earliest_wake(self, until: datetime) -> tuple[str, datetime] | None:
        waking = [
            *((duty.wake_at, 0, f"duty:{duty.ref}") for duty in self.state.duties.values()),
            *((report.wake_at, 1, f"report:{report.ref}") for report in self.state.reports.values()),
            *((case.wake_at, 2, f"case:{case.id}") for case in self.state.cases.values()),
        ]
        due = [(at, kind, subject) for at, kind, subject in waking if at is not None and at <= until]
        if not due:
            return None
        at, _, subject = min(due, key=lambda one: one[:2])
        return subject, at

    def waking_reports(self, at: datetime) -> Sequence[str]:
        return [report.ref for report in self.state.reports.values() if report.wake_at == at]

    def waking_cases(self, at: datetime) -> Sequence[int]:
        return sorted(case.id for case in self.state.cases.values() if case.wake_at == at)

    def save_report(self, before: Report | None, after: Report) -> None:
        assert (before is None) == (after.ref not in self.state.reports)
        self.state.reports[after.ref] = after

    def save_case(self, before: Case | None, after: Case) -> None:
        assert (before is None) == (after.id not in self.state.cases)
        self.state.cases[after.id] = after

    def save_duty(self, before: Duty | None, after: Duty) -> None:
        self.state.duties[after.kind, after.unit] = after

    def append_events(self, rows: Sequence[EventRow]) -> None:
        self.state.events.extend(rows)

    def add_signoff(self, row: SignOffRow) -> None:
        self.state.signoffs.append(row)

    def void_signoffs(
        self, report: str, event_seq: int, *, state: str | None = None, person: str | None = None
    ) -> None:
        self.state.signoffs = [
            replace(row, void_seq=event_seq)
            if row.report == report
            and row.void_seq is None
            and (state is None or (state, person) == (row.state, row.person))
            else row
            for row in self.state.signoffs
        ]

    def add_contact(self, row: ContactRow) -> None:
        self.state.contacts.append(row)

    def enqueue(self, messages: Sequence[Message]) -> None:
        self.state.messages.extend(messages)

    def defer_wake(self, subject: str, until: datetime, error: str) -> None:
        self.state.failures.append((subject, until, error))
        key = subject.partition(":")[2]
        if subject.startswith("report:"):
            self.state.reports[key] = replace(self.state.reports[key], wake_at=until)
        elif subject.startswith("case:"):
            self.state.cases[int(key)] = replace(self.state.cases[int(key)], wake_at=until)
        else:
            kind, _, unit = key.partition("/")
            name = (DutyKind(kind), unit)
            self.state.duties[name] = replace(self.state.duties[name], wake_at=until)

    @contextmanager
    def apart(self) -> Iterator[None]:
        before = self.state.copied(), self.defined_seq, self.defines
        try:
            yield
        except Exception:
            self.state, self.defined_seq, self.defines = before
            raise

    def commit(self) -> None:
        self._store.state = self.state


class MemoryStore:
    """The database of a test."""

    def __init__(self) -> None:
        self.state = State()

    @contextmanager
    def begin(self, now: datetime, foreseen: Sequence[Question] = ()) -> Iterator[MemoryTransaction]:
        """A transaction on a copy of what is stored."""
        yield MemoryTransaction(self, now)

    def report(self, ref: str) -> Report | None:
        return self.state.reports.get(ref)

    def reports(
        self,
        period: str | None = None,
        unit: str | None = None,
        state: str | None = None,
        overdue: bool | None = None,
    ) -> Sequence[Report]:
        fits = (period, unit, state, overdue)
        return [
            report
            for report in self.state.reports.values()
            if all(
                want is None or want == has
                for want, has in zip(fits, (report.period, report.unit, report.called, report.overdue), strict=True)
            )
        ]

    def reports_held_by(self, person: str) -> Sequence[Report]:
        return [report for report in self.state.reports.values() if person in report.holders]

    def cases(self, open_only: bool = False, unit: str | None = None, report: str | None = None) -> Sequence[Case]:
        return [
            case
            for case in self.state.cases.values()
            if (case.is_open or not open_only) and unit in (None, case.unit) and report in (None, case.report)
        ]

    def cases_beside(self, period: str) -> Sequence[Case]:
        found = self.state.cases.values()
        return [case for case in found if case.is_open or case.report.startswith(f"{period}/")]

    def duty(self, kind: DutyKind, unit: str) -> Duty | None:
        return self.state.duties.get((kind, unit))

    def duties(self) -> Sequence[Duty]:
        return list(self.state.duties.values())

    def all_definitions(self) -> Sequence[DefinitionRow]:
        return list(self.state.definitions)

    def signoffs(self, ref: str) -> Sequence[SignOffRow]:
        return [row for row in self.state.signoffs if row.report == ref]

    def events_of(self, subject: str) -> Sequence[EventRow]:
        return [row for row in self.state.events if row.subject == subject]
