"""One Jinja environment for all pages: language, theme, figures, security headers.

    from api.pages.rendering import _, page
    return page(request, "konsol/papan.html", title=_("Hub Panjang"), …)

`page()` answers a whole page or a fragment; `page_problem()` a page that says what went wrong and what to do next;
`_()` marks a sentence in Python, translated when it is shown; `static_files()` is what app.py mounts at /static.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode
from xml.etree import ElementTree

from babel.support import LazyProxy
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.types import Scope

from api.pages import stitches, words
from api.pages.catalogue import LANGUAGES, SOURCE_LANGUAGE, translations
from api.pages.words import Language

API = Path(__file__).resolve().parents[1]
TEMPLATES = API / "templates"
STATIC = API / "static"
THEMES = ("light", "dark")
YEAR_S = 365 * 86_400

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",  # zxing-wasm reads the labels
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",  # a web view such as JAKI's is not a frame and opens the page all the same
        "base-uri 'none'",
    )
)
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()",
}


@dataclass
class Voice:
    """What one rendering speaks: the language, the theme, the moment, and the marks it has drawn so far."""

    language: Language = "id"
    theme: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    inline_marks: bool = False
    drawn: dict[str, None] = field(default_factory=dict[str, None])


# Macros are imported without a context, so the voice travels beside them.
_voice: ContextVar[Voice | None] = ContextVar("voice", default=None)


def voice() -> Voice:
    return _voice.get() or Voice()


def gettext(message: str) -> str:
    return translations(voice().language).ugettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    return translations(voice().language).ungettext(singular, plural, count)


def _(message: str, **values: object) -> LazyProxy:
    """A sentence in Python, marked here and translated when a page shows it; `values` fill its %(name)s."""

    def say() -> str:
        said = gettext(message)
        return said % values if values else said

    return LazyProxy(say, enable_cache=False)


# --- choosing language and theme -------------------------------------------------------------------------------------


def _accepted(header: str) -> str | None:
    """The best of our languages in an Accept-Language header, None where it names neither."""
    wishes: list[tuple[float, int, str]] = []
    for order, part in enumerate(header.split(",")):
        tag, _sep, parameter = part.strip().partition(";")
        name, _equals, quality = parameter.strip().partition("=")
        try:
            weight = float(quality) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        # "in" is what old Android phones still call Indonesian
        language = {"in": "id"}.get(primary := tag.split("-")[0].lower(), primary)
        if weight > 0 and language in LANGUAGES:
            wishes.append((-weight, order, language))
    return min(wishes)[2] if wishes else None


def language_of(request: Request | None) -> Language:
    """?lang=, then the cookie `lang`, then Accept-Language, then Indonesian."""
    if request is None:
        return SOURCE_LANGUAGE
    for wish in (request.query_params.get("lang"), request.cookies.get("lang")):
        if wish in LANGUAGES:
            return cast("Language", wish)
    return cast("Language", _accepted(request.headers.get("accept-language", "")) or SOURCE_LANGUAGE)


def theme_of(request: Request | None) -> str:
    """?theme=, then the cookie `theme`: "light" or "dark"; "" follows the device."""
    if request is None:
        return ""
    wish = request.query_params.get("theme", request.cookies.get("theme", ""))
    return wish if wish in THEMES else ""


def _remember(request: Request, response: Response) -> None:
    """Keep what was asked for by ?lang= and ?theme= for the next pages."""
    for name, allowed in (("lang", LANGUAGES), ("theme", (*THEMES, "auto"))):
        wish = request.query_params.get(name)
        if wish is not None and wish in allowed and wish != request.cookies.get(name):
            secure = request.url.scheme == "https"
            response.set_cookie(name, wish, max_age=YEAR_S, samesite="lax", httponly=True, secure=secure)


def here(request: Request | None, **changes: str | int | None) -> str:
    """This page's address with some of its query changed; None takes a parameter away."""
    if request is None:
        return "?" + urlencode({k: v for k, v in changes.items() if v is not None})
    pairs = [(k, v) for k, v in request.query_params.multi_items() if k not in changes]
    pairs += [(k, str(v)) for k, v in changes.items() if v is not None]
    return request.url.path + ("?" + urlencode(pairs) if pairs else "")


# --- files that go with the pages ------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _fingerprint(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """The address of a static file with its content's hash: the bundled one from dist/, else its source.

    Raises FileNotFoundError for a name that is neither, so that a typing error shows at once.
    """
    for folder in ("dist", "src", ""):
        path = STATIC / folder / name
        if path.is_file():
            address = "/".join(part for part in ("/static", folder, name) if part)
            return f"{address}?v={_fingerprint(path, path.stat().st_mtime_ns)}"
    raise FileNotFoundError(f"no static file {name!r} in api/static, its src/ or dist/")


class _Static(StaticFiles):
    """Files asked for by their hash never change; the others are asked again each time."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        hashed = b"v=" in scope.get("query_string", b"")
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable" if hashed else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def static_files() -> StaticFiles:
    """What app.py mounts at /static."""
    return _Static(directory=STATIC)


# --- marks and icons -------------------------------------------------------------------------------------------------

SVG = "http://www.w3.org/2000/svg"


@lru_cache(maxsize=1)
def _symbols() -> dict[str, tuple[str, Markup]]:
    """Every symbol of marks.svg: its viewBox and itself as markup."""
    ElementTree.register_namespace("", SVG)
    found: dict[str, tuple[str, Markup]] = {}
    for symbol in ElementTree.parse(STATIC / "marks.svg").getroot():  # noqa: S314  our own file
        text = ElementTree.tostring(symbol, encoding="unicode").replace(f' xmlns="{SVG}"', "").strip()
        found[symbol.attrib["id"]] = (symbol.attrib["viewBox"], Markup(text))  # noqa: S704  our own file
    return found


