"""Price indicators, each value from what was known at its month's end: later observations change none. Pure.

Prices are arrays of consecutive months, NaN where nothing was observed; every result has the same length, NaN where it
cannot be said. Sources: World Food Programme, Technical Guidance Note: Calculation and Use of the Alert for Price
Spikes (ALPS) Indicator (2014); FAO, Indicator of Food Price Anomalies (SDG 2.c.1), Baquedano (2015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from prices.months import Floats

ALPS_MONTHS = 60  # of the rolling window
ALPS_FEWEST_MONTHS = 36
ALPS_FEWEST_SHARE = 0.7
ALPS_LAST_WITHIN = 6  # months, the month itself included
ALPS_PHASES = ((0.25, "Normal"), (1.0, "Stress"), (2.0, "Alert"), (float("inf"), "Crisis"))
IFPA_FEWEST_YEARS = 3
IFPA_WATCH, IFPA_HIGH = 0.5, 1.0
QUARTER, YEAR = 3, 12
QUARTERLY_SHARE, ANNUAL_SHARE = 0.4, 0.6
VOLATILITY_DAYS = 90
VOLATILITY_FEWEST = 10


def alps(prices: Floats, start: int, *, window: int | None = ALPS_MONTHS) -> Floats:
    """(P − P̂)/σ of every month, P̂ fitted on the window that ends with the month itself (None: all months so far).

    `start` is the first month's number, for the calendar. σ is the residuals' standard deviation with n − 1.
    Needs 36 months since the first price, prices in 70 % of the window's months, and one for the month.
    """
    found = np.full(len(prices), np.nan)
    known = np.flatnonzero(~np.isnan(prices))
    if not len(known):
        return found
    first = int(known[0])
    design = _trend_and_months(len(prices), start)
    for t in range(first + ALPS_FEWEST_MONTHS - 1, len(prices)):
        since = first if window is None else max(first, t + 1 - window)
        inside = known[(known >= since) & (known <= t)]
        if np.isnan(prices[t]) or len(inside) < ALPS_FEWEST_SHARE * (t + 1 - since):
            continue
        x, y = design[inside], prices[inside]
        # A calendar month without any price leaves its dummy undetermined; the residuals are the same whatever it is.
        residuals = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        spread = float(np.sqrt(np.sum((residuals - residuals.mean()) ** 2) / (len(inside) - 1)))
        found[t] = residuals[-1] / spread if spread > 1e-9 * abs(float(y.mean())) else 0.0
    return found


def alps_now(values: Floats) -> float | None:
    """The latest of `alps`' values, or None where the last six months have none."""
    recent = values[-ALPS_LAST_WITHIN:]
    said = recent[~np.isnan(recent)]
    return float(said[-1]) if len(said) else None


def alps_phase(value: float) -> str:
    """Normal below 0.25, Stress below 1, Alert below 2, else Crisis."""
    return next(phase for below, phase in ALPS_PHASES if value < below)


def growth(prices: Floats, months: int) -> Floats:
    """Compound growth a month over so many elapsed months: (P_t / P_{t−months})^(1/months) − 1."""
    found = np.full(len(prices), np.nan)
    if len(prices) > months:
        found[months:] = (prices[months:] / prices[:-months]) ** (1 / months) - 1
    return found


def anomaly(values: Floats) -> Floats:
    """Each value's distance from the same calendar month of all earlier years, in their weighted deviations.

    Weights rise linearly, 1 for the oldest year known; x̄ = Σwx/Σw and s = √(Σw(x−x̄)² / (Σw·(n−1)/n)). Three years
    are needed.
    """
    found = np.full(len(values), np.nan)
    for t in range(len(values)):
        earlier = values[t % YEAR : t : YEAR]
        earlier = earlier[~np.isnan(earlier)]
        n = len(earlier)
        if np.isnan(values[t]) or n < IFPA_FEWEST_YEARS:
            continue
        weights = np.arange(1, n + 1, dtype=np.float64)
        total = float(weights.sum())
        mean = float((weights * earlier).sum()) / total
        spread = float(np.sqrt((weights * (earlier - mean) ** 2).sum() / (total * (n - 1) / n)))
        found[t] = (values[t] - mean) / spread if spread > 1e-12 else 0.0
    return found


def ifpa(prices: Floats) -> Floats:
    """FAO's price anomaly: 0.4 of the quarterly growth's and 0.6 of the annual growth's distance from earlier years."""
    quarterly, annual = anomaly(growth(prices, QUARTER)), anomaly(growth(prices, YEAR))
    return QUARTERLY_SHARE * quarterly + ANNUAL_SHARE * annual


def usual_change(prices: Floats, *, window: int, fewest: int) -> Floats:
    """How much the price usually changes in a month: the mean of |ln P_t/P_{t−1}| of up to `window` earlier changes.

    The month's own change is not among them. Needs `fewest`.
    """
    found = np.full(len(prices), np.nan)
    changes = np.abs(np.diff(np.log(prices)))  # changes[i] is that of month i + 1
    for t in range(1, len(prices)):
        earlier = changes[max(0, t - 1 - window) : t - 1]
        earlier = earlier[~np.isnan(earlier)]
        if len(earlier) >= fewest:
            found[t] = float(earlier.mean())
    return found


def gap_share(price_idr: float, reference_idr: float) -> float:
    """How far a price lies above an official one of the same grade, level and day: 0.166 is 16.6 % above."""
    return price_idr / reference_idr - 1


def variation(prices: Floats) -> Floats:
    """Within-year coefficient of variation: standard deviation (n − 1) over mean of the twelve months up to each.

    Needs ten of the twelve.
    """
    found = np.full(len(prices), np.nan)
    for t in range(YEAR - 1, len(prices)):
        year = prices[t + 1 - YEAR : t + 1]
        year = year[~np.isnan(year)]
        if len(year) >= YEAR - 2:
            found[t] = float(year.std(ddof=1) / year.mean())
    return found


@dataclass(frozen=True, slots=True)
class Spread:
    """The difference of two series on a day that both were observed."""

    on: date
    idr: float


def spreads(one: Sequence[tuple[date, float]], other: Sequence[tuple[date, float]]) -> list[Spread]:
    """`one` minus `other` (Jakarta minus Lampung) on every day that both were observed, in order of day."""
    beside = dict(other)
    return [Spread(on, price - beside[on]) for on, price in sorted(one) if on in beside]


def volatility(observed: Sequence[tuple[date, float]], on: date) -> float | None:
    """Standard deviation (n − 1) of ln changes from one observed value to the next within the 90 days up to `on`.

    Take only what was observed: a price copied forward is a change of nought that nobody saw. Needs ten changes.
    """
    known = sorted((day, price) for day, price in observed if 0 <= (on - day).days <= VOLATILITY_DAYS)
    changes = np.diff(np.log(np.array([price for _, price in known], np.float64)))
    return float(changes.std(ddof=1)) if len(changes) >= VOLATILITY_FEWEST else None


def _trend_and_months(length: int, start: int) -> Floats:
    """Constant, trend and eleven month dummies (January is the base) of consecutive months."""
    place = np.arange(length)
    dummies = ((place + start)[:, None] % YEAR == np.arange(1, YEAR)[None, :]).astype(np.float64)
    return np.column_stack([np.ones(length), place.astype(np.float64), dummies])
