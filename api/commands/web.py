"""`lumbung web`: one web server process, started by `serve` on the socket that it holds."""

import socket
from typing import Annotated

import typer
import uvicorn

app = typer.Typer()


@app.command(hidden=True)
def web(fd: Annotated[int, typer.Option(help="An inherited listening socket.")]) -> None:
    """Serve the application on a listening socket inherited from the supervisor."""
    config = uvicorn.Config(
        "api.app:create_app",
        factory=True,
        access_log=False,
        log_level="info",
        timeout_graceful_shutdown=3,  # live updates never end by themselves
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=fd)])
