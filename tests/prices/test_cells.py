"""Prices and dates as people write them."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices.cells import NumberStyle, Unreadable, day_order, is_missing, parse_day, parse_month, parse_price

LATEST = date(2026, 11, 22)
PRICES = st.decimals(min_value="0.01", max_value="100000000", places=2)
DAYS = st.dates(min_value=date(1990, 1, 1), max_value=LATEST)


@pytest.mark.parametrize(
    ("cell", "price"),
    [
        ("12000", "12000"),
        ("12,000", "12000"),
        ("12.000", "12000"),
        ("12.000,50", "12000.50"),
        ("12,000.50", "12000.50"),
        ("1.234.567", "1234567"),
        ("10340.0", "10340"),
        ("5941.9752", "5941.98"),
        ("6445.123", "6445.12"),  # four digits before the point: not thousands
        ("Rp 12.500", "12500"),
        ("Rp12.500,-", "12500"),
        ("IDR 12 500", "12500"),
        ("0.500", "0.50"),
        ("12,5", "12.5"),
    ],
)
def test_a_price_is_read_as_written(cell: str, price: str) -> None:
    assert parse_price(cell) == Decimal(price)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("0", "zero"),
        ("0,00", "zero"),
        ("-500", "negative"),
        ("mahal", "not a number"),
        ("12.34.56", "not a number"),
        ("1,2345,678", "not a number"),
        ("12a00", "not a number"),
        ("nan", "not a number"),
        ("Infinity", "not a number"),
        ("1e5", "not a number"),
        ("١٢٠٠٠", "not a number"),
        ("250000000", "100 million"),
        ("9" * 60, "not a number|too many|100 million"),
    ],
)
def test_what_is_no_price_is_refused_with_the_reason(cell: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse_price(cell)


def test_a_column_with_decimal_points_tells_how_its_ambiguous_cells_are_meant() -> None:
    style = NumberStyle.of(["945.123", "10340.5"])
    assert parse_price("945.123", style) == Decimal("945.12")
    assert parse_price("945.123") == Decimal(945123)


@given(PRICES)
def test_a_price_survives_every_way_of_writing_it(price: Decimal) -> None:
    english = f"{price:,.2f}"
    indonesian = english.translate(str.maketrans(",.", ".,"))
    for cell in (f"{price:f}", english, indonesian, f"Rp {indonesian}", f"  {english} "):
        assert parse_price(cell) == price


@given(st.text(max_size=30))
def test_any_text_is_a_positive_price_or_refused(cell: str) -> None:
    with suppress(Unreadable):
        assert parse_price(cell) > 0


@given(DAYS)
def test_a_day_survives_every_way_of_writing_it(day: date) -> None:
    assert parse_day(day.isoformat(), latest=LATEST) == day
    assert parse_day(f"{day:%Y/%m/%d} 00:00:00", latest=LATEST) == day
    assert parse_day(f"{day:%d/%m/%Y}", latest=LATEST) == day
    assert parse_day(f"{day:%m/%d/%Y}", "month first", latest=LATEST) == day
    assert parse_month(f"{day.month}-{day.year}", latest=LATEST) == day.replace(day=1)
    assert parse_month(f"{day:%Y-%m}", latest=LATEST) == day.replace(day=1)


@given(st.lists(DAYS, min_size=1, max_size=20))
def test_the_order_of_day_and_month_is_never_guessed_wrongly(days: list[date]) -> None:
    for form, order in (("%d/%m/%Y", "day first"), ("%m/%d/%Y", "month first")):
        found = day_order([day.strftime(form) for day in days])
        assert found == (order if any(day.day > 12 for day in days) else None)


@given(st.text(max_size=25))
def test_any_text_is_a_day_in_range_or_refused(cell: str) -> None:
    with suppress(Unreadable):
        assert date(1990, 1, 1) <= parse_day(cell, latest=LATEST) <= LATEST


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2 Januari 2018", date(2018, 1, 2)),
        ("17 Agt 2025", date(2025, 8, 17)),
        ("Senin, 16 Oktober 2023", date(2023, 10, 16)),
    ],
)
def test_months_are_read_in_words(cell: str, day: date) -> None:
    assert parse_day(cell, latest=LATEST) == day


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("2026-02-30", "no such date"),
        ("2026-11-23", "future"),
        ("1899-12-30", "before 1990"),
        ("kemarin", "cannot be read"),
        ("", "missing"),
        ("02/01/18", "cannot be read"),
    ],
)
def test_what_is_no_day_is_refused_with_the_reason(cell: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse_day(cell, latest=LATEST)


def test_in_a_column_of_both_orders_only_clear_days_are_read() -> None:
    order = day_order(["13/02/2018", "02/14/2018"])
    assert parse_day("02/14/2018", order, latest=LATEST) == date(2018, 2, 14)
    assert parse_day("13/02/2018", order, latest=LATEST) == date(2018, 2, 13)
    assert parse_day("05/05/2018", order, latest=LATEST) == date(2018, 5, 5)
    with pytest.raises(Unreadable, match="told apart"):
        parse_day("03/04/2018", order, latest=LATEST)


def test_missing_is_said_in_many_ways() -> None:
    assert all(is_missing(cell) for cell in ("", "-", " – ", "NA", "n/a", "NaN", "null"))
    assert not any(is_missing(cell) for cell in ("0", "-500", "x"))
