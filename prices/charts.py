"""A price series as the geometry of a chart: paths, steps, ticks and labels in the pixels of a frame. Pure.

Only what somebody observed is drawn as the line; copies carried forward are left out, suspicious values are small
crosses held within the frame, and a stretch without data is a gap. Words come in as they are to be shown.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10
from typing import Literal

LINES = 6  # at most so many lines at the price axis
CHARACTER_PX = 6.7  # of 12 px bold, on average; a little generous

PlaceOf = Callable[[date], float]
HeightOf = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a drawing in pixels, and the part of it that holds the plot."""

    width: int
    height: int
    right: int
    top: int
    bottom: int


WIDE = Frame(1100, 438, 1018, 16, 412)
MID = Frame(720, 400, 640, 16, 374)
SLIM = Frame(358, 300, 292, 16, 274)


@dataclass(frozen=True, slots=True)
class Point:
    """A price of a day, in IDR."""

    on: date
    price_idr: float


@dataclass(frozen=True, slots=True)
class Step:
    """An official price from a day to a day (included; None: still in force), with the words to stand on its line."""

    since: date
    until: date | None
    price_idr: float
    words: str


@dataclass(frozen=True, slots=True)
class Flag:
    """An alert raised on a day, with a price; `lasting` while it is not over, `missed` where nothing came of it."""

    on: date
    price_idr: float
    words: str
    lasting: bool = False
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """A range of prices on a day, in IDR: of a season, or of a forecast with its middle."""

    on: date
    low_idr: float
    high_idr: float
    middle_idr: float | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place, beginning, centred or ending there."""

    x: float
    y: float
    words: str
    anchor: Literal["start", "middle", "end"] = "start"


@dataclass(frozen=True, slots=True)
class DateTick:
    """A tick of the time axis; `label` is what of the day is worth saying."""

    x: float
    on: date
    label: Literal["year", "month and year", "month", "day"]


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws."""

    frame: Frame
    prices: list[tuple[float, float]]  # y, IDR
    dates: list[DateTick]
    lean: list[tuple[float, float]]  # x, width
    line: str
    dots: list[tuple[float, float]]
    doubtful: list[tuple[float, float, Point]]
    steps: str
    step_labels: list[Label]
    flags: list[tuple[float, float, float, Flag]]  # x, foot of the pole, head of the pole
    flag_label: Label | None
    last: tuple[float, float]
    gap: tuple[float, float, float] | None  # x, y of the price, y of the official price
    gap_label: tuple[float, float] | None
    band: str
    fan: str
    fan_middle: str


def draw(
    frame: Frame,
    points: Sequence[Point],
    *,
    steps: Sequence[Step] = (),
    flags: Sequence[Flag] = (),
    doubtful: Sequence[Point] = (),
    lean: Sequence[tuple[date, date]] = (),
    gap_after_days: int = 7,
    band: Sequence[Reach] = (),
    fan: Sequence[Reach] = (),
) -> Chart | None:
    """The chart of a series' observed points, in order of day; None where there are none.

    The official price in force on the last day gives the drawn gap. `gap_after_days` without a value break the line.
    `band` is the season's range, `fan` what is forecast: it spreads from the last point.
    """
    if not points:
        return None
    first, last = points[0].on, points[-1].on
    room = 0.14 if frame.width > SLIM.width else 0.06  # right of the last value, for the gap and its words
    span = max(1, (last - first).days)
    end = last + timedelta(days=ceil(span * room) + 1)
    ahead = [reach for reach in fan if reach.on > last]
    if ahead:
        end = max(end, ahead[-1].on + timedelta(days=1))
    season = [reach for reach in band if first <= reach.on <= end]
    within = [step for step in steps if step.since <= end and (step.until is None or step.until >= first)]
    shown = [step for step in within if _near(step.price_idr, points)]
    kept_flags = _spread(sorted(flags, key=lambda flag: flag.on), first, last, days_apart=span * 13 / frame.right)
    known = [p.price_idr for p in points] + [step.price_idr for step in shown]
    known += [price for reach in (*ahead, *season) for price in (reach.low_idr, reach.high_idr)]
    headroom = [max(known) + max(0.12 * (max(known) - min(known)), 0.004 * max(known))] if kept_flags else []
    ticks = price_ticks(known + headroom)
    low, high = ticks[0], ticks[-1]
    days = (end - first).days

    def x(on: date) -> float:
        return round(max(0.0, min(1.0, (on - first).days / days)) * frame.right, 1)

    def y(price: float) -> float:
        part = max(0.0, min(1.0, (price - low) / (high - low)))
        return round(frame.bottom - part * (frame.bottom - frame.top), 1)

    runs = list(_runs(points, gap_after_days))
    placed = [[(x(p.on), y(p.price_idr)) for p in run] for run in runs]
    dots = [run[0] for run in placed if len(run) == 1]
    if len(points) <= 45:
        dots = [place for run in placed for place in run]
    in_force = [s for s in shown if s.since <= last and (s.until is None or s.until >= last)]
    here = (x(last), y(points[-1].price_idr))
    gap = None
    if in_force and abs(y(in_force[-1].price_idr) - here[1]) > 12:
        gap = (min(here[0] + 14, frame.right - 4.0), here[1], y(in_force[-1].price_idr))
    heads = [_flag(frame, x(flag.on), y(flag.price_idr), flag) for flag in kept_flags]
    return Chart(
        frame=frame,
        prices=[(y(tick), tick) for tick in ticks],
        dates=date_ticks(first, end, frame.right, x),
        lean=[(x(a), round(x(b) - x(a), 1)) for a, b in lean if b > first and a < end],
        line="".join(_path(thinned(run)) for run in placed if len(run) > 1),
        dots=dots,
        doubtful=[(x(p.on), y(p.price_idr), p) for p in doubtful if first <= p.on <= last],
        steps=_steps(shown, end, x, y),
        step_labels=_step_labels(frame, shown, end, x, y, [place for run in placed for place in run]),
        flags=heads,
        flag_label=_flag_label(frame, heads),
        last=here,
        gap=gap,
        gap_label=_gap_label(gap) if gap and frame.width > SLIM.width else None,
        band=_area([(x(r.on), y(r.low_idr), y(r.high_idr)) for r in season]) if len(season) > 1 else "",
        fan=_area([(here[0], here[1], here[1]), *((x(r.on), y(r.low_idr), y(r.high_idr)) for r in ahead)])
        if ahead
        else "",
        fan_middle=_path([here, *((x(r.on), y(r.middle_idr or r.low_idr)) for r in ahead)]) if ahead else "",
    )


