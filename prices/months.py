"""A price series by calendar months, as far as each month was over and known. Pure.

Months are counted from year 0: 2024-01 is 24288. A month's price is the mean of what somebody observed in it; copies,
imputed and suspicious values are never in it. A month counts only once its last day has passed within the series (for
monthly series: once it is there), so that what follows later changes no month that was given before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEWEST_DAYS = 3  # observed in a month of a daily series, or the month has no price
LAST_DAYS = 7  # the stretch at a month's end whose mean is its latest price
FRESH_DAYS = 7  # a daily series not seen for longer at a month's end is stale then


@dataclass(frozen=True, slots=True)
class Months:
    """Consecutive months from number `start`: mean and latest price in IDR per unit, NaN where nothing was observed.

    `fresh` says whether the series had been seen in the month's last week (monthly series: in the month).
    """

    start: int
    mean: Floats
    latest: Floats
    fresh: NDArray[np.bool_]
    daily: bool

    def __len__(self) -> int:
        return len(self.mean)

    def numbers(self) -> range:
        """The months' numbers."""
        return range(self.start, self.start + len(self.mean))

    def until(self, length: int) -> "Months":
        """The first so many months: what was known at the end of the last of them."""
        cut = slice(0, length)
        return Months(self.start, self.mean[cut], self.latest[cut], self.fresh[cut], self.daily)


def number_of(on: date) -> int:
    """The number of a day's month."""
    return on.year * 12 + on.month - 1


def first_day(number: int) -> date:
    """The first day of a month."""
    return date(number // 12, number % 12 + 1, 1)


def last_day(number: int) -> date:
    """The last day of a month: when its price is known."""
    return first_day(number + 1) - timedelta(days=1)


def calendar_month(number: int) -> int:
    """1 for January to 12."""
    return number % 12 + 1


def by_month(observed: Sequence[tuple[date, float]], *, daily: bool, seen_until: date, running: bool = False) -> Months:
    """The months of a series' observed prices (in any order) that are over on `seen_until`, its last day of any kind.

    With `running` the month of `seen_until` is given too, as far as it is known.
    """
    found: dict[int, list[tuple[date, float]]] = {}
    for on, price in observed:
        if on <= seen_until:
            found.setdefault(number_of(on), []).append((on, price))
    last = number_of(seen_until)
    if daily and not running and seen_until < last_day(last):
        last -= 1
    enough = {n: days for n, days in found.items() if n <= last and len(days) >= (FEWEST_DAYS if daily else 1)}
    if not enough:
        return Months(last + 1, _array(()), _array(()), np.zeros(0, np.bool_), daily)
    start = min(enough)
    numbers = range(start, last + 1)
    means = _array(_mean(enough.get(n, ())) for n in numbers)
    latest = _array(_latest(enough.get(n, ())) for n in numbers)
    fresh = [bool(enough.get(n)) and (not daily or _seen_late(enough[n], n, seen_until)) for n in numbers]
    return Months(start, means, latest, np.array(fresh, np.bool_), daily)


def _array(values: Iterable[float]) -> Floats:
    return np.array(list(values), np.float64)


def _mean(days: Sequence[tuple[date, float]]) -> float:
    return sum(price for _, price in days) / len(days) if days else float("nan")


def _latest(days: Sequence[tuple[date, float]]) -> float:
    if not days:
        return float("nan")
    last = max(on for on, _ in days)
    return _mean([(on, price) for on, price in days if (last - on).days < LAST_DAYS])


def _seen_late(days: Sequence[tuple[date, float]], number: int, seen_until: date) -> bool:
    return (min(last_day(number), seen_until) - max(on for on, _ in days)).days <= FRESH_DAYS
