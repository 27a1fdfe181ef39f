"""Cover days: how long a stock lasts at a demand. Sources of demand conflict, so a range is said. Pure."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Demand:
    """What one source says an area needs of a commodity, in tonnes a day."""

    commodity: str
    area: str
    tonnes_a_day: float
    period: str
    note: str
    source: str


@dataclass(frozen=True, slots=True)
class Cover:
    """How many days a stock lasts: by the largest demand that a source tells, and by the least."""

    days_low: float
    days_high: float
    demands: tuple[Demand, ...]


def cover_days(usable_tonnes: float, tonnes_a_day: float) -> float:
    """Usable stock over demand a day. Raises ValueError for a demand that is not above 0 or a stock below 0."""
    if tonnes_a_day <= 0 or usable_tonnes < 0:
        raise ValueError("a demand must be above 0 and a stock not below")
    return usable_tonnes / tonnes_a_day


def cover(usable_tonnes: float, demands: Sequence[Demand]) -> Cover | None:
    """The cover of a stock (add what is on the way to say it with that), or None where no demand is known."""
    if not demands:
        return None
    days = [cover_days(usable_tonnes, demand.tonnes_a_day) for demand in demands]
    return Cover(min(days), max(days), tuple(demands))


def read_demands(content: str) -> list[Demand]:
    """Demand figures from a table with the columns of `prices/data/demand.csv`."""
    return [
        Demand(r["commodity"], r["area"], float(r["tonnes_a_day"]), r["period"], r["note"], r["source"])
        for r in csv.DictReader(io.StringIO(content))
    ]


def demands_of(demands: Sequence[Demand], commodity: str, area: str) -> list[Demand]:
    """The figures of one commodity in one area, the least first."""
    found = [d for d in demands if (d.commodity, d.area) == (commodity, area)]
    return sorted(found, key=lambda d: d.tonnes_a_day)
