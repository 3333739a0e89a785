"""`kaoji check`: every part of the office is looked at, and what is wrong is said with what to do."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.answers import print_json
from app.bootstrap import read_settings, rules_of
from app.clock import SystemClock
from app.faults import explain
from app.holidays import FIRST_KNOWN_YEAR, LAST_KNOWN_YEAR, unknown_year
from app.log import configure
from app.place import Place, place
from app.settings import Settings
from app.upkeep import proven
from storage import mark
from storage.check import run_invariants, wide_open
from storage.database import Database, open_database
from workflow.ports import Delivery, MailFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: whether it is well, and what to do where it is not, or will not be for long."""

    what: str
    well: bool
    detail: str
    remedy: str = ""


def check(parsed: argparse.Namespace) -> int:
    """`kaoji check`: every part is looked at, whatever the others say; status 1 when one is not well."""
    configure(quiet=True)
    office = place(parsed)
    settings = read_settings(office.config)
    findings = [Finding(what="配置", well=True, detail=f"{office.config}：完整无误")]
    for what, look in _LOOKS.items():
        findings += _looked_at(what, look, office, settings)
    if parsed.json:
        print_json([{"what": one.what, "ok": one.well, "detail": one.detail, "remedy": one.remedy} for one in findings])
    for one in findings:
        _tell(one, parsed)
    return 0 if all(one.well for one in findings) else 1


def _tell(one: Finding, parsed: argparse.Namespace) -> None:
    """What is well on standard output, what is not on standard error: one line of what is wrong, one of what to do."""
    detail = " ".join(one.detail.split())
    if not one.well:
        print(f"✗ {one.what}：{detail}\n  → {one.remedy}", file=sys.stderr)
    elif not parsed.json:
        print(f"! {one.what}：{detail}\n  → {one.remedy}" if one.remedy else f"✓ {one.what}：{detail}")


_Look = Callable[[Place, Settings], Iterator[Finding]]


def _looked_at(what: str, look: _Look, office: Place, settings: Settings) -> list[Finding]:
    try:
        return list(look(office, settings))
    except Exception as fault:  # noqa: BLE001  a part that cannot be looked at is a finding, not the end of the check
        *message, remedy = explain(fault)
        return [Finding(what=what, well=False, detail="；".join(message), remedy=remedy)]


def _calendar(office: Place, settings: Settings) -> Iterator[Finding]:
    """Whether the present year's moved working days are known, and from November on whether the next year's are."""
    today = rules_of(settings).calendar.day_of(office.now or SystemClock().now())
    stated = {day.year for day in settings.calendar_add | settings.calendar_remove}
    known = {*range(FIRST_KNOWN_YEAR, LAST_KNOWN_YEAR + 1), *stated}
    unknown = [year for year in (today.year, today.year + (today.month >= 11)) if year not in known]
    yield Finding(
        what="日历",
        well=today.year in known,
        detail=f"放假调休安排收录到 {max(known)} 年" + (f"，缺 {unknown[0]} 年（时限暂定）" if unknown else ""),
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
    place = mark.place_of(url, settings.path.parent)
    yield from _wide_open(url, place)
    with open_database(url) as database:
        cut = mark.problem_of(place, database)
        if cut is not None:
            yield Finding(what="历史标记", well=False, detail=cut, remedy=mark.REMEDY)
        verdict = proven(database)
        yield Finding(
            what="流转记录",
            well=verdict.valid,
            detail=verdict.problem or f"{verdict.events} 条，有效",
            remedy="" if verdict.valid else "请保全现场并从备份恢复",
        )
        yield from _dead_mails(database)
        for failure in database.wake_failures():
            yield Finding(what="定时器", well=False, detail=str(failure), remedy="一小时后自动重试；请把日志交给管理员")


def _wide_open(url: str, place: Path) -> Iterator[Finding]:
    """The office's records hold names and addresses: they are for the daemon's user alone."""
    for path, mode in wide_open(url, place):
        yield Finding(
            what="文件权限",
            well=False,
            detail=f"{path} 的权限是 {mode:04o}，别的用户也能打开",
            remedy=f"请运行 chmod 600 {path}",
        )


def _dead_mails(database: Database) -> Iterator[Finding]:
    dead = database.messages(state=Delivery.DEAD.value)
    for mail in dead[:_SHOWN]:
        about = mail.facts.get("report") or mail.facts.get("unit_name") or ""
        yield Finding(
            what="邮件",
            well=False,
            detail=f"{mail.name} <{mail.address}> 的 {mail.purpose.value} {about} 无法送达（{mail.last_error}）",
            remedy=f"请在配置中改正 {mail.recipient} 的地址，并电话通知本人",
        )
    if len(dead) > _SHOWN:
        yield Finding(
            what="邮件", well=False, detail=f"另有 {len(dead) - _SHOWN} 封无法送达", remedy="请先处理以上各封"
        )


_SHOWN = 20


def _mail(office: Place, settings: Settings) -> Iterator[Finding]:
    from app.mailing import probe

    if office.now is not None:
        yield Finding(what="邮件服务器", well=True, detail="演示用本机收件箱，不另设邮件服务器")
        return
    try:
        yield Finding(what="邮件服务器", well=True, detail=asyncio.run(probe(settings.mail)))
    except MailFailure as failure:
        yield Finding(
            what="邮件服务器",
            well=False,
            detail=failure.answer,
            remedy="请核对 mail.host、mail.port、mail.tls，确认服务器在运行；邮件都留着，连上后自动补发",
        )


_LOOKS: dict[str, _Look] = {"日历": _calendar, "数据库": _database, "邮件服务器": _mail}
