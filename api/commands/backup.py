"""`lumbung backup`: the whole database in one file."""

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from core.postmaster import find_programs
from core.settings import settings
from core.steps import SetupFailed, step

app = typer.Typer()


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to; must not exist yet.")],
) -> None:
    """Write the whole database to one file while it is in use, and print that file's path.

    The keys of sessions and tags are not in it: keep a copy of secrets.json of the data folder in a safe place.
    """
    if file.exists():
        raise SetupFailed(f"{file} exists already.", "A backup never overwrites: choose another name.")
    unfinished = file.with_name(file.name + ".unfinished")
    with step(f"Backing up the database to {file}"):
        # PostGIS brings its table of coordinate systems itself, and only the superuser may fill it.
        options = ["--format=custom", "--exclude-table-data=public.spatial_ref_sys"]
        run_program("pg_dump", *options, f"--file={unfinished}", f"--dbname={settings().urls.owner}")
        unfinished.rename(file)
    print(file)


def run_program(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs. SetupFailed with what it said where it fails."""
    programs = find_programs()
    if programs is None:
        raise SetupFailed(f"PostgreSQL's {name} is not installed.", "Install the package postgresql-client.")
    done = subprocess.run([programs.path(name), *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise SetupFailed(f"{name} failed. It said:\n{done.stderr.strip()}")
