"""What the one path asks of a subject, a row each: report, case, duty, the office. The path knows none of them by name.

A new kind of subject is a class here and its row in `RULED`; its rules live in `states/`, whom it tells in
`states/notices.py`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar

from states import case as cases
from states import commands as c
from states import duties
from states import events as e
from states import report as reports
from states.errors import UnknownSubject
from states.models import Case, Charter, Duty, DutyKind, Report
from states.rules import Rules
from states.situation import NOTHING, OFFICE_SUBJECT, Decided, Situation, Woken, case_subject, report_subject
from workflow import loading
from workflow.here import Here
from workflow.ports import Question, Transaction

Model = Report | Case | Duty | Charter
M = TypeVar("M", bound=Model)


class Kind(ABC, Generic[M]):
    """One kind of subject: how it is found and named, what facts make of it, how it is kept.

    A subject is named `KIND:KEY`.
    """

    name: ClassVar[str]

    @abstractmethod
    def find(self, key: str, tx: Transaction) -> M | None:
        """The subject of that key, as a command or a timer names it."""

    @abstractmethod
    def subject(self, known: M) -> str:
        """Its name in the chain."""

    @abstractmethod
    def evolve(self, known: M, event: Any, *, at: datetime, actor: str, to: str | None) -> M:
        """The subject after one fact; `to` as for `evolved`."""

    @abstractmethod
    def planned(self, model: M, rules: Rules, now: datetime) -> M:
        """The subject with whose turn it is and when to look at it again."""

    @abstractmethod
    def save(self, before: M | None, after: M, tx: Transaction) -> None:
        """Insert or update its row."""


class Ruled(Kind[M]):
    """A kind whose subjects people act on and timers wake, by rules that are pure."""

    @abstractmethod
    def key(self, command: Any) -> str:
        """Which subject the command is on."""

    def foreseen(self, command: Any) -> Sequence[Question]:  # noqa: ARG002  most ask one thing, and at once
        """What finding the subject, and what is around it, will ask of the store; see `Store.begin`."""
        return ()

    def around(self, command: Any, known: M, here: Here) -> Situation:  # noqa: ARG002  most look at themselves alone
        """What the command's decision looks at besides the subject; no more than that is loaded."""
        return NOTHING

    def around_timers(self, known: M, here: Here) -> Situation:  # noqa: ARG002  as above
        """What its timers look at besides it."""
        return NOTHING

    @abstractmethod
    def decide(self, known: M | None, command: Any, around: Situation, here: Here) -> Sequence[Decided]:
        """What the command comes to. Raises a subclass of `Refused`; UnknownSubject where there is no such subject."""

    @abstractmethod
    def wake(self, known: M, around: Situation, here: Here) -> Woken:
        """What its earliest timers due come to."""

    def waking_with(self, key: str, at: datetime, tx: Transaction) -> Sequence[str]:  # noqa: ARG002  as above
        """The keys of all that wake at that very instant and are told of together; `key` is the first of them."""
        return [key]

    def round_of(self, known: M) -> str | None:  # noqa: ARG002  as above
        """Of what no two may wake together; None where it does not matter."""
        return None


