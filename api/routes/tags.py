"""Tags: give out SSCCs, print their labels, show one as a QR code."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel import Session

from api.dependencies import SessionDep, Viewer, allow
from api.security import settings_of
from core.database import raw
from core.errors import Forbidden, Invalid, NotFound
from tracking import people, qr, tags
from tracking.gs1 import keys
from tracking.labels import LabelFormat
from tracking.models import Party, TagRange

router = APIRouter(prefix="/api/v1/tags", tags=["tags"])

IssuerDep = Annotated[Viewer, Depends(allow("tags:issue"))]
Sscc = Annotated[str, Path(pattern="^[0-9]{18}$")]


class NewTags(BaseModel):
    """How many tags, and for whom: a group's head for their own group, an administrator for any party."""

    model_config = ConfigDict(extra="forbid", strict=True)

    count: Annotated[int, Field(ge=1, le=tags.COUNT_MAX)]
    party_gln: Annotated[str, Field(pattern="^[0-9]{13}$")] | None = None


class TagTold(BaseModel):
    """One tag: its number, what people read aloud of it, and the address its QR code holds."""

    sscc: str
    tail: str
    uri: str


class RangeTold(BaseModel):
    """SSCCs given out together, and where their labels are."""

    id: UUID
    party_gln: str
    party_name: str
    count: int
    first_sscc: str
    last_sscc: str
    issued_at: AwareDatetime
    links: dict[Literal["58x40", "a4"], str] = Field(description="labels as PDF, one a page or on A4 sheets")


class NewRangeTold(RangeTold):
    """A new range with each of its tags."""

    tags: list[TagTold]


def _told(given: TagRange, party: Party) -> RangeTold:
    def numbered(serial: int) -> str:
        return keys.sscc(given.extension_digit, given.gs1_prefix, serial)

    return RangeTold(
        id=given.id,
        party_gln=party.gln,
        party_name=party.name,
        count=given.last_serial - given.first_serial + 1,
        first_sscc=numbered(given.first_serial),
        last_sscc=numbered(given.last_serial),
        issued_at=given.issued_at,
        links={
            "58x40": f"{router.prefix}/{given.id}.pdf?format=58x40",
            "a4": f"{router.prefix}/{given.id}.pdf?format=a4",
        },
    )


def _only_party(viewer: Viewer) -> UUID | None:
    """The one party whose tags `viewer` may see; None: all."""
    if viewer.may("platform:manage"):
        return None
    if viewer.party_id is None:
        raise Forbidden("you work for no party yet")
    return viewer.party_id


@router.post("", status_code=201)
def issue(request: Request, session: SessionDep, viewer: IssuerDep, body: NewTags) -> NewRangeTold:
    """Give out tags that nobody has had before, to print and stick on harvests."""
    only = _only_party(viewer)
    if body.party_gln is not None:
        party = people.party_by_gln(session, body.party_gln)
        if only is not None and party.id != only:
            raise Forbidden("a group's head gives out tags of that group only")
    elif viewer.party_id is not None:
        party = session.get_one(Party, viewer.party_id)
    else:
        raise Invalid("say for which party: party_gln")
    given = tags.issue(session, party, body.count, datetime.now(UTC), viewer.account_id)
    settings = settings_of(request)
    made = tags.tags_of(given, settings.public_base_url, settings.tag_key)
    qr.qr_modules(made[0].uri)  # an address no label can hold is refused now, not at the printer
    told = [TagTold(sscc=tag.sscc, tail=keys.tail(tag.sscc), uri=tag.uri) for tag in made]
    return NewRangeTold(**_told(given, party).model_dump(), tags=told)


@router.get("")
def ranges(session: SessionDep, viewer: IssuerDep, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[RangeTold]:
    """The latest ranges, newest first: of one's own group, or for an administrator of all."""
    return [_told(*found) for found in tags.ranges(session, party_id=_only_party(viewer), limit=limit)]


@router.get("/{range_id}.pdf", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
def print_labels(
    request: Request,
    session: SessionDep,
    viewer: IssuerDep,
    range_id: UUID,
    label_format: Annotated[LabelFormat, Query(alias="format")] = "58x40",
) -> Response:
    """The labels of a range, ready to print: 58 × 40 mm one a page, or A4 sheets of 25."""
    given, party = tags.range_by_id(session, range_id, party_id=_only_party(viewer))
    settings = settings_of(request)
    pdf = tags.labels_pdf(given, party, settings.public_base_url, settings.tag_key, label_format)
    name = f"label-{tags.ssccs(given)[0]}-{label_format}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _uri_of_own(request: Request, session: Session, viewer: Viewer, sscc: str) -> str:
    # The picture holds the keyed check: only those who may print the label see it. To others it is not there.
    party_id = tags.is_issued(raw(session), sscc)
    only = _only_party(viewer)
    if party_id is None or (only is not None and party_id != only):
        raise NotFound("no such tag")
    settings = settings_of(request)
    return tags.tag_uri(settings.public_base_url, sscc, settings.tag_key)


@router.get("/{sscc}.svg", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}})
def svg(request: Request, session: SessionDep, viewer: IssuerDep, sscc: Sscc) -> Response:
    """The QR code of one tag as a drawing."""
    uri = _uri_of_own(request, session, viewer, sscc)
    return Response(qr.qr_svg(uri), media_type="image/svg+xml", headers={"Cache-Control": "private, no-store"})


@router.get("/{sscc}.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def png(
    request: Request,
    session: SessionDep,
    viewer: IssuerDep,
    sscc: Sscc,
    module_px: Annotated[int, Query(ge=1, le=32)] = 8,
) -> Response:
    """The QR code of one tag as a picture of 1 bit a pixel."""
    uri = _uri_of_own(request, session, viewer, sscc)
    return Response(qr.qr_png(uri, module_px), media_type="image/png", headers={"Cache-Control": "private, no-store"})
