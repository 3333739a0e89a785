"""`kaoji serve`: one process that applies timers and sends mail until it is told to stop.

What is due stands in rows, so a restart loses nothing; APScheduler says when to look.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.beats import Beats
from app.bootstrap import Serving, put_together, read_settings
from app.clock import SystemClock
from app.founding import found
from app.log import configure
from app.mailing import dispatcher_for
from app.place import office_place
from app.refusals import Unusable
from app.routine import Routine
from notifications.dispatcher import Dispatcher
from states.errors import ClockDoubted, Refused
from storage.errors import DaemonRunning, DatabaseLost, SchemaNotCurrent, StorageError
from storage.lock import DaemonLock
from storage.schema import need_ready
from workflow.ports import Beat

log = structlog.get_logger()

DATABASE_PATIENCE = 5.0
"""Seconds the daemon waits for a database that another holds: what fails is tried again at the next beat, and nobody
who stops it waits for it."""

MAIL_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StopIn:
    """How long a stop may take, in seconds: for mails in flight, then for the last writes; at the latest by `all`."""

    mails: float = 15
    writes: float = 8
    all: float = 28


def serve(parsed: argparse.Namespace, stop_in: StopIn | None = None) -> int:
    """Run the daemon until SIGTERM or SIGINT; both end it with status 0 within 30 seconds."""
    office = office_place(parsed)
    settings = read_settings(office.config)
    configure(settings.log_level)
    database_url = office.database or settings.database_url
    with DaemonLock(database_url) as lock:
        need_ready(database_url)
        with put_together(settings, SystemClock(), database_url, patience=DATABASE_PATIENCE) as running:
            asyncio.run(_run(running, lock, stop_in or StopIn()))
    return 0


async def _run(running: Serving, lock: DaemonLock, stop_in: StopIn) -> None:
    """Until it is told to stop. Raises StorageError where the database is no longer its own to serve."""
    stopping = asyncio.Event()
    heartbeat = _Heartbeat(running, dispatcher_for(running), stopping, lock)
    seconds = running.settings.heartbeat_seconds
    beats = Beats(running.clock)
    beats.every(seconds, "timers", heartbeat.timers)
    beats.every(min(seconds, MAIL_SECONDS), "mail", heartbeat.mail)
    with _stopped_by_signals(stopping):
        running.database.release_leases(running.clock.now())
        await heartbeat.timers()
        _put_in_routine(beats, running)
        beats.start()
        log.info("daemon_ready", pid=os.getpid(), database=running.database.shown)
        await stopping.wait()
        log.info("daemon_stopping")
        _end_by_force(stop_in.all)
        beats.stop()
        await heartbeat.stop(stop_in)
    log.info("daemon_stopped")
    if heartbeat.ended_by is not None:
        raise heartbeat.ended_by


def _put_in_routine(beats: Beats, running: Serving) -> None:
    """The daily acts; an office that could not be founded has no zone to do them in, and the daemon ends."""
    routine, settings = Routine(running), running.settings
    zone = routine.zone
    if settings.backup.folder is not None:
        beats.daily(settings.backup.time, zone, "backup", routine.backup)
    beats.daily(settings.self_check_time, zone, "self_check", routine.self_check)
    beats.daily(settings.self_check_time, zone, "calendar", routine.calendar)


def _end_by_force(seconds: float) -> None:
    """End the process by then, whatever its threads wait for: what is not committed is as if never begun."""

    def end() -> None:
        log.error("daemon_stopped_by_force", reason="the database or the mail server did not answer")
        os._exit(0)

    last = threading.Timer(seconds, end)
    last.daemon = True
    last.start()


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

    def __init__(self, running: Serving, dispatcher: Dispatcher, stopping: asyncio.Event, lock: DaemonLock) -> None:
        self.ended_by: StorageError | Refused | Unusable | None = None
        self._lock = lock
        self._running = running
        self._dispatcher = dispatcher
        self._stopping = stopping
        self._sending: asyncio.Task[None] | None = None
        self._beat = Beat(pid=os.getpid(), host=socket.gethostname(), started_at=running.clock.now())
        self._is_founded = False
        self._paused_by: str | None = None

    async def timers(self) -> datetime | None:
        """Apply every timer whose time has come, some at a time off the event loop, until told to stop.

        Returns when the next one is due, if that is before the next beat.
        """
        running, applied = self._running, 0
        try:
            if not await asyncio.to_thread(self._lock.held):
                return None  # a server that cannot be asked is asked again at the next beat
            if not self._is_founded:
                await asyncio.to_thread(found, running)
                self._is_founded = True
            while not self._stopping.is_set() and (
                some := await asyncio.to_thread(running.workflow.run_some, self._beat)
            ):
                applied += some
            await asyncio.to_thread(running.keep_mark)
            now = running.clock.now()
            until = now + timedelta(seconds=running.settings.heartbeat_seconds)
            due = await asyncio.to_thread(running.workflow.next_due, until)
            return due if due is not None and due > now else None
        except ClockDoubted as doubt:
            self._pause(doubt.message)
        except (DaemonRunning, DatabaseLost, SchemaNotCurrent, Refused, Unusable) as fault:
            log.critical("daemon_must_stop", reason=fault.message)
            self.ended_by = fault
            self._stopping.set()
        except StorageError as fault:
            log.error("timers_failed", reason=fault.message)  # noqa: TRY400  no traceback every few seconds
        except Exception:
            log.exception("timers_failed")
        finally:
            if applied:
                log.info("timers_applied", count=applied)
        return None

    async def mail(self) -> None:
        """Send what waits, unless a sending is still under way or the clock or the mails are not to be trusted."""
        if self._sending is not None and not self._sending.done():
            return
        try:
            reason = await asyncio.to_thread(self._not_to_be_sent)
        except StorageError as fault:
            log.error("mail_failed", reason=fault.message)  # noqa: TRY400  no traceback every few seconds
            return
        self._pause(reason)
        if reason is None and self._is_founded and not self._stopping.is_set():
            self._sending = asyncio.create_task(self._send())

    def _not_to_be_sent(self) -> str | None:
        """Why no mail may leave now."""
        doubt, last = self._running.workflow.clock_doubt(), self._running.database.heartbeat()
        if doubt is not None:
            return doubt.message
        return None if last is None else last.held_reason

    def _pause(self, reason: str | None) -> None:
        """Say once that nothing is done, and once that it goes on."""
        if reason is not None and self._paused_by is None:
            log.error("daemon_paused", reason=reason)
        if reason is None and self._paused_by is not None:
            log.error("daemon_goes_on", paused_by=self._paused_by)
        self._paused_by = reason

    async def _send(self) -> None:
        try:
            await self._dispatcher.drain()
        except StorageError as fault:
            log.error("mail_failed", reason=fault.message)  # noqa: TRY400  no traceback every few seconds
        except Exception:
            log.exception("mail_failed")

    async def stop(self, stop_in: StopIn) -> None:
        """Let mails in flight end, for a while; what is cut short is resent later under the same Message-ID."""
        await self._dispatcher.end(grace=stop_in.mails, writes=stop_in.writes)
        if self._sending is not None:
            _, late = await asyncio.wait({self._sending}, timeout=1)
            for task in late:
                task.cancel()
        await self._dispatcher.close()
