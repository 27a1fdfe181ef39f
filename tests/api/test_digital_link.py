"""The Digital Link addresses: who gets what in which form, what nobody learns, keys that are none."""

import hashlib
import html
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from core.cluster import DatabaseUrls
from tests import journeys
from tests.journeys import BASE_URL, BROWSER, FARM, JSON, World, path_of, told
from tracking.gs1 import keys
from tracking.tags import Tag

HOSTILE_LOT = "<b>\"x'&/%?"


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


# --- forms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "query", "media_type"),
    [
        ("*/*", "", "text/html"),
        (BROWSER["accept"], "", "text/html"),
        ("image/png", "", "text/html"),
        ("application/json", "", "application/json"),
        ("application/json;q=0.5, text/html;q=0.4", "", "application/json"),
        ("application/linkset+json", "", "application/linkset+json"),
        ("application/ld+json", "", "application/ld+json"),
        (BROWSER["accept"], "linkType=linkset", "application/linkset+json"),
        (BROWSER["accept"], "linkType=all", "application/linkset+json"),
        (BROWSER["accept"], "epcis", "application/ld+json"),
        (BROWSER["accept"], "epcis=", "application/ld+json"),
        (BROWSER["accept"], "json", "application/json"),
        ("application/json", "epcis", "application/ld+json"),
    ],
)
def test_same_address_answers_in_the_form_asked_for(
    client: TestClient, rice: Tag, accept: str, query: str, media_type: str
) -> None:
    answer = client.get(f"/00/{rice.sscc}?{query}", headers={"accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert "Accept" in answer.headers["vary"]


def test_head_has_the_headers_of_get_and_no_body(client: TestClient, rice: Tag) -> None:
    for accept in ("text/html", "application/json", "application/ld+json", "application/linkset+json"):
        got, head = (client.request(how, f"/00/{rice.sscc}", headers={"accept": accept}) for how in ("GET", "HEAD"))
        assert head.status_code == 200
        assert head.content == b""
        for name in ("content-type", "etag", "link", "cache-control", "vary"):
            assert head.headers[name] == got.headers[name]


def test_other_origins_may_read_and_ask_what_is_allowed(client: TestClient, rice: Tag) -> None:
    allowed = client.options(f"/00/{rice.sscc}")
    assert (allowed.status_code, allowed.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    for accept in ("application/json", "application/ld+json", "application/linkset+json"):
        assert client.get(f"/00/{rice.sscc}", headers={"accept": accept}).headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in client.get(f"/00/{rice.sscc}", headers=BROWSER).headers


def test_linkset_names_every_form_with_its_languages(client: TestClient, rice: Tag) -> None:
    answer = client.get(path_of(rice), headers={"accept": "application/linkset+json"})
    (about,) = answer.json()["linkset"]
    assert about["anchor"] == f"{BASE_URL}/00/{rice.sscc}"
    assert about["itemDescription"] == "Beras medium, 25.000 kg"
    gs1 = "https://ref.gs1.org/voc/"
    assert [link["href"] for link in about[gs1 + "defaultLink"]] == [rice.uri]
    assert [link["hreflang"] for link in about[gs1 + "pip"]] == [["id"], ["en"]]
    assert {link["type"] for link in about[gs1 + "traceability"]} == {"text/html", "application/json"}
    (history,) = about[gs1 + "epcis"]
    assert history["type"] == "application/ld+json"
    for links in about.values():
        for link in links if isinstance(links, list) else []:
            followed = client.get(link["href"].removeprefix(BASE_URL), headers=BROWSER)
            assert followed.status_code == 200
            assert followed.headers["content-type"].split(";")[0] == link["type"]
    told_links = answer.headers["link"]
    assert f'<https://id.gs1.org/00/{rice.sscc}>; rel="http://www.w3.org/2002/07/owl#sameAs"' in told_links
    assert 'rel="linkset"; type="application/linkset+json"' in told_links
    assert 'rel="http://www.w3.org/ns/json-ld#context"' in told_links


@pytest.mark.parametrize(
    "spelled", ["gs1:epcis", "https://ref.gs1.org/voc/epcis", "https://gs1.org/voc/epcis", "epcis"]
)
def test_link_type_leads_to_its_link(client: TestClient, rice: Tag, spelled: str) -> None:
    answer = client.get(f"/00/{rice.sscc}", params={"linkType": spelled})
    assert (answer.status_code, answer.headers["location"]) == (307, f"{BASE_URL}/00/{rice.sscc}?epcis")


def test_link_type_is_answered_in_the_buyers_language(client: TestClient, rice: Tag) -> None:
    english = client.get(f"/00/{rice.sscc}?linkType=gs1:pip", headers={"accept-language": "en"})
    assert english.headers["location"].endswith("lang=en")
    assert client.get(english.headers["location"].removeprefix(BASE_URL)).headers["content-language"] == "en"


def test_unknown_link_type_is_not_found(client: TestClient, rice: Tag) -> None:
    answer = client.get(f"/00/{rice.sscc}?linkType=gs1:recipeInfo", headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_answers_may_be_kept_for_a_minute_and_asked_again_by_their_tag(client: TestClient, rice: Tag) -> None:
    for accept in ("text/html", "application/json", "application/ld+json", "application/linkset+json"):
        first = client.get(f"/00/{rice.sscc}", headers={"accept": accept})
        assert first.headers["cache-control"] == "public, max-age=60"
        again = client.get(f"/00/{rice.sscc}", headers={"accept": accept, "if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    asked = client.get(f"/00/{rice.sscc}?lang=en", headers=BROWSER)
    assert "lang=en" in asked.headers["set-cookie"]
    assert asked.headers["cache-control"].startswith("private")


def test_what_a_sign_in_shows_is_never_kept(world: World, client: TestClient, rice: Tag) -> None:
    answer = client.get(f"/00/{rice.sscc}", headers=JSON | world.headers)
    assert answer.headers["cache-control"] == "private, no-store"
    told = answer.json()
    harvests = next(
        stop["records"] for stop in told["journey"] if stop["step"] == "harvested"
    )  # of what it was made from
    assert len(told["events"]) + harvests == told["verdict"]["records"]
    assert client.get(f"/00/{rice.sscc}", headers=JSON | {"authorization": "Bearer lbg_wrong"}).status_code == 401


# --- keys that are none of ours, or none at all ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        f"/00/{keys.sscc(0, '899123400', 125)}",
        f"/01/{keys.gtin('8991234', 5)}",
        f"/01/{keys.gtin('8991234', 5)}/10/A1",
        f"/402/{keys.gsin('8991234', 5)}",
        f"/414/{keys.gln('8991234', 5)}",
        f"/414/{keys.gln('8991234', 5)}/254/X",
    ],
)
def test_well_formed_key_of_somebody_else_is_foreign(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["verdict"]["state"] == "foreign"
    page = client.get(path, headers=BROWSER)
    assert page.status_code == 404
    assert "Bukan label kami" in page.text
    for accept in ("application/ld+json", "application/linkset+json"):
        assert client.get(path, headers={"accept": accept}).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/00/095200010060000013",  # wrong check digit
        "/00/09520001006000001",
        "/00/0952000100600000120",
        "/00/abcdefghijklmnopqr",
        "/00/０９５２０００１００６０００００１２",
        "/00/%00",
        "/00/..%2f..%2fetc%2fpasswd",
        "/00/%2e%2e/%2e%2e/metrics",
        "/00/" + "9" * 5000,
        "/00/095200010060000012/10/A",  # a unit has no lot in its key
        "/00/095200010060000012'--",
        "/00/%27%20OR%201=1",
        "/01/09520000200016",
        "/01/09520000200015/10/" + "A" * 21,
        "/01/09520000200015/10/%E2%82%AC",
        "/01/09520000200015/21/A/10/B",  # out of order
        "/402/95200001000000002",
        "/414/9520000101013",
        "/414/9520000101015/254/" + "A" * 21,
        "/417/1",
        "/8004/%3Cscript%3E",
    ],
)
def test_malformed_key_is_refused_in_plain_words(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["type"] == "urn:lumbung:problem:malformed-key"
    page = client.get(path, headers=BROWSER)
    assert page.status_code == 400
    assert "Nomor ini tidak lengkap atau salah ketik" in page.text
    assert "<script>" not in page.text


# --- privacy ---------------------------------------------------------------------------------------------------------


def test_public_learns_no_plate_no_farm_to_the_metre_no_events(world: World, client: TestClient, rice: Tag) -> None:
    bananas = world.bananas_at_sea()
    for tag in (rice, bananas):
        story = client.get(path_of(tag), headers=JSON)
        page = client.get(path_of(tag), headers=BROWSER).text
        for plate in world.trucks:
            assert plate not in story.text
            assert plate not in page
        assert "Lahan 1" not in story.text + page
        assert story.json()["events"] is None
        farm = story.json()["journey"][0]["place"]
        assert farm["uri"] is None
        assert (farm["lon"], farm["lat"]) == (round(farm["lon"], 2), round(farm["lat"], 2))


def test_farm_goes_by_its_village(world: World, client: TestClient) -> None:
    farm = world.sites["Lahan 1, Rukti Harjo"]
    path = farm.uri.removeprefix("https://id.gs1.org")
    story = told(client, path)
    assert (story["name"], story["lon"], story["lat"]) == ("Rukti Harjo", 105.37, -4.9)
    page = client.get(path, headers=BROWSER).text
    assert "Desa Rukti Harjo" in page
    assert "Lahan" not in page


@pytest.mark.parametrize("key", ["417", "8004", "8003"])
def test_parties_and_carriers_answer_only_to_who_is_signed_in(world: World, client: TestClient, key: str) -> None:
    value = {"417": "9520000400019", "8004": "952000040T001", "8003": "095200004000190001"}[key]
    stranger = {"417": keys.gln("8991234", 5), "8004": "952000040T999", "8003": "0" + keys.gln("8991234", 5) + "1"}[key]
    known, unknown = f"/{key}/{value}", f"/{key}/{stranger}"
    for path in (known, unknown):
        assert client.get(path, headers=JSON).status_code == 401
        browser = client.get(path, headers=BROWSER)
        assert (browser.status_code, browser.headers["location"]) == (303, f"/masuk?next={path}")
    seen = client.get(known, headers=JSON | world.headers)
    assert seen.status_code == 200
    assert seen.headers["cache-control"] == "private, no-store"
    assert client.get(known, headers=BROWSER | world.headers).status_code == 200
    assert client.get(unknown, headers=JSON | world.headers).status_code == 404


# --- other keys ------------------------------------------------------------------------------------------------------


def test_short_gtin_is_padded_and_variants_and_serials_are_taken(world: World, client: TestClient) -> None:
    gtin = world.products["Beras medium"].gtin
    for path in (gtin, gtin[1:], f"{gtin}/21/S1", f"{gtin}/22/V", f"{gtin}/"):
        assert told(client, f"/01/{path}")["gtin"] == gtin


def test_product_page_says_how_long_and_how_cold(world: World, client: TestClient) -> None:
    gtin = world.products["Karkas ayam dingin"].gtin
    page = client.get(f"/01/{gtin}", headers=BROWSER).text.replace("\xa0", " ")
    for words in ("Karkas ayam dingin", "7 hari", "0 °C sampai 4 °C", "Sertifikat halal"):
        assert words in page
    assert told(client, f"/01/{gtin}")["shelf_life_days"] == 7


def test_lot_page_tells_the_lots_story(client: TestClient, rice: Tag) -> None:
    lot = told(client, path_of(rice))["lot"]
    path = lot["uri"].removeprefix("https://id.gs1.org")
    story = told(client, path)
    assert (story["kind"], story["lot"]["lot_number"]) == ("lot", lot["lot_number"])
    assert "Lot Lumbung, catatannya cocok" in client.get(path, headers=BROWSER).text


def test_lot_number_with_a_slash_leads_to_its_lot(world: World, client: TestClient) -> None:
    tag = world.rice_by_sea(lot="A/1-b_2.c")
    page = client.get(path_of(tag), headers=BROWSER).text
    (path,) = re.findall(r'href="(/01/[^"]+)"', page)
    assert path.endswith("/10/A%2F1-b_2.c")
    assert told(client, path)["lot"]["lot_number"] == "A/1-b_2.c"


def test_lot_number_made_to_hurt_is_shown_and_harms_nothing(world: World, client: TestClient) -> None:
    tag = world.tag(FARM)
    world.partner_tells(tag, HOSTILE_LOT, 60)
    page = client.get(path_of(tag), headers=BROWSER).text
    assert "Lot &lt;b&gt;&#34;x&#39;&amp;/%?" in page
    assert '<b>"x' not in page
    (path,) = map(html.unescape, re.findall(r'href="(/01/[^"]+)"', page))
    lot_page = client.get(path, headers=BROWSER)
    assert lot_page.status_code == 200
    assert '<b>"x' not in lot_page.text
    assert told(client, path)["lot"]["lot_number"] == HOSTILE_LOT
    (english,) = map(html.unescape, re.findall(r'href="(/01/[^"]+lang=en)"', lot_page.text))
    assert client.get(english, headers=BROWSER).headers["content-language"] == "en"
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', page)
    assert data is not None
    assert json.loads(data[1])["gtin"] == world.products["Jagung pipilan kering"].gtin


def test_shipment_page_shows_progress_without_names(world: World, client: TestClient) -> None:
    sites = {name: world.sites[name].uri for name in ("Penggilingan Padi Rukti", "Hub Panjang", "Hub Tanjung Priok")}
    mill, hub, priok = sites.values()
    truck = world.truck()

    def at(hours: float) -> str:
        return (world.now + timedelta(hours=hours)).isoformat()

    def leg(mode: str, carrier: str, start: str, end: str, from_h: float, to_h: float) -> dict[str, Any]:
        moments = {"planned_departure_at": at(from_h), "planned_arrival_at": at(to_h)}
        return {"mode": mode, "carrier": carrier, "from_site": start, "to_site": end, **moments}

    planned = client.post(
        "/api/v1/shipments",
        json={
            "from_site": mill,
            "to_site": priok,
            "route": "sea",
            "product_gtin": world.products["Beras medium"].gtin,
            "planned_units": 40,
            "planned_departure_at": at(-6),
            "planned_arrival_at": at(14),
            "legs": [
                leg("road", truck, mill, hub, -6, -3),
                leg("sea", "KM Sai Bahtera", hub, priok, 1, 12),
            ],
        },
        headers=world.headers,
    )
    assert planned.status_code in (200, 201), planned.text
    gsin = planned.json()["gsin"]
    world.tell(
        world.scan("departing", 5, "Penggilingan Padi Rukti", carrier=truck, shipment=gsin),
        world.scan("arriving", 2, "Hub Panjang", carrier=truck, shipment=gsin),
    )
    story = told(client, f"/402/{gsin}")
    assert [bool(leg["departed_at"]) for leg in story["legs"]] == [True, False]
    assert [bool(leg["arrived_at"]) for leg in story["legs"]] == [True, False]
    assert len(story["track"]) > 5
    page = client.get(f"/402/{gsin}", headers=BROWSER).text
    for words in ("Sedang di jalan", "40 kemasan", "KM Sai Bahtera", "Hub Tanjung Priok"):
        assert words in page
    assert truck not in page + json.dumps(story)
    about = client.get(f"/402/{gsin}?linkType=linkset").json()["linkset"][0]
    assert "https://ref.gs1.org/voc/logisticsInfo" in about


def test_english_page_is_english_throughout(client: TestClient, rice: Tag) -> None:
    page = client.get(path_of(rice), headers=BROWSER | {"accept-language": "en"})
    assert page.headers["content-language"] == "en"
    for words in ("A Lumbung label, and its records agree", "Rice, medium grade", "Rp13,200", "Made from"):
        assert words in page.text
    assert "catatan" not in page.text


def test_page_is_the_same_to_every_stranger(client: TestClient, rice: Tag) -> None:
    first, second = (client.get(path_of(rice), headers=BROWSER).content for _ in range(2))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()
