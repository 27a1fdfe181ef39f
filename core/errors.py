"""Errors of the domain. Each carries its facts; `api/errors.py` maps its base to an HTTP status."""


class DomainError(Exception):
    """A rule of the domain was broken; `str(error)` says which, `facts` holds the values.

    `title` names the kind of error in a few words and is the same for every instance.
    """

    title = "The request cannot be carried out"

    def __init__(self, detail: str = "", **facts: object) -> None:
        super().__init__(detail or self.title)
        self.facts = facts


class Invalid(DomainError):
    """What was sent does not make sense by itself (422)."""

    title = "The input is not valid"


class NotFound(DomainError):
    """What was named does not exist, or may not be seen by who asks (404: the two look the same)."""

    title = "There is no such thing"


class Conflict(DomainError):
    """What was sent contradicts what is already recorded (409)."""

    title = "This contradicts what is recorded"


class Forbidden(DomainError):
    """Who asks may not do this (403)."""

    title = "This is not allowed"


class Unauthenticated(DomainError):
    """Who asks is not known: no credential, an expired one, or a wrong one (401)."""

    title = "Sign in first"
