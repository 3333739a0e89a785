"""The one path: every act of a person and every timer becomes a command, and is carried out or refused here.

    load → decide → evolve → notices → save, in one transaction; commit, or nothing at all.

Timers whose time has come are applied before an act, so that the office has one timeline whoever looks first.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from states import case as cases
from states import commands as c
from states import duties
from states import events as e
from states import report as reports
from states.codec import decode, kind_of
from states.errors import (
    AlreadyDone,
    ClockDoubted,
    OtherRules,
    Refused,
    Stale,
    UnknownSubject,
    WrongActor,
    WrongContent,
    WrongState,
)
from states.models import Case, Duty, DutyKind, Report
from states.needs import need_reason
from states.office import SYSTEM, Level
from states.rules import Rules
from states.situation import NOTHING, Decided, Part, Situation, Woken
from states.words import event_word, state_word
from workflow import loading, mails
from workflow.log import log
from workflow.ports import Beat, Clock, EventRow, Store, StoreFault, Transaction
from workflow.recording import Answer, Recorder, answer_of, asked_sha256, stored_id

_KNOWABLE = re.compile(r"[ -~]{1,200}")
"""What may be a command's id: it is printed, stored and looked up, never read."""

RETRY_A_FAILED_TIMER = timedelta(hours=1)

TIMERS_AT_ONCE = 50
"""How many timers one transaction applies: few enough that nobody waits long for it."""


TURNED_BACK = timedelta(minutes=5)
"""So far a clock may go back without a word: servers of time set it right by seconds. Nothing is stamped earlier."""


