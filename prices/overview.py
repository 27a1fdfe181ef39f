"""The board of prices: for each area and commodity the series that speaks for it, its last value, its ceiling."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session

from core.database import raw, rows
from prices import alerts
from prices.alerts import CEILINGS, Alert
from prices.areas import NATION, plain
from prices.changes import Change, changes, observed
from prices.observations import Known, Series, all_series, known
from prices.references import DatedReference, in_force, references_of
from tracking.models import COMMODITIES

# The grades that are listed by themselves; all others are a choice on their commodity's page.
LISTED_GRADES: dict[str, tuple[str, ...]] = {
    "rice": ("medium", "premium", "mean_of_six"),
    "corn": ("shelled",),
    "banana": (),
    "chicken": ("carcass",),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the board. Without a series, nothing is known of this commodity there, and that is said."""

    area: str
    commodity: str
    grade: str | None
    series: Series | None
    last: Known | None = None
    changes: tuple[Change, ...] = ()
    reference: DatedReference | None = None
    alert: Alert | None = None

    def change(self, span: str) -> Change | None:
        """The change since a week, month or year ago, where there was a value then."""
        return next((change for change in self.changes if change.span == span), None)

    @property
    def gap_share(self) -> Decimal | None:
        """How far the last value lies above the official price: 0.166 is 16,6 % above, negative below."""
        if self.last is None or self.reference is None:
            return None
        return (self.last.price_idr / self.reference.ceiling_idr - 1).quantize(Decimal("0.0001"))


def areas(session: Session, series: Sequence[Series]) -> list[str]:
    """The provinces that the corridor grows in and sells in, then every other area with series, the nation last."""
    corridor = rows(
        raw(session), "SELECT DISTINCT province FROM site WHERE kind IN ('farm', 'market') ORDER BY province"
    )
    own = [row["province"] for row in corridor]
    others = sorted({s.area for s in series} - set(own) - {NATION})
    return [*own, *others, *([NATION] if any(s.area == NATION for s in series) else [])]


def slug(area: str) -> str:
    """An area as addresses spell it: `dki-jakarta`."""
    return plain(area).replace(" ", "-")


def board(session: Session, *, detailed: bool = True) -> list[Entry]:
    """Every area with every commodity, by area. Without `detailed` only series and last value are looked up."""
    series = [s for s in all_series(session, ours_only=True) if not s.market]
    found: list[Entry] = []
    standing = {a.series_id: a for a in alerts.listed(session, ended=False)}
    for area in areas(session, series):
        for commodity in COMMODITIES:
            there = [s for s in series if s.area == area and s.commodity == commodity]
            grades = [g for g in LISTED_GRADES[commodity] if any(s.grade == g for s in there)]
            if not there:
                found.append(Entry(area, commodity, None, None))
            elif not grades:
                found.append(_entry(session, area, commodity, best(there), standing, detailed))
            for grade in grades:
                chosen = best([s for s in there if s.grade == grade])
                found.append(_entry(session, area, commodity, chosen, standing, detailed))
    return found


def best(series: Sequence[Series]) -> Series:
    """The series that speaks for a grade: the one with the latest observation, then with the most values."""
    return max(series, key=lambda s: (s.observed_on or date.min, s.observations))


def _entry(
    session: Session, area: str, commodity: str, series: Series, standing: dict[UUID, Alert], detailed: bool
) -> Entry:
    values = observed(known(session, series.id))
    last = values[-1] if values else None
    official = ceilings(session, series) if detailed else []
    return Entry(
        area=area,
        commodity=commodity,
        grade=series.grade,
        series=series,
        last=last,
        changes=tuple(changes(values, series.frequency)),
        reference=in_force(official, last.on) if last else None,
        alert=standing.get(series.id),
    )


def ceilings(session: Session, series: Series) -> list[DatedReference]:
    """The official ceilings that a series may be held against: same grade, level, province, and by the kilogram."""
    if series.unit != "kg" or not series.commodity:
        return []
    found = references_of(session, series.commodity, series.grade, series.level, series.area)
    return [reference for reference in found if reference.instrument in CEILINGS]
