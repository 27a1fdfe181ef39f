"""The last miles: warehouse, market, whoever eats it; and what goes wrong there. Pure."""

import math

from api.story import cast
from api.story.telling import HOUR, Teller, every
from tracking.corridor_document import ProductEntry, SiteEntry
from tracking.gs1.digital_link import lot_uri


def store(teller: Teller, landing: SiteEntry, warehouse: SiteEntry, cargo: list[str]) -> None:
    """The shared warehouse takes the load in."""
    at, truck = cast.operator(warehouse.key), teller.truck
    lane, stage = teller.lane, teller.stage
    owner = stage.site(lane.works).party if lane.works else stage.farms(lane, teller.number)[0].party
    teller.drive(truck, landing, warehouse)
    teller.tell(at, "arriving", warehouse, carrier=truck.name, shipment=teller.gsin)
    teller.wait(8, 20)
    teller.tell(at, "unloading", warehouse, carrier=truck.name, shipment=teller.gsin)
    teller.measure(warehouse, cargo)
    teller.wait(5, 12)
    teller.tell(at, "accepting", warehouse, tags=cargo, owner=owner, shipment=teller.gsin)
    teller.wait(10, 25)
    teller.tell(at, "storing", warehouse, tags=cargo, room=teller.lane.room)


def to_market(teller: Teller, start: SiteEntry, cargo: list[str], product: ProductEntry) -> None:
    """Some hours later the first part goes to the market, two days on the rest; one unit after the other is sold."""
    if every(teller.lane.reserve_every, teller.number):
        return  # it stays where it is, against dearer weeks
    quick = product.commodity in ("banana", "chicken")
    teller.now += (5 if quick else 9) * HOUR
    first = math.ceil(len(cargo) * 0.6)
    ready_at = teller.now
    _deliver(teller, start, cargo[:first], round_=0)
    recalled = _go_wrong(teller, cargo, product)
    if cargo[first:] and not recalled:
        teller.now = ready_at + 53 * HOUR
        _deliver(teller, start, cargo[first:], round_=1)


def _deliver(teller: Teller, start: SiteEntry, units: list[str], *, round_: int) -> None:
    lane, stage = teller.lane, teller.stage
    truck, market = stage.delivery_truck(lane, teller.number, round_), stage.site(lane.market)
    at, there = cast.operator(start.key), cast.operator(market.key)
    if start.kind == "warehouse":
        teller.tell(at, "picking", start, tags=units, order=f"PO-{teller.gsin[9:16]}")
        teller.wait(15, 35)
    teller.tell(at, "loading", start, carrier=truck.name, tags=units)
    teller.wait(5, 10)
    teller.tell(at, "departing", start, carrier=truck.name)
    teller.drive(truck, start, market)
    teller.tell(there, "arriving", market, carrier=truck.name)
    teller.wait(5, 12)
    teller.tell(there, "unloading", market, carrier=truck.name)
    teller.wait(4, 9)
    teller.tell(there, "accepting", market, tags=units, owner=stage.party_gln(lane.buyer))
    teller.wait(10, 30)
    price = round(lane.price_idr_kg * teller.chance.uniform(0.985, 1.02), -2)
    teller.tell(there, "stocking", market, tags=units, price_idr_kg=price)
    teller.journey.stocked_at = teller.journey.stocked_at or teller.now
    leaves = teller.now
    to_sell = units if round_ else units[1:]  # the very first stays on the shelf, for people to look at
    at_once = max(1, len(units) // 6)
    while to_sell:
        bought, to_sell = to_sell[: (count := at_once * teller.chance.randint(1, 3))], to_sell[count:]
        teller.wait(45, 300)
        teller.tell(there, "retail_selling", market, tags=bought, price_idr_kg=price)
    teller.drive_back(truck, market, start, leaves)


def _go_wrong(teller: Teller, cargo: list[str], product: ProductEntry) -> bool:
    """A copied label is sold at another market; a lot is recalled (True: what is left of it goes nowhere)."""
    lane, stage = teller.lane, teller.stage
    market = stage.site(lane.market)
    if every(lane.sold_twice_every, teller.number):
        other = next(s for s in stage.corridor.sites if s.kind == "market" and s.key != market.key)
        teller.wait(120, 300)
        teller.tell(cast.operator(other.key), "retail_selling", other, tags=[cargo[1]], price_idr_kg=lane.price_idr_kg)
    recalled = every(lane.recalled_every, teller.number) and bool(teller.journey.lot)
    if recalled:
        teller.wait(60, 200)
        lot = lot_uri(product.gtin, teller.journey.lot)
        reason = "Uji laboratorium: Salmonella; jangan dijual, kembalikan"
        teller.tell(cast.OFFICER, "recalling", market, lot=lot, reason=reason)
    return recalled
