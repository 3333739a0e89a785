"""What concerns the office as a whole, not one report or case: what it defines, its duties, its clock, its mails.

Each is a fact of the audit like any other, about the subject `office`.
"""

from collections.abc import Sequence
from datetime import datetime

from states import case as cases
from states import commands as c
from states import duties
from states import events as e
from states import report as reports
from states.acts import row_of
from states.canonical import sha256
from states.definitions import changes
from states.errors import WrongActor, WrongDoor, WrongState
from states.models import DutyKind
from states.needs import need_actor, need_words
from states.office import SYSTEM, Role
from states.situation import OFFICE_SUBJECT, Decided, Part, report_subject
from workflow import loading, mails
from workflow.here import Here
from workflow.kinds import THE_OFFICE, planned
from workflow.ports import Beat, DefinitionRow
from workflow.recording import Answer, Recorder
from workflow.rulebook import RuleBook


def record(facts: Sequence[e.OfficeEvent], command: c.Command, here: Here, recorder: Recorder) -> Answer:
    """Record facts about the office as a whole."""
    return recorder.record(command, [_part(facts, here)], here)


def _part(facts: Sequence[e.OfficeEvent], here: Here) -> Part:
    known = THE_OFFICE.find("", here.tx)
    return Part(subject=OFFICE_SUBJECT, known=known, decided=[Decided(OFFICE_SUBJECT, fact) for fact in facts])


def begin_duties(since: datetime, opening_since: datetime | None, here: Here, recorder: Recorder) -> None:
    """Begin to watch every duty of the office that is not yet watched.

    `opening_since`: periods whose opening lies at or after it are opened, even one already past.
    """
    for part in _new_duties(since, opening_since, here):
        command = c.Command(command_id=f"begin {part.subject.removeprefix('duty:')}", actor=SYSTEM)
        recorder.record(command, [part], here)


def _new_duties(since: datetime, opening_since: datetime | None, here: Here) -> list[Part]:
    found = []
    for kind, unit in duties.all_duties(here.rules):
        if here.tx.duty(kind, unit) is None:
            begins = opening_since if kind is DutyKind.OPENING and opening_since else since
            subject = duties.duty_subject(kind, unit)
            decided = [Decided(subject, duties.begin(kind, unit, begins))]
            found.append(Part(subject=subject, known=None, decided=decided))
    return found


def need_open_door(command: c.Command, here: Here) -> None:
    """Who sits at the console may act there for anybody, unless the office's rules forbid it. Raises WrongDoor."""
    if command.door == "console" and not here.rules.policies.console_acts:
        act = row_of(command)
        if not act.on.upkeep:
            raise WrongDoor("console_closed", act=act.name)


# --- what the office has defined -----------------------------------------------------------------------------------


def define(command: c.DefineOffice, here: Here, recorder: Recorder, book: RuleBook) -> Answer:
    """Found the office, or put other definitions in force (spec, part 2.1).

    Whose turn it is, deadlines and when to look again are computed anew for all that is open, new duties begin, and
    mails that died of an address since corrected go out again. All of it is one command, so that each person concerned
    is told in one mail. The office's rules until now judge who may do it; all that follows is by the new ones.
    """
    before = {row.kind: row for row in here.tx.definitions()}
    after = dict(command.bodies)
    changed = changes({kind: row.body for kind, row in before.items()}, after)
    if before:
        _need_administrator(command, here)
        need_words(command)
        if not changed:
            raise WrongState("nothing_redefined")
    versions = [
        e.DefinitionVersion(
            kind=kind, version=1 + (before[kind].version if kind in before else 0), sha256=sha256(after[kind])
        )
        for kind in dict.fromkeys(one.kind for one in changed)
    ]
    fact = e.OfficeDefined(versions=tuple(versions), changes=changed if before else (), reason=command.reason.strip())
    there = Here(here.tx, book.made_of(after))
    parts = [_part([fact], there)]
    if before:
        corrected = mails.corrected(there.rules.office, there.tx)
        if corrected is not None:
            parts = [_part([fact, corrected], there)]
        parts += _new_duties(there.now, None, there)
        parts += _replanned(there)
    answer = recorder.record(command, parts, there)
    for version in versions:
        here.tx.add_definition(
            DefinitionRow(
                kind=version.kind,
                version=version.version,
                body=after[version.kind],
                sha256=version.sha256,
                since_seq=answer.events[0].seq,
            )
        )
    return answer


