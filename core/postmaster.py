"""The PostgreSQL server of one data folder: found, initialised, started, recognised, stopped.

Standard library only, so that the watcher which outlives a crash starts quickly. As root every server program
runs as the user `postgres`, because PostgreSQL refuses root.
"""

import contextlib
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from core.steps import SetupFailed, disk_full

SERVERS = Path("/usr/lib/postgresql")
OLDEST_MAJOR = 15
SUPERUSER = "postgres"
PORT = 5432  # of the socket's name only: nothing listens on the network
SOCKET_PATH_BYTES = 107  # sockaddr_un holds 108 with the closing zero


def server_user() -> str | None:
    """The operating system's user that PostgreSQL runs as where it is not the caller: `postgres` for root."""
    return "postgres" if os.geteuid() == 0 else None


def _as_server_user() -> dict[str, Any]:
    user = server_user()
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def give_to_server_user(path: Path) -> None:
    """Hand a file or folder to the user that PostgreSQL runs as."""
    if user := server_user():
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


def reachable(folder: Path) -> bool:
    """Whether the server's user can pass through to `folder` (or to its nearest parent that exists)."""
    if server_user() is None:
        return True
    while not folder.exists():
        folder = folder.parent
    try:
        return subprocess.run(["/usr/bin/test", "-x", str(folder)], cwd="/", **_as_server_user()).returncode == 0
    except KeyError:  # no such user before PostgreSQL is installed: judged by the mode alone
        return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


@dataclass(frozen=True)
class Programs:
    """The programs of one PostgreSQL major version that has PostGIS."""

    major: int
    folder: Path

    def path(self, name: str) -> str:
        """The full path of one program."""
        return str(self.folder / name)


def find_programs(major: int | None = None) -> Programs | None:
    """The newest installed PostgreSQL (15 or later) with PostGIS, or the one of `major`; None where there is none."""
    found: list[int] = []
    for folder in SERVERS.glob("*"):
        new_enough = folder.name.isdigit() and int(folder.name) >= OLDEST_MAJOR
        if new_enough and all((folder / part).exists() for part in ("bin/postgres", "lib/postgis-3.so")):
            found.append(int(folder.name))
    if major is not None:
        found = [installed for installed in found if installed == major]
    return Programs(max(found), SERVERS / str(max(found)) / "bin") if found else None


def socket_folder(data_dir: Path) -> Path:
    """Where the server's socket lies: in the data folder, or under /tmp where that path would be too long."""
    inside = data_dir / "socket"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}.lock")) <= SOCKET_PATH_BYTES:
        return inside
    # Not tempfile.gettempdir(): a second shell with another TMPDIR must find the same socket.
    return Path("/tmp") / f"lumbung-{sha256(os.fsencode(data_dir)).hexdigest()[:16]}"  # noqa: S108 - owner is checked


