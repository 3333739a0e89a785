"""Every kind of mail in both languages, as its reader sees it.

`letters/` holds what they say. After a change that is meant, run this file with KAOJI_RENEW_LETTERS=1 and read the
difference as its receivers would.
"""

import os
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from notifications.render import RenderedMail, Renderer
from states.purposes import Purpose
from tests.notifications.stories import LANGUAGES, WORDS, letters
from workflow.ports import Message

LETTERS = Path(__file__).with_name("letters")
LINK_BASE = "https://kaoji.office.example"
EVERY_KIND = [
    pytest.param(language, purpose, id=f"{language}-{purpose}") for language in LANGUAGES for purpose in Purpose
]
HOSTILE = '<script>alert("x")</script> & <b>'
REASONED = {
    Purpose.RETURNED: "draft_returned",
    Purpose.WITHDRAWN: "withdrawn",
    Purpose.REOPENED: "reopened",
    Purpose.URGE: "urged",
    Purpose.SIGNATURE_NEEDED: "first_opinion",
    Purpose.SUBMISSION_NEEDED: "second_opinion",
    Purpose.REVIEWED: "reviewed",
    Purpose.FEEDBACK_RECORDED: "feedback",
    Purpose.INTERVIEW_RECORDED: "interview",
    Purpose.APPEAL_RECORDED: "appeal",
    Purpose.DEDUCTION_CONFIRMED: "confirmed",
    Purpose.CASE_CLOSED: "waived",
}


@cache
def renderer() -> Renderer:
    return Renderer(LINK_BASE)


def rendered(mail: Message, **facts: object) -> RenderedMail:
    return renderer().render(replace(mail, facts={**mail.facts, **facts}))


