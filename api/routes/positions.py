"""Where devices say they are, in as JSON and by the OsmAnd protocol; out: the latest fix and the track of carriers."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from msgspec import Meta
from pydantic import AwareDatetime
from sqlmodel import Session

from api.batching import Batcher
from api.dependencies import SessionDep, Viewer, allow
from core.accounts import Account
from core.database import raw
from core.errors import Forbidden, Unauthenticated
from core.permissions import DEVICE, role_may
from tracking import osmand, positions
from tracking.devices import device_of
from tracking.fixes import Fix
from tracking.intake import RECORDED, REPEATED, Outcome

router = APIRouter(tags=["positions"])

BATCH_MAX = 5_000
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CREDENTIAL = re.compile(r"dev_[A-Za-z0-9_-]{43}")


class ReportedFix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fix as told in JSON. What cannot be true is not refused here: it is answered as `set_apart`."""

    recorded_at: Annotated[datetime, Meta(tz=True)]
    lon: float
    lat: float
    speed_kmh: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    device_id: UUID | None = None


REPORT = msgspec.json.Decoder(Annotated[list[ReportedFix], Meta(min_length=1, max_length=BATCH_MAX)])

DOCUMENTED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": BATCH_MAX,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["recorded_at", "lon", "lat"],
                        "properties": {
                            "recorded_at": {"type": "string", "format": "date-time"},
                            "lon": {"type": "number", "description": "degrees, WGS 84"},
                            "lat": {"type": "number", "description": "degrees, WGS 84"},
                            "speed_kmh": {"type": ["number", "null"]},
                            "heading_deg": {"type": ["number", "null"], "description": "clockwise from north"},
                            "accuracy_m": {"type": ["number", "null"]},
                            "device_id": {
                                "type": ["string", "null"],
                                "format": "uuid",
                                "description": "whose fix it is, where that is not the device that sends it",
                            },
                        },
                    },
                }
            }
        },
    },
    "responses": {
        "200": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["status"],
                            "properties": {
                                "status": {"enum": ["recorded", "repeated", "set_apart"]},
                                "reason": {"type": "string"},
                            },
                        },
                    }
                }
            }
        }
    },
}


async def _body(request: Request) -> bytes:
    return await request.body()


BodyDep = Annotated[bytes, Depends(_body)]


def _fixes_told(
    viewer: Annotated[Viewer, Depends(allow("positions:report"))], session: SessionDep, body: BodyDep
) -> list[Fix]:
    """The fixes in the body, each of a device that the viewer may report for."""
    fixes: list[Fix] = []
    for number, told in enumerate(_read(body)):
        device_id = told.device_id or viewer.device_id
        if device_id is None:
            raise _fault(number, "device_id", "needed, because this sign-in is not a device's")
        figures = (told.lon, told.lat, told.speed_kmh, told.heading_deg, told.accuracy_m)
        fixes.append(Fix(device_id, told.recorded_at, *figures))
    connection = raw(session)
    others = {fix.device_id for fix in fixes} - {viewer.device_id}
    if others and (strange := others - positions.reportable(connection, viewer, others)):
        number = next(number for number, fix in enumerate(fixes) if fix.device_id in strange)
        raise Forbidden(f"item {number}: there is no such device, or you may not report for it")
    return fixes


@router.post("/api/v1/positions", openapi_extra=DOCUMENTED)
async def post_positions(request: Request, fixes: Annotated[list[Fix], Depends(_fixes_told)]) -> Response:
    """Tell positions, of the device that sends them or of those one may report for.

    Each is answered by itself, in the same order, after all are committed: `recorded`; `repeated`, known already;
    `set_apart`, kept beside with the reason why it cannot be true. A list that is not well formed changes nothing.
    503: more than can be taken just now; send it again after the seconds in Retry-After.
    """
    outcomes = await batcher_of(request).take(fixes)
    return Response(encode_outcomes(outcomes), media_type="application/json")


def batcher_of(request: Request) -> Batcher:
    """This process's way in for positions."""
    batcher: Batcher = request.app.state.positions
    return batcher


def encode_outcomes(outcomes: Sequence[Outcome]) -> bytes:
    """The answer to a list of fixes."""
    return b"[%b]" % b",".join([ENCODED.get(outcome) or _encode(outcome) for outcome in outcomes])