def price_ticks(prices: Iterable[float], lines: int = LINES) -> list[float]:
    """Round prices, at most `lines`, from below the least to above the greatest."""
    known = list(prices)
    low, high = min(known), max(known)
    reach = max(high - low, high * 0.02, 1.0)
    size = 10 ** floor(log10(reach / lines))
    for step in (size * factor for factor in (1, 2, 2.5, 5, 10, 20, 25, 50)):
        bottom, top = floor(low / step) * step, ceil(high / step) * step
        if top == bottom:
            top += step
        if round((top - bottom) / step) + 1 <= lines:
            return [bottom + n * step for n in range(round((top - bottom) / step) + 1)]
    raise AssertionError("a step of fifty times the size always fits")


def date_ticks(first: date, end: date, width: float, x: PlaceOf) -> list[DateTick]:
    """Ticks at years, quarters, months or weeks, as many as fit side by side."""
    days = (end - first).days
    fit = max(2, int(width / 62))
    if days <= 70:
        every = max(1, ceil(days / fit))
        return [DateTick(x(on), on, "day") for on in (first + timedelta(days=n) for n in range(0, days - 1, every))]
    months = days / 30.4
    stride = next(n for n in (1, 2, 3, 6, 12, 24, 60, 120) if months / n <= fit)
    ticks: list[DateTick] = []
    year, month = first.year, 1
    while (on := date(year, month, 1)) < end:
        if on >= first and x(on) <= width - 20:
            # The year is said in January, and at the first tick unless January comes next to it.
            named = month <= stride or (not ticks and month + stride <= 12)
            ticks.append(DateTick(x(on), on, "year" if stride >= 12 else "month and year" if named else "month"))
        month += stride
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return ticks


def lean_seasons(first: date, last: date) -> list[tuple[date, date]]:
    """Rice's lean seasons of the corridor, September to February, that touch the days from `first` to `last`."""
    found = [(date(year, 9, 1), date(year + 1, 3, 1)) for year in range(first.year - 1, last.year + 1)]
    return [(a, b) for a, b in found if b > first and a <= last]


