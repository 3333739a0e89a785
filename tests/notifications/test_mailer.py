"""What a mail server can do to a mail, on real sockets: accept it, refuse it for now or for good, or leave it open."""

import asyncio
import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from notifications.mailer import RefusedByServer, ServerUnusable, SmtpMailer, SmtpSettings
from tests.notifications.smtp_server import (
    DROP,
    HOST,
    LATE,
    LINGER,
    SILENT,
    Certificate,
    Script,
    SmtpServer,
    Stage,
    a_port_nobody_listens_on,
    an_smtp_server,
    self_signed,
)
from workflow.ports import MailFailure, Outcome

MAIL = b"Subject: one\r\n\r\nfirst line\r\nsecond line\r\nthird line\r\n"
SENDER, RECEIVER = "kaoji@office.example", "zhang@office.example"
LOGIN = ("kaoji", "opens nothing")
Sent = list[str | MailFailure]


async def _send(settings: SmtpSettings, mails: tuple[bytes, ...]) -> Sent:
    mailer, answers = SmtpMailer(settings), Sent()
    for mail in mails:
        try:
            answers.append(await mailer.send(SENDER, RECEIVER, mail))
        except MailFailure as failure:
            answers.append(failure)
    await mailer.close()
    return answers


def sent(port: int, *mails: bytes, **settings: Any) -> Sent:
    """What came of each mail, sent one after the other by one mailer."""
    patience = {"timeout_seconds": 5.0, "final_seconds": settings.get("timeout_seconds", 5.0), **settings}
    return asyncio.run(_send(SmtpSettings(host=HOST, port=port, **patience), mails or (MAIL,)))


def failure(port: int, **settings: Any) -> MailFailure:
    """How the one mail failed."""
    (answer,) = sent(port, **settings)
    assert isinstance(answer, MailFailure), answer
    return answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For the loopback address."""
    return _made(tmp_path_factory.mktemp("right"), f"IP:{HOST}")


@pytest.fixture(scope="module")
def foreign_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For another host."""
    return _made(tmp_path_factory.mktemp("foreign"), "DNS:mail.office.example")


def _made(directory: Path, subject: str) -> Certificate:
    made = self_signed(directory, subject)
    if made is None:
        pytest.skip(
            "没有 openssl，无法现做证书，不测 TLS (no openssl here: no certificate can be made for these tests)"
        )
    return made


# --- accepted ------------------------------------------------------------------------------------------------------


def test_an_accepted_mail_arrives_as_it_was_built() -> None:
    with an_smtp_server({"body": ["250 2.0.0 queued as 4711"]}) as server:
        assert sent(server.port) == ["250 2.0.0 queued as 4711"]

    (accepted,) = server.accepted
    assert (accepted.sender, accepted.recipient, accepted.content) == (SENDER, RECEIVER, MAIL)


def test_many_mails_go_over_one_connection() -> None:
    with an_smtp_server() as server:
        assert sent(server.port, MAIL, MAIL, MAIL) == ["250 kept"] * 3

    assert (server.connections, len(server.accepted)) == (1, 3)


@pytest.mark.parametrize(
    ("written", "arrives"),
    [
        (b"\r\n.\r\nafter a dot\r\n", b"\r\n.\r\nafter a dot\r\n"),
        (b"\r\n..\r\n.x\r\n...\r\n", b"\r\n..\r\n.x\r\n...\r\n"),
        (b".begins with a dot\r\n", b".begins with a dot\r\n"),
        (b"\r\n.\r\nMAIL FROM:<x@evil.example>\r\n", b"\r\n.\r\nMAIL FROM:<x@evil.example>\r\n"),
        (b"\r\none\n.\ntwo\r\n", b"\r\none\r\n.\r\ntwo\r\n"),
        (b"\r\none\n.\r\ntwo\r\n", b"\r\none\r\n.\r\ntwo\r\n"),
        (b"\r\none\r.\rtwo\r\n", b"\r\none\r\n.\r\ntwo\r\n"),
        (b"\r\nno end", b"\r\nno end\r\n"),
        (b"\r\n" + b"x" * 70_000 + b"\r\n", b"\r\n" + b"x" * 70_000 + b"\r\n"),
    ],
    ids=range(9),
)
def test_a_body_is_one_mail_whatever_is_in_it(written: bytes, arrives: bytes) -> None:
    with an_smtp_server() as server:
        assert sent(server.port, b"Subject: one\r\n" + written, MAIL) == ["250 kept"] * 2

    assert [mail.content for mail in server.accepted] == [b"Subject: one\r\n" + arrives, MAIL]


