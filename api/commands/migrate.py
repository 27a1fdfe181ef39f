"""`lumbung migrate`: bring the database to a revision."""

from typing import Annotated

import typer

from core import database
from core.settings import settings
from core.steps import step

app = typer.Typer()


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="Where to: head, base, or a revision's id.")] = "head",
) -> None:
    """Bring the database to a revision, all of it or nothing."""
    with step(f"Migrating the database to {revision}"):
        database.migrate(settings().urls.owner, revision)
