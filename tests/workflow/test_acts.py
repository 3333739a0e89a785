"""What an act is answered, under which id it is known, and what it leaves of the acts of others."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from states import commands as c
from states import events as e
from states.errors import (
    AlreadyDone,
    ReasonMissing,
    UnknownSubject,
    WrongActor,
    WrongContent,
    WrongDoor,
    WrongState,
    WrongTime,
)
from states.office import SYSTEM, Role
from states.purposes import Purpose
from tests.memory import MemoryStore
from tests.states.builders import (
    ASSESSOR,
    CLERK,
    COLLEAGUE,
    HEAD,
    LEADER,
    OFFICE,
    REF,
    STRANGER,
    Desk,
    an_appointment,
    an_office,
    at,
    rules,
    rules_defined,
)
from workflow.service import Workflow


@pytest.fixture
def desk() -> Desk:
    """The office on the first morning of the month's reports."""
    return Desk().live_until("2015-10-08 10:00")


def edit(actor: str, indicator: str = "szcg", **row: str) -> c.SaveTable:
    number = f"edit {actor} {sorted(row)}"
    return c.SaveTable(command_id=number, actor=actor, report=REF, rows=(c.RowDraft(indicator=indicator, **row),))


# --- two clerks at once ----------------------------------------------------------------------------------------------


def test_two_clerks_may_each_change_a_column_of_one_row() -> None:
    office = an_office(an_appointment(COLLEAGUE, "shirong", Role.CLERK))
    desk = Desk(rules_=rules(office)).live_until("2015-10-08 10:00")
    desk.act(c.SaveTable, CLERK)

    desk.workflow.execute(edit(CLERK, rank_text="第3"))
    desk.workflow.execute(edit(COLLEAGUE, target="全市前2"))

    row = desk.report().entries[0]
    assert (row.rank_text, row.rank, row.comparison, row.target) == ("第3", 3, "三区居中", "全市前2")


def test_a_row_taken_over_is_last_month_s_but_for_what_is_given(desk: Desk) -> None:
    desk.submit("第7").live_until("2015-11-03 10:00")
    taken = c.SaveTable(
        command_id="take over",
        actor=CLERK,
        report="2015-11/shirong",
        rows=(c.RowDraft(indicator="szcg", target="全市前1"),),
        take_over=True,
    )

    desk.workflow.execute(taken)

    row = desk.report("2015-11/shirong").entries[0]
    assert (row.rank_text, row.comparison, row.target) == ("第7", "三区居中", "全市前1")


def test_where_there_is_no_last_month_nothing_is_taken_over(desk: Desk) -> None:
    with pytest.raises(WrongContent, match="没有上期可沿用"):
        desk.workflow.execute(replace(edit(CLERK), take_over=True))


def test_an_edit_of_a_sent_draft_takes_it_back_and_tells_the_signer(desk: Desk) -> None:
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)

    desk.workflow.execute(edit(CLERK, rank_text="第3"))

    assert (desk.report().sent, desk.report().holders) == (False, (CLERK,))
    assert [fact.took_back for _, fact in desk.facts(e.TableSaved)] == [False, True]
    assert desk.told(Purpose.WITHDRAWN) == [HEAD]


# --- what is answered ------------------------------------------------------------------------------------------------


