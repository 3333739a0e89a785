"""The questions people ask, answered by exactly the documents of the specification (part 13)."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from states import commands as c
from states.canonical import content_sha256
from states.models import Report
from states.ranks import UNREADABLE
from tests.memory import MemoryStore
from tests.states.builders import (
    ASSESSOR,
    BUREAU_REF,
    CLERK,
    COLLEAGUE,
    HEAD,
    LEADER,
    OFFICE,
    REF,
    STRANGER,
    Desk,
    a_case,
    a_report,
    an_entry,
    at,
    filled_rows,
)
from workflow.queries import Board, Document

UNIT_NAMES = {"district": "龙湾区", "bureau": "执法局", "shirong": "市容管理科", "huanwei": "环卫科"}
INDICATORS = ("szcg", "srzz", "hwgg")


def board_of(store: MemoryStore, timezone: str = "Asia/Shanghai") -> Board:
    return Board(store, timezone=timezone, unit_names=UNIT_NAMES, indicators=INDICATORS)


def holding(*models: Report) -> MemoryStore:
    store = MemoryStore()
    store.state.reports = {report.ref: report for report in models}
    return store


def a_reviewed_desk() -> Desk:
    """The section's table was returned once, signed again and reviewed: szcg lags."""
    desk = Desk().live_until("2015-10-12 10:00")
    rows = (
        *filled_rows("预估第9-10名", ["szcg"]),
        *filled_rows("第3", ["srzz"], comparison="鹿城第1、瓯海第2、龙湾第3"),
    )
    desk.act(c.SaveTable, CLERK, rows=rows)
    desk.act(c.Send, CLERK)
    desk.act(c.Sign, HEAD, opinion="属实")
    desk.act(c.Return, LEADER)
    desk.submit(rows=rows)
    desk.clock.set(at("2015-10-12 11:00"))
    desk.act(c.Review, ASSESSOR)
    return desk


def test_status_is_the_specified_document() -> None:
    desk = a_reviewed_desk()
    document = board_of(desk.store).status(REF)

    sha256 = content_sha256(REF, desk.report().entries)
    signed_at = "2015-10-12T10:00:00+08:00"
    first: Document = {
        "state": "section_signed",
        "person": HEAD,
        "on_behalf_of": None,
        "at": signed_at,
        "content_sha256": sha256,
    }
    first["posts"] = ["section_head@shirong"]
    assert document == {
        "report": REF,
        "period": "2015-10",
        "unit": "shirong",
        "unit_name": "市容管理科",
        "level": "bureau",
        "state": "supervised",
        "round": 2,
        "version": 11,
        "due_at": "2015-10-13T17:00:00+08:00",
        "overdue": False,
        "submitted_at": signed_at,
        "holders": [],
        "route": ["section_signed", "leader_signed"],
        "waits": [],
        "cases": [
            {"case": 1, "indicator": "szcg", "state": "tracking", "trigger": "lagging"},
            {"case": 2, "indicator": "srzz", "state": "tracking", "trigger": "lagging"},
        ],
        "signoffs": [
            {**first, "opinion": "属实", "void": True, "round": 1},
            {**first, "opinion": "", "void": False, "round": 2},
            {
                **first,
                "state": "leader_signed",
                "person": LEADER,
                "opinion": "",
                "void": False,
                "round": 2,
                "posts": ["leader@shirong"],
            },
        ],
        "entries": [
            entry("szcg", 10, estimated=True, flags=["lagging", "weak"]),
            entry("srzz", 3, three_district_rank=3, flags=["lagging"]),
        ],
    }


def entry(indicator: str, rank: int | None, **more: object) -> Document:
    usual: Document = {"field": 11, "estimated": False, "three_district_rank": None, "flags": []}
    return {"indicator": indicator, "rank": rank, **usual, **more}


