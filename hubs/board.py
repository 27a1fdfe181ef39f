"""A hub's board: every truck inside, everything expected, by the vessel or way that it goes on with."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one, rows
from tracking.happenings import GS1

Connection = psycopg.Connection[Any]

CARRIER = f"{GS1}/8004/"
STAGES = ("expected", "gate", "inspection", "yard", "loading")
# How long a truck should need in each stage, seconds: working values of the demo, to be set by each hub's operator.
TARGET_S = {"gate": 600, "inspection": 900, "yard": 2700, "loading": 1500}
CHILLED_YARD_S = 1800  # what must stay below 10 °C goes first
EXPECTED_WITHIN = timedelta(hours=24)
LATE_KEPT = timedelta(hours=24)
SAILINGS_SHOWN = 2  # even with nothing booked; later ones are shown once somebody books

VISITS = """
    WITH aboard AS (
        SELECT v.id AS visit, e.epc, e.quantity_kg, e.biz_step, e.place, e.last_event_at, e.gtin,
               e.biz_step = 'inspecting' AND e.place = h.uri AND e.last_event_at >= v.gate_in_at AS checked
        FROM gate_visit v JOIN site h ON h.id = v.site_id
        CROSS JOIN LATERAL (
            WITH RECURSIVE inside(epc) AS (
                SELECT child FROM containment WHERE parent = %(carrier)s || v.giai AND to_at IS NULL
                UNION SELECT c.child FROM inside i JOIN containment c ON c.parent = i.epc AND c.to_at IS NULL
            ) SELECT epc FROM inside
        ) i JOIN epc_state e ON e.epc = i.epc AND e.kind = 'unit' AND e.quantity_kg IS NOT NULL
        WHERE v.site_id = %(site)s AND v.gate_out_at IS NULL
    ), loads AS (
        SELECT visit, count(*) AS units, sum(quantity_kg) AS kg, count(*) FILTER (WHERE checked) AS checked,
               min(last_event_at) FILTER (WHERE checked) AS checked_since, min(gtin) AS gtin
        FROM aboard GROUP BY visit
    )
    SELECT v.id, v.giai, c.name AS carrier, c.kind, v.stage, v.stage_since, v.gate_in_at, v.weight_kg,
           coalesce(v.gsin, a.gsin) AS gsin, l.units, l.kg, coalesce(l.checked, 0) AS checked, l.checked_since,
           k.disposition, k.last_event_at AS carrier_at, s.planned_units, s.route,
           coalesce(nullif(o.village, ''), o.name) AS origin, g.name AS owner,
           p.name_id, p.name_en, p.commodity, p.temperature_max_c, coalesce(p.papers, '') AS papers,
           array(SELECT kind FROM shipment_paper d WHERE d.gsin = coalesce(v.gsin, a.gsin)) AS papers_present,
           array(SELECT f.kind FROM finding f WHERE f.site_id = v.site_id AND f.closed_at IS NULL AND (
                f.epc IN (%(carrier)s || v.giai, %(shipment)s || coalesce(v.gsin, a.gsin))
                OR f.epc IN (SELECT epc FROM aboard WHERE aboard.visit = v.id)) ORDER BY f.found_at) AS findings
    FROM gate_visit v JOIN carrier c ON c.giai = v.giai LEFT JOIN loads l ON l.visit = v.id
    LEFT JOIN epc_state k ON k.epc = %(carrier)s || v.giai
    LEFT JOIN LATERAL (
        SELECT right(t.epc, 17) AS gsin FROM containment i
        JOIN event_epc x ON x.epc = i.parent AND x.role = 'parent' AND x.event_time = i.from_at
        JOIN event_epc t ON t.event = x.event AND t.role = 'transaction'
        WHERE i.parent = %(carrier)s || v.giai AND i.to_at IS NULL ORDER BY i.from_at DESC LIMIT 1) a ON true
    LEFT JOIN shipment s ON s.gsin = coalesce(v.gsin, a.gsin)
    LEFT JOIN product p ON p.gtin = coalesce(l.gtin, s.product_gtin)
    LEFT JOIN site o ON o.id = s.from_site_id LEFT JOIN party g ON g.id = s.party_id
    WHERE v.site_id = %(site)s AND v.gate_out_at IS NULL
