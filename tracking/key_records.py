"""What a GS1 key stands for: products, places and shipments as anybody may know them, parties and assets for insiders.

To the public nothing tells of a person: farms go by their village, trucks by no plate.
"""

from typing import Any

import psycopg

from core.database import Row, one, rows
from tracking.corridor import NoRoute, route_between
from tracking.derivation import COUNTS
from tracking.happenings import GS1

Connection = psycopg.Connection[Any]

FARM_DECIMALS = 2  # of a degree, a kilometre: a farm is nobody's business to the metre


def product(connection: Connection, gtin: str) -> Row | None:
    """A product: names, commodity, grade, shelf life, temperature band in °C, usual kilograms a unit, its papers."""
    found = one(
        connection,
        "SELECT gtin, commodity, name_id, name_en, grade, shelf_life_days, temperature_min_c, temperature_max_c,"
        " counted, harvested, unit_kg, papers FROM product WHERE gtin = %s",
        (gtin,),
    )
    if found is None:
        return None
    figures = {name: _text(found[name]) for name in ("temperature_min_c", "temperature_max_c", "unit_kg")}
    return found | figures | {"papers": [paper for paper in found["papers"].split(",") if paper]}


def site(connection: Connection, uri: str) -> Row | None:
    """A place by its canonical URI: name, kind, village, district, province, lon and lat.

    A farm goes by its village and lies to the kilometre.
    """
    found = one(
        connection,
        "SELECT gln, extension, uri, name, kind, village, district, province, ST_X(location) AS lon,"
        " ST_Y(location) AS lat FROM site WHERE uri = %s",
        (uri,),
    )
    return None if found is None else _coarse(found)


def shipment(connection: Connection, gsin: str) -> Row | None:
    """A shipment's progress: what, how much, from where to where, by which way, each leg's plan and what is recorded.

    Moments are ISO instants. Vessels go by name, trucks by none; owners and drivers are not told.
    """
    found = one(
        connection,
        """
        SELECT s.gsin, s.route, s.product_gtin AS gtin, s.planned_units, s.planned_departure_at, s.planned_arrival_at,
               p.commodity, p.name_id, p.name_en, s.from_site_id, s.to_site_id
        FROM shipment s JOIN product p ON p.gtin = s.product_gtin WHERE s.gsin = %s
        """,
        (gsin,),
    )
    if found is None:
        return None
    legs = rows(
        connection,
        f"""
        SELECT l.number, l.mode, l.from_site_id, l.to_site_id, l.planned_departure_at, l.planned_arrival_at,
               CASE WHEN k.kind = 'vessel' THEN k.name END AS vessel,
               (SELECT min(e.event_time) FROM event_epc x JOIN event e ON e.id = x.event
                WHERE x.epc = %(uri)s AND x.role = 'transaction' AND e.biz_step = 'departing'
                  AND e.read_point = a.uri AND {COUNTS}) AS departed_at,
               (SELECT min(e.event_time) FROM event_epc x JOIN event e ON e.id = x.event
                WHERE x.epc = %(uri)s AND x.role = 'transaction' AND e.biz_step IN ('arriving', 'unloading',
                  'accepting') AND e.read_point = b.uri AND {COUNTS}) AS arrived_at
        FROM shipment_leg l JOIN site a ON a.id = l.from_site_id JOIN site b ON b.id = l.to_site_id
        LEFT JOIN carrier k ON k.giai = l.giai WHERE l.gsin = %(gsin)s ORDER BY l.number
        """,
        {"gsin": gsin, "uri": f"{GS1}/402/{gsin}"},
    )
    ends = {found["from_site_id"], found["to_site_id"]}
    ends |= {leg[end] for leg in legs for end in ("from_site_id", "to_site_id")}
    places = {
        row["id"]: _coarse({name: value for name, value in row.items() if name != "id"})
        for row in rows(
            connection,
            "SELECT id, name, kind, village, district, province, uri, ST_X(location) AS lon, ST_Y(location) AS lat"
            " FROM site WHERE id = ANY(%s)",
            (list(ends),),
        )
    }
    names = ("gsin", "route", "gtin", "commodity", "name_id", "name_en", "planned_units")
    return {
        **{name: found[name] for name in names},
        "from": places[found["from_site_id"]],
        "to": places[found["to_site_id"]],
        "planned_departure_at": found["planned_departure_at"].isoformat(),
        "planned_arrival_at": found["planned_arrival_at"].isoformat(),
        "legs": [_leg(leg, places) for leg in legs],
        "track": _track(connection, legs, places),
    }


