"""What a farmer group tagged lately and where it is now; and what a farmer's phone must know to work with no signal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import psycopg

from core.database import Row, one, rows
from tracking.happenings import GS1, kind_of

Connection = psycopg.Connection[Any]

LOOK_BACK = timedelta(days=60)  # the longest of the four crops' ways from farm to market, twice
UNITS_MAX = 500
TRUCKS_MAX = 100
RANGES_MAX = 100

Stage = Literal["farm", "processing", "road", "hub", "sea", "arrival_hub", "warehouse", "market", "sold"]
_RECENT = """
    WITH RECURSIVE own AS (
        SELECT s.epc, s.gtin, s.quantity_kg, s.head_count, s.commissioned_at, s.sold_at
        FROM lot JOIN epc_state s ON s.lot_uri = lot.uri AND s.kind = 'unit'
        WHERE lot.party_id = %(party)s AND s.commissioned_at > %(since)s
        ORDER BY s.commissioned_at DESC LIMIT %(limit)s
    ), chain(epc, top, depth) AS (
        SELECT epc, epc, 0 FROM own
        UNION ALL
        SELECT chain.epc, c.parent, chain.depth + 1
        FROM chain JOIN containment c ON c.child = chain.top AND c.to_at IS NULL
        WHERE chain.depth < 20
    ), outermost AS (
        SELECT DISTINCT ON (epc) epc, top, depth FROM chain ORDER BY epc, depth DESC
    )
    SELECT own.epc, own.quantity_kg, own.head_count, own.commissioned_at, own.sold_at,
           p.gtin, p.commodity, p.name_id, p.name_en,
           o.top, o.depth, t.biz_step, t.last_event_at AS since,
           carrier.kind AS carrier_kind, carrier.name AS carrier_name, carrier.giai,
           site.name AS place, site.kind AS place_kind, site.province
    FROM own
    JOIN product p ON p.gtin = own.gtin
    JOIN outermost o ON o.epc = own.epc
    LEFT JOIN epc_state t ON t.epc = o.top
    LEFT JOIN carrier ON o.top = %(giai)s || carrier.giai
    LEFT JOIN site ON site.uri = t.place
    ORDER BY own.commissioned_at DESC, own.epc
