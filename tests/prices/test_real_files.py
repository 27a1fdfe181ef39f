"""The real files, counted to the row. They are not in the repository: these tests skip where they are absent."""

from datetime import date
from pathlib import Path

import pytest

from prices.importers import Reading, judge, read

TODAY = date(2026, 11, 21)


def reading_of(folder: Path, name: str) -> Reading:
    return judge(read((folder / "prices" / name).read_bytes(), file_name=name, today=TODAY))


COUNTS = {
    # name: layout, series, observed, carried forward, suspicious, blank, refused
    "bapanas_national_monthly_2021_2025.csv": ("bapanas_monthly", 25, 1078, 0, 0, 16, 0),
    "graded_daily_lampung_dki_2022_2024.csv": ("province_daily", 8, 7736, 0, 0, 296, 0),
    "infopangan_jakarta_daily_2018.csv": ("jakarta_open_data", 39, 9051, 0, 9, 0, 0),
    "infopangan_jakarta_daily_2026.csv": ("info_pangan", 51, 6741, 0, 8, 0, 0),
    "pihps_daily_lampung_dki.csv": ("province_daily", 20, 28970, 6740, 0, 0, 0),
    "pihps_graded_lampung_dki_2026_02.csv": ("pihps_graded", 42, 882, 0, 0, 0, 0),
    "raw_pihps_lampung_2018_2025.csv": ("pihps_scrape", 13, 22223, 0, 1, 924, 0),
    "wfp_markets_idn.csv": ("wfp_markets", 0, 0, 0, 0, 0, 224),
    "wfp_national_monthly_2007_2019.csv": ("wfp_prices", 11, 1633, 0, 0, 0, 0),
}
ROWS = {
    "bapanas_national_monthly_2021_2025.csv": 1094,
    "graded_daily_lampung_dki_2022_2024.csv": 8032,
    "infopangan_jakarta_daily_2018.csv": 9060,
    "infopangan_jakarta_daily_2026.csv": 6749,
    "pihps_daily_lampung_dki.csv": 35710,
    "pihps_graded_lampung_dki_2026_02.csv": 882,
    "raw_pihps_lampung_2018_2025.csv": 23148,
    "wfp_markets_idn.csv": 224,
    "wfp_national_monthly_2007_2019.csv": 1633,
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_real_file_is_read_to_the_row(data_files: Path, name: str) -> None:
    reading = reading_of(data_files, name)
    layout, series, observed, carried, suspicious, blank, refused = COUNTS[name]
    assert (reading.layout, len(reading.series), reading.rows_read) == (layout, series, ROWS[name])
    assert reading.counts == {
        "observed": observed,
        "carried_forward": carried,
        "imputed": 0,
        "suspicious": suspicious,
        "blank": blank,
        "repeated": 0,
        "refused": refused,
    }
    assert sum(reading.counts.values()) == reading.rows_read


def test_the_absurd_values_of_the_real_files_are_found(data_files: Path) -> None:
    found = {
        (name, remark.line)
        for name in ("infopangan_jakarta_daily_2018.csv", "infopangan_jakarta_daily_2026.csv")
        for remark in reading_of(data_files, name).remarks
    }
    assert ("infopangan_jakarta_daily_2026.csv", 1280) in found  # rice at 7,001
    assert ("infopangan_jakarta_daily_2026.csv", 3004) in found  # salt at 3,288,250
    assert ("infopangan_jakarta_daily_2026.csv", 5804) in found  # milk powder at 1
    assert {("infopangan_jakarta_daily_2018.csv", line) for line in (2445, 2446)} <= found  # beef at 320,660, twice


def test_the_scrape_and_the_joined_table_of_pihps_agree_wherever_both_have_a_value(data_files: Path) -> None:
    joined = {(o.series, o.on): o.price_idr for o in reading_of(data_files, "pihps_daily_lampung_dki.csv").observations}
    scraped = reading_of(data_files, "raw_pihps_lampung_2018_2025.csv").observations
    both = [(o.price_idr, joined[o.series, o.on]) for o in scraped if (o.series, o.on) in joined]
    assert len(both) == 14816
    assert all(one == other for one, other in both)
