"""`kaoji report export`: 附1 of a report as a workbook to print, to sign on paper, or to hand on. Reads only."""

import argparse
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.answers import print_json
from app.bootstrap import rules_in_force
from app.place import place
from app.refusals import Unusable
from documents.writing import LONGEST_CELL, Form, FormLine, form_bytes
from states.models import Report
from states.office import Office
from states.words import post_word
from storage.database import open_database
from workflow.ports import SignOffRow


def export(parsed: argparse.Namespace) -> int:
    """`kaoji report export REF [FILE.xlsx]`."""
    office_place = place(parsed)
    with open_database(office_place.machine().database_url, read_only=True) as database, database.steady():
        office = rules_in_force(office_place, database).office
        report = database.report(parsed.ref)
        signoffs = database.signoffs(parsed.ref)
    if report is None:
        raise Unusable(f"没有报表 {parsed.ref}", "报表写作 期次/单位，如 2015-10/shirong；kaoji status 列出全部报表")
    unit = _unit_name(report, office)
    form = form_of(report, signoffs, office)
    path = _target(parsed.file, f"{report.period}_{unit}.xlsx")
    try:
        content = form_bytes(form)
    except ValueError as failure:
        raise Unusable(
            f"{parsed.ref} 有一格的字数超过 Excel 一格能容的 {LONGEST_CELL:,} 字",
            "请先把这一格缩短；完整内容见 kaoji report show",
        ) from failure
    _write(path, content, force=parsed.force)
    if parsed.json:
        print_json({"report": report.ref, "version": report.version, "rows": len(form.lines), "file": str(path)})
    else:
        print(f"已导出：{path}（{len(form.lines)} 项，第 {report.version} 版）")
    return 0


def form_of(report: Report, signoffs: Sequence[SignOffRow], office: Office) -> Form:
    """The report as 附1: its rows in their order, and the signatures that stand."""
    zone = ZoneInfo(office.timezone)
    people = {person.id: person.name for person in office.people}
    standing = [row for row in signoffs if row.void_seq is None]
    indicators = office.indicator_by_code
    lines = []
    for entry in report.entries:
        indicator = indicators.get(entry.indicator)
        lines.append(
            FormLine(
                name=indicator.name if indicator else entry.indicator,
                main_content=indicator.main_content if indicator else "",
                rank=entry.rank_text,
                comparison=entry.comparison,
                target=entry.target,
            )
        )
    below = [f"填报人：{'、'.join(people.get(one, one) for one in report.drafters)}"]
    if report.submitted_at is not None:
        below.append(f"报送时间：{_day(report.submitted_at, zone)}")
    return Form(
        period=report.period,
        unit=_unit_name(report, office),
        lines=lines,
        signatures=[
            (
                f"{'、'.join(post_word(post.partition('@')[0]) for post in step.signers)}（签字）",
                "、".join(_signature(row, people, zone) for row in standing if row.state == step.state),
            )
            for step in report.route.steps
        ],
        below=below,
        footer=f"{report.ref} 第 {report.version} 版",
    )


def _unit_name(report: Report, office: Office) -> str:
    unit = office.unit_by_code.get(report.unit)
    return unit.name if unit else report.unit


def _signature(row: SignOffRow, people: Mapping[str, str], zone: ZoneInfo) -> str:
    behalf = f"（代{people.get(row.on_behalf_of, row.on_behalf_of)}）" if row.on_behalf_of else ""
    return f"{people.get(row.person, row.person)}{behalf} {_day(row.at, zone)}"


def _day(instant: datetime, zone: ZoneInfo) -> str:
    day = instant.astimezone(zone)
    return f"{day.year}年{day.month}月{day.day}日"


def _target(file: Path | None, usual: str) -> Path:
    """Where to write: the file named, or one of the usual name in the folder named or here."""
    named = usual.replace("/", "_").replace("\\", "_")
    if file is None:
        return Path(named)
    if file.is_dir():
        return file / named
    if file.suffix.lower() != ".xlsx":
        raise Unusable(f"文件名 {file} 不对", "导出的是 Excel 表格，文件名应以 .xlsx 结尾")
    return file


def _write(path: Path, content: bytes, *, force: bool) -> None:
    """Write the whole file or none; one that exists stays, unless it is to be replaced."""
    # The old file is replaced only by a whole new one; a new one is claimed by opening it, so nobody else's is lost.
    written = path.with_name(f".{path.name}.{os.getpid()}") if force else path
    try:
        with written.open("xb") as file:
            try:
                file.write(content)
                file.flush()
            except OSError:
                written.unlink()
                raise
        if force:
            written.replace(path)
    except FileExistsError:
        raise Unusable(f"文件 {path} 已经存在，没有改动", "请换一个文件名，或加 --force 覆盖") from None
    except OSError as failure:
        raise Unusable(
            f"文件 {path} 写不成（{failure.strerror}）", "请核对文件夹是否存在、有没有写入权限、磁盘是否已满"
        ) from failure
