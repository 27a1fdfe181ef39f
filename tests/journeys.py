"""Whole journeys told through `POST /api/v1/scans`, for tests of what is then known of them.

`World` has the corridor loaded, an administrator's token and tags of every group; `rice_by_sea()` and the others send
one unit from farm to market and answer with its tag. All moments lie within the last weeks before `now`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from api.app import create_app
from api.corridor import load
from core import accounts, database
from core.cluster import DatabaseUrls
from core.identifiers import uuid7
from core.settings import Settings
from prices.references import import_references
from tracking import ledger, tags
from tracking.corridor import lampung_jakarta
from tracking.epcis.events import aggregation_event, kilograms, object_event
from tracking.gs1.digital_link import lot_uri
from tracking.models import Carrier, Party, Product, Site
from tracking.tags import Tag

REFERENCES = (
    b"instrument,commodity,level,area,price_idr_kg,unit_condition,legal_basis,effective_from,effective_to,"
    b"verification,source\n"
    b'HET,beras medium,eceran tertinggi,"Zona 1 (Jawa, Lampung)",13500,per kg,Kepbadan 299/2025,2025-08-22,,seen,'
    b"https://example.org/het\n"
)
Scan = dict[str, Any]

BASE_URL = "http://127.0.0.1:8000"
JSON = {"accept": "application/json"}
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FARM = "Lahan 1, Bangunan"


@dataclass
class World:
    """A loaded corridor and who may tell everything in it."""

    client: TestClient
    engine: Engine
    settings: Settings
    now: datetime
    token: str
    sites: dict[str, Site]
    products: dict[str, Product]
    trucks: list[str]
    vessels: dict[str, str]
    _driven: int = 0
    _tags: dict[str, list[Tag]] = field(default_factory=dict[str, list[Tag]])

    def tag(self, group: str) -> Tag:
        """A new tag of the group at a place called `group`."""
        if not self._tags.get(group):
            with Session(self.engine, expire_on_commit=False) as session:
                party = session.get_one(Party, self.sites[group].party_id)
                if party.gs1_prefix is None:  # mills and slaughterhouses number under the platform's
                    shared = select(Party).where(col(Party.gs1_prefix).is_not(None)).order_by(col(Party.gln))
                    party = session.exec(shared).all()[0]
                given = tags.issue(session, party, 60, self.now)
                session.commit()
                self._tags[group] = tags.tags_of(given, self.settings.public_base_url, self.settings.tag_key)
        return self._tags[group].pop(0)

    def tell(self, *scans: Scan) -> list[dict[str, Any]]:
        """Tell scans; each is recorded or flagged, none refused."""
        answer = self.client.post("/api/v1/scans", json=list(scans), headers=self.headers)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert all(each["status"] in ("recorded", "flagged") for each in told), told
        return told

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def scan(self, step: str, hours_ago: float, site: str, **told: Any) -> Scan:
        """One scan at a place by its name, so many hours before now."""
        at = (self.now - timedelta(hours=hours_ago)).isoformat()
        return {"id": str(uuid7()), "step": step, "at": at, "site": self.sites[site].uri, **told}

    # --- journeys ----------------------------------------------------------------------------------------------------

    def truck(self) -> str:
        """The plate of a truck that no other journey takes."""
        self._driven += 1
        return self.trucks[self._driven % len(self.trucks)]

    def ride(self, start: str, end: str, left_h: float, hours: float, *units: str) -> list[Scan]:
        """Onto a truck, along the road, and off again; `left_h` hours before now."""
        name = self.truck()
        return [
            self.scan("loading", left_h + 0.3, start, carrier=name, tags=list(units)),
            self.scan("departing", left_h, start, carrier=name),
            self.scan("arriving", left_h - hours, end, carrier=name),
            self.scan("unloading", left_h - hours - 0.2, end, carrier=name),
        ]

    def crossing(
        self, start: str, ports: tuple[str, str], end: str, vessel: str, left_h: float, *units: str, **seen: Any
    ) -> list[Scan]:
        """By truck to a port, inspected there, over the water on a vessel, by the same truck to `end`: 30 hours."""
        truck = self.truck()
        out, into = ports
        ship = self.vessels[vessel]
        hours = 11 if out.startswith("Hub") else 2
        port_h = left_h - 5
        far_h = port_h - 2 - hours
        return [
            self.scan("loading", left_h + 0.4, start, carrier=truck, tags=list(units)),
            self.scan("departing", left_h, start, carrier=truck),
            self.scan("arriving", port_h, out, carrier=truck),
            self.scan("inspecting", port_h - 0.2, out, carrier=truck, result="conformant", **seen),
            self.scan("loading", port_h - 1, out, carrier=ship, carriers=[truck]),
            self.scan("departing", port_h - 2, out, carrier=ship),
            self.scan("arriving", far_h, into, carrier=ship),
            self.scan("unloading", far_h - 0.5, into, carrier=ship),
            self.scan("departing", far_h - 1, into, carrier=truck),
            self.scan("unloading", far_h - 7, end, carrier=truck),
            self.scan("accepting", far_h - 7.2, end, tags=list(units)),
        ]

    def to_shelf(
        self, warehouse: str, market: str, stored_h: float, shelf_h: float, unit: str, price: int
    ) -> list[Scan]:
        """Stored in a warehouse, picked, driven to a market and put on its shelf."""
        return [
            self.scan("storing", stored_h, warehouse, tags=[unit], room="K1"),
            self.scan("picking", shelf_h + 4, warehouse, tags=[unit]),
            *self.ride(warehouse, market, shelf_h + 3, 1.5, unit),
            self.scan("stocking", shelf_h, market, tags=[unit], price_idr_kg=price),
        ]

    def rice_by_sea(self, *, lot: str | None = None) -> Tag:
        """Paddy of two farms, milled, by sea to Jakarta, on the shelf of Pasar Minggu at Rp13,200."""
        mill, warehouse = "Penggilingan Padi Rukti", "Gudang Bersama Marunda"
        paddy = [(self.tag("Lahan 1, Rukti Harjo"), "Lahan 1, Rukti Harjo", 460)]
        paddy += [(self.tag("Lahan 1, Rejo Asri"), "Lahan 1, Rejo Asri", 400)]
        rice = self.tag(mill)
        gkg = self.products["Gabah kering giling"].gtin
        told = [
            self.scan("commissioning", ago, farm, tag=tag.uri, gtin=gkg, quantity_kg=50) for tag, farm, ago in paddy
        ]
        for tag, farm, _ in paddy:
            told += self.ride(farm, mill, 320, 1, tag.uri)
        made: Scan = {
            "inputs": [tag.uri for tag, _, _ in paddy],
            "outputs": [{"tag": rice.uri, "quantity_kg": 25}],
            "gtin": self.products["Beras medium"].gtin,
        }
        told.append(self.scan("transforming", 290, mill, **made, **({"lot": lot} if lot else {})))
        ports = ("Hub Panjang", "Hub Tanjung Priok")
        told += self.crossing(mill, ports, warehouse, "KM Lumbung Samudra", 240, rice.uri, seal="ID 77201")
        told += [self.scan("sensor_reporting", 150, warehouse, tags=[rice.uri], temperature_c=27.5)]
        told += self.to_shelf(warehouse, "Pasar Minggu", 200, 50, rice.uri, 13200)
        self.tell(*told)
        return rice

    def corn_by_ferry(self) -> Tag:
        """Shelled corn from a farm by the Bakauheni–Merak ferry into a warehouse in Jakarta."""
        farm, warehouse = "Lahan 1, Bangunan", "Gudang Bersama Cakung"
        corn = self.tag(farm)
        gtin = self.products["Jagung pipilan kering"].gtin
        told = [self.scan("commissioning", 90, farm, tag=corn.uri, gtin=gtin, quantity_kg=50)]
        ports = ("Pelabuhan Bakauheni", "Pelabuhan Merak")
        told += self.crossing(farm, ports, warehouse, "KMP Rajabasa Indah", 60, corn.uri)
        told.append(self.scan("storing", 40, warehouse, tags=[corn.uri], room="K2"))
        self.tell(*told)
        return corn

    def bananas_at_sea(self) -> Tag:
        """Bananas that left Panjang four hours ago and are on the water."""
        farm = "Lahan 1, Gisting Bawah"
        bananas = self.tag(farm)
        gtin = self.products["Pisang cavendish"].gtin
        truck, ship = self.truck(), self.vessels["KM Sai Bahtera"]
        hub = "Hub Panjang"
        self.tell(
            self.scan("commissioning", 30, farm, tag=bananas.uri, gtin=gtin, quantity_kg=13),
            self.scan("loading", 12, farm, carrier=truck, tags=[bananas.uri]),
            self.scan("departing", 11.5, farm, carrier=truck),
            self.scan("arriving", 8, hub, carrier=truck),
            self.scan("inspecting", 7.5, hub, carrier=truck, result="conformant", temperature_c=14.2),
            self.scan("loading", 6, hub, carrier=ship, carriers=[truck]),
            self.scan("departing", 4, hub, carrier=ship),
        )
        return bananas

    def chicken(self) -> Tag:
        """Live birds slaughtered in Lampung, chilled by sea to Pasar Senen; a logger measured on the way."""
        farm, works, warehouse = "Kandang 1, Lematang", "RPHU Tanjung Bintang", "Gudang Bersama Marunda"
        birds, carcasses = self.tag(farm), self.tag(works)
        live, chilled = self.products["Ayam ras hidup"].gtin, self.products["Karkas ayam dingin"].gtin
        told = [
            self.scan("commissioning", 60, farm, tag=birds.uri, gtin=live, quantity_kg=24, head_count=12),
            *self.ride(farm, works, 58, 0.5, birds.uri),
            self.scan(
                "transforming",
                55,
                works,
                inputs=[birds.uri],
                outputs=[{"tag": carcasses.uri, "quantity_kg": 15, "head_count": 12}],
                gtin=chilled,
            ),
            self.scan("sensor_reporting", 54, works, tags=[carcasses.uri], temperature_c=2.1),
        ]
        ports = ("Hub Panjang", "Hub Tanjung Priok")
        told += self.crossing(
            works, ports, warehouse, "KM Teluk Kencana", 52, carcasses.uri, temperature_c=3.2, seal="ID 88001"
        )
        told += self.ride(warehouse, "Pasar Senen", 20, 1, carcasses.uri)
        told.append(self.scan("stocking", 18, "Pasar Senen", tags=[carcasses.uri], price_idr_kg=38500))
        self.tell(*told)
        return carcasses

    def shelved(self) -> Tag:
        """A sack of corn that stands on the shelf of Pasar Minggu since yesterday."""
        farm = "Lahan 1, Bangunan"
        sack = self.tag(farm)
        gtin = self.products["Jagung pipilan kering"].gtin
        ports = ("Pelabuhan Bakauheni", "Pelabuhan Merak")
        self.tell(
            self.scan("commissioning", 70, farm, tag=sack.uri, gtin=gtin, quantity_kg=50),
            *self.crossing(farm, ports, "Pasar Minggu", "KMP Selat Ragom", 60, sack.uri),
            self.scan("stocking", 24, "Pasar Minggu", tags=[sack.uri], price_idr_kg=9000),
        )
        return sack

    def partner_tells(self, tag: Tag, lot_number: str, hours_ago: float) -> None:
        """A partner's own events: a new lot of 40 kg, put into the unit. Kept as they are told."""
        at = self.now - timedelta(hours=hours_ago)
        contents = [kilograms(lot_uri(self.products["Jagung pipilan kering"].gtin, lot_number), Decimal(40))]
        where: dict[str, Any] = {"read_point": self.sites[FARM].uri, "biz_location": self.sites[FARM].uri}
        made = object_event(action="ADD", event_time=at, quantities=contents, biz_step="commissioning", **where)
        packed = aggregation_event(
            action="ADD",
            event_time=at + timedelta(seconds=1),
            parent=f"https://id.gs1.org/00/{tag.sscc}",
            child_quantities=contents,
            biz_step="packing",
            **where,
        )
        with Session(self.engine) as session:
            ledger.record(database.raw(session), [made, packed], now=self.now)
            session.commit()


