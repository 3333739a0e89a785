"""Who may do what now, to be asked: before an act is done, and by whoever shows a person what is open to him.

The rules of report and case ask here before they decide; buttons, the console's `acts` and the table of permits in the
documentation are made of the same answers, so that nothing is offered that would be refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from states.acts import ACTS, move_word
from states.acts import CASE as CASES
from states.acts import REPORT as REPORTS
from states.errors import AlreadyDone, Refused, WrongActor, WrongContent, WrongState, WrongTime
from states.lifecycle import CASE, lifecycle_of
from states.models import Case, PointsStatus, Report, called
from states.needs import need_actor
from states.office import Level, Post
from states.route import Phase
from states.rules import Rules
from states.words import ordinal_zh, report_word, word


@dataclass(frozen=True, slots=True)
class Capacity:
    """As what a person may do an act: by which post, and for whom where he is not its holder.

    `post` is None for the act that hangs on the person alone: taking back one's own.
    """

    person: str
    post: Post | None
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A subject as it stands, under which rules and when: what a permit is asked of."""

    subject: Report | Case
    rules: Rules
    now: datetime


REPORT_ACTS: Final = tuple(act.name for act in ACTS.values() if act.on is REPORTS)
CASE_ACTS: Final = tuple(act.name for act in ACTS.values() if act.on is CASES)


def acts_on(subject: Report | Case) -> tuple[str, ...]:
    """What people do on such a subject, in the order it is shown."""
    return REPORT_ACTS if isinstance(subject, Report) else CASE_ACTS


def capacity(act: str, person: str, here: Standing) -> Capacity | Refused:
    """As what the person may do the act now, or why he may not. KeyError for an act there is not on such a subject.

    What an act must bear besides, words, rows, no gaps, is for the act itself to say.
    """
    try:
        return need_capacity(act, person, here)
    except Refused as refusal:
        return refusal


def need_capacity(act: str, person: str, here: Standing) -> Capacity:
    """As `capacity`, for whoever is about to do it. Raises a subclass of `Refused`."""
    if isinstance(here.subject, Report):
        return _ON_REPORT[act](act, person, here.subject, here.rules, here.now)
    return _ON_CASE[act](act, person, here.subject, here.rules, here.now)


def open_acts(person: str, here: Standing) -> dict[str, Capacity]:
    """Everything the person may do now, by act, in the order of `acts_on`."""
    asked = ((act, capacity(act, person, here)) for act in acts_on(here.subject))
    return {act: may for act, may in asked if isinstance(may, Capacity)}


def _held(
    act: str, person: str, of: str, posts: tuple[Post, ...], *, called: str, rules: Rules, now: datetime
) -> Capacity:
    """The first of the posts the person holds. Raises WrongActor, naming who does."""
    holders = {post: rules.holding(post, now) for post in posts}
    allowed = tuple(one for held in holders.values() for one in held)
    need_actor(person, allowed, of=of, post=called, said=move_word(act), office=rules.office)
    return Capacity(person, next(post for post, held in holders.items() if person in held))


# --- on a report ---------------------------------------------------------------------------------------------------


def _need_report_state(act: str, report: Report) -> None:
    if not lifecycle_of(report.route).allows(act, report.state):
        raise WrongState(
            f"{report.ref} 现在是“{report_word(report.route, report.state, report.level)}”，不能{move_word(act)}",
            _instead(act, report),
        )


def _instead(act: str, report: Report) -> str:
    """What leads on from where the report stands."""
    match report.phase:
        case Phase.SIGNED if act == "return":
            return "已签完，只能由最后签字的人撤回，或报送后由接收人、考绩办退回"
        case Phase.SUPERVISED if act in ("return", "withdraw", "save"):
            return "已经督查的表要更正，请考绩办重新打开"
        case Phase.SUBMITTED if act in ("withdraw", "save"):
            return "已经报送的表要修改，请接收人或考绩办退回"
        case Phase.SIGNING | Phase.SIGNED if act == "save":
            return "已有签字的表要修改，请签字人撤回或退回"
    if act == "sign" and report.phase is Phase.DRAFTING:
        return "请填报人先送签"
    if act == "return" and report.phase is Phase.DRAFTING:
        return "请等填报人送签"
    sources = dict.fromkeys(
        report_word(report.route, called(state), report.level) for state in lifecycle_of(report.route).sources(act)
    )
    return f"只有在“{'”“'.join(sources)}”时可以{move_word(act)}"


