"""Which values are believed. The rule is set down in prices/outliers.py."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from prices.outliers import Value, suspicions

START = date(2024, 1, 1)


def values(*prices: float, copied: frozenset[int] = frozenset()) -> list[Value]:
    return [Value(START + timedelta(days=n), Decimal(str(price)), copied=n in copied) for n, price in enumerate(prices)]


def doubted(*prices: float, staple: bool = True, copied: frozenset[int] = frozenset()) -> list[int]:
    found = suspicions(values(*prices, copied=copied), frequency="daily", staple=staple)
    return [(on - START).days for on in found]


def test_a_spike_is_suspicious_and_its_neighbours_are_not() -> None:
    assert doubted(100, 101, 100, 102, 700, 101, 100) == [4]
    assert doubted(100, 101, 100, 102, 14, 101, 100) == [4]


def test_thirty_percent_is_the_limit_for_staples_and_double_for_other_goods() -> None:
    assert doubted(100, 100, 100, 130) == []
    assert doubted(100, 100, 100, 131) == [3]
    assert doubted(100, 100, 100, 199, staple=False) == []
    assert doubted(100, 100, 100, 201, staple=False) == [3]


def test_three_days_in_agreement_are_a_new_level() -> None:
    assert doubted(100, 100, 100, 100, 100, 150, 152, 151, 150, 149) == [5, 6]
    assert doubted(100, 100, 100, 100, 100, 150, 190, 240, 100) == [5, 6, 7]


def test_copies_of_a_spike_confirm_nothing() -> None:
    assert doubted(100, 100, 100, 150, 150, 150, 100, copied=frozenset({4, 5})) == [3, 4, 5]


def test_the_first_value_is_judged_by_those_after_it() -> None:
    assert doubted(700, 100, 101, 100, 102) == [0]


def test_a_lone_value_is_judged_by_the_whole_series_with_a_wide_limit() -> None:
    lone = Value(START - timedelta(days=900), Decimal(60))
    absurd = Value(START - timedelta(days=800), Decimal(3000))
    found = suspicions([lone, absurd, *values(100, 101, 100, 102)], frequency="daily", staple=True)
    assert list(found) == [absurd.on]


def test_what_is_known_already_judges_a_short_file() -> None:
    known = values(100, 101, 100)
    today = Value(START + timedelta(days=3), Decimal(1000))
    assert suspicions([today], frequency="daily", staple=True) == {}
    assert list(suspicions([today], frequency="daily", staple=True, earlier=known)) == [today.on]


PRICES = st.lists(st.integers(50, 400), min_size=8, max_size=60)


@given(PRICES, st.integers(1, 50))
def test_later_values_change_no_earlier_verdict(prices: list[int], cut: int) -> None:
    known = [Value(START - timedelta(days=n), Decimal(100)) for n in (3, 2, 1)]
    series = values(*prices)
    shorter = series[: max(1, len(series) - cut)]
    whole = suspicions(series, frequency="daily", staple=True, earlier=known)
    part = suspicions(shorter, frequency="daily", staple=True, earlier=known)
    assert part == {on: why for on, why in whole.items() if on <= shorter[-1].on}
