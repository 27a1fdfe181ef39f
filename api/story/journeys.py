"""One journey of one lane, whole: from the first unit tagged to the last one sold. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from api.story import delivery, harvest, haul
from api.story.lanes import Lane
from api.story.stage import Stage
from api.story.telling import Journey, Ride, Teller, numbers
from api.story.timetable import sailings

# From the first tag to the last sale and the truck's way home, with two nights of waiting for a vessel.
LASTS_AT_MOST = timedelta(days=6)


def journey(stage: Stage, lane: Lane, number: int) -> Journey:
    """Journey `number` of a lane."""
    teller = Teller(stage, lane, number)
    farms = stage.farms(lane, number)
    product = stage.product(lane.harvest)
    cargo = harvest.tag_harvest(teller, farms, product)
    here = farms[-1]
    works = stage.site(lane.works) if lane.works else None
    if works and not lane.works_beyond:
        harvest.bring_to_works(teller, farms, cargo, works)
        here, product = works, stage.product(lane.makes or "")
        cargo = harvest.make(teller, works, cargo, product)
    haul.send(teller, farms, here, cargo, product)
    landing = haul.cross(teller, cargo)
    teller.journey.landed_at = teller.now
    if works and lane.works_beyond:
        teller.drive(teller.truck, landing, works)
        harvest.take_in(teller, teller.truck, works, cargo)
        haul.go_home(teller, works, landing, farms[0])
        product = stage.product(lane.makes or "")
        cargo = harvest.make(teller, works, cargo, product)
        delivery.to_market(teller, works, cargo, product)
    else:
        warehouse = stage.site(lane.warehouse or "")
        delivery.store(teller, landing, warehouse, cargo)
        haul.go_home(teller, warehouse, landing, farms[0])
        delivery.to_market(teller, warehouse, cargo, product)
    teller.journey.cargo = cargo
    teller.journey.told.sort(key=lambda told: told.at)
    return teller.journey


_kept = lru_cache(maxsize=1024)(journey)  # who looks ahead asks for the same again and again


def journeys(stage: Stage, since: datetime, until: datetime) -> Iterator[Journey]:
    """Every journey of every lane under way at some moment from `since` to `until`."""
    for lane in stage.lanes:
        for number in numbers(lane, since - LASTS_AT_MOST, until):
            told = _kept(stage, lane, number)
            if told.ends_at >= since:
                yield told


def voyages(stage: Stage, since: datetime, until: datetime) -> list[Ride]:
    """The vessels' rides under way at some moment from `since` to `until`."""
    return [
        Ride(stage.carrier(s.vessel).giai, s.departs_at, s.arrives_at, stage.water(s).line)
        for s in sailings(since, until)
    ]
