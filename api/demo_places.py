"""What stands ready before the demo's story begins: people and their phones, trackers, blank tags, the timetable."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from api.story import cast
from api.story.journeys import voyages
from api.story.motion import ride_fixes
from api.story.stage import Stage
from api.story.telling import Journey
from api.story.timetable import sailings
from core import accounts, credentials
from core.database import raw, rows
from core.permissions import DEVICE, Viewer
from core.settings import Settings
from hubs.models import Sailing
from tracking import devices, tags
from tracking import people as membership
from tracking.corridor import site_ids
from tracking.corridor_document import CorridorDocument
from tracking.fixes import Fix
from tracking.models import Device, DeviceBinding, Party
from tracking.positions import ingest
from tracking.shipments import Plan, PlannedLeg

TAGS_AT_ONCE = tags.COUNT_MAX
TRACKED = timedelta(hours=6)  # how far back positions are told
TRACKED_EVERY = timedelta(minutes=4)


def people(session: Session, settings: Settings, corridor: CorridorDocument, *, now: datetime) -> None:
    """Open every actor's account and enrol their phone or scanner, and the carriers' trackers and loggers."""
    parties = {party.gln: party.id for party in session.exec(select(Party))}
    sites = site_ids(raw(session))
    hashed = credentials.hash_password(cast.PASSWORD)  # once: the same for all, and each hashing costs 36 ms
    for actor in cast.actors(corridor):
        account = accounts.create_account(session, login=_login(actor), name=actor.name, role=actor.role, now=now)
        account.password_hash = hashed if actor.login else None
        party_id = parties.get(actor.party or "")
        if party_id:
            membership.join(session, account.id, party_id, sites.get(actor.site or ""))
        device = _enrol(session, settings, actor.key, "phone" if actor.role in PHONES else "scanner", actor.name, now)
        device.account_id = account.id
    for gadget in cast.gadgets(corridor):
        device = _enrol(session, settings, gadget.key, gadget.kind, gadget.name, now, gadget.external_id)
        session.add(DeviceBinding(device_id=device.id, from_at=now, giai=gadget.giai))
    session.flush()


def viewers(session: Session, corridor: CorridorDocument) -> dict[str, Viewer]:
    """Who tells: every actor and gadget of the demo as the API knows them, by their key in the story."""
    known = {
        row["login"]: row
        for row in rows(
            raw(session),
            "SELECT a.id, a.login, a.language, d.id AS device_id, m.party_id, m.site_id FROM account a "
            "JOIN device d ON d.account_id = a.id LEFT JOIN membership m ON m.account_id = a.id "
            "ORDER BY d.created_at DESC, d.id DESC",  # of several devices the first enrolled stays
        )
    }
    found: dict[str, Viewer] = {}
    for actor in cast.actors(corridor):
        row = known[_login(actor)]
        places = (row["party_id"], row["site_id"], row["device_id"])
        found[actor.key] = Viewer(row["id"], actor.role, actor.name, *places, "device", row["language"])
    devices_by_name = {device.name: device for device in session.exec(select(Device))}
    for gadget in cast.gadgets(corridor):
        device = devices_by_name[gadget.name]
        found[gadget.key] = Viewer(None, DEVICE, gadget.name, None, None, device.id, "device")
    return found


def _login(actor: cast.Actor) -> str:
    return actor.login or actor.key.replace(":", "-").replace("/", "-")


PHONES = ("farmer", "group_head", "driver")
FIRST_LOGIN = "tani"


def _enrol(
    session: Session, settings: Settings, key: str, kind: str, name: str, now: datetime, external_id: str | None = None
) -> Device:
    """A device whose credential the simulator can work out again, see `cast.credential`."""
    device, _ = devices.enrol_device(session, kind, name, None, now=now, external_id=external_id)
    device.credential_hash = credentials.digest(cast.credential(settings.secret_key, key)).hex()
    return device


def tags_for(session: Session, stage: Stage, *, now: datetime) -> None:
    """Issue to each party the blank tags that the story will use, from its first serial on."""
    for gln, count in sorted(stage.tags_needed().items()):
        party = session.exec(select(Party).where(Party.gln == gln)).one()
        while count > 0:
            tags.issue(session, party, min(count, TAGS_AT_ONCE), now)
            count -= TAGS_AT_ONCE


def timetable(session: Session, stage: Stage, now: datetime) -> None:
    """Put the sailings of two days back and six weeks ahead on the hubs' boards."""
    ids = site_ids(raw(session))
    for sailing in sailings(now - timedelta(days=2), now + timedelta(days=45)):
        if sailing.mode == "sea":
            session.add(
                Sailing(
                    giai=stage.carrier(sailing.vessel).giai,
                    from_site_id=ids[stage.site(sailing.start).key],
                    to_site_id=ids[stage.site(sailing.end).key],
                    cut_off_at=sailing.departs_at - timedelta(minutes=45),
                    departs_at=sailing.departs_at,
                    arrives_at=sailing.arrives_at,
                )
            )
    session.flush()


def as_plan(shipment: dict[str, Any]) -> Plan:
    """A shipment as POST /api/v1/shipments takes it, as the value that planning takes."""
    told = dict(shipment)
    legs = [PlannedLeg(**{**leg, **_moments(leg)}) for leg in told.pop("legs")]
    papers = [(paper["kind"], paper["number"]) for paper in told.pop("papers")]
    return Plan(**{**told, **_moments(told), "legs": legs, "papers": papers})


def _moments(told: dict[str, Any]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(value) for name, value in told.items() if name.endswith("_at")}


def positions(session: Session, stage: Stage, told: Sequence[Journey], now: datetime) -> None:
    """Where every carrier that moved in the last hours was, every few minutes."""
    since = now - TRACKED
    rides = [*voyages(stage, since, now), *(ride for journey in told for ride in journey.rides)]
    by_name = {device.name: device.id for device in session.exec(select(Device))}
    device_of = {
        gadget.giai: by_name[gadget.name] for gadget in cast.gadgets(stage.corridor) if gadget.kind != "logger"
    }
    fixes = [Fix(device_of[ride.giai], *fix) for ride in rides for fix in ride_fixes(ride, since, now, TRACKED_EVERY)]
    ingest(raw(session), fixes, now=now)
