"""People and systems: who they are, how they prove it, what each role may do."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary
from sqlmodel import Field, SQLModel

from core.database import Instant
from core.identifiers import uuid7

ROLES = (
    "farmer",
    "group_head",
    "driver",
    "hub_operator",
    "warehouse_operator",
    "officer",
    "observer",
    "partner",
    "administrator",
)


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
