"""A corridor with people, labels and loads in a database, told through the real doors: for tests of the console."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from api.corridor import load
from api.recording import record
from core import accounts, database
from core.accounts import Account
from core.database import Row, raw
from core.identifiers import uuid7
from core.permissions import Viewer
from core.settings import Settings
from tracking import people, shipments, tags
from tracking.corridor import lampung_jakarta
from tracking.models import Party, Site
from tracking.tags import Tag

PASSWORD = "483920"
PANJANG, PRIOK, MARUNDA = "9520000101015", "9520000101022", "9520000101237"
MAIZE = "09520000100117"
BANANA = "09520000100216"
TRUCK, OTHER_TRUCK, VESSEL = "BE 8298 LMB", "BE 8306 LMB", "KM Sai Bahtera"


@dataclass
class Stage:
    """The corridor in `engine`'s database, and `now`, from which moments are told in hours."""

    engine: Engine
    settings: Settings
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def set_up(self, *, corridor: bool = True) -> "Stage":
        """Load the corridor, if it is not there, and open the account that tells the tests' own scans."""
        with Session(self.engine, expire_on_commit=False) as session:
            if corridor:
                load(session, lampung_jakarta())
            account = accounts.create_account(
                session, login=f"adm-{uuid4().hex[:8]}", name="Uji", role="administrator", now=self.now
            )
            session.commit()
            self.teller = Viewer(account.id, "administrator", "Uji", None, None, None, "token")
        return self

    def account(self, role: str, *, site_gln: str | None = None, party_gln: str | None = None) -> Account:
        """An account with PASSWORD, at a site of the party that runs it if named."""
        with Session(self.engine, expire_on_commit=False) as session:
            login = f"{role}-{uuid4().hex[:8]}"
            account = accounts.create_account(
                session, login=login, name=f"Uji {role}", role=role, password=PASSWORD, now=self.now
            )
            if site_gln:
                site = session.exec(select(Site).where(Site.gln == site_gln)).one()
                people.join(session, account.id, site.party_id, site.id)
            elif party_gln:
                people.join(session, account.id, people.party_by_gln(session, party_gln).id)
            session.commit()
            return account

    def cookie(self, account: Account) -> str:
        """A signed-in browser's cookie."""
        with Session(self.engine) as session:
            token = accounts.sign_in(session, session.get_one(Account, account.id), now=datetime.now(UTC))
            session.commit()
            return token

    def farm(self, number: int = 0) -> tuple[Party, Site]:
        """A farmer group and its first farm."""
        with Session(self.engine, expire_on_commit=False) as session:
            query = select(Party).where(Party.kind == "farmer_group").order_by(col(Party.gln))
            party = session.exec(query).all()[number]
            farms = select(Site).where(Site.party_id == party.id, Site.kind == "farm").order_by(col(Site.uri))
            return party, session.exec(farms).first()  # pyright: ignore[reportReturnType]

    def labels(self, party: Party, count: int) -> list[Tag]:
        """New labels of a group, as their QR codes hold them."""
        with Session(self.engine, expire_on_commit=False) as session:
            given = tags.issue(session, session.get_one(Party, party.id), count, self.now)
            session.commit()
            return tags.tags_of(given, self.settings.public_base_url, self.settings.tag_key)

    def at(self, hours: float) -> str:
        """A moment so many hours from now."""
        return (self.now + timedelta(hours=hours)).isoformat()

    def tell(self, *told: Row) -> list[Row]:
        """Tell scans, each {"step", "at" in hours, …}; the answers."""
        items = [{"id": str(uuid7()), **scan, "at": self.at(scan["at"])} for scan in told]
        with Session(self.engine) as session:
            done = record(session, self.settings, items, self.teller, datetime.now(UTC))
            session.commit()
            return [outcome.answer for outcome in done]

    def harvest(self, count: int, *, gtin: str = MAIZE, kg: float = 50, at: float = -30, farm: int = 0) -> list[Tag]:
        """So many tagged sacks at a farm."""
        party, site = self.farm(farm)
        given = self.labels(party, count)
        lot = f"UJI-{uuid4().hex[:6].upper()}"
        self.must(
            *(
                {
                    "step": "commissioning",
                    "at": at + n / 3600,
                    "site": site.uri,
                    "tag": tag.uri,
                    "gtin": gtin,
                    "quantity_kg": kg,
                    "lot": lot,
                }
                for n, tag in enumerate(given)
            )
        )
        return given

    def plan(self, units: int, *, truck: str = TRUCK, vessel: str = VESSEL, leaves: float = -3, **more: Any) -> str:
        """A shipment of the first farm's maize by truck to Panjang and by sea to Priok and Marunda; its GSIN."""
        _, farm = self.farm(more.pop("farm", 0))
        hours = (leaves, leaves + 2.5, leaves + 6, leaves + 17, leaves + 19, leaves + 21)
        times = [self.now + timedelta(hours=hour) for hour in hours]
        legs = [
            shipments.PlannedLeg("road", farm.uri, PANJANG, times[0], times[1], truck),
            shipments.PlannedLeg("sea", PANJANG, PRIOK, times[2], times[3], vessel),
            shipments.PlannedLeg("road", PRIOK, MARUNDA, times[4], times[5], truck),
        ]
        values: Row = {"product_gtin": MAIZE, "route": "sea", "papers": [("waybill", "SJ-0001")]} | more
        planned = shipments.Plan(
            from_site=farm.uri,
            to_site=MARUNDA,
            planned_units=units,
            planned_departure_at=times[0],
            planned_arrival_at=times[5],
            legs=legs,
            **values,
        )
        with Session(self.engine) as session:
            gsin = shipments.plan(raw(session), self.teller, planned, now=self.now)
            session.commit()
            return gsin

    def must(self, *told: Row) -> None:
        """Tell scans that none may refuse."""
        answers = self.tell(*told)
        assert all(answer["status"] in ("recorded", "flagged") for answer in answers), answers

    def load_truck(
        self, sacks: Sequence[Tag], gsin: str | None, *, truck: str = TRUCK, at: float = -3, farm: int = 0
    ) -> None:
        """Put sacks on a truck at the farm and let it depart."""
        _, site = self.farm(farm)
        of = {"shipment": gsin} if gsin else {}
        place = {"site": site.uri, "carrier": truck, **of}
        self.must(
            {"step": "loading", "at": at, "tags": [sack.uri for sack in sacks], **place},
            {"step": "departing", "at": at + 0.1, **place},
        )

    def rows(self, sql: str, *params: object) -> list[Row]:
        """What lies in the database."""
        with Session(self.engine) as session:
            return database.rows(raw(session), sql, params)
