"""Positions over HTTP: who may report what, how each fix is answered, and who sees where carriers are."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session

from api import batching, corridor, position_door
from api.app import create_app
from core import database
from core.accounts import Account
from core.cluster import DatabaseUrls
from core.database import Row, one, raw, rows, run
from core.settings import ROOT, Settings
from tracking.devices import enrol_device, revoke_device
from tracking.models import Party

Bearer = Callable[..., dict[str, str]]
MakeAccount = Callable[..., Account]
CORRIDOR = json.loads((ROOT / "tracking" / "data" / "lampung-jakarta.json").read_bytes())


@dataclass
class Enrolled:
    """A device as its owner knows it."""

    id: UUID
    credential: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.credential}"}


def enrol(session: Session, account: Account | None = None, kind: str = "tracker") -> Enrolled:
    device, credential = enrol_device(session, kind, "GPS", account.id if account else None, now=datetime.now(UTC))
    session.commit()
    return Enrolled(device.id, credential)


@pytest.fixture
def tracker(session: Session) -> Enrolled:
    return enrol(session)


@pytest.fixture(scope="module")
def loaded(engine: Any) -> None:
    with Session(engine) as session:
        corridor.load(session, CORRIDOR)
        session.commit()


def fix(seconds_ago: float = 60, **figures: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return {"recorded_at": at.isoformat(), "lon": 105.3196, "lat": -5.4664} | figures


def stored(session: Session, device: Enrolled) -> list[Row]:
    return rows(
        raw(session),
        "SELECT recorded_at, ST_X(location) AS lon, ST_Y(location) AS lat, speed_kmh, heading_deg, accuracy_m"
        " FROM position WHERE device_id = %s ORDER BY recorded_at",
        (device.id,),
    )


def apart(session: Session, device: Enrolled) -> list[str]:
    found = rows(raw(session), "SELECT reason FROM position_refused WHERE device_id = %s", (device.id,))
    return [row["reason"] for row in found]


# Reporting as JSON


def test_each_fix_is_answered_by_itself_and_in_order(client: TestClient, session: Session, tracker: Enrolled) -> None:
    told = [fix(30, speed_kmh=40), fix(20, lon=0, lat=0), fix(10, heading_deg=90.5, accuracy_m=None)]
    answer = client.post("/api/v1/positions", json=[*told, told[0]], headers=tracker.bearer)
    assert answer.status_code == 200
    assert answer.json() == [
        {"status": "recorded"},
        {"status": "set_apart", "reason": "null_island"},
        {"status": "recorded"},
        {"status": "repeated"},
    ]
    assert [(row["speed_kmh"], row["heading_deg"]) for row in stored(session, tracker)] == [(40.0, None), (None, 90.5)]
    assert apart(session, tracker) == ["null_island"]


MALFORMED: list[tuple[Any, str]] = [
    ({}, ""),
    ([], ""),
    ([7], "0"),
    ([fix(), {"lon": 1, "lat": 1}], "1"),
    ([fix(), fix(lon="105")], "1.lon"),
    ([fix(lat=None)], "0.lat"),
    ([fix(lat=True)], "0.lat"),
    ([fix(recorded_at="yesterday")], "0.recorded_at"),
    ([fix(recorded_at="2026-11-20T03:00:00")], "0.recorded_at"),
    ([fix(device_id="truck 1")], "0.device_id"),
    ([fix(colour="red")], "0"),
    ([fix()] * 5_001, ""),
]


@pytest.mark.parametrize(("told", "field"), MALFORMED)
def test_malformed_list_changes_nothing_and_says_where(
    client: TestClient, session: Session, tracker: Enrolled, told: Any, field: str
) -> None:
    answer = client.post("/api/v1/positions", json=told, headers=tracker.bearer)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    [fault] = answer.json()["errors"]
    assert fault["field"] == field
    assert fault["message"]
    assert stored(session, tracker) == []


@pytest.mark.parametrize("body", [b"", b"nonsense", b'[{"lon": NaN}]', b"\xff\xfe", b'["\xff"]', b"[" * 5000])
def test_what_is_no_json_is_refused(client: TestClient, tracker: Enrolled, body: bytes) -> None:
    assert client.post("/api/v1/positions", content=body, headers=tracker.bearer).status_code == 422


def test_moments_at_the_ends_of_the_calendar_are_set_apart(client: TestClient, tracker: Enrolled) -> None:
    ends = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
    answer = client.post("/api/v1/positions", json=[fix(recorded_at=at) for at in ends], headers=tracker.bearer)
    assert [told["reason"] for told in answer.json()] == ["too_old", "in_the_future"]


def test_backlog_of_a_day_goes_in_at_once(client: TestClient, session: Session, tracker: Enrolled) -> None:
    answer = client.post("/api/v1/positions", json=[fix(17 * n) for n in range(5_000)], headers=tracker.bearer)
    assert {told["status"] for told in answer.json()} == {"recorded"}
    assert len(stored(session, tracker)) == 5_000


def test_answer_means_committed(database: DatabaseUrls, settings: Settings) -> None:
    """A commit that fails never answers success: here a constraint that PostgreSQL looks at only then."""
    engine = database_engine(database)
    with Session(engine) as session:
        device = enrol(session)
    with psycopg.connect(database.owner) as owner:
        owner.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$"
        )
        owner.execute(
            "CREATE CONSTRAINT TRIGGER fails_at_commit AFTER INSERT ON position DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION fail()"
        )
    with TestClient(create_app(settings, engine), raise_server_exceptions=False) as client:
        told = [fix()]
        assert client.post("/api/v1/positions", json=told, headers=device.bearer).status_code == 500
        place = {"id": device.credential, "lat": "-5.4664", "lon": "105.3196"}
        assert client.get("/osmand", params=place).status_code == 500
        with psycopg.connect(database.owner) as owner:
            owner.execute("DROP TRIGGER fails_at_commit ON position")
        answer = client.post("/api/v1/positions", json=told, headers=device.bearer)
        assert answer.json() == [{"status": "recorded"}]
    engine.dispose()


def database_engine(urls: DatabaseUrls) -> Any:
    return database.engine(urls.app)


# Who may report for whom


def post(client: TestClient, headers: dict[str, str], *told: dict[str, Any]) -> int:
    return client.post("/api/v1/positions", json=list(told), headers=headers).status_code


def test_device_reports_for_itself_alone(
    client: TestClient, session: Session, tracker: Enrolled, make_account: MakeAccount
) -> None:
    driver = make_account("driver")
    phone, other = enrol(session, driver, "phone"), enrol(session, driver, "phone")
    assert post(client, tracker.bearer, fix(device_id=str(tracker.id))) == 200
    assert post(client, tracker.bearer, fix(5), fix(device_id=str(phone.id))) == 403
    assert post(client, phone.bearer, fix(device_id=str(other.id))) == 403  # its owner's, and yet not itself
    assert [len(stored(session, device)) for device in (tracker, phone, other)] == [1, 0, 0]


def test_unknown_revoked_or_no_credential_is_refused(client: TestClient, session: Session, tracker: Enrolled) -> None:
    revoke_device(session, tracker.id, now=datetime.now(UTC))
    session.commit()
    for headers in ({}, tracker.bearer, {"authorization": "Bearer dev_" + "A" * 43}, {"authorization": "Bearer x"}):
        assert post(client, headers, fix()) == 401


def test_credential_taken_a_moment_ago_is_refused_soon_after_it_is_revoked(
    client: TestClient, session: Session, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its owner's account is closed, and where it was silent so long that it is read anew."""
    monkeypatch.setattr(position_door, "RECHECK_S", 0.05)
    driver = make_account("driver")
    tracker, phone, silent, kept = enrol(session), enrol(session, driver, "phone"), enrol(session), enrol(session)
    for device in (tracker, phone, silent, kept):
        assert post(client, device.bearer, fix(50)) == 200
    for device in (tracker, silent):
        revoke_device(session, device.id, now=datetime.now(UTC))
    driver.disabled_at = datetime.now(UTC)
    session.add(driver)
    session.commit()
    time.sleep(0.2)  # longer than twice RECHECK_S: then nobody is believed before all are read again
    assert [post(client, device.bearer, fix(40)) for device in (tracker, phone, kept)] == [401, 401, 200]
    monkeypatch.setattr(position_door, "FORGET_S", 0.0)
    time.sleep(0.2)
    assert [post(client, device.bearer, fix(30)) for device in (silent, kept)] == [401, 200]


