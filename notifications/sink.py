"""A mail server for demonstrations, replays and tests: real sockets on loopback, every mail kept in a Maildir."""

import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from email.utils import parseaddr, parsedate_to_datetime
from itertools import count
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import TracebackType
from typing import Any, Self

_LARGEST = 2**24


class MailSink:
    """Listens on a free port of loopback while its block lasts. What arrives is in `directory/new`."""

    host = "127.0.0.1"

    def __init__(self, directory: Path) -> None:
        self.port = 0
        self._directory = directory
        self._numbers = count()

    def __enter__(self) -> Self:
        for folder in ("tmp", "new", "cur"):
            (self._directory / folder).mkdir(parents=True, exist_ok=True)
        stems = (path.name.partition(".")[0] for path in _kept(self._directory))
        self._numbers = count(max((int(stem) for stem in stems if stem.isdecimal()), default=-1) + 1)
        self._server = _Server(self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="mail-sink", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def keep(self, lines: Iterable[bytes]) -> None:
        """Into `new` by a rename, as a Maildir demands: a reader never sees half a mail."""
        name = f"{next(self._numbers):08d}.sink"
        (self._directory / "tmp" / name).write_bytes(b"".join(lines))
        (self._directory / "tmp" / name).rename(self._directory / "new" / name)


class _Server(ThreadingTCPServer):
    """Each client is spoken to in a thread of its own; closing waits for them all."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, sink: MailSink) -> None:
        super().__init__((sink.host, 0), _Talk)
        self.sink = sink
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection while it lasts."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget it."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End every talk, whatever it waits for."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Talk(StreamRequestHandler):
    """One client, from greeting to farewell."""

    server: _Server
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Take every mail the client brings."""
        with suppress(OSError, EOFError):
            self._converse()

    def _converse(self) -> None:
        self.wfile.write(b"220 sink ready\r\n")
        while line := self.rfile.readline(_LARGEST):
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.sink.keep(list(self._body()))
            self.wfile.write(_ANSWERS.get(verb, b"502 not known\r\n"))
            if verb == b"QUIT":
                return

    def _body(self) -> Iterator[bytes]:
        """Up to the line that is a dot alone; other lines were given one more dot where they began with one."""
        while (line := self.rfile.readline(_LARGEST)) != b".\r\n":
            if not line:
                raise EOFError
            yield line.removeprefix(b".")


_ANSWERS = {
    b"EHLO": b"250-sink\r\n250-8BITMIME\r\n250 SIZE 16777216\r\n",
    b"HELO": b"250 sink\r\n",
    b"MAIL": b"250 ok\r\n",
    b"RCPT": b"250 ok\r\n",
    b"DATA": b"250 kept\r\n",
    b"RSET": b"250 ok\r\n",
    b"NOOP": b"250 ok\r\n",
    b"QUIT": b"221 bye\r\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """A mail as its reader sees it."""

    message_id: str
    date: datetime
    sender: str
    to: str
    address: str
    subject: str
    text: str
    headers: dict[str, str]


def read_maildir(directory: Path, recipient: str | None = None) -> list[ReadMail]:
    """The mails kept, by date; those to one address where one is named, and then only those are read whole."""
    wanted = [path for path in _kept(directory) if recipient is None or _addressee(path) == recipient]
    return sorted(map(_read, wanted), key=lambda mail: mail.date)


def count_by_address(directory: Path) -> Counter[str]:
    """How many mails each address got; only their heads are looked at."""
    return Counter(map(_addressee, _kept(directory)))


def _addressee(path: Path) -> str:
    with path.open("rb") as file:
        return parseaddr(str(BytesHeaderParser().parse(file)["To"]))[1]


def _kept(directory: Path) -> list[Path]:
    """Unread and read, in the order they came."""
    return sorted((*(directory / "new").iterdir(), *(directory / "cur").iterdir()), key=lambda path: path.name)


def _read(path: Path) -> ReadMail:
    mail = message_from_bytes(path.read_bytes(), EmailMessage, policy=default)
    body = mail.get_body(("plain",))
    return ReadMail(
        message_id=str(mail["Message-ID"]),
        date=parsedate_to_datetime(str(mail["Date"])),
        sender=str(mail["From"]),
        to=str(mail["To"]),
        address=mail["To"].addresses[0].addr_spec,
        subject=str(mail["Subject"]),
        text=body.get_content() if body is not None else "",
        headers={name: str(value) for name, value in mail.items()},
    )
