"""The farmer's phone as a farmer uses it, in Chromium."""

import re

import pytest

from tests.browser.stage import Live, Window, axe_findings, overflow_px

PAGES = ("/tani", "/tani/pindai", "/tani/panen", "/tani/muat", "/tani/bantuan")


@pytest.fixture
def farmer(live: Live) -> tuple[str, list[str]]:
    """A farmer's login, and the numbers of five blank labels of the group."""
    group, farm = live.group()
    login = live.account("farmer", party_gln=group.gln, site_id=farm.id)
    return login, [tag.sscc for tag in live.tags(group)]


def test_typed_label_becomes_a_harvest_in_three_steps_and_is_recorded_once(
    phone: Window, live: Live, farmer: tuple[str, list[str]]
) -> None:
    login, labels = farmer
    page = phone.sign_in(login)
    page.get_by_role("link", name="Panen").click()
    page.get_by_label("Atau ketik nomor label").fill(labels[0])
    page.get_by_role("button", name="Pakai", exact=True).click()
    page.get_by_role("radio", name="Jagung", exact=True).check()
    page.get_by_role("button", name="Lanjut: berat").click()
    page.get_by_role("button", name="Tambah 10 kg").click()
    page.get_by_role("button", name="Lanjut: periksa").click()
    page.get_by_role("button", name="Simpan, selesai").click()
    item = page.locator("li.q")
    item.get_by_role("button", name=re.compile("Urungkan")).wait_for()
    item.get_by_text("Terkirim").wait_for(timeout=20_000)
    sent = live.rows("SELECT s.id, e.quantity_kg FROM scan s, epc_state e WHERE e.epc LIKE %s", f"%{labels[0]}")
    assert [str(row["quantity_kg"]) for row in sent] == ["60.000"]


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_accessibility_findings_and_folds_to_320_px(
    phone: Window, farmer: tuple[str, list[str]], path: str
) -> None:
    page = phone.sign_in(farmer[0])
    page.goto(phone.live.url + path)
    page.locator("body[data-ready]").wait_for()
    assert axe_findings(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert overflow_px(page) == 0
