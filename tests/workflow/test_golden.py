"""A chain written by a version that offices ran verifies and is understood for ever.

`golden/NAME.jsonl` holds chains as `kaoji audit export` prints them, one event of every kind there was. Once a version
has been released its chain is never made anew: whoever adds a kind of event or changes how one is written adds a file.
Until then KAOJI_RENEW_CHAIN=1 writes the latest anew.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from states import commands as c
from states import events as e
from states.codec import decode, encode, kind_of, plain
from states.grounds import Ground, Rule, from_facts, ground_words
from states.words import event_word
from tests.states.builders import (
    ASSESSOR,
    CLERK,
    DISTRICT_ASSESSOR,
    HEAD,
    LEADER,
    Desk,
    an_indicator,
    an_office,
    filled_rows,
    rules,
)
from workflow.chain import BadLink, linked, verified
from workflow.ports import EventRow

GOLDEN = Path(__file__).with_name("golden")
LATEST = GOLDEN / "1.jsonl"


def a_chain() -> list[EventRow]:
    """A life of the office with every kind of event: those it does not come to by itself are put behind it."""
    office = an_office(indicators=[an_indicator("szcg"), an_indicator("srzz")])
    desk = Desk(rules_=rules(office)).live_until("2015-10-12 10:00")
    for kind, actor in ((c.SaveTable, CLERK), (c.Send, CLERK), (c.Sign, HEAD), (c.Return, LEADER)):
        desk.act(kind, actor)
    desk.act(c.Urge, ASSESSOR)
    desk.act(c.Send, CLERK)
    desk.act(c.Withdraw, CLERK)
    desk.submit(rows=(*filled_rows("第10", ["szcg"]), *filled_rows("第5", ["srzz"])))
    desk.visit()
    desk.act(c.Review, ASSESSOR, opinion="请抓紧整改")
    desk.on_case(c.GiveFeedback, CLERK)
    desk.act(c.Reopen, ASSESSOR)
    desk.live_until("2015-11-09 10:00").submit("第11", "2015-11/shirong")
    desk.act(c.Review, ASSESSOR, "2015-11/shirong")
    desk.on_case(c.HoldInterview, ASSESSOR)
    desk.live_until("2015-12-10 10:00").submit("第11", "2015-12/shirong")
    desk.act(c.Review, ASSESSOR, "2015-12/shirong")
    desk.on_case(c.Appeal, HEAD)
    desk.on_case(c.ConfirmPoints, ASSESSOR, text="属实")
    late = next(case for case in desk.store.cases(open_only=True) if case.points is not None)
    desk.on_case(c.WaivePoints, DISTRICT_ASSESSOR if late.unit == "bureau" else ASSESSOR, str(late.id))
    rows = list(desk.store.state.events)
    have, last = {row.kind for row in rows}, rows[-1]
    seldom = [
        EventRow(
            seq=0,
            at=last.at,
            actor=ASSESSOR,
            command_id=None,
            kind=kind_of(type(event)),
            subject="office",
            item_seq=number,
            from_state=None,
            to_state=None,
            version=0,
            payload=encode(event),
            door="console",
            proof="clerk (uid 1000)",
            prev_hash="",
            hash="",
        )
        for number, event in enumerate(_SELDOM, start=1)
        if kind_of(type(event)) not in have
    ]
    return [*rows, *linked(seldom, last.seq, last.hash)]


AT = datetime.fromisoformat("2015-12-01T09:00:00+08:00")
_SELDOM: Sequence[e.Event] = (
    e.HolderChanged(due_instant=AT, before=(CLERK,), after=(HEAD,)),
    e.DeadlineMoved(before=AT, after=AT, grounds=(Ground(rule=Rule.DUE_DAY, count=13, due_at=AT),)),
    e.CaseClosed(grounds=(Ground(rule=Rule.CLOSED_BY_ASSESSOR),), reason="已整改到位"),
    e.OfficeDefined(
        versions=(e.DefinitionVersion(kind="calendar", version=2, sha256="0f" * 32),),
        changes=(e.DefinitionChange(kind="calendar", item="holidays", before="[]", after='["2015-09-03"]'),),
        reason="市里发文调休",
    ),
    e.Resumed(reason="已核对时间", last_worked=AT, held_since=None),
    e.MailsRetried(messages=("<1@office.example>",), addresses=("clerk@office.example",)),
    e.MailsAcknowledged(messages=("<1@office.example>",), reason="已电话告知"),
    e.Restored(seq=9, head="0f" * 32, replaced_seq=11, replaced_head=None, lost_mails=None, reason="磁盘损坏"),
)


def written(rows: Sequence[EventRow]) -> str:
    """As `kaoji audit export` prints them."""
    return "".join(json.dumps(plain(row), ensure_ascii=False) + "\n" for row in rows)


def read(path: Path) -> list[EventRow]:
    """The rows of a file; a column it does not have yet is empty."""
    known = {field.name for field in fields(EventRow)}
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        EventRow(
            **{name: value for name, value in line.items() if name in known}
            | {"at": datetime.fromisoformat(line["at"])}
        )
        for line in lines
    ]


EVERY = sorted(GOLDEN.glob("*.jsonl"))


def test_the_latest_chain_has_every_kind_of_event() -> None:
    if os.environ.get("KAOJI_RENEW_CHAIN") == "1":
        LATEST.write_text(written(a_chain()), encoding="utf-8")

    assert {row.kind for row in read(LATEST)} == {kind_of(kind) for kind in get_args(e.Event)}


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_an_old_chain_verifies(path: Path) -> None:
    rows = read(path)

    assert [link for link in verified(rows) if isinstance(link, BadLink)] == []
    harmed = [replace(row, payload=row.payload.replace("第10", "第9")) for row in rows]
    assert any(isinstance(link, BadLink) for link in verified(harmed))


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_an_old_event_is_read_whole(path: Path) -> None:
    for row in read(path):
        again = json.loads(encode(decode(row.kind, row.payload)))

        assert keeps(again, json.loads(row.payload)), f"event {row.seq} loses something when it is read"


@pytest.mark.parametrize("path", EVERY, ids=lambda path: path.stem)
def test_an_old_event_is_told_in_both_languages(path: Path) -> None:
    for row in read(path):
        for ground in grounds_in(json.loads(row.payload)):
            assert CJK.search(ground_words(ground))
            assert not CJK.search(ground_words(ground, "en"))
        assert event_word(row.kind) != row.kind


def test_no_sentence_of_the_program_stands_in_a_chain() -> None:
    """What is Chinese in it was written by somebody: in the table, in words of his own, or as a name."""
    ours = [text for row in read(LATEST) for text in texts_in(json.loads(row.payload)) if CJK.search(text)]

    assert set(ours) - WRITTEN_BY_PEOPLE == set()


CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
WRITTEN_BY_PEOPLE = {
    *("第10", "第5", "第11", "三区居中", "全市前6", "数据有误", "赴市城管委对接", "请抓紧整改", "属实", "情况已核实"),
    *("已约谈科室负责人，承诺月底前整改到位", "已整改到位", "市里发文调休", "已核对时间", "已电话告知", "磁盘损坏"),
}


def keeps(read_again: Any, stored: Any) -> bool:
    """Whether everything stored is still there; what a later program adds does not matter."""
    if isinstance(stored, dict):
        return all(name in read_again and keeps(read_again[name], value) for name, value in stored.items())
    if isinstance(stored, list):
        return len(read_again) == len(stored) and all(map(keeps, read_again, stored))
    return bool(read_again == stored)


def grounds_in(value: Any) -> Iterator[Ground]:
    """Every ground in a payload."""
    if isinstance(value, dict):
        yield from (from_facts(one) for one in value.get("grounds", ()))
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from grounds_in(below)


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a payload."""
    if isinstance(value, str):
        yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(below)
