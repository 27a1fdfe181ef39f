"""Files of official prices into dated references, each with its decree and where it was read. Pure.

Two layouts: our own (every field in our words) and the one in which the collected press figures came, whose Indonesian
words are read here. A row says one price, a range (21000-23000), or two levels at once (4200 / 5000).
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from prices.areas import plain, zone_provinces
from prices.cells import Unreadable, is_missing, parse_day, parse_price
from prices.importers import Remark
from prices.layouts import column_name
from prices.rows import UnreadableFile, below, ends_whole, header_of, lines_of
from prices.vocabulary import CARCASS

INSTRUMENTS = ("HET", "HAP", "HPP", "SPHP")
COLLECTED = {
    "instrument",
    "commodity",
    "level",
    "area",
    "price_idr_kg",
    "legal_basis",
    "effective_from",
    "effective_to",
}
OWN = (
    *("instrument", "commodity", "grade", "level", "zone", "price_idr", "price_to_idr", "decree"),
    *("effective_from", "effective_to", "verification", "source"),
)
LATEST = date(2100, 1, 1)  # a decree may be announced before it is in force
LEVELS = ("retail", "feed", "producer", "farm", "mill", "bulog")


@dataclass(frozen=True, slots=True)
class Reference:
    """An official price per kg, for a grade, a level and the provinces of a zone (none: everywhere), from a day on."""

    instrument: str
    commodity: str
    grade: str
    level: str
    zone: str
    provinces: list[str]
    price_idr: Decimal
    price_to_idr: Decimal | None
    decree: str
    effective_from: date
    effective_to: date | None
    verification: str
    source: str


@dataclass(slots=True)
class ReferenceReading:
    """A file's references; rows_read = rows_taken + blank + the refused remarks."""

    rows_read: int = 0
    rows_taken: int = 0
    blank: int = 0
    references: list[Reference] = field(default_factory=list[Reference])
    remarks: list[Remark] = field(default_factory=list[Remark])


def read_references(content: bytes) -> ReferenceReading:
    """Every official price of a file, and each refused row with its line and reason.

    Raises UnreadableFile as `rows.lines_of` does, or for columns of neither layout.
    """
    lines = lines_of(content)
    start, delimiter, cells = header_of(lines)
    header = [column_name(cell) for cell in cells]
    own = set(OWN) <= set(header)
    if not own and not set(header) >= COLLECTED:
        raise UnreadableFile("this is no list of reference prices; its columns are: " + ", ".join(header)[:300])
    reading = ReferenceReading()
    source = ""
    for line in below(lines, start, delimiter, len(header), whole=ends_whole(content)):
        reading.rows_read += 1
        if line.cells is None and not line.fault:
            reading.blank += 1
            continue
        try:
            if line.cells is None:
                raise Unreadable(line.fault)
            cells = {name: cell.strip() for name, cell in zip(header, line.cells, strict=True)}
            if plain(cells.get("source", "")) in ("same", "same as above"):
                cells["source"] = source
            source = cells.get("source", "")
            found = [_own(cells)] if own else _collected(cells)
            reading.references += found
            reading.rows_taken += 1
        except Unreadable as error:
            reading.remarks.append(Remark(line.number, "refused", str(error), line.text[:300]))
    return reading


