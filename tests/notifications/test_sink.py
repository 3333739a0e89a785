"""The sink that demonstrations and replays mail to: exact bytes, whole mails only, and a Maildir anybody can read."""

import asyncio
import socket
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifications.mailer import SmtpMailer, SmtpSettings
from notifications.message import build
from notifications.sink import MailSink, count_by_address, read_maildir
from states.purposes import Purpose
from tests.notifications.outbox import RENDERER, a_letter
from tests.notifications.stories import letters

MAIL = b"Subject: one\r\nTo: a@office.example\r\nDate: Fri, 09 Oct 2015 01:30:00 +0000\r\n\r\nfirst\r\nsecond\r\n"


def delivered(sink: MailSink, *mails: bytes) -> None:
    """Hand the mails over, one after the other."""

    async def send() -> None:
        mailer = SmtpMailer(SmtpSettings(host=sink.host, port=sink.port, timeout_seconds=5))
        for mail in mails:
            await mailer.send("kaoji@office.example", "a@office.example", mail)
        await mailer.close()

    asyncio.run(send())


def kept(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((directory / "new").iterdir())]


def said(talk: socket.socket, *lines: bytes) -> bytes:
    """Say the lines, each after the answer to the one before; the last answer."""
    answer = b""
    for line in lines:
        talk.sendall(line)
        answer = talk.recv(4096)
    return answer


def a_talk(sink: MailSink) -> socket.socket:
    talk = socket.create_connection((sink.host, sink.port), timeout=5)
    assert talk.recv(4096).startswith(b"220")
    return talk


@pytest.mark.parametrize(
    "body",
    [
        b"\r\n.\r\n",
        b"\r\n..\r\n.x\r\n",
        b".first\r\n",
        b"\r\n\r\n\r\n",
        b"\r\n" + b"x" * 200_000 + b"\r\n",
        "\r\n考绩\r\n".encode(),
        b"",
    ],
    ids=range(7),
)
def test_a_mail_is_kept_byte_for_byte(tmp_path: Path, body: bytes) -> None:
    with MailSink(tmp_path) as sink:
        delivered(sink, MAIL + body, MAIL)

    assert kept(tmp_path) == [MAIL + body, MAIL]


