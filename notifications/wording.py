"""How the facts of a mail are worded, in one language: titles, matters, deadlines, the table, the cards of cases."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from notifications import blocks
from states.grounds import flags_words, from_facts, why_words
from states.words import counted, day_words, instant_words, month_words, ordinal, post_word, quoted, state_word, word

Facts = Mapping[str, Any]

_WHAT_TO_DO = {
    "drafting": ("填报、送签", "fill it in and send it for signature"),
    "signing": ("审签", "read and sign it"),
    "signed": ("报送", "submit it"),
    "submitted": ("督查", "review it"),
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one mail: its language, the office's zone, and where a report or a case has its page."""

    language: str
    zone: ZoneInfo
    link: Callable[[Facts], str]

    def _say(self, chinese: str, english: str) -> str:
        return chinese if self.language == "zh" else english

    # --- single words and instants ---------------------------------------------------------------------------------

    def when(self, written: str | None) -> str:
        """An instant on the office's clock; nothing for none."""
        if not written:
            return ""
        return instant_words(datetime.fromisoformat(written).astimezone(self.zone), self.language)

    def month(self, period: str) -> str:
        """The period in words."""
        return month_words(period, self.language)

    def day(self, day: date) -> str:
        """A day in words."""
        return day_words(day, self.language)

    def word(self, term: str) -> str:
        """The glossary's word."""
        return word(term, self.language)

    def words(self, terms: Sequence[str]) -> str:
        """Several of the glossary's words in a row."""
        return self.names([self.word(term) for term in terms])

    def post(self, role: str) -> str:
        """What a post is called."""
        return post_word(role, self.language)

    def posts(self, roles: Sequence[str]) -> str:
        """Several posts in a row."""
        if self.language == "zh":
            return "、".join(self.post(role) for role in roles)
        return " and ".join(f"the {self.post(role)}" for role in roles)

    def names(self, names: Sequence[str]) -> str:
        """Several names in a row."""
        return self._say("、", ", ").join(names)

    def named(self, name: str) -> str:
        """A name in quotation marks; those within become single ones."""
        return quoted(name)

    def rank(self, rank: int | None) -> str:
        """A place; nothing for none."""
        return "" if rank is None else self._say(f"第{rank}", ordinal(rank))

    def points(self, points: int) -> str:
        """So many points."""
        return self._say(f"{points}分", counted(points, "point", "points"))

    def counted(self, number: int, one: str, many: str) -> str:
        """So many of something, in English."""
        return counted(number, one, many)

    # --- reports ---------------------------------------------------------------------------------------------------

    def state(self, report: Facts) -> str:
        """Where the report stands, in the words of its level."""
        if own := report.get("state_title"):
            return str(own[self.language != "zh"])
        return state_word(report["state"], report["level"], self.language, sent=report["sent"])

    def todo(self, report: Facts) -> str:
        """What its holder is to do."""
        chinese, english = _WHAT_TO_DO.get(report["phase"], ("", ""))
        return self._say(chinese, english)

    def title(self, report: Facts) -> str:
        """What the report is called in a sentence."""
        unit, month = report["unit_name"], self.month(report["period"])
        return self._say(f"{unit}{month}考绩指标进展情况表", f"the indicator report of {unit} for {month}")

    def titles(self, reports: Sequence[Facts]) -> str:
        """One report's title, or what several are called together."""
        first, count = reports[0], len(reports)
        if count == 1:
            return self.title(first)
        unit, month = first["unit_name"], self.month(first["period"])
        return self._say(
            f"{unit}等{count}个单位{month}考绩指标进展情况表",
            f"the indicator reports of {unit} and {count - 1} more for {month}",
        )

    def due_said(self, report: Facts) -> str:
        """The deadline in a clause that says when it has passed."""
        due, late = self.when(report["due_at"]), report["overdue"]
        return self._say(f"时限是{due}{'，已逾期' if late else ''}", f"it {'was' if late else 'is'} due on {due}")

    def days_left(self, days: int) -> str:
        """How long it is still."""
        if days == 0:
            return self._say("今天截止", "due today")
        return self._say(f"还有{days}个工作日", f"{self.counted(days, 'working day', 'working days')} left")

    def rows(self, facts: Facts) -> list[tuple[str, str]]:
        """The facts under the text of a mail about one report: where it stands."""
        return list(self._report_pairs(facts)) if "holder_names" in facts else []

    def _report_pairs(self, report: Facts) -> Iterator[tuple[str, str]]:
        yield self._say("编号", "Reference"), report["report"]
        yield self._say("状态", "State"), self._state_and_round(report)
        yield self._say("时限", "Due"), self.when(report["due_at"])
        if report["holder_names"]:
            yield self._say("当前办理人", "Now with"), self.names(report["holder_names"])

    def _state_and_round(self, report: Facts) -> str:
        number = report["round"]
        return self._say(f"{self.state(report)}（第{number}轮）", f"{self.state(report)}, round {number}")

    def report_cards(self, reports: Sequence[Facts]) -> str:
        """Several reports, each with what is to be done about it and by when."""
        return blocks.cards([blocks.card(one["unit_name"], self._tasks(one), self.link(one)) for one in reports])

    def _tasks(self, report: Facts) -> list[tuple[str, str]]:
        due = self.when(report["due_at"])
        if "days_left" in report:
            due += self._say(f"（{self.days_left(report['days_left'])}）", f" ({self.days_left(report['days_left'])})")
        indicators = self.names([one["name"] for one in report["indicators"]])
        last = [one for one in report["indicators"] if one["last_rank"]]
        ranks = self._say("；", "; ").join(
            self._say(f"{self.named(one['name'])}{one['last_rank']}", f"{self.named(one['name'])} {one['last_rank']}")
            for one in last
        )
        return [
            (self._say("原时限", "Former deadline"), self.when(report.get("moved_from"))),
            (self._say("时限", "Due"), due),
            (self._say("状态", "State"), self.state(report)),
            (self._say("空缺岗位", "Vacant post"), self.post(report["post"]) if "post" in report else ""),
            (self._say("请办理", "To do"), "" if "post" in report or report["gone"] else self.todo(report)),
            (self._say("本期指标", "Indicators"), indicators),
            (self._say("上期排名", "Last month's ranks"), ranks),
            (self._say("当前办理人", "Now with"), self.names(report["holder_names"])),
        ]

    # --- the table -------------------------------------------------------------------------------------------------

    def table(self, rows: Sequence[Facts], *, compared: bool) -> str:
        """The whole table, a card for each row; says so when nothing differs from the draft before."""
        said = blocks.cards([blocks.card(row["name"], list(self._row(row))) for row in rows])
        if compared and not any(row["was"] for row in rows):
            said += self._say("内容与前一稿相同。", "Nothing differs from the draft before.")
        return said

    def _row(self, row: Facts) -> Iterator[tuple[str, str]]:
        last = row["last"]
        yield self._say("最新排名", "Latest rank"), self._read(row)
        if last:
            yield self._say("上期排名", "Last month"), self._last(row, last)
        yield self._say("三区比较", "Three districts"), self._compared(row["comparison"], last)
        yield self._say("年终承诺目标", "Year-end target"), self._promised(row["target"], last)
        yield self._say("较前一稿改动", "Changed since the draft before"), self._changes(row["was"])

    def _unfilled(self) -> str:
        return self._say("未填", "not filled in")

    def _read(self, row: Facts) -> str:
        """The rank as written and as read: what is not understood is said to be so."""
        text, district = str(row["rank_text"]), row["three_district_rank"]
        if not text.strip():
            return self._unfilled()
        if row["kind"] == "ranked":
            reading = self._place(row)
        elif row["kind"] == "none":
            reading = "" if "暂无排名" in text and self.language == "zh" else self._say("暂无排名", "no rank")
        else:
            return text + self._say("（无法识别）", " (cannot be read)")
        if district is not None:
            told = self._say(f"三区第{district}", f"{ordinal(district)} of the three districts")
            reading = self._say("，", ", ").join(filter(None, (reading, told)))
        return text + (self._say(f"（读作：{reading}）", f" (read as: {reading})") if reading else "")

    def _place(self, row: Facts) -> str:
        best, worst, field = row["best"], row["worst"], row["field"]
        if best == worst:
            said = [self._say(f"全市第{worst}", f"{ordinal(worst)} of {field}")]
        else:
            said = [
                self._say(
                    f"全市第{best}至第{worst}，按第{worst}计",
                    f"{ordinal(best)} to {ordinal(worst)} of {field}, counted as {ordinal(worst)}",
                )
            ]
        said += [self._say(f"共{field}", "")] if self.language == "zh" else []
        said += [self._say("并列", "tied")] if row["tied"] else []
        said += [self._say("预估", "estimated")] if row["estimated"] else []
        return self._say("，", ", ").join(said)

    def _last(self, row: Facts, last: Facts) -> str:
        text, now = str(last["rank_text"] or self._unfilled()), row["worst"]
        if last["rank"] is None or now is None:
            return text
        moved = now - last["rank"]
        if moved == 0:
            change = self._say("持平", "no change")
        else:
            chinese, english = ("退", "down") if moved > 0 else ("进", "up")
            change = self._say(f"{chinese}{abs(moved)}名", f"{english} {abs(moved)}")
        return text + self._say(f"（本期{change}）", f" ({change} this month)")

    def _compared(self, text: str, last: Facts | None) -> str:
        same = last is not None and text.strip() and text == last["comparison"]
        return (text or self._unfilled()) + (self._say("（与上期相同）", " (as last month)") if same else "")

    def _promised(self, text: str, last: Facts | None) -> str:
        before = last["target"] if last else ""
        if not before or before == text:
            return text or self._unfilled()
        was = self.named(before)
        return (text or self._unfilled()) + self._say(f"（上期为{was}）", f" (last month: {was})")

    def _changes(self, was: Facts) -> str:
        labels = {
            "rank_text": self._say("最新排名", "latest rank"),
            "comparison": self._say("三区比较", "three districts"),
            "target": self._say("年终承诺目标", "year-end target"),
        }
        said = [
            self._say(f"{labels[name]}原为{self.named(old)}", f"{labels[name]} was {self.named(old)}")
            for name, old in was.items()
        ]
        return self._say("；", "; ").join(said)

    # --- cases -----------------------------------------------------------------------------------------------------

    def matter(self, case: Facts) -> str:
        """What a case is about."""
        unit, named = case["unit_name"], case["indicator_name"]
        if named:
            return self._say(f"{unit}{self.named(named)}", f"{self.named(named)} of {unit}")
        month = self.month(case["period"])
        return self._say(f"{unit}{month}考绩指标进展情况表逾期未报", f"the overdue report of {unit} for {month}")

    def matters(self, cases: Sequence[Facts]) -> str:
        """What one case or several are about."""
        first, more = self.matter(cases[0]), len(cases) - 1
        return self._say(f"{first}等{more + 1}件", f"{first} and {more} more") if more else first

    def case_cards(self, cases: Sequence[Facts]) -> str:
        """Each case: its number, the rule with its numbers, and what comes next."""
        many = len(cases) > 1
        return blocks.cards(
            [
                blocks.card(sentence(self.matter(one)), list(self._case_pairs(one)), self.link(one) if many else "")
                for one in cases
            ]
        )

    def _case_pairs(self, case: Facts) -> Iterator[tuple[str, str]]:
        number, points = case["case"], case["points"]
        yield self._say("督查件", "Case"), self._say(f"第{number}号", f"No. {number}")
        closed = case["state"] == "closed"
        yield self._say("销号原因" if closed else "事由", "Closed because" if closed else "Reason"), self.why(case)
        yield self._say("状态", "State"), self.word(case["state"])
        yield self._say("立项时间", "Opened"), self.when(case["opened_at"])
        yield self._say("立项时排名", "Rank when opened"), self.rank(case["opened_rank"])
        yield self._say("反馈整改期限", "Feedback due"), self.when(case["feedback_until"])
        yield self._say("约谈期限", "Interview due"), self.when(case["interview_until"])
        if case["state"] == "score_deduction" and points is not None:
            yield self._say("拟扣", "Proposed"), self.points(points)
            yield self._say("申诉截止", "Appeal until"), self.when(case["appeal_until"])

    def why(self, case: Facts) -> str:
        """The rule that fired, with its numbers."""
        return why_words(case["rule"], [from_facts(one) for one in case["grounds"]], self.language)

    def findings(self, judgement: Facts) -> str:
        """The flags of a judged row, each with the numbers it rests on."""
        if judgement["rank"] is None:
            return self._say("不作判定", "not judged")
        grounds = [from_facts(one) for one in judgement.get("grounds", ())]
        said = [sentence(one) for one in flags_words(judgement["flags"], grounds, self.language)]
        return self._say("。", ". ").join(said) or self._say("无", "none")

    def case_state(self, case: Facts) -> str:
        """Where an open case stands, with the points proposed."""
        state, points = self.word(case["state"]), case["points"]
        if points is None:
            return state
        return self._say(f"{state}，拟扣{points}分", f"{state}, {self.points(points)} proposed")

    def legal(self, documents: Sequence[str]) -> str:
        """The documents the rules rest on, as the office quotes them; nothing where it names none."""
        if not documents:
            return ""
        return self._say(f"依据：{'；'.join(documents)}。", f"Ground: {'; '.join(documents)}.")


def sentence(text: str) -> str:
    """With a capital, to begin a sentence."""
    return text[:1].upper() + text[1:]
