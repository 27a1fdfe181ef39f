"""The whole way, from a blank tag to a buyer, for each commodity by sea and by ferry; and its EPCIS document."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from core.database import raw
from tests.world import World
from tracking import ledger, provenance
from tracking.epcis.document import document_of, validate
from tracking.models import Carrier, Party, Product
from tracking.reading import read_tag

COMMODITIES = ("rice", "corn", "banana", "chicken")
PLANTS = {"rice": "Penggilingan Padi Rukti", "chicken": "RPHU Tanjung Bintang"}
ROUTES = {
    # from, to, vessel's name begins with, hours of the crossing
    "sea": ("Hub Panjang", "Hub Tanjung Priok", "KM ", 12),
    "ferry": ("Pelabuhan Bakauheni", "Pelabuhan Merak", "KMP ", 2),
}


def by_name(world: World, name_id: str) -> Product:
    return world.session.exec(select(Product).where(Product.name_id == name_id)).one()


def made(world: World, commodity: str) -> list[str]:
    """Tags of what leaves Lampung: fresh from the farm, or processed from what came from it."""
    if commodity in ("banana", "corn"):
        name = {"banana": "Pisang kepok", "corn": "Jagung pipilan kering"}[commodity]
        given = world.tags(2)
        gtin = by_name(world, name).gtin
        answers = world.tell(*(world.harvest(tag, 0, gtin=gtin) for tag in given), token=world.head)
        assert {answer["status"] for answer in answers} == {"recorded"}
        return [tag.uri for tag in given]
    raw_name, made_name, kg = {
        "rice": ("Gabah kering panen", "Beras medium", 25),
        "chicken": ("Ayam ras hidup", "Karkas ayam dingin", 15),
    }[commodity]
    heads = {"head_count": 12} if commodity == "chicken" else {}
    plant = world.named(PLANTS[commodity])
    inputs, outputs = world.tags(3), world.tags(2, world.group)
    harvests = [
        world.harvest(tag, number, gtin=by_name(world, raw_name).gtin, **heads) for number, tag in enumerate(inputs)
    ]
    world.tell(*harvests, token=world.head)
    [milled] = world.tell(
        world.scan(
            "transforming",
            10,
            site=plant.uri,
            inputs=[tag.uri for tag in inputs],
            outputs=[{"tag": tag.uri, "quantity_kg": kg, **heads} for tag in outputs],
            gtin=by_name(world, made_name).gtin,
        )
    )
    assert milled["status"] == "recorded", milled
    assert len(milled["events"]) == 3
    return [tag.uri for tag in outputs]


@pytest.mark.parametrize("route", ["sea", "ferry"])
@pytest.mark.parametrize("commodity", COMMODITIES)
def test_from_blank_tag_to_buyer(world: World, commodity: str, route: str) -> None:
    # Truck and vessel are the same each time: each journey has days of its own.
    world.began -= timedelta(days=40 * list(ROUTES).index(route) + 10 * COMMODITIES.index(commodity))
    sacks = made(world, commodity)
    from_port, to_port, vessel_prefix, crossing_h = ROUTES[route]
    start, end = world.named(from_port), world.named(to_port)
    vessel = world.session.exec(select(Carrier).where(Carrier.name.startswith(vessel_prefix))).all()[0]
    truck = world.session.exec(select(Carrier).where(Carrier.kind == "truck")).all()[8]
    origin = world.named(PLANTS[commodity]) if commodity in PLANTS else world.farm
    off = 20 + crossing_h
    scan, goods = world.scan, {"tags": sacks}
    cold = {"temperature_c": 2.5} if commodity == "chicken" else {}
    told = [
        scan("loading", 12, site=origin.uri, carrier=truck.name, **goods),
        scan("departing", 12.5, site=origin.uri, carrier=truck.name),
        scan("arriving", 18, site=start.uri, carrier=truck.name),
        scan("inspecting", 18.2, site=start.uri, carrier=truck.name, result="conformant", seal="IDP 204881", **cold),
        scan("loading", 19, site=start.uri, carrier=vessel.name, carriers=[truck.name]),
        scan("departing", 20, site=start.uri, carrier=vessel.name),
        scan("arriving", off, site=end.uri, carrier=vessel.name),
        scan("unloading", off + 0.5, site=end.uri, carrier=vessel.name, carriers=[truck.name]),
        scan("departing", off + 1, site=end.uri, carrier=truck.name),
        scan("unloading", off + 5, site=world.marunda.uri, carrier=truck.name),
        scan("accepting", off + 5.1, site=world.marunda.uri, **goods),
        scan("storing", off + 5.5, site=world.marunda.uri, room="K1", **goods),
        scan("picking", off + 20, site=world.marunda.uri, **goods),
        scan("stocking", off + 26, site=world.cipinang.uri, price_idr_kg=13200, **goods),
        scan("retail_selling", off + 30, site=world.cipinang.uri, tags=sacks[:1]),
    ]
    answers = world.tell(*reversed(told))
    assert [(answer["status"], answer["findings"]) for answer in answers] == [("recorded", [])] * len(told)

    connection = raw(world.session)
    epc = read_tag(sacks[0]).epc
    story = provenance.story(connection, epc, now=datetime.now(UTC), check="right")
    assert story is not None
    assert (story["verdict"]["reasons"], story["verdict"]["state"]) == ([], "consistent")
    assert story["product"]["commodity"] == commodity
    passed = "checked" if route == "sea" else "unloaded"  # a hub checks, a ferry port is passed
    steps = [stop["step"] for stop in story["journey"]]
    processed = ["processed"] if commodity in ("rice", "chicken") else []
    assert steps == ["harvested", *processed, "checked", route, passed, "stored", "sold"]
    assert sum(stop["records"] for stop in story["journey"]) == story["verdict"]["records"]
    maker = world.session.get(Party, origin.party_id) if processed else world.group
    assert maker is not None
    assert story["group"]["name"] == maker.name
    assert story["price"]["price_idr_kg"] == 13200
    assert story["made_from_count"] == (3 if processed else 0)
    assert all(
        stop["place"]["uri"] is None for stop in story["journey"] if stop["place"] and stop["place"]["kind"] == "farm"
    )
    if commodity == "chicken":
        assert (story["kept"]["zone"], story["kept"]["max_c"]) == ("chilled", 2.5)

    events = ledger.documents(connection, provenance.event_ids(connection, epc))
    document = document_of(events, created_at=datetime.now(UTC))
    validate(document)
    kinds = {event["type"] for event in document["epcisBody"]["eventList"]}
    assert kinds == {"ObjectEvent", "AggregationEvent"} | ({"TransformationEvent"} if processed else set())
