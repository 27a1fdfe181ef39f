"""The buyer's pages in Chromium: budget in bytes, no script, axe, both languages and themes, 320 px."""

import gzip
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests import journeys
from tests.browser.stage import DESKTOP, PHONE, Live, OpenWindow, Window, axe_findings, overflow_px
from tests.journeys import FARM, World

BUDGET_BYTES = 20 * 1024
FOREIGN, MISTYPED = "/00/089912340000012551", "/00/089912340000012558"


@pytest.fixture(scope="module")
def world(live: Live) -> World:
    return journeys.build(live.engine, live.settings, loaded=True)


@pytest.fixture(scope="module")
def pages(world: World, live: Live) -> dict[str, str]:
    """A page of each kind by its path."""
    rice, crate, sold, blank = world.rice_by_sea(), world.chicken(), world.shelved(), world.tag(FARM)
    world.tell(
        world.scan("retail_selling", 10, "Pasar Minggu", tags=[sold.uri]),
        world.scan("stocking", 3, "Pasar Senen", tags=[sold.uri]),
        world.scan("recalling", 2, "Pasar Senen", tags=[crate.uri], reason="Suhu di atas 4 °C selama 6 jam"),
    )
    story = journeys.told(world.client, f"/00/{rice.sscc}")
    return {
        "consistent": rice.uri.removeprefix(live.url),
        "suspicious": sold.uri.removeprefix(live.url),
        "recalled": crate.uri.removeprefix(live.url),
        "blank": blank.uri.removeprefix(live.url),
        "foreign": FOREIGN,
        "mistyped": MISTYPED,
        "at sea": world.bananas_at_sea().uri.removeprefix(live.url),
        "lot": story["lot"]["uri"].removeprefix("https://id.gs1.org"),
        "product": f"/01/{story['product']['gtin']}",
        "farm": world.sites[FARM].uri.removeprefix("https://id.gs1.org"),
    }


KINDS = ["consistent", "suspicious", "recalled", "blank", "foreign", "mistyped", "at sea", "lot", "product", "farm"]
ONE_A_TEMPLATE = ["consistent", "foreign", "mistyped", "product", "farm"]
NOT_FOUND = r"Failed to load resource: the server responded with a status of 40[04]"


@pytest.mark.parametrize("kind", KINDS)
def test_everything_the_browser_fetches_fits_into_20_kib(phone: Window, pages: dict[str, str], kind: str) -> None:
    phone.expect(NOT_FOUND)
    page = phone.context.new_page()
    responses: list[Any] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(phone.live.url + pages[kind], wait_until="networkidle")
    fetched: dict[str, int] = {}
    for response in responses:
        sizes = response.request.sizes()
        fetched[urlsplit(response.url).path] = sizes["responseBodySize"] + sizes["responseHeadersSize"]
    assert any(path.endswith("publik.css") for path in fetched)
    assert len(fetched) <= 3, fetched  # page, stylesheet, icon
    assert sum(fetched.values()) <= BUDGET_BYTES, fetched


def test_page_and_stylesheet_come_compressed(live: Live, world: World, pages: dict[str, str]) -> None:
    for path in (pages["consistent"], "/static/dist/publik.css"):
        answer = world.client.get(path, headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert len(gzip.compress(answer.content)) < BUDGET_BYTES / 2


@pytest.mark.parametrize(
    ("kind", "language", "theme"),
    [
        *(
            (kind, language, theme)
            for kind in ONE_A_TEMPLATE
            for language in ("id", "en")
            for theme in ("light", "dark")
        ),
        *((kind, "id", "light") for kind in KINDS if kind not in ONE_A_TEMPLATE),
    ],
)
def test_axe_finds_nothing(
    open_window: OpenWindow, pages: dict[str, str], kind: str, language: str, theme: str
) -> None:
    window = open_window(**PHONE | {"locale": {"id": "id-ID", "en": "en-US"}[language], "color_scheme": theme})
    window.expect(NOT_FOUND)
    page = window.open(pages[kind])
    assert page.locator("html").get_attribute("lang") == language
    assert axe_findings(page) == []


@pytest.mark.parametrize("kind", KINDS)
def test_page_reflows_to_320_px(open_window: OpenWindow, pages: dict[str, str], kind: str) -> None:
    window = open_window(**PHONE | {"viewport": {"width": 320, "height": 640}})
    window.expect(NOT_FOUND)
    assert overflow_px(window.open(pages[kind])) == 0


def test_whole_story_is_read_without_script(open_window: OpenWindow, pages: dict[str, str]) -> None:
    window = open_window(**PHONE, java_script_enabled=False)
    page = window.open(pages["consistent"])
    expect(page.get_by_role("heading", level=1)).to_have_text("Label Lumbung, catatannya cocok")
    expect(page.get_by_role("heading", name="Beras medium, 25 kg")).to_be_visible()
    for words in ("sejak digiling", "Dipanen", "KM Lumbung Samudra, 11 jam", "Pasar Minggu", "Rp13.200"):
        expect(page.get_by_text(words).first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Peta perjalanan"))).to_be_visible()
    assert page.locator("script:not([type='application/ld+json'])").count() == 0


def test_verdict_is_the_first_thing_seen_on_a_small_phone(open_window: OpenWindow, pages: dict[str, str]) -> None:
    window = open_window(**PHONE | {"viewport": {"width": 360, "height": 560}})
    window.expect(NOT_FOUND)
    for kind in ("consistent", "suspicious", "recalled", "blank", "foreign"):
        page = window.open(pages[kind])
        box = page.get_by_role("heading", level=1).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 300


def test_language_is_switched_by_a_link_and_kept(phone: Window, pages: dict[str, str]) -> None:
    page = phone.open(pages["consistent"])
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A Lumbung label, and its records agree")
    assert urlsplit(page.url).query.startswith("c=")  # the label's check travels along
    page.goto(phone.live.url + pages["suspicious"])
    expect(page.get_by_role("heading", level=1)).to_have_text("A Lumbung label, but suspicious")
    page.get_by_role("link", name="Indonesia").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Label Lumbung, tetapi mencurigakan")


def test_buyer_walks_from_sack_to_lot_by_keyboard(open_window: OpenWindow, pages: dict[str, str]) -> None:
    page = open_window(**DESKTOP).open(pages["consistent"])
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.textContent").startswith("Lot "):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lot Lumbung, catatannya cocok")


def test_structured_data_is_no_script_to_the_policy(phone: Window, pages: dict[str, str]) -> None:
    page: Page = phone.open(pages["consistent"])
    told = page.evaluate("() => JSON.parse(document.querySelector('script[type=\"application/ld+json\"]').textContent)")
    assert (told["@type"], told["name"]) == ("IndividualProduct", "Beras medium")
