"""Every page speaks both languages, obeys the policy, and keeps its colours readable."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from jinja2 import ChoiceLoader, DictLoader

from api.pages import catalogue, rendering
from api.pages.rendering import _, page, page_problem, sample_sheet, static_files, static_url

API = Path(rendering.__file__).resolve().parents[1]
TEMPLATES = sorted((API / "templates").rglob("*.html"))
NOW = datetime(2026, 11, 21, 3, 42, tzinfo=UTC)


def name_of(path: Path) -> str:
    return path.relative_to(API / "templates").as_posix()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A small app that shows one page; its templates stand beside the real frames."""
    own = DictLoader(
        {
            "tani/coba.html": '{% extends "phone_base.html" %}'
            "{% block content %}{{ words }} {{ 12500|rupiah }}{% endblock %}",
            "konsol/coba.html": '{% extends "console_base.html" %}{% block content %}{{ now|wib_time }}{% endblock %}',
            "publik/coba.html": '{% from "macros/marks.html" import icon %}{% extends "base.html" %}'
            '{% block content %}{{ icon("warn") }}{{ icon("warn") }}{% endblock %}',
        }
    )
    real = rendering.environment.loader
    assert real is not None

    monkeypatch.setattr(rendering.environment, "loader", ChoiceLoader([own, real]))
    app = FastAPI()
    app.mount("/static", static_files())

    @app.get("/{face}")
    def show(request: Request, face: str) -> Response:
        return page(
            request,
            f"{face}/coba.html",
            now=NOW,
            title=_("Beranda"),
            words=_("Tersimpan di HP ini. Dikirim sendiri begitu ada sinyal."),
        )

    return TestClient(app)


# --- language and theme


def test_indonesian_is_spoken_where_nothing_else_is_asked(client: TestClient) -> None:
    answer = client.get("/tani", headers={"Accept-Language": "fr-FR"})
    assert '<html lang="id">' in answer.text
    assert "Tersimpan di HP ini." in answer.text
    assert "Rp12.500" in answer.text
    assert answer.headers["Content-Language"] == "id"


def test_english_is_spoken_to_a_browser_that_prefers_it(client: TestClient) -> None:
    answer = client.get("/tani", headers={"Accept-Language": "fr, en-GB;q=0.8, id;q=0.5"})
    assert '<html lang="en">' in answer.text
    assert "Saved on this phone." in answer.text
    assert "Rp12,500" in answer.text
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("in-ID", "id"),
        ("en;q=0, id", "id"),
        ("id;q=0.4, en;q=0.9", "en"),
        ("en;q=nonsense", "id"),
        ("", "id"),
        (";,q=1", "id"),
    ],
)
def test_the_best_of_our_languages_is_taken_from_the_header(client: TestClient, header: str, language: str) -> None:
    assert client.get("/tani", headers={"Accept-Language": header}).headers["Content-Language"] == language


def test_the_query_outweighs_the_cookie_and_is_remembered(client: TestClient) -> None:
    client.cookies.set("lang", "id")
    answer = client.get("/tani?lang=en&theme=dark")
    assert '<html lang="en" class="dark">' in answer.text
    assert "lang=en" in answer.headers["set-cookie"]
    client.cookies.set("lang", "en")
    client.cookies.set("theme", "dark")
    again = client.get("/tani", headers={"Accept-Language": "id"})
    assert '<html lang="en" class="dark">' in again.text
    assert "set-cookie" not in again.headers


def test_a_language_or_theme_we_do_not_have_is_ignored(client: TestClient) -> None:
    answer = client.get('/tani?lang=xx&theme="><script>', headers={"Accept-Language": "id"})
    assert '<html lang="id">' in answer.text
    assert "<script>" not in answer.text
    assert "set-cookie" not in answer.headers


def test_following_the_device_again_takes_the_theme_away(client: TestClient) -> None:
    client.cookies.set("theme", "dark")
    assert "class=" not in re.findall(r"<html[^>]*>", client.get("/tani?theme=auto").text)[0]


def test_the_language_switch_keeps_the_rest_of_the_address(client: TestClient) -> None:
    text = client.get("/konsol?sort=-expiry&page=2").text
    assert "/konsol?sort=-expiry&amp;page=2&amp;lang=en" in text


# --- policy


def test_every_page_carries_the_strict_policy(client: TestClient) -> None:
    for face in ("tani", "konsol", "publik"):
        policy = client.get(f"/{face}").headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "'unsafe-eval'" not in policy
        assert client.get(f"/{face}").headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_template_has_inline_style_or_script(path: Path) -> None:
    text = re.sub(r"{#.*?#}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.search(r"\sstyle\s*=", text), "style= is refused by the policy"
    assert not re.search(r"<style\b", text), "<style> is refused by the policy"
    assert not re.search(r"<[^>]*\son[a-z]+\s*=", text), "event attributes are refused by the policy"
    assert "javascript:" not in text
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or "application/" in script, "scripts come from files"


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_nothing_is_asked_of_another_origin(path: Path) -> None:
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_template_compiles(path: Path) -> None:
    rendering.environment.get_template(name_of(path))


# --- words


def test_every_sentence_has_its_english() -> None:
    missing = [
        f"{message.locations[0][0]}:{message.locations[0][1]}: {message.id!r}"
        for message in catalogue.untranslated()
        if message.id
    ]
    assert not missing, "python -m api.pages.catalogue prints them ready to be filled in:\n" + "\n".join(missing)


def test_placeholders_survive_translation() -> None:
    wrong = [
        message.id
        for message in catalogue.read_catalogue("en")
        if message.id
        for source, target in zip(
            [message.id] if isinstance(message.id, str) else message.id,
            [message.string] if isinstance(message.string, str) else message.string or (),
            strict=True,
        )
        if sorted(re.findall(r"%\(\w+\)s|%%", source)) != sorted(re.findall(r"%\(\w+\)s|%%", target))
    ]
    assert not wrong


def test_two_files_may_not_translate_a_sentence_differently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "a.po").write_text('msgid "Panen"\nmsgstr "Harvest"\n')
    (folder / "b.po").write_text('msgid "Panen"\nmsgstr "Crop"\n')
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path)
    with pytest.raises(catalogue.ConflictingTranslation, match=r"b\.po"):
        catalogue.read_catalogue("en")


