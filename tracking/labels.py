"""Labels as print-ready PDF: 58 × 40 mm one a page, or A4 sheets with cut lines.

Drawn in dots of 1/8 mm (203 dpi, what thermal printers do), black only, after the design's "Label 58 × 40 mm":
seam on top; QR; tail, group, marks with boxes to tick, kg; logo and the whole key. No product: the tag is older than
the harvest. Pure: values in, bytes out.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from tracking.gs1 import keys
from tracking.label_drawings import LOGO, MARKS, Mark, draw_ellipse, draw_path, draw_rect
from tracking.qr import QrModules, dark_runs, qr_modules

LabelFormat = Literal["58x40", "a4"]

WIDTH, HEIGHT = 464, 320  # dots
DOT = mm / 8
A4 = (297 * mm, 210 * mm)  # lying: 5 × 5 labels; upright only 3 × 7
COLUMNS, ROWS = 5, 5

REGULAR, BOLD = "Helvetica", "Helvetica-Bold"  # in every printer and reader; nothing to embed
QR_CENTRE = (24 + 33 * 6 / 2, 48 + 33 * 6 / 2)  # version 4 at 6 dots a module
QR_SIDE_MAX = 205  # dots: version 6 at 5 dots; more would leave no quiet zone beside the tail
MODULE_DOTS = (6, 5)  # 0.75 and 0.625 mm; the design's floor is 0.6 mm
LEFT, RIGHT = 246, 440


@dataclass(frozen=True)
class Label:
    """What one label says. `uri` is the tag's whole address; `gs1_prefix` only parts the digits below the seam."""

    sscc: str
    uri: str
    gs1_prefix: str
    group: str


def render(labels: Sequence[Label], label_format: LabelFormat, *, title: str = "Label Lumbung") -> bytes:
    """The labels as one PDF, in order; the same labels give the same bytes.

    Raises UriTooLong where an address does not fit at 0.6 mm a module or more, Gs1KeyError for a wrong SSCC.
    """
    file = io.BytesIO()
    page = A4 if label_format == "a4" else (WIDTH * DOT, HEIGHT * DOT)
    canvas = Canvas(file, pagesize=page, pageCompression=1, invariant=1)
    canvas.setTitle(title)
    canvas.setAuthor("Lumbung")
    _define_frame(canvas)
    a_page = COLUMNS * ROWS if label_format == "a4" else 1
    for first in range(0, len(labels), a_page):
        sheet = labels[first : first + a_page]
        if label_format == "a4":
            _draw_sheet(canvas, sheet)
        else:
            _draw_label(canvas, sheet[0])
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def _draw_sheet(canvas: Canvas, sheet: Sequence[Label]) -> None:
    label_width, label_height = WIDTH * DOT, HEIGHT * DOT
    left = (A4[0] - COLUMNS * label_width) / 2
    bottom = (A4[1] - ROWS * label_height) / 2
    for place, label in enumerate(sheet):
        column, row = place % COLUMNS, place // COLUMNS
        canvas.saveState()
        canvas.translate(left + column * label_width, bottom + (ROWS - 1 - row) * label_height)
        _draw_label(canvas, label)
        canvas.restoreState()
    canvas.setLineWidth(0.2)
    canvas.setDash(2, 3)
    for column in range(COLUMNS + 1):
        x = left + column * label_width
        canvas.line(x, 0, x, A4[1])
    for row in range(ROWS + 1):
        y = bottom + row * label_height
        canvas.line(0, y, A4[0], y)


def _draw_label(canvas: Canvas, label: Label) -> None:
    """One label with its lower left corner at the origin."""
    canvas.saveState()
    canvas.scale(DOT, DOT)
    canvas.doForm("frame")
    _draw_qr(canvas, qr_modules(label.uri))
    head, check = keys.tail(label.sscc).split(" ")
    end = _text(canvas, 243, 92, head, BOLD, 61, spacing=-1.5)
    _text(canvas, end + 11, 92, check, BOLD, 61)
    group, size = fit_group(label.group)
    _text(canvas, LEFT, 126, group, REGULAR, size)
    digits, prefix_end = label.sscc, 1 + len(label.gs1_prefix)
    key = f"(00) {digits[0]} {digits[1:prefix_end]} {digits[prefix_end:17]} {digits[17]}"
    _text(canvas, RIGHT - stringWidth(key, REGULAR, 18), 294, key, REGULAR, 18)
    canvas.restoreState()


