"""`POST /api/v1/scans`: each scan answered by itself, once, after the commit; what does not fit is kept and flagged."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, event
from sqlmodel import select

from core.cluster import DatabaseUrls
from tests.world import World
from tracking.models import Carrier, Container, Product


def kinds(answer: dict[str, Any]) -> list[str]:
    return sorted(finding["kind"] for finding in answer["findings"])


def test_a_harvest_is_two_events_and_a_lot(world: World) -> None:
    [tag] = world.tags()
    [answer] = world.tell(world.harvest(tag, lot="A-1", produced_on="2026-11-01"), token=world.head)
    assert (answer["status"], len(answer["events"]), answer["findings"]) == ("recorded", 2, [])
    state = world.state(tag.uri)
    assert (str(state["quantity_kg"]), state["biz_step"]) == ("50.000", "packing")
    lot = world.rows("SELECT * FROM lot WHERE uri = %s", state["lot_uri"])[0]
    assert (lot["lot_number"], str(lot["produced_on"]), lot["party_id"]) == ("A-1", "2026-11-01", world.group.id)


def test_the_same_scan_again_is_the_same_scan(world: World) -> None:
    [tag] = world.tags()
    scan = world.harvest(tag)
    first, twin = world.tell(scan, scan, token=world.head)
    [again] = world.tell(scan, token=world.head)
    assert (first["status"], twin["status"], again["status"]) == ("recorded", "repeated", "repeated")
    assert first["events"] == twin["events"] == again["events"]
    assert again["first"] == "recorded"
    assert world.rows("SELECT count(*) AS n FROM event WHERE scan_id = %s", scan["id"]) == [{"n": 2}]


def test_the_same_id_with_other_content_is_a_conflict_and_changes_nothing(world: World) -> None:
    [tag] = world.tags()
    scan = world.harvest(tag)
    world.tell(scan, token=world.head)
    [answer] = world.tell(scan | {"quantity_kg": 51}, token=world.head)
    assert answer["status"] == "conflict"
    assert str(world.state(tag.uri)["quantity_kg"]) == "50.000"


def test_a_batch_is_answered_item_by_item_in_its_order(world: World) -> None:
    good, bad = world.tags(2)
    answers = world.tell(
        world.harvest(bad, quantity_kg=-5),
        "no scan at all",
        world.harvest(good),
        world.harvest(bad, at="2026-11-01T00:00:00"),
        world.harvest(bad) | {"colour": "red"},
        world.harvest(bad) | {"id": "00000000-0000-4000-8000-000000000000"},
        world.harvest(bad, gtin="09999999999994"),
        token=world.head,
    )
    assert [answer["status"] for answer in answers] == ["refused", "refused", "recorded", *["refused"] * 4]
    assert answers[0]["errors"][0]["field"] == "quantity_kg"
    assert answers[3]["errors"][0]["field"] == "at"
    assert answers[4]["errors"][0]["field"] == "colour"
    assert "UUIDv7" in answers[5]["reason"]
    assert answers[6]["errors"][0]["field"] == "gtin"
    assert world.rows("SELECT count(*) AS n FROM scan WHERE answer = '{}'") == [{"n": 0}]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"not": "a list"}, 422),
        ([], 422),
        ([{}] * 1001, 422),
        ("[{", 422),
    ],
)
def test_a_malformed_batch_is_refused_whole(world: World, body: Any, status: int) -> None:
    headers = {"authorization": f"Bearer {world.admin}", "content-type": "application/json"}
    content = body if isinstance(body, str) else json.dumps(body)
    response = world.client.post("/api/v1/scans", headers=headers, content=content)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status"} <= response.json().keys()


def test_an_oversized_body_is_refused_before_it_is_read(world: World) -> None:
    headers = {"authorization": f"Bearer {world.admin}", "content-type": "application/json"}
    response = world.client.post("/api/v1/scans", headers=headers, content=b"[" + b" " * 9_000_000 + b"]")
    assert response.status_code == 413


def test_nobody_scans_without_a_credential(world: World) -> None:
    assert world.client.post("/api/v1/scans", json=[world.harvest(world.tags()[0])]).status_code == 401


def test_a_role_tells_only_what_its_work_is(world: World) -> None:
    sack = world.harvested()[0]
    observer = world.account("observer")
    for token, step in ((world.head, "retail_selling"), (observer, "stocking")):
        [answer] = world.tell(world.scan(step, 1, tags=[sack], site=world.cipinang.uri), token=token)
        assert answer["status"] == "refused"
    assert world.state(sack)["sold_at"] is None


def test_a_tag_we_never_gave_out_is_flagged_and_kept_out_of_the_ledger(world: World) -> None:
    [answer] = world.tell(world.harvest("095200001999999997"), token=world.head)
    assert (answer["status"], kinds(answer), answer["events"]) == ("flagged", ["unknown_tag"], [])
    assert world.rows("SELECT kind FROM finding WHERE scan_id = %s", answer["id"]) == [{"kind": "unknown_tag"}]
    assert world.rows("SELECT outcome FROM scan WHERE id = %s", answer["id"]) == [{"outcome": "flagged"}]


def test_a_wrong_check_is_flagged(world: World) -> None:
    [tag] = world.tags()
    forged = tag.uri[:-8] + "00000000"
    [answer] = world.tell(world.harvest(forged), token=world.head)
    assert (answer["status"], kinds(answer), answer["events"]) == ("flagged", ["wrong_check"], [])


@pytest.mark.parametrize("form", ["{}", "00{}", "(00) {}", "https://id.gs1.org/00/{}"])
def test_a_typed_number_needs_no_check(world: World, form: str) -> None:
    [tag] = world.tags()
    [answer] = world.tell(world.harvest(form.format(tag.sscc)), token=world.head)
    assert answer["status"] == "recorded"


@pytest.mark.parametrize(
    "code", ["095200001000000019", "12345", "https://example.org/", "WIFI:S:x;;", "(01)09520001234560"]
)
def test_a_code_that_is_no_tag_is_refused_with_the_reason(world: World, code: str) -> None:
    [answer] = world.tell(world.harvest(code), token=world.head)
    assert answer["status"] == "refused"
    assert answer["errors"][0]["field"] == "tags"


def test_a_tag_used_twice_and_a_tag_of_another_group_are_flagged(world: World) -> None:
    mine, theirs = world.tags()[0], world.tags(1, world.other_group)[0]
    world.tell(world.harvest(mine), token=world.head)
    again, foreign = world.tell(world.harvest(mine, 1), world.harvest(theirs, 1), token=world.head)
    assert (kinds(again), again["events"]) == (["already_tagged"], [])
    assert (kinds(foreign), foreign["events"]) == (["foreign_tag"], [])


def test_an_operator_who_scans_for_another_site_is_flagged(world: World) -> None:
    operator = world.operator("hub_operator", world.panjang)
    here, there = world.tell(
        world.scan("arriving", 4, carrier=world.truck.name),
        world.scan("arriving", 30, carrier=world.truck.name, site=world.priok.gln),
        token=operator,
    )
    assert (here["status"], kinds(there)) == ("recorded", ["wrong_site"])


def test_ten_minutes_across_the_strait_is_flagged_both_ways(world: World) -> None:
    sack = world.harvested()[0]
    inspected = {"tags": [sack], "result": "conformant"}
    [late] = world.tell(world.scan("inspecting", 20, site=world.priok.uri, **inspected))
    assert late["status"] == "recorded"
    [quick] = world.tell(world.scan("inspecting", 20.2, site=world.panjang.uri, **inspected))
    assert kinds(quick) == ["too_fast"]
    [before] = world.tell(world.scan("inspecting", 19.8, site=world.panjang.uri, **inspected))
    assert kinds(before) == ["too_fast"]


def test_a_life_after_the_sale_is_flagged(world: World) -> None:
    sack = world.harvested()[0]
    sold, again = world.tell(
        world.scan("retail_selling", 30, tags=[sack], site=world.cipinang.uri, price_idr_kg=13200),
        world.scan("retail_selling", 31, tags=[sack], site=world.cipinang.uri),
    )
    assert (sold["status"], kinds(again)) == ("recorded", ["already_sold"])


def test_a_sack_loaded_before_its_tagging_arrives_is_flagged_until_it_does(world: World) -> None:
    [tag] = world.tags()
    [loaded] = world.tell(world.scan("loading", 2, carrier=world.truck.name, tags=[tag.uri], site=world.farm.uri))
    assert kinds(loaded) == ["not_commissioned"]
    world.tell(world.harvest(tag, 1), token=world.head)
    [finding] = world.rows("SELECT * FROM finding WHERE scan_id = %s", loaded["id"])
    assert finding["closed_reason"] == "the tagging arrived late"


def test_weights_heads_and_warmth_outside_the_product_are_flagged(world: World) -> None:
    sack = world.harvested()[0]
    off, close = world.tell(
        world.scan("inspecting", 6, tags=[sack], site=world.panjang.uri, result="conformant", weight_kg=40),
        world.scan("inspecting", 7, tags=[sack], site=world.panjang.uri, result="conformant", weight_kg="49.9"),
    )
    assert (kinds(off), kinds(close)) == (["weight_off"], [])
    carcass = next(
        product
        for product in world.session.exec(select(Product).where(Product.commodity == "chicken")).all()
        if not product.harvested and product.temperature_max_c is not None
    )
    [tag] = world.tags()
    world.tell(world.harvest(tag, 1, gtin=carcass.gtin, head_count=10))
    warm, counted = world.tell(
        world.scan("sensor_reporting", 3, tags=[tag.uri], site=world.panjang.uri, temperature_c=21.5),
        world.scan("inspecting", 4, tags=[tag.uri], site=world.panjang.uri, result="conformant", head_count=3),
    )
    assert (kinds(warm), kinds(counted)) == (["too_warm"], ["heads_off"])


def test_a_recall_flags_every_later_scan_of_what_was_made_from_it(world: World) -> None:
    sack = world.harvested()[0]
    officer = world.account("officer")
    lot = world.state(sack)["lot_uri"]
    world.tell(
        world.scan("recalling", 5, lot=lot, reason="Residu di atas batas", site=world.panjang.uri), token=officer
    )
    [shelved] = world.tell(world.scan("stocking", 30, tags=[sack], site=world.cipinang.uri))
    assert kinds(shelved) == ["recalled"]
    world.tell(world.scan("releasing", 40, lot=lot, reason="Uji ulang baik", site=world.panjang.uri), token=officer)
    [sold] = world.tell(world.scan("retail_selling", 50, tags=[sack], site=world.cipinang.uri))
    assert sold["status"] == "recorded"


def test_the_phones_clock_is_set_right_and_a_hopeless_one_is_flagged(world: World) -> None:
    slow, hopeless = world.tags(2)
    now = datetime.now(UTC)
    wrong_by = timedelta(hours=-3)
    told = (now - timedelta(minutes=10) + wrong_by).isoformat()
    [answer] = world.tell(
        world.harvest(slow) | {"at": told}, token=world.head, **{"x-phone-time": (now + wrong_by).isoformat()}
    )
    [scan] = world.rows("SELECT * FROM scan WHERE id = %s", answer["id"])
    assert scan["phone_at"].isoformat() == told
    assert abs((scan["scanned_at"] - (now - timedelta(minutes=10))).total_seconds()) < 5
    [future] = world.tell(world.harvest(hopeless) | {"at": "2031-01-01T00:00:00Z"}, token=world.head)
    assert kinds(future) == ["clock_wrong"]


def test_a_correction_takes_the_wrong_scan_out_and_keeps_it(world: World) -> None:
    sack = world.harvested()[0]
    wrong = world.scan("loading", 2, carrier=world.truck.name, tags=[sack], site=world.farm.uri)
    world.tell(wrong, token=world.head)
    inside = "SELECT count(*) AS n FROM containment WHERE child = %s"
    assert world.rows(inside, world.state(sack)["epc"]) == [{"n": 1}]
    correction = world.scan("correcting", 3, scan=wrong["id"], reason="Truk yang salah")
    [answer] = world.tell(correction, token=world.head)
    assert (answer["status"], len(answer["events"])) == ("recorded", 1)
    assert world.rows(inside, world.state(sack)["epc"]) == [{"n": 0}]
    assert world.rows("SELECT count(*) AS n FROM event WHERE scan_id = %s", wrong["id"]) == [{"n": 1}]
    [strangers] = world.tell(
        world.scan("correcting", 4, scan=wrong["id"], reason="Bukan urusan saya"),
        token=world.account("group_head", world.other_group, world.site("farm", world.other_group)),
    )
    assert strangers["status"] == "refused"


def test_a_commit_that_fails_never_answers_success(
    world: World, app: FastAPI, engine: Engine, module_database: DatabaseUrls
) -> None:
    [tag] = world.tags()
    scan = world.harvest(tag)

    def break_off(connection: Connection) -> None:
        """The connection breaks in the moment of the commit, as when the database's machine goes down."""
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        with psycopg.connect(module_database.app) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    event.listen(engine, "commit", break_off)
    try:
        client = TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
        response = client.post("/api/v1/scans", json=[scan], headers={"authorization": f"Bearer {world.head}"})
    finally:
        event.remove(engine, "commit", break_off)
    assert response.status_code == 503
    assert world.rows("SELECT count(*) AS n FROM scan WHERE id = %s", scan["id"]) == [{"n": 0}]
    [again] = world.tell(scan, token=world.head)
    assert again["status"] == "recorded"