def written(references: list[Reference]) -> str:
    """The references as a file of our own layout; `read_references` gives the same back."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(OWN)
    for r in references:
        to = "" if r.price_to_idr is None else f"{r.price_to_idr.normalize():f}"
        until = r.effective_to.isoformat() if r.effective_to else ""
        names = (r.instrument, r.commodity, r.grade, r.level, r.zone, f"{r.price_idr.normalize():f}", to, r.decree)
        writer.writerow((*names, r.effective_from.isoformat(), until, r.verification, r.source))
    return out.getvalue()


def _own(cells: Mapping[str, str]) -> Reference:
    if cells["instrument"] not in INSTRUMENTS:
        raise Unreadable(f"the instrument {cells['instrument']!r} is none of {', '.join(INSTRUMENTS)}")
    if cells["level"] not in LEVELS:
        raise Unreadable(f"the level {cells['level']!r} is none of {', '.join(LEVELS)}")
    if not cells["commodity"]:
        raise Unreadable("the commodity is missing")
    to = None if is_missing(cells["price_to_idr"]) else parse_price(cells["price_to_idr"])
    return _dated(
        cells,
        zone=cells["zone"],
        commodity=cells["commodity"],
        grade=cells["grade"],
        level=cells["level"],
        price=parse_price(cells["price_idr"]),
        to=to,
        decree=cells["decree"],
    )


def _collected(cells: Mapping[str, str]) -> list[Reference]:
    instrument, price = cells["instrument"], cells["price_idr_kg"]
    if instrument not in INSTRUMENTS:
        raise Unreadable("not an official price: " + (instrument or "no instrument named"))
    commodity, grade = _goods(cells["commodity"])
    levels, prices = cells["level"].split(" / "), price.split(" / ")
    if len(levels) != len(prices):
        raise Unreadable("as many prices as levels are needed")
    found: list[Reference] = []
    for level, amount in zip(levels, prices, strict=True):
        low, _, high = amount.partition("-")
        found.append(
            _dated(
                cells,
                zone=cells["area"],
                commodity=commodity,
                grade=grade,
                level=_level(level, commodity),
                price=parse_price(low),
                to=parse_price(high) if high else None,
                decree=cells["legal_basis"],
            )
        )
    return found


def _dated(
    cells: Mapping[str, str],
    *,
    zone: str,
    commodity: str,
    grade: str,
    level: str,
    price: Decimal,
    to: Decimal | None,
    decree: str,
) -> Reference:
    since = parse_day(cells["effective_from"], latest=LATEST)
    until = None if is_missing(cells["effective_to"]) else parse_day(cells["effective_to"], latest=LATEST)
    if until and until < since:
        raise Unreadable("it ends before it begins")
    if to is not None and to < price:
        raise Unreadable("the range ends below its start")
    if not decree:
        raise Unreadable("no decree is named")
    try:
        provinces = zone_provinces(zone.split("(")[0] if zone.lower().startswith("zona") else zone)
    except ValueError as error:
        raise Unreadable(str(error)) from None
    zone = re.sub(r"\s*(?:\(|->).*", "", zone).strip()
    return Reference(
        cells["instrument"],
        commodity,
        grade,
        level,
        zone,
        provinces,
        price,
        to,
        decree,
        since,
        until,
        cells.get("verification", ""),
        cells.get("source", ""),
    )


def _goods(words: str) -> tuple[str, str]:
    """Our commodity and grade for a decree's words. Raises Unreadable for what we do not know."""
    name = plain(words)
    for start, goods in (
        ("beras medium", ("rice", "medium")),
        ("beras premium", ("rice", "premium")),
        ("beras", ("rice", "")),
        ("gkp", ("rice", "gkp")),
        ("gkg", ("rice", "gkg")),
        ("jagung", ("corn", "shelled")),
        ("ayam ras hidup", ("chicken", "live")),
        ("daging ayam ras", ("chicken", CARCASS)),
        ("telur ayam ras", ("egg", "")),
    ):
        if name.startswith(start):
            return goods
    raise Unreadable(f"{words!r} is not among the goods we know")


def _level(words: str, commodity: str) -> str:
    name = plain(words)
    if name.startswith("konsumen"):
        return "feed" if commodity == "corn" else "retail"  # corn is bought by poultry farmers
    for start, level in (
        ("eceran", "retail"),
        ("produsen", "producer"),
        ("tingkat petani", "farm"),
        ("tingkat penggilingan", "mill"),
        ("gudang bulog", "bulog"),
    ):
        if name.startswith(start):
            return level
    raise Unreadable(f"the level {words!r} is not known")
