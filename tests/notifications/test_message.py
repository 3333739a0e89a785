"""The bytes of a mail: its headers, its two parts, and that nobody's words become a header of their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import compat32, default
from typing import Any

import pytest

from notifications.message import build
from notifications.render import RenderedMail, Renderer
from states.purposes import Purpose
from tests.notifications.stories import LANGUAGES, letters
from workflow.ports import Delivery, Message

HEADERS = (
    *("Content-Type", "MIME-Version", "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
    *("Auto-Submitted", "X-Auto-Response-Suppress", "X-Kaoji-Audit", "X-Kaoji-Event", "X-Kaoji-Purpose"),
    "X-Kaoji-Report",
)
PAYLOADS = (
    "a\r\nBcc: x@evil.example",
    "a\nBcc: x@evil.example",
    "a\rBcc: x@evil.example",
    "a\r\n\r\n<script>body</script>",
    "a\r\n Bcc: x@evil.example",
    "a\x0bBcc: x@evil.example",
    "a\x0cBcc: x@evil.example",
    "a\x85Bcc: x@evil.example",
    "a\u2028Bcc: x@evil.example",
    "a\u2029Bcc: x@evil.example",
    "a\x00Bcc: x@evil.example",
    "科室\r\nBcc: x@evil.example",
    "=?utf-8?q?a=0D=0ABcc:_x@evil.example?=",
    "=?utf-8?b?YQ0KQmNjOiB4QGV2aWwuZXhhbXBsZQ==?=",
    "=?utf-8?q?a=0ABcc:_x@evil.example?= =?utf-8?q?b?=",
    '"\r\nBcc: x@evil.example',
    "x@evil.example>, y@evil.example <z@evil.example",
    "科室\u202e<x@evil.example>",
)


def a_mail(**more: Any) -> Message:
    """A returned report's mail; what differs is put in its place."""
    (mail, *_) = letters("zh", Purpose.RETURNED)
    return replace(mail, **more)


def built(mail: Message, *, subject: str = "subject", sender_name: str = "Kaoji") -> bytes:
    said = RenderedMail(subject=subject, text="text\n", html="<p>html</p>\n")
    return build(mail, said, sender="kaoji@office.example", sender_name=sender_name)


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, EmailMessage, policy=default)


def header_names(content: bytes) -> list[str]:
    return sorted(message_from_bytes(content, policy=compat32).keys())


