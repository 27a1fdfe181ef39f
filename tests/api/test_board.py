"""What a hub sees coming: trucks by road and trucks that ride on a vessel; and what is on which sailing."""

from datetime import UTC, datetime, timedelta

from core.database import raw
from hubs.board import board
from hubs.models import Sailing
from tests.world import World


def test_a_truck_that_rides_on_a_vessel_is_expected_where_it_lands(world: World) -> None:
    now = datetime.now(UTC)
    leaves, lands = now - timedelta(hours=1), now + timedelta(hours=9)
    voyage = {"giai": world.vessel.giai, "cut_off_at": leaves - timedelta(hours=1), "departs_at": leaves}
    back = {
        "giai": world.vessel.giai,
        "cut_off_at": lands + timedelta(hours=1),
        "departs_at": lands + timedelta(hours=2),
    }
    there_and_back = (
        Sailing(from_site_id=world.panjang.id, to_site_id=world.priok.id, arrives_at=lands, **voyage),
        Sailing(
            from_site_id=world.priok.id, to_site_id=world.panjang.id, arrives_at=lands + timedelta(hours=12), **back
        ),
    )
    world.session.add_all(there_and_back)
    world.session.commit()
    sacks = world.harvested(hours=80, count=2)

    def leg(mode: str, carrier: str, start: str, end: str, off: datetime, on: datetime) -> dict[str, str]:
        times = {"planned_departure_at": off.isoformat(), "planned_arrival_at": on.isoformat()}
        return {"mode": mode, "carrier": carrier, "from_site": start, "to_site": end, **times}

    farm, panjang, priok, marunda = (site.uri for site in (world.farm, world.panjang, world.priok, world.marunda))
    truck, vessel = world.truck.name, world.vessel.name
    planned = world.client.post(
        "/api/v1/shipments",
        headers={"authorization": f"Bearer {world.admin}"},
        json={
            "from_site": farm,
            "to_site": marunda,
            "route": "sea",
            "product_gtin": world.product("rice").gtin,
            "planned_units": 2,
            "planned_departure_at": (leaves - timedelta(hours=6)).isoformat(),
            "planned_arrival_at": (lands + timedelta(hours=4)).isoformat(),
            "legs": [
                leg("road", truck, farm, panjang, leaves - timedelta(hours=6), leaves - timedelta(hours=2)),
                leg("sea", vessel, panjang, priok, leaves, lands),
                leg("road", truck, priok, marunda, lands + timedelta(hours=1), lands + timedelta(hours=4)),
            ],
        },
    )
    assert planned.status_code in (200, 201), planned.text
    gsin = planned.json()["gsin"]

    def tell(step: str, at: datetime, **fields: object) -> None:
        [answer] = world.tell(world.scan(step, 0, **fields) | {"at": at.isoformat()})
        assert answer["status"] == "recorded", answer

    tell("loading", leaves - timedelta(hours=5.9), site=farm, carrier=truck, tags=sacks, shipment=gsin)
    tell("arriving", leaves - timedelta(hours=2), site=panjang, carrier=truck, shipment=gsin)
    tell("loading", leaves - timedelta(minutes=20), site=panjang, carrier=vessel, carriers=[truck])

    here, there = (board(raw(world.session), site.id, now=now) for site in (world.panjang, world.priok))
    loaded = {g["sailing"]["id"]: g["sailing"]["loaded"] for b in (here, there) for g in b["groups"] if g["sailing"]}
    assert loaded == {there_and_back[0].id: 1, there_and_back[1].id: 0}
    rows = [row for group in there["groups"] for row in group["rows"]]
    assert [(row["carrier"], row["stage"], row["stage_since"]) for row in rows] == [(truck, "expected", lands)]
    assert there["expected"] == 1
