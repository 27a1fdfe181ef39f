"""From a bare machine to a running command: what is missing is installed, then the command takes over.

Standard library only, and run by the system's Python: nothing is installed yet when it begins. A step whose inputs
have not changed since it was last done is skipped; its stamp is a hash of those inputs.
"""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from core import system_packages
from core.steps import SetupFailed, disk_full, explain, plain_failures, say, step

ROOT = Path(__file__).parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STATIC = ROOT / "api" / "static"
LOCALES = ROOT / "api" / "locales"
MB_FOR_LIBRARIES = 1200

HELP = """Lumbung: food on its way between Lampung and Jakarta.

./run [--port N] [--data DIR] [--fresh]   set up what is missing, then serve with a living demo
./run test [pytest arguments]             the whole test suite, in a cluster of its own
./run check                               formatting, lint, types, import layers, migrations
./run bench [name]                        benchmarks beside their ceiling
./run lumbung …                           the command line itself (./run lumbung --help)

LUMBUNG_DATA, LUMBUNG_PORT and LUMBUNG_DATABASE_URL are honoured by every command."""


def main(arguments: list[str]) -> None:
    """Set up, then become the command that was asked for."""
    command = arguments[0] if arguments and not arguments[0].startswith("-") else "serve"
    if arguments and arguments[0] in ("-h", "--help", "help"):
        print(HELP)
        return
    rest = arguments if command == "serve" and arguments[:1] != ["serve"] else arguments[1:]
    modules = {
        "serve": ["api.cli", "serve", *rest],
        "test": ["pytest", *rest],
        "check": ["core.check", *rest],
        "bench": ["bench", *rest],
        "lumbung": ["api.cli", *rest],
    }
    if command not in modules:
        sys.exit(f"./run does not know '{command}'.\n\n{HELP}")
    try:
        with plain_failures(ROOT):
            set_up(browser=command == "test")
    except SetupFailed as failure:
        sys.exit(explain(failure))
    except KeyboardInterrupt:
        sys.exit("\nStopped. The same command goes on from here.")
    if command != "lumbung":  # whose arguments may name files relative to where the person stands
        os.chdir(ROOT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', '')}"}
    os.execve(PYTHON, [str(PYTHON), "-P", "-m", *modules[command]], environment)  # noqa: S606 - no shell is the point


def set_up(*, browser: bool) -> None:
    """Do every step of the set-up that is not done yet. Raises SetupFailed with a reason and a remedy."""
    began = time.monotonic()
    with _alone():
        own_server = not os.environ.get("LUMBUNG_DATABASE_URL")
        if packages := system_packages.missing(server=own_server, browser=browser):
            system_packages.install(packages)
        done = [_python_libraries(), _browser_libraries(), _bundle(), _translations()]
    if packages or any(done):
        say(f"  Set-up finished in {time.monotonic() - began:.1f} s")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time: a lock on the project's folder itself, which needs no file and ends with the process."""
    folder = os.open(ROOT, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  Another ./run is setting up this folder; waiting for it …")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _python_libraries() -> bool:
    lock = ROOT / "requirements.lock"
    stamp = VENV / ".lumbung-stamp"
    inputs = _digest([lock], sys.version)
    if _stamped(stamp, inputs) and PYTHON.exists():
        return False
    _check_disk()
    with step("Installing Python libraries into .venv"):
        if not PYTHON.exists() or _run([str(PYTHON), "-c", "import pip"])[0] != 0:
            _must([sys.executable, "-m", "venv", "--clear", str(VENV)], "make the Python environment")
        command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-input", "--progress-bar=off"]
        command += ["--disable-pip-version-check", "--no-warn-script-location", "--no-compile"]
        _must([*command, "-r", str(lock)], "install the Python libraries of requirements.lock")
        stamp.write_text(inputs)
    return True


def _browser_libraries() -> bool:
    modules = ROOT / "node_modules"
    stamp = modules / ".lumbung-stamp"
    inputs = _digest([ROOT / "package.json", ROOT / "package-lock.json"])
    if _stamped(stamp, inputs):
        return False
    _check_disk()
    with step("Installing browser libraries into node_modules"):
        # No install scripts: the libraries need none, and what does not run cannot do harm.
        command = [str(VENV / "bin" / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        _must(command, "install the browser libraries of package-lock.json")
        stamp.write_text(inputs)
    return True


def _bundle() -> bool:
    source = STATIC / "src"
    stamp = STATIC / "dist" / ".stamp"
    files = [file for file in source.rglob("*") if file.is_file()]
    inputs = _digest([STATIC / "build.mjs", ROOT / "package-lock.json", *files])
    if not files or _stamped(stamp, inputs):
        return False
    with step("Bundling scripts and styles into api/static/dist"):
        _must([str(VENV / "bin" / "node"), str(STATIC / "build.mjs")], "bundle the browser's scripts and styles")
        stamp.write_text(inputs)
    return True


def _translations() -> bool:
    catalogues = list(LOCALES.rglob("*.po"))
    stamp = VENV / ".lumbung-translations"
    compiled = all(file.with_suffix(".mo").exists() for file in catalogues)
    inputs = _digest(catalogues)
    if not catalogues or (compiled and _stamped(stamp, inputs)):
        return False
    with step("Compiling translations"):
        domains = " ".join(sorted({file.stem for file in catalogues}))
        _must([str(VENV / "bin" / "pybabel"), "compile", "-d", str(LOCALES), "-D", domains], "compile the translations")
        stamp.write_text(inputs)
    return True


def _digest(files: list[Path], also: str = "") -> str:
    total = sha256(also.encode())
    for file in sorted(files):
        total.update(f"{file.relative_to(ROOT)}\0{sha256(file.read_bytes()).hexdigest()}\0".encode())
    return total.hexdigest()


def _stamped(stamp: Path, inputs: str) -> bool:
    return stamp.exists() and stamp.read_text() == inputs


def _check_disk() -> None:
    if shutil.disk_usage(ROOT).free < MB_FOR_LIBRARIES * 1_000_000:
        raise disk_full(ROOT)


def _run(command: list[str]) -> tuple[int, str]:
    environment = {**os.environ, "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', '')}"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode, done.stdout.decode(errors="replace")


def _must(command: list[str], purpose: str) -> None:
    """Run a program quietly; where it fails, say why in plain words."""
    code, said = _run(command)
    if code == 0:
        return
    if "No space left on device" in said or "ENOSPC" in said:
        raise disk_full(ROOT)
    tail = "\n".join([line for line in said.splitlines() if line.strip()][-12:])
    if system_packages.NO_NETWORK.search(said):
        raise SetupFailed(
            f"could not {purpose}: the network or the package index does not answer. The end of what was said:\n{tail}",
            "Once it answers, run the same command again: what is done stays done.",
        )
    raise SetupFailed(
        f"could not {purpose}. The end of what was said:\n{tail}", f"The command was: {' '.join(command)}"
    )
