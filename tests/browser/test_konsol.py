"""The console at work: an operator with a wedge scanner and a keyboard, the network gone in the middle, every page."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import DESKTOP, PHONE, Live, OpenWindow, Window, axe_findings, overflow_px
from tests.corridor_stage import BANANA, MAIZE, MARUNDA, OTHER_TRUCK, PANJANG, PASSWORD, TRUCK, Stage
from tracking.gs1.keys import sscc
from tracking.tags import Tag

assert PASSWORD == "483920"  # what Window.sign_in types
DROPPED = r"net::ERR_INTERNET_DISCONNECTED"


@pytest.fixture(scope="module")
def stage(live: Live) -> Stage:
    """The corridor of the running server, with the tests' own teller."""
    return Stage(live.engine, live.settings).set_up(corridor=False)


def at_gate(window: Window, stage: Stage) -> Page:
    """The board of Panjang with its scan station listening."""
    operator = stage.account("hub_operator", site_gln=PANJANG)
    page = window.sign_in(operator.login, then=f"/konsol/hub/{PANJANG}")
    page.wait_for_selector("[data-listening]")
    return page


def burst(page: Page, code: str) -> None:
    """What a wedge scanner does: types fast, then Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def type_plate(page: Page, plate: str, *, shown: str = "") -> None:
    """As a person types it, into the field."""
    page.locator("#kode").fill(plate)
    page.locator("#kode").press("Enter")
    expect(page.locator("[data-word]")).to_have_text(shown or plate)


def a_load(stage: Stage, count: int, truck: str, *, farm: int = 0, **more: Any) -> tuple[list[Tag], str]:
    sacks = stage.harvest(count, farm=farm)
    gsin = stage.plan(count, truck=truck, farm=farm, **more)
    stage.load_truck(sacks, gsin, truck=truck, farm=farm)
    return sacks, gsin


def all_sent(page: Page) -> None:
    """Wait until the station's queue is empty."""
    expect(page.locator("[data-station]")).to_have_attribute("data-waiting", "0", timeout=20_000)


def seen_at(stage: Stage, tag: Tag, step: str = "inspecting") -> int:
    """How often the ledger has a unit at a step."""
    found = stage.rows(
        "SELECT count(*) AS n FROM event e JOIN event_epc x ON x.event = e.id AND x.epc = %s WHERE e.biz_step = %s",
        f"https://id.gs1.org/00/{tag.sscc}",
        step,
    )
    return found[0]["n"]


def test_an_operator_counts_a_load_by_wedge_scanner_and_keyboard(desk: Window, stage: Stage) -> None:
    sacks, _ = a_load(stage, 8, TRUCK)
    stranger = stage.harvest(1, farm=1)[0]
    page = at_gate(desk, stage)
    row = page.locator("tr[data-giai]", has_text=TRUCK)
    expect(row).to_contain_text("Tiba")

    type_plate(page, TRUCK)
    page.locator("h1").click()  # the focus lies nowhere
    expect(page.locator("[data-go]")).to_contain_text("Catat tiba")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Gerbang")

    for number, sack in enumerate(sacks[:7], start=1):
        if number == 3:
            page.locator("[data-search]").focus()  # a field may have the focus, the scan still counts
        burst(page, sack.uri)
        expect(page.locator(".station [data-count]")).to_have_text(f"{number} / 8")
        expect(page.locator("[data-word]")).to_have_text("Cocok")
    expect(page.locator("[data-search]")).to_have_value("")
    page.locator("h1").click()

    burst(page, sacks[0].uri)
    expect(page.locator("[data-word]")).to_have_text("Sudah dipindai")
    burst(page, stranger.uri)
    expect(page.locator("[data-word]")).to_have_text("Bukan muatan ini")
    expect(page.locator("[data-answer]")).to_have_class(re.compile("siaga"))
    expect(page.locator(".station [data-count]")).to_have_text("7 / 8")
    expect(page.locator("[data-missing] .tail")).to_have_count(1)
    expect(page.locator("[data-missing] .tail")).to_have_attribute("title", f"(00) {sacks[7].sscc}")

    page.locator("#berat").fill("401,5")
    expect(page.locator("[data-weight-says]")).to_contain_text("+0,4 %, dalam batas")
    expect(page.locator("[data-go]")).to_contain_text("Lepas, catat kurang 1")
    page.locator("h1").click()
    page.keyboard.press("Enter")
    expect(page.locator("[data-word]")).to_have_text("Dilepas")
    all_sent(page)
    expect(row).to_contain_text("Lapangan")
    expect(row).to_contain_text("Kurang 1 karung")
    assert [seen_at(stage, sack) for sack in sacks] == [1] * 7 + [0]
    assert seen_at(stage, stranger) == 1


