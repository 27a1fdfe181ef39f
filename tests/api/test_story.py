"""The demo's story is the same whenever it is worked out, and could have happened."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from api.story import cast
from api.story.feed import Feed
from api.story.journeys import journey, journeys
from api.story.lanes import LANES
from api.story.motion import placed, ride_fixes
from api.story.stage import Stage
from api.story.telling import Journey, begins_at, numbers
from api.story.timetable import LINES, next_sailing, sailings
from core.permissions import DEVICE, role_may
from tracking import steps
from tracking.corridor import lampung_jakarta
from tracking.corridor_document import read
from tracking.ways import distance_km

NOW = datetime(2026, 11, 20, 3, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(read(lampung_jakarta()), "k" * 64)


@pytest.fixture(scope="module")
def week(stage: Stage) -> list[Journey]:
    """All journeys under way in one week."""
    return list(journeys(stage, NOW - WEEK, NOW))


def test_a_journey_worked_out_again_is_the_same(stage: Stage) -> None:
    lane = LANES[0]
    first, again = journey(stage, lane, 320), journey(stage, lane, 320)
    assert first.told == again.told
    assert first.shipment == again.shipment
    assert first.told != journey(stage, lane, 321).told


def test_every_scan_is_one_that_its_teller_may_tell(stage: Stage, week: list[Journey]) -> None:
    roles = {actor.key: actor.role for actor in cast.actors(stage.corridor)}
    roles |= {gadget.key: DEVICE for gadget in cast.gadgets(stage.corridor)}
    for told in (told for each in week for told in each.told):
        step = steps.STEP.validate_python(told.scan)
        assert step.at == told.at.replace(microsecond=told.at.microsecond // 1000 * 1000)
        assert any(role_may(roles[told.actor], p) for p in steps.PERMISSIONS_OF[step.step]), told


def test_scan_ids_are_uuid7_and_differ_but_for_the_vessels_own_scans(week: list[Journey]) -> None:
    bodies: dict[str, dict[str, object]] = {}
    for told in (told for each in week for told in each.told):
        assert UUID(told.scan["id"]).version == 7
        assert bodies.setdefault(told.scan["id"], told.scan) == told.scan


def test_a_journey_tells_in_order_and_sells_all_but_one_unit(week: list[Journey]) -> None:
    for each in week:
        assert [told.at for told in each.told] == sorted(told.at for told in each.told)
        sold = [tag for told in each.told if told.scan["step"] == "retail_selling" for tag in told.scan["tags"]]
        assert each.cargo[0] not in sold
        assert set(sold) <= set(each.cargo)


def test_a_tag_is_put_on_one_unit_only(week: list[Journey]) -> None:
    made = Counter[str]()
    for told in (told for each in week for told in each.told):
        if told.scan["step"] == "commissioning":
            made[told.scan["tag"]] += 1
        elif told.scan["step"] == "transforming":
            made.update(output["tag"] for output in told.scan["outputs"])
    assert made
    assert set(made.values()) == {1}


def test_a_lot_is_made_at_one_place(week: list[Journey]) -> None:
    places: dict[tuple[str, str], set[str]] = {}
    for told in (told for each in week for told in each.told):
        if "lot" in told.scan and "gtin" in told.scan:
            places.setdefault((told.scan["gtin"], told.scan["lot"]), set()).add(told.scan["site"])
    assert places
    assert all(len(sites) == 1 for sites in places.values())


def test_no_truck_is_in_two_places(week: list[Journey]) -> None:
    rides = [ride for each in week for ride in each.rides]
    for giai in {ride.giai for ride in rides}:
        own = sorted((ride for ride in rides if ride.giai == giai), key=lambda ride: ride.from_at)
        for before, after in pairwise(own):
            assert before.to_at <= after.from_at, (giai, before.from_at, after.from_at)


def test_no_truck_drives_faster_than_a_truck(week: list[Journey]) -> None:
    for ride in (ride for each in week for ride in each.rides):
        for one, two in pairwise(ride_fixes(ride, ride.from_at, ride.to_at, timedelta(minutes=5))):
            hours = (two[0] - one[0]) / HOUR
            assert distance_km(one[1:3], two[1:3]) <= max(80 * hours, 0.05)


def test_every_commodity_goes_by_sea_and_by_ferry() -> None:
    ways = {(lane.key.split("-")[0], lane.crossing) for lane in LANES}
    assert ways == {(c, way) for c in ("rice", "corn", "banana", "chicken") for way in ("sea", "ferry")}


def test_a_vessel_leaves_from_where_it_arrived() -> None:
    for line in LINES:
        own = [each for each in sailings(NOW - WEEK, NOW) if each.vessel == line.vessel]
        assert len(own) > 5
        for before, after in pairwise(own):
            assert before.arrives_at < after.departs_at
            assert before.end == after.start


def test_the_next_sailing_is_the_first_that_has_not_left() -> None:
    sailing = next_sailing("Hub Panjang", NOW)
    assert sailing.departs_at >= NOW
    assert next_sailing("Hub Panjang", sailing.departs_at) == sailing
    assert next_sailing("Hub Panjang", sailing.departs_at + timedelta(seconds=1)) != sailing


@pytest.mark.parametrize("lane", LANES, ids=lambda lane: lane.key)
def test_numbers_are_those_of_the_journeys_that_begin_in_between(lane: object) -> None:
    assert isinstance(lane, type(LANES[0]))
    found = numbers(lane, NOW - WEEK, NOW)
    assert begins_at(lane, found[0] - 1) < NOW - WEEK <= begins_at(lane, found[0])
    assert begins_at(lane, found[-1]) < NOW <= begins_at(lane, found[-1] + 1)


def test_feed_gives_each_item_once_however_often_it_is_asked(stage: Stage) -> None:
    feed = Feed(stage, NOW, known=())
    keys: list[str] = []
    for quarter in range(1, 13):
        while due := feed.due(NOW + quarter * HOUR / 4, at_most=7):
            assert due == feed.due(NOW + quarter * HOUR / 4, at_most=7)  # not done yet: it comes again
            feed.done(due)
            keys += [item.key for item in due]
    at_once = Feed(stage, NOW, known=())
    everything = at_once.due(NOW + 3 * HOUR, at_most=10_000)
    assert keys == [item.key for item in everything]
    assert len(set(keys)) == len(keys) > 30


def test_feed_leaves_alone_what_nobody_began(stage: Stage) -> None:
    before = {each.shipment["gsin"] for each in journeys(stage, NOW, NOW) if each.planned_at < NOW}
    known = sorted(before)[:1]
    feed = Feed(stage, NOW, known)
    plans = {item.body["gsin"] for item in feed.due(NOW + 12 * HOUR, 10_000) if item.kind == "plan"}
    told = {item.body.get("shipment") for item in feed.due(NOW + 12 * HOUR, 10_000) if item.kind == "scan"}
    assert plans
    assert not plans & before
    assert not told & (before - set(known))


def test_a_carrier_stands_where_its_ride_ended(stage: Stage) -> None:
    ride = next(ride for each in journeys(stage, NOW, NOW) for ride in each.rides)
    _, lon, lat, speed_kmh, _ = placed(ride, ride.to_at + HOUR)
    assert (lon, lat) == pytest.approx(ride.line[-1], abs=1e-5)
    assert speed_kmh == 0
