"""The farmer's phone as a farmer uses it, in Chromium: three steps, no signal, a camera, a label already used."""

import gzip
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Page, Playwright, expect

from tests.browser.stage import PHONE, STATIC, Live, OpenWindow, Window, axe_findings, camera_browser, overflow_px
from tracking import labels
from tracking.models import Party, Site
from tracking.tags import Tag

PAGES = ("/tani", "/tani/pindai", "/tani/panen", "/tani/muat", "/tani/bantuan")
UNDO_S = 10
SENT_MS = (UNDO_S + 15) * 1000
OFFLINE = "ERR_INTERNET_DISCONNECTED"  # the browser's own words about what a test takes away


@dataclass
class Farmer:
    """Somebody who works for a group, and the group's blank labels."""

    login: str
    group: Party
    farm: Site
    tags: list[Tag]


@pytest.fixture
def farmer(live: Live) -> Farmer:
    group, farm = live.group()
    return Farmer(live.account("farmer", party_gln=group.gln, site_id=farm.id), group, farm, live.tags(group))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def arrive(phone: Window, login: str, then: str) -> Page:
    """Sign in and land on a page whose script is there: its buttons do nothing before."""
    page = phone.sign_in(login, then=then)
    page.locator("body[data-ready]").wait_for()
    return page


def go(page: Page, path: str) -> None:
    """Open a page, online or not, and wait for its script."""
    page.goto(path)
    page.locator("body[data-ready]").wait_for()


def type_label(page: Page, number: str) -> None:
    page.get_by_label("Nomor label").fill(number)
    press(page, "Pakai")


def tag_sack(page: Page, number: str, *, kind: str = "Jagung", at_once: bool = True) -> None:
    """From the label's number to a saved sack, in three steps; sent at once, or when the time to undo is over."""
    type_label(page, number)
    page.get_by_role("radio", name=kind, exact=True).check()
    press(page, "Lanjut: berat")
    press(page, "Lanjut: periksa")
    press(page, "Simpan, selesai")
    page.locator("li.q").first.wait_for()
    if at_once:
        hurry(page)


def item_of(page: Page, tag: Tag) -> Any:
    return page.locator("li.q").filter(has=page.locator(f"b[title='{tag.sscc}']"))


def recorded(live: Live, tag: Tag) -> list[dict[str, Any]]:
    """The scans that made a record of this label, with the weight that the ledger holds."""
    return live.rows(
        "SELECT DISTINCT scan.id, scan.phone_at, scan.scanned_at, s.quantity_kg FROM scan"
        " JOIN event e ON e.scan_id = scan.id JOIN event_epc x ON x.event = e.id JOIN epc_state s ON s.epc = x.epc"
        " WHERE x.epc = %s AND scan.step = 'commissioning'",
        f"https://id.gs1.org/00/{tag.sscc}",
    )


KEPT = """
    async () => {
      const told = [];
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
          told.push([new URL(request.url).pathname, await (await cache.match(request)).text()]);
        }
      }
      return told;
    }
"""

HURRY = """
    () => new Promise((resolve) => {
      const opening = indexedDB.open("lumbung-tani");
      opening.onsuccess = () => {
        const transaction = opening.result.transaction("scans", "readwrite");
        const walk = transaction.objectStore("scans").openCursor();
        walk.onsuccess = () => {
          if (!walk.result) return;
          walk.result.update({ ...walk.result.value, sendAfter: 0 });
          walk.result.continue();
        };
        transaction.oncomplete = () => {
          opening.result.close();
          dispatchEvent(new Event("online"));
          resolve();
        };
      };
    })
"""


def hurry(page: Page) -> None:
    """Let the time to undo be over for all that waits; one test waits for it in earnest."""
    page.evaluate(HURRY)


def wait_for_worker(page: Page) -> None:
    """Until the service worker has the shell and answers for this page."""
    page.wait_for_function("() => navigator.serviceWorker.ready.then((r) => Boolean(r.active))")
    page.wait_for_function("() => Boolean(navigator.serviceWorker.controller)")


# --- three steps -----------------------------------------------------------------------------------------------------


