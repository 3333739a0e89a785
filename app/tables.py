"""Tables on the terminal, with lights for deadlines: colour, word and days, never colour alone.

What people wrote goes out as plain text: no cell is markup, and nothing in it can steer the terminal.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.names import Names
from app.naming import indicator, person, report, unit
from states.grounds import flags_words, from_facts, ground_words, why_words
from states.plainwords import cleaned
from states.words import door_words, event_word, post_word, purpose_word, state_word, word
from workflow.ports import EventRow
from workflow.queries import Document

_COLOURS: Final = {
    "draft": "white",
    "section_signed": "cyan",
    "leader_signed": "bright_cyan",
    "submitted": "blue",
    "supervised": "green",
    "tracking": "yellow",
    "interview": "bright_red",
    "score_deduction": "red",
    "closed": "green",
}

_WIDE = 110
"""Characters; below this a terminal gets fewer columns rather than broken dates."""


def console() -> Console:
    """Where tables go."""
    wide = None if sys.stdout.isatty() else 132
    return Console(highlight=False, width=wide)


def say(*parts: str | Text) -> None:
    """One line, wrapped by the terminal."""
    console().print(Text.assemble(*(_text(part) for part in parts)), soft_wrap=True)


def _text(cell: object, style: str = "") -> Text:
    """What stands in a cell: never markup, never a control character."""
    return cell if isinstance(cell, Text) else Text(cleaned(str(cell)), style=style)


class _Column(NamedTuple):
    """A column: whether its words may go on in the next line, and whether a narrow terminal does without it."""

    title: str
    folds: bool = False
    wide_only: bool = False


_Cell = str | Text


def _print(title: str | None, columns: Sequence[_Column], rows: Iterable[Sequence[_Cell]]) -> None:
    out = console()
    is_wide = out.width >= _WIDE
    kept = [place for place, column in enumerate(columns) if is_wide or not column.wide_only]
    table = Table(
        title=Text(title) if title else None,
        header_style="bold",
        title_justify="left",
        box=HEAVY_HEAD if is_wide else SIMPLE_HEAD,
        padding=(0, 1) if is_wide else (0, 1, 0, 0),
        pad_edge=is_wide,
        show_edge=is_wide,
    )
    for place in kept:
        table.add_column(columns[place].title, overflow="fold", no_wrap=not columns[place].folds)
    for row in rows:
        table.add_row(*(_broken(_text(row[place]), columns[place], is_wide) for place in kept))
    out.print(table)


def _broken(cell: Text, column: _Column, is_wide: bool) -> Text:
    """A long name in a narrow column goes on with its id in the next line, not amid the id."""
    if is_wide or column.title not in _OF_PEOPLE or cell.cell_len <= _NAME:
        return cell
    return Text(cell.plain.replace("（", "\n（"), style=cell.style)


_OF_PEOPLE: Final = ("何人", "办理人")
_NAME: Final = 18
"""Cells a name with its id may take in one line of a narrow table."""


def _is_wide() -> bool:
    return console().width >= _WIDE


# --- single values -------------------------------------------------------------------------------------------------


def _instant(value: object) -> str:
    return str(value)[:16].replace("T", " ") if value else "—"


def _on_the_clock(stored: str, names: Names) -> str:
    """An instant of an event on the office's clock."""
    return _instant(datetime.fromisoformat(stored).astimezone(ZoneInfo(names.timezone)).isoformat())


def _day(value: object) -> str:
    return str(value)[:10] if value else "—"


def _state(line: Document) -> Text:
    state = str(line["state"])
    own: Any = line.get("state_title")
    said = own[0] if own else state_word(state, str(line.get("level", "")), sent=bool(line.get("sent")))
    return Text(said, style="yellow" if state == "draft" and line.get("sent") else _COLOURS.get(state, ""))


def _light(line: Document) -> Text:
    if line["overdue"]:
        return Text("● 红·迟报" if line["submitted_at"] else "● 红·逾期", style="bold red")
    if line["submitted_at"]:
        return Text("● 绿·按时", style="green")
    return Text("● 黄·待报", style="yellow")


def _people(codes: Any, names: Names) -> str:
    return "、".join(person(code, names) for code in codes) or "—"


_VACANT: Final = Text("空缺，无人任此职", style="bold red")


