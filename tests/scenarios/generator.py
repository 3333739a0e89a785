"""Writes whole case directories for random offices: people who are late, forget, return, withdraw and break rules.

The model tells the story's author what stands when, so that acts fall at right and at almost right moments.
"""

import csv
import heapq
import random
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.scenarios import forms
from tests.scenarios.model import MORNING, ROLES, ZONE, Model, Refused, Row, at, opening, working_after
from tests.scenarios.offices import random_office

Data = dict[str, Any]
REPORT_ACTS = ("import", "consolidate", "send", "sign", "submit", "return", "withdraw", "review")
CASE_ACTS = ("feedback", "interview", "appeal", "confirm", "waive", "close")
TEXTS = ("情况属实", "同意", "排名请与市局核对", "按办法执行", "已制定整改措施")


class Author:
    """Makes up a story line by line, playing the model along."""

    def __init__(self, rng: random.Random, directory: Path) -> None:
        self.rng = rng
        self.directory = directory
        self.doomed = rng.random() < 0.15
        self.config, self.indicators = random_office(rng, large=self.doomed)
        start, end = self.span()
        self.end = end
        self.model = Model(self.config, self.indicators, start, end)
        self.forms: dict[str, list[Row]] = {}
        self.ranks = forms.RankWalk(rng, self.config, self.indicators, doomed=self.doomed)
        self.rows: list[Row] = [line(start, "system", "start")]
        self.agenda: list[tuple[datetime, int, str, str]] = []
        self.counter = 0
        self.refilling: set[str] = set()
        self.zeal = 2.0 if self.doomed else rng.choice([0.3, 0.6, 0.9])
        self.mischief_rate = rng.choice([0.1, 0.5, 1.0, 2.0])

    def span(self) -> tuple[datetime, datetime]:
        """From and to: three to six months, some over a new year, some from or to the very instant of a timer."""
        rng = self.rng
        year, month, months = rng.randint(2010, 2025), rng.choice([1, 2, 3, 5, 8, 9, 10, 11, 12]), rng.randint(3, 6)
        months = min(months, 14 - month) if year == 2025 else months
        first = date(year, month, 1)
        last = date(year + (month + months - 1) // 12, (month + months - 1) % 12 + 1, 1)
        start = at(first, MORNING.replace(hour=0))
        if rng.random() < 0.15:
            start = rng.choice([opening(f"{first:%Y-%m}"), start + timedelta(days=rng.randint(0, 20), seconds=4000)])
        end = at(last, MORNING.replace(hour=0)) + timedelta(days=rng.choice([0, 0, -3, 5, 11]))
        if rng.random() < 0.3:
            end = at(working_after(end.date(), 1), rng.choice([MORNING, MORNING.replace(hour=17)]))
        return start, end

    # The agenda

    def later(self, when: datetime, kind: str, subject: str = "") -> None:
        """Put something on the agenda."""
        self.counter += 1
        heapq.heappush(self.agenda, (when, self.counter, kind, subject))

    def write(self) -> None:
        """Live through the months, then write the files."""
        now = self.model.now
        self.later(now, "month")
        for kind in ("cases", "mischief", "exact"):
            self.later(self.someday(now, 1), kind)
        while self.agenda and self.agenda[0][0] < self.end:
            when, _, kind, subject = heapq.heappop(self.agenda)
            self.model.advance(max(when, self.model.now))
            getattr(self, "plan_" + kind)(subject)
        self.model.advance(self.end)
        self.rows.append(line(self.end, "system", "end"))
        self.save()

    def someday(self, now: datetime, days: int) -> datetime:
        """In office hours some working days on."""
        day = working_after(now.date(), days) if days else now.date()
        return max(now, at(day, MORNING) + timedelta(seconds=self.rng.randint(0, 32400)))

    def plan_month(self, _: str) -> None:
        """Decide when each unit wakes up to its report of this period, if ever."""
        rng, now = self.rng, self.model.now
        period = f"{now:%Y-%m}"
        for unit in self.model.order:
            level = self.model.units[unit]["level"]
            if level not in ROLES:
                continue
            due = date.fromisoformat(f"{period}-{self.config['levels'][level]['due_day']:02d}")
            weights = [10, 4, 1, 0, 0] if self.doomed else [5, 4, 2, 2, 1]
            habit = rng.choices(["early", "due", "late", "very late", "never"], weights)[0]
            wake = {
                "early": self.someday(opening(period), rng.randint(0, 3)),
                "due": self.someday(at(due - timedelta(days=3), MORNING), rng.randint(0, 2)),
                "late": self.someday(at(due, MORNING), rng.randint(0, 4)),
                "very late": self.someday(at(due, MORNING), rng.randint(4, 30)),
                "never": None,
            }[habit]
            if wake is not None:
                self.later(wake, "report", f"{period}/{unit}")
        self.later(at(date.fromisoformat(f"{period}-28") + timedelta(days=4), MORNING).replace(day=1, hour=0), "month")

    def plan_report(self, ref: str) -> None:
        """The next act on a report, and when to look at it again."""
        rng = self.rng
        report = self.model.reports.get(ref)
        if report is None or report["state"] == "supervised":
            return
        self.step(report)
        if rng.random() < 0.6:
            again = self.model.now + timedelta(seconds=rng.randint(0, 7200))
        else:
            again = self.someday(self.model.now, rng.choice([0, 0, 1, 1, 2, 5]))
        self.later(again, "report", ref)

    def step(self, report: Data) -> None:
        """What usually comes next, or one of the ways back."""
        rng, unit, state = self.rng, report["unit"], report["state"]
        if state == "draft" and not report["sent"]:
            if self.incomplete(report) or report["ref"] in self.refilling or rng.random() < 0.08:
                self.refilling.discard(report["ref"])
                self.fill(report, self.one(unit, "drafter"))
            else:
                self.tell(self.one(unit, "drafter"), "send", report["ref"])
                self.refilling |= set() if report["sent"] else {report["ref"]}
            return
        forward = {"draft": "first", "section_signed": "second", "leader_signed": "drafter", "submitted": "assessor"}
        part = forward[state]
        if rng.random() < 0.78:
            action = {"leader_signed": "submit", "submitted": "review"}.get(state, "sign")
            if action != "review" or rng.random() < 0.4:
                self.tell(self.one(unit, part), action, report["ref"], self.text(0.1))
        elif rng.random() < 0.5:
            self.withdraw(report)
        else:
            part = rng.choice(["receiver", "assessor"]) if state == "submitted" else part
            self.tell(self.one(unit, part), "return", report["ref"], self.text(0.1))

    def incomplete(self, report: Data) -> bool:
        """Is there nothing worth sending yet?"""
        return any(not entry["rank"] for entry in report["entries"].values())

    def withdraw(self, report: Data) -> None:
        """Who acted last takes it back, if still in office."""
        parts = ("drafter", "first", "second")
        in_office = set().union(*(self.model.who(report["unit"], part) for part in parts))
        if report["last"] in in_office:
            self.tell(report["last"], "withdraw", report["ref"], self.text(0.3))

    def fill(self, report: Data, actor: str) -> None:
        """Import a form, or consolidate the sections' tables."""
        if self.model.units[report["unit"]]["level"] == "district" and self.rng.random() < 0.85:
            self.tell(actor, "consolidate", report["ref"])
            return
        file = self.form(report)
        self.tell(actor, "import", report["ref"], file=file)

    def form(self, report: Data) -> str:
        """A new form for a report, or the one imported before."""
        rng, ref = self.rng, report["ref"]
        before = [name for name in self.forms if name.startswith((f"forms/{ref}.", f"forms/{ref}-"))]
        if before and rng.random() < 0.3:
            return rng.choice(before)
        suffix = "docx" if rng.random() < 0.1 else "xlsx"
        name = f"forms/{ref}{f'-{len(before) + 1}' if before else ''}.{suffix}"
        self.forms[name] = self.ranks.table(report["period"], list(report["entries"]), first=not before)
        return name

    # Cases

    def plan_cases(self, _: str) -> None:
        """The assessors' and the units' rounds."""
        for case in self.model.cases:
            if case["state"] != "closed" and self.rng.random() < self.zeal * 0.2:
                self.case_step(case)
        self.later(self.someday(self.model.now, 1), "cases")

    def case_step(self, case: Data) -> None:
        """A sensible act on a case."""
        rng, subject, unit = self.rng, named(case), case["unit"]
        assessor = self.one(unit, "assessor")
        if rng.random() < 0.05 and case["state"] != "score_deduction":
            self.tell(assessor, "close", subject, self.text(0.2))
        elif case["state"] == "tracking" and rng.random() < 0.4:
            self.tell(self.one(unit, rng.choice(["drafter", "first"])), "feedback", subject, self.text())
        elif case["state"] == "interview" and (not case["held"] or rng.random() < 0.1):
            self.tell(assessor, "interview", subject, self.text())
        elif case["state"] == "score_deduction":
            action = rng.choices(["appeal", "confirm", "waive", ""], [3, 4, 1, 6])[0]
            actor = self.one(unit, "first") if action == "appeal" else assessor
            if action:
                self.tell(actor, action, subject, self.text(0.2 if action == "waive" else 0))

    def plan_exact(self, _: str) -> None:
        """Act in the very second in which a timer fires or a term ends."""
        rng, now = self.rng, self.model.now
        horizon = min(now + timedelta(days=rng.choice([3, 10])), self.end)
        soon = [(t[0], t[5]["ref"], t[5].get("case")) for t in self.model.timers if now < t[0] < horizon]
        ends = [(self.model.appeal_end(c), "", c) for c in self.model.cases if c["points_status"] == "proposed"]
        soon += [entry for entry in ends if now < entry[0] < horizon]
        if soon:
            when, ref, case = rng.choice(soon)
            self.later(when, "instant", named(case) if case else ref)
        self.later(self.someday(now, rng.choice([0, 1, 1, 2])), "exact")

    def plan_instant(self, subject: str) -> None:
        """The act of that second."""
        if subject.count("/") == 2:
            case = self.model.case_named(subject)
            self.case_step(case)
            if case["state"] == "score_deduction":
                action = self.rng.choice(["appeal", "confirm"])
                self.tell(
                    self.one(case["unit"], "first" if action == "appeal" else "assessor"), action, subject, "申诉"
                )
        elif (report := self.model.reports.get(subject)) and report["state"] != "supervised":
            self.step(report)

    # Mischief

    def plan_mischief(self, _: str) -> None:
        """Somebody does what is not theirs to do, or not now."""
        rng = self.rng
        kinds = [self.any_report_act, self.near_report_act, self.any_case_act, self.near_case_act, self.visit]
        rng.choice(kinds)()
        hours = rng.expovariate(self.mischief_rate / 8) + 0.01
        when = self.model.now + timedelta(seconds=int(hours * 3600))
        self.later(when if 7 < when.hour < 20 else self.someday(when, 1), "mischief")

    def anybody(self) -> str:
        """Any person, or nobody of the office."""
        people: list[str] = sorted(self.model.people)
        return self.rng.choice([*people, "nobody.knows"])

    def any_report_act(self) -> None:
        """Any act on any report by anybody."""
        rng = self.rng
        refs = [*self.model.reports, "1999-01/none", f"{self.end:%Y-%m}/{rng.choice(self.model.order)}", "district"]
        ref, action = rng.choice(refs), rng.choice(REPORT_ACTS)
        report = self.model.reports.get(ref)
        if action == "import" and report is None:
            action = "send"
        file = self.form(report) if action == "import" and report else ""
        actor = self.anybody()
        if action != "withdraw" or report is None or report["last"] != actor:
            self.tell(actor, action, ref, self.text(0.3), file)

    def near_report_act(self) -> None:
        """Somebody with a part in a report does something to it, mostly at the wrong moment."""
        rng = self.rng
        if not self.model.reports:
            return
        report = rng.choice(list(self.model.reports.values())[-3 * len(self.model.order) :])
        parts = ("drafter", "first", "second", "receiver", "assessor")
        actor, action = self.one(report["unit"], rng.choice(parts)), rng.choice(REPORT_ACTS)
        file = self.form(report) if action == "import" else ""
        self.tell(actor, action, report["ref"], self.text(0.3), file)

    def any_case_act(self) -> None:
        """Any act on any case, or on one that is none, by anybody."""
        rng = self.rng
        subjects = [*map(named, self.model.cases), *(f"{ref}/overdue" for ref in self.model.reports), "1999-01/x/y"]
        self.tell(self.anybody(), rng.choice(CASE_ACTS), rng.choice(subjects), self.text(0.3))

    def near_case_act(self) -> None:
        """Somebody with a part in a case does something to it."""
        rng = self.rng
        if not self.model.cases:
            return
        case = rng.choice(
            [c for c in self.model.cases if c["state"] != "closed" or rng.random() < 0.3] or self.model.cases
        )
        actor = self.one(case["unit"], rng.choice(["drafter", "first", "second", "assessor", "assessor"]))
        action = rng.choice([act for act in CASE_ACTS if act != "close" or rng.random() < 0.3])
        self.tell(actor, action, named(case), self.text(0.3 if action in ("waive", "close") else 0))

    def visit(self) -> None:
        """Liaison visits, some by strangers, some to nowhere."""
        rng = self.rng
        unit = rng.choice([*self.model.order, "nowhere"])
        liaisons = sorted(self.model.holders(unit, "liaison"))
        actor = rng.choice(liaisons) if liaisons and rng.random() < 0.7 else self.anybody()
        self.tell(actor, rng.choice(["visit", "call"]), unit, "赴市局对接")

    # Lines

    def one(self, unit: str, part: str) -> str:
        """One of those who play a part."""
        return self.rng.choice(sorted(self.model.who(unit, part)) or [self.anybody()])

    def text(self, empty: float = 0.0) -> str:
        """Some words, or none."""
        return self.rng.choice(["", " "]) if self.rng.random() < empty else self.rng.choice(TEXTS)

    def tell(self, actor: str, action: str, subject: str, text: str = "", file: str = "") -> None:
        """Add a line and let the model do it."""
        row = line(self.model.now, actor, action, subject, file=file, text=text)
        self.rows.append(row)
        with suppress(Refused):
            self.model.act(row, self.forms)

    # Files

    def save(self) -> None:
        """Write the case directory."""
        for name, rows in self.forms.items():
            forms.write(self.directory / name, rows)
        text = yaml.safe_dump(self.config, allow_unicode=True, sort_keys=False)
        (self.directory / "config.yaml").write_text(text, encoding="utf-8")
        write_csv(self.directory / "indicators.csv", self.indicators)
        write_csv(self.directory / "story.csv", self.rows)


def line(when: datetime, actor: str, action: str, subject: str = "", *, file: str = "", text: str = "") -> Row:
    """A line of the story."""
    instant = when.astimezone(ZONE).isoformat()
    return {"at": instant, "actor": actor, "action": action, "subject": subject, "file": file, "text": text}


def named(case: Data) -> str:
    """PERIOD/UNIT/INDICATOR or PERIOD/UNIT/overdue."""
    return f"{case['report']}/{case['indicator'] or 'overdue'}"


def write_csv(path: Path, rows: list[Row]) -> None:
    """UTF-8 with BOM, as spreadsheet programs save it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_case(seed: int, directory: Path) -> None:
    """The case directory of a seed."""
    directory.mkdir(parents=True, exist_ok=True)
    Author(random.Random(seed), directory).write()
