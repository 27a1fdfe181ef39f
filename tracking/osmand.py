"""The OsmAnd protocol as phones and trackers speak it: a row of parameters, or Traccar Client's JSON. Pure.

Source: traccar.org/osmand, and the requests that Traccar's own decoder is tested with. OsmAnd's speed is in knots,
JSON's in m/s; a figure below zero, as phones send it for what they do not know, is taken as not told.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from core.errors import Invalid
from tracking.fixes import Fix

KNOT_KMH = 1.852
MPS_KMH = 3.6
# Up to here a number is seconds since 1970 (until 2286), beyond it milliseconds (since April 1970): as Traccar does.
SECONDS_MAX = 1e10


class Coordinates(msgspec.Struct):
    """Where, in Traccar Client's words: degrees, metres, m/s."""

    latitude: float
    longitude: float
    accuracy: float | None = None
    speed: float | None = None
    heading: float | None = None


class Location(msgspec.Struct):
    """One fix of Traccar Client: an ISO moment or a number of (milli)seconds, and where if it is known."""

    timestamp: str | float | None = None
    coords: Coordinates | None = None


class Told(msgspec.Struct):
    """A JSON body as a whole: who says it, and one location or several, left unread."""

    device_id: str | int | None = None
    location: msgspec.Raw = msgspec.Raw(b"null")


def read_envelope(body: bytes) -> Told:
    """A JSON body without its locations, so that the sender can be known first. Raises Invalid."""
    try:
        return msgspec.json.decode(body, type=Told)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Invalid(f"the body is not Traccar Client's JSON: {fault}") from fault


def identifier(parameters: Mapping[str, str]) -> str:
    """What the device calls itself in a row of parameters; empty where it does not."""
    return parameters.get("id") or parameters.get("deviceid") or ""


def read_json(location: bytes, device_id: UUID, *, now: datetime) -> list[Fix]:
    """The fixes in `location` of a JSON body, one or a list of them. Raises Invalid."""
    try:
        told: list[Location] | Location | None = msgspec.json.decode(location, type=list[Location] | Location | None)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Invalid(f"location: {fault}") from fault
    locations = told if isinstance(told, list) else [told or Location()]
    return [_fix_of(location, device_id, now) for location in locations]


def _fix_of(location: Location, device_id: UUID, now: datetime) -> Fix:
    where = location.coords
    return Fix(
        device_id=device_id,
        recorded_at=_moment(str(location.timestamp)) if location.timestamp is not None else now,
        lon=where.longitude if where else math.nan,
        lat=where.latitude if where else math.nan,
        speed_kmh=_known(where.speed, MPS_KMH) if where else None,
        heading_deg=_known(where.heading) if where else None,
        accuracy_m=_known(where.accuracy) if where else None,
        has_fix=where is not None,
    )


def read_parameters(parameters: Mapping[str, str], device_id: UUID, *, now: datetime) -> Fix:
    """The fix in a row of parameters, as GET and form POST carry it. Raises Invalid, naming the parameter.

    Without `timestamp` it is of now; without a place, or with valid=false, it is a Fix that has none.
    """
    lat, lon = parameters.get("lat"), parameters.get("lon")
    if pair := parameters.get("location"):
        lat, _, lon = pair.partition(",")
    has_place = bool(lat and lon)
    return Fix(
        device_id=device_id,
        recorded_at=_moment(parameters["timestamp"]) if parameters.get("timestamp") else now,
        lon=_number("lon", lon or "nan"),
        lat=_number("lat", lat or "nan"),
        speed_kmh=_figure(parameters, "speed", KNOT_KMH),
        heading_deg=_figure(parameters, "bearing" if parameters.get("bearing") else "heading"),
        accuracy_m=_figure(parameters, "accuracy"),
        has_fix=has_place and parameters.get("valid", "true").lower() in ("true", "1"),
    )


def _figure(parameters: Mapping[str, str], name: str, factor: float = 1.0) -> float | None:
    text = parameters.get(name)
    return _known(_number(name, text), factor) if text else None


def _known(figure: float | None, factor: float = 1.0) -> float | None:
    return None if figure is None or figure < 0 else figure * factor


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as fault:
        raise Invalid(f"{name} is not a number: {text[:40]}", parameter=name) from fault


def _moment(text: str) -> datetime:
    """Seconds or milliseconds since 1970, or ISO 8601 (without a zone: UTC). Raises Invalid."""
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        number = float(text)
        if abs(number) > SECONDS_MAX:
            number /= 1000
        try:
            return datetime.fromtimestamp(number, UTC)
        except (ValueError, OverflowError, OSError) as fault:
            raise Invalid(f"timestamp is not a moment: {text[:40]}", parameter="timestamp") from fault
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise Invalid(f"timestamp is not a moment: {text[:40]}", parameter="timestamp") from fault
