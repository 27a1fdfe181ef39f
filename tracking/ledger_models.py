"""The ledger as tables, what is derived from it, and what a phone told.

Append-only: `event_key`, `event`, `event_epc`, `event_sequence`. Derived, rebuilt from the ledger at any time:
`epc_state`, `containment`, `lineage`, `stake`, `lot`. See docs/adr/0004.
"""

# SQLModel types __tablename__ in a way that no string fits:
# pyright: reportAssignmentType=false

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field, SQLModel

from core.database import Instant
from core.identifiers import uuid7
from tracking.models import KG, one_of

EPC_ROLES = (
    *("epc", "parent", "child", "input", "output", "epc_class", "child_class", "input_class", "output_class"),
    "transaction",  # a shipment that the event names in its bizTransactionList
)
FINDING_KINDS = (
    "unknown_tag",
    "wrong_check",
    "wrong_site",
    "too_fast",
    "already_sold",
    "already_tagged",
    "foreign_tag",
    "not_commissioned",
    "clock_wrong",
    "weight_off",
    "heads_off",
    "damaged",
    "too_warm",
    "paper_missing",
    "recalled",
)


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "xid8"


class EventKey(SQLModel, table=True):
    """What makes an event the same event: its eventID, once as told and once as declared wrong."""

    __tablename__ = "event_key"
    # Few events are declared wrong, and every fold asks which: without it the whole table was read for one unit.
    __table_args__ = (Index("ix_event_key_declared", "event_id", postgresql_where=text("declares_error")),)

    event_id: str = Field(primary_key=True)
    declares_error: bool = Field(primary_key=True)
    event: UUID


