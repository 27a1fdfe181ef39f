"""The console over HTTP: who opens which page, the board follows the scans, findings are settled, things are found."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from api.app import create_app
from core import database
from core.accounts import Account
from core.cluster import DatabaseUrls
from core.credentials import csrf_token
from core.database import raw
from core.settings import Settings
from hubs import board
from hubs.models import Sailing
from tests.corridor_stage import BANANA, MARUNDA, OTHER_TRUCK, PANJANG, PRIOK, TRUCK, VESSEL, Stage
from tracking.models import Carrier, Site

BROWSER = {"accept": "text/html", "sec-fetch-site": "same-origin"}


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


class Desk(TestClient):
    """A signed-in browser."""

    def __init__(self, stage: Stage, account: Account | None) -> None:
        super().__init__(
            create_app(stage.settings, stage.engine),
            base_url="http://127.0.0.1:8000",
            headers=BROWSER,
            follow_redirects=False,
        )
        if account is not None:
            token = stage.cookie(account)
            self.cookies.set("lumbung", token)
            self.csrf = csrf_token(stage.settings.secret_key, token)

    def text(self, path: str) -> str:
        """A page's words, without its marks."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture(scope="module")
def operator(stage: Stage) -> Desk:
    return Desk(stage, stage.account("hub_operator", site_gln=PANJANG))


@pytest.fixture(scope="module")
def storekeeper(stage: Stage) -> Desk:
    return Desk(stage, stage.account("warehouse_operator", site_gln=MARUNDA))


@pytest.fixture(scope="module")
def officer(stage: Stage) -> Desk:
    return Desk(stage, stage.account("officer"))


@pytest.fixture(scope="module")
def administrator(stage: Stage) -> Desk:
    return Desk(stage, stage.account("administrator"))


# --- who opens what


def test_a_stranger_is_sent_to_sign_in_and_comes_back(stage: Stage) -> None:
    answer = Desk(stage, None).get(f"/konsol/hub/{PANJANG}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/masuk?next=/konsol/hub/{PANJANG}"


@pytest.mark.parametrize("role", ["farmer", "driver"])
def test_who_works_on_a_phone_is_sent_there(stage: Stage, role: str) -> None:
    party, _ = stage.farm()
    desk = Desk(stage, stage.account(role, party_gln=party.gln))
    assert desk.get("/konsol").headers["location"] == "/tani"
    assert desk.get("/konsol/temuan").status_code == 403
    assert desk.get(f"/konsol/hub/{PANJANG}").status_code == 403


PAGES = {
    "hub": f"/konsol/hub/{PANJANG}",
    "other hub": f"/konsol/hub/{PRIOK}",
    "stock": f"/konsol/gudang/{MARUNDA}",
    "findings": "/konsol/temuan",
    "shipments": "/konsol/pengiriman",
    "labels": "/konsol/label",
    "search": "/konsol/cari?q=lahan",
}


@pytest.mark.parametrize(
    ("role", "opens"),
    [
        ("operator", {"hub", "findings", "shipments", "search"}),
        ("storekeeper", {"stock", "findings", "shipments", "search"}),
        ("officer", {"hub", "other hub", "stock", "findings", "shipments", "search"}),
        ("administrator", set(PAGES)),
    ],
)
def test_each_role_opens_what_its_work_needs(role: str, opens: set[str], request: pytest.FixtureRequest) -> None:
    desk: Desk = request.getfixturevalue(role)
    assert desk.get("/konsol").status_code == 200
    answered = {name: desk.get(path).status_code for name, path in PAGES.items()}
    assert answered == {name: 200 if name in opens else 403 for name in PAGES}


def test_a_group_head_prints_labels_of_the_own_group_only(stage: Stage) -> None:
    own, _ = stage.farm(0)
    other, _ = stage.farm(1)
    stage.labels(own, 3)
    stage.labels(other, 3)
    text = Desk(stage, stage.account("group_head", party_gln=own.gln)).text("/konsol/label")
    assert own.name in text
    assert other.name not in text


def test_an_observer_sees_no_keys(stage: Stage) -> None:
    desk = Desk(stage, stage.account("observer"))
    assert "angka tanpa nama" in desk.text("/konsol")
    assert 'role="search"' not in desk.get("/konsol").text
    assert {desk.get(path).status_code for path in PAGES.values()} == {403}


@pytest.fixture(scope="module")
def observer(stage: Stage) -> Desk:
    return Desk(stage, stage.account("observer"))


@pytest.mark.parametrize("page", ["/konsol", "/konsol/harga"])
def test_navigation_leads_nobody_to_a_closed_door(page: str, request: pytest.FixtureRequest) -> None:
    for role in ("operator", "storekeeper", "officer", "administrator", "observer"):
        desk: Desk = request.getfixturevalue(role)
        addresses = set(re.findall(r'href="(/konsol[^"#]*)"', desk.get(page).text))
        addresses = {a for a in addresses if "lang=" not in a and "theme=" not in a}
        closed = {a for a in addresses if desk.get(a.replace("&amp;", "&")).status_code not in (200, 303)}
        assert not closed, role


def test_the_station_stands_beside_the_board_of_those_who_scan(operator: Desk, officer: Desk) -> None:
    assert "data-station" in operator.get(PAGES["hub"]).text
    assert "data-station" not in officer.get(PAGES["hub"]).text
    assert operator.get("/konsol/pindai").headers["location"] == PAGES["hub"]


# --- the board


def row_of(desk: Desk, truck: str) -> str:
    """The words of a truck's row on the board of Panjang, "" where it has none."""
    fragment = desk.get(f"/konsol/hub/{PANJANG}/papan").text
    rows = re.findall(r"<tr data-giai=.*?</tr>", fragment, re.DOTALL)
    texts = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in rows]
    return next((text for text in texts if truck in text), "")


