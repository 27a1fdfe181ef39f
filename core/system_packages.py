"""Debian's packages that Lumbung stands on: which are missing, and apt that installs them without asking.

Standard library only.
"""

import ctypes
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from core.postmaster import OLDEST_MAJOR, find_programs
from core.steps import SetupFailed, disk_full, say, step

FONT = Path("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf")
LOCK_WAIT_S = 300
MB_FOR_PACKAGES = 600
NO_NETWORK = re.compile(
    "Temporary failure|Could not resolve|Unable to connect|Could not connect|Connection timed out"
    "|Network is unreachable"
    "|Failed to establish a new connection|NewConnectionError|ConnectTimeout|EAI_AGAIN|ENOTFOUND|ETIMEDOUT|ECONNREFUSED"
)
# A package of PostgreSQL would make and start a server of its own on the machine; ours is private, and enough.
NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/lumbung.conf")


def chromium() -> str | None:
    """The browser that the tests drive: LUMBUNG_CHROMIUM, or Debian's own; None where there is none."""
    given = os.environ.get("LUMBUNG_CHROMIUM")
    if given:
        if not shutil.which(given):
            raise SetupFailed(f"LUMBUNG_CHROMIUM names {given}, which is not a program.", "Correct it, or unset it.")
        return given
    found = Path("/usr/bin/chromium")
    return str(found) if found.exists() else None


def missing(*, server: bool, browser: bool) -> list[str]:
    """What has to be installed, by package name; a PostgreSQL is named once its version is known (see `install`)."""
    names: list[str] = []
    if importlib.util.find_spec("ensurepip") is None:
        names.append("python3-venv" if _is_default_python() else f"python3.{sys.version_info[1]}-venv")
    if server and find_programs() is None:
        names.append("postgresql-postgis")
    if browser:
        if chromium() is None:
            names.append("chromium")
        if not FONT.exists():
            names.append("fonts-noto-core")
        if not _loads("libatomic.so.1"):  # Playwright's own node is linked to it, and a bare Debian has it not
            names.append("libatomic1")
    return names


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def install(wanted: list[str]) -> None:
    """Install what `missing` found. Raises SetupFailed with the packages' names and the command to install them."""
    _check_system(wanted)
    apt = _apt_command(wanted)
    _check_disk()
    names = _resolve(wanted)
    if names is None:
        with step("Reading the list of system packages"):
            _run(apt, ["update"], wanted)
        names = _resolve(wanted)
    if names is None:
        raise SetupFailed(
            f"the system's package sources do not offer {_for_people(wanted)}.",
            "Check the system's package sources (on Ubuntu, 'universe' must be enabled).",
        )
    with step(f"Installing system packages ({', '.join(names)})"):
        config = NO_MAIN_CLUSTER if "postgresql-postgis" in wanted and not Path("/etc/postgresql").exists() else None
        if config:
            _privileged(apt, ["install", "-D", "-m", "644", "/dev/stdin", str(config)], "create_main_cluster = false\n")
        try:
            try:
                _run(apt, ["install", "--no-install-recommends", *names], names)
            except SetupFailed as failure:
                if "404" not in failure.reason:
                    raise
                _run(apt, ["update"], names)  # the list was too old
                _run(apt, ["install", "--no-install-recommends", *names], names)
        finally:
            if config:
                _privileged(apt, ["rm", "-f", str(config)])


def _is_default_python() -> bool:
    return Path("/usr/bin/python3").resolve() == Path(sys.executable).resolve()


def _for_people(wanted: list[str]) -> str:
    newest = f"postgresql-NN-postgis-3 (NN {OLDEST_MAJOR} or newer)"
    return ", ".join(newest if name == "postgresql-postgis" else name for name in wanted)


