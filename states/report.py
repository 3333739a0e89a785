"""The report: which acts are allowed (`decide`), what its timers do (`wake`), and what a fact makes of it (`evolve`).

`decide` and `wake` return facts and change nothing; `evolve` applies one fact and judges nothing (spec, part 4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from states import commands as c
from states import events as e
from states.acts import row_of
from states.canonical import content_sha256
from states.errors import Incomplete, ReasonMissing, Stale, WrongContent
from states.flags import judge_all, move_cases, propose
from states.gaps import Gap, row_gaps
from states.grounds import Ground, Rule
from states.lifecycle import act_of, lifecycle_of
from states.models import Case, CaseState, Entry, Report, Trigger
from states.needs import need_words
from states.office import Indicator
from states.permits import Standing, need_capacity
from states.ranks import read_rank, three_district_place
from states.route import Need, Opinion, Phase
from states.rules import ESCALATE, OVERDUE, REMIND, DeadlineTimer, Rules
from states.situation import Decided, Situation, Woken, case_subject, report_subject

NOT_SUBMITTED_RANK = "暂无排名"
NOT_SUBMITTED_COMPARISON = "未报送"


def open_report(period: str, unit: str, rules: Rules, due_instant: datetime) -> e.ReportOpened:
    """The fact of a period's report being opened for a unit, one empty entry per indicator."""
    ref = f"{period}/{unit}"
    entries = tuple(
        Entry(indicator=indicator.code, field=indicator.field) for indicator in rules.office.indicators_of(unit)
    )
    due_at = rules.deadline(period, unit)
    return e.ReportOpened(
        period=period,
        unit=unit,
        level=rules.office.unit_by_code[unit].level,
        due_at=due_at,
        grounds=(rules.why_due(unit, due_at),),
        due_instant=due_instant,
        entries=entries,
        content_sha256=content_sha256(ref, entries),
        route=rules.duties(unit).route,
    )


def decide(
    report: Report, command: c.ReportCommand, situation: Situation, rules: Rules, now: datetime
) -> list[Decided]:
    """What the command comes to. Raises a subclass of `Refused` when the rules do not allow it."""
    need_capacity(row_of(command).name, command.actor, Standing(report, rules, now))
    facts: Sequence[e.Event] = ()
    match command:
        case c.SaveTable():
            facts = [_save(report, command, situation, rules)]
        case c.Consolidate():
            facts = [_consolidate(report, situation, rules)]
        case c.Send():
            facts = [_send(report, rules)]
        case c.Sign():
            facts = _sign(report, command, rules, now)
        case c.Submit():
            facts = _submitted(report, now)
        case c.Return():
            facts = [_return(report, command, rules, now)]
        case c.Withdraw():
            facts = [_withdraw(report, command)]
        case c.Review():
            return review(report, command.opinion, situation, rules)
        case c.Reopen():
            need_words(command)
            due_at = rules.returned_due_at(now, report.due_at)
            facts = [e.ReportReopened(reason=command.reason.strip(), due_at=due_at, grounds=_correction(due_at, rules))]
        case c.Urge():
            facts = [e.HolderUrged(note=command.note.strip())]
    decided = [Decided(report_subject(report.ref), fact) for fact in facts]
    if any(isinstance(fact, e.ReportSubmitted) for fact in facts):
        decided += _settle(situation.overdue_case)
    return decided


# --- the acts ------------------------------------------------------------------------------------------------------


def _save(report: Report, command: c.SaveTable, situation: Situation, rules: Rules) -> e.TableSaved:
    present = {entry.indicator: entry for entry in report.entries}
    given = [row.indicator for row in command.rows]
    foreign = [indicator for indicator in given if indicator not in present]
    own = tuple(rules.office.indicator(indicator) for indicator in present)
    if not given:
        raise WrongContent("no_rows", of=report.ref, own=own)
    if foreign:
        raise WrongContent("no_such_indicators", of=report.ref, indicators=tuple(foreign), own=own)
    twice = sorted({indicator for indicator in given if given.count(indicator) > 1})
    if twice:
        raise WrongContent("indicators_twice", indicators=tuple(twice))
    stands = _last_rows(report, given, situation) if command.take_over else present
    saved = tuple(read_row(present[row.indicator], row, rules, stands[row.indicator]) for row in command.rows)
    source = command.source if isinstance(command, c.ImportForm) else None
    return _table_saved(report, saved, how=row_of(command).name, source=source)


