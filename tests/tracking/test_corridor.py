"""The corridor is data: what can be loaded is loaded whole, what cannot is refused whole, and no place is code."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select

import api.corridor
from core import database
from core.cluster import DatabaseUrls
from core.database import one, raw, rows
from hubs.models import Hub
from tracking import corridor
from tracking.corridor import NoRoute, lampung_jakarta, route_between, site_ids
from tracking.corridor_document import CorridorInvalid, is_iso6346, read
from tracking.models import Carrier, Party, Product, Route, Site
from tracking.ways import along, length_km
from warehouses.models import Room, Warehouse

LOMBOK_BALI = Path(__file__).parent.parent / "golden/corridors/lombok-bali.json"
PANJANG, PRIOK = "9520000101015", "9520000101022"
BAKAUHENI, MERAK = "9520000101039", "9520000101046"


@pytest.fixture(scope="module")
def engine(module_database: DatabaseUrls) -> Iterator[Engine]:
    engine = database.engine(module_database.app)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose work is thrown away."""
    with Session(engine) as session:
        yield session
        session.rollback()


@pytest.fixture
def loaded(session: Session) -> Session:
    api.corridor.load(session, lampung_jakarta())
    return session


def second_pair() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(LOMBOK_BALI.read_text(encoding="utf-8"))
    return document


def count(session: Session, table: Any) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def test_whole_corridor_is_loaded(loaded: Session) -> None:
    document = lampung_jakarta()
    for section, table in {
        "parties": Party,
        "sites": Site,
        "products": Product,
        "carriers": Carrier,
        "routes": Route,
        "hubs": Hub,
        "warehouses": Warehouse,
    }.items():
        assert count(loaded, table) == len(document[section]) > 1
    assert count(loaded, Room) == sum(len(w["rooms"]) for w in document["warehouses"])
    commodities = set(loaded.exec(select(Product.commodity)))
    assert commodities == {"rice", "corn", "banana", "chicken"}


def test_loading_again_changes_nothing_and_a_corrected_name_changes_one_row(loaded: Session) -> None:
    before = rows(raw(loaded), "SELECT id, gln, extension FROM site ORDER BY 2, 3")
    again = api.corridor.load(loaded, lampung_jakarta())
    assert all(tally["new"] == tally["changed"] == 0 for tally in again.values())
    assert rows(raw(loaded), "SELECT id, gln, extension FROM site ORDER BY 2, 3") == before

    corrected = lampung_jakarta()
    corrected["parties"][0]["name"] = "PT Lumbung Antarpulau"
    tallies = api.corridor.load(loaded, corrected)
    assert tallies["parties"] == {"new": 0, "changed": 1, "same": len(corrected["parties"]) - 1}


def test_what_is_exported_loads_as_the_same(loaded: Session) -> None:
    document = json.loads(json.dumps(api.corridor.export(raw(loaded))))
    assert all(
        tally["new"] == tally["changed"] == 0 and tally["same"] > 0
        for tally in api.corridor.load(loaded, document).values()
    )


def test_another_pair_of_provinces_is_only_another_document(session: Session) -> None:
    document = second_pair()
    assert api.corridor.load(session, document)["sites"]["new"] == 4
    ids = site_ids(raw(session))
    road = document["routes"][0]
    line = route_between(raw(session), ids[road["from"]], ids[road["to"]], "road")
    assert line == [(116.12, -8.68), (116.11, -8.70), (116.07, -8.73)]
    assert one(raw(session), "SELECT count(*) AS n FROM site WHERE province = 'Lampung'") == {"n": 0}


def test_two_corridors_live_beside_each_other(loaded: Session) -> None:
    sites = count(loaded, Site)
    api.corridor.load(loaded, second_pair())
    assert count(loaded, Site) == sites + 4