class Workflow:
    """The office's workflow on one store, one set of rules and one clock.

    `longest_downtime`: a clock further ahead of when the office last worked, or back before it, is not believed;
    None where the clock is a virtual one. `fingerprint` is that of the configuration: people's acts are carried out
    under no other than the one taken in; None where there is but one.
    """

    def __init__(
        self,
        store: Store,
        rules: Rules,
        clock: Clock,
        *,
        mail_domain: str,
        longest_downtime: timedelta | None = None,
        fingerprint: str | None = None,
    ) -> None:
        self.store = store
        self.rules = rules
        self.clock = clock
        self._longest_downtime = longest_downtime
        self._fingerprint = fingerprint
        self._recorder = Recorder(rules, mail_domain)

    @contextmanager
    def _begin(self) -> Iterator[Transaction]:
        """A transaction at an instant that can be believed. Raises ClockDoubted."""
        with self.store.begin(self.clock.now()) as tx:
            doubt = self._doubt(tx)
            if doubt is not None:
                raise doubt
            yield tx

    def clock_doubt(self) -> ClockDoubted | None:
        """Why nothing can be done at what the clock says now; None where it can be believed."""
        with self.store.begin(self.clock.now()) as tx:
            return self._doubt(tx)

    def _doubt(self, tx: Transaction) -> ClockDoubted | None:
        if self._longest_downtime is None or tx.last_worked is None:
            return None
        return self._astray(tx) or doubt_of(tx.clock, tx.last_worked, self._longest_downtime, self.rules)

    def _astray(self, tx: Transaction) -> ClockDoubted | None:
        """A server's database is acted on from many machines: none of them carries the office to an hour of its own."""
        server = tx.server_clock()
        if server is None or abs(tx.clock - server) <= TURNED_BACK:
            return None
        here, there = (self.rules.calendar.local(at).strftime("%Y-%m-%d %H:%M") for at in (tx.clock, server))
        return ClockDoubted(
            f"本机时钟与数据库服务器不一致：本机是 {here}，数据库服务器是 {there}",
            "请校准走得不对的一方，一致后自动恢复；没有办理任何事项",
        )

    def execute(self, command: c.Command) -> Answer:
        """Carry out one command. Raises a subclass of `Refused` where the rules forbid it; nothing changed."""
        if not _KNOWABLE.fullmatch(command.command_id):
            raise WrongContent("命令编号不能用", "编号应为 1 到 200 个英文字母、数字或符号")
        command = c.in_plain_words(command)
        if isinstance(command, c.Resume):
            return self._resume(command)
        if isinstance(command, c.MailCommand):
            return self._on_mails(command)
        while True:
            with self._begin() as tx:
                self._need_same_rules(tx)
                if self._apply_due(tx) is not None:
                    answer = self._carry_out(command, tx)
                    tx.commit()
                    return answer
            self.run_due()

    def run_due(self) -> int:
        """Apply every timer whose time has come, in order of due time. Returns how many were looked at."""
        count = 0
        while done := self.run_some():
            count += done
        return count

    def run_some(self, beat: Beat | None = None) -> int:
        """Apply some of the timers due in one transaction: one sync of the disk serves them all. Returns how many.

        `beat` is the daemon's heartbeat, noted with them. Raises ClockDoubted; then nothing was applied.
        """
        with self._begin() as tx:
            count = self._apply_due(tx, TIMERS_AT_ONCE)
            if count is not None:
                if beat is not None:
                    tx.beat(beat)
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
        with self._begin() as tx:
            for kind, unit in duties.all_duties(self.rules):
                if tx.duty(kind, unit) is None:
                    begins = opening_since if kind is DutyKind.OPENING and opening_since else since
                    command = c.Command(command_id=f"begin {kind.value}/{unit}", actor=SYSTEM)
                    self._on_duty(kind, unit, duties.begin(kind, unit, begins), command, tx)
            tx.commit()

    def take_in(self, fingerprint: str) -> bool:
        """Take in the configuration if it is not the one worked under so far. Returns whether it was taken in.

        Whose turn it is, deadlines and when to look again are recomputed for all that is open; open tasks move to the
        successor, who is told, as is whoever a deadline moves for, and the audit says so (spec, part 2).
        """
        with self._begin() as tx:
            if self._taken_in(tx) == fingerprint:
                return False
            kind, unit = duties.all_duties(self.rules)[0]
            duty = _found(tx.duty(kind, unit), kind.value)
            command = c.Command(command_id=f"configure {fingerprint} {duty.seq}", actor=SYSTEM)
            self._on_duty(kind, unit, e.ConfigurationTaken(fingerprint=fingerprint), command, tx)
            for report in tx.open_reports():
                self._replan(report, tx)
            for case in tx.all_open_cases():
                tx.save_case(case, self._recorder.planned(case, tx.now))
            tx.commit()
            return True

    def _taken_in(self, tx: Transaction) -> str | None:
        """The fingerprint of the configuration the office works under."""
        row = tx.last_of_kind(duties.duty_subject(*duties.all_duties(self.rules)[0]), kind_of(e.ConfigurationTaken))
        event = None if row is None else decode(row.kind, row.payload)
        return event.fingerprint if isinstance(event, e.ConfigurationTaken) else None

    def _need_same_rules(self, tx: Transaction) -> None:
        """Whoever writes an organisation of his own could sign for anybody: only the one taken in counts."""
        taken = None if self._fingerprint is None else self._taken_in(tx)
        if taken is not None and taken != self._fingerprint:
            raise OtherRules(
                "这份配置与系统采用的不同，不能据以办理",
                "配置若刚改过，请重启守护进程使其采用；否则请用 --config 指明正在使用的配置",
            )

    def _resume(self, command: c.Resume) -> Answer:
        """Go on: the clock is believed from now on, and held mails leave."""
        if command.actor not in self.rules.office.person_by_id:
            raise WrongActor(f"没有人员 {command.actor}", "请用 --as 写明是谁确认的")
        need_reason(command.reason, said="确认恢复")
        with self.store.begin(self.clock.now()) as tx:
            before = tx.answered(stored_id(command))
            if before:
                return _repeated(command, tuple(before))
            astray = None if self._longest_downtime is None else self._astray(tx)
            if astray is not None:
                raise astray  # which of two clocks is right is not for a word to settle
            beat, doubt = tx.heartbeat(), self._doubt(tx)
            held = beat.held_reason if beat else None
            if doubt is None:  # while the clock is doubted no configuration can be taken in, so none is asked for
                self._need_same_rules(tx)
            if doubt is None and held is None:
                raise WrongState("时钟可信，邮件也没有暂停，没有什么需要确认", "如有疑问，请运行 kaoji check")
            last_worked = tx.last_worked if doubt else None
            if doubt is not None:
                tx.turn_back()
            if held is not None:
                tx.hold_mail(None)
            kind, unit = duties.all_duties(self.rules)[0]
            fact = e.Resumed(reason=command.reason.strip(), last_worked=last_worked, held=held)
            answer = self._on_duty(kind, unit, fact, command, tx)
            tx.commit()
            return answer

    def restored(self, command: c.Restore, beat: Beat, held: str) -> Answer:
        """Record on a backup that the office goes on from it, and hold its mails until somebody lets them go.

        `beat` is the process that restores it, `held` why the mails are held.
        """
        if command.actor not in self.rules.office.person_by_id:
            raise WrongActor(f"没有人员 {command.actor}", "请用 --as 写明是谁决定恢复的")
        need_reason(command.reason, said="恢复备份")
        with self.store.begin(self.clock.now()) as tx:
            if tx.head()[0] != command.seq or tx.head()[1] != command.head:
                raise WrongState("备份在恢复途中被改动", "请重新恢复")
            kind, unit = duties.all_duties(self.rules)[0]
            if tx.duty(kind, unit) is None:
                raise WrongState("备份里还没有任何流转记录", "不必恢复；新的数据库请用 kaoji init")
            tx.beat(beat)
            tx.hold_mail(held)
            fact = e.Restored(
                seq=command.seq,
                head=command.head,
                replaced_seq=command.replaced_seq,
                replaced_head=command.replaced_head,
                lost_mails=command.lost_mails,
                reason=command.reason.strip(),
            )
            answer = self._on_duty(kind, unit, fact, command, tx)
            tx.commit()
            return answer

    def _on_mails(self, command: c.MailCommand) -> Answer:
        """About mails that did not arrive; no timer is concerned."""
        if isinstance(command, c.AcknowledgeMails):
            need_reason(command.reason, said="登记未达邮件")
        with self._begin() as tx:
            self._need_same_rules(tx)
            before = tx.answered(stored_id(command))
            if before:
                return _repeated(command, tuple(before))
            kind, unit = duties.all_duties(self.rules)[0]
            answer = self._on_duty(kind, unit, mails.attended(command, self.rules.office, tx), command, tx)
            tx.commit()
            return answer

    def resend_corrected(self) -> int:
        """Send again what died of an address that is another by now. Returns how many mails that concerns."""
        with self._begin() as tx:
            fact = mails.corrected(self.rules.office, tx)
            if fact is None:
                return 0
            kind, unit = duties.all_duties(self.rules)[0]
            seq = _found(tx.duty(kind, unit), kind.value).seq
            self._on_duty(kind, unit, fact, c.Command(command_id=f"resend {seq}", actor=SYSTEM), tx)
            tx.commit()
            return len(fact.messages)

    def _on_duty(self, kind: DutyKind, unit: str, fact: e.DutyEvent, command: c.Command, tx: Transaction) -> Answer:
        subject, duty = duties.duty_subject(kind, unit), tx.duty(kind, unit)
        return self._recorder.record(command, [Part(subject=subject, known=duty, decided=[Decided(subject, fact)])], tx)

    def _replan(self, report: Report, tx: Transaction) -> None:
        """What a changed configuration makes of an open report: its deadline, whose turn it is, when to look again."""
        subject = f"report:{report.ref}"
        planned = self._recorder.planned(report, tx.now)
        facts: list[e.ReportEvent] = []
        due_at = reports.due_under(report, loading.history(subject, tx), self.rules, tx.now)
        if due_at != report.due_at:
            facts.append(e.DeadlineMoved(before=report.due_at, after=due_at))
        if planned.holders != report.holders:
            facts.append(e.HolderChanged(due_instant=tx.now, before=report.holders, after=planned.holders))
        if not facts:
            tx.save_report(report, planned)
            return
        command = c.Command(command_id=f"replan {subject} {report.seq}", actor=SYSTEM)
        decided = [Decided(subject, fact) for fact in facts]
        self._recorder.record(command, [Part(subject=subject, known=report, decided=decided)], tx)

    # --- what people ask -------------------------------------------------------------------------------------------

    def _carry_out(self, command: c.Command, tx: Transaction) -> Answer:
        before = tx.answered(stored_id(command))
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
        _need_current(command.version, report, subject, self.rules, tx)
        situation = loading.for_report(command, report, self.rules, tx)
        decided = reports.decide(report, command, situation, self.rules, tx.now)
        part = Part(subject=subject, known=report, decided=decided, situation=situation)
        return self._recorder.record(command, [part], tx)

    def _on_case(self, command: c.CaseCommand, tx: Transaction) -> Answer:
        case = tx.case(command.case)
        if case is None:
            raise UnknownSubject(
                f"没有督查件 {command.case}",
                "督查件写作编号，或 期次/单位/指标、期次/单位/overdue；kaoji case list 列出全部督查件",
            )
        subject = f"case:{case.id}"
        _need_current(command.version, case, subject, self.rules, tx)
        decided = cases.decide(case, command, self.rules, tx.now)
        return self._recorder.record(command, [Part(subject=subject, known=case, decided=decided)], tx)

    def _on_contact(self, command: c.LogContact, tx: Transaction) -> Answer:
        duty = tx.duty(DutyKind.LIAISON, command.unit)
        decided = duties.log_contact(duty, command, self.rules, tx.now)
        return self._recorder.record(command, [Part(subject=decided[0].subject, known=duty, decided=decided)], tx)

    # --- what timers do --------------------------------------------------------------------------------------------

    def _apply_due(self, tx: Transaction, at_most: int | None = None) -> int | None:
        """Apply timers due in a transaction of the caller's, an act's or their own. Returns how many.

        None when one of them fails: then all are to be undone, and taken singly.
        """
        count = 0
        while (at_most is None or count < at_most) and (due := tx.earliest_wake(tx.now)) is not None:
            try:
                count += self._wake(*due, tx)
            except StoreFault:
                raise  # the database's fault is no timer's: all of them are tried again at the next beat
            except Exception:  # noqa: BLE001  it fails again when tried by itself, and is told of there
                log.warning("timers_undone", subject=due[0], reason="one failed; each is now tried by itself")
                return None
        return count

    def _run_singly(self) -> int:
        """Apply each timer in a transaction of its own, up to the one that fails.

        That one is set aside for an hour, so that it cannot stop the others.
        """
        count = 0
        while True:
            count += 1
            with self._begin() as tx:
                due = tx.earliest_wake(tx.now)
                if due is None:
                    return count
                try:
                    self._wake(*due, tx, alone=True)
                    tx.commit()
                    continue
                except StoreFault:
                    raise
                except Exception as fault:  # noqa: BLE001  whatever it is, it must not stop the others
                    log.exception("timer_failed", subject=due[0])
                    failure = f"{type(fault).__name__}: {fault}"
            with self.store.begin(self.clock.now()) as tx:
                tx.defer_wake(due[0], tx.now + RETRY_A_FAILED_TIMER, failure)
                tx.commit()
            return count

    def _wake(self, subject: str, at: datetime, tx: Transaction, *, alone: bool = False) -> int:
        """Apply what is due of a subject and, unless it is to be `alone`, of all its like at the same instant.

        Returns how many. Who is told of several of them is told once. A unit has but one report in such a round: a
        review looks at the unit's other reports.
        """
        kind, _, key = subject.partition(":")
        parts: list[Part] = []
        match kind:
            case "report":
                units: set[str] = set()
                opened = 0
                for ref in [key] if alone else tx.waking_reports(at):
                    report = _found(tx.report(ref), ref)
                    if report.unit in units:
                        continue
                    units.add(report.unit)
                    situation = loading.for_report_timer(report, self.rules, tx)
                    situation = replace(situation, next_case=situation.next_case + opened)
                    woken = reports.wake(report, situation, self.rules, tx.now)
                    opened += sum(isinstance(one.event, e.CaseOpened) for one in woken.decided)
                    parts.append(_woken(f"report:{ref}", report, woken, situation))
            case "case":
                for number in [int(key)] if alone else tx.waking_cases(at):
                    case = _found(tx.case(str(number)), subject)
                    parts.append(_woken(f"case:{number}", case, cases.wake(case, self.rules, tx.now)))
            case _:
                duty_kind, _, unit = key.partition("/")
                duty = _found(tx.duty(DutyKind(duty_kind), unit), subject)
                woken = duties.wake(duty, self.rules, tx.now)
                situation = loading.for_duty_timer(duty, self.rules, tx) if woken.decided else NOTHING
                parts.append(_woken(subject, duty, woken, situation))
        for part in parts:
            if not part.decided:
                self._recorder.pass_over(part, tx)
        happened = [part for part in parts if part.decided]
        if happened:
            self._recorder.record(_wake_command(happened[0], at), happened, tx)
        return len(parts)


