"""What is derived from the ledger: state of every key, containment, lineage, stakes, lots.

Everything here can be thrown away and rebuilt (`rebuild`); the application writes it in the same transaction as the
events it follows from. Folding is pure (`tracking.happenings`), this module reads and writes.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import psycopg

from core.database import Row, rows, run
from tracking.gs1.urn import normalise
from tracking.happenings import GS1, Happening, fold, in_order, intervals, kind_of

Connection = psycopg.Connection[Any]

# An event declared wrong by whoever recorded it no longer counts, nor does its declaration.
COUNTS = """
    NOT e.declares_error AND NOT EXISTS (
        SELECT FROM event_key k JOIN event d ON d.id = k.event
        WHERE k.event_id = e.event_id AND k.declares_error AND d.hash = e.hash
          AND d.party_id IS NOT DISTINCT FROM e.party_id)
"""

HAPPENINGS = f"""
    SELECT x.epc, x.role, e.id AS event, e.hash, e.event_time AS at, e.event_type AS type, e.action, e.biz_step,
           e.disposition, e.read_point, e.biz_location, e.document, e.scan_id, e.party_id,
           (SELECT p.epc FROM event_epc p WHERE p.event = e.id AND p.role = 'parent' LIMIT 1) AS parent
    FROM event_epc x JOIN event e ON e.id = x.event
    WHERE x.epc = ANY(%(epcs)s) AND {COUNTS}
"""


def lock(connection: Connection, epcs: Iterable[str]) -> None:
    """Hold these keys until the transaction ends: two writers of one key follow one another.

    Always in sorted order, so that two transactions cannot wait for each other.
    """
    order = sorted(set(epcs))
    run(
        connection,
        """
        INSERT INTO epc_state (epc, kind, persistent, record_count)
        SELECT epc, kind, '[]', 0 FROM unnest(%s::text[], %s::text[]) AS new(epc, kind) ORDER BY epc
        ON CONFLICT DO NOTHING
        """,
        (order, [kind_of(epc) for epc in order]),
    )
    hold(connection, order)


def hold(connection: Connection, epcs: Iterable[str]) -> None:
    """The same for those of the keys that anything is known of; the others are left unknown."""
    rows(connection, "SELECT epc FROM epc_state WHERE epc = ANY(%s) ORDER BY epc FOR UPDATE", (sorted(set(epcs)),))


def happenings_of(connection: Connection, epcs: Iterable[str], *, since: datetime | None = None) -> list[Happening]:
    """Everything that happened to these keys themselves, events declared wrong left out; see `tracking.story` for
    what they lived through inside something else."""
    sql = HAPPENINGS + (" AND e.event_time >= %(since)s" if since else "")
    found = [Happening(**row) for row in rows(connection, sql, {"epcs": list(epcs), "since": since})]
    children: dict[str, set[str]] = defaultdict(set)
    for happening in found:
        if happening.role == "child" and happening.parent:
            children[happening.parent].add(happening.epc)
    if children:
        emptied = HAPPENINGS + (
            """ AND x.role = 'parent' AND e.action = 'DELETE' AND NOT EXISTS (
                SELECT FROM event_epc c WHERE c.event = e.id AND c.role IN ('child', 'child_class'))"""
        )
        for row in rows(connection, emptied, {"epcs": list(children)}):
            parent = row["epc"]
            found += [
                Happening(**{**row, "epc": child, "role": "emptied", "parent": parent}) for child in children[parent]
            ]
    return in_order(found)


def follow(connection: Connection, new: Sequence[Row], touched: Iterable[str]) -> None:
    """Bring what is derived up to date after `new` events (rows of `event`) that touched these keys."""
    keys = set(touched)
    emptied = [row["id"] for row in new if row["event_type"] == "AggregationEvent" and row["action"] == "DELETE"]
    if emptied:
        children = {
            row["child"]
            for row in rows(
                connection,
                """
                SELECT DISTINCT c.child FROM event_epc x JOIN containment c ON c.parent = x.epc
                WHERE x.event = ANY(%s) AND x.role = 'parent' AND (c.to_at IS NULL OR c.to_at >= x.event_time)
                """,
                (emptied,),
            )
        }
        lock(connection, children - keys)
        keys |= children
    earliest = min(datetime.fromisoformat(row["event_time"]) for row in new)
    declared = any(row["declares_error"] for row in new)
    derive(connection, keys, since=None if declared else earliest)
    events = [row["id"] for row in new]
    if declared:
        ids = [row["event_id"] for row in new if row["declares_error"]]
        events += [row["id"] for row in rows(connection, "SELECT id FROM event WHERE event_id = ANY(%s)", (ids,))]
    derive_edges(connection, events)


def derive(connection: Connection, epcs: Iterable[str], *, since: datetime | None = None) -> None:
    """Fold these keys anew. `since` says that nothing before it changed, which spares carriers their long past."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for epc in sorted(set(epcs)):
        by_kind[kind_of(epc)].append(epc)
    units = by_kind["unit"] + by_kind["other"]
    if units:
        found = happenings_of(connection, units)
        _write_states(connection, units, found)
        _write_stays(connection, units, found, None)
    for epc in by_kind["carrier"] + by_kind["container"]:
        _write_states(connection, [epc], _latest(connection, epc))
        _write_stays(connection, [epc], *_stays_since(connection, epc, since))
    if by_kind["lot"]:
        _derive_lots(connection, by_kind["lot"])