def _break(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    document = copy.deepcopy(second_pair())
    change(document)
    return document


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d["parties"][0].update(gln="9520000900013"), "9520000900013 is not a GLN"),
        (lambda d: d["products"][0].update(gtin="09520000900017"), "09520000900017 is not a GTIN-14"),
        (lambda d: d["sites"][1].update(party="9520000900990"), "names party 9520000900990, which is not here"),
        (lambda d: d["sites"][1].update(lon=117.0), "Hub Lembar lies outside its own boundary"),
        (lambda d: d["sites"][1]["boundary"].pop(), "the boundary of Hub Lembar is no closed ring"),
        (lambda d: d["routes"][0].update(via=["nowhere"]), "goes via nowhere, which is no waypoint"),
        (lambda d: d["routes"][0].update(to="9520000900990"), "names site 9520000900990, which is not here"),
        (lambda d: d["hubs"][0].update(site=d["sites"][3]["gln"]), "is a warehouse, not a hub"),
        (lambda d: d["hubs"].append(dict(d["hubs"][0])), "is there 2 times"),
        (lambda d: d["sites"][0].update(source="hearsay"), "which `sources` does not explain"),
        (lambda d: d["sites"][0].update(lat=-98.0), 'sites[0] "Lahan 1, Gerung" lat'),
        (lambda d: d["products"][0].update(shelf_life_days=0), 'products[0] "Jagung pipilan" shelf_life_days'),
        (lambda d: d["carriers"][0].update(colour="red"), "colour: Extra inputs are not permitted"),
        (lambda d: d.update(format="lumbung-corridor/9"), "format"),
    ],
)
def test_a_fault_is_named_and_nothing_is_loaded(
    session: Session, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    with pytest.raises(CorridorInvalid) as refused:
        api.corridor.load(session, _break(change))
    assert any(told in fault for fault in refused.value.faults), refused.value.faults
    assert count(session, Party) == count(session, Site) == count(session, Product) == 0


def test_every_fault_is_told_at_once() -> None:
    def change(document: dict[str, Any]) -> None:
        document["parties"][0]["gln"] = "9520000900013"
        document["routes"][0]["via"] = ["nowhere"]

    with pytest.raises(CorridorInvalid) as refused:
        read(_break(change))
    assert len(refused.value.faults) > 2  # the GLN, everything that names the party, the route


def test_every_farm_reaches_hub_and_ferry_by_road(loaded: Session) -> None:
    connection = raw(loaded)
    ids = site_ids(connection)
    farms = rows(connection, "SELECT id FROM site WHERE kind = 'farm'")
    assert len(farms) > 30
    for farm in farms:
        for port in (PANJANG, BAKAUHENI):
            line = route_between(connection, farm["id"], ids[port])
            assert 10 < length_km(line) < 260


def test_sea_lane_keeps_to_the_sea_and_to_its_length(loaded: Session) -> None:
    connection = raw(loaded)
    ids = site_ids(connection)
    lane = route_between(connection, ids[PANJANG], ids[PRIOK], "sea")
    assert lane[1] == (105.284729, -5.474515)  # without it the line crosses land
    assert length_km(lane) == pytest.approx(232, rel=0.01)
    back = route_between(connection, ids[PRIOK], ids[PANJANG], "sea")
    assert back == lane[::-1]
    crossing = route_between(connection, ids[BAKAUHENI], ids[MERAK], "ferry")
    assert 20 < length_km(crossing) < 40


def test_where_no_route_joins_two_sites_it_says_so(loaded: Session) -> None:
    connection = raw(loaded)
    ids = site_ids(connection)
    with pytest.raises(NoRoute):
        route_between(connection, ids[PANJANG], ids[PRIOK], "road")


def test_sites_not_joined_directly_are_joined_by_a_chain(loaded: Session) -> None:
    connection = raw(loaded)
    ids = site_ids(connection)
    markets = rows(connection, "SELECT id FROM site WHERE kind = 'market' ORDER BY gln LIMIT 2")
    line = route_between(connection, markets[0]["id"], markets[1]["id"])
    assert len(line) > 3
    assert route_between(connection, ids[PRIOK], markets[1]["id"])[-1] == line[-1]


@pytest.mark.parametrize(
    ("number", "valid"),
    # CSQU3054383 is the worked example of ISO 6346, annex A.
    [("CSQU3054383", True), ("CSQU3054384", False), ("CSQ3054383", False), ("csqu3054383", False)],
)
def test_container_numbers_have_a_check_digit(number: str, valid: bool) -> None:
    assert is_iso6346(number) is valid


def test_figures_of_the_shipped_corridor_name_their_source() -> None:
    document = lampung_jakarta()
    assert corridor.read(document).sources.keys() >= {"village", "toll_gates", "ports", "searoute", "wfp", "estimate"}


def test_half_way_along_a_line_is_half_its_length() -> None:
    line = [(105.0, -5.0), (105.0, -5.2), (105.2, -5.2)]
    point, heading = along(line, 0.25)
    assert point == pytest.approx((105.0, -5.1), abs=0.001)
    assert heading == pytest.approx(180)  # due south
    assert along(line, 1.0)[0] == pytest.approx((105.2, -5.2))
    assert along(line, 0.99)[1] == pytest.approx(90)  # due east
