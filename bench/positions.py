"""Positions one a request and by the thousand, 8 and 32 clients, beside bare PostgreSQL with as many connections.

Ours: acknowledged over HTTP with authentication, validation and deduplication, each answer after a durable commit, by
one web process a core; every device is bound to a truck. Ceilings, in turns with ours, in the same database, on a table
partitioned and indexed as ours is, without its foreign key: for single fixes pgbench, one prepared INSERT a commit; for
batches 1,000 rows, made beforehand, as binary COPY into a staging table and INSERT … ON CONFLICT DO NOTHING.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import numpy as np
import psycopg
from sqlmodel import Session, select

from api.corridor import load
from bench.position_load import BATCH, STEP_S
from bench.report import Case
from bench.running import Running, lumbung
from core import database
from core.postmaster import find_programs
from tracking.corridor import lampung_jakarta
from tracking.devices import enrol_device
from tracking.models import Carrier, DeviceBinding, Party

CLIENTS = (8, 32)
DEVICES = 192
ROUND_S = float(os.environ.get("LUMBUNG_BENCH_ROUND_S", "6"))
ROUNDS = 2
WORKERS = min(4, os.cpu_count() or 1)  # web processes: as many as an operator would start
DAYS_BACK = 25
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
ROW = np.dtype(
    [
        *(("fields", ">i2"), ("l1", ">i4"), ("device_id", "V16"), ("l2", ">i4"), ("recorded_at", ">i8")),
        *(("l3", ">i4"), ("received_at", ">i8"), ("l4", ">i4"), ("order", "u1"), ("type", "<u4"), ("srid", "<u4")),
        *(("lon", "<f8"), ("lat", "<f8"), ("l5", ">i4"), ("speed", ">f8"), ("l6", ">i4"), ("heading", ">f8")),
        *(("l7", ">i4"), ("accuracy", ">f8")),
    ]
)
LENGTHS = {"fields": 7, "l1": 16, "l2": 8, "l3": 8, "l4": 25, "l5": 8, "l6": 8, "l7": 8}
PGBENCH = """\
\\set step random(1, 1000)
INSERT INTO bare_position VALUES (('0193b3a0-0000-7000-8000-0000' || lpad(to_hex(:client_id + 4096), 8, '0'))::uuid,
 clock_timestamp(), clock_timestamp(), ST_SetSRID(ST_MakePoint(105.4 + :step / 2000.0, -5.5), 4326), 41.5, 140, 6);
