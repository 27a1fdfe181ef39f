"""Figures, times and spans as people here read them: `Rp12.500`, `1.250 kg`, `16.40 WIB`, `2 j 03 m`.

Pure: values in, words out, in Indonesian ("id") or English ("en"). Instants are aware and shown in Asia/Jakarta
(WIB, UTC+7); whatever is missing (None) becomes an en dash.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date

Language = Literal["id", "en"]
Figure = Decimal | int | float

WIB = ZoneInfo("Asia/Jakarta")
NOTHING = "–"
MINUS = "−"
# A figure and its unit never part at a line's end.
GLUE = "\u00a0"

_POINT = {"id": ",", "en": "."}
_GROUP = {"id": ".", "en": ","}
_UNITS = {"id": {"h": "j", "m": "m", "s": "dtk", "day": "hari"}, "en": {"h": "h", "m": "m", "s": "s", "day": "d"}}


def _decimal(value: Figure) -> Decimal:
    """The decimal a person wrote: a float by its shortest digits, 0.1 not 0.1000000000000000055."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def number(value: Figure | None, language: Language = "id", *, decimals: int | None = None) -> str:
    """`1.250,5`: thousands grouped, a true minus, halves away from zero.

    Without `decimals` trailing zeros are dropped; with it exactly so many are shown.
    """
    if value is None:
        return NOTHING
    exact = _decimal(value)
    if not exact.is_finite():
        return NOTHING
    if decimals is not None:
        exact = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    whole, _, fraction = f"{abs(exact):,f}".partition(".")
    if decimals is None:
        fraction = fraction.rstrip("0")
    shown = whole.replace(",", _GROUP[language]) + (_POINT[language] + fraction if fraction else "")
    return MINUS + shown if exact < 0 and shown.strip("0.,") else shown


def signed(value: Figure | None, language: Language = "id", *, decimals: int | None = None) -> str:
    """`+4,9`, `−2,4`, and plain `0` for no change."""
    shown = number(value, language, decimals=decimals)
    if value is None or shown.startswith(MINUS) or not shown.strip("0.,"):
        return shown
    return "+" + shown


def minus(text: object) -> str:
    """A leading hyphen as the true minus: `-18,6` becomes `−18,6`."""
    shown = str(text)
    return MINUS + shown[1:] if shown.startswith("-") else shown


def rupiah(value: Figure | None, language: Language = "id") -> str:
    """`Rp12.500`, in whole rupiah; `−Rp40` below zero."""
    if value is None:
        return NOTHING
    shown = number(value, language, decimals=0)
    return f"{MINUS}Rp{shown[1:]}" if shown.startswith(MINUS) else f"Rp{shown}"


def kg(value: Figure | None, language: Language = "id") -> str:
    """`1.250 kg`, `0,75 kg`: as exact as it was weighed, without trailing zeros."""
    return NOTHING if value is None else f"{number(value, language)}{GLUE}kg"


def tonnes(value_kg: Figure | None, language: Language = "id", *, decimals: int = 0) -> str:
    """Kilograms as `1.284 t`."""
    return NOTHING if value_kg is None else f"{number(_decimal(value_kg) / 1000, language, decimals=decimals)}{GLUE}t"


def celsius(value: Figure | None, language: Language = "id", *, decimals: int = 1) -> str:
    """`27,4 °C`, `−18,6 °C`."""
    return NOTHING if value is None else f"{number(value, language, decimals=decimals)}{GLUE}°C"


def percent(share: Figure | None, language: Language = "id", *, decimals: int = 1, sign: bool = False) -> str:
    """A share as `0,6 %`: 0.006 is 0,6 %, 1 is 100,0 %. `sign` shows the plus of a change."""
    if share is None:
        return NOTHING
    write: Callable[..., str] = signed if sign else number
    return f"{write(_decimal(share) * 100, language, decimals=decimals)}{GLUE}%"


def _local(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"an instant needs its time zone to be shown in WIB: {at!r}")
    return at.astimezone(WIB)


def wib_time(at: datetime | None, language: Language = "id", *, zone: bool = True, seconds: bool = False) -> str:
    """`16.40 WIB`, English `16:40 WIB`; `zone=False` leaves the letters out where the column says them."""
    if at is None:
        return NOTHING
    shown = _local(at).strftime("%H.%M.%S" if seconds else "%H.%M")
    if language == "en":
        shown = shown.replace(".", ":")
    return f"{shown}{GLUE}WIB" if zone else shown