# --- refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        ("rcpt", "450 greylisted", Outcome.TEMPORARY),
        ("rcpt", "452 no room", Outcome.TEMPORARY),
        ("rcpt", "550 no such mailbox", Outcome.PERMANENT),
        ("data", "451 later", Outcome.TEMPORARY),
        ("data", "250 ok", Outcome.TEMPORARY),
        ("data", "554 no valid recipients", Outcome.PERMANENT),
        ("body", "451 later", Outcome.TEMPORARY),
        ("body", "552 too big", Outcome.PERMANENT),
        ("body", "what?", Outcome.UNCERTAIN),
    ],
)
def test_a_refusal_is_judged_by_its_number(stage: Stage, reply: str, outcome: Outcome) -> None:
    with an_smtp_server({stage: [reply]}) as server:
        refused, following = sent(server.port, MAIL, MAIL)

    assert isinstance(refused, MailFailure)
    assert type(refused) is (RefusedByServer if outcome is Outcome.PERMANENT else MailFailure)
    assert refused.outcome is outcome
    assert refused.answer.endswith(reply)
    assert following == "250 kept"


def test_a_refused_mail_does_not_reach_the_next_receiver() -> None:
    with an_smtp_server({"rcpt": ["250 ok", "550 no such mailbox"]}) as server:
        sent(server.port, MAIL, MAIL, MAIL)

    assert (len(server.accepted), server.connections) == (2, 1)
    assert [verb for verb, _ in server.commands].count("RSET") == 1


def test_a_server_that_will_not_reset_is_called_anew() -> None:
    with an_smtp_server({"rcpt": ["550 no such mailbox"], "rset": ["500 what?"]}) as server:
        _, following = sent(server.port, MAIL, MAIL)

    assert (following, server.connections) == ("250 kept", 2)


@pytest.mark.parametrize(
    "address",
    ["张三@office.example", "x\r\nRCPT TO:<y@evil.example>", "a@x.example, b@x.example", "A <a@x.example>", "a", ""],
)
def test_an_address_no_server_takes_is_refused_for_good(address: str) -> None:
    with an_smtp_server() as server:

        async def send() -> None:
            mailer = SmtpMailer(SmtpSettings(host=HOST, port=server.port))
            try:
                await mailer.send(SENDER, address, MAIL)
            finally:
                await mailer.close()

        with pytest.raises(MailFailure) as refused:
            asyncio.run(send())

    assert refused.value.outcome is Outcome.PERMANENT
    assert server.accepted == []


# --- nobody knows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stage", "kept"), [("middle", 0), ("body", 1)])
@pytest.mark.parametrize("fault", [DROP, SILENT])
def test_without_an_answer_to_the_body_nobody_knows(stage: Stage, fault: str, kept: int) -> None:
    with an_smtp_server({stage: [fault]}) as server:
        lost, following = sent(server.port, MAIL, MAIL, timeout_seconds=0.4)

    assert isinstance(lost, MailFailure)
    assert lost.outcome is Outcome.UNCERTAIN
    assert following == "250 kept"
    assert len(server.accepted) == kept + 1


def test_a_server_that_answers_late_has_answered() -> None:
    with an_smtp_server({"body": [f"{LATE} 250 kept"]}) as server:
        answers = sent(server.port, MAIL, timeout_seconds=0.2, final_seconds=5)

    assert (answers, len(server.accepted)) == (["250 kept"], 1)


@pytest.mark.parametrize("reply", ["354 go on\r\n250 kept", "199 hm", "399 hm"])
def test_an_answer_that_is_neither_yes_nor_no_ends_the_connection(reply: str) -> None:
    """What the server says next would else be taken for the answer to another mail."""
    with an_smtp_server({"body": [reply, "550 not the second"]}) as server:
        unclear, second, third = sent(server.port, MAIL, MAIL, MAIL)

    assert isinstance(unclear, MailFailure)
    assert unclear.outcome is Outcome.UNCERTAIN
    assert reply[:6] in unclear.answer
    assert isinstance(second, RefusedByServer)
    assert (third, server.connections) == ("250 kept", 2)
    assert [verb for verb, _ in server.commands].count("RSET") == 1


