"""Indicators against cases worked by hand, a published value, and a property: later observations change nothing."""

from datetime import date, timedelta
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prices import indicators
from prices.importers import read
from prices.months import Floats, by_month, first_day, last_day, number_of

JANUARY_2020 = 2020 * 12
WITHIN = 1e-6


def straight(months: int) -> Floats:
    """A trend with a calendar of its own: 1,000 and 10 a month, 50 more in every March."""
    place = np.arange(months, dtype=np.float64)
    return 1000 + 10 * place + np.where((np.arange(months) + JANUARY_2020) % 12 == 2, 50.0, 0.0)


def test_alps_of_a_spike_in_the_last_of_36_months_as_worked_by_hand() -> None:
    prices = straight(36)
    prices[-1] += 400
    # h = 1/3 + 12²/3456 = 3/8; ε = 5/8·400; σ = 400·√(5/8 / 35): see docs/prices.md
    for window in (60, None):
        assert indicators.alps(prices, JANUARY_2020, window=window)[-1] == pytest.approx(5 / 8 * sqrt(56), abs=WITHIN)


def test_alps_of_a_spike_in_the_last_of_60_months_as_worked_by_hand() -> None:
    prices = straight(60)
    prices[-1] += 400
    # h = 1/5 + 24²/(12·2·(24² + 12²)) = 7/30; ALPS = √((1 − h)·59)
    assert indicators.alps(prices, JANUARY_2020)[-1] == pytest.approx(sqrt(23 / 30 * 59), abs=WITHIN)


def test_alps_after_a_spike_a_year_ago_as_worked_by_hand() -> None:
    prices = straight(36)
    prices[23] += 400
    assert indicators.alps(prices, JANUARY_2020)[-1] == pytest.approx(-1 / 3 / sqrt(2 / 3 / 35), abs=WITHIN)


def test_the_rolling_window_forgets_what_the_expanding_one_keeps() -> None:
    prices = straight(100)
    prices[5] += 5000
    prices[-1] += 400
    assert indicators.alps(prices, JANUARY_2020)[-1] == pytest.approx(sqrt(23 / 30 * 59), abs=WITHIN)
    assert indicators.alps(prices, JANUARY_2020, window=None)[-1] < 2


def test_alps_needs_three_years_70_percent_and_a_price_for_the_month() -> None:
    prices = straight(48)
    prices[40] += 100
    said = ~np.isnan(indicators.alps(prices, JANUARY_2020))
    assert said.tolist() == [False] * 35 + [True] * 13
    sparse = prices.copy()
    sparse[5:22] = np.nan  # 17 of 48 are 35 %
    assert np.isnan(indicators.alps(sparse, JANUARY_2020)).all()
    holed = prices.copy()
    holed[45] = np.nan
    assert np.isnan(indicators.alps(holed, JANUARY_2020)[45])


def test_the_latest_alps_is_none_after_six_months_without_a_price() -> None:
    values = np.array([0.5, 0.7, *[np.nan] * 5])
    assert indicators.alps_now(values) == 0.7
    assert indicators.alps_now(np.append(values, np.nan)) is None


@pytest.mark.parametrize(
    ("value", "phase"),
    [(-3, "Normal"), (0.2499, "Normal"), (0.25, "Stress"), (1, "Alert"), (1.999, "Alert"), (2, "Crisis")],
)
def test_alps_phases_include_their_lower_bound(value: float, phase: str) -> None:
    assert indicators.alps_phase(value) == phase


def test_the_published_check_of_january_2018(data_files: Path) -> None:
    name = "wfp_national_monthly_2007_2019.csv"
    reading = read((data_files / "prices" / name).read_bytes(), file_name=name, today=date(2026, 11, 21))
    rice = [(o.on, float(o.price_idr)) for o in reading.observations if o.series.name == "Rice - Retail"]
    months = by_month(rice, daily=False, seen_until=max(rice)[0])
    january = number_of(date(2018, 1, 1)) - months.start
    assert indicators.alps(months.mean, months.start)[january] == pytest.approx(0.79, abs=0.006)


def test_anomaly_as_worked_by_hand() -> None:
    values = np.full(37, np.nan)
    values[[0, 12, 24, 36]] = 1, 2, 3, 4
    # x̄ = 14/6; Σw(x−x̄)² = 10/3; s² = (10/3) / (6·2/3) = 5/6
    assert indicators.anomaly(values)[36] == pytest.approx((4 - 14 / 6) / sqrt(5 / 6), abs=WITHIN)
    assert np.isnan(indicators.anomaly(values)[24])  # two earlier years are too few


