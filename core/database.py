"""Engine, sessions, raw SQL in the session's own transaction, migrations.

One driver, psycopg 3. A `Session` is the unit of work; `raw(session)` is its psycopg connection, inside the same
transaction, for the ledger and other hand-written SQL.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row
from sqlalchemy import DateTime, Engine, create_engine, make_url
from sqlmodel import Session, SQLModel

Row = dict[str, Any]
Params = Sequence[object] | Mapping[str, object] | None

# Named constraints: a migration can only drop what it can name.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Instant = DateTime(timezone=True)
"""Column type of an aware UTC instant."""


def engine(url: str, *, pool_size: int = 10) -> Engine:
    """An engine on `url` (postgresql://…), with psycopg 3 as its driver and UTC as its time zone.

    Options within the address stay in force: `core.settings.with_role` puts the role there that a connection takes on.
    """
    address = make_url(url).set(drivername="postgresql+psycopg")
    options = f"-c timezone=UTC {address.query.get('options', '')}".strip()
    return create_engine(
        address.update_query_dict({"options": options}),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,  # a restarted PostgreSQL must not cost one failed request a connection
        connect_args={"application_name": "lumbung"},
    )


def conninfo(engine: Engine) -> str:
    """How psycopg itself connects to where `engine` does, for connections kept outside its pool."""
    _, options = engine.dialect.create_connect_args(engine.url)
    return make_conninfo("", **{name: value for name, value in options.items() if name != "context"})


def raw(session: Session) -> psycopg.Connection[Any]:
    """The psycopg connection of the session's current transaction (begun if need be).

    A `connection.transaction()` on it is a savepoint: what it holds is committed by the session alone.
    """
    connection = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)
    if connection.info.transaction_status == TransactionStatus.IDLE:
        # psycopg begins with the first statement. Were that a `connection.transaction()`, it would be the outermost
        # one and commit by itself, behind the session's back.
        connection.execute("SELECT")
    return connection


def rows(connection: psycopg.Connection[Any], sql: str, params: Params = None) -> list[Row]:
    """All rows of a query, each a dict by column name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(cast(LiteralString, sql), params).fetchall()


def one(connection: psycopg.Connection[Any], sql: str, params: Params = None) -> Row | None:
    """The first row of a query as a dict, or None."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(cast(LiteralString, sql), params).fetchone()


def run(connection: psycopg.Connection[Any], sql: str, params: Params = None) -> int:
    """Run a statement; the number of rows it touched."""
    return connection.execute(cast(LiteralString, sql), params).rowcount


def migrate(owner_url: str, revision: str = "head") -> None:
    """Bring the database at `owner_url` to `revision` (a downgrade when it lies behind, as in "base").

    Runs as the owner of the tables, never as the application's role.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
    config.attributes["url"] = owner_url
    if revision == "base" or revision.startswith("-"):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
