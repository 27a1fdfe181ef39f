"""Official prices as data: taken in from files, asked for by grade, level, province and day."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlmodel import Session

from core.database import Row, one, raw, rows
from core.identifiers import uuid7
from prices.areas import canonical
from prices.importers import Remark
from prices.reference_files import read_references

_SQL = {name: (Path(__file__).parent / "sql" / f"{name}.sql").read_text() for name in ("write_references",)}


@dataclass(frozen=True, slots=True)
class DatedReference:
    """An official price in IDR per kg with the days it holds (`effective_to` included; None: until further notice)."""

    id: UUID
    instrument: str
    commodity: str
    grade: str
    level: str
    zone: str
    price_idr: Decimal
    price_to_idr: Decimal | None
    decree: str
    effective_from: date
    effective_to: date | None
    verification: str
    source: str

    @property
    def ceiling_idr(self) -> Decimal:
        """The price, or the upper end where the decree gives a range."""
        return self.price_idr if self.price_to_idr is None else self.price_to_idr

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


@dataclass(frozen=True, slots=True)
class ReferenceReport:
    """What became of a file of references. rows_read = rows_taken + blank + refused remarks."""

    file_name: str
    rows_read: int
    rows_taken: int
    blank: int
    references: int  # a row may hold two
    new: int
    changed: int
    remarks: list[Remark] = field(default_factory=list[Remark])


def import_references(session: Session, content: bytes | Path, file_name: str | None = None) -> ReferenceReport:
    """Take in a file of official prices, in the caller's transaction; a known one is brought up to date.

    Known means: the same instrument, commodity, grade, level, zone and first day. Raises UnreadableFile.
    """
    if isinstance(content, Path):
        file_name, content = file_name or content.name, content.read_bytes()
    reading = read_references(content)
    # A later row of the same key corrects the earlier: one statement may touch a row only once.
    unique = {(r.instrument, r.commodity, r.grade, r.level, r.zone, r.effective_from): r for r in reading.references}
    found = list(unique.values())
    counted = one(
        raw(session),
        _SQL["write_references"],
        {
            "ids": [uuid7() for _ in found],
            "instruments": [r.instrument for r in found],
            "commodities": [r.commodity for r in found],
            "grades": [r.grade for r in found],
            "levels": [r.level for r in found],
            "zones": [r.zone for r in found],
            "provinces": [Jsonb(r.provinces) for r in found],
            "prices": [r.price_idr for r in found],
            "prices_to": [r.price_to_idr for r in found],
            "decrees": [r.decree for r in found],
            "froms": [r.effective_from for r in found],
            "tos": [r.effective_to for r in found],
            "verifications": [r.verification for r in found],
            "sources": [r.source for r in found],
        },
    )
    assert counted is not None
    return ReferenceReport(
        file_name or "tanpa nama",
        reading.rows_read,
        reading.rows_taken,
        reading.blank,
        len(found),
        counted["new"],
        counted["changed"],
        reading.remarks,
    )


def references_of(
    session: Session, commodity: str, grade: str | None, level: str, province: str
) -> list[DatedReference]:
    """The official prices of one grade at one level in a province, by first day.

    No grade, no references: prices of unknown or mixed grade have nothing to be compared with.
    """
    if not grade:
        return []
    found = rows(
        raw(session),
        "SELECT id, instrument, commodity, grade, level, zone, price_idr, price_to_idr, decree, effective_from,"
        " effective_to, verification, source FROM reference_price"
        " WHERE commodity = %s AND grade = %s AND level = %s AND (provinces = '[]' OR provinces ? %s)"
        " ORDER BY effective_from, instrument",
        [commodity, grade, level, canonical(province)],
    )
    return [_reference(row) for row in found]


def reference_for(
    session: Session, commodity: str, grade: str | None, level: str, province: str, on: date
) -> DatedReference | None:
    """The official price in force on a day for exactly this grade and level, or None.

    PIHPS's "Beras" (grade "mean_of_six") therefore has none: it is never compared with the medium ceiling.
    """
    return in_force(references_of(session, commodity, grade, level, province), on)


def in_force(references: list[DatedReference], on: date) -> DatedReference | None:
    """The latest of `references` that holds on a day."""
    holding = [reference for reference in references if reference.holds(on)]
    return max(holding, key=lambda reference: reference.effective_from, default=None)


def _reference(row: Row) -> DatedReference:
    return DatedReference(**row)
