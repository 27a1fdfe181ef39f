"""JSON-LD contexts of EPCIS documents and events: which prefix means which namespace, and who said so.

An event inherits its document's `@context`. To stand alone, it carries that inheritance in its own `@context`;
`attach` and `detach` are each other's inverse, so that an event goes back into a document as it came out of one.
Source: JSON-LD 1.1, section 4.1; EPCIS 2.0, section 10.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from tracking.epcis.vocabulary import STANDARD_NAMESPACES

Json = dict[str, Any]

EPCIS_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
# GS1 has published the same context under a few addresses; they are one to us.
_GS1_CONTEXT = re.compile(
    r"https?://(ref\.gs1\.org/standards/epcis|gs1\.github\.io/EPCIS|id\.gs1\.org)/", re.IGNORECASE
)
# JSON-LD's default, said aloud, changes nothing; it marks where an event's own context begins.
_OWN_LIST: Json = {"@propagate": True}
_OWN_SINGLE: Json = {"@propagate": True, "@version": 1.1}
# Schemes whose absolute IRIs may stand as a field's name although they look like prefix:name.
_IRI_SCHEMES = frozenset({"http", "https", "urn", "tag", "did", "info", "ni"})


class Inheritance(NamedTuple):
    """An event without what it inherited, and that."""

    event: Json
    inherited: list[Any]


def entries(context: object) -> list[Any]:
    """A `@context` value as a list of its entries, whatever its shape; nothing gives []."""
    if context is None:
        return []
    return list(cast("list[Any]", context)) if isinstance(context, list) else [context]


def is_gs1(entry: object) -> bool:
    """Whether a context entry is the address of GS1's own EPCIS context."""
    return isinstance(entry, str) and _GS1_CONTEXT.match(entry) is not None


def namespaces(*contexts: object, known: Mapping[str, str] = STANDARD_NAMESPACES) -> dict[str, str]:
    """Prefix → namespace: what is `known`, then what `contexts` declare, later ones winning. Nothing is fetched."""
    found = dict(known)
    for context in contexts:
        for entry in entries(context):
            if isinstance(entry, dict):
                found.update(_declared(cast("dict[object, object]", entry)))
    return found


def _declared(entry: Mapping[object, object]) -> Iterable[tuple[str, str]]:
    for prefix, meaning in entry.items():
        if isinstance(meaning, dict):
            meaning = cast("dict[object, object]", meaning).get("@id")
        if isinstance(prefix, str) and isinstance(meaning, str) and prefix and prefix[0] != "@":
            yield prefix, meaning


def may_declare_more(*contexts: object) -> bool:
    """Whether a context lies at an address that is not GS1's: what it declares cannot be known here."""
    return any(isinstance(entry, str) and not is_gs1(entry) for context in contexts for entry in entries(context))


def is_declared(name: str, known: Mapping[str, str]) -> bool:
    """Whether the prefix of `name` (prefix:local) is declared, or `name` is an absolute IRI by itself."""
    prefix, _, local = name.partition(":")
    return prefix in known or local.startswith("//") or prefix.lower() in _IRI_SCHEMES


def is_document(value: Json) -> bool:
    """Whether `value` says that it is a document of events, not an event."""
    return value.get("type") in ("EPCISDocument", "EPCISQueryDocument")


def event_list(document: Json) -> tuple[tuple[str, ...], list[Any]]:
    """Where the events of an EPCIS or query document lie in it, and they, whatever they are; none gives []."""
    results = ("queryResults", "resultsBody") if document.get("type") == "EPCISQueryDocument" else ()
    way = ("epcisBody", *results, "eventList")
    held: Any = document
    for step in way:
        held = cast(Json, held).get(step) if isinstance(held, dict) else None
    return way, cast("list[Any]", held) if isinstance(held, list) else []


def event_dicts(document: Json) -> list[Json]:
    """The events of an EPCIS or query document as they stand in it, or the event that `document` is by itself."""
    if not is_document(document):
        return [document]
    return [event for event in event_list(document)[1] if isinstance(event, dict)]


def attach(event: Json, document_context: object) -> Json:
    """A copy of `event` (not deep) whose `@context` also holds what it inherits from its document."""
    inherited = entries(document_context)
    if "@context" not in event:
        return {"@context": inherited, **event}
    own = event["@context"]
    own_entries = entries(own)
    mark = _OWN_LIST if isinstance(own, list) else _OWN_SINGLE
    before = [entry for entry in inherited if entry not in own_entries]  # the schema wants unique entries
    return {**event, "@context": [*before, dict(mark), *own_entries]}


def detach(event: Json) -> Inheritance:
    """What `attach` joined, apart again; a `@context` that `attach` did not write counts as inherited."""
    if "@context" not in event:
        return Inheritance(event, [])
    found = entries(event["@context"])
    for mark in (_OWN_LIST, _OWN_SINGLE):
        if mark in found:
            at = found.index(mark)
            own: Any = found[at + 1 :]
            if mark is _OWN_SINGLE and len(own) == 1:
                own = own[0]
            return Inheritance({**event, "@context": own}, found[:at])
    return Inheritance({name: value for name, value in event.items() if name != "@context"}, found)


def share(events: Sequence[Json], base: Sequence[Any]) -> tuple[list[Any], list[Json]]:
    """The context of a document that holds stand-alone `events`, and the events as they stand in it.

    `base` comes first. A prefix that two events declare differently, and a foreign address that not all of
    them inherit, stays with the event that needs it.
    """
    apart = [detach(event) for event in events]
    shared = list(base)
    prefixes: Json = {}
    for entry in shared:
        prefixes.update(_terms(entry))
    bodies: list[Json] = []
    for body, inherited in apart:
        kept: list[Any] = []
        for entry in inherited:
            if is_gs1(entry) or entry in shared:
                continue
            if isinstance(entry, dict):
                terms = _terms(cast(object, entry))
                fits = all(prefixes.get(term, meaning) == meaning for term, meaning in terms.items())
                prefixes.update(terms if fits else {})
            else:
                fits = all(entry in other.inherited for other in apart)
            (shared if fits else kept).append(entry)
        bodies.append(_with_kept(body, kept))
    return shared, bodies


def _terms(entry: object) -> Json:
    return cast(Json, entry) if isinstance(entry, dict) else {}


def _with_kept(body: Json, kept: list[Any]) -> Json:
    if not kept:
        return body
    own = entries(body.get("@context"))
    return {**body, "@context": [*[entry for entry in kept if entry not in own], *own]}
