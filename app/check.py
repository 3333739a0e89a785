"""`kaoji check`: every part of the office is looked at, and what is wrong is said with what to do."""

import argparse
import asyncio
import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from app.answers import print_json
from app.bootstrap import read_settings, rules_of
from app.clock import SystemClock
from app.holidays import known_years, unknown_year, unknown_years
from app.log import configure
from app.mails import about
from app.place import Place, place
from app.refusals import explain
from app.settings import Settings
from app.still_needed import still_needed
from app.upkeep import proven
from states.definitions import bodies_of, changes, definitions_of
from states.errors import Refused
from states.vacancies import vacancies
from states.words import purpose_word
from storage import mark
from storage.address import SqliteAddress, address_of
from storage.boards import Boards, boards
from storage.check import run_invariants, wide_open
from storage.database import Database, open_database
from storage.errors import DatabaseLost, NoDatabase, SchemaNotCurrent, StorageError
from storage.schema import current
from workflow.audit import misplanned
from workflow.clockcheck import doubt_of
from workflow.ports import Heartbeat, MailFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at: whether it is well, and what to do where it is not, or will not be for long."""

    what: str
    well: bool
    detail: str
    remedy: str = ""
    mark: str = "✓"
    """How a thing that is well, and needs nothing done, is marked."""


def check(parsed: argparse.Namespace) -> int:
    """`kaoji check`: every part is looked at, whatever the others say; status 1 when one is not well."""
    configure(quiet=True)
    office = place(parsed)
    settings, differing = in_force(office, read_settings(office.config))
    findings = [Finding(what="配置", well=True, detail=f"{office.config}：完整无误")]
    findings += [
        Finding(what="配置", well=True, detail=f"{one.file}:{one.line}  {one.wrong}", remedy=one.right)
        for one in settings.warnings
    ]
    findings += differing
    for what, look in _LOOKS.items():
        findings += _looked_at(what, look, office, settings)
    if parsed.json:
        print_json([{"what": one.what, "ok": one.well, "detail": one.detail, "remedy": one.remedy} for one in findings])
    for one in findings:
        _tell(one, parsed)
    return 0 if all(one.well for one in findings) else 1


def in_force(office: Place, files: Settings) -> tuple[Settings, list[Finding]]:
    """The configuration with what the office has defined in place of what its files say; and where these differ."""
    try:
        with open_database(office.database or files.database_url, read_only=True) as database:
            records = {row.kind: row.body for row in database.definitions()}
            needed = still_needed(database, files.office) if records else []
    except StorageError:
        return files, []  # said once, where the database is looked at
    if not records:
        return files, []
    differing = changes(records, bodies_of(files.definitions))
    found = [
        Finding(
            what="规则",
            well=True,
            detail=f"配置文件与系统现行的规则有 {len(differing)} 处不同，办理时以系统中的为准",
            remedy="kaoji office apply 列出各处不同；加 --yes 即采用文件中的",
        )
    ]
    found += [Finding(what="未办结", well=False, detail=one.wrong, remedy=one.right) for one in needed]
    return replace(files, definitions=definitions_of(records)), found if differing else []


def _tell(one: Finding, parsed: argparse.Namespace) -> None:
    """What is well on standard output, what is not on standard error: one line of what is wrong, one of what to do."""
    detail = " ".join(one.detail.split())
    if not one.well:
        print(f"✗ {one.what}：{detail}\n  → {one.remedy}", file=sys.stderr)
    elif not parsed.json:
        print(f"! {one.what}：{detail}\n  → {one.remedy}" if one.remedy else f"{one.mark} {one.what}：{detail}")


_Look = Callable[[Place, Settings], Iterator[Finding]]


def _looked_at(what: str, look: _Look, office: Place, settings: Settings) -> list[Finding]:
    try:
        return list(look(office, settings))
    except Exception as fault:  # noqa: BLE001  a part that cannot be looked at is a finding, not the end of the check
        *message, remedy = explain(fault)
        return [Finding(what=what, well=False, detail="；".join(message), remedy=remedy)]


def _prospect(office: Place, settings: Settings) -> Iterator[Finding]:
    """How large the office is, and the next period; before the first start, what that start will do."""
    from app.prospect import first_start, next_opening, overtaken, said, summary

    rules, now = rules_of(settings.definitions), office.now or SystemClock().now()
    known = known_years(settings.definitions.complete_years)
    yield Finding(what="概况", well=True, detail=summary(rules))
    if not rules.office.reporting_units:
        yield Finding(what="概况", well=False, detail="没有一个单位要填报", remedy="请在指标表里写上各项指标的牵头单位")
        return
    begun = _has_begun(office.database or settings.database_url)
    if begun is None:
        pass  # what a database that cannot be asked has lived through is not known; its own look says why
    elif begun:
        following = next_opening(rules, now)
        yield Finding(what="下一期", well=True, detail=f"期次 {following.period} {said(following, rules, known)}")
    else:
        try:
            first = first_start(rules, now, settings.first_period)
        except Refused as refused:
            yield Finding(what="首次启动", well=False, detail=refused.message, remedy=refused.remedy)
        else:
            late = "（开启时刻已过，启动时立即补开）" if first.opens_at <= now else ""
            yield Finding(what="首次启动后", well=True, detail=f"期次 {first.period} {said(first, rules, known)}{late}")
    for period in overtaken(rules, now):
        yield Finding(
            what="时限",
            well=True,
            detail=f"期次 {period.period} {said(period, rules, known)}：有的时限早于开启",
            remedy="该月放假较长；请推迟 due_day，或写 calendar.roll: next",
        )


def _has_begun(url: str) -> bool | None:
    """Whether a daemon has ever worked on this database; None where it cannot be asked."""
    try:
        if not _is_founded(url):
            return False
        with open_database(url, read_only=True) as database:
            return bool(database.duties())
    except StorageError:
        return None


def _posts(office: Place, settings: Settings) -> Iterator[Finding]:
    """Steps nobody may do today, which stop work; and those nobody will be able to do from a known day on."""
    from app.prospect import vacancy_said

    rules = rules_of(settings.definitions)
    today = rules.calendar.day_of(office.now or SystemClock().now())
    for one in vacancies(rules, today):
        detail, remedy = vacancy_said(one, rules, today)
        yield Finding(what="任职", well=one.since > today, detail=detail, remedy=remedy)


def _doors(office: Place, settings: Settings) -> Iterator[Finding]:
    """Who sits at the console may act for anybody: needed as long as there are no pages, and a risk beside them."""
    if office.now is not None:
        return  # the demonstration's office is nobody's
    may, pages = settings.definitions.policies.console_acts, settings.mail.link_base
    if may:
        yield Finding(
            what="控制台代办",
            well=True,
            detail="开着：能在控制台运行本程序的人，可以用 --as 代任何人办理，流转记录写明是哪个系统用户",
            remedy="已有网页，请写 rules: {console_acts: false}，由各人自己登录办理" if pages else "",
        )
    else:
        yield Finding(
            what="控制台代办",
            well=bool(pages),
            detail="已关闭，各人在网页上办理"
            if pages
            else "已关闭，而没有写网页的地址（mail.link_base）：谁也无法办理",
            remedy="" if pages else "请写明网页的地址，或改回 rules: {console_acts: true}",
        )


def _calendar(office: Place, settings: Settings) -> Iterator[Finding]:
    """Whether the present year's moved working days are known whole, and from November on whether the next year's are.

    Days of a year stated here and there do not make it known: it must be called complete (spec, part 3).
    """
    today = rules_of(settings.definitions).calendar.day_of(office.now or SystemClock().now())
    unknown = unknown_years(today, settings.definitions.complete_years)
    if not unknown:
        last = max(known_years(settings.definitions.complete_years))
        yield Finding(what="日历", well=True, detail=f"放假调休安排收录到 {last} 年")
    for year in unknown:
        stated = sum(day.year == year for day in settings.definitions.workdays | settings.definitions.holidays)
        partly = f"，配置里只写了 {stated} 天" if stated else ""
        yield Finding(
            what="日历",
            well=year > today.year,
            detail=f"放假调休安排缺 {year} 年{partly}，这一年的时限是暂定的",
            remedy=unknown_year(year),
        )


def _database(office: Place, settings: Settings) -> Iterator[Finding]:
    return found_in_records(office, settings, office.now or SystemClock().now())


def found_in_records(
    office: Place, settings: Settings, now: datetime, verified: Path | None = None, *, whole: bool = True
) -> Iterator[Finding]:
    """The invariants of the database and the proof of its history; `verified` and `whole` as in `upkeep.proven`."""
    url = office.database or settings.database_url
    if not _is_founded(url):
        yield Finding(what="数据库", well=True, detail="还没有数据库，运行 kaoji init 建立", mark="-")
        return
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
        verdict = proven(database, verified, whole=whole)
        yield Finding(
            what="流转记录",
            well=verdict.valid,
            detail=verdict.problem or f"{verdict.events} 条，有效",
            remedy="" if verdict.valid else "请保全现场并从备份恢复",
        )
        yield from _clockwork(settings, database, now)
        for failure in database.wake_failures():
            yield Finding(what="定时器", well=False, detail=str(failure), remedy="一小时后自动重试；请把日志交给管理员")


def _is_founded(url: str) -> bool:
    """False where there never was a database: no mistake before the office is founded. Raises StorageError."""
    address = address_of(url)
    try:
        with open_database(url, read_only=True):
            return True
    except DatabaseLost:
        raise
    except NoDatabase:
        if isinstance(address, SqliteAddress) and not address.path.parent.is_dir():
            raise
        return False
    except SchemaNotCurrent:
        if not isinstance(address, SqliteAddress) and current(url) is None:
            return False
        raise


def _clockwork(settings: Settings, database: Database, now: datetime) -> Iterator[Finding]:
    """Whose turn it is and when to look again are in no proof of the history: they are what the rules make of it."""
    set_aside = {(failure.subject, failure.until) for failure in database.wake_failures()}
    with database.steady():
        for problem in itertools.islice(misplanned(database, rules_of(settings.definitions), now, set_aside), _SHOWN):
            yield Finding(
                what="定时器",
                well=False,
                detail=problem,
                remedy="数据被程序以外的途径改动过；请停止守护进程并保全现场，用 kaoji restore 恢复备份",
            )


def _wide_open(url: str, place: Path) -> Iterator[Finding]:
    """The office's records hold names and addresses: they are for the daemon's user alone."""
    for path, mode in wide_open(url, place):
        yield Finding(
            what="文件权限",
            well=False,
            detail=f"{path} 的权限是 {mode:04o}，别的用户也能打开",
            remedy=f"请运行 chmod 600 {path}",
        )


def _backups(office: Place, settings: Settings) -> Iterator[Finding]:
    """Whether the daily copies are made."""
    if office.now is not None:
        return  # the demonstration has no daemon
    from app.routine import backups_found

    url = office.database or settings.database_url
    try:
        with open_database(url, read_only=True) as database:
            beat = database.heartbeat()
    except StorageError:
        beat = None  # said once, where the database is looked at
    zone = ZoneInfo(settings.office.timezone)
    yield backups_found(settings.backup, url, SystemClock().now(), zone, beat.started_at if beat else None)


def _post(office: Place, settings: Settings) -> Iterator[Finding]:
    """Whether the daemon works, and what became of the mails: dead, waiting, held."""
    now = office.now or SystemClock().now()
    local = rules_of(settings.definitions).calendar.local
    url = office.database or settings.database_url
    try:
        opened = open_database(url, read_only=True)
    except StorageError:
        return  # said once, where the database is looked at
    with opened as database:
        beat = database.heartbeat()
        if beat is not None and office.now is None:
            yield from _clock(beat, now, settings, database)
            yield from _beat(beat, now, settings, f"{local(beat.at):%Y-%m-%d %H:%M}")
    with boards(url) as lists:
        yield from _dead_mails(lists)
        undone = lists.waiting()
    if undone.since is None:
        yield Finding(what="邮件", well=True, detail="没有等候发送的邮件")
        return
    detail = f"{undone.count} 封等候发送，最早的一封自 {local(undone.since):%Y-%m-%d %H:%M} 起等候"
    if undone.why:
        detail += "；" + "；".join(f"{count} 封上次没有发成：{error}" for error, count in undone.why)
    is_early = now - undone.since < _MAY_WAIT
    yield Finding(
        what="邮件",
        well=is_early,
        detail=detail,
        remedy=""
        if is_early and not undone.why
        else "邮件都留着，守护进程在运行、服务器能用时自动发送；何时再试，见它的日志",
    )


def _clock(beat: Heartbeat, now: datetime, settings: Settings, database: Database) -> Iterator[Finding]:
    """A daemon that does not believe the clock is running and does nothing: that is said before all else."""
    last_event = database.mark().at
    last_worked = max(beat.at, datetime.fromisoformat(last_event)) if last_event else beat.at
    doubt = doubt_of(now, last_worked, timedelta(days=settings.longest_downtime_days), rules_of(settings.definitions))
    if doubt is not None:
        yield Finding(what="时钟", well=False, detail=doubt.message, remedy=doubt.remedy)


def _beat(beat: Heartbeat, now: datetime, settings: Settings, last: str) -> Iterator[Finding]:
    patience = timedelta(seconds=3 * settings.heartbeat_seconds) + _BEAT_LATE
    is_alive = abs(now - beat.at) < patience
    yield Finding(
        what="守护进程",
        well=is_alive,
        detail=f"{'在运行' if is_alive else '没有在工作'}，最近一次工作是 {last}（{beat.host}，进程号 {beat.pid}）",
        remedy="" if is_alive else "请启动 kaoji serve，或看它的日志为何停下；时限和邮件都在等它",
    )
    if beat.held_reason is not None:
        yield Finding(
            what="邮件",
            well=False,
            detail=f"邮件暂停发送：{beat.held_reason}",
            remedy="核实无误后请运行 kaoji resume 放行",
        )


def _dead_mails(lists: Boards) -> Iterator[Finding]:
    """What did not arrive and nobody took note of."""
    dead = lists.undelivered()
    for one in dead[:_SHOWN]:
        mails = one.mails
        told = "、".join(f"{purpose_word(mail.purpose.value)} {about(mail)}".strip() for mail in mails[:3])
        numbers = " ".join(str(mail.id) for mail in mails[:_SHOWN])
        yield Finding(
            what="邮件",
            well=False,
            detail=f"{mails[0].name}（{one.recipient}）<{one.address}> 有 {len(mails)} 封没有送达：{told}"
            f"{' 等' if len(mails) > 3 else ''}（{mails[-1].last_error}）",
            remedy="地址有误的，改正后运行 kaoji office apply 即自动重发；地址无误的，kaoji mail retry；"
            f"已电话告知的，kaoji mail acknowledge。编号：{numbers}",
        )
    if len(dead) > _SHOWN:
        yield Finding(
            what="邮件", well=False, detail=f"另有 {len(dead) - _SHOWN} 人的邮件没有送达", remedy="请先处理以上各人的"
        )


_SHOWN = 20
_MAY_WAIT = timedelta(minutes=15)
_BEAT_LATE = timedelta(minutes=1)


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
            remedy=f"{getattr(failure, 'remedy', '请看邮件服务器的日志')}；邮件都留着，能用了自动补发",
        )


_LOOKS: dict[str, _Look] = {
    "概况": _prospect,
    "任职": _posts,
    "控制台代办": _doors,
    "日历": _calendar,
    "数据库": _database,
    "备份": _backups,
    "邮件": _post,
    "邮件服务器": _mail,
}
