"""Forecasts of monthly prices: naive with a calibrated fan, anything cleverer only where it has beaten naive. Pure.

Naive says: as this month's mean. Each rival below is fitted at every month on what was known at its end. It speaks for
a month only where, on the forecasts whose outcome was known by then, it was closer than naive by more than chance
(paired errors; one in ten for all rivals together); else naive speaks. The 80 % interval is the conformal quantile of
what the forecasts given so far were off, its level moved up after a miss and down after a hit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from prices.months import Floats, Months
from prices.seasons import lebaran_shares

HORIZONS = (1, 3)  # months ahead that are scored
BURN_IN_MONTHS = 12  # before the first forecast that is scored
FEWEST_TO_CHOOSE = 12  # outcomes known before a rival may speak
FEWEST_TO_FIT = 24  # outcomes known before a rival with coefficients is fitted
FEWEST_LEBARAN_MONTHS = 36
BEYOND_CHANCE = 2.05  # standard errors: one-sided 2 %, for there are five rivals and one in ten may be luck
COVERAGE = 0.8
LEVEL_STEP = 0.03  # how far a hit or miss moves the interval's level
FEWEST_ERRORS = 5
MOVEMENT_SIZE, LEBARAN_SIZE = 0.5, 0.05  # how large coefficients are thought to be before any data: ridge


@dataclass(frozen=True, slots=True)
class Track:
    """Every month's forecast for `horizon` months on, as it was given at that month's end. NaN where none was.

    `prices`, `naive`, `low` and `high` are IDR per unit; `methods` names who spoke, `actual` is what came.
    """

    horizon: int
    prices: Floats
    naive: Floats
    low: Floats
    high: Floats
    actual: Floats
    methods: tuple[str, ...]

    def _scored(self) -> np.ndarray[tuple[int], np.dtype[np.int_]]:
        places = np.flatnonzero(~np.isnan(self.actual) & ~np.isnan(self.prices))
        return places[places >= BURN_IN_MONTHS]

    def mape(self) -> tuple[float, float] | None:
        """Mean absolute percentage error of ours and of naive on the same origins; None without an outcome."""
        at = self._scored()
        if not len(at):
            return None
        actual = self.actual[at]
        ours, naive = np.abs(self.prices[at] / actual - 1), np.abs(self.naive[at] / actual - 1)
        return 100 * float(ours.mean()), 100 * float(naive.mean())

    def skill(self) -> float | None:
        """1 − ours/naive: above 0 where ours was closer; None without an outcome."""
        errors = self.mape()
        return None if errors is None or not errors[1] else 1 - errors[0] / errors[1]

    def coverage(self) -> float | None:
        """The share of outcomes that lay in their 80 % interval; None where none was given."""
        at = self._scored()
        at = at[~np.isnan(self.low[at])]
        if not len(at):
            return None
        return float(((self.low[at] <= self.actual[at]) & (self.actual[at] <= self.high[at])).mean())

    def origins(self) -> int:
        """How many forecasts have an outcome and are scored."""
        return len(self._scored())


def track(months: Months, horizon: int, lebaran: Sequence[date]) -> Track:
    """The forecasts of every month of a series, each from what was known at its end."""
    n = len(months)
    price = np.log(months.mean)
    naive = price.copy()
    rivals = _rivals(months, horizon, lebaran)
    outcome = np.full(n, np.nan)
    if n > horizon:
        outcome[: n - horizon] = price[horizon:]
    ours, methods = naive.copy(), ["naive"] * n
    closer = {name: _miss(naive, outcome) - _miss(said, outcome) for name, said in rivals.items()}
    for t in range(n):
        best = 0.0
        for name, said in rivals.items():
            if np.isnan(said[t]):
                continue
            gains = closer[name][: max(0, t - horizon + 1)]
            gains = gains[~np.isnan(gains)]
            if len(gains) >= FEWEST_TO_CHOOSE and best < (mean := float(gains.mean())) and _beyond(gains, horizon):
                best, ours[t], methods[t] = mean, said[t], name
    half = _half_widths(np.abs(outcome - ours), horizon)
    return Track(
        horizon,
        np.exp(ours),
        np.exp(naive),
        np.exp(ours - half),
        np.exp(ours + half),
        np.exp(outcome),
        tuple(methods),
    )


def _miss(said: Floats, outcome: Floats) -> Floats:
    """Absolute percentage errors, as a share."""
    return np.abs(np.expm1(said - outcome))


def _beyond(gains: Floats, horizon: int) -> bool:
    """Whether the mean gain is more than chance. Forecasts of several months overlap: fewer of them count."""
    spread = float(gains.std(ddof=1))
    return float(gains.mean()) > BEYOND_CHANCE * spread / float(np.sqrt(len(gains) / horizon))


def _rivals(months: Months, horizon: int, lebaran: Sequence[date]) -> dict[str, Floats]:
    """What each rival says in every month, in logarithms.

    latest: the mean of the month's last week. halfway: between it and the month's mean. movement: a share of the
    latest movement goes on, or comes back. lebaran: as much more as earlier years rose before the feast. both: both.
    """
    price, latest = np.log(months.mean), np.log(months.latest)
    n = len(price)
    moved = np.full(n, np.nan)
    moved[1:] = price[1:] - price[:-1]
    shares = lebaran_shares(months.start, n + horizon, lebaran)
    feast = shares[horizon:] - shares[:n]
    movement = np.column_stack([moved, latest - price]) if months.daily else moved[:, None]
    sizes = [MOVEMENT_SIZE] * movement.shape[1]
    feast_sizes = [LEBARAN_SIZE] * feast.shape[1]
    found: dict[str, Floats] = {}
    if months.daily:
        found["latest"], found["halfway"] = latest, (latest + price) / 2
    found["movement"] = _fitted(price, movement, sizes, horizon, FEWEST_TO_FIT)
    found["lebaran"] = _fitted(price, feast, feast_sizes, horizon, FEWEST_LEBARAN_MONTHS)
    together = np.column_stack([movement, feast])
    found["both"] = _fitted(price, together, sizes + feast_sizes, horizon, FEWEST_LEBARAN_MONTHS)
    return found


def _fitted(price: Floats, features: Floats, sizes: Sequence[float], horizon: int, fewest: int) -> Floats:
    """price + features·β in every month, β by ridge from the outcomes that were known at its end."""
    n = len(price)
    said = np.full(n, np.nan)
    if n <= horizon:
        return said
    rise = np.full(n, np.nan)
    rise[: n - horizon] = price[horizon:] - price[: n - horizon]
    usable = ~np.isnan(rise) & ~np.isnan(features).any(axis=1)
    for t in range(fewest, n):
        if np.isnan(price[t]) or np.isnan(features[t]).any():
            continue
        known = np.flatnonzero(usable[: max(0, t - horizon + 1)])
        if len(known) < FEWEST_TO_FIT:
            continue
        x, y = features[known], rise[known]
        penalty = float(y.var()) / np.array(sizes, np.float64) ** 2
        weights = np.linalg.solve(x.T @ x + np.diag(penalty + 1e-12), x.T @ y)
        said[t] = price[t] + float(features[t] @ weights)
    return said


def _half_widths(misses: Floats, horizon: int) -> Floats:
    """Half the 80 % interval of every month's forecast, in logarithms, from the misses known at its end."""
    n = len(misses)
    half = np.full(n, np.nan)
    level = COVERAGE
    for t in range(n):
        judged = t - horizon  # its outcome became known with this month
        if judged >= 0 and not np.isnan(half[judged]) and not np.isnan(misses[judged]):
            hit = misses[judged] <= half[judged]
            level = min(0.98, max(0.5, level + LEVEL_STEP * (COVERAGE - 1 if hit else COVERAGE)))
        known = misses[: max(0, judged + 1)]
        known = np.sort(known[~np.isnan(known)])
        if len(known) >= FEWEST_ERRORS:
            place = min(len(known), int(np.ceil(level * (len(known) + 1)))) - 1
            half[t] = known[place]
    return half


@dataclass(frozen=True, slots=True)
class Step:
    """One month of a fan: the price in IDR per unit with its 80 % interval, and who said it."""

    number: int
    price_idr: float
    low_idr: float
    high_idr: float
    method: str


def fan(months: Months, lebaran: Sequence[date], *, horizons: Sequence[int] = (1, 2, 3)) -> list[Step]:
    """The months to come as they are forecast at the end of the last; empty where the history is too short."""
    steps: list[Step] = []
    for horizon in horizons:
        given = track(months, horizon, lebaran)
        if not len(months) or np.isnan(given.low[-1]):
            continue
        number = months.start + len(months) - 1 + horizon
        price, low, high = float(given.prices[-1]), float(given.low[-1]), float(given.high[-1])
        steps.append(Step(number, price, low, high, given.methods[-1]))
    return steps
