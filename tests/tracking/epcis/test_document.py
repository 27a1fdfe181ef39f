"""What a capture refuses, and that taking documents apart and putting them together loses nothing."""

import copy
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.epcis.context import EPCIS_CONTEXT
from tracking.epcis.document import InvalidDocument, as_it_came, document_of, events_of, query_document_of, validate
from tracking.epcis.event_hash import event_hash

NOW = datetime(2026, 7, 22, 3, 0, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-07-22T01:12:30.500Z",
    "eventTimeZoneOffset": "+07:00",
    "action": "OBSERVE",
    "epcList": ["https://id.gs1.org/00/095212340000000013"],
}


def document(*events: dict[str, Any], context: Any = (EPCIS_CONTEXT,)) -> dict[str, Any]:
    return {
        "@context": list(context) if isinstance(context, tuple) else context,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-07-22T03:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }


def faults(given_document: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidDocument) as refused:
        validate(given_document)
    return refused.value.faults


@pytest.mark.parametrize("name", ["harvest", "journey"])
def test_our_golden_documents_are_valid_and_survive_the_round_trip(golden: Path, name: str) -> None:
    told = json.loads((golden / f"{name}.json").read_text(encoding="utf-8"))
    validate(told)
    for event in events_of(told):
        validate(event)
    again = document_of(events_of(told), created_at=datetime.fromisoformat(told["creationDate"]))
    assert again == told


@pytest.mark.parametrize(
    ("change", "where", "word"),
    [
        ({"bizStep": "harvesting"}, "/epcisBody/eventList/0/bizStep", "harvesting"),
        ({"bizStep": "urn:epcglobal:cbv:bizstep:shipping"}, "/epcisBody/eventList/0/bizStep", "'shipping'"),
        ({"disposition": "lost"}, "/epcisBody/eventList/0/disposition", "lost"),
        ({"weight": 3}, "/epcisBody/eventList/0", "weight"),
        ({"lumbung:weight": 3}, "/epcisBody/eventList/0/lumbung:weight", "lumbung"),
        ({"eventTime": "2026-07-22T01:12:30"}, "/epcisBody/eventList/0/eventTime", "date-time"),
        ({"eventTime": "0000-01-01T00:00:00Z"}, "/epcisBody/eventList/0/eventTime", "years 1 to 9999"),
        ({"eventTimeZoneOffset": "7"}, "/epcisBody/eventList/0/eventTimeZoneOffset", "7"),
        ({"epcList": ["0952 1234"]}, "/epcisBody/eventList/0/epcList/0", "uri"),
        ({"epcList": []}, "/epcisBody/eventList/0", "epcList"),
        ({"ilmd": {"cbvmda:lotNumber": "1"}}, "/epcisBody/eventList/0", "ADD"),
        ({"readPoint": {"id": "geo:1,2", "room": 4}}, "/epcisBody/eventList/0/readPoint/room", "room"),
        ({"action": "EAT"}, "/epcisBody/eventList/0/action", "EAT"),
        ({"type": "AggregationEvent"}, "/epcisBody/eventList/0", "epcList"),
        ({"type": 7}, "/epcisBody/eventList/0/type", "text"),
        ({"type": "HarvestEvent"}, "/epcisBody/eventList/0/type", "HarvestEvent"),
        (
            {"bizTransactionList": [{"type": "receipt", "bizTransaction": "urn:a:b"}]},
            "bizTransactionList/0/type",
            "rec",
        ),
        ({"quantityList": [{"epcClass": "urn:a:b", "quantity": "5"}]}, "quantityList/0/quantity", "number"),
        ({"quantityList": [{"epcClass": "urn:a:b", "uom": "kg"}]}, "quantityList/0/uom", "kg"),
    ],
)
def test_a_fault_is_told_with_its_place(change: dict[str, Any], where: str, word: str) -> None:
    told = faults(document({**EVENT, **change}))
    assert any(place.endswith(where) and word in reason for place, reason in told), told


def test_an_aggregation_names_its_parent_unless_it_only_observes() -> None:
    event = {**EVENT, "type": "AggregationEvent", "childEPCs": EVENT["epcList"]}
    del event["epcList"]
    validate(document(event))
    assert "parentID" in faults(document({**event, "action": "ADD"}))[0][1]


def test_a_prefix_may_be_declared_by_the_document_the_event_or_an_inner_object() -> None:
    ours = {"lumbung": "https://lumbung.id/ns/"}
    event = {**EVENT, "lumbung:weight": 3}
    validate(document(event, context=(EPCIS_CONTEXT, ours)))
    validate(document({"@context": ours, **event}))
    validate(document({**EVENT, "cbvmda:note": {"@context": ours, "lumbung:weight": 3}}))
    validate(document({**EVENT, "https://lumbung.id/ns/weight": 3}))
    assert faults(document({**EVENT, "cbvmda:note": {"lumbung:weight": 3}}))
    # What stands at an address that is not GS1's cannot be known here.
    validate(document(event, context=(EPCIS_CONTEXT, "https://partner.example.org/context.jsonld")))


def test_every_fault_is_told_up_to_a_bound() -> None:
    told = faults(document(*[{**EVENT, "bizStep": "harvesting"} for _ in range(500)]))
    assert 10 <= len(told) <= 50


def test_the_error_reads_as_a_sentence_and_carries_its_facts() -> None:
    with pytest.raises(InvalidDocument) as refused:
        validate(document({**EVENT, "bizStep": "harvesting"}))
    assert "/epcisBody/eventList/0/bizStep" in str(refused.value)
    assert refused.value.facts["faults"] == refused.value.faults


