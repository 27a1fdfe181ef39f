"""A unit's or lot's whole story: what, from whom, when, by which way, and what its label is worth.

One walk up containment and one up lineage give every record; the rest is pure (`verdict`, `itinerary`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg

from core.database import Row, one, rows
from tracking import tags
from tracking.corridor import NoRoute, route_between
from tracking.derivation import COUNTS
from tracking.gs1.keys import tail
from tracking.happenings import GS1, kind_of
from tracking.itinerary import Stop, stops
from tracking.lineage import HELD, ancestors, set_above
from tracking.story_parts import (
    as_read,
    beginnings,
    event_told,
    freshness,
    input_told,
    is_tagging,
    kept,
    only,
    plain,
    price_told,
    product_told,
    reason_told,
    stop_told,
)
from tracking.verdict import Check, Reason, Record, Verdict, judge

Connection = psycopg.Connection[Any]

# Every counting event of a key and, for the time it lay in them, of what it lay in.
HISTORY = f"""
    WITH RECURSIVE chain(epc, from_at, to_at) AS (
        SELECT %(epc)s::text, '-infinity'::timestamptz, 'infinity'::timestamptz
        UNION
        SELECT c.parent, greatest(c.from_at, chain.from_at), least(coalesce(c.to_at, 'infinity'), chain.to_at)
        FROM chain JOIN containment c ON c.child = chain.epc
         AND c.from_at < chain.to_at AND coalesce(c.to_at, 'infinity') > chain.from_at
    ), found AS (
        SELECT DISTINCT ON (e.id) e.id, e.event_time AS at, e.hash, e.event_type AS type, e.action, e.biz_step,
               e.disposition, e.read_point, e.scan_id, e.document, chain.epc, x.role,
               chain.epc = %(epc)s AS own
        FROM chain JOIN event_epc x ON x.epc = chain.epc AND x.event_time BETWEEN chain.from_at AND chain.to_at
        JOIN event e ON e.id = x.event
        WHERE {COUNTS} AND (chain.epc = %(epc)s OR x.role IN ('epc', 'child'))
        ORDER BY e.id, own DESC
    ), made AS (  -- how the lot in it came to be: told by the same scan, or as a transformation's output
        SELECT DISTINCT ON (e.id) e.id, e.event_time, e.hash, e.event_type, e.action, e.biz_step, e.disposition,
               e.read_point, e.scan_id, e.document, %(epc)s::text, x.role, true
        FROM epc_state t JOIN event_epc x ON x.epc = t.lot_uri AND x.role IN ('epc_class', 'output_class')
        JOIN event e ON e.id = x.event
        WHERE t.epc = %(epc)s AND {COUNTS} AND e.id NOT IN (SELECT id FROM found) AND (
            x.role = 'output_class' OR e.scan_id IN (SELECT scan_id FROM found WHERE own AND role = 'parent'))
    ), life AS (SELECT * FROM found UNION ALL SELECT * FROM made)
    SELECT f.*, s.name, s.kind, s.province, s.district, s.village, s.uri, ST_X(s.location) AS lon,
           ST_Y(s.location) AS lat, k.kind AS carrier_kind, k.name AS carrier_name
    FROM life f LEFT JOIN site s ON s.uri = f.read_point
    LEFT JOIN carrier k ON k.giai = substr(f.epc, {len(GS1) + 7}) AND f.epc LIKE '{GS1}/8004/%%'
    ORDER BY f.at, f.hash
"""


def history_of(connection: Connection, epc: str) -> list[Row]:
    """Every counting event of a key and of what it lay in, in order of happening, with place and carrier."""
    return rows(connection, HISTORY, {"epc": epc})


def event_ids(connection: Connection, epc: str) -> list[Any]:
    """The row ids of a key's history and of everything it was made from, for an EPCIS document."""
    keys = [epc, *(above for above in ancestors(connection, epc) if kind_of(above) != "lot")]
    return sorted({row["id"] for key in keys for row in history_of(connection, key)})


