"""The way that goods went, as a small SVG map: land, coast, a sewn line, knots with names. Pure, no tiles, no script.

Lon-lat in, markup out. Colours and strokes are classes of the stylesheet. Land is drawn where `data/coast.json` has it;
elsewhere only the line.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from markupsafe import Markup, escape
from shapely import clip_by_rect, get_parts
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

COAST = Path(__file__).parent / "data" / "coast.json"
COAST_CREDIT = "https://www.openstreetmap.org/copyright"  # to be linked beside every map, as the ODbL asks
WIDTH_PX, HEIGHT_PX = 350, 216
MARGIN_PX = 30  # between the line and the edge: room for a knot and half a name
CLOSEST_PX_PER_DEGREE = 130.0  # 300 km wide: a way within one village still shows which coast it is on
LETTER_PX, LINE_PX = 7.1, 15.0  # of names at 13 px bold, measured
KM_PER_DEGREE = 111.2
SCALES_KM = (100, 50, 20, 10, 5, 2, 1)

LonLat = tuple[float, float]
Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Knot:
    """A place on the way: where, its name if it is to be written, and whether the goods are there now."""

    at: LonLat
    name: str = ""
    now: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The piece of the earth that a map shows: its west and north edge, pixels a degree of longitude, squeeze of
    latitude against longitude."""

    west: float
    north: float
    scale: float
    squeeze: float

    def point(self, at: LonLat) -> Point:
        """Pixels from the top left corner."""
        return (at[0] - self.west) * self.scale, (self.north - at[1]) * self.scale * self.squeeze

    @property
    def bounds(self) -> Box:
        """West, south, east, north in degrees."""
        return (
            self.west,
            self.north - HEIGHT_PX / self.scale / self.squeeze,
            self.west + WIDTH_PX / self.scale,
            self.north,
        )


def frame_of(line: Sequence[LonLat]) -> Frame:
    """The frame that holds `line` (at least one point) with a margin, its middle in the middle."""
    lons, lats = [lon for lon, _ in line], [lat for _, lat in line]
    middle_lon, middle_lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    squeeze = 1 / max(math.cos(math.radians(middle_lat)), 0.2)
    room_x, room_y = WIDTH_PX - 2 * MARGIN_PX, HEIGHT_PX - 2 * MARGIN_PX
    scale = min(
        CLOSEST_PX_PER_DEGREE,
        room_x / max(max(lons) - min(lons), 1e-6),
        room_y / max((max(lats) - min(lats)) * squeeze, 1e-6),
    )
    west = middle_lon - WIDTH_PX / 2 / scale
    north = middle_lat + HEIGHT_PX / 2 / scale / squeeze
    return Frame(round(west, 3), round(north, 3), round(scale, 1), round(squeeze, 4))


def route_map(line: Sequence[LonLat], knots: Sequence[Knot], title: str) -> Markup:
    """The map of a way as one `<svg>`, or nothing where there is no point. `title` says the same in words."""
    if not line:
        return Markup("")
    frame = frame_of(line)
    points = _thinned([frame.point(at) for at in line])
    drawn = [(frame.point(knot.at), knot) for knot in knots]
    shape = land_path(frame)
    parts = [Markup('<path class="land" d="{}"/>').format(shape)] if shape else []
    if len(points) > 1:
        parts.append(Markup('<path class="route" d="{}"/>').format(_path(points)))
    for (x, y), knot in sorted(drawn, key=lambda each: each[1].now):
        circle = (
            '<circle class="knot-now" cx="{}" cy="{}" r="6.5"/>'
            if knot.now
            else '<circle class="knot" cx="{}" cy="{}" r="5.5"/>'
        )
        parts.append(Markup(circle).format(_short(x), _short(y)))  # noqa: S704  one of the two constants above
    for (x, y), anchor, name in place_names(drawn, points):
        where = Markup(' text-anchor="{}"').format(anchor) if anchor != "start" else ""
        parts.append(Markup('<text class="port" x="{}" y="{}"{}>{}</text>').format(_short(x), _short(y), where, name))
    parts.append(_scale_bar(frame))
    return Markup('<svg class="small-map" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH_PX, HEIGHT_PX, escape(title), Markup("").join(parts)
    )


# --- land ------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _land() -> MultiPolygon:
    return MultiPolygon([Polygon(ring) for ring in json.loads(COAST.read_text(encoding="utf-8"))["land"]])


@lru_cache(maxsize=1)
def known_bounds() -> Box:
    """Where the coast is known: west, south, east, north."""
    west, south, east, north = json.loads(COAST.read_text(encoding="utf-8"))["within"]
    return west, south, east, north


