"""Who may do what now, to be asked: before an act is done, and by whoever shows a person what is open to him.

The rules of report and case ask here before they decide; buttons, the console's `acts` and the table of permits in the
documentation are made of the same answers, so that nothing is offered that would be refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from states.acts import ACTS
from states.acts import CASE as CASES
from states.acts import REPORT as REPORTS
from states.errors import AlreadyDone, Refused, WrongActor, WrongContent, WrongState, WrongTime
from states.lifecycle import CASE, lifecycle_of
from states.models import Case, PointsStatus, Report, called
from states.needs import need_actor
from states.office import Level, Post
from states.refusals import Term
from states.route import Phase
from states.rules import Rules
from states.words import report_word, word


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
    act: str, person: str, of: str, posts: tuple[Post, ...], *, called: tuple[str, ...], rules: Rules, now: datetime
) -> Capacity:
    """The first of the posts the person holds. Raises WrongActor, naming who does.

    `called` are the duties the posts bear, for whoever is refused: `drafter`, `signer 1` …
    """
    holders = {post: rules.holding(post, now) for post in posts}
    allowed = tuple(one for held in holders.values() for one in held)
    need_actor(person, allowed, of=of, duties=called, act=act, office=rules.office)
    return Capacity(person, next(post for post, held in holders.items() if person in held))


# --- on a report ---------------------------------------------------------------------------------------------------


def _need_report_state(act: str, report: Report) -> None:
    """Refuse what the report's state does not allow, saying what leads on from there. Raises WrongState."""
    lifecycle = lifecycle_of(report.route)
    if lifecycle.allows(act, report.state):
        return
    ref, state = report.ref, _state(report, report.state)
    match report.phase:
        case Phase.SIGNED if act == "return":
            raise WrongState("all_signed", of=ref, state=state, act=act)
        case Phase.SUPERVISED if act in ("return", "withdraw", "save"):
            raise WrongState("reviewed_already", of=ref, state=state, act=act)
        case Phase.SUBMITTED if act in ("withdraw", "save"):
            raise WrongState("submitted_already", of=ref, state=state, act=act)
        case Phase.SIGNING | Phase.SIGNED if act == "save":
            raise WrongState("signed_already", of=ref, state=state, act=act)
    sources = tuple(dict.fromkeys(_state(report, called(state)) for state in lifecycle.sources(act)))
    raise WrongState("not_now", of=ref, state=state, act=act, states=sources)


def _state(report: Report, state: str) -> Term:
    """A state in the words of the report's route and level."""
    chinese, english = (report_word(report.route, state, report.level, language) for language in ("zh", "en"))
    return Term(state, chinese, english)


