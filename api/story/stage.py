"""What the story is played on: the corridor's document by name, who drives which truck, which tags are whose. Pure."""

import math
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from api.story.lanes import LANES, Lane
from api.story.timetable import Sailing
from tracking.corridor import document_ways
from tracking.corridor_document import CarrierEntry, CorridorDocument, ProductEntry, SiteEntry
from tracking.gs1 import keys
from tracking.tags import check_of
from tracking.ways import Way

CYCLE_DAYS = 200  # after so many days the story comes back to tags it has used
OPERATOR = "PT Lumbung Antardaerah"


class Stage:
    """The corridor as the story needs it. `tag_key` signs labels; without it tags are told by their number alone."""

    def __init__(self, corridor: CorridorDocument, tag_key: str | None, lanes: Sequence[Lane] = LANES) -> None:
        self.corridor, self.tag_key, self.lanes = corridor, tag_key, list(lanes)
        self._sites = {site.name: site for site in corridor.sites}
        self._products = {product.name_id: product for product in corridor.products}
        self._parties = {party.name: party for party in corridor.parties}
        self._prefixes = {party.gln: party.gs1_prefix for party in corridor.parties}
        self._roads = document_ways(corridor, "road")
        self._waters = document_ways(corridor, "sea", "ferry")
        trucks = [carrier for carrier in corridor.carriers if carrier.kind == "truck"]
        self._near = [truck for truck in trucks if truck.name.startswith("BE ")]
        self._far = [truck for truck in trucks if not truck.name.startswith("BE ")]

    def site(self, name: str) -> SiteEntry:
        """The site of that name."""
        return self._sites[name]

    def product(self, name_id: str) -> ProductEntry:
        """The product of that Indonesian name."""
        return self._products[name_id]

    def party_gln(self, name: str) -> str:
        """The GLN of the party of that name."""
        return self._parties[name].gln

    def carrier(self, name: str) -> CarrierEntry:
        """The vessel or truck of that name."""
        return next(carrier for carrier in self.corridor.carriers if carrier.name == name)

    def port(self, lane: Lane) -> SiteEntry:
        """Where a lane leaves the island."""
        return self.site("Hub Panjang" if lane.crossing == "sea" else "Pelabuhan Bakauheni")

    def road(self, start: str, end: str) -> Way:
        """The way by road between two sites. Raises LookupError where there is none."""
        way = self._roads.between(start, end)
        if way is None:
            raise LookupError(f"no road from {start} to {end}")
        return way

    def water(self, sailing: Sailing) -> Way:
        """The sea lane or ferry crossing of a sailing."""
        way = self._waters.between(self.site(sailing.start).key, self.site(sailing.end).key)
        if way is None:
            raise LookupError(f"no lane from {sailing.start} to {sailing.end}")
        return way

    def farms(self, lane: Lane, number: int) -> list[SiteEntry]:
        """The farms that fill the truck of a journey."""
        if not lane.farms_at_once:
            return [self.site(name) for name in lane.farms]
        first = number * lane.farms_at_once
        return [self.site(lane.farms[(first + place) % len(lane.farms)]) for place in range(lane.farms_at_once)]

    def line_truck(self, lane: Lane, number: int) -> CarrierEntry:
        """The truck whose turn on the long haul it is."""
        before = sum(other.trucks for other in self.lanes[: self.lanes.index(lane)])
        return self._near[before + number % lane.trucks]

    def feeder(self, lane: Lane, number: int) -> CarrierEntry:
        """The truck that brings harvests to the mill: of three a lane the one whose turn it is."""
        rest = self._near[sum(other.trucks for other in self.lanes) :]
        fed = [other for other in self.lanes if other.works and not other.works_beyond]
        return rest[(3 * fed.index(lane) + number % 3) % len(rest)]

    def delivery_truck(self, lane: Lane, number: int, round_: int) -> CarrierEntry:
        """The truck from the warehouse to the market: for each part of a load two a lane take turns."""
        return self._far[(4 * self.lanes.index(lane) + 2 * round_ + number % 2) % len(self._far)]

    def gsin(self, lane: Lane, number: int) -> str:
        """The shipment number of a journey."""
        prefix = self._parties[OPERATOR].gs1_prefix or ""
        return keys.gsin(prefix, self.lanes.index(lane) * 100_000 + number % 100_000)

    # --- tags ------------------------------------------------------------------------------------------------------

    @cached_property
    def _pools(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """(party, lane) → first serial, journeys until it begins anew, tags a journey."""
        pools: dict[tuple[str, str], tuple[int, int, int]] = {}
        used: dict[str, int] = {}
        for lane in self.lanes:
            journeys = CYCLE_DAYS * 24 // lane.every_h
            sacks = (lane.farms_at_once or len(lane.farms)) * lane.units_per_farm
            wanted = {self.site(farm).party: sacks for farm in lane.farms}
            if lane.works:
                wanted[self.site(lane.works).party] = lane.outputs_max
            for gln, each in wanted.items():
                first = used.get(gln, 1)
                pools[gln, lane.key] = (first, journeys, each)
                used[gln] = first + journeys * each
        return pools

    def tags_needed(self) -> dict[str, int]:
        """How many tags each party (GLN) must have been issued, from serial 1 on."""
        needed: dict[str, int] = {}
        for (gln, _), (first, journeys, each) in self._pools.items():
            needed[gln] = max(needed.get(gln, 0), first - 1 + journeys * each)
        return needed

    def tag(self, gln: str, lane: Lane, number: int, place: int) -> str:
        """The SSCC of the unit in that place of a journey."""
        first, journeys, each = self._pools[gln, lane.key]
        return keys.sscc(0, self._prefixes[gln] or "", first + number % journeys * each + place % each)

    def label(self, sscc: str) -> str:
        """What the QR code of that tag holds; on GS1's own domain, so that it stays the same on every port."""
        return f"https://id.gs1.org/00/{sscc}?c={check_of(sscc, self.tag_key)}" if self.tag_key else sscc

    # --- plans -----------------------------------------------------------------------------------------------------

    def plan(
        self,
        gsin: str,
        lane: Lane,
        product: ProductEntry,
        places: tuple[SiteEntry, SiteEntry, SiteEntry, SiteEntry],
        moments: tuple[datetime, datetime, Sailing, datetime],
        *,
        truck: str,
        units: int,
        papers: list[str],
    ) -> dict[str, Any]:
        """A shipment as POST /api/v1/shipments takes it.

        `places`: from, port, landing, to; `moments`: departure, at the port, the sailing, arrival.
        """
        start, port, landing, end = places
        leaves, at_port, sailing, arrives = moments

        def leg(mode: str, carrier: str, a: SiteEntry, b: SiteEntry, go: datetime, come: datetime) -> dict[str, Any]:
            between = {"mode": mode, "carrier": carrier, "from_site": a.key, "to_site": b.key}
            return {**between, "planned_departure_at": go.isoformat(), "planned_arrival_at": come.isoformat()}

        return {
            "gsin": gsin,
            "from_site": start.key,
            "to_site": end.key,
            "route": lane.crossing,
            "product_gtin": product.gtin,
            "planned_units": units,
            "planned_departure_at": leaves.isoformat(),
            "planned_arrival_at": arrives.isoformat(),
            "legs": [
                leg("road", truck, start, port, leaves, at_port),
                leg(lane.crossing, sailing.vessel, port, landing, sailing.departs_at, sailing.arrives_at),
                leg("road", truck, landing, end, sailing.arrives_at, arrives),
            ],
            "papers": [{"kind": kind, "number": f"{_PAPER[kind]}-{gsin[9:16]}"} for kind in papers],
        }


_PAPER = {
    "waybill": "SJ",
    "plant_quarantine": "KT9",
    "animal_health": "SKKH",
    "veterinary_control": "NKV",
    "halal": "HLL",
}


def bundles(kg: float, unit_kg: float, most: int) -> tuple[int, float]:
    """How many units (`most` at most) come out of so many kilograms, and how heavy each is, in usual units."""
    together = max(1, math.ceil(kg / unit_kg / most))
    return max(1, int(kg / (unit_kg * together))), unit_kg * together
