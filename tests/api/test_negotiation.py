"""Accept headers as clients really send them."""

import pytest

from api.negotiation import best

OFFERED = ["text/html", "application/json", "application/linkset+json", "application/ld+json"]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "text/html"),
        ("", "text/html"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("application/json;q=0.4, text/html;q=0.5", "text/html"),
        ("text/html;q=0.4, application/json;q=0.5", "application/json"),
        ("application/ld+json, application/json", "application/ld+json"),
        ("application/json, application/ld+json", "application/json"),
        ("application/linkset+json", "application/linkset+json"),
        ("application/*", "application/json"),
        ("application/*;q=0.9, application/json;q=0.1", "application/linkset+json"),
        ("text/html;q=0, */*", "application/json"),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', "application/ld+json"),
        ("APPLICATION/JSON ; Q=1.0", "application/json"),
        ("application/json;q=0, text/html;q=0", None),
        ("image/png", None),
        ("*/*;q=0", None),
        # What cannot be read counts for nothing, and never breaks the answer.
        ("application/json;q=abc", "text/html"),
        ("application/json;q=7", "text/html"),
        ("nonsense", "text/html"),
        ("*/json, ;, /, a/", "text/html"),
        (",".join(["x/y"] * 10_000), None),
    ],
)
def test_client_gets_what_it_likes_best(accept: str | None, chosen: str | None) -> None:
    assert best(accept, OFFERED) == chosen
