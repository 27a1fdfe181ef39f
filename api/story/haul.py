"""Over the water: the shipment planned, loaded, weighed at the gate, shipped, landed. Pure."""

from datetime import datetime, timedelta

from api.story import cast
from api.story.harvest import collect
from api.story.stage import Stage
from api.story.telling import HOUR, MINUTE, Ride, Teller, Told, every, scan_id, spelled
from api.story.timetable import Sailing, next_sailing, sailings
from tracking.corridor_document import ProductEntry, SiteEntry

# Minutes before its vessel leaves that a truck is to be at the port: at a hub time for gate, checks and yard.
LEAD = {"hub": (55, 110), "ferry_port": (60, 100)}
TOO_EARLY = (115, 165)  # one in three comes to a hub hours before its vessel, and stands in the yard beyond the target
LAST_ABOARD = 20 * MINUTE  # before a vessel leaves, the last truck drives up


def send(teller: Teller, farms: list[SiteEntry], here: SiteEntry, cargo: list[str], product: ProductEntry) -> None:
    """The shipment is planned, with its papers or without; the line-haul truck is loaded and drives to the port."""
    lane, stage, truck = teller.lane, teller.stage, teller.truck
    at = cast.operator(here.key) if here.kind != "farm" else cast.head(here.gln)
    port = stage.port(lane)
    drive = timedelta(seconds=stage.road(here.key, port.key).usual_duration_s)
    loads = HOUR if here.kind != "farm" else HOUR * (0.3 + 0.7 * len(farms))
    early = port.kind == "hub" and every(3, teller.number + stage.lanes.index(lane))
    before = TOO_EARLY if early else LEAD[port.kind]
    lead = teller.chance.randint(*before) * MINUTE
    booked = next_sailing(port.name, teller.now + loads + drive + before[1] * MINUTE)
    at_port = booked.departs_at - lead
    leaves = at_port - 1.05 * drive
    teller.booked = booked
    landing, target = stage.site(booked.end), stage.site(lane.warehouse or lane.works or lane.market)
    onward = timedelta(seconds=stage.road(landing.key, target.key).usual_duration_s)
    forgotten = every(lane.loses_papers_every, teller.number)
    teller.journey.planner, teller.journey.planned_at = at, teller.now - 5 * MINUTE
    teller.journey.shipment = stage.plan(
        teller.gsin,
        lane,
        product,
        (here, port, landing, target),
        (leaves, at_port, booked, booked.arrives_at + onward + 1.5 * HOUR),
        truck=truck.name,
        units=len(cargo),
        papers=[] if forgotten else [paper for paper in product.papers.split(",") if paper],
    )
    if here.kind == "farm":
        collect(teller, truck, farms, cargo, teller.gsin, leaves)
    else:
        teller.now = max(teller.now, leaves - 40 * MINUTE)
        teller.wait(5, 20)
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
        teller.wait(3, 8)
        teller.check_units(at, port, cargo)
        teller.wait(5, 11)
        teller.inspect(at, port, cargo, underweight=every(lane.underweight_every, teller.number))
    teller.measure(port, cargo)
    teller.now += lane.queue_h * HOUR
    sailing = teller.booked
    if sailing is None or teller.now > sailing.departs_at - LAST_ABOARD:
        sailing = next_sailing(port.name, teller.now + LAST_ABOARD)
    teller.journey.vessel = sailing.vessel
    landing = teller.stage.site(sailing.end)
    if port.kind == "hub":
        teller.now = max(teller.now, sailing.departs_at - teller.chance.randint(26, 40) * MINUTE)
        teller.tell(at, "loading", port, carrier=truck.name, tags=cargo, shipment=teller.gsin)  # at the ramp
    teller.now = max(teller.now + MINUTE, sailing.departs_at - teller.chance.randint(4, 14) * MINUTE)
    teller.tell(at, "loading", port, carrier=sailing.vessel, carriers=[truck.name], shipment=teller.gsin)
    teller.journey.told += crossing(teller.stage, sailing)
    teller.now = sailing.arrives_at + teller.chance.randint(10, 80 if landing.kind == "hub" else 35) * MINUTE
    over = cast.operator(landing.key)
    teller.tell(over, "unloading", landing, carrier=sailing.vessel, carriers=[truck.name], shipment=teller.gsin)
    teller.measure(landing, cargo, warm=every(lane.too_warm_every, teller.number))
    if landing.kind == "hub":
        teller.wait(3, 9)
        teller.check_units(over, landing, cargo)
        teller.wait(5, 14)
        teller.inspect(over, landing, cargo)
        teller.wait(12, 42)
    else:
        teller.wait(5, 20)
    teller.tell(over, "departing", landing, carrier=truck.name, shipment=teller.gsin)
    return landing


def crossing(stage: Stage, sailing: Sailing) -> list[Told]:
    """The vessel's own scans: told alike by every truck's story aboard, and so recorded once."""
    told: list[Told] = []
    for moment, step, name in (
        (sailing.departs_at, "departing", sailing.start),
        (sailing.arrives_at, "arriving", sailing.end),
    ):
        site = stage.site(name)
        scan = {
            "id": scan_id(moment, sailing.vessel, step),
            "step": step,
            "at": spelled(moment),
            "site": site.key,
            "carrier": sailing.vessel,
        }
        told.append(Told(moment, cast.operator(site.key), scan))
    return told


def crossings(stage: Stage, since: datetime, until: datetime) -> list[Told]:
    """What the sea's vessels tell from `since` on, before `until`: also those that bring no load back."""
    under_way = [sailing for sailing in sailings(since, until) if sailing.mode == "sea"]
    return [told for sailing in under_way for told in crossing(stage, sailing) if since <= told.at < until]


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
