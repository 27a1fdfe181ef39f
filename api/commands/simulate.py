"""`lumbung simulate`: keep the demo's story moving through the HTTP API."""

from typing import Annotated

import httpx
import typer

from api.simulator import Simulator, stopping_at_once
from api.story.stage import Stage
from core.settings import settings
from core.steps import SetupFailed
from tracking.corridor import lampung_jakarta
from tracking.corridor_document import read

app = typer.Typer()


@app.command()
def simulate(
    url: Annotated[str | None, typer.Option(help="The server; by default the one of this data folder.")] = None,
    speed: Annotated[
        float, typer.Option(min=1, help="After a pause, so many times as fast as life until it has caught up.")
    ] = 600,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between the positions of a carrier.")] = 10,
    scans_an_hour: Annotated[int, typer.Option(min=1, help="At most so many scans.")] = 3000,
) -> None:
    """Go on with the demo's story until stopped: harvests, trucks, vessels, gates, warehouses, markets.

    Works in the demo alone, on the instance whose secrets this data folder holds.
    """
    chosen = settings()
    if not chosen.demo:
        raise SetupFailed("LUMBUNG_DEMO is off: a simulator has no place among real records.")
    stage = Stage(read(lampung_jakarta()), chosen.tag_key)
    with stopping_at_once(), httpx.Client(base_url=url or f"http://127.0.0.1:{chosen.port}", timeout=20) as http:
        simulator = Simulator(
            http, stage, chosen.secret_key, speed=speed, positions_every_s=every, scans_an_hour=scans_an_hour
        )
        simulator.run()
