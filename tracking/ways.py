"""Ways between places: known routes, their way back, and the quickest chain of them. Pure."""

import heapq
import math
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Generic, NamedTuple, TypeVar

LonLat = tuple[float, float]
Place = TypeVar("Place", bound=Hashable)

EARTH_RADIUS_KM = 6371.0088


class Way(NamedTuple):
    """A line of (lon, lat) to follow, and how long that usually takes."""

    line: list[LonLat]
    usual_duration_s: int


class Ways(Generic[Place]):
    """The routes of one mode between places of any kind of name."""

    def __init__(self, routes: Iterable[tuple[Place, Place, Sequence[LonLat], int]]) -> None:
        """`routes`: from, to, line, usual duration in seconds. Each can be gone back along the same line."""
        self._from: dict[Place, dict[Place, Way]] = {}
        for start, end, line, duration_s in routes:
            self._from.setdefault(start, {})[end] = Way(list(line), duration_s)
            self._from.setdefault(end, {}).setdefault(start, Way(list(line)[::-1], duration_s))

    def between(self, start: Place, end: Place) -> Way | None:
        """The route from one place to another, in default of one the quickest chain of routes, or None."""
        direct = self._from.get(start, {}).get(end)
        return direct or self._quickest(start, end)

    def _quickest(self, start: Place, end: Place) -> Way | None:
        """Dijkstra with routes as edges."""
        seen: set[Place] = set()
        order = 0  # places need not be comparable
        waiting: list[tuple[int, int, Place, list[LonLat]]] = [(0, order, start, [])]
        while waiting:
            duration_s, _, here, line = heapq.heappop(waiting)
            if here == end:
                return Way(line, duration_s) if line else None
            if here in seen:
                continue
            seen.add(here)
            for there, way in self._from.get(here, {}).items():
                if there not in seen:
                    order += 1
                    further = (duration_s + way.usual_duration_s, order, there, [*line[:-1], *way.line])
                    heapq.heappush(waiting, further)
        return None


def distance_km(here: LonLat, there: LonLat) -> float:
    """Great-circle distance of two points (lon, lat), on a sphere of the Earth's mean radius."""
    (lon1, lat1), (lon2, lat2) = ((math.radians(x), math.radians(y)) for x, y in (here, there))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))


def length_km(line: Sequence[LonLat]) -> float:
    """Length of a line of (lon, lat) along great circles."""
    return sum(distance_km(here, there) for here, there in pairwise(line))


def along(line: Sequence[LonLat], share: float) -> tuple[LonLat, float]:
    """The point at `share` (0 to 1) of a line's length, and the heading there in degrees from north."""
    left_km = max(0.0, min(1.0, share)) * length_km(line)
    here, there = line[0], line[-1]
    for here, there in pairwise(line):
        stretch_km = distance_km(here, there)
        if left_km <= stretch_km and stretch_km > 0:
            part = left_km / stretch_km
            point = (here[0] + (there[0] - here[0]) * part, here[1] + (there[1] - here[1]) * part)
            return point, heading_deg(here, there)
        left_km -= stretch_km
    return line[-1], heading_deg(here, there)


def heading_deg(here: LonLat, there: LonLat) -> float:
    """The direction from one point to a near one, degrees clockwise from north."""
    east = (there[0] - here[0]) * math.cos(math.radians((here[1] + there[1]) / 2))
    return math.degrees(math.atan2(east, there[1] - here[1])) % 360
