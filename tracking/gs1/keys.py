"""GS1 identification keys: check digits, check pairs, building and judging.

Source: GS1 General Specifications, section 7.9 (check digit and check character pair calculations)
and section 2 (what each key is made of). Keys are plain text throughout: leading zeros matter.
"""

import re
from collections.abc import Callable

from core.errors import Invalid

DIGITS = re.compile(r"[0-9]+")  # not \d or str.isdigit: those also take other scripts' digits

# AI encodable character set 82 (GS1 General Specifications, figure 7.11-1), in the order of the
# reference values that the check character pair is calculated from.
CSET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
# Character set 39 (figure 7.11-2), of component and part identifiers.
CSET_39 = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# The 32 characters that a check pair is written in: no 0, 1, I, O, which people confuse.
CSET_32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PAIR_WEIGHTS = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)

_VALUE_82 = {character: value for value, character in enumerate(CSET_82)}


class Gs1Error(Invalid, ValueError):
    """Something that should have been GS1's is not; `facts` says what and where."""

    title = "This is not a valid GS1 identifier"


class Gs1KeyError(Gs1Error):
    """A key, or a part given to build one, is not well formed. Facts: `key`, `value`."""

    title = "This is not a valid GS1 key"


def check_digit(digits: str) -> str:
    """The mod-10 check digit that follows `digits` (1 to 40 digits, check digit not included).

    Weights 3, 1, 3 … from the right; the same for GTIN, GLN, SSCC and every other numeric key.
    Raises Gs1KeyError where `digits` is not all digits.
    """
    if not DIGITS.fullmatch(digits) or len(digits) > 40:
        raise Gs1KeyError("a check digit follows 1 to 40 digits", key="check digit", value=digits[:60])
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def has_check_digit(digits: str) -> bool:
    """Whether `digits` is all digits and its last one is the check digit of those before."""
    return 2 <= len(digits) <= 41 and DIGITS.fullmatch(digits) is not None and check_digit(digits[:-1]) == digits[-1]


