"""Answers the office's questions on the terminal, as tables or as JSON. Reads only, and starts fast."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, NoReturn
from zoneinfo import ZoneInfo

from app.clock import SystemClock
from app.names import Names, names_here
from app.naming import person, resolve_person, resolve_report, resolve_unit, unit, vacant_posts
from app.place import Place, place
from states.models import Case, Duty, DutyKind
from storage.database import Database, open_database
from workflow.ports import ContactRow
from workflow.queries import Board, Document

if TYPE_CHECKING:
    from workflow.waiting import Waiting


@dataclass(frozen=True, slots=True)
class _Office:
    """What a question is asked of."""

    place: Place
    names: Names
    board: Board
    database: Database

    @property
    def now(self) -> datetime:
        """The present, the demonstration's where it is asked."""
        return self.place.now or SystemClock().now()


@contextmanager
def _opened(parsed: argparse.Namespace) -> Iterator[_Office]:
    where = place(parsed)
    with open_database(where.machine().database_url, read_only=True) as database, database.steady():
        names = names_here(where, database)
        _name_by_code(parsed, names, database)
        board = Board(database, timezone=names.timezone, unit_names=names.unit_names, indicators=names.indicators)
        yield _Office(where, names, board, database)


def _name_by_code(parsed: argparse.Namespace, names: Names, database: Database) -> None:
    """Names become codes. What the office neither has nor had is refused: an empty answer would be taken for "nothing
    to do".
    """
    asked = vars(parsed)
    if asked.get("unit") is not None:
        parsed.unit = resolve_unit(parsed.unit, names)
        if parsed.unit not in names.unit_names and not database.reports(unit=parsed.unit):
            told = "、".join(f"{name}（{code}）" for code, name in names.unit_names.items())
            _refuse(f"没有单位 {parsed.unit}", f"单位有：{told}")
    if asked.get("person") is not None:
        parsed.person = resolve_person(parsed.person, names)
    for key in ("ref", "case"):
        if asked.get(key) is not None:
            setattr(parsed, key, resolve_report(asked[key], names))
    if asked.get("period") is not None and not _PERIOD.fullmatch(asked["period"]):
        _refuse(f"期次 {asked['period']} 不对", "应写作 年-月，如 2015-10")


_PERIOD: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


def _refuse(message: str, remedy: str) -> NoReturn:
    from app.refusals import Unusable

    raise Unusable(message, remedy)


def print_json(document: object) -> None:
    """One JSON document and nothing else; in ASCII where the encoding of standard output cannot carry every sign."""
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    json.dump(document, sys.stdout, ensure_ascii=not is_unicode, indent=1)
    sys.stdout.write("\n")


def status(parsed: argparse.Namespace) -> int:
    """`kaoji status [REF]`."""
    with _opened(parsed) as office:
        return _board(parsed, office) if parsed.ref is None else _report(parsed, office)


def _report(parsed: argparse.Namespace, office: _Office) -> int:
    document = office.board.status(parsed.ref)
    if document is None:
        _refuse(f"没有报表 {parsed.ref}", "报表写作 期次/单位，如 2015-10/shirong；kaoji status 列出全部报表")
    document = {**document, "table": office.board.table(parsed.ref)}
    if parsed.json:
        print_json(document)
        return 0
    from app.tables import show_report

    show_report(
        {**document, **office.board.standing(parsed.ref), "undelivered": _undelivered(parsed.ref, office.database)},
        office.names,
        now=office.now,
    )
    return 0


def _undelivered(ref: str, database: Database) -> list[Document]:
    """The mails about a report that did not arrive and that nobody took note of."""
    return [
        {"mail": mail.id, "name": mail.name, "purpose": mail.purpose.value}
        for mail in database.messages(state="dead")
        if mail.acknowledged_at is None and mail.facts.get("report") == ref
    ]


def _board(parsed: argparse.Namespace, office: _Office) -> int:
    state, sent = _state_asked(parsed.state, office)
    asked = {"period": parsed.period, "unit": parsed.unit, "state": state, "overdue": True if parsed.overdue else None}
    lines = office.board.board(**asked) if parsed.json else []
    # The documents of the specification do not say whether a draft is sent: people read it, and may ask for it.
    seen = office.board.board(**asked, for_people=True) if sent is not None or not parsed.json else lines
    kept = [
        place
        for place, line in enumerate(seen)
        if sent in (None, line.get("sent")) and not (parsed.missing and line["submitted_at"] is not None)
    ]
    if parsed.json:
        print_json([lines[place] for place in kept])
        return 0
    seen = [seen[place] for place in kept]
    from app.tables import say, show_board

    if seen:
        show_board(seen, office.names)
        if parsed.missing:
            say(f"还没有报送的共 {len(seen)} 份")
        return 0
    is_filtered = any(asked.values())
    say(
        "没有未报的报表"
        if parsed.missing and not is_filtered
        else "没有符合条件的报表"
        if is_filtered
        else "还没有报表"
    )
    say(_next_opening(office))
    return 0