def test_more_than_can_wait_is_refused_for_now(client: TestClient, app: FastAPI, tracker: Enrolled) -> None:
    batcher = app.state.positions
    batcher._waiting_fixes = batching.WAITING_MAX
    for headers in (tracker.bearer, tracker.bearer | {"transfer-encoding": "chunked"}):
        body = iter([json.dumps([fix()]).encode()]) if "transfer-encoding" in headers else json.dumps([fix()]).encode()
        answer = client.post("/api/v1/positions", content=body, headers=headers)  # by the short way and the ordinary
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.headers["content-type"] == "application/problem+json"
    batcher._waiting_fixes = 0
    assert post(client, tracker.bearer, fix()) == 200


def test_device_of_someone_who_may_not_report_is_refused(
    client: TestClient, session: Session, make_account: MakeAccount
) -> None:
    assert post(client, enrol(session, make_account("observer"), "phone").bearer, fix()) == 403


def test_who_is_no_device_names_one_of_their_own(
    client: TestClient, session: Session, bearer: Bearer, tracker: Enrolled, loaded: None
) -> None:
    giai, party_id = carrier_of(session, "truck")
    partner = bearer("partner", session.get(Party, party_id))
    answer = client.post("/api/v1/positions", json=[fix()], headers=partner)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "0.device_id")
    told = fix(device_id=str(tracker.id))
    assert post(client, partner, told) == 403
    assert post(client, partner, fix(device_id=str(uuid4()))) == 403
    bind(session, tracker, giai)
    assert post(client, partner, told) == 200
    assert post(client, bearer("administrator"), told) == 200
    revoke_device(session, tracker.id, now=datetime.now(UTC))
    session.commit()
    assert post(client, partner, told) == 403


