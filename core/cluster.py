"""The private PostgreSQL of a data folder, for as long as somebody uses it. See docs/adr/0001.

A `Cluster` belongs to the process that opened it. Several processes may use one data folder at once: the first
starts the server, the last to leave stops it, and one that is killed counts as having left.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from core.locks import FileLock, alone
from core.postmaster import PORT, SUPERUSER, Postmaster, reachable
from core.steps import SetupFailed, disk_full, plain_failures
from core.watcher import FAREWELL, stop_if_unused

DATABASE = "lumbung"
OWNER_ROLE = "lumbung_owner"
APP_ROLE = "lumbung_app"
EXTENSIONS = ("postgis", "btree_gist")
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class DatabaseUrls:
    """Two ways into one database: `owner` runs migrations, `app` cannot change the ledger's past."""

    owner: str
    app: str


class Cluster:
    """The PostgreSQL server of `data_dir`. `ensure()` makes, starts or joins it; `stop()` leaves it.

    With `throwaway` the folder is deleted once nobody uses it any more.
    """

    def __init__(self, data_dir: Path, *, throwaway: bool = False) -> None:
        self.data_dir = data_dir.absolute()
        self.postmaster = Postmaster(self.data_dir)
        self._throwaway = throwaway
        self._use: FileLock | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    @property
    def owner_url(self) -> str:
        """Address of the database `lumbung` as the role that owns its tables."""
        return self.url(OWNER_ROLE)

    @property
    def app_url(self) -> str:
        """Address of the database `lumbung` as the role the application works with."""
        return self.url(APP_ROLE)

    @property
    def urls(self) -> DatabaseUrls:
        """Both addresses."""
        return DatabaseUrls(self.owner_url, self.app_url)

    def url(self, role: str, database: str = DATABASE) -> str:
        """A postgresql:// address over the private socket."""
        password = self._state()["passwords"][role]
        host = quote(str(self.postmaster.socket_folder), safe="")
        return f"postgresql://{role}:{password}@/{database}?host={host}&port={PORT}"

    def superuser(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A superuser's connection, in autocommit; only the operating system's user who runs Lumbung gets one."""
        folder = str(self.postmaster.socket_folder)
        return psycopg.connect(host=folder, port=PORT, user=SUPERUSER, dbname=database, autocommit=True)

    def ensure(self) -> None:
        """Make the cluster where there is none, start it where it does not run, join it where it does.

        Raises SetupFailed with a reason and a remedy.
        """
        if self._use:
            self.keep_running()
            return
        with self._plain_failures():
            self._prepare_folder()
            with alone(self.data_dir / "change.lock"):
                use = FileLock(self.data_dir / "use.lock")
                watcher = self._watch()  # first, so that a start cut short is cleared away, too
                try:
                    use.share()
                    if not self.postmaster.exists():
                        self.postmaster.initialise()
                    self._start_or_adopt()
                    self._create_database()
                except BaseException:
                    use.close()
                    assert watcher.stdin
                    watcher.stdin.close()
                    raise
                self._use, self._watcher = use, watcher

    def keep_running(self) -> bool:
        """Start the server and the watcher again where they were killed; whether the server was."""
        if self._watcher and self._watcher.poll() is not None:
            self._watcher = self._watch()
        if self.postmaster.pid() is not None:
            return False
        with self._plain_failures(), alone(self.data_dir / "change.lock"):
            self._start_or_adopt()
        return True

    def stop(self) -> None:
        """Leave the cluster; the server stops with the last process that uses it. Stopping twice does no harm."""
        if self._use:
            self._use.close()
            self._use = None
        if self._watcher:
            assert self._watcher.stdin
            with contextlib.suppress(BrokenPipeError), self._watcher.stdin as pipe:
                pipe.write(FAREWELL.encode())
            code = self._watcher.wait()
            self._watcher = None
            if code != 0:  # somebody killed the watcher
                stop_if_unused(self.data_dir, remove=self._throwaway)

    def erase(self) -> None:
        """Delete the cluster and its passwords. Raises SetupFailed where a process still uses it."""
        if not self.data_dir.exists():
            return
        with plain_failures(self.data_dir), alone(self.data_dir / "change.lock"):
            use = FileLock(self.data_dir / "use.lock")
            try:
                if not use.try_take():
                    raise SetupFailed(
                        f"another Lumbung command is working on {self.data_dir}.", "End it first, then use --fresh."
                    )
                self.postmaster.stop("immediate")
                for folder in (self.postmaster.files, self.data_dir / "postgres.building"):
                    shutil.rmtree(folder, ignore_errors=True)
                self._state_file.unlink(missing_ok=True)
            finally:
                use.close()

    def __enter__(self) -> "Cluster":
        self.ensure()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _state_file(self) -> Path:
        return self.data_dir / "cluster.json"

    def _state(self) -> dict[str, dict[str, str]]:
        state: dict[str, dict[str, str]] = json.loads(self._state_file.read_text(encoding="utf-8"))
        return state

    def _prepare_folder(self) -> None:
        if not reachable(self.data_dir):
            raise SetupFailed(
                f"PostgreSQL does not run as root, and the user postgres cannot reach {self.data_dir}.",
                "Take a folder that others may pass through, for example --data /var/lib/lumbung.",
            )
        # Root's folder must let the user postgres through to its own files; an ordinary user's is closed.
        self.data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)

    def _start_or_adopt(self) -> None:
        """A running server that answers is taken as it is; one that does not is stopped; then start."""
        until = time.monotonic() + 20
        while self.postmaster.pid() is not None:
            try:
                self.superuser().close()
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > until:
                    self.postmaster.stop("immediate")
                elif "No space left" in str(error):
                    raise disk_full(self.data_dir) from error
                else:  # starting, recovering or shutting down
                    time.sleep(0.05)
        self.postmaster.start()

    def _create_database(self) -> None:
        """Roles, database and extensions; made again from where it was cut short."""
        if self._state_file.exists():
            return
        passwords = {role: secrets.token_urlsafe(24) for role in (OWNER_ROLE, APP_ROLE)}
        with self.superuser() as server:
            for role, password in passwords.items():
                if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
                    server.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
                server.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), password))
            if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                names = map(sql.Identifier, (DATABASE, OWNER_ROLE))
                server.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
        with self.superuser(DATABASE) as database:
            for extension in EXTENSIONS:
                database.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        unfinished = self._state_file.with_suffix(".new")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"passwords": passwords}, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(self._state_file)

    @contextlib.contextmanager
    def _plain_failures(self) -> Generator[None]:
        with plain_failures(self.data_dir):
            try:
                yield
            except psycopg.Error as error:
                log = self.postmaster.last_words()
                if "No space left" in f"{error}{log}":
                    raise disk_full(self.data_dir) from error
                raise SetupFailed(
                    f"PostgreSQL in {self.data_dir} refused: {str(error).strip()}\nThe end of its log:\n{log}",
                    f"Its log is {self.postmaster.log}.",
                ) from error

    def _watch(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "core.watcher", str(self.data_dir)]
        return subprocess.Popen(
            [*command, "--remove"] if self._throwaway else command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal is not for it
        )


@contextlib.contextmanager
def throwaway(parent: Path) -> Generator[Cluster]:
    """A cluster of its own in a new folder under `parent`, gone afterwards; sweeps what crashed runs left there."""
    with plain_failures(parent):
        parent.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        for left in parent.iterdir():
            if (left / "use.lock").exists():
                stop_if_unused(left, remove=True)
    with Cluster(parent / uuid.uuid4().hex[:12], throwaway=True) as cluster:
        yield cluster
