"""Every fix goes in once, whatever the order and however often it is told; what cannot be true lies apart."""

import math
import os
import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from core.cluster import DatabaseUrls
from core.database import Row, one, rows, run
from core.errors import Invalid, NotFound
from core.permissions import Viewer
from tracking import positions
from tracking.fixes import Fix
from tracking.positions import RECORDED, REPEATED, Outcome, ingest

Connection = psycopg.Connection[Any]
NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
PANJANG = (105.3196, -5.4664)
TRUCK, VESSEL = "95200004T001", "95200004V001"
OFFICER = Viewer(uuid4(), "officer", "Officer", None, None, None, "cookie")


def enrol(connection: Connection) -> UUID:
    device_id = uuid4()
    run(
        connection,
        "INSERT INTO device (id, kind, name, prefix, created_at) VALUES (%s, 'tracker', 'GPS', %s, %s)",
        (device_id, device_id.hex[:8], NOW),
    )
    return device_id


def register_carrier(connection: Connection, giai: str, name: str, kind: str, gln: str) -> UUID:
    """A carrier of a firm of its own; the firm."""
    party_id = uuid4()
    run(
        connection,
        "INSERT INTO party (id, gln, name, kind, province, district, village)"
        " VALUES (%s, %s, 'Firm', 'carrier', '', '', '')",
        (party_id, gln),
    )
    run(
        connection,
        "INSERT INTO carrier (giai, kind, name, party_id) VALUES (%s, %s, %s, %s)",
        (giai, kind, name, party_id),
    )
    return party_id


def bind(connection: Connection, device_id: UUID, giai: str, from_at: datetime, to_at: datetime | None = None) -> None:
    run(
        connection,
        "INSERT INTO device_binding (device_id, giai, from_at, to_at) VALUES (%s, %s, %s, %s)",
        (device_id, giai, from_at, to_at),
    )


def stored(connection: Connection) -> list[Row]:
    return rows(
        connection,
        "SELECT device_id, recorded_at, ST_X(location) AS lon, ST_Y(location) AS lat, speed_kmh, heading_deg,"
        " accuracy_m FROM position ORDER BY device_id, recorded_at",
    )


def apart(connection: Connection) -> list[Row]:
    return rows(connection, "SELECT * FROM position_refused ORDER BY device_id, recorded_at, reason")


def at(device_id: UUID, seconds: float = 0, **figures: Any) -> Fix:
    lon, lat = PANJANG
    return Fix(
        **{"device_id": device_id, "recorded_at": NOW - timedelta(seconds=seconds), "lon": lon, "lat": lat} | figures
    )


@pytest.fixture
def device_id(connection: Connection) -> UUID:
    return enrol(connection)


def test_fix_goes_in_with_all_its_figures(connection: Connection, device_id: UUID) -> None:
    fix = at(device_id, speed_kmh=42.5, heading_deg=359.9, accuracy_m=4.25)
    assert ingest(connection, [fix], now=NOW) == [RECORDED]
    assert stored(connection) == [
        {
            "device_id": device_id,
            "recorded_at": NOW,
            "lon": PANJANG[0],
            "lat": PANJANG[1],
            "speed_kmh": 42.5,
            "heading_deg": 359.9,
            "accuracy_m": 4.25,
        }
    ]


def test_nothing_told_is_nothing_done(connection: Connection) -> None:
    assert ingest(connection, [], now=NOW) == []


def test_same_fix_is_one_row_in_one_list_and_across_lists(connection: Connection, device_id: UUID) -> None:
    first, other = at(device_id, 10), at(device_id, 20)
    assert ingest(connection, [first, first], now=NOW) == [RECORDED, REPEATED]
    assert ingest(connection, [other, first, other], now=NOW) == [RECORDED, REPEATED, REPEATED]
    assert len(stored(connection)) == 2
    assert apart(connection) == []


def test_zone_in_which_a_moment_is_told_makes_no_other_fix(connection: Connection, device_id: UUID) -> None:
    wib = at(device_id).recorded_at.astimezone(datetime.fromisoformat("2026-11-20T10:00:00+07:00").tzinfo)
    assert ingest(connection, [at(device_id), at(device_id, recorded_at=wib)], now=NOW) == [RECORDED, REPEATED]


def test_two_devices_at_one_moment_are_two_fixes(connection: Connection, device_id: UUID) -> None:
    assert ingest(connection, [at(device_id), at(enrol(connection))], now=NOW) == [RECORDED, RECORDED]


def test_second_place_for_one_moment_is_set_apart_and_the_first_stands(connection: Connection, device_id: UUID) -> None:
    contradicts = Outcome("set_apart", "contradicts")
    assert ingest(connection, [at(device_id), at(device_id, lon=106.0)], now=NOW) == [RECORDED, contradicts]
    assert ingest(connection, [at(device_id, lon=107.0), at(device_id)], now=NOW) == [contradicts, REPEATED]
    assert [row["lon"] for row in stored(connection)] == [PANJANG[0]]
    # One row a moment and reason is kept: a device that leaps all day does not fill the disk.
    assert [row["body"]["lon"] for row in apart(connection)] == [106.0]


