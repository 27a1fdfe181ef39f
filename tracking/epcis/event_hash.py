"""Event hash ids: the name that an event has by what it says, the same whoever computes it.

`pre_hash` writes an event as one canonical line, `event_hash` is its SHA-256 as an `ni:` URI.
Source: GS1 CBV 2.0, section 8.9, as GS1's reference implementation and its published vectors read it
(RalphTro/epcis-event-hash-generator): the lists of typed members, the ILMD and the extensions follow the other
fields in the order of their spelling, not in the order of the standard's table. See docs/adr/0003.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from tracking.epcis.context import Json, event_dicts, namespaces
from tracking.epcis.instants import canonical_instant
from tracking.epcis.vocabulary import (
    BIZ_STEPS,
    BIZ_TRANSACTION_TYPES,
    DISPOSITIONS,
    SENSOR_ALERTS,
    SENSOR_COMPONENTS,
    SENSOR_MEASUREMENTS,
    SOURCE_DESTINATION_TYPES,
    Vocabulary,
    standard_uri,
    web_uri,
)
from tracking.gs1.urn import normalise

DEPTH_MAX = 64  # levels of nesting in an extension; deeper ones are refused by `document.validate`

# What an event's name does not depend on: its names, when it was recorded, what was later said about it.
_LEFT_OUT = frozenset({"type", "eventID", "recordTime", "errorDeclaration", "rdfs:comment", "comment"})

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_NUMBER_LENGTH_MAX = 64  # characters; longer digits are a name, not a quantity
Write = Callable[[str, Any, "_Names"], str]


class _Names:
    """The prefixes in force where a value stands, and the fields that the sender asks to be left out."""

    def __init__(self, known: Mapping[str, str], left_out: Collection[str]) -> None:
        self.known = known
        self.left_out = left_out

    def within(self, value: Mapping[str, Any]) -> "_Names":
        """The same where `value` declares nothing of its own, else with its declarations."""
        own = value.get("@context")
        return self if own is None else _Names(namespaces(own, known=self.known), self.left_out)

    def field(self, name: str) -> str:
        """A field's name as the pre-hash string has it: `{namespace}local`, or as it stands."""
        if name in ("@id", "@type"):
            return name[1:]
        prefix, colon, local = name.partition(":")
        if not colon:
            return name
        if prefix in self.known:
            return f"{{{self.known[prefix]}}}{local}"
        if local.startswith("//") or prefix == "urn":
            cut = max(name.rfind(mark) for mark in "/#:") + 1
            return f"{{{name[:cut]}}}{name[cut:]}"
        return name

    def value(self, text: str) -> str:
        """A compact URI written out, where its prefix is declared."""
        prefix, colon, local = text.partition(":")
        return self.known[prefix] + local if colon and prefix in self.known else text


def event_hash(event: Json, context: object = None, *, ignore: Iterable[str] = ()) -> str:
    """`ni:///sha-256;…?ver=CBV2.0` of an event; see `pre_hash` for what the arguments mean."""
    digest = hashlib.sha256(pre_hash(event, context, ignore=ignore).encode("utf-8", "surrogatepass")).hexdigest()
    return f"ni:///sha-256;{digest}?ver=CBV2.0"


def hashes_of(document: Json) -> list[str]:
    """The hash id of every event of an EPCIS or query document, in its order; its `ignoreFields` are honoured."""
    context = document.get("@context")
    ignore = ignored_fields(document)
    return [event_hash(event, context, ignore=ignore) for event in event_dicts(document)]


def ignored_fields(document: Json) -> list[str]:
    """The extension fields that a document asks to be left out of its events' hashes (`…:ignoreFields`)."""
    for name, value in document.items():
        if name.partition(":")[2] == "ignoreFields" and isinstance(value, list):
            return [field for field in cast("list[object]", value) if isinstance(field, str)]
    return []


