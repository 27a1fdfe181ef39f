"""Content checks of element values, by the names that the GS1 Barcode Syntax Dictionary gives its linters.

Each check takes one component's text, of a character set and length already judged, and returns what is wrong with
it, or "". Sources: GS1 General Specifications, section 3 (each AI's own rules) and section 7.9; ISO 13616 (IBAN);
the GS1 US coupon guidelines for (8110) and (8112).
"""

import re
from collections.abc import Callable

from tracking.gs1.code_lists import COUNTRY_LETTERS, COUNTRY_NUMBERS, CURRENCY_NUMBERS, MEDIA_TYPES, PACKAGE_TYPES
from tracking.gs1.keys import DIGITS, has_check_digit, has_check_pair

Check = Callable[[str], str]

_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# The shortest company prefix has four digits (a GS1 Prefix of three and one more).
_PREFIX_LENGTH_MIN = 4


def _date(year: int, month: int, day: int, *, day_may_be_missing: bool) -> str:
    if not 1 <= month <= 12:
        return "no such month"
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = 29 if month == 2 and leap else _MONTH_DAYS[month - 1]
    if day == 0:
        return "" if day_may_be_missing else "the day is missing"
    return "" if day <= days else "no such day in that month"


def _yymmdd(text: str, *, day_may_be_missing: bool = False) -> str:
    # Which century is meant depends on today; for leap years it does not matter, as 2000 had a 29 February
    # and two-digit years reach neither 1900 nor 2100 within the standard's window of 50 years.
    return _date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]), day_may_be_missing=day_may_be_missing)


def _yyyymmdd(text: str) -> str:
    return _date(int(text[:4]), int(text[4:6]), int(text[6:8]), day_may_be_missing=False)


def _below(limit: int, what: str) -> Check:
    return lambda text: "" if int(text) < limit else f"no such {what}"


def _hhmi(text: str) -> str:
    return "" if int(text[:2]) < 24 and int(text[2:]) < 60 else "no such time of day"


def _among(allowed: frozenset[str], what: str) -> Check:
    return lambda text: "" if text in allowed else f"no such {what}"


def _prefix_at(start: int) -> Check:
    def check(text: str) -> str:
        prefix = text[start : start + _PREFIX_LENGTH_MIN]
        whole = len(prefix) == _PREFIX_LENGTH_MIN and DIGITS.fullmatch(prefix)
        return "" if whole else "it does not begin with a GS1 company prefix"

    return check


def _piece_of_total(text: str) -> str:
    piece, total = int(text[:2]), int(text[2:])
    return "" if 1 <= piece <= total else "the piece number lies outside the total"


def _position_in_sequence(text: str) -> str:
    match = re.fullmatch("([1-9])/([1-9])", text)
    return "" if match and match[1] <= match[2] else "not a position/total such as 1/2"


def _percent_escapes(text: str) -> str:
    return "" if re.fullmatch("(?:[^%]|%[0-9A-Fa-f]{2})*", text) else "a % is not followed by two hexadecimal digits"


def _iban(text: str) -> str:
    if not re.fullmatch("[A-Z]{2}[0-9]{2}[0-9A-Z]{1,30}", text) or text[:2] not in COUNTRY_LETTERS:
        return "not of the form of an IBAN"
    digits = "".join(str(int(character, 36)) for character in text[4:] + text[:4])
    return "" if int(digits) % 97 == 1 else "the IBAN's check digits are wrong"


class _CouponError(Exception):
    pass


class _Coupon:
    """The digits of a coupon, taken off from the left."""

    def __init__(self, digits: str) -> None:
        self.rest = digits
        self.fields: list[str] = []  # numbers of the optional fields met so far

    def take(self, length: int, what: str) -> str:
        if len(self.rest) < length:
            raise _CouponError(f"cut off in the {what}")
        taken, self.rest = self.rest[:length], self.rest[length:]
        return taken

    def one_of(self, allowed: str, what: str) -> str:
        digit = self.take(1, what)
        if digit not in allowed:
            raise _CouponError(f"no such {what}")
        return digit

    def sized(self, allowed: str, extra: int, what: str) -> str:
        """A field that follows its own length digit (to which `extra` is added)."""
        return self.take(int(self.one_of(allowed, what)) + extra, what)

    def purchase(self, what: str) -> None:
        self.sized("12345", 0, f"{what} purchase requirement")
        self.one_of("012349", f"{what} purchase requirement code")
        self.take(3, f"{what} purchase family code")

    def further_purchase(self, what: str) -> None:
        self.purchase(what)
        length = self.one_of("01234569", f"{what} purchase prefix length")
        if length != "9":  # 9: the first purchase's company prefix again
            self.take(int(length) + 6, f"{what} purchase prefix")

    def date(self, what: str) -> str:
        date = self.take(6, what)
        if _yymmdd(date):
            raise _CouponError(f"no such {what}")
        return date

    def end(self) -> None:
        if self.rest:
            raise _CouponError("digits left over")


