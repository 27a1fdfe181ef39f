"""GS1 Digital Link URIs: reading, building, and the URIs of our own nouns.

Source: GS1 Digital Link Standard: URI Syntax 1.2 and later (uncompressed form); the table of keys and
qualifiers is the GS1 Barcode Syntax Dictionary's. The values here have their percent-escapes read already.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from tracking.gs1.application_identifiers import PRIMARY_KEYS, TABLE, Element, ElementError, is_path_sequence
from tracking.gs1.element_strings import check_elements, format_element_string
from tracking.gs1.keys import DIGITS, Gs1Error

CANONICAL_STEM = "https://id.gs1.org"
LENGTH_MAX = 8192  # characters of a URI; more than any browser or symbol carries

# RFC 3986 in full, the percent sign included; what a host cannot hold is sorted out below.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_WEB = re.compile(r"(?:https?|HTTPS?)://([A-Za-z0-9\-.:\[\]]+)(?=/)")
_STEM = re.compile(r"(?:https?|HTTPS?)://[A-Za-z0-9\-.:\[\]]+(?:/[A-Za-z0-9\-._~:@!$&'()*+,;=%]+)*")
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = "-._~"

# Names that version 1.0 allowed in place of numbers in the path; deprecated, met in older data only.
ALPHA_NAMES = {
    "cpid": "8010", "cpsn": "8011", "cpv": "22", "gcn": "255", "gdti": "253", "giai": "8004", "ginc": "401",
    "gln": "414", "glnx": "254", "gmn": "8013", "grai": "8003", "gsin": "402", "gsrn": "8018", "gsrnp": "8017",
    "gtin": "01", "itip": "8006", "lot": "10", "party": "417", "refno": "8020", "ser": "21", "srin": "8019",
    "sscc": "00",
}  # fmt: skip


class DigitalLinkError(Gs1Error):
    """Text that is no GS1 Digital Link URI, or elements that make none.

    Facts: `uri` (its beginning), `where` (scheme, host, path, query, or the AI) and `reason`.
    """

    title = "This is not a valid GS1 Digital Link"


def _refuse(uri: str, where: str, reason: str) -> DigitalLinkError:
    return DigitalLinkError(f"{where}: {reason}", uri=uri[:200], where=where, reason=reason)


@dataclass(frozen=True)
class DigitalLink:
    """What a Digital Link URI says. Made by `parse` and `build`, which see to it that it is well formed."""

    primary: Element
    qualifiers: tuple[Element, ...] = ()  # in the order of the path
    attributes: tuple[Element, ...] = ()  # in the order of the query
    other_params: tuple[tuple[str, str], ...] = ()  # query parameters that are not GS1's, such as linkType
    stem: str = CANONICAL_STEM  # scheme, host and leading path, without a slash at the end

    @property
    def path(self) -> tuple[Element, ...]:
        """The primary key and its qualifiers."""
        return (self.primary, *self.qualifiers)

    @property
    def elements(self) -> tuple[Element, ...]:
        """All AIs and values: path first, then query."""
        return (*self.path, *self.attributes)

    def value(self, ai: str) -> str | None:
        """The value of `ai` in path or query; None where it is absent."""
        return next((value for name, value in self.elements if name == ai), None)

    def uri(self) -> str:
        """The URI, all but unreserved characters percent-encoded."""
        path = "".join(f"/{ai}/{_escaped(value)}" for ai, value in self.path)
        params = [f"{ai}={_escaped(value)}" for ai, value in self.attributes]
        params += [_escaped(name) + (f"={_escaped(value)}" if value else "") for name, value in self.other_params]
        return self.stem + path + ("?" + "&".join(params) if params else "")

    def canonical(self) -> str:
        """The URI on https://id.gs1.org, attributes sorted by AI, parameters that are not GS1's left out."""
        return DigitalLink(self.primary, self.qualifiers, tuple(sorted(self.attributes))).uri()

    def element_string(self) -> str:
        """What a GS1 barcode of the same content holds, FNC1 written "^"."""
        return format_element_string(self.elements)


def _escaped(value: str) -> str:
    return quote(value, safe=_UNRESERVED)


