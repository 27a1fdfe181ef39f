"""EPCIS events of our own, built from values; and what every event, ours or not, says of keys and times.

What is built stands alone (its `@context` comes first) and is valid where the values are. Source: GS1 EPCIS 2.0,
section 7.4.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypedDict, Unpack, cast

from tracking.epcis.context import EPCIS_CONTEXT, Json
from tracking.epcis.instants import parse_instant, write_instant
from tracking.epcis.vocabulary import (
    ACTIONS,
    BIZ_STEPS,
    BIZ_TRANSACTION_TYPES,
    DEGREE_CELSIUS,
    DISPOSITIONS,
    ERROR_REASONS,
    KILOGRAM,
    SENSOR_MEASUREMENTS,
    SOURCE_DESTINATION_TYPES,
    STANDARD_NAMESPACES,
    Vocabulary,
    bare_word,
)
from tracking.gs1.urn import normalise

LUMBUNG_NAMESPACE = "https://lumbung.id/ns/"
WESTERN_INDONESIA = "+07:00"  # WIB, the time of Lampung and Jakarta


class Quantity(NamedTuple):
    """So much of a class (a product or a lot), in a unit of UN/ECE Recommendation 20; counted where `uom` is None."""

    epc_class: str
    quantity: Decimal | None = None
    uom: str | None = None


class Typed(NamedTuple):
    """A business transaction, a source or a destination: its type (CBV word or URI) and its identifier."""

    type: str
    id: str


class Common(TypedDict, total=False):
    """What every event of ours may carry besides. Places are URIs, steps and dispositions CBV words or URIs.

    `time_zone_offset` is +07:00 where it is left out; `extensions` are `lumbung:…` fields.
    """

    event_id: str | None
    time_zone_offset: str
    biz_step: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    biz_transactions: Sequence[Typed]
    sources: Sequence[Typed]
    destinations: Sequence[Typed]
    sensors: Sequence[Json]
    certification: str | None
    extensions: Mapping[str, Any]


class EventTimes(NamedTuple):
    """The instants that an event names, in UTC, and the offset of the place where it happened."""

    event_time: datetime
    time_zone_offset: str
    record_time: datetime | None
    declaration_time: datetime | None


class ClassQuantity(NamedTuple):
    """What an event says of a class: its canonical URI, its role, and how much (None: not said)."""

    epc: str
    role: str
    quantity: Decimal | None
    uom: str | None


def kilograms(epc_class: str, quantity_kg: Decimal) -> Quantity:
    """A weight of a class."""
    return Quantity(epc_class, quantity_kg, KILOGRAM)


def heads(epc_class: str, head_count: int) -> Quantity:
    """A count of a class: birds, crates."""
    return Quantity(epc_class, Decimal(head_count))


def object_event(
    *,
    action: str,
    event_time: datetime,
    epcs: Sequence[str] = (),
    quantities: Sequence[Quantity] = (),
    persistent_set: Sequence[str] = (),
    persistent_unset: Sequence[str] = (),
    ilmd: Mapping[str, Any] | None = None,
    **common: Unpack[Common],
) -> Json:
    """What happened to things: ADD (they come to be), OBSERVE, DELETE. `common` is a `Common`.

    `ilmd` is only for ADD; its fields are namespaced (`cbvmda:lotNumber`, `lumbung:…`).
    """
    disposition = {"set": _each(DISPOSITIONS, persistent_set), "unset": _each(DISPOSITIONS, persistent_unset)}
    return _event(
        "ObjectEvent",
        {
            "eventTime": event_time,
            "action": _action(action),
            "epcList": list(epcs),
            "quantityList": _quantities(quantities),
            "persistentDisposition": {name: words for name, words in disposition.items() if words},
            "ilmd": dict(ilmd or {}),
        },
        common,
    )


def aggregation_event(
    *,
    action: str,
    event_time: datetime,
    parent: str,
    children: Sequence[str] = (),
    child_quantities: Sequence[Quantity] = (),
    **common: Unpack[Common],
) -> Json:
    """What went into (ADD), was seen in (OBSERVE) or came out of (DELETE) a parent; DELETE of no one empties it."""
    return _event(
        "AggregationEvent",
        {
            "eventTime": event_time,
            "action": _action(action),
            "parentID": parent,
            "childEPCs": list(children),
            "childQuantityList": _quantities(child_quantities),
        },
        common,
    )


def transformation_event(
    *,
    event_time: datetime,
    inputs: Sequence[str] = (),
    input_quantities: Sequence[Quantity] = (),
    outputs: Sequence[str] = (),
    output_quantities: Sequence[Quantity] = (),
    transformation_id: str | None = None,
    ilmd: Mapping[str, Any] | None = None,
    **common: Unpack[Common],
) -> Json:
    """Inputs that became outputs: milling, slaughter. `ilmd` describes the outputs."""
    return _event(
        "TransformationEvent",
        {
            "eventTime": event_time,
            "inputEPCList": list(inputs),
            "inputQuantityList": _quantities(input_quantities),
            "outputEPCList": list(outputs),
            "outputQuantityList": _quantities(output_quantities),
            "transformationID": transformation_id,
            "ilmd": dict(ilmd or {}),
        },
        common,
    )


def declare_error(event: Json, *, declared_at: datetime, reason: str, corrective_event_ids: Sequence[str] = ()) -> Json:
    """The same event, eventID included, with the declaration that it was wrong. `reason` is a CBV word or a URI."""
    declaration: Json = {"declarationTime": write_instant(declared_at), "reason": _word(ERROR_REASONS, reason)}
    if corrective_event_ids:
        declaration["correctiveEventIDs"] = list(corrective_event_ids)
    return {**event, "errorDeclaration": declaration}


def sensor_report(measurement: str, value: Decimal, uom: str, **fields: Any) -> Json:
    """One measurement, e.g. `sensor_report("Temperature", Decimal("4.5"), "CEL")`; `fields` as EPCIS names them."""
    return {"type": _word(SENSOR_MEASUREMENTS, measurement), "value": _number(value), "uom": uom, **fields}


def temperature_report(temperature_c: Decimal) -> Json:
    """One temperature in °C."""
    return sensor_report("Temperature", temperature_c, DEGREE_CELSIUS)


def sensor_element(
    reports: Sequence[Json],
    *,
    measured_at: datetime | None = None,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    device: str | None = None,
) -> Json:
    """Reports of one device (a URI) at one moment, or over a span of time."""
    instants = {"time": measured_at, "startTime": from_at, "endTime": to_at}
    metadata: Json = {name: write_instant(at) for name, at in instants.items() if at is not None}
    if device:
        metadata["deviceID"] = device
    return {**({"sensorMetadata": metadata} if metadata else {}), "sensorReport": list(reports)}


# --- What any event says ---------------------------------------------------------------------------


def event_times(event: Json) -> EventTimes:
    """The instants of a valid event."""
    declared = cast(Json, event.get("errorDeclaration") or {}).get("declarationTime")
    recorded = event.get("recordTime")
    return EventTimes(
        parse_instant(event["eventTime"]),
        event["eventTimeZoneOffset"],
        parse_instant(recorded) if recorded else None,
        parse_instant(declared) if declared else None,
    )


_EPC_FIELDS = (
    ("parentID", "parent"),
    ("epcList", "epc"),
    ("childEPCs", "child"),
    ("inputEPCList", "input"),
    ("outputEPCList", "output"),
)
_CLASS_FIELDS = (
    ("quantityList", "epc_class"),
    ("childQuantityList", "child_class"),
    ("inputQuantityList", "input_class"),
    ("outputQuantityList", "output_class"),
)


def epcs_of(event: Json) -> list[tuple[str, str]]:
    """Who took part in a valid event: (canonical URI, role), each once, in the order of `_EPC_FIELDS`, classes last.

    Roles: epc, parent, child, input, output; epc_class, child_class, input_class, output_class.
    """
    found: list[tuple[str, str]] = []
    for field, role in _EPC_FIELDS:
        held: Any = event.get(field)
        members: Iterable[str] = cast("list[str]", held) if isinstance(held, list) else [held] if held else []
        found += [(normalise(epc), role) for epc in members]
    found += [(quantity.epc, quantity.role) for quantity in class_quantities(event)]
    return list(dict.fromkeys(found))


def class_quantities(event: Json) -> list[ClassQuantity]:
    """What a valid event says of classes, entry by entry as told."""
    return [
        ClassQuantity(
            normalise(entry["epcClass"]),
            role,
            None if entry.get("quantity") is None else Decimal(str(entry["quantity"])),
            entry.get("uom"),
        )
        for field, role in _CLASS_FIELDS
        for entry in cast("list[Json]", event.get(field) or [])
    ]


# --- Building --------------------------------------------------------------------------------------


def _event(event_type: str, own: Json, common: Common) -> Json:
    fields = {**own, **_common(common)}
    event_time = cast(datetime, fields.pop("eventTime"))
    event: Json = {"type": event_type}
    event_id = fields.pop("eventID")
    if event_id:
        event["eventID"] = event_id
    event["eventTime"] = write_instant(event_time)
    event.update({name: value for name, value in fields.items() if value not in (None, "", [], {})})
    return {"@context": _context(event), **event}


def _common(common: Common) -> Json:
    biz_step, disposition = common.get("biz_step"), common.get("disposition")
    read_point, biz_location = common.get("read_point"), common.get("biz_location")
    return {
        "eventID": common.get("event_id"),
        "eventTimeZoneOffset": common.get("time_zone_offset", WESTERN_INDONESIA),
        "certificationInfo": common.get("certification"),
        "bizStep": biz_step and _word(BIZ_STEPS, biz_step),
        "disposition": disposition and _word(DISPOSITIONS, disposition),
        "readPoint": {"id": read_point} if read_point else None,
        "bizLocation": {"id": biz_location} if biz_location else None,
        "bizTransactionList": _typed(BIZ_TRANSACTION_TYPES, "bizTransaction", common.get("biz_transactions", ())),
        "sourceList": _typed(SOURCE_DESTINATION_TYPES, "source", common.get("sources", ())),
        "destinationList": _typed(SOURCE_DESTINATION_TYPES, "destination", common.get("destinations", ())),
        "sensorElementList": list(common.get("sensors", ())),
        **common.get("extensions", {}),
    }


def _context(event: Json) -> list[Any]:
    """GS1's context, and the prefixes that the event uses; cbvmda too, which not every reader knows by heart."""
    used = {name.partition(":")[0] for name in _names(event) if ":" in name}
    ours = {"cbvmda": STANDARD_NAMESPACES["cbvmda"], "lumbung": LUMBUNG_NAMESPACE}
    return [EPCIS_CONTEXT, *({prefix: namespace} for prefix, namespace in ours.items() if prefix in used)]


