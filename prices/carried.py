"""The figures that come with the project, for a demo: real prices, official prices, with their sources beside them."""

from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from prices import alerts
from prices.observations import import_file
from prices.references import import_references

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
