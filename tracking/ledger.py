"""The only writer of events. Append-only, idempotent, inside the caller's transaction.

`record` takes EPCIS 2.0 events as JSON objects that stand alone (see `tracking.epcis.document.events_of`), keeps each
whole as it came, and brings what is derived from them up to date. `seal` gives told events their place in the order
of telling. See docs/adr/0004.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from core.database import Row, one, rows, run
from core.errors import Conflict, DomainError, Invalid
from core.identifiers import uuid7
from tracking import derivation
from tracking.epcis.event_hash import event_hash
from tracking.epcis.events import class_quantities, epcs_of
from tracking.epcis.vocabulary import BIZ_STEPS, DISPOSITIONS, KILOGRAM, bare_word
from tracking.gs1.urn import normalise
from tracking.happenings import kind_of

Connection = psycopg.Connection[Any]

# Parts in an event that change what a key is. A lot that is packed or used up, a shipment that is named, stay as they
# are: they need no lock, so that many stations may pack one lot at once.
CHANGES = frozenset({"epc", "parent", "child", "input", "output", "epc_class", "output_class"})
Json = dict[str, Any]

SEAL_LOCK = 0x6C756D62  # one sealer at a time, whoever calls


class EventConflict(Conflict):
    """An eventID that is already recorded came again with other content. Facts: event_id, recorded, told."""

    title = "Another event with this eventID is recorded"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one event: its row, its id and hash, and whether it is new or was there already."""

    event: UUID
    event_id: str
    hash: str
    new: bool


def record(
    connection: Connection,
    events: Sequence[Json],
    *,
    now: datetime,
    party_id: UUID | None = None,
    scan_id: UUID | None = None,
) -> list[Recorded]:
    """Record events for a party; the answer has one entry an event, in the same order.

    An event whose eventID (or, without one, whose CBV hash) is recorded with the same content is that event again and
    changes nothing; an error declaration stands beside its original. The caller validates and commits; nothing is
    kept if any event is refused.

    Raises EventConflict where an eventID is known with other content, Invalid where an event holds what no text
    column can (a NUL). Locks the keys involved, in sorted order, until the transaction ends.
    """
    if not events:
        return []
    prepared = [_prepare(event, now, party_id, scan_id) for event in events]
    touched = {epc for _, keys in prepared for epc, role in keys if role in CHANGES}
    derivation.lock(connection, touched)
    known = _claim(connection, [row for row, _ in prepared])
    results: list[Recorded] = []
    new: list[tuple[Row, dict[tuple[str, str], Decimal | None]]] = []
    for row, keys in prepared:
        key = (row["event_id"], row["declares_error"])
        event, recorded_hash = known[key]
        if recorded_hash is not None and recorded_hash != row["hash"]:
            raise EventConflict(
                f"eventID {row['event_id']} is recorded with other content.",
                event_id=row["event_id"],
                recorded=recorded_hash,
                told=row["hash"],
            )
        fresh = event == row["id"]
        results.append(Recorded(event, row["event_id"], row["hash"], fresh))
        if fresh:
            new.append((row, keys))
    if new:
        _insert(connection, new)
        derivation.follow(connection, [row for row, _ in new], touched)
    return results


def _prepare(
    event: Json, now: datetime, party_id: UUID | None, scan_id: UUID | None
) -> tuple[Row, dict[tuple[str, str], Decimal | None]]:
    """An event's row, and its keys with their kilograms."""
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" in text:
        raise Invalid("An event holds a NUL character, which no text can.")
    hash_id = event_hash(event)
    keys: dict[tuple[str, str], Decimal | None] = dict.fromkeys(epcs_of(event))
    for told in class_quantities(event):
        if told.uom == KILOGRAM and told.quantity is not None:
            keys[told.epc, told.role] = (keys[told.epc, told.role] or Decimal(0)) + told.quantity
    for transaction in event.get("bizTransactionList") or []:
        named = normalise(transaction["bizTransaction"])
        if kind_of(named) == "shipment":
            keys[named, "transaction"] = None
    read_point, biz_location = event.get("readPoint"), event.get("bizLocation")
    row: Row = {
        "id": uuid7(),
        "event_id": _identity(event.get("eventID"), hash_id),
        "hash": hash_id,
        "declares_error": "errorDeclaration" in event,
        "event_type": event["type"],
        "action": event.get("action"),
        "event_time": event["eventTime"],
        "recorded_at": now,
        "biz_step": bare_word(BIZ_STEPS, event["bizStep"]) if "bizStep" in event else None,
        "disposition": bare_word(DISPOSITIONS, event["disposition"]) if "disposition" in event else None,
        "read_point": normalise(read_point["id"]) if read_point else None,
        "biz_location": normalise(biz_location["id"]) if biz_location else None,
        "party_id": party_id,
        "scan_id": scan_id,
        "document": text,
        "document_sha256": hashlib.sha256(text.encode()).digest(),
    }
    return row, keys


def _identity(event_id: str | None, hash_id: str) -> str:
    """The eventID as given; our own hash where there is none, or where it poses as a hash that the content has not.

    GS1's own examples carry such stale `ni:` ids, two different events under one: they identify nothing.
    """
    if not event_id or (event_id.startswith("ni:///sha-256;") and event_id != hash_id):
        return hash_id
    return event_id


