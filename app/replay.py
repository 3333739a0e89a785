"""`kaoji simulate` and `kaoji demo`: a whole office replayed on a virtual clock, with a real database and real mail."""

import argparse
import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.answers import print_json
from app.bootstrap import Serving, put_together, read_settings
from app.clock import VirtualClock
from app.founding import define_first
from app.log import configure
from app.mailing import dispatcher_for
from app.names import Names, names_of
from app.place import DEMO, DEMO_CASE, DEMO_NOTE
from app.refusals import Unusable
from app.simulate import Play, RefusedLine
from app.story import StoryLine, read_story
from app.streams import own_command
from notifications.dispatcher import Dispatcher
from notifications.sink import MailSink, count_by_address, read_maildir
from states.definitions import bodies_of
from states.words import purpose_word
from storage.schema import create, current
from workflow.audit import Verdict, verify
from workflow.queries import Board, Document

MAILS_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay came to."""

    now: str
    reports: list[Document]
    cases: list[Document]
    sent: int
    by_kind: dict[str, int]
    verdict: Verdict
    refused: list[RefusedLine]
    seconds: float

    def document(self) -> Document:
        """The JSON document of the specification (part 14)."""
        return {
            "now": self.now,
            "reports": self.reports,
            "cases": self.cases,
            "mail": {"sent": self.sent, "by_kind": self.by_kind},
            "audit": {"events": self.verdict.events, "head": self.verdict.head, "valid": self.verdict.valid},
            "refused": [{"line": line.line, "reason": line.reason} for line in self.refused],
            "seconds": round(self.seconds, 2),
        }


def replay(
    directory: Path,
    *,
    database_url: str,
    maildir: Path,
    until: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Replayed:
    """Play a case directory into an empty database, every mail delivered over SMTP to a sink of its own."""
    began = time.perf_counter()
    settings = read_settings(directory / "config.yaml")
    story = read_story(directory / "story.csv")
    if current(database_url) is None:
        create(database_url)
    clock = VirtualClock(story[0].at)
    with MailSink(maildir) as sink, put_together(settings, clock, database_url) as running:
        _need_empty(running)
        define_first(running)
        with _mailing(running, sink) as post:
            play = _Playing(directory, running, story, post, progress or _unseen)
            refused = play.run(until)
        return _outcome(running, refused, time.perf_counter() - began)


def _need_empty(running: Serving) -> None:
    if running.database.head()[0]:
        shown = running.database.shown
        raise Unusable(f"数据库 {shown} 里已有记录，不能在上面重演", "请另给一个空数据库；重演从不删除已有数据")


def _unseen(done: int, of: int) -> None:
    """Nobody watches the progress."""


class _Post:
    """Sends what waits: when enough has gathered, or all of it."""

    def __init__(self, running: Serving, dispatcher: Dispatcher, runner: asyncio.Runner) -> None:
        self._database = running.database
        self._dispatcher = dispatcher
        self._runner = runner

    def send_gathered(self) -> None:
        """Send if enough waits to be worth a round."""
        if self._database.waiting() >= MAILS_AT_ONCE:
            self.send_all()

    def send_all(self) -> None:
        """Send everything that waits."""
        self._runner.run(self._dispatcher.drain())


@contextlib.contextmanager
def _mailing(running: Serving, sink: MailSink) -> Iterator[_Post]:
    """A post that leads to the sink; what still waits at the end is sent."""
    dispatcher = dispatcher_for(running, sink=(sink.host, sink.port))
    with asyncio.Runner() as runner:
        post = _Post(running, dispatcher, runner)
        yield post
        post.send_all()
        runner.run(dispatcher.close())


@dataclass(frozen=True, slots=True)
class _Playing:
    """One story on one running office."""

    directory: Path
    running: Serving
    story: list[StoryLine]
    post: _Post
    progress: Callable[[int, int], None]

    def run(self, until: datetime | None) -> list[RefusedLine]:
        """Play it. Returns the refused lines."""
        clock = self.running.clock
        if not isinstance(clock, VirtualClock):
            raise TypeError("a replay needs a virtual clock")
        start, span = self.story[0].at, max(1, int((self.story[-1].at - self.story[0].at).total_seconds()))

        def after_each() -> None:
            self.progress(int((clock.now() - start).total_seconds()), span)
            self.post.send_gathered()

        play = Play(self.running.workflow, clock, self.running.settings.office, self.directory, after_each)
        play.run(self.story, until)
        self.progress(span, span)
        return play.refused


def _outcome(running: Serving, refused: list[RefusedLine], seconds: float) -> Replayed:
    office, database = running.settings.office, running.database
    board = Board(
        database,
        timezone=office.timezone,
        unit_names={unit.code: unit.name for unit in office.units},
        indicators=[indicator.code for indicator in office.indicators],
    )
    counts = database.mail_counts()
    return Replayed(
        now=running.rules.calendar.local(running.clock.now()).isoformat(),
        reports=board.whole(),
        cases=board.cases(),
        sent=sum(sent for sent, _, _ in counts.values()),
        by_kind={kind: sent for kind, (sent, _, _) in sorted(counts.items())},
        verdict=verify(database),
        refused=refused,
        seconds=seconds,
    )


def simulate(parsed: argparse.Namespace) -> int:
    """`kaoji simulate DIR`."""
    configure(quiet=True)
    until = _instant(parsed.until)
    with tempfile.TemporaryDirectory(prefix="kaoji-") as scratch:
        played = replay(
            parsed.directory,
            database_url=parsed.database or f"sqlite:///{scratch}/simulation.db",
            maildir=parsed.mail or Path(scratch) / "mail",
            until=until,
        )
    if parsed.json:
        print_json(played.document())
    else:
        _show(played, _names(parsed.directory))
    return 0 if played.verdict.valid else 1


def _names(directory: Path) -> Names:
    return names_of(bodies_of(read_settings(directory / "config.yaml").definitions))


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Unusable(f"--until “{text}”读不出", "应为带时区的时刻，如 2015-11-01T09:00:00+08:00")
    return instant


def _show(played: Replayed, names: Names) -> None:
    from app.tables import console, show_board, show_cases

    show_board(played.reports, names, title="报表")
    show_cases(played.cases, names, title="督查件")
    out = console()
    for line in played.refused:
        out.print(f"[yellow]第 {line.line} 行被拒绝[/]：", end="")
        out.print(line.reason, markup=False)
    kinds = "、".join(f"{purpose_word(kind)} {count}" for kind, count in played.by_kind.items())
    out.print(f"邮件 {played.sent} 封（{kinds}）")
    verdict = "[green]有效[/]" if played.verdict.valid else f"[red]{played.verdict.problem}[/]"
    head, took = played.verdict.head[:16], f"用时 {played.seconds:.1f} 秒"
    out.print(f"流转记录 {played.verdict.events} 条，{verdict}，链头 {head}…  {took}")


# --- the demonstration ---------------------------------------------------------------------------------------------


def demo(parsed: argparse.Namespace) -> int:
    """`kaoji demo`, and `kaoji demo mail [PERSON]`."""
    if parsed.what == "mail":
        return _demo_mail(parsed.person)
    configure(quiet=True)
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(parents=True)
    database_url = f"sqlite:///{DEMO / 'kaoji.db'}"
    with _progress_bar() as progress:
        played = replay(DEMO_CASE, database_url=database_url, maildir=DEMO / "mail", progress=progress)
    DEMO_NOTE.write_text(json.dumps({"database": database_url, "now": played.now}), encoding="utf-8")
    _show(played, _names(DEMO_CASE))
    _say_where()
    return 0 if played.verdict.valid else 1


@contextlib.contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("重演 2015年10月–2016年1月", total=100)

        def progress(done: int, of: int) -> None:
            bar.update(task, completed=100 * done / of)

        yield progress


def _say_where() -> None:
    from app.tables import say

    kaoji = own_command()
    say("")
    say(f"数据库：{DEMO / 'kaoji.db'}")
    say("接着可以试：")
    for asked in ("status 2015-10/shirong", "inbox bureau.assessor", "case list", "mail shirong.clerk", "audit verify"):
        say(f"  {kaoji} demo {asked}")


def _demo_mail(person: str | None) -> int:
    if not (DEMO / "mail").exists():
        raise Unusable("还没有演示邮件", "请先运行 kaoji demo")
    office = read_settings(DEMO_CASE / "config.yaml").office
    people = {one.id: one for one in office.people}
    if person is None:
        counts = count_by_address(DEMO / "mail")
        for one in people.values():
            print(f"{one.id:20} {counts[one.email]:4} 封  {one.name}")
        return 0
    if person not in people:
        raise Unusable(f"演示中没有 {person}", f"人员有：{'、'.join(people)}")
    zone = ZoneInfo(office.timezone)
    for mail in read_maildir(DEMO / "mail", recipient=people[person].email):
        sys.stdout.write(f"{'─' * 78}\n{mail.date.astimezone(zone):%Y-%m-%d %H:%M}  {mail.subject}\n\n{mail.text}\n")
    return 0
