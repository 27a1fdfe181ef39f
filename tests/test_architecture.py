"""What import-linter cannot see: where foreign keys point, and that nothing stands outside the contract."""

import importlib
import pkgutil
import tomllib
from itertools import chain

import pytest
from sqlmodel import SQLModel

import api
import core
import hubs
import prices
import tracking
import warehouses
from api.errors import STATUS, status_of
from core.cluster import ROOT, DatabaseUrls
from core.database import migrate
from core.errors import DomainError

# From the ground up; what stands on the same floor does not know each other.
FLOORS = (("core",), ("tracking",), ("hubs", "warehouses"), ("prices",), ("api",))
ROOMS = (core, tracking, hubs, warehouses, prices, api)
FLOOR = {room: height for height, floor in enumerate(FLOORS) for room in floor}


@pytest.fixture(scope="module", autouse=True)
def everything() -> list[str]:
    """Every module of the project, imported."""
    found = [
        module.name
        for room in ROOMS
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
        if not module.name.endswith("__main__")
    ]
    for name in found:
        importlib.import_module(name)
    return found


def test_foreign_keys_point_only_downwards_or_stay_in_their_room() -> None:
    room_of = {
        model.__tablename__: model.__module__.partition(".")[0]
        for model in _subclasses(SQLModel)
        if hasattr(model, "__table__")
    }
    upward = [
        f"{table.name} → {key.column.table.name}"
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if room_of[table.name] != room_of[key.column.table.name]
        and FLOOR[room_of[key.column.table.name]] >= FLOOR[room_of[table.name]]
    ]
    assert upward == []


def _subclasses(kind: type) -> list[type]:
    return list(chain.from_iterable([child, *_subclasses(child)] for child in kind.__subclasses__()))


def test_every_package_is_in_the_contract() -> None:
    packages = {folder.parent.name for folder in ROOT.glob("*/__init__.py")}
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert packages - {"tests", "bench"} == set(linter["root_packages"])
    assert set(linter["root_packages"]) == set(FLOOR)


def test_every_domain_error_is_answered_with_a_status_of_its_own_kind() -> None:
    errors = [error for error in _subclasses(DomainError) if error.__module__.partition(".")[0] in FLOOR]
    assert len(errors) > 10
    unmapped = [error.__name__ for error in errors if status_of(error) == STATUS[DomainError]]
    # Only what means damage on our side, never an answer to a request, may fall through to the base.
    assert unmapped == ["LedgerDamaged"]


def test_migrations_go_from_nothing_to_the_head_and_back(empty_database: DatabaseUrls) -> None:
    migrate(empty_database.owner)
    migrate(empty_database.owner, "base")
    migrate(empty_database.owner)
