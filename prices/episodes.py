"""When a price stood above its official price: from the first value above it to the first that is not. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from prices.observations import Known
from prices.references import DatedReference, in_force


@dataclass(frozen=True, slots=True)
class Episode:
    """Days above the official price, with the figures of the first of them. `ended_on` None: not over yet."""

    began_on: date
    ended_on: date | None
    last_above_on: date
    reference_id: UUID
    price_idr: Decimal
    gap_percent: Decimal


def gap_percent(price_idr: Decimal, reference: DatedReference) -> Decimal:
    """How far a price lies above (or, negative, below) an official one, in percent of the latter."""
    return ((price_idr / reference.ceiling_idr - 1) * 100).quantize(Decimal("0.01"))


def episodes(values: Iterable[Known], references: Sequence[DatedReference]) -> list[Episode]:
    """Every episode above the official price in force on each day, in order.

    Only values that somebody observed count: copies, imputed and suspicious ones neither begin nor end anything. Where
    no official price is in force, an episode ends: there is nothing to be above.
    """
    official = list(references)
    found: list[Episode] = []
    open_: Episode | None = None
    for value in values:
        if value.kind != "observed":
            continue
        reference = in_force(official, value.on)
        above = reference is not None and value.price_idr > reference.ceiling_idr
        if above and reference is not None:
            if open_ is None:
                gap = gap_percent(value.price_idr, reference)
                open_ = Episode(value.on, None, value.on, reference.id, value.price_idr, gap)
            else:
                open_ = _with(open_, last_above_on=value.on)
        elif open_ is not None:
            found.append(_with(open_, ended_on=value.on))
            open_ = None
    return [*found, open_] if open_ else found


def _with(episode: Episode, *, last_above_on: date | None = None, ended_on: date | None = None) -> Episode:
    return Episode(
        episode.began_on,
        ended_on or episode.ended_on,
        last_above_on or episode.last_above_on,
        episode.reference_id,
        episode.price_idr,
        episode.gap_percent,
    )
