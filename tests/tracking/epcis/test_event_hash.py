"""Event hashes against pre-hash strings written by hand, and the properties that make them names."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.epcis.context import event_dicts
from tracking.epcis.event_hash import canonical_number, event_hash, hashes_of, pre_hash
from tracking.epcis.instants import canonical_instant, parse_instant, write_instant

EVENT: dict[str, Any] = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"x": "https://x.example/"}],
    "type": "ObjectEvent",
    "eventTime": "2026-07-22T01:12:30.500Z",
    "eventTimeZoneOffset": "+07:00",
    "action": "OBSERVE",
    "epcList": ["https://id.gs1.org/00/095212340000000013", "https://id.gs1.org/00/095212340000000020"],
    "bizStep": "inspecting",
    "readPoint": {"id": "https://id.gs1.org/414/9521234000037", "x:dock": "7"},
    "x:seal": {"x:number": ["B", "A"], "x:whole": True},
}


def by_hand(golden: Path, name: str) -> list[str]:
    blocks = (golden / f"{name}.prehash").read_text(encoding="utf-8").strip("\n").split("\n\n")
    return [block.replace("\n", "") for block in blocks]


@pytest.mark.parametrize("name", ["harvest", "journey"])
def test_our_events_hash_to_the_strings_written_by_hand(golden: Path, name: str) -> None:
    document = json.loads((golden / f"{name}.json").read_text(encoding="utf-8"))
    written = by_hand(golden, name)
    assert [pre_hash(event, document["@context"]) for event in event_dicts(document)] == written
    expected = [f"ni:///sha-256;{hashlib.sha256(line.encode()).hexdigest()}?ver=CBV2.0" for line in written]
    assert hashes_of(document) == expected


def shuffled(value: Any, draw: Any) -> Any:
    if isinstance(value, dict):
        names = draw(st.permutations(list(value)))
        return {name: shuffled(value[name], draw) for name in names}
    if isinstance(value, list):
        return [shuffled(member, draw) for member in value]
    return value


@given(st.data())
def test_neither_order_nor_white_space_changes_the_hash(golden: Path, data: st.DataObject) -> None:
    for name in ("harvest", "journey"):
        document = json.loads((golden / f"{name}.json").read_text(encoding="utf-8"))
        mixed = json.loads(json.dumps(shuffled(document, data.draw), indent=data.draw(st.integers(0, 8))))
        assert hashes_of(mixed) == hashes_of(document)


@given(st.permutations(EVENT["epcList"]), st.sampled_from(["", " ", "\n", "\t "]))
def test_neither_the_order_of_a_list_nor_space_around_a_value_changes_the_hash(epcs: list[str], space: str) -> None:
    padded = {**EVENT, "epcList": [f"{space}{epc}{space}" for epc in epcs], "bizStep": f"{space}inspecting{space}"}
    assert event_hash(padded) == event_hash(EVENT)


@pytest.mark.parametrize(
    "same",
    [
        {"eventID": "urn:uuid:0198302a-7c00-7000-8000-000000000001"},
        {"recordTime": "2026-07-23T00:00:00Z"},
        {"errorDeclaration": {"declarationTime": "2026-07-23T00:00:00Z", "reason": "did_not_occur"}},
        {"rdfs:comment": "looked fine"},
        {"eventTime": "2026-07-22T08:12:30.5+07:00"},
        {"eventTime": "2026-07-22T01:12:30.50049Z"},
        {"bizStep": "https://ref.gs1.org/cbv/BizStep-inspecting"},
        {"bizStep": "cbv:BizStep-inspecting"},
        {"bizStep": "urn:epcglobal:cbv:bizstep:inspecting"},
        {"readPoint": {"x:dock": "07.0", "id": "urn:epc:id:sgln:9521234.00003.0"}},
        {"epcList": ["urn:epc:id:sscc:9521234.0000000001", "https://tags.example.org/00/095212340000000020?c=9"]},
        {"quantityList": []},
        {"ilmd": None},
        {"x:seal": {"https://x.example/whole": "true", "x:number": ["A", ["B"]]}},
        {
            "@context": {"y": "https://x.example/"},
            "x:seal": None,
            "y:seal": EVENT["x:seal"] | {"@context": EVENT["@context"]},
        }
        | {"readPoint": {"id": "https://id.gs1.org/414/9521234000037", "y:dock": 7}},
    ],
)
def test_the_same_event_told_otherwise_has_the_same_hash(same: dict[str, Any]) -> None:
    assert pre_hash({**EVENT, **same}) == pre_hash(EVENT)


@pytest.mark.parametrize(
    "other",
    [
        {"type": "TransactionEvent"},
        {"eventTime": "2026-07-22T01:12:30.501Z"},
        {"eventTimeZoneOffset": "+08:00"},
        {"action": "ADD"},
        {"epcList": EVENT["epcList"][:1]},
        {"bizStep": "accepting"},
        {"disposition": "damaged"},
        {"persistentDisposition": {"set": ["recalled"]}},
        {"readPoint": {"id": "https://id.gs1.org/414/9521234000037"}},
        {"bizLocation": {"id": "https://id.gs1.org/414/9521234000037"}},
        {"certificationInfo": "https://id.example.org/1"},
        {"x:seal": {"x:number": ["B"], "x:whole": True}},
        {"x:seal": {"x:number": ["B", "A"], "x:whole": False}},
        {"@context": {"x": "https://other.example/"}},
        {"x:flag": ""},
        {"quantityList": [{"epcClass": "urn:a:b", "quantity": 1}]},
        {"ilmd": {"cbvmda:lotNumber": "A"}},
    ],
)
def test_another_event_has_another_hash(other: dict[str, Any]) -> None:
    assert event_hash({**EVENT, **other}) != event_hash(EVENT)


def test_a_field_that_the_sender_asks_to_ignore_is_left_out() -> None:
    with_hash = {**EVENT, "x:hash": "1", "x:deep": {"x:hash": "2", "x:kept": "3"}}
    assert "hash" not in pre_hash(with_hash, ignore=["x:hash"])
    assert "{https://x.example/}kept=3" in pre_hash(with_hash, ignore=["x:hash"])
    assert event_hash(with_hash, ignore=["x:hash", "x:deep"]) == event_hash(EVENT)


def test_a_document_may_redefine_a_standard_prefix_for_its_events() -> None:
    event = {**EVENT, "@context": {"z": "https://z.example/"}, "cbvmda:a": 1}
    del event["x:seal"]
    assert "{https://other.example/}a=1" in pre_hash(event, {"cbvmda": "https://other.example/"})
    assert "{urn:epcglobal:cbv:mda:}a=1" in pre_hash(event)


@pytest.mark.parametrize(
    ("told", "canonical"),
    [
        ("1.0", "1"),
        ("0.3434000", "0.3434"),
        ("007", "7"),
        ("+5", "5"),
        ("-0.0", "0"),
        ("-01.50", "-1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("100", "100"),
        ("1e3", "1000"),
        ("1E-5", "0.00001"),
        ("12345678901234567890", "12345678901234567890"),
        ("1e9999", "1e9999"),
        ("1_000", "1_000"),
        ("nan", "nan"),
        ("0x10", "0x10"),
        ("L26-0042", "L26-0042"),
        ("", ""),
        ("٣", "٣"),
    ],
)
def test_numbers_have_one_spelling(told: str, canonical: str) -> None:
    assert canonical_number(told) == canonical


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**11), max_value=10**11))
def test_a_number_keeps_its_value(value: Decimal) -> None:
    assert Decimal(canonical_number(str(value))) == value
    assert canonical_number(canonical_number(str(value))) == canonical_number(str(value))


@pytest.mark.parametrize(
    ("told", "canonical"),
    [
        ("2023-01-18T11:04:03.1415Z", "2023-01-18T11:04:03.142Z"),
        ("2023-01-18T11:04:03.1405Z", "2023-01-18T11:04:03.141Z"),
        ("2023-01-18T11:04:03.14149999999Z", "2023-01-18T11:04:03.141Z"),
        ("2023-12-31T23:59:59.9995Z", "2024-01-01T00:00:00.000Z"),
        ("2023-01-18t11:04:03z", "2023-01-18T11:04:03.000Z"),
        ("2023-01-18T11:04:03-06:00", "2023-01-18T17:04:03.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00"),
        ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.9999Z"),
        ("2023-02-30T00:00:00Z", "2023-02-30T00:00:00Z"),
        ("tomorrow", "tomorrow"),
    ],
)
def test_instants_have_one_spelling(told: str, canonical: str) -> None:
    assert canonical_instant(told) == canonical


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_is_the_same_wherever_it_is_told(instant: datetime, offset_minutes: int) -> None:
    aware = instant.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert parse_instant(aware.isoformat()) == aware
    assert parse_instant(write_instant(aware)) == aware.astimezone(UTC).replace(
        microsecond=aware.microsecond // 1000 * 1000
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from([*EVENT, "ilmd", "sensorElementList", "quantityList", "a:b"]), json_values))
def test_any_object_gives_some_hash(damage: dict[str, Any]) -> None:
    assert len(event_hash({**EVENT, **damage})) == len(event_hash(EVENT))


def test_an_endlessly_nested_extension_gives_some_hash() -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = {"x:a": [deep]}
    assert event_hash({**EVENT, "x:deep": deep})
