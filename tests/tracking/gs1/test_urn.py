"""EPC URNs and Digital Link URIs, there and back, and the form that event hashes are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking.gs1.keys import CSET_39
from tracking.gs1.urn import UrnError, normalise, to_digital_link, to_urn

PAIRS = [  # keys of GS1's example prefix 952; check digits worked out by hand
    ("urn:epc:id:sgtin:952123400.0001.7", "https://id.gs1.org/01/09521234000013/21/7"),
    ("urn:epc:class:lgtin:952123400.0001.PDK-7", "https://id.gs1.org/01/09521234000013/10/PDK-7"),
    ("urn:epc:idpat:sgtin:952123400.0001.*", "https://id.gs1.org/01/09521234000013"),
    ("urn:epc:id:upui:952123400.0001.ABC", "https://id.gs1.org/01/09521234000013/235/ABC"),
    ("urn:epc:id:itip:952123400.0001.01.02.7", "https://id.gs1.org/8006/095212340000130102/21/7"),
    ("urn:epc:idpat:itip:952123400.0001.01.02.*", "https://id.gs1.org/8006/095212340000130102"),
    ("urn:epc:id:sscc:952123400.30000001", "https://id.gs1.org/00/395212340000000014"),
    ("urn:epc:id:sgln:952123400.001.0", "https://id.gs1.org/414/9521234000013"),
    ("urn:epc:id:sgln:952123400.001.F12", "https://id.gs1.org/414/9521234000013/254/F12"),
    ("urn:epc:id:pgln:952123400.001", "https://id.gs1.org/417/9521234000013"),
    ("urn:epc:id:grai:952123400.001.BOX%2F1", "https://id.gs1.org/8003/09521234000013BOX%2F1"),
    ("urn:epc:idpat:grai:952123400.001.*", "https://id.gs1.org/8003/09521234000013"),
    ("urn:epc:id:giai:952123400.BE1234XY", "https://id.gs1.org/8004/952123400BE1234XY"),
    ("urn:epc:id:gsrn:952123400.00000001", "https://id.gs1.org/8018/952123400000000017"),
    ("urn:epc:id:gsrnp:952123400.00000001", "https://id.gs1.org/8017/952123400000000017"),
    ("urn:epc:id:gdti:952123400.001.WAYBILL", "https://id.gs1.org/253/9521234000013WAYBILL"),
    ("urn:epc:idpat:gdti:952123400.001.*", "https://id.gs1.org/253/9521234000013"),
    ("urn:epc:id:sgcn:952123400.001.77", "https://id.gs1.org/255/952123400001377"),
    ("urn:epc:idpat:sgcn:952123400.001.*", "https://id.gs1.org/255/9521234000013"),
    ("urn:epc:id:cpi:952123400.ENGINE-1.7", "https://id.gs1.org/8010/952123400ENGINE-1/8011/7"),
    ("urn:epc:idpat:cpi:952123400.ENGINE-1.*", "https://id.gs1.org/8010/952123400ENGINE-1"),
    ("urn:epc:id:ginc:952123400.TRIP1", "https://id.gs1.org/401/952123400TRIP1"),
    ("urn:epc:id:gsin:952123400.0000001", "https://id.gs1.org/402/95212340000000013"),
]


@pytest.mark.parametrize(("urn", "link"), PAIRS)
def test_urn_and_digital_link_say_the_same(urn: str, link: str) -> None:
    assert to_digital_link(urn) == link
    assert to_urn(link, 9) == urn
    assert to_urn(link.replace("https://id.gs1.org", "https://lumbung.example/t"), 9) == urn
    assert normalise(urn) == link
    assert normalise(link) == link


def urns() -> st.SearchStrategy[tuple[str, int]]:
    """Any EPC URN with a serial, and its prefix length."""
    escaped = st.sampled_from(["%22", "%25", "%26", "%2F", "%3C", "%3E", "%3F"])
    plain = st.sampled_from("!'()*+,-.:;=_0123456789ABCXYZabcxyz")
    serial = st.lists(plain | escaped, min_size=1, max_size=16).map("".join)
    number = st.text("0123456789", min_size=1, max_size=12)
    part = st.lists(st.sampled_from([c for c in CSET_39 if c not in "#/"] + ["%23", "%2F"]), min_size=1, max_size=18)

    def with_digits(name: str, total: int, ending: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, int]]:
        digits = st.text("0123456789", min_size=total, max_size=total)
        return st.tuples(st.integers(6, 12), digits, ending).map(
            lambda t: (f"urn:epc:{name}:{t[1][: t[0]]}.{t[1][t[0] :]}{t[2]}", t[0])
        )

    def with_text(name: str, reference: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, int]]:
        prefix = st.text("0123456789", min_size=6, max_size=12)
        return st.tuples(prefix, reference).map(lambda t: (f"urn:epc:{name}:{t[0]}.{t[1]}", len(t[0])))

    return st.one_of(
        with_digits("id:sgtin", 13, serial.map(".{}".format)),
        with_digits("class:lgtin", 13, serial.map(".{}".format)),
        with_digits("id:upui", 13, serial.map(".{}".format)),
        with_digits("id:itip", 13, serial.map(".01.02.{}".format)),
        with_digits("idpat:itip", 13, st.just(".01.02.*")),
        with_digits("idpat:sgtin", 13, st.just(".*")),
        with_digits("id:sscc", 17, st.just("")),
        with_digits("id:sgln", 12, serial.map(".{}".format)),
        with_digits("id:pgln", 12, st.just("")),
        with_digits("id:grai", 12, serial.map(".{}".format)),
        with_digits("id:gdti", 12, serial.map(".{}".format)),
        with_digits("id:sgcn", 12, number.map(".{}".format)),
        with_digits("id:gsrn", 17, st.just("")),
        with_digits("id:gsin", 16, st.just("")),
        with_text("id:giai", serial),
        with_text("id:ginc", serial),
        with_text("id:cpi", st.tuples(part.map("".join), number).map(".".join)),
    )


@given(urns())
def test_urn_survives_the_way_to_a_digital_link_and_back(case: tuple[str, int]) -> None:
    urn, prefix_length = case
    link = to_digital_link(urn)
    assert link.startswith("https://id.gs1.org/")
    assert to_urn(link, prefix_length) == urn


@given(urns())
def test_normal_form_is_its_own_normal_form_and_is_one_for_both_spellings(case: tuple[str, int]) -> None:
    normal = normalise(case[0])
    assert normal.startswith("https://id.gs1.org/")
    assert normalise(normal) == normal
    assert normalise(to_digital_link(case[0])) == normal


@given(st.text(max_size=80) | st.from_regex(r"urn:epc:(id|class|idpat):[a-z]{3,5}:[0-9.*%A]{0,30}"))
def test_no_text_upsets_translation(text: str) -> None:
    assert isinstance(normalise(text), str)
    for translate in (to_digital_link, lambda uri: to_urn(uri, 9)):
        try:
            assert translate(text)
        except UrnError as error:
            assert error.facts["reason"]  # noqa: PT017 - the other branch is as good


@pytest.mark.parametrize(
    ("uri", "normal"),
    [
        ("https://a.example/x/01/9521234000013/22/V/10/L/21/S?17=271231", "https://id.gs1.org/01/09521234000013/21/S"),
        ("https://a.example/01/09521234000013/22/V/10/L/", "https://id.gs1.org/01/09521234000013/10/L"),
        ("https://a.example/01/09521234000013/10/A%2fB", "https://id.gs1.org/01/09521234000013/10/A%2FB"),
        ("https://a.example/01/09521234000013/10/%41", "https://id.gs1.org/01/09521234000013/10/A"),
        ("http://a.example/sscc/395212340000000014#x", "https://id.gs1.org/00/395212340000000014"),
        ("urn:epc:id:sgtin:952123400.0001.a;b='c'(d)", "https://id.gs1.org/01/09521234000013/21/a;b='c'%28d%29"),
    ],
)
def test_normal_form_is_the_finest_identity_on_the_canonical_host(uri: str, normal: str) -> None:
    assert normalise(uri) == normal


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "urn:uuid:0198a1d2-0000-7000-8000-000000000000",
        "urn:epc:id:gid:95100000.12345.400",
        "urn:epc:id:sgtin:952123400.0001.a b",
        'urn:epc:id:sgtin:952123400.0001."',
        "urn:epc:idpat:sgtin:952123400.*.*",
        "urn:epcglobal:cbv:bt:9521234000013:DN-7",
        "https://lumbung.example/scans/7",
        "https://ref.gs1.org/cbv/BizStep-shipping",
        "https://a/01/123",
        "https://a/10/L",
        "https://a/01/09521234000013/17/271231",
        "https://a/00/" + "3" * 5000,
    ],
)
def test_whatever_holds_no_gs1_key_stays_as_it_is(uri: str) -> None:
    assert normalise(uri) == uri


@pytest.mark.parametrize(
    ("link", "prefix_length"),
    [
        ("https://id.gs1.org/01/09521234000013", 5),
        ("https://id.gs1.org/01/09521234000013", 13),
        ("https://id.gs1.org/01/9521234000013", 9),  # not in 14 digits
        ("https://id.gs1.org/8013/1987654Ad4X4bL5ttr2310c2K", 7),  # a GMN has no EPC
        ("https://id.gs1.org/415/9521234000013/8020/X", 9),
        ("https://id.gs1.org/414/9521234000013/7040/1ABz", 9),  # the UIC would be lost
        ("https://id.gs1.org/8006/095212340000130102/10/L", 9),
        ("https://id.gs1.org/8003/19521234000013", 9),
        ("id.gs1.org/01/09521234000013", 9),
        ("https://id.gs1.org/", 9),
    ],
)
def test_what_no_urn_can_say_is_refused(link: str, prefix_length: int) -> None:
    with pytest.raises(UrnError):
        to_urn(link, prefix_length)


def test_level_asked_for_is_the_level_given() -> None:
    assert to_urn("https://id.gs1.org/01/09521234000013", 9, level="class") == "urn:epc:idpat:sgtin:952123400.0001.*"
    with pytest.raises(UrnError):
        to_urn("https://id.gs1.org/01/09521234000013", 9, level="instance")
    with pytest.raises(UrnError):
        to_urn("https://id.gs1.org/00/395212340000000014", 9, level="class")


def test_variant_is_left_out_of_a_urn_and_a_lot_beside_a_serial_too() -> None:
    link = "https://id.gs1.org/01/09521234000013/22/V/10/L/21/S"
    assert to_urn(link, 9) == "urn:epc:id:sgtin:952123400.0001.S"
    assert to_urn(link.removesuffix("/21/S"), 9) == "urn:epc:class:lgtin:952123400.0001.L"
