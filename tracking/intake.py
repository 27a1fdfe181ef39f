"""Fixes taken in by the set, each once, inside the caller's transaction.

Telemetry, not ledger: a month is a partition, and what cannot be true lies apart in `position_refused`. How fast, and
why so: docs/adr/0009.
"""

import struct
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import psycopg
from psycopg.errors import CheckViolation, UniqueViolation
from psycopg.types.json import Jsonb

from core.database import one, rows, run
from tracking.fixes import CARRIER_TOP_SPEED_KMH, Fix, absurdity

Connection = psycopg.Connection[Any]
Key = tuple[UUID, datetime]

COPY_FROM = 100  # so many fixes are worth a COPY of their own; fewer go as arrays in one statement
POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# A row of PostgreSQL's binary COPY: the number of fields, then each with its length before it.
COPY_HEAD, COPY_TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
KEY = struct.Struct(">hi16siqiqi")
POINT = struct.Struct("<BIIdd")  # EWKB, little endian, with its SRID
POINT_BYTES, EWKB_POINT, WGS_84 = 25, 0x20000001, 4326
FIGURE = struct.Struct(">id")
NOTHING = b"\xff\xff\xff\xff"


class Outcome(NamedTuple):
    """What became of a fix; `reason` says why one was set apart (tracking.fixes.REASONS)."""

    status: Literal["recorded", "repeated", "set_apart"]
    reason: str | None = None


RECORDED, REPEATED = Outcome("recorded"), Outcome("repeated")


def ingest(
    connection: Connection, fixes: Sequence[Fix], *, now: datetime, months: set[date] | None = None
) -> list[Outcome]:
    """Take in fixes of any devices in any order, inside the caller's transaction; what became of each, in their order.

    The same fix twice is one row ("repeated"). Where a device tells two places for one moment, the first stands and
    the other is set apart. All devices must exist. Committing, and answering only then, is the caller's. `months`
    are those known to have their partition, and get those made here: for a caller who ingests again and again.
    """
    on_carrier = _on_carrier(connection, [fix for fix in fixes if (fix.speed_kmh or 0) > CARRIER_TOP_SPEED_KMH])
    absurd: dict[int, str] = {}
    told: dict[Key, Fix] = {}  # what is plausible, each moment once
    for number, fix in enumerate(fixes):
        key = (fix.device_id, fix.recorded_at)
        if reason := absurdity(fix, now=now, on_carrier=key in on_carrier):
            absurd[number] = reason
        else:
            told.setdefault(key, fix)
    if not told:
        stood: dict[Key, tuple[float, float]] = {}
    else:
        _make_partitions(connection, _months(told), set() if months is None else months)
        stood = _write(connection, told, now)
    if not stood and len(told) == len(fixes):
        return [RECORDED] * len(fixes)
    return _judge(connection, fixes, absurd, told, stood, now)


INSERT = """
    INSERT INTO position (device_id, recorded_at, received_at, location, speed_kmh, heading_deg, accuracy_m)
    SELECT device_id, recorded_at, %b, ST_SetSRID(ST_MakePoint(lon, lat), 4326), speed_kmh, heading_deg, accuracy_m
    FROM unnest(%b::uuid[], %b::timestamptz[], %b::float8[], %b::float8[], %b::float8[], %b::float8[], %b::float8[])
        AS f(device_id, recorded_at, lon, lat, speed_kmh, heading_deg, accuracy_m)
    ON CONFLICT (device_id, recorded_at) DO NOTHING RETURNING device_id, recorded_at
"""


async def insert_plain(
    connection: psycopg.AsyncConnection[Any], fixes: Sequence[Fix], *, now: datetime
) -> list[Outcome | None]:
    """Write fixes that are `plain`, in one statement; "recorded" for each that is new, None for one that must be
    looked at more closely, by `ingest`. On a connection in autocommit they are durable when this returns.
    """
    ordered = sorted(fixes, key=lambda fix: (fix.device_id.int, fix.recorded_at))
    cursor = await connection.execute(INSERT, (now, *_columns(ordered)), prepare=True)
    if cursor.rowcount == len(fixes):
        return [RECORDED] * len(fixes)
    new: set[Key] = set(await cursor.fetchall())
    answers: list[Outcome | None] = []
    for fix in fixes:
        key = (fix.device_id, fix.recorded_at)
        answers.append(RECORDED if key in new else None)
        new.discard(key)
    return answers


def plain(fix: Fix, months: Collection[date], *, now: datetime) -> bool:
    """Whether nothing needs to be asked about `fix`: plausible on any carrier, of a month that has its partition."""
    if absurdity(fix, now=now, on_carrier=True):
        return False
    return fix.recorded_at.astimezone(UTC).date().replace(day=1) in months


def _columns(fixes: Sequence[Fix]) -> tuple[list[Any], ...]:
    return (
        [fix.device_id for fix in fixes],
        [fix.recorded_at for fix in fixes],
        [fix.lon for fix in fixes],
        [fix.lat for fix in fixes],
        [fix.speed_kmh for fix in fixes],
        [fix.heading_deg for fix in fixes],
        [fix.accuracy_m for fix in fixes],
    )


