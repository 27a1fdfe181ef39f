"""Prices as they are known: files taken in as sets, corrections beside what they correct, series read back.

A value that changes is never overwritten: the old row keeps its `known_at` and gets the time it was replaced, so that
any past day's knowledge can be asked for (`as_known_at`).
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlmodel import Session

from core.database import one, raw, rows, run
from core.identifiers import uuid7
from prices.importers import Observation, Reading, Remark, SeriesKey, judge, read
from prices.outliers import NEIGHBOURS, SPAN_DAYS, Value
from prices.rows import LARGEST_BYTES, UnreadableFile

JAKARTA = timedelta(hours=7)  # WIB: the day that prices are dated in

_SQL = {path.stem: path.read_text() for path in (Path(__file__).parent / "sql").glob("*.sql")}


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of one file. `counts` add up to `rows_read`; new + corrected + unchanged are the rows taken."""

    file_name: str
    layout: str
    import_id: UUID | None  # None where the file changed nothing, or was only tried
    rows_read: int
    counts: dict[str, int]
    new: int
    corrected: int
    unchanged: int
    series: int
    first_on: date | None
    last_on: date | None
    remarks: list[Remark] = field(default_factory=list[Remark])
    notices: list[str] = field(default_factory=list[str])
    dry_run: bool = False


