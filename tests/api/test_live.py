"""Live updates: every event that one may see, once and in order, also after a break; and where carriers are."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from api import corridor
from api.routes import live
from core.database import raw, rows, run
from core.identifiers import uuid7
from core.settings import ROOT, Settings
from tests.world import World
from tracking import ledger
from tracking.devices import enrol_device

CORRIDOR = json.loads((ROOT / "tracking" / "data" / "lampung-jakarta.json").read_bytes())


@pytest.fixture(scope="module")
def loaded(engine: Any) -> None:
    with Session(engine) as session:
        corridor.load(session, CORRIDOR)
        session.commit()


@pytest.fixture
def world(client: TestClient, session: Session, settings: Settings, loaded: None) -> World:
    return World(client, session, settings)


@pytest.fixture
def listen(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """The messages of a stream that ends soon."""
    monkeypatch.setattr(live, "STREAM_S", 0.8)
    monkeypatch.setattr(live, "POLL_S", 0.05)

    def messages(token: str, **headers: str) -> list[dict[str, Any]]:
        answer = client.get("/api/v1/live", headers={"authorization": f"Bearer {token}", **headers})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = []
        for block in answer.text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "data" in fields:
                found.append({"id": fields.get("id"), "event": fields["event"], "data": json.loads(fields["data"])})
        return found

    return messages


def seal(session: Session) -> int:
    count = ledger.seal(raw(session))
    session.commit()
    return count


def of_events(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for message in messages if message["event"] == "event"]


def test_stream_goes_on_behind_the_last_event_and_skips_nothing(
    world: World, session: Session, listen: Callable[..., list[dict[str, Any]]]
) -> None:
    world.harvested(count=3)
    assert seal(session) == 6
    told = of_events(listen(world.admin, **{"last-event-id": "0"}))
    numbers = [int(message["id"]) for message in told]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {message["data"]["biz_step"] for message in told} == {"commissioning", "packing"}
    middle = numbers[len(numbers) // 2]
    behind = of_events(listen(world.admin, **{"last-event-id": str(middle)}))
    assert [int(message["id"]) for message in behind] == [n for n in numbers if n > middle]
    assert of_events(listen(world.admin)) == []  # without an id, from now on


def test_long_absence_is_made_good_page_by_page(
    world: World, session: Session, listen: Callable[..., list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PAGE", 3)
    world.harvested(count=4)
    seal(session)
    numbers = [int(message["id"]) for message in of_events(listen(world.admin, **{"last-event-id": "0"}))]
    [row] = world.rows("SELECT count(*) AS n FROM event_sequence")
    assert numbers == list(range(1, row["n"] + 1))


def test_what_is_not_sealed_is_not_told_yet(
    world: World, session: Session, listen: Callable[..., list[dict[str, Any]]]
) -> None:
    seal(session)
    [before] = world.rows("SELECT coalesce(max(sequence), 0) AS n FROM event_sequence")
    world.harvested()
    assert of_events(listen(world.admin, **{"last-event-id": str(before["n"])})) == []
    seal(session)
    assert len(of_events(listen(world.admin, **{"last-event-id": str(before["n"])}))) == 2


def test_listener_hears_only_what_it_may_see(
    world: World, session: Session, listen: Callable[..., list[dict[str, Any]]]
) -> None:
    world.harvested()
    seal(session)
    stranger = world.account("group_head", world.other_group)
    assert len(of_events(listen(world.head, **{"last-event-id": "0"}))) >= 2
    assert of_events(listen(stranger, **{"last-event-id": "0"})) == []


def test_positions_of_carriers_one_may_see_are_told(
    world: World, session: Session, client: TestClient, listen: Callable[..., list[dict[str, Any]]]
) -> None:
    now = datetime.now(UTC)
    device, credential = enrol_device(session, "tracker", uuid7().hex, None, now=now)
    session.commit()
    run(
        raw(session),
        "INSERT INTO device_binding (device_id, giai, from_at) VALUES (%s, %s, %s)",
        (device.id, world.truck.giai, now - timedelta(hours=1)),
    )
    session.commit()
    told = [{"recorded_at": now.isoformat(), "lon": 105.3, "lat": -5.4}]
    assert client.post("/api/v1/positions", json=told, headers={"authorization": f"Bearer {credential}"}).is_success
    [message] = [message for message in listen(world.admin) if message["event"] == "positions"]
    assert [(row["giai"], row["lon"]) for row in message["data"]] == [(world.truck.giai, 105.3)]
    assert [message for message in listen(world.head) if message["event"] == "positions"] == []
    assert rows(raw(session), "SELECT 1 AS n FROM position WHERE device_id = %s", (device.id,)) == [{"n": 1}]


def test_nobody_and_who_may_see_nothing_are_refused(world: World, client: TestClient) -> None:
    assert client.get("/api/v1/live").status_code == 401
    observer = {"authorization": f"Bearer {world.account('observer')}"}
    assert client.get("/api/v1/live", headers=observer).status_code == 403
    admin = {"authorization": f"Bearer {world.admin}"}
    assert client.get("/api/v1/live", headers=admin | {"last-event-id": "-1"}).status_code == 422
