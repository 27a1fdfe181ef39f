"""What a benchmark reports: rows of ours beside a ceiling measured in the same run, on the screen and as JSON."""

import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.settings import ROOT


@dataclass(frozen=True, slots=True)
class Case:
    """One row: ours and its ceiling in `unit`, and what the ceiling is. For times, smaller is better."""

    case: str
    ours: float
    unit: str
    ceiling: float
    ceiling_is: str

    @property
    def ratio(self) -> float:
        """Ours as a share of the ceiling."""
        return self.ours / self.ceiling if self.ceiling else 0.0


def machine() -> str:
    """What it ran on, in a line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores, {model}, load {os.getloadavg()[0]:.1f} at the start"


def write(name: str, on: str, cases: Iterable[Case]) -> Path:
    """Print the table, write `bench/results/NAME.json`; the file's path."""
    listed = list(cases)
    table = Table(title=f"{name} ({on})")
    for heading, justify in (("case", "left"), ("ours", "right"), ("ceiling", "right"), ("ratio", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    table.add_column("ceiling is")
    for case in listed:
        figures = (f"{case.ours:,.1f} {case.unit}", f"{case.ceiling:,.1f} {case.unit}", f"{case.ratio:.2f}")
        table.add_row(case.case, *figures, case.ceiling_is)
    Console(width=140).print(table)
    path = ROOT / "bench" / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    rows = [{**asdict(case), "ratio": round(case.ratio, 4)} for case in listed]
    path.write_text(json.dumps({"name": name, "machine": on, "rows": rows}, indent=1) + "\n")
    return path
