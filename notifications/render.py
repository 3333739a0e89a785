"""Renders a mail from the facts stored when its event happened; the only place that knows Jinja2."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from states.purposes import Purpose
from states.words import word
from workflow.ports import Message

TEMPLATES = Path(__file__).with_name("templates")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMail:
    """What a mail says: one line of subject, and the same body as text and as HTML."""

    subject: str
    text: str
    html: str


class Renderer:
    """All templates, compiled once. `link_base` begins every link, whatever a request may claim."""

    def __init__(self, link_base: str) -> None:
        self._link_base = link_base
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=lambda name: name is not None and ".html." in name,  # noqa: S701  text mails are not HTML
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._templates = {
            (language, purpose): (self._template(language, purpose, "txt"), self._template(language, purpose, "html"))
            for language in ("zh", "en")
            for purpose in Purpose
        }

    def _template(self, language: str, purpose: Purpose, kind: str) -> Template:
        return self._environment.get_template(f"{language}/{purpose.value}.{kind}.jinja")

    def render(self, message: Message) -> RenderedMail:
        """The mail in its reader's language. Raises jinja2.TemplateError when a fact it needs is missing."""
        text, html = self._templates[message.language, message.purpose]
        context = self._context(message)
        subject = "".join(text.blocks["subject"](text.new_context(context)))
        mark = "【考绩】" if message.language == "zh" else "[kaoji] "
        return RenderedMail(
            subject=mark + " ".join(subject.split()), text=_tidy(text.render(context)), html=html.render(context)
        )

    def _context(self, message: Message) -> dict[str, Any]:
        facts, language = message.facts, message.language
        zone = ZoneInfo(str(facts.get("timezone", "Asia/Shanghai")))

        def when(written: str) -> str:
            return _instant(datetime.fromisoformat(written).astimezone(zone), language)

        named = {
            "name": message.name,
            "cc": message.cc,
            "audit_seq": message.audit_seq,
            "audit_head": message.audit_head,
            "w": lambda term: word(term, language),
            "when": when,
            "link": self._link(facts),
            "rows": list(_rows(facts, language, when)),
        }
        return {"text": "", "folded": 0, "indicators": [], **facts, **_derived(facts, language, when), **named}

    def _link(self, facts: Any) -> str | None:
        if "case" in facts:
            return f"{self._link_base}/cases/{facts['case']}"
        return f"{self._link_base}/reports/{facts['report']}" if "report" in facts else None


def _derived(facts: Any, language: str, when: Any) -> dict[str, Any]:
    """Names for what the mail is about: the report's title, the case's matter, deadlines in words."""
    derived: dict[str, Any] = {}
    if "period" in facts:
        derived["month"] = _month(str(facts["period"]), language)
    if "report" in facts and "unit_name" in facts:
        derived["title"] = _title(facts, language)
    if "due_at" in facts:
        derived["due"] = when(facts["due_at"])
    if "case" in facts:
        derived["matter"] = _matter(facts, language)
        derived["appeal_due"] = when(facts["appeal_until"]) if facts["appeal_until"] else ""
    if "date" in facts:
        derived["date"] = _day(date.fromisoformat(str(facts["date"])), language)
    return derived


def _title(facts: Any, language: str) -> str:
    month = _month(str(facts["period"]), language)
    if language == "zh":
        return f"{facts['unit_name']}{month}考绩指标进展情况表"
    return f"the indicator table of {facts['unit_name']} for {month}"


def _matter(facts: Any, language: str) -> str:
    named = facts["indicator_name"]
    if language == "zh":
        return f"{facts['unit_name']}“{named}”" if named else f"{_title(facts, language)}逾期未报"
    return f"{facts['unit_name']}, “{named}”" if named else f"the overdue report of {facts['unit_name']}"


def _rows(facts: Any, language: str, when: Any) -> Iterator[tuple[str, str]]:
    """The facts under the text: where the report or the case stands."""
    zh = language == "zh"
    if "case" in facts:
        yield (
            ("督查件" if zh else "Case"),
            f"{facts['case']}（{facts['case_ref']}）" if zh else f"{facts['case']} ({facts['case_ref']})",
        )
        yield ("状态" if zh else "State"), word(str(facts["state"]), language)
        yield ("立件" if zh else "Opened"), when(facts["opened_at"])
        if facts["opened_rank"] is not None:
            yield ("立件时排名" if zh else "Rank when opened"), str(facts["opened_rank"])
    elif "holder_names" in facts:
        yield ("报表" if zh else "Report"), str(facts["report"])
        state = word(str(facts["state"]), language)
        yield (
            ("状态" if zh else "State"),
            f"{state}，第{facts['round']}轮" if zh else f"{state}, round {facts['round']}",
        )
        yield ("时限" if zh else "Due"), when(facts["due_at"])
        if facts["holder_names"]:
            yield ("当前办理人" if zh else "Now with"), ("、" if zh else ", ").join(facts["holder_names"])


def _month(period: str, language: str) -> str:
    year, month = period.split("-")
    return f"{year}年{int(month)}月" if language == "zh" else f"{_MONTHS[int(month) - 1]} {year}"


def _day(day: date, language: str) -> str:
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _instant(local: datetime, language: str) -> str:
    return f"{_day(local.date(), language)} {local:%H:%M}"


def _tidy(text: str) -> str:
    """No more than one empty line in a row."""
    lines: list[str] = []
    for line in text.splitlines():
        stripped = line.rstrip() if line != "-- " else line
        if stripped or (lines and lines[-1]):
            lines.append(stripped)
    return "\n".join(lines) + "\n"