def _latest(connection: Connection, epc: str) -> list[Happening]:
    """A carrier's 50 latest happenings: a truck's past of years is not read at every gate."""
    sql = HAPPENINGS + " ORDER BY e.event_time DESC, e.hash DESC LIMIT 50"
    return [Happening(**row) for row in rows(connection, sql, {"epcs": [epc]})]


def _stays_since(connection: Connection, epc: str, since: datetime | None) -> tuple[list[Happening], datetime | None]:
    """A carrier's happenings from the stay that `since` falls into, and its start; earlier stays stand as they are."""
    start = since
    if since is not None:
        before = "SELECT max(from_at) AS start FROM containment WHERE child = %s AND from_at < %s"
        start = rows(connection, before, (epc, since))[0]["start"] or since
    return happenings_of(connection, [epc], since=start), start


def _grouped(epcs: Sequence[str], found: Iterable[Happening]) -> dict[str, list[Happening]]:
    grouped: dict[str, list[Happening]] = {epc: [] for epc in epcs}
    for happening in found:
        grouped[happening.epc].append(happening)
    return grouped


def _write_states(connection: Connection, epcs: Sequence[str], found: Iterable[Happening]) -> None:
    states: list[Row] = []
    for epc, own in _grouped(epcs, found).items():
        state = asdict(fold(own))
        lot_uri = state["lot_uri"] = normalise(state["lot_uri"]) if state["lot_uri"] else None
        gtin = lot_uri.split("/01/")[1][:14] if lot_uri and "/01/" in lot_uri else None
        states.append({"epc": epc, "kind": kind_of(epc), "gtin": gtin, **state})
    run(
        connection,
        f"""
        UPDATE epc_state s SET ({STATE}) = (SELECT {", ".join(f"n.{column}" for column in STATE.split(", "))})
        FROM jsonb_populate_recordset(NULL::epc_state, %s) n WHERE s.epc = n.epc
        """,
        (json.dumps(states, default=str),),
    )


def _write_stays(
    connection: Connection, epcs: Sequence[str], found: Iterable[Happening], since: datetime | None
) -> None:
    stays: list[Row] = [
        {"child": epc, **asdict(stay)}
        for epc, own in _grouped(epcs, found).items()
        for stay in intervals(own)
        if since is None or stay.from_at >= since
    ]
    run(
        connection,
        "DELETE FROM containment WHERE child = ANY(%s) AND from_at >= coalesce(%s, '-infinity'::timestamptz)",
        (list(epcs), since),
    )
    if stays:
        run(
            connection,
            """
            INSERT INTO containment (child, parent, from_at, to_at)
            SELECT child, parent, from_at, to_at FROM jsonb_populate_recordset(NULL::containment, %s)
            """,
            (json.dumps(stays, default=str),),
        )


STATE = (
    "kind, lot_uri, gtin, quantity_kg, head_count, commissioned_at, last_event_at, biz_step, disposition, place, "
    "persistent, sold_at, record_count"
)


def _derive_lots(connection: Connection, uris: Sequence[str]) -> None:
    """A lot is what its commissionings say: product and number by its key, the rest by its earliest one, kg summed.

    What it was packed into is not its own life: a lot of ten thousand sacks is not read anew for each.
    """
    sql = HAPPENINGS + " AND x.role IN ('epc_class', 'output_class')"
    lived = in_order(Happening(**row) for row in rows(connection, sql, {"epcs": list(uris)}))
    made = [
        happening
        for happening in lived
        if happening.role == "output_class" or (happening.biz_step == "commissioning" and happening.action == "ADD")
    ]
    own: dict[str, list[Happening]] = {uri: [] for uri in uris}
    for happening in made:
        own[happening.epc].append(happening)
    told: list[Row] = []
    for uri, happenings in own.items():
        gtin, _, number = uri.removeprefix(f"{GS1}/01/").partition("/10/")
        first = happenings[0] if happenings else None
        sums = _sums(uri, happenings)
        told.append(
            {
                "uri": uri,
                "gtin": gtin[:14],
                "lot_number": unquote(number),  # a lot number may hold a slash
                "party_id": first.party_id if first else None,
                "site_uri": (first.biz_location or first.read_point) if first else None,
                "produced_on": _produced_on(first) if first else None,
                **sums,
            }
        )
    run(
        connection,
        """
        INSERT INTO lot (uri, gtin, lot_number, party_id, site_uri, produced_on, quantity_kg, head_count)
        SELECT uri, gtin, lot_number, party_id, site_uri, produced_on, quantity_kg, head_count
        FROM jsonb_populate_recordset(NULL::lot, %s)
        ON CONFLICT (uri) DO UPDATE SET party_id = excluded.party_id, site_uri = excluded.site_uri,
            produced_on = excluded.produced_on, quantity_kg = excluded.quantity_kg, head_count = excluded.head_count
        """,
        (json.dumps(told, default=str),),
    )
    _write_states(connection, uris, lived)


