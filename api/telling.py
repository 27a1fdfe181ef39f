"""What is told of a GS1 key, by its kind: as JSON, as a page, as events. Between the route and what is below it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode

from fastapi import Request
from sqlmodel import Session

from api.dependencies import Viewer
from api.linkset import HTML, JSON, LD_JSON, LINKSET
from api.negotiation import best
from api.pages import publik
from api.pages.rendering import _
from api.security import settings_of
from core.database import Row, raw
from core.errors import NotFound
from prices.references import DatedReference, reference_for
from tracking import key_records, ledger, provenance, tags
from tracking.gs1 import digital_link
from tracking.gs1.digital_link import DigitalLink
from tracking.gs1.urn import normalise
from tracking.happenings import GS1
from tracking.verdict import Check
from tracking.visibility import may_see

INSIDE = ("417", "8003", "8004")  # parties, containers, carriers: for who is signed in
KINDS = {"00": "unit", "402": "shipment", "414": "site"}


def kind_of(link: DigitalLink) -> str:
    """What a Digital Link of ours names: unit, lot, product, shipment, site, or inside."""
    ai = link.primary[0]
    if ai == "01":
        return "lot" if link.value("10") else "product"
    return KINDS.get(ai, "inside")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request understood: for which key, by whom, in which representation."""

    request: Request
    session: Session
    viewer: Viewer | None
    link: DigitalLink
    kind: str
    path: str  # as it was spelled, percent-escapes and all
    now: datetime

    @property
    def base(self) -> str:
        """Our own address, without a slash at the end."""
        return settings_of(self.request).public_base_url.rstrip("/")

    @property
    def check(self) -> str | None:
        """The keyed check that the label's QR code carries."""
        return self.request.query_params.get("c")

    @property
    def address(self) -> str:
        """The key on our domain, with its label's check where it came with one."""
        return self.base + self.path + (f"?{urlencode({'c': self.check})}" if self.check else "")

    @property
    def wants(self) -> str:
        """The media type to answer with."""
        query = self.request.query_params
        offered = [HTML, JSON, LINKSET, *([LD_JSON] if self.kind in ("unit", "lot") else [])]
        if "epcis" in query:
            return LD_JSON
        if "json" in query:
            return JSON
        return best(self.request.headers.get("accept"), offered) or HTML

    def here(self, **changes: str) -> str:
        """This page's address with some of its query changed; other representations are left."""
        left = ("json", "epcis", "linkType", *changes)
        pairs = [(name, value) for name, value in self.request.query_params.multi_items() if name not in left]
        pairs += changes.items()
        return self.path + ("?" + urlencode(pairs) if pairs else "")


@dataclass(slots=True)
class Told:
    """What is known of a key: as JSON, as a page, and how it is called."""

    body: Row
    template: str
    view: Row
    description: str
    product: str | None = None  # GTIN
    events: Callable[[], list[Row]] | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


def tell(asked: Asked) -> Told | None:
    """What is known of the key; None where it is well formed but none of ours. Raises NotFound for insiders' keys."""
    return TELLERS[asked.kind](asked)


# --- what is known, by kind ------------------------------------------------------------------------------------------


def _unit(asked: Asked) -> Told | None:
    sscc = asked.link.primary[1]
    return _storied(asked, f"{GS1}/00/{sscc}", _checked(asked, sscc))


def _checked(asked: Asked, sscc: str) -> Check:
    if asked.check is None:
        return "absent"
    return "right" if tags.check_tag(sscc, asked.check, settings_of(asked.request).tag_key) else "wrong"


def _lot(asked: Asked) -> Told | None:
    gtin, lot = asked.link.primary[1], asked.link.value("10") or ""
    return _storied(asked, normalise(digital_link.lot_uri(gtin, lot)), "absent")


def _storied(asked: Asked, epc: str, check: Check) -> Told | None:
    connection = raw(asked.session)
    full = asked.viewer is not None and may_see(connection, asked.viewer, epc)
    story = provenance.story(connection, epc, now=asked.now, check=check, full=full)
    if story is None or (asked.kind == "lot" and story["lot"] is None):
        return None
    if not full:
        story = key_records.for_anybody(story)
    reference = _reference(asked.session, story)
    view = publik.story_view(story, address=asked.address, reference=reference)
    gtin = story["product"]["gtin"] if story["product"] else None
    view["lot_path"] = story["lot"]["uri"].removeprefix(GS1) if story["lot"] else ""
    price = story["price"] | {"reference": publik.reference_told(reference)} if story["price"] else None
    name = story["product"]["name_id"] if story["product"] else "Label Lumbung"
    return Told(
        body=story | {"check": check, "price": price},
        template="label",
        view=view,
        description=f"{name}, {story['quantity_kg']} kg" if story["quantity_kg"] else name,
        product=gtin,
        events=lambda: ledger.documents(connection, provenance.event_ids(connection, epc)),
    )


def _reference(session: Session, story: Row) -> DatedReference | None:
    """The official price of the same grade where and when it was sold, or None."""
    price, product = story["price"], story["product"]
    grade = publik.reference_grade(product)
    if not price or not price["province"] or grade is None:
        return None
    on = date.fromisoformat(price["on"])
    return reference_for(session, product["commodity"], grade, "retail", price["province"], on)


def _product(asked: Asked) -> Told | None:
    found = key_records.product(raw(asked.session), asked.link.primary[1])
    if found is None:
        return None
    return Told(found, "produk", {"product": publik.product_view(found)}, found["name_id"])


def _site(asked: Asked) -> Told | None:
    uri = digital_link.site_uri(asked.link.primary[1], asked.link.value("254"))
    found = key_records.site(raw(asked.session), uri)
    if found is None:
        return None
    return Told(found, "tempat", publik.site_view(found), found["name"])


def _shipment(asked: Asked) -> Told | None:
    found = key_records.shipment(raw(asked.session), asked.link.primary[1])
    if found is None:
        return None
    return Told(found, "pengiriman", publik.shipment_view(found, now=asked.now), found["name_id"])


def _inside(asked: Asked) -> Told | None:
    """Parties, containers and carriers, to who is signed in and has to do with them."""
    ai, value = asked.link.primary
    connection, viewer = raw(asked.session), asked.viewer
    if viewer is None or ai not in INSIDE:
        return None
    if ai == "417":
        found = key_records.party(connection, value) if viewer.may("events:read") else None
    elif may_see(connection, viewer, f"{GS1}/{ai}/{value}"):
        found = (key_records.container if ai == "8003" else key_records.carrier)(connection, value)
    else:
        found = None
    if found is None:
        raise NotFound("there is no such party, container or carrier, or it is none of yours")
    terms = {"kind": _("Jenis"), "party": _("Milik"), "village": _("Desa"), "district": _("Kabupaten atau kota")}
    terms |= {"province": _("Provinsi"), "mmsi": "MMSI", "gln": "GLN", "giai": "GIAI", "grai": "GRAI"}
    lines = [(terms[name], found[name]) for name in found if name in terms]
    return Told(found, "keterangan", {"heading": found["name"] or value, "lines": lines}, found["name"] or value)


TELLERS: Mapping[str, Callable[[Asked], Told | None]] = {
    "unit": _unit,
    "lot": _lot,
    "product": _product,
    "site": _site,
    "shipment": _shipment,
    "inside": _inside,
}