def test_the_documents_are_plain_json_in_the_order_of_the_specification() -> None:
    document = board_of(a_reviewed_desk().store).status(REF)

    assert json.loads(json.dumps(document)) == document
    assert document is not None
    assert list(document)[:12] == [
        *("report", "period", "unit", "unit_name", "level", "state"),
        *("round", "version", "due_at", "overdue", "submitted_at", "holders"),
    ]


def test_an_entry_without_a_rank_says_so() -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK, rows=(*filled_rows("暂无排名", ["szcg"]), *filled_rows("看情况", ["srzz"])))

    document = board_of(desk.store).status(REF)

    assert document is not None
    assert document["entries"] == [entry("szcg", None), entry("srzz", None)]


def test_a_report_that_is_not_there_has_no_status() -> None:
    assert board_of(MemoryStore()).status(REF) is None


def test_a_unit_the_office_no_longer_has_is_shown_by_its_code() -> None:
    store = holding(replace(a_report(), unit="closed"))

    assert [line["unit_name"] for line in board_of(store).board()] == ["closed"]


@pytest.mark.parametrize(
    ("timezone", "shown"),
    [
        ("Asia/Shanghai", "2015-10-13T17:00:00+08:00"),
        ("Asia/Urumqi", "2015-10-13T15:00:00+06:00"),
        ("UTC", "2015-10-13T09:00:00+00:00"),
    ],
)
def test_instants_are_shown_on_the_offices_clock(timezone: str, shown: str) -> None:
    (line,) = board_of(holding(a_report()), timezone).board()

    assert line["due_at"] == shown


# --- the board -----------------------------------------------------------------------------------------------------


def a_full_board() -> Board:
    reports = (
        a_report(unit="shirong", period="2015-10"),
        a_report("submitted", unit="huanwei", period="2015-10", overdue=True),
        a_report("section_signed", unit="shirong", period="2015-11", overdue=True),
        a_report(unit="huanwei", period="2015-11"),
    )
    return board_of(holding(*reports))


def refs(lines: list[Document]) -> list[object]:
    return [line["report"] for line in lines]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [REF, "2015-10/huanwei", "2015-11/shirong", "2015-11/huanwei"]),
        ({"period": "2015-11"}, ["2015-11/shirong", "2015-11/huanwei"]),
        ({"unit": "shirong"}, [REF, "2015-11/shirong"]),
        ({"state": "draft"}, [REF, "2015-11/huanwei"]),
        ({"overdue": True}, ["2015-10/huanwei", "2015-11/shirong"]),
        ({"overdue": False}, [REF, "2015-11/huanwei"]),
        ({"period": "2015-11", "overdue": True, "unit": "shirong"}, ["2015-11/shirong"]),
        ({"period": "2014-01"}, []),
    ],
)
def test_the_board_is_asked_by_period_unit_state_and_light(wanted: dict[str, object], found: list[str]) -> None:
    assert refs(a_full_board().board(**wanted)) == found  # type: ignore[arg-type]  # a row names its own filters


def test_a_line_of_the_board_is_a_status_without_entries_and_signatures() -> None:
    board = board_of(a_reviewed_desk().store)
    document = board.status(REF)
    (line,) = board.board(unit="shirong")

    assert document is not None
    assert line == {
        key: value for key, value in document.items() if key not in ("entries", "signoffs", "route", "waits")
    }


def test_everything_is_every_status() -> None:
    board = a_full_board()

    assert board.whole() == [board.status(str(ref)) for ref in refs(board.board())]


@pytest.mark.parametrize(
    ("case", "shown"),
    [
        (a_case(report=REF), True),
        (a_case("closed", report=REF), True),
        (a_case(indicator=None, report=REF), True),
        (a_case(report="2015-09/shirong"), True),
        (a_case("closed", report="2015-09/shirong"), False),
        (a_case(indicator=None, report="2015-09/shirong"), False),
        (a_case(indicator="hwgg", report="2015-09/shirong"), False),
        (a_case(report="2015-10/bureau", unit="bureau"), False),
    ],
)
def test_a_report_shows_the_cases_it_opened_and_those_open_on_its_indicators(case: object, shown: bool) -> None:
    store = holding(a_report())
    store.state.cases = {1: case}  # type: ignore[dict-item]  # parametrize forgets the type
    (line,) = board_of(store).board()

    assert bool(line["cases"]) == shown


