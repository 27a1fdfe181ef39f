"""A series as an officer weighs it: its state with reason, the fan, the season, and what past alerts were worth. Pure.

All of it is reckoned from the known values when it is asked for: a series of ten years takes a tenth of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from prices.changes import observed
from prices.forecasts import Step, Track, fan, track
from prices.indicators import alps, alps_now, ifpa, variation, volatility
from prices.months import Months, by_month, first_day, last_day
from prices.observations import Known
from prices.references import DatedReference, in_force
from prices.seasons import Notice, SeasonalIndex, lebaran_notices, season_of, seasonal_index
from prices.stability import Assessment, Record, Spell, assess, followed_by_rise, record, spells

RISE_PERCENT = {"chicken": 5}  # what counts as a rise on the record page; else 3


@dataclass(frozen=True, slots=True)
class JudgedSpell:
    """A past alert with what came of it: `rose` is None while three months have not passed."""

    spell: Spell
    rose: bool | None
    price_idr: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a series on a day. `now` may be of a month that still runs: `running`."""

    now: Assessment
    running: bool
    judged: list[JudgedSpell]  # the latest first
    rise_percent: int
    record: Record
    steps: list[Step]
    next_month: Track
    next_quarter: Track
    index: list[SeasonalIndex]
    band: list[tuple[date, float, float]]  # a day, and the season's low and high of it in IDR
    notice: Notice | None
    alps_60: float | None
    alps_all: float | None
    ifpa: float | None
    variation: float | None
    volatility: float | None


def outlook(
    values: Sequence[Known],
    *,
    commodity: str | None,
    frequency: str,
    official: Sequence[DatedReference],
    lebaran: Sequence[date],
    today: date,
) -> Outlook | None:
    """The outlook from all known values of a series, in order of day; None without a whole month of prices.

    `official` are the ceilings it may be held against.
    """
    seen = [(value.on, float(value.price_idr)) for value in observed(values)]
    if not seen:
        return None
    daily, until = frequency == "daily", values[-1].on
    months = by_month(seen, daily=daily, seen_until=until)
    so_far = by_month(seen, daily=daily, seen_until=until, running=True)
    if not len(months) or not len(so_far):
        return None
    season = season_of(commodity)
    ceilings = ceilings_of(official, so_far)
    told = assess(so_far, season, lebaran, ceilings=ceilings)
    whole = told[: len(months)]
    running = len(so_far) > len(months) and told[-1].state is not None
    percent = RISE_PERCENT.get(commodity or "", 3)
    judged = [_judged(spell, months, percent) for spell in reversed(spells(whole))]
    notices = lebaran_notices(date.min, today, lebaran) if season.follows_lebaran else []
    scores = alps(months.mean, months.start)
    return Outlook(
        now=told[-1] if running else whole[-1],
        running=running,
        judged=judged,
        rise_percent=percent,
        record=record(months, whole, percent),
        steps=fan(so_far if running else months, lebaran),
        next_month=track(months, 1, lebaran),
        next_quarter=track(months, 3, lebaran),
        index=seasonal_index(months.mean, months.start),
        band=_band(months),
        notice=next((n for n in reversed(notices) if n.lebaran >= today), None),
        alps_60=alps_now(scores),
        alps_all=alps_now(alps(months.mean, months.start, window=None)),
        ifpa=alps_now(ifpa(months.mean)),
        variation=alps_now(variation(months.mean)),
        volatility=volatility(seen, seen[-1][0]) if daily else None,
    )


def ceilings_of(official: Sequence[DatedReference], months: Months) -> dict[int, float]:
    """The official ceiling in force at each month's end."""
    known = list(official)
    found = {number: in_force(known, last_day(number)) for number in months.numbers()} if known else {}
    return {number: float(reference.ceiling_idr) for number, reference in found.items() if reference}


def _judged(spell: Spell, months: Months, percent: int) -> JudgedSpell:
    place = spell.first.number - months.start
    return JudgedSpell(spell, followed_by_rise(months.mean, place, percent), float(months.mean[place]))


def _band(months: Months) -> list[tuple[date, float, float]]:
    """The season's range around the mean of the twelve months before each month, by the years that were over then.

    It reaches three months past the last.
    """
    found: list[tuple[date, float, float]] = []
    index: list[SeasonalIndex] = []
    for place in range(len(months) + 3 if len(months) else 0):
        number = months.start + place
        if number % 12 == 0 and place <= len(months):
            index = seasonal_index(months.mean[:place], months.start)
        year = months.mean[max(0, min(place, len(months)) - 12) : place]
        if index and len(year) == 12 and not np.isnan(year).any():
            level, entry = float(year.mean()), index[number % 12]
            found.append((first_day(number).replace(day=15), level * entry.low, level * entry.high))
    return found