def check_pair(characters: str) -> str:
    """The check character pair (mod 1021, 32) that follows a GMN's or MUDI's 1 to 23 `characters` of set 82."""
    if not 1 <= len(characters) <= len(_PAIR_WEIGHTS) or any(c not in _VALUE_82 for c in characters):
        raise Gs1KeyError("a check pair follows 1 to 23 characters of set 82", key="check pair", value=characters[:60])
    total = sum(_VALUE_82[c] * weight for c, weight in zip(reversed(characters), _PAIR_WEIGHTS, strict=False))
    return CSET_32[total % 1021 // 32] + CSET_32[total % 1021 % 32]


def has_check_pair(characters: str) -> bool:
    """Whether the last two of 3 to 25 `characters` are the check pair of those before."""
    return (
        3 <= len(characters) <= 25
        and all(c in _VALUE_82 for c in characters)
        and check_pair(characters[:-2]) == characters[-2:]
    )


def _is_numeric(length: int) -> Callable[[str], bool]:
    return lambda value: len(value) == length and has_check_digit(value)


def _is_numeric_with_serial(length: int, serial_max: int, alphabet: str) -> Callable[[str], bool]:
    return lambda value: (
        has_check_digit(value[:length])
        and len(value[:length]) == length
        and _spelled(value[length:], serial_max, alphabet)
    )


def _is_alphanumeric(length_max: int, alphabet: str) -> Callable[[str], bool]:
    # Every key begins with a GS1 company prefix, so with digits: 4 of them at the very least.
    return lambda value: (
        DIGITS.fullmatch(value[:4]) is not None and len(value) >= 4 and _spelled(value, length_max, alphabet)
    )


def _spelled(value: str, length_max: int, alphabet: str) -> bool:
    return len(value) <= length_max and all(character in alphabet for character in value)


_KINDS: dict[str, Callable[[str], bool]] = {
    "gtin": lambda value: len(value) in (8, 12, 13, 14) and has_check_digit(value),
    "gtin-8": _is_numeric(8),
    "gtin-12": _is_numeric(12),
    "gtin-13": _is_numeric(13),
    "gtin-14": _is_numeric(14),
    "sscc": _is_numeric(18),
    "gln": _is_numeric(13),
    "gsin": _is_numeric(17),
    "gsrn": _is_numeric(18),
    "gdti": _is_numeric_with_serial(13, 17, CSET_82),
    "gcn": _is_numeric_with_serial(13, 12, "0123456789"),
    "grai": lambda value: value[:1] == "0" and _KINDS["grai without its leading zero"](value[1:]),
    "grai without its leading zero": _is_numeric_with_serial(13, 16, CSET_82),
    "giai": _is_alphanumeric(30, CSET_82),
    "ginc": _is_alphanumeric(30, CSET_82),
    "cpid": _is_alphanumeric(30, CSET_39),
    "gmn": lambda value: DIGITS.fullmatch(value[:4]) is not None and has_check_pair(value),
}


def is_valid_key(kind: str, value: str) -> bool:
    """Whether `value` is a whole, well-formed key of `kind`, check digit or check pair included.

    Kinds: gtin (any length), gtin-8, gtin-12, gtin-13, gtin-14, sscc, gln, gsin, gsrn, gdti, gcn, grai,
    giai, ginc, cpid, gmn. Raises Gs1KeyError for any other kind.
    """
    if kind not in _KINDS:
        raise Gs1KeyError(f"no such kind of key: {kind}", key=kind, value=value[:60])
    return _KINDS[kind](value)


def require_key(kind: str, value: str) -> str:
    """`value` itself where it is a valid key of `kind`; raises Gs1KeyError otherwise."""
    if not is_valid_key(kind, value):
        raise Gs1KeyError(f"not a valid {kind.upper()}: {value[:60]}", key=kind, value=value[:60])
    return value


def _fill(key: str, prefix: str, reference: int | str, length: int) -> str:
    """`prefix` and `reference`, zeros between, `length` digits in all."""
    if not re.fullmatch(r"[0-9]{4,12}", prefix):
        raise Gs1KeyError("a GS1 company prefix has 4 to 12 digits", key=key, value=prefix[:60])
    text, room = str(reference), length - len(prefix)
    if isinstance(reference, int) and reference >= 0:
        text = text.zfill(room)
    # A reference given as text is a spelling: its length must be right, it is not quietly padded.
    if room < 0 or len(text) != room or not re.fullmatch(r"[0-9]*", text):
        raise Gs1KeyError(f"the reference after prefix {prefix} has {room} digits", key=key, value=text[:60])
    return prefix + text


def sscc(extension_digit: int, gs1_prefix: str, serial: int | str) -> str:
    """An 18-digit SSCC; a serial given as a number is padded with zeros to fill."""
    if not 0 <= extension_digit <= 9:
        raise Gs1KeyError("an SSCC's extension digit is 0 to 9", key="sscc", value=str(extension_digit)[:60])
    body = str(extension_digit) + _fill("sscc", gs1_prefix, serial, 16)
    return body + check_digit(body)


def gln(gs1_prefix: str, location: int | str) -> str:
    """A 13-digit GLN."""
    body = _fill("gln", gs1_prefix, location, 12)
    return body + check_digit(body)


def gtin(gs1_prefix: str, product: int | str, indicator: int = 0) -> str:
    """A 14-digit GTIN: indicator 0 for the unit itself (a GTIN-13 and its leading zero), 1 to 9 for a grouping."""
    if not 0 <= indicator <= 9:
        raise Gs1KeyError("a GTIN's indicator digit is 0 to 9", key="gtin", value=str(indicator)[:60])
    body = str(indicator) + _fill("gtin", gs1_prefix, product, 12)
    return body + check_digit(body)


def gtin14(any_gtin: str) -> str:
    """A GTIN-8, -12, -13 or -14 as 14 digits. Raises Gs1KeyError where it is none, or its check digit is wrong."""
    return require_key("gtin", any_gtin).zfill(14)


def gsin(gs1_prefix: str, shipper_reference: int | str) -> str:
    """A 17-digit GSIN (shipment)."""
    body = _fill("gsin", gs1_prefix, shipper_reference, 16)
    return body + check_digit(body)


def grai(gs1_prefix: str, asset_type: int | str, serial: str = "") -> str:
    """A GRAI as AI 8003 writes it: a zero, 13 digits, then a serial of up to 16 characters of set 82."""
    body = _fill("grai", gs1_prefix, asset_type, 12)
    return require_key("grai", "0" + body + check_digit(body) + serial)


def giai(gs1_prefix: str, asset_reference: str) -> str:
    """A GIAI: prefix and 1 or more characters of set 82, 30 characters in all at most."""
    if not re.fullmatch(r"[0-9]{4,12}", gs1_prefix) or not asset_reference:
        raise Gs1KeyError("a GIAI is a company prefix and a reference", key="giai", value=gs1_prefix[:60])
    return require_key("giai", gs1_prefix + asset_reference)


def tail(sscc_value: str) -> str:
    """What people read aloud of an SSCC: its last four serial digits, a space, the check digit ("4217 9")."""
    require_key("sscc", sscc_value)
    return f"{sscc_value[-5:-1]} {sscc_value[-1]}"