ABSURD: list[tuple[str, Callable[[UUID], Fix]]] = [
    ("null_island", lambda d: at(d, lon=0.0, lat=0.0)),
    ("null_island", lambda d: at(d, lon=0.0004, lat=-0.0004)),
    ("in_the_future", lambda d: at(d, -301)),
    ("too_old", lambda d: at(d, 400 * 86_400 + 1)),
    ("too_old", lambda d: at(d, recorded_at=datetime(1, 1, 1, tzinfo=UTC))),
    ("in_the_future", lambda d: at(d, recorded_at=datetime(9999, 12, 31, 23, 59, tzinfo=UTC))),
    ("too_fast", lambda d: at(d, speed_kmh=900.5)),
    ("out_of_range", lambda d: at(d, lon=180.5)),
    ("out_of_range", lambda d: at(d, lat=-90.5)),
    ("out_of_range", lambda d: at(d, heading_deg=361.0)),
    ("out_of_range", lambda d: at(d, heading_deg=-1.0)),
    ("out_of_range", lambda d: at(d, speed_kmh=-1.0)),
    ("out_of_range", lambda d: at(d, accuracy_m=-0.5)),
    ("inaccurate", lambda d: at(d, accuracy_m=5_000.5)),
    ("not_a_number", lambda d: at(d, lat=math.nan)),
    ("not_a_number", lambda d: at(d, speed_kmh=math.inf)),
    ("no_fix", lambda d: at(d, lon=math.nan, lat=math.nan, has_fix=False)),
    ("no_fix", lambda d: at(d, has_fix=False)),
]


@pytest.mark.parametrize(("reason", "make"), ABSURD)
def test_absurd_fix_is_kept_apart_with_its_reason(
    connection: Connection, device_id: UUID, reason: str, make: Callable[[UUID], Fix]
) -> None:
    absurd = make(device_id)
    for _ in range(2):
        assert ingest(connection, [at(device_id, 60), absurd], now=NOW)[1] == Outcome("set_apart", reason)
    assert len(stored(connection)) == 1
    assert one(connection, "SELECT count(*) AS n FROM position_refused WHERE reason = %s", (reason,)) == {"n": 1}


def test_figures_told_are_kept_even_where_json_has_no_word_for_them(connection: Connection, device_id: UUID) -> None:
    ingest(connection, [at(device_id, lat=math.nan, speed_kmh=math.inf, accuracy_m=3.0)], now=NOW)
    [row] = apart(connection)
    assert row["body"] == {"lon": PANJANG[0], "lat": "nan", "speed_kmh": "inf", "accuracy_m": 3.0}
    assert (row["device_id"], row["recorded_at"], row["received_at"]) == (device_id, NOW, NOW)


@pytest.mark.parametrize(
    "figures",
    [
        {"lon": 180.0, "lat": 90.0},
        {"lon": -180.0, "lat": -90.0},
        {"lon": 0.0, "lat": 51.5},
        {"recorded_at": NOW + timedelta(minutes=5)},
        {"recorded_at": NOW - timedelta(days=400)},
        {"speed_kmh": 0.0, "heading_deg": 360.0, "accuracy_m": 5_000.0},
        {"speed_kmh": 900.0},
    ],
)
def test_fix_just_within_bounds_goes_in(connection: Connection, device_id: UUID, figures: dict[str, Any]) -> None:
    assert ingest(connection, [at(device_id, **figures)], now=NOW) == [RECORDED]


