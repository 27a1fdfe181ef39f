"""The ledger keeps every event once and whole, and nobody changes its past."""

import json
import os
import random
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.cluster import DatabaseUrls
from core.database import Row, rows
from core.errors import Invalid
from tracking import derivation, ledger, lineage
from tracking.epcis.document import document_of, events_of, validate
from tracking.epcis.event_hash import event_hash
from tracking.epcis.events import (
    aggregation_event,
    declare_error,
    kilograms,
    object_event,
    transformation_event,
)
from tracking.happenings import GS1
from tracking.ledger import EventConflict, LedgerDamaged

Connection = psycopg.Connection[Any]
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
START = datetime(2026, 11, 2, tzinfo=UTC)
SACK, OTHER, BAG = (f"{GS1}/00/0952000010000000{tail}" for tail in ("18", "25", "32"))
TRUCK, VESSEL = f"{GS1}/8004/952000040T001", f"{GS1}/8004/952000040V001"
PADDY, RICE = f"{GS1}/01/09520001234560/10/A1", f"{GS1}/01/09520001234577/10/R1"
FARM, HUB = f"{GS1}/414/9520001001017/254/F001", f"{GS1}/414/9520000101015"
VALID = Path(os.environ.get("LUMBUNG_CONFORMANCE", Path(__file__).parents[3] / "shared/conformance")) / "epcis/valid"


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def packed(hours: float, sack: str = SACK, lot: str = PADDY, kg: str = "50") -> dict[str, Any]:
    return aggregation_event(
        action="ADD",
        event_time=at(hours),
        parent=sack,
        child_quantities=[kilograms(lot, Decimal(kg))],
        biz_step="packing",
        disposition="in_progress",
        read_point=FARM,
        biz_location=FARM,
    )


def moved(hours: float, action: str, parent: str, *children: str) -> dict[str, Any]:
    step = "loading" if action == "ADD" else "unloading"
    return aggregation_event(
        action=action, event_time=at(hours), parent=parent, children=children, biz_step=step, read_point=HUB
    )


def seen(hours: float, step: str, *epcs: str, **more: Any) -> dict[str, Any]:
    return object_event(action="OBSERVE", event_time=at(hours), epcs=epcs, biz_step=step, read_point=HUB, **more)


def journey() -> list[dict[str, Any]]:
    """A small life with everything in it: tagged, loaded, sailed, emptied, milled, held, recalled, sold."""
    made = object_event(
        action="ADD",
        event_time=at(0),
        quantities=[kilograms(PADDY, Decimal(50))],
        biz_step="commissioning",
        disposition="active",
        read_point=FARM,
        biz_location=FARM,
        ilmd={"cbvmda:lotNumber": "A1", "cbvmda:harvestStartDate": "2026-11-01"},
    )
    milled = transformation_event(
        event_time=at(20),
        inputs=[SACK],
        output_quantities=[kilograms(RICE, Decimal(32))],
        biz_step="commissioning",
        read_point=HUB,
        ilmd={"cbvmda:lotNumber": "R1"},
    )
    return [
        made,
        packed(0.001),
        packed(0.5, OTHER),
        moved(1, "ADD", TRUCK, SACK, OTHER),
        moved(3, "ADD", VESSEL, TRUCK),
        seen(4, "departing", VESSEL),
        seen(16, "arriving", VESSEL),
        moved(17, "DELETE", VESSEL),
        moved(18, "DELETE", TRUCK),
        milled,
        packed(20.001, BAG, RICE, "32"),
        seen(22, "holding", BAG, persistent_set=["recalled"]),
        seen(24, "retail_selling", BAG, disposition="retail_sold"),
        seen(30, "holding", OTHER, persistent_set=["non_sellable_other"]),
        seen(31, "holding", OTHER, persistent_unset=["non_sellable_other"]),
    ]