def _last_rows(report: Report, asked: Sequence[str], situation: Situation) -> dict[str, Entry]:
    """The rows of the unit's last table, to be taken over."""
    last = situation.previous
    rows = {entry.indicator: entry for entry in last.entries} if last is not None else {}
    lacking = [indicator for indicator in asked if indicator not in rows]
    if lacking:
        raise WrongContent("nothing_to_take_over", of=report.ref, indicators=tuple(lacking))
    return rows


def read_row(present: Entry, row: c.RowDraft, rules: Rules, stands: Entry | None = None) -> Entry:
    """The row as it will stand in the table, with what is read in it.

    What is not given stays as it stands: two clerks may each change a column of one row, and both changes stay.
    """
    stands = stands or present
    written = replace(
        stands,
        rank_text=stands.rank_text if row.rank_text is None else row.rank_text,
        comparison=stands.comparison if row.comparison is None else row.comparison,
        target=stands.target if row.target is None else row.target,
        place=row.place,
    )
    return _entry(present, written, rules)


def _entry(present: Entry, row: Entry, rules: Rules) -> Entry:
    """The row as it stands in the table, with what is read in it."""
    reading = read_rank(row.rank_text, present.field)
    office = rules.office
    compared = three_district_place(
        row.comparison, own=office.own_district, sisters=office.sisters, field=present.field, own_rank=reading.worst
    )
    return Entry(
        indicator=present.indicator,
        field=present.field,
        rank_text=row.rank_text,
        comparison=row.comparison,
        target=row.target,
        place=row.place,
        reading=reading,
        three_district_rank=reading.three_district_rank or compared,
    )


def _table_saved(report: Report, saved: tuple[Entry, ...], *, how: str, source: str | None) -> e.TableSaved:
    entries = merged(report.entries, saved)
    if report.sent and changes_nothing(report, saved):
        # It would take the draft back for nothing, and have its signer look for what changed.
        raise WrongContent("nothing_changed_sent", act=how)
    return e.TableSaved(
        how=how,
        source=source,
        entries=saved,
        content_sha256=content_sha256(report.ref, entries),
        took_back=report.sent,
    )


def changes_nothing(report: Report, saved: Sequence[Entry]) -> bool:
    """Whether the rows are, read and all, those of the table already; which form they come from does not count."""
    present = {entry.indicator: entry for entry in report.entries}
    return all(replace(entry, place=None) == replace(present[entry.indicator], place=None) for entry in saved)


def merged(present: tuple[Entry, ...], saved: Sequence[Entry]) -> tuple[Entry, ...]:
    """The table with the saved rows in place of those of the same indicators."""
    by_indicator = {entry.indicator: entry for entry in saved}
    return tuple(by_indicator.get(entry.indicator, entry) for entry in present)


def _consolidate(report: Report, situation: Situation, rules: Rules) -> e.TableSaved:
    rows = []
    for entry in report.entries:
        indicator = rules.office.indicator_by_code[entry.indicator]
        if indicator.lead_unit != report.unit:
            rows.append(_entry(entry, _consolidated_row(entry, indicator, situation.sections), rules))
    return _table_saved(report, tuple(rows), how="consolidate", source=None)


def _consolidated_row(present: Entry, indicator: Indicator, sections: Mapping[str, Report]) -> Entry:
    section = sections.get(indicator.lead_unit)
    if section is not None and section.is_submitted:
        for entry in section.entries:
            if entry.indicator == indicator.code:
                return replace(entry, place=section.ref)
    return replace(
        present,
        rank_text=NOT_SUBMITTED_RANK,
        comparison=NOT_SUBMITTED_COMPARISON,
        target=indicator.year_end_target or NOT_SUBMITTED_COMPARISON,
        place=None,
    )


def _send(report: Report, rules: Rules) -> e.ReportSent:
    found = gaps(report, rules)
    if found:
        raise Incomplete("gaps_left", of=report.ref, count=len(found), gaps=tuple(found))
    return e.ReportSent(content_sha256=report.content_sha256)


def gaps(report: Report, rules: Rules) -> list[Gap]:
    """Every gap of the table, with the cell it stands in (spec, part 4)."""
    return [gap for entry in report.entries for gap in row_gaps(entry, rules.office.indicator(entry.indicator))]


