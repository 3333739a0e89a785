"""What concerns the office as a whole, not one report or case: its duties, its rules, its clock, its mails.

Each is a fact of the audit like any other, kept with the first of the office's duties.
"""

from collections.abc import Sequence
from datetime import datetime

from states import commands as c
from states import duties
from states import events as e
from states import report as reports
from states.codec import decode, kind_of
from states.errors import OtherRules, WrongActor, WrongState
from states.models import DutyKind, Report
from states.needs import need_words
from states.office import SYSTEM
from states.situation import Decided, Part
from workflow import loading, mails
from workflow.here import Here
from workflow.kinds import planned
from workflow.ports import Beat
from workflow.recording import Answer, Recorder


def record_on(
    duty: tuple[DutyKind, str], facts: Sequence[e.DutyEvent], command: c.Command, here: Here, recorder: Recorder
) -> Answer:
    """Record facts about one of the office's duties."""
    subject = duties.duty_subject(*duty)
    decided = [Decided(subject, fact) for fact in facts]
    return recorder.record(command, [Part(subject=subject, known=here.tx.duty(*duty), decided=decided)], here)


def begin_duties(since: datetime, opening_since: datetime | None, here: Here, recorder: Recorder) -> None:
    """Begin to watch every duty of the office that is not yet watched.

    `opening_since`: periods whose opening lies at or after it are opened, even one already past.
    """
    for kind, unit in duties.all_duties(here.rules):
        if here.tx.duty(kind, unit) is None:
            begins = opening_since if kind is DutyKind.OPENING and opening_since else since
            command = c.Command(command_id=f"begin {kind.value}/{unit}", actor=SYSTEM)
            record_on((kind, unit), [duties.begin(kind, unit, begins)], command, here, recorder)


# --- the rules in force --------------------------------------------------------------------------------------------


def taken_in(here: Here) -> str | None:
    """The fingerprint of the configuration the office works under."""
    row = here.tx.last_of_kind(duties.duty_subject(*duties.all_duties(here.rules)[0]), kind_of(e.ConfigurationTaken))
    event = None if row is None else decode(row.kind, row.payload)
    return event.fingerprint if isinstance(event, e.ConfigurationTaken) else None


def need_same_rules(fingerprint: str | None, here: Here) -> None:
    """Whoever writes an organisation of his own could sign for anybody: only the one taken in counts."""
    taken = None if fingerprint is None else taken_in(here)
    if taken is not None and taken != fingerprint:
        raise OtherRules(
            "这份配置与系统采用的不同，不能据以办理",
            "配置若刚改过，请重启守护进程使其采用；否则请用 --config 指明正在使用的配置",
        )


def take_in(fingerprint: str, here: Here, recorder: Recorder) -> bool:
    """Take in the configuration if it is not the one worked under so far. Returns whether it was taken in."""
    if taken_in(here) == fingerprint:
        return False
    first = duties.all_duties(here.rules)[0]
    duty = here.tx.duty(*first)
    seq = 0 if duty is None else duty.seq
    command = c.Command(command_id=f"configure {fingerprint} {seq}", actor=SYSTEM)
    record_on(first, [e.ConfigurationTaken(fingerprint=fingerprint)], command, here, recorder)
    for report in here.tx.open_reports():
        _replan(report, here, recorder)
    for case in here.tx.all_open_cases():
        here.tx.save_case(case, planned(case, here.rules, here.now))
    return True


def _replan(report: Report, here: Here, recorder: Recorder) -> None:
    """What changed rules make of an open report: its deadline, whose turn it is, when to look again."""
    subject = f"report:{report.ref}"
    after = planned(report, here.rules, here.now)
    facts: list[e.ReportEvent] = []
    due_at = reports.due_under(report, loading.history(subject, here.tx), here.rules, here.now)
    if due_at != report.due_at:
        facts.append(e.DeadlineMoved(before=report.due_at, after=due_at))
    if after.holders != report.holders:
        facts.append(e.HolderChanged(due_instant=here.now, before=report.holders, after=after.holders))
    if not facts:
        here.tx.save_report(report, after)
        return
    command = c.Command(command_id=f"replan {subject} {report.seq}", actor=SYSTEM)
    decided = [Decided(subject, fact) for fact in facts]
    recorder.record(command, [Part(subject=subject, known=report, decided=decided)], here)


# --- clock, backup, mails ------------------------------------------------------------------------------------------


def resume(command: c.Resume, last_worked: datetime | None, here: Here, recorder: Recorder) -> Answer:
    """Go on: the clock is believed from now on, and held mails leave.

    `last_worked` is when the office last worked where the clock is in doubt, None where it is not.
    """
    beat = here.tx.heartbeat()
    held = beat.held_reason if beat else None
    if last_worked is None and held is None:
        raise WrongState("时钟可信，邮件也没有暂停，没有什么需要确认", "如有疑问，请运行 kaoji check")
    if last_worked is not None:
        here.tx.turn_back()
    if held is not None:
        here.tx.hold_mail(None)
    fact = e.Resumed(reason=command.reason.strip(), last_worked=last_worked, held=held)
    return record_on(duties.all_duties(here.rules)[0], [fact], command, here, recorder)


def restored(command: c.Restore, beat: Beat, held: str, here: Here, recorder: Recorder) -> Answer:
    """Record on a backup that the office goes on from it, and hold its mails until somebody lets them go.

    `beat` is the process that restores it, `held` why the mails are held.
    """
    need_person(command, "是谁决定恢复的", here)
    need_words(command)
    if here.tx.head() != (command.seq, command.head):
        raise WrongState("备份在恢复途中被改动", "请重新恢复")
    first = duties.all_duties(here.rules)[0]
    if here.tx.duty(*first) is None:
        raise WrongState("备份里还没有任何流转记录", "不必恢复；新的数据库请用 kaoji init")
    here.tx.beat(beat)
    here.tx.hold_mail(held)
    fact = e.Restored(
        seq=command.seq,
        head=command.head,
        replaced_seq=command.replaced_seq,
        replaced_head=command.replaced_head,
        lost_mails=command.lost_mails,
        reason=command.reason.strip(),
    )
    return record_on(first, [fact], command, here, recorder)


def on_mails(command: c.MailCommand, here: Here, recorder: Recorder) -> Answer:
    """About mails that did not arrive; no timer is concerned."""
    need_words(command)
    fact = mails.attended(command, here.rules.office, here.tx)
    return record_on(duties.all_duties(here.rules)[0], [fact], command, here, recorder)


def resend_corrected(here: Here, recorder: Recorder) -> int:
    """Send again what died of an address that is another by now. Returns how many mails that concerns."""
    fact = mails.corrected(here.rules.office, here.tx)
    if fact is None:
        return 0
    first = duties.all_duties(here.rules)[0]
    duty = here.tx.duty(*first)
    seq = 0 if duty is None else duty.seq
    record_on(first, [fact], c.Command(command_id=f"resend {seq}", actor=SYSTEM), here, recorder)
    return len(fact.messages)


def need_person(command: c.Command, said: str, here: Here) -> None:
    """Refuse whoever is not of the office; `said` is what has to be written of them."""
    if command.actor not in here.rules.office.person_by_id:
        raise WrongActor(f"没有人员 {command.actor}", f"请用 --as 写明{said}")
