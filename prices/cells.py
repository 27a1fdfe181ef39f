"""Prices and dates as people write them in files: `12,000`, `12.000,50`, `Rp 12.500`, `02/01/2018`, `1-2007`. Pure.

How a cell is meant often shows only in its neighbours, so both readers look at the whole column first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

MISSING = frozenset({"", "-", "–", "—", "--", "na", "n/a", "nan", "null", "none", "tidak ada", "."})
EARLIEST = date(1990, 1, 1)  # no source we know goes further back; an older day is a slip of the pen
LARGEST_IDR = Decimal(100_000_000)  # for a kilogram of food; more is another unit or a glued number


class Unreadable(ValueError):
    """A cell that is not what its column holds; the message says why."""


Separator = Literal[".", ","]


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """The decimal mark of a column, where its cells give it away; None where all could be thousands."""

    decimal: Separator | None = None

    @classmethod
    def of(cls, cells: Iterable[str]) -> "NumberStyle":
        """Found from the first cell that can be read in one way only, such as 10340.0 or 1.250,50."""
        for cell in cells:
            mark = None if cell.isdigit() else _decimal_mark(_bare(cell))
            if mark:
                return cls(mark)
        return cls()


_CURRENCY = re.compile(r"^(?:rp|idr)\.?\s*|\s*(?:,-|idr)$", re.IGNORECASE)


def _bare(cell: str) -> str:
    return re.sub(r"[\s'’]+", "", _CURRENCY.sub("", cell.strip()))


def _decimal_mark(text: str) -> Separator | None:
    """The decimal mark that `text` itself proves, if it does."""
    if text.isdigit() or not re.fullmatch(r"[+-]?[0-9]+(?:[.,][0-9]+)*", text):
        return None
    marks = re.findall(r"[.,]", text)
    if not marks or (len(marks) > 1 and len(set(marks)) == 1):
        return None  # no mark, or the same one repeatedly: thousands, which says nothing of decimals
    last: Separator = "." if marks[-1] == "." else ","
    if len(set(marks)) == 2:
        return last
    whole, _, rest = text.lstrip("+-").partition(last)
    # 1.250 may be either, but 10340.0, 5941.9752, 6445.123 and 0.500 can only be decimals.
    return last if len(rest) != 3 or len(whole) > 3 or whole.startswith("0") else None


def is_missing(cell: str) -> bool:
    """Whether the cell says that there is no value."""
    return cell.strip().lower() in MISSING


def parse_price(cell: str, style: NumberStyle | None = None) -> Decimal:
    """A price in IDR, rounded to 0.01. Raises Unreadable: not a number, zero, negative, or beyond 100 million.

    One mark before exactly three digits is a thousands mark, unless `style` says that it is the decimal one here.
    """
    text = cell.strip()
    if not text.isascii() or not text.isdigit():
        text = _bare(text)
    decimal = _decimal_mark(text)
    if decimal is None and style and style.decimal and text.count(style.decimal) == 1:
        decimal = style.decimal
    if decimal:
        whole, fraction = text.rsplit(decimal, 1)
    else:
        whole, fraction = text, ""
    if not re.fullmatch(r"[+-]?[0-9]+|[+-]?[0-9]{1,3}(?:\.[0-9]{3})+|[+-]?[0-9]{1,3}(?:,[0-9]{3})+", whole, re.ASCII):
        raise Unreadable("the price is not a number")
    if fraction and not re.fullmatch(r"[0-9]+", fraction, re.ASCII):
        raise Unreadable("the price is not a number")
    if len(whole) + len(fraction) > 24:  # more than Decimal keeps exactly
        raise Unreadable("the price has too many digits")
    price = Decimal(f"{whole.replace('.', '').replace(',', '')}.{fraction or 0}").quantize(Decimal("0.01"))
    if price <= 0:
        raise Unreadable("the price is zero" if price == 0 else "the price is negative")
    if price > LARGEST_IDR:
        raise Unreadable("the price is beyond Rp100 million")
    return price


DayOrder = Literal["day first", "month first", "mixed"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januari january",
            "feb februari february peb pebruari",
            "mar maret march",
            "apr april",
            "mei may",
            "jun juni june",
            "jul juli july",
            "agu agt ags agustus aug august",
            "sep sept september",
            "okt oktober oct october",
            "nov november nop nopember",
            "des desember dec december",
        ),
        start=1,
    )
    for name in names.split()
}

_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ][0-9:.+Z-]*)?", re.ASCII)
_YEAR_LAST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(?:[T ][0-9:.+Z-]*)?", re.ASCII)
_WORDS = re.compile(r"(?:[^\W\d]+,?\s+)?([0-9]{1,2})[\s-]+([^\W\d]+)\.?[\s,-]+([0-9]{4})")
_YEAR_MONTH = re.compile(r"([0-9]{4})[-/.]?([0-9]{1,2})(?:[-/.]0?1)?(?:[T ][0-9:.+Z-]*)?", re.ASCII)
_MONTH_YEAR = re.compile(r"(?:0?1[-/.])?([0-9]{1,2})[-/.]([0-9]{4})", re.ASCII)
_MONTH_WORD_YEAR = re.compile(r"([^\W\d]+)\.?[\s-]+([0-9]{4})")


def day_order(cells: Iterable[str]) -> DayOrder | None:
    """Which of 02/01/2018's numbers is the day, as the whole column shows it.

    A number over 12 tells. None where no cell tells; "mixed" where cells contradict each other.
    """
    first = second = False
    for cell in cells:
        if match := _YEAR_LAST.fullmatch(cell.strip()):
            first = first or int(match[1]) > 12
            second = second or int(match[2]) > 12
            if first and second:
                return "mixed"
    return "day first" if first else "month first" if second else None


def parse_day(cell: str, order: DayOrder | None = None, *, latest: date) -> date:
    """A day, as 2018-01-02, 02/01/2018 (day first unless `order` says otherwise) or 2 Januari 2018.

    Raises Unreadable: not a date, before 1990, after `latest`, or ambiguous in a column that mixes both orders.
    """
    text = cell.strip()
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _YEAR_LAST.fullmatch(text):
        first, second, year = map(int, match.groups())
        if order == "mixed" and first <= 12 and second <= 12 and first != second:
            raise Unreadable("day and month cannot be told apart: this file writes both orders")
        swapped = second > 12 if order == "mixed" else order == "month first"
        day, month = (second, first) if swapped else (first, second)
    elif (match := _WORDS.fullmatch(text)) and match[2].lower() in _MONTHS:
        day, month, year = int(match[1]), _MONTHS[match[2].lower()], int(match[3])
    else:
        raise Unreadable("the date is missing" if is_missing(text) else "the date cannot be read")
    return _checked(year, month, day, latest)


def parse_month(cell: str, *, latest: date) -> date:
    """The first day of a month, as 2021-01, 1-2007, 01/2021 or Januari 2021. Raises Unreadable as `parse_day` does."""
    text = cell.strip()
    if (match := _MONTH_YEAR.fullmatch(text)) is not None:
        month, year = int(match[1]), int(match[2])
    elif (match := _YEAR_MONTH.fullmatch(text)) is not None:
        year, month = int(match[1]), int(match[2])
    elif (match := _MONTH_WORD_YEAR.fullmatch(text)) and match[1].lower() in _MONTHS:
        month, year = _MONTHS[match[1].lower()], int(match[2])
    else:
        raise Unreadable("the month is missing" if is_missing(text) else "the month cannot be read")
    return _checked(year, month, 1, latest)


def _checked(year: int, month: int, day: int, latest: date) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise Unreadable("there is no such date") from None
    if found < EARLIEST:
        raise Unreadable("the date lies before 1990")
    if found > latest:
        raise Unreadable("the date lies in the future")
    return found
