"""Keys whose check digits were worked out by hand, or stand in GS1's own documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from tracking.gs1 import keys

DIGIT_TEXTS = st.text("0123456789", min_size=1, max_size=40)
PREFIXES = st.text("0123456789", min_size=4, max_size=12)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("629104150021", "3"),  # GS1's worked example: 3×13 + 18 = 57, three short of 60
        ("37610425002123456", "9"),  # GS1's worked example of an 18-digit key: 101, nine short of 110
        ("9638507", "4"),
        ("0000000", "0"),
        ("952123400001", "3"),  # 3×(1+0+0+3+1+5) + (0+0+4+2+2+9) = 47, three short of 50
    ],
)
def test_check_digit_is_as_worked_out_by_hand(digits: str, expected: str) -> None:
    assert keys.check_digit(digits) == expected


@given(DIGIT_TEXTS, st.data())
def test_any_single_wrong_digit_is_caught(digits: str, data: st.DataObject) -> None:
    whole = digits + keys.check_digit(digits)
    place = data.draw(st.integers(0, len(whole) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != whole[place]]))
    assert keys.has_check_digit(whole)
    assert not keys.has_check_digit(whole[:place] + wrong + whole[place + 1 :])


@pytest.mark.parametrize("text", ["", "12a", "٣٤٥", "1" * 41, "²"])
def test_check_digit_refuses_what_is_not_digits(text: str) -> None:
    with pytest.raises(keys.Gs1KeyError) as caught:
        keys.check_digit(text)
    assert isinstance(caught.value, Invalid)
    assert isinstance(caught.value, ValueError)
    assert caught.value.facts["value"] == text


def test_check_pair_of_the_general_specifications_example() -> None:
    assert keys.check_pair("1987654Ad4X4bL5ttr2310c") == "2K"
    assert keys.is_valid_key("gmn", "1987654Ad4X4bL5ttr2310c2K")
    assert not keys.is_valid_key("gmn", "1987654Ad4X4bL5ttr2310c2J")


@given(st.text(keys.CSET_82, min_size=1, max_size=23), st.data())
def test_any_single_wrong_character_breaks_the_pair(characters: str, data: st.DataObject) -> None:
    whole = characters + keys.check_pair(characters)
    place = data.draw(st.integers(0, len(characters) - 1))
    wrong = data.draw(st.sampled_from([c for c in keys.CSET_82 if c != characters[place]]))
    assert keys.has_check_pair(whole)
    assert not keys.has_check_pair(characters[:place] + wrong + whole[place + 1 :])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("gtin", "96385074"),
        ("gtin-8", "96385074"),
        ("gtin-12", "614141000036"),
        ("gtin-13", "6291041500213"),
        ("gtin-14", "09521234000013"),
        ("sscc", "376104250021234569"),
        ("gln", "9521234000013"),
        ("gsin", "95212340000000013"),
        ("gsrn", "395212340000000014"),
        ("gdti", "9521234000013"),
        ("gdti", "9521234000013DOC/7"),
        ("gcn", "9521234000013123456789012"),
        ("grai", "09521234000013"),
        ("grai", "09521234000013CRATE-17"),
        ("giai", "952123400TRUCK-1"),
        ("ginc", "952123400XYZ"),
        ("cpid", "952123400A-#/1"),
    ],
)
def test_valid_key_is_recognised(kind: str, value: str) -> None:
    assert keys.is_valid_key(kind, value)
    assert keys.require_key(kind, value) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("gtin", "96385075"),
        ("gtin", "963850740"),
        ("gtin-14", "96385074"),
        ("sscc", "376104250021234560"),
        ("sscc", "37610425002123456"),
        ("gln", "952123400001٣"),
        ("gdti", "9521234000013" + "A" * 18),
        ("gdti", "952123400001"),
        ("gcn", "9521234000013A"),
        ("grai", "19521234000013"),
        ("grai", ""),
        ("giai", "95A"),
        ("giai", "952123400" + "1" * 22),
        ("giai", "952123400 1"),
        ("cpid", "952123400a"),
    ],
)
def test_invalid_key_is_refused(kind: str, value: str) -> None:
    assert not keys.is_valid_key(kind, value)
    with pytest.raises(keys.Gs1KeyError):
        keys.require_key(kind, value)


def test_unknown_kind_of_key_is_an_error_of_its_own() -> None:
    with pytest.raises(keys.Gs1KeyError, match="no such kind"):
        keys.is_valid_key("isbn", "9780306406157")


def test_keys_are_built_from_their_parts() -> None:
    assert keys.sscc(3, "952123400", 1) == "395212340000000014"
    assert keys.gln("952123400", 1) == "9521234000013"
    assert keys.gtin("952123400", 1) == "09521234000013"
    assert keys.gtin("952123400", 1, indicator=1) == "19521234000010"
    assert keys.gsin("952123400", 1) == "95212340000000013"
    assert keys.grai("952123400", 1, "CRATE1") == "09521234000013CRATE1"
    assert keys.giai("952123400", "BE1234XY") == "952123400BE1234XY"
    assert keys.gtin14("96385074") == "00000096385074"


@given(st.integers(0, 9), PREFIXES, st.data())
def test_every_built_sscc_is_valid_and_keeps_its_parts(extension_digit: int, prefix: str, data: st.DataObject) -> None:
    serial = data.draw(st.integers(0, 10 ** (16 - len(prefix)) - 1))
    built = keys.sscc(extension_digit, prefix, serial)
    assert keys.is_valid_key("sscc", built)
    assert built[0] == str(extension_digit)
    assert built[1 : 1 + len(prefix)] == prefix
    assert int(built[1 + len(prefix) : -1]) == serial


@pytest.mark.parametrize(
    "build",
    [
        lambda: keys.sscc(10, "952123400", 1),
        lambda: keys.sscc(3, "952123400", 10**7),  # eight digits where seven fit
        lambda: keys.sscc(3, "952123400", -1),
        lambda: keys.sscc(3, "952123400", "1"),  # text is a spelling, and this one is too short
        lambda: keys.sscc(3, "95212340A", 1),
        lambda: keys.gln("952", 1),
        lambda: keys.gln("952123400", 1000),
        lambda: keys.gtin("952123400", 1, indicator=10),
        lambda: keys.gtin14("96385075"),
        lambda: keys.grai("952123400", 1, "crate 1"),
        lambda: keys.giai("952123400", ""),
        lambda: keys.giai("952123400", "X" * 22),
    ],
)
def test_parts_that_make_no_key_are_refused(build) -> None:
    with pytest.raises(keys.Gs1KeyError):
        build()


def test_tail_of_an_sscc_is_what_people_read_aloud() -> None:
    assert keys.tail("376104250021234569") == "3456 9"
    with pytest.raises(keys.Gs1KeyError):
        keys.tail("376104250021234560")
