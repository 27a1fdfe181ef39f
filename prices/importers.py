"""Price files into observations: nothing believed too easily, nothing lost in silence. Pure.

`read()` takes a file's bytes and gives back every row either as an observation or counted as blank, repeated or
refused with its line and reason; `judge()` then marks what is too far from its neighbours.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from prices import layouts, rows
from prices.areas import canonical, named_in, plain
from prices.cells import DayOrder, NumberStyle, Unreadable, day_order, is_missing, parse_day, parse_month, parse_price
from prices.layouts import Frequency, Layout
from prices.outliers import Value, suspicions
from prices.rows import UnreadableFile
from prices.vocabulary import meaning, words_of_slug

LONGEST_TEXT = 300  # of a refused row that is kept
KINDS = ("observed", "carried_forward", "imputed", "suspicious")


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """What makes a series one series."""

    source: str
    area: str
    market: str
    name: str  # in the source's own words
    level: str
    frequency: Frequency


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What else a file says, or implies, of a series."""

    unit: str
    commodity: str | None
    grade: str | None
    terms: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One price of one day (for monthly series the first of the month), and the line it stands on."""

    series: SeriesKey
    on: date
    price_idr: Decimal
    kind: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A line that was refused, or taken as suspicious, and why."""

    line: int
    kind: str  # refused, suspicious
    reason: str
    text: str


@dataclass(slots=True)
class Reading:
    """All that a file holds. rows_read = len(observations) + blank + repeated + refused, always."""

    layout: str
    rows_read: int = 0
    series: dict[SeriesKey, SeriesFacts] = field(default_factory=dict[SeriesKey, SeriesFacts])
    observations: list[Observation] = field(default_factory=list[Observation])
    remarks: list[Remark] = field(default_factory=list[Remark])
    blank: int = 0
    repeated: int = 0
    notices: list[str] = field(default_factory=list[str])

    @property
    def counts(self) -> dict[str, int]:
        """Rows by what became of them; the values add up to `rows_read`."""
        kinds = Counter(observation.kind for observation in self.observations)
        refused = sum(remark.kind == "refused" for remark in self.remarks)
        return {
            **{kind: kinds[kind] for kind in KINDS},
            "blank": self.blank,
            "repeated": self.repeated,
            "refused": refused,
        }


@dataclass(frozen=True, slots=True)
class _Row:
    """A line cut into its cells by column name."""

    line: int
    text: str
    cells: dict[str, str]


def read(content: bytes, *, file_name: str = "", area: str | None = None, today: date) -> Reading:
    """Every observation of a price file, with what was refused and why; nothing is judged suspicious yet.

    The layout is known by the header. `area` says where the prices are from where no column does; else a province in
    `file_name`, else the series carry the file's name as their area. Days after tomorrow are refused.
    Raises UnreadableFile: empty, too large, not text, or of no known layout.
    """
    lines = rows.lines_of(content)
    start, delimiter, cells = rows.header_of(lines)
    header = [layouts.column_name(cell) for cell in cells]
    layout = layouts.recognise(header)
    if layout is None:
        if set(header) >= layouts.WFP_MARKETS:
            return _list_of_markets(lines, start)
        raise UnreadableFile("no known layout has these columns: " + ", ".join(header)[:LONGEST_TEXT])
    if len(set(header)) < len(header):
        raise UnreadableFile("two columns have the same name: " + ", ".join(header)[:LONGEST_TEXT])
    reading = Reading(layout.name)
    if unknown := [column for column in header if column not in layout.known]:
        reading.notices.append("columns that were not read: " + ", ".join(unknown))
    whole = rows.ends_whole(content)
    if not whole:
        reading.notices.append("the last line has no end: the file may be cut off")
    _take(reading, layout, _rows(reading, lines, start, header, delimiter, whole), file_name, area, today)
    return reading


