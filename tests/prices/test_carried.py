"""The figures that come with the project: whole, sourced, and taken in without a refusal."""

import csv
from datetime import date

from sqlmodel import Session

from prices import alerts, carried
from prices.importers import read
from prices.observations import all_series
from prices.overview import board
from prices.reference_files import read_references
from prices.references import reference_for
from tests.prices.conftest import NOW


def test_the_carried_prices_hold_no_row_that_is_refused() -> None:
    for name in carried.PRICE_FILES:
        reading = read((carried.FOLDER / name).read_bytes(), file_name=name, today=NOW.date())
        assert reading.counts["refused"] == 0
        assert reading.rows_read == reading.counts["observed"]


def test_every_carried_official_price_names_its_decree_and_where_it_was_read() -> None:
    reading = read_references((carried.FOLDER / "reference_prices.csv").read_bytes())
    assert reading.remarks == []
    assert len(reading.references) == 32
    assert all(r.decree and r.source.startswith("http") and r.verification for r in reading.references)


def test_loading_them_twice_changes_nothing_and_fills_the_board(session: Session) -> None:
    assert carried.load(session, now=NOW) > 1500
    raised = alerts.listed(session)
    assert carried.load(session, now=NOW) == 0
    assert alerts.listed(session) == raised
    assert {a.state for a in raised} == {"ended", "suspended"}  # all of it is long past
    areas = {entry.area for entry in board(session)}
    assert areas >= {"Lampung", "DKI Jakarta", "Indonesia"}
    bananas = [entry for entry in board(session) if entry.commodity == "banana"]
    assert bananas
    assert all(entry.series is None for entry in bananas)
    assert {s.unit for s in all_series(session)} == {"kg"}
    found = reference_for(session, "rice", "medium", "retail", "DKI Jakarta", date(2026, 5, 30))
    assert found is not None
    assert found.price_idr == 13500


def test_lebaran_dates_are_one_a_year_and_say_which_are_estimated() -> None:
    rows = list(csv.DictReader((carried.FOLDER / "lebaran.csv").read_text().splitlines()))
    assert [int(row["year"]) for row in rows] == list(range(2007, 2028))
    assert [row["year"] for row in rows if row["status"] == "estimated"] == ["2027"]
