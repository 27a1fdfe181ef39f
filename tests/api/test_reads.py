"""Reading over the API: each sees their own, answers are JSON, refusals say where."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from api.app import create_app
from core import accounts, database
from core.accounts import Account
from core.cluster import DatabaseUrls
from core.settings import Settings
from tests.corridor_stage import MAIZE, MARUNDA, PANJANG, PRIOK, TRUCK, VESSEL, Stage
from tracking.gs1.keys import sscc


@pytest.fixture(scope="module")
def stage(module_database: DatabaseUrls) -> Iterator[Stage]:
    engine = database.engine(module_database.app)
    settings = Settings(
        data_dir=Path("nowhere"),
        port=8000,
        public_base_url="http://127.0.0.1:8000",
        secret_key="s" * 64,
        tag_key="t" * 64,
    )
    yield Stage(engine, settings).set_up()
    engine.dispose()


def client_of(stage: Stage, role: str, **place: str) -> TestClient:
    account = stage.account(role, **place)
    with Session(stage.engine) as session:
        token = accounts.create_token(session, session.get_one(Account, account.id), name="uji", now=stage.now)
        session.commit()
    return TestClient(
        create_app(stage.settings, stage.engine),
        base_url="http://127.0.0.1:8000",
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.fixture(scope="module")
def officer(stage: Stage) -> TestClient:
    return client_of(stage, "officer")


@pytest.fixture(scope="module")
def operator(stage: Stage) -> TestClient:
    return client_of(stage, "hub_operator", site_gln=PANJANG)


@pytest.fixture(scope="module")
def storekeeper(stage: Stage) -> TestClient:
    return client_of(stage, "warehouse_operator", site_gln=MARUNDA)


def plan_of(stage: Stage, **changes: Any) -> dict[str, Any]:
    _, farm = stage.farm()
    legs = [
        {"mode": "road", "carrier": TRUCK, "from_site": farm.uri, "to_site": PANJANG}
        | {"planned_departure_at": stage.at(0), "planned_arrival_at": stage.at(3)},
        {"mode": "sea", "carrier": VESSEL, "from_site": PANJANG, "to_site": PRIOK}
        | {"planned_departure_at": stage.at(6), "planned_arrival_at": stage.at(17)},
    ]
    whole: dict[str, Any] = {
        "from_site": farm.uri,
        "to_site": PRIOK,
        "route": "sea",
        "product_gtin": MAIZE,
        "planned_units": 40,
        "planned_departure_at": stage.at(0),
        "planned_arrival_at": stage.at(17),
        "legs": legs,
        "papers": [{"kind": "waybill", "number": "SJ-1"}],
    }
    return whole | changes


def test_nobody_reads_without_a_credential(stage: Stage) -> None:
    client = TestClient(create_app(stage.settings, stage.engine), base_url="http://127.0.0.1:8000")
    for path in ("units/095200010070000019", "shipments", "findings", "sites", "products", "carriers"):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_unit_and_its_lot_tell_their_story_to_those_who_may_see_it(
    stage: Stage, officer: TestClient, storekeeper: TestClient
) -> None:
    sack = stage.harvest(1)[0]
    told = officer.get(f"/api/v1/units/{sack.sscc}").json()
    assert told["key"] == sack.sscc
    assert [event["biz_step"] for event in told["events"]] == ["commissioning", "packing"]
    lot = officer.get(f"/api/v1/lots/{told['lot']['gtin']}/{told['lot']['lot_number']}").json()
    assert [unit["sscc"] for unit in lot["units"]] == [sack.sscc]
    assert storekeeper.get(f"/api/v1/units/{sack.sscc}").status_code == 404
    assert officer.get("/api/v1/units/123").status_code == 422
    assert officer.get(f"/api/v1/units/{sscc(9, '9520000100', 7)}").status_code == 404


def test_a_shipment_is_planned_listed_and_told(stage: Stage, operator: TestClient) -> None:
    answer = operator.post("/api/v1/shipments", json=plan_of(stage))
    assert answer.status_code == 201
    gsin = answer.json()["gsin"]
    assert gsin in {row["gsin"] for row in operator.get("/api/v1/shipments?route=sea&status=planned").json()["rows"]}
    told = operator.get(f"/api/v1/shipments/{gsin}").json()
    assert [leg["carrier"] for leg in told["legs"]] == [TRUCK, VESSEL]
    added = operator.post(f"/api/v1/shipments/{gsin}/papers", json={"kind": "plant_quarantine", "number": "KT-9"})
    assert added.status_code == 204
    kinds = [paper["kind"] for paper in operator.get(f"/api/v1/shipments/{gsin}").json()["paper_list"]]
    assert kinds == ["plant_quarantine", "waybill"]
    stranger = client_of(stage, "group_head", party_gln=stage.farm(9)[0].gln)
    assert stranger.get(f"/api/v1/shipments/{gsin}").status_code == 404
    assert stranger.get("/api/v1/shipments").json()["total"] == 0


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"planned_units": -1}, "planned_units"),
        ({"route": "air"}, "route"),
        ({"colour": "red"}, "colour"),
        ({"planned_departure_at": "2026-11-21T10:00:00"}, "planned_departure_at"),
        ({"gsin": "12"}, "gsin"),
        ({"papers": [{"kind": "passport", "number": "1"}]}, "papers.0.kind"),
    ],
)
def test_a_malformed_plan_is_refused_with_the_field(
    stage: Stage, operator: TestClient, changes: dict[str, Any], where: str
) -> None:
    answer = operator.post("/api/v1/shipments", json=plan_of(stage, **changes))
    assert answer.status_code == 422
    assert where in [error["field"] for error in answer.json()["errors"]]


def test_a_plan_that_contradicts_itself_changes_nothing(stage: Stage, operator: TestClient) -> None:
    before = stage.rows("SELECT count(*) AS n FROM shipment")
    plan = plan_of(stage)
    plan["legs"][1]["carrier"] = TRUCK
    answer = operator.post("/api/v1/shipments", json=plan)
    assert answer.status_code == 422
    assert "truck" in answer.json()["detail"]
    assert stage.rows("SELECT count(*) AS n FROM shipment") == before


def test_officers_may_not_plan(stage: Stage, officer: TestClient) -> None:
    assert officer.post("/api/v1/shipments", json=plan_of(stage)).status_code == 403


def test_findings_are_listed_and_closed_with_a_reason(
    stage: Stage, operator: TestClient, storekeeper: TestClient
) -> None:
    sack = stage.harvest(1, farm=1)[0]
    sold = {"step": "retail_selling", "site": PANJANG, "tags": [sack.uri]}
    stage.must({"at": -10, **sold}, {"at": -5, **sold})
    found = operator.get("/api/v1/findings?kind=already_sold").json()
    finding = next(row for row in found["rows"] if row["sscc"] == sack.sscc)
    address = f"/api/v1/findings/{finding['id']}/close"
    assert storekeeper.post(address, json={"reason": "bukan milik kami"}).status_code == 404
    assert operator.post(address, json={"reason": "x"}).status_code == 422
    assert (
        operator.post(address, json={"reason": "label kembar disita"}).json()["closed_reason"] == "label kembar disita"
    )
    assert operator.post(address, json={"reason": "label kembar disita"}).status_code == 409
    assert found["total"] == operator.get("/api/v1/findings?kind=already_sold").json()["total"] + 1


def test_master_data_is_there_for_all_who_sign_in(officer: TestClient) -> None:
    sites = officer.get("/api/v1/sites?kind=hub").json()
    assert {row["name"] for row in sites["rows"]} == {"Hub Panjang", "Hub Tanjung Priok"}
    assert MAIZE in {row["gtin"] for row in officer.get("/api/v1/products").json()["rows"]}
    assert VESSEL in {row["name"] for row in officer.get("/api/v1/carriers?kind=vessel").json()["rows"]}


def test_a_station_is_told_what_a_truck_carries_and_does_next(
    stage: Stage, operator: TestClient, officer: TestClient
) -> None:
    sacks = stage.harvest(3, farm=2)
    gsin = stage.plan(3, truck="BE 8392 LMC", farm=2)
    stage.load_truck(sacks, gsin, truck="BE 8392 LMC", farm=2)

    def asked(code: str) -> dict[str, Any]:
        return operator.get("/api/v1/loads", params={"code": code, "site": PANJANG}).json()

    told = asked("be 8392 lmc")
    assert [unit["sscc"] for unit in told["units"]] == [sack.sscc for sack in sacks]
    assert told["shipment"]["gsin"] == gsin
    assert told["next"]["step"] == "arriving"
    assert asked(sacks[1].uri)["carrier"] == told["carrier"]  # a sack names the truck it rides in
    place = {"site": PANJANG, "carrier": "BE 8392 LMC", "shipment": gsin}
    stage.must({"step": "arriving", "at": -0.5, **place})
    assert asked("BE 8392 LMC")["next"]["step"] == "inspecting"
    stage.must({"step": "inspecting", "at": -0.4, "result": "conformant", **place})
    following = asked("BE 8392 LMC")["next"]
    assert (following["step"], following["vessel"]) == ("loading", VESSEL)
    stage.must({"step": "loading", "at": -0.3, "site": PANJANG, "carrier": VESSEL, "carriers": ["BE 8392 LMC"]})
    assert asked("BE 8392 LMC")["next"]["step"] == "arriving"
    assert asked("BE 0000 XX") == {"carrier": None}
    denied = officer.get("/api/v1/loads", params={"code": "BE 8392 LMC", "site": PANJANG})
    assert denied.status_code == 403
