"""Real PostgreSQL for every test that asks for it: a throwaway cluster a run, migrated once, copied where needed."""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from core import settings
from core.cluster import APP_ROLE, DATABASE, OWNER_ROLE, Cluster, DatabaseUrls, throwaway
from core.database import migrate

# Nothing in a developer's environment may lead a test to the developer's data.
for name in [name for name in os.environ if name.startswith("LUMBUNG_")]:
    if name not in ("LUMBUNG_DATA", "LUMBUNG_CONFORMANCE", "LUMBUNG_CHROMIUM"):
        del os.environ[name]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A private cluster of this run alone, durable as in real life, removed afterwards (also after a crash)."""
    with throwaway(settings.read_data_dir(os.environ) / "throwaway") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def database_urls(cluster: Cluster, template: str) -> Iterator[DatabaseUrls]:
    """The run's migrated database: `owner` and `app`. Tests leave it as they found it."""
    yield from _fresh(cluster, template)


@pytest.fixture
def connection(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the application's role, in a transaction that is rolled back after the test."""
    with psycopg.connect(database_urls.app, options="-c timezone=UTC") as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def owner_connection(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    """The same as the role that owns the tables."""
    with psycopg.connect(database_urls.owner, options="-c timezone=UTC") as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Name of a migrated database that nobody connects to, so that it can be copied."""
    name = "lumbung_template"
    _copy(cluster, DATABASE, name)
    migrate(cluster.url(OWNER_ROLE, name))
    return name


@pytest.fixture
def database(cluster: Cluster, template: str) -> Iterator[DatabaseUrls]:
    """A fresh migrated database for one test that commits."""
    yield from _fresh(cluster, template)


@pytest.fixture(scope="module")
def module_database(cluster: Cluster, template: str) -> Iterator[DatabaseUrls]:
    """A fresh migrated database shared by the tests of one module."""
    yield from _fresh(cluster, template)


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[DatabaseUrls]:
    """A fresh database with its extensions and no tables, for migrations themselves."""
    yield from _fresh(cluster, DATABASE)


def _fresh(cluster: Cluster, template: str) -> Iterator[DatabaseUrls]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    _copy(cluster, template, name)
    yield DatabaseUrls(cluster.url(OWNER_ROLE, name), cluster.url(APP_ROLE, name))
    with cluster.superuser() as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _copy(cluster: Cluster, template: str, name: str) -> None:
    with cluster.superuser() as server:
        names = map(sql.Identifier, (name, template, OWNER_ROLE))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(*names))