def _encode(outcome: Outcome) -> bytes:
    return msgspec.json.encode({name: told for name, told in outcome._asdict().items() if told})


ENCODED = {outcome: _encode(outcome) for outcome in (RECORDED, REPEATED)}


def _read(body: bytes) -> list[ReportedFix]:
    """The fixes in `body`. Raises RequestValidationError, naming the first that is wrong (from 0) and its field."""
    try:
        return REPORT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        # msgspec says "Expected `float`, got `str` - at `$[3].lon`".
        message, _, path = str(fault).partition(" - at `$")
        where = re.findall(r"[^\[\].`]+", path)
        raise _fault(*where, message) from fault


def _fault(*where_and_message: object) -> RequestValidationError:
    *where, message = where_and_message
    return RequestValidationError([{"loc": ("body", *where), "msg": message, "type": "value_error"}])


async def _osmand_told(request: Request, body: BodyDep) -> tuple[Mapping[str, str], bytes | None]:
    """Parameters of the address and of a form, and the body where it is JSON."""
    parameters = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind == "application/json":
        return parameters, body
    if request.method == "POST" and kind == "application/x-www-form-urlencoded":
        parameters |= {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    return parameters, None


def _osmand_fixes(
    told: Annotated[tuple[Mapping[str, str], bytes | None], Depends(_osmand_told)], session: SessionDep
) -> list[Fix]:
    """Who reports is known before what is reported is read, so that a stranger learns nothing."""
    now = datetime.now(UTC)
    parameters, body = told
    envelope = osmand.read_envelope(body) if body is not None else None
    named = str(envelope.device_id or "") if envelope else ""
    device_id = reporting_device(session, named or osmand.identifier(parameters))
    if device_id is None:
        raise Unauthenticated("the identifier is not a device's credential")
    if envelope:
        return osmand.read_json(bytes(envelope.location), device_id, now=now)
    return [osmand.read_parameters(parameters, device_id, now=now)]


def reporting_device(session: Session, credential: str) -> UUID | None:
    """The device with that credential, if it may report positions; None, whatever is wrong with it."""
    device = device_of(session, credential) if CREDENTIAL.fullmatch(credential) else None
    account = session.get(Account, device.account_id) if device and device.account_id else None
    if device is None or not role_may(account.role if account else DEVICE, "positions:report"):
        return None
    return device.id


@router.api_route("/osmand", methods=["GET", "POST"], include_in_schema=False)
async def take_osmand(request: Request, fixes: Annotated[list[Fix], Depends(_osmand_fixes)]) -> Response:
    """The OsmAnd protocol, of Traccar Client and many trackers: docs/devices.md.

    The identifier is the device's credential, since these senders have no other place for a secret. 200 means
    committed, also for a fix that was set apart: sending it again would change nothing.
    """
    await batcher_of(request).take(fixes)
    return Response(status_code=200)


SeerDep = Annotated[Viewer, Depends(allow("positions:read", "events:read"))]


@router.get("/api/v1/positions/latest")
def latest_positions(viewer: SeerDep, session: SessionDep) -> list[dict[str, Any]]:
    """The last known fix of each carrier that you may see: its age in seconds, km/h, degrees clockwise from north."""
    return positions.latest(raw(session), viewer, now=datetime.now(UTC))


@router.get("/api/v1/positions/track")
def carrier_track(
    viewer: SeerDep,
    session: SessionDep,
    carrier: Annotated[
        str, Query(max_length=200, pattern=r"^[^\x00]*$", description="GIAI, its Digital Link, plate or vessel name")
    ],
    from_at: Annotated[AwareDatetime | None, Query(alias="from", description="a day before `to` by default")] = None,
    to_at: Annotated[AwareDatetime | None, Query(alias="to", description="now by default")] = None,
) -> dict[str, Any]:
    """Where a carrier was, as a GeoJSON Feature with a LineString and the moment of each of its points."""
    until = to_at or datetime.now(UTC)
    since = from_at or max(until, EPOCH) - DAY
    return positions.track(raw(session), viewer, carrier, from_at=since, to_at=until)
