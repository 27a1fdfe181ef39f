"""From one scan to the EPCIS events that it means. Pure.

The table of steps in the design's domain page, in code: which event type, business step and disposition each scan
becomes. Events of one scan follow one another by a millisecond, so that their order is told, not left to chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from tracking import steps
from tracking.epcis.context import Json
from tracking.epcis.events import (
    Quantity,
    Typed,
    aggregation_event,
    declare_error,
    heads,
    kilograms,
    object_event,
    sensor_element,
    sensor_report,
    temperature_report,
    transformation_event,
)

WIB = timezone(timedelta(hours=7))
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Made:
    """A unit that came out of a transformation: its URI, weight and heads."""

    epc: str
    quantity_kg: Decimal
    head_count: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scan's words stand for, looked up: canonical URIs, and the product's nature."""

    at: datetime
    site: str
    tags: tuple[str, ...] = ()
    parent: str | None = None
    carrier: str | None = None
    carriers: tuple[str, ...] = ()  # trucks and containers that go onto the carrier, or come off it
    shipment: str | None = None
    lot: str | None = None
    lot_number: str | None = None
    produced_on: date | None = None
    harvested: bool = True
    owner: str | None = None
    previous_owner: str | None = None
    outputs: tuple[Made, ...] = ()


def events_for(step: steps.AnyStep, facts: Facts) -> list[Json]:
    """The events that a scan means, in order. Never empty, but for a correction (see `declared_wrong`)."""
    match step:
        case steps.Commissioning():
            return _commissioned(step, facts)
        case steps.Packing():
            return [_moved("ADD", "packing", facts, facts.parent)]
        case steps.Loading():
            return [_moved("ADD", "loading", facts, facts.carrier)]
        case steps.Unloading():
            return [_moved("DELETE", "unloading", facts, facts.carrier)]
        case steps.Passing(step="departing"):
            return [_observed(facts, "departing", "in_transit", stays=False)]
        case steps.Passing():
            return [_observed(facts, "arriving", None)]
        case steps.Inspecting():
            return [_inspected(step, facts)]
        case steps.Accepting():
            return [_observed(facts, "accepting", "in_progress", **_change_of_owner(facts))]
        case steps.Storing():
            return [_observed(facts, "storing", "sellable_not_accessible", extensions=_ours(room=step.room))]
        case steps.Picking():
            return [_observed(facts, "picking", "in_progress", extensions=_ours(order=step.order))]
        case steps.Transforming():
            return _transformed(facts)
        case steps.Stocking():
            price = _ours(priceIdrPerKg=step.price_idr_kg)
            return [_observed(facts, "stocking", "sellable_accessible", extensions=price)]
        case steps.Selling():
            price = _ours(priceIdrPerKg=step.price_idr_kg)
            return [_observed(facts, "retail_selling", "retail_sold", stays=False, extensions=price)]
        case steps.Holding():
            return [_held(step, facts)]
        case steps.Measuring():
            sensors = [sensor_element([temperature_report(step.temperature_c)])]
            return [_observed(facts, "sensor_reporting", None, sensors=sensors)]
        case steps.Correcting():
            return []


def declared_wrong(original: Json, *, event_id: str, at: datetime, reason: str) -> Json:
    """The same event again with an error declaration: it keeps the original's eventID, and its hash ignores both."""
    declared = declare_error({**original, "eventID": event_id}, declared_at=at, reason="incorrect_data")
    declared["errorDeclaration"]["lumbung:reason"] = reason
    return declared


def _common(facts: Facts, biz_step: str, disposition: str | None, *, stays: bool) -> Any:
    """What every event says; `stays`: what was seen is there afterwards (bizLocation)."""
    return {
        "biz_step": biz_step,
        "disposition": disposition,
        "read_point": facts.site,
        "biz_location": facts.site if stays else None,
        "biz_transactions": [Typed("bol", facts.shipment)] if facts.shipment else [],
    }


def _ours(**fields: object) -> Json:
    """Extension fields for what the CBV has no word for: room, price, seal, moisture. Empty ones are left out."""
    told = {name: float(value) if isinstance(value, Decimal) else value for name, value in fields.items()}
    return {f"lumbung:{name}": value for name, value in told.items() if value is not None}


