"""The private cluster's life: made, shared, killed, recovered, stopped."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.cluster import ROOT, Cluster, throwaway
from core.postmaster import Postmaster, socket_folder
from core.steps import SetupFailed
from core.watcher import stop_if_unused
from tests.processes import gone, until

HOLD = """
import sys, time
from pathlib import Path
from core.cluster import Cluster
Cluster(Path(sys.argv[1])).ensure()
print("in use", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def made(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster whose server these tests may kill."""
    with throwaway(cluster.data_dir / "own") as own:
        yield own


def user_of(data_dir: Path) -> subprocess.Popen[str]:
    """Another process that uses the cluster; returns once it does."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(data_dir)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "in use\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row and len(row) == 1 else row


def test_it_is_durable_by_default(made: Cluster) -> None:
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert ask(made.app_url, f"SHOW {setting}") == "on"


def test_it_does_not_listen_on_the_network(made: Cluster) -> None:
    assert ask(made.app_url, "SHOW listen_addresses") == ""
    assert stat.S_IMODE(made.postmaster.socket_folder.stat().st_mode) == 0o700


def test_application_and_owner_are_roles_without_power_over_the_server(made: Cluster) -> None:
    for url, role in ((made.app_url, "lumbung_app"), (made.owner_url, "lumbung_owner")):
        query = "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert ask(url, query) == (role, False, False, False)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(made.app_url, "CREATE TABLE t (id int)")


def test_a_wrong_password_is_refused(made: Cluster) -> None:
    wrong = made.app_url.replace("lumbung_app:", "lumbung_app:x")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(wrong, "SELECT 1")


def test_passwords_are_readable_by_their_owner_alone(made: Cluster) -> None:
    assert stat.S_IMODE((made.data_dir / "cluster.json").stat().st_mode) == 0o600


def test_the_server_stays_while_anybody_uses_it_and_goes_with_the_last(made: Cluster) -> None:
    made.ensure()
    other = user_of(made.data_dir)
    server = made.postmaster.pid()
    assert server
    assert stop_if_unused(made.data_dir) is False
    kill(other)
    time.sleep(0.5)
    assert made.postmaster.pid() == server
    assert ask(made.app_url, "SELECT 1") == 1


def test_a_killed_user_leaves_no_server_and_no_lock(made: Cluster) -> None:
    folder = made.data_dir / "killed-user"
    process = user_of(folder)
    server = Postmaster(folder).pid()
    assert server
    kill(process)
    assert until(lambda: gone(server))
    assert until(lambda: stop_if_unused(folder, remove=True))
    assert not folder.exists()


def test_committed_rows_survive_a_killed_server_and_it_comes_back(made: Cluster) -> None:
    with psycopg.connect(made.owner_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    server = made.postmaster.pid()
    assert server
    os.kill(server, signal.SIGKILL)
    assert until(lambda: made.postmaster.pid() is None)
    made.ensure()
    assert made.postmaster.pid() not in (None, server)
    assert ask(made.owner_url, "SELECT id FROM kept") == 7


def test_a_lock_file_naming_a_stranger_is_swept(made: Cluster) -> None:
    made.postmaster.stop("immediate")
    content = f"{os.getpid()}\n{made.postmaster.files}\n0\n5432\n\n\n0 0\nready\n"
    (made.postmaster.files / "postmaster.pid").write_text(content)
    assert made.postmaster.pid() is None
    made.ensure()
    assert ask(made.app_url, "SELECT 1") == 1


def test_a_server_left_without_its_watcher_is_adopted_and_stopped_in_the_end(made: Cluster) -> None:
    folder = made.data_dir / "left-alone"
    process = user_of(folder)
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    kill(process)
    server = Postmaster(folder).pid()
    assert server
    with Cluster(folder, throwaway=True) as again:
        assert again.postmaster.pid() == server
    assert until(lambda: gone(server))
    assert not folder.exists()


def test_data_of_another_major_version_are_said_clearly(tmp_path: Path) -> None:
    files = tmp_path / "postgres"
    files.mkdir()
    (files / "PG_VERSION").write_text("9\n")
    with pytest.raises(SetupFailed, match="made by PostgreSQL 9, which is not installed"):
        Postmaster(tmp_path).programs()


def test_a_long_data_folder_gets_a_short_socket_path() -> None:
    deep = Path("/") / "/".join(["deep-folder"] * 12)
    assert len(str(socket_folder(deep) / ".s.PGSQL.5432")) <= 107
    assert socket_folder(deep) != socket_folder(deep / "other")
    assert socket_folder(Path("/srv/lumbung")) == Path("/srv/lumbung/socket")
