"""Tags over HTTP and from the command line: who may print whose, and that what is printed is what was given out."""

import io
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
import zxingcpp
from fastapi.testclient import TestClient
from PIL import Image
from sqlmodel import Session

from core.cluster import DatabaseUrls
from core.settings import ROOT
from tracking import tags
from tracking.gs1 import keys
from tracking.models import Party

BASE_URL = "http://127.0.0.1:8000"
TAG_KEY = "t" * 64
DOTS_PER_POINT: Any = 8 * 25.4 / 72  # 203 dpi; pypdfium2 says int and takes a float
_numbers = itertools.count(1)


@pytest.fixture
def party(session: Session) -> Party:
    number = next(_numbers)
    party = Party(
        gln=keys.gln("9520", number),
        name="Poktan Sri Rejeki",
        kind="farmer_group",
        province="Lampung",
        district="Lampung Tengah",
        gs1_prefix=f"952{number:06}",
    )
    session.add(party)
    session.commit()
    return party


Bearer = Callable[..., dict[str, str]]


def read_back(pdf: bytes) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.render(scale=DOTS_PER_POINT).to_pil().convert("1", dither=Image.Dither.NONE) for page in document]
    return [found.text for page in pages for found in zxingcpp.read_barcodes(page.convert("L"))]


def issue(client: TestClient, headers: dict[str, str], **body: Any) -> Any:
    answer = client.post("/api/v1/tags", json={"count": 3} | body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_head_gets_tags_of_the_group_and_prints_just_those(client: TestClient, bearer: Bearer, party: Party) -> None:
    head = bearer("group_head", party)
    told = issue(client, head)
    assert (told["count"], told["party_gln"], len(told["tags"])) == (3, party.gln, 3)
    assert told["tags"][0]["sscc"] == told["first_sscc"]
    assert told["tags"][0]["tail"] == keys.tail(told["first_sscc"])
    for link in told["links"].values():
        pdf = client.get(link, headers=head)
        assert pdf.headers["content-type"] == "application/pdf"
        assert sorted(read_back(pdf.content)) == sorted(tag["uri"] for tag in told["tags"])
    listed = client.get("/api/v1/tags", headers=head).json()
    assert [one["id"] for one in listed] == [told["id"]]


def test_qr_of_one_tag_reads_back_as_png_and_comes_as_svg(client: TestClient, bearer: Bearer, party: Party) -> None:
    head = bearer("group_head", party)
    tag = issue(client, head)["tags"][2]
    png = client.get(f"/api/v1/tags/{tag['sscc']}.png?module_px=4", headers=head)
    image = Image.open(io.BytesIO(png.content))
    assert image.mode == "1"
    assert [found.text for found in zxingcpp.read_barcodes(image.convert("L"))] == [tag["uri"]]
    svg = client.get(f"/api/v1/tags/{tag['sscc']}.svg", headers=head)
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.text.startswith("<svg ")


def test_printed_check_is_the_one_that_is_accepted(client: TestClient, bearer: Bearer, party: Party) -> None:
    tag = issue(client, bearer("group_head", party))["tags"][0]
    check = tag["uri"].partition("?c=")[2]
    assert tags.check_tag(tag["sscc"], check, TAG_KEY)


def test_another_groups_tags_are_not_there(client: TestClient, bearer: Bearer, party: Party, session: Session) -> None:
    told = issue(client, bearer("group_head", party))
    other = Party(
        gln=keys.gln("9520", next(_numbers)), name="Lain", kind="farmer_group", province="Lampung", district="Pringsewu"
    )
    session.add(other)
    session.commit()
    stranger = bearer("group_head", other)
    for address in (
        f"/api/v1/tags/{told['id']}.pdf",
        f"/api/v1/tags/{told['first_sscc']}.svg",
        f"/api/v1/tags/{told['first_sscc']}.png",
        f"/api/v1/tags/{uuid4()}.pdf",
        "/api/v1/tags/095200001000042179.png",
    ):
        assert client.get(address, headers=stranger).status_code == 404
    assert client.get("/api/v1/tags", headers=stranger).json() == []
    answer = client.post("/api/v1/tags", json={"count": 1, "party_gln": party.gln}, headers=stranger)
    assert answer.status_code == 403
    assert client.post("/api/v1/tags", json={"count": 1}, headers=stranger).status_code == 422  # no GS1 prefix


def test_administrator_issues_for_any_party_named(client: TestClient, bearer: Bearer, party: Party) -> None:
    administrator = bearer("administrator")
    assert issue(client, administrator, party_gln=party.gln)["party_gln"] == party.gln
    assert client.post("/api/v1/tags", json={"count": 1}, headers=administrator).status_code == 422
    unknown = client.post("/api/v1/tags", json={"count": 1, "party_gln": "9520000000004"}, headers=administrator)
    assert unknown.status_code == 404


@pytest.mark.parametrize("role", ["farmer", "driver", "hub_operator", "warehouse_operator", "officer", "observer"])
def test_other_roles_neither_issue_nor_print(client: TestClient, bearer: Bearer, party: Party, role: str) -> None:
    headers = bearer(role, party)
    assert client.post("/api/v1/tags", json={"count": 1}, headers=headers).status_code == 403
    assert client.get("/api/v1/tags", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "body", [{"count": 0}, {"count": 1001}, {"count": True}, {"count": "3"}, {}, {"count": 1, "x": 1}]
)
def test_senseless_wish_is_refused_with_the_field(
    client: TestClient, bearer: Bearer, party: Party, body: dict[str, Any]
) -> None:
    answer = client.post("/api/v1/tags", json=body, headers=bearer("group_head", party))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def run(urls: DatabaseUrls, data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "LUMBUNG_DATA": str(data_dir),
        "LUMBUNG_DATABASE_URL": urls.owner,
        "LUMBUNG_APP_DATABASE_URL": urls.app,
        "LUMBUNG_TAG_KEY": TAG_KEY,
        "LUMBUNG_SECRET_KEY": "s" * 64,
    }
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=120, check=False)


