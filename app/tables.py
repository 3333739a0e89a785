"""Tables on the terminal, with lights for deadlines: colour, word and days, never colour alone."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from states.words import word
from workflow.queries import Document


class Names(Protocol):
    """What units and indicators are called, by code."""

    @property
    def unit_names(self) -> Mapping[str, str]:
        """Units."""

    @property
    def indicators(self) -> Mapping[str, str]:
        """Indicators."""


_COLOURS = {
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


def console() -> Console:
    """Where tables go."""
    wide = None if sys.stdout.isatty() else 132
    return Console(highlight=False, width=wide)


def _state(state: object) -> Text:
    return Text(word(str(state)), style=_COLOURS.get(str(state), ""))


def _instant(value: object) -> str:
    return str(value)[:16].replace("T", " ") if value else "—"


def _light(line: Document) -> Text:
    if line["overdue"]:
        return Text("● 红·逾期", style="bold red")
    if line["submitted_at"]:
        return Text("● 绿·按时", style="green")
    return Text("● 黄·待报", style="yellow")


def _table(title: str | None, columns: Sequence[str]) -> Table:
    table = Table(title=title, header_style="bold", title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _unit(code: object, names: Names) -> str:
    return names.unit_names.get(str(code), str(code))


def _indicator(code: object, names: Names) -> str:
    """The name, and the code by which commands know it."""
    if code is None:
        return "逾期未报"
    name = names.indicators.get(str(code))
    return f"{name} {code}" if name else str(code)


def show_board(lines: Iterable[Document], _: Names, title: str | None = None) -> None:
    """The board: where every report stands."""
    table = _table(title, ("期次", "单位", "状态", "灯", "时限", "报送", "轮次", "办理人", "督查"))
    for line in lines:
        table.add_row(
            str(line["period"]),
            str(line["unit_name"]),
            _state(line["state"]),
            _light(line),
            _instant(line["due_at"]),
            _instant(line["submitted_at"]),
            str(line["round"]),
            "、".join(_strings(line["holders"])) or "—",
            _case_words(line["cases"]),
        )
    console().print(table)


def _strings(value: Any) -> list[str]:
    return [str(one) for one in value]


def _case_words(cases: Any) -> Text:
    words = Text()
    for case in cases:
        if case["state"] != "closed":
            words.append(f"{case['indicator'] or '逾期'}·{word(case['state'])} ", style=_COLOURS[case["state"]])
    return words


def show_cases(lines: Iterable[Document], names: Names, title: str | None = None) -> None:
    """The case list."""
    table = _table(title, ("编号", "单位", "指标", "事由", "状态", "立项", "销号", "分", "扣分状态"))
    for line in lines:
        table.add_row(
            str(line["case"]),
            _unit(line["unit"], names),
            _indicator(line["indicator"], names),
            word(str(line["trigger"])),
            _state(line["state"]),
            _instant(line["opened_at"]),
            _instant(line["closed_at"]),
            "" if line["points"] is None else str(line["points"]),
            word(str(line["points_status"])) if line["points_status"] else "",
        )
    console().print(table)


def show_report(document: Document, names: Names) -> None:
    """One report: its line, its signatures, its entries."""
    show_board([document], names)
    entries = _table(None, ("指标", "排名", "预估", "三区", "标记"))
    for entry in _documents(document["entries"]):
        rank = f"{entry['rank']}/{entry['field']}" if entry["rank"] else "—"
        flags = "、".join(word(flag) for flag in _strings(entry["flags"]))
        place = str(entry["three_district_rank"] or "—")
        entries.add_row(_indicator(entry["indicator"], names), rank, "是" if entry["estimated"] else "", place, flags)
    console().print(entries)
    signoffs = _table(None, ("签批", "何人", "何时", "意见", "效力"))
    for row in _documents(document["signoffs"]):
        standing = "已作废" if row["void"] else "有效"
        signoffs.add_row(_state(row["state"]), str(row["person"]), _instant(row["at"]), str(row["opinion"]), standing)
    console().print(signoffs)


def _documents(value: Any) -> list[Document]:
    return list(value)


def show_case(document: Document, names: Names) -> None:
    """One case and what happened to it."""
    show_cases([document], names)
    show_history(_documents(document["history"]), names)


def show_history(lines: Iterable[Document], _: Names) -> None:
    """What happened, oldest first."""
    table = _table(None, ("序号", "时间", "办理人", "事项", "状态"))
    for line in lines:
        moved = f"{word(str(line['from_state']))} → {word(str(line['to_state']))}" if line["to_state"] else ""
        table.add_row(str(line["seq"]), _instant(line["at"]), str(line["actor"]), str(line["kind"]), moved)
    console().print(table)


def show_liaison(document: Document, names: Names) -> None:
    """Who is behind with visits, and the contacts logged."""
    units = _table("赴市对接", ("单位", "最近一次", "是否超期"))
    for line in _documents(document["units"]):
        late = Text("● 红·超期", style="bold red") if line["behind"] else Text("● 绿·正常", style="green")
        units.add_row(_unit(line["unit"], names), _instant(line["last_visit"]), late)
    contacts = _table("对接记录", ("单位", "何人", "何时", "方式", "内容"))
    for line in _documents(document["contacts"]):
        kind = "赴市对接" if line["kind"] == "visit" else "电话对接"
        contacts.add_row(_unit(line["unit"], names), str(line["person"]), _instant(line["at"]), kind, str(line["text"]))
    console().print(units)
    console().print(contacts)
