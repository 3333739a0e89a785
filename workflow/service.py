"""The one path: every act of a person and every timer becomes a command, and is carried out or refused here.

    find → decide → evolve → tell → save, in one transaction; commit, or nothing at all.

Timers whose time has come are applied before an act, so that the office has one timeline whoever looks first.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from states import commands as c
from states.acts import row_of
from states.errors import AlreadyDone, ClockDoubted, Refused, Stale, WrongContent
from states.models import Case, Report
from states.needs import need_words
from states.office import Office
from states.refusals import Change
from states.rules import Rules
from states.situation import NOTHING, Part
from workflow import clockcheck, matters, wakeups
from workflow.here import Here
from workflow.kinds import kind_of_command
from workflow.log import log
from workflow.ports import Beat, Clock, EventRow, Question, Store, StoreFault
from workflow.recording import Answer, Recorder, answer_of, asked_sha256, stored_id
from workflow.rulebook import Make, RuleBook
from workflow.turns import Turn, Turns

_KNOWABLE = re.compile(r"[ -~]{1,200}")
"""What may be a command's id: it is printed, stored and looked up, never read."""

TIMERS_AT_ONCE = 50
"""How many timers one transaction applies: few enough that nobody waits long for it."""


class Workflow:
    """The office's workflow on one store and one clock, under the rules its store defines.

    `rules` are those of an office that has defined nothing yet, None where it must have; `make_rules` makes them of
    what it has defined, without it there are no others. `longest_downtime`: a clock further ahead of when the office
    last worked, or back before it, is not believed; None where the clock is a virtual one.
    """

    def __init__(
        self,
        store: Store,
        rules: Rules | None,
        clock: Clock,
        *,
        mail_domain: str,
        make_rules: Make | None = None,
        longest_downtime: timedelta | None = None,
    ) -> None:
        self.store = store
        self.book = RuleBook(rules, make_rules)
        self.clock = clock
        self._longest_downtime = longest_downtime
        self._recorder = Recorder(mail_domain)
        self.turns = Turns(self._serve)

    def execute(self, command: c.Command) -> Answer:
        """Carry out one command. Raises a subclass of `Refused` where the rules forbid it; nothing changed.

        Whatever is logged meanwhile, in whose thread ever, says which command it is, whose, and about what.
        """
        act = row_of(command)
        with log.about(command=command.command_id, person=command.actor, subject=act.subject(command)):
            try:
                answer = self._in_its_turn(command)
            except Refused as refusal:
                log.info("act_refused", act=act.name, reason=type(refusal).__name__, code=refusal.code)
                raise
            first = answer.events[0]
            done = "act_repeated" if answer.repeated else "act_done"
            log.info(done, act=act.name, subject=first.subject, seq=first.seq, version=answer.version)
            return answer

    def _in_its_turn(self, command: c.Command) -> Answer:
        if not _KNOWABLE.fullmatch(command.command_id):
            raise WrongContent("unusable_command_id")
        command = c.in_plain_words(command)
        if isinstance(command, c.Resume):
            return self._resume(command)
        return self.turns.take(partial(self._carry_out, command), _foreseen(command))

    def _serve(self, turns: Sequence[Turn[Answer]]) -> None:
        """Do what several people want in one transaction; nobody is answered before its commit."""
        while True:
            with self._begin([question for turn in turns for question in turn.foreseen]) as here:
                # What became due comes before what is asked: an act a second late is late, whoever looks first.
                if wakeups.apply_due(here, self._recorder) is not None:
                    if len(turns) == 1:
                        turns[0].take(here)
                    else:
                        for turn in turns:
                            turn.take_beside_others(here)
                    here.tx.commit()
                    return
            self.run_due()  # one of the timers failed: they are taken singly, and that one is set aside

    def _carry_out(self, command: c.Command, here: Here) -> Answer:
        """One person's act, or its refusal. Raises a subclass of `Refused`."""
        here = Here(here.tx, self.book.in_force(here.tx))  # who shares the transaction may just have changed the rules
        before = here.tx.answered(stored_id(command))
        if before:
            return _repeated(command, tuple(before))
        matters.need_open_door(command, here)
        match command:  # what concerns the office as a whole
            case c.MailCommand():
                return matters.on_mails(command, here, self._recorder)
            case c.DefineOffice():
                return matters.define(command, here, self._recorder, self.book)
            case c.WaivePoints(since=datetime()):
                return matters.waive_span(command, here, self._recorder)
        kind = kind_of_command(command)
        known = kind.find(kind.key(command), here.tx)
        if known is not None:
            _need_current(command, known, kind.subject(known), here)
        around = NOTHING if known is None else kind.around(command, known, here)
        decided = kind.decide(known, command, around, here)
        part = Part(subject=decided[0].subject, known=known, decided=decided, situation=around)
        return self._recorder.record(command, [part], here)

    @contextmanager
    def _begin(self, foreseen: Sequence[Question] = ()) -> Iterator[Here]:
        """A transaction at an instant that can be believed. Raises ClockDoubted."""
        with self._begin_anyhow(foreseen) as here:
            doubt = clockcheck.doubt(here.tx, here.rules, self._longest_downtime)
            if doubt is not None:
                raise doubt
            yield here

    @contextmanager
    def _begin_anyhow(self, foreseen: Sequence[Question] = ()) -> Iterator[Here]:
        with self.store.begin(self.clock.now(), foreseen) as tx:
            yield Here(tx, self.book.in_force(tx))

    # --- timers ----------------------------------------------------------------------------------------------------

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
        with self._begin() as here:
            count = wakeups.apply_due(here, self._recorder, TIMERS_AT_ONCE)
            if count is not None:
                if beat is not None:
                    here.tx.beat(beat)
                here.tx.commit()
                return count
        return self._run_singly()

    def _run_singly(self) -> int:
        """Apply each timer in a transaction of its own, up to the one that fails.

        That one is set aside for an hour, so that it cannot stop the others.
        """
        count = 0
        while True:
            count += 1
            with self._begin() as here:
                due = here.tx.earliest_wake(here.now)
                if due is None:
                    return count
                try:
                    wakeups.wake(*due, here, self._recorder, alone=True)
                    here.tx.commit()
                    continue
                except StoreFault:
                    raise
                except Exception as fault:  # noqa: BLE001  whatever it is, it must not stop the others
                    log.exception("timer_failed", subject=due[0])
                    failure = f"{type(fault).__name__}: {fault}"
            with self._begin_anyhow() as here:
                here.tx.defer_wake(due[0], here.now + wakeups.RETRY_A_FAILED_TIMER, failure)
                here.tx.commit()
            return count

    def next_due(self, until: datetime) -> datetime | None:
        """When the next timer is due, if that is not after `until`."""
        with self._begin_anyhow() as here:
            due = here.tx.earliest_wake(until)
            return None if due is None else due[1]

    # --- the office as a whole -------------------------------------------------------------------------------------

    def begin_duties(self, since: datetime, *, opening_since: datetime | None = None) -> None:
        """Begin to watch every duty of the office that is not yet watched, from `since` on.

        `opening_since`: periods whose opening lies at or after it are opened, even one already past.
        """
        with self._begin() as here:
            matters.begin_duties(since, opening_since, here, self._recorder)
            here.tx.commit()

    def clock_doubt(self) -> ClockDoubted | None:
        """Why nothing can be done at what the clock says now; None where it can be believed."""
        with self._begin_anyhow() as here:
            return clockcheck.doubt(here.tx, here.rules, self._longest_downtime)

    def _resume(self, command: c.Resume) -> Answer:
        """The one command for which the clock need not be believed: it says that it is to be."""
        with self._begin_anyhow() as here:
            matters.need_person(command, here)
            need_words(command)
            before = here.tx.answered(stored_id(command))
            if before:
                return _repeated(command, tuple(before))
            astray = None if self._longest_downtime is None else clockcheck.astray(here.tx, here.rules)
            if astray is not None:
                raise astray  # which of two clocks is right is not for a word to settle
            doubt = clockcheck.doubt(here.tx, here.rules, self._longest_downtime)
            last_worked = here.tx.last_worked if doubt else None
            answer = matters.resume(command, last_worked, here, self._recorder)
            here.tx.commit()
            return answer

    def restored(self, command: c.Restore, beat: Beat, held: str) -> Answer:
        """Record on a backup that the office goes on from it; see `matters.restored`."""
        command = c.in_plain_words(command)
        with self._begin_anyhow() as here:
            answer = matters.restored(command, beat, held, here, self._recorder)
            here.tx.commit()
            return answer


