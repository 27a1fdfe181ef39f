"""GS1 Application Identifiers: what each one holds, and whether a value or a set of them is right.

Source: the GS1 Barcode Syntax Dictionary (facts in `ai_table.py`) and GS1 General Specifications, section 3.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracking.gs1.ai_table import ROWS
from tracking.gs1.element_checks import CHECKS
from tracking.gs1.keys import CSET_39, CSET_82, Gs1Error

_ALPHABETS = {
    "N": frozenset("0123456789"),
    "X": frozenset(CSET_82),
    "Y": frozenset(CSET_39),
    "Z": frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="),
}
_NAMES = {"N": "digits", "X": "characters of set 82", "Y": "characters of set 39", "Z": "base64url characters"}

_FORM_CHECKS = frozenset({"gcppos1", "gcppos2", "zero"})  # without these it is no key at all

Element = tuple[str, str]  # an AI and its value


class ElementError(Gs1Error):
    """An AI's value, or a set of AIs together, breaks the standard. Facts: `ai`, `value` where there is one."""

    title = "This GS1 element is not valid"


@dataclass(frozen=True)
class Component:
    """One part of an AI's value: which characters, how many, and what else must hold."""

    alphabet: str  # N, X, Y or Z
    length_min: int
    length_max: int
    optional: bool
    checks: tuple[str, ...]


@dataclass(frozen=True)
class ApplicationIdentifier:
    """One AI. `sequences` is None unless it can start a Digital Link's path."""

    ai: str
    title: str
    components: tuple[Component, ...]
    predefined_length: bool  # no separator follows it in an element string
    is_attribute: bool  # may stand in a Digital Link's query
    sequences: tuple[tuple[str, ...], ...] | None  # qualifiers that may follow it, alternatives of ordered AIs
    requires: tuple[tuple[str, ...], ...]  # at least one of these groups must be there; n stands for any digit
    excludes: tuple[str, ...]

    @property
    def is_primary_key(self) -> bool:
        return self.sequences is not None

    @property
    def length_max(self) -> int:
        return sum(component.length_max for component in self.components)


def _component(text: str) -> Component:
    head, *checks = text.strip("[]").split(":")
    variable = ".." in head
    length = int(head[1:].removeprefix(".."))
    return Component(head[0], 1 if variable else length, length, text.startswith("["), tuple(checks))


def _sequences(text: str) -> tuple[tuple[str, ...], ...] | None:
    if not text.startswith("key"):
        return None
    return tuple(tuple(filter(None, way.strip().split(","))) for way in text.removeprefix("key").split(" or "))


def _read_rows(rows: str) -> dict[str, ApplicationIdentifier]:
    table: dict[str, ApplicationIdentifier] = {}
    for row in rows.strip().splitlines():
        ais, flags, components, key, requires, excludes, title = row.split("|")
        first, _, last = ais.partition("-")
        for number in range(int(first), int(last or first) + 1):
            ai = f"{number:0{len(first)}}"
            table[ai] = ApplicationIdentifier(
                ai=ai,
                title=title,
                components=tuple(_component(part) for part in components.split()),
                predefined_length="F" in flags,
                is_attribute="A" in flags,
                sequences=_sequences(key),
                requires=tuple(tuple(group.split("+")) for group in requires.split(",") if group),
                excludes=tuple(filter(None, excludes.split(","))),
            )
    return table


TABLE = _read_rows(ROWS)
PRIMARY_KEYS = frozenset(ai for ai, entry in TABLE.items() if entry.is_primary_key)
QUALIFIERS = frozenset(q for entry in TABLE.values() for way in entry.sequences or () for q in way)

# An element string does not say where an AI ends: its first two digits do (General Specifications, figure 7.8.2-1).
_AI_LENGTHS = {ai[:2]: len(ai) for ai in TABLE}
# What is not in the table may still be an AI by its form: two to four digits, as long as its neighbours.
_UNKNOWN = re.compile("[0-9]{2,4}")


def lookup(ai: str) -> ApplicationIdentifier:
    """The entry of `ai`; raises ElementError where there is none."""
    entry = TABLE.get(ai)
    if entry is None:
        raise ElementError(f"({ai[:8]}) is not an Application Identifier", ai=ai[:8])
    return entry


def could_be_unknown_ai(ai: str) -> bool:
    """Whether `ai`, not in the table, has the form of one that a later edition may assign."""
    return ai not in TABLE and _UNKNOWN.fullmatch(ai) is not None and _AI_LENGTHS.get(ai[:2], len(ai)) == len(ai)


def check_value(ai: str, value: str, *, form_only: bool = False) -> None:
    """Raise ElementError unless `value` is right for `ai`: characters, lengths, check digits, dates, code lists.

    `form_only` leaves out whatever a value can get wrong and still be a name: check digits, dates, code lists.
    """
    entry = lookup(ai)

    def refuse(reason: str) -> ElementError:
        return ElementError(f"({ai}) {entry.title}: {reason}", ai=ai, value=value[:100])

    if not value:
        raise refuse("the value is missing")
    if len(value) > entry.length_max:
        raise refuse(f"longer than {entry.length_max} characters")
    rest = value
    for component in entry.components:
        if not rest and component.optional:
            break
        part, rest = rest[: component.length_max], rest[component.length_max :]
        if len(part) < component.length_min:
            raise refuse(f"shorter than its format, {component.length_min} more characters expected")
        if not set(part) <= _ALPHABETS[component.alphabet]:
            raise refuse(f"only {_NAMES[component.alphabet]} may stand here")
        if component.alphabet == "Z" and not re.fullmatch("[^=]+={0,2}", part):
            raise refuse("padding stands only at the end")
        for name in component.checks:
            if form_only and name not in _FORM_CHECKS:
                continue
            if problem := CHECKS[name](part):
                raise refuse(problem)


def _matches(pattern: str, ai: str) -> bool:
    return len(pattern) == len(ai) and all(p == c or p == "n" for p, c in zip(pattern, ai, strict=True))


def check_associations(elements: Iterable[Element]) -> None:
    """Raise ElementError where AIs on one thing exclude each other, lack what they need, or say two different things.

    To be asked of everything that marks one physical thing together, not of one barcode alone (Syntax
    Dictionary, notes on "req" and "ex"); so neither parsing nor building a Digital Link asks it.
    """
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            raise ElementError(f"({ai}) is there twice with different values", ai=ai, value=value[:100])
    for ai in values:
        entry = lookup(ai)
        for other in values:
            if other != ai and any(_matches(pattern, other) for pattern in entry.excludes):
                raise ElementError(f"({ai}) and ({other}) exclude each other", ai=ai, other=other)
        met = any(all(any(_matches(part, other) for other in values) for part in group) for group in entry.requires)
        if entry.requires and not met:
            groups = " or ".join(" with ".join(f"({part})" for part in group) for group in entry.requires)
            raise ElementError(f"({ai}) needs {groups}", ai=ai)


def is_path_sequence(ais: Sequence[str]) -> bool:
    """Whether a Digital Link's path may hold these AIs in this order: a primary key, then its qualifiers."""
    entry = TABLE.get(ais[0]) if ais else None
    if entry is None or entry.sequences is None:
        return False
    used = list(ais[1:])
    return any(used == [ai for ai in way if ai in used] for way in entry.sequences)