"""

EXPECTED = """
    SELECT NULL::uuid AS id, c.giai, c.name AS carrier, c.kind, 'expected' AS stage,
           l.planned_arrival_at AS stage_since,
           NULL::timestamptz AS gate_in_at, NULL::numeric AS weight_kg, s.gsin, s.planned_units AS units,
           s.planned_units * p.unit_kg AS kg, 0 AS checked, NULL::timestamptz AS checked_since, k.disposition,
           k.last_event_at AS carrier_at, s.planned_units, s.route,
           coalesce(nullif(o.village, ''), o.name) AS origin, g.name AS owner, p.name_id,
           p.name_en, p.commodity, p.temperature_max_c, p.papers,
           array(SELECT kind FROM shipment_paper d WHERE d.gsin = s.gsin) AS papers_present,
           '{}'::text[] AS findings
    FROM shipment_leg l JOIN shipment s ON s.gsin = l.gsin JOIN carrier w ON w.giai = l.giai
    -- Trucks ride ro-ro: what comes by vessel is the truck that brought it to the vessel.
    LEFT JOIN shipment_leg b ON b.gsin = l.gsin AND b.number = l.number - 1
    JOIN carrier c ON c.giai = CASE w.kind WHEN 'vessel' THEN b.giai ELSE l.giai END AND c.kind = 'truck'
    JOIN product p ON p.gtin = s.product_gtin JOIN site o ON o.id = s.from_site_id JOIN party g ON g.id = s.party_id
    JOIN site h ON h.id = l.to_site_id LEFT JOIN epc_state k ON k.epc = %(carrier)s || c.giai
    WHERE l.to_site_id = %(site)s AND l.planned_arrival_at BETWEEN %(since)s AND %(until)s
      AND NOT EXISTS (SELECT FROM event_epc t JOIN event e ON e.id = t.event
                      WHERE t.epc = %(shipment)s || l.gsin AND t.role = 'transaction' AND e.read_point = h.uri)
      AND NOT EXISTS (SELECT FROM gate_visit v WHERE v.site_id = l.to_site_id AND v.giai = c.giai
                      AND v.gate_in_at > l.planned_departure_at)
"""

ONWARD = """
    SELECT l.gsin, l.mode, l.giai, c.name AS vessel, l.planned_departure_at, l.planned_arrival_at
    FROM shipment_leg l LEFT JOIN carrier c ON c.giai = l.giai
    WHERE l.from_site_id = %(site)s AND l.gsin = ANY(%(gsins)s) ORDER BY l.number
"""

SAILINGS = """
    SELECT s.id, s.giai, c.name AS vessel, s.cut_off_at, s.departs_at, s.arrives_at, s.capacity, t.name AS to_site,
           (SELECT count(*) FROM containment i JOIN carrier k ON i.child = %(carrier)s || k.giai
            WHERE i.parent = %(carrier)s || s.giai AND i.to_at IS NULL
              AND i.from_at > s.departs_at - interval '6 hours'
              AND EXISTS (  -- here: what it still carries from elsewhere is not this sailing's
                SELECT FROM event_epc x JOIN event e ON e.id = x.event JOIN site h ON h.uri = e.read_point
                WHERE x.epc = i.child AND x.role = 'child' AND x.event_time = i.from_at AND h.id = s.from_site_id)
           ) AS loaded,
           (SELECT count(DISTINCT l.gsin) FROM shipment_leg l WHERE l.giai = s.giai
            AND l.from_site_id = s.from_site_id AND l.planned_departure_at
                BETWEEN s.departs_at - interval '3 hours' AND s.departs_at + interval '3 hours') AS booked
    FROM sailing s JOIN carrier c ON c.giai = s.giai JOIN site t ON t.id = s.to_site_id
    WHERE s.from_site_id = %(site)s
      AND s.departs_at BETWEEN %(now)s - interval '3 hours' AND %(now)s + interval '36 hours'
      AND NOT EXISTS (SELECT FROM gate_visit v WHERE v.site_id = s.from_site_id AND v.giai = s.giai
                      AND v.gate_out_at BETWEEN s.departs_at - interval '4 hours'
                                            AND s.departs_at + interval '12 hours')
    ORDER BY s.departs_at
