"""Entering and leaving a site, decided from a carrier's track. Pure: no clock, no database. See docs/adr/0010.

A fix near a boundary says little: receivers err by some metres, and by more beside a vessel's steel. So a carrier is in
once it lies clearly within, out once it lies clearly outside, and between the two it stays what it was.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

Direction = Literal["arriving", "departing"]

INSIDE_M = 25.0  # so far within the boundary is in
OUTSIDE_M = 50.0  # so far beyond it is out: a phone's error under a roof is some 20 to 40 m
STAY_MIN = timedelta(seconds=60)  # shorter is driving past or a leap of the receiver
GAP_MAX = timedelta(hours=12)  # after a longer silence nobody knows when it came or left: no moment is made up
SAME_WITHIN = timedelta(minutes=30)  # what a gate scan told within this is the same coming or going
NAMESPACE = UUID("5b7c3f0e-3f5d-5c0a-9d55-0d6f0a6a7c11")


class Sight(NamedTuple):
    """One fix as one fence sees it: when, and how far from the boundary in metres; below zero is within."""

    at: datetime
    distance_m: float


class Crossing(NamedTuple):
    """A carrier came to a site, or left it; `at` is its first clear fix within, or its first clear fix outside."""

    direction: Direction
    at: datetime


def crossings(track: Iterable[Sight]) -> list[Crossing]:
    """Every coming and going in a track of one carrier and one fence, in order of time.

    The order and the number of times in which sights are given change nothing. Where a track begins within, nobody
    saw it come: no arriving is told, but its departing is. A stay or an absence of less than STAY_MIN is none. A
    silence of more than GAP_MAX ends what was known.
    """
    found: list[Crossing] = []
    inside: bool | None = None
    last: datetime | None = None
    for sight in sorted(set(track)):
        if last is not None and sight.at - last > GAP_MAX:
            inside = None
        last = sight.at
        now_inside = _side(sight.distance_m, inside)
        if inside is not None and now_inside is not None and now_inside != inside:
            found.append(Crossing("arriving" if now_inside else "departing", sight.at))
        inside = now_inside
    return _settled(found, last)


def _side(distance_m: float, before: bool | None) -> bool | None:
    """Whether it is inside; what it was `before` (None: unknown) where the fix lies too near to say."""
    if distance_m <= -INSIDE_M:
        return True
    return False if distance_m >= OUTSIDE_M else before


def _settled(found: Sequence[Crossing], last: datetime | None) -> list[Crossing]:
    """Without pairs that lie closer than STAY_MIN, and without a last one that has not stood for so long yet."""
    settled: list[Crossing] = []
    for crossing in found:
        if settled and crossing.direction != settled[-1].direction and crossing.at - settled[-1].at < STAY_MIN:
            settled.pop()
        else:
            settled.append(crossing)
    if settled and last is not None and last - settled[-1].at < STAY_MIN:
        settled.pop()
    return settled


def untold(found: Iterable[Crossing], told: Iterable[Crossing]) -> list[Crossing]:
    """Those of `found` that nobody told yet: no coming or going of the same direction within SAME_WITHIN is known.

    Late fixes move a crossing by minutes at most; such a move is the same crossing, and the first telling stands.
    """
    known = list(told)
    fresh: list[Crossing] = []
    for crossing in found:
        if all(other.direction != crossing.direction or abs(other.at - crossing.at) > SAME_WITHIN for other in known):
            fresh.append(crossing)
            known.append(crossing)
    return fresh


def event_id(carrier: str, site: str, crossing: Crossing) -> str:
    """The eventID of a crossing: the same wherever and whenever it is worked out."""
    told = f"{carrier} {site} {crossing.direction} {crossing.at.isoformat()}"
    return f"urn:uuid:{uuid5(NAMESPACE, told)}"