# --- the inbox -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "waiting"),
    [(CLERK, []), (HEAD, [REF]), (LEADER, []), (STRANGER, ["2015-10/huanwei"]), (OFFICE, [BUREAU_REF]), ("nobody", [])],
)
def test_the_inbox_holds_what_waits_for_that_person(person: str, waiting: list[str]) -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)

    assert refs(board_of(desk.store).inbox(person)) == waiting


def test_a_person_whose_name_is_part_of_anothers_is_not_told_of_that_ones_work() -> None:
    store = holding(a_report(holders=("li.na",)))

    assert board_of(store).inbox("li") == []


# --- history -------------------------------------------------------------------------------------------------------


def test_history_tells_what_happened_oldest_first() -> None:
    desk = Desk().live_until("2015-10-12 10:00").submit()
    lines = board_of(desk.store).history(f"report:{REF}")

    assert lines[-1] == {
        "seq": desk.store.state.events[-1].seq,
        "at": "2015-10-12T10:00:00+08:00",
        "actor": CLERK,
        "door": None,
        "proof": None,
        "kind": "report_submitted",
        "from_state": "leader_signed",
        "to_state": "submitted",
        "version": 6,
        "hash": desk.store.state.events[-1].hash,
        "round": 1,
        "text": None,
        "rule": None,
        "grounds": [],
    }
    assert [line["kind"] for line in lines] == [
        *("report_opened", "holder_reminded", "holder_reminded", "table_saved"),
        *("report_sent", "report_signed", "report_signed", "report_submitted"),
    ]


def test_what_never_was_has_no_history() -> None:
    assert board_of(a_reviewed_desk().store).history("report:2015-10/nobody") == []


def test_history_gives_the_reason_in_the_round_it_ends() -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    desk.act(c.Return, HEAD, reason="排名请核对")
    desk.act(c.Send, CLERK)
    desk.act(c.Sign, HEAD, opinion="属实")
    desk.act(c.Withdraw, HEAD, reason="再看看")
    lines = board_of(desk.store).history(f"report:{REF}")

    told = [(line["kind"], line["round"], line["text"]) for line in lines if line["kind"] != "holder_reminded"]
    assert told == [
        ("report_opened", 1, None),
        ("table_saved", 1, None),
        ("report_sent", 1, None),
        ("report_returned", 1, "排名请核对"),
        ("report_sent", 2, None),
        ("report_signed", 2, "属实"),
        ("report_withdrawn", 2, "再看看"),
    ]


def test_the_history_of_a_case_gives_the_rule_with_its_numbers() -> None:
    desk = Desk().live_until("2015-10-23 10:00")
    desk.on_case(c.WaivePoints, ASSESSOR, reason="情况属实，酌情不扣")
    lines = board_of(desk.store).history("case:1")

    assert [line["rule"] for line in lines if line["rule"]] == ["overdue", "overdue", "overdue"]
    assert lines[1]["grounds"] == [{"rule": "overdue", "count": 4, "due_at": "2015-10-13T17:00:00+08:00"}]
    assert (lines[-1]["text"], lines[-1]["round"]) == ("情况属实，酌情不扣", None)