def _is_vacant(line: Document) -> bool:
    """A report that waits for somebody, in a post that nobody holds."""
    return not line["holders"] and line["state"] != "supervised"


def _holders(line: Document, names: Names) -> _Cell:
    return _VACANT if _is_vacant(line) else _people(line["holders"], names)


def _documents(value: Any) -> list[Document]:
    return list(value)


# --- the board -----------------------------------------------------------------------------------------------------

_BOARD = (
    _Column("期次"),
    _Column("单位", folds=True),
    _Column("状态", folds=True),
    _Column("灯"),
    _Column("时限"),
    _Column("报送", wide_only=True),
    _Column("轮次", wide_only=True),
    _Column("办理人", folds=True),
    _Column("督查件", folds=True, wide_only=True),
)


def show_board(lines: Iterable[Document], names: Names, title: str | None = None) -> None:
    """The board: where every report stands, and with whom."""
    _print(
        title,
        _BOARD,
        (
            (
                str(line["period"]),
                str(line["unit_name"]),
                _state(line),
                _light(line),
                _instant(line["due_at"]),
                _instant(line["submitted_at"]),
                str(line["round"]),
                _holders(line, names),
                _case_words(line["cases"]),
            )
            for line in lines
        ),
    )


def _case_words(cases: Any) -> Text:
    """How many cases stand where, the gravest first."""
    counted = Counter(str(case["state"]) for case in cases)
    words = Text()
    for state in ("score_deduction", "interview", "tracking"):
        if counted[state]:
            words.append(f"{word(state)}{counted[state]} ", style=_COLOURS[state])
    return words


# --- one report ----------------------------------------------------------------------------------------------------

_NEXT: Final = {
    "remind": "系统提醒办理人",
    "overdue": "仍未报送则记为逾期",
    "case": "仍未报送则督查立项",
    "interview": "仍未报送则转督查约谈",
    "deduction": "仍未报送则转考绩扣分",
    "review": "系统自动督查",
    "roster": "任职有变，系统核对办理人",
}
"""What a report's next timer does."""

_SIGNOFFS = (
    _Column("签批", folds=True),
    _Column("何人", folds=True),
    _Column("何时"),
    _Column("意见", folds=True),
    _Column("效力"),
)


def show_report(document: Document, names: Names, now: datetime) -> None:
    """One report: where it stands, with whom since when, what happens next; its table, signatures and cases."""
    say(Text(report(str(document["report"]), names), style="bold"))
    say("状态：", _state(document), f"（第 {document['round']} 轮，第 {document['version']} 版）  ", _light(document))
    say(f"时限：{_instant(document['due_at'])}  报送：{_instant(document['submitted_at'])}")
    if document["holders"]:
        since = str(document["since"])
        days = (now - datetime.fromisoformat(since)).days
        say(f"办理人：{_people(document['holders'], names)}，自 {_instant(since)} 起（{days} 天）")
    elif _is_vacant(document):
        say("办理人：", _VACANT, "，请告知管理员任命；缺哪一职见 kaoji who")
    following: Any = document["next"]
    if following:
        say(f"接下来：{_instant(following['at'])} {_NEXT[following['what']]}")
    for mail in _documents(document["undelivered"]):
        told = purpose_word(str(mail["purpose"]))
        say(
            Text(
                f"没有送达：第 {mail['mail']} 号邮件“{told}”（{mail['name']}），见 kaoji mail show {mail['mail']}",
                "red",
            )
        )
    show_table(document, names)
    signoffs = _documents(document["signoffs"])
    if signoffs:
        _print("签批", _SIGNOFFS, (_signoff(row, document, names) for row in signoffs))
    for case in _documents(document["cases"]):
        say(f"督查件 {case['case']}：{indicator(case['indicator'], names)}，", _case_state(case))


def _case_state(case: Document) -> Text:
    return Text(word(str(case["state"])), style=_COLOURS.get(str(case["state"]), ""))


def _signoff(row: Document, document: Document, names: Names) -> Sequence[_Cell]:
    standing = Text("已作废", style="dim") if row["void"] else Text("有效", style="green")
    who = person(row["person"], names)
    if row["on_behalf_of"]:
        who += f" 代 {person(row['on_behalf_of'], names)}"
    return _state({**row, "level": document["level"]}), who, _instant(row["at"]), str(row["opinion"]), standing


