"""Who acts in the demo, and with what. Names of people are invented; those who sign in have a printed password."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from core.credentials import mac
from tracking.corridor_document import CorridorDocument

PASSWORD = "lumbung-demo"  # noqa: S105 - printed on the screen, in the demo alone


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody with a phone or scanner: `key` names them in the story, `login` where they can sign in."""

    key: str
    name: str
    role: str
    party: str | None  # GLN
    site: str | None = None
    login: str | None = None
    says: str = ""  # what to look at with this sign-in


@dataclass(frozen=True, slots=True)
class Gadget:
    """A tracker or AIS transponder on a carrier, or a truck's temperature logger: a device that belongs to nobody."""

    key: str
    kind: str
    name: str
    external_id: str
    giai: str


def farmer(gln: str) -> str:
    """The actor who tags harvests for a group."""
    return f"farmer:{gln}"


def head(gln: str) -> str:
    """The actor who sends a group's harvest on its way."""
    return f"head:{gln}"


def operator(site: str) -> str:
    """The actor at a hub, port, mill, slaughterhouse, warehouse or market."""
    return f"operator:{site}"


def tracker(giai: str) -> str:
    """The gadget that says where a carrier is."""
    return f"tracker:{giai}"


def logger(giai: str) -> str:
    """The gadget that says how cold a truck is."""
    return f"logger:{giai}"


OFFICER = "officer:Lampung"

# Site by name → login, person, what to look at.
SIGN_INS = {
    "Hub Panjang": ("panjang", "Bayu Panjang", "the queue board of Hub Panjang"),
    "Hub Tanjung Priok": ("priok", "Rani Priok", "the queue board of Hub Tanjung Priok"),
    "Gudang Bersama Marunda": ("gudang", "Wulan Marunda", "rooms and stock of the shared warehouse in Marunda"),
    "Penggilingan Padi Rukti": ("giling", "Surya Rukti", "the mill: paddy in, rice out"),
    "Pasar Induk Beras Cipinang": ("pasar", "Tomi Cipinang", "shelves and sales in Cipinang"),
}
ROLE_AT = {"hub": "hub_operator", "ferry_port": "hub_operator"}  # everywhere else: warehouse_operator


def actors(corridor: CorridorDocument) -> list[Actor]:
    """Everybody of this corridor, those of groups and sites, and the offices."""
    return [*_offices(corridor), *_groups(corridor), *_sites(corridor)]


def _groups(corridor: CorridorDocument) -> Iterator[Actor]:
    groups = [party for party in corridor.parties if party.kind == "farmer_group"]
    for number, group in enumerate(groups):
        login = ("tani", "ketua") if number == 0 else (None, None)
        yield Actor(
            farmer(group.gln),
            f"Petani, {group.name}" if number else "Darto Rukti",
            "farmer",
            group.gln,
            login=login[0],
            says="a farmer tags a harvest",
        )
        yield Actor(
            head(group.gln),
            f"Ketua, {group.name}" if number else "Sri Rukti",
            "group_head",
            group.gln,
            login=login[1],
            says="the head of that group: tags, people, shipments",
        )


def _sites(corridor: CorridorDocument) -> Iterator[Actor]:
    for site in corridor.sites:
        if site.kind == "farm":
            continue
        login, name, says = SIGN_INS.get(site.name, (None, f"Petugas, {site.name}", ""))
        role = ROLE_AT.get(site.kind, "warehouse_operator")
        yield Actor(operator(site.key), name, role, site.party, site.key, login, says)


def _offices(corridor: CorridorDocument) -> Iterator[Actor]:
    by_name = {party.name: party.gln for party in corridor.parties}
    office = by_name.get("Kantor Harga dan Pasokan Lampung")
    buyer = by_name.get("Kios Sembako Kenanga")
    carrier = by_name.get("CV Angkutan Ragom Jaya")
    yield Actor(OFFICER, "Ratna Palapa", "officer", office, login="petugas", says="prices, stock, holds and recalls")
    yield Actor("observer", "Pengamat", "observer", None, login="pengamat", says="figures without names")
    yield Actor("driver", "Joko Ragom", "driver", carrier, login="sopir", says="a driver")
    yield Actor("partner", "Mitra niaga", "partner", buyer, login="mitra", says="a partner's system or marketplace")
    yield Actor("admin", "Administrator", "administrator", None, login="admin", says="everything")


def gadgets(corridor: CorridorDocument) -> Iterator[Gadget]:
    """A tracker on every truck, a transponder on every vessel, a logger in every truck."""
    for number, carrier in enumerate(corridor.carriers):
        if carrier.kind == "vessel":
            name = f"AIS {carrier.name}"
            yield Gadget(tracker(carrier.giai), "ais", name, carrier.mmsi or carrier.giai, carrier.giai)
        else:
            yield Gadget(tracker(carrier.giai), "tracker", f"GPS {carrier.name}", f"{100200300 + number}", carrier.giai)
            yield Gadget(
                logger(carrier.giai), "logger", f"Suhu {carrier.name}", f"log-{100200300 + number}", carrier.giai
            )


def credential(secret_key: str, key: str) -> str:
    """The device credential of an actor or gadget: made from the instance's own secret, so that demo and simulator,
    two processes, agree without a file between them."""
    return "dev_" + base64.urlsafe_b64encode(mac(secret_key, "demo device", key.encode())).decode().rstrip("=")
