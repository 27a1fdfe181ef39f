"""The buyer's pages: from a story or record to what the templates of `publik/` show. Pure; words are the templates'.

Every view is a dict for one template. Moments are aware datetimes, days are dates, weights and prices Decimals.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from api.pages.route_map import Knot, LonLat
from prices.references import DatedReference

View = dict[str, Any]

FIELDS = {"consistent": "ok", "suspicious": "suspect", "recalled": "recalled", "blank": "blank", "foreign": "foreign"}
INPUTS_MAX = 6
# Our grades by the word that official prices use, where it is another.
REFERENCE_GRADES = {("chicken", "karkas"): "carcass"}
DETAILS = ("result", "seal", "temperature_c", "farms", "villages")
FACTS = ("sold_at", "sold_place", "other_at", "other_place", "km", "by", "reason")
PACKS = {"rice": "sack", "corn": "sack", "banana": "crate", "chicken": "crate"}
_ADMINISTRATIVE = re.compile(r"^(Kabupaten|Kota Administrasi|Kota) ")
_INSTITUTION = re.compile(r"^(Hub|Pelabuhan|Gudang Bersama) ")


def district(name: str | None) -> str:
    """`Kabupaten Lampung Tengah` as people say it: `Lampung Tengah`."""
    return _ADMINISTRATIVE.sub("", name or "")


def reference_grade(product: Mapping[str, Any] | None) -> str | None:
    """The product's grade as official prices name it; None where it has none to be compared by."""
    if product is None:
        return None
    return REFERENCE_GRADES.get((product["commodity"], product["grade"]), product["grade"])


def story_view(story: Mapping[str, Any], *, address: str, reference: DatedReference | None = None) -> View:
    """What the page of a unit or lot shows. `address`: where the page is, to be shared. `reference`: the official
    price of the same grade, level and day as the story's price."""
    stops = [_stop(stop) for stop in story["journey"]]
    reasons = [_reason(reason) for reason in story["verdict"]["reasons"]]
    product = story["product"]
    return {
        "story": story,
        "field": FIELDS[story["verdict"]["state"]],
        "only_held": [reason["kind"] for reason in reasons] == ["held"],
        "reasons": reasons,
        "contradictions": [each for reason in reasons if (each := contradiction(reason)) is not None],
        "records": sum(stop["records"] for stop in stops),  # one stitch each
        "legs": legs([stop["records"] for stop in stops]),
        "stops": stops,
        "product": product,
        "commodity": product["commodity"] if product else "",
        "pack": PACKS.get(product["commodity"], "sack") if product else "sack",
        "quantity_kg": _decimal(story["quantity_kg"]),
        "head_count": story["head_count"] if product and product["counted"] else None,
        "group": _told_place(story["group"]),
        "fresh": _freshness(story["freshness"]),
        "kept": story["kept"] if story["kept"] and (story["kept"]["readings"] or _is_cold(story["kept"])) else None,
        "inputs": inputs(story["made_from"]),
        "inputs_count": story["made_from_count"],
        "price": _price(story["price"], reference),
        "papers": story["papers"],
        "line": _line(story),
        "knots": knots(story, stops),
        "share": whatsapp(address),
        "structured": structured_data(story, address),
    }


def _is_cold(kept: Mapping[str, Any]) -> bool:
    return kept["zone"] in ("chilled", "frozen")


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def _decimal(told: Any) -> Decimal | None:
    return None if told is None else Decimal(str(told))


def _told_place(place: Mapping[str, Any] | None) -> View | None:
    return None if place is None else {**place, "district": district(place["district"])}


def _stop(stop: Mapping[str, Any]) -> View:
    begins, ends = datetime.fromisoformat(stop["from"]), datetime.fromisoformat(stop["to"])
    return {
        **stop,
        "from_at": begins,
        "to_at": ends,
        "place": _told_place(stop["place"]),
        "lasted": ends - begins,
        "detail": {name: stop["detail"].get(name) for name in DETAILS},
    }


def legs(records: Sequence[int]) -> list[int]:
    """Records of the legs between so many knots: those of the last place are on the leg that leads to it."""
    if len(records) < 2:
        return list(records)
    return [*records[:-2], records[-2] + records[-1]]


