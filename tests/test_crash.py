"""Killing the server, and the database, in the middle of a stream of scans loses no acknowledged scan and doubles none.

The real thing: `./run`'s own supervisor, web server and private cluster, `kill -9` on each while phones go on telling.
"""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlmodel import Session

from api.corridor import load
from core import database
from core.cluster import ROOT, Cluster
from core.identifiers import uuid7
from core.postmaster import Postmaster
from core.settings import Settings
from core.watcher import stop_if_unused
from tests.processes import until
from tests.world import World
from tracking.corridor import lampung_jakarta

PHONES = 4
SCANS_A_PHONE = 60
KEYS = {"LUMBUNG_SECRET_KEY": "s" * 64, "LUMBUNG_TAG_KEY": "t" * 64}


class Instance:
    """Lumbung as `./run` starts it, without the demo, on a data folder of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        environment = (
            os.environ
            | KEYS
            | {
                "LUMBUNG_DATA": str(data_dir),
                "LUMBUNG_PORT": str(self.port),
                "LUMBUNG_DEMO": "0",
                "LUMBUNG_PUBLIC_BASE_URL": self.url,
            }
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        said = ""
        while "Lumbung is ready" not in said:
            line = self.process.stdout.readline()
            if not line:
                self.process.wait(10)
                pytest.fail(said)
            said += line
        # Whatever it says later is read on, so that it never waits for a reader.
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    def web(self) -> int:
        """The web server's process id."""
        ours = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in ours:
            if b"web" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                return int(child)
        raise AssertionError("no web server is running")

    def database(self) -> int:
        """PostgreSQL's process id."""
        pid = Postmaster(self.data_dir).pid()
        assert pid
        return pid

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.reader.join(10)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def instance(cluster: Cluster) -> Iterator[Instance]:
    folder = cluster.data_dir / "crash"
    instance = Instance(folder)
    yield instance
    instance.stop()
    assert until(lambda: stop_if_unused(folder, remove=True))


class Phone(threading.Thread):
    """Tells its scans one by one, again and again with the same id, until each is answered; keeps what it was told."""

    def __init__(self, url: str, token: str, scans: list[dict[str, Any]]) -> None:
        super().__init__(daemon=True)
        self.url, self.token, self.scans = url, token, scans
        self.answered: dict[str, str] = {}
        self.unanswered = 0

    def run(self) -> None:
        chance = random.Random(self.scans[0]["id"])
        with httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {self.token}"}, timeout=20) as client:
            for scan in self.scans:
                end = time.monotonic() + 60
                while time.monotonic() < end:
                    try:
                        response = client.post("/api/v1/scans", json=[scan])
                    except httpx.TransportError:
                        self.unanswered += 1
                        time.sleep(0.05)
                        continue
                    if response.status_code == 200:
                        [answer] = response.json()
                        self.answered[scan["id"]] = answer["status"]
                        break
                    self.unanswered += 1
                    time.sleep(0.05)
                if chance.random() < 0.2:  # a phone that did not hear the answer tells again
                    with suppress(httpx.TransportError):
                        client.post("/api/v1/scans", json=[scan])


def test_no_acknowledged_scan_is_lost_and_none_is_doubled(instance: Instance) -> None:
    urls = Cluster(instance.data_dir).urls
    engine = database.engine(urls.app)
    settings = Settings(
        data_dir=instance.data_dir, port=1, public_base_url=instance.url, secret_key="s" * 64, tag_key="t" * 64
    )
    with Session(engine) as session, httpx.Client(base_url=instance.url) as client:
        load(session, lampung_jakarta())
        session.commit()
        world = World(client, session, settings)
        token, gtin, farm = world.head, world.product("rice").gtin, world.farm.uri
        given = world.tags(PHONES * SCANS_A_PHONE)
    engine.dispose()
    began = datetime.now(UTC) - timedelta(days=1)
    scans = [
        {
            "id": str(uuid7()),
            "step": "commissioning",
            "at": (began + timedelta(seconds=number)).isoformat(),
            "tag": tag.uri,
            "gtin": gtin,
            "quantity_kg": 50,
            "site": farm,
        }
        for number, tag in enumerate(given)
    ]
    phones = [Phone(instance.url, token, scans[number::PHONES]) for number in range(PHONES)]
    for phone in phones:
        phone.start()

    def heard() -> int:
        return sum(len(phone.answered) for phone in phones)

    for share, victim in ((0.2, instance.web), (0.45, instance.database), (0.7, instance.web)):
        assert until(lambda share=share: heard() >= share * len(scans), 60), f"only {heard()} scans were answered"
        os.kill(victim(), signal.SIGKILL)
    for phone in phones:
        phone.join(120)

    answers = {scan: status for phone in phones for scan, status in phone.answered.items()}
    assert len(answers) == len(scans)
    assert set(answers.values()) <= {"recorded", "repeated"}
    assert sum(phone.unanswered for phone in phones) > 0, "nobody noticed the killing: it tested nothing"
    assert until(lambda: _answers(instance), 30)
    with psycopg.connect(urls.app) as connection:
        counted = dict(
            connection.execute(
                "SELECT scan_id::text, count(*) FROM event WHERE scan_id IS NOT NULL GROUP BY 1"
            ).fetchall()
        )
        assert counted == dict.fromkeys(answers, 2)
        one = connection.execute("SELECT count(*), count(DISTINCT id) FROM scan").fetchone()
        assert one == (len(scans), len(scans))
        tagged = connection.execute(
            "SELECT count(*) FROM epc_state WHERE kind = 'unit' AND record_count = 1"
        ).fetchone()
        assert tagged == (len(scans),)


def _answers(instance: Instance) -> bool:
    try:
        return bool(re.match("ready", httpx.get(f"{instance.url}/readyz", timeout=5).text))
    except httpx.TransportError:
        return False
