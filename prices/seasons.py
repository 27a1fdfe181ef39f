"""What the calendar says of prices: harvests and lean season, Lebaran by the Hijri year, the seasonal index. Pure.

Chicken follows Lebaran, which moves eleven days a year: month dummies mislead there. The dates are a table, because
what the government declares and what astronomy says differ by a day in some years.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from prices.months import Floats, calendar_month, first_day, number_of

NOTICE_DAYS = 60  # before Lebaran: "prices rise in the two months before"
WEEKS = ((-60, -31), (-30, -1), (0, 29), (30, 59))  # days after Lebaran that each feature of a month counts
INDEX_FEWEST_YEARS = 3


@dataclass(frozen=True, slots=True)
class Season:
    """Calendar months in which a price tends to rise, and those in which a harvest lets it fall. A setting, ours."""

    rising: frozenset[int] = frozenset()
    falling: frozenset[int] = frozenset()
    lean: frozenset[int] = frozenset()
    follows_lebaran: bool = False


# Rice is harvested from March to May: what is bought from September on comes from shrinking stocks. Corn has no fixed
# calendar (its harvest peaked in March 2024 and in July 2025); of bananas no price series exists.
SEASONS = {
    "rice": Season(frozenset({9, 10, 11, 12}), frozenset({2, 3, 4}), frozenset({9, 10, 11, 12, 1, 2})),
    "chicken": Season(follows_lebaran=True),
}
NO_SEASON = Season()
HARVEST_PEAKS = {("rice", "Lampung"): (4, 5)}  # months, where it is grown: April, in a dry year May
NEXT_PEAK = {"rice": 4}  # the month that a stock must last to


def season_of(commodity: str | None) -> Season:
    """A commodity's season; none where we know of none."""
    return SEASONS.get(commodity or "", NO_SEASON)


def lebaran_dates(content: str) -> dict[int, date]:
    """Year → first day of Eid al-Fitr, from a table with the columns `year` and `eid_al_fitr_on`."""
    return {int(row["year"]): date.fromisoformat(row["eid_al_fitr_on"]) for row in csv.DictReader(io.StringIO(content))}


def next_lebaran(on: date, lebaran: Sequence[date]) -> date | None:
    """The first Lebaran on or after a day, or None where the table ends before."""
    return min((eid for eid in lebaran if eid >= on), default=None)


@dataclass(frozen=True, slots=True)
class Notice:
    """A reminder by the calendar that Lebaran is near. It is no alert: no price was looked at."""

    lebaran: date
    since: date

    @property
    def lead_days(self) -> int:
        """Days from the notice to Lebaran."""
        return (self.lebaran - self.since).days


def lebaran_notices(first: date, last: date, lebaran: Sequence[date]) -> list[Notice]:
    """The notices for chicken that fall due from `first` to `last`, each sixty days ahead."""
    notices = [Notice(eid, eid - timedelta(days=NOTICE_DAYS)) for eid in sorted(lebaran)]
    return [notice for notice in notices if first <= notice.since <= last]


def before_lebaran(number: int, lebaran: Sequence[date]) -> bool:
    """Whether at a month's end Lebaran is one to ninety days ahead: the time in which chicken rises."""
    end = first_day(number + 1) - timedelta(days=1)
    return any(0 < (eid - end).days <= 90 for eid in lebaran)


def after_lebaran(number: int, lebaran: Sequence[date]) -> bool:
    """Whether Lebaran was within the sixty days up to a month's end: chicken falls then."""
    end = first_day(number + 1) - timedelta(days=1)
    return any(0 <= (end - eid).days < 60 for eid in lebaran)


def is_rising(season: Season, number: int, lebaran: Sequence[date]) -> bool:
    """Whether prices tend to rise in the months after this one's end, by the season."""
    if season.follows_lebaran:
        return before_lebaran(number, lebaran)
    return calendar_month(number) in season.rising


def is_falling(season: Season, number: int, lebaran: Sequence[date]) -> bool:
    """Whether a harvest, or the end of the feast, lets prices fall."""
    if season.follows_lebaran:
        return after_lebaran(number, lebaran) and not before_lebaran(number, lebaran)
    return calendar_month(number) in season.falling


def lebaran_shares(start: int, length: int, lebaran: Sequence[date]) -> Floats:
    """For each month, the shares of its days that lie 60–31 and 30–1 days before and 0–29 and 30–59 after Lebaran."""
    found = np.zeros((length, len(WEEKS)), np.float64)
    for eid in lebaran:
        for feature, (since, until) in enumerate(WEEKS):
            for days in range(since, until + 1):
                on = eid + timedelta(days=days)
                place = number_of(on) - start
                if 0 <= place < length:
                    found[place, feature] += 1 / (first_day(number_of(on) + 1) - first_day(number_of(on))).days
    return found


@dataclass(frozen=True, slots=True)
class SeasonalIndex:
    """A calendar month's price over its year's mean, of the years that were over: mean, and the 10th and 90th part."""

    month: int
    years: int
    mean: float
    low: float
    high: float


def seasonal_index(prices: Floats, start: int) -> list[SeasonalIndex]:
    """The index of every calendar month from whole calendar years; empty below three of them.

    Only years with all twelve prices count, so that a year's mean is not that of its cheap half. The trend within a
    year is taken out: half a year's growth would else make every December dear.
    """
    ratios: list[Floats] = []
    first = -start % 12
    for since in range(first, len(prices) - 11, 12):
        year = np.log(prices[since : since + 12])
        if not np.isnan(year).any():
            before = prices[since - 1] if since else np.nan
            slope = (year[11] - np.log(before)) / 12 if not np.isnan(before) else (year[11] - year[0]) / 11
            ratios.append(np.exp(year - year.mean() - slope * (np.arange(12) - 5.5)))
    if len(ratios) < INDEX_FEWEST_YEARS:
        return []
    table = np.array(ratios, np.float64)
    table = table / table.mean(axis=1, keepdims=True)
    low, high = np.quantile(table, [0.1, 0.9], axis=0)
    mean = table.mean(axis=0)
    return [SeasonalIndex(m + 1, len(ratios), float(mean[m]), float(low[m]), float(high[m])) for m in range(12)]