def import_file(
    session: Session,
    content: bytes | Path,
    file_name: str | None = None,
    *,
    now: datetime,
    area: str | None = None,
    account_id: UUID | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Take in one price file, in the caller's transaction. The same file again changes nothing.

    Values that differ from what is known replace it and keep it as history. With `dry_run` nothing is written and the
    report says what would be. `area` as in `importers.read`. Raises UnreadableFile when the whole file is refused.
    """
    if isinstance(content, Path):
        file_name = file_name or content.name
        if content.stat().st_size > LARGEST_BYTES:
            raise UnreadableFile(f"the file is larger than {LARGEST_BYTES // 2**20} MiB")
        content = content.read_bytes()
    file_name = "".join(c for c in file_name or "" if c.isprintable())[:200] or "tanpa nama"
    reading = read(content, file_name=file_name, area=area, today=(now + JAKARTA).date())
    connection = raw(session)
    # One import at a time: two files of one series side by side would both call the same day theirs.
    run(connection, "SELECT pg_advisory_xact_lock(hashtext('prices.import_file'))")
    with connection.transaction(force_rollback=dry_run):
        ids = _series_ids(connection, reading)
        reading = judge(reading, _earlier(connection, reading, ids))
        digest = hashlib.sha256(content).digest()
        seen = one(connection, "SELECT 1 FROM price_import WHERE file_sha256 = %s", [digest])
        import_id = uuid7()
        _write_import(connection, reading, import_id, file_name, digest, now, account_id)
        new, corrected = _write(connection, reading.observations, ids, import_id, now)
        keep = bool(new or corrected or not seen)
        if keep:
            _write_remarks(connection, reading, import_id)
        else:
            run(connection, "DELETE FROM price_import WHERE id = %s", [import_id])
    days = [observation.on for observation in reading.observations]
    return ImportReport(
        file_name=file_name,
        layout=reading.layout,
        import_id=import_id if keep and not dry_run else None,
        rows_read=reading.rows_read,
        counts=reading.counts,
        new=new,
        corrected=corrected,
        unchanged=len(reading.observations) - new - corrected,
        series=len(reading.series),
        first_on=min(days, default=None),
        last_on=max(days, default=None),
        remarks=reading.remarks,
        notices=reading.notices,
        dry_run=dry_run,
    )


def _series_ids(connection: psycopg.Connection[Any], reading: Reading) -> dict[SeriesKey, UUID]:
    """The series of a file, made where they are new. What we know of their meaning is kept up to date."""
    keys = list(reading.series)
    facts = [reading.series[key] for key in keys]
    columns = (
        [uuid7() for _ in keys],
        [key.source for key in keys],
        [key.area for key in keys],
        [key.market for key in keys],
        [key.name for key in keys],
        [key.level for key in keys],
        [key.frequency for key in keys],
        [fact.commodity for fact in facts],
        [fact.grade for fact in facts],
        [fact.unit for fact in facts],
        [fact.terms for fact in facts],
    )
    found = rows(connection, _SQL["series_of_file"], columns)
    return {
        SeriesKey(r["source"], r["area"], r["market"], r["name"], r["level"], r["frequency"]): r["id"] for r in found
    }


def _earlier(
    connection: psycopg.Connection[Any], reading: Reading, ids: dict[SeriesKey, UUID]
) -> dict[SeriesKey, list[Value]]:
    """The last believed values of each series from before its first day in the file."""
    first: dict[SeriesKey, date] = {}
    for observation in reading.observations:
        first[observation.series] = min(first.get(observation.series, date.max), observation.on)
    keys = list(first)
    span = [SPAN_DAYS[key.frequency] for key in keys]
    columns = ([ids[key] for key in keys], [first[key] for key in keys], span, NEIGHBOURS)
    by_id = {ids[key]: key for key in keys}
    earlier: dict[SeriesKey, list[Value]] = {}
    for row in rows(connection, _SQL["believed_before"], columns):
        earlier.setdefault(by_id[row["series_id"]], []).append(Value(row["observed_on"], row["price_idr"]))
    return earlier


def _write(
    connection: psycopg.Connection[Any],
    observations: Sequence[Observation],
    ids: dict[SeriesKey, UUID],
    import_id: UUID,
    now: datetime,
) -> tuple[int, int]:
    """Write what is new or differs; how many of each."""
    counted = one(
        connection,
        _SQL["write_observations"],
        {
            "series": [ids[o.series] for o in observations],
            "days": [o.on for o in observations],
            "prices": [o.price_idr for o in observations],
            "kinds": [o.kind for o in observations],
            "lines": [o.line for o in observations],
            "import_id": import_id,
            "now": now,
        },
    )
    assert counted is not None  # an aggregate always answers
    return counted["written"] - counted["corrected"], counted["corrected"]


def _write_import(
    connection: psycopg.Connection[Any],
    reading: Reading,
    import_id: UUID,
    file_name: str,
    digest: bytes,
    now: datetime,
    account_id: UUID | None,
) -> None:
    run(
        connection,
        "INSERT INTO price_import (id, file_name, file_sha256, layout, imported_at, account_id, counts)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [
            import_id,
            file_name,
            digest,
            reading.layout,
            now,
            account_id,
            Jsonb({"rows_read": reading.rows_read, **reading.counts}),
        ],
    )


def _write_remarks(connection: psycopg.Connection[Any], reading: Reading, import_id: UUID) -> None:
    so_far: Counter[int] = Counter()  # several remarks of one line are numbered
    numbered: list[tuple[Remark, int]] = []
    for remark in reading.remarks:
        numbered.append((remark, so_far[remark.line]))
        so_far[remark.line] += 1
    run(
        connection,
        "INSERT INTO price_refusal (import_id, line, number, kind, reason, text)"
        " SELECT %s, r.* FROM unnest(%s::int[], %s::int[], %s::text[], %s::text[], %s::text[]) AS r",
        [
            import_id,
            [remark.line for remark, _ in numbered],
            [number for _, number in numbered],
            [remark.kind for remark, _ in numbered],
            [remark.reason for remark, _ in numbered],
            [remark.text for remark, _ in numbered],
        ],
    )


@dataclass(frozen=True, slots=True)
class Series:
    """A series with the span and kinds of what is known of it."""

    id: UUID
    source: str
    area: str
    market: str
    name: str
    level: str
    frequency: str
    commodity: str | None
    grade: str | None
    unit: str
    terms: str
    first_on: date
    last_on: date  # of anything
    observed_on: date | None  # of the last believed observation
    observations: int
    filled: int  # carried forward or imputed
    suspicious: int

    @property
    def filled_share(self) -> float:
        """The part of the series that nobody observed, 0 to 1."""
        return self.filled / self.observations if self.observations else 0.0

    def age_days(self, on: date) -> int:
        """Days from the last believed observation (of a month: its last day) to `on`."""
        last = self.observed_on or self.last_on
        if self.frequency == "monthly":
            last = (last.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return max(0, (on - last).days)

    @property
    def stale_after_days(self) -> int:
        """How old its last value may be and still be acted on: 7 days, 2 months for monthly series."""
        return 7 if self.frequency == "daily" else 61

    def is_stale(self, on: date) -> bool:
        """Whether its last value is too old to act on."""
        return self.age_days(on) > self.stale_after_days


def all_series(
    session: Session,
    *,
    series_id: UUID | None = None,
    area: str | None = None,
    commodity: str | None = None,
    ours_only: bool = False,
) -> list[Series]:
    """The series that hold something, by area, commodity and name; those of our four commodities with `ours_only`."""
    found = rows(
        raw(session),
        _SQL["series_with_span"],
        {"id": series_id, "area": area, "commodity": commodity, "ours_only": ours_only},
    )
    return [Series(**row) for row in found]


@dataclass(frozen=True, slots=True)
class Known:
    """A price of a series as it is known."""

    on: date
    price_idr: Decimal
    kind: str


def known(
    session: Session,
    series_id: UUID,
    *,
    since: date | None = None,
    until: date | None = None,
    as_known_at: datetime | None = None,
) -> list[Known]:
    """The values of a series in order of day, as known now or as they were known at an instant."""
    found = rows(
        raw(session),
        _SQL["values_of_series"],
        {"series_id": series_id, "since": since, "until": until, "at": as_known_at},
    )
    return [Known(row["observed_on"], row["price_idr"], row["kind"]) for row in found]