def _names(value: object) -> Iterable[str]:
    if isinstance(value, dict):
        for name, held in cast(Json, value).items():
            yield name
            yield from _names(held)
    elif isinstance(value, list):
        for held in cast("list[Any]", value):
            yield from _names(held)


def _action(action: str) -> str:
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not an action")
    return action


def _word(vocabulary: Vocabulary, value: str) -> str:
    word = bare_word(vocabulary, value)
    if word not in vocabulary.words and ":" not in word:
        raise ValueError(f"{value!r} is not a {vocabulary.name} of CBV 2.0")
    return word


def _each(vocabulary: Vocabulary, values: Sequence[str]) -> list[str]:
    return [_word(vocabulary, value) for value in values]


def _typed(vocabulary: Vocabulary, member: str, things: Sequence[Typed]) -> list[Json]:
    return [{"type": _word(vocabulary, thing.type), member: thing.id} for thing in things]


def _quantities(quantities: Sequence[Quantity]) -> list[Json]:
    return [
        {
            "epcClass": each.epc_class,
            **({} if each.quantity is None else {"quantity": _number(each.quantity)}),
            **({"uom": each.uom} if each.uom else {}),
        }
        for each in quantities
    ]


def _number(value: Decimal) -> int | float:
    """A decimal as the JSON number that reads back the same; kilograms have three decimals, which a double keeps."""
    return int(value) if value == value.to_integral_value() else float(value)
