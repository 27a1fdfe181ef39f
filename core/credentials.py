"""Secrets: how they are made, hashed and compared. Knows no database."""

import base64
import hashlib
import hmac
import itertools
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid

# 19 MiB, 2 passes, 1 lane: OWASP's Password Storage Cheat Sheet; 36 ms on the 2-core machine it was measured on.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_UNKNOWN = _hasher.hash(secrets.token_hex(16))  # verified where there is no such login, so that both take as long
_at_once = threading.BoundedSemaphore(4)  # 4 × 19 MiB: a flood of sign-ins must not eat the memory

PIN_DIGITS = 6
PASSWORD_CHARACTERS = 10


class WeakSecret(Invalid):
    """A password or PIN that is too easily guessed."""

    title = "This password or PIN is too easily guessed"


def require_strong(password: str) -> str:
    """`password` itself where it may be used: a PIN of 6 digits or more, or 10 or more characters.

    Digits all the same or counting up or down (111111, 123456) are refused. Raises WeakSecret.
    """
    if len(password) > 200:
        raise WeakSecret("at most 200 characters")
    digits_only = password.isascii() and password.isdigit()
    if digits_only and len(password) < PIN_DIGITS:
        raise WeakSecret(f"a PIN has {PIN_DIGITS} digits or more")
    if digits_only and {int(b) - int(a) for a, b in itertools.pairwise(password)} in ({-1}, {0}, {1}):
        raise WeakSecret("not digits that are all the same or count up or down")
    if not digits_only and len(password) < PASSWORD_CHARACTERS:
        raise WeakSecret(f"a password has {PASSWORD_CHARACTERS} characters or more")
    return password


def hash_password(password: str) -> str:
    """`password` (or PIN) as an argon2id string with its own salt and parameters."""
    with _at_once:
        return _hasher.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one that was hashed. None, an account without password, takes as long and is False."""
    with _at_once:
        try:
            _hasher.verify(password_hash or _UNKNOWN, password)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Whether `password_hash` was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def new_secret(prefix: str = "") -> str:
    """A random secret of 32 bytes, base64url, after `prefix` ("lbg_" a system's token, "dev_" a device's)."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a random secret: its SHA-256. Not for passwords, which people choose."""
    return hashlib.sha256(secret.encode()).digest()


def mac(key: str, purpose: str, message: bytes) -> bytes:
    """HMAC-SHA256 of `message` for one `purpose`: the same key for another purpose gives another value."""
    return hmac.new(key.encode(), purpose.encode() + b"\0" + message, hashlib.sha256).digest()


def csrf_token(secret_key: str, sign_in_token: str) -> str:
    """The token that forms of this sign-in carry (base64url, 24 characters)."""
    return base64.urlsafe_b64encode(mac(secret_key, "csrf", digest(sign_in_token))[:18]).decode()


def csrf_matches(secret_key: str, sign_in_token: str, given: str | None) -> bool:
    """Whether `given` is this sign-in's token, compared in constant time."""
    return given is not None and hmac.compare_digest(csrf_token(secret_key, sign_in_token).encode(), given.encode())
