"""A corridor as one JSON document: its form, and everything that can be wrong with it before a database is asked.

Pure. docs/corridor.md describes the format for whoever writes one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from shapely.geometry import Point, Polygon

from core.errors import Invalid
from tracking.gs1.keys import is_valid_key

FORMAT = "lumbung-corridor/1"

Lon = float
Lat = float
LonLat = tuple[Lon, Lat]


class CorridorInvalid(Invalid):
    """A corridor's document does not hold together. Facts: `faults`, every one of them in words."""

    title = "This is not a corridor that can be loaded"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults), faults=list(faults))
        self.faults = list(faults)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: str = Field(description="key into `sources`: where the figures of this entry come from")

    def columns(self, *without: str) -> dict[str, Any]:
        """The values that a table keeps as they are told: all but the source, and but those named."""
        return self.model_dump(exclude={"source", *without})


class PartyEntry(_Entry):
    gln: str
    name: str = Field(min_length=1)
    kind: Literal["farmer_group", "enterprise", "carrier", "buyer", "authority"]
    province: str
    district: str
    village: str = ""
    gs1_prefix: str | None = Field(default=None, pattern=r"^[0-9]{4,12}$")

    @property
    def key(self) -> str:
        return self.gln


class SiteEntry(_Entry):
    gln: str
    extension: str = Field(default="", max_length=20)
    name: str = Field(min_length=1)
    kind: Literal["farm", "mill", "slaughterhouse", "hub", "ferry_port", "warehouse", "market"]
    party: str
    province: str
    district: str
    village: str = ""
    lon: Lon = Field(ge=-180, le=180)
    lat: Lat = Field(ge=-90, le=90)
    boundary: list[LonLat] | None = None
    commodity: Literal["rice", "corn", "banana", "chicken"] | None = None  # told to the demo, not stored

    @property
    def key(self) -> str:
        """As scans name a place: the GLN, or GLN/254/extension."""
        return f"{self.gln}/254/{self.extension}" if self.extension else self.gln


class HubEntry(_Entry):
    site: str
    unlocode: str | None = Field(default=None, pattern=r"^[A-Z]{2}[A-Z2-9]{3}$")
    target_dwell_s: int = Field(default=2700, gt=0)

    @property
    def key(self) -> str:
        return self.site


class RoomEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=20)
    zone: Literal["dry", "chilled", "frozen"]
    capacity_kg: Decimal = Field(gt=0)


class WarehouseEntry(_Entry):
    site: str
    handling_kg_per_day: Decimal | None = Field(default=None, gt=0)
    rooms: list[RoomEntry] = []

    @property
    def key(self) -> str:
        return self.site


class ProductEntry(_Entry):
    gtin: str
    commodity: Literal["rice", "corn", "banana", "chicken"]
    name_id: str = Field(min_length=1)
    name_en: str = Field(min_length=1)
    grade: str | None = None
    shelf_life_days: int = Field(gt=0)
    temperature_min_c: Decimal | None = None
    temperature_max_c: Decimal | None = None
    tolerance_percent: Decimal = Field(ge=0)
    counted: bool = False
    harvested: bool = True
    unit_kg: Decimal | None = Field(default=None, gt=0)
    papers: str = ""

    @property
    def key(self) -> str:
        return self.gtin

    @model_validator(mode="after")
    def _band(self) -> Self:
        low, high = self.temperature_min_c, self.temperature_max_c
        if low is not None and high is not None and low >= high:
            raise ValueError("the temperature band is upside down")
        return self


class CarrierEntry(_Entry):
    giai: str
    kind: Literal["truck", "vessel"]
    name: str = Field(min_length=1)
    party: str
    mmsi: str | None = Field(default=None, pattern=r"^[0-9]{9}$")

    @property
    def key(self) -> str:
        return self.giai


class ContainerEntry(_Entry):
    grai: str
    kind: Literal["dry", "reefer", "bulk"]
    iso6346: str | None = None
    party: str

    @property
    def key(self) -> str:
        return self.grai


class WaypointEntry(_Entry):
    key: str = Field(min_length=1)
    lon: Lon = Field(ge=-180, le=180)
    lat: Lat = Field(ge=-90, le=90)


class RouteEntry(BaseModel):
    """From one site to another, by `via` (keys of waypoints) or by `points` (lon, lat), both without the two sites."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: str = Field(min_length=1)
    mode: Literal["road", "ferry", "sea"]
    from_: str = Field(alias="from")
    to: str
    via: list[str] = []
    points: list[LonLat] | None = None
    distance_km: float | None = Field(default=None, gt=0)
    usual_duration_s: int = Field(gt=0)

    @property
    def key(self) -> str:
        return f"{self.from_} → {self.to} ({self.mode})"

    @model_validator(mode="after")
    def _one_way_of_telling(self) -> Self:
        if self.via and self.points is not None:
            raise ValueError("a route has `via` or `points`, not both")
        return self


class CorridorDocument(BaseModel):
    """A whole corridor. Made by `read`, which finds every fault."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["lumbung-corridor/1"]
    name: str = Field(min_length=1)
    provinces: list[str]
    sources: dict[str, str]
    parties: list[PartyEntry] = []
    sites: list[SiteEntry] = []
    hubs: list[HubEntry] = []
    warehouses: list[WarehouseEntry] = []
    products: list[ProductEntry] = []
    carriers: list[CarrierEntry] = []
    containers: list[ContainerEntry] = []
    waypoints: list[WaypointEntry] = []
    routes: list[RouteEntry] = []

    @field_validator("sources")
    @classmethod
    def _told(cls, sources: dict[str, str]) -> dict[str, str]:
        if any(not text.strip() for text in sources.values()):
            raise ValueError("a source needs words")
        return sources


