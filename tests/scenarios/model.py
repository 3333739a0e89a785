"""A second reading of the specification: the office in plain dictionaries and loops, knowing nothing of the product.

Played over a story it returns what a case directory's `expected.json` holds. Comments quote the part of the
specification a line follows.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chinese_calendar import is_workday

Row = dict[str, str]
Data = dict[str, Any]
Forms = Mapping[str, Sequence[Row]]

ZONE = ZoneInfo("Asia/Shanghai")
EVENING, MORNING = time(17), time(9)
ROLES = {
    "bureau": {"drafter": "clerk", "first": "section_head", "second": "leader", "receiver": "office"},
    "district": {"drafter": "office", "first": "unit_head", "second": "district_leader", "receiver": "assessor"},
}
TIMERS = ("open", "overdue", "ladder", "review", "feedback")


class Refused(Exception):  # noqa: N818  the word of the specification
    """The rules refuse a story line."""


def must(allowed: object, reason: str) -> None:
    """Refuse unless allowed."""
    if not allowed:
        raise Refused(reason)


def working_after(day: date, count: int) -> date:
    """The count-th working day after a day."""
    while count:
        day += timedelta(days=1)
        count -= is_workday(day)
    return day


def at(day: date, clock: time) -> datetime:
    """A local instant."""
    return datetime.combine(day, clock, ZONE)


def opening(period: str) -> datetime:
    """First working day of the period, 09:00."""
    return at(working_after(date.fromisoformat(f"{period}-01") - timedelta(days=1), 1), MORNING)


def deadline(period: str, due_day: int) -> datetime:
    """Day D at 17:00, or the previous working day's."""
    day = date.fromisoformat(f"{period}-{due_day:02d}")
    while not is_workday(day):
        day -= timedelta(days=1)
    return at(day, EVENING)


