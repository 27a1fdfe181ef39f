"""`./run bench [name]`: one benchmark, or all."""

import importlib
import sys

from bench.report import machine, write

NAMES = ("scans", "positions")


def main(wanted: list[str]) -> None:
    """Run the benchmarks named, or all of them."""
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    for name in wanted or NAMES:
        on = machine()
        path = write(name, on, importlib.import_module(f"bench.{name}").measure())
        print(f"Written to {path.relative_to(path.parents[2])}", file=sys.stderr)


main(sys.argv[1:])
