"""The price pages in a real browser: accessible in light and dark and both languages, whole down to 320 px."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from core.cluster import DatabaseUrls
from core.database import engine
from prices import carried
from tests.browser.stage import DESKTOP, PHONE, Live, OpenWindow, axe_findings, overflow_px

PAGES = (
    "/konsol/harga",
    "/konsol/harga/beras/lampung",
    "/konsol/harga/beras/lampung?lihat=tabel",
    "/konsol/harga/ayam/dki-jakarta?lihat=peringatan",
    "/konsol/harga/pisang/lampung",
)


@pytest.fixture(scope="module", autouse=True)
def figures(module_database: DatabaseUrls) -> None:
    """The carried-over figures."""
    bound = engine(module_database.app, pool_size=1)
    with Session(bound) as session:
        carried.load(session, now=datetime.now(UTC))
        session.commit()
    bound.dispose()


@pytest.mark.parametrize(("scheme", "language"), [("light", "id"), ("dark", "en")])
def test_every_price_page_is_accessible_and_reflows(
    open_window: OpenWindow, live: Live, scheme: str, language: str
) -> None:
    login = live.account("officer")
    desk = open_window(**DESKTOP | {"color_scheme": scheme})
    page = desk.sign_in(login, then="/konsol/harga")
    for address in PAGES:
        joint = "&" if "?" in address else "?"
        page.goto(f"{address}{joint}lang={language}")
        assert axe_findings(page) == [], address
        for width in (1440, 1000, 700, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert overflow_px(page) == 0, f"{address} at {width} px"
        page.set_viewport_size({"width": 1440, "height": 900})


def test_one_drawing_is_shown_at_each_width_and_choices_are_plain_links(open_window: OpenWindow, live: Live) -> None:
    login = live.account("officer")
    phone = open_window(**PHONE)
    page = phone.sign_in(login, then="/konsol/harga/beras/lampung?lang=id")
    for width, shown in ((390, "slim"), (900, "mid"), (1440, "wide")):
        page.set_viewport_size({"width": width, "height": 800})
        visible = [name for name in ("wide", "mid", "slim") if page.locator(f".chart.{name}").is_visible()]
        assert visible == [shown]
    page.get_by_role("link", name="premium", exact=True).click()
    assert page.locator("h1").inner_text() == "Beras premium, Lampung"
    page.get_by_role("link", name="3 bulan").click()
    assert "rentang=3b" in page.url
    assert page.locator("h1").inner_text() == "Beras premium, Lampung"
