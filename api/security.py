"""Who is asking, and may they: cookie, bearer token or device credential; forgery across sites. See docs/adr/0006."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Response
from sqlmodel import Session

from api.transaction import SessionDep
from core import accounts, credentials
from core.accounts import Account
from core.errors import Forbidden, Unauthenticated
from core.permissions import DEVICE, MEANINGS, Via, Viewer
from core.settings import Settings
from tracking.devices import device_of
from tracking.models import Device, Membership

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ForgedRequest(Forbidden):
    """A request with a cookie that does not come from one of our own pages."""

    title = "This request does not come from one of our own pages"


def settings_of(request: Request) -> Settings:
    """The settings that the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


def is_secure(request: Request) -> bool:
    """Whether cookies of this request must be Secure: always, but for plain http on this machine or in the demo."""
    if request.url.scheme == "https":
        return True
    settings = settings_of(request)
    return request.url.hostname not in LOOPBACK and (
        not settings.demo or settings.public_base_url.startswith("https://")  # a proxy in front of us speaks https
    )


def cookie_name(request: Request) -> str:
    """`__Host-lumbung`, which no other site of the domain can set; `lumbung` where browsers refuse that, on http."""
    return "__Host-lumbung" if is_secure(request) else "lumbung"


def set_sign_in_cookie(request: Request, response: Response, token: str, *, role: str) -> None:
    """Give the browser its sign-in."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(accounts.sign_in_lasts(role).total_seconds()),
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def clear_sign_in_cookie(request: Request, response: Response) -> None:
    """Take the sign-in away from the browser. What it keeps for working offline stays."""
    response.delete_cookie(cookie_name(request), path="/", secure=is_secure(request), httponly=True, samesite="lax")


def sign_in_token(request: Request) -> str | None:
    """The sign-in cookie's value, if there is one."""
    return request.cookies.get(cookie_name(request))


def csrf_token_of(request: Request) -> str | None:
    """The token that this browser's forms must carry, or None without a sign-in. For templates."""
    token = sign_in_token(request)
    return credentials.csrf_token(settings_of(request).secret_key, token) if token else None


def require_own_origin(request: Request) -> None:
    """Refuse what a browser says was sent by another site's page. Raises ForgedRequest.

    Programs that are no browser send neither header and pass: nobody can make them carry a stranger's cookie.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise ForgedRequest("sent from another site's page")
    origin = request.headers.get("origin")
    if origin is None:
        return
    public = urlsplit(settings_of(request).public_base_url)
    own = (f"{request.url.scheme}://{request.url.netloc}", f"{public.scheme}://{public.netloc}")
    if origin not in own:
        raise ForgedRequest("sent from another site's page", origin=origin[:200])


async def _csrf_given(request: Request) -> str | None:
    """The CSRF token that came with the request, in its header or, of a form, in its field."""
    if request.method in SAFE_METHODS:
        return None
    if header := request.headers.get("x-csrf-token"):
        return header
    if "authorization" not in request.headers and request.headers.get("content-type", "").startswith(FORM_TYPES):
        field = (await request.form()).get("csrf_token")  # kept by Starlette: the route reads the same form again
        return field if isinstance(field, str) else None
    return None


def _viewer_of(session: Session, account: Account, *, via: Via, device: Device | None = None) -> Viewer:
    membership = session.get(Membership, account.id)
    return Viewer(
        account_id=account.id,
        role=account.role,
        name=account.name,
        party_id=membership.party_id if membership else None,
        site_id=membership.site_id if membership else None,
        device_id=device.id if device else None,
        via=via,
        language=account.language,
    )


def _viewer_of_bearer(session: Session, credential: str, now: datetime) -> Viewer | None:
    if credential.startswith("lbg_"):
        account = accounts.account_of_token(session, credential, now=now)
        return _viewer_of(session, account, via="token") if account else None
    device = device_of(session, credential) if credential.startswith("dev_") else None
    if device is None:
        return None
    if device.account_id is None:
        return Viewer(None, DEVICE, device.name, None, None, device.id, "device")
    account = session.get(Account, device.account_id)
    return _viewer_of(session, account, via="device", device=device) if account else None


def optional_viewer(
    request: Request, session: SessionDep, csrf_given: Annotated[str | None, Depends(_csrf_given)]
) -> Viewer | None:
    """Who asks, or None where no credential came or the cookie has run out.

    A wrong bearer credential is refused rather than taken for nobody. Raises Unauthenticated, ForgedRequest.
    """
    now = datetime.now(UTC)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        viewer = _viewer_of_bearer(session, bearer.strip(), now)
        if viewer is None:
            raise Unauthenticated("this token is unknown, expired or revoked")
        return viewer
    token = sign_in_token(request)
    account = accounts.account_of_sign_in(session, token, now=now) if token else None
    if token is None or account is None:
        return None
    if request.method not in SAFE_METHODS:
        require_own_origin(request)
        if not credentials.csrf_matches(settings_of(request).secret_key, token, csrf_given):
            raise ForgedRequest("the form has run out: load the page again")
    return _viewer_of(session, account, via="cookie")


OptionalViewerDep = Annotated[Viewer | None, Depends(optional_viewer)]


def viewer(someone: OptionalViewerDep) -> Viewer:
    """Who asks. Raises Unauthenticated where nobody does."""
    if someone is None:
        raise Unauthenticated("sign in, or send a bearer token")
    return someone


ViewerDep = Annotated[Viewer, Depends(viewer)]


def allow(*permissions: str) -> Callable[[Viewer], Viewer]:
    """A dependency giving the viewer who holds at least one of `permissions`; otherwise Unauthenticated or Forbidden.

    Used as `dependencies=[Depends(allow("tags:issue"))]` or `Annotated[Viewer, Depends(allow("tags:issue"))]`.
    Raises ValueError at import for a permission that is not in core/permissions.py.
    """
    if unknown := [p for p in permissions if p not in MEANINGS] or not permissions:
        raise ValueError(f"no such permission: {unknown}")

    def allowed(viewer: ViewerDep) -> Viewer:
        if not any(viewer.may(permission) for permission in permissions):
            raise Forbidden("your role may not do this", role=viewer.role, needed=list(permissions))
        return viewer

    return allowed


def safe_next(address: str | None, *, otherwise: str = "/") -> str:
    """`address` where it is a path on this server, else `otherwise`: a sign-in link must not lead to a stranger."""
    if not address or not address.startswith("/") or address.startswith("//") or len(address) > 2000:
        return otherwise
    # Browsers take a backslash for a slash, and drop tabs and line ends before they look.
    if "\\" in address or any(ord(character) <= 32 or ord(character) == 127 for character in address):
        return otherwise
    parts = urlsplit(address)
    return otherwise if parts.scheme or parts.netloc else address
