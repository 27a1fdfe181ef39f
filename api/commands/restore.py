"""`lumbung restore`: a backup back into an empty database."""

from pathlib import Path
from typing import Annotated

import psycopg
import typer

from api.commands.backup import run_program
from api.instance import database_in_use
from core import database
from core.cluster import APP_ROLE
from core.settings import settings
from core.steps import SetupFailed, step

app = typer.Typer()


@app.command()
def restore(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file made by backup.")]) -> None:
    """Put a backup into an empty database, then bring it up to this version; all of it, or nothing."""
    with database_in_use(migrated=False):
        owner = settings().urls.owner
        with psycopg.connect(owner) as connection:
            _refuse_unless_empty(connection)
        with step(f"Restoring {file}"):
            # Extensions are the superuser's, and there already. One transaction: a broken file changes nothing.
            options = ["--single-transaction", "--exit-on-error", "--no-owner", "--schema=public"]
            run_program("pg_restore", *options, f"--dbname={owner}", str(file))
            with psycopg.connect(owner) as connection:
                # Transaction ids are of the server that counted them: here every event told before is long told.
                connection.execute("UPDATE event_unsealed SET xid = '0'")
        with step("Migrating the database"):
            database.migrate(owner)


def _refuse_unless_empty(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,)).fetchone():
        raise SetupFailed(f"the server has no role {APP_ROLE}.", f"Create it first: CREATE ROLE {APP_ROLE}")
    ours = connection.execute(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')"
    ).fetchone()
    if ours and ours[0]:
        raise SetupFailed(
            f"the database is not empty ({ours[0]} tables), and a backup goes into an empty one only.",
            "Take a new data folder: LUMBUNG_DATA=/path/to/new ./run lumbung restore FILE",
        )
