"""What keeps the office sound: migrations and the proof of the audit."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.answers import print_json
from app.place import office_place, place
from app.refusals import Unusable
from storage import mark
from storage.database import Database, open_database
from storage.errors import StorageError
from storage.lock import DaemonLock
from storage.schema import migrate as migrate_database
from workflow.audit import BEGINNING, Proven, Testimony, Verdict, Witness, heard, verify
from workflow.log import log


def migrate(parsed: argparse.Namespace) -> int:
    """`kaoji migrate`. Refused while a daemon runs: it would go on writing under the tables it was started with."""
    office = office_place(parsed)
    url = office.machine().database_url
    with DaemonLock(url):
        version = migrate_database(url)
    print(f"数据库结构已是 {version}")
    return 0


def audit_verify(parsed: argparse.Namespace) -> int:
    """`kaoji audit verify`: status 1, naming the first bad event, when anything does not hold.

    Who asks by hand gets the whole proof; `--since-verified` goes on where the last valid one ended.
    With `--mailbox` the mails that were delivered are heard as witnesses: nobody can change them in the database.
    """
    office = place(parsed)
    url = office.machine().database_url
    with open_database(url, read_only=True) as database, database.steady():
        verified = mark.place_of(url, office.config.parent, "verified")
        is_own = office.now is None and parsed.database is None  # neither a demonstration's nor a backup
        verdict = proven(database, verified, whole=not parsed.since_verified, kept=is_own)
        if verdict.valid:
            verdict = replace(verdict, problem=mark.problem_of(mark.place_of(url, office.config.parent), database))
        testimony = _heard(parsed.mailbox, database) if parsed.mailbox else None
    if testimony is not None and testimony.problem is not None and verdict.valid:
        verdict = replace(verdict, problem=testimony.problem, bad_seq=testimony.bad_seq)
    if parsed.json:
        print_json(_document(verdict, testimony))
    elif verdict.valid:
        told = f"第 {verdict.since} 条以后的 {verdict.events - verdict.since}" if verdict.since else f"{verdict.events}"
        print(f"有效：{told} 条流转记录首尾相接，现状与记录一致，邮件与记录相符。链头 {verdict.head}")
    if testimony is not None and not parsed.json:
        others = f"；另有 {testimony.others} 封是其他系统的" if testimony.others else ""
        print(f"邮箱中有 {testimony.agreed} 封邮件所载的链头与记录相符{others}")
        _tell_given_up(testimony.given_up)
    if not verdict.valid:
        print(verdict.problem, file=sys.stderr)
        print("请立即保全数据库和邮件，用最近的备份对照；不要在其上继续办理", file=sys.stderr)
    return 0 if verdict.valid else 1


def _tell_given_up(mails: Sequence[Witness]) -> None:
    """Whoever got one of these believes what is no longer so."""
    if not mails:
        return
    print(f"有 {len(mails)} 封邮件说的是恢复备份时放弃的事项，现在的记录里没有，请告知收件人、重新办理：")
    for one in mails:
        print(f"  第 {one.seq} 条  {one.to}  {one.subject}  {one.message_id}")


def _heard(mailboxes: Sequence[Path], database: Database) -> Testimony:
    from notifications.mailbox import witnesses

    found = [one for path in mailboxes for one in witnesses(path)]
    if not found:
        named = "、".join(map(str, mailboxes))
        raise Unusable(f"{named} 中没有本系统发出的邮件（X-Kaoji-Audit）", "请换一个收过本系统邮件的邮箱")
    return heard(database, found)


def _document(verdict: Verdict, testimony: Testimony | None) -> dict[str, object]:
    document: dict[str, object] = {
        "events": verdict.events,
        "head": verdict.head,
        "valid": verdict.valid,
        "bad_event": verdict.bad_seq,
        "problem": verdict.problem,
    }
    if verdict.since:
        document["since"] = verdict.since
    if testimony is not None:
        document["mailbox"] = {
            "agreed": testimony.agreed,
            "others": testimony.others,
            "given_up": [one.message_id for one in testimony.given_up],
        }
    return document


def proven(database: Database, verified: Path | None = None, *, whole: bool = True, kept: bool = True) -> Verdict:
    """The proof of the audit on one state of the database: people go on acting meanwhile.

    `verified` is the file that says how far the last valid proof came. One that is not `whole` goes on from there, and
    takes what was before as it was then. It stands outside the database, so that who rewrites one does not move the
    other. With `kept` this proof's end is written there where all holds.
    """
    with database.steady():
        since = BEGINNING
        known = None if whole or verified is None else mark.read(verified)
        # A restore that the history tells of gave up what was proven then.
        if known is not None and not database.gave_up(known.seq, known.hash):
            since = Proven(seq=known.seq, hash=known.hash, at=known.at)
        verdict = verify(database, since)
        end = database.mark()
    if verified is not None and kept and verdict.valid:
        try:
            mark.write(verified, end, back=True)
        except StorageError as fault:
            log.warning("verified_not_kept", reason=fault.message)
    return verdict


def audit_export(parsed: argparse.Namespace) -> int:
    """`kaoji audit export`: one JSON object a line, enough to prove the chain without the product."""
    url = place(parsed).machine().database_url
    from states.codec import plain

    with open_database(url, read_only=True) as database:
        for row in database.events():
            sys.stdout.write(json.dumps(plain(row), ensure_ascii=False) + "\n")
    return 0
