"""Fires one-shot jobs from APScheduler's SQL job store, as its scheduler does, and prints microseconds per job.

The store's file is in WAL with every commit synced, as the product's is.
"""

import sys
import time
from datetime import UTC, timedelta
from typing import Any

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import create_engine, event

from app.clock import SystemClock


def nothing() -> None:
    """The job: the store's own cost is what is measured."""


def main(path: str, jobs: int) -> None:
    """Add the jobs, then take each as due and remove it."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _as_durable)
    store = SQLAlchemyJobStore(engine=engine)
    scheduler = BackgroundScheduler(jobstores={"default": store}, timezone=UTC)
    scheduler.start(paused=True)
    due = SystemClock().now() + timedelta(hours=1)
    for number in range(jobs):
        scheduler.add_job("benchmarks.job_store:nothing", "date", run_date=due, id=str(number))
    began = time.perf_counter()
    for job in store.get_due_jobs(due + timedelta(seconds=1)):
        job.func()
        store.remove_job(job.id)
    print((time.perf_counter() - began) / jobs * 1e6)
    scheduler.shutdown(wait=False)


def _as_durable(connection: Any, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
