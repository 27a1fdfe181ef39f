"""Digital Link URIs: what is read, what is written, and what is refused with which reason."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.gs1 import digital_link as dl
from tracking.gs1.digital_link import DigitalLink, DigitalLinkError, build, canonical, parse
from tracking.gs1.keys import CSET_82, check_digit

GTIN = "09521234000013"
SSCC = "395212340000000014"
GLN = "9521234000013"


def keyed(length: int) -> st.SearchStrategy[str]:
    digits = st.text("0123456789", min_size=length - 1, max_size=length - 1)
    return digits.map(lambda body: body + check_digit(body))


def serials(length_max: int) -> st.SearchStrategy[str]:
    return st.text(CSET_82, min_size=1, max_size=length_max)


WAYS = st.one_of(
    st.tuples(st.just("00"), keyed(18)).map(lambda key: [key]),
    st.tuples(keyed(14), st.none() | serials(20), st.none() | serials(20), st.none() | serials(20)).map(
        lambda t: [(ai, v) for ai, v in zip(("01", "22", "10", "21"), t, strict=True) if v is not None]
    ),
    st.tuples(keyed(14), serials(28)).map(lambda t: [("01", t[0]), ("235", t[1])]),
    st.tuples(keyed(13), st.none() | serials(20)).map(
        lambda t: [("414", t[0]), *([("254", t[1])] if t[1] is not None else [])]
    ),
    st.tuples(keyed(13), serials(16)).map(lambda t: [("8003", "0" + t[0] + t[1])]),
    serials(26).map(lambda text: [("8004", "9521" + text)]),
)
ATTRIBUTES = st.lists(
    st.tuples(st.sampled_from(["90", "91", "92", "98", "99", "400"]), serials(30)), max_size=4, unique_by=lambda e: e[0]
)
OTHERS = st.lists(st.tuples(st.text("abcxyz-_ é", min_size=1, max_size=8), st.text(max_size=8)), max_size=3)
STEMS = st.sampled_from(
    ["https://id.gs1.org", "http://a", "https://example.com/shop/01/x", "https://[2001:db8::1]:8443"]
)


@given(WAYS, ATTRIBUTES, OTHERS, STEMS)
def test_what_is_built_is_read_back(
    path: list[dl.Element], attributes: list[dl.Element], others: list[tuple[str, str]], stem: str
) -> None:
    built = build([*path, *attributes], stem=stem, other_params=others)
    assert parse(built.uri()) == built
    assert list(built.path) == path
    assert canonical(built.uri()) == built.canonical()
    assert canonical(built.canonical()) == built.canonical()


@given(st.one_of(st.text(max_size=200), st.from_regex(r"https?://a(/(0[01]|10|21|414|254|x|%2|))*[?&=#/0-9A%+]*")))
def test_no_text_upsets_the_parser(text: str) -> None:
    try:
        link = parse(text, alpha_names=True, unknown_ais=True)
    except DigitalLinkError as error:
        assert error.facts["reason"]  # noqa: PT017 - the other branch is as good
    else:
        assert parse(link.uri(), unknown_ais=True).elements == link.elements


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "text",
    [
        "https://a" + "/" * 8000,
        "https://a" + "/10" * 2600,
        "https://a/01/" + "9" * 8000,
        "https://a/01/" + GTIN + "?" + "99=1&" * 1500,
        "https://a/01/" + GTIN + "/10/" + "%" * 8000,
        "https://" + "a." * 4000,
        "https://a/01/" + GTIN + "#" + "/" * 1_000_000,
    ],
)
def test_long_and_hostile_text_is_refused_quickly(text: str) -> None:
    with pytest.raises(DigitalLinkError) as caught:
        parse(text)
    assert len(str(caught.value)) < 300


@pytest.mark.timeout(5)
def test_empty_parameters_are_passed_over_however_many() -> None:
    assert parse(f"https://a/01/{GTIN}?{'&' * 8000}99=X").attributes == (("99", "X"),)


def test_lot_with_attributes_and_stranger_parameters() -> None:
    link = parse(
        f"https://shop.example/bananas/01/{GTIN}/10/A%2F1?17=271231&linkType=gs1:pip&3103=001250&check=x%20y&flag"
    )
    assert link.stem == "https://shop.example/bananas"
    assert link.primary == ("01", GTIN)
    assert link.qualifiers == (("10", "A/1"),)
    assert link.attributes == (("17", "271231"), ("3103", "001250"))
    assert link.other_params == (("linkType", "gs1:pip"), ("check", "x y"), ("flag", ""))
    assert link.value("17") == "271231"
    assert link.value("21") is None
    assert link.canonical() == f"https://id.gs1.org/01/{GTIN}/10/A%2F1?17=271231&3103=001250"
    assert link.element_string() == f"^01{GTIN}10A/1^172712313103001250"


def test_canonical_form_sorts_attributes_and_drops_what_is_not_gs1s() -> None:
    assert canonical(f"http://a/01/{GTIN}?99=X&11=260101&x=1#y") == f"https://id.gs1.org/01/{GTIN}?11=260101&99=X"
    assert canonical("https://a/gtin/96385074/lot/A1") == "https://id.gs1.org/01/00000096385074/10/A1"


def test_short_gtin_is_padded_unless_the_caller_says_no() -> None:
    assert parse("https://a/01/96385074").primary == ("01", "00000096385074")
    with pytest.raises(DigitalLinkError):
        parse("https://a/01/96385074", short_gtin=False)


def test_last_key_in_the_path_counts_whatever_the_stem_looks_like() -> None:
    link = parse(f"https://a/01/{GTIN}/00/{SSCC}")
    assert link.stem == f"https://a/01/{GTIN}"
    assert link.primary == ("00", SSCC)


@pytest.mark.parametrize(
    ("uri", "where"),
    [
        ("", "URI"),
        (f"https://a/01/{GTIN} ", "URI"),
        (f"https://ä/01/{GTIN}", "URI"),
        (f"ftp://a/01/{GTIN}", "scheme"),
        (f"//a/01/{GTIN}", "scheme"),
        (f"https:///01/{GTIN}", "scheme"),
        (f"https://user@a/01/{GTIN}", "scheme"),
        ("https://a", "scheme"),
        ("https://a/", "path"),
        (f"https://a/{GTIN}", "path"),
        ("https://a/10/LOT", "path"),
        (f"https://a/01/{GTIN}/", "path"),
        (f"https://a/01/{GTIN}/21/S/10/L", "path"),
        (f"https://a/01/{GTIN}/17/271231", "path"),
        (f"https://a/00/{SSCC}/10/L", "path"),
        (f"https://a/gtin/{GTIN}", "path"),
        ("https://a/01/09521234000014", "(01)"),
        ("https://a/01/", "(01)"),
        (f"https://a/01/{GTIN}/10/", "(10)"),
        (f"https://a/01/{GTIN}/10/a%20b", "(10)"),
        (f"https://a/01/{GTIN}/10/a%00", "(10)"),
        (f"https://a/01/{GTIN}/10/%C3%A9", "(10)"),
        (f"https://a/01/{GTIN}?10=L", "(10)"),
        (f"https://a/01/{GTIN}?21=S", "(21)"),
        (f"https://a/01/{GTIN}?17=271331", "(17)"),
        (f"https://a/01/{GTIN}?17=271231&17=271231", "(17)"),
        (f"https://a/01/{GTIN}?89=X", "(89)"),
        (f"https://a/01/{GTIN}?%38%39=X", "(89)"),
        (f"https://a/01/{GTIN}?99=", "(99)"),
    ],
)
def test_malformed_uri_says_where_it_is_wrong(uri: str, where: str) -> None:
    with pytest.raises(DigitalLinkError) as caught:
        parse(uri)
    assert caught.value.facts["where"] == where
    assert caught.value.facts["reason"]


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: build([("10", "L")]), "path"),
        (lambda: build([]), "path"),
        (lambda: build([("01", GTIN), ("01", "09521234000020")]), "(01)"),
        (lambda: build([("01", GTIN), ("235", "X"), ("21", "Y")]), "(01)"),
        (lambda: build([("00", SSCC), ("254", "X")]), "(254)"),
        (lambda: build([("01", GTIN), ("17", "271331")]), "(17)"),
        (lambda: build([("01", GTIN)], stem="id.gs1.org"), "stem"),
        (lambda: build([("01", GTIN)], stem="https://a?x"), "stem"),
        (lambda: build([("01", GTIN)], other_params=[("17", "271231")]), "query"),
        (lambda: dl.sscc_uri("395212340000000015"), "(00)"),
        (lambda: dl.lot_uri(GTIN, ""), "(10)"),
        (lambda: dl.site_uri(GLN, "a b"), "(254)"),
    ],
)
def test_what_makes_no_digital_link_is_refused(make: Callable[[], object], where: str) -> None:
    with pytest.raises(DigitalLinkError) as caught:
        make()
    assert caught.value.facts["where"] == where


def test_each_of_our_nouns_has_its_uri() -> None:
    assert dl.sscc_uri(SSCC) == "https://id.gs1.org/00/395212340000000014"
    assert dl.gtin_uri("9521234000013") == "https://id.gs1.org/01/09521234000013"
    assert dl.lot_uri(GTIN, "PDK-7/2") == "https://id.gs1.org/01/09521234000013/10/PDK-7%2F2"
    assert dl.site_uri(GLN) == "https://id.gs1.org/414/9521234000013"
    assert dl.site_uri(GLN, "F12") == "https://id.gs1.org/414/9521234000013/254/F12"
    assert dl.party_uri(GLN) == "https://id.gs1.org/417/9521234000013"
    assert dl.shipment_uri("95212340000000013") == "https://id.gs1.org/402/95212340000000013"
    assert dl.grai_uri("09521234000013BOX1") == "https://id.gs1.org/8003/09521234000013BOX1"
    assert dl.giai_uri("952123400BE1234XY") == "https://id.gs1.org/8004/952123400BE1234XY"
    assert dl.sscc_uri(SSCC, stem="https://lumbung.example/") == "https://lumbung.example/00/395212340000000014"


def test_a_link_is_a_value() -> None:
    assert parse(dl.lot_uri(GTIN, "A")) == DigitalLink(("01", GTIN), (("10", "A"),))
    assert hash(parse(dl.lot_uri(GTIN, "A"))) == hash(DigitalLink(("01", GTIN), (("10", "A"),)))
