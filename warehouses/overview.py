"""A warehouse as its people see it: how full each room is, what lies there by lot, what goes out first."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, rows
from tracking.gs1.keys import tail
from tracking.happenings import GS1

Connection = psycopg.Connection[Any]

# A room's zone by what the product bears, as rooms are named: below −12 °C frozen, below 10 °C chilled, else dry.
ZONE = """
    CASE WHEN p.temperature_max_c <= -12 THEN 'frozen' WHEN p.temperature_max_c <= 10 THEN 'chilled' ELSE 'dry' END
"""


def warehouses(connection: Connection) -> list[Row]:
    """Every shared warehouse with what lies in it: kilograms, lots, and the nearest expiry."""
    return rows(
        connection,
        """
        SELECT s.id, s.gln, s.name, s.province, s.district, coalesce(sum(u.quantity_kg), 0) AS kg,
               count(DISTINCT u.lot_uri) AS lots, min(u.expires_on) AS first_expiry,
               (SELECT sum(capacity_kg) FROM room r WHERE r.warehouse_id = s.id) AS capacity_kg
        FROM warehouse w JOIN site s ON s.id = w.site_id
        LEFT JOIN stock_unit u ON u.warehouse_id = s.id AND u.quantity_kg > 0
        GROUP BY s.id ORDER BY s.province DESC, s.name
        """,
    )


def rooms(connection: Connection, warehouse_id: UUID) -> list[Row]:
    """Rooms with capacity and kilograms stored, those of one zone together; what has no room yet is `waiting_kg`'s."""
    return rows(
        connection,
        """
        SELECT r.code, r.zone, r.capacity_kg,
               coalesce((SELECT sum(quantity_kg) FROM stock_unit u WHERE u.warehouse_id = r.warehouse_id
                         AND u.room = r.code), 0) AS kg,
               (SELECT count(*) FROM stock_unit u WHERE u.warehouse_id = r.warehouse_id AND u.room = r.code
                AND u.quantity_kg > 0) AS units
        FROM room r WHERE r.warehouse_id = %s
        ORDER BY array_position(ARRAY['dry', 'chilled', 'frozen'], r.zone), r.code
        """,
        (warehouse_id,),
    )


def stock_by_lot(
    connection: Connection, warehouse_id: UUID, *, commodity: str | None = None, room: str | None = None
) -> list[Row]:
    """What lies there by product, lot, owner and room, first expired first within a product; products by their own
    nearest expiry. Each with units, kilograms, how many are picked and how many are held (recalls included)."""
    return rows(
        connection,
        f"""
        WITH picked AS (
            SELECT DISTINCT m.sscc FROM stock_movement m JOIN stock_unit u USING (warehouse_id, sscc)
            WHERE m.warehouse_id = %(warehouse)s AND m.kind = 'pick' AND m.moved_at >= u.received_at
        )
        SELECT s.gtin, p.name_id, p.name_en, p.commodity, {ZONE} AS zone, s.lot_uri, l.lot_number, o.name AS owner,
               s.room, s.expires_on, count(*) AS units, sum(s.quantity_kg) AS kg, sum(s.head_count) AS heads,
               count(k.sscc) AS picked_units, coalesce(sum(s.quantity_kg) FILTER (WHERE k.sscc IS NOT NULL), 0)
               AS picked_kg,
               count(*) FILTER (WHERE s.held
                       OR e.persistent @> '["non_sellable_other"]' OR e.persistent @> '["recalled"]'
                       OR coalesce(le.persistent @> '["non_sellable_other"]' OR le.persistent @> '["recalled"]', false))
               AS held_units,
               min(s.expires_on) OVER (PARTITION BY s.gtin) AS nearest
        FROM stock_unit s JOIN product p ON p.gtin = s.gtin JOIN party o ON o.id = s.owner_id
        LEFT JOIN lot l ON l.uri = s.lot_uri LEFT JOIN picked k ON k.sscc = s.sscc
        LEFT JOIN epc_state e ON e.epc = '{GS1}/00/' || s.sscc LEFT JOIN epc_state le ON le.epc = s.lot_uri
        WHERE s.warehouse_id = %(warehouse)s AND s.quantity_kg > 0
          AND (%(commodity)s::text IS NULL OR p.commodity = %(commodity)s)
          AND (%(room)s::text IS NULL OR coalesce(s.room, '') = %(room)s)
        GROUP BY s.gtin, p.name_id, p.name_en, p.commodity, p.temperature_max_c, s.lot_uri, l.lot_number, o.name,
                 s.room, s.expires_on
        ORDER BY nearest NULLS LAST, s.gtin, s.expires_on NULLS LAST, l.lot_number, s.room
        """,
        {"warehouse": warehouse_id, "commodity": commodity, "room": room},
    )


def units_here(connection: Connection, warehouse_id: UUID) -> list[Row]:
    """Every unit in stock as the scan station asks for it, first expired first: sscc, tail, product, lot, room, zone,
    expiry, `held`, `picked`."""
    found = rows(
        connection,
        f"""
        SELECT s.sscc, s.gtin, p.name_id, p.name_en, {ZONE} AS zone, l.lot_number, s.room, s.expires_on, s.quantity_kg,
               (s.held OR e.persistent @> '["non_sellable_other"]' OR e.persistent @> '["recalled"]'
                OR coalesce(le.persistent @> '["non_sellable_other"]' OR le.persistent @> '["recalled"]', false))
                   AS held,
               EXISTS (SELECT FROM stock_movement m WHERE m.warehouse_id = s.warehouse_id AND m.sscc = s.sscc
                       AND m.kind = 'pick' AND m.moved_at >= s.received_at) AS picked
        FROM stock_unit s JOIN product p ON p.gtin = s.gtin LEFT JOIN lot l ON l.uri = s.lot_uri
        LEFT JOIN epc_state e ON e.epc = '{GS1}/00/' || s.sscc LEFT JOIN epc_state le ON le.epc = s.lot_uri
        WHERE s.warehouse_id = %s AND s.quantity_kg > 0 ORDER BY s.expires_on NULLS LAST, s.received_at, s.sscc
        """,
        (warehouse_id,),
    )
    return [row | {"tail": tail(row["sscc"])} for row in found]


def by_product(lots: list[Row], *, on: date) -> list[Row]:
    """The stock list in groups of one product each, with its sum, and each lot's days left by `on`. Pure."""
    groups: dict[str, Row] = {}
    for lot in lots:
        group = groups.setdefault(
            lot["gtin"],
            {key: lot[key] for key in ("gtin", "name_id", "name_en", "commodity")} | {"kg": Decimal(0), "lots": []},
        )
        group["kg"] += lot["kg"]
        days = (lot["expires_on"] - on).days if lot["expires_on"] else None
        held = lot["held_units"] == lot["units"]
        group["lots"].append(lot | {"days_left": days, "free_kg": lot["kg"] - lot["picked_kg"], "held": held})
    return list(groups.values())
