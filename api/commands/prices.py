"""`lumbung prices …`: what is known of prices, the alerts they raise, and what alerts and forecasts are worth."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.transaction import command_session
from prices import alerts, carried, observations
from prices.evaluation import evaluate, gathered
from prices.importers import Reading, judge, read
from prices.rows import LARGEST_BYTES, UnreadableFile

app = typer.Typer(no_args_is_help=True, help="Price series and alerts.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON list on standard output, nothing else.")]


@app.command("series")
def list_series(
    every: Annotated[bool, typer.Option("--all", help="Other goods too, not only our four commodities.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the price series with their span, age and imputed share."""
    today = (datetime.now(UTC) + observations.JAKARTA).date()
    with command_session() as session:
        found = observations.all_series(session, ours_only=not every)
    if as_json:
        facts = [
            {
                "id": str(s.id),
                "source": s.source,
                "area": s.area,
                "market": s.market,
                "name": s.name,
                "level": s.level,
                "frequency": s.frequency,
                "commodity": s.commodity,
                "grade": s.grade,
                "unit": s.unit,
                "from": s.first_on.isoformat(),
                "to": s.last_on.isoformat(),
                "observations": s.observations,
                "imputed_share": round(s.filled_share, 4),
                "suspicious": s.suspicious,
                "age_days": s.age_days(today),
                "stale": s.is_stale(today),
            }
            for s in found
        ]
        print(json.dumps(facts, ensure_ascii=False))
        return
    for s in found:
        age = f"{s.age_days(today)} days old" + (", stale" if s.is_stale(today) else "")
        typer.echo(
            f"{s.area}: {s.name} ({s.source}): {s.first_on} to {s.last_on}, {s.observations} {s.frequency} values,"
            f" {s.filled_share:.0%} filled, {s.suspicious} suspicious, {age}"
        )


@app.command("alerts")
def list_alerts(
    ended: Annotated[bool, typer.Option("--all", help="Ended alerts too.")] = False, as_json: AsJson = False
) -> None:
    """Bring the alerts in step with the prices, then list them."""
    with command_session() as session:
        alerts.refresh(session, now=datetime.now(UTC))
        found = alerts.listed(session, ended=ended)
    if as_json:
        facts = [
            {
                "id": str(a.id),
                "state": a.state,
                "area": a.area,
                "name": a.name,
                "source": a.source,
                "from": a.began_on.isoformat(),
                "to": a.ended_on.isoformat() if a.ended_on else None,
                "stale_since": a.stale_on.isoformat() if a.stale_on else None,
                "price_idr": float(a.price_idr),
                "reference_idr": float(a.reference_idr),
                "gap_percent": float(a.gap_percent),
                "instrument": a.instrument,
                "decree": a.decree,
            }
            for a in found
        ]
        print(json.dumps(facts, ensure_ascii=False))
        return
    for a in found:
        state = f"suspended since {a.stale_on}, its data are too old" if a.stale_on else a.state
        typer.echo(
            f"{a.began_on}: {a.name}, {a.area}: {a.price_idr:.0f} is {a.gap_percent} % above {a.instrument}"
            f" {a.reference_idr:.0f} ({a.decree}); {state}"
        )


@app.command("evaluate")
def evaluate_files(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True, help="Price files.")],
    area: Annotated[
        str | None, typer.Option(help="Province that the prices are from, where the file has no column for it.")
    ] = None,
) -> None:
    """Judge forecasts and alerts on files alone: one JSON list on standard output, one object a series.

    No database is needed. Every figure is what could be known on its date. Ends with status 1 if a file was refused.
    """
    today = (datetime.now(UTC) + observations.JAKARTA).date()
    readings: list[Reading] = []
    refused = False
    for file in files:
        try:
            if file.stat().st_size > LARGEST_BYTES:
                raise UnreadableFile(f"the file is larger than {LARGEST_BYTES // 2**20} MiB")
            readings.append(judge(read(file.read_bytes(), file_name=file.name, area=area, today=today)))
        except UnreadableFile as error:
            refused = True
            print(f"{file.name}: refused, {error}", file=sys.stderr)
    official, lebaran = carried.official_prices(), carried.lebaran()
    print(json.dumps([evaluate(e, official, lebaran) for e in gathered(readings)], ensure_ascii=False, allow_nan=False))
    if refused:
        raise typer.Exit(1)
