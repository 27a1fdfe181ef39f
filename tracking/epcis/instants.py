"""Instants as EPCIS writes them: RFC 3339 with an offset, any number of decimals, a leap second now and then."""

import re
from datetime import UTC, datetime, timedelta

_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)


def _split(text: str) -> tuple[datetime, str]:
    """The whole second in UTC and its decimals; without an offset it counts as UTC. Raises ValueError."""
    found = _INSTANT.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:60]!r} is not an instant")
    day, clock, decimals, offset = found.groups()
    leap = clock.endswith(":60")  # Python knows no leap second: it becomes the next second
    second = datetime.fromisoformat(f"{day}T{clock[:-2] + '59' if leap else clock}{(offset or 'Z').upper()}")
    try:
        return second.astimezone(UTC) + timedelta(seconds=leap), decimals or ""
    except OverflowError as error:
        raise ValueError(f"{text[:60]!r} is outside the years 1 to 9999") from error


def parse_instant(text: str) -> datetime:
    """An instant in UTC; decimals beyond the microsecond are cut off. Raises ValueError."""
    second, decimals = _split(text)
    return second.replace(microsecond=int(decimals[:6].ljust(6, "0")))


def canonical_instant(text: str) -> str:
    """An instant in UTC with milliseconds, the fourth decimal rounding half up; other text unchanged.

    Source: CBV 2.0, section 8.9, rules on timestamps.
    """
    try:
        second, decimals = _split(text)
        digits = decimals.ljust(4, "0")
        return write_instant(second + timedelta(milliseconds=int(digits[:3]) + (digits[3] >= "5")))
    except (ValueError, OverflowError):
        return text


def write_instant(instant: datetime) -> str:
    """An aware instant as `YYYY-MM-DDTHH:MM:SS.mmmZ`; decimals beyond the millisecond are cut off."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
