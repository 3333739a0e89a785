"""Builds rows and models with defaults: a report of one unit, a case on it, the events and mails that go with them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from states.canonical import sha256
from states.models import Case, CaseState, Duty, DutyKind, Entry, Flag, Report, Task, Trigger
from states.office import Level
from states.purposes import Purpose
from states.ranks import RankKind, RankReading
from states.route import BUREAU_ROUTE
from storage.connection import Engine
from storage.database import Database
from workflow.chain import linked
from workflow.ports import Claim, ContactRow, Delivery, EventRow, Message, SignOffRow, Transaction

NOW = datetime(2015, 10, 8, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RARE = "𠮷野家门口“占道经营”，测试\u3000全角　空格"
"""Holds U+20BB7, which lies outside the basic plane."""


def an_entry(indicator: str = "szcg", **more: Any) -> Entry:
    """An entry with a rank read in it."""
    reading = RankReading(kind=RankKind.RANKED, best=5, worst=6, stated_field=11, tied=False, estimated=True)
    filled: dict[str, Any] = {
        "field": 11,
        "rank_text": "预估第5-6名",
        "comparison": "鹿城第3、瓯海第5、龙湾第8",
        "target": "全市前6",
        "place": "附表1 第4行",
        "reading": replace(reading, three_district_rank=2),
        "three_district_rank": 2,
        "flags": (Flag.LAGGING, Flag.WEAK),
    }
    return Entry(indicator=indicator, **(filled | more))


def a_report(unit: str = "shirong", period: str = "2015-10", **more: Any) -> Report:
    """A draft that has just been opened and wakes in a day."""
    filled: dict[str, Any] = {
        "level": Level.BUREAU,
        "route": BUREAU_ROUTE,
        "state": "draft",
        "step": 0,
        "round": 1,
        "version": 1,
        "seq": 1,
        "opened_at": NOW,
        "due_at": NOW + 5 * DAY,
        "overdue": False,
        "submitted_at": None,
        "content_sha256": sha256("empty"),
        "drafters": (),
        "last_actor": None,
        "tasks": (Task(f"clerk@{unit}", (f"{unit}.clerk",)),),
        "holders": (f"{unit}.clerk",),
        "timers_until": NOW,
        "wake_at": NOW + DAY,
        "entries": (an_entry("srzz"), an_entry("hwgg", reading=RankReading(kind=RankKind.UNREADABLE), flags=())),
    }
    filled["step"] = BUREAU_ROUTE.position(more.get("state", "draft")).step
    if "holders" in more:
        filled["tasks"] = (Task(f"clerk@{unit}", more["holders"]),) if more["holders"] else ()
    return Report(ref=f"{period}/{unit}", period=period, unit=unit, **(filled | more))


def a_case(number: int = 1, report: str = "2015-10/shirong", indicator: str | None = "szcg", **more: Any) -> Case:
    """A case that has just been opened and wakes in two days; without an indicator, that of an overdue report."""
    filled: dict[str, Any] = {
        "unit": report.partition("/")[2],
        "level": Level.BUREAU,
        "trigger": Trigger.OVERDUE if indicator is None else Trigger.LAGGING,
        "state": CaseState.TRACKING,
        "version": 1,
        "seq": 1,
        "opened_at": NOW,
        "opened_rank": None if indicator is None else 10,
        "entered_at": NOW,
        "feedback_at": None,
        "interview_at": None,
        "appealed_at": None,
        "proposed_at": None,
        "points": None,
        "points_status": None,
        "closed_at": None,
        "timers_until": NOW,
        "wake_at": NOW + 2 * DAY,
    }
    return Case(id=number, report=report, indicator=indicator, **(filled | more))


def a_duty(kind: DutyKind = DutyKind.LIAISON, unit: str = "shirong", **more: Any) -> Duty:
    """A duty that has just begun and wakes in three days."""
    filled: dict[str, Any] = {"seq": 1, "since": NOW, "timers_until": NOW, "wake_at": NOW + 3 * DAY}
    return Duty(kind=kind, unit=unit, **(filled | more))


def an_event(subject: str = "report:2015-10/shirong", item_seq: int = 1, **more: Any) -> EventRow:
    """An event not yet linked to the chain."""
    filled: dict[str, Any] = {
        "seq": 0,
        "at": NOW,
        "actor": "shirong.clerk",
        "command_id": None,
        "kind": "report_sent",
        "from_state": None,
        "to_state": None,
        "version": 1,
        "payload": '{"content_sha256":"…"}',
        "prev_hash": "",
        "hash": "",
    }
    return EventRow(subject=subject, item_seq=item_seq, **(filled | more))


def a_signoff(event_seq: int = 1, **more: Any) -> SignOffRow:
    """The first signature of the report."""
    filled: dict[str, Any] = {
        "report": "2015-10/shirong",
        "state": "section_signed",
        "step": BUREAU_ROUTE.position(more.get("state", "section_signed")).step,
        "posts": ("section_head@shirong",),
        "round": 1,
        "version": 2,
        "person": "shirong.head",
        "on_behalf_of": None,
        "at": NOW,
        "content_sha256": sha256("empty"),
        "opinion": "同意",
        "void_seq": None,
    }
    return SignOffRow(event_seq=event_seq, **(filled | more))


def a_contact(event_seq: int = 1, **more: Any) -> ContactRow:
    """A logged visit."""
    filled: dict[str, Any] = {
        "unit": "shirong",
        "person": "shirong.liaison",
        "at": NOW,
        "visit": True,
        "text": "市考绩办：已对接",
    }
    return ContactRow(event_seq=event_seq, **(filled | more))


def a_message(event_seq: int = 1, recipient: str = "shirong.head", **more: Any) -> Message:
    """A mail waiting to be sent."""
    filled: dict[str, Any] = {
        "id": 0,
        "message_id": f"<{event_seq}.{recipient}@kaoji.test>",
        "address": f"{recipient}@longwan.test",
        "name": "张三",
        "language": "zh",
        "purpose": Purpose.SIGNATURE_NEEDED,
        "thread": "<thread@kaoji.test>",
        "cc": False,
        "facts": {"report": "2015-10/shirong", "rows": [1, None, "第5"]},
        "audit_seq": event_seq,
        "audit_head": sha256("head"),
        "created_at": NOW,
        "state": Delivery.PENDING,
        "attempts": 0,
        "next_attempt_at": NOW,
        "lease_until": None,
        "sent_at": None,
        "last_error": None,
    }
    return Message(event_seq=event_seq, recipient=recipient, **(filled | more))


def a_claim(now: datetime, lease: timedelta, limit: int = 1, *in_hand: int) -> Claim:
    """What a worker asks for whose mails may be put off for two days."""
    return Claim(
        now=now,
        lease_until=now + lease,
        rests_until=now + timedelta(days=2),
        limit=limit,
        in_hand=frozenset(in_hand),
    )


def append(tx: Transaction, *events: EventRow) -> Sequence[EventRow]:
    """Link the events to the chain and append them."""
    chained = linked(events, *tx.head())
    tx.append_events(chained)
    return chained


def stored(database: Database, *models: Report | Case | Duty, events: Sequence[EventRow] = ()) -> None:
    """Commit new models and events."""
    with database.begin(NOW) as tx:
        append(tx, *events)
        for model in models:
            match model:
                case Report():
                    tx.save_report(None, model)
                case Case():
                    tx.save_case(None, model)
                case Duty():
                    tx.save_duty(None, model)
        tx.commit()


def no_parameters(engine: Engine, *statements: str) -> list[Any]:
    """Run statements outside of the store, as a stranger with a database tool would; the rows of the last."""
    connection = engine.connect()
    try:
        done = [connection.execute(statement) for statement in statements][-1]
        return done.fetchall() if statements[-1].startswith(("SELECT", "PRAGMA", "EXPLAIN")) else []
    finally:
        connection.close()


def attempt(database: Database, *acts: Callable[[Transaction], object]) -> None:
    """Do the acts in one transaction and commit."""
    with database.begin(NOW) as tx:
        for act in acts:
            act(tx)
        tx.commit()
