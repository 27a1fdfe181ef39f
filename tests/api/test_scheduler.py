"""The scheduler: one at work however many are started, and none missed when it dies. Real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from core.cluster import ROOT, DatabaseUrls
from tests.processes import until
from tracking import ledger
from tracking.epcis.events import aggregation_event, kilograms

HOLDERS = """
    SELECT array_agg(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND a.application_name = 'lumbung-scheduler'
      AND a.datname = current_database()
"""


@pytest.fixture
def start(database: DatabaseUrls, tmp_path: Path) -> Iterator[object]:
    environment = os.environ | {
        "LUMBUNG_DATABASE_URL": database.owner,
        "LUMBUNG_APP_DATABASE_URL": database.app,
        "LUMBUNG_DATA": str(tmp_path),
    }
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "api.scheduler"], cwd=ROOT, env=environment)
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(10)


def tell(connection: psycopg.Connection[object], number: int) -> None:
    event = aggregation_event(
        action="ADD",
        event_time=datetime.now(UTC),
        parent=f"https://id.gs1.org/00/09520000100000{number:03}8",
        child_quantities=[kilograms("https://id.gs1.org/01/09520001234560/10/A1", Decimal(50))],
        biz_step="packing",
    )
    ledger.record(connection, [event], now=datetime.now(UTC))
    connection.commit()


def test_one_works_and_another_takes_over_when_it_is_killed(database: DatabaseUrls, start: object) -> None:
    first, second = start(), start()  # type: ignore[operator]
    with psycopg.connect(database.app) as told, psycopg.connect(database.owner, autocommit=True) as watch:

        def sealed() -> int:
            return watch.execute("SELECT count(*) FROM event_sequence").fetchone()[0]  # type: ignore[index]

        tell(told, 1)
        assert until(lambda: sealed() == 1, 40)
        assert len(watch.execute(HOLDERS).fetchone()[0]) == 1  # type: ignore[index]
        first.send_signal(signal.SIGKILL)
        first.wait(10)
        tell(told, 2)
        assert until(lambda: sealed() == 2, 40)
        second.send_signal(signal.SIGTERM)
        assert second.wait(10) == 0
        partitions = watch.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'position'::regclass").fetchone()
        assert partitions is not None
        assert partitions[0] in (2, 3)  # the rest, this month, and the next if it is near