def path_of(tag: Tag) -> str:
    """The label's address on its own host, with its check."""
    return tag.uri.removeprefix(BASE_URL)


def told(client: TestClient, path: str) -> dict[str, Any]:
    """What an address answers as JSON."""
    answer = client.get(path, headers=JSON)
    assert answer.status_code == 200, answer.text
    return answer.json()


@contextmanager
def running(urls: DatabaseUrls) -> Iterator[World]:
    """The world in an empty, migrated database, over HTTP on BASE_URL."""
    engine = database.engine(urls.app)
    settings = Settings(
        data_dir=Path("nowhere"), port=8000, public_base_url=BASE_URL, secret_key="s" * 64, tag_key="t" * 64
    )
    try:
        yield build(engine, settings)
    finally:
        engine.dispose()


def build(engine: Engine, settings: Settings, *, loaded: bool = False, now: datetime | None = None) -> World:
    """Load the corridor into a migrated database (unless it is `loaded`), and open an administrator's way in."""
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    with Session(engine, expire_on_commit=False) as session:
        if not loaded:
            load(session, lampung_jakarta())
        import_references(session, REFERENCES, "references.csv")
        account = accounts.create_account(
            session, login=uuid4().hex, name="uji", role="administrator", now=moment, password=uuid4().hex
        )
        token = accounts.create_token(session, account, name="uji", now=moment)
        session.commit()
        sites = {site.name: site for site in session.exec(select(Site)).all()}
        products = {product.name_id: product for product in session.exec(select(Product)).all()}
        trucks = select(Carrier).where(Carrier.kind == "truck").order_by(col(Carrier.giai))
        vessels = session.exec(select(Carrier).where(Carrier.kind == "vessel")).all()
        return World(
            TestClient(create_app(settings, engine), base_url=settings.public_base_url, follow_redirects=False),
            engine,
            settings,
            moment,
            token,
            sites,
            products,
            [truck.name for truck in session.exec(trucks).all()],
            {vessel.name: vessel.name for vessel in vessels},
        )