def _as_drafter(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:
    move = ACTS[act].move or act
    if act != "send" or not report.sent:
        _need_report_state(move, report)
    if move == "save" and report.signed:
        raise WrongState(f"{report.ref} 已有人签字，不能填报", "已有签字的表要修改，请签字人撤回或退回")
    may = _held(move, person, report.ref, (rules.post(report.unit, "drafter"),), called="填报人", rules=rules, now=now)
    if act == "consolidate" and report.level is not Level.DISTRICT:
        raise WrongContent(f"{report.ref} 没有下属科室，不能汇总", "科室的表请直接填报或导入")
    if act == "send" and report.sent:
        raise WrongState(f"{report.ref} 已经送签，正在等待签字", "如需修改，请先撤回或直接重新填报")
    return may


def _as_signer(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:
    if report.phase is Phase.DRAFTING:
        raise WrongState(f"{report.ref} 还没有送签，不能签字", "请填报人先送签")
    _need_report_state(act, report)
    owed = rules.owed_by(report)
    own = next((post for post in owed if person in rules.holding(post, now)), None)
    if own is None and any(who == person for _, who in report.signed):
        raise AlreadyDone(
            f"{rules.office.named(person)} 已经签过 {report.ref}，还要等其他人会签", "要收回自己的签字请撤回"
        )
    may = _held(act, person, report.ref, owed, called=_signer_called(report), rules=rules, now=now)
    # Whoever wrote the content is no second pair of eyes on it, whatever post he holds.
    if person in report.drafters and not rules.policies.drafter_may_sign:
        raise WrongActor(
            f"{rules.office.named(person)} 填报了 {report.ref}，不能签自己填的表", "请由其他有签字权的人签"
        )
    return may


def _signer_called(report: Report) -> str:
    """第一签字人, 第二签字人 …"""
    return f"第{ordinal_zh(report.position.step + 1)}签字人"


def _as_returner(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:
    """Whoever is asked to sign may return instead, having signed or not; after submission, who received it."""
    if report.phase is Phase.DRAFTING:
        raise WrongState(f"{report.ref} 还在填报人手里，没有什么可退回", "请等填报人送签")
    _need_report_state(act, report)
    if report.waiting is not None:
        posts, called = rules.signers(report.waiting, report.unit), _signer_called(report)
    else:
        posts = tuple(rules.post(report.unit, duty) for duty in ("receiver", "assessor"))
        called = "接收人或考绩办"
    return _held(act, person, report.ref, posts, called=called, rules=rules, now=now)


def _as_last_actor(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:  # noqa: ARG001  no post gives it
    """Only who acted last may take that back, and only until the next one acts; a signature of several, any time."""
    _need_report_state(act, report)
    if any(who == person for _, who in report.signed):
        return Capacity(person, None)
    if report.last_actor is None:
        raise WrongState(f"{report.ref} 没有可以撤回的送签或签字", "未送签的表可以直接修改")
    if person != report.last_actor:
        raise WrongActor(
            f"最后办理 {report.ref} 的是 {rules.office.named(report.last_actor)}，只有本人在下一环节办理前可以撤回",
            "请联系该同志撤回，或由下一环节退回",
        )
    return Capacity(person, None)


def _as_assessor(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:
    _need_report_state(act, report)
    return _held(act, person, report.ref, (rules.post(report.unit, "assessor"),), called="考绩办", rules=rules, now=now)


def _urging(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:  # noqa: ARG001  urging moves nothing
    """Everybody who waits for the report may urge whoever holds it."""
    posts = [rules.post(report.unit, duty) for duty in ("receiver", "assessor", "drafter")]
    posts += [post for step in report.route.steps for post in rules.signers(step, report.unit)]
    held = next((post for post in posts if person in rules.holding(post, now)), None)
    if held is None:
        raise WrongActor(
            f"{rules.office.named(person)} 与 {report.ref} 无关，不能催办", "请由本单位人员、接收人或考绩办催办"
        )
    if report.phase is Phase.SUPERVISED:
        raise WrongState(f"{report.ref} 已经办结，没有待办人", "无需催办")
    if not report.holders:
        raise WrongState(
            f"{report.ref} 的下一步目前无人任职，没有人可催", "请告知管理员任命，任命当天即转到新任职的人手里"
        )
    return Capacity(person, held)


_ON_REPORT: Final[Mapping[str, Callable[[str, str, Report, Rules, datetime], Capacity]]] = {
    "import": _as_drafter,
    "edit": _as_drafter,
    "consolidate": _as_drafter,
    "send": _as_drafter,
    "sign": _as_signer,
    "submit": _as_drafter,
    "return": _as_returner,
    "withdraw": _as_last_actor,
    "review": _as_assessor,
    "reopen": _as_assessor,
    "urge": _urging,
}


# --- on a case -----------------------------------------------------------------------------------------------------


def _case_holder(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    """Where the case stands, and who acts for its side: the unit answers and appeals, the assessor does the rest."""
    if not CASE.allows(act, case.state):
        raise WrongState(
            f"督查件 {case.ref} 现在是“{word(case.state)}”，不能{move_word(act)}",
            f"只有在“{'”“'.join(word(state) for state in CASE.sources(act))}”时可以{move_word(act)}",
        )
    duties: tuple[str, ...]
    match act:
        case "feedback":
            duties, called = ("drafter", "head"), "填报人或第一签字人"
        case "appeal":
            duties, called = ("head",), "第一签字人"
        case _:
            duties, called = ("assessor",), "考绩办"
    posts = tuple(rules.post(case.unit, duty) for duty in duties)
    return _held(act, person, case.ref, posts, called=called, rules=rules, now=now)


def _interviewing(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    may = _case_holder(act, person, case, rules, now)
    if case.interview_at is not None:
        raise AlreadyDone(f"督查件 {case.ref} 的约谈已经登记过", "每件只登记一次约谈；补充情况请另行存档")
    return may


def _appealing(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    may = _case_holder(act, person, case, rules, now)
    _need_proposed(case)
    if case.appealed_at is not None:
        raise AlreadyDone(f"督查件 {case.ref} 已经申诉过", "每件只能申诉一次，请等考绩办答复")
    until = _appeal_until(case, rules)
    if now > until:
        raise WrongTime(
            f"督查件 {case.ref} 的申诉期已于 {rules.calendar.local(until):%Y-%m-%d %H:%M} 截止",
            "逾期不再受理，可直接与考绩办联系",
        )
    return may


def _confirming(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    may = _case_holder(act, person, case, rules, now)
    _need_proposed(case)
    until = _appeal_until(case, rules)
    if case.appealed_at is None and now <= until:
        raise WrongTime(
            f"督查件 {case.ref} 还在申诉期内，不能确认扣分",
            f"请在 {rules.calendar.local(until):%Y-%m-%d %H:%M} 之后或收到申诉后再确认",
        )
    return may


def _waiving(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    may = _case_holder(act, person, case, rules, now)
    _need_proposed(case)
    return may


def _need_proposed(case: Case) -> None:
    if case.points_status is not PointsStatus.PROPOSED:
        raise WrongState(f"督查件 {case.ref} 没有拟扣分", "请先查看督查件（kaoji case show）")


def _appeal_until(case: Case, rules: Rules) -> datetime:
    if case.proposed_at is None:
        raise ValueError(f"case {case.ref} has points without an instant of proposal")
    return rules.appeal_until(case.proposed_at)


_ON_CASE: Final[Mapping[str, Callable[[str, str, Case, Rules, datetime], Capacity]]] = {
    "feedback": _case_holder,
    "interview": _interviewing,
    "appeal": _appealing,
    "confirm": _confirming,
    "waive": _waiving,
    "close": _case_holder,
}