def _state_asked(asked: str | None, office: _Office) -> tuple[str | None, bool | None]:
    """The state meant, by its code or by a word of the board, and whether its draft is sent where the word says so."""
    from states.route import BUREAU_ROUTE, ReportState
    from states.words import report_word, word

    if asked is None:
        return None, None
    if asked in (ReportState.SENT, word(ReportState.SENT)):
        return str(ReportState.DRAFT), True
    if asked == word(ReportState.DRAFT):
        return str(ReportState.DRAFT), False
    usual = [state for state in BUREAU_ROUTE.states if state != ReportState.SENT]
    # Only who asks for a state of another route waits for the routes there are.
    routes = [BUREAU_ROUTE] if asked in usual else [BUREAU_ROUTE, *office.database.routes()]
    words = {
        said: state
        for route in routes
        for state in route.states
        for level in ("bureau", "district")
        for said in (state, report_word(route, state, level))
    }
    if asked not in words:
        told = "、".join(f"{word(state)}（{state}）" for state in usual)
        _refuse(f"没有状态 {asked}", f"状态有：{told}、{word('sent')}（sent）")
    return words[asked], None


def _next_opening(office: _Office) -> str:
    """What comes next where there is nothing to show."""
    duty = next((duty for duty in office.database.duties() if duty.kind is DutyKind.OPENING), None)
    if duty is None or duty.wake_at is None:
        return "守护进程（kaoji serve）首次启动后开启第一期"
    at = duty.wake_at.astimezone(ZoneInfo(office.names.timezone))
    return f"下一期 {at:%Y-%m} 将于 {at.month}月{at.day}日 {at:%H:%M} 开启"


def inbox(parsed: argparse.Namespace) -> int:
    """`kaoji inbox PERSON`."""
    with _opened(parsed) as office:
        items = _waiting(office).inbox(parsed.person)
        if parsed.json:
            print_json(items)
            return 0
        from app.tables import say, show_inbox

        if items:
            show_inbox(items, office.names, parsed.person, office.now)
        else:
            say(f"{person(parsed.person, office.names)}没有待办")
            say(_next_opening(office))
    return 0


def _waiting(office: _Office) -> "Waiting":
    """The questions that need the rules: deadlines, who holds which post."""
    from app.bootstrap import rules_in_force
    from workflow.waiting import Waiting

    return Waiting(office.database, office.board, rules_in_force(office.place, office.database), office.now)


def acts(parsed: argparse.Namespace) -> int:
    """`kaoji report acts REF --as P`, `kaoji case acts CASE --as P`: what P may do on it now, and what each needs."""
    with _opened(parsed) as office:
        named = parsed.ref if "ref" in vars(parsed) else parsed.case
        subject = office.database.report(named) if "ref" in vars(parsed) else office.database.case(named)
        if subject is None:
            _refuse(f"没有 {named}", "报表写作 期次/单位，如 2015-10/shirong；督查件写作编号，或 期次/单位/指标")
        document = _waiting(office).acts(subject, parsed.person)
        if parsed.json:
            print_json(document)
            return 0
        from app.tables import say, show_acts

        if document:
            show_acts(document, office.names, parsed.person, named)
        else:
            say(f"{person(parsed.person, office.names)}现在对 {named} 没有可以办理的事项")
    return 0


def history(parsed: argparse.Namespace) -> int:
    """`kaoji history REF|CASE`."""
    with _opened(parsed) as office:
        case = office.database.case(parsed.ref)
        subject = f"case:{case.id}" if case else f"report:{parsed.ref}"
        lines = office.board.history(subject)
        if not lines:
            _refuse(f"没有 {parsed.ref} 的流转记录", "请核对报表（期次/单位）或督查件（编号或 期次/单位/指标）的写法")
        if parsed.json:
            print_json(lines)
        else:
            from app.tables import show_history

            show_history(lines, office.names, office.database.events_of(subject))
    return 0


def why(parsed: argparse.Namespace) -> int:
    """`kaoji why REF|CASE`: behind a deadline, a flag, the step of a case, its points."""
    from workflow.why import Why

    with _opened(parsed) as office:
        database, answers = office.database, Why(office.database, office.board)
        ref, _, indicator = parsed.ref.rpartition("/") if parsed.ref.count("/") > 1 else (parsed.ref, "", "")
        report, case = database.report(ref), database.case(parsed.ref)
        if report is not None and any(entry.indicator == indicator for entry in report.entries):
            reasons = answers.indicator(report, indicator)
        elif case is not None:
            reasons = answers.case(case)
        elif report is not None and not indicator:
            reasons = answers.report(report)
        else:
            _refuse(
                f"没有 {parsed.ref} 这份报表、这项指标或这件督查件",
                "请写 期次/单位、期次/单位/指标，或督查件编号；kaoji status 和 kaoji case list 列出全部",
            )
        if parsed.json:
            print_json({"subject": parsed.ref, "reasons": reasons})
            return 0
        from app.tables import say, show_why

        if reasons:
            show_why(reasons, office.names)
        else:
            say("督查没有判定它落后、退步或薄弱，也没有为它立督查件")
    return 0


