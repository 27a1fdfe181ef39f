"""Who is asking, over HTTP: cookies, tokens, devices, forged requests, permissions."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from api.dependencies import OptionalViewerDep, SessionDep, Viewer, allow
from api.security import safe_next
from core import accounts
from core.accounts import Account
from core.errors import Conflict
from core.settings import Settings
from tracking.devices import enrol_device

PASSWORD = "gabah kering giling"
BROWSER = {"accept": "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin"}


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    """With two doors more: one for hub operators, and one that changes a row and then fails."""

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


MakeAccount = Callable[..., Account]


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


def test_real_work_gives_no_plain_cookie_to_another_machine(
    app: FastAPI, settings: Settings, make_account: MakeAccount
) -> None:
    changes = {"demo": False, "public_base_url": "https://lumbung.example"}
    app.state.settings = settings.model_copy(update=changes)
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
