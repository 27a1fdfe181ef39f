"""Price series, what was observed when and known since when, reference prices, imports, alerts. IDR per unit."""

# SQLModel types __tablename__ in a way that no string fits:
# pyright: reportAssignmentType=false

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.database import Instant
from core.identifiers import uuid7
from tracking.models import COMMODITIES, one_of

IDR = Numeric(14, 2)


class PriceSeries(SQLModel, table=True):
    """One commodity of one grade at one level in one area or market from one source."""

    __tablename__ = "price_series"
    __table_args__ = (
        UniqueConstraint("source", "area", "market", "name", "level", "frequency", name="uq_price_series_key"),
        CheckConstraint("frequency IN ('daily', 'monthly')", name="frequency_known"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    source: str  # who published it
    area: str  # province or "Indonesia", as `prices.areas` spells it
    market: str = ""  # where the source names one market; else the area's average
    name: str  # the commodity in the source's own words
    level: str = "retail"
    frequency: str
    commodity: str | None = Field(default=None, index=True)  # ours, where it is one of ours
    grade: str | None = None  # never compared across grades
    unit: str = "kg"
    terms: str = ""  # what the publisher says about use


class PriceObservation(SQLModel, table=True):
    """A price of one day or month. A corrected value is a new row; the old keeps the time it was replaced."""

    __tablename__ = "price_observation"
    __table_args__ = (
        CheckConstraint("price_idr > 0", name="price_positive"),
        CheckConstraint("kind IN ('observed', 'carried_forward', 'imputed', 'suspicious')", name="kind_known"),
        Index(
            "uq_price_observation_current",
            "series_id",
            "observed_on",
            unique=True,
            postgresql_where="replaced_at IS NULL",
        ),
    )

    series_id: UUID = Field(primary_key=True, foreign_key="price_series.id")
    observed_on: date = Field(primary_key=True)  # the first of the month for monthly series
    known_at: datetime = Field(sa_type=Instant, primary_key=True)
    replaced_at: datetime | None = Field(default=None, sa_type=Instant)
    price_idr: Decimal = Field(sa_type=IDR)
    kind: str = "observed"
    import_id: UUID | None = Field(default=None, foreign_key="price_import.id")
    line: int | None = None


class PriceImport(SQLModel, table=True):
    """One file taken in: its digest, and what became of its rows."""

    __tablename__ = "price_import"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    file_name: str
    file_sha256: bytes = Field(sa_type=LargeBinary)
    layout: str
    imported_at: datetime = Field(sa_type=Instant)
    account_id: UUID | None = Field(default=None, foreign_key="account.id")
    counts: Any = Field(sa_column=Column(JSONB, nullable=False))


class PriceRefusal(SQLModel, table=True):
    """A row that was refused, or taken but looked wrong: its line in the file, and why."""

    __tablename__ = "price_refusal"
    __table_args__ = (one_of("kind", ("refused", "suspicious")),)

    import_id: UUID = Field(primary_key=True, foreign_key="price_import.id")
    line: int = Field(primary_key=True)
    number: int = Field(primary_key=True, default=0)  # several cells of one line
    kind: str = "refused"
    reason: str
    text: str


class ReferencePrice(SQLModel, table=True):
    """An official ceiling (HET), reference (HAP) or purchase price (HPP), with its decree and its days."""

    __tablename__ = "reference_price"
    __table_args__ = (
        one_of("instrument", ("HET", "HAP", "HPP", "SPHP")),
        CheckConstraint("effective_to IS NULL OR effective_to >= effective_from", name="days"),
        UniqueConstraint(
            "instrument", "commodity", "grade", "level", "zone", "effective_from", name="uq_reference_price_key"
        ),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    instrument: str
    commodity: str = Field(index=True)
    grade: str = ""  # compared only with a series of the same grade
    level: str
    zone: str
    provinces: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))  # none: everywhere
    price_idr: Decimal = Field(sa_type=IDR)
    price_to_idr: Decimal | None = Field(default=None, sa_type=IDR)  # where a decree gives a range
    unit: str = "kg"
    decree: str
    effective_from: date
    effective_to: date | None = None
    verification: str = ""
    source: str = ""


class PriceAlert(SQLModel, table=True):
    """A price above its reference: raised once, closed when it falls below again. The figures as known then."""

    __tablename__ = "price_alert"
    __table_args__ = (
        one_of("commodity", COMMODITIES),
        CheckConstraint("kind = 'above_reference'", name="kind_known"),
        CheckConstraint("ended_on IS NULL OR ended_on >= began_on", name="days"),
        Index(
            "uq_price_alert_open",
            "series_id",
            "kind",
            unique=True,
            postgresql_where="ended_on IS NULL",
        ),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    series_id: UUID = Field(foreign_key="price_series.id")
    kind: str = "above_reference"
    commodity: str
    began_on: date
    ended_on: date | None = None
    stale_on: date | None = None  # since then its data are too old to hold it up: it is shown as suspended
    raised_at: datetime = Field(sa_type=Instant)
    reference_id: UUID = Field(foreign_key="reference_price.id")
    price_idr: Decimal = Field(sa_type=IDR)
    gap_percent: Decimal = Field(sa_type=Numeric(7, 2))
