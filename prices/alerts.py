"""One kind of alert: a price above the official price of the same grade, level and province, dated.

Raised once when the first observed value stands above, ended when one no longer does. Copies carried forward, imputed
and suspicious values raise none. Data too old to act on (over 7 days, over 2 months for monthly series) hold no alert
up: an open one is suspended and says since when.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from sqlmodel import Session

from core.database import Row, raw, rows, run
from core.identifiers import uuid7
from prices.episodes import Episode, episodes
from prices.observations import JAKARTA, Series, all_series, known
from prices.references import references_of

KIND = "above_reference"
CEILINGS = ("HET", "HAP")  # HPP is what farmers are to be paid at least: being above it is no alarm
_LISTED = (Path(__file__).parent / "sql" / "alerts_listed.sql").read_text()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh changed, and which series it did not judge because their data are too old."""

    opened: int
    ended: int
    suspended: int
    resumed: int
    stale_series: list[str]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert with its series and its official price. `state` is open, suspended (data too old) or ended."""

    id: UUID
    state: str
    series_id: UUID
    source: str
    area: str
    name: str
    commodity: str
    grade: str | None
    began_on: date
    ended_on: date | None
    stale_on: date | None
    raised_at: datetime
    price_idr: Decimal
    gap_percent: Decimal
    reference_idr: Decimal
    instrument: str
    decree: str


def refresh(session: Session, *, now: datetime) -> Refreshed:
    """Bring all alerts in step with the prices and official prices as they are known, in the caller's transaction.

    An alert once raised keeps its figures and is never deleted. Running it again changes nothing.
    """
    today = (now + JAKARTA).date()
    opened = ended = suspended = resumed = 0
    stale: list[str] = []
    run(raw(session), "SELECT pg_advisory_xact_lock(hashtext('prices.alerts.refresh'))")
    for series in all_series(session, ours_only=True):
        if series.unit != "kg" or series.market:
            continue
        official = [
            reference
            for reference in references_of(session, series.commodity or "", series.grade, series.level, series.area)
            if reference.instrument in CEILINGS
        ]
        if not official:
            continue
        old = series.is_stale(today)
        if old:
            stale.append(f"{series.name}, {series.area} ({series.source})")
        found = episodes(known(session, series.id), official)
        begun, over = _keep(session, series, found, now)
        opened, ended = opened + begun, ended + over
        stale_on = today - timedelta(days=series.age_days(today) - series.stale_after_days - 1) if old else None
        changed = run(
            raw(session),
            "UPDATE price_alert SET stale_on = %s"
            " WHERE series_id = %s AND kind = %s AND ended_on IS NULL AND stale_on IS DISTINCT FROM %s",
            [stale_on, series.id, KIND, stale_on],
        )
        suspended, resumed = suspended + changed * old, resumed + changed * (not old)
    return Refreshed(opened, ended, suspended, resumed, stale)


def _keep(session: Session, series: Series, found: list[Episode], now: datetime) -> tuple[int, int]:
    """Write the episodes that no alert covers yet, end the alerts that are over; how many of each.

    An open alert whose days were corrected away ends on the day it began: it was never so.
    """
    connection = raw(session)
    kept = rows(
        connection,
        "SELECT id, began_on, ended_on FROM price_alert WHERE series_id = %s AND kind = %s",
        [series.id, KIND],
    )
    new: list[Episode] = []
    ended = 0
    for episode in found:
        covering = [row for row in kept if _overlap(row, episode)]
        if not covering:
            new.append(episode)
        for row in covering:
            if row["ended_on"] is None and episode.ended_on is not None:
                row["ended_on"] = episode.ended_on
                ended += _end(session, row["id"], episode.ended_on)
    lasting = [episode for episode in found if episode.ended_on is None]
    for row in kept:
        if row["ended_on"] is None and not any(_overlap(row, episode) for episode in lasting):
            ended += _end(session, row["id"], row["began_on"])
    for episode in new:
        run(
            connection,
            "INSERT INTO price_alert (id, series_id, kind, commodity, began_on, ended_on, raised_at, reference_id,"
            " price_idr, gap_percent) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                uuid7(),
                series.id,
                KIND,
                series.commodity,
                episode.began_on,
                episode.ended_on,
                now,
                episode.reference_id,
                episode.price_idr,
                episode.gap_percent,
            ],
        )
    return len(new), ended


def _overlap(row: Row, episode: Episode) -> bool:
    begins_before_end = row["ended_on"] is None or episode.began_on < row["ended_on"]
    return begins_before_end and (episode.ended_on is None or row["began_on"] < episode.ended_on)


def _end(session: Session, alert_id: UUID, on: date) -> int:
    return run(raw(session), "UPDATE price_alert SET ended_on = %s, stale_on = NULL WHERE id = %s", [on, alert_id])


def listed(session: Session, *, series_id: UUID | None = None, ended: bool = True) -> list[Alert]:
    """Alerts with their series and official price, the latest first; without the ended ones if `ended` is false."""
    found = rows(raw(session), _LISTED, {"series_id": series_id, "ended": ended})
    return [Alert(**row) for row in found]
