"""Which of several representations a client wants, by its Accept header. Pure. Source: RFC 9110, section 12.5.1."""

from collections.abc import Sequence
from dataclasses import dataclass

RANGES_MAX = 64  # no honest client names more


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One wish of an Accept header: `text/html`, `text/*` or `*/*`, with its weight from 0 to 1 and its place."""

    kind: str
    subtype: str
    weight: float
    order: int

    def specificity(self, media_type: str) -> int:
        """2 for exactly this type, 1 for its family, 0 for anything; -1 where it does not match."""
        kind, _, subtype = media_type.partition("/")
        if self.kind == "*":
            return 0
        if self.kind != kind:
            return -1
        return 1 if self.subtype == "*" else 2 if self.subtype == subtype else -1


def ranges(accept: str) -> list[MediaRange]:
    """The wishes of an Accept header in their order; malformed ones are left out, parameters but for q are ignored."""
    found: list[MediaRange] = []
    for order, part in enumerate(accept.split(",")[:RANGES_MAX]):
        media_type, *parameters = (piece.strip() for piece in part.lower().split(";"))
        kind, slash, subtype = media_type.partition("/")
        if not slash or not kind or not subtype or (kind == "*" and subtype != "*"):
            continue
        weight = _weight(parameters)
        if weight is not None:
            found.append(MediaRange(kind, subtype, weight, order))
    return found


def _weight(parameters: Sequence[str]) -> float | None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value.strip())
            except ValueError:
                return None
            return weight if 0 <= weight <= 1 else None
    return 1.0


def best(accept: str | None, offered: Sequence[str]) -> str | None:
    """The offered media type that the client likes best, or None where it accepts none of them.

    Of equal weight, a type that is named beats one that a wildcard covers, then the header's order counts, then ours.
    Without a usable header it is the first offered.
    """
    wishes = ranges(accept or "")
    if not wishes:
        return offered[0]
    liked: list[tuple[float, int, int, int, str]] = []
    for place, media_type in enumerate(offered):
        matches = [(wish.specificity(media_type), wish) for wish in wishes]
        closest = max((specificity for specificity, _ in matches), default=-1)
        if closest < 0:
            continue
        wish = next(wish for specificity, wish in matches if specificity == closest)
        if wish.weight > 0:
            liked.append((-wish.weight, -closest, wish.order if closest == 2 else 0, place, media_type))
    return min(liked)[4] if liked else None
