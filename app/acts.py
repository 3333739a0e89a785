"""Carries out what a person does on the command line: one command through the one path, and a read-back of what it came
to.
"""

import argparse
import json
import os
import pwd
import sys
import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from app.answers import print_json
from app.bootstrap import Running, for_acts
from app.clock import SystemClock, VirtualClock
from app.forms import rows_of_form
from app.names import bodies_in, names_of
from app.naming import resolve_person, resolve_report, resolve_unit
from app.place import place
from app.refusals import Unusable, log_when_needed
from states import commands as c
from states.acts import ACTS, LIAISON, MAIL, OFFICE, Act, row_of
from states.case import is_proposed_in
from states.errors import WrongContent
from states.gaps import gap_words
from states.models import Report
from states.permits import Capacity, Standing, capacity
from states.report import (
    NOT_SUBMITTED_COMPARISON,
    NOT_SUBMITTED_RANK,
    changes_nothing,
    gaps,
    merged,
    read_row,
)
from states.words import report_word, word
from storage.errors import StorageError
from workflow.ports import EventRow
from workflow.recording import Answer


def act(parsed: argparse.Namespace) -> int:
    """`kaoji report|case|liaison|mail ACT …` and `kaoji resume`."""
    act = ACTS[parsed.act]
    if not act.whole:
        _need_one_way(act, parsed)
    with _running(parsed) as running:
        try:
            if act.name == "waive" and parsed.subject is None:
                return _waive_span(act, parsed, running)
            if act.name == "retry" and parsed.dead:
                dead = [mail for mail in running.database.messages(state="dead") if mail.acknowledged_at is None]
                parsed.subject = [mail.id for mail in dead]
                if not dead:
                    print("没有未送达的邮件")
                    return 0
            answer = _carried_out(_command(act, parsed, running), _where_seen(act, parsed), running)
        finally:
            running.keep_mark()
        _say(act, answer, parsed, running)
    return 0


def _need_one_way(act: Act, parsed: argparse.Namespace) -> None:
    """What an act is about is named, or meant by an argument: one of both."""
    told = vars(parsed)
    if bool(parsed.subject) == any(told[one.name] for one in act.arguments):
        raise Unusable(_WAYS[act.name], f"见 kaoji {act.on.group} {act.name} --help")


_WAYS: Final = {
    "waive": "请写明一件督查件，或用 --from 和 --to 写明一段时间，两者取其一",
    "retry": "请写明邮件编号，或用 --dead 重发全部未送达的邮件，两者取其一",
}


def _waive_span(act: Act, parsed: argparse.Namespace, running: Running) -> int:
    """Every proposal of a span of time: what a wrong clock proposed goes in one command."""
    since, until = (_instant(vars(parsed)[end], running) for end in ("from", "to"))
    command = c.WaivePoints(**_by(parsed), case="", since=since, until=until, reason=parsed.text)
    answer = _carried_out(command, "kaoji case list", running)
    waived = [row.subject.partition(":")[2] for row in answer.events]
    left = [case for case in running.database.cases(open_only=True) if is_proposed_in(case, command)]
    if parsed.json:
        print_json(
            {
                "waived": [int(number) for number in waived],
                "left": [case.id for case in left],
                "event": answer.events[0].seq,
                "repeated": answer.repeated,
            }
        )
    else:
        again = "此前已经办理，" if answer.repeated else ""
        print(f"{again}{act.word[0]}：第 {'、'.join(waived)} 号督查件，共 {len(waived)} 件")
    for case in left:
        whose = running.rules.assessors(case.unit, running.clock.now())
        print(f"第 {case.id} 号督查件仍拟扣分，不归您办理", file=sys.stderr)
        print(f"应由考绩办办理：{'、'.join(map(running.rules.office.named, whose))}", file=sys.stderr)
    return 1 if left else 0