def test_labels_command_writes_what_can_be_read_and_prints_again(
    module_database: DatabaseUrls, tmp_path: Path, party: Party, session: Session
) -> None:
    file = tmp_path / "labels.pdf"
    done = run(
        module_database, tmp_path, "labels", "--party", party.gln, "--count", "4", "--format", "a4", "--out", str(file)
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    [(given, _)] = tags.ranges(session, party_id=party.id)
    assert sorted(read_back(file.read_bytes())) == sorted(tag.uri for tag in tags.tags_of(given, BASE_URL, TAG_KEY))
    again = run(module_database, tmp_path, "labels", "--range", str(given.id), "--format", "a4", "--out", "-")
    assert again.stdout == file.read_bytes()


def test_labels_for_an_unknown_party_fail_in_words_and_write_nothing(
    module_database: DatabaseUrls, tmp_path: Path
) -> None:
    file = tmp_path / "labels.pdf"
    done = run(module_database, tmp_path, "labels", "--party", "9520000000004", "--out", str(file))
    assert done.returncode == 1
    assert b"no party with GLN" in done.stderr
    assert b"Traceback" not in done.stderr
    assert not file.exists()


def test_token_command_prints_a_token_that_works_and_nothing_else(
    client: TestClient, module_database: DatabaseUrls, tmp_path: Path, party: Party
) -> None:
    made = run(
        module_database, tmp_path, "token", "create", "--role", "partner", "--name", "JAKI", "--party", party.gln
    )
    assert made.returncode == 0, made.stderr
    [token] = made.stdout.decode().splitlines()
    headers = {"authorization": f"Bearer {token}"}
    me = client.get("/api/v1/me", headers=headers).json()
    assert (me["role"], me["name"], me["party_id"]) == ("partner", "JAKI", str(party.id))
    assert run(module_database, tmp_path, "token", "revoke", token).returncode == 0
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    assert run(module_database, tmp_path, "token", "revoke", token).returncode == 1


def test_token_for_an_unknown_role_fails_in_words(module_database: DatabaseUrls, tmp_path: Path) -> None:
    done = run(module_database, tmp_path, "token", "create", "--role", "king")
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"no such role" in done.stderr
