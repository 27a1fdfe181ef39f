"""What a label is worth, by the records alone. Pure: the same records, the same verdict, however they came.

Never claims that a copy cannot be: it says whether the records agree.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

State = Literal["consistent", "suspicious", "recalled", "blank", "foreign"]
Check = Literal["right", "wrong", "absent"]

EARTH_RADIUS_KM = 6371.0088
# See findings.py: lorries are limited to 80 km/h; under 10 km a place and a phone differ by nothing.
TOO_FAST_KMH = 110.0
TOO_FAST_FROM_KM = 10.0
# A market's own counting after the sale, within this, is no second life.
AFTER_SALE_S = 900


@dataclass(frozen=True, slots=True)
class Record:
    """One event of a unit's life, as far as the verdict asks: what, when, where."""

    at: datetime
    biz_step: str | None
    place: str | None
    lon: float | None = None
    lat: float | None = None
    own: bool = True  # told of the unit itself, not of what it lay in
    tagging: bool = False
    told_by: str | None = None  # the scan: two events of one scan are one telling


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is not simply good: kind, when, where, and the facts in plain values."""

    kind: str
    at: datetime | None = None
    place: str | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state, and the reasons for it in the order of their weight."""

    state: State
    reasons: tuple[Reason, ...] = ()


def judge(
    records: Sequence[Record],
    *,
    issued: bool,
    check: Check = "absent",
    recalls: Sequence[Reason] = (),
    held: bool = False,
) -> Verdict:
    """The verdict on a unit by its records in order of time.

    `issued`: we gave this number out (or a partner's event made it). `recalls`: recalls that reach it.
    """
    if not issued and not records:
        return Verdict("foreign")
    if recalls:
        return Verdict("recalled", tuple(recalls))
    reasons = [Reason("wrong_check")] if check == "wrong" else []
    if not records:
        return Verdict("suspicious", tuple(reasons)) if reasons else Verdict("blank")
    if held:
        reasons.append(Reason("held"))
    reasons += _sold_twice(records) + _too_fast(records) + _tagged_twice(records)
    if not any(record.tagging for record in records):
        reasons.append(Reason("not_commissioned", records[0].at, records[0].place))
    return Verdict("suspicious", tuple(reasons)) if reasons else Verdict("consistent")


def _sold_twice(records: Sequence[Record]) -> list[Reason]:
    sale = next((record for record in records if record.biz_step == "retail_selling"), None)
    if sale is None:
        return []
    for record in records:
        again = record.biz_step == "retail_selling" and record.told_by != sale.told_by
        later = (record.at - sale.at).total_seconds() > AFTER_SALE_S
        if record.own and (again or later) and record.biz_step not in ("holding", "sensor_reporting"):
            facts = {"sold_at": sale.at.isoformat(), "sold_place": sale.place, "step": record.biz_step}
            return [Reason("already_sold", record.at, record.place, facts)]
    return []


def _too_fast(records: Sequence[Record]) -> list[Reason]:
    located = [record for record in records if record.lon is not None and record.lat is not None]
    for before, after in pairwise(located):
        km = distance_km((before.lon or 0, before.lat or 0), (after.lon or 0, after.lat or 0))
        hours = (after.at - before.at).total_seconds() / 3600
        if km > TOO_FAST_FROM_KM and km > hours * TOO_FAST_KMH:
            facts = {
                "km": round(km),
                "minutes": round(hours * 60),
                "other_place": before.place,
                "other_at": before.at.isoformat(),
            }
            return [Reason("two_places", after.at, after.place, facts)]
    return []


def _tagged_twice(records: Sequence[Record]) -> list[Reason]:
    taggings = [record for record in records if record.tagging]
    tellings = {record.told_by or str(record.at) for record in taggings}
    return [Reason("already_tagged", taggings[-1].at, taggings[-1].place)] if len(tellings) > 1 else []


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance of two lon-lat points."""
    (lon1, lat1), (lon2, lat2) = ((math.radians(x), math.radians(y)) for x, y in (here, there))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))
