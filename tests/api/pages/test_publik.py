"""The buyer's page from values alone: numbers that add up, contradictions, and the map's geometry."""

import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages import publik, route_map
from api.pages.route_map import HEIGHT_PX, WIDTH_PX, Knot, frame_of

RUKTI, PANJANG, PRIOK, MINGGU = (105.37, -4.9), (105.3187, -5.4682), (106.8897, -6.0983), (106.84, -6.28)
WATER = [(105.398, -5.7239), (105.7545, -5.9792), (106.0999, -5.8174), (106.8681, -5.9166)]
LANE = [RUKTI, PANJANG, *WATER, PRIOK, MINGGU]

lon_lats = st.tuples(st.floats(-179, 179), st.floats(-70, 70))


# --- numbers ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_every_record_is_on_one_leg_and_legs_lie_between_the_stops(records: list[int]) -> None:
    legs = publik.legs(records)
    assert sum(legs) == sum(records)
    assert len(legs) == max(len(records) - 1, 1)


def test_inputs_are_told_by_product_group_and_village() -> None:
    def made(group: str, village: str, on: str, kg: str) -> dict[str, Any]:
        names = {"name_id": "Gabah", "name_en": "Paddy"}
        return {"group": group, "village": village, "produced_on": on, "quantity_kg": kg, **names}

    told = publik.inputs(
        [made("A", "X", "2026-11-03", "50.5"), made("B", "X", "2026-11-01", "40"), made("A", "X", "2026-11-01", "50")]
    )
    assert [(each["group"], each["units"], each["quantity_kg"]) for each in told] == [
        ("A", 2, Decimal("100.5")),
        ("B", 1, Decimal(40)),
    ]
    assert (told[0]["from_on"].isoformat(), told[0]["to_on"].isoformat()) == ("2026-11-01", "2026-11-03")


def test_contradiction_names_both_records_and_what_lies_between() -> None:
    sold_at, at = datetime(2026, 11, 19, 1, 12, tzinfo=UTC), datetime(2026, 11, 19, 1, 22, tzinfo=UTC)
    facts = dict.fromkeys(publik.FACTS) | {"sold_at": sold_at, "sold_place": "Pasar Minggu"}
    told = publik.contradiction({"kind": "already_sold", "at": at, "place": "Kalianda", "facts": facts})
    assert told is not None
    assert (told["first"]["place"], told["then"]["place"]) == ("Pasar Minggu", "Kalianda")
    assert told["apart"].total_seconds() == 600


@pytest.mark.parametrize("kind", ["wrong_check", "held", "not_commissioned", "already_tagged", "something new"])
def test_other_reasons_set_no_two_records_against_each_other(kind: str) -> None:
    assert publik.contradiction({"kind": kind, "at": None, "place": None, "facts": dict.fromkeys(publik.FACTS)}) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Kabupaten Lampung Tengah", "Lampung Tengah"),
        ("Kota Administrasi Jakarta Timur", "Jakarta Timur"),
        ("Kota Bandar Lampung", "Bandar Lampung"),
        ("Kotabumi", "Kotabumi"),
        (None, ""),
    ],
)
def test_districts_go_by_the_name_people_say(name: str | None, said: str) -> None:
    assert publik.district(name) == said


def test_grades_are_compared_by_the_word_official_prices_use_and_no_other() -> None:
    assert publik.reference_grade({"commodity": "chicken", "grade": "karkas"}) == "carcass"
    assert publik.reference_grade({"commodity": "rice", "grade": "premium"}) == "premium"
    assert publik.reference_grade({"commodity": "banana", "grade": None}) is None
    assert publik.reference_grade(None) is None


def test_shared_address_is_quoted_whole() -> None:
    shared = publik.whatsapp("https://lumbung.id/00/1?c=A&b#x")
    assert shared == "https://wa.me/?text=https%3A%2F%2Flumbung.id%2F00%2F1%3Fc%3DA%26b%23x"


