"""Provinces of Indonesia as prices name them, and which of them a decree's zone covers. Pure."""

import re

NATION = "Indonesia"

JAVA = ("DKI Jakarta", "Banten", "Jawa Barat", "Jawa Tengah", "DI Yogyakarta", "Jawa Timur")
SUMATRA = (
    "Aceh",
    "Sumatera Utara",
    "Sumatera Barat",
    "Riau",
    "Kepulauan Riau",
    "Jambi",
    "Bengkulu",
    "Sumatera Selatan",
    "Kepulauan Bangka Belitung",
    "Lampung",
)
KALIMANTAN = (
    "Kalimantan Barat",
    "Kalimantan Tengah",
    "Kalimantan Selatan",
    "Kalimantan Timur",
    "Kalimantan Utara",
)
SULAWESI = (
    "Sulawesi Utara",
    "Gorontalo",
    "Sulawesi Tengah",
    "Sulawesi Barat",
    "Sulawesi Selatan",
    "Sulawesi Tenggara",
)
MALUKU = ("Maluku", "Maluku Utara")
PAPUA = ("Papua", "Papua Barat", "Papua Barat Daya", "Papua Tengah", "Papua Pegunungan", "Papua Selatan")
BALI_NUSA = ("Bali", "Nusa Tenggara Barat", "Nusa Tenggara Timur")

PROVINCES = (*SUMATRA, *JAVA, *BALI_NUSA, *KALIMANTAN, *SULAWESI, *MALUKU, *PAPUA)

_ALIASES = {
    "jakarta": "DKI Jakarta",
    "dki": "DKI Jakarta",
    "jakarta raya": "DKI Jakarta",
    "daerah khusus ibukota jakarta": "DKI Jakarta",
    "daerah khusus jakarta": "DKI Jakarta",
    "yogyakarta": "DI Yogyakarta",
    "daerah istimewa yogyakarta": "DI Yogyakarta",
    "d i yogyakarta": "DI Yogyakarta",
    "nanggroe aceh darussalam": "Aceh",
    "sumut": "Sumatera Utara",
    "sumbar": "Sumatera Barat",
    "sumsel": "Sumatera Selatan",
    "kepri": "Kepulauan Riau",
    "bangka belitung": "Kepulauan Bangka Belitung",
    "babel": "Kepulauan Bangka Belitung",
    "jabar": "Jawa Barat",
    "jateng": "Jawa Tengah",
    "jatim": "Jawa Timur",
    "ntb": "Nusa Tenggara Barat",
    "ntt": "Nusa Tenggara Timur",
    "nasional": NATION,
    "national": NATION,
    "national average": NATION,
    "semua provinsi": NATION,
}

_REGIONS = {
    "jawa": JAVA,
    "sumatera": SUMATRA,
    "kalimantan": KALIMANTAN,
    "sulawesi": SULAWESI,
    "maluku": MALUKU,
    "papua": PAPUA,
}

# The three zones of the rice ceiling since Permendag 57/2017, as the decrees and the press list them.
ZONES = {
    "1": (*JAVA, "Lampung", "Sumatera Selatan", "Bali", "Nusa Tenggara Barat", *SULAWESI),
    "2": (*(p for p in SUMATRA if p not in ("Lampung", "Sumatera Selatan")), "Nusa Tenggara Timur", *KALIMANTAN),
    "3": (*MALUKU, *PAPUA),
}


def plain(text: str) -> str:
    """Lower case, words separated by one space, no punctuation: how names are compared."""
    return " ".join(re.findall(r"[0-9a-z]+", text.lower()))


_BY_PLAIN_NAME = {plain(name): name for name in (*PROVINCES, NATION)} | _ALIASES


def canonical(area: str) -> str:
    """An area as we spell it: a province under any of its usual names, "Indonesia", else the words as given."""
    words = plain(area)
    return _BY_PLAIN_NAME.get(words) or _BY_PLAIN_NAME.get(words.removeprefix("provinsi ")) or " ".join(area.split())


def named_in(text: str) -> str | None:
    """The one province that `text` (a file's name, say) names, or None where it names none or several."""
    words = f" {plain(text)} "
    found: dict[str, str] = {}
    for name in sorted(_BY_PLAIN_NAME, key=len, reverse=True):
        if f" {name} " in words:
            found[_BY_PLAIN_NAME[name]] = name
            words = words.replace(f" {name} ", "  ")  # "sumatera selatan" is not "selatan", "papua barat" not "papua"
    found.pop(NATION, None)
    return next(iter(found)) if len(found) == 1 else None


def zone_provinces(zone: str) -> list[str]:
    """The provinces that a decree's zone covers; an empty list means everywhere.

    Takes "nasional", "Zona 1" to "Zona 3", or provinces and islands separated by commas ("Jawa, Lampung, Sumsel").
    Raises ValueError with the words that it does not know.
    """
    words = plain(zone)
    if words.startswith(("nasional", "national", "indonesia")):
        return []
    if match := re.match(r"zona ([0-9]+)", words):
        if match[1] not in ZONES:
            raise ValueError(f"zone {match[1]} is not known")
        return list(ZONES[match[1]])
    covered: list[str] = []
    for part in zone.split(","):
        name = plain(part)
        names = _REGIONS.get(name) or ((_BY_PLAIN_NAME[name],) if name in _BY_PLAIN_NAME else None)
        if names is None:
            raise ValueError(f"{part.strip()!r} is not a province, an island or a zone")
        covered += [p for p in names if p not in covered]
    return covered
