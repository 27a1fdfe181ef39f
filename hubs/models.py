"""Hub, sailing, gate visit: what a site is beyond a place when trucks and vessels meet there."""

# SQLModel types __tablename__ in a way that no string fits:
# pyright: reportAssignmentType=false

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from core.database import Instant
from core.identifiers import uuid7
from tracking.models import KG


class Hub(SQLModel, table=True):
    """A distribution hub: one-to-one extension of a site."""

    __tablename__ = "hub"

    site_id: UUID = Field(primary_key=True, foreign_key="site.id")
    unlocode: str | None = Field(default=None, max_length=5)
    target_dwell_s: int = Field(default=2700, gt=0)  # 45 minutes from gate to gate


class Sailing(SQLModel, table=True):
    """A vessel's crossing from one hub to another, with what it can take and until when."""

    __tablename__ = "sailing"
    __table_args__ = (CheckConstraint("arrives_at > departs_at AND cut_off_at <= departs_at", name="times"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    giai: str = Field(foreign_key="carrier.giai", index=True)
    from_site_id: UUID = Field(foreign_key="site.id", index=True)
    to_site_id: UUID = Field(foreign_key="site.id")
    cut_off_at: datetime = Field(sa_type=Instant)
    departs_at: datetime = Field(sa_type=Instant)
    arrives_at: datetime = Field(sa_type=Instant)
    capacity: int = Field(default=30, gt=0)  # trucks


class GateVisit(SQLModel, table=True):
    """A truck's or vessel's stay at a hub, from its first scan to its last. Keyed by hub first."""

    __tablename__ = "gate_visit"
    __table_args__ = (Index("ix_gate_visit_carrier", "giai", "gate_in_at"),)

    site_id: UUID = Field(primary_key=True, foreign_key="hub.site_id")
    id: UUID = Field(default_factory=uuid7, primary_key=True)
    giai: str = Field(foreign_key="carrier.giai")
    gsin: str | None = Field(default=None, foreign_key="shipment.gsin")
    stage: str = "gate"  # gate, inspection, yard, loading, out
    gate_in_at: datetime = Field(sa_type=Instant)
    stage_since: datetime = Field(sa_type=Instant)
    gate_out_at: datetime | None = Field(default=None, sa_type=Instant)
    weight_kg: Decimal | None = Field(default=None, sa_type=KG)
