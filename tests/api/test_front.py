"""The front page sends everybody on, and the API's operations are listed without anybody else's script."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session

from core import accounts
from core.accounts import Account

PERSON = {"accept": "text/html"}
LABEL = "095200002000018416"


def test_a_stranger_may_type_a_labels_number_or_sign_in(client: TestClient) -> None:
    answer = client.get("/", headers=PERSON)
    assert answer.status_code == 200
    assert 'name="nomor"' in answer.text
    assert 'href="/masuk"' in answer.text


@pytest.mark.parametrize(
    "typed", [LABEL, "0 952000020 0001841 6", f"(00) {LABEL}", " (00) 0 952000020 0001841 6 ", f"00{LABEL}"]
)
def test_a_number_typed_as_printed_opens_its_label(client: TestClient, typed: str) -> None:
    answer = client.get("/", params={"nomor": typed}, headers=PERSON)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/00/{LABEL}")


@pytest.mark.parametrize("typed", ["1841 6", "095200002000018417", "abc", "١٢٣", "<b>"])
def test_a_number_that_cannot_be_one_stays_and_says_what_to_do(client: TestClient, typed: str) -> None:
    answer = client.get("/", params={"nomor": typed}, headers=PERSON)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "<b>" not in re.sub(r"<b>[^<]*</b>", "", answer.text)


@pytest.mark.parametrize(("role", "home"), [("group_head", "/tani"), ("driver", "/tani"), ("observer", "/konsol")])
def test_who_is_signed_in_goes_on_to_work(
    client: TestClient, session: Session, make_account: Callable[..., Account], role: str, home: str
) -> None:
    client.cookies.set("lumbung", accounts.sign_in(session, make_account(role), now=datetime.now(UTC)))
    session.commit()
    assert client.get("/", headers=PERSON).headers["location"] == home


def test_every_operation_is_listed_and_nothing_comes_from_elsewhere(client: TestClient) -> None:
    text = client.get("/docs", headers=PERSON).text
    paths = client.get("/openapi.json").json()["paths"]
    assert all(f"<b>{path}</b>" in text for path in paths)
    assert "<script" not in text
    assert not re.findall(r'(?:src|href)="https?:', text)