"""


@dataclass(frozen=True, slots=True)
class Sack:
    """One unit of a group: what is in it, and where what it lies in was last seen."""

    sscc: str
    gtin: str
    commodity: str
    name_id: str
    name_en: str
    quantity_kg: Decimal | None
    head_count: int | None
    commissioned_at: datetime
    stage: Stage
    place: str | None  # the site's name; on the road and at sea the one it left
    carrier: str | None  # plate or vessel's name
    giai: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Load:
    """Sacks of one commodity that are together: at the same stage, place and carrier. `arrives_at` where planned."""

    commodity: str
    stage: Stage
    place: str | None
    carrier: str | None
    sacks: tuple[Sack, ...]
    since: datetime | None
    arrives_at: datetime | None = None
    arrives_where: str | None = None
    sailed: float = 0.5

    @property
    def quantity_kg(self) -> Decimal:
        """All sacks together."""
        return sum((sack.quantity_kg for sack in self.sacks if sack.quantity_kg), Decimal(0))


def stage_of(row: Row, home_province: str) -> Stage:
    """Where on its way a unit is, by the last record of the outermost thing it lies in. Pure."""
    if row["sold_at"] is not None:
        return "sold"
    if row["carrier_kind"] is not None and row["biz_step"] == "departing":
        return "sea" if row["carrier_kind"] == "vessel" else "road"
    match row["place_kind"]:
        case "hub" | "ferry_port":
            return "hub" if row["province"] == home_province else "arrival_hub"
        case "mill" | "slaughterhouse":
            return "processing"
        case "warehouse":
            return "warehouse"
        case "market":
            return "market"
        case _:
            return "farm"


def recent(connection: Connection, party_id: UUID, *, home_province: str, now: datetime) -> list[Sack]:
    """The units that a group tagged in the last 60 days, newest first, at most 500."""
    found = rows(
        connection,
        _RECENT,
        {"party": party_id, "since": now - LOOK_BACK, "limit": UNITS_MAX, "giai": f"{GS1}/8004/"},
    )
    return [
        Sack(
            sscc=row["epc"].removeprefix(f"{GS1}/00/"),
            gtin=row["gtin"],
            commodity=row["commodity"],
            name_id=row["name_id"],
            name_en=row["name_en"],
            quantity_kg=row["quantity_kg"],
            head_count=row["head_count"],
            commissioned_at=row["commissioned_at"],
            stage=stage_of(row, home_province),
            place=row["place"],
            carrier=row["carrier_name"] if kind_of(row["top"]) == "carrier" else None,
            giai=row["giai"],
            since=row["since"],
        )
        for row in found
    ]


def loads(sacks: Sequence[Sack]) -> list[Load]:
    """Sacks put together by what and where they are; what moved last comes first, sold ones last. Pure."""
    together: dict[tuple[object, ...], list[Sack]] = {}
    for sack in sacks:
        together.setdefault((sack.commodity, sack.stage, sack.place, sack.carrier), []).append(sack)
    made = [
        Load(
            commodity=group[0].commodity,
            stage=group[0].stage,
            place=group[0].place,
            carrier=group[0].carrier,
            sacks=tuple(group),
            since=max((sack.since for sack in group if sack.since), default=None),
        )
        for group in together.values()
    ]
    return sorted(made, key=_urgency)


def _urgency(load: Load) -> tuple[int, float]:
    """What is under way before what stands at home, and sold last; within that, the latest first."""
    rank = {"sold": 2, "farm": 1}.get(load.stage, 0)
    return rank, -(load.since.timestamp() if load.since else 0)


def arrival(connection: Connection, load: Load, *, now: datetime) -> tuple[datetime, str, float] | None:
    """When, where and how far: the planned arrival of what carries `load`, and the share of the way behind it (0..1).

    None where it is not under way or nothing is planned.
    """
    giai = load.sacks[0].giai
    if giai is None or load.stage not in ("road", "sea") or load.since is None:
        return None
    leg = one(
        connection,
        """
        SELECT l.planned_arrival_at, s.name FROM shipment_leg l JOIN site s ON s.id = l.to_site_id
        WHERE l.giai = %s AND l.planned_arrival_at > %s ORDER BY l.planned_arrival_at LIMIT 1
        """,
        (giai, load.since),
    )
    if leg is None:
        return None
    whole = (leg["planned_arrival_at"] - load.since).total_seconds()
    behind = (now - load.since).total_seconds()
    return leg["planned_arrival_at"], leg["name"], min(max(behind / whole, 0.0), 1.0) if whole > 0 else 0.5


def known_label(connection: Connection, sscc: str) -> Row | None:
    """What is recorded of a unit: `tagged_at`, `quantity_kg`, `party_id` of who made it; None for a blank one."""
    return one(
        connection,
        """
        SELECT s.commissioned_at AS tagged_at, s.quantity_kg, p.name_id, p.name_en, lot.party_id
        FROM epc_state s LEFT JOIN product p ON p.gtin = s.gtin LEFT JOIN lot ON lot.uri = s.lot_uri
        WHERE s.epc = %s AND s.commissioned_at IS NOT NULL
        """,
        (f"{GS1}/00/{sscc}",),
    )


def is_recorded(connection: Connection, scan_id: UUID, account_id: UUID | None) -> bool:
    """Whether this account told a scan with this id, and a record was made of it."""
    told = one(connection, "SELECT answer FROM scan WHERE id = %s AND account_id = %s", (scan_id, account_id))
    return told is not None and bool(told["answer"].get("events"))


def products(connection: Connection) -> list[Row]:
    """What a farm may harvest: gtin, commodity, names, usual unit in kg, whether heads are counted."""
    return rows(
        connection,
        "SELECT gtin, commodity, name_id, name_en, unit_kg, counted FROM product WHERE harvested"
        " ORDER BY array_position(ARRAY['corn', 'rice', 'banana', 'chicken'], commodity), gtin",
    )


def farms(connection: Connection, party_id: UUID) -> list[Row]:
    """The group's farms: id, uri, name."""
    return rows(
        connection,
        "SELECT id, uri, name FROM site WHERE party_id = %s AND kind = 'farm' ORDER BY name, uri",
        (party_id,),
    )


def trucks(connection: Connection) -> list[str]:
    """Plates of known trucks, at most 100."""
    found = rows(connection, f"SELECT name FROM carrier WHERE kind = 'truck' ORDER BY name LIMIT {TRUCKS_MAX}")
    return [row["name"] for row in found]


def label_ranges(connection: Connection, party_id: UUID) -> list[Row]:
    """The latest ranges of labels given to a group: prefix, extension, first, last; at most 100."""
    return rows(
        connection,
        f"""
        SELECT gs1_prefix AS prefix, extension_digit AS extension, first_serial AS first, last_serial AS last
        FROM tag_range WHERE party_id = %s ORDER BY issued_at DESC, id DESC LIMIT {RANGES_MAX}
        """,
        (party_id,),
    )


def hubs_on_the_way(connection: Connection, home_province: str) -> tuple[str, str]:
    """Names of the hub of the group's own province and of the other one, as the seam's places."""
    found = rows(connection, "SELECT name, province FROM site WHERE kind = 'hub' ORDER BY name")
    home = next((row["name"] for row in found if row["province"] == home_province), "")
    away = next((row["name"] for row in found if row["province"] != home_province), "")
    return home, away
