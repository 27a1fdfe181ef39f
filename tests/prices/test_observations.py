"""Files taken into the database: once, with history, whoever sends them how often."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session

from core.database import one, raw, rows
from prices.observations import ImportReport, all_series, import_file, known
from prices.rows import UnreadableFile
from tests.prices.conftest import GOLDEN, NOW

HEADER = "date,province,commodity,price_idr_kg\n"
DAY = timedelta(days=1)


def take(session: Session, text: str, *, now: datetime = NOW, dry_run: bool = False) -> ImportReport:
    return import_file(session, (HEADER + text).encode(), "harga.csv", now=now, dry_run=dry_run)


def lines(*prices: int, first: date = date(2026, 3, 2), name: str = "Beras Medium", area: str = "Lampung") -> str:
    return "".join(f"{first + n * DAY},{area},{name},{price}\n" for n, price in enumerate(prices))


def everything(session: Session) -> list[tuple[object, ...]]:
    """Every row of every table that an import writes."""
    tables = ("price_series", "price_observation", "price_import", "price_refusal")
    found = [rows(raw(session), f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]
    return [tuple(row.values()) for table in found for row in table]


def test_a_file_twice_changes_nothing(session: Session) -> None:
    content = (GOLDEN / "traps_province_daily.csv").read_bytes()
    first = import_file(session, content, "satu.csv", now=NOW)
    before = everything(session)
    second = import_file(session, content, "dua.csv", now=NOW + DAY)
    assert (first.new, first.corrected, first.unchanged) == (10, 0, 0)
    assert (second.new, second.corrected, second.unchanged) == (0, 0, 10)
    assert second.import_id is None
    assert everything(session) == before


def test_refused_and_suspicious_rows_are_kept_with_line_and_reason(session: Session) -> None:
    report = import_file(session, GOLDEN / "traps_province_daily.csv", now=NOW)
    kept = rows(
        raw(session),
        "SELECT line, kind, reason FROM price_refusal WHERE import_id = %s ORDER BY line",
        [report.import_id],
    )
    assert [(r["line"], r["kind"], r["reason"]) for r in kept] == [
        (remark.line, remark.kind, remark.reason) for remark in report.remarks
    ]
    assert sum(r["kind"] == "refused" for r in kept) == 12
    counts = one(raw(session), "SELECT counts, file_name, layout FROM price_import WHERE id = %s", [report.import_id])
    assert counts == {
        "counts": {"rows_read": 26, **report.counts},
        "file_name": "traps_province_daily.csv",
        "layout": "province_daily",
    }


def test_a_corrected_value_keeps_the_old_one_and_both_days_of_knowing(session: Session) -> None:
    take(session, lines(12000, 12050, 12100))
    report = take(session, lines(12000, 12075, 12100), now=NOW + DAY)
    assert (report.new, report.corrected, report.unchanged) == (0, 1, 2)
    (series,) = all_series(session)
    assert [v.price_idr for v in known(session, series.id)] == [12000, 12075, 12100]
    assert [v.price_idr for v in known(session, series.id, as_known_at=NOW)] == [12000, 12050, 12100]
    assert known(session, series.id, as_known_at=NOW - DAY) == []
    history = rows(
        raw(session),
        "SELECT price_idr, known_at, replaced_at FROM price_observation WHERE observed_on = '2026-03-03'"
        " ORDER BY known_at",
    )
    assert history == [
        {"price_idr": Decimal(12050), "known_at": NOW, "replaced_at": NOW + DAY},
        {"price_idr": Decimal(12075), "known_at": NOW + DAY, "replaced_at": None},
    ]


def test_corrections_of_one_instant_are_kept_in_order(session: Session) -> None:
    for price in (12000, 12100, 12200):
        take(session, lines(price))
    (series,) = all_series(session)
    assert [v.price_idr for v in known(session, series.id)] == [12200]
    assert len(rows(raw(session), "SELECT 1 FROM price_observation")) == 3


def test_a_dry_run_says_the_same_and_writes_nothing(session: Session) -> None:
    tried = take(session, lines(12000, 12050), dry_run=True)
    assert everything(session) == []
    done = take(session, lines(12000, 12050))
    assert (tried.counts, tried.new) == (done.counts, done.new)
    assert tried.import_id is None


def test_a_later_short_file_is_judged_by_what_is_known(session: Session) -> None:
    take(session, lines(12000, 12050, 12100))
    report = take(session, lines(121000, first=date(2026, 3, 5)), now=NOW + DAY)
    assert report.counts["suspicious"] == 1
    (series,) = all_series(session)
    assert (series.suspicious, series.observed_on, series.last_on) == (1, date(2026, 3, 4), date(2026, 3, 5))


def test_a_file_refused_whole_changes_nothing(session: Session) -> None:
    with pytest.raises(UnreadableFile):
        import_file(session, b"a,b\n1,2\n", "x.csv", now=NOW)
    assert everything(session) == []


def test_a_series_knows_its_span_age_and_imputed_share(session: Session) -> None:
    take(session, lines(12000, 12000, 12000, 12000, 12000, 12000, 12000, name="Beras"))  # Monday to Sunday
    (series,) = all_series(session)
    assert (series.grade, series.commodity) == ("mean_of_six", "rice")
    assert (series.first_on, series.last_on, series.observed_on) == (
        date(2026, 3, 2),
        date(2026, 3, 8),
        date(2026, 3, 6),
    )
    assert series.filled_share == pytest.approx(2 / 7)
    assert series.age_days(date(2026, 3, 13)) == 7
    assert not series.is_stale(date(2026, 3, 13))
    assert series.is_stale(date(2026, 3, 14))


def test_a_monthly_series_is_stale_two_months_after_its_month(session: Session) -> None:
    import_file(session, b"month,commodity,price_idr\n2026-01,Beras Medium,13500\n", "b.csv", now=NOW)
    (series,) = all_series(session)
    assert series.area == "Indonesia"
    assert not series.is_stale(date(2026, 4, 2))
    assert series.is_stale(date(2026, 4, 4))
