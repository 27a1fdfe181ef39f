"""Which values are too far from their series' neighbours to be believed. Pure; past its start it looks only back.

A value is set beside the median of up to seven earlier believed values of the last 45 days (daily) or 12 months
(monthly). It is suspicious when it differs by more than the factor below. Three such values in a row that agree within
10 % are a new level: the third is believed, the two before stay as they were known then. Copies carried forward
confirm nothing.

Only where fewer than three earlier values exist (a series' start, or after a long gap) are the next five taken into
the median; and where there are no three neighbours at all, the value may differ from the whole series' median by a
factor of five. Because nothing else looks ahead, later files change no verdict.

Factors: for rice, corn, bananas and chicken by the kilogram 1.3 a day (no value of the daily PIHPS series of Lampung
and DKI Jakarta since 2018 exceeds it) and 1.6 a month; for everything else 2 a day and 4 a month: chillies have risen
by half within a week and threefold within a month.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from prices.layouts import Frequency

NEIGHBOURS = 7
ENOUGH = 3
FOLLOWING = 5  # at a series' start: the majority of them outvotes two absurd days
SPAN_DAYS = {"daily": 45, "monthly": 370}
STAPLE_FACTOR = {"daily": 1.3, "monthly": 1.6}
OTHER_FACTOR = {"daily": 2.0, "monthly": 4.0}
LONE_FACTOR = 5.0
SAME_LEVEL = 1.1


@dataclass(frozen=True, slots=True)
class Value:
    """A price of a day; `copied` where it was carried forward from an earlier day."""

    on: date
    price_idr: Decimal
    copied: bool = False


def suspicions(
    values: Sequence[Value], *, frequency: Frequency, staple: bool, earlier: Sequence[Value] = ()
) -> dict[date, str]:
    """The suspicious days of a series with the reason for each. `values` are in order of day, one a day.

    `earlier` are believed values from before the first day, in order (from what is already known of the series).
    """
    factor = (STAPLE_FACTOR if staple else OTHER_FACTOR)[frequency]
    span = SPAN_DAYS[frequency]
    believed = [(value.on, float(value.price_idr)) for value in earlier]
    doubted: list[tuple[date, float]] = []  # the latest run of suspicious values, new days only
    found: dict[date, str] = {}
    everything = [float(value.price_idr) for value in (*earlier, *values)]
    whole = median(everything) if len(everything) > ENOUGH else None
    for place, value in enumerate(values):
        price = float(value.price_idr)
        near = [p for on, p in believed[-NEIGHBOURS:] if (value.on - on).days <= span]
        if len(near) < ENOUGH:
            near += [
                float(v.price_idr)
                for v in values[place + 1 : place + 1 + FOLLOWING]
                if (v.on - value.on).days <= span and not v.copied
            ]
        middle, allowed = median(near) if len(near) >= ENOUGH else None, factor
        if middle is None:
            middle, allowed = whole, LONE_FACTOR
        if middle is None or middle / allowed <= price <= middle * allowed:
            doubted.clear()
            if not value.copied:
                believed.append((value.on, price))
            continue
        if not value.copied:
            doubted = [(on, p) for on, p in doubted if (value.on - on).days <= span and _same_level(p, price)]
            doubted.append((value.on, price))
            if len(doubted) >= ENOUGH:
                believed, doubted = doubted, []  # a new level: the old one is no neighbour any more
                continue
        found[value.on] = _reason(price, middle, near_enough=len(near) >= ENOUGH)
    return found


def _same_level(one: float, other: float) -> bool:
    return max(one, other) <= SAME_LEVEL * min(one, other)


def _reason(price: float, middle: float, *, near_enough: bool) -> str:
    times = price / middle
    ratio = f"{times:.0f}" if times >= 10 else f"{times:.2g}" if times >= 0.01 else "less than 0.01"
    against = "its neighbours" if near_enough else "the series"
    return f"{ratio} times the median of {against} ({middle:.0f})"
