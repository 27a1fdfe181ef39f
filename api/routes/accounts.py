"""Signing in and out, the people of a group, the devices they carry."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api import security
from api.dependencies import OptionalViewerDep, SessionDep, Viewer, ViewerDep, allow
from api.errors import wants_page
from api.pages.rendering import _, page
from core import accounts, credentials
from core.accounts import TooManyAttempts
from core.errors import NotFound, Unauthenticated
from tracking import devices, people

router = APIRouter(tags=["accounts"])

Login = Annotated[str, Field(min_length=1, max_length=80)]
Secret = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """A request body: no unknown fields, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SignInRequest(BaseModel):
    """What a person signs in with; `next` is where to go afterwards."""

    model_config = ConfigDict(extra="ignore", strict=True)

    login: Login
    password: Secret
    next: str = ""


class SignedIn(BaseModel):
    """Who is signed in, and the token that this browser's changing requests carry as `X-CSRF-Token`."""

    name: str
    role: str
    home: str
    csrf_token: str


class Me(BaseModel):
    """Who asks."""

    account_id: UUID | None
    name: str
    role: str
    party_id: UUID | None
    site_id: UUID | None
    device_id: UUID | None
    language: str
    permissions: list[str]
    csrf_token: str | None


def home_of(role: str) -> str:
    """Where a role begins its work."""
    return "/tani" if role in ("farmer", "group_head", "driver") else "/konsol"


async def _sign_in_request(request: Request) -> SignInRequest:
    """The body, as an HTML form or as JSON. Raises RequestValidationError."""
    values: Any
    if request.headers.get("content-type", "").startswith(security.FORM_TYPES):
        values = dict(await request.form())
    else:
        try:
            values = json.loads(await request.body())
        except ValueError:  # not JSON, or not text
            error = {"type": "json_invalid", "loc": ("body",), "msg": "send a form or JSON", "input": None}
            raise RequestValidationError([error]) from None
    try:
        return SignInRequest.model_validate(values)
    except ValidationError as error:
        # Without the input: a password typed into the wrong field must not come back in an answer or a log.
        told = error.errors(include_input=False, include_context=False, include_url=False)
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in told]) from None


def _form_page(
    request: Request, *, next_: str, login: str = "", wrong: object = "", status_code: int = 200
) -> Response:
    return page(
        request,
        "masuk.html",
        status_code=status_code,
        headers={"Cache-Control": "no-store"},
        title=_("Masuk"),
        next=next_,
        login=login,
        wrong=wrong,
    )


@router.get("/masuk", include_in_schema=False)
def sign_in_page(request: Request, viewer: OptionalViewerDep, next: str = "") -> Response:
    """The sign-in form; who is signed in already goes on at once."""
    if viewer is not None and viewer.via == "cookie":
        return RedirectResponse(security.safe_next(next, otherwise=home_of(viewer.role)), 303)
    return _form_page(request, next_=security.safe_next(next, otherwise=""))


