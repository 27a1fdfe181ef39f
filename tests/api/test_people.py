"""People of a group and the devices they carry, over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from core.accounts import Account
from core.errors import Conflict
from tracking import people
from tracking.devices import device_of, enrol_device, revoke_device
from tracking.models import Device, Party

PASSWORD = "gabah kering giling"


MakeAccount = Callable[..., Account]


def sign_in(client: TestClient, account: Account, password: str = PASSWORD) -> str:
    """Sign in; the CSRF token."""
    answer = client.post("/masuk", json={"login": account.login, "password": password})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["csrf_token"])


def test_device_acts_for_its_account_until_revoked(
    client: TestClient, make_account: MakeAccount, session: Session
) -> None:
    account = make_account("farmer")
    csrf_token = sign_in(client, account)
    answer = client.post("/api/v1/devices", json={"name": "HP Pak Budi"}, headers={"x-csrf-token": csrf_token})
    assert answer.status_code == 201
    enrolled = answer.json()
    bearer = {"authorization": f"Bearer {enrolled['credential']}"}
    client.cookies.clear()
    me = client.get("/api/v1/me", headers=bearer).json()
    assert (me["account_id"], me["device_id"]) == (str(account.id), enrolled["id"])
    assert client.delete(f"/api/v1/devices/{enrolled['id']}", headers=bearer).status_code == 204
    assert client.get("/api/v1/me", headers=bearer).status_code == 401


def test_nobody_revokes_a_strangers_device(client: TestClient, make_account: MakeAccount, session: Session) -> None:
    device, credential = enrol_device(session, "phone", "HP", make_account("farmer").id, now=datetime.now(UTC))
    session.commit()
    csrf_token = sign_in(client, make_account("farmer"))
    answer = client.delete(f"/api/v1/devices/{device.id}", headers={"x-csrf-token": csrf_token})
    assert answer.status_code == 404
    assert device_of(session, credential) is not None


def test_device_of_nobody_may_only_report(client: TestClient, session: Session) -> None:
    _, credential = enrol_device(session, "tracker", "BE 8121 CU", None, now=datetime.now(UTC))
    session.commit()
    me = client.get("/api/v1/me", headers={"authorization": f"Bearer {credential}"}).json()
    assert me["role"] == "device"
    assert me["permissions"] == ["positions:report", "readings:report"]


def test_devices_have_prefixes_and_names_of_their_own(session: Session) -> None:
    now = datetime.now(UTC)
    made = [enrol_device(session, "tracker", str(n), None, now=now)[0] for n in range(40)]
    assert len({device.prefix for device in made}) == 40
    assert all(len(device.prefix) == 4 for device in made)
    enrol_device(session, "ais", "KMP", None, now=now, external_id="525000001")
    with pytest.raises(Conflict):
        enrol_device(session, "ais", "KMP", None, now=now, external_id="525000001")
    revoke_device(session, made[0].id, now=now)
    assert session.exec(select(Device.prefix).where(Device.id == made[0].id)).one() == made[0].prefix


@pytest.fixture
def group(session: Session) -> Party:
    number = str(uuid4().int)
    party = Party(
        gln=number[:13], name="Poktan Sri Rejeki", kind="farmer_group", province="Lampung", district="Lampung Tengah"
    )
    session.add(party)
    session.commit()
    return party


def test_head_invites_a_farmer_and_resets_the_pin(
    client: TestClient, make_account: MakeAccount, session: Session, group: Party
) -> None:
    head = make_account("group_head")
    people.join(session, head.id, group.id)
    session.commit()
    headers = {"x-csrf-token": sign_in(client, head)}
    login = uuid4().hex
    invited = client.post("/api/v1/people", json={"login": login, "name": "Budi", "pin": "294613"}, headers=headers)
    assert invited.status_code == 201
    phone = TestClient(client.app, base_url="http://127.0.0.1:8000")
    assert phone.post("/masuk", json={"login": login, "password": "294613"}).status_code == 200
    assert phone.get("/api/v1/me").json()["party_id"] == str(group.id)
    person = f"/api/v1/people/{invited.json()['id']}"
    assert client.post(f"{person}/pin", json={"pin": "123456"}, headers=headers).status_code == 422
    assert client.post(f"{person}/pin", json={"pin": "731946"}, headers=headers).status_code == 204
    assert phone.get("/api/v1/me").status_code == 401
    assert phone.post("/masuk", json={"login": login, "password": "731946"}).status_code == 200
    assert client.delete(person, headers=headers).status_code == 204
    assert phone.get("/api/v1/me").status_code == 401


def test_head_cannot_make_a_head_nor_touch_another_groups_farmer(
    client: TestClient, make_account: MakeAccount, session: Session, group: Party
) -> None:
    head = make_account("group_head")
    people.join(session, head.id, group.id)
    stranger = make_account("farmer")
    session.commit()
    headers = {"x-csrf-token": sign_in(client, head)}
    body = {"login": uuid4().hex, "name": "Budi", "pin": "294613", "role": "group_head"}
    assert client.post("/api/v1/people", json=body, headers=headers).status_code == 403
    path = f"/api/v1/people/{stranger.id}"
    assert client.post(f"{path}/pin", json={"pin": "731946"}, headers=headers).status_code == 404
    assert client.delete(path, headers=headers).status_code == 404
    assert client.delete(f"/api/v1/people/{head.id}", headers=headers).status_code in (404, 422)