def doubt_of(clock: datetime, last_worked: datetime, longest_downtime: timedelta, rules: Rules) -> ClockDoubted | None:
    """Why the clock cannot be believed: one that jumped would open, escalate and mail whole months, past recall."""
    if clock - last_worked > longest_downtime:
        said = f"已超过 {longest_downtime.days} 天"
    elif last_worked - clock > TURNED_BACK:
        said = "比那时还早"
    else:
        return None
    now, last = (rules.calendar.local(at).strftime("%Y-%m-%d %H:%M") for at in (clock, last_worked))
    return ClockDoubted(
        f"时钟不可信：现在是 {now}，而系统最近一次工作是 {last}，{said}；定时器和邮件都已暂停",
        "请核对服务器时间，改正后自动恢复；时间确实无误时，请运行 kaoji resume 确认",
    )


def _woken(subject: str, known: Report | Case | Duty, woken: Woken, situation: Situation = NOTHING) -> Part:
    return Part(subject=subject, known=known, decided=woken.decided, situation=situation, timers_until=woken.until)


def _wake_command(first: Part, at: datetime) -> c.Wake:
    """A timer's command: named so that the database itself lets it happen once."""
    seq = 0 if first.known is None else first.known.seq
    name = f"wake {first.subject} {seq} {at.isoformat()}"
    return c.Wake(command_id=name, actor=SYSTEM, subject=first.subject)