def _sums(uri: str, happenings: Iterable[Happening]) -> Row:
    kg, heads = None, None
    for happening in happenings:
        for name in ("quantityList", "outputQuantityList"):
            for quantity in happening.document.get(name) or []:
                if quantity.get("quantity") is None or normalise(quantity["epcClass"]) != uri:
                    continue
                if quantity.get("uom") == "KGM":
                    kg = (kg or Decimal(0)) + Decimal(str(quantity["quantity"]))
                elif quantity.get("uom") is None:
                    heads = (heads or 0) + int(quantity["quantity"])
    return {"quantity_kg": kg, "head_count": heads}


def _produced_on(happening: Happening) -> str | None:
    ilmd = happening.document.get("ilmd") or {}
    ours = ("cbvmda:harvestStartDate", "lumbung:productionDate")
    for name in (*ours, "cbvmda:productionDate", "harvestStartDate", "productionDate"):
        if isinstance(ilmd.get(name), str):
            return ilmd[name][:10]
    return happening.at.date().isoformat()


def derive_edges(connection: Connection, events: Sequence[object]) -> None:
    """Lineage of these events, written anew: outputs from inputs, and a unit from the lot packed into it; and stakes:
    whose tag it is owns it, whose site it passes has custody."""
    run(connection, "DELETE FROM lineage WHERE event = ANY(%s)", (list(events),))
    run(
        connection,
        f"""
        INSERT INTO lineage (output, input, event)
        SELECT DISTINCT o.epc, i.epc, e.id
        FROM event e JOIN event_epc o ON o.event = e.id JOIN event_epc i ON i.event = e.id
        WHERE e.id = ANY(%s) AND o.epc <> i.epc AND {COUNTS}
          AND (e.event_type = 'TransformationEvent'
               AND o.role IN ('output', 'output_class') AND i.role IN ('input', 'input_class')
            OR e.event_type = 'AggregationEvent' AND e.action = 'ADD' AND o.role = 'parent' AND i.role = 'child_class')
        ON CONFLICT DO NOTHING
        """,
        (list(events),),
    )
    run(
        connection,
        """
        INSERT INTO stake (epc, party_id, via)
        SELECT DISTINCT x.epc, s.party_id, 'custody'
        FROM event e JOIN event_epc x ON x.event = e.id JOIN site s ON s.uri IN (e.read_point, e.biz_location)
        WHERE e.id = ANY(%(events)s) AND NOT e.declares_error
        UNION
        SELECT DISTINCT x.epc, e.party_id, 'owner'
        FROM event e JOIN event_epc x ON x.event = e.id
        WHERE e.id = ANY(%(events)s) AND NOT e.declares_error AND e.party_id IS NOT NULL
          AND (x.role IN ('epc_class', 'output', 'output_class') AND e.biz_step = 'commissioning'
            OR x.role = 'parent' AND e.biz_step = 'packing' AND e.action = 'ADD'
               AND EXISTS (SELECT FROM event_epc c WHERE c.event = e.id AND c.role = 'child_class'))
        UNION
        SELECT DISTINCT x.epc, p.id, 'owner'
        FROM event e JOIN event_epc x ON x.event = e.id
        CROSS JOIN LATERAL json_array_elements(e.document -> 'destinationList') d
        JOIN party p ON right(d ->> 'destination', 13) = p.gln
        WHERE e.id = ANY(%(events)s) AND NOT e.declares_error AND d ->> 'type' = 'owning_party'
        ON CONFLICT DO NOTHING
        """,
        {"events": list(events)},
    )


def rebuild(connection: Connection, *, batch: int = 1000) -> int:
    """Throw away everything derived and fold it again from the ledger; the number of keys."""
    for table in ("containment", "lineage", "stake", "lot", "epc_state"):
        run(connection, f"DELETE FROM {table}")
    named = (
        "SELECT DISTINCT epc FROM event_epc WHERE role NOT IN ('child_class', 'input_class', 'transaction') ORDER BY 1"
    )
    keys = [row["epc"] for row in rows(connection, named)]
    for start in range(0, len(keys), batch):
        lock(connection, keys[start : start + batch])
        derive(connection, keys[start : start + batch])
    events = [row["id"] for row in rows(connection, "SELECT id FROM event")]
    for start in range(0, len(events), batch):
        derive_edges(connection, events[start : start + batch])
    return len(keys)