def _instant(text: str | None, running: Running) -> datetime:
    """A day's midnight or an instant, in the office's zone where it names none."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        raise Unusable(f"时间“{text or ''}”读不出", "应如 2026-11-24 或 2026-11-24T09:00") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=running.rules.calendar.zone)


def _running(parsed: argparse.Namespace) -> Running:
    office = place(parsed)
    log_when_needed()
    running = for_acts(office.machine(), VirtualClock(office.now) if office.now else SystemClock())
    try:
        names = names_of(bodies_in(running.database))
        parsed.actor = resolve_person(parsed.actor, names)
        if isinstance(getattr(parsed, "subject", None), str):
            parsed.subject = resolve_report(resolve_unit(parsed.subject, names), names)
    except BaseException:
        running.database.close()
        raise
    return running


def _carried_out(command: c.Command, seen: str, running: Running) -> Answer:
    """The answer. Where the database failed it may have been done all the same: say how to ask, and how to repeat.

    `seen` is the question whose answer shows that it was done.
    """
    try:
        return running.workflow.execute(command)
    except StorageError as fault:
        raise Unusable(
            fault.message,
            f"{fault.remedy}；本次命令编号 {command.command_id}：请先用 {seen} 查看是否已经办理，"
            f"没有则加 --command-id '{command.command_id}' 重试，同一编号至多生效一次",
        ) from fault


# --- what was asked ------------------------------------------------------------------------------------------------


def _command(act: Act, parsed: argparse.Namespace, running: Running) -> c.Command:
    """What was written, as the act's command: a form is read, an indicator and a day are understood."""
    more = _by(parsed)
    if act.on.versioned:
        more["version"] = parsed.version
    match act.name:
        case "import":
            more |= _of_form(parsed, running)
        case "edit":
            more |= _of_edit(parsed, running)
        case "visit" | "call" if parsed.date is not None:
            more["took_place"] = _instant(parsed.date, running)
    subject = tuple(parsed.subject) if act.on.several else getattr(parsed, "subject", None)
    command = act.asked(subject=subject, words=getattr(parsed, "text", ""), **more)
    if isinstance(command, c.SaveTable) and not command.take_over and parsed.command_id is None:
        _need_change(command, running)
    return command


def _where_seen(act: Act, parsed: argparse.Namespace) -> str:
    """The question whose answer shows that such an act was done."""
    if act.on is MAIL:
        return "kaoji mail list"
    if act.on is OFFICE:
        return "kaoji check"
    return f"kaoji liaison list --unit {parsed.subject}" if act.on is LIAISON else f"kaoji history {parsed.subject}"


def _by(parsed: argparse.Namespace) -> dict[str, Any]:
    return {
        "command_id": parsed.command_id or str(uuid.uuid4()),
        "actor": parsed.actor,
        "door": "console",
        "proof": console_user(),
    }


def console_user() -> str:
    """Who sits at the console, as the operating system knows it: the proof of an act by that door (spec, part 16)."""
    uid = os.getuid()
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


def _of_form(parsed: argparse.Namespace, running: Running) -> dict[str, Any]:
    rows = rows_of_form(parsed.file, report=parsed.subject, office=running.rules.office)
    report = running.database.report(parsed.subject)
    if report is not None and not parsed.with_gaps:
        _need_readable(rows, report, running)
    return {"rows": rows, "source": parsed.file.name}


def _need_change(command: c.SaveTable, running: Running) -> None:
    """At the console a save that changes nothing is a slip; the rules let a table that came back be confirmed so.

    A repetition under its id is none: it is answered as then.
    """
    report, act = running.database.report(command.report), row_of(command).name
    if report is None or report.sent or command.version not in (None, report.version):
        return  # the rules say what is wrong, here and below
    present = {entry.indicator: entry for entry in report.entries}
    may = capacity(act, command.actor, Standing(report, running.rules, running.clock.now()))
    if not isinstance(may, Capacity) or not present.keys() >= {row.indicator for row in command.rows}:
        return
    rows = [read_row(present[row.indicator], row, running.rules) for row in c.in_plain_words(command).rows]
    if changes_nothing(report, rows):
        raise WrongContent("nothing_changed", act=act)


def _need_readable(rows: tuple[c.RowDraft, ...], report: Report, running: Running) -> None:
    """A form with a rank nobody can read is handed back at once, naming every gap of the table, each with its cell."""
    present = {entry.indicator: entry for entry in report.entries}
    read = [read_row(present[row.indicator], row, running.rules) for row in rows if row.indicator in present]
    if all(entry.reading.kind.value != "unreadable" for entry in read):
        return
    found = gaps(replace(report, entries=merged(report.entries, read)), running.rules)
    raise Unusable(
        "\n".join((f"表中有 {len(found)} 处没有填好：", *map(gap_words, found))),
        "请改好表格后重新导入；没有保存任何内容（要先存草稿请加 --with-gaps）",
    )


def _of_edit(parsed: argparse.Namespace, running: Running) -> dict[str, Any]:
    if not parsed.take_over and parsed.rank is parsed.comparison is parsed.target is None:
        raise Unusable("没有写要改什么", "请写 --rank、--comparison、--target 中的至少一项，或 --take-over 沿用上期")
    row = c.RowDraft(
        indicator=_indicator(parsed.indicator, parsed.subject, running),
        rank_text=parsed.rank,
        comparison=parsed.comparison,
        target=parsed.target,
    )
    return {"rows": (row,), "take_over": parsed.take_over}


def _indicator(written: str, ref: str, running: Running) -> str:
    """The code of an indicator named by its code or its name; what is neither is left to the rules to refuse."""
    office, unit = running.rules.office, ref.partition("/")[2]
    own = office.indicators_of(unit) if unit in office.unit_by_code else ()
    return next((one.code for one in own if written in (one.code, one.name)), written)


