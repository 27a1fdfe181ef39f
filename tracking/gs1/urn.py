"""EPC URNs and GS1 Digital Link URIs, one into the other, and the one form that event hashes are made of.

Sources: EPC Tag Data Standard 2.0, sections 6 to 8 (URN syntax of every scheme); CBV 2.0, section 8.9
(event hash: finest level of identification, on https://id.gs1.org, no variant, no query).

Translation carries a serial's spelling over as it stands (percent-escapes stay, none are added), so that
there and back again gives the same text; `normalise` alone decides how a serial is spelled. Neither
direction verifies check digits: an EPC URN has none, and a repository must name what it was told.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from tracking.gs1.keys import CSET_39, CSET_82, Gs1Error, check_digit

CANONICAL_STEM = "https://id.gs1.org"
LENGTH_MAX = 2048  # characters of a URI; the longest well-formed one has under 400
PREFIX_LENGTHS = range(6, 13)  # digits of a GS1 company prefix in an EPC URN

_NUMERALS = "0123456789"
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
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

    @property
    def check(self) -> bool:
        return self.digits > 0


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
_BY_NAME = {(scheme.kind, scheme.name): scheme for scheme in _SCHEMES}
_BY_NAME |= {("idpat", scheme.name): scheme for scheme in _SCHEMES if scheme.pattern}
_FREE_TEXT_MAX = 30  # characters of a GIAI, GINC or CPID, prefix included

# Shapes of primary keys and of qualifiers in a Digital Link, after percent-decoding.
_TEXT = "[" + re.escape(CSET_82) + "]"
_SHAPES = {
    "00": "[0-9]{18}",
    "01": "[0-9]{8}|[0-9]{12,14}",
    "253": f"[0-9]{{13}}{_TEXT}{{0,17}}",
    "255": "[0-9]{13}[0-9]{0,12}",
    "401": f"[0-9]{{4}}{_TEXT}{{0,26}}",
    "402": "[0-9]{17}",
    "414": "[0-9]{13}",
    "415": "[0-9]{13}",
    "417": "[0-9]{13}",
    "8003": f"0[0-9]{{13}}{_TEXT}{{0,16}}",
    "8004": f"[0-9]{{4}}{_TEXT}{{0,26}}",
    "8006": "[0-9]{18}",
    "8010": f"[0-9]{{4}}[{re.escape(CSET_39)}]{{0,26}}",
    "8013": f"[0-9]{{4}}{_TEXT}{{0,21}}",
    "8017": "[0-9]{18}",
    "8018": "[0-9]{18}",
}
_QUALIFIER_SHAPES = {
    "22": f"{_TEXT}{{1,20}}",
    "10": f"{_TEXT}{{1,20}}",
    "21": f"{_TEXT}{{1,20}}",
    "235": f"{_TEXT}{{1,28}}",
    "254": f"{_TEXT}{{1,20}}",
    "7040": f"[0-9]{_TEXT}{{3}}",
    "8011": "[0-9]{1,12}",
    "8019": "[0-9]{1,10}",
    "8020": f"{_TEXT}{{1,25}}",
}
# Qualifiers in the order in which they may follow their key; alternatives do not mix.
_SEQUENCES: dict[str, tuple[tuple[str, ...], ...]] = {
    "01": (("22", "10", "21"), ("235",)),
    "8006": (("22", "10", "21"),),
    "414": (("254",), ("7040",)),
    "415": (("8020",),),
    "417": (("7040",),),
    "8004": (("7040",),),
    "8010": (("8011",),),
    "8017": (("8019",),),
    "8018": (("8019",),),
}
# Names that Digital Link 1.0 allowed in place of numbers; deprecated, still met in older data.
_ALPHA_NAMES = {
    "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017", "gsrn": "8018",
    "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003", "giai": "8004",
    "gmn": "8013", "payTo": "415", "cpv": "22", "lot": "10", "ser": "21", "glnx": "254", "cpsn": "8011",
    "srin": "8019", "refno": "8020",
}  # fmt: skip

Pairs = list[tuple[str, str]]


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
        if not _URN_SPELLING.fullmatch(uri.replace("*", "")):
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


def to_urn(uri: str, prefix_length: int, *, level: str | None = None) -> str:
    """The EPC URN of a Digital Link URI on any domain, its company prefix being `prefix_length` digits long.

    A key with its serial gives urn:epc:id, a GTIN with its lot urn:epc:class:lgtin, a key whose serial is
    missing urn:epc:idpat. `level` "instance" or "class" refuses the other. A GTIN must be in 14 digits. The prefix
    length cannot be read off a key: GS1 publishes it per prefix, and whoever issued the key knows it.
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


def _decoded(text: str) -> str:
    """`text` with its percent-escapes read; a % that begins none stands for itself."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _spelled(text: str, length_max: int, alphabet: str) -> bool:
    characters = _decoded(text)
    return len(characters) <= length_max and all(character in alphabet for character in characters)


def _well_formed_pairs(uri: str) -> Pairs | None:
    """Key and qualifiers of a Digital Link URI, still escaped, or None. Query and fragment are left out."""
    start = _WEB.match(uri)
    if start is None or len(uri) > LENGTH_MAX or not _URI.fullmatch(uri):
        return None
    path = re.split(r"[?#]", uri[start.end() :], maxsplit=1)[0].removesuffix("/")
    segments = path.split("/")
    pairs: Pairs = []
    while len(segments) >= 2 and segments[-1]:  # from the end: the stem may hold anything, even /01/
        name, value = segments[-2:]
        del segments[-2:]
        pairs.insert(0, (_ALPHA_NAMES.get(name, name), value))
        ai = pairs[0][0]
        if ai in _SHAPES:
            break
        if ai not in _QUALIFIER_SHAPES:
            return None
    if not pairs or pairs[0][0] not in _SHAPES:
        return None
    used = [ai for ai, _ in pairs[1:]]
    sequences = _SEQUENCES.get(pairs[0][0], ((),))
    return pairs if any(used == [ai for ai in sequence if ai in used] for sequence in sequences) else None


def _raw_pairs(uri: str) -> Pairs | None:
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


def _read(uri: str) -> Pairs | None:
    """Key and qualifiers of a well-formed Digital Link URI, decoded, GTINs in 14 digits, or None."""
    pairs = _well_formed_pairs(uri)
    if pairs is None:
        return None
    read: Pairs = []
    for ai, spelled in pairs:
        value = _decoded(spelled)
        shape = _QUALIFIER_SHAPES[ai] if read else _SHAPES[ai]
        if not re.fullmatch(shape, value):
            return None
        read.append((ai, value.zfill(14) if ai == "01" else value))
    return read


def _finest(pairs: Pairs) -> Pairs:
    """The key with only what identifies at the finest level: the serial, or else the lot; never the variant."""
    key, qualifiers = pairs[0], pairs[1:]
    if key[0] in ("01", "8006"):
        kept = [pair for ai in ("21", "235", "10") for pair in qualifiers if pair[0] == ai]
        return [key, *kept[:1]]
    return pairs
