"""Made-up price series for tests: months and days whose course is known."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from prices.months import Floats, Months

JANUARY_2020 = 2020 * 12


def monthly(prices: Sequence[float] | Floats, start: int = JANUARY_2020) -> Months:
    """A monthly series in which every month was seen, but those that are NaN."""
    mean = np.array(prices, np.float64)
    return Months(start, mean, mean.copy(), ~np.isnan(mean), daily=False)


def wandering(months: int, *, seed: int = 7, size: float = 0.02) -> Floats:
    """A price whose changes are pure chance: nothing can beat naive on it."""
    steps = np.random.default_rng(seed).normal(0, size, months)
    return np.array(10000 * np.exp(np.cumsum(steps)), np.float64)


def working_days(first: date, last: date, *, seed: int = 3) -> list[tuple[date, float]]:
    """A price on every working day, wandering and a little dearer each autumn."""
    chance = np.random.default_rng(seed)
    found: list[tuple[date, float]] = []
    price, on = 12000.0, first
    while on <= last:
        if on.weekday() < 5:
            price *= float(np.exp(chance.normal(0.0012 if on.month in (9, 10, 11) else -0.0003, 0.003)))
            found.append((on, price))
        on += timedelta(days=1)
    return found