def read(document: dict[str, Any]) -> CorridorDocument:
    """The corridor in `document` (parsed JSON). Raises CorridorInvalid with every fault found."""
    try:
        corridor = CorridorDocument.model_validate(document)
    except ValidationError as error:
        told = [f"{_where(document, e['loc'])}: {e['msg']}" for e in error.errors()]
        raise CorridorInvalid(told) from None
    faults = [*_key_faults(corridor), *_reference_faults(corridor), *_boundary_faults(corridor)]
    if faults:
        raise CorridorInvalid(faults)
    return corridor


def _where(document: dict[str, Any], place: tuple[int | str, ...]) -> str:
    """`sites[3] "Hub Panjang" lon`: where a person finds the fault."""
    words = ""
    found: Any = document
    for step in place:
        words += f"[{step}]" if isinstance(step, int) else f"{' ' if words else ''}{step}"
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            break
        if isinstance(step, int) and (name := _name(found)):
            words += f' "{name}"'
    return words


def _name(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return None
    named = cast("dict[str, Any]", entry)
    return named.get("name") or named.get("name_id")


def _key_faults(corridor: CorridorDocument) -> Iterable[str]:
    kinds = {"gln": "a GLN", "gtin-14": "a GTIN-14", "grai": "a GRAI", "giai": "a GIAI"}
    keys = [("parties", "gln", p.gln) for p in corridor.parties]
    keys += [("sites", "gln", s.gln) for s in corridor.sites]
    keys += [("products", "gtin-14", p.gtin) for p in corridor.products]
    keys += [("carriers", "giai", c.giai) for c in corridor.carriers]
    keys += [("containers", "grai", c.grai) for c in corridor.containers]
    for section, kind, value in dict.fromkeys(keys):
        if not is_valid_key(kind, value):
            yield f"{section}: {value} is not {kinds[kind]} (length or check digit)"
    for container in corridor.containers:
        if container.iso6346 is not None and not is_iso6346(container.iso6346):
            yield f"containers: {container.iso6346} is not an ISO 6346 number (form or check digit)"
    sections: list[tuple[str, Sequence[str]]] = [
        (name, [entry.key for entry in getattr(corridor, name)])
        for name in (
            "parties",
            "sites",
            "hubs",
            "warehouses",
            "products",
            "carriers",
            "containers",
            "waypoints",
            "routes",
        )
    ]
    sections += [(f"warehouses {w.site} rooms", [room.code for room in w.rooms]) for w in corridor.warehouses]
    sections += [("carriers' MMSI", [c.mmsi for c in corridor.carriers if c.mmsi])]
    for section, named in sections:
        for key, times in Counter(named).items():
            if times > 1:
                yield f"{section}: {key} is there {times} times"


def _reference_faults(corridor: CorridorDocument) -> Iterable[str]:
    parties = {p.key for p in corridor.parties}
    sites = {s.key: s for s in corridor.sites}
    waypoints = {w.key for w in corridor.waypoints}
    for section in ("sites", "carriers", "containers"):
        for entry in getattr(corridor, section):
            if entry.party not in parties:
                yield f"{section}: {entry.key} names party {entry.party}, which is not here"
    for section, kind, entries in (("hubs", "hub", corridor.hubs), ("warehouses", "warehouse", corridor.warehouses)):
        for entry in entries:
            if entry.site not in sites:
                yield f"{section}: site {entry.site} is not here"
            elif sites[entry.site].kind != kind:
                yield f"{section}: site {entry.site} is a {sites[entry.site].kind}, not a {kind}"
    for route in corridor.routes:
        for end in (route.from_, route.to):
            if end not in sites:
                yield f"routes: {route.name} names site {end}, which is not here"
        if route.from_ == route.to:
            yield f"routes: {route.name} leads from a site to itself"
        for waypoint in route.via:
            if waypoint not in waypoints:
                yield f"routes: {route.name} goes via {waypoint}, which is no waypoint"
    for section in ("parties", "sites", "hubs", "warehouses", "products", "carriers", "containers", "waypoints"):
        for entry in getattr(corridor, section):
            if entry.source not in corridor.sources:
                yield f"{section}: {entry.key} has source {entry.source!r}, which `sources` does not explain"


def _boundary_faults(corridor: CorridorDocument) -> Iterable[str]:
    for site in corridor.sites:
        if site.boundary is None:
            continue
        if len(site.boundary) < 4 or site.boundary[0] != site.boundary[-1]:
            yield f"sites: the boundary of {site.name} is no closed ring"
            continue
        polygon = Polygon(site.boundary)
        if not polygon.is_valid:
            yield f"sites: the boundary of {site.name} crosses itself"
        elif not polygon.contains(Point(site.lon, site.lat)):
            yield f"sites: {site.name} lies outside its own boundary"


def is_iso6346(number: str) -> bool:
    """Whether `number` (LBGU2104019) is a container number whose check digit is right. Source: ISO 6346, annex A."""
    if not re.fullmatch(r"[A-Z]{3}[UJZ][0-9]{7}", number):
        return False
    # Letters count from 10 without the multiples of 11.
    values = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (n for n in range(10, 40) if n % 11), strict=False))
    total = sum((values[c] if c.isalpha() else int(c)) * 2**place for place, c in enumerate(number[:10]))
    return total % 11 % 10 == int(number[10])
