"""Figures and times as people read them; every answer here was written by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pages import words

N = "\u00a0"


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        (12500, "Rp12.500", "Rp12,500"),
        (Decimal("12710.50"), "Rp12.711", "Rp12,711"),
        (0, "Rp0", "Rp0"),
        (-40, "−Rp40", "−Rp40"),
        (Decimal("-0.4"), "Rp0", "Rp0"),
        (1_284_000_000, "Rp1.284.000.000", "Rp1,284,000,000"),
        (None, "–", "–"),
    ],
)
def test_money_is_in_whole_rupiah(value: Decimal | None, indonesian: str, english: str) -> None:
    assert words.rupiah(value) == indonesian
    assert words.rupiah(value, "en") == english


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        (Decimal("1250.000"), f"1.250{N}kg", f"1,250{N}kg"),
        (Decimal("0.750"), f"0,75{N}kg", f"0.75{N}kg"),
        (Decimal("1E+3"), f"1.000{N}kg", f"1,000{N}kg"),
        (0.1, f"0,1{N}kg", f"0.1{N}kg"),
        (None, "–", "–"),
    ],
)
def test_weight_keeps_what_was_weighed_and_drops_trailing_zeros(
    value: Decimal | float | None, indonesian: str, english: str
) -> None:
    assert words.kg(value) == indonesian
    assert words.kg(value, "en") == english


def test_a_share_becomes_per_cent_and_a_change_shows_its_sign() -> None:
    assert words.percent(Decimal("0.006")) == f"0,6{N}%"
    assert words.percent(0.131, "en") == f"13.1{N}%"
    assert words.percent(1) == f"100,0{N}%"
    assert words.percent(0.049, sign=True) == f"+4,9{N}%"
    assert words.percent(-0.024, sign=True) == f"−2,4{N}%"
    assert words.percent(0, sign=True) == f"0,0{N}%"
    assert words.percent(0.62, decimals=0) == f"62{N}%"


def test_tonnes_and_degrees() -> None:
    assert words.tonnes(1_284_499) == f"1.284{N}t"
    assert words.tonnes(41_100, decimals=1) == f"41,1{N}t"
    assert words.celsius(Decimal("-18.6")) == f"−18,6{N}°C"
    assert words.celsius(27.4, "en") == f"27.4{N}°C"


def test_an_instant_is_shown_in_wib() -> None:
    at = datetime(2026, 11, 21, 9, 40, 5, tzinfo=UTC)
    assert words.wib_time(at) == f"16.40{N}WIB"
    assert words.wib_time(at, "en") == f"16:40{N}WIB"
    assert words.wib_time(at, zone=False, seconds=True) == "16.40.05"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        words.wib_time(datetime(2026, 11, 21, 9, 40))  # noqa: DTZ001


def test_an_evening_in_utc_is_already_tomorrow_in_wib() -> None:
    at = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    assert words.date_id(at) == "21 Nov 2026"
    assert words.date_id(at, long=True, weekday=True) == "Sabtu, 21 November 2026"
    assert words.date_id(at, "en", long=True, weekday=True) == "Saturday, 21 November 2026"


@pytest.mark.parametrize(
    ("day", "indonesian", "english"),
    [
        (date(2026, 12, 2), "2 Des 2026", "2 Dec 2026"),
        (date(2025, 8, 22), "22 Agu 2025", "22 Aug 2025"),
        (date(2023, 9, 1), "1 Sep 2023", "1 Sep 2023"),
        (date(2023, 10, 16), "16 Okt 2023", "16 Oct 2023"),
        (date(2023, 5, 5), "5 Mei 2023", "5 May 2023"),
    ],
)
def test_months_in_both_languages(day: date, indonesian: str, english: str) -> None:
    assert words.date_id(day) == indonesian
    assert words.date_id(day, "en") == english


def test_spans_of_days() -> None:
    assert words.date_span(date(2026, 11, 2), date(2026, 11, 5)) == "2–5 Nov"
    assert words.date_span(date(2026, 10, 30), date(2026, 11, 2)) == "30 Okt–2 Nov"
    assert words.date_span(date(2026, 11, 9), date(2026, 11, 9), year=True) == "9 Nov 2026"
    assert words.date_span(date(2026, 12, 30), date(2027, 1, 2), year=True) == "30 Des 2026–2 Jan 2027"
    assert words.date_span(None, date(2026, 11, 9)) == "9 Nov"


@pytest.mark.parametrize(
    ("span", "indonesian", "english"),
    [
        (timedelta(hours=2, minutes=3), f"2{N}j{N}03{N}m", f"2{N}h{N}03{N}m"),
        (2460, f"41{N}m", f"41{N}m"),
        (3599, f"59{N}m", f"59{N}m"),
        (40, f"40{N}dtk", f"40{N}s"),
        (timedelta(days=3, hours=4, minutes=59), f"3{N}hari{N}4{N}j", f"3{N}d{N}4{N}h"),
        (timedelta(days=2), f"2{N}hari", f"2{N}d"),
        (-300, f"−5{N}m", f"−5{N}m"),
        (None, "–", "–"),
    ],
)
def test_durations(span: timedelta | int | None, indonesian: str, english: str) -> None:
    assert words.duration(span) == indonesian
    assert words.duration(span, "en") == english


def test_days_ago_counts_calendar_days_in_wib() -> None:
    noon = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
    # 23.30 WIB of the day before: half a day earlier, and yesterday
    assert words.days_ago(datetime(2026, 11, 20, 16, 30, tzinfo=UTC), on=noon) == "kemarin"
    assert words.days_ago(date(2026, 11, 9), on=noon) == f"12{N}hari lalu"
    assert words.days_ago(date(2026, 11, 9), "en", on=noon) == f"12{N}days ago"
    assert words.days_ago(date(2026, 11, 21), on=noon) == "hari ini"
    assert words.days_ago(date(2026, 11, 24), on=noon) == f"3{N}hari lagi"
    assert words.days_ago(date(2026, 11, 24), "en", on=noon) == f"in 3{N}days"


def test_a_true_minus_replaces_a_hyphen_only_at_the_front() -> None:
    assert words.minus("-18,6") == "−18,6"
    assert words.minus("PSR-261") == "PSR-261"


def test_the_tail_is_the_last_four_digits_and_the_check_digit() -> None:
    assert words.tail("095200001000042179") == f"4217{N}9"
    assert words.sscc_text("095200001000042179") == "(00) 0 952000010 0004217 9"
    assert words.sscc_text("not a serial") == "not a serial"


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=3))
def test_a_number_can_be_read_back(value: Decimal) -> None:
    shown = words.number(value).replace(".", "").replace(",", ".").replace("−", "-")
    assert Decimal(shown) == value