def _observed(facts: Facts, biz_step: str, disposition: str | None, *, stays: bool = True, **more: Any) -> Json:
    """Units, or a carrier, were seen."""
    return object_event(
        action="OBSERVE",
        event_time=facts.at,
        epcs=facts.tags or _carrier(facts),
        **_common(facts, biz_step, disposition, stays=stays),
        **more,
    )


def _carrier(facts: Facts) -> tuple[str, ...]:
    return (facts.carrier,) if facts.carrier else ()


def _moved(action: str, biz_step: str, facts: Facts, parent: str | None) -> Json:
    """Units or trucks went into a parent, or came out."""
    return aggregation_event(
        action=action,
        event_time=facts.at,
        parent=parent or "",
        children=facts.tags + facts.carriers,
        **_common(facts, biz_step, "in_progress", stays=False),
    )


def _commissioned(step: steps.Commissioning, facts: Facts) -> list[Json]:
    contents = _contents(facts, step.quantity_kg, step.head_count)
    made = object_event(
        action="ADD",
        event_time=facts.at,
        quantities=contents,
        ilmd=_ilmd(facts),
        extensions=_ours(photo=f"ni:///sha-256;{step.photo}" if step.photo else None),
        **_common(facts, "commissioning", "active", stays=True),
    )
    return [made, _packed(facts, 1, facts.tags[0], contents)]


def _contents(facts: Facts, kg: Decimal, head_count: int | None) -> list[Quantity]:
    """A lot's kilograms and, beside them, its heads."""
    lot = facts.lot or ""
    return [kilograms(lot, kg), *([heads(lot, head_count)] if head_count is not None else [])]


def _packed(facts: Facts, offset: int, parent: str, contents: Sequence[Quantity]) -> Json:
    """So much of a lot went into a unit, `offset` milliseconds after the scan."""
    return aggregation_event(
        action="ADD",
        event_time=facts.at + offset * MILLISECOND,
        parent=parent,
        child_quantities=contents,
        **_common(facts, "packing", "in_progress", stays=True),
    )


def _ilmd(facts: Facts) -> Json:
    made = (facts.produced_on or facts.at.astimezone(WIB).date()).isoformat()
    date_of = "cbvmda:harvestStartDate" if facts.harvested else "lumbung:productionDate"
    return {"cbvmda:lotNumber": facts.lot_number, date_of: made}


def _inspected(step: steps.Inspecting, facts: Facts) -> Json:
    reports = [temperature_report(step.temperature_c)] if step.temperature_c is not None else []
    if step.weight_kg is not None:
        reports.append(sensor_report("Mass", step.weight_kg, "KGM"))
    told = _ours(headCount=step.head_count, moisturePercent=step.moisture_percent, seal=step.seal)
    sensors = [sensor_element(reports)] if reports else []
    return _observed(facts, "inspecting", step.result, sensors=sensors, extensions=told)


def _change_of_owner(facts: Facts) -> dict[str, Any]:
    if not facts.owner or facts.owner == facts.previous_owner:
        return {}
    sources = [Typed("owning_party", facts.previous_owner)] if facts.previous_owner else []
    return {"sources": sources, "destinations": [Typed("owning_party", facts.owner)]}


def _transformed(facts: Facts) -> list[Json]:
    kg = sum((output.quantity_kg for output in facts.outputs), Decimal(0))
    counts = [output.head_count for output in facts.outputs if output.head_count is not None]
    made = transformation_event(
        event_time=facts.at,
        inputs=facts.tags,
        output_quantities=_contents(facts, kg, sum(counts) if counts else None),
        ilmd=_ilmd(facts),
        **_common(facts, "commissioning", "active", stays=True),
    )
    packed = [
        _packed(facts, offset, output.epc, _contents(facts, output.quantity_kg, output.head_count))
        for offset, output in enumerate(facts.outputs, start=1)
    ]
    return [made, *packed]


def _held(step: steps.Holding, facts: Facts) -> Json:
    setting = {"holding": ["non_sellable_other"], "recalling": ["recalled"]}
    return object_event(
        action="OBSERVE",
        event_time=facts.at,
        epcs=facts.tags,
        quantities=[Quantity(facts.lot)] if facts.lot else [],
        extensions=_ours(reason=step.reason),
        persistent_set=setting.get(step.step, []),
        persistent_unset=["non_sellable_other", "recalled"] if step.step == "releasing" else [],
        **_common(facts, "holding", None, stays=False),
    )