"""


class Setting:
    """Trucks, a device on each, and the bare table."""

    def __init__(self, running: Running) -> None:
        self.url = urlsplit(running.url)
        self.app_url, self.owner_url = running.cluster.urls.app, running.cluster.urls.owner
        self.folder = running.data_dir
        now = datetime.now(UTC)
        engine = database.engine(self.app_url)
        with Session(engine, expire_on_commit=False) as session:
            load(session, lampung_jakarta())
            firm = session.exec(select(Party).where(Party.kind == "carrier")).all()[0]
            self.credentials: list[str] = []
            for number in range(DEVICES):
                giai = f"{firm.gln[:9]}B{number:04}"
                session.add(Carrier(giai=giai, kind="truck", name=f"B {number:04} ENCH", party_id=firm.id))
                device, credential = enrol_device(session, "tracker", f"bench {number}", None, now=now)
                session.flush()
                bound_at = now - timedelta(days=2 * DAYS_BACK)
                session.add(DeviceBinding(device_id=device.id, giai=giai, from_at=bound_at))
                self.credentials.append(credential)
            session.commit()
        engine.dispose()
        # Every measurement tells moments of its own.
        self.hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=DAYS_BACK)
        self._make_bare(now)

    def _make_bare(self, now: datetime) -> None:
        with psycopg.connect(self.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE bare_position (LIKE position) PARTITION BY RANGE (recorded_at)")
            owner.execute("ALTER TABLE bare_position ADD PRIMARY KEY (device_id, recorded_at)")
            owner.execute("CREATE INDEX ON bare_position USING gist (location)")
            for month in sorted({(now - timedelta(days=back)).date().replace(day=1) for back in (0, DAYS_BACK)}):
                until = (month + timedelta(days=32)).replace(day=1)
                owner.execute(
                    f"CREATE TABLE bare_position_{month:%Y%m} PARTITION OF bare_position"
                    f" FOR VALUES FROM ('{month}') TO ('{until}')"  # type: ignore[arg-type]
                )

    def ours(self, kind: str, clients: int, seconds: float = ROUND_S) -> dict[str, Any]:
        """Load of `kind` from a process of its own."""
        order = {
            "host": self.url.hostname,
            "port": self.url.port,
            "kind": kind,
            "clients": clients,
            "seconds": seconds,
            "credentials": self.credentials,
            "first": self.hour.isoformat(),
        }
        self.hour += timedelta(hours=24)
        command = [sys.executable, "-m", "bench.position_load"]
        done = subprocess.run(command, input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout)

    def bare_commits(self, clients: int) -> float:
        """Single-row commits a second of pgbench."""
        programs = find_programs()
        assert programs is not None
        script = self.folder / "bench.sql"
        script.write_text(PGBENCH)
        command = [programs.path("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2"]
        command += ["-T", str(round(ROUND_S)), "-f", str(script), self.owner_url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        tps = re.search(r"tps = ([\d.]+)", done.stdout)
        assert tps is not None, done.stdout
        return float(tps[1])

    def bare_batches(self, clients: int) -> float:
        """Rows a second of staged COPY and INSERT, one commit each thousand."""
        counts = [0] * clients
        first = self.hour
        self.hour += timedelta(hours=24)
        start = threading.Barrier(clients + 1)
        end = [0.0]

        def go(number: int) -> None:
            with psycopg.connect(self.owner_url, autocommit=True) as connection:
                connection.execute("CREATE TEMP TABLE stage (LIKE bare_position) ON COMMIT DELETE ROWS")
                batches = _ready_made(number, clients, first)
                start.wait()
                while time.perf_counter() < end[0]:
                    counts[number] += _stage(connection, next(batches))

        threads = [threading.Thread(target=go, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        began = time.perf_counter()
        end[0] = began + 3600.0
        start.wait()
        began = time.perf_counter()
        end[0] = began + ROUND_S
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - began)


def _ready_made(client: int, clients: int, first: datetime) -> Iterator[bytes]:
    rows = np.zeros(BATCH, ROW)
    for name, length in LENGTHS.items():
        rows[name] = length
    rows["order"], rows["type"], rows["srid"] = 1, 0x20000001, 4326
    rows["lon"], rows["speed"], rows["heading"], rows["accuracy"] = 105.4 + np.arange(BATCH) / 2000, 41.5, 140, 6
    rows["received_at"] = (datetime.now(UTC) - POSTGRES_EPOCH) // timedelta(microseconds=1)
    steps = (np.arange(BATCH) * STEP_S * 1e6).astype("i8")
    hour_us = (first - POSTGRES_EPOCH) // timedelta(microseconds=1)
    while True:
        for device in range(client, DEVICES, clients):
            rows["lat"] = -5.5 + device / 500
            rows["device_id"] = np.void(UUID(int=device).bytes)
            rows["recorded_at"] = hour_us + steps
            yield SIGNATURE + rows.tobytes() + b"\xff\xff"
        hour_us += 3_600_000_000


def _stage(connection: psycopg.Connection[Any], batch: bytes) -> int:
    with connection.transaction():
        with connection.cursor().copy("COPY stage FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(batch)
        return connection.execute("INSERT INTO bare_position SELECT * FROM stage ON CONFLICT DO NOTHING").rowcount


def measure() -> Iterator[Case]:
    """The cases "single, N clients" and "batch of 1000, N clients" in positions a second, then times to answer."""
    times: list[Case] = []
    with lumbung(workers=WORKERS) as running:
        setting = Setting(running)
        for kind, name in (("single", "single"), ("batch", f"batch of {BATCH}")):
            for clients in CLIENTS:
                setting.ours(kind, clients, seconds=1.5)  # connections open, credentials seen
                bare: list[float] = []
                ours: list[dict[str, Any]] = []
                for _ in range(ROUNDS):
                    bare.append(setting.bare_commits(clients) if kind == "single" else setting.bare_batches(clients))
                    ours.append(setting.ours(kind, clients))
                rate = sum(each["acknowledged"] for each in ours) / sum(each["seconds"] for each in ours)
                ceiling = sum(bare) / len(bare)
                what = "pgbench, single-row commits" if kind == "single" else "staged COPY, INSERT … ON CONFLICT"
                yield Case(f"{name}, {clients} clients", rate, "positions/s", ceiling, f"{what}, {clients} connections")
                rows = 1 if kind == "single" else BATCH
                for label in ("p50", "p99"):
                    ours_ms = sum(each[f"{label}_ms"] for each in ours) / len(ours)
                    mean_ms = clients * rows / ceiling * 1000
                    told = f"mean of {what}"
                    times.append(
                        Case(f"time to answer, {name}, {clients} clients, {label}", ours_ms, "ms", mean_ms, told)
                    )
    yield from times