def _need_administrator(command: c.Command, here: Here) -> None:
    """Where an office names administrators, only they change its definitions; else whoever of it has the console."""
    office, day = here.rules.office, here.rules.calendar.day_of(here.now)
    posts = (one for one in office.appointments if one.role is Role.ADMIN and one.covers(day))
    admins = tuple(dict.fromkeys(one.person for one in posts))
    if admins:
        need_actor(command.actor, admins, of=office.name, duties=("admin",), act="apply", office=office)
    need_person(command, here)


def _replanned(here: Here) -> list[Part]:
    """What changed definitions make of all that is open: deadlines, whose turn it is, when to look again.

    What nobody has to be told of is saved at once; the rest comes back to be recorded.
    """
    parts = []
    for report in here.tx.open_reports():
        subject = report_subject(report.ref)
        after = planned(report, here.rules, here.now)
        facts: list[e.ReportEvent] = []
        # Only a return or a reopening gives another deadline than the rules do, and either begins another round.
        given = loading.history(subject, here.tx) if report.round > 1 else ()
        moved = reports.deadline_moved(report, given, here.rules, here.now)
        if moved is not None:
            facts.append(moved)
        if after.holders != report.holders:
            facts.append(e.HolderChanged(due_instant=here.now, before=report.holders, after=after.holders))
        if facts:
            parts.append(Part(subject=subject, known=report, decided=[Decided(subject, fact) for fact in facts]))
        elif after != report:
            here.tx.save_report(report, after)
    for case in here.tx.all_open_cases():
        later = planned(case, here.rules, here.now)
        if later != case:
            here.tx.save_case(case, later)
    return parts


def waive_span(command: c.WaivePoints, here: Here, recorder: Recorder) -> Answer:
    """Several cases in one act, so that who is told of many of them is told once."""
    waived = cases.waive_span(here.tx.all_open_cases(), command, here.rules, here.now)
    parts = [Part(subject=one.subject, known=case, decided=[one]) for case, one in waived]
    return recorder.record(command, parts, here)


# --- clock, backup, mails ------------------------------------------------------------------------------------------


def resume(command: c.Resume, last_worked: datetime | None, here: Here, recorder: Recorder) -> Answer:
    """Go on: the clock is believed from now on, and held mails leave.

    `last_worked` is when the office last worked where the clock is in doubt, None where it is not.
    """
    beat = here.tx.heartbeat()
    held_since = beat.held_since if beat else None
    if last_worked is None and held_since is None:
        raise WrongState("nothing_to_confirm")
    if last_worked is not None:
        here.tx.turn_back()
    if held_since is not None:
        here.tx.hold_mail(None)
    fact = e.Resumed(reason=command.reason.strip(), last_worked=last_worked, held_since=held_since)
    return record([fact], command, here, recorder)


def restored(command: c.Restore, beat: Beat, held: str, here: Here, recorder: Recorder) -> Answer:
    """Record on a backup that the office goes on from it, and hold its mails until somebody lets them go.

    `beat` is the process that restores it, `held` why the mails are held.
    """
    need_person(command, here)
    need_words(command)
    if here.tx.head() != (command.seq, command.head):
        raise WrongState("backup_changed")
    if not here.tx.head()[0]:
        raise WrongState("backup_empty")
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
    return record([fact], command, here, recorder)


def on_mails(command: c.MailCommand, here: Here, recorder: Recorder) -> Answer:
    """About mails that did not arrive; no timer is concerned."""
    need_words(command)
    fact = mails.attended(command, here.rules.office, here.tx)
    return record([fact], command, here, recorder)


def need_person(command: c.Command, here: Here) -> None:
    """Refuse whoever is not of the office."""
    if command.actor not in here.rules.office.person_by_id:
        raise WrongActor("no_such_person", person=command.actor)