def test_warehouse_stock_follows_the_scans_once(world: World) -> None:
    sack = world.harvested()[0]
    here = {"tags": [sack], "site": world.marunda.uri}
    answers = world.tell(
        world.scan("accepting", 30, **here),
        world.scan("accepting", 30.5, **here),
        world.scan("storing", 31, room="K1", **here),
        world.scan("picking", 40, **here),
        world.scan("loading", 41, carrier=world.truck.name, **here),
    )
    assert {answer["status"] for answer in answers} == {"recorded"}
    sscc = sack.partition("/00/")[2][:18]
    moves = world.rows("SELECT kind, quantity_kg FROM stock_movement WHERE sscc = %s ORDER BY moved_at", sscc)
    assert [(move["kind"], str(move["quantity_kg"])) for move in moves] == [
        ("receive", "50.000"),
        ("store", "0.000"),
        ("pick", "0.000"),
        ("dispatch", "-50.000"),
    ]
    [held] = world.rows("SELECT quantity_kg, room FROM stock_unit WHERE sscc = %s", sscc)
    assert (held["quantity_kg"], held["room"]) == (0, "K1")


def test_a_truck_moves_along_the_hubs_board_and_onto_the_vessel(world: World) -> None:
    truck = world.session.exec(select(Carrier).where(Carrier.kind == "truck")).all()[5]
    stages = []
    visit = "SELECT stage, gate_out_at FROM gate_visit WHERE giai = %s ORDER BY gate_in_at DESC LIMIT 1"
    for hours, step, fields in (
        (4, "arriving", {"carrier": truck.name}),
        (4.2, "inspecting", {"carrier": truck.name, "result": "conformant"}),
        (5, "loading", {"carrier": world.vessel.name, "carriers": [truck.name]}),
    ):
        world.tell(world.scan(step, hours, site=world.panjang.uri, **fields))
        stages.append(world.rows(visit, truck.giai)[0]["stage"])
    assert stages == ["gate", "inspection", "out"]


