"""What a scanned or typed code names, and the master data that a scan's words stand for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from core.database import Row, one
from core.errors import Invalid
from tracking.gs1 import digital_link
from tracking.gs1.keys import has_check_digit
from tracking.gs1.urn import normalise
from tracking.happenings import GS1

Connection = psycopg.Connection[Any]
IsRight = Callable[[str, str], bool]  # (sscc, check) → whether the check on the label is ours

_DIGITS = re.compile(r"[()\s.]")


class Unreadable(Invalid):
    """A code or key that names nothing we can look up. Facts: field, given."""

    title = "This code cannot be read"


@dataclass(frozen=True, slots=True)
class ReadTag:
    """A tag as read: its unit, the check printed on it if there was one, and to whom it was issued."""

    sscc: str
    check: str | None
    issued_to: UUID | None = None

    @property
    def epc(self) -> str:
        """The unit's canonical URI."""
        return f"{GS1}/00/{self.sscc}"


def read_tag(code: str, *, field: str = "tags") -> ReadTag:
    """The unit that a scanned Digital Link, a typed SSCC or an element string `(00)…` names.

    Raises Unreadable for anything else, saying what is wrong with it.
    """
    text = code.strip()
    digits = _DIGITS.sub("", text)
    if digits.isascii() and digits.isdigit():
        sscc = digits[2:] if len(digits) == 20 and digits.startswith("00") else digits
        if len(sscc) != 18:
            raise Unreadable(f"{text} has {len(sscc)} digits; a label's number has 18.", field=field, given=code)
        if not has_check_digit(sscc):
            raise Unreadable(f"{text}: the last digit does not fit the others.", field=field, given=code)
        return ReadTag(sscc, None)
    try:
        link = digital_link.parse(text)
    except digital_link.DigitalLinkError as error:
        raise Unreadable(f"This is not a GS1 Digital Link: {error}", field=field, given=code[:120]) from error
    if link.primary[0] != "00":
        raise Unreadable("This code names no sack, crate or pallet.", field=field, given=code[:120])
    return ReadTag(link.primary[1], next((value for name, value in link.other_params if name == "c"), None))


SITE = """
    SELECT id, uri, name, kind, party_id, province, district, village, gln, extension,
           ST_X(location) AS lon, ST_Y(location) AS lat FROM site
"""


def find_site(connection: Connection, named: str) -> Row:
    """A site by its URI, any Digital Link to it, its GLN, or GLN/254/extension. Raises Unreadable."""
    text = named.strip()
    if re.fullmatch(r"\d{13}(/254/.+)?", text):
        text = f"{GS1}/414/{text}"
    site = one(connection, SITE + " WHERE uri = %s", (normalise(text),))
    if site is None:
        raise Unreadable(f"No site of ours is named {named[:120]}.", field="site", given=named[:120])
    return site


def site_by_id(connection: Connection, site_id: UUID) -> Row | None:
    """A site by its row id."""
    return one(connection, SITE + " WHERE id = %s", (site_id,))


def find_carrier(connection: Connection, named: str, *, field: str = "carrier") -> Row:
    """A truck or vessel by its GIAI, a Digital Link to it, its plate or its name; with `uri`. Raises Unreadable."""
    text = named.strip()
    giai = normalise(text).removeprefix(f"{GS1}/8004/") if text.startswith("http") else text
    found = one(
        connection,
        "SELECT giai, kind, name, party_id FROM carrier WHERE giai = %(giai)s OR upper(name) = upper(%(name)s)"
        " ORDER BY giai <> %(giai)s LIMIT 1",
        {"giai": giai, "name": text},
    )
    if found is None:
        raise Unreadable(f"No truck or vessel of ours is named {named[:120]}.", field=field, given=named[:120])
    return found | {"uri": normalise(f"{GS1}/8004/{found['giai']}")}


def find_shipment(connection: Connection, named: str) -> Row:
    """A shipment by its GSIN or a Digital Link to it; with `uri`, and its product's papers. Raises Unreadable."""
    gsin = normalise(named.strip()).removeprefix(f"{GS1}/402/") if named.startswith("http") else named.strip()
    found = one(
        connection,
        """
        SELECT s.*, p.papers, p.commodity, (SELECT coalesce(array_agg(kind), '{}') FROM shipment_paper d
                WHERE d.gsin = s.gsin) AS papers_present
        FROM shipment s JOIN product p ON p.gtin = s.product_gtin WHERE s.gsin = %s
        """,
        (gsin,),
    )
    if found is None:
        raise Unreadable(f"No shipment has the number {named[:120]}.", field="shipment", given=named[:120])
    return found | {"uri": f"{GS1}/402/{gsin}"}


def find_product(connection: Connection, gtin: str) -> Row:
    """A product by its GTIN-14. Raises Unreadable."""
    found = one(connection, "SELECT * FROM product WHERE gtin = %s", (gtin,))
    if found is None:
        raise Unreadable(f"No product of ours has the GTIN {gtin}.", field="gtin", given=gtin)
    return found


def find_party(connection: Connection, gln: str) -> Row:
    """A party by its GLN or a Digital Link to it; with `uri`. Raises Unreadable."""
    text = normalise(gln.strip()).removeprefix(f"{GS1}/417/") if gln.startswith("http") else gln.strip()
    found = one(connection, "SELECT id, gln, name FROM party WHERE gln = %s", (text,))
    if found is None:
        raise Unreadable(f"No party of ours has the GLN {gln[:120]}.", field="owner", given=gln[:120])
    return found | {"uri": f"{GS1}/417/{text}"}


def find_parent(connection: Connection, named: str) -> str:
    """The URI of what units are packed into: a tag of ours, or a container by its GRAI. Raises Unreadable."""
    try:
        return find_container(connection, named, field="parent")
    except Unreadable:
        if "/8003/" in named:
            raise
    return read_tag(named, field="parent").epc


def find_container(connection: Connection, named: str, *, field: str = "containers") -> str:
    """The URI of a container by its GRAI, a Digital Link to it, or its ISO 6346 number. Raises Unreadable."""
    text = named.strip()
    grai = normalise(text).rpartition("/8003/")[2] if text.startswith("http") else text
    found = one(
        connection,
        "SELECT grai FROM container WHERE grai = %s OR iso6346 = %s",
        (grai, text.upper().replace(" ", "")),
    )
    if found is None:
        raise Unreadable(f"No container of ours is named {named[:120]}.", field=field, given=named[:120])
    return normalise(f"{GS1}/8003/{found['grai']}")
