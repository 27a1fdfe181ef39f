"""What a console shows of tracking: counts along the corridor, findings to settle, loads of carriers, search."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one, rows
from core.errors import NotFound
from core.permissions import Viewer
from tracking.findings import close
from tracking.gs1.keys import tail
from tracking.happenings import GS1
from tracking.key_records import FARM_DECIMALS
from tracking.visibility import SEES_ALL, visible_keys

Connection = psycopg.Connection[Any]

UNIT = f"{GS1}/00/"
CARRIER = f"{GS1}/8004/"
FOUND_MAX = 20


def corridor_counts(connection: Connection) -> Row:
    """How much stands at each end of the corridor now: `lots` at farms, `vessels` under way, `markets`, and open
    `findings` by site id."""
    counted = one(
        connection,
        """
        SELECT (SELECT count(DISTINCT e.lot_uri) FROM site s JOIN epc_state e ON e.place = s.uri
                WHERE s.kind = 'farm' AND e.kind = 'unit' AND e.sold_at IS NULL AND e.biz_step <> 'departing'
                  AND NOT EXISTS (SELECT FROM containment c WHERE c.child = e.epc AND c.to_at IS NULL)) AS lots,
               (SELECT count(*) FROM carrier k JOIN epc_state e ON e.epc = %(carrier)s || k.giai
                WHERE k.kind = 'vessel' AND e.biz_step = 'departing') AS vessels,
               (SELECT count(*) FROM site WHERE kind = 'market') AS markets
        """,
        {"carrier": CARRIER},
    )
    open_ = rows(
        connection,
        "SELECT site_id, count(*) AS n FROM finding WHERE closed_at IS NULL AND site_id IS NOT NULL GROUP BY 1",
    )
    return (counted or {}) | {"findings": {row["site_id"]: row["n"] for row in open_}}


def sites(connection: Connection, viewer: Viewer | None = None, *, kind: str | None = None) -> list[Row]:
    """Places with their keys, owner and point (lon, lat), by kind and name.

    A farm lies to the kilometre, but for its own group and for those who see the corridor.
    """
    found = rows(
        connection,
        """
        SELECT s.id, s.gln, s.extension, s.uri, s.name, s.kind, s.province, s.district, s.village,
               ST_X(s.location) AS lon, ST_Y(s.location) AS lat, p.name AS party, p.gln AS party_gln,
               coalesce(s.kind <> 'farm' OR s.party_id = %(party)s, false) AS exact
        FROM site s JOIN party p ON p.id = s.party_id WHERE %(kind)s::text IS NULL OR s.kind = %(kind)s
        ORDER BY s.kind, s.name
        """,
        {"kind": kind, "party": viewer.party_id if viewer else None},
    )
    sees_all = viewer is not None and viewer.role in SEES_ALL
    for row in found:
        if not (row.pop("exact") or sees_all):
            row |= {name: round(row[name], FARM_DECIMALS) for name in ("lon", "lat")}
    return found


def products(connection: Connection) -> list[Row]:
    """Products with their shelf life, temperature band and papers, by commodity and name."""
    return rows(connection, "SELECT * FROM product ORDER BY commodity, name_id")


def carriers(connection: Connection, *, kind: str | None = None) -> list[Row]:
    """Trucks and vessels with their owner, and where each was last recorded, by kind and name."""
    return rows(
        connection,
        """
        SELECT k.giai, %(carrier)s || k.giai AS uri, k.kind, k.name, k.mmsi, p.name AS party, e.biz_step,
               e.last_event_at, s.name AS place
        FROM carrier k JOIN party p ON p.id = k.party_id LEFT JOIN epc_state e ON e.epc = %(carrier)s || k.giai
        LEFT JOIN site s ON s.uri = e.place WHERE %(kind)s::text IS NULL OR k.kind = %(kind)s ORDER BY k.kind, k.name
        """,
        {"carrier": CARRIER, "kind": kind},
    )


# --- findings --------------------------------------------------------------------------------------------------------


def _may_settle(viewer: Viewer) -> tuple[str, dict[str, object]]:
    """Whose findings: all for those who see the corridor, else those made at one's own site or party's sites."""
    if viewer.role in SEES_ALL:
        return "true", {}
    if viewer.site_id is not None:
        return "f.site_id = %(viewer_site)s", {"viewer_site": viewer.site_id}
    return (
        "EXISTS (SELECT FROM site vs WHERE vs.id = f.site_id AND vs.party_id = %(viewer_party)s)",
        {"viewer_party": viewer.party_id},
    )


def findings(
    connection: Connection,
    viewer: Viewer,
    *,
    closed: bool = False,
    kind: str | None = None,
    site_id: UUID | None = None,
    epc: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[Row], int]:
    """Findings that `viewer` settles: open ones oldest first, closed ones latest closed first; and how many in all.

    Each with its site, its unit's `tail` or its carrier's name, and the step at which it was found.
    """
    sql, params = _may_settle(viewer)
    wanted = [sql, "f.closed_at IS NOT NULL" if closed else "f.closed_at IS NULL"]
    wanted += ["f.kind = %(kind)s"] if kind else []
    wanted += ["f.site_id = %(site)s"] if site_id else []
    wanted += ["f.epc = %(epc)s"] if epc else []
    params |= {"kind": kind, "site": site_id, "epc": epc, "limit": limit, "offset": offset, "carrier": CARRIER}
    where = " AND ".join(wanted)
    found = rows(
        connection,
        f"""
        SELECT f.id, f.kind, f.epc, f.found_at, f.facts, f.closed_at, f.closed_reason, f.scan_id, t.step, t.scanned_at,
               s.name AS site, s.gln, s.kind AS site_kind, k.name AS carrier, a.name AS closed_by,
               e.lot_uri, p.name_id, p.name_en, p.commodity
        FROM finding f LEFT JOIN scan t ON t.id = f.scan_id LEFT JOIN site s ON s.id = f.site_id
        LEFT JOIN carrier k ON f.epc = %(carrier)s || k.giai LEFT JOIN account a ON a.id = f.closed_by
        LEFT JOIN epc_state e ON e.epc = f.epc LEFT JOIN product p ON p.gtin = e.gtin
        WHERE {where} ORDER BY {"f.closed_at DESC" if closed else "f.found_at"}, f.id
        LIMIT %(limit)s OFFSET %(offset)s
        """,
        params,
    )
    total = one(connection, f"SELECT count(*) AS total FROM finding f WHERE {where}", params)
    return [row | _named(row["epc"]) for row in found], (total or {"total": 0})["total"]


def findings_by_kind(connection: Connection, viewer: Viewer, *, site_id: UUID | None = None) -> dict[str, int]:
    """How many findings are open, by kind, the most frequent first."""
    sql, params = _may_settle(viewer)
    at_site = " AND f.site_id = %(site)s" if site_id else ""
    counted = rows(
        connection,
        f"SELECT f.kind, count(*) AS n FROM finding f WHERE {sql} AND f.closed_at IS NULL{at_site}"
        " GROUP BY 1 ORDER BY 2 DESC, 1",
        params | {"site": site_id},
    )
    return {row["kind"]: row["n"] for row in counted}


def settle(connection: Connection, viewer: Viewer, finding_id: UUID, *, reason: str, now: datetime) -> Row:
    """Close a finding that `viewer` settles; its row. Raises NotFound, Conflict (closed already)."""
    sql, params = _may_settle(viewer)
    found = one(
        connection, f"SELECT 1 AS yes FROM finding f WHERE f.id = %(id)s AND {sql}", params | {"id": finding_id}
    )
    if found is None or viewer.account_id is None:
        raise NotFound("There is no such finding.")
    return close(connection, finding_id, by=viewer.account_id, reason=reason, now=now)


def _named(epc: str | None) -> Row:
    """Unit, lot or shipment that a key names, as pages link to it."""
    sscc = epc.removeprefix(UNIT) if epc and epc.startswith(UNIT) else None
    gsin = epc.removeprefix(f"{GS1}/402/") if epc and epc.startswith(f"{GS1}/402/") else None
    return {"sscc": sscc, "tail": tail(sscc) if sscc else None, "gsin": gsin}


# --- what a carrier carries ------------------------------------------------------------------------------------------


def load_of(connection: Connection, giai: str) -> list[Row]:
    """Every tagged unit inside the carrier now, however deep, in the order of their numbers: sscc, tail, kilograms,
    heads, product, last step and where it was."""
    found = rows(
        connection,
        """
        WITH RECURSIVE inside(epc) AS (
            SELECT child FROM containment WHERE parent = %(carrier)s AND to_at IS NULL
            UNION SELECT c.child FROM inside JOIN containment c ON c.parent = inside.epc AND c.to_at IS NULL
        )
        SELECT right(i.epc, 18) AS sscc, s.quantity_kg, s.head_count, s.biz_step, s.disposition, s.place,
               s.last_event_at, p.gtin, p.name_id, p.name_en, p.commodity, p.tolerance_percent, p.temperature_min_c,
               p.temperature_max_c
        FROM inside i JOIN epc_state s ON s.epc = i.epc LEFT JOIN product p ON p.gtin = s.gtin
        WHERE s.kind = 'unit' AND s.quantity_kg IS NOT NULL ORDER BY i.epc
        """,
        {"carrier": CARRIER + giai},
    )
    return [row | {"tail": tail(row["sscc"])} for row in found]


def shipment_aboard(connection: Connection, giai: str) -> str | None:
    """The GSIN that the load was last put aboard with, or the one planned for this carrier and not begun; None else."""
    loaded = one(
        connection,
        """
        SELECT right(t.epc, 17) AS gsin FROM containment c
        JOIN event_epc x ON x.epc = c.parent AND x.role = 'parent' AND x.event_time = c.from_at
        JOIN event_epc t ON t.event = x.event AND t.role = 'transaction'
        WHERE c.parent = %s AND c.to_at IS NULL ORDER BY c.from_at DESC LIMIT 1
        """,
        (CARRIER + giai,),
    )
    if loaded:
        return loaded["gsin"]
    planned = one(
        connection,
        f"""
        SELECT l.gsin FROM shipment_leg l WHERE l.giai = %s AND NOT EXISTS (
            SELECT FROM event_epc t WHERE t.epc = '{GS1}/402/' || l.gsin AND t.role = 'transaction')
        ORDER BY l.planned_departure_at DESC LIMIT 1
        """,
        (giai,),
    )
    return planned["gsin"] if planned else None


def truck_of(connection: Connection, sscc: str) -> str | None:
    """The GIAI of the truck that a unit rides in now, innermost first; None where it rides in none."""
    found = one(
        connection,
        """
        WITH RECURSIVE outside(epc, depth) AS (
            SELECT parent, 1 FROM containment WHERE child = %(unit)s AND to_at IS NULL
            UNION SELECT c.parent, o.depth + 1 FROM outside o JOIN containment c ON c.child = o.epc AND c.to_at IS NULL
            WHERE o.depth < 12
        ) SELECT k.giai FROM outside o JOIN carrier k ON o.epc = %(carrier)s || k.giai AND k.kind = 'truck'
        ORDER BY o.depth LIMIT 1
        """,
        {"unit": UNIT + sscc, "carrier": CARRIER},
    )
    return found["giai"] if found else None


# --- lots and search -------------------------------------------------------------------------------------------------

LOTS = """
    SELECT l.uri, l.gtin, l.lot_number, l.produced_on, l.quantity_kg, l.head_count, p.name_id, p.name_en, p.commodity,
           g.name AS maker, s.name AS site, s.village, s.district,
           (SELECT count(*) FROM epc_state e WHERE e.lot_uri = l.uri AND e.kind = 'unit') AS units
    FROM lot l JOIN product p ON p.gtin = l.gtin LEFT JOIN party g ON g.id = l.party_id
    LEFT JOIN site s ON s.uri = l.site_uri