def derived(connection: Connection) -> dict[str, list[Row]]:
    """Everything that is derived, comparable between databases (without row ids)."""
    return {
        "state": rows(connection, "SELECT * FROM epc_state ORDER BY epc"),
        "containment": rows(connection, "SELECT * FROM containment ORDER BY child, from_at, parent"),
        "lineage": rows(
            connection,
            "SELECT output, input, e.hash FROM lineage JOIN event e ON e.id = lineage.event ORDER BY 1, 2, 3",
        ),
        "lot": rows(connection, "SELECT * FROM lot ORDER BY uri"),
        "stake": rows(connection, "SELECT * FROM stake ORDER BY epc, party_id, via"),
    }


def record(connection: Connection, *events: dict[str, Any]) -> list[ledger.Recorded]:
    return ledger.record(connection, events, now=NOW)


def test_an_event_told_twice_is_one_row(connection: Connection) -> None:
    first = record(connection, packed(1))[0]
    again, other = record(connection, packed(1), packed(2, OTHER))
    assert first.new
    assert (again.new, again.event) == (False, first.event)
    assert other.new
    twice = record(connection, packed(3, BAG), packed(3, BAG))
    assert [each.new for each in twice] == [True, False]
    assert rows(connection, "SELECT count(*) AS n FROM event")[0]["n"] == 3


def test_the_same_event_id_with_other_content_is_a_conflict_and_nothing_is_kept(connection: Connection) -> None:
    record(connection, packed(1) | {"eventID": "urn:uuid:8f5a3a7e-0000-4000-8000-000000000001"})
    with pytest.raises(EventConflict) as conflict, connection.transaction():
        record(connection, packed(5, BAG), packed(2) | {"eventID": "urn:uuid:8f5a3a7e-0000-4000-8000-000000000001"})
    assert conflict.value.facts["recorded"] == event_hash(packed(1))
    assert rows(connection, "SELECT count(*) AS n FROM event")[0]["n"] == 1


def test_an_event_id_that_poses_as_a_hash_it_is_not_names_nothing(connection: Connection) -> None:
    stale = "ni:///sha-256;" + "0" * 64 + "?ver=CBV2.0"
    one, other = record(connection, packed(1) | {"eventID": stale}, packed(2) | {"eventID": stale})
    assert one.new
    assert other.new
    assert ledger.documents(connection, [one.event])[0]["eventID"] == stale


def test_a_nul_is_refused(connection: Connection) -> None:
    with pytest.raises(Invalid):
        record(connection, packed(1) | {"lumbung:note": "a\x00b"})


@pytest.mark.skipif(not VALID.is_dir(), reason="the conformance material is not here")
@pytest.mark.parametrize("path", sorted(VALID.glob("*.json")) or [Path("absent")], ids=lambda path: path.stem)
def test_every_valid_document_is_recorded_and_read_back_equal(connection: Connection, path: Path) -> None:
    document = json.loads(path.read_text())
    validate(document)
    recorded = record(connection, *events_of(document))
    kept = {row["id"]: row["document"] for row in rows(connection, "SELECT id, document FROM event")}
    back = document_of([kept[each.event] for each in recorded], created_at=NOW)
    body = document["epcisBody"]
    told = body["eventList"] if "eventList" in body else [body["event"]]
    assert back["epcisBody"]["eventList"] == told
    assert ledger.verify(connection) == len(kept)


def test_an_error_declaration_stands_beside_its_original_and_takes_it_out_of_the_state(connection: Connection) -> None:
    wrong = moved(5, "ADD", TRUCK, SACK)
    record(connection, packed(1), wrong)
    assert rows(connection, "SELECT parent FROM containment WHERE child = %s", (SACK,)) == [{"parent": TRUCK}]
    declared = declare_error(wrong | {"eventID": event_hash(wrong)}, declared_at=NOW, reason="incorrect_data")
    assert record(connection, declared)[0].new
    assert not record(connection, declared)[0].new
    assert rows(connection, "SELECT count(*) AS n FROM event")[0]["n"] == 3
    assert rows(connection, "SELECT parent FROM containment WHERE child = %s", (SACK,)) == []


