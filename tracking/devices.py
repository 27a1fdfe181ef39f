"""Devices: who carries which, the credential each holds, and the prefix of what it numbers offline."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from core import credentials
from core.accounts import Account
from core.errors import Conflict, NotFound
from core.identifiers import uuid7
from tracking.models import Device

# Crockford's base32: no I, L, O, U, which are misread or make words. 4 of them: 1,048,576 devices.
PREFIX_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX_LENGTH = 4


def enrol_device(
    session: Session,
    kind: str,
    name: str,
    account_id: UUID | None,
    *,
    now: datetime,
    external_id: str | None = None,
) -> tuple[Device, str]:
    """Enrol a device of `kind` (phone, tracker, ais, logger, scanner), for `account_id` or nobody.

    Returns it and its credential ("dev_…"), shown this once: only its SHA-256 is kept. `external_id` is what the
    device calls itself (OsmAnd id, MMSI). Raises Conflict where another device calls itself the same.
    """
    if external_id is not None:
        taken = session.exec(select(Device.id).where(Device.external_id == external_id)).first()
        if taken is not None:
            raise Conflict("another device calls itself the same", external_id=external_id)
    credential = credentials.new_secret("dev_")
    device = Device(
        id=uuid7(),
        kind=kind,
        name=name,
        external_id=external_id,
        account_id=account_id,
        credential_hash=credentials.digest(credential).hex(),
        prefix=_free_prefix(session),
        created_at=now,
    )
    session.add(device)
    session.flush()
    return device, credential


def _free_prefix(session: Session) -> str:
    """A prefix no device has had. Revoked devices keep theirs: their lot numbers live on."""
    # One enrolment at a time: two that draw the same prefix must not both find it free.
    session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended("device prefix", 0)))).one()
    while True:
        drawn = {"".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH)) for _ in range(8)}
        free = drawn - set(session.exec(select(Device.prefix).where(col(Device.prefix).in_(drawn))).all())
        if free:
            return free.pop()


def device_of(session: Session, credential: str) -> Device | None:
    """The device that holds `credential`, or None: unknown, revoked, or its account disabled."""
    return session.exec(
        select(Device)
        .outerjoin(Account)
        .where(
            Device.credential_hash == credentials.digest(credential).hex(),
            col(Device.revoked_at).is_(None),
            col(Account.disabled_at).is_(None),
        )
    ).first()


def revoke_device(session: Session, device_id: UUID, *, now: datetime, of_account: UUID | None = None) -> Device:
    """Refuse this device's credential from now on; with `of_account`, only where it is that account's.

    Raises NotFound.
    """
    device = session.get(Device, device_id)
    if device is None or (of_account is not None and device.account_id != of_account):
        raise NotFound("no such device")
    device.revoked_at = device.revoked_at or now
    session.add(device)
    session.flush()
    return device
