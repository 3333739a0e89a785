"""Builds an office's folder from the sample configuration, with changes; and one that works there today."""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from app.bootstrap import put_together, read_settings
from app.clock import SystemClock, VirtualClock
from app.founding import found
from app.holidays import LAST_KNOWN_YEAR
from app.place import PROJECT
from storage.database import open_database
from storage.schema import create
from tests.storage.builders import a_claim
from workflow.ports import Message, Outcome

SAMPLE = PROJECT / "config.yaml"
Change = tuple[str, str]


def an_office(folder: Path, *changes: Change, indicators: Sequence[Change] = ()) -> Path:
    """The sample office in a folder of its own; each change is a text and what stands there instead."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(changed(SAMPLE.read_text(encoding="utf-8"), changes), encoding="utf-8")
    table = folder / "indicators.csv"
    shutil.copy(PROJECT / "indicators.csv", table)
    if indicators:
        table.write_text(changed(table.read_text(encoding="utf-8-sig"), indicators), encoding="utf-8-sig")
    return config


def changed(text: str, changes: Sequence[Change]) -> str:
    """The text with each change made once; a change that changes nothing is a mistake of the test."""
    for old, new in changes:
        assert old in text, f"{old!r} is not in the sample"
        text = text.replace(old, new, 1)
    return text


def line_of(path: Path, text: str) -> int:
    """The number of the first line that holds the text."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def last_month() -> str:
    """The period whose reports are surely open, and overdue."""
    return (SystemClock().now().replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def a_working_office(folder: Path, *changes: Change) -> Path:
    """An office that has worked since last month without anybody handing anything in, its timers applied up to now."""
    now = SystemClock().now()
    stated = complete_years(now.year, now.year + 1)  # no warning of a year the calendar does not know
    config = an_office(folder, ("holidays: []", stated), *changes)
    create(url_of(config))
    lived_since_last_month(config)
    return config


def founded(config: Path, on: datetime) -> None:
    """Begin the office's duties and take in its configuration, as the daemon's first start did at that instant."""
    with put_together(read_settings(config), VirtualClock(on)) as running:
        found(running)


def lived_since_last_month(config: Path) -> None:
    """Found the office on the first day of last month, and let its timers come until now."""
    now = SystemClock().now()
    began = (now.replace(day=1) - timedelta(days=1)).replace(day=1)
    founded(config, began)
    clock = VirtualClock(began)
    with put_together(read_settings(config), clock) as running:
        while (due := running.workflow.next_due(now)) is not None:
            clock.set(max(due, clock.now()))
            running.workflow.run_due()
        clock.set(now)
        running.workflow.run_due()


def all_sent(config: Path, but: Callable[[Message], bool] = lambda _: False) -> None:
    """The office's mails reached their readers; those that `but` names did not, and are dead."""
    now = SystemClock().now()
    with open_database(url_of(config)) as database:
        for mail in database.claim(a_claim(now, timedelta(hours=1), 10_000)):
            outcome, answer = (Outcome.PERMANENT, "550 no such mailbox") if but(mail) else (Outcome.ACCEPTED, "250 ok")
            database.finish(mail, outcome, now, answer=answer, next_attempt_at=None)


def complete_years(*years: int) -> str:
    """As the calendar's keys say it: years whose days off are all stated, twelve weekdays in each unknown one."""
    unknown = [year for year in years if year > LAST_KNOWN_YEAR]
    firsts = [date(year, month, 1) for year in unknown for month in range(1, 13)]
    off = [day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0) for day in firsts]
    return f"holidays: [{', '.join(map(str, off))}]\n  complete_years: [{', '.join(map(str, unknown))}]"


def url_of(config: Path) -> str:
    """Where that office keeps its records."""
    return f"sqlite:///{config.parent / 'kaoji.db'}"


def records(config: Path) -> dict[str, list[Any]]:
    """Every row of every table."""
    with closing(sqlite3.connect(config.parent / "kaoji.db")) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables}
