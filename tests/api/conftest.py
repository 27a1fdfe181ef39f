"""The application on a database of its own, over HTTP; accounts to ask it with."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from api.app import create_app
from api.corridor import load
from core import accounts, database
from core.accounts import Account
from core.cluster import DatabaseUrls
from core.settings import Settings
from tests.world import World
from tracking import people
from tracking.corridor import lampung_jakarta
from tracking.models import Party

BASE_URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def engine(module_database: DatabaseUrls) -> Iterator[Engine]:
    """The module's database, as the application's role."""
    engine = database.engine(module_database.app)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def settings() -> Settings:
    return Settings(
        data_dir=Path("nowhere"), port=8000, public_base_url=BASE_URL, secret_key="s" * 64, tag_key="t" * 64
    )


@pytest.fixture
def app(engine: Engine, settings: Settings) -> FastAPI:
    return create_app(settings, engine)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=BASE_URL, follow_redirects=False) as client:
        yield client


@pytest.fixture
def make_account(session: Session) -> Callable[..., Account]:
    """Opens an account of a role, with a login of its own and the password "gabah kering giling"."""

    def make(role: str = "hub_operator") -> Account:
        account = accounts.create_account(
            session,
            login=uuid4().hex,
            name=f"a {role}",
            role=role,
            now=datetime.now(UTC),
            password="gabah kering giling",
        )
        session.commit()
        return account

    return make


@pytest.fixture
def bearer(session: Session) -> Callable[..., dict[str, str]]:
    """The header of a new system of a role, working for a party if given."""

    def make(role: str, party: Party | None = None) -> dict[str, str]:
        now = datetime.now(UTC)
        account = accounts.create_account(session, login=uuid4().hex, name=role, role=role, now=now)
        if party is not None:
            people.join(session, account.id, party.id)
        token = accounts.create_token(session, account, name=role, now=now)
        session.commit()
        return {"authorization": f"Bearer {token}"}

    return make


@pytest.fixture(scope="module")
def corridor(engine: Engine) -> None:
    """The corridor from Lampung to Jakarta, loaded once a module."""
    with Session(engine) as session:
        load(session, lampung_jakarta())
        session.commit()


@pytest.fixture
def world(corridor: None, client: TestClient, session: Session, settings: Settings) -> Iterator[World]:
    """Its people and places, and a phone in each hand."""
    yield World(client, session, settings)
    session.rollback()
