"""The corridor is data: load one from its document, give it back as one, and find the way between two sites.

This part holds what tracking knows. Hubs and warehouses stand above it: `hubs.corridor` and `warehouses.corridor`
load theirs, and `api.corridor.load` loads all of a document together.
"""

import heapq
import json
import math
from collections.abc import Iterable, Sequence
from importlib.resources import files
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
from shapely.geometry import LineString, Point, Polygon
from sqlmodel import Session

from core.database import raw, rows
from core.errors import NotFound
from core.identifiers import uuid7
from tracking.corridor_document import FORMAT, CorridorDocument, LonLat, RouteEntry, read
from tracking.corridor_rows import Tally, upsert
from tracking.gs1.digital_link import site_uri

EARTH_RADIUS_KM = 6371.0088


class NoRoute(NotFound):
    """No road, ferry or sea lane that is known joins the two sites. Facts: `from_site`, `to_site`, `mode`."""

    title = "No route joins these sites"


def lampung_jakarta() -> dict[str, Any]:
    """The document of the corridor that the demo shows: Lampung to Jakarta."""
    text = files("tracking").joinpath("data/lampung-jakarta.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def load(session: Session, document: dict[str, Any]) -> dict[str, Tally]:
    """Write parties, sites, products, carriers, containers and routes of `document`; what is known is updated.

    Hubs and warehouses are checked but not written: see `api.corridor.load`. Rows that the document does not name
    stay as they are. Inside the caller's transaction, which the caller commits. Returns by section how many rows
    were new, changed, same. Raises CorridorInvalid with every fault before anything is written.
    """
    corridor = read(document)
    connection = raw(session)
    parties = [{"id": uuid7(), **entry.columns()} for entry in corridor.parties]
    tallies = {"parties": upsert(connection, "party", ["gln"], parties)}
    ids = {party["gln"]: party["id"] for party in rows(connection, "SELECT gln, id FROM party")}
    sites = [
        {
            "id": uuid7(),
            **site.columns("party", "lon", "lat", "boundary", "commodity"),
            "party_id": ids[site.party],
            "uri": site_uri(site.gln, site.extension or None),
            "location": _ewkt(Point(site.lon, site.lat)),
            "boundary": _ewkt(Polygon(site.boundary)) if site.boundary else None,
        }
        for site in corridor.sites
    ]
    tallies["sites"] = upsert(connection, "site", ["gln", "extension"], sites)
    tallies["products"] = upsert(connection, "product", ["gtin"], [p.columns() for p in corridor.products])
    carriers = [{**carrier.columns("party"), "party_id": ids[carrier.party]} for carrier in corridor.carriers]
    tallies["carriers"] = upsert(connection, "carrier", ["giai"], carriers)
    containers = [{**box.columns("party"), "party_id": ids[box.party]} for box in corridor.containers]
    tallies["containers"] = upsert(connection, "container", ["grai"], containers)
    routes = list(_routes(corridor, site_ids(connection)))
    tallies["routes"] = upsert(connection, "route", ["from_site_id", "to_site_id", "mode"], routes)
    return tallies


def site_ids(connection: psycopg.Connection[Any]) -> dict[str, UUID]:
    """The id of every site by its key as scans and documents spell it: GLN, or GLN/254/extension."""
    known = rows(connection, "SELECT id, gln, extension FROM site")
    return {_site_key(site["gln"], site["extension"]): site["id"] for site in known}


def _site_key(gln: str, extension: str) -> str:
    return f"{gln}/254/{extension}" if extension else gln


def _ewkt(shape: Point | Polygon | LineString) -> str:
    return f"SRID=4326;{shape.wkt}"


def _routes(corridor: CorridorDocument, ids: dict[str, UUID]) -> Iterable[dict[str, Any]]:
    places = {site.key: (site.lon, site.lat) for site in corridor.sites}
    waypoints = {point.key: (point.lon, point.lat) for point in corridor.waypoints}
    for route in corridor.routes:
        line = _line(route, places, waypoints)
        yield {
            "id": uuid7(),
            "name": route.name,
            "mode": route.mode,
            "from_site_id": ids[route.from_],
            "to_site_id": ids[route.to],
            "geometry": _ewkt(LineString(line)),
            "distance_km": route.distance_km or round(length_km(line), 1),
            "usual_duration_s": route.usual_duration_s,
        }


def _line(route: RouteEntry, places: dict[str, LonLat], waypoints: dict[str, LonLat]) -> list[LonLat]:
    between = [waypoints[key] for key in route.via] if route.points is None else route.points
    return [places[route.from_], *between, places[route.to]]


def length_km(line: Sequence[LonLat]) -> float:
    """Length of a line of (lon, lat) along great circles."""
    return sum(distance_km(here, there) for here, there in pairwise(line))


def distance_km(here: LonLat, there: LonLat) -> float:
    """Great-circle distance of two points (lon, lat), on a sphere of the Earth's mean radius."""
    (lon1, lat1), (lon2, lat2) = ((math.radians(x), math.radians(y)) for x, y in (here, there))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))


