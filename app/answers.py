"""Answers the office's questions on the terminal, as tables or as JSON. Reads only, and starts fast."""

import argparse
import json
import sys
from collections.abc import Sequence

from app.place import place
from states.models import Duty, DutyKind
from storage.database import Database, open_database
from workflow.ports import ContactRow, EventRow
from workflow.queries import Board, Document


def _opened(parsed: argparse.Namespace) -> tuple[Board, Database]:
    office = place(parsed).glance()
    database = open_database(office.database_url, read_only=True)
    board = Board(database, timezone=office.timezone, unit_names=office.unit_names, indicators=office.indicators)
    return board, database


def print_json(document: object) -> None:
    """One JSON document and nothing else."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def status(parsed: argparse.Namespace) -> int:
    """`kaoji status [REF]`."""
    board, _ = _opened(parsed)
    if parsed.ref is None:
        return _board(board, parsed)
    document = board.status(parsed.ref)
    if document is None:
        return _unknown(f"没有报表 {parsed.ref}", "报表写作 期次/单位，如 2015-10/shirong；kaoji status 列出全部报表")
    if parsed.json:
        print_json(document)
    else:
        from app.tables import show_report

        show_report(document)
    return 0


def _board(board: Board, parsed: argparse.Namespace) -> int:
    lines = board.board(
        period=parsed.period, unit=parsed.unit, state=parsed.state, overdue=True if parsed.overdue else None
    )
    if parsed.json:
        print_json(lines)
    else:
        from app.tables import show_board

        show_board(lines)
    return 0


def _unknown(message: str, remedy: str) -> int:
    print(message, file=sys.stderr)
    print(remedy, file=sys.stderr)
    return 1


def inbox(parsed: argparse.Namespace) -> int:
    """`kaoji inbox PERSON`."""
    board, _ = _opened(parsed)
    return _lines(board.inbox(parsed.person), parsed)


def _lines(lines: list[Document], parsed: argparse.Namespace) -> int:
    if parsed.json:
        print_json(lines)
    else:
        from app.tables import show_board

        show_board(lines)
    return 0


def history(parsed: argparse.Namespace) -> int:
    """`kaoji history REF|CASE`."""
    board, database = _opened(parsed)
    case = database.case(parsed.ref)
    lines = board.history(f"case:{case.id}" if case else f"report:{parsed.ref}")
    if not lines:
        return _unknown(
            f"没有 {parsed.ref} 的流转记录", "请核对报表（期次/单位）或督查件（编号或 期次/单位/指标）的写法"
        )
    if parsed.json:
        print_json(lines)
    else:
        from app.tables import show_history

        show_history(lines)
    return 0


def case_list(parsed: argparse.Namespace) -> int:
    """`kaoji case list`."""
    board, _ = _opened(parsed)
    lines = board.cases(open_only=parsed.open, unit=parsed.unit)
    if parsed.json:
        print_json(lines)
    else:
        from app.tables import show_cases

        show_cases(lines)
    return 0


def case_show(parsed: argparse.Namespace) -> int:
    """`kaoji case show CASE`."""
    board, database = _opened(parsed)
    case = database.case(parsed.case)
    if case is None:
        return _unknown(
            f"没有督查件 {parsed.case}", "督查件写作编号，或 期次/单位/指标；kaoji case list 列出全部督查件"
        )
    document = {**board.case(case), "history": board.history(f"case:{case.id}")}
    if parsed.json:
        print_json(document)
    else:
        from app.tables import show_case

        show_case(document)
    return 0


def liaison_list(parsed: argparse.Namespace) -> int:
    """`kaoji liaison list`: who is behind with visits, and what was logged."""
    board, database = _opened(parsed)
    contacts = database.contacts(unit=parsed.unit)
    visited = {row.unit for row in contacts if row.visit}
    units = [
        {
            "unit": duty.unit,
            "last_visit": board.local(duty.since) if duty.unit in visited else None,
            "behind": any(row.kind == "liaison_reminded" and row.at > duty.since for row in _events(database, duty)),
        }
        for duty in database.duties()
        if duty.kind is DutyKind.LIAISON and parsed.unit in (None, duty.unit)
    ]
    document: Document = {"units": units, "contacts": [_contact(row, board) for row in contacts]}
    if parsed.json:
        print_json(document)
    else:
        from app.tables import show_liaison

        show_liaison(document)
    return 0


def _events(database: Database, duty: Duty) -> Sequence[EventRow]:
    return database.events_of(f"duty:{duty.ref}")


def _contact(row: ContactRow, board: Board) -> Document:
    kind = "visit" if row.visit else "call"
    return {"unit": row.unit, "person": row.person, "at": board.local(row.at), "kind": kind, "text": row.text}


def rank_parse(parsed: argparse.Namespace) -> int:
    """`kaoji rank parse TEXT --field N`."""
    from dataclasses import asdict

    from states.ranks import read_rank

    if parsed.field < 1:
        return _unknown(f"--field {parsed.field} 不对", "应为参加排名的个数，如 11")
    reading = asdict(read_rank(parsed.text, parsed.field))
    if parsed.json:
        print_json(reading)
    else:
        print("  ".join(f"{name}={value}" for name, value in reading.items()))
    return 0
