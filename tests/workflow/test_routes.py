"""Reports on other routes than the usual one are played whole: fewer and more steps, 会签, 或签, posts elsewhere."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from states import commands as c
from states import events as e
from states.errors import AlreadyDone, ReasonMissing, Stale, WrongActor, WrongState
from states.office import BUREAU_DUTIES, Level, Office, Role
from states.permits import Capacity, Standing, capacity
from states.purposes import Purpose
from states.route import RESERVED, Need, Opinion, Phase, Route, Step, route_of, route_text
from tests.states.builders import (
    ASSESSOR,
    CLERK,
    HEAD,
    LEADER,
    OFFICE,
    OTHER_HEAD,
    OTHER_LEADER,
    REF,
    Desk,
    an_appointment,
    an_office,
    filled_rows,
    rules,
)
from workflow.queries import Board
from workflow.waiting import Waiting


def a_step(state: str, *signers: str, **more: Any) -> Step:
    """With a title of its own."""
    return Step(state=state, signers=signers, title=f"{state}已签", title_en=f"signed: {state}", **more)


def an_office_on(*steps: Step, **more: Any) -> Office:
    """The usual office, its sections' reports on that route."""
    duties = an_office(**more).duties
    bureau = replace(BUREAU_DUTIES, route=Route(steps))
    return replace(an_office(**more), duties={**duties, Level.BUREAU: bureau})


def a_desk_on(*steps: Step, appointments: Sequence[Any] = (), without: Sequence[str] = (), **policies: Any) -> Desk:
    """At work on that route, the section's report filled and sent."""
    office = an_office_on(*steps, without=without)
    office = replace(office, appointments=(*office.appointments, *appointments))
    desk = Desk(rules_=rules(office, **policies)).live_until("2015-10-09 10:00")
    desk.act(c.SaveTable, CLERK, rows=filled_rows())
    desk.act(c.Send, CLERK)
    return desk


ONE_STEP = (a_step("checked", "section_head"),)
THREE_STEPS = (
    a_step("checked", "section_head"),
    a_step("agreed", "section_head@huanwei", "leader@huanwei", "leader"),
    a_step("approved", "unit_head@bureau"),
)
EITHER = (a_step("checked", "section_head", "leader", need=Need.ANY), a_step("approved", "unit_head@bureau"))


def test_one_step_is_signed_and_submitted() -> None:
    desk = a_desk_on(*ONE_STEP)

    assert desk.act(c.Sign, HEAD).events[-1].to_state == "checked"
    assert desk.report().holders == (CLERK,)
    desk.act(c.Submit, CLERK)

    assert desk.report().state == "submitted"
    assert desk.told(Purpose.SUBMISSION_NEEDED) == [CLERK]


def test_one_step_is_submitted_by_itself_where_the_office_wants_that() -> None:
    desk = a_desk_on(*ONE_STEP, auto_submit=True)

    desk.act(c.Sign, HEAD)

    assert desk.report().state == "submitted"


def test_a_step_waits_until_everybody_has_signed_in_any_order() -> None:
    desk = a_desk_on(*THREE_STEPS)
    desk.act(c.Sign, HEAD)
    assert desk.report().holders == (OTHER_HEAD, OTHER_LEADER, LEADER)

    for signer in (LEADER, OTHER_HEAD):
        assert desk.act(c.Sign, signer).events[-1].to_state is None
        assert desk.report().state == "checked"
    assert desk.report().holders == (OTHER_LEADER,)
    assert desk.act(c.Sign, OTHER_LEADER).events[-1].to_state == "agreed"

    desk.act(c.Sign, "bureau.head")
    desk.act(c.Submit, CLERK)
    assert (desk.report().state, desk.report().round) == ("submitted", 1)
    assert [(row.step, row.person) for row in desk.store.state.signoffs] == [
        *((1, HEAD), (2, LEADER), (2, OTHER_HEAD), (2, OTHER_LEADER), (3, "bureau.head")),
    ]


def test_each_signer_of_a_step_is_asked_once_when_it_begins() -> None:
    desk = a_desk_on(*THREE_STEPS)
    desk.act(c.Sign, HEAD)
    desk.act(c.Sign, LEADER)

    assert desk.told(Purpose.SIGNATURE_NEEDED) == [HEAD, OTHER_HEAD, OTHER_LEADER, LEADER]


