"""A mail server on loopback that does what its script says: replies, waits, or goes away, stage by stage."""

import base64
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

HOST = "127.0.0.1"
DROP = "drop"
"""Go away without a word."""
SILENT = "silent"
"""Never answer, and keep the connection."""
LATE = "late"
"""Before an answer: think about it for a second."""
LINGER = "221 bye, but you hang up first"
"""Say farewell, and keep the connection."""

Stage = Literal["greeting", "mail", "rcpt", "data", "middle", "body", "rset", "noop", "quit"]
Script = Mapping[Stage, Iterable[str]]
"""For each stage what happens the first time it is reached, the second time, …; afterwards, and elsewhere, all is well.

`data` is the DATA command, `middle` the middle of the body, `body` the end of it; what is not refused there is kept.
"""

_WELL: Mapping[Stage, str] = {
    "greeting": "220 ready",
    "mail": "250 ok",
    "rcpt": "250 ok",
    "data": "354 go on",
    "middle": "",
    "body": "250 kept",
    "rset": "250 ok",
    "noop": "250 ok",
    "quit": "221 bye",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A mail whose body arrived whole. `user` is who had logged in."""

    sender: str
    recipient: str
    content: bytes
    over_tls: bool
    user: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A key and its own certificate, which is therefore also its authority."""

    key: Path
    certificate: Path


def self_signed(directory: Path, subject: str) -> Certificate | None:
    """A certificate for `IP:…` or `DNS:…`, made by openssl; None where there is no openssl."""
    made = Certificate(key=directory / "key.pem", certificate=directory / "certificate.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=mail.office.example", "-addext", f"subjectAltName={subject}"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    try:
        subprocess.run(["openssl", "req", "-x509", *curve, *named, *files], check=True, capture_output=True)
    except FileNotFoundError:
        return None
    return made


@dataclass
class SmtpServer:
    """What it was asked to do, and what it saw."""

    script: dict[Stage, Iterator[str]]
    certificate: Certificate | None = None
    tls: Literal["none", "starttls", "tls"] = "none"
    login: tuple[str, str] | None = None
    refuses: Mapping[str, str] = field(default_factory=dict)
    """What is said of those receivers, whatever the script says."""
    port: int = 0
    connections: int = 0
    accepted: list[Accepted] = field(default_factory=list)
    commands: list[tuple[str, bool]] = field(default_factory=list)
    """Every command's verb, and whether it came over TLS."""
    reached: Mapping[Stage, threading.Event] = field(
        default_factory=lambda: {stage: threading.Event() for stage in _WELL}
    )
    """Set when a stage is come to for the first time."""
    stopped: threading.Event = field(default_factory=threading.Event)

    def next(self, stage: Stage) -> str:
        """What the script says happens now."""
        self.reached[stage].set()
        return next(self.script.get(stage, iter(())), _WELL[stage])

    def in_clear_text(self) -> set[str]:
        """The verbs that anybody on the wire could read."""
        return {verb for verb, over_tls in self.commands if not over_tls}


@contextmanager
def an_smtp_server(
    script: Script | None = None,
    *,
    certificate: Certificate | None = None,
    tls: Literal["none", "starttls", "tls"] = "none",
    login: tuple[str, str] | None = None,
    refuses: Mapping[str, str] | None = None,
) -> Iterator[SmtpServer]:
    """A server on a free port, stopped with its connections at the end of the block."""
    steps = {stage: iter(list(said)) for stage, said in (script or {}).items()}
    server = SmtpServer(script=steps, certificate=certificate, tls=tls, login=login, refuses=refuses or {})
    with socket.create_server((HOST, 0)) as listening:
        server.port = listening.getsockname()[1]
        talks: list[_Talk] = []
        listener = threading.Thread(target=_listen, args=(listening, server, talks))
        listener.start()
        try:
            yield server
        finally:
            server.stopped.set()
            with suppress(OSError):
                socket.create_connection((HOST, server.port), timeout=5).close()
            listener.join(timeout=10)
            for talk in talks:
                talk.end()


def a_port_nobody_listens_on() -> int:
    """A port that was free a moment ago."""
    with socket.create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _listen(listening: socket.socket, server: SmtpServer, talks: "list[_Talk]") -> None:
    while True:
        connection, _ = listening.accept()
        if server.stopped.is_set():
            connection.close()
            return
        server.connections += 1
        talk = _Talk(connection, server)
        talks.append(talk)
        talk.thread.start()


class _GoneError(Exception):
    """The talk is over."""


class _Talk:
    """One connection, in a thread of its own."""

    def __init__(self, connection: socket.socket, server: SmtpServer) -> None:
        self._connection = connection
        self._server = server
        self._received = b""
        self._over_tls = False
        self._user: str | None = None
        self._envelope = ["", ""]
        self.thread = threading.Thread(target=self._run)

    def end(self) -> None:
        """Hang up and wait until its thread is done."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self.thread.join(timeout=10)
        assert not self.thread.is_alive()

    def _run(self) -> None:
        with suppress(_GoneError, OSError):
            if self._server.tls == "tls":
                self._begin_tls()
            self._follow("greeting")
            while True:
                self._answer(self._line())
        self._connection.close()

    def _begin_tls(self) -> None:
        certificate = self._server.certificate
        assert certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        self._connection = context.wrap_socket(self._connection, server_side=True)
        self._over_tls, self._received = True, b""

    def _answer(self, line: bytes) -> None:
        verb, _, rest = line.decode().partition(" ")
        self._server.commands.append((verb.upper(), self._over_tls))
        match verb.upper():
            case "EHLO":
                self._say("\r\n".join(["250-mail.office.example", *self._extensions(), "250 8BITMIME"]))
            case "STARTTLS" if self._server.tls == "starttls":
                self._say("220 go on")
                self._begin_tls()
            case "AUTH":
                self._log_in(rest)
            case "MAIL" | "RCPT" as envelope:
                self._envelope[envelope == "RCPT"] = rest.partition(":<")[2].partition(">")[0]
                refused = self._server.refuses.get(self._envelope[1]) if envelope == "RCPT" else None
                self._do(refused or self._server.next("mail" if envelope == "MAIL" else "rcpt"))
            case "DATA":
                self._take_mail()
            case "RSET" | "NOOP" as known:
                self._follow("rset" if known == "RSET" else "noop")
            case "QUIT":
                if self._follow("quit") == LINGER:
                    self._be_silent()
                raise _GoneError
            case _:
                self._say("502 not known")

    def _extensions(self) -> Iterator[str]:
        if self._server.tls == "starttls" and not self._over_tls:
            yield "250-STARTTLS"
        if self._server.login is not None:
            yield "250-AUTH PLAIN"

    def _log_in(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        if (user, password) == self._server.login:
            self._user = user
            self._say("235 welcome")
        else:
            self._say("535 authentication failed")

    def _take_mail(self) -> None:
        reply = self._follow("data")
        if not reply.startswith("354"):
            return
        lines: list[bytes] = []
        while (line := self._line()) != b".":
            lines.append(line.removeprefix(b"."))
            if len(lines) == 3:
                self._follow("middle")
        said = self._server.next("body")
        if not said.startswith(("4", "5")):
            self._keep(b"".join(line + b"\r\n" for line in lines))
        self._do(said)

    def _keep(self, content: bytes) -> None:
        kept = Accepted(
            sender=self._envelope[0],
            recipient=self._envelope[1],
            content=content,
            over_tls=self._over_tls,
            user=self._user,
        )
        self._server.accepted.append(kept)

    def _follow(self, stage: Stage) -> str:
        return self._do(self._server.next(stage))

    def _do(self, said: str) -> str:
        if said == DROP:
            raise _GoneError
        if said == SILENT:
            self._be_silent()
        if said.startswith(LATE):
            self._server.stopped.wait(1)
            said = said.removeprefix(LATE).strip()
        if said:
            self._say(said)
        return said

    def _be_silent(self) -> NoReturn:
        self._server.stopped.wait()
        raise _GoneError

    def _say(self, line: str) -> None:
        self._connection.sendall(line.encode() + b"\r\n")
        if line.startswith("421"):
            raise _GoneError

    def _line(self) -> bytes:
        """Up to the next CR LF; a bare LF ends no line (RFC 5321, 2.3.8)."""
        while b"\r\n" not in self._received:
            more = self._connection.recv(65536)
            if not more:
                raise _GoneError
            self._received += more
        line, _, self._received = self._received.partition(b"\r\n")
        return line
