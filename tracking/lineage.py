"""Up and down the graph of what was made from what; and what a recall reaches.

One recursion each way, on ids, with UNION so that a diamond is walked once.
"""

from collections.abc import Sequence
from typing import Any

import psycopg

from core.database import Row, rows

Connection = psycopg.Connection[Any]
RECALLED = "recalled"
HELD = "non_sellable_other"


def ancestors(connection: Connection, epc: str) -> list[str]:
    """Everything that `epc` was made from, however far back; itself left out."""
    return [
        row["epc"]
        for row in rows(
            connection,
            """
            WITH RECURSIVE up(epc) AS (
                SELECT input FROM lineage WHERE output = %(epc)s
                UNION SELECT l.input FROM up JOIN lineage l ON l.output = up.epc
            ) SELECT epc FROM up WHERE epc <> %(epc)s ORDER BY epc
            """,
            {"epc": epc},
        )
    ]


def descendants(connection: Connection, epc: str) -> list[str]:
    """Everything made from `epc`, or packed from it, however far down; itself left out."""
    return [
        row["epc"]
        for row in rows(
            connection,
            """
            WITH RECURSIVE down(epc) AS (
                SELECT output FROM lineage WHERE input = %(epc)s
                UNION SELECT l.output FROM down JOIN lineage l ON l.input = down.epc
            ) SELECT epc FROM down WHERE epc <> %(epc)s ORDER BY epc
            """,
            {"epc": epc},
        )
    ]


def set_above(connection: Connection, epcs: Sequence[str], disposition: str = RECALLED) -> dict[str, str]:
    """Which of these keys bears a persistent disposition, itself or by anything it was made from or lies in.

    Returns key → the key on which it was set. No later scan hides it: only its own unsetting ends it.
    """
    found: list[Row] = rows(
        connection,
        """
        WITH RECURSIVE up(start, epc) AS (
            SELECT epc, epc FROM unnest(%(epcs)s::text[]) AS t(epc)
            UNION
            SELECT up.start, above.epc FROM up CROSS JOIN LATERAL (
                SELECT input AS epc FROM lineage WHERE output = up.epc
                UNION ALL
                SELECT parent FROM containment WHERE child = up.epc AND to_at IS NULL
            ) above
        )
        SELECT up.start, min(up.epc) AS source FROM up JOIN epc_state s ON s.epc = up.epc
        WHERE s.persistent @> to_jsonb(%(disposition)s::text) GROUP BY up.start
        """,
        {"epcs": list(epcs), "disposition": disposition},
    )
    return {row["start"]: row["source"] for row in found}
