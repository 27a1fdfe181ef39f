"""What happened to one key, in the order in which it happened; and what follows from that. Pure.

State and containment are folds over happenings sorted by (time, hash): whatever the order in which they were told,
they come out the same. Source of the rules: docs/adr/0004.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

GS1 = "https://id.gs1.org"
# Steps that prove a unit stands on the floor of a place, and so is off the truck even if nobody scanned the unloading.
ON_THE_FLOOR = frozenset({"accepting", "receiving", "storing", "stocking", "retail_selling"})
SOLD = frozenset({"retail_selling"})


def kind_of(epc: str) -> str:
    """What a canonical URI names: unit, lot, container, carrier, shipment, or other."""
    if epc.startswith(f"{GS1}/00/"):
        return "unit"
    if epc.startswith(f"{GS1}/8004/"):
        return "carrier"
    if epc.startswith(f"{GS1}/8003/"):
        return "container"
    if epc.startswith(f"{GS1}/402/"):
        return "shipment"
    if epc.startswith(f"{GS1}/01/") and "/10/" in epc and "/21/" not in epc:
        return "lot"
    return "other"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event seen from one key that took part in it."""

    event: UUID
    hash: str
    at: datetime
    type: str
    action: str | None
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    epc: str
    role: str  # the key's part in it; "emptied" where its parent was emptied without naming the children
    parent: str | None
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    scan_id: UUID | None = None
    party_id: UUID | None = None

    @property
    def place(self) -> str | None:
        """Where it happened: the read point, else the business location."""
        return self.read_point or self.biz_location


def in_order(happenings: Iterable[Happening]) -> list[Happening]:
    """The happenings in the one order: by time, then by hash; of one event the key's parts in it, by name."""
    return sorted(happenings, key=lambda happening: (happening.at, happening.hash, happening.role))


@dataclass(frozen=True, slots=True)
class Interval:
    """The key was inside `parent` from one moment to another (None: still is)."""

    parent: str
    from_at: datetime
    to_at: datetime | None


def intervals(happenings: Iterable[Happening]) -> list[Interval]:
    """When the key was directly inside what.

    A key is in one parent at a time: being put into another ends the stay in the first, as does being on the floor of
    a place while the parent is a truck or vessel, being consumed, or being sold. Stays of no length are left out.
    """
    stays: list[Interval] = []
    inside: tuple[str, datetime] | None = None

    def leave(at: datetime) -> None:
        nonlocal inside
        if inside is not None and inside[1] < at:
            stays.append(Interval(inside[0], inside[1], at))
        inside = None

    for happening in in_order(happenings):
        if happening.role == "child" and happening.parent is not None:
            if happening.action == "DELETE":
                if inside is not None and inside[0] == happening.parent:
                    leave(happening.at)
            elif inside is None or inside[0] != happening.parent:
                leave(happening.at)
                inside = (happening.parent, happening.at)
        elif happening.role == "emptied":
            if inside is not None and inside[0] == happening.parent:
                leave(happening.at)
        elif inside is not None and (
            happening.role == "input"
            or happening.action == "DELETE"
            or happening.biz_step in SOLD
            or (happening.biz_step in ON_THE_FLOOR and kind_of(inside[0]) == "carrier")
        ):
            leave(happening.at)
    if inside is not None:
        stays.append(Interval(inside[0], inside[1], None))
    return stays


@dataclass(slots=True)
class KeyState:
    """What a key is now, by its own events."""

    lot_uri: str | None = None
    quantity_kg: Decimal | None = None
    head_count: int | None = None
    commissioned_at: datetime | None = None
    last_event_at: datetime | None = None
    biz_step: str | None = None
    disposition: str | None = None
    place: str | None = None
    persistent: list[str] = field(default_factory=list[str])
    sold_at: datetime | None = None
    record_count: int = 0


def is_tagging(happening: Happening) -> bool:
    """Whether this gave the key its contents or its existence: packing a class into it, or commissioning it."""
    if happening.action != "ADD":
        return happening.role == "output"
    return happening.role == "parent" or (happening.role == "epc" and happening.biz_step == "commissioning")


def contents(happening: Happening) -> tuple[str | None, Decimal | None, int | None]:
    """Lot (as the event spells it), kilograms and heads that a tagging put into the key."""
    lot: str | None = None
    kg: Decimal | None = None
    heads: int | None = None
    listed: Any = happening.document.get("childQuantityList") or happening.document.get("quantityList") or []
    for quantity in cast("list[dict[str, Any]]", listed):
        lot = quantity.get("epcClass", lot)
        if quantity.get("quantity") is None:
            continue
        if quantity.get("uom") == "KGM":
            kg = (kg or Decimal(0)) + Decimal(str(quantity["quantity"]))
        elif quantity.get("uom") is None:
            heads = (heads or 0) + int(quantity["quantity"])
    return lot, kg, heads


def fold(happenings: Iterable[Happening]) -> KeyState:
    """A key's state by its happenings, whatever the order in which they come."""
    state = KeyState()
    persistent: set[str] = set()
    for happening in in_order(happenings):
        if happening.role == "emptied":
            continue
        if is_tagging(happening) and state.commissioned_at is None:
            state.commissioned_at = happening.at
            if happening.role == "parent":
                state.lot_uri, state.quantity_kg, state.head_count = contents(happening)
        if happening.biz_step in SOLD and state.sold_at is None:
            state.sold_at = happening.at
        told = cast("dict[str, list[str]]", happening.document.get("persistentDisposition") or {})
        persistent |= set(told.get("set", ()))
        persistent -= set(told.get("unset", ()))
        state.last_event_at = happening.at
        state.biz_step = happening.biz_step or state.biz_step
        state.disposition = happening.disposition or state.disposition
        state.place = happening.biz_location or happening.read_point or state.place
        state.record_count += 1
    state.persistent = sorted(persistent)
    return state
