"""`./run lumbung …`: one file a noun in api/commands, each holding a typer `app`. To add one, add a line to COMMANDS.

A command finds its database running and migrated: the private cluster is started where nobody else has it running,
and stopped afterwards. Results go to standard output, everything said to a person goes to standard error.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from core.steps import SetupFailed, disk_full, explain

# Name on the command line → module in api/commands, imported only when it is asked for.
COMMANDS = {
    "serve": "serve",
    "migrate": "migrate",
    "token": "token",
    "labels": "labels",
    "backup": "backup",
    "restore": "restore",
    "web": "web",
    "corridor": "corridor",
    "demo": "demo",
    "simulate": "simulate",
    "pictures": "pictures",
    "import": "import_",
    "prices": "prices",
}
# These look after the database themselves, or have no need of it.
WITHOUT_DATABASE = {"serve", "web", "restore", "simulate"}
FILES_ONLY = {("prices", "evaluate")}  # of a command that otherwise needs it


class Commands(TyperGroup):
    """The commands by name, each imported when needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """All names, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"api.commands.{COMMANDS[cmd_name]}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Food on its way between Lampung and Jakarta.",
)


@app.callback()
def lumbung(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Folder of the private cluster (LUMBUNG_DATA).")] = None,
) -> None:
    """Food on its way between Lampung and Jakarta."""
    if data is not None:
        os.environ["LUMBUNG_DATA"] = str(data.absolute())
    if context.invoked_subcommand in WITHOUT_DATABASE or "--help" in sys.argv:
        return
    if any(context.invoked_subcommand == noun and verb in sys.argv for noun, verb in FILES_ONLY):
        return
    from api.instance import database_in_use

    context.with_resource(database_in_use())


def main() -> None:
    """Run the command line; failures of set-up, and a full disk, are told in plain words."""
    try:
        app(prog_name="./run lumbung")
    except SetupFailed as failure:
        sys.exit(explain(failure))
    except Exception as error:
        if "No space left on device" not in str(error):
            raise
        from core.settings import settings

        sys.exit(explain(disk_full(settings().data_dir)))


if __name__ == "__main__":
    main()
