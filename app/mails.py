"""`kaoji mail list|show|test`: what was sent to whom and what came of it, and whether the server takes mail at all."""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, make_msgid
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.answers import print_json
from app.bootstrap import read_settings
from app.clock import SystemClock
from app.mailing import smtp_settings
from app.names import Names, names_here
from app.naming import person, resolve_person
from app.place import office_place, place
from app.refusals import Unusable
from app.settings import MailSettings
from notifications.mailer import ServerUnusable, SmtpMailer
from notifications.render import Renderer
from states.words import purpose_word
from storage.database import Database, open_database
from workflow.ports import Delivery, MailFailure, Message, Outcome
from workflow.queries import Document

if TYPE_CHECKING:
    from storage.tables import MessageTable

STATES: Mapping[Delivery, str] = {
    Delivery.PENDING: "待发",
    Delivery.SENDING: "正在发送",
    Delivery.SENT: "已发出",
    Delivery.UNCERTAIN: "不知是否收到，将重发",
    Delivery.DEAD: "未送达",
}
OUTCOMES: Mapping[Outcome | None, str] = {
    Outcome.ACCEPTED: "对方服务器已收下",
    Outcome.TEMPORARY: "没有发成",
    Outcome.PERMANENT: "被永久拒收",
    Outcome.UNCERTAIN: "不知是否收到",
    None: "正在发送",
}
_MOST = 100
"""Rows on the terminal; who wants all asks for JSON."""


@dataclass(frozen=True, slots=True)
class _Post:
    """The mails of an office, and how its instants and names are shown."""

    url: str
    database: Database
    names: Names

    def local(self, instant: datetime | None) -> str | None:
        return None if instant is None else instant.astimezone(ZoneInfo(self.names.timezone)).isoformat()

    def line(self, mail: "Message | MessageTable") -> Document:
        return {
            "mail": mail.id,
            "message_id": mail.message_id,
            "purpose": mail.purpose.value,
            "about": about(mail),
            "recipient": mail.recipient,
            "name": mail.name,
            "address": mail.address,
            "original_address": mail.original_address,
            "state": mail.state.value,
            "attempts": mail.attempts,
            "created_at": self.local(mail.created_at),
            "sent_at": self.local(mail.sent_at),
            "last_error": mail.last_error,
            "acknowledged_at": self.local(mail.acknowledged_at),
            "acknowledged_by": mail.acknowledged_by,
            "acknowledged_note": mail.acknowledged_note,
        }


def about(mail: "Message | MessageTable") -> str:
    """What a mail is about: a report, or a unit."""
    return str(mail.facts.get("report") or mail.facts.get("unit_name") or "")


@contextmanager
def _opened(parsed: argparse.Namespace) -> Iterator[_Post]:
    where = place(parsed)
    url = where.machine().database_url
    with open_database(url, read_only=True) as database, database.steady():
        yield _Post(url, database, names_here(where, database))


def mail_list(parsed: argparse.Namespace) -> int:
    """`kaoji mail list`: oldest first; the terminal shows the last of them."""
    from storage.boards import boards

    state = None if parsed.state is None else _named_state(parsed.state)
    with _opened(parsed) as post, boards(post.url) as lists:
        recipient = None if parsed.person is None else resolve_person(parsed.person, post.names)
        found, count = lists.mails(recipient=recipient, state=state, last=None if parsed.json else _MOST)
        lines = [post.line(mail) for mail in found]
    if parsed.json:
        print_json(lines)
    elif not lines:
        print("没有这样的邮件")
    else:
        _show_list(lines)
        if count > len(lines):
            print(f"另有较早的 {count - len(lines)} 封没有列出；用 --state、--person 缩小范围，或加 --json 列出全部")
    return 0


def _show_list(lines: Sequence[Document]) -> None:
    from rich.table import Table
    from rich.text import Text

    from app.tables import console

    table = Table(header_style="bold")
    for title, folds in (("编号", False), ("时间", False), ("事由", True), ("收件人", True), ("状态", True)):
        table.add_column(title, overflow="fold", no_wrap=not folds)
    for line in lines:
        table.add_row(
            *(
                Text(cell)
                for cell in (
                    str(line["mail"]),
                    str(line["created_at"])[:16].replace("T", " "),
                    f"{purpose_word(str(line['purpose']))} {line['about']}".strip(),
                    _named(str(line["name"]), line["recipient"]),
                    _state(line),
                )
            )
        )
    console().print(table)


