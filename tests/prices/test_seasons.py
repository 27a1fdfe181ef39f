"""The calendar's part: Lebaran from the table, rice's rising months, the seasonal index."""

from datetime import date

import numpy as np
import pytest

from prices import carried, seasons
from prices.months import number_of

EIDS = carried.lebaran()


def test_the_dates_are_those_that_the_government_declared() -> None:
    assert date(2011, 8, 31) in EIDS  # calendars say the 30th
    assert seasons.next_lebaran(date(2024, 4, 11), EIDS) == date(2025, 3, 31)
    assert seasons.next_lebaran(date(2100, 1, 1), EIDS) is None


def test_the_notice_stands_45_days_or_more_before_every_lebaran_that_the_table_knows() -> None:
    notices = seasons.lebaran_notices(date(2000, 1, 1), date(2030, 1, 1), EIDS)
    assert [notice.lebaran for notice in notices] == EIDS
    assert min(notice.lead_days for notice in notices) >= 45


def test_a_notice_that_falls_due_outside_the_days_is_not_counted() -> None:
    assert seasons.lebaran_notices(date(2024, 2, 11), date(2024, 12, 31), EIDS) == []
    assert [n.lead_days for n in seasons.lebaran_notices(date(2024, 2, 10), date(2024, 2, 10), EIDS)] == [60]


def test_chicken_rises_before_lebaran_and_falls_after_whatever_the_month() -> None:
    chicken = seasons.season_of("chicken")
    rising = [on for on in (date(2024, n, 1) for n in range(1, 12)) if seasons.is_rising(chicken, number_of(on), EIDS)]
    assert rising == [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)]  # Lebaran is on 10 April
    assert seasons.is_falling(chicken, number_of(date(2024, 4, 1)), EIDS)
    assert not seasons.is_falling(chicken, number_of(date(2010, 4, 1)), EIDS)


def test_corn_and_bananas_have_no_fixed_season() -> None:
    for commodity in ("corn", "banana", None, "chili"):
        season = seasons.season_of(commodity)
        for month in range(12):
            assert not seasons.is_rising(season, 24288 + month, EIDS)
            assert not seasons.is_falling(season, 24288 + month, EIDS)


def test_the_months_shares_of_days_around_lebaran_add_up_to_thirty_days_each() -> None:
    start = number_of(date(2023, 11, 1))
    shares = seasons.lebaran_shares(start, 12, [date(2024, 4, 10)])
    lengths = np.array([30, 31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31])
    assert (shares * lengths[:, None]).sum(axis=0) == pytest.approx([30, 30, 30, 30])
    assert shares[5, 2] == pytest.approx(21 / 30)  # 10 to 30 April


def test_the_seasonal_index_finds_the_dear_month_and_not_the_trend() -> None:
    prices = np.array([10000 * 1.01**n * (1.05 if n % 12 == 1 else 1.0) for n in range(60)], np.float64)
    index = seasons.seasonal_index(prices, 2020 * 12)
    assert [entry.month for entry in index if entry.mean > 1.02] == [2]
    assert index[1].mean / index[6].mean == pytest.approx(1.05, abs=0.002)
    assert all(entry.low <= entry.mean <= entry.high and entry.years == 5 for entry in index)
    assert seasons.seasonal_index(prices[:35], 2020 * 12) == []
