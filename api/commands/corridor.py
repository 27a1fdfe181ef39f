"""`lumbung corridor`: load a corridor from its document, export the one that is there."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

import api.corridor
import tracking.corridor
from api.transaction import command_session
from core.database import raw
from tracking.corridor_document import CorridorInvalid

app = typer.Typer(help="The corridor as data: places, products, carriers, routes.", no_args_is_help=True)


@app.command()
def load(
    file: Annotated[Path | None, typer.Argument(help="the document; without it the one of Lampung and Jakarta")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check and count, change nothing")] = False,
) -> None:
    """Load a corridor, all of it or nothing; what is there already is brought up to date."""
    document = tracking.corridor.lampung_jakarta() if file is None else _read(file)
    with command_session() as session:
        try:
            tallies = api.corridor.load(session, document)
        except CorridorInvalid as error:
            for fault in error.faults:
                typer.echo(fault, err=True)
            typer.echo(f"Nothing was changed: {len(error.faults)} faults in {file or 'the document'}.", err=True)
            raise typer.Exit(1) from None
        if dry_run:
            session.rollback()
    for section, tally in tallies.items():
        typer.echo(f"{section:<11} {tally['new']:>6} new {tally['changed']:>6} changed {tally['same']:>6} same")
    if dry_run:
        typer.echo("Only tried: nothing was changed.")


@app.command()
def export() -> None:
    """Print the corridor that the database holds as a document that `load` takes."""
    with command_session() as session:
        typer.echo(json.dumps(api.corridor.export(raw(session)), ensure_ascii=False, indent=1))


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        typer.echo(f"{file} cannot be read as JSON: {error}", err=True)
        raise typer.Exit(2) from None
    if not isinstance(document, dict):
        typer.echo(f"{file} is JSON, but no object.", err=True)
        raise typer.Exit(2)
    return document
