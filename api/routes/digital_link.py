"""GS1 Digital Link on our own domain: what a label, lot, product, place or shipment is, to people and to machines.

One address a key; its representations are negotiated (HTML first, JSON, linkset, EPCIS) or asked for by the query:
`?json`, `?linkType=…`, `?epcis`. See docs/adr/0008.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlmodel import Session

from api import linkset
from api.dependencies import OptionalViewerDep, SessionDep, Viewer
from api.linkset import HTML, JSON, LD_JSON, LINKSET
from api.negotiation import best
from api.pages.rendering import language_of, page
from api.pages.route_map import COAST_CREDIT, route_map
from api.telling import INSIDE, Asked, Told, kind_of, tell
from core.database import Row
from core.errors import Unauthenticated
from tracking.epcis.document import document_of
from tracking.gs1 import digital_link
from tracking.gs1.digital_link import DigitalLinkError
from tracking.gs1.keys import tail

router = APIRouter(tags=["digital link"])

PUBLIC_S = 60  # a recall must reach whoever looks again
EPCIS_HEADERS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}
CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Link, ETag, GS1-EPCIS-Version"}
FOREIGN: Row = {"state": "foreign", "reasons": [], "records": 0, "steps": 0}


# --- the way of a request --------------------------------------------------------------------------------------------


def resolve(request: Request, session: Session, viewer: Viewer | None) -> Response:
    """Answer for whatever key the path holds."""
    path = _spelled(request)
    try:
        link = digital_link.parse(f"https://lumbung.invalid{path}")
    except DigitalLinkError as error:
        return _malformed(request, path, str(error))
    asked = Asked(request, session, viewer, link, kind_of(link), path, datetime.now(UTC))
    if asked.kind == "inside" and viewer is None:
        raise Unauthenticated("sign in to see parties, containers and carriers")
    told = tell(asked)
    if told is None:
        return _foreign(asked)
    return _finished(asked, _represented(asked, told))


def _spelled(request: Request) -> str:
    """The path as it came, percent-escapes unread: a lot number may hold a slash."""
    raw_path: bytes = request.scope.get("raw_path") or quote(request.url.path).encode()
    return raw_path.decode("latin-1").partition("?")[0].rstrip("/")


def _represented(asked: Asked, told: Told) -> Response:
    """What is told, in the representation asked for."""
    links = _links(asked, told)
    asked_type = asked.request.query_params.get("linkType")
    headers = {"Link": linkset.headers(asked.address, asked.link.canonical(), links)} | told.headers
    if asked_type is not None and linkset.bare_type(asked_type) not in ("linkset", "all"):
        chosen = linkset.choose(links, asked_type, language_of(asked.request))
        if chosen is None:
            return _problem(asked, 404, "link-type", "No link of this type", f"{asked.kind} has no {asked_type[:80]}")
        return RedirectResponse(chosen.href, 307, headers)
    if asked_type is not None or asked.wants == LINKSET:
        context = f'<{linkset.CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
        headers["Link"] += f", {context}"
        body = linkset.document(asked.base + asked.path, told.description, links)
        return JSONResponse(body, media_type=LINKSET, headers=headers | CORS)
    if asked.wants == LD_JSON:
        if told.events is None:
            return _problem(
                asked,
                404,
                "no-history",
                "No history here",
                f"EPCIS events are of units and lots, not of a {asked.kind}",
            )
        return _epcis(asked, told.events(), headers)
    if asked.wants == JSON:
        body = told.body | {"links": {link.types[0]: link.href for link in reversed(links)}}
        return JSONResponse(body, told.status, headers | CORS)
    return _page(asked, told.template, told.view, status=told.status, headers=headers)


def _links(asked: Asked, told: Told) -> list[linkset.Link]:
    product = digital_link.gtin_uri(told.product, stem=asked.base) if told.product else None
    return linkset.links_of(asked.address, asked.kind, product=product)


def _epcis(asked: Asked, events: list[Row], headers: Mapping[str, str]) -> Response:
    document = document_of(events, created_at=asked.now.replace(microsecond=0))
    response = Response(json.dumps(document, ensure_ascii=False), media_type=LD_JSON, headers=dict(headers))
    response.headers.update(CORS | EPCIS_HEADERS)
    # The moment of writing changes with every answer, the history does not.
    response.headers["ETag"] = _etag(json.dumps(document["epcisBody"]).encode())
    return response


def _page(
    asked: Asked, template: str, view: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return page(
        asked.request,
        f"publik/{template}.html",
        status_code=status,
        headers=headers,
        now=asked.now,
        link=asked.here,
        route_map=route_map,
        coast_credit=COAST_CREDIT,
        **view,
    )


def _finished(asked: Asked, response: Response) -> Response:
    """How long it may be kept: a minute by anybody, nothing of what a sign-in shows; 304 where it is known already."""
    response.headers["Vary"] = "Accept, Accept-Language, Cookie, Authorization"
    if asked.viewer is not None:
        response.headers["Cache-Control"] = "private, no-store"
        return response
    scope = "private" if "set-cookie" in response.headers else "public"
    response.headers["Cache-Control"] = f"{scope}, max-age={PUBLIC_S}"
    if response.status_code != 200:
        return response
    etag = response.headers.setdefault("ETag", _etag(bytes(response.body)))
    known = [tag.strip() for tag in asked.request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        kept = ("etag", "cache-control", "vary", "link", "set-cookie")
        headers = {name: value for name, value in response.headers.items() if name in kept}
        return Response(status_code=304, headers=headers)
    return response


def _etag(body: bytes) -> str:
    return f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'


# --- what is not to be had -------------------------------------------------------------------------------------------


def _malformed(request: Request, path: str, detail: str) -> Response:
    """A number that cannot be one: 400, with the reason."""
    if best(request.headers.get("accept"), [HTML, JSON, LINKSET, LD_JSON]) in (HTML, None) and not {
        "json",
        "epcis",
    } & set(request.query_params):
        link: Callable[..., str] = lambda **changes: f"{path}?{urlencode(changes)}"  # noqa: E731
        return page(request, "publik/nomor.html", status_code=400, link=link, scanned=path[:80])
    body = {"type": "urn:lumbung:problem:malformed-key", "title": "This is not a valid GS1 key", "status": 400}
    return JSONResponse(
        body | {"detail": detail, "instance": path}, 400, media_type="application/problem+json", headers=CORS
    )


def _foreign(asked: Asked) -> Response:
    """A well-formed key that is none of ours: 404, and the verdict says so."""
    ai, value = asked.link.primary
    if asked.wants == HTML and "linkType" not in asked.request.query_params:
        scanned = value if ai == "00" else " ".join(f"({name}) {text}" for name, text in asked.link.path)
        return _finished(asked, _page(asked, "asing", {"scanned": scanned, "kind": asked.kind}, status=404))
    more: Row = {"key": value, "kind": asked.kind, "verdict": FOREIGN, "tail": tail(value) if ai == "00" else None}
    return _finished(asked, _problem(asked, 404, "foreign", "Not ours", "We never gave out this number.", more))


def _problem(asked: Asked, status: int, kind: str, title: str, detail: str, more: Row | None = None) -> Response:
    body = {"type": f"urn:lumbung:problem:{kind}", "title": title, "status": status, "detail": detail}
    body |= {"instance": asked.path} | (more or {})
    return JSONResponse(body, status, media_type="application/problem+json", headers=CORS)


# --- addresses -------------------------------------------------------------------------------------------------------

REPRESENTATIONS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {HTML: {}, JSON: {}, LINKSET: {}, LD_JSON: {}},
        "description": "What it is, in the form asked for",
    },
    400: {"description": "The key is malformed: wrong check digit, letters, wrong length"},
    404: {"description": "A key that we never gave out: the verdict is `foreign`"},
}


GTIN = ("gtin", "GTIN; one of 8, 12 or 13 digits is padded")
GLN = ("gln", "GLN, 13 digits")
ADDRESSES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("/00/{sscc}", "A tagged sack, crate or pallet: verdict, origin, journey, price", (("sscc", "SSCC, 18 digits"),)),
    ("/01/{gtin}", "A product", (GTIN,)),
    ("/01/{gtin}/10/{lot}", "A lot: what was harvested or made together", (GTIN, ("lot", "up to 20 characters"))),
    ("/402/{gsin}", "A shipment's progress", (("gsin", "GSIN, 17 digits"),)),
    ("/414/{gln}", "A place", (GLN,)),
    ("/414/{gln}/254/{extension}", "A place of a GLN; a farm by its village", (GLN, ("extension", "which place"))),
)


def any_sequence(request: Request, session: SessionDep, viewer: OptionalViewerDep) -> Response:
    """Answer with a page, JSON, a linkset or EPCIS, by the Accept header, `?json`, `?linkType=` or `?epcis`.

    `?c=` is the keyed check that a label's QR code carries.
    """
    return resolve(request, session, viewer)


def options() -> Response:
    """What these addresses take, for clients on other origins."""
    return Response(status_code=204, headers=CORS | {"Allow": "GET, HEAD, OPTIONS"})


def _parameter(name: str, description: str) -> Row:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


for address, summary, parameters in ADDRESSES:
    router.add_api_route(
        address,
        any_sequence,
        methods=["GET"],
        summary=summary,
        response_class=Response,
        responses=REPRESENTATIONS,
        openapi_extra={"parameters": [_parameter(*each) for each in parameters]},
    )
# Every other path of the standard (variants, serials, a slash inside a lot number), HEAD and OPTIONS of all.
for ai in ("00", "01", "402", "414", *INSIDE):
    named = f"/{ai}/{{rest:path}}"
    router.add_api_route(named, any_sequence, methods=["GET", "HEAD"], include_in_schema=False)
    router.add_api_route(named, options, methods=["OPTIONS"], include_in_schema=False)
