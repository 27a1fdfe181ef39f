"""What does not fit: checks of a scan against what is recorded, and the list of findings that people settle.

A finding never refuses: the scan is kept, flagged and shown. Thresholds carry their reason.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one, rows, run
from core.errors import Conflict, NotFound
from core.identifiers import uuid7
from tracking.derivation import COUNTS
from tracking.gs1.keys import tail
from tracking.happenings import GS1

Connection = psycopg.Connection[Any]

# Faster than any truck: toll-road lorries are limited to 80 km/h in Indonesia; 110 leaves room for clocks.
TOO_FAST_KMH = 110.0
# Below this a phone's position and a site's centre differ by nothing worth a finding.
TOO_FAST_FROM_KM = 10.0
# A phone's clock may run ahead this far before it is called wrong.
CLOCK_AHEAD = timedelta(minutes=5)
# Older than any queue: a phone that says so has lost its date.
CLOCK_BEHIND = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: its kind, the key it is about (None: the scan as a whole), and the facts in plain values."""

    kind: str
    epc: str | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def told(self) -> Row:
        """As answered to the phone: kind, epc, its tail as printed, facts."""
        unit = (self.epc or "").removeprefix(f"{GS1}/00/")
        return {**asdict(self), "tail": tail(unit) if unit.isdigit() and len(unit) == 18 else None}


def speed_findings(connection: Connection, epcs: Sequence[str], site: Row, at: datetime) -> list[Found]:
    """Units that would have had to travel faster than any truck between this and the record before or after it.

    Where a unit lay inside something, that thing's records are its own; what was declared wrong is none. Distances in
    km on the ellipsoid.
    """
    if not epcs:
        return []
    near = rows(
        connection,
        f"""
        WITH RECURSIVE chain(start, epc, from_at, to_at) AS (
            SELECT epc, epc, '-infinity'::timestamptz, 'infinity'::timestamptz FROM unnest(%(epcs)s::text[]) AS t(epc)
            UNION
            SELECT chain.start, c.parent, greatest(c.from_at, chain.from_at),
                   least(coalesce(c.to_at, 'infinity'), chain.to_at)
            FROM chain JOIN containment c ON c.child = chain.epc
             AND c.from_at < chain.to_at AND coalesce(c.to_at, 'infinity') > chain.from_at
        )
        SELECT chain.start AS epc, near.at, near.name,
               ST_Distance(near.location::geography, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography) / 1000
                   AS km
        FROM chain CROSS JOIN LATERAL (
            (SELECT e.event_time AS at, s.name, s.location
             FROM event_epc x JOIN event e ON e.id = x.event JOIN site s ON s.uri = e.read_point
             WHERE x.epc = chain.epc AND x.role IN ('epc', 'child', 'parent') AND {COUNTS}
               AND x.event_time BETWEEN chain.from_at AND chain.to_at AND x.event_time <= %(at)s
               AND (x.role <> 'parent' OR chain.epc = chain.start)
             ORDER BY x.event_time DESC, e.hash DESC LIMIT 1)
            UNION ALL
            (SELECT e.event_time, s.name, s.location
             FROM event_epc x JOIN event e ON e.id = x.event JOIN site s ON s.uri = e.read_point
             WHERE x.epc = chain.epc AND x.role IN ('epc', 'child', 'parent') AND {COUNTS}
               AND x.event_time BETWEEN chain.from_at AND chain.to_at AND x.event_time > %(at)s
               AND (x.role <> 'parent' OR chain.epc = chain.start)
             ORDER BY x.event_time, e.hash LIMIT 1)
        ) near
        """,
        {"epcs": list(epcs), "lon": site["lon"], "lat": site["lat"], "at": at},
    )
    worst: dict[str, Found] = {}
    for row in near:
        hours = abs((at - row["at"]).total_seconds()) / 3600
        if row["km"] > TOO_FAST_FROM_KM and row["km"] > hours * TOO_FAST_KMH:
            facts = {
                "km": round(row["km"]),
                "minutes": round(hours * 60),
                "other_place": row["name"],
                "other_at": row["at"].isoformat(),
            }
            if row["epc"] not in worst or worst[row["epc"]].facts["km"] < facts["km"]:
                worst[row["epc"]] = Found("too_fast", row["epc"], facts)
    return [worst[epc] for epc in sorted(worst)]