def _reason(reason: Mapping[str, Any]) -> View:
    facts = {name: reason["facts"].get(name) for name in FACTS}
    for name in ("sold_at", "other_at"):
        facts[name] = _moment(facts[name])
    return {"kind": reason["kind"], "at": _moment(reason["at"]), "place": reason["place"], "facts": facts}


def contradiction(reason: Mapping[str, Any]) -> View | None:
    """The two records of a reason that cannot both be true, in order of time; None where it is not of that kind."""
    facts = reason["facts"]
    if reason["kind"] == "already_sold" and facts["sold_at"]:
        first = {"at": facts["sold_at"], "place": facts["sold_place"], "step": "sold"}
    elif reason["kind"] in ("two_places", "too_fast") and facts["other_at"]:
        first = {"at": facts["other_at"], "place": facts["other_place"], "step": "seen"}
    else:
        return None
    then = {"at": reason["at"], "place": reason["place"], "step": "seen"}
    return {"first": first, "then": then, "km": facts["km"], "apart": reason["at"] - first["at"]}


def _freshness(told: Mapping[str, Any] | None) -> View | None:
    if told is None:
        return None
    made = date.fromisoformat(told["produced_on"])
    today = made + timedelta(days=told["days"])
    best_before = date.fromisoformat(told["best_before"]) if told["best_before"] else None
    ages = [(today - date.fromisoformat(told[end])).days for end in ("harvested_to", "harvested_from") if told[end]]
    return {
        "days": max(told["days"], 0),
        "harvest_days": ages if ages and ages[1] > told["days"] else None,  # youngest and oldest
        "best_before": best_before,
        "days_left": told["days_left"],
    }


def inputs(made_from: Sequence[Mapping[str, Any]]) -> list[View]:
    """What went in, one line for each product, group and village: how many, how much, made from which day to which."""
    grouped: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for each in made_from:
        grouped[each["name_id"], each["name_en"], each["group"] or "", each["village"] or ""].append(each)
    listed: list[View] = []
    for (name_id, name_en, group, village), units in list(grouped.items())[:INPUTS_MAX]:
        days = sorted(date.fromisoformat(unit["produced_on"]) for unit in units if unit["produced_on"])
        weights = [Decimal(unit["quantity_kg"]) for unit in units if unit["quantity_kg"]]
        listed.append(
            {
                "name_id": name_id,
                "name_en": name_en,
                "group": group,
                "village": village,
                "units": len(units),
                "quantity_kg": sum(weights, Decimal(0)) if weights else None,
                "from_on": days[0] if days else None,
                "to_on": days[-1] if days else None,
            }
        )
    return listed


def _price(told: Mapping[str, Any] | None, reference: DatedReference | None) -> View | None:
    if told is None:
        return None
    price = Decimal(str(told["price_idr_kg"]))
    return {
        "price_idr_kg": price,
        "on": date.fromisoformat(told["on"]),
        "place": told["place"],
        "reference": reference,
        "gap_idr": price - reference.ceiling_idr if reference else None,
    }


def reference_told(reference: DatedReference | None) -> View | None:
    """An official price as plain values for JSON."""
    if reference is None:
        return None
    return {
        "instrument": reference.instrument,
        "grade": reference.grade,
        "zone": reference.zone,
        "price_idr_kg": float(reference.ceiling_idr),
        "decree": reference.decree,
        "effective_from": reference.effective_from.isoformat(),
        "source": reference.source,
    }


# --- the map ---------------------------------------------------------------------------------------------------------


def _line(story: Mapping[str, Any]) -> list[LonLat]:
    line = [(lon, lat) for lon, lat in story["track"]]
    position = story["position"]
    return [*line, (position["lon"], position["lat"])] if position else line


def knots(story: Mapping[str, Any], stops: Sequence[View]) -> list[Knot]:
    """The places on the map: where it began, ports and where it is now by name, the others as knots alone.

    Under way on the water without a fix, it is at none of them.
    """
    placed = [stop["place"] for stop in stops if stop["place"] and stop["place"]["lon"] is not None]
    under_way = bool(stops) and stops[-1]["place"] is None
    found: dict[LonLat, Knot] = {}
    for index, place in enumerate(placed):
        at = (round(place["lon"], 4), round(place["lat"], 4))
        last = index == len(placed) - 1
        named = index == 0 or last or place["kind"] in ("hub", "ferry_port")
        name = _short_name(place) if named else ""
        for before, knot in found.items():
            if knot.name == name:  # a farm and the mill of its village: one name is enough
                found[before] = Knot(knot.at)
        found[at] = Knot(at, name, last and not under_way and not story["position"])
    if story["position"]:
        at = (story["position"]["lon"], story["position"]["lat"])
        found[at] = Knot(at, "", now=True)
    return list(found.values())