def test_the_grounds_of_a_case_are_those_it_was_opened_for_whatever_the_table_says_since() -> None:
    desk = Desk().live_until("2015-10-12 10:00").submit("第10")
    desk.act(c.Review, ASSESSOR)
    desk.act(c.Reopen, ASSESSOR)
    desk.act(c.SaveTable, CLERK, rows=filled_rows("第2"))
    late = Desk().live_until("2015-10-15 10:00")

    assert board_of(desk.store).grounds(desk.case(1)) == [{"rule": "last_places", "rank": 10, "field": 11, "limit": 3}]
    assert board_of(late.store).grounds(late.case(1)) == [
        {"rule": "overdue", "count": 2, "due_at": "2015-10-13T17:00:00+08:00"}
    ]


# --- the table -----------------------------------------------------------------------------------------------------


def changed(desk: Desk) -> dict[object, object]:
    """What each row of the table says has changed."""
    return {row["indicator"]: row["changed"] for row in board_of(desk.store).table(REF)}


def test_a_first_table_has_changed_from_nothing() -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK)
    assert changed(desk) == {"szcg": [], "srzz": []}

    desk.act(c.Send, CLERK)
    assert changed(desk) == {"szcg": [], "srzz": []}


def test_a_row_written_anew_says_what_stood_there() -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.SaveTable, CLERK, rows=filled_rows("第4", ["szcg"]))

    assert changed(desk) == {"szcg": [{"field": "rank_text", "before": "第5", "version": 2}], "srzz": []}


def test_after_a_return_the_signer_reads_what_is_new_since_he_last_saw_it() -> None:
    desk = Desk().live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    desk.act(c.Return, HEAD)
    desk.act(c.SaveTable, CLERK, rows=filled_rows("第3", ["szcg"]))
    desk.act(c.SaveTable, CLERK, rows=filled_rows("第4", ["szcg"]))
    new = {"szcg": [{"field": "rank_text", "before": "第5", "version": 3}], "srzz": []}
    assert changed(desk) == new

    desk.act(c.Send, CLERK)
    assert changed(desk) == new

    desk.act(c.Sign, HEAD)
    assert changed(desk) == new


def test_a_row_stands_beside_that_of_the_units_last_table() -> None:
    store = holding(
        a_report("supervised", period="2015-08", entries=(an_entry("szcg", 9),)),
        a_report(entries=(an_entry("szcg", 5), an_entry("srzz", None))),
    )
    first, second = board_of(store).table(REF)

    assert first["last_month"] == {
        "period": "2015-08",
        "rank_text": "第9",
        "comparison": "三区居中",
        "target": "全市前6",
        "rank": 9,
    }
    assert second["last_month"] is None
    assert (first["rank_text"], first["name"]) == ("第5", "szcg")


def test_what_cannot_be_read_is_said_to_be_so() -> None:
    unread = replace(an_entry("szcg", rank_text="还行"), reading=UNREADABLE)
    (row,) = board_of(holding(a_report(entries=(unread,)))).table(REF)

    assert row["rank_text"] == "还行"
    assert row["read"] == {
        "kind": "unreadable", "rank": None, "field": 11, "best": None, "worst": None, "tied": None, "estimated": None,
        "three_district_rank": None,
    }  # fmt: skip


def test_a_report_that_is_not_there_has_no_table() -> None:
    assert board_of(MemoryStore()).table(REF) == []


# --- since when, and what comes next -------------------------------------------------------------------------------


def test_a_report_lies_with_its_holder_since_it_came_to_him() -> None:
    desk = Desk().live_until("2015-10-09 10:00")
    board = board_of(desk.store)
    assert board_of(desk.store).standing(REF)["since"] == "2015-10-08T09:00:00+08:00"

    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    desk.live_until("2015-10-12 10:00")
    assert board.standing(REF)["since"] == "2015-10-09T10:00:00+08:00"

    desk.act(c.Sign, HEAD)
    desk.act(c.Urge, OFFICE)
    assert board_of(desk.store).standing(REF)["since"] == "2015-10-12T10:00:00+08:00"


