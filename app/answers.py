"""Answers the office's questions on the terminal, as tables or as JSON. Reads only, and starts fast."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from app.glance import Glance
from app.place import place
from states.models import Duty, DutyKind, ReportState
from storage.database import Database, open_database
from workflow.ports import ContactRow
from workflow.queries import Board, Document


@dataclass(frozen=True, slots=True)
class _Office:
    """What a question is asked of."""

    names: Glance
    board: Board
    database: Database


@contextmanager
def _opened(parsed: argparse.Namespace) -> Iterator[_Office]:
    office = place(parsed).glance()
    with open_database(office.database_url, read_only=True) as database, database.steady():
        _need_known(parsed, office, database)
        indicators = tuple(office.indicators)
        board = Board(database, timezone=office.timezone, unit_names=office.unit_names, indicators=indicators)
        yield _Office(office, board, database)


def _need_known(parsed: argparse.Namespace, office: Glance, database: Database) -> None:
    """Refuse a name the office neither has nor had: an empty answer would be taken for "nothing to do"."""
    asked = vars(parsed)
    known = (
        ("unit", "单位", office.unit_names),
        ("person", "人员", office.people),
        ("state", "状态", dict.fromkeys(ReportState)),
    )
    for name, said, names in known:
        value = asked.get(name)
        if value is not None and value not in names and not (name == "unit" and database.reports(unit=value)):
            _refuse(f"没有{said} {value}", f"{said}有：{'、'.join(names)}")
    if asked.get("period") is not None and not _PERIOD.fullmatch(asked["period"]):
        _refuse(f"期次 {asked['period']} 不对", "应写作 年-月，如 2015-10")


_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


def _refuse(message: str, remedy: str) -> NoReturn:
    from app.faults import Unusable

    raise Unusable(message, remedy)


def print_json(document: object) -> None:
    """One JSON document and nothing else."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def _show(document: object, shown_by: str, parsed: argparse.Namespace, names: Glance) -> int:
    """As JSON, or as one of the tables, which say names beside codes."""
    if parsed.json:
        print_json(document)
    else:
        from app import tables

        getattr(tables, shown_by)(document, names)
    return 0


def status(parsed: argparse.Namespace) -> int:
    """`kaoji status [REF]`."""
    with _opened(parsed) as office:
        if parsed.ref is None:
            return _show(_lines(office.board, parsed), "show_board", parsed, office.names)
        document = office.board.status(parsed.ref)
    if document is None:
        _refuse(f"没有报表 {parsed.ref}", "报表写作 期次/单位，如 2015-10/shirong；kaoji status 列出全部报表")
    return _show(document, "show_report", parsed, office.names)


def _lines(board: Board, parsed: argparse.Namespace) -> list[Document]:
    return board.board(
        period=parsed.period, unit=parsed.unit, state=parsed.state, overdue=True if parsed.overdue else None
    )


def inbox(parsed: argparse.Namespace) -> int:
    """`kaoji inbox PERSON`."""
    with _opened(parsed) as office:
        return _show(office.board.inbox(parsed.person), "show_board", parsed, office.names)


def history(parsed: argparse.Namespace) -> int:
    """`kaoji history REF|CASE`."""
    with _opened(parsed) as office:
        case = office.database.case(parsed.ref)
        lines = office.board.history(f"case:{case.id}" if case else f"report:{parsed.ref}")
    if not lines:
        _refuse(f"没有 {parsed.ref} 的流转记录", "请核对报表（期次/单位）或督查件（编号或 期次/单位/指标）的写法")
    return _show(lines, "show_history", parsed, office.names)


def case_list(parsed: argparse.Namespace) -> int:
    """`kaoji case list`."""
    with _opened(parsed) as office:
        cases = office.board.cases(open_only=parsed.open, unit=parsed.unit)
        return _show(cases, "show_cases", parsed, office.names)


def case_show(parsed: argparse.Namespace) -> int:
    """`kaoji case show CASE`."""
    with _opened(parsed) as office:
        case = office.database.case(parsed.case)
        if case is None:
            _refuse(f"没有督查件 {parsed.case}", "督查件写作编号，或 期次/单位/指标；kaoji case list 列出全部督查件")
        document = {**office.board.case(case), "history": office.board.history(f"case:{case.id}")}
    return _show(document, "show_case", parsed, office.names)


def liaison_list(parsed: argparse.Namespace) -> int:
    """`kaoji liaison list`: who is behind with visits, and what was logged."""
    with _opened(parsed) as office:
        board, database = office.board, office.database
        contacts = database.contacts(unit=parsed.unit)
        visited = {row.unit for row in contacts if row.visit}
        units = [
            {
                "unit": duty.unit,
                "last_visit": board.local(duty.since) if duty.unit in visited else None,
                "behind": _is_behind(duty, database),
            }
            for duty in database.duties()
            if duty.kind is DutyKind.LIAISON and parsed.unit in (None, duty.unit)
        ]
    document: Document = {"units": units, "contacts": [_contact(row, board) for row in contacts]}
    return _show(document, "show_liaison", parsed, office.names)


def _is_behind(duty: Duty, database: Database) -> bool:
    events = database.events_of(f"duty:{duty.ref}")
    return any(row.kind == "liaison_reminded" and row.at > duty.since for row in events)


def _contact(row: ContactRow, board: Board) -> Document:
    kind = "visit" if row.visit else "call"
    return {"unit": row.unit, "person": row.person, "at": board.local(row.at), "kind": kind, "text": row.text}


def rank_parse(parsed: argparse.Namespace) -> int:
    """`kaoji rank parse TEXT --field N`."""
    from dataclasses import asdict

    from states.ranks import read_rank

    if parsed.field < 1:
        _refuse(f"--field {parsed.field} 不对", "应为参加排名的个数，如 11")
    reading = asdict(read_rank(parsed.text, parsed.field))
    if parsed.json:
        print_json(reading)
    else:
        print("  ".join(f"{name}={value}" for name, value in reading.items()))
    return 0