def test_a_trucks_row_follows_its_scans(stage: Stage, operator: Desk) -> None:
    sacks = stage.harvest(4)
    gsin = stage.plan(4)
    place = {"site": PANJANG, "carrier": TRUCK, "shipment": gsin}
    assert "Tiba" in row_of(operator, TRUCK)
    stage.load_truck(sacks, gsin)
    assert "Tiba" in row_of(operator, TRUCK)
    stage.must({"step": "arriving", "at": -0.5, **place})
    assert "Gerbang" in row_of(operator, TRUCK)
    assert "200 kg" in row_of(operator, TRUCK)
    for number, sack in enumerate(sacks[:3]):
        stage.must(
            {
                "step": "inspecting",
                "at": -0.4 + number / 100,
                "site": PANJANG,
                "tags": [sack.uri],
                "result": "conformant",
            }
        )
    assert "Periksa" in row_of(operator, TRUCK)
    assert "3 dari 4 diperiksa" in row_of(operator, TRUCK)
    stage.must({"step": "inspecting", "at": -0.3, "result": "conformant", **place})
    assert "Lapangan" in row_of(operator, TRUCK)
    assert "Kurang 1 karung" in row_of(operator, TRUCK)
    stage.must({"step": "loading", "at": -0.2, "site": PANJANG, "carrier": VESSEL, "carriers": [TRUCK]})
    assert row_of(operator, TRUCK) == ""


def test_a_truck_held_at_inspection_says_so_and_one_without_papers_names_them(stage: Stage, operator: Desk) -> None:
    sacks = stage.harvest(2, gtin=BANANA, farm=2, kg=20)
    gsin = stage.plan(2, truck=OTHER_TRUCK, farm=2, product_gtin=BANANA, papers=[])
    stage.load_truck(sacks, gsin, truck=OTHER_TRUCK, farm=2)
    place = {"site": PANJANG, "carrier": OTHER_TRUCK, "shipment": gsin}
    stage.must({"step": "arriving", "at": -0.5, **place})
    assert "0/1" in row_of(operator, OTHER_TRUCK)
    assert "Karantina tumbuhan belum ada" in row_of(operator, OTHER_TRUCK)
    stage.must({"step": "inspecting", "at": -0.4, "result": "non_conformant", **place})
    assert "Periksa" in row_of(operator, OTHER_TRUCK)
    assert "Ditahan" in row_of(operator, OTHER_TRUCK)


def test_trucks_stand_under_the_sailing_they_are_booked_on(stage: Stage, operator: Desk) -> None:
    with Session(stage.engine) as session:
        glns = {site.gln: site.id for site in session.exec(select(Site))}
        vessel = session.exec(select(Carrier).where(Carrier.name == "KM Teluk Kencana")).one()
        leaves = stage.now + timedelta(hours=3)
        session.add(
            Sailing(
                giai=vessel.giai,
                from_site_id=glns[PANJANG],
                to_site_id=glns[PRIOK],
                cut_off_at=leaves - timedelta(minutes=45),
                departs_at=leaves,
                arrives_at=leaves + timedelta(hours=10),
                capacity=12,
            )
        )
        session.commit()
        stage.plan(3, truck="BE 8383 LMC", vessel="KM Teluk Kencana", farm=3)
        told = board.board(raw(session), glns[PANJANG], now=stage.now)
    group = told["groups"][0]
    assert group["kind"] == "sailing"
    assert [row["carrier"] for row in group["rows"]] == ["BE 8383 LMC"]
    assert (group["sailing"]["booked"], group["sailing"]["capacity"]) == (1, 12)
    assert "1 dari 12 dipesan" in operator.text(f"/konsol/hub/{PANJANG}/papan")


