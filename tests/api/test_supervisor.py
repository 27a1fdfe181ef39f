"""The supervisor leaves nothing behind, however it ends, and revives what dies. Real processes, a real database."""

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from core.cluster import ROOT, Cluster
from core.postmaster import Postmaster
from core.watcher import stop_if_unused
from tests.processes import gone, until

# Stands in for the web server: answers /readyz, and leaves its process id where the test finds it.
SERVER = """
import http.server, os, socket, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ready, bind_and_activate=False)
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.serve_forever()
"""
RUN = """
import sys
from pathlib import Path
from api.supervisor import Child, Stop, Supervisor
from core import ports
from core.cluster import Cluster
from core.steps import SetupFailed, explain
listener = ports.listen(0)
port = listener.getsockname()[1]
data = Path(sys.argv[1])
try:
    with Supervisor(data / "log") as supervisor:
        try:
            supervisor.keep(Cluster(data))
            server = [sys.executable, "-c", sys.argv[2], str(listener.fileno())]
            supervisor.start(Child("web", server, (listener.fileno(),)))
            supervisor.wait_until_ready(port)
            print(port, flush=True)
            supervisor.watch()
        except Stop:
            pass
except SetupFailed as failure:
    sys.exit(explain(failure))
"""


class Instance:
    """A supervisor in a process of its own, with a database and one child."""

    def __init__(self, data_dir: Path, server: str = SERVER) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(data_dir), server],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> "Instance":
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())
        self.database = Postmaster(self.data_dir).pid()
        assert self.database
        return self

    def web(self) -> int:
        """The process that answers on the port now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/")
            return int(connection.getresponse().read())
        finally:
            connection.close()

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said

    def unlocked(self) -> bool:
        return stop_if_unused(self.data_dir)


@pytest.fixture(scope="module")
def data_dir(cluster: Cluster) -> Iterator[Path]:
    folder = cluster.data_dir / "supervised"
    yield folder
    assert until(lambda: stop_if_unused(folder, remove=True))


@pytest.fixture
def instance(data_dir: Path) -> Iterator[Instance]:
    instance = Instance(data_dir).ready()
    yield instance
    if instance.process.poll() is None:
        instance.process.kill()
    instance.process.communicate(timeout=30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_leaves_no_process_and_no_lock(instance: Instance, number: signal.Signals) -> None:
    web, database = instance.web(), instance.database
    code, _ = instance.end(number)
    assert code == 0
    assert gone(web)
    assert database
    assert gone(database)
    assert instance.unlocked()


def test_killed_it_leaves_no_process_and_no_lock(instance: Instance) -> None:
    web, database = instance.web(), instance.database
    instance.end(signal.SIGKILL)
    assert database
    assert until(lambda: gone(web) and gone(database))
    assert until(instance.unlocked)


def test_a_killed_child_is_started_again_and_its_death_is_told(instance: Instance) -> None:
    web = instance.web()
    os.kill(web, signal.SIGKILL)
    assert until(lambda: gone(web))
    assert instance.web() != web  # callers wait in line meanwhile: the socket is the supervisor's
    _, said = instance.end(signal.SIGTERM)
    assert "web ended unexpectedly (signal 9)" in said
    assert "web started again" in said


def test_a_killed_database_is_started_again(instance: Instance) -> None:
    assert instance.database
    os.kill(instance.database, signal.SIGKILL)
    assert until(lambda: Postmaster(instance.data_dir).pid() not in (None, instance.database))
    with Cluster(instance.data_dir) as cluster, psycopg.connect(cluster.app_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_child_that_cannot_start_is_told_with_its_last_words_and_everything_ends(data_dir: Path) -> None:
    instance = Instance(data_dir, "raise SystemExit('the harvest is late')")
    _, said = instance.process.communicate(timeout=30)
    assert instance.process.returncode == 1
    assert "web ended at once (exit code 1)" in said
    assert "the harvest is late" in said
    assert "Traceback" not in said
    assert Postmaster(data_dir).pid() is None
