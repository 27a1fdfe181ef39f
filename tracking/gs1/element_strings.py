"""GS1 element strings: the bracketed form people read, and the form that scanners send.

Source: GS1 General Specifications, sections 4.14 (brackets) and 7.8 (concatenation and separators).
"""

import re
from collections.abc import Iterable

from tracking.gs1.application_identifiers import TABLE, Element, ElementError, check_value, could_be_unknown_ai

LENGTH_MAX = 8192  # characters; the largest symbol holds 7089 digits
# The Function 1 separator, as the GS1 syntax engine writes it. A scanner sends GS (ASCII 29) instead.
FNC1 = "^"
_GS = "\x1d"
_BRACKETED = re.compile(r"\(([0-9]{2,4})\)((?:[^(\\]|\\\(|\\)+)")


def parse_bracketed(text: str, *, unknown_ais: bool = False) -> list[Element]:
    """The elements of "(01)09521234000013(10)A1", each value checked. A "(" inside a value is written "\\(".

    AIs that are in no table are refused unless `unknown_ais`. Raises ElementError.
    """
    elements: list[Element] = []
    position = 0
    if not text or len(text) > LENGTH_MAX:
        raise ElementError("an element string has 1 to 8192 characters", value=text[:100])
    while position < len(text):
        match = _BRACKETED.match(text, position)
        if match is None:
            raise ElementError(f'"(AI)value" expected at character {position + 1}', value=text[:100])
        elements.append((match[1], match[2].replace("\\(", "(")))
        position = match.end()
    check_elements(elements, unknown_ais=unknown_ais)
    return elements


def format_bracketed(elements: Iterable[Element]) -> str:
    """The elements as people read them: "(01)09521234000013(10)A1"."""
    return "".join(f"({ai})" + value.replace("(", "\\(") for ai, value in elements)


def check_elements(elements: Iterable[Element], *, unknown_ais: bool = False) -> None:
    """Raise ElementError unless every value is right for its AI."""
    for ai, value in elements:
        if unknown_ais and could_be_unknown_ai(ai):
            if not re.fullmatch("[!-~]{1,90}", value):
                raise ElementError(f"({ai}) holds 1 to 90 printable characters", ai=ai, value=value[:100])
        else:
            check_value(ai, value)


def format_element_string(elements: Iterable[Element]) -> str:
    """The elements as a symbol carries them, FNC1 written "^": first of all, and after each value of open length."""
    text, separator = "", FNC1
    for ai, value in elements:
        text += separator + ai + value
        entry = TABLE.get(ai)
        separator = "" if entry is not None and entry.predefined_length else FNC1
    return text


def parse_element_string(text: str) -> list[Element]:
    """The elements of what a scanner read: FNC1 first ("^" or GS; may be missing), values checked.

    Raises ElementError.
    """
    rest = text.replace(_GS, FNC1).removeprefix(FNC1)
    if not rest or len(text) > LENGTH_MAX:
        raise ElementError("an element string has 1 to 8192 characters", value=text[:100])
    elements: list[Element] = []
    while rest:
        ai = next((rest[:length] for length in (2, 3, 4) if rest[:length] in TABLE), None)
        if ai is None:
            raise ElementError(f"no Application Identifier begins {rest[:4]}", value=text[:100])
        entry = TABLE[ai]
        rest = rest[len(ai) :]
        if entry.predefined_length:
            value, rest = rest[: entry.length_max], rest[entry.length_max :].removeprefix(FNC1)
        else:
            value, _, rest = rest.partition(FNC1)
        check_value(ai, value)
        elements.append((ai, value))
    return elements