def _check_system(wanted: list[str]) -> None:
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    facts = {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
    name, version = facts.get("ID", sys.platform), facts.get("VERSION_ID", "")
    number = tuple(int(part) for part in version.split(".") if part.isdigit())
    too_old = {"debian": (12,), "ubuntu": (24, 4)}
    if not shutil.which("apt-get") or (number and number < too_old.get(name, (0,))):
        raise SetupFailed(
            f"this system ({facts.get('PRETTY_NAME', name)}) is not one that Lumbung can set up by itself.",
            "It does so on Debian 12 or newer and Ubuntu 24.04 or newer. On others, install by hand what is missing: "
            f"{_for_people(wanted)}.",
        )
    if name == "ubuntu" and "chromium" in wanted:
        raise SetupFailed(
            "Ubuntu's package chromium-browser only fetches a snap, which the browser tests cannot drive.",
            "Install a Chromium or Chrome as an ordinary program and name it: LUMBUNG_CHROMIUM=/path/to/it ./run test",
        )


def _apt_command(wanted: list[str]) -> list[str]:
    """What stands before apt's own words: nothing for root, sudo for others."""
    if os.geteuid() == 0:
        return []
    by_hand = f"Ask an administrator to run: apt-get install {' '.join(_resolve(wanted) or [_for_people(wanted)])}"
    if not shutil.which("sudo"):
        raise SetupFailed(f"system packages are missing ({_for_people(wanted)}), and there is no sudo here.", by_hand)
    if subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    if sys.stdin.isatty():
        say(f"  System packages are missing ({_for_people(wanted)}); sudo may ask for your password.")
        if subprocess.run(["sudo", "-v"]).returncode == 0:
            return ["sudo", "-n"]
    raise SetupFailed(f"system packages are missing ({_for_people(wanted)}), and sudo is not allowed here.", by_hand)


def _check_disk() -> None:
    if shutil.disk_usage("/usr").free < MB_FOR_PACKAGES * 1_000_000:
        raise disk_full(Path("/usr"))


def _resolve(wanted: list[str]) -> list[str] | None:
    """The packages by their full names, or None where apt does not know one of them (yet)."""
    names: list[str] = []
    for name in wanted:
        if name == "postgresql-postgis":
            found = re.findall(
                r"^postgresql-(\d+)-postgis-3 ", _output(["apt-cache", "search", "--names-only", "postgis"]), re.M
            )
            majors = [int(major) for major in found if int(major) >= OLDEST_MAJOR]
            if not majors:
                return None
            names += [f"postgresql-{max(majors)}", f"postgresql-{max(majors)}-postgis-3"]
        elif "Candidate: (none)" in (policy := _output(["apt-cache", "policy", name])) or not policy:
            return None
        else:
            names.append(name)
    return names


def _output(command: list[str]) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(command, capture_output=True, text=True, env=environment).stdout
    except FileNotFoundError:
        return ""


def _privileged(apt: list[str], command: list[str], text: str | None = None) -> None:
    subprocess.run([*apt, *command], input=text, text=True, check=True, capture_output=True)


def _run(apt: list[str], arguments: list[str], names: list[str]) -> None:
    """Run apt-get, waiting for another one to finish."""
    environment = ["env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1", "LC_ALL=C"]
    options = ["-y", "-q", "-o", f"DPkg::Lock::Timeout={LOCK_WAIT_S}", "-o", "Acquire::Retries=2"]
    options += ["-o", "Dpkg::Options::=--force-confold", "-o", "Acquire::http::Timeout=30"]
    until = time.monotonic() + LOCK_WAIT_S
    waiting = False
    while True:
        command = [*apt, *environment, "apt-get", *options, *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        said = f"{done.stdout}\n{done.stderr}"
        locked = re.search(r"Could not get lock \S+?\. It is held by process (\d+ \([^)]*\))", said)
        if not locked or time.monotonic() > until:
            break
        if not waiting:
            say(f" waiting for another apt: process {locked[1]} …")
            waiting = True
        time.sleep(2)
    if done.returncode == 0 and "Some index files failed to download" not in said:
        return
    by_hand = f"sudo apt-get {arguments[0]} {' '.join(arguments[1:])}"
    if locked:
        raise SetupFailed(
            f"another apt has been at work for {LOCK_WAIT_S // 60} minutes: process {locked[1]}.",
            "Wait for its end, then try again.",
        )
    if re.search("No space left on device|don't have enough free space", said):
        raise disk_full(Path("/usr"))
    if NO_NETWORK.search(said):
        raise SetupFailed(
            f"system packages cannot be fetched: the network or their source does not answer. apt said:\n{_tail(said)}",
            f"Once it answers, run the same command again. Needed: {_for_people(names)}.",
        )
    raise SetupFailed(f"apt-get {arguments[0]} failed. It said:\n{_tail(said)}", f"Try it by hand: {by_hand}")


def _tail(said: str, lines: int = 6) -> str:
    return "\n".join([line for line in said.splitlines() if line.strip()][-lines:])
