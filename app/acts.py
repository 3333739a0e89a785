"""Carries out what a person does on the command line: one command through the one path, one line of answer."""

import argparse
import uuid

from app.actions import command_for, rows_of_form
from app.answers import print_json
from app.bootstrap import Running, put_together, read_settings
from app.clock import SystemClock, VirtualClock
from app.faults import Unusable
from app.log import configure
from app.place import Place, place
from states import commands as c
from states.models import Entry
from states.ranks import RankKind, read_rank
from states.words import word
from workflow.recording import Answer


def act(parsed: argparse.Namespace) -> int:
    """`kaoji report|case|liaison ACT …`."""
    office = place(parsed)
    with _running(office) as running:
        answer = running.workflow.execute(_command(parsed, running))
    _say(answer, parsed)
    return 0


def _running(office: Place) -> Running:
    settings = read_settings(office.config)
    configure(settings.log_level, quiet=True)
    clock = VirtualClock(office.now) if office.now else SystemClock()
    return put_together(settings, clock, office.database)


def _say(answer: Answer, parsed: argparse.Namespace) -> None:
    document: dict[str, object] = {
        "subject": answer.events[0].subject,
        "version": answer.version,
        "repeated": answer.repeated,
        "events": [
            {"seq": row.seq, "kind": row.kind, "subject": row.subject, "to_state": row.to_state}
            for row in answer.events
        ],
    }
    if parsed.json:
        print_json(document)
        return
    moved = next((row.to_state for row in answer.events if row.to_state), None)
    done = "此前已经办理" if answer.repeated else "已办理"
    state = f"，现在是“{word(moved)}”" if moved else ""
    print(f"{done}：{parsed.subject}{state}（第 {answer.version} 版，流转记录第 {answer.events[0].seq} 条）")


def _command(parsed: argparse.Namespace, running: Running) -> c.Command:
    if parsed.act == "import":
        return _import(parsed, running)
    if parsed.act == "edit":
        return _edit(parsed, running)
    words, version = getattr(parsed, "text", ""), parsed.version
    return command_for(parsed.act, **_by(parsed), subject=parsed.subject, words=words, version=version)


def _by(parsed: argparse.Namespace) -> dict[str, str]:
    return {"command_id": parsed.command_id or str(uuid.uuid4()), "actor": parsed.actor}


def _import(parsed: argparse.Namespace, running: Running) -> c.SaveTable:
    rows = rows_of_form(parsed.file, report=parsed.subject, office=running.settings.office)
    if not parsed.with_gaps:
        _need_readable(rows, running)
    return c.SaveTable(**_by(parsed), report=parsed.subject, version=parsed.version, rows=rows, source=parsed.file.name)


def _need_readable(rows: tuple[c.RowDraft, ...], running: Running) -> None:
    """A form with a rank nobody can read is handed back at once, naming each cell."""
    fields = {one.code: one.field for one in running.settings.office.indicators}
    unread = [
        f"{row.place}：最新排名“{row.rank_text}”无法识别，"
        f"应为 1–{fields[row.indicator]} 的名次（如“第5”“预估第5”）或“暂无排名”"
        for row in rows
        if read_rank(row.rank_text, fields[row.indicator]).kind is RankKind.UNREADABLE
    ]
    if unread:
        raise Unusable("；".join(unread), "请改好表格后重新导入；没有保存任何内容（要先存草稿请加 --with-gaps）")


def _edit(parsed: argparse.Namespace, running: Running) -> c.SaveTable:
    standing = _standing(parsed, running)

    def either(given: str | None, stands: str) -> str:
        return stands if given is None else given

    row = c.RowDraft(
        indicator=parsed.indicator,
        rank_text=either(parsed.rank, standing.rank_text),
        comparison=either(parsed.comparison, standing.comparison),
        target=either(parsed.target, standing.target),
    )
    return c.SaveTable(**_by(parsed), report=parsed.subject, version=parsed.version, rows=(row,))


def _standing(parsed: argparse.Namespace, running: Running) -> Entry:
    """The row as it stands: this month's, or with `--take-over` the unit's last one before it."""
    period, _, unit = parsed.subject.partition("/")
    if parsed.take_over:
        reports = [report for report in running.database.reports(unit=unit) if report.period < period][-1:]
    else:
        reports = [report for report in (running.database.report(parsed.subject),) if report]
    rows = [entry for report in reports for entry in report.entries if entry.indicator == parsed.indicator]
    if parsed.take_over and not rows:
        raise Unusable(
            f"{parsed.subject} 的指标 {parsed.indicator} 没有上期可沿用", "请直接填写 --rank --comparison --target"
        )
    return rows[0] if rows else Entry(indicator=parsed.indicator, field=1)
