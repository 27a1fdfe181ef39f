"""The hubs of a corridor's document: loaded after tracking has loaded their sites, and given back."""

from typing import Any

import psycopg
from sqlmodel import Session

from core.database import raw, rows
from tracking.corridor import site_ids
from tracking.corridor_document import read
from tracking.corridor_rows import Tally, upsert


def load(session: Session, document: dict[str, Any]) -> dict[str, Tally]:
    """Write the hubs of `document`, whose sites must be there. Raises CorridorInvalid; the caller commits."""
    connection = raw(session)
    ids = site_ids(connection)
    hubs = [{"site_id": ids[hub.site], **hub.columns("site")} for hub in read(document).hubs]
    return {"hubs": upsert(connection, "hub", ["site_id"], hubs)}


def export(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """The section `hubs` of a corridor's document."""
    hubs = rows(
        connection,
        "SELECT s.gln || CASE s.extension WHEN '' THEN '' ELSE '/254/' || s.extension END AS site, h.unlocode, "
        "h.target_dwell_s FROM hub h JOIN site s ON s.id = h.site_id ORDER BY 1",
    )
    return {"hubs": [{**hub, "source": "database"} for hub in hubs]}