class _Reading(HTMLParser):
    """What a browser would show, and the elements it would build."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str | None] = []
        self.shown = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data: str) -> None:
        self.shown += data


def _words(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_a_letter_says_what_it_said_before(language: str, purpose: Purpose) -> None:
    kept = LETTERS / language / f"{purpose.value}.txt"
    said = "".join(_written(replace(mail, audit_seq=12, audit_head="0f" * 32)) for mail in letters(language, purpose))

    if os.environ.get("KAOJI_RENEW_LETTERS") == "1":
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(said, encoding="utf-8")
    assert said == kept.read_text(encoding="utf-8"), "the letter changed; see the head of this file"


def _written(mail: Message) -> str:
    letter = renderer().render(mail)
    return f"{'=' * 78}\nTo: {mail.recipient}\nSubject: {letter.subject}\n\n{letter.text}\n"


def test_no_letter_is_kept_of_a_kind_that_is_not_sent() -> None:
    kept = {path.relative_to(LETTERS).as_posix() for path in LETTERS.rglob("*") if path.is_file()}

    assert kept == {f"{language}/{purpose.value}.txt" for language in LANGUAGES for purpose in Purpose}


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_the_subject_names_the_matter(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        subject, facts = renderer().render(mail).subject, mail.facts
        matter = facts.get("indicator_name") or facts.get("unit_name") or "2015"

        assert str(matter) in subject
        assert subject.startswith("【考绩】" if language == "zh" else "[kaoji] ")
        assert "\n" not in subject


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_a_mail_of_a_matter_links_to_its_page(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter, facts = renderer().render(mail), mail.facts
        pages = [f"{LINK_BASE}/cases/{facts['case']}"] if "case" in facts else []
        if "report" in facts and not pages:
            pages = [f"{LINK_BASE}/reports/{facts['report']}"]

        assert re.findall(r"https?://\S+", letter.text) == pages
        assert _Reading(letter.html).links == pages


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_the_foot_bears_the_head_of_the_audit_chain(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter = renderer().render(mail)
        _, _, foot = letter.text.partition("\n-- \n")

        assert mail.audit_head in foot
        assert re.search(rf"\b{mail.audit_seq}\b|第{mail.audit_seq}条", foot)
        assert mail.audit_head in _Reading(letter.html).shown


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_nothing_of_the_templates_shows(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter = renderer().render(mail)

        for said in (letter.subject, letter.text, letter.html):
            assert not re.search(r"\{\{|\}\}|\{%|%\}|\bNone\b|undefined|Undefined|\bTrue\b|\bFalse\b", said)
        assert not re.search(r"[：，、；。]{2}|\(\)|（）|  |\n\n\n", letter.text)


@pytest.mark.parametrize("purpose", Purpose)
def test_an_english_letter_says_nothing_in_chinese_but_what_was_written_so(purpose: Purpose) -> None:
    for mail in letters("en", purpose):
        ranks = [{"name": "one", "last_rank": "5"}]
        letter = rendered(mail, text="as written", indicators=ranks)

        assert re.findall(r"[\u3000-\u9fff\uff00-\uffef]+", letter.subject + letter.text + letter.html) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("purpose", "reason"), REASONED.items())
def test_what_somebody_wrote_is_in_the_mail(language: str, purpose: Purpose, reason: str) -> None:
    written = WORDS[language][reason]

    told = [letter for mail in letters(language, purpose) if written in (letter := renderer().render(mail)).text]

    assert told
    assert all(written in _Reading(letter.html).shown for letter in told)


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_both_parts_say_the_same(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter = renderer().render(mail)
        shown = _words(_Reading(letter.html).shown)
        body = letter.text.partition("\n-- \n")[0]
        lines = [
            line.removeprefix("- ") for line in body.splitlines() if not line.startswith(("http", "Open ", "请打开"))
        ]

        assert [
            line for line in lines if not all(_words(cell) in shown for cell in re.split("：|: ", line, maxsplit=1))
        ] == []


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_nobodys_words_become_markup(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        tame = _Reading(rendered(mail, text="x", unit_name="x", actor_name="x", office="x").html)
        hostile = rendered(mail, text=HOSTILE, unit_name=HOSTILE, actor_name=HOSTILE, office=HOSTILE)

        assert _Reading(hostile.html).elements == tame.elements
        assert HOSTILE in hostile.text
        assert HOSTILE in _Reading(hostile.html).shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_is_no_markup_either(language: str) -> None:
    (mail, *_) = letters(language, Purpose.RETURNED)

    letter = renderer().render(replace(mail, name=HOSTILE))

    assert "<script>" not in letter.html
    assert HOSTILE in letter.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", [Purpose.REVIEWED, Purpose.OPENED, Purpose.DIGEST, Purpose.BULLETIN])
def test_every_line_of_a_list_stands_on_its_own(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter, facts = renderer().render(mail), mail.facts
        lists = ("judgements", "indicators", "due", "overdue", "escalated", "reports", "ranks", "cases")
        listed = [facts.get(name) for name in lists]
        count = sum(max(1, len(one)) for one in listed if isinstance(one, list))

        assert len([line for line in letter.text.splitlines() if line.startswith("- ")]) == count
        assert _Reading(letter.html).elements.count("li") == count
        assert "<li>- " not in letter.html


@pytest.mark.parametrize(("language", "one", "many"), [("en", "1 working day left", "3 working days left")])
def test_one_day_is_no_plural(language: str, one: str, many: str) -> None:
    subjects = [renderer().render(mail).subject for mail in letters(language, Purpose.REMINDER)]

    assert any(one in subject for subject in subjects)
    assert any(many in subject for subject in subjects)


@pytest.mark.parametrize(("language", "asked", "too_late"), [("zh", "请于", "已逾期"), ("en", "by 13", "at once")])
def test_a_deadline_that_has_passed_is_not_asked_to_be_kept(language: str, asked: str, too_late: str) -> None:
    for mail in letters(language, Purpose.SIGNATURE_NEEDED):
        said = renderer().render(mail).text
        expected, other = (too_late, asked) if mail.facts["overdue"] else (asked, too_late)

        assert expected in said
        assert other not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_is_copied_is_told_so_and_not_asked_to_act(language: str) -> None:
    copied = next(mail for mail in letters(language, Purpose.OVERDUE) if mail.cc)
    asked = next(mail for mail in letters(language, Purpose.OVERDUE) if not mail.cc)

    told = {"zh": "抄送", "en": "copy"}[language]
    act = {"zh": "现由您办理", "en": "in your hands"}[language]
    assert [word in renderer().render(copied).text for word in (told, act)] == [True, False]
    assert [word in renderer().render(asked).text for word in (told, act)] == [False, True]


def test_times_are_shown_on_the_offices_clock() -> None:
    (mail, *_) = letters("zh", Purpose.OPENED)

    assert "2015年10月15日 17:00" in rendered(mail, due_at="2015-10-15T09:00:00+00:00").text
    assert "2015年10月15日 11:00" in rendered(mail, due_at="2015-10-15T09:00:00+00:00", timezone="Europe/Berlin").text


def test_a_mail_that_lacks_a_fact_is_not_made() -> None:
    (mail, *_) = letters("zh", Purpose.RETURNED)

    with pytest.raises(UndefinedError, match="actor_name"):
        renderer().render(replace(mail, facts={k: v for k, v in mail.facts.items() if k != "actor_name"}))
