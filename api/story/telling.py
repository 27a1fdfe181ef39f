"""What a story is told with: scans with their moment and teller, rides of trucks, ids that come out the same again.

Pure. Moments, weights and ids follow from a lane and the number of the journey alone, so demo and simulator need no
memory of what they have told: telling it again changes nothing.
"""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from api.story import cast
from api.story.lanes import Lane
from api.story.stage import Stage
from api.story.timetable import ANCHOR, HOUR, Sailing
from tracking.corridor_document import CarrierEntry, SiteEntry
from tracking.ways import LonLat

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Told:
    """A scan as `actor` sends it."""

    at: datetime
    actor: str
    scan: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ride:
    """A carrier moves along a line."""

    giai: str
    from_at: datetime
    to_at: datetime
    line: list[LonLat]


@dataclass(slots=True)
class Journey:
    """What one journey says: its scans in order, its shipment as planned (and by whom, when), its trucks' rides."""

    lane: Lane
    number: int
    begins_at: datetime
    told: list[Told] = field(default_factory=list[Told])
    rides: list[Ride] = field(default_factory=list[Ride])
    shipment: dict[str, Any] = field(default_factory=dict[str, Any])
    planner: str = ""
    planned_at: datetime = ANCHOR
    cargo: list[str] = field(default_factory=list[str])  # SSCCs that travel to the market; the first is never sold
    vessel: str = ""  # that takes it over the water
    landed_at: datetime = ANCHOR  # when it drove off the port beyond the water
    stocked_at: datetime | None = None
    lot: str = ""

    @property
    def ends_at(self) -> datetime:
        """When its last scan is told and its last truck is home."""
        return max([told.at for told in self.told] + [ride.to_at for ride in self.rides])


def begins_at(lane: Lane, number: int) -> datetime:
    """When journey `number` of a lane begins."""
    return ANCHOR + timedelta(hours=lane.phase_h + lane.every_h * number)


def numbers(lane: Lane, since: datetime, until: datetime) -> range:
    """The journeys of a lane that begin at `since` or later, before `until`."""
    every, zero = timedelta(hours=lane.every_h), begins_at(lane, 0)
    return range(
        -((zero - since) // every) if since <= zero else -(-(since - zero) // every), -((zero - until) // every)
    )


def scan_id(at: datetime, *names: object) -> str:
    """A UUIDv7 of that moment, the same for the same names: what a phone's random bits are, told again."""
    random_bits = int.from_bytes(hashlib.sha256("/".join(map(str, names)).encode()).digest()[:16])
    value = (int(at.timestamp() * 1000) & (1 << 48) - 1) << 80 | random_bits & (1 << 80) - 1
    return str(UUID(int=value & ~(0xF << 76) & ~(0b11 << 62) | 0x7 << 76 | 0b10 << 62))


def spelled(at: datetime) -> str:
    """A moment as scans spell it, to the millisecond."""
    return at.isoformat(timespec="milliseconds")


def wib_day(at: datetime) -> str:
    """The day in western Indonesia."""
    return f"{at + 7 * HOUR:%Y-%m-%d}"


def every(rhythm: int, number: int) -> bool:
    """Whether a mishap that comes once in `rhythm` journeys (0: never) comes to this one."""
    return rhythm > 0 and number % rhythm == 0


class Teller:
    """Works out one journey: what time it is in it, what is told so far."""

    def __init__(self, stage: Stage, lane: Lane, number: int) -> None:
        self.stage, self.lane, self.number = stage, lane, number
        self.chance = random.Random(f"{lane.key}/{number}")  # noqa: S311 - a story, not a secret
        self.now = begins_at(lane, number)
        self.journey = Journey(lane, number, self.now)
        self.truck = stage.line_truck(lane, number)
        self.gsin = stage.gsin(lane, number)
        self.weights: dict[str, Decimal] = {}
        self.booked: Sailing | None = None

    def wait(self, low_min: float, high_min: float) -> None:
        """Some minutes go by."""
        self.now += timedelta(seconds=round(self.chance.uniform(low_min, high_min) * 60))

    def tell(self, actor: str, step: str, site: SiteEntry, **said: Any) -> None:
        """A scan is told now; what is None is left out."""
        scan = {
            "id": scan_id(self.now, self.lane.key, self.number, len(self.journey.told)),
            "step": step,
            "at": spelled(self.now),
            "site": site.key,
            **{name: value for name, value in said.items() if value is not None},
        }
        self.journey.told.append(Told(self.now, actor, scan))

    def drive(self, truck: CarrierEntry, start: SiteEntry, end: SiteEntry) -> None:
        """A truck drives from one site to another, a little quicker or slower than usual."""
        way = self.stage.road(start.key, end.key)
        lasts = timedelta(seconds=round(way.usual_duration_s * self.chance.uniform(0.95, 1.2)))
        self.journey.rides.append(Ride(truck.giai, self.now, self.now + lasts, way.line))
        self.now += lasts

    def drive_back(self, truck: CarrierEntry, start: SiteEntry, end: SiteEntry, at: datetime) -> None:
        """An emptied truck drives back from `at` on, while the story goes on without it."""
        way = self.stage.road(start.key, end.key)
        leaves = at + 20 * MINUTE
        self.journey.rides.append(Ride(truck.giai, leaves, leaves + timedelta(seconds=way.usual_duration_s), way.line))

    def loaded_kg(self, tags: list[str], share: float = 1.0) -> float:
        """What a weighbridge shows for these units, by a fifth of a percent more or less."""
        kg = float(sum((self.weights[tag] for tag in tags), Decimal(0)))
        return round(kg * share * self.chance.uniform(0.998, 1.002), 1)

    def check_units(self, at: str, site: SiteEntry, cargo: list[str]) -> None:
        """Labels and seals of the units aboard are looked at, one by one."""
        self.tell(at, "inspecting", site, tags=cargo, result="conformant", shipment=self.gsin)

    def inspect(self, at: str, site: SiteEntry, cargo: list[str], *, underweight: bool = False) -> None:
        """The loaded line-haul truck is weighed and looked over."""
        heads = self.lane.heads_per_unit if self.lane.works_beyond else None
        self.tell(
            at,
            "inspecting",
            site,
            carrier=self.truck.name,
            result="non_conformant" if underweight else "conformant",
            weight_kg=self.loaded_kg(cargo, 0.93 if underweight else 1.0),
            head_count=heads * len(cargo) - self.chance.randint(0, 2) if heads else None,
            temperature_c=self.temperature(),
            seal=f"SGL{self.number % 100000:05d}",
            shipment=self.gsin,
        )

    def temperature(self) -> float | None:
        """What the truck's logger shows, where the load is cooled."""
        cold = self.lane.carries_c
        return None if cold is None else round(cold + self.chance.uniform(-0.5, 0.5), 1)

    def measure(self, site: SiteEntry, cargo: list[str], *, warm: bool = False) -> None:
        """The logger of a cooled truck is read."""
        shown = self.temperature()
        if shown is not None:
            self.wait(1, 2)
            if warm:  # at the door alone, where one probe hangs
                cargo, shown = cargo[:1], round(shown + 4.9, 1)
            self.tell(cast.logger(self.truck.giai), "sensor_reporting", site, tags=cargo, temperature_c=shown)