def _foreseen(command: c.Command) -> list[Question]:
    """What carrying it out will ask of the store, as far as it is known beforehand."""
    seen = Question("answered", (stored_id(command),))
    return (
        [seen]
        if isinstance(command, c.MailCommand | c.DefineOffice)
        else [seen, *kind_of_command(command).foreseen(command)]
    )


def _repeated(command: c.Command, rows: tuple[EventRow, ...]) -> Answer:
    """The answer given then, to the same wish of the same person; under that id nothing else was ever done."""
    first = rows[0]
    if first.actor != command.actor:
        raise AlreadyDone("command_id_of_another", command_id=command.command_id, person=first.actor)
    if first.command_sha256 != asked_sha256(command):
        raise AlreadyDone("command_id_used", command_id=command.command_id, seq=first.seq)
    return answer_of(rows, repeated=True)


def _need_current(command: c.Command, present: Report | Case, subject: str, here: Here) -> None:
    """Refuse what was decided on an older version, saying what changed since; a command without one takes it as is."""
    decided_on = getattr(command, "version", None)
    if decided_on is None or decided_on == present.version:
        return
    since = [row for row in here.tx.events_of(subject, 0) if row.version > decided_on]
    if not since:
        raise Stale("no_such_version", seen=decided_on, present=present.version)
    if isinstance(command, (c.Sign, c.Return)) and all(map(_is_one_of_several, since)):
        return  # what he read is still what he signs: another signer of the same step has signed or not
    told = tuple(_change(row, present, here.rules.office) for row in since[-_TOLD:])
    if len(since) == len(told):
        raise Stale("changed_since", seen=decided_on, present=present.version, changes=told)
    raise Stale("changed_much_since", seen=decided_on, present=present.version, count=len(since), changes=told)


_TOLD = 5
"""So many of the changes since are named: whoever is that far behind must look anew anyway."""


def _is_one_of_several(row: EventRow) -> bool:
    """Whether it is a signature of a step that waits for more, given or taken back, or moves nothing at all."""
    return row.to_state is None and row.kind != "table_saved"


def _change(row: EventRow, present: Report | Case, office: Office) -> Change:
    return Change(
        actor=office.person(row.actor),
        kind=row.kind,
        how=json.loads(row.payload).get("how", "edit"),
        to_state=row.to_state,
        level=present.level,
        title=present.route.title(row.to_state) if isinstance(present, Report) and row.to_state else None,
    )


__all__ = ["Answer", "Refused", "Workflow"]
