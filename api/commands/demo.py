"""`lumbung demo`: fill an empty database with the demo, and say how to look around in it."""

import typer

from api import demo
from core.settings import settings
from core.steps import SetupFailed

app = typer.Typer()


@app.command()
def load() -> None:
    """Tell the demo's story in an empty database (elsewhere nothing changes); print an example tag and the sign-ins."""
    if not settings().demo:
        raise SetupFailed("LUMBUNG_DEMO is off: demo data would mix with real ones.", "Use another data folder.")
    demo.load()
    typer.echo(demo.summary())
