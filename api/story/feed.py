"""The story as a queue: what is to be told next, and which carriers are moving meanwhile. Pure.

Which journeys belong to it is told from outside: those whose shipments are known, and those planned from a moment on.
"""

import heapq
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from api.story.haul import crossings
from api.story.journeys import journeys, voyages
from api.story.motion import Placed, placed
from api.story.stage import Stage
from api.story.telling import Journey, Ride

AHEAD = timedelta(hours=1)  # so far ahead journeys are worked out


@dataclass(order=True, frozen=True, slots=True)
class Item:
    """Something to tell: a scan, or the plan of a shipment, by its teller."""

    at: datetime
    order: int  # a plan before the scans of its moment
    key: str
    kind: Literal["scan", "plan"] = field(compare=False)
    actor: str = field(compare=False)
    body: dict[str, Any] = field(compare=False)


class Feed:
    """What happens from `since` on, in order."""

    def __init__(self, stage: Stage, since: datetime, known: Collection[str]) -> None:
        """`known`: the GSINs of journeys that were begun before `since` and go on."""
        self._stage, self._known = stage, frozenset(known)
        self._since = self._until = since
        self._waiting: list[Item] = []
        self._rides: list[Ride] = []

    def due(self, now: datetime, at_most: int = 100) -> list[Item]:
        """The first that are to be told by `now`, at most so many. What is not yet `done` comes again."""
        self._look_ahead(now)
        return [item for item in heapq.nsmallest(at_most, self._waiting) if item.at <= now]

    def done(self, items: Collection[Item]) -> None:
        """These, the first of those due, are told."""
        for _ in items:
            heapq.heappop(self._waiting)

    def moving(self, now: datetime) -> dict[str, Placed]:
        """Where each carrier that is under way is, by GIAI."""
        self._look_ahead(now)
        return {ride.giai: placed(ride, now) for ride in self._rides if ride.from_at <= now < ride.to_at}

    def standing(self, now: datetime) -> dict[str, Placed]:
        """Where each carrier stands that has come to the end of its latest ride."""
        latest: dict[str, Ride] = {}
        for ride in self._rides:
            before = latest.get(ride.giai)
            if ride.from_at <= now and (before is None or ride.from_at > before.from_at):
                latest[ride.giai] = ride
        return {giai: placed(ride, now) for giai, ride in latest.items() if ride.to_at <= now}

    def _look_ahead(self, now: datetime) -> None:
        """Work out the next hour when half of it has gone by."""
        if now + AHEAD / 2 < self._until:
            return
        until = now + AHEAD
        ours = [each for each in journeys(self._stage, min(self._until, now), until) if self._is_ours(each)]
        new = {item.key: item for each in ours for item in _items(each) if self._until <= item.at < until}
        for told in crossings(self._stage, self._until, until):
            new[told.scan["id"]] = Item(told.at, 1, told.scan["id"], "scan", told.actor, told.scan)
        for item in new.values():  # vessels' own scans are in the story of every truck aboard
            heapq.heappush(self._waiting, item)
        self._rides = [*(ride for each in ours for ride in each.rides), *voyages(self._stage, now - AHEAD, until)]
        self._until = until

    def _is_ours(self, journey: Journey) -> bool:
        return journey.planned_at >= self._since or journey.shipment["gsin"] in self._known


def _items(journey: Journey) -> Iterable[Item]:
    gsin = journey.shipment["gsin"]
    yield Item(journey.planned_at, 0, f"plan {gsin}", "plan", journey.planner, journey.shipment)
    for told in journey.told:
        yield Item(told.at, 1, told.scan["id"], "scan", told.actor, told.scan)
