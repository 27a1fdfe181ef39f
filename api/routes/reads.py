"""Reading what is recorded, planning shipments, settling findings: JSON for stations, partners and scripts."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from fastapi.encoders import jsonable_encoder
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.dependencies import SessionDep, Viewer, allow
from api.security import viewer as viewer_known
from core.database import Row, one, raw
from core.errors import NotFound
from hubs import board
from tracking import overview, provenance, reading, shipments
from tracking.gs1.digital_link import lot_uri, sscc_uri
from tracking.gs1.urn import normalise
from tracking.shipments import PAPER_KINDS
from tracking.visibility import may_see

router = APIRouter(prefix="/api/v1", tags=["reads"])

ReaderDep = Annotated[Viewer, Depends(allow("events:read"))]
PlannerDep = Annotated[Viewer, Depends(allow("shipments:plan"))]
SettlerDep = Annotated[Viewer, Depends(allow("findings:close"))]
Limit = Annotated[int, Query(ge=1, le=500)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Gsin = Annotated[str, Path(pattern=r"^\d{17}$")]
Mode = Literal["road", "ferry", "sea"]
Named = Annotated[str, Field(min_length=1, max_length=300)]
Json = dict[str, Any]


class Page(BaseModel):
    """One page of a list, and how many rows there are in all."""

    total: int
    rows: list[Json]


class Strict(BaseModel):
    """A request body: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class NewLeg(Strict):
    """One stretch of the way: sites and carrier named as scans name them."""

    mode: Mode
    carrier: Named | None = None
    from_site: Named
    to_site: Named
    planned_departure_at: AwareDatetime
    planned_arrival_at: AwareDatetime


class NewPaper(Strict):
    """A paper that travels with a shipment."""

    kind: Literal["waybill", "plant_quarantine", "animal_health", "veterinary_control", "halal"]
    number: Annotated[str, Field(min_length=1, max_length=60)]


class NewShipment(Strict):
    """A shipment as planned; its GSIN is allocated where none is told."""

    gsin: Annotated[str, Field(pattern=r"^\d{17}$")] | None = None
    party_gln: Annotated[str, Field(pattern=r"^\d{13}$")] | None = None
    from_site: Named
    to_site: Named
    route: Literal["sea", "ferry", "road"]
    product_gtin: Annotated[str, Field(pattern=r"^\d{14}$")]
    planned_units: Annotated[int, Field(ge=0, le=100_000)] = 0
    planned_departure_at: AwareDatetime
    planned_arrival_at: AwareDatetime
    legs: Annotated[list[NewLeg], Field(max_length=20)] = []
    papers: Annotated[list[NewPaper], Field(max_length=len(PAPER_KINDS))] = []


class Closing(Strict):
    """Why a finding is settled."""

    reason: Annotated[str, Field(min_length=3, max_length=280)]


def _page(found: tuple[list[Row], int]) -> Page:
    return Page(total=found[1], rows=jsonable_encoder(found[0]))


def _story(session: SessionDep, viewer: Viewer, epc: str) -> Json:
    connection = raw(session)
    told = provenance.story(connection, epc, now=datetime.now(UTC), full=True) if knows(session, viewer, epc) else None
    if told is None:
        raise NotFound("Nothing of this is recorded, or you may not see it.")
    return jsonable_encoder(told)


def knows(session: SessionDep, viewer: Viewer, epc: str) -> bool:
    """Whether `viewer` may see a key: by its records, or because it is their party's own unused tag."""
    return may_see(raw(session), viewer, normalise(epc))


@router.get("/units/{sscc}")
def unit(session: SessionDep, viewer: ReaderDep, sscc: Annotated[str, Path(pattern=r"^\d{18}$")]) -> Json:
    """A tagged unit's whole story, with every record."""
    return _story(session, viewer, sscc_uri(sscc))


@router.get("/lots/{gtin}/{lot}")
def lot(session: SessionDep, viewer: ReaderDep, gtin: Annotated[str, Path(pattern=r"^\d{14}$")], lot: str) -> Json:
    """A lot's whole story, and its units."""
    uri = normalise(lot_uri(gtin, lot))
    return _story(session, viewer, uri) | {"units": jsonable_encoder(overview.units_of_lot(raw(session), uri))}