def story(
    connection: Connection, epc: str, *, now: datetime, check: Check = "absent", full: bool = False
) -> Row | None:
    """The story of a unit or lot, as plain values ready for JSON; None where we know nothing of the key.

    `check`: what came of checking the label. `full`: with every event, for who is signed in and may see them.
    """
    kind = kind_of(epc)
    sscc = epc.removeprefix(f"{GS1}/00/") if kind == "unit" else None
    issued = tags.is_issued(connection, sscc) if sscc else None
    history = history_of(connection, epc)
    if not history and issued is None:
        return None
    state = one(connection, "SELECT * FROM epc_state WHERE epc = %s", (epc,)) or {}
    lot_uri = epc if kind == "lot" else state.get("lot_uri")
    lot = one(connection, "SELECT * FROM lot WHERE uri = %s", (lot_uri,)) if lot_uri else None
    product = one(connection, "SELECT * FROM product WHERE gtin = %s", (lot["gtin"],)) if lot else None
    inputs = _inputs(connection, epc)
    verdict = _verdict(connection, epc, history, issued=issued is not None or bool(history), check=check)
    listed = [as_read(row) for row in history]
    journey = beginnings(inputs) + stops(listed, harvested=bool(product and product["harvested"]))
    made_at = lot["produced_on"] if lot else None
    return {
        "epc": epc,
        "kind": kind,
        "key": sscc or epc.removeprefix(f"{GS1}/"),
        "tail": tail(sscc) if sscc else None,
        "verdict": {
            "state": verdict.state,
            "reasons": [reason_told(reason) for reason in verdict.reasons],
            "records": sum(stop.records for stop in journey),  # harvests of what it was made from among them
            "steps": len(journey),
        },
        "product": product_told(product),
        "quantity_kg": plain((lot if kind == "lot" else state or {}).get("quantity_kg")) if lot else None,
        "head_count": (lot if kind == "lot" else state).get("head_count") if lot else None,
        "lot": {**only(lot, "uri", "gtin", "lot_number"), "produced_on": plain(made_at)} if lot else None,
        "group": _group(connection, lot, issued),
        "freshness": freshness(made_at, product, inputs, now) if made_at else None,
        "kept": kept(history, product),
        "journey": [stop_told(stop, exact=full) for stop in journey],
        "track": _track(connection, journey),
        "made_from": [input_told(row) for row in inputs[:20]],
        "made_from_count": len(inputs),
        "papers": _papers(connection, history),
        "price": price_told(history),
        "contained_in": _contained_in(connection, epc),
        "position": _position(connection, epc),
        "events": [event_told(row) for row in history] if full else None,
    }


def _verdict(connection: Connection, epc: str, history: Sequence[Row], *, issued: bool, check: Check) -> Verdict:
    records = [
        Record(
            row["at"],
            row["biz_step"],
            row["name"],
            row["lon"],
            row["lat"],
            row["own"],
            tagging=is_tagging(row),
            told_by=str(row["scan_id"] or row["hash"]),
        )
        for row in history
    ]
    source = set_above(connection, [epc]).get(epc)
    recalls = [_recall(connection, source)] if source else []
    held = bool(set_above(connection, [epc], HELD))
    if kind_of(epc) == "lot" and not recalls:
        return Verdict("suspicious", (Reason("held"),)) if held else Verdict("consistent")
    return judge(records, issued=issued, check=check, recalls=recalls, held=held)


def _recall(connection: Connection, source: str) -> Reason:
    """When, by whom and why the recall that reaches us was set."""
    found = one(
        connection,
        f"""
        SELECT e.event_time AS at, e.document ->> 'lumbung:reason' AS reason, p.name AS by, s.name AS place
        FROM event_epc x JOIN event e ON e.id = x.event LEFT JOIN party p ON p.id = e.party_id
        LEFT JOIN site s ON s.uri = e.read_point
        WHERE x.epc = %s AND e.biz_step = 'holding' AND {COUNTS}
          AND (e.document -> 'persistentDisposition' -> 'set')::jsonb ? 'recalled'
        ORDER BY e.event_time DESC LIMIT 1
        """,
        (source,),
    ) or {"at": None, "reason": None, "by": None, "place": None}
    return Reason(
        "recalled", found["at"], found["place"], {"reason": found["reason"], "by": found["by"], "source": source}
    )


