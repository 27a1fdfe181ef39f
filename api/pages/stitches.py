"""Where stitches, holes, knots and tears lie along a seam: the geometry behind the `seam()` macros.

Pure. Positions are per cent of the seam's length, so that a drawing narrows with its place without its words shrinking;
`width_px` is only the length for which the number of stitches is chosen. Source: docs/look.md, "The seam".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["reached", "now", "next", "hole"]

PITCH_PX = 11.5  # a stitch of 7.5 px and its gap: dense enough to read as thread, loose enough to count
SEWN_SHARE = 0.65  # of a pitch is thread
CLEAR_PX = 12.0  # kept free on both sides of a knot of 6 px
MIN_PITCH_PX = 5.0  # below this stitches run together: more records than fit are drawn as many as fit
SHARED_GAP_PX = 4.0  # between long stitches that share a leg


@dataclass(frozen=True)
class Place:
    """A place on the seam, and the stretch from it to the next.

    `sea` marks a stretch that has a name but no knot: the gold knot travels on it, `sailed` (0 to 1) of the way from
    the place before to the one after. `records` is how many records the stretch after this place has, None draws thread
    without counting. `gap` says in words that the stretch has no record; `torn` that its ends contradict each other.
    """

    name: str = ""
    state: State = "next"
    sea: bool = False
    sailed: float = 0.5
    records: int | None = None
    gap: str = ""
    torn: bool = False


@dataclass(frozen=True)
class Label:
    at: float
    text: str
    anchor: Literal["start", "middle", "end"] = "middle"
    here: bool = False


@dataclass(frozen=True)
class Piece:
    """A stitch: from `at`, `length` long, both per cent; `low` lies on the lower half of a torn seam."""

    at: float
    length: float
    low: bool = False


@dataclass(frozen=True)
class Knot:
    at: float
    state: State
    low: bool = False


@dataclass
class Drawing:
    stitches: list[Piece] = field(default_factory=list[Piece])
    holes: list[float] = field(default_factory=list[float])
    knots: list[Knot] = field(default_factory=list[Knot])
    tears: list[float] = field(default_factory=list[float])
    labels: list[Label] = field(default_factory=list[Label])


def as_place(value: Place | Mapping[str, Any] | str) -> Place:
    """A place from what templates hand over: a Place, a mapping of its fields, or a bare name (not yet reached)."""
    if isinstance(value, Place):
        return value
    if isinstance(value, str):
        return Place(name=value)
    return Place(**dict(value))


def sew(start: float, end: float, count: int) -> list[Piece]:
    """`count` equal stitches from `start` to `end` with equal gaps, none before the first or after the last."""
    if count < 1 or end <= start:
        return []
    pitch = (end - start) / (count - (1 - SEWN_SHARE))
    return [Piece(round(start + i * pitch, 2), round(pitch * SEWN_SHARE, 2)) for i in range(count)]


def share(start: float, end: float, count: int, gap: float) -> list[Piece]:
    """`count` stitches that share the whole leg, `gap` between them: one stitch, one record."""
    if count < 1 or end <= start:
        return []
    gap = min(gap, (end - start) / count * 0.4)
    length = (end - start - gap * (count - 1)) / count
    return [Piece(round(start + i * (length + gap), 2), round(length, 2)) for i in range(count)]


def punch(start: float, end: float, count: int) -> list[float]:
    """`count` needle holes inside (start, end), the outer ones half a pitch from the ends."""
    if count < 1 or end <= start:
        return []
    pitch = (end - start) / count
    return [round(start + (i + 0.5) * pitch, 2) for i in range(count)]


def _fits(start: float, end: float, px: float) -> int:
    return max(1, round((end - start) / px))


def _stretch(drawing: Drawing, place: Place, start: float, end: float, *, sewn: bool, unit: float) -> None:
    """Draw the stretch after `place`; `unit` is one pixel in per cent."""
    start, end = start + CLEAR_PX * unit, end - CLEAR_PX * unit
    pitch = PITCH_PX * unit
    if end <= start:
        return
    if not sewn or place.records == 0:
        drawing.holes += punch(start, end, _fits(start, end, pitch))
    elif place.torn:
        middle = (start + end) / 2
        clear = 1.2 * pitch
        count = _fits(start, middle - clear, pitch)
        drawing.stitches += sew(start, middle - clear, count)
        drawing.stitches += [Piece(p.at, p.length, low=True) for p in sew(middle + clear, end, count)]
        drawing.tears.append(round(middle, 2))
    elif place.gap:
        first, last = start + (end - start) * 0.25, start + (end - start) * 0.52
        drawing.stitches += sew(start, first, _fits(start, first, pitch))
        drawing.holes += punch(first + pitch / 2, last - pitch / 2, _fits(first, last, pitch) - 1)
        drawing.stitches += sew(last, end, _fits(last, end, pitch))
        drawing.labels.append(Label(round((first + last) / 2, 2), place.gap, here=True))
    elif place.records is None:
        drawing.stitches += sew(start, end, _fits(start, end, pitch))
    else:
        most = max(1, int((end - start) / (MIN_PITCH_PX * unit)))
        drawing.stitches += share(start, end, min(place.records, most), SHARED_GAP_PX * unit)


def lay_out(places: Sequence[Place | Mapping[str, Any] | str], width_px: float = 350, *, edges: bool = True) -> Drawing:
    """The whole seam: knots in order, thread up to the place of now, holes beyond it, names beneath.

    With `edges` the first and last place stand at 0 and 100 %, otherwise in the middle of equal columns (the console's
    menu). A stretch is sewn when the place it leaves has been reached and the one it leads to is reached or now.
    """
    stops = [as_place(place) for place in places]
    drawing = Drawing()
    if not stops:
        return drawing
    unit = 100 / max(width_px, 1)
    count = len(stops)
    at = [100 * i / max(count - 1, 1) if edges else 100 * (i + 0.5) / count for i in range(count)]

    knots: list[tuple[float, Place]] = []
    for i, stop in enumerate(stops):
        if not stop.sea:
            knots.append((at[i], stop))
        elif stop.state == "now" and 0 < i < count - 1:
            sailed = min(max(stop.sailed, 0.0), 1.0)
            # the gold knot keeps clear of the ports' own knots
            clear = 2 * CLEAR_PX * unit
            reach = at[i + 1] - at[i - 1]
            knots.append((at[i - 1] + min(max(sailed * reach, clear), reach - clear), stop))
        is_end = edges and i in (0, count - 1) and count > 1
        anchor = ("start" if i == 0 else "end") if is_end else "middle"
        if stop.name:
            drawing.labels.append(Label(round(at[i], 2), stop.name, anchor, here=stop.state == "now"))

    passed_torn = False
    for i, (x, stop) in enumerate(knots):
        drawing.knots.append(Knot(round(x, 2), stop.state, low=passed_torn))
        passed_torn = passed_torn or stop.torn
        if i + 1 < len(knots):
            to, ahead = knots[i + 1]
            sewn = stop.state in ("reached", "now") and ahead.state in ("reached", "now")
            _stretch(drawing, stop, x, to, sewn=sewn, unit=unit)
    return drawing


def sew_leg(start: float, length: float, records: int, width_px: float = 350) -> list[Piece]:
    """`records` stitches that share a leg between two knots, all in per cent, as on the buyer's verdict."""
    unit = 100 / width_px
    return share(start + 13.5 * unit, start + length - 13.5 * unit, records, 5 * unit)


def load_grid(
    total: int, missing: Sequence[int] = (), done: int | None = None, columns: int = 20
) -> list[dict[str, Any]]:
    """Sacks of a load or a pick, one each, in rows of `columns`.

    Each is `{"x", "y", "width", "kind"}`, x and width per cent, y in px (rows of 16); kind "sack" (seen), "gap" (one of
    `missing`, counted from 0) or "hole" (at `done` or beyond: not yet).
    """
    pitch = 100 / columns
    absent = set(missing)
    seen = total if done is None else done
    return [
        {
            "x": round(i % columns * pitch, 2),
            "y": i // columns * 16,
            "width": round(pitch * 0.76, 2),
            "kind": "gap" if i in absent else "sack" if i < seen else "hole",
        }
        for i in range(total)
    ]