def test_whoever_has_signed_waits_for_the_others() -> None:
    desk = a_desk_on(*THREE_STEPS)
    desk.act(c.Sign, HEAD)
    desk.act(c.Sign, LEADER)

    with pytest.raises(AlreadyDone, match="会签"):
        desk.act(c.Sign, LEADER)
    with pytest.raises(WrongActor, match="第二签字人"):
        desk.act(c.Sign, ASSESSOR)


def test_of_several_any_one_decides() -> None:
    desk = a_desk_on(*EITHER)
    assert desk.report().holders == (HEAD, LEADER)

    desk.act(c.Sign, LEADER)

    assert desk.report().state == "checked"
    with pytest.raises(WrongActor):
        desk.act(c.Sign, HEAD)


def test_a_person_signs_at_once_for_every_post_he_holds() -> None:
    both = (an_appointment(HEAD, "huanwei", Role.SECTION_HEAD),)
    step = a_step("agreed", "section_head", "section_head@huanwei")
    desk = a_desk_on(step, appointments=both, without=(OTHER_HEAD,))

    desk.act(c.Sign, HEAD)

    assert desk.report().state == "agreed"
    (signoff,) = desk.store.state.signoffs
    assert signoff.posts == ("section_head@shirong", "section_head@huanwei")


def test_a_post_held_by_several_is_signed_when_one_of_them_signs() -> None:
    second = (an_appointment("second.head", "shirong", Role.SECTION_HEAD),)
    office = an_office_on(*ONE_STEP)
    office = replace(
        office,
        appointments=(*office.appointments, *second),
        people=(*office.people, replace(office.people[0], id="second.head", email="second@test.example")),
    )
    desk = Desk(rules_=rules(office)).live_until("2015-10-09 10:00")
    desk.act(c.SaveTable, CLERK, rows=filled_rows())
    desk.act(c.Send, CLERK)

    desk.act(c.Sign, "second.head")

    assert desk.report().state == "checked"


def test_content_is_closed_once_anybody_has_signed() -> None:
    desk = a_desk_on(a_step("agreed", "section_head", "leader"))
    desk.act(c.Sign, HEAD)

    with pytest.raises(WrongState, match="已有人签字"):
        desk.act(c.SaveTable, CLERK, rows=filled_rows("第3"))


def test_a_signature_of_several_is_taken_back_alone() -> None:
    desk = a_desk_on(*THREE_STEPS)
    desk.act(c.Sign, HEAD)
    desk.act(c.Sign, LEADER)
    desk.act(c.Sign, OTHER_HEAD)

    assert desk.act(c.Withdraw, LEADER).events[-1].to_state is None

    assert (desk.report().state, desk.report().round) == ("checked", 1)
    assert desk.report().holders == (OTHER_LEADER, LEADER)
    assert [row.person for row in desk.store.state.signoffs if row.void_seq is None] == [HEAD, OTHER_HEAD]
    with pytest.raises(WrongState):  # who signed the step before has no right to take that back by this
        desk.act(c.Withdraw, HEAD)
    desk.act(c.Sign, LEADER)
    desk.act(c.Sign, OTHER_LEADER)
    assert desk.report().state == "agreed"


def test_a_signer_of_several_may_return_whether_he_has_signed_or_not() -> None:
    for returner in (LEADER, OTHER_HEAD):
        desk = a_desk_on(*THREE_STEPS)
        desk.act(c.Sign, HEAD)
        desk.act(c.Sign, LEADER)

        desk.act(c.Return, returner)

        assert (desk.report().state, desk.report().round, desk.report().signed) == ("draft", 2, ())
        assert all(row.void_seq is not None for row in desk.store.state.signoffs)


def test_another_signature_of_the_same_step_makes_no_signature_stale() -> None:
    desk = a_desk_on(a_step("agreed", "section_head", "leader"))
    seen = desk.report().version
    desk.act(c.Sign, HEAD, version=seen)

    desk.act(c.Sign, LEADER, version=seen)

    assert desk.report().state == "agreed"
    with pytest.raises(Stale):
        desk.act(c.Submit, CLERK, version=seen)


