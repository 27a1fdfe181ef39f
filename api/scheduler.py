"""What happens by the clock, in a process of its own: `python -m api.scheduler`, started by `serve`.

One scheduler a database, however many machines: it works only while it holds an advisory lock, and waits for it
otherwise. Every job is a step towards a state that the database shows (sealed, partitioned, swept, refreshed), so a
run that a restart lost is made good by the next, and a run made twice changes nothing.
"""

import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType

import psycopg
import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine
from sqlmodel import Session

from api.app import configure_logging
from core import accounts, database, settings
from core.database import raw, run
from prices import alerts
from tracking import ledger

LOCK = 0x6C756D63  # "lumc"
WAIT_S = 5
log = structlog.get_logger()

Job = Callable[[Session, datetime], object]


def seal_events(session: Session, now: datetime) -> object:  # noqa: ARG001
    """Give events their place in the order of telling."""
    return ledger.seal(raw(session))


def make_partitions(session: Session, now: datetime) -> object:
    """Have this month's and the next month's partition of positions ready before the first fix of the month."""
    for month in (now, now + timedelta(days=27)):
        run(raw(session), "SELECT make_position_partition(%s)", (month.date(),))
    return None


def sweep_sign_ins(session: Session, now: datetime) -> object:
    """Throw away sign-ins that have run out and failed attempts of yesterday."""
    return accounts.sweep(session, now=now)


def refresh_price_alerts(session: Session, now: datetime) -> object:
    """Raise and end alerts by the prices that are known now."""
    return alerts.refresh(session, now=now)


JOBS: tuple[tuple[Job, timedelta], ...] = (
    (seal_events, timedelta(seconds=2)),
    (make_partitions, timedelta(hours=12)),
    (sweep_sign_ins, timedelta(hours=6)),
    (refresh_price_alerts, timedelta(hours=1)),
)


def carry_out(engine: Engine, job: Job) -> None:
    """One run of a job in a transaction of its own; a failure is told, and the next run comes all the same."""
    try:
        with Session(engine) as session:
            job(session, datetime.now(UTC))
            session.commit()
    except Exception as error:
        log.error("job failed", job=job.__name__, exc_info=error)


def main() -> None:
    """Hold the lock and run the jobs until told to stop."""
    configure_logging()
    url = settings.settings().urls.app
    stopping: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    engine = database.engine(url, pool_size=2)
    while not stopping:
        try:
            with psycopg.connect(url, autocommit=True, application_name="lumbung-scheduler") as holder:
                _work_while_held(holder, engine, stopping)
        except psycopg.Error as error:
            log.warning("database", error=str(error).splitlines()[0] if str(error) else type(error).__name__)
            time.sleep(WAIT_S)
    engine.dispose()
    sys.exit(0)


def _work_while_held(holder: psycopg.Connection[object], engine: Engine, stopping: list[int]) -> None:
    """Run the jobs as long as `holder` holds the lock; returns when told to stop, raises when the database is gone."""
    while not stopping:
        held = holder.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        if held == (True,):
            break
        time.sleep(WAIT_S)
    else:
        return
    scheduler = BackgroundScheduler(timezone=UTC)
    for job, every in JOBS:
        # Late runs are one run: what a job does, it does for all the time that has passed.
        scheduler.add_job(
            carry_out,
            "interval",
            (engine, job),
            seconds=every.total_seconds(),
            next_run_time=datetime.now(UTC),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            id=job.__name__,
        )
    scheduler.start()
    try:
        while not stopping:
            holder.execute("SELECT 1")  # a lost connection is a lost lock
            time.sleep(1)
    finally:
        scheduler.shutdown(wait=False)


if __name__ == "__main__":
    main()