def test_a_stranger_cannot_declare_anothers_event_wrong(connection: Connection, party_ids: list[Any]) -> None:
    wrong = moved(5, "ADD", TRUCK, SACK)
    ledger.record(connection, [packed(1), wrong], now=NOW, party_id=party_ids[0])
    declared = declare_error(wrong | {"eventID": event_hash(wrong)}, declared_at=NOW, reason="incorrect_data")
    ledger.record(connection, [declared], now=NOW, party_id=party_ids[1])
    assert rows(connection, "SELECT parent FROM containment WHERE child = %s", (SACK,)) == [{"parent": TRUCK}]


@pytest.fixture
def party_ids(connection: Connection) -> list[Any]:
    return [
        row["id"]
        for row in rows(
            connection,
            """INSERT INTO party (id, gln, name, kind, province, district, village)
            SELECT gen_random_uuid(), gln, 'a', 'enterprise', '', '', '' FROM unnest(%s::text[]) gln RETURNING id""",
            (["9520000000011", "9520000000028"],),
        )
    ]


def test_what_is_derived_is_what_the_life_says(connection: Connection) -> None:
    record(connection, *journey())
    assert [
        (row["child"], row["parent"], row["from_at"], row["to_at"])
        for row in rows(connection, "SELECT * FROM containment ORDER BY child, from_at")
    ] == [
        (SACK, TRUCK, at(1), at(18)),
        (OTHER, TRUCK, at(1), at(18)),
        (TRUCK, VESSEL, at(3), at(17)),
    ]
    assert lineage.ancestors(connection, BAG) == sorted([RICE, SACK, PADDY])
    assert lineage.descendants(connection, PADDY) == sorted([SACK, OTHER, RICE, BAG])
    bag = rows(connection, "SELECT * FROM epc_state WHERE epc = %s", (BAG,))[0]
    assert (bag["quantity_kg"], bag["lot_uri"], bag["sold_at"]) == (Decimal(32), RICE, at(24))
    assert bag["persistent"] == ["recalled"]
    lot = rows(connection, "SELECT * FROM lot WHERE uri = %s", (PADDY,))[0]
    assert (lot["quantity_kg"], str(lot["produced_on"]), lot["site_uri"]) == (Decimal(50), "2026-11-01", FARM)


def test_a_recall_of_a_lot_reaches_everything_made_from_it(connection: Connection) -> None:
    recall = object_event(
        action="OBSERVE",
        event_time=at(40),
        quantities=[kilograms(PADDY, Decimal(50))],
        biz_step="holding",
        persistent_set=["recalled"],
    )
    record(connection, *(event for event in journey() if "persistentDisposition" not in event), recall)
    record(connection, seen(50, "retail_selling", OTHER))
    assert lineage.set_above(connection, [SACK, OTHER, BAG, TRUCK]) == dict.fromkeys((SACK, OTHER, BAG), PADDY)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 30), max_size=6))
def test_shuffled_doubled_and_late_arrival_gives_the_same(connection: Connection, seed: int, cuts: list[int]) -> None:
    """Any order, any batches, some events several times, one of them declared wrong before it was told."""
    events = journey()
    extra = moved(2, "ADD", VESSEL, OTHER)
    declared = declare_error(extra | {"eventID": event_hash(extra)}, declared_at=NOW, reason="incorrect_data")
    events += [extra, declared]
    chance = random.Random(seed)
    told = events + chance.sample(events, chance.randrange(len(events)))
    chance.shuffle(told)

    class Undo(Exception):
        pass

    results: list[dict[str, list[Row]]] = []
    for batches in (_cut(told, cuts), [events]):
        try:
            with connection.transaction():
                for batch in batches:
                    record(connection, *batch)
                results.append(derived(connection))
                raise Undo
        except Undo:
            pass
    assert results[0] == results[1]


