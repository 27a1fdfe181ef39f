"""What a scan at a hub means for the truck that stands there: gate in, inspection, yard, loading, gate out.

The board's rows follow the events: each visit is one truck's or vessel's stay, from its arriving to its departing.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one, rows, run
from core.identifiers import uuid7
from tracking.happenings import GS1
from tracking.journey import Facts
from tracking.scans import Outcome

Connection = psycopg.Connection[Any]

CARRIER = f"{GS1}/8004/"
STAGES = ("gate", "inspection", "yard", "loading", "out")
STAGE_OF = {"arriving": "gate", "inspecting": "inspection", "loading": "loading", "departing": "out"}


def follow(connection: Connection, outcome: Outcome) -> None:
    """Move the carrier of a recorded scan along the board of the hub where it was scanned.

    Scans elsewhere, or of no carrier, change nothing. Late scans never move a visit back.
    """
    step, site, carrier, facts = outcome.step, outcome.site, outcome.carrier, outcome.facts
    if step is None or site is None or carrier is None or facts is None:
        return
    if not one(connection, "SELECT 1 FROM hub WHERE site_id = %s", (site["id"],)):
        return
    # Trucks ride ro-ro: driving onto a vessel ends their stay here, driving off begins one.
    for truck in _trucks(connection, step.step, carrier["giai"], facts):
        _advance(connection, site["id"], truck, "out" if step.step == "loading" else "gate", facts.at)
    if step.step in STAGE_OF:
        gsin = outcome.shipment["gsin"] if outcome.shipment else None
        weight = getattr(step, "weight_kg", None)
        _advance(connection, site["id"], carrier["giai"], STAGE_OF[step.step], facts.at, gsin, weight)


def _trucks(connection: Connection, step: str, vessel: str, facts: Facts) -> list[str]:
    """The trucks that this scan put on a vessel or took off it."""
    if step == "loading" or facts.carriers:
        named = [uri for uri in facts.carriers if uri.startswith(CARRIER)]
    elif step == "unloading" and not facts.tags:
        gone = "SELECT child FROM containment WHERE parent = %s AND to_at = %s AND child LIKE %s"
        named = [row["child"] for row in rows(connection, gone, (CARRIER + vessel, facts.at, CARRIER + "%"))]
    else:
        named = []
    return sorted(uri.removeprefix(CARRIER) for uri in named)


def _advance(
    connection: Connection,
    site_id: UUID,
    giai: str,
    stage: str,
    at: datetime,
    gsin: str | None = None,
    weight: Decimal | None = None,
) -> None:
    visit = _open_visit(connection, site_id, giai, at)
    if visit is None:
        if stage != "out":
            _begin(connection, site_id, giai, gsin, stage, at)
        return
    run(
        connection,
        """
        UPDATE gate_visit SET gsin = coalesce(gsin, %(gsin)s), weight_kg = coalesce(%(weight)s, weight_kg),
            gate_in_at = least(gate_in_at, %(at)s)
        WHERE site_id = %(site)s AND id = %(id)s
        """,
        {"gsin": gsin, "weight": weight, "at": at, "site": site_id, "id": visit["id"]},
    )
    if STAGES.index(stage) > STAGES.index(visit["stage"]):
        run(
            connection,
            "UPDATE gate_visit SET stage = %s, stage_since = %s, gate_out_at = %s WHERE site_id = %s AND id = %s",
            (stage, at, at if stage == "out" else None, site_id, visit["id"]),
        )


def _open_visit(connection: Connection, site_id: UUID, giai: str, at: datetime) -> Row | None:
    """The visit that a scan at this moment belongs to: begun before it (or within the hour after) and not yet ended."""
    return one(
        connection,
        """
        SELECT * FROM gate_visit WHERE site_id = %(site)s AND giai = %(giai)s
          AND gate_in_at <= %(at)s::timestamptz + interval '1 hour' AND (gate_out_at IS NULL OR gate_out_at >= %(at)s)
        ORDER BY gate_in_at DESC LIMIT 1 FOR UPDATE
        """,
        {"site": site_id, "giai": giai, "at": at},
    )


def _begin(connection: Connection, site_id: UUID, giai: str, gsin: str | None, stage: str, at: datetime) -> None:
    run(
        connection,
        """
        INSERT INTO gate_visit (site_id, id, giai, gsin, stage, gate_in_at, stage_since)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        (site_id, uuid7(), giai, gsin, stage, at, at),
    )


def board(connection: Connection, site_id: UUID) -> list[Row]:
    """Every carrier in the hub now, longest in its stage first: plate, stage, since when, load, findings."""
    return rows(
        connection,
        """
        SELECT v.id, v.giai, c.name AS carrier, c.kind, v.gsin, v.stage, v.stage_since, v.gate_in_at, v.weight_kg,
               p.name_id, p.name_en, p.commodity, s.planned_units, o.name AS origin, g.name AS owner,
               (SELECT sum(e.quantity_kg) FROM containment k JOIN epc_state e ON e.epc = k.child
                WHERE k.parent = 'https://id.gs1.org/8004/' || v.giai AND k.to_at IS NULL) AS loaded_kg,
               (SELECT count(*) FROM containment k WHERE k.parent = 'https://id.gs1.org/8004/' || v.giai
                AND k.to_at IS NULL) AS loaded_units,
               (SELECT count(*) FROM finding f JOIN scan t ON t.id = f.scan_id
                WHERE f.site_id = v.site_id AND f.closed_at IS NULL
                  AND f.epc IN ('https://id.gs1.org/8004/' || v.giai, 'https://id.gs1.org/402/' || v.gsin)) AS findings
        FROM gate_visit v JOIN carrier c ON c.giai = v.giai
        LEFT JOIN shipment s ON s.gsin = v.gsin LEFT JOIN product p ON p.gtin = s.product_gtin
        LEFT JOIN site o ON o.id = s.from_site_id LEFT JOIN party g ON g.id = s.party_id
        WHERE v.site_id = %s AND v.gate_out_at IS NULL ORDER BY v.stage_since
        """,
        (site_id,),
    )
