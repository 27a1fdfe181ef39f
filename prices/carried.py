"""The figures that come with the project, for a demo: real prices, official prices, with their sources beside them."""

from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from prices import alerts
from prices.cover import Demand, read_demands
from prices.observations import import_file
from prices.reference_files import Reference, read_references
from prices.references import import_references
from prices.seasons import lebaran_dates

FOLDER = Path(__file__).parent / "data"
PRICE_FILES = ("corridor.csv", "wfp_national_monthly.csv")


def load(session: Session, *, now: datetime) -> int:
    """Take in all carried-over figures, in the caller's transaction; how many prices were new.

    A second time none is.
    """
    import_references(session, FOLDER / "reference_prices.csv")
    new = sum(import_file(session, FOLDER / name, now=now).new for name in PRICE_FILES)
    alerts.refresh(session, now=now)
    return new


def official_prices() -> list[Reference]:
    """The official prices that come with the project, for where there is no database."""
    return read_references((FOLDER / "reference_prices.csv").read_bytes()).references


def lebaran() -> list[date]:
    """The first days of Eid al-Fitr that are known, in order."""
    return sorted(lebaran_dates((FOLDER / "lebaran.csv").read_text(encoding="utf-8")).values())


def demands() -> list[Demand]:
    """What sources say an area needs of a commodity; they conflict, and all are kept."""
    return read_demands((FOLDER / "demand.csv").read_text(encoding="utf-8"))
