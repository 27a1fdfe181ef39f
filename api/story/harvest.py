"""From the field to what is sent: tagging, collecting, milling or slaughtering. Pure."""

from datetime import datetime
from decimal import Decimal

from api.story import cast
from api.story.stage import bundles
from api.story.telling import HOUR, Teller, wib_day
from tracking.corridor_document import CarrierEntry, ProductEntry, SiteEntry


def tag_harvest(teller: Teller, farms: list[SiteEntry], product: ProductEntry) -> list[str]:
    """Every farm's sacks, crates or cages are tagged; one lot a farm."""
    lane, tags = teller.lane, list[str]()
    lot_place = (teller.number + 37 * teller.stage.lanes.index(lane)) % 100  # lanes share farms, lots are their own
    for number, farm in enumerate(farms, start=1):
        # Lot numbers of one product must differ between groups, which all call their first farm F001.
        lot = f"{farm.gln[6:10]}-{farm.extension}-{teller.now + 7 * HOUR:%y%m%d}-{lot_place:02d}"
        for _ in range(lane.units_per_farm):
            teller.wait(1, 4)
            tag = teller.stage.tag(farm.party, lane, teller.number, len(tags))
            heavier = Decimal(str(round(teller.chance.uniform(0.985, 1.01), 3)))
            teller.weights[tag] = (lane.unit_kg * heavier).quantize(Decimal("0.1"))
            teller.tell(
                cast.farmer(farm.gln),
                "commissioning",
                farm,
                tag=teller.stage.label(tag),
                gtin=product.gtin,
                quantity_kg=float(teller.weights[tag]),
                head_count=lane.heads_per_unit,
                lot=lot,
                produced_on=wib_day(teller.now),
            )
            tags.append(tag)
        teller.wait(5, 15 if number < len(farms) else 25)
    return tags


def collect(
    teller: Teller,
    truck: CarrierEntry,
    farms: list[SiteEntry],
    tags: list[str],
    shipment: str | None = None,
    leaves_at: datetime | None = None,
) -> None:
    """A truck goes from farm to farm, takes the tagged units and leaves, at `leaves_at` or later."""
    each = teller.lane.units_per_farm
    for number, farm in enumerate(farms):
        if number:
            teller.drive(truck, farms[number - 1], farm)
        teller.wait(4, 12)
        mine = tags[number * each : (number + 1) * each]
        teller.tell(cast.head(farm.gln), "loading", farm, carrier=truck.name, tags=mine, shipment=shipment)
    teller.wait(3, 8)
    teller.now = max(teller.now, leaves_at or teller.now)
    teller.tell(cast.head(farms[-1].gln), "departing", farms[-1], carrier=truck.name, shipment=shipment)


def bring_to_works(teller: Teller, farms: list[SiteEntry], sacks: list[str], works: SiteEntry) -> None:
    """The feeder truck brings the harvest to the mill or slaughterhouse, which takes it in."""
    truck = teller.stage.feeder(teller.lane, teller.number)
    collect(teller, truck, farms, sacks)
    teller.drive(truck, farms[-1], works)
    take_in(teller, truck, works, sacks)


def take_in(teller: Teller, truck: CarrierEntry, works: SiteEntry, sacks: list[str]) -> None:
    """A mill or slaughterhouse weighs, counts and takes in what a truck brought."""
    at, heads = cast.operator(works.key), teller.lane.heads_per_unit
    teller.tell(at, "arriving", works, carrier=truck.name)
    teller.wait(6, 15)
    teller.tell(
        at,
        "inspecting",
        works,
        carrier=truck.name,
        result="conformant",
        weight_kg=teller.loaded_kg(sacks),
        moisture_percent=None if heads else round(teller.chance.uniform(12.6, 14.2), 1),
        head_count=heads * len(sacks) - teller.chance.randint(0, 1) if heads else None,
    )
    teller.wait(4, 8)
    teller.tell(at, "unloading", works, carrier=truck.name)
    teller.wait(3, 6)
    teller.tell(at, "accepting", works, tags=sacks)


def make(teller: Teller, works: SiteEntry, inputs: list[str], product: ProductEntry) -> list[str]:
    """The mill or slaughterhouse makes one lot out of what came; the units that hold it."""
    teller.wait(50, 140)
    lane = teller.lane
    kg = float(sum(teller.weights[tag] for tag in inputs)) * lane.share_out
    count, each_kg = bundles(kg, float(product.unit_kg or 10), lane.outputs_max)
    tags = [teller.stage.tag(works.party, lane, teller.number, place) for place in range(count)]
    heads = lane.heads_per_unit * len(inputs) if lane.heads_per_unit and product.counted else 0
    outputs = [
        {
            "tag": teller.stage.label(tag),
            "quantity_kg": each_kg,
            **({"head_count": heads // count + (place < heads % count)} if heads else {}),
        }
        for place, tag in enumerate(tags)
    ]
    teller.journey.lot = (
        f"{lane.key.split('-')[1][:3].upper()}-{teller.now + 7 * HOUR:%y%m%d}-{teller.number % 1000:03d}"
    )
    teller.tell(
        cast.operator(works.key),
        "transforming",
        works,
        inputs=inputs,
        outputs=outputs,
        gtin=product.gtin,
        lot=teller.journey.lot,
        produced_on=wib_day(teller.now),
    )
    teller.weights = dict.fromkeys(tags, Decimal(str(each_kg)))
    return tags