class Reports(Ruled[Report]):
    """The monthly tables."""

    name = "report"

    def key(self, command: c.ReportCommand) -> str:
        """`PERIOD/UNIT`."""
        return command.report

    def find(self, key: str, tx: Transaction) -> Report | None:
        """With its entries."""
        return tx.report(key)

    def foreseen(self, command: c.ReportCommand) -> Sequence[Question]:
        """The table, and what whoever is shown it is shown beside it."""
        found = Question("report", (command.report,))
        return [found, *loading.foreseen(command)]

    def subject(self, known: Report) -> str:
        """`report:REF`."""
        return report_subject(known.ref)

    def around(self, command: c.ReportCommand, known: Report, here: Here) -> Situation:
        """Last month's table, the sections', the unit's history: as the act needs it."""
        return loading.for_report(command, known, here.rules, here.tx)

    def around_timers(self, known: Report, here: Here) -> Situation:
        """What a review judges by once it is submitted, before that its overdue case."""
        return loading.for_report_timer(known, here.rules, here.tx)

    def decide(self, known: Report | None, command: c.ReportCommand, around: Situation, here: Here) -> list[Decided]:
        """By the rules of the report."""
        if known is None:
            raise UnknownSubject("no_such_report", report=command.report)
        return reports.decide(known, command, around, here.rules, here.now)

    def wake(self, known: Report, around: Situation, here: Here) -> Woken:
        """By the timers of the report."""
        return reports.wake(known, around, here.rules, here.now)

    def evolve(self, known: Report, event: e.ReportEvent, *, at: datetime, actor: str, to: str | None) -> Report:
        """By the events of the report."""
        return reports.evolve(known, event, at=at, actor=actor, to=to)

    def planned(self, model: Report, rules: Rules, now: datetime) -> Report:
        """Its holders and its next timer."""
        return replace(
            model,
            tasks=rules.tasks(model, now),
            holders=rules.holders(model, now),
            wake_at=reports.next_wakeup(model, rules),
        )

    def save(self, before: Report | None, after: Report, tx: Transaction) -> None:
        """With the entries that differ."""
        tx.save_report(before, after)

    def waking_with(self, key: str, at: datetime, tx: Transaction) -> Sequence[str]:  # noqa: ARG002  it is among them
        """Reminders of several reports to one person are one mail."""
        return tx.waking_reports(at)

    def round_of(self, known: Report) -> str:
        """A review looks at the unit's other reports, which therefore stand still meanwhile."""
        return known.unit


class Cases(Ruled[Case]):
    """The supervision cases."""

    name = "case"

    def key(self, command: c.CaseCommand) -> str:
        """A number, or a name by the report that opened it."""
        return command.case

    def find(self, key: str, tx: Transaction) -> Case | None:
        """By number or by name."""
        return tx.case(key)

    def subject(self, known: Case) -> str:
        """`case:ID`."""
        return case_subject(known.id)

    def decide(self, known: Case | None, command: c.CaseCommand, around: Situation, here: Here) -> list[Decided]:  # noqa: ARG002  a case is judged by itself
        """By the rules of the case."""
        if known is None:
            raise UnknownSubject("no_such_case", case=command.case)
        return cases.decide(known, command, here.rules, here.now)

    def wake(self, known: Case, around: Situation, here: Here) -> Woken:  # noqa: ARG002  as above
        """By the timers of the case."""
        return cases.wake(known, here.rules, here.now)

    def evolve(self, known: Case, event: e.CaseEvent, *, at: datetime, actor: str, to: str | None) -> Case:  # noqa: ARG002  acts leave no name on it
        """By the events of the case."""
        return cases.evolve(known, event, at=at, to=to)

    def planned(self, model: Case, rules: Rules, now: datetime) -> Case:  # noqa: ARG002  nobody in particular holds it
        """Its next timer."""
        return replace(model, wake_at=cases.next_wakeup(model, rules))

    def save(self, before: Case | None, after: Case, tx: Transaction) -> None:
        """Its row."""
        tx.save_case(before, after)

    def waking_with(self, key: str, at: datetime, tx: Transaction) -> Sequence[str]:  # noqa: ARG002  it is among them
        """Several cases of one assessor are one mail."""
        return [str(number) for number in tx.waking_cases(at)]