_TITLES: Final = {"rank_text": "最新排名", "comparison": "三区比较", "target": "年终承诺目标"}

_TABLE = (
    _Column("指标", folds=True),
    _Column("最新排名", folds=True),
    _Column("读作", folds=True),
    _Column("三区比较", folds=True),
    _Column("年终承诺目标", folds=True),
    _Column("上期", folds=True),
    _Column("标记", folds=True),
)


def show_table(document: Document, names: Names) -> None:
    """The table of a report (`document["table"]`, as `Board.table` gives it): each row as written and as read, what it
    was last month, and what was changed since an earlier version. On a narrow terminal each row is a block.
    """
    rows = _documents(document["table"])
    if _is_wide():
        _print("表中内容", _TABLE, (_row(row, names) for row in rows))
        return
    say(Text("表中内容", style="italic"))
    out = console()
    for number, row in enumerate(rows, start=1):
        say(Text(f"{number}. {indicator(row['indicator'], names)}", style="bold"), "  ", _flags(row))
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_column(no_wrap=True)
        block.add_column(overflow="fold")
        for field in ("rank_text", "comparison", "target"):
            block.add_row(f"   {_TITLES[field]}", _written(row, field))
            if field == "rank_text":
                block.add_row("   读作", _as_read(row))
        if row["last_month"]:
            block.add_row("   上期", _last_month(row))
        out.print(block)


def _row(row: Document, names: Names) -> Sequence[_Cell]:
    return (
        indicator(row["indicator"], names),
        _written(row, "rank_text"),
        _as_read(row),
        _written(row, "comparison"),
        _written(row, "target"),
        _last_month(row),
        _flags(row),
    )


def _written(row: Document, field: str) -> Text:
    """The words as they stand, and below them what stood there in an earlier version."""
    words = _text(row[field]) if row[field] else Text("（未填）", style="dim")
    for change in _documents(row["changed"]):
        if change["field"] == field:
            before = cleaned(str(change["before"])) or "空白"
            words = Text.assemble(words, "\n", (f"第{change['version']}版为：{before}", "yellow"))
    return words


def _as_read(row: Document) -> Text:
    read: Any = row["read"]
    if read["kind"] == "unreadable":
        return Text("未填", style="dim") if not row["rank_text"] else Text("无法识别", style="bold red")
    return Text(reading_words(read))


def reading_words(read: Mapping[str, Any]) -> str:
    """What was read in a rank cell: `第5/11，预估，三区第2`."""
    if read["kind"] == "unreadable":
        return "无法识别"
    if read["kind"] == "none":
        words = ["暂无排名"]
    else:
        best, worst = read["best"], read["worst"]
        words = [f"第{best}/{read['field']}" if best == worst else f"第{best}-{worst}/{read['field']}"]
    words += ["并列"] if read["tied"] else []
    words += ["预估"] if read["estimated"] else []
    words += [f"三区第{read['three_district_rank']}"] if read["three_district_rank"] else []
    return "，".join(words)


def _last_month(row: Document) -> Text:
    last, read = row["last_month"], row["read"]
    if not isinstance(last, dict) or not isinstance(read, dict):
        return Text("—", style="dim")
    words = _text(last["rank_text"] or "（未填）")
    if last["rank"] and read["rank"]:
        gained = last["rank"] - read["rank"]
        moved = f"进{gained}位" if gained > 0 else f"退{-gained}位" if gained < 0 else "持平"
        words.append(f"，{moved}", style="green" if gained > 0 else "red" if gained < 0 else "")
    for field in ("comparison", "target"):
        if last[field] != row[field]:
            words.append(f"\n{_TITLES[field]}：{cleaned(last[field]) or '空白'}", style="dim")
    return words


def _flags(row: Document) -> Text:
    flags: Any = row["flags"]
    return Text("、".join(word(flag) for flag in flags), style="red" if "lagging" in flags else "")


# --- cases ---------------------------------------------------------------------------------------------------------

_CASES = (
    _Column("编号"),
    _Column("单位", folds=True),
    _Column("指标", folds=True),
    _Column("事由", wide_only=True),
    _Column("状态"),
    _Column("立项"),
    _Column("销号", wide_only=True),
    _Column("扣分"),
)