def _sign(report: Report, command: c.Sign, rules: Rules, now: datetime) -> list[e.Event]:
    if command.content_sha256 is not None and command.content_sha256 != report.content_sha256:
        raise Stale("other_content", of=report.ref)
    step = report.route.steps[report.position.step]
    if step.opinion is Opinion.REQUIRED and not command.opinion.strip():
        raise ReasonMissing("opinion_missing")
    owed = rules.owed_by(report)
    # Whoever holds several posts of the step signs at once for all of them.
    own = tuple(str(post) for post in owed if command.actor in rules.holding(post, now))
    completes = step.need is Need.ANY or len(own) == len(owed)
    facts: list[e.Event] = [
        e.ReportSigned(
            step=step.state,
            posts=own,
            completes=completes,
            content_sha256=report.content_sha256,
            opinion=command.opinion.strip(),
            on_behalf_of=None,
        )
    ]
    if completes and step is report.route.steps[-1] and rules.policies.auto_submit:
        facts += _submitted(report, now)
    return facts


def _withdraw(report: Report, command: c.Withdraw) -> e.ReportWithdrawn:
    """A signature of a step that waits for more is taken back alone; else the draft begins anew.

    A draft taken back before anybody signed it has cost nobody a signature: its round goes on.
    """
    alone = any(person == command.actor for _, person in report.signed)
    return e.ReportWithdrawn(
        from_state=report.state,
        reason=command.reason.strip(),
        new_round=not alone and not report.sent,
        alone=alone,
    )


def _submitted(report: Report, now: datetime) -> list[e.Event]:
    """Late is what comes at the deadline or after it, also where the timer that marks it was held up."""
    submitted = e.ReportSubmitted(content_sha256=report.content_sha256)
    if now < report.due_at or report.overdue:
        return [submitted]
    return [e.ReportOverdue(due_instant=report.due_at, reminders=()), submitted]


def _settle(case: Case | None) -> list[Decided]:
    """An overdue report that is submitted settles its case while that is only tracked."""
    if case is None or case.state is not CaseState.TRACKING:
        return []
    return [Decided(case_subject(case.id), e.CaseClosed(grounds=(Ground(rule=Rule.SUBMITTED),), reason=""))]


def _return(report: Report, command: c.Return, rules: Rules, now: datetime) -> e.ReportReturned:
    need_words(command)
    restarted = report.phase is Phase.SUBMITTED
    due_at = rules.returned_due_at(now, report.due_at) if restarted else report.due_at
    return e.ReportReturned(
        from_state=report.state,
        reason=command.reason.strip(),
        due_at=due_at,
        restarted=restarted,
        grounds=_correction(due_at, rules) if restarted else (),
    )


def _correction(due_at: datetime, rules: Rules) -> tuple[Ground, ...]:
    """Why a table handed in and sent back is due when it is."""
    return (Ground(rule=Rule.CORRECTION, count=rules.policies.returned_days, due_at=due_at),)


def review(report: Report, opinion: str, situation: Situation, rules: Rules) -> list[Decided]:
    """The judgement of a submitted table and what it moves; by the assessor, or by the system in time."""
    judgements = judge_all(report, situation, rules)
    reviewed = e.ReportReviewed(opinion=opinion.strip(), judgements=judgements)
    return [
        Decided(report_subject(report.ref), reviewed),
        *move_cases(report, judgements, situation, rules),
    ]


# --- timers --------------------------------------------------------------------------------------------------------


def next_wakeup(report: Report, rules: Rules) -> datetime | None:
    """The earliest instant at which anything must happen to the report by itself (spec, part 5)."""
    instants = [timer.at for timer in _pending(report, rules)]
    change = rules.next_change_of_post(report, report.timers_until)
    return min([*instants, change] if change else instants, default=None)


def _pending(report: Report, rules: Rules) -> list[DeadlineTimer]:
    """The report's timers not yet applied, in order of time."""
    if not report.is_submitted:
        return [timer for timer in rules.deadline_timers(report.due_at) if timer.at > report.timers_until]
    if report.phase is Phase.SUBMITTED and report.submitted_at is not None:
        review_at = rules.review_at(report.submitted_at)
        return [DeadlineTimer(review_at, "review")] if review_at > report.timers_until else []
    return []


def wake(report: Report, situation: Situation, rules: Rules, now: datetime) -> Woken:
    """Apply the earliest timer due, or all reminders due before anything else is: after downtime they are one mail.

    What is told goes to whoever holds the report now, so a change of hands missed in downtime comes first.
    """
    due = [timer for timer in _pending(report, rules) if timer.at <= now]
    change = rules.next_change_of_post(report, report.timers_until)
    if change is not None and change <= now and (not due or change <= due[0].at):
        return Woken(change, _hand_over(report, change, rules, now))
    handed_over = _hand_over(report, change, rules, now) if change is not None and change <= now else []
    woken = _wake(report, due, situation, rules, now)
    return Woken(woken.until, [*handed_over, *woken.decided])