# --- stock


def test_stock_shows_what_was_received_first_expired_first(stage: Stage, storekeeper: Desk) -> None:
    late = stage.harvest(2, at=-50, farm=4)
    soon = stage.harvest(2, at=-900, farm=4)
    for number, sacks in enumerate((late, soon)):
        tags = [sack.uri for sack in sacks]
        stage.must({"step": "accepting", "at": -10 + number, "site": MARUNDA, "tags": tags})
    stage.must({"step": "storing", "at": -5, "site": MARUNDA, "tags": [soon[0].uri, soon[1].uri], "room": "K1"})
    lots = {
        sack.sscc: stage.rows("SELECT lot_uri FROM epc_state WHERE epc LIKE %s", f"%/{sack.sscc}")[0]["lot_uri"]
        for sack in (late[0], soon[0])
    }
    text = storekeeper.text(PAGES["stock"])
    first, second = (lots[sscc].rpartition("/")[2] for sscc in (soon[0].sscc, late[0].sscc))
    assert text.index(first) < text.index(second)
    assert "belum disimpan" in text
    stage.must({"step": "holding", "at": -4.5, "site": MARUNDA, "tags": [soon[0].uri], "reason": "kadar air 15,2 %"})
    assert "Ditahan 1 karung" in storekeeper.text(PAGES["stock"])
    stage.must({"step": "holding", "at": -4, "site": MARUNDA, "lot": lots[soon[0].sscc], "reason": "kadar air 15,2 %"})
    assert "Ditahan" in storekeeper.text(PAGES["stock"]).replace("Ditahan 1 karung", "")


# --- findings


def open_finding(stage: Stage) -> str:
    """A sack sold twice, at Panjang; the finding's id."""
    sack = stage.harvest(1, farm=5)[0]
    sold = {"step": "retail_selling", "site": PANJANG, "tags": [sack.uri]}
    stage.must({"at": -10, **sold}, {"at": -5, **sold})
    return str(stage.rows("SELECT id FROM finding WHERE kind = 'already_sold' AND closed_at IS NULL")[0]["id"])


def test_a_finding_is_closed_with_a_reason_by_those_of_its_site(
    stage: Stage, operator: Desk, storekeeper: Desk
) -> None:
    finding = open_finding(stage)
    address = f"/konsol/temuan/{finding}/tutup"
    assert finding in operator.get("/konsol/temuan").text
    assert finding not in storekeeper.get("/konsol/temuan").text
    form = {"reason": "", "more": "", "back": "/konsol/temuan?kind=already_sold"}
    assert operator.post(address, data=form).status_code == 403  # without the page's token
    refused = operator.post(address, data=form | {"csrf_token": operator.csrf})
    assert refused.status_code == 422
    assert "tulis sebabnya" in refused.text
    told = form | {"csrf_token": operator.csrf, "reason": "Karung disisihkan", "more": "di gerbang 2"}
    assert operator.post(address, data=told).headers["location"] == form["back"]
    assert finding not in operator.get("/konsol/temuan").text
    assert "Karung disisihkan. di gerbang 2" in operator.text("/konsol/temuan?closed=true")
    assert operator.post(address, data=told).status_code == 409
    foreign = storekeeper.post(address, data=told | {"csrf_token": storekeeper.csrf})
    assert foreign.status_code == 404


def test_closing_leads_back_into_the_console_only(stage: Stage, operator: Desk) -> None:
    form = {"csrf_token": operator.csrf, "reason": "Salah pindai", "back": "https://elsewhere.example/"}
    answer = operator.post(f"/konsol/temuan/{open_finding(stage)}/tutup", data=form)
    assert answer.headers["location"] == "/konsol/temuan"


def test_the_dashboard_names_each_finding_with_its_verb(stage: Stage, operator: Desk) -> None:
    open_finding(stage)
    text = operator.text("/konsol")
    assert "Sudah terjual" in text
    assert "Tahan, cari label kembarnya" in text


# --- stories and search


def test_a_sack_is_found_by_its_number_its_tail_its_lot_and_as_scanned(stage: Stage, administrator: Desk) -> None:
    sack = stage.harvest(1, farm=6)[0]
    address = f"/konsol/unit/{sack.sscc}"
    for query in (sack.sscc, f"(00){sack.sscc}", sack.uri):
        assert administrator.get("/konsol/cari", params={"q": query}).headers["location"] == address, query
    tail = f"{sack.sscc[-5:-1]} {sack.sscc[-1]}"
    found = administrator.get("/konsol/cari", params={"q": tail})
    assert sack.sscc in found.text + found.headers.get("location", "")
    lot = stage.rows("SELECT lot_uri FROM epc_state WHERE epc LIKE %s", f"%/{sack.sscc}")[0]["lot_uri"]
    found = administrator.get("/konsol/cari", params={"q": lot.rpartition("/")[2]})
    assert found.headers["location"].startswith("/konsol/lot/")
    assert TRUCK in administrator.text("/konsol/cari?q=be8298")
    assert "Gudang Bersama Marunda" in administrator.text("/konsol/cari?q=gudang")
    assert administrator.get("/konsol/cari?q=panjang").headers["location"] == f"/konsol/hub/{PANJANG}"
    assert "Tidak ada yang cocok" in administrator.text("/konsol/cari?q=%25%5C_%27")