def _as_drafter(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:
    move = ACTS[act].move or act
    if act != "send" or not report.sent:
        _need_report_state(move, report)
    if move == "save" and report.signed:
        raise WrongState("signed_in_part", of=report.ref)
    may = _held(
        move, person, report.ref, (rules.post(report.unit, "drafter"),), called=("drafter",), rules=rules, now=now
    )
    if act == "consolidate" and report.level is not Level.DISTRICT:
        raise WrongContent("nothing_below", of=report.ref)
    if act == "send" and report.sent:
        raise WrongState("sent_already", of=report.ref)
    return may


def _as_signer(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:
    if report.phase is Phase.DRAFTING:
        raise WrongState("not_sent", of=report.ref)
    _need_report_state(act, report)
    owed = rules.owed_by(report)
    own = next((post for post in owed if person in rules.holding(post, now)), None)
    if own is None and any(who == person for _, who in report.signed):
        raise AlreadyDone("signed_own", actor=rules.office.person(person), of=report.ref)
    may = _held(act, person, report.ref, owed, called=_signer_called(report), rules=rules, now=now)
    # Whoever wrote the content is no second pair of eyes on it, whatever post he holds.
    if person in report.drafters and not rules.policies.drafter_may_sign:
        raise WrongActor("drafted_it", actor=rules.office.person(person), of=report.ref)
    return may


def _signer_called(report: Report) -> tuple[str, ...]:
    """The duty of who signs next, by the place of the step."""
    return (f"signer {report.position.step + 1}",)


def _as_returner(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:
    """Whoever is asked to sign may return instead, having signed or not; after submission, who received it."""
    if report.phase is Phase.DRAFTING:
        raise WrongState("with_drafter", of=report.ref)
    _need_report_state(act, report)
    if report.waiting is not None:
        posts, called = rules.signers(report.waiting, report.unit), _signer_called(report)
    else:
        called = ("receiver", "assessor")
        posts = tuple(rules.post(report.unit, duty) for duty in called)
    return _held(act, person, report.ref, posts, called=called, rules=rules, now=now)


def _as_last_actor(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:  # noqa: ARG001  no post gives it
    """Only who acted last may take that back, and only until the next one acts; a signature of several, any time."""
    _need_report_state(act, report)
    if any(who == person for _, who in report.signed):
        return Capacity(person, None)
    if report.last_actor is None:
        raise WrongState("nothing_to_withdraw", of=report.ref)
    if person != report.last_actor:
        raise WrongActor("not_last_actor", of=report.ref, last=rules.office.person(report.last_actor))
    return Capacity(person, None)


def _as_assessor(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:
    _need_report_state(act, report)
    return _held(
        act, person, report.ref, (rules.post(report.unit, "assessor"),), called=("assessor",), rules=rules, now=now
    )


def _urging(act: str, person: str, report: Report, rules: Rules, now: datetime) -> Capacity:  # noqa: ARG001  urging moves nothing
    """Everybody who waits for the report may urge whoever holds it."""
    posts = [rules.post(report.unit, duty) for duty in ("receiver", "assessor", "drafter")]
    posts += [post for step in report.route.steps for post in rules.signers(step, report.unit)]
    held = next((post for post in posts if person in rules.holding(post, now)), None)
    if held is None:
        raise WrongActor("not_concerned", actor=rules.office.person(person), of=report.ref)
    if report.phase is Phase.SUPERVISED:
        raise WrongState("nobody_to_urge", of=report.ref)
    if not report.holders:
        raise WrongState("vacant_to_urge", of=report.ref)
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
        states = tuple(_case_state(state) for state in CASE.sources(act))
        raise WrongState("case_not_now", of=case.ref, state=_case_state(case.state), act=act, states=states)
    duties: tuple[str, ...]
    match act:
        case "feedback":
            duties = "drafter", "head"
        case "appeal":
            duties = ("head",)
        case _:
            duties = ("assessor",)
    posts = tuple(rules.post(case.unit, duty) for duty in duties)
    return _held(act, person, case.ref, posts, called=duties, rules=rules, now=now)


def _case_state(state: str) -> Term:
    return Term(state, word(state), word(state, "en"))


def _interviewing(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    may = _case_holder(act, person, case, rules, now)
    if case.interview_at is not None:
        raise AlreadyDone("interview_held", of=case.ref)
    return may


def _appealing(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    may = _case_holder(act, person, case, rules, now)
    _need_proposed(case)
    if case.appealed_at is not None:
        raise AlreadyDone("appealed_already", of=case.ref)
    until = _appeal_until(case, rules)
    if now > until:
        raise WrongTime("appeal_over", of=case.ref, until=rules.calendar.local(until))
    return may


def _confirming(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    may = _case_holder(act, person, case, rules, now)
    _need_proposed(case)
    until = _appeal_until(case, rules)
    if case.appealed_at is None and now <= until:
        raise WrongTime("appeal_open", of=case.ref, until=rules.calendar.local(until))
    return may


def _waiving(act: str, person: str, case: Case, rules: Rules, now: datetime) -> Capacity:
    may = _case_holder(act, person, case, rules, now)
    _need_proposed(case)
    return may


def _need_proposed(case: Case) -> None:
    if case.points_status is not PointsStatus.PROPOSED:
        raise WrongState("nothing_proposed", of=case.ref)


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