def test_ifpa_as_worked_by_hand() -> None:
    """A price that moves every January only: by 1.1³, 1.2³, 1.3³, then 1.4³; so 10, 20, 30, then 40 % a month."""
    prices = np.repeat(np.cumprod(np.array([1000.0, 1.1**3, 1.2**3, 1.3**3, 1.4**3], np.float64)), 12).astype(
        np.float64
    )
    # CAGR is the fourth root: .0241137, .0466351, .0677900, then .0877573
    cagr = [root**0.25 - 1 for root in (1.1, 1.2, 1.3, 1.4)]
    mean = (cagr[0] + 2 * cagr[1] + 3 * cagr[2]) / 6
    spread = sqrt(sum(w * (x - mean) ** 2 for w, x in zip((1, 2, 3), cagr, strict=False)) / 4)
    assert (mean, spread) == pytest.approx((0.0534590, 0.0198142), abs=WITHIN)
    expected = 0.4 * (4 - 14 / 6) / sqrt(5 / 6) + 0.6 * (cagr[3] - mean) / spread
    assert expected == pytest.approx(1.768895, abs=2e-6)
    assert indicators.ifpa(prices)[48] == pytest.approx(expected, abs=WITHIN)


def test_growth_takes_the_elapsed_months_as_its_exponent() -> None:
    assert indicators.growth(np.array([1000.0, 0, 0, 1331.0]) + 0.0, 3)[-1] == pytest.approx(0.1, abs=WITHIN)


def test_spread_gap_and_variation() -> None:
    day = date(2024, 5, 1)
    jakarta, lampung = [(day, 14500.0), (day + timedelta(1), 14600.0)], [(day + timedelta(1), 13200.0)]
    assert [(s.on, s.idr) for s in indicators.spreads(jakarta, lampung)] == [(day + timedelta(1), 1400.0)]
    assert indicators.gap_share(14575, 12500) == pytest.approx(0.166)
    assert indicators.variation(np.array([90.0, 110.0] * 6))[-1] == pytest.approx(10 * sqrt(12 / 11) / 100)


def test_volatility_is_of_changes_between_observed_values_of_90_days() -> None:
    on = date(2024, 5, 31)
    days = [(on - timedelta(days=n), 100.0 if n % 2 else 110.0) for n in range(12)]
    change = float(np.log(1.1))
    assert indicators.volatility(days, on) == pytest.approx(
        float(np.std([change if n % 2 else -change for n in range(11)], ddof=1))
    )
    assert indicators.volatility([*days, (on - timedelta(days=91), 9e9), (on + timedelta(1), 1.0)], on) == (
        indicators.volatility(days, on)
    )
    assert indicators.volatility(days[:10], on) is None


def as_floats(values: list[float]) -> Floats:
    return np.array(values, np.float64)


prices_of_years = st.lists(st.one_of(st.floats(5000, 20000), st.just(float("nan"))), min_size=14, max_size=90).map(
    as_floats
)


@settings(max_examples=25, deadline=None)
@given(prices_of_years, st.integers(0, 11))
def test_adding_later_months_changes_no_earlier_indicator(prices: Floats, month: int) -> None:
    """At every month: what was computed then is what the whole series says of it."""
    start = JANUARY_2020 + month
    for compute in (
        lambda p: indicators.alps(p, start),
        lambda p: indicators.alps(p, start, window=None),
        indicators.ifpa,
        indicators.variation,
        lambda p: indicators.usual_change(p, window=36, fewest=12),
    ):
        whole = compute(prices)
        for length in range(1, len(prices)):
            np.testing.assert_allclose(compute(prices[:length])[-1], whole[length - 1], rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 400), min_size=1), st.integers(0, 400))
def test_a_month_once_given_stays_as_it_was(days: set[int], cut: int) -> None:
    observed = [(date(2023, 1, 1) + timedelta(days=n), 10000.0 + n) for n in sorted(days)]
    then = [pair for pair in observed if (pair[0] - date(2023, 1, 1)).days <= cut]
    if not then:
        return
    early = by_month(then, daily=True, seen_until=then[-1][0])
    late = by_month(observed, daily=True, seen_until=observed[-1][0])
    for place in range(len(early)):
        number = early.start + place
        if np.isnan(early.mean[place]):
            continue
        assert early.mean[place] == late.mean[number - late.start]
        assert early.fresh[place] == late.fresh[number - late.start]


def test_a_month_is_given_once_it_is_over() -> None:
    observed = [(date(2024, 1, n), 100.0 + n) for n in (2, 3, 30, 31)]
    assert len(by_month(observed[:3], daily=True, seen_until=date(2024, 1, 30))) == 0
    january = by_month(observed, daily=True, seen_until=date(2024, 1, 31))
    assert (january.mean[0], january.latest[0], bool(january.fresh[0])) == (116.5, 130.5, True)
    assert (first_day(january.start), last_day(january.start)) == (date(2024, 1, 1), date(2024, 1, 31))
