"""What keeps the office sound: migrations, the proof of the audit, and `kaoji check`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.answers import print_json
from app.bootstrap import put_together, read_settings, rules_of
from app.clock import SystemClock
from app.config import Settings
from app.holidays import FIRST_KNOWN_YEAR, LAST_KNOWN_YEAR, unknown_year
from app.log import configure
from app.place import Place, office_place, place
from storage.check import run_invariants
from storage.database import open_database
from storage.schema import migrate as migrate_database
from workflow.audit import verify


def migrate(parsed: argparse.Namespace) -> int:
    """`kaoji migrate`."""
    office = office_place(parsed)
    url = office.database or office.glance().database_url
    print(f"数据库结构已是 {migrate_database(url)}")
    return 0


def audit_verify(parsed: argparse.Namespace) -> int:
    """`kaoji audit verify`: status 1, naming the first bad event, when anything does not hold."""
    office = place(parsed).glance()
    verdict = verify(open_database(office.database_url, read_only=True))
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


def audit_export(parsed: argparse.Namespace) -> int:
    """`kaoji audit export`: one JSON object a line, enough to prove the chain without the product."""
    office = place(parsed).glance()
    from states.codec import plain

    for row in open_database(office.database_url, read_only=True).events():
        sys.stdout.write(json.dumps(plain(row), ensure_ascii=False) + "\n")
    return 0


# --- kaoji check ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: whether it is well, and if not what to do."""

    what: str
    well: bool
    detail: str
    remedy: str = ""


def check(parsed: argparse.Namespace) -> int:
    """`kaoji check`: every part is looked at, whatever the others say."""
    configure(quiet=True)
    office = place(parsed)
    settings = read_settings(office.config)
    findings = [Finding(what="配置", well=True, detail=f"{office.config}：完整无误")]
    for look in (_calendar, _database, _mail):
        findings += _looked_at(look, office, settings)
    if parsed.json:
        print_json([{"what": one.what, "ok": one.well, "detail": one.detail, "remedy": one.remedy} for one in findings])
    else:
        for one in findings:
            print(f"{'✓' if one.well else '✗'} {one.what}：{one.detail}{'　→ ' + one.remedy if one.remedy else ''}")
    return 0 if all(one.well for one in findings) else 1


def _looked_at(
    look: Callable[[Place, Settings], Iterator[Finding]], office: Place, settings: Settings
) -> list[Finding]:
    try:
        return list(look(office, settings))
    except Exception as fault:  # noqa: BLE001  a part that cannot be looked at is a finding, not the end of the check
        message, remedy = getattr(fault, "message", str(fault)), getattr(fault, "remedy", "请看日志")
        return [Finding(what=look.__name__.strip("_"), well=False, detail=message, remedy=remedy)]


def _calendar(office: Place, settings: Settings) -> Iterator[Finding]:
    now = rules_of(settings).calendar.local(office.now or SystemClock().now())
    years = [now.year] if now.month < 11 else [now.year, now.year + 1]
    stated = {day.year for day in settings.calendar_add | settings.calendar_remove}
    unknown = [year for year in years if not FIRST_KNOWN_YEAR <= year <= LAST_KNOWN_YEAR and year not in stated]
    yield Finding(
        what="日历",
        well=not unknown,
        detail=f"放假调休安排收录到 {LAST_KNOWN_YEAR} 年" + (f"，缺 {unknown[0]} 年（时限暂定）" if unknown else ""),
        remedy=unknown_year(unknown[0]) if unknown else "",
    )


def _database(office: Place, settings: Settings) -> Iterator[Finding]:
    url = office.database or settings.database_url
    for broken in run_invariants(url):
        yield Finding(
            what=f"数据库 {broken.code}",
            well=False,
            detail=f"{broken.title}：{broken.rows}",
            remedy="数据被程序以外的途径改动过；请用 kaoji audit verify 找出何处，并从备份恢复",
        )
    running = put_together(settings, SystemClock(), url)
    verdict = verify(running.database)
    yield Finding(
        what="流转记录",
        well=verdict.valid,
        detail=verdict.problem or f"{verdict.events} 条，有效",
        remedy="" if verdict.valid else "请保全现场并从备份恢复",
    )
    for kind, (_, _, dead) in running.database.mail_counts().items():
        if dead:
            yield Finding(
                what="邮件",
                well=False,
                detail=f"{kind} 有 {dead} 封无法送达",
                remedy="请核对收件人地址，改正后电话通知本人",
            )
    for failure in running.database.wake_failures():
        yield Finding(what="定时器", well=False, detail=str(failure), remedy="一小时后自动重试；请把日志交给管理员")


def _mail(office: Place, settings: Settings) -> Iterator[Finding]:
    from app.mailing import probe

    if office.now is not None:
        yield Finding(what="邮件服务器", well=True, detail="演示用本机收件箱，不另设邮件服务器")
        return
    answer = asyncio.run(probe(settings.mail))
    yield Finding(what="邮件服务器", well=True, detail=answer)
