"""What keeps the office sound: migrations and the proof of the audit."""

import argparse
import json
import sys

from app.answers import print_json
from app.place import office_place, place
from storage.database import Database, open_database
from storage.lock import DaemonLock
from storage.schema import migrate as migrate_database
from workflow.audit import Verdict, verify


def migrate(parsed: argparse.Namespace) -> int:
    """`kaoji migrate`. Refused while a daemon runs: it would go on writing under the tables it was started with."""
    office = office_place(parsed)
    url = office.database or office.glance().database_url
    with DaemonLock(url):
        version = migrate_database(url)
    print(f"数据库结构已是 {version}")
    return 0


def audit_verify(parsed: argparse.Namespace) -> int:
    """`kaoji audit verify`: status 1, naming the first bad event, when anything does not hold."""
    office = place(parsed).glance()
    with open_database(office.database_url, read_only=True) as database:
        verdict = proven(database)
    if parsed.json:
        print_json(
            {
                "events": verdict.events,
                "head": verdict.head,
                "valid": verdict.valid,
                "bad_event": verdict.bad_seq,
                "problem": verdict.problem,
            }
        )
    elif verdict.valid:
        print(f"有效：{verdict.events} 条流转记录首尾相接，现状与记录一致，邮件所载链头相符。链头 {verdict.head}")
    if not verdict.valid:
        print(verdict.problem, file=sys.stderr)
        print("请立即保全数据库和邮件，用最近的备份对照；不要在其上继续办理", file=sys.stderr)
    return 0 if verdict.valid else 1


def proven(database: Database) -> Verdict:
    """The proof of the audit on one state of the database: people go on acting meanwhile."""
    with database.steady():
        return verify(database)


def audit_export(parsed: argparse.Namespace) -> int:
    """`kaoji audit export`: one JSON object a line, enough to prove the chain without the product."""
    office = place(parsed).glance()
    from states.codec import plain

    with open_database(office.database_url, read_only=True) as database:
        for row in database.events():
            sys.stdout.write(json.dumps(plain(row), ensure_ascii=False) + "\n")
    return 0
