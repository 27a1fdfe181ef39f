"""State and containment follow from what happened, in the order in which it happened, however it was told."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tracking.happenings import GS1, Happening, Interval, fold, intervals, kind_of

SACK = f"{GS1}/00/095200001000000018"
CRATE = f"{GS1}/00/095200001000000025"
TRUCK = f"{GS1}/8004/952000040T001"
VESSEL = f"{GS1}/8004/952000040V001"
START = datetime(2026, 11, 2, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def happening(
    hours: float, role: str, step: str, *, parent: str | None = None, action: str | None = "ADD", **more: Any
) -> Happening:
    values: dict[str, Any] = {
        "event": UUID(int=round(hours * 1000)),
        "hash": f"{hours}-{role}-{step}",
        "at": at(hours),
        "type": "AggregationEvent" if parent else "ObjectEvent",
        "action": action,
        "biz_step": step,
        "disposition": None,
        "read_point": None,
        "biz_location": None,
        "epc": SACK,
        "role": role,
        "parent": parent,
    }
    return Happening(**(values | more))


def test_a_key_is_known_by_its_uri() -> None:
    assert kind_of(SACK) == "unit"
    assert kind_of(TRUCK) == "carrier"
    assert kind_of(f"{GS1}/8003/09520000123458") == "container"
    assert kind_of(f"{GS1}/402/95200001000000011") == "shipment"
    assert kind_of(f"{GS1}/01/09520001234560/10/A1") == "lot"
    assert kind_of(f"{GS1}/01/09520001234560/10/A1/21/7") == "other"
    assert kind_of("urn:example:thing") == "other"


def test_a_sack_is_in_the_truck_from_loading_to_unloading() -> None:
    told = [
        happening(3, "child", "unloading", parent=TRUCK, action="DELETE"),
        happening(1, "child", "loading", parent=TRUCK),
    ]
    assert intervals(told) == [Interval(TRUCK, at(1), at(3))]


def test_being_put_elsewhere_ends_the_stay_before() -> None:
    told = [happening(1, "child", "packing", parent=CRATE), happening(2, "child", "loading", parent=TRUCK)]
    assert intervals(told) == [Interval(CRATE, at(1), at(2)), Interval(TRUCK, at(2), None)]


def test_unloading_from_a_truck_it_was_not_in_changes_nothing() -> None:
    told = [
        happening(1, "child", "loading", parent=TRUCK),
        happening(2, "child", "unloading", parent=VESSEL, action="DELETE"),
    ]
    assert intervals(told) == [Interval(TRUCK, at(1), None)]


def test_an_emptied_truck_lets_go_of_everything_in_it() -> None:
    told = [happening(1, "child", "loading", parent=TRUCK), happening(4, "emptied", "unloading", parent=TRUCK)]
    assert intervals(told) == [Interval(TRUCK, at(1), at(4))]


def test_a_sack_on_the_floor_of_a_warehouse_is_off_the_truck_even_if_nobody_scanned_the_unloading() -> None:
    told = [
        happening(1, "child", "loading", parent=TRUCK),
        happening(5, "epc", "accepting", action="OBSERVE"),
    ]
    assert intervals(told) == [Interval(TRUCK, at(1), at(5))]


def test_a_crate_accepted_keeps_its_sacks() -> None:
    told = [happening(1, "child", "packing", parent=CRATE), happening(5, "epc", "accepting", action="OBSERVE")]
    assert intervals(told) == [Interval(CRATE, at(1), None)]


def test_a_sold_sack_has_left_its_crate() -> None:
    told = [happening(1, "child", "packing", parent=CRATE), happening(5, "epc", "retail_selling", action="OBSERVE")]
    assert intervals(told) == [Interval(CRATE, at(1), at(5))]


def test_what_a_sack_holds_is_what_was_packed_into_it_first() -> None:
    lot = f"{GS1}/01/09520001234560/10/A1"
    packed = {
        "childQuantityList": [
            {"epcClass": lot, "quantity": 24.5, "uom": "KGM"},
            {"epcClass": lot, "quantity": 12},
        ]
    }
    told = [
        happening(2, "epc", "retail_selling", action="OBSERVE", disposition="retail_sold"),
        happening(1, "parent", "packing", document=packed, biz_location="farm"),
    ]
    state = fold(told)
    assert (state.lot_uri, state.quantity_kg, state.head_count) == (lot, Decimal("24.5"), 12)
    assert (state.commissioned_at, state.sold_at) == (at(1), at(2))
    assert (state.biz_step, state.disposition, state.place) == ("retail_selling", "retail_sold", "farm")
    assert state.record_count == 2


def test_a_recall_holds_until_it_is_lifted_whatever_is_scanned_meanwhile() -> None:
    recalled = happening(
        1, "epc", "holding", action="OBSERVE", document={"persistentDisposition": {"set": ["recalled"]}}
    )
    sold = happening(2, "epc", "retail_selling", action="OBSERVE")
    lifted = happening(
        3, "epc", "holding", action="OBSERVE", document={"persistentDisposition": {"unset": ["recalled"]}}
    )
    assert fold([sold, recalled]).persistent == ["recalled"]
    assert fold([sold, lifted, recalled]).persistent == []


MOVES = st.one_of(
    st.tuples(st.just("child"), st.sampled_from(["loading", "packing"]), st.sampled_from([TRUCK, VESSEL, CRATE])),
    st.tuples(st.just("out"), st.just("unloading"), st.sampled_from([TRUCK, VESSEL, CRATE])),
    st.tuples(st.just("emptied"), st.just("unloading"), st.sampled_from([TRUCK, VESSEL, CRATE])),
    st.tuples(st.just("epc"), st.sampled_from(["accepting", "storing", "retail_selling", "inspecting"]), st.none()),
)


@st.composite
def lives(draw: st.DrawFn) -> list[Happening]:
    moves = draw(st.lists(st.tuples(st.integers(0, 12), MOVES), max_size=12))
    return [
        happening(
            hours,
            "child" if role == "out" else role,
            step,
            parent=parent,
            action="DELETE" if role in ("out", "emptied") else "OBSERVE" if role == "epc" else "ADD",
            hash=f"{number:03}",
        )
        for number, (hours, (role, step, parent)) in enumerate(moves)
    ]


@given(lives(), st.randoms(use_true_random=False))
def test_the_order_of_telling_changes_neither_state_nor_stays(life: list[Happening], random: Random) -> None:
    told = list(life)
    random.shuffle(told)
    assert intervals(told) == intervals(life)
    assert fold(told) == fold(life)


@given(lives())
def test_a_sack_is_in_one_thing_at_a_time(life: list[Happening]) -> None:
    stays = intervals(life)
    for stay in stays:
        assert stay.to_at is None or stay.from_at < stay.to_at
    for earlier, later in pairwise(stays):
        assert earlier.to_at is not None
        assert earlier.to_at <= later.from_at


def test_a_key_used_up_and_made_in_one_event_comes_out_the_same_however_it_is_read() -> None:
    parts = [
        happening(1, role, "commissioning", type="TransformationEvent", action=None, hash="one", parent=TRUCK)
        for role in ("output", "input", "child")
    ]
    assert intervals(parts) == intervals(parts[::-1])
