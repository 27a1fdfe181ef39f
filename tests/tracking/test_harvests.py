"""Where a group's sacks are, read from the ledger as scans made it; and how they are put together for a farmer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

import core.database
from api.corridor import load
from core.cluster import DatabaseUrls
from core.identifiers import uuid7
from core.permissions import Viewer
from tracking import harvests, scans, tags
from tracking.corridor import lampung_jakarta
from tracking.harvests import Load, Sack
from tracking.models import Carrier, Party, Site

NOW = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
T0 = NOW - timedelta(hours=80)
CORN, PADDY = "09520000100117", "09520000100018"
BOSS = Viewer(None, "administrator", "A", None, None, None, "token")
HOME = "Lampung"


@pytest.fixture
def engine(database: DatabaseUrls) -> Iterator[Engine]:
    engine = core.database.engine(database.app)
    with Session(engine) as session:
        load(session, lampung_jakarta())
        session.commit()
    yield engine
    engine.dispose()


def at(hours: float) -> str:
    return (T0 + timedelta(hours=hours)).isoformat()


def test_sacks_are_followed_from_the_farm_over_the_sea_to_the_market(engine: Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        groups = session.exec(select(Party).where(Party.kind == "farmer_group").order_by(col(Party.gln))).all()
        group, stranger = groups[0], groups[1]
        farm = session.exec(select(Site).where(Site.party_id == group.id, Site.kind == "farm")).all()[0]
        sites = {site.name: site.uri for site in session.exec(select(Site)).all()}
        truck = session.exec(select(Carrier).where(Carrier.kind == "truck")).all()[0].name
        vessel = session.exec(select(Carrier).where(Carrier.kind == "vessel")).all()[0].name
        issued = tags.issue(session, group, 5, NOW)
        labels = tags.ssccs(issued)
        session.flush()
        connection = core.database.raw(session)

        def tell(step: str, hours: float, place: str, **more: Any) -> None:
            told = {"id": str(uuid7()), "step": step, "at": at(hours), "site": sites[place], **more}
            (outcome,) = scans.record_batch(
                connection, [told], who=BOSS, now=NOW, phone_now=None, is_right=lambda *_: True
            )
            assert outcome.events, outcome.answer

        def stages() -> dict[str, str]:
            sacks = harvests.recent(connection, group.id, home_province=HOME, now=NOW)
            return {sack.sscc: sack.stage for sack in sacks}

        for number, sscc in enumerate(labels[:2]):
            tell("commissioning", number / 10, farm.name, tag=sscc, gtin=CORN, quantity_kg="50.5")
        tell("commissioning", 0.5, farm.name, tag=labels[2], gtin=PADDY, quantity_kg=50)
        assert stages() == dict.fromkeys(labels[:3], "farm")
        moved = labels[:2]
        tell("loading", 1, farm.name, carrier=truck, tags=moved)
        assert stages()[labels[0]] == "farm"
        tell("departing", 1.2, farm.name, carrier=truck)
        assert (stages()[labels[0]], stages()[labels[2]]) == ("road", "farm")
        tell("arriving", 4, "Hub Panjang", carrier=truck)
        assert stages()[labels[0]] == "hub"
        tell("loading", 5, "Hub Panjang", carrier=vessel, carriers=[truck])
        tell("departing", 6, "Hub Panjang", carrier=vessel)
        assert stages()[labels[0]] == "sea"
        first, second = harvests.loads(harvests.recent(connection, group.id, home_province=HOME, now=NOW))
        assert (first.stage, first.place, first.carrier, first.quantity_kg) == (
            *("sea", "Hub Panjang", vessel),
            Decimal("101.000"),
        )
        assert (second.stage, second.commodity, len(second.sacks)) == ("farm", "rice", 1)
        tell("arriving", 18, "Hub Tanjung Priok", carrier=vessel)
        assert stages()[labels[0]] == "arrival_hub"
        tell("storing", 22, "Gudang Bersama Marunda", tags=moved)
        assert stages()[labels[0]] == "warehouse"
        tell("stocking", 50, "Pasar Minggu", tags=moved)
        assert stages()[labels[0]] == "market"
        tell("retail_selling", 60, "Pasar Minggu", tags=labels[:1])
        assert (stages()[labels[0]], stages()[labels[1]]) == ("sold", "market")
        assert harvests.recent(connection, stranger.id, home_province=HOME, now=NOW) == []


def test_blank_label_is_not_known_and_a_used_one_tells_when_and_by_whom(engine: Engine) -> None:
    with Session(engine, expire_on_commit=False) as session:
        group = session.exec(select(Party).where(Party.kind == "farmer_group")).all()[0]
        farm = session.exec(select(Site).where(Site.party_id == group.id, Site.kind == "farm")).all()[0]
        used, blank = tags.ssccs(tags.issue(session, group, 2, NOW))
        connection = core.database.raw(session)
        told = {"id": str(uuid7()), "step": "commissioning", "at": at(0), "site": farm.uri}
        told |= {"tag": used, "gtin": CORN, "quantity_kg": 50}
        scans.record_batch(connection, [told], who=BOSS, now=NOW, phone_now=None, is_right=lambda *_: True)
        known = harvests.known_label(connection, used)
        assert known is not None
        assert timedelta(0) <= known["tagged_at"] - T0 < timedelta(seconds=1)
        assert known["party_id"] == group.id
        assert harvests.known_label(connection, blank) is None


def test_only_what_a_farm_harvests_is_offered(engine: Engine) -> None:
    with engine.connect() as connection:
        raw: psycopg.Connection[Any] = connection.connection.driver_connection  # pyright: ignore[reportAssignmentType]
        offered = harvests.products(raw)
    assert {product["commodity"] for product in offered} == {"corn", "rice", "banana", "chicken"}
    names = {product["name_id"] for product in offered}
    assert "Gabah kering panen" in names
    assert "Beras medium" not in names


def sack(stage: Any, hours: float, *, place: str = "Hub Panjang") -> Sack:
    moment = T0 + timedelta(hours=hours)
    return Sack(
        f"{hours}", CORN, "corn", "Jagung", "Maize", Decimal(50), None, moment, stage, place, None, None, moment
    )


def test_what_moves_comes_first_then_what_stands_at_home_then_what_is_sold() -> None:
    made = harvests.loads([sack("sold", 9), sack("farm", 8), sack("sea", 1), sack("hub", 5), sack("hub", 4)])
    assert [(each.stage, len(each.sacks)) for each in made] == [("hub", 2), ("sea", 1), ("farm", 1), ("sold", 1)]


def test_load_weighs_what_its_sacks_weigh() -> None:
    sacks = (sack("farm", 1), sack("farm", 2))
    assert Load("corn", "farm", None, None, sacks, None).quantity_kg == 100
