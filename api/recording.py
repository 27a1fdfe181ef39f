"""One way in for every scan: a phone, a page without script, the demo. Tracking first, then what hubs and warehouses
make of it, in one transaction."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from core.database import raw
from core.errors import Invalid
from core.permissions import Viewer
from core.settings import Settings
from hubs import gates
from tracking import scans, tags
from tracking.scans import Outcome
from warehouses import receiving


def record(
    session: Session,
    settings: Settings,
    told: list[Any],
    viewer: Viewer,
    now: datetime,
    phone_now: datetime | None = None,
) -> list[Outcome]:
    """Record a batch of scans and what hubs and warehouses make of them, in the session's transaction."""
    if not told:
        raise Invalid("The list is empty: tell at least one scan.")
    connection = raw(session)
    outcomes = scans.record_batch(
        connection,
        told,
        who=viewer,
        now=now,
        phone_now=phone_now,
        is_right=lambda sscc, check: tags.check_tag(sscc, check, settings.tag_key),
    )
    for outcome in outcomes:
        if outcome.events:
            gates.follow(connection, outcome)
            receiving.follow(connection, outcome)
    return outcomes
