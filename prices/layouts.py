"""The layouts of price files that are understood, told apart by their column names. Pure.

A layout says which column holds what and who published such files; a file's name decides nothing here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from prices.areas import NATION, plain

Frequency = Literal["daily", "monthly"]

PIHPS = "PIHPS Nasional, Bank Indonesia"
UNNAMED_PANEL = "Panel harian, penerbit tidak disebut"
BAPANAS = "Badan Pangan Nasional"
JAKARTA_OPEN_DATA = "Jakarta Open Data, Info Pangan Jakarta"
INFO_PANGAN = "Info Pangan Jakarta"
WFP = "World Food Programme"

NO_LICENCE = "tidak ada lisensi terbuka yang dinyatakan; kutip dengan sumbernya"
TERMS = {
    PIHPS: NO_LICENCE,
    UNNAMED_PANEL: NO_LICENCE,
    BAPANAS: NO_LICENCE,
    JAKARTA_OPEN_DATA: NO_LICENCE,
    INFO_PANGAN: NO_LICENCE,
    WFP: "CC BY 3.0 IGO",
}

# The ten commodities of PIHPS's province table, and how the long scrape splits chilli. A daily province file that also
# has the names below is from somebody else, and its weekends are real.
PIHPS_NAMES = frozenset(
    {
        "beras",
        "daging ayam",
        "daging sapi",
        "telur ayam",
        "bawang merah",
        "bawang putih",
        "cabai merah",
        "cabai merah besar",
        "cabai merah keriting",
        "cabai rawit",
        "cabai rawit hijau",
        "cabai rawit merah",
        "minyak goreng",
        "gula pasir",
    }
)
PANEL_NAMES = frozenset({"beras medium", "beras premium", "daging ayam ras", "telur ayam ras"})


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column holds what. `area` is the column, `default_area` what its absence means (None: must be told)."""

    name: str
    frequency: Frequency | None  # None: a column says it
    source: str | None
    date: str
    commodity: str
    price: str
    area: str | None = None
    default_area: str | None = None
    market: str | None = None
    unit: str | None = None
    level: str | None = None
    currency: str | None = None
    slugs: bool = False  # commodity is a slug, beras-kualitas-medium-i
    fills_weekends: bool = False  # PIHPS: weekend rows repeat Friday
    other: tuple[str, ...] = field(default=())  # known, and not needed

    @property
    def required(self) -> frozenset[str]:
        """The columns without which the file is not of this layout."""
        named = (self.date, self.commodity, self.price, self.area, self.market, self.level, self.currency, self.unit)
        return frozenset(column for column in named if column)

    @property
    def known(self) -> frozenset[str]:
        """Every column that belongs to this layout."""
        return self.required | frozenset(self.other)


LUMBUNG = Layout(
    name="lumbung",
    frequency=None,
    source=None,
    date="date",
    commodity="name",
    price="price_idr",
    area="area",
    market="market",
    unit="unit",
    level="level",
    other=("source", "frequency", "kind"),
)

LAYOUTS = (
    LUMBUNG,
    Layout(
        name="wfp_prices",
        frequency="monthly",
        source=WFP,
        date="month_year",
        commodity="cm_name",
        price="mp_price",
        area="adm1_name",
        default_area=NATION,
        market="mkt_name",
        unit="um_name",
        level="pt_name",
        currency="cur_name",
        other=("adm0_id", "adm0_name", "adm1_id", "mkt_id", "cm_id", "cur_id", "pt_id", "um_id"),
    ),
    Layout(
        name="pihps_graded",
        frequency="daily",
        source=PIHPS,
        date="date",
        commodity="commodity_slug",
        price="price_idr_kg",
        area="province",
        slugs=True,
        fills_weekends=True,
    ),
    Layout(
        name="province_daily",  # PIHPS or the unnamed panel: see `source_of`
        frequency="daily",
        source=None,
        date="date",
        commodity="commodity",
        price="price_idr_kg",
        area="province",
    ),
    Layout(
        name="pihps_scrape",
        frequency="daily",
        source=PIHPS,
        date="tanggal",
        commodity="komoditas",
        price="harga pangan",
        fills_weekends=True,
    ),
    Layout(
        name="bapanas_monthly",
        frequency="monthly",
        source=BAPANAS,
        date="month",
        commodity="commodity",
        price="price_idr",
        default_area=NATION,
    ),
    Layout(
        name="jakarta_open_data",
        frequency="daily",
        source=JAKARTA_OPEN_DATA,
        date="tanggal",
        commodity="komoditi",
        price="harga",
        unit="satuan",
        default_area="DKI Jakarta",
        other=("bulan", "tahun"),
    ),
    Layout(
        name="info_pangan",
        frequency="daily",
        source=INFO_PANGAN,
        date="time",
        commodity="nama_komoditas",
        price="harga",
        default_area="DKI Jakarta",
        other=("commodity_id", "unit"),  # `unit` holds the currency, Rp
    ),
)

WFP_MARKETS = frozenset({"market_id", "market", "latitude", "longitude"})


def column_name(cell: str) -> str:
    """A header cell as layouts name it: lower case, trimmed, without quotes or byte order mark."""
    return " ".join(cell.replace("\ufeff", "").strip().strip("\"'").lower().split())


def recognise(header: Sequence[str]) -> Layout | None:
    """The layout whose columns are all there (the one with most columns, if several), or None."""
    columns = {column_name(cell) for cell in header}
    fitting = [layout for layout in LAYOUTS if layout.required <= columns]
    return max(fitting, key=lambda layout: len(layout.required), default=None)


def source_of(layout: Layout, names: Collection[str]) -> tuple[str | None, bool]:
    """Who published a file of `layout` that holds these commodity names, and whether it fills weekends forward.

    The province layout is used by two publishers: PIHPS where most names are PIHPS's and none is one that it never
    uses, else the unnamed panel.
    """
    if layout.source is None and layout is not LUMBUNG:
        words = {plain(name) for name in names} - {""}
        is_pihps = not words & PANEL_NAMES and 2 * len(words & PIHPS_NAMES) > len(words)
        return (PIHPS, True) if is_pihps else (UNNAMED_PANEL, False)
    return layout.source, layout.fills_weekends