def _inputs(connection: Connection, epc: str) -> list[Row]:
    """The tagged units and lots that went into making this, with product, group, place and day; nearest first."""
    return rows(
        connection,
        """
        WITH RECURSIVE up(epc, depth) AS (
            SELECT input, 1 FROM lineage WHERE output = %(epc)s
            UNION SELECT l.input, up.depth + 1 FROM up JOIN lineage l ON l.output = up.epc WHERE up.depth < 20
        ), nearest AS (SELECT epc, min(depth) AS depth FROM up WHERE epc <> %(epc)s GROUP BY epc)
        SELECT n.epc, n.depth, l.produced_on, s.quantity_kg, p.name_id, p.name_en, p.harvested, g.name AS group_name,
               f.name AS place, f.kind AS place_kind, f.village, f.district, f.province, f.uri AS place_uri,
               ST_X(f.location) AS lon, ST_Y(f.location) AS lat, s.commissioned_at
        FROM nearest n JOIN epc_state s ON s.epc = n.epc
        JOIN lot l ON l.uri = s.lot_uri JOIN product p ON p.gtin = l.gtin
        LEFT JOIN party g ON g.id = l.party_id LEFT JOIN site f ON f.uri = l.site_uri
        WHERE s.kind = 'unit' ORDER BY n.depth, l.produced_on, n.epc
        """,
        {"epc": epc},
    )


def _group(connection: Connection, lot: Row | None, issued: Any) -> Row | None:
    party_id = (lot["party_id"] if lot else None) or issued
    return one(connection, "SELECT name, village, district, province FROM party WHERE id = %s", (party_id,))


def _track(connection: Connection, journey: Sequence[Stop]) -> list[list[float]]:
    """The way as a line (lon, lat): straight between stops, along the sea lane or the ferry's where it crossed."""
    line: list[list[float]] = []
    for stop in journey:
        if stop.place is not None and stop.place["lon"] is not None:
            places = 2 if stop.place["kind"] == "farm" else 4  # a farm is nobody's business to the metre
            line.append([round(stop.place["lon"], places), round(stop.place["lat"], places)])
        elif stop.step in ("sea", "ferry"):
            line += [[round(lon, 4), round(lat, 4)] for lon, lat in _lane(connection, stop)]
    return line


def _lane(connection: Connection, stop: Stop) -> list[tuple[float, float]]:
    ends = {
        row["uri"]: row["id"]
        for row in rows(
            connection,
            "SELECT uri, id FROM site WHERE uri = ANY(%s)",
            ([stop.detail["from_uri"], stop.detail["to_uri"]],),
        )
    }
    if len(ends) < 2:
        return []
    try:
        return route_between(connection, ends[stop.detail["from_uri"]], ends[stop.detail["to_uri"]], stop.step)[1:-1]
    except NoRoute:
        return []


def _papers(connection: Connection, history: Sequence[Row]) -> list[Row]:
    shipments = {
        told["bizTransaction"].rpartition("/402/")[2]
        for row in history
        for told in row["document"].get("bizTransactionList") or []
        if "/402/" in told["bizTransaction"]
    }
    return rows(
        connection,
        "SELECT DISTINCT kind, number FROM shipment_paper WHERE gsin = ANY(%s) ORDER BY kind, number",
        (sorted(shipments),),
    )


def _contained_in(connection: Connection, epc: str) -> list[Row]:
    """What the unit is in now, innermost first."""
    return rows(
        connection,
        """
        WITH RECURSIVE inside(epc, depth) AS (
            SELECT parent, 1 FROM containment WHERE child = %(epc)s AND to_at IS NULL
            UNION SELECT c.parent, inside.depth + 1 FROM inside JOIN containment c ON c.child = inside.epc
             AND c.to_at IS NULL WHERE inside.depth < 12
        )
        SELECT i.epc, coalesce(k.kind, s.kind) AS kind, coalesce(k.name, c.iso6346, right(i.epc, 6)) AS name
        FROM inside i LEFT JOIN epc_state s ON s.epc = i.epc
        LEFT JOIN carrier k ON i.epc = 'https://id.gs1.org/8004/' || k.giai
        LEFT JOIN container c ON i.epc = 'https://id.gs1.org/8003/' || c.grai ORDER BY i.depth
        """,
        {"epc": epc},
    )


def _position(connection: Connection, epc: str) -> Row | None:
    """The last fix of a device on what the unit is in, outermost first; none where it is in nothing that reports."""
    for outer in reversed(_contained_in(connection, epc)):
        giai = outer["epc"].rpartition("/8004/")[2]
        fix = one(
            connection,
            """
            SELECT ST_X(p.location) AS lon, ST_Y(p.location) AS lat, p.recorded_at AS at
            FROM device_binding b JOIN position p ON p.device_id = b.device_id
             AND p.recorded_at >= b.from_at AND (b.to_at IS NULL OR p.recorded_at < b.to_at)
            WHERE b.giai = %s ORDER BY p.recorded_at DESC LIMIT 1
            """,
            (giai,),
        )
        if fix:
            return {"lon": fix["lon"], "lat": fix["lat"], "at": fix["at"].isoformat()}
    return None
