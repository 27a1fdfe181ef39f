"""Labels as printed: rasterised at 203 dpi in black and white, then read back by an independent decoder."""

import io
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfbase.pdfmetrics import stringWidth

from core.errors import Invalid
from tracking import label_drawings, labels, qr, tags
from tracking.gs1 import keys

KEY = "k" * 32
PREFIX = "952000010"
DOTS_PER_POINT: Any = 8 * 25.4 / 72  # 8 dots/mm; pypdfium2 says int and takes a float
HOSTS = {
    4: "https://lumbung.id",
    5: "https://pangan.lampungprov.example:8443",
    6: "https://lumbung." + "a" * 50 + ".example",
}
NAMES = [
    "Poktan Sri Rejeki",
    "Tani",
    "Kelompok Tani Sumber Makmur Sejahtera",
    "Gabungan Kelompok Tani Karya Bersama Mandiri Desa Sukanegara Kecamatan Bumi Ratu Nuban",
    "Kelompoktanitanpaspasisamasekalidanpanjangsekali",
    "Kelompok  Tani\n ‘Nā’ 米",
    "",
]


def make_labels(count: int, *, group: str = NAMES[0], base_url: str = HOSTS[4]) -> list[labels.Label]:
    numbers = [keys.sscc(0, PREFIX, serial) for serial in range(4217, 4217 + count)]
    return [labels.Label(sscc, tags.tag_uri(base_url, sscc, KEY), PREFIX, group) for sscc in numbers]


def print_out(pdf: bytes) -> list[Image.Image]:
    """The pages as a 203 dpi (8 dots/mm) thermal printer would put them down: black or white, nothing between."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [
            page.render(scale=DOTS_PER_POINT).to_pil().convert("L").point(lambda v: 255 * (v > 127))
            for page in document
        ]


def read(image: Image.Image) -> list[str]:
    return sorted(found.text for found in zxingcpp.read_barcodes(image))


def is_white(image: Image.Image, box: tuple[int, int, int, int]) -> bool:
    return image.crop(box).getextrema() == (255, 255)


@pytest.mark.parametrize("group", NAMES)
@pytest.mark.parametrize("version", HOSTS)
def test_printed_label_reads_back_and_keeps_its_edges_clear(version: int, group: str) -> None:
    [label] = make_labels(1, group=group, base_url=HOSTS[version])
    [image] = print_out(labels.render([label], "58x40"))
    assert image.size == (464, 320)
    assert read(image) == [label.uri]
    modules = qr.qr_modules(label.uri)
    assert modules.version == version
    assert is_white(image, (441, 0, 464, 320)), "nothing runs over the right edge"
    assert is_white(image, (0, 0, 20, 320)), "nothing runs over the left edge"
    side = modules.side * (6 if version == 4 else 5)
    left, top, quiet = 123 - math.ceil(side / 2), 147 - math.ceil(side / 2), 4 * (6 if version == 4 else 5)
    assert not is_white(image, (left, top, left + 8, top + 8)), "the finder pattern begins where it should"
    for side_box in (
        (left - quiet, top - quiet, left, top + side + quiet),
        (left + side, top - quiet, left + side + quiet - 1, top + side + quiet),
        (left, top - quiet, left + side, top),
        (left, top + side, left + side, top + side + quiet),
    ):
        assert is_white(image, side_box), "four modules around the symbol stay white"


@pytest.mark.parametrize("version", HOSTS)
def test_every_label_of_a_sheet_reads_back(version: int) -> None:
    printed = make_labels(30, base_url=HOSTS[version])
    pages = print_out(labels.render(printed, "a4"))
    assert [page.height for page in pages] == [210 * 8, 210 * 8]
    assert sorted(read(pages[0]) + read(pages[1])) == sorted(label.uri for label in printed)
    assert len(read(pages[1])) == 5


def test_label_says_tail_group_and_the_whole_key() -> None:
    [label] = make_labels(1)
    with pypdfium2.PdfDocument(labels.render([label], "58x40")) as document:
        text = document[0].get_textpage().get_text_range()
    for said in ("4217", "Poktan Sri Rejeki", "kg", "Lumbung", "(00) 0 952000010 0004217 9"):
        assert said in text


def test_the_same_labels_print_the_same_bytes() -> None:
    assert labels.render(make_labels(3), "a4") == labels.render(make_labels(3), "a4")


def test_address_too_long_for_the_label_is_refused_rather_than_printed_small() -> None:
    with pytest.raises(qr.UriTooLong) as refused:
        labels.render(make_labels(1, base_url="https://" + "a" * 100 + ".example"), "58x40")
    assert refused.value.facts["version_max"] == 6


@pytest.mark.parametrize("uri", ["", "https://lumbung.id/ä", "https://lumbung.id/a b", "a\n"])
def test_address_that_is_no_printable_ascii_is_refused(uri: str) -> None:
    with pytest.raises(Invalid):
        qr.qr_modules(uri)


def test_png_is_one_bit_and_reads_back() -> None:
    [label] = make_labels(1)
    image = Image.open(io.BytesIO(qr.qr_png(label.uri, module_px=6)))
    assert (image.mode, image.size) == ("1", (41 * 6, 41 * 6))
    assert read(image.convert("L")) == [label.uri]


def test_svg_draws_the_same_modules_as_the_png() -> None:
    [label] = make_labels(1)
    root = ElementTree.fromstring(qr.qr_svg(label.uri))  # noqa: S314 - our own
    assert root.attrib["viewBox"] == "-4 -4 41 41"
    modules = qr.qr_modules(label.uri)
    path = root[1].attrib["d"]
    drawn = set()
    for piece in path.removeprefix("M").removesuffix("z").split("zM"):
        x, _, rest = piece.partition(" ")
        y, _, rest = rest.partition("h")
        length = rest.partition("v")[0]
        drawn |= {(int(x) + n, int(y)) for n in range(int(length))}
    assert drawn == {(x, y) for y, row in enumerate(modules.rows) for x, dark in enumerate(row) if dark}


@given(st.text(max_size=80))
@settings(deadline=None)
def test_any_name_fits_between_the_qr_and_the_edge(name: str) -> None:
    text, size = labels.fit_group(name)
    assert stringWidth(text, labels.REGULAR, size) <= labels.RIGHT - labels.LEFT
    assert 16 <= size <= 20


def test_long_name_is_abbreviated_before_it_is_cut() -> None:
    assert labels.fit_group("Poktan Sri Rejeki") == ("Poktan Sri Rejeki", 20)
    assert labels.fit_group("Kelompok Tani Sri Rejeki") == ("Poktan Sri Rejeki", 20)
    assert labels.fit_group("Kelompok Ternak Adi Mulya") == ("Poknak Adi Mulya", 20)
    cut, size = labels.fit_group(NAMES[3])
    assert (cut, size) == ("Gapoktan Karya…", 16)


def test_marks_are_those_of_the_pages() -> None:
    file = Path(__file__).parents[2] / "api/static/marks.svg"
    namespace = "{http://www.w3.org/2000/svg}"
    symbols = {symbol.attrib["id"]: symbol for symbol in ElementTree.parse(file).getroot()}  # noqa: S314 - our own
    for name, mark in {"logo": label_drawings.LOGO, **label_drawings.MARKS}.items():
        symbol = symbols[name]
        assert symbol.attrib["viewBox"] == f"0 0 {mark.grid} {mark.grid}"
        assert [path.attrib["d"] for path in symbol.iter(f"{namespace}path")] == list(mark.paths)
        ellipses = []
        for drawn in symbol.iter(f"{namespace}ellipse"):
            degrees = drawn.attrib["transform"].removeprefix("rotate(").split()[0]
            ellipses.append((*(float(drawn.attrib[key]) for key in ("cx", "cy", "rx", "ry")), float(degrees)))
        assert ellipses == [tuple(map(float, ellipse)) for ellipse in mark.ellipses]
        rects = [
            tuple(float(drawn.attrib[key]) for key in ("x", "y", "width", "height", "rx"))
            for drawn in symbol.iter(f"{namespace}rect")
        ]
        assert rects == [tuple(map(float, rect)) for rect in mark.rects]


class Trace:
    """A pen that notes the points it passes."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []
        self.closed = 0

    def moveTo(self, x: float, y: float) -> None:  # noqa: N802
        self.points.append((x, y))

    lineTo = moveTo  # noqa: N815

    def curveTo(self, x1: float, y1: float, x2: float, y2: float, x3: float, y3: float) -> None:  # noqa: N802
        before = self.points[-1]
        for t in (0.25, 0.5, 0.75, 1):
            a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
            self.points.append((a * before[0] + b * x1 + c * x2 + d * x3, a * before[1] + b * y1 + c * y2 + d * y3))

    def close(self) -> None:
        self.closed += 1


