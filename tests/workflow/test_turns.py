"""Callers who wait share one transaction: each has its own answer, none before the commit, and harms no other."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from states import commands as c
from states.errors import AlreadyDone, WrongActor
from storage.errors import DiskFull, RuleBroken
from tests.memory import MemoryStore, MemoryTransaction
from tests.states.builders import CLERK, HEAD, LEADER, REF, STRANGER, Desk
from workflow.ports import Question
from workflow.service import Answer
from workflow.turns import AT_ONCE, Turn, Turns

MONDAY = "2015-10-12 10:00"
PATIENCE = 20.0


class HeldStore(MemoryStore):
    """A store whose commits wait, one by one, while it is held, and fail with the `fault` they are given."""

    def __init__(self) -> None:
        super().__init__()
        self.is_held = False
        self.committing = threading.Event()
        self.fault: Exception | None = None
        self.commits = 0
        self._let_go = threading.Semaphore(0)

    @contextmanager
    def begin(self, now: datetime, foreseen: Sequence[Question] = ()) -> Iterator[MemoryTransaction]:
        yield _HeldTransaction(self, now)

    def wait_to_commit(self) -> None:
        if self.is_held:
            self.committing.set()
            assert self._let_go.acquire(timeout=PATIENCE)
        if self.fault is not None:
            raise self.fault
        self.commits += 1

    def until_the_next_commit(self) -> None:
        """Let the commit that waits go on; the test goes on when the next one waits."""
        self.committing.clear()
        self._let_go.release()
        assert self.committing.wait(PATIENCE)

    def free(self) -> None:
        """Nothing waits any more."""
        self.is_held = False
        self._let_go.release(AT_ONCE)


class _HeldTransaction(MemoryTransaction):
    def commit(self) -> None:
        assert isinstance(self._store, HeldStore)
        self._store.wait_to_commit()
        super().commit()


class Queue:
    """An office whose one writer is held at a commit, while others come."""

    def __init__(self) -> None:
        self.store = HeldStore()
        self.desk = Desk(store=self.store).live_until(MONDAY)
        self.desk.act(c.SaveTable, CLERK)
        self.desk.act(c.Send, CLERK)
        self.pool = ThreadPoolExecutor(AT_ONCE + 2)
        self._ids = iter(range(10_000))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Somebody urges and is kept waiting for the commit; who comes meanwhile stands in line."""
        self.store.is_held = True
        first = self.come(c.Urge, CLERK, waiting=None)
        assert self.store.committing.wait(PATIENCE)
        try:
            yield
        finally:
            self.store.free()
        first.result(PATIENCE)

    def come(
        self, kind: type[c.ReportCommand], actor: str, waiting: int | None = 1, number: str = "", **more: Any
    ) -> "Future[Answer]":
        """Somebody acts; the test goes on when so many stand in line."""
        command = kind(command_id=number or f"come {next(self._ids)}", actor=actor, report=REF, **more)
        answer = self.pool.submit(self.desk.workflow.execute, command)
        if waiting is not None:
            _until(lambda: self.desk.workflow.turns.waiting == waiting)
        return answer


@pytest.fixture
def queue() -> Iterator[Queue]:
    """The section's table is sent and waits for its first signature."""
    made = Queue()
    with made.pool:
        yield made


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_those_who_wait_share_one_commit_in_the_order_they_came(queue: Queue) -> None:
    with queue.held():
        before = queue.store.commits
        came = [queue.come(c.Urge, CLERK, number, note=str(number)) for number in range(1, 6)]
    answers = [one.result(PATIENCE) for one in came]

    assert queue.store.commits == before + 2
    assert [answer.events[0].seq for answer in answers] == sorted(answer.events[0].seq for answer in answers)
    assert len({answer.events[0].at for answer in answers}) == 1


def test_nobody_is_answered_before_the_commit(queue: Queue) -> None:
    with queue.held():
        signed, urged = queue.come(c.Sign, HEAD, 1), queue.come(c.Urge, CLERK, 2)
        queue.store.until_the_next_commit()
        time.sleep(0.05)
        assert (signed.done(), urged.done()) == (False, False)

    assert signed.result(PATIENCE).events[0].to_state == "section_signed"
    assert urged.result(PATIENCE).events[0].kind == "holder_urged"


def test_one_who_is_refused_harms_no_other(queue: Queue) -> None:
    with queue.held():
        stranger, head, leader = (
            queue.come(c.Sign, actor, place) for place, actor in enumerate((STRANGER, HEAD, LEADER), start=1)
        )

    with pytest.raises(WrongActor):
        stranger.result(PATIENCE)
    assert head.result(PATIENCE).events[0].to_state == "section_signed"
    assert leader.result(PATIENCE).events[0].to_state == "leader_signed"
    assert queue.desk.report().seq == len(queue.store.events_of(f"report:{REF}"))


def test_what_a_broken_act_wrote_is_undone_alone(queue: Queue) -> None:
    with queue.held():
        urged = queue.come(c.Urge, CLERK, 1)
        broken = queue.pool.submit(queue.desk.workflow.turns.take, _writes_and_breaks)
        _until(lambda: queue.desk.workflow.turns.waiting == 2)
        signed = queue.come(c.Sign, HEAD, 3)

    with pytest.raises(ZeroDivisionError):
        broken.result(PATIENCE)
    assert signed.result(PATIENCE).version == urged.result(PATIENCE).version + 1
    assert queue.store.state.failures == []


