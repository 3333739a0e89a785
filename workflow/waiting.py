"""What waits for a person, of every kind, and what follows for a case. It needs the rules, unlike the other questions.

Reads only; the instants are those the rules give, so they stand although no timer has fired yet.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from states.acts import ACTS, Act
from states.duties import liaison_instants
from states.gaps import gap_words
from states.models import Case, CaseState, Duty, DutyKind, PointsStatus, Report
from states.permits import Standing, open_acts
from states.report import gaps
from states.route import Opinion, Phase
from states.rules import Rules
from workflow.queries import Board, Document
from workflow.queries import Reader as BoardReader


class Reader(BoardReader, Protocol):
    """What the answers are read from."""

    def duty(self, kind: DutyKind, unit: str) -> Duty | None:
        """One recurring duty."""


class Waiting:
    """Answers under the rules of the office, as of `now`."""

    def __init__(self, reader: Reader, board: Board, rules: Rules, now: datetime) -> None:
        self._reader = reader
        self._board = board
        self._rules = rules
        self._now = now

    def inbox(self, person: str) -> list[Document]:
        """Everything that waits for one person, the most pressing first, what has no last day at the end.

        Each is `{"kind", "subject", "unit", "indicator", "rule", "grounds", "since", "from", "until", "late"}`:
        `subject` a report, the number of a case, or a unit; `rule` and `grounds` why the case stands where it does;
        `from` when it may be done where that is not yet; `until` when it is due. What concerns a report also bears its
        line of the board as `report`.
        """
        found = [*self._reports(person), *self._cases(person), *self._visits(person)]
        return sorted(found, key=lambda item: (item["until"] is None, str(item["until"] or "")))

    def acts(self, subject: Report | Case, person: str) -> list[Document]:
        """What the person may do on it now: `{"act", "word", "post", "on_behalf_of", "needs", "gaps"}` each.

        `needs` are the words and arguments the act takes, `{"name", "what", "must"}`; `gaps` the cells that keep a
        table from being sent. `post` is `ROLE@UNIT`, None where the act hangs on the person alone.
        """
        here = Standing(subject, self._rules, self._now)
        return [
            {
                "act": act,
                "word": ACTS[act].word[0],
                "post": None if may.post is None else str(may.post),
                "on_behalf_of": may.on_behalf_of,
                "needs": list(_needs(ACTS[act], here)),
                "gaps": [gap_words(gap) for gap in gaps(subject, self._rules)]
                if act == "send" and isinstance(subject, Report)
                else [],
            }
            for act, may in open_acts(person, here).items()
        ]

    def _reports(self, person: str) -> Iterator[Document]:
        lines = {str(line["report"]): line for line in self._board.inbox(person)}
        for report in self._reader.reports_held_by(person):
            due = None if report.is_submitted else report.due_at
            if report.phase is Phase.SUBMITTED and report.submitted_at is not None:
                due = self._rules.review_at(report.submitted_at)
            item = self._item(
                _kind_of(report), report.ref, report.unit, since=self._board.held_since(report), until=due
            )
            yield {**item, "report": lines[report.ref]}

    def _cases(self, person: str) -> Iterator[Document]:
        rules, now = self._rules, self._now
        own = rules.office.units_where_appointed(person)
        for case in self._reader.cases(open_only=True):
            unit = rules.office.unit_by_code.get(case.unit)
            if unit is None or own.isdisjoint((unit.code, unit.parent)):
                continue  # of a unit that is gone, or in which the person holds no post
            assesses = person in rules.assessors(case.unit, now)
            signs = person in rules.heads(case.unit, now)
            answers = signs or person in rules.drafters(case.unit, now)
            kind, begins, until = None, None, None
            if answers and case.state is CaseState.TRACKING and case.indicator is not None and case.feedback_at is None:
                kind, until = "feedback", rules.feedback_until(case.opened_at)
            elif assesses and case.state is CaseState.INTERVIEW and case.interview_at is None:
                kind, until = "interview", rules.interview_until(case.entered_at)
            elif case.points_status is PointsStatus.PROPOSED and case.proposed_at is not None:
                appeal_until = rules.appeal_until(case.proposed_at)
                if assesses:
                    kind, begins = "confirm", None if case.appealed_at else appeal_until
                elif signs and case.appealed_at is None and now <= appeal_until:
                    kind, until = "appeal", appeal_until
            if kind is not None:
                item = self._item(kind, str(case.id), case.unit, since=case.entered_at, until=until)
                about: Document = {"indicator": case.indicator, "from": self._board.local(begins)}
                yield {**item, **about, **self._board.moved_by(case)}

    def _visits(self, person: str) -> Iterator[Document]:
        ahead = max(self._rules.policies.remind_days, default=0)
        for unit in sorted(self._rules.office.units_where_appointed(person)):
            duty = self._reader.duty(DutyKind.LIAISON, unit)
            if duty is None or unit not in self._rules.office.unit_by_code:
                continue
            due = self.visit_due(duty)
            # Visits are told as long before as the deadlines of reports are.
            begins = self._rules.calendar.later(due, -ahead, self._rules.policies.liaison_time)
            if begins <= self._now and person in self._rules.liaisons(duty.unit, self._now):
                yield self._item("visit", duty.unit, duty.unit, since=duty.since, until=due)

    def _item(self, kind: str, subject: str, unit: str, *, since: datetime, until: datetime | None) -> Document:
        local = self._board.local
        return {
            "kind": kind,
            "subject": subject,
            "unit": unit,
            "indicator": None,
            "rule": None,
            "grounds": [],
            "since": local(since),
            "from": None,
            "until": local(until),
            "late": until is not None and until < self._now,
        }

    def follows(self, case: Case) -> list[Document]:
        """What follows for a case: `{"what", "at"}`, `at` None where it hangs on a person or a review.

        `what` is `feedback_due` (else an interview follows), `interview_due`, `appeal_until`, `may_confirm`,
        `next_review`, or for an overdue report `interview` and `deduction`.
        """
        rules, local = self._rules, self._board.local
        match case.state:
            case CaseState.CLOSED:
                return []
            case CaseState.SCORE_DEDUCTION:
                until = rules.appeal_until(case.proposed_at) if case.proposed_at else None
                if until is None or case.appealed_at is not None or until < self._now:
                    return [{"what": "may_confirm", "at": None}]
                return [{"what": "appeal_until", "at": local(until)}, {"what": "may_confirm", "at": local(until)}]
            case CaseState.INTERVIEW if case.interview_at is None:
                due: list[Document] = [{"what": "interview_due", "at": local(rules.interview_until(case.entered_at))}]
                return due + self._of_overdue_report(case)
            case CaseState.TRACKING if case.indicator is not None and case.feedback_at is None:
                return [
                    {"what": "feedback_due", "at": local(rules.feedback_until(case.opened_at))},
                    {"what": "next_review", "at": None},
                ]
        return self._of_overdue_report(case) if case.indicator is None else [{"what": "next_review", "at": None}]

    def visit_due(self, duty: Duty) -> datetime:
        """When the next visit of a unit's liaison officer is due."""
        return liaison_instants(duty, self._rules)[0]

    def _of_overdue_report(self, case: Case) -> list[Document]:
        """The next rung for a report still not submitted."""
        report = self._reader.report(case.report) if case.indicator is None else None
        step = self._board.next_of(report) if report is not None else None
        return [step] if step is not None and step["what"] in ("interview", "deduction") else []


def _kind_of(report: Report) -> str:
    """What the holder has to do: `fill`, `sign`, `submit` or `review`."""
    return {Phase.DRAFTING: "fill", Phase.SIGNING: "sign", Phase.SIGNED: "submit"}.get(report.phase, "review")


def _needs(act: Act, here: Standing) -> Iterator[Document]:
    """The words and arguments of an act, and whether it must have them."""
    if act.words is not None:
        step = here.subject.waiting if act.name == "sign" and isinstance(here.subject, Report) else None
        must = bool(act.words.must) or (step is not None and step.opinion is Opinion.REQUIRED)
        yield {"name": act.words.field, "what": act.words.what, "must": must}
    for one in act.arguments:
        yield {"name": one.name, "what": one.about, "must": one.needed}