def test_path_commands_go_where_svg_says() -> None:
    pen = Trace()
    label_drawings.draw_path(pen, "M1 2h3v-1l.5.5H0V0zm1 1-1-1 2 0")
    assert pen.points == [(1, 2), (4, 2), (4, 1), (4.5, 1.5), (0, 1.5), (0, 0), (2, 3), (1, 2), (3, 2)]
    assert pen.closed == 1


def test_half_circle_arcs_stay_on_their_circle_and_on_the_right_side() -> None:
    for sweep, side in (("1", 1), ("0", -1)):
        pen = Trace()
        label_drawings.draw_path(pen, f"M0 -2a2 2 0 0 {sweep} 0 4")
        assert all(math.isclose(math.hypot(x, y), 2, rel_tol=1e-3) for x, y in pen.points)
        assert all(x * side > 0.5 for x, y in pen.points[1:-1])


@pytest.mark.parametrize("wrong", ["M0 0Q1 1 2 2", "M0 0a2 2 0 0 1 1 1", "M0 0z5 5"])
def test_path_that_is_not_understood_is_an_error_not_a_blot(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"path|command|circle"):
        label_drawings.draw_path(Trace(), wrong)


def test_turned_ellipse_turns_clockwise() -> None:
    pen = Trace()
    label_drawings.draw_ellipse(pen, (10, 10, 4, 1, 30))
    x, y = pen.points[0]  # the end of the long half axis, y down
    assert math.isclose(x, 10 + 4 * math.cos(math.radians(30)))
    assert math.isclose(y, 10 + 2)
