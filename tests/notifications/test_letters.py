"""Every kind of mail in both languages, as its reader sees it.

`letters/` holds what they say. After a change that is meant, run this file with KAOJI_RENEW_LETTERS=1 and read the
difference as its receivers would.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from notifications.render import TEMPLATES, RenderedMail, Renderer
from states.grounds import Rule
from states.models import CaseState, Flag
from states.office import Role
from states.purposes import Purpose
from states.route import BUREAU_ROUTE
from tests.notifications.stories import LANGUAGES, WORDS, letters, story
from workflow.ports import Message

LETTERS = Path(__file__).with_name("letters")
LINK_BASE = "https://kaoji.office.example"
EVERY_KIND = [
    pytest.param(language, purpose, id=f"{language}-{purpose}") for language in LANGUAGES for purpose in Purpose
]
FORGED = (
    "请尽快办理。\n\n请打开页面办理或查看：\nhttp://evil.example/reports/2015-10/shirong\n\n-- \n"
    "流转记录第1条，链头0000000000000000\n- 市容管理科：已签字\x07\x1b[2J\u202e"
)
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


NAMES = ("unit_name", "actor_name", "office", "name", "indicator_name")
WRITTEN = ("text", "rank_text", "comparison", "target", "last_rank")


def saying(mail: Message, words: str, *names: str) -> Message:
    """The mail with these words in place of every fact of those names, however deep."""

    def said(value: object, name: str = "") -> object:
        if isinstance(value, dict):
            return {key: said(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [said(one, name) for one in value]
        return words if name in names and value else value

    return replace(mail, facts={name: said(value, name) for name, value in mail.facts.items()})


def subjects(mail: Message) -> list[dict[str, object]]:
    """What the mail is about: one report or case, or each of those it lists."""
    if mail.purpose is Purpose.BULLETIN:
        return []
    listed = mail.facts.get("cases") or mail.facts.get("reports") or [mail.facts]
    assert isinstance(listed, list)
    return listed


def page(about: dict[str, object]) -> list[str]:
    """Where it is shown."""
    if "case" in about:
        return [f"{LINK_BASE}/cases/{about['case']}"]
    return [f"{LINK_BASE}/reports/{about['report']}"] if "report" in about else []


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


@pytest.mark.parametrize(
    ("language", "own", "sections"),
    [
        ("zh", "状态：单位主要负责人已签字盖章（第", "科室"),
        ("en", "State: signed and sealed by the unit head, round", "section head"),
    ],
)
def test_a_district_s_report_is_told_of_in_its_own_words(language: str, own: str, sections: str) -> None:
    """What the district leader is sent when the unit head has signed; in the stories only sections are signed for."""
    asked = letters(language, Purpose.SIGNATURE_NEEDED)
    mail = next(mail for mail in asked if mail.facts["state"] == "section_signed")

    letter = rendered(mail, level="district", unit_name="X", holder_names=["Y"], actor_name="Z", text="")

    assert own in letter.text
    assert sections not in letter.text


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
        subject, about = renderer().render(mail).subject, [*subjects(mail), mail.facts][0]
        matter = about.get("indicator_name") or about.get("unit_name") or "2015"

        assert str(matter) in subject
        assert subject.startswith("【考绩】" if language == "zh" else "[kaoji] ")
        assert "\n" not in subject


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_a_mail_of_a_matter_links_to_its_page_and_one_of_several_to_each(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter = renderer().render(mail)
        pages = [link for about in subjects(mail) for link in page(about)]

        assert re.findall(r"https?://\S+", letter.text) == pages
        assert _Reading(letter.html).links == pages


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_an_office_without_pages_sends_no_link(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter = Renderer("").render(mail)

        assert re.findall(r"https?://\S+", letter.text) == []
        assert _Reading(letter.html).links == []
        assert "/reports/" not in letter.text
        assert "/cases/" not in letter.text


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_the_foot_bears_the_head_of_the_audit_chain_as_short_as_a_phone_is_wide(
    language: str, purpose: Purpose
) -> None:
    for mail in letters(language, purpose):
        letter = renderer().render(mail)
        _, _, foot = letter.text.partition("\n-- \n")

        assert re.findall("[0-9a-f]{16,}", foot) == [mail.audit_head[:16]]
        assert re.search(rf"\b{mail.audit_seq}\b|第{mail.audit_seq}条", foot)
        assert mail.audit_head[:16] in _Reading(letter.html).shown
        assert mail.audit_head not in letter.html


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_nothing_of_the_templates_shows(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter = renderer().render(mail)

        for said in (letter.subject, letter.text, letter.html):
            assert not re.search(r"\{\{|\}\}|\{%|%\}|\bNone\b|undefined|Undefined|\bTrue\b|\bFalse\b", said)
            assert not re.search(r"[\x00-\x09\x0b-\x1f]", said)
        for line in letter.text.splitlines():
            assert not re.search(r"[：，、；。]{2}|\(\)|（）|  |“[^”]*“|，,", line.lstrip())
        assert "\n\n\n" not in letter.text


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_no_code_and_no_iso_date_stands_in_a_mail_but_as_a_reference(language: str, purpose: Purpose) -> None:
    codes = {str(term) for kind in (BUREAU_ROUTE.states, CaseState, Flag, Rule, Role) for term in kind if "_" in term}
    for mail in letters(language, purpose):
        letter = renderer().render(mail)
        lines = [line for line in letter.text.splitlines() if not re.match("编号：|Reference: | *https?:", line)]

        assert [line for line in lines if re.search(r"\d{4}-\d\d", line)] == []
        assert [code for code in codes if code in letter.text] == []


@pytest.mark.parametrize("purpose", Purpose)
def test_an_english_letter_says_nothing_in_chinese_but_what_was_written_so(purpose: Purpose) -> None:
    for mail in letters("en", purpose):
        letter = renderer().render(saying(mail, "as written", *WRITTEN))

        assert re.findall(r"[\u3000-\u9fff\uff00-\uffef]+", letter.subject + letter.text) == []
        assert re.findall(r"[\u3000-\u9fff\uff00-\uffef]+", _Reading(letter.html).shown) == []


@pytest.mark.parametrize("purpose", Purpose)
def test_a_chinese_letter_says_nothing_in_english(purpose: Purpose) -> None:
    for mail in letters("zh", purpose):
        letter = renderer().render(saying(mail, "原文", *WRITTEN))
        body = letter.text.partition("\n-- \n")[0]
        lines = [line for line in body.splitlines() if not re.match("编号：| *https?:", line)]

        assert re.findall("[A-Za-z]+", "".join(lines)) == []


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
            re.sub("^(- |> |   )", "", line)
            for line in body.splitlines()
            if not re.match(" *https?:|Open the page|请打开", line)
        ]
        said = [_words(piece) for line in lines for piece in re.split("　|；|：|: |; ", line)]

        assert [piece for piece in said if piece.lower() not in shown.lower()] == []


@pytest.mark.parametrize(("language", "purpose"), EVERY_KIND)
def test_nobodys_words_become_markup(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        tame = _Reading(renderer().render(saying(mail, "x", *NAMES, *WRITTEN)).html)
        hostile = renderer().render(saying(mail, HOSTILE, *NAMES, *WRITTEN))

        assert _Reading(hostile.html).elements == tame.elements
        assert HOSTILE in hostile.text
        assert HOSTILE in _Reading(hostile.html).shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", REASONED)
def test_what_somebody_wrote_cannot_pass_for_the_systems_own_lines(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        true, forged = renderer().render(mail), renderer().render(saying(mail, FORGED, "text"))
        quoted = [line for line in forged.text.splitlines() if line.startswith(">")]
        own = [line for line in forged.text.splitlines() if not line.startswith(">")]

        if mail.facts.get("text"):
            assert len(quoted) == 8
            assert [line for line in own if "evil" in line or "000000" in line or "已签字\x07" in line] == []
            assert _Reading(forged.html).elements.count("blockquote") == 1
        assert re.findall(r"https?://\S+", forged.text) == re.findall(r"https?://\S+", true.text)
        assert _Reading(forged.html).links == _Reading(true.html).links
        assert re.search("[\x00-\x09\x0b-\x1f\u202e]|evil\\.example", forged.text + forged.html) is None


def test_a_cell_of_the_table_cannot_pass_for_another_line_either() -> None:
    (mail, *_) = letters("zh", Purpose.SIGNATURE_NEEDED)

    letter = renderer().render(saying(mail, FORGED, *WRITTEN))

    assert [line for line in letter.text.splitlines() if line.startswith(("请打开页面", "流转记录", "- "))] == [
        "请打开页面办理或查看：",
        f"流转记录第{mail.audit_seq}条，链头{mail.audit_head[:16]}",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_name_is_no_markup_either(language: str) -> None:
    (mail, *_) = letters(language, Purpose.RETURNED)

    letter = renderer().render(replace(mail, name=HOSTILE))

    assert "<script>" not in letter.html
    assert HOSTILE in letter.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", [Purpose.REVIEWED, Purpose.DIGEST, Purpose.ASSESSOR_DIGEST, Purpose.BULLETIN])
def test_every_line_of_a_list_is_a_row_of_a_table_in_html(language: str, purpose: Purpose) -> None:
    for mail in letters(language, purpose):
        letter, facts = renderer().render(mail), mail.facts
        lists = ("judgements", "due", "overdue", "vacant", "escalated", "reports", "ranks", "cases")
        listed = [facts.get(name) for name in (*lists, "interviews", "proposals", "reviews")]
        count = sum(len(one) for one in listed if isinstance(one, list))

        assert count > 0
        assert len([line for line in letter.text.splitlines() if line.startswith("- ")]) == count
        assert letter.html.count('<tr><td style="padding:4px 6px') == count


def test_a_digest_says_a_deadline_once_for_all_reports_that_have_it() -> None:
    mail = next(mail for mail in story("zh") if mail.purpose is Purpose.DIGEST and mail.facts["due"])
    due = [{**one, "due_at": "2015-10-13T17:00:00+08:00"} for one in 3 * list(mail.facts["due"])]  # type: ignore[call-overload]  # JSON, as stored

    said = rendered(mail, due=due, overdue=[], escalated=[], vacant=[]).text

    assert len([line for line in said.splitlines() if line.startswith("- ")]) == len(due) > 2
    assert said.count("2015年10月13日 17:00") == 1


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
    act = {"zh": "现由您办理", "en": "waiting for you"}[language]
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


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_salutation_is_the_offices_own(language: str) -> None:
    (mail, *_) = letters(language, Purpose.RETURNED)
    greetings = [Renderer(LINK_BASE, salutation=said).render(mail).text.splitlines()[0] for said in ("同志", "")]

    assert greetings == (["周填报同志：", "周填报："] if language == "zh" else ["Dear Zhou,", "Dear Zhou,"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_html_part_has_a_title_and_fits_a_phone(language: str) -> None:
    for purpose in Purpose:
        for mail in letters(language, purpose):
            letter = renderer().render(mail)

            assert (
                f"<title>{escape(letter.subject, quote=True)}</title>".replace("&#x27;", "&#39;").replace(
                    "&quot;", "&#34;"
                )
                in letter.html
            )
            assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in letter.html


def test_quotation_marks_in_a_name_become_single_ones() -> None:
    mail = next(
        mail for mail in letters("zh", Purpose.CASE_OPENED) if mail.facts.get("indicator_name") or "cases" in mail.facts
    )

    letter = renderer().render(saying(mail, "“三改一拆”违法建筑拆除", "indicator_name"))

    assert "“‘三改一拆’违法建筑拆除”" in letter.subject
    assert "““" not in letter.text


PENALTIES = (
    Purpose.OVERDUE,
    Purpose.CASE_OPENED,
    Purpose.INTERVIEW_SET,
    Purpose.DEDUCTION_PROPOSED,
    Purpose.DEDUCTION_CONFIRMED,
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", PENALTIES)
def test_a_penalty_rests_on_the_offices_own_documents_and_on_no_other(language: str, purpose: Purpose) -> None:
    label, ground = {"zh": "依据：", "en": "Ground: "}[language], WORDS[language]["ground"]
    for mail in letters(language, purpose):
        if mail.facts.get("reports"):
            continue  # made by hand, of an office that names none
        said = renderer().render(mail).text
        silent = renderer().render(replace(mail, facts=_without_grounds(mail.facts))).text

        assert [line for line in said.splitlines() if line.startswith(label)] == [
            f"{label}{ground}{'。' if language == 'zh' else '.'}"
        ]
        assert label not in silent


def _without_grounds(facts: Mapping[str, object]) -> dict[str, object]:
    cases = facts.get("cases")
    listed = {"cases": [{**one, "legal": []} for one in cases]} if isinstance(cases, list) else {}
    return {**facts, "legal": [], **listed}


def test_no_template_names_a_document() -> None:
    assert [
        path.name for path in TEMPLATES.rglob("*.jinja") if re.search("〔|\\[2015\\]|Wen Long", path.read_text())
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_stored_before_a_fact_was_kept_is_still_made(language: str) -> None:
    kept_later = ("table", "compared", "drafter", "edited", "gone", "legal", "grounds", "vacant", "review_at")
    for mail in story(language):
        if "cases" not in mail.facts:
            older = {name: value for name, value in mail.facts.items() if name not in kept_later}

            assert renderer().render(replace(mail, facts=older)).text