def _draw_qr(canvas: Canvas, modules: QrModules) -> None:
    dots = next((dots for dots in MODULE_DOTS if modules.side * dots <= QR_SIDE_MAX), None)
    assert dots is not None  # qr_modules goes up to version 6, which has its place
    # Whole dots: an edge between two dots prints ragged.
    left, top = (int(centre - modules.side * dots / 2) for centre in QR_CENTRE)
    rectangles = (
        f"{left + x * dots} {HEIGHT - top - (y + 1) * dots} {length * dots} {dots} re"
        for x, y, length in dark_runs(modules)
    )
    canvas.addLiteral(" ".join(rectangles) + " f")  # as PDF itself: a path object costs twice the time of the rest


def _define_frame(canvas: Canvas) -> None:
    """What all labels share, held once in the file."""
    canvas.beginForm("frame", 0, 0, WIDTH, HEIGHT)
    canvas.saveState()
    canvas.translate(0, HEIGHT)
    canvas.scale(1, -1)  # y down, as the design has it
    stitches = [(24 + 17.6 * n, 15.0, 11.0, 4.0, 2.0) for n in range(24)]
    _fill(canvas, [Mark(WIDTH, rects=tuple(stitches))], 0, 0, 1)
    for place, mark in enumerate(MARKS.values()):
        x = LEFT + 48 * place
        _fill(canvas, [mark], x, 152, 1.42)
        canvas.setLineWidth(2)
        canvas.rect(x + 5, 193, 24, 24, stroke=1, fill=0)
    canvas.line(274, 247, RIGHT, 247)
    _fill(canvas, [LOGO], 24, 272, 1)
    canvas.restoreState()
    _text(canvas, LEFT, 246, "kg", REGULAR, 18)
    _text(canvas, 58, 294, "Lumbung", BOLD, 23)
    canvas.endForm()


def _fill(canvas: Canvas, marks: Iterable[Mark], x: float, y: float, scale: float) -> None:
    canvas.saveState()
    canvas.translate(x, y)
    canvas.scale(scale, scale)
    for mark in marks:
        for path_data in mark.paths:
            path: Any = canvas.beginPath()
            draw_path(path, path_data)
            canvas.drawPath(path, stroke=0, fill=1, fillMode=0)  # 0: even-odd, so that an eye is a hole
        path = canvas.beginPath()
        for ellipse in mark.ellipses:
            draw_ellipse(path, ellipse)
        for rect in mark.rects:
            draw_rect(path, rect)
        if mark.ellipses or mark.rects:
            canvas.drawPath(path, stroke=0, fill=1, fillMode=1)
    canvas.restoreState()


def _text(canvas: Canvas, x: float, y: float, text: str, font: str, size: float, *, spacing: float = 0) -> float:
    """Write `text` with its baseline at `y` dots from the top; where it ends."""
    canvas.setFont(font, size)
    canvas.drawString(x, HEIGHT - y, text, charSpace=spacing)
    return x + stringWidth(text, font, size) + spacing * len(text)


def fit_group(name: str) -> tuple[str, float]:
    """A group's name as it fits the label, and its size in dots.

    Too long, it is first abbreviated as people do (Kelompok Tani: Poktan), then set smaller, then cut at a word.
    """
    name = " ".join(name.encode("cp1252", "replace").decode("cp1252").split())
    width = RIGHT - LEFT

    def fits(text: str, size: float) -> bool:
        return stringWidth(text, REGULAR, size) <= width

    if fits(name, 20):
        return name, 20
    for long, short in (
        ("Gabungan Kelompok Tani", "Gapoktan"),
        ("Kelompok Wanita Tani", "KWT"),
        ("Kelompok Tani", "Poktan"),
        ("Kelompok Ternak", "Poknak"),
    ):
        name = name.replace(long, short)
    for size in (20, 18, 16):
        if fits(name, size):
            return name, size
    words = name.split(" ")
    while len(words) > 1 and not fits(" ".join(words) + "…", 16):
        words.pop()
    text = " ".join(words)
    while not fits(text + "…", 16):
        text = text[:-1]
    return text + "…", 16
