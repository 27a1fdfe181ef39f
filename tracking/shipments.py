"""Shipments: planned with their legs and papers, listed, and told one by one. A shipment is named by a GSIN."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one, rows, run
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import Viewer
from tracking import reading
from tracking.derivation import COUNTS
from tracking.gs1 import keys
from tracking.happenings import GS1
from tracking.visibility import visible_keys

Connection = psycopg.Connection[Any]

PAPER_KINDS = ("waybill", "plant_quarantine", "animal_health", "veterinary_control", "halal")
CARRIER_OF_MODE = {"road": "truck", "ferry": "vessel", "sea": "vessel"}
STATUSES = ("planned", "loading", "underway", "arrived")


class ImpossibleShipment(Invalid):
    """A plan that contradicts itself: order of times, places that do not join, a truck at sea. Fact: field."""

    title = "This shipment cannot be planned so"


@dataclass(frozen=True, slots=True)
class PlannedLeg:
    """One stretch: sites and carrier as scans name them, moments as aware instants."""

    mode: str
    from_site: str
    to_site: str
    planned_departure_at: datetime
    planned_arrival_at: datetime
    carrier: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A shipment as it is planned. Without `gsin` one is allocated; without `party_gln` it is the planner's own."""

    from_site: str
    to_site: str
    route: str
    product_gtin: str
    planned_units: int
    planned_departure_at: datetime
    planned_arrival_at: datetime
    legs: Sequence[PlannedLeg] = ()
    papers: Sequence[tuple[str, str]] = ()
    gsin: str | None = None
    party_gln: str | None = None