def read_cell(text: str, field: int) -> tuple[str, int | None, int | None]:
    """Kind, rank that counts (a range's worse end) and place among the three: the spellings the generator writes."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    three = re.search(r"三区第(\d)", plain)
    place = int(three[1]) if three else None
    plain = re.sub(r"\(.*?\)|[,、]三区第\d", "", plain)
    if plain.startswith("暂无") or "未公布" in plain:
        return "none", None, place
    if last := re.fullmatch(r"(?:预估|预计)?(?:全市)?前(\d+)名?", plain):
        return ("ranked", int(last[1]), place) if 1 <= int(last[1]) <= field else ("unreadable", None, None)
    found = re.fullmatch(
        r"(?:预估|预计)?(?:全市)?(?:并列)?第?(\d+)(?:[-~](\d+))?(?:/(\d+))?(?:位|名)?(?:,预估)?", plain
    )
    if found is None or not 1 <= int(found[1]) <= int(found[2] or found[1]) <= field:
        return "unreadable", None, None
    return "ranked", int(found[2] or found[1]), place


class Model:
    """The office at one moment; `act` and `advance` move it."""

    def __init__(self, config: Data, indicators: Sequence[Data], start: datetime, end: datetime) -> None:
        self.config = config
        self.now = start
        self.units: dict[str, Data] = {unit["code"]: unit for unit in config["organisation"]["units"]}
        self.order = list(self.units)
        self.indicators: dict[str, Data] = {row["code"]: dict(row) for row in indicators}
        self.places = list(self.indicators)
        self.people = {person["id"] for person in config["organisation"]["people"]}
        self.reports: dict[str, Data] = {}
        self.cases: list[Data] = []
        self.timers: list[tuple[datetime, str, int, int, int, Data]] = []
        self.counter = 0
        period = f"{start:%Y-%m}"
        while opening(period) <= end:
            if opening(period) >= start:
                for unit in self.order:
                    self.timer(opening(period), "open", period, unit)
            period = f"{date.fromisoformat(f'{period}-01') + timedelta(days=32):%Y-%m}"

    def timer(self, due: datetime, kind: str, period: str, unit: str, **data: object) -> None:
        """Set a timer; at one instant, by period and unit."""
        self.counter += 1
        entry = {"kind": kind, "ref": f"{period}/{unit}", **data}
        self.timers.append((due, period, self.order.index(unit), TIMERS.index(kind), self.counter, entry))

    def advance(self, until: datetime) -> None:
        """Fire what is due up to and at an instant, in order of due time."""
        while due := [timer for timer in self.timers if timer[0] <= until]:
            first = min(due, key=lambda timer: timer[:5])
            self.timers.remove(first)
            self.now = max(self.now, first[0])
            getattr(self, "on_" + first[5]["kind"])(first[5])
        self.now = until

    # Who

    def holders(self, unit: str | None, role: str) -> set[str]:
        """Who holds a role on a unit today; an appointment is valid through its last day."""
        today = self.now.astimezone(ZONE).date()
        return {
            a["person"]
            for a in self.config["organisation"]["appointments"]
            if a["unit"] == unit
            and a["role"] == role
            and a["from"] <= today
            and (a.get("to") is None or today <= a["to"])
        }

    def who(self, unit: str, part: str) -> set[str]:
        """Who plays a part for a unit: drafter, first, second, receiver or assessor."""
        its = self.units[unit]
        if part == "assessor":
            return self.holders(its["parent"], "assessor")
        role = ROLES[its["level"]][part]
        return self.holders(its["parent"] if part == "receiver" else unit, role)

    def led(self, unit: str) -> list[str]:
        """A section's indicators, or all those of a bureau's sections."""
        own = {unit} | {code for code in self.order if self.units[code]["parent"] == unit}
        return [code for code in self.places if self.indicators[code]["lead_unit"] in own]

    # Timers

    def on_open(self, timer: Data) -> None:
        """The reports of the period open."""
        period, _, unit = timer["ref"].partition("/")
        level = self.units[unit]["level"]
        if level not in ROLES or not self.led(unit):
            return
        due = deadline(period, int(self.config["levels"][level]["due_day"]))
        entries = {code: {"rank": "", "comparison": "", "target": ""} for code in self.led(unit)}
        self.reports[timer["ref"]] = {
            "ref": timer["ref"], "period": period, "unit": unit, "state": "draft", "sent": False, "round": 1,
            "overdue": False, "due_at": due, "submitted_at": None, "entries": entries, "flags": {}, "ranks": {},
            "authors": set(), "last": None, "anew": 0,
        }  # fmt: skip
        self.set_deadline_timers(self.reports[timer["ref"]])

    def set_deadline_timers(self, report: Data) -> None:
        """Overdue at the deadline, then the ladder; the older ones no longer count."""
        report["anew"] += 1
        due, about = report["due_at"], (report["period"], report["unit"])
        self.timer(due, "overdue", *about, anew=report["anew"])
        for days in (2, 4, 7):
            self.timer(at(working_after(due.date(), days), MORNING), "ladder", *about, anew=report["anew"], days=days)

    def on_overdue(self, timer: Data) -> None:
        """Marked overdue, not yet submitted."""
        report = self.reports[timer["ref"]]
        if timer["anew"] == report["anew"] and report["state"] not in ("submitted", "supervised"):
            report["overdue"] = True

    def on_ladder(self, timer: Data) -> None:
        """Still not submitted: case, interview, deduction."""
        report = self.reports[timer["ref"]]
        if timer["anew"] != report["anew"] or report["state"] in ("submitted", "supervised"):
            return
        case = self.open_case(report["unit"], None, report["ref"])
        if timer["days"] == 2 and case is None:
            self.new_case(report, None, "overdue", None)
        elif timer["days"] == 4 and case and case["state"] == "tracking":
            case["state"] = "interview"
        elif timer["days"] == 7 and case and case["state"] == "interview":
            self.propose(case)

    def on_review(self, timer: Data) -> None:
        """If still submitted in that round."""
        report = self.reports[timer["ref"]]
        if report["state"] == "submitted" and report["round"] == timer["round"]:
            self.judge(report)

    def on_feedback(self, timer: Data) -> None:
        """No feedback recorded."""
        case = timer["case"]
        if case["state"] == "tracking" and not case["feedback"]:
            case["state"] = "interview"

    # Cases

    def open_case(self, unit: str, indicator: str | None, ref: str | None = None) -> Data | None:
        """The open case of an indicator, or of an overdue report."""
        for case in self.cases:
            same = case["unit"] == unit and case["indicator"] == indicator and ref in (None, case["report"])
            if same and case["state"] != "closed":
                return case
        return None

    def new_case(self, report: Data, indicator: str | None, trigger: str, rank: int | None) -> None:
        """Open one in tracking."""
        case = {
            "unit": report["unit"], "indicator": indicator, "report": report["ref"], "trigger": trigger,
            "state": "tracking", "opened_at": self.now, "closed_at": None, "points": None, "points_status": None,
            "rank": rank, "feedback": False, "held": False, "appealed": False, "proposed_at": None,
        }  # fmt: skip
        self.cases.append(case)
        if indicator is not None:
            due = at(working_after(self.now.date(), 10), EVENING)
            self.timer(due, "feedback", report["period"], report["unit"], case=case)

    def close(self, case: Data) -> None:
        """Done with."""
        case["state"], case["closed_at"] = "closed", self.now

    def propose(self, case: Data) -> None:
        """1 per case; at most 10 a unit and calendar year, proposed and confirmed together."""
        taken = sum(
            other["points"]
            for other in self.cases
            if other["unit"] == case["unit"]
            and other["points_status"] in ("proposed", "confirmed")
            and other["proposed_at"].year == self.now.year
        )
        case |= {"state": "score_deduction", "points": max(0, min(1, 10 - taken)), "points_status": "proposed"}
        case["proposed_at"] = self.now

    def judge(self, report: Data) -> None:
        """Review: evaluate each rank, move and open cases."""
        report["state"] = "supervised"
        for code, entry in report["entries"].items():
            its = self.indicators[code]
            _, rank, place = read_cell(entry["rank"], int(its["field"]))
            if rank is None:
                continue
            if place is None:
                place = self.compared(entry["comparison"], rank)
            case = self.open_case(report["unit"], code)
            last = self.last_rank(report, code)
            lagging = rank > int(its["field"]) - 3 or place == 3
            better = case is not None and rank < case["rank"]
            flags = {
                "lagging": lagging,
                "regressing": last is not None and rank >= last + 2,
                "weak": rank > int(its["target_rank"]),
                "improved": better and not lagging,
            }
            report["ranks"][code] = rank
            report["flags"][code] = [flag for flag, is_so in flags.items() if is_so]
            if case is not None:
                self.move(report, code, case, better=better)
            elif flags["lagging"] or flags["regressing"]:
                self.new_case(report, code, "lagging" if lagging else "regressing", rank)

    def move(self, report: Data, code: str, case: Data, *, better: bool) -> None:
        """A review moves a case at most once."""
        flags = report["flags"][code]
        if case["state"] in ("tracking", "interview") and "improved" in flags:
            self.close(case)
        elif case["state"] == "tracking":
            times = sum(
                "lagging" in other["flags"].get(code, ())
                for other in self.reports.values()
                if other["unit"] == report["unit"]
                and other["period"][:4] == report["period"][:4]
                and other["state"] == "supervised"
            )
            if not better or ("lagging" in flags and times >= 3):
                case["state"] = "interview"
        elif case["state"] == "interview" and case["held"] and not better:
            self.propose(case)

    def last_rank(self, report: Data, code: str) -> int | None:
        """Latest earlier period whose report is supervised and in which the indicator had a rank."""
        earlier = [
            other
            for other in self.reports.values()
            if other["unit"] == report["unit"]
            and other["period"] < report["period"]
            and other["state"] == "supervised"
            and code in other["ranks"]
        ]
        return max(earlier, key=lambda other: str(other["period"]))["ranks"][code] if earlier else None

    def compared(self, text: str, rank: int) -> int | None:
        """The comparison's word on the place among the three."""
        found = [re.search(name[:2] + r"第(\d+)", text) for name in self.config["districts"]["sisters"]]
        own = re.search(self.config["districts"]["own"][:2] + r"第(\d+)", text)
        mine = int(own[1]) if own else rank
        return None if None in found else 1 + sum(int(place[1]) < mine for place in found if place)

    # Acts

    def act(self, row: Row, forms: Forms) -> None:
        """One line of the story, or Refused."""
        must(row["actor"] in self.people, "unknown person")
        action: Callable[[Data, Data], None] | None = getattr(self, "do_" + row["action"], None)
        must(action, "unknown action")
        assert action is not None
        if row["action"] in ("visit", "call"):
            action(row, {})
        elif row["action"] in ("feedback", "interview", "appeal", "confirm", "waive", "close"):
            action(row, self.case_named(row["subject"]))
        else:
            must(row["subject"] in self.reports, "unknown report")
            action({**row, "rows": forms.get(row["file"], ())}, self.reports[row["subject"]])

    def case_named(self, subject: str) -> Data:
        """The case of PERIOD/UNIT/INDICATOR or PERIOD/UNIT/overdue: an open one, else the latest."""
        found = [c for c in self.cases if f"{c['report']}/{c['indicator'] or 'overdue'}" == subject]
        must(found, "unknown case")
        return next((case for case in found if case["state"] != "closed"), found[-1])

    def save(self, row: Row, report: Data, entries: Data) -> None:
        """Every save takes a sent draft back; one that changes nothing does not, and is refused."""
        must(row["actor"] in self.who(report["unit"], "drafter"), "not the drafter")
        must(report["state"] == "draft", "not a draft")
        must(not report["sent"] or entries != report["entries"], "nothing changed")
        report["sent"], report["entries"] = False, entries
        report["authors"].add(row["actor"])

    def do_import(self, row: Data, report: Data) -> None:
        """Rows are matched to indicators by name, white space ignored."""
        entries = {code: dict(entry) for code, entry in report["entries"].items()}
        for line in row["rows"]:
            for code, entry in entries.items():
                if "".join(line["name"].split()) == "".join(self.indicators[code]["name"].split()):
                    entry |= {"rank": line["rank"], "comparison": line["comparison"], "target": line["target"]}
        self.save(row, report, entries)

    def do_consolidate(self, row: Row, report: Data) -> None:
        """From the sections' tables that are submitted or supervised."""
        must(self.units[report["unit"]]["level"] == "district", "a section has no sections")
        entries = {}
        for code in report["entries"]:
            theirs = self.reports.get(f"{report['period']}/{self.indicators[code]['lead_unit']}")
            if theirs and theirs["state"] in ("submitted", "supervised"):
                entries[code] = dict(theirs["entries"][code])
            else:
                entries[code] = {"rank": "暂无排名", "comparison": "未报送", "target": "未报送"}
        self.save(row, report, entries)

    def do_send(self, row: Row, report: Data) -> None:
        """Refused while an entry is incomplete."""
        must(row["actor"] in self.who(report["unit"], "drafter"), "not the drafter")
        must(report["state"] == "draft" and not report["sent"], "not an unsent draft")
        for code, entry in report["entries"].items():
            must(read_cell(entry["rank"], int(self.indicators[code]["field"]))[0] != "unreadable", f"rank of {code}")
            must(entry["comparison"].strip() and entry["target"].strip(), f"gap in {code}")
        report["sent"], report["last"] = True, row["actor"]
        report["authors"].add(row["actor"])

    def do_sign(self, row: Row, report: Data) -> None:
        """First signer, then second signer."""
        if report["state"] == "draft":
            must(report["sent"], "not sent")
            must(row["actor"] in self.who(report["unit"], "first"), "not the first signer")
            must(row["actor"] not in report["authors"], "the drafter may not be the signer")
            report["state"] = "section_signed"
        else:
            must(report["state"] == "section_signed", "nothing to sign")
            must(row["actor"] in self.who(report["unit"], "second"), "not the second signer")
            report["state"] = "leader_signed"
        report["last"] = row["actor"]

    def do_submit(self, row: Row, report: Data) -> None:
        """Closes its overdue case while that is tracking."""
        must(row["actor"] in self.who(report["unit"], "drafter"), "not the drafter")
        must(report["state"] == "leader_signed", "not leader-signed")
        report["state"], report["submitted_at"] = "submitted", self.now
        due = at(working_after(self.now.date(), 3), EVENING)
        self.timer(due, "review", report["period"], report["unit"], round=report["round"])
        case = self.open_case(report["unit"], None, report["ref"])
        if case and case["state"] == "tracking":
            self.close(case)

    def do_return(self, row: Row, report: Data) -> None:
        """Back to draft, the next round."""
        parts = {"draft": ["first"], "section_signed": ["second"], "submitted": ["receiver", "assessor"]}
        must(report["state"] in parts and (report["state"] != "draft" or report["sent"]), "nothing to return")
        may = set().union(*(self.who(report["unit"], part) for part in parts[report["state"]]))
        must(row["actor"] in may, "not theirs to return")
        must(row["text"].strip(), "reason required")
        if report["state"] == "submitted":
            report["due_at"] = max(report["due_at"], at(working_after(self.now.date(), 3), EVENING))
            report["submitted_at"], report["overdue"] = None, False
            self.set_deadline_timers(report)
        self.back(report)
        report["round"] += 1

    def back(self, report: Data) -> None:
        """To an unsent draft."""
        report["state"], report["sent"] = "draft", False
        report["last"], report["authors"] = None, set()

    def do_withdraw(self, row: Row, report: Data) -> None:
        """By the person who acted last, until the next one acts."""
        signed = report["state"] in ("section_signed", "leader_signed")
        must(signed or (report["state"] == "draft" and report["sent"]), "nothing to withdraw")
        must(row["actor"] == report["last"], "somebody else acted last")
        report["round"] += signed
        self.back(report)

    def do_review(self, row: Row, report: Data) -> None:
        """By the assessor."""
        must(row["actor"] in self.who(report["unit"], "assessor"), "not the assessor")
        must(report["state"] == "submitted", "not submitted")
        self.judge(report)

    def do_feedback(self, row: Row, case: Data) -> None:
        """By the drafter or first signer while tracking."""
        must(row["actor"] in self.who(case["unit"], "drafter") | self.who(case["unit"], "first"), "not the unit's")
        must(case["state"] == "tracking", "not tracking")
        must(row["text"].strip(), "nothing said")
        case["feedback"] = True

    def do_interview(self, row: Row, case: Data) -> None:
        """By the assessor, once, in interview."""
        must(row["actor"] in self.who(case["unit"], "assessor"), "not the assessor")
        must(case["state"] == "interview" and not case["held"], "no interview due")
        must(row["text"].strip(), "nothing said")
        case["held"] = True

    def do_appeal(self, row: Row, case: Data) -> None:
        """By the first signer, once, until 17:00:00 of the 5th working day after the day of proposal."""
        must(row["actor"] in self.who(case["unit"], "first"), "not the first signer")
        must(case["points_status"] == "proposed" and not case["appealed"], "nothing to appeal")
        must(self.now <= self.appeal_end(case), "too late")
        must(row["text"].strip(), "nothing said")
        case["appealed"] = True

    def appeal_end(self, case: Data) -> datetime:
        """17:00:00 of the 5th working day after the day of proposal."""
        return at(working_after(case["proposed_at"].date(), 5), EVENING)

    def do_confirm(self, row: Row, case: Data) -> None:
        """Once the end of appeal has passed or an appeal was made."""
        must(row["actor"] in self.who(case["unit"], "assessor"), "not the assessor")
        must(case["points_status"] == "proposed", "nothing proposed")
        must(case["appealed"] or self.now > self.appeal_end(case), "too early")
        case["points_status"] = "confirmed"
        self.close(case)

    def do_waive(self, row: Row, case: Data) -> None:
        """Whenever they stand proposed, with a reason."""
        must(row["actor"] in self.who(case["unit"], "assessor"), "not the assessor")
        must(case["points_status"] == "proposed" and row["text"].strip(), "nothing proposed, or no reason")
        case["points_status"] = "withdrawn"
        self.close(case)

    def do_close(self, row: Row, case: Data) -> None:
        """A tracking or interview case, with a reason."""
        must(row["actor"] in self.who(case["unit"], "assessor"), "not the assessor")
        must(case["state"] in ("tracking", "interview") and row["text"].strip(), "cannot be closed, or no reason")
        self.close(case)

    def do_visit(self, row: Row, _: Data) -> None:
        """By the unit's liaison."""
        must(row["subject"] in self.units, "unknown unit")
        must(row["actor"] in self.holders(row["subject"], "liaison"), "not the liaison")
        must(row["text"].strip(), "nothing said")

    do_call = do_visit

    # Result

    def outcome(self, refused: list[int]) -> Data:
        """What `expected.json` holds."""
        reports = sorted(self.reports.values(), key=lambda r: (r["period"], self.order.index(r["unit"])))
        listed = [
            {"report": r["ref"], "state": r["state"], "round": r["round"], "overdue": r["overdue"],
             "due_at": r["due_at"].isoformat(), "submitted_at": r["submitted_at"] and r["submitted_at"].isoformat(),
             "flags": {code: flags for code, flags in r["flags"].items() if flags}}
            for r in reports
        ]  # fmt: skip
        names = ("unit", "indicator", "report", "trigger", "state", "opened_at", "closed_at", "points", "points_status")
        cases = [{name: case[name] for name in names} for case in sorted(self.cases, key=self.case_order)]
        for case in cases:
            case["opened_at"] = case["opened_at"].isoformat()
            case["closed_at"] = case["closed_at"] and case["closed_at"].isoformat()
        return {"now": self.now.isoformat(), "reports": listed, "cases": cases, "refused": refused}

    def case_order(self, case: Data) -> tuple[datetime, str, int, int]:
        """By opening instant, then report, then the order of indicators.csv."""
        period, _, unit = case["report"].partition("/")
        place = self.places.index(case["indicator"]) if case["indicator"] else -1
        return case["opened_at"], period, self.order.index(unit), place


def play(config: Data, indicators: Sequence[Data], story: Sequence[Row], forms: Forms) -> Data:
    """Play a whole story; timers come before story lines at one instant."""
    instants = [datetime.fromisoformat(row["at"]).astimezone(ZONE) for row in story]
    model = Model(config, indicators, instants[0], instants[-1])
    refused = []
    for number, (instant, row) in enumerate(zip(instants, story, strict=True), start=2):
        model.advance(instant)
        if row["action"] in ("start", "end"):
            continue
        try:
            model.act(row, forms)
        except Refused:
            refused.append(number)
    return model.outcome(refused)
