"""What the sources' words mean: which of our commodities, and of which grade. Pure.

A grade is what may be compared with a reference price of the same grade and with nothing else. "medium" and "premium"
are the classes of the rice decrees; PIHPS's "kualitas medium I" is another classification and so another grade, and
its "Beras" is the mean of six.
"""

from dataclasses import dataclass

from prices.areas import plain

MEAN_OF_SIX = "mean_of_six"  # PIHPS "Beras": bottom, medium and super, two of each
CARCASS = "carcass"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One of our commodities with its grade (None: the source does not say), and its level if the name tells it."""

    commodity: str
    grade: str | None
    level: str | None = None


_EXACT = {
    "beras medium": Meaning("rice", "medium"),
    "beras premium": Meaning("rice", "premium"),
    "beras sphp": Meaning("rice", "sphp"),
    "rice retail": Meaning("rice", None),
    "jagung tk peternak": Meaning("corn", "shelled", "feed"),
    "jagung peternak": Meaning("corn", "shelled", "feed"),
    "jagung pipilan kecil": Meaning("corn", "shelled"),
    "jagung pipilan": Meaning("corn", "shelled"),
    "jagung pipilan kering": Meaning("corn", "shelled"),
    "maize": Meaning("corn", "shelled"),
    "daging ayam": Meaning("chicken", CARCASS),
    "daging ayam ras": Meaning("chicken", CARCASS),
    "daging ayam ras segar": Meaning("chicken", CARCASS),
    "daging ayam ras karkas": Meaning("chicken", CARCASS),
    "meat chicken broiler retail": Meaning("chicken", CARCASS),
    # By the bird in Jakarta's own lists: never set beside the carcass price of a kilogram.
    "ayam boiler": Meaning("chicken", "bird"),
    "ayam broiler": Meaning("chicken", "bird"),
    "ayam broilerras": Meaning("chicken", "bird"),
    "ayam broiler ras": Meaning("chicken", "bird"),
    "ayam kampung": Meaning("chicken", "village_bird"),
}

_BY_FIRST_WORD = {
    "beras": "rice",
    "rice": "rice",
    "jagung": "corn",
    "maize": "corn",
    "corn": "corn",
    "pisang": "banana",
    "banana": "banana",
    "bananas": "banana",
}


def meaning(name: str, *, mean_of_grades: bool = False) -> Meaning | None:
    """What a source's commodity name means, or None where it is none of our four commodities.

    `mean_of_grades`: the source's plain "Beras" is the mean of six grades (PIHPS); otherwise its grade is unknown.
    Other kinds of a commodity keep their own words as the grade ("Beras IR. III (IR 64)": "ir iii ir 64").
    """
    words = plain(name)
    if words == "beras":
        return Meaning("rice", MEAN_OF_SIX if mean_of_grades else None)
    if words in _EXACT:
        return _EXACT[words]
    first, _, rest = words.partition(" ")
    if first in _BY_FIRST_WORD:
        return Meaning(_BY_FIRST_WORD[first], rest.removeprefix("kualitas ") or None)
    return None


def words_of_slug(slug: str) -> str:
    """`beras-kualitas-medium-ii` → `Beras kualitas medium II`."""
    numerals = {"i": "I", "ii": "II", "iii": "III"}
    parts = [numerals.get(part, part) for part in slug.strip().lower().split("-") if part]
    return " ".join(parts)[:1].upper() + " ".join(parts)[1:]
