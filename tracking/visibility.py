"""Who may see which keys and events: one predicate in SQL, used by every query that answers a person or partner.

Administrators and officers see the corridor. Everyone else sees what their party has a stake in: keys it made, owns,
was given as tags, or had at a site it runs; what rode inside something while that passed such a site; what rides on
its own carriers; and events it recorded itself. Observers see figures, no events. Counts and pages use the same
predicate, so they leak nothing either.
"""

from typing import Any

import psycopg

from core.database import one
from core.permissions import Viewer

Connection = psycopg.Connection[Any]
Predicate = tuple[str, dict[str, object]]

SEES_ALL = frozenset({"administrator", "officer"})

_KEY = """
(
    EXISTS (SELECT FROM stake sv WHERE sv.epc = {column} AND sv.party_id = %(viewer_party)s)
    OR EXISTS (
        WITH RECURSIVE chain(epc, from_at, to_at) AS (
            SELECT {column}, '-infinity'::timestamptz, 'infinity'::timestamptz
            UNION
            SELECT c.parent, greatest(c.from_at, chain.from_at), least(coalesce(c.to_at, 'infinity'), chain.to_at)
            FROM chain JOIN containment c ON c.child = chain.epc
             AND c.from_at < chain.to_at AND coalesce(c.to_at, 'infinity') > chain.from_at
        )
        SELECT FROM chain WHERE chain.from_at > '-infinity' AND (
            EXISTS (SELECT FROM carrier kv WHERE chain.epc = 'https://id.gs1.org/8004/' || kv.giai
                    AND kv.party_id = %(viewer_party)s)
            OR EXISTS (
                SELECT FROM event_epc xv JOIN event ev ON ev.id = xv.event JOIN site tv ON tv.uri = ev.read_point
                WHERE xv.epc = chain.epc AND xv.role IN ('epc', 'child')
                  AND xv.event_time BETWEEN chain.from_at AND chain.to_at AND tv.party_id = %(viewer_party)s))
    )
    OR EXISTS (SELECT FROM carrier kv WHERE {column} = 'https://id.gs1.org/8004/' || kv.giai
               AND kv.party_id = %(viewer_party)s)
)
"""


def visible_keys(viewer: Viewer, column: str) -> Predicate:
    """SQL that says whether `viewer` may see the key in `column` (an SQL expression of ours), and its parameters."""
    if viewer.role in SEES_ALL:
        return "true", {}
    if viewer.party_id is None or not viewer.may("events:read"):
        return "false", {}
    return _KEY.format(column=column), {"viewer_party": viewer.party_id}


def visible_events(viewer: Viewer, alias: str = "e") -> Predicate:
    """SQL that says whether `viewer` may see the row of `event` called `alias`, and its parameters."""
    if viewer.role in SEES_ALL:
        return "true", {}
    key, params = visible_keys(viewer, "mv.epc")
    if key == "false":
        return key, {}
    told = f"({alias}.party_id = %(viewer_party)s"
    return f"{told} OR EXISTS (SELECT FROM event_epc mv WHERE mv.event = {alias}.id AND {key}))", params


def may_see(connection: Connection, viewer: Viewer, epc: str) -> bool:
    """Whether `viewer` may see this key's history."""
    sql, params = visible_keys(viewer, "t.epc")
    found = one(connection, f"SELECT 1 AS yes FROM (SELECT %(epc)s::text AS epc) t WHERE {sql}", {"epc": epc, **params})
    return found is not None
