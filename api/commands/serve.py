"""`./run`: the whole platform, from the database to the demo, until Ctrl-C."""

import importlib.util
import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.instance import require_server
from api.supervisor import Child, Stop, Supervisor
from core import ports, settings
from core.cluster import Cluster
from core.locks import FileLock
from core.settings import Settings
from core.steps import SetupFailed, say, step

app = typer.Typer()


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1 (LUMBUNG_PORT).")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the private cluster (LUMBUNG_DATA).")] = None,
    fresh: Annotated[bool, typer.Option(help="Start from nothing: delete the private cluster first.")] = False,
) -> None:
    """Set up the database, serve on 127.0.0.1, and keep the demo moving; Ctrl-C stops everything it started."""
    # Given on, so that every process started from here reads the same settings.
    if port is not None:
        os.environ["LUMBUNG_PORT"] = str(port)
    if data is not None:
        os.environ["LUMBUNG_DATA"] = str(data.absolute())
    chosen = settings.read(os.environ)
    address = f"http://{ports.HOST}:{chosen.port}"
    settings.make_data_dir(chosen.data_dir)
    lock = FileLock(chosen.data_dir / "serve.lock")
    if not lock.try_take():
        running = (chosen.data_dir / "serve.lock").read_text()
        if fresh or running != address:
            raise SetupFailed(
                f"Lumbung is already running on {chosen.data_dir}: {running}",
                "Stop it first, or take another folder with --data.",
            )
        print(f"Lumbung is already running: {running}")
        return
    lock.write(address)
    listener = ports.listen(chosen.port)
    with Supervisor(chosen.data_dir / "log") as supervisor:
        try:
            if fresh:
                chosen = _erase(chosen)
            _run(supervisor, chosen, listener, address, fresh=fresh)
        except Stop:
            say("\nStopping …")
    say("Stopped.")


def _erase(chosen: Settings) -> Settings:
    if not chosen.private_cluster:
        raise SetupFailed(
            "--fresh deletes the private cluster only, and LUMBUNG_DATABASE_URL names another database.",
            "Drop and create that database yourself.",
        )
    with step(f"Deleting what was in {chosen.data_dir}"):
        Cluster(chosen.data_dir).erase()
        (chosen.data_dir / "secrets.json").unlink(missing_ok=True)
    return settings.read(os.environ)


def _run(supervisor: Supervisor, chosen: Settings, listener: socket.socket, address: str, *, fresh: bool) -> None:
    if chosen.private_cluster:
        cluster = Cluster(chosen.data_dir)
        with step("Starting PostgreSQL"):
            supervisor.keep(cluster)
    else:
        require_server(chosen.urls.owner)
    from core.database import migrate

    with step("Migrating the database"):
        migrate(chosen.urls.owner)
    if chosen.demo:
        _load_demo(fresh=fresh)
    command_line = [sys.executable, "-m", "api.cli"]
    with step("Starting the web server"):
        for number in range(1, chosen.workers + 1):
            name = "web" if chosen.workers == 1 else f"web-{number}"
            supervisor.start(Child(name, [*command_line, "web", "--fd", str(listener.fileno())], (listener.fileno(),)))
        supervisor.wait_until_ready(chosen.port)
    if _exists("api.scheduler"):
        supervisor.start(Child("scheduler", [sys.executable, "-m", "api.scheduler"]))
    if chosen.demo and _exists("api.commands.simulate"):
        supervisor.start(Child("simulator", [*command_line, "simulate"]))
    print(f"Lumbung is ready: {address}", flush=True)
    if chosen.demo and _exists("api.demo"):
        from api import demo

        print(demo.summary(), flush=True)
    say(f"Logs are in {supervisor.logs}. Ctrl-C stops everything.")
    supervisor.watch()


def _load_demo(*, fresh: bool) -> None:
    if _exists("api.demo"):
        from api import demo

        demo.load(fresh=fresh)


def _exists(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
