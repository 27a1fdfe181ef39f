"""The farmer's pages: what I tagged and where it is, scanning a label, a harvest in three steps, loading a truck.

They work with no signal: the shell (the same pages with nobody's data in them) is kept by the service worker, what was
scanned waits in the phone, and what the phone must know comes as `bekal` (provisions) while there is signal.
"""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from api.dependencies import SessionDep, Viewer, ViewerDep, allow
from api.pages.catalogue import LANGUAGES, LOCALES
from api.pages.rendering import SECURITY_HEADERS, STATIC, TEMPLATES, language_of, page, static_url
from api.pages.words import Language
from api.security import csrf_token_of, settings_of
from core.database import Row, raw
from core.errors import NotFound
from core.identifiers import uuid7
from tracking import harvests, reading, tags
from tracking.harvests import Load
from tracking.models import Party
from tracking.reading import Unreadable

router = APIRouter(prefix="/tani", include_in_schema=False)

# Nobody's data outlives its page on a phone that is lent: what is kept offline is kept under its owner's name.
PERSONAL = {"Cache-Control": "no-store"}
HarvesterDep = Annotated[Viewer, Depends(allow("scan:commissioning"))]

TEMPLATE_OF = {
    "beranda": "tani/beranda.html",
    "pindai": "tani/pindai.html",
    "panen": "tani/pindai.html",
    "muat": "tani/muat.html",
    "bantuan": "tani/bantuan.html",
}


AT = {"beranda": "beranda", "pindai": "panen", "panen": "panen", "muat": "muat", "bantuan": "bantuan"}
BACK = {"pindai": "/tani", "panen": "/tani", "muat": "/tani", "bantuan": "/tani"}


def _page(request: Request, kind: str, viewer: Viewer | None, *, status_code: int = 200, **context: Any) -> Response:
    """A page of the farmer; without a viewer its shell."""
    person: Row = {
        "account": str(viewer.account_id) if viewer else "",
        "csrf_token": csrf_token_of(request) if viewer else "",
        "may_harvest": viewer is None or viewer.may("scan:commissioning"),
    }
    headers = PERSONAL if viewer else {"Cache-Control": "no-cache"}
    defaults: Row = {"loads": [], "seam": [], "products": [], "farm_options": [], "own_farm": "", "scan_id": ""}
    defaults |= {"wrong": [], "told": {}, "saved": None, "at": AT.get(kind, ""), "back": BACK.get(kind, "")}
    template = TEMPLATE_OF[kind]
    return page(
        request,
        template,
        status_code=status_code,
        headers=headers,
        kind=kind,
        **{**defaults, **person, **context},
    )


def _group(session: Session, viewer: Viewer) -> Party | None:
    return session.get(Party, viewer.party_id) if viewer.party_id else None