def _short_name(place: Mapping[str, Any]) -> str:
    """A place as a map writes it: a farm's or mill's village, a port without the word for it."""
    if place["kind"] in ("farm", "mill", "slaughterhouse") and place["village"]:
        return str(place["village"])
    return _INSTITUTION.sub("", place["name"])


# --- sharing and machines --------------------------------------------------------------------------------------------


def whatsapp(address: str) -> str:
    """The link that opens WhatsApp with the page's address; nothing is fetched from there."""
    return f"https://wa.me/?text={quote(address, safe='')}"


def structured_data(story: Mapping[str, Any], address: str) -> View | None:
    """The goods by the words of schema.org; None where there is no product to tell of."""
    product = story["product"]
    if product is None:
        return None
    lot, fresh, group = story["lot"], story["freshness"], story["group"]
    told: View = {
        "@context": "https://schema.org",
        "@type": "IndividualProduct" if story["kind"] == "unit" else "SomeProducts",
        "name": product["name_id"],
        "gtin": product["gtin"],
        "url": address,
        "hasGS1DigitalLink": story["epc"],
        "countryOfOrigin": "ID",
    }
    if lot:
        told["productionDate"] = lot["produced_on"]
    if fresh and fresh["best_before"]:
        told["additionalProperty"] = {"@type": "PropertyValue", "name": "bestBefore", "value": fresh["best_before"]}
    if story["quantity_kg"] and story["kind"] == "unit":
        told["weight"] = {"@type": "QuantitativeValue", "value": float(story["quantity_kg"]), "unitCode": "KGM"}
    if group:
        told["manufacturer"] = {"@type": "Organization", "name": group["name"], "address": district(group["district"])}
    return told


# --- products, places, shipments -------------------------------------------------------------------------------------


def product_view(product: Mapping[str, Any]) -> View:
    """What a product's page shows."""
    figures = {name: _decimal(product[name]) for name in ("temperature_min_c", "temperature_max_c", "unit_kg")}
    return {**product, **figures}


def site_view(site: Mapping[str, Any]) -> View:
    """What a place's page shows."""
    at = (round(site["lon"], 4), round(site["lat"], 4))
    name = _short_name(site)
    return {
        "site": {**site, "district": district(site["district"])},
        "line": [at],
        "knots": [Knot(at, name, now=True)],
    }


def shipment_view(shipment: Mapping[str, Any], *, now: datetime) -> View:
    """What a shipment's page shows: its legs as a seam, sewn as far as is recorded."""
    listed = [_leg(leg) for leg in shipment["legs"]]
    reached = sum(1 for leg in listed if leg["arrived_at"])
    arrival = datetime.fromisoformat(shipment["planned_arrival_at"])
    arrived = bool(listed) and reached == len(listed)
    departed = any(leg["departed_at"] for leg in listed)
    ends = (
        [shipment["from"], *[leg["to"] for leg in shipment["legs"]]] if listed else [shipment["from"], shipment["to"]]
    )
    now_at = reached if not (listed and reached < len(listed) and listed[reached]["departed_at"]) else -1
    return {
        "shipment": shipment,
        "from": _told_place(shipment["from"]),
        "to": _told_place(shipment["to"]),
        "legs": listed,
        "departs_at": datetime.fromisoformat(shipment["planned_departure_at"]),
        "arrives_at": arrival,
        "progress": "arrived" if arrived else "under_way" if departed else "planned",
        "late": not arrived and arrival < now,
        "line": [(lon, lat) for lon, lat in shipment["track"]] or [(end["lon"], end["lat"]) for end in ends],
        "knots": [
            Knot((end["lon"], end["lat"]), _short_name(end), now=index == now_at) for index, end in enumerate(ends)
        ],
    }


def _leg(leg: Mapping[str, Any]) -> View:
    moments = ("planned_departure_at", "planned_arrival_at", "departed_at", "arrived_at")
    return {
        **leg,
        "from": _told_place(leg["from"]),
        "to": _told_place(leg["to"]),
        **{name: _moment(leg[name]) for name in moments},
    }
