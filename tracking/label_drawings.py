"""The drawings on a label, and how their SVG paths become PDF paths.

The geometry is that of api/static/marks.svg, which belongs to the pages; a test holds the two together.
"""

import math
import re
from dataclasses import dataclass
from typing import Protocol

# SVG elements of each mark: (path data) or (ellipse cx, cy, rx, ry, degrees) or (rect x, y, width, height, radius).
Ellipse = tuple[float, float, float, float, float]
Rect = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Mark:
    """A stencil-cut mark on a square grid of `grid` units, filled by the even-odd rule."""

    grid: int
    paths: tuple[str, ...] = ()
    ellipses: tuple[Ellipse, ...] = ()
    rects: tuple[Rect, ...] = ()


LOGO = Mark(
    28,
    ("M1 11.5 14 2l13 9.5V15H1z", "M4 17h20v9H4zm3 3.2v2.6h3.6v-2.6zm5.2 0v2.6h3.6v-2.6zm5.2 0v2.6H21v-2.6z"),
)
PADI = Mark(
    24,
    ("M4.6 22.6c2.6-6.4 5.2-10.9 9.4-15l1 1c-4 4-6.6 8.3-8.9 14.5z",),
    ellipses=(
        (6.5, 13.4, 1.75, 3.3, -8),
        (9, 9, 1.75, 3.3, 2),
        (12.3, 5.2, 1.75, 3.3, 14),
        (12.9, 15.9, 1.75, 3.3, 66),
        (15.7, 12.1, 1.75, 3.3, 62),
        (18.1, 8.2, 1.75, 3.3, 56),
        (17.7, 3.9, 1.75, 3.3, 38),
    ),
)
JAGUNG = Mark(
    24,
    (
        "M11.3 23.2C5.4 22 2 16.8 2.6 9.8c2.3 1 3.9 2.6 4.7 4.6.9 2.6 2.9 4.7 4 8.8z"
        "M12.7 23.2c5.9-1.2 9.3-6.4 8.7-13.4-2.3 1-3.9 2.6-4.7 4.6-.9 2.6-2.9 4.7-4 8.8z",
    ),
    rects=(
        (10.55, 0.6, 2.9, 2.9, 1),
        (7.1, 3.1, 2.9, 2.9, 1),
        (10.55, 4.1, 2.9, 2.9, 1),
        (14, 3.1, 2.9, 2.9, 1),
        (7.1, 6.6, 2.9, 2.9, 1),
        (10.55, 7.6, 2.9, 2.9, 1),
        (14, 6.6, 2.9, 2.9, 1),
        (7.4, 10.1, 2.9, 2.9, 1),
        (10.55, 11.1, 2.9, 2.9, 1),
        (13.7, 10.1, 2.9, 2.9, 1),
        (10.55, 14.6, 2.9, 2.9, 1),
    ),
)
PISANG = Mark(
    24,
    (
        "M13.2.6h4.7l-.4 2.3h-3.6z",
        "M13.3 4h2.6c.9 7.6-4.2 15.5-12.6 16.6-1.1.1-1.4-1.2-.4-1.6C9.2 16.4 12.9 10.8 13.3 4z",
        "M17 4h1.1c4.3 6.8 2.3 15.3-5.4 19.2-.9.5-1.7-.6-1-1.3C16 17.5 18 11.3 17 4z",
    ),
)
AYAM = Mark(
    24,
    (
        "M18.9 5.2a.85.85 0 1 0 0 1.7.85.85 0 0 0 0-1.7zM1.9 6.3c2.6.3 4.3 1.9 5.3 4 1.6 1 3.5 1.2 5.1.6 "
        "1.7-.7 2.3-2.3 2.5-4.2.2-2.2 1.6-3.5 3.3-3.5 1.6 0 2.7 1 3 2.5l2.1 1.6-2.1.9c0 2.6-.4 4.9-1.5 6.9"
        "-1.4 2.5-3.9 3.7-6.9 3.7C6.2 18.8 2.3 13.7 1.9 6.3z",
        "M9.2 19.6h1.5v3.1H9.2zM13.2 19.6h1.5v3.1h-1.5zM16.4.7h1.5v1.7h-1.5zM18.5.6H20v1.9h-1.5z",
    ),
)
MARKS = {"padi": PADI, "jagung": JAGUNG, "pisang": PISANG, "ayam": AYAM}


class Pen(Protocol):
    """What draws: reportlab's PDFPathObject, or a test's."""

    def moveTo(self, x: float, y: float) -> None: ...  # noqa: N802 - reportlab's names
    def lineTo(self, x: float, y: float) -> None: ...  # noqa: N802
    def curveTo(self, x1: float, y1: float, x2: float, y2: float, x3: float, y3: float) -> None: ...  # noqa: N802
    def close(self) -> None: ...