def _wake(report: Report, due: Sequence[DeadlineTimer], situation: Situation, rules: Rules, now: datetime) -> Woken:
    reminders = _leading_reminders(due)
    following = due[len(reminders)] if len(reminders) < len(due) else None
    if following is not None and following.kind == OVERDUE:
        fact = e.ReportOverdue(due_instant=following.at, reminders=reminders)
        return Woken(following.at, [Decided(report_subject(report.ref), fact)])
    if reminders:
        left = _workdays_left(report, rules, now)
        fact_ = e.HolderReminded(due_instants=reminders, days_left=left)
        return Woken(reminders[-1], [Decided(report_subject(report.ref), fact_)])
    if following is None:
        return Woken(now, [])
    if following.kind == ESCALATE:
        return Woken(following.at, _escalate(report, following, situation, rules))
    return Woken(following.at, review(report, "", situation, rules))


def deadline_moved(report: Report, events: Sequence[e.Event], rules: Rules, now: datetime) -> e.DeadlineMoved | None:
    """What the rules as they are now make of a deadline; `events` are those that gave the report a new one.

    A deadline that has passed, or would have, stays: nobody is late by a calendar that was entered afterwards.
    """
    if report.is_submitted or report.overdue or report.due_at <= now:
        return None
    due_at = rules.deadline(report.period, report.unit)
    grounds: tuple[Ground, ...] = (rules.why_due(report.unit, due_at),)
    for given in events:
        # What was given for correction is never taken back by the day of the month.
        if isinstance(given, (e.ReportReopened, e.ReportReturned)) and given.due_at > due_at:
            due_at, grounds = given.due_at, given.grounds
    if due_at == report.due_at or due_at <= now:
        return None
    return e.DeadlineMoved(before=report.due_at, after=due_at, grounds=grounds)


def _leading_reminders(due: Sequence[DeadlineTimer]) -> tuple[datetime, ...]:
    count = next((place for place, timer in enumerate(due) if timer.kind != REMIND), len(due))
    return tuple(timer.at for timer in due[:count])


def _workdays_left(report: Report, rules: Rules, now: datetime) -> int:
    day, last, left = rules.calendar.day_of(now), rules.calendar.day_of(report.due_at), 0
    while day < last:
        day = rules.calendar.shift(day, 1)
        left += 1
    return left


def _hand_over(report: Report, at: datetime, rules: Rules, now: datetime) -> list[Decided]:
    after = rules.holders(report, now)
    if after == report.holders:
        return []
    fact = e.HolderChanged(due_instant=at, before=report.holders, after=after)
    return [Decided(report_subject(report.ref), fact)]


def _escalate(report: Report, timer: DeadlineTimer, situation: Situation, rules: Rules) -> list[Decided]:
    """One rung of the overdue ladder: what it calls for, and the case it opens or moves."""
    case, to = situation.overdue_case, timer.to or CaseState.TRACKING
    late = Ground(rule=Rule.OVERDUE, count=timer.days, due_at=report.due_at)
    number = case.id if case is not None else situation.next_case
    moved: e.CaseOpened | e.CaseAdvanced | e.PointsProposed | None = None
    match to, case.state if case is not None else None:
        case CaseState.TRACKING, None:
            moved = e.CaseOpened(
                case=number,
                report=report.ref,
                unit=report.unit,
                level=report.level,
                indicator=None,
                trigger=Trigger.OVERDUE,
                rank=None,
                grounds=(late,),
            )
        case CaseState.INTERVIEW, CaseState.TRACKING:
            moved = e.CaseAdvanced(grounds=(late,), due_instant=timer.at)
        case CaseState.SCORE_DEDUCTION, CaseState.INTERVIEW:
            moved = propose(situation.points_used, late, rules, due_instant=timer.at)
    rung = e.OverdueEscalated(due_instant=timer.at, to=to, case=None if moved is None else number, grounds=(late,))
    followed = [] if moved is None else [Decided(case_subject(number), moved)]
    return [Decided(report_subject(report.ref), rung), *followed]


# --- what a fact makes of it ---------------------------------------------------------------------------------------