@lru_cache(maxsize=256)
def land_path(frame: Frame) -> str:
    """The land in `frame` as an SVG path in whole pixels; "" where the coast is not known or none is near."""
    west, south, east, north = frame.bounds
    known = known_bounds()
    if west < known[0] or south < known[1] or east > known[2] or north > known[3]:
        return ""  # half a coast would draw sea where there is land
    pad = 4 / frame.scale  # the cut edge's stroke lies outside the picture
    cut = clip_by_rect(_land(), west - pad, south - pad, east + pad, north + pad)
    simple = cut.simplify(0.5 / frame.scale)
    return "".join(_path([frame.point(at) for at in ring], closed=True) for ring in _rings(simple, frame))


def _rings(shape: BaseGeometry, frame: Frame) -> Iterator[list[LonLat]]:
    smallest = 6 / frame.scale**2  # six square pixels: less is a speck
    for part in get_parts(shape):
        if isinstance(part, Polygon) and part.area > smallest:
            yield [(x, y) for x, y, *_ in part.exterior.coords[:-1]]


def _path(points: Sequence[Point], *, closed: bool = False) -> str:
    """An SVG path in whole pixels by relative steps, the shortest spelling."""
    whole = [(round(x), round(y)) for x, y in points]
    steps = [f"M{whole[0][0]} {whole[0][1]}l" if len(whole) > 1 else f"M{whole[0][0]} {whole[0][1]}"]
    told: list[str] = []
    for (x0, y0), (x1, y1) in pairwise(whole):
        if (x0, y0) != (x1, y1):
            told.append(f"{x1 - x0} {y1 - y0}")
    return steps[0] + " ".join(told).replace(" -", "-") + ("z" if closed else "")


def _thinned(points: Sequence[Point]) -> list[Point]:
    """The points without those that lie on top of the one before."""
    found: list[Point] = []
    for point in points:
        if not found or math.dist(found[-1], point) >= 1:
            found.append(point)
    return found


def _short(value: float) -> str:
    return f"{value:.0f}"


# --- names -----------------------------------------------------------------------------------------------------------


def place_names(drawn: Sequence[tuple[Point, Knot]], line: Sequence[Point]) -> list[tuple[Point, str, str]]:
    """Where each name stands: (baseline point, text-anchor, name), clear of edges, knots and one another.

    A name that fits nowhere is left out: the list of places beside the map has them all.
    """
    taken: list[Box] = [(x - 8, y - 8, x + 8, y + 8) for (x, y), _ in drawn]
    taken.append((0, HEIGHT_PX - 20, 86, HEIGHT_PX))  # the scale bar
    found: list[tuple[Point, str, str]] = []
    named = sorted((each for each in drawn if each[1].name), key=lambda each: not each[1].now)
    for (x, y), knot in named:
        width = len(knot.name) * LETTER_PX
        choices: list[tuple[float, Point, str, Box]] = []
        for anchor, dx, dy in (("start", 12, 5), ("end", -12, 5), ("middle", 0, 22), ("middle", 0, -12)):
            at = (x + dx, y + dy)
            left = at[0] - {"start": 0.0, "end": width, "middle": width / 2}[anchor]
            box = (left, at[1] - LINE_PX + 3, left + width, at[1] + 3)
            inside = box[0] >= 3 and box[2] <= WIDTH_PX - 3 and box[1] >= 3 and box[3] <= HEIGHT_PX - 3
            own = (x - 8, y - 8, x + 8, y + 8)
            if inside and not any(_overlap(box, other) for other in taken if other != own):
                choices.append((sum(_in(box, point) for point in _along(line)), at, anchor, box))
        if choices:
            _, at, anchor, box = min(choices, key=lambda choice: choice[0])
            taken.append(box)
            found.append((at, anchor, knot.name))
    return found


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _in(box: Box, point: Point) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def _along(line: Sequence[Point]) -> Iterator[Point]:
    """Points every few pixels along the line."""
    for start, end in pairwise(line):
        steps = max(1, int(math.dist(start, end) / 5))
        for step in range(steps + 1):
            part = step / steps
            yield start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def _scale_bar(frame: Frame) -> Markup:
    """The longest round distance that fits into 70 px, as a bar at the lower left."""
    px_per_km = frame.scale * frame.squeeze / KM_PER_DEGREE
    km = next((km for km in SCALES_KM if km * px_per_km <= 70), SCALES_KM[-1])
    return Markup('<path class="scale" d="M10 {}v4h{}v-4"/><text class="km" x="{}" y="{}">{} km</text>').format(
        HEIGHT_PX - 12, round(km * px_per_km), 16 + round(km * px_per_km), HEIGHT_PX - 7, km
    )
