"""One office lived through from October to December 2015, so that every kind of mail is written by the core itself.

The section `shirong` reports, is judged and followed up; `huanwei` and the bureau are late. No name is a real one.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from states import commands as c
from states import facts
from states.models import Report
from states.office import Indicator, Office, Role, Unit
from states.purposes import Purpose
from states.ranks import read_rank
from tests.states.builders import (
    ASSESSOR,
    BUREAU_REF,
    CLERK,
    COLLEAGUE,
    DISTRICT_ASSESSOR,
    DISTRICT_LEADER,
    HEAD,
    LEADER,
    OFFICE,
    OTHER_HEAD,
    OTHER_LEADER,
    REF,
    STRANGER,
    UNIT_HEAD,
    Desk,
    a_report,
    an_appointment,
    an_entry,
    an_indicator,
    an_office,
    at,
    filled_rows,
    rules,
)
from workflow.ports import Message

LANGUAGES = ("zh", "en")
SUCCESSOR = "huanwei.clerk2"
LATE_REF = "2015-10/huanwei"
COMPARISON = "鹿城第8、瓯海第9"

_ZH = {
    CLERK: "周填报",
    HEAD: "李科长",
    LEADER: "吴分管",
    COLLEAGUE: "孙对接",
    OFFICE: "陈文书",
    ASSESSOR: "郑考绩",
    STRANGER: "王填报",
    SUCCESSOR: "冯接任",
    OTHER_HEAD: "褚科长",
    OTHER_LEADER: "卫分管",
    UNIT_HEAD: "蒋局长",
    DISTRICT_LEADER: "沈区长",
    DISTRICT_ASSESSOR: "韩考绩",
    "ground": "某城管〔2015〕1号《督查约谈和考绩扣分办法》第四条",
    "office": "某区综合行政执法局",
    "district": "某区",
    "bureau": "执法局",
    "shirong": "市容管理科",
    "huanwei": "环卫科",
    "szcg": "数字城管",
    "srzz": "市容整治",
    "hwgg": "环卫改革",
    "draft_returned": "“市容整治”的三区比较与市里通报不一致，请核对后重报",
    "withdrawn": "漏填一处",
    "first_opinion": "情况属实",
    "urged": "市里今天要数",
    "second_opinion": "同意报送",
    "reviewed": "两项均列后三名，请抓紧整改",
    "feedback": "已增派两名网格员，每日两巡",
    "interview": "郑考绩约谈李科长（11月25日上午），承诺年底前进入前八",
    "closed": "区里已书面说明，同意延期",
    "appeal": "10月系统迁移，表已按时交纸质件",
    "waived": "纸质件属实",
    "confirmed": "未见申诉",
    "reopened": "“数字城管”引用了上月排名",
    "target": "全市前6",
    "former_target": "全市前5",
    "no_rank": "暂无排名（年终考核）",
}
_EN = {
    CLERK: "Zhou",
    HEAD: "Li",
    LEADER: "Wu",
    COLLEAGUE: "Sun",
    OFFICE: "Chen",
    ASSESSOR: "Zheng",
    STRANGER: "Wang",
    SUCCESSOR: "Feng",
    OTHER_HEAD: "Chu",
    OTHER_LEADER: "Wei",
    UNIT_HEAD: "Jiang",
    DISTRICT_LEADER: "Shen",
    DISTRICT_ASSESSOR: "Han",
    "ground": "Order No. 1 of 2015, article 4",
    "office": "Example District Enforcement Bureau",
    "district": "Example District",
    "bureau": "Bureau",
    "shirong": "City Appearance Section",
    "huanwei": "Sanitation Section",
    "szcg": "Digital city management",
    "srzz": "City appearance",
    "hwgg": "Sanitation reform",
    "draft_returned": "The comparison of “City appearance” differs from the city's bulletin; please check",
    "withdrawn": "One cell was left out",
    "first_opinion": "Facts are correct",
    "urged": "The city asks for the figures today",
    "second_opinion": "Agreed",
    "reviewed": "Both are among the last three; please act",
    "feedback": "Two more wardens, two rounds a day",
    "interview": "Zheng met Li on the morning of 25 November; the eighth place is promised by the year's end",
    "closed": "The district agreed in writing to a later date",
    "appeal": "Systems were moved in October; the paper form was handed in on time",
    "waived": "The paper form was there",
    "confirmed": "No appeal was made",
    "reopened": "“Digital city management” quotes last month's rank",
    "target": "top 6 of the city",
    "former_target": "top 5 of the city",
    "no_rank": "暂无排名",
}
WORDS: Mapping[str, Mapping[str, str]] = {"zh": _ZH, "en": _EN}


def a_bilingual_office(language: str) -> Office:
    """The builders' office with names and people that read that language; a clerk of `huanwei` leaves in mid-month."""
    said = WORDS[language]
    office = an_office(
        an_appointment(STRANGER, "huanwei", Role.CLERK, until="2015-10-11"),
        an_appointment(SUCCESSOR, "huanwei", Role.CLERK, since="2015-10-12"),
        without=[STRANGER],
        indicators=[_indicator(said, "szcg"), _indicator(said, "srzz"), _indicator(said, "hwgg", "huanwei")],
    )
    return replace(
        office,
        name=said["office"],
        language=language,
        grounds=(said["ground"],),
        units=tuple(Unit(code=u.code, name=said[u.code], level=u.level, parent=u.parent) for u in office.units),
        people=tuple(replace(person, name=said[person.id], language=language) for person in office.people),
    )