# The OsmAnd protocol


OSMAND_GOLDEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "GET",
        {"params": {"lat": "-5.4664", "lon": "105.3196", "timestamp": "{s}", "speed": "10", "bearing": "90"}},
        {"speed_kmh": pytest.approx(18.52), "heading_deg": 90.0},
    ),
    (
        "GET",
        {"params": {"location": "-5.4664,105.3196", "timestamp": "{ms}", "accuracy": "7", "batt": "55"}},
        {"accuracy_m": 7.0},
    ),
    (
        "POST",
        {"params": {"lat": "-5.4664", "lon": "105.3196", "timestamp": "{iso}", "heading": "12"}},
        {"heading_deg": 12.0},
    ),
    ("POST", {"data": {"lat": "-5.4664", "lon": "105.3196", "timestamp": "{s}", "valid": "true"}}, {}),
    (
        "POST",
        {
            "json": {
                "location": {
                    "timestamp": "{iso}",
                    "coords": {"latitude": -5.4664, "longitude": 105.3196, "speed": 10, "heading": -1, "accuracy": 5},
                    "is_moving": True,
                    "battery": {"level": 0.9},
                }
            }
        },
        {"speed_kmh": 36.0, "accuracy_m": 5.0},
    ),
]


@pytest.mark.parametrize(("method", "request_", "figures"), OSMAND_GOLDEN)
def test_osmand_in_every_form(
    client: TestClient, session: Session, tracker: Enrolled, method: str, request_: dict[str, Any], figures: Row
) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)
    text = json.dumps(request_).replace("{iso}", at.isoformat().replace("+00:00", "Z"))
    sent = json.loads(text.replace("{s}", f"{at.timestamp():.0f}").replace("{ms}", f"{at.timestamp() * 1000:.0f}"))
    [(form, told)] = sent.items()
    told["device_id" if form == "json" else "id"] = tracker.credential
    for _ in range(2):  # a phone that heard no answer sends again
        answer = client.request(method, "/osmand", **sent)
        assert (answer.status_code, answer.content) == (200, b"")
    nothing = {"speed_kmh": None, "heading_deg": None, "accuracy_m": None}
    assert stored(session, tracker) == [{"recorded_at": at, "lon": 105.3196, "lat": -5.4664} | nothing | figures]