"""


def lots(
    connection: Connection, viewer: Viewer, *, commodity: str | None = None, limit: int = 50, offset: int = 0
) -> tuple[list[Row], int]:
    """Lots that `viewer` may see, the latest made first; and how many there are in all."""
    sql, params = visible_keys(viewer, "l.uri")
    where = sql + (" AND p.commodity = %(commodity)s" if commodity else "")
    params |= {"commodity": commodity, "limit": limit, "offset": offset}
    total = one(
        connection, f"SELECT count(*) AS total FROM lot l JOIN product p ON p.gtin = l.gtin WHERE {where}", params
    )
    order = "ORDER BY l.produced_on DESC NULLS LAST, l.uri LIMIT %(limit)s OFFSET %(offset)s"
    return rows(connection, f"{LOTS} WHERE {where} {order}", params), (total or {"total": 0})["total"]


def units_of_lot(connection: Connection, uri: str, *, limit: int = 500) -> list[Row]:
    """The units of a lot in the order of their numbers: where each was last recorded, and what it is in now."""
    found = rows(
        connection,
        """
        SELECT right(e.epc, 18) AS sscc, e.quantity_kg, e.head_count, e.biz_step, e.last_event_at, e.sold_at,
               s.name AS place, k.name AS inside
        FROM epc_state e LEFT JOIN site s ON s.uri = e.place
        LEFT JOIN containment c ON c.child = e.epc AND c.to_at IS NULL
        LEFT JOIN carrier k ON c.parent = %(carrier)s || k.giai
        WHERE e.lot_uri = %(lot)s AND e.kind = 'unit' ORDER BY e.epc LIMIT %(limit)s
        """,
        {"lot": uri, "limit": limit, "carrier": CARRIER},
    )
    return [row | {"tail": tail(row["sscc"])} for row in found]


def search(connection: Connection, viewer: Viewer, words: str) -> list[Row]:
    """Whatever `words` may name, by kind: a label's number or its tail, a lot, a shipment, a plate or vessel, a place,
    a product. Each {"kind", "key", "name", "beside"}; only keys that `viewer` may see."""
    text = " ".join(words.split())[:80]
    if not text:
        return []
    digits = re.sub(r"[()\s.]", "", text)
    found: list[Row] = []
    if digits.isascii() and digits.isdigit():
        found += _units(connection, viewer, digits)
    found += _shipments(connection, viewer, digits) if digits.isdigit() and len(digits) >= 6 else []
    like = "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"
    sql, params = visible_keys(viewer, "l.uri")
    found += rows(
        connection,
        f"""
        SELECT 'lot' AS kind, l.gtin || '/' || l.lot_number AS key, l.lot_number AS name, p.name_id AS beside
        FROM lot l JOIN product p ON p.gtin = l.gtin
        WHERE (l.lot_number ILIKE %(like)s OR l.gtin = %(text)s) AND {sql}
        ORDER BY l.produced_on DESC NULLS LAST LIMIT {FOUND_MAX}
        """,
        params | {"like": like, "text": digits},
    )
    for select in (
        """SELECT k.kind, k.giai AS key, k.name, coalesce(s.name, '') AS beside FROM carrier k
           LEFT JOIN epc_state e ON e.epc = 'https://id.gs1.org/8004/' || k.giai LEFT JOIN site s ON s.uri = e.place
           WHERE k.name ILIKE %(like)s OR replace(k.name, ' ', '') ILIKE replace(%(like)s, ' ', '')
           OR k.giai = %(text)s""",
        """SELECT 'site' AS kind, s.gln || CASE s.extension WHEN '' THEN '' ELSE '/254/' || s.extension END AS key,
                  s.name, s.kind AS beside FROM site s
           WHERE s.name ILIKE %(like)s OR s.village ILIKE %(like)s OR s.gln = %(text)s""",
        """SELECT 'product' AS kind, gtin AS key, name_id AS name, commodity AS beside FROM product
           WHERE name_id ILIKE %(like)s OR name_en ILIKE %(like)s OR gtin = %(text)s""",
    ):
        found += rows(connection, f"{select} ORDER BY name LIMIT {FOUND_MAX}", {"like": like, "text": text})
    return found


def _units(connection: Connection, viewer: Viewer, digits: str) -> list[Row]:
    """Units by the whole number, with or without its (00), or by its last digits (three at least)."""
    sscc = digits[2:] if len(digits) == 20 and digits.startswith("00") else digits
    if not 3 <= len(sscc) <= 18:
        return []
    sql, params = visible_keys(viewer, "e.epc")
    found = rows(
        connection,
        f"""
        SELECT 'unit' AS kind, right(e.epc, 18) AS key, p.name_id AS beside, s.name AS place FROM epc_state e
        LEFT JOIN product p ON p.gtin = e.gtin LEFT JOIN site s ON s.uri = e.place
        WHERE e.kind = 'unit' AND right(e.epc, %(length)s) = %(sscc)s AND {sql}
        ORDER BY e.last_event_at DESC NULLS LAST LIMIT {FOUND_MAX}
        """,
        params | {"length": len(sscc), "sscc": sscc},
    )
    return [
        {
            "kind": "unit",
            "key": row["key"],
            "name": tail(row["key"]),
            "beside": ", ".join(filter(None, (row["beside"], row["place"]))),
        }
        for row in found
    ]


def _shipments(connection: Connection, viewer: Viewer, digits: str) -> list[Row]:
    sql, params = visible_keys(viewer, f"'{GS1}/402/' || s.gsin")
    if sql not in ("true", "false"):
        sql = f"({sql} OR s.party_id = %(viewer_party)s)"
    return rows(
        connection,
        f"""
        SELECT 'shipment' AS kind, s.gsin AS key, s.gsin AS name, f.name || ' – ' || t.name AS beside FROM shipment s
        JOIN site f ON f.id = s.from_site_id JOIN site t ON t.id = s.to_site_id
        WHERE s.gsin LIKE '%%' || %(digits)s || '%%' AND {sql} ORDER BY s.planned_departure_at DESC LIMIT {FOUND_MAX}
        """,
        params | {"digits": digits},
    )
