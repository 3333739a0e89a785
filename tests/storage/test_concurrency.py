"""Many writers at once: nobody sees a lock error, nothing is done twice, and the chain never forks."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

from states.models import Report
from storage.connection import Line
from storage.database import Database, engine_of, open_database
from storage.errors import Conflict, LockedTooLong
from storage.schema import create
from tests.storage.builders import (
    HOUR,
    NOW,
    a_claim,
    a_message,
    a_report,
    an_event,
    append,
    attempt,
    no_parameters,
    stored,
)
from workflow.chain import BadLink, verified


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Begin all acts at the same moment; what each returned, or the error it raised."""
    gate = threading.Barrier(len(acts))

    def begin(act: Callable[[], object]) -> object:
        gate.wait()
        try:
            return act()
        except Exception as fault:  # noqa: BLE001  the test looks at whatever came
            return fault

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begin, acts))


def append_many(database: Database, subject: str, count: int) -> None:
    for number in range(1, count + 1):
        with database.begin(NOW) as tx:
            append(tx, an_event(subject, number))
            tx.commit()


def test_writers_of_several_processes_never_fork_the_chain(url: str) -> None:
    databases = [open_database(url) for _ in range(4)]
    try:
        came = at_once(*(lambda n=n, d=d: append_many(d, f"report:{n}", 25) for n, d in enumerate(databases)))
        assert came == [None] * 4
        links = list(verified(databases[0].events()))
    finally:
        for database in databases:
            database.close()

    assert len(links) == 100
    assert not any(isinstance(link, BadLink) for link in links)


def test_threads_sharing_a_store_wait_for_each_other(database: Database) -> None:
    assert at_once(*(lambda n=n: append_many(database, f"report:{n}", 25) for n in range(8))) == [None] * 8

    assert all(a.hash == b.prev_hash for a, b in pairwise(database.events()))
    assert database.head()[0] == 200


def take(database: Database, before: Report, holder: str) -> str:
    attempt(database, lambda tx: tx.save_report(before, replace(before, seq=2, holders=(holder,))))
    return holder


def test_of_two_acts_decided_on_the_same_state_exactly_one_wins(url: str) -> None:
    with open_database(url) as one, open_database(url) as other:
        for number in range(20):
            decided_on = a_report(unit=f"u{number}")
            stored(one, decided_on)

            acts = [partial(take, database, decided_on, who) for database, who in ((one, "sign"), (other, "withdraw"))]
            came = at_once(*acts)
            winners = [what for what in came if isinstance(what, str)]
            after = one.report(decided_on.ref)
            assert [type(what) for what in came if what not in winners] == [Conflict]
            assert after is not None
            assert list(after.holders) == winners


def test_workers_claim_each_mail_once(url: str) -> None:
    with open_database(url) as one, open_database(url) as other:
        stored(one, events=[an_event(item_seq=n) for n in range(1, 41)])
        attempt(one, lambda tx: tx.enqueue([a_message(n) for n in range(1, 41)]))

        def work(database: Database) -> list[int]:
            taken = []
            while mails := database.claim(a_claim(NOW, HOUR, 3)):
                taken += [mail.id for mail in mails]
            return taken

        first, second = at_once(lambda: work(one), lambda: work(other))

    assert isinstance(first, list)
    assert isinstance(second, list)
    assert sorted(first + second) == list(range(1, 41))


def test_a_reader_is_not_held_up_and_sees_one_state(url: str) -> None:
    with open_database(url) as one, open_database(url) as other:
        stored(one, a_report())
        with one.begin(NOW) as tx, other.steady():
            assert len(other.reports()) == 1
            tx.save_report(None, a_report(unit="fagui"))
            tx.commit()
            assert len(other.reports()) == 1
        assert len(other.reports()) == 2


def test_a_writer_kept_waiting_too_long_is_told_so(url: str) -> None:
    with open_database(url) as holder, open_database(url, patience=0.2) as waiting:
        with holder.begin(NOW), pytest.raises(LockedTooLong, match="locked"):
            stored(waiting, a_report())
        stored(waiting, a_report())


def test_a_thread_kept_waiting_too_long_is_told_so(url: str) -> None:
    with open_database(url, patience=0.2) as database:
        with database.begin(NOW), ThreadPoolExecutor(1) as pool:
            assert isinstance(pool.submit(stored, database, a_report()).exception(), LockedTooLong)
        stored(database, a_report())


def test_the_writer_is_lent_in_the_order_in_which_it_is_asked_for() -> None:
    line, came = Line(), []
    line.acquire()

    def wait(number: int) -> None:
        line.acquire()
        came.append(number)
        line.release()

    with ThreadPoolExecutor(8) as pool:
        for number in range(8):
            pool.submit(wait, number)
            while line.waiting == number:
                time.sleep(0.001)
        line.release()

    assert came == list(range(8))


def test_who_leaves_the_line_holds_up_nobody() -> None:
    line = Line()
    line.acquire()
    assert not line.acquire(timeout=0.01)
    line.release()

    assert line.acquire(timeout=0)


def test_a_connection_lost_between_transactions_is_renewed(postgres: str, empty_postgres_url: str) -> None:
    create(empty_postgres_url)
    with open_database(empty_postgres_url) as database:
        name = empty_postgres_url.split("/")[3].partition("?")[0]
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'NAME'".replace("NAME", name)
        no_parameters(engine_of(postgres.format("postgres")), cut)

        stored(database, a_report())
        assert len(database.reports()) == 1