def symbol(name: str) -> str:
    """The address `<use>` draws a symbol from: within the page where marks go inline, else marks.svg."""
    if name not in _symbols():
        raise KeyError(f"no symbol {name!r} in marks.svg")
    speaking = voice()
    if speaking.inline_marks:
        speaking.drawn[name] = None
        return f"#{name}"
    return f"{static_url('marks.svg')}#{name}"


def drawn_symbols() -> Markup:
    """The symbols used so far in an inline page; base.html puts them at its end."""
    return Markup("").join(_symbols()[name][1] for name in voice().drawn)


# --- the environment -------------------------------------------------------------------------------------------------

COMMODITY_MARKS = {"gabah": "padi", "beras": "padi", "rice": "padi", "padi": "padi"} | {
    "jagung": "jagung", "corn": "jagung", "maize": "jagung",
    "pisang": "pisang", "banana": "pisang",
    "ayam": "ayam", "chicken": "ayam",
}  # fmt: skip
LEVELS = ("aman", "waspada", "siaga", "intervensi")


def commodity_mark(commodity: object) -> str:
    """The mark of a commodity by its first word: "Beras medium" is padi, as gabah is; unknown ones are padi too."""
    return COMMODITY_MARKS.get(str(commodity).lower().replace("_", " ").split(" ")[0], "padi")


def _in_language(write: Any) -> Any:
    def filter_(value: Any, *args: Any, **kwargs: Any) -> str:
        return str(write(value, voice().language, *args, **kwargs))

    return filter_


def _days_ago(value: date | datetime | None, on: date | datetime | None = None) -> str:
    return words.days_ago(value, voice().language, on=on or voice().now)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    cast("Any", environment).install_gettext_callables(gettext, ngettext, newstyle=True)
    spoken = ("number", "signed", "rupiah", "kg", "tonnes", "celsius", "percent")
    spoken += ("wib_time", "date_id", "duration", "days")
    environment.filters.update({name: _in_language(getattr(words, name)) for name in spoken})
    environment.filters.update(
        {"days_ago": _days_ago, "minus": words.minus, "tail": words.tail, "sscc_text": words.sscc_text}
    )

    def date_span(first: date | None, last: date | None, **kwargs: Any) -> str:
        return words.date_span(first, last, voice().language, **kwargs)

    environment.globals.update(
        {
            "voice": voice,
            "static_url": static_url,
            "symbol": symbol,
            "drawn_symbols": drawn_symbols,
            "commodity_mark": commodity_mark,
            "date_span": date_span,
            "lay_out": stitches.lay_out,
            "sew": stitches.sew,
            "sew_leg": stitches.sew_leg,
            "punch": stitches.punch,
            "load_grid": stitches.load_grid,
            "LEVELS": LEVELS,
        }
    )
    return environment


environment = _environment()


def render(template: str, request: Request | None = None, *, now: datetime | None = None, **context: Any) -> str:
    """A template as HTML in the request's language and theme; `now` is the moment that "12 days ago" counts from.

    Pages of `publik/` and `errors/` carry the marks they use (one request fewer), the others draw from marks.svg.
    """
    speaking = Voice(
        language=language_of(request),
        theme=theme_of(request),
        now=now or datetime.now(UTC),
        inline_marks=template.startswith(("publik/", "errors/")),
    )
    token = _voice.set(speaking)
    try:
        return environment.get_template(template).render(
            request=request,
            language=speaking.language,
            theme=speaking.theme,
            now=speaking.now,
            here=lambda **changes: here(request, **changes),
            **context,
        )
    finally:
        _voice.reset(token)


def page(
    request: Request | None,
    template: str,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
    now: datetime | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page, or a fragment of one, with its security headers."""
    response = HTMLResponse(render(template, request, now=now, **context), status_code=status_code)
    response.headers.update(SECURITY_HEADERS)
    response.headers["Vary"] = "Accept-Language, Cookie, Accept"
    response.headers["Content-Language"] = language_of(request)
    response.headers.update(headers or {})
    if request is not None:
        _remember(request, response)
    return response


PROBLEM_PAGES = {401: "403", 403: "403", 404: "404", 410: "404", 422: "422", 400: "422"}


def page_problem(
    request: Request | None,
    status_code: int,
    *,
    title: object = "",
    detail: object = "",
    wrong_fields: Iterable[tuple[str, str]] = (),
    reference: str = "",
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """What went wrong, in plain words, and the next action. Asks no database.

    `title` and `detail` are shown as they are, plain strings (which the API says in English) only to readers of
    English; `wrong_fields` are (field, what to do) pairs; `reference` is the number to tell us.
    """
    if language_of(request) != "en":
        title, detail = ("" if isinstance(said, str) else said for said in (title, detail))
    known = "500" if status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else PROBLEM_PAGES.get(status_code, "problem")
    return page(
        request,
        f"errors/{known}.html",
        status_code=status_code,
        headers=headers,
        status=status_code,
        problem_title=title,
        detail=detail,
        wrong_fields=list(wrong_fields),
        reference=reference,
    )


def sample_sheet(request: Request | None = None) -> HTMLResponse:
    """The sheet of components in light and dark, drawn by the very macros the pages use."""
    return page(request, "lembar_gaya.html")
