"""What a price page shows of a series' outlook: state, fan, season and past alerts on the chart, cover and release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date
from sqlmodel import Session

from api.pages.rendering import _
from api.pages.words import Language
from prices import carried
from prices.changes import observed
from prices.charts import Flag, Reach
from prices.cover import Cover, cover, demands_of
from prices.holdings import Holding, holdings
from prices.months import first_day
from prices.observations import Known, Series
from prices.outlook import JudgedSpell, Outlook, outlook
from prices.references import DatedReference, in_force
from prices.release import RULE, Release, ReleaseRule, days_to_peak, days_under_ceiling, recommend
from prices.seasons import HARVEST_PEAKS, NEXT_PEAK


@dataclass(frozen=True, slots=True)
class Advice:
    """What a release page says of one commodity and province: stock, its cover, and the recommendation."""

    holdings: list[Holding]
    tonnes: float
    cover: Cover
    demand_tonnes: float  # the figure that the recommendation takes: the least, which gives the smallest release
    days_to_harvest: int
    release: Release
    rule: ReleaseRule


def outlook_of(series: Series, values: Sequence[Known], official: Sequence[DatedReference], today: date) -> Any:
    """The outlook of a series as it is known, or None where it has not a whole month of prices."""
    return outlook(
        values,
        commodity=series.commodity,
        frequency=series.frequency,
        official=official,
        lebaran=carried.lebaran(),
        today=today,
    )


def marks(weighed: Outlook | None, language: Language) -> tuple[list[Reach], list[Reach], list[Flag]]:
    """The season's band, the fan and the flags of past alerts, for the chart."""
    if weighed is None:
        return [], [], []
    band = [Reach(on, low, high) for on, low, high in weighed.band]
    fan = [
        Reach(first_day(step.number).replace(day=15), step.low_idr, step.high_idr, step.price_idr)
        for step in weighed.steps
    ]
    flags = [_flag(told, language) for told in weighed.judged]
    return band, fan, flags


def _flag(told: JudgedSpell, language: Language) -> Flag:
    said = format_date(told.spell.since, "MMM y", locale=language)
    return Flag(told.spell.since, told.price_idr, said, lasting=told.rose is None, missed=told.rose is False)


def verdict(told: JudgedSpell) -> Any:
    """What came of an alert, in a word."""
    if told.rose is None:
        return _("belum dapat dinilai")
    return _("tepat") if told.rose else _("palsu")


def advice(
    session: Session, series: Series, values: Sequence[Known], official: Sequence[DatedReference], today: date
) -> Advice | None:
    """Cover and release for a series held against a ceiling, where demand is known; None elsewhere."""
    commodity = series.commodity or ""
    demands = demands_of(carried.demands(), commodity, series.area)
    seen = observed(values)
    if not demands or not seen or not official:
        return None
    held = holdings(session, commodity, series.area)
    tonnes = sum(holding.tonnes for holding in held)
    covered = cover(tonnes, demands)
    assert covered is not None  # there are demands
    reference = in_force(list(official), seen[-1].on)
    ceiling = float(reference.ceiling_idr) if reference else None
    peak = NEXT_PEAK.get(commodity)
    days = days_to_peak(today, peak) if peak else 365
    prices = [(value.on, float(value.price_idr)) for value in seen]
    return Advice(
        holdings=held,
        tonnes=tonnes,
        cover=covered,
        demand_tonnes=demands[0].tonnes_a_day,
        days_to_harvest=days,
        release=recommend(
            commodity=commodity,
            price_idr=prices[-1][1],
            ceiling_idr=ceiling,
            demand_tonnes_a_day=demands[0].tonnes_a_day,
            stock_tonnes=tonnes,
            outlet_tonnes_a_day=RULE.outlets * RULE.outlet_tonnes_a_day,
            days_to_harvest=days,
            days_under_ceiling=days_under_ceiling(prices, ceiling) if ceiling else 0,
            at_harvest_peak=today.month in HARVEST_PEAKS.get((commodity, series.area), ()),
        ),
        rule=RULE,
    )