class Postmaster:
    """The server of `data_dir`; its files lie in `data_dir/postgres`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.files = data_dir / "postgres"
        self.log = data_dir / "postgres.log"
        self.socket_folder = socket_folder(data_dir)

    def exists(self) -> bool:
        """Whether the data folder holds an initialised cluster."""
        return (self.files / "PG_VERSION").exists()

    def programs(self) -> Programs:
        """The programs for this data folder. SetupFailed where its major version is not installed."""
        if not self.exists():
            if programs := find_programs():
                return programs
            raise SetupFailed("PostgreSQL 15 or newer with PostGIS is not installed.", "./run installs it.")
        major = int((self.files / "PG_VERSION").read_text())
        if programs := find_programs(major):
            return programs
        newest = find_programs()
        here = f"PostgreSQL {newest.major}" if newest else "none"
        raise SetupFailed(
            f"the data in {self.files} were made by PostgreSQL {major}, which is not installed here with PostGIS "
            f"(found: {here}).",
            f"Install postgresql-{major} and postgresql-{major}-postgis-3 to go on with these data, "
            "take another folder with --data, or begin anew with --fresh, which deletes them.",
        )

    def initialise(self) -> None:
        """Make an empty cluster; an initialisation cut short leaves nothing that looks like one."""
        programs = self.programs()
        building = self.data_dir / "postgres.building"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        give_to_server_user(building)
        command = [programs.path("initdb"), "-D", str(building), "-U", SUPERUSER, "--encoding=UTF8"]
        command += ["--locale=C.UTF-8", "--data-checksums", "--auth-local=peer", "--auth-host=reject"]
        self._call(command)
        os_users = {pwd.getpwuid(os.geteuid()).pw_name, server_user() or pwd.getpwuid(os.geteuid()).pw_name}
        # Only the user who runs Lumbung is the superuser, only on this machine; everybody else needs a password.
        (building / "pg_hba.conf").write_text(
            f"local all {SUPERUSER} peer map=lumbung\nlocal all all scram-sha-256\n", encoding="utf-8"
        )
        (building / "pg_ident.conf").write_text(
            "".join(f'lumbung "{user}" {SUPERUSER}\n' for user in sorted(os_users)), encoding="utf-8"
        )
        building.rename(self.files)

    def pid(self) -> int | None:
        """The process id of this folder's running server; None where there is none, whatever postmaster.pid says."""
        try:
            pid = int((self.files / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._is_ours(pid) else None

    def _is_ours(self, pid: int) -> bool:
        # A PostgreSQL process works inside its data folder: that tells ours from a stranger with a reused id.
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            return name in ("postgres", "postmaster") and Path(f"/proc/{pid}/cwd").samefile(self.files)
        except OSError:
            return False

    def start(self, timeout_s: int = 300) -> None:
        """Start the server and wait until it answers; recovery from a crash is part of the start."""
        self._prepare_socket_folder()
        self._clear_remains()
        self.log.touch(mode=0o600)
        give_to_server_user(self.log)
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "port": str(PORT),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
        command = [self.programs().path("pg_ctl"), "start", "-D", str(self.files), "-l", str(self.log)]
        self._call([*command, "-w", "-t", str(timeout_s), "-s", "-o", options])

    def stop(self, mode: str = "fast", timeout_s: int = 60) -> None:
        """Stop the server and wait for its end; not running is fine. Harder where it does not go in time."""
        pid = self.pid()
        if pid is None:
            return
        signals = (
            [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL] if mode == "fast" else [signal.SIGQUIT, signal.SIGKILL]
        )
        for number in signals:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            if _wait(lambda: not self._is_ours(pid), timeout_s):
                return

    def last_words(self, lines: int = 8) -> str:
        """The end of the server's log."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(0, self.log.stat().st_size - 8192))
                return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _prepare_socket_folder(self) -> None:
        folder = self.socket_folder
        owner = pwd.getpwnam(server_user() or pwd.getpwuid(os.geteuid()).pw_name).pw_uid
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            give_to_server_user(folder)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != owner or status.st_mode & 0o077:
            raise SetupFailed(
                f"{folder} should be a private folder of {pwd.getpwuid(owner).pw_name}, and is not.",
                "Somebody else made it. Remove it, or take another folder with --data.",
            )

    def _clear_remains(self) -> None:
        """Sweep what a killed server left: its orphaned processes, and lock files that name a stranger."""
        if self.pid() is not None:
            return
        for number in (signal.SIGQUIT, signal.SIGKILL):
            # Without their postmaster they end by themselves, but for one deep in a long query.
            if _wait(lambda: not self._orphans(), 2):
                break
            for pid in self._orphans():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        _wait(lambda: not self._orphans(), 5)
        (self.files / "postmaster.pid").unlink(missing_ok=True)
        (self.socket_folder / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _orphans(self) -> list[int]:
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._is_ours(int(entry.name))
        ]

    def _call(self, command: list[str]) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        with tempfile.TemporaryFile("w+") as output:  # a file: the started server would keep a pipe open
            done = subprocess.run(
                command,
                cwd="/",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **_as_server_user(),
            )
            output.seek(0)
            said = output.read().strip()
        if done.returncode == 0:
            return
        said = f"{said}\n{self.last_words()}".strip()
        if re.search("No space left on device|Disk quota exceeded", said):
            raise disk_full(self.data_dir)
        raise SetupFailed(
            f"PostgreSQL's {Path(command[0]).name} failed for {self.files}. It said:\n{said}",
            f"Its log is {self.log}.",
        )


def _wait(condition: Any, timeout_s: float) -> bool:
    until = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