"""


def board(connection: Connection, site_id: UUID, *, now: datetime) -> Row:
    """The board as shown: `figures` and `groups`, each with its `rows`; the next to leave first.

    A group is a sailing, the ferry, the road, or the vessels at the quay. A row is a truck inside or expected, with its
    `stage`, `in_stage_s`, `target_s`, `late_s`, papers needed and present, units `checked` and `missing`.
    """
    keys = {"carrier": CARRIER, "shipment": f"{GS1}/402/", "site": site_id, "now": now}
    inside = [_judged(row, now) for row in rows(connection, VISITS, keys)]
    window = {"since": now - LATE_KEPT, "until": now + EXPECTED_WITHIN}
    expected = [_judged(row, now) for row in rows(connection, EXPECTED, keys | window)]
    here = {row["giai"] for row in inside}
    expected = [row for row in expected if row["giai"] not in here]
    sailings = rows(connection, SAILINGS, keys)
    onward = _onward(connection, site_id, [row["gsin"] for row in [*inside, *expected] if row["gsin"]])
    hub = one(connection, "SELECT target_dwell_s FROM hub WHERE site_id = %s", (site_id,)) or {"target_dwell_s": 2700}
    trucks = [row for row in inside if row["kind"] == "truck"]
    return {
        "groups": _grouped([*inside, *expected], onward, sailings),
        "inside": len(trucks),
        "expected": len(expected),
        "next_at": min((row["stage_since"] for row in expected if row["stage_since"] > now), default=None),
        "mean_s": sum((now - row["gate_in_at"]).total_seconds() for row in trucks) / len(trucks) if trucks else None,
        "target_s": hub["target_dwell_s"],
        "to_do": sum(1 for row in [*inside, *expected] if row["needs_hand"]),
    }


def _judged(row: Row, now: datetime) -> Row:
    """A row with its stage as the records have it, its time against the target, its papers and what is missing."""
    stage, since = row["stage"], row["stage_since"]
    if stage == "inspection" and row["disposition"] == "conformant":
        stage, since = "yard", row["carrier_at"]  # checked and found right: it waits for its vessel
    elif stage == "gate" and row["checked"]:
        stage, since = "inspection", row["checked_since"]
    target = TARGET_S.get(stage)
    if stage == "yard" and row["temperature_max_c"] is not None and row["temperature_max_c"] <= 10:
        target = CHILLED_YARD_S
    in_stage = (now - since).total_seconds()
    needed = [kind for kind in (row["papers"] or "").split(",") if kind]
    missing_papers = [kind for kind in needed if kind not in row["papers_present"]]
    late = max(0, in_stage - 900) if stage == "expected" else 0  # a quarter of an hour is not late
    over = target is not None and in_stage > target
    closed = stage in ("yard", "loading")
    missing = (row["units"] or 0) - row["checked"] if closed and row["checked"] else 0
    held = stage == "inspection" and row["disposition"] == "non_conformant"
    return row | {
        "stage": stage,
        "since": since,
        "in_stage_s": in_stage,
        "target_s": target,
        "over": over,
        "late_s": in_stage if late else 0,
        "papers_needed": len(needed),
        "papers_missing": missing_papers,
        "papers_ok": len(needed) - len(missing_papers),
        "missing": missing,
        "held": held,
        "needs_hand": bool(over or late or missing_papers or missing or held or row["findings"]),
    }


def _onward(connection: Connection, site_id: UUID, gsins: list[str]) -> dict[str, Row]:
    """How each shipment goes on from here, by its GSIN."""
    legs = rows(connection, ONWARD, {"site": site_id, "gsins": gsins})
    return {leg["gsin"]: leg for leg in reversed(legs)}


def _grouped(listed: Iterable[Row], onward: dict[str, Row], sailings: list[Row]) -> list[Row]:
    """Rows under the way they go on with: sailings as they leave, then the ferry, the road, vessels at the quay."""
    groups: dict[str, Row] = {f"sailing {s['id']}": {"kind": "sailing", "sailing": s, "rows": []} for s in sailings}
    for row in listed:
        leg = onward.get(row["gsin"] or "")
        groups.setdefault(_group_of(row, leg, sailings), {"kind": "", "sailing": None, "leg": leg, "rows": []})[
            "rows"
        ].append(row)
    later = {f"sailing {s['id']}" for s in sailings[SAILINGS_SHOWN:] if not s["booked"] and not s["loaded"]}
    groups = {name: group for name, group in groups.items() if group["rows"] or name not in later}
    order = {"sailing": 0, "sea": 1, "ferry": 2, "road": 3, "vessel": 4}
    for name, group in groups.items():
        group["kind"] = name.split()[0]
        group["rows"].sort(key=lambda row: (-STAGES.index(row["stage"]), row["since"], row["carrier"]))
    return sorted(groups.values(), key=lambda group: order[group["kind"]])


def _group_of(row: Row, leg: Row | None, sailings: list[Row]) -> str:
    if row["kind"] == "vessel":
        return "vessel"
    if leg is None:
        return "road"
    if leg["mode"] != "sea":
        return leg["mode"]
    near = [
        s
        for s in sailings
        if s["giai"] == leg["giai"] and abs(s["departs_at"] - leg["planned_departure_at"]) < LATE_KEPT
    ]
    if near:
        return f"sailing {min(near, key=lambda s: abs(s['departs_at'] - leg['planned_departure_at']))['id']}"
    return f"sea {leg['giai']} {leg['planned_departure_at']:%Y%m%d%H}"


def counts(connection: Connection) -> list[Row]:
    """Each hub with how many trucks stand in it now: id, gln, name, unlocode, `trucks`."""
    return rows(
        connection,
        """
        SELECT s.id, s.gln, s.name, s.province, s.party_id, h.unlocode,
               (SELECT count(*) FROM gate_visit v JOIN carrier c ON c.giai = v.giai AND c.kind = 'truck'
                WHERE v.site_id = s.id AND v.gate_out_at IS NULL) AS trucks
        FROM hub h JOIN site s ON s.id = h.site_id ORDER BY s.gln
        """,
    )


def next_step(connection: Connection, site_id: UUID, carrier: Row, gsin: str | None) -> Row:
    """What this carrier does here next: `step`, the `vessel` where it goes aboard one, and its open `visit`."""
    visit = one(
        connection,
        """
        SELECT v.stage, v.gate_in_at, v.stage_since, e.disposition FROM gate_visit v
        LEFT JOIN epc_state e ON e.epc = %s || v.giai
        WHERE v.site_id = %s AND v.giai = %s AND v.gate_out_at IS NULL ORDER BY v.gate_in_at DESC LIMIT 1
        """,
        (CARRIER, site_id, carrier["giai"]),
    )
    if visit is None:
        return {"step": "arriving", "vessel": None, "visit": None}
    if carrier["kind"] == "vessel":
        aboard = one(
            connection,
            """
            SELECT 1 AS yes FROM containment WHERE parent = %s AND to_at IS NULL AND from_at < %s LIMIT 1
            """,
            (CARRIER + carrier["giai"], visit["gate_in_at"]),
        )
        return {"step": "unloading" if aboard else "departing", "vessel": None, "visit": visit}
    if visit["stage"] == "gate" or (visit["stage"] == "inspection" and visit["disposition"] != "conformant"):
        return {"step": "inspecting", "vessel": None, "visit": visit}
    leg = _onward(connection, site_id, [gsin] if gsin else []).get(gsin or "")
    if leg and leg["mode"] == "sea" and leg["vessel"]:
        return {"step": "loading", "vessel": leg["vessel"], "visit": visit}
    return {"step": "departing", "vessel": None, "visit": visit}
