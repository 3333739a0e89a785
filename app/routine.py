"""What the daemon does once a day for the office's keeper: back up, prove the records, look ahead in the calendar.

What is wrong is logged, and shown by `kaoji check`, which looks at the same things.
"""

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from app.bootstrap import Serving
from app.check import Finding, found_in_records, in_force
from app.holidays import unknown_year, unknown_years
from app.place import Place
from app.settings import BackupSettings
from storage import mark
from storage.address import SqliteAddress, address_of
from storage.backup import back_up
from storage.errors import StorageError

log = structlog.get_logger()

_NO_FOLDER: Final = "请建立该文件夹，或挂上那块磁盘，或改正 backup.folder"
_WHOLE_PROOF_ON: Final = 6
"""The weekday, Sunday, on which the whole history is proven; on the others what came since the last proof."""


class Routine:
    """The daily acts of one daemon, each off the event loop."""

    def __init__(self, running: Serving) -> None:
        self._running = running
        self._place = Place(config=running.settings.path, database=running.machine.database_url)

    @property
    def zone(self) -> ZoneInfo:
        """The office's."""
        return ZoneInfo(self._running.rules.office.timezone)

    async def backup(self) -> None:
        """Copy the database into the folder for backups, and let go of the oldest copies there."""
        await asyncio.to_thread(self._back_up)

    async def self_check(self) -> None:
        """Prove the records, and say what is wrong with them."""
        await asyncio.to_thread(self._check_records)

    async def calendar(self) -> None:
        """Say in time that a year's days off are not known."""
        await asyncio.to_thread(self._look_ahead)

    def _back_up(self) -> None:
        kept, now = self._running.settings.backup, self._running.clock.now()
        if kept.folder is None:
            return
        if not kept.folder.is_dir():
            # It is not made: where a disk is not mounted, the copies would fill the one they are to survive.
            log.error("backup_failed", reason=f"备份文件夹 {kept.folder} 不存在", remedy=_NO_FOLDER)
            return
        url = self._running.machine.database_url
        file = kept.folder / f"{_stem(url)}{now.astimezone(self.zone):%Y%m%dT%H%M%S}{_suffix(url)}"
        try:
            last = back_up(url, file)
            log.info("backup_done", file=str(file), bytes=file.stat().st_size, events=last and last.seq)
            self._let_go(kept, url)
        except StorageError as fault:
            log.error("backup_failed", reason=fault.message, remedy=fault.remedy)  # noqa: TRY400  the fault is told whole
        except OSError as fault:  # a copy that cannot be looked at or let go
            log.error("backup_failed", reason=str(fault), remedy="请核对备份文件夹的权限")  # noqa: TRY400  as above

    def _let_go(self, kept: BackupSettings, url: str) -> None:
        """Of the daemon's own copies the latest stay; what is nobody's or an earlier form is not touched."""
        for old in list(copies(kept, url))[: -kept.keep]:
            old.unlink()
            log.info("backup_let_go", file=str(old))
        for begun in [*(kept.folder or Path()).glob(f"{_stem(url)}*.part")]:
            begun.unlink()  # of a daemon that was stopped amid it
            begun.with_suffix("").unlink(missing_ok=True)

    def _check_records(self) -> None:
        running = self._running
        settings, differing = in_force(self._place, running.settings)
        now = running.clock.now()
        verified = mark.place_of(running.machine.database_url, running.machine.path.parent, "verified")
        whole = now.astimezone(self.zone).weekday() == _WHOLE_PROOF_ON
        found = [*differing, *found_in_records(self._place, settings, now, verified, whole=whole)]
        wrong = [one for one in found if not one.well]
        for one in wrong:
            log.error("self_check_found", what=one.what, detail=one.detail, remedy=one.remedy)
        log.info("self_check_done", whole=whole, wrong=len(wrong), seconds=(running.clock.now() - now).total_seconds())

    def _look_ahead(self) -> None:
        settings, _ = in_force(self._place, self._running.settings)
        today = self._running.rules.calendar.day_of(self._running.clock.now())
        for year in unknown_years(today, settings.definitions.complete_years):
            log.warning("calendar_unknown", year=year, remedy=unknown_year(year))


# --- the copies in the folder ----------------------------------------------------------------------------------------


def _stem(url: str) -> str:
    """How the daemon's own copies begin: others may lie beside them."""
    address = address_of(url)
    return f"{address.path.stem if isinstance(address, SqliteAddress) else address.name or 'kaoji'}-daily-"


def _suffix(url: str) -> str:
    address = address_of(url)
    return address.path.suffix if isinstance(address, SqliteAddress) else ".dump"


def copies(kept: BackupSettings, url: str) -> Iterator[Path]:
    """The daemon's whole copies of that database, the oldest first."""
    own = re.compile(re.escape(_stem(url)) + r"\d{8}T\d{6}" + re.escape(_suffix(url)))
    for file in sorted(kept.folder.iterdir()) if kept.folder is not None and kept.folder.is_dir() else ():
        if own.fullmatch(file.name) and file.stat().st_size:
            yield file


def backups_found(
    kept: BackupSettings, url: str, now: datetime, zone: ZoneInfo, running_since: datetime | None
) -> Finding:
    """Whether the daemon makes the copies it should: the last one due, if it ran then, is there."""
    if kept.folder is None:
        return Finding(what="备份", well=True, detail="没有设每日自动备份（backup.folder）", mark="-")
    if not kept.folder.is_dir():
        return Finding(what="备份", well=False, detail=f"备份文件夹 {kept.folder} 不存在", remedy=_NO_FOLDER)
    made = [datetime.fromisoformat(file.name[len(_stem(url)) :][:15]) for file in copies(kept, url)]
    last = made[-1].replace(tzinfo=zone) if made else None
    local = now.astimezone(zone)
    due = datetime.combine(local.date(), kept.time, zone)
    due -= timedelta(days=due + _MAY_TAKE > local)
    told = (
        f"{len(made)} 份在 {kept.folder}，最近一份是 {last:%Y-%m-%d %H:%M}" if last else f"{kept.folder} 里还没有备份"
    )
    missing = running_since is not None and running_since < due and (last is None or last < due)
    return Finding(
        what="备份",
        well=not missing,
        detail=f"应在 {due:%Y-%m-%d %H:%M} 备份而没有：{told}" if missing else told,
        remedy="请看守护进程日志里的 backup_failed，并先运行 kaoji backup" if missing else "",
    )


_MAY_TAKE: Final = timedelta(hours=1)
"""How long a backup may take before it is missed."""
