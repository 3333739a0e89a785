"""Hands mails to the server, one connection per mailer; the only place that knows aiosmtplib."""

import asyncio
import re
import ssl
from contextlib import suppress
from dataclasses import dataclass

import aiosmtplib

from workflow.ports import MailFailure, Outcome

_LOST = (aiosmtplib.SMTPException, OSError, TimeoutError, asyncio.IncompleteReadError)
_NO_MAILS_FAULT = (421, 530)
"""The server is closing; it wants a password or TLS first. The same would be said of any mail."""
_ONE_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
_NOT_IN_AN_ADDRESS = frozenset('<>(),;"\\')


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
        if not _ONE_ADDRESS.fullmatch(recipient) or _NOT_IN_AN_ADDRESS & set(recipient):
            raise MailFailure(Outcome.PERMANENT, f"收件地址不可用：{recipient!r}，请核对人员的邮箱")
        client = await self._connected()
        await self._envelope(client, sender, recipient)
        try:
            answer = await client.data(content)
        except aiosmtplib.SMTPResponseException as refused:
            await self._let_go_unless_answering(client)
            raise _refused(refused, otherwise=Outcome.UNCERTAIN) from refused
        except _LOST as lost:
            # From DATA on nobody knows whether the server kept the mail.
            await self.close()
            raise MailFailure(Outcome.UNCERTAIN, f"正文发出后没有收到答复（{_said(lost)}）") from lost
        return f"{answer.code} {answer.message}"

    async def connect(self) -> None:
        """Connect and log in, unless that is done. Raises ServerUnusable."""
        await self._connected()

    async def probe(self) -> str:
        """Connect, log in and let go again; what to tell of it. Raises ServerUnusable."""
        client = await self._connected()
        try:
            answer = await client.noop()
        except _LOST as fault:
            raise self._unusable(fault) from fault
        finally:
            await self.close()
        return f"{self._settings.host}:{self._settings.port} 可以连接（{answer.code}）"

    async def close(self) -> None:
        """Let go of the connection, politely if it still answers."""
        client, self._client = self._client, None
        if client is not None:
            transport = client.transport
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=2)
            _hang_up(client, transport)

    async def _envelope(self, client: aiosmtplib.SMTP, sender: str, recipient: str) -> None:
        lost_means: type[MailFailure] = ServerUnusable
        try:
            await client.mail(sender)
            lost_means = MailFailure  # from here on it may be the receiver that the server stumbles over
            await client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as refused:
            if refused.code in _NO_MAILS_FAULT:
                await self.close()
                raise self._unusable(refused) from refused
            await self._let_go_unless_answering(client)
            raise _refused(refused, otherwise=Outcome.TEMPORARY) from refused
        except (*_LOST, ValueError) as lost:
            await self.close()
            raise lost_means(Outcome.TEMPORARY, _said(lost)) from lost

    async def _let_go_unless_answering(self, client: aiosmtplib.SMTP) -> None:
        """After a refusal the connection goes on, if the server still resets it."""
        try:
            await client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            await self.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        try:
            self._client = await self._opened()
        except (*_LOST, ValueError) as fault:  # a host name or password that is not ASCII is a ValueError
            raise self._unusable(fault) from fault
        return self._client

    async def _opened(self) -> aiosmtplib.SMTP:
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
        except BaseException:
            _hang_up(client, client.transport)
            raise
        return client

    def _unusable(self, fault: BaseException) -> ServerUnusable:
        """What is wrong, and what to look at."""
        settings, said = self._settings, _said(fault)
        server = f"邮件服务器 {settings.host}:{settings.port}"
        if isinstance(fault, aiosmtplib.SMTPAuthenticationError):
            said = f"{server} 不接受用户名或密码（{fault.code} {fault.message}），请核对 mail.username 和密码"
        elif "CERTIFICATE_VERIFY_FAILED" in said:
            said = f"{server} 的证书不可信，没有发出任何内容（{said}），请核对 mail.host 和 mail.ca_file"
        elif "STARTTLS" in said:
            said = f"{server} 不提供 STARTTLS，没有发出任何内容（{said}），请核对 mail.tls 和 mail.port"
        else:
            said = f"{server} 不能使用（{said}），请核对 mail.host、mail.port 和 mail.tls"
        return ServerUnusable(Outcome.TEMPORARY, said)

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.tls == "none":
            return None
        try:
            return ssl.create_default_context(cafile=self._settings.ca_file)
        except OSError as fault:
            raise OSError(f"{self._settings.ca_file}：{_said(fault)}，请核对 mail.ca_file") from fault


def _hang_up(client: aiosmtplib.SMTP, transport: asyncio.BaseTransport | None) -> None:
    """Let go of the connection at once: neither what is still to be written nor TLS's farewell holds it open."""
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _refused(refused: aiosmtplib.SMTPResponseException, *, otherwise: Outcome) -> MailFailure:
    """`otherwise` is what an answer means that is neither yes nor no."""
    by_number = {4: Outcome.TEMPORARY, 5: Outcome.PERMANENT}
    return MailFailure(
        by_number.get(refused.code // 100, otherwise), f"{refused.code} {' '.join(refused.message.split())}"
    )


def _said(fault: BaseException) -> str:
    return f"{type(fault).__name__}: {fault}".removesuffix(": ")