@pytest.mark.parametrize(("stage", "kept"), [("rcpt", 0), ("data", 0), ("body", 1)])
def test_a_sending_cut_short_says_whether_the_mail_may_have_arrived(stage: Stage, kept: int) -> None:
    async def cut_short(port: int) -> Outcome | None:
        mailer = SmtpMailer(SmtpSettings(host=HOST, port=port))
        sending = asyncio.create_task(mailer.send(SENDER, RECEIVER, MAIL))
        await asyncio.to_thread(server.reached[stage].wait, 5)
        await asyncio.sleep(0.05)
        sending.cancel()
        try:
            await sending
        except asyncio.CancelledError:
            return None
        except MailFailure as lost:
            return lost.outcome
        return Outcome.ACCEPTED

    with an_smtp_server({stage: [SILENT]}) as server:
        outcome = asyncio.run(cut_short(server.port))

    assert outcome is (Outcome.UNCERTAIN if kept else None)
    assert len(server.accepted) == kept


@pytest.mark.parametrize(("stage", "kind"), [("mail", ServerUnusable), ("rcpt", MailFailure)])
@pytest.mark.parametrize("fault", [DROP, SILENT])
def test_without_an_answer_before_the_body_it_is_surely_not_sent(
    stage: Stage, kind: type[MailFailure], fault: str
) -> None:
    with an_smtp_server({stage: [fault]}) as server:
        lost, following = sent(server.port, MAIL, MAIL, timeout_seconds=0.4)

    assert isinstance(lost, MailFailure)
    assert (type(lost), lost.outcome) == (kind, Outcome.TEMPORARY)
    assert following == "250 kept"


# --- a server that cannot be used ----------------------------------------------------------------------------------


def test_a_server_that_is_down_is_unusable_for_now() -> None:
    port = a_port_nobody_listens_on()

    refused = failure(port)

    assert isinstance(refused, ServerUnusable)
    assert refused.outcome is Outcome.TEMPORARY
    assert f"{HOST}:{port}" in refused.answer


@pytest.mark.parametrize("greeting", [SILENT, DROP, "421 too many connections", "554 go away", "nonsense"])
def test_a_server_that_does_not_greet_is_unusable_for_now(greeting: str) -> None:
    with an_smtp_server({"greeting": [greeting]}) as server:
        refused = failure(server.port, timeout_seconds=0.4)

    assert isinstance(refused, ServerUnusable)
    assert refused.outcome is Outcome.TEMPORARY


@pytest.mark.parametrize(
    ("stage", "reply", "connections"),
    [
        ("mail", "421 shutting down", 2),
        ("rcpt", "421 shutting down", 2),
        ("mail", "530 authentication required", 1),
        ("rcpt", "530 authentication required", 2),
        ("mail", "451 later", 1),
        ("mail", "550 sender unknown", 1),
        ("mail", "554 not from here", 1),
    ],
)
def test_what_a_server_would_say_of_any_mail_is_no_fault_of_this_one(
    stage: Stage, reply: str, connections: int
) -> None:
    with an_smtp_server({stage: [reply]}) as server:
        refused, following = sent(server.port, MAIL, MAIL)

    assert isinstance(refused, ServerUnusable)
    assert (refused.outcome, following, server.connections) == (Outcome.TEMPORARY, "250 kept", connections)
    assert reply[4:] in refused.answer


def test_a_wrong_password_makes_the_server_unusable_and_says_what_to_check() -> None:
    with an_smtp_server(login=LOGIN) as server:
        refused = failure(server.port, username="kaoji", password="old")

    assert isinstance(refused, ServerUnusable)
    assert "535" in refused.answer
    assert "mail.username" in refused.remedy
    assert "old" not in refused.answer
    assert server.accepted == []


def test_a_server_that_takes_no_password_is_unusable() -> None:
    with an_smtp_server() as server:
        refused = failure(server.port, username="kaoji", password="x")

    assert isinstance(refused, ServerUnusable)
    assert server.accepted == []


def test_a_password_opens_the_server() -> None:
    with an_smtp_server(login=LOGIN) as server:
        sent(server.port, MAIL, MAIL, username=LOGIN[0], password=LOGIN[1])

    assert [mail.user for mail in server.accepted] == ["kaoji", "kaoji"]
    assert [verb for verb, _ in server.commands].count("AUTH") == 1


# --- TLS -----------------------------------------------------------------------------------------------------------

TLS = Literal["starttls", "tls"]


@contextmanager
def a_tls_server(tls: TLS, certificate: Certificate, script: Script | None = None) -> Iterator[SmtpServer]:
    with an_smtp_server(script, certificate=certificate, tls=tls, login=LOGIN) as server:
        yield server