@router.get("/shipments")
def list_shipments(
    session: SessionDep,
    viewer: ReaderDep,
    status: Literal["planned", "loading", "underway", "arrived"] | None = None,
    route: Mode | None = None,
    site: UUID | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page:
    """Shipments, the latest planned departure first."""
    connection = raw(session)
    return _page(
        shipments.shipments(connection, viewer, status=status, route=route, site_id=site, limit=limit, offset=offset)
    )


@router.post("/shipments", status_code=201)
def plan_shipment(session: SessionDep, viewer: PlannerDep, body: NewShipment) -> Json:
    """Plan a shipment with its legs and papers."""
    connection = raw(session)
    told = body.model_dump(exclude={"legs", "papers"})
    planned = shipments.Plan(
        **told,
        legs=[shipments.PlannedLeg(**leg.model_dump()) for leg in body.legs],
        papers=[(paper.kind, paper.number) for paper in body.papers],
    )
    gsin = shipments.plan(connection, viewer, planned, now=datetime.now(UTC))
    return {"gsin": gsin, "uri": f"https://id.gs1.org/402/{gsin}"}


@router.get("/shipments/{gsin}")
def one_shipment(session: SessionDep, viewer: ReaderDep, gsin: Gsin) -> Json:
    """One shipment with its legs, papers, units and what happened."""
    return jsonable_encoder(shipments.shipment(raw(session), viewer, gsin))


@router.post("/shipments/{gsin}/papers", status_code=204)
def add_paper(session: SessionDep, viewer: PlannerDep, gsin: Gsin, body: NewPaper) -> None:
    """Put a paper with a shipment; told again, its number is replaced."""
    shipments.shipment(raw(session), viewer, gsin)
    shipments.add_paper(raw(session), gsin, body.kind, body.number, now=datetime.now(UTC))


@router.get("/findings")
def list_findings(
    session: SessionDep,
    viewer: SettlerDep,
    closed: bool = False,
    kind: str | None = None,
    site: UUID | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Page:
    """What did not fit: open ones oldest first, or closed ones."""
    connection = raw(session)
    return _page(
        overview.findings(connection, viewer, closed=closed, kind=kind, site_id=site, limit=limit, offset=offset)
    )


@router.post("/findings/{finding_id}/close")
def close_finding(session: SessionDep, viewer: SettlerDep, finding_id: UUID, body: Closing) -> Json:
    """Settle a finding with a word of reason."""
    closed = overview.settle(raw(session), viewer, finding_id, reason=body.reason, now=datetime.now(UTC))
    return jsonable_encoder(closed)


@router.get("/sites")
def list_sites(session: SessionDep, viewer: Annotated[Viewer, Depends(viewer_known)], kind: str | None = None) -> Page:
    """Places of the corridor; a farm to the kilometre, but for its own group and the offices."""
    found = overview.sites(raw(session), viewer, kind=kind)
    return _page((found, len(found)))


@router.get("/products", dependencies=[Depends(viewer_known)])
def list_products(session: SessionDep) -> Page:
    """What is made and sold along the corridor."""
    found = overview.products(raw(session))
    return _page((found, len(found)))


@router.get("/carriers", dependencies=[Depends(allow("events:read"))])
def list_carriers(session: SessionDep, kind: Literal["truck", "vessel"] | None = None) -> Page:
    """Trucks and vessels."""
    found = overview.carriers(raw(session), kind=kind)
    return _page((found, len(found)))


@router.get("/loads", dependencies=[Depends(allow("scan:gate", "scan:warehouse"))])
def load(session: SessionDep, code: Named, site: Named) -> Json:
    """What a scan station compares its scans with: the carrier that `code` names (plate, name, GIAI, or a label that
    rides in it), its shipment and papers, every unit aboard, and what it does at `site` next. `carrier` is null where
    the code names none.

    Stations see the loads of carriers that come to them, whosever goods they are.
    """
    connection = raw(session)
    here = reading.find_site(connection, site)
    try:
        tag = reading.read_tag(code)
    except reading.Unreadable:
        named: str | None = code
    else:
        named = overview.truck_of(connection, tag.sscc)
    try:
        carrier = reading.find_carrier(connection, named) if named else None
    except reading.Unreadable:
        carrier = None
    if carrier is None:
        return {"carrier": None}
    gsin = overview.shipment_aboard(connection, carrier["giai"])
    about = shipments.summary(connection, gsin) if gsin else None
    units = overview.load_of(connection, carrier["giai"])
    following = board.next_step(connection, here["id"], carrier, gsin)
    state = one(connection, "SELECT place, biz_step FROM epc_state WHERE epc = %s", (carrier["uri"],))
    arrived = state is not None and state["place"] == here["uri"] and state["biz_step"] not in ("departing", "loading")
    told: Json = {
        "carrier": carrier,
        "arrived": arrived,
        "shipment": about,
        "units": units,
        "next": following,
        "site": here["uri"],
    }
    return jsonable_encoder(told)
