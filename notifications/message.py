"""Builds the bytes of a mail. The same message always gives the same bytes, so a mail sent again is the same mail."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, quote

from notifications.render import RenderedMail
from workflow.ports import Message

_WIRE = compat32.clone(linesep="\r\n", max_line_length=78)
_PIECE = 36
"""Bytes of one encoded word: 60 characters with its frame."""


def build(message: Message, rendered: RenderedMail, *, sender: str, sender_name: str) -> bytes:
    """The whole mail with CRLF line ends, ASCII only: text and HTML as alternatives."""
    boundary = "kaoji-" + hashlib.sha256(message.message_id.encode()).hexdigest()[:32]
    mail = MIMEMultipart("alternative", boundary=boundary)
    for name, value in _headers(message, rendered.subject, sender, sender_name).items():
        mail[name] = value
    mail.attach(MIMEText(rendered.text, "plain", "utf-8"))
    mail.attach(MIMEText(rendered.html, "html", "utf-8"))
    return mail.as_bytes(policy=_WIRE)


def _headers(message: Message, subject: str, sender: str, sender_name: str) -> Mapping[str, str]:
    headers = {
        "From": _mailbox(sender_name, sender),
        "To": _mailbox(message.name, message.address),
        "Subject": _words(subject),
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
        headers["X-Kaoji-Report"] = _words(str(message.facts["report"]))
    if message.thread == message.message_id:
        del headers["In-Reply-To"], headers["References"]
    return headers


def _mailbox(name: str, address: str) -> str:
    """A display name and one address. What looks like an encoded word is encoded itself, so that it stays text."""
    name = _plain(name)
    if name.isascii() and "=?" not in name:
        return f'"{quote(name)}" <{_plain(address)}>'
    return f"{_words(name)} <{_plain(address)}>"


def _words(text: str) -> str:
    text = _plain(text)
    if text.isascii() and "=?" not in text:
        return text
    return "\r\n ".join(f"=?utf-8?b?{b64encode(piece.encode()).decode()}?=" for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """So short that the first still fits beside the header's name, and never cut within a character."""
    piece = ""
    for character in text:
        if len((piece + character).encode()) > _PIECE:
            yield piece
            piece = ""
        piece += character
    yield piece


def _plain(text: str) -> str:
    """Without control characters: nothing in a value can begin a header of its own."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
