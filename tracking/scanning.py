"""One scan being carried out: what its words stand for, what the records say against it, the events it means.

`tracking.scans` decides whether a scan is new; this does the work of a new one, in the transaction it is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one, rows, run
from core.permissions import DEVICE, Viewer
from tracking import derivation, findings, journey, ledger, lineage, reading, steps, tags
from tracking.findings import Found
from tracking.gs1.digital_link import lot_uri
from tracking.gs1.urn import normalise
from tracking.happenings import kind_of
from tracking.reading import IsRight, ReadTag, Unreadable
from tracking.visibility import SEES_ALL

Connection = psycopg.Connection[Any]


@dataclass(slots=True)
class Outcome:
    """What became of one scan, and the facts that hubs and warehouses go on with."""

    id: str | None
    status: str
    events: list[str] = field(default_factory=list[str])
    findings: list[Row] = field(default_factory=list[Row])
    reason: str | None = None
    errors: list[Row] = field(default_factory=list[Row])
    first: str | None = None
    step: steps.AnyStep | None = None
    facts: journey.Facts | None = None
    site: Row | None = None
    carrier: Row | None = None
    shipment: Row | None = None
    product: Row | None = None

    @property
    def answer(self) -> Row:
        """As told to the phone."""
        told: Row = {"id": self.id, "status": self.status, "events": self.events, "findings": self.findings}
        optional = {"reason": self.reason, "errors": self.errors, "first": self.first}
        return told | {name: value for name, value in optional.items() if value}


class Scanning:
    """One scan being carried out: what its words stand for, and what was found on the way."""

    def __init__(
        self, connection: Connection, step: Any, who: Viewer, at: datetime, now: datetime, is_right: IsRight
    ) -> None:
        self.connection, self.step, self.who, self.at, self.now = connection, step, who, at, now
        self.is_right = is_right
        self.found: list[Found] = []
        self.site = self._site()
        self.carrier = reading.find_carrier(connection, step.carrier) if self._told("carrier") else None
        self.shipment = reading.find_shipment(connection, step.shipment) if self._told("shipment") else None
        gtin = self._told("gtin")
        self.product = reading.find_product(connection, gtin) if gtin else None
        self.party_id = who.party_id or self.site["party_id"]

    def _told(self, name: str) -> Any:
        return getattr(self.step, name, None)

    def _site(self) -> Row:
        told, own = self.step.site, self.who.site_id
        if told is None and isinstance(self.step, steps.Correcting) and own is None:
            known = one(self.connection, "SELECT site_id FROM scan WHERE id = %s", (self.step.scan,))
            own = known["site_id"] if known else None
        if told is not None:
            site = reading.find_site(self.connection, told)
        elif own is None or (found := reading.site_by_id(self.connection, own)) is None:
            raise Unreadable("Say where: a site's GLN or Digital Link.", field="site")
        else:
            site = found
        farmers = self.who.role in ("farmer", "group_head")  # theirs are all farms of the group
        if farmers and site["kind"] == "farm":
            elsewhere = site["party_id"] != self.who.party_id
        else:
            elsewhere = not farmers and not self._works_at(site)
        if elsewhere:
            self.found.append(Found("wrong_site", None, {"told": site["name"]}))
        return site

    def _works_at(self, site: Row) -> bool:
        """Whether this is the teller's place of work: their site, else any of their party's. Offices see them all, and
        a logger rides along."""
        if self.who.site_id is not None:
            return self.who.site_id == site["id"]
        anywhere = self.who.role in SEES_ALL or self.who.role == DEVICE
        return anywhere or self.who.party_id == site["party_id"]

    def carry_out(self, clock: list[Found]) -> Outcome:
        """Check, record the events, keep the findings."""
        self.found = clock + self.found
        if isinstance(self.step, steps.Correcting):
            return self._correct(self.step)
        usable = self._usable_tags()
        facts = self._facts(usable)
        events: list[str] = []
        if self._has_subject(facts):
            self._check(facts)
            recorded = ledger.record(
                self.connection,
                journey.events_for(self.step, facts),
                now=self.now,
                party_id=self.party_id,
                scan_id=self.step.id,
            )
            events = [each.hash for each in recorded]
            if isinstance(self.step, steps.Commissioning | steps.Transforming):
                made = list(facts.tags) if not facts.outputs else [made.epc for made in facts.outputs]
                findings.settle_late(self.connection, made, commissioned_at=self.at, now=self.now)
        return self._outcome(events, facts)

    def _outcome(self, events: list[str], facts: journey.Facts | None) -> Outcome:
        findings.keep(self.connection, self.found, scan_id=self.step.id, site_id=self.site["id"], now=self.now)
        return Outcome(
            str(self.step.id),
            "flagged" if self.found else "recorded",
            events,
            [each.told for each in self.found],
            step=self.step,
            facts=facts,
            site=self.site,
            carrier=self.carrier,
            shipment=self.shipment,
            product=self.product,
        )

    def _codes(self) -> list[str]:
        one_tag = self._told("tag")
        return [one_tag] if one_tag else list(self._told("tags") or self._told("inputs") or [])

    def _usable_tags(self) -> list[ReadTag]:
        """The tags read that the ledger may hear of; the others are found out here."""
        made = [output.tag for output in self._told("outputs") or []]
        read = {tag.epc: tag for tag in map(reading.read_tag, [*self._codes(), *made])}
        owners = tags.issuers(self.connection, [tag.sscc for tag in read.values()])
        fresh = {reading.read_tag(code).epc for code in made}
        if isinstance(self.step, steps.Commissioning):
            fresh = set(read)
        # Of two phones that use up one label at the same moment, the second must see the first.
        derivation.lock(self.connection, {epc for epc in fresh if read[epc].sscc in owners})
        known = {
            row["epc"]: row
            for row in rows(
                self.connection,
                "SELECT epc, commissioned_at, record_count FROM epc_state WHERE epc = ANY(%s)",
                (list(read),),
            )
        }
        usable: list[ReadTag] = []
        for epc, tag in read.items():
            state, owner = known.get(epc), owners.get(tag.sscc)
            recorded = state is not None and state["record_count"] > 0
            if owner is None and not recorded:
                self.found.append(Found("unknown_tag", epc))
            elif tag.check is not None and not self.is_right(tag.sscc, tag.check):
                self.found.append(Found("wrong_check", epc))
            elif epc in fresh and state is not None and state["commissioned_at"] is not None:
                self.found.append(Found("already_tagged", epc, {"tagged_at": state["commissioned_at"].isoformat()}))
            elif epc in fresh and owner is not None and not self._may_use(owner):
                self.found.append(Found("foreign_tag", epc))
            else:
                usable.append(ReadTag(tag.sscc, tag.check, owner))
        return usable

    def _may_use(self, owner: UUID) -> bool:
        works_here = self.who.site_id == self.site["id"]  # to name another's site is not to work there
        own = owner == self.who.party_id or (works_here and owner == self.site["party_id"])
        return own or self.who.role == "administrator"

    def _parent(self, named: str, inside: set[str]) -> str | None:
        """What units are packed into; None for a label that the ledger may not hear of, which is found out here."""
        uri = reading.find_parent(self.connection, named)
        if uri in inside:
            raise Unreadable("A unit does not go into itself.", field="parent", given=named[:120])
        if kind_of(uri) != "unit":
            return uri
        tag = reading.read_tag(named, field="parent")
        owner = tags.is_issued(self.connection, tag.sscc)
        state = one(self.connection, "SELECT commissioned_at, record_count FROM epc_state WHERE epc = %s", (uri,))
        if owner is None and not (state and state["record_count"]):
            self.found.append(Found("unknown_tag", uri))
        elif tag.check is not None and not self.is_right(tag.sscc, tag.check):
            self.found.append(Found("wrong_check", uri))
        elif owner is not None and not (state and state["commissioned_at"]) and not self._may_use(owner):
            self.found.append(Found("foreign_tag", uri))
        else:
            return uri
        return None

    def _facts(self, read: Sequence[ReadTag]) -> journey.Facts:
        usable = {tag.epc for tag in read}
        told_outputs = self._told("outputs") or []
        outputs = tuple(
            journey.Made(epc, output.quantity_kg, output.head_count)
            for output in told_outputs
            if (epc := reading.read_tag(output.tag).epc) in usable
        )
        made = {output.epc for output in outputs}
        number = self._lot_number() if self.product else None
        lot = self._own_lot(self.product["gtin"], number) if self.product and number else None
        if isinstance(self.step, steps.Holding) and self.step.lot:
            lot = self._known_lot(self.step.lot)
        owner, parent = self._told("owner"), self._told("parent")
        return journey.Facts(
            at=self.at,
            site=self.site["uri"],
            tags=tuple(tag.epc for tag in read if tag.epc not in made),
            parent=self._parent(parent, usable) if parent else None,
            carrier=self.carrier["uri"] if self.carrier else None,
            carriers=(
                *(reading.find_container(self.connection, named) for named in self._told("containers") or []),
                *(
                    reading.find_carrier(self.connection, named, field="carriers")["uri"]
                    for named in self._told("carriers") or []
                ),
            ),
            shipment=self.shipment["uri"] if self.shipment else None,
            lot=lot,
            lot_number=number,
            produced_on=self._told("produced_on"),
            harvested=bool(self.product and self.product["harvested"]),
            owner=reading.find_party(self.connection, owner)["uri"] if owner else None,
            outputs=outputs,
        )

    def _lot_number(self) -> str:
        """As told, or from the scan's own id: a lot of its own that no other phone can give out."""
        told = self._told("lot")
        return told or f"{self.at.astimezone(journey.WIB):%y%m%d}-{self.step.id.hex[-8:].upper()}"

    def _own_lot(self, gtin: str, number: str) -> str:
        """The URI of a lot that nobody else has begun: nobody writes into another's lot, whatever day they tell."""
        uri = normalise(lot_uri(gtin, number))
        begun = one(self.connection, "SELECT party_id FROM lot WHERE uri = %s", (uri,))
        if begun and begun["party_id"] not in (None, self.party_id):
            raise Unreadable("Another group has used this lot number: take another.", field="lot", given=number)
        return uri

    def _known_lot(self, named: str) -> str:
        uri = normalise(named.strip())
        if not one(self.connection, "SELECT 1 FROM lot WHERE uri = %s", (uri,)):
            raise Unreadable("No lot of ours is named so.", field="lot", given=named[:120])
        return uri

    def _has_subject(self, facts: journey.Facts) -> bool:
        """Whether anything is left to record once the tags that cannot be used are taken out."""
        if isinstance(self.step, steps.Transforming):
            return bool(facts.tags and facts.outputs)
        if isinstance(self.step, steps.Packing) and facts.parent is None:
            return False
        if self._codes():
            return bool(facts.tags or facts.carriers)
        return bool(facts.tags or facts.carriers or facts.carrier or facts.lot)

    def _check(self, facts: journey.Facts) -> None:
        """What the records say against this scan."""
        involved = [*facts.tags, *(output.epc for output in facts.outputs)]
        derivation.lock(self.connection, [*involved, *filter(None, (facts.parent, facts.carrier)), *facts.carriers])
        states = rows(
            self.connection,
            "SELECT epc, commissioned_at, sold_at, last_event_at, biz_step, quantity_kg, head_count, gtin"
            " FROM epc_state WHERE epc = ANY(%s)",
            (list(facts.tags),),
        )
        if not isinstance(self.step, steps.Commissioning):
            self.found += findings.state_findings(states, step=self.step.step, at=self.at)
            if not isinstance(self.step, steps.Holding):
                recalled = lineage.set_above(self.connection, list(facts.tags))
                self.found += [Found("recalled", epc, {"source": recalled[epc]}) for epc in sorted(recalled)]
        self.found += findings.speed_findings(self.connection, list(facts.tags), self.site, self.at)
        if isinstance(self.step, steps.Inspecting):
            self._check_inspection(self.step, facts, states)
        if isinstance(self.step, steps.Measuring):
            for epc, product in self._products(facts, states).items():
                self.found += findings.temperature_finding(self.step.temperature_c, product, epc)
        if isinstance(self.step, steps.Loading) and self.shipment:
            needed = set(filter(None, self.shipment["papers"].split(",")))
            missing = sorted(needed - set(self.shipment["papers_present"]))
            if missing:
                self.found.append(Found("paper_missing", self.shipment["uri"], {"papers": missing}))

    def _check_inspection(self, step: steps.Inspecting, facts: journey.Facts, states: list[Row]) -> None:
        if step.result == "damaged":
            self.found += [Found("damaged", epc) for epc in facts.tags or filter(None, (facts.carrier,))]
        loaded = states or self._aboard(facts.carrier)
        products = self._products(facts, loaded)
        tolerance = max((p["tolerance_percent"] for p in products.values() if p), default=Decimal(1))
        subject = facts.tags[0] if len(facts.tags) == 1 else facts.carrier
        kg = sum((row["quantity_kg"] for row in loaded if row["quantity_kg"]), Decimal(0))
        heads = sum(row["head_count"] for row in loaded if row["head_count"])
        self.found += findings.weight_finding(step.weight_kg, kg, tolerance, subject)
        self.found += findings.heads_finding(step.head_count, heads, tolerance, subject)
        for epc, product in products.items():
            self.found += findings.temperature_finding(step.temperature_c, product, epc)

    def _aboard(self, carrier: str | None) -> list[Row]:
        """Every unit inside the carrier at this moment, however deep."""
        return rows(
            self.connection,
            """
            WITH RECURSIVE inside(epc) AS (
                SELECT child FROM containment
                WHERE parent = %(carrier)s AND from_at <= %(at)s AND (to_at IS NULL OR to_at > %(at)s)
                UNION SELECT c.child FROM inside JOIN containment c ON c.parent = inside.epc
                 AND c.from_at <= %(at)s AND (c.to_at IS NULL OR c.to_at > %(at)s)
            ) SELECT s.epc, s.quantity_kg, s.head_count, s.gtin FROM inside JOIN epc_state s USING (epc)
            """,
            {"carrier": carrier, "at": self.at},
        )

    def _products(self, facts: journey.Facts, states: list[Row]) -> dict[str | None, Row | None]:
        """The product of each unit checked; for a carrier, one entry a product aboard, under the carrier's key."""
        gtins = {row["gtin"] for row in states if row["gtin"]}
        products = {
            row["gtin"]: row
            for row in rows(self.connection, "SELECT * FROM product WHERE gtin = ANY(%s)", (list(gtins),))
        }
        if facts.tags:
            return {row["epc"]: products.get(row["gtin"]) for row in states}
        strictest = min(
            (product for product in products.values() if product["temperature_max_c"] is not None),
            key=lambda product: product["temperature_max_c"],
            default=next(iter(products.values()), None),
        )
        return {facts.carrier: strictest}

    def _correct(self, step: steps.Correcting) -> Outcome:
        """Declare the events of an earlier scan wrong; the right scan follows by itself."""
        wrong = one(self.connection, "SELECT * FROM scan WHERE id = %s", (step.scan,))
        own = wrong is not None and wrong["account_id"] == self.who.account_id
        # A colleague does the same work at the same place: who may not recall does not take a recall back.
        colleague = (
            wrong is not None
            and self.who.site_id is not None
            and wrong["site_id"] == self.who.site_id
            and any(map(self.who.may, steps.PERMISSIONS_OF[wrong["step"]]))
        )
        if wrong is None or not (own or colleague or self.who.role == "administrator"):
            raise Unreadable("You have told no scan with this id.", field="scan")
        told = rows(
            self.connection,
            "SELECT event_id, document, party_id FROM event"
            " WHERE scan_id = %s AND NOT declares_error ORDER BY event_time",
            (step.scan,),
        )
        if not told:
            raise Unreadable("That scan made no record that could be declared wrong.", field="scan")
        declared: list[str] = []
        for row in told:
            wrong_event = journey.declared_wrong(
                row["document"], event_id=row["event_id"], at=self.at, reason=step.reason
            )
            recorded = ledger.record(
                self.connection, [wrong_event], now=self.now, party_id=row["party_id"], scan_id=step.id
            )
            declared += [each.hash for each in recorded if each.new]  # declared before: nothing more happens
        run(
            self.connection,
            "UPDATE finding SET closed_at = %s, closed_reason = 'declared wrong'"
            " WHERE scan_id = %s AND closed_at IS NULL",
            (self.now, step.scan),
        )
        return self._outcome(declared, None)
