"""Over the water: the shipment planned, loaded, weighed at the gate, shipped, landed. Pure."""

from datetime import timedelta

from api.story import cast
from api.story.harvest import collect
from api.story.telling import HOUR, MINUTE, Ride, Teller, Told, every, scan_id, spelled
from api.story.timetable import Sailing, next_sailing
from tracking.corridor_document import ProductEntry, SiteEntry


def send(teller: Teller, farms: list[SiteEntry], here: SiteEntry, cargo: list[str], product: ProductEntry) -> None:
    """The shipment is planned, with its papers or without; the line-haul truck is loaded and drives to the port."""
    lane, stage, truck = teller.lane, teller.stage, teller.truck
    at = cast.operator(here.key) if here.kind != "farm" else cast.head(here.gln)
    port = stage.port(lane)
    at_port = teller.now + timedelta(seconds=stage.road(here.key, port.key).usual_duration_s) + HOUR
    crossing = next_sailing(port.name, at_port + HOUR)
    landing, target = stage.site(crossing.end), stage.site(lane.warehouse or lane.works or lane.market)
    onward = timedelta(seconds=stage.road(landing.key, target.key).usual_duration_s)
    forgotten = every(lane.loses_papers_every, teller.number)
    teller.journey.planner, teller.journey.planned_at = at, teller.now - 5 * MINUTE
    teller.journey.shipment = stage.plan(
        teller.gsin,
        lane,
        product,
        (here, port, landing, target),
        (teller.now, at_port, crossing, crossing.arrives_at + onward + 1.5 * HOUR),
        truck=truck.name,
        units=len(cargo),
        papers=[] if forgotten else [paper for paper in product.papers.split(",") if paper],
    )
    if here.kind == "farm":
        collect(teller, truck, farms, cargo, teller.gsin)
    else:
        teller.wait(20, 50)
        teller.tell(at, "loading", here, carrier=truck.name, tags=cargo, shipment=teller.gsin)
        teller.measure(here, cargo)
        teller.wait(8, 15)
        teller.tell(at, "departing", here, carrier=truck.name, shipment=teller.gsin)
    teller.drive(truck, here, port)


def cross(teller: Teller, cargo: list[str]) -> SiteEntry:
    """Gate, inspection, queue, the vessel, the other side; where the truck has landed."""
    lane, truck, port = teller.lane, teller.truck, teller.stage.port(teller.lane)
    at = cast.operator(port.key)
    teller.tell(at, "arriving", port, carrier=truck.name, shipment=teller.gsin)
    if port.kind == "hub":
        teller.wait(6, 18)
        teller.inspect(at, port, cargo, underweight=every(lane.underweight_every, teller.number))
    teller.measure(port, cargo)
    teller.now += lane.queue_h * HOUR
    sailing = next_sailing(port.name, teller.now + 45 * MINUTE)
    landing = teller.stage.site(sailing.end)
    teller.now = sailing.departs_at - teller.chance.randint(12, 30) * MINUTE
    teller.tell(at, "loading", port, carrier=sailing.vessel, carriers=[truck.name], shipment=teller.gsin)
    _sail(teller, sailing, port, landing)
    teller.now = sailing.arrives_at + teller.chance.randint(10, 35) * MINUTE
    over = cast.operator(landing.key)
    teller.tell(over, "unloading", landing, carrier=sailing.vessel, carriers=[truck.name], shipment=teller.gsin)
    teller.measure(landing, cargo, warm=every(lane.too_warm_every, teller.number))
    if landing.kind == "hub":
        teller.wait(8, 20)
        teller.inspect(over, landing, cargo)
    teller.wait(5, 20)
    teller.tell(over, "departing", landing, carrier=truck.name, shipment=teller.gsin)
    return landing


def _sail(teller: Teller, sailing: Sailing, port: SiteEntry, landing: SiteEntry) -> None:
    """The vessel's own scans: told alike by every truck's story aboard, and so recorded once."""
    for moment, step, site in ((sailing.departs_at, "departing", port), (sailing.arrives_at, "arriving", landing)):
        scan = {
            "id": scan_id(moment, sailing.vessel, step),
            "step": step,
            "at": spelled(moment),
            "site": site.key,
            "carrier": sailing.vessel,
        }
        teller.journey.told.append(Told(moment, cast.operator(site.key), scan))


def go_home(teller: Teller, here: SiteEntry, landing: SiteEntry, home: SiteEntry) -> None:
    """The empty truck drives back the way it came; nobody scans it, its tracker tells where it is."""
    ready, truck, port = teller.now + HOUR, teller.truck, teller.stage.port(teller.lane)
    back = teller.stage.road(here.key, landing.key)
    at_landing = ready + timedelta(seconds=back.usual_duration_s)
    sailing = next_sailing(landing.name, at_landing + 30 * MINUTE)
    ashore = sailing.arrives_at + 20 * MINUTE
    last = teller.stage.road(port.key, home.key)
    teller.journey.rides += [
        Ride(truck.giai, ready, at_landing, back.line),
        Ride(truck.giai, ashore, ashore + timedelta(seconds=last.usual_duration_s), last.line),
    ]