def test_sacks_travel_in_a_sealed_box_on_a_truck_on_a_vessel(world: World) -> None:
    sacks = world.harvested(count=2)
    box = world.session.exec(select(Container).where(Container.kind == "dry")).all()[0]
    truck = world.session.exec(select(Carrier).where(Carrier.kind == "truck")).all()[6]
    assert box.iso6346 is not None
    answers = world.tell(
        world.scan("packing", 2, parent=box.grai, tags=sacks, site=world.farm.uri),
        world.scan("loading", 3, carrier=truck.name, containers=[box.iso6346], site=world.farm.uri),
        world.scan("loading", 10, carrier=world.vessel.name, carriers=[truck.name], site=world.panjang.uri),
        world.scan("arriving", 24, carrier=world.vessel.name, site=world.priok.uri),
    )
    assert [answer["status"] for answer in answers] == ["recorded"] * 4
    story = world.client.get(
        f"/api/v1/units/{sacks[0].partition('/00/')[2][:18]}", headers={"authorization": f"Bearer {world.admin}"}
    ).json()
    assert [inside["name"] for inside in story["contained_in"]] == [box.iso6346, truck.name, world.vessel.name]
    assert "sea" in [stop["step"] for stop in story["journey"]]
    [unknown] = world.tell(
        world.scan("loading", 30, carrier=truck.name, containers=["XXXU0000000"], site=world.farm.uri)
    )
    assert unknown["errors"][0]["field"] == "containers"