def test_truck_is_slower_than_what_else_a_phone_may_ride_in(connection: Connection, device_id: UUID) -> None:
    register_carrier(connection, TRUCK, "BE 8121 CU", "truck", "9520001001017")
    bind(connection, device_id, TRUCK, NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    fast = [at(device_id, hours * 3600, speed_kmh=251.0) for hours in (0.5, 1, 1.5, 2, 2.5)]
    too_fast = Outcome("set_apart", "too_fast")
    assert ingest(connection, fast, now=NOW) == [RECORDED, RECORDED, too_fast, too_fast, RECORDED]
    assert ingest(connection, [at(device_id, 5000, speed_kmh=250.0)], now=NOW) == [RECORDED]


def test_months_get_their_partition_before_the_first_fix(connection: Connection, device_id: UUID) -> None:
    fixes = [at(device_id, 86_400 * days) for days in (0, 20, 51, 390)]
    ingest(connection, fixes, now=NOW)
    found = rows(connection, "SELECT DISTINCT tableoid::regclass::text AS name FROM position ORDER BY 1")
    assert [row["name"] for row in found] == [
        "position_202510",
        "position_202609",
        "position_202610",
        "position_202611",
    ]


def test_month_that_lies_in_the_rest_already_stays_there(connection: Connection, device_id: UUID) -> None:
    lon, lat = PANJANG
    run(
        connection,
        "INSERT INTO position (device_id, recorded_at, received_at, location)"
        " VALUES (%s, %s, %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
        (device_id, NOW, NOW, lon, lat),
    )
    assert ingest(connection, [at(device_id), at(device_id, 5)], now=NOW) == [REPEATED, RECORDED]
    assert rows(connection, "SELECT DISTINCT tableoid::regclass::text AS name FROM position") == [
        {"name": "position_rest"}
    ]


def test_month_is_that_of_utc_whatever_zone_was_told(connection: Connection, device_id: UUID) -> None:
    jakarta = datetime.fromisoformat("2026-11-01T03:00:00+07:00")  # still October in UTC
    ingest(connection, [at(device_id, recorded_at=jakarta)], now=NOW)
    assert one(connection, "SELECT tableoid::regclass::text AS name FROM position") == {"name": "position_202610"}


fix_numbers = st.integers(0, 23)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.lists(st.tuples(st.booleans(), fix_numbers), max_size=12), min_size=1, max_size=6))
def test_order_doubling_and_cutting_into_lists_change_nothing(
    connection: Connection, device_id: UUID, told: list[list[tuple[bool, int]]]
) -> None:
    """What lies in the tables is the set of what was told, and each fix is recorded exactly once."""

    def fix(number: int, absurd: bool) -> Fix:
        # Over four months; a moment has one place.
        made = at(device_id, number * 400_000, lon=105 + number / 100, speed_kmh=float(number))
        return msgspec.structs.replace(made, lon=200.0) if absurd else made

    with connection.transaction(force_rollback=True):
        outcomes = [
            pair
            for batch in told
            for pair in zip(batch, ingest(connection, [fix(n, a) for a, n in batch], now=NOW), strict=True)
        ]
        both = {pair for batch in told for pair in batch}
        plausible = sorted({number for absurd, number in both if not absurd}, reverse=True)
        expected = [fix(number, False) for number in plausible]
        assert [(row["recorded_at"], row["lon"], row["speed_kmh"]) for row in stored(connection)] == [
            (fix.recorded_at, fix.lon, fix.speed_kmh) for fix in expected
        ]
        assert len(apart(connection)) == len({number for absurd, number in both if absurd})
        for number in plausible:
            of_one = [outcome for pair, outcome in outcomes if pair == (False, number)]
            assert of_one == [RECORDED] + [REPEATED] * (len(of_one) - 1)


