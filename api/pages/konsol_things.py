"""Shipments, lots and sacks with their whole story; search."""

import re
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.dependencies import SessionDep, Viewer, allow
from api.pages import konsol_words as say
from api.pages.konsol_frame import ConsoleViewer, show, uuid_of
from api.pages.rendering import _
from api.pages.words import tail
from core.database import Row, raw
from core.errors import NotFound
from tracking import overview, provenance, reading, shipments, tags
from tracking.gs1 import keys
from tracking.gs1.digital_link import lot_uri, sscc_uri
from tracking.gs1.urn import normalise
from tracking.visibility import SEES_ALL, may_see

router = APIRouter(dependencies=[Depends(allow("events:read"))])

PAGE_ROWS = 50


def _paged(number: int, total: int) -> Row:
    return {"number": number, "pages": max(1, -(-total // PAGE_ROWS)), "total": total}


def _number(page: int) -> int:
    return min(max(page, 1), 10_000)


@router.get("/konsol/pengiriman", response_class=Response)
def list_(
    request: Request,
    session: SessionDep,
    viewer: ConsoleViewer,
    status: str = "",
    route: str = "",
    site: str = "",
    page: int = 1,
) -> Response:
    """Shipments, the latest planned departure first."""
    number = _number(page)
    found, total = shipments.shipments(
        raw(session),
        viewer,
        status=status if status in shipments.STATUSES else None,
        route=route if route in say.ROUTES else None,
        site_id=uuid_of(site),
        limit=PAGE_ROWS,
        offset=(number - 1) * PAGE_ROWS,
    )
    at_site = uuid_of(site)
    place = reading.site_by_id(raw(session), at_site) if at_site else None
    return show(
        request,
        session,
        viewer,
        "pengiriman",
        title=_("Pengiriman"),
        at="laut" if route == "sea" and status == "underway" else "",
        shipments=found,
        paged=_paged(number, total),
        status=status,
        route=route,
        place=place,
    )


@router.get("/konsol/pengiriman/{gsin}", response_class=Response)
def shipment(request: Request, session: SessionDep, viewer: ConsoleViewer, gsin: str) -> Response:
    """One shipment with legs, papers, units and what happened."""
    found = shipments.shipment(raw(session), viewer, gsin)
    units = [row | {"tail": keys.tail(row["sscc"])} for row in found["units"]]
    title = _("Pengiriman %(number)s", number=f"…{gsin[-9:]}")
    return show(request, session, viewer, "satu_pengiriman", title=title, shipment=found | {"units": units})


@router.get("/konsol/lot", response_class=Response)
def lots(request: Request, session: SessionDep, viewer: ConsoleViewer, commodity: str = "", page: int = 1) -> Response:
    """Lots, the latest made first."""
    number = _number(page)
    found, total = overview.lots(
        raw(session),
        viewer,
        commodity=commodity if commodity in say.COMMODITIES else None,
        limit=PAGE_ROWS,
        offset=(number - 1) * PAGE_ROWS,
    )
    return show(
        request,
        session,
        viewer,
        "lot_daftar",
        title=_("Lot dan karung"),
        at="kebun",
        lots=found,
        paged=_paged(number, total),
        commodity=commodity,
    )


def _story(session: SessionDep, viewer: Viewer, epc: str, *, in_part: bool = False) -> Row:
    """What is recorded of `epc`. Who sees only a part of a lot (`in_part`) is told what its buyers are, no records."""
    connection = raw(session)
    whole = may_see(connection, viewer, epc)
    told = provenance.story(connection, epc, now=datetime.now(UTC), full=whole or not in_part)
    if told is None or not (whole or in_part or _own_blank(session, viewer, told)):
        raise NotFound("Nothing of this is recorded, or you may not see it.")
    told["events"] = [_readable(event) for event in told["events"] or []]
    return told


def _own_blank(session: SessionDep, viewer: Viewer, told: Row) -> bool:
    """A label that nobody has used yet is seen by the party it was given to."""
    if told["kind"] != "unit" or told["verdict"]["records"]:
        return False
    owner = tags.is_issued(raw(session), told["key"])
    return owner is not None and (viewer.role in SEES_ALL or viewer.party_id == owner)


def _readable(event: dict[str, Any]) -> dict[str, Any]:
    """An event with its moment as one."""
    at = event["at"]
    return event | {"at": datetime.fromisoformat(at) if isinstance(at, str) else at}


def _instants(journey: list[Row]) -> list[Row]:
    return [
        stop
        | {
            name: datetime.fromisoformat(stop[name]) if isinstance(stop[name], str) else stop[name]
            for name in ("from", "to")
        }
        for stop in journey
    ]


@router.get("/konsol/unit/{sscc}", response_class=Response)
def unit(request: Request, session: SessionDep, viewer: ConsoleViewer, sscc: str) -> Response:
    """A sack's whole story: where it is, every record in order, what did not fit."""
    if not keys.is_valid_key("sscc", sscc):
        raise NotFound("This is no label's number.", sscc=sscc[:40])
    epc = sscc_uri(sscc)
    told = _story(session, viewer, epc)
    told["journey"] = _instants(told["journey"])
    connection = raw(session)
    found = [
        row for closed in (False, True) for row in overview.findings(connection, viewer, closed=closed, epc=epc)[0]
    ]
    title = _("Karung %(tail)s", tail=tail(sscc))
    return show(request, session, viewer, "unit", title=title, story=told, findings=found, sscc=sscc)


@router.get("/konsol/lot/{gtin}/{lot}", response_class=Response)
def lot(request: Request, session: SessionDep, viewer: ConsoleViewer, gtin: str, lot: str) -> Response:
    """A lot's whole story and its sacks; to who keeps or carried some of its sacks, those and what buyers are told."""
    if not keys.is_valid_key("gtin-14", gtin):
        raise NotFound("There is no such lot.", gtin=gtin[:40])
    uri = normalise(lot_uri(gtin, lot))
    connection = raw(session)
    units = overview.units_of_lot(connection, uri)
    in_part = not may_see(connection, viewer, uri)
    if in_part:
        units = [unit for unit in units if may_see(connection, viewer, sscc_uri(unit["sscc"]))]
    told = _story(session, viewer, uri, in_part=in_part and bool(units))
    told["journey"] = _instants(told["journey"])
    return show(
        request,
        session,
        viewer,
        "lot",
        title=_("Lot %(number)s", number=lot),
        story=told,
        units=units,
        findings=overview.findings(connection, viewer, epc=uri)[0],
    )


ADDRESSES = {
    "unit": "/konsol/unit/{key}",
    "lot": "/konsol/lot/{key}",
    "shipment": "/konsol/pengiriman/{key}",
    "site": "/414/{key}",
    "product": "/01/{key}",
}


@router.get("/konsol/cari", response_class=Response)
def search(request: Request, session: SessionDep, viewer: ConsoleViewer, q: str = "") -> Response:
    """Anything by its number, tail, plate, lot or name; the one thing found is opened at once."""
    connection = raw(session)
    found = overview.search(connection, viewer, _searched(q))
    for row in found:
        row["href"] = ADDRESSES[row["kind"]].format(key=row["key"]) if row["kind"] in ADDRESSES else ""
        if row["kind"] == "site" and row["beside"] in ("hub", "warehouse"):
            room = "hub" if row["beside"] == "hub" else "gudang"
            row["href"] = f"/konsol/{room}/{row['key']}"
    if len(found) == 1 and found[0]["href"]:
        return RedirectResponse(found[0]["href"], 303)
    return show(request, session, viewer, "cari", title=_("Cari"), query=q[:80], found=found)


def _searched(query: str) -> str:
    """What was typed; of a scanned label or link, the number in it."""
    numbered = re.search(r"/00/(\d{18})|/402/(\d{17})", query)
    return next(filter(None, numbered.groups())) if numbered else query
