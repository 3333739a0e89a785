"""A mail server for demonstrations, replays and tests: real sockets on loopback, every mail kept in a Maildir."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

_LARGEST = 2**24


class MailSink:
    """Listens on a free port of loopback while its block lasts. What arrives is in `directory/new`."""

    host = "127.0.0.1"

    def __init__(self, directory: Path) -> None:
        self.port = 0
        self._directory = directory
        self._numbers = count()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mail-sink", daemon=True)

    def __enter__(self) -> Self:
        for folder in ("tmp", "new", "cur"):
            (self._directory / folder).mkdir(parents=True, exist_ok=True)
        stems = (path.name.partition(".")[0] for path in _kept(self._directory))
        self._numbers = count(max((int(stem) for stem in stems if stem.isdecimal()), default=-1) + 1)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, self.host, 0, limit=_LARGEST))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink ready\r\n")
        while line := await reader.readline():
            verb = line[:4].upper().strip()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await writer.drain()
                self._keep([line async for line in _body(reader)])
            writer.write(_ANSWERS.get(verb, b"502 not known\r\n"))
            await writer.drain()
            if verb == b"QUIT":
                return

    def _keep(self, lines: Iterable[bytes]) -> None:
        """Into `new` by a rename, as a Maildir demands: a reader never sees half a mail."""
        name = f"{next(self._numbers):08d}.sink"
        (self._directory / "tmp" / name).write_bytes(b"".join(lines))
        (self._directory / "tmp" / name).rename(self._directory / "new" / name)


async def _body(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Up to the line that is a dot alone; other lines were given one more dot where they began with one."""
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        yield line.removeprefix(b".")


def _kept(directory: Path) -> list[Path]:
    """Unread and read, in the order they came."""
    return sorted((*(directory / "new").iterdir(), *(directory / "cur").iterdir()), key=lambda path: path.name)


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
    """The mails kept, by date; those to one address where one is named."""
    mails = [mail for mail in _mails(directory) if recipient in (None, mail.address)]
    return sorted(mails, key=lambda mail: mail.date)


def _mails(directory: Path) -> Iterator[ReadMail]:
    for path in _kept(directory):
        mail = message_from_bytes(path.read_bytes(), EmailMessage, policy=default)
        body = mail.get_body(("plain",))
        yield ReadMail(
            message_id=str(mail["Message-ID"]),
            date=parsedate_to_datetime(str(mail["Date"])),
            sender=str(mail["From"]),
            to=str(mail["To"]),
            address=mail["To"].addresses[0].addr_spec,
            subject=str(mail["Subject"]),
            text=body.get_content() if body is not None else "",
            headers={name: str(value) for name, value in mail.items()},
        )
