"""A shared warehouse: rooms, stock first-expired-first-out, and the station that receives, stores and picks."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Depends, Request, Response

from api.dependencies import SessionDep, allow
from api.pages.konsol_frame import ConsoleViewer, fragment, show, site_by_gln
from api.pages.konsol_words import ngettext
from api.pages.rendering import _
from api.pages.words import wib_date
from core.database import Row, raw
from tracking import overview as tracked
from warehouses import overview

router = APIRouter()

Work = Literal["", "terima", "simpan", "ambil"]
READS = [Depends(allow("stock:read"))]


def _stock(session: SessionDep, site: Row, commodity: str | None, room: str | None, now: datetime) -> Row:
    connection = raw(session)
    lots = overview.stock_by_lot(connection, site["id"], commodity=commodity, room=room)
    return {
        "rooms": overview.rooms(connection, site["id"]),
        "groups": overview.by_product(lots, on=wib_date(now)),
        "lots": len(lots),
        "kg": sum(lot["kg"] for lot in lots),
        "units": sum(lot["units"] for lot in lots),
        "commodity": commodity,
        "room": room,
    }


def _goes_first(groups: list[Row]) -> list[Row]:
    """Of each product the lot that goes out next: the first to expire that is neither held nor all picked."""
    free = ([lot for lot in group["lots"] if not lot["held"] and lot["free_kg"] > 0] for group in groups)
    return [lots[0] for lots in free if lots]


def _plain(units: list[Row]) -> list[Row]:
    """Units as the station's script compares scans with them."""
    wanted = ("sscc", "tail", "gtin", "lot_number", "room", "zone", "held", "picked")
    return [
        {name: unit[name] for name in wanted}
        | {"expires_on": unit["expires_on"].isoformat() if unit["expires_on"] else None}
        for unit in units
    ]


@router.get("/konsol/gudang", response_class=Response, dependencies=READS)
def warehouses(request: Request, session: SessionDep, viewer: ConsoleViewer) -> Response:
    """Every warehouse, to choose one."""
    found = overview.warehouses(raw(session))
    if viewer.role not in ("officer", "administrator"):
        found = [row for row in found if viewer.site_id in (None, row["id"])]
    return show(request, session, viewer, "gudang_daftar", title=_("Gudang bersama"), at="gudang", warehouses=found)


@router.get("/konsol/gudang/{gln}", response_class=Response, dependencies=READS)
def warehouse(
    request: Request,
    session: SessionDep,
    viewer: ConsoleViewer,
    gln: str,
    kerja: Work = "",
    commodity: str | None = None,
    room: str | None = None,
    truk: str = "",
) -> Response:
    """The stock of a warehouse; with `kerja` the station that receives, stores or picks."""
    connection = raw(session)
    site = site_by_gln(connection, viewer, gln, "warehouse")
    now = datetime.now(UTC)
    works = viewer.may("scan:warehouse")
    work = (kerja or "terima") if works else ""
    address = f"/konsol/gudang/{gln}"
    open_ = sum(tracked.findings_by_kind(connection, viewer, site_id=site["id"]).values())
    tabs = [{"href": address, "words": _("Stok"), "at": not kerja}]
    if works:
        for name, words in (("terima", _("Terima")), ("simpan", _("Simpan")), ("ambil", _("Ambil"))):
            tabs.append({"href": f"{address}?kerja={name}", "words": words, "at": kerja == name})
    tabs.append({"href": f"/konsol/temuan?site={site['id']}", "words": ngettext("Temuan %(n)s", "Temuan %(n)s", open_)})
    stock = _stock(session, site, commodity, room, now)
    return show(
        request,
        session,
        viewer,
        "gudang",
        title=site["name"],
        at="gudang",
        now=now,
        live_at=now,
        tabs=tabs,
        site=site,
        stock=stock,
        goes_first=_goes_first(stock["groups"]),
        work=work,
        station_rooms=[
            {name: room[name] for name in ("code", "zone")} for room in overview.rooms(connection, site["id"])
        ],
        station_units=_plain(overview.units_here(connection, site["id"])) if work in ("simpan", "ambil") else [],
        opened=truk[:60],
        fragment_href=f"{address}/stok?"
        + "&".join(f"{name}={value}" for name, value in (("commodity", commodity), ("room", room)) if value),
    )


@router.get("/konsol/gudang/{gln}/stok", response_class=Response, dependencies=READS)
def stock_fragment(
    request: Request,
    session: SessionDep,
    viewer: ConsoleViewer,
    gln: str,
    commodity: str | None = None,
    room: str | None = None,
) -> Response:
    """The stock alone, asked for every few seconds by an open page."""
    site = site_by_gln(raw(session), viewer, gln, "warehouse")
    now = datetime.now(UTC)
    return fragment(
        request, session, viewer, "_stok", now=now, site=site, stock=_stock(session, site, commodity, room, now)
    )