def judge(reading: Reading, earlier: Mapping[SeriesKey, Sequence[Value]] | None = None) -> Reading:
    """The same reading with values too far from their series' neighbours marked suspicious (see prices/outliers.py).

    `earlier` holds believed values of each series from before its first day in this file, in order.
    """
    by_series: dict[SeriesKey, list[Observation]] = {}
    for observation in reading.observations:
        by_series.setdefault(observation.series, []).append(observation)
    reasons: dict[tuple[SeriesKey, date], str] = {}
    for key, observations in by_series.items():
        believable = [o for o in observations if o.kind != "suspicious"]
        values = [Value(o.on, o.price_idr, copied=o.kind != "observed") for o in sorted(believable, key=lambda o: o.on)]
        staple = reading.series[key].commodity is not None and reading.series[key].unit == "kg"
        known = (earlier or {}).get(key, ())
        for on, reason in suspicions(values, frequency=key.frequency, staple=staple, earlier=known).items():
            reasons[key, on] = reason
    judged, remarks = list[Observation](), list(reading.remarks)
    for observation in reading.observations:
        reason = reasons.get((observation.series, observation.on))
        judged.append(observation if reason is None else replace(observation, kind="suspicious"))
        if reason is not None:
            remarks.append(Remark(observation.line, "suspicious", reason, observation.text))
    remarks.sort(key=lambda remark: remark.line)
    return replace(reading, observations=judged, remarks=remarks)


def _rows(reading: Reading, lines: list[str], start: int, header: list[str], delimiter: str, whole: bool) -> list[_Row]:
    """The rows whose cells match the header; the others are counted blank or refused in `reading`."""
    found: list[_Row] = []
    for line in rows.below(lines, start, delimiter, len(header), whole=whole):
        reading.rows_read += 1
        if line.fault:
            _refuse(reading, line.number, line.fault, line.text)
        elif line.cells is None:
            reading.blank += 1
        elif [layouts.column_name(cell) for cell in line.cells[:2]] == header[:2]:
            _refuse(reading, line.number, "the header once more", line.text)
        else:
            cells = {name: cell.strip() for name, cell in zip(header, line.cells, strict=True)}
            found.append(_Row(line.number, line.text, cells))
    return found


def _refuse(reading: Reading, line: int, reason: str, text: str) -> None:
    reading.remarks.append(Remark(line, "refused", reason, text[:LONGEST_TEXT].replace("\x00", "")))


def _list_of_markets(lines: list[str], start: int) -> Reading:
    reading = Reading("wfp_markets", rows_read=len(lines) - start - 1)
    reading.notices.append("a list of WFP's markets: it holds places and no price")
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        _refuse(reading, number, "a market's place, no price", line)
    return reading


def _take(reading: Reading, layout: Layout, found: list[_Row], file_name: str, area: str | None, today: date) -> None:
    """Read every row into an observation, or count it."""
    source, fills_weekends = layouts.source_of(layout, {row.cells[layout.commodity] for row in found})
    elsewhere = canonical(area) if area else layout.default_area or named_in(file_name)
    if layout.area is None and elsewhere is None:
        elsewhere = f"tidak disebut ({file_name or 'tanpa nama'})"
        reading.notices.append("no column, option or file name says where these prices are from")
    column = _Columns(
        layout=layout,
        source=source,
        elsewhere=elsewhere,
        style=NumberStyle.of(row.cells[layout.price] for row in found),
        order=day_order(row.cells[layout.date] for row in found),
        latest=today + timedelta(days=1),  # a file made east of us may be a day ahead
    )
    taken: dict[tuple[SeriesKey, date], Observation] = {}
    units: dict[SeriesKey, Counter[str]] = {}
    unit_of_line: dict[int, str] = {}
    for row in found:
        if is_missing(row.cells[layout.price]):
            reading.blank += 1
            continue
        try:
            observation = column.observation(row)
        except Unreadable as error:
            _refuse(reading, row.line, str(error), row.text)
            continue
        key = observation.series
        first = taken.setdefault((key, observation.on), observation)
        if first is not observation:
            if first.price_idr == observation.price_idr:
                reading.repeated += 1
            else:
                reason = f"line {first.line} already gives {first.price_idr.normalize():f} for that day"
                _refuse(reading, row.line, reason, row.text)
            continue
        unit = unit_of_line[row.line] = _unit(row.cells[layout.unit]) if layout.unit else "kg"
        units.setdefault(key, Counter())[unit] += 1
    usual = {key: counter.most_common(1)[0][0] for key, counter in units.items()}
    for key, unit in usual.items():
        sense = meaning(key.name, mean_of_grades=key.source == layouts.PIHPS)
        commodity, grade = (sense.commodity, sense.grade) if sense else (None, None)
        reading.series[key] = SeriesFacts(unit, commodity, grade, layouts.TERMS.get(key.source, ""))
    for observation in _marked(taken.values(), fills_weekends):
        unit = unit_of_line[observation.line]
        if unit != usual[observation.series]:
            reason = f"per {unit}, where the series is per {usual[observation.series]}"
            reading.remarks.append(Remark(observation.line, "suspicious", reason, observation.text))
            observation = replace(observation, kind="suspicious")
        reading.observations.append(observation)


