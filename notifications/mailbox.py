"""Reads what mailboxes kept of the mails sent: each bears the head of the audit chain as it was then."""

import mailbox
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path

from states.errors import Failure
from states.plainwords import cleaned
from workflow.audit import Witness

_HEAD = re.compile(r"(\d{1,18}) ([0-9a-f]{64})")


class MailboxUnreadable(Failure):
    """What was named is no mailbox."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, "请指明一个 Maildir 目录（内有 cur、new）或一个 mbox 文件；其他格式请先用邮件客户端导出"
        )


def witnesses(path: Path) -> Iterator[Witness]:
    """The mails of this product in a Maildir, with its sub-folders, or an mbox file; the mailbox is only read.

    Other mails are passed over. Raises MailboxUnreadable.
    """
    try:
        for headers in _headers(path):
            head = _HEAD.fullmatch(_one_line(headers["X-Kaoji-Audit"]))
            if head is not None:
                yield Witness(
                    message_id=_one_line(headers["Message-ID"]),
                    seq=int(head[1]),
                    head=head[2],
                    to=_decoded(headers["To"]),
                    subject=_decoded(headers["Subject"]),
                    sent_at=_instant(headers["Date"]),
                )
    except OSError as fault:
        raise MailboxUnreadable(f"邮箱 {path} 读不出（{fault.strerror}）") from fault


def _one_line(value: object) -> str:
    """A header as one line: a mail server may have folded it."""
    return " ".join(str(value or "").split())


def _decoded(value: object) -> str:
    """A header as people read it; as it stands where it cannot be decoded."""
    written = _one_line(value)
    try:
        return cleaned(str(make_header(decode_header(written))), one_line=True)
    except (LookupError, ValueError, HeaderParseError):
        return cleaned(written, one_line=True)


def _instant(value: object) -> datetime | None:
    try:
        at = parsedate_to_datetime(_one_line(value))
    except (TypeError, ValueError):
        return None
    return at if at.tzinfo else None


def _headers(path: Path) -> Iterable[Mail]:
    if path.is_dir():
        return _of_maildir(path)
    if path.is_file():
        return _of_mbox(path)
    raise MailboxUnreadable(f"没有邮箱 {path}")


def _of_maildir(path: Path) -> Iterator[Mail]:
    """Every file of `cur` and `new`, here and in sub-folders such as `.Sent`, where mail programs put them."""
    folders = [folder for name in ("cur", "new") for folder in (path / name, *path.rglob(name)) if folder.is_dir()]
    if not folders:
        raise MailboxUnreadable(f"{path} 不是 Maildir：没有 cur 和 new")
    parser = BytesHeaderParser()
    for file in sorted({file for folder in folders for file in folder.iterdir() if file.is_file()}):
        with file.open("rb") as mail:
            yield parser.parse(mail)


def _of_mbox(path: Path) -> Iterator[Mail]:
    with path.open("rb") as file:
        if file.read(5) not in (b"From ", b""):
            raise MailboxUnreadable(f"{path} 不是 mbox 文件：不以 “From ” 开头")
    box = mailbox.mbox(path, create=False)
    parser = BytesHeaderParser()
    try:
        for key in box.iterkeys():
            yield parser.parse(box.get_file(key))  # type: ignore[arg-type]  # a file of bytes, which the stub leaves open
    finally:
        box.close()
