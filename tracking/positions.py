"""Positions: who may report them, where carriers are now and where they went. How they come in: tracking/intake.py."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one, rows
from core.errors import Invalid, NotFound
from core.permissions import Viewer
from tracking.intake import RECORDED, REPEATED, Outcome, ingest
from tracking.visibility import visible_keys

__all__ = ["RECORDED", "REPEATED", "Outcome", "ingest", "latest", "reportable", "track"]

Connection = psycopg.Connection[Any]
TRACK_MAX_POINTS = 50_000  # two weeks at a fix every 24 s; about 2 MB


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