def _judge(
    connection: Connection,
    fixes: Sequence[Fix],
    absurd: dict[int, str],
    told: dict[Key, Fix],
    stood: dict[Key, tuple[float, float]],
    now: datetime,
) -> list[Outcome]:
    """What became of each, once those in `told` are written but for those that `stood` already; sets apart the rest."""
    fresh = told.keys() - stood.keys()
    answers: list[Outcome] = []
    apart: list[tuple[Fix, str]] = []
    for number, fix in enumerate(fixes):
        key = (fix.device_id, fix.recorded_at)
        if number in absurd:
            outcome = Outcome("set_apart", absurd[number])
        elif key in fresh:
            fresh.remove(key)
            outcome = RECORDED
        else:
            first = told[key]
            same = stood.get(key, (first.lon, first.lat)) == (fix.lon, fix.lat)
            outcome = REPEATED if same else Outcome("set_apart", "contradicts")
        if outcome.reason:
            apart.append((fix, outcome.reason))
        answers.append(outcome)
    _set_apart(connection, apart, now)
    return answers


def _on_carrier(connection: Connection, fixes: Sequence[Fix]) -> set[Key]:
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
    return {(row["device_id"], row["recorded_at"]) for row in found}


def _months(keys: Collection[Key]) -> set[date]:
    """The first day of each month (UTC) that has a fix."""
    ends = [end(moment for _, moment in keys).astimezone(UTC) for end in (min, max)]
    if (ends[0].year, ends[0].month) == (ends[1].year, ends[1].month):
        return {ends[0].date().replace(day=1)}
    return {moment.astimezone(UTC).date().replace(day=1) for _, moment in keys}


def _make_partitions(connection: Connection, months: Collection[date], known: set[date]) -> None:
    """See that each month (its first day, UTC) has its partition."""
    unsure = [month for month in months if month not in known]
    if not unsure:
        return
    missing = rows(
        connection,
        "SELECT m FROM unnest(%s::date[]) m WHERE to_regclass('position_' || to_char(m, 'YYYYMM')) IS NULL ORDER BY m",
        (unsure,),
    )
    if missing:
        # One at a time: two that find the same month missing must not both make it.
        run(connection, "SELECT pg_advisory_xact_lock(hashtextextended('position partition', 0))")
    for row in missing:
        try:
            with connection.transaction():
                run(connection, "SELECT make_position_partition(%s)", (row["m"],))
        except CheckViolation:
            pass  # somebody wrote fixes of that month into position_rest: there it stays, and works as well
    known.update(unsure)


def _write(connection: Connection, told: dict[Key, Fix], now: datetime) -> dict[Key, tuple[float, float]]:
    """Write fixes of different moments; lon and lat of those whose moment already had a row."""
    if len(told) >= COPY_FROM and not _something_stands(connection, told):
        try:
            with connection.transaction():
                _copy(connection, told, now)
            return {}
        except UniqueViolation:
            pass  # another transaction told some of it meanwhile
    return _insert(connection, _in_order(told), now)


def _in_order(told: dict[Key, Fix]) -> list[Fix]:
    """By device and moment, the same in every process: two batches with the same fixes wait for each other instead of
    dying in each other's arms."""
    return [told[key] for key in sorted(told, key=lambda key: (key[0].int, key[1]))]


def _something_stands(connection: Connection, told: Collection[Key]) -> bool:
    """Whether a device already has a row between the first and the last moment told of it.

    A live stream and a first backlog have none, and go by plain COPY, twice as fast as anything that looks at each row.
    """
    spans: dict[UUID, list[datetime]] = {}
    for device_id, moment in told:
        spans.setdefault(device_id, []).append(moment)
    found = one(
        connection,
        """
        SELECT EXISTS (
            SELECT FROM unnest(%b::uuid[], %b::timestamptz[], %b::timestamptz[]) AS s(device_id, from_at, to_at)
            CROSS JOIN LATERAL (SELECT FROM position p WHERE p.device_id = s.device_id
                                AND p.recorded_at BETWEEN s.from_at AND s.to_at LIMIT 1) q
        ) AS stands
        """,
        (list(spans), [min(moments) for moments in spans.values()], [max(moments) for moments in spans.values()]),
    )
    return found is not None and found["stands"]


def _copy(connection: Connection, told: dict[Key, Fix], now: datetime) -> None:
    """Write fixes that no row stands against. Raises UniqueViolation where one does after all."""
    received_us = (now - POSTGRES_EPOCH) // MICROSECOND
    parts = [COPY_HEAD]
    for fix in _in_order(told):
        told_us = (fix.recorded_at - POSTGRES_EPOCH) // MICROSECOND
        parts.append(KEY.pack(7, 16, fix.device_id.bytes, 8, told_us, 8, received_us, POINT_BYTES))
        parts.append(POINT.pack(1, EWKB_POINT, WGS_84, fix.lon, fix.lat))
        for figure in (fix.speed_kmh, fix.heading_deg, fix.accuracy_m):
            parts.append(NOTHING if figure is None else FIGURE.pack(8, figure))
    parts.append(COPY_TAIL)
    columns = "device_id, recorded_at, received_at, location, speed_kmh, heading_deg, accuracy_m"
    with connection.cursor().copy(f"COPY position ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"".join(parts))


def _insert(connection: Connection, fixes: Sequence[Fix], now: datetime) -> dict[Key, tuple[float, float]]:
    """Write `fixes`, of different moments and sorted; lon and lat of those whose moment already had a row."""
    if not fixes:
        return {}
    new = {(row["device_id"], row["recorded_at"]) for row in rows(connection, INSERT, (now, *_columns(fixes)))}
    stood = [fix for fix in fixes if (fix.device_id, fix.recorded_at) not in new]
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
            [fix.device_id for fix in stood],
            [fix.recorded_at for fix in stood],
            min(fix.recorded_at for fix in stood),
            max(fix.recorded_at for fix in stood),
        ),
    )
    return {(row["device_id"], row["recorded_at"]): (row["lon"], row["lat"]) for row in places}


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
