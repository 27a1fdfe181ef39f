"""Our own events are built valid; keys, quantities and times are read from anybody's."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.epcis.document import document_of, events_of, validate
from tracking.epcis.event_hash import event_hash
from tracking.epcis.events import (
    ClassQuantity,
    Quantity,
    Typed,
    aggregation_event,
    class_quantities,
    declare_error,
    epcs_of,
    event_times,
    heads,
    kilograms,
    object_event,
    sensor_element,
    sensor_report,
    temperature_report,
    transformation_event,
)

AT = datetime.fromisoformat("2026-07-22T08:12:30.500+07:00")
PADDY_LOT = "https://id.gs1.org/01/09521234000112/10/L26-0042"
RICE_LOT = "https://id.gs1.org/01/09521234000129/10/R1"
BIRD_LOT = "https://id.gs1.org/01/09521234000211/10/A1"
SACK = "https://id.gs1.org/00/095212340000000013"
TRUCK = "https://id.gs1.org/8004/9521234BE9123XY"
FARM = "https://id.gs1.org/414/9521234000013/254/7"
HUB = "https://id.gs1.org/414/9521234000037"


def test_a_harvest_is_built_as_the_golden_document_has_it(golden: Path) -> None:
    weight = kilograms(PADDY_LOT, Decimal("48.250"))
    lot = object_event(
        action="ADD",
        event_id="urn:uuid:0198302a-7c00-7000-8000-000000000001",
        event_time=AT,
        quantities=[weight],
        ilmd={
            "cbvmda:lotNumber": "L26-0042",
            "cbvmda:harvestStartDate": date(2026, 7, 22).isoformat(),
            "lumbung:moisturePercent": 14.0,
        },
        biz_step="commissioning",
        disposition="active",
        read_point=FARM,
    )
    sack = aggregation_event(
        action="ADD",
        event_id="urn:uuid:0198302a-7c00-7000-8000-000000000002",
        event_time=AT,
        parent=SACK,
        child_quantities=[weight],
        biz_step="packing",
        disposition="in_progress",
        read_point=FARM,
    )
    built = document_of([lot, sack], created_at=datetime(2026, 7, 22, 3, 0, tzinfo=UTC))
    told = json.loads((golden / "harvest.json").read_text(encoding="utf-8"))
    assert built == told


def every_kind() -> list[dict[str, Any]]:
    return [
        object_event(
            action="OBSERVE",
            event_time=AT,
            epcs=[SACK],
            quantities=[heads(BIRD_LOT, 120), Quantity(RICE_LOT)],
            persistent_set=["recalled"],
            persistent_unset=["https://ref.gs1.org/cbv/Disp-available"],
            biz_step="urn:epcglobal:cbv:bizstep:holding",
            disposition="recalled",
            biz_location=HUB,
            biz_transactions=[Typed("desadv", "https://id.gs1.org/402/95212340000000426")],
            sources=[Typed("owning_party", "https://id.gs1.org/417/9521234000013")],
            destinations=[Typed("location", HUB)],
            certification="https://lumbung.id/papers/9",
            extensions={"lumbung:reason": "salmonella"},
        ),
        object_event(
            action="OBSERVE",
            event_time=AT,
            read_point="geo:-5.87,105.76",
            time_zone_offset="+08:00",
            sensors=[
                sensor_element([temperature_report(Decimal("4.5"))], measured_at=AT, device=TRUCK),
                sensor_element([sensor_report("RelativeHumidity", Decimal(85), "P1")], from_at=AT, to_at=AT),
            ],
        ),
        aggregation_event(action="DELETE", event_time=AT, parent=TRUCK),
        aggregation_event(action="ADD", event_time=AT, parent=TRUCK, children=[SACK], biz_step="loading"),
        transformation_event(
            event_time=AT,
            inputs=[SACK],
            input_quantities=[kilograms(PADDY_LOT, Decimal("1250.5"))],
            output_quantities=[kilograms(RICE_LOT, Decimal("800.125"))],
            transformation_id="https://lumbung.id/runs/17",
            ilmd={"cbvmda:lotNumber": "R1"},
        ),
    ]


def test_every_kind_of_event_is_valid_alone_and_in_a_document() -> None:
    for event in every_kind():
        validate(event)
    together = document_of(every_kind(), created_at=AT)
    validate(together)
    assert [event_hash(event) for event in events_of(together)] == [event_hash(event) for event in every_kind()]


def test_standard_words_are_written_bare_and_unknown_ones_are_refused() -> None:
    event = every_kind()[0]
    assert event["bizStep"] == "holding"
    assert event["persistentDisposition"] == {"set": ["recalled"], "unset": ["available"]}
    with pytest.raises(ValueError, match="harvesting"):
        object_event(action="ADD", event_time=AT, epcs=[SACK], biz_step="harvesting")
    with pytest.raises(ValueError, match="EAT"):
        object_event(action="EAT", event_time=AT, epcs=[SACK])
    with pytest.raises(ValueError, match="time zone"):
        object_event(action="ADD", event_time=datetime(2026, 7, 22), epcs=[SACK])  # noqa: DTZ001


def test_an_error_declaration_keeps_the_event_and_its_hash() -> None:
    event = {**every_kind()[0], "eventID": "urn:uuid:0198302a-7c00-7000-8000-000000000009"}
    declared = declare_error(
        event,
        declared_at=AT,
        reason="did_not_occur",
        corrective_event_ids=["urn:uuid:0198302a-7c00-7000-8000-00000000000a"],
    )
    validate(declared)
    assert declared["eventID"] == event["eventID"]
    assert event_hash(declared) == event_hash(event)
    assert "errorDeclaration" not in event
    assert event_times(declared).declaration_time == AT


def test_times_are_read_in_utc() -> None:
    times = event_times({**every_kind()[0], "recordTime": "2026-07-23T00:00:00.1234567+07:00"})
    assert times.event_time == AT
    assert times.event_time.tzinfo is UTC
    assert times.time_zone_offset == "+07:00"
    assert times.record_time == datetime(2026, 7, 22, 17, 0, 0, 123456, tzinfo=UTC)
    assert times.declaration_time is None


def test_who_took_part_is_told_with_its_role_and_canonical() -> None:
    assert epcs_of(every_kind()[0]) == [(SACK, "epc"), (BIRD_LOT, "epc_class"), (RICE_LOT, "epc_class")]
    assert epcs_of(every_kind()[1]) == []
    assert epcs_of(every_kind()[2]) == [(TRUCK, "parent")]
    assert epcs_of(every_kind()[3]) == [(TRUCK, "parent"), (SACK, "child")]
    assert epcs_of(every_kind()[4]) == [(SACK, "input"), (PADDY_LOT, "input_class"), (RICE_LOT, "output_class")]
    spelled_otherwise = {
        "type": "AggregationEvent",
        "parentID": "urn:epc:id:giai:9521234.BE9123XY",
        "childEPCs": ["urn:epc:id:sscc:9521234.0000000001", "https://tags.example.org/00/095212340000000013?c=9"],
        "childQuantityList": [{"epcClass": "urn:epc:class:lgtin:9521234.000011.L26-0042"}],
    }
    assert epcs_of(spelled_otherwise) == [(TRUCK, "parent"), (SACK, "child"), (PADDY_LOT, "child_class")]
    outputs = {"type": "TransformationEvent", "outputEPCList": [SACK]}
    assert epcs_of(outputs) == [(SACK, "output")]


def test_quantities_are_read_exactly() -> None:
    assert class_quantities(every_kind()[4]) == [
        ClassQuantity(PADDY_LOT, "input_class", Decimal("1250.5"), "KGM"),
        ClassQuantity(RICE_LOT, "output_class", Decimal("800.125"), "KGM"),
    ]
    assert class_quantities(every_kind()[0]) == [
        ClassQuantity(BIRD_LOT, "epc_class", Decimal(120), None),
        ClassQuantity(RICE_LOT, "epc_class", None, None),
    ]


@given(st.decimals(min_value=0, max_value=Decimal("99999999999.999"), places=3))
def test_kilograms_survive_json_to_the_gram(quantity_kg: Decimal) -> None:
    event = object_event(action="OBSERVE", event_time=AT, quantities=[kilograms(PADDY_LOT, quantity_kg)])
    [read] = class_quantities(json.loads(json.dumps(event)))
    assert read.quantity == quantity_kg
