"""Hands mails to the server, one connection per mailer; the only place that knows aiosmtplib."""

import asyncio
import errno
import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import aiosmtplib
from aiosmtplib.protocol import PERIOD_REGEX, normalize_message_line_endings

from workflow.ports import MailFailure, Outcome

FINAL_REPLY_SECONDS = 600
"""How long the server may take to answer to a mail it has got whole (RFC 5321, 4.5.3.2.6). Who hangs up sooner gets
the answer too late, and sends the same mail again and again."""

_EXCHANGES = 8
"""How often the server is waited for before the body: connection, greeting, TLS, log-in, sender, receiver, DATA."""

_LOST = (aiosmtplib.SMTPException, OSError, TimeoutError, asyncio.IncompleteReadError)
_NO_MAILS_FAULT = (421, 530)
"""The server is closing; it wants a password or TLS first. The same would be said of any mail."""
_ONE_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
_NOT_IN_AN_ADDRESS = frozenset('<>(),;"\\')


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """How to reach the server. `tls` is `none`, `starttls` or `tls`; there is no fall back to clear text.

    `timeout_seconds` is the patience at every exchange but the last, which has `final_seconds`.
    """

    host: str
    port: int
    tls: str = "none"
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    timeout_seconds: float = 30
    final_seconds: float = FINAL_REPLY_SECONDS

    @property
    def longest_seconds(self) -> float:
        """How long one mail can take, from connecting to the final answer."""
        return _EXCHANGES * self.timeout_seconds + self.final_seconds


class ServerUnusable(MailFailure):
    """The server itself cannot be used (down, certificate, password, our sender refused): no mail could be sent.

    `remedy` says what to look at.
    """

    def __init__(self, outcome: Outcome, answer: str, remedy: str = "请看邮件服务器的日志") -> None:
        super().__init__(outcome, answer)
        self.remedy = remedy


class RefusedByServer(MailFailure):
    """The server refused this mail for good: its receiver, or its content. That may still be said of every mail."""


