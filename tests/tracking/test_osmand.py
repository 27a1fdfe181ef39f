"""The OsmAnd protocol: every spelling that phones and trackers use comes out as the fix that was meant."""

import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from core.errors import Invalid
from tracking import osmand
from tracking.fixes import Fix

DEVICE = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
NINE = datetime(2026, 11, 20, 2, 0, 5, tzinfo=UTC)
PLACE = {"lat": "-5.4664", "lon": "105.3196"}


def read(**parameters: str) -> Fix:
    return osmand.read_parameters(parameters, DEVICE, now=NOW)


def read_json(location: Any) -> list[Fix]:
    return osmand.read_json(msgspec.json.encode(location), DEVICE, now=NOW)


@pytest.mark.parametrize(
    "timestamp",
    [
        "1795140005",
        "1795140005000",
        "1795140005.0",
        "2026-11-20T02:00:05Z",
        "2026-11-20T02:00:05.000Z",
        "2026-11-20T02:00:05",
        "2026-11-20 02:00:05",
        "2026-11-20T09:00:05+07:00",
    ],
)
def test_moment_in_every_spelling(timestamp: str) -> None:
    assert read(**PLACE, timestamp=timestamp) == Fix(DEVICE, NINE, 105.3196, -5.4664)


def test_without_a_moment_it_is_of_now() -> None:
    assert read(**PLACE).recorded_at == NOW


@pytest.mark.parametrize(
    "timestamp", ["yesterday", "99999999999999999", "-99999999999999", "0001-01-01T00:00:00+07:00"]
)
def test_moment_outside_the_calendar_is_refused(timestamp: str) -> None:
    with pytest.raises(Invalid):
        read(**PLACE, timestamp=timestamp)


def test_speed_is_in_knots_and_figures_below_zero_are_unknown() -> None:
    fix = read(**PLACE, speed="10", bearing="271.5", accuracy="8", altitude="14.2", batt="87", hdop="1.1")
    assert (fix.speed_kmh, fix.heading_deg, fix.accuracy_m) == (pytest.approx(18.52), 271.5, 8.0)
    assert read(**PLACE, heading="12").heading_deg == 12.0
    fix = read(**PLACE, speed="-1", bearing="-1", accuracy="-1")
    assert (fix.speed_kmh, fix.heading_deg, fix.accuracy_m) == (None, None, None)


def test_place_as_a_pair() -> None:
    fix = read(location="-5.4664,105.3196")
    assert (fix.lon, fix.lat, fix.has_fix) == (105.3196, -5.4664, True)


@pytest.mark.parametrize("parameters", [{}, {"lat": "1"}, {"cell": "257,02,16,2224"}, PLACE | {"valid": "false"}])
def test_without_a_place_or_said_to_be_invalid_it_is_no_fix(parameters: dict[str, str]) -> None:
    assert not read(**parameters).has_fix


@pytest.mark.parametrize("valid", ["true", "True", "1"])
def test_said_to_be_valid_it_is_a_fix(valid: str) -> None:
    assert read(**PLACE, valid=valid).has_fix


@pytest.mark.parametrize(
    "wrong", [{"lat": "north"}, {"speed": "fast"}, {"location": "somewhere"}, {"accuracy": "high"}]
)
def test_words_for_figures_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        read(**(PLACE | {"lon": "105"} | wrong))


def test_not_a_number_is_passed_on_to_be_set_apart() -> None:
    assert math.isnan(read(lat="nan", lon="105").lat)


def test_json_of_traccar_client() -> None:
    location = {
        "timestamp": "2026-11-20T02:00:05.000Z",
        "coords": {
            "latitude": -5.4664,
            "longitude": 105.3196,
            "accuracy": 5,
            "speed": 10,
            "heading": 90,
            "altitude": 3,
        },
        "is_moving": True,
        "battery": {"level": 0.8, "is_charging": False},
        "extras": {},
    }
    assert read_json(location) == [Fix(DEVICE, NINE, 105.3196, -5.4664, 36.0, 90.0, 5.0)]
    assert read_json([location, location | {"timestamp": 1795140005000}]) == read_json(location) * 2


def test_json_of_a_phone_that_knows_little() -> None:
    coords = {"latitude": -5.4664, "longitude": 105.3196, "accuracy": -1, "speed": -1, "heading": None}
    assert read_json({"coords": coords}) == [Fix(DEVICE, NOW, 105.3196, -5.4664)]
    assert [fix.has_fix for fix in read_json({"timestamp": "2026-11-20T02:00:05Z"})] == [False]
    assert [fix.has_fix for fix in read_json(None)] == [False]
    assert read_json([]) == []


@pytest.mark.parametrize("location", [3, "here", {"coords": {}}, {"coords": {"latitude": "1", "longitude": 1}}])
def test_json_that_is_no_location_is_refused(location: Any) -> None:
    with pytest.raises(Invalid):
        read_json(location)


def test_sender_of_a_json_body_is_known_before_its_location_is_read() -> None:
    told = osmand.read_envelope(b'{"device_id": "dev_x", "location": {"coords": 7}}')
    assert (told.device_id, bytes(told.location)) == ("dev_x", b'{"coords": 7}')
    for body in (b"", b"[]", b"{", b'{"device_id": []}', b"\xff"):
        with pytest.raises(Invalid):
            osmand.read_envelope(body)
