"""Where a carrier of the story is at a moment, as its tracker tells it. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from api.story.telling import Ride
from api.story.timetable import ANCHOR
from tracking.ways import along, length_km

Placed = tuple[datetime, float, float, float, float]  # when, lon, lat, km/h, degrees from north


def placed(ride: Ride, at: datetime) -> Placed:
    """Where the ride is at `at`; before it begins and after it ends, standing there."""
    lasts = ride.to_at - ride.from_at
    (lon, lat), heading = along(ride.line, (at - ride.from_at) / lasts)
    moving = ride.from_at <= at < ride.to_at
    speed_kmh = length_km(ride.line) / (lasts / timedelta(hours=1)) if moving else 0.0
    return at, round(lon, 6), round(lat, 6), round(speed_kmh, 1), round(heading, 1)


def ride_fixes(ride: Ride, since: datetime, until: datetime, every: timedelta) -> Iterator[Placed]:
    """The ride's positions at round moments, and where it ended, from `since` to `until`."""
    number = -(-(max(since, ride.from_at) - ANCHOR) // every)
    while (at := ANCHOR + number * every) < min(until, ride.to_at):
        yield placed(ride, at)
        number += 1
    if since <= ride.to_at <= until:
        yield placed(ride, ride.to_at)
