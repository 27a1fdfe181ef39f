"""Warehouse, room, and the stock of several owners in one building as movements that add up."""

# SQLModel types __tablename__ in a way that no string fits:
# pyright: reportAssignmentType=false

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.database import Instant
from core.identifiers import uuid7
from tracking.models import KG, one_of

MOVEMENT_KINDS = ("receive", "store", "pick", "dispatch", "adjust", "write_off", "return")


class Warehouse(SQLModel, table=True):
    """A shared warehouse: one-to-one extension of a site."""

    __tablename__ = "warehouse"

    site_id: UUID = Field(primary_key=True, foreign_key="site.id")
    handling_kg_per_day: Decimal | None = Field(default=None, sa_type=KG)


class Room(SQLModel, table=True):
    """A room of a warehouse in one temperature zone, with its capacity."""

    __tablename__ = "room"
    __table_args__ = (
        UniqueConstraint("warehouse_id", "code"),
        one_of("zone", ("dry", "chilled", "frozen")),
        CheckConstraint("capacity_kg > 0", name="capacity_positive"),
    )

    warehouse_id: UUID = Field(primary_key=True, foreign_key="warehouse.site_id")
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    code: str
    zone: str
    capacity_kg: Decimal = Field(sa_type=KG)


class StockUnit(SQLModel, table=True):
    """What one handling unit still holds in one warehouse. The balance of its movements, never below zero."""

    __tablename__ = "stock_unit"
    __table_args__ = (
        CheckConstraint("quantity_kg >= 0", name="not_negative"),
        Index("ix_stock_unit_product", "warehouse_id", "gtin", "expires_on"),
    )

    warehouse_id: UUID = Field(primary_key=True, foreign_key="warehouse.site_id")
    sscc: str = Field(primary_key=True, max_length=18)
    gtin: str = Field(foreign_key="product.gtin")
    lot_uri: str | None = None
    owner_id: UUID = Field(foreign_key="party.id")
    room: str | None = None
    quantity_kg: Decimal = Field(sa_type=KG)
    head_count: int | None = None
    received_at: datetime = Field(sa_type=Instant)
    expires_on: date | None = None
    held: bool = False


class StockMovement(SQLModel, table=True):
    """One movement of stock: append-only, corrected by its reverse. Kilograms are signed: out is negative."""

    __tablename__ = "stock_movement"
    __table_args__ = (one_of("kind", MOVEMENT_KINDS), Index("ix_stock_movement_sscc", "warehouse_id", "sscc"))

    warehouse_id: UUID = Field(primary_key=True, foreign_key="warehouse.site_id")
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    sscc: str = Field(max_length=18)
    kind: str
    quantity_kg: Decimal = Field(sa_type=KG)
    room: str | None = None
    moved_at: datetime = Field(sa_type=Instant)
    scan_id: UUID | None = None
    reason: str | None = None
