"""The parts of a story that follow from its rows alone: beginnings, freshness, how it was kept, plain values. Pure.

What is told to the public names a farm by its village only, to the kilometre.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from tracking.gs1.keys import tail
from tracking.itinerary import Stop
from tracking.verdict import Reason

Row = dict[str, Any]
WIB = timedelta(hours=7)


def is_tagging(row: Row) -> bool:
    """Whether the unit itself got its contents or its existence by this event."""
    if not row["own"]:
        return False
    if row["role"] == "parent":
        return row["action"] == "ADD" and bool(row["document"].get("childQuantityList"))
    return row["role"] == "output" or (row["role"] == "epc" and row["biz_step"] == "commissioning")


def beginnings(inputs: Sequence[Row]) -> list[Stop]:
    """The harvests behind a processed product as one first stop: from the first day to the last, at how many farms."""
    farmed = [row for row in inputs if row["harvested"] and row["commissioned_at"]]
    if not farmed:
        return []
    first = min(farmed, key=lambda row: row["commissioned_at"])
    last = max(farmed, key=lambda row: row["commissioned_at"])
    villages = sorted({row["village"] for row in farmed if row["village"]})
    place = {
        "name": first["place"],
        "kind": "farm",
        "village": first["village"],
        "district": first["district"],
        "province": first["province"],
        "uri": first["place_uri"],
        "lon": first["lon"],
        "lat": first["lat"],
    }
    detail = {"farms": len({row["place_uri"] for row in farmed}), "villages": villages, "units": len(farmed)}
    return [Stop("harvested", first["commissioned_at"], last["commissioned_at"], place, None, detail, len(farmed))]


def as_read(row: Row) -> Row:
    """A history row as the itinerary reads it."""
    place = only(row, "name", "kind", "village", "district", "province", "lon", "lat", "uri") if row["uri"] else None
    carrier = {"kind": row["carrier_kind"], "name": row["carrier_name"]} if row["carrier_kind"] else None
    document = row["document"]
    detail = {
        "result": row["disposition"] if row["biz_step"] == "inspecting" else None,
        "seal": document.get("lumbung:seal"),
        "room": document.get("lumbung:room"),
        "temperature_c": next(iter(_temperatures(document)), None),
        "reason": document.get("lumbung:reason"),
    }
    transformed = row["type"] == "TransformationEvent"
    step = "transforming" if transformed else "tagging" if is_tagging(row) else row["biz_step"] or "observed"
    return {"at": row["at"], "step": step, "place": place, "carrier": carrier, "detail": detail}


def _temperatures(document: Row) -> list[float]:
    elements = cast("list[Row]", document.get("sensorElementList") or [])
    return [
        report["value"]
        for element in elements
        for report in cast("list[Row]", element.get("sensorReport") or [])
        if report.get("type") == "Temperature" and isinstance(report.get("value"), int | float)
    ]


def kept(history: Sequence[Row], product: Row | None) -> Row | None:
    """Which zone the product asks for, and what was measured on the way (°C)."""
    if product is None:
        return None
    limit = product["temperature_max_c"]
    zone = "ambient" if limit is None else "frozen" if limit <= -12 else "chilled" if limit <= 10 else "dry"
    measured = [value for row in history for value in _temperatures(row["document"])]
    return {
        "zone": zone,
        "min_c": min(measured, default=None),
        "max_c": max(measured, default=None),
        "readings": len(measured),
        "excursions": sum(1 for value in measured if limit is not None and value > limit),
    }


def freshness(made: date, product: Row | None, inputs: Sequence[Row], now: datetime) -> Row:
    """How old it is on WIB's calendar day, until when it is good, and when what went into it was harvested."""
    today = (now + WIB).date()
    farmed = [row["produced_on"] for row in inputs if row["harvested"] and row["produced_on"]]
    best_before = made + timedelta(days=product["shelf_life_days"]) if product else None
    return {
        "produced_on": made.isoformat(),
        "days": (today - made).days,
        "best_before": best_before.isoformat() if best_before else None,
        "days_left": (best_before - today).days if best_before else None,
        "harvested_from": min(farmed).isoformat() if farmed else None,
        "harvested_to": max(farmed).isoformat() if farmed else None,
    }


def price_told(history: Sequence[Row]) -> Row | None:
    """The last price told at a shelf or a till, IDR per kg."""
    for row in reversed(history):
        price = row["document"].get("lumbung:priceIdrPerKg")
        if price is not None:
            on = (row["at"] + WIB).date().isoformat()
            return {"price_idr_kg": price, "on": on, "place": row["name"], "province": row["province"]}
    return None


def product_told(product: Row | None) -> Row | None:
    """A product as told: names, shelf life in days, temperature band in °C."""
    if product is None:
        return None
    names = ("gtin", "commodity", "name_id", "name_en", "grade", "shelf_life_days", "counted", "harvested")
    band = {name: plain(product[name]) for name in ("temperature_min_c", "temperature_max_c")}
    return only(product, *names) | band


def reason_told(reason: Reason) -> Row:
    """A reason of the verdict as told."""
    return {"kind": reason.kind, "at": plain(reason.at), "place": reason.place, "facts": reason.facts}


def stop_told(stop: Stop, *, exact: bool) -> Row:
    """A stop as told; a farm to the public only by its village, to the kilometre."""
    place = stop.place
    if place and place["kind"] == "farm" and not exact:
        near = {"lon": round(place["lon"], 2), "lat": round(place["lat"], 2), "name": place["village"], "uri": None}
        place = place | near
    return {
        "step": stop.step,
        "from": stop.from_at.isoformat(),
        "to": stop.to_at.isoformat(),
        "place": place,
        "carrier": stop.carrier,
        "detail": stop.detail,
        "records": stop.records,
    }


def input_told(made_from: Row) -> Row:
    """One unit that went into the product, as told."""
    return {
        "epc": made_from["epc"],
        "tail": tail(made_from["epc"][-18:]),
        "name_id": made_from["name_id"],
        "name_en": made_from["name_en"],
        "group": made_from["group_name"],
        "village": made_from["village"],
        "produced_on": plain(made_from["produced_on"]),
        "quantity_kg": plain(made_from["quantity_kg"]),
    }


def event_told(row: Row) -> Row:
    """One event of the history as told to who may see it, whole."""
    names = (
        "type",
        "action",
        "biz_step",
        "disposition",
        "read_point",
        "name",
        "epc",
        "role",
        "own",
        "hash",
        "document",
    )
    return {"id": str(row["id"]), "at": row["at"].isoformat(), **only(row, *names)}


def plain(value: Any) -> Any:
    """A value as JSON holds it: decimals and days as text."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def only(row: Row, *names: str) -> Row:
    """The row with these columns alone."""
    return {name: row[name] for name in names}