def test_a_receipt_declared_wrong_goes_out_of_stock_and_a_dispatch_comes_back(world: World) -> None:
    sack = world.harvested()[0]
    sscc = sack.partition("/00/")[2][:18]
    here = {"tags": [sack], "site": world.marunda.uri}
    received, sent = world.scan("accepting", 30, **here), world.scan("loading", 40, carrier=world.truck.name, **here)
    world.tell(received, sent)

    def balance() -> tuple[str, str]:
        held = world.rows("SELECT quantity_kg FROM stock_unit WHERE sscc = %s", sscc)[0]["quantity_kg"]
        moved = world.rows("SELECT sum(quantity_kg) AS kg FROM stock_movement WHERE sscc = %s", sscc)[0]["kg"]
        return str(held), str(moved)

    assert balance() == ("0.000", "0.000")
    world.tell(world.scan("correcting", 50, scan=sent["id"], reason="Truk yang salah", site=world.marunda.uri))
    assert balance() == ("50.000", "50.000")
    world.tell(world.scan("correcting", 50.5, scan=sent["id"], reason="Truk yang salah", site=world.marunda.uri))
    assert balance() == ("50.000", "50.000")  # declared wrong once is enough
    world.tell(world.scan("correcting", 51, scan=received["id"], reason="Bukan gudang ini", site=world.marunda.uri))
    assert balance() == ("0.000", "0.000")