class SmtpMailer:
    """Fulfils `workflow.ports.Mailer`. Connects when first used, and anew after a failure."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, sender: str, recipient: str, content: bytes) -> str:
        """The server's final answer. Raises MailFailure with what the failure means for the mail.

        Cancelled before the body was handed over the mail is surely not sent; later that is an uncertain failure too.
        """
        if not _ONE_ADDRESS.fullmatch(recipient) or _NOT_IN_AN_ADDRESS & set(recipient):
            raise MailFailure(Outcome.PERMANENT, f"收件地址“{recipient}”不能用，请核对人员的邮箱")
        try:
            client = await self._connected()
            await self._sender(client, sender)
            await self._until_data(client, recipient)
        except asyncio.CancelledError:
            self._drop()
            raise
        return await self._body(client, content)

    async def connect(self) -> None:
        """Connect and log in, unless that is done. Raises ServerUnusable."""
        await self._connected()

    async def probe(self, sender: str) -> str:
        """Connect, log in, name the sender and let go again; what to tell of it. Raises ServerUnusable."""
        client = await self._connected()
        try:
            await self._sender(client, sender)
        finally:
            await self.close()
        return f"{self._settings.host}:{self._settings.port} 可以连接，接受发件人 {sender}"

    async def close(self) -> None:
        """Let go of the connection, politely if it still answers."""
        client, self._client = self._client, None
        if client is not None:
            transport = client.transport
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=2)
            _hang_up(client, transport)

    async def _sender(self, client: aiosmtplib.SMTP, sender: str) -> None:
        """Nothing is known of the mail yet but its sender, which is that of all: what is refused here is any mail."""
        try:
            await client.mail(sender)
        except aiosmtplib.SMTPResponseException as refused:
            await self._let_go_unless_answering(client)
            raise self._unusable(refused) from refused
        except (*_LOST, ValueError) as lost:
            await self.close()
            raise self._unusable(lost) from lost

    async def _until_data(self, client: aiosmtplib.SMTP, recipient: str) -> None:
        """From the receiver to the word to go on with the body; until then the mail is surely not sent."""
        try:
            await client.rcpt(recipient)
            begun = await client.execute_command(b"DATA")
            if begun.code != aiosmtplib.SMTPStatus.start_input:
                raise aiosmtplib.SMTPDataError(begun.code, begun.message)
        except aiosmtplib.SMTPResponseException as refused:
            if refused.code in _NO_MAILS_FAULT:
                await self.close()
                raise self._unusable(refused) from refused
            await self._let_go_unless_answering(client)
            raise _refused(refused, otherwise=Outcome.TEMPORARY) from refused
        except (*_LOST, ValueError) as lost:
            # It may be this receiver that the server stumbles over.
            await self.close()
            raise MailFailure(Outcome.TEMPORARY, f"没有发出：{_said(lost)}") from lost

    async def _body(self, client: aiosmtplib.SMTP, content: bytes) -> str:
        """Hand over the body. From here on nobody knows whether the server kept the mail, unless it says so."""
        dotted = PERIOD_REGEX.sub(b"..", normalize_message_line_endings(content))
        try:
            if client.protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("connection lost")
            client.protocol.write(dotted + b".\r\n")
            answer = await client.protocol.read_response(timeout=self._settings.final_seconds)
        except asyncio.CancelledError as stopped:
            self._drop()
            raise MailFailure(Outcome.UNCERTAIN, "正文发出后没有等到答复就停机了") from stopped
        except _LOST as lost:
            self._drop()
            if isinstance(lost, aiosmtplib.SMTPResponseException):
                raise _unclear(lost) from lost
            raise MailFailure(Outcome.UNCERTAIN, f"正文发出后没有收到答复：{_said(lost)}") from lost
        if answer.code // 100 == 2:
            return f"{answer.code} {answer.message}"
        refused = aiosmtplib.SMTPDataError(answer.code, answer.message)
        if answer.code // 100 in (4, 5):
            await self._let_go_unless_answering(client)
            raise _refused(refused, otherwise=Outcome.UNCERTAIN)
        # Neither yes nor no: whatever the server says next would be taken for the answer to another mail.
        self._drop()
        raise _unclear(refused)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            _hang_up(client, client.transport)

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
        server = f"邮件服务器 {settings.host}:{settings.port} "
        if isinstance(fault, aiosmtplib.SMTPAuthenticationError):
            wrong, remedy = f"不接受用户名或密码（{said}）", "请核对 mail.username 和密码"
        elif isinstance(fault, aiosmtplib.SMTPSenderRefused) and fault.code not in _NO_MAILS_FAULT:
            wrong = f"不接受发件人 {fault.sender}（{said}）"
            remedy = "请核对 mail.sender，或请邮件服务器的管理员允许本机以它发信"
        elif isinstance(fault, aiosmtplib.SMTPNotSupported) and "STARTTLS" not in str(fault).upper():
            wrong, remedy = "不提供登录", "请核对 mail.username 和 mail.port；不需要登录的服务器请去掉 mail.username"
        elif "STARTTLS" in str(fault).upper():
            wrong, remedy = "不提供 STARTTLS，没有发出任何内容", "请核对 mail.tls 和 mail.port"
        elif _cause(fault, ssl.SSLCertVerificationError) is not None:
            wrong, remedy = f"的证书不可信，没有发出任何内容（{said}）", "请核对 mail.host 和 mail.ca_file"
        elif isinstance(fault, _AuthorityError):
            wrong, remedy = f"没有连接：证书机构文件 {said}", "请核对 mail.ca_file"
        elif isinstance(fault, UnicodeError):
            wrong, remedy = "没有连接：主机名、用户名或密码里有不能用的字符", "请核对 mail.host、mail.username 和密码"
        else:
            wrong, remedy = f"不能使用：{said}", "请核对 mail.host、mail.port 和 mail.tls，确认服务器在运行"
        return ServerUnusable(Outcome.TEMPORARY, server + wrong, remedy)

    def _tls(self) -> ssl.SSLContext | None:
        if self._settings.tls == "none":
            return None
        try:
            return ssl.create_default_context(cafile=self._settings.ca_file)
        except OSError as fault:
            why = "不是证书" if isinstance(fault, ssl.SSLError) else "读不出"
            raise _AuthorityError(f"{self._settings.ca_file} {why}") from fault


class _AuthorityError(OSError):
    """The file of the certificate authority cannot be used."""


def _hang_up(client: aiosmtplib.SMTP, transport: asyncio.BaseTransport | None) -> None:
    """Let go of the connection at once: neither what is still to be written nor TLS's farewell holds it open."""
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _refused(refused: aiosmtplib.SMTPResponseException, *, otherwise: Outcome) -> MailFailure:
    """`otherwise` is what an answer means that is neither yes nor no."""
    if refused.code // 100 == 5:
        return RefusedByServer(Outcome.PERMANENT, _reply(refused))
    return MailFailure(Outcome.TEMPORARY if refused.code // 100 == 4 else otherwise, _reply(refused))


def _unclear(refused: aiosmtplib.SMTPResponseException) -> MailFailure:
    return MailFailure(Outcome.UNCERTAIN, f"答复看不出收没收：{_reply(refused)}")


def _reply(refused: aiosmtplib.SMTPResponseException) -> str:
    """The server's own words, on one line."""
    said = " ".join("".join(one if one.isprintable() else " " for one in str(refused.message)).split())
    return f"{refused.code} {said}" if refused.code > 0 else said


# --- what went wrong, for people ------------------------------------------------------------------------------------

_BY_ERRNO = {
    errno.ECONNREFUSED: "连接被拒绝，那里没有邮件服务在运行",
    errno.ECONNRESET: "服务器中断了连接",
    errno.EPIPE: "服务器中断了连接",
    errno.EHOSTUNREACH: "网络不通",
    errno.ENETUNREACH: "网络不通",
    errno.ETIMEDOUT: "没有答复",
}


_BY_VERIFY_CODE = {
    9: "尚未生效",
    10: "已过期",
    18: "自签名，没有机构担保",
    19: "没有可信的机构担保",
    20: "没有可信的机构担保",
    21: "没有可信的机构担保",
    62: "是发给别的主机名的",
    64: "是发给别的主机的",
}
"""X509_V_ERR_* of OpenSSL."""


def _said(fault: BaseException) -> str:
    """In words, without the names and numbers that only programmers read; those stand in the log."""
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return f"答复 {_reply(fault)}"
    if isinstance(fault, _AuthorityError):
        return str(fault)
    if _cause(fault, socket.gaierror) is not None:
        return "找不到这个主机名"
    if (certificate := _cause(fault, ssl.SSLCertVerificationError)) is not None:
        return _BY_VERIFY_CODE.get(certificate.verify_code, "不合格")
    if _cause(fault, ssl.SSLError) is not None:
        return "不能建立加密连接，那个端口可能不是加密的"
    system = _cause(fault, OSError, with_number=True)
    if system is not None and system.errno in _BY_ERRNO:
        return _BY_ERRNO[system.errno]
    if _cause(fault, TimeoutError) is not None:
        return "没有及时答复"
    if _cause(fault, ConnectionError) is not None or isinstance(fault, asyncio.IncompleteReadError):
        return "服务器中断了连接"
    return "连接出错，详见日志"


_Fault = TypeVar("_Fault", bound=BaseException)


def _cause(fault: BaseException | None, kind: type[_Fault], *, with_number: bool = False) -> _Fault | None:
    """The fault itself or the first of that kind among those it came from."""
    while fault is not None:
        if isinstance(fault, kind) and (not with_number or getattr(fault, "errno", None) is not None):
            return fault
        fault = fault.__cause__ or fault.__context__
    return None
