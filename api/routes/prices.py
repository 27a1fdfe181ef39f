"""Prices over HTTP: series with their age and imputed share, values as known at any time, alerts, imports."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile
from pydantic import AwareDatetime, BaseModel, Field

from api.dependencies import SessionDep, Viewer, allow
from core.errors import NotFound
from prices import alerts, observations
from prices.importers import Remark
from prices.observations import JAKARTA, ImportReport, Series

router = APIRouter(prefix="/api/v1/prices", tags=["prices"])

FiguresDep = Annotated[Viewer, Depends(allow("figures:read"))]
ImporterDep = Annotated[Viewer, Depends(allow("prices:import"))]
Words = Annotated[str, Query(max_length=120, pattern="^[^\\x00]*$")]
Commodity = Literal["rice", "corn", "banana", "chicken"]


class SeriesTold(BaseModel):
    """One commodity of one grade at one level in one area or market from one source. Prices are IDR per `unit`."""

    id: UUID
    source: str
    terms: str = Field(description="what the publisher says about use")
    area: str
    market: str
    name: str = Field(description="in the source's own words")
    level: str
    frequency: Literal["daily", "monthly"]
    commodity: str | None
    grade: str | None
    unit: str
    first_on: date
    last_on: date
    observed_on: date | None = Field(description="the last day that somebody observed")
    observations: int
    imputed_share: float = Field(ge=0, le=1, description="the part carried forward or imputed")
    suspicious: int
    age_days: int
    stale: bool = Field(description="too old to act on: over 7 days, over 2 months for monthly series")


class ValueTold(BaseModel):
    """A price of a day; of a month, its first."""

    on: date
    price_idr: Decimal
    kind: Literal["observed", "carried_forward", "imputed", "suspicious"]


class SeriesWithValues(SeriesTold):
    """A series with its values as they are known, or were known at `as_known_at`."""

    as_known_at: AwareDatetime | None
    values: list[ValueTold]


class AlertTold(BaseModel):
    """A price above the official price of its grade, level and province, with the figures of its first day."""

    id: UUID
    state: Literal["open", "suspended", "ended"]
    series_id: UUID
    source: str
    area: str
    name: str
    commodity: str
    grade: str | None
    began_on: date
    ended_on: date | None
    stale_on: date | None = Field(description="since then the data are too old to hold it up")
    raised_at: AwareDatetime
    price_idr: Decimal
    gap_percent: Decimal
    reference_idr: Decimal
    instrument: str
    decree: str


class RemarkTold(BaseModel):
    """A line of a file, and why it was refused or is suspicious."""

    line: int
    reason: str
    text: str


class ImportTold(BaseModel):
    """What became of a file. The values of `counts` add up to `rows_read`."""

    file: str
    layout: str
    import_id: UUID | None
    dry_run: bool
    rows_read: int
    counts: dict[str, int]
    new: int
    corrected: int
    unchanged: int
    series: int
    first_on: date | None
    last_on: date | None
    refused: list[RemarkTold]
    suspicious: list[RemarkTold]
    notices: list[str]
    alerts_raised: int


def _facts(series: Series, today: date) -> dict[str, Any]:
    facts = {name: getattr(series, name) for name in SeriesTold.model_fields if hasattr(series, name)}
    return facts | {
        "imputed_share": round(series.filled_share, 4),
        "age_days": series.age_days(today),
        "stale": series.is_stale(today),
    }


def _today() -> date:
    return (datetime.now(UTC) + JAKARTA).date()


@router.get("/series")
def list_series(
    session: SessionDep,
    _viewer: FiguresDep,
    area: Words | None = None,
    commodity: Commodity | None = None,
) -> list[SeriesTold]:
    """The series that hold something, by area, commodity and name."""
    today = _today()
    found = observations.all_series(session, area=area, commodity=commodity)
    return [SeriesTold(**_facts(series, today)) for series in found]


@router.get("/series/{series_id}")
def one_series(
    session: SessionDep,
    _viewer: FiguresDep,
    series_id: UUID,
    since: date | None = None,
    until: date | None = None,
    as_known_at: AwareDatetime | None = None,
) -> SeriesWithValues:
    """A series with its values in order of day, as known now or at an instant."""
    found = observations.all_series(session, series_id=series_id)
    if not found:
        raise NotFound("There is no such price series.", series_id=str(series_id))
    values = observations.known(session, series_id, since=since, until=until, as_known_at=as_known_at)
    told = [ValueTold.model_validate(value, from_attributes=True) for value in values]
    return SeriesWithValues(**_facts(found[0], _today()), as_known_at=as_known_at, values=told)


@router.get("/alerts")
def list_alerts(
    session: SessionDep, _viewer: FiguresDep, state: Literal["open", "suspended", "ended"] | None = None
) -> list[AlertTold]:
    """The alerts, the latest first. A suspended one is above its official price as far as old data tell."""
    found = alerts.listed(session, ended=state in (None, "ended"))
    return [AlertTold.model_validate(alert, from_attributes=True) for alert in found if state in (None, alert.state)]


@router.post("/imports", status_code=201, responses={200: {"model": ImportTold, "description": "only tried"}})
def import_prices(
    session: SessionDep,
    viewer: ImporterDep,
    response: Response,
    file: Annotated[UploadFile, File(description="CSV of a layout that docs/prices.md names")],
    area: Annotated[
        str | None, Form(max_length=120, pattern="^[^\\x00]*$", description="where the file itself does not say it")
    ] = None,
    dry_run: Annotated[bool, Form(description="say what would be taken, write nothing")] = False,
) -> ImportTold:
    """Take in a price file: every refused row is told with its line and reason. The same file again changes nothing."""
    now = datetime.now(UTC)
    report = observations.import_file(
        session,
        file.file.read(),
        file.filename,
        now=now,
        area=area or None,
        account_id=viewer.account_id,
        dry_run=dry_run,
    )
    raised = 0
    if dry_run:
        response.status_code = 200
    else:
        raised = alerts.refresh(session, now=now).opened
    return _import_told(report, raised)


def _import_told(report: ImportReport, raised: int) -> ImportTold:
    def told(kind: str) -> list[RemarkTold]:
        return [_remark(remark) for remark in report.remarks if remark.kind == kind]

    return ImportTold(
        file=report.file_name,
        layout=report.layout,
        import_id=report.import_id,
        dry_run=report.dry_run,
        rows_read=report.rows_read,
        counts=report.counts,
        new=report.new,
        corrected=report.corrected,
        unchanged=report.unchanged,
        series=report.series,
        first_on=report.first_on,
        last_on=report.last_on,
        refused=told("refused"),
        suspicious=told("suspicious"),
        notices=report.notices,
        alerts_raised=raised,
    )


def _remark(remark: Remark) -> RemarkTold:
    return RemarkTold(line=remark.line, reason=remark.reason, text=remark.text)
