"""From a unit's records to the handful of stops that a person reads. Pure.

Records at one place in a row are one stop; a crossing between two ports is a stretch of its own. Every record is
counted in exactly one stop, so that each stitch drawn is something somebody recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# What a stop is called, by the weightiest thing that happened there.
WEIGHT = (
    ("retail_selling", "sold"),
    ("stocking", "shelved"),
    ("transforming", "processed"),
    ("tagging", "tagged"),
    ("storing", "stored"),
    ("accepting", "received"),
    ("receiving", "received"),
    ("picking", "picked"),
    ("inspecting", "checked"),
    ("unloading", "unloaded"),
    ("loading", "loaded"),
    ("arriving", "arrived"),
    ("departing", "departed"),
    ("packing", "packed"),
    ("holding", "held"),
    ("sensor_reporting", "measured"),
)
CROSSING = {"hub": "sea", "ferry_port": "ferry"}


@dataclass(slots=True)
class Stop:
    """One stop (or crossing): what, from when to when, where, on what, how many records."""

    step: str
    from_at: datetime
    to_at: datetime
    place: dict[str, Any] | None
    carrier: dict[str, Any] | None = None
    detail: dict[str, Any] = field(default_factory=dict[str, Any])
    records: int = 0
    steps: list[str] = field(default_factory=list[str])


def stops(history: Sequence[dict[str, Any]], *, harvested: bool) -> list[Stop]:
    """The stops of a history in order of time.

    A history row has `at`, `step` (a CBV word, or "tagging" and "transforming"), `place` (a dict with name, kind, uri,
    lon, lat, or None), `carrier` (a dict with kind and name, where the record is of what the unit lay in) and `detail`.
    `harvested`: the product comes straight from a farm, so its tagging is its harvest.
    """
    found: list[Stop] = []
    for row in history:
        step, place = row["step"], row["place"]
        here = found[-1] if found else None
        if _sails(row, "departing"):
            found.append(
                Stop(CROSSING[place["kind"]], row["at"], row["at"], None, row["carrier"], _ends(place, None), 1)
            )
            continue
        if here is not None and here.step in CROSSING.values() and _sails(row, "arriving"):
            here.to_at, here.detail, here.records = row["at"], here.detail | {"to_uri": place["uri"]}, here.records + 1
            continue
        if here is None or here.place is None or place is None or here.place["uri"] != place["uri"]:
            if here is not None and _crosses(here, place, row):
                found.append(_crossing(here, place, row))
            here = Stop("", row["at"], row["at"], place)
            found.append(here)
        here.to_at = row["at"]
        here.records += 1
        here.steps.append(step)
        here.detail |= {name: value for name, value in row["detail"].items() if value is not None}
        if row["carrier"] and row["carrier"]["kind"] == "truck":
            here.carrier = row["carrier"]
    for stop in found:
        if not stop.step:
            stop.step = _named(stop, harvested)
    return found


def _crosses(before: Stop, place: dict[str, Any] | None, row: dict[str, Any]) -> bool:
    """From one port to another, on a vessel."""
    ports = all(end is not None and end["kind"] in CROSSING for end in (before.place, place))
    return ports and row["carrier"] is not None and row["carrier"]["kind"] == "vessel"


def _crossing(before: Stop, place: dict[str, Any] | None, row: dict[str, Any]) -> Stop:
    assert place is not None
    port_kind = before.place["kind"] if before.place else "hub"
    return Stop(CROSSING[port_kind], before.to_at, row["at"], None, row["carrier"], _ends(before.place, place))


def _sails(row: dict[str, Any], step: str) -> bool:
    """A vessel leaves or reaches a port."""
    vessel = row["carrier"] is not None and row["carrier"]["kind"] == "vessel"
    return vessel and row["step"] == step and row["place"] is not None and row["place"]["kind"] in CROSSING


def _ends(start: dict[str, Any] | None, end: dict[str, Any] | None) -> dict[str, Any]:
    return {"from_uri": start["uri"] if start else None, "to_uri": end["uri"] if end else None}


def _named(stop: Stop, harvested: bool) -> str:
    for biz_step, name in WEIGHT:
        if biz_step in stop.steps:
            if name == "tagged":
                return "harvested" if harvested else "processed"
            return "checked" if stop.place and stop.place["kind"] == "hub" and name in _PASSING else name
    return "observed"


_PASSING = frozenset({"unloaded", "loaded", "arrived", "departed", "checked"})
