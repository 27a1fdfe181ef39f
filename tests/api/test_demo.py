"""The demo on a real database, and the simulator that goes on with it over HTTP."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from api import demo
from api.app import create_app
from api.simulator import NotNow, Pace, Simulator
from api.story import cast
from api.story.stage import Stage
from core import database
from core.cluster import DatabaseUrls
from core.database import Row, one, raw, rows
from core.settings import Settings
from tracking.corridor import lampung_jakarta
from tracking.corridor_document import read

HOUR = timedelta(hours=1)
AS_OF = datetime.now(UTC).replace(microsecond=0) - 6 * HOUR  # the story may go on for six hours without running ahead
SETTINGS = Settings(
    data_dir=Path("nowhere"),
    port=8000,
    public_base_url="http://127.0.0.1:8000",
    secret_key="s" * 64,
    tag_key="t" * 64,
)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(read(lampung_jakarta()), SETTINGS.tag_key)


@pytest.fixture(scope="module")
def engine(module_database: DatabaseUrls) -> Iterator[Engine]:
    engine = database.engine(module_database.app)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def demo_engine(engine: Engine, stage: Stage) -> Engine:
    """A database with the demo in it, whose first load was broken off half way and then done again."""
    with Session(engine, expire_on_commit=False) as session:
        demo._set_up(session, SETTINGS, stage, AS_OF)
        session.commit()
        untold = demo._untold(session, stage, AS_OF)
        viewers = demo.demo_places.viewers(session, stage.corridor)
    demo._tell(engine, SETTINGS, viewers, untold[0][:100], AS_OF)
    assert demo.load(settings=SETTINGS, engine=engine)
    return engine


@pytest.fixture
def session(demo_engine: Engine) -> Iterator[Session]:
    with Session(demo_engine) as session:
        yield session


def asked(session: Session, sql: str) -> list[Row]:
    return rows(raw(session), sql)


def test_loading_again_changes_nothing(demo_engine: Engine, session: Session) -> None:
    before = asked(session, "SELECT count(*) AS events FROM event")
    session.rollback()
    assert not demo.load(settings=SETTINGS, engine=demo_engine)
    assert asked(session, "SELECT count(*) AS events FROM event") == before


def test_a_database_with_something_else_in_it_is_left_alone(database: DatabaseUrls) -> None:
    from core.database import engine as make_engine

    own = make_engine(database.app, pool_size=1)
    with Session(own) as session:
        session.connection().exec_driver_sql(
            "INSERT INTO party (id, gln, name, kind, province, district, village) "
            "VALUES (gen_random_uuid(), '9520000900013', 'x', 'buyer', 'x', 'x', '')"
        )
        session.commit()
        assert not demo.load(settings=SETTINGS, engine=own)
        assert one(raw(session), "SELECT count(*) AS n FROM site") == {"n": 0}
    own.dispose()


def test_outside_the_demo_nothing_is_loaded(engine: Engine) -> None:
    with pytest.raises(RuntimeError):
        demo.load(settings=SETTINGS.model_copy(update={"demo": False}), engine=engine)


def test_dozens_of_shipments_of_all_four_commodities_go_by_sea_and_by_ferry(session: Session) -> None:
    found = asked(
        session,
        "SELECT p.commodity, s.route, count(*) AS n FROM shipment s JOIN product p ON p.gtin = s.product_gtin "
        "GROUP BY 1, 2",
    )
    assert {(row["commodity"], row["route"]) for row in found} == {
        (commodity, route) for commodity in ("rice", "corn", "banana", "chicken") for route in ("sea", "ferry")
    }
    assert sum(row["n"] for row in found) >= 40


@pytest.fixture
def shipments(demo_engine: Engine) -> Callable[[str], list[Row]]:
    """The shipments of a status, as the administrator is told over HTTP."""

    def ask(status: str) -> list[Row]:
        with TestClient(create_app(SETTINGS, demo_engine), base_url=SETTINGS.public_base_url) as client:
            bearer = {"Authorization": f"Bearer {cast.credential(SETTINGS.secret_key, 'admin')}"}
            found: list[Row] = client.get(
                "/api/v1/shipments", params={"status": status, "limit": 200}, headers=bearer
            ).json()["rows"]
            return found

    return ask


def test_shipments_are_both_finished_and_moving_and_one_is_late(shipments: Callable[[str], list[Row]]) -> None:
    assert len(shipments("arrived")) >= 20
    underway = shipments("underway")
    assert len(underway) >= 3
    assert any(datetime.fromisoformat(each["planned_arrival_at"]) < AS_OF for each in underway)


def test_what_goes_wrong_is_found_and_nothing_else(session: Session) -> None:
    kinds = {row["kind"] for row in asked(session, "SELECT DISTINCT kind FROM finding")}
    assert kinds >= {"already_sold", "paper_missing", "too_warm", "weight_off"}
    # The story itself could have happened.
    assert not kinds & {"too_fast", "not_commissioned", "unknown_tag", "wrong_check", "wrong_site", "already_tagged"}
    assert one(raw(session), "SELECT count(*) AS n FROM epc_state WHERE persistent @> '[\"recalled\"]'") != {"n": 0}


def test_rice_is_made_of_paddy_of_several_farms(session: Session) -> None:
    found = asked(
        session,
        """
        SELECT l.output, count(DISTINCT i.lot_uri) AS lots FROM lineage l JOIN epc_state i ON i.epc = l.input
        JOIN lot o ON o.uri = l.output JOIN product p ON p.gtin = o.gtin WHERE p.commodity = 'rice' AND NOT p.harvested
        GROUP BY 1 ORDER BY 2 DESC
        """,
    )
    assert found[0]["lots"] >= 3


def test_example_tag_leads_to_a_consistent_story_of_a_sack_on_the_shelf(demo_engine: Engine) -> None:
    lines = demo.summary(SETTINGS, demo_engine).splitlines()
    address = next(line for line in lines if line.startswith("http"))
    with TestClient(create_app(SETTINGS, demo_engine), base_url=SETTINGS.public_base_url) as client:
        page = client.get(address, headers={"accept": "text/html"})
        told = client.get(address, headers={"accept": "application/json"}).json()
        stranger = client.get(address.partition("?")[0] + "?c=00000000", headers={"accept": "application/json"}).json()
    assert page.status_code == 200
    assert told["verdict"]["state"] == "consistent"
    assert told["quantity_kg"] == "25.000"
    assert [stop["step"] for stop in told["journey"]][-1] == "shelved"
    assert {stop["step"] for stop in told["journey"]} >= {"harvested", "processed", "sea"}
    assert len({source["group"] for source in told["made_from"]}) >= 2
    assert stranger["verdict"]["state"] == "suspicious"


@pytest.mark.parametrize("who", [actor for actor in cast.actors(read(lampung_jakarta())) if actor.login], ids=str)
def test_printed_sign_ins_work(demo_engine: Engine, who: cast.Actor) -> None:
    assert who.login
    assert f"  {who.login} " in demo.summary(SETTINGS, demo_engine)
    with TestClient(create_app(SETTINGS, demo_engine), base_url=SETTINGS.public_base_url) as client:
        answer = client.post("/masuk", json={"login": who.login, "password": cast.PASSWORD})
    assert answer.status_code == 200, answer.text
    assert answer.json()["role"] == who.role


# --- the simulator ---------------------------------------------------------------------------------------------------


@pytest.fixture
def app(demo_engine: Engine) -> FastAPI:
    return create_app(SETTINGS, demo_engine)


def simulator(http: Any, stage: Stage, moment: datetime) -> Simulator:
    return Simulator(http, stage, SETTINGS.secret_key, clock=lambda: moment)


def test_simulator_goes_on_where_the_story_is_and_again_after_its_own_restart(
    app: FastAPI, stage: Stage, session: Session
) -> None:
    def counted() -> Row | None:
        session.rollback()
        return one(raw(session), "SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM scan) AS scans")

    before = counted()
    assert before
    with TestClient(app, base_url=SETTINGS.public_base_url) as http:
        first = simulator(http, stage, AS_OF + HOUR)
        feed, pace = first.begin()
        assert AS_OF - 6 * HOUR < pace.start <= AS_OF
        told = first.tell_due(feed, AS_OF + HOUR, 10_000)
        after = counted()
        assert after
        assert 10 < after["scans"] - before["scans"] <= told
        assert first.refused == 0

        again = simulator(http, stage, AS_OF + HOUR)  # another process, knowing nothing
        feed, _ = again.begin()
        assert again.tell_due(feed, AS_OF + HOUR, 10_000) > 0
        assert counted() == after  # told again, recorded once

        again.tell_due(feed, AS_OF + 2 * HOUR, 10_000)
        later = counted()
        assert later
        assert later["scans"] > after["scans"]
    strange = asked(
        session,
        "SELECT DISTINCT kind FROM finding WHERE kind IN "
        "('too_fast', 'not_commissioned', 'unknown_tag', 'already_tagged', 'wrong_site', 'clock_wrong')",
    )
    assert strange == []


def test_simulator_places_what_is_moving(app: FastAPI, stage: Stage, session: Session) -> None:
    moment = AS_OF + 3 * HOUR
    with TestClient(app, base_url=SETTINGS.public_base_url) as http:
        one_now = simulator(http, stage, moment)
        feed, _ = one_now.begin()
        moving = feed.moving(moment)
        one_now.place(moving)
    found = asked(
        session,
        f"SELECT b.giai, ST_X(p.location) AS lon FROM position p JOIN device_binding b USING (device_id) "
        f"WHERE p.recorded_at = '{moment.isoformat()}'",
    )
    assert len(moving) >= 5
    assert {row["giai"]: pytest.approx(row["lon"]) for row in found} == {giai: at[1] for giai, at in moving.items()}


def test_simulator_keeps_what_it_could_not_tell(app: FastAPI, stage: Stage) -> None:
    moment = AS_OF + 4 * HOUR
    with TestClient(app, base_url=SETTINGS.public_base_url) as http:
        feed, _ = simulator(http, stage, moment).begin()
        waiting = feed.due(moment, 10_000)
    with httpx.Client(base_url="http://127.0.0.1:9", timeout=1) as gone:  # nobody listens on the discard port
        cut_off = simulator(gone, stage, moment)
        with pytest.raises(NotNow):
            cut_off.tell_due(feed, moment, 10_000)
    assert waiting
    assert feed.due(moment, 10_000) == waiting


def test_simulator_tells_no_more_than_it_may(app: FastAPI, stage: Stage) -> None:
    moment = AS_OF + 4 * HOUR
    with TestClient(app, base_url=SETTINGS.public_base_url) as http:
        careful = simulator(http, stage, moment)
        feed, _ = careful.begin()
        assert 3 <= careful.tell_due(feed, moment, 3) < 60  # whole batches of one teller
        assert feed.due(moment)


def test_the_storys_clock_never_runs_ahead() -> None:
    pace = Pace(start=AS_OF, speed=60, began=AS_OF + HOUR)
    assert pace.now(AS_OF + HOUR) == AS_OF
    assert pace.now(AS_OF + HOUR + timedelta(seconds=30)) == AS_OF + timedelta(minutes=30)
    assert pace.now(AS_OF + 2 * HOUR) == AS_OF + 2 * HOUR


def test_simulator_ends_at_once_when_told_to(tmp_path: Path) -> None:
    environment = {**os.environ, "LUMBUNG_DATA": str(tmp_path), "LUMBUNG_PORT": "9"}
    command = [sys.executable, "-m", "api.cli", "simulate"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stderr
        assert b"trying again" in process.stderr.readline()  # it waits for a server that is not there
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