def show_cases(lines: Iterable[Document], names: Names, title: str | None = None) -> None:
    """The case list."""
    _print(
        title,
        _CASES,
        (
            (
                str(line["case"]),
                unit(line["unit"], names),
                indicator(line["indicator"], names),
                word(str(line["trigger"])),
                _case_state(line),
                _day(line["opened_at"]),
                _day(line["closed_at"]),
                _points(line),
            )
            for line in lines
        ),
    )


def _points(line: Document) -> str:
    return "" if line["points"] is None else f"{line['points']} {word(str(line['points_status']))}"


def show_case(document: Document, names: Names, events: Sequence[EventRow]) -> None:
    """One case: its ground, where it stands, what happens next; and everything that happened, with its reasons."""
    about = indicator(document["indicator"], names)
    say(Text(f"督查件 {document['case']}：{unit(document['unit'], names)}，{about}", style="bold"))
    say("状态：", _case_state(document), f"  事由：{word(str(document['trigger']))}")
    say(f"立项：{_instant(document['opened_at'])}，由 {report(str(document['report']), names)}")
    why = why_words(str(document["trigger"]), [from_facts(ground) for ground in _documents(document["grounds"])])
    rank = f"立项时排名：第{document['opened_rank']}；" if document["opened_rank"] else ""
    say(f"{rank}依据：{why}")
    if document["points"] is not None:
        say(f"扣分：{_points(document)}")
    if document["closed_at"]:
        say(f"销号：{_instant(document['closed_at'])}")
    for step in _documents(document["next"]):
        say(f"接下来：{_follows(step, str(document['state']))}")
    show_history(_documents(document["history"]), names, events)


def _follows(step: Document, state: str) -> str:
    at = _instant(step["at"])
    match step["what"]:
        case "feedback_due":
            return f"{at} 前反馈整改情况，否则转督查约谈"
        case "interview_due":
            return f"{at} 前约谈，此后每个工作日提醒考绩办"
        case "appeal_until":
            return f"{at} 前可以申诉一次"
        case "may_confirm":
            return f"{f'{at} 起考绩办' if step['at'] else '考绩办现在'}可以确认扣分；不予扣分随时可以"
        case "next_review":
            worse = "转考绩扣分" if state == "interview" else "转督查约谈"
            return f"下次督查：已有进位且不再落后则销号，未见进位则{worse}"
    return f"{at} {_NEXT[str(step['what'])]}"


# --- what happened -------------------------------------------------------------------------------------------------

_HISTORY = (
    _Column("序号", wide_only=True),
    _Column("时间"),
    _Column("轮", wide_only=True),
    _Column("何人", folds=True),
    _Column("事项", folds=True),
    _Column("内容", folds=True),
)


def show_history(lines: Iterable[Document], names: Names, events: Sequence[EventRow]) -> None:
    """What happened, oldest first, with every reason, opinion and ground. `events` are the rows the lines tell of."""
    told: list[tuple[list[_Cell], EventRow, int]] = []
    for line, row in zip(lines, events, strict=True):
        # Weeks of the same reminder are one line: what matters is how often, and until when.
        if told and row.kind in _REPEATED and row.kind == told[-1][1].kind:
            cells, first, times = told.pop()
            cells[-1] = f"共 {times + 1} 次，最近一次 {_instant(line['at'])}"
            told.append((cells, first, times + 1))
        else:
            told.append(([*_happened(line, row, names)], row, 1))
    _print("流转记录", _HISTORY, (cells for cells, _, _ in told))


_REPEATED: Final = ("interview_reminded", "liaison_reminded")


def _happened(line: Document, row: EventRow, names: Names) -> Sequence[_Cell]:
    facts = json.loads(row.payload)
    level = names.levels.get(row.subject.rpartition("/")[2], "")
    said = event_word(row.kind, how=facts.get("how", "edit"))
    if row.to_state and row.kind not in ("report_opened", "case_opened"):
        came_from = state_word(row.from_state or "", level)
        said += f"\n{came_from} → {state_word(row.to_state, level)}"
    told = [*_particulars(row.kind, facts, names)]
    if line["rule"]:
        told.append(why_words(str(line["rule"]), [from_facts(ground) for ground in _documents(line["grounds"])]))
    if line["text"]:
        told.append(cleaned(str(line["text"])))
    who = person(line["actor"], names)
    if row.door is not None:
        who += f"\n{door_words(row.door, row.proof)}"
    return (
        str(line["seq"]),
        _instant(line["at"]),
        str(line["round"] or ""),
        who,
        said,
        "\n".join(told),
    )


