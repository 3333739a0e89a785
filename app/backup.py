"""`kaoji backup` and `kaoji restore`."""

import argparse
import contextlib
import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

from app.acts import console_user
from app.answers import print_json
from app.bootstrap import Running, put_together, read_settings
from app.clock import SystemClock
from app.log import configure
from app.names import names_of
from app.naming import resolve_person
from app.place import office_place
from app.refusals import Unusable
from app.settings import Settings
from states import commands as c
from states.definitions import bodies_of
from storage import mark
from storage.address import PostgresAddress, SqliteAddress, address_of
from storage.backup import LostMail, Restore, back_up, load_dump, prepare
from storage.database import open_database
from storage.lock import DaemonLock
from workflow.audit import verify
from workflow.ports import Beat

_SHOWN = 10


def backup(parsed: argparse.Namespace) -> int:
    """`kaoji backup [FILE]`: while the office works; never over a file that is there."""
    office = office_place(parsed)
    url = office.machine().database_url
    file = parsed.file or _beside(url, office.config, _stamp())
    last = back_up(url, file)
    if parsed.json:
        print_json({"file": str(file), "events": last and last.seq, "head": last and last.hash})
    elif last is None:
        print(f"已备份到 {file}（{_size(file)}）；恢复方法见 docs/operations.md")
    else:
        print(f"已备份到 {file}（{_size(file)}）：{last.seq} 条流转记录，文件完好，链头 {last.hash}")
    return 0


def _beside(url: str, config: Path, stamp: str) -> Path:
    address = address_of(url)
    if isinstance(address, SqliteAddress):
        return address.path.with_name(f"{address.path.stem}-{stamp}{address.path.suffix}")
    return config.parent / f"{address.name or 'kaoji'}-{stamp}.dump"


def _stamp() -> str:
    """The present on the clock of this machine: a database that has to be restored cannot say its office's zone."""
    return SystemClock().now().astimezone().strftime("%Y%m%dT%H%M%S")


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1024:.0f} KB"


def restore(parsed: argparse.Namespace) -> int:
    """`kaoji restore FILE`: proven first, recorded in the history it goes on from, its mails held until `resume`."""
    office = office_place(parsed)
    settings = read_settings(office.config)
    configure(settings.log_level, quiet=True)
    parsed.actor = resolve_person(parsed.actor, names_of(bodies_of(settings.definitions)))
    url = office.database or settings.database_url
    if isinstance(address_of(url), PostgresAddress):
        return _restore_on_server(parsed, settings, url)
    stamp = _stamp()
    with _no_daemon(url):
        prepared = prepare(url, parsed.file, stamp)
        try:
            _need_proof(prepared, parsed.file)
            lost = prepared.take_over_deliveries()
            known = _given_up(prepared, mark.place_of(url, office.config.parent))
            with put_together(settings, SystemClock(), prepared.staged_url) as staged:
                last = _recorded(staged, parsed, prepared.last, known, None if prepared.replaced is None else len(lost))
            prepared.put_in()
        finally:
            prepared.clear()
        mark.write(mark.place_of(url, office.config.parent), last, back=True)
    _tell(prepared, known, lost, parsed)
    return 0


def _recorded(
    running: Running, parsed: argparse.Namespace, last: mark.Mark, known: mark.Mark | None, lost: int | None
) -> mark.Mark:
    """Record the restore in the history it goes on from, and hold the mails; the mark of what it came to."""
    command = c.Restore(
        command_id=str(uuid.uuid4()),
        actor=parsed.actor,
        door="console",
        proof=console_user(),
        seq=last.seq,
        head=last.hash,
        replaced_seq=known.seq if known else None,
        replaced_head=known.hash if known else None,
        lost_mails=lost,
        reason=parsed.text,
    )
    beat = Beat(pid=os.getpid(), host=socket.gethostname(), started_at=running.clock.now())
    running.workflow.restored(
        command, beat, f"{running.rules.office.named(parsed.actor)}恢复了备份：{parsed.text.strip()}"
    )
    return running.database.mark()


def _restore_on_server(parsed: argparse.Namespace, settings: Settings, url: str) -> int:
    """Into an empty database of the server's: nothing is replaced, so nothing can be lost by it."""
    last = load_dump(url, parsed.file)
    with open_database(url, read_only=True) as database:
        verdict = verify(database)
    if not verdict.valid:
        raise Unusable(f"备份 {parsed.file} 不可信：{verdict.problem}", "请删去这个库，换一份备份恢复到另一个空库")
    with DaemonLock(url), put_together(settings, SystemClock(), url) as running:
        _recorded(running, parsed, last, None, None)
        running.keep_mark()
    if parsed.json:
        print_json({"events": last.seq, "head": last.hash, "replaced_events": None, "lost_mails": None})
        return 0
    print(f"已恢复 {parsed.file}：到第 {last.seq} 条流转记录为止")
    print("备份之后发出过哪些邮件无从得知：请用 kaoji audit verify --mailbox 对照办公室的邮箱")
    print(_HELD)
    return 0


_HELD = "邮件已全部暂停，以免重复发出：核对后用 kaoji resume 放行，再启动守护进程"


@contextlib.contextmanager
def _no_daemon(url: str) -> Iterator[None]:
    """While no daemon serves the database; one that is gone has none."""
    address = address_of(url)
    if isinstance(address, SqliteAddress) and not address.path.exists():
        yield
        return
    with DaemonLock(url):
        yield


def _need_proof(prepared: Restore, file: Path) -> None:
    with open_database(prepared.staged_url, read_only=True) as database:
        verdict = verify(database)
    if not verdict.valid:
        raise Unusable(f"备份 {file} 不可信：{verdict.problem}", "没有恢复；请换一份备份")


def _given_up(prepared: Restore, place: Path) -> mark.Mark | None:
    """How far the history came that is given up: by its database, else by the mark it left."""
    if prepared.replaced is not None:
        return prepared.replaced
    with contextlib.suppress(Exception):
        return mark.read(place)
    return None


def _tell(prepared: Restore, known: mark.Mark | None, lost: list[LostMail], parsed: argparse.Namespace) -> None:
    aside = str(prepared.aside) if prepared.aside.exists() else None
    if parsed.json:
        print_json(
            {
                "events": prepared.last.seq,
                "head": prepared.last.hash,
                "replaced_events": known and known.seq,
                "kept_aside": aside,
                "lost_mails": None if prepared.replaced is None else [one.message_id for one in lost],
            }
        )
        return
    print(f"已恢复 {parsed.file}：到第 {prepared.last.seq} 条流转记录为止")
    if aside:
        print(f"原来的数据库留在 {aside}")
    if known is not None and known.seq > prepared.last.seq:
        missing = f"第 {prepared.last.seq + 1}–{known.seq} 条"
        print(f"原来办到第 {known.seq} 条：{missing}所记的事项不在备份中，须由本人重新办理")
    if prepared.replaced is None:
        print("原来的数据库读不出，备份之后发出过哪些邮件无从得知：请用 kaoji audit verify --mailbox 对照办公室的邮箱")
    elif lost:
        print(f"有 {len(lost)} 封已发出的邮件说的是备份之后的事，现在的记录里没有：")
        for one in lost[:_SHOWN]:
            print(f"  第 {one.event_seq} 条  {one.name}  {one.message_id}")
        if len(lost) > _SHOWN:
            print(f"  ……另有 {len(lost) - _SHOWN} 封")
    print(_HELD)
