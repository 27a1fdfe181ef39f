"""What somebody with bad intent, a broken phone or a wrong clock may try; and what the record then says."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from api.corridor import load
from core.settings import Settings
from tests.world import World
from tracking.corridor import lampung_jakarta
from tracking.models import Carrier


@pytest.fixture(scope="module", autouse=True)
def corridor(engine: Engine) -> None:
    with Session(engine) as session:
        load(session, lampung_jakarta())
        session.commit()


@pytest.fixture
def world(client: TestClient, session: Session, settings: Settings) -> Iterator[World]:
    yield World(client, session, settings)
    session.rollback()


def kinds(answer: dict[str, Any]) -> list[str]:
    return sorted(finding["kind"] for finding in answer["findings"])


# --- what cannot be a value ------------------------------------------------------------------------------------------

MOMENTS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")


@pytest.mark.parametrize(
    ("at", "phone"), [*((at, None) for at in MOMENTS), *zip(MOMENTS, MOMENTS[::-1], strict=True), (MOMENTS[0],) * 2]
)
def test_no_moment_however_far_keeps_the_other_scans_of_a_phone_from_being_recorded(
    world: World, at: str, phone: str | None
) -> None:
    bad, good = world.tags(2)
    headers = {"x-phone-time": phone} if phone else {}
    answers = world.tell(world.harvest(bad) | {"at": at}, world.harvest(good), token=world.head, **headers)
    assert answers[0]["status"] in ("refused", "flagged")
    assert answers[1]["events"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_of_harvest_no_shelf_life_can_be_added_to_is_refused(world: World, day: str) -> None:
    [answer] = world.tell(world.harvest(world.tags()[0], produced_on=day), token=world.head)
    assert (answer["status"], answer["errors"][0]["field"]) == ("refused", "produced_on")


@pytest.mark.parametrize("field", ["id", "note", "site", "tag", "lot", "gtin", "at"])
def test_half_a_character_refuses_its_own_scan_only(world: World, field: str) -> None:
    bad, good = world.tags(2)
    scans = [world.harvest(bad) | {field: "\ud800"}, world.harvest(good)]
    response = world.client.post(
        "/api/v1/scans",
        content=json.dumps(scans),
        headers={"authorization": f"Bearer {world.head}", "content-type": "application/json"},
    )
    assert response.status_code == 200
    assert [answer["status"] for answer in response.json()] == ["refused", "recorded"]


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/sites?kind=%00",
        "/api/v1/findings?kind=%00",
        "/api/v1/loads?code=%00&site=%00",
        "/konsol/cari?q=%00",
        "/konsol/hub/%00",
        "/konsol/pengiriman/%00",
    ],
)
def test_a_nul_in_an_address_is_the_askers_fault(world: World, address: str) -> None:
    response = world.client.get(address, headers={"authorization": f"Bearer {world.admin}"})
    assert response.status_code in (200, 404, 422)


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/api/v1/people", {"login": "seseorang", "name": "a\x00b", "pin": "839271"}),
        ("/api/v1/devices", {"name": "a\x00b"}),
    ],
)
def test_a_nul_in_a_body_is_the_askers_fault(world: World, address: str, body: dict[str, str]) -> None:
    response = world.client.post(address, json=body, headers={"authorization": f"Bearer {world.head}"})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def group_of_strangers(world: World) -> str:
    return world.account("group_head", world.other_group, world.site("farm", world.other_group))


def test_an_officers_recall_is_not_undone_by_the_hub_where_it_was_told(world: World) -> None:
    [sack] = world.harvested()
    recall = world.scan("recalling", 5, tags=[sack], reason="Residu di atas batas", site=world.panjang.uri)
    world.tell(recall, token=world.account("officer"))
    [undone] = world.tell(
        world.scan("correcting", 6, scan=recall["id"], reason="Salah tekan"),
        token=world.operator("hub_operator", world.panjang),
    )
    assert undone["status"] == "refused"
    assert world.state(sack)["persistent"] == ["recalled"]


def test_a_colleague_at_the_same_hub_corrects_a_gate_scan(world: World) -> None:
    [sack] = world.harvested()
    wrong = world.scan("inspecting", 5, tags=[sack], result="damaged")
    world.tell(wrong, token=world.operator("hub_operator", world.panjang))
    [answer] = world.tell(
        world.scan("correcting", 6, scan=wrong["id"], reason="Salah tekan"),
        token=world.operator("hub_operator", world.panjang),
    )
    assert answer["status"] == "recorded"


def test_correcting_twice_changes_nothing_more_and_a_correction_is_not_corrected(world: World) -> None:
    [sack] = world.harvested()
    wrong = world.scan("loading", 2, carrier=world.truck.name, tags=[sack], site=world.farm.uri)
    first = world.scan("correcting", 3, scan=wrong["id"], reason="Truk yang salah")
    second = world.scan("correcting", 4, scan=wrong["id"], reason="Truk yang salah")
    third = world.scan("correcting", 5, scan=first["id"], reason="Ternyata benar")
    answers = world.tell(wrong, first, second, third, token=world.head)
    assert [answer["status"] for answer in answers] == ["recorded", "recorded", "recorded", "refused"]
    told = "SELECT count(*) AS n FROM event WHERE scan_id = ANY(%s)"
    assert world.rows(told, [first["id"], second["id"]]) == [{"n": 1}]
    assert world.rows("SELECT count(*) AS n FROM containment WHERE child = %s", world.state(sack)["epc"]) == [{"n": 0}]


def test_an_unloading_of_everything_declared_wrong_puts_everything_back(world: World) -> None:
    sacks = world.harvested(count=2)
    truck = {"carrier": world.truck.name, "site": world.farm.uri}
    emptied = world.scan("unloading", 3, **truck)
    world.tell(world.scan("loading", 2, tags=sacks, **truck), emptied, token=world.head)
    aboard = "SELECT count(*) AS n FROM containment WHERE child = ANY(%s) AND to_at IS NULL"
    epcs = [world.state(sack)["epc"] for sack in sacks]
    assert world.rows(aboard, epcs) == [{"n": 0}]
    world.tell(world.scan("correcting", 4, scan=emptied["id"], reason="Belum diturunkan"), token=world.head)
    assert world.rows(aboard, epcs) == [{"n": 2}]


def test_a_departure_declared_wrong_leaves_the_shipment_where_it_was(world: World) -> None:
    gsin = str(
        world.client.post(
            "/api/v1/shipments",
            json={
                "from_site": world.farm.uri,
                "to_site": world.marunda.uri,
                "route": "road",
                "product_gtin": world.product("rice").gtin,
                "planned_departure_at": world.scan("", 2)["at"],
                "planned_arrival_at": world.scan("", 30)["at"],
                "legs": [
                    {
                        "mode": "road",
                        "carrier": world.truck.name,
                        "from_site": world.farm.uri,
                        "to_site": world.marunda.uri,
                        "planned_departure_at": world.scan("", 2)["at"],
                        "planned_arrival_at": world.scan("", 30)["at"],
                    }
                ],
            },
            headers={"authorization": f"Bearer {world.head}"},
        ).json()["gsin"]
    )
    [sack] = world.harvested()
    told = {"carrier": world.truck.name, "site": world.farm.uri, "shipment": gsin}
    left = world.scan("departing", 2, **told)
    world.tell(world.scan("loading", 1, tags=[sack], **told), left, token=world.head)
    world.tell(world.scan("correcting", 3, scan=left["id"], reason="Belum berangkat"), token=world.head)
    headers = {"authorization": f"Bearer {world.head}"}
    shipment = world.client.get(f"/api/v1/shipments/{gsin}", headers=headers).json()
    assert (shipment["status"], [step["biz_step"] for step in shipment["happened"]]) == ("loading", ["loading"])
    public = world.client.get(f"/402/{gsin}?json").json()
    assert public["legs"][0]["departed_at"] is None


def test_a_farm_lies_to_the_kilometre_for_whoever_does_not_work_there(world: World) -> None:
    def told(token: str) -> tuple[float, float]:
        headers = {"authorization": f"Bearer {token}"}
        sites = world.client.get("/api/v1/sites?kind=farm", headers=headers).json()["rows"]
        return next((site["lon"], site["lat"]) for site in sites if site["uri"] == world.farm.uri)

    exact = told(world.head)
    near = (round(exact[0], 2), round(exact[1], 2))
    assert exact != near
    assert told(world.admin) == exact
    for token in (world.account("observer"), world.account("driver", world.other_group), group_of_strangers(world)):
        assert told(token) == near


def test_strangers_sacks_do_not_go_into_a_groups_unused_label(world: World) -> None:
    [label] = world.tags()
    strangers = world.tags(1, world.other_group)[0]
    farm = world.site("farm", world.other_group).uri
    token = group_of_strangers(world)
    world.tell(world.harvest(strangers, 0, site=farm), token=token)
    [packed] = world.tell(world.scan("packing", 1, parent=label.uri, tags=[strangers.uri], site=farm), token=token)
    assert (kinds(packed), packed["events"]) == (["foreign_tag"], [])
    [answer] = world.tell(world.harvest(label, 2), token=world.head)
    assert answer["status"] == "recorded"


@pytest.mark.parametrize(
    ("label", "kind"), [("095200001999999997", "unknown_tag"), ("https://x.example/00/{}?c=00000000", "wrong_check")]
)
def test_sacks_do_not_go_into_a_label_that_is_none_of_ours(world: World, label: str, kind: str) -> None:
    [sack] = world.harvested()
    parent = label.format(world.tags()[0].sscc)
    [packed] = world.tell(world.scan("packing", 1, parent=parent, tags=[sack], site=world.farm.uri), token=world.head)
    assert (kinds(packed), packed["events"]) == ([kind], [])


def test_a_sack_does_not_go_into_itself(world: World) -> None:
    [sack] = world.harvested()
    [packed] = world.tell(world.scan("packing", 1, parent=sack, tags=[sack], site=world.farm.uri), token=world.head)
    assert packed["status"] == "refused"


def test_a_partner_who_sells_at_anothers_market_is_flagged(world: World) -> None:
    [sack] = world.harvested()
    stranger = world.account("partner", world.other_group)
    [sold] = world.tell(world.scan("retail_selling", 40, tags=[sack], site=world.cipinang.uri), token=stranger)
    assert "wrong_site" in kinds(sold)


def test_a_group_does_not_write_into_anothers_lot(world: World) -> None:
    mine, theirs = world.tags()[0], world.tags(1, world.other_group)[0]
    farm = world.site("farm", world.other_group).uri
    world.tell(world.harvest(mine, 5, lot="PANEN-7"), token=world.head)
    lot = world.state(mine.uri)["lot_uri"]
    [answer] = world.tell(world.harvest(theirs, 1, lot="PANEN-7", site=farm), token=group_of_strangers(world))
    assert answer["status"] == "refused"
    assert world.rows("SELECT party_id, quantity_kg::int AS kg FROM lot WHERE uri = %s", lot) == [
        {"party_id": world.group.id, "kg": 50}
    ]


def test_a_scan_declared_wrong_makes_no_later_one_too_fast(world: World) -> None:
    [sack] = world.harvested()
    operator = world.operator("hub_operator", world.priok)
    wrong = world.scan("inspecting", 20, tags=[sack], result="conformant")
    world.tell(wrong, world.scan("correcting", 20.1, scan=wrong["id"], reason="Salah karung"), token=operator)
    [right] = world.tell(world.scan("inspecting", 20.2, tags=[sack], result="conformant", site=world.panjang.uri))
    assert right["status"] == "recorded"


@pytest.mark.parametrize("late", [False, True])
def test_a_second_sale_is_found_whichever_is_told_first(world: World, late: bool) -> None:
    [sack] = world.harvested()
    sales = [world.scan("retail_selling", hours, tags=[sack], site=world.cipinang.uri) for hours in (40, 41)]
    for sale in reversed(sales) if late else sales:
        world.tell(sale)
    found = world.rows("SELECT kind FROM finding WHERE epc = %s", world.state(sack)["epc"])
    assert found == [{"kind": "already_sold"}]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]


def test_of_many_phones_that_use_one_label_at_once_one_is_first(world: World) -> None:
    [tag] = world.tags()
    answers = at_once(*(partial(world.tell, world.harvest(tag), token=world.head) for _ in range(8)))
    assert sorted(kinds(answer) for [answer] in answers) == [[], *[["already_tagged"]] * 7]
    made = "SELECT count(*) AS n FROM event_epc WHERE epc = %s AND role = 'parent'"
    assert world.rows(made, world.state(tag.uri)["epc"]) == [{"n": 1}]


def test_one_scan_told_by_many_at_once_is_one_scan(world: World) -> None:
    scan = world.harvest(world.tags()[0])
    answers = at_once(*(partial(world.tell, scan, token=world.head) for _ in range(8)))
    assert sorted(answer["status"] for [answer] in answers) == ["recorded", *["repeated"] * 7]


def test_phones_that_load_the_same_sacks_crosswise_do_not_block_each_other(world: World) -> None:
    sacks = world.harvested(count=6)
    trucks = [truck.name for truck in world.session.exec(select(Carrier).where(Carrier.kind == "truck")).all()[:3]]
    world.session.rollback()
    batches = []
    for turn in range(4):
        order = sacks[turn:] + sacks[:turn]
        batches.append(
            [
                world.scan("loading", 1 + turn / 100, carrier=truck, tags=[sack], site=world.farm.uri)
                for sack, truck in zip(order, trucks * 2, strict=True)
            ]
        )
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = world.rows(deadlocks)
    answers = at_once(*(partial(world.tell, *batch, token=world.head) for batch in batches))
    assert all(answer["events"] for batch in answers for answer in batch)
    assert world.rows(deadlocks) == before