def opened(event: e.ReportOpened, at: datetime) -> Report:
    """The report a ReportOpened makes. Its deadline still counts where holidays moved it before the opening."""
    return Report(
        ref=f"{event.period}/{event.unit}",
        period=event.period,
        unit=event.unit,
        level=event.level,
        route=event.route,
        state=lifecycle_of(event.route).initial,
        step=0,
        round=1,
        version=1,
        seq=1,
        opened_at=at,
        due_at=event.due_at,
        overdue=False,
        submitted_at=None,
        content_sha256=event.content_sha256,
        drafters=(),
        last_actor=None,
        holders=(),
        timers_until=min(event.due_instant, event.due_at - timedelta(microseconds=1)),
        wake_at=None,
        entries=event.entries,
    )


def evolve(report: Report, event: e.ReportEvent, *, at: datetime, actor: str, to: str | None = None) -> Report:
    """The report after one fact. `holders` and `wake_at` are planned afterwards, from the rules.

    Its new state is the machine's answer; a replay gives the state the fact led `to` then, for tables may have changed.
    """
    report = _moved(report, event, to)
    seq, version = report.seq + 1, report.version + 1
    match event:
        case e.TableSaved():
            return _after_save(report, event, actor)
        case e.ReportSent():
            drafters = _with(report.drafters, actor)
            return replace(report, seq=seq, version=version, last_actor=actor, drafters=drafters)
        case e.ReportSigned():
            signed = () if event.completes else (*report.signed, *((post, actor) for post in event.posts))
            return replace(report, seq=seq, version=version, last_actor=actor, signed=signed)
        case e.ReportSubmitted():
            return replace(report, seq=seq, version=version, submitted_at=at, last_actor=None)
        case e.ReportReturned():
            return _after_return(_back(report), event, at)
        case e.ReportWithdrawn():
            # One of several is as if never given; whoever acted before it has no right to take his own back by that.
            signed = tuple(one for one in report.signed if one[1] != actor)
            return replace(_back(report), round=report.round + event.new_round, signed=signed)
        case e.ReportReviewed():
            return _after_review(report, event)
        case e.ReportReopened():
            return _restarted(_back(report), at, event.due_at)
        case e.ReportOverdue():
            return replace(report, seq=seq, overdue=True)
        case e.DeadlineMoved():
            # Reminders of the new deadline whose instant has passed are dropped (spec, part 5).
            return replace(report, seq=seq, due_at=event.after, timers_until=at)
        case e.HolderReminded() | e.OverdueEscalated() | e.HolderUrged() | e.HolderChanged():
            return replace(report, seq=seq)
        case e.ReportOpened():
            raise ValueError(f"{report.ref} is open already")
    assert_never(event)


def _moved(report: Report, event: e.Event, to: str | None) -> Report:
    """Where the fact leads on the report's route; a step that begins has no signature yet."""
    act = act_of(event)
    state = report.state if act is None else to or lifecycle_of(report.route).after(act, report.state)
    if state == report.state:
        return report
    return replace(report, state=state, step=report.route.position(state).step, signed=())


def _with(people: tuple[str, ...], person: str) -> tuple[str, ...]:
    return people if person in people else (*people, person)


def _after_save(report: Report, event: e.TableSaved, actor: str) -> Report:
    entries = merged(report.entries, event.entries)
    whole = len(event.entries) == len(report.entries)
    return replace(
        report,
        seq=report.seq + 1,
        version=report.version + 1,
        last_actor=None,
        content_sha256=event.content_sha256,
        entries=entries,
        drafters=(actor,) if whole else _with(report.drafters, actor),
    )


def _back(report: Report) -> Report:
    return replace(report, seq=report.seq + 1, version=report.version + 1, last_actor=None)


def _after_return(report: Report, event: e.ReportReturned, at: datetime) -> Report:
    if event.restarted:
        return _restarted(report, at, event.due_at)
    return replace(report, round=report.round + 1)


def _restarted(report: Report, at: datetime, due_at: datetime) -> Report:
    """Back in draft after submission: a new round, a new deadline, timers anew, no flags."""
    entries = tuple(replace(entry, flags=()) for entry in report.entries)
    return replace(
        report,
        round=report.round + 1,
        due_at=due_at,
        overdue=False,
        submitted_at=None,
        timers_until=at,
        entries=entries,
    )


def _after_review(report: Report, event: e.ReportReviewed) -> Report:
    flags = {judgement.indicator: judgement.flags for judgement in event.judgements}
    entries = tuple(replace(entry, flags=flags.get(entry.indicator, ())) for entry in report.entries)
    return replace(
        report,
        seq=report.seq + 1,
        version=report.version + 1,
        entries=entries,
    )