def decode(text: str) -> str:
    """`text` with its percent-escapes read, byte by byte; a % that begins none stands for itself.

    GS1 values are ASCII, so a byte beyond it becomes a character that no check accepts.
    """
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def split_path(uri: str, *, alpha_names: bool = False) -> tuple[str, list[Element]]:
    """The stem, and the path's AIs with their values as spelled: found from the end, for a stem may hold anything.

    Query and fragment are left out. Checks the URI's form and the sequence of AIs, not the values.
    Raises DigitalLinkError.
    """
    if not uri or len(uri) > LENGTH_MAX:
        raise _refuse(uri, "URI", f"it has 1 to {LENGTH_MAX} characters")
    if not _URI.fullmatch(uri):
        raise _refuse(uri, "URI", "a character that must be percent-encoded, or is no part of a URI at all")
    start = _WEB.match(uri)
    if start is None:
        raise _refuse(uri, "scheme", "http:// or https://, a host and a path are expected")
    segments = re.split(r"[?#]", uri[start.end() + 1 :], maxsplit=1)[0].split("/")
    pairs: list[Element] = []
    while len(segments) >= 2:
        name, value = segments[-2:]
        ai = ALPHA_NAMES.get(name, name) if alpha_names else name
        if ai not in TABLE:
            break
        del segments[-2:]
        pairs.insert(0, (ai, value))
        if ai in PRIMARY_KEYS:
            break
    if not pairs or pairs[0][0] not in PRIMARY_KEYS:
        raise _refuse(uri, "path", "no GS1 key in it")
    sequence = [ai for ai, _ in pairs]
    if not is_path_sequence(sequence):
        raise _refuse(uri, "path", f"({') ('.join(sequence[:8])}) is no key with its qualifiers in order")
    return "/".join([uri[: start.end()], *segments]), pairs


def parse(uri: str, *, alpha_names: bool = False, short_gtin: bool = True, unknown_ais: bool = False) -> DigitalLink:
    """Read a Digital Link URI on any host and stem.

    Every value is checked (characters, length, check digit, dates, code lists). The fragment is ignored; query
    parameters that are not numbers are kept apart as `other_params`.
    - `alpha_names`: take the deprecated names too (/gtin/…/ser/…).
    - `short_gtin`: take a GTIN-8, -12 or -13 for AI 01 and pad it to 14 digits.
    - `unknown_ais`: take numbers in the query that no table assigns, instead of refusing them.
    Raises DigitalLinkError and nothing else, whatever the text.
    """
    stem, spelled = split_path(uri, alpha_names=alpha_names)
    path = [(ai, decode(value)) for ai, value in spelled]
    query = uri.partition("#")[0].partition("?")[2]
    attributes: list[Element] = []
    others: list[tuple[str, str]] = []
    for param in query.split("&"):
        spelled_name, _, value = param.partition("=")
        name = _text(spelled_name)
        if DIGITS.fullmatch(name):
            attributes.append((name, decode(value.replace("+", " "))))
        elif name or value:
            others.append((name, _text(value)))
    if short_gtin:
        path, attributes = [pad_gtin(element) for element in path], [pad_gtin(element) for element in attributes]
    _check(uri, path, attributes, unknown_ais=unknown_ais)
    return DigitalLink(path[0], tuple(path[1:]), tuple(attributes), tuple(others), stem)


def _text(spelled: str) -> str:
    return unquote(spelled.replace("+", " "), errors="replace")


def pad_gtin(element: Element) -> Element:
    """AI 01 with a GTIN-8, -12 or -13 as 14 digits; any other element as it is."""
    ai, value = element
    if ai == "01" and len(value) in (8, 12, 13) and DIGITS.fullmatch(value):
        return (ai, value.zfill(14))
    return element


def _check(uri: str, path: Sequence[Element], attributes: Sequence[Element], *, unknown_ais: bool) -> None:
    sequence = [ai for ai, _ in path]
    seen = set(sequence)
    for ai, _ in attributes:
        if ai in seen:
            raise _refuse(uri, f"({ai})", "it is there more than once")
        seen.add(ai)
        entry = TABLE.get(ai)
        if entry is None:
            continue  # check_elements decides on AIs that are in no table
        if not entry.is_attribute:
            raise _refuse(uri, f"({ai})", "it may not stand in the query")
        if any(is_path_sequence([*sequence[:place], ai, *sequence[place:]]) for place in range(1, len(sequence) + 1)):
            raise _refuse(uri, f"({ai})", "it qualifies the key, so it belongs in the path")
    try:
        check_elements([*path, *attributes], unknown_ais=unknown_ais)
    except ElementError as error:
        raise _refuse(uri, f"({error.facts.get('ai', '?')})", str(error)) from error