# --- the map ---------------------------------------------------------------------------------------------------------


@given(st.lists(lon_lats, min_size=1, max_size=30))
def test_whole_way_lies_within_the_map(line: list[tuple[float, float]]) -> None:
    frame = frame_of(line)
    for at in line:
        x, y = frame.point(at)
        assert -1 <= x <= WIDTH_PX + 1
        assert -1 <= y <= HEIGHT_PX + 1


def test_map_keeps_right_angles_and_its_scale_bar_is_true() -> None:
    frame = frame_of(LANE)
    (x0, y0), (x1, y1) = frame.point((105.0, -5.0)), frame.point((105.1, -5.1))
    km_east, km_south = 0.1 * 111.32 * math.cos(math.radians(5.05)), 0.1 * 110.57
    assert (x1 - x0) / (y1 - y0) == pytest.approx(km_east / km_south, rel=0.02)
    drawn = route_map.route_map(LANE, [], "Peta")
    bar = re.search(r'class="scale" d="M10 \d+v4h(\d+)v-4"/>.*?>(\d+) km<', drawn)
    assert bar is not None
    assert int(bar[1]) / int(bar[2]) == pytest.approx((y1 - y0) / km_south, rel=0.03)


def test_sea_lane_crosses_no_land() -> None:
    from shapely import LineString

    land = route_map._land()  # pyright: ignore[reportPrivateUsage]
    at_sea = LineString(WATER)
    # The coast is simplified to half a kilometre; the lane may graze it by no more.
    assert land.intersection(at_sea).length < 0.01


def test_corridor_is_drawn_with_its_coast_within_a_few_hundred_bytes() -> None:
    shape = route_map.land_path(frame_of(LANE))
    assert shape.startswith("M")
    assert len(shape) < 3000
    assert re.fullmatch(r"(?:M-?\d+ -?\d+l(?:-?\d+[ -]?)+z)+", shape)


def test_where_the_coast_is_not_known_only_the_way_is_drawn() -> None:
    lombok = [(116.07, -8.73), (115.51, -8.53)]
    drawn = route_map.route_map(lombok, [Knot(lombok[0], "Lembar"), Knot(lombok[1], "Padang Bai", now=True)], "Peta")
    assert "land" not in drawn
    assert 'class="route"' in drawn
    assert "Padang Bai" in drawn


def test_nothing_to_draw_draws_nothing() -> None:
    assert route_map.route_map([], [], "Peta") == ""


def test_names_stand_clear_of_one_another_and_of_the_edges() -> None:
    knots = [
        Knot(RUKTI, "Rukti Harjo"),
        Knot(PANJANG, "Panjang"),
        Knot(PRIOK, "Tanjung Priok"),
        Knot(MINGGU, "Pasar Minggu", True),
    ]
    frame = frame_of(LANE)
    points = [frame.point(at) for at in LANE]
    placed = route_map.place_names([(frame.point(knot.at), knot) for knot in knots], points)
    assert {name for _, _, name in placed} == {knot.name for knot in knots}
    boxes: list[tuple[float, float, float, float]] = []
    for (x, y), anchor, name in placed:
        width = len(name) * route_map.LETTER_PX
        left = x - {"start": 0.0, "end": width, "middle": width / 2}[anchor]
        boxes.append((left, y - 12, left + width, y + 3))
    for box in boxes:
        assert box[0] >= 0
        assert box[2] <= WIDTH_PX
    for one, other in pairwise(sorted(boxes, key=lambda box: box[1])):
        assert one[3] <= other[1] or one[2] <= other[0] or other[2] <= one[0]


@given(st.text(max_size=40))
def test_names_and_titles_cannot_break_out_of_the_drawing(name: str) -> None:
    hostile = f"</text><script>{name}\"'"
    drawn = route_map.route_map(LANE, [Knot(RUKTI, hostile)], hostile)
    assert "<script>" not in drawn
    assert drawn.count("<svg") == 1