def _particulars(kind: str, facts: Mapping[str, Any], names: Names) -> Iterable[str]:
    """What an event of that kind says besides its reason and people's words."""
    match kind:
        case "table_saved":
            saved = [indicator(entry["indicator"], names) for entry in facts["entries"]]
            more = f"等 {len(saved)} 项" if len(saved) > 3 else ""
            yield "、".join(saved[:3]) + more + (f"，来自 {facts['source']}" if facts["source"] else "")
            if facts.get("took_back"):
                yield "已送签的自动收回"
        case "report_signed" if facts["on_behalf_of"]:
            yield f"代 {person(facts['on_behalf_of'], names)}"
        case "report_reviewed":
            for judged in facts["judgements"]:
                if judged["flags"]:
                    last = f"（上期第{judged['previous']}）" if judged["previous"] else ""
                    yield f"{indicator(judged['indicator'], names)}：第{judged['rank']}{last}"
                    yield from flags_words(judged["flags"], [from_facts(ground) for ground in judged["grounds"]])
        case "holder_reminded":
            yield f"距时限 {facts['days_left']} 个工作日" if facts["days_left"] else "今天截止"
        case "overdue_escalated":
            yield word(facts["to"]) + (f"，督查件 {facts['case']}" if facts["case"] else "")
        case "holder_changed" | "deadline_moved":
            shown = _people if kind == "holder_changed" else _on_the_clock
            yield f"{shown(facts['before'], names)} → {shown(facts['after'], names)}"
        case "points_proposed":
            yield f"拟扣 {facts['points']} 分"


# --- why -----------------------------------------------------------------------------------------------------------

_WHY = (
    _Column("何事", folds=True),
    _Column("依据", folds=True),
    _Column("时间"),
    _Column("何人", folds=True),
    _Column("流转记录", wide_only=True),
    _Column("规则自", wide_only=True),
)

_ABOUT: Final = {"deadline": "时限", "overdue": "逾期", "flag": "判定", "case": "督查件", "points": "扣分"}


def show_why(reasons: Iterable[Document], names: Names) -> None:
    """Each reason: what it is for, the rule with its numbers, when and whose it was, and since when the rules stand."""
    _print(None, _WHY, (_reason(one, names) for one in reasons))


def _reason(reason: Document, names: Names) -> Sequence[_Cell]:
    about = _ABOUT[str(reason["about"])]
    if reason["case"] is not None:
        about = f"第 {reason['case']} 号督查件{event_word(str(reason['kind']))}"
    if reason["indicator"] is not None:
        about += f"\n{indicator(reason['indicator'], names)}"
    grounds = [from_facts(ground) for ground in _documents(reason["grounds"])]
    flags: Any = reason["flags"]
    if flags:
        said = flags_words(flags, grounds)
    else:
        said = [why_words(str(reason["rule"]), grounds[:1]), *map(ground_words, grounds[1:])] if grounds else []
    if reason["text"]:
        said.append(cleaned(str(reason["text"])))
    since = "" if reason["rules_since"] is None else f"第 {reason['rules_since']} 条"
    event = f"第 {reason['event']} 条"
    return about, "\n".join(said), _instant(reason["at"]), person(reason["person"], names), event, since


# --- what waits ----------------------------------------------------------------------------------------------------

_TO_DO: Final = {
    "fill": "填报、送签",
    "interview": "督查约谈",
    "confirm": "确认扣分，或不予扣分",
    "appeal": "可以申诉",
    "visit": "赴市对接",
}
"""What an item of an inbox asks for, where that is not just the act it is named by."""

_ACTS = (_Column("事项"), _Column("以何岗位", folds=True), _Column("需要", folds=True))


def show_acts(items: Sequence[Document], names: Names, who: str, of: str) -> None:
    """What is open to a person on a report or a case, by which post, and what each act needs."""
    rows = ((str(one["word"]), _by_post(one, names), _needs(one)) for one in items)
    _print(f"{person(who, names)}对 {of} 可以办理的事项", _ACTS, rows)