def test_the_version_answered_is_the_one_the_next_act_may_be_decided_on() -> None:
    desk = Desk(rules_=rules(auto_submit=True)).live_until("2015-10-08 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    desk.act(c.Sign, HEAD)

    answer = desk.act(c.Sign, LEADER)

    assert (answer.version, desk.report().state) == (desk.report().version, "submitted")
    desk.act(c.Review, ASSESSOR, version=answer.version)


def test_the_same_wish_under_the_same_id_is_answered_as_then(desk: Desk) -> None:
    first = desk.workflow.execute(edit(CLERK, rank_text="第3"))

    again = desk.workflow.execute(edit(CLERK, rank_text="第3"))

    assert (again.repeated, again.version, again.events) == (True, first.version, first.events)


@pytest.mark.parametrize(
    "other",
    [
        c.Urge(command_id="x", actor=CLERK, report="2015-10/huanwei"),
        c.Urge(command_id="x", actor=CLERK, report=REF, note="快些"),
        c.Send(command_id="x", actor=CLERK, report=REF),
        c.GiveFeedback(command_id="x", actor=CLERK, case="999", text="已整改"),
    ],
)
def test_another_wish_under_a_used_id_is_refused_and_not_acknowledged(desk: Desk, other: c.Command) -> None:
    desk.workflow.execute(c.Urge(command_id="x", actor=CLERK, report=REF))
    before = desk.store.state

    with pytest.raises(AlreadyDone, match="另一件事"):
        desk.workflow.execute(other)

    assert desk.store.state is before


def test_nobody_can_use_up_the_id_of_a_timer(desk: Desk) -> None:
    report = desk.report()
    assert report.wake_at is not None
    stolen = f"wake report:{REF} {report.seq} {report.wake_at.isoformat()}"

    desk.workflow.execute(c.Urge(command_id=stolen, actor=STRANGER, report="2015-10/huanwei"))
    desk.live_until("2015-10-13 17:00")

    assert desk.report().overdue
    assert desk.store.state.failures == []


@pytest.mark.parametrize("number", ["", "x" * 201, "编号", "a\nb", "a\x1bb"])
def test_an_id_that_cannot_be_shown_and_found_again_is_refused(desk: Desk, number: str) -> None:
    with pytest.raises(WrongContent, match="命令编号"):
        desk.workflow.execute(c.Urge(command_id=number, actor=CLERK, report=REF))


def test_nothing_unseen_is_kept_of_what_people_write(desk: Desk) -> None:
    words = "请\x1b]0;标题\x07尽快\u202e办\u200b理\r\n谢谢"

    (row,) = desk.workflow.execute(c.Urge(command_id="x", actor=CLERK, report=REF, note=words)).events
    desk.workflow.execute(edit(CLERK, rank_text="第\x1b3"))

    assert row.payload == '{"note":"请]0;标题尽快办理\\n谢谢"}'
    assert desk.report().entries[0].rank_text == "第3"


def test_an_event_names_the_door_and_the_proof_it_came_by(desk: Desk) -> None:
    urged = c.Urge(command_id="x", actor=CLERK, report=REF, door="console", proof="clerk (uid 1000)")

    (row,) = desk.workflow.execute(urged).events

    assert (row.door, row.proof) == ("console", "clerk (uid 1000)")


def test_every_event_of_an_act_names_them_and_none_of_a_timer() -> None:
    desk = Desk(rules_=rules(auto_submit=True)).live_until("2015-10-08 09:30")
    came = {"door": "console", "proof": "clerk (uid 1000)"}
    for kind, actor in ((c.SaveTable, CLERK), (c.Send, CLERK), (c.Sign, HEAD)):
        desk.act(kind, actor, **came)

    signed = desk.act(c.Sign, LEADER, **came)
    desk.live_until("2015-10-20 10:00")

    assert [(row.kind, row.door, row.proof) for row in signed.events] == [
        ("report_signed", *came.values()),
        ("report_submitted", *came.values()),
    ]
    assert {(row.door, row.proof) for row in desk.store.state.events if row.actor == SYSTEM} == {(None, None)}


def test_an_office_may_close_the_console_to_acts_for_others_but_not_to_its_upkeep(desk: Desk) -> None:
    desk.define(console_acts=False)
    before = desk.store.state

    with pytest.raises(WrongDoor) as closed:
        desk.workflow.execute(c.Urge(command_id="x", actor=CLERK, report=REF, door="console", proof="clerk (uid 1000)"))

    assert desk.store.state is before
    assert closed.value.message == "本单位不在控制台代人办理：催办（rules.console_acts 为 false）"
    assert "网页" in closed.value.remedy
    desk.workflow.execute(c.Urge(command_id="y", actor=CLERK, report=REF, door="page", proof="password"))
    with pytest.raises(UnknownSubject):  # no closed door: there just is no such mail
        desk.workflow.execute(
            c.RetryMails(command_id="z", actor=CLERK, mails=(999,), door="console", proof="clerk (uid 1000)")
        )


# --- whose rules -----------------------------------------------------------------------------------------------------


def test_an_organisation_of_one_s_own_lets_nobody_act(desk: Desk) -> None:
    """Who may do what is asked of the records, whatever rules a process brings along."""
    desk.define(auto_submit=True)
    invented = rules(an_office(an_appointment("mallory", "shirong", Role.CLERK)))
    mallorys = Workflow(desk.store, invented, desk.clock, mail_domain="test.example", make_rules=rules_defined)
    before = desk.store.state

    with pytest.raises(WrongActor):
        mallorys.execute(edit("mallory", rank_text="第1"))

    assert desk.store.state is before
    mallorys.execute(edit(CLERK, rank_text="第1"))


def test_rules_changed_by_another_process_are_followed_at_once_and_one_event_says_what_changed(desk: Desk) -> None:
    other = Workflow(desk.store, desk.rules, desk.clock, mail_domain="test.example", make_rules=rules_defined)
    desk.define(auto_submit=False, returned_days=4)

    desk.define(auto_submit=True, returned_days=4)
    desk.act(c.SaveTable, CLERK)
    for kind, actor in ((c.Send, CLERK), (c.Sign, HEAD)):
        desk.act(kind, actor)
    other.execute(c.Sign(command_id="last", actor=LEADER, report=REF))

    assert desk.report().state == "submitted"
    (_, told) = desk.facts(e.OfficeDefined)[-1]
    assert [(one.item, one.before, one.after) for one in told.changes] == [("policies auto_submit", "false", "true")]
    assert [(one.kind, one.version) for one in told.versions] == [("policies", 3)]
    assert told.reason == "机构调整"


def test_what_changes_nothing_is_refused(desk: Desk) -> None:
    desk.define(auto_submit=True)
    before = desk.store.state

    with pytest.raises(WrongState, match="没有变动"):
        desk.define(auto_submit=True)

    assert desk.store.state is before


def test_only_an_administrator_changes_what_an_office_that_has_one_defines(desk: Desk) -> None:
    administered = an_office(an_appointment("it", "bureau", Role.ADMIN))
    desk.define(administered)

    with pytest.raises(WrongActor, match="管理员"):
        desk.define(administered, auto_submit=True)

    desk.define(administered, actor="it", auto_submit=True)
    with pytest.raises(WrongActor):
        desk.define(administered, actor="mallory", auto_submit=False)


def test_whoever_several_deadlines_move_for_is_told_in_one_mail() -> None:
    office = an_office(an_appointment(CLERK, "huanwei", Role.CLERK))
    desk = Desk(rules_=rules(office)).live_until("2015-10-08 10:00")

    desk.define(office, holidays=["2015-10-13"])

    (mail,) = desk.mails(Purpose.DEADLINE_MOVED, CLERK)
    listed = mail.facts["reports"]
    assert isinstance(listed, list)
    assert len(listed) == 2


# --- late is late, and nobody is forgotten ---------------------------------------------------------------------------


@pytest.mark.parametrize(("moment", "late"), [("2015-10-13 16:59", False), ("2015-10-13 17:00", True)])
def test_what_comes_at_the_deadline_is_late_also_where_its_timer_was_set_aside(
    desk: Desk, moment: str, late: bool
) -> None:
    desk.act(c.SaveTable, CLERK)
    for kind, actor in ((c.Send, CLERK), (c.Sign, HEAD), (c.Sign, LEADER)):
        desk.act(kind, actor)
    with desk.store.begin(desk.clock.now()) as tx:
        tx.defer_wake(f"report:{REF}", at("2015-10-13 18:00"), "disk")
        tx.commit()
    desk.clock.set(at(moment))

    desk.act(c.Submit, CLERK)

    assert desk.report().overdue is late


LEFT = an_appointment(LEADER, "shirong", Role.LEADER, until="2015-10-11")


@pytest.fixture
def deserted() -> Desk:
    """The leader left on the eleventh, and nobody has his post; the head signs on the twelfth."""
    desk = Desk(rules_=rules(an_office(LEFT, without=(LEADER,)))).live_until("2015-10-12 10:00")
    desk.act(c.SaveTable, CLERK)
    desk.act(c.Send, CLERK)
    desk.act(c.Sign, HEAD)
    return desk


def told_of_vacancy(desk: Desk) -> Sequence[str]:
    return desk.told(Purpose.VACANT)


def test_a_report_that_comes_to_wait_on_a_vacant_post_is_told_of_at_once(deserted: Desk) -> None:
    assert OFFICE in told_of_vacancy(deserted)


def test_a_vacancy_is_told_of_again_when_the_deadline_passes(deserted: Desk) -> None:
    before = len(told_of_vacancy(deserted))

    deserted.live_until("2015-10-13 17:00")

    assert len(told_of_vacancy(deserted)) > before


def test_who_urges_a_report_that_waits_on_nobody_is_told_so(deserted: Desk) -> None:
    with pytest.raises(WrongState, match="无人任职"):
        deserted.act(c.Urge, CLERK)


def test_a_refusal_by_state_says_what_leads_on(desk: Desk) -> None:
    def remedy(kind: type[c.ReportCommand], actor: str) -> str:
        with pytest.raises(WrongState) as refused:
            desk.act(kind, actor)
        return refused.value.remedy

    for kind, actor in ((c.SaveTable, CLERK), (c.Send, CLERK), (c.Sign, HEAD)):
        desk.act(kind, actor)
    assert remedy(c.SaveTable, CLERK) == "已有签字的表要修改，请签字人撤回或退回"
    desk.act(c.Sign, LEADER)
    assert remedy(c.Return, OFFICE) == "已签完，只能由最后签字的人撤回，或报送后由接收人、考绩办退回"
    desk.act(c.Submit, CLERK)
    assert remedy(c.Withdraw, CLERK) == "已经报送的表要修改，请接收人或考绩办退回"
    desk.act(c.Review, ASSESSOR)
    assert remedy(c.SaveTable, CLERK) == "已经督查的表要更正，请考绩办重新打开"


# --- a changed calendar ----------------------------------------------------------------------------------------------


def test_a_holiday_entered_later_moves_the_deadline_of_open_reports(desk: Desk) -> None:
    desk.define(holidays=["2015-10-13"])

    assert desk.report().due_at == at("2015-10-12 17:00")
    (moved,) = [fact for _, fact in desk.facts(e.DeadlineMoved, f"report:{REF}")]
    assert (moved.before, moved.after) == (at("2015-10-13 17:00"), at("2015-10-12 17:00"))
    assert CLERK in desk.told(Purpose.DEADLINE_MOVED)


def test_who_takes_over_several_reports_is_told_in_one_mail_and_of_their_present_deadline_alone(desk: Desk) -> None:
    posts = [an_appointment(COLLEAGUE, unit, Role.CLERK) for unit in ("shirong", "huanwei")]

    desk.define(an_office(*posts, without=(CLERK, STRANGER)), holidays=["2015-10-13"])

    (mail,) = desk.mails(Purpose.HANDED_OVER, COLLEAGUE)
    listed = mail.facts["reports"]
    assert isinstance(listed, list)
    assert {one["due_at"] for one in listed} == {"2015-10-12T17:00:00+08:00"}
    assert not {COLLEAGUE, CLERK, STRANGER} & set(desk.told(Purpose.DEADLINE_MOVED))


def test_a_calendar_entered_afterwards_makes_nobody_late(desk: Desk) -> None:
    desk.clock.set(at("2015-10-12 18:00"))

    desk.define(holidays=["2015-10-13"])

    assert desk.report().due_at == at("2015-10-13 17:00")
    assert not desk.facts(e.DeadlineMoved, f"report:{REF}")


def test_a_deadline_given_by_a_return_is_not_taken_away_by_the_calendar(desk: Desk) -> None:
    desk.submit()
    desk.clock.set(at("2015-10-12 16:00"))
    desk.act(c.Return, OFFICE)
    given = desk.report().due_at

    desk.define(holidays=["2015-10-14"])

    assert desk.report().due_at == given == at("2015-10-15 17:00")


# --- together --------------------------------------------------------------------------------------------------------


def test_one_reminder_tells_a_leader_of_all_the_sections_he_leads() -> None:
    office = an_office(an_appointment(HEAD, "huanwei", Role.CLERK), an_appointment(CLERK, "huanwei", Role.CLERK))
    desk = Desk(rules_=rules(office)).live_until("2015-10-13 09:00")

    mails = [mail for mail in desk.mails(Purpose.REMINDER, CLERK) if mail.created_at == at("2015-10-13 09:00")]

    (mail,) = mails
    assert [one["report"] for one in mail.facts["reports"]] == [REF, "2015-10/huanwei"]  # type: ignore[attr-defined]  # JSON, as stored


def test_sections_submitted_are_read_whatever_mapping_they_come_in(desk: Desk) -> None:
    from types import MappingProxyType

    from states import report as reports
    from states.situation import Situation
    from tests.states.builders import BUREAU_REF

    desk.submit("第4")
    sections = MappingProxyType({"shirong": desk.report()})
    command = c.Consolidate(command_id="x", actor=OFFICE, report=BUREAU_REF)

    (decided,) = reports.decide(
        desk.report(BUREAU_REF), command, Situation(sections=sections), desk.rules, desk.clock.now()
    )

    assert isinstance(decided.event, e.TableSaved)
    assert {entry.indicator: entry.rank_text for entry in decided.event.entries}["szcg"] == "第4"


def contact(took_place: str) -> c.LogVisit:
    return c.LogVisit(command_id=took_place, actor=COLLEAGUE, unit="shirong", text="赴市", took_place=at(took_place))


def test_a_visit_logged_later_counts_from_the_day_it_was_made(desk: Desk) -> None:
    desk.live_until("2015-10-19 10:00")

    desk.workflow.execute(contact("2015-10-12 00:00"))
    desk.live_until("2015-10-27 10:00")

    assert desk.store.state.contacts[-1].at == at("2015-10-12 00:00")
    assert "2015-10-26 09:00" in desk.instants(e.LiaisonReminded, "duty:liaison/shirong")


@pytest.mark.parametrize("kind", [c.LogVisit, c.LogCall])
def test_a_contact_without_a_word_of_it_is_no_contact(desk: Desk, kind: type[c.LogContact]) -> None:
    empty = kind(command_id="x", actor=COLLEAGUE, unit="shirong", text=" \n")

    with pytest.raises(ReasonMissing, match="部门、对象、内容和结果"):
        desk.workflow.execute(empty)

    assert desk.store.state.contacts == []


def test_a_visit_of_tomorrow_cannot_be_logged(desk: Desk) -> None:
    with pytest.raises(WrongTime):
        desk.workflow.execute(contact("2015-10-09 00:00"))


def test_a_unit_that_never_visits_is_reminded_again(desk: Desk) -> None:
    desk.live_until("2015-12-01 10:00")

    assert len(desk.told(Purpose.LIAISON_DUE)) >= 3


def test_before_the_first_start_a_liaison_is_told_what_is_missing() -> None:
    workflow = Workflow(MemoryStore(), rules(), Desk().clock, mail_domain="test.example")

    with pytest.raises(WrongState, match="还没有开始工作"):
        workflow.execute(contact("2015-10-07 00:00"))
