"""What was told, in the order of telling, to those who may see it. Only sealed events: none can appear below them."""

from typing import Any

import psycopg

from core.database import Row, one, rows
from core.permissions import Viewer
from tracking.visibility import visible_events

Connection = psycopg.Connection[Any]


def newest(connection: Connection) -> int:
    """The highest place in the order of telling; 0 where nothing was told."""
    found = one(connection, "SELECT coalesce(max(sequence), 0) AS sequence FROM event_sequence")
    return found["sequence"] if found else 0


def visible_after(connection: Connection, viewer: Viewer, after: int, until: int, limit: int = 500) -> list[Row]:
    """Events told after `after` and up to `until` that `viewer` may see, first told first: what, where, and keys.

    `keys` are those of its epc and parent roles, in order, at most 20.
    """
    visible, params = visible_events(viewer)
    return rows(
        connection,
        f"""
        SELECT s.sequence, e.event_id, e.event_type, e.action, e.event_time, e.recorded_at, e.biz_step, e.disposition,
               e.read_point, e.biz_location, e.declares_error,
               array(SELECT DISTINCT x.epc FROM event_epc x WHERE x.event = e.id AND x.role IN ('epc', 'parent')
                     ORDER BY x.epc LIMIT 20) AS keys
        FROM event_sequence s JOIN event e ON e.id = s.event
        WHERE s.sequence > %(after)s AND s.sequence <= %(until)s AND {visible}
        ORDER BY s.sequence LIMIT %(limit)s
        """,
        {"after": after, "until": until, "limit": limit, **params},
    )