def _indicator(said: Mapping[str, str], code: str, unit: str = "shirong") -> Indicator:
    return replace(an_indicator(code, unit), name=said[code], year_end_target=said["target"])


@cache
def story(language: str) -> tuple[Message, ...]:
    """Every mail of three months, in order."""
    said = WORDS[language]
    desk = Desk(rules_=rules(a_bilingual_office(language)))
    _october(desk, said)
    _november(desk, said)
    _december(desk, said)
    return tuple(desk.store.state.messages)


def _october(desk: Desk, said: Mapping[str, str]) -> None:
    desk.live_until("2015-10-09 09:30")
    _fill(desk, said, REF, szcg="第10", srzz="第11")
    desk.act(c.Send, CLERK)
    _fill(desk, said, REF, szcg="第9")
    _fill(desk, said, REF, szcg="第10")
    desk.act(c.Send, CLERK)
    desk.act(c.Withdraw, CLERK, reason=said["withdrawn"])
    desk.act(c.Send, CLERK)
    desk.act(c.Return, HEAD, reason=said["draft_returned"])
    _fill(desk, said, REF, szcg="第10", srzz="第11")
    desk.act(c.Send, CLERK)
    desk.act(c.Sign, HEAD)
    desk.act(c.Withdraw, HEAD)
    desk.act(c.Send, CLERK)
    desk.act(c.Sign, HEAD, opinion=said["first_opinion"])
    desk.live_until("2015-10-12 10:00").act(c.Urge, OFFICE, note=said["urged"])
    desk.act(c.Sign, LEADER, opinion=said["second_opinion"])
    desk.act(c.Submit, CLERK)
    desk.live_until("2015-10-14 10:00").act(c.Review, ASSESSOR, opinion=said["reviewed"])
    desk.live_until("2015-10-20 10:00")
    desk.on_case(c.GiveFeedback, CLERK, f"{REF}/srzz", text=said["feedback"])
    desk.on_case(c.CloseCase, DISTRICT_ASSESSOR, f"{BUREAU_REF}/overdue", reason=said["closed"])
    desk.live_until("2015-10-23 10:00").on_case(c.Appeal, OTHER_HEAD, f"{LATE_REF}/overdue", text=said["appeal"])
    desk.on_case(c.WaivePoints, ASSESSOR, f"{LATE_REF}/overdue", reason=said["waived"])


def _november(desk: Desk, said: Mapping[str, str]) -> None:
    ref, late = "2015-11/shirong", "2015-11/huanwei"
    desk.live_until("2015-11-09 10:00")
    _fill(desk, said, ref, szcg="第10", srzz="第7")
    for kind, actor in ((c.Send, CLERK), (c.Sign, HEAD), (c.Sign, LEADER), (c.Submit, CLERK)):
        desk.act(kind, actor, ref)
    desk.live_until("2015-11-18 10:00")
    desk.act(c.SaveTable, SUCCESSOR, late, rows=filled_rows(said["no_rank"], ["hwgg"], target=said["target"]))
    for kind, actor in ((c.Send, SUCCESSOR), (c.Sign, OTHER_HEAD), (c.Sign, OTHER_LEADER), (c.Submit, SUCCESSOR)):
        desk.act(kind, actor, late)
    desk.live_until("2015-11-25 10:00").on_case(c.HoldInterview, ASSESSOR, f"{REF}/szcg", text=said["interview"])


def _december(desk: Desk, said: Mapping[str, str]) -> None:
    ref = "2015-12/shirong"
    desk.live_until("2015-12-04 18:00").sleep_until("2015-12-10 10:00")
    _fill(desk, said, ref, szcg="第10", srzz="第6")
    for kind, actor in ((c.Send, CLERK), (c.Sign, HEAD), (c.Sign, LEADER), (c.Submit, CLERK)):
        desk.act(kind, actor, ref)
    desk.live_until("2015-12-24 10:00").on_case(c.ConfirmPoints, ASSESSOR, f"{REF}/szcg", text=said["confirmed"])
    desk.act(c.Reopen, ASSESSOR, ref, reason=said["reopened"])
    desk.live_until("2015-12-31 10:00")


def _fill(desk: Desk, said: Mapping[str, str], ref: str, **ranks: str) -> None:
    more = {"comparison": COMPARISON, "target": said["target"]}
    rows = [row for code, rank in ranks.items() for row in filled_rows(rank, [code], **more)]
    desk.act(c.SaveTable, CLERK, ref, rows=tuple(rows))