def _named(name: str, code: object) -> str:
    """As people are named everywhere; the name is the one the mail bears."""
    return f"{name}（{code}）"


def _state(line: Document) -> str:
    said = STATES[Delivery(str(line["state"]))]
    if line["acknowledged_at"]:
        return f"{said}，已登记"
    return f"{said}（{line['last_error']}）" if line["last_error"] else said


def _named_state(written: str) -> Delivery:
    """The state by the word it is shown as, or by its code."""
    for state, said in STATES.items():
        if written in (state.value, said, said.partition("，")[0]):
            return state
    words = "、".join(said.partition("，")[0] for said in STATES.values())
    raise Unusable(f"没有“{written}”这种邮件状态", f"状态有：{words}")


def mail_show(parsed: argparse.Namespace) -> int:
    """`kaoji mail show ID`: the mail as its receiver reads it, and every attempt to deliver it."""
    with _opened(parsed) as post:
        mail = post.database.mail(parsed.mail)
        if mail is None:
            raise Unusable(f"没有第 {parsed.mail} 号邮件", "kaoji mail list 列出全部邮件及其编号")
        attempts = [
            {
                "attempt": one.number,
                "begun_at": post.local(one.begun_at),
                "ended_at": post.local(one.ended_at),
                "outcome": None if one.outcome is None else one.outcome.value,
                "answer": one.answer,
            }
            for one in post.database.attempts(mail.id)
        ]
        line = post.line(mail)
        settings = read_settings(place(parsed).config).mail
        rendered = Renderer(settings.link_base, salutation=settings.salutation).render(mail)
    if parsed.json:
        print_json({**line, "attempts_made": attempts, "subject": rendered.subject, "text": rendered.text})
        return 0
    moved = f"（原为 {mail.original_address}）" if mail.original_address else ""
    print(f"第 {mail.id} 号邮件  {rendered.subject}")
    print(f"收件人：{_named(mail.name, mail.recipient)} <{mail.address}>{moved}")
    print(f"状态：{_state(line)}")
    if mail.acknowledged_at is not None:
        at = str(line["acknowledged_at"])[:16].replace("T", " ")
        print(f"登记：{at} {person(mail.acknowledged_by, post.names)}：{mail.acknowledged_note}")
    for one in attempts:
        said = OUTCOMES[None if one["outcome"] is None else Outcome(str(one["outcome"]))]
        print(f"第 {one['attempt']} 次：{str(one['begun_at'])[:19].replace('T', ' ')}  {said}  {one['answer'] or ''}")
    # Nothing in a mail may move the cursor of who reads it here.
    print("\n" + "".join(one if one.isprintable() or one in "\n\u3000" else " " for one in rendered.text))
    return 0


# --- a mail to try the server with ------------------------------------------------------------------------------------


def mail_test(parsed: argparse.Namespace) -> int:
    """`kaoji mail test ADDRESS`: one mail through the configured server; nothing is stored."""
    mail = read_settings(office_place(parsed).config).mail
    try:
        answer = asyncio.run(_sent(mail, parsed.address))
    except ServerUnusable as fault:
        raise Unusable(fault.answer, fault.remedy) from fault
    except MailFailure as fault:
        raise Unusable(
            f"没有发到 {parsed.address}：{fault.answer}", "请按服务器的答复核对地址和 mail.sender"
        ) from fault
    if parsed.json:
        print_json({"address": parsed.address, "answer": answer})
    else:
        print(f"已交给 {mail.host}:{mail.port}，答复：{answer}\n请到 {parsed.address} 的信箱里看有没有收到")
    return 0


async def _sent(settings: MailSettings, address: str) -> str:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((settings.sender_name, settings.sender))
    mail["To"] = address if address.isprintable() else ""
    mail["Subject"] = f"{settings.sender_name}：测试邮件"
    mail["Date"] = format_datetime(SystemClock().now())
    mail["Message-ID"] = make_msgid(domain=settings.domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("这是一封测试邮件，收到即说明邮件设置无误，不必回复。\n\nThis is a test; please do not reply.\n")
    mailer = SmtpMailer(smtp_settings(settings))
    try:
        return await mailer.send(settings.sender, address, mail.as_bytes())
    finally:
        await mailer.close()
