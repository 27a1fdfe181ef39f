"""Price files: every row taken, marked, blank, repeated or refused with its line and reason."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prices import layouts, rows
from prices.importers import Reading, SeriesKey, judge, read
from prices.rows import UnreadableFile
from tests.prices.conftest import GOLDEN

TODAY = date(2026, 11, 21)
PROVINCE_HEADER = "date,province,commodity,price_idr_kg\n"


def reading_of(name: str, area: str | None = None) -> Reading:
    return judge(read((GOLDEN / name).read_bytes(), file_name=name, area=area, today=TODAY))


def read_text(text: str, **options: str) -> Reading:
    return judge(read(text.encode(), today=TODAY, **options))


def kinds(reading: Reading) -> dict[int, str]:
    return {observation.line: observation.kind for observation in reading.observations}


def reasons(reading: Reading, kind: str = "refused") -> dict[int, str]:
    return {remark.line: remark.reason for remark in reading.remarks if remark.kind == kind}


def test_every_trap_of_a_province_file_is_told_by_line_and_reason() -> None:
    reading = reading_of("traps_province_daily.csv")
    assert reasons(reading) == {
        11: "line 9 already gives 14600 for that day",
        13: "the price is zero",
        14: "the price is negative",
        15: "the price is not a number",
        16: "there is no such date",
        17: "the date lies in the future",
        18: "the province is missing",
        19: "the commodity is missing",
        22: "a quotation mark is not closed",
        23: "6 columns where the header names 5",
        24: "the header once more",
        27: "2 of 5 columns: the file is cut off",
    }
    assert kinds(reading) == {
        **dict.fromkeys((2, 3, 4, 6, 9, 25, 26), "observed"),
        7: "carried_forward",
        8: "carried_forward",
        12: "suspicious",
    }
    assert reading.rows_read == 26
    assert reading.counts == {
        "observed": 7,
        "carried_forward": 2,
        "imputed": 0,
        "suspicious": 1,
        "blank": 3,
        "repeated": 1,
        "refused": 12,
    }
    assert reading.notices == [
        "columns that were not read: petugas",
        "the last line has no end: the file may be cut off",
    ]
    assert {key.area for key in reading.series} == {"Jawa Barat"}


def test_a_doubly_quoted_scrape_is_unwrapped_and_its_province_read_from_the_file_name() -> None:
    reading = reading_of("scrape_sumatera_selatan.csv")
    rice = SeriesKey(layouts.PIHPS, "Sumatera Selatan", "", "Beras", "retail", "daily")
    found = {(o.series, o.on): o.price_idr for o in reading.observations}
    assert found[rice, date(2018, 1, 2)] == Decimal(12000)
    assert found[rice, date(2018, 1, 3)] == Decimal(12050)
    assert reading.counts["blank"] == 1
    assert reasons(reading) == {7: "2 of 3 columns"}


def test_the_order_of_day_and_month_is_found_in_the_whole_column() -> None:
    assert [o.on for o in reading_of("scrape_month_first.csv", "Lampung").observations] == [
        date(2018, 1, 2),
        date(2018, 1, 31),
    ]
    mixed = reading_of("scrape_mixed_orders.csv", "Lampung")
    assert [o.on for o in mixed.observations] == [date(2018, 2, 13), date(2018, 2, 14), date(2018, 5, 5)]
    assert "told apart" in reasons(mixed)[4]


def test_prices_from_nowhere_are_kept_apart_by_file_and_never_mixed_with_a_province() -> None:
    reading = reading_of("scrape_month_first.csv")
    assert {key.area for key in reading.series} == {"tidak disebut (scrape_month_first.csv)"}
    assert reading.notices == ["no column, option or file name says where these prices are from"]
    assert {key.area for key in reading_of("scrape_month_first.csv", "jakarta").series} == {"DKI Jakarta"}


def test_semicolons_decimal_commas_and_an_old_encoding_are_read() -> None:
    reading = reading_of("open_data_semicolons_cp1252.csv")
    prices = {(o.series.name, o.on): o.price_idr for o in reading.observations}
    assert prices["Beras Medium", date(2018, 1, 2)] == Decimal("10863.50")
    assert prices["Beras Medium", date(2018, 1, 3)] == Decimal(10900)
    assert prices["Kopi “Robusta” – bubuk", date(2018, 1, 3)] == Decimal(15000)
    assert reasons(reading, "suspicious") == {6: "per 251 gr, where the series is per 250 gr"}


def test_wfp_rows_know_their_market_and_refuse_other_currencies() -> None:
    reading = reading_of("wfp_markets_and_nation.csv")
    assert {(key.area, key.market) for key in reading.series} == {("Indonesia", ""), ("Lampung", "Pasar Tugu")}
    assert [o.price_idr for o in reading.observations] == [Decimal("5941.98"), Decimal("10500.12")]
    assert reasons(reading) == {4: "the currency is USD, not IDR", 5: "there is no such date"}


def test_absurd_values_are_kept_apart_and_a_new_level_is_believed_on_its_third_day() -> None:
    reading = reading_of("info_pangan_absurd.csv")
    assert sorted(reasons(reading, "suspicious")) == [6, 9, 10, 14, 15, 19]
    assert kinds(reading)[16] == "observed"
    assert reasons(reading, "suspicious")[6] == "0.47 times the median of its neighbours (15025)"


def test_the_file_name_decides_nothing_about_the_layout() -> None:
    content = (GOLDEN / "info_pangan_absurd.csv").read_bytes()
    assert read(content, file_name="pihps_daily_lampung.csv", today=TODAY).layout == "info_pangan"


def test_columns_in_another_order_and_case_are_the_same_layout() -> None:
    reading = read_text("Price_IDR_Kg;COMMODITY;Date;Province\n12.000;Beras Medium;2024-01-02;Banten\n")
    assert reading.layout == "province_daily"
    assert [(o.series.area, o.price_idr) for o in reading.observations] == [("Banten", Decimal(12000))]


def test_the_two_publishers_of_the_province_layout_are_told_apart() -> None:
    row = "2024-01-06,Banten,{},12000\n"
    pihps = read_text(PROVINCE_HEADER + row.format("Beras") + row.format("Gula Pasir"))
    assert {key.source for key in pihps.series} == {layouts.PIHPS}
    assert {o.kind for o in pihps.observations} == {"carried_forward"}  # a Saturday
    panel = read_text(PROVINCE_HEADER + row.format("Beras Medium") + row.format("Gula Pasir"))
    assert {key.source for key in panel.series} == {layouts.UNNAMED_PANEL}
    assert {o.kind for o in panel.observations} == {"observed"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n\r\n", "empty"),
        (b"PK\x03\x04 and so on", "workbook"),
        (bytes(range(256)) * 40, "not text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "not text"),
        (b"a,b,c\n1,2,3\n", "no known layout"),
        (b"date,province,commodity,price_idr_kg,date\n", "same name"),
        (b'date,province,commodity,"price_idr_kg\n', "quotation mark|no known layout"),
    ],
)
def test_what_is_no_price_file_is_refused_whole(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read(content, today=TODAY)


def test_a_file_over_the_limit_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "LARGEST_BYTES", 100)
    with pytest.raises(UnreadableFile, match="larger than"):
        read((PROVINCE_HEADER + "2024-01-02,Banten,Beras,12000\n" * 10).encode(), today=TODAY)
    monkeypatch.setattr(rows, "LARGEST_BYTES", 10_000)
    monkeypatch.setattr(rows, "LARGEST_ROWS", 3)
    with pytest.raises(UnreadableFile, match="more than 3 lines"):
        read((PROVINCE_HEADER + "2024-01-02,Banten,Beras,12000\n" * 10).encode(), today=TODAY)


def test_a_header_alone_is_a_file_without_rows() -> None:
    assert read_text(PROVINCE_HEADER).rows_read == 0


def test_sixteen_bit_text_is_read() -> None:
    content = (PROVINCE_HEADER + "2024-01-02,Banten,Beras,12000\n").encode("utf-16")
    assert len(read(content, today=TODAY).observations) == 1


LINES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["2024-01-02", "2024-01-03", "2024-01-06", "2024-13-01", ""]),
            st.sampled_from(["Lampung", "DKI Jakarta", ""]),
            st.sampled_from(["Beras", "Telur Ayam", ""]),
            st.sampled_from(["12000", '"12,000"', "-", "", "0", "x", "99000"]),
        ).map(",".join),
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40),
    ),
    max_size=30,
)


@given(LINES)
def test_no_row_is_ever_lost(lines: list[str]) -> None:
    reading = read_text(PROVINCE_HEADER + "\n".join([*lines, ""]))
    assert reading.rows_read == len(lines)
    assert sum(reading.counts.values()) == reading.rows_read
    spoken_for = {o.line for o in reading.observations} | set(reasons(reading))
    assert len(spoken_for) == reading.rows_read - reading.blank - reading.repeated
    assert spoken_for <= set(range(2, len(lines) + 2))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_to_the_row_or_refused_whole(content: bytes) -> None:
    for start in (b"", PROVINCE_HEADER.encode(), b"time,harga,commodity_id,nama_komoditas,unit\n"):
        with suppress(UnreadableFile):
            reading = read(start + content, today=TODAY)
            assert sum(reading.counts.values()) == reading.rows_read