_Row = TypeVar("_Row")


def _found(row: _Row | None, subject: str) -> _Row:
    if row is None:
        raise LookupError(f"{subject} is due but does not exist")
    return row


def _repeated(command: c.Command, rows: tuple[EventRow, ...]) -> Answer:
    """The answer given then, to the same wish of the same person; under that id nothing else was ever done."""
    first = rows[0]
    if first.actor != command.actor:
        raise AlreadyDone(f"命令编号 {command.command_id} 已被 {first.actor} 用过", "请用新的编号重新提交")
    if first.command_sha256 != asked_sha256(command):
        raise AlreadyDone(
            f"命令编号 {command.command_id} 已用于另一件事（流转记录第 {first.seq} 条），这一次没有办理",
            "请用新的编号重新提交",
        )
    return answer_of(rows, repeated=True)


def _need_current(decided_on: int | None, present: Report | Case, subject: str, rules: Rules, tx: Transaction) -> None:
    if decided_on is None or decided_on == present.version:
        return
    since = [row for row in tx.events_of(subject, 0) if row.version > decided_on]
    told = [f"{rules.office.named(row.actor)}{_done(row, present.level)}" for row in since[-_TOLD:]]
    more = f"共 {len(since)} 项，最近的是：" if len(since) > _TOLD else ""
    raise Stale(
        f"您依据的是第 {decided_on} 版，现在是第 {present.version} 版，期间：{more}{'；'.join(told) or '没有这一版本'}",
        "请重新打开，看过现在的内容再办理",
    )


_TOLD = 5
"""So many of the changes since are named: whoever is that far behind must look anew anyway."""


def _done(row: EventRow, level: Level) -> str:
    how = json.loads(row.payload).get("how", "edit")
    return event_word(row.kind, how=how) + (f"（{state_word(row.to_state, level)}）" if row.to_state else "")


__all__ = ["Answer", "Refused", "Workflow", "doubt_of"]
