"""The upstream sets: GS1's and OpenEPCIS's documents, and the published event hashes. Read where they lie."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracking.epcis.context import event_dicts
from tracking.epcis.document import InvalidDocument, document_of, events_of, query_document_of, validate
from tracking.epcis.event_hash import event_hash, hashes_of, ignored_fields, pre_hash

NOW = datetime(2026, 7, 22, tzinfo=UTC)

# Upstream kept an old pre-hash string here: it does not even hash to the hash beside it. The hash itself counts.
STALE_PRE_HASHES = {("epcisDocWithCustomSchemaInContext", 1)}

# What a reason must mention to name the fault.
FAULT_OF = {
    "Combination_of_events_with_missing_mandatory_fields": ["action", "eventTimeZoneOffset"],
    "Combination_of_non_standard_bizStep_and_disposition": ["transforming", "in_transport"],
    "ObjectEvent_with_ilmd_field_without_namespace": ["materialType", "ilmd"],
    "ObjectEvent_with_invalid_certificationInfo": ["certificationInfo"],
    "ObjectEvent_with_non_standard_bizStep": ["transforming", "bizStep"],
    "ObjectEvent_with_non_standard_disposition": ["in_transport", "disposition"],
    "ObjectEvent_with_unknown_field_in_quantityList": ["weight", "quantityList"],
    "ObjectEvent_without_identifier_list": ["epcList", "quantityList"],
}


def from_conformance(pattern: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def mark(test: Callable[..., None]) -> Callable[..., None]:
        test.conformance_files = pattern  # type: ignore[attr-defined]
        return test

    return mark


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


@from_conformance("epcis/valid/*.json")
def test_valid_document_is_accepted(conformance_file: Path) -> None:
    validate(read(conformance_file))


@from_conformance("epcis/valid/*.json")
def test_events_of_a_valid_document_stand_alone_and_go_back_as_they_came(conformance_file: Path) -> None:
    document = read(conformance_file)
    events = events_of(document)
    for event in events:
        validate(event)
    together = document_of(events, created_at=NOW)
    validate(together)
    validate(query_document_of(events, created_at=NOW))
    as_they_came = event_dicts(read(conformance_file))
    assert together["epcisBody"]["eventList"] == as_they_came
    assert [list(event) for event in together["epcisBody"]["eventList"]] == [list(event) for event in as_they_came]
    for event, original in zip(events, as_they_came, strict=True):
        assert document_of([event], created_at=NOW)["epcisBody"]["eventList"] == [original]
    assert document == read(conformance_file), "the caller's document was changed"


@from_conformance("epcis/valid/*.json")
def test_an_event_hashes_the_same_in_its_document_and_alone(conformance_file: Path) -> None:
    document = read(conformance_file)
    assert [event_hash(event) for event in events_of(document)] == hashes_of(document)
    again = document_of(events_of(document), created_at=NOW)
    assert hashes_of(again) == hashes_of(document)


@from_conformance("epcis/query/queryDocument.json")
def test_query_document_gives_its_events(conformance_file: Path) -> None:
    document = read(conformance_file)
    validate(document)
    events = events_of(document)
    assert len(events) == len(document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) > 0
    assert all(event["@context"] for event in events)


@from_conformance("epcis/invalid/*.json")
def test_invalid_document_is_refused_and_the_reason_names_the_fault(conformance_file: Path) -> None:
    with pytest.raises(InvalidDocument) as refused:
        validate(read(conformance_file))
    told = " ".join(f"{where} {why}" for where, why in refused.value.faults)
    assert refused.value.faults
    for word in FAULT_OF.get(conformance_file.stem, []):
        assert word in told


@from_conformance("event-hash/*.jsonld")
def test_published_hashes_are_reproduced(conformance_file: Path) -> None:
    document = read(conformance_file)
    assert hashes_of(document) == conformance_file.with_suffix(".hashes").read_text(encoding="utf-8").split()


@from_conformance("event-hash/*.jsonld")
def test_published_pre_hash_strings_are_reproduced(conformance_file: Path) -> None:
    document = read(conformance_file)
    lines = conformance_file.with_suffix(".prehashes").read_text(encoding="utf-8").strip("\n").split("\n")
    events = event_dicts(document)
    ours = [pre_hash(event, document["@context"], ignore=ignored_fields(document)) for event in events]
    for at, (mine, published) in enumerate(zip(ours, lines, strict=True)):
        if (conformance_file.stem, at) not in STALE_PRE_HASHES:
            assert mine == published