def _by_post(item: Document, names: Names) -> str:
    if item["post"] is None:
        return "本人"
    role, _, where = str(item["post"]).partition("@")
    return f"{unit(where, names)}{post_word(role)}"


def _needs(item: Document) -> str:
    needs: Any = item["needs"]
    gaps: Any = item["gaps"]
    said = [f"写明{one['what']}" if one["must"] else f"可写{one['what']}" for one in needs]
    return "；".join([*said, *([f"先补齐 {len(gaps)} 处"] if gaps else [])]) or "—"


_INBOX = (
    _Column("事项", folds=True),
    _Column("对象", folds=True),
    _Column("期限", folds=True),
    _Column("自何时", wide_only=True),
    _Column("命令", folds=True, wide_only=True),
)


def show_inbox(items: Sequence[Document], names: Names, who: str, now: datetime) -> None:
    """Everything that waits for a person, the most pressing first."""
    _print(f"{person(who, names)}的待办（{len(items)} 件）", _INBOX, (_item(one, names, who, now) for one in items))


def _item(item: Document, names: Names, who: str, now: datetime) -> Sequence[_Cell]:
    from states.acts import ACTS  # of all tables, only this one names acts

    kind, subject = str(item["kind"]), str(item["subject"])
    if kind == "visit":
        about = unit(subject, names)
    elif "report" in item:
        about = report(subject, names)
    else:
        grounds = [from_facts(ground) for ground in _documents(item["grounds"])]
        about = f"督查件{subject}：{unit(item['unit'], names)}，{indicator(item['indicator'], names)}"
        about += f"\n{why_words(str(item['rule']), grounds)}"
    until = Text(f"{_instant(item['until'])} 前" if item["until"] else "—")
    if item["late"]:
        until.append(" ● 红·已过", style="bold red")
    if item["from"]:
        ahead = datetime.fromisoformat(str(item["from"])) >= now
        until = Text(f"{_instant(item['from'])} 之后" if ahead else "现在可以")
    act = ACTS["send" if kind == "fill" else kind]
    asks = f"kaoji {act.on.group} {act.name} {subject} --as {who}"
    return _TO_DO.get(kind, act.word[0]), about, until, _instant(item["since"]), asks


# --- liaison -------------------------------------------------------------------------------------------------------

_LIAISON = (_Column("单位", folds=True), _Column("最近一次"), _Column("下次不迟于"), _Column("是否超期"))
_CONTACTS = (
    _Column("单位", folds=True),
    _Column("何人", folds=True),
    _Column("何时"),
    _Column("方式", wide_only=True),
    _Column("内容", folds=True),
)


def show_liaison(document: Document, names: Names) -> None:
    """Who is behind with visits, and the contacts logged."""
    _print("赴市对接", _LIAISON, (_visited(line, names) for line in _documents(document["units"])))
    contacts = _documents(document["contacts"])
    if contacts:
        _print("对接记录", _CONTACTS, (_contact(line, names) for line in contacts))
    else:
        say("还没有对接记录")


def _visited(line: Document, names: Names) -> Sequence[_Cell]:
    late = Text("● 红·超期", style="bold red") if line["behind"] else Text("● 绿·正常", style="green")
    return unit(line["unit"], names), _day(line["last_visit"]), _day(line["next_due"]), late


def _contact(line: Document, names: Names) -> Sequence[_Cell]:
    kind = "赴市对接" if line["kind"] == "visit" else "电话对接"
    return unit(line["unit"], names), person(line["person"], names), _instant(line["at"]), kind, str(line["text"])


# --- who is who ----------------------------------------------------------------------------------------------------

_POSTS = (
    _Column("单位", folds=True),
    _Column("职务", folds=True),
    _Column("何人", folds=True),
    _Column("起"),
    _Column("止"),
)


def show_posts(lines: Iterable[Document], names: Names) -> None:
    """Who holds which post from when to when; a post that nobody holds is named as vacant."""
    _print(None, _POSTS, (_post(line, names) for line in lines))


def _post(line: Document, names: Names) -> Sequence[_Cell]:
    who = Text("空缺", style="bold red")
    if line["person"]:
        who = _text(person(line["person"], names) + ("" if line["now"] else "（今天不在任）"))
    return str(line["unit_name"]), post_word(str(line["role"])), who, _day(line["from"]), _day(line["to"])
