"""The one path: every act of a person and every timer becomes a command, and is carried out or refused here.

    load → decide → evolve → notices → save, in one transaction; commit, or nothing at all.

Timers whose time has come are applied before an act, so that the office has one timeline whoever looks first.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from states import case as cases
from states import commands as c
from states import duties
from states import events as e
from states import report as reports
from states.codec import encode, kind_of
from states.errors import AlreadyDone, Refused, Stale, UnknownSubject
from states.models import Case, Duty, DutyKind, Report
from states.office import SYSTEM
from states.rules import Rules
from states.situation import Decided
from states.words import word
from workflow import loading
from workflow.ports import Clock, EventRow, Store, Transaction
from workflow.recording import Answer, Recorder

log = structlog.get_logger()

RETRY_A_FAILED_TIMER = timedelta(hours=1)

TIMERS_AT_ONCE = 50
"""How many timers one transaction applies: few enough that nobody waits long for it."""


class Workflow:
    """The office's workflow on one store, one set of rules and one clock."""

    def __init__(self, store: Store, rules: Rules, clock: Clock, *, mail_domain: str) -> None:
        self.store = store
        self.rules = rules
        self.clock = clock
        self._recorder = Recorder(rules, mail_domain)

    def execute(self, command: c.Command) -> Answer:
        """Carry out one command. Raises a subclass of `Refused` where the rules forbid it; nothing changed."""
        while True:
            with self.store.begin(self.clock.now()) as tx:
                if self._apply_due(tx) is not None:
                    answer = self._carry_out(command, tx)
                    tx.commit()
                    log.debug("command_done", command=type(command).__name__, command_id=command.command_id)
                    return answer
            self.run_due()

    def run_due(self) -> int:
        """Apply every timer whose time has come, in order of due time. Returns how many were looked at."""
        count = 0
        while done := self.run_some():
            count += done
        return count

    def run_some(self) -> int:
        """Apply some of the timers due in one transaction: one sync of the disk serves them all. Returns how many."""
        with self.store.begin(self.clock.now()) as tx:
            count = self._apply_due(tx, TIMERS_AT_ONCE)
            if count is not None:
                tx.commit()
                return count
        return self._run_singly()

    def next_due(self, until: datetime) -> datetime | None:
        """When the next timer is due, if that is not after `until`."""
        with self.store.begin(self.clock.now()) as tx:
            due = tx.earliest_wake(until)
            return None if due is None else due[1]

    def begin_duties(self, since: datetime, *, opening_since: datetime | None = None) -> None:
        """Begin to watch every duty of the office that is not yet watched, from `since` on.

        `opening_since`: periods whose opening lies at or after it are opened, even one already past.
        """
        with self.store.begin(self.clock.now()) as tx:
            for kind, unit in duties.all_duties(self.rules):
                if tx.duty(kind, unit) is None:
                    begins = opening_since if kind is DutyKind.OPENING and opening_since else since
                    self._on_duty(kind, unit, duties.begin(kind, unit, begins), f"begin {kind.value}/{unit}", tx)
            tx.commit()

    def take_in(self, fingerprint: str) -> bool:
        """Take in the configuration if it is not the one worked under so far. Returns whether it was taken in.

        Whose turn it is and when to look again are recomputed; open tasks move to the successor, who is told, and
        the audit says so (spec, part 2).
        """
        with self.store.begin(self.clock.now()) as tx:
            kind, unit = duties.all_duties(self.rules)[0]
            fact = e.ConfigurationTaken(fingerprint=fingerprint)
            taken = [row for row in tx.events_of(duties.duty_subject(kind, unit), 0) if row.kind == kind_of(type(fact))]
            if taken and taken[-1].payload == encode(fact):
                return False
            duty = _found(tx.duty(kind, unit), kind.value)
            self._on_duty(kind, unit, fact, f"configure {fingerprint} {duty.seq}", tx)
            for reporting in self.rules.office.reporting_units:
                for report in tx.reports_of(reporting.code):
                    self._replan(report, tx)
            for case in tx.all_open_cases():
                tx.save_case(case, self._recorder.planned(case, tx.now))
            tx.commit()
            return True

    def _on_duty(self, kind: DutyKind, unit: str, fact: e.DutyEvent, command_id: str, tx: Transaction) -> None:
        subject, duty = duties.duty_subject(kind, unit), tx.duty(kind, unit)
        known = {subject: duty} if duty else {}
        command = c.Command(command_id=command_id, actor=SYSTEM)
        self._recorder.record(command, [Decided(subject, fact)], known, loading.NOTHING, tx)

    def _replan(self, report: Report, tx: Transaction) -> None:
        planned = self._recorder.planned(report, tx.now)
        if planned.holders == report.holders:
            tx.save_report(report, planned)
            return
        subject = f"report:{report.ref}"
        fact = e.HolderChanged(due_instant=tx.now, before=report.holders, after=planned.holders)
        command = c.Command(command_id=f"replan {subject} {report.seq}", actor=SYSTEM)
        self._recorder.record(command, [Decided(subject, fact)], {subject: report}, loading.NOTHING, tx)

    # --- what people ask -------------------------------------------------------------------------------------------

    def _carry_out(self, command: c.Command, tx: Transaction) -> Answer:
        before = tx.answered(command.command_id)
        if before:
            return _repeated(command, tuple(before))
        match command:
            case c.ReportCommand():
                return self._on_report(command, tx)
            case c.CaseCommand():
                return self._on_case(command, tx)
            case c.LogContact():
                return self._on_contact(command, tx)
        raise TypeError(f"not a command people give: {command!r}")

    def _on_report(self, command: c.ReportCommand, tx: Transaction) -> Answer:
        report = tx.report(command.report)
        if report is None:
            raise UnknownSubject(
                f"没有报表 {command.report}", "报表写作 期次/单位，如 2015-10/shirong；kaoji status 列出全部报表"
            )
        subject = f"report:{report.ref}"
        _need_current(command.version, report.version, subject, tx)
        situation = loading.for_report(command, report, self.rules, tx)
        decided = reports.decide(report, command, situation, self.rules, tx.now)
        return self._recorder.record(command, decided, {subject: report}, situation, tx)

    def _on_case(self, command: c.CaseCommand, tx: Transaction) -> Answer:
        case = tx.case(command.case)
        if case is None:
            raise UnknownSubject(
                f"没有督查件 {command.case}",
                "督查件写作编号，或 期次/单位/指标、期次/单位/overdue；kaoji case list 列出全部督查件",
            )
        subject = f"case:{case.id}"
        _need_current(command.version, case.version, subject, tx)
        decided = cases.decide(case, command, self.rules, tx.now)
        return self._recorder.record(command, decided, {subject: case}, loading.NOTHING, tx)

    def _on_contact(self, command: c.LogContact, tx: Transaction) -> Answer:
        duty = tx.duty(DutyKind.LIAISON, command.unit)
        decided = duties.log_contact(duty, command, self.rules, tx.now)
        known = {decided[0].subject: duty} if duty else {}
        return self._recorder.record(command, decided, known, loading.NOTHING, tx)

    # --- what timers do --------------------------------------------------------------------------------------------

    def _apply_due(self, tx: Transaction, at_most: int | None = None) -> int | None:
        """Apply timers due in a transaction of the caller's, an act's or their own. Returns how many.

        None when one of them fails: then all are to be undone, and taken singly.
        """
        count = 0
        while count != at_most and (due := tx.earliest_wake(tx.now)) is not None:
            try:
                self._wake(*due, tx)
            except Exception:  # noqa: BLE001  it fails again when tried by itself, and is told of there
                log.warning("timers_undone", subject=due[0], reason="one failed; each is now tried by itself")
                return None
            count += 1
        return count

    def _run_singly(self) -> int:
        """Apply each timer in a transaction of its own, up to the one that fails.

        That one is set aside for an hour, so that it cannot stop the others.
        """
        count = 0
        while True:
            count += 1
            with self.store.begin(self.clock.now()) as tx:
                due = tx.earliest_wake(tx.now)
                if due is None:
                    return count
                try:
                    self._wake(*due, tx)
                    tx.commit()
                    continue
                except Exception as fault:
                    log.exception("timer_failed", subject=due[0])
                    failure = f"{type(fault).__name__}: {fault}"
            with self.store.begin(self.clock.now()) as tx:
                tx.defer_wake(due[0], tx.now + RETRY_A_FAILED_TIMER, failure)
                tx.commit()
            return count

    def _wake(self, subject: str, at: datetime, tx: Transaction) -> None:
        kind, _, key = subject.partition(":")
        match kind:
            case "report":
                self._wake_report(_found(tx.report(key), subject), at, tx)
            case "case":
                self._wake_case(_found(tx.case(key), subject), at, tx)
            case _:
                duty, _, unit = key.partition("/")
                self._wake_duty(_found(tx.duty(DutyKind(duty), unit), subject), at, tx)

    def _wake_report(self, report: Report, at: datetime, tx: Transaction) -> None:
        situation = loading.for_report_timer(report, self.rules, tx)
        woken = reports.wake(report, situation, self.rules, tx.now)
        if not woken.decided:
            advanced = replace(report, timers_until=woken.until)
            tx.save_report(report, self._recorder.planned(advanced, tx.now))
            return
        subject = f"report:{report.ref}"
        command = _wake_command(subject, report.seq, at)
        known = {subject: report}
        self._recorder.record(command, woken.decided, known, situation, tx, timers_until=woken.until)

    def _wake_case(self, case: Case, at: datetime, tx: Transaction) -> None:
        woken = cases.wake(case, self.rules, tx.now)
        if not woken.decided:
            tx.save_case(case, self._recorder.planned(replace(case, timers_until=woken.until), tx.now))
            return
        subject = f"case:{case.id}"
        command = _wake_command(subject, case.seq, at)
        known = {subject: case}
        self._recorder.record(command, woken.decided, known, loading.NOTHING, tx, timers_until=woken.until)

    def _wake_duty(self, duty: Duty, at: datetime, tx: Transaction) -> None:
        woken = duties.wake(duty, self.rules, tx.now)
        if not woken.decided:
            tx.save_duty(duty, self._recorder.planned(replace(duty, timers_until=woken.until), tx.now))
            return
        situation = loading.for_duty_timer(duty, self.rules, tx)
        subject = f"duty:{duty.ref}"
        command = _wake_command(subject, duty.seq, at)
        self._recorder.record(command, woken.decided, {subject: duty}, situation, tx, timers_until=woken.until)