def case_list(parsed: argparse.Namespace) -> int:
    """`kaoji case list`."""
    with _opened(parsed) as office:
        cases = office.board.cases(open_only=parsed.open, unit=parsed.unit)
        if parsed.json:
            print_json(cases)
            return 0
        from app.tables import say, show_cases

        if cases:
            show_cases(cases, office.names)
        else:
            say("没有未销号的督查件" if parsed.open else "没有督查件")
    return 0


def case_show(parsed: argparse.Namespace) -> int:
    """`kaoji case show CASE`."""
    with _opened(parsed) as office:
        case = office.database.case(parsed.case)
        if case is None:
            _refuse(f"没有督查件 {parsed.case}", "督查件写作编号，或 期次/单位/指标；kaoji case list 列出全部督查件")
        document = _case(case, office)
        if parsed.json:
            print_json(document)
        else:
            from app.tables import show_case

            show_case(document, office.names, office.database.events_of(f"case:{case.id}"))
    return 0


def _case(case: Case, office: _Office) -> Document:
    waiting = _waiting(office)
    return {
        **office.board.case(case),
        "opened_rank": case.opened_rank,
        "grounds": office.board.grounds(case),
        "next": waiting.follows(case),
        "history": office.board.history(f"case:{case.id}"),
    }


def liaison_list(parsed: argparse.Namespace) -> int:
    """`kaoji liaison list`: who is behind with visits, when the next is due, and what was logged."""
    with _opened(parsed) as office:
        board, database = office.board, office.database
        contacts = database.contacts(unit=parsed.unit)
        visited = {row.unit for row in contacts if row.visit}
        waiting = _waiting(office)
        units = [
            {
                "unit": duty.unit,
                "last_visit": board.local(duty.since) if duty.unit in visited else None,
                "next_due": board.local(waiting.visit_due(duty)),
                "behind": _is_behind(duty, database),
            }
            for duty in database.duties()
            if duty.kind is DutyKind.LIAISON and parsed.unit in (None, duty.unit)
        ]
        document: Document = {"units": units, "contacts": [_contact(row, board) for row in contacts]}
        if parsed.json:
            print_json(document)
        else:
            from app.tables import show_liaison

            show_liaison(document, office.names)
    return 0


def _is_behind(duty: Duty, database: Database) -> bool:
    events = database.events_of(f"duty:{duty.ref}")
    return any(row.kind == "liaison_reminded" and row.at > duty.since for row in events)


def _contact(row: ContactRow, board: Board) -> Document:
    kind = "visit" if row.visit else "call"
    return {"unit": row.unit, "person": row.person, "at": board.local(row.at), "kind": kind, "text": row.text}


def who(parsed: argparse.Namespace) -> int:
    """`kaoji who [PERSON|UNIT]`: who holds which post from when to when, and which posts nobody holds."""
    where = place(parsed)
    with open_database(where.machine().database_url, read_only=True) as database:
        names = names_here(where, database)
    today = (where.now or SystemClock().now()).astimezone(ZoneInfo(names.timezone)).date()
    code, of_unit = None, False
    if parsed.asked is not None:
        code = resolve_unit(parsed.asked, names)
        of_unit = code in names.unit_names
        code = code if of_unit else resolve_person(parsed.asked, names)
    found: list[Document] = [
        {
            "unit": post.unit,
            "unit_name": unit(post.unit, names),
            "role": post.role,
            "person": post.person,
            "name": names.people.get(post.person),
            "from": post.since.isoformat() if post.since else None,
            "to": post.until.isoformat() if post.until else None,
            "now": post.covers(today),
        }
        for post in names.posts
        if code is None or code == (post.unit if of_unit else post.person)
    ]
    if code is None or of_unit:
        found += [
            {
                "unit": empty,
                "unit_name": unit(empty, names),
                "role": role,
                "person": None,
                "name": None,
                "from": None,
                "to": None,
                "now": True,
            }
            for empty, role in vacant_posts(names, today)
            if code in (None, empty)
        ]
    places = {known: place for place, known in enumerate(names.unit_names)}
    found.sort(key=lambda post: places.get(str(post["unit"]), -1))
    if parsed.json:
        print_json(found)
        return 0
    from app.tables import say, show_posts

    if found:
        show_posts(found, names)
    else:
        say(f"{person(code, names)}没有任职")
    return 0


def rank_parse(parsed: argparse.Namespace) -> int:
    """`kaoji rank parse TEXT --field N`."""
    from dataclasses import asdict

    from states.ranks import read_rank

    if parsed.field < 1:
        _refuse(f"--field {parsed.field} 不对", "应为参加排名的个数，如 11")
    reading = {**asdict(read_rank(parsed.text, parsed.field))}
    if parsed.json:
        print_json(reading)
    else:
        from app.tables import reading_words, say

        say(reading_words({**reading, "rank": reading["worst"], "field": parsed.field}))
    return 0
