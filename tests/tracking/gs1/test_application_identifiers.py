"""Values of elements, one good and one bad for each rule, and AIs that belong together or do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.gs1.application_identifiers import (
    TABLE,
    ElementError,
    check_associations,
    check_value,
    is_path_sequence,
)
from tracking.gs1.element_checks import CHECKS
from tracking.gs1.element_strings import (
    check_elements,
    format_bracketed,
    format_element_string,
    parse_bracketed,
    parse_element_string,
)

# Prefix 952123 (length digit 0: six digits), offer 100000, save value 5, buy 2 of code 1 in family 100.
COUPON = "0952123" + "100000" + "15" + "12" + "1" + "100"


@pytest.mark.parametrize(
    ("ai", "right", "wrong"),
    [
        ("00", "376104250021234569", "376104250021234560"),
        ("01", "09521234000013", "9521234000013"),
        ("10", "LOT-42/7", "LOT 42"),
        ("10", "A" * 20, "A" * 21),
        ("11", "240229", "230229"),  # only 2024 has the day
        ("11", "240200", "241300"),  # day 00: not given
        ("20", "07", "7"),
        ("253", "9521234000013AB", "9521234000014AB"),
        ("255", "9521234000013" + "9" * 12, "9521234000013A"),
        ("3103", "001250", "1250"),
        ("3910", "360125000", "000125000"),  # 360: rupiah
        ("414", "9521234000013", "9521234000010"),
        ("421", "36035241", "99935241"),
        ("422", "360", "361"),
        ("423", "360702", "36070"),
        ("423", "360702458", "360702999"),
        ("4300", "PT%20Contoh", "PT%2"),
        ("4307", "ID", "id"),
        ("4309", "08474700001053000000", "18000000011053000000"),
        ("4321", "1", "2"),
        ("4324", "2411211530", "2411212460"),
        ("4326", "241121", "241100"),
        ("4330", "000250-", "000250+"),
        ("4330", "000250", "000250--"),
        ("7003", "2411211530", "2411212530"),
        ("7007", "241101241121", "24110124112"),
        ("7011", "2411211530", "24112115"),
        ("7030", "999ABC", "998ABC"),
        ("7040", "1ABz", "1AB%"),
        ("7041", "BG", "BQQ"),
        ("7241", "10", "11"),
        ("7250", "20000229", "19000229"),
        ("7252", "9", "3"),
        ("7258", "1/2", "2/1"),
        ("8001", "00100010020015", "00000010020015"),
        ("8003", "09521234000013X", "19521234000013X"),
        ("8004", "9521TRUCK", "TRUCK"),
        ("8006", "095212340000130102", "095212340000130302"),
        ("8007", "GB29NWBK60161331926819", "GB28NWBK60161331926819"),  # the IBAN of the standard's examples
        ("8008", "24112115", "24112124"),
        ("8008", "241121153059", "241121153060"),
        ("8010", "9521A-#/1", "9521a"),
        ("8011", "1", "01"),
        ("8013", "1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2J"),
        ("8014", "1987654Ad4X4bL5ttr2310c2K", "1987654"),
        ("8017", "395212340000000014", "395212340000000013"),
        ("8030", "aGVsbG8_", "aGVs=bG8"),
        ("8110", COUPON, COUPON[:-1]),
        ("8110", COUPON + "3260101", COUPON + "3261301"),
        ("8110", COUPON + "32601014251201", COUPON + "32601014260102"),  # expires before it starts
        ("8110", COUPON + "9" + "0100", COUPON + "9" + "3100"),
        ("8110", COUPON + "1" + "1" + "10" + "1" + "100" + "9", COUPON + "1" + "4" + "10" + "1" + "100" + "9"),
        ("8110", COUPON + "50123456", COUPON + "8"),
        ("8112", "001234561234560123456", "0012345612345601234567"),
    ],
)
def test_value_is_judged_by_the_rules_of_its_ai(ai: str, right: str, wrong: str) -> None:
    check_value(ai, right)
    with pytest.raises(ElementError) as caught:
        check_value(ai, wrong)
    assert caught.value.facts["ai"] == ai


def test_every_check_of_the_table_exists_and_every_check_is_used() -> None:
    assert {name for entry in TABLE.values() for part in entry.components for name in part.checks} == set(CHECKS)


@given(st.sampled_from(sorted(TABLE)), st.text(max_size=100))
def test_any_text_is_judged_without_another_error(ai: str, text: str) -> None:
    try:
        check_value(ai, text)
    except ElementError as error:
        assert error.facts["ai"] == ai  # noqa: PT017 - the other branch is as good


@given(st.sampled_from(["yymmdd", "yymmd0", "hhmi", "pieceoftotal", "iban", "couponcode", "couponposoffer"]), st.data())
def test_checks_take_any_digits_of_their_length(name: str, data: st.DataObject) -> None:
    length = {"yymmdd": 6, "yymmd0": 6, "hhmi": 4, "pieceoftotal": 4}.get(name)
    digits = data.draw(st.text("0123456789", min_size=length or 1, max_size=length or 70))
    assert isinstance(CHECKS[name](digits), str)


@pytest.mark.parametrize(
    "text",
    [
        "(01)09521234000013(10)A1",
        "(00)395212340000000014(02)09521234000013(37)25",
        "(01)09521234000013(21)A1(250)B2",
        "(8010)9521ABC(8011)12(90)SHELF",
        "(3103)001250(01)09521234000013",
    ],
)
def test_ais_that_belong_together_are_accepted(text: str) -> None:
    check_associations(parse_bracketed(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(10)A1", "needs"),
        ("(01)09521234000013(37)25", "exclude"),
        ("(01)09521234000013(3103)001250(3102)001250", "exclude"),
        ("(01)09521234000013(250)B2", "needs"),  # a secondary serial needs GTIN and serial
        ("(8017)395212340000000014(8018)395212340000000014", "exclude"),
        ("(01)09521234000013(10)A1(10)A2", "twice"),
        ("(254)X", "needs"),
    ],
)
def test_ais_that_do_not_belong_together_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ElementError, match=reason):
        check_associations(parse_bracketed(text))


def test_the_same_element_twice_is_no_contradiction() -> None:
    check_associations([("01", "09521234000013"), ("10", "A1"), ("10", "A1")])


def test_qualifiers_follow_their_key_in_order_and_alternatives_do_not_mix() -> None:
    assert is_path_sequence(["01", "22", "10", "21"])
    assert is_path_sequence(["01", "10"])
    assert is_path_sequence(["01", "235"])
    assert is_path_sequence(["414", "254"])
    assert is_path_sequence(["8004", "7040"])
    assert not is_path_sequence([])
    assert not is_path_sequence(["10"])
    assert not is_path_sequence(["01", "21", "10"])
    assert not is_path_sequence(["01", "10", "10"])
    assert not is_path_sequence(["01", "10", "235"])
    assert not is_path_sequence(["414", "254", "7040"])
    assert not is_path_sequence(["00", "10"])
    assert not is_path_sequence(["417", "254"])


def test_brackets_are_read_and_written() -> None:
    text = "(01)09521234000013(10)A\\(1)(21)7"
    elements = parse_bracketed(text)
    assert elements == [("01", "09521234000013"), ("10", "A(1)"), ("21", "7")]
    assert format_bracketed(elements) == text


@pytest.mark.parametrize(
    "text", ["", "01", "(01)", "(01", "(1)2", "(99)", "(01)09521234000014", "(10)a\\b", "(89)X", "x" * 9000]
)
def test_bad_brackets_are_refused(text: str) -> None:
    with pytest.raises(ElementError):
        parse_bracketed(text)


def test_unknown_ai_is_taken_only_on_request() -> None:
    assert parse_bracketed("(89)X", unknown_ais=True) == [("89", "X")]
    with pytest.raises(ElementError):
        check_elements([("3199", "X")], unknown_ais=False)
    with pytest.raises(ElementError):
        check_elements([("319", "X")], unknown_ais=True)  # AIs that begin 31 have four digits
    with pytest.raises(ElementError):
        check_elements([("89", "a b")], unknown_ais=True)


def test_element_string_has_separators_where_lengths_are_open() -> None:
    elements = [("01", "09521234000013"), ("10", "A1"), ("3103", "001250"), ("99", "X")]
    assert format_element_string(elements) == "^010952123400001310A1^310300125099X"
    assert parse_element_string("^010952123400001310A1^310300125099X") == elements
    assert parse_element_string("\x1d010952123400001310A1\x1d310300125099X\x1d") == elements


@pytest.mark.parametrize("text", ["", "^", "^^", "05123", "^01095212340000", "^10", "^10A1^^21B", "5" * 9000])
def test_bad_element_string_is_refused(text: str) -> None:
    with pytest.raises(ElementError):
        parse_element_string(text)


@given(st.text(max_size=60))
def test_no_text_upsets_the_readers(text: str) -> None:
    for read in (parse_bracketed, parse_element_string):
        try:
            assert read(text)
        except ElementError:
            continue