@dataclass(slots=True)
class _Columns:
    """How this file's columns are read. Cells repeat by the thousand, so what was read once is kept."""

    layout: Layout
    source: str | None
    elsewhere: str | None
    style: NumberStyle
    order: DayOrder | None
    latest: date
    _keys: dict[tuple[str, ...], SeriesKey] = field(default_factory=dict[tuple[str, ...], SeriesKey])
    _days: dict[tuple[str, str], date] = field(default_factory=dict[tuple[str, str], date])

    def observation(self, row: _Row) -> Observation:
        """One row's observation. Raises Unreadable with the reason."""
        layout, cells = self.layout, row.cells
        naming = (layout.commodity, layout.area, layout.market, layout.level, "frequency", "source")
        words = tuple(cells.get(name, "") if name else "" for name in naming)
        key = self._keys.get(words)
        if key is None:
            key = self._keys[words] = _key(layout, cells, self.source, self.elsewhere)
        if layout.currency and cells[layout.currency].upper() not in ("IDR", "RP"):
            raise Unreadable(f"the currency is {cells[layout.currency] or 'missing'}, not IDR")
        day = (key.frequency, cells[layout.date])
        on = self._days.get(day)
        if on is None:
            monthly = key.frequency == "monthly"
            on = (
                parse_month(day[1], latest=self.latest)
                if monthly
                else parse_day(day[1], self.order, latest=self.latest)
            )
            self._days[day] = on
        price = parse_price(cells[layout.price], self.style)
        return Observation(key, on, price, _kind(layout, cells), row.line, row.text[:LONGEST_TEXT])


def _key(layout: Layout, cells: Mapping[str, str], source: str | None, elsewhere: str | None) -> SeriesKey:
    name = words_of_slug(cells[layout.commodity]) if layout.slugs else " ".join(cells[layout.commodity].split())
    if not plain(name):
        raise Unreadable("the commodity is missing")
    if len(name) > 120:
        raise Unreadable("the commodity's name is longer than 120 characters")
    area = canonical(cells[layout.area]) if layout.area and cells[layout.area] else elsewhere
    if not area:
        raise Unreadable("the province is missing")
    if len(area) > 120:
        raise Unreadable("the province's name is longer than 120 characters")
    market = " ".join(cells[layout.market].split()) if layout.market else ""
    if plain(market) in ("national average", "provincial average"):
        market = ""
    frequency = layout.frequency or cells.get("frequency")
    if frequency not in ("daily", "monthly"):
        raise Unreadable("the frequency is neither daily nor monthly")
    source = source or cells.get("source")
    if not source:
        raise Unreadable("the source is missing")
    sense = meaning(name)
    level = (cells[layout.level].lower() if layout.level else None) or (sense and sense.level) or "retail"
    return SeriesKey(source, area, market, name, level, frequency)


def _kind(layout: Layout, cells: Mapping[str, str]) -> str:
    kind = cells.get("kind") or "observed" if layout is layouts.LUMBUNG else "observed"
    if kind not in KINDS:
        raise Unreadable(f"the kind {kind!r} is none of {', '.join(KINDS)}")
    return kind


def _unit(cell: str) -> str:
    unit = " ".join(cell.split())
    return {"kg": "kg", "kilogram": "kg", "l": "liter", "liter": "liter", "litre": "liter"}.get(unit.lower(), unit)


def _marked(observations: Iterable[Observation], fills_weekends: bool) -> list[Observation]:
    """The observations in the file's order, with copies of an earlier day marked `carried_forward`.

    A source that fills weekends collects on working days only: a Saturday or Sunday that repeats the day before it, or
    has none before it, is a copy. One that differs was observed after all.
    """
    in_order = list(observations)
    if not fills_weekends:
        return in_order
    before: dict[SeriesKey, Decimal] = {}
    copies: set[int] = set()
    for observation in sorted(in_order, key=lambda o: o.on):
        if observation.on.weekday() >= 5 and before.get(observation.series, observation.price_idr) == (
            observation.price_idr
        ):
            copies.add(observation.line)
        before[observation.series] = observation.price_idr
    return [replace(o, kind="carried_forward") if o.line in copies and o.kind == "observed" else o for o in in_order]
