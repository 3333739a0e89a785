"""Renders a mail from the facts stored when its event happened; the only place that knows Jinja2.

A template says subject and body once, as text: paragraphs apart by an empty line, lists with `- `. The HTML part is
made of the same paragraphs, so the two cannot differ and nobody's words can become markup.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

from states.purposes import Purpose
from states.words import word
from workflow.ports import Message

TEMPLATES = Path(__file__).with_name("templates")
LANGUAGES = ("zh", "en")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MARK = {"zh": "【考绩】", "en": "[kaoji] "}
_WHAT_TO_DO = {
    "zh": {
        "draft": "填报、送签",
        "sent": "审签",
        "section_signed": "审签",
        "leader_signed": "报送",
        "submitted": "督查",
    },
    "en": {
        "draft": "fill it in and send it for signature",
        "sent": "read and sign it",
        "section_signed": "read and sign it",
        "leader_signed": "submit it",
        "submitted": "review it",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMail:
    """What a mail says: one line of subject, and the same body as text and as HTML."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph or a list of the body."""

    is_list: bool
    lines: tuple[str, ...]


class Renderer:
    """All templates, compiled once. `link_base` begins every link, whatever a request may claim."""

    def __init__(self, link_base: str) -> None:
        self._link_base = link_base
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=lambda name: name is not None and ".html." in name,  # noqa: S701  text mails are not HTML
            undefined=StrictUndefined,
            lstrip_blocks=True,
        )
        environment.filters.update(word=_word, sentence=_sentence)
        self._templates = {
            (language, purpose): environment.get_template(f"{language}/{purpose.value}.jinja")
            for language in LANGUAGES
            for purpose in Purpose
        }
        self._letters = {
            (language, kind): environment.get_template(f"{language}/letter.{kind}.jinja")
            for language in LANGUAGES
            for kind in ("txt", "html")
        }

    def render(self, message: Message) -> RenderedMail:
        """The mail in its reader's language. Raises jinja2.TemplateError when a fact it needs is missing."""
        language, context = message.language, self._context(message)
        template = self._templates[language, message.purpose]
        subject, body = _block("subject", template, context), _tidy(_block("body", template, context))
        text = self._letters[language, "txt"].render(context, body=body)
        html = self._letters[language, "html"].render(context, parts=list(_parts(body)))
        return RenderedMail(
            subject=_MARK[language] + " ".join(subject.split()), text=_tidy(text) + "\n", html=html + "\n"
        )

    def _context(self, message: Message) -> dict[str, Any]:
        facts, language = message.facts, message.language
        zone = ZoneInfo(str(facts.get("timezone", "Asia/Shanghai")))

        def when(written: str) -> str:
            return _instant(datetime.fromisoformat(written).astimezone(zone), language)

        named = {
            "language": language,
            "name": message.name,
            "cc": message.cc,
            "audit_seq": message.audit_seq,
            "audit_head": message.audit_head,
            "when": when,
            "link": self._link(facts),
            "rows": list(_rows(facts, language, when)),
        }
        return {"text": "", "folded": 0, "indicators": [], **facts, **_derived(facts, language, when), **named}

    def _link(self, facts: Mapping[str, Any]) -> str | None:
        if not self._link_base:  # an office without pages
            return None
        if "case" in facts:
            return f"{self._link_base}/cases/{facts['case']}"
        return f"{self._link_base}/reports/{facts['report']}" if "report" in facts else None


@pass_context
def _word(context: Context, term: str) -> str:
    """The glossary's word, in the language of the mail."""
    return word(term, context["language"])


def _sentence(text: str) -> str:
    """With a capital, to begin a sentence."""
    return text[:1].upper() + text[1:]


def _block(name: str, template: Template, context: Mapping[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(dict(context))))


def _tidy(text: str) -> str:
    """No more than one empty line in a row, and none at either end."""
    lines: list[str] = []
    for line in text.splitlines():
        stripped = line.rstrip() if line != "-- " else line
        if stripped or (lines and lines[-1]):
            lines.append(stripped)
    return "\n".join(lines).rstrip("\n")


def _parts(body: str) -> Iterator[Part]:
    for paragraph in body.split("\n\n"):
        for is_list, lines in groupby(paragraph.splitlines(), lambda line: line.startswith("- ")):
            yield Part(is_list, tuple(line.removeprefix("- ") if is_list else line for line in lines))


