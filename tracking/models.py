"""The nouns of tracking as tables: who, where, what.

Master data (party, site, product, carrier, container, device, shipment) is edited by people. What happened lies in
`tracking/ledger_models.py`. Enumerations are text with a CHECK: a new value is a migration of one line.
"""

# SQLModel types __tablename__ in a way that no string fits:
# pyright: reportAssignmentType=false

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import CheckConstraint, Column, Index, Numeric, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.database import Instant
from core.identifiers import uuid7
from tracking.fixes import REASONS

KG = Numeric(14, 3)

COMMODITIES = ("rice", "corn", "banana", "chicken")
PARTY_KINDS = ("farmer_group", "enterprise", "carrier", "buyer", "authority")
SITE_KINDS = ("farm", "mill", "slaughterhouse", "hub", "ferry_port", "warehouse", "market")


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A CHECK that `column` holds one of `values`."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(v) for v in values)})", name=f"{column}_known")


class Party(SQLModel, table=True):
    """A farmer group, enterprise, carrier firm, buyer or authority, named by its GLN."""

    __tablename__ = "party"
    __table_args__ = (one_of("kind", PARTY_KINDS),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    gln: str = Field(max_length=13, unique=True)
    name: str
    kind: str
    province: str
    district: str
    village: str = ""
    # Under which it numbers tags; groups that are not GS1 members share the platform's.
    gs1_prefix: str | None = Field(default=None, max_length=12)


class Site(SQLModel, table=True):
    """A place: a point and, where drawn, a boundary (lon-lat, SRID 4326). A farm is its group's GLN + extension."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("gln", "extension"), one_of("kind", SITE_KINDS))

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    gln: str = Field(max_length=13)
    extension: str = Field(default="", max_length=20)
    uri: str = Field(unique=True)  # canonical GS1 Digital Link, as events name the place
    name: str
    kind: str
    party_id: UUID = Field(foreign_key="party.id", index=True)  # who runs it
    province: str
    district: str
    village: str = ""
    location: Any = Field(sa_column=Column(Geometry("POINT", srid=4326, spatial_index=True), nullable=False))
    boundary: Any = Field(default=None, sa_column=Column(Geometry("POLYGON", srid=4326, spatial_index=True)))


class Product(SQLModel, table=True):
    """What is made and sold, from paddy to fillet. Temperatures in °C, tolerance in percent of the weight."""

    __tablename__ = "product"
    __table_args__ = (
        one_of("commodity", COMMODITIES),
        CheckConstraint("shelf_life_days > 0", name="shelf_life_positive"),
        CheckConstraint("temperature_min_c < temperature_max_c", name="temperature_band"),
        CheckConstraint("tolerance_percent >= 0", name="tolerance_not_negative"),
    )

    gtin: str = Field(max_length=14, primary_key=True)
    commodity: str
    name_id: str
    name_en: str
    grade: str | None = None
    shelf_life_days: int
    temperature_min_c: Decimal | None = Field(default=None, sa_type=Numeric(4, 1))
    temperature_max_c: Decimal | None = Field(default=None, sa_type=Numeric(4, 1))
    tolerance_percent: Decimal = Field(sa_type=Numeric(5, 2))
    counted: bool = False  # birds: heads beside kilograms
    harvested: bool = True  # comes from a farm; false: made by a mill or slaughterhouse
    unit_kg: Decimal | None = Field(default=None, sa_type=KG)  # the usual sack, crate or cage
    papers: str = ""  # the papers a shipment of it needs, comma separated


class Route(SQLModel, table=True):
    """The usual way from one site to another by one mode: its line (lon-lat, SRID 4326), and how long it takes."""

    __tablename__ = "route"
    __table_args__ = (
        UniqueConstraint("from_site_id", "to_site_id", "mode"),
        one_of("mode", ("road", "ferry", "sea")),
        CheckConstraint("distance_km > 0 AND usual_duration_s > 0", name="measures_positive"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    name: str
    mode: str
    from_site_id: UUID = Field(foreign_key="site.id")
    to_site_id: UUID = Field(foreign_key="site.id", index=True)
    geometry: Any = Field(sa_column=Column(Geometry("LINESTRING", srid=4326, spatial_index=False), nullable=False))
    distance_km: float
    usual_duration_s: int


class Carrier(SQLModel, table=True):
    """A truck (plate) or vessel (name, MMSI), named by its GIAI."""

    __tablename__ = "carrier"
    __table_args__ = (one_of("kind", ("truck", "vessel")),)

    giai: str = Field(max_length=30, primary_key=True)
    kind: str
    name: str = Field(index=True)  # the plate of a truck, the name of a vessel
    party_id: UUID = Field(foreign_key="party.id")
    mmsi: str | None = Field(default=None, max_length=9, unique=True)


class Container(SQLModel, table=True):
    """A box or reefer (ISO 6346 number), or the bulk hold of a truck, named by its GRAI."""

    __tablename__ = "container"
    __table_args__ = (one_of("kind", ("dry", "reefer", "bulk")),)

    grai: str = Field(max_length=30, primary_key=True)
    kind: str
    iso6346: str | None = Field(default=None, max_length=11, unique=True)
    party_id: UUID = Field(foreign_key="party.id")


class Device(SQLModel, table=True):
    """What reports: phone, tracker, AIS transponder, logger, scanner. It holds a credential of its own, kept hashed.

    `prefix` is the device's own range: lot numbers that it gives out offline begin with it.
    """

    __tablename__ = "device"
    __table_args__ = (one_of("kind", ("phone", "tracker", "ais", "logger", "scanner")),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    kind: str
    name: str
    external_id: str | None = Field(default=None, unique=True)  # what the device calls itself (OsmAnd id, MMSI)
    account_id: UUID | None = Field(default=None, foreign_key="account.id", index=True)
    credential_hash: str | None = Field(default=None, unique=True)
    prefix: str = Field(unique=True, max_length=8)
    created_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class DeviceBinding(SQLModel, table=True):
    """A device rides on a carrier from one moment to another."""

    __tablename__ = "device_binding"
    __table_args__ = (CheckConstraint("to_at IS NULL OR to_at > from_at", name="period"),)

    device_id: UUID = Field(foreign_key="device.id", primary_key=True)
    from_at: datetime = Field(sa_type=Instant, primary_key=True)
    to_at: datetime | None = Field(default=None, sa_type=Instant)
    giai: str = Field(foreign_key="carrier.giai", index=True)


class Membership(SQLModel, table=True):
    """Which party an account works for, and at which site if it is bound to one."""

    __tablename__ = "membership"

    account_id: UUID = Field(foreign_key="account.id", primary_key=True)
    party_id: UUID = Field(foreign_key="party.id", index=True)
    site_id: UUID | None = Field(default=None, foreign_key="site.id")


class Shipment(SQLModel, table=True):
    """Units that travel together from one site to another, named by a GSIN. A commercial grouping, not a parent."""

    __tablename__ = "shipment"
    __table_args__ = (one_of("route", ("sea", "ferry", "road")),)

    gsin: str = Field(max_length=17, primary_key=True)
    party_id: UUID = Field(foreign_key="party.id", index=True)  # whose goods
    from_site_id: UUID = Field(foreign_key="site.id")
    to_site_id: UUID = Field(foreign_key="site.id", index=True)
    route: str
    product_gtin: str = Field(foreign_key="product.gtin")
    planned_units: int = Field(default=0, ge=0)
    planned_departure_at: datetime = Field(sa_type=Instant)
    planned_arrival_at: datetime = Field(sa_type=Instant)


class ShipmentLeg(SQLModel, table=True):
    """One stretch of a shipment's way, on one carrier."""

    __tablename__ = "shipment_leg"
    __table_args__ = (one_of("mode", ("road", "ferry", "sea")),)

    gsin: str = Field(foreign_key="shipment.gsin", primary_key=True)
    number: int = Field(primary_key=True, ge=1)
    mode: str
    giai: str | None = Field(default=None, foreign_key="carrier.giai")
    from_site_id: UUID = Field(foreign_key="site.id")
    to_site_id: UUID = Field(foreign_key="site.id")
    planned_departure_at: datetime = Field(sa_type=Instant)
    planned_arrival_at: datetime = Field(sa_type=Instant)


class ShipmentPaper(SQLModel, table=True):
    """A paper that travels with a shipment: quarantine, animal health, veterinary control (NKV), halal, waybill."""

    __tablename__ = "shipment_paper"

    gsin: str = Field(foreign_key="shipment.gsin", primary_key=True)
    kind: str = Field(primary_key=True)
    number: str
    issued_at: datetime | None = Field(default=None, sa_type=Instant)


class TagRange(SQLModel, table=True):
    """SSCCs handed to a party before anything was harvested: serials first to last under one extension and prefix."""

    __tablename__ = "tag_range"
    __table_args__ = (
        UniqueConstraint("gs1_prefix", "extension_digit", "first_serial"),
        CheckConstraint("first_serial <= last_serial AND first_serial >= 0", name="range"),
        Index("ix_tag_range_lookup", "gs1_prefix", "extension_digit", "last_serial"),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    party_id: UUID = Field(foreign_key="party.id", index=True)
    gs1_prefix: str = Field(max_length=12)
    extension_digit: int = Field(ge=0, le=9)
    first_serial: int
    last_serial: int
    issued_at: datetime = Field(sa_type=Instant)
    issued_by: UUID | None = Field(default=None, foreign_key="account.id")


class Position(SQLModel, table=True):
    """Where a device was at one moment. Telemetry, not ledger: partitioned by time, kept for a while."""

    __tablename__ = "position"
    __table_args__ = (
        Index("ix_position_location", "location", postgresql_using="gist"),
        {"postgresql_partition_by": "RANGE (recorded_at)"},
    )

    device_id: UUID = Field(foreign_key="device.id", primary_key=True)
    recorded_at: datetime = Field(sa_type=Instant, primary_key=True)
    received_at: datetime = Field(sa_type=Instant)
    location: Any = Field(sa_column=Column(Geometry("POINT", srid=4326, spatial_index=False), nullable=False))
    speed_kmh: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None


class PositionRefused(SQLModel, table=True):
    """A fix that cannot be true, kept apart with the reason and its figures as told."""

    __tablename__ = "position_refused"
    __table_args__ = (one_of("reason", REASONS),)

    device_id: UUID = Field(foreign_key="device.id", primary_key=True)
    recorded_at: datetime = Field(sa_type=Instant, primary_key=True)
    reason: str = Field(primary_key=True)
    received_at: datetime = Field(sa_type=Instant)
    body: Any = Field(sa_column=Column(JSONB, nullable=False))
