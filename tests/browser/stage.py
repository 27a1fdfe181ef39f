"""A running Lumbung and a watched browser profile, for the browser tests of all faces.

`Live` is Lumbung on a free port with the corridor loaded, `Window` one phone or desk looking at it. A test fails on any
console error, any uncaught error and any request to another origin; what it provokes on purpose it announces with
`window.expect(r"…")`. The fixtures are in conftest.py.
"""

import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from api.app import create_app
from api.corridor import load
from core import accounts, database
from core.bootstrap import VENV
from core.cluster import DatabaseUrls
from core.database import Row
from core.locks import alone
from core.settings import ROOT, Settings
from tracking import people, tags
from tracking.corridor import lampung_jakarta
from tracking.models import Party, Site
from tracking.tags import Tag

STATIC = ROOT / "api" / "static"
CHROMIUM = os.environ.get("LUMBUNG_CHROMIUM", "/usr/bin/chromium")
PIN = "483920"
# Quiet and the same everywhere: no first-run pages, no updates, no shared memory that containers lack.
ARGS = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--font-render-hinting=none"]
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "locale": "id-ID",
    "timezone_id": "Asia/Jakarta",
}
DESKTOP: dict[str, Any] = {
    "viewport": {"width": 1440, "height": 900},
    "locale": "id-ID",
    "timezone_id": "Asia/Jakarta",
}


@dataclass
class Live:
    """A running Lumbung: its address, its engine and settings, and what tests need to set up people and tags."""

    url: str
    engine: Engine
    settings: Settings
    _used: int = 0

    def account(self, role: str, *, party_gln: str | None = None, site_id: UUID | None = None) -> str:
        """Open an account whose password is PIN, working for a party and at a site if given; its login."""
        login = f"{role}-{uuid4().hex[:8]}"
        with Session(self.engine, expire_on_commit=False) as session:
            now = datetime.now(UTC)
            account = accounts.create_account(
                session, login=login, name=f"Uji {role}", role=role, password=PIN, now=now
            )
            if party_gln is not None:
                people.join(session, account.id, people.party_by_gln(session, party_gln).id, site_id)
            session.commit()
        return login

    def group(self) -> tuple[Party, Site]:
        """A farmer group that no test has taken yet, and its first farm."""
        with Session(self.engine, expire_on_commit=False) as session:
            groups = session.exec(select(Party).where(Party.kind == "farmer_group").order_by(col(Party.gln))).all()
            party = groups[self._used]
            self._used += 1
            farms = select(Site).where(Site.party_id == party.id, Site.kind == "farm").order_by(col(Site.uri))
            return party, session.exec(farms).all()[0]

    def tags(self, party: Party, count: int = 5) -> list[Tag]:
        """New tags of a party, as its QR codes hold them."""
        with Session(self.engine, expire_on_commit=False) as session:
            issued = tags.issue(session, party, count, datetime.now(UTC))
            session.commit()
            return tags.tags_of(issued, self.settings.public_base_url, self.settings.tag_key)

    def rows(self, sql: str, *params: object) -> list[Row]:
        """What lies in the database."""
        with Session(self.engine) as session:
            return database.rows(database.raw(session), sql, params)


def bundle() -> None:
    """Bundle scripts and styles anew where a source is newer than what was bundled."""
    with alone(VENV / "bundle.lock"):
        made = STATIC / "dist" / "files.json"
        sources = [STATIC / "build.mjs", *(STATIC / "src").iterdir()]
        if made.exists() and made.stat().st_mtime > max(source.stat().st_mtime for source in sources):
            return
        done = subprocess.run(
            [str(VENV / "bin" / "node"), str(STATIC / "build.mjs")], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def serving(urls: DatabaseUrls, data_dir: Path) -> Iterator[Live]:
    """Lumbung on a free port of 127.0.0.1, in a thread, until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(
        data_dir=data_dir, port=1, public_base_url=url, secret_key="s" * 64, tag_key="t" * 64, demo=True
    )
    engine = database.engine(urls.app, pool_size=10)
    with Session(engine) as session:
        load(session, lampung_jakarta())
        session.commit()
    config = uvicorn.Config(
        create_app(settings, engine), access_log=False, log_level="warning", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.02)
        yield Live(url, engine, settings)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        engine.dispose()
        listener.close()


@dataclass
class Window:
    """One browser profile (a phone, a desk) and what went wrong in it."""

    context: BrowserContext
    live: Live
    errors: list[str] = field(default_factory=list[str])
    _expected: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.context.set_default_timeout(15_000)
        own = urlsplit(self.live.url).netloc

        def requested(request: Any) -> None:
            parts = urlsplit(request.url)
            if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != own:
                self.errors.append(f"off-origin request: {request.url}")

        def said(message: Any) -> None:
            if message.type == "error":
                self.errors.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

        self.context.on("request", requested)
        self.context.on("console", said)
        self.context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))

    def expect(self, *patterns: str) -> None:
        """Announce errors that the test provokes on purpose, as regular expressions."""
        self._expected += patterns

    def open(self, path: str = "/") -> Page:
        """A new page at `path`."""
        page = self.context.new_page()
        page.goto(self.live.url + path)
        return page

    def sign_in(self, login: str, then: str = "/tani") -> Page:
        """Sign in as a person does, on the sign-in page; the page one lands on."""
        page = self.open(f"/masuk?next={quote(then)}")
        page.get_by_label(re.compile("Nama masuk|Name")).fill(login)
        page.locator("input[type=password]").fill(PIN)
        page.locator("main form button").click()
        page.wait_for_url(re.compile(re.escape(self.live.url + then)))
        return page

    def unexpected(self) -> list[str]:
        """What went wrong and was not announced."""
        return [e for e in self.errors if not any(re.search(pattern, e) for pattern in self._expected)]


@contextmanager
def camera_browser(playwright: Playwright, film: Path) -> Iterator[Browser]:
    """A Chromium whose camera shows `film` (MJPEG or Y4M) over and over, allowed without asking."""
    args = [
        *ARGS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    try:
        yield browser
    finally:
        browser.close()


OpenWindow = Callable[..., Window]


def axe_findings(page: Page) -> list[str]:
    """What axe-core holds against a page under WCAG 2.2 AA, one line each; empty is good."""
    source = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)  # through the debugger: the page's own policy would refuse it as inline script
    found = page.evaluate(
        "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:240]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def overflow_px(page: Page) -> int:
    """By how many pixels a page is wider than its window; 0 is good."""
    return page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
