"""`./run check`: formatting, lint, types, import layers, and migrations in step with the models."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.steps import SetupFailed, explain

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def main() -> int:
    """Run every check, each with its own line and time; 1 where one found something."""
    checks: dict[str, Callable[[], str]] = {
        "formatting": lambda: _tool("ruff", "format", "--check", "."),
        "lint": lambda: _tool("ruff", "check", "--output-format=concise", "."),
        "import layers": lambda: _tool("lint-imports", "--no-cache"),
        "types": lambda: _tool(
            "node", str(ROOT / "node_modules" / "pyright" / "index.js"), "--pythonpath", sys.executable
        ),
        "migrations in step with the models": migrations_lag,
    }
    failed = []
    for name, check in checks.items():
        began = time.monotonic()
        found = check()
        print(f"{'failed' if found else 'passed'}  {name}  ({time.monotonic() - began:.1f} s)", flush=True)
        if found:
            print(found, flush=True)
            failed.append(name)
    return 1 if failed else 0


def migrations_lag() -> str:
    """What a new migration would have to change, one difference a line; empty when there is nothing."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    from core.cluster import throwaway
    from core.database import migrate
    from core.settings import read_data_dir

    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(ROOT / "migrations"))
    with throwaway(read_data_dir(os.environ) / "throwaway") as cluster:
        config.attributes["url"] = cluster.owner_url
        migrate(cluster.owner_url)
        try:
            command.check(config)
        except CommandError as error:
            return str(error)
    return ""


def _tool(*command: str) -> str:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.stdout.strip() or f"exit code {done.returncode}" if done.returncode else ""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SetupFailed as failure:
        sys.exit(explain(failure))