def test_scans_made_while_the_network_is_gone_are_sent_once_when_it_is_back(desk: Window, stage: Stage) -> None:
    desk.expect(DROPPED)
    sacks, _ = a_load(stage, 6, OTHER_TRUCK, farm=2)
    page = at_gate(desk, stage)
    type_plate(page, OTHER_TRUCK)
    page.locator("h1").click()
    burst(page, sacks[0].uri)
    expect(page.locator(".station [data-count]")).to_have_text("1 / 6")
    all_sent(page)

    desk.context.set_offline(True)
    expect(page.locator("[data-live]")).to_contain_text("Data dari")
    for sack in sacks[1:5]:
        burst(page, sack.uri)
    expect(page.locator(".station [data-count]")).to_have_text("5 / 6")
    expect(page.locator("[data-queue]")).to_contain_text("4 pindaian menunggu sambungan")
    assert seen_at(stage, sacks[4]) == 0

    desk.context.set_offline(False)
    all_sent(page)
    expect(page.locator("[data-queue]")).to_be_hidden()
    expect(page.locator("[data-live]")).to_contain_text("Langsung", timeout=20_000)
    assert [seen_at(stage, sack) for sack in sacks] == [1, 1, 1, 1, 1, 0]

    page.reload()
    page.wait_for_selector("[data-listening]")
    type_plate(page, OTHER_TRUCK)
    expect(page.locator(".station [data-count]")).to_have_text("5 / 6")  # what was counted is remembered by the records


def test_without_a_load_to_compare_with_nothing_is_called_a_match(desk: Window, stage: Stage) -> None:
    desk.expect(DROPPED)
    sacks, _ = a_load(stage, 1, "BE 8306 LMB", farm=4)
    page = at_gate(desk, stage)
    desk.context.set_offline(True)
    page.locator("h1").click()
    burst(page, sacks[0].uri)
    expect(page.locator("[data-word]")).to_have_text("Tersimpan")
    expect(page.locator("[data-answer]")).not_to_have_class(re.compile("aman"))
    desk.context.set_offline(False)
    all_sent(page)
    expect(page.locator("[data-word]")).to_have_text("Cocok")
    assert seen_at(stage, sacks[0]) == 1


def test_an_unknown_label_and_a_mistyped_number_are_told_apart(desk: Window, stage: Stage) -> None:
    sacks, _ = a_load(stage, 2, "BE 8392 LMC", farm=3)
    nobody = sscc(9, "9520000100", 424242)
    page = at_gate(desk, stage)
    page.locator("h1").click()
    burst(page, sacks[0].uri)  # no plate was typed: the sack opens the truck that it rides in
    expect(page.locator("[data-about]")).to_contain_text("BE 8392 LMC")
    expect(page.locator(".station [data-count]")).to_have_text("1 / 2")
    burst(page, sacks[1].uri.replace("?c=", "?c=0000"))
    expect(page.locator("[data-word]")).to_have_text("Kode label salah")
    expect(page.locator(".station [data-count]")).to_have_text("1 / 2")
    burst(page, f"{nobody[:17]}{(int(nobody[17]) + 1) % 10}")
    expect(page.locator("[data-word]")).to_have_text("Nomor salah ketik")
    burst(page, nobody)
    expect(page.locator("[data-word]")).to_have_text("Tidak dikenal")