class Event(SQLModel, table=True):
    """One EPCIS 2.0 event: the whole as it came, and the few columns that are asked for."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_event_time", "event_time", "hash"),
        Index("ix_event_read_point", "read_point", "event_time"),
        Index("ix_event_biz_location", "biz_location", "event_time"),
        one_of(
            "event_type",
            ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"),
        ),
    )

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    event_id: str
    hash: str  # CBV 2.0 hash id, checked by `ledger.verify`
    declares_error: bool = False
    event_type: str
    action: str | None = None
    event_time: datetime = Field(sa_type=Instant)
    recorded_at: datetime = Field(sa_type=Instant)
    biz_step: str | None = None  # bare CBV word, or a URI as given
    disposition: str | None = None
    read_point: str | None = None  # canonical URI
    biz_location: str | None = None
    party_id: UUID | None = Field(default=None, foreign_key="party.id")  # for whom it was recorded
    scan_id: UUID | None = None
    document: Any = Field(sa_column=Column(JSON, nullable=False))  # JSON, not JSONB: the order of keys is kept
    document_sha256: bytes = Field(sa_type=LargeBinary)


class EventEpc(SQLModel, table=True):
    """The index by which everything is found: which key took part in which event, and as what."""

    __tablename__ = "event_epc"
    __table_args__ = (Index("ix_event_epc_epc", "epc", "event_time", "event"), one_of("role", EPC_ROLES))

    event: UUID = Field(primary_key=True)
    epc: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    event_time: datetime = Field(sa_type=Instant)
    quantity: Decimal | None = Field(default=None, sa_type=KG)
    uom: str | None = Field(default=None, max_length=3)


class EventUnsealed(SQLModel, table=True):
    """Events that have no place yet in the order in which they were told, and the transaction that told them."""

    __tablename__ = "event_unsealed"

    event: UUID = Field(primary_key=True)
    xid: Any = Field(sa_column=Column(Xid8, nullable=False, server_default=text("pg_current_xact_id()")))


class EventSequence(SQLModel, table=True):
    """The order in which events were told: gapless, given when no earlier transaction can still be under way."""

    __tablename__ = "event_sequence"

    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    event: UUID = Field(unique=True)


class Scan(SQLModel, table=True):
    """What a phone or station told us, under its own UUIDv7, and what we answered. Kept whatever the answer was."""

    __tablename__ = "scan"
    __table_args__ = (one_of("outcome", ("recorded", "flagged")),)

    id: UUID = Field(primary_key=True)
    body_sha256: bytes = Field(sa_type=LargeBinary)
    step: str
    phone_at: datetime = Field(sa_type=Instant)  # by the phone's own clock, as told
    scanned_at: datetime = Field(sa_type=Instant)  # corrected by that clock's error
    received_at: datetime = Field(sa_type=Instant)
    account_id: UUID | None = Field(default=None, foreign_key="account.id")
    device_id: UUID | None = Field(default=None, foreign_key="device.id")
    site_id: UUID | None = Field(default=None, foreign_key="site.id")
    outcome: str
    answer: Any = Field(sa_column=Column(JSONB, nullable=False))


class Finding(SQLModel, table=True):
    """What did not fit: recorded, shown to those concerned, closed by a person with a word of reason."""

    __tablename__ = "finding"
    __table_args__ = (one_of("kind", FINDING_KINDS), Index("ix_finding_open", "site_id", "closed_at"))

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    kind: str
    scan_id: UUID | None = Field(default=None, index=True)
    epc: str | None = Field(default=None, index=True)
    site_id: UUID | None = Field(default=None, foreign_key="site.id")
    found_at: datetime = Field(sa_type=Instant)
    facts: Any = Field(sa_column=Column(JSONB, nullable=False))
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by: UUID | None = Field(default=None, foreign_key="account.id")
    closed_reason: str | None = None


class EpcState(SQLModel, table=True):
    """Derived: what a key is now, by its own events in the order in which they happened."""

    __tablename__ = "epc_state"
    __table_args__ = (Index("ix_epc_state_lot", "lot_uri"), Index("ix_epc_state_place", "place", "biz_step"))

    epc: str = Field(primary_key=True)
    kind: str  # unit, lot, container, carrier, shipment, other
    lot_uri: str | None = None
    gtin: str | None = None
    quantity_kg: Decimal | None = Field(default=None, sa_type=KG)
    head_count: int | None = None
    commissioned_at: datetime | None = Field(default=None, sa_type=Instant)
    last_event_at: datetime | None = Field(default=None, sa_type=Instant)
    biz_step: str | None = None
    disposition: str | None = None
    place: str | None = None  # canonical URI of the last place its own events name
    persistent: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    sold_at: datetime | None = Field(default=None, sa_type=Instant)
    record_count: int = 0


class Containment(SQLModel, table=True):
    """Derived: a key was inside another from one moment to another (open: still is)."""

    __tablename__ = "containment"
    __table_args__ = (Index("ix_containment_parent", "parent", "from_at"),)

    child: str = Field(primary_key=True)
    from_at: datetime = Field(sa_type=Instant, primary_key=True)
    parent: str = Field(primary_key=True)
    to_at: datetime | None = Field(default=None, sa_type=Instant)


class Lineage(SQLModel, table=True):
    """Derived: an output was made from an input by one transformation."""

    __tablename__ = "lineage"
    __table_args__ = (Index("ix_lineage_input", "input", "output"),)

    output: str = Field(primary_key=True)
    input: str = Field(primary_key=True)
    event: UUID = Field(primary_key=True)


class Stake(SQLModel, table=True):
    """Derived: a party may see a key's events, because it recorded or owns it, or had it in custody."""

    __tablename__ = "stake"
    __table_args__ = (one_of("via", ("owner", "custody")), Index("ix_stake_party", "party_id", "epc"))

    epc: str = Field(primary_key=True)
    party_id: UUID = Field(primary_key=True, foreign_key="party.id")
    via: str = Field(primary_key=True)


class Lot(SQLModel, table=True):
    """Derived: what one farm or mill made of one product at one time."""

    __tablename__ = "lot"

    uri: str = Field(primary_key=True)
    gtin: str = Field(max_length=14, index=True)
    lot_number: str = Field(sa_type=Text)
    party_id: UUID | None = Field(default=None, foreign_key="party.id", index=True)
    site_uri: str | None = None
    produced_on: date | None = None  # harvested, milled or slaughtered
    quantity_kg: Decimal | None = Field(default=None, sa_type=KG)
    head_count: int | None = None
