"""EPC URNs and GS1 Digital Link URIs, one into the other, and the one form that event hashes are made of.

Sources: EPC Tag Data Standard 2.0, sections 6 to 8 (URN syntax of every scheme); CBV 2.0, section 8.9
(event hash: finest level of identification, on https://id.gs1.org, no variant, no query).

Translation carries a serial's spelling over as it stands (percent-escapes stay, none are added), so that
there and back again gives the same text; `normalise` alone decides how a serial is spelled. Neither
direction verifies check digits: an EPC URN has none, and a repository must name what it was told.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from tracking.gs1.application_identifiers import Element, ElementError, check_value
from tracking.gs1.digital_link import CANONICAL_STEM, DigitalLinkError, decode, pad_gtin, split_path
from tracking.gs1.keys import CSET_39, CSET_82, Gs1Error, check_digit

LENGTH_MAX = 2048  # characters of a URI; the longest well-formed one has under 400
PREFIX_LENGTHS = range(6, 13)  # digits of a GS1 company prefix in an EPC URN

_NUMERALS = "0123456789"
_WEB = re.compile(r"https?://[^/?#\s]+/", re.IGNORECASE)
# What the Tag Data Standard lets stand unescaped in a URN component (GS3A3Char).
_URN_SPELLING = re.compile(r"(?:%[0-9A-Fa-f]{2}|[!'()*+,\-.:;=_0-9A-Za-z])*")
# Left unescaped by the event hash: what the Digital Link standard's table of characters to escape leaves out.
_HASH_SAFE = "-._~';="


class UrnError(Gs1Error):
    """An EPC URN or a Digital Link that cannot be translated. Facts: `uri`, `reason`."""

    title = "This identifier cannot be translated"


@dataclass(frozen=True)
class _Scheme:
    """How one EPC scheme is written as a URN and as a Digital Link."""

    name: str
    ai: str
    digits: int  # of company prefix and reference together; 0 where the reference is free text
    indicator_first: bool = False  # the reference's first digit stands before the prefix in the key
    lead: str = ""  # constant digits before the prefix
    serial_ai: str = ""  # the qualifier that carries the serial; "" where it is appended to the key
    serial_max: int = 0  # characters; 0 where there is no serial
    alphabet: str = CSET_82
    pattern: bool = False  # a class of such things is named by an idpat URN ending in *
    pieces: bool = False  # piece and total, two digits each, stand between reference and serial
    kind: str = "id"


_SCHEMES = (
    _Scheme("sgtin", "01", 13, indicator_first=True, serial_ai="21", serial_max=20, pattern=True),
    _Scheme("lgtin", "01", 13, indicator_first=True, serial_ai="10", serial_max=20, kind="class"),
    _Scheme("upui", "01", 13, indicator_first=True, serial_ai="235", serial_max=28, pattern=True),
    _Scheme("itip", "8006", 13, indicator_first=True, serial_ai="21", serial_max=20, pattern=True, pieces=True),
    _Scheme("sscc", "00", 17, indicator_first=True),
    _Scheme("sgln", "414", 12, serial_ai="254", serial_max=20),
    _Scheme("pgln", "417", 12),
    _Scheme("grai", "8003", 12, lead="0", serial_max=16, pattern=True),
    _Scheme("gdti", "253", 12, serial_max=17, pattern=True),
    _Scheme("sgcn", "255", 12, serial_max=12, alphabet=_NUMERALS, pattern=True),
    _Scheme("gsrn", "8018", 17),
    _Scheme("gsrnp", "8017", 17),
    _Scheme("gsin", "402", 16),
    _Scheme("giai", "8004", 0),
    _Scheme("ginc", "401", 0),
    _Scheme("cpi", "8010", 0, serial_ai="8011", serial_max=12, alphabet=_NUMERALS, pattern=True),
)
_BY_NAME = {(scheme.kind, scheme.name): scheme for scheme in _SCHEMES} | {
    ("idpat", scheme.name): scheme for scheme in _SCHEMES if scheme.pattern
}
_FREE_TEXT_MAX = 30  # characters of a GIAI, GINC or CPID, prefix included


def to_digital_link(uri: str) -> str:
    """The Digital Link URI on https://id.gs1.org of an EPC URN (id, class or idpat), spelling carried over.

    A Digital Link URI on any domain gives what `normalise` gives. An SGLN with extension 0 is the GLN alone.
    Raises UrnError for anything else.
    """
    if uri[:4].lower() == "urn:":
        return _translate(uri)
    normal = normalise(uri)
    if not normal.startswith(CANONICAL_STEM + "/") or _read(normal) is None:
        raise UrnError("neither an EPC URN nor a Digital Link URI", uri=uri[:200], reason="not GS1")
    return normal


def normalise(uri: str) -> str:
    """The form of `uri` that a CBV 2.0 event hash is made of; never raises.

    EPC URNs and Digital Link URIs on any domain become https://id.gs1.org URIs of the finest level of
    identification (serial before lot, no variant), without attributes, GTINs in 14 digits, escapes as the
    Digital Link standard asks. Whatever is not well formed as either comes back unchanged.
    """
    if len(uri) > LENGTH_MAX:
        return uri
    if uri.startswith("urn:epc:"):
        if not _URN_SPELLING.fullmatch(uri):
            return uri
        try:
            pairs = _read(_translate(uri))
        except UrnError:
            return uri
    else:
        pairs = _read(uri)
    if pairs is None:
        return uri
    return CANONICAL_STEM + "".join(f"/{ai}/{quote(value, safe=_HASH_SAFE)}" for ai, value in _finest(pairs))


def to_urn(uri: str, prefix_length: int, *, level: Literal["instance", "class"] | None = None) -> str:
    """The EPC URN of a Digital Link URI on any domain, its company prefix being `prefix_length` digits long.

    A key with its serial gives urn:epc:id, a GTIN with its lot urn:epc:class:lgtin, a key whose serial is
    missing urn:epc:idpat; `level` "instance" or "class" refuses the other. What a URN cannot say (a lot of
    an ITIP, a UIC) is refused, a variant left out. A GTIN must be in 14 digits. The prefix length cannot be
    read off a key: GS1 publishes it per prefix, and whoever issued the key knows it.
    Raises UrnError.
    """
    if prefix_length not in PREFIX_LENGTHS:
        raise UrnError("a company prefix has 6 to 12 digits in an EPC URN", uri=uri[:200], reason="prefix length")
    if len(uri) > LENGTH_MAX or not _WEB.match(uri):
        raise UrnError("not an http or https URI", uri=uri[:200], reason="scheme")
    pairs = _raw_pairs(uri)
    if pairs is None:
        raise UrnError("no GS1 key in the path", uri=uri[:200], reason="no key")
    (ai, key), qualifiers = pairs[0], dict(pairs[1:])
    schemes = [scheme for scheme in _SCHEMES if scheme.ai == ai]
    if not schemes:
        raise UrnError(f"AI {ai} has no EPC scheme", uri=uri[:200], reason="no scheme")
    scheme = next((s for s in schemes if s.serial_ai in qualifiers), schemes[0])
    # A variant says no more than the key does, nor a lot beside a serial; anything else would be lost.
    lost = qualifiers.keys() - {scheme.serial_ai, "22"} - ({"10"} if scheme.serial_ai in qualifiers else set[str]())
    if lost:
        raise UrnError(f"no EPC URN can say AI {min(lost)}", uri=uri[:200], reason="no scheme")
    urn = _write_urn(uri, scheme, key, qualifiers.get(scheme.serial_ai), prefix_length)
    is_class = not urn.startswith("urn:epc:id:")
    if level is not None and (level == "class") != is_class:
        raise UrnError(f"this names no {level}", uri=uri[:200], reason="level")
    return urn


def _translate(urn: str) -> str:
    """The Digital Link of one EPC URN, spelling carried over. Raises UrnError."""

    def refuse(reason: str) -> UrnError:
        return UrnError(f"not a well-formed EPC URN: {reason}", uri=urn[:200], reason=reason)

    head = re.match(r"urn:epc:(id|class|idpat):([a-z]+):", urn)
    if len(urn) > LENGTH_MAX or head is None:
        raise refuse("it does not begin as one")
    kind, name = head.groups()
    scheme = _BY_NAME.get((kind, name))
    if scheme is None:
        raise refuse(f"no GS1 key behind {kind}:{name}")
    has_serial = scheme.serial_max > 0
    fields = urn[head.end() :].split(".", 1 + has_serial + 2 * scheme.pieces)
    if len(fields) != 2 + has_serial + 2 * scheme.pieces:
        raise refuse("too few components")
    prefix, reference, *rest = fields
    if len(prefix) not in PREFIX_LENGTHS or not re.fullmatch("[0-9]+", prefix):
        raise refuse("the company prefix has 6 to 12 digits")

    if scheme.digits:
        if not re.fullmatch("[0-9]*", reference) or len(prefix) + len(reference) != scheme.digits:
            raise refuse(f"prefix and reference are {scheme.digits} digits together")
        body = scheme.lead
        body += reference[:1] + prefix + reference[1:] if scheme.indicator_first else prefix + reference
        key = body + check_digit(body)
    else:
        alphabet = CSET_39 if scheme.name == "cpi" else CSET_82
        if not reference or not _spelled(reference, _FREE_TEXT_MAX - len(prefix), alphabet):
            raise refuse("the reference has a wrong length or character")
        key = prefix + reference
    if scheme.pieces:
        if not re.fullmatch("[0-9]{2}", rest[0]) or not re.fullmatch("[0-9]{2}", rest[1]):
            raise refuse("piece and total have two digits each")
        key += rest[0] + rest[1]

    link = f"{CANONICAL_STEM}/{scheme.ai}/{key}"
    if not has_serial:
        return link
    serial = rest[-1]
    if kind == "idpat":
        if serial != "*":
            raise refuse("a pattern ends in *")
        return link
    if not serial or not _spelled(serial, scheme.serial_max, scheme.alphabet):
        raise refuse("the serial has a wrong length or character")
    if not scheme.serial_ai:
        return link + serial
    if scheme.name == "sgln" and serial == "0":  # TDS 2.0, 6.3.3: extension 0 stands for "no extension"
        return link
    return f"{link}/{scheme.serial_ai}/{serial}"


def _write_urn(uri: str, scheme: _Scheme, key: str, serial: str | None, prefix_length: int) -> str:
    """The URN of `key` and `serial` as spelled in `uri`."""

    def refuse(reason: str) -> UrnError:
        return UrnError(f"not a well-formed Digital Link of an EPC: {reason}", uri=uri[:200], reason=reason)

    pieces = ""
    if scheme.digits:
        length = len(scheme.lead) + scheme.digits + 1
        whole = length + 4 * scheme.pieces
        appended = not scheme.serial_ai and scheme.serial_max > 0
        if not re.fullmatch("[0-9]+", key[:whole]) or len(key[:whole]) != whole or (len(key) > whole and not appended):
            raise refuse(f"the key has {whole} digits")
        if not key.startswith(scheme.lead):
            raise refuse(f"the key begins with {scheme.lead}")
        if appended:
            serial = key[whole:] or None
        if scheme.pieces:
            pieces = f".{key[length : length + 2]}.{key[length + 2 : whole]}"
        body = key[len(scheme.lead) : length - 1]
        start = 1 if scheme.indicator_first else 0
        prefix = body[start : start + prefix_length]
        reference = body[:start] + body[start + prefix_length :]
    else:
        alphabet = CSET_39 if scheme.name == "cpi" else CSET_82
        prefix, reference = key[:prefix_length], key[prefix_length:]
        # Only the first four characters must be digits here: where the prefix length given reaches into the
        # reference, the split is the caller's statement, and we have no table to hold against it.
        if not re.match("[0-9]{4}", key) or len(prefix) < prefix_length or not _spelled(key, _FREE_TEXT_MAX, alphabet):
            raise refuse("the key has a wrong length or character")

    if serial is not None and not (serial and _spelled(serial, scheme.serial_max, scheme.alphabet)):
        raise refuse("the serial has a wrong length or character")
    if serial is None and scheme.name == "sgln":
        serial = "0"
    stem = f"{scheme.name}:{prefix}.{reference}{pieces}"
    if scheme.serial_max == 0:
        return f"urn:epc:id:{stem}"
    return f"urn:epc:idpat:{stem}.*" if serial is None else f"urn:epc:{scheme.kind}:{stem}.{serial}"


def _spelled(text: str, length_max: int, alphabet: str) -> bool:
    characters = decode(text)
    return len(characters) <= length_max and all(character in alphabet for character in characters)


def _well_formed_pairs(uri: str) -> list[Element] | None:
    """Key and qualifiers of a Digital Link URI, still escaped, or None. A slash at the end of the path is let pass."""
    try:
        return split_path(re.split("[?#]", uri, maxsplit=1)[0].removesuffix("/"), alpha_names=True)[1]
    except DigitalLinkError:
        return None


def _raw_pairs(uri: str) -> list[Element] | None:
    """Key and serial as spelled in `uri`; where it is no well-formed URI, what stands after the first key's number.

    Serials may hold / ? # < > and ", and older data has them unescaped. Nothing but the key's own qualifier
    can follow it then, so the rest of the text is the serial.
    """
    pairs = _well_formed_pairs(uri)
    unescaped_cpid = "#" in uri and "/8011/" in uri.partition("#")[2]  # a # is data there, not a fragment
    if pairs is not None and not unescaped_cpid:
        return pairs
    start = re.search(r"/(00|01|253|255|401|402|414|417|8003|8004|8006|8010|8017|8018)/", uri)
    if start is None or re.search(r"\s", uri):
        return None
    ai, rest = start[1], uri[start.end() :]
    for scheme in _SCHEMES:
        if scheme.ai == ai and scheme.serial_ai:
            key, found, serial = rest.partition(f"/{scheme.serial_ai}/")
            if found:
                return [(ai, key), (scheme.serial_ai, serial)]
    return [(ai, rest)]


def _read(uri: str) -> list[Element] | None:
    """Key and qualifiers of a well-formed Digital Link URI, decoded, GTINs in 14 digits, or None."""
    pairs = _well_formed_pairs(uri)
    if pairs is None:
        return None
    read = [pad_gtin((ai, decode(spelled))) for ai, spelled in pairs]
    try:
        for ai, value in read:
            check_value(ai, value, form_only=True)
    except ElementError:
        return None
    return read


def _finest(pairs: list[Element]) -> list[Element]:
    """The key with only what identifies at the finest level: the serial, or else the lot; never the variant."""
    key, qualifiers = pairs[0], pairs[1:]
    if key[0] in ("01", "8006"):
        kept = [pair for ai in ("21", "235", "10") for pair in qualifiers if pair[0] == ai]
        return [key, *kept[:1]]
    return pairs
