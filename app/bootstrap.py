"""Puts the parts together by plain calls; every process of the product starts here."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from app.clock import SystemClock
from app.holidays import workdays
from app.machine import Machine
from app.place import Place
from app.settings import Settings
from states.calendar import WorkingCalendar
from states.definitions import Definitions
from states.rules import Rules
from storage import mark
from storage.connection import PATIENCE_SECONDS
from storage.database import Database, open_database
from storage.errors import StorageError
from workflow.log import log
from workflow.ports import Clock
from workflow.rulebook import RuleBook
from workflow.service import Workflow


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a process, put together. As a context it lets go of the database at its end."""

    machine: Machine
    database: Database
    workflow: Workflow
    clock: Clock
    mark: Path

    @property
    def rules(self) -> Rules:
        """The rules in force now."""
        return self.workflow.book.of(self.database.definitions())

    def keep_mark(self) -> None:
        """Keep outside the database how far its history has come. What was done stays done where that fails."""
        try:
            mark.write(self.mark, self.database.mark())
        except StorageError as fault:
            log.warning("mark_not_kept", reason=fault.message)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()


@dataclass(frozen=True, slots=True)
class Serving(Running):
    """A process that serves the office, with its configuration read and checked whole."""

    settings: Settings


def read_settings(config: Path) -> Settings:
    """The configuration, checked whole. Raises ConfigError with every mistake."""
    from app.config import load

    return load(config, environment=os.environ)


def rules_of(definitions: Definitions) -> Rules:
    """The rules of an office that has defined that."""
    is_workday = workdays(definitions.workdays, definitions.holidays, definitions.complete_years)
    calendar = WorkingCalendar(is_workday, definitions.office.timezone)
    return Rules(definitions.office, definitions.policies, calendar)


def rules_in_force(where: Place, database: Database) -> Rules:
    """The rules the office on that database works under; those of its files before its first start."""
    rows = database.definitions()
    if rows:
        return RuleBook(None, rules_of).of(rows)
    return rules_of(read_settings(where.config).definitions)


def for_acts(machine: Machine, clock: Clock) -> Running:
    """What an act of a person needs: the database, and the rules in it. Raises StorageError, NotFounded."""
    database, place = _opened(machine, PATIENCE_SECONDS)
    running = Running(machine, database, _workflow(database, None, clock, machine), clock, place)
    try:
        running.workflow.book.of(database.definitions())
    except BaseException:
        database.close()
        raise
    return running


def put_together(
    settings: Settings, clock: Clock, database_url: str | None = None, *, patience: float = PATIENCE_SECONDS
) -> Serving:
    """Open the database and build the workflow on it. `patience`: how many seconds a writer waits for another.

    Raises StorageError when the database cannot be used, also when it lacks history that its mark tells of.
    """
    machine = Machine(
        path=settings.path,
        database_url=database_url or settings.database_url,
        mail_domain=settings.mail.domain,
        longest_downtime_days=settings.longest_downtime_days,
    )
    database, place = _opened(machine, patience)
    workflow = _workflow(database, rules_of(settings.definitions), clock, machine)
    return Serving(machine, database, workflow, clock, place, settings)


def _opened(machine: Machine, patience: float) -> tuple[Database, Path]:
    place = mark.place_of(machine.database_url, machine.path.parent)
    database = open_database(machine.database_url, patience=patience)
    try:
        mark.need_whole(place, database)
    except BaseException:
        database.close()
        raise
    return database, place


def _workflow(database: Database, founding: Rules | None, clock: Clock, machine: Machine) -> Workflow:
    is_real = isinstance(clock, SystemClock)
    return Workflow(
        database,
        founding,
        clock,
        mail_domain=machine.mail_domain,
        make_rules=rules_of,
        # On a virtual clock months pass in a moment, and there is nobody to confirm them.
        longest_downtime=timedelta(days=machine.longest_downtime_days) if is_real else None,
    )
