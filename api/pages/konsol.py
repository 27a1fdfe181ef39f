"""The operators' console: what needs doing now, findings, labels; the other pages stand in `konsol_*.py`."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import col, select

from api.dependencies import SessionDep, Viewer, ViewerDep, allow
from api.pages import konsol_hub, konsol_things, konsol_warehouse
from api.pages import konsol_words as say
from api.pages.konsol_frame import ConsoleViewer, show, site_of_work, uuid_of
from api.pages.rendering import _
from api.pages.words import wib_date
from api.security import safe_next
from core.database import Row, raw
from core.errors import Forbidden, Invalid
from hubs import board
from tracking import overview, people, reading, tags
from tracking.gs1 import keys
from tracking.models import Party
from tracking.visibility import SEES_ALL
from warehouses import overview as stores

router = APIRouter(include_in_schema=False)

FINDINGS_SHOWN = 12
PAGE_ROWS = 50
SOON_DAYS = 14

SettlerDep = Annotated[Viewer, Depends(allow("findings:close"))]
IssuerDep = Annotated[Viewer, Depends(allow("tags:issue"))]


@router.get("/konsol", response_class=Response)
def dashboard(request: Request, session: SessionDep, viewer: ViewerDep, site: str = "") -> Response:
    """What needs doing now: at one's own place, or along the corridor for those who see it."""
    if viewer.role in ("farmer", "driver"):
        return RedirectResponse("/tani", 303)
    connection = raw(session)
    now = datetime.now(UTC)
    own = site_of_work(connection, viewer)
    chosen = uuid_of(site) if viewer.role in SEES_ALL else None
    place = (reading.site_by_id(connection, chosen) if chosen else None) or own
    hubs = board.counts(connection)
    visible = [hub for hub in hubs if (place["id"] == hub["id"] if place else viewer.role in SEES_ALL)]
    boards = [hub | {"board": board.board(connection, hub["id"], now=now)} for hub in visible]
    found: list[Row] = []
    total = 0
    if viewer.may("findings:close"):
        found, total = overview.findings(
            connection, viewer, site_id=place["id"] if place else None, limit=FINDINGS_SHOWN
        )
    all_stores = stores.warehouses(connection) if viewer.may("stock:read") else []
    kept = [store for store in all_stores if (place["id"] == store["id"] if place else viewer.role in SEES_ALL)]
    return show(
        request,
        session,
        viewer,
        "ringkasan",
        title=place["name"] if place else _("Yang perlu dikerjakan"),
        now=now,
        place=place,
        hubs=hubs if viewer.role in SEES_ALL else [],
        all_stores=all_stores if viewer.role in SEES_ALL else [],
        late=_late(boards),
        boards=boards,
        findings=found,
        findings_total=total,
        stores=kept,
        expiring=[row | {"store": store} for store in kept for row in _expiring(session, store, now)],
    )


def _late(boards: list[Row]) -> list[Row]:
    """Trucks that need a hand, the longest over their time first, each with its hub."""
    rows = [
        row | {"hub": hub}
        for hub in boards
        for group in hub["board"]["groups"]
        for row in group["rows"]
        if row["needs_hand"]
    ]
    return sorted(rows, key=lambda row: -(row["late_s"] or row["in_stage_s"] - (row["target_s"] or 0)))


def _expiring(session: SessionDep, store: Row, now: datetime) -> list[Row]:
    """Lots of a warehouse that expire within two weeks, or lie in no room yet."""
    lots = stores.stock_by_lot(raw(session), store["id"])
    listed = [lot for group in stores.by_product(lots, on=wib_date(now)) for lot in group["lots"]]
    soon = [lot for lot in listed if lot["days_left"] is not None and lot["days_left"] <= SOON_DAYS]
    return sorted(soon, key=lambda lot: lot["expires_on"])[:FINDINGS_SHOWN]


@router.get("/konsol/pindai", response_class=Response)
def station(session: SessionDep, viewer: ConsoleViewer) -> Response:
    """The scan station of one's own place."""
    place = site_of_work(raw(session), viewer)
    rooms = {"hub": "hub", "warehouse": "gudang"}
    address = f"/konsol/{rooms[place['kind']]}/{place['gln']}" if place and place["kind"] in rooms else "/konsol"
    return RedirectResponse(address, 303)


@router.get("/konsol/pasar", response_class=Response)
def markets(request: Request, session: SessionDep, viewer: ConsoleViewer) -> Response:
    """Where goods are sold."""
    found = overview.sites(raw(session), kind="market")
    return show(request, session, viewer, "tempat", title=_("Pasar"), at="pasar", sites=found)


# --- findings --------------------------------------------------------------------------------------------------------


