"""EPCIS 2.0 documents in JSON-LD: refused or accepted, taken apart into events, put together from them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, cast

from core.errors import Invalid
from tracking.epcis.context import (
    EPCIS_CONTEXT,
    Json,
    attach,
    detach,
    event_dicts,
    event_list,
    is_document,
    is_gs1,
    share,
)
from tracking.epcis.instants import write_instant
from tracking.epcis.validation import (
    FAULTS_MAX,
    SCHEMA_PATH,
    Fault,
    json_faults,
    pointer,
    schema_faults,
    standard_faults,
)

SCHEMA_VERSION = "2.0"


class InvalidDocument(Invalid):
    """An EPCIS document that is not to be captured. `faults` says where (JSON pointer) and why."""

    title = "This is not a valid EPCIS 2.0 document"

    def __init__(self, faults: Sequence[Fault]) -> None:
        told = "; ".join(f"{where or '/'} {why}" for where, why in faults[:3])
        more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
        super().__init__(told + more, faults=list(faults))
        self.faults = list(faults)


def validate(document: object, *, schema_path: Path = SCHEMA_PATH) -> None:
    """Accept an EPCISDocument, an EPCISQueryDocument or a single event with its `@context`, or raise InvalidDocument.

    Checked in this order, the first that finds anything speaks: plain JSON of bounded depth; GS1's schema with
    formats asserted; what EPCIS 2.0 says beyond it. Raises RuntimeError where the schema was never installed.
    """
    if not isinstance(document, dict):
        raise InvalidDocument([("", "an EPCIS document is a JSON object")])
    held = cast(Json, document)
    faults = list(islice(json_faults(held), FAULTS_MAX)) or list(islice(_untyped(held), FAULTS_MAX))
    faults = faults or schema_faults(held, schema_path)
    faults = faults or list(islice(standard_faults(held), FAULTS_MAX))
    if faults:
        raise InvalidDocument(list(dict.fromkeys(faults)))


def _untyped(document: Json) -> Iterator[Fault]:
    """Documents and events without a type: the schema would hold every type's demands against them."""
    if not isinstance(document.get("type"), str):
        yield "/type", "is missing or not text"
    way, events = event_list(document)
    for at, event in enumerate(events):
        if not isinstance(event, dict):
            yield pointer((*way, at)), "an event is a JSON object"
        elif not isinstance(cast(Json, event).get("type"), str):
            yield pointer((*way, at, "type")), "is missing or not text"


def events_of(document: Json) -> list[Json]:
    """The events of a valid document, each standing alone: its `@context` also holds what it inherited.

    `document_of` undoes this exactly. A single event is its own list.
    """
    if not is_document(document):
        return [document]
    return [attach(event, document.get("@context")) for event in event_dicts(document)]


def as_it_came(event: Json) -> Json:
    """A stand-alone event as it stood in its document: without the context that it inherited there."""
    return detach(event).event


def document_of(
    events: Sequence[Json], *, created_at: datetime, contexts: Sequence[Any] = (), document_id: str | None = None
) -> Json:
    """One EPCISDocument holding stand-alone events as they came, its `@context` holding what they share.

    `created_at` is aware; `contexts` are further entries for the document's `@context`.
    """
    context, bodies = _shared(events, contexts)
    return {
        "@context": context,
        **({"id": document_id} if document_id else {}),
        "type": "EPCISDocument",
        "schemaVersion": SCHEMA_VERSION,
        "creationDate": write_instant(created_at),
        "epcisBody": {"eventList": bodies},
    }


def query_document_of(
    events: Sequence[Json],
    *,
    created_at: datetime,
    query_name: str = "SimpleEventQuery",
    subscription_id: str | None = None,
    contexts: Sequence[Any] = (),
) -> Json:
    """The answer to a query as an EPCISQueryDocument; otherwise as `document_of`."""
    context, bodies = _shared(events, contexts)
    return {
        "@context": context,
        "type": "EPCISQueryDocument",
        "schemaVersion": SCHEMA_VERSION,
        "creationDate": write_instant(created_at),
        "epcisBody": {
            "queryResults": {
                **({"subscriptionID": subscription_id} if subscription_id else {}),
                "queryName": query_name,
                "resultsBody": {"eventList": bodies},
            }
        },
    }


def _shared(events: Sequence[Json], contexts: Sequence[Any]) -> tuple[list[Any], list[Json]]:
    inherited = (entry for event in events for entry in detach(event).inherited)
    base = next((entry for entry in inherited if is_gs1(entry)), EPCIS_CONTEXT)
    return share(events, [base, *contexts])
