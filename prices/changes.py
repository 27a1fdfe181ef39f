"""How a price has changed: since the value before, a week, a month and a year ago. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from prices.observations import Known

SPANS = {"week": 7, "month": 30, "year": 365}
# The value "a month ago" is the last one known then, if that was not long ago already.
SLACK_DAYS = {"daily": 7, "monthly": 62}


@dataclass(frozen=True, slots=True)
class Change:
    """From a value of an earlier day to the last: `share` 0.049 is 4,9 % more."""

    span: str  # before, week, month, year
    since: date
    share: Decimal


def observed(values: Sequence[Known]) -> list[Known]:
    """The values that somebody observed, without copies, imputed and suspicious ones."""
    return [value for value in values if value.kind == "observed"]


def changes(values: Sequence[Known], frequency: str) -> list[Change]:
    """The changes up to the last of `values` (observed ones, in order); those without an earlier value are left out.

    A monthly series has no change since a week ago.
    """
    if len(values) < 2:
        return []
    last, before = values[-1], values[-2]
    found = [_change("before", before, last)]
    days = [value.on for value in values]
    for span, length in SPANS.items():
        if frequency == "monthly" and span == "week":
            continue
        wanted = _months_before(last.on, length) if frequency == "monthly" else last.on - timedelta(days=length)
        place = bisect_right(days, wanted) - 1
        if place >= 0 and (wanted - days[place]).days <= SLACK_DAYS[frequency]:
            found.append(_change(span, values[place], last))
    if frequency == "monthly":
        return [change for change in found if change.span != "before"]
    return found


def _months_before(on: date, days: int) -> date:
    months = on.year * 12 + on.month - 1 - round(days / 30.4)
    return date(months // 12, months % 12 + 1, 1)


def _change(span: str, then: Known, now: Known) -> Change:
    return Change(span, then.on, (now.price_idr / then.price_idr - 1).quantize(Decimal("0.0001")))