def _read_coupon(coupon: _Coupon) -> None:
    coupon.sized("0123456", 6, "company prefix")
    coupon.take(6, "offer code")
    coupon.sized("12345", 0, "save value")
    coupon.purchase("first")
    expires = ""
    while coupon.rest:
        # Optional fields announce themselves by a number and come in rising order.
        field = coupon.take(1, "optional field")
        if coupon.fields and field <= coupon.fields[-1]:
            raise _CouponError("optional fields out of order")
        coupon.fields.append(field)
        if field == "1":
            coupon.one_of("0123", "additional purchase rules code")
            coupon.further_purchase("second")
        elif field == "2":
            coupon.further_purchase("third")
        elif field == "3":
            expires = coupon.date("expiration date")
        elif field == "4":
            starts = coupon.date("start date")
            if expires and starts > expires:
                raise _CouponError("it expires before it starts")
        elif field == "5":
            coupon.sized("0123456789", 6, "serial number")
        elif field == "6":
            coupon.sized("1234567", 6, "retailer prefix or GLN")
        elif field == "9":
            coupon.one_of("01256", "save value code")
            coupon.one_of("012", "item that the save value applies to")
            coupon.take(1, "store coupon flag")
            coupon.one_of("01", "don't multiply flag")
        else:
            raise _CouponError("no such optional field")


def _read_positive_offer(coupon: _Coupon) -> None:
    coupon.one_of("01", "format code")
    coupon.sized("0123456", 6, "funder")
    coupon.take(6, "offer code")
    coupon.sized("0123456789", 6, "serial number")
    coupon.end()


def _coupon(read: Callable[[_Coupon], None]) -> Check:
    def check(text: str) -> str:
        if not DIGITS.fullmatch(text):
            return "a coupon code is all digits"
        try:
            read(_Coupon(text))
        except _CouponError as error:
            return str(error)
        return ""

    return check


CHECKS: dict[str, Check] = {
    "csum": lambda text: "" if has_check_digit(text) else "the check digit is wrong",
    "csumalpha": lambda text: "" if has_check_pair(text) else "the check character pair is wrong",
    "gcppos1": _prefix_at(0),
    "gcppos2": _prefix_at(1),
    "yymmdd": _yymmdd,
    "yymmd0": lambda text: _yymmdd(text, day_may_be_missing=True),
    "yyyymmdd": _yyyymmdd,
    "hhmi": _hhmi,
    "hh": _below(24, "hour"),
    "mi": _below(60, "minute"),
    "ss": _below(60, "second"),
    "iso3166": _among(COUNTRY_NUMBERS, "country number"),
    "iso3166999": _among(COUNTRY_NUMBERS | {"999"}, "country number"),
    "iso3166alpha2": _among(COUNTRY_LETTERS, "country"),
    "iso4217": _among(CURRENCY_NUMBERS, "currency number"),
    "iso5218": _among(frozenset("0129"), "sex"),
    "packagetype": _among(PACKAGE_TYPES, "package type"),
    "mediatype": _among(MEDIA_TYPES, "medium"),
    "winding": _among(frozenset("019"), "winding direction"),
    "yesno": _among(frozenset("01"), "answer, 0 or 1"),
    "importeridx": _among(
        frozenset("-_" + "0123456789" + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"), "importer index"
    ),
    "hyphen": lambda text: "" if set(text) == {"-"} else "only a hyphen may stand here",
    "latitude": lambda text: "" if int(text) <= 1_800_000_000 else "a latitude beyond the pole",
    "longitude": lambda text: "" if int(text) <= 3_600_000_000 else "a longitude beyond a full turn",
    "zero": lambda text: "" if set(text) == {"0"} else "only zero may stand here",
    "nonzero": lambda text: "" if set(text) != {"0"} else "it may not be zero",
    "nozeroprefix": lambda text: "" if text == "0" or not text.startswith("0") else "it may not begin with zero",
    "hasnondigit": lambda text: "" if not DIGITS.fullmatch(text) else "it must hold something besides digits",
    "pieceoftotal": _piece_of_total,
    "posinseqslash": _position_in_sequence,
    "pcenc": _percent_escapes,
    "iban": _iban,
    "couponcode": _coupon(_read_coupon),
    "couponposoffer": _coupon(_read_positive_offer),
}