def test_t_holds_the_open_truck_and_slash_searches(desk: Window, stage: Stage) -> None:
    a_load(stage, 2, "BE 8398 LMC", farm=4)
    page = at_gate(desk, stage)
    type_plate(page, "BE 8398 LMC")
    page.locator("h1").click()
    page.keyboard.press("t")
    expect(page.locator("[data-word]")).to_have_text("Ditahan")
    expect(page.locator("tr[data-giai]", has_text="BE 8398 LMC")).to_contain_text("Ditahan")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("be8398lmc", delay=90)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/konsol/cari"))
    expect(page.locator("tbody")).to_contain_text("BE 8398 LMC")


def test_a_warehouse_receives_stores_and_picks_first_expired_first(desk: Window, stage: Stage) -> None:
    old = stage.harvest(1, at=-200, farm=5)
    new = stage.harvest(1, at=-60, farm=5)
    operator = stage.account("warehouse_operator", site_gln=MARUNDA)
    page = desk.sign_in(operator.login, then=f"/konsol/gudang/{MARUNDA}")
    page.wait_for_selector("[data-listening]")
    for sack in (*old, *new):
        burst(page, sack.uri)
        expect(page.locator("[data-word]")).to_have_text("Cocok")
        expect(page.locator("[data-last] .tail").first).to_have_attribute("title", f"(00) {sack.sscc}")
    expect(page.locator("[data-fragment]")).to_contain_text("belum disimpan")

    page.get_by_role("link", name="Simpan", exact=True).click()
    page.wait_for_selector("[data-listening]")
    burst(page, old[0].uri)
    expect(page.locator("[data-word]")).to_have_text("Pilih ruang dulu")
    page.get_by_label("B1 Beku").check()
    burst(page, old[0].uri)
    expect(page.locator("[data-word]")).to_have_text("Salah ruang")
    page.get_by_label("K1 Kering").check()
    for sack in (*old, *new):
        burst(page, sack.uri)
        expect(page.locator("[data-word]")).to_have_text("Cocok")
    expect(page.locator("[data-fragment]")).not_to_contain_text("belum disimpan")

    page.get_by_role("link", name="Ambil", exact=True).click()
    page.wait_for_selector("[data-listening]")
    burst(page, new[0].uri)
    expect(page.locator("[data-word]")).to_have_text("Ada yang lebih dulu")
    burst(page, old[0].uri)
    expect(page.locator("[data-word]")).to_have_text("Cocok")
    all_sent(page)
    assert [seen_at(stage, sack, "picking") for sack in (*old, *new)] == [1, 1]


def test_a_warehouse_counts_what_comes_off_a_truck(desk: Window, stage: Stage) -> None:
    sacks, _ = a_load(stage, 3, "BE 8380 LMC", farm=9)
    operator = stage.account("warehouse_operator", site_gln=MARUNDA)
    page = desk.sign_in(operator.login, then=f"/konsol/gudang/{MARUNDA}?kerja=terima")
    page.wait_for_selector("[data-listening]")
    type_plate(page, "be 8380 lmc", shown="BE 8380 LMC")
    page.locator("h1").click()
    for number, sack in enumerate(sacks[:2], start=1):
        burst(page, sack.uri)
        expect(page.locator(".station [data-count]")).to_have_text(f"{number} / 3")
    expect(page.locator("[data-go]")).to_contain_text("Selesai, catat kurang 1")
    page.keyboard.press("Enter")
    all_sent(page)
    assert [seen_at(stage, sack, "accepting") for sack in sacks] == [1, 1, 0]
    owners = stage.rows(
        "SELECT DISTINCT p.name FROM stock_unit u JOIN party p ON p.id = u.owner_id WHERE u.sscc = ANY(%s)",
        [sack.sscc for sack in sacks],
    )
    assert [row["name"] for row in owners] == [stage.farm(9)[0].name]  # stored for them, not given to the warehouse
    type_plate(page, "BE 8380 LMC")
    expect(page.locator(".station [data-count]")).to_have_text("0 / 1")  # the one that is still aboard