def test_who_has_no_part_in_a_sack_neither_finds_nor_opens_it(stage: Stage, storekeeper: Desk, operator: Desk) -> None:
    sack = stage.harvest(1, farm=7)[0]
    assert storekeeper.get(f"/konsol/unit/{sack.sscc}").status_code == 404
    assert "Tidak ada yang cocok" in storekeeper.text(f"/konsol/cari?q={sack.sscc}")
    stage.must({"step": "inspecting", "at": -1, "site": PANJANG, "tags": [sack.uri], "result": "conformant"})
    assert "Diperiksa" in operator.text(f"/konsol/unit/{sack.sscc}")
    assert storekeeper.get(f"/konsol/unit/{sack.sscc}").status_code == 404


def test_who_keeps_a_part_of_a_lot_opens_it_and_sees_that_part_alone(
    stage: Stage, storekeeper: Desk, operator: Desk, administrator: Desk
) -> None:
    kept, elsewhere = stage.harvest(2, at=-40, farm=6)
    stage.must({"step": "accepting", "at": -3, "site": MARUNDA, "tags": [kept.uri]})
    stock = storekeeper.get(PAGES["stock"]).text
    lot_uri = stage.rows("SELECT lot_uri FROM epc_state WHERE epc LIKE %s", f"%/{kept.sscc}")[0]["lot_uri"]
    address = "/konsol/lot/" + lot_uri.partition("/01/")[2].replace("/10/", "/")
    assert address in stock
    page = storekeeper.get(address)
    assert page.status_code == 200
    assert (kept.sscc in page.text, elsewhere.sscc in page.text) == (True, False)
    assert "Sandi catatan" not in page.text
    assert "Sandi catatan" in administrator.get(address).text
    assert operator.get(address).status_code == 404


def test_a_sacks_page_tells_every_record_where_it_is_and_what_did_not_fit(stage: Stage, administrator: Desk) -> None:
    sacks = stage.harvest(1, farm=8)
    gsin = stage.plan(1, truck="BE 8436 LMC", farm=8)
    stage.load_truck(sacks, gsin, truck="BE 8436 LMC", farm=8)
    text = administrator.text(f"/konsol/unit/{sacks[0].sscc}")
    for said in ("Ditandai", "Dimuat", "Berangkat", "Sekarang di dalam", "BE 8436 LMC"):
        assert said in text
    shipment = administrator.text(f"/konsol/pengiriman/{gsin}")
    for said in ("BE 8436 LMC", VESSEL, "Surat jalan SJ-0001", "1 tercatat, 1 direncanakan", "Di jalan"):
        assert said in shipment
    assert administrator.get("/konsol/unit/123").status_code == 404
    assert administrator.get("/konsol/pengiriman/95200000000000000").status_code == 404


def test_labels_are_given_out_and_stand_on_top_ready_to_print(stage: Stage, administrator: Desk) -> None:
    party, _ = stage.farm(9)
    form = {"csrf_token": administrator.csrf, "party_gln": party.gln, "count": "12"}
    answer = administrator.post("/konsol/label", data=form)
    page = administrator.get(answer.headers["location"]).text
    new = re.search(r'<tr class="on">.*?</tr>', page, re.DOTALL)
    assert new is not None
    assert party.name in new.group()
    pdf = re.search(r'href="(/api/v1/tags/[^"]+format=a4)"', new.group())
    assert pdf is not None
    assert administrator.get(pdf.group(1)).headers["content-type"] == "application/pdf"
    for count in ("0", "1001", "", "dua", "-1"):
        refused = administrator.post("/konsol/label", data=form | {"count": count})
        assert refused.status_code == 422, count
        assert "Tulis angka dari 1 sampai 1.000" in refused.text


def test_pages_speak_english_too(administrator: Desk) -> None:
    for path in ("/konsol", *PAGES.values()):
        answer = (
            administrator.get(path, params={"lang": "en"}) if "?" not in path else administrator.get(path + "&lang=en")
        )
        assert answer.status_code == 200
        assert '<html lang="en"' in answer.text
    administrator.cookies.delete("lang")