def _cut(events: list[dict[str, Any]], cuts: list[int]) -> list[list[dict[str, Any]]]:
    edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    return [events[start:end] for start, end in pairwise(edges) if start < end]


def test_rebuilding_from_the_ledger_gives_what_was_there(connection: Connection) -> None:
    for event in reversed(journey()):
        record(connection, event)
    before = derived(connection)
    assert derivation.rebuild(connection) == len(before["state"])
    assert derived(connection) == before


@pytest.mark.parametrize("table", ["event", "event_key", "event_epc", "event_sequence", "stock_movement"])
@pytest.mark.parametrize("change", ["UPDATE {} SET ctid = ctid", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_application_cannot_change_the_past(connection: Connection, table: str, change: str) -> None:
    statement = change.format(table).replace("ctid = ctid", f"{FIRST_COLUMN[table]} = {FIRST_COLUMN[table]}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
        connection.execute(statement)  # type: ignore[call-overload]


FIRST_COLUMN = {
    "event": "event_id",
    "event_key": "event_id",
    "event_epc": "epc",
    "event_sequence": "event",
    "stock_movement": "sscc",
}


@pytest.mark.parametrize("statement", ["UPDATE event SET hash = ''", "DELETE FROM event", "TRUNCATE event"])
def test_a_trigger_says_so_to_the_owner_too(owner_connection: Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"), owner_connection.transaction():
        owner_connection.execute(statement)  # type: ignore[call-overload]


def test_a_ledger_that_was_tampered_with_is_found_out(owner_connection: Connection) -> None:
    recorded = record(owner_connection, packed(1), packed(2, OTHER))
    assert ledger.verify(owner_connection) == 2
    owner_connection.execute("ALTER TABLE event DISABLE TRIGGER refuse_change")
    owner_connection.execute(
        "UPDATE event SET document = replace(document::text, '50', '60')::json WHERE id = %s", (recorded[1].event,)
    )
    with pytest.raises(LedgerDamaged) as damaged:
        ledger.verify(owner_connection)
    assert damaged.value.facts["events"] == [str(recorded[1].event)]


def test_sealing_waits_for_whoever_began_earlier_and_leaves_no_gap(database: DatabaseUrls) -> None:
    with psycopg.connect(database.app) as slow, psycopg.connect(database.app) as quick:
        late = ledger.record(slow, [packed(1)], now=NOW)[0]
        early = ledger.record(quick, [packed(2, OTHER)], now=NOW)[0]  # the same lot: packing it takes no turn
        quick.commit()
        assert ledger.seal(quick) == 0  # the slow one began before: its event must not come in behind
        quick.commit()
        slow.commit()
        assert ledger.seal(quick) == 2
        quick.commit()
        told = ledger.told_after(quick, 0)
        assert [(row["sequence"], row["id"]) for row in told] == [(1, late.event), (2, early.event)]
        ledger.record(quick, [packed(3, BAG)], now=NOW)
        quick.commit()
        assert ledger.seal(quick) == 1
        assert [row["sequence"] for row in ledger.told_after(quick, 2)] == [3]


def test_parallel_writers_of_the_same_events_keep_each_once(database: DatabaseUrls) -> None:
    events = journey()
    new: list[int] = []

    def tell(seed: int) -> None:
        order = random.Random(seed).sample(events, len(events))
        with psycopg.connect(database.app) as connection:
            for event in order:
                while True:
                    try:
                        new.append(sum(each.new for each in record(connection, event)))
                        connection.commit()
                        break
                    except psycopg.errors.DeadlockDetected:
                        connection.rollback()

    threads = [threading.Thread(target=tell, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(new) == len(events)
    with psycopg.connect(database.app, options="-c timezone=UTC") as connection:
        after = derived(connection)
        derivation.rebuild(connection)
        assert derived(connection) == after
