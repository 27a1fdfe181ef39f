"""The command line on real data folders: serving, a second shell, backup and restore."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core import settings
from core.cluster import ROOT, Cluster
from core.database import engine
from core.postmaster import Postmaster

SERVING = {"LUMBUNG_DEMO": "0", "LUMBUNG_PUBLIC_BASE_URL": "https://lumbung.example"}


@pytest.fixture(scope="module")
def data_dir(cluster: Cluster) -> Iterator[Path]:
    folder = cluster.data_dir / "commands"
    yield folder
    assert Postmaster(folder).pid() is None


def lumbung(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **SERVING, "LUMBUNG_DATA": str(data_dir)}
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def serving(data_dir: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`./run` outside the demo, ready."""
    environment = {**os.environ, **SERVING, "LUMBUNG_DATA": str(data_dir)}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline() == f"Lumbung is ready: http://127.0.0.1:{port}\n"
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("postgresql://nobody@/outside?host=/nowhere", "does not answer"),
        ("postgresql://lumbung_owner:{password}@/postgres?{rest}", "may not add it"),
    ],
)
def test_an_existing_server_that_will_not_do_is_told_in_plain_words(
    cluster: Cluster, tmp_path: Path, address: str, reason: str
) -> None:
    password, rest = re.findall(r":([^@:]+)@.*\?(.*)", cluster.owner_url)[0]
    given = {"LUMBUNG_DATABASE_URL": address.format(password=password, rest=rest), "LUMBUNG_DATA": str(tmp_path)}
    command = [sys.executable, "-m", "api.cli", "migrate"]
    said = subprocess.run(command, cwd=ROOT, env={**os.environ, **given}, capture_output=True, text=True)
    assert said.returncode == 1
    assert reason in said.stderr
    assert "Traceback" not in said.stderr


@pytest.fixture
def outside(cluster: Cluster) -> Iterator[str]:
    """Address of a database on an "existing server": another login owns it, and the application has none of its own."""
    with cluster.superuser() as server:
        server.execute("CREATE ROLE outsider LOGIN CREATEROLE PASSWORD 'harvest'")
        server.execute("GRANT lumbung_app TO outsider")
        server.execute("CREATE DATABASE outside OWNER outsider")
    with cluster.superuser("outside") as database:
        database.execute("CREATE EXTENSION postgis; CREATE EXTENSION btree_gist")
    yield f"postgresql://outsider:harvest@/outside?{cluster.owner_url.split('?')[1]}"
    with cluster.superuser() as server:
        server.execute("DROP DATABASE outside WITH (FORCE)")
        server.execute("DROP ROLE outsider")


def test_on_an_existing_server_the_application_still_cannot_change_the_past(
    outside: str, tmp_path: Path, port: int
) -> None:
    given = {**SERVING, "LUMBUNG_DATABASE_URL": outside, "LUMBUNG_SECRET_KEY": "a" * 64, "LUMBUNG_TAG_KEY": "b" * 64}
    given["LUMBUNG_DATA"] = str(tmp_path)
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stdout.readline().startswith("Lumbung is ready")
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert not Postmaster(tmp_path).exists()
    connected = engine(settings.read(given).urls.app)
    with connected.connect() as connection:
        assert connection.execute(text("SELECT current_user, current_setting('timezone')")).one() == (
            "lumbung_app",
            "UTC",
        )
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("DELETE FROM event"))
    connected.dispose()


def test_it_serves_once_it_says_so(serving: subprocess.Popen[str], port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
        assert answer.status == 200
    assert serving.poll() is None


def test_a_second_one_on_the_same_folder_says_where_the_first_is(
    serving: subprocess.Popen[str], data_dir: Path, port: int
) -> None:
    again = lumbung(data_dir, "serve", "--port", str(port))
    assert (again.returncode, again.stdout) == (0, f"Lumbung is already running: http://127.0.0.1:{port}\n")
    fresh = lumbung(data_dir, "serve", "--port", str(port), "--fresh")
    assert fresh.returncode == 1
    assert f"already running on {data_dir}" in fresh.stderr
    assert serving.poll() is None


def test_a_second_shell_works_on_the_running_instance_and_prints_only_its_result(
    serving: subprocess.Popen[str], data_dir: Path
) -> None:
    server = Postmaster(data_dir).pid()
    made = lumbung(data_dir, "token", "create", "--role", "partner")
    assert made.returncode == 0
    assert len(made.stdout.split()) == 1
    assert Postmaster(data_dir).pid() == server
    assert serving.poll() is None


def test_a_taken_port_is_refused_before_anything_is_started(
    serving: subprocess.Popen[str], cluster: Cluster, port: int
) -> None:
    other = cluster.data_dir / "other"
    said = lumbung(other, "serve", "--port", str(port))
    assert said.returncode == 1
    assert f"port {port} is taken by" in said.stderr
    assert "Traceback" not in said.stderr
    assert not Postmaster(other).exists()
    assert serving.poll() is None


def test_a_backup_restores_into_an_empty_folder_and_into_no_other(
    serving: subprocess.Popen[str], cluster: Cluster, data_dir: Path, tmp_path: Path
) -> None:
    assert serving.poll() is None
    with psycopg.connect(Cluster(data_dir).owner_url) as connection:
        before = connection.execute("SELECT count(*) FROM account").fetchone()
    assert before
    assert before[0] > 0
    file = tmp_path / "lumbung.backup"
    done = lumbung(data_dir, "backup", str(file))
    assert (done.returncode, done.stdout) == (0, f"{file}\n")
    assert lumbung(data_dir, "backup", str(file)).returncode == 1

    restored = cluster.data_dir / "restored"
    done = lumbung(restored, "restore", str(file))
    assert done.returncode == 0, done.stderr
    with Cluster(restored) as other, psycopg.connect(other.app_url) as connection:
        assert connection.execute("SELECT count(*) FROM account").fetchone() == before
        # Transaction ids of the old server mean nothing here: nothing told there may wait for them.
        waiting = "SELECT count(*) FROM event_unsealed WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())"
        assert connection.execute(waiting).fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM event")
    again = lumbung(restored, "restore", str(file))
    assert again.returncode == 1
    assert "is not empty" in again.stderr