def test_a_mail_that_begins_with_a_dot_is_kept_byte_for_byte(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink:
        delivered(sink, b".first\r\n" + MAIL)

    assert kept(tmp_path) == [b".first\r\n" + MAIL]


def test_an_empty_mail_is_a_mail(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink, a_talk(sink) as talk:
        answer = said(
            talk, b"EHLO x\r\n", b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<c@d.example>\r\n", b"DATA\r\n", b".\r\n"
        )

    assert answer.startswith(b"250")
    assert kept(tmp_path) == [b""]


def test_two_clients_at_once_do_not_mix_their_mails(tmp_path: Path) -> None:
    mails = {client: [b"X-Client: %d\r\n" % client + MAIL + b"%d\r\n" % n for n in range(50)] for client in (1, 2)}

    with MailSink(tmp_path) as sink:
        clients = [threading.Thread(target=delivered, args=(sink, *mails[client])) for client in mails]
        for client in clients:
            client.start()
        for client in clients:
            client.join(timeout=30)

    assert Counter(kept(tmp_path)) == Counter(mails[1] + mails[2])


@pytest.mark.parametrize("given", [b"", b"Subject: half\r\n", b"Subject: all but the dot\r\n\r\nx\r\n", b"x\r\n.\r"])
def test_a_client_that_goes_away_in_the_middle_leaves_nothing(tmp_path: Path, given: bytes) -> None:
    with MailSink(tmp_path) as sink:
        with a_talk(sink) as talk:
            said(talk, b"EHLO x\r\n", b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<c@d.example>\r\n", b"DATA\r\n")
            talk.sendall(given)
        delivered(sink, MAIL)

    assert kept(tmp_path) == [MAIL]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_client_that_stays_does_not_keep_the_sink_from_closing(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink:
        talk = a_talk(sink)
    with talk:
        assert talk.recv(4096) == b""


def test_an_unknown_command_is_refused_and_the_talk_goes_on(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink, a_talk(sink) as talk:
        assert said(talk, b"XYZZY\r\n").startswith(b"502")
        assert said(talk, b"noop\r\n").startswith(b"250")
        assert said(talk, b"QUIT\r\n").startswith(b"221")


def test_mails_of_an_earlier_sink_are_kept_and_none_is_overwritten(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink:
        delivered(sink, b"X-Number: 0\r\n" + MAIL, b"X-Number: 1\r\n" + MAIL, b"X-Number: 2\r\n" + MAIL)
    first, *_ = sorted((tmp_path / "new").iterdir())
    first.rename(tmp_path / "cur" / f"{first.name}:2,S")

    with MailSink(tmp_path) as sink:
        delivered(sink, b"X-Number: 3\r\n" + MAIL)

    assert [mail.headers["X-Number"] for mail in read_maildir(tmp_path)] == ["0", "1", "2", "3"]


def test_mails_are_read_by_date_as_their_reader_sees_them(tmp_path: Path) -> None:
    sent = [a_letter(2), a_letter(1)]
    built = [build(mail, RENDERER.render(mail), sender="kaoji@office.example", sender_name="考绩") for mail in sent]

    with MailSink(tmp_path) as sink:
        delivered(sink, *built)

    first, second = read_maildir(tmp_path)
    assert (first.address, second.address) == ("person1@office.example", "person2@office.example")
    assert (first.message_id, first.sender) == ("<1@kaoji.example>", "考绩 <kaoji@office.example>")
    assert first.to == "周填报 <person1@office.example>"
    assert first.date == a_letter(1).created_at.replace(microsecond=0)
    assert (first.subject, first.text) == (RENDERER.render(sent[1]).subject, RENDERER.render(sent[1]).text)
    assert first.headers["X-Kaoji-Purpose"] == Purpose.RETURNED.value


def test_one_persons_mails_are_found_by_the_address(tmp_path: Path) -> None:
    mails = [a_letter(1), a_letter(2), *letters("en", Purpose.DIGEST)]
    built = [build(mail, RENDERER.render(mail), sender="k@office.example", sender_name="k") for mail in mails]

    with MailSink(tmp_path) as sink:
        delivered(sink, *built)

    assert [mail.message_id for mail in read_maildir(tmp_path, "person2@office.example")] == ["<2@kaoji.example>"]
    assert read_maildir(tmp_path, "nobody@office.example") == []


def test_of_other_peoples_mails_only_the_address_is_looked_at(tmp_path: Path) -> None:
    """Among a thousand mails one person's few are found at once; what is wrong with another's is no matter."""
    with MailSink(tmp_path) as sink:
        delivered(sink, MAIL, b"To: b@office.example\r\nDate: never\r\n\r\nunreadable\r\n")

    assert [mail.subject for mail in read_maildir(tmp_path, "a@office.example")] == ["one"]
    assert count_by_address(tmp_path) == {"a@office.example": 1, "b@office.example": 1}


def test_a_plain_mail_of_another_program_is_read_too(tmp_path: Path) -> None:
    with MailSink(tmp_path) as sink:
        delivered(sink, b"Message-ID: <x@y.example>\r\nFrom: b@office.example\r\n" + MAIL)

    (mail,) = read_maildir(tmp_path)
    assert (mail.subject, mail.text.splitlines()) == ("one", ["first", "second"])
    assert mail.date == datetime(2015, 10, 9, 1, 30, tzinfo=UTC)


def test_what_lies_in_the_directory_for_other_reasons_is_no_mail(tmp_path: Path) -> None:
    with MailSink(tmp_path):
        pass
    (tmp_path / "tmp" / "half").write_bytes(MAIL)

    assert read_maildir(tmp_path) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cur", "new", "tmp"]