def _writes_and_breaks(here: Any) -> Answer:
    here.tx.defer_wake(f"report:{REF}", here.now, "written before it broke")
    raise ZeroDivisionError


def test_a_fault_of_the_store_is_everybodys_and_nothing_is_done(queue: Queue) -> None:
    with queue.held():
        came = [queue.come(c.Sign, HEAD, 1), queue.come(c.Sign, STRANGER, 2)]
        queue.store.until_the_next_commit()
        queue.store.fault = DiskFull("磁盘已满", "请腾出空间")

    # The refusal, too, rested on what was not kept.
    for one in came:
        with pytest.raises(DiskFull):
            one.result(PATIENCE)
    queue.store.fault = None
    assert queue.desk.report().state == "sent"
    assert queue.come(c.Sign, HEAD, None).result(PATIENCE).events[0].to_state == "section_signed"


def test_what_the_database_refuses_only_at_the_commit_is_told_to_whom_it_concerns(queue: Queue) -> None:
    with queue.held():
        came = [queue.come(c.Urge, CLERK, number) for number in (1, 2, 3)]
        queue.store.until_the_next_commit()
        queue.store.fault = RuleBroken("数据库的规则不允许", "请把日志交给管理员")
        queue.store.until_the_next_commit()  # all of them failed; the first is tried alone
        queue.store.until_the_next_commit()  # it failed again; now the second
        queue.store.fault = None

    assert [type(one.exception(PATIENCE)) for one in came] == [RuleBroken, type(None), type(None)]


def test_the_same_command_twice_in_one_transaction_is_done_once(queue: Queue) -> None:
    with queue.held():
        first, second = (queue.come(c.Sign, HEAD, place, "one click") for place in (1, 2))
        other = queue.come(c.Urge, CLERK, 3, "one click")

    assert first.result(PATIENCE).events == second.result(PATIENCE).events
    assert (first.result().repeated, second.result().repeated) == (False, True)
    with pytest.raises(AlreadyDone):
        other.result(PATIENCE)


def test_a_lone_caller_is_served_in_its_own_thread() -> None:
    store, threads = MemoryStore(), []
    desk = Desk(store=store).live_until(MONDAY)

    desk.workflow.turns.take(lambda _: threads.append(threading.current_thread()))  # type: ignore[arg-type, return-value]  # any act

    assert threads == [threading.current_thread()]


def test_an_act_done_by_anothers_thread_keeps_what_its_own_had_bound(queue: Queue) -> None:
    name: ContextVar[str] = ContextVar("name")

    def caller(said: str) -> Any:
        name.set(said)
        return queue.desk.workflow.turns.take(lambda _: name.get())  # type: ignore[arg-type, return-value]  # any act

    with queue.held():
        came = []
        for place, said in enumerate(("甲", "乙", "丙"), start=1):
            came.append(queue.pool.submit(caller, said))
            _until(lambda place=place: queue.desk.workflow.turns.waiting == place)  # type: ignore[misc]  # a default

    assert [one.result(PATIENCE) for one in came] == ["甲", "乙", "丙"]


def test_more_than_one_transaction_takes_are_served_by_the_next() -> None:
    sizes: list[int] = []
    began, go_on = threading.Event(), threading.Event()

    def serve(turns: Any) -> None:
        began.set()
        assert go_on.wait(PATIENCE)
        sizes.append(len(turns))

    turns: Turns[None] = Turns(serve)
    with ThreadPoolExecutor(AT_ONCE + 2) as pool:
        pool.submit(turns.take, _nothing)
        assert began.wait(PATIENCE)
        for _ in range(AT_ONCE + 1):
            pool.submit(turns.take, _nothing)
        _until(lambda: turns.waiting == AT_ONCE + 1)
        go_on.set()

    assert sizes == [1, AT_ONCE, 1]


def test_who_led_and_was_broken_off_leaves_the_others_to_be_served() -> None:
    began, go_on = threading.Event(), threading.Event()
    groups: list[int] = []

    def serve(turns: list[Turn[None]]) -> None:
        groups.append(len(turns))
        if len(groups) == 1:
            began.set()
            assert go_on.wait(PATIENCE)
        if len(groups) == 2:
            raise KeyboardInterrupt

    turns: Turns[None] = Turns(serve)  # type: ignore[arg-type]  # a list is what it gets
    ended: list[str] = []

    def caller(name: str) -> None:
        try:
            turns.take(_nothing)
        except KeyboardInterrupt:
            ended.append(f"{name} was broken off")
        else:
            ended.append(f"{name} was served")

    with ThreadPoolExecutor(4) as pool:
        pool.submit(caller, "first")
        assert began.wait(PATIENCE)
        for place, name in enumerate(("second", "third", "fourth"), start=1):
            pool.submit(caller, name)
            _until(partial(lambda place: turns.waiting == place, place))
        go_on.set()

    assert groups == [1, 3, 2]
    assert sorted(ended) == ["first was served", "fourth was served", "second was broken off", "third was served"]


def _nothing(_: object) -> None:
    """An act whose doing is left to the test's own service."""
