"""People and systems: who they are and how they prove it. What each may do: core/permissions.py. See docs/adr/0006."""

# SQLModel types __tablename__ in a way that no string fits:
# pyright: reportAssignmentType=false

import math
import unicodedata
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary, func
from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from core import credentials
from core.database import Instant
from core.errors import Conflict, Invalid, Unauthenticated
from core.identifiers import uuid7
from core.permissions import ROLES, role_may

# Operators share desks, a farmer's phone is their own and out of signal for days.
SIGN_IN_LASTS = {"farmer": timedelta(days=90), "group_head": timedelta(days=90), "driver": timedelta(days=90)}
SIGN_IN_LASTS_ELSE = timedelta(hours=12)

# Failed sign-ins a login may have within a time. A PIN of six digits, 20 guesses a day: 68 years to an even chance.
ATTEMPTS = ((5, timedelta(minutes=15)), (20, timedelta(days=1)))


class Account(SQLModel, table=True):
    """A person or a system that signs in. Personal data lives here, never in an event."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint(f"role IN ({', '.join(repr(r) for r in ROLES)})", name="role_known"),)

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    login: str = Field(unique=True, max_length=80)
    name: str
    role: str
    password_hash: str | None = None  # argon2id; a PIN is hashed the same way
    language: str = Field(default="id", max_length=2)
    created_at: datetime = Field(sa_type=Instant)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)


class SignIn(SQLModel, table=True):
    """A signed-in browser: the SHA-256 of its cookie, and until when it holds."""

    __tablename__ = "sign_in"

    token_sha256: bytes = Field(sa_type=LargeBinary, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)


class ApiToken(SQLModel, table=True):
    """A bearer token of a system, kept as its SHA-256."""

    __tablename__ = "api_token"

    token_sha256: bytes = Field(sa_type=LargeBinary, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True)
    name: str
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class SignInAttempt(SQLModel, table=True):
    """A failed sign-in, counted against guessing; thrown away after a day."""

    __tablename__ = "sign_in_attempt"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    login: str = Field(max_length=80, index=True)
    attempted_at: datetime = Field(sa_type=Instant)


class TooManyAttempts(Unauthenticated):
    """Too many failed sign-ins with this login, known or not. Fact: `retry_after_s`, whole seconds."""

    title = "Too many attempts: wait before trying again"


def may(account: Account, permission: str) -> bool:
    """Whether `account` is open and its role holds `permission`. Raises KeyError for an unknown permission."""
    return role_may(account.role, permission) and account.disabled_at is None


def normal_login(login: str) -> str:
    """`login` as it is stored: spaces around it and upper case do not matter. Raises Invalid where it is no login."""
    normal = unicodedata.normalize("NFKC", login).strip().casefold()
    if not 1 <= len(normal) <= 80 or not normal.isprintable():
        raise Invalid("a login has 1 to 80 printable characters")
    return normal


def create_account(
    session: Session,
    *,
    login: str,
    name: str,
    role: str,
    now: datetime,
    password: str | None = None,
    language: str = "id",
    weak_allowed: bool = False,
) -> Account:
    """Open an account; without `password` it can be used through tokens and devices only.

    `weak_allowed` is for the demo's printed sign-ins. Raises Conflict (login taken), Invalid (no such role),
    WeakSecret.
    """
    if role not in ROLES:
        raise Invalid(f"no such role: {role}", role=role)
    account = Account(login=normal_login(login), name=name, role=role, language=language, created_at=now)
    if account_by_login(session, login) is not None:
        raise Conflict("this login is taken", login=account.login)
    if password is not None:
        checked = password if weak_allowed else credentials.require_strong(password)
        account.password_hash = credentials.hash_password(checked)
    session.add(account)
    session.flush()
    return account


def account_by_login(session: Session, login: str) -> Account | None:
    """The account with this login, disabled or not."""
    return session.exec(select(Account).where(Account.login == normal_login(login))).first()


def authenticate(session: Session, login: str, password: str, *, now: datetime) -> Account:
    """The open account that `login` and `password` prove.

    Commits `session` once: the attempt is on record before the password is looked at, so that guesses made at the
    same moment all count, and a refused request does not take its own count back. Raises Unauthenticated, the same
    for an unknown login, a wrong password and a disabled account; TooManyAttempts past the limits.
    """
    try:
        login = normal_login(login)
    except Invalid:
        raise _refusal() from None
    _record_attempt(session, login, now)
    account = session.exec(select(Account).where(Account.login == login)).first()
    matches = credentials.password_matches(account.password_hash if account else None, password[:1000])
    if account is None or not matches or account.disabled_at is not None:
        raise _refusal()
    if account.password_hash is not None and credentials.needs_rehash(account.password_hash):
        account.password_hash = credentials.hash_password(password)
        session.add(account)
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.login) == login))
    return account


def _refusal() -> Unauthenticated:
    return Unauthenticated("login and password or PIN do not match")


def _record_attempt(session: Session, login: str, now: datetime) -> None:
    """Count an attempt of `login` and commit, or raise TooManyAttempts. One login at a time, whoever asks."""
    session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended("sign-in " + login, 0)))).one()
    times = session.exec(
        select(SignInAttempt.attempted_at)
        .where(SignInAttempt.login == login, SignInAttempt.attempted_at > now - ATTEMPTS[-1][1])
        .order_by(col(SignInAttempt.attempted_at).desc())
    ).all()
    waits = [times[limit - 1] + period - now for limit, period in ATTEMPTS if len(times) >= limit]
    wait_s = max((math.ceil(wait.total_seconds()) for wait in waits), default=0)
    if wait_s > 0:
        session.rollback()
        raise TooManyAttempts("too many failed attempts with this login", retry_after_s=wait_s)
    session.add(SignInAttempt(login=login, attempted_at=now))
    session.commit()


def set_password(session: Session, account: Account, password: str) -> None:
    """Give `account` a new password or PIN; every browser is signed out. Raises WeakSecret."""
    account.password_hash = credentials.hash_password(credentials.require_strong(password))
    session.add(account)
    session.exec(delete(SignIn).where(col(SignIn.account_id) == account.id))
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.login) == account.login))
    session.flush()


def disable_account(session: Session, account: Account, *, now: datetime) -> None:
    """Close `account` at once: its browsers, tokens and devices are refused from the next request on."""
    account.disabled_at = account.disabled_at or now
    session.add(account)
    session.exec(delete(SignIn).where(col(SignIn.account_id) == account.id))
    session.exec(
        update(ApiToken)
        .where(col(ApiToken.account_id) == account.id, col(ApiToken.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    session.flush()


def sign_in_lasts(role: str) -> timedelta:
    """How long a sign-in of `role` holds."""
    return SIGN_IN_LASTS.get(role, SIGN_IN_LASTS_ELSE)


def sign_in(session: Session, account: Account, *, now: datetime) -> str:
    """Open a sign-in of `account`; its cookie's value, which is stored nowhere. Raises Unauthenticated if disabled."""
    if account.disabled_at is not None:
        raise _refusal()
    token = credentials.new_secret()
    expires_at = now + sign_in_lasts(account.role)
    session.add(
        SignIn(
            token_sha256=credentials.digest(token),
            account_id=account.id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return token


def account_of_sign_in(session: Session, token: str, *, now: datetime) -> Account | None:
    """The open account signed in with this cookie, or None: unknown, expired, signed out or disabled."""
    return session.exec(
        select(Account)
        .join(SignIn)
        .where(
            SignIn.token_sha256 == credentials.digest(token),
            SignIn.expires_at > now,
            col(Account.disabled_at).is_(None),
        )
    ).first()


def sign_out(session: Session, token: str) -> None:
    """End the sign-in with this cookie, if there is one."""
    session.exec(delete(SignIn).where(col(SignIn.token_sha256) == credentials.digest(token)))


def create_token(
    session: Session, account: Account, *, name: str, now: datetime, expires_at: datetime | None = None
) -> str:
    """A new bearer token ("lbg_…") of `account`, shown this once: only its SHA-256 is kept."""
    token = credentials.new_secret("lbg_")
    session.add(
        ApiToken(
            token_sha256=credentials.digest(token),
            account_id=account.id,
            name=name,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return token


def account_of_token(session: Session, token: str, *, now: datetime) -> Account | None:
    """The open account that this bearer token speaks for, or None: unknown, expired, revoked or disabled."""
    return session.exec(
        select(Account)
        .join(ApiToken)
        .where(
            ApiToken.token_sha256 == credentials.digest(token),
            col(ApiToken.revoked_at).is_(None),
            col(ApiToken.expires_at).is_(None) | (col(ApiToken.expires_at) > now),
            col(Account.disabled_at).is_(None),
        )
    ).first()


def revoke_token(session: Session, token: str, *, now: datetime) -> bool:
    """Refuse this token from now on; whether there was one to revoke."""
    stored = session.get(ApiToken, credentials.digest(token))
    if stored is None or stored.revoked_at is not None:
        return False
    stored.revoked_at = now
    session.add(stored)
    session.flush()
    return True


def sweep(session: Session, *, now: datetime) -> None:
    """Throw away what has expired: sign-ins, and attempts that no limit counts any more."""
    session.exec(delete(SignIn).where(col(SignIn.expires_at) <= now))
    session.exec(delete(SignInAttempt).where(col(SignInAttempt.attempted_at) <= now - ATTEMPTS[-1][1]))
