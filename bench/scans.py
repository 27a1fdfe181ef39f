"""Scans at the gate and at receipt, 1 and 16 stations, beside bare commits of the same rows.

Ours: one scan a request over HTTP with authentication, validation, all checks and derivations, answered after a durable
commit. Ceiling: the rows that such a scan leaves behind (scan, event, its keys, its index, its state), written by
psycopg without any thought, one durable commit each, over as many connections, in the same database. For times the
ceiling is the bare commit's time, and a ratio above 1 says how much longer ours takes.
"""

import hashlib
import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
from sqlmodel import Session, select

from api.corridor import load
from bench.report import Case
from bench.running import KEYS, Running, lumbung, percentile, under_load
from core import accounts, database
from core.identifiers import uuid7
from tracking import tags
from tracking.corridor import lampung_jakarta
from tracking.models import Carrier, Party, Product, Site

SECONDS = 8.0
STATIONS = (1, 16)
SACKS_A_STATION = 100


class Setting:
    """The corridor, a token that may do everything, trucks for the gate and tagged sacks for the receipt."""

    def __init__(self, running: Running) -> None:
        self.url = urlsplit(running.url)
        self.app_url = running.cluster.urls.app
        engine = database.engine(self.app_url)
        now = datetime.now(UTC)
        with Session(engine, expire_on_commit=False) as session:
            load(session, lampung_jakarta())
            account = accounts.create_account(session, login="bench", name="bench", role="administrator", now=now)
            self.token = accounts.create_token(session, account, name="bench", now=now)
            group = session.exec(select(Party).where(Party.kind == "farmer_group")).all()[0]
            self.farm = session.exec(select(Site).where(Site.kind == "farm", Site.party_id == group.id)).all()[0].uri
            self.hub = session.exec(select(Site).where(Site.name == "Hub Panjang")).one().uri
            self.warehouse = session.exec(select(Site).where(Site.name == "Gudang Bersama Way Lunik")).one().uri
            self.trucks = [truck.name for truck in session.exec(select(Carrier).where(Carrier.kind == "truck")).all()]
            self.gtin = (
                session.exec(select(Product).where(Product.harvested, Product.commodity == "rice")).all()[0].gtin
            )
            self.sacks: list[str] = []
            for _ in range(-(-max(STATIONS) * SACKS_A_STATION // 1000)):
                given = tags.issue(session, group, 1000, now)
                self.sacks += [tag.uri for tag in tags.tags_of(given, running.url, KEYS["tag_key"])]
            session.commit()
        engine.dispose()
        self.began = now - timedelta(days=3)

    def station(self) -> http.client.HTTPConnection:
        """A connection that a station keeps open."""
        return http.client.HTTPConnection(self.url.hostname or "", self.url.port, timeout=30)

    def tell(self, station: http.client.HTTPConnection, *scans: dict[str, Any]) -> None:
        """Tell scans; every one must be kept."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        station.request("POST", "/api/v1/scans", json.dumps(scans), headers)
        response = station.getresponse()
        answers = json.loads(response.read())
        if response.status != 200 or any(answer["status"] not in ("recorded", "flagged") for answer in answers):
            raise RuntimeError(f"{response.status}: {answers}")

    def scan(self, step: str, seconds: float, **fields: Any) -> dict[str, Any]:
        """A scan some seconds after the story's beginning."""
        at = (self.began + timedelta(seconds=seconds)).isoformat()
        return {"id": str(uuid7()), "step": step, "at": at, **fields}


def measure() -> Iterator[Case]:
    """The cases "gate …" and "receipt …": rate, p50 and p99 for each number of stations."""
    with lumbung() as running:
        setting = Setting(running)
        _harvest(setting)
        for stations in STATIONS:
            open_stations = [setting.station() for _ in range(stations)]

            def gate(station: int, number: int, at: list[http.client.HTTPConnection] = open_stations) -> None:
                truck = setting.trucks[station % len(setting.trucks)]
                seen = {"site": setting.hub, "carrier": truck, "result": "conformant"}
                setting.tell(at[station], setting.scan("inspecting", 7200 + number, **seen))

            yield from _beside(setting, "gate", stations, gate)

        for round_, stations in enumerate(STATIONS):
            open_stations = [setting.station() for _ in range(stations)]

            def receipt(
                station: int, number: int, at: list[http.client.HTTPConnection] = open_stations, first: int = round_
            ) -> None:
                sack = setting.sacks[(station * SACKS_A_STATION + number) % len(setting.sacks)]
                seconds = 40_000 + first * 40_000 + number
                setting.tell(at[station], setting.scan("accepting", seconds, site=setting.warehouse, tags=[sack]))

            yield from _beside(setting, "receipt", stations, receipt)


def _harvest(setting: Setting) -> None:
    """Tag every sack, a hundred at a time."""
    station = setting.station()
    for start in range(0, len(setting.sacks), 100):
        told = {"gtin": setting.gtin, "quantity_kg": 50, "site": setting.farm, "lot": f"B{start}"}
        batch = setting.sacks[start : start + 100]
        setting.tell(station, *(setting.scan("commissioning", 1, tag=sack, **told) for sack in batch))


def _beside(setting: Setting, name: str, stations: int, one: Any) -> Iterator[Case]:
    ours = under_load(stations, SECONDS, one)
    bare = _bare_commits(setting, stations)
    who = f"{stations} station{'s' if stations > 1 else ''}"
    what = f"bare commits of the same rows over {stations} connection{'s' if stations > 1 else ''}"
    yield Case(f"{name}, {who}", len(ours) / SECONDS, "scans/s", len(bare) / SECONDS, what)
    for share, label in ((0.5, "p50"), (0.99, "p99")):
        ours_ms, bare_ms = percentile(ours, share) * 1000, percentile(bare, share) * 1000
        yield Case(f"{name}, {who}, {label}", ours_ms, "ms", bare_ms, f"{label} of a bare commit")


def _bare_commits(setting: Setting, stations: int) -> list[float]:
    """The newest scan's rows, under new keys, one commit each."""
    with psycopg.connect(setting.app_url) as connection:
        scan = connection.execute("SELECT * FROM scan ORDER BY received_at DESC LIMIT 1").fetchone()
        assert scan is not None
        event = connection.execute("SELECT * FROM event WHERE scan_id = %s LIMIT 1", (scan[0],)).fetchone()
        assert event is not None
        keys = connection.execute("SELECT * FROM event_epc WHERE event = %s", (event[0],)).fetchall()
    connections = [psycopg.connect(setting.app_url) for _ in range(stations)]

    def one(station: int, _: int) -> None:
        connection = connections[station]
        scan_id, event_id = uuid7(), uuid7()
        name = hashlib.sha256(event_id.bytes).hexdigest()
        _insert(connection, "scan", (scan_id, *_plain(scan[1:])))
        _insert(connection, "event_key", (name, False, event_id))
        _insert(connection, "event", (event_id, name, *_plain(event[2:])))
        for key in keys:
            _insert(connection, "event_epc", (event_id, *key[1:]))
        connection.execute("INSERT INTO event_unsealed (event) VALUES (%s)", (event_id,))
        connection.execute("UPDATE epc_state SET last_event_at = now() WHERE epc = %s", (f"{station}",))
        connection.commit()

    try:
        return under_load(stations, SECONDS, one)
    finally:
        for connection in connections:
            connection.close()


def _insert(connection: psycopg.Connection[Any], table: str, values: tuple[object, ...]) -> None:
    marks = ", ".join(["%s"] * len(values))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # type: ignore[call-overload]


def _plain(values: tuple[object, ...]) -> tuple[object, ...]:
    """Row values as parameters: JSON as text."""
    return tuple(json.dumps(value) if isinstance(value, dict | list) else value for value in values)
