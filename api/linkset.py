"""What a GS1 key links to, as a linkset (RFC 9264) with GS1's link types, and as Link headers. Pure.

Source of the link types: https://ref.gs1.org/voc/?show=linktypes; of the shape: GS1-Conformant Resolver Standard 1.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

VOCABULARY = "https://ref.gs1.org/voc/"
# Where GS1 published the same terms before.
OLDER_VOCABULARIES = ("gs1:", "https://gs1.org/voc/", "http://gs1.org/voc/", "https://www.gs1.org/voc/")
LINKSET = "application/linkset+json"
CONTEXT = "https://ref.gs1.org/standards/resolver/linkset-context"
SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"
JSON, LD_JSON, HTML = "application/json", "application/ld+json", "text/html"


@dataclass(frozen=True, slots=True)
class Link:
    """One thing a key links to: of which GS1 link types (their bare names), where, as what, in which languages."""

    types: tuple[str, ...]
    href: str
    media_type: str
    title: str
    languages: tuple[str, ...] = ()


def _with(address: str, more: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{more}"


def links_of(address: str, kind: str, *, product: str | None = None) -> list[Link]:
    """What `address` (a Digital Link on our own domain, maybe with its label's check) links to; the first is default.

    `kind` is unit, lot, shipment, product or site; a unit or lot has a history, its verdict and recalls. `product` is
    the address of what a unit or lot is one of.
    """
    traced = kind in ("unit", "lot")
    page = ("pip", *{"shipment": ("logisticsInfo",), "site": ("locationInfo",)}.get(kind, ()))
    told = ("traceability", "verificationService", "recallStatus") if traced else ()
    found = [
        Link(("defaultLink",), address, HTML, "Lumbung", ("id", "en")),
        Link(page + told, _with(address, "lang=id"), HTML, "Lumbung dalam bahasa Indonesia", ("id",)),
        Link(page + told, _with(address, "lang=en"), HTML, "Lumbung in English", ("en",)),
        Link(told or (*page, "masterData"), _with(address, "json"), JSON, "The same as JSON", ("id", "en")),
    ]
    if traced:
        found.append(Link(("epcis",), _with(address, "epcis"), LD_JSON, "The whole history as one EPCIS 2.0 document"))
    if product is not None:
        found.append(Link(("masterData",), _with(product, "json"), JSON, "What it is", ("id", "en")))
    return found


def document(anchor: str, description: str, links: Sequence[Link]) -> dict[str, Any]:
    """The linkset as JSON: one context object about `anchor`."""
    about: dict[str, Any] = {"anchor": anchor, "itemDescription": description}
    for link in links:
        target: dict[str, Any] = {"href": link.href, "title": link.title, "type": link.media_type}
        if link.languages:
            target["hreflang"] = list(link.languages)
        for name in link.types:
            about.setdefault(VOCABULARY + name, []).append(target)
    return {"linkset": [about]}


def bare_type(asked: str) -> str:
    """A link type as a client spells it (`gs1:pip`, or its whole address, old or new) by its bare name."""
    for prefix in (VOCABULARY, *OLDER_VOCABULARIES):
        if asked.startswith(prefix):
            return asked.removeprefix(prefix)
    return asked


def choose(links: Sequence[Link], asked: str, language: str) -> Link | None:
    """The link of the type asked for, in the language if there is one; None where there is no such link."""
    name = bare_type(asked)
    fitting = [link for link in links if name in link.types]
    return next((link for link in fitting if link.languages == (language,)), fitting[0] if fitting else None)


def headers(address: str, canonical: str, links: Sequence[Link]) -> str:
    """The Link header: the same thing on GS1's domain, the linkset, and each other representation."""
    told = [
        f'<{canonical}>; rel="{SAME_AS}"',
        f'<{_with(address, "linkType=linkset")}>; rel="linkset"; type="{LINKSET}"',
    ]
    for link in links:
        if link.media_type != HTML and link.href.startswith(address):
            told.append(f'<{link.href}>; rel="alternate"; type="{link.media_type}"')
        elif len(link.languages) == 1:
            told.append(f'<{link.href}>; rel="alternate"; hreflang="{link.languages[0]}"')
    return ", ".join(told)