def plan(connection: Connection, who: Viewer, planned: Plan, *, now: datetime) -> str:
    """Write a shipment with its legs and papers; its GSIN. The caller commits.

    Raises Unreadable (a site, product or carrier that we do not know), ImpossibleShipment, Forbidden (another
    party's goods), Conflict (the GSIN is taken).
    """
    start = reading.find_site(connection, planned.from_site)
    end = reading.find_site(connection, planned.to_site)
    reading.find_product(connection, planned.product_gtin)
    party_id = _party(connection, who, planned.party_gln, start)
    _in_order("planned_arrival_at", planned.planned_departure_at, planned.planned_arrival_at)
    legs = [_leg(connection, number, leg) for number, leg in enumerate(planned.legs, start=1)]
    _joined(legs, start, end)
    gsin = keys.require_key("gsin", planned.gsin) if planned.gsin else allocate(connection, party_id)
    written = run(
        connection,
        """
        INSERT INTO shipment (gsin, party_id, from_site_id, to_site_id, route, product_gtin, planned_units,
                              planned_departure_at, planned_arrival_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
        """,
        (
            *(gsin, party_id, start["id"], end["id"], planned.route, planned.product_gtin, planned.planned_units),
            *(planned.planned_departure_at, planned.planned_arrival_at),
        ),
    )
    if not written:
        raise Conflict("A shipment with this GSIN is planned already.", gsin=gsin)
    for number, leg in enumerate(legs, start=1):
        run(
            connection,
            """
            INSERT INTO shipment_leg (gsin, number, mode, giai, from_site_id, to_site_id, planned_departure_at,
                                      planned_arrival_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            (gsin, number, *(leg[name] for name in ("mode", "giai", "from", "to", "departs_at", "arrives_at"))),
        )
    for kind, number in planned.papers:
        add_paper(connection, gsin, kind, number, now=now)
    return gsin


def _party(connection: Connection, who: Viewer, gln: str | None, start: Row) -> UUID:
    """Whose goods: the party named, else the planner's own group's, else that of the place they leave from."""
    if gln is None:
        own = who.party_id if who.role == "group_head" else None
        return own or start["party_id"]
    party: UUID = reading.find_party(connection, gln)["id"]
    if who.role == "group_head" and party != who.party_id:
        raise Forbidden("A group's head plans shipments of that group.")
    return party


def _in_order(name: str, first: datetime, then: datetime) -> None:
    if then <= first:
        raise ImpossibleShipment("It would arrive before it departs.", field=name)


def _leg(connection: Connection, number: int, leg: PlannedLeg) -> Row:
    _in_order(f"legs.{number - 1}.planned_arrival_at", leg.planned_departure_at, leg.planned_arrival_at)
    carrier = reading.find_carrier(connection, leg.carrier) if leg.carrier else None
    if carrier and carrier["kind"] != CARRIER_OF_MODE[leg.mode]:
        detail = f"Leg {number} goes by {leg.mode}: {carrier['name']} is a {carrier['kind']}."
        raise ImpossibleShipment(detail, field=f"legs.{number - 1}.carrier")
    return {
        "mode": leg.mode,
        "giai": carrier["giai"] if carrier else None,
        "from": reading.find_site(connection, leg.from_site)["id"],
        "to": reading.find_site(connection, leg.to_site)["id"],
        "departs_at": leg.planned_departure_at,
        "arrives_at": leg.planned_arrival_at,
    }


def _joined(legs: Sequence[Row], start: Row, end: Row) -> None:
    """Each leg begins where the one before ended, and not earlier; the first and last at the shipment's own ends."""
    if not legs:
        return
    if legs[0]["from"] != start["id"] or legs[-1]["to"] != end["id"]:
        raise ImpossibleShipment("The legs begin or end elsewhere than the shipment.", field="legs")
    for number, (before, after) in enumerate(itertools.pairwise(legs), start=2):
        if before["to"] != after["from"]:
            raise ImpossibleShipment(f"Leg {number} begins elsewhere than the one before ends.", field="legs")
        if after["departs_at"] < before["arrives_at"]:
            raise ImpossibleShipment(f"Leg {number} departs before the one before arrives.", field="legs")


def allocate(connection: Connection, party_id: UUID) -> str:
    """The next GSIN under the party's GS1 prefix, or the platform's where the party has none.

    Two never get the same: the prefix is locked until the transaction ends. Raises Invalid where nobody has a prefix.
    """
    prefix = one(
        connection,
        """
        SELECT gs1_prefix FROM party WHERE gs1_prefix IS NOT NULL AND (id = %s OR kind = 'enterprise')
        ORDER BY (id = %s) DESC, gln LIMIT 1
        """,
        (party_id, party_id),
    )
    if prefix is None:
        raise Invalid("No party has a GS1 prefix to number shipments with.")
    start: str = prefix["gs1_prefix"]
    run(connection, "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"shipments of {start}",))
    last = one(
        connection,
        "SELECT max(substr(gsin, %s, %s)) AS reference FROM shipment WHERE starts_with(gsin, %s)",
        (len(start) + 1, 16 - len(start), start),
    )
    return keys.gsin(start, int((last or {}).get("reference") or 0) + 1)


def add_paper(connection: Connection, gsin: str, kind: str, number: str, *, now: datetime) -> None:
    """Put a paper with a shipment; told again, its number is replaced. Raises Unreadable, Invalid (unknown kind)."""
    if kind not in PAPER_KINDS:
        raise Invalid(f"A paper is one of {', '.join(PAPER_KINDS)}.", field="kind")
    reading.find_shipment(connection, gsin)
    run(
        connection,
        """
        INSERT INTO shipment_paper (gsin, kind, number, issued_at) VALUES (%s, %s, %s, %s)
        ON CONFLICT (gsin, kind) DO UPDATE SET number = excluded.number, issued_at = excluded.issued_at
        """,
        (gsin, kind, number, now),
    )


# --- reading ---------------------------------------------------------------------------------------------------------

LISTED = f"""
    SELECT s.gsin, '{GS1}/402/' || s.gsin AS uri, s.route, s.planned_units, s.planned_departure_at,
           s.planned_arrival_at, p.gtin AS product_gtin, p.name_id, p.name_en, p.commodity, p.papers,
           g.name AS owner, g.gln AS owner_gln, f.name AS from_site, f.uri AS from_uri, t.name AS to_site,
           t.uri AS to_uri, t.id AS to_id, f.id AS from_id,
           e.last_event_at, e.biz_step, e.place, here.name AS place_name,
           coalesce((SELECT array_agg(kind ORDER BY kind) FROM shipment_paper d WHERE d.gsin = s.gsin), '{{}}')
               AS papers_present,
           CASE WHEN e.biz_step IS NULL THEN 'planned'
                WHEN e.place = t.uri AND e.biz_step <> 'loading' THEN 'arrived'
                WHEN e.place = f.uri AND e.biz_step <> 'departing' THEN 'loading'
                ELSE 'underway' END AS status
    FROM shipment s JOIN product p ON p.gtin = s.product_gtin JOIN party g ON g.id = s.party_id
    JOIN site f ON f.id = s.from_site_id JOIN site t ON t.id = s.to_site_id
    LEFT JOIN LATERAL (
        SELECT e.event_time AS last_event_at, e.biz_step, e.read_point AS place
        FROM event_epc x JOIN event e ON e.id = x.event
        WHERE x.epc = '{GS1}/402/' || s.gsin AND x.role = 'transaction' AND {COUNTS}
        ORDER BY x.event_time DESC, e.hash DESC LIMIT 1) e ON true
    LEFT JOIN site here ON here.uri = e.place
"""


def _may_see(viewer: Viewer, alias: str = "s") -> tuple[str, dict[str, object]]:
    """SQL that says whether `viewer` may see a shipment: their party's own, one that begins, ends or changes carrier
    at a site their party runs, one whose events they may see."""
    key, params = visible_keys(viewer, f"'{GS1}/402/' || {alias}.gsin")
    if key in ("true", "false"):
        return key, params
    return (
        f"""({alias}.party_id = %(viewer_party)s OR {key} OR EXISTS (
            SELECT FROM site vs WHERE vs.party_id = %(viewer_party)s AND (vs.id IN ({alias}.from_site_id,
                {alias}.to_site_id) OR EXISTS (SELECT FROM shipment_leg vl WHERE vl.gsin = {alias}.gsin
                AND vs.id IN (vl.from_site_id, vl.to_site_id)))))""",
        params,
    )


def shipments(
    connection: Connection,
    viewer: Viewer,
    *,
    status: str | None = None,
    route: str | None = None,
    site_id: UUID | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Row], int]:
    """Shipments that `viewer` may see, the latest planned departure first; and how many there are in all."""
    sql, params = _may_see(viewer)
    wanted = [sql]
    if route:
        wanted.append("s.route = %(route)s")
    if site_id:
        wanted.append(
            "(%(site)s IN (s.from_site_id, s.to_site_id) OR EXISTS (SELECT FROM shipment_leg l"
            " WHERE l.gsin = s.gsin AND %(site)s IN (l.from_site_id, l.to_site_id)))"
        )
    whole = f"SELECT * FROM ({LISTED} WHERE {' AND '.join(wanted)}) q" + (
        " WHERE status = %(status)s" if status else ""
    )
    params |= {"status": status, "route": route, "site": site_id, "limit": limit, "offset": offset}
    total = one(connection, f"SELECT count(*) AS total FROM ({whole}) c", params)
    order = " ORDER BY planned_departure_at DESC, gsin LIMIT %(limit)s OFFSET %(offset)s"
    return rows(connection, whole + order, params), (total or {"total": 0})["total"]


def shipment(connection: Connection, viewer: Viewer, gsin: str) -> Row:
    """One shipment with `legs`, `paper_list` and `units`. Raises NotFound, also where `viewer` may not see it."""
    sql, params = _may_see(viewer)
    found = one(connection, f"{LISTED} WHERE s.gsin = %(gsin)s AND {sql}", {**params, "gsin": gsin})
    if found is None:
        raise NotFound("There is no such shipment.", gsin=gsin)
    legs = rows(
        connection,
        """
        SELECT l.number, l.mode, l.giai, k.name AS carrier, f.name AS from_site, f.uri AS from_uri, t.name AS to_site,
               t.uri AS to_uri, l.planned_departure_at, l.planned_arrival_at
        FROM shipment_leg l JOIN site f ON f.id = l.from_site_id JOIN site t ON t.id = l.to_site_id
        LEFT JOIN carrier k ON k.giai = l.giai WHERE l.gsin = %s ORDER BY l.number
        """,
        (gsin,),
    )
    papers = rows(connection, "SELECT kind, number FROM shipment_paper WHERE gsin = %s ORDER BY kind", (gsin,))
    needed = [kind for kind in found["papers"].split(",") if kind]
    return found | {
        "legs": legs,
        "paper_list": papers,
        "papers_missing": [kind for kind in needed if kind not in found["papers_present"]],
        "units": units_of(connection, gsin),
        "happened": happened(connection, gsin),
    }


def units_of(connection: Connection, gsin: str) -> list[Row]:
    """The tagged units that any record names together with the shipment, in the order of their numbers."""
    return rows(
        connection,
        f"""
        SELECT right(u.epc, 18) AS sscc, s.quantity_kg, s.head_count, s.lot_uri, s.biz_step, s.disposition,
               s.last_event_at, s.sold_at, here.name AS place, p.name_id, p.name_en, p.commodity,
               coalesce(k.name, right(c.parent, 5)) AS inside
        FROM (SELECT DISTINCT u.epc FROM event_epc t JOIN event_epc u ON u.event = t.event AND u.role IN ('epc','child')
              WHERE t.epc = %s AND t.role = 'transaction' AND starts_with(u.epc, '{GS1}/00/')) u
        JOIN epc_state s ON s.epc = u.epc LEFT JOIN site here ON here.uri = s.place
        LEFT JOIN product p ON p.gtin = s.gtin
        LEFT JOIN containment c ON c.child = u.epc AND c.to_at IS NULL
        LEFT JOIN carrier k ON c.parent = '{GS1}/8004/' || k.giai
        ORDER BY u.epc
        """,
        (f"{GS1}/402/{gsin}",),
    )


def happened(connection: Connection, gsin: str) -> list[Row]:
    """What is recorded with the shipment, in order: step, moment, place, how many units, the carrier."""
    return rows(
        connection,
        f"""
        SELECT e.event_time AS at, e.biz_step, s.name AS place,
               (SELECT count(*) FROM event_epc u WHERE u.event = e.id AND u.role IN ('epc', 'child')
                AND starts_with(u.epc, '{GS1}/00/')) AS units,
               (SELECT k.name FROM event_epc u JOIN carrier k ON u.epc = '{GS1}/8004/' || k.giai
                WHERE u.event = e.id LIMIT 1) AS carrier
        FROM event_epc t JOIN event e ON e.id = t.event LEFT JOIN site s ON s.uri = e.read_point
        WHERE t.epc = %s AND t.role = 'transaction' AND {COUNTS} ORDER BY e.event_time, e.hash
        """,
        (f"{GS1}/402/{gsin}",),
    )


def summary(connection: Connection, gsin: str) -> Row | None:
    """What a scan station says of a shipment: product, owner, ends, papers needed and present."""
    found = one(connection, f"{LISTED} WHERE s.gsin = %s", (gsin,))
    if found is None:
        return None
    wanted = ("gsin", "name_id", "name_en", "commodity", "owner", "owner_gln", "from_site", "to_site", "planned_units")
    needed = [kind for kind in found["papers"].split(",") if kind]
    return {name: found[name] for name in wanted} | {
        "papers": needed,
        "papers_present": found["papers_present"],
    }
