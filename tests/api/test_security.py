"""Who is asking, over HTTP: cookies, tokens, devices, forged requests, permissions."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from api.app import create_app
from api.dependencies import OptionalViewerDep, SessionDep, Viewer, allow
from api.security import safe_next
from core import accounts, database
from core.accounts import Account
from core.cluster import DatabaseUrls
from core.errors import Conflict
from core.settings import Settings
from tracking import people
from tracking.devices import device_of, enrol_device, revoke_device
from tracking.models import Device, Party

PASSWORD = "gabah kering giling"
BROWSER = {"accept": "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def engine(module_database: DatabaseUrls) -> Iterator[Engine]:
    engine = database.engine(module_database.app)
    yield engine
    engine.dispose()


def make_settings(**changes: Any) -> Settings:
    values = {
        "data_dir": Path("nowhere"),
        "port": 8000,
        "public_base_url": "http://127.0.0.1:8000",
        "secret_key": "s" * 64,
        "tag_key": "t" * 64,
    }
    return Settings.model_validate(values | changes)


@pytest.fixture
def app(engine: Engine) -> FastAPI:
    app = create_app(make_settings(), engine)

    @app.post("/gate")
    def gate(viewer: Annotated[Viewer, Depends(allow("scan:gate"))]) -> str:
        return viewer.name

    @app.post("/rename")
    def rename(session: SessionDep, viewer: OptionalViewerDep) -> str:
        """Changes a row and then fails."""
        assert viewer is not None
        account = session.get(Account, viewer.account_id)
        assert account is not None
        account.name = "renamed"
        session.add(account)
        session.flush()
        raise Conflict

    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False) as client:
        yield client


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


MakeAccount = Callable[..., Account]


@pytest.fixture
def make_account(session: Session) -> MakeAccount:
    def make(role: str = "hub_operator", **changes: Any) -> Account:
        values = {"login": uuid4().hex, "name": f"a {role}", "password": PASSWORD, "now": datetime.now(UTC)} | changes
        account = accounts.create_account(session, role=role, **values)
        session.commit()
        return account

    return make


def sign_in(client: TestClient, account: Account, password: str = PASSWORD) -> str:
    """Sign in; the CSRF token."""
    answer = client.post("/masuk", json={"login": account.login, "password": password})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["csrf_token"])


def test_cookie_on_this_machine_is_plain_http_only_and_lax(client: TestClient, make_account: MakeAccount) -> None:
    answer = client.post("/masuk", json={"login": make_account().login, "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("lumbung=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert "Domain" not in cookie


def test_cookie_over_https_is_secure_and_bound_to_the_host(app: FastAPI, make_account: MakeAccount) -> None:
    client = TestClient(app, base_url="https://lumbung.example")
    answer = client.post("/masuk", json={"login": make_account().login, "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-lumbung=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert client.get("/api/v1/me").status_code == 200


def test_cookie_of_plain_http_is_not_taken_over_https(app: FastAPI, make_account: MakeAccount) -> None:
    plain = TestClient(app, base_url="http://127.0.0.1:8000")
    sign_in(plain, make_account())
    secure = TestClient(app, base_url="https://127.0.0.1:8000", cookies={"lumbung": plain.cookies["lumbung"]})
    assert secure.get("/api/v1/me").status_code == 401


def test_real_work_gives_no_plain_cookie_to_another_machine(app: FastAPI, make_account: MakeAccount) -> None:
    app.state.settings = make_settings(demo=False, public_base_url="https://lumbung.example")
    client = TestClient(app, base_url="http://lumbung.example")
    answer = client.post("/masuk", json={"login": make_account().login, "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"]


def test_me_says_who_asks_and_without_credential_nobody(client: TestClient, make_account: MakeAccount) -> None:
    assert client.get("/api/v1/me").status_code == 401
    account = make_account()
    csrf_token = sign_in(client, account)
    me = client.get("/api/v1/me").json()
    assert me["account_id"] == str(account.id)
    assert me["csrf_token"] == csrf_token
    assert "scan:gate" in me["permissions"]


def test_changing_request_with_cookie_needs_the_csrf_token(client: TestClient, make_account: MakeAccount) -> None:
    csrf_token = sign_in(client, make_account())
    assert client.post("/gate").status_code == 403
    assert client.post("/gate", headers={"x-csrf-token": "x" * 24}).status_code == 403
    assert client.post("/gate", headers=[(b"x-csrf-token", "ä".encode())]).status_code == 403
    assert client.post("/gate", headers={"x-csrf-token": csrf_token}).status_code == 200
    assert client.post("/gate", data={"csrf_token": csrf_token}).status_code == 200


def test_csrf_token_of_another_sign_in_is_refused(client: TestClient, make_account: MakeAccount) -> None:
    account = make_account()
    former = sign_in(client, account)
    sign_in(client, account)
    assert client.post("/gate", headers={"x-csrf-token": former}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "https://127.0.0.1:8000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_is_refused_even_with_the_token(
    client: TestClient, make_account: MakeAccount, headers: dict[str, str]
) -> None:
    csrf_token = sign_in(client, make_account())
    assert client.post("/gate", headers=headers | {"x-csrf-token": csrf_token}).status_code == 403


def test_our_own_page_is_taken(client: TestClient, make_account: MakeAccount) -> None:
    csrf_token = sign_in(client, make_account())
    headers = {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin", "x-csrf-token": csrf_token}
    assert client.post("/gate", headers=headers).status_code == 200


def test_another_sites_page_cannot_sign_somebody_in(client: TestClient, make_account: MakeAccount) -> None:
    body = {"login": make_account().login, "password": PASSWORD}
    answer = client.post("/masuk", data=body, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_wrong_password_and_unknown_login_get_the_same_answer(client: TestClient, make_account: MakeAccount) -> None:
    wrong = client.post("/masuk", json={"login": make_account().login, "password": "padi"})
    unknown = client.post("/masuk", json={"login": uuid4().hex, "password": "padi"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content


def test_refused_sign_in_is_counted_although_the_request_fails(
    client: TestClient, make_account: MakeAccount, session: Session
) -> None:
    account = make_account()
    client.post("/masuk", json={"login": account.login, "password": "wrong"})
    attempts = session.exec(select(accounts.SignInAttempt).where(accounts.SignInAttempt.login == account.login)).all()
    assert len(attempts) == 1


def test_malformed_sign_in_is_refused_without_repeating_the_password(client: TestClient) -> None:
    for answer in (
        client.post("/masuk", json={"login": "x", "passwort": "geheim"}),
        client.post("/masuk", json=["geheim"]),
        client.post("/masuk", content=b"\xff\xfegeheim"),
        client.post("/masuk", json={"login": 5, "password": "geheim"}),
    ):
        assert answer.status_code == 422
        assert "geheim" not in answer.text


def test_sign_out_ends_the_cookie_on_the_server_too(client: TestClient, make_account: MakeAccount) -> None:
    csrf_token = sign_in(client, make_account())
    stolen = client.cookies["lumbung"]
    assert client.post("/keluar", headers={"x-csrf-token": csrf_token}).status_code == 204
    assert "lumbung" not in client.cookies
    assert client.get("/api/v1/me", headers={"cookie": f"lumbung={stolen}"}).status_code == 401


def test_another_sites_page_cannot_sign_somebody_out(client: TestClient, make_account: MakeAccount) -> None:
    sign_in(client, make_account())
    assert client.post("/keluar", headers={"origin": "https://evil.example"}).status_code == 403
    assert client.get("/api/v1/me").status_code == 200


def test_token_needs_no_csrf_and_is_refused_once_revoked(
    client: TestClient, make_account: MakeAccount, session: Session
) -> None:
    token = accounts.create_token(session, make_account(), name="x", now=datetime.now(UTC))
    session.commit()
    bearer = {"authorization": f"Bearer {token}", "origin": "https://evil.example"}
    assert client.post("/gate", headers=bearer).status_code == 200
    accounts.revoke_token(session, token, now=datetime.now(UTC))
    session.commit()
    assert client.post("/gate", headers=bearer).status_code == 401


def test_wrong_bearer_is_refused_although_a_good_cookie_comes_with_it(
    client: TestClient, make_account: MakeAccount
) -> None:
    sign_in(client, make_account())
    for bearer in ("lbg_made-up", "dev_made-up", "other", ""):
        assert client.get("/api/v1/me", headers={"authorization": f"Bearer {bearer}"}).status_code == 401


def test_disabled_account_is_refused_by_cookie_token_and_device_at_once(
    client: TestClient, make_account: MakeAccount, session: Session
) -> None:
    account = make_account()
    now = datetime.now(UTC)
    sign_in(client, account)
    token = accounts.create_token(session, account, name="x", now=now)
    _, credential = enrol_device(session, "phone", "HP", account.id, now=now)
    accounts.disable_account(session, account, now=now)
    session.commit()
    assert client.get("/api/v1/me").status_code == 401
    for bearer in (token, credential):
        assert client.get("/api/v1/me", headers={"authorization": f"Bearer {bearer}"}).status_code == 401


def test_role_without_the_permission_is_forbidden(client: TestClient, make_account: MakeAccount) -> None:
    csrf_token = sign_in(client, make_account("farmer"))
    assert client.post("/gate", headers={"x-csrf-token": csrf_token}).status_code == 403


def test_a_permission_that_does_not_exist_fails_at_import() -> None:
    with pytest.raises(ValueError, match="scan:gates"):
        allow("scan:gates")


def test_failing_request_changes_nothing(client: TestClient, make_account: MakeAccount, session: Session) -> None:
    account = make_account()
    csrf_token = sign_in(client, account)
    assert client.post("/rename", headers={"x-csrf-token": csrf_token}).status_code == 409
    session.refresh(account)
    assert account.name == "a hub_operator"


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


def test_sign_in_page_leads_on_to_where_one_wanted_to_go(client: TestClient, make_account: MakeAccount) -> None:
    page = client.get("/masuk?next=/konsol/label", headers=BROWSER)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert 'name="next" value="/konsol/label"' in page.text
    form = {"login": make_account().login, "password": PASSWORD, "next": "/konsol/label"}
    answer = client.post("/masuk", data=form, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/konsol/label")
    again = client.get("/masuk?next=//evil.example", headers=BROWSER)
    assert (again.status_code, again.headers["location"]) == (303, "/konsol")


def test_refused_form_says_so_keeps_the_login_and_never_the_password(client: TestClient) -> None:
    form = {"login": "pak <budi>", "password": "rahasia-sekali", "next": "https://evil.example"}
    answer = client.post("/masuk", data=form, headers=BROWSER)
    assert answer.status_code == 401
    assert "tidak cocok" in answer.text
    assert "pak &lt;budi&gt;" in answer.text
    assert "rahasia-sekali" not in answer.text
    assert "evil.example" not in answer.text


def test_too_many_attempts_say_when_to_come_back(client: TestClient) -> None:
    form = {"login": uuid4().hex, "password": "wrong"}
    for _ in range(5):
        assert client.post("/masuk", data=form, headers=BROWSER).status_code == 401
    answer = client.post("/masuk", data=form, headers=BROWSER)
    assert answer.status_code == 429
    assert 890 <= int(answer.headers["retry-after"]) <= 900
    assert "15 menit" in answer.text


def test_signing_out_from_a_page_leads_to_the_sign_in_page(client: TestClient, make_account: MakeAccount) -> None:
    csrf_token = sign_in(client, make_account())
    answer = client.post("/keluar", data={"csrf_token": csrf_token}, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/masuk")
    assert "lumbung" not in client.cookies


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


@pytest.mark.parametrize(
    ("address", "led_to"),
    [
        ("/konsol?tab=a&b=1#x", "/konsol?tab=a&b=1#x"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("konsol", "/"),
        ("", "/"),
        (None, "/"),
        ("/" + "a" * 3000, "/"),
    ],
)
def test_sign_in_leads_only_to_our_own_pages(address: str | None, led_to: str) -> None:
    assert safe_next(address) == led_to
