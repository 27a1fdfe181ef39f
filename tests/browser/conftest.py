"""Fixtures of the browser tests: `live` (a running Lumbung), `phone` and `desk` (watched browser profiles)."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Playwright, expect, sync_playwright

from core.cluster import DatabaseUrls
from tests.browser.stage import ARGS, CHROMIUM, DESKTOP, PHONE, Live, OpenWindow, Window, bundle, serving

expect.set_options(timeout=15_000)  # a slow machine is no fault of the page


@pytest.fixture(scope="module")
def live(module_database: DatabaseUrls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running Lumbung for the tests of one module; each takes people and tags of its own."""
    bundle()
    with serving(module_database, tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver, once a run."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt install chromium, or set LUMBUNG_CHROMIUM")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with sync_playwright() as running:
            yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium without a camera."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
    yield browser
    browser.close()


@pytest.fixture
def open_window(browser: Browser, live: Live) -> Iterator[OpenWindow]:
    """`open_window(**PHONE)` or `(**DESKTOP)`, with `using=` another browser: a profile of its own, watched."""
    opened: list[Window] = []

    def open_(*, using: Browser | None = None, **options: Any) -> Window:
        window = Window((using or browser).new_context(base_url=live.url, **options), live)
        opened.append(window)
        return window

    yield open_
    wrong = [error for window in opened for error in window.unexpected()]
    for window in opened:
        try:
            window.context.close()
        except Error:
            continue  # its browser is closed already
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def phone(open_window: OpenWindow) -> Window:
    """A phone of 390 px in Indonesian, Jakarta time."""
    return open_window(**PHONE)


@pytest.fixture
def desk(open_window: OpenWindow) -> Window:
    """A desktop of 1440 px in Indonesian, Jakarta time."""
    return open_window(**DESKTOP)
