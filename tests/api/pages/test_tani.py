"""The farmer's pages over HTTP: whose data they hold, what the plain form records, what the phone is given to keep."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from api.corridor import load
from api.pages import tani
from core import database
from core.accounts import Account
from core.identifiers import uuid7
from core.settings import Settings
from tests.browser.stage import bundle
from tracking import people, tags
from tracking.corridor import lampung_jakarta
from tracking.gs1 import keys
from tracking.harvests import Load, Sack
from tracking.models import Party, Site
from tracking.tags import Tag

PASSWORD = "gabah kering giling"
PAGES = ("/tani", "/tani/pindai", "/tani/panen", "/tani/muat", "/tani/bantuan")
BROWSER = {"accept": "text/html", "sec-fetch-site": "same-origin"}
CORN = "09520000100117"


@dataclass
class Farmer:
    """Somebody signed in, the group, its first farm, three blank labels."""

    account: Account
    group: Party
    farm: Site
    labels: list[Tag]


@pytest.fixture(scope="module", autouse=True)
def corridor(engine: Engine) -> None:
    bundle()
    with Session(engine) as session:
        load(session, lampung_jakarta())
        session.commit()


@pytest.fixture
def farmer(client: TestClient, session: Session, settings: Settings, make_account: Callable[..., Account]) -> Farmer:
    account = make_account("farmer")
    groups = session.exec(select(Party).where(Party.kind == "farmer_group").order_by(col(Party.gln))).all()
    group = groups[0]
    farm = session.exec(
        select(Site).where(Site.party_id == group.id, Site.kind == "farm").order_by(col(Site.uri))
    ).all()[0]
    people.join(session, account.id, group.id, farm.id)
    issued = tags.issue(session, group, 3, datetime.now(UTC))
    session.commit()
    assert client.post("/masuk", json={"login": account.login, "password": PASSWORD}).status_code == 200
    return Farmer(account, group, farm, tags.tags_of(issued, settings.public_base_url, settings.tag_key))


def form_of(page: str) -> dict[str, str]:
    """The hidden fields of the plain form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def fill(client: TestClient, **fields: str) -> Any:
    form = form_of(client.get("/tani/panen", headers=BROWSER).text)
    return client.post("/tani/panen", data={**form, **fields}, headers=BROWSER)


def count(session: Session, sscc: str) -> int:
    sql = "SELECT count(*) AS n FROM event_epc WHERE epc = %s"
    found = database.one(database.raw(session), sql, (f"https://id.gs1.org/00/{sscc}",))
    assert found is not None
    return int(found["n"])