def _wake_command(subject: str, seq: int, at: datetime) -> c.Wake:
    """A timer's command: named so that the database itself lets it happen once."""
    return c.Wake(command_id=f"wake {subject} {seq} {at.isoformat()}", actor=SYSTEM, subject=subject)


_Row = TypeVar("_Row")


def _found(row: _Row | None, subject: str) -> _Row:
    if row is None:
        raise LookupError(f"{subject} is due but does not exist")
    return row


def _repeated(command: c.Command, rows: tuple[EventRow, ...]) -> Answer:
    """The answer given then; the id of somebody else's act is refused."""
    first = rows[0]
    if first.actor != command.actor:
        raise AlreadyDone(f"命令编号 {command.command_id} 已被 {first.actor} 用过", "请用新的编号重新提交")
    return Answer(rows, first.version, repeated=True)


def _need_current(decided_on: int | None, present: int, subject: str, tx: Transaction) -> None:
    if decided_on is None or decided_on == present:
        return
    since = [row for row in tx.events_of(subject, 0) if row.version > decided_on]
    changes = "；".join(f"{row.actor} {row.kind}{_moved(row)}" for row in since) or "没有这一版本"
    raise Stale(
        f"您依据的是第 {decided_on} 版，现在是第 {present} 版，期间：{changes}", "请重新打开，看过现在的内容再办理"
    )


def _moved(row: EventRow) -> str:
    return f"（{word(row.to_state)}）" if row.to_state else ""


__all__ = ["Answer", "Refused", "Workflow"]
