"""What a label is worth, from real scans: every verdict with its words, and the whole history as EPCIS."""

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from core.cluster import DatabaseUrls
from tests import journeys
from tests.journeys import BROWSER, FARM, World, path_of, told
from tracking.epcis.document import validate
from tracking.tags import Tag


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    with journeys.running(module_database) as world:
        yield world


@pytest.fixture
def client(world: World) -> TestClient:
    """A stranger: nothing remembered from the test before."""
    world.client.cookies.clear()
    return world.client


@pytest.fixture(scope="module")
def rice(world: World) -> Tag:
    return world.rice_by_sea()


def verdict_of(client: TestClient, tag: Tag) -> tuple[str, list[str]]:
    verdict = told(client, path_of(tag))["verdict"]
    return verdict["state"], [reason["kind"] for reason in verdict["reasons"]]


# --- verdicts, each from real scans ----------------------------------------------------------------------------------


def test_whole_journey_is_consistent(client: TestClient, rice: Tag) -> None:
    story = told(client, path_of(rice))
    assert story["verdict"]["state"] == "consistent"
    assert story["check"] == "right"
    assert [stop["step"] for stop in story["journey"]] == [
        *("harvested", "processed", "checked", "sea", "checked", "stored", "shelved")
    ]
    assert story["price"]["reference"]["price_idr_kg"] == 13500
    page = client.get(path_of(rice), headers=BROWSER).text
    records = sum(stop["records"] for stop in story["journey"])
    assert "Label Lumbung, catatannya cocok" in page
    assert f"{records} catatan dalam 7 langkah" in page
    assert re.search(r'class="tail" title="\(00\) [0-9 ]+">\d{4}\xa0\d</span> dengan nomor di karung', page)
    assert "Rp300 di bawah harga eceran tertinggi." in page
    assert "HET Zona 1: Rp13.500, Kepbadan 299/2025" in page


def test_price_without_official_price_of_its_grade_stands_alone(world: World, client: TestClient) -> None:
    page = client.get(path_of(world.shelved()), headers=BROWSER).text
    assert "Rp9.000" in page
    assert "eceran tertinggi" not in page
    assert "acuan" not in page


def test_sold_and_seen_again_is_suspicious(world: World, client: TestClient) -> None:
    sack = world.shelved()
    world.tell(
        world.scan("retail_selling", 10, "Pasar Minggu", tags=[sack.uri], price_idr_kg=9000),
        world.scan("stocking", 3, "Pasar Senen", tags=[sack.uri]),
    )
    assert verdict_of(client, sack) == ("suspicious", ["already_sold"])
    page = client.get(path_of(sack), headers=BROWSER).text
    assert "sudah tercatat terjual, lalu terlihat lagi" in page
    assert "Terjual di Pasar Minggu" in page
    assert "Terlihat di Pasar Senen" in page
    assert "7 jam kemudian" in page


def test_seen_in_two_places_is_suspicious(world: World, client: TestClient) -> None:
    sack = world.shelved()
    world.tell(world.scan("inspecting", 23.8, "Hub Panjang", tags=[sack.uri], result="conformant"))
    assert verdict_of(client, sack) == ("suspicious", ["two_places"])
    page = client.get(path_of(sack), headers=BROWSER).text
    assert "di dua tempat yang berjauhan" in page
    assert re.search(r"191 km, 12 menit kemudian", page)


def test_wrong_check_is_suspicious_whether_the_label_is_in_use_or_not(world: World, client: TestClient) -> None:
    for tag in (world.shelved(), world.tag(FARM)):
        story = told(client, f"/00/{tag.sscc}?c=00000000")
        assert story["verdict"]["state"] == "suspicious"
        assert [reason["kind"] for reason in story["verdict"]["reasons"]] == ["wrong_check"]
        assert "bukan buatan kami" in client.get(f"/00/{tag.sscc}?c=00000000", headers=BROWSER).text


def test_links_of_a_page_carry_the_check_along(client: TestClient, rice: Tag) -> None:
    page = client.get(path_of(rice) + "&lang=id", headers=BROWSER).text
    check = rice.uri.partition("?")[2]
    ours: list[str] = re.findall(r'href="(/00/[^"]+)"', page)
    assert len(ours) == 4  # language, JSON, linkset, EPCIS
    assert all(check in link for link in ours)


