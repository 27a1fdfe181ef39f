"""What every page of the console carries: counts along the corridor, who works here, where each may go."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import psycopg
from babel.support import LazyProxy
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

from api.dependencies import SessionDep, Viewer, ViewerDep
from api.pages import konsol_words as say
from api.pages import rendering, words
from api.pages.rendering import _, environment, page
from api.security import csrf_token_of
from core.database import Row, raw
from core.errors import Forbidden, NotFound
from hubs import board
from tracking import overview, reading
from tracking.visibility import SEES_ALL
from warehouses import overview as stores

# Which end of the corridor line each hub is, by its UN/LOCODE.
PLACE_OF_HUB = {"IDPNJ": "panjang", "IDTPP": "priok"}
NOT_FOR_CONSOLE = frozenset({"farmer", "driver", "device"})

environment.globals["say_of"] = say


def console_viewer(viewer: ViewerDep) -> Viewer:
    """Who asks, where the console is for them. Raises Unauthenticated, Forbidden."""
    if viewer.role in NOT_FOR_CONSOLE:
        raise Forbidden("the console is for hubs, warehouses and offices", role=viewer.role)
    return viewer


ConsoleViewer = Annotated[Viewer, Depends(console_viewer)]


def may_open(viewer: Viewer, site: Row) -> bool:
    """Whether a hub or warehouse is `viewer`'s place of work, or they see the corridor."""
    if viewer.role in SEES_ALL or viewer.site_id == site["id"]:
        return True
    works = viewer.may("scan:gate") if site["kind"] == "hub" else viewer.may("scan:warehouse")
    return works and viewer.site_id is None and viewer.party_id == site["party_id"]


def site_of_work(connection: psycopg.Connection[Any], viewer: Viewer) -> Row | None:
    """The one place that `viewer` works at, if bound to one."""
    return reading.site_by_id(connection, viewer.site_id) if viewer.site_id else None


def site_by_gln(connection: psycopg.Connection[Any], viewer: Viewer, gln: str, kind: str) -> Row:
    """A hub or warehouse that `viewer` may open. Raises NotFound, Forbidden."""
    try:
        site = reading.find_site(connection, gln)
    except reading.Unreadable:
        raise NotFound("There is no such place.", gln=gln) from None
    if site["kind"] != kind:
        raise NotFound(f"This place is no {kind}.", gln=gln)
    if not may_open(viewer, site):
        raise Forbidden("this is another operator's place of work")
    return site


def _corridor(connection: psycopg.Connection[Any], viewer: Viewer) -> dict[str, Row]:
    """The corridor line with live counts, each place leading where `viewer` may go."""
    counted = overview.corridor_counts(connection)
    line: dict[str, Row] = {
        "kebun": {"count": say.ngettext("%(n)s lot", "%(n)s lot", counted["lots"]), "href": "/konsol/lot"},
        "laut": {
            "count": say.ngettext("%(n)s kapal", "%(n)s kapal", counted["vessels"]),
            "href": "/konsol/pengiriman?route=sea&status=underway",
        },
        "gudang": {
            "count": "",
            "href": "/konsol/gudang" if viewer.may("stock:read") else "/konsol/pengiriman?status=arrived",
        },
        "pasar": {"count": say.ngettext("%(n)s titik", "%(n)s titik", counted["markets"]), "href": "/konsol/pasar"},
    }
    sees_all = viewer.role in SEES_ALL
    for hub in board.counts(connection):
        place = PLACE_OF_HUB.get(hub["unlocode"] or "")
        if place:
            opens = may_open(viewer, {"id": hub["id"], "kind": "hub", "party_id": hub["party_id"]})
            line[place] = {
                "count": say.ngettext("%(n)s truk", "%(n)s truk", hub["trucks"]),
                "findings": counted["findings"].get(hub["id"], 0) if opens else 0,
                "href": f"/konsol/hub/{hub['gln']}" if opens else f"/konsol/pengiriman?site={hub['id']}",
            }
    kept = stores.warehouses(connection)
    if sees_all or viewer.may("stock:read"):
        line["gudang"]["count"] = _tonnes(sum(store["kg"] for store in kept))
        line["gudang"]["findings"] = sum(counted["findings"].get(store["id"], 0) for store in kept) if sees_all else 0
    if not viewer.may("events:read"):  # counts are for all; what stands behind them is not
        return {place: there | {"href": there["href"] if place == "pasar" else ""} for place, there in line.items()}
    own = next((store for store in kept if store["id"] == viewer.site_id), None)
    if own:
        line["gudang"] |= {
            "href": f"/konsol/gudang/{own['gln']}",
            "count": _tonnes(own["kg"]),
            "findings": counted["findings"].get(own["id"], 0),
        }
    return line


def counts_told(corridor: dict[str, Row]) -> str:
    """The corridor's counts as konsol.js takes them from a fragment."""
    told = {place: [str(there["count"]), there.get("findings", 0)] for place, there in corridor.items()}
    return json.dumps(told, ensure_ascii=False)


environment.filters["counts_told"] = counts_told


def _tonnes(kg: Any) -> Any:
    decimals = 1 if kg < 100_000 else 0
    return LazyProxy(lambda: words.tonnes(kg, rendering.voice().language, decimals=decimals), enable_cache=False)


def _more(viewer: Viewer) -> list[tuple[str, Any]]:
    """Further pages, those that this role's work needs."""
    pages = [("/konsol", _("Ringkasan"), True)]
    pages.append(("/konsol/temuan", _("Temuan"), viewer.may("findings:close")))
    pages.append(("/konsol/pengiriman", _("Pengiriman"), viewer.may("events:read")))
    pages.append(("/konsol/lot", _("Lot dan karung"), viewer.may("events:read")))
    pages.append(("/konsol/label", _("Label"), viewer.may("tags:issue")))
    return [(address, said) for address, said, shown in pages if shown]


def frame(request: Request, session: SessionDep, viewer: Viewer) -> dict[str, Any]:
    """What `console_base.html` needs on every page: the corridor with its counts, further pages, who works here."""
    connection = raw(session)
    place = site_of_work(connection, viewer)
    return {
        "corridor": _corridor(connection, viewer),
        "more": _more(viewer),
        "may_search": viewer.may("events:read"),
        "person": {"name": viewer.name, "role": place["name"] if place else say.ROLES.get(viewer.role, viewer.role)},
        "csrf_token": csrf_token_of(request) or "",
        "viewer": viewer,
    }


def show(
    request: Request,
    session: SessionDep,
    viewer: Viewer,
    template: str,
    *,
    title: object,
    at: str = "",
    now: datetime | None = None,
    status_code: int = 200,
    **context: Any,
) -> HTMLResponse:
    """A page of the console within its frame."""
    return page(
        request,
        f"konsol/{template}.html",
        now=now or datetime.now(UTC),
        status_code=status_code,
        title=title,
        at=at,
        **frame(request, session, viewer),
        **context,
    )


def fragment(
    request: Request, session: SessionDep, viewer: Viewer, template: str, *, now: datetime, **context: Any
) -> HTMLResponse:
    """A part of a page that is asked for again and again; the corridor's counts come along."""
    context["corridor"] = _corridor(raw(session), viewer)
    return page(request, f"konsol/{template}.html", now=now, headers={"Cache-Control": "no-store"}, **context)


def uuid_of(text: str | None) -> UUID | None:
    """A filter's id as it stands in the address; None where it is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