def refused_over_tls(server: SmtpServer, tls: TLS, ca_file: str | None) -> ServerUnusable:
    """How a mail failed that was to go over TLS with a password; nothing of it was to be read on the wire."""
    refused = failure(server.port, tls=tls, ca_file=ca_file, username=LOGIN[0], password=LOGIN[1])
    assert isinstance(refused, ServerUnusable)
    assert (refused.outcome, server.accepted) == (Outcome.TEMPORARY, [])
    assert server.in_clear_text() <= {"EHLO", "STARTTLS", "QUIT"}
    return refused


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_over_tls_with_a_trusted_certificate_mails_and_passwords_go_out(tls: TLS, certificate: Certificate) -> None:
    with a_tls_server(tls, certificate) as server:
        trusted = str(certificate.certificate)
        answers = sent(server.port, MAIL, MAIL, tls=tls, ca_file=trusted, username=LOGIN[0], password=LOGIN[1])

    assert answers == ["250 kept"] * 2
    assert [(mail.over_tls, mail.user, mail.content) for mail in server.accepted] == [(True, "kaoji", MAIL)] * 2
    assert server.in_clear_text() <= {"EHLO", "STARTTLS"}


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
def test_a_server_that_lingers_after_its_farewell_holds_nothing_open(
    tls: Literal["none", "starttls", "tls"], certificate: Certificate
) -> None:
    gc.collect()
    with an_smtp_server({"quit": [LINGER]}, certificate=certificate, tls=tls) as server:
        assert sent(server.port, MAIL, tls=tls, ca_file=str(certificate.certificate)) == ["250 kept"]

        with warnings.catch_warnings(record=True) as left_open:
            warnings.simplefilter("always")
            gc.collect()
    assert left_open == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_is_refused(tls: TLS, certificate: Certificate) -> None:
    with a_tls_server(tls, certificate) as server:
        refused = refused_over_tls(server, tls, None)

    assert "mail.ca_file" in refused.remedy


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_another_hosts_certificate_is_refused(tls: TLS, foreign_certificate: Certificate) -> None:
    with a_tls_server(tls, foreign_certificate) as server:
        refused = refused_over_tls(server, tls, str(foreign_certificate.certificate))

    assert "mail.host" in refused.remedy


def test_a_server_that_offers_no_starttls_gets_nothing_in_clear_text() -> None:
    with an_smtp_server(login=LOGIN) as server:
        refused = refused_over_tls(server, "starttls", None)

    assert "STARTTLS" in refused.answer


def test_a_server_that_speaks_no_tls_gets_nothing_in_clear_text() -> None:
    with an_smtp_server(login=LOGIN) as server:
        refused_over_tls(server, "tls", None)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_missing_or_broken_ca_file_is_named_and_stops_nothing_else(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)

    with an_smtp_server() as server:
        refused = refused_over_tls(server, "tls", str(ca_file))

    assert str(ca_file) in refused.answer


# --- connecting ----------------------------------------------------------------------------------------------------


def test_connecting_sends_nothing_and_the_mails_use_that_connection() -> None:
    async def connect_and_send(port: int) -> str:
        mailer = SmtpMailer(SmtpSettings(host=HOST, port=port))
        await mailer.connect()
        answer = await mailer.send(SENDER, RECEIVER, MAIL)
        await mailer.close()
        return answer

    with an_smtp_server() as server:
        assert asyncio.run(connect_and_send(server.port)) == "250 kept"

    assert server.connections == 1


def test_connecting_to_a_server_that_is_down_fails_as_sending_does() -> None:
    with pytest.raises(ServerUnusable):
        asyncio.run(SmtpMailer(SmtpSettings(host=HOST, port=a_port_nobody_listens_on())).connect())


@pytest.mark.parametrize("answer", ["250 ok", "554 not from here", DROP])
def test_a_probe_says_whether_the_server_takes_mail_of_ours(answer: str) -> None:
    with an_smtp_server({"mail": [answer]}) as server:
        probe = SmtpMailer(SmtpSettings(host=HOST, port=server.port)).probe(SENDER)
        if answer.startswith("250"):
            assert str(server.port) in asyncio.run(probe)
        else:
            with pytest.raises(MailFailure):
                asyncio.run(probe)


def test_closing_twice_or_before_anything_was_sent_is_no_fault() -> None:
    async def close() -> None:
        mailer = SmtpMailer(replace(SmtpSettings(host=HOST, port=1), timeout_seconds=1))
        await mailer.close()
        await mailer.close()

    asyncio.run(close())
