"""Published cover days recomputed; the release's three limits, and when it does not run."""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices import carried
from prices.cover import cover, cover_days, demands_of
from prices.release import Release, days_to_peak, days_under_ceiling, recommend

# Published stock and demand in tonnes, and the days in the press: SOURCES as in prices/data/README.md.
PUBLISHED = [
    ("rice, DKI, April 2022", 201570.93, 3432.12, 58.73, 58.73),
    ("beef, DKI, April 2022", 10014.84, 120.57, 83, 83.06),
    ("chicken, DKI, April 2022", 15058, 474, 31.77, 31.77),
    ("eggs, DKI, April 2022", 11886, 631.96, 19, 18.81),
    ("rice, Cipinang, October 2021", 37912, 2866, 14, 13.23),
    ("rice, Cipinang, February 2026", 40000, 2500, 20, 16.00),
]


@pytest.mark.parametrize(("case", "stock", "demand", "published", "recomputed"), PUBLISHED)
def test_published_cover_days_recomputed(
    case: str, stock: float, demand: float, published: float, recomputed: float
) -> None:
    assert round(cover_days(stock, demand), 2) == recomputed
    if case == "rice, Cipinang, February 2026":
        assert cover_days(stock, demand) == 16 != published


def test_the_six_cases_are_those_of_the_file(data_files: Path) -> None:
    with (data_files / "reference" / "days_of_cover_worked.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    for row in rows:
        assert cover_days(float(row["stock_t"]), float(row["demand_t_per_day"])) == pytest.approx(
            float(row["recomputed_days"]), abs=0.005
        )


def test_sources_that_conflict_give_a_range_and_all_stay() -> None:
    demands = demands_of(carried.demands(), "rice", "DKI Jakarta")
    assert [d.tonnes_a_day for d in demands] == [2500, 2866, 3411.16, 3432.12]
    found = cover(40000, demands)
    assert found is not None
    assert (found.days_low, found.days_high) == (pytest.approx(11.654, abs=0.001), 16)
    assert len(found.demands) == 4
    assert cover(40000, demands_of(carried.demands(), "banana", "DKI Jakarta")) is None


@pytest.mark.parametrize(("stock", "demand"), [(10, 0), (10, -1), (-1, 10)])
def test_no_cover_without_a_demand_or_with_less_than_nothing(stock: float, demand: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        cover_days(stock, demand)


def release(
    *,
    commodity: str = "rice",
    price: float = 14575,
    ceiling: float | None = 12500,
    stock: float = 60000,
    outlets: float = 400,
    under: int = 0,
    peak: bool = False,
) -> Release:
    return recommend(
        commodity=commodity,
        price_idr=price,
        ceiling_idr=ceiling,
        demand_tonnes_a_day=3000,
        stock_tonnes=stock,
        outlet_tonnes_a_day=outlets,
        days_to_harvest=120,
        days_under_ceiling=under,
        at_harvest_peak=peak,
    )


def test_the_need_binds_where_stock_and_outlets_allow_it() -> None:
    found = release()  # 3000 · 0.3 · 0.166 = 149.4; (60000 − 36000)/120 = 200
    assert (found.tonnes_a_day, found.binding) == (pytest.approx(149.4), "need")
    assert (found.need, found.outlets, found.stock) == (pytest.approx(149.4), 400, 200)


def test_the_least_of_the_three_limits_binds() -> None:
    assert (release(outlets=60).tonnes_a_day, release(outlets=60).binding) == (60, "outlets")
    assert (release(stock=42000).tonnes_a_day, release(stock=42000).binding) == (50, "stock")


def test_twelve_days_of_cover_are_kept() -> None:
    assert release(stock=36000) == Release(0.0, pytest.approx(149.4), 400, 0.0, "stock", "no_stock")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (release(price=12500), "under_ceiling"),
        (release(under=10), "long_under_ceiling"),
        (release(peak=True), "harvest_peak"),
        (release(ceiling=None), "no_ceiling"),
        (release(commodity="banana"), "never_stored"),
    ],
)
def test_when_nothing_is_released_the_reason_is_said(found: Release, why: str) -> None:
    assert (found.tonnes_a_day, found.why_not) == (0.0, why)


@given(st.floats(5000, 30000), st.floats(0, 200000), st.floats(0, 5000))
def test_a_release_never_takes_cover_below_what_is_kept(price: float, stock: float, outlets: float) -> None:
    found = release(price=price, stock=stock, outlets=outlets)
    assert 0 <= found.tonnes_a_day <= outlets
    assert stock - 120 * found.tonnes_a_day >= min(stock, 36000) - 1e-6


def test_days_under_the_ceiling_begin_anew_after_every_price_above_it() -> None:
    first = date(2024, 3, 1)
    prices = [12400, 12600, 12400, 12300, 12500]
    observed = [(first + timedelta(days=2 * n), float(price)) for n, price in enumerate(prices)]
    assert days_under_ceiling(observed, 12500) == 5
    assert days_under_ceiling(observed[:2], 12500) == 0
    assert days_under_ceiling([], 12500) == 0


def test_days_to_the_next_harvest_peak() -> None:
    assert days_to_peak(date(2024, 12, 16), 4) == 120
    assert days_to_peak(date(2024, 4, 20), 4) == 0