@pytest.mark.parametrize(
    ("until", "at_", "what"),
    [
        ("2015-10-12 10:00", "2015-10-13T09:00:00+08:00", "remind"),
        ("2015-10-13 10:00", "2015-10-13T17:00:00+08:00", "overdue"),
        ("2015-10-14 10:00", "2015-10-15T09:00:00+08:00", "case"),
        ("2015-10-15 10:00", "2015-10-19T09:00:00+08:00", "interview"),
        ("2015-10-20 10:00", "2015-10-22T09:00:00+08:00", "deduction"),
    ],
)
def test_what_happens_next_by_itself_is_known(until: str, at_: str, what: str) -> None:
    desk = Desk().live_until(until)

    assert board_of(desk.store).standing(REF)["next"] == {"at": at_, "what": what}


def test_a_submitted_report_is_reviewed_next_and_a_reviewed_one_rests() -> None:
    desk = Desk().live_until("2015-10-12 10:00").submit()
    assert board_of(desk.store).standing(REF)["next"] == {"at": "2015-10-15T17:00:00+08:00", "what": "review"}

    desk.act(c.Review, ASSESSOR)
    assert board_of(desk.store).standing(REF)["next"] is None


# --- cases ---------------------------------------------------------------------------------------------------------


def test_a_case_is_the_specified_document() -> None:
    desk = Desk().live_until("2015-10-23 10:00")

    assert board_of(desk.store).cases(report=REF) == [
        {
            "case": desk.case(1).id,
            "unit": "shirong",
            "indicator": None,
            "report": REF,
            "trigger": "overdue",
            "state": "score_deduction",
            "opened_at": "2015-10-15T09:00:00+08:00",
            "closed_at": None,
            "points": 1,
            "points_status": "proposed",
        }
    ]


def test_a_closed_case_keeps_its_points_and_says_when() -> None:
    desk = Desk().live_until("2015-10-23 10:00")
    desk.on_case(c.WaivePoints, ASSESSOR)
    (line,) = board_of(desk.store).cases(report=REF)

    assert (line["state"], line["points"], line["points_status"]) == ("closed", 1, "withdrawn")
    assert line["closed_at"] == "2015-10-23T10:00:00+08:00"


def test_cases_come_by_opening_then_report_in_the_offices_order_then_indicator() -> None:
    opened = a_case().opened_at
    store = MemoryStore()
    told: list[tuple[str, str, str | None, datetime]] = [
        ("2015-11", "bureau", "szcg", opened + timedelta(days=31)),
        ("2015-10", "huanwei", "hwgg", opened),
        ("2015-10", "shirong", "srzz", opened),
        ("2015-10", "shirong", "szcg", opened),
        ("2015-10", "shirong", None, opened),
        ("2015-10", "bureau", "hwgg", opened),
        ("2015-09", "huanwei", "hwgg", opened - timedelta(days=1)),
    ]
    store.state.cases = {
        number: a_case(indicator=indicator, id=number, report=f"{period}/{unit}", unit=unit, opened_at=instant)
        for number, (period, unit, indicator, instant) in enumerate(told, start=1)
    }

    assert [line["case"] for line in board_of(store).cases()] == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [({}, [1, 2, 3]), ({"open_only": True}, [1, 3]), ({"unit": "huanwei"}, [3]), ({"report": REF}, [1, 2])],
)
def test_the_case_list_is_asked_by_unit_report_and_openness(wanted: dict[str, object], found: list[int]) -> None:
    opened = a_case().opened_at
    store = MemoryStore()
    store.state.cases = {
        1: a_case(id=1),
        2: a_case("closed", "srzz", id=2),
        3: a_case("tracking", "hwgg", id=3, report="2015-10/huanwei", unit="huanwei", opened_at=opened),
    }

    lines = board_of(store).cases(**wanted)  # type: ignore[arg-type]  # a row names its own filters
    assert [line["case"] for line in lines] == found


def test_a_person_without_a_part_has_an_empty_inbox() -> None:
    assert board_of(a_reviewed_desk().store).inbox(COLLEAGUE) == []