def build(
    elements: Iterable[Element], *, stem: str = CANONICAL_STEM, other_params: Iterable[tuple[str, str]] = ()
) -> DigitalLink:
    """A Digital Link of `elements` in any order.

    The first that is a primary key starts the path, its qualifiers follow in the standard's order, the rest goes
    into the query, AIs of predefined length first. The same element twice counts once.
    Raises DigitalLinkError: no primary key, an AI that may not stand in the query, a wrong value, a bad stem.
    """
    given: dict[str, str] = {}
    for ai, value in elements:
        if given.setdefault(ai, value) != value:
            raise _refuse("", f"({ai})", "it is there twice with different values")
    key = next((ai for ai in given if ai in PRIMARY_KEYS), None)
    if key is None:
        raise _refuse("", "path", "no AI among these is a primary key")
    stem = stem.removesuffix("/")
    if len(stem) > LENGTH_MAX or not _STEM.fullmatch(stem):
        raise _refuse(stem, "stem", "http:// or https://, a host and perhaps a path are expected")
    ways = TABLE[key].sequences or ()
    # Every qualifier of the key that is there must find its place in one way; they do not mix.
    own = {ai for way in ways for ai in way if ai in given}
    way = next((way for way in ways if own <= set(way)), None)
    if way is None:
        raise _refuse("", f"({key})", f"({') ('.join(sorted(own))}) do not go together in one path")
    path = [(key, given[key]), *((ai, given[ai]) for ai in way if ai in given)]
    rest = [(ai, value) for ai, value in given.items() if ai != key and ai not in own]
    rest.sort(key=lambda element: element[0] not in TABLE or not TABLE[element[0]].predefined_length)
    _check("", path, rest, unknown_ais=False)
    # A name of digits alone would be read back as an AI.
    others = tuple((name, value) for name, value in other_params)
    if any(not name or DIGITS.fullmatch(name) for name, _ in others):
        raise _refuse("", "query", "a parameter that is not GS1's needs a name that is no number")
    return DigitalLink(path[0], tuple(path[1:]), tuple(rest), others, stem)


def canonical(uri: str) -> str:
    """The canonical form, on https://id.gs1.org, of a Digital Link URI on any domain (deprecated names taken too).

    Raises DigitalLinkError. For event hashes see `urn.normalise`, which keeps the finest identity alone.
    """
    return parse(uri, alpha_names=True).canonical()


# The URIs of our own nouns. `stem` is where a label is to lead; without it the canonical form, which records hold.


def sscc_uri(sscc: str, *, stem: str = CANONICAL_STEM) -> str:
    """A handling unit."""
    return build([("00", sscc)], stem=stem).uri()


def gtin_uri(gtin: str, *, stem: str = CANONICAL_STEM) -> str:
    """A product; a GTIN-8, -12 or -13 is padded to 14 digits."""
    return build([pad_gtin(("01", gtin))], stem=stem).uri()


def lot_uri(gtin: str, lot: str, *, stem: str = CANONICAL_STEM) -> str:
    """A lot of a product."""
    return build([pad_gtin(("01", gtin)), ("10", lot)], stem=stem).uri()


def site_uri(gln: str, extension: str | None = None, *, stem: str = CANONICAL_STEM) -> str:
    """A site: a GLN, or a place inside it by its extension."""
    return build([("414", gln), *([("254", extension)] if extension is not None else [])], stem=stem).uri()


def party_uri(gln: str, *, stem: str = CANONICAL_STEM) -> str:
    """A party."""
    return build([("417", gln)], stem=stem).uri()


def shipment_uri(gsin: str, *, stem: str = CANONICAL_STEM) -> str:
    """A shipment."""
    return build([("402", gsin)], stem=stem).uri()


def grai_uri(grai: str, *, stem: str = CANONICAL_STEM) -> str:
    """A container (returnable asset), its GRAI with the leading zero."""
    return build([("8003", grai)], stem=stem).uri()


def giai_uri(giai: str, *, stem: str = CANONICAL_STEM) -> str:
    """A carrier (individual asset)."""
    return build([("8004", giai)], stem=stem).uri()
