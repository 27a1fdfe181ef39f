"""Killing the server, and the database, under a stream of positions loses no acknowledged fix and doubles none."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from sqlmodel import Session

from core import database
from core.cluster import Cluster
from core.watcher import stop_if_unused
from tests.processes import until
from tests.test_crash import Instance
from tracking.devices import enrol_device

TRACKERS = 6
LISTS_A_TRACKER = 80
LONG = 150  # by COPY, on connections of their own


@pytest.fixture
def instance(cluster: Cluster) -> Iterator[Instance]:
    folder = cluster.data_dir / "crash-positions"
    instance = Instance(folder)
    yield instance
    instance.stop()
    assert until(lambda: stop_if_unused(folder, remove=True))


class Tracker(threading.Thread):
    """Tells lists of fixes, most of them one long, each again until it is answered; keeps what was acknowledged."""

    def __init__(self, url: str, credential: str, began: datetime) -> None:
        super().__init__(daemon=True)
        self.url, self.credential, self.began = url, credential, began
        self.acknowledged: set[datetime] = set()
        self.lists = 0
        self.unanswered = 0

    def run(self) -> None:
        chance = random.Random(self.credential)
        headers = {"authorization": f"Bearer {self.credential}"}
        at = self.began
        with httpx.Client(base_url=self.url, headers=headers, timeout=20) as client:
            for number in range(LISTS_A_TRACKER):
                moments = [at := at + timedelta(seconds=1) for _ in range(LONG if number % 8 == 7 else 1)]
                told = [{"recorded_at": m.isoformat(), "lon": 105.3, "lat": -5.4} for m in moments]
                end = time.monotonic() + 60
                while time.monotonic() < end:
                    if self._answered(client, told):
                        self.acknowledged.update(moments)
                        if chance.random() < 0.3:  # a phone that did not hear the answer tells again
                            self._answered(client, told)
                        break
                    self.unanswered += 1
                    time.sleep(0.05)
                self.lists += 1

    def _answered(self, client: httpx.Client, told: list[dict[str, Any]]) -> bool:
        try:
            response = client.post("/api/v1/positions", json=told)
        except httpx.TransportError:
            return False
        if response.status_code != 200:
            assert response.status_code >= 500, response.text
            return False
        assert {answer["status"] for answer in response.json()} <= {"recorded", "repeated"}
        return True


def test_no_acknowledged_fix_is_lost_and_none_is_doubled(instance: Instance) -> None:
    urls = Cluster(instance.data_dir).urls
    now = datetime.now(UTC)
    engine = database.engine(urls.app)
    with Session(engine) as session:
        given = [enrol_device(session, "tracker", f"GPS {n}", None, now=now)[1] for n in range(TRACKERS)]
        session.commit()
    engine.dispose()
    trackers = [Tracker(instance.url, credential, now - timedelta(days=1)) for credential in given]
    for tracker in trackers:
        tracker.start()
    lists = TRACKERS * LISTS_A_TRACKER

    def heard() -> int:
        return sum(tracker.lists for tracker in trackers)

    for share, victim in ((0.2, instance.web), (0.45, instance.database), (0.7, instance.web)):
        assert until(lambda share=share: heard() >= share * lists, 60), f"only {heard()} lists were answered"
        os.kill(victim(), signal.SIGKILL)
    for tracker in trackers:
        tracker.join(120)

    told = sum(len(tracker.acknowledged) for tracker in trackers)
    assert told == TRACKERS * (LISTS_A_TRACKER + LISTS_A_TRACKER // 8 * (LONG - 1))
    assert sum(tracker.unanswered for tracker in trackers) > 0, "nobody noticed the killing: it tested nothing"
    with psycopg.connect(urls.app) as connection:
        found = connection.execute(
            "SELECT d.name, array_agg(p.recorded_at) FROM position p JOIN device d ON d.id = p.device_id GROUP BY 1"
        ).fetchall()
    assert {name: (len(moments), set(moments)) for name, moments in found} == {
        f"GPS {n}": (len(tracker.acknowledged), tracker.acknowledged) for n, tracker in enumerate(trackers)
    }