def test_a_sentence_marked_in_python_is_translated_when_it_is_shown(client: TestClient) -> None:
    assert "<title>Home, Lumbung Tani</title>" in client.get("/tani?lang=en").text
    assert str(_("Langkah %(step)s dari %(of)s", step=2, of=3)) == "Langkah 2 dari 3"


# --- marks and files


def test_the_buyers_page_carries_each_mark_once_and_the_others_point_to_the_file(client: TestClient) -> None:
    text = client.get("/publik").text
    assert text.count('<symbol id="i-warn"') == 1
    assert text.count('<use href="#i-warn"/>') == 2
    assert "marks.svg" not in text
    assert "marks.svg?v=" in client.get("/tani").text


def test_an_unknown_mark_is_an_error_at_once() -> None:
    with pytest.raises(KeyError):
        rendering.symbol("i-unicorn")
    with pytest.raises(FileNotFoundError):
        static_url("tyop.css")


def test_a_commodity_finds_its_mark_by_its_first_word() -> None:
    names = ("Beras medium", "gabah", "Jagung pipilan", "pisang_kepok", "Ayam beku")
    assert [rendering.commodity_mark(name) for name in names] == ["padi", "padi", "jagung", "pisang", "ayam"]


def test_files_asked_for_by_their_hash_are_kept_for_a_year(client: TestClient) -> None:
    hashed = client.get(static_url("marks.svg"))
    assert hashed.status_code == 200
    assert "immutable" in hashed.headers["Cache-Control"]
    assert client.get("/static/marks.svg").headers["Cache-Control"] == "no-cache"


# --- problem pages


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 429, 500, 503])
@pytest.mark.parametrize("language", ["id", "en"])
def test_each_problem_says_what_happened_and_offers_one_next_action(status: int, language: str) -> None:
    request = Request(
        {"type": "http", "method": "GET", "scheme": "http", "path": "/x", "server": ("localhost", 80),
         "query_string": f"lang={language}".encode(), "headers": []}
    )  # fmt: skip
    answer = page_problem(request, status, reference="7F3K")
    text = bytes(answer.body).decode()
    assert answer.status_code == status
    assert len(re.findall(r"<h1>[^<]+</h1>", text)) == 1
    assert text.count('class="button do') == 1
    assert "7F3K" in text


def test_what_the_api_says_in_english_is_shown_to_readers_of_english_only() -> None:
    def told(language: str) -> str:
        scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/x", "server": ("localhost", 80)}
        request = Request(scope | {"query_string": f"lang={language}".encode(), "headers": []})
        return bytes(page_problem(request, 403, detail="your role may not do this").body).decode()

    assert "your role may not" in told("en")
    assert "your role may not" not in told("id")


def test_what_a_person_typed_is_shown_escaped() -> None:
    text = bytes(page_problem(None, 422, wrong_fields=[("<i>", "<b>x</b>")]).body).decode()
    assert "<b>x</b>" not in text
    assert "&lt;i&gt;" in text


def test_the_sheet_of_components_draws_every_macro() -> None:
    text = bytes(sample_sheet().body).decode()
    for drawn in (
        "stitch",
        "hole",
        "knot-now",
        "tear",
        "sack-gap",
        "state intervensi",
        "vd foreign",
        "say-box",
        "wrong",
    ):
        assert drawn in text


# --- colours (WCAG 2.2, as docs/look.md promises)

TOKENS = (API / "static" / "src" / "_tokens.css").read_text(encoding="utf-8")
PAIR = re.compile(r"--([\w-]+): var\(--light, (#\w{6})\) var\(--dark, (#\w{6})\)")
ONE = re.compile(r"--([\w-]+): (#\w{6});")


def colours(theme: str) -> dict[str, str]:
    pairs = {name: light if theme == "light" else dark for name, light, dark in PAIR.findall(TOKENS)}
    return pairs | dict(ONE.findall(TOKENS))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("over", "under", "least"),
    [
        *[("ink", paper, 12.2) for paper in ("ground", "sheet", "fold", "nila-wash")],
        *[("ink2", paper, 6.2) for paper in ("ground", "sheet", "fold", "nila-wash")],
        *[("nila", paper, 7.0) for paper in ("ground", "sheet")],
        ("on-nila", "nila", 9.8),
        *[("edge", paper, 3.2) for paper in ("ground", "sheet")],
        *[("on-state", state, 5.9) for state in ("aman", "waspada", "siaga", "intervensi")],
        *[(state, "sheet", 5.9) for state in ("aman", "waspada", "siaga", "intervensi")],
        *[(state, f"{state}-wash", 4.85) for state in ("aman", "waspada", "siaga", "intervensi")],
        *[("on-field", f"field-{state}", 5.9) for state in ("aman", "waspada", "siaga", "intervensi", "foreign")],
        *[("coast", side, 3.0) for side in ("sea", "land")],
        ("now-ring", "gabah", 8.0),
    ],
)  # fmt: skip
def test_colours_stay_readable(theme: str, over: str, under: str, least: float) -> None:
    table = colours(theme)
    assert contrast(table[over], table[under]) >= least