def pre_hash(event: Json, context: object = None, *, ignore: Iterable[str] = ()) -> str:
    """The canonical line of an event.

    `context` is the `@context` of its document (not needed where the event stands alone); `ignore` names
    extension fields to leave out, as `prefix:name`. Any mapping gives a line; only of valid events does it
    mean something.
    """
    names = _Names(namespaces(context), ()).within(event)
    names.left_out = frozenset(ignore) | {names.field(field) for field in ignore}
    parts = [_leaf("eventType", event.get("type"), names)]
    parts += [write(field, event.get(field), names) for field, write in _FIRST]
    rest = [write(field, event[field], names) for field, write in _LAST if field in event]
    standard = {field for field, _ in _FIRST} | {field for field, _ in _LAST}
    rest += _extensions(event, standard, names, 0)
    return "".join([*parts, *sorted(rest)])


# --- Values ----------------------------------------------------------------------------------------


def _text(value: object, names: _Names) -> str:
    """A value as canonical text; nothing gives ""."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return canonical_number(str(value))
    text = standard_uri(names.value(str(value).strip()))
    return _canonical_uri(canonical_number(text))


@lru_cache(maxsize=4096)
def _canonical_uri(text: str) -> str:
    return normalise(text) if ":" in text else text


def canonical_number(text: str) -> str:
    """A decimal number without sign +, leading and trailing zeros, or exponent; other text unchanged."""
    if len(text) > _NUMBER_LENGTH_MAX or not _NUMBER.fullmatch(text):
        return text
    plain = format(Decimal(text), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    negative = plain.startswith("-")
    digits = plain.lstrip("-").lstrip("0")
    if not digits or digits.startswith("."):
        digits = "0" + digits
    return f"-{digits}" if negative and digits != "0" else digits


# --- Fields ----------------------------------------------------------------------------------------


def _members(value: object) -> list[Any]:
    """The members of a list (lists in lists flattened, nothing left out), or the one value."""
    if not isinstance(value, list):
        return [] if value is None else [value]
    flat: list[Any] = []
    waiting = list(reversed(cast("list[Any]", value)))
    while waiting:
        member = waiting.pop()
        if isinstance(member, list):
            waiting.extend(reversed(cast("list[Any]", member)))
        elif member is not None:
            flat.append(member)
    return flat


def _leaf(field: str, value: object, names: _Names) -> str:
    lines = (_text(member, names) for member in _members(value))
    return "".join(sorted(f"{field}={line}" for line in lines if line))


def _instant(field: str, value: object, names: _Names) -> str:
    del names
    return "".join(f"{field}={canonical_instant(str(member).strip())}" for member in _members(value))


def _verbatim(field: str, value: object, names: _Names) -> str:
    """Text that looks like a number in places and is none: units, strings, hexadecimal digits."""
    del names
    return "".join(f"{field}={str(member).strip()}" for member in _members(value) if str(member).strip())


def _word_of(vocabulary: Vocabulary) -> Write:
    def write(field: str, value: object, names: _Names) -> str:
        words = [web_uri(vocabulary, m.strip()) if isinstance(m, str) else m for m in _members(value)]
        return _leaf(field, words, names)

    return write


def _list_of(member_name: str) -> Write:
    def write(field: str, value: object, names: _Names) -> str:
        line = _leaf(member_name, value, names)
        return field + line if line else ""

    return write


def _mapping(fields: Mapping[str, Write], *, extensible: bool = True) -> Write:
    """How an element with known fields is written: those in order, then what else it holds, sorted."""

    def write(field: str, value: object, names: _Names) -> str:
        lines: list[str] = []
        for member in _members(value):
            if not isinstance(member, dict):
                lines.append(_leaf("id", member, names))
                continue
            held = cast(Json, member)
            inner = names.within(held)
            parts = [each(name, held[name], inner) for name, each in fields.items() if name in held]
            if extensible:
                parts += sorted(_extensions(held, fields.keys(), inner, 0, skip_type=False))
            lines.append("".join(parts))
        return "".join(sorted(field + line for line in lines if line))

    return write


def _once(outer: Write, name: str = "") -> Write:
    """A list's name once, then its members, each under `name`."""

    def write(field: str, value: object, names: _Names) -> str:
        line = outer(name, value, names)
        return field + line if line else ""

    return write


def _ilmd(field: str, value: object, names: _Names) -> str:
    if not isinstance(value, dict):
        return ""
    held = cast(Json, value)
    return field + "".join(sorted(_extensions(held, (), names.within(held), 0, skip_type=False)))