def test_whoever_need_not_sign_any_more_is_told_and_so_is_who_is_to_be_copied() -> None:
    desk = a_desk_on(
        a_step("checked", "section_head", "leader", need=Need.ANY, cc=("office@bureau", "leader")),
        a_step("approved", "unit_head@bureau"),
    )

    desk.act(c.Sign, HEAD, opinion="属实")

    assert [(mail.recipient, mail.cc) for mail in desk.mails(Purpose.SIGNED)] == [(LEADER, False), (OFFICE, True)]
    assert {mail.facts["text"] for mail in desk.mails(Purpose.SIGNED)} == {"属实"}


def test_nobody_is_copied_before_a_step_is_done() -> None:
    desk = a_desk_on(a_step("agreed", "section_head", "leader", cc=("office@bureau",)))

    desk.act(c.Sign, HEAD)
    assert desk.mails(Purpose.SIGNED) == []
    desk.act(c.Sign, LEADER)

    assert desk.told(Purpose.SIGNED) == [OFFICE]


def test_what_is_open_to_a_person_says_what_each_act_needs() -> None:
    desk = a_desk_on(a_step("checked", "section_head", opinion=Opinion.REQUIRED))
    board = Board(desk.store, timezone="Asia/Shanghai", unit_names={"shirong": "市容管理科"})
    waiting = Waiting(desk.store, board, desk.rules, desk.clock.now())

    told = {str(item["act"]): item for item in waiting.acts(desk.report(), HEAD)}

    assert list(told) == ["sign", "return", "urge"]
    assert (told["sign"]["word"], told["sign"]["post"]) == ("签字", "section_head@shirong")
    assert told["sign"]["needs"] == [{"name": "opinion", "what": "办理意见", "must": True}]
    assert told["return"]["needs"] == [{"name": "reason", "what": "理由", "must": True}]
    assert waiting.acts(desk.report(), ASSESSOR) != []


def test_an_incomplete_table_is_shown_with_what_keeps_it_from_being_sent() -> None:
    desk = Desk().live_until("2015-10-09 10:00")
    board = Board(desk.store, timezone="Asia/Shanghai", unit_names={"shirong": "市容管理科"})
    waiting = Waiting(desk.store, board, desk.rules, desk.clock.now())

    send: Any = next(item for item in waiting.acts(desk.report(), CLERK) if item["act"] == "send")

    assert len(send["gaps"]) == 6
    assert "最新排名" in send["gaps"][0]


def test_a_step_may_need_an_opinion() -> None:
    desk = a_desk_on(a_step("checked", "section_head", opinion=Opinion.REQUIRED))

    with pytest.raises(ReasonMissing, match="办理意见"):
        desk.act(c.Sign, HEAD)
    desk.act(c.Sign, HEAD, opinion="属实")

    assert desk.report().state == "checked"


def test_a_report_keeps_the_route_it_was_opened_with() -> None:
    desk = a_desk_on(*ONE_STEP)
    later = Desk(rules_=rules(an_office_on(*THREE_STEPS)), store=desk.store)
    later.clock.set(desk.clock.now())

    later.act(c.Sign, HEAD)
    later.act(c.Submit, CLERK)
    later.live_until("2015-11-03 10:00")

    assert later.report().state == "supervised"
    assert [step.state for step in later.report("2015-11/shirong").route.steps] == ["checked", "agreed", "approved"]


def test_a_vacant_post_of_a_step_is_told_of_although_others_are_held() -> None:
    desk = a_desk_on(*THREE_STEPS, without=(OTHER_LEADER,))

    desk.act(c.Sign, HEAD)

    assert desk.told(Purpose.VACANT) == [OFFICE, ASSESSOR]
    assert {mail.facts["post"] for mail in desk.mails(Purpose.VACANT)} == {"leader"}


def test_where_any_may_sign_one_who_is_there_is_enough() -> None:
    desk = a_desk_on(*EITHER, without=(LEADER,))

    assert desk.told(Purpose.VACANT) == []


