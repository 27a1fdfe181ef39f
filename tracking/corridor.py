"""The corridor is data: load one from its document, give it back as one, and find the way between two sites.

This part holds what tracking knows. Hubs and warehouses stand above it: `hubs.corridor` and `warehouses.corridor`
load theirs, and `api.corridor.load` loads all of a document together.
"""

import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any
from uuid import UUID

import psycopg
from shapely.geometry import LineString, Point, Polygon
from sqlmodel import Session

from core.database import raw, rows
from core.errors import NotFound
from core.identifiers import uuid7
from tracking.corridor_document import FORMAT, CorridorDocument, RouteEntry, read
from tracking.corridor_rows import Tally, upsert
from tracking.gs1.digital_link import site_uri
from tracking.ways import LonLat, Ways, length_km


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
    places, waypoints = _points(corridor)
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


def _points(corridor: CorridorDocument) -> tuple[dict[str, LonLat], dict[str, LonLat]]:
    """Where sites and waypoints are, by their keys."""
    sites = {site.key: (site.lon, site.lat) for site in corridor.sites}
    return sites, {point.key: (point.lon, point.lat) for point in corridor.waypoints}


def _line(route: RouteEntry, places: dict[str, LonLat], waypoints: dict[str, LonLat]) -> list[LonLat]:
    between = [waypoints[key] for key in route.via] if route.points is None else route.points
    return [places[route.from_], *between, places[route.to]]


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
    way = Ways(
        (route["from_site_id"], route["to_site_id"], [(x, y) for x, y in route["line"]], route["usual_duration_s"])
        for route in known
    ).between(from_site, to_site)
    if way is None:
        raise NoRoute(from_site=str(from_site), to_site=str(to_site), mode=mode)
    return way.line


def document_ways(corridor: CorridorDocument, *modes: str) -> Ways[str]:
    """The ways of a document's routes of `modes`, between sites named by their keys."""
    places, waypoints = _points(corridor)
    return Ways(
        (route.from_, route.to, _line(route, places, waypoints), route.usual_duration_s)
        for route in corridor.routes
        if route.mode in modes
    )


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