@router.post(
    "/masuk",
    response_model=SignedIn,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                media_type: {"schema": SignInRequest.model_json_schema()}
                for media_type in ("application/json", security.FORM_TYPES[0])
            },
        }
    },
)
def sign_in(request: Request, session: SessionDep, body: Annotated[SignInRequest, Depends(_sign_in_request)]) -> Any:
    """Sign in with login and password or PIN: sets the session cookie.

    A page's form is answered with a redirect, a program with who it is. The same refusal for an unknown login and a
    wrong password (401); after 5 failures in 15 minutes or 20 in a day, `Retry-After`.
    """
    security.require_own_origin(request)
    now = datetime.now(UTC)
    try:
        account = accounts.authenticate(session, body.login, body.password, now=now)
    except Unauthenticated as refusal:
        if not wants_page(request):
            raise
        return _refused_page(request, body, refusal)
    if former := security.sign_in_token(request):
        accounts.sign_out(session, former)
    token = accounts.sign_in(session, account, now=now)
    home = home_of(account.role)
    response: Response
    if wants_page(request):
        response = RedirectResponse(security.safe_next(body.next, otherwise=home), 303)
    else:
        csrf_token = credentials.csrf_token(security.settings_of(request).secret_key, token)
        known = SignedIn(name=account.name, role=account.role, home=home, csrf_token=csrf_token)
        response = JSONResponse(known.model_dump())
    security.set_sign_in_cookie(request, response, token, role=account.role)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused_page(request: Request, body: SignInRequest, refusal: Unauthenticated) -> Response:
    wrong: object = _("Nama masuk dan PIN atau kata sandi tidak cocok. Periksa, lalu coba lagi.")
    headers: dict[str, str] = {}
    status_code = 401
    if isinstance(refusal, TooManyAttempts):
        wait_s = int(str(refusal.facts["retry_after_s"]))
        wrong = _("Terlalu banyak percobaan. Coba lagi dalam %(minutes)s menit.", minutes=str(-(-wait_s // 60)))
        headers, status_code = {"Retry-After": str(wait_s)}, 429
    next_ = security.safe_next(body.next, otherwise="")
    response = _form_page(request, next_=next_, login=body.login, wrong=wrong, status_code=status_code)
    response.headers.update(headers)
    return response


@router.post("/keluar", status_code=204, responses={303: {"description": "a page's form: to the sign-in page"}})
def sign_out(request: Request, session: SessionDep, viewer: OptionalViewerDep) -> Response:
    """Sign out: ends the session cookie here and on the server. What a phone keeps for working offline stays."""
    if viewer is not None and viewer.via == "cookie":
        accounts.sign_out(session, security.sign_in_token(request) or "")
    response = RedirectResponse("/masuk", 303) if wants_page(request) else Response(status_code=204)
    security.clear_sign_in_cookie(request, response)
    return response


@router.get("/api/v1/me")
def me(request: Request, viewer: ViewerDep) -> Me:
    """Who is asking, what they may do, and the CSRF token of a browser."""
    return Me(
        account_id=viewer.account_id,
        name=viewer.name,
        role=viewer.role,
        party_id=viewer.party_id,
        site_id=viewer.site_id,
        device_id=viewer.device_id,
        language=viewer.language,
        permissions=sorted(viewer.permissions),
        csrf_token=security.csrf_token_of(request) if viewer.via == "cookie" else None,
    )


class NewPerson(Strict):
    """A person to invite. `party_gln` is for administrators; a group's head invites into their own group."""

    login: Login
    name: Annotated[str, Field(min_length=1, max_length=120)]
    role: Literal["farmer", "group_head", "driver", "hub_operator", "warehouse_operator", "officer", "observer"] = (
        "farmer"
    )
    pin: Secret
    party_gln: Annotated[str, Field(pattern="^[0-9]{13}$")] | None = None


class Person(BaseModel):
    """A person's account."""

    id: UUID
    login: str
    name: str
    role: str


PeopleDep = Annotated[Viewer, Depends(allow("people:group", "people:manage"))]


@router.post("/api/v1/people", status_code=201)
def invite(session: SessionDep, viewer: PeopleDep, body: NewPerson) -> Person:
    """Open an account: a group's head for a farmer of that group, an administrator for anyone."""
    account = people.invite(session, viewer, **body.model_dump(), now=datetime.now(UTC))
    return Person.model_validate(account, from_attributes=True)


class NewPin(Strict):
    """A PIN (6 digits or more) or password (10 characters or more)."""

    pin: Secret


@router.post("/api/v1/people/{account_id}/pin", status_code=204)
def reset_pin(session: SessionDep, viewer: PeopleDep, account_id: UUID, body: NewPin) -> None:
    """Give a forgotten PIN anew; the person's browsers are signed out."""
    people.reset_pin(session, viewer, account_id, body.pin)


@router.delete("/api/v1/people/{account_id}", status_code=204)
def let_go(session: SessionDep, viewer: PeopleDep, account_id: UUID) -> None:
    """Close an account at once, with its browsers, tokens and devices."""
    people.let_go(session, viewer, account_id, now=datetime.now(UTC))


class NewDevice(Strict):
    """A device to enrol for oneself."""

    kind: Literal["phone", "scanner"] = "phone"
    name: Annotated[str, Field(min_length=1, max_length=80)]


class EnrolledDevice(BaseModel):
    """A device and its credential, shown this once. Numbers that it gives out offline begin with `prefix`."""

    id: UUID
    kind: str
    name: str
    prefix: str
    credential: str


@router.post("/api/v1/devices", status_code=201)
def enrol_device(
    session: SessionDep, viewer: Annotated[Viewer, Depends(allow("devices:enrol"))], body: NewDevice
) -> EnrolledDevice:
    """Bind a phone or scanner to who asks; it then signs its requests with `Authorization: Bearer dev_…`."""
    device, credential = devices.enrol_device(session, body.kind, body.name, viewer.account_id, now=datetime.now(UTC))
    return EnrolledDevice(id=device.id, kind=device.kind, name=device.name, prefix=device.prefix, credential=credential)


@router.delete("/api/v1/devices/{device_id}", status_code=204)
def revoke_device(session: SessionDep, viewer: ViewerDep, device_id: UUID) -> None:
    """Refuse a device's credential from now on: one's own, or as an administrator any."""
    any_device = viewer.may("people:manage")
    if viewer.account_id is None and not any_device:  # a device that belongs to nobody
        raise NotFound("no such device")
    devices.revoke_device(
        session, device_id, now=datetime.now(UTC), of_account=None if any_device else viewer.account_id
    )