@pytest.fixture(scope="module")
def everything(stage: Stage) -> dict[str, str]:
    """A little of all there is to show; the address of each page by its name."""
    sacks, gsin = a_load(stage, 3, "BE 8427 LMC", farm=6, product_gtin=BANANA, papers=[])
    stage.must(
        {"step": "arriving", "at": -1, "site": PANJANG, "carrier": "BE 8427 LMC", "shipment": gsin},
        {
            "step": "inspecting",
            "at": -0.5,
            "site": PANJANG,
            "carrier": "BE 8427 LMC",
            "result": "conformant",
            "weight_kg": 500,
        },
    )
    stored = stage.harvest(3, gtin=MAIZE, at=-100, farm=7)
    tags = [sack.uri for sack in stored]
    stage.must({"step": "accepting", "at": -50, "site": MARUNDA, "tags": tags})
    lot = stage.rows("SELECT gtin, lot_number FROM lot LIMIT 1")[0]
    return {
        "dashboard": "/konsol",
        "board": f"/konsol/hub/{PANJANG}",
        "truck": f"/konsol/hub/{PANJANG}?truk=BE+8427+LMC",
        "stock": f"/konsol/gudang/{MARUNDA}",
        "store": f"/konsol/gudang/{MARUNDA}?kerja=simpan",
        "warehouses": "/konsol/gudang",
        "shipments": "/konsol/pengiriman",
        "shipment": f"/konsol/pengiriman/{gsin}",
        "unit": f"/konsol/unit/{sacks[0].sscc}",
        "lot": f"/konsol/lot/{lot['gtin']}/{lot['lot_number']}",
        "lots": "/konsol/lot",
        "findings": "/konsol/temuan",
        "closed": "/konsol/temuan?closed=true",
        "labels": "/konsol/label",
        "search": "/konsol/cari?q=lahan",
        "nothing": "/konsol/cari?q=zzzz",
        "markets": "/konsol/pasar",
    }


def test_no_page_of_the_console_fails_axe_or_overflows_320_px(
    open_window: OpenWindow, stage: Stage, everything: dict[str, str]
) -> None:
    desk = open_window(**DESKTOP)
    page = desk.sign_in(stage.account("administrator").login, then="/konsol")
    wrong: list[str] = []
    for name, path in everything.items():
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(desk.live.url + path)
        page.wait_for_load_state("networkidle")
        wrong += [f"{name}: {finding}" for finding in axe_findings(page)]
        page.set_viewport_size({"width": 320, "height": 700})
        if over := overflow_px(page):
            wrong.append(f"{name}: {over} px too wide at 320")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("language", "theme"), [("id", "dark"), ("en", "light"), ("en", "dark")])
def test_board_stock_and_story_pass_axe_in_both_languages_and_themes(
    open_window: OpenWindow, stage: Stage, everything: dict[str, str], language: str, theme: str
) -> None:
    desk = open_window(**DESKTOP)
    page = desk.sign_in(stage.account("administrator").login, then="/konsol")
    wrong: list[str] = []
    for name in ("dashboard", "truck", "store", "unit", "findings"):
        path = everything[name]
        page.goto(f"{desk.live.url}{path}{'&' if '?' in path else '?'}lang={language}&theme={theme}")
        wrong += [f"{name}: {finding}" for finding in axe_findings(page)]
    assert not wrong, "\n".join(wrong)


def test_the_station_works_on_a_phone_too(open_window: OpenWindow, stage: Stage) -> None:
    sacks, _ = a_load(stage, 2, "BE 8428 LMC", farm=8)
    page = at_gate(open_window(**PHONE), stage)
    page.locator("#kode").fill(sacks[0].sscc)
    page.locator("#kode").press("Enter")
    expect(page.locator(".station [data-count]")).to_have_text("1 / 2")
    assert overflow_px(page) == 0