class Duties(Ruled[Duty]):
    """The office's recurring duties."""

    name = "duty"

    def key(self, command: c.LogContact) -> str:
        """A contact is logged on the unit's liaison duty."""
        return f"{DutyKind.LIAISON.value}/{command.unit}"

    def find(self, key: str, tx: Transaction) -> Duty | None:
        """By `KIND/UNIT`."""
        kind, _, unit = key.partition("/")
        return tx.duty(DutyKind(kind), unit)

    def subject(self, known: Duty) -> str:
        """`duty:KIND/UNIT`."""
        return duties.duty_subject(known.kind, known.unit)

    def around_timers(self, known: Duty, here: Here) -> Situation:
        """What an opening takes over, a digest or a bulletin lists."""
        return loading.for_duty_timer(known, here.rules, here.tx)

    def decide(self, known: Duty | None, command: c.LogContact, around: Situation, here: Here) -> list[Decided]:  # noqa: ARG002  as a case
        """By the rules of liaison, the one duty people act on."""
        return duties.log_contact(known, command, here.rules, here.now)

    def wake(self, known: Duty, around: Situation, here: Here) -> Woken:  # noqa: ARG002  whom it tells looks around, not what it does
        """By the duty's next instant."""
        return duties.wake(known, here.rules, here.now)

    def evolve(self, known: Duty, event: e.DutyEvent, *, at: datetime, actor: str, to: str | None) -> Duty:  # noqa: ARG002  as a case
        """By the events of the duty."""
        return duties.evolve(known, event, at=at)

    def planned(self, model: Duty, rules: Rules, now: datetime) -> Duty:  # noqa: ARG002  as a case
        """Its next instant."""
        return replace(model, wake_at=duties.next_wakeup(model, rules))

    def save(self, before: Duty | None, after: Duty, tx: Transaction) -> None:
        """Its row."""
        tx.save_duty(before, after)


class TheOffice(Kind[Charter]):
    """The office as a whole. What becomes of it is decided in `matters`, which needs the store; it has no timers."""

    name = OFFICE_SUBJECT

    def find(self, key: str, tx: Transaction) -> Charter | None:  # noqa: ARG002  there is one
        """Known by its events."""
        seq = tx.last_item(OFFICE_SUBJECT)
        return Charter(seq=seq) if seq else None

    def subject(self, known: Charter) -> str:  # noqa: ARG002  there is one
        """`office`."""
        return OFFICE_SUBJECT

    def evolve(self, known: Charter, event: e.OfficeEvent, *, at: datetime, actor: str, to: str | None) -> Charter:  # noqa: ARG002  they are counted
        """One event more."""
        return replace(known, seq=known.seq + 1)

    def planned(self, model: Charter, rules: Rules, now: datetime) -> Charter:  # noqa: ARG002  it has no timers
        """As it is."""
        return model

    def save(self, before: Charter | None, after: Charter, tx: Transaction) -> None:
        """Its records are its definitions, kept with the event that gives them."""


RULED: Final[Mapping[str, Ruled[Any]]] = {kind.name: kind for kind in (Reports(), Cases(), Duties())}
"""The kinds people act on and timers wake, by the word their subjects' names begin with."""
THE_OFFICE: Final = TheOffice()

_OF_COMMAND: Final = ((c.ReportCommand, "report"), (c.CaseCommand, "case"), (c.LogContact, "duty"))
_OF_MODEL: Final[Mapping[type, Kind[Any]]] = {
    Report: RULED["report"],
    Case: RULED["case"],
    Duty: RULED["duty"],
    Charter: THE_OFFICE,
}


def kind_of_command(command: c.Command) -> Ruled[Any]:
    """The kind of subject a person's command is on."""
    for asked, name in _OF_COMMAND:
        if isinstance(command, asked):
            return RULED[name]
    raise TypeError(f"not a command people give: {command!r}")


def kind_of_model(model: Model) -> Kind[Any]:
    """The kind of a subject at hand."""
    return _OF_MODEL[type(model)]


def evolved(known: Model | None, event: e.Event, *, at: datetime, actor: str, to: str | None = None) -> Model:
    """The subject after one fact; the one path by which live acts and the audit's replay apply facts.

    `to`: the state a fact of the past is recorded to have led to; None lets the tables say where it leads.
    """
    match event:
        case e.ReportOpened():
            return reports.opened(event, at)
        case e.CaseOpened():
            return cases.opened(event, at)
        case e.DutyBegan():
            return duties.began(event)
        case e.OfficeDefined() | e.Resumed() | e.Restored() | e.MailsRetried() | e.MailsAcknowledged() if known is None:
            return Charter(seq=1)
    if known is None:
        raise ValueError(f"{event!r} is about something that was never opened")
    after: Model = kind_of_model(known).evolve(known, event, at=at, actor=actor, to=to)
    return after


def planned(model: M, rules: Rules, now: datetime) -> M:
    """The subject with whose turn it is and when to look at it again, under those rules."""
    after: M = kind_of_model(model).planned(model, rules, now)
    return after