def test_seen_without_a_tagging_is_suspicious(world: World, client: TestClient) -> None:
    tag = world.tag(FARM)
    world.tell(world.scan("accepting", 2, "Gudang Bersama Cakung", tags=[tag.uri]))
    assert verdict_of(client, tag) == ("suspicious", ["not_commissioned"])
    assert "belum pernah dipasang" in client.get(path_of(tag), headers=BROWSER).text


def test_second_tagging_told_by_a_partner_is_suspicious(world: World, client: TestClient) -> None:
    # Our own phones are refused a second tagging.
    tag = world.shelved()
    world.partner_tells(tag, "LAIN", 69)
    assert verdict_of(client, tag) == ("suspicious", ["already_tagged"])
    assert "lebih dari sekali" in client.get(path_of(tag), headers=BROWSER).text


def test_held_is_said_and_ends_with_the_release(world: World, client: TestClient) -> None:
    sack = world.shelved()
    world.tell(world.scan("holding", 3, "Pasar Minggu", tags=[sack.uri], reason="Kadar air 15,2 %"))
    assert verdict_of(client, sack) == ("suspicious", ["held"])
    assert "Label Lumbung, sedang ditahan" in client.get(path_of(sack), headers=BROWSER).text
    world.tell(world.scan("releasing", 2, "Pasar Minggu", tags=[sack.uri], reason="Kadar air 13,8 %"))
    assert verdict_of(client, sack) == ("consistent", [])


def test_recall_of_an_input_reaches_what_was_made_of_it(world: World, client: TestClient) -> None:
    crate = world.chicken()
    birds = told(client, path_of(crate))["made_from"][0]["epc"]
    reason = "Suhu peti ini di atas 4 °C <script>alert(1)</script>"
    world.tell(world.scan("recalling", 2, "Pasar Senen", tags=[birds], reason=reason))
    assert verdict_of(client, crate) == ("recalled", ["recalled"])
    page = client.get(path_of(crate), headers=BROWSER).text
    assert "Ditarik dari peredaran. Jangan dimakan" in page
    assert "Kembalikan ke tempat membeli." in page
    assert "di atas 4 °C &lt;script&gt;" in page
    assert "<script>alert" not in page


def test_label_not_yet_used_is_blank(world: World, client: TestClient) -> None:
    tag = world.tag(FARM)
    assert verdict_of(client, tag) == ("blank", [])
    page = client.get(path_of(tag), headers=BROWSER).text
    assert "Label Lumbung, belum dipakai" in page
    assert "Kelompok Tani Palas Bangkit" in page
    document = client.get(path_of(tag), headers={"accept": "application/ld+json"}).json()
    assert document["epcisBody"]["eventList"] == []


# --- the whole history -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("journey", ["rice_by_sea", "corn_by_ferry", "bananas_at_sea", "chicken"])
def test_history_of_each_commodity_is_a_valid_epcis_document(world: World, client: TestClient, journey: str) -> None:
    tag: Tag = getattr(world, journey)()
    answer = client.get(f"/00/{tag.sscc}?epcis")
    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.headers["gs1-epcis-version"] == "2.0.0"
    document = answer.json()
    validate(document)
    events = document["epcisBody"]["eventList"]
    assert len(events) >= 6
    assert any(f"https://id.gs1.org/00/{tag.sscc}" in json.dumps(event) for event in events)
    lot = told(client, path_of(tag))["lot"]["uri"].removeprefix("https://id.gs1.org")
    validate(client.get(lot, headers={"accept": "application/ld+json"}).json())


def test_history_holds_what_the_inputs_lived_through(client: TestClient, rice: Tag) -> None:
    events = client.get(f"/00/{rice.sscc}?epcis").json()["epcisBody"]["eventList"]
    inputs = {made["epc"] for made in told(client, path_of(rice))["made_from"]}
    assert inputs
    for epc in inputs:
        assert any(event.get("parentID") == epc for event in events)
    assert sum(event["type"] == "TransformationEvent" for event in events) == 1


def test_only_units_and_lots_have_a_history(world: World, client: TestClient) -> None:
    gtin = world.products["Beras medium"].gtin
    assert client.get(f"/01/{gtin}?epcis").status_code == 404
    assert (
        client.get(f"/01/{gtin}", headers={"accept": "application/ld+json"})
        .headers["content-type"]
        .startswith("text/html")
    )
