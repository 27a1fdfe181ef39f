"""The corridor's people and places, and a phone in each hand: what tests of the scans tell their stories with."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlmodel import Session, select

from core import accounts
from core.database import raw, rows
from core.identifiers import uuid7
from core.settings import Settings
from tracking import people, tags
from tracking.models import Carrier, Party, Product, Site
from tracking.tags import Tag

Scan = dict[str, Any]
HOURS_AGO = 90


class World:
    """The corridor's people and places, and a phone in each hand."""

    def __init__(self, client: httpx.Client | Any, session: Session, settings: Settings) -> None:
        self.client, self.session, self.settings = client, session, settings
        self.began = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=HOURS_AGO)
        self.group = session.exec(select(Party).where(Party.kind == "farmer_group")).all()[0]
        self.other_group = session.exec(select(Party).where(Party.kind == "farmer_group")).all()[1]
        self.farm = self.site("farm", self.group)
        self.panjang, self.priok = self.named("Hub Panjang"), self.named("Hub Tanjung Priok")
        self.marunda, self.cipinang = self.named("Gudang Bersama Marunda"), self.named("Pasar Induk Beras Cipinang")
        self.truck = session.exec(select(Carrier).where(Carrier.kind == "truck")).all()[0]
        self.vessel = session.exec(select(Carrier).where(Carrier.kind == "vessel")).all()[0]
        self.tokens: dict[str, str] = {}
        self.head = self.account("group_head", self.group, self.farm)
        self.admin = self.account("administrator")

    def site(self, kind: str, party: Party) -> Site:
        return session_first(self.session, select(Site).where(Site.kind == kind, Site.party_id == party.id))

    def named(self, name: str) -> Site:
        return session_first(self.session, select(Site).where(Site.name == name))

    def product(self, commodity: str, *, harvested: bool = True) -> Product:
        query = select(Product).where(Product.commodity == commodity, Product.harvested == harvested)
        return session_first(self.session, query)

    def account(self, role: str, party: Party | None = None, site: Site | None = None) -> str:
        now = datetime.now(UTC)
        account = accounts.create_account(self.session, login=uuid7().hex, name=role, role=role, now=now)
        if party is not None:
            people.join(self.session, account.id, party.id, site.id if site else None)
        token = accounts.create_token(self.session, account, name=role, now=now)
        self.session.commit()
        return token

    def operator(self, role: str, site: Site) -> str:
        party = self.session.get(Party, site.party_id)
        assert party is not None
        return self.account(role, party, site)

    def tags(self, count: int = 1, party: Party | None = None) -> list[Tag]:
        given = tags.issue(self.session, party or self.group, count, datetime.now(UTC))
        self.session.commit()
        return tags.tags_of(given, self.settings.public_base_url, self.settings.tag_key)

    def scan(self, step: str, hours: float, **fields: Any) -> Scan:
        at = (self.began + timedelta(hours=hours)).isoformat()
        return {"id": str(uuid7()), "step": step, "at": at, **fields}

    def tell(self, *scans: Any, token: str | None = None, **headers: str) -> list[dict[str, Any]]:
        response = self.client.post(
            "/api/v1/scans",
            json=list(scans),
            headers={"authorization": f"Bearer {token or self.admin}", **headers},
        )
        assert response.status_code == 200, response.text
        return response.json()

    def harvest(self, tag: Tag | str, hours: float = 0, **fields: Any) -> Scan:
        uri = tag if isinstance(tag, str) else tag.uri
        told = {"tag": uri, "gtin": self.product("rice").gtin, "quantity_kg": 50, "site": self.farm.uri}
        return self.scan("commissioning", hours, **(told | fields))

    def harvested(self, hours: float = 0, count: int = 1) -> list[str]:
        """Tags of sacks already tagged at the farm."""
        given = self.tags(count)
        answers = self.tell(*(self.harvest(tag, hours) for tag in given), token=self.head)
        assert {answer["status"] for answer in answers} == {"recorded"}
        return [tag.uri for tag in given]

    def rows(self, sql: str, *params: object) -> list[dict[str, Any]]:
        self.session.rollback()
        return rows(raw(self.session), sql, params)

    def state(self, uri: str) -> dict[str, Any]:
        sscc = uri.partition("/00/")[2][:18]
        return self.rows("SELECT * FROM epc_state WHERE epc = 'https://id.gs1.org/00/' || %s", sscc)[0]


def session_first(session: Session, query: Any) -> Any:
    found = session.exec(query).first()
    assert found is not None, str(query)
    return found