def _track(connection: Connection, legs: list[Row], places: dict[Any, Row]) -> list[list[float]]:
    """The legs as one line, lon-lat: along the lane where they go by water, straight from place to place else."""
    line: list[list[float]] = []
    for leg in legs:
        start, end = places[leg["from_site_id"]], places[leg["to_site_id"]]
        between: list[tuple[float, float]] = []
        if leg["mode"] != "road":
            try:
                between = route_between(connection, leg["from_site_id"], leg["to_site_id"], leg["mode"])[1:-1]
            except NoRoute:
                between = []
        points = [(start["lon"], start["lat"]), *between, (end["lon"], end["lat"])]
        line += [[round(lon, 4), round(lat, 4)] for lon, lat in points]
    return line


def _leg(leg: Row, places: dict[Any, Row]) -> Row:
    moments = ("planned_departure_at", "planned_arrival_at", "departed_at", "arrived_at")
    return {
        "mode": leg["mode"],
        "vessel": leg["vessel"],
        "from": places[leg["from_site_id"]],
        "to": places[leg["to_site_id"]],
        **{name: leg[name].isoformat() if leg[name] else None for name in moments},
    }


def _coarse(place: Row) -> Row:
    """A place as told to anybody: a farm by its village."""
    if place["kind"] != "farm":
        return place
    near = {"lon": round(place["lon"], FARM_DECIMALS), "lat": round(place["lat"], FARM_DECIMALS)}
    hidden = {"uri": None} if "gln" not in place else {}
    return place | near | hidden | {"name": place["village"]}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


# --- for whom it concerns --------------------------------------------------------------------------------------------


def party(connection: Connection, gln: str) -> Row | None:
    """A party: name, kind, village, district, province."""
    return one(connection, "SELECT gln, name, kind, village, district, province FROM party WHERE gln = %s", (gln,))


def carrier(connection: Connection, giai: str) -> Row | None:
    """A truck or vessel with whose it is."""
    return one(
        connection,
        "SELECT k.giai, k.kind, k.name, k.mmsi, p.name AS party FROM carrier k JOIN party p ON p.id = k.party_id"
        " WHERE k.giai = %s",
        (giai,),
    )


def container(connection: Connection, grai: str) -> Row | None:
    """A container with whose it is."""
    return one(
        connection,
        "SELECT k.grai, k.kind, k.iso6346 AS name, p.name AS party FROM container k JOIN party p ON p.id = k.party_id"
        " WHERE k.grai = %s",
        (grai,),
    )


# --- stories ---------------------------------------------------------------------------------------------------------


def for_anybody(story: Row) -> Row:
    """A unit's or lot's story without what only insiders may know: plates of trucks, and where they are now.

    A vessel's name and position are public; a truck's say where its driver is.
    """
    inside = [
        {**outer, "name": None, "epc": None} if outer["kind"] == "truck" else outer for outer in story["contained_in"]
    ]
    at_sea = any(outer["kind"] == "vessel" for outer in story["contained_in"])
    return story | {
        "journey": [stop | {"carrier": _unnamed(stop["carrier"])} for stop in story["journey"]],
        "contained_in": inside,
        "position": story["position"] if at_sea else None,
    }


def _unnamed(carrier: Row | None) -> Row | None:
    return {**carrier, "name": None} if carrier and carrier["kind"] == "truck" else carrier
