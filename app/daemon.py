"""`kaoji serve`: one process that applies timers and sends mail until it is told to stop.

APScheduler is a heartbeat and nothing more: what is due stands in rows, so a restart loses nothing.
"""

import argparse
import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.bootstrap import Running, put_together, read_settings
from app.clock import SystemClock
from app.founding import found
from app.log import configure
from app.mailing import dispatcher_for
from app.place import office_place
from notifications.dispatcher import Dispatcher
from storage.errors import DaemonRunning, DatabaseLost, SchemaNotCurrent, StorageError
from storage.lock import DaemonLock
from storage.schema import need_ready

log = structlog.get_logger()

GRACE_SECONDS = 25
"""How long mails in flight may take after SIGTERM; the whole stop stays under 30 s."""


def serve(parsed: argparse.Namespace) -> int:
    """Run the daemon until SIGTERM or SIGINT; both end it with status 0."""
    office = office_place(parsed)
    settings = read_settings(office.config)
    configure(settings.log_level)
    database_url = office.database or settings.database_url
    with DaemonLock(database_url) as lock:
        need_ready(database_url)
        with put_together(settings, SystemClock(), database_url) as running:
            found(running)
            asyncio.run(_run(running, lock))
    return 0


async def _run(running: Running, lock: DaemonLock) -> None:
    """Until it is told to stop. Raises StorageError where the database is no longer its own to serve."""
    stopping = asyncio.Event()
    heartbeat = _Heartbeat(running, dispatcher_for(running), stopping, lock)
    seconds = running.settings.heartbeat_seconds
    scheduler = AsyncIOScheduler(timezone=running.settings.office.timezone)
    # One late beat stands for all missed ones, however long the machine slept: the rows say what is due.
    once = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    scheduler.add_job(heartbeat.timers, "interval", seconds=seconds, id="timers", **once)
    scheduler.add_job(heartbeat.mail, "interval", seconds=min(seconds, 5), id="mail", **once)
    with _stopped_by_signals(stopping):
        await heartbeat.timers()
        scheduler.start()
        log.info("daemon_ready", pid=os.getpid(), database=running.database.shown)
        await heartbeat.mail()
        await stopping.wait()
        log.info("daemon_stopping")
        scheduler.shutdown(wait=False)
        await heartbeat.stop()
    log.info("daemon_stopped")
    if heartbeat.ended_by is not None:
        raise heartbeat.ended_by


@contextlib.contextmanager
def _stopped_by_signals(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class _Heartbeat:
    """The two things the daemon does again and again. A fault in one beat is logged; the next beat tries again."""

    def __init__(self, running: Running, dispatcher: Dispatcher, stopping: asyncio.Event, lock: DaemonLock) -> None:
        self.ended_by: StorageError | None = None
        self._lock = lock
        self._running = running
        self._dispatcher = dispatcher
        self._stopping = stopping
        self._sending: asyncio.Task[None] | None = None

    async def timers(self) -> None:
        """Apply every timer whose time has come, some at a time off the event loop, until told to stop."""
        applied = 0
        try:
            if not await asyncio.to_thread(self._lock.held):
                return  # a server that cannot be asked is asked again at the next beat
            while not self._stopping.is_set() and (some := await asyncio.to_thread(self._running.workflow.run_some)):
                applied += some
            await asyncio.to_thread(self._running.keep_mark)
        except (DaemonRunning, DatabaseLost, SchemaNotCurrent) as fault:
            log.critical("daemon_must_stop", reason=fault.message)
            self.ended_by = fault
            self._stopping.set()
        except Exception:
            log.exception("timers_failed")
        if applied:
            log.info("timers_applied", count=applied)

    async def mail(self) -> None:
        """Send what waits, unless a sending is still under way."""
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def _send(self) -> None:
        try:
            await self._dispatcher.drain()
        except Exception:
            log.exception("mail_failed")

    async def stop(self) -> None:
        """Let mails in flight end, for a while; what is cut short is resent later under the same Message-ID."""
        self._dispatcher.stop()
        if self._sending is not None:
            _, late = await asyncio.wait({self._sending}, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
        await self._dispatcher.close()
