"""Builds the bytes of a mail. The same message always gives the same bytes, so a mail sent again is the same mail."""

import hashlib
from collections.abc import Mapping
from datetime import UTC
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, quote

from notifications.render import RenderedMail
from workflow.ports import Message

_WIRE = compat32.clone(linesep="\r\n", max_line_length=78)


def build(message: Message, rendered: RenderedMail, *, sender: str, sender_name: str) -> bytes:
    """The whole mail with CRLF line ends, ASCII only: text and HTML as alternatives."""
    boundary = "kaoji-" + hashlib.sha256(message.message_id.encode()).hexdigest()[:32]
    mail = MIMEMultipart("alternative", boundary=boundary)
    for name, value in _headers(message, rendered.subject, sender, sender_name).items():
        mail[name] = value  # type: ignore[assignment]  # the stubs know text only, the policy takes a Header
    mail.attach(MIMEText(rendered.text, "plain", "utf-8"))
    mail.attach(MIMEText(rendered.html, "html", "utf-8"))
    return mail.as_bytes(policy=_WIRE)


def _headers(message: Message, subject: str, sender: str, sender_name: str) -> Mapping[str, str | Header]:
    headers: dict[str, str | Header] = {
        "From": _mailbox("From", sender_name, sender),
        "To": _mailbox("To", message.name, message.address),
        "Subject": _words("Subject", subject),
        "Date": format_datetime(message.created_at.astimezone(UTC)),
        "Message-ID": _plain(message.message_id),
        "In-Reply-To": _plain(message.thread),
        "References": _plain(message.thread),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Kaoji-Audit": f"{message.audit_seq} {_plain(message.audit_head)}",
        "X-Kaoji-Event": str(message.event_seq),
        "X-Kaoji-Purpose": message.purpose.value,
    }
    if "report" in message.facts:
        headers["X-Kaoji-Report"] = _words("X-Kaoji-Report", str(message.facts["report"]))
    if message.thread == message.message_id:
        del headers["In-Reply-To"], headers["References"]
    return headers


def _mailbox(header: str, name: str, address: str) -> str | Header:
    """A display name and one address."""
    name, place = _plain(name), f"<{_plain(address)}>"
    if _stands_for_itself(name):
        return f'"{quote(name)}" {place}'
    mailbox = Header(name, "utf-8", header_name=header)
    mailbox.append(place, "us-ascii")
    return mailbox


def _words(header: str, text: str) -> str | Header:
    text = _plain(text)
    return text if _stands_for_itself(text) else Header(text, "utf-8", header_name=header)


def _stands_for_itself(text: str) -> bool:
    """Whether text needs no encoding. What looks like an encoded word does, or it would not stay text."""
    return text.isascii() and "=?" not in text


def _plain(text: str) -> str:
    """Without control characters: nothing in a value can begin a header of its own."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
