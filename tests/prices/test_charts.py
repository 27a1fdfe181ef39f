"""A series as geometry: what is drawn, what is left out, and that everything stays within its frame."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices import charts
from prices.charts import MID, SLIM, WIDE, Chart, Flag, Frame, Point, Step, date_ticks, draw, price_ticks, thinned

START = date(2024, 1, 1)


def points(*prices: float, every: int = 1) -> list[Point]:
    return [Point(START + timedelta(days=n * every), price) for n, price in enumerate(prices)]


def drawn(series: list[Point], frame: Frame = WIDE, **options: object) -> Chart:
    chart = draw(frame, series, **options)  # type: ignore[arg-type]
    assert chart is not None
    return chart


def test_nothing_observed_draws_nothing() -> None:
    assert draw(WIDE, []) is None


def test_a_stretch_without_data_is_a_gap_in_the_line() -> None:
    early, late = points(100, 101, 102), [Point(START + timedelta(days=40 + n), 103) for n in range(3)]
    assert drawn([*early, *late]).line.count("M") == 2
    assert drawn([*early, *late], gap_after_days=60).line.count("M") == 1


def test_a_lone_value_is_a_dot() -> None:
    chart = drawn(points(100))
    assert chart.line == ""
    assert len(chart.dots) == 1


def test_official_prices_that_follow_each_other_are_one_stepped_line_with_their_words_on_it() -> None:
    steps = [
        Step(date(2023, 1, 1), date(2024, 1, 30), 100, "HET Rp100"),
        Step(date(2024, 1, 31), None, 120, "HET Rp120"),
        Step(date(2020, 1, 1), date(2020, 12, 31), 90, "long ago"),
        Step(date(2024, 1, 1), None, 900, "far away"),
    ]
    chart = drawn(points(*[110.0] * 100), steps=steps)
    assert chart.steps.count("M") == 1
    assert chart.steps.count("L") == 1
    assert {label.words for label in chart.step_labels} == {"HET Rp100", "HET Rp120"}


def test_a_time_without_an_official_price_is_a_gap_in_its_line() -> None:
    steps = [Step(START, date(2024, 1, 20), 100, "a"), Step(date(2024, 1, 25), None, 101, "b")]
    assert drawn(points(*[100.0] * 60), steps=steps).steps.count("M") == 2


def test_the_gap_to_the_official_price_in_force_is_drawn_at_the_end() -> None:
    step = Step(START, None, 100, "HET")
    chart = drawn(points(*range(100, 140)), steps=[step])
    assert chart.gap is not None
    x, at_price, at_reference = chart.gap
    assert x > chart.last[0]
    assert at_price == chart.last[1] < at_reference
    assert drawn(points(*[100.0] * 40), steps=[step]).gap is None


def test_flags_that_would_stand_on_each_other_leave_the_later() -> None:
    flags = [Flag(START + timedelta(days=n), 100, str(n)) for n in (10, 11, 12, 60)]
    chart = drawn(points(*[100.0] * 400), flags=flags)
    assert [flag.words for *_, flag in chart.flags] == ["12", "60"]
    assert chart.flag_label is not None
    assert chart.flag_label.words == "60"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(9450, 13170, [9000, 10000, 11000, 12000, 13000, 14000]), (100, 100, None), (0.5, 0.7, None)],
)
def test_price_lines_are_round(low: float, high: float, expected: list[float] | None) -> None:
    ticks = price_ticks([low, high])
    assert expected is None or ticks == expected


@given(st.lists(st.floats(1, 1e7), min_size=1, max_size=20))
def test_price_lines_are_at_most_six_and_hold_everything(prices: list[float]) -> None:
    ticks = price_ticks(prices)
    assert 2 <= len(ticks) <= 6
    assert ticks[0] <= min(prices) * (1 + 1e-9)  # floats
    assert max(prices) <= ticks[-1] * (1 + 1e-9)


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(1, 9000))
def test_date_ticks_never_crowd(first: date, days: int) -> None:
    end = first + timedelta(days=days)
    for frame in (WIDE, MID, SLIM):
        ticks = date_ticks(first, end, frame.right, lambda on, w=frame.right: (on - first).days / days * w)
        assert len(ticks) <= frame.right / 62 + 2
        assert all(first <= tick.on <= end for tick in ticks)


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.floats(500, 50000)), min_size=1, max_size=120, unique_by=lambda p: p[0])
)
def test_everything_stays_within_the_frame(values: list[tuple[int, float]]) -> None:
    series = [Point(START + timedelta(days=n), price) for n, price in sorted(values)]
    steps = [Step(START, START + timedelta(days=900), 12000, "HET Rp12.000"), Step(date(2026, 7, 1), None, 13000, "x")]
    flags = [Flag(point.on, point.price_idr, "flag") for point in series[::3]]
    for frame in (WIDE, MID, SLIM):
        chart = drawn(series, frame, steps=steps, flags=flags, lean=charts.lean_seasons(START, series[-1].on))
        places = re.findall(r"[ML]([\d.]+) ([\d.]+)", chart.line)
        for x, y in [*((float(a), float(b)) for a, b in places), *chart.dots, chart.last]:
            assert 0 <= x <= frame.right
            assert frame.top <= y <= frame.bottom
        for _, foot, head, _ in chart.flags:
            assert head - 9 > 0
            assert foot <= frame.bottom
        for label in chart.step_labels:
            assert label.x >= 0
            assert label.x + len(label.words) * charts.CHARACTER_PX <= frame.right + 1
        for x, width in chart.lean:
            assert 0 <= x <= x + width <= frame.right + 0.1


def test_thinning_keeps_every_peak_and_both_ends() -> None:
    places = [(n / 40, 100.0 if n % 97 else 10.0) for n in range(4000)]
    kept = thinned(places)
    assert len(kept) < len(places) / 5
    assert (kept[0], kept[-1]) == (places[0], places[-1])
    for column in range(100):
        before = [y for x, y in places if int(x) == column]
        after = [y for x, y in kept if int(x) == column]
        assert min(before) == min(after, default=min(before))


def test_the_lean_season_is_september_to_february() -> None:
    assert charts.lean_seasons(date(2024, 3, 1), date(2024, 8, 31)) == []
    assert charts.lean_seasons(date(2024, 2, 1), date(2024, 9, 2)) == [
        (date(2023, 9, 1), date(2024, 3, 1)),
        (date(2024, 9, 1), date(2025, 3, 1)),
    ]
