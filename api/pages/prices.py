"""Prices in the console: the board of all areas, and for each commodity and province its chart, table and alerts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Annotated, Any, Literal
from uuid import UUID

from babel.dates import format_date
from fastapi import APIRouter, Depends, Query, Request, Response
from openpyxl import Workbook
from sqlmodel import Session

from api.dependencies import SessionDep, Viewer, allow
from api.pages import konsol_frame, prices_outlook, words
from api.pages.rendering import _, language_of, page
from api.pages.words import Language
from core.errors import NotFound
from prices import alerts, charts, exports, overview
from prices.alerts import Alert
from prices.areas import NATION
from prices.changes import changes, observed
from prices.charts import MID, SLIM, WIDE, Chart, Flag, Frame, Point, Step
from prices.episodes import gap_percent
from prices.months import first_day
from prices.observations import JAKARTA, Known, Series, all_series, known
from prices.outlook import Outlook
from prices.overview import Entry
from prices.references import DatedReference, in_force

router = APIRouter(prefix="/konsol/harga", include_in_schema=False)

FiguresDep = Annotated[Viewer, Depends(allow("figures:read"))]
COMMODITY_OF = {"beras": "rice", "jagung": "corn", "pisang": "banana", "ayam": "chicken"}
SLUG_OF = {commodity: slug for slug, commodity in COMMODITY_OF.items()}
RANGES = {"3b": 92, "1t": 366, "2t": 731, "semua": None}
ROWS_A_PAGE = 60


def goods(commodity: str, grade: str | None = None) -> Any:
    """A commodity with its grade in words: "Beras medium"."""
    known_words = {
        ("rice", "medium"): _("Beras medium"),
        ("rice", "premium"): _("Beras premium"),
        ("rice", "sphp"): _("Beras SPHP"),
        ("rice", "mean_of_six"): _("Beras, rata-rata enam mutu"),
        ("chicken", "carcass"): _("Daging ayam"),
        ("chicken", "bird"): _("Ayam ras per ekor"),
        ("chicken", "village_bird"): _("Ayam kampung"),
        ("corn", "shelled"): _("Jagung pipilan"),
    }
    plain = {"rice": _("Beras"), "corn": _("Jagung"), "banana": _("Pisang"), "chicken": _("Ayam")}
    if grade is None or (commodity, grade) in known_words:
        return known_words.get((commodity, grade or ""), plain[commodity])
    return _("%(goods)s %(grade)s", goods=plain[commodity], grade=grade)


def grade_words(series: Series) -> Any:
    """A series' grade by itself, for the choice of grades; one that is not ours in the source's own words."""
    return {
        None: _("mutu tidak disebut"),
        "medium": _("medium"),
        "premium": _("premium"),
        "sphp": "SPHP",
        "mean_of_six": _("rata-rata enam mutu"),
        "carcass": _("karkas"),
        "bird": _("per ekor"),
        "village_bird": _("kampung"),
        "shelled": _("pipilan"),
    }.get(series.grade, series.name)


def address(entry: Entry) -> str:
    """Where an entry of the board leads."""
    base = f"/konsol/harga/{SLUG_OF[entry.commodity]}/{overview.slug(entry.area)}"
    return f"{base}?seri={entry.series.id}" if entry.series else base


def _frame(request: Request, session: SessionDep, viewer: Viewer) -> dict[str, Any]:
    """What every console page gives its frame."""
    return konsol_frame.frame(request, session, viewer) | {
        "at": "harga",
        "goods": goods,
        "grade_words": grade_words,
        "address": address,
        "slug_of": SLUG_OF,
        "nation": NATION,
    }


@router.get("")
def board(request: Request, session: SessionDep, viewer: FiguresDep) -> Response:
    """All areas side by side: last price, changes, official price, alerts."""
    now = datetime.now(UTC)
    entries = overview.board(session)
    return page(
        request,
        "konsol/harga_papan.html",
        now=now,
        title=_("Harga"),
        entries=entries,
        today=(now + JAKARTA).date(),
        standing=alerts.listed(session, ended=False),
        **_frame(request, session, viewer),
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The series a page is about, with the others that could be chosen."""

    series: Series | None
    grades: list[tuple[str | None, Series]]  # each grade with the series that speaks for it
    sources: list[Series]  # of the same grade