def test_typed_label_becomes_a_harvest_in_three_steps_recorded_once(phone: Window, live: Live, farmer: Farmer) -> None:
    page = phone.sign_in(farmer.login)
    page.get_by_role("link", name="Panen").click()
    type_label(page, farmer.tags[0].sscc)
    expect(page.locator("#label-kata")).to_have_text("Label baru, milik kelompok Anda")
    page.get_by_role("radio", name="Jagung", exact=True).check()
    press(page, "Lanjut: berat")
    press(page, "Tambah 10 kg")
    press(page, "Lanjut: periksa")
    expect(page.locator("#langkah-periksa")).to_contain_text("60 kg")
    press(page, "Simpan, selesai")
    item = item_of(page, farmer.tags[0])
    expect(item.get_by_role("button", name=re.compile("Urungkan"))).to_be_visible()
    expect(item).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    assert [str(row["quantity_kg"]) for row in recorded(live, farmer.tags[0])] == ["60.000"]
    go(page, "/tani")
    expect(page.get_by_role("heading", level=1)).to_have_text("1 karung jagung Anda di kebun")
    assert len(live.rows("SELECT 1 FROM scan WHERE step = 'commissioning'")) >= 1


def test_next_sack_needs_only_its_label_and_one_tap(phone: Window, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    type_label(page, farmer.tags[0].sscc)
    page.get_by_role("radio", name="Pisang", exact=True).check()
    press(page, "Lanjut: berat")
    press(page, "Lanjut: periksa")
    press(page, "Simpan, karung berikutnya")
    type_label(page, farmer.tags[1].sscc[-5:])
    expect(page.locator("#langkah-periksa")).to_contain_text("Pisang kepok")
    expect(page.locator("#langkah-periksa")).to_contain_text("20 kg")
    press(page, "Simpan, selesai")
    expect(page.locator("li.q")).to_have_count(2)


def test_five_big_digits_find_the_label_and_a_slip_is_told(phone: Window, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    number = farmer.tags[0].sscc
    type_label(page, number[:-1] + str((int(number[-1]) + 1) % 10))
    expect(page.get_by_text("Angka terakhir tidak cocok. Periksa lagi nomor di label.")).to_be_visible()
    type_label(page, "12345")
    expect(page.get_by_text("Tidak ada label kelompok Anda dengan akhir itu.")).to_be_visible()
    type_label(page, number[-5:])
    expect(page.get_by_role("heading", name="Apa isi karung ini?")).to_be_visible()


def test_birds_are_counted_beside_their_weight(phone: Window, live: Live, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    type_label(page, farmer.tags[0].sscc)
    page.get_by_role("radio", name="Ayam", exact=True).check()
    press(page, "Lanjut: berat")
    page.get_by_label("Berapa ekor?").fill("14")
    press(page, "Lanjut: periksa")
    expect(page.locator("#langkah-periksa")).to_contain_text("24 kg, 14 ekor")
    press(page, "Simpan, selesai")
    item_of(page, farmer.tags[0]).wait_for()
    hurry(page)
    expect(item_of(page, farmer.tags[0])).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    heads = live.rows("SELECT head_count FROM epc_state WHERE epc LIKE %s", f"%/00/{farmer.tags[0].sscc}")
    assert heads == [{"head_count": 14}]


def test_undone_within_ten_seconds_is_never_sent(phone: Window, live: Live, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    tag_sack(page, farmer.tags[0].sscc, at_once=False)
    page.get_by_role("button", name=re.compile("Urungkan")).click()
    expect(page.locator("li.q")).to_have_count(0)
    hurry(page)
    page.wait_for_timeout(1000)
    assert recorded(live, farmer.tags[0]) == []


def test_label_already_used_is_refused_in_plain_words_and_another_one_takes_its_place(
    phone: Window, live: Live, farmer: Farmer
) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    tag_sack(page, farmer.tags[0].sscc)
    expect(item_of(page, farmer.tags[0])).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    # A second phone of the group, with no signal: it cannot know, and finds out when it sends.
    second = live.account("farmer", party_gln=farmer.group.gln, site_id=farmer.farm.id)
    phone.context.clear_cookies()
    page.goto("about:blank")
    page = arrive(phone, second, "/tani/panen")
    wait_for_worker(page)
    page.locator("body[data-ready]").wait_for()
    phone.context.set_offline(True)
    phone.expect(OFFLINE)
    tag_sack(page, farmer.tags[0].sscc, kind="Gabah")
    phone.context.set_offline(False)
    item = item_of(page, farmer.tags[0])
    expect(item).to_have_attribute("data-state", "refused", timeout=SENT_MS)
    expect(item).to_contain_text(re.compile(r"Label ini sudah dipakai pada \d+ \w+\."))
    item.get_by_role("link", name="Pindai label lain").click()
    type_label(page, farmer.tags[1].sscc)
    expect(page.locator("#langkah-periksa")).to_contain_text("Gabah")  # nothing is asked twice
    press(page, "Simpan, selesai")
    expect(page.locator("li.q")).to_have_count(1)
    hurry(page)
    expect(item_of(page, farmer.tags[1])).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    assert len(recorded(live, farmer.tags[0])) == 1
    # With signal it is told at once.
    go(page, "/tani/panen")
    type_label(page, farmer.tags[0].sscc)
    expect(page.locator("#nomor-error")).to_contain_text("Label ini sudah dipakai pada")


# --- no signal -------------------------------------------------------------------------------------------------------


def test_tagged_with_no_signal_survives_a_restart_and_is_sent_once_with_the_time_it_was_made(
    phone: Window, live: Live, farmer: Farmer
) -> None:
    page = phone.sign_in(farmer.login)
    wait_for_worker(page)
    phone.context.set_offline(True)
    phone.expect(OFFLINE)
    go(page, "/tani/panen")
    expect(page.get_by_text("Tanpa sinyal")).to_be_visible()
    before = datetime.now(UTC)
    tag_sack(page, farmer.tags[0].sscc)
    after = datetime.now(UTC)
    page.close()
    page = phone.context.new_page()
    go(page, phone.live.url + "/tani")
    item = item_of(page, farmer.tags[0])
    expect(item).to_have_attribute("data-state", "waiting")
    expect(page.get_by_text("Tersimpan di HP ini. Dikirim sendiri begitu ada sinyal.")).to_be_visible()
    assert recorded(live, farmer.tags[0]) == []
    phone.context.set_offline(False)
    expect(item).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    (scan,) = recorded(live, farmer.tags[0])
    assert before.timestamp() - 5 <= scan["scanned_at"].timestamp() <= after.timestamp() + 5
    assert scan["scanned_at"] < datetime.now(UTC)
    assert str(scan["quantity_kg"]) == "50.000"


def test_answer_lost_on_the_way_back_does_not_count_twice(phone: Window, live: Live, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    tried: list[str] = []

    def lose_the_first_answer(route: Any) -> None:
        answer = route.fetch()  # the server has recorded it
        tried.append(route.request.post_data)
        if len(tried) == 1:
            route.abort("connectionreset")
        else:
            route.fulfill(response=answer)

    phone.context.route("**/api/v1/scans", lose_the_first_answer)
    phone.expect("ERR_CONNECTION_RESET")
    tag_sack(page, farmer.tags[0].sscc)
    expect(item_of(page, farmer.tags[0])).to_have_attribute("data-state", "waiting", timeout=SENT_MS)
    press(page, "Kirim sekarang")
    expect(item_of(page, farmer.tags[0])).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    assert len(tried) == 2
    assert tried[0] == tried[1]
    assert len(recorded(live, farmer.tags[0])) == 1


def test_every_page_opens_with_no_signal_and_shows_nobody_elses_news(phone: Window, live: Live, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    tag_sack(page, farmer.tags[0].sscc)
    expect(item_of(page, farmer.tags[0])).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    go(page, "/tani")
    wait_for_worker(page)
    phone.context.set_offline(True)
    phone.expect(OFFLINE)
    for path in PAGES:
        go(page, path)
        assert page.get_by_role("heading", level=1).count() == 1
    go(page, "/tani")
    expect(page.get_by_role("heading", level=1)).to_have_text("1 karung jagung Anda di kebun")
    expect(page.get_by_text(re.compile("Kabar dari pukul"))).to_be_visible()
    phone.context.set_offline(False)
    go(page, "/tani/bantuan")
    press(page, "Keluar dari HP ini")
    page.wait_for_url(re.compile("/masuk"))
    phone.context.set_offline(True)
    go(page, "/tani")
    expect(page.get_by_role("heading", level=1)).to_have_text("Masuk dulu")
    expect(page.get_by_text("karung jagung")).to_have_count(0)
    kept = page.evaluate(KEPT)
    assert kept
    for address, text in kept:
        assert farmer.tags[0].sscc not in text, address
        assert 'data-account="0' not in text, address


def test_queue_of_one_person_is_never_sent_as_another(phone: Window, live: Live, farmer: Farmer) -> None:
    page = phone.sign_in(farmer.login)
    wait_for_worker(page)
    phone.context.set_offline(True)
    phone.expect(OFFLINE)
    go(page, "/tani/panen")
    tag_sack(page, farmer.tags[0].sscc)
    page.close()
    phone.context.set_offline(False)
    phone.context.clear_cookies()
    other = live.account("farmer", party_gln=farmer.group.gln, site_id=farmer.farm.id)
    page = phone.sign_in(other)
    expect(page.get_by_text("1 catatan milik orang lain menunggu di HP ini.")).to_be_visible()
    expect(page.locator("li.q")).to_have_count(0)
    page.wait_for_timeout(1500)
    assert recorded(live, farmer.tags[0]) == []
    phone.context.clear_cookies()
    page = phone.sign_in(farmer.login)
    expect(item_of(page, farmer.tags[0])).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    (scan,) = live.rows(
        "SELECT a.login FROM scan JOIN account a ON a.id = scan.account_id WHERE scan.id = %s",
        recorded(live, farmer.tags[0])[0]["id"],
    )
    assert scan["login"] == farmer.login


# --- the camera ------------------------------------------------------------------------------------------------------


def film_of(tag: Tag, group: Party, path: Path) -> Path:
    """A short film of the printed label, a little askew on a sack, as a phone sees it."""
    label = labels.Label(tag.sscc, tag.uri, group.gs1_prefix or "952000010", group.name)
    with pypdfium2.PdfDocument(labels.render([label], "58x40")) as document:
        printed = document[0].render(scale=3).to_pil().convert("RGB")
    frames: list[bytes] = []
    for angle in (4.0, 4.5, 5.0, 4.5):
        picture = Image.new("RGB", (1280, 720), (176, 172, 160))
        turned = printed.rotate(angle, expand=True, fillcolor=(176, 172, 160), resample=Image.Resampling.BICUBIC)
        picture.paste(turned, (390, 180))
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=80)
        frames.append(file.getvalue())
    path.write_bytes(b"".join(frames))
    return path


def test_camera_reads_a_printed_label(
    playwright: Playwright, open_window: OpenWindow, farmer: Farmer, tmp_path: Path
) -> None:
    film = film_of(farmer.tags[0], farmer.group, tmp_path / "label.mjpeg")
    with camera_browser(playwright, film) as browser:
        phone = open_window(using=browser, **PHONE)
        page = phone.sign_in(farmer.login)
        page.get_by_role("link", name="Pindai label").click()
        expect(page.get_by_role("heading", name="Apa isi karung ini?")).to_be_visible()
        expect(page.locator("#label-tail")).to_have_text(
            re.compile(rf"{farmer.tags[0].sscc[-5:-1]}.{farmer.tags[0].sscc[-1]}")
        )
        page.get_by_role("radio", name="Jagung", exact=True).check()
        press(page, "Lanjut: berat")
        press(page, "Lanjut: periksa")
        press(page, "Simpan, karung berikutnya")
        # The same label is still in the picture: it is told, not taken twice.
        expect(page.locator("#baca")).to_contain_text("Sudah Anda isi di HP ini", timeout=15_000)
        assert axe_findings(page) == []
        assert phone.unexpected() == []


def test_denied_camera_is_explained_and_the_number_can_be_typed(phone: Window, farmer: Farmer) -> None:
    phone.context.add_init_script(
        "if (navigator.mediaDevices) navigator.mediaDevices.getUserMedia ="
        " () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page = phone.sign_in(farmer.login)
    page.get_by_role("link", name="Pindai label").click()
    expect(page.get_by_text("Kamera tidak diizinkan.")).to_be_visible()
    type_label(page, farmer.tags[0].sscc)
    expect(page.get_by_role("heading", name="Apa isi karung ini?")).to_be_visible()


# --- loading ---------------------------------------------------------------------------------------------------------


def test_sacks_of_today_go_on_a_truck_with_one_tap(phone: Window, live: Live, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    tag_sack(page, farmer.tags[0].sscc)
    go(page, "/tani/muat")
    page.get_by_label("Pelat truk").fill("be 8140 lmb")
    press(page, "Tambahkan 1 karung dari hari ini")
    press(page, "Simpan, 1 karung naik")
    load = page.locator("li.q").filter(has_text="BE 8140 LMB")
    load.wait_for()
    hurry(page)
    expect(load).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    inside = live.rows(
        "SELECT carrier.name FROM containment c JOIN carrier ON c.parent = 'https://id.gs1.org/8004/' || carrier.giai"
        " WHERE c.child LIKE %s AND c.to_at IS NULL",
        f"%/00/{farmer.tags[0].sscc}",
    )
    assert inside == [{"name": "BE 8140 LMB"}]


def test_unknown_plate_is_refused_in_plain_words(phone: Window, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/muat")
    page.get_by_label("Pelat truk").fill("BE 0000 XX")
    page.get_by_label("Nomor label").fill(farmer.tags[0].sscc)
    press(page, "Tambah")
    press(page, "Simpan, 1 karung naik")
    page.locator("li.q").wait_for()
    hurry(page)
    expect(page.get_by_text("Truk dengan pelat itu belum terdaftar.")).to_be_visible(timeout=SENT_MS)
    expect(page.get_by_role("link", name="Betulkan pelat")).to_be_visible()


# --- without script, in English, for everybody -----------------------------------------------------------------------


def test_one_sack_is_tagged_without_script(open_window: OpenWindow, live: Live, farmer: Farmer) -> None:
    phone = open_window(**PHONE, java_script_enabled=False)
    page = phone.sign_in(farmer.login, then="/tani/panen")
    page.locator("#f-tag").fill(farmer.tags[0].sscc)
    page.get_by_role("radio", name="Gabah kering panen").check()
    page.locator("#f-quantity_kg").fill("48,5")
    press(page, "Simpan karung ini")
    # Playwright's text search passes over noscript, so its parts are named by their classes.
    expect(page.locator(".say-box[role=status]")).to_contain_text("tersimpan.")
    assert [str(row["quantity_kg"]) for row in recorded(live, farmer.tags[0])] == ["48.500"]
    page.locator("#f-tag").fill(farmer.tags[0].sscc)
    page.get_by_role("radio", name="Gabah kering panen").check()
    phone.expect("422")
    press(page, "Simpan karung ini")
    expect(page.locator(".wrongs")).to_contain_text(re.compile(r"Label ini sudah dipakai pada .* Pakai label lain\."))


@pytest.mark.parametrize(("theme", "language"), [("light", "id"), ("dark", "en")])
def test_pages_have_no_accessibility_findings_and_fold_to_320_px(
    open_window: OpenWindow, farmer: Farmer, theme: str, language: str
) -> None:
    phone = open_window(**PHONE, color_scheme=theme)
    page = phone.sign_in(farmer.login)
    for path in PAGES:
        go(page, f"{path}?lang={language}")
        assert (path, axe_findings(page)) == (path, [])
        page.set_viewport_size({"width": 320, "height": 640})
        assert (path, overflow_px(page)) == (path, 0)
        page.set_viewport_size(PHONE["viewport"])


def test_steps_and_queue_have_no_accessibility_findings_and_fold_to_320_px(phone: Window, farmer: Farmer) -> None:
    page = arrive(phone, farmer.login, "/tani/panen")
    page.set_viewport_size({"width": 320, "height": 640})
    type_label(page, "1")
    assert axe_findings(page) == []
    type_label(page, farmer.tags[0].sscc)
    for ahead in ("Lanjut: berat", "Lanjut: periksa", "Simpan, selesai"):
        page.get_by_role("button", name=ahead).wait_for()
        assert (ahead, axe_findings(page), overflow_px(page)) == (ahead, [], 0)
        press(page, ahead)
    page.locator("li.q").first.wait_for()
    assert (axe_findings(page), overflow_px(page)) == ([], 0)
    hurry(page)
    expect(page.locator("li.q")).to_have_attribute("data-state", "sent", timeout=SENT_MS)
    assert (axe_findings(page), overflow_px(page)) == ([], 0)


def test_shell_fits_its_budget(phone: Window, farmer: Farmer, record_property: Any) -> None:
    """What a phone fetches once: every file the worker keeps, in one language, gzipped."""
    page = phone.sign_in(farmer.login)
    wait_for_worker(page)
    kept = page.evaluate(KEPT)
    sizes = {path: len(gzip.compress(text.encode(), 9)) for path, text in kept if not path.endswith("/en")}
    total = sum(sizes.values())
    record_property("shell_gzip_bytes", total)
    assert {f"/tani/cangkang/{name}/id" for name in ("beranda", "pindai", "panen", "muat", "bantuan")} <= sizes.keys()
    assert (STATIC / "dist" / "tani.js").is_file()
    assert total <= 70 * 1024, sizes
