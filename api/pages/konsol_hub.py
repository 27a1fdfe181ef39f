"""A hub: its board and the scan station beside it."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from api.dependencies import SessionDep
from api.pages.konsol_frame import ConsoleViewer, fragment, show, site_by_gln
from api.pages.konsol_words import ngettext
from api.pages.rendering import _
from core.database import raw
from hubs import board
from tracking import overview

router = APIRouter()

AT = {"IDPNJ": "panjang", "IDTPP": "priok"}


@router.get("/konsol/hub/{gln}", response_class=Response)
def hub(request: Request, session: SessionDep, viewer: ConsoleViewer, gln: str, truk: str = "") -> Response:
    """The board of a hub, and the scan station for those who work there."""
    connection = raw(session)
    site = site_by_gln(connection, viewer, gln, "hub")
    now = datetime.now(UTC)
    known = {row["id"]: row for row in board.counts(connection)}
    open_ = sum(overview.findings_by_kind(connection, viewer, site_id=site["id"]).values())
    address = f"/konsol/hub/{gln}"
    tabs = [
        {"href": address, "words": _("Papan"), "at": True},
        {"href": f"/konsol/pengiriman?site={site['id']}", "words": _("Pengiriman")},
        {"href": f"/konsol/temuan?site={site['id']}", "words": ngettext("Temuan %(n)s", "Temuan %(n)s", open_)},
    ]
    return show(
        request,
        session,
        viewer,
        "hub",
        title=site["name"],
        at=AT.get(known[site["id"]]["unlocode"] or "", ""),
        now=now,
        live_at=now,
        tabs=tabs,
        site=site,
        board=board.board(connection, site["id"], now=now),
        station=viewer.may("scan:gate"),
        opened=truk[:60],
        fragment_href=f"{address}/papan",
    )


@router.get("/konsol/hub/{gln}/papan", response_class=Response)
def board_fragment(request: Request, session: SessionDep, viewer: ConsoleViewer, gln: str) -> Response:
    """The board alone, asked for every few seconds by an open page."""
    connection = raw(session)
    site = site_by_gln(connection, viewer, gln, "hub")
    now = datetime.now(UTC)
    told = board.board(connection, site["id"], now=now)
    return fragment(request, session, viewer, "_papan", now=now, site=site, board=told, station=viewer.may("scan:gate"))
