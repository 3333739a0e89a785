"""Puts the parts together by plain calls; every process of the product starts here."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from app.clock import SystemClock
from app.config_memo import recalled, remember
from app.holidays import workdays
from app.settings import Settings
from states.calendar import WorkingCalendar
from states.rules import Rules
from storage import mark
from storage.connection import PATIENCE_SECONDS
from storage.database import Database, open_database
from storage.errors import StorageError
from workflow.log import log
from workflow.ports import Clock
from workflow.service import Workflow


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a process, put together. As a context it lets go of the database at its end."""

    settings: Settings
    database: Database
    rules: Rules
    workflow: Workflow
    clock: Clock
    mark: Path

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


def read_settings(config: Path, *, for_act: bool = False) -> Settings:
    """The configuration, checked whole. Raises ConfigError with every mistake.

    For an act it is taken as it was last checked, where nothing has changed since: checking takes longer than the act.
    """
    known = recalled(config) if for_act else None
    if known is not None:
        return known
    from app.config import load

    began = SystemClock().now()
    settings = load(config, environment=os.environ)
    remember(settings, began)
    return settings


def rules_of(settings: Settings) -> Rules:
    """The rules an office runs under."""
    is_workday = workdays(settings.calendar_add, settings.calendar_remove, settings.complete_years)
    return Rules(settings.office, settings.policies, WorkingCalendar(is_workday, settings.office.timezone))


def put_together(
    settings: Settings, clock: Clock, database_url: str | None = None, *, patience: float = PATIENCE_SECONDS
) -> Running:
    """Open the database and build the workflow on it. `patience`: how many seconds a writer waits for another.

    Raises StorageError when the database cannot be used, also when it lacks history that its mark tells of.
    """
    url = database_url or settings.database_url
    place = mark.place_of(url, settings.path.parent)
    database = open_database(url, patience=patience)
    try:
        mark.need_whole(place, database)
    except BaseException:
        database.close()
        raise
    rules = rules_of(settings)
    is_real = isinstance(clock, SystemClock)
    workflow = Workflow(
        database,
        rules,
        clock,
        mail_domain=settings.mail.domain,
        # On a virtual clock months pass in a moment, and there is nobody to confirm them.
        longest_downtime=timedelta(days=settings.longest_downtime_days) if is_real else None,
        fingerprint=settings.fingerprint if is_real else None,
    )
    return Running(settings, database, rules, workflow, clock, place)
