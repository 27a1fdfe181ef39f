"""People inside a party: who joins it, whose PIN its head resets, whom it lets go. Names and PINs never leave here."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from core import accounts
from core.accounts import Account
from core.errors import Forbidden, Invalid, NotFound
from core.permissions import Viewer
from tracking.models import Membership, Party, Site


def party_by_gln(session: Session, gln: str) -> Party:
    """The party with this GLN. Raises NotFound."""
    party = session.exec(select(Party).where(Party.gln == gln)).first()
    if party is None:
        raise NotFound(f"no party with GLN {gln}", gln=gln)
    return party


def join(session: Session, account_id: UUID, party_id: UUID, site_id: UUID | None = None) -> Membership:
    """Let an account work for a party, at one of its sites if given; an earlier membership is replaced.

    Raises NotFound where the site is not there.
    """
    if site_id is not None and session.get(Site, site_id) is None:
        raise NotFound("no such site")
    membership = session.get(Membership, account_id) or Membership(account_id=account_id, party_id=party_id)
    membership.party_id, membership.site_id = party_id, site_id
    session.add(membership)
    session.flush()
    return membership


def invite(
    session: Session,
    viewer: Viewer,
    *,
    login: str,
    name: str,
    role: str,
    pin: str,
    now: datetime,
    party_gln: str | None = None,
) -> Account:
    """Open an account for a person: a group's head for farmers of that group, an administrator for anyone.

    Raises Forbidden, NotFound (no such party), Conflict (login taken), Invalid, WeakSecret.
    """
    if viewer.may("people:manage"):
        party_id = party_by_gln(session, party_gln).id if party_gln else None
    else:
        party_id = viewer.party_id
        if role != "farmer" or party_id is None:
            raise Forbidden("a group's head invites farmers of that group", role=role)
        if party_gln is not None and party_by_gln(session, party_gln).id != party_id:
            raise Forbidden("a group's head invites farmers of that group")
    if party_id is None and role in ("farmer", "group_head"):
        raise Invalid("a farmer or group's head belongs to a group: give its GLN")
    account = accounts.create_account(session, login=login, name=name, role=role, now=now, password=pin)
    if party_id is not None:
        join(session, account.id, party_id)
    return account


def account_managed_by(session: Session, viewer: Viewer, account_id: UUID) -> Account:
    """The account, where `viewer` may manage it: an administrator any, a group's head the farmers of that group.

    Raises NotFound otherwise, so that nobody learns which accounts there are.
    """
    query = select(Account).where(Account.id == account_id)
    if not viewer.may("people:manage"):
        query = (
            query.join(Membership, col(Membership.account_id) == col(Account.id))
            .where(Membership.party_id == viewer.party_id)
            .where(Account.role == "farmer")
        )
    account = session.exec(query).first()
    if account is None:
        raise NotFound("no such account")
    return account


def reset_pin(session: Session, viewer: Viewer, account_id: UUID, pin: str) -> Account:
    """Give a forgotten PIN anew; the person's browsers are signed out, their enrolled phone goes on.

    Raises NotFound, WeakSecret.
    """
    account = account_managed_by(session, viewer, account_id)
    accounts.set_password(session, account, pin)
    return account


def let_go(session: Session, viewer: Viewer, account_id: UUID, *, now: datetime) -> Account:
    """Close an account at once. Raises NotFound, and Invalid for one's own."""
    if account_id == viewer.account_id:
        raise Invalid("nobody closes their own account: ask another administrator")
    account = account_managed_by(session, viewer, account_id)
    accounts.disable_account(session, account, now=now)
    return account