def test_osmand_refuses_in_one_and_the_same_way(
    client: TestClient, session: Session, make_account: MakeAccount
) -> None:
    """Unknown, revoked, nameless, known by its own name only, its owner disabled: nobody learns which."""
    named, credential = enrol_device(session, "phone", "HP", None, now=datetime.now(UTC), external_id="48241179")
    revoke_device(session, named.id, now=datetime.now(UTC))
    enrol_device(session, "phone", "HP", None, now=datetime.now(UTC), external_id="48241180")
    account = make_account("driver")
    phone = enrol(session, account, "phone")
    account.disabled_at = datetime.now(UTC)
    session.add(account)
    session.commit()
    officers = enrol(session, make_account("officer"), "phone")
    identifiers = ["48241179", "48241180", credential, phone.credential, officers.credential]
    identifiers += ["dev_" + "A" * 43, "", "truk \u00e9", "x" * 5000]
    answers = []
    for identifier in identifiers:
        place = {"id": identifier, "lat": "-5.4664", "lon": "105.3196"}
        answers.append(client.get("/osmand", params=place))
        answers.append(client.get("/osmand", params={"id": identifier, "lat": "north"}))
        answers.append(client.post("/osmand", data=place))
        answers.append(client.post("/osmand", json={"device_id": identifier, "location": {"coords": {}}}))
    answers += [client.get("/osmand"), client.post("/osmand", json={})]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}


def test_osmand_that_makes_no_sense_is_refused_and_changes_nothing(
    client: TestClient, session: Session, tracker: Enrolled
) -> None:
    def get(**parameters: str) -> int:
        return client.get("/osmand", params={"id": tracker.credential} | parameters).status_code

    assert get(lat="north", lon="105") == 422
    assert get(lat="-5", lon="105", timestamp="yesterday") == 422
    told = {"device_id": tracker.credential, "location": {"coords": {"latitude": "x", "longitude": 1}}}
    assert client.post("/osmand", json=told).status_code == 422
    headers = {"content-type": "application/json"}
    assert client.post("/osmand", content=b"{", headers=headers).status_code == 422
    assert stored(session, tracker) == []
    assert apart(session, tracker) == []


def test_osmand_takes_what_cannot_be_true_so_that_the_phone_lets_go_of_it(
    client: TestClient, session: Session, tracker: Enrolled
) -> None:
    for told in ({"cell": "510,10,1,2"}, {"lat": "0", "lon": "0"}, {"lat": "nan", "lon": "105"}):
        assert client.get("/osmand", params={"id": tracker.credential} | told).status_code == 200
    assert stored(session, tracker) == []
    assert sorted(apart(session, tracker)) == ["no_fix", "not_a_number", "null_island"]


def upstream_cases() -> list[Any]:
    folder = Path(os.environ.get("LUMBUNG_DATA_FILES") or ROOT / ".." / "shared" / "data")
    file = folder / "traces" / "osmand_requests.json"
    if not file.is_file():
        absent = pytest.mark.skip("the OsmAnd requests are not here (LUMBUNG_DATA_FILES names their folder)")
        return [pytest.param(None, marks=absent)]
    return [pytest.param(case, id=f"{n}") for n, case in enumerate(json.loads(file.read_bytes())["cases"])]


@pytest.mark.parametrize("case", upstream_cases())
def test_requests_that_other_servers_understand_are_understood(
    client: TestClient, session: Session, tracker: Enrolled, case: dict[str, Any]
) -> None:
    """As they stand, but for the identifier and the moment: those of years ago are too old for any truck."""
    now = datetime.now(UTC).replace(microsecond=0)
    if case["method"] == "POST":
        told = json.loads(case["strings"][-1])
        told["device_id"] = tracker.credential
        told["location"]["timestamp"] = now.isoformat()
        where = told["location"]["coords"]
        place = (where["longitude"], where["latitude"])
        answer = client.post("/osmand", json=told)
    else:
        parameters = dict(parse_qsl(urlsplit(case["strings"][0]).query)) | {"id": tracker.credential}
        if "timestamp" in parameters:
            parameters["timestamp"] = now.isoformat()
        place = (float(parameters.get("lon", "nan")), float(parameters.get("lat", "nan")))
        answer = client.get("/osmand", params=parameters)
    assert answer.status_code == 200
    if case["upstream_expectation"] == "Position":
        [row] = stored(session, tracker)
        assert (row["lon"], row["lat"]) == place
        assert abs(row["recorded_at"] - now) < timedelta(seconds=60)
    else:
        assert apart(session, tracker) == ["no_fix"]