def choose(found: Sequence[Series], grade: str | None, series_id: UUID | None) -> Chosen:
    """The asked series, else the best of the asked grade, else the best of the grade listed first."""
    grades: dict[str | None, list[Series]] = {}
    for series in found:
        grades.setdefault(series.grade, []).append(series)
    if not grades:
        return Chosen(None, [], [])
    asked = next((series for series in found if series.id == series_id), None)
    if asked is None:
        listed = overview.LISTED_GRADES[found[0].commodity or "rice"]
        first = next((g for g in listed if g in grades), None)
        wanted = grade if grade and grade in grades else first if first in grades else next(iter(grades))
        asked = overview.best(grades[wanted])
    order = {g: n for n, g in enumerate(overview.LISTED_GRADES[asked.commodity or "rice"])}
    chosen = sorted(grades, key=lambda g: (order.get(g or "", 99), g or ""))
    sources = sorted(grades[asked.grade], key=lambda s: s.last_on, reverse=True)
    return Chosen(asked, [(g, overview.best(grades[g])) for g in chosen], sources)


@router.get("/{commodity}/{province}")
def commodity_page(
    request: Request,
    session: SessionDep,
    viewer: FiguresDep,
    commodity: Literal["beras", "jagung", "pisang", "ayam"],
    province: str,
    mutu: str | None = None,
    seri: UUID | None = None,
    rentang: Literal["3b", "1t", "2t", "semua"] = "2t",
    lihat: Literal["keadaan", "tabel", "peringatan"] = "keadaan",
    halaman: Annotated[int, Query(ge=1, alias="page")] = 1,
    format: Literal["csv", "xlsx"] | None = None,
) -> Response:
    """One commodity in one province: chart, table twin, record of alerts, or the figures as a file."""
    now = datetime.now(UTC)
    today = (now + JAKARTA).date()
    ours = COMMODITY_OF[commodity]
    entries = overview.board(session, detailed=False)
    area = next((entry.area for entry in entries if overview.slug(entry.area) == province), None)
    if area is None:
        raise NotFound("There is no such province among those with prices.", province=province)
    found = [s for s in all_series(session, area=area, commodity=ours) if not s.market]
    chosen = choose(found, mutu, seri)
    frame = _frame(request, session, viewer) | {"entries": entries, "area": area, "commodity": ours, "today": today}
    if chosen.series is None:
        title = _("%(goods)s, %(area)s", goods=goods(ours), area=area)
        return page(request, "konsol/harga_kosong.html", now=now, title=title, **frame)
    series = chosen.series
    values = known(session, series.id)
    if format:
        return _download(series, values, format)
    official = overview.ceilings(session, series)
    raised = alerts.listed(session, series_id=series.id)
    title = _("%(goods)s, %(area)s", goods=goods(ours, series.grade), area=area)
    tab = "tabel" if lihat == "tabel" else "peringatan" if lihat == "peringatan" else "keadaan"
    seen = observed(values)
    weighed = prices_outlook.outlook_of(series, values, official, today)
    context = frame | {
        "advised": None,
        "weighed": weighed,
        "verdict": prices_outlook.verdict,
        "first_day": first_day,
        "title": title,
        "series": series,
        "chosen": chosen,
        "tab": tab,
        "last": seen[-1] if seen else None,
        "changes": changes(seen, series.frequency),
        "spread": _spread(session, series, seen),
        "reference": in_force(official, seen[-1].on) if seen else None,
        "standing": next((alert for alert in raised if alert.state != "ended"), None),
        "raised": raised,
        "rentang": rentang,
        "ranges": list(RANGES),
        "why_none": _why_no_reference(series, official),
    }
    if tab == "keadaan":
        context["drawn"] = _charts(series, values, official, raised, weighed, RANGES[rentang], language_of(request))
        context["advised"] = prices_outlook.advice(session, series, values, official, today)
    elif tab == "tabel":
        pages = max(1, -(-len(values) // ROWS_A_PAGE))
        at = min(halaman, pages)
        cut = values[::-1][(at - 1) * ROWS_A_PAGE : at * ROWS_A_PAGE]
        context |= {"page_number": at, "pages": pages, "total": len(values)}
        context["rows"] = [(value, *_against(value, official)) for value in cut]
    return page(request, "konsol/harga.html", now=now, **context)


def _against(value: Known, official: Sequence[DatedReference]) -> tuple[DatedReference | None, Any]:
    reference = in_force(list(official), value.on)
    return reference, None if reference is None else gap_percent(value.price_idr, reference) / 100


def _why_no_reference(series: Series, official: Sequence[DatedReference]) -> Any:
    """Why a series is held against no official price, in words; empty where it is."""
    if official:
        return ""
    if series.commodity == "banana":
        return _("Pisang tidak punya harga acuan resmi.")
    if series.grade == "mean_of_six":
        return _("Rata-rata enam mutu tidak dibandingkan dengan HET beras medium: mutunya lain.")
    return _("Tidak ada harga acuan resmi untuk mutu dan tingkat ini.")


def _spread(session: Session, series: Series, seen: Sequence[Known]) -> tuple[str, Any] | None:
    """The other area of the corridor with the same series, and the difference to it on the last day both have."""
    if not seen or series.area == NATION:
        return None
    for other in all_series(session, commodity=series.commodity):
        same = (other.source, other.name, other.level, other.frequency, other.market)
        if same != (series.source, series.name, series.level, series.frequency, series.market):
            continue
        if other.id == series.id or other.area == NATION:
            continue
        prices = {value.on: value.price_idr for value in observed(known(session, other.id))}
        if seen[-1].on in prices:
            return other.area, seen[-1].price_idr - prices[seen[-1].on]
    return None


def _charts(
    series: Series,
    values: Sequence[Known],
    official: Sequence[DatedReference],
    raised: Sequence[Alert],
    weighed: Outlook | None,
    days: int | None,
    language: Language,
) -> list[tuple[str, Chart, list[tuple[float, str]], list[tuple[float, str, str]]]]:
    """The chart for three widths, each with the words of its axes; empty where nothing was observed."""
    seen = observed(values)
    if not seen:
        return []
    since = seen[-1].on - timedelta(days=days) if days else date.min
    points = [Point(value.on, float(value.price_idr)) for value in seen if value.on >= since]
    doubtful = [Point(v.on, float(v.price_idr)) for v in values if v.kind == "suspicious" and v.on >= since]
    band, fan, flags = prices_outlook.marks(weighed, language)
    drawn: list[tuple[str, Chart, list[tuple[float, str]], list[tuple[float, str, str]]]] = []
    for name, frame in (("wide", WIDE), ("mid", MID), ("slim", SLIM)):
        chart = charts.draw(
            frame,
            points,
            steps=[_step(reference, language, frame) for reference in official],
            flags=[*flags, *(_flag(alert, language) for alert in raised)],
            band=band,
            fan=fan,
            doubtful=doubtful,
            lean=charts.lean_seasons(points[0].on, points[-1].on + timedelta(days=200))
            if series.commodity == "rice"
            else (),
            gap_after_days=14 if series.frequency == "daily" else 62,
        )
        if chart is None:
            return []
        prices = [(y, words.rupiah(price, language)) for y, price in chart.prices]
        drawn.append((name, chart, prices, _date_labels(chart, language)))
    return drawn


def _step(reference: DatedReference, language: Language, frame: Frame) -> Step:
    price = words.rupiah(reference.ceiling_idr, language)
    decree = re.split(r"\s*[(;]|\s-\s", reference.decree)[0]
    said = f"{reference.instrument} {price}" + (f", {decree}" if frame is not SLIM else "")
    return Step(reference.effective_from, reference.effective_to, float(reference.ceiling_idr), said)


def _flag(alert: Alert, language: Language) -> Flag:
    said = format_date(alert.began_on, "d MMM y", locale=language)
    return Flag(alert.began_on, float(alert.price_idr), said, lasting=alert.state != "ended")


def _date_labels(chart: Chart, language: Language) -> list[tuple[float, str, str]]:
    patterns = {"year": "y", "month and year": "MMM y", "month": "MMM", "day": "d MMM"}
    return [
        (tick.x, format_date(tick.on, patterns[tick.label], locale=language), "start" if tick.x < 12 else "middle")
        for tick in chart.dates
    ]


def _download(series: Series, values: Sequence[Known], kind: str) -> Response:
    """The series as a file of our own layout, which can be imported again."""
    name = f"harga-{overview.slug(series.area)}-{overview.slug(series.name)}-{series.frequency}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    rows = exports.table(series, values)
    if kind == "csv":
        return Response(exports.as_csv([rows]), media_type="text/csv; charset=utf-8", headers=headers)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("harga")
    for number, row in enumerate(rows):
        sheet.append(row if number == 0 else [*row[:8], float(row[8]), row[9]])
    out = BytesIO()
    book.save(out)
    kind_of_book = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Response(out.getvalue(), media_type=kind_of_book, headers=headers)