def thinned(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """What changes the picture: of each pixel column its first, lowest, highest and last place; of a flat, its ends."""
    columns: dict[int, list[tuple[float, float]]] = {}
    for place in places:
        columns.setdefault(int(place[0]), []).append(place)
    kept: list[tuple[float, float]] = []
    for column in columns.values():
        ys = [y for _, y in column]
        wanted = {0, ys.index(min(ys)), ys.index(max(ys)), len(ys) - 1}
        kept += [place for n, place in enumerate(column) if n in wanted]
    return [
        place
        for n, place in enumerate(kept)
        if not 0 < n < len(kept) - 1 or not kept[n - 1][1] == place[1] == kept[n + 1][1]
    ]


def _near(price: float, points: Sequence[Point]) -> bool:
    """Whether an official price lies near enough to the series to be drawn without flattening it."""
    low, high = min(p.price_idr for p in points), max(p.price_idr for p in points)
    return low / 1.6 <= price <= high * 1.6


def _runs(points: Sequence[Point], gap_after_days: int) -> Iterable[list[Point]]:
    run: list[Point] = []
    for point in points:
        if run and (point.on - run[-1].on).days > gap_after_days:
            yield run
            run = []
        run.append(point)
    yield run


def _path(places: Sequence[tuple[float, float]]) -> str:
    head, *rest = places
    return f"M{head[0]:g} {head[1]:g}" + "".join(f"L{x:g} {y:g}" for x, y in rest)


def _area(reaches: Sequence[tuple[float, float, float]]) -> str:
    """The outline between low and high of places from left to right."""
    outline = [(x, high) for x, _, high in reaches] + [(x, low) for x, low, _ in reversed(reaches)]
    return _path(outline) + "Z"


def _steps(steps: Sequence[Step], end: date, x: PlaceOf, y: HeightOf) -> str:
    """One path through all steps; where one follows the other without a gap, the riser is drawn too."""
    path, before = "", None
    for step in sorted(steps, key=lambda step: step.since):
        until = step.until + timedelta(days=1) if step.until and step.until < end else end
        joined = before is not None and step.since <= before
        path += f"{'L' if joined else 'M'}{x(step.since):g} {y(step.price_idr):g}H{x(until):g}"
        before = until
    return path


def _step_labels(
    frame: Frame, steps: Sequence[Step], end: date, x: PlaceOf, y: HeightOf, line: Sequence[tuple[float, float]]
) -> list[Label]:
    """Each step's words on the side of its line where the price is not; none where there is no room for them."""
    placed: list[Label] = []
    boxes: list[tuple[float, float, float]] = []  # from, to, baseline
    for step in sorted(steps, key=lambda step: x(step.until or end) - x(step.since), reverse=True):
        left, right, at = x(step.since), x(step.until or end), y(step.price_idr)
        wide = len(step.words) * CHARACTER_PX
        if right - left < 24 or wide > frame.right:
            continue
        start = min(left + 8, frame.right - wide)
        near = [py for px, py in line if start - 4 <= px <= start + wide + 4]
        above, below = at - 8, at + 18
        order = sorted((above, below), key=lambda base: -min((abs(py - (base - 4)) for py in near), default=99.0))
        for base in order:
            free = all(start > b or start + wide < a or abs(base - c) > 14 for a, b, c in boxes)
            if frame.top + 10 <= base <= frame.bottom - 4 and free:
                placed.append(Label(round(start, 1), round(base, 1), step.words))
                boxes.append((start, start + wide, base))
                break
    return placed


def _spread(flags: Sequence[Flag], first: date, last: date, *, days_apart: float) -> list[Flag]:
    """The flags from first to last that do not stand on each other's feet; of two that would, the later stays."""
    kept: list[Flag] = []
    for flag in reversed([flag for flag in flags if first <= flag.on <= last]):
        if not kept or (kept[-1].on - flag.on).days >= days_apart:
            kept.append(flag)
    return kept[::-1]


def _flag(frame: Frame, x: float, y: float, flag: Flag) -> tuple[float, float, float, Flag]:
    head = max(frame.top + 24.0, y - 52)
    return (x, round(y - 3, 1), round(min(head, y - 16), 1), flag)


def _gap_label(gap: tuple[float, float, float]) -> tuple[float, float]:
    """Where two lines of words say the gap: beside it, or above it where it is too short for them."""
    top, bottom = sorted(gap[1:])
    return gap[0] + 6, round((top + bottom) / 2 if bottom - top > 48 else top - 24, 1)


def _flag_label(frame: Frame, heads: Sequence[tuple[float, float, float, Flag]]) -> Label | None:
    """The words of the latest flag, on the side of it that is free of other flags and within the frame."""
    if not heads:
        return None
    x, _, head, flag = heads[-1]
    wide = len(flag.words) * CHARACTER_PX + 12
    if x - wide > 0 and all(other < x - wide for other, *_ in heads[:-1]):
        return Label(round(x - 9, 1), round(head - 1, 1), flag.words, "end")
    if x + wide < frame.right:
        return Label(round(x + 9, 1), round(head - 1, 1), flag.words, "start")
    return None