def letters(language: str, purpose: Purpose) -> list[Message]:
    """One mail of that purpose for each of its readings, the one with most to say, in the order of the story."""
    readings: dict[tuple[object, ...], Message] = {}
    for mail in (*story(language), *made_by_hand(language)):
        if mail.purpose is purpose:
            shown = readings.setdefault(_reading(mail), mail)
            if len(str(mail.facts)) > len(str(shown.facts)):
                readings[_reading(mail)] = mail
    return list(readings.values())


def _reading(mail: Message) -> tuple[object, ...]:
    facts = mail.facts
    names = ("level", "first", "days_left", "rule", "trigger", "overdue", "edited", "drafter", "gone", "spared")
    telling = (facts.get(name) for name in (*names, "compared", "moved_to", "post"))
    several = str(facts.get("reports", ()))
    many = len(str(facts.get("cases", ()))) > 2, len(several) > 2, "'gone': True" in several
    listed = mail.purpose in (Purpose.DIGEST, Purpose.ASSESSOR_DIGEST, Purpose.BULLETIN)
    return () if listed else (mail.cc, bool(facts.get("folded")), bool(facts.get("text")), *telling, *many)


@cache
def made_by_hand(language: str) -> tuple[Message, ...]:
    """What the story does not come to: a table compared with earlier ones, a vacant post, a moved deadline, folds."""
    said, office = WORDS[language], a_bilingual_office(language)
    law, now = rules(office), at("2015-10-12 10:00")
    target, former = said["target"], said["former_target"]
    entries = (
        an_entry("szcg", 10, comparison=COMPARISON, target=target, three_district_rank=3),
        replace(
            an_entry("srzz", 7, rank_text="预估第7", comparison=COMPARISON, target=target),
            reading=read_rank("预估第7", 11),
        ),
    )
    last = (an_entry("szcg", 7, comparison=COMPARISON, target=former), an_entry("srzz", 9, target=target))
    earlier = (replace(entries[0], rank_text="第九"), entries[1])
    report = replace(a_report("draft", sent=True, entries=entries), ref=REF)
    previous = a_report("supervised", period="2015-09", entries=last)
    section, bureau = a_report("draft"), a_report("draft", unit="bureau")
    mine = [
        facts.of_report(one, law)
        | {"usual": True, "signers": [], "indicators": [{"name": said["szcg"], "last_rank": "第7"}]}
        for one in (section, bureau)
    ]
    same = facts.of_table(report, previous, entries, law)
    first = {"first": True, "signed_by": [], "later": ["leader"]}
    told: list[tuple[Purpose, str, dict[str, object], Report]] = [
        (Purpose.SIGNATURE_NEEDED, HEAD, {**facts.of_table(report, previous, earlier, law), **first}, report),
        (Purpose.SIGNATURE_NEEDED, HEAD, {**same, **first, "text": said["first_opinion"]}, report),
        (Purpose.SIGNED, HEAD, {**same, "spared": True, "text": said["first_opinion"]}, report),
        (Purpose.SIGNED, OFFICE, {**same, "spared": False}, report),
        (Purpose.VACANT, OFFICE, {"post": "section_head"}, replace(report, holders=())),
        (Purpose.DEADLINE_MOVED, CLERK, _moved("2015-10-13", "2015-10-12"), section),
        (Purpose.DEADLINE_MOVED, CLERK, _moved("2015-10-12", "2015-10-13"), section),
    ]
    common = facts.common(OFFICE, now, law)
    (pattern, *_) = story(language)
    made = [
        _to(pattern, office, purpose, person, {**common, **facts.of_report(about, law), **more})
        for purpose, person, more, about in told
    ]
    made.append(_to(pattern, office, Purpose.OPENED, OFFICE, {**common, "reports": mine}))
    left = [{**one, "days_left": days} for one, days in zip(mine, (1, 3), strict=True)]
    made.append(_to(pattern, office, Purpose.REMINDER, OFFICE, {**common, "reports": left}))
    signing = [{**facts.of_report(report, law), **same, "gone": False}, {**mine[1], "gone": False}]
    for purpose, more in (
        (Purpose.HANDED_OVER, signing),
        (Purpose.HANDED_OVER, [{**one, "gone": True} for one in mine]),
        (Purpose.VACANT, [{**one, "post": "leader", "holder_names": []} for one in mine]),
        (Purpose.DEADLINE_MOVED, [{**one, **_moved("2015-10-12", "2015-10-13")} for one in mine]),
    ):
        made.append(_to(pattern, office, purpose, OFFICE, {**common, "reports": more}))
    late = [{**one, "overdue": True, "legal": []} for one in mine]
    made.append(_to(pattern, office, Purpose.OVERDUE, OFFICE, {**common, "reports": late}))
    return tuple(made)


def _moved(before: str, after: str) -> dict[str, object]:
    return {name: f"{day}T17:00:00+08:00" for name, day in (("moved_from", before), ("moved_to", after))}


def _to(pattern: Message, office: Office, purpose: Purpose, person: str, told: dict[str, object]) -> Message:
    name = office.person_by_id[person].name
    return replace(pattern, purpose=purpose, recipient=person, name=name, cc=False, facts=told)