def _claim(connection: Connection, prepared: Sequence[Row]) -> dict[tuple[str, bool], tuple[UUID, str | None]]:
    """Claim each (event_id, declares_error): the event that holds it, and its hash unless it is claimed just now."""
    wanted: dict[tuple[str, bool], Row] = {}
    for row in prepared:
        key = (row["event_id"], row["declares_error"])
        first = wanted.setdefault(key, row)
        if first["hash"] != row["hash"]:
            raise EventConflict(f"eventID {key[0]} comes twice with different content.", event_id=key[0])
    order = sorted(wanted)
    claimed = rows(
        connection,
        """
        INSERT INTO event_key (event_id, declares_error, event)
        SELECT * FROM unnest(%s::text[], %s::boolean[], %s::uuid[])
        ON CONFLICT DO NOTHING RETURNING event_id, declares_error, event
        """,
        ([key[0] for key in order], [key[1] for key in order], [wanted[key]["id"] for key in order]),
    )
    result: dict[tuple[str, bool], tuple[UUID, str | None]] = {
        (row["event_id"], row["declares_error"]): (row["event"], None) for row in claimed
    }
    missing = [key for key in order if key not in result]
    if missing:
        # A claim that lost against a transaction still under way has waited for it: what it lost to is visible now.
        for row in rows(
            connection,
            """
            SELECT k.event_id, k.declares_error, k.event, e.hash FROM event_key k JOIN event e ON e.id = k.event
            WHERE k.event_id = ANY(%s)
            """,
            ([key[0] for key in missing],),
        ):
            result.setdefault((row["event_id"], row["declares_error"]), (row["event"], row["hash"]))
    return result


COLUMNS = (
    *("id", "event_id", "hash", "declares_error", "event_type", "action", "event_time", "recorded_at", "biz_step"),
    *("disposition", "read_point", "biz_location", "party_id", "scan_id", "document", "document_sha256"),
)


def _insert(connection: Connection, new: Iterable[tuple[Row, dict[tuple[str, str], Decimal | None]]]) -> None:
    new = list(new)
    with connection.cursor() as cursor:
        columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
        with cursor.copy(sql.SQL("COPY event ({}) FROM STDIN").format(columns)) as copy:
            for row, _ in new:
                copy.write_row([row[column] for column in COLUMNS])
        with cursor.copy("COPY event_epc (event, epc, role, event_time, quantity, uom) FROM STDIN") as copy:
            for row, keys in new:
                for (epc, role), kg in keys.items():
                    copy.write_row([row["id"], epc, role, row["event_time"], kg, None if kg is None else "KGM"])
        with cursor.copy("COPY event_unsealed (event) FROM STDIN") as copy:
            for row, _ in new:
                copy.write_row([row["id"]])


def seal(connection: Connection) -> int:
    """Give every event that no earlier transaction can still precede its place in the order of telling.

    Gapless, and never before a place already given: a reader that has read up to sequence n has missed nothing below.
    Only one caller seals at a time; another returns 0 at once. Returns how many events were sealed.
    """
    locked = one(connection, "SELECT pg_try_advisory_xact_lock(%s) AS mine", (SEAL_LOCK,))
    if not locked or not locked["mine"]:
        return 0
    return run(
        connection,
        """
        WITH ripe AS (
            DELETE FROM event_unsealed WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) RETURNING event, xid
        )
        INSERT INTO event_sequence (sequence, event)
        SELECT (SELECT coalesce(max(sequence), 0) FROM event_sequence) + row_number() OVER (ORDER BY xid, event), event
        FROM ripe
        """,
    )


def told_after(connection: Connection, sequence: int, limit: int = 500) -> list[Row]:
    """Sealed events after `sequence`, in the order in which they were told: sequence and the event's columns."""
    return rows(
        connection,
        """
        SELECT s.sequence, e.id, e.event_id, e.event_type, e.action, e.event_time, e.recorded_at, e.biz_step,
               e.disposition, e.read_point, e.biz_location, e.party_id, e.scan_id
        FROM event_sequence s JOIN event e ON e.id = s.event
        WHERE s.sequence > %s ORDER BY s.sequence LIMIT %s
        """,
        (sequence, limit),
    )


class LedgerDamaged(DomainError):
    """Recorded events no longer match their own digest or hash. Facts: events."""

    title = "The ledger does not verify"


def verify(connection: Connection, *, batch: int = 5000) -> int:
    """Read the whole ledger and recompute every digest and hash; the number of events read.

    Raises LedgerDamaged naming the events that do not match.
    """
    damaged: list[str] = []
    count = 0
    with connection.cursor(name="verify") as cursor:
        cursor.itersize = batch
        cursor.execute("SELECT id, hash, document::text, document_sha256 FROM event")
        for event, hash_id, text, digest in cursor:
            count += 1
            if hashlib.sha256(text.encode()).digest() != digest or event_hash(json.loads(text)) != hash_id:
                damaged.append(str(event))
    if damaged:
        raise LedgerDamaged(f"{len(damaged)} of {count} events do not match their hash.", events=damaged)
    return count


def documents(connection: Connection, event_ids: Sequence[UUID]) -> list[Json]:
    """The events with these row ids, as they came, in the order in which they happened."""
    found = rows(
        connection,
        "SELECT id, event_time, hash, document FROM event WHERE id = ANY(%s) ORDER BY event_time, hash, declares_error",
        (list(event_ids),),
    )
    return [row["document"] for row in found]
