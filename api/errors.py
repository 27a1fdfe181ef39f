"""Errors to answers: RFC 9457 problem+json for machines, a page in plain words for people."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from starlette.exceptions import HTTPException

from api.batching import Overloaded
from api.pages.rendering import here, page_problem
from core.accounts import TooManyAttempts
from core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound, Unauthenticated

log = structlog.get_logger()

STATUS: dict[type[DomainError], int] = {
    TooManyAttempts: 429,
    Overloaded: 503,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    DomainError: 400,
}


def status_of(kind: type[DomainError]) -> int:
    """The HTTP status of a kind of domain error: that of its nearest ancestor in STATUS."""
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def wants_page(request: Request) -> bool:
    """Whether a person in a browser asks, rather than a program."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def problem(
    request: Request,
    status: int,
    title: str,
    detail: str = "",
    *,
    errors: Sequence[dict[str, str]] = (),
    kind: str = "about:blank",
    headers: dict[str, str] | None = None,
    reference: str = "",
) -> Response:
    """A problem as JSON, or as a page where a person asks. `errors` are {"field", "message"}."""
    if wants_page(request):
        return page_problem(
            request,
            status,
            title=title,
            detail=detail,
            wrong_fields=[(error["field"], error["message"]) for error in errors],
            reference=reference,
            headers=headers,
        )
    body: dict[str, Any] = {"type": kind, "title": title, "status": status, "instance": request.url.path}
    extra = {"detail": detail, "errors": list(errors), "reference": reference}
    body |= {name: value for name, value in extra.items() if value}
    return JSONResponse(body, status, media_type="application/problem+json", headers=headers)


def install(app: FastAPI) -> None:
    """Teach `app` to answer every error so."""

    @app.exception_handler(DomainError)
    def _(request: Request, error: DomainError) -> Response:
        status = status_of(type(error))
        headers: dict[str, str] = {}
        if status == 401:
            if wants_page(request) and request.method == "GET":
                return RedirectResponse(f"/masuk?next={_quoted(here(request))}", 303)
            headers["WWW-Authenticate"] = "Bearer"
        if "retry_after_s" in error.facts:
            headers["Retry-After"] = str(error.facts["retry_after_s"])
        kind = f"urn:lumbung:problem:{_words(type(error).__name__)}"
        return problem(request, status, error.title, str(error), kind=kind, headers=headers)

    @app.exception_handler(RequestValidationError)
    def _(request: Request, error: RequestValidationError) -> Response:
        faults = [
            {"field": ".".join(str(part) for part in fault["loc"] if part != "body"), "message": fault["msg"]}
            for fault in error.errors()
        ]
        return problem(request, 422, "The input is not valid", faults[0]["message"], errors=faults)

    @app.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> Response:
        return problem(request, error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(DataError)
    @app.exception_handler(psycopg.DataError)
    def _(request: Request, error: Exception) -> Response:
        # A NUL in a text, a number past its column: what no column can hold, none of our rows does.
        log.warning("data", path=request.url.path, error=type(error).__name__)  # its text may hold the value
        return problem(request, 422, "The input is not valid", "A value is one that no record can hold.")

    @app.exception_handler(OperationalError)
    @app.exception_handler(psycopg.OperationalError)
    def _(request: Request, error: Exception) -> Response:
        # The database is away, or gave up a deadlock: nothing was recorded, the same request may come again.
        log.warning("database", path=request.url.path, error=str(error).splitlines()[0])
        return problem(
            request,
            503,
            "The database did not answer",
            "Nothing was recorded. Send the same again in a moment.",
            headers={"Retry-After": "2"},
        )

    @app.exception_handler(Exception)
    def _(request: Request, error: Exception) -> Response:
        reference = uuid4().hex[:12]
        origin = error.orig if isinstance(error, DBAPIError) else error
        log.error(
            "unexpected", path=request.url.path, reference=reference, exc_info=error, origin=type(origin).__name__
        )
        return problem(
            request,
            500,
            "Something went wrong on our side",
            "Nothing was recorded. If it happens again, tell us the reference.",
            reference=reference,
        )


def _quoted(address: str) -> str:
    from urllib.parse import quote

    return quote(address, safe="/")


def _words(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
