"""Official prices: dated, by zone, and only of the same grade."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import Session

from prices.areas import PROVINCES, canonical, named_in, zone_provinces
from prices.reference_files import read_references, written
from prices.references import import_references, reference_for
from prices.rows import UnreadableFile

COLLECTED = (
    "instrument,commodity,level,area,price_idr_kg,unit_condition,legal_basis,effective_from,effective_to,verification"
    ",source\n"
)


def collected(*lines: str) -> bytes:
    return (COLLECTED + "\n".join(lines) + "\n").encode()


RICE = (
    'HET,beras medium,eceran tertinggi,"Zona 1 (Jawa, Lampung)",13500,,Keputusan 299/2025,2025-08-22,,seen,press',
    "HET,beras medium,eceran tertinggi,Zona 1,12500,,Perbadan 5/2024,2024-06-05,2025-08-21,seen,same as above",
    "HET,beras premium,eceran tertinggi,Zona 1,14900,,Keputusan 299/2025,2025-08-22,,seen,same",
    "HET,beras medium,eceran tertinggi,Zona 2,14000,,Keputusan 299/2025,2025-08-22,,seen,other press",
)


def test_the_official_price_is_the_one_in_force_on_the_day_in_the_zone(session: Session) -> None:
    report = import_references(session, collected(*RICE), "het.csv")
    assert (report.rows_read, report.rows_taken, report.new) == (4, 4, 4)

    def price(grade: str | None, province: str, on: date) -> Decimal | None:
        found = reference_for(session, "rice", grade, "retail", province, on)
        return found.price_idr if found else None

    assert price("medium", "Lampung", date(2025, 8, 22)) == 13500
    assert price("medium", "DKI Jakarta", date(2025, 8, 21)) == 12500
    assert price("medium", "Riau", date(2025, 8, 22)) == 14000
    assert price("medium", "Lampung", date(2024, 6, 4)) is None
    assert price("premium", "jakarta", date(2026, 1, 1)) == 14900


def test_no_other_grade_level_or_nation_is_ever_compared(session: Session) -> None:
    import_references(session, collected(*RICE))
    on = date(2026, 1, 1)
    assert reference_for(session, "rice", "mean_of_six", "retail", "Lampung", on) is None
    assert reference_for(session, "rice", "medium i", "retail", "Lampung", on) is None
    assert reference_for(session, "rice", None, "retail", "Lampung", on) is None
    assert reference_for(session, "rice", "medium", "wholesale", "Lampung", on) is None
    assert reference_for(session, "rice", "medium", "retail", "Indonesia", on) is None


def test_a_file_of_references_twice_changes_nothing_and_a_correction_is_taken(session: Session) -> None:
    import_references(session, collected(*RICE))
    again = import_references(session, collected(*RICE))
    assert (again.new, again.changed) == (0, 0)
    corrected = import_references(session, collected(RICE[0].replace("13500", "13600")))
    assert (corrected.new, corrected.changed) == (0, 1)
    found = reference_for(session, "rice", "medium", "retail", "Lampung", date(2026, 1, 1))
    assert found is not None
    assert found.price_idr == 13600


def test_ranges_two_levels_and_sources_named_once_are_understood() -> None:
    reading = read_references(
        collected(
            "HAP,jagung,produsen / konsumen,nasional,4200 / 5000,,Perbadan 5/2022,2022-10-05,2024-04-24,seen,press",
            "HAP,ayam ras hidup,produsen,nasional,21000-23000,,Perbadan 5/2022,2022-10-05,2024-04-24,seen,same",
        )
    )
    assert [(r.level, r.price_idr, r.price_to_idr, r.source) for r in reading.references] == [
        ("producer", 4200, None, "press"),
        ("feed", 5000, None, "press"),
        ("producer", 21000, 23000, "press"),
    ]
    assert all(r.provinces == [] for r in reading.references)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("none,pisang,-,-,,,no price for bananas,,,from memory,", "not an official price: none"),
        ("HET,beras medium,eceran,Zona 4,13500,,Perbadan,2024-01-01,,,", "zone 4 is not known"),
        ("HET,beras medium,eceran,Atlantis,13500,,Perbadan,2024-01-01,,,", "not a province"),
        ("HET,beras medium,eceran,nasional,13500,,,2024-01-01,,,", "no decree"),
        ("HET,beras medium,eceran,nasional,gratis,,Perbadan,2024-01-01,,,", "not a number"),
        ("HET,beras medium,eceran,nasional,13500,,Perbadan,,,,", "date is missing"),
        ("HET,beras medium,eceran,nasional,13500,,Perbadan,2024-02-01,2024-01-01,,", "ends before"),
        ("HET,emas,eceran,nasional,13500,,Perbadan,2024-01-01,,,", "not among the goods"),
        ("HET,beras medium,bulan,nasional,13500,,Perbadan,2024-01-01,,,", "level 'bulan'"),
    ],
)
def test_what_is_no_official_price_is_refused_with_the_reason(line: str, reason: str) -> None:
    reading = read_references(collected(line))
    assert reading.references == []
    assert [(remark.line, reason in remark.reason) for remark in reading.remarks] == [(2, True)]


def test_our_own_layout_gives_back_what_was_written() -> None:
    references = read_references(collected(*RICE)).references
    assert read_references(written(references).encode()).references == references


def test_a_price_file_is_no_list_of_references() -> None:
    with pytest.raises(UnreadableFile, match="no list of reference prices"):
        read_references(b"date,province,commodity,price_idr_kg\n2024-01-01,Lampung,Beras,12000\n")


def test_provinces_are_known_by_their_usual_names() -> None:
    assert len(set(PROVINCES)) == 38
    assert [
        canonical(name) for name in ("LAMPUNG", "Prov. X", "dki", "Jakarta", "provinsi jawa barat", "nasional")
    ] == [
        "Lampung",
        "Prov. X",
        "DKI Jakarta",
        "DKI Jakarta",
        "Jawa Barat",
        "Indonesia",
    ]
    assert named_in("raw_pihps_lampung_2018_2025.csv") == "Lampung"
    assert named_in("pihps-papua-barat.csv") == "Papua Barat"
    assert named_in("pihps_daily_lampung_dki.csv") is None


def test_the_three_zones_share_out_every_province_once() -> None:
    zones = [zone_provinces(f"Zona {number}") for number in (1, 2, 3)]
    assert sorted(p for zone in zones for p in zone) == sorted(PROVINCES)
    assert zone_provinces("Jawa, Lampung, Sumsel")[-2:] == ["Lampung", "Sumatera Selatan"]


def test_the_collected_file_is_taken_in_but_for_two_rows(session: Session, data_files: Path) -> None:
    report = import_references(session, data_files / "reference" / "reference_prices.csv")
    assert (report.rows_read, report.rows_taken, report.references, report.new) == (35, 33, 34, 34)
    assert [remark.line for remark in report.remarks] == [35, 36]