@pytest.mark.parametrize("case", upstream_cases())
def test_old_moments_of_those_requests_are_read(
    client: TestClient, session: Session, tracker: Enrolled, case: dict[str, Any]
) -> None:
    if case["method"] == "POST":
        told = json.loads(case["strings"][-1]) | {"device_id": tracker.credential}
        moment = told["location"]["timestamp"]
        answer = client.post("/osmand", json=told)
    else:
        parameters = dict(parse_qsl(urlsplit(case["strings"][0]).query))
        moment = parameters.get("timestamp")
        answer = client.get("/osmand", params=parameters | {"id": tracker.credential})
    assert answer.status_code == 200
    found = one(
        raw(session),
        "SELECT recorded_at FROM position WHERE device_id = %(id)s"
        " UNION SELECT recorded_at FROM position_refused WHERE device_id = %(id)s",
        {"id": tracker.id},
    )
    assert found is not None
    if moment is None:  # then it is of now
        assert abs(found["recorded_at"] - datetime.now(UTC)) < timedelta(seconds=60)
        return
    expected = datetime.fromtimestamp(int(moment), UTC) if moment.isdigit() else datetime.fromisoformat(moment)
    assert found["recorded_at"] == expected.replace(tzinfo=expected.tzinfo or UTC)


# Where carriers are


def carrier_of(session: Session, kind: str) -> tuple[str, UUID]:
    row = one(raw(session), "SELECT giai, party_id FROM carrier WHERE kind = %s ORDER BY giai LIMIT 1", (kind,))
    assert row is not None
    return row["giai"], row["party_id"]


def bind(session: Session, device: Enrolled, giai: str) -> None:
    run(
        raw(session),
        "INSERT INTO device_binding (device_id, giai, from_at) VALUES (%s, %s, %s)",
        (device.id, giai, datetime.now(UTC) - timedelta(hours=2)),
    )
    session.commit()


def test_firm_sees_its_own_carriers_and_the_officer_all(
    client: TestClient, session: Session, bearer: Bearer, loaded: None
) -> None:
    truck, vessel = carrier_of(session, "truck"), carrier_of(session, "vessel")
    assert truck[1] != vessel[1]
    run(raw(session), "DELETE FROM device_binding")
    for giai, _ in (truck, vessel):
        device = enrol(session)
        bind(session, device, giai)
        told = [fix(90), fix(30, lon=105.5, speed_kmh=33, heading_deg=270)]
        assert client.post("/api/v1/positions", json=told, headers=device.bearer).status_code == 200

    def seen(headers: dict[str, str]) -> list[str]:
        answer = client.get("/api/v1/positions/latest", headers=headers)
        assert answer.status_code == 200, answer.text
        return sorted(one["giai"] for one in answer.json())

    firm = bearer("driver", session.get(Party, truck[1]))
    assert seen(bearer("officer")) == sorted([truck[0], vessel[0]])
    assert seen(firm) == [truck[0]]
    assert seen(bearer("group_head")) == []
    assert client.get("/api/v1/positions/latest", headers=bearer("observer")).status_code == 403
    assert client.get("/api/v1/positions/latest").status_code == 401
    [row] = client.get("/api/v1/positions/latest", headers=firm).json()
    assert (row["lon"], row["speed_kmh"], row["heading_deg"], row["kind"]) == (105.5, 33.0, 270.0, "truck")
    assert 30 <= row["age_s"] < 60

    def track(**parameters: str) -> Any:
        return client.get("/api/v1/positions/track", params=parameters, headers=firm)

    told = track(carrier=truck[0])
    assert told.status_code == 200
    assert told.json()["type"] == "Feature"
    assert told.json()["geometry"] == {"type": "LineString", "coordinates": [[105.3196, -5.4664], [105.5, -5.4664]]}
    assert len(told.json()["properties"]["times"]) == 2
    assert track(carrier=vessel[0]).status_code == 404
    assert track(carrier="\0").status_code == 422
    assert track().status_code == 422
    assert track(carrier=truck[0], **{"from": "2026-01-01"}).status_code == 422
    assert track(carrier=truck[0], to="0001-01-01T00:00:00Z").status_code == 422