def _extensions(
    held: Mapping[str, Any], known: Collection[str], names: _Names, depth: int, *, skip_type: bool = True
) -> list[str]:
    """Every field of `held` that is not among `known`, each written out with all that it holds."""
    lines: list[str] = []
    if depth > DEPTH_MAX:
        return lines
    for name, value in held.items():
        left_out = name in _LEFT_OUT and (skip_type or name != "type")
        if left_out or name in known or name in names.left_out or (name[:1] == "@" and name not in ("@id", "@type")):
            continue
        field = names.field(name)
        if field in names.left_out:
            continue
        for member in _members(value):
            if isinstance(member, dict):
                inner = cast(Json, member)
                nested = _extensions(inner, (), names.within(inner), depth + 1, skip_type=False)
                lines.append(field + "".join(sorted(nested)))
            else:
                text = _text(member, names)
                lines.append(f"{field}={text}" if text else field)
    return lines


_QUANTITIES = _once(
    _mapping({"epcClass": _leaf, "quantity": _leaf, "uom": _verbatim}, extensible=False), "quantityElement"
)
_EPCS = _list_of("epc")
_PLACE = _mapping({"id": _leaf})
_SENSOR_METADATA = _mapping(
    {
        "time": _instant,
        "startTime": _instant,
        "endTime": _instant,
        "deviceID": _leaf,
        "deviceMetadata": _leaf,
        "rawData": _leaf,
        "dataProcessingMethod": _leaf,
        "bizRules": _leaf,
    }
)
_SENSOR_REPORT = _mapping(
    {
        "type": _word_of(SENSOR_MEASUREMENTS),
        "exception": _word_of(SENSOR_ALERTS),
        "deviceID": _leaf,
        "deviceMetadata": _leaf,
        "rawData": _leaf,
        "dataProcessingMethod": _leaf,
        "time": _instant,
        "microorganism": _leaf,
        "chemicalSubstance": _leaf,
        "value": _leaf,
        "component": _word_of(SENSOR_COMPONENTS),
        "stringValue": _verbatim,
        "booleanValue": _leaf,
        "hexBinaryValue": _verbatim,
        "uriValue": _leaf,
        "minValue": _leaf,
        "maxValue": _leaf,
        "meanValue": _leaf,
        "sDev": _leaf,
        "percRank": _leaf,
        "percValue": _leaf,
        "uom": _verbatim,
        "coordinateReferenceSystem": _leaf,
    }
)


def _typed(vocabulary: Vocabulary, member: str) -> Write:
    """A list whose members have a type, which is written before what it types."""
    return _once(_mapping({"type": _word_of(vocabulary), member: _leaf}, extensible=False))


# In this order …
_FIRST: tuple[tuple[str, Write], ...] = (
    ("eventTime", _instant),
    ("eventTimeZoneOffset", _verbatim),
    ("certificationInfo", _leaf),
    ("epcList", _EPCS),
    ("parentID", _leaf),
    ("inputEPCList", _EPCS),
    ("childEPCs", _EPCS),
    ("quantityList", _QUANTITIES),
    ("childQuantityList", _QUANTITIES),
    ("inputQuantityList", _QUANTITIES),
    ("outputEPCList", _EPCS),
    ("outputQuantityList", _QUANTITIES),
    ("action", _verbatim),
    ("transformationID", _leaf),
    ("bizStep", _word_of(BIZ_STEPS)),
    ("disposition", _word_of(DISPOSITIONS)),
    (
        "persistentDisposition",
        _mapping({"set": _word_of(DISPOSITIONS), "unset": _word_of(DISPOSITIONS)}, extensible=False),
    ),
    ("readPoint", _PLACE),
    ("bizLocation", _PLACE),
    (
        "sensorElementList",
        _once(_mapping({"sensorMetadata": _SENSOR_METADATA, "sensorReport": _SENSOR_REPORT}), "sensorElement"),
    ),
)
# … and these after them, sorted together with the extensions.
_LAST: tuple[tuple[str, Write], ...] = (
    ("bizTransactionList", _typed(BIZ_TRANSACTION_TYPES, "bizTransaction")),
    ("destinationList", _typed(SOURCE_DESTINATION_TYPES, "destination")),
    ("ilmd", _ilmd),
    ("sourceList", _typed(SOURCE_DESTINATION_TYPES, "source")),
)
