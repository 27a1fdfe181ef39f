"""What our forecasts and alerts would have been worth: a series' whole past, each day judged by what was known. Pure.

The figures are those of `./run lumbung prices evaluate`: nothing but files is needed, no database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from prices.forecasts import HORIZONS, track
from prices.importers import Reading, SeriesFacts, SeriesKey
from prices.months import Months, by_month, last_day
from prices.reference_files import Reference
from prices.seasons import lebaran_notices, season_of
from prices.stability import Assessment, assess, record, spells

RISES_PERCENT = (2, 3, 5)
CEILINGS = ("HET", "HAP")


@dataclass(slots=True)
class Evidence:
    """What files say of one series: observed prices by day, and how many values nobody observed."""

    key: SeriesKey
    facts: SeriesFacts
    observed: dict[date, float] = field(default_factory=dict[date, float])
    days: set[date] = field(default_factory=set[date])  # of any kind
    filled: int = 0

    @property
    def months(self) -> Months:
        """Its months as far as they were over."""
        daily = self.key.frequency == "daily"
        return by_month(sorted(self.observed.items()), daily=daily, seen_until=max(self.days))


def gathered(readings: Iterable[Reading]) -> list[Evidence]:
    """The series of several judged files, by area and name. Of a day that two files tell, the first file's is taken."""
    found: dict[SeriesKey, Evidence] = {}
    for reading in readings:
        for observation in reading.observations:
            key = observation.series
            evidence = found.get(key)
            if evidence is None:
                evidence = found[key] = Evidence(key, reading.series[key])
            if observation.on in evidence.days:
                continue
            evidence.days.add(observation.on)
            if observation.kind == "observed":
                evidence.observed[observation.on] = float(observation.price_idr)
            elif observation.kind != "suspicious":
                evidence.filled += 1
    return sorted(found.values(), key=lambda e: (e.key.area, e.facts.commodity or "~", e.key.name, e.key.source))


def ceilings_by_month(
    references: Iterable[Reference], facts: SeriesFacts, key: SeriesKey, numbers: Iterable[int]
) -> dict[int, float]:
    """The official ceiling in force at each month's end, for exactly this grade, level and province, in IDR per kg."""
    if facts.unit != "kg" or not facts.grade or key.market:
        return {}
    ours = [
        r
        for r in references
        if r.instrument in CEILINGS
        and (r.commodity, r.grade, r.level) == (facts.commodity, facts.grade, key.level)
        and (not r.provinces or key.area in r.provinces)
    ]
    found: dict[int, float] = {}
    for number in numbers if ours else ():
        on = last_day(number)
        holding = [r for r in ours if r.effective_from <= on and (r.effective_to is None or on <= r.effective_to)]
        if holding:
            latest = max(holding, key=lambda r: r.effective_from)
            found[number] = float(latest.price_idr if latest.price_to_idr is None else latest.price_to_idr)
    return found


def evaluate(evidence: Evidence, references: Sequence[Reference], lebaran: Sequence[date]) -> dict[str, Any]:
    """One series as `prices evaluate` tells it. What cannot be said, for want of history, is None."""
    key, facts, months = evidence.key, evidence.facts, evidence.months
    season = season_of(facts.commodity)
    ceilings = ceilings_by_month(references, facts, key, months.numbers())
    assessments = assess(months, season, lebaran, ceilings=ceilings)
    tracks = {horizon: track(months, horizon, lebaran) for horizon in HORIZONS}
    seen = sorted(evidence.observed) or sorted(evidence.days)
    notices = lebaran_notices(seen[0], seen[-1], lebaran) if season.follows_lebaran else []
    records = {percent: record(months, assessments, percent) for percent in RISES_PERCENT}
    return {
        "series": name_of(key),
        "commodity": facts.commodity or key.name,
        "area": key.area,
        "frequency": key.frequency,
        "from": seen[0].isoformat(),
        "to": seen[-1].isoformat(),
        "observations": len(evidence.observed),
        "imputed_share": round(evidence.filled / len(evidence.days), 4),
        "mape": {str(h): _errors(t.mape()) for h, t in tracks.items()},
        "coverage_80": {str(h): _rounded(t.coverage()) for h, t in tracks.items()},
        "alerts": [
            {
                "from": spell.since.isoformat(),
                "to": spell.until.isoformat() if spell.until else None,
                "state": spell.state,
                "reason": reason(spell.first, ceilings),
            }
            for spell in spells(assessments)
        ],
        "rise_within_3_months": {
            str(percent): {
                "base_rate": _rounded(found.base_rate),
                "precision": _rounded(found.precision),
                "recall": _rounded(found.recall),
            }
            for percent, found in records.items()
        },
        "lebaran_lead_days": {str(notice.lebaran.year): notice.lead_days for notice in notices},
    }


def name_of(key: SeriesKey) -> str:
    """A series in one line: what, at which level, where, from whom."""
    place = f"{key.market}, {key.area}" if key.market else key.area
    return f"{key.name}, {key.level}, {place} ({key.source})"


def reason(assessment: Assessment, ceilings: Mapping[int, float]) -> str:
    """The rule that set a state, and what clears it, in plain words."""
    said: list[str] = []
    for sign in assessment.signs:
        if sign.kind == "season":
            said.append(
                f"in its rising season the price stands {sign.value:.1%} above the mean of the three months before"
                f" (counts from {sign.threshold:.1%})"
            )
        elif sign.kind == "rise":
            said.append(f"it rose {sign.value:.1%} in a month (counts from {sign.threshold:.1%})")
        elif sign.kind == "alps":
            said.append(f"ALPS over 60 months is {sign.value:.2f} (counts from {sign.threshold:.0f})")
        elif sign.kind == "ifpa":
            said.append(f"IFPA is {sign.value:.2f} (counts from {sign.threshold:.0f})")
        elif sign.kind == "ceiling":
            said.append(f"it is {sign.value:.1%} above its official ceiling of {ceilings[assessment.number]:.0f}")
        elif sign.kind == "justified_anew":
            said.append(f"justified anew after six months: {sign.value:.0f} is not below {sign.threshold:.0f}")
    clears = assessment.clears_below_idr
    if clears is not None:
        said.append(f"clears at the end of a month whose mean is under about {clears:.0f} at today's comparison")
    return "; ".join(said)


def _errors(errors: tuple[float, float] | None) -> dict[str, float | None]:
    ours, naive = errors or (None, None)
    return {"ours": _rounded(ours), "naive": _rounded(naive)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
