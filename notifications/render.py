"""Renders a mail from the facts stored when its event happened; the only place that knows Jinja2.

A template says subject and body once, as lines (`blocks.py`). Text and HTML are made of the same blocks, so the two
cannot differ and nobody's words can become markup. What a fact is called is said here and in `states/words.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from notifications import blocks
from notifications.wording import Wording, sentence
from states.purposes import Purpose
from states.words import word
from workflow.ports import Message

TEMPLATES = Path(__file__).with_name("templates")
LANGUAGES = ("zh", "en")
SALUTATION = "同志"
_MARK = {"zh": "【考绩】", "en": "[kaoji] "}
_HEAD_SHOWN = 16

_ABSENT: Mapping[str, Any] = {
    "text": "",
    "folded": 0,
    "indicators": [],
    "table": [],
    "compared": False,
    "legal": [],
    "grounds": [],
    "drafter": False,
    "edited": False,
    "gone": False,
    "vacant": [],
    "review_at": None,
}
"""Facts that some mails of a kind have and others have not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedMail:
    """What a mail says: one line of subject, and the same body as text and as HTML."""

    subject: str
    text: str
    html: str


class Renderer:
    """All templates, compiled once. `link_base` begins every link, whatever a request may claim.

    `salutation` follows the name in Chinese: 余秋雨同志：; it may be empty.
    """

    def __init__(self, link_base: str, *, salutation: str = SALUTATION) -> None:
        self._link_base = link_base
        self._salutation = salutation
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=lambda name: name is not None and ".html." in name,  # noqa: S701  text mails are not HTML
            undefined=StrictUndefined,
            lstrip_blocks=True,
        )
        environment.filters["sentence"] = sentence
        environment.globals.update(quote=blocks.quote, head=blocks.head, row=blocks.row)
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
        subject = _MARK[language] + " ".join(_block("subject", template, context).split())
        body = list(blocks.parts(_block("body", template, context)))
        text = self._letters[language, "txt"].render(context, body=blocks.as_text(body, language))
        html = self._letters[language, "html"].render(context, parts=body, subject=subject)
        return RenderedMail(subject=subject, text=_tidy(text) + "\n", html=html + "\n")

    def _context(self, message: Message) -> dict[str, Any]:
        language = message.language
        facts: dict[str, Any] = {**_ABSENT, **_cleaned(message.facts)}
        zone = ZoneInfo(str(facts.get("timezone", "Asia/Shanghai")))
        wording = Wording(language, zone, self._link)
        named = {
            "language": language,
            "name": blocks.cleaned(message.name),
            "salutation": self._salutation,
            "cc": message.cc,
            "audit_seq": message.audit_seq,
            "audit_head": message.audit_head[:_HEAD_SHOWN],
            "link": self._link(facts),
            "when": wording.when,
            "say": wording,
        }
        return {**facts, **_derived(facts, wording), **named}

    def _link(self, facts: Mapping[str, Any]) -> str:
        if not self._link_base:  # an office without pages
            return ""
        if "case" in facts:
            return f"{self._link_base}/cases/{facts['case']}"
        return f"{self._link_base}/reports/{facts['report']}" if "report" in facts else ""


def _cleaned(facts: Mapping[str, object]) -> dict[str, Any]:
    return {name: blocks.cleaned(value, name) for name, value in facts.items()}


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


def _derived(facts: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    """Names for what the mail is about: the report's title, the case's matter, deadlines in words, what to do."""
    language = wording.language
    by_system = facts.get("actor_name", "") is None
    derived: dict[str, Any] = {"by_system": by_system, "rows": wording.rows(facts)}
    if by_system:
        derived["actor_name"] = word("system", language)
    if "period" in facts:
        derived["month"] = wording.month(facts["period"])
    if "date" in facts:
        derived["date"] = wording.day(date.fromisoformat(facts["date"]))
    if "last_visit" in facts:
        derived["last_visit_day"] = wording.day(datetime.fromisoformat(facts["last_visit"]).date())
    if facts["table"]:
        derived["the_table"] = wording.table(facts["table"], compared=facts["compared"])
    else:
        derived["the_table"] = ""
    if "case" in facts or ("cases" in facts and "reports" not in facts):
        derived |= _of_cases([{**_ABSENT, **one} for one in facts.get("cases") or [facts]], wording)
    elif "holder_names" in facts or ("reports" in facts and "ranks" not in facts):
        derived |= _of_reports([{**_ABSENT, **one} for one in facts.get("reports") or [facts]], wording)
    return derived


def _of_cases(cases: Sequence[dict[str, Any]], wording: Wording) -> dict[str, Any]:
    """What a mail about one case or several says."""
    first = cases[0]
    return {
        "cases": cases,
        "many": len(cases) > 1,
        "trigger": first["trigger"],
        "rule": first["rule"],
        "points": sum(case["points"] or 0 for case in cases),
        "text": first["text"],  # several cases of one mail were moved by one act, for one reason
        "matter": wording.matters(cases),
        "the_cases": wording.case_cards(cases),
        "legal_line": wording.legal(first["legal"]),
    }


def _of_reports(reports: Sequence[dict[str, Any]], wording: Wording) -> dict[str, Any]:
    """What a mail about one report or several says."""
    first = reports[0]
    return {
        "reports": reports,
        "many": len(reports) > 1,
        "level": first["level"],
        "title": wording.titles(reports),
        "todo": wording.todo(first),
        "gone": first["gone"],
        "holder_names": first["holder_names"],
        "overdue": first["overdue"],
        "due": wording.when(first["due_at"]),
        "due_said": wording.due_said(first),
        "the_reports": wording.report_cards(reports) if len(reports) > 1 else "",
        "legal_line": wording.legal(first["legal"]),
    }
