"""A mark of the history outside the database: how far it had come when last seen, so that nobody shortens it unseen.

It is a small file beside an SQLite database (`kaoji.db.mark`), for a database on a server one in a folder of this
machine. The database is durable before its mark is, so a database may be ahead of its mark, and never behind it.

A second one of the kind (`kaoji.db.verified`) says up to which event the audit has been proven.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from storage.address import SqliteAddress, address_of
from storage.errors import HistoryCut, unusable_file
from workflow.chain import GENESIS

REMEDY = "请停止使用，找回缺少的文件（kaoji.db、kaoji.db-wal 须一起）；找不回的，用 kaoji restore 恢复最近的备份"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The last event then: its number, hash and instant (text as stored)."""

    seq: int
    hash: str
    at: str


class Marked(Protocol):
    """What a mark needs of a database, opened."""

    @property
    def shown(self) -> str:
        """How it is named to people."""

    def mark(self) -> Mark:
        """Its last event."""

    def hash_at(self, seq: int) -> str | None:
        """The hash of that event; None where there is none."""

    def gave_up(self, seq: int, head: str) -> bool:
        """Whether a restore recorded in its history replaced one that had come to that event."""


def place_of(url: str, folder: Path, ending: str = "mark") -> Path:
    """Where the mark of that database is; `folder` is where it is kept for a database on a server."""
    address = address_of(url)
    if isinstance(address, SqliteAddress):
        return address.beside(ending)
    return folder / f"{address.name or 'kaoji'}.{ending}"


def write(place: Path, mark: Mark, *, back: bool = False) -> None:
    """Keep the mark: the file is the old one or the new one, whatever happens. Raises StorageError.

    A mark is never set back, for somebody else may have seen more by now; a restore sets it with `back`.
    """
    known = None if back else read(place)
    if known is not None and (known.seq > mark.seq or known == mark):
        return
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            json.dump({"seq": mark.seq, "hash": mark.hash, "at": mark.at}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(place)
    except OSError as fault:
        with suppress(OSError):
            draft.unlink()
        raise unusable_file(fault, str(place)) from fault


def read(place: Path) -> Mark | None:
    """The mark kept there; None where there is none. Raises StorageError, HistoryCut for one that cannot be read."""
    try:
        kept = json.loads(place.read_text(encoding="ascii"))
        return Mark(seq=int(kept["seq"]), hash=str(kept["hash"]), at=str(kept["at"]))
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise unusable_file(fault, str(place)) from fault
    except (ValueError, KeyError, TypeError) as fault:
        raise HistoryCut(
            f"标记文件 {place} 读不通，无法核对历史是否完整（the mark is unreadable）",
            "请用 kaoji audit verify --mailbox 对照已发出的邮件；确认无误后删除该文件，下次办理时重新写出",
        ) from fault


def need_whole(place: Path, database: Marked) -> None:
    """Raise HistoryCut, naming what is missing, unless the database holds the history its mark tells of."""
    problem = problem_of(place, database)
    if problem is not None:
        raise HistoryCut(problem, REMEDY)


def problem_of(place: Path, database: Marked) -> str | None:
    """What is missing of, or different in, the history the mark tells of; None where all is there."""
    known = read(place)
    if known is None:
        return None
    found = GENESIS if known.seq == 0 else database.hash_at(known.seq)
    if found == known.hash or database.gave_up(known.seq, known.hash):
        return None
    if found is not None:
        return (
            f"数据库 {database.shown} 的第 {known.seq} 条流转记录与标记 {place.name} 所载不是同一条，"
            "历史被换过（another history）"
        )
    last = database.mark().seq
    return (
        f"数据库 {database.shown} 缺第 {last + 1}–{known.seq} 条流转记录：标记 {place.name} 写明已办到第 {known.seq} 条"
        f"（{known.at}）（history is missing）"
    )