def test_status_says_the_route_and_who_is_waited_for() -> None:
    desk = a_desk_on(*THREE_STEPS, without=(OTHER_LEADER,))
    desk.act(c.Sign, HEAD)
    desk.act(c.Sign, LEADER)
    board = Board(desk.store, timezone="Asia/Shanghai", unit_names={"shirong": "市容管理科"})

    document: Any = board.status(REF)

    told = {"transferred_from": None, "added_by": None}
    assert document["route"] == ["checked", "agreed", "approved"]
    assert document["waits"] == [
        {"post": "section_head@huanwei", "persons": [OTHER_HEAD], "vacant": False, **told},
        {"post": "leader@huanwei", "persons": [], "vacant": True, **told},
    ]
    assert [(one["state"], one["round"], one["posts"]) for one in document["signoffs"]] == [
        ("checked", 1, ["section_head@shirong"]),
        ("agreed", 1, ["leader@shirong"]),
    ]


def test_who_is_waited_for_finds_it_in_his_inbox_and_who_has_signed_does_not() -> None:
    desk = a_desk_on(*THREE_STEPS)
    desk.act(c.Sign, HEAD)
    desk.act(c.Sign, LEADER)
    board = Board(desk.store, timezone="Asia/Shanghai", unit_names={"shirong": "市容管理科"})
    waiting = Waiting(desk.store, board, desk.rules, desk.clock.now())

    assert [item["kind"] for item in waiting.inbox(OTHER_HEAD)] == ["sign"]
    assert waiting.inbox(LEADER) == []


def test_a_refusal_names_the_state_as_its_route_does() -> None:
    desk = a_desk_on(*THREE_STEPS)
    desk.act(c.Sign, HEAD)

    with pytest.raises(WrongState, match="checked已签"):
        desk.act(c.Submit, CLERK)


# --- any route -----------------------------------------------------------------------------------------------------

POSTS = (
    *("section_head", "leader", "section_head@huanwei", "leader@huanwei", "unit_head@bureau"),
    *("district_leader@bureau", "assessor@district"),
)
STATES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda state: state not in RESERVED)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Any route a configuration may hold, its posts held in the office of the tests."""
    states = draw(st.lists(STATES, min_size=1, max_size=5, unique=True))
    steps = []
    for state in states:
        signers = draw(st.lists(st.sampled_from(POSTS), min_size=1, max_size=3, unique=True))
        steps.append(a_step(state, *signers, need=draw(st.sampled_from(Need))))
    return Route(tuple(steps))


def signed_through(desk: Desk, upto: int) -> list[str]:
    """Whoever may sign does, until so many steps are signed; the states the report went through."""
    seen = []
    while desk.report().step < upto:
        report = desk.report()
        signer = report.holders[0]
        assert isinstance(capacity("sign", signer, Standing(report, desk.rules, desk.clock.now())), Capacity)
        desk.act(c.Sign, signer)
        if desk.report().state != report.state:
            seen.append(desk.report().state)
    return seen


@settings(max_examples=40, deadline=None)
@given(route=routes(), data=st.data())
def test_any_route_leads_from_the_draft_to_submission_and_back_by_return_and_withdrawal(
    route: Route, data: st.DataObject
) -> None:
    desk = a_desk_on(*route.steps)
    count = len(route.steps)

    reached = data.draw(st.integers(0, count - 1), label="returned after so many steps")
    signed_through(desk, reached)
    desk.act(c.Return, desk.report().holders[0])
    assert (desk.report().state, desk.report().round, desk.report().holders) == ("draft", 2, (CLERK,))

    desk.act(c.Send, CLERK)
    reached = data.draw(st.integers(1, count), label="withdrawn after so many steps")
    signed_through(desk, reached)
    last = desk.report().last_actor
    assert last is not None
    desk.act(c.Withdraw, last)
    assert (desk.report().state, desk.report().round) == ("draft", 3)

    desk.act(c.Send, CLERK)
    assert signed_through(desk, count) == [step.state for step in route.steps]
    assert desk.report().phase is Phase.SIGNED
    desk.act(c.Submit, CLERK)
    assert desk.report().state == "submitted"
    standing = [row for row in desk.store.state.signoffs if row.void_seq is None]
    assert {row.step for row in standing} == set(range(1, count + 1))
    assert len(desk.facts(e.ReportSigned)) == len(desk.store.state.signoffs)


@given(route=routes())
def test_a_route_is_read_back_as_it_was_stored(route: Route) -> None:
    assert route_of(route_text(route)) == route
