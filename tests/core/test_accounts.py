"""Accounts against a real database: passwords, attempts, sign-ins, tokens, and what each role may do."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from core import accounts, credentials, database
from core.accounts import Account, ApiToken, SignIn, SignInAttempt, TooManyAttempts
from core.cluster import DatabaseUrls
from core.errors import Conflict, Invalid, Unauthenticated
from core.permissions import MEANINGS, PERMISSIONS, ROLES, role_may

NOW = datetime(2026, 11, 21, 9, 40, tzinfo=UTC)
PASSWORD = "gabah kering giling"


@pytest.fixture(scope="module")
def engine(module_database: DatabaseUrls) -> Iterator[Engine]:
    engine = database.engine(module_database.app)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def account(session: Session, request: pytest.FixtureRequest) -> Account:
    login = f"{request.node.name}"[-60:]
    account = accounts.create_account(
        session, login=login, name="Ibu Sari", role="hub_operator", now=NOW, password=PASSWORD
    )
    session.commit()
    return account


def test_the_right_password_is_taken_however_the_login_is_written(session: Session, account: Account) -> None:
    assert accounts.authenticate(session, f" {account.login.upper()} ", PASSWORD, now=NOW).id == account.id


def test_unknown_login_wrong_password_and_disabled_account_are_refused_alike(
    session: Session, account: Account
) -> None:
    refusals = []
    with pytest.raises(Unauthenticated) as wrong:
        accounts.authenticate(session, account.login, "padi", now=NOW)
    refusals.append(wrong.value)
    with pytest.raises(Unauthenticated) as unknown:
        accounts.authenticate(session, "nobody-of-that-name", PASSWORD, now=NOW)
    refusals.append(unknown.value)
    accounts.disable_account(session, account, now=NOW)
    with pytest.raises(Unauthenticated) as disabled:
        accounts.authenticate(session, account.login, PASSWORD, now=NOW)
    refusals.append(disabled.value)
    assert {(type(e), str(e), tuple(e.facts)) for e in refusals} == {
        (Unauthenticated, "login and password or PIN do not match", ())
    }


def test_account_without_password_cannot_sign_in(session: Session) -> None:
    accounts.create_account(session, login="a-system", name="JAKI", role="partner", now=NOW)
    with pytest.raises(Unauthenticated):
        accounts.authenticate(session, "a-system", "", now=NOW)


def test_password_is_kept_as_argon2id_with_a_salt_of_its_own(session: Session, account: Account) -> None:
    other = accounts.create_account(session, login="other", name="", role="officer", now=NOW, password=PASSWORD)
    assert str(account.password_hash).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert account.password_hash != other.password_hash


def test_hash_of_older_parameters_is_renewed_at_sign_in(session: Session, account: Account) -> None:
    from argon2 import PasswordHasher

    account.password_hash = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    session.add(account)
    session.commit()
    renewed = accounts.authenticate(session, account.login, PASSWORD, now=NOW)
    assert str(renewed.password_hash).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert accounts.authenticate(session, account.login, PASSWORD, now=NOW).id == account.id


@pytest.mark.parametrize("weak", ["12345", "111111", "123456", "987654", "short", "padi 2026"])
def test_weak_password_or_pin_is_refused(weak: str) -> None:
    with pytest.raises(credentials.WeakSecret):
        credentials.require_strong(weak)


@pytest.mark.parametrize("strong", ["294613", "08121972", PASSWORD])
def test_fair_password_or_pin_is_taken(strong: str) -> None:
    assert credentials.require_strong(strong) == strong


def test_sixth_guess_waits_even_with_the_right_password_and_time_lifts_it(session: Session, account: Account) -> None:
    for second in range(5):
        with pytest.raises(Unauthenticated):
            accounts.authenticate(session, account.login, "wrong", now=NOW + timedelta(seconds=second))
    with pytest.raises(TooManyAttempts) as refused:
        accounts.authenticate(session, account.login, PASSWORD, now=NOW + timedelta(seconds=60))
    assert refused.value.facts == {"retry_after_s": 15 * 60 - 60}
    assert accounts.authenticate(session, account.login, PASSWORD, now=NOW + timedelta(minutes=15)).id == account.id


def test_unknown_login_waits_just_the_same(session: Session) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            accounts.authenticate(session, "not-there", "wrong", now=NOW)
    with pytest.raises(TooManyAttempts):
        accounts.authenticate(session, "not-there", "wrong", now=NOW)


def test_slow_guessing_ends_at_twenty_a_day(session: Session) -> None:
    for guess in range(20):
        with pytest.raises(Unauthenticated) as refused:
            accounts.authenticate(session, "slow", "wrong", now=NOW + timedelta(minutes=16 * guess))
        assert not isinstance(refused.value, TooManyAttempts)
    with pytest.raises(TooManyAttempts) as refused:
        accounts.authenticate(session, "slow", "wrong", now=NOW + timedelta(minutes=16 * 20))
    assert refused.value.facts == {"retry_after_s": (24 * 60 - 16 * 20) * 60}


def test_guesses_made_at_the_same_moment_all_count(engine: Engine) -> None:
    outcomes: list[type[Exception]] = []

    def guess() -> None:
        with Session(engine) as session:
            try:
                accounts.authenticate(session, "stormed", "wrong", now=NOW)
            except Unauthenticated as error:
                outcomes.append(type(error))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(Unauthenticated) == 5
    assert outcomes.count(TooManyAttempts) == 7


def test_a_success_forgets_the_failures_before_it(session: Session, account: Account) -> None:
    for _ in range(4):
        with pytest.raises(Unauthenticated):
            accounts.authenticate(session, account.login, "wrong", now=NOW)
    accounts.authenticate(session, account.login, PASSWORD, now=NOW)
    attempts = session.exec(select(SignInAttempt).where(SignInAttempt.login == account.login)).all()
    assert attempts == []


def test_sign_in_holds_until_it_expires_or_is_ended(session: Session, account: Account) -> None:
    token = accounts.sign_in(session, account, now=NOW)
    lasts = accounts.sign_in_lasts("hub_operator")
    found = accounts.account_of_sign_in(session, token, now=NOW + lasts - timedelta(seconds=1))
    assert found is not None
    assert found.id == account.id
    assert accounts.account_of_sign_in(session, token, now=NOW + lasts) is None
    accounts.sign_out(session, token)
    assert accounts.account_of_sign_in(session, token, now=NOW) is None


def test_secrets_are_not_in_the_database(session: Session, account: Account) -> None:
    cookie = accounts.sign_in(session, account, now=NOW)
    bearer = accounts.create_token(session, account, name="JAKI", now=NOW)
    assert bearer.startswith("lbg_")
    kept = [s.token_sha256 for s in session.exec(select(SignIn)).all()]
    kept += [t.token_sha256 for t in session.exec(select(ApiToken)).all()]
    assert {credentials.digest(cookie), credentials.digest(bearer)} <= set(kept)
    assert not any(cookie.encode() in k or bearer.encode() in k for k in kept)


def test_token_speaks_for_its_account_until_expired_or_revoked(session: Session, account: Account) -> None:
    token = accounts.create_token(session, account, name="JAKI", now=NOW, expires_at=NOW + timedelta(days=1))
    found = accounts.account_of_token(session, token, now=NOW)
    assert found is not None
    assert found.id == account.id
    assert accounts.account_of_token(session, token, now=NOW + timedelta(days=1)) is None
    assert accounts.revoke_token(session, token, now=NOW)
    assert not accounts.revoke_token(session, token, now=NOW)
    assert accounts.account_of_token(session, token, now=NOW) is None
    assert accounts.account_of_token(session, "lbg_made-up", now=NOW) is None


def test_disabled_account_is_cut_off_at_once(session: Session, account: Account) -> None:
    cookie = accounts.sign_in(session, account, now=NOW)
    bearer = accounts.create_token(session, account, name="JAKI", now=NOW)
    accounts.disable_account(session, account, now=NOW)
    assert accounts.account_of_sign_in(session, cookie, now=NOW) is None
    assert accounts.account_of_token(session, bearer, now=NOW) is None
    with pytest.raises(Unauthenticated):
        accounts.sign_in(session, account, now=NOW)


def test_new_pin_signs_every_browser_out(session: Session, account: Account) -> None:
    cookie = accounts.sign_in(session, account, now=NOW)
    accounts.set_password(session, account, "294613")
    assert accounts.account_of_sign_in(session, cookie, now=NOW) is None
    assert accounts.authenticate(session, account.login, "294613", now=NOW).id == account.id


def test_sweep_throws_away_only_what_has_expired(session: Session, account: Account) -> None:
    old = accounts.sign_in(session, account, now=NOW - timedelta(days=100))
    new = accounts.sign_in(session, account, now=NOW)
    session.add(SignInAttempt(login="swept", attempted_at=NOW - timedelta(days=1)))
    session.add(SignInAttempt(login="swept", attempted_at=NOW - timedelta(hours=1)))
    accounts.sweep(session, now=NOW)
    assert session.get(SignIn, credentials.digest(old)) is None
    assert session.get(SignIn, credentials.digest(new)) is not None
    assert len(session.exec(select(SignInAttempt).where(SignInAttempt.login == "swept")).all()) == 1


def test_taken_login_and_unknown_role_are_refused(session: Session, account: Account) -> None:
    with pytest.raises(Conflict):
        accounts.create_account(session, login=account.login.upper(), name="", role="farmer", now=NOW)
    with pytest.raises(Invalid):
        accounts.create_account(session, login="king", name="", role="king", now=NOW)
    with pytest.raises(Invalid):
        accounts.create_account(session, login="  ", name="", role="farmer", now=NOW)


def test_every_role_has_a_line_in_the_table_and_every_permission_a_meaning() -> None:
    assert set(PERMISSIONS) == {*ROLES, "device"}
    assert set().union(*PERMISSIONS.values()) == set(MEANINGS)


def test_only_people_meant_to_may_do_what_hurts() -> None:
    def who(permission: str) -> set[str]:
        return {role for role in ROLES if role_may(role, permission)}

    assert who("people:manage") == {"administrator"}
    assert who("scan:hold") == {"officer", "administrator"}
    assert who("tags:issue") == {"group_head", "administrator"}
    assert who("scan:gate") == {"hub_operator", "administrator"}
    assert PERMISSIONS["observer"] == {"figures:read"}


def test_a_permission_that_does_not_exist_is_an_error_not_a_no() -> None:
    with pytest.raises(KeyError):
        role_may("administrator", "scan:everything")


def test_disabled_account_may_nothing(session: Session, account: Account) -> None:
    assert accounts.may(account, "scan:gate")
    accounts.disable_account(session, account, now=NOW)
    assert not accounts.may(account, "scan:gate")
