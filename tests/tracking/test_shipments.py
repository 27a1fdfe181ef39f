"""Planning shipments: numbers that never repeat, plans that hold together."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlmodel import Session

from api.corridor import load
from core import database
from core.cluster import DatabaseUrls
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.permissions import Viewer
from tracking import shipments
from tracking.corridor import lampung_jakarta
from tracking.gs1.keys import has_check_digit
from tracking.reading import Unreadable
from tracking.shipments import ImpossibleShipment, Plan, PlannedLeg

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
FARM, HUB, PRIOK = "9520001001017/254/F001", "9520000101015", "9520000101022"
GROUP, OTHER_GROUP = "9520001001017", "9520001002014"
MAIZE = "09520000100117"
ADMINISTRATOR = Viewer(None, "administrator", "Uji", None, None, None, "token")

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def corridor(module_database: DatabaseUrls) -> DatabaseUrls:
    engine = database.engine(module_database.app)
    with Session(engine) as session:
        load(session, lampung_jakarta())
        session.commit()
    engine.dispose()
    return module_database


@pytest.fixture
def db(corridor: DatabaseUrls) -> Any:
    with psycopg.connect(corridor.app, options="-c timezone=UTC") as connection:
        yield connection
        connection.rollback()


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)


ROAD = PlannedLeg("road", FARM, HUB, hours(0), hours(3), "BE 8298 LMB")
SEA = PlannedLeg("sea", HUB, PRIOK, hours(6), hours(17), "KM Sai Bahtera")
PLAN = Plan(FARM, PRIOK, "sea", MAIZE, 40, hours(0), hours(17), (ROAD, SEA), (("waybill", "SJ-1"),))


def planned(db: Connection, plan: Plan = PLAN, who: Viewer = ADMINISTRATOR) -> str:
    return shipments.plan(db, who, plan, now=NOW)


def test_numbers_follow_one_another_under_the_owners_prefix(db: Connection) -> None:
    first, second = planned(db), planned(db)
    assert all(has_check_digit(gsin) and len(gsin) == 17 for gsin in (first, second))
    assert first.startswith("9520001001")  # the group's own
    assert int(second[10:16]) == int(first[10:16]) + 1


def test_an_owner_without_a_prefix_numbers_under_the_platforms(db: Connection) -> None:
    gsin = planned(db, replace(PLAN, party_gln="9520000100032"))
    assert gsin.startswith("952000010")


def test_planners_at_the_same_moment_never_get_the_same_number(corridor: DatabaseUrls) -> None:
    def one(_: int) -> str:
        with psycopg.connect(corridor.app, options="-c timezone=UTC") as connection:
            return planned(connection, replace(PLAN, party_gln=OTHER_GROUP))

    with ThreadPoolExecutor(8) as workers:
        given = list(workers.map(one, range(24)))
    assert len(set(given)) == 24


def test_a_number_told_is_kept_and_cannot_be_told_twice(db: Connection) -> None:
    gsin = "95200090000000010"
    gsin = next(f"{gsin[:16]}{digit}" for digit in range(10) if has_check_digit(f"{gsin[:16]}{digit}"))
    assert planned(db, replace(PLAN, gsin=gsin)) == gsin
    with pytest.raises(Conflict):
        planned(db, replace(PLAN, gsin=gsin))
    with pytest.raises(Invalid):
        planned(db, replace(PLAN, gsin=f"{gsin[:16]}{(int(gsin[16]) + 1) % 10}"))


BROKEN: dict[str, Callable[[], Plan]] = {
    "arrives before it departs": lambda: replace(PLAN, planned_arrival_at=hours(-1)),
    "a leg arrives as it departs": lambda: replace(PLAN, legs=(replace(ROAD, planned_arrival_at=hours(0)), SEA)),
    "a leg leaves before the one before arrives": lambda: replace(
        PLAN, legs=(ROAD, replace(SEA, planned_departure_at=hours(2)))
    ),
    "legs do not join": lambda: replace(PLAN, legs=(replace(ROAD, to_site=PRIOK), SEA)),
    "legs end elsewhere": lambda: replace(PLAN, legs=(ROAD,)),
    "a truck at sea": lambda: replace(PLAN, legs=(ROAD, replace(SEA, carrier="BE 8298 LMB"))),
    "a vessel on the road": lambda: replace(PLAN, legs=(replace(ROAD, carrier="KM Sai Bahtera"), SEA)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_plan_that_contradicts_itself_is_refused(db: Connection, name: str) -> None:
    with pytest.raises(ImpossibleShipment):
        planned(db, BROKEN[name]())


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_site": "9520009999999"},
        {"product_gtin": "09520000999999"},
        {"party_gln": "9520009999999"},
        {"legs": (replace(ROAD, carrier="BE 0000 XX"), SEA)},
        {"papers": (("birth_certificate", "1"),)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_names_that_nobody_has_are_refused(db: Connection, wrong: dict[str, Any]) -> None:
    with pytest.raises((Unreadable, Invalid)):
        planned(db, replace(PLAN, **wrong))


def party_id(db: Connection, gln: str) -> Any:
    return database.rows(db, "SELECT id FROM party WHERE gln = %s", (gln,))[0]["id"]


def viewer(db: Connection, role: str, gln: str) -> Viewer:
    return Viewer(None, role, "Uji", party_id(db, gln), None, None, "token")


def test_a_group_plans_and_sees_its_own_shipments_only(db: Connection) -> None:
    head, other = viewer(db, "group_head", GROUP), viewer(db, "group_head", OTHER_GROUP)
    with pytest.raises(Forbidden):
        planned(db, replace(PLAN, party_gln=GROUP), other)
    gsin = planned(db, PLAN, head)
    assert gsin in {row["gsin"] for row in shipments.shipments(db, head)[0]}
    found, total = shipments.shipments(db, other)
    assert (gsin in {row["gsin"] for row in found}, total) == (False, len(found))
    with pytest.raises(NotFound):
        shipments.shipment(db, other, gsin)


def test_the_hub_on_the_way_sees_it_before_it_comes(db: Connection) -> None:
    gsin = planned(db)
    told = shipments.shipment(db, viewer(db, "hub_operator", "9520000100025"), gsin)
    assert [(leg["carrier"], leg["to_site"]) for leg in told["legs"]] == [
        ("BE 8298 LMB", "Hub Panjang"),
        ("KM Sai Bahtera", "Hub Tanjung Priok"),
    ]
    assert told["status"] == "planned"
    assert told["paper_list"] == [{"kind": "waybill", "number": "SJ-1"}]


def test_filters_and_pages_count_what_they_leave_out(db: Connection) -> None:
    before = shipments.shipments(db, ADMINISTRATOR, route="sea")[1]
    for _ in range(3):
        planned(db)
    planned(db, replace(PLAN, route="road", legs=()))
    rows, total = shipments.shipments(db, ADMINISTRATOR, route="sea", limit=2)
    assert (len(rows), total - before) == (2, 3)
    assert shipments.shipments(db, ADMINISTRATOR, status="arrived") == ([], 0)


def test_a_paper_told_again_replaces_its_number(db: Connection) -> None:
    gsin = planned(db)
    shipments.add_paper(db, gsin, "waybill", "SJ-2", now=NOW)
    assert shipments.shipment(db, ADMINISTRATOR, gsin)["paper_list"] == [{"kind": "waybill", "number": "SJ-2"}]
