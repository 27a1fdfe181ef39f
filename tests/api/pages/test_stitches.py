"""The seam says what the words say: as many stitches as records, holes where nothing was recorded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages.stitches import Drawing, Place, lay_out, load_grid, punch, sew, sew_leg, share

CORRIDOR = ("Kebun", "Panjang", "Laut", "Priok", "Gudang", "Pasar")


def at_sea(sailed: float) -> Drawing:
    return lay_out(
        [
            Place("Kebun", "reached"),
            Place("Panjang", "reached"),
            Place("Laut", "now", sea=True, sailed=sailed),
            *(Place(name) for name in CORRIDOR[3:]),
        ]
    )


def test_thread_reaches_the_gold_knot_and_holes_follow_it() -> None:
    drawing = at_sea(0.4)
    gold = next(knot.at for knot in drawing.knots if knot.state == "now")
    assert max(piece.at + piece.length for piece in drawing.stitches) < gold < min(drawing.holes)
    assert [knot.state for knot in drawing.knots] == ["reached", "reached", "now", "next", "next", "next"]


def test_the_gold_knot_travels_along_the_sea_by_distance_sailed() -> None:
    places = [next(knot.at for knot in at_sea(sailed).knots if knot.state == "now") for sailed in (0, 0.3, 0.6, 1)]
    assert places == sorted(places)
    assert 20 < places[0] < places[1] < places[2] < places[3] < 60


def test_the_sea_has_a_name_but_no_knot_once_it_is_crossed() -> None:
    drawing = lay_out([Place(name, "reached", sea=name == "Laut") for name in CORRIDOR])
    assert len(drawing.knots) == 5
    assert [label.text for label in drawing.labels] == list(CORRIDOR)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_one_stitch_is_one_record(records: list[int]) -> None:
    places = [Place("", "reached", records=count) for count in records] + [Place("", "reached")]
    drawing = lay_out(places, 900)
    assert len(drawing.stitches) == sum(records)


def test_more_records_than_fit_are_drawn_as_many_as_fit() -> None:
    drawing = lay_out([Place("", "reached", records=4000), Place("", "now")], 350)
    assert 40 < len(drawing.stitches) < 70


def test_a_leg_without_any_record_is_holes_even_when_both_ends_were_reached() -> None:
    drawing = lay_out([Place("", "reached", records=0), Place("", "reached")])
    assert not drawing.stitches
    assert drawing.holes


def test_a_gap_is_holes_with_its_words_between_thread() -> None:
    drawing = lay_out([Place("Kebun", "reached", gap="tanpa catatan 3 j 10 m"), Place("Panjang", "now")], 520)
    assert "tanpa catatan 3 j 10 m" in [label.text for label in drawing.labels]
    first, last = min(drawing.holes), max(drawing.holes)
    assert any(piece.at < first for piece in drawing.stitches)
    assert any(piece.at > last for piece in drawing.stitches)
    assert not any(first < piece.at < last for piece in drawing.stitches)


def test_a_contradiction_tears_the_seam_and_its_halves_no_longer_meet() -> None:
    drawing = lay_out([Place("Pasar Minggu", "reached", torn=True), Place("Kalianda", "reached")], 520)
    assert len(drawing.tears) == 1
    assert {piece.low for piece in drawing.stitches if piece.at < drawing.tears[0]} == {False}
    assert {piece.low for piece in drawing.stitches if piece.at > drawing.tears[0]} == {True}
    assert [knot.low for knot in drawing.knots] == [False, True]


def test_names_at_the_ends_stay_inside_the_drawing() -> None:
    assert [label.anchor for label in lay_out(CORRIDOR).labels] == ["start", *["middle"] * 4, "end"]


def test_equal_columns_have_their_knots_in_the_middle() -> None:
    assert [knot.at for knot in lay_out(["a", "b"], edges=False).knots] == [25, 75]


def test_an_unknown_field_of_a_place_is_an_error() -> None:
    with pytest.raises(TypeError):
        lay_out([{"name": "Kebun", "colour": "red"}])


@given(st.integers(1, 60), st.floats(0, 40), st.floats(41, 100))
def test_stitches_stay_inside_their_stretch_and_never_overlap(count: int, start: float, end: float) -> None:
    for pieces in (sew(start, end, count), share(start, end, count, 1), sew_leg(start, end - start, 1)):
        for before, after in pairwise(pieces):
            assert before.at + before.length <= after.at + 0.011
        for piece in pieces:
            assert start - 0.011 <= piece.at
            assert piece.at + piece.length <= end + 0.011
    assert all(start <= hole <= end for hole in punch(start, end, count))


def test_each_sack_of_a_load_is_one_mark() -> None:
    sacks = load_grid(40, missing=[13, 18, 22])
    assert [i for i, sack in enumerate(sacks) if sack["kind"] == "gap"] == [13, 18, 22]
    assert {sack["y"] for sack in sacks} == {0, 16}
    assert [sack["kind"] for sack in load_grid(3, done=1)] == ["sack", "hole", "hole"]
