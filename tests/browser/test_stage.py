"""The watch over browser tests itself: what it must catch, it catches."""

import re

from tests.browser.stage import Live, Window, axe_findings, overflow_px


def test_sign_in_page_opens_clean(phone: Window) -> None:
    page = phone.open("/masuk")
    assert page.title() == "Masuk, Lumbung"
    assert axe_findings(page) == []
    assert overflow_px(page) == 0


def test_console_errors_uncaught_errors_and_other_origins_are_caught(phone: Window) -> None:
    page = phone.open("/masuk")
    page.evaluate("() => console.error('something went wrong')")
    page.evaluate("() => { setTimeout(() => { throw new Error('thrown away') }) }")
    page.route("https://elsewhere.example/**", lambda route: route.abort())
    page.evaluate("() => fetch('https://elsewhere.example/spy').catch(() => {})")
    page.wait_for_timeout(200)
    told = "\n".join(phone.unexpected())
    for what in ("something went wrong", "thrown away"):
        assert what in told
    # The policy stops the request before it leaves; the browser says so.
    assert re.search("elsewhere.example", told)
    phone.expect("something went wrong", "thrown away", "elsewhere.example")


def test_person_signs_in(phone: Window, live: Live) -> None:
    group, farm = live.group()
    page = phone.sign_in(live.account("farmer", party_gln=group.gln, site_id=farm.id), then="/healthz")
    assert page.url == f"{live.url}/healthz"