def test_two_clients_with_the_same_backlog_record_it_once_between_them(database: DatabaseUrls) -> None:
    """Opposite order, one new month: neither dies of a deadlock, and every fix is one row."""
    with psycopg.connect(database.app, options="-c timezone=UTC") as connection:
        device_id = enrol(connection)
    fixes = [at(device_id, seconds) for seconds in range(300)]
    found: dict[bool, list[Outcome]] = {}
    start = threading.Barrier(2)

    def tell(backwards: bool) -> None:
        with psycopg.connect(database.app, options="-c timezone=UTC") as connection:
            start.wait()
            found[backwards] = ingest(connection, fixes[::-1] if backwards else fixes, now=NOW)

    threads = [threading.Thread(target=tell, args=(backwards,)) for backwards in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one_recorded = {(RECORDED, REPEATED), (REPEATED, RECORDED)}
    assert set(zip(found[False], found[True][::-1], strict=True)) <= one_recorded
    with psycopg.connect(database.app, options="-c timezone=UTC") as connection:
        assert len(stored(connection)) == 300


def test_real_trace_goes_in_and_comes_out_equal(connection: Connection, device_id: UUID) -> None:
    """A car's way recorded by a handheld receiver, moved in time to the day of this test and told backwards."""
    folder = Path(os.environ.get("LUMBUNG_DATA_FILES") or Path(__file__).parents[2] / ".." / "shared" / "data")
    trace = folder / "traces" / "car_visnjan.gpx"
    if not trace.is_file():
        pytest.skip("the real traces are not here (LUMBUNG_DATA_FILES names their folder)")
    gpx = "{http://www.topografix.com/GPX/1/1}"
    points = [
        (
            datetime.fromisoformat(point.findtext(f"{gpx}time") or ""),
            float(point.attrib["lon"]),
            float(point.attrib["lat"]),
        )
        for point in ET.fromstring(trace.read_bytes()).iter(f"{gpx}trkpt")  # noqa: S314 - a file of ours
    ]
    shift = NOW - max(moment for moment, _, _ in points)
    moved = [(moment + shift, lon, lat) for moment, lon, lat in points]
    fixes = [Fix(device_id, moment, lon, lat) for moment, lon, lat in moved]
    assert len(fixes) > 100
    assert set(ingest(connection, fixes[::-1], now=NOW)) == {RECORDED}
    assert [(row["recorded_at"], row["lon"], row["lat"]) for row in stored(connection)] == moved


def test_latest_is_the_last_fix_of_whichever_device_rides_on_the_carrier(connection: Connection) -> None:
    register_carrier(connection, TRUCK, "BE 8121 CU", "truck", "9520001001017")
    phone, tracker = enrol(connection), enrol(connection)
    bind(connection, phone, TRUCK, NOW - timedelta(hours=3), NOW - timedelta(hours=1))
    bind(connection, tracker, TRUCK, NOW - timedelta(hours=3))
    ingest(connection, [at(tracker, 7000, lon=105.0)], now=NOW)
    ingest(connection, [at(phone, 3700, lon=105.1), at(phone, 60, lon=105.2)], now=NOW)  # at last, no longer on it
    [truck] = positions.latest(connection, OFFICER, now=NOW)
    assert truck["lon"] == 105.1
    assert (truck["giai"], truck["name"], truck["kind"], truck["age_s"]) == (TRUCK, "BE 8121 CU", "truck", 3700.0)
    ingest(connection, [at(tracker, 120, lon=105.3, speed_kmh=61.0, heading_deg=90.0)], now=NOW)
    [truck] = positions.latest(connection, OFFICER, now=NOW)
    assert (truck["lon"], truck["speed_kmh"], truck["heading_deg"], truck["age_s"]) == (105.3, 61.0, 90.0, 120.0)


def test_who_sees_a_carrier_is_its_firm_and_the_authority(connection: Connection) -> None:
    firm = register_carrier(connection, TRUCK, "BE 8121 CU", "truck", "9520001001017")
    stranger = register_carrier(connection, VESSEL, "KM Rajabasa", "vessel", "9520001001024")
    for giai in (TRUCK, VESSEL):
        device_id = enrol(connection)
        bind(connection, device_id, giai, NOW - timedelta(hours=3))
        ingest(connection, [at(device_id, 60)], now=NOW)
    driver = replace(OFFICER, role="driver", party_id=firm)

    def seen(viewer: Viewer) -> list[str]:
        return [row["giai"] for row in positions.latest(connection, viewer, now=NOW)]

    assert seen(OFFICER) == [TRUCK, VESSEL]
    assert seen(driver) == [TRUCK]
    assert seen(replace(driver, party_id=stranger)) == [VESSEL]
    assert seen(replace(driver, party_id=None)) == []
    period = {"from_at": NOW - timedelta(hours=1), "to_at": NOW}
    assert positions.track(connection, driver, TRUCK, **period)["properties"]["name"] == "BE 8121 CU"
    for named in (VESSEL, "KM Rajabasa", "BE 1 XX"):
        with pytest.raises(NotFound):
            positions.track(connection, driver, named, **period)


def test_track_is_a_line_in_order_of_time_within_the_period(connection: Connection, device_id: UUID) -> None:
    register_carrier(connection, TRUCK, "BE 8121 CU", "truck", "9520001001017")
    bind(connection, device_id, TRUCK, NOW - timedelta(hours=3))
    ingest(
        connection,
        [at(device_id, s, lon=105 + s / 10_000, speed_kmh=9.0) for s in (10, 400, 300, 7200, 11_000)],
        now=NOW,
    )

    def track(named: str, hours: float) -> dict[str, Any]:
        return positions.track(connection, OFFICER, named, from_at=NOW - timedelta(hours=hours), to_at=NOW)

    for named in (TRUCK, f"https://id.gs1.org/8004/{TRUCK}", "be 8121 cu"):
        told = track(named, 1)
        assert told["geometry"] == {
            "type": "LineString",
            "coordinates": [[105.04, PANJANG[1]], [105.03, PANJANG[1]], [105.001, PANJANG[1]]],
        }
        assert told["properties"]["times"] == [NOW - timedelta(seconds=s) for s in (400, 300, 10)]
    # A fix is of the carrier only while the device was bound to it.
    assert len(track(TRUCK, 9)["geometry"]["coordinates"]) == 4
    assert track(TRUCK, 0.01)["geometry"] is None
    with pytest.raises(Invalid):
        track(TRUCK, 0)


def test_partitions_of_the_application_are_its_owners(connection: Connection) -> None:
    """The application's role makes a month through the function alone, and only once."""
    for _ in range(2):
        row = one(connection, "SELECT make_position_partition(%s) AS name", (date(2026, 12, 5),))
        assert row == {"name": "position_202612"}
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        run(connection, sql.SQL("DROP TABLE position_202612").as_string(connection))