def state_findings(states: Iterable[Row], *, step: str, at: datetime) -> list[Found]:
    """What the units' own state says against this step at this moment. Pure."""
    found: list[Found] = []
    for state in states:
        if state["commissioned_at"] is None or state["commissioned_at"] > at:
            found.append(Found("not_commissioned", state["epc"]))
        if state["sold_at"] is not None and state["sold_at"] < at:
            found.append(Found("already_sold", state["epc"], {"sold_at": state["sold_at"].isoformat(), "step": step}))
        elif step == "retail_selling" and state["last_event_at"] is not None and state["last_event_at"] > at:
            # A sale told late: what was told before it is the life after it.
            facts = {"sold_at": at.isoformat(), "step": state["biz_step"]}
            found.append(Found("already_sold", state["epc"], facts))
    return found


def weight_finding(
    told_kg: Decimal | None, declared_kg: Decimal | None, tolerance_percent: Decimal, epc: str | None
) -> list[Found]:
    """A weighed load that differs from what was declared by more than the commodity's tolerance. Pure."""
    if told_kg is None or not declared_kg:
        return []
    difference = (told_kg - declared_kg) / declared_kg * 100
    if abs(difference) <= tolerance_percent:
        return []
    facts = {
        "weighed_kg": str(told_kg),
        "declared_kg": str(declared_kg),
        "percent": str(round(difference, 1)),
        "tolerance_percent": str(tolerance_percent),
    }
    return [Found("weight_off", epc, facts)]


def heads_finding(told: int | None, declared: int | None, tolerance_percent: Decimal, epc: str | None) -> list[Found]:
    """Birds counted against birds declared: more than declared, or fewer than the tolerance for deaths. Pure."""
    if told is None or not declared:
        return []
    lost = Decimal(declared - told) / declared * 100
    if 0 <= lost <= tolerance_percent:
        return []
    return [Found("heads_off", epc, {"counted": told, "declared": declared, "percent": str(round(-lost, 1))})]


def temperature_finding(told_c: Decimal | None, product: Row | None, epc: str | None) -> list[Found]:
    """A temperature above what the product bears. Pure."""
    limit = product["temperature_max_c"] if product else None
    if told_c is None or limit is None or told_c <= limit:
        return []
    return [Found("too_warm", epc, {"temperature_c": str(told_c), "limit_c": str(limit)})]


def keep(connection: Connection, found: Sequence[Found], *, scan_id: UUID, site_id: UUID | None, now: datetime) -> None:
    """Write findings to the list that people work through."""
    if not found:
        return
    listed = [
        {
            "id": str(uuid7()),
            "kind": each.kind,
            "scan_id": str(scan_id),
            "epc": each.epc,
            "site_id": str(site_id) if site_id else None,
            "found_at": now.isoformat(),
            "facts": each.facts,
        }
        for each in found
    ]
    run(
        connection,
        """
        INSERT INTO finding (id, kind, scan_id, epc, site_id, found_at, facts)
        SELECT id, kind, scan_id, epc, site_id, found_at, facts FROM jsonb_populate_recordset(NULL::finding, %s)
        """,
        (json.dumps(listed),),
    )


def settle_late(connection: Connection, epcs: Sequence[str], *, commissioned_at: datetime, now: datetime) -> None:
    """Close "not tagged yet" findings of units whose tagging has now arrived, and happened before."""
    run(
        connection,
        """
        UPDATE finding f SET closed_at = %s, closed_reason = 'the tagging arrived late'
        FROM scan s WHERE s.id = f.scan_id AND f.kind = 'not_commissioned' AND f.closed_at IS NULL
          AND f.epc = ANY(%s) AND s.scanned_at >= %s
        """,
        (now, list(epcs), commissioned_at),
    )


def close(connection: Connection, finding_id: UUID, *, by: UUID, reason: str, now: datetime) -> Row:
    """Settle a finding with a word of reason. Raises NotFound, or Conflict where it is closed already."""
    closed = one(
        connection,
        """
        UPDATE finding SET closed_at = %s, closed_by = %s, closed_reason = %s
        WHERE id = %s AND closed_at IS NULL RETURNING *
        """,
        (now, by, reason, finding_id),
    )
    if closed is None:
        if one(connection, "SELECT 1 FROM finding WHERE id = %s", (finding_id,)):
            raise Conflict("This finding is closed already.")
        raise NotFound("There is no such finding.")
    return closed