def wib_date(value: date | datetime) -> date:
    """The calendar day in WIB: an instant at 17.30 UTC already belongs to tomorrow."""
    return _local(value).date() if isinstance(value, datetime) else value


def date_id(
    value: date | datetime | None,
    language: Language = "id",
    *,
    long: bool = False,
    weekday: bool = False,
    year: bool = True,
) -> str:
    """`21 Nov 2026`; `long` `21 November 2026`; with `weekday` `Sabtu, 21 Nov 2026`; `year=False` `21 Nov`."""
    if value is None:
        return NOTHING
    pattern = ("EEEE, " if weekday else "") + "d " + ("MMMM" if long else "MMM") + (" y" if year else "")
    return format_date(wib_date(value), pattern, locale=language)


def date_span(
    first: date | datetime | None, last: date | datetime | None, language: Language = "id", *, year: bool = False
) -> str:
    """`2–5 Nov`, `30 Okt–2 Nov`, a single day as itself."""
    if first is None or last is None:
        return date_id(first if last is None else last, language, year=year)
    start, end = wib_date(first), wib_date(last)
    if start == end:
        return date_id(end, language, year=year)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day}–{date_id(end, language, year=year)}"
    return f"{date_id(start, language, year=year and start.year != end.year)}–{date_id(end, language, year=year)}"


def duration(span: timedelta | Figure | None, language: Language = "id") -> str:
    """A timedelta or seconds: `40 dtk`, `41 m`, `2 j 03 m`, `3 hari 4 j`; the smaller part is cut, not rounded."""
    if span is None:
        return NOTHING
    total_s = int(span.total_seconds() if isinstance(span, timedelta) else span)
    before, total_s = (MINUS if total_s < 0 else ""), abs(total_s)
    unit = _UNITS[language]
    minutes, hours, days = total_s // 60, total_s // 3600, total_s // 86_400
    if total_s < 60:
        shown = f"{total_s}{GLUE}{unit['s']}"
    elif hours < 1:
        shown = f"{minutes}{GLUE}{unit['m']}"
    elif days < 1:
        shown = f"{hours}{GLUE}{unit['h']}{GLUE}{minutes % 60:02}{GLUE}{unit['m']}"
    else:
        shown = f"{days}{GLUE}{unit['day']}"
        if hours % 24:
            shown += f"{GLUE}{hours % 24}{GLUE}{unit['h']}"
    return before + shown


def days(count: int | None, language: Language = "id") -> str:
    """`12 hari`, `1 day`, `12 days`."""
    if count is None:
        return NOTHING
    word = "hari" if language == "id" else ("day" if abs(count) == 1 else "days")
    return f"{number(count, language)}{GLUE}{word}"


def days_ago(value: date | datetime | None, language: Language = "id", *, on: date | datetime) -> str:
    """Seen from the day `on`: `hari ini`, `kemarin`, `12 hari lalu`, `besok`, `3 hari lagi`."""
    if value is None:
        return NOTHING
    ago = (wib_date(on) - wib_date(value)).days
    near = {"id": {0: "hari ini", 1: "kemarin", -1: "besok"}, "en": {0: "today", 1: "yesterday", -1: "tomorrow"}}
    if ago in near[language]:
        return near[language][ago]
    span = days(abs(ago), language)
    if language == "id":
        return f"{span} {'lalu' if ago > 0 else 'lagi'}"
    return f"{span} ago" if ago > 0 else f"in {span}"


def tail(code: object) -> str:
    """A unit's tail, last four digits and check digit: `4217 9`, what people read aloud off the sack."""
    digits = "".join(character for character in str(code) if character.isdigit())
    return f"{digits[-5:-1]}{GLUE}{digits[-1]}" if len(digits) > 1 else digits


def sscc_text(code: object, *, prefix_digits: int = 9) -> str:
    """The whole serial as printed under the label: `(00) 0 952000010 0004217 9`; other lengths come back unchanged."""
    digits = str(code)
    if len(digits) != 18 or not digits.isdigit():
        return digits
    cut = 1 + prefix_digits
    return f"(00) {digits[0]} {digits[1:cut]} {digits[cut:17]} {digits[17]}"
