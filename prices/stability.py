"""One state a series and month, Aman, Waspada, Siaga or Intervensi, with the rule that set it and what clears it. Pure.

The rule was written down before it was scored, and holds for every province and commodity alike: it measures a rise in
the series' own usual monthly change u (mean |ln change| of up to 36 earlier months), so no threshold knows a place.

Siaga, at a month's end: in its rising season the price stands 0.5 u or more above its mean of the three months before;
or, outside its falling season, the month's rise is 1.5 u or more. Intervensi: Siaga, and ALPS-60 is 2 or more or the
price is 5 % or more above the official ceiling of its grade. Waspada: none of these, but ALPS-60 or IFPA is 1 or more,
or the price is above its ceiling. After six months without a break, Siaga or above must be justified anew, by a price
1.5 u above the one that justified it last; else it is Waspada until the signs have ceased for a month. Data that are
too old set no state. Every figure is a setting of ours, none is official.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from prices.indicators import alps, gap_share, ifpa, usual_change
from prices.months import Floats, Months, last_day
from prices.seasons import Season, is_falling, is_rising

STATES = ("aman", "waspada", "siaga", "intervensi")
ALERTS = ("siaga", "intervensi")


@dataclass(frozen=True, slots=True)
class Rule:
    """The thresholds, in multiples of the usual monthly change u where nothing else is said."""

    season_above: float = 0.5
    month_rise: float = 1.5
    usual_months: int = 36
    usual_fewest: int = 12
    usual_least: float = 0.0025  # u is never taken for less: a price that stands still would cry at a rupiah
    alps_waspada: float = 1.0
    alps_intervensi: float = 2.0
    ifpa_waspada: float = 1.0
    ceiling_intervensi: float = 0.05  # share above the official price
    longest_months: int = 6


RULE = Rule()


@dataclass(frozen=True, slots=True)
class Sign:
    """A fact that speaks for a state: what it is, how much, and from how much on it counts."""

    kind: str  # season, rise, alps, ifpa, ceiling, worn_out, justified_anew
    value: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """A series' state at a month's end. `state` is None where it cannot be said; `why_none` says why then."""

    number: int
    state: str | None
    signs: tuple[Sign, ...] = ()
    price_idr: float | None = None
    clears_below_idr: float | None = None  # the price under which no sign of Siaga would stand
    why_none: str = ""  # stale, short

    @property
    def on(self) -> date:
        """The day on which it could be known."""
        return last_day(self.number)

    @property
    def is_alert(self) -> bool:
        """Whether it is Siaga or above."""
        return self.state in ALERTS


def assess(
    months: Months,
    season: Season,
    lebaran: Sequence[date],
    *,
    ceilings: Mapping[int, float] | None = None,
    rule: Rule = RULE,
) -> list[Assessment]:
    """The state at the end of every month, each from what was known then.

    `ceilings` are official prices of the same grade and place by month number, in IDR.
    """
    prices = months.mean
    scores = alps(prices, months.start)
    anomalies = ifpa(prices)
    usual = np.maximum(usual_change(prices, window=rule.usual_months, fewest=rule.usual_fewest), rule.usual_least)
    found: list[Assessment] = []
    justified: tuple[int, float] | None = None  # month and price that justified the present spell of Siaga or above
    worn_out = False
    for t, number in enumerate(months.numbers()):
        price = float(prices[t])
        if not months.fresh[t] or np.isnan(usual[t]):
            found.append(Assessment(number, None, why_none="short" if months.fresh[t] else "stale"))
            justified, worn_out = None, False
            continue
        u = float(usual[t])
        rising, clears = _rise_signs(prices, t, u, season, number, lebaran, rule)
        ceiling = (ceilings or {}).get(number)
        grave, slight = _level_signs(price, float(scores[t]), float(anomalies[t]), ceiling, rule)
        if not rising:
            justified, worn_out = None, False
            found.append(Assessment(number, "waspada" if slight else "aman", tuple(slight), price))
            continue
        anew: list[Sign] = []
        needed = justified[1] * (1 + rule.month_rise * u) if justified else 0.0
        if justified is None:
            justified = number, price
        elif number - justified[0] >= rule.longest_months:
            worn_out = price < needed
            if not worn_out:
                anew.append(Sign("justified_anew", price, needed))
                justified = number, price
        if worn_out:
            signs = (Sign("worn_out", price, needed), *rising)
            found.append(Assessment(number, "waspada", signs, price, clears))
            continue
        state = "intervensi" if grave else "siaga"
        found.append(Assessment(number, state, (*anew, *rising, *grave), price, clears))
    return found


def _rise_signs(
    prices: Floats, t: int, u: float, season: Season, number: int, lebaran: Sequence[date], rule: Rule
) -> tuple[list[Sign], float | None]:
    """The signs that the price is about to rise further, and the price below which none of them would stand."""
    signs: list[Sign] = []
    clears: list[float] = []
    before = prices[max(0, t - 3) : t]
    before = before[~np.isnan(before)]
    if len(before) and is_rising(season, number, lebaran):
        mean = float(before.mean())
        above, threshold = float(prices[t]) / mean - 1, rule.season_above * u
        clears.append(mean * (1 + threshold))
        if above >= threshold:
            signs.append(Sign("season", above, threshold))
    if t and not np.isnan(prices[t - 1]) and not is_falling(season, number, lebaran):
        rise, threshold = float(prices[t] / prices[t - 1]) - 1, rule.month_rise * u
        clears.append(float(prices[t - 1]) * (1 + threshold))
        if rise >= threshold:
            signs.append(Sign("rise", rise, threshold))
    return signs, min(clears, default=None)


def _level_signs(
    price: float, score: float, anomaly: float, ceiling: float | None, rule: Rule
) -> tuple[list[Sign], list[Sign]]:
    """How unusual the level is: the signs that make Siaga an Intervensi, and those of Waspada."""
    grave: list[Sign] = []
    slight: list[Sign] = []
    if score >= rule.alps_waspada:
        slight.append(Sign("alps", score, rule.alps_waspada))
        if score >= rule.alps_intervensi:
            grave.append(Sign("alps", score, rule.alps_intervensi))
    if anomaly >= rule.ifpa_waspada:
        slight.append(Sign("ifpa", anomaly, rule.ifpa_waspada))
    if ceiling:
        gap = gap_share(price, ceiling)
        if gap > 0:
            slight.append(Sign("ceiling", gap, 0.0))
            if gap >= rule.ceiling_intervensi:
                grave.append(Sign("ceiling", gap, rule.ceiling_intervensi))
    return grave, slight


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch of one alert state: from the day it was known to the day it no longer held (None: it still does)."""

    since: date
    until: date | None
    first: Assessment

    @property
    def state(self) -> str | None:
        """Siaga or Intervensi."""
        return self.first.state


