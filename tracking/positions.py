"""Positions: taken in by the set, each once; where carriers are now and where they went.

Telemetry, not ledger: a month is a partition, and what cannot be true lies apart in `position_refused`.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import psycopg
from psycopg.errors import CheckViolation
from psycopg.types.json import Jsonb

from core.database import Row, one, rows, run
from core.errors import Invalid, NotFound
from core.permissions import Viewer
from tracking.fixes import CARRIER_TOP_SPEED_KMH, Fix, absurdity
from tracking.visibility import visible_keys

Connection = psycopg.Connection[Any]
TRACK_MAX_POINTS = 50_000  # two weeks at a fix every 24 s; about 2 MB


class Outcome(NamedTuple):
    """What became of a fix; `reason` says why one was set apart (tracking.fixes.REASONS)."""

    status: Literal["recorded", "repeated", "set_apart"]
    reason: str | None = None


RECORDED, REPEATED = Outcome("recorded"), Outcome("repeated")


class _Key(NamedTuple):
    device_id: UUID
    recorded_at: datetime


def ingest(connection: Connection, fixes: Sequence[Fix], *, now: datetime) -> list[Outcome]:
    """Take in fixes of any devices in any order, inside the caller's transaction; what became of each, in their order.

    The same fix twice is one row ("repeated"). Where a device tells two places for one moment, the first stands and
    the other is set apart. All devices must exist. Committing, and answering only then, is the caller's.
    """
    on_carrier = _on_carrier(connection, [fix for fix in fixes if (fix.speed_kmh or 0) > CARRIER_TOP_SPEED_KMH])
    outcomes: list[Outcome | None] = []
    told: dict[_Key, Fix] = {}  # what is plausible, each moment once
    for fix in fixes:
        key = _Key(fix.device_id, fix.recorded_at)
        reason = absurdity(fix, now=now, on_carrier=key in on_carrier)
        outcomes.append(Outcome("set_apart", reason) if reason else None)
        if reason is None:
            told.setdefault(key, fix)

    _make_partitions(connection, {fix.recorded_at.astimezone(UTC).date().replace(day=1) for fix in told.values()})
    stood = _insert(connection, [told[key] for key in sorted(told)], now)
    fresh = told.keys() - stood.keys()
    answers: list[Outcome] = []
    apart: list[tuple[Fix, str]] = []
    for fix, outcome in zip(fixes, outcomes, strict=True):
        key = _Key(fix.device_id, fix.recorded_at)
        if outcome is None and key in fresh:
            fresh.remove(key)
            outcome = RECORDED
        elif outcome is None:
            first = told[key]
            same = stood.get(key, (first.lon, first.lat)) == (fix.lon, fix.lat)
            outcome = REPEATED if same else Outcome("set_apart", "contradicts")
        if outcome.reason:
            apart.append((fix, outcome.reason))
        answers.append(outcome)
    _set_apart(connection, apart, now)
    return answers


def _on_carrier(connection: Connection, fixes: Sequence[Fix]) -> set[_Key]:
    """Those of `fixes` whose device was bound to a carrier at that moment."""
    if not fixes:
        return set()
    found = rows(
        connection,
        """
        SELECT f.device_id, f.recorded_at FROM unnest(%s::uuid[], %s::timestamptz[]) AS f(device_id, recorded_at)
        WHERE EXISTS (SELECT FROM device_binding b WHERE b.device_id = f.device_id AND b.from_at <= f.recorded_at
                      AND (b.to_at IS NULL OR b.to_at > f.recorded_at))
        """,
        ([fix.device_id for fix in fixes], [fix.recorded_at for fix in fixes]),
    )
    return {_Key(row["device_id"], row["recorded_at"]) for row in found}


def _make_partitions(connection: Connection, months: Collection[date]) -> None:
    """See that each month (its first day, UTC) has its partition."""
    missing = rows(
        connection,
        "SELECT m FROM unnest(%s::date[]) m WHERE to_regclass('position_' || to_char(m, 'YYYYMM')) IS NULL ORDER BY m",
        (list(months),),
    )
    if not missing:
        return
    # One at a time: two that find the same month missing must not both make it.
    run(connection, "SELECT pg_advisory_xact_lock(hashtextextended('position partition', 0))")
    for row in missing:
        try:
            with connection.transaction():
                run(connection, "SELECT make_position_partition(%s)", (row["m"],))
        except CheckViolation:
            pass  # somebody wrote fixes of that month into position_rest: there it stays, and works as well


def _insert(connection: Connection, fixes: Sequence[Fix], now: datetime) -> dict[_Key, tuple[float, float]]:
    """Write `fixes`, of different moments and sorted; lon and lat of those whose moment already had a row."""
    if not fixes:
        return {}
    # Sorted, so that two batches with the same fixes wait for each other instead of dying in each other's arms.
    stood = rows(
        connection,
        """
        WITH told AS (
            SELECT * FROM unnest(%b::uuid[], %b::timestamptz[], %b::float8[], %b::float8[],
                                 %b::float8[], %b::float8[], %b::float8[])
            AS f(device_id, recorded_at, lon, lat, speed_kmh, heading_deg, accuracy_m)
        ), new AS (
            INSERT INTO position (device_id, recorded_at, received_at, location, speed_kmh, heading_deg, accuracy_m)
            SELECT device_id, recorded_at, %b, ST_SetSRID(ST_MakePoint(lon, lat), 4326),
                   speed_kmh, heading_deg, accuracy_m
            FROM told
            ON CONFLICT (device_id, recorded_at) DO NOTHING
            RETURNING device_id, recorded_at
        )
        SELECT device_id, recorded_at FROM told EXCEPT ALL SELECT device_id, recorded_at FROM new
        """,
        (
            [fix.device_id for fix in fixes],
            [fix.recorded_at for fix in fixes],
            [fix.lon for fix in fixes],
            [fix.lat for fix in fixes],
            [fix.speed_kmh for fix in fixes],
            [fix.heading_deg for fix in fixes],
            [fix.accuracy_m for fix in fixes],
            now,
        ),
    )
    if not stood:
        return {}
    # Asked for on its own: a row that another transaction committed meanwhile is not seen by the statement above.
    places = rows(
        connection,
        """
        SELECT p.device_id, p.recorded_at, ST_X(p.location) AS lon, ST_Y(p.location) AS lat
        FROM position p JOIN unnest(%b::uuid[], %b::timestamptz[]) AS f(device_id, recorded_at)
          ON p.device_id = f.device_id AND p.recorded_at = f.recorded_at
        WHERE p.recorded_at BETWEEN %b AND %b
        """,
        (
            [row["device_id"] for row in stood],
            [row["recorded_at"] for row in stood],
            min(row["recorded_at"] for row in stood),
            max(row["recorded_at"] for row in stood),
        ),
    )
    return {_Key(row["device_id"], row["recorded_at"]): (row["lon"], row["lat"]) for row in places}


def _set_apart(connection: Connection, apart: Iterable[tuple[Fix, str]], now: datetime) -> None:
    ordered = sorted(apart, key=lambda fault: (fault[0].device_id, fault[0].recorded_at, fault[1]))
    if not ordered:
        return
    run(
        connection,
        """
        INSERT INTO position_refused (device_id, recorded_at, reason, received_at, body)
        SELECT device_id, recorded_at, reason, %s, body
        FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::jsonb[]) AS f(device_id, recorded_at, reason, body)
        ON CONFLICT DO NOTHING
        """,
        (
            now,
            [fix.device_id for fix, _ in ordered],
            [fix.recorded_at for fix, _ in ordered],
            [reason for _, reason in ordered],
            [Jsonb(fix.body) for fix, _ in ordered],
        ),
    )


def reportable(connection: Connection, viewer: Viewer, device_ids: Collection[UUID]) -> set[UUID]:
    """Those of `device_ids` for which `viewer` may report: a device for itself, a person for their own devices, a
    partner for those on its party's carriers, an administrator for all. Revoked ones are nobody's."""
    if viewer.via == "device":
        return {viewer.device_id} & set(device_ids) if viewer.device_id else set()
    found = rows(
        connection,
        """
        SELECT d.id FROM device d
        WHERE d.id = ANY(%(ids)s) AND d.revoked_at IS NULL AND (
            %(all)s OR d.account_id = %(account)s
            OR (%(partner)s AND EXISTS (
                SELECT FROM device_binding b JOIN carrier c USING (giai)
                WHERE b.device_id = d.id AND c.party_id = %(party)s))
        )
        """,
        {
            "ids": list(device_ids),
            "all": viewer.role == "administrator",
            "account": viewer.account_id,
            "partner": viewer.role == "partner",
            "party": viewer.party_id,
        },
    )
    return {row["id"] for row in found}


def latest(connection: Connection, viewer: Viewer, *, now: datetime) -> list[Row]:
    """The last fix of each carrier that `viewer` may see and that has one, by name; `age_s` is counted to `now`."""
    visible, params = visible_keys(viewer, "'https://id.gs1.org/8004/' || c.giai")
    return rows(
        connection,
        f"""
        SELECT c.giai, 'https://id.gs1.org/8004/' || c.giai AS carrier, c.name, c.kind, p.recorded_at,
               greatest(0, extract(epoch FROM %(now)s - p.recorded_at))::float8 AS age_s,
               ST_X(p.location) AS lon, ST_Y(p.location) AS lat, p.speed_kmh, p.heading_deg, p.accuracy_m
        FROM carrier c CROSS JOIN LATERAL (
            SELECT l.* FROM device_binding b CROSS JOIN LATERAL (
                SELECT p.* FROM position p
                WHERE p.device_id = b.device_id AND p.recorded_at >= b.from_at
                  AND p.recorded_at < coalesce(b.to_at, 'infinity')
                ORDER BY p.recorded_at DESC LIMIT 1) l
            WHERE b.giai = c.giai ORDER BY l.recorded_at DESC LIMIT 1) p
        WHERE {visible} ORDER BY c.name, c.giai
        """,
        {"now": now, **params},
    )


def track(connection: Connection, viewer: Viewer, named: str, *, from_at: datetime, to_at: datetime) -> dict[str, Any]:
    """Where a carrier (by GIAI, its Digital Link, plate or name) was from one moment up to another, as GeoJSON.

    A Feature: LineString of lon, lat in order of time (null where fewer than two fixes are known), with the moment of
    each point in `properties.times`. Raises NotFound for a carrier that is unknown or not to be seen, Invalid for a
    period that ends before it begins or holds more than TRACK_MAX_POINTS.
    """
    if to_at <= from_at:
        raise Invalid("the period ends before it begins")
    visible, params = visible_keys(viewer, "'https://id.gs1.org/8004/' || c.giai")
    carrier = one(
        connection,
        f"""
        SELECT c.giai, c.name, c.kind FROM carrier c
        WHERE (c.giai = %(giai)s OR upper(c.name) = upper(%(named)s)) AND {visible}
        ORDER BY c.giai <> %(giai)s, c.giai LIMIT 1
        """,
        {"named": named.strip(), "giai": named.strip().rpartition("/8004/")[2], **params},
    )
    if carrier is None:
        raise NotFound("no such carrier, or not one that you may see")
    points = rows(
        connection,
        """
        SELECT p.recorded_at, ST_X(p.location) AS lon, ST_Y(p.location) AS lat, p.speed_kmh
        FROM device_binding b JOIN position p ON p.device_id = b.device_id
         AND p.recorded_at >= b.from_at AND p.recorded_at < coalesce(b.to_at, 'infinity')
        WHERE b.giai = %s AND p.recorded_at >= %s AND p.recorded_at < %s
        ORDER BY p.recorded_at, p.device_id LIMIT %s
        """,
        (carrier["giai"], from_at, to_at, TRACK_MAX_POINTS + 1),
    )
    if len(points) > TRACK_MAX_POINTS:
        raise Invalid(f"more than {TRACK_MAX_POINTS} points: ask for a shorter period")
    line = {"type": "LineString", "coordinates": [[point["lon"], point["lat"]] for point in points]}
    return {
        "type": "Feature",
        "geometry": line if len(points) > 1 else None,
        "properties": {
            "carrier": f"https://id.gs1.org/8004/{carrier['giai']}",
            "name": carrier["name"],
            "kind": carrier["kind"],
            "from": from_at,
            "to": to_at,
            "times": [point["recorded_at"] for point in points],
            "speeds_kmh": [point["speed_kmh"] for point in points],
        },
    }