def _nested(depth: int, of: type) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"cbvmda:a": value} if of is dict else [value]
    return value


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        7,
        "x",
        [],
        [EVENT],
        {},
        {"type": None},
        {"type": "EPCISDocument"},
        {"type": "EPCISQueryDocument", "@context": EPCIS_CONTEXT, "epcisBody": {"queryResults": 5}},
        {**document(EVENT), "epcisBody": {"eventList": [], "queryResults": 5}},
        {**document(EVENT), "epcisBody": [EVENT]},
        {**document(EVENT), "epcisBody": {"eventList": EVENT}},
        document(*[None, 1, "x", []]),  # type: ignore[list-item]
        document({**EVENT, "cbvmda:a": _nested(5000, dict)}),
        document({**EVENT, "cbvmda:a": _nested(5000, list)}),
        document({**EVENT, "cbvmda:a": "\ud800"}),
        document({**EVENT, "cbvmda:a\ud800": 1}),
        document({**EVENT, "cbvmda:a": "\x00"}),
        document({**EVENT, "cbvmda:a": float("nan")}),
        document({**EVENT, "cbvmda:a": 10**30}),
        document({**EVENT, 7: 1}),  # type: ignore[dict-item]
        document({**EVENT, "cbvmda:a": {1, 2}}),
        document({**EVENT, "cbvmda:a": NOW}),
        {"type": "x:y", "@context": EPCIS_CONTEXT, "epcisBody": {"eventList": [EVENT]}},
        {**EVENT, "type": "x:y", "@context": EPCIS_CONTEXT, "readPoint": "home", "yield": 3},
        document(EVENT, context=7),
    ],
)
def test_hostile_input_is_refused_and_nothing_else_is_raised(hostile: object) -> None:
    faults(hostile)


def test_a_huge_list_is_refused_quickly() -> None:
    started = time.perf_counter()
    faults(document(*[7] * 200_000))  # type: ignore[list-item]
    faults(["x"] * 200_000)
    assert time.perf_counter() - started < 5


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    [*EVENT, "@context", "bizStep", "readPoint", "ilmd", "sensorElementList", "errorDeclaration", "quantityList"]
)


@given(st.dictionaries(fields, json_values, max_size=5), json_values)
def test_a_damaged_event_is_accepted_or_refused_and_nothing_else(damage: dict[str, Any], body: Any) -> None:
    for candidate in (document({**EVENT, **damage}), {**document(EVENT), "epcisBody": body}, body):
        try:
            validate(candidate)
        except InvalidDocument:
            continue
        for event in events_of(candidate):
            assert event_hash(event).startswith("ni:///sha-256;")


def test_an_own_context_survives_in_every_shape() -> None:
    ours = {"lumbung": "https://lumbung.id/ns/"}
    shapes: list[Any] = [ours, [ours], [EPCIS_CONTEXT, ours], [], EPCIS_CONTEXT, [ours, {"a": "https://a.example/"}]]
    told = document(*[{**EVENT, "@context": shape} for shape in shapes], EVENT, context=(EPCIS_CONTEXT, ours))
    validate(told)
    original = copy.deepcopy(told)
    events = events_of(told)
    for event in events:
        validate(event)
    assert document_of(events, created_at=NOW)["epcisBody"]["eventList"] == original["epcisBody"]["eventList"]
    assert [as_it_came(event) for event in events] == original["epcisBody"]["eventList"]


def test_events_whose_prefixes_disagree_keep_their_meaning_in_one_document() -> None:
    first = events_of(document({**EVENT, "x:a": 1}, context=(EPCIS_CONTEXT, {"x": "https://one.example/"})))
    second = events_of(document({**EVENT, "x:a": 1}, context=(EPCIS_CONTEXT, {"x": "https://two.example/"})))
    together = document_of([*first, *second], created_at=NOW)
    validate(together)
    hashes = [event_hash(event) for event in events_of(together)]
    assert hashes == [event_hash(first[0]), event_hash(second[0])]
    assert hashes[0] != hashes[1]


def test_a_foreign_context_of_one_event_is_not_laid_upon_the_others() -> None:
    foreign = "https://partner.example.org/context.jsonld"
    theirs = events_of(document(EVENT, context=(EPCIS_CONTEXT, foreign)))
    ours = events_of(document(EVENT))
    together = document_of([*theirs, *ours], created_at=NOW)
    assert together["@context"] == [EPCIS_CONTEXT]
    assert [event.get("@context") for event in together["epcisBody"]["eventList"]] == [[foreign], None]


def test_a_single_event_with_its_context_is_a_document_of_itself() -> None:
    event = {"@context": EPCIS_CONTEXT, **EVENT}
    validate(event)
    assert events_of(event) == [event]
    assert faults(EVENT)


def test_documents_of_nothing_are_documents() -> None:
    validate(document_of([], created_at=NOW))
    validate(query_document_of([], created_at=NOW, subscription_id="s-1"))


def test_a_document_says_when_it_was_made_in_utc() -> None:
    made = document_of([], created_at=datetime.fromisoformat("2026-07-22T10:00:00.1239+07:00"))
    assert made["creationDate"] == "2026-07-22T03:00:00.123Z"
    with pytest.raises(ValueError, match="time zone"):
        document_of([], created_at=datetime(2026, 7, 22))  # noqa: DTZ001


def test_a_missing_schema_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"\./run"):
        validate(document(EVENT), schema_path=tmp_path / "nowhere.json")


def test_a_single_event_is_checked_and_hashed_in_well_under_a_few_milliseconds(golden: Path) -> None:
    event = events_of(json.loads((golden / "journey.json").read_text(encoding="utf-8")))[1]
    validate(event)
    started = time.perf_counter()
    for _ in range(100):
        validate(event)
        event_hash(event)
    assert (time.perf_counter() - started) / 100 < 0.005