@pytest.mark.parametrize("path", PAGES)
def test_page_without_a_sign_in_leads_to_the_sign_in_page_and_back(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/masuk?next={path}"


@pytest.mark.parametrize("path", PAGES)
def test_page_of_somebody_is_kept_by_no_cache(client: TestClient, farmer: Farmer, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert str(farmer.account.id) in answer.text


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("kind", ["beranda", "pindai", "panen", "muat", "bantuan"])
def test_shell_holds_nobodys_data_even_where_somebody_asks(
    client: TestClient, farmer: Farmer, kind: str, language: str
) -> None:
    answer = client.get(f"/tani/cangkang/{kind}/{language}", headers=BROWSER)
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    assert 'data-account="" data-csrf=""' in answer.text
    assert str(farmer.account.id) not in answer.text
    assert "csrf_token" not in answer.text
    assert farmer.group.village not in answer.text
    assert "set-cookie" not in answer.headers


def test_unknown_shell_is_not_found(client: TestClient) -> None:
    assert client.get("/tani/cangkang/konsol/id").status_code == 404
    assert client.get("/tani/cangkang/muat/fr").status_code == 404


def test_worker_names_every_file_of_the_shell_and_changes_with_them(client: TestClient) -> None:
    answer = client.get("/tani/pekerja.js")
    assert answer.headers["service-worker-allowed"] == "/tani"
    assert answer.headers["content-type"].startswith("text/javascript")
    told = json.loads(answer.text.removeprefix("self.LUMBUNG=").split(";\n", 1)[0])
    assert re.fullmatch(r"[0-9a-f]{16}", told["version"])
    assert set(told["shells"]) == {"beranda", "pindai", "panen", "muat", "bantuan"}
    assert sum("chunk-" in file for file in told["files"]) >= 5
    for file in told["files"]:
        assert client.get(file).status_code == 200, file


def test_manifest_makes_it_installable(client: TestClient) -> None:
    told = client.get("/tani/manifest.webmanifest").json()
    assert (told["start_url"], told["scope"], told["display"]) == ("/tani", "/tani", "standalone")
    assert client.get(told["icons"][0]["src"]).status_code == 200


def test_provisions_are_what_this_person_needs_and_no_more(client: TestClient, farmer: Farmer) -> None:
    answer = client.get("/tani/bekal")
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["account"] == str(farmer.account.id)
    assert told["own_farm"] == farmer.farm.uri
    assert {farm["uri"] for farm in told["farms"]} >= {farmer.farm.uri}
    assert "Beras medium" not in {product["name_id"] for product in told["products"]}
    assert next(product["unit_kg"] for product in told["products"] if product["gtin"] == CORN) == 50.0
    serial = int(farmer.labels[0].sscc[11:17])
    assert any(given["first"] <= serial <= given["last"] for given in told["ranges"])


def test_plain_form_records_one_sack_once_however_often_it_is_pressed(
    client: TestClient, session: Session, farmer: Farmer
) -> None:
    form = form_of(client.get("/tani/panen", headers=BROWSER).text)
    sack = {**form, "tag": farmer.labels[0].sscc, "gtin": CORN, "quantity_kg": "48,5", "site": farmer.farm.uri}
    saved = f"/tani/panen?tersimpan={farmer.labels[0].sscc}"
    for _ in range(2):
        answer = client.post("/tani/panen", data=sack, headers=BROWSER)
        assert (answer.status_code, answer.headers["location"]) == (303, saved)
    assert "tersimpan." in client.get(saved, headers=BROWSER).text
    state = database.one(
        database.raw(session),
        "SELECT quantity_kg, record_count FROM epc_state WHERE epc = %s",
        (f"https://id.gs1.org/00/{farmer.labels[0].sscc}",),
    )
    assert state is not None
    assert (str(state["quantity_kg"]), state["record_count"]) == ("48.500", 1)


def test_plain_form_says_what_to_mend_and_keeps_what_was_typed(
    client: TestClient, session: Session, farmer: Farmer
) -> None:
    answer = fill(client, tag="123", gtin="", quantity_kg="berat")
    assert answer.status_code == 422
    for words in ("Nomor label belum cocok", "Pilih isi karung", "Isi berat dalam kg"):
        assert words in answer.text
    assert 'value="berat"' in answer.text
    for weight in ("0", "-5", "NaN", "1e9"):
        assert fill(client, tag=farmer.labels[0].sscc, gtin=CORN, quantity_kg=weight).status_code == 422
    assert count(session, farmer.labels[0].sscc) == 0


def test_plain_form_without_its_token_is_refused(client: TestClient, session: Session, farmer: Farmer) -> None:
    sack = {"scan_id": str(uuid7()), "tag": farmer.labels[0].sscc, "gtin": CORN, "quantity_kg": "50"}
    assert client.post("/tani/panen", data=sack, headers=BROWSER).status_code == 403
    assert count(session, farmer.labels[0].sscc) == 0


def test_used_and_foreign_labels_are_refused_in_plain_words(
    client: TestClient, session: Session, farmer: Farmer
) -> None:
    assert fill(client, tag=farmer.labels[0].sscc, gtin=CORN, quantity_kg="50").status_code == 303
    again = fill(client, tag=farmer.labels[0].sscc, gtin=CORN, quantity_kg="50")
    assert again.status_code == 422
    assert re.search(r"Label ini sudah dipakai pada \d+ \w+\. Pakai label lain\.", again.text)
    others = session.exec(select(Party).where(Party.kind == "farmer_group").order_by(col(Party.gln))).all()[1]
    foreign = tags.ssccs(tags.issue(session, others, 1, datetime.now(UTC)))[0]
    session.commit()
    refused = fill(client, tag=foreign, gtin=CORN, quantity_kg="50")
    assert "Label ini milik kelompok lain." in refused.text
    assert count(session, foreign) == 0


def test_label_tells_what_it_is_worth_before_it_is_used(client: TestClient, session: Session, farmer: Farmer) -> None:
    fresh, used = farmer.labels[0], farmer.labels[1]
    check = fresh.uri.rpartition("=")[2]
    assert client.get(f"/tani/label/{fresh.sscc}?c={check}").json() == {"state": "new"}
    assert client.get(f"/tani/label/{fresh.sscc}").json() == {"state": "new"}
    assert client.get(f"/tani/label/{fresh.sscc}?c=00000000").json() == {"state": "fake"}
    never_given = keys.sscc(9, farmer.group.gs1_prefix or "", 999_999)
    assert client.get(f"/tani/label/{never_given}").json() == {"state": "unknown"}
    assert client.get("/tani/label/123").status_code == 404
    fill(client, tag=used.sscc, gtin=CORN, quantity_kg="50")
    told = client.get(f"/tani/label/{used.sscc}").json()
    assert (told["state"], told["own"]) == ("used", True)


def test_home_shows_the_groups_sacks(client: TestClient, farmer: Farmer) -> None:
    fill(client, tag=farmer.labels[0].sscc, gtin=CORN, quantity_kg="50")
    text = unescape(client.get("/tani", headers=BROWSER).text)
    assert re.search(r"\d+ karung jagung Anda di kebun", text)
    assert farmer.labels[0].sscc[-5:-1] in text
    english = unescape(client.get("/tani?lang=en", headers=BROWSER).text)
    assert re.search(r"Your \d+ sacks? of corn (is|are) at the farm", english)


def test_driver_sees_a_page_but_harvests_nothing(client: TestClient, make_account: Callable[..., Account]) -> None:
    driver = make_account("driver")
    client.post("/masuk", json={"login": driver.login, "password": PASSWORD})
    home = client.get("/tani", headers=BROWSER)
    assert home.status_code == 200
    assert "Pindai label" not in home.text.split("<template")[0]
    assert client.get("/tani/panen", headers=BROWSER).status_code == 403


@pytest.mark.parametrize(
    ("stage", "reached", "now"),
    [
        ("farm", 0, "Kebun"),
        ("hub", 1, "Panjang"),
        ("sea", 2, "Laut"),
        ("warehouse", 4, "Gudang"),
        ("market", 5, "Pasar"),
    ],
)
def test_seam_is_sewn_as_far_as_the_sacks_have_come(stage: Any, reached: int, now: str) -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    sack = Sack("0", CORN, "corn", "Jagung", "Maize", None, None, moment, stage, None, None, None, moment)
    places = tani.seam_of(Load("corn", stage, None, None, (sack,), moment), ("Hub Panjang", "Hub Tanjung Priok"), "id")
    assert [place["name"] for place in places] == ["Kebun", "Panjang", "Laut", "Priok", "Gudang", "Pasar"]
    assert [place["state"] for place in places].count("reached") == reached
    assert [place["name"] for place in places if place["state"] == "now"] == [now]


def test_on_the_road_the_gold_knot_travels_between_farm_and_hub() -> None:
    load = Load("corn", "road", None, None, (), None, sailed=0.25)
    places = tani.seam_of(load, ("Hub Panjang", "Hub Tanjung Priok"), "id")
    assert [(place["name"], place["state"]) for place in places[:3]] == [
        *(("Kebun", "reached"), ("", "now"), ("Panjang", "next"))
    ]