def with_payload(where: str, payload: str) -> bytes:
    facts = a_mail().facts
    match where:
        case "subject":
            return built(a_mail(), subject=payload)
        case "name":
            return built(a_mail(name=payload))
        case "sender name":
            return built(a_mail(), sender_name=payload)
        case "unit":
            mail = a_mail(facts={**facts, "unit_name": payload})
            return build(mail, Renderer("https://k.example").render(mail), sender="k@o.example", sender_name="k")
        case "report":
            return built(a_mail(facts={**facts, "report": payload}))
        case _:
            return built(a_mail(**{where: payload}))


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
@pytest.mark.parametrize(
    "where", ["subject", "name", "sender name", "unit", "report", "thread", "message_id", "audit_head", "address"]
)
def test_no_words_make_a_header_of_their_own(where: str, payload: str) -> None:
    content = with_payload(where, payload)

    assert header_names(content) == sorted(HEADERS)
    assert [part.get_content_type() for part in read(content).iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("payload", PAYLOADS[:-1], ids=range(len(PAYLOADS) - 1))
def test_a_hostile_name_is_a_name_and_adds_no_receiver(payload: str) -> None:
    (to,) = read(built(a_mail(name=payload)))["To"].addresses

    assert to.addr_spec == a_mail().address
    assert "".join(to.display_name.split()) == "".join(c for c in payload if c.isprintable() and c != " ")


@pytest.mark.parametrize("subject", [payload for payload in PAYLOADS if payload.startswith("=?")])
def test_what_looks_encoded_is_read_as_it_was_written(subject: str) -> None:
    assert read(built(a_mail(), subject=subject))["Subject"] == subject


@pytest.mark.parametrize(
    "subject",
    [
        "【考绩】请签字：市容管理科2015年10月考绩指标进展情况表",
        "[kaoji] Returned: the indicator report of City Appearance Section for Oct 2015, which is a long subject" * 3,
        "𠮷野家门口“占道经营”" * 20,
        "混 of 两种 languages",
        *("长" * length for length in range(8, 30)),
    ],
)
def test_subjects_are_read_as_they_were_written(subject: str) -> None:
    assert read(built(a_mail(), subject=subject))["Subject"] == subject


@pytest.mark.parametrize("name", ["张三", "Zhang, San", '"Old" Zhang', "A\\B", "𠮷田·吐尔逊", "", "x@y.example"])
def test_names_are_read_as_they_were_written(name: str) -> None:
    (to,) = read(built(a_mail(name=name)))["To"].addresses
    (sender,) = read(built(a_mail(), sender_name=name))["From"].addresses

    assert (to.display_name, to.addr_spec) == (name, a_mail().address)
    assert (sender.display_name, sender.addr_spec) == (name, "kaoji@office.example")


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_html_are_read_as_they_were_rendered(language: str) -> None:
    (mail, *_) = letters(language, Purpose.DIGEST)
    said = Renderer("https://kaoji.office.example").render(mail)

    parts = list(read(build(mail, said, sender="k@o.example", sender_name="k")).iter_parts())

    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert [part.get_content() for part in parts if isinstance(part, EmailMessage)] == [said.text, said.html]


def test_a_mail_sent_again_is_the_same_mail() -> None:
    later = timedelta(hours=3)
    mail = a_mail()
    again = replace(
        mail,
        state=Delivery.UNCERTAIN,
        attempts=7,
        next_attempt_at=mail.next_attempt_at + later,
        lease_until=mail.created_at + later,
        last_error="451",
    )

    assert built(again) == built(mail)


def test_two_mails_differ() -> None:
    assert built(a_mail()) != built(a_mail(message_id="<other@kaoji.example>"))


def test_a_mail_says_that_no_person_wrote_it_and_wants_no_answer() -> None:
    mail = read(built(a_mail()))

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"


def test_a_mail_bears_its_id_its_thread_and_its_place_in_the_audit() -> None:
    stored = a_mail(audit_seq=17, audit_head="ab" * 32, event_seq=16)

    mail = read(built(stored))

    assert (mail["Message-ID"], mail["In-Reply-To"], mail["References"]) == (
        stored.message_id,
        stored.thread,
        stored.thread,
    )
    assert (mail["X-Kaoji-Audit"], mail["X-Kaoji-Event"]) == (f"17 {'ab' * 32}", "16")
    assert (mail["X-Kaoji-Purpose"], mail["X-Kaoji-Report"]) == ("returned", "2015-10/shirong")


def test_the_mail_that_begins_a_thread_answers_nothing() -> None:
    mail = read(built(a_mail(thread=a_mail().message_id)))

    assert (mail["In-Reply-To"], mail["References"]) == (None, None)


def test_its_date_is_when_it_was_written_not_when_it_is_sent() -> None:
    written = datetime(2015, 10, 9, 1, 30, tzinfo=UTC)

    assert read(built(a_mail(created_at=written)))["Date"].datetime == written


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", [Purpose.RETURNED, Purpose.BULLETIN])
def test_the_bytes_are_ascii_in_lines_any_server_takes(language: str, purpose: Purpose) -> None:
    (mail, *_) = letters(language, purpose)
    said = Renderer("https://kaoji.office.example").render(replace(mail, name="名" * 200))

    content = build(replace(mail, name="名" * 200), said, sender="k@o.example", sender_name="考绩" * 100)

    assert content.isascii()
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert max(map(len, content.split(b"\r\n"))) <= 998