_TOKEN = re.compile(r"([A-Za-z])|(-?(?:\d+\.\d*|\.\d+|\d+))")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "A": 7, "Z": 0}
_QUARTER = 4 / 3 * math.tan(math.pi / 8)  # handles of a quarter circle's Bézier curve


def draw_path(pen: Pen, path_data: str) -> None:
    """Draw SVG path data (M L H V C A Z and their relative forms) with `pen`, in the same units.

    Arcs must be half circles, as in our marks. Raises ValueError for anything else.
    """
    tokens = _TOKEN.findall(path_data)
    x = y = start_x = start_y = 0.0
    command, place = "", 0
    while place < len(tokens):
        if tokens[place][0]:
            command, place = tokens[place][0], place + 1
        elif command in ("Z", "z"):
            raise ValueError(f"numbers after the end of a path: {path_data}")
        elif command in ("M", "m"):
            command = "L" if command == "M" else "l"  # further pairs after a move are lines
        kind = command.upper()
        if kind not in _ARGUMENTS:
            raise ValueError(f"no such command here: {command!r}")
        values = [float(number) for _, number in tokens[place : place + _ARGUMENTS[kind]]]
        place += _ARGUMENTS[kind]
        base_x, base_y = (x, y) if command.islower() else (0.0, 0.0)
        if kind == "Z":
            pen.close()
            x, y = start_x, start_y
        elif kind == "M":
            x, y = base_x + values[0], base_y + values[1]
            start_x, start_y = x, y
            pen.moveTo(x, y)
        elif kind == "C":
            points = [value + (base_y if n % 2 else base_x) for n, value in enumerate(values)]
            pen.curveTo(*points[:6])
            x, y = points[4], points[5]
        elif kind == "A":
            end_x, end_y = base_x + values[5], base_y + values[6]
            _half_circle(pen, (x, y), (end_x, end_y), clockwise=values[4] == 1, radius=values[0])
            x, y = end_x, end_y
        else:
            x = base_x + values[0] if kind in "LH" else x
            y = base_y + values[-1] if kind in "LV" else y
            pen.lineTo(x, y)


def _half_circle(
    pen: Pen, start: tuple[float, float], end: tuple[float, float], *, clockwise: bool, radius: float
) -> None:
    to_x, to_y = (end[0] - start[0]) / 2, (end[1] - start[1]) / 2
    if not math.isclose(math.hypot(to_x, to_y), radius, rel_tol=1e-6):
        raise ValueError("only half circles")
    # From the start to the middle of the arc; y points down, so clockwise turns (x, y) into (y, -x).
    side_x, side_y = (to_y, -to_x) if clockwise else (-to_y, to_x)
    centre_x, centre_y = start[0] + to_x, start[1] + to_y
    k = _QUARTER
    top_x, top_y = centre_x + side_x, centre_y + side_y
    pen.curveTo(
        start[0] + k * side_x, start[1] + k * side_y, top_x - k * to_x, top_y - k * to_y, top_x, top_y
    )  # fmt: skip
    pen.curveTo(top_x + k * to_x, top_y + k * to_y, end[0] + k * side_x, end[1] + k * side_y, end[0], end[1])


def draw_ellipse(pen: Pen, ellipse: Ellipse) -> None:
    """Draw an ellipse turned clockwise about its centre by its degrees (SVG's rotate, y down)."""
    cx, cy, rx, ry, degrees = ellipse
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def at(u: float, v: float) -> tuple[float, float]:
        return cx + u * rx * cosine - v * ry * sine, cy + u * rx * sine + v * ry * cosine

    k = _QUARTER
    pen.moveTo(*at(1, 0))
    for (u1, v1), (u2, v2) in (((1, 0), (0, 1)), ((0, 1), (-1, 0)), ((-1, 0), (0, -1)), ((0, -1), (1, 0))):
        pen.curveTo(*at(u1 + k * u2, v1 + k * v2), *at(u2 + k * u1, v2 + k * v1), *at(u2, v2))
    pen.close()


def draw_rect(pen: Pen, rect: Rect) -> None:
    """Draw a rectangle with round corners."""
    x, y, width, height, r = rect
    k = r * (1 - _QUARTER)
    right, bottom = x + width, y + height
    pen.moveTo(x + r, y)
    pen.lineTo(right - r, y)
    pen.curveTo(right - k, y, right, y + k, right, y + r)
    pen.lineTo(right, bottom - r)
    pen.curveTo(right, bottom - k, right - k, bottom, right - r, bottom)
    pen.lineTo(x + r, bottom)
    pen.curveTo(x + k, bottom, x, bottom - k, x, bottom - r)
    pen.lineTo(x, y + r)
    pen.curveTo(x, y + k, x + k, y, x + r, y)
    pen.close()