def _derived(facts: Mapping[str, Any], language: str, when: Any) -> dict[str, Any]:
    """Names for what the mail is about: the report's title, the case's matter, deadlines in words, what to do."""
    by_system = facts.get("actor_name") == word("system")
    derived: dict[str, Any] = {"by_system": by_system}
    if by_system:
        derived["actor_name"] = word("system", language)
    if "period" in facts:
        derived["month"] = _month(facts["period"], language)
    if "report" in facts and "unit_name" in facts:
        derived["title"] = _title(facts, language)
    if "due_at" in facts:
        derived |= _due(when(facts["due_at"]), language, overdue=bool(facts["overdue"]))
        derived["todo"] = _WHAT_TO_DO[language].get(_standing(facts), "")
    if "case" in facts:
        derived["matter"] = _matter(facts, language)
        for term in ("feedback", "interview", "appeal"):
            until = facts[f"{term}_until"]
            derived[f"{term}_due"] = when(until) if until else ""
    if "date" in facts:
        derived["date"] = _day(date.fromisoformat(facts["date"]), language)
    if "last_visit" in facts:
        derived["last_visit_day"] = _day(datetime.fromisoformat(facts["last_visit"]).date(), language)
    return derived


def _due(due: str, language: str, *, overdue: bool) -> dict[str, str]:
    """The deadline, alone and in a clause that says when it has passed."""
    if language == "zh":
        return {"due": due, "due_said": f"时限是{due}{'，已逾期' if overdue else ''}"}
    return {"due": due, "due_said": f"it {'was' if overdue else 'is'} due on {due}"}


def _title(facts: Mapping[str, Any], language: str) -> str:
    month = _month(facts["period"], language)
    if language == "zh":
        return f"{facts['unit_name']}{month}考绩指标进展情况表"
    return f"the indicator report of {facts['unit_name']} for {month}"


def _matter(facts: Mapping[str, Any], language: str) -> str:
    named = facts["indicator_name"]
    if language == "zh":
        return f"{facts['unit_name']}“{named}”" if named else f"{_title(facts, language)}逾期未报"
    month = _month(facts["period"], language)
    return f"“{named}” of {facts['unit_name']}" if named else f"the overdue report of {facts['unit_name']} for {month}"


def _rows(facts: Mapping[str, Any], language: str, when: Any) -> Iterator[tuple[str, str]]:
    """The facts under the text: where the report or the case stands."""
    zh = language == "zh"
    if "case" in facts:
        number, ref = facts["case"], facts["case_ref"]
        yield ("督查件", f"第{number}号（{ref}）") if zh else ("Case", f"{number} ({ref})")
        yield ("状态" if zh else "State"), word(facts["state"], language)
        yield ("立件时间" if zh else "Opened"), when(facts["opened_at"])
        if facts["opened_rank"] is not None:
            yield (
                ("立件时排名" if zh else "Rank when opened"),
                f"第{facts['opened_rank']}" if zh else str(facts["opened_rank"]),
            )
    elif "holder_names" in facts:
        yield ("报表" if zh else "Report"), facts["report"]
        yield ("状态" if zh else "State"), _standing_words(facts, language)
        yield ("时限" if zh else "Due"), when(facts["due_at"])
        if facts["holder_names"]:
            yield ("当前办理人" if zh else "Now with"), ("、" if zh else ", ").join(facts["holder_names"])


def _standing(facts: Mapping[str, Any]) -> str:
    """The report's state; `sent` for a draft that waits for its first signature."""
    return "sent" if facts["state"] == "draft" and facts["sent"] else str(facts["state"])


def _standing_words(facts: Mapping[str, Any], language: str) -> str:
    state = word(_standing(facts), language)
    return f"{state}（第{facts['round']}轮）" if language == "zh" else f"{state}, round {facts['round']}"


def _month(period: str, language: str) -> str:
    year, month = period.split("-")
    return f"{year}年{int(month)}月" if language == "zh" else f"{_MONTHS[int(month) - 1]} {year}"


def _day(day: date, language: str) -> str:
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _instant(local: datetime, language: str) -> str:
    return f"{_day(local.date(), language)} {local:%H:%M}"
