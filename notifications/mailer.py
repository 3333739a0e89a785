"""Hands mails to the server, one connection per mailer; the only place that knows aiosmtplib."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib

from workflow.ports import MailFailure, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """How to reach the server. `tls` is `none`, `starttls` or `tls`; there is no fall back to clear text."""

    host: str
    port: int
    tls: str = "none"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    timeout_seconds: float = 30


class ServerUnusable(MailFailure):
    """The server itself cannot be used (down, certificate, password): trying the next mail would fail the same way."""


class SmtpMailer:
    """Fulfils `workflow.ports.Mailer`. Connects when first used, and anew after a failure."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, sender: str, recipient: str, content: bytes) -> str:
        """The server's final answer. Raises MailFailure with what the failure means for the mail."""
        client = await self._connected()
        await self._envelope(client, sender, recipient)
        try:
            answer = await client.data(content)
        except aiosmtplib.SMTPResponseException as refused:
            await self._let_go_unless_answering(client)
            raise _refused(refused) from refused
        except (aiosmtplib.SMTPException, OSError, TimeoutError, asyncio.IncompleteReadError) as lost:
            # From DATA on nobody knows whether the server kept the mail.
            await self.close()
            raise MailFailure(Outcome.UNCERTAIN, f"正文发出后没有收到答复（{_said(lost)}）") from lost
        return f"{answer.code} {answer.message}"

    async def probe(self) -> str:
        """Connect and log in; what the server greeted with. Raises MailFailure."""
        client = await self._connected()
        answer = await client.noop()
        await self.close()
        return f"{self._settings.host}:{self._settings.port} 可以连接（{answer.code}）"

    async def close(self) -> None:
        """Let go of the connection, politely if it still answers."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=2)
            client.close()

    async def _envelope(self, client: aiosmtplib.SMTP, sender: str, recipient: str) -> None:
        try:
            await client.mail(sender)
            await client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as refused:
            await self._let_go_unless_answering(client)
            raise _refused(refused) from refused
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as lost:
            await self.close()
            raise MailFailure(Outcome.TEMPORARY, _said(lost)) from lost

    async def _let_go_unless_answering(self, client: aiosmtplib.SMTP) -> None:
        """After a refusal the connection goes on, if the server still resets it."""
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            await self.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=settings.timeout_seconds,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
            tls_context=self._tls(),
        )
        try:
            await client.connect()
            if settings.username is not None:
                await client.login(settings.username, settings.password or "")
        except aiosmtplib.SMTPAuthenticationError as refused:
            client.close()
            said = f"{refused.code} {refused.message}：邮件服务器不接受用户名或密码，请核对 mail.username 和密码"
            raise ServerUnusable(Outcome.TEMPORARY, said) from refused
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
            client.close()
            said = f"邮件服务器 {settings.host}:{settings.port} 连接不上（{_said(fault)}）"
            raise ServerUnusable(Outcome.TEMPORARY, said) from fault
        self._client = client
        return client

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.tls == "none":
            return None
        return ssl.create_default_context(cafile=self._settings.ca_file)


def _refused(refused: aiosmtplib.SMTPResponseException) -> MailFailure:
    outcome = Outcome.PERMANENT if 500 <= refused.code < 600 else Outcome.TEMPORARY
    return MailFailure(outcome, f"{refused.code} {refused.message}")


def _said(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {fault}".removesuffix(": ")
