"""A Lumbung to measure: the real supervisor, web server and cluster on a folder of their own; and load upon it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core import ports
from core.cluster import Cluster
from core.settings import ROOT, read_data_dir

KEYS = {"secret_key": "s" * 64, "tag_key": "t" * 64}


@dataclass(frozen=True, slots=True)
class Running:
    """A started Lumbung: its address and its data folder."""

    url: str
    data_dir: Path

    @property
    def cluster(self) -> Cluster:
        """Its database."""
        return Cluster(self.data_dir)


@contextmanager
def lumbung(workers: int = 1) -> Iterator[Running]:
    """Start Lumbung without the demo, durable as in real life; stop it and erase its data afterwards."""
    data_dir = read_data_dir(os.environ) / "bench"
    if data_dir.exists():
        Cluster(data_dir).erase()
    with ports.listen(0) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "LUMBUNG_DATA": str(data_dir),
        "LUMBUNG_PORT": str(port),
        "LUMBUNG_DEMO": "0",
        "LUMBUNG_PUBLIC_BASE_URL": url,
        "LUMBUNG_WORKERS": str(workers),
        **{f"LUMBUNG_{name.upper()}": value for name, value in KEYS.items()},
    }
    command = [sys.executable, "-m", "api.cli", "serve"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("Lumbung is ready"):
                break
        else:
            sys.exit("The bench's Lumbung did not start; see above.")
        yield Running(url, data_dir)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        Cluster(data_dir).erase()


def under_load(clients: int, seconds: float, one: Callable[[int, int], None]) -> list[float]:
    """Let `clients` call `one(client, number)` for some seconds, each in its thread; what each call took, in s."""
    took: list[list[float]] = [[] for _ in range(clients)]
    failed: list[BaseException] = []
    end = time.perf_counter() + seconds

    def go(client: int) -> None:
        number = 0
        try:
            while (began := time.perf_counter()) < end:
                one(client, number)
                took[client].append(time.perf_counter() - began)
                number += 1
        except BaseException as error:  # told by the caller's thread
            failed.append(error)

    threads = [threading.Thread(target=go, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return [each for mine in took for each in mine]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
