"""What the tests of prices share: a session on the run's database, rolled back after each test."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from core.cluster import DatabaseUrls
from core.database import engine

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "prices"
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)  # 10.00 in Jakarta


@pytest.fixture
def session(database_urls: DatabaseUrls) -> Iterator[Session]:
    """A session as the application's role in one transaction that is rolled back."""
    bound = engine(database_urls.app, pool_size=1)
    with Session(bound) as session:
        yield session
        session.rollback()
    bound.dispose()


@pytest.fixture
def data_files() -> Path:
    """The folder of the real files; skips where it is absent."""
    folder = Path(os.environ.get("LUMBUNG_DATA_FILES") or ROOT / ".." / "shared" / "data")
    if not (folder / "prices").is_dir():
        pytest.skip("the real price files are not here (LUMBUNG_DATA_FILES names their folder)")
    return folder
