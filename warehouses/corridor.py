"""The warehouses of a corridor's document, with their rooms: loaded after tracking's sites, and given back."""

from typing import Any

import psycopg
from sqlmodel import Session

from core.database import raw, rows
from core.identifiers import uuid7
from tracking.corridor import site_ids
from tracking.corridor_document import read
from tracking.corridor_rows import Tally, upsert


def load(session: Session, document: dict[str, Any]) -> dict[str, Tally]:
    """Write the warehouses and rooms of `document`, whose sites must be there. Raises CorridorInvalid.

    The caller commits. A room that the document does not name stays as it is.
    """
    connection = raw(session)
    ids = site_ids(connection)
    told = read(document).warehouses
    warehouses = [{"site_id": ids[warehouse.site], **warehouse.columns("site", "rooms")} for warehouse in told]
    rooms = [
        {"id": uuid7(), "warehouse_id": ids[warehouse.site], **room.model_dump()}
        for warehouse in told
        for room in warehouse.rooms
    ]
    return {
        "warehouses": upsert(connection, "warehouse", ["site_id"], warehouses),
        "rooms": upsert(connection, "room", ["warehouse_id", "code"], rooms),
    }


def export(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """The section `warehouses` of a corridor's document."""
    warehouses = rows(
        connection,
        "SELECT s.gln || CASE s.extension WHEN '' THEN '' ELSE '/254/' || s.extension END AS site, "
        "w.handling_kg_per_day::text, coalesce(json_agg(json_build_object("
        "'code', r.code, 'zone', r.zone, 'capacity_kg', r.capacity_kg::text) ORDER BY r.code) "
        "FILTER (WHERE r.id IS NOT NULL), '[]') AS rooms "
        "FROM warehouse w JOIN site s ON s.id = w.site_id LEFT JOIN room r ON r.warehouse_id = w.site_id "
        "GROUP BY s.id, w.site_id ORDER BY 1",
    )
    return {"warehouses": [{**warehouse, "source": "database"} for warehouse in warehouses]}