def route_between(
    connection: psycopg.Connection[Any], from_site: UUID, to_site: UUID, mode: str = "road"
) -> list[LonLat]:
    """The line (lon, lat) to follow from one site to another by `mode` (road, ferry, sea).

    A route known in the other direction is followed backwards; where none joins the two, the quickest chain of known
    routes does. Raises NoRoute.
    """
    known = rows(
        connection,
        "SELECT from_site_id, to_site_id, usual_duration_s, ST_AsGeoJSON(geometry)::json->'coordinates' AS line "
        "FROM route WHERE mode = %s",
        (mode,),
    )
    ways: dict[UUID, list[tuple[int, UUID, list[LonLat]]]] = {}
    direct: list[LonLat] | None = None
    for route in known:
        start, end, line = route["from_site_id"], route["to_site_id"], [(x, y) for x, y in route["line"]]
        if (start, end) == (from_site, to_site):
            return line
        if (end, start) == (from_site, to_site):
            direct = line[::-1]
        ways.setdefault(start, []).append((route["usual_duration_s"], end, line))
        ways.setdefault(end, []).append((route["usual_duration_s"], start, line[::-1]))
    found = direct or _quickest(ways, from_site, to_site)
    if found is None:
        raise NoRoute(from_site=str(from_site), to_site=str(to_site), mode=mode)
    return found


def _quickest(ways: dict[UUID, list[tuple[int, UUID, list[LonLat]]]], start: UUID, end: UUID) -> list[LonLat] | None:
    """Dijkstra over routes as edges."""
    seen: set[UUID] = set()
    waiting: list[tuple[int, UUID, list[LonLat]]] = [(0, start, [])]
    while waiting:
        duration_s, here, line = heapq.heappop(waiting)
        if here == end:
            return line or None
        if here in seen:
            continue
        seen.add(here)
        for further_s, there, stretch in ways.get(here, []):
            if there not in seen:
                heapq.heappush(waiting, (duration_s + further_s, there, [*line[:-1], *stretch]))
    return None


def export(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """What tracking knows of the corridor as a document that `load` takes; routes by their points.

    Hubs and warehouses are left empty: see `api.corridor.export`. Where figures came from is not kept in the
    database, so their source is "database".
    """
    told = {"source": "database"}
    parties = rows(connection, "SELECT gln, name, kind, province, district, village, gs1_prefix FROM party ORDER BY 1")
    sites = rows(
        connection,
        "SELECT s.gln, s.extension, s.name, s.kind, p.gln AS party, s.province, s.district, s.village, "
        "ST_X(s.location) AS lon, ST_Y(s.location) AS lat, "
        "ST_AsGeoJSON(s.boundary, 7)::json->'coordinates'->0 AS boundary "
        "FROM site s JOIN party p ON p.id = s.party_id ORDER BY 1, 2",
    )
    products = rows(connection, "SELECT * FROM product ORDER BY gtin")
    carriers = rows(
        connection,
        "SELECT c.giai, c.kind, c.name, p.gln AS party, c.mmsi FROM carrier c JOIN party p ON p.id = c.party_id "
        "ORDER BY 1",
    )
    containers = rows(
        connection,
        "SELECT c.grai, c.kind, c.iso6346, p.gln AS party FROM container c JOIN party p ON p.id = c.party_id "
        "ORDER BY 1",
    )
    routes = rows(
        connection,
        "SELECT r.name, r.mode, a.gln AS from_gln, a.extension AS from_extension, b.gln AS to_gln, "
        "b.extension AS to_extension, r.distance_km, r.usual_duration_s, "
        "ST_AsGeoJSON(r.geometry, 7)::json->'coordinates' AS line "
        "FROM route r JOIN site a ON a.id = r.from_site_id JOIN site b ON b.id = r.to_site_id ORDER BY 3, 4, 5, 6, 2",
    )
    return {
        "format": FORMAT,
        "name": "Export",
        "provinces": sorted({site["province"] for site in sites}),
        "sources": {"database": "Exported from a running Lumbung; where each figure came from is not kept there"},
        "parties": [{**party, **told} for party in parties],
        "sites": [{**site, **told} for site in sites],
        "hubs": [],
        "warehouses": [],
        "products": [{**{k: _plain(v) for k, v in product.items()}, **told} for product in products],
        "carriers": [{**carrier, **told} for carrier in carriers],
        "containers": [{**container, **told} for container in containers],
        "waypoints": [],
        "routes": [
            {
                "name": route["name"],
                "mode": route["mode"],
                "from": _site_key(route["from_gln"], route["from_extension"]),
                "to": _site_key(route["to_gln"], route["to_extension"]),
                "points": route["line"][1:-1],
                "distance_km": route["distance_km"],
                "usual_duration_s": route["usual_duration_s"],
            }
            for route in routes
        ],
    }


def _plain(value: object) -> object:
    """A column's value as JSON takes it: decimals as text, as they are spelled."""
    return value if value is None or isinstance(value, bool | int | str) else str(value)
