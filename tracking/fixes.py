"""What a device told of where it was, and when that cannot be true. Pure: no clock, no database."""

import math
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

# A phone's clock may run ahead of ours by some minutes; a truck that reports from tomorrow has a broken one.
AHEAD_MAX = timedelta(minutes=5)
AGE_MAX = timedelta(days=400)  # a backlog of a season is welcome; 1970 and last week's rollover of a GPS clock are not
TOP_SPEED_KMH = 900.0  # an airliner: a phone may fly, what is faster is a leap of the receiver
CARRIER_TOP_SPEED_KMH = 250.0  # of trucks and vessels alike
ACCURACY_MAX_M = 5_000.0  # a cell tower's guess says less than nothing about a gate or a road
NULL_ISLAND_DEG = 0.001  # receivers without a fix say 0, 0; nothing of ours swims in the Gulf of Guinea

# Kept beside every fix that was set apart: a new one is a line in a migration.
REASONS = (
    "no_fix",  # the device itself says that it does not know where it is, or says no place at all
    "not_a_number",
    "out_of_range",  # longitude, latitude, heading, or a negative speed or accuracy
    "null_island",
    "in_the_future",
    "too_old",
    "too_fast",
    "inaccurate",
    "contradicts",  # the same device told another place for the same moment, and that one stands
)


class Fix(msgspec.Struct, frozen=True):
    """Where a device says it was at one moment (aware): lon and lat in degrees (WGS 84), heading clockwise from north.

    `has_fix` is False where the device said that it had none; then lon and lat may be NaN.
    """

    device_id: UUID
    recorded_at: datetime
    lon: float
    lat: float
    speed_kmh: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    has_fix: bool = True

    @property
    def body(self) -> dict[str, float | str | bool]:
        """Its figures as JSON can hold them (NaN and infinity as words), without those that were not told."""
        told = {
            "lon": self.lon,
            "lat": self.lat,
            "speed_kmh": self.speed_kmh,
            "heading_deg": self.heading_deg,
            "accuracy_m": self.accuracy_m,
        }
        figures: dict[str, float | str | bool] = {
            name: value if math.isfinite(value) else str(value) for name, value in told.items() if value is not None
        }
        return figures if self.has_fix else figures | {"has_fix": False}


def absurdity(fix: Fix, *, now: datetime, on_carrier: bool) -> str | None:
    """Why `fix` cannot be true, one of REASONS (the first that holds, "contradicts" aside), or None.

    `on_carrier`: the device was on a truck or vessel at that moment, which is slower than what a phone may ride in.
    """
    if (  # nearly every fix: NaN and infinity pass none of these
        fix.has_fix
        and -180 <= fix.lon <= 180
        and -90 <= fix.lat <= 90
        and (abs(fix.lon) >= NULL_ISLAND_DEG or abs(fix.lat) >= NULL_ISLAND_DEG)
        and (fix.speed_kmh is None or 0 <= fix.speed_kmh <= CARRIER_TOP_SPEED_KMH)
        and (fix.heading_deg is None or 0 <= fix.heading_deg <= 360)
        and (fix.accuracy_m is None or 0 <= fix.accuracy_m <= ACCURACY_MAX_M)
        and now - AGE_MAX <= fix.recorded_at <= now + AHEAD_MAX
    ):
        return None
    if not fix.has_fix:
        return "no_fix"
    told = [fix.lon, fix.lat, *(v for v in (fix.speed_kmh, fix.heading_deg, fix.accuracy_m) if v is not None)]
    if not all(map(math.isfinite, told)):
        return "not_a_number"
    speed_kmh, accuracy_m = fix.speed_kmh or 0.0, fix.accuracy_m or 0.0
    if abs(fix.lon) > 180 or abs(fix.lat) > 90 or not 0 <= (fix.heading_deg or 0.0) <= 360:
        return "out_of_range"
    if speed_kmh < 0 or accuracy_m < 0:
        return "out_of_range"
    if abs(fix.lon) < NULL_ISLAND_DEG and abs(fix.lat) < NULL_ISLAND_DEG:
        return "null_island"
    if fix.recorded_at > now + AHEAD_MAX:
        return "in_the_future"
    if fix.recorded_at < now - AGE_MAX:
        return "too_old"
    if speed_kmh > (CARRIER_TOP_SPEED_KMH if on_carrier else TOP_SPEED_KMH):
        return "too_fast"
    return "inaccurate" if accuracy_m > ACCURACY_MAX_M else None