@router.get("")
def home(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """What I tagged and where it is now; what still waits in this phone."""
    connection, now = raw(session), datetime.now(UTC)
    group = _group(session, viewer)
    if group is None:
        return _page(request, "beranda", viewer)
    sacks = harvests.recent(connection, group.id, home_province=group.province, now=now)
    loads = harvests.loads(sacks)
    for index, load in enumerate(loads):
        if planned := harvests.arrival(connection, load, now=now):
            at, where, sailed = planned
            loads[index] = replace(load, arrives_at=at, arrives_where=where, sailed=sailed)
    hubs = harvests.hubs_on_the_way(connection, group.province)
    return _page(
        request, "beranda", viewer, loads=loads, seam=seam_of(loads[0], hubs, language_of(request)) if loads else []
    )


STATION = {"farm": 0, "processing": 0, "road": 0, "hub": 1, "sea": 2, "arrival_hub": 3}
STATION |= {"warehouse": 4, "market": 5, "sold": 5}


# One word each: six of them share 280 px. (The catalogue's words for the same are the console's, and plurals.)
SEAM_WORDS = {"id": ("Kebun", "Laut", "Gudang", "Pasar"), "en": ("Farm", "Sea", "Depot", "Market")}


def seam_of(load: Load, hubs: tuple[str, str], language: Language) -> list[Row]:
    """The six places of the way and how far `load` has come, for the macro `seam()`."""
    home, away = (_short(hub) for hub in hubs)
    farm, sea, warehouse, market = SEAM_WORDS[language]
    names = (farm, home, sea, away, warehouse, market)
    at = STATION[load.stage]
    sold = load.stage == "sold"
    places: list[Row] = [
        {"name": name, "state": "reached" if i < at or sold else "now" if i == at else "next"}
        for i, name in enumerate(names)
    ]
    places[2] |= {"sea": True, "sailed": load.sailed}
    if load.stage == "road":
        # The stretch to the hub is under way: the gold knot travels on it, as it does at sea.
        places[0]["state"] = "reached"
        places.insert(1, {"name": "", "state": "now", "sea": True, "sailed": load.sailed})
    return places


def _short(name: str) -> str:
    """The one word by which people call a hub: Hub Tanjung Priok is Priok."""
    return name.rpartition(" ")[2]


# --- harvest ---------------------------------------------------------------------------------------------------------


@router.get("/pindai")
@router.get("/panen")
def scan(request: Request, session: SessionDep, viewer: HarvesterDep, tersimpan: str = "") -> Response:
    """Scan a label, or type its number; then what is in the sack, and how heavy it is."""
    return harvest_page(request, session, viewer, saved=tersimpan if re.fullmatch(r"\d{18}", tersimpan) else None)


def harvest_page(request: Request, session: Session, viewer: Viewer, **context: Any) -> Response:
    """The page of one sack; `wrong` and `told` where the plain form (api/routes/harvest_form.py) was refused."""
    connection = raw(session)
    farms = harvests.farms(connection, viewer.party_id) if viewer.party_id else []
    return _page(
        request,
        request.url.path.rpartition("/")[2],
        viewer,
        products=harvests.products(connection),
        farm_options=[(farm["uri"], farm["name"]) for farm in farms],
        own_farm=next((farm["uri"] for farm in farms if farm["id"] == viewer.site_id), ""),
        scan_id=str(uuid7()),
        **context,
    )


# --- loading, help ---------------------------------------------------------------------------------------------------


@router.get("/muat")
def loading(request: Request, viewer: HarvesterDep) -> Response:
    """Load sacks on a truck."""
    return _page(request, "muat", viewer)


@router.get("/bantuan")
def help_(request: Request, viewer: ViewerDep) -> Response:
    """How to do it, in a few sentences; language; signing out."""
    return _page(request, "bantuan", viewer)


# --- what the phone keeps --------------------------------------------------------------------------------------------


@router.get("/bekal")
def provisions(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """All that a phone must know to work with no signal, of this person alone; and the token with which it sends."""
    connection = raw(session)
    group = _group(session, viewer)
    farms = harvests.farms(connection, group.id) if group else []
    return JSONResponse(
        {
            "account": str(viewer.account_id),
            "name": viewer.name,
            "csrf_token": csrf_token_of(request),
            "group": group.name if group else None,
            "may_harvest": viewer.may("scan:commissioning"),
            "own_farm": next((farm["uri"] for farm in farms if farm["id"] == viewer.site_id), None),
            "farms": [{"uri": farm["uri"], "name": farm["name"]} for farm in farms],
            "products": [
                {**product, "unit_kg": float(product["unit_kg"]) if product["unit_kg"] else None}
                for product in harvests.products(connection)
            ],
            "trucks": harvests.trucks(connection),
            "ranges": harvests.label_ranges(connection, group.id) if group else [],
        },
        headers=PERSONAL,
    )


@router.get("/label/{sscc}")
def label(request: Request, session: SessionDep, viewer: HarvesterDep, sscc: str, c: str | None = None) -> Response:
    """What a label is worth before it is used: state new | used | foreign | unknown | fake. Raises NotFound."""
    connection = raw(session)
    try:
        sscc = reading.read_tag(sscc).sscc
    except Unreadable as error:
        raise NotFound("no such label") from error
    owner = tags.is_issued(connection, sscc)
    known = harvests.known_label(connection, sscc)
    if known is not None:
        own = known["party_id"] == viewer.party_id
        told = {"state": "used", "own": own, "tagged_at": known["tagged_at"].isoformat()}
    elif owner is None:
        told = {"state": "unknown"}
    elif c is not None and not tags.check_tag(sscc, c, settings_of(request).tag_key):
        told = {"state": "fake"}
    else:
        told = {"state": "new" if owner == viewer.party_id or viewer.role == "administrator" else "foreign"}
    return JSONResponse(told, headers=PERSONAL)


SHELLS = ("beranda", "pindai", "panen", "muat", "bantuan")


@router.get("/cangkang/{kind}/{language}")
def shell(request: Request, kind: str, language: str) -> Response:
    """A page with nobody's data in it, for opening with no signal. Raises NotFound."""
    if kind not in SHELLS or language not in LANGUAGES:
        raise NotFound("no such page")
    return _page(speaking(request, language), kind, None)


def speaking(request: Request, language: str) -> Request:
    """The same request as if this language had been asked for, remembering nothing."""
    scope = {**request.scope, "query_string": b"", "headers": [(b"cookie", f"lang={language}".encode())]}
    return Request(scope)


@router.get("/pekerja.js")
def worker() -> Response:
    """The service worker, told which files belong to this version."""
    files = [*_files()]
    digest = hashlib.sha256("\n".join([*files, _templates_digest()]).encode()).hexdigest()[:16]
    told = json.dumps({"version": digest, "files": files, "shells": SHELLS, "languages": LANGUAGES})
    source = (STATIC / "dist" / "tani-worker.js").read_text(encoding="utf-8")
    headers = {"Service-Worker-Allowed": "/tani", "Cache-Control": "no-cache", **SECURITY_HEADERS}
    return Response(f"self.LUMBUNG={told};\n{source}", media_type="text/javascript", headers=headers)


def _files() -> list[str]:
    """Addresses of every file that the shell needs: styles, marks, the script and each chunk that it may import."""
    found = [static_url(name) for name in ("tani.css", "tani.js", "marks.svg", "icon.svg")]
    folder = STATIC / "dist"
    waiting, seen = ["tani.js"], {"tani.js"}
    while waiting:
        text = (folder / waiting.pop()).read_text(encoding="utf-8")
        for name in re.findall(r"chunk-[A-Z0-9]+\.js|[\w-]+-[A-Z0-9]{8}\.js", text):
            if name not in seen and (folder / name).is_file():
                seen.add(name)
                waiting.append(name)
                found.append(f"/static/dist/{name}")
    return sorted(found)


@lru_cache(maxsize=1)
def _templates_digest() -> str:
    """Changes with any template or translation, so that phones fetch the shell anew. Once a process."""
    total = hashlib.sha256()
    for path in sorted([*TEMPLATES.rglob("*.html"), *LOCALES.rglob("*.po")]):
        total.update(path.read_bytes())
    return total.hexdigest()


@router.get("/manifest.webmanifest")
def manifest() -> Response:
    """What an installed Lumbung is called and looks like."""
    told = {
        "id": "/tani",
        "name": "Lumbung Tani",
        "short_name": "Lumbung",
        "lang": "id",
        "start_url": "/tani",
        "scope": "/tani",
        "display": "standalone",
        "orientation": "portrait",
        "background_color": "#ffffff",
        "theme_color": "#ffffff",
        "icons": [{"src": static_url("icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
        "shortcuts": [{"name": "Pindai label", "url": "/tani/pindai"}],
    }
    return Response(json.dumps(told), media_type="application/manifest+json", headers={"Cache-Control": "no-cache"})
