"""Tables on the terminal, with lights for deadlines: colour, word and days, never colour alone."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
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


def _day(value: object) -> str:
    return str(value)[:10] if value else "—"


def _light(line: Document) -> Text:
    if line["overdue"]:
        return Text("● 红·逾期", style="bold red")
    if line["submitted_at"]:
        return Text("● 绿·按时", style="green")
    return Text("● 黄·待报", style="yellow")


class _Column(NamedTuple):
    """A column: whether its words may go on in the next line, and whether a narrow terminal does without it."""

    title: str
    folds: bool = False
    wide_only: bool = False


_Cell = str | Text
_WIDE = 110
"""Characters; below this a terminal gets fewer columns rather than broken dates."""


def _print(title: str | None, columns: Sequence[_Column], rows: Iterable[Sequence[_Cell]]) -> None:
    out = console()
    is_wide = out.width >= _WIDE
    kept = [place for place, column in enumerate(columns) if is_wide or not column.wide_only]
    table = Table(title=title, header_style="bold", title_justify="left", box=HEAVY_HEAD if is_wide else SIMPLE_HEAD)
    for place in kept:
        table.add_column(columns[place].title, overflow="fold", no_wrap=not columns[place].folds)
    for row in rows:
        table.add_row(*(row[place] for place in kept))
    out.print(table)


def _unit(code: object, names: Names) -> str:
    return names.unit_names.get(str(code), str(code))


def _indicator(code: object, names: Names) -> str:
    """The name, and the code by which commands know it."""
    if code is None:
        return "逾期未报"
    name = names.indicators.get(str(code))
    return f"{name} {code}" if name else str(code)


_BOARD = (
    _Column("期次"),
    _Column("单位", folds=True),
    _Column("状态"),
    _Column("灯"),
    _Column("时限"),
    _Column("报送", wide_only=True),
    _Column("轮次", wide_only=True),
    _Column("办理人", folds=True, wide_only=True),
    _Column("督查件", folds=True),
)


def show_board(lines: Iterable[Document], _: Names, title: str | None = None) -> None:
    """The board: where every report stands."""
    _print(
        title,
        _BOARD,
        (
            (
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
            for line in lines
        ),
    )


def _strings(value: Any) -> list[str]:
    return [str(one) for one in value]


def _case_words(cases: Any) -> Text:
    """How many cases stand where, the gravest first."""
    counted = Counter(str(case["state"]) for case in cases)
    words = Text()
    for state in ("score_deduction", "interview", "tracking"):
        if counted[state]:
            words.append(f"{word(state)}{counted[state]} ", style=_COLOURS[state])
    return words


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
                _unit(line["unit"], names),
                _indicator(line["indicator"], names),
                word(str(line["trigger"])),
                _state(line["state"]),
                _day(line["opened_at"]),
                _day(line["closed_at"]),
                "" if line["points"] is None else f"{line['points']} {word(str(line['points_status']))}",
            )
            for line in lines
        ),
    )


def show_report(document: Document, names: Names) -> None:
    """One report: its line, its signatures, its entries."""
    show_board([document], names)
    _print(None, _ENTRIES, (_entry(entry, names) for entry in _documents(document["entries"])))
    _print(None, _SIGNOFFS, (_signoff(row) for row in _documents(document["signoffs"])))


_ENTRIES = (_Column("指标", folds=True), _Column("排名"), _Column("预估"), _Column("三区"), _Column("标记", folds=True))
_SIGNOFFS = (_Column("签批"), _Column("何人"), _Column("何时"), _Column("意见", folds=True), _Column("效力"))


def _entry(entry: Document, names: Names) -> Sequence[_Cell]:
    rank = f"{entry['rank']}/{entry['field']}" if entry["rank"] else "—"
    flags = "、".join(word(flag) for flag in _strings(entry["flags"]))
    place = str(entry["three_district_rank"] or "—")
    return _indicator(entry["indicator"], names), rank, "是" if entry["estimated"] else "", place, flags


def _signoff(row: Document) -> Sequence[_Cell]:
    standing = "已作废" if row["void"] else "有效"
    return _state(row["state"]), str(row["person"]), _instant(row["at"]), str(row["opinion"]), standing


def _documents(value: Any) -> list[Document]:
    return list(value)


def show_case(document: Document, names: Names) -> None:
    """One case and what happened to it."""
    show_cases([document], names)
    show_history(_documents(document["history"]), names)


_HISTORY = (_Column("序号"), _Column("时间"), _Column("办理人"), _Column("事项"), _Column("状态", folds=True))


def show_history(lines: Iterable[Document], _: Names) -> None:
    """What happened, oldest first."""
    _print(None, _HISTORY, (_happened(line) for line in lines))


def _happened(line: Document) -> Sequence[_Cell]:
    moved = f"{word(str(line['from_state']))} → {word(str(line['to_state']))}" if line["to_state"] else ""
    return str(line["seq"]), _instant(line["at"]), str(line["actor"]), str(line["kind"]), moved


_LIAISON = (_Column("单位", folds=True), _Column("最近一次"), _Column("是否超期"))
_CONTACTS = (
    _Column("单位", folds=True),
    _Column("何人"),
    _Column("何时"),
    _Column("方式"),
    _Column("内容", folds=True),
)


def show_liaison(document: Document, names: Names) -> None:
    """Who is behind with visits, and the contacts logged."""
    _print("赴市对接", _LIAISON, (_visited(line, names) for line in _documents(document["units"])))
    _print("对接记录", _CONTACTS, (_contact(line, names) for line in _documents(document["contacts"])))


def _visited(line: Document, names: Names) -> Sequence[_Cell]:
    late = Text("● 红·超期", style="bold red") if line["behind"] else Text("● 绿·正常", style="green")
    return _unit(line["unit"], names), _instant(line["last_visit"]), late


def _contact(line: Document, names: Names) -> Sequence[_Cell]:
    kind = "赴市对接" if line["kind"] == "visit" else "电话对接"
    return _unit(line["unit"], names), str(line["person"]), _instant(line["at"]), kind, str(line["text"])