def spells(assessments: Sequence[Assessment]) -> list[Spell]:
    """The alerts: each change into, between or out of Siaga and Intervensi, and each new justification, ends one."""
    found: list[Spell] = []
    open_: Assessment | None = None
    for now in assessments:
        anew = any(sign.kind == "justified_anew" for sign in now.signs)
        if open_ and (now.state != open_.state or anew):
            found.append(Spell(open_.on, now.on, open_))
            open_ = None
        if open_ is None and now.is_alert:
            open_ = now
    return [*found, Spell(open_.on, None, open_)] if open_ else found


@dataclass(frozen=True, slots=True)
class Record:
    """How often alerts were followed by a rise of so much within three months. Every month's end is one case."""

    cases: int
    rises: int
    alerts: int
    hits: int

    @property
    def base_rate(self) -> float | None:
        """The share of all months that a rise followed."""
        return self.rises / self.cases if self.cases else None

    @property
    def precision(self) -> float | None:
        """The share of the months under alert that a rise followed."""
        return self.hits / self.alerts if self.alerts else None

    @property
    def recall(self) -> float | None:
        """The share of the rises that an alert stood before."""
        return self.hits / self.rises if self.rises else None


def followed_by_rise(prices: Floats, t: int, percent: float) -> bool | None:
    """Whether the highest of the next three months lies so much above this one's price; None while not known."""
    after = prices[t + 1 : t + 4]
    if len(after) < 3 or np.isnan(prices[t]) or np.isnan(after).all():
        return None
    return bool(np.nanmax(after) >= prices[t] * (1 + percent / 100))


def record(months: Months, assessments: Sequence[Assessment], percent: float) -> Record:
    """The record of a series' alerts for rises of so many percent. Months without a state are no case."""
    cases = rises = alerts = hits = 0
    for t, now in enumerate(assessments):
        rose = followed_by_rise(months.mean, t, percent)
        if now.state is None or rose is None:
            continue
        cases, rises, alerts = cases + 1, rises + rose, alerts + now.is_alert
        hits += rose and now.is_alert
    return Record(cases, rises, alerts, hits)
