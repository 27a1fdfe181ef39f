"""`lumbung labels`: give out tags and print them."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import typer

from api.transaction import command_session
from core.errors import DomainError
from core.settings import settings
from tracking import people, tags

app = typer.Typer(help="Give out tags and print their labels.")


@app.command()
def labels(
    out: Annotated[Path, typer.Option(help="PDF to write; - is standard output.", allow_dash=True)],
    party: Annotated[str | None, typer.Option(help="GLN of the party that gets the tags.")] = None,
    count: Annotated[int, typer.Option(min=1, max=tags.COUNT_MAX, help="How many new tags.")] = 25,
    label_format: Annotated[
        Literal["58x40", "a4"], typer.Option("--format", help="One a page, or A4 sheets of 25.")
    ] = ("58x40"),
    reprint: Annotated[
        UUID | None, typer.Option("--range", help="Print this range again instead of a new one.")
    ] = None,
) -> None:
    """Give out new tags to a party and write their labels as PDF; with --range, print earlier ones again."""
    if (party is None) == (reprint is None):
        raise typer.BadParameter("say either for which --party, or which --range to print again")
    try:
        with command_session() as session:
            if reprint is not None:
                given, whose = tags.range_by_id(session, reprint)
            else:
                whose = people.party_by_gln(session, party or "")
                given = tags.issue(session, whose, count, datetime.now(UTC))
            chosen = settings()
            pdf = tags.labels_pdf(given, whose, chosen.public_base_url, chosen.tag_key, label_format)
    except DomainError as error:
        typer.echo(f"{error.title}: {error}", err=True)
        raise typer.Exit(1) from None
    # After the commit: a label must not exist whose number may be given out again.
    if str(out) == "-":
        sys.stdout.buffer.write(pdf)
    else:
        out.write_bytes(pdf)
    many = given.last_serial - given.first_serial + 1
    typer.echo(f"{many} labels of {whose.name}, range {given.id}", err=True)