@router.get("/konsol/temuan", response_class=Response)
def findings(
    request: Request,
    session: SessionDep,
    viewer: SettlerDep,
    kind: str = "",
    site: str = "",
    closed: bool = False,
    page: int = 1,
) -> Response:
    """What did not fit, open ones oldest first; closed ones on demand."""
    number = min(max(page, 1), 10_000)
    return _findings_page(request, session, viewer, kind=kind, site=site, closed=closed, number=number)


def _findings_page(
    request: Request,
    session: SessionDep,
    viewer: Viewer,
    *,
    kind: str,
    site: str,
    closed: bool,
    number: int,
    wrong: UUID | None = None,
) -> Response:
    connection = raw(session)
    site_id = uuid_of(site)
    place = reading.site_by_id(connection, site_id) if site_id else None
    found, total = overview.findings(
        connection,
        viewer,
        closed=closed,
        kind=kind if kind in say.FINDINGS else None,
        site_id=site_id,
        limit=PAGE_ROWS,
        offset=(number - 1) * PAGE_ROWS,
    )
    return show(
        request,
        session,
        viewer,
        "temuan",
        title=_("Temuan"),
        status_code=422 if wrong else 200,
        findings=found,
        paged={"number": number, "pages": max(1, -(-total // PAGE_ROWS)), "total": total},
        kinds=overview.findings_by_kind(connection, viewer, site_id=site_id),
        kind=kind,
        closed=closed,
        place=place,
        wrong=wrong,
    )


@router.post("/konsol/temuan/{finding_id}/tutup", response_class=Response)
def close(
    request: Request,
    session: SessionDep,
    viewer: SettlerDep,
    finding_id: UUID,
    reason: Annotated[str, Form(max_length=280)] = "",
    more: Annotated[str, Form(max_length=280)] = "",
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Settle a finding and go on where one was; without a reason the list comes back and says so."""
    told = ". ".join(filter(None, (reason.strip(), more.strip())))[:280]
    if len(told) < 3:
        return _findings_page(request, session, viewer, kind="", site="", closed=False, number=1, wrong=finding_id)
    overview.settle(raw(session), viewer, finding_id, reason=told, now=datetime.now(UTC))
    return RedirectResponse(_back(back), 303)


def _back(address: str) -> str:
    """Where the form was, if that is a page of the console."""
    safe = safe_next(address, otherwise="/konsol/temuan")
    return safe if urlsplit(safe).path.startswith("/konsol") else "/konsol/temuan"


# --- labels ----------------------------------------------------------------------------------------------------------


@router.get("/konsol/label", response_class=Response)
def labels(request: Request, session: SessionDep, viewer: IssuerDep, baru: str = "") -> Response:
    """Ranges of labels given out, newest first, and the form for more."""
    return _labels_page(request, session, viewer, new=uuid_of(baru))


def _labels_page(
    request: Request, session: SessionDep, viewer: Viewer, *, new: UUID | None = None, wrong: str = "", told: str = ""
) -> Response:
    everyone = viewer.may("platform:manage")
    given = tags.ranges(session, party_id=None if everyone else viewer.party_id) if everyone or viewer.party_id else []
    listed = [
        {
            "id": one.id,
            "party": party.name,
            "count": one.last_serial - one.first_serial + 1,
            "first": keys.sscc(one.extension_digit, one.gs1_prefix, one.first_serial),
            "last": keys.sscc(one.extension_digit, one.gs1_prefix, one.last_serial),
            "issued_at": one.issued_at,
        }
        for one, party in given
    ]
    parties = (
        session.exec(select(Party).where(col(Party.gs1_prefix).is_not(None)).order_by(Party.name)).all()
        if everyone
        else []
    )
    return show(
        request,
        session,
        viewer,
        "label",
        title=_("Label"),
        status_code=422 if wrong else 200,
        ranges=listed,
        parties=[(party.gln, party.name) for party in parties],
        new=new,
        wrong=wrong,
        told=told,
        count_max=tags.COUNT_MAX,
    )


@router.post("/konsol/label", response_class=Response)
def issue_labels(
    request: Request,
    session: SessionDep,
    viewer: IssuerDep,
    count: Annotated[str, Form(max_length=10)] = "",
    party_gln: Annotated[str, Form(max_length=13)] = "",
) -> Response:
    """Give out labels and show them on top, ready to print."""
    number = int(count) if count.isascii() and count.isdigit() else 0
    if not 1 <= number <= tags.COUNT_MAX:
        return _labels_page(request, session, viewer, wrong="count", told=count)
    if viewer.may("platform:manage"):
        if not party_gln:
            raise Invalid("say for which group")
        party = people.party_by_gln(session, party_gln)
    elif viewer.party_id is not None:
        party = session.get_one(Party, viewer.party_id)
    else:
        raise Forbidden("you work for no group yet")
    given = tags.issue(session, party, number, datetime.now(UTC), viewer.account_id)
    return RedirectResponse(f"/konsol/label?baru={given.id}", 303)


for part in (konsol_hub, konsol_warehouse, konsol_things):
    router.include_router(part.router)