# --- what it came to -----------------------------------------------------------------------------------------------


def _say(act: Act, answer: Answer, parsed: argparse.Namespace, running: Running) -> None:
    if act.on is MAIL and parsed.json:
        print_json({"mails": parsed.subject, "event": answer.events[0].seq, "repeated": answer.repeated})
        return
    if act.on is MAIL:
        again = "此前已经办理，" if answer.repeated else ""
        done = "将重发" if act.name == "retry" else "已登记"
        listed = "、".join(map(str, parsed.subject))
        print(f"{again}{done}第 {listed} 号，共 {len(parsed.subject)} 封（流转记录第 {answer.events[0].seq} 条）")
        return
    saved = next((row for row in answer.events if row.kind == "table_saved"), None)
    read_back = {} if saved is None else _read_back(saved, parsed.subject, running)
    if parsed.json:
        events = [
            {"seq": row.seq, "kind": row.kind, "subject": row.subject, "to_state": row.to_state}
            for row in answer.events
        ]
        document: dict[str, object] = {
            "subject": answer.events[0].subject,
            "version": answer.version,
            "repeated": answer.repeated,
            "events": events,
            **read_back,
        }
        print_json(document)
        return
    if act.on is OFFICE:
        print(f"已确认，恢复工作（流转记录第 {answer.events[0].seq} 条）")
        return
    own = [row for row in answer.events if row.subject == answer.events[0].subject]
    moved = next((row.to_state for row in reversed(own) if row.to_state), None)
    done = "此前已经办理" if answer.repeated else "已办理"
    state = f"，现在是“{_state_said(moved, answer.events[0].subject, running)}”" if moved else ""
    version = f"第 {answer.version} 版，" if answer.version else ""
    about = _about(answer.events[0].subject, parsed.subject, running)
    print(f"{done}：{about}{state}（{version}流转记录第 {answer.events[0].seq} 条）")
    for line in _lines(read_back):
        print(line)


def _state_said(state: str, subject: str, running: Running) -> str:
    """In the words of the report's level; a case's state is called the same at each."""
    kind, _, ref = subject.partition(":")
    report = running.database.report(ref) if kind == "report" else None
    return report_word(report.route, state, report.level) if report else word(state)


def _about(subject: str, asked: str, running: Running) -> str:
    """What was acted on, by its name: a case by its number and matter, a contact by its unit."""
    office = running.rules.office
    kind, _, key = subject.partition(":")
    if kind == "case":
        case = running.database.case(key)
        unit = office.unit_by_code.get(case.unit) if case else None
        return f"第 {key} 号督查件" + (f"（{unit.name}）" if unit else "")
    if kind == "duty":
        unit = office.unit_by_code.get(asked)
        return f"{unit.name if unit else asked}的对接登记"
    return asked


def _read_back(saved: EventRow, ref: str, running: Running) -> dict[str, object]:
    """What a save left: how many rows, what the table still lacks, whether it has to be sent again."""
    report = running.database.report(ref)
    event = json.loads(saved.payload)
    if report is None:
        return {}
    unreported = []
    if event["how"] == "consolidate":
        office = running.rules.office
        lacking = [
            office.indicator_by_code[entry["indicator"]].lead_unit
            for entry in event["entries"]
            if (entry["rank_text"], entry["comparison"]) == (NOT_SUBMITTED_RANK, NOT_SUBMITTED_COMPARISON)
            and entry["indicator"] in office.indicator_by_code
        ]
        unreported = [office.unit_by_code[unit].name for unit in dict.fromkeys(lacking)]
    return {
        "saved": len(event["entries"]),
        "rows": len(report.entries),
        "took_back": event.get("took_back", False),
        "unreported": unreported,
        "gaps": [gap_words(gap) for gap in gaps(report, running.rules)],
    }


def _lines(read_back: dict[str, object]) -> list[str]:
    if not read_back:
        return []
    found, unreported = read_back["gaps"], read_back["unreported"]
    lines = [f"本次保存 {read_back['saved']} 项，全表 {read_back['rows']} 项"]
    if read_back["took_back"]:
        lines.append("原已送签，因修改自动收回，已告知签字人；改好后请重新送签")
    if isinstance(unreported, list) and unreported:
        lines.append(
            f"尚未报送、按“{NOT_SUBMITTED_RANK}／{NOT_SUBMITTED_COMPARISON}”列入的科室：{'、'.join(unreported)}"
        )
    if isinstance(found, list):
        lines += [f"还有 {len(found)} 处没有填好：", *found] if found else ["全表已填齐，可以送签"]
    return lines
