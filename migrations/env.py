"""How Alembic finds the database and the models. Run through `core.database.migrate` or `./run lumbung migrate`."""

import re

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

# Every table must be known here.
import core.accounts
import hubs.models
import prices.models
import tracking.ledger_models
import tracking.models
import warehouses.models

PARTITION = re.compile(r"position_(rest|\d{6})(_|$)")  # and their indexes

ischema_names["xid8"] = tracking.ledger_models.Xid8


def include_object(obj: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Our own tables only: not PostGIS's, not the partitions that `tracking.positions` makes."""
    if kind in ("table", "index") and reflected and name and PARTITION.match(name):
        return False
    return alembic_helpers.include_object(obj, name, kind, reflected, compare_to)


def online() -> None:
    """Run every migration in one transaction: all of it, or nothing."""
    url = context.config.attributes["url"].replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        # A migration that cannot get its lock fails loudly instead of stopping every scan behind it.
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            include_object=include_object,
            process_revision_directives=alembic_helpers.writer,
            render_item=alembic_helpers.render_item,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


online()
