"""What a scan in a warehouse means for its stock: received, stored, picked, gone. Movements add up to what is there."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one, rows, run
from core.identifiers import uuid7
from tracking.happenings import GS1
from tracking.scans import Outcome
from tracking.steps import Correcting

Connection = psycopg.Connection[Any]

LEAVES = frozenset({"loading", "departing", "retail_selling", "stocking"})


def follow(connection: Connection, outcome: Outcome) -> None:
    """Write the movements of a recorded scan into the stock of the warehouse where it was scanned."""
    step, site, facts = outcome.step, outcome.site, outcome.facts
    if isinstance(step, Correcting):
        _take_back(connection, step)
        return
    if step is None or site is None or facts is None or not facts.tags:
        return
    if not one(connection, "SELECT 1 FROM warehouse WHERE site_id = %s", (site["id"],)):
        return
    for epc in sorted(facts.tags):
        unit = _unit(connection, epc)
        if unit is None:
            continue
        if step.step == "accepting":
            owner = site["party_id"] if facts.owner is None else _owner(connection, facts.owner)
            _receive(connection, site["id"], unit, owner or site["party_id"], facts.at, step.id)
        elif step.step == "storing":
            _store(connection, site["id"], unit, getattr(step, "room", None), facts.at, step.id)
        elif step.step == "picking":
            _move(connection, site["id"], unit["sscc"], "pick", Decimal(0), None, facts.at, step.id)
        elif step.step in LEAVES:
            _leave(connection, site["id"], unit["sscc"], facts.at, step.id)


def _take_back(connection: Connection, step: Correcting) -> None:
    """Reverse the movements of a scan that was declared wrong: what it brought goes, what it took out comes back.

    Only as far as the stock bears it: what has since gone out by other scans cannot be taken back a second time.
    """
    moved = rows(
        connection,
        "SELECT warehouse_id, sscc, quantity_kg FROM stock_movement"
        " WHERE scan_id = %s AND quantity_kg <> 0 ORDER BY warehouse_id, sscc",
        (step.scan,),
    )
    for movement in moved:
        taken_back = run(
            connection,
            """
            UPDATE stock_unit SET quantity_kg = quantity_kg - %(kg)s
            WHERE warehouse_id = %(warehouse)s AND sscc = %(sscc)s AND quantity_kg >= %(kg)s
            """,
            {"kg": movement["quantity_kg"], "warehouse": movement["warehouse_id"], "sscc": movement["sscc"]},
        )
        if taken_back:
            warehouse, sscc, kg = movement["warehouse_id"], movement["sscc"], -movement["quantity_kg"]
            _move(connection, warehouse, sscc, "adjust", kg, None, step.at, step.id, reason=step.reason)


def _unit(connection: Connection, epc: str) -> Row | None:
    return one(
        connection,
        """
        SELECT right(s.epc, 18) AS sscc, s.gtin, s.lot_uri, s.quantity_kg, s.head_count, l.produced_on,
               p.shelf_life_days
        FROM epc_state s JOIN product p ON p.gtin = s.gtin LEFT JOIN lot l ON l.uri = s.lot_uri
        WHERE s.epc = %s AND s.quantity_kg IS NOT NULL
        """,
        (epc,),
    )


def _owner(connection: Connection, uri: str) -> UUID | None:
    found = one(connection, "SELECT id FROM party WHERE gln = %s", (uri.removeprefix(f"{GS1}/417/"),))
    return found["id"] if found else None


def _receive(
    connection: Connection, warehouse_id: UUID, unit: Row, owner_id: UUID, at: datetime, scan_id: UUID
) -> None:
    """A unit comes into stock with its whole weight, once however often it is scanned while it is there."""
    expires = unit["produced_on"] + timedelta(days=unit["shelf_life_days"]) if unit["produced_on"] else None
    received = run(
        connection,
        """
        INSERT INTO stock_unit (warehouse_id, sscc, gtin, lot_uri, owner_id, quantity_kg, head_count, received_at,
                                expires_on, held)
        VALUES (%(warehouse)s, %(sscc)s, %(gtin)s, %(lot_uri)s, %(owner)s, %(quantity_kg)s, %(head_count)s, %(at)s,
                %(expires)s, false)
        ON CONFLICT (warehouse_id, sscc) DO UPDATE SET quantity_kg = excluded.quantity_kg,
            received_at = excluded.received_at, owner_id = excluded.owner_id
        WHERE stock_unit.quantity_kg = 0 AND stock_unit.received_at < excluded.received_at
        """,
        {**unit, "warehouse": warehouse_id, "owner": owner_id, "at": at, "expires": expires},
    )
    if received:
        _move(connection, warehouse_id, unit["sscc"], "receive", unit["quantity_kg"], None, at, scan_id)


def _store(
    connection: Connection, warehouse_id: UUID, unit: Row, room: str | None, at: datetime, scan_id: UUID
) -> None:
    run(
        connection,
        "UPDATE stock_unit SET room = %s WHERE warehouse_id = %s AND sscc = %s",
        (room, warehouse_id, unit["sscc"]),
    )
    _move(connection, warehouse_id, unit["sscc"], "store", Decimal(0), room, at, scan_id)


def _leave(connection: Connection, warehouse_id: UUID, sscc: str, at: datetime, scan_id: UUID) -> None:
    """A unit goes out with all that it still holds."""
    gone = one(
        connection,
        """
        UPDATE stock_unit s SET quantity_kg = 0 FROM (
            SELECT quantity_kg FROM stock_unit WHERE warehouse_id = %(w)s AND sscc = %(s)s FOR UPDATE
        ) was WHERE s.warehouse_id = %(w)s AND s.sscc = %(s)s AND s.quantity_kg > 0 RETURNING was.quantity_kg
        """,
        {"w": warehouse_id, "s": sscc},
    )
    if gone:
        _move(connection, warehouse_id, sscc, "dispatch", -gone["quantity_kg"], None, at, scan_id)


def _move(
    connection: Connection,
    warehouse_id: UUID,
    sscc: str,
    kind: str,
    quantity_kg: Decimal,
    room: str | None,
    at: datetime,
    scan_id: UUID,
    reason: str | None = None,
) -> None:
    run(
        connection,
        """
        INSERT INTO stock_movement (warehouse_id, id, sscc, kind, quantity_kg, room, moved_at, scan_id, reason)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (warehouse_id, uuid7(), sscc, kind, quantity_kg, room, at, scan_id, reason),
    )


def stock(connection: Connection, warehouse_id: UUID) -> list[Row]:
    """What is there now, first expired first: unit, product, owner, lot, room, kilograms, days left by `expires_on`."""
    return rows(
        connection,
        """
        SELECT s.sscc, s.gtin, p.name_id, p.name_en, p.commodity, o.name AS owner, s.lot_uri, s.room, s.quantity_kg,
               s.head_count, s.received_at, s.expires_on, s.held
        FROM stock_unit s JOIN product p ON p.gtin = s.gtin JOIN party o ON o.id = s.owner_id
        WHERE s.warehouse_id = %s AND s.quantity_kg > 0
        ORDER BY s.expires_on NULLS LAST, s.received_at, s.sscc
        """,
        (warehouse_id,),
    )
