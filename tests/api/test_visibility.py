"""One predicate decides who sees what: one's own, what passed one's site, what rides on one's trucks; nothing else."""

from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from core.database import raw, rows
from core.permissions import Viewer
from tests.world import World
from tracking import visibility
from tracking.models import Carrier
from tracking.reading import read_tag


def viewer(role: str, party_id: UUID | None = None) -> Viewer:
    return Viewer(uuid4(), role, "somebody", party_id, None, None, "cookie")


def sees(world: World, who: Viewer, epc: str) -> bool:
    return visibility.may_see(raw(world.session), who, epc)


@pytest.fixture
def ride(world: World) -> dict[str, str]:
    """Two groups' sacks on one truck to Panjang; the second comes off before the hub."""
    other_head = world.account("group_head", world.other_group, world.site("farm", world.other_group))
    mine = world.harvested()[0]
    theirs = world.tags(1, world.other_group)[0]
    there = world.site("farm", world.other_group)
    truck = world.session.exec(select(Carrier).where(Carrier.kind == "truck")).all()[3]
    world.tell(world.harvest(theirs, 1, site=there.uri), token=other_head)
    answers = world.tell(
        world.scan("loading", 10, site=world.farm.uri, carrier=truck.name, tags=[mine]),
        world.scan("loading", 14, site=there.uri, carrier=truck.name, tags=[theirs.uri]),
        world.scan("unloading", 15, site=there.uri, carrier=truck.name, tags=[theirs.uri]),
        world.scan("arriving", 30, site=world.panjang.uri, carrier=truck.name),
    )
    assert {answer["status"] for answer in answers} == {"recorded"}
    return {
        "mine": read_tag(mine).epc,
        "theirs": read_tag(theirs.uri).epc,
        "truck": f"https://id.gs1.org/8004/{truck.giai}",
        "firm": str(truck.party_id),
        "hub": str(world.panjang.party_id),
    }


def test_each_group_sees_its_own_and_not_the_others_on_the_same_truck(world: World, ride: dict[str, str]) -> None:
    farmer = viewer("farmer", world.group.id)
    head = viewer("group_head", world.other_group.id)
    assert sees(world, farmer, ride["mine"])
    assert not sees(world, farmer, ride["theirs"])
    assert sees(world, head, ride["theirs"])
    assert not sees(world, head, ride["mine"])


def test_a_hub_sees_what_rode_past_it_and_not_what_came_off_before(world: World, ride: dict[str, str]) -> None:
    operator = viewer("hub_operator", UUID(ride["hub"]))
    assert sees(world, operator, ride["truck"])
    assert sees(world, operator, ride["mine"])
    assert not sees(world, operator, ride["theirs"])


def test_a_carrier_firm_sees_what_rode_on_its_truck(world: World, ride: dict[str, str]) -> None:
    driver = viewer("driver", UUID(ride["firm"]))
    assert all(sees(world, driver, ride[what]) for what in ("truck", "mine", "theirs"))


@pytest.mark.parametrize("role", ["administrator", "officer"])
def test_officers_see_the_corridor(world: World, ride: dict[str, str], role: str) -> None:
    assert sees(world, viewer(role), ride["mine"])


def test_observers_and_those_without_a_party_see_no_events(world: World, ride: dict[str, str]) -> None:
    assert not sees(world, viewer("observer", world.group.id), ride["mine"])
    assert not sees(world, viewer("farmer"), ride["mine"])


def test_counting_events_uses_the_same_predicate(world: World, ride: dict[str, str]) -> None:
    def counted(who: Viewer) -> int:
        where, params = visibility.visible_events(who)
        found = rows(raw(world.session), f"SELECT count(*) AS n FROM event e WHERE {where}", params)
        return found[0]["n"]

    everything = counted(viewer("administrator"))
    mine, theirs = counted(viewer("farmer", world.group.id)), counted(viewer("farmer", world.other_group.id))
    assert 0 < mine < everything
    assert 0 < theirs < everything
    assert counted(viewer("farmer", uuid4())) == counted(viewer("observer", world.group.id)) == 0


def test_a_stranger_asks_for_a_unit_and_hears_what_he_would_of_one_that_is_not_there(
    world: World, ride: dict[str, str]
) -> None:
    stranger = world.account("partner", world.other_group)
    headers = {"authorization": f"Bearer {stranger}"}
    known = world.client.get(f"/api/v1/units/{ride['mine'][-18:]}", headers=headers)
    unknown = world.client.get("/api/v1/units/095200001999999997", headers=headers)
    assert known.status_code == unknown.status_code == 404
    assert {**known.json(), "instance": ""} == {**unknown.json(), "instance": ""}
