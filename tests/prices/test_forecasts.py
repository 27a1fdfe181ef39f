"""Forecasts: naive where nothing beats it, a rival where its own past has, intervals that hold what they say."""

import numpy as np
import pytest

from prices import carried
from prices.forecasts import BURN_IN_MONTHS, fan, track
from prices.months import Floats, Months
from tests.prices.price_stage import JANUARY_2020, monthly, wandering

EIDS = carried.lebaran()


@pytest.mark.parametrize("horizon", [1, 3])
def test_on_pure_chance_ours_is_hardly_ever_other_than_naive(horizon: int) -> None:
    errors = [track(monthly(wandering(120, seed=seed)), horizon, EIDS).mape() for seed in range(12)]
    ours, naive = np.array([pair for pair in errors if pair]).mean(axis=0)
    assert ours <= 1.02 * naive


@pytest.mark.parametrize("horizon", [1, 3])
def test_eight_of_ten_outcomes_lie_in_the_interval(horizon: int) -> None:
    covered = [track(monthly(wandering(120, seed=seed)), horizon, EIDS).coverage() or 0 for seed in range(20)]
    assert np.mean(covered) == pytest.approx(0.8, abs=0.05)


def test_a_price_that_follows_lebaran_is_forecast_better_than_naive() -> None:
    from prices.seasons import lebaran_shares

    feast = lebaran_shares(2008 * 12, 150, EIDS)
    prices = wandering(150, size=0.01) * np.exp(feast @ np.array([0.04, 0.12, 0.1, 0.0]))
    given = track(monthly(prices, 2008 * 12), 1, EIDS)
    assert (given.skill() or 0) > 0.1
    assert "lebaran" in given.methods or "both" in given.methods
    assert set(given.methods[:36]) == {"naive"}  # nothing is fitted before three years are known


def test_a_daily_price_that_jumped_late_in_the_month_is_forecast_from_its_last_week() -> None:
    mean = wandering(60, size=0.03)
    latest = np.append(mean[1:], mean[-1])  # the last week is where the next month will be
    given = track(Months(JANUARY_2020, mean, latest, np.ones(60, np.bool_), daily=True), 1, EIDS)
    assert given.methods[-1] == "latest"
    assert (given.skill() or 0) > 0.5


def test_both_are_judged_on_the_same_origins_after_the_burn_in() -> None:
    prices = wandering(40)
    prices[20] = np.nan
    given = track(monthly(prices), 1, EIDS)
    assert given.origins() == 39 - BURN_IN_MONTHS - 2  # month 20 gives no forecast, and is no outcome of month 19


def test_too_short_a_history_says_nothing() -> None:
    given = track(monthly(wandering(10)), 3, EIDS)
    assert (given.mape(), given.skill(), given.coverage(), given.origins()) == (None, None, None, 0)
    assert fan(monthly(wandering(4)), EIDS) == []
    assert fan(monthly([]), EIDS) == []


def test_the_fan_widens_around_the_last_price() -> None:
    steps = fan(monthly(wandering(80)), EIDS)
    assert [step.number - JANUARY_2020 for step in steps] == [80, 81, 82]
    assert all(step.low_idr < step.price_idr < step.high_idr for step in steps)
    assert steps[2].high_idr - steps[2].low_idr > steps[0].high_idr - steps[0].low_idr


@pytest.mark.parametrize("horizon", [1, 3])
def test_adding_later_months_changes_no_forecast_given_before(horizon: int) -> None:
    prices: Floats = wandering(70, size=0.04)
    prices[[31, 47]] = np.nan
    whole = monthly(prices)
    full = track(whole, horizon, EIDS)
    for length in range(1, 71):
        then = track(whole.until(length), horizon, EIDS)
        for name in ("prices", "low", "high", "naive"):
            np.testing.assert_array_equal(getattr(then, name)[-1], getattr(full, name)[length - 1])
        assert then.methods[-1] == full.methods[length - 1]
