"""How much of a stock to release when a price stands above its ceiling: a recommendation, the officer decides. Pure.

In tonnes a day: q = min(D·|ε|·gap, what the outlets can sell, max(0, S − kept·D)/H), with D the demand a day, ε its
elasticity, gap = (price − ceiling)/ceiling not below 0, S the usable stock, `kept` days of cover that stay, and H the
days to the next harvest peak. It stops after ten days under the ceiling, and never runs in a producing area at its
harvest peak. Bananas are rerouted, never stored. Every parameter is a setting of ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Limit = Literal["need", "outlets", "stock"]
Refusal = Literal["never_stored", "harvest_peak", "under_ceiling", "long_under_ceiling", "no_ceiling", "no_stock"]


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """The settings of a release."""

    elasticity: float = -0.3
    cover_days_kept: float = 12.0
    stop_after_days: int = 10  # under the ceiling
    outlets: int = 12
    outlet_tonnes_a_day: float = 5.0  # each
    rerouted: frozenset[str] = frozenset({"banana"})


RULE = ReleaseRule()


@dataclass(frozen=True, slots=True)
class Release:
    """What to release, in tonnes a day, the three limits it is the least of, and which of them binds.

    `why_not` says why nothing is recommended; the limits are told all the same where they can be reckoned.
    """

    tonnes_a_day: float
    need: float | None = None
    outlets: float | None = None
    stock: float | None = None
    binding: Limit | None = None
    why_not: Refusal | None = None


def recommend(
    *,
    commodity: str,
    price_idr: float,
    ceiling_idr: float | None,
    demand_tonnes_a_day: float,
    stock_tonnes: float,
    outlet_tonnes_a_day: float,
    days_to_harvest: int,
    days_under_ceiling: int = 0,
    at_harvest_peak: bool = False,
    rule: ReleaseRule = RULE,
) -> Release:
    """The release for one commodity and place on one day. `at_harvest_peak`: the place grows it, and it is the peak."""
    if commodity in rule.rerouted:
        return Release(0.0, why_not="never_stored")
    if ceiling_idr is None:
        return Release(0.0, why_not="no_ceiling")
    gap = max(0.0, (price_idr - ceiling_idr) / ceiling_idr)
    need = demand_tonnes_a_day * abs(rule.elasticity) * gap
    spare = max(0.0, stock_tonnes - rule.cover_days_kept * demand_tonnes_a_day) / max(1, days_to_harvest)
    limits: list[tuple[float, Limit]] = [(need, "need"), (outlet_tonnes_a_day, "outlets"), (spare, "stock")]
    tonnes, binding = min(limits, key=lambda limit: limit[0])
    why_not: Refusal | None = None
    if at_harvest_peak:
        why_not = "harvest_peak"
    elif days_under_ceiling >= rule.stop_after_days:
        why_not = "long_under_ceiling"
    elif gap == 0:
        why_not = "under_ceiling"
    elif spare == 0:
        why_not = "no_stock"
    return Release(0.0 if why_not else tonnes, need, outlet_tonnes_a_day, spare, binding, why_not)


def days_under_ceiling(observed: Sequence[tuple[date, float]], ceiling_idr: float) -> int:
    """Days from the first to the last of the latest unbroken stretch of observed prices not above the ceiling."""
    stretch: list[date] = []
    for on, price in sorted(observed):
        stretch = [] if price > ceiling_idr else [*stretch[:1], on]
    return (stretch[-1] - stretch[0]).days + 1 if stretch else 0


def days_to_peak(on: date, peak_month: int) -> int:
    """Days from `on` to the middle of the next month of that number; 0 in the month itself."""
    if on.month == peak_month:
        return 0
    year = on.year + (on.month > peak_month)
    return (date(year, peak_month, 15) - on).days
